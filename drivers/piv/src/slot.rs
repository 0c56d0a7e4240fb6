//! Keys on the chip: generate (SP 800-73-4 part 2 §3.3.2) and sign (§3.2.4, appendix A.4).

use lanyard_apdu::{Command, Expected};

use crate::{Object, Operation, PivError, PublicKey, sequence::Next, tlv};

/// A slot for a key pair and its certificate (SP 800-73-4 part 1 table 4b).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Slot {
    /// 9A: PIN once a session.
    Authentication,
    /// 9C: PIN before each signature.
    Signature,
    /// 9D: PIN once a session.
    KeyManagement,
    /// 9E: no PIN, for doors.
    CardAuthentication,
}

impl Slot {
    /// The key reference.
    #[must_use]
    pub fn reference(self) -> u8 {
        match self {
            Self::Authentication => 0x9A,
            Self::Signature => 0x9C,
            Self::KeyManagement => 0x9D,
            Self::CardAuthentication => 0x9E,
        }
    }

    /// Where its certificate lies (part 1 table 3).
    #[must_use]
    pub fn certificate(self) -> Object {
        match self {
            Self::Authentication => Object(0x5F_C105),
            Self::Signature => Object(0x5F_C10A),
            Self::KeyManagement => Object(0x5F_C10B),
            Self::CardAuthentication => Object(0x5F_C101),
        }
    }
}

/// Kinds of key pairs (SP 800-78-4 table 6-2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyAlgorithm {
    /// RSA, 2048 bits.
    Rsa2048,
    /// ECDSA on P-256.
    P256,
    /// ECDSA on P-384.
    P384,
}

impl KeyAlgorithm {
    /// The identifier in P1 of GENERAL AUTHENTICATE and in tag 80 of GENERATE.
    #[must_use]
    pub fn id(self) -> u8 {
        match self {
            Self::Rsa2048 => 0x07,
            Self::P256 => 0x11,
            Self::P384 => 0x14,
        }
    }

    /// The algorithm of an identifier.
    #[must_use]
    pub fn of(id: u8) -> Option<Self> {
        [Self::Rsa2048, Self::P256, Self::P384].into_iter().find(|algorithm| algorithm.id() == id)
    }
}

/// Makes a key pair in the slot; the card must be authenticated with the management key. A key that was there is gone.
/// After a pulled card the slot holds the old key, none, or a new one whose public half nobody knows: make another.
///
/// # Errors (of the operation)
/// [`PivError::Denied`], [`PivError::Unsupported`].
pub fn generate(slot: Slot, algorithm: KeyAlgorithm) -> Operation<PublicKey> {
    const STEP: &str = "generate key";
    let data = tlv::field(&[0xAC], &tlv::field(&[0x80], &[algorithm.id()]));
    let command = Command::new(0, 0x47, 0, slot.reference()).with_data(data).expecting(Expected::Any);
    Operation::new(Next::last(command, move |response| match response.status.0 {
        // Both mean "I do not make such keys" here (part 2 table 14).
        0x6A80 | 0x6A86 => Err(PivError::Unsupported { step: STEP }),
        _ => {
            let data = PivError::unless_ok(STEP, response)?;
            tlv::find(data, 0x7F49)
                .and_then(|fields| PublicKey::read(algorithm, fields))
                .ok_or(PivError::Malformed { step: STEP })
        }
    }))
}

/// What is signed: a digest, with the algorithm of the key that signs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SignInput {
    /// ECDSA on P-256 over a SHA-256 digest.
    P256([u8; 32]),
    /// ECDSA on P-384 over a SHA-384 digest.
    P384([u8; 48]),
    /// RSASSA-PKCS1-v1_5 (RFC 8017 §8.2) with a 2048-bit key over a SHA-256 digest.
    Rsa2048Sha256([u8; 32]),
    /// A block that is padded already, below the 2048-bit modulus: PSS, or another hash.
    Rsa2048Block(Box<[u8; 256]>),
}

impl SignInput {
    fn algorithm(&self) -> KeyAlgorithm {
        match self {
            Self::P256(_) => KeyAlgorithm::P256,
            Self::P384(_) => KeyAlgorithm::P384,
            Self::Rsa2048Sha256(_) | Self::Rsa2048Block(_) => KeyAlgorithm::Rsa2048,
        }
    }

    fn block(&self) -> Vec<u8> {
        match self {
            Self::P256(digest) => digest.to_vec(),
            Self::P384(digest) => digest.to_vec(),
            Self::Rsa2048Block(block) => block.to_vec(),
            Self::Rsa2048Sha256(digest) => {
                // RFC 8017 §9.2, note 1: DigestInfo of SHA-256.
                const INFO: [u8; 19] = [
                    0x30, 0x31, 0x30, 0x0D, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05,
                    0x00, 0x04, 0x20,
                ];
                let mut block = vec![0xFF; 256 - INFO.len() - digest.len()];
                block[0] = 0x00;
                block[1] = 0x01;
                if let Some(last) = block.last_mut() {
                    *last = 0x00;
                }
                block.extend_from_slice(&INFO);
                block.extend_from_slice(digest);
                block
            }
        }
    }
}

/// Signs with the slot's key: DER of `Ecdsa-Sig-Value` (RFC 3279 §2.2.3), or 256 bytes of RSA. The PIN must be verified.
///
/// # Errors (of the operation)
/// [`PivError::Denied`] without the PIN; [`PivError::Status`] if the slot has no such key.
pub fn sign(slot: Slot, input: SignInput) -> Operation<Vec<u8>> {
    Operation::new(signature(slot, input))
}

pub(crate) fn signature(slot: Slot, input: SignInput) -> Next<Vec<u8>> {
    const STEP: &str = "sign";
    let mut template = tlv::field(&[0x82], &[]);
    tlv::put(&mut template, &[0x81], &input.block());
    let command = Command::new(0, 0x87, input.algorithm().id(), slot.reference())
        .with_data(tlv::field(&[0x7C], &template))
        .expecting(Expected::Any);
    Next::last(command, move |response| {
        let data = PivError::unless_ok(STEP, response)?;
        tlv::find(data, 0x7C)
            .and_then(|template| tlv::find(template, 0x82))
            .filter(|signature| match input {
                SignInput::Rsa2048Sha256(_) | SignInput::Rsa2048Block(_) => signature.len() == 256,
                SignInput::P256(_) => is_ecdsa(signature, 33),
                SignInput::P384(_) => is_ecdsa(signature, 49),
            })
            .map(<[u8]>::to_vec)
            .ok_or(PivError::Malformed { step: STEP })
    })
}

/// SEQUENCE of two INTEGERs of at most `longest` bytes, and nothing else.
fn is_ecdsa(der: &[u8], longest: usize) -> bool {
    let integer = |bytes| tlv::take(bytes).filter(|(tag, value, _)| *tag == 2 && (1..=longest).contains(&value.len()));
    let Some((0x30, inner, [])) = tlv::take(der) else { return false };
    integer(inner).and_then(|(_, _, rest)| integer(rest)).is_some_and(|(_, _, rest)| rest.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pkcs1_block_is_as_the_rfc_draws_it() {
        let block = SignInput::Rsa2048Sha256([0xAB; 32]).block();
        assert_eq!(block.len(), 256);
        assert_eq!(block[..3], [0, 1, 0xFF]);
        assert_eq!(block[203..207], [0xFF, 0, 0x30, 0x31]);
        assert_eq!(block[224..], [0xAB; 32]);
    }

    #[test]
    fn what_is_no_signature_is_not_taken_for_one() {
        assert!(is_ecdsa(&[0x30, 6, 2, 1, 5, 2, 1, 6], 33));
        for bad in [&[][..], &[0x30, 3, 2, 1, 5], &[0x30, 6, 2, 1, 5, 2, 1, 6, 0], &[0x30, 5, 2, 1, 5, 2, 0]] {
            assert!(!is_ecdsa(bad, 33));
        }
    }
}
