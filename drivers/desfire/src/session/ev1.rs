//! EV1 secure messaging: one IV runs through every CMAC and cryptogram of the session, both ways.

use zeroize::Zeroizing;

use crate::call::{Call, Guard, pad};
use crate::cipher::{Block, MacCipher};
use crate::crc::crc32;
use crate::session::{checked, empty, fits, summed};
use crate::{CommMode, DesfireError, KeyNo};

pub(crate) struct Ev1 {
    pub(crate) key_no: KeyNo,
    pub(crate) mac: MacCipher,
    pub(crate) iv: Block,
}

impl Ev1 {
    pub(crate) fn seal(&mut self, call: &Call) -> Zeroizing<Vec<u8>> {
        let marked = match call.guard {
            Guard::Write { mode: CommMode::Full } | Guard::Key { .. } => false,
            Guard::Parameters { marked } => marked,
            Guard::Bare
            | Guard::Managed
            | Guard::Read { .. }
            | Guard::Write { .. }
            | Guard::KeySet { .. }
            | Guard::ReaderId => {
                // Made for every command, since the card's IV moves on; sent only with what is to be protected.
                let mut out = Zeroizing::new(call.plain());
                self.iv = self.mac.cmac_from(&self.iv, &[&[call.ins], &out]);
                if matches!(call.guard, Guard::Write { mode: CommMode::Mac } | Guard::KeySet { .. }) {
                    out.extend_from_slice(&self.iv[..8]);
                }
                return out;
            }
        };
        let mut secret = Zeroizing::new(Vec::with_capacity(call.data.len() + 36));
        secret.extend_from_slice(&call.data);
        if !matches!(call.guard, Guard::Key { .. }) {
            secret.extend_from_slice(&crc32(&[&[call.ins], &call.header, &call.data]));
        }
        pad(&mut secret, self.mac.cipher.size(), marked);
        self.mac.cipher.cbc_encrypt(&mut self.iv, &mut secret);
        let mut out = Zeroizing::new(call.header.clone());
        out.extend_from_slice(&secret);
        out
    }

    pub(crate) fn open(
        &mut self,
        call: &Call,
        mut body: Zeroizing<Vec<u8>>,
    ) -> Result<Zeroizing<Vec<u8>>, DesfireError> {
        match call.guard {
            Guard::Key { own: true } => empty(call.op, body),
            Guard::KeySet { rolls: true } if body.is_empty() => Ok(body),
            Guard::Read { mode: CommMode::Full, length } => {
                fits(call.op, &body, length, 4, self.mac.cipher.size())?;
                self.mac.cipher.cbc_decrypt(&mut self.iv, &mut body);
                // Data and status, which is 00 where an answer is opened at all.
                summed(call.op, body, length, |data| crc32(&[data, &[0]]))
            }
            _ => {
                let (iv, mac) = (&mut self.iv, &self.mac);
                checked(call.op, body, |data| {
                    *iv = mac.cmac_from(iv, &[data, &[0]]);
                    let [a, b, c, d, e, f, g, h, ..] = *iv;
                    [a, b, c, d, e, f, g, h]
                })
            }
        }
    }
}
