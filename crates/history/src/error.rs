//! What can go wrong while writing or reading history. A fault found *in* a bundle is not an error: it is a
//! [`crate::Finding`] of the report.

use lanyard_fault::{Coded, Fault, Helps};

/// The error of this crate.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The bytes are not what their own deterministic re-encoding would be, or not of the shape the format asks for.
    #[error("not canonical at byte {at}: {why}")]
    NotCanonical {
        /// Offset of the first byte that differs.
        at: usize,
        /// Which rule it breaks.
        why: &'static str,
    },
    /// More bytes, levels or items than the format allows.
    #[error("{what}: {size}, at most {limit} allowed")]
    TooLarge {
        /// What is too large.
        what: &'static str,
        /// How large it is.
        size: u64,
        /// How large it may be.
        limit: u64,
    },
    /// Not a canonical Ed25519 key, or one of small order.
    #[error("not an Ed25519 public key that may be used: not canonical, or of small order")]
    WeakKey,
    /// A signature that had to hold does not.
    #[error("the signature does not hold")]
    BadSignature,
    /// A note, checkpoint, key or proof in text form is malformed.
    #[error("{what}, line {line}: {why}")]
    Text {
        /// What was read.
        what: &'static str,
        /// Line, counted from 1.
        line: usize,
        /// Which rule it breaks.
        why: &'static str,
    },
    /// An inclusion or consistency proof does not lead to the root.
    #[error("the proof does not hold")]
    ProofFails,
    /// A bundle without a file it must have.
    #[error("the bundle has no {name}")]
    FileMissing {
        /// The name in the ZIP.
        name: &'static str,
    },
    /// Not a ZIP, or one that no exporter of ours would write.
    #[error("the bundle cannot be read: {why}")]
    Bundle {
        /// Which rule it breaks.
        why: &'static str,
    },
    /// Parts given to the bundle writer in a wrong order.
    #[error("the bundle is written in the wrong order: {why}")]
    Order {
        /// What came too late or too early.
        why: &'static str,
    },
    /// Reading or writing failed below.
    #[error("reading or writing failed")]
    Io(#[from] std::io::Error),
}

impl Coded for Error {
    fn code(&self) -> &'static str {
        match self {
            Self::NotCanonical { .. } => "history.not_canonical",
            Self::TooLarge { .. } => "history.too_large",
            Self::WeakKey => "history.weak_key",
            Self::BadSignature => "history.bad_signature",
            Self::Text { .. } => "history.text_malformed",
            Self::ProofFails => "history.proof_fails",
            Self::FileMissing { .. } => "history.bundle_incomplete",
            Self::Bundle { .. } => "history.bundle_unreadable",
            Self::Order { .. } => "history.bundle_order",
            Self::Io(_) => "history.io",
        }
    }

    fn fault(&self) -> Fault {
        match self {
            Self::Text { .. } | Self::FileMissing { .. } | Self::Bundle { .. } => Fault::Operator,
            Self::Io(_) => Fault::Device,
            _ => Fault::Us,
        }
    }

    fn helps(&self) -> Helps {
        match self {
            Self::Text { .. } | Self::FileMissing { .. } | Self::Bundle { .. } => Helps::Another,
            Self::Io(_) => Helps::Later,
            _ => Helps::Never,
        }
    }

    fn details(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::NotCanonical { at, why } => vec![("at", at.to_string()), ("why", (*why).to_owned())],
            Self::TooLarge { what, size, limit } => {
                vec![("what", (*what).to_owned()), ("size", size.to_string()), ("limit", limit.to_string())]
            }
            Self::Text { what, line, why } => {
                vec![("what", (*what).to_owned()), ("line", line.to_string()), ("why", (*why).to_owned())]
            }
            Self::FileMissing { name } => vec![("name", (*name).to_owned())],
            Self::Bundle { why } | Self::Order { why } => vec![("why", (*why).to_owned())],
            Self::WeakKey | Self::BadSignature | Self::ProofFails | Self::Io(_) => Vec::new(),
        }
    }
}
