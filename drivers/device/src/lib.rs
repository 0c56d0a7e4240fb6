//! What a reader and a printer is; knows no driver.
//!
//! A driver implements these traits and nothing else. Calls block; `station` gives each device a thread of its own.
//! Cameras are not here: the window's own web view opens them, and hands over a picture.

mod legic;
mod lf;
mod printer;
mod reader;

pub use legic::{LegicCard, LegicFamily, LegicReader, LegicSegment, NewSegment};
pub use lf::{Chip, LfCard, LfKind, LfReader};
pub use printer::{JobId, JobState, PrintJob, Printer, PrinterState};
pub use reader::{Channel, Reader, ReaderEvent};

use lanyard_fault::{Coded, Fault, Helps};

/// What can go wrong at a device, told apart by what helps.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DeviceError {
    /// The card left the field or the slot. What it did with the last command is unknown.
    #[error("the card was taken from reader {reader}")]
    CardGone {
        /// The reader's name.
        reader: String,
    },
    /// There is no card.
    #[error("no card on reader {reader}")]
    NoCard {
        /// The reader's name.
        reader: String,
    },
    /// More than one card is in the field.
    #[error("two cards on reader {reader}")]
    TwoCards {
        /// The reader's name.
        reader: String,
    },
    /// Something else holds the card or device.
    #[error("{device} is in use by another program")]
    Busy {
        /// The device's name.
        device: String,
    },
    /// Unplugged, switched off, or its service is not running.
    #[error("{device} is gone")]
    Gone {
        /// The device's name.
        device: String,
    },
    /// It answered, but not as its protocol says.
    #[error("{device} answered what its protocol does not know ({what})")]
    Protocol {
        /// The device's name.
        device: String,
        /// Which part of the protocol, for the log.
        what: &'static str,
    },
    /// It did not answer within its time.
    #[error("{device} did not answer within {limit_ms} ms")]
    Silent {
        /// The device's name.
        device: String,
        /// The limit that passed.
        limit_ms: u64,
    },
    /// The printer refuses the job (format, size, policy).
    #[error("{device} refuses the job: {reason}")]
    Refused {
        /// The device's name.
        device: String,
        /// The printer's own keyword (RFC 8011 §5.3.8 `job-state-reasons`, or status code).
        reason: String,
    },
    /// The reader is not known to offer it.
    #[error("{device} is not known to offer {what}")]
    Unsupported {
        /// The device's name.
        device: String,
        /// What was asked for.
        what: &'static str,
    },
}

impl Coded for DeviceError {
    fn code(&self) -> &'static str {
        match self {
            Self::CardGone { .. } => "card.removed",
            Self::NoCard { .. } => "card.none",
            Self::TwoCards { .. } => "card.two",
            Self::Busy { .. } => "device.busy",
            Self::Gone { .. } => "device.gone",
            Self::Protocol { .. } => "device.protocol",
            Self::Silent { .. } => "device.silent",
            Self::Refused { .. } => "printer.refused",
            Self::Unsupported { .. } => "device.unsupported",
        }
    }

    fn fault(&self) -> Fault {
        match self {
            Self::CardGone { .. } | Self::NoCard { .. } | Self::TwoCards { .. } => Fault::Operator,
            _ => Fault::Device,
        }
    }

    fn helps(&self) -> Helps {
        match self {
            Self::CardGone { .. } | Self::NoCard { .. } | Self::TwoCards { .. } | Self::Silent { .. } => {
                Helps::SameAgain
            }
            Self::Busy { .. } | Self::Gone { .. } => Helps::Later,
            Self::Protocol { .. } | Self::Refused { .. } | Self::Unsupported { .. } => Helps::Another,
        }
    }

    fn details(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::CardGone { reader } | Self::NoCard { reader } | Self::TwoCards { reader } => {
                vec![("reader", reader.clone())]
            }
            Self::Busy { device } | Self::Gone { device } => vec![("device", device.clone())],
            Self::Protocol { device, what } | Self::Unsupported { device, what } => {
                vec![("device", device.clone()), ("what", (*what).to_owned())]
            }
            Self::Silent { device, limit_ms } => {
                vec![("device", device.clone()), ("limit_ms", limit_ms.to_string())]
            }
            Self::Refused { device, reason } => vec![("device", device.clone()), ("reason", reason.clone())],
        }
    }
}
