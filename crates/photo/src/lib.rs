//! A portrait: read, turned upright, its face found, framed to a card's place, and judged.
//!
//! [`Photo::read`] takes a JPEG or PNG of at most 120 megapixels within 512 MB and keeps a working copy without any
//! metadata; [`Photo::find_faces`] looks for faces; [`frame()`] cuts out the portrait, by itself or as the operator
//! moves it, and says in plain hints what is not good about it. A hint never refuses: whoever calls may go on, with a
//! reason.

mod exif;
mod face;
mod fault;
mod frame;
mod jpeg;
mod judge;
mod pixels;
mod png;
mod reduce;

pub use face::Face;
pub use fault::PhotoError;
pub use frame::{Adjustments, Framed, PORTRAIT_HEIGHT, Rect, frame};
pub use judge::Hint;
pub use pixels::Photo;

/// The most a picture may have: width × height.
pub const MAX_PIXELS: u64 = 120_000_000;
/// The most a file may have. A photo of 120 megapixels has some 60 MB as a JPEG.
pub const MAX_BYTES: usize = 192 << 20;
