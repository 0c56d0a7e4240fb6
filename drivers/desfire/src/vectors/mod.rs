//! Every vector of `tests/vectors/vectors.json` that touches DESFire, run by its id. What is not run stands in
//! `not-ours.toml` with its reason, and a test fails on an id that is in neither.

mod d40;
mod ev1;
mod ev2;
mod issuer;
mod primitive;
mod real;

use std::collections::{BTreeMap, BTreeSet};

use lanyard_apdu::{Command, Response};
use serde_json::Value;

use crate::cipher::BlockCipher;
use crate::session::Session;
use crate::{Aid, Card, Framing, Link, Op, Progress, Reply, native_command, native_response};

const FILE: &str = include_str!("../../../../tests/vectors/vectors.json");
const NOT_OURS: &str = include_str!("../../../../tests/vectors/not-ours.toml");

/// One vector.
pub(super) struct Vector(Value);

impl Vector {
    fn id(&self) -> &str {
        self.0["id"].as_str().unwrap()
    }

    fn published(&self) -> bool {
        self.0["published"].as_bool().unwrap()
    }

    fn input(&self, name: &str) -> &Value {
        &self.0["inputs"][name]
    }

    fn output(&self, name: &str) -> &Value {
        &self.0["outputs"][name]
    }

    fn bytes(&self, name: &str) -> Vec<u8> {
        bytes(self.input(name))
    }

    fn out(&self, name: &str) -> Vec<u8> {
        bytes(self.output(name))
    }

    fn array<const N: usize>(&self, name: &str) -> [u8; N] {
        self.bytes(name).try_into().unwrap()
    }
}

/// Hex, blanks allowed.
fn bytes(value: &Value) -> Vec<u8> {
    hex::decode(value.as_str().unwrap().replace(' ', "")).unwrap()
}

fn all() -> Vec<Vector> {
    let file: Value = serde_json::from_str(FILE).unwrap();
    file["vectors"].as_array().unwrap().iter().cloned().map(Vector).collect()
}

/// What runs a vector, by its id. `None`: it is not run here.
fn runner(id: &str) -> Option<fn(&Vector)> {
    primitive::runner(id)
        .or_else(|| d40::runner(id))
        .or_else(|| ev1::runner(id))
        .or_else(|| ev2::runner(id))
        .or_else(|| issuer::runner(id))
}

/// Runs each and says which failed, not only the first.
fn run(vectors: impl Iterator<Item = Vector>) -> usize {
    let mut failed = Vec::new();
    let mut ran = 0;
    for vector in vectors {
        if let Some(run) = runner(vector.id()) {
            ran += 1;
            if std::panic::catch_unwind(|| run(&vector)).is_err() {
                failed.push(vector.id().to_owned());
            }
        }
    }
    assert!(failed.is_empty(), "{failed:?}");
    ran
}

#[test]
fn every_published_vector_that_touches_desfire_holds() {
    assert_eq!(run(all().into_iter().filter(Vector::published)), 84);
}

#[test]
fn derived_values_hold_too_but_are_no_evidence() {
    let derived: Vec<_> = all().into_iter().filter(|vector| !vector.published()).collect();
    assert!(derived.iter().filter(|vector| runner(vector.id()).is_some()).all(|v| v.id().ends_with("-DERIVED")));
    assert_eq!(run(derived.into_iter()), 2);
}

#[test]
fn no_vector_is_forgotten() {
    let table: toml::Table = NOT_OURS.parse().unwrap();
    let mut listed = BTreeMap::new();
    for section in ["later", "owner"] {
        for (key, entry) in table[section].as_table().unwrap() {
            if section == "later" {
                assert!(!entry["reason"].as_str().unwrap().is_empty(), "{key} has no reason");
            }
            for id in entry["ids"].as_array().unwrap() {
                let twice = listed.insert(id.as_str().unwrap().to_owned(), key.clone());
                assert!(twice.is_none(), "{id} stands twice in not-ours.toml");
            }
        }
    }
    let known: BTreeSet<String> = all().iter().map(|vector| vector.id().to_owned()).collect();
    for id in &known {
        match (runner(id), listed.get(id)) {
            (Some(_), Some(section)) => panic!("{id} is run here and listed under {section}"),
            (None, None) => panic!("{id} is neither run nor listed in not-ours.toml"),
            _ => {}
        }
    }
    for id in listed.keys() {
        assert!(known.contains(id), "not-ours.toml lists {id}, which is no vector");
    }
}

/// A card in the middle of a recorded session, with the frames of the recording.
fn card(session: Session, selected: Aid) -> Card {
    Card::recorded(Link { framing: Framing::Native, fsc: 64, long_commands: false, extended: None }, session, selected)
}

/// An application, so that key numbers bear no type.
const APPLICATION: Aid = Aid([1, 2, 3]);

/// The whole operation against recorded frames: each command must be as recorded.
fn play(card: &mut Card, op: Op, frames: &[(Vec<u8>, Vec<u8>)]) -> Reply {
    let mut command = card.command(op).unwrap();
    for (i, (sent, received)) in frames.iter().enumerate() {
        assert_eq!(hex::encode(native_command(&command)), hex::encode(sent), "frame {i}");
        match card.answer(&native_response(received).unwrap()).unwrap() {
            Progress::More(next) => command = next,
            Progress::Done(reply) => {
                assert_eq!(i + 1, frames.len());
                return reply;
            }
        }
    }
    panic!("the card waits for more than was recorded");
}

/// One frame each way; the answer without status, which is 00.
fn once(card: &mut Card, op: Op, sent: &[u8], received: &[u8]) -> Reply {
    play(card, op, &[(sent.to_vec(), [&[0], received].concat())])
}

fn wrapped(bytes: &[u8]) -> Command {
    Command::parse(bytes).unwrap()
}

fn response(bytes: &[u8]) -> Response {
    Response::parse(bytes).unwrap()
}

fn aes(key: &[u8]) -> BlockCipher {
    BlockCipher::aes(key.try_into().unwrap())
}

/// Single, two-key or three-key DES, by the length of the key.
fn des(key: &[u8]) -> BlockCipher {
    match key.len() {
        8 => BlockCipher::des(key.try_into().unwrap()),
        16 => BlockCipher::two_key(key.try_into().unwrap()),
        _ => BlockCipher::three_key(key.try_into().unwrap()),
    }
}
