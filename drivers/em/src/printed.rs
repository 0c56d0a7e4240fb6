//! The forms in which an EM4100 number stands printed on cards and in lists. Most leave part of it out, so a printed
//! number is in general only something that a card's number fits or does not fit.

use crate::{Em4100, EmError};

/// A form, by its name in the trade.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Printed {
    /// The low 24 bits, 8 digits.
    Dez8,
    /// The low 32 bits, 10 digits.
    Dez10,
    /// The low 32 bits as two numbers of 5 digits.
    Dez5_5,
    /// First byte, 3 digits, and the low 16 bits, 5 digits.
    Dez3_5A,
    /// Second byte and the low 16 bits.
    Dez3_5B,
    /// Third byte and the low 16 bits.
    Dez3_5C,
    /// All 40 bits, 14 digits.
    Dez14,
    /// All 40 bits, each byte's bits in reverse, 15 digits.
    Dez15,
    /// All 40 bits as ten hexadecimal digits.
    Hex,
}

/// What a printed number says of a card's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    number: u64,
    mask: u64,
}

impl Part {
    /// Whether a card of this number may bear it.
    #[must_use]
    pub fn fits(self, card: Em4100) -> bool {
        card.number() & self.mask == self.number
    }

    /// The card's number, if the form says all of it.
    #[must_use]
    pub fn whole(self) -> Option<Em4100> {
        if self.mask == ALL_BITS { Em4100::from_number(self.number) } else { None }
    }
}

const ALL_BITS: u64 = 0xFF_FFFF_FFFF;

impl Printed {
    /// Every one.
    pub const ALL: &[Self] = &[
        Self::Dez8,
        Self::Dez10,
        Self::Dez5_5,
        Self::Dez3_5A,
        Self::Dez3_5B,
        Self::Dez3_5C,
        Self::Dez14,
        Self::Dez15,
        Self::Hex,
    ];

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Dez8 => "DEZ8",
            Self::Dez10 => "DEZ10",
            Self::Dez5_5 => "DEZ5.5",
            Self::Dez3_5A => "DEZ3.5A",
            Self::Dez3_5B => "DEZ3.5B",
            Self::Dez3_5C => "DEZ3.5C",
            Self::Dez14 => "DEZ14",
            Self::Dez15 => "DEZ15",
            Self::Hex => "HEX",
        }
    }

    /// How many digits, and for each number in it: how many bits from which upwards.
    fn parts(self) -> &'static [(usize, u32, u32)] {
        match self {
            Self::Dez8 => &[(8, 24, 0)],
            Self::Dez10 => &[(10, 32, 0)],
            Self::Dez5_5 => &[(5, 16, 16), (5, 16, 0)],
            Self::Dez3_5A => &[(3, 8, 32), (5, 16, 0)],
            Self::Dez3_5B => &[(3, 8, 24), (5, 16, 0)],
            Self::Dez3_5C => &[(3, 8, 16), (5, 16, 0)],
            Self::Dez14 => &[(14, 40, 0)],
            Self::Dez15 => &[(15, 40, 0)],
            Self::Hex => &[(10, 40, 0)],
        }
    }

    /// As it is printed.
    #[must_use]
    pub fn show(self, card: Em4100) -> String {
        let number = if self == Self::Dez15 { card.reversed() } else { card }.number();
        let digits = |(width, bits, from): &(usize, u32, u32)| {
            let value = number >> from & ((1 << bits) - 1);
            if self == Self::Hex { format!("{value:0width$X}") } else { format!("{value:0width$}") }
        };
        self.parts().iter().map(digits).collect::<Vec<_>>().join(".")
    }

    /// What a printed number says. Leading zeros may be missing, as spreadsheets drop them.
    ///
    /// # Errors
    /// [`EmError::Printed`].
    pub fn read(self, text: &str) -> Result<Part, EmError> {
        let wrong = EmError::Printed { form: self.name() };
        let words: Vec<&str> = text.trim().split('.').collect();
        if words.len() != self.parts().len() {
            return Err(wrong);
        }
        let mut part = Part { number: 0, mask: 0 };
        for (word, (width, bits, from)) in words.iter().zip(self.parts()) {
            let radix = if self == Self::Hex { 16 } else { 10 };
            let fit = (1..=*width).contains(&word.len()) && word.chars().all(|digit| digit.is_digit(radix));
            let value = if fit { u64::from_str_radix(word, radix).ok() } else { None };
            let value = value.filter(|value| value >> bits == 0).ok_or_else(|| wrong.clone())?;
            part.number |= value << from;
            part.mask |= ((1 << bits) - 1) << from;
        }
        if self == Self::Dez15 {
            part.number = Em4100::from_number(part.number).ok_or(wrong)?.reversed().number();
        }
        Ok(part)
    }
}
