//! Bit layouts of an office's own, drawn as a picture: `PFFFFFFFFNNNNNNNNNNNNNNNNP` is the 26-bit format.
//!
//! A capital letter is a bit of the value of that letter (its highest bit first, wherever its bits stand), `0` and `1`
//! stand for themselves, `P` is a parity bit; spaces part groups. Each parity bit has a second picture: `X` where a bit
//! counts, `.` where it does not.

use crate::{Bits, FormatError};

/// A parity bit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParityRule {
    /// Mask of its own place.
    at: u64,
    odd: bool,
    /// Mask of what it is reckoned over.
    over: u64,
}

/// A parity bit as it is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParityPicture<'t> {
    /// Which `P` of the layout, counted from 0, the first on the wire.
    pub bit: u8,
    /// Odd or even.
    pub odd: bool,
    /// `X` and `.`, as long as the layout.
    pub over: &'t str,
}

/// A layout of 1 to 64 bits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BitLayout {
    len: u8,
    /// What stands for itself.
    ones: u64,
    /// Each letter once, with the masks of its bits, highest first.
    letters: Vec<(char, Vec<u64>)>,
    parity: Vec<ParityRule>,
}

impl BitLayout {
    /// Reads the pictures. Parity bits are reckoned in their order here: one that covers another comes after it.
    ///
    /// # Errors
    /// [`FormatError::Picture`].
    pub fn new(picture: &str, parity: &[ParityPicture<'_>]) -> Result<Self, FormatError> {
        let drawn = bits_of(picture)?;
        let len = drawn.len() as u8;
        let mask = |at: usize| 1_u64 << (drawn.len() - 1 - at);
        let mut layout = Self { len, ones: 0, letters: Vec::new(), parity: Vec::new() };
        let mut places = 0;
        for (at, sign) in drawn.iter().copied().enumerate() {
            match sign {
                '0' => {}
                '1' => layout.ones |= mask(at),
                'P' => places |= mask(at),
                'A'..='Z' => match layout.letters.iter_mut().find(|(letter, _)| *letter == sign) {
                    Some((_, bits)) => bits.push(mask(at)),
                    None => layout.letters.push((sign, vec![mask(at)])),
                },
                _ => return Err(FormatError::Picture { at: at as u8, why: "only A to Z, 0 and 1" }),
            }
        }
        for rule in parity {
            let wrong = |why| FormatError::Picture { at: rule.bit, why };
            let covered = bits_of(rule.over)?;
            if covered.len() != drawn.len() {
                return Err(wrong("a parity picture is as long as the layout"));
            }
            if covered.iter().any(|sign| !matches!(sign, 'X' | '.')) {
                return Err(wrong("only X and . in a parity picture"));
            }
            let at = if rule.bit < len { mask(usize::from(rule.bit)) } else { 0 };
            if at & places == 0 {
                return Err(wrong("no P stands there, or it has its rule already"));
            }
            places &= !at;
            let over =
                covered.iter().enumerate().filter(|(_, sign)| **sign == 'X').fold(0, |all, (at, _)| all | mask(at));
            // A parity bit that counts itself, or one not reckoned yet, would depend on what is not there.
            if over & (places | at) != 0 {
                return Err(wrong("a parity bit counts itself, or one that comes after it"));
            }
            layout.parity.push(ParityRule { at, odd: rule.odd, over });
        }
        if places != 0 {
            let at = places.leading_zeros() as u8 - (64 - len);
            return Err(FormatError::Picture { at, why: "a P without its rule" });
        }
        Ok(layout)
    }

    /// How many bits, parity included.
    #[must_use]
    pub fn bits(&self) -> u8 {
        self.len
    }

    /// The letters, in the order in which they first stand, each with the largest value it holds.
    #[must_use]
    pub fn letters(&self) -> Vec<(char, u64)> {
        self.letters.iter().map(|(letter, bits)| (*letter, u64::MAX >> (64 - bits.len()))).collect()
    }

    /// To bits.
    ///
    /// # Errors
    /// [`FormatError::Letter`] for a value that is missing or does not fit; nothing is ever cut.
    pub fn encode(&self, value: impl Fn(char) -> Option<u64>) -> Result<Bits, FormatError> {
        let mut out = self.ones;
        for (letter, bits) in &self.letters {
            let most = u64::MAX >> (64 - bits.len());
            let value = value(*letter).filter(|value| *value <= most);
            let value = value.ok_or(FormatError::Letter { letter: *letter, most })?;
            for (at, mask) in bits.iter().rev().enumerate() {
                if value >> at & 1 == 1 {
                    out |= mask;
                }
            }
        }
        for rule in &self.parity {
            let ones = (out & rule.over).count_ones() % 2 == 1;
            if ones != rule.odd {
                out |= rule.at;
            }
        }
        Bits::new(out, self.len)
    }

    /// From bits: the values by letter.
    ///
    /// # Errors
    /// [`FormatError::Length`]; [`FormatError::Parity`] where a parity bit or one that stands for itself differs.
    pub fn decode(&self, bits: Bits) -> Result<Vec<(char, u64)>, FormatError> {
        if bits.len() != self.len {
            return Err(FormatError::Length { format: "layout", expected: self.len, found: bits.len() });
        }
        let read = |masks: &[u64]| masks.iter().fold(0, |value, mask| value << 1 | u64::from(bits.value() & mask != 0));
        let values: Vec<(char, u64)> = self.letters.iter().map(|(letter, masks)| (*letter, read(masks))).collect();
        let again = self.encode(|letter| values.iter().find(|(other, _)| *other == letter).map(|(_, value)| *value))?;
        if again == bits { Ok(values) } else { Err(FormatError::Parity { format: "layout" }) }
    }
}

/// The signs of a picture without its spaces.
fn bits_of(picture: &str) -> Result<Vec<char>, FormatError> {
    let signs: Vec<char> = picture.chars().filter(|sign| *sign != ' ').take(65).collect();
    if (1..=64).contains(&signs.len()) { Ok(signs) } else { Err(FormatError::Picture { at: 0, why: "1 to 64 bits" }) }
}
