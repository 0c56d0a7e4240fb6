//! Readers that come and go.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use lanyard_device::DeviceError;
use pcsc::{Context, Error, PNP_NOTIFICATION, ReaderState, State};

use crate::service::{at_service, establish, names};

/// The longest that one call waits for the service's word before the list is read again: a reader that comes between list
/// and call is not told of.
const SLICE: Duration = Duration::from_secs(1);

/// What a [`Watcher`] saw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// These readers are plugged in now, in the service's order.
    Readers(Vec<String>),
    /// [`Canceller::cancel`] was called.
    Cancelled,
}

#[derive(Default)]
struct Shared {
    cancelled: AtomicBool,
    context: Mutex<Option<Context>>,
}

/// Blocks until a reader is plugged in or pulled out.
#[derive(Default)]
pub struct Watcher {
    shared: Arc<Shared>,
    told: Option<Vec<String>>,
}

/// Wakes a [`Watcher`] from another thread.
#[derive(Clone)]
pub struct Canceller(Arc<Shared>);

impl Watcher {
    /// A watcher that has told nothing yet: its first answer is what is plugged in.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// What ends its waiting.
    #[must_use]
    pub fn canceller(&self) -> Canceller {
        Canceller(Arc::clone(&self.shared))
    }

    /// Waits until the readers differ from the last answer.
    ///
    /// # Errors
    /// [`DeviceError::Gone`] with [`crate::SERVICE`] if the service is not running, at once: wait before the next call. What
    /// it answers once the service is back counts as new.
    pub fn next_change(&mut self) -> Result<Change, DeviceError> {
        let result = self.watch();
        if result.is_err() {
            self.told = None;
            *self.shared.context.lock().unwrap_or_else(PoisonError::into_inner) = None;
        }
        result
    }

    fn watch(&mut self) -> Result<Change, DeviceError> {
        let context = {
            let mut held = self.shared.context.lock().unwrap_or_else(PoisonError::into_inner);
            match &*held {
                Some(context) => context.clone(),
                None => held.insert(establish()?).clone(),
            }
        };
        let mut state = ReaderState::new(PNP_NOTIFICATION(), State::UNAWARE);
        loop {
            if self.shared.cancelled.load(Ordering::SeqCst) {
                return Ok(Change::Cancelled);
            }
            let now: Vec<String> = names(&context)?.iter().map(|name| name.to_string_lossy().into_owned()).collect();
            if self.told.as_ref() != Some(&now) {
                self.told = Some(now.clone());
                return Ok(Change::Readers(now));
            }
            match context.get_status_change(SLICE, std::slice::from_mut(&mut state)) {
                Ok(()) => state.sync_current_state(),
                Err(Error::Timeout | Error::Cancelled) => {}
                Err(error) => return Err(at_service(error, crate::SERVICE)),
            }
        }
    }
}

impl Canceller {
    /// Ends the watching, now and for good.
    pub fn cancel(&self) {
        self.0.cancelled.store(true, Ordering::SeqCst);
        let context = self.0.context.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(context) = context {
            // If it fails there is nobody waiting, or the service is gone; both end the wait by themselves.
            let _ = context.cancel();
        }
    }
}
