//! How long a plan's bytes are on the air, by bit rate (ISO/IEC 14443-3 type A frames, 14443-4 blocks).
//!
//! What a card takes to reckon and to write its memory is not in it: that is the card's own, and comes on top.

use crate::Cost;

/// In kbit/s: the carrier (13.56 MHz) divided by 128, 64, 32 and 16.
pub const BIT_RATES: [u32; 4] = [106, 212, 424, 848];

/// Carrier cycles a bit at 106 kbit/s.
const CYCLES_A_BIT: u64 = 128;
/// A block's PCB and CRC (14443-4 §7.1).
const BLOCK: u64 = 3;
/// Eight bits and parity.
const BITS_A_BYTE: u64 = 9;
/// Start and end of a frame.
const FRAME: u64 = 2;
/// Least delay between frames, each way, in carrier cycles (14443-3 §6.2.1.1).
const DELAY: u64 = 1172;

impl Cost {
    /// Microseconds on the air at each of [`BIT_RATES`], delays between frames included.
    #[must_use]
    pub fn air_us(&self) -> [u64; 4] {
        let (exchanges, bytes) = (u64::from(self.exchanges), u64::from(self.sent) + u64::from(self.received));
        let frames = 2 * exchanges;
        let bits = (bytes + frames * BLOCK) * BITS_A_BYTE + frames * FRAME;
        [0, 1, 2, 3].map(|shift| {
            let cycles = bits * (CYCLES_A_BIT >> shift) + frames * DELAY;
            // 13.56 cycles a microsecond.
            (cycles * 100).div_ceil(1356)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_exchange_takes_what_the_standard_says() {
        // Six bytes there, two back: 14 bytes with PCB and CRC, 126 bits and 4 for the frames, twice 86.4 µs between.
        let cost = Cost { exchanges: 1, sent: 6, received: 2 };
        assert_eq!(cost.air_us(), [1400, 787, 480, 327]);
        assert_eq!(Cost::default().air_us(), [0; 4]);
    }
}
