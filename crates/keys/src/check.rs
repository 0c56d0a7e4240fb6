//! Key check values: enough of a key to compare two copies by eye, not enough to use it.

use aes::cipher::KeyInit;
use aes::{Aes128, Aes192};
use cmac::{Cmac, Mac};
use lanyard_secret::{Secret, off_the_stack};

use crate::KeysError;
use crate::diversify::double;

/// First three bytes of the AES-CMAC of sixteen zero bytes (ANSI X9.24-1:2017 §7.7.2, "CMAC method" for AES keys).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CheckValue(pub [u8; 3]);

impl CheckValue {
    /// Of an AES-128 key.
    #[must_use]
    pub fn of_aes128(key: &Secret<16>) -> Self {
        off_the_stack(|| Self::of(<Cmac<Aes128> as KeyInit>::new(key.expose().into())))
    }

    /// Of an AES-192 key.
    #[must_use]
    pub fn of_aes192(key: &Secret<24>) -> Self {
        off_the_stack(|| Self::of(<Cmac<Aes192> as KeyInit>::new(key.expose().into())))
    }

    /// From the whole AES-CMAC of sixteen zero bytes.
    #[must_use]
    pub fn of_tag(tag: &Secret<16>) -> Self {
        let [a, b, c, ..] = *tag.expose();
        Self([a, b, c])
    }

    /// By whoever encrypts single blocks under the key: E(K1), for the message is zero.
    ///
    /// # Errors
    /// What encrypting answers.
    pub fn by_blocks(mut encrypt: impl FnMut(&[u8; 16]) -> Result<Secret<16>, KeysError>) -> Result<Self, KeysError> {
        let zero = encrypt(&[0; 16])?;
        let subkey: Secret<16> = Secret::filled(|out| {
            out.copy_from_slice(zero.expose());
            double(out);
        });
        Ok(Self::of_tag(&encrypt(subkey.expose())?))
    }

    fn of(mut mac: impl Mac) -> Self {
        mac.update(&[0; 16]);
        let tag = mac.finalize().into_bytes();
        Self([tag[0], tag[1], tag[2]])
    }
}

impl std::fmt::Display for CheckValue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02X}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_check_value_is_the_head_of_the_cmac_of_a_zero_block() {
        // CMAC of one full block: E(K, M ⊕ K1), K1 = dbl(E(K, 0)) (NIST SP 800-38B §6). For the zero key
        // E(0) = 66E94BD4EF8A2C3B884CFA59CA342B2E, so K1 = CDD297A9DF1458771099F4B39468565C.
        let zero = CheckValue::of_aes128(&Secret::zero());
        let one = CheckValue::of_aes128(&Secret::from_slice(&[1; 16]).unwrap());
        assert_ne!(zero, one);
        assert_eq!(zero.to_string().len(), 6);
        use aes::cipher::BlockCipherEncrypt;
        let mut block = aes::Block::try_from(&hex::decode("CDD297A9DF1458771099F4B39468565C").unwrap()[..]).unwrap();
        Aes128::new(&[0; 16].into()).encrypt_block(&mut block);
        assert_eq!(zero.0, block[..3]);
    }
}
