//! Who is signed in: from password or recovery code to vault and signer, and the lock that takes both away again.

use std::collections::BTreeMap;

use lanyard_history::Checkpoint;
use lanyard_issue::PolicyError;
use lanyard_keys::{KeysError, Opened, RecoveryCode, Slots, Vault};
use lanyard_model::{Actor, ActorKind, ActorRole, Change, Id, Kind, RecordRef, UnixMs};
use lanyard_secret::SecretBytes;
use lanyard_store::{StoreError, Tx};
use sha2::{Digest, Sha256};

use crate::api::{OperatorView, SessionView, Theme};
use crate::backup::backup_holds;
use crate::house::{Front, cost, login_hash, seal_of, writes};
use crate::shared::Core;
use crate::{StationError, assets, entropy, program};

/// Who is signed in, and what is open because of it. Dropping it wipes the vault.
pub(crate) struct Session {
    pub operator: OperatorView,
    pub id: Id,
    pub vault: Vault,
    pub opened: Opened,
    language: String,
    theme: Theme,
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

    pub(crate) fn language(&self) -> &str {
        &self.language
    }

    /// What the store holds now takes the place of the vault in use, and takes over the token that is logged in.
    pub(crate) fn use_vault(&mut self, mut vault: Vault) -> Result<(), StationError> {
        if let Some(token) = self.vault.detach() {
            vault.attach(token)?;
        }
        self.vault = vault;
        Ok(())
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

impl Core {
    /// Opens with an operator's password.
    pub(crate) fn sign_in(&mut self, login: &str, password: &SecretBytes, now: UnixMs) -> Result<(), StationError> {
        let slots = self.slots()?;
        if self.front().is_some_and(Front::is_lost) {
            // Nobody knows whose name this is before the store is open, which any of them opens.
            let opened = slots.operators().find_map(|id| slots.open(id, password).ok());
            self.open_store(&slots, &opened.ok_or(KeysError::PasswordWrong)?)?;
        }
        let hash = login_hash(slots.house(), login);
        let logins = self.front().map(|front| front.logins.as_slice()).unwrap_or_default();
        let known = logins.iter().find(|(known, _)| *known == hash).map(|(_, id)| *id);
        // An unknown name costs the same time as a wrong password, and says the same.
        let id = known.unwrap_or(Id([0; 16]));
        let opened = slots.open(id, password)?;
        self.enter(id, &slots, opened, now)
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
        let mut slots = self.slots()?;
        let opened = slots.open_recovery(&code)?;
        if self.front().is_some_and(Front::is_lost) {
            self.open_store(&slots, &opened)?;
        }
        let rehearsal = self.front().is_some_and(|front| front.rehearsal);
        let hash = login_hash(slots.house(), login);
        let known = self.front().and_then(|front| front.logins.iter().find(|(known, _)| *known == hash).cloned());
        let (_, id) = known.ok_or(StationError::Missing { kind: "operator" })?;
        slots.change_password(id, password, &opened, cost(rehearsal), &mut entropy::fill)?;
        self.enter(id, &slots, opened, now)?;
        self.recovered(id, slots, now).inspect_err(|_| self.lock())
    }

    fn recovered(&mut self, id: Id, slots: Slots, now: UnixMs) -> Result<(), StationError> {
        let (house, session) = self.open()?;
        let by = session.did();
        house.store.write(|tx| {
            tx.commit(&Change::new("operator.recovered", RecordRef { kind: Kind::Operator, id }), &by, now)
        })?;
        house.store.write_slots(&slots)?;
        house.slots = slots;
        Ok(())
    }

    /// Somebody of this house beside the operator, by their password.
    pub(crate) fn second_operator(&mut self, login: &str, password: &SecretBytes) -> Result<Id, StationError> {
        let slots = self.slots()?;
        let hash = login_hash(slots.house(), login);
        let logins = self.front().map(|front| front.logins.as_slice()).unwrap_or_default();
        let known = logins.iter().find(|(known, _)| *known == hash).map(|(_, id)| *id);
        let id = known.unwrap_or(Id([0; 16]));
        drop(slots.open(id, password)?);
        let (_, session) = self.open()?;
        if id == session.id { Err(PolicyError::TwoPeople.into()) } else { Ok(id) }
    }

    fn slots(&self) -> Result<Slots, StationError> {
        match (&self.house, &self.closed) {
            (Some(house), _) => Ok(house.slots.clone()),
            (None, Some(closed)) => Ok(lanyard_store::read_slots(&closed.dir)?),
            (None, None) => Err(StationError::NoHouse),
        }
    }

    /// Opens the store, if it is not open yet. Nobody is signed in by that.
    fn open_store(&mut self, slots: &Slots, opened: &Opened) -> Result<(), StationError> {
        if let (None, Some(closed)) = (&self.house, &self.closed) {
            self.house = Some(closed.open(slots.clone(), opened)?);
            self.closed = None;
        }
        Ok(())
    }

    pub(crate) fn enter(&mut self, id: Id, slots: &Slots, opened: Opened, now: UnixMs) -> Result<(), StationError> {
        self.open_store(slots, &opened)?;
        let house = self.house.as_mut().ok_or(StationError::NoHouse)?;
        let sealed = house.store.view().vault()?.ok_or(StoreError::Damaged { what: "vault" })?;
        let vault = Vault::open(&sealed, &opened.vault_key, house.kind())?;
        let begun = self.begin_session(id, opened, vault, now).and_then(|()| self.signed_in(id, now));
        begun.inspect_err(|_| self.lock())?;
        self.status_changed();
        Ok(())
    }

    /// Nobody is signed in of whom the history does not say so, or whose cases are not there.
    fn signed_in(&mut self, id: Id, now: UnixMs) -> Result<(), StationError> {
        self.load_cases()?;
        let (house, session) = self.open()?;
        if writes(house) {
            let by = session.did();
            let what = RecordRef { kind: Kind::Operator, id };
            let first = !house.opened;
            house.store.write(|tx| {
                if first {
                    station_opened(tx, now)?;
                }
                tx.commit(&Change::new("operator.signed_in", what), &by, now)
            })?;
            house.opened = true;
            house.drop_stale_slots()?;
            self.keep_shipped(now)?;
        }
        Ok(())
    }

    pub(crate) fn begin_session(
        &mut self,
        id: Id,
        opened: Opened,
        vault: Vault,
        now: UnixMs,
    ) -> Result<(), StationError> {
        let house = self.house.as_mut().ok_or(StationError::NoHouse)?;
        let text = id.to_string();
        let operator = house
            .operators
            .iter()
            .find(|operator| operator.id == text)
            .cloned()
            .ok_or(StationError::Keys(KeysError::PasswordWrong))?;
        house.set_seal(seal_of(&vault))?;
        house.store.set_signer(Some(Box::new(vault.signer())));
        house.backup_proved = house.rehearsal() || backup_holds(&vault, now);
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

pub(crate) fn station_opened(tx: &mut Tx<'_>, now: UnixMs) -> Result<(), StoreError> {
    let (writer, station) = (tx.house().writer, tx.house().id);
    let by = [Actor { who: writer, role: ActorRole::Did, kind: ActorKind::System }];
    let build = program::sha256();
    let hash = |text: &str| -> [u8; 32] { Sha256::digest(text).into() };
    let packs = BTreeMap::from([
        ("design".to_owned(), hash(&[assets::DESIGN_FRONT, assets::DESIGN_BACK].concat())),
        ("encoding".to_owned(), hash(&assets::ENCODINGS.map(|(_, text)| text).concat())),
        ("workflow".to_owned(), hash(assets::WORKFLOW)),
    ]);
    let newest = tx.view().checkpoint()?.and_then(|note| Checkpoint::parse_note(&note).ok()).map(|(newest, _)| newest);
    tx.commit(&lanyard_history::events::station_opened(station, &build, &packs, newest.as_ref()), &by, now)?;
    Ok(())
}
