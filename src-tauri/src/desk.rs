//! The station behind the window. Its methods block: each command asks it on a thread where that is allowed.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use lanyard_station::Station;
use lanyard_station::api::Problem;

pub(crate) type Answer<T> = Result<T, Problem>;

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

    /// Closes the house.
    pub(crate) fn close(&self) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).take();
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
