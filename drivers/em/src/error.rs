//! What can be wrong with a 125 kHz card, its number, or what is to be written into it.

use lanyard_device::{Chip, DeviceError};
use lanyard_fault::{Coded, Fault, Helps};

/// What can be wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EmError {
    /// 64 bits that are no EM4100 frame.
    #[error("no EM4100 number: {part} is wrong")]
    Frame {
        /// `header`, `row`, `column` or `stop`.
        part: &'static str,
    },
    /// 96 bits that are no HID Prox frame of at most 44 bits.
    #[error("no HID Prox number: {part} is wrong")]
    Prox {
        /// `header` or `bits`.
        part: &'static str,
    },
    /// A printed number that is not of its form.
    #[error("this is no number of the form {form}")]
    Printed {
        /// The form's name in the trade.
        form: &'static str,
    },
    /// The chip cannot be configured so.
    #[error("{chip:?} does not offer {what}")]
    Unsupported {
        /// The chip.
        chip: Chip,
        /// What was asked for.
        what: &'static str,
    },
    /// A password that would endanger the chip.
    #[error("a T5577 password must not be zero or begin with a set bit")]
    Password,
    /// What was written reads back as something else.
    #[error("block {address} of the {chip:?} does not hold what was written")]
    Differs {
        /// The chip.
        chip: Chip,
        /// Its block or word.
        address: u8,
    },
    /// No answer to a read: the card is gone, of another kind, or wants another password.
    #[error("block {address} of the {chip:?} cannot be read")]
    Unread {
        /// The chip.
        chip: Chip,
        /// Its block or word.
        address: u8,
    },
    /// The chip does not take the password.
    #[error("the {chip:?} does not take the password")]
    Login {
        /// The chip.
        chip: Chip,
    },
    /// The reader.
    #[error(transparent)]
    Device(#[from] DeviceError),
}

impl Coded for EmError {
    fn code(&self) -> &'static str {
        match self {
            Self::Frame { .. } | Self::Prox { .. } => "em.number.damaged",
            Self::Printed { .. } => "em.number.form",
            Self::Unsupported { .. } => "em.config.unsupported",
            Self::Password => "em.password.unfit",
            Self::Differs { .. } => "em.block.differs",
            Self::Unread { .. } => "em.block.unread",
            Self::Login { .. } => "em.password.refused",
            Self::Device(error) => error.code(),
        }
    }

    fn fault(&self) -> Fault {
        match self {
            Self::Frame { .. }
            | Self::Prox { .. }
            | Self::Differs { .. }
            | Self::Unread { .. }
            | Self::Login { .. } => Fault::Card,
            Self::Printed { .. } => Fault::Operator,
            Self::Unsupported { .. } | Self::Password => Fault::Policy,
            Self::Device(error) => error.fault(),
        }
    }

    fn helps(&self) -> Helps {
        match self {
            Self::Frame { .. } | Self::Prox { .. } | Self::Login { .. } => Helps::Another,
            // The programme may be run again from its start at any time.
            Self::Differs { .. } | Self::Unread { .. } => Helps::SameAgain,
            Self::Printed { .. } | Self::Unsupported { .. } | Self::Password => Helps::Later,
            Self::Device(error) => error.helps(),
        }
    }

    fn details(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Frame { part } | Self::Prox { part } => vec![("part", (*part).into())],
            Self::Printed { form } => vec![("form", (*form).into())],
            Self::Unsupported { chip, what } => vec![("chip", chip.name().into()), ("what", (*what).into())],
            Self::Differs { chip, address } | Self::Unread { chip, address } => {
                vec![("chip", chip.name().into()), ("block", address.to_string())]
            }
            Self::Login { chip } => vec![("chip", chip.name().into())],
            Self::Password => Vec::new(),
            Self::Device(error) => error.details(),
        }
    }
}
