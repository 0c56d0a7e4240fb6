//! A change becomes a record and a signed entry, together: the only way in which a record changes.

use std::collections::BTreeMap;

use lanyard_history::{Draft, Hash, Place, decode_value, encode_value, tree::Frontier};
use lanyard_keys::HouseKind;
use lanyard_model::{Actor, Change, Id, Kind, Record, RecordRef, UnixMs, Value, states};
use rusqlite::params;
use sha2::{Digest, Sha256};

use crate::view::{StoredRecord, links};
use crate::{StoreError, Tx};

const BLOB_MOST: usize = 64 << 20;
/// Below the 60,000 bytes of an opening, with room for its entry's hash, name and salt.
const VALUE_MOST: usize = 59_000;

/// A change that was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Committed {
    /// Hash of its entry.
    pub hash: Hash,
    /// Its place in this station's chain.
    pub seq: u64,
    /// The clock stood earlier than at the entry before: it was set back. Say so on the screen; verifiers remark it.
    pub clock_back: bool,
}

impl Tx<'_> {
    /// Writes a record and its signed entry.
    ///
    /// # Errors
    /// [`StoreError::Locked`], [`StoreError::StateNotAllowed`], [`StoreError::StateDiffers`],
    /// [`StoreError::RecordMissing`], [`StoreError::RecordErased`], [`StoreError::BlobMissing`],
    /// [`StoreError::History`] for what does not fit into an entry.
    pub fn commit(&mut self, change: &Change, by: &[Actor], at: UnixMs) -> Result<Committed, StoreError> {
        let before = self.view().stored(change.of)?;
        let state = next_state(change, before.as_ref())?;
        self.write_change(change, by, at, before, state)
    }

    pub(crate) fn write_change(
        &mut self,
        change: &Change,
        by: &[Actor],
        at: UnixMs,
        before: Option<StoredRecord>,
        state: String,
    ) -> Result<Committed, StoreError> {
        let signer = self.signer.ok_or(StoreError::Locked)?;
        if signer.entry_key() != self.chain.key {
            return Err(StoreError::SignerForeign);
        }
        let place = Place {
            writer: self.house.writer,
            seq: self.chain.seq + 1,
            prev: self.chain.head,
            at,
            rehearsal: self.house.kind == HouseKind::Rehearsal,
        };
        let base = before.as_ref().map(|record| record.record.heads.clone()).unwrap_or_default();
        let entropy = &mut *self.entropy;
        let (draft, openings) = Draft::of_change(change, place, by.to_vec(), base, || {
            let mut salt = [0; 32];
            entropy(&mut salt);
            salt
        });
        let unsigned = draft.to_be_signed(&signer.entry_key())?;
        let signature = signer.sign_entry(unsigned.bytes());
        let entry = unsigned.sealed(signature)?;
        let hash = entry.hash();

        let known = before.as_ref().map(|record| record.n);
        let mut record = before.map_or_else(
            || Record { of: change.of, state: String::new(), fields: BTreeMap::new(), heads: Vec::new() },
            |stored| stored.record,
        );
        let old = if known.is_some() { record.fields.clone() } else { BTreeMap::new() };
        record.fields.extend(change.fields.clone());
        record.state = state;
        record.heads = vec![hash];
        let n = self.put_record(known, &record)?;

        self.conn
            .prepare_cached("INSERT INTO entry (w, seq, n, hash, bytes) VALUES (1, ?, ?, ?, ?)")?
            .execute(params![i64::try_from(place.seq).unwrap_or(i64::MAX), n, hash, entry.bytes()])?;
        let e = self.conn.last_insert_rowid();
        for opening in &openings {
            let value = encode_value(&opening.value);
            if value.len() > VALUE_MOST {
                return Err(StoreError::TooLarge { what: "field", size: value.len(), most: VALUE_MOST });
            }
            if matches!(opening.value, Value::Array(_) | Value::Map(_)) {
                // Depth: what could not be exported must not come in.
                opening.encode(&hash)?;
                self.use_blobs(e, &opening.field, &opening.value, 0)?;
            }
            self.conn
                .prepare_cached("INSERT INTO opening (e, field, salt, value) VALUES (?, ?, ?, ?)")?
                .execute(params![e, opening.field, opening.salt, value])?;
        }
        self.put_links(n, change.of.kind, &old, &record.fields)?;
        self.index(n, known.is_none(), change, &record)?;

        let clock_back = self.chain.seq > 0 && at < self.chain.at;
        self.chain.seq = place.seq;
        self.chain.head = hash;
        self.chain.at = at;
        self.chain.frontier.push(&hash);
        self.chain.changed = true;
        if change.what == "writer.rekeyed" && change.of.id == self.house.writer {
            let key = change.public.get("key").and_then(Value::as_bytes).unwrap_or_default();
            self.chain.key = hash_of(key)?;
        }
        Ok(Committed { hash, seq: place.seq, clock_back })
    }

    /// Keeps a blob (photo, card picture, document) and gives the value that refers to it.
    ///
    /// # Errors
    /// [`StoreError::TooLarge`] beyond 64 MiB.
    pub fn put_blob(&mut self, bytes: &[u8], media_type: &str) -> Result<Value, StoreError> {
        if bytes.len() > BLOB_MOST {
            return Err(StoreError::TooLarge { what: "blob", size: bytes.len(), most: BLOB_MOST });
        }
        let sha256: Hash = Sha256::digest(bytes).into();
        self.conn
            .prepare_cached("INSERT OR IGNORE INTO blob (sha256, type, bytes) VALUES (?, ?, ?)")?
            .execute(params![sha256, media_type, bytes])?;
        Ok(Value::blob(sha256, bytes.len() as u64, media_type))
    }

    pub(crate) fn put_record(&mut self, known: Option<i64>, record: &Record) -> Result<i64, StoreError> {
        let fields = encode_value(&Value::Map(record.fields.clone()));
        let heads = record.heads.concat();
        if let Some(n) = known {
            self.conn
                .prepare_cached("UPDATE record SET state = ?, fields = ?, heads = ? WHERE n = ?")?
                .execute(params![record.state, fields, heads, n])?;
            Ok(n)
        } else {
            self.conn
                .prepare_cached("INSERT INTO record (kind, id, state, fields, heads) VALUES (?, ?, ?, ?, ?)")?
                .execute(params![record.of.kind.word(), record.of.id.0, record.state, fields, heads])?;
            Ok(self.conn.last_insert_rowid())
        }
    }

    pub(crate) fn put_links(
        &mut self,
        n: i64,
        kind: Kind,
        old: &BTreeMap<String, Value>,
        new: &BTreeMap<String, Value>,
    ) -> Result<(), StoreError> {
        for field in links(kind) {
            let (before, after) = (old.get(*field), new.get(*field));
            if before == after {
                continue;
            }
            let name = format!("{}.{field}", kind.word());
            if let Some(value) = before {
                self.conn
                    .prepare_cached("DELETE FROM link WHERE field = ? AND value = ? AND n = ?")?
                    .execute(params![name, encode_value(value), n])?;
            }
            if let Some(value) = after {
                self.conn
                    .prepare_cached("INSERT OR IGNORE INTO link (field, value, n) VALUES (?, ?, ?)")?
                    .execute(params![name, encode_value(value), n])?;
            }
        }
        Ok(())
    }

    fn use_blobs(&mut self, e: i64, field: &str, value: &Value, depth: usize) -> Result<(), StoreError> {
        if let Some(sha256) = value.as_blob() {
            let there = self.conn.prepare_cached("SELECT 1 FROM blob WHERE sha256 = ?")?.exists([sha256])?;
            if !there {
                return Err(StoreError::BlobMissing { field: field.to_owned() });
            }
            self.conn
                .prepare_cached("INSERT OR IGNORE INTO blob_use (sha256, e, field) VALUES (?, ?, ?)")?
                .execute(params![sha256, e, field])?;
            return Ok(());
        }
        // The opening was encoded above, so the depth is bounded already; this is a second lock on the same door.
        match value {
            Value::Array(values) if depth < 16 => {
                values.iter().try_for_each(|value| self.use_blobs(e, field, value, depth + 1))
            }
            Value::Map(values) if depth < 16 => {
                values.values().try_for_each(|value| self.use_blobs(e, field, value, depth + 1))
            }
            _ => Ok(()),
        }
    }
}

/// The state after the change, if the graph of its kind allows it.
fn next_state(change: &Change, before: Option<&StoredRecord>) -> Result<String, StoreError> {
    let kind = change.of.kind;
    let graph = states(kind);
    let found = before.map_or("", |record| record.record.state.as_str());
    match &change.state {
        Some((from, to)) => {
            if from != found {
                return Err(StoreError::StateDiffers { kind, expected: from.clone(), found: found.to_owned() });
            }
            if !graph.allows(from, to) {
                return Err(StoreError::StateNotAllowed { kind, from: from.clone(), to: to.clone() });
            }
            Ok(to.clone())
        }
        None if before.is_none() && !graph.edges().is_empty() => Err(StoreError::RecordMissing { kind }),
        None if found == "erased" && !change.fields.is_empty() => Err(StoreError::RecordErased { kind }),
        None => Ok(found.to_owned()),
    }
}

pub(crate) fn hash_of(bytes: &[u8]) -> Result<Hash, StoreError> {
    bytes.try_into().map_err(|_| StoreError::Damaged { what: "hash" })
}

pub(crate) fn id_of(bytes: &[u8]) -> Result<Id, StoreError> {
    bytes.try_into().map(Id).map_err(|_| StoreError::Damaged { what: "id" })
}

pub(crate) fn fields_of(bytes: &[u8]) -> Result<BTreeMap<String, Value>, StoreError> {
    match decode_value(bytes) {
        Ok(Value::Map(fields)) => Ok(fields),
        _ => Err(StoreError::Damaged { what: "fields" }),
    }
}

pub(crate) fn frontier_bytes(frontier: &Frontier) -> Vec<u8> {
    frontier.peaks().concat()
}

pub(crate) fn frontier_of(size: u64, bytes: &[u8]) -> Result<Frontier, StoreError> {
    let (peaks, rest) = bytes.as_chunks::<32>();
    let frontier = if rest.is_empty() { Frontier::from_parts(size, peaks.to_vec()) } else { None };
    frontier.ok_or(StoreError::Damaged { what: "log" })
}

pub(crate) fn of_row(kind: &str, id: &[u8]) -> Result<RecordRef, StoreError> {
    Ok(RecordRef { kind: Kind::of_word(kind).ok_or(StoreError::Damaged { what: "kind" })?, id: id_of(id)? })
}
