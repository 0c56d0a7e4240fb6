//! An encoding's description: read, judged, planned; and what can be planned is written on a simulated card, with keys
//! that are known.

use lanyard_apdu::Response;
use lanyard_desfire::{Family, Link};
use lanyard_encoding::{
    Assess, Date, Encoding, EncodingError, KeySource, Machine, Run, Values, diff, drive, lint, plan, preview,
};
use lanyard_secret::Secret;
use lanyard_virtual::{ApduCard, DesfireCard, FrameSize, Memory, Model};

use crate::known::Known;

const UID: [u8; 7] = [4, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66];
/// More than an 8 kB card in frames of 64 bytes takes, written and read back.
const MOST: usize = 2_000;

pub fn toml(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let link = Link::wrapped(64).with_long_commands();
    let today = Date::parse("2026-11-24").unwrap();
    for finding in lint(text, today) {
        assert!(!finding.why.is_empty());
        // Where an editor jumps to is within the text, or right behind it.
        let lines = text.lines().count() + 1;
        assert!(finding.line as usize <= lines, "{finding:?}");
    }
    let Ok(encoding) = Encoding::parse(text) else { return };
    assert!(diff(&encoding, &encoding).changes.is_empty());
    let values = Values::sample(&encoding);
    let mut planned = false;
    for family in [Family::Ev1, Family::Ev2, Family::Ev3] {
        planned |= preview(&encoding, &values, family, link).is_ok();
    }
    if planned {
        written(&encoding, &values, link);
    }
}

struct Keys;

/// A key for each name: the name's length makes it.
fn seed(name: &str) -> u8 {
    name.bytes().fold(1, |seed, byte| seed.wrapping_mul(31).wrapping_add(byte))
}

impl KeySource for Keys {
    fn latest(&self, _: &str) -> Result<u8, EncodingError> {
        Ok(3)
    }

    fn backup_proved(&self, _: &str, _: u8) -> Result<bool, EncodingError> {
        Ok(true)
    }

    fn key(&self, name: &str, _: u8, _: Option<&[u8]>) -> Result<Secret<16>, EncodingError> {
        Ok(Secret::take(&mut Known::made(seed(name))))
    }
}

struct Desk {
    card: DesfireCard,
    sent: Vec<Vec<u8>>,
}

impl Desk {
    fn drive<M: Machine>(&mut self, machine: &mut M) -> Option<M::Output> {
        self.card.power_off();
        self.card.power_on();
        let mut random = |out: &mut [u8; 16]| *out = std::array::from_fn(|at| (self.sent.len() + at * 29) as u8);
        let mut sent = Vec::new();
        let outcome = drive(
            machine,
            &Keys,
            &mut random,
            |command| {
                assert!(sent.len() < MOST, "no end");
                sent.push(command.data.clone());
                Response::parse(&self.card.transmit(&command.encode())).ok()
            },
            |_| Ok::<(), ()>(()),
        );
        self.sent = sent;
        outcome.ok()
    }
}

fn written(encoding: &Encoding, values: &Values, link: Link) {
    let mut card = DesfireCard::new(UID, 7).with_model(Model::Ev2, Memory::K8).with_frame_size(FrameSize::B64);
    card.power_on();
    let mut desk = Desk { card, sent: Vec::new() };
    let Some(found) = desk.drive(&mut Assess::new(encoding, &UID, false, link)) else { return };
    let Ok(plan) = plan(encoding, values, &found, &Keys, link) else { return };
    let keys: Vec<Known> = plan.keys().iter().map(|key| Known::of(&Known::made::<16>(seed(&key.name)))).collect();
    let Ok(mut run) = Run::new(&plan, UID, link) else { return };
    let done = desk.drive(&mut run);
    for data in &desk.sent {
        Known::none_sent(&keys, data);
    }
    Known::none_said(&keys, &plan);
    // A card that was written is verified.
    if done.is_some() {
        let mut verify = Run::new(&plan.verify(link), UID, link).unwrap();
        assert!(desk.drive(&mut verify).is_some());
    }
}
