//! A host for these tests: what it takes to authenticate and to talk EV2. It borrows the card's ciphers, so it proves
//! what the card refuses and keeps, not that its messaging is right: that is for `vectors` and for libfreefare.

use super::super::DesfireCard;
use super::super::authenticate::ev2_session_keys;
use super::super::cipher::{Cipher, pad_iso, rotated, unpad_iso};
use super::super::session::{Mode, ev2_iv, ev2_mac};
use crate::ApduCard;

pub(super) const ZERO: [u8; 16] = [0; 16];
pub(super) const AID: [u8; 3] = [0x01, 0x02, 0xF5];

const RND_A: [u8; 16] = *b"a host's number!";

pub(super) struct Host {
    pub(super) card: DesfireCard,
    session: Option<Ev2>,
}

struct Ev2 {
    enc: Cipher,
    mac: Cipher,
    ti: [u8; 4],
    counter: u16,
}

impl Host {
    pub(super) fn new(card: DesfireCard) -> Self {
        Self { card, session: None }
    }

    /// A blank card whose master key is AES, all zero.
    pub(super) fn aes() -> Self {
        let card = DesfireCard::new([4, 1, 2, 3, 4, 5, 6], 1);
        Self::new(card.with_master_key(super::super::KeyKind::Aes, &[0], 0))
    }

    /// With one application of three AES keys, whose master key is authenticated.
    pub(super) fn in_app(settings: u8) -> Self {
        let mut host = Self::aes();
        let [a, b, c] = AID;
        assert_eq!(host.whole(0xCA, &[a, b, c, settings, 0x83]).0, 0x00);
        host.select(AID);
        host.ev2_first(0, &ZERO).unwrap();
        host
    }

    pub(super) fn select(&mut self, aid: [u8; 3]) {
        assert_eq!(self.frame(0x5A, &aid).0, 0x00);
        self.session = None;
    }

    /// One frame out, one in: status and data.
    pub(super) fn frame(&mut self, ins: u8, data: &[u8]) -> (u8, Vec<u8>) {
        let mut command = vec![0x90, ins, 0, 0];
        if !data.is_empty() {
            command.push(data.len() as u8);
            command.extend_from_slice(data);
        }
        command.push(0);
        let mut answer = self.card.transmit(&command);
        let status = answer.pop().unwrap();
        assert_eq!(answer.pop(), Some(0x91));
        (status, answer)
    }

    /// As many frames as it takes, both ways.
    pub(super) fn whole(&mut self, ins: u8, data: &[u8]) -> (u8, Vec<u8>) {
        let mut chunks = data.chunks(54);
        let (mut status, mut out) = self.frame(ins, chunks.next().unwrap_or_default());
        while status == 0xAF {
            let (next, more) = self.frame(0xAF, chunks.next().unwrap_or_default());
            status = next;
            out.extend_from_slice(&more);
        }
        (status, out)
    }

    pub(super) fn d40(&mut self, key_no: u8, key: &[u8]) -> Result<(), u8> {
        self.session = None;
        let key = Cipher::tdes(key);
        let (status, mut rnd_b) = self.frame(0x0A, &[key_no]);
        if status != 0xAF {
            return Err(status);
        }
        key.cbc_decrypt(&mut [0; 16], &mut rnd_b);
        let mut token = [&RND_A[..8], &rotated(&rnd_b)].concat();
        // Deciphering to send: each block is XORed with the one sent before, then deciphered.
        for i in 0..2 {
            if i == 1 {
                for j in 8..16 {
                    token[j] ^= token[j - 8];
                }
            }
            key.cbc_decrypt(&mut [0; 16], &mut token[8 * i..8 * i + 8]);
        }
        match self.frame(0xAF, &token) {
            (0x00, _) => Ok(()),
            (status, _) => Err(status),
        }
    }

    pub(super) fn aes_ev1(&mut self, key_no: u8, key: &[u8; 16]) -> Result<(), u8> {
        self.session = None;
        let key = Cipher::aes(*key);
        let (status, mut rnd_b) = self.frame(0xAA, &[key_no]);
        if status != 0xAF {
            return Err(status);
        }
        let mut iv = [0; 16];
        key.cbc_decrypt(&mut iv, &mut rnd_b);
        let mut token = [&RND_A[..], &rotated(&rnd_b)].concat();
        key.cbc_encrypt(&mut iv, &mut token);
        match self.frame(0xAF, &token) {
            (0x00, _) => Ok(()),
            (status, _) => Err(status),
        }
    }

    pub(super) fn ev2_first(&mut self, key_no: u8, key: &[u8; 16]) -> Result<(), u8> {
        self.ev2(0x71, &[key_no, 0], key)
    }

    pub(super) fn ev2_non_first(&mut self, key_no: u8, key: &[u8; 16]) -> Result<(), u8> {
        self.ev2(0x77, &[key_no], key)
    }

    fn ev2(&mut self, ins: u8, data: &[u8], key: &[u8; 16]) -> Result<(), u8> {
        let before = self.session.take();
        let key = Cipher::aes(*key);
        let (status, mut rnd_b) = self.frame(ins, data);
        if status != 0xAF {
            return Err(status);
        }
        key.cbc_decrypt(&mut [0; 16], &mut rnd_b);
        let mut token = [&RND_A[..], &rotated(&rnd_b)].concat();
        key.cbc_encrypt(&mut [0; 16], &mut token);
        let (status, mut answer) = self.frame(0xAF, &token);
        if status != 0x00 {
            return Err(status);
        }
        key.cbc_decrypt(&mut [0; 16], &mut answer);
        let (ti, counter, proof) = match &before {
            Some(before) if ins == 0x77 => (before.ti, before.counter, &answer[..]),
            _ => (answer[..4].try_into().unwrap(), 0, &answer[4..20]),
        };
        assert_eq!(proof, rotated(&RND_A));
        let [enc, mac] = ev2_session_keys(&key, &RND_A, &rnd_b);
        self.session = Some(Ev2 { enc, mac, ti, counter });
        Ok(())
    }

    /// A command under EV2 messaging, its data sealed and its answer's data opened as `mode` says.
    pub(super) fn send(&mut self, ins: u8, header: &[u8], data: &[u8], mode: Mode) -> Result<Vec<u8>, u8> {
        let wire = self.sealed(ins, header, data, mode);
        match self.whole(ins, &wire) {
            (0x00, answer) => Ok(self.opened(answer, mode)),
            (status, answer) => {
                assert!(answer.is_empty(), "a refusal carries nothing");
                self.session = None;
                Err(status)
            }
        }
    }

    /// A command that manages the card: with a MAC.
    pub(super) fn manage(&mut self, ins: u8, header: &[u8]) -> Result<Vec<u8>, u8> {
        self.send(ins, header, &[], Mode::Mac)
    }

    /// As [`Host::manage`], of an answer that is enciphered in whole blocks without padding.
    pub(super) fn blocks(&mut self, ins: u8, header: &[u8]) -> Vec<u8> {
        let mut data = self.manage(ins, header).unwrap();
        let session = self.session.as_ref().unwrap();
        let mut iv = ev2_iv(&session.enc, [0x5A, 0xA5], session.ti, session.counter);
        session.enc.cbc_decrypt(&mut iv, &mut data);
        data
    }

    pub(super) fn sealed(&mut self, ins: u8, header: &[u8], data: &[u8], mode: Mode) -> Vec<u8> {
        let session = self.session.as_ref().unwrap();
        let mut body = data.to_vec();
        if mode == Mode::Full && !body.is_empty() {
            pad_iso(&mut body, 16);
            let mut iv = ev2_iv(&session.enc, [0xA5, 0x5A], session.ti, session.counter);
            session.enc.cbc_encrypt(&mut iv, &mut body);
        }
        let mut wire = [header, &body].concat();
        if mode != Mode::Plain {
            let message = [&[ins], &session.counter.to_le_bytes()[..], &session.ti, &wire].concat();
            wire.extend_from_slice(&ev2_mac(&session.mac, &message));
        }
        wire
    }

    fn opened(&mut self, mut answer: Vec<u8>, mode: Mode) -> Vec<u8> {
        let session = self.session.as_mut().unwrap();
        session.counter += 1;
        if mode == Mode::Plain || answer.is_empty() {
            return answer;
        }
        let sent = answer.split_off(answer.len() - 8);
        let message = [&[0x00], &session.counter.to_le_bytes()[..], &session.ti, &answer].concat();
        assert_eq!(ev2_mac(&session.mac, &message), sent[..], "the answer's MAC");
        if mode == Mode::Full && !answer.is_empty() {
            let mut iv = ev2_iv(&session.enc, [0x5A, 0xA5], session.ti, session.counter);
            session.enc.cbc_decrypt(&mut iv, &mut answer);
            unpad_iso(&mut answer).unwrap();
        }
        answer
    }
}
