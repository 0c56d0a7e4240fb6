//! The card's side of handshakes and messaging, as small as the tests need it: one session, one answer at a time.

use lanyard_apdu::{Command, Response, Status};

use super::key;
use crate::cipher::{BlockCipher, MacCipher};
use crate::crc::{crc16, crc32};
use crate::session::{D40, Ev1, Ev2, Session};
use crate::{Aid, Card, KeyNo, Link};

/// Where every key of these sessions comes from.
const ENC: u8 = 3;
const MAC: u8 = 7;
pub(super) const TI: [u8; 4] = [0xCA, 0xFE, 0x10, 0x32];
pub(super) const APPLICATION: Aid = Aid([1, 2, 3]);

pub(super) fn enc() -> BlockCipher {
    BlockCipher::aes(&key(ENC))
}

pub(super) fn mac() -> MacCipher {
    MacCipher::new(BlockCipher::aes(&key(MAC)))
}

pub(super) fn des() -> BlockCipher {
    BlockCipher::two_key(&key(ENC))
}

/// In an EV2 session, key 0, at this counter.
pub(super) fn ev2(counter: u16) -> Card {
    ev2_on(Link::wrapped(128), counter)
}

pub(super) fn ev2_on(link: Link, counter: u16) -> Card {
    let session = Ev2 { key_no: KeyNo::MASTER, enc: enc(), mac: mac(), transaction: TI, counter };
    Card::recorded(link, Session::Ev2(session), APPLICATION)
}

/// The ciphers of EV1 messaging.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cipher {
    Des,
    TwoKey,
    ThreeKey,
    Aes,
}

pub(super) const CIPHERS: [Cipher; 4] = [Cipher::Des, Cipher::TwoKey, Cipher::ThreeKey, Cipher::Aes];

impl Cipher {
    pub(super) fn mac(self) -> MacCipher {
        let (first, second) = (key(MAC), key(ENC));
        MacCipher::new(match self {
            Self::Des => BlockCipher::des(first.first_chunk().unwrap()),
            Self::TwoKey => BlockCipher::two_key(&first),
            Self::ThreeKey => BlockCipher::three_key([&first[..], &second[..8]].concat()[..].try_into().unwrap()),
            Self::Aes => BlockCipher::aes(&first),
        })
    }

    /// In an EV1 session, on the card level or in an application, with this key proved.
    pub(super) fn session(self, key_no: KeyNo, selected: Aid) -> Card {
        let mut iv = [0; 16];
        let size = self.mac().cipher.size();
        iv[..size].copy_from_slice(&key(1)[..size]);
        let session = Ev1 { key_no, mac: self.mac(), iv };
        Card::recorded(Link::wrapped(128), Session::Ev1(session), selected)
    }

    /// EV1: a MACed answer, from the IV that the command left behind.
    pub(super) fn maced(self, card: &Card, data: &[u8]) -> Vec<u8> {
        let full = self.mac().cmac_from(&card.left_behind(), &[data, &[0]]);
        [data, &full[..8]].concat()
    }

    /// EV1: an enciphered answer.
    pub(super) fn full(self, card: &Card, data: &[u8]) -> Vec<u8> {
        let cipher = self.mac().cipher;
        let mut plain = [data, &crc32(&[data, &[0]])].concat();
        plain.resize(plain.len().next_multiple_of(cipher.size()), 0);
        cipher.cbc_encrypt(&mut card.left_behind(), &mut plain);
        plain
    }

    /// EV1: what a card makes of a cryptogram that came after this IV.
    pub(super) fn received(self, mut iv: [u8; 16], cryptogram: &[u8]) -> Vec<u8> {
        let mut plain = cryptogram.to_vec();
        self.mac().cipher.cbc_decrypt(&mut iv, &mut plain);
        plain
    }
}

/// In an EV1 session, key 0, with AES.
pub(super) fn ev1() -> Card {
    Cipher::Aes.session(KeyNo::MASTER, APPLICATION)
}

/// In a D40 session, key 0.
pub(super) fn d40() -> Card {
    let session = D40 { key_no: KeyNo::MASTER, cipher: des() };
    Card::recorded(Link::wrapped(64), Session::D40(session), APPLICATION)
}

pub(super) fn des_single() -> BlockCipher {
    BlockCipher::des(key(ENC).first_chunk().unwrap())
}

/// In a D40 session with a single DES key, key 0.
pub(super) fn d40_single() -> Card {
    let session = D40 { key_no: KeyNo::MASTER, cipher: des_single() };
    Card::recorded(Link::wrapped(64), Session::D40(session), APPLICATION)
}

pub(super) fn ok(data: impl Into<Vec<u8>>) -> Response {
    Response::new(data, Status(0x9100))
}

pub(super) fn more(data: impl Into<Vec<u8>>) -> Response {
    Response::new(data, Status(0x91AF))
}

/// EV2: the MAC over `first`, the counter, TI and data.
pub(super) fn ev2_mac(first: u8, counter: u16, data: &[u8]) -> Vec<u8> {
    let full = mac().cmac(&[&[first], &counter.to_le_bytes(), &TI, data]);
    full.into_iter().skip(1).step_by(2).collect()
}

/// EV2: the IV for a command (`A55A`) or an answer (`5AA5`).
pub(super) fn ev2_iv(label: [u8; 2], counter: u16) -> [u8; 16] {
    let mut iv = [0; 16];
    iv[..2].copy_from_slice(&label);
    iv[2..6].copy_from_slice(&TI);
    iv[6..8].copy_from_slice(&counter.to_le_bytes());
    enc().encrypt(&mut iv);
    iv
}

/// EV2: what a card makes of enciphered parameters at `counter`, padding included.
pub(super) fn ev2_received(counter: u16, cryptogram: &[u8]) -> Vec<u8> {
    let mut plain = cryptogram.to_vec();
    enc().cbc_decrypt(&mut ev2_iv([0xA5, 0x5A], counter), &mut plain);
    plain
}

/// EV2: a MACed answer after a command at `counter`.
pub(super) fn ev2_maced(counter: u16, data: &[u8]) -> Vec<u8> {
    [data.to_vec(), ev2_mac(0, counter + 1, data)].concat()
}

/// EV2: an enciphered answer after a command at `counter`.
pub(super) fn ev2_full(counter: u16, data: &[u8]) -> Vec<u8> {
    let mut padded = [data, &[0x80]].concat();
    padded.resize(padded.len().next_multiple_of(16), 0);
    enc().cbc_encrypt(&mut ev2_iv([0x5A, 0xA5], counter + 1), &mut padded);
    ev2_maced(counter, &padded)
}

/// EV1 with AES: a MACed answer.
pub(super) fn ev1_maced(card: &Card, data: &[u8]) -> Vec<u8> {
    Cipher::Aes.maced(card, data)
}

/// EV1 with AES: an enciphered answer.
pub(super) fn ev1_full(card: &Card, data: &[u8]) -> Vec<u8> {
    Cipher::Aes.full(card, data)
}

/// D40: an enciphered answer.
pub(super) fn d40_full(data: &[u8]) -> Vec<u8> {
    d40_full_by(&des(), data)
}

pub(super) fn d40_full_by(cipher: &BlockCipher, data: &[u8]) -> Vec<u8> {
    let mut plain = [data, &crc16(&[data])].concat();
    plain.resize(plain.len().next_multiple_of(8), 0);
    cipher.cbc_encrypt(&mut [0; 16], &mut plain);
    plain
}

/// D40: what a card makes of what the host sent in "send mode": it enciphers.
pub(super) fn d40_received(cryptogram: &[u8]) -> Vec<u8> {
    let mut last = [0u8; 8];
    let mut out = Vec::new();
    for chunk in cryptogram.chunks(8) {
        let mut block = [0; 16];
        block[..8].copy_from_slice(chunk);
        des().encrypt(&mut block);
        out.extend(block[..8].iter().zip(last).map(|(a, b)| a ^ b));
        last.copy_from_slice(chunk);
    }
    out
}

/// The card's half of an AES handshake; RndB is `key(9)`.
pub(super) struct Prover {
    pub(super) key: BlockCipher,
    pub(super) b: [u8; 16],
}

impl Prover {
    pub(super) fn new(seed: u8) -> Self {
        Self { key: BlockCipher::aes(&key(seed)), b: key(9) }
    }

    /// E(RndB), IV 0.
    pub(super) fn challenge(&self) -> Vec<u8> {
        let mut out = self.b;
        self.key.cbc_encrypt(&mut [0; 16], &mut out);
        out.to_vec()
    }

    /// RndA out of an EV2 token; `None` if RndB in it is wrong.
    pub(super) fn token(&self, command: &Command) -> Option<[u8; 16]> {
        let mut token = command.data.clone();
        self.key.cbc_decrypt(&mut [0; 16], &mut token);
        let (a, b) = token.split_first_chunk::<16>()?;
        (b[15] == self.b[0] && b[..15] == self.b[1..]).then_some(*a)
    }

    /// E(TI ‖ RndA' ‖ capabilities) for First, E(RndA') for NonFirst.
    pub(super) fn proof(&self, mut a: [u8; 16], first: bool) -> Vec<u8> {
        a.rotate_left(1);
        let mut out = if first { [&TI[..], &a, &[0; 12]].concat() } else { a.to_vec() };
        self.key.cbc_encrypt(&mut [0; 16], &mut out);
        out
    }
}
