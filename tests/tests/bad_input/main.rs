//! Bad input, through the real station: each is refused with a code that names the thing, and changes nothing in the store.
//!
//! Held elsewhere, where the code is: drawings that are none, that reach for a file or the network, or that ask for an
//! unknown field (`crates/layout`); an encoding with an unknown key (`crates/encoding/tests/description.rs`); a photo of
//! 120 megapixels within 512 MB and every way in which a picture file is broken (`crates/photo/tests/file.rs`).
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test stops where it fails")]

mod cards;
mod command_line;
mod disk;
mod houses;
mod orders;
mod passwords;
mod people;
mod photos;

use lanyard_station::Station;
use lanyard_station::api::Problem;
use lanyard_tests::house::{Contents, Home, PASSWORD, refusal};

/// The rehearsal of a home, whose store is compared before and after what must not change it.
struct Unchanged<'a> {
    home: &'a Home,
    rehearsal: bool,
    before: Contents,
}

impl<'a> Unchanged<'a> {
    fn rehearsal(home: &'a Home) -> Self {
        Self::of(home, true)
    }

    fn real(home: &'a Home) -> Self {
        Self::of(home, false)
    }

    fn of(home: &'a Home, rehearsal: bool) -> Self {
        Self { home, rehearsal, before: Contents::of(&home.house(rehearsal), PASSWORD) }
    }

    /// Fails where a row of any table is another than before.
    fn assert(&self, what: &str) {
        let after = Contents::of(&self.home.house(self.rehearsal), PASSWORD);
        assert_eq!(self.before.changed(&after), vec![], "{what}");
    }

    /// The refusal's code and, if it is there, the detail of this name; nothing has changed.
    fn after<T>(&self, refused: Result<T, Problem>, detail: &str) -> (String, String) {
        let Problem { code, details, .. } = refusal(refused);
        self.assert(&code);
        (code, details.get(detail).cloned().unwrap_or_default())
    }
}

/// Names of the newest entries, newest first.
fn newest(station: &Station, count: usize) -> Vec<String> {
    station.history_recent(count).unwrap().into_iter().map(|entry| entry.what).collect()
}

/// How many entries of this name the history has.
fn entries(station: &Station, what: &str) -> usize {
    station.history_recent(100_000).unwrap().iter().filter(|entry| entry.what == what).count()
}

fn pair(code: &str, detail: &str) -> (String, String) {
    (code.to_owned(), detail.to_owned())
}
