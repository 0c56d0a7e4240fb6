//! The transaction: what waits for the commit, and the MAC over it that an application with such a file makes.
//!
//! Input, keys and value of the transaction MAC are those of the MIFARE DESFire Light data sheet (MF2DLHx0 §10.3). That
//! a card insists on CommitReaderID where a file names a key for it is not simulated.

use super::body::{Body, TransactionMac};
use super::cipher::{Cipher, pad_zero};
use super::files::Rights;
use super::image::{Model, units};
use super::session::{Carries, Mode, Session, ev2_mac};
use super::status::Sw;
use super::{Answer, DesfireCard, Next};

impl DesfireCard {
    pub(super) fn create_transaction_mac_file(&mut self, wire: &[u8]) -> Result<Next, Sw> {
        self.require_master()?;
        let data = self.open(0xCE, wire, Carries::Data { header: 5, len: 17, mode: Mode::Full })?;
        let [no, comm, low, high, kind, rest @ ..] = data.as_slice() else { return Err(Sw::LENGTH) };
        let (head, _) = self.new_file(&[*no, *comm, *low, *high], false)?;
        // The key is an AES key; there is no other kind.
        if *kind != 0x02 {
            return Err(Sw::PARAMETER);
        }
        if self.app()?.files.iter().any(|file| matches!(file.body, Body::TransactionMac(_))) {
            return Err(Sw::DUPLICATE);
        }
        let mut key = [0; 16];
        key.copy_from_slice(&rest[..16]);
        let file = TransactionMac { key, version: rest[16], counter: 0, mac: [0; 8], reader: [0; 16] };
        self.add_file(head, Body::TransactionMac(file), units(64))?;
        self.live.input.clear();
        Ok(Answer::managing([]))
    }

    /// A command on a file's data, in plain whatever its mode: parameters, padding, data, padding.
    pub(super) fn count_in(&mut self, parameters: &[u8], data: &[u8]) {
        let has_file = self.app().is_ok_and(|app| app.files.iter().any(|f| matches!(f.body, Body::TransactionMac(_))));
        if !has_file {
            return;
        }
        for part in [parameters, data] {
            self.live.input.extend_from_slice(part);
            pad_zero(&mut self.live.input, 16);
        }
    }

    pub(super) fn commit_transaction(&mut self, wire: &[u8]) -> Result<Next, Sw> {
        let data = self.parameters(0xC7, wire)?;
        let mac_file = self.app()?.files.iter().find(|file| matches!(file.body, Body::TransactionMac(_)));
        let mac_file = mac_file.map(|file| file.no);
        let wants_mac = match data.as_slice() {
            [] => false,
            [0x00] if self.image.model != Model::Ev1 => false,
            // Option 01 asks for a transaction MAC, which only an application with such a file has.
            [0x01] if self.image.model != Model::Ev1 && mac_file.is_some() => true,
            [0x01] if self.image.model != Model::Ev1 => return Err(Sw::PERMISSION_DENIED),
            [_] => return Err(Sw::PARAMETER),
            _ => return Err(Sw::LENGTH),
        };
        if self.live.uncommitted.is_empty() && self.live.input.is_empty() {
            return Err(Sw::NO_CHANGES);
        }
        let input = std::mem::take(&mut self.live.input);
        let reader = self.live.reader.take();
        let uid = self.image.uid;
        let mut answer = Vec::new();
        if let Some(no) = mac_file
            && let Body::TransactionMac(file) = &mut self.file_mut(no)?.body
        {
            file.counter = file.counter.checked_add(1).ok_or(Sw::PERMISSION_DENIED)?;
            file.mac = transaction_mac(&file.key, file.counter, uid, &input);
            file.reader = reader.unwrap_or(file.reader);
            if wants_mac {
                answer = file.content();
            }
        }
        for (no, change) in std::mem::take(&mut self.live.uncommitted) {
            self.file_mut(no)?.body = change.committed();
        }
        Ok(Answer::managing(answer))
    }

    pub(super) fn abort_transaction(&mut self, wire: &[u8]) -> Result<Next, Sw> {
        self.no_parameters(0xA7, wire)?;
        self.app()?;
        if self.live.uncommitted.is_empty() && self.live.input.is_empty() {
            return Err(Sw::NO_CHANGES);
        }
        self.live.uncommitted.clear();
        self.live.input.clear();
        self.live.reader = None;
        Ok(Answer::managing([]))
    }

    /// `C8`: which reader this transaction is made at. Answers which the last was, enciphered (one block, IV zero).
    pub(super) fn commit_reader_id(&mut self, wire: &[u8]) -> Result<Next, Sw> {
        let file = self.app()?.files.iter().find(|file| matches!(file.body, Body::TransactionMac(_)));
        let file = file.ok_or(Sw::PERMISSION_DENIED)?.clone();
        let Body::TransactionMac(held) = &file.body else { return Err(Sw::PERMISSION_DENIED) };
        self.access(&file.holders(&[Rights::read_write]), file.comm)?;
        let in_session = match self.live.session.as_ref().map(|who| &who.session) {
            Some(Session::Ev2 { .. }) => true,
            None => false,
            Some(_) => return Err(Sw::AUTHENTICATION),
        };
        let data = self.parameters(0xC8, wire)?;
        let reader: [u8; 16] = data.as_slice().try_into().map_err(|_| Sw::LENGTH)?;
        let mut before = if in_session { held.reader.to_vec() } else { Vec::new() };
        let counter = held.counter.saturating_add(1);
        Cipher::aes(session_key(&held.key, 0xA5, counter, self.image.uid)).cbc_encrypt(&mut [0; 16], &mut before);
        self.count_in(&[&[0xC8], &reader[..], &before].concat(), &[]);
        self.live.reader = Some(reader);
        Ok(Next::Done(Answer { data: before, whole_blocks: in_session, ..Answer::default() }))
    }
}

/// `counter` is that of the transaction which the commit ends.
pub(super) fn transaction_mac(key: &[u8; 16], counter: u32, uid: [u8; 7], input: &[u8]) -> [u8; 8] {
    ev2_mac(&Cipher::aes(session_key(key, 0x5A, counter, uid)), input)
}

/// `5A` for the MAC, `A5` for the reader's id.
pub(super) fn session_key(key: &[u8; 16], label: u8, counter: u32, uid: [u8; 7]) -> [u8; 16] {
    let vector = [&[label, 0x00, 0x01, 0x00, 0x80], &counter.to_le_bytes()[..], &uid[..]].concat();
    Cipher::aes(*key).cmac(&mut [0; 16], &vector)
}
