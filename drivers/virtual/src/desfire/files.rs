//! Files: create, delete, list, settings, and the transaction that backup files wait for.

use super::image::{Body, File, Model, units};
use super::session::{Carries, Mode};
use super::status::Sw;
use super::{Answer, DesfireCard, Next, picc};

/// Access right: anybody.
pub(super) const FREE: u8 = 0xE;
/// Access right: nobody.
pub(super) const NEVER: u8 = 0xF;

/// The most files in an application.
const FILES: u8 = 32;

/// The four rights, in the order of the 16-bit value's nibbles.
#[derive(Clone, Copy)]
pub(super) struct Rights(pub(super) u16);

impl Rights {
    pub(super) fn read(self) -> u8 {
        (self.0 >> 12 & 0xF) as u8
    }

    pub(super) fn write(self) -> u8 {
        (self.0 >> 8 & 0xF) as u8
    }

    pub(super) fn read_write(self) -> u8 {
        (self.0 >> 4 & 0xF) as u8
    }

    pub(super) fn change(self) -> u8 {
        (self.0 & 0xF) as u8
    }
}

impl DesfireCard {
    pub(super) fn create_data_file(&mut self, ins: u8, wire: &[u8]) -> Result<Next, Sw> {
        let data = self.parameters(ins, wire)?;
        let app = self.app()?;
        let (no, iso_fid, rest) = match (data.as_slice(), app.has_iso_fids()) {
            ([no, rest @ ..], false) => (*no, None, rest),
            ([no, low, high, rest @ ..], true) => (*no, Some([*low, *high]), rest),
            _ => return Err(Sw::LENGTH),
        };
        let [comm, low, high, s0, s1, s2] = rest else { return Err(Sw::LENGTH) };
        self.require_master_unless(picc::FREE_CREATE)?;
        let rights = u16::from_le_bytes([*low, *high]);
        let size = u32::from_le_bytes([*s0, *s1, *s2, 0]);
        if no >= FILES || size == 0 || !sound_settings(*comm, rights, app.keys.len()) {
            return Err(Sw::PARAMETER);
        }
        if app.files.iter().any(|file| file.no == no || (iso_fid.is_some() && file.iso_fid == iso_fid)) {
            return Err(Sw::DUPLICATE);
        }
        let copies = if ins == 0xCB { 2 } else { 1 };
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        let cost = units(32).saturating_add(units(size).saturating_mul(copies));
        self.image.take(cost)?;
        let blank = vec![0; size];
        let body = if ins == 0xCB { Body::Backup(blank) } else { Body::Standard(blank) };
        let app = self.app_mut()?;
        app.files.push(File { no, iso_fid, comm: *comm, rights, body });
        app.files.sort_by_key(|file| file.no);
        Ok(Answer::managing([]))
    }

    pub(super) fn delete_file(&mut self, wire: &[u8]) -> Result<Next, Sw> {
        let data = self.parameters(0xDF, wire)?;
        let [no] = data.as_slice() else { return Err(Sw::LENGTH) };
        self.require_master_unless_in_app(picc::FREE_CREATE)?;
        self.app()?.file(*no)?;
        self.live.uncommitted.remove(no);
        self.app_mut()?.files.retain(|file| file.no != *no);
        Ok(Answer::managing([]))
    }

    pub(super) fn get_file_ids(&mut self, wire: &[u8]) -> Result<Next, Sw> {
        self.no_parameters(0x6F, wire)?;
        self.require_master_unless_in_app(picc::FREE_LIST)?;
        let ids: Vec<u8> = self.app()?.files.iter().map(|file| file.no).collect();
        Ok(Answer::managing(ids))
    }

    pub(super) fn get_iso_file_ids(&mut self, wire: &[u8]) -> Result<Next, Sw> {
        self.no_parameters(0x61, wire)?;
        self.require_master_unless_in_app(picc::FREE_LIST)?;
        let ids: Vec<u8> = self.app()?.files.iter().filter_map(|file| file.iso_fid).flatten().collect();
        Ok(Answer::managing(ids))
    }

    pub(super) fn get_file_settings(&mut self, wire: &[u8]) -> Result<Next, Sw> {
        let data = self.parameters(0xF5, wire)?;
        let [no] = data.as_slice() else { return Err(Sw::LENGTH) };
        self.require_master_unless_in_app(picc::FREE_LIST)?;
        let file = self.app()?.file(*no)?;
        let (kind, size) = match &file.body {
            Body::Standard(data) => (0x00, data.len()),
            Body::Backup(data) => (0x01, data.len()),
        };
        let mut out = vec![kind, file.comm];
        out.extend_from_slice(&file.rights.to_le_bytes());
        out.extend_from_slice(&size.to_le_bytes()[..3]);
        Ok(Answer::managing(out))
    }

    pub(super) fn change_file_settings(&mut self, wire: &[u8]) -> Result<Next, Sw> {
        let no = *wire.first().ok_or(Sw::LENGTH)?;
        let app = self.app()?;
        let count = app.keys.len();
        // Whoever may change because anybody may, does so in plain.
        let mode = match Rights(app.file(no)?.rights).change() {
            NEVER => return Err(Sw::PERMISSION_DENIED),
            FREE => Mode::Plain,
            key if self.key_no() == Some(key) => Mode::Full,
            _ => return Err(Sw::AUTHENTICATION),
        };
        let data = self.open(0x5F, wire, Carries::Data { header: 1, len: 3, mode })?;
        let [_, comm, low, high] = data.as_slice() else { return Err(Sw::LENGTH) };
        let rights = u16::from_le_bytes([*low, *high]);
        if !sound_settings(*comm, rights, count) {
            return Err(Sw::PARAMETER);
        }
        if let Some(file) = self.app_mut()?.files.iter_mut().find(|file| file.no == no) {
            file.comm = *comm;
            file.rights = rights;
        }
        let answer_mode = if mode == Mode::Plain { Some(Mode::Plain) } else { None };
        Ok(Next::Done(Answer { mode: answer_mode, ..Answer::default() }))
    }

    pub(super) fn commit_transaction(&mut self, wire: &[u8]) -> Result<Next, Sw> {
        let data = self.parameters(0xC7, wire)?;
        self.app()?;
        match data.as_slice() {
            [] => {}
            [0x00] if self.image.model != Model::Ev1 => {}
            // Option 01 asks for a transaction MAC, which only an application with such a file has.
            [0x01] if self.image.model != Model::Ev1 => return Err(Sw::PERMISSION_DENIED),
            [_] => return Err(Sw::PARAMETER),
            _ => return Err(Sw::LENGTH),
        }
        if self.live.uncommitted.is_empty() {
            return Err(Sw::NO_CHANGES);
        }
        let written = std::mem::take(&mut self.live.uncommitted);
        for file in &mut self.app_mut()?.files {
            if let (Body::Backup(data), Some(new)) = (&mut file.body, written.get(&file.no)) {
                data.clone_from(new);
            }
        }
        Ok(Answer::managing([]))
    }

    pub(super) fn abort_transaction(&mut self, wire: &[u8]) -> Result<Next, Sw> {
        self.no_parameters(0xA7, wire)?;
        self.app()?;
        if self.live.uncommitted.is_empty() {
            return Err(Sw::NO_CHANGES);
        }
        self.live.uncommitted.clear();
        Ok(Answer::managing([]))
    }

    fn require_master_unless_in_app(&self, free: u8) -> Result<(), Sw> {
        self.app()?;
        self.require_master_unless(free)
    }
}

/// Communication settings that exist, and rights that name keys which the application has.
fn sound_settings(comm: u8, rights: u16, keys: usize) -> bool {
    let nibbles = Rights(rights);
    let known = |right: u8| right >= FREE || usize::from(right) < keys;
    comm <= 3 && [nibbles.read(), nibbles.write(), nibbles.read_write(), nibbles.change()].into_iter().all(known)
}
