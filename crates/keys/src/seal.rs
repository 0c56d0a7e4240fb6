//! Sealing bytes under a 32-byte key: XChaCha20-Poly1305 with a random 24-byte nonce in front.
//! What the bytes are for goes into the associated data, so that no sealed thing passes for another.

use chacha20poly1305::aead::{AeadInOut, KeyInit};
use chacha20poly1305::{Tag, XChaCha20Poly1305, XNonce};
use lanyard_secret::{Secret, SecretBytes};

use crate::Entropy;

const NONCE: usize = 24;
const TAG: usize = 16;

/// nonce ‖ ciphertext ‖ tag.
pub(crate) fn seal(key: &Secret<32>, aad: &[u8], plain: &[u8], entropy: &mut Entropy) -> Option<Vec<u8>> {
    let mut nonce = [0; NONCE];
    entropy(&mut nonce);
    let mut sealed = Vec::with_capacity(NONCE + plain.len() + TAG);
    sealed.extend_from_slice(&nonce);
    sealed.extend_from_slice(plain);
    let cipher = XChaCha20Poly1305::new(key.expose().into());
    let tag = cipher.encrypt_inout_detached(&XNonce::from(nonce), aad, (&mut sealed[NONCE..]).into()).ok()?;
    sealed.extend_from_slice(&tag);
    Some(sealed)
}

/// `None` if anything does not fit: key, associated data, a byte.
pub(crate) fn open(key: &Secret<32>, aad: &[u8], sealed: &[u8]) -> Option<SecretBytes> {
    let (nonce, rest) = sealed.split_first_chunk::<NONCE>()?;
    let (body, tag) = rest.split_last_chunk::<TAG>()?;
    let mut plain = zeroize::Zeroizing::new(body.to_vec());
    let cipher = XChaCha20Poly1305::new(key.expose().into());
    cipher.decrypt_inout_detached(&XNonce::from(*nonce), aad, plain.as_mut_slice().into(), &Tag::from(*tag)).ok()?;
    Some(SecretBytes::new(std::mem::take(&mut *plain)))
}

/// The same, for a key.
pub(crate) fn open_key<const N: usize>(key: &Secret<32>, aad: &[u8], sealed: &[u8]) -> Option<Secret<N>> {
    Secret::from_slice(open(key, aad, sealed)?.expose())
}
