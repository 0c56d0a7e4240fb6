//! What can be wrong with the image of a prime card, or with an edit of it.

use lanyard_fault::{Coded, Fault, Helps};

/// What can be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LegicError {
    /// Not the 22, 256 or 1024 bytes of a prime card.
    #[error("no prime card has {bytes} bytes")]
    Size {
        /// How many there are.
        bytes: usize,
    },
    /// The card's own check sum does not agree with its number.
    #[error("the card's check sum does not agree with its number")]
    CardCheckSum,
    /// The card has no segments: new, a master token, or of another division.
    #[error("the card is not divided into segments")]
    Undivided,
    /// A segment's header is damaged.
    #[error("the header of segment {segment} is damaged")]
    Header {
        /// Its place.
        segment: u8,
    },
    /// There is no such segment.
    #[error("the card has no segment {segment}")]
    NoSegment {
        /// Its place.
        segment: u8,
    },
    /// Beyond the segment, or into what is protected.
    #[error("bytes {offset} to {end} of segment {segment} cannot be written")]
    Range {
        /// The segment.
        segment: u8,
        /// The first.
        offset: usize,
        /// The first behind.
        end: usize,
    },
    /// The card is full.
    #[error("{needed} bytes do not fit, {free} are free")]
    Full {
        /// With the new segment's header.
        needed: usize,
        /// Behind the last segment.
        free: usize,
    },
}

impl Coded for LegicError {
    fn code(&self) -> &'static str {
        match self {
            Self::Size { .. } => "legic.image.size",
            Self::CardCheckSum => "legic.card.checksum",
            Self::Undivided => "legic.card.undivided",
            Self::Header { .. } => "legic.segment.damaged",
            Self::NoSegment { .. } => "legic.segment.missing",
            Self::Range { .. } => "legic.segment.range",
            Self::Full { .. } => "legic.card.full",
        }
    }

    fn fault(&self) -> Fault {
        match self {
            Self::Size { .. } => Fault::Operator,
            Self::Range { .. } => Fault::Policy,
            _ => Fault::Card,
        }
    }

    fn helps(&self) -> Helps {
        match self {
            Self::Range { .. } => Helps::Later,
            _ => Helps::Another,
        }
    }

    fn details(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Size { bytes } => vec![("bytes", bytes.to_string())],
            Self::CardCheckSum | Self::Undivided => Vec::new(),
            Self::Header { segment } | Self::NoSegment { segment } => vec![("segment", segment.to_string())],
            Self::Range { segment, offset, end } => {
                vec![("segment", segment.to_string()), ("offset", offset.to_string()), ("end", end.to_string())]
            }
            Self::Full { needed, free } => vec![("needed", needed.to_string()), ("free", free.to_string())],
        }
    }
}
