//! Search over people as it is typed.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test stops where it fails")]

mod house;

use house::{House, NOW, by, card, of, person};
use lanyard_model::{Change, Kind};
use lanyard_store::StoreError;

fn found(house: &House, text: &str) -> Vec<String> {
    let people = house.store.view().search(text, 20).unwrap();
    people.iter().map(|p| format!("{} {}", p.text("given_name"), p.text("family_name"))).collect()
}

fn office() -> House {
    let mut house = House::new();
    for (n, (given, family)) in [
        ("Anna", "Müller"),
        ("Åsa", "Lindström"),
        ("Jörg", "Groß"),
        ("Anna", "Meyer-Landrut"),
        ("Sean", "O'Hara"),
        ("Samuel", "Mueller"),
        ("Ben", "Muller"),
        ("李", "小龍"),
    ]
    .into_iter()
    .enumerate()
    {
        house.person(n as u64 + 1, given, family);
    }
    house
}

#[test]
fn every_way_to_write_a_name_finds_everyone_who_has_it() {
    let house = office();
    for text in ["Müller", "mueller", "MULLER", "Mu\u{308}ller", "mül", "muel"] {
        assert_eq!(found(&house, text), ["Anna Müller", "Ben Muller", "Samuel Mueller"], "{text}");
    }
    for (text, one) in [
        ("asa", "Åsa Lindström"),
        ("Åsa", "Åsa Lindström"),
        ("lindstroem", "Åsa Lindström"),
        ("gross", "Jörg Groß"),
        ("GROẞ", "Jörg Groß"),
        ("joerg", "Jörg Groß"),
        ("ohara", "Sean O'Hara"),
        ("o'h", "Sean O'Hara"),
        ("hara", "Sean O'Hara"),
        ("landrut", "Anna Meyer-Landrut"),
        ("meyer-l", "Anna Meyer-Landrut"),
        ("小", "李 小龍"),
        ("100005", "Sean O'Hara"),
    ] {
        assert_eq!(found(&house, text), [one], "{text}");
    }
}

#[test]
fn words_come_in_any_order_and_all_must_fit() {
    let house = office();
    for text in ["anna müller", "mueller anna", "mu an", "a m 100001", "Müller, Anna"] {
        assert_eq!(found(&house, text)[0], "Anna Müller", "{text}");
    }
    assert_eq!(found(&house, "anna m"), ["Anna Meyer-Landrut", "Anna Müller"], "sorted by family name");
    assert_eq!(found(&house, "anna müller ben"), Vec::<String>::new());
    assert_eq!(found(&house, "anna anna"), ["Anna Meyer-Landrut", "Anna Müller"]);
}

#[test]
fn a_long_name_is_looked_at_to_its_end() {
    let mut house = House::new();
    house.person(1, "Anna", "Christiansen");
    house.person(2, "Anna", "Christiansson");
    house.person(3, "Anna", "Christians");
    assert_eq!(found(&house, "anna christians").len(), 3);
    assert_eq!(found(&house, "anna christianse"), ["Anna Christiansen"]);
    assert_eq!(found(&house, "christiansson anna"), ["Anna Christiansson"]);
    assert_eq!(found(&house, "anna christianserin"), Vec::<String>::new());
}

#[test]
fn what_is_typed_is_never_taken_for_a_query_language() {
    let house = office();
    for text in
        ["", "   ", "\"", "*", "anna OR ben*", "words:anna", "NEAR(a b)", "'; DROP TABLE person", "%", "\0", "^a"]
    {
        let _ = house.store.view().search(text, 20).unwrap();
    }
    let long = "anna ".repeat(100_000);
    assert_eq!(found(&house, &long).len(), 2);
    assert!(house.store.view().search("a", usize::MAX).unwrap().len() <= 200);
}

#[test]
fn nobody_is_listed_twice_and_the_limit_holds() {
    let mut house = House::new();
    for n in 1..=30 {
        house.person(n, "Anna-Annika", "Annasson");
    }
    let people = house.store.view().search("ann", 20).unwrap();
    assert_eq!(people.len(), 20);
    let mut ids: Vec<_> = people.iter().map(|p| p.of.id).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 20);
}

#[test]
fn a_married_name_finds_and_the_old_one_no_longer() {
    let mut house = office();
    let anna = of(Kind::Person, 1);
    house.commit(&Change::new("person.changed", anna).field("family_name", "Zander"));
    assert_eq!(found(&house, "zander"), ["Anna Zander"]);
    assert_eq!(found(&house, "müller"), ["Ben Muller", "Samuel Mueller"]);
    assert_eq!(found(&house, "anna zan"), ["Anna Zander"]);
    assert_eq!(found(&house, "anna müller"), Vec::<String>::new());
}

#[test]
fn a_person_is_found_by_the_number_on_their_card() {
    let mut house = office();
    house.commit(&card(of(Kind::Card, 50), of(Kind::Person, 2), "C-0048821", &[4; 7]));
    for text in ["C-0048821", "c0048", "48821", "0048821", "asa 48821"] {
        assert_eq!(found(&house, text), ["Åsa Lindström"], "{text}");
    }
    // A second card adds its number and keeps the first.
    house.commit(&card(of(Kind::Card, 51), of(Kind::Person, 2), "C-0048999", &[5; 7]));
    assert_eq!(found(&house, "48999"), ["Åsa Lindström"]);
    assert_eq!(found(&house, "48821"), ["Åsa Lindström"]);
}

#[test]
fn many_people_in_one_transaction_are_all_found_and_one_changed_in_it_once() {
    let mut house = House::new();
    house
        .store
        .write::<_, StoreError>(|tx| {
            for n in 1..=500 {
                tx.commit(&person(of(Kind::Person, n), "Eva", &format!("Name{n:03}"), "x"), &by(), NOW)?;
            }
            let changed = Change::new("person.changed", of(Kind::Person, 7)).field("family_name", "Anders");
            tx.commit(&changed, &by(), NOW)?;
            Ok(())
        })
        .unwrap();
    assert_eq!(found(&house, "name499"), ["Eva Name499"]);
    assert_eq!(found(&house, "anders"), ["Eva Anders"]);
    assert_eq!(found(&house, "name007"), Vec::<String>::new());
    assert_eq!(found(&house, "eva and"), ["Eva Anders"]);
    assert_eq!(house.store.check().unwrap(), 503);
}
