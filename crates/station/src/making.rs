//! A house comes into being, whole or not at all: at first start, or from a backup.

use std::fs::{File, TryLockError};
use std::path::Path;

use lanyard_keys::{KeyRef, Slots, Vault};
use lanyard_model::{Actor, ActorKind, ActorRole, Change, Id, Kind, RecordRef, UnixMs, Value};
use lanyard_secret::SecretBytes;
use lanyard_store::{Mode, NewHouse, Store, StoreError, sync_dir};

use crate::api::{FirstStart, Recovery, Shown};
use crate::backup::{backup_holds, outside};
use crate::cards::CARD_NUMBERS;
use crate::encodings::Encodings;
use crate::house::{Closed, Front, House, cost, file, folder, kind, login_hash, seal_of, write_front};
use crate::operators::{NAME_LONGEST, checked, is_name, operator_added};
use crate::session::station_opened;
use crate::shared::Core;
use crate::{StationError, entropy, people};

/// What was issued after the backup was made has numbers of which the backup knows nothing: so many are left out after a
/// restore, so that none is given twice.
const NUMBERS_SKIPPED: u32 = 1_000;

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
        self.make_beside(&folder(home, start.rehearsal), now, |core, making| core.make_house_in(making, start, now))
    }

    /// Makes this home from a backup. Whether it is a rehearsal.
    pub(crate) fn restore(
        &mut self,
        home: &Path,
        from: &Path,
        login: &str,
        password: &SecretBytes,
        now: UnixMs,
    ) -> Result<bool, StationError> {
        if self.house.is_some() || self.closed.is_some() {
            return Err(StationError::HouseExists);
        }
        if !lanyard_store::is_house(from)? {
            return Err(StoreError::Missing.into());
        }
        let slots = lanyard_store::read_slots(from)?;
        let front = Closed::front_of(from, &slots, password)?;
        let hash = login_hash(slots.house(), login);
        let id = front.logins.iter().find(|(known, _)| *known == hash).map_or(Id([0; 16]), |(_, id)| *id);
        let opened = slots.open(id, password)?;
        let dir = folder(home, front.rehearsal);
        outside(&dir.with_extension("making"), from)?;
        self.make_beside(&dir, now, |core, making| {
            lanyard_store::restore(from, making, &opened.store_key, Box::new(entropy::fill))?;
            write_front(making, &front)?;
            core.closed = Closed::at(making, Mode::Write)?;
            core.enter(id, &slots, opened, now)?;
            let (house, session) = core.open()?;
            let (by, station) = (session.did(), house.station_record());
            let restored = Change::new("station.restored", station);
            house.store.write(|tx| {
                tx.skip_numbers(CARD_NUMBERS, NUMBERS_SKIPPED)?;
                tx.commit(&restored.field("numbers_skipped", i64::from(NUMBERS_SKIPPED)), &by, now)
            })?;
            Ok(front.rehearsal)
        })
    }

    /// Makes a house beside its place, and moves it there when it is whole: half a house, or one without front or recovery
    /// code, would be in the way of trying again. What a program that was killed left beside is swept first.
    fn make_beside<T>(
        &mut self,
        dir: &Path,
        now: UnixMs,
        make: impl FnOnce(&mut Self, &Path) -> Result<T, StationError>,
    ) -> Result<T, StationError> {
        let _alone = alone(dir.parent().unwrap_or(dir))?;
        if std::fs::read_dir(dir).is_ok_and(|mut there| there.next().is_some()) {
            return Err(StoreError::Exists.into());
        }
        let making = dir.with_extension("making");
        let swept = || match std::fs::remove_dir_all(&making) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(file(&making, &error)),
            _ => Ok(()),
        };
        swept()?;
        let made = make(self, &making).and_then(|made| {
            self.move_house(&making, dir, now)?;
            Ok(made)
        });
        if made.is_err() {
            self.lock();
            (self.house, self.closed) = (None, None);
            swept()?;
        }
        self.status_changed();
        made
    }

    fn move_house(&mut self, from: &Path, to: &Path, now: UnixMs) -> Result<(), StationError> {
        let (Some(house), Some(session)) = (self.house.take(), &self.session) else {
            return Err(StationError::NoHouse);
        };
        let House { store, slots, front, .. } = house;
        store.close();
        // Not every system renames onto an empty folder.
        let _ = std::fs::remove_dir(to);
        std::fs::rename(from, to).map_err(|error| file(to, &error))?;
        if let Some(home) = to.parent() {
            sync_dir(home).map_err(|error| file(to, &error))?;
        }
        let mut house = Closed { dir: to.to_owned(), front, mode: Mode::Write }.open(slots, &session.opened)?;
        house.opened = true;
        house.store.set_signer(Some(Box::new(session.vault.signer())));
        house.backup_proved = house.rehearsal() || backup_holds(&session.vault, now);
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
            slots.add(*id, &operator.password.0, &opened, cost, &mut entropy::fill)?;
        }
        let first = *ids.first().ok_or(StationError::NoOperator)?;
        let mut vault = Vault::create(new.id, kind, name, now, &mut entropy::fill)?;
        for key in crate::encodings::first_keys(start.rehearsal)? {
            vault.make_key(&KeyRef::new(&key, 1)?, now, &mut entropy::fill)?;
        }
        // Those that the vault made itself are among them.
        let made: Vec<Change> = vault.keys().map(|key| key_made(&key_label(&key.of), &key.check.0)).collect();
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
        let (v, seal) = (1, seal_of(&vault));
        let front = Front { v, station: name.to_owned(), rehearsal: start.rehearsal, seal, logins: Vec::new() };
        let mut house = House {
            store,
            mode: Mode::Write,
            front,
            slots,
            operators: Vec::new(),
            recovery_confirmed: false,
            backup_proved: start.rehearsal,
            opened: true,
            verdict: None,
            encodings: Encodings::default(),
            stock: lanyard_issue::Stock::default(),
        };
        house.refresh()?;
        self.house = Some(house);
        self.begin_session(first, opened, vault, now)?;
        self.keep_shipped(now)?;
        if start.rehearsal {
            people::add_samples(self, now)?;
        }
        Ok(Recovery { code: Shown(recovery.printed()) })
    }
}

/// Held while a house comes into being in this home: of two programs that make one, the second sweeps what the first has half
/// made.
fn alone(home: &Path) -> Result<File, StationError> {
    let open = || {
        std::fs::create_dir_all(home)?;
        // Not everywhere can a folder be opened.
        if cfg!(unix) { File::open(home) } else { File::create(home.join("making.lock")) }
    };
    let held = open().map_err(|error| file(home, &error))?;
    match held.try_lock() {
        Ok(()) => Ok(held),
        Err(TryLockError::WouldBlock) => Err(StoreError::InUse.into()),
        Err(TryLockError::Error(error)) => Err(file(home, &error)),
    }
}

fn station_named(new: &NewHouse) -> Change {
    Change::new("station.named", RecordRef { kind: Kind::Station, id: new.id }).field("name", new.station.as_str())
}

pub(crate) fn key_label(of: &KeyRef) -> String {
    format!("{}/{}", of.name, of.version)
}

/// `label`: [`key_label`].
pub(crate) fn key_made(label: &str, check: &[u8]) -> Change {
    Change::new("key.made", RecordRef { kind: Kind::Key, id: entropy::id() })
        .state("", "made")
        .field("name", label)
        .field("check_value", Value::Bytes(check.to_vec()))
}
