//! A desk for tests: a vault of made-up keys, a simulated card, and a hand that pulls it at a given exchange.

#![allow(dead_code, clippy::unwrap_used, clippy::panic, reason = "shared by several tests; a test fails by panicking")]

use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use lanyard_apdu::{Command, Response};
use lanyard_desfire::{Framing, Link, native_command, native_response};
use lanyard_encoding::{
    Action, Assess, Assessment, CardLeft, Cost, Encoding, EncodingError, Event, JournalRow, KeySource, Machine, Plan,
    ReadBack, Run, Stopped, Values, drive, plan,
};
use lanyard_secret::Secret;
use lanyard_virtual::{ApduCard, DesfireCard, FrameSize, Memory, Model};

pub const THREE: &str = include_str!("../../../../assets/encodings/three-applications.toml");
pub const EV1: &str = include_str!("../../../../assets/encodings/ev1.toml");
pub const WITH_CHIP: &str = include_str!("../../../../assets/encodings/desfire-em.toml");
pub const PURSE: &str = include_str!("../../../../assets/encodings/purse.toml");
pub const REKEY: &str = include_str!("../../../../assets/encodings/rekey.toml");
pub const STARTER: &str = include_str!("../../../../assets/encodings/starter.toml");
pub const UID: [u8; 7] = [4, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66];
/// 4C5901 as it goes over the wire.
pub const AID: [u8; 3] = [0x01, 0x59, 0x4C];
pub const LINK: Link = Link { framing: Framing::Wrapped, fsc: 128, long_commands: true, extended: None };

/// Keys that differ by name, version and input; the newest version is 3.
pub struct Vault {
    pub newest: u8,
    pub proved: bool,
}

impl Default for Vault {
    fn default() -> Self {
        Self { newest: 3, proved: true }
    }
}

impl KeySource for Vault {
    fn latest(&self, name: &str) -> Result<u8, EncodingError> {
        if name == "nowhere" {
            return Err(EncodingError::KeyMissing { key: name.to_owned() });
        }
        Ok(self.newest)
    }

    fn backup_proved(&self, _: &str, _: u8) -> Result<bool, EncodingError> {
        Ok(self.proved)
    }

    fn key(&self, name: &str, version: u8, input: Option<&[u8]>) -> Result<Secret<16>, EncodingError> {
        if version == 0 || version > self.newest {
            return Err(EncodingError::KeyVersionMissing { key: name.to_owned(), version });
        }
        Ok(Secret::filled(|out| {
            for (half, bytes) in out.chunks_mut(8).enumerate() {
                let mut hasher = DefaultHasher::new();
                (name, version, input, half).hash(&mut hasher);
                bytes.copy_from_slice(&hasher.finish().to_be_bytes());
            }
        }))
    }
}

pub fn values() -> Values {
    Values::new()
        .with("card.facility", 123)
        .with("card.number", 4567)
        .with("card.long_number", 48_821)
        .with("card.record", (0..128).collect::<Vec<u8>>())
        .with("card.valid_from", "2026-11-24")
        .with("card.valid_until", "2031-11-23")
        .with("person.staff_no", "104882")
        .with("person.given_name", "Åsa")
}

pub fn starter() -> Encoding {
    Encoding::parse(STARTER).unwrap()
}

/// The starter encoding with a secret default key.
pub fn starter_with_default_key() -> Encoding {
    let default = "[card.default_key]\nkey = \"card-default\"\ndiversify = [\"uid\", \"system\"]\n\n[[application]]";
    Encoding::parse(&STARTER.replacen("[[application]]", default, 1)).unwrap()
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pull {
    Before,
    After,
}

/// A reader with a card on it.
pub struct Desk {
    pub card: DesfireCard,
    pub framing: Framing,
    /// Pulled at this exchange, counted from when the card was laid.
    pub pull: Option<(usize, Pull)>,
    /// Of the answer to this exchange so many bytes arrive, and then the card is gone.
    pub cut: Option<(usize, usize)>,
    /// How long each answer was.
    pub lengths: Vec<usize>,
    /// One bit of the last data byte is turned in the answer to this exchange.
    pub spoil: Option<usize>,
    pub spoilt: bool,
    pub exchanges: usize,
    pub sent: usize,
    pub received: usize,
    /// What time it is, for who measures.
    pub clock: fn() -> Duration,
    /// How long the simulated card took by that clock: what is left is the host's.
    pub in_card: Duration,
    /// Instructions in their order.
    pub seen: Vec<u8>,
    pub rows: Vec<JournalRow>,
    seed: u8,
}

impl Desk {
    pub fn new(card: DesfireCard) -> Self {
        let mut desk = Self {
            card: card.with_frame_size(FrameSize::B128),
            framing: Framing::Wrapped,
            pull: None,
            cut: None,
            lengths: Vec::new(),
            spoil: None,
            spoilt: false,
            exchanges: 0,
            sent: 0,
            received: 0,
            clock: || Duration::ZERO,
            in_card: Duration::ZERO,
            seen: Vec::new(),
            rows: Vec::new(),
            seed: 0,
        };
        desk.lay();
        desk
    }

    pub fn blank() -> Self {
        Self::new(DesfireCard::new(UID, 7))
    }

    pub fn lay(&mut self) {
        self.card.power_off();
        self.card.power_on();
        self.exchanges = 0;
        self.sent = 0;
        self.received = 0;
        self.lengths.clear();
    }

    pub fn exchange(&mut self, command: &Command) -> Option<Response> {
        let at = self.exchanges;
        self.exchanges += 1;
        self.seen.push(command.ins);
        if self.cut.is_some_and(|(of, _)| at > of) {
            return None;
        }
        if self.pull == Some((at, Pull::Before)) {
            self.card.power_off();
            return None;
        }
        let bytes = match self.framing {
            Framing::Wrapped => command.encode().to_vec(),
            Framing::Native => native_command(command),
        };
        let begun = (self.clock)();
        let answer = self.card.transmit(&bytes);
        self.in_card += (self.clock)() - begun;
        self.sent += bytes.len();
        self.received += answer.len();
        self.lengths.push(answer.len());
        let cut = self.cut.filter(|(of, _)| *of == at).map(|(_, bytes)| bytes);
        let answer = &answer[..cut.unwrap_or(answer.len())];
        if cut.is_some() {
            self.card.power_off();
        }
        if self.pull == Some((at, Pull::After)) {
            self.card.power_off();
            return None;
        }
        let mut response = match self.framing {
            Framing::Wrapped => Response::parse(answer).ok(),
            Framing::Native => native_response(answer),
        };
        if self.spoil == Some(at)
            && let Some(last) = response.as_mut().and_then(|response| response.data.last_mut())
        {
            *last ^= 0x10;
            self.spoilt = true;
        }
        response
    }

    pub fn drive<M: Machine>(
        &mut self,
        machine: &mut M,
        vault: &Vault,
    ) -> Result<M::Output, (EncodingError, CardLeft)> {
        let mut rows = std::mem::take(&mut self.rows);
        let mut seed = self.seed;
        let mut random = |out: &mut [u8; 16]| {
            seed = seed.wrapping_add(1);
            *out = std::array::from_fn(|i| seed.wrapping_mul(31).wrapping_add(i as u8));
        };
        let outcome = drive(
            machine,
            vault,
            &mut random,
            |command| self.exchange(command),
            |row| {
                rows.push(row);
                Ok::<(), ()>(())
            },
        );
        self.rows = rows;
        self.seed = seed;
        outcome.map_err(|stopped| match stopped {
            Stopped::Failed { error, card } => (error, card),
            Stopped::Journal(()) => panic!("the journal always takes a row here"),
        })
    }

    pub fn assess(&mut self, encoding: &Encoding, known: bool) -> Result<Assessment, EncodingError> {
        self.lay();
        let uid = self.card.uid();
        self.drive(&mut Assess::new(encoding, &uid, known, LINK), &Vault::default()).map_err(|(error, left)| {
            assert_eq!(left, CardLeft::Untouched);
            error
        })
    }

    pub fn plan(&mut self, encoding: &Encoding, known: bool) -> Result<Plan, EncodingError> {
        let assessment = self.assess(encoding, known)?;
        plan(encoding, &values(), &assessment, &Vault::default(), LINK)
    }

    /// A first run, from laying the card.
    pub fn run(&mut self, plan: &Plan) -> Result<ReadBack, (EncodingError, CardLeft)> {
        self.rows.clear();
        self.resume(plan)
    }

    /// From where the journal ends.
    pub fn resume(&mut self, plan: &Plan) -> Result<ReadBack, (EncodingError, CardLeft)> {
        self.lay();
        let rows = self.rows.clone();
        let mut run = Run::resume(plan, UID, &rows, LINK).unwrap();
        self.drive(&mut run, &Vault::default())
    }

    /// Every key on the card, by where it is.
    pub fn keys(&self) -> Vec<Vec<u8>> {
        let mut keys = vec![self.card.key([0; 3], 0).unwrap().bytes];
        for aid in self.card.applications() {
            keys.extend((0..14).filter_map(|number| self.card.key(aid, number)).map(|key| key.bytes));
        }
        keys
    }
}

/// What the vault makes for this card.
pub fn vault_keys(plan: &Plan) -> Vec<Vec<u8>> {
    plan.keys()
        .into_iter()
        .map(|key| Vault::default().key(&key.name, key.version, key.input.as_deref()).unwrap().expose().to_vec())
        .collect()
}

/// Carries out a plan on what lies on the desk, and counts what goes over the air, by step.
pub fn measured(desk: &mut Desk, plan: &Plan, link: Link) -> Vec<Cost> {
    desk.lay();
    desk.framing = link.framing;
    let mut run = Run::new(plan, UID, link).unwrap();
    let mut costs = vec![Cost::default(); plan.steps.len()];
    let mut random = |out: &mut [u8; 16]| *out = [0x5A; 16];
    let mut event = Event::Start;
    let mut held;
    loop {
        match run.next(event, &Vault::default(), &mut random) {
            Action::Journal(_) => event = Event::Journaled,
            Action::Transmit(command) => {
                let step = run.progress().step;
                let (sent, received) = (desk.sent, desk.received);
                held = desk.exchange(&command).unwrap();
                costs[step].exchanges += 1;
                costs[step].sent += (desk.sent - sent) as u32;
                costs[step].received += (desk.received - received) as u32;
                event = Event::Answer(&held);
            }
            Action::Done(_) => return costs,
            Action::Failed { error, .. } => panic!("{error}"),
        }
    }
}

/// A blank whose frames are as long as the link takes.
pub fn blank_for(link: Link, model: Model) -> Desk {
    let mut desk = Desk::blank();
    desk.card = DesfireCard::new(UID, 7).with_model(model, Memory::K8).with_frame_size(match link.fsc {
        64 => FrameSize::B64,
        128 => FrameSize::B128,
        _ => FrameSize::B256,
    });
    desk.lay();
    desk
}
