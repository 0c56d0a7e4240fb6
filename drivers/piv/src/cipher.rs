//! One block of the management key's cipher: all that PIV's challenge and response need (SP 800-78-4 §3.1, ECB).

use ::cipher::{Block, BlockCipherDecrypt, BlockCipherEncrypt, KeyInit};
use lanyard_secret::off_the_stack;

use crate::ManagementAlgorithm;

#[derive(Clone, Copy)]
enum Way {
    Encrypt,
    Decrypt,
}

fn block<C: KeyInit + BlockCipherEncrypt + BlockCipherDecrypt>(key: &[u8], bytes: &mut [u8], way: Way) -> Option<()> {
    let cipher = C::new_from_slice(key).ok()?;
    let block = <&mut Block<C>>::try_from(bytes).ok()?;
    match way {
        Way::Encrypt => cipher.encrypt_block(block),
        Way::Decrypt => cipher.decrypt_block(block),
    }
    Some(())
}

fn run(algorithm: ManagementAlgorithm, key: &[u8], bytes: &mut [u8], way: Way) -> Option<()> {
    off_the_stack(|| match algorithm {
        ManagementAlgorithm::Tdes => block::<des::TdesEde3>(key, bytes, way),
        ManagementAlgorithm::Aes128 => block::<aes::Aes128>(key, bytes, way),
        ManagementAlgorithm::Aes192 => block::<aes::Aes192>(key, bytes, way),
        ManagementAlgorithm::Aes256 => block::<aes::Aes256>(key, bytes, way),
    })
}

/// Enciphers one block in place; `None` if key or block has not the cipher's length.
pub(crate) fn encrypt(algorithm: ManagementAlgorithm, key: &[u8], bytes: &mut [u8]) -> Option<()> {
    run(algorithm, key, bytes, Way::Encrypt)
}

/// Deciphers one block in place; `None` if key or block has not the cipher's length.
pub(crate) fn decrypt(algorithm: ManagementAlgorithm, key: &[u8], bytes: &mut [u8]) -> Option<()> {
    run(algorithm, key, bytes, Way::Decrypt)
}
