//! The history of a record, as it is told: its entries, and what their fields held.

use std::collections::{BTreeMap, BTreeSet};

use lanyard_history::{Entry, Hash, decode_value};
use lanyard_model::{RecordRef, Value};
use rusqlite::params;

use crate::commit::hash_of;
use crate::open::head_of;
use crate::{StoreError, View};

/// A field of an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FieldTold {
    /// Its value.
    Open(Value),
    /// Erased; only the commitment is left.
    Erased,
    /// Never opened here.
    Withheld,
}

/// An entry, and what its fields held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// The entry; [`Entry::view`] says who, when, what.
    pub entry: Entry,
    /// By name.
    pub fields: BTreeMap<String, FieldTold>,
}

impl View<'_> {
    /// Every entry about a record, oldest first.
    ///
    /// # Errors
    /// [`StoreError::RecordKind`], [`StoreError::Damaged`].
    pub fn history(&self, of: RecordRef) -> Result<Vec<Told>, StoreError> {
        let Some(stored) = self.stored(of)? else { return Ok(Vec::new()) };
        let mut statement = self.conn.prepare_cached("SELECT e, bytes FROM entry WHERE n = ? ORDER BY e")?;
        let rows = statement.query_map([stored.n], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, Vec<u8>>(1)?)))?;
        let mut told = rows.map(|row| row.map_err(StoreError::from).and_then(|(e, bytes)| self.tell(e, bytes)));
        let mut all = told.by_ref().collect::<Result<Vec<_>, _>>()?;
        let erased = erased_fields(&all)?;
        for Told { entry, fields } in &mut all {
            for (name, field) in fields.iter_mut() {
                if *field == FieldTold::Withheld && erased.contains(&(entry.hash(), name.clone())) {
                    *field = FieldTold::Erased;
                }
            }
        }
        Ok(all)
    }

    /// The newest entries of this station's chain, newest first. Erased fields are told as withheld here.
    ///
    /// # Errors
    /// [`StoreError::Damaged`].
    pub fn recent(&self, limit: usize) -> Result<Vec<Told>, StoreError> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let mut statement = self.conn.prepare_cached("SELECT e, bytes FROM entry ORDER BY e DESC LIMIT ?")?;
        let rows = statement.query_map([limit], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, Vec<u8>>(1)?)))?;
        rows.map(|row| row.map_err(StoreError::from).and_then(|(e, bytes)| self.tell(e, bytes))).collect()
    }

    /// How far this station's chain is: the last seq and its hash.
    ///
    /// # Errors
    /// [`StoreError::Damaged`].
    pub fn head(&self) -> Result<(u64, Hash), StoreError> {
        head_of(self.conn)
    }

    /// The newest signed checkpoint of this station's log, as a note.
    ///
    /// # Errors
    /// [`StoreError::Damaged`].
    pub fn checkpoint(&self) -> Result<Option<String>, StoreError> {
        use rusqlite::OptionalExtension;
        let mut statement = self.conn.prepare_cached("SELECT note FROM checkpoint ORDER BY size DESC LIMIT 1")?;
        Ok(statement.query_row([], |row| row.get(0)).optional()?)
    }

    fn tell(&self, e: i64, bytes: Vec<u8>) -> Result<Told, StoreError> {
        let entry = Entry::parse(bytes)?;
        let mut fields: BTreeMap<String, FieldTold> =
            entry.view()?.payload.fields().map(|(name, _)| (name.to_owned(), FieldTold::Withheld)).collect();
        let mut statement = self.conn.prepare_cached("SELECT field, value FROM opening WHERE e = ?")?;
        let mut rows = statement.query(params![e])?;
        while let Some(row) = rows.next()? {
            let value = decode_value(row.get_ref(1)?.as_blob().unwrap_or_default())?;
            fields.insert(row.get(0)?, FieldTold::Open(value));
        }
        Ok(Told { entry, fields })
    }
}

fn erased_fields(all: &[Told]) -> Result<BTreeSet<(Hash, String)>, StoreError> {
    let mut erased = BTreeSet::new();
    for told in all {
        let payload = told.entry.view()?.payload;
        if payload.what != "record.erased" {
            continue;
        }
        let Some(Value::Array(pairs)) = payload.public().remove("erased") else { continue };
        for pair in pairs {
            if let Value::Array(pair) = pair
                && let [Value::Bytes(entry), Value::Text(field)] = pair.as_slice()
            {
                erased.insert((hash_of(entry)?, field.clone()));
            }
        }
    }
    Ok(erased)
}
