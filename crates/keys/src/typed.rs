//! What people copy from paper by hand: Crockford's base 32 (no I, L, O, U) in groups of six. Case, hyphens and spaces do
//! not matter, O is read as 0, I and L as 1.

use lanyard_secret::SecretBytes;
use zeroize::Zeroizing;

pub(crate) const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const GROUP: usize = 6;

/// Digits of five bits, as printed.
pub(crate) fn printed(digits: &[u8]) -> SecretBytes {
    let mut text = Vec::with_capacity(digits.len() + digits.len() / GROUP);
    for (i, digit) in digits.iter().enumerate() {
        if i > 0 && i % GROUP == 0 {
            text.push(b'-');
        }
        text.push(ALPHABET[usize::from(*digit & 31)]);
    }
    SecretBytes::new(text)
}

/// The digits of what somebody typed; `None` unless it is exactly so many.
pub(crate) fn digits(text: &str, count: usize) -> Option<Zeroizing<Vec<u8>>> {
    let mut digits = Zeroizing::new(Vec::with_capacity(count));
    for c in text.chars().filter(|c| !c.is_whitespace() && !matches!(c, '-' | '–' | '_' | '.')) {
        let c = match c.to_ascii_uppercase() {
            'O' => '0',
            'I' | 'L' => '1',
            c => c,
        };
        let digit = ALPHABET.iter().position(|a| char::from(*a) == c)?;
        if digits.len() == count {
            return None;
        }
        digits.push(digit as u8);
    }
    (digits.len() == count).then_some(digits)
}

/// Bytes as digits, five bits each; the last is filled with zeros.
pub(crate) fn of_bytes(bytes: &[u8]) -> Zeroizing<Vec<u8>> {
    let bits = bytes.len() * 8;
    let mut digits = Zeroizing::new(vec![0; bits.div_ceil(5)]);
    for bit in 0..bits {
        digits[bit / 5] |= ((bytes[bit / 8] >> (7 - bit % 8)) & 1) << (4 - bit % 5);
    }
    digits
}

/// Digits as bytes, into a slice that they fill.
pub(crate) fn to_bytes(digits: &[u8], bytes: &mut [u8]) {
    for bit in 0..bytes.len() * 8 {
        let one = digits.get(bit / 5).map_or(0, |digit| (digit >> (4 - bit % 5)) & 1);
        bytes[bit / 8] |= one << (7 - bit % 8);
    }
}
