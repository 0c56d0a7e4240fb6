//! The changes that verifiers act on (history-format.md §2), each with the public values it must have.
//!
//! What a station or server writes about anything else is written where it happens.

use std::collections::BTreeMap;

use lanyard_model::{Change, Id, Kind, RecordRef, Value};

use crate::{Checkpoint, Hash};

fn bytes(bytes: &[u8]) -> Value {
    Value::Bytes(bytes.to_vec())
}

/// Beyond 2⁶³ a number is no seq, and no reader would take it; saturating keeps this total.
fn count(number: u64) -> Value {
    Value::Int(i64::try_from(number).unwrap_or(i64::MAX))
}

fn writer_record(writer: Id) -> RecordRef {
    RecordRef { kind: Kind::Writer, id: writer }
}

/// `[origin, size, root]`, or null.
#[must_use]
pub fn checkpoint_value(checkpoint: Option<&Checkpoint>) -> Value {
    checkpoint.map_or(Value::Null, |checkpoint| {
        Value::Array(vec![checkpoint.origin.as_str().into(), count(checkpoint.size), bytes(&checkpoint.root)])
    })
}

/// `writer.enrolled`: a writer is trusted from `from_seq` on. At seq 1 of a chain it is about the chain's own writer,
/// with `from_seq` 1 and a `head` of zeros; in a server's chain, `head` is what the station's chain has reached.
#[must_use]
pub fn writer_enrolled(writer: Id, key: &[u8; 32], from_seq: u64, head: &Hash) -> Change {
    Change::new("writer.enrolled", writer_record(writer))
        .public("writer", bytes(&writer.0))
        .public("key", bytes(key))
        .public("from_seq", count(from_seq))
        .public("head", bytes(head))
}

/// What the new key signs to show that it is there: `lanyard/rekey/v1` ‖ 00 ‖ writer ‖ seq (big endian) ‖ prev, of the
/// entry that will say so.
#[must_use]
pub fn rekey_proof_message(writer: Id, seq: u64, prev: &Hash) -> Vec<u8> {
    let mut out = b"lanyard/rekey/v1\0".to_vec();
    out.extend(writer.0);
    out.extend(seq.to_be_bytes());
    out.extend(prev);
    out
}

/// `writer.rekeyed`: from the next seq on the writer signs with `key`; `proof` is that key's signature over
/// [`rekey_proof_message`].
#[must_use]
pub fn writer_rekeyed(writer: Id, key: &[u8; 32], proof: &[u8; 64]) -> Change {
    Change::new("writer.rekeyed", writer_record(writer)).public("key", bytes(key)).public("proof", bytes(proof))
}

/// `writer.retired`: nothing of the writer counts after `seq`, where its chain has `head`.
#[must_use]
pub fn writer_retired(writer: Id, seq: u64, head: &Hash) -> Change {
    Change::new("writer.retired", writer_record(writer))
        .public("writer", bytes(&writer.0))
        .public("seq", count(seq))
        .public("head", bytes(head))
}

/// `log.opened`: vouches for a log's checkpoint key. `log` is the id of the log's record.
#[must_use]
pub fn log_opened(log: Id, origin: &str, key: &[u8; 32]) -> Change {
    Change::new("log.opened", RecordRef { kind: Kind::Log, id: log }).public("origin", origin).public("key", bytes(key))
}

/// `record.erased`: these openings are gone. Only of entries about the same record.
#[must_use]
pub fn record_erased(of: RecordRef, erased: &[(Hash, String)]) -> Change {
    let erased = erased.iter().map(|(entry, field)| Value::Array(vec![bytes(entry), field.as_str().into()])).collect();
    Change::new("record.erased", of).public("erased", Value::Array(erased))
}

/// `entry.set_aside`: logged, but without effect. `of` is the record that the entry was about.
#[must_use]
pub fn entry_set_aside(of: RecordRef, entry: &Hash, reason: &str) -> Change {
    Change::new("entry.set_aside", of).public("entry", bytes(entry)).public("reason", reason)
}

/// `station.opened`: a run begins. `build` and `packs` are SHA-256 of the program and of the configuration packs.
#[must_use]
pub fn station_opened(
    station: Id,
    build: &Hash,
    packs: &BTreeMap<String, Hash>,
    checkpoint: Option<&Checkpoint>,
) -> Change {
    let packs = packs.iter().map(|(name, hash)| (name.clone(), bytes(hash))).collect();
    let mut change = framed("station.opened", station, checkpoint).public("build", bytes(build));
    change.public.insert("packs".to_owned(), Value::Map(packs));
    change
}

/// `station.closed`: a run ends cleanly.
#[must_use]
pub fn station_closed(station: Id, checkpoint: Option<&Checkpoint>) -> Change {
    framed("station.closed", station, checkpoint)
}

/// `history.exported`: a bundle was made.
#[must_use]
pub fn history_exported(station: Id, checkpoint: Option<&Checkpoint>) -> Change {
    framed("history.exported", station, checkpoint)
}

/// `log.seen`: a checkpoint was received in an exchange.
#[must_use]
pub fn log_seen(station: Id, checkpoint: Option<&Checkpoint>) -> Change {
    framed("log.seen", station, checkpoint)
}

fn framed(what: &str, station: Id, checkpoint: Option<&Checkpoint>) -> Change {
    let mut change = Change::new(what, RecordRef { kind: Kind::Station, id: station });
    change.public.insert("checkpoint".to_owned(), checkpoint_value(checkpoint));
    change
}
