//! Files: create, delete, list, and what each may be told to do.

use super::body::Body;
use super::data::{three_bytes, written};
use super::image::{File, Model, units};
use super::session::{Carries, Mode, wire_len};
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

/// What a new file is, apart from its content.
pub(super) struct Head {
    no: u8,
    iso_fid: Option<[u8; 2]>,
    comm: u8,
    rights: u16,
}

impl DesfireCard {
    pub(super) fn create_data_file(&mut self, ins: u8, wire: &[u8]) -> Result<Next, Sw> {
        let data = self.parameters(ins, wire)?;
        let (head, rest) = self.new_file(&data, true)?;
        let [s0, s1, s2] = rest else { return Err(Sw::LENGTH) };
        let size = usize::from(*s0) | usize::from(*s1) << 8 | usize::from(*s2) << 16;
        if size == 0 {
            return Err(Sw::PARAMETER);
        }
        let copies = if ins == 0xCB { 2 } else { 1 };
        self.room(units(32).saturating_add(units(size).saturating_mul(copies)))?;
        let blank = vec![0; size];
        let body = if ins == 0xCB { Body::Backup(blank) } else { Body::Standard(blank) };
        self.add_file(head, body, units(size).saturating_mul(copies))?;
        Ok(Answer::managing([]))
    }

    /// What all files are created with: number, ISO file id where the application has them and this kind of file can
    /// have one, communication settings, rights. What is left is the kind's own.
    pub(super) fn new_file<'a>(&self, data: &'a [u8], can_have_iso_fid: bool) -> Result<(Head, &'a [u8]), Sw> {
        let app = self.app()?;
        let (no, iso_fid, rest) = match (data, app.has_iso_fids() && can_have_iso_fid) {
            ([no, rest @ ..], false) => (*no, None, rest),
            ([no, low, high, rest @ ..], true) => (*no, Some([*low, *high]), rest),
            _ => return Err(Sw::LENGTH),
        };
        let [comm, low, high, rest @ ..] = rest else { return Err(Sw::LENGTH) };
        self.require_master_unless(picc::FREE_CREATE)?;
        let rights = u16::from_le_bytes([*low, *high]);
        let comm_only = if self.image.model == Model::Ev1 { *comm } else { *comm & 0x7F };
        if no >= FILES || !sound_settings(comm_only, rights, app.keys.len()) {
            return Err(Sw::PARAMETER);
        }
        if app.files.iter().any(|file| file.no == no || (iso_fid.is_some() && file.iso_fid == iso_fid)) {
            return Err(Sw::DUPLICATE);
        }
        Ok((Head { no, iso_fid, comm: *comm, rights }, rest))
    }

    /// `cost`: of what the file holds, in bytes.
    pub(super) fn add_file(&mut self, head: Head, body: Body, cost: u32) -> Result<(), Sw> {
        self.take(units(32).saturating_add(cost))?;
        let Head { no, iso_fid, comm, rights } = head;
        // Bit 7: further sets of rights may come.
        let further = (comm & 0x80 != 0).then(Vec::new);
        let app = self.app_mut()?;
        app.files.push(File { no, iso_fid, comm: comm & 0x7F, rights, further, body });
        app.files.sort_by_key(|file| file.no);
        Ok(())
    }

    /// Memory for the selected application: the card's, or what is set aside for a delegated one.
    fn take(&mut self, cost: u32) -> Result<(), Sw> {
        self.room(cost)?;
        let slot = self.app()?.slot;
        match self.image.slots.iter_mut().find(|s| Some(s.number) == slot) {
            Some(slot) => slot.left -= cost,
            None => self.image.take(cost)?,
        }
        Ok(())
    }

    fn room(&self, cost: u32) -> Result<(), Sw> {
        let slot = self.app()?.slot;
        let left = self.image.slots.iter().find(|s| Some(s.number) == slot).map_or(self.image.free(), |slot| slot.left);
        if cost <= left { Ok(()) } else { Err(Sw::OUT_OF_MEMORY) }
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
        let further = file.further.as_deref().unwrap_or_default();
        let more = u8::from(!further.is_empty()) << 7;
        let mut out = vec![file.body.kind(), file.comm | more];
        out.extend_from_slice(&file.rights.to_le_bytes());
        match &file.body {
            Body::Standard(data) | Body::Backup(data) => out.extend_from_slice(&three_bytes(data.len())),
            Body::Value(value) => {
                // The limit that stands here is the one LimitedCredit has left.
                for part in [value.lower, value.upper, value.limit] {
                    out.extend_from_slice(&part.to_le_bytes());
                }
                out.push(value.flags);
            }
            Body::Record(records) => {
                for part in [records.size, records.most, records.count()] {
                    out.extend_from_slice(&three_bytes(part));
                }
            }
            Body::TransactionMac(file) => out.extend_from_slice(&[0x02, file.version]),
        }
        if !further.is_empty() {
            out.push(further.len() as u8);
            out.extend(further.iter().flat_map(|rights| rights.to_le_bytes()));
        }
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
        let may_have_more = app.file(no)?.further.is_some();
        let data = self.settings_in(wire, mode)?;
        let [_, comm, low, high, more @ ..] = data.as_slice() else { return Err(Sw::LENGTH) };
        let rights = u16::from_le_bytes([*low, *high]);
        let further = match more {
            [] if comm & 0x80 == 0 => Vec::new(),
            [n, sets @ ..] if comm & 0x80 != 0 && may_have_more && *n <= 7 && sets.len() == 2 * usize::from(*n) => {
                sets.chunks_exact(2).map(|set| u16::from_le_bytes([set[0], set[1]])).collect()
            }
            _ => return Err(Sw::PARAMETER),
        };
        if !further.iter().chain([&rights]).all(|rights| sound_settings(comm & 0x7F, *rights, count)) {
            return Err(Sw::PARAMETER);
        }
        let file = self.file_mut(no)?;
        file.comm = comm & 0x7F;
        file.rights = rights;
        if let Some(sets) = &mut file.further {
            *sets = further;
        }
        Ok(written(mode))
    }

    /// Settings of a file with as many further sets of rights as there are: the command does not say how long it is.
    fn settings_in(&mut self, wire: &[u8], mode: Mode) -> Result<Vec<u8>, Sw> {
        let Some(who) = &self.live.session else { return Ok(wire.to_vec()) };
        let before = who.session.clone();
        let mut refused = Sw::LENGTH;
        for len in [3].into_iter().chain((4..=18).step_by(2)) {
            if wire.len() != wire_len(Some(&before), 1, len, mode) {
                continue;
            }
            match self.open(0x5F, wire, Carries::Data { header: 1, len, mode }) {
                Ok(data) => return Ok(data),
                Err(status) => refused = status,
            }
            if let Some(who) = &mut self.live.session {
                who.session = before.clone();
            }
        }
        Err(refused)
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
