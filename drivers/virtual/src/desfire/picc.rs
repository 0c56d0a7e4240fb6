//! Commands at the card level: version, UID, applications, memory, format, configuration.

use super::image::{App, DefaultKey, Key, KeyKind, Memory, Model};
use super::keysets::KeySets;
use super::session::{Carries, Mode, Session};
use super::status::Sw;
use super::{Answer, DesfireCard, Next, delegated};

/// KeySett1: lists are free.
pub(super) const FREE_LIST: u8 = 0x02;
/// KeySett1: creating is free (and, within an application, deleting files).
pub(super) const FREE_CREATE: u8 = 0x04;

/// The most applications that EV1 holds; later chips are limited by memory alone.
const EV1_APPLICATIONS: usize = 28;

/// Batch number, week and year of production, in BCD as they stand in GetVersion: those of a real EV3.
const PRODUCTION: [u8; 7] = [0x21, 0x13, 0x62, 0x30, 0x30, 0x40, 0x24];

impl DesfireCard {
    pub(super) fn select_application(&mut self, data: &[u8]) -> Result<Next, Sw> {
        let aid: [u8; 3] = data.try_into().map_err(|_| Sw::LENGTH)?;
        let selected = match aid {
            [0, 0, 0] => None,
            _ if self.image.apps.iter().any(|app| app.aid == aid) => Some(aid),
            _ => return Err(Sw::APP_NOT_FOUND),
        };
        self.lose_session();
        self.live.selected = selected;
        self.live.iso_file = None;
        Ok(Answer::managing([]))
    }

    pub(super) fn get_version(&mut self, wire: &[u8]) -> Result<Next, Sw> {
        self.no_parameters(0x60, wire)?;
        let size = match self.image.memory {
            Memory::K2 => 0x16,
            Memory::K4 => 0x18,
            Memory::K8 => 0x1A,
        };
        let (hardware, software) = match self.image.model {
            Model::Ev1 => ([0x01, 0x00], [0x01, 0x04]),
            Model::Ev2 => ([0x12, 0x00], [0x02, 0x01]),
            Model::Ev3 => ([0x33, 0x00], [0x03, 0x00]),
        };
        let mut data = Vec::new();
        for [major, minor] in [hardware, software] {
            data.extend_from_slice(&[0x04, 0x01, 0x01, major, minor, size, 0x05]);
        }
        // A card that hides its UID hides it here as well.
        data.extend_from_slice(if self.image.random_uid { &[0; 7] } else { &self.image.uid });
        data.extend_from_slice(&PRODUCTION);
        Ok(Next::Done(Answer { data, frames: vec![7, 7], ..Answer::default() }))
    }

    pub(super) fn get_card_uid(&mut self, wire: &[u8]) -> Result<Next, Sw> {
        self.no_parameters(0x51, wire)?;
        self.key_no().ok_or(Sw::AUTHENTICATION)?;
        Ok(Next::Done(Answer { data: self.image.uid.to_vec(), mode: Some(Mode::Full), ..Answer::default() }))
    }

    pub(super) fn free_mem(&mut self, wire: &[u8]) -> Result<Next, Sw> {
        self.no_parameters(0x6E, wire)?;
        Ok(Answer::managing(&self.image.free().to_le_bytes()[..3]))
    }

    pub(super) fn get_application_ids(&mut self, wire: &[u8]) -> Result<Next, Sw> {
        self.no_parameters(0x6A, wire)?;
        self.require_picc_level()?;
        self.require_master_unless(FREE_LIST)?;
        Ok(Answer::managing(self.applications().concat()))
    }

    pub(super) fn get_df_names(&mut self, wire: &[u8]) -> Result<Next, Sw> {
        self.no_parameters(0x6D, wire)?;
        self.require_picc_level()?;
        self.require_master_unless(FREE_LIST)?;
        let mut data = Vec::new();
        let mut frames = Vec::new();
        for app in &self.image.apps {
            let Some(fid) = app.iso_fid else { continue };
            data.extend_from_slice(&app.aid);
            data.extend_from_slice(&fid);
            data.extend_from_slice(&app.df_name);
            frames.push(5 + app.df_name.len());
        }
        // A MAC travels with the last name.
        frames.pop();
        Ok(Next::Done(Answer { data, frames, ..Answer::default() }))
    }

    pub(super) fn create_application(&mut self, wire: &[u8]) -> Result<Next, Sw> {
        let data = self.parameters(0xCA, wire)?;
        self.require_picc_level()?;
        self.require_master_unless(FREE_CREATE)?;
        let [a, b, c, settings @ ..] = data.as_slice() else { return Err(Sw::LENGTH) };
        let app = self.new_application([*a, *b, *c], settings)?;
        self.image.take(app.cost())?;
        self.image.apps.push(app);
        Ok(Answer::managing([]))
    }

    /// `settings`: KeySett1 and what follows it.
    pub(super) fn new_application(&self, aid: [u8; 3], settings: &[u8]) -> Result<App, Sw> {
        let [settings, keys_byte, rest @ ..] = settings else { return Err(Sw::LENGTH) };
        let kind = KeyKind::from_bits(*keys_byte).ok_or(Sw::PARAMETER)?;
        let count = usize::from(keys_byte & 0x0F);
        let (sets, rest) = match rest {
            rest if keys_byte & 0x10 == 0 => (None, rest),
            [0, rest @ ..] => (None, rest),
            [1, v, n, longest, roll, rest @ ..] if self.image.model != Model::Ev1 => {
                (Some(KeySets::parse([*v, *n, *longest, *roll], count, kind)?), rest)
            }
            [] | [1, ..] => return Err(Sw::LENGTH),
            // Keys for virtual cards and capability data: not simulated.
            _ => return Err(Sw::PARAMETER),
        };
        let (iso_fid, df_name) = match rest {
            [] => (None, Vec::new()),
            [low, high, name @ ..] if name.len() <= 16 => (Some([*low, *high]), name.to_vec()),
            _ => return Err(Sw::LENGTH),
        };
        let change_key = usize::from(settings >> 4);
        if aid == [0; 3] || count > 14 || (change_key < 14 && change_key > 0 && change_key >= count) {
            return Err(Sw::PARAMETER);
        }
        let taken = |app: &App| {
            app.aid == aid
                || (iso_fid.is_some() && app.iso_fid == iso_fid)
                || (!df_name.is_empty() && app.df_name == df_name)
        };
        if self.image.apps.iter().any(taken) {
            return Err(Sw::DUPLICATE);
        }
        if self.image.model == Model::Ev1 && self.image.apps.len() >= EV1_APPLICATIONS {
            return Err(Sw::COUNT);
        }
        Ok(App {
            aid,
            settings: *settings,
            keys_byte: *keys_byte & !0x10,
            keys: vec![self.first_key(kind); count],
            iso_fid,
            df_name,
            files: Vec::new(),
            sets,
            slot: None,
        })
    }

    /// What a new key is: SetConfiguration's default, or zero.
    pub(super) fn first_key(&self, kind: KeyKind) -> Key {
        self.image.default_key.as_ref().map_or_else(|| Key::zero(kind), |default| default.key(kind))
    }

    pub(super) fn delete_application(&mut self, wire: &[u8]) -> Result<Next, Sw> {
        let data = self.parameters(0xDA, wire)?;
        let (aid, word) = data.split_first_chunk::<3>().ok_or(Sw::LENGTH)?;
        let aid = *aid;
        if !self.image.apps.iter().any(|app| app.aid == aid) {
            return Err(Sw::APP_NOT_FOUND);
        }
        match word.len() {
            0 => self.require_master()?,
            8 if self.key_no() == Some(delegated::AUTHENTICATE) => {
                self.issuers_word(&[&[0xDA], &aid[..]].concat(), word)?;
            }
            8 => return Err(Sw::AUTHENTICATION),
            _ => return Err(Sw::LENGTH),
        }
        // The card's master key deletes any; an application's own deletes itself, where the card allows that.
        let own = match self.live.selected {
            None => false,
            Some(selected) if selected == aid && self.image.settings & FREE_CREATE != 0 => true,
            Some(_) => return Err(Sw::PERMISSION_DENIED),
        };
        self.image.apps.retain(|app| app.aid != aid);
        if own {
            self.live.selected = None;
        }
        Ok(Next::Done(Answer { bare: own, ..Answer::default() }))
    }

    pub(super) fn format_picc(&mut self, wire: &[u8]) -> Result<Next, Sw> {
        self.no_parameters(0xFC, wire)?;
        self.require_picc_level()?;
        self.require_master()?;
        if self.image.format_disabled {
            return Err(Sw::PERMISSION_DENIED);
        }
        self.image.apps.clear();
        self.image.slots.clear();
        self.image.used = 0;
        Ok(Answer::managing([]))
    }

    pub(super) fn set_configuration(&mut self, wire: &[u8]) -> Result<Next, Sw> {
        let option = *wire.first().ok_or(Sw::LENGTH)?;
        self.require_picc_level()?;
        self.require_master()?;
        match option {
            0x00 => {
                let data = self.open(0x5C, wire, Carries::Data { header: 1, len: 1, mode: Mode::Full })?;
                let bits = data[1];
                if bits & !0x03 != 0 {
                    return Err(Sw::PARAMETER);
                }
                // Neither can be taken back.
                self.image.format_disabled |= bits & 0x01 != 0;
                self.image.random_uid |= bits & 0x02 != 0;
            }
            0x01 => {
                let data = self.open(0x5C, wire, Carries::Data { header: 1, len: 25, mode: Mode::Full })?;
                let mut bytes = [0; 24];
                bytes.copy_from_slice(&data[1..25]);
                self.image.default_key = Some(DefaultKey { bytes, version: data[25] });
            }
            0x02 => {
                let data = self.open(0x5C, wire, Carries::Cryptogram { header: 1 })?;
                self.image.ats = self.ats_in(&data[1..])?;
            }
            0x04 if self.image.model != Model::Ev1 => {
                let data = self.open(0x5C, wire, Carries::Data { header: 1, len: 2, mode: Mode::Full })?;
                // Bit 2 forbids chained writing: not simulated.
                if data[1] != 0 || data[2] & !0x03 != 0 {
                    return Err(Sw::PARAMETER);
                }
                // Cannot be taken back.
                self.image.messaging_off |= data[2];
            }
            _ => return Err(Sw::PARAMETER),
        }
        Ok(Answer::managing([]))
    }

    /// `3C`: the maker's signature over the UID, with a status of its own.
    pub(super) fn read_signature(&mut self, data: &[u8]) -> Result<Next, Sw> {
        if data != [0] {
            return Err(Sw::PARAMETER);
        }
        if self.image.signature.is_empty() {
            return Err(Sw::ILLEGAL_COMMAND);
        }
        Ok(Next::Sealed(Sw::SIGNATURE, self.image.signature.clone()))
    }

    /// An ATS says its own length. In D40 and EV1 a checksum follows, and padding that starts with `80`.
    fn ats_in(&self, data: &[u8]) -> Result<Vec<u8>, Sw> {
        let len = usize::from(*data.first().ok_or(Sw::LENGTH)?);
        let (ats, tail) = data.split_at_checked(len).ok_or(Sw::LENGTH)?;
        let checksum = match self.live.session.as_ref().map(|who| &who.session) {
            Some(Session::D40 { .. }) => super::cipher::crc16(ats).to_vec(),
            Some(Session::Ev1 { .. }) => super::cipher::crc32(&[&[0x5C, 0x02], ats]).to_vec(),
            Some(Session::Ev2 { .. }) | None => Vec::new(),
        };
        if !tail.starts_with(&checksum) {
            return Err(Sw::INTEGRITY);
        }
        // TL, T0, three interface bytes at most, 15 historical bytes at most.
        let interface = ats.get(1).map_or(0, |format| (format >> 4 & 7).count_ones() as usize);
        let sound = (2..=20).contains(&len) && len >= 2 + interface && ats[1] & 0x0F <= 8;
        if sound { Ok(ats.to_vec()) } else { Err(Sw::PARAMETER) }
    }
}
