//! The files of a bundle for an auditor: the bundle, and beside it its checkpoint. Both names are taken before the history
//! says that anything was handed out; in the end both files are there, or neither.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::StationError;
use crate::api::VerdictView;
use crate::house::file;
use crate::record::{Reading, verified};

/// Two files that were made for a bundle.
pub(crate) struct Handout {
    // Before the names: a file that is open cannot be removed everywhere.
    files: [File; 2],
    names: Names,
}

/// Go again, unless what they name is whole.
struct Names {
    bundle: PathBuf,
    /// Kept elsewhere, it shows a chain that was cut or signed anew (`lanyard-verify --since`).
    checkpoint: PathBuf,
    whole: bool,
}

impl Handout {
    /// Takes both names.
    ///
    /// # Errors
    /// Never over another file: it may be the one that this is to be held against.
    pub(crate) fn reserve(bundle: &Path) -> Result<Self, StationError> {
        // For its owner alone: it may hold everybody's data in clear.
        let new = |path: &Path| lanyard_store::private_file(path).map_err(|error| file(path, &error));
        let checkpoint = bundle.with_extension("checkpoint.txt");
        let first = new(bundle)?;
        let second = new(&checkpoint).inspect_err(|_| {
            let _ = std::fs::remove_file(bundle);
        })?;
        let names = Names { bundle: bundle.to_owned(), checkpoint, whole: false };
        Ok(Self { files: [first, second], names })
    }

    /// Writes both, synced, and verifies what was written. Needs nothing of the station, which goes on meanwhile.
    pub(crate) fn write(self, reading: &Reading) -> Result<VerdictView, StationError> {
        let Self { mut names, files: [bundle, mut checkpoint] } = self;
        let (mut out, note) = reading.bundle(BufWriter::new(bundle))?;
        let synced = out.flush().and_then(|()| out.get_ref().sync_all());
        synced.map_err(|error| file(&names.bundle, &error))?;
        let noted = checkpoint.write_all(note.as_bytes()).and_then(|()| checkpoint.sync_all());
        noted.map_err(|error| file(&names.checkpoint, &error))?;
        let written = File::open(&names.bundle).map_err(|error| file(&names.bundle, &error))?;
        let verdict = verified(written)?;
        names.whole = true;
        Ok(verdict)
    }
}

impl Drop for Names {
    fn drop(&mut self) {
        if !self.whole {
            for path in [&self.bundle, &self.checkpoint] {
                let _ = std::fs::remove_file(path);
            }
        }
    }
}
