//! Keys as operations take them. What ChangeKey makes of them is in `cryptogram`.

mod cryptogram;

pub(crate) use cryptogram::{Change, KeyRules, key_data};

use lanyard_secret::Secret;
use zeroize::Zeroizing;

use crate::cipher::BlockCipher;
use crate::{KeyType, KeyVersion};

/// Sixteen fresh random bytes: the host's half of a session (RndA). DES and two-key triple DES use the first eight.
pub type Nonce = Secret<16>;

/// A DES key. The lowest bit of each byte is no key material; the card keeps the key's version in those of the first
/// eight bytes, highest bit first.
pub enum DesKey {
    /// Single DES.
    Single(Secret<8>),
    /// Two-key triple DES; with equal halves the same as single DES.
    Double(Secret<16>),
    /// Three-key triple DES: EV1 messaging only.
    Triple(Secret<24>),
}

/// What a DES session key is made of.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Length {
    Single,
    Double,
    Triple,
}

impl DesKey {
    /// All zero: the factory key of a card.
    #[must_use]
    pub fn factory() -> Self {
        Self::Single(Secret::zero())
    }

    /// Of which type an application must be to hold it.
    #[must_use]
    pub fn key_type(&self) -> KeyType {
        match self {
            Self::Single(_) | Self::Double(_) => KeyType::Des,
            Self::Triple(_) => KeyType::ThreeKeyDes,
        }
    }

    /// The version that a card will tell for it.
    #[must_use]
    pub fn version(&self) -> KeyVersion {
        let bytes: &[u8] = match self {
            Self::Single(key) => key.expose(),
            Self::Double(key) => key.expose(),
            Self::Triple(key) => key.expose(),
        };
        KeyVersion(bytes.iter().take(8).fold(0, |version, byte| version << 1 | byte & 1))
    }

    /// The same key with another version. Of a double key with equal halves both halves bear it, so that they stay
    /// equal.
    #[must_use]
    pub fn with_version(self, version: KeyVersion) -> Self {
        match self {
            Self::Single(key) => Self::Single(Secret::filled(|out| {
                out.copy_from_slice(key.expose());
                mark(out, version);
            })),
            Self::Double(key) => Self::Double(Secret::filled(|out| {
                out.copy_from_slice(key.expose());
                let single = is_single(out);
                mark(&mut out[..8], version);
                if single {
                    mark(&mut out[8..], version);
                }
            })),
            Self::Triple(key) => Self::Triple(Secret::filled(|out| {
                out.copy_from_slice(key.expose());
                mark(&mut out[..8], version);
            })),
        }
    }

    /// Sixteen or 24 bytes, as the card holds it: a single key stands twice.
    pub(crate) fn bytes(&self) -> Zeroizing<Vec<u8>> {
        let mut out = Zeroizing::new(Vec::with_capacity(24));
        match self {
            Self::Single(key) => {
                out.extend_from_slice(key.expose());
                out.extend_from_slice(key.expose());
            }
            Self::Double(key) => out.extend_from_slice(key.expose()),
            Self::Triple(key) => out.extend_from_slice(key.expose()),
        }
        out
    }

    /// The cipher, and how long its session key is.
    pub(crate) fn cipher(&self) -> (BlockCipher, Length) {
        match self {
            Self::Single(key) => (BlockCipher::des(key.expose()), Length::Single),
            Self::Double(key) if is_single(key.expose()) => (BlockCipher::two_key(key.expose()), Length::Single),
            Self::Double(key) => (BlockCipher::two_key(key.expose()), Length::Double),
            Self::Triple(key) => (BlockCipher::three_key(key.expose()), Length::Triple),
        }
    }
}

/// Equal halves, parity aside: EDE with them is single DES.
fn is_single(key: &[u8; 16]) -> bool {
    let (first, second) = key.split_at(8);
    first.iter().zip(second).fold(0, |all, (a, b)| all | (a ^ b) & 0xFE) == 0
}

fn mark(eight: &mut [u8], version: KeyVersion) {
    for (i, byte) in eight.iter_mut().enumerate() {
        *byte = *byte & 0xFE | version.0 >> (7 - i) & 1;
    }
}

/// A key to be put onto the card.
pub enum NewKey {
    /// DES; its version is in the key itself: [`DesKey::with_version`].
    Des(DesKey),
    /// AES-128.
    Aes {
        /// The key.
        key: Secret<16>,
        /// Its version.
        version: KeyVersion,
    },
}

impl NewKey {
    /// For which cipher it is.
    #[must_use]
    pub fn key_type(&self) -> KeyType {
        match self {
            Self::Des(key) => key.key_type(),
            Self::Aes { .. } => KeyType::Aes,
        }
    }

    /// Its version.
    #[must_use]
    pub fn version(&self) -> KeyVersion {
        match self {
            Self::Des(key) => key.version(),
            Self::Aes { version, .. } => *version,
        }
    }

    pub(crate) fn bytes(&self) -> Zeroizing<Vec<u8>> {
        match self {
            Self::Des(key) => key.bytes(),
            Self::Aes { key, .. } => Zeroizing::new(key.expose().to_vec()),
        }
    }
}

/// A key that the card holds now, without its version.
pub enum OldKey {
    /// DES, its version bits as the card has them: they are part of what ChangeKey compares.
    Des(DesKey),
    /// AES-128.
    Aes(Secret<16>),
}

impl OldKey {
    pub(crate) fn bytes(&self) -> Zeroizing<Vec<u8>> {
        match self {
            Self::Des(key) => key.bytes(),
            Self::Aes(key) => Zeroizing::new(key.expose().to_vec()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn double(first: u8, second: u8) -> DesKey {
        let mut bytes = [first; 16];
        bytes[8..].fill(second);
        DesKey::Double(Secret::take(&mut bytes))
    }

    #[test]
    fn a_des_key_bears_its_version_in_the_bits_that_are_no_key_material() {
        for version in [0, 1, 0x55, 0x80, 0xFF] {
            let key = DesKey::Triple(Secret::take(&mut [0xA5; 24])).with_version(KeyVersion(version));
            assert_eq!(key.version(), KeyVersion(version));
            assert!(key.bytes().iter().all(|byte| byte & 0xFE == 0xA4));
        }
        // AN10922's example, as libfreefare prints it: version 55 in a key of 00 bits.
        let key = double(0x16, 0x6A).with_version(KeyVersion(0x55));
        assert_eq!(key.bytes()[..8], [0x16, 0x17, 0x16, 0x17, 0x16, 0x17, 0x16, 0x17]);
        assert_eq!(key.bytes()[8..], [0x6A; 8]);
    }

    #[test]
    fn a_single_key_in_two_halves_stays_single_with_any_version() {
        let key = double(0x10, 0x11).with_version(KeyVersion(0xC3));
        assert_eq!(key.bytes()[..8], key.bytes()[8..]);
        assert!(key.cipher().1 == Length::Single);
        assert!(double(0x10, 0x12).cipher().1 == Length::Double);
    }
}
