//! The station carries out every encoding: what the house keeps, and what a case makes of it.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test stops where it fails")]

mod desk;
mod kept;
mod later;
mod tag;

use lanyard_station::Station;

/// What a description is made of that is like `starter` but for a few words.
fn like_starter(changes: &[(&str, &str)]) -> String {
    changes.iter().fold(STARTER.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "starter has no {from:?}");
        text.replace(from, to)
    })
}

const STARTER: &str = include_str!("../../../assets/encodings/starter.toml");

/// A field of the newest entry of this name.
fn newest_field(station: &Station, what: &str, field: &str) -> String {
    let entries = station.history_recent(100_000).unwrap();
    let entry = entries.iter().find(|entry| entry.what == what).expect("there is such an entry");
    let found = entry.fields.iter().find(|told| told.name == field).expect("it has such a field");
    found.value.clone().unwrap_or_default()
}
