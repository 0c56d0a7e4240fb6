//! Backups: made, and proved once by restoring them aside, before a real card is written.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use lanyard_keys::Vault;
use lanyard_model::{Change, Kind, Record, UnixMs};
use lanyard_secret::SecretBytes;
use lanyard_store::{Mode, Store, StoreError, sync_dir};

use crate::house::{file, write_front, writes};
use crate::making::key_label;
use crate::shared::Core;
use crate::{StationError, entropy};

/// Whether each key's backup was proved within a year.
pub(crate) fn backup_holds(vault: &Vault, now: UnixMs) -> bool {
    vault.keys().all(|key| key.proof(now).holds())
}

/// Proved for the first time, or again.
pub(crate) fn backup_proved(key: &Record) -> Change {
    let change = Change::new("key.backup_proved", key.of);
    if key.state == "made" { change.state("made", "proved") } else { change }
}

impl Core {
    /// A copy of store and slots, with the vault inside, as it is now.
    pub(crate) fn backup(&mut self, to: &Path, now: UnixMs) -> Result<(), StationError> {
        let (house, session) = self.open()?;
        let by = session.did();
        let station = house.station_record();
        if !writes(house) {
            return Err(StoreError::ReadOnly.into());
        }
        outside(house.store.dir(), to)?;
        let beside = Beside::of(to)?;
        house.store.backup(&beside.folder, &session.opened.store_key)?;
        write_front(&beside.folder, &house.front)?;
        beside.in_place(to)?;
        // Only now, so that the history claims no backup that failed.
        house.store.write(|tx| tx.commit(&Change::new("station.backed_up", station), &by, now))?;
        self.status_changed();
        Ok(())
    }

    /// Restores a backup aside and compares every key: from then on real cards may be written.
    pub(crate) fn backup_prove(
        &mut self,
        from: &Path,
        password: &SecretBytes,
        now: UnixMs,
    ) -> Result<(), StationError> {
        let (house, session) = self.open()?;
        outside(house.store.dir(), from)?;
        let slots = lanyard_store::read_slots(from)?;
        if slots.house() != house.slots.house() {
            return Err(StationError::BackupForeign { what: from.display().to_string() });
        }
        let opened = slots.open(session.id, password)?;
        let aside = house.store.dir().join("proof");
        if aside.exists() {
            std::fs::remove_dir_all(&aside).map_err(|error| file(&aside, &error))?;
        }
        let restored =
            lanyard_store::restore(from, &aside, &opened.store_key, Box::new(entropy::fill)).and_then(|_| {
                let store = Store::open(&aside, &opened.store_key, Mode::Read, Box::new(entropy::fill))?;
                store.view().vault()?.ok_or(StoreError::BackupDamaged { why: "vault" })
            });
        let swept = std::fs::remove_dir_all(&aside);
        let restored = Vault::open(&restored?, &opened.vault_key, house.kind())?;
        swept.map_err(|error| file(&aside, &error))?;
        // Marked is a second vault, which takes the place of the one in use once the store holds it: a proof that could not
        // be written is none.
        let own = house.store.view().vault()?.ok_or(StoreError::Damaged { what: "vault" })?;
        let mut vault = Vault::open(&own, &session.opened.vault_key, house.kind())?;
        let proved = vault.prove_backup(&restored, now)?;
        let sealed = vault.seal(&session.opened.vault_key, &mut entropy::fill)?;
        let by = session.did();
        house.store.write(|tx| {
            tx.seal_vault(&sealed)?;
            for key in &proved {
                let record = tx.view().records_by(Kind::Key, "name", &key_label(&key.of).into())?.pop();
                let record = record.ok_or(StoreError::Damaged { what: "key record" })?;
                tx.commit(&backup_proved(&record), &by, now)?;
            }
            Ok::<_, StoreError>(())
        })?;
        house.backup_proved = backup_holds(&vault, now);
        session.use_vault(vault)?;
        self.status_changed();
        Ok(())
    }
}

/// Where a backup comes into being: at no moment is a part of one there under its own name. Taken away again, unless it was put
/// in place.
struct Beside {
    folder: PathBuf,
}

/// The store last: a folder without it is no house.
const FILES: [&str; 3] = ["slots.json", "house.json", "store.db"];

impl Beside {
    /// For a backup in this folder, which is new or empty. An empty one may be a disk of its own: then it comes into being
    /// within, since nothing is moved from one disk to another in one go.
    fn of(to: &Path) -> Result<Self, StationError> {
        const NAME: &str = "unfinished";
        let there = match std::fs::read_dir(to) {
            Ok(entries) => Some(entries),
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => return Err(file(to, &error)),
        };
        let folder = match there {
            Some(mut entries) => {
                if entries.any(|entry| entry.is_ok_and(|entry| entry.file_name() != NAME)) {
                    return Err(StoreError::Exists.into());
                }
                to.join(NAME)
            }
            None => {
                let mut name = to.file_name().unwrap_or_default().to_owned();
                name.push(format!(".{NAME}"));
                to.with_file_name(name)
            }
        };
        let this = Self { folder };
        // What a program that was killed amid one has left.
        this.sweep();
        Ok(this)
    }

    fn in_place(&self, to: &Path) -> Result<(), StationError> {
        let moved = || {
            if to.is_dir() {
                for name in FILES {
                    std::fs::rename(self.folder.join(name), to.join(name))?;
                }
            } else {
                std::fs::rename(&self.folder, to)?;
            }
            sync_dir(to)?;
            to.parent().filter(|above| above.is_dir()).map_or(Ok(()), sync_dir)
        };
        moved().map_err(|error| file(to, &error))
    }

    /// Nothing but what a backup is made of: whatever else lies there is somebody's.
    fn sweep(&self) {
        for name in FILES.into_iter().chain(["store.db-journal", "slots.json.new", "house.json.new"]) {
            let _ = std::fs::remove_file(self.folder.join(name));
        }
        let _ = std::fs::remove_dir(&self.folder);
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        self.sweep();
    }
}

/// Refuses a backup within the house, by whatever name or link it goes: the house would prove itself, and what lies in its
/// way is swept when a proof or a restore begins.
pub(crate) fn outside(house: &Path, backup: &Path) -> Result<(), StationError> {
    // What is not there yet lies where the nearest folder above it does.
    let there = |path: &Path| {
        let path = std::path::absolute(path).ok()?;
        path.ancestors().find_map(|above| Some(above.canonicalize().ok()?.join(path.strip_prefix(above).ok()?)))
    };
    match (there(house), there(backup)) {
        (Some(house), Some(backup)) if !backup.starts_with(&house) => Ok(()),
        _ => Err(StationError::BackupInside { what: backup.display().to_string() }),
    }
}
