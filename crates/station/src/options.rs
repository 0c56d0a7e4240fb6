//! How a station starts.

use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use lanyard_model::UnixMs;

use crate::shared::{Clock, Event, Listener};

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
    pub(crate) home: PathBuf,
    pub(crate) choice: HouseChoice,
    pub(crate) access: Access,
    pub(crate) clock: Clock,
    pub(crate) listener: Listener,
    pub(crate) devices: bool,
    pub(crate) only_bound: bool,
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
            only_bound: false,
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

    /// Readers and printers work for the case that is bound and for none else that is open: for a command about one person, or
    /// about no case at all.
    #[must_use]
    pub fn for_the_bound_case_only(mut self) -> Self {
        self.only_bound = true;
        self
    }
}

fn wall_clock() -> UnixMs {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    UnixMs(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
