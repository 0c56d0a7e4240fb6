//! The card record: 128 bytes on the card that a reader or auditor can check without a network (history-format.md §7).

use ed25519_dalek::{Signature, VerifyingKey};
use lanyard_model::Id;
use sha2::{Digest, Sha256};

const MAGIC: [u8; 3] = [0x4C, 0x59, 0x01];
const DOMAIN: &[u8] = b"lanyard/card/v1\0";

/// What the record says of a card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CardRecord {
    /// The card's record id.
    pub card: Id,
    /// SHA-256 of the card's UID, first 16 bytes.
    pub uid_digest: [u8; 16],
    /// First day of validity, days since 1970.
    pub valid_from: u32,
    /// Last day of validity, days since 1970.
    pub valid_to: u32,
}

/// What can be wrong with a card record read from a card.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CardRecordError {
    /// Not 128 bytes, another magic or version, or reserved bytes that are not zero.
    #[error("not a card record")]
    Shape,
    /// Signed by another key, by its id.
    #[error("card record of another issuer")]
    Issuer,
    /// The signature does not hold.
    #[error("card record altered")]
    Signature,
    /// Copied from another card: the UID differs.
    #[error("card record of another card")]
    Uid,
}

/// First 8 bytes of SHA-256 of the public key.
#[must_use]
pub fn card_record_key_id(public: &[u8; 32]) -> [u8; 8] {
    let digest = Sha256::digest(public);
    std::array::from_fn(|i| digest[i])
}

impl CardRecord {
    /// For the card with this UID.
    #[must_use]
    pub fn new(card: Id, uid: &[u8], valid_from: u32, valid_to: u32) -> Self {
        Self { card, uid_digest: digest_of(uid), valid_from, valid_to }
    }

    /// The first 64 bytes.
    pub(crate) fn head(&self, kid: [u8; 8]) -> [u8; 64] {
        let mut head = [0; 64];
        head[..3].copy_from_slice(&MAGIC);
        head[3..11].copy_from_slice(&kid);
        head[11..27].copy_from_slice(&self.card.0);
        head[27..43].copy_from_slice(&self.uid_digest);
        head[43..47].copy_from_slice(&self.valid_from.to_be_bytes());
        head[47..51].copy_from_slice(&self.valid_to.to_be_bytes());
        head
    }

    /// What is signed.
    pub(crate) fn signed(head: &[u8; 64]) -> Vec<u8> {
        [DOMAIN, head].concat()
    }

    /// Reads and checks a record found on the card with this UID. Strict Ed25519.
    ///
    /// # Errors
    /// [`CardRecordError`], the first that holds.
    pub fn check(bytes: &[u8], public: &[u8; 32], uid: &[u8]) -> Result<Self, CardRecordError> {
        let bytes: &[u8; 128] = bytes.try_into().map_err(|_| CardRecordError::Shape)?;
        let (head, signature) = bytes.split_first_chunk::<64>().ok_or(CardRecordError::Shape)?;
        let signature = Signature::from_slice(signature).map_err(|_| CardRecordError::Shape)?;
        if head[..3] != MAGIC || head[51..] != [0; 13] {
            return Err(CardRecordError::Shape);
        }
        if head[3..11] != card_record_key_id(public) {
            return Err(CardRecordError::Issuer);
        }
        let key = VerifyingKey::from_bytes(public).map_err(|_| CardRecordError::Issuer)?;
        key.verify_strict(&Self::signed(head), &signature).map_err(|_| CardRecordError::Signature)?;
        let part = |from: usize| std::array::from_fn(|i| head[from + i]);
        let record = Self {
            card: Id(part(11)),
            uid_digest: part(27),
            valid_from: u32::from_be_bytes([head[43], head[44], head[45], head[46]]),
            valid_to: u32::from_be_bytes([head[47], head[48], head[49], head[50]]),
        };
        if record.uid_digest == digest_of(uid) { Ok(record) } else { Err(CardRecordError::Uid) }
    }
}

fn digest_of(uid: &[u8]) -> [u8; 16] {
    let digest = Sha256::digest(uid);
    std::array::from_fn(|i| digest[i])
}

#[cfg(test)]
mod tests {
    use super::*;
    use ed25519_dalek::{Signer, SigningKey};

    fn made() -> ([u8; 128], [u8; 32]) {
        let key = SigningKey::from_bytes(&[5; 32]);
        let public = key.verifying_key().to_bytes();
        let head = CardRecord::new(Id([9; 16]), &[1, 2, 3], 20_000, 21_000).head(card_record_key_id(&public));
        let mut bytes = [0; 128];
        bytes[..64].copy_from_slice(&head);
        bytes[64..].copy_from_slice(&key.sign(&CardRecord::signed(&head)).to_bytes());
        (bytes, public)
    }

    #[test]
    fn a_record_copied_to_a_card_with_another_uid_is_found_out() {
        let (bytes, public) = made();
        let record = CardRecord::check(&bytes, &public, &[1, 2, 3]).unwrap();
        assert_eq!((record.valid_from, record.valid_to), (20_000, 21_000));
        assert_eq!(CardRecord::check(&bytes, &public, &[1, 2, 4]), Err(CardRecordError::Uid));
    }

    #[test]
    fn no_changed_byte_and_no_cut_record_passes() {
        let (bytes, public) = made();
        for i in 0..128 {
            let mut altered = bytes;
            altered[i] ^= 1;
            assert!(CardRecord::check(&altered, &public, &[1, 2, 3]).is_err(), "byte {i}");
            assert_eq!(CardRecord::check(&bytes[..i], &public, &[1, 2, 3]), Err(CardRecordError::Shape));
        }
        assert_eq!(CardRecord::check(&bytes, &[7; 32], &[1, 2, 3]), Err(CardRecordError::Issuer));
    }
}
