//! A plan carried out on a card, without I/O: write ahead, transmit, go on; and the same from where a lost run stood.
//!
//! Every step says what it needs (a selection, a proof of a key), and the run brings that about; so a fresh run and
//! one that resumes are the same machine, which knows less or more of the card's keys. Where a lost run may or may not
//! have changed a key, the new one is tried, then the old one, each once.

mod needs;

use std::collections::BTreeMap;

use lanyard_apdu::Command;
use lanyard_desfire::{Aid, Card, CardStatus, DesfireError, KeyNo, Link, Op, Progress, Reply};

use crate::journal::{JournalRow, reached};
use crate::keys::{HeldKey, KeySource};
use crate::machine::{Action, CardLeft, Event, Machine, Random};
use crate::operation::{newest_record, operation};
use crate::plan::{Plan, Purpose};
use crate::readback::{FileRead, ReadBack, compare};
use crate::step::{Step, Stored};
use crate::{EncodingError, wire};

/// Which of two keys a card has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lives {
    Old,
    New,
    /// A lost run may have changed it.
    Unknown,
}

/// A proof to be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Proof {
    Master(Lives),
    Key(Aid, KeyNo, Lives),
    /// A reader's key in a plan that changes nothing.
    Reader,
}

/// What an answer will be about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Doing {
    Select,
    Prove(Proof),
    Change,
    /// What a step wrote to a backup or record file counts from then on.
    Commit,
    Read,
    /// Whether the record that a lost run was about to add is there.
    Look,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Waiting {
    Start,
    Journal,
    Answer(Doing),
    Over,
}

/// What comes next.
enum Next {
    /// The step has happened already.
    Skip,
    Commit,
    Look,
    Select(Aid),
    Prove(Proof),
    Do,
}

/// How far a run is, for the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RunProgress {
    /// Index of the step under way; the number of steps when all are done.
    pub step: usize,
    /// How many there are.
    pub steps: usize,
    /// Exchanges in this run so far.
    pub exchanges: u32,
    /// Exchanges that the whole plan was estimated at.
    pub planned: u32,
}

/// The machine.
pub struct Run {
    plan: Plan,
    card: Card,
    at: usize,
    /// The step that a lost run may have carried out.
    open: Option<usize>,
    /// Whether anything was, or may have been, written.
    changed: bool,
    /// Whether the card has proved its master key in this run.
    proved: bool,
    /// Whether a refused key has been asked for once more.
    asked_again: bool,
    /// Whether the step under way has written, and has to commit.
    uncommitted: bool,
    /// Whether the record that a lost run was about to add was found not to be there.
    looked: bool,
    master: Lives,
    keys: BTreeMap<(Aid, KeyNo), Lives>,
    waiting: Waiting,
    read: ReadBack,
}

impl Run {
    /// A first run on a card just reset, whose real UID is `uid`.
    ///
    /// # Errors
    /// [`EncodingError::OtherCard`]; [`EncodingError::JournalForeign`] for a plan of another version.
    pub fn new(plan: &Plan, uid: [u8; 7], link: Link) -> Result<Self, EncodingError> {
        Self::resume(plan, uid, &[], link)
    }

    /// A run that takes up where the journal ends, however the run before was lost.
    ///
    /// # Errors
    /// As [`Run::new`]; [`EncodingError::JournalForeign`] where the journal does not belong to the plan.
    pub fn resume(plan: &Plan, uid: [u8; 7], rows: &[JournalRow], link: Link) -> Result<Self, EncodingError> {
        if plan.lanyard_plan != 1 {
            return Err(EncodingError::JournalForeign);
        }
        if plan.uid != uid {
            return Err(EncodingError::OtherCard { expected: hex::encode(plan.uid), found: hex::encode(uid) });
        }
        let open = reached(plan, rows)?;
        let at = open.unwrap_or(0);
        let state = |index: usize| match open {
            // How far the run before got, the one that takes it back does not know.
            _ if plan.purpose == Purpose::RollBack => Lives::Unknown,
            Some(open) if index < open => Lives::New,
            Some(open) if index == open => Lives::Unknown,
            _ => Lives::Old,
        };
        // Without a step that changes it, it is what it will be.
        let mut master = Lives::New;
        let mut keys = BTreeMap::new();
        for (index, planned) in plan.steps.iter().enumerate() {
            match &planned.step {
                Step::MasterKey => master = state(index),
                Step::Key { aid, number, .. } => {
                    keys.insert((*aid, *number), state(index));
                }
                _ => {}
            }
        }
        // How far the run before got with the master key, a reset does not know.
        if plan.purpose == Purpose::Reset && plan.steps.iter().any(|planned| planned.step == Step::MasterKey) {
            master = Lives::Unknown;
        }
        let read = ReadBack { encoding: plan.encoding.clone(), uid, applications: Vec::new() };
        Ok(Self {
            plan: plan.clone(),
            card: Card::new(plan.messaging.link(link)),
            at,
            open,
            changed: open.is_some(),
            proved: plan.purpose == Purpose::Read,
            asked_again: false,
            uncommitted: false,
            looked: false,
            master,
            keys,
            waiting: Waiting::Start,
            read,
        })
    }

    /// How far it is.
    #[must_use]
    pub fn progress(&self) -> RunProgress {
        RunProgress {
            step: self.at,
            steps: self.plan.steps.len(),
            exchanges: self.card.exchanges(),
            planned: self.plan.cost().exchanges,
        }
    }

    fn step(&self) -> Option<&Step> {
        self.plan.steps.get(self.at).map(|planned| &planned.step)
    }

    /// From one answer, or from the start, to the next thing that has to leave this machine.
    fn go_on(&mut self, keys: &dyn KeySource, random: Random<'_>) -> Result<Action<ReadBack>, EncodingError> {
        loop {
            let Some(step) = self.step() else {
                self.waiting = Waiting::Over;
                let empty = ReadBack { encoding: String::new(), uid: [0; 7], applications: Vec::new() };
                return Ok(Action::Done(std::mem::replace(&mut self.read, empty)));
            };
            match self.needs(step)? {
                Next::Skip => self.at += 1,
                Next::Commit => return self.transmit(Doing::Commit, Op::CommitTransaction),
                Next::Look => {
                    let op = newest_record(step)?;
                    return self.transmit(Doing::Look, op);
                }
                Next::Select(aid) => return self.transmit(Doing::Select, Op::SelectApplication(aid)),
                Next::Prove(proof) => {
                    let op = self.proof(proof, step, keys, random)?;
                    return self.transmit(Doing::Prove(proof), op);
                }
                Next::Do if step.changes() => {
                    let row = JournalRow::ahead_of(&self.plan, self.at, step);
                    self.waiting = Waiting::Journal;
                    self.changed = true;
                    return Ok(Action::Journal(row));
                }
                Next::Do => {
                    let op = operation(&self.plan, step, keys)?;
                    return self.transmit(Doing::Read, op);
                }
            }
        }
    }

    fn transmit(&mut self, doing: Doing, op: Op) -> Result<Action<ReadBack>, EncodingError> {
        let command: Command = self.card.command(op).map_err(|error| self.wrong(error))?;
        self.waiting = Waiting::Answer(doing);
        Ok(Action::Transmit(command))
    }

    fn wrong(&self, error: DesfireError) -> EncodingError {
        let (step, at, of) = self.place();
        EncodingError::Card { step, at, of, error }
    }

    /// The step under way, counted from 1.
    fn place(&self) -> (&'static str, usize, usize) {
        (self.step().map_or("end", Step::label), self.at + 1, self.plan.steps.len())
    }

    fn took(&mut self, doing: Doing, reply: &Reply) -> Result<(), EncodingError> {
        match doing {
            Doing::Select | Doing::Prove(Proof::Reader) => {}
            Doing::Prove(Proof::Master(lives)) => {
                self.master = lives;
                // A factory key proves nothing; but then nothing of ours is on the card either.
                let ours = matches!(self.held(lives), HeldKey::Aes(_));
                self.proved |= ours || lives == Lives::New || self.step() != Some(&Step::MasterKey);
            }
            Doing::Prove(proof @ Proof::Key(.., lives)) => self.set(proof, lives),
            Doing::Change | Doing::Commit => {
                match self.step() {
                    Some(Step::Write { commit: true, .. } | Step::Record { .. }) if doing == Doing::Change => {
                        self.uncommitted = true;
                        return Ok(());
                    }
                    Some(Step::MasterKey) => self.master = Lives::New,
                    Some(Step::Key { aid, number, .. }) => {
                        let key = (*aid, *number);
                        self.keys.insert(key, Lives::New);
                    }
                    _ => {}
                }
                self.uncommitted = false;
                self.at += 1;
            }
            // The lost run added it.
            Doing::Look => self.at += 1,
            Doing::Read => {
                let data = match reply {
                    Reply::Data(data) => data.clone(),
                    Reply::Value(value) => value.to_le_bytes().to_vec(),
                    _ => return Err(EncodingError::OutOfTurn),
                };
                self.was_read(&data)?;
            }
        }
        Ok(())
    }

    fn was_read(&mut self, data: &[u8]) -> Result<(), EncodingError> {
        let Some(Step::ReadBack { aid, file, by, fields, expect, .. }) = self.step() else {
            return Err(EncodingError::OutOfTurn);
        };
        let aid = wire::aid_text(*aid);
        if let Some(expected) = expect {
            compare(&aid, file.get(), fields, &expected.0, data)?;
        }
        let key = by.as_ref().map(|reader| reader.number.get());
        let read = FileRead::new(file.get(), key, data.to_vec(), fields);
        self.read.push(aid, read);
        self.at += 1;
        Ok(())
    }

    /// A refusal that is no failure: what it tells is what was to be found out.
    fn refused(&mut self, doing: Doing, error: DesfireError) -> Result<(), EncodingError> {
        // A lost run made it, or removed it: of this number there is only one. How much of a half-written card was made,
        // nobody knows.
        let done = match &error {
            DesfireError::Refused { status: CardStatus::Duplicate, .. } => self.open == Some(self.at),
            DesfireError::Refused { status: CardStatus::NoSuchApplication, .. } => {
                matches!(self.step(), Some(Step::Remove { .. }))
                    && (self.plan.purpose == Purpose::Reset || self.open == Some(self.at))
            }
            // A run that takes back does not know how far the other got.
            DesfireError::Refused { status: CardStatus::NoSuchFile, .. } => {
                matches!(self.step(), Some(Step::RemoveFile { .. }))
                    && (self.plan.purpose == Purpose::RollBack || self.open == Some(self.at))
            }
            _ => false,
        };
        let past_the_end = matches!(error, DesfireError::Refused { status: CardStatus::Boundary, .. });
        if doing == Doing::Look && past_the_end {
            self.looked = true;
            return Ok(());
        }
        // A till may have cleared what was there at issue.
        if doing == Doing::Read
            && past_the_end
            && matches!(self.step(), Some(Step::ReadBack { stored: Stored::Record, expect: None, .. }))
        {
            return self.was_read(&[]);
        }
        if doing == Doing::Change && done {
            self.at += 1;
            return Ok(());
        }
        let refusal = matches!(error, DesfireError::AuthRefused { .. } | DesfireError::Refused { .. });
        let Doing::Prove(proof) = doing else { return Err(self.wrong(error)) };
        if !refusal {
            return Err(self.wrong(error));
        }
        let lives = match proof {
            Proof::Master(_) => self.master,
            Proof::Key(aid, number, _) => self.lives(aid, number)?,
            Proof::Reader => Lives::New,
        };
        if lives == Lives::Unknown {
            self.set(proof, Lives::Old);
            return Ok(());
        }
        // A challenge spoilt on its way looks like a wrong key. Where keys of ours are at stake it is asked once more.
        if self.changed && !self.asked_again {
            self.asked_again = true;
            if self.is_open(proof) {
                self.set(proof, Lives::Unknown);
            }
            return Ok(());
        }
        Err(match proof {
            Proof::Reader => self.wrong(error),
            _ if !self.changed && self.plan.purpose.is_on_a_card_of_ours() => EncodingError::CardImpostor,
            _ if !self.changed => EncodingError::CardForeign,
            // The card that the journal is about has it. This is another, and that one is none the worse for it.
            Proof::Master(Lives::New) if !self.is_open(proof) => EncodingError::CardImpostor,
            Proof::Master(_) => EncodingError::KeysLost { aid: wire::aid_text(Aid::PICC), key_no: 0 },
            Proof::Key(aid, number, _) => EncodingError::KeysLost { aid: wire::aid_text(aid), key_no: number.get() },
        })
    }

    fn set(&mut self, proof: Proof, lives: Lives) {
        match proof {
            Proof::Master(_) => self.master = lives,
            Proof::Key(aid, number, _) => {
                self.keys.insert((aid, number), lives);
            }
            Proof::Reader => {}
        }
    }

    /// Whether it is the key that a lost run was about to change.
    fn is_open(&self, proof: Proof) -> bool {
        let open = self.open.filter(|open| *open == self.at).and_then(|open| self.plan.steps.get(open));
        match (proof, open.map(|planned| &planned.step)) {
            (Proof::Master(_), Some(Step::MasterKey)) => true,
            (Proof::Key(aid, number, _), Some(Step::Key { aid: of, number: no, .. })) => aid == *of && number == *no,
            _ => false,
        }
    }

    fn on_event(
        &mut self,
        event: &Event<'_>,
        keys: &dyn KeySource,
        random: Random<'_>,
    ) -> Result<Action<ReadBack>, EncodingError> {
        match (event, self.waiting) {
            (_, Waiting::Over) => Err(EncodingError::OutOfTurn),
            (Event::Lost, _) => {
                let (step, at, of) = self.place();
                Err(EncodingError::Lost { step, at, of })
            }
            (Event::Start, Waiting::Start) => self.go_on(keys, random),
            (Event::Journaled, Waiting::Journal) => {
                let step = self.step().ok_or(EncodingError::OutOfTurn)?;
                let op = operation(&self.plan, step, keys)?;
                self.transmit(Doing::Change, op)
            }
            (Event::Answer(response), Waiting::Answer(doing)) => {
                match self.card.answer(response) {
                    Ok(Progress::More(command)) => return Ok(Action::Transmit(command)),
                    Ok(Progress::Done(reply)) => self.took(doing, &reply)?,
                    Err(error) => self.refused(doing, error)?,
                }
                self.go_on(keys, random)
            }
            _ => Err(EncodingError::OutOfTurn),
        }
    }

    fn left(&self, error: &EncodingError) -> CardLeft {
        if !self.changed {
            return CardLeft::Untouched;
        }
        match error {
            // The card refuses, and will again.
            EncodingError::Card { error: DesfireError::Refused { status, .. }, .. } => match status {
                // A code that no card says is noise.
                CardStatus::Aborted | CardStatus::Integrity | CardStatus::Other(_) => CardLeft::Resumable,
                _ => CardLeft::Void,
            },
            EncodingError::KeysLost { .. }
            | EncodingError::Mismatch { .. }
            | EncodingError::Card { error: DesfireError::AuthRefused { .. }, .. } => CardLeft::Void,
            _ => CardLeft::Resumable,
        }
    }
}

impl Machine for Run {
    type Output = ReadBack;

    fn next(&mut self, event: Event<'_>, keys: &dyn KeySource, random: Random<'_>) -> Action<ReadBack> {
        self.on_event(&event, keys, random).unwrap_or_else(|error| {
            self.waiting = Waiting::Over;
            let card = self.left(&error);
            Action::Failed { error, card }
        })
    }
}
