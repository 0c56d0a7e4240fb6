//! Erased is erased: the test decrypts every page of the database itself, free ones too, and looks.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test stops where it fails")]

mod house;

use std::path::Path;

use aes::Aes256;
use aes::cipher::{BlockCipherDecrypt, KeyInit};
use house::{House, NOW, by, card, of};
use lanyard_model::{Change, Kind, RecordRef};
use lanyard_secret::Secret;
use lanyard_store::{FieldTold, StoreError};

const PAGE: usize = 4096;
/// At the end of each page: initialisation vector and HMAC (SQLCipher 4).
const RESERVE: usize = 16 + 64;

/// All pages in the clear, by the raw key: AES-256-CBC; the first 16 bytes of the file are its salt.
fn pages(path: &Path, key: &Secret<32>) -> Vec<u8> {
    let cipher = Aes256::new(key.expose().into());
    let file = std::fs::read(path).unwrap();
    assert_eq!(file.len() % PAGE, 0);
    let mut clear = Vec::new();
    for (number, page) in file.chunks(PAGE).enumerate() {
        let body = &page[if number == 0 { 16 } else { 0 }..PAGE - RESERVE];
        let mut before = page[PAGE - RESERVE..][..16].to_vec();
        for block in body.chunks(16) {
            let mut plain = aes::Block::try_from(block).unwrap();
            cipher.decrypt_block(&mut plain);
            clear.extend(plain.iter().zip(&before).map(|(a, b)| a ^ b));
            before = block.to_vec();
        }
    }
    clear
}

fn holds(house: &House, text: &[u8]) -> bool {
    let wal = std::fs::metadata(house.dir.path().join("store.db-wal")).map_or(0, |file| file.len());
    assert_eq!(wal, 0, "the write-ahead log was emptied");
    pages(&house.dir.path().join("store.db"), house.key()).windows(text.len()).any(|w| w == text)
}

/// Many people, one of them with data that nothing else looks like.
fn office() -> (House, RecordRef) {
    let mut house = House::new();
    house
        .store
        .write::<_, StoreError>(|tx| {
            for n in 1..=400 {
                let person = house::person(of(Kind::Person, n), "Eva", &format!("Name{n:03}"), "1");
                tx.commit(&person, &by(), NOW)?;
            }
            Ok(())
        })
        .unwrap();
    let person = of(Kind::Person, 1000);
    house.commit(&house::person(person, "Kunigunde", "Wolkenstein", "ZQ771177"));
    let portrait = b"PORTRAITPORTRAIT".repeat(2_000);
    let picture = house.store.write(|tx| tx.put_blob(&portrait, "image/jpeg")).unwrap();
    house.commit(&Change::new("person.changed", person).field("picture", picture));
    house
        .commit(&Change::new("person.changed", person).field("family_name", "Xylanderberg").field("unit", "Wolkenamt"));
    house.commit(&card(of(Kind::Card, 2000), person, "C-0099887", &[4, 9, 9, 9, 9, 9, 9]));
    house.store.journal_append(of(Kind::Card, 2000).id, b"to be written: KUNIGUNDE W.").unwrap();
    for n in 1..=100 {
        house.commit(&Change::new("person.changed", of(Kind::Person, n)).field("family_name", format!("Other{n}")));
    }
    house.store.clear_wal().unwrap();
    (house, person)
}

const TRACES: [&[u8]; 10] = [
    b"Kunigunde",
    b"kunigunde",
    b"Wolkenstein",
    b"wolkenstein",
    b"Xylanderberg",
    b"xylanderberg",
    b"ZQ771177",
    b"Wolkenamt",
    b"PORTRAITPORTRAIT",
    b"KUNIGUNDE W.",
];

#[test]
fn nothing_of_an_erased_person_is_left_on_any_page_of_the_database() {
    let (mut house, person) = office();
    for trace in [b"Kunigunde".as_slice(), b"xylanderberg", b"PORTRAITPORTRAIT", b"KUNIGUNDE W."] {
        assert!(holds(&house, trace), "the test can see what there is");
    }
    let erased = house.store.write(|tx| tx.erase(person, None, &by(), NOW)).unwrap();
    assert_eq!(erased.len(), 1);
    for trace in TRACES {
        assert!(!holds(&house, trace), "{}", String::from_utf8_lossy(trace));
    }
    assert!(house.store.check().is_ok(), "the chain is whole");
}

#[test]
fn an_erased_person_reads_as_erased_and_takes_no_more_data() {
    let (mut house, person) = office();
    house.store.write(|tx| tx.erase(person, None, &by(), NOW)).unwrap();
    let view = house.store.view();
    let record = view.required(person).unwrap();
    assert_eq!((record.state.as_str(), record.fields.len()), ("erased", 0));
    for text in ["kunigunde", "wolken", "xylander", "99887", "ZQ7"] {
        assert!(view.search(text, 5).unwrap().is_empty(), "{text}");
    }
    let history = view.history(person).unwrap();
    assert_eq!(history.len(), 4);
    assert!(history.iter().flat_map(|told| told.fields.values()).all(|field| *field == FieldTold::Erased));
    let last = history[3].entry.view().unwrap();
    assert_eq!((last.payload.what, last.payload.state), ("record.erased", Some(("active", "erased"))));
    let late = Change::new("person.changed", person).field("unit", "back again");
    let late = house.store.write(|tx| tx.commit(&late, &by(), NOW));
    assert!(matches!(late, Err(StoreError::RecordErased { .. })));
    assert!(house.store.write(|tx| tx.erase(person, None, &by(), NOW)).unwrap().is_empty(), "nothing left to erase");
}

#[test]
fn one_field_can_go_and_the_rest_stay() {
    let (mut house, person) = office();
    house.store.write(|tx| tx.erase(person, Some(&["unit", "picture"]), &by(), NOW)).unwrap();
    assert!(!holds(&house, b"Wolkenamt") && !holds(&house, b"PORTRAITPORTRAIT"));
    let record = house.store.view().required(person).unwrap();
    assert_eq!(
        (record.state.as_str(), record.text("family_name"), record.text("unit")),
        ("active", "Xylanderberg", "")
    );
    assert_eq!(house.store.view().search("xylander", 5).unwrap().len(), 1);
    let told = house.store.view().history(person).unwrap();
    assert_eq!(told[1].fields["picture"], FieldTold::Erased);
    assert_eq!(told[0].fields["family_name"], FieldTold::Open("Wolkenstein".into()), "what she was called before");
}

#[test]
fn a_blob_that_another_record_still_shows_stays_until_that_goes_too() {
    let (mut house, person) = office();
    let picture = house.store.view().required(person).unwrap().fields["picture"].clone();
    let sha256 = picture.as_blob().unwrap();
    let photo = of(Kind::Photo, 3000);
    house.commit(&Change::new("photo.accepted", photo).state("", "accepted").field("picture", picture));
    house.store.write(|tx| tx.erase(person, None, &by(), NOW)).unwrap();
    assert!(house.store.view().blob(&sha256).unwrap().is_some());
    house.store.write(|tx| tx.erase(photo, None, &by(), NOW)).unwrap();
    assert!(house.store.view().blob(&sha256).unwrap().is_none());
    assert!(!holds(&house, b"PORTRAITPORTRAIT"));
}

#[test]
fn the_card_of_an_erased_number_is_not_found_but_its_uid_is_still_known() {
    let (mut house, person) = office();
    let badge = of(Kind::Card, 2000);
    house.store.write(|tx| tx.erase(badge, Some(&["number", "person"]), &by(), NOW)).unwrap();
    assert!(house.store.view().search("99887", 5).unwrap().is_empty());
    assert_eq!(house.store.view().search("xylander", 5).unwrap()[0].of, person);
    assert!(house.store.view().records_of(Kind::Card, "person", person.id).unwrap().is_empty());
    assert!(house.store.view().uid_known(&[4, 9, 9, 9, 9, 9, 9]).unwrap().is_some());
}

#[test]
fn a_person_with_a_long_history_is_erased_in_as_many_entries_as_it_takes() {
    let mut house = House::new();
    let person = house.person(1, "Anna", "Müller");
    house
        .store
        .write::<_, StoreError>(|tx| {
            for n in 0..1_000 {
                let change = Change::new("person.changed", person).field("unit", format!("Unit{n}"));
                tx.commit(&change, &by(), NOW)?;
            }
            Ok(())
        })
        .unwrap();
    let erased = house.store.write(|tx| tx.erase(person, None, &by(), NOW)).unwrap();
    assert_eq!(erased.len(), 3);
    assert_eq!(house.store.view().required(person).unwrap().state, "erased");
    let told = house.store.view().history(person).unwrap();
    assert!(told.iter().flat_map(|told| told.fields.values()).all(|field| *field == FieldTold::Erased));
    assert!(!holds(&house, b"Unit7") && house.store.check().is_ok());
}

#[test]
fn an_erasure_that_fails_erases_nothing() {
    let (mut house, person) = office();
    let failed: Result<(), StoreError> = house.store.write(|tx| {
        tx.erase(person, None, &by(), NOW)?;
        tx.erase(of(Kind::Person, 99_999), None, &by(), NOW).map(drop)
    });
    assert!(matches!(failed, Err(StoreError::RecordMissing { .. })));
    assert_eq!(house.store.view().required(person).unwrap().text("family_name"), "Xylanderberg");
    assert_eq!(house.store.view().search("kunigunde", 5).unwrap().len(), 1);
}
