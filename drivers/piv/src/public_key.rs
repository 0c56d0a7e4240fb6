//! The public half of a key on the chip, as the card tells it and as certificates want it.

use crate::{KeyAlgorithm, tlv};

/// A public key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PublicKey {
    /// Uncompressed point, `04 X Y` (SEC 1 §2.3.3). That it lies on the curve is for whoever certifies it to check.
    P256([u8; 65]),
    /// Uncompressed point, `04 X Y`.
    P384([u8; 97]),
    /// RSA.
    Rsa {
        /// 256 bytes.
        modulus: Vec<u8>,
        /// At most 4 bytes.
        exponent: Vec<u8>,
    },
}

impl PublicKey {
    /// From the fields of template 7F49 (SP 800-73-4 part 2 table 13).
    pub(crate) fn read(algorithm: KeyAlgorithm, fields: &[u8]) -> Option<Self> {
        let point = || tlv::find(fields, 0x86).filter(|point| point.first() == Some(&4));
        match algorithm {
            KeyAlgorithm::P256 => point()?.try_into().ok().map(Self::P256),
            KeyAlgorithm::P384 => point()?.try_into().ok().map(Self::P384),
            KeyAlgorithm::Rsa2048 => {
                let modulus = tlv::find(fields, 0x81).filter(|n| n.len() == 256 && n[0] & 0x80 != 0)?.to_vec();
                let exponent = tlv::find(fields, 0x82).filter(|e| (1..=4).contains(&e.len()))?.to_vec();
                Some(Self::Rsa { modulus, exponent })
            }
        }
    }

    /// Which kind.
    #[must_use]
    pub fn algorithm(&self) -> KeyAlgorithm {
        match self {
            Self::P256(_) => KeyAlgorithm::P256,
            Self::P384(_) => KeyAlgorithm::P384,
            Self::Rsa { .. } => KeyAlgorithm::Rsa2048,
        }
    }

    /// DER of `SubjectPublicKeyInfo` (RFC 5280 §4.1.2.7; RFC 5480 §2, RFC 3279 §2.3.1).
    #[must_use]
    pub fn spki(&self) -> Vec<u8> {
        // id-ecPublicKey with secp256r1 or secp384r1; rsaEncryption with NULL.
        const P256: [u8; 19] = [
            0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01, 0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01,
            0x07,
        ];
        const P384: [u8; 16] =
            [0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01, 0x06, 0x05, 0x2B, 0x81, 0x04, 0x00, 0x22];
        const RSA: [u8; 13] = [0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x01, 0x05, 0x00];
        let (algorithm, key): (&[u8], Vec<u8>) = match self {
            Self::P256(point) => (&P256, point.to_vec()),
            Self::P384(point) => (&P384, point.to_vec()),
            Self::Rsa { modulus, exponent } => {
                let mut numbers = tlv::field(&[0x02], &unsigned(modulus));
                tlv::put(&mut numbers, &[0x02], &unsigned(exponent));
                (&RSA, tlv::field(&[0x30], &numbers))
            }
        };
        let mut bits = vec![0];
        bits.extend_from_slice(&key);
        let mut inner = tlv::field(&[0x30], algorithm);
        tlv::put(&mut inner, &[0x03], &bits);
        tlv::field(&[0x30], &inner)
    }
}

/// A positive INTEGER: no leading zeros but the one that keeps it positive (X.690 §8.3).
fn unsigned(bytes: &[u8]) -> Vec<u8> {
    let start = bytes.iter().position(|&byte| byte != 0).unwrap_or(bytes.len().saturating_sub(1));
    let bytes = &bytes[start..];
    let mut out = Vec::with_capacity(bytes.len() + 1);
    if bytes.first().is_none_or(|&byte| byte & 0x80 != 0) {
        out.push(0);
    }
    out.extend_from_slice(bytes);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_of_the_wrong_length_or_form_is_no_key() {
        assert!(PublicKey::read(KeyAlgorithm::P256, &tlv::field(&[0x86], &[4; 64])).is_none());
        assert!(PublicKey::read(KeyAlgorithm::P256, &tlv::field(&[0x86], &[2; 65])).is_none());
        assert!(PublicKey::read(KeyAlgorithm::P256, &tlv::field(&[0x86], &[4; 65])).is_some());
        assert!(PublicKey::read(KeyAlgorithm::Rsa2048, &tlv::field(&[0x81], &[0x80; 255])).is_none());
    }

    #[test]
    fn an_rsa_exponent_with_leading_zeros_becomes_a_lawful_integer() {
        assert_eq!(unsigned(&[0, 1, 0, 1]), [1, 0, 1]);
        assert_eq!(unsigned(&[0x80]), [0, 0x80]);
        assert_eq!(unsigned(&[0, 0]), [0]);
    }
}
