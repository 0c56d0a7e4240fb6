//! The printed recovery code: 160 random bits and a checksum of 20 bits, as six groups of six characters that cannot be
//! mistaken for each other (Crockford's base 32: no I, L, O, U). A typo is told apart from a code of another house.

use lanyard_secret::{Secret, SecretBytes};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::{Entropy, KeysError};

const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const DATA_CHARS: usize = 32;
const CHARS: usize = 36;
const GROUP: usize = 6;

/// 160 random bits.
pub struct RecoveryCode(Secret<20>);

impl RecoveryCode {
    /// A new one.
    #[must_use]
    pub fn random(entropy: &mut Entropy) -> Self {
        Self(Secret::filled(|bytes| entropy(bytes)))
    }

    /// As printed: `XXXXXX-XXXXXX-XXXXXX-XXXXXX-XXXXXX-XXXXXX`. Shown once, never stored.
    #[must_use]
    pub fn printed(&self) -> SecretBytes {
        let digits = digits(&self.0);
        let mut text = Vec::with_capacity(CHARS + CHARS / GROUP - 1);
        for (i, digit) in digits.iter().enumerate() {
            if i > 0 && i % GROUP == 0 {
                text.push(b'-');
            }
            text.push(ALPHABET[usize::from(*digit)]);
        }
        SecretBytes::new(text)
    }

    /// From what someone typed: case, hyphens and spaces do not matter, O is read as 0, I and L as 1.
    ///
    /// # Errors
    /// [`KeysError::RecoveryTypo`] if it is no code: length, characters or checksum.
    pub fn typed(text: &str) -> Result<Self, KeysError> {
        let mut typed = Zeroizing::new([0u8; CHARS]);
        let mut count = 0;
        for c in text.chars().filter(|c| !c.is_whitespace() && !matches!(c, '-' | '–' | '_' | '.')) {
            let c = match c.to_ascii_uppercase() {
                'O' => '0',
                'I' | 'L' => '1',
                c => c,
            };
            let digit = ALPHABET.iter().position(|a| char::from(*a) == c).ok_or(KeysError::RecoveryTypo)?;
            *typed.get_mut(count).ok_or(KeysError::RecoveryTypo)? = digit as u8;
            count += 1;
        }
        if count != CHARS {
            return Err(KeysError::RecoveryTypo);
        }
        let code = Self(Secret::filled(|bytes| {
            let mut bit = 0;
            for digit in &typed[..DATA_CHARS] {
                for shift in (0..5).rev() {
                    bytes[bit / 8] |= ((digit >> shift) & 1) << (7 - bit % 8);
                    bit += 1;
                }
            }
        }));
        if *digits(&code.0) == *typed { Ok(code) } else { Err(KeysError::RecoveryTypo) }
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        self.0.expose()
    }
}

/// 32 digits of data, 4 of checksum.
fn digits(bytes: &Secret<20>) -> Zeroizing<[u8; CHARS]> {
    let mut out = Zeroizing::new([0; CHARS]);
    let sum = Sha256::new_with_prefix(b"lanyard/recovery/v1\0").chain_update(bytes.expose()).finalize();
    let bit = |bytes: &[u8], i: usize| (bytes[i / 8] >> (7 - i % 8)) & 1;
    for (i, digit) in out.iter_mut().enumerate() {
        for k in 0..5 {
            let one = if i < DATA_CHARS { bit(bytes.expose(), i * 5 + k) } else { bit(&sum, (i - DATA_CHARS) * 5 + k) };
            *digit = (*digit << 1) | one;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code() -> RecoveryCode {
        let mut next = 0u8;
        RecoveryCode::random(&mut |bytes| {
            for byte in bytes {
                next = next.wrapping_mul(73).wrapping_add(41);
                *byte = next;
            }
        })
    }

    fn text(code: &RecoveryCode) -> String {
        String::from_utf8(code.printed().expose().to_vec()).unwrap()
    }

    #[test]
    fn a_code_comes_back_however_it_is_typed() {
        let printed = text(&code());
        assert_eq!(printed.len(), 41);
        let sloppy = printed.to_lowercase().replace('-', " ").replace('0', "o").replace('1', "l");
        for typed in [printed, sloppy] {
            assert!(RecoveryCode::typed(&typed).unwrap().0.same(&code().0));
        }
    }

    #[test]
    fn every_single_wrong_character_and_every_swap_of_neighbours_is_called_a_typo() {
        let printed: Vec<char> = text(&code()).chars().collect();
        for i in 0..printed.len() {
            for wrong in ALPHABET.iter().map(|c| char::from(*c)) {
                let mut typed = printed.clone();
                if typed[i] == wrong || typed[i] == '-' {
                    continue;
                }
                typed[i] = wrong;
                let typed: String = typed.into_iter().collect();
                assert_eq!(RecoveryCode::typed(&typed).err(), Some(KeysError::RecoveryTypo), "{i} {wrong}");
            }
            if i + 1 < printed.len() && printed[i] != printed[i + 1] && printed[i] != '-' && printed[i + 1] != '-' {
                let mut typed = printed.clone();
                typed.swap(i, i + 1);
                let typed: String = typed.into_iter().collect();
                assert_eq!(RecoveryCode::typed(&typed).err(), Some(KeysError::RecoveryTypo));
            }
        }
    }

    #[test]
    fn too_short_too_long_and_foreign_characters_are_typos() {
        for typed in ["", "0", "ÄÖÜ", &"0".repeat(37), "U"] {
            assert_eq!(RecoveryCode::typed(typed).err(), Some(KeysError::RecoveryTypo));
        }
    }
}
