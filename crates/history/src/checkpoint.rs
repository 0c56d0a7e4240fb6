//! C2SP tlog-checkpoint and tlog-proof: what a log says of itself, and the proof that an entry is in it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use lanyard_model::Id;

use crate::ed25519::PublicKey;
use crate::note::Note;
use crate::{Error, Hash, tree};

/// Origin, size and root of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Identity of the log; also the name of its key.
    pub origin: String,
    /// Number of leaves.
    pub size: u64,
    /// RFC 6962 root at that size.
    pub root: Hash,
}

/// Origin of a lone station's log over its own chain.
#[must_use]
pub fn station_origin(writer: Id) -> String {
    format!("lanyard.station/{writer}")
}

const CHECKPOINT: &str = "checkpoint";
const PROOF: &str = "proof";

fn wrong<T>(what: &'static str, line: usize, why: &'static str) -> Result<T, Error> {
    Err(Error::Text { what, line, why })
}

/// ASCII decimal without leading zeros, below 2⁶³.
fn decimal(text: &str) -> Option<u64> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    if !plain {
        return None;
    }
    text.parse().ok().filter(|number| *number <= i64::MAX as u64)
}

fn hash_line(text: &str) -> Option<Hash> {
    BASE64.decode(text).ok()?.try_into().ok()
}

impl Checkpoint {
    /// The note's text: what the log signs.
    #[must_use]
    pub fn text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, BASE64.encode(self.root))
    }

    /// Reads a note's text. Extension lines are allowed and ignored; they are part of what was signed.
    ///
    /// # Errors
    /// [`Error::Text`].
    pub fn parse(text: &str) -> Result<Self, Error> {
        let Some(body) = text.strip_suffix('\n') else { return wrong(CHECKPOINT, 1, "no newline at the end") };
        let mut lines = body.split('\n');
        let (Some(origin), Some(size), Some(root)) = (lines.next(), lines.next(), lines.next()) else {
            return wrong(CHECKPOINT, 1, "fewer than three lines");
        };
        if origin.is_empty() {
            return wrong(CHECKPOINT, 1, "no origin");
        }
        let Some(size) = decimal(size) else { return wrong(CHECKPOINT, 2, "not a size") };
        let Some(root) = hash_line(root) else { return wrong(CHECKPOINT, 3, "not a root") };
        if lines.any(str::is_empty) {
            return wrong(CHECKPOINT, 4, "an empty line");
        }
        Ok(Self { origin: origin.to_owned(), size, root })
    }

    /// Reads a signed note and its checkpoint; no signature is checked.
    ///
    /// # Errors
    /// [`Error::Text`], [`Error::TooLarge`].
    pub fn parse_note(note: &str) -> Result<(Self, Note), Error> {
        let note = Note::parse(note)?;
        Ok((Self::parse(&note.text)?, note))
    }

    /// The signed note, from the log's signature over [`Checkpoint::text`].
    #[must_use]
    pub fn signed(&self, key: &[u8; 32], signature: &[u8; 64]) -> Note {
        Note::by_log(self.text(), &self.origin, key, signature)
    }

    /// Reads a signed note that the log of this key and origin has signed.
    ///
    /// # Errors
    /// [`Error::Text`], [`Error::TooLarge`], [`Error::BadSignature`].
    pub fn open(note: &str, origin: &str, key: &PublicKey) -> Result<Self, Error> {
        let (checkpoint, note) = Self::parse_note(note)?;
        if checkpoint.origin == origin && note.signed_by_log(origin, key) {
            Ok(checkpoint)
        } else {
            Err(Error::BadSignature)
        }
    }
}

/// Proof that an entry is in a log, with the checkpoint it leads to (`.tlog-proof`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogProof {
    /// Place of the entry, from 0.
    pub index: u64,
    /// Leaf's sibling first.
    pub path: Vec<Hash>,
    /// The signed note, verbatim.
    pub checkpoint: String,
}

impl LogProof {
    const FIRST: &'static str = "c2sp.org/tlog-proof@v1";

    /// Reads a proof.
    ///
    /// # Errors
    /// [`Error::Text`].
    pub fn parse(text: &str) -> Result<Self, Error> {
        let Some((head, checkpoint)) = text.split_once("\n\n") else {
            return wrong(PROOF, 1, "no blank line before the checkpoint");
        };
        let mut lines = head.split('\n').zip(1..);
        if lines.next().is_none_or(|(line, _)| line != Self::FIRST) {
            return wrong(PROOF, 1, "not a tlog-proof of version 1");
        }
        let mut next = lines.next();
        // Extra data is not authenticated and nothing here needs it.
        if next.is_some_and(|(line, _)| line.starts_with("extra ")) {
            next = lines.next();
        }
        let Some(index) = next.and_then(|(line, _)| decimal(line.strip_prefix("index ")?)) else {
            return wrong(PROOF, 2, "no index");
        };
        let mut path = Vec::new();
        for (line, number) in lines {
            // A path is as long as a size has bits.
            if path.len() == 64 {
                return wrong(PROOF, number, "too many hashes");
            }
            let Some(hash) = hash_line(line) else { return wrong(PROOF, number, "not a hash") };
            path.push(hash);
        }
        Ok(Self { index, path, checkpoint: checkpoint.to_owned() })
    }

    /// Whether the entry is where the proof says, in the tree of its checkpoint. The checkpoint's signatures are the
    /// caller's to check.
    ///
    /// # Errors
    /// [`Error::ProofFails`], [`Error::Text`].
    pub fn verify(&self, entry: &Hash) -> Result<(Checkpoint, Note), Error> {
        let (checkpoint, note) = Checkpoint::parse_note(&self.checkpoint)?;
        tree::verify_inclusion(entry, self.index, checkpoint.size, &self.path, &checkpoint.root)?;
        Ok((checkpoint, note))
    }
}

impl std::fmt::Display for LogProof {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "{}\nindex {}", Self::FIRST, self.index)?;
        for hash in &self.path {
            writeln!(f, "{}", BASE64.encode(hash))?;
        }
        write!(f, "\n{}", self.checkpoint)
    }
}
