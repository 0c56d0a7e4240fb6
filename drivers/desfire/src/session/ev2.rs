//! EV2 secure messaging: command counter and transaction identifier under every MAC and in every IV.

use zeroize::Zeroizing;

use crate::call::{Call, Guard, pad};
use crate::cipher::{Block, BlockCipher, MacCipher};
use crate::session::{checked, empty};
use crate::{CommMode, DesfireError, KeyNo};

pub(crate) struct Ev2 {
    pub(crate) key_no: KeyNo,
    /// SesAuthENC.
    pub(crate) enc: BlockCipher,
    /// SesAuthMAC.
    pub(crate) mac: MacCipher,
    /// TI.
    pub(crate) transaction: [u8; 4],
    /// CmdCtr: counts every command of the transaction, plain ones too.
    pub(crate) counter: u16,
}

impl Ev2 {
    /// SesAuthENC and SesAuthMAC from the authenticated key and both random numbers (AN12343, vectors SV1 and SV2).
    pub(crate) fn keys(key: &MacCipher, a: &[u8; 16], b: &[u8; 16]) -> (BlockCipher, MacCipher) {
        let mut vector = Zeroizing::new([0; 32]);
        vector[2..6].copy_from_slice(&[0x00, 0x01, 0x00, 0x80]);
        vector[6..8].copy_from_slice(&a[..2]);
        for i in 0..6 {
            vector[8 + i] = a[2 + i] ^ b[i];
        }
        vector[14..24].copy_from_slice(&b[6..]);
        vector[24..].copy_from_slice(&a[8..]);
        vector[..2].copy_from_slice(&[0xA5, 0x5A]);
        let enc = Zeroizing::new(key.cmac(&[&*vector]));
        vector[..2].copy_from_slice(&[0x5A, 0xA5]);
        let mac = Zeroizing::new(key.cmac(&[&*vector]));
        (BlockCipher::aes(&enc), MacCipher::new(BlockCipher::aes(&mac)))
    }

    pub(crate) fn seal(&mut self, call: &Call) -> Result<Zeroizing<Vec<u8>>, DesfireError> {
        if self.counter == u16::MAX {
            // The counter must not come round within one transaction: a new authentication starts it anew.
            return Err(DesfireError::SessionMissing { op: call.op });
        }
        let mut out = match call.guard {
            Guard::Bare | Guard::Read { mode: CommMode::Plain, .. } | Guard::Write { mode: CommMode::Plain } => {
                return Ok(Zeroizing::new(call.plain()));
            }
            Guard::Managed
            | Guard::Read { .. }
            | Guard::Write { mode: CommMode::Mac }
            | Guard::KeySet { .. }
            | Guard::ReaderId => Zeroizing::new(call.plain()),
            Guard::Write { mode: CommMode::Full } | Guard::Parameters { .. } | Guard::Key { .. } => {
                let mut secret = Zeroizing::new(Vec::with_capacity(call.data.len() + 16));
                secret.extend_from_slice(&call.data);
                pad(&mut secret, 16, true);
                self.enc.cbc_encrypt(&mut self.iv([0xA5, 0x5A]), &mut secret);
                let mut out = Zeroizing::new(Vec::with_capacity(call.header.len() + secret.len() + 8));
                out.extend_from_slice(&call.header);
                out.extend_from_slice(&secret);
                out
            }
        };
        let mac = self.mac_of(call.ins, &out);
        out.extend_from_slice(&mac);
        Ok(out)
    }

    pub(crate) fn open(&mut self, call: &Call, body: Zeroizing<Vec<u8>>) -> Result<Zeroizing<Vec<u8>>, DesfireError> {
        self.counter = self.counter.saturating_add(1);
        match call.guard {
            Guard::Bare | Guard::Read { mode: CommMode::Plain, .. } | Guard::Write { mode: CommMode::Plain } => {
                return Ok(body);
            }
            // AN12343 (ChangeKey, case 2): the key that would make the MAC is no longer the card's.
            Guard::Key { own: true } => return empty(call.op, body),
            // No public source says whether the old session's MAC still comes: none is taken, a wrong one is not.
            Guard::KeySet { rolls: true } if body.is_empty() => return Ok(body),
            _ => {}
        }
        let mut data = checked(call.op, body, |data| self.mac_of(0, data))?;
        let padded = match call.guard {
            Guard::Read { mode: CommMode::Full, .. } => true,
            Guard::ReaderId => false,
            _ => return Ok(data),
        };
        if data.is_empty() || data.len() % 16 != 0 {
            return Err(DesfireError::AnswerLength { op: call.op, len: data.len() });
        }
        self.enc.cbc_decrypt(&mut self.iv([0x5A, 0xA5]), &mut data);
        if padded {
            match data.iter().rposition(|byte| *byte != 0) {
                Some(end) if data[end] == 0x80 && data.len() - end <= 16 => data.truncate(end),
                _ => return Err(DesfireError::AnswerCrc { op: call.op }),
            }
        }
        Ok(data)
    }

    /// The MAC as sent: the bytes of odd index of CMAC(first ‖ CmdCtr ‖ TI ‖ data), where `first` is the instruction or
    /// the answer's status.
    fn mac_of(&self, first: u8, data: &[u8]) -> [u8; 8] {
        let full = self.mac.cmac(&[&[first], &self.counter.to_le_bytes(), &self.transaction, data]);
        std::array::from_fn(|i| full[2 * i + 1])
    }

    fn iv(&self, label: [u8; 2]) -> Block {
        let mut iv = [0; 16];
        iv[..2].copy_from_slice(&label);
        iv[2..6].copy_from_slice(&self.transaction);
        iv[6..8].copy_from_slice(&self.counter.to_le_bytes());
        self.enc.encrypt(&mut iv);
        iv
    }
}
