//! Ed25519 as strictly as history-format.md §6 asks: RFC 8032 §5.1.7 without cofactor, S < L, canonical A and R,
//! neither of small order, one signature at a time.
//!
//! dalek's `verify_strict` refuses S ≥ L and small orders, and compares R as bytes, so a non-canonical R fails. It takes
//! a non-canonical A; that is refused here, once per key.

use ed25519_dalek::{Signature, VerifyingKey};

use crate::entry::{Kid, kid};
use crate::{Entry, EntryView, Error};

/// p = 2²⁵⁵ − 19, little endian.
const P: [u8; 32] = {
    let mut p = [0xFF; 32];
    p[0] = 0xED;
    p[31] = 0x7F;
    p
};

/// A public key that may be used: canonical, and not of small order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    key: VerifyingKey,
    kid: Kid,
}

impl PublicKey {
    /// Takes the 32 bytes.
    ///
    /// # Errors
    /// [`Error::WeakKey`] if they are no point, not canonical, or of small order.
    pub fn new(bytes: &[u8; 32]) -> Result<Self, Error> {
        // RFC 8032 §5.1.3 step 1: y without the sign bit must be below p. The other non-canonical case, x = 0 with the
        // sign bit set, exists only for y = ±1, which are of small order.
        let mut y = *bytes;
        y[31] &= 0x7F;
        let canonical = y.iter().rev().lt(P.iter().rev());
        let key = VerifyingKey::from_bytes(bytes).map_err(|_| Error::WeakKey)?;
        if !canonical || key.is_weak() {
            return Err(Error::WeakKey);
        }
        Ok(Self { key, kid: kid(bytes) })
    }

    /// The 32 bytes.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; 32] {
        self.key.to_bytes()
    }

    /// Its kid.
    #[must_use]
    pub fn kid(&self) -> Kid {
        self.kid
    }

    /// Whether the signature holds, strictly.
    #[must_use]
    pub fn accepts(&self, message: &[u8], signature: &[u8; 64]) -> bool {
        self.key.verify_strict(message, &Signature::from_bytes(signature)).is_ok()
    }

    /// Whether this key signed the entry.
    #[must_use]
    pub fn signed(&self, entry: &EntryView<'_>) -> bool {
        *entry.kid == self.kid && self.accepts(&entry.to_be_signed(), entry.signature)
    }

    /// Whether this key signed the entry.
    #[must_use]
    pub fn signed_entry(&self, entry: &Entry) -> bool {
        entry.view().is_ok_and(|view| self.signed(&view))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The canonical encodings of the eight points of small order, and non-canonical ones.
    const REFUSED: [&str; 11] = [
        "0100000000000000000000000000000000000000000000000000000000000000",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0000000000000000000000000000000000000000000000000000000000000080",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
        "0100000000000000000000000000000000000000000000000000000000000080",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    ];

    #[test]
    fn a_key_of_small_order_or_of_another_encoding_is_refused() {
        for hex in REFUSED {
            let bytes: [u8; 32] = hex::decode(hex).unwrap().try_into().unwrap();
            assert!(matches!(PublicKey::new(&bytes), Err(Error::WeakKey)), "{hex}");
        }
    }

    #[test]
    fn a_non_canonical_key_that_dalek_takes_is_refused() {
        // y = 2²⁵⁵ − 19 + 3 is y = 3, a point of large order, written a second way.
        let mut twice = [0xFF; 32];
        twice[0] = 0xED + 3;
        twice[31] = 0x7F;
        let mut once = [0; 32];
        once[0] = 3;
        assert!(VerifyingKey::from_bytes(&twice).is_ok() && PublicKey::new(&once).is_ok());
        assert!(matches!(PublicKey::new(&twice), Err(Error::WeakKey)));
    }

    #[test]
    fn an_s_that_was_not_reduced_is_refused() {
        use ed25519_dalek::{Signer, SigningKey};
        // L, little endian (RFC 8032 §5.1).
        let order: [u8; 32] = hex::decode("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010")
            .unwrap()
            .try_into()
            .unwrap();
        let signer = SigningKey::from_bytes(&[3; 32]);
        let key = PublicKey::new(&signer.verifying_key().to_bytes()).unwrap();
        let mut signature = signer.sign(b"m").to_bytes();
        assert!(key.accepts(b"m", &signature));
        let mut carry = 0_u16;
        for (byte, add) in signature[32..].iter_mut().zip(order) {
            carry += u16::from(*byte) + u16::from(add);
            *byte = carry as u8;
            carry >>= 8;
        }
        assert!(!key.accepts(b"m", &signature));
    }
}
