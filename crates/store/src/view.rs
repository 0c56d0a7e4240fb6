//! What is there: records by id, by kind, by the value of a field.

use lanyard_history::{Hash, encode_value};
use lanyard_model::{Id, Kind, Record, RecordRef, Value};
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::StoreError;
use crate::commit::{fields_of, of_row};

/// Fields by which records are found. Once here, a field stays here: a store in the field has rows for it.
pub(crate) fn links(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Person => &["staff_no"],
        Kind::Card => &["person", "number", "uid"],
        Kind::Credential => &["card", "uid"],
        Kind::Certificate => &["credential", "person", "serial"],
        Kind::Photo | Kind::Request => &["person"],
        Kind::Operator => &["login"],
        Kind::Key => &["name"],
        _ => &[],
    }
}

/// A record and its row.
pub(crate) struct StoredRecord {
    pub n: i64,
    pub record: Record,
}

/// Reads. Each call sees the store at one moment.
#[derive(Clone, Copy)]
pub struct View<'a> {
    pub(crate) conn: &'a Connection,
}

impl View<'_> {
    /// A record.
    ///
    /// # Errors
    /// [`StoreError::RecordKind`] if the id is that of another kind.
    pub fn record(&self, of: RecordRef) -> Result<Option<Record>, StoreError> {
        Ok(self.stored(of)?.map(|stored| stored.record))
    }

    /// A record that must be there.
    ///
    /// # Errors
    /// [`StoreError::RecordMissing`], [`StoreError::RecordKind`].
    pub fn required(&self, of: RecordRef) -> Result<Record, StoreError> {
        self.record(of)?.ok_or(StoreError::RecordMissing { kind: of.kind })
    }

    /// All records of a kind, in the order in which they came; `state` of `None` is any.
    ///
    /// # Errors
    /// [`StoreError::Damaged`].
    pub fn records(&self, kind: Kind, state: Option<&str>) -> Result<Vec<Record>, StoreError> {
        let mut found = match state {
            Some(state) => self.many(
                "SELECT n, kind, id, state, fields, heads FROM record WHERE kind = ? AND state = ? ORDER BY n",
                params![kind.word(), state],
            )?,
            None => self.many(
                "SELECT n, kind, id, state, fields, heads FROM record WHERE kind = ? ORDER BY n",
                params![kind.word()],
            )?,
        };
        Ok(found.drain(..).map(|stored| stored.record).collect())
    }

    /// The newest records of a kind, newest first.
    ///
    /// # Errors
    /// [`StoreError::Damaged`].
    pub fn newest(&self, kind: Kind, limit: usize) -> Result<Vec<Record>, StoreError> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let mut found = self.many(
            "SELECT n, kind, id, state, fields, heads FROM record WHERE kind = ? ORDER BY n DESC LIMIT ?",
            params![kind.word(), limit],
        )?;
        Ok(found.drain(..).map(|stored| stored.record).collect())
    }

    /// How many records of a kind there are.
    ///
    /// # Errors
    /// [`StoreError::Damaged`].
    pub fn count(&self, kind: Kind) -> Result<u64, StoreError> {
        let count: i64 = self
            .conn
            .prepare_cached("SELECT count(*) FROM record WHERE kind = ?")?
            .query_row([kind.word()], |row| row.get(0))?;
        Ok(count.unsigned_abs())
    }

    /// The records of a kind in which a field has this value now: cards of a person, credentials of a card, the card of a
    /// number; in the order in which they came. For person: `staff_no`; card: `person`, `number`, `uid`; credential:
    /// `card`, `uid`; certificate: `credential`, `person`, `serial`; photo, request: `person`; operator: `login`;
    /// key: `name`.
    ///
    /// # Errors
    /// [`StoreError::NotIndexed`] for another field.
    pub fn records_by(&self, kind: Kind, field: &str, value: &Value) -> Result<Vec<Record>, StoreError> {
        Ok(self.stored_by(kind, field, value)?.into_iter().map(|stored| stored.record).collect())
    }

    /// The records of a kind that refer to this id in a field.
    ///
    /// # Errors
    /// As [`Self::records_by`].
    pub fn records_of(&self, kind: Kind, field: &str, id: Id) -> Result<Vec<Record>, StoreError> {
        self.records_by(kind, field, &Value::Bytes(id.0.to_vec()))
    }

    /// The newest card of ours with this UID, whatever its state: a card that we know is no blank.
    ///
    /// # Errors
    /// [`StoreError::Damaged`].
    pub fn uid_known(&self, uid: &[u8]) -> Result<Option<Record>, StoreError> {
        let uid = Value::Bytes(uid.to_vec());
        if let Some(card) = self.records_by(Kind::Card, "uid", &uid)?.pop() {
            return Ok(Some(card));
        }
        let Some(credential) = self.records_by(Kind::Credential, "uid", &uid)?.pop() else { return Ok(None) };
        let card = credential.fields.get("card").and_then(Value::as_bytes).and_then(|id| id.try_into().ok());
        match card {
            Some(id) => self.record(RecordRef { kind: Kind::Card, id: Id(id) }),
            None => Ok(Some(credential)),
        }
    }

    /// A blob's media type and bytes.
    ///
    /// # Errors
    /// [`StoreError::Damaged`].
    pub fn blob(&self, sha256: &Hash) -> Result<Option<(String, Vec<u8>)>, StoreError> {
        let mut statement = self.conn.prepare_cached("SELECT type, bytes FROM blob WHERE sha256 = ?")?;
        Ok(statement.query_row([sha256], |row| Ok((row.get(0)?, row.get(1)?))).optional()?)
    }

    pub(crate) fn stored(&self, of: RecordRef) -> Result<Option<StoredRecord>, StoreError> {
        let mut statement =
            self.conn.prepare_cached("SELECT n, kind, id, state, fields, heads FROM record WHERE id = ?")?;
        let Some(raw) = statement.query_row([of.id.0], raw).optional()? else { return Ok(None) };
        if raw.kind != of.kind.word() {
            return Err(StoreError::RecordKind { kind: of.kind, found: raw.kind });
        }
        Ok(Some(raw.read()?))
    }

    pub(crate) fn stored_n(&self, n: i64) -> Result<Option<StoredRecord>, StoreError> {
        let found = self.many("SELECT n, kind, id, state, fields, heads FROM record WHERE n = ?", params![n])?.pop();
        Ok(found)
    }

    pub(crate) fn stored_by(&self, kind: Kind, field: &str, value: &Value) -> Result<Vec<StoredRecord>, StoreError> {
        let name = format!("{}.{field}", kind.word());
        if !links(kind).contains(&field) {
            return Err(StoreError::NotIndexed { field: name });
        }
        self.many(
            "SELECT record.n, kind, id, state, fields, heads FROM link JOIN record ON record.n = link.n
             WHERE field = ? AND value = ? ORDER BY record.n",
            params![name, encode_value(value)],
        )
    }

    fn many(&self, sql: &str, params: &[&dyn rusqlite::ToSql]) -> Result<Vec<StoredRecord>, StoreError> {
        let mut statement = self.conn.prepare_cached(sql)?;
        let rows = statement.query_map(params, raw)?;
        rows.map(|row| row.map_err(StoreError::from).and_then(RawRecord::read)).collect()
    }
}

struct RawRecord {
    n: i64,
    kind: String,
    id: Vec<u8>,
    state: String,
    fields: Vec<u8>,
    heads: Vec<u8>,
}

fn raw(row: &Row<'_>) -> rusqlite::Result<RawRecord> {
    Ok(RawRecord {
        n: row.get(0)?,
        kind: row.get(1)?,
        id: row.get(2)?,
        state: row.get(3)?,
        fields: row.get(4)?,
        heads: row.get(5)?,
    })
}

impl RawRecord {
    fn read(self) -> Result<StoredRecord, StoreError> {
        let (heads, rest) = self.heads.as_chunks::<32>();
        if !rest.is_empty() {
            return Err(StoreError::Damaged { what: "heads" });
        }
        let record = Record {
            of: of_row(&self.kind, &self.id)?,
            state: self.state,
            fields: fields_of(&self.fields)?,
            heads: heads.to_vec(),
        };
        Ok(StoredRecord { n: self.n, record })
    }
}
