//! LEGIC: the memory of prime cards as an image that is read, checked and edited, and readers as operations.
//!
//! [`Image`] knows headers, segments, stamps, check sums, the backup of a header and the Kaba group header, from what
//! is published and holds for real cards. [`SmReader`] is a reader with a LEGIC chip (SM-4200, 4500, 6300) behind some
//! link that carries its frames; the chip's command codes are under LEGIC's licence, are not here, and belong into
//! `codes.rs`. prime cards can be copied, and their protection is what readers respect, not what the card enforces.

mod codes;
mod crc;
mod error;
mod image;
mod segment;
mod sm;

pub use codes::SmCodes;
pub use crc::{crc8, crc16};
pub use error::LegicError;
pub use image::{Backup, Image, Medium};
pub use segment::{Segment, SegmentHeader};
pub use sm::{SmAnswer, SmLink, SmReader, decode_frame, encode_frame};
