//! Commitments and what opens them (history-format.md §1). An opening lives apart from its entry, so that it can be
//! removed and the chain stays whole.

use std::fmt;

use lanyard_model::Value;
use sha2::{Digest, Sha256};

use crate::cbor::{MAX_DEPTH, Reader, Writer, depth};
use crate::{Error, Hash, MAX_LEN};

/// A commitment to a value: SHA-256( `lanyard/field/v1` ‖ 00 ‖ salt ‖ deterministic CBOR of the value ).
#[must_use]
pub fn commitment(salt: &[u8; 32], value: &Value) -> Hash {
    let mut encoded = Vec::new();
    Writer(&mut encoded).value(value);
    commitment_of_encoded(salt, &encoded)
}

pub(crate) fn commitment_of_encoded(salt: &[u8; 32], encoded: &[u8]) -> Hash {
    let mut hasher = Sha256::new();
    hasher.update(b"lanyard/field/v1\0");
    hasher.update(salt);
    hasher.update(encoded);
    hasher.finalize().into()
}

/// What shows that a field of an entry has a value. Personal: no `Debug` of the value.
#[derive(Clone, PartialEq, Eq)]
pub struct Opening {
    /// Name of the field.
    pub field: String,
    /// 32 random bytes, fresh each time.
    pub salt: [u8; 32],
    /// The value.
    pub value: Value,
}

impl fmt::Debug for Opening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Opening").field("field", &self.field).finish_non_exhaustive()
    }
}

impl Opening {
    /// The commitment that this opens.
    #[must_use]
    pub fn commitment(&self) -> Hash {
        commitment(&self.salt, &self.value)
    }

    /// As an item of `openings.cborseq`: `[entry hash, field, salt, value]`.
    ///
    /// # Errors
    /// [`Error::TooLarge`] beyond 60,000 bytes or 16 levels: no reader would take it.
    pub fn encode(&self, entry: &Hash) -> Result<Vec<u8>, Error> {
        if depth(&self.value) > MAX_DEPTH {
            return Err(Error::TooLarge {
                what: "levels of a value",
                size: depth(&self.value) as u64,
                limit: MAX_DEPTH as u64,
            });
        }
        let mut out = Vec::new();
        let mut writer = Writer(&mut out);
        writer.array(4);
        writer.bytes(entry);
        writer.text(&self.field);
        writer.bytes(&self.salt);
        writer.value(&self.value);
        if out.len() > MAX_LEN {
            return Err(Error::TooLarge { what: "bytes of an opening", size: out.len() as u64, limit: MAX_LEN as u64 });
        }
        Ok(out)
    }

    /// One item of `openings.cborseq`, and the entry it belongs to.
    ///
    /// # Errors
    /// [`Error::NotCanonical`].
    pub fn decode(bytes: &[u8]) -> Result<(Hash, Self), Error> {
        let seen = OpeningView::parse(bytes)?;
        if seen.len != bytes.len() {
            return Err(Error::NotCanonical { at: seen.len, why: "bytes after the end" });
        }
        let value = Reader::new(seen.value).value(MAX_DEPTH)?;
        Ok((*seen.entry, Self { field: seen.field.to_owned(), salt: *seen.salt, value }))
    }
}

/// An opening as it stands in a file.
pub(crate) struct OpeningView<'a> {
    pub(crate) entry: &'a Hash,
    pub(crate) field: &'a str,
    pub(crate) salt: &'a [u8; 32],
    /// The value's encoding, canonical.
    pub(crate) value: &'a [u8],
    /// Of the whole item.
    pub(crate) len: usize,
}

impl<'a> OpeningView<'a> {
    /// The opening that `bytes` begin with.
    pub(crate) fn parse(bytes: &'a [u8]) -> Result<Self, Error> {
        let mut reader = Reader::new(bytes);
        reader.array_of(4)?;
        let (entry, field, salt) = (reader.fixed()?, reader.text()?, reader.fixed()?);
        let start = reader.at();
        reader.skip(MAX_DEPTH)?;
        Ok(Self { entry, field, salt, value: reader.since(start), len: reader.at() })
    }

    pub(crate) fn commitment(&self) -> Hash {
        commitment_of_encoded(self.salt, self.value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_opening_comes_back_and_opens_its_commitment() {
        let opening = Opening { field: "family_name".into(), salt: [7; 32], value: "Möllerström".into() };
        let bytes = opening.encode(&[1; 32]).unwrap();
        assert_eq!(Opening::decode(&bytes).unwrap(), ([1; 32], opening.clone()));
        assert_eq!(OpeningView::parse(&bytes).unwrap().commitment(), opening.commitment());
    }

    #[test]
    fn a_commitment_is_what_the_page_says_byte_for_byte() {
        let mut bytes = b"lanyard/field/v1".to_vec();
        bytes.push(0);
        bytes.extend([9; 32]);
        bytes.extend([0x63, b'A', b'd', b'a']);
        assert_eq!(commitment(&[9; 32], &"Ada".into()), <[u8; 32]>::from(Sha256::digest(bytes)));
    }

    #[test]
    fn an_opening_that_no_reader_would_take_is_not_written() {
        let large = Opening { field: "note".into(), salt: [0; 32], value: "x".repeat(60_000).into() };
        assert!(matches!(large.encode(&[0; 32]), Err(Error::TooLarge { .. })));
    }

    #[test]
    fn a_value_does_not_show_in_debug() {
        let opening = Opening { field: "family_name".into(), salt: [7; 32], value: "Secret".into() };
        assert!(!format!("{opening:?}").contains("Secret"));
    }
}
