//! A card's own key from a master key and what the card is: NXP AN10922 rev 2.2, §2.2 (AES-128) and §2.3 (AES-192).

use aes::cipher::{BlockCipherEncrypt, KeyInit};
use aes::{Aes128, Aes192, Block};
use lanyard_secret::Secret;
use zeroize::{Zeroize, Zeroizing};

use crate::KeysError;

/// The diversification input M: 1 to 31 bytes that differ from card to card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiversificationInput(Vec<u8>);

impl DiversificationInput {
    /// As it stands.
    ///
    /// # Errors
    /// [`KeysError::DiversificationInput`] unless 1 to 31 bytes.
    pub fn new(m: &[u8]) -> Result<Self, KeysError> {
        if (1..=31).contains(&m.len()) {
            Ok(Self(m.to_vec()))
        } else {
            Err(KeysError::DiversificationInput { len: m.len() })
        }
    }

    /// UID ‖ AID ‖ system identifier, the order of AN10922 §2.2. `aid` in the order it has on the wire.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn of_card(uid: &[u8], aid: &[u8], system: &[u8]) -> Result<Self, KeysError> {
        Self::new(&[uid, aid, system].concat())
    }

    /// The bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
}

/// What the PIV card's management key 9B is (SP 800-78-5 table 6-2: 03, 0A).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ManagementAlgorithm {
    /// Three-key triple DES, 03.
    TripleDes,
    /// AES-192, 0A.
    Aes192,
}

/// AN10922 §2.2: CMAC(K, 01 ‖ M), padded to 32 bytes even where M is short.
pub(crate) fn aes128(master: &Secret<16>, input: &DiversificationInput) -> Secret<16> {
    let cipher = Aes128::new(master.expose().into());
    Secret::filled(|out| cmac32(&cipher, 0x01, input, out))
}

/// AN10922 §2.3: A = CMAC(K, 11 ‖ M), B = CMAC(K, 12 ‖ M); A[0..8] ‖ A[8..16] ⊕ B[0..8] ‖ B[8..16].
pub(crate) fn aes192(master: &Secret<24>, input: &DiversificationInput) -> Secret<24> {
    let cipher = Aes192::new(master.expose().into());
    let (mut a, mut b) = (Zeroizing::new([0; 16]), Zeroizing::new([0; 16]));
    cmac32(&cipher, 0x11, input, &mut a);
    cmac32(&cipher, 0x12, input, &mut b);
    Secret::filled(|out| {
        out[..8].copy_from_slice(&a[..8]);
        for i in 0..8 {
            out[8 + i] = a[8 + i] ^ b[i];
        }
        out[16..].copy_from_slice(&b[8..]);
    })
}

/// The management key of one card: M = algorithm ‖ card id. Triple DES gets odd parity and three different parts.
pub(crate) fn management(master: &Secret<24>, card: &[u8; 16], algorithm: ManagementAlgorithm) -> Secret<24> {
    let code = match algorithm {
        ManagementAlgorithm::TripleDes => 0x03,
        ManagementAlgorithm::Aes192 => 0x0A,
    };
    let mut m = vec![code];
    m.extend_from_slice(card);
    let key = aes192(master, &DiversificationInput(m));
    match algorithm {
        ManagementAlgorithm::Aes192 => key,
        ManagementAlgorithm::TripleDes => Secret::filled(|out| {
            out.copy_from_slice(key.expose());
            for byte in out.iter_mut() {
                *byte = (*byte & 0xFE) | u8::from((*byte & 0xFE).count_ones() % 2 == 0);
            }
        }),
    }
}

/// CMAC (NIST SP 800-38B) over exactly two blocks: D ‖ M, padded with 80 00… where shorter. AN10922 pads to 32 bytes
/// always and picks the subkey by whether it padded, which no ready-made CMAC does for a message that fits one block.
fn cmac32<C: BlockCipherEncrypt<BlockSize = aes::cipher::consts::U16>>(
    cipher: &C,
    constant: u8,
    input: &DiversificationInput,
    out: &mut [u8; 16],
) {
    let mut message = Zeroizing::new([0u8; 32]);
    message[0] = constant;
    let len = 1 + input.0.len();
    message[1..len].copy_from_slice(&input.0);
    let padded = len < 32;
    if padded {
        message[len] = 0x80;
    }
    let mut subkey = Block::default();
    cipher.encrypt_block(&mut subkey);
    double(&mut subkey);
    if padded {
        double(&mut subkey);
    }
    let mut block = Block::default();
    for (i, byte) in message[..16].iter().enumerate() {
        block[i] = *byte;
    }
    cipher.encrypt_block(&mut block);
    for i in 0..16 {
        block[i] ^= message[16 + i] ^ subkey[i];
    }
    cipher.encrypt_block(&mut block);
    out.copy_from_slice(&block);
    block.as_mut_slice().zeroize();
    subkey.as_mut_slice().zeroize();
}

/// Doubling in GF(2¹²⁸) (NIST SP 800-38B §6.1).
fn double(block: &mut Block) {
    let carry = block[0] >> 7;
    for i in 0..15 {
        block[i] = (block[i] << 1) | (block[i + 1] >> 7);
    }
    block[15] = (block[15] << 1) ^ (0x87 * carry);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vector(id: &str) -> serde_json::Value {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/vectors/vectors.json");
        let all: serde_json::Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        all["vectors"].as_array().unwrap().iter().find(|v| v["id"] == id).unwrap().clone()
    }

    fn bytes(value: &serde_json::Value) -> Vec<u8> {
        hex::decode(value.as_str().unwrap()).unwrap()
    }

    #[test]
    fn an10922_aes128_gives_the_published_key() {
        let v = vector("an10922-aes128");
        let master = Secret::from_slice(&bytes(&v["inputs"]["master_key"])).unwrap();
        let parts = ["uid", "aid", "system_id"].map(|name| bytes(&v["inputs"][name]));
        let input = DiversificationInput::of_card(&parts[0], &parts[1], &parts[2]).unwrap();
        assert_eq!(input.bytes(), bytes(&v["inputs"]["div_input_M"]));
        assert_eq!(aes128(&master, &input).expose()[..], bytes(&v["outputs"]["diversified_key"]));
    }

    #[test]
    fn a_short_input_is_not_padded_to_one_block_only() {
        let v = vector("an10922-aes128-issue91-wrong");
        let master = Secret::from_slice(&bytes(&v["inputs"]["master_key"])).unwrap();
        let input = DiversificationInput::new(&bytes(&v["inputs"]["div_input_M"])).unwrap();
        let wrong = bytes(&v["outputs"]["wrong_key_if_padded_to_one_block"]);
        assert_ne!(aes128(&master, &input).expose()[..], wrong);
    }

    #[test]
    fn an10922_aes192_gives_the_key_of_the_note() {
        // AN10922 rev 2.2 §2.3.1.
        let master =
            Secret::from_slice(&hex::decode("00112233445566778899AABBCCDDEEFF0102030405060708").unwrap()).unwrap();
        let m = hex::decode("04782E21801D803042F54E585020416275").unwrap();
        let key = aes192(&master, &DiversificationInput::new(&m).unwrap());
        assert_eq!(hex::encode_upper(key.expose()), "CE39C8E1CD82D9A7BEDBE9D74AF59B23176755EE7586E12C");
    }

    #[test]
    fn an_empty_input_and_one_of_32_bytes_are_refused() {
        for len in [0, 32] {
            assert_eq!(DiversificationInput::new(&vec![1; len]), Err(KeysError::DiversificationInput { len }));
        }
        assert!(DiversificationInput::new(&[1; 31]).is_ok());
    }

    #[test]
    fn a_triple_des_management_key_has_odd_parity_and_differs_per_card_and_algorithm() {
        let master = Secret::from_slice(&[7; 24]).unwrap();
        let key = management(&master, &[1; 16], ManagementAlgorithm::TripleDes);
        assert!(key.expose().iter().all(|byte| byte.count_ones() % 2 == 1));
        assert!(!key.same(&management(&master, &[2; 16], ManagementAlgorithm::TripleDes)));
        assert!(!key.same(&management(&master, &[1; 16], ManagementAlgorithm::Aes192)));
    }
}
