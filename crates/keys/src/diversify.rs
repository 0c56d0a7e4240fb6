//! A card's own key from a master key and what the card is: NXP AN10922 rev 2.2, §2.2 (AES-128) and §2.3 (AES-192).

use aes::Block;
use aes::cipher::BlockCipherEncrypt;
use lanyard_model::Id;
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

impl ManagementAlgorithm {
    /// M = algorithm ‖ card id.
    pub(crate) fn input(self, card: Id) -> DiversificationInput {
        let code = match self {
            Self::TripleDes => 0x03,
            Self::Aes192 => 0x0A,
        };
        DiversificationInput([&[code], &card.0[..]].concat())
    }

    /// Triple DES gets odd parity (and three different parts, or it would be no key: NIST SP 800-67 §3.2).
    pub(crate) fn fitted(self, key: Secret<24>) -> Secret<24> {
        match self {
            Self::Aes192 => key,
            Self::TripleDes => Secret::filled(|out| {
                out.copy_from_slice(key.expose());
                for byte in out.iter_mut() {
                    *byte = (*byte & 0xFE) | u8::from((*byte & 0xFE).count_ones() % 2 == 0);
                }
            }),
        }
    }
}

/// AN10922 §2.3: A = CMAC(K, 11 ‖ M), B = CMAC(K, 12 ‖ M); A[0..8] ‖ A[8..16] ⊕ B[0..8] ‖ B[8..16].
pub(crate) fn folded(a: &Secret<16>, b: &Secret<16>) -> Secret<24> {
    let (a, b) = (a.expose(), b.expose());
    Secret::filled(|out| {
        out[..8].copy_from_slice(&a[..8]);
        for i in 0..8 {
            out[8 + i] = a[8 + i] ^ b[i];
        }
        out[16..].copy_from_slice(&b[8..]);
    })
}

/// What AN10922 makes the CMAC of: D ‖ M, padded with 80 00… to exactly two blocks. It pads to 32 bytes always and picks the
/// subkey by whether it padded, which no ready-made CMAC does for a message that fits one block.
pub struct TwoBlocks {
    bytes: [u8; 32],
    len: usize,
}

impl TwoBlocks {
    pub(crate) fn new(constant: u8, input: &DiversificationInput) -> Self {
        let mut bytes = [0; 32];
        bytes[0] = constant;
        let len = 1 + input.0.len();
        bytes[1..len].copy_from_slice(&input.0);
        if len < 32 {
            bytes[len] = 0x80;
        }
        Self { bytes, len }
    }

    /// The message whose plain CMAC (NIST SP 800-38B) is the same; none where it fits one block.
    #[must_use]
    pub fn plain(&self) -> Option<&[u8]> {
        (self.len > 16).then(|| &self.bytes[..self.len])
    }

    /// The first block, which is encrypted by itself.
    #[must_use]
    pub fn first(&self) -> [u8; 16] {
        let mut first = [0; 16];
        first.copy_from_slice(&self.bytes[..16]);
        first
    }

    /// The second, which meets the subkey made of the encrypted zero block, and the first one encrypted.
    #[must_use]
    pub fn second(&self, zero: &Secret<16>) -> Secret<16> {
        Secret::filled(|out| {
            out.copy_from_slice(zero.expose());
            double(out);
            if self.len < 32 {
                double(out);
            }
            for (out, byte) in out.iter_mut().zip(&self.bytes[16..]) {
                *out ^= byte;
            }
        })
    }

    pub(crate) fn mac_with<C>(&self, cipher: &C) -> Result<Secret<16>, KeysError>
    where
        C: BlockCipherEncrypt<BlockSize = aes::cipher::consts::U16>,
    {
        self.mac_by_blocks(|block| {
            let mut held = Block::from(*block);
            cipher.encrypt_block(&mut held);
            let out = Secret::filled(|out| out.copy_from_slice(&held));
            held.as_mut_slice().zeroize();
            Ok(out)
        })
    }

    /// The CMAC, by whoever encrypts single blocks under the key.
    ///
    /// # Errors
    /// What encrypting answers.
    pub fn mac_by_blocks(
        &self,
        mut encrypt: impl FnMut(&[u8; 16]) -> Result<Secret<16>, KeysError>,
    ) -> Result<Secret<16>, KeysError> {
        let second = self.second(&encrypt(&[0; 16])?);
        let mut last = Zeroizing::new(*encrypt(&self.first())?.expose());
        for (byte, second) in last.iter_mut().zip(second.expose()) {
            *byte ^= second;
        }
        encrypt(&last)
    }
}

/// Doubling in GF(2¹²⁸) (NIST SP 800-38B §6.1).
pub(crate) fn double(block: &mut [u8; 16]) {
    let carry = block[0] >> 7;
    for i in 0..15 {
        block[i] = (block[i] << 1) | (block[i + 1] >> 7);
    }
    block[15] = (block[15] << 1) ^ (0x87 * carry);
}

#[cfg(test)]
mod tests {
    use aes::cipher::KeyInit;
    use aes::{Aes128, Aes192};

    use super::*;

    fn aes128(master: &Secret<16>, input: &DiversificationInput) -> Secret<16> {
        TwoBlocks::new(0x01, input).mac_with(&Aes128::new(master.expose().into())).unwrap()
    }

    fn aes192(master: &Secret<24>, input: &DiversificationInput) -> Secret<24> {
        let mac = |constant| TwoBlocks::new(constant, input).mac_with(&Aes192::new(master.expose().into())).unwrap();
        folded(&mac(0x11), &mac(0x12))
    }

    fn management(master: &Secret<24>, card: &[u8; 16], algorithm: ManagementAlgorithm) -> Secret<24> {
        algorithm.fitted(aes192(master, &algorithm.input(Id(*card))))
    }

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
    fn what_a_token_is_given_to_mac_is_the_same_message_and_nothing_where_it_could_not_be() {
        use cmac::{Cmac, Mac};
        let master: Secret<16> = Secret::from_slice(&[7; 16]).unwrap();
        for len in 1..=31 {
            let blocks = TwoBlocks::new(0x01, &DiversificationInput::new(&vec![9; len]).unwrap());
            let ours = blocks.mac_with(&Aes128::new(master.expose().into())).unwrap();
            let Some(message) = blocks.plain() else {
                assert!(len < 16, "{len}");
                continue;
            };
            let mut mac = <Cmac<Aes128> as cmac::KeyInit>::new(master.expose().into());
            mac.update(message);
            assert_eq!(ours.expose()[..], mac.finalize().into_bytes()[..], "{len}");
        }
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
