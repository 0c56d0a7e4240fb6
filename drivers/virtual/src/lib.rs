//! Simulated cards, readers and printers, with fault scripts, for rehearsal and for tests.
//!
//! A [`Bench`] stands for the desk: readers and printers are plugged in, cards laid and lifted, printers jammed, by the
//! same handle that gives out the devices. [`DesfireCard`] is a card as its specification describes it, written apart
//! from the host's code and sharing nothing with it but ISO 7816-4 framing. Nothing here has a clock or randomness.

mod bench;
mod card;
mod desfire;
mod fault;
#[cfg(test)]
mod fault_tests;
mod legic;
mod lf;
mod printer;
mod reader;

pub use bench::{Bench, BenchError};
pub use card::{ApduCard, answer_at_reader, contactless_atr};
pub use desfire::{DesfireCard, FrameSize, ImageError, KeyKind, KeyView, Memory, Model};
pub use fault::{Fault, FaultKind};
pub use legic::VirtualLegic;
pub use lf::{Em4150Tag, Em4305Tag, Heard, LfTag, T5577Tag, Twn4Fault, VirtualTwn4};
pub use printer::VirtualPrinter;
pub use reader::VirtualReader;
