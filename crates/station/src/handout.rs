//! The files of a bundle for an auditor: the bundle, and beside it its checkpoint. Both are made beside their names before the
//! history says that anything was handed out, and get the names when they are whole: a program that is killed leaves no half
//! of one there.

use std::fs::File;
use std::io::{BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::StationError;
use crate::api::VerdictView;
use crate::house::file;
use crate::record::{Reading, verified};

/// Two files that are made for a bundle; gone again, unless they got their names.
pub(crate) struct Handout {
    bundle: Beside,
    /// Kept elsewhere, it shows a chain that was cut or signed anew (`lanyard-verify --since`).
    checkpoint: Beside,
}

/// A file to be, beside its name.
struct Beside {
    file: NamedTempFile,
    path: PathBuf,
}

impl Handout {
    /// Makes both.
    ///
    /// # Errors
    /// Never over another file: it may be the one that this is to be held against.
    pub(crate) fn reserve(bundle: &Path) -> Result<Self, StationError> {
        let checkpoint = bundle.with_extension("checkpoint.txt");
        Ok(Self { bundle: Beside::new(bundle)?, checkpoint: Beside::new(&checkpoint)? })
    }

    /// Writes both, synced, and verifies what was written. Needs nothing of the station, which goes on meanwhile.
    pub(crate) fn write(self, reading: &Reading) -> Result<VerdictView, StationError> {
        let Self { bundle, mut checkpoint } = self;
        let (mut out, note) = reading.bundle(BufWriter::new(bundle.file.as_file()))?;
        out.flush().map_err(|error| file(&bundle.path, &error))?;
        drop(out);
        checkpoint.file.write_all(note.as_bytes()).map_err(|error| file(&checkpoint.path, &error))?;
        let written = File::open(bundle.file.path()).map_err(|error| file(&bundle.path, &error))?;
        let verdict = verified(written)?;
        let noted = checkpoint.path.clone();
        checkpoint.keep()?;
        bundle.keep().inspect_err(|_| {
            let _ = std::fs::remove_file(noted);
        })?;
        Ok(verdict)
    }
}

impl Beside {
    fn new(path: &Path) -> Result<Self, StationError> {
        let new = || {
            if path.symlink_metadata().is_ok() {
                return Err(ErrorKind::AlreadyExists.into());
            }
            let mut name = path.file_name().unwrap_or_default().to_owned();
            name.push(".");
            // For its owner alone: it may hold everybody's data in clear.
            tempfile::Builder::new().prefix(&name).suffix(".unfinished").tempfile_in(folder(path))
        };
        Ok(Self { file: new().map_err(|error| file(path, &error))?, path: path.to_owned() })
    }

    /// Synced, and given its name where nothing has it yet.
    fn keep(self) -> Result<(), StationError> {
        let Self { file: beside, path } = self;
        let kept = || {
            beside.as_file().sync_all()?;
            beside.persist_noclobber(&path).map_err(|error| error.error)?;
            lanyard_store::sync_dir(folder(&path))
        };
        kept().map_err(|error| file(&path, &error))
    }
}

fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}
