//! The handshakes: three messages in which host and card prove to each other that they know a key.

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::cipher::{Block, BlockCipher, MacCipher};
use crate::keys::{Length, Nonce};
use crate::session::{D40, Ev1, Ev2, Session};
use crate::{DesKey, DesfireError, KeyNo};

/// Which handshake, with what the session carries on.
#[derive(Clone, Copy)]
enum Mode {
    D40,
    Iso,
    Aes,
    Ev2First,
    Ev2NonFirst { transaction: [u8; 4], counter: u16 },
}

pub(crate) struct Handshake {
    mode: Mode,
    key_no: KeyNo,
    key: MacCipher,
    /// How much of a DES session key is made.
    length: Length,
    a: Nonce,
    b: Zeroizing<Block>,
    iv: Block,
}

const OP: &str = "authenticate";

impl Handshake {
    pub(crate) fn d40(key_no: KeyNo, key: &DesKey, a: Nonce) -> Result<Self, DesfireError> {
        if let DesKey::Triple(_) = key {
            return Err(DesfireError::Invalid { what: "a three-key DES key in D40 authentication" });
        }
        Ok(Self::with_des(Mode::D40, key_no, key, a))
    }

    pub(crate) fn iso(key_no: KeyNo, key: &DesKey, a: Nonce) -> Self {
        Self::with_des(Mode::Iso, key_no, key, a)
    }

    pub(crate) fn aes(key_no: KeyNo, key: &[u8; 16], a: Nonce) -> Self {
        Self::new(Mode::Aes, key_no, BlockCipher::aes(key), Length::Double, a)
    }

    pub(crate) fn ev2_first(key_no: KeyNo, key: &[u8; 16], a: Nonce) -> Self {
        Self::new(Mode::Ev2First, key_no, BlockCipher::aes(key), Length::Double, a)
    }

    pub(crate) fn ev2_non_first(key_no: KeyNo, key: &[u8; 16], a: Nonce, before: &Ev2) -> Self {
        let mode = Mode::Ev2NonFirst { transaction: before.transaction, counter: before.counter };
        Self::new(mode, key_no, BlockCipher::aes(key), Length::Double, a)
    }

    fn with_des(mode: Mode, key_no: KeyNo, key: &DesKey, a: Nonce) -> Self {
        let (cipher, length) = key.cipher();
        Self::new(mode, key_no, cipher, length, a)
    }

    fn new(mode: Mode, key_no: KeyNo, cipher: BlockCipher, length: Length, a: Nonce) -> Self {
        let key = MacCipher::new(cipher);
        Self { mode, key_no, key, length, a, b: Zeroizing::new([0; 16]), iv: [0; 16] }
    }

    pub(crate) fn key_no(&self) -> u8 {
        self.key_no.get()
    }

    /// Instruction and payload of the first message.
    pub(crate) fn first(&self) -> (u8, Vec<u8>) {
        let key = self.key_no.get();
        match self.mode {
            Mode::D40 => (0x0A, vec![key]),
            Mode::Iso => (0x1A, vec![key]),
            Mode::Aes => (0xAA, vec![key]),
            // No capabilities of the host's own (LenCap 0).
            Mode::Ev2First => (0x71, vec![key, 0]),
            Mode::Ev2NonFirst { .. } => (0x77, vec![key]),
        }
    }

    /// Takes E(RndB), makes the second message: RndA ‖ RndB turned by one byte.
    pub(crate) fn second(&mut self, answer: &[u8]) -> Result<Zeroizing<Vec<u8>>, DesfireError> {
        let n = self.nonce_len();
        if answer.len() != n {
            return Err(DesfireError::AnswerLength { op: OP, len: answer.len() });
        }
        self.b[..n].copy_from_slice(answer);
        self.decipher_into_b(n);
        let mut token = Zeroizing::new(Vec::with_capacity(2 * n));
        token.extend_from_slice(&self.a.expose()[..n]);
        token.extend_from_slice(&self.b[1..n]);
        token.push(self.b[0]);
        match self.mode {
            Mode::D40 => self.key.cipher.send(&mut token),
            Mode::Iso | Mode::Aes => self.key.cipher.cbc_encrypt(&mut self.iv, &mut token),
            Mode::Ev2First | Mode::Ev2NonFirst { .. } => self.key.cipher.cbc_encrypt(&mut [0; 16], &mut token),
        }
        Ok(token)
    }

    /// Takes the card's proof, makes the session.
    pub(crate) fn third(mut self, answer: &[u8]) -> Result<Session, DesfireError> {
        let n = self.nonce_len();
        let expected = if let Mode::Ev2First = self.mode { 32 } else { n };
        if answer.len() != expected {
            return Err(DesfireError::AnswerLength { op: OP, len: answer.len() });
        }
        let mut proof = Zeroizing::new(answer.to_vec());
        match self.mode {
            Mode::D40 | Mode::Ev2First | Mode::Ev2NonFirst { .. } => {
                self.key.cipher.cbc_decrypt(&mut [0; 16], &mut proof);
            }
            Mode::Iso | Mode::Aes => self.key.cipher.cbc_decrypt(&mut self.iv, &mut proof),
        }
        // First: TI(4) ‖ RndA'(16) ‖ PDcap2(6) ‖ PCDcap2(6).
        let (transaction, turned) = match (self.mode, proof.split_first_chunk::<4>()) {
            (Mode::Ev2First, Some((transaction, rest))) => (*transaction, &rest[..n]),
            _ => ([0; 4], &proof[..n]),
        };
        let a = self.a.expose();
        let mut own = Zeroizing::new([0; 16]);
        own[..n - 1].copy_from_slice(&a[1..n]);
        own[n - 1] = a[0];
        if !bool::from(own[..n].ct_eq(turned)) {
            return Err(DesfireError::AuthUnproved { key_no: self.key_no.get() });
        }
        let (key_no, b) = (self.key_no, &self.b);
        Ok(match self.mode {
            Mode::D40 => Session::D40(D40 { key_no, cipher: self.des_session_key() }),
            Mode::Iso => Session::Ev1(Ev1 { key_no, mac: MacCipher::new(self.des_session_key()), iv: [0; 16] }),
            Mode::Aes => {
                let mut key = Zeroizing::new([0; 16]);
                key[..4].copy_from_slice(&a[..4]);
                key[4..8].copy_from_slice(&b[..4]);
                key[8..12].copy_from_slice(&a[12..]);
                key[12..].copy_from_slice(&b[12..]);
                Session::Ev1(Ev1 { key_no, mac: MacCipher::new(BlockCipher::aes(&key)), iv: [0; 16] })
            }
            Mode::Ev2First => {
                let (enc, mac) = Ev2::keys(&self.key, a, b);
                Session::Ev2(Ev2 { key_no, enc, mac, transaction, counter: 0 })
            }
            Mode::Ev2NonFirst { transaction, counter } => {
                let (enc, mac) = Ev2::keys(&self.key, a, b);
                Session::Ev2(Ev2 { key_no, enc, mac, transaction, counter })
            }
        })
    }

    fn nonce_len(&self) -> usize {
        match self.mode {
            Mode::Iso if self.length == Length::Triple => 16,
            Mode::D40 | Mode::Iso => 8,
            Mode::Aes | Mode::Ev2First | Mode::Ev2NonFirst { .. } => 16,
        }
    }

    fn decipher_into_b(&mut self, n: usize) {
        let Self { key, b, iv, .. } = self;
        // D40 and EV2 start each message from a zero IV; for the others the IV runs on into the token.
        key.cipher.cbc_decrypt(iv, &mut b[..n]);
    }

    fn des_session_key(&self) -> BlockCipher {
        // Four bytes of RndA and four of RndB, from each of these places.
        let fill = |key: &mut [u8], places: &[usize]| {
            for (eight, &from) in key.chunks_exact_mut(8).zip(places) {
                eight[..4].copy_from_slice(&self.a.expose()[from..from + 4]);
                eight[4..].copy_from_slice(&self.b[from..from + 4]);
            }
        };
        match self.length {
            Length::Single => {
                let mut key = Zeroizing::new([0; 8]);
                fill(&mut *key, &[0]);
                BlockCipher::des(&key)
            }
            Length::Double => {
                let mut key = Zeroizing::new([0; 16]);
                fill(&mut *key, &[0, 4]);
                BlockCipher::two_key(&key)
            }
            Length::Triple => {
                let mut key = Zeroizing::new([0; 24]);
                fill(&mut *key, &[0, 6, 12]);
                BlockCipher::three_key(&key)
            }
        }
    }
}
