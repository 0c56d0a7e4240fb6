//! Opening a house: folder, lock, key, schema. A store of a newer program is refused before anything in it is read.

use std::path::{Path, PathBuf};
use std::sync::Mutex;

use lanyard_history::{NO_PREV, events, station_origin, tree::Frontier};
use lanyard_keys::{HouseKind, Slots};
use lanyard_model::{Actor, ActorKind, ActorRole, Id, UnixMs};
use lanyard_secret::Secret;
use rusqlite::{Connection, OpenFlags, OptionalExtension, TransactionBehavior, params};
use zeroize::Zeroizing;

use crate::commit::{frontier_bytes, hash_of, id_of};
use crate::folder::{self, Lock};
use crate::{Signer, StoreError, Tx, View};

/// Each brings the store from its index to the next version.
const MIGRATIONS: &[&str] = &[include_str!("schema/001_first.sql")];
const KNOWN: i64 = MIGRATIONS.len() as i64;

/// Where salts come from: fills the whole slice. In the running station the operating system's generator.
pub type Entropy = Box<dyn FnMut(&mut [u8]) + Send>;

/// Whether to change anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// The only writer of this house.
    Write,
    /// Beside a writer, or alone.
    Read,
}

/// Whose store it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct House {
    /// The house, as in its slots and vault.
    pub id: Id,
    /// Real or rehearsal.
    pub kind: HouseKind,
    /// The station's name when it was made.
    pub station: String,
    /// The writer of this store's chain.
    pub writer: Id,
    /// The record of this station's log.
    pub log: Id,
    /// When it was made.
    pub made: UnixMs,
}

/// A house to be made: [`House`] with fresh ids.
pub type NewHouse = House;

/// One house, opened.
pub struct Store {
    pub(crate) conn: Connection,
    pub(crate) dir: PathBuf,
    pub(crate) house: House,
    pub(crate) mode: Mode,
    signer: Option<Box<dyn Signer>>,
    entropy: Entropy,
    /// The latest time that an entry had which this program saw, and that of its newest one.
    latest: Option<UnixMs>,
    newest: Option<UnixMs>,
    /// Something was erased, and the write-ahead log still has pages from before.
    wal_to_clear: bool,
    // Last, so that the house is free only after the database is closed.
    _lock: Option<Lock>,
}

impl Store {
    /// Makes a house in a new or empty folder: slots, database, and the first two entries of its chain.
    ///
    /// # Errors
    /// [`StoreError::Exists`], [`StoreError::DiskFull`], …
    pub fn create(
        dir: &Path,
        new: &NewHouse,
        slots: &Slots,
        store_key: &Secret<32>,
        signer: Box<dyn Signer>,
        entropy: Entropy,
    ) -> Result<Self, StoreError> {
        folder::make(dir)?;
        let made = Self::make(dir, new, slots, store_key, signer, entropy);
        if made.is_err() {
            // What is half there would be in the way of trying again.
            folder::sweep(dir);
        }
        made
    }

    fn make(
        dir: &Path,
        new: &NewHouse,
        slots: &Slots,
        store_key: &Secret<32>,
        signer: Box<dyn Signer>,
        entropy: Entropy,
    ) -> Result<Self, StoreError> {
        let lock = folder::lock(dir)?;
        folder::new_file(&folder::database(dir))?;
        let mut conn = connect(dir, store_key, Mode::Write)?;
        conn.pragma_update(None, "auto_vacuum", "NONE")?;
        migrate(&mut conn, 0)?;
        let transaction = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
        transaction.execute(
            "INSERT INTO house (one, house, kind, station, writer, log, made) VALUES (1, ?, ?, ?, ?, ?, ?)",
            params![new.id.0, new.kind.word(), new.station, new.writer.0, new.log.0, new.made.0],
        )?;
        transaction.execute(
            "INSERT INTO writer (w, id, key, seq, head, at) VALUES (1, ?, ?, 0, ?, ?)",
            params![new.writer.0, signer.entry_key(), NO_PREV, new.made.0],
        )?;
        transaction.execute("INSERT INTO log (one, frontier) VALUES (1, ?)", [frontier_bytes(&Frontier::new())])?;
        transaction.commit()?;
        let (key, log_key) = (signer.entry_key(), signer.checkpoint_key());
        let mut store = Self {
            conn,
            dir: dir.to_owned(),
            house: new.clone(),
            mode: Mode::Write,
            signer: Some(signer),
            entropy,
            latest: None,
            newest: None,
            wal_to_clear: false,
            _lock: Some(lock),
        };
        let by = [Actor { who: new.writer, role: ActorRole::Did, kind: ActorKind::System }];
        store.write(|tx| {
            tx.commit(&events::writer_enrolled(new.writer, &key, 1, &NO_PREV), &by, new.made)?;
            tx.commit(&events::log_opened(new.log, &station_origin(new.writer), &log_key), &by, new.made)
        })?;
        folder::write_slots(dir, slots)?;
        Ok(store)
    }

    /// Opens a house. `store_key` is what its slots gave.
    ///
    /// # Errors
    /// [`StoreError::Missing`], [`StoreError::InUse`] for a second writer, [`StoreError::KeyWrong`],
    /// [`StoreError::Newer`].
    pub fn open(dir: &Path, store_key: &Secret<32>, mode: Mode, entropy: Entropy) -> Result<Self, StoreError> {
        if !folder::is_house(dir)? {
            return Err(StoreError::Missing);
        }
        let lock = match mode {
            Mode::Write => Some(folder::lock(dir)?),
            Mode::Read => None,
        };
        let mut conn = connect(dir, store_key, mode)?;
        let found: i64 = conn.query_row("PRAGMA user_version", [], |row| row.get(0))?;
        match (found, mode) {
            (found, _) if found > KNOWN => return Err(StoreError::Newer { found, known: KNOWN }),
            (found, _) if found < 1 => return Err(StoreError::Damaged { what: "version" }),
            (KNOWN, _) => {}
            (_, Mode::Write) => migrate(&mut conn, found)?,
            (found, Mode::Read) => return Err(StoreError::Older { found, known: KNOWN }),
        }
        let house = read_house(&conn)?;
        let dir = dir.to_owned();
        Ok(Self {
            conn,
            dir,
            house,
            mode,
            signer: None,
            entropy,
            latest: None,
            newest: None,
            wal_to_clear: false,
            _lock: lock,
        })
    }

    /// Whose store it is.
    #[must_use]
    pub fn house(&self) -> &House {
        &self.house
    }

    /// The folder.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Gives the signer when an operator signs in; takes it away (`None`) when the station is locked.
    pub fn set_signer(&mut self, signer: Option<Box<dyn Signer>>) {
        self.signer = signer;
    }

    /// Writes the key slots, whole or not at all.
    ///
    /// # Errors
    /// [`StoreError::ReadOnly`], [`StoreError::DiskFull`], [`StoreError::Disk`].
    pub fn write_slots(&self, slots: &Slots) -> Result<(), StoreError> {
        if self.mode == Mode::Read {
            return Err(StoreError::ReadOnly);
        }
        folder::write_slots(&self.dir, slots)
    }

    /// The clock was set back: the newest entry is dated before one that was written earlier.
    #[must_use]
    pub fn clock_back(&self) -> bool {
        self.newest < self.latest
    }

    /// What is there, for reading.
    #[must_use]
    pub fn view(&self) -> View<'_> {
        View { conn: &self.conn }
    }

    /// One transaction: all that `change` does, or on an error nothing. On disk when this returns.
    ///
    /// # Errors
    /// Those of `change`; [`StoreError::ReadOnly`], [`StoreError::DiskFull`].
    pub fn write<T, E: From<StoreError>>(&mut self, change: impl FnOnce(&mut Tx<'_>) -> Result<T, E>) -> Result<T, E> {
        if self.mode == Mode::Read {
            return Err(StoreError::ReadOnly.into());
        }
        let transaction =
            self.conn.transaction_with_behavior(TransactionBehavior::Immediate).map_err(StoreError::from)?;
        let mut tx = Tx::begin(&transaction, &self.house, self.signer.as_deref(), &mut self.entropy)?;
        let before = tx.chain.at;
        let done = change(&mut tx)?;
        let erased = tx.finish()?;
        let newest = tx.chain.changed.then_some(tx.chain.at);
        transaction.commit().map_err(StoreError::from)?;
        if newest.is_some() {
            self.latest = self.latest.max(Some(before)).max(newest);
            self.newest = newest;
        }
        self.wal_to_clear |= erased;
        if self.wal_to_clear {
            // A reader may hold old pages for a moment; then the next write tries again, and closing does.
            self.wal_to_clear = !self.clear_wal().unwrap_or(false);
        }
        Ok(done)
    }

    /// Moves everything into the database and empties the write-ahead log; `false` if a reader was in the way.
    ///
    /// # Errors
    /// [`StoreError::DiskFull`], [`StoreError::Disk`]: nothing is lost.
    pub fn clear_wal(&self) -> Result<bool, StoreError> {
        let busy: i64 = self.conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
        Ok(busy == 0)
    }

    /// Closes; what could not be tidied is tidied at the next opening.
    pub fn close(self) {
        if self.mode == Mode::Write {
            let _ = self.clear_wal();
        }
    }
}

/// SQLite calls itself initialised before SQLCipher's own initialisation has run (`SQLITE_EXTRA_INIT`, after the mutex is
/// left), so that of two threads that open first at the same time one may be refused its key. The first opening is
/// therefore made alone.
fn initialise() -> Result<(), StoreError> {
    static DONE: Mutex<bool> = Mutex::new(false);
    let mut done = DONE.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if !*done {
        drop(Connection::open_in_memory()?);
        *done = true;
    }
    Ok(())
}

fn connect(dir: &Path, key: &Secret<32>, mode: Mode) -> Result<Connection, StoreError> {
    let path = folder::database(dir);
    // A reader has to be able to recover the write-ahead log of a writer that was killed, hence not SQLITE_OPEN_READ_ONLY.
    let conn = match (first_read(&path, OpenFlags::SQLITE_OPEN_READ_WRITE, key), mode) {
        (Err(StoreError::ReadOnly | StoreError::Missing), Mode::Read) => as_it_lies(dir, &path, key)?,
        (Err(StoreError::ReadOnly | StoreError::Missing), Mode::Write) => {
            return Err(StoreError::NotWritable { place: path.display().to_string() });
        }
        (opened, _) => opened?,
    };
    if mode == Mode::Write && conn.is_readonly("main")? {
        return Err(StoreError::NotWritable { place: path.display().to_string() });
    }
    // Temporary tables would lie on the disk in the clear.
    conn.execute_batch("PRAGMA temp_store = MEMORY; PRAGMA cache_size = -65536; PRAGMA trusted_schema = OFF;")?;
    match mode {
        Mode::Write => {
            let journal: String = conn.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))?;
            if journal != "wal" {
                return Err(StoreError::Disk { what: "no write-ahead log on this file system".to_owned() });
            }
            conn.execute_batch(
                "PRAGMA synchronous = FULL; PRAGMA secure_delete = ON; PRAGMA journal_size_limit = 67108864;",
            )?;
        }
        Mode::Read => conn.execute_batch("PRAGMA query_only = ON;")?,
    }
    Ok(conn)
}

/// Opened, and read from: that shows whether the key is right.
fn first_read(path: &Path, flags: OpenFlags, key: &Secret<32>) -> Result<Connection, StoreError> {
    initialise()?;
    let conn = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    conn.set_prepared_statement_cache_capacity(128);
    conn.busy_timeout(std::time::Duration::from_secs(5))?;
    // What it would print to stderr comes as an error as well.
    conn.execute_batch("PRAGMA cipher_log_level = NONE;")?;
    keyed(&conn, "PRAGMA key = ", key)?;
    conn.query_row("SELECT count(*) FROM sqlite_master", [], |row| row.get::<_, i64>(0))?;
    Ok(conn)
}

/// A house in a folder where nothing can be written: SQLite would make the two files of its write-ahead log there. Where
/// there is no log to be read, it is told that nobody writes (sqlite.org/wal.html, "Read-Only Databases").
fn as_it_lies(dir: &Path, path: &Path, key: &Secret<32>) -> Result<Connection, StoreError> {
    let beside = |end: &str| {
        let mut name = path.as_os_str().to_owned();
        name.push(end);
        PathBuf::from(name)
    };
    if let Err(error) = std::fs::File::open(path) {
        return Err(StoreError::reading(path, error));
    }
    if std::fs::metadata(beside("-wal")).is_ok_and(|log| log.len() > 0) {
        // What was written last is only in there.
        return Err(StoreError::NotWritable { place: dir.display().to_string() });
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
    let mut uri = std::ffi::OsString::from("file:");
    uri.push(escaped(path));
    uri.push("?immutable=1");
    first_read(Path::new(&uri), flags, key)
}

/// A path within a URI (RFC 3986 §2.1): `%`, `?` and `#` would be read as its own.
fn escaped(path: &Path) -> std::ffi::OsString {
    let text = path.to_string_lossy();
    text.replace('%', "%25").replace('?', "%3f").replace('#', "%23").into()
}

/// A statement that ends in a raw key: `x'…'`, taken as it is, without derivation.
pub(crate) fn keyed(conn: &Connection, statement: &str, key: &Secret<32>) -> Result<(), StoreError> {
    let mut sql = Zeroizing::new(String::with_capacity(statement.len() + 80));
    sql.push_str(statement);
    sql.push_str("\"x'");
    for byte in key.expose() {
        for nibble in [byte >> 4, byte & 15] {
            sql.push(char::from_digit(u32::from(nibble), 16).unwrap_or('0'));
        }
    }
    sql.push_str("'\";");
    Ok(conn.execute_batch(&sql)?)
}

fn migrate(conn: &mut Connection, from: i64) -> Result<(), StoreError> {
    for (version, sql) in (1..).zip(MIGRATIONS) {
        if version > from {
            let transaction = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
            transaction.execute_batch(sql)?;
            transaction.pragma_update(None, "user_version", version)?;
            transaction.commit()?;
        }
    }
    Ok(())
}

fn read_house(conn: &Connection) -> Result<House, StoreError> {
    let row = conn.query_row("SELECT house, kind, station, writer, log, made FROM house", [], |row| {
        Ok((
            row.get::<_, Vec<u8>>(0)?,
            row.get::<_, String>(1)?,
            row.get::<_, String>(2)?,
            row.get::<_, Vec<u8>>(3)?,
            row.get::<_, Vec<u8>>(4)?,
            row.get::<_, i64>(5)?,
        ))
    });
    let (id, kind, station, writer, log, made) = row.optional()?.ok_or(StoreError::Damaged { what: "house" })?;
    Ok(House {
        id: id_of(&id)?,
        kind: HouseKind::of_word(&kind).ok_or(StoreError::Damaged { what: "house" })?,
        station,
        writer: id_of(&writer)?,
        log: id_of(&log)?,
        made: UnixMs(made),
    })
}

pub(crate) fn head_of(conn: &Connection) -> Result<(u64, [u8; 32]), StoreError> {
    let (seq, head) = conn.query_row("SELECT seq, head FROM writer WHERE w = 1", [], |row| {
        Ok((row.get::<_, i64>(0)?, row.get::<_, Vec<u8>>(1)?))
    })?;
    Ok((u64::try_from(seq).map_err(|_| StoreError::Damaged { what: "chain" })?, hash_of(&head)?))
}
