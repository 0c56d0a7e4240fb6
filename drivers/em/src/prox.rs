//! HID Prox, the short form: up to 44 bits, each sent as two, after a header. What a T5577 sends that stands for a
//! Wiegand number. How the number becomes the 44 bits (sentinel bits) is `lanyard_formats::Bits::hid_raw`.

use crate::EmError;

/// The 44 bits, right-justified, as other programs print them ("raw").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Prox(u64);

const HEADER: u128 = 0x1D;
const BITS: u32 = 44;

impl Prox {
    /// From the raw bits.
    #[must_use]
    pub fn new(raw: u64) -> Option<Self> {
        (raw >> BITS == 0).then_some(Self(raw))
    }

    /// The raw bits.
    #[must_use]
    pub fn raw(self) -> u64 {
        self.0
    }

    /// The three blocks of a T5577 that sends it: the header's eight bits, then `01` for each 0 and `10` for each 1.
    #[must_use]
    pub fn blocks(self) -> [u32; 3] {
        let mut frame = HEADER;
        for bit in (0..BITS).rev() {
            frame = frame << 2 | if self.0 >> bit & 1 == 1 { 0b10 } else { 0b01 };
        }
        [(frame >> 64) as u32, (frame >> 32) as u32, frame as u32]
    }

    /// Reads three blocks.
    ///
    /// # Errors
    /// [`EmError::Prox`].
    pub fn from_blocks(blocks: [u32; 3]) -> Result<Self, EmError> {
        let frame = blocks.iter().fold(0_u128, |frame, block| frame << 32 | u128::from(*block));
        if frame >> (2 * BITS) != HEADER {
            return Err(EmError::Prox { part: "header" });
        }
        let mut raw = 0;
        for bit in (0..BITS).rev() {
            raw = raw << 1
                | match frame >> (2 * bit) & 0b11 {
                    0b10 => 1,
                    0b01 => 0,
                    _ => return Err(EmError::Prox { part: "bits" }),
                };
        }
        Ok(Self(raw))
    }
}
