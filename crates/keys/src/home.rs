//! Where master keys live. A home reckons with them and hands out what was derived, for one exchange; a token never hands
//! out the master itself. The sealed vault is one home ([`crate::masters`]), a PKCS#11 token another (`crates/token`).

use lanyard_model::Id;
use lanyard_secret::Secret;

use crate::diversify::{DiversificationInput, ManagementAlgorithm, TwoBlocks};
use crate::{CheckValue, Entropy, KeyRef, KeysError, diversify};

/// What a master key is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeySize {
    /// AES-128: the keys of DESFire cards.
    Aes128,
    /// AES-192: the master of PIV management keys.
    Aes192,
}

impl KeySize {
    /// Length in bytes.
    #[must_use]
    pub fn bytes(self) -> usize {
        match self {
            Self::Aes128 => 16,
            Self::Aes192 => 24,
        }
    }

    /// The size of so many bytes.
    #[must_use]
    pub fn of_bytes(bytes: usize) -> Option<Self> {
        [Self::Aes128, Self::Aes192].into_iter().find(|size| size.bytes() == bytes)
    }
}

/// By what a home comes from its master to a card's key. The card's key is the same by each of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Derivation {
    /// In this program's memory.
    Vault,
    /// The token's own AES-CMAC (CKM_AES_CMAC): it lets out nothing but what is asked for.
    TokenCmac,
    /// The token encrypts single blocks (CKM_AES_ECB), and this program makes the CMAC of them: whoever has the token's
    /// session can have it encrypt anything under the master.
    TokenEcb,
    /// The same by chained blocks (CKM_AES_CBC).
    TokenCbc,
}

impl Derivation {
    /// As listed and written.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Vault => "vault",
            Self::TokenCmac => "token-cmac",
            Self::TokenEcb => "token-ecb",
            Self::TokenCbc => "token-cbc",
        }
    }
}

/// A master key on its way into a home: made in a ceremony, or from a backup. Wiped on drop.
pub enum MasterKey {
    /// AES-128.
    Aes128(Secret<16>),
    /// AES-192.
    Aes192(Secret<24>),
}

impl MasterKey {
    /// Of 16 or 24 bytes.
    #[must_use]
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        match bytes.len() {
            16 => Secret::from_slice(bytes).map(Self::Aes128),
            24 => Secret::from_slice(bytes).map(Self::Aes192),
            _ => None,
        }
    }

    /// What it is.
    #[must_use]
    pub fn size(&self) -> KeySize {
        match self {
            Self::Aes128(_) => KeySize::Aes128,
            Self::Aes192(_) => KeySize::Aes192,
        }
    }

    /// Its check value.
    #[must_use]
    pub fn check_value(&self) -> CheckValue {
        match self {
            Self::Aes128(key) => CheckValue::of_aes128(key),
            Self::Aes192(key) => CheckValue::of_aes192(key),
        }
    }

    /// For the home that takes it in. Do not keep a copy.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        match self {
            Self::Aes128(key) => key.expose(),
            Self::Aes192(key) => key.expose(),
        }
    }

    pub(crate) fn same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Aes128(a), Self::Aes128(b)) => a.same(b),
            (Self::Aes192(a), Self::Aes192(b)) => a.same(b),
            _ => false,
        }
    }

    pub(crate) fn duplicate(&self) -> Self {
        match self {
            Self::Aes128(key) => Self::Aes128(key.duplicate()),
            Self::Aes192(key) => Self::Aes192(key.duplicate()),
        }
    }
}

/// A home of master keys.
pub trait KeyHome: Send {
    /// Its serial number; empty for the vault.
    fn serial(&self) -> &str;

    /// What it holds.
    ///
    /// # Errors
    /// What a token answers.
    fn held(&self) -> Result<Vec<(KeyRef, KeySize)>, KeysError>;

    /// A random key, made in the home itself.
    ///
    /// # Errors
    /// [`KeysError::KeyExists`]: keys are never overwritten; what a token answers.
    fn generate(&mut self, of: &KeyRef, size: KeySize, entropy: &mut Entropy) -> Result<CheckValue, KeysError>;

    /// Takes a key in.
    ///
    /// # Errors
    /// As [`Self::generate`].
    fn import(&mut self, of: &KeyRef, key: &MasterKey) -> Result<CheckValue, KeysError>;

    /// The check value, from the key as it is now.
    ///
    /// # Errors
    /// [`KeysError::KeyMissing`]; what a token answers.
    fn check_value(&self, of: &KeyRef) -> Result<CheckValue, KeysError>;

    /// By what it makes the CMAC of this message.
    ///
    /// # Errors
    /// [`KeysError::TokenUnfit`] if it cannot.
    fn derivation(&self, message: &TwoBlocks) -> Result<Derivation, KeysError>;

    /// AN10922's CMAC: always over two blocks.
    ///
    /// # Errors
    /// [`KeysError::KeyMissing`]; what a token answers.
    fn mac(&self, of: &KeyRef, message: &TwoBlocks) -> Result<Secret<16>, KeysError>;

    /// The master as it stands, for the few keys that are the same on all cards (what readers hold).
    ///
    /// # Errors
    /// [`KeysError::KeyStays`] by a token, always.
    fn undiversified(&self, of: &KeyRef) -> Result<Secret<16>, KeysError>;

    /// A card's own key, AN10922 §2.2.
    ///
    /// # Errors
    /// As [`Self::mac`].
    fn aes128(&self, of: &KeyRef, input: &DiversificationInput) -> Result<Secret<16>, KeysError> {
        self.mac(of, &TwoBlocks::new(0x01, input))
    }

    /// A card's own key, AN10922 §2.3.
    ///
    /// # Errors
    /// As [`Self::mac`].
    fn aes192(&self, of: &KeyRef, input: &DiversificationInput) -> Result<Secret<24>, KeysError> {
        let a = self.mac(of, &TwoBlocks::new(0x11, input))?;
        let b = self.mac(of, &TwoBlocks::new(0x12, input))?;
        Ok(diversify::folded(&a, &b))
    }

    /// The PIV management key of one card.
    ///
    /// # Errors
    /// As [`Self::mac`].
    fn management(&self, of: &KeyRef, card: Id, algorithm: ManagementAlgorithm) -> Result<Secret<24>, KeysError> {
        Ok(algorithm.fitted(self.aes192(of, &algorithm.input(card))?))
    }
}
