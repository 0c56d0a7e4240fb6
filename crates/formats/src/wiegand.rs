//! The Wiegand formats that are open: 26 bits (HID H10301), 34 (H10306), 35 (Corporate 1000), 37 (H10304, and H10302
//! without facility) and 48 (Corporate 1000).

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
    /// 35 bits: facility (company) 12, number 20.
    C1k35s,
    /// 48 bits: facility (company) 22, number 23.
    C1k48s,
}

/// What a reader tells the door controller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CardNumber {
    /// Facility (site) code; 0 in a format without one.
    pub facility: u64,
    /// Card number.
    pub number: u64,
}

/// A parity bit and the bits that it is reckoned over, as masks.
struct Parity {
    at: u64,
    odd: bool,
    over: u64,
}

struct Layout {
    name: &'static str,
    facility: u8,
    number: u8,
    /// In the order in which they are reckoned: the last one of Corporate 1000 is over the others.
    parity: &'static [Parity],
}

impl Layout {
    /// Parity bits at the ends and, in Corporate 1000, a second one in front; the data begins at bit 1.
    const fn bits(&self) -> u8 {
        self.facility + self.number + self.parity.len() as u8
    }

    const fn data(&self) -> u64 {
        (1 << (self.facility + self.number)) - 1
    }
}

/// Bits `low` to `high`, counted from the last on the wire.
const fn span(low: u8, high: u8) -> u64 {
    (u64::MAX >> (63 - high)) & (u64::MAX << low)
}

const H10301: Layout = Layout {
    name: "H10301",
    facility: 8,
    number: 16,
    parity: &[Parity { at: 1 << 25, odd: false, over: span(13, 24) }, Parity { at: 1, odd: true, over: span(1, 12) }],
};

const H10306: Layout = Layout {
    name: "H10306",
    facility: 16,
    number: 16,
    parity: &[Parity { at: 1 << 33, odd: false, over: span(17, 32) }, Parity { at: 1, odd: true, over: span(1, 16) }],
};

/// In 37 bits the middle data bit counts in both.
const PARITY_37: &[Parity] =
    &[Parity { at: 1 << 36, odd: false, over: span(18, 35) }, Parity { at: 1, odd: true, over: span(1, 18) }];

const H10304: Layout = Layout { name: "H10304", facility: 16, number: 19, parity: PARITY_37 };
const H10302: Layout = Layout { name: "H10302", facility: 0, number: 35, parity: PARITY_37 };

/// Two of three bits count in each of the inner parity bits; the first on the wire is odd over all.
const C1K35S: Layout = Layout {
    name: "C1k35s",
    facility: 12,
    number: 20,
    parity: &[
        Parity { at: 1 << 33, odd: false, over: 0x1_B6DB_6DB6 },
        Parity { at: 1, odd: true, over: 0x3_6DB6_DB6C },
        Parity { at: 1 << 34, odd: true, over: span(0, 33) },
    ],
};

const C1K48S: Layout = Layout {
    name: "C1k48s",
    facility: 22,
    number: 23,
    parity: &[
        Parity { at: 1 << 46, odd: false, over: 0x1B6D_B6DB_6DB6 },
        Parity { at: 1, odd: true, over: 0x36DB_6DB6_DB6C },
        Parity { at: 1 << 47, odd: true, over: span(0, 46) },
    ],
};

impl Wiegand {
    /// Every one.
    pub const ALL: &[Self] = &[Self::H10301, Self::H10306, Self::H10304, Self::H10302, Self::C1k35s, Self::C1k48s];

    fn layout(self) -> &'static Layout {
        match self {
            Self::H10301 => &H10301,
            Self::H10306 => &H10306,
            Self::H10304 => &H10304,
            Self::H10302 => &H10302,
            Self::C1k35s => &C1K35S,
            Self::C1k48s => &C1K48S,
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
        self.layout().bits()
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
        let data = bits.value() >> 1 & self.layout().data();
        if self.with_parity(data) != bits.value() {
            return Err(FormatError::Parity { format: self.name() });
        }
        Ok(CardNumber { facility: data >> self.layout().number, number: data & self.most_number() })
    }

    fn with_parity(self, data: u64) -> u64 {
        self.layout().parity.iter().fold(data << 1, |bits, parity| {
            let ones = (bits & parity.over).count_ones() % 2 == 1;
            if ones == parity.odd { bits } else { bits | parity.at }
        })
    }
}
