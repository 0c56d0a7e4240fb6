//! Erasure: openings, blobs, field values and search rows go, the chain stays, and an entry says what went.

use lanyard_history::{Hash, events};
use lanyard_model::{Actor, Kind, RecordRef, UnixMs, states};
use rusqlite::params;

use crate::commit::hash_of;
use crate::{Committed, StoreError, Tx};

/// Pairs of hash and field in one entry: below its 60,000 bytes, whatever the fields are called.
const PAIRS: usize = 400;

impl Tx<'_> {
    /// Erases fields of a record in all its entries, or all of them (`None`), and with all of them the record, where
    /// its kind has a state `erased`. Answers the entries that say so: none if there was nothing to erase.
    ///
    /// # Errors
    /// [`StoreError::RecordMissing`], [`StoreError::Locked`].
    pub fn erase(
        &mut self,
        of: RecordRef,
        fields: Option<&[&str]>,
        by: &[Actor],
        at: UnixMs,
    ) -> Result<Vec<Committed>, StoreError> {
        let stored = self.view().stored(of)?.ok_or(StoreError::RecordMissing { kind: of.kind })?;
        let n = stored.n;
        let gone = |field: &str| fields.is_none_or(|fields| fields.contains(&field));

        let mut pairs: Vec<(Hash, String)> = Vec::new();
        for (e, hash, field) in self.openings(n)? {
            if gone(&field) {
                self.drop_opening(e, &field)?;
                pairs.push((hash, field));
            }
        }
        let mut record = stored.record;
        let old = record.fields.clone();
        record.fields.retain(|field, _| !gone(field));
        let to = (fields.is_none() && states(of.kind).allows(&record.state, "erased") && !record.state.is_empty())
            .then(|| "erased".to_owned());
        if pairs.is_empty() && to.is_none() {
            return Ok(Vec::new());
        }
        self.put_record(Some(n), &record)?;
        self.put_links(n, of.kind, &old, &record.fields)?;
        match of.kind {
            Kind::Person if record.fields.is_empty() => self.unindex_person(n)?,
            Kind::Person => self.index_person(n, false, &record)?,
            // The holder's words held this card's number; who held it is in the fields as they were.
            Kind::Card => {
                self.index_holder(&lanyard_model::Record { fields: old, ..record.clone() })?;
            }
            _ => {}
        }
        self.drop_journals(of)?;
        self.erased = true;

        let mut done = Vec::new();
        let mut chunks = pairs.chunks(PAIRS).peekable();
        let mut next = Some(chunks.next().unwrap_or_default());
        while let Some(chunk) = next {
            next = chunks.next();
            let mut change = events::record_erased(of, chunk);
            let before = self.view().stored(of)?;
            let mut state = record.state.clone();
            if let (None, Some(to)) = (next, &to) {
                change = change.state(&record.state, to);
                state.clone_from(to);
            }
            done.push(self.write_change(&change, by, at, before, state)?);
        }
        Ok(done)
    }

    /// The plan of a card holds what goes onto it: that of a person's, or of a card, goes with them.
    fn drop_journals(&mut self, of: RecordRef) -> Result<(), StoreError> {
        let cards = match of.kind {
            Kind::Card => vec![of.id],
            Kind::Person => {
                let cards = self.view().records_of(Kind::Card, "person", of.id)?;
                cards.into_iter().map(|card| card.of.id).collect()
            }
            _ => Vec::new(),
        };
        cards.into_iter().try_for_each(|card| self.journal_drop(card))
    }

    /// Every opening of a record's entries.
    fn openings(&self, n: i64) -> Result<Vec<(i64, Hash, String)>, StoreError> {
        let mut statement = self.conn.prepare_cached(
            "SELECT entry.e, hash, field FROM entry JOIN opening ON opening.e = entry.e WHERE n = ? ORDER BY entry.e, field",
        )?;
        let rows =
            statement.query_map([n], |row| Ok((row.get(0)?, row.get::<_, Vec<u8>>(1)?, row.get::<_, String>(2)?)))?;
        rows.map(|row| {
            let (e, hash, field) = row?;
            Ok((e, hash_of(&hash)?, field))
        })
        .collect()
    }

    fn drop_opening(&mut self, e: i64, field: &str) -> Result<(), StoreError> {
        let blobs = {
            let mut statement = self.conn.prepare_cached("SELECT sha256 FROM blob_use WHERE e = ? AND field = ?")?;
            let rows = statement.query_map(params![e, field], |row| row.get::<_, Vec<u8>>(0))?;
            rows.collect::<Result<Vec<_>, _>>()?
        };
        self.conn.prepare_cached("DELETE FROM blob_use WHERE e = ? AND field = ?")?.execute(params![e, field])?;
        for sha256 in blobs {
            self.conn
                .prepare_cached(
                    "DELETE FROM blob WHERE sha256 = ?1 AND NOT EXISTS (SELECT 1 FROM blob_use WHERE sha256 = ?1)",
                )?
                .execute([sha256])?;
        }
        self.conn.prepare_cached("DELETE FROM opening WHERE e = ? AND field = ?")?.execute(params![e, field])?;
        Ok(())
    }
}
