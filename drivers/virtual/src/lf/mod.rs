//! Simulated 125 kHz cards, from their data sheets: what they send by themselves, and what their chips do when read and
//! written.

mod em4150;
mod em4305;
mod t5577;
mod twn4;

pub use em4150::Em4150Tag;
pub use em4305::Em4305Tag;
pub use t5577::T5577Tag;
pub use twn4::{Twn4Fault, VirtualTwn4};

/// A card for a reader of 125 kHz.
#[derive(Clone, Debug)]
pub enum LfTag {
    /// Sends its number; nothing in it can be written.
    Em4100([u8; 5]),
    /// A T5577.
    T5577(T5577Tag),
    /// An EM4150.
    Em4150(Em4150Tag),
    /// An EM4305.
    Em4305(Em4305Tag),
}

/// What a reader makes of a card's endless stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// An EM4100's number.
    Em4100([u8; 5]),
    /// HID Prox: the 44 bits.
    Prox(u64),
}

impl LfTag {
    /// What a reader hears.
    #[must_use]
    pub fn heard(&self) -> Option<Heard> {
        match self {
            Self::Em4100(id) => Some(Heard::Em4100(*id)),
            Self::T5577(tag) => tag.heard(),
            Self::Em4150(_) => None,
            Self::Em4305(tag) => tag.heard(),
        }
    }

    fn field_on(&mut self) {
        match self {
            Self::Em4100(_) => {}
            Self::T5577(tag) => tag.field_on(),
            Self::Em4150(tag) => tag.field_on(),
            Self::Em4305(tag) => tag.field_on(),
        }
    }
}

/// An EM4100's number out of its 64 bits, wherever in them the reader began to listen: nine ones begin it, each row and
/// column has an even number of ones, the last bit is none.
fn em4100(stream: u64) -> Option<[u8; 5]> {
    (0..64).map(|start| stream.rotate_left(start)).find_map(|frame| {
        let bit = |place: u32| frame >> (63 - place) & 1;
        let header = (0..9).all(|place| bit(place) == 1);
        let row = |row: u32| (0..5).map(move |column| 9 + 5 * row + column);
        let rows = (0..10).all(|r| row(r).map(bit).sum::<u64>() % 2 == 0);
        let columns = (0..4).all(|column| (0..11).map(|row| bit(9 + 5 * row + column)).sum::<u64>() % 2 == 0);
        let number = (0..10).flat_map(|r| row(r).take(4)).fold(0, |number, place| number << 1 | bit(place));
        let [0, 0, 0, id @ ..] = u64::to_be_bytes(number) else { return None };
        (header && rows && columns && bit(63) == 0).then_some(id)
    })
}

/// A HID Prox number out of three blocks: 1D, then each bit as itself and its opposite.
fn prox(blocks: [u32; 3]) -> Option<u64> {
    let bits = blocks.map(|block| format!("{block:032b}")).concat();
    let pairs = bits.strip_prefix("00011101")?.as_bytes();
    pairs.chunks(2).try_fold(0, |raw, pair| match pair {
        b"01" => Some(raw << 1),
        b"10" => Some(raw << 1 | 1),
        _ => None,
    })
}
