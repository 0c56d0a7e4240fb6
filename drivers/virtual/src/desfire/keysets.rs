//! Key sets of an application (EV2): made ready, filled, finished, and put in the place of the one in use.
//!
//! Public sources (liblogicalaccess, `desfireev2iso7816commands.cpp`) give the commands, not every rule behind them:
//! here a set that was put into use leaves its number empty, and the set it replaced is gone.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::image::{Key, KeyKind};
use super::session::{Carries, Mode, Session};
use super::status::Sw;
use super::{Answer, DesfireCard, Next};

/// The sets beside the one in use, with what CreateApplication said of all.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct KeySets {
    /// Of the set in use.
    pub(crate) version: u8,
    /// The one in use counts.
    pub(crate) count: u8,
    /// The longest key of any set, in bytes.
    pub(crate) longest: u8,
    /// Whose holder may put another set into use.
    pub(crate) roll_key: u8,
    pub(crate) others: BTreeMap<u8, KeySet>,
}

/// A set that is not in use.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct KeySet {
    pub(crate) kind: KeyKind,
    pub(crate) keys: Vec<Key>,
    /// Once it is finished.
    pub(crate) version: Option<u8>,
}

impl KeySets {
    /// AKSVersion, NoKeySets, MaxKeySize, AppKeySetSett.
    pub(crate) fn wire(&self) -> [u8; 4] {
        [self.version, self.count, self.longest, self.roll_key]
    }

    /// `keys`: how many the application has, of which kind.
    pub(crate) fn parse([version, count, longest, settings]: [u8; 4], keys: usize, kind: KeyKind) -> Result<Self, Sw> {
        let roll_key = settings & 0x0F;
        let sound = (2..=16).contains(&count)
            && matches!(longest, 16 | 24)
            && kind.len() <= usize::from(longest)
            && usize::from(roll_key) < keys;
        if !sound {
            return Err(Sw::PARAMETER);
        }
        Ok(Self { version, count, longest, roll_key, others: BTreeMap::new() })
    }

    fn has(&self, number: u8) -> bool {
        (1..self.count).contains(&number)
    }
}

impl DesfireCard {
    /// `56`: number, kind.
    pub(super) fn initialize_key_set(&mut self, wire: &[u8]) -> Result<Next, Sw> {
        let [number, kind] = self.of_key_set(0x56, wire)?;
        let kind = KeyKind::from_bits(kind << 6).filter(|_| kind < 3).ok_or(Sw::PARAMETER)?;
        self.require_master()?;
        let first = self.first_key(kind);
        let app = self.app_mut()?;
        let count = app.keys.len();
        let sets = app.sets.as_mut().ok_or(Sw::PERMISSION_DENIED)?;
        if !sets.has(number) || kind.len() > usize::from(sets.longest) {
            return Err(Sw::PARAMETER);
        }
        sets.others.insert(number, KeySet { kind, keys: vec![first; count], version: None });
        Ok(Answer::managing([]))
    }

    /// `57`: number, version.
    pub(super) fn finalize_key_set(&mut self, wire: &[u8]) -> Result<Next, Sw> {
        let [number, version] = self.of_key_set(0x57, wire)?;
        self.require_master()?;
        let sets = self.app_mut()?.sets.as_mut().ok_or(Sw::PERMISSION_DENIED)?;
        let set = sets.others.get_mut(&number).ok_or(Sw::PARAMETER)?;
        if set.version.is_some() {
            return Err(Sw::PERMISSION_DENIED);
        }
        set.version = Some(version);
        Ok(Answer::managing([]))
    }

    /// `55`: number. The session's key is no longer in use afterwards.
    pub(super) fn roll_key_set(&mut self, wire: &[u8]) -> Result<Next, Sw> {
        let [number] = self.of_key_set(0x55, wire)?;
        let authenticated = self.key_no();
        let app = self.app_mut()?;
        let sets = app.sets.as_mut().ok_or(Sw::PERMISSION_DENIED)?;
        if authenticated != Some(sets.roll_key) {
            return Err(Sw::AUTHENTICATION);
        }
        let version = sets.others.get(&number).ok_or(Sw::PARAMETER)?.version.ok_or(Sw::PERMISSION_DENIED)?;
        let set = sets.others.remove(&number).ok_or(Sw::PARAMETER)?;
        sets.version = version;
        app.keys_byte = app.keys_byte & 0x3F | set.kind.bits();
        app.keys = set.keys;
        Ok(Next::Done(Answer { ends: true, ..Answer::default() }))
    }

    /// Parameters with a MAC, in EV1 messaging too. D40 messaging knows no key sets.
    fn of_key_set<const N: usize>(&mut self, ins: u8, wire: &[u8]) -> Result<[u8; N], Sw> {
        if let Some(Session::D40 { .. }) = self.live.session.as_ref().map(|who| &who.session) {
            return Err(Sw::AUTHENTICATION);
        }
        let data = self.open(ins, wire, Carries::Data { header: N, len: 0, mode: Mode::Mac })?;
        data.try_into().map_err(|_| Sw::LENGTH)
    }
}
