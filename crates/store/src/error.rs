//! Everything that can go wrong with the store, told apart by who can put it right.

use std::io::ErrorKind;
use std::path::Path;

use lanyard_fault::{Coded, Fault, Helps};
use lanyard_model::Kind;

/// See [`Coded::code`] for the words' keys.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another program has this house open for writing.
    #[error("house in use by another program")]
    InUse,
    /// There is no house in this folder.
    #[error("no house here")]
    Missing,
    /// There is a house, or something else, in this folder already.
    #[error("folder not empty")]
    Exists,
    /// Written by a newer program.
    #[error("store of version {found}, this program reads up to {known}")]
    Newer {
        /// Version found.
        found: i64,
        /// Newest version known.
        known: i64,
    },
    /// Written by an older program; a writer has to open it first, which brings it up to date.
    #[error("store of version {found}, to be brought up to {known} by a writer")]
    Older {
        /// Version found.
        found: i64,
        /// Version needed.
        known: i64,
    },
    /// The signer is not the key of this station's chain.
    #[error("signer of another chain")]
    SignerForeign,
    /// The database does not open with this key: another house's, or its first page is damaged.
    #[error("store does not open with this key")]
    KeyWrong,
    /// The database's content is not what was written.
    #[error("store damaged: {what}")]
    Damaged {
        /// What did not fit; no content.
        what: &'static str,
    },
    /// No room left on the disk; nothing was changed.
    #[error("disk full")]
    DiskFull,
    /// The disk or the file system refused; nothing was changed.
    #[error("disk failed: {what}")]
    Disk {
        /// The operating system's or SQLite's name for it.
        what: String,
    },
    /// Opened for reading only.
    #[error("opened for reading only")]
    ReadOnly,
    /// The system lets nobody, or not this user, write there.
    #[error("{place} cannot be written")]
    NotWritable {
        /// File or folder.
        place: String,
    },
    /// The system lets this user not read it.
    #[error("{place} cannot be read")]
    NotReadable {
        /// File or folder.
        place: String,
    },
    /// Nobody is signed in: there is no key to sign with.
    #[error("no signer: locked")]
    Locked,
    /// The graph of this kind has no such edge.
    #[error("{kind:?} may not go from {from:?} to {to:?}")]
    StateNotAllowed {
        /// Kind of record.
        kind: Kind,
        /// From.
        from: String,
        /// To.
        to: String,
    },
    /// The record is in another state than the change supposes: somebody was faster.
    #[error("{kind:?} is {found:?}, not {expected:?}")]
    StateDiffers {
        /// Kind of record.
        kind: Kind,
        /// What the change supposes.
        expected: String,
        /// What it is.
        found: String,
    },
    /// No such record.
    #[error("no such {kind:?}")]
    RecordMissing {
        /// Kind of record.
        kind: Kind,
    },
    /// The id belongs to a record of another kind.
    #[error("the id is that of a {found}, not a {kind:?}")]
    RecordKind {
        /// Kind asked for.
        kind: Kind,
        /// Kind found.
        found: String,
    },
    /// The record was erased; it takes no more values.
    #[error("{kind:?} was erased")]
    RecordErased {
        /// Kind of record.
        kind: Kind,
    },
    /// A field refers to a blob that is not in the store.
    #[error("field {field} refers to a blob that is not here")]
    BlobMissing {
        /// Name of the field.
        field: String,
    },
    /// More bytes than the store keeps in one place.
    #[error("{what} of {size} bytes, at most {most}")]
    TooLarge {
        /// `blob`, `setting`, `journal`, `step`, `instance`.
        what: &'static str,
        /// Bytes given.
        size: usize,
        /// Bytes allowed.
        most: usize,
    },
    /// A field by which records are not found.
    #[error("records are not found by {field}")]
    NotIndexed {
        /// `kind.field`.
        field: String,
    },
    /// A backup that does not open, or whose history does not hold.
    #[error("backup cannot be used: {why}")]
    BackupDamaged {
        /// `slots`, `store`, `integrity`, `history`.
        why: &'static str,
    },
    /// The history refused: see its code.
    #[error(transparent)]
    History(lanyard_history::Error),
    /// The keys refused: see its code.
    #[error(transparent)]
    Keys(#[from] lanyard_keys::KeysError),
}

impl Coded for StoreError {
    fn code(&self) -> &'static str {
        match self {
            Self::InUse => "store.in_use",
            Self::Missing => "store.missing",
            Self::Exists => "store.exists",
            Self::Newer { .. } => "store.newer",
            Self::Older { .. } => "store.older",
            Self::SignerForeign => "store.signer.foreign",
            Self::KeyWrong => "store.key.wrong",
            Self::Damaged { .. } => "store.damaged",
            Self::DiskFull => "store.disk.full",
            Self::Disk { .. } => "store.disk.failed",
            Self::ReadOnly => "store.read_only",
            Self::NotWritable { .. } => "store.not_writable",
            Self::NotReadable { .. } => "store.not_readable",
            Self::Locked => "store.locked",
            Self::StateNotAllowed { .. } => "store.state.not_allowed",
            Self::StateDiffers { .. } => "store.state.differs",
            Self::RecordMissing { .. } => "store.record.missing",
            Self::RecordKind { .. } => "store.record.kind",
            Self::RecordErased { .. } => "store.record.erased",
            Self::BlobMissing { .. } => "store.blob.missing",
            Self::TooLarge { .. } => "store.too_large",
            Self::NotIndexed { .. } => "store.not_indexed",
            Self::BackupDamaged { .. } => "store.backup.damaged",
            Self::History(error) => error.code(),
            Self::Keys(error) => error.code(),
        }
    }

    fn fault(&self) -> Fault {
        match self {
            Self::InUse
            | Self::Missing
            | Self::Exists
            | Self::Newer { .. }
            | Self::Older { .. }
            | Self::KeyWrong
            | Self::Locked
            | Self::NotWritable { .. }
            | Self::NotReadable { .. }
            | Self::BackupDamaged { .. } => Fault::Operator,
            Self::Damaged { .. } | Self::DiskFull | Self::Disk { .. } => Fault::Device,
            Self::StateNotAllowed { .. } | Self::StateDiffers { .. } | Self::RecordErased { .. } => Fault::Policy,
            Self::ReadOnly
            | Self::SignerForeign
            | Self::RecordMissing { .. }
            | Self::RecordKind { .. }
            | Self::BlobMissing { .. }
            | Self::TooLarge { .. }
            | Self::NotIndexed { .. } => Fault::Us,
            Self::History(error) => error.fault(),
            Self::Keys(error) => error.fault(),
        }
    }

    fn helps(&self) -> Helps {
        match self {
            Self::InUse
            | Self::Newer { .. }
            | Self::Older { .. }
            | Self::DiskFull
            | Self::Disk { .. }
            | Self::Locked => Helps::Later,
            Self::Missing | Self::Exists | Self::KeyWrong | Self::Damaged { .. } | Self::BackupDamaged { .. } => {
                Helps::Another
            }
            Self::StateDiffers { .. } | Self::NotWritable { .. } | Self::NotReadable { .. } => Helps::SameAgain,
            Self::ReadOnly
            | Self::SignerForeign
            | Self::StateNotAllowed { .. }
            | Self::RecordMissing { .. }
            | Self::RecordKind { .. }
            | Self::RecordErased { .. }
            | Self::BlobMissing { .. }
            | Self::TooLarge { .. }
            | Self::NotIndexed { .. } => Helps::Never,
            Self::History(error) => error.helps(),
            Self::Keys(error) => error.helps(),
        }
    }

    fn details(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Newer { found, known } | Self::Older { found, known } => {
                vec![("found", found.to_string()), ("known", known.to_string())]
            }
            Self::Damaged { what } => vec![("what", (*what).to_owned())],
            Self::Disk { what } => vec![("what", what.clone())],
            Self::NotWritable { place } | Self::NotReadable { place } => vec![("place", place.clone())],
            Self::StateNotAllowed { kind, from, to } => {
                vec![("kind", kind.word().to_owned()), ("from", from.clone()), ("to", to.clone())]
            }
            Self::StateDiffers { kind, expected, found } => {
                vec![("kind", kind.word().to_owned()), ("expected", expected.clone()), ("found", found.clone())]
            }
            Self::RecordMissing { kind } | Self::RecordErased { kind } => vec![("kind", kind.word().to_owned())],
            Self::RecordKind { kind, found } => vec![("kind", kind.word().to_owned()), ("found", found.clone())],
            Self::BlobMissing { field } | Self::NotIndexed { field } => vec![("field", field.clone())],
            Self::TooLarge { what, size, most } => {
                vec![("what", (*what).to_owned()), ("size", size.to_string()), ("most", most.to_string())]
            }
            Self::BackupDamaged { why } => vec![("why", (*why).to_owned())],
            Self::History(error) => error.details(),
            Self::Keys(error) => error.details(),
            _ => Vec::new(),
        }
    }
}

impl StoreError {
    /// What came of writing at this place.
    pub(crate) fn writing(place: &Path, error: std::io::Error) -> Self {
        match error.kind() {
            ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
                Self::NotWritable { place: place.display().to_string() }
            }
            _ => error.into(),
        }
    }

    /// What came of reading this file or folder.
    pub(crate) fn reading(place: &Path, error: std::io::Error) -> Self {
        match error.kind() {
            ErrorKind::PermissionDenied => Self::NotReadable { place: place.display().to_string() },
            _ => error.into(),
        }
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode;
        use rusqlite::ffi::{SQLITE_IOERR_SHMSIZE, SQLITE_READONLY_DBMOVED};
        match &error {
            rusqlite::Error::SqliteFailure(failure, _) => match failure.code {
                ErrorCode::DiskFull => Self::DiskFull,
                // Growing the index of the WAL on a full disk fails here.
                _ if failure.extended_code == SQLITE_IOERR_SHMSIZE => Self::DiskFull,
                ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => Self::InUse,
                ErrorCode::NotADatabase => Self::KeyWrong,
                ErrorCode::DatabaseCorrupt => Self::Damaged { what: "database" },
                ErrorCode::ReadOnly if failure.extended_code == SQLITE_READONLY_DBMOVED => Self::Missing,
                ErrorCode::ReadOnly => Self::ReadOnly,
                ErrorCode::CannotOpen => Self::Missing,
                ErrorCode::ConstraintViolation => Self::Damaged { what: "constraint" },
                _ => Self::Disk { what: failure.to_string() },
            },
            // A row or column that is not as this program's schema has it.
            _ => Self::Damaged { what: "schema" },
        }
    }
}

impl From<lanyard_history::Error> for StoreError {
    fn from(error: lanyard_history::Error) -> Self {
        match error {
            lanyard_history::Error::Io(error)
                if matches!(error.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded) =>
            {
                error.into()
            }
            other => Self::History(other),
        }
    }
}

impl From<std::io::Error> for StoreError {
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Self::DiskFull,
            ErrorKind::NotFound => Self::Missing,
            ErrorKind::ReadOnlyFilesystem => Self::ReadOnly,
            kind => Self::Disk { what: kind.to_string() },
        }
    }
}
