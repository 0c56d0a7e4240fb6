//! A bundle for an auditor (history-format.md §5): one ZIP, written in one pass and read within bounds.

mod read;
mod sink;
mod write;

pub(crate) use read::{Bundle, Claim, Window};
pub use write::{About, BundleWriter, Packing, Scope};

/// Why, where nothing in it can be made out.
pub(crate) const NO_ZIP: &str = "not a ZIP, or damaged";
pub(crate) const ENTRIES: &str = "entries.cborseq";
pub(crate) const OPENINGS: &str = "openings.cborseq";
pub(crate) const SCOPE: &str = "scope.json";
pub(crate) const CHECKPOINT: &str = "checkpoint.txt";
pub(crate) const LEAVES: &str = "leaves.bin";
pub(crate) const ABOUT: &str = "about.json";
pub(crate) const PROOFS: &str = "proofs/";
pub(crate) const PROOF_END: &str = ".tlog-proof";
pub(crate) const BLOBS: &str = "blobs/";
