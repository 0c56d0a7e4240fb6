//! What the store is given to sign with: the entry key and the checkpoint key of one writer, and nothing else of the vault.

use ed25519_dalek::{Signer, SigningKey};
use lanyard_secret::Secret;

/// Signs entries and checkpoints. Dropped (and wiped) when the station is locked.
pub struct EntrySigner {
    entry: Box<SigningKey>,
    checkpoint: Box<SigningKey>,
}

impl EntrySigner {
    pub(crate) fn new(entry: &Secret<32>, checkpoint: &Secret<32>) -> Self {
        Self {
            entry: Box::new(SigningKey::from_bytes(entry.expose())),
            checkpoint: Box::new(SigningKey::from_bytes(checkpoint.expose())),
        }
    }

    /// The public key that entries are signed with.
    #[must_use]
    pub fn entry_key(&self) -> [u8; 32] {
        self.entry.verifying_key().to_bytes()
    }

    /// The public key that checkpoints are signed with.
    #[must_use]
    pub fn checkpoint_key(&self) -> [u8; 32] {
        self.checkpoint.verifying_key().to_bytes()
    }

    /// Signs the bytes that `history` hands out for an entry.
    #[must_use]
    pub fn sign_entry(&self, bytes: &[u8]) -> [u8; 64] {
        self.entry.sign(bytes).to_bytes()
    }

    /// Signs a checkpoint's note text.
    #[must_use]
    pub fn sign_checkpoint(&self, bytes: &[u8]) -> [u8; 64] {
        self.checkpoint.sign(bytes).to_bytes()
    }
}
