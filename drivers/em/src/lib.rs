//! 125 kHz cards: the 64 bits of an EM4100, the forms in which its number is printed, and what is written into a T5577
//! or EM4305 so that it answers as an EM4100 or as an HID Prox card.
//!
//! Codings are pure functions. A [`Program`] is the order of steps in which a chip is written so that after each of
//! them the card is as before, as wished, or can be written again; it runs over any [`lanyard_device::LfReader`].
//! Every one of these cards can be copied in seconds: a chip's password keeps it from being changed, not from being
//! read.

mod em4100;
pub mod em4305;
mod error;
mod printed;
mod program;
mod prox;
pub mod t5577;

pub use em4100::Em4100;
pub use error::EmError;
pub use printed::{Part, Printed};
pub use program::{Act, Program, Sight};
pub use prox::Prox;
