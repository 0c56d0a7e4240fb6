//! The EM4100: forty bits, sent for ever as 64 with a header and parities over rows and columns.

use crate::EmError;

/// A number, as a reader gives it: most significant byte first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Em4100(pub [u8; 5]);

/// Nine ones, which no other place of a frame can have in a row.
const HEADER: u64 = 0x1FF;

impl Em4100 {
    /// From a number of at most 40 bits.
    #[must_use]
    pub fn from_number(number: u64) -> Option<Self> {
        let [0, 0, 0, id @ ..] = number.to_be_bytes() else { return None };
        Some(Self(id))
    }

    /// As a number.
    #[must_use]
    pub fn number(self) -> u64 {
        self.0.iter().fold(0, |number, byte| number << 8 | u64::from(*byte))
    }

    /// The frame, the bit that is sent first being the highest: nine ones, ten rows of four bits and their even
    /// parity, four even parities of the columns, a zero (EM4100 data sheet, "Memory array").
    #[must_use]
    pub fn encode(self) -> u64 {
        let mut frame = HEADER;
        let mut columns = 0;
        for row in 0..10 {
            let nibble = self.number() >> (36 - 4 * row) & 0xF;
            columns ^= nibble;
            frame = frame << 5 | nibble << 1 | u64::from(nibble.count_ones() % 2);
        }
        frame << 5 | columns << 1
    }

    /// Reads a frame that begins with its header.
    ///
    /// # Errors
    /// [`EmError::Frame`] names the part that is wrong.
    pub fn decode(frame: u64) -> Result<Self, EmError> {
        if frame >> 55 != HEADER {
            return Err(EmError::Frame { part: "header" });
        }
        let mut number = 0;
        let mut columns = 0;
        for row in 0..10 {
            let bits = frame >> (50 - 5 * row) & 0x1F;
            if !bits.count_ones().is_multiple_of(2) {
                return Err(EmError::Frame { part: "row" });
            }
            columns ^= bits >> 1;
            number = number << 4 | bits >> 1;
        }
        if frame >> 1 & 0xF != columns {
            return Err(EmError::Frame { part: "column" });
        }
        if frame & 1 != 0 {
            return Err(EmError::Frame { part: "stop" });
        }
        Self::from_number(number).ok_or(EmError::Frame { part: "row" })
    }

    /// The two blocks of a T5577 that sends this number.
    #[must_use]
    pub fn blocks(self) -> [u32; 2] {
        let frame = self.encode();
        [(frame >> 32) as u32, frame as u32]
    }

    /// Each byte with its bits in reverse: some makers' readers show the number so ("Unique ID").
    #[must_use]
    pub fn reversed(self) -> Self {
        Self(self.0.map(u8::reverse_bits))
    }
}
