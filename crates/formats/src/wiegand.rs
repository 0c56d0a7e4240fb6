//! The Wiegand formats that are open: 26 bits (HID H10301), 34 (H10306), 37 (H10304, and H10302 without facility).

use crate::{Bits, FormatError};

/// A format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Wiegand {
    /// 26 bits: facility 8, number 16.
    H10301,
    /// 34 bits: facility 16, number 16.
    H10306,
    /// 37 bits: facility 16, number 19.
    H10304,
    /// 37 bits: number 35, no facility.
    H10302,
}

/// What a reader tells the door controller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CardNumber {
    /// Facility (site) code; 0 in a format without one.
    pub facility: u64,
    /// Card number.
    pub number: u64,
}

/// Each format has an even parity bit in front of, and an odd one after, its data; each covers so many data bits from
/// its own end. In 37 bits the middle data bit counts in both.
struct Layout {
    name: &'static str,
    facility: u8,
    number: u8,
    covered: u8,
}

impl Wiegand {
    /// Every one.
    pub const ALL: &[Self] = &[Self::H10301, Self::H10306, Self::H10304, Self::H10302];

    fn layout(self) -> Layout {
        match self {
            Self::H10301 => Layout { name: "H10301", facility: 8, number: 16, covered: 12 },
            Self::H10306 => Layout { name: "H10306", facility: 16, number: 16, covered: 16 },
            Self::H10304 => Layout { name: "H10304", facility: 16, number: 19, covered: 18 },
            Self::H10302 => Layout { name: "H10302", facility: 0, number: 35, covered: 18 },
        }
    }

    /// Its name in the trade.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.layout().name
    }

    /// How many bits, parity included.
    #[must_use]
    pub fn bits(self) -> u8 {
        let Layout { facility, number, .. } = self.layout();
        facility + number + 2
    }

    /// The largest facility code; 0 without one.
    #[must_use]
    pub fn most_facility(self) -> u64 {
        (1 << self.layout().facility) - 1
    }

    /// The largest card number.
    #[must_use]
    pub fn most_number(self) -> u64 {
        (1 << self.layout().number) - 1
    }

    /// To bits.
    ///
    /// # Errors
    /// [`FormatError::Facility`] and [`FormatError::Number`] for what does not fit; nothing is ever cut.
    pub fn encode(self, card: CardNumber) -> Result<Bits, FormatError> {
        let CardNumber { facility, number } = card;
        let format = self.name();
        if facility > self.most_facility() {
            return Err(FormatError::Facility { format, facility, most: self.most_facility() });
        }
        if number > self.most_number() {
            return Err(FormatError::Number { format, number, most: self.most_number() });
        }
        let data = facility << self.layout().number | number;
        Bits::new(self.with_parity(data), self.bits())
    }

    /// From bits.
    ///
    /// # Errors
    /// [`FormatError::Length`], [`FormatError::Parity`].
    pub fn decode(self, bits: Bits) -> Result<CardNumber, FormatError> {
        if bits.len() != self.bits() {
            return Err(FormatError::Length { format: self.name(), expected: self.bits(), found: bits.len() });
        }
        let data = bits.value() >> 1 & ((1 << (self.bits() - 2)) - 1);
        if self.with_parity(data) != bits.value() {
            return Err(FormatError::Parity { format: self.name() });
        }
        Ok(CardNumber { facility: data >> self.layout().number, number: data & self.most_number() })
    }

    fn with_parity(self, data: u64) -> u64 {
        let covered = self.layout().covered;
        let width = self.bits() - 2;
        let even = u64::from((data >> (width - covered)).count_ones() % 2);
        let odd = 1 - u64::from((data & ((1 << covered) - 1)).count_ones() % 2);
        even << (width + 1) | data << 1 | odd
    }
}
