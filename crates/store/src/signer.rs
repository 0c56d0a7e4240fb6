//! What signs: given to the store while an operator is signed in, taken away when the station is locked.

/// The two keys of one writer. Implemented by the vault's signer; in tests by whatever signs.
pub trait Signer: Send {
    /// Public key of the entries.
    fn entry_key(&self) -> [u8; 32];
    /// Signs an entry.
    fn sign_entry(&self, bytes: &[u8]) -> [u8; 64];
    /// Public key of the checkpoints.
    fn checkpoint_key(&self) -> [u8; 32];
    /// Signs a checkpoint.
    fn sign_checkpoint(&self, bytes: &[u8]) -> [u8; 64];
}

impl Signer for lanyard_keys::EntrySigner {
    fn entry_key(&self) -> [u8; 32] {
        self.entry_key()
    }

    fn sign_entry(&self, bytes: &[u8]) -> [u8; 64] {
        self.sign_entry(bytes)
    }

    fn checkpoint_key(&self) -> [u8; 32] {
        self.checkpoint_key()
    }

    fn sign_checkpoint(&self, bytes: &[u8]) -> [u8; 64] {
        self.sign_checkpoint(bytes)
    }
}
