//! The host against the simulated card of `drivers/virtual`, which was written apart from it, from the specification:
//! what they agree on, two have read in the same way. Every file type, every key kind, each messaging mode, each model.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod budget;
mod card_level;
mod chance;
mod files;
mod keys;

use lanyard_apdu::{Command, DriveError, drive};
use lanyard_desfire::{
    Aid, Card, DesKey, DesfireError, FileNo, Framing, KeyNo, KeySettings, KeyType, KeyVersion, Link, NewApplication,
    NewKey, Nonce, OldKey, Op, Reply, native_command, native_response,
};
use lanyard_secret::Secret;
use lanyard_virtual::{ApduCard, DesfireCard, FrameSize, Memory, Model};

const UID: [u8; 7] = [4, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66];
const MODELS: [Model; 3] = [Model::Ev1, Model::Ev2, Model::Ev3];

/// A card on the desk, and the host before it.
struct Desk {
    card: DesfireCard,
    host: Card,
    nonces: u8,
}

impl Desk {
    fn new(model: Model, link: Link) -> Self {
        let card = DesfireCard::new(UID, 7).with_model(model, Memory::K8).with_frame_size(FrameSize::B64);
        Self::with(card, link)
    }

    fn with(card: DesfireCard, link: Link) -> Self {
        Self { card, host: Card::new(link), nonces: 0 }
    }

    fn ask(&mut self, op: Op) -> Result<Reply, DesfireError> {
        let (card, framing) = (&mut self.card, self.host.link().framing);
        let outcome = drive(&mut self.host.run(op), |bytes| {
            Ok::<_, ()>(match framing {
                Framing::Wrapped => card.transmit(bytes),
                Framing::Native => {
                    let answer = card.transmit(&native_command(&Command::parse(bytes).unwrap()));
                    native_response(&answer).unwrap().encode()
                }
            })
        });
        outcome.map_err(|error| match error {
            DriveError::Script(error) => error,
            other => panic!("{other:?}"),
        })
    }

    #[track_caller]
    fn run(&mut self, op: Op) -> Reply {
        let name = op.name();
        self.ask(op).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    #[track_caller]
    fn done(&mut self, op: Op) {
        let name = op.name();
        assert_eq!(self.run(op), Reply::Done, "{name}");
    }

    fn nonce(&mut self) -> Nonce {
        self.nonces += 1;
        let seed = self.nonces;
        Secret::filled(|out| {
            (0..16).for_each(|i| out[usize::from(i)] = seed.wrapping_mul(17).wrapping_add(31 * (i % 8)))
        })
    }

    fn proof(&mut self, how: How, key_no: KeyNo, key: &TestKey) -> Op {
        let rnd_a = self.nonce();
        match how {
            How::D40 => Op::AuthenticateD40 { key_no, key: key.des(), rnd_a },
            How::Iso => Op::AuthenticateIso { key_no, key: key.des(), rnd_a },
            How::Aes => Op::AuthenticateAes { key_no, key: key.aes(), rnd_a },
            How::Ev2 => Op::AuthenticateEv2First { key_no, key: key.aes(), rnd_a },
        }
    }

    #[track_caller]
    fn prove(&mut self, how: How, key_no: KeyNo, key: &TestKey) {
        let op = self.proof(how, key_no, key);
        self.done(op);
    }
}

/// How a key is proved, and which messaging follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum How {
    D40,
    Iso,
    Aes,
    Ev2,
}

/// Every model with every way of messaging, and which keys go with it.
fn every_way() -> Vec<(Model, KeyType, How)> {
    let mut out = Vec::new();
    for model in MODELS {
        out.extend([
            (model, KeyType::Des, How::D40),
            (model, KeyType::Des, How::Iso),
            (model, KeyType::ThreeKeyDes, How::Iso),
            (model, KeyType::Aes, How::Aes),
        ]);
        if model != Model::Ev1 {
            out.push((model, KeyType::Aes, How::Ev2));
        }
    }
    out
}

/// A key that can be put on a card more than once.
#[derive(Clone)]
struct TestKey {
    key_type: KeyType,
    bytes: Vec<u8>,
    version: u8,
}

impl TestKey {
    fn zero(key_type: KeyType) -> Self {
        let length = if key_type == KeyType::ThreeKeyDes { 24 } else { 16 };
        Self { key_type, bytes: vec![0; length], version: 0 }
    }

    /// No two bytes alike.
    fn new(key_type: KeyType, seed: u8, version: u8) -> Self {
        let mut key = Self::zero(key_type);
        for (i, byte) in (0u8..).zip(&mut key.bytes) {
            *byte = seed.wrapping_mul(37).wrapping_add(i.wrapping_mul(73));
        }
        Self { version, ..key }
    }

    fn des(&self) -> DesKey {
        let key = match self.bytes.len() {
            24 => DesKey::Triple(Secret::from_slice(&self.bytes).unwrap()),
            _ => DesKey::Double(Secret::from_slice(&self.bytes).unwrap()),
        };
        key.with_version(KeyVersion(self.version))
    }

    fn aes(&self) -> Secret<16> {
        Secret::from_slice(&self.bytes).unwrap()
    }

    fn fresh(&self) -> NewKey {
        match self.key_type {
            KeyType::Aes => NewKey::Aes { key: self.aes(), version: KeyVersion(self.version) },
            _ => NewKey::Des(self.des()),
        }
    }

    fn held(&self) -> OldKey {
        match self.key_type {
            KeyType::Aes => OldKey::Aes(self.aes()),
            _ => OldKey::Des(self.des()),
        }
    }
}

fn key_no(number: u8) -> KeyNo {
    KeyNo::new(number).unwrap()
}

fn file(number: u8) -> FileNo {
    FileNo::new(number).unwrap()
}

fn application(number: u32, key_type: KeyType, keys: u8) -> NewApplication {
    NewApplication {
        aid: Aid::from_number(number),
        settings: KeySettings::from_wire(0x0F),
        keys,
        key_type,
        iso: None,
        key_sets: None,
    }
}
