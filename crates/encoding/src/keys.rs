//! Keys by reference: what plan and journal say of a key, and where its bytes come from for one exchange.

use lanyard_desfire::{DesKey, KeyVersion, NewKey};
use lanyard_secret::Secret;
use serde::{Deserialize, Serialize};

use crate::EncodingError;
use crate::description::Cipher;

/// The vault, as an encoding needs it. Implemented outside; keys leave it for one exchange each.
pub trait KeySource {
    /// The newest version of a key.
    ///
    /// # Errors
    /// [`EncodingError::KeyMissing`], [`EncodingError::VaultLocked`].
    fn latest(&self, name: &str) -> Result<u8, EncodingError>;

    /// Whether the backup of this version was restored once and its check value compared; always true in rehearsal.
    ///
    /// # Errors
    /// As [`KeySource::key`].
    fn backup_proved(&self, name: &str, version: u8) -> Result<bool, EncodingError>;

    /// The key itself; diversified by this input (NXP AN10922 §2.2), if there is one.
    ///
    /// # Errors
    /// [`EncodingError::KeyMissing`], [`EncodingError::KeyVersionMissing`], [`EncodingError::KeyAway`],
    /// [`EncodingError::VaultLocked`].
    fn key(&self, name: &str, version: u8, input: Option<&[u8]>) -> Result<Secret<16>, EncodingError>;
}

/// A key of the vault, as one card has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyUse {
    /// Its name in the vault.
    pub name: String,
    /// Its version, in the vault and on the card.
    pub version: u8,
    /// The diversification input, in hex; absent for a key that is the same on every card.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "optional_hex")]
    pub input: Option<Vec<u8>>,
}

/// What a key of a card is, without its bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HeldKey {
    /// DES, all zero: a card's master key as delivered.
    FactoryDes,
    /// The DES key of this office's blanks.
    TransportDes(KeyUse),
    /// AES, all zero: the keys of a new application.
    FactoryAes,
    /// AES, from the vault.
    Aes(KeyUse),
    /// Two-key triple DES: the sixteen bytes that the vault makes, with the version in their lowest bits.
    Des(KeyUse),
}

impl KeyUse {
    pub(crate) fn secret(&self, keys: &dyn KeySource) -> Result<Secret<16>, EncodingError> {
        keys.key(&self.name, self.version, self.input.as_deref())
    }
}

impl HeldKey {
    pub(crate) fn is_des(&self) -> bool {
        matches!(self, Self::FactoryDes | Self::TransportDes(_) | Self::Des(_))
    }

    /// Of an application with this cipher.
    pub(crate) fn of(cipher: Cipher, key: KeyUse) -> Self {
        match cipher {
            Cipher::Aes => Self::Aes(key),
            Cipher::TwoKeyTripleDes => Self::Des(key),
        }
    }

    /// The same key of the vault for this cipher.
    pub(crate) fn with(self, cipher: Cipher) -> Self {
        match self {
            Self::Aes(key) => Self::of(cipher, key),
            other => other,
        }
    }

    /// As a DES key; an AES key's bytes are never taken for one.
    pub(crate) fn des(&self, keys: &dyn KeySource) -> Result<DesKey, EncodingError> {
        match self {
            Self::TransportDes(key) => Ok(DesKey::Double(key.secret(keys)?)),
            Self::Des(key) => Ok(DesKey::Double(key.secret(keys)?).with_version(KeyVersion(key.version))),
            _ => Ok(DesKey::factory()),
        }
    }

    pub(crate) fn aes(&self, keys: &dyn KeySource) -> Result<Secret<16>, EncodingError> {
        match self {
            Self::Aes(key) => key.secret(keys),
            _ => Ok(Secret::zero()),
        }
    }

    pub(crate) fn as_new(&self, keys: &dyn KeySource) -> Result<NewKey, EncodingError> {
        if self.is_des() {
            return Ok(NewKey::Des(self.des(keys)?));
        }
        let version = if let Self::Aes(key) = self { key.version } else { 0 };
        Ok(NewKey::Aes { key: self.aes(keys)?, version: KeyVersion(version) })
    }
}

mod optional_hex {
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(bytes: &Option<Vec<u8>>, out: S) -> Result<S::Ok, S::Error> {
        match bytes {
            Some(bytes) => hex::serde::serialize(bytes, out),
            None => out.serialize_none(),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(input: D) -> Result<Option<Vec<u8>>, D::Error> {
        let text = Option::<String>::deserialize(input)?;
        text.map(|text| hex::decode(text).map_err(serde::de::Error::custom)).transpose()
    }
}
