//! What the card keeps without power.

use std::collections::BTreeMap;

use aes::{Aes128, Aes192, Aes256};
use cipher::{Block, BlockCipherEncrypt, KeyInit};
use des::TdesEde3;
use p256::ecdsa::SigningKey;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Bytes for all objects together.
const ROOM: usize = 24_576;
/// Bytes for one object.
const OBJECT_ROOM: usize = 3_052;
/// Tries of PIN and PUK.
pub(crate) const TRIES: u8 = 3;

/// Why text is no exported card.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ImageError {
    /// Not the JSON that `export` writes.
    #[error("not a card's image: line {line}, column {column}")]
    Syntax {
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
    },
    /// It reads, but no card could be so.
    #[error("an image that no card could hold")]
    Impossible,
}

/// A secret of eight bytes with its tries.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Code {
    #[serde(with = "hex")]
    pub(crate) bytes: [u8; 8],
    pub(crate) left: u8,
}

impl Code {
    pub(crate) fn new(bytes: [u8; 8]) -> Self {
        Self { bytes, left: TRIES }
    }
}

/// The management key.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Management {
    pub(crate) algorithm: u8,
    #[serde(with = "hex")]
    pub(crate) key: Vec<u8>,
}

/// Length of keys of an algorithm in bytes; `None` for one that the card does not know.
pub(crate) fn key_len(algorithm: u8) -> Option<usize> {
    match algorithm {
        0x03 | 0x0A => Some(24),
        0x08 => Some(16),
        0x0C => Some(32),
        _ => None,
    }
}

fn encipher<C: KeyInit + BlockCipherEncrypt>(key: &[u8], bytes: &[u8]) -> Option<Vec<u8>> {
    let mut out = bytes.to_vec();
    C::new_from_slice(key).ok()?.encrypt_block(<&mut Block<C>>::try_from(&mut out[..]).ok()?);
    Some(out)
}

impl Management {
    pub(crate) fn factory() -> Self {
        Self { algorithm: 0x03, key: [1, 2, 3, 4, 5, 6, 7, 8].repeat(3) }
    }

    pub(crate) fn block_len(&self) -> usize {
        if self.algorithm == 0x03 { 8 } else { 16 }
    }

    /// One block enciphered; `None` if it has not the block's length.
    pub(crate) fn encipher(&self, block: &[u8]) -> Option<Vec<u8>> {
        match self.algorithm {
            0x03 => encipher::<TdesEde3>(&self.key, block),
            0x08 => encipher::<Aes128>(&self.key, block),
            0x0A => encipher::<Aes192>(&self.key, block),
            _ => encipher::<Aes256>(&self.key, block),
        }
    }
}

/// A P-256 key's scalar.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Scalar(#[serde(with = "hex")] [u8; 32]);

impl Scalar {
    pub(crate) fn key(&self) -> Option<SigningKey> {
        SigningKey::from_slice(&self.0).ok()
    }
}

/// An object's content.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Content(#[serde(with = "hex")] pub(crate) Vec<u8>);

/// Everything that outlasts power.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Image {
    seed: u64,
    /// How often the generator was asked, kept so that a card taken up again does not repeat itself.
    drawn: u64,
    pub(crate) management: Management,
    pub(crate) pin: Code,
    pub(crate) puk: Code,
    /// By key reference.
    pub(crate) keys: BTreeMap<u8, Scalar>,
    /// By tag.
    pub(crate) objects: BTreeMap<u32, Content>,
}

impl Image {
    pub(crate) fn factory(seed: u64) -> Self {
        Self {
            seed,
            drawn: 0,
            management: Management::factory(),
            pin: Code::new(*b"123456\xFF\xFF"),
            puk: Code::new(*b"12345678"),
            keys: BTreeMap::new(),
            objects: BTreeMap::new(),
        }
    }

    pub(crate) fn parse(text: &str) -> Result<Self, ImageError> {
        let image: Self = serde_json::from_str(text)
            .map_err(|error| ImageError::Syntax { line: error.line(), column: error.column() })?;
        let sound = key_len(image.management.algorithm) == Some(image.management.key.len())
            && image.pin.left <= TRIES
            && image.puk.left <= TRIES
            && image.keys.values().all(|scalar| scalar.key().is_some())
            && image.objects.values().all(|content| content.0.len() <= OBJECT_ROOM)
            && image.used() <= ROOM;
        if sound { Ok(image) } else { Err(ImageError::Impossible) }
    }

    pub(crate) fn serial(&self) -> u32 {
        let [a, b, c, d, ..] = self.hash(u64::MAX);
        u32::from_be_bytes([a & 0x7F, b, c, d])
    }

    fn hash(&self, count: u64) -> [u8; 32] {
        let mut hash = Sha256::new();
        hash.update(b"lanyard simulated PIV card");
        hash.update(self.seed.to_be_bytes());
        hash.update(count.to_be_bytes());
        hash.finalize().into()
    }

    /// The next 32 bytes of the card's generator: no secret to whoever knows the seed.
    pub(crate) fn random(&mut self) -> [u8; 32] {
        self.drawn = self.drawn.wrapping_add(1);
        self.hash(self.drawn)
    }

    pub(crate) fn new_key(&mut self) -> (Scalar, SigningKey) {
        loop {
            let scalar = Scalar(self.random());
            // One in 2^32 values is above the order of the curve.
            if let Some(key) = scalar.key() {
                return (scalar, key);
            }
        }
    }

    fn used(&self) -> usize {
        self.objects.values().map(|content| content.0.len()).sum()
    }

    /// Writes an object; empty content deletes it.
    pub(crate) fn store(&mut self, tag: u32, content: &[u8]) -> Result<(), u16> {
        let before = self.objects.get(&tag).map_or(0, |content| content.0.len());
        if content.len() > OBJECT_ROOM || self.used() - before + content.len() > ROOM {
            return Err(0x6A84);
        }
        if content.is_empty() {
            self.objects.remove(&tag);
        } else {
            self.objects.insert(tag, Content(content.to_vec()));
        }
        Ok(())
    }
}
