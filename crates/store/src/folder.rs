//! A house's folder: `store.db` (and SQLite's two files beside it), `slots.json`, `lock`. Only its owner can read it.
//! Writers exclude each other by a lock on `lock`, which the operating system drops with the process.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use lanyard_keys::Slots;

use crate::StoreError;

const SLOTS_MOST: u64 = 1 << 20;
const LOCK_TRIES: u32 = 20;
const LOCK_PAUSE: Duration = Duration::from_millis(10);

pub(crate) fn database(dir: &Path) -> PathBuf {
    dir.join("store.db")
}

/// Whether there is a house in this folder.
///
/// # Errors
/// [`StoreError::NotReadable`]: nobody knows.
pub fn is_house(dir: &Path) -> Result<bool, StoreError> {
    match std::fs::metadata(database(dir)) {
        Ok(found) => Ok(found.is_file()),
        Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => Err(StoreError::reading(dir, error)),
        Err(_) => Ok(false),
    }
}

/// A new folder, or an empty one that is there already, for its owner alone.
pub(crate) fn make(dir: &Path) -> Result<(), StoreError> {
    match std::fs::read_dir(dir) {
        Ok(mut entries) => {
            if entries.next().is_some() {
                return Err(StoreError::Exists);
            }
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let mut builder = DirBuilder::new();
            builder.recursive(true);
            private_dir(&mut builder);
            builder.create(dir).map_err(|error| StoreError::writing(dir, error))?;
        }
        Err(error) => return Err(StoreError::reading(dir, error)),
    }
    restrict(dir)
}

/// A new file that only its owner can read.
///
/// # Errors
/// As the system says; `AlreadyExists` where there is one of that name.
pub fn private_file(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    owners_own(&mut options);
    options.open(path)
}

pub(crate) fn new_file(path: &Path) -> Result<File, StoreError> {
    match private_file(path) {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Err(StoreError::Exists),
        other => other.map_err(|error| StoreError::writing(path, error)),
    }
}

/// Takes away what a failed making or copying left in a folder that was empty before.
pub(crate) fn sweep(dir: &Path) {
    for name in ["store.db", "store.db-wal", "store.db-shm", "store.db-journal", "slots.json", "slots.json.new", "lock"]
    {
        let _ = std::fs::remove_file(dir.join(name));
    }
}

/// Held while a writer has the house open.
pub(crate) struct Lock(#[allow(dead_code, reason = "held, not used: closing it gives the house free")] File);

pub(crate) fn lock(dir: &Path) -> Result<Lock, StoreError> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    owners_own(&mut options);
    let file = options.open(dir.join("lock")).map_err(|error| StoreError::writing(dir, error))?;
    let mut tries = 0;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(Lock(file)),
            // Just given free by this program, it is held until a process that another thread starts has become its own.
            Err(TryLockError::WouldBlock) if tries < LOCK_TRIES => std::thread::sleep(LOCK_PAUSE),
            Err(TryLockError::WouldBlock) => return Err(StoreError::InUse),
            Err(TryLockError::Error(error)) => return Err(error.into()),
        }
        tries += 1;
    }
}

/// The key slots of the house in this folder; readable before anything is opened.
///
/// # Errors
/// [`StoreError::Missing`], or those of [`Slots::from_json`].
pub fn read_slots(dir: &Path) -> Result<Slots, StoreError> {
    let mut text = Vec::new();
    let path = dir.join("slots.json");
    let file = File::open(&path).map_err(|error| StoreError::reading(&path, error))?;
    file.take(SLOTS_MOST + 1).read_to_end(&mut text)?;
    Ok(Slots::from_json(&text)?)
}

/// Written beside, synced, and moved into place: after a crash either the old slots are there or the new ones.
pub(crate) fn write_slots(dir: &Path, slots: &Slots) -> Result<(), StoreError> {
    let beside = dir.join("slots.json.new");
    match std::fs::remove_file(&beside) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
        _ => {}
    }
    let mut file = new_file(&beside)?;
    file.write_all(slots.to_json().as_bytes())?;
    file.sync_all()?;
    std::fs::rename(&beside, dir.join("slots.json"))?;
    Ok(sync_dir(dir)?)
}

/// Makes names that were created or moved survive a power cut.
///
/// # Errors
/// As the system says.
pub fn sync_dir(dir: &Path) -> std::io::Result<()> {
    #[cfg(unix)]
    File::open(dir)?.sync_all()?;
    #[cfg(not(unix))]
    let _ = dir;
    Ok(())
}

#[cfg(unix)]
fn private_dir(builder: &mut DirBuilder) {
    std::os::unix::fs::DirBuilderExt::mode(builder, 0o700);
}

#[cfg(unix)]
fn owners_own(options: &mut OpenOptions) {
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
}

#[cfg(unix)]
fn restrict(dir: &Path) -> Result<(), StoreError> {
    use std::os::unix::fs::PermissionsExt;
    Ok(std::fs::set_permissions(dir, std::fs::Permissions::from_mode(0o700))?)
}

// Elsewhere a user's own profile folder is private already.
#[cfg(not(unix))]
fn private_dir(_: &mut DirBuilder) {}
#[cfg(not(unix))]
fn owners_own(_: &mut OpenOptions) {}
#[cfg(not(unix))]
fn restrict(_: &Path) -> Result<(), StoreError> {
    Ok(())
}
