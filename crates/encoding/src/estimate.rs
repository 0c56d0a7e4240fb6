//! What a plan costs over the air before it is carried out: exchanges for the segments on the screen, and bytes.

use lanyard_desfire::{Aid, CommMode, Framing, KeyNo, Link};
use serde::{Deserialize, Serialize};

use crate::keys::HeldKey;
use crate::plan::{MasterKey, Step};

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

/// Follows the sessions through the steps as [`crate::Run`] does.
pub(crate) fn costs(master: &MasterKey, steps: &[Step], link: Link) -> Vec<Cost> {
    let mut walk = Walk { link, selected: Aid::PICC, session: None };
    let mut held = &master.before;
    if !steps.contains(&Step::MasterKey) {
        held = &master.after;
    }
    let mut out = Vec::with_capacity(steps.len());
    for step in steps {
        let mut cost = Cost::default();
        match (step.aid(), key_of(step)) {
            (None, _) => cost = cost + walk.card_level(held, step, master),
            (Some(aid), Some(key)) => cost = cost + walk.in_application(aid, key),
            (Some(aid), None) => cost = cost + walk.select(aid),
        }
        out.push(cost + walk.step(held, step, master));
        if *step == Step::MasterKey {
            held = &master.after;
        }
    }
    out
}

fn key_of(step: &Step) -> Option<KeyNo> {
    match step {
        Step::Key { by, .. } | Step::Write { by, .. } => Some(*by),
        Step::File { .. } => Some(KeyNo::MASTER),
        Step::ReadBack { by, .. } => by.as_ref().map(|reader| reader.number),
        _ => None,
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    D40,
    Ev1,
    Ev2,
}

struct Walk {
    link: Link,
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
            (false, _) => Kind::Ev2,
        };
        self.select(Aid::PICC) + self.prove(kind, KeyNo::MASTER)
    }

    fn in_application(&mut self, aid: Aid, key: KeyNo) -> Cost {
        self.select(aid) + self.prove(Kind::Ev2, key)
    }

    fn prove(&mut self, kind: Kind, key: KeyNo) -> Cost {
        if self.session == Some((kind, key)) {
            return Cost::default();
        }
        self.session = Some((kind, key));
        match kind {
            Kind::D40 => self.frames(1, 8, false) + self.frames(16, 8, false),
            Kind::Ev1 => self.frames(1, 16, false) + self.frames(32, 16, false),
            Kind::Ev2 => self.frames(2, 16, false) + self.frames(32, 32, false),
        }
    }

    fn step(&mut self, held: &HeldKey, step: &Step, master: &MasterKey) -> Cost {
        let managed = if self.session.is_some_and(|(kind, _)| kind == Kind::Ev2) { MAC } else { 0 };
        match step {
            Step::Format => self.frames(managed, managed, false),
            Step::MasterKey => {
                self.session = None;
                match (held.is_des(), master.after.is_des()) {
                    // 16 + version + CRC-16, in DES blocks.
                    (true, false) => self.frames(1 + 24, 0, false),
                    (true, true) => self.frames(1 + 24, 0, false),
                    // 16 + CRC-32, in AES blocks.
                    (false, true) => self.frames(1 + 32, 0, false),
                    (false, false) => self.frames(1 + 32 + MAC, 0, false),
                }
            }
            Step::DefaultKey { .. } => self.frames(1 + 32 + MAC, MAC, false),
            Step::RandomUid => self.frames(1 + 16 + MAC, MAC, false),
            Step::Application { iso, .. } => {
                let names = iso.as_ref().map_or(0, |iso| 2 + iso.name.len());
                self.frames(5 + names + MAC, MAC, false)
            }
            Step::Key { number, by, .. } => {
                let own = number == by;
                if own {
                    self.session = None;
                }
                self.frames(1 + 32 + MAC, if own { 0 } else { MAC }, false)
            }
            Step::File { iso_file_id, .. } => {
                let names = if iso_file_id.is_some() { 2 } else { 0 };
                self.frames(7 + names + MAC, MAC, false)
            }
            Step::Write { data, mode, .. } => {
                let answer = if *mode == CommMode::Plain { 0 } else { MAC };
                self.frames(7 + sealed(data.0.len(), *mode), answer, true)
            }
            Step::ReadBack { size, mode, by, .. } => {
                let plain = *mode == CommMode::Plain || by.is_none();
                let mode = if plain { CommMode::Plain } else { *mode };
                self.frames(7 + if plain { 0 } else { MAC }, sealed(*size as usize, mode), true)
            }
        }
    }

    /// One command, in as many frames as it needs. `data`: it may go in its long form.
    fn frames(&self, out: usize, back: usize, data: bool) -> Cost {
        let (room_out, room_back) = self.rooms();
        let long = data && self.link.long_commands && (out > room_out || back > room_back) && out.max(back) <= 255;
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

    /// What fits into a frame each way: out as the link says, back the frame without PCB, CID, CRC and status.
    fn rooms(&self) -> (usize, usize) {
        (self.link.payload(), usize::from(self.link.fsc.clamp(64, 256)) - 5)
    }
}

fn sealed(len: usize, mode: CommMode) -> usize {
    match mode {
        CommMode::Plain => len,
        CommMode::Mac => len + MAC,
        CommMode::Full => (len + 1).next_multiple_of(16) + MAC,
    }
}
