//! A record and its signed entry change together or not at all.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test stops where it fails")]

mod house;

use house::{House, NOW, by, card, id, of, person};
use lanyard_fault::Coded;
use lanyard_keys::HouseKind;
use lanyard_model::{Change, Kind, Reason, UnixMs, Value};
use lanyard_store::{FieldTold, InstanceRow, StoreError};

#[test]
fn a_record_is_what_its_entries_made_of_it() {
    let mut house = House::new();
    let anna = house.person(1, "Anna", "Müller");
    house.commit(&Change::new("person.changed", anna).field("family_name", "Schmidt").field("unit", "Gate"));
    let record = house.store.view().required(anna).unwrap();
    assert_eq!((record.state.as_str(), record.text("family_name"), record.text("unit")), ("active", "Schmidt", "Gate"));
    let history = house.store.view().history(anna).unwrap();
    assert_eq!(history.len(), 2);
    assert_eq!(record.heads, [history[1].entry.hash()]);
    let view = history[1].entry.view().unwrap();
    assert_eq!(view.payload.base().collect::<Vec<_>>(), [&history[0].entry.hash()]);
    assert_eq!(history[0].fields["family_name"], FieldTold::Open("Müller".into()));
    // Two of the store's own came first: the writer enrolled, the log opened.
    assert_eq!(house.store.view().head().unwrap(), (4, history[1].entry.hash()));
    assert_eq!(house.store.check().unwrap(), 4);
}

#[test]
fn nothing_of_a_transaction_stays_when_its_last_step_fails() {
    let mut house = House::new();
    let anna = house.person(1, "Anna", "Müller");
    let before = house.store.view().head().unwrap();
    let failed: Result<(), StoreError> = house.store.write(|tx| {
        tx.commit(&person(of(Kind::Person, 2), "Ben", "Maier", "7"), &by(), NOW)?;
        tx.commit(&Change::new("person.changed", anna).field("unit", "Gate"), &by(), NOW)?;
        tx.journal_append(id(9), b"write ahead")?;
        tx.put_instance(&InstanceRow { id: id(9), open: true, at: NOW, state: "{}".to_owned() })?;
        tx.set_setting("theme", Some("dark"))?;
        tx.next_number("card")?;
        tx.put_blob(b"picture", "image/png")?;
        tx.seal_vault(b"sealed")?;
        // The graph has no such edge.
        tx.commit(&Change::new("person.changed", anna).state("active", "void"), &by(), NOW).map(drop)
    });
    assert!(matches!(failed, Err(StoreError::StateNotAllowed { kind: Kind::Person, .. })));
    let view = house.store.view();
    assert_eq!(view.head().unwrap(), before);
    assert_eq!(view.record(of(Kind::Person, 2)).unwrap(), None);
    assert_eq!(view.required(anna).unwrap().text("unit"), "");
    assert_eq!(view.history(anna).unwrap().len(), 1);
    assert!(view.journal(id(9)).unwrap().is_empty() && view.open_instances().unwrap().is_empty());
    assert_eq!((view.setting("theme").unwrap(), view.vault().unwrap()), (None, None));
    assert!(view.search("ben", 10).unwrap().is_empty());
    assert_eq!(house.store.write::<_, StoreError>(|tx| tx.next_number("card")).unwrap(), 1);
    assert_eq!(house.store.check().unwrap(), before.0);
}

#[test]
fn two_who_act_on_the_same_card_cannot_both_win() {
    let mut house = House::new();
    let anna = house.person(1, "Anna", "Müller");
    let badge = of(Kind::Card, 5);
    house.commit(&card(badge, anna, "C-1", &[4; 7]));
    house.commit(&Change::new("card.voided", badge).state("prepared", "void").why(Reason::Torn));
    let late =
        house.store.write(|tx| tx.commit(&Change::new("card.encoded", badge).state("prepared", "encoded"), &by(), NOW));
    let error = late.unwrap_err();
    assert_eq!(error.code(), "store.state.differs");
    assert!(error.details().contains(&("found", "void".to_owned())));
    let again = house.store.write(|tx| tx.commit(&card(badge, anna, "C-2", &[4; 7]), &by(), NOW));
    assert!(matches!(again, Err(StoreError::StateDiffers { .. })), "a record comes into being once");
}

#[test]
fn a_record_that_is_not_there_or_of_another_kind_takes_no_change() {
    let mut house = House::new();
    let anna = house.person(1, "Anna", "Müller");
    let mut refused = |change: Change| house.store.write(|tx| tx.commit(&change, &by(), NOW)).unwrap_err().code();
    assert_eq!(refused(Change::new("person.changed", of(Kind::Person, 2)).field("unit", "x")), "store.record.missing");
    let card_of_person = lanyard_model::RecordRef { kind: Kind::Card, id: anna.id };
    assert_eq!(refused(Change::new("card.voided", card_of_person).state("", "prepared")), "store.record.kind");
    let blob = Value::blob([7; 32], 10, "image/png");
    assert_eq!(refused(Change::new("person.changed", anna).field("picture", blob)), "store.blob.missing");
    let deep = (0..40).fold(Value::Null, |value, _| Value::Array(vec![value]));
    assert!(!refused(Change::new("person.changed", anna).field("deep", deep)).is_empty());
    let long = Value::Text("x".repeat(60_000));
    assert_eq!(refused(Change::new("person.changed", anna).field("long", long)), "store.too_large");
}

#[test]
fn a_locked_station_writes_working_state_but_no_history() {
    let mut house = House::new();
    let before = house.store.view().head().unwrap();
    house.store.set_signer(None);
    let change = person(of(Kind::Person, 1), "Anna", "Müller", "1");
    let refused = house.store.write(|tx| tx.commit(&change, &by(), NOW)).unwrap_err();
    assert_eq!(refused.code(), "store.locked");
    house.store.journal_append(id(9), b"line").unwrap();
    assert_eq!(house.store.view().head().unwrap(), before);
    let foreign = lanyard_keys::Vault::create(id(8), HouseKind::Real, "x", NOW, &mut *house::entropy(99)).unwrap();
    house.store.set_signer(Some(Box::new(foreign.signer())));
    let refused = house.store.write(|tx| tx.commit(&change, &by(), NOW)).unwrap_err();
    assert_eq!(refused.code(), "store.signer.foreign");
}

#[test]
fn a_clock_that_was_set_back_is_accepted_and_said() {
    let mut house = House::new();
    let at = |house: &mut House, n, at| {
        let change = person(of(Kind::Person, n), "Anna", "Müller", "1");
        house.store.write(|tx| tx.commit(&change, &by(), UnixMs(at))).unwrap().clock_back
    };
    assert!(!at(&mut house, 1, NOW.0 + 10));
    assert!(!at(&mut house, 2, NOW.0 + 10));
    assert!(at(&mut house, 3, NOW.0 + 9));
    assert!(!at(&mut house, 4, NOW.0 + 9));
    assert_eq!(house.store.check().unwrap(), 6);
}

#[test]
fn records_are_found_by_what_they_refer_to_and_a_known_uid_is_no_blank() {
    let mut house = House::new();
    let anna = house.person(1, "Anna", "Müller");
    let badge = of(Kind::Card, 5);
    house.commit(&card(badge, anna, "C-0048821", &[4, 1, 2, 3, 4, 5, 6]));
    house.commit(
        &Change::new("credential.prepared", of(Kind::Credential, 6))
            .state("", "prepared")
            .field("card", badge.id.0.to_vec())
            .field("uid", vec![9; 16]),
    );
    let view = house.store.view();
    assert_eq!(view.records_of(Kind::Card, "person", anna.id).unwrap().len(), 1);
    assert_eq!(view.records_by(Kind::Card, "number", &"C-0048821".into()).unwrap()[0].of, badge);
    assert_eq!(view.records_of(Kind::Credential, "card", badge.id).unwrap().len(), 1);
    assert_eq!(view.uid_known(&[4, 1, 2, 3, 4, 5, 6]).unwrap().unwrap().of, badge);
    assert_eq!(view.uid_known(&[9; 16]).unwrap().unwrap().of, badge, "by the chip on it");
    assert_eq!(view.uid_known(&[4; 7]).unwrap(), None);
    assert_eq!(view.records(Kind::Card, Some("prepared")).unwrap().len(), 1);
    assert_eq!((view.records(Kind::Card, Some("void")).unwrap().len(), view.count(Kind::Card).unwrap()), (0, 1));
    assert!(matches!(view.records_by(Kind::Person, "unit", &"x".into()), Err(StoreError::NotIndexed { .. })));
    house.commit(&Change::new("card.voided", badge).state("prepared", "void"));
    assert!(house.store.view().uid_known(&[4, 1, 2, 3, 4, 5, 6]).unwrap().is_some(), "void, but known");
}

#[test]
fn the_last_attempt_is_the_one_that_was_begun_last_even_where_the_clock_was_set_back() {
    let House { dir: _dir, mut store, .. } = House::new();
    store
        .write::<_, StoreError>(|tx| {
            tx.step_begin(id(1), "print", NOW)?;
            tx.step_end(id(1), "print", 1, "printer.failed", NOW)?;
            tx.step_begin(id(1), "print", UnixMs(NOW.0 - 3_600_000))
        })
        .unwrap();
    let steps = store.view().steps(id(1)).unwrap();
    assert_eq!(
        steps.iter().map(|row| (row.attempt, row.outcome.is_some())).collect::<Vec<_>>(),
        [(1, true), (2, false)]
    );
}

#[test]
fn a_restart_finds_journal_step_and_token_where_they_stood() {
    let house = House::new();
    let House { dir, opened, mut store } = house;
    store
        .write::<_, StoreError>(|tx| {
            tx.put_instance(&InstanceRow { id: id(1), open: true, at: NOW, state: "encode".to_owned() })?;
            assert_eq!(tx.step_begin(id(1), "encode", NOW)?, 1);
            tx.step_end(id(1), "encode", 1, "torn", NOW)?;
            assert_eq!(tx.step_begin(id(1), "encode", UnixMs(NOW.0 + 1))?, 2);
            Ok(())
        })
        .unwrap();
    assert_eq!(store.journal_append(id(5), b"one").unwrap(), 0);
    assert_eq!(store.journal_append(id(5), b"two").unwrap(), 1);
    drop(store);
    let mut store =
        lanyard_store::Store::open(dir.path(), &opened.store_key, lanyard_store::Mode::Write, house::entropy(2))
            .unwrap();
    let view = store.view();
    assert_eq!(view.instance(id(1)).unwrap().unwrap().state, "encode");
    let steps = view.steps(id(1)).unwrap();
    assert_eq!(steps.len(), 2);
    assert_eq!((steps[0].outcome.as_deref(), steps[1].outcome.as_deref()), (Some("torn"), None));
    assert_eq!(view.journal(id(5)).unwrap(), [b"one", b"two"]);
    store
        .write::<_, StoreError>(|tx| {
            tx.journal_drop(id(5))?;
            tx.put_instance(&InstanceRow { id: id(1), open: false, at: NOW, state: "done".to_owned() })
        })
        .unwrap();
    assert!(store.view().journal(id(5)).unwrap().is_empty() && store.view().open_instances().unwrap().is_empty());
    let never = store.write::<_, StoreError>(|tx| tx.step_end(id(1), "print", 1, "done", NOW));
    assert!(matches!(never, Err(StoreError::Damaged { what: "step" })));
}

#[test]
fn numbers_follow_each_other_and_sealed_things_come_back() {
    let mut house = House::new();
    for expected in 1..=3 {
        assert_eq!(house.store.write::<_, StoreError>(|tx| tx.next_number("card")).unwrap(), expected);
    }
    assert_eq!(house.store.write::<_, StoreError>(|tx| tx.next_number("other")).unwrap(), 1);
    house
        .store
        .write::<_, StoreError>(|tx| {
            tx.seal_vault(b"first")?;
            tx.seal_vault(b"vault")?;
            tx.put_puk(id(5), b"puk")?;
            tx.set_setting("language", Some("sv"))?;
            tx.set_setting("theme", Some("dark"))?;
            tx.set_setting("theme", None)
        })
        .unwrap();
    let view = house.store.view();
    assert_eq!(view.vault().unwrap().as_deref(), Some(&b"vault"[..]));
    assert_eq!(view.puk(id(5)).unwrap().as_deref(), Some(&b"puk"[..]));
    assert_eq!(view.puk(id(6)).unwrap(), None);
    assert_eq!((view.setting("language").unwrap().as_deref(), view.setting("theme").unwrap()), (Some("sv"), None));
}

#[test]
fn a_rehearsals_entries_say_so_and_its_checkpoint_opens() {
    let mut house = House::of_kind(HouseKind::Rehearsal);
    let anna = house.person(1, "Anna", "Müller");
    assert!(house.store.view().history(anna).unwrap()[0].entry.view().unwrap().payload.rehearsal);
    assert!(house.store.view().checkpoint().unwrap().is_none());
    let checkpoint = house.store.write(|tx| tx.sign_checkpoint(NOW)).unwrap();
    assert_eq!(checkpoint.size, 3);
    assert_eq!(checkpoint.origin, format!("lanyard.station/{}", lanyard_model::Id([2; 16])));
    let note = house.store.view().checkpoint().unwrap().unwrap();
    let key = house::vault(HouseKind::Rehearsal).signer().checkpoint_key();
    let key = lanyard_history::PublicKey::new(&key).unwrap();
    assert_eq!(lanyard_history::Checkpoint::open(&note, &checkpoint.origin, &key).unwrap().root, checkpoint.root);
}
