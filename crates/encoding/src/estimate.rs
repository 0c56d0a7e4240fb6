//! What a plan costs over the air before it is carried out: exchanges for the segments on the screen, and bytes.

use lanyard_desfire::{Aid, CommMode, Framing, KeyNo, Link};
use serde::{Deserialize, Serialize};

use crate::keys::HeldKey;
use crate::plan::{MasterKey, Messaging, Plan};
use crate::step::{Step, Stored};

/// Exchanges (every frame counted) and bytes on the reader's side of the link.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cost {
    /// Commands, additional frames included.
    pub exchanges: u32,
    /// To the card.
    pub sent: u32,
    /// From the card.
    pub received: u32,
}

impl std::ops::Add for Cost {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            exchanges: self.exchanges.saturating_add(other.exchanges),
            sent: self.sent.saturating_add(other.sent),
            received: self.received.saturating_add(other.received),
        }
    }
}

impl std::iter::Sum for Cost {
    fn sum<I: Iterator<Item = Self>>(costs: I) -> Self {
        costs.fold(Self::default(), std::ops::Add::add)
    }
}

/// EV2: a MAC behind command and answer (AN12343 §5).
const MAC: usize = 8;

/// EV1: a MAC behind answers, and behind data that is written with one; no other command carries it.
const EV1_CRC: usize = 4;

/// Follows the sessions through the steps as [`crate::Run`] does.
pub(crate) fn costs(plan: &Plan, steps: &[Step], link: Link) -> Vec<Cost> {
    let aes = match plan.messaging {
        Messaging::Ev1 => Kind::Ev1,
        Messaging::Ev2 => Kind::Ev2,
    };
    let master = &plan.master;
    let mut walk = Walk { link: plan.messaging.link(link), aes, selected: Aid::PICC, session: None };
    let mut held = &master.before;
    if !steps.contains(&Step::MasterKey) {
        held = &master.after;
    }
    let des = des_applications(steps);
    let mut out = Vec::with_capacity(steps.len());
    for step in steps {
        let mut cost = Cost::default();
        match (step.aid(), key_of(step)) {
            (None, _) => cost = cost + walk.card_level(held, step, master),
            (Some(aid), Some(key)) => cost = cost + walk.in_application(aid, key, des.contains(&aid)),
            (Some(aid), None) => cost = cost + walk.select(aid),
        }
        out.push(cost + walk.step(held, step, master));
        if *step == Step::MasterKey {
            held = &master.after;
        }
    }
    out
}

/// Those whose keys are DES keys.
fn des_applications(steps: &[Step]) -> Vec<Aid> {
    let of = |step: &Step| match step {
        Step::Key { aid, new, .. } => Some((*aid, new.is_des())),
        Step::ReadBack { aid, by: Some(reader), .. } => Some((*aid, reader.key.is_des())),
        _ => None,
    };
    steps.iter().filter_map(of).filter(|(_, des)| *des).map(|(aid, _)| aid).collect()
}

fn key_of(step: &Step) -> Option<KeyNo> {
    match step {
        Step::Key { by, .. } | Step::Write { by, .. } | Step::Record { by, .. } => Some(*by),
        Step::File { .. }
        | Step::ValueFile { .. }
        | Step::RecordFile { .. }
        | Step::TransactionMac { .. }
        | Step::RemoveFile { .. } => Some(KeyNo::MASTER),
        Step::ReadBack { by, .. } => by.as_ref().map(|reader| reader.number),
        _ => None,
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    D40,
    /// EV1 messaging with DES keys: blocks of eight bytes.
    Iso,
    Ev1,
    Ev2,
}

struct Walk {
    link: Link,
    /// What the proof of an AES key makes.
    aes: Kind,
    selected: Aid,
    session: Option<(Kind, KeyNo)>,
}

impl Walk {
    fn select(&mut self, aid: Aid) -> Cost {
        if self.selected == aid {
            return Cost::default();
        }
        self.selected = aid;
        self.session = None;
        self.frames(3, 0, false)
    }

    fn card_level(&mut self, held: &HeldKey, step: &Step, master: &MasterKey) -> Cost {
        let kind = match (held.is_des(), step) {
            (true, _) => Kind::D40,
            (false, Step::MasterKey) if master.after.is_des() => Kind::Ev1,
            (false, _) => self.aes,
        };
        self.select(Aid::PICC) + self.prove(kind, KeyNo::MASTER)
    }

    fn in_application(&mut self, aid: Aid, key: KeyNo, des: bool) -> Cost {
        self.select(aid) + self.prove(if des { Kind::Iso } else { self.aes }, key)
    }

    fn prove(&mut self, kind: Kind, key: KeyNo) -> Cost {
        if self.session == Some((kind, key)) {
            return Cost::default();
        }
        self.session = Some((kind, key));
        match kind {
            Kind::D40 | Kind::Iso => self.frames(1, 8, false) + self.frames(16, 8, false),
            Kind::Ev1 => self.frames(1, 16, false) + self.frames(32, 16, false),
            Kind::Ev2 => self.frames(2, 16, false) + self.frames(32, 32, false),
        }
    }

    fn step(&mut self, held: &HeldKey, step: &Step, master: &MasterKey) -> Cost {
        let kind = self.session.map(|(kind, _)| kind);
        // Behind a management command, and behind its answer.
        let (out, back) = match kind {
            Some(Kind::Ev2) => (MAC, MAC),
            Some(Kind::Ev1 | Kind::Iso) => (0, MAC),
            Some(Kind::D40) | None => (0, 0),
        };
        let sealed = |len: usize, mode: CommMode| self.sealed(len, mode);
        match step {
            Step::Format => self.frames(out, back, false),
            Step::MasterKey => {
                self.session = None;
                match (held.is_des(), master.after.is_des()) {
                    // 16 + version + CRC-16, in DES blocks.
                    (true, false) => self.frames(1 + 24, 0, false),
                    (true, true) => self.frames(1 + 24, 0, false),
                    // 16 + CRC-32, in AES blocks.
                    (false, true) => self.frames(1 + 32, 0, false),
                    (false, false) => self.frames(1 + 32 + out, 0, false),
                }
            }
            Step::DefaultKey { .. } => self.frames(1 + 32 + out, back, false),
            Step::CardSettings { .. } => self.frames(sealed(1, CommMode::Full), back, false),
            Step::RandomUid | Step::FormatOff | Step::OnlyEv2 => self.frames(1 + 16 + out, back, false),
            Step::Remove { .. } => self.frames(3 + out, back, false),
            Step::Application { iso, .. } => {
                let names = iso.as_ref().map_or(0, |iso| 2 + iso.name.len());
                self.frames(5 + names + out, back, false)
            }
            Step::Key { number, by, .. } => {
                let own = number == by;
                if own {
                    self.session = None;
                }
                // Sixteen bytes, a checksum or two, in blocks.
                let cryptogram = if kind == Some(Kind::Iso) { 24 } else { 32 };
                self.frames(1 + cryptogram + out, if own { 0 } else { back }, false)
            }
            Step::File { iso_file_id, .. } => {
                let names = if iso_file_id.is_some() { 2 } else { 0 };
                self.frames(7 + names + out, back, false)
            }
            Step::ValueFile { .. } => self.frames(17 + out, back, false),
            Step::RecordFile { iso_file_id, .. } => {
                let names = if iso_file_id.is_some() { 2 } else { 0 };
                self.frames(10 + names + out, back, false)
            }
            Step::TransactionMac { .. } => self.frames(5 + sealed(17, CommMode::Full), back, false),
            Step::RemoveFile { .. } => self.frames(1 + out, back, false),
            Step::Record { data, mode, .. } => {
                let answer = if *mode == CommMode::Plain && kind == Some(Kind::Ev2) { 0 } else { back };
                self.frames(7 + sealed(data.0.len(), *mode), answer, true) + self.frames(out, back, false)
            }
            Step::Write { data, mode, commit, .. } => {
                let answer = if *mode == CommMode::Plain && kind == Some(Kind::Ev2) { 0 } else { back };
                let written = self.frames(7 + sealed(data.0.len(), *mode), answer, true);
                if *commit { written + self.frames(out, back, false) } else { written }
            }
            Step::ReadBack { size, mode, by, stored, .. } => {
                // A value is asked for by its file's number alone.
                let (header, size) = (if *stored == Stored::Value { 1 } else { 7 }, *size as usize);
                if by.is_none() {
                    return self.frames(header, size, true);
                }
                let asked = if *mode == CommMode::Plain { 0 } else { out };
                self.frames(header + asked, self.answered(size, *mode), true)
            }
        }
    }

    /// Data on its way to the card.
    fn sealed(&self, len: usize, mode: CommMode) -> usize {
        match (self.session.map(|(kind, _)| kind), mode) {
            (_, CommMode::Plain) => len,
            (_, CommMode::Mac) => len + MAC,
            (Some(Kind::Iso), CommMode::Full) => (len + EV1_CRC).next_multiple_of(8),
            (Some(Kind::Ev1), CommMode::Full) => (len + EV1_CRC).next_multiple_of(16),
            (_, CommMode::Full) => (len + 1).next_multiple_of(16) + MAC,
        }
    }

    /// Data on its way back.
    fn answered(&self, len: usize, mode: CommMode) -> usize {
        match (self.session.map(|(kind, _)| kind), mode) {
            // Every answer of an EV1 session carries its MAC but the enciphered, which has its checksum.
            (Some(Kind::Ev1 | Kind::Iso), CommMode::Plain) => len + MAC,
            _ => self.sealed(len, mode),
        }
    }

    /// One command, in as many frames as it needs. `data`: it may go in its long form.
    fn frames(&self, out: usize, back: usize, data: bool) -> Cost {
        let (room_out, room_back) = self.rooms();
        let long = data
            && self.takes_long()
            && self.link.long_commands
            && (out > room_out || back > room_back)
            && out.max(back) <= 255;
        let (frames_out, frames_back) =
            if long { (1, 1) } else { (out.div_ceil(room_out).max(1), back.div_ceil(room_back).max(1)) };
        let exchanges = frames_out + frames_back - 1;
        // An AF frame that only asks for more has no data, one that only gives more is answered without.
        let (empty_out, empty_back) = (frames_back - 1 + usize::from(out == 0), frames_out - 1);
        let (head, tail) = match self.link.framing {
            // CLA INS P1 P2 … Le, and Lc where there is data.
            Framing::Wrapped => (6, 2),
            Framing::Native => (1, 1),
        };
        let no_length = if self.link.framing == Framing::Wrapped { empty_out } else { 0 };
        let sent = out + exchanges * head - no_length;
        let received = back + frames_back * tail + empty_back * tail;
        Cost { exchanges: exchanges as u32, sent: sent as u32, received: received as u32 }
    }

    /// The long forms are not described for the older kinds of messaging.
    fn takes_long(&self) -> bool {
        !matches!(self.session, Some((Kind::D40 | Kind::Ev1 | Kind::Iso, _)))
    }

    /// What fits into a frame each way: out as the link says, back the frame without PCB, CID, CRC and status.
    fn rooms(&self) -> (usize, usize) {
        (self.link.payload(), usize::from(self.link.fsc.clamp(64, 256)) - 5)
    }
}
