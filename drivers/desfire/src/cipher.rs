//! The block ciphers of DESFire with the chaining it wants: CBC with a running IV, D40's "send mode", CMAC with an IV.
//!
//! CMAC is here and not taken from a crate because EV1 starts each CMAC from the IV that the last one left behind.

use aes::Aes128;
use cipher::{BlockCipherDecrypt, BlockCipherEncrypt, KeyInit};
use des::{Des, TdesEde2, TdesEde3};
use lanyard_secret::off_the_stack;
use zeroize::{Zeroize, Zeroizing};

/// A block, or an IV. DES uses the first eight bytes.
pub(crate) type Block = [u8; 16];

/// A cipher with its key schedule, built once per key. Boxed, so that a move leaves no schedule behind.
pub(crate) enum BlockCipher {
    Des(Box<Des>),
    TwoKey(Box<TdesEde2>),
    ThreeKey(Box<TdesEde3>),
    Aes(Box<Aes128>),
}

impl BlockCipher {
    pub(crate) fn aes(key: &[u8; 16]) -> Self {
        off_the_stack(|| Self::Aes(Box::new(Aes128::new(key.into()))))
    }

    pub(crate) fn des(key: &[u8; 8]) -> Self {
        off_the_stack(|| Self::Des(Box::new(Des::new(key.into()))))
    }

    pub(crate) fn two_key(key: &[u8; 16]) -> Self {
        off_the_stack(|| Self::TwoKey(Box::new(TdesEde2::new(key.into()))))
    }

    pub(crate) fn three_key(key: &[u8; 24]) -> Self {
        off_the_stack(|| Self::ThreeKey(Box::new(TdesEde3::new(key.into()))))
    }

    /// Block size in bytes: 8 or 16.
    pub(crate) fn size(&self) -> usize {
        match self {
            Self::Aes(_) => 16,
            Self::Des(_) | Self::TwoKey(_) | Self::ThreeKey(_) => 8,
        }
    }

    pub(crate) fn encrypt(&self, block: &mut Block) {
        match self {
            Self::Aes(cipher) => cipher.encrypt_block(block.into()),
            Self::Des(cipher) => eight(block, |half| cipher.encrypt_block(half.into())),
            Self::TwoKey(cipher) => eight(block, |half| cipher.encrypt_block(half.into())),
            Self::ThreeKey(cipher) => eight(block, |half| cipher.encrypt_block(half.into())),
        }
    }

    fn decrypt(&self, block: &mut Block) {
        match self {
            Self::Aes(cipher) => cipher.decrypt_block(block.into()),
            Self::Des(cipher) => eight(block, |half| cipher.decrypt_block(half.into())),
            Self::TwoKey(cipher) => eight(block, |half| cipher.decrypt_block(half.into())),
            Self::ThreeKey(cipher) => eight(block, |half| cipher.decrypt_block(half.into())),
        }
    }

    /// CBC in place; `iv` is left at the last block of the cryptogram. `data` is whole blocks.
    pub(crate) fn cbc_encrypt(&self, iv: &mut Block, data: &mut [u8]) {
        let size = self.size();
        for chunk in data.chunks_exact_mut(size) {
            xor(iv, chunk);
            self.encrypt(iv);
            chunk.copy_from_slice(&iv[..size]);
        }
    }

    /// CBC in place; `iv` is left at the last block of the cryptogram. `data` is whole blocks.
    pub(crate) fn cbc_decrypt(&self, iv: &mut Block, data: &mut [u8]) {
        let size = self.size();
        let mut block = Zeroizing::new([0; 16]);
        for chunk in data.chunks_exact_mut(size) {
            block[..size].copy_from_slice(chunk);
            self.decrypt(&mut block);
            xor(&mut block, &iv[..size]);
            iv[..size].copy_from_slice(chunk);
            chunk.copy_from_slice(&block[..size]);
        }
    }

    /// D40's "send mode": C = D(P ⊕ C before), IV 0. The card only ever enciphers, so the host deciphers to send.
    pub(crate) fn send(&self, data: &mut [u8]) {
        let size = self.size();
        let mut last = [0; 16];
        for chunk in data.chunks_exact_mut(size) {
            xor(&mut last, chunk);
            self.decrypt(&mut last);
            chunk.copy_from_slice(&last[..size]);
        }
    }

    /// D40's MAC: the first four bytes of the last block of CBC, IV 0, padded with zeros.
    pub(crate) fn d40_mac(&self, data: &[u8]) -> [u8; 4] {
        let size = self.size();
        let mut last = [0; 16];
        for chunk in data.chunks(size) {
            xor(&mut last, chunk);
            self.encrypt(&mut last);
        }
        [last[0], last[1], last[2], last[3]]
    }
}

/// A cipher that also makes CMACs (NIST SP 800-38B), its subkeys made once.
pub(crate) struct MacCipher {
    pub(crate) cipher: BlockCipher,
    /// K1 (§6.1), for a last block that is whole.
    whole: Zeroizing<Block>,
    /// K2, for a last block that is padded.
    padded: Zeroizing<Block>,
}

impl MacCipher {
    pub(crate) fn new(cipher: BlockCipher) -> Self {
        let size = cipher.size();
        let mut seed = Zeroizing::new([0; 16]);
        cipher.encrypt(&mut seed);
        let whole = doubled(&seed, size);
        let padded = doubled(&whole, size);
        Self { cipher, whole, padded }
    }

    /// CMAC of the parts in a row, started from `iv`. All of `size()` bytes; DES leaves the rest zero.
    pub(crate) fn cmac_from(&self, iv: &Block, parts: &[&[u8]]) -> Block {
        let size = self.cipher.size();
        let mut state = *iv;
        let mut at = 0;
        let mut bytes = parts.iter().copied().flatten().peekable();
        while let Some(byte) = bytes.next() {
            state[at] ^= byte;
            at += 1;
            if at == size && bytes.peek().is_some() {
                self.cipher.encrypt(&mut state);
                at = 0;
            }
        }
        if at == size {
            xor(&mut state, &self.whole[..size]);
        } else {
            state[at] ^= 0x80;
            xor(&mut state, &self.padded[..size]);
        }
        self.cipher.encrypt(&mut state);
        state
    }

    pub(crate) fn cmac(&self, parts: &[&[u8]]) -> Block {
        self.cmac_from(&[0; 16], parts)
    }
}

/// Multiplication by x in GF(2^128) or GF(2^64) (SP 800-38B §5.3: R = 87 or 1B).
fn doubled(block: &Block, size: usize) -> Zeroizing<Block> {
    let mut out = Zeroizing::new([0; 16]);
    for i in 0..size {
        let carry = if i + 1 < size { block[i + 1] >> 7 } else { 0 };
        out[i] = block[i] << 1 | carry;
    }
    let reduction = if size == 16 { 0x87 } else { 0x1B };
    // No branch on a key-dependent bit.
    out[size - 1] ^= reduction & (block[0] >> 7).wrapping_neg();
    out
}

fn xor(into: &mut Block, with: &[u8]) {
    for (a, b) in into.iter_mut().zip(with) {
        *a ^= b;
    }
}

fn eight(block: &mut Block, work: impl FnOnce(&mut [u8; 8])) {
    let mut half = [0; 8];
    half.copy_from_slice(&block[..8]);
    work(&mut half);
    block[..8].copy_from_slice(&half);
    half.zeroize();
}
