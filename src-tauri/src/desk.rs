//! The station behind the window. Its methods block: each command asks it on a thread where that is allowed.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use lanyard_station::Station;
use lanyard_station::api::Problem;

pub(crate) type Answer<T> = Result<T, Problem>;

/// The longest that the end of the program waits for a command that is under way.
const LEAVE: Duration = Duration::from_secs(10);
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// The station, or why it did not start; none once the program ends.
pub(crate) struct Desk(RwLock<Option<Answer<Arc<Station>>>>);

impl Desk {
    pub(crate) fn new(started: Answer<Station>) -> Self {
        Self(RwLock::new(Some(started.map(Arc::new))))
    }

    /// Asks the station on a thread that may block.
    pub(crate) async fn ask<T: Send + 'static>(
        &self,
        act: impl FnOnce(&Station) -> Answer<T> + Send + 'static,
    ) -> Answer<T> {
        let station = self.station()?;
        let asked = tauri::async_runtime::spawn_blocking(move || act(&station)).await;
        asked.unwrap_or_else(|error| Err(failed(&error.to_string())))
    }

    fn station(&self) -> Answer<Arc<Station>> {
        let kept = self.0.read().unwrap_or_else(PoisonError::into_inner);
        kept.clone().unwrap_or_else(|| Err(failed("closed")))
    }

    /// Closes the house, once the commands under way are done.
    pub(crate) fn close(&self) {
        let kept = self.0.write().unwrap_or_else(PoisonError::into_inner).take();
        let Some(Ok(station)) = kept else { return };
        match alone(station, LEAVE) {
            Ok(station) => drop(station),
            Err(_) => tracing::warn!("a command did not end: the house is closed as after a power cut"),
        }
    }
}

/// What nobody else holds any longer, or what is still held when the time is up.
fn alone<T>(mut held: Arc<T>, limit: Duration) -> Result<T, Arc<T>> {
    let end = Instant::now() + limit;
    loop {
        match Arc::try_unwrap(held) {
            Ok(alone) => return Ok(alone),
            Err(still) if Instant::now() >= end => return Err(still),
            Err(still) => held = still,
        }
        std::thread::sleep(LOOK_AGAIN);
    }
}

/// What the shell itself says when it cannot carry a command.
pub(crate) fn failed(what: &str) -> Problem {
    Problem {
        code: "window.failed".to_owned(),
        fault: "us".to_owned(),
        helps: "same_again".to_owned(),
        details: BTreeMap::from([("what".to_owned(), what.to_owned())]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_house_is_closed_by_whoever_closes_and_not_by_a_command_that_ends_too_late() {
        let held = Arc::new(());
        let command = Arc::clone(&held);
        let (hold, release) = std::sync::mpsc::channel::<()>();
        let under_way = std::thread::spawn(move || {
            let _ = release.recv();
            drop(command);
        });
        let held = alone(held, Duration::ZERO).expect_err("a command still holds it");
        drop(hold);
        assert!(alone(held, Duration::from_secs(600)).is_ok());
        under_way.join().expect("it ends");
    }
}
