//! Block ciphers, CBC, CMAC and checksums as DESFire uses them.

use aes::Aes128;
use cipher::{BlockCipherDecrypt, BlockCipherEncrypt, KeyInit};
use des::TdesEde3;

/// A block cipher under one key. DES and two-key 3DES are three-key 3DES with keys repeated.
#[derive(Clone)]
pub(crate) enum Cipher {
    Tdes(Box<TdesEde3>),
    Aes(Box<Aes128>),
}

/// As long as the longest block; the first [`Cipher::block`] bytes count.
pub(crate) type Iv = [u8; 16];

impl Cipher {
    pub(crate) fn aes(key: [u8; 16]) -> Self {
        Self::Aes(Box::new(Aes128::new(&key.into())))
    }

    /// 8, 16 or 24 bytes, repeated to 24.
    pub(crate) fn tdes(key: &[u8]) -> Self {
        let mut whole = [0; 24];
        for (to, from) in whole.iter_mut().zip(key.iter().cycle()) {
            *to = *from;
        }
        Self::Tdes(Box::new(TdesEde3::new(&whole.into())))
    }

    /// Block length in bytes.
    pub(crate) fn block(&self) -> usize {
        match self {
            Self::Tdes(_) => 8,
            Self::Aes(_) => 16,
        }
    }

    fn encrypt(&self, block: &mut [u8]) {
        match self {
            Self::Tdes(cipher) => {
                if let Ok(block) = block.try_into() {
                    cipher.encrypt_block(block);
                }
            }
            Self::Aes(cipher) => {
                if let Ok(block) = block.try_into() {
                    cipher.encrypt_block(block);
                }
            }
        }
    }

    fn decrypt(&self, block: &mut [u8]) {
        match self {
            Self::Tdes(cipher) => {
                if let Ok(block) = block.try_into() {
                    cipher.decrypt_block(block);
                }
            }
            Self::Aes(cipher) => {
                if let Ok(block) = block.try_into() {
                    cipher.decrypt_block(block);
                }
            }
        }
    }

    /// CBC over whole blocks; the IV becomes the last block of ciphertext.
    pub(crate) fn cbc_encrypt(&self, iv: &mut Iv, data: &mut [u8]) {
        for block in data.chunks_exact_mut(self.block()) {
            xor(block, iv);
            self.encrypt(block);
            iv[..block.len()].copy_from_slice(block);
        }
    }

    /// CBC over whole blocks; the IV becomes the last block of ciphertext.
    pub(crate) fn cbc_decrypt(&self, iv: &mut Iv, data: &mut [u8]) {
        for block in data.chunks_exact_mut(self.block()) {
            let mut next = [0; 16];
            next[..block.len()].copy_from_slice(block);
            self.decrypt(block);
            xor(block, iv);
            *iv = next;
        }
    }

    /// What a D40 host sends, undone: the host deciphers in both directions (C = D(P ⊕ C')), so the card enciphers.
    pub(crate) fn d40_receive(&self, data: &mut [u8]) {
        let mut previous = [0; 16];
        for block in data.chunks_exact_mut(self.block()) {
            let mut next = [0; 16];
            next[..block.len()].copy_from_slice(block);
            self.encrypt(block);
            xor(block, &previous);
            previous = next;
        }
    }

    /// The D40 MAC: the first half of the last block of CBC under a zero IV, zero-padded.
    pub(crate) fn d40_mac(&self, data: &[u8]) -> [u8; 4] {
        let mut padded = data.to_vec();
        pad_zero(&mut padded, self.block());
        let mut iv = [0; 16];
        self.cbc_encrypt(&mut iv, &mut padded);
        [iv[0], iv[1], iv[2], iv[3]]
    }

    /// CMAC (NIST SP 800-38B §6.2) that starts from `iv` instead of zero; the result becomes the next IV.
    pub(crate) fn cmac(&self, iv: &mut Iv, message: &[u8]) -> Iv {
        let block = self.block();
        let mut subkey = [0; 16];
        self.encrypt(&mut subkey[..block]);
        double(&mut subkey[..block]);
        let mut padded = message.to_vec();
        if padded.is_empty() || !padded.len().is_multiple_of(block) {
            double(&mut subkey[..block]);
            pad_iso(&mut padded, block);
        }
        let last = padded.len() - block;
        xor(&mut padded[last..], &subkey);
        self.cbc_encrypt(iv, &mut padded);
        *iv
    }
}

/// Doubling in GF(2^64) or GF(2^128) (SP 800-38B §6.1).
fn double(block: &mut [u8]) {
    let constant = if block.len() == 8 { 0x1B } else { 0x87 };
    let carry = block.first().is_some_and(|byte| byte & 0x80 != 0);
    for i in 0..block.len() {
        let below = block.get(i + 1).map_or(0, |byte| byte >> 7);
        block[i] = block[i] << 1 | below;
    }
    if let (true, Some(last)) = (carry, block.last_mut()) {
        *last ^= constant;
    }
}

fn xor(block: &mut [u8], with: &[u8]) {
    for (byte, other) in block.iter_mut().zip(with) {
        *byte ^= other;
    }
}

/// Zeros up to whole blocks; none if it is whole.
pub(crate) fn pad_zero(data: &mut Vec<u8>, block: usize) {
    data.resize(data.len().next_multiple_of(block), 0);
}

/// `80`, then zeros up to whole blocks; always at least one byte.
pub(crate) fn pad_iso(data: &mut Vec<u8>, block: usize) {
    data.push(0x80);
    pad_zero(data, block);
}

/// Removes [`pad_iso`]; `None` if there is none.
pub(crate) fn unpad_iso(data: &mut Vec<u8>) -> Option<()> {
    while let Some(byte) = data.pop() {
        match byte {
            0x80 => return Some(()),
            0 => {}
            _ => return None,
        }
    }
    None
}

/// CRC-16 of ISO 14443-3 type A (§6.2.4), as sent.
pub(crate) fn crc16(data: &[u8]) -> [u8; 2] {
    let mut crc = 0x6363_u16;
    for byte in data {
        crc ^= u16::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { crc >> 1 ^ 0x8408 } else { crc >> 1 };
        }
    }
    crc.to_le_bytes()
}

/// CRC-32 without the final complement, as sent.
pub(crate) fn crc32(parts: &[&[u8]]) -> [u8; 4] {
    let mut crc = 0xFFFF_FFFF_u32;
    for byte in parts.iter().copied().flatten() {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { crc >> 1 ^ 0xEDB8_8320 } else { crc >> 1 };
        }
    }
    crc.to_le_bytes()
}

/// One byte to the left.
pub(crate) fn rotated(bytes: &[u8]) -> Vec<u8> {
    let mut out = bytes.to_vec();
    if !out.is_empty() {
        out.rotate_left(1);
    }
    out
}
