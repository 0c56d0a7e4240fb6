//! The controller: one state behind one lock. Commands of the window and the threads of the devices take it, change it,
//! and say what changed; whoever listens gets the new views after the lock is free again.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use lanyard_model::{Id, UnixMs};

use crate::StationError;
use crate::api::{CaseView, DeviceKind, DeviceState, Status, TestReport};
use crate::case::Case;
use crate::devices::{Device, Serving};
use crate::errands::Errand;
use crate::house::{Closed, House};
use crate::session::Session;

/// What the station tells whoever listens. Sent after every change; nothing has to be asked for again.
#[derive(Clone, Debug)]
#[expect(clippy::large_enum_variant, reason = "one is made at a time, and sent on at once")]
pub enum Event {
    /// Anything that is always on screen.
    Status(Status),
    /// A case.
    Case(CaseView),
}

/// Milliseconds since 1970 by the wall clock; tests give their own.
pub type Clock = Box<dyn Fn() -> UnixMs + Send + Sync>;

/// Called with each event. Must not call back into the station.
pub type Listener = Box<dyn Fn(&Event) + Send + Sync>;

pub(crate) struct Shared {
    core: Mutex<Core>,
    /// Held from before the state is free until the listener was called: two threads must not tell in the wrong order.
    telling: Mutex<()>,
    wake: Condvar,
    stop: AtomicBool,
    /// How many threads are with the card on their reader.
    at_cards: AtomicUsize,
    /// Those that serve devices and watch for them.
    threads: Mutex<Vec<JoinHandle<()>>>,
    clock: Clock,
    listener: Listener,
}

/// Everything the station knows while it runs. What must survive is in the store.
pub(crate) struct Core {
    pub closed: Option<Closed>,
    pub house: Option<House>,
    pub session: Option<Session>,
    pub devices: BTreeMap<String, Device>,
    pub cases: BTreeMap<Id, Case>,
    /// Open cases, the one worked on last first.
    pub order: Vec<Id>,
    /// The case that the next blank belongs to.
    pub bound: Option<Id>,
    /// Devices work for no other case.
    pub only_bound: bool,
    pub bench: Option<crate::bench::RehearsalBench>,
    /// What is wanted of the card of a reader outside of a case, by reader.
    pub errands: BTreeMap<String, Errand>,
    /// Who waits for what a device's thread finds when it asks the device, by device.
    pub tests: BTreeMap<String, Sender<TestReport>>,
    /// The readers were listed at least once.
    pub readers_listed: bool,
    /// The same of those for 125 kHz.
    pub tag_readers_listed: bool,
    visits: u64,
    attachments: u64,
    changed: Changed,
}

#[derive(Default)]
struct Changed {
    status: bool,
    cases: Vec<Id>,
}

/// A thread is with a card.
pub(crate) struct AtCard<'a>(&'a Shared);

impl Drop for AtCard<'_> {
    fn drop(&mut self) {
        if self.0.at_cards.fetch_sub(1, Ordering::SeqCst) == 1 && self.0.stopping() {
            self.0.wake.notify_all();
        }
    }
}

impl Core {
    /// The status has to be sent anew.
    pub(crate) fn status_changed(&mut self) {
        self.changed.status = true;
    }

    /// A case has to be sent anew; it is in the status too.
    pub(crate) fn case_changed(&mut self, case: Id) {
        self.changed.status = true;
        if !self.changed.cases.contains(&case) {
            self.changed.cases.push(case);
        }
    }

    /// Only its progress changed.
    pub(crate) fn progress_changed(&mut self, case: Id) {
        if !self.changed.cases.contains(&case) {
            self.changed.cases.push(case);
        }
    }

    /// The house and who is signed in.
    pub(crate) fn open(&mut self) -> Result<(&mut House, &mut Session), StationError> {
        match (&mut self.house, &mut self.session) {
            (Some(house), Some(session)) => Ok((house, session)),
            (None, _) if self.closed.is_none() => Err(StationError::NoHouse),
            _ => Err(StationError::Locked),
        }
    }

    /// The case, if it is open.
    pub(crate) fn case(&mut self, id: Id) -> Result<&mut Case, StationError> {
        self.cases.get_mut(&id).ok_or(StationError::Missing { kind: "case" })
    }

    /// Whether devices work for this case.
    pub(crate) fn is_worked_for(&self, case: Id) -> bool {
        !self.only_bound || self.bound == Some(case)
    }

    /// The device is still the one that was attached then.
    pub(crate) fn serves(&self, serving: &Serving) -> bool {
        self.devices.get(&serving.id).is_some_and(|device| device.attachment == serving.attachment)
    }

    /// A number for the card that was just laid.
    pub(crate) fn next_visit(&mut self) -> u64 {
        self.visits += 1;
        self.visits
    }
}

impl Shared {
    pub(crate) fn new(clock: Clock, listener: Listener) -> Arc<Self> {
        let core = Core {
            closed: None,
            house: None,
            session: None,
            devices: BTreeMap::new(),
            cases: BTreeMap::new(),
            order: Vec::new(),
            bound: None,
            only_bound: false,
            bench: None,
            errands: BTreeMap::new(),
            tests: BTreeMap::new(),
            readers_listed: false,
            tag_readers_listed: false,
            visits: 0,
            attachments: 0,
            changed: Changed::default(),
        };
        Arc::new(Self {
            core: Mutex::new(core),
            telling: Mutex::new(()),
            wake: Condvar::new(),
            stop: AtomicBool::new(false),
            at_cards: AtomicUsize::new(0),
            threads: Mutex::new(Vec::new()),
            clock,
            listener,
        })
    }

    pub(crate) fn now(&self) -> UnixMs {
        (self.clock)()
    }

    fn lock(&self) -> MutexGuard<'_, Core> {
        self.core.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does something with the state, then tells what changed. Listeners are called outside the lock.
    pub(crate) fn with<T>(&self, act: impl FnOnce(&mut Core) -> T) -> T {
        let (result, events, _telling) = {
            let mut core = self.lock();
            let result = act(&mut core);
            let changed = std::mem::take(&mut core.changed);
            let mut events = Vec::new();
            for case in changed.cases {
                if let Some(view) = core.case_view(case) {
                    events.push(Event::Case(view));
                }
            }
            if changed.status {
                events.push(Event::Status(core.status()));
            }
            let telling = (!events.is_empty()).then(|| self.telling.lock().unwrap_or_else(PoisonError::into_inner));
            (result, events, telling)
        };
        if !events.is_empty() {
            self.wake.notify_all();
            for event in &events {
                (self.listener)(event);
            }
        }
        result
    }

    /// Looks at the state without telling anybody.
    pub(crate) fn quietly<T>(&self, look: impl FnOnce(&mut Core) -> T) -> T {
        look(&mut self.lock())
    }

    pub(crate) fn stopping(&self) -> bool {
        self.stop.load(Ordering::SeqCst)
    }

    pub(crate) fn stop(&self) {
        self.stop.store(true, Ordering::SeqCst);
        self.wake.notify_all();
    }

    /// A thread turns to the card on its reader, and leaves it when the guard goes.
    pub(crate) fn at_card(&self) -> AtCard<'_> {
        self.at_cards.fetch_add(1, Ordering::SeqCst);
        AtCard(self)
    }

    /// Waits, once stopped, until no card is being spoken to: one that is dropped in the middle of a command is held by the
    /// service for a moment longer, and the next program finds it busy.
    pub(crate) fn leave_cards(&self, limit: Duration) {
        self.wait(limit, |_| (self.at_cards.load(Ordering::SeqCst) == 0).then_some(()));
    }

    /// A thread that ends with the station.
    pub(crate) fn keep_thread(&self, thread: JoinHandle<()>) {
        let mut threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner);
        threads.retain(|one| !one.is_finished());
        threads.push(thread);
    }

    /// Waits, once stopped, until the threads have ended, or the time is up. One that ends while the program does tears
    /// down what the libraries below are tearing down as well.
    pub(crate) fn join_threads(&self, limit: Duration) {
        let end = std::time::Instant::now() + limit;
        let threads = std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        for thread in threads {
            while !thread.is_finished() && std::time::Instant::now() < end {
                std::thread::sleep(Duration::from_millis(2));
            }
            if thread.is_finished() {
                let _ = thread.join();
            }
        }
    }

    /// Sleeps, or wakes when something changed.
    pub(crate) fn sleep(&self, limit: Duration) {
        let core = self.lock();
        if !self.stopping() {
            drop(self.wake.wait_timeout(core, limit));
        }
    }

    /// Waits until `done` says so, at most `limit`. What `done` answers, or `None` if the time is up.
    pub(crate) fn wait<T>(&self, limit: Duration, mut done: impl FnMut(&mut Core) -> Option<T>) -> Option<T> {
        let end = std::time::Instant::now() + limit;
        let mut core = self.lock();
        loop {
            if let Some(result) = done(&mut core) {
                return Some(result);
            }
            let left = end.checked_duration_since(std::time::Instant::now())?;
            let (again, _) = self
                .wake
                .wait_timeout(core, left.min(Duration::from_millis(250)))
                .unwrap_or_else(PoisonError::into_inner);
            core = again;
        }
    }

    /// What its thread serves. `None` if it is attached already, for a real reader in a rehearsal (a real card would be
    /// written with keys that everybody knows), and for a simulated device anywhere else (a badge that nobody can hold would
    /// be in the history). A printer that was given another address is attached anew, and its old thread serves it no longer.
    pub(crate) fn attach(&self, id: String, mut device: Device) -> Option<Serving> {
        self.with(|core| {
            let moved = |there: &Device| there.uri.is_some() && there.uri != device.uri;
            let rehearsal = core.front().is_some_and(|front| front.rehearsal);
            let kept_out = match device.simulated {
                true => !rehearsal,
                false => rehearsal && device.kind != DeviceKind::Printer,
            };
            if kept_out || core.devices.get(&id).is_some_and(|there| !moved(there)) {
                return None;
            }
            core.attachments += 1;
            device.attachment = core.attachments;
            let serving = Serving { id: id.clone(), attachment: device.attachment };
            core.devices.insert(id, device);
            core.status_changed();
            Some(serving)
        })
    }

    pub(crate) fn attached(&self, id: &str) -> bool {
        self.lock().devices.contains_key(id)
    }

    /// The device is still the one that this thread is for.
    pub(crate) fn serves(&self, serving: &Serving) -> bool {
        self.lock().serves(serving)
    }

    /// The reader has said what lies on it.
    pub(crate) fn told(&self, id: &str) {
        if let Some(device) = self.lock().devices.get_mut(id)
            && !std::mem::replace(&mut device.told, true)
        {
            self.wake.notify_all();
        }
    }

    pub(crate) fn detached(&self, serving: &Serving) {
        self.with(|core| {
            if core.serves(serving) {
                core.card_gone(&serving.id);
                core.devices.remove(&serving.id);
                core.tests.remove(&serving.id);
                core.status_changed();
            }
        });
    }

    /// A reader whose card a case waits for is watched closely, others at leisure.
    pub(crate) fn idle_watch_ms(&self, closely_ms: u64) -> u64 {
        let core = self.lock();
        if core.cases.values().any(Case::waits_for_card) { closely_ms } else { closely_ms.max(25) }
    }

    pub(crate) fn printer_is(&self, serving: &Serving, state: DeviceState, reasons: Vec<String>) {
        self.with(|core| {
            if !core.serves(serving) {
                return;
            }
            let Some(device) = core.devices.get_mut(&serving.id) else { return };
            if device.state != state || device.reasons != reasons {
                device.state = state;
                device.reasons = reasons;
                core.status_changed();
            }
        });
    }
}
