//! The house: made at first start, opened by an operator's password, locked, opened again.
//!
//! Beside the encrypted store lies `house.json` with what the lock screen shows before anybody has signed in: the
//! station's name and seal. It names no operator; a sign-in name finds its slot by a salted hash.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use lanyard_history::Checkpoint;

use lanyard_issue::PolicyError;
use lanyard_keys::{Cost, HouseKind, KeyRef, Opened, RecoveryCode, Slots, Vault};
use lanyard_model::{Actor, ActorKind, ActorRole, Change, Id, Kind, RecordRef, UnixMs, Value};
use lanyard_secret::SecretBytes;
use lanyard_store::{Mode, NewHouse, Store, StoreError, Tx};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::api::{FirstStart, HouseView, NewOperator, OperatorView, Recovery, SessionView, Theme, VerdictView};
use crate::shared::Core;
use crate::{StationError, assets, entropy, people, rights};

const NAME_LONGEST: usize = 60;
/// Counts the cards that went into files.
pub(crate) const FILE_PRINTS: &str = "file prints";

/// What is known of a house before it is opened.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Front {
    v: u32,
    station: String,
    rehearsal: bool,
    seal: String,
    logins: Vec<(String, Id)>,
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
    operators: Vec<OperatorView>,
    pub recovery_confirmed: bool,
    pub backup_proved: bool,
    /// The last verdict, and of which head of the chain.
    pub verdict: Option<((u64, [u8; 32]), VerdictView)>,
}

/// Who is signed in, and what is open because of it. Dropping it wipes the vault.
pub(crate) struct Session {
    pub operator: OperatorView,
    pub id: Id,
    pub vault: Vault,
    pub opened: Opened,
    language: String,
    theme: Theme,
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

    /// How many cards of a real house went into files.
    pub(crate) fn printed_to_file(&self) -> Option<u64> {
        if self.rehearsal() { None } else { self.store.view().numbers_given(FILE_PRINTS).ok() }
    }

    pub(crate) fn operators(&self) -> Vec<OperatorView> {
        self.operators.clone()
    }

    /// Reads again what the store says of operators and proofs, and writes the front anew.
    pub(crate) fn refresh(&mut self) -> Result<(), StationError> {
        let view = self.store.view();
        let records = view.records(Kind::Operator, Some("active"))?;
        self.operators = records
            .iter()
            .map(|record| OperatorView {
                id: record.of.id.to_string(),
                name: record.text("name").to_owned(),
                login: record.text("login").to_owned(),
                rights: rights::given(record),
            })
            .collect();
        self.recovery_confirmed = view.setting("recovery.confirmed")?.is_some();
        let salt = self.store.house().id;
        let logins = records.iter().map(|record| (login_hash(salt, record.text("login")), record.of.id)).collect();
        if self.front.logins != logins {
            self.front.logins = logins;
            write_front(self.store.dir(), &self.front)?;
        }
        Ok(())
    }
}

impl Closed {
    /// The house of this kind in a station's home, if there is one. A folder that was copied into the other's place is
    /// not opened.
    pub(crate) fn find(home: &Path, rehearsal: bool, mode: Mode) -> Result<Option<Self>, StationError> {
        let found = Self::at(&folder(home, rehearsal), mode)?;
        if let Some(found) = &found
            && found.front.rehearsal != rehearsal
        {
            return Err(kind_differs(kind(rehearsal), kind(found.front.rehearsal)));
        }
        Ok(found)
    }

    /// The house in this folder, if there is one.
    fn at(dir: &Path, mode: Mode) -> Result<Option<Self>, StationError> {
        if !lanyard_store::is_house(dir) {
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
    fn open(&self, slots: Slots, opened: &Opened) -> Result<House, StationError> {
        let store = Store::open(&self.dir, &opened.store_key, self.mode, Box::new(entropy::fill))?;
        // The front is not signed: the store says what it is.
        if store.house().kind != kind(self.front.rehearsal) {
            return Err(kind_differs(kind(self.front.rehearsal), store.house().kind));
        }
        let mut house = House {
            store,
            mode: self.mode,
            front: self.front.clone(),
            slots,
            operators: Vec::new(),
            recovery_confirmed: false,
            backup_proved: false,
            verdict: None,
        };
        house.refresh()?;
        Ok(house)
    }
}

impl Session {
    pub(crate) fn view(&self) -> SessionView {
        SessionView {
            operator: self.operator.clone(),
            rights: self.rights(),
            language: self.language.clone(),
            theme: self.theme,
        }
    }

    /// The operator, as who did it.
    pub(crate) fn did(&self) -> [Actor; 1] {
        [Actor { who: self.id, role: ActorRole::Did, kind: ActorKind::Operator }]
    }

    /// The operator did it for somebody.
    pub(crate) fn did_for(&self, person: Id) -> [Actor; 2] {
        let [did] = self.did();
        [did, Actor { who: person, role: ActorRole::For, kind: ActorKind::Holder }]
    }
}

fn login_hash(house: Id, login: &str) -> String {
    let mut hash = Sha256::new();
    hash.update(b"lanyard/login/v1\0");
    hash.update(house.0);
    hash.update(login.trim().to_lowercase());
    hex::encode(hash.finalize())
}

fn write_front(dir: &Path, front: &Front) -> Result<(), StationError> {
    let text = serde_json::to_vec_pretty(front).unwrap_or_default();
    let beside = dir.join("house.json.new");
    std::fs::write(&beside, text)
        .and_then(|()| std::fs::rename(&beside, dir.join("house.json")))
        .map_err(|error| file(dir, &error))
}

pub(crate) fn file(path: &Path, error: &std::io::Error) -> StationError {
    if error.kind() == std::io::ErrorKind::StorageFull {
        return StoreError::DiskFull.into();
    }
    StationError::File { what: path.display().to_string(), kind: error.kind() }
}

/// The costs of a password's slot: a rehearsal protects nothing.
fn cost(rehearsal: bool) -> Cost {
    if rehearsal { Cost::TEST } else { Cost::REAL }
}

fn kind(rehearsal: bool) -> HouseKind {
    if rehearsal { HouseKind::Rehearsal } else { HouseKind::Real }
}

fn kind_differs(asked: HouseKind, found: HouseKind) -> StationError {
    lanyard_keys::KeysError::VaultKind { asked, found }.into()
}

/// A name that can be shown, printed and certified.
fn is_name(text: &str) -> bool {
    let text = text.trim();
    !text.is_empty() && text.chars().count() <= NAME_LONGEST && !text.chars().any(char::is_control)
}

fn checked(operator: &NewOperator, taken: &[String]) -> Result<(), StationError> {
    for (field, value) in [("name", &operator.name), ("login", &operator.login)] {
        if !is_name(value) {
            return Err(StationError::OperatorField { field });
        }
    }
    if taken.contains(&operator.login.trim().to_lowercase()) {
        return Err(PolicyError::LoginTaken.into());
    }
    Ok(())
}

fn operator_added(id: Id, operator: &NewOperator) -> Change {
    Change::new("operator.added", RecordRef { kind: Kind::Operator, id })
        .state("", "active")
        .field("name", operator.name.trim())
        .field("login", operator.login.trim())
}

/// Where a house lies in the station's home.
pub(crate) fn folder(home: &Path, rehearsal: bool) -> PathBuf {
    home.join(if rehearsal { "rehearsal" } else { "house" })
}

impl Core {
    /// First start: makes the house and signs its first operator in.
    pub(crate) fn make_house(
        &mut self,
        home: &Path,
        start: &FirstStart,
        now: UnixMs,
    ) -> Result<Recovery, StationError> {
        if self.house.is_some() || self.closed.is_some() {
            return Err(StationError::HouseExists);
        }
        let name = start.station.trim();
        if !is_name(name) {
            return Err(StationError::StationName { longest: NAME_LONGEST });
        }
        let mut taken = Vec::new();
        for operator in &start.operators {
            checked(operator, &taken)?;
            taken.push(operator.login.trim().to_lowercase());
        }
        let dir = folder(home, start.rehearsal);
        if std::fs::read_dir(&dir).is_ok_and(|mut there| there.next().is_some()) {
            return Err(StoreError::Exists.into());
        }
        // Made beside and moved into place when it is whole: a house without front or recovery code would be in the way of
        // trying again.
        let making = dir.with_extension("making");
        let swept = || match std::fs::remove_dir_all(&making) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(file(&making, &error)),
            _ => Ok(()),
        };
        swept()?;
        let made = self.make_house_in(&making, start, now).and_then(|recovery| {
            self.move_house(&making, &dir)?;
            Ok(recovery)
        });
        if made.is_err() {
            self.session = None;
            self.house = None;
            swept()?;
        }
        self.status_changed();
        made
    }

    fn move_house(&mut self, from: &Path, to: &Path) -> Result<(), StationError> {
        let (Some(house), Some(session)) = (self.house.take(), &self.session) else {
            return Err(StationError::NoHouse);
        };
        let House { store, slots, front, .. } = house;
        store.close();
        // Not every system renames onto an empty folder.
        let _ = std::fs::remove_dir(to);
        std::fs::rename(from, to).map_err(|error| file(to, &error))?;
        let mut house = Closed { dir: to.to_owned(), front, mode: Mode::Write }.open(slots, &session.opened)?;
        house.store.set_signer(Some(Box::new(session.vault.signer())));
        house.backup_proved = house.rehearsal();
        self.house = Some(house);
        Ok(())
    }

    fn make_house_in(&mut self, dir: &Path, start: &FirstStart, now: UnixMs) -> Result<Recovery, StationError> {
        let name = start.station.trim();
        let kind = kind(start.rehearsal);
        let cost = cost(start.rehearsal);
        let new = NewHouse {
            id: entropy::id(),
            kind,
            station: name.to_owned(),
            writer: entropy::id(),
            log: entropy::id(),
            made: now,
        };
        let (mut slots, opened, recovery) = Slots::create(new.id, cost, &mut entropy::fill)?;
        let ids: Vec<Id> = start.operators.iter().map(|_| entropy::id()).collect();
        for (operator, id) in start.operators.iter().zip(&ids) {
            let password = SecretBytes::new(operator.password.clone().into_bytes());
            slots.add(*id, &password, &opened, cost, &mut entropy::fill)?;
        }
        let first = *ids.first().ok_or(StationError::NoOperator)?;
        let mut vault = Vault::create(new.id, kind, name, now, &mut entropy::fill)?;
        let mut made = Vec::new();
        for key in crate::cards::key_names()? {
            let of = KeyRef::new(&key, 1)?;
            let check = vault.make_key(&of, now, &mut entropy::fill)?;
            made.push(key_made(&of, &check.0));
        }
        let mut store =
            Store::create(dir, &new, &slots, &opened.store_key, Box::new(vault.signer()), Box::new(entropy::fill))?;
        let by = [Actor { who: first, role: ActorRole::Did, kind: ActorKind::Admin }];
        let sealed = vault.seal(&opened.vault_key, &mut entropy::fill)?;
        store.write(|tx| {
            tx.seal_vault(&sealed)?;
            for (operator, id) in start.operators.iter().zip(&ids) {
                tx.commit(&operator_added(*id, operator), &by, now)?;
            }
            for key in &made {
                tx.commit(key, &by, now)?;
            }
            tx.commit(&station_named(&new), &by, now)?;
            station_opened(tx, now)
        })?;
        let seal = hex::encode(Sha256::digest(vault.signer().entry_key()));
        let front = Front { v: 1, station: name.to_owned(), rehearsal: start.rehearsal, seal, logins: Vec::new() };
        let mut house = House {
            store,
            mode: Mode::Write,
            front,
            slots,
            operators: Vec::new(),
            recovery_confirmed: false,
            backup_proved: start.rehearsal,
            verdict: None,
        };
        house.refresh()?;
        self.house = Some(house);
        self.begin_session(first, opened, vault)?;
        if start.rehearsal {
            people::add_samples(self, now)?;
        }
        Ok(Recovery { code: String::from_utf8_lossy(recovery.printed().expose()).into_owned() })
    }

    /// Opens with an operator's password.
    pub(crate) fn sign_in(&mut self, login: &str, password: &SecretBytes, now: UnixMs) -> Result<(), StationError> {
        let (slots, front) = match (&self.house, &self.closed) {
            (Some(house), _) => (house.slots.clone(), &house.front),
            (None, Some(closed)) => (lanyard_store::read_slots(&closed.dir)?, &closed.front),
            (None, None) => return Err(StationError::NoHouse),
        };
        let hash = login_hash(slots.house(), login);
        let known = front.logins.iter().find(|(known, _)| *known == hash).map(|(_, id)| *id);
        // An unknown name costs the same time as a wrong password, and says the same.
        let id = known.unwrap_or(Id([0; 16]));
        let opened = slots.open(id, password)?;
        self.enter(id, slots, opened, now)
    }

    /// Opens with the recovery code and gives the operator a new password.
    pub(crate) fn recover(
        &mut self,
        code: &str,
        login: &str,
        password: &SecretBytes,
        now: UnixMs,
    ) -> Result<(), StationError> {
        let code = RecoveryCode::typed(code)?;
        let mut slots = match (&self.house, &self.closed) {
            (Some(house), _) => house.slots.clone(),
            (None, Some(closed)) => lanyard_store::read_slots(&closed.dir)?,
            (None, None) => return Err(StationError::NoHouse),
        };
        let opened = slots.open_recovery(&code)?;
        let rehearsal = self.front().is_some_and(|front| front.rehearsal);
        let hash = login_hash(slots.house(), login);
        let known = self.front().and_then(|front| front.logins.iter().find(|(known, _)| *known == hash).cloned());
        let (_, id) = known.ok_or(StationError::Missing { kind: "operator" })?;
        slots.change_password(id, password, &opened, cost(rehearsal), &mut entropy::fill)?;
        self.enter(id, slots.clone(), opened, now)?;
        let (house, session) = self.open()?;
        let by = session.did();
        house.store.write(|tx| {
            tx.commit(&Change::new("operator.recovered", RecordRef { kind: Kind::Operator, id }), &by, now)
        })?;
        house.store.write_slots(&slots)?;
        house.slots = slots;
        Ok(())
    }

    fn front(&self) -> Option<&Front> {
        self.house.as_ref().map(|house| &house.front).or(self.closed.as_ref().map(|closed| &closed.front))
    }

    fn enter(&mut self, id: Id, slots: Slots, opened: Opened, now: UnixMs) -> Result<(), StationError> {
        let first = self.house.is_none();
        if let (true, Some(closed)) = (first, &self.closed) {
            self.house = Some(closed.open(slots, &opened)?);
            self.closed = None;
        }
        let house = self.house.as_mut().ok_or(StationError::NoHouse)?;
        let sealed = house.store.view().vault()?.ok_or(StoreError::Damaged { what: "vault" })?;
        let vault = Vault::open(&sealed, &opened.vault_key, house.kind())?;
        self.begin_session(id, opened, vault)?;
        let (house, session) = self.open()?;
        if writes(house) {
            let by = session.did();
            let what = RecordRef { kind: Kind::Operator, id };
            house.store.write(|tx| {
                if first {
                    station_opened(tx, now)?;
                }
                tx.commit(&Change::new("operator.signed_in", what), &by, now)
            })?;
        }
        self.load_cases()?;
        self.status_changed();
        Ok(())
    }

    fn begin_session(&mut self, id: Id, opened: Opened, vault: Vault) -> Result<(), StationError> {
        let house = self.house.as_mut().ok_or(StationError::NoHouse)?;
        let text = id.to_string();
        let operator = house
            .operators
            .iter()
            .find(|operator| operator.id == text)
            .cloned()
            .ok_or(StationError::Keys(lanyard_keys::KeysError::PasswordWrong))?;
        house.store.set_signer(Some(Box::new(vault.signer())));
        house.backup_proved = house.rehearsal() || vault.keys().all(|key| key.proved);
        let view = house.store.view();
        let language = view.setting(&format!("language.{text}"))?.unwrap_or_else(|| "en".to_owned());
        let theme = match view.setting(&format!("theme.{text}"))?.as_deref() {
            Some("light") => Theme::Light,
            Some("dark") => Theme::Dark,
            _ => Theme::System,
        };
        self.session = Some(Session { operator, id, vault, opened, language, theme });
        Ok(())
    }

    /// Ends the session: vault, pictures and open cases leave memory.
    pub(crate) fn lock(&mut self) {
        self.session = None;
        self.cases.clear();
        self.order.clear();
        self.bound = None;
        for device in self.devices.values_mut() {
            if let Some(seen) = &mut device.card {
                seen.looked = false;
            }
        }
        if let Some(house) = &mut self.house {
            house.store.set_signer(None);
        }
        self.status_changed();
    }

    /// The operator's choice of language and look.
    pub(crate) fn prefer(&mut self, language: &str, theme: Theme) -> Result<(), StationError> {
        let (house, session) = self.open()?;
        if !["en", "fr", "de", "sv"].contains(&language) {
            return Err(StationError::Missing { kind: "language" });
        }
        let id = session.id;
        let word = match theme {
            Theme::System => "system",
            Theme::Light => "light",
            Theme::Dark => "dark",
        };
        house.store.write(|tx| {
            tx.set_setting(&format!("language.{id}"), Some(language))?;
            tx.set_setting(&format!("theme.{id}"), Some(word))
        })?;
        session.language = language.to_owned();
        session.theme = theme;
        self.status_changed();
        Ok(())
    }

    /// One more operator.
    pub(crate) fn operator_add(&mut self, operator: &NewOperator, now: UnixMs) -> Result<(), StationError> {
        let (house, session) = self.open()?;
        let taken: Vec<String> = house.operators.iter().map(|o| o.login.to_lowercase()).collect();
        checked(operator, &taken)?;
        let id = entropy::id();
        let password = SecretBytes::new(operator.password.clone().into_bytes());
        let mut slots = house.slots.clone();
        slots.add(id, &password, &session.opened, cost(house.rehearsal()), &mut entropy::fill)?;
        let by = session.did();
        // The slot first: an operator with an entry and no slot could not be helped; a slot without an entry opens nothing,
        // since signing in asks for the record.
        house.store.write_slots(&slots)?;
        house.store.write(|tx| tx.commit(&operator_added(id, operator), &by, now))?;
        house.slots = slots;
        house.refresh()?;
        self.status_changed();
        Ok(())
    }

    /// One operator less: their slot is void.
    pub(crate) fn operator_remove(&mut self, id: Id, now: UnixMs) -> Result<(), StationError> {
        let (house, session) = self.open()?;
        if house.operators.len() < 2 {
            return Err(PolicyError::LastOperator.into());
        }
        let mut slots = house.slots.clone();
        slots.remove(id)?;
        let by = session.did();
        let own = session.id == id;
        house.store.write(|tx| {
            let gone =
                Change::new("operator.removed", RecordRef { kind: Kind::Operator, id }).state("active", "removed");
            tx.commit(&gone, &by, now)
        })?;
        house.store.write_slots(&slots)?;
        house.slots = slots;
        house.refresh()?;
        if own {
            self.lock();
        }
        self.status_changed();
        Ok(())
    }

    /// The signed-in operator's new password.
    pub(crate) fn password_change(
        &mut self,
        old: &SecretBytes,
        new: &SecretBytes,
        now: UnixMs,
    ) -> Result<(), StationError> {
        let (house, session) = self.open()?;
        let id = session.id;
        let mut slots = house.slots.clone();
        let opened = slots.open(id, old)?;
        slots.change_password(id, new, &opened, cost(house.rehearsal()), &mut entropy::fill)?;
        let by = session.did();
        house.store.write(|tx| {
            tx.commit(&Change::new("operator.password_changed", RecordRef { kind: Kind::Operator, id }), &by, now)
        })?;
        house.store.write_slots(&slots)?;
        house.slots = slots;
        Ok(())
    }

    /// The recovery code was typed back, or the operator says that it is printed.
    pub(crate) fn recovery_confirm(&mut self, code: &str) -> Result<(), StationError> {
        let (house, _) = self.open()?;
        if !code.trim().is_empty() {
            let code = RecoveryCode::typed(code)?;
            house.slots.open_recovery(&code)?;
        }
        house.store.write(|tx| tx.set_setting("recovery.confirmed", Some("yes")))?;
        house.recovery_confirmed = true;
        self.status_changed();
        Ok(())
    }

    /// A copy of store and slots, with the vault inside, as it is now.
    pub(crate) fn backup(&mut self, to: &Path, now: UnixMs) -> Result<(), StationError> {
        let (house, session) = self.open()?;
        let by = session.did();
        let station = house.station_record();
        if !writes(house) {
            return Err(StoreError::ReadOnly.into());
        }
        house.store.backup(to, &session.opened.store_key)?;
        write_front(to, &house.front).inspect_err(|_| {
            // The folder was new or empty: a backup that nobody can find the front of is in the way of the next try.
            let _ = std::fs::remove_dir_all(to);
        })?;
        // Only now, so that the history claims no backup that failed.
        house.store.write(|tx| tx.commit(&Change::new("station.backed_up", station), &by, now))?;
        self.status_changed();
        Ok(())
    }

    /// Restores a backup aside and compares every key: from then on real cards may be written.
    pub(crate) fn backup_prove(
        &mut self,
        from: &Path,
        password: &SecretBytes,
        now: UnixMs,
    ) -> Result<(), StationError> {
        let (house, session) = self.open()?;
        let slots = lanyard_store::read_slots(from)?;
        let opened = slots.open(session.id, password)?;
        let aside = house.store.dir().join("proof");
        if aside.exists() {
            std::fs::remove_dir_all(&aside).map_err(|error| file(&aside, &error))?;
        }
        let restored =
            lanyard_store::restore(from, &aside, &opened.store_key, Box::new(entropy::fill)).and_then(|_| {
                let store = Store::open(&aside, &opened.store_key, Mode::Read, Box::new(entropy::fill))?;
                store.view().vault()?.ok_or(StoreError::BackupDamaged { why: "vault" })
            });
        let swept = std::fs::remove_dir_all(&aside);
        let vault = Vault::open(&restored?, &opened.vault_key, house.kind())?;
        swept.map_err(|error| file(&aside, &error))?;
        let proved = session.vault.prove_backup(&vault)?;
        let sealed = session.vault.seal(&session.opened.vault_key, &mut entropy::fill)?;
        let by = session.did();
        house.store.write(|tx| {
            tx.seal_vault(&sealed)?;
            for key in &proved {
                if let Some(record) = tx.view().records_by(Kind::Key, "name", &key_label(&key.of).into())?.pop() {
                    tx.commit(&Change::new("key.backup_proved", record.of).state("made", "proved"), &by, now)?;
                }
            }
            Ok::<_, StoreError>(())
        })?;
        house.backup_proved = true;
        self.status_changed();
        Ok(())
    }

    /// Makes this home from a backup.
    pub(crate) fn restore(
        &mut self,
        home: &Path,
        from: &Path,
        login: &str,
        password: &SecretBytes,
        now: UnixMs,
    ) -> Result<(), StationError> {
        if self.house.is_some() || self.closed.is_some() {
            return Err(StationError::HouseExists);
        }
        let front = Closed::at(from, Mode::Read)?.ok_or(StoreError::Missing)?.front;
        let slots = lanyard_store::read_slots(from)?;
        let hash = login_hash(slots.house(), login);
        let id = front.logins.iter().find(|(known, _)| *known == hash).map_or(Id([0; 16]), |(_, id)| *id);
        let opened = slots.open(id, password)?;
        let dir = folder(home, front.rehearsal);
        lanyard_store::restore(from, &dir, &opened.store_key, Box::new(entropy::fill))?;
        write_front(&dir, &front)?;
        self.closed = Closed::find(home, front.rehearsal, Mode::Write)?;
        self.enter(id, slots, opened, now)?;
        let (house, session) = self.open()?;
        let (by, station) = (session.did(), house.station_record());
        house.store.write(|tx| tx.commit(&Change::new("station.restored", station), &by, now))?;
        Ok(())
    }

    /// A clean end: the newest checkpoint is signed and named in the last entry.
    pub(crate) fn close_house(&mut self, now: UnixMs) -> Result<(), StationError> {
        let Some(mut house) = self.house.take() else { return Ok(()) };
        if let (true, Some(session)) = (writes(&house), &self.session) {
            let (by, station) = (session.did(), house.store.house().id);
            house.store.write(|tx| {
                let checkpoint = tx.sign_checkpoint(now)?;
                tx.commit(&lanyard_history::events::station_closed(station, Some(&checkpoint)), &by, now)
            })?;
        }
        self.session = None;
        house.store.close();
        Ok(())
    }
}

pub(crate) fn writes(house: &House) -> bool {
    house.mode == Mode::Write
}

fn station_named(new: &NewHouse) -> Change {
    Change::new("station.named", RecordRef { kind: Kind::Station, id: new.id }).field("name", new.station.as_str())
}

fn key_label(of: &KeyRef) -> String {
    format!("{}/{}", of.name, of.version)
}

fn key_made(of: &KeyRef, check: &[u8]) -> Change {
    Change::new("key.made", RecordRef { kind: Kind::Key, id: entropy::id() })
        .state("", "made")
        .field("name", key_label(of))
        .field("check_value", Value::Bytes(check.to_vec()))
}

fn station_opened(tx: &mut Tx<'_>, now: UnixMs) -> Result<(), StoreError> {
    let (writer, station) = (tx.house().writer, tx.house().id);
    let by = [Actor { who: writer, role: ActorRole::Did, kind: ActorKind::System }];
    let build: [u8; 32] = Sha256::digest(env!("CARGO_PKG_VERSION")).into();
    let hash = |text: &str| -> [u8; 32] { Sha256::digest(text).into() };
    let packs = BTreeMap::from([
        ("design".to_owned(), hash(&[assets::DESIGN_FRONT, assets::DESIGN_BACK].concat())),
        ("encoding".to_owned(), hash(assets::ENCODING)),
        ("workflow".to_owned(), hash(assets::WORKFLOW)),
    ]);
    let newest = tx.view().checkpoint()?.and_then(|note| Checkpoint::parse_note(&note).ok()).map(|(newest, _)| newest);
    tx.commit(&lanyard_history::events::station_opened(station, &build, &packs, newest.as_ref()), &by, now)?;
    Ok(())
}
