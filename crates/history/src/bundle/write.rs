//! Writes a bundle in one pass: entries, openings, leaves or proofs, blobs, then what closes it.

use std::io::{Seek, Write};

use lanyard_model::{Id, UnixMs};
use sha2::{Digest, Sha256};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use super::sink::Sink;
use super::{ABOUT, BLOBS, CHECKPOINT, ENTRIES, LEAVES, OPENINGS, PROOF_END, PROOFS, SCOPE};
use crate::{EntryView, Error, Hash, LogProof, Opening, entry_hash, hex};

/// How the files of the ZIP are held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packing {
    /// As they are: the same bytes from every version of every library.
    Stored,
    /// Compressed, but for what does not compress (hashes and pictures).
    Deflated,
}

/// What a bundle holds of the history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Every chain from seq 1 without gaps.
    Whole,
    /// Only entries about these records, and those that verifiers act on (§2).
    Records(Vec<Id>),
}

/// `about.json`: for people. No verdict rests on it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct About {
    /// Name of the station or server.
    pub station: String,
    /// One operator could do everything alone.
    pub single_person: bool,
    /// Of a rehearsal house.
    pub rehearsal: bool,
    /// When it was exported.
    #[serde(rename = "exported_at_ms")]
    pub exported_at: UnixMs,
    /// Name and version of the program.
    pub program: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    Entries,
    Openings,
    Leaves,
    Rest,
}

/// A bundle being written. Entries first, by writer (bytewise), then seq; then openings; then leaves; then proofs and
/// blobs.
pub struct BundleWriter<W: Write + Seek> {
    zip: ZipWriter<Sink<W>>,
    packing: Packing,
    stage: Stage,
    last: Option<(Id, u64)>,
    chains: Vec<(Id, u64, Hash)>,
}

fn failed(error: zip::result::ZipError) -> Error {
    match error {
        zip::result::ZipError::Io(error) => Error::Io(error),
        _ => Error::Bundle { why: "the ZIP cannot be written" },
    }
}

impl<W: Write + Seek> BundleWriter<W> {
    /// Begins.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn new(out: W, packing: Packing) -> Result<Self, Error> {
        let zip = ZipWriter::new(Sink::new(out));
        let mut this = Self { zip, packing, stage: Stage::Entries, last: None, chains: Vec::new() };
        this.start(ENTRIES, packing)?;
        Ok(this)
    }

    fn start(&mut self, name: &str, packing: Packing) -> Result<(), Error> {
        let method = match packing {
            Packing::Stored => CompressionMethod::Stored,
            Packing::Deflated => CompressionMethod::Deflated,
        };
        let options = SimpleFileOptions::default()
            .compression_method(method)
            .last_modified_time(DateTime::default())
            .unix_permissions(0o644)
            // Sequences may pass 4 GiB, and their size is not known when they begin.
            .large_file(matches!(name, ENTRIES | OPENINGS | LEAVES));
        self.zip.start_file(name, options).map_err(failed)
    }

    fn file(&mut self, name: &str, packing: Packing, bytes: &[u8]) -> Result<(), Error> {
        self.start(name, packing)?;
        Ok(self.zip.write_all(bytes)?)
    }

    fn at(&mut self, stage: Stage, file: &str, packing: Packing) -> Result<(), Error> {
        if self.stage > stage {
            return Err(Error::Order { why: "entries, openings, leaves, then proofs and blobs" });
        }
        if self.stage < stage {
            self.stage = stage;
            self.start(file, packing)?;
        }
        Ok(())
    }

    /// One entry.
    ///
    /// # Errors
    /// [`Error::Order`] if it does not come after the one before, [`Error::NotCanonical`], [`Error::Io`].
    pub fn entry(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let view = EntryView::parse(bytes)?;
        if view.len != bytes.len() {
            return Err(Error::NotCanonical { at: view.len, why: "bytes after the end" });
        }
        let place = (view.payload.writer, view.payload.seq);
        if self.stage != Stage::Entries || self.last.is_some_and(|last| last >= place) {
            return Err(Error::Order { why: "entries come by writer, then seq" });
        }
        self.last = Some(place);
        let reached = (place.0, place.1, entry_hash(bytes));
        match self.chains.last_mut() {
            Some(chain) if chain.0 == place.0 => *chain = reached,
            _ => self.chains.push(reached),
        }
        Ok(self.zip.write_all(bytes)?)
    }

    /// One opening.
    ///
    /// # Errors
    /// [`Error::Order`], [`Error::TooLarge`], [`Error::Io`].
    pub fn opening(&mut self, entry: &Hash, opening: &Opening) -> Result<(), Error> {
        let bytes = opening.encode(entry)?;
        self.at(Stage::Openings, OPENINGS, self.packing)?;
        Ok(self.zip.write_all(&bytes)?)
    }

    /// One leaf of the log. All of them, in order, or none.
    ///
    /// # Errors
    /// [`Error::Order`], [`Error::Io`].
    pub fn leaf(&mut self, entry: &Hash) -> Result<(), Error> {
        self.at(Stage::Leaves, LEAVES, Packing::Stored)?;
        Ok(self.zip.write_all(entry)?)
    }

    /// The proof that an entry is in the log, where the leaves are not given.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn proof(&mut self, entry: &Hash, proof: &LogProof) -> Result<(), Error> {
        self.stage = Stage::Rest;
        self.file(&format!("{PROOFS}{}{PROOF_END}", hex::encode(entry)), Packing::Stored, proof.to_string().as_bytes())
    }

    /// A blob, under its SHA-256. Each once.
    ///
    /// # Errors
    /// [`Error::Io`], [`Error::Bundle`] for the same blob again.
    pub fn blob(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.stage = Stage::Rest;
        self.file(&format!("{BLOBS}{}", hex::encode(&Sha256::digest(bytes))), Packing::Stored, bytes)
    }

    /// Closes the bundle with the log's newest checkpoint (a signed note), if there is one.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn finish(mut self, checkpoint: Option<&str>, scope: &Scope, about: &About) -> Result<W, Error> {
        let scope = match scope {
            Scope::Whole => serde_json::json!({
                "whole": self.chains.iter()
                    .map(|(writer, seq, head)| serde_json::json!([writer.to_string(), seq, hex::encode(head)]))
                    .collect::<Vec<_>>()
            }),
            Scope::Records(ids) => serde_json::json!({ "records": ids }),
        };
        self.file(SCOPE, self.packing, scope.to_string().as_bytes())?;
        if let Some(checkpoint) = checkpoint {
            self.file(CHECKPOINT, self.packing, checkpoint.as_bytes())?;
        }
        let about = serde_json::to_vec_pretty(about).map_err(std::io::Error::from)?;
        self.file(ABOUT, self.packing, &about)?;
        Ok(self.zip.finish().map_err(failed)?.into_inner()?)
    }
}
