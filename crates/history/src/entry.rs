//! An entry as bytes: the tagged COSE_Sign1 around a payload (history-format.md §1), read strictly and without copies.

use sha2::{Digest, Sha256};

use crate::cbor::Reader;
use crate::payload::{self, Payload};
use crate::{Error, Hash};

/// The longest entry, in bytes of the whole tagged message. Also the longest opening.
pub const MAX_LEN: usize = 60_000;

/// First 8 bytes of SHA-256 of a public key.
pub type Kid = [u8; 8];

/// The kid of a 32-byte Ed25519 public key.
#[must_use]
pub fn kid(public_key: &[u8; 32]) -> Kid {
    let digest = Sha256::digest(public_key);
    let mut kid = [0; 8];
    kid.copy_from_slice(&digest[..8]);
    kid
}

/// What `typ` (RFC 9596, label 16) says of an entry.
pub const ENTRY_TYPE: &str = "application/lanyard-entry";

/// Tag 18, an array of four, a byte string of 41 bytes, and the protected header up to the kid: what every entry of
/// version 1 begins with, and what a reader that lost its place looks for.
pub(crate) const OPENS: &[u8] = &[0xD2, 0x84, 0x58, 0x29, 0xA3, 0x01, 0x32, 0x04, 0x48];
const AFTER_KID: &[u8] = b"\x10\x78\x19application/lanyard-entry";
/// From the protected header's head to its end.
const PROTECTED: std::ops::Range<usize> = 2..45;
/// An empty unprotected header, then the payload.
const PAYLOAD_AT: usize = 46;
/// Head and bytes of the signature, which end the entry.
const SIGNATURE_LEN: usize = 66;

/// A signed entry. Its bytes are canonical and of the right shape; whether its signature holds is for the verifier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    bytes: Vec<u8>,
    hash: Hash,
}

impl Entry {
    /// Takes an entry's bytes, if they are one and nothing else.
    ///
    /// # Errors
    /// [`Error::NotCanonical`], [`Error::TooLarge`].
    pub fn parse(bytes: Vec<u8>) -> Result<Self, Error> {
        let seen = EntryView::parse(&bytes)?;
        if seen.len != bytes.len() {
            return Err(Error::NotCanonical { at: seen.len, why: "bytes after the end" });
        }
        let hash = entry_hash(&bytes);
        Ok(Self { bytes, hash })
    }

    /// The whole tagged message.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// SHA-256 of the bytes: what the next entry's `prev` and the log's leaf are.
    #[must_use]
    pub fn hash(&self) -> Hash {
        self.hash
    }

    /// What it says.
    ///
    /// # Errors
    /// None in practice: the bytes were parsed once. [`Error::NotCanonical`] is passed on instead of hidden.
    pub fn view(&self) -> Result<EntryView<'_>, Error> {
        EntryView::parse(&self.bytes)
    }

    /// The bytes, given away.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}

/// SHA-256 of an entry's bytes.
#[must_use]
pub fn entry_hash(bytes: &[u8]) -> Hash {
    Sha256::digest(bytes).into()
}

/// An entry read in place.
#[derive(Clone, Debug)]
pub struct EntryView<'a> {
    /// From the protected header: a hint at the key, compared and never trusted.
    pub kid: &'a Kid,
    /// What is signed.
    pub payload: Payload<'a>,
    /// Ed25519 signature over [`EntryView::to_be_signed`].
    pub signature: &'a [u8; 64],
    /// Length of the entry within the bytes it was read from.
    pub len: usize,
    bytes: &'a [u8],
}

impl<'a> EntryView<'a> {
    /// The entry that `bytes` begin with.
    ///
    /// # Errors
    /// [`Error::NotCanonical`] where the bytes are not the one encoding of an entry, [`Error::TooLarge`].
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Error> {
        let bytes = &bytes[..bytes.len().min(MAX_LEN + 1)];
        let mut reader = Reader::new(bytes);
        if !reader.key(OPENS) {
            return reader.wrong("not the tagged COSE_Sign1 and protected header of an entry");
        }
        let kid = match reader.take(8)?.try_into() {
            Ok(kid) => kid,
            Err(_) => return reader.wrong("cut short"),
        };
        if !reader.key(AFTER_KID) {
            return reader.wrong("not the protected header of an entry");
        }
        if !reader.key(&[0xA0]) {
            return reader.wrong("an unprotected header");
        }
        let payload_bytes = reader.bytes()?;
        let payload = payload::parse(payload_bytes).map_err(|flaw| match flaw {
            Error::NotCanonical { at, why } => Error::NotCanonical { at: at + reader.at() - payload_bytes.len(), why },
            other => other,
        })?;
        let signature = reader.fixed()?;
        let len = reader.at();
        if len > MAX_LEN {
            return Err(Error::TooLarge { what: "bytes of an entry", size: len as u64, limit: MAX_LEN as u64 });
        }
        Ok(Self { kid, payload, signature, len, bytes: &bytes[..len] })
    }

    /// The entry's own bytes.
    #[must_use]
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// What the signature is over.
    #[must_use]
    pub fn to_be_signed(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.len);
        to_be_signed_into(self.bytes, &mut out);
        out
    }
}

/// The Sig_structure (RFC 9052 §4.4) of an entry whose framing was checked: the protected header and the payload stand
/// in it with the same heads as in the message, so both are copied as they are. Empties `out` first.
pub(crate) fn to_be_signed_into(entry: &[u8], out: &mut Vec<u8>) {
    out.clear();
    out.extend(b"\x84\x6ASignature1");
    out.extend(entry.get(PROTECTED).unwrap_or_default());
    out.push(0x40);
    out.extend(entry.get(PAYLOAD_AT..entry.len().saturating_sub(SIGNATURE_LEN)).unwrap_or_default());
}
