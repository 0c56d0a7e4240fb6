//! What the window and the command line hold: one handle, one method a command.
//!
//! Every method may block for as long as its work takes; none waits for a card or a person. What happens by itself is told
//! by events.

mod cards;
mod cases;
mod devices;
mod encoding_pictures;
mod encodings;
mod keys;
mod stock;

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use lanyard_model::UnixMs;
use lanyard_pcsc::Canceller;
use lanyard_secret::SecretBytes;
use lanyard_store::Mode;

use crate::api::{DeviceRole, FirstStart, NewOperator, OperatorView, Problem, Recovery, Status, Theme};
use crate::bench::RehearsalBench;
use crate::devices::{attach_printer, attach_reader};
use crate::house::{Closed, folder};
use crate::options::{Access, HouseChoice, Options};
use crate::shared::Shared;
use crate::{StationError, dumps, hotplug, lf, people};

/// The longest that a script waits for the first look at devices and cards: only where one of them does not answer.
const SETTLE: Duration = Duration::from_secs(10);
/// The longest that closing waits for a card that is being spoken to.
const LEAVE: Duration = Duration::from_secs(3);

/// The running station. Dropping it closes the house.
pub struct Station {
    pub(crate) shared: Arc<Shared>,
    home: PathBuf,
    devices: bool,
    access: Access,
    /// Real readers are watched for from one thread, which ends with the station.
    watching: OnceLock<Canceller>,
}

type Answer<T> = Result<T, Problem>;

impl Station {
    /// Starts: finds the house, attaches devices. Nobody is signed in yet.
    ///
    /// # Errors
    /// A house that cannot be read.
    pub fn start(options: Options) -> Answer<Self> {
        dumps::hold_no_memory();
        let Options { home, choice, access, clock, listener, devices, only_bound } = options;
        let shared = Shared::new(clock, listener);
        let mode = if access == Access::Write { Mode::Write } else { Mode::Read };
        let found = |rehearsal: bool| Closed::find(&home, rehearsal, mode);
        let closed = match choice {
            HouseChoice::Real => found(false),
            HouseChoice::Rehearsal => found(true),
            HouseChoice::AsFound => found(false).and_then(|real| if real.is_some() { Ok(real) } else { found(true) }),
        }
        .map_err(problem)?;
        let rehearsal = closed.as_ref().map(|closed| closed.view().rehearsal);
        shared.with(|core| {
            core.closed = closed;
            core.only_bound = only_bound;
            core.status_changed();
        });
        let station = Self { shared, home, devices, access, watching: OnceLock::new() };
        match rehearsal {
            Some(true) => station.rehearsal_devices().map_err(problem)?,
            // Before first start readers are shown, so that the window can say whether there are any.
            Some(false) => station.real_devices(),
            None if choice != HouseChoice::Rehearsal => station.real_devices(),
            None => {}
        }
        Ok(station)
    }

    fn real_devices(&self) {
        if !self.devices {
            return;
        }
        self.watching.get_or_init(|| {
            lf::watch(&self.shared, lf::Serial);
            let weak = Arc::downgrade(&self.shared);
            hotplug::watch_readers(&self.shared, move |name| {
                weak.upgrade().and_then(|shared| shared.quietly(|core| core.saved_role(name)))
            })
        });
    }

    /// What a house that has just come into being works with.
    fn devices_of_new_house(&self, rehearsal: bool) -> Result<(), StationError> {
        if rehearsal {
            self.rehearsal_devices()
        } else {
            self.real_devices();
            Ok(())
        }
    }

    fn rehearsal_devices(&self) -> Result<(), StationError> {
        if !self.devices {
            return Ok(());
        }
        self.shared.quietly(|core| core.devices.retain(|_, device| device.simulated));
        let (bench, [encoder, chip], printer) = RehearsalBench::open(&folder(&self.home, true), self.access)?;
        let port = bench.tags().port();
        self.shared.with(|core| core.bench = Some(bench));
        lf::watch(&self.shared, port);
        attach_reader(&self.shared, Box::new(encoder), true, Some(DeviceRole::Encoder));
        attach_reader(&self.shared, Box::new(chip), true, Some(DeviceRole::Chip));
        attach_printer(&self.shared, Box::new(printer), true, None);
        self.shared.readers_listed();
        Ok(())
    }

    fn saved_printers(&self) -> Result<(), StationError> {
        if !self.devices {
            return Ok(());
        }
        for (name, uri) in self.shared.quietly(|core| core.saved_printers())? {
            // One whose address was good when it was added, and is none any more, is in nobody's way.
            if let Err(error) = hotplug::add_printer(&self.shared, &name, &uri) {
                tracing::warn!(code = lanyard_fault::Coded::code(&error), "a saved printer is not there");
            }
        }
        self.shared.with(|core| core.apply_saved_roles())
    }

    /// Somebody has signed in: or, where it is refused after all, nobody.
    fn with_saved_devices(&self) -> Answer<Status> {
        self.saved_printers().map_err(|error| {
            self.shared.with(|core| core.lock());
            problem(error)
        })?;
        Ok(self.status())
    }

    fn write<T>(&self, act: impl FnOnce(&mut crate::shared::Core, UnixMs) -> Result<T, StationError>) -> Answer<T> {
        let now = self.shared.now();
        self.shared.with(|core| act(core, now)).map_err(problem)
    }

    /// Everything that is always on screen.
    #[must_use]
    pub fn status(&self) -> Status {
        self.shared.quietly(|core| core.status())
    }

    /// What is said where a house is needed and there is none.
    #[must_use]
    pub fn no_house(&self) -> Problem {
        problem(StationError::NoHouse)
    }

    /// Waits until devices and the cards on them were looked at, a few seconds at most: for scripts, which cannot wait for
    /// events.
    pub fn settle(&self) {
        if !self.devices {
            return;
        }
        self.shared.wait(SETTLE, |core| {
            let open = core.session.is_some();
            let settled = |device: &crate::devices::Device| {
                device.told && (!open || device.card.as_ref().is_none_or(|seen| seen.looked))
            };
            (core.readers_listed && core.tag_readers_listed && core.devices.values().all(settled)).then_some(())
        });
    }

    /// First start.
    ///
    /// # Errors
    /// A name, an operator or a password that does not do; a house that exists.
    pub fn first_start(&self, start: FirstStart) -> Answer<Recovery> {
        let rehearsal = start.rehearsal;
        let recovery = self.write(|core, now| core.make_house(&self.home, &start, now))?;
        self.devices_of_new_house(rehearsal).map_err(problem)?;
        Ok(recovery)
    }

    /// The recovery code typed back; empty: the operator says that it is printed.
    ///
    /// # Errors
    /// A mistyped or wrong code.
    pub fn recovery_confirm(&self, code: &str) -> Answer<Status> {
        self.write(|core, _| core.recovery_confirm(code))?;
        Ok(self.status())
    }

    /// Signs in.
    ///
    /// # Errors
    /// `keys.password.wrong`; a store that is in use, newer, or damaged.
    pub fn sign_in(&self, login: &str, password: &SecretBytes) -> Answer<Status> {
        self.write(|core, now| core.sign_in(login, password, now))?;
        self.with_saved_devices()
    }

    /// Locks: vault and what the window holds leave memory.
    #[must_use]
    pub fn lock(&self) -> Status {
        self.shared.with(|core| core.lock());
        self.status()
    }

    /// A forgotten password: the recovery code, and a new one.
    ///
    /// # Errors
    /// A mistyped or wrong code; an unknown operator.
    pub fn recover(&self, code: &str, login: &str, password: &SecretBytes) -> Answer<Status> {
        self.write(|core, now| core.recover(code, login, password, now))?;
        self.with_saved_devices()
    }

    /// Language and look of the signed-in operator.
    ///
    /// # Errors
    /// Nobody signed in.
    pub fn prefer(&self, language: &str, theme: Theme) -> Answer<Status> {
        self.write(|core, _| core.prefer(language, theme))?;
        Ok(self.status())
    }

    /// The facility code in the 26-bit numbers of cards that are written from now on.
    ///
    /// # Errors
    /// Nobody signed in.
    pub fn facility_set(&self, code: u8) -> Answer<()> {
        self.write(|core, now| core.set_facility(code, now))
    }

    /// All operators.
    ///
    /// # Errors
    /// Nobody signed in.
    pub fn operators(&self) -> Answer<Vec<OperatorView>> {
        self.write(|core, _| Ok(core.open()?.0.operators()))
    }

    /// One more operator.
    ///
    /// # Errors
    /// A name or password that does not do.
    pub fn operator_add(&self, operator: NewOperator) -> Answer<Vec<OperatorView>> {
        self.write(|core, now| core.operator_add(&operator, now))?;
        self.operators()
    }

    /// One operator less.
    ///
    /// # Errors
    /// The last one stays.
    pub fn operator_remove(&self, id: &str) -> Answer<Vec<OperatorView>> {
        self.write(|core, now| {
            let id = people::id_of(id, "operator")?;
            core.operator_remove(id, now)?;
            Ok(core.house.as_ref().map(crate::house::House::operators).unwrap_or_default())
        })
    }

    /// Gives an operator a right that not everybody has (`print.file`), or takes it away.
    ///
    /// # Errors
    /// No such right or operator; nobody gives themselves one where there is somebody else.
    pub fn operator_right(&self, id: &str, right: &str, give: bool) -> Answer<Vec<OperatorView>> {
        self.write(|core, now| core.operator_right(people::id_of(id, "operator")?, right, give, now))
    }

    /// The signed-in operator's new password.
    ///
    /// # Errors
    /// The old one is wrong, the new one does not do.
    pub fn password_change(&self, old: &SecretBytes, new: &SecretBytes) -> Answer<()> {
        self.write(|core, now| core.password_change(old, new, now))
    }

    /// A copy of store and vault.
    ///
    /// # Errors
    /// A folder that is not empty; a full disk.
    pub fn backup(&self, path: &Path) -> Answer<()> {
        self.write(|core, now| core.backup(path, now))
    }

    /// Restores that backup aside and compares every key.
    ///
    /// # Errors
    /// A wrong password, a damaged backup, a key that differs.
    pub fn backup_prove(&self, path: &Path, password: &SecretBytes) -> Answer<Status> {
        self.write(|core, now| core.backup_prove(path, password, now))?;
        Ok(self.status())
    }

    /// First start from a backup.
    ///
    /// # Errors
    /// A home that is not empty; a damaged backup.
    pub fn restore(&self, path: &Path, login: &str, password: &SecretBytes) -> Answer<Status> {
        let rehearsal = self.write(|core, now| core.restore(&self.home, path, login, password, now))?;
        self.devices_of_new_house(rehearsal).map_err(problem)?;
        self.with_saved_devices()
    }
}

impl Drop for Station {
    fn drop(&mut self) {
        self.shared.stop();
        if let Some(watching) = self.watching.get() {
            watching.cancel();
        }
        self.shared.leave_cards(LEAVE);
        let now = self.shared.now();
        if let Err(error) = self.shared.quietly(|core| core.close_house(now)) {
            tracing::error!(code = lanyard_fault::Coded::code(&error), "the house could not be closed cleanly");
        }
        self.shared.join_threads(LEAVE);
    }
}

fn problem(error: StationError) -> Problem {
    Problem::from(&error)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test stops where it fails")]
mod tests;
