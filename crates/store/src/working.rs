//! Working state, which is not history: where each case stands, what each step came to, the journal of each card,
//! settings, number ranges, and the sealed things that only lanyard-keys can open.

use lanyard_model::{Id, UnixMs};
use rusqlite::{OptionalExtension, params};

use crate::commit::id_of;
use crate::{Store, StoreError, Tx, View};

const MOST: usize = 1 << 20;
const VAULT_MOST: usize = 16 << 20;

/// Where a case stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstanceRow {
    /// The workflow instance; also the request's id.
    pub id: Id,
    /// Not over yet.
    pub open: bool,
    /// Last changed.
    pub at: UnixMs,
    /// The workflow's own text.
    pub state: String,
}

/// One attempt at a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepRow {
    /// The element of the workflow.
    pub step: String,
    /// From 1.
    pub attempt: u32,
    /// Begun, or ended.
    pub at: UnixMs,
    /// What it came to; `None`: begun and not ended, as after a kill.
    pub outcome: Option<String>,
}

fn within(what: &'static str, size: usize, most: usize) -> Result<(), StoreError> {
    if size > most { Err(StoreError::TooLarge { what, size, most }) } else { Ok(()) }
}

impl Tx<'_> {
    /// Writes where a case stands.
    ///
    /// # Errors
    /// [`StoreError::TooLarge`].
    pub fn put_instance(&mut self, instance: &InstanceRow) -> Result<(), StoreError> {
        within("instance", instance.state.len(), MOST)?;
        self.conn
            .prepare_cached("INSERT OR REPLACE INTO instance (id, open, at, state) VALUES (?, ?, ?, ?)")?
            .execute(params![instance.id.0, instance.open, instance.at.0, instance.state])?;
        Ok(())
    }

    /// A step begins: answers which attempt this is, from 1.
    ///
    /// # Errors
    /// [`StoreError::DiskFull`], …
    pub fn step_begin(&mut self, instance: Id, step: &str, at: UnixMs) -> Result<u32, StoreError> {
        within("step", step.len(), 256)?;
        let last: Option<u32> = self
            .conn
            .prepare_cached("SELECT max(attempt) FROM step WHERE instance = ? AND step = ?")?
            .query_row(params![instance.0, step], |row| row.get(0))?;
        let attempt = last.unwrap_or(0) + 1;
        self.conn
            .prepare_cached("INSERT INTO step (instance, step, attempt, at) VALUES (?, ?, ?, ?)")?
            .execute(params![instance.0, step, attempt, at.0])?;
        Ok(attempt)
    }

    /// A step ends.
    ///
    /// # Errors
    /// [`StoreError::TooLarge`]; [`StoreError::Damaged`] for an attempt that never began.
    pub fn step_end(
        &mut self,
        instance: Id,
        step: &str,
        attempt: u32,
        outcome: &str,
        at: UnixMs,
    ) -> Result<(), StoreError> {
        within("step", outcome.len(), MOST)?;
        let changed = self
            .conn
            .prepare_cached("UPDATE step SET outcome = ?, at = ? WHERE instance = ? AND step = ? AND attempt = ?")?
            .execute(params![outcome, at.0, instance.0, step, attempt])?;
        if changed == 1 { Ok(()) } else { Err(StoreError::Damaged { what: "step" }) }
    }

    /// Appends a line to a card's journal; answers its number, from 0.
    ///
    /// # Errors
    /// [`StoreError::TooLarge`].
    pub fn journal_append(&mut self, card: Id, line: &[u8]) -> Result<u32, StoreError> {
        within("journal", line.len(), MOST)?;
        let next: u32 = self
            .conn
            .prepare_cached("SELECT ifnull(max(line) + 1, 0) FROM journal WHERE card = ?")?
            .query_row([card.0], |row| row.get(0))?;
        self.conn
            .prepare_cached("INSERT INTO journal (card, line, bytes) VALUES (?, ?, ?)")?
            .execute(params![card.0, next, line])?;
        Ok(next)
    }

    /// Drops a card's journal: the card is done, or void.
    ///
    /// # Errors
    /// [`StoreError::Disk`], …
    pub fn journal_drop(&mut self, card: Id) -> Result<(), StoreError> {
        self.conn.prepare_cached("DELETE FROM journal WHERE card = ?")?.execute([card.0])?;
        Ok(())
    }

    /// Sets or (with `None`) removes a setting.
    ///
    /// # Errors
    /// [`StoreError::TooLarge`].
    pub fn set_setting(&mut self, key: &str, value: Option<&str>) -> Result<(), StoreError> {
        within("setting", key.len().max(value.map_or(0, str::len)), MOST)?;
        match value {
            Some(value) => self
                .conn
                .prepare_cached("INSERT OR REPLACE INTO setting (key, value) VALUES (?, ?)")?
                .execute([key, value])?,
            None => self.conn.prepare_cached("DELETE FROM setting WHERE key = ?")?.execute([key])?,
        };
        Ok(())
    }

    /// The next number of a range, from 1. Given back if the transaction fails: no gaps, no doubles.
    ///
    /// # Errors
    /// [`StoreError::Disk`], …
    pub fn next_number(&mut self, range: &str) -> Result<u64, StoreError> {
        let next: i64 = self
            .conn
            .prepare_cached(
                "INSERT INTO number (name, next) VALUES (?, 2) ON CONFLICT (name) DO UPDATE SET next = next + 1
                 RETURNING next - 1",
            )?
            .query_row([range], |row| row.get(0))?;
        Ok(next.unsigned_abs())
    }

    /// Leaves so many numbers of a range out.
    ///
    /// # Errors
    /// [`StoreError::Disk`], …
    pub fn skip_numbers(&mut self, range: &str, count: u32) -> Result<(), StoreError> {
        self.conn
            .prepare_cached(
                "INSERT INTO number (name, next) VALUES (?1, 1 + ?2) ON CONFLICT (name) DO UPDATE SET next = next + ?2",
            )?
            .execute(params![range, count])?;
        Ok(())
    }

    /// Keeps the vault as `lanyard_keys::Vault::seal` gave it.
    ///
    /// # Errors
    /// [`StoreError::TooLarge`].
    pub fn seal_vault(&mut self, sealed: &[u8]) -> Result<(), StoreError> {
        within("vault", sealed.len(), VAULT_MOST)?;
        self.conn.prepare_cached("INSERT OR REPLACE INTO vault (one, sealed) VALUES (1, ?)")?.execute([sealed])?;
        Ok(())
    }

    /// Keeps a card's PUK as `lanyard_keys::Vault::new_puk` sealed it.
    ///
    /// # Errors
    /// [`StoreError::TooLarge`].
    pub fn put_puk(&mut self, card: Id, sealed: &[u8]) -> Result<(), StoreError> {
        within("puk", sealed.len(), 1024)?;
        self.conn
            .prepare_cached("INSERT OR REPLACE INTO puk (card, sealed) VALUES (?, ?)")?
            .execute(params![card.0, sealed])?;
        Ok(())
    }
}

impl Store {
    /// Appends a line to a card's journal in a transaction of its own: on disk, synced, when this returns.
    ///
    /// # Errors
    /// As [`Store::write`].
    pub fn journal_append(&mut self, card: Id, line: &[u8]) -> Result<u32, StoreError> {
        self.write(|tx| tx.journal_append(card, line))
    }
}

impl View<'_> {
    /// How many numbers of a range were given out.
    ///
    /// # Errors
    /// [`StoreError::Disk`], …
    pub fn numbers_given(&self, range: &str) -> Result<u64, StoreError> {
        let mut statement = self.conn.prepare_cached("SELECT next - 1 FROM number WHERE name = ?")?;
        let given: Option<i64> = statement.query_row([range], |row| row.get(0)).optional()?;
        Ok(given.unwrap_or_default().unsigned_abs())
    }

    /// Where a case stands.
    ///
    /// # Errors
    /// [`StoreError::Damaged`].
    pub fn instance(&self, id: Id) -> Result<Option<InstanceRow>, StoreError> {
        Ok(self.instances("SELECT id, open, at, state FROM instance WHERE id = ?", params![id.0])?.pop())
    }

    /// All cases that are not over, oldest change first.
    ///
    /// # Errors
    /// [`StoreError::Damaged`].
    pub fn open_instances(&self) -> Result<Vec<InstanceRow>, StoreError> {
        self.instances("SELECT id, open, at, state FROM instance WHERE open = 1 ORDER BY at", &[])
    }

    fn instances(&self, sql: &str, params: &[&dyn rusqlite::ToSql]) -> Result<Vec<InstanceRow>, StoreError> {
        let mut statement = self.conn.prepare_cached(sql)?;
        let rows = statement.query_map(params, |row| {
            Ok((row.get::<_, Vec<u8>>(0)?, row.get::<_, bool>(1)?, row.get::<_, i64>(2)?, row.get::<_, String>(3)?))
        })?;
        rows.map(|row| {
            let (id, open, at, state) = row?;
            Ok(InstanceRow { id: id_of(&id)?, open, at: UnixMs(at), state })
        })
        .collect()
    }

    /// Every attempt at every step of a case, those at one step in the order of their numbers: a clock can be set back.
    ///
    /// # Errors
    /// [`StoreError::Damaged`].
    pub fn steps(&self, instance: Id) -> Result<Vec<StepRow>, StoreError> {
        let mut statement = self
            .conn
            .prepare_cached("SELECT step, attempt, at, outcome FROM step WHERE instance = ? ORDER BY step, attempt")?;
        let rows = statement.query_map([instance.0], |row| {
            Ok(StepRow { step: row.get(0)?, attempt: row.get(1)?, at: UnixMs(row.get(2)?), outcome: row.get(3)? })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The lines of a card's journal, in order.
    ///
    /// # Errors
    /// [`StoreError::Damaged`].
    pub fn journal(&self, card: Id) -> Result<Vec<Vec<u8>>, StoreError> {
        let mut statement = self.conn.prepare_cached("SELECT bytes FROM journal WHERE card = ? ORDER BY line")?;
        let rows = statement.query_map([card.0], |row| row.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// A setting.
    ///
    /// # Errors
    /// [`StoreError::Damaged`].
    pub fn setting(&self, key: &str) -> Result<Option<String>, StoreError> {
        let mut statement = self.conn.prepare_cached("SELECT value FROM setting WHERE key = ?")?;
        Ok(statement.query_row([key], |row| row.get(0)).optional()?)
    }

    /// The sealed vault.
    ///
    /// # Errors
    /// [`StoreError::Damaged`].
    pub fn vault(&self) -> Result<Option<Vec<u8>>, StoreError> {
        let mut statement = self.conn.prepare_cached("SELECT sealed FROM vault")?;
        Ok(statement.query_row([], |row| row.get(0)).optional()?)
    }

    /// A card's sealed PUK.
    ///
    /// # Errors
    /// [`StoreError::Damaged`].
    pub fn puk(&self, card: Id) -> Result<Option<Vec<u8>>, StoreError> {
        let mut statement = self.conn.prepare_cached("SELECT sealed FROM puk WHERE card = ?")?;
        Ok(statement.query_row([card.0], |row| row.get(0)).optional()?)
    }
}
