//! The printed recovery code: 160 random bits and a checksum of 20 bits, as six groups of six characters that cannot be
//! mistaken for each other (Crockford's base 32: no I, L, O, U). A typo is told apart from a code of another house.

use lanyard_secret::{Secret, SecretBytes};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::{Entropy, KeysError, typed};

const DATA_CHARS: usize = 32;
const CHARS: usize = 36;

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
        typed::printed(&*digits(&self.0))
    }

    /// From what someone typed: case, hyphens and spaces do not matter, O is read as 0, I and L as 1.
    ///
    /// # Errors
    /// [`KeysError::RecoveryTypo`] if it is no code: length, characters or checksum.
    pub fn typed(text: &str) -> Result<Self, KeysError> {
        let typed = typed::digits(text, CHARS).ok_or(KeysError::RecoveryTypo)?;
        let code = Self(Secret::filled(|bytes| typed::to_bytes(&typed[..DATA_CHARS], bytes)));
        if digits(&code.0)[..] == typed[..] { Ok(code) } else { Err(KeysError::RecoveryTypo) }
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        self.0.expose()
    }
}

/// 32 digits of data, 4 of checksum.
fn digits(bytes: &Secret<20>) -> Zeroizing<[u8; CHARS]> {
    let sum = Sha256::new_with_prefix(b"lanyard/recovery/v1\0").chain_update(bytes.expose()).finalize();
    let mut out = Zeroizing::new([0; CHARS]);
    out[..DATA_CHARS].copy_from_slice(&typed::of_bytes(bytes.expose()));
    out[DATA_CHARS..].copy_from_slice(&typed::of_bytes(&sum)[..CHARS - DATA_CHARS]);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::typed::ALPHABET;

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
