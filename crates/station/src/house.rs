//! The house: what lies in its folder, and what is known of it once it is open.
//!
//! Beside the encrypted store lies `house.json` with what the lock screen shows before anybody has signed in: the
//! station's name and seal. It names no operator; a sign-in name finds its slot by a salted hash.

use std::fs::File;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use lanyard_issue::Stock;
use lanyard_keys::{Cost, HouseKind, KeysError, Opened, Slots, Vault};
use lanyard_model::{Id, Kind, RecordRef};
use lanyard_secret::SecretBytes;
use lanyard_store::{Mode, Store, StoreError, sync_dir};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::api::{HouseView, OperatorView};
use crate::encodings::Encodings;
use crate::record::KnownVerdict;
use crate::shared::Core;
use crate::{StationError, entropy, operators};

/// Counts the cards that went into files.
pub(crate) const FILE_PRINTS: &str = "file prints";
/// Setting of the facility code.
pub(crate) const FACILITY: &str = "facility";

/// What is known of a house before it is opened.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Front {
    pub v: u32,
    pub station: String,
    pub rehearsal: bool,
    pub seal: String,
    pub logins: Vec<(String, Id)>,
}

/// A house that lies there, not opened.
pub(crate) struct Closed {
    pub dir: PathBuf,
    pub front: Front,
    pub mode: Mode,
}

/// A house, opened.
pub(crate) struct House {
    pub store: Store,
    pub mode: Mode,
    pub front: Front,
    pub slots: Slots,
    pub operators: Vec<OperatorView>,
    pub recovery_confirmed: bool,
    pub backup_proved: bool,
    /// That the station opened it is in its history.
    pub opened: bool,
    /// The last verdict.
    pub verdict: Option<KnownVerdict>,
    pub encodings: Encodings,
    /// Which blanks came in.
    pub stock: Stock,
}

impl House {
    pub(crate) fn view(&self) -> HouseView {
        HouseView {
            station: self.front.station.clone(),
            rehearsal: self.front.rehearsal,
            single_person: self.operators.len() < 2,
            seal: self.front.seal.clone(),
            recovery_confirmed: self.recovery_confirmed,
            backup_proved: self.backup_proved,
            operators: self.operators.clone(),
        }
    }

    pub(crate) fn rehearsal(&self) -> bool {
        self.front.rehearsal
    }

    pub(crate) fn kind(&self) -> HouseKind {
        kind(self.front.rehearsal)
    }

    pub(crate) fn station_record(&self) -> RecordRef {
        RecordRef { kind: Kind::Station, id: self.store.house().id }
    }

    pub(crate) fn operator_name(&self, id: Id) -> Option<&str> {
        let id = id.to_string();
        self.operators.iter().find(|operator| operator.id == id).map(|operator| operator.name.as_str())
    }

    /// The facility code in this house's 26-bit numbers.
    pub(crate) fn facility(&self) -> Result<u8, StationError> {
        match self.store.view().setting(FACILITY)? {
            Some(code) => Ok(code.parse().map_err(|_| StoreError::Damaged { what: "facility" })?),
            None => Ok(crate::cards::FACILITY),
        }
    }

    /// How many cards of a real house went into files.
    pub(crate) fn printed_to_file(&self) -> Option<u64> {
        if self.rehearsal() { None } else { self.store.view().numbers_given(FILE_PRINTS).ok() }
    }

    pub(crate) fn operators(&self) -> Vec<OperatorView> {
        self.operators.clone()
    }

    /// Reads again what the store says of operators, proofs and encodings, and writes the front anew.
    pub(crate) fn refresh(&mut self) -> Result<(), StationError> {
        let view = self.store.view();
        let records = view.records(Kind::Operator, Some("active"))?;
        self.operators = records
            .iter()
            .map(|record| OperatorView {
                id: record.of.id.to_string(),
                name: record.text("name").to_owned(),
                login: record.text("login").to_owned(),
                rights: operators::given(record),
            })
            .collect();
        self.recovery_confirmed = view.setting("recovery.confirmed")?.is_some();
        self.encodings = Encodings::load(view, self.front.rehearsal)?;
        self.stock = crate::stock::load(view)?;
        let salt = self.store.house().id;
        let logins = records.iter().map(|record| (login_hash(salt, record.text("login")), record.of.id)).collect();
        if self.front.logins != logins {
            self.front.logins = logins;
            self.keep_front()?;
        }
        Ok(())
    }

    /// Sets the seal of a front that was lost.
    pub(crate) fn set_seal(&mut self, seal: String) -> Result<(), StationError> {
        if self.front.seal != seal {
            self.front.seal = seal;
            self.keep_front()?;
        }
        Ok(())
    }

    fn keep_front(&self) -> Result<(), StationError> {
        if writes(self) { write_front(self.store.dir(), &self.front) } else { Ok(()) }
    }
}

/// SHA-256 of the key that the station signs with.
pub(crate) fn seal_of(vault: &Vault) -> String {
    hex::encode(Sha256::digest(vault.signer().entry_key()))
}

impl Front {
    /// Where the front is lost, that is all that is known before somebody has signed in; the store says the rest.
    fn lost(rehearsal: bool) -> Self {
        Self { v: 1, station: String::new(), rehearsal, seal: String::new(), logins: Vec::new() }
    }

    pub(crate) fn is_lost(&self) -> bool {
        self.logins.is_empty()
    }
}

/// Of what the store knows nothing is lost with it.
fn front_is_lost(error: &StationError) -> bool {
    let not_there = matches!(error, StationError::File { kind: ErrorKind::NotFound, .. });
    not_there || matches!(error, StationError::Store(StoreError::Damaged { .. }))
}

impl Closed {
    /// The house of this kind in a station's home, if there is one. A folder that was copied into the other's place is
    /// not opened.
    pub(crate) fn find(home: &Path, rehearsal: bool, mode: Mode) -> Result<Option<Self>, StationError> {
        let dir = folder(home, rehearsal);
        let found = match Self::at(&dir, mode) {
            Err(error) if front_is_lost(&error) => Some(Self { front: Front::lost(rehearsal), dir, mode }),
            found => found?,
        };
        if let Some(found) = &found
            && found.front.rehearsal != rehearsal
        {
            return Err(kind_differs(kind(rehearsal), kind(found.front.rehearsal)));
        }
        Ok(found)
    }

    /// The front of the house in this folder; where it is lost, what the store says, which any operator opens.
    pub(crate) fn front_of(dir: &Path, slots: &Slots, password: &SecretBytes) -> Result<Front, StationError> {
        match Self::at(dir, Mode::Read) {
            Err(error) if front_is_lost(&error) => {}
            found => return Ok(found?.ok_or(StoreError::Missing)?.front),
        }
        let opened = slots.operators().find_map(|id| slots.open(id, password).ok()).ok_or(KeysError::PasswordWrong)?;
        let open = |rehearsal: bool| {
            let closed = Self { dir: dir.to_owned(), front: Front::lost(rehearsal), mode: Mode::Read };
            closed.open(slots.clone(), &opened)
        };
        let house = open(false).or_else(|_| open(true))?;
        let front = house.front.clone();
        house.store.close();
        Ok(front)
    }

    /// The house in this folder, if there is one.
    pub(crate) fn at(dir: &Path, mode: Mode) -> Result<Option<Self>, StationError> {
        if !lanyard_store::is_house(dir)? {
            return Ok(None);
        }
        let front = dir.join("house.json");
        let text = std::fs::read(&front).map_err(|error| file(&front, &error))?;
        let front = serde_json::from_slice(&text).map_err(|_| StoreError::Damaged { what: "house.json" })?;
        Ok(Some(Self { dir: dir.to_owned(), front, mode }))
    }

    pub(crate) fn view(&self) -> HouseView {
        HouseView {
            station: self.front.station.clone(),
            rehearsal: self.front.rehearsal,
            single_person: self.front.logins.len() < 2,
            seal: self.front.seal.clone(),
            recovery_confirmed: true,
            backup_proved: true,
            operators: Vec::new(),
        }
    }

    /// Opens the store with what the slots gave.
    pub(crate) fn open(&self, slots: Slots, opened: &Opened) -> Result<House, StationError> {
        let store = Store::open(&self.dir, &opened.store_key, self.mode, Box::new(entropy::fill))?;
        // The front is not signed: the store says what it is.
        if store.house().kind != kind(self.front.rehearsal) {
            return Err(kind_differs(kind(self.front.rehearsal), store.house().kind));
        }
        let mut front = self.front.clone();
        if front.is_lost() {
            front.station.clone_from(&store.house().station);
        }
        let mut house = House {
            store,
            mode: self.mode,
            front,
            slots,
            operators: Vec::new(),
            recovery_confirmed: false,
            backup_proved: false,
            opened: false,
            verdict: None,
            encodings: Encodings::default(),
            stock: Stock::default(),
        };
        house.refresh()?;
        Ok(house)
    }
}

pub(crate) fn login_hash(house: Id, login: &str) -> String {
    let mut hash = Sha256::new();
    hash.update(b"lanyard/login/v1\0");
    hash.update(house.0);
    hash.update(login.trim().to_lowercase());
    hex::encode(hash.finalize())
}

pub(crate) fn write_front(dir: &Path, front: &Front) -> Result<(), StationError> {
    let text = serde_json::to_string_pretty(front).map_err(|_| StationError::NotWritten { what: "front" })?;
    let beside = dir.join("house.json.new");
    let write = || {
        let mut new = File::create(&beside)?;
        new.write_all(text.as_bytes())?;
        new.sync_all()?;
        std::fs::rename(&beside, dir.join("house.json"))?;
        sync_dir(dir)
    };
    write().map_err(|error| file(dir, &error))
}

pub(crate) fn file(path: &Path, error: &std::io::Error) -> StationError {
    if error.kind() == ErrorKind::StorageFull {
        return StoreError::DiskFull.into();
    }
    StationError::File { what: path.display().to_string(), kind: error.kind() }
}

/// The costs of a password's slot: a rehearsal protects nothing.
pub(crate) fn cost(rehearsal: bool) -> Cost {
    if rehearsal { Cost::TEST } else { Cost::REAL }
}

pub(crate) fn kind(rehearsal: bool) -> HouseKind {
    if rehearsal { HouseKind::Rehearsal } else { HouseKind::Real }
}

fn kind_differs(asked: HouseKind, found: HouseKind) -> StationError {
    lanyard_keys::KeysError::VaultKind { asked, found }.into()
}

/// Where a house lies in the station's home.
pub(crate) fn folder(home: &Path, rehearsal: bool) -> PathBuf {
    home.join(if rehearsal { "rehearsal" } else { "house" })
}

impl Core {
    pub(crate) fn front(&self) -> Option<&Front> {
        self.house.as_ref().map(|house| &house.front).or(self.closed.as_ref().map(|closed| &closed.front))
    }
}

pub(crate) fn writes(house: &House) -> bool {
    house.mode == Mode::Write
}
