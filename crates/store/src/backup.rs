//! Backup and restore: a backup is a house folder like any other, with the same slots and under the same key. A restore
//! is believed only after the database's own check, and a walk over the whole chain.

use std::path::Path;

use lanyard_history::{Entry, NO_PREV, PublicKey, tree::Frontier};
use lanyard_secret::Secret;
use rusqlite::backup::Backup;
use rusqlite::{Connection, OpenFlags};

use crate::commit::{frontier_bytes, hash_of};
use crate::open::{head_of, keyed};
use crate::{Entropy, Mode, Store, StoreError, folder};

const PAGES: i32 = 1024;

impl Store {
    /// Copies this house, as it is at this moment, into a new or empty folder.
    ///
    /// # Errors
    /// [`StoreError::Exists`], [`StoreError::DiskFull`]; a copy that is not whole is taken away.
    pub fn backup(&self, to: &Path, store_key: &Secret<32>) -> Result<(), StoreError> {
        let slots = folder::read_slots(&self.dir)?;
        folder::make(to)?;
        let whole = copy(&self.conn, to, store_key).and_then(|()| folder::write_slots(to, &slots));
        if whole.is_err() {
            folder::sweep(to);
        }
        whole
    }

    /// Walks over database and chain: pages, links, signatures, commitments, log. Answers how many entries there are.
    ///
    /// # Errors
    /// [`StoreError::Damaged`], which says what does not hold.
    pub fn check(&self) -> Result<u64, StoreError> {
        // One row per page that does not verify; none if all do.
        if self.conn.prepare("PRAGMA cipher_integrity_check")?.exists([])? {
            return Err(StoreError::Damaged { what: "pages" });
        }
        let verdict: String = self.conn.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
        if verdict != "ok" {
            return Err(StoreError::Damaged { what: "integrity" });
        }
        self.check_chain()
    }

    fn check_chain(&self) -> Result<u64, StoreError> {
        let damaged = |what| StoreError::Damaged { what };
        let mut key: Option<PublicKey> = None;
        let (mut seq, mut head, mut log) = (0, NO_PREV, Frontier::new());
        let mut entries = self.conn.prepare("SELECT e, hash, bytes FROM entry WHERE w = 1 ORDER BY seq")?;
        let mut openings = self.conn.prepare("SELECT field, salt, value FROM opening WHERE e = ?")?;
        let mut rows = entries.query([])?;
        while let Some(row) = rows.next()? {
            let entry = Entry::parse(row.get(2)?)?;
            let view = entry.view()?;
            let payload = &view.payload;
            if payload.writer != self.house.writer || payload.seq != seq + 1 || *payload.prev != head {
                return Err(damaged("chain"));
            }
            if hash_of(&row.get::<_, Vec<u8>>(1)?)? != entry.hash() {
                return Err(damaged("hash"));
            }
            let named = || payload.public().get("key").and_then(|key| key.as_bytes().map(<[u8]>::to_vec));
            if payload.seq == 1 {
                key = named().and_then(|key| PublicKey::new(&hash_of(&key).ok()?).ok());
            }
            if !key.as_ref().is_some_and(|key| key.signed(&view)) {
                return Err(damaged("signature"));
            }
            if payload.what == "writer.rekeyed" && payload.of == self.house.writer {
                key = named().and_then(|key| PublicKey::new(&hash_of(&key).ok()?).ok());
            }
            let mut rows = openings.query([row.get::<_, i64>(0)?])?;
            while let Some(row) = rows.next()? {
                let (field, salt, value) =
                    (row.get::<_, String>(0)?, row.get::<_, Vec<u8>>(1)?, row.get::<_, Vec<u8>>(2)?);
                let value = lanyard_history::decode_value(&value)?;
                let commitment = lanyard_history::commitment(&hash_of(&salt)?, &value);
                if !payload.fields().any(|(name, there)| name == field && *there == commitment) {
                    return Err(damaged("opening"));
                }
            }
            (seq, head) = (payload.seq, entry.hash());
            log.push(&head);
        }
        let frontier: Vec<u8> = self.conn.query_row("SELECT frontier FROM log", [], |row| row.get(0))?;
        if head_of(&self.conn)? != (seq, head) {
            return Err(damaged("head"));
        }
        if frontier != frontier_bytes(&log) {
            return Err(damaged("log"));
        }
        Ok(seq)
    }
}

/// Restores a backup into a new or empty folder, and checks it there. Answers how many entries it has. Nothing is ever
/// overwritten, and what does not hold is taken away again.
///
/// # Errors
/// [`StoreError::Exists`], [`StoreError::KeyWrong`], [`StoreError::BackupDamaged`], [`StoreError::Newer`].
pub fn restore(from: &Path, to: &Path, store_key: &Secret<32>, entropy: Entropy) -> Result<u64, StoreError> {
    let slots = folder::read_slots(from).map_err(|error| match error {
        StoreError::Keys(lanyard_keys::KeysError::SlotsDamaged) => StoreError::BackupDamaged { why: "slots" },
        other => other,
    })?;
    let source = Store::open(from, store_key, Mode::Read, Box::new(|_| {})).map_err(of_backup)?;
    if slots.house() != source.house.id {
        return Err(StoreError::BackupDamaged { why: "slots" });
    }
    folder::make(to)?;
    let restored = copy(&source.conn, to, store_key).and_then(|()| folder::write_slots(to, &slots)).and_then(|()| {
        let store = Store::open(to, store_key, Mode::Write, entropy)?;
        let entries = store.check()?;
        store.close();
        Ok(entries)
    });
    restored.map_err(|error| {
        folder::sweep(to);
        of_backup(error)
    })
}

/// What is wrong with the backup's store, said of the backup.
fn of_backup(error: StoreError) -> StoreError {
    match error {
        StoreError::Damaged { what: "pages" | "integrity" | "database" } => {
            StoreError::BackupDamaged { why: "integrity" }
        }
        StoreError::Damaged { .. } | StoreError::History(_) => StoreError::BackupDamaged { why: "history" },
        other => other,
    }
}

fn copy(source: &Connection, to: &Path, store_key: &Secret<32>) -> Result<(), StoreError> {
    let path = folder::database(to);
    let file = folder::new_file(&path)?;
    {
        let mut copy = Connection::open_with_flags(&path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        keyed(&copy, "PRAGMA key = ", store_key)?;
        copy.execute_batch("PRAGMA synchronous = FULL; PRAGMA journal_mode = DELETE;")?;
        Backup::new(source, &mut copy)?.run_to_completion(PAGES, std::time::Duration::ZERO, None)?;
    }
    file.sync_all()?;
    Ok(folder::sync_dir(to)?)
}
