//! Card numbers as readers see them: Wiegand formats, and bit layouts of an office's own.
//!
//! A format turns a facility code and a card number into bits with parity, and back. Where the bits go on a card is
//! `crates/encoding`'s; who gets which number is the caller's.

mod bits;
mod layout;
mod wiegand;

pub use bits::Bits;
pub use layout::{BitLayout, ParityPicture, ParityRule};
pub use wiegand::{CardNumber, Wiegand};

use lanyard_fault::{Coded, Fault, Helps};

/// What does not fit a format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FormatError {
    /// The facility code is above what the format holds.
    #[error("facility code {facility} does not fit {format}: at most {most}")]
    Facility {
        /// The format's name.
        format: &'static str,
        /// What was asked for.
        facility: u64,
        /// The largest that fits; 0 for a format without facility code.
        most: u64,
    },
    /// The card number is above what the format holds.
    #[error("card number {number} does not fit {format}: at most {most}")]
    Number {
        /// The format's name.
        format: &'static str,
        /// What was asked for.
        number: u64,
        /// The largest that fits.
        most: u64,
    },
    /// The bits are of another length.
    #[error("{format} has {expected} bits, not {found}")]
    Length {
        /// The format's name.
        format: &'static str,
        /// Its bits.
        expected: u8,
        /// How many there are.
        found: u8,
    },
    /// A parity bit does not agree.
    #[error("the parity of a {format} number is wrong")]
    Parity {
        /// The format's name.
        format: &'static str,
    },
    /// A bit layout's picture cannot be.
    #[error("bit {at} of the layout: {why}")]
    Picture {
        /// Which bit, from 0.
        at: u8,
        /// What is wrong there.
        why: &'static str,
    },
    /// A letter of a layout has no value, or one that does not fit.
    #[error("letter {letter} of the layout: a number of at most {most}")]
    Letter {
        /// Which letter.
        letter: char,
        /// The largest that fits.
        most: u64,
    },
    /// More bits than the bytes can hold, or bits set beyond the length.
    #[error("{bits} bits do not fit into {bytes} bytes")]
    Room {
        /// The bits.
        bits: u8,
        /// The bytes.
        bytes: usize,
    },
}

impl Coded for FormatError {
    fn code(&self) -> &'static str {
        match self {
            Self::Facility { .. } => "format.facility.too_large",
            Self::Number { .. } => "format.number.too_large",
            Self::Length { .. } => "format.bits.length",
            Self::Parity { .. } => "format.bits.parity",
            Self::Picture { .. } => "format.layout.picture",
            Self::Letter { .. } => "format.layout.letter",
            Self::Room { .. } => "format.bits.room",
        }
    }

    fn fault(&self) -> Fault {
        match self {
            Self::Facility { .. }
            | Self::Number { .. }
            | Self::Picture { .. }
            | Self::Letter { .. }
            | Self::Room { .. } => Fault::Policy,
            Self::Length { .. } | Self::Parity { .. } => Fault::Card,
        }
    }

    fn helps(&self) -> Helps {
        match self {
            Self::Facility { .. }
            | Self::Number { .. }
            | Self::Picture { .. }
            | Self::Letter { .. }
            | Self::Room { .. } => Helps::Later,
            Self::Length { .. } | Self::Parity { .. } => Helps::Another,
        }
    }

    fn details(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Facility { format, facility, most } => {
                vec![("format", (*format).into()), ("facility", facility.to_string()), ("most", most.to_string())]
            }
            Self::Number { format, number, most } => {
                vec![("format", (*format).into()), ("number", number.to_string()), ("most", most.to_string())]
            }
            Self::Length { format, expected, found } => {
                vec![("format", (*format).into()), ("expected", expected.to_string()), ("found", found.to_string())]
            }
            Self::Parity { format } => vec![("format", (*format).into())],
            Self::Picture { at, why } => vec![("at", at.to_string()), ("why", (*why).into())],
            Self::Letter { letter, most } => vec![("letter", letter.to_string()), ("most", most.to_string())],
            Self::Room { bits, bytes } => vec![("bits", bits.to_string()), ("bytes", bytes.to_string())],
        }
    }
}
