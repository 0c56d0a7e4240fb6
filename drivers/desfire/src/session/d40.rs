//! D40 secure messaging: four-byte MACs, CRC-16, and a host that only ever deciphers.

use zeroize::Zeroizing;

use crate::call::{Call, Guard, pad};
use crate::cipher::BlockCipher;
use crate::crc::crc16;
use crate::session::{checked, fits, summed};
use crate::{CommMode, DesfireError, KeyNo};

pub(crate) struct D40 {
    pub(crate) key_no: KeyNo,
    pub(crate) cipher: BlockCipher,
}

impl D40 {
    pub(crate) fn seal(&self, call: &Call) -> Zeroizing<Vec<u8>> {
        let marked = match call.guard {
            Guard::Bare
            | Guard::Managed
            | Guard::Read { .. }
            | Guard::Write { mode: CommMode::Plain }
            | Guard::KeySet { .. }
            | Guard::ReaderId => {
                return Zeroizing::new(call.plain());
            }
            Guard::Write { mode: CommMode::Mac } => {
                let mut out = Zeroizing::new(call.plain());
                out.extend_from_slice(&self.cipher.d40_mac(&call.data));
                return out;
            }
            Guard::Write { mode: CommMode::Full } | Guard::Key { .. } => false,
            Guard::Parameters { marked } => marked,
        };
        let mut secret = Zeroizing::new(Vec::with_capacity(call.data.len() + 16));
        secret.extend_from_slice(&call.data);
        if !matches!(call.guard, Guard::Key { .. }) {
            // Over the data alone: command and header are not protected.
            secret.extend_from_slice(&crc16(&[&call.data]));
        }
        pad(&mut secret, self.cipher.size(), marked);
        self.cipher.send(&mut secret);
        let mut out = Zeroizing::new(call.header.clone());
        out.extend_from_slice(&secret);
        out
    }

    pub(crate) fn open(&self, call: &Call, mut body: Zeroizing<Vec<u8>>) -> Result<Zeroizing<Vec<u8>>, DesfireError> {
        match call.guard {
            Guard::Read { mode: CommMode::Mac, .. } => checked(call.op, body, |data| self.cipher.d40_mac(data)),
            Guard::Read { mode: CommMode::Full, length } => {
                fits(call.op, &body, length, 2, self.cipher.size())?;
                self.cipher.cbc_decrypt(&mut [0; 16], &mut body);
                summed(call.op, body, length, |data| crc16(&[data]))
            }
            _ => Ok(body),
        }
    }
}
