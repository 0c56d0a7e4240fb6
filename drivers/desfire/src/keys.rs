//! Keys as operations take them, and the key data that ChangeKey enciphers.

use lanyard_secret::Secret;
use zeroize::Zeroizing;

use crate::cipher::BlockCipher;
use crate::crc::{crc16, crc32};
use crate::{DesfireError, KeyType, KeyVersion};

/// Sixteen fresh random bytes: the host's half of a session (RndA). DES authentication uses the first eight.
pub type Nonce = Secret<16>;

/// A DES key. The lowest bit of each byte is no key material; the card keeps the key's version there.
pub enum DesKey {
    /// Single DES.
    Single(Secret<8>),
    /// Two-key triple DES; with equal halves the same as single DES.
    Double(Secret<16>),
}

impl DesKey {
    /// All zero: the factory key of a card.
    #[must_use]
    pub fn factory() -> Self {
        Self::Single(Secret::zero())
    }

    /// Sixteen bytes, as the card holds it.
    pub(crate) fn doubled(&self) -> Zeroizing<[u8; 16]> {
        let mut out = Zeroizing::new([0; 16]);
        match self {
            Self::Single(key) => {
                out[..8].copy_from_slice(key.expose());
                out[8..].copy_from_slice(key.expose());
            }
            Self::Double(key) => out.copy_from_slice(key.expose()),
        }
        out
    }

    /// The cipher, and whether it is single DES in effect.
    pub(crate) fn cipher(&self) -> (BlockCipher, bool) {
        let both = self.doubled();
        let (first, second) = both.split_at(8);
        let single = first.iter().zip(second).all(|(a, b)| (a ^ b) & 0xFE == 0);
        // EDE with equal halves is single DES, so one cipher serves both.
        (BlockCipher::two_key(&both), single)
    }
}

/// A key to be put onto the card.
pub enum NewKey {
    /// DES or two-key triple DES; its version is in the lowest bits of its first eight bytes.
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
            Self::Des(_) => KeyType::Des,
            Self::Aes { .. } => KeyType::Aes,
        }
    }
}

/// In which session a key is changed: each has its own checksums.
#[derive(Clone, Copy)]
pub(crate) enum KeyRules {
    D40,
    Ev1,
    Ev2,
}

/// What ChangeKey carries, before padding and encipherment. `old` is needed for every key but the authenticated one:
/// the card then wants the exclusive-or of both, so that it can tell that the host knew the old one.
pub(crate) fn key_data(
    rules: KeyRules,
    key_byte: u8,
    new: &NewKey,
    old: Option<&Secret<16>>,
) -> Result<Zeroizing<Vec<u8>>, DesfireError> {
    let (bytes, version) = match new {
        NewKey::Des(key) => (key.doubled(), None),
        NewKey::Aes { key, version } => (Zeroizing::new(*key.expose()), Some(version.0)),
    };
    let mut data = Zeroizing::new(Vec::with_capacity(32));
    data.extend_from_slice(&*bytes);
    if let Some(old) = old {
        for (byte, before) in data.iter_mut().zip(old.expose()) {
            *byte ^= before;
        }
    }
    match (version, rules) {
        (Some(version), _) => data.push(version),
        (None, KeyRules::Ev2) => return Err(DesfireError::Invalid { what: "a DES key in an EV2 session" }),
        (None, _) => {}
    }
    match rules {
        KeyRules::D40 => {
            let sum = crc16(&[&data]);
            data.extend_from_slice(&sum);
            if old.is_some() {
                data.extend_from_slice(&crc16(&[&*bytes]));
            }
        }
        KeyRules::Ev1 => {
            let sum = crc32(&[&[0xC4, key_byte], &data]);
            data.extend_from_slice(&sum);
            if old.is_some() {
                data.extend_from_slice(&crc32(&[&*bytes]));
            }
        }
        KeyRules::Ev2 => {
            if old.is_some() {
                data.extend_from_slice(&crc32(&[&*bytes]));
            }
        }
    }
    Ok(data)
}
