//! What the store hands out is what the verifier accepts.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test stops where it fails")]

mod house;

use std::io::Cursor;

use house::{House, NOW, by, of};
use lanyard_history::Scope;
use lanyard_history::verify::{Options, verify};
use lanyard_keys::HouseKind;
use lanyard_model::{Change, Kind, UnixMs};
use lanyard_store::{Export, Exported};

fn export(scope: Scope, openings: bool) -> Export {
    Export { scope, openings, blobs: openings, single_person: true, program: "test".to_owned(), at: NOW }
}

/// As the station hands it out.
fn handed_out(house: &mut House, export: &Export) -> (Cursor<Vec<u8>>, Exported) {
    house.store.hand_out(export.at, &by()).unwrap();
    house.store.bundle(Cursor::new(Vec::new()), export).unwrap()
}

fn office(kind: HouseKind) -> House {
    let mut house = House::of_kind(kind);
    for n in 1..=5 {
        let person = house.person(n, "Anna", "Müller");
        let picture = house.store.write(|tx| tx.put_blob(format!("picture {n}").as_bytes(), "image/png")).unwrap();
        house.commit(&Change::new("person.changed", person).field("picture", picture));
    }
    house
}

fn root(kind: HouseKind) -> [u8; 32] {
    house::vault(kind).signer().entry_key()
}

#[test]
fn a_whole_export_verifies_with_every_field_and_blob_shown_and_is_itself_an_entry() {
    for kind in [HouseKind::Real, HouseKind::Rehearsal] {
        let mut house = office(kind);
        let (bundle, done) = handed_out(&mut house, &export(Scope::Whole, true));
        assert_eq!((done.entries, done.openings, done.blobs), (13, 20, 5));
        let report = verify(bundle, &Options { root: Some(root(kind)), complete: true, ..Options::default() }).unwrap();
        assert!(report.holds(), "{:#}", report.json());
        assert!(report.faults.is_empty() && report.remarks.is_empty(), "{:#}", report.json());
        let last = house.store.view().recent(1).unwrap().remove(0);
        assert_eq!(last.entry.view().unwrap().payload.what, "history.exported");
    }
}

#[test]
fn a_later_export_extends_the_checkpoint_of_an_earlier_one() {
    let mut house = office(HouseKind::Real);
    let (_, first) = handed_out(&mut house, &export(Scope::Whole, false));
    house.person(9, "Ben", "Maier");
    let (bundle, _) = handed_out(&mut house, &export(Scope::Whole, false));
    let report = verify(bundle, &Options { since: first.checkpoint, ..Options::default() }).unwrap();
    assert!(report.holds(), "{:#}", report.json());
    assert_eq!(report.level, Some(lanyard_history::verify::Level::Anchored));
}

#[test]
fn an_export_of_one_person_holds_nobody_elses_data() {
    let mut house = office(HouseKind::Real);
    let ids = vec![of(Kind::Person, 2).id];
    let (bundle, done) = handed_out(&mut house, &export(Scope::Records(ids), true));
    // Two about the person; the writer enrolled, the log opened, the export itself.
    assert_eq!((done.entries, done.openings, done.blobs), (5, 4, 1));
    let bytes = bundle.get_ref().clone();
    let other = of(Kind::Person, 3).id;
    assert!(!bytes.windows(16).any(|w| w == other.0));
    let report = verify(bundle, &Options::default()).unwrap();
    assert!(report.holds(), "{:#}", report.json());
}

#[test]
fn a_check_without_blobs_holds_every_opening_against_the_chain() {
    let house = office(HouseKind::Real);
    let quick = Export { blobs: false, ..export(Scope::Whole, true) };
    let (bundle, done) = house.store.bundle(Cursor::new(Vec::new()), &quick).unwrap();
    assert_eq!((done.openings, done.blobs), (20, 0));
    let report = verify(bundle, &Options::default()).unwrap();
    assert!(report.holds() && report.faults.is_empty(), "{:#}", report.json());
}

#[test]
fn openings_are_withheld_unless_asked_for() {
    let mut house = office(HouseKind::Real);
    let (bundle, done) = handed_out(&mut house, &export(Scope::Whole, false));
    assert_eq!((done.openings, done.blobs), (0, 0));
    assert!(verify(bundle, &Options::default()).unwrap().holds());
}

#[test]
fn an_export_with_erased_fields_is_complete_all_the_same() {
    let mut house = office(HouseKind::Real);
    let erased = house.store.write(|tx| tx.erase(of(Kind::Person, 2), None, &by(), NOW)).unwrap();
    assert_eq!(erased.len(), 1);
    let (bundle, done) = handed_out(&mut house, &export(Scope::Whole, true));
    assert_eq!((done.openings, done.blobs), (16, 4));
    let report = verify(bundle, &Options { complete: true, ..Options::default() }).unwrap();
    assert!(report.holds(), "{:#}", report.json());
}

#[test]
fn a_clock_set_back_is_a_remark_and_a_check_inside_the_house_leaves_no_entry() {
    let mut house = office(HouseKind::Real);
    let earlier = house::person(of(Kind::Person, 9), "Ben", "Maier", "9");
    house.store.write(|tx| tx.commit(&earlier, &by(), UnixMs(NOW.0 - 5_000))).unwrap();
    let before = house.store.view().head().unwrap();
    let (bundle, _) = house.store.bundle(Cursor::new(Vec::new()), &export(Scope::Whole, true)).unwrap();
    assert_eq!(house.store.view().head().unwrap(), before);
    let report = verify(bundle, &Options::default()).unwrap();
    assert!(report.holds(), "{:#}", report.json());
    assert!(report.remarks.iter().any(|remark| remark.code.word().contains("clock")), "{:#}", report.json());
}
