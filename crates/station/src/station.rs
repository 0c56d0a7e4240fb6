//! What the window and the command line hold: one handle, one method a command.
//!
//! Every method may block for as long as its work takes; none waits for a card or a person. What happens by itself is told
//! by events.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use lanyard_encoding::ReadBack;
use lanyard_model::{Id, Kind, UnixMs};
use lanyard_secret::SecretBytes;
use lanyard_store::Mode;

use crate::api::{
    BenchAction, BenchView, CardOnReader, CaseView, DeviceKind, DeviceRole, DeviceState, EntryView, FirstStart,
    HistoryView, ImportReport, NewOperator, OperatorView, PersonHit, PersonInput, PersonView, Problem, Recovery,
    Status, StepInput, TestReport, Theme, VerdictView,
};
use crate::bench::{CHIP_READER, ENCODER, RehearsalBench};
use crate::devices::{attach_printer, attach_reader};
use crate::house::{Closed, folder};
use crate::shared::{Clock, Event, Listener, Shared};
use crate::{StationError, hotplug, people, steps};

/// The longest that a script waits for the first look at devices and cards: only where one of them does not answer.
const SETTLE: Duration = Duration::from_secs(10);
/// The longest that closing waits for a card that is being spoken to.
const LEAVE: Duration = Duration::from_secs(3);
const DUMP_LIMIT: Duration = Duration::from_secs(20);

/// Which of a home's two houses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HouseChoice {
    /// Badges that open doors.
    Real,
    /// Everything simulated.
    Rehearsal,
    /// The real one if it was made, else the rehearsal if that was, else none yet.
    AsFound,
}

/// Whether to change anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// The only writer.
    Write,
    /// Beside the window.
    Read,
}

/// How a station starts.
pub struct Options {
    home: PathBuf,
    choice: HouseChoice,
    access: Access,
    clock: Clock,
    listener: Listener,
    devices: bool,
}

impl Options {
    /// A station at this home, by the wall clock, with its devices, heard by nobody.
    #[must_use]
    pub fn new(home: PathBuf, choice: HouseChoice) -> Self {
        Self {
            home,
            choice,
            access: Access::Write,
            clock: Box::new(wall_clock),
            listener: Box::new(|_| {}),
            devices: true,
        }
    }

    /// To read only.
    #[must_use]
    pub fn access(mut self, access: Access) -> Self {
        self.access = access;
        self
    }

    /// With another clock: tests.
    #[must_use]
    pub fn clock(mut self, clock: impl Fn() -> UnixMs + Send + Sync + 'static) -> Self {
        self.clock = Box::new(clock);
        self
    }

    /// Told of every change. Must not call back into the station.
    #[must_use]
    pub fn listener(mut self, listener: impl Fn(&Event) + Send + Sync + 'static) -> Self {
        self.listener = Box::new(listener);
        self
    }

    /// Without readers and printers: for scripts that need none.
    #[must_use]
    pub fn without_devices(mut self) -> Self {
        self.devices = false;
        self
    }
}

fn wall_clock() -> UnixMs {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    UnixMs(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// The running station. Dropping it closes the house.
pub struct Station {
    pub(crate) shared: Arc<Shared>,
    home: PathBuf,
    devices: bool,
}

type Answer<T> = Result<T, Problem>;

impl Station {
    /// Starts: finds the house, attaches devices. Nobody is signed in yet.
    ///
    /// # Errors
    /// A house that cannot be read.
    pub fn start(options: Options) -> Answer<Self> {
        let Options { home, choice, access, clock, listener, devices } = options;
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
            core.status_changed();
        });
        let station = Self { shared, home, devices };
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
        let weak = Arc::downgrade(&self.shared);
        hotplug::watch_readers(&self.shared, move |name| {
            weak.upgrade().and_then(|shared| shared.quietly(|core| core.saved_role(name)))
        });
    }

    fn rehearsal_devices(&self) -> Result<(), StationError> {
        if !self.devices {
            return Ok(());
        }
        self.shared.quietly(|core| core.devices.retain(|_, device| device.simulated));
        let (bench, [encoder, chip], printer) = RehearsalBench::open(&folder(&self.home, true))?;
        debug_assert_eq!((ENCODER, CHIP_READER), ("Encoder", "Chip reader"));
        self.shared.with(|core| core.bench = Some(bench));
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
            hotplug::add_printer(&self.shared, &name, &uri)?;
        }
        self.shared.with(|core| core.apply_saved_roles());
        Ok(())
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
            (core.readers_listed && core.devices.values().all(settled)).then_some(())
        });
    }

    /// First start.
    ///
    /// # Errors
    /// A name, an operator or a password that does not do; a house that exists.
    pub fn first_start(&self, start: FirstStart) -> Answer<Recovery> {
        let rehearsal = start.rehearsal;
        let recovery = self.write(|core, now| core.make_house(&self.home, &start, now))?;
        if rehearsal {
            self.rehearsal_devices().map_err(problem)?;
        }
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
        self.saved_printers().map_err(problem)?;
        Ok(self.status())
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
        self.saved_printers().map_err(problem)?;
        Ok(self.status())
    }

    /// Language and look of the signed-in operator.
    ///
    /// # Errors
    /// Nobody signed in.
    pub fn prefer(&self, language: &str, theme: Theme) -> Answer<Status> {
        self.write(|core, _| core.prefer(language, theme))?;
        Ok(self.status())
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

    /// People, as you type; nothing typed: those worked on last.
    ///
    /// # Errors
    /// Nobody signed in.
    pub fn search(&self, query: &str, limit: usize) -> Answer<Vec<PersonHit>> {
        self.write(|core, _| core.search(query, limit))
    }

    /// A person's page.
    ///
    /// # Errors
    /// No such person.
    pub fn person(&self, id: &str) -> Answer<PersonView> {
        self.write(|core, _| core.person_view(people::id_of(id, "person")?))
    }

    /// The one person who answers to an id, a staff number, or words.
    ///
    /// # Errors
    /// Nobody, or several.
    pub fn person_of(&self, text: &str) -> Answer<String> {
        self.write(|core, _| {
            if let Ok(id) = text.parse::<Id>() {
                return Ok(id.to_string());
            }
            let (house, _) = core.open()?;
            let view = house.store.view();
            let mut found = view.records_by(Kind::Person, "staff_no", &text.into())?;
            if found.is_empty() {
                found = view.search(text, 20)?;
            }
            match found.as_slice() {
                [one] => Ok(one.of.id.to_string()),
                [] => Err(StationError::Missing { kind: "person" }),
                several => Err(StationError::Ambiguous { count: several.len() }),
            }
        })
    }

    /// Adds or corrects a person.
    ///
    /// # Errors
    /// What does not do, by field; somebody very like them.
    pub fn person_save(&self, person: PersonInput) -> Answer<PersonView> {
        let id = self.write(|core, now| core.person_save(&person, now))?;
        self.person(&id.to_string())
    }

    /// People from a CSV file.
    ///
    /// # Errors
    /// A file that cannot be understood: nothing is changed then.
    pub fn import_people(&self, bytes: &[u8]) -> Answer<ImportReport> {
        self.write(|core, now| core.import(bytes, now))
    }

    /// Sets a photo outside of a case: taken as found, with a reason where there are hints.
    ///
    /// # Errors
    /// A file that is no picture; hints without a reason.
    pub fn photo_set(&self, person: &str, bytes: &[u8], reason: Option<&str>) -> Answer<PersonView> {
        let read = steps::read_photo(bytes).map_err(problem)?;
        self.write(|core, now| core.photo_set(people::id_of(person, "person")?, read, reason, now))?;
        self.person(person)
    }

    /// The bytes of a picture.
    ///
    /// # Errors
    /// No such picture.
    pub fn blob(&self, id: &str) -> Answer<Vec<u8>> {
        self.write(|core, _| {
            if let Some(bytes) = core.working_picture(id) {
                return Ok(bytes);
            }
            let missing = || StationError::Missing { kind: "picture" };
            let sha256: [u8; 32] = hex::decode(id).ok().and_then(|id| id.try_into().ok()).ok_or_else(missing)?;
            let (house, _) = core.open()?;
            house.store.view().blob(&sha256)?.map(|(_, bytes)| bytes).ok_or_else(missing)
        })
    }

    /// Opens the issue of a badge; the open one, if there is one.
    ///
    /// # Errors
    /// No such person.
    pub fn case_open(&self, person: &str) -> Answer<CaseView> {
        let id = self.write(|core, now| {
            let id = core.open_case(people::id_of(person, "person")?, now)?;
            core.bind(id, now);
            Ok(id)
        })?;
        self.case_view(&id.to_string())
    }

    /// A case.
    ///
    /// # Errors
    /// No such case.
    pub fn case_view(&self, id: &str) -> Answer<CaseView> {
        self.write(|core, _| {
            let id = people::id_of(id, "case")?;
            core.case_view(id).ok_or(StationError::Missing { kind: "case" })
        })
    }

    /// What the operator does in a step.
    ///
    /// # Errors
    /// Input of another step, and what the step itself refuses.
    pub fn case_do(&self, id: &str, input: StepInput) -> Answer<CaseView> {
        self.write(|core, now| core.step_input(people::id_of(id, "case")?, input, now))?;
        self.case_view(id)
    }

    /// Step `photo`: a file or a camera picture.
    ///
    /// # Errors
    /// No picture; too large; cut off.
    pub fn case_photo(&self, id: &str, bytes: &[u8]) -> Answer<CaseView> {
        let read = steps::read_photo(bytes).map_err(problem)?;
        self.write(|core, _| core.take_photo(people::id_of(id, "case")?, read))?;
        self.case_view(id)
    }

    /// Whether the operator may print a card of a real house into a file, for this reason: asked before anything is begun.
    ///
    /// # Errors
    /// Without the right; without a reason.
    pub fn may_print_to_file(&self, reason: &str) -> Answer<()> {
        self.write(|core, _| core.may_print_to_file(reason))
    }

    /// From now on the next blank belongs to this case.
    ///
    /// # Errors
    /// No such case.
    pub fn case_bind(&self, id: &str) -> Answer<CaseView> {
        self.write(|core, now| {
            let id = people::id_of(id, "case")?;
            if core.case(id)?.over() {
                return Err(StationError::CaseClosed);
            }
            core.bind(id, now);
            core.worked_on(id);
            Ok(())
        })?;
        self.case_view(id)
    }

    /// Ends a case without a badge; what was made is void.
    ///
    /// # Errors
    /// A reason that does not void; a case that is over.
    pub fn case_void(&self, id: &str, reason: &str) -> Answer<CaseView> {
        self.write(|core, now| core.void_case(people::id_of(id, "case")?, lanyard_issue::void_reason(reason)?, now))?;
        self.case_view(id)
    }

    /// Waits until a case looks different from `seen`, or the time is up: for scripts.
    #[must_use]
    pub fn case_wait(&self, seen: &CaseView, limit: Duration) -> Option<CaseView> {
        let id: Id = seen.id.parse().ok()?;
        self.shared.wait(limit, |core| core.case_view(id).filter(|view| view != seen))
    }

    /// Voids a card that is out.
    ///
    /// # Errors
    /// A reason that does not void.
    pub fn card_void(&self, id: &str, reason: &str) -> Answer<PersonView> {
        let person = self
            .write(|core, now| core.void_card(people::id_of(id, "card")?, lanyard_issue::void_reason(reason)?, now))?;
        self.person(&person.to_string())
    }

    /// The card of a number.
    ///
    /// # Errors
    /// No such card.
    pub fn card_of(&self, number: &str) -> Answer<String> {
        self.write(|core, _| {
            let (house, _) = core.open()?;
            let found = house.store.view().records_by(Kind::Card, "number", &number.into())?;
            found.last().map(|card| card.of.id.to_string()).ok_or(StationError::Missing { kind: "card" })
        })
    }

    /// The card on a reader, and how it stands.
    ///
    /// # Errors
    /// No such reader, no card.
    pub fn card_read(&self, reader: &str) -> Answer<CardOnReader> {
        self.write(|core, _| core.card_on(reader))
    }

    /// Everything on the contactless card of a reader, read with the reader's keys. Without a name the only reader with a
    /// card.
    ///
    /// # Errors
    /// No card, not ours; which reader, where there are several.
    pub fn card_dump(&self, reader: Option<&str>) -> Answer<ReadBack> {
        let (reply, answer) = mpsc::channel();
        self.write(|core, _| {
            let id = core.reader_with_card(reader)?;
            core.dumps.insert(id, reply);
            Ok(())
        })?;
        match answer.recv_timeout(DUMP_LIMIT) {
            Ok(dump) => dump.map_err(problem),
            Err(_) => Err(problem(StationError::NoDevice { what: "desfire" })),
        }
    }

    /// An object's history with its verdict.
    ///
    /// # Errors
    /// No such kind or record.
    pub fn history(&self, kind: &str, id: &str) -> Answer<HistoryView> {
        self.write(|core, now| core.history_view(kind, id, now))
    }

    /// The newest entries of all.
    ///
    /// # Errors
    /// Nobody signed in.
    pub fn history_recent(&self, limit: usize) -> Answer<Vec<EntryView>> {
        self.write(|core, _| core.recent_entries(limit))
    }

    /// The verdict of the whole chain.
    ///
    /// # Errors
    /// Nobody signed in.
    pub fn history_verify(&self) -> Answer<VerdictView> {
        self.write(|core, now| core.verdict(now))
    }

    /// A bundle for an auditor.
    ///
    /// # Errors
    /// A file that exists or cannot be written.
    pub fn history_export(&self, path: &Path, openings: bool) -> Answer<VerdictView> {
        self.write(|core, now| core.export(path, openings, now))
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
        self.write(|core, now| core.restore(&self.home, path, login, password, now))?;
        Ok(self.status())
    }

    /// Whether a device works.
    ///
    /// # Errors
    /// No such device.
    pub fn device_test(&self, id: &str) -> Answer<TestReport> {
        self.write(|core, _| core.device_test(id))
    }

    /// What a device is used for here.
    ///
    /// # Errors
    /// No such device.
    pub fn device_role(&self, id: &str, role: Option<DeviceRole>) -> Answer<Status> {
        self.write(|core, _| core.device_role(id, role))?;
        Ok(self.status())
    }

    /// This device and no other is used for that, until the station ends: for a script that names its devices.
    ///
    /// # Errors
    /// No such device.
    pub fn device_for_now(&self, id: &str, role: DeviceRole) -> Answer<Status> {
        self.write(|core, _| core.device_for_now(id, role))?;
        Ok(self.status())
    }

    /// What is said where several devices would do and none was named; where there is none.
    #[must_use]
    pub fn which_device(&self, what: &'static str, names: &[&str]) -> Problem {
        problem(match names {
            [] => StationError::NoDevice { what },
            names => StationError::WhichDevice { what, names: names.join(", ") },
        })
    }

    /// Adds an IPP printer, or with `file://` a folder that is used as one.
    ///
    /// # Errors
    /// An address that no printer can have; a folder that is none.
    pub fn printer_add(&self, name: &str, uri: &str) -> Answer<Status> {
        self.write(|core, _| core.save_printer(name, uri))?;
        hotplug::add_printer(&self.shared, name, uri).map_err(problem)?;
        Ok(self.status())
    }

    /// Removes a configured printer.
    ///
    /// # Errors
    /// No such printer.
    pub fn printer_remove(&self, id: &str) -> Answer<Status> {
        self.write(|core, _| core.forget_printer(id))?;
        Ok(self.status())
    }

    /// The rehearsal's bench.
    ///
    /// # Errors
    /// Not in rehearsal.
    pub fn bench(&self) -> Answer<BenchView> {
        self.write(|core, _| Ok(core.bench.as_ref().ok_or(StationError::NoBench)?.view()))
    }

    /// What a hand does on the bench.
    ///
    /// # Errors
    /// Not in rehearsal; no such card, reader or printer.
    pub fn bench_do(&self, action: &BenchAction) -> Answer<BenchView> {
        self.write(|core, _| {
            core.bench.as_mut().ok_or(StationError::NoBench)?.act(action)?;
            Ok(())
        })?;
        self.bench()
    }

    /// The simulated desk behind the bench, for tests that set faults.
    ///
    /// # Errors
    /// Not in rehearsal.
    pub fn bench_desk(&self) -> Answer<lanyard_virtual::Bench> {
        self.write(|core, _| Ok(core.bench.as_ref().ok_or(StationError::NoBench)?.desk()))
    }

    /// The PDF of a case's card, as it goes to the printer.
    ///
    /// # Errors
    /// No such case, or nothing to draw yet.
    pub fn case_pdf(&self, id: &str) -> Answer<Vec<u8>> {
        self.write(|core, now| Ok(core.draw(people::id_of(id, "case")?, now)?.pdf))
    }

    /// The certificates of a card, PEM, newest first; and the CA's.
    ///
    /// # Errors
    /// No such card.
    pub fn certificates(&self, card: &str) -> Answer<(Vec<String>, String)> {
        self.write(|core, _| core.certificates(people::id_of(card, "card")?))
    }
}

impl Drop for Station {
    fn drop(&mut self) {
        self.shared.stop();
        self.shared.leave_cards(LEAVE);
        let now = self.shared.now();
        if let Err(error) = self.shared.quietly(|core| core.close_house(now)) {
            tracing::error!(code = lanyard_fault::Coded::code(&error), "the house could not be closed cleanly");
        }
    }
}

fn problem(error: StationError) -> Problem {
    Problem::from(&error)
}

impl crate::shared::Core {
    fn device_test(&mut self, id: &str) -> Result<TestReport, StationError> {
        let device = self.devices.get(id).ok_or(StationError::Missing { kind: "device" })?;
        let mut details = std::collections::BTreeMap::from([("device".to_owned(), device.name.clone())]);
        let (ok, code) = match (device.kind, device.state, &device.card) {
            (_, DeviceState::Gone, _) => (false, "test.gone"),
            (DeviceKind::Reader, ..) if device.two_cards => (false, "test.reader.two"),
            (DeviceKind::Reader, _, Some(seen)) => {
                details.insert("technology".to_owned(), seen.view.technology.clone());
                (true, "test.reader.card")
            }
            (DeviceKind::Reader, _, None) => (true, "test.reader.empty"),
            (DeviceKind::Printer, DeviceState::Stopped, _) => {
                details.insert("reasons".to_owned(), device.reasons.join(", "));
                (false, "test.printer.stopped")
            }
            (DeviceKind::Printer, ..) => (true, "test.printer.ready"),
        };
        Ok(TestReport { ok, code: code.to_owned(), details })
    }

    fn card_on(&self, reader: &str) -> Result<CardOnReader, StationError> {
        let device = self
            .devices
            .values()
            .find(|device| device.kind == DeviceKind::Reader && device.name == reader)
            .ok_or(StationError::Missing { kind: "reader" })?;
        let none = || lanyard_device::DeviceError::NoCard { reader: reader.to_owned() };
        Ok(device.card.as_ref().ok_or_else(none)?.view.clone())
    }

    fn reader_with_card(&self, reader: Option<&str>) -> Result<String, StationError> {
        let with_card: Vec<(&String, &str)> = self
            .devices
            .iter()
            .filter(|(_, device)| device.card.as_ref().is_some_and(|seen| seen.view.technology == "desfire"))
            .filter(|(_, device)| reader.is_none_or(|name| device.name == name))
            .map(|(id, device)| (id, device.name.as_str()))
            .collect();
        match with_card.as_slice() {
            [(id, _)] => Ok((*id).clone()),
            [] => Err(StationError::NoDevice { what: "desfire" }),
            several => Err(StationError::WhichDevice {
                what: "desfire",
                names: several.iter().map(|(_, name)| *name).collect::<Vec<_>>().join(", "),
            }),
        }
    }
}
