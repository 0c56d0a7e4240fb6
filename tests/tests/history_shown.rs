//! A person's history: what was made for them in it, in order, each entry with the object that it is about.
#![allow(clippy::unwrap_used, reason = "a test stops where it fails")]

use lanyard_station::api::EntryView;
use lanyard_tests::house::{BJORN, EILEEN, Home, answer, issued, lanyard};

#[test]
fn a_persons_history_has_their_cases_photos_cards_and_credentials_in_order_and_nobody_elses() {
    let home = Home::new();
    let station = home.rehearsal();
    let number = issued(&station, EILEEN).card.unwrap().number;
    let of_bjorn = issued(&station, BJORN).card.unwrap().number;
    let person = station.person_of(EILEEN).unwrap();
    let history = station.history("person", &person).unwrap();
    assert!(history.verdict.unwrap().holds);
    assert!(history.entries.is_sorted_by(|newer, older| newer.seq > older.seq), "each once, newest first");
    let named = |what: &str| -> Vec<&str> {
        let of = |entry: &&EntryView| entry.what == what;
        history.entries.iter().filter(of).map(|entry| entry.object.as_str()).collect()
    };
    for what in ["card.prepared", "card.encoded", "card.printed", "card.issued"] {
        assert_eq!(named(what), [&number], "{what}");
    }
    let written = [format!("piv {number}"), format!("desfire {number}")];
    assert_eq!(named("credential.written"), written);
    assert_eq!(named("certificate.issued"), [&written[0]]);
    assert_eq!(named("person.created").len(), 1);
    for what in ["photo.accepted", "request.opened", "request.done"] {
        assert_eq!(named(what), [""], "{what}");
    }
    let told = serde_json::to_string(&history.entries).unwrap();
    assert!(!told.contains(&of_bjorn), "another's card");
    // A card's own is about the card.
    let card = history.entries.iter().find(|entry| entry.what == "card.issued").unwrap();
    let of_card = station.history("card", &card.id).unwrap();
    assert!(of_card.entries.iter().all(|entry| entry.kind == "card" && entry.object == number));
    let all = history.entries.len();
    drop(station);
    let shown = answer(&lanyard(home.path(), &["--rehearsal", "history", "show", "person", EILEEN]));
    assert_eq!(shown["entries"].as_array().unwrap().len(), all);
}
