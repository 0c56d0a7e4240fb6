//! [`Card`]: operations in, commands out, answers checked; frames, chaining and session kept inside.

use lanyard_apdu::{Command, Expected, Response, Script, Step};
use zeroize::Zeroizing;

use crate::auth::Handshake;
use crate::iso::{IsoCall, IsoStep};
use crate::op::{Op, Reply};
use crate::plan::{After, Answer, Circumstances, Plan};
use crate::session::Session;
use crate::{Aid, CardStatus, DesfireError, KeyNo, Link};

/// A card in the field, from reset to removal. It owns no reader: [`Card::command`] says what to transmit,
/// [`Card::answer`] takes what came back.
///
/// After a wrong MAC, checksum or length the card is dead: every further operation is [`DesfireError::SessionDead`].
/// Open the channel anew and start with a new `Card`. When the channel itself fails, drop the `Card`.
pub struct Card {
    link: Link,
    session: Session,
    selected: Option<Aid>,
    pending: Option<Pending>,
    exchanges: u32,
}

/// What comes of an answer.
#[derive(Debug)]
pub enum Progress {
    /// Transmit this as well.
    More(Command),
    /// The operation is done.
    Done(Reply),
}

/// What is between host and card.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionState {
    /// Nothing proved.
    Open,
    /// D40 secure messaging, with this key.
    D40(KeyNo),
    /// EV1 secure messaging, with this key.
    Ev1(KeyNo),
    /// EV2 secure messaging, with this key.
    Ev2(KeyNo),
    /// Nothing that this card says is believed any more.
    Dead,
}

enum Pending {
    /// The first message is out.
    First(Handshake),
    /// The second is out.
    Second(Handshake),
    Call(Running),
    Iso(IsoCall),
}

struct Running {
    plan: Plan,
    /// Sealed, and how much of it has been sent.
    payload: Zeroizing<Vec<u8>>,
    sent: usize,
    body: Zeroizing<Vec<u8>>,
    /// Where each frame of the body ends.
    frames: Vec<usize>,
}

impl Card {
    /// A card just reset: nothing proved, the card level selected.
    #[must_use]
    pub fn new(link: Link) -> Self {
        Self { link, session: Session::None, selected: Some(Aid::PICC), pending: None, exchanges: 0 }
    }

    /// In the middle of a recorded session.
    #[cfg(test)]
    pub(crate) fn recorded(link: Link, session: Session, selected: Aid) -> Self {
        Self { session, selected: Some(selected), ..Self::new(link) }
    }

    /// The IV that EV1 messaging left behind, or an EV2 session's counter in its first two bytes.
    #[cfg(test)]
    pub(crate) fn left_behind(&self) -> [u8; 16] {
        match &self.session {
            Session::Ev1(session) => session.iv,
            Session::Ev2(session) => {
                let mut out = [0; 16];
                out[..2].copy_from_slice(&session.counter.to_le_bytes());
                out
            }
            _ => [0; 16],
        }
    }

    /// Another link from the next operation on: what GetVersion told allows more.
    pub fn relink(&mut self, link: Link) {
        self.link = link;
    }

    /// The link.
    #[must_use]
    pub fn link(&self) -> Link {
        self.link
    }

    /// The session.
    #[must_use]
    pub fn session(&self) -> SessionState {
        match &self.session {
            Session::None => SessionState::Open,
            Session::D40(session) => SessionState::D40(session.key_no),
            Session::Ev1(session) => SessionState::Ev1(session.key_no),
            Session::Ev2(session) => SessionState::Ev2(session.key_no),
            Session::Dead => SessionState::Dead,
        }
    }

    /// The application that is selected, [`Aid::PICC`] at first. `None`: one that was selected by its ISO name.
    #[must_use]
    pub fn selected(&self) -> Option<Aid> {
        self.selected
    }

    /// How many commands have been given out, every frame counted.
    #[must_use]
    pub fn exchanges(&self) -> u32 {
        self.exchanges
    }

    /// Begins an operation: the first command to transmit.
    ///
    /// # Errors
    /// Nothing has been sent, and the session stands as it was: [`DesfireError::Invalid`],
    /// [`DesfireError::SessionMissing`], [`DesfireError::SessionDead`], [`DesfireError::OutOfTurn`].
    pub fn command(&mut self, op: Op) -> Result<Command, DesfireError> {
        let name = op.name();
        if self.pending.is_some() {
            return Err(DesfireError::OutOfTurn { op: name });
        }
        if let Session::Dead = self.session {
            return Err(DesfireError::SessionDead { op: name });
        }
        let handshake = match op {
            Op::AuthenticateD40 { key_no, key, rnd_a } => Handshake::d40(key_no, &key, rnd_a)?,
            Op::AuthenticateIso { key_no, key, rnd_a } => Handshake::iso(key_no, &key, rnd_a),
            Op::AuthenticateAes { key_no, key, rnd_a } => Handshake::aes(key_no, key.expose(), rnd_a),
            Op::AuthenticateEv2First { key_no, key, rnd_a } => Handshake::ev2_first(key_no, key.expose(), rnd_a),
            Op::AuthenticateEv2NonFirst { key_no, key, rnd_a } => match &self.session {
                Session::Ev2(before) => Handshake::ev2_non_first(key_no, key.expose(), rnd_a, before),
                _ => return Err(DesfireError::SessionMissing { op: name }),
            },
            other => return self.begin(other),
        };
        // The card forgets the session it had with the first message of a new one.
        self.session = Session::None;
        let (ins, payload) = handshake.first();
        self.pending = Some(Pending::First(handshake));
        Ok(self.frame(ins, payload))
    }

    fn begin(&mut self, op: Op) -> Result<Command, DesfireError> {
        if let Some(mut call) = IsoCall::of(&op, &self.link, &self.session)? {
            if call.ends_session() {
                self.session = Session::None;
            }
            let command = call.command(&self.link);
            self.pending = Some(Pending::Iso(call));
            return Ok(self.counted(command));
        }
        let now = Circumstances { link: &self.link, session: &self.session, selected: self.selected };
        let name = op.name();
        let Some(plan) = Plan::of(op, &now)? else {
            return Err(DesfireError::OutOfTurn { op: name });
        };
        let payload = self.session.seal(&plan.call)?;
        if let After::Selected(_) = plan.after {
            self.session = Session::None;
        }
        let running = Running { plan, payload, sent: 0, body: Zeroizing::default(), frames: Vec::new() };
        Ok(self.send_next(running))
    }

    /// Takes the answer to the last command.
    ///
    /// # Errors
    /// The operation is over. [`DesfireError::Refused`] and [`DesfireError::AuthRefused`] leave a card that can be
    /// authenticated anew; after any other error about the answer the card is dead.
    pub fn answer(&mut self, response: &Response) -> Result<Progress, DesfireError> {
        let Some(pending) = self.pending.take() else {
            return Err(DesfireError::OutOfTurn { op: "answer" });
        };
        let outcome = self.take(pending, response);
        if let Err(error) = &outcome {
            self.session = if error.kills() { Session::Dead } else { Session::None };
        }
        outcome
    }

    /// The operation as a script, for [`lanyard_apdu::drive`].
    pub fn run(&mut self, op: Op) -> Run<'_> {
        Run { card: self, op: Some(op) }
    }

    fn take(&mut self, pending: Pending, response: &Response) -> Result<Progress, DesfireError> {
        let op = match &pending {
            Pending::First(_) | Pending::Second(_) => "authenticate",
            Pending::Call(running) => running.plan.call.op,
            Pending::Iso(call) => call.op(),
        };
        let pending = match pending {
            Pending::Iso(call) => return self.take_iso(call, response),
            native => native,
        };
        if response.status.sw1() != 0x91 {
            return Err(DesfireError::Foreign { op, status: response.status.0 });
        }
        match (pending, response.status.sw2()) {
            (Pending::First(mut handshake), 0xAF) => {
                let token = handshake.second(&response.data)?;
                self.pending = Some(Pending::Second(handshake));
                Ok(Progress::More(self.frame(0xAF, token.to_vec())))
            }
            (Pending::Second(handshake), 0x00) => {
                self.session = handshake.third(&response.data)?;
                Ok(Progress::Done(Reply::Done))
            }
            (Pending::First(handshake) | Pending::Second(handshake), 0xAE) => {
                Err(DesfireError::AuthRefused { key_no: handshake.key_no() })
            }
            (Pending::First(_), 0x00) | (Pending::Second(_), 0xAF) => Err(DesfireError::AnswerOrder { op }),
            (Pending::Call(running), 0xAF) => self.go_on(running, response).map(Progress::More),
            (Pending::Call(running), code) if code == running.plan.want.done() => {
                self.finish(running, response).map(Progress::Done)
            }
            (_, code) => Err(DesfireError::Refused { op, status: CardStatus::from_code(code) }),
        }
    }

    fn take_iso(&mut self, mut call: IsoCall, response: &Response) -> Result<Progress, DesfireError> {
        Ok(match call.take(response, &self.link)? {
            IsoStep::More(command) => {
                self.pending = Some(Pending::Iso(call));
                Progress::More(self.counted(command))
            }
            IsoStep::Done(reply, after) => {
                if let Some(after) = after {
                    self.selected = after.0;
                }
                Progress::Done(reply)
            }
        })
    }

    /// The card wants the next frame, or has another.
    fn go_on(&mut self, mut running: Running, response: &Response) -> Result<Command, DesfireError> {
        let sending = running.sent < running.payload.len();
        // Whoever still sends gets no data, and an empty frame with another to come would have no end.
        if sending != response.data.is_empty() {
            return Err(DesfireError::AnswerOrder { op: running.plan.call.op });
        }
        if sending {
            return Ok(self.send_next(running));
        }
        running.collect(response)?;
        self.pending = Some(Pending::Call(running));
        Ok(self.frame(0xAF, Vec::new()))
    }

    fn finish(&mut self, mut running: Running, response: &Response) -> Result<Reply, DesfireError> {
        let op = running.plan.call.op;
        if running.sent < running.payload.len() {
            return Err(DesfireError::AnswerOrder { op });
        }
        running.collect(response)?;
        let Running { plan, body, frames, .. } = running;
        let data = self.session.open(&plan.call, body)?;
        let answer = Answer { data: &data, frames: &frames };
        let reply = plan.want.read(&answer).ok_or(DesfireError::AnswerLength { op, len: data.len() })?;
        match plan.after {
            After::Keep => {}
            After::Selected(aid) => self.selected = aid,
            After::Ends => self.session = Session::None,
        }
        Ok(reply)
    }

    fn send_next(&mut self, mut running: Running) -> Command {
        let Plan { call, want, long, .. } = &running.plan;
        let (first, long) = (running.sent == 0, *long);
        let long_answer = long && self.link.extended.is_some() && want.limit() > 256;
        let room = match (long, first && call.parted) {
            (true, _) => self.link.apdu(),
            (false, true) => call.header.len(),
            (false, false) => self.link.payload(),
        };
        let ins = if first { call.ins } else { 0xAF };
        let end = running.payload.len().min(running.sent + room);
        let part = running.payload[running.sent..end].to_vec();
        running.sent = end;
        self.pending = Some(Pending::Call(running));
        let command = self.frame(ins, part);
        // An answer of more than 256 bytes needs an extended Le.
        if long_answer { command.expecting(Expected::UpTo(65_536)) } else { command }
    }

    fn frame(&mut self, ins: u8, payload: Vec<u8>) -> Command {
        self.counted(Command::wrapped(ins, payload))
    }

    fn counted(&mut self, command: Command) -> Command {
        self.exchanges = self.exchanges.saturating_add(1);
        command
    }
}

impl std::fmt::Debug for Card {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Card")
            .field("session", &self.session())
            .field("selected", &self.selected)
            .field("exchanges", &self.exchanges)
            .finish_non_exhaustive()
    }
}

impl Running {
    fn collect(&mut self, response: &Response) -> Result<(), DesfireError> {
        let len = self.body.len() + response.data.len();
        if len > self.plan.want.limit() {
            return Err(DesfireError::AnswerLength { op: self.plan.call.op, len });
        }
        self.body.extend_from_slice(&response.data);
        self.frames.push(self.body.len());
        Ok(())
    }
}

/// One operation as a [`Script`].
pub struct Run<'a> {
    card: &'a mut Card,
    op: Option<Op>,
}

impl Script for Run<'_> {
    type Output = Reply;
    type Error = DesfireError;

    fn step(&mut self, response: Option<&Response>) -> Step<Reply, DesfireError> {
        let outcome = match (self.op.take(), response) {
            (Some(op), None) => self.card.command(op).map(Progress::More),
            (None, Some(response)) => self.card.answer(response),
            (Some(op), Some(_)) => Err(DesfireError::OutOfTurn { op: op.name() }),
            (None, None) => Err(DesfireError::OutOfTurn { op: "answer" }),
        };
        match outcome {
            Ok(Progress::More(command)) => Step::Transmit(command),
            Ok(Progress::Done(reply)) => Step::Done(reply),
            Err(error) => Step::Failed(error),
        }
    }
}
