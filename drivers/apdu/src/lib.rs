//! ISO 7816-4 commands, responses, status words, chaining, and scripts that do no I/O.
//!
//! A card protocol is a [`Script`]: it is fed the last response and says what to transmit next. It owns no reader, so
//! the same script runs against a PC/SC reader, a simulated card and a recorded transcript. Simulated cards use the
//! same [`Command`] and [`Response`], and nothing else of the host's.

mod chain;
mod command;
mod response;
mod script;

pub use chain::Chaining;
pub use command::{Command, Encoded, Expected};
pub use response::{Response, Status};
pub use script::{DriveError, Script, Step, drive};

use lanyard_fault::{Coded, Fault, Helps};

/// What does not parse as ISO 7816-4.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ApduError {
    /// Shorter than its header, or its length field disagrees with its data.
    #[error("not an ISO 7816-4 command: {len} bytes")]
    NotACommand {
        /// How many bytes there were.
        len: usize,
    },
    /// A response has at least its status word.
    #[error("not an ISO 7816-4 response: {len} bytes")]
    NotAResponse {
        /// How many bytes there were.
        len: usize,
    },
    /// GET RESPONSE or chaining went past a sane length.
    #[error("the card keeps sending: more than {limit} bytes")]
    Endless {
        /// The limit that was passed, in bytes.
        limit: usize,
    },
}

impl Coded for ApduError {
    fn code(&self) -> &'static str {
        match self {
            Self::NotACommand { .. } => "card.command.malformed",
            Self::NotAResponse { .. } => "card.answer.malformed",
            Self::Endless { .. } => "card.answer.endless",
        }
    }

    fn fault(&self) -> Fault {
        Fault::Card
    }

    fn helps(&self) -> Helps {
        Helps::Another
    }
}
