//! Cards that are not blanks.

use std::sync::{Arc, Mutex};

use lanyard_station::Station;
use lanyard_station::api::{BenchAction, BenchCardKind, CardOnReader, CaseState, Standing, StepInput};
use lanyard_tests::house::{BJORN, EILEEN, ENCODER, Home, at_card, at_hand_over, issued, lay_new, refused, until};
use lanyard_virtual::{DesfireCard, KeyKind};

use super::{Unchanged, entries, newest, pair};

/// The only refusal in the history: its code and UID.
fn the_refusal(station: &Station) -> (String, String) {
    let all = station.history_recent(1000).unwrap();
    let refused: Vec<_> = all.iter().filter(|entry| entry.what == "action.refused").collect();
    assert_eq!(refused.len(), 1);
    let field = |name: &str| {
        let value = refused[0].fields.iter().find(|field| field.name == name).and_then(|field| field.value.clone());
        value.unwrap_or_default()
    };
    (field("code"), field("uid"))
}

fn lift(station: &Station) {
    station.bench_do(&BenchAction::Lift { reader: ENCODER.to_owned() }).unwrap();
}

/// What lies on the encoder, once it is seen to stand so: a reader tells of a card a moment after it was laid.
fn stands(station: &Station, standing: Standing) -> CardOnReader {
    for _ in 0..6000 {
        if let Ok(seen) = station.card_read(ENCODER)
            && seen.standing == standing
        {
            return seen;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    panic!("the card on the encoder never stood as {standing:?}");
}

fn uid_of(station: &Station, card: u32) -> String {
    station.bench().unwrap().cards.into_iter().find(|on_bench| on_bench.id == card).unwrap().uid
}

#[test]
fn a_foreign_and_a_full_card_are_refused_by_name_and_another_blank_then_works() {
    for (kind, code) in [(BenchCardKind::Foreign, "card.auth.foreign"), (BenchCardKind::Full, "card.full")] {
        let home = Home::new();
        let station = home.rehearsal();
        let case = at_card(&station, EILEEN);
        let cards = entries(&station, "card.prepared");
        let card = lay_new(&station, kind, ENCODER);
        let view = until(&station, &case.id, |view| view.problem.is_some());
        assert_eq!((view.problem.unwrap().code.as_str(), view.step.as_str()), (code, "card"));
        assert_eq!(view.state, CaseState::Stopped);
        assert_eq!(the_refusal(&station), (code.to_owned(), uid_of(&station, card)));
        // Nothing was prepared for it, and asking once more does not write it.
        let again = station.case_do(&case.id, StepInput::Retry).unwrap();
        if again.problem.is_none() && kind == BenchCardKind::Full {
            let _ = until(&station, &case.id, |view| view.problem.is_some());
        }
        assert_eq!(station.case_view(&case.id).unwrap().step, "card");
        assert_eq!(entries(&station, "card.prepared"), cards);
        lift(&station);
        let view = at_hand_over(&station, &case.id);
        assert_ne!(view.card.unwrap().uid, uid_of(&station, card));
        assert!(station.history_verify().unwrap().holds);
    }
}

#[test]
fn a_foreign_card_that_lay_there_before_the_case_came_to_it_is_said_and_kept_in_the_history_too() {
    for (kind, code) in [(BenchCardKind::Foreign, "card.auth.foreign"), (BenchCardKind::Full, "card.full")] {
        let home = Home::new();
        let station = home.rehearsal();
        let card = lay_new(&station, kind, ENCODER);
        station.settle();
        assert_eq!(entries(&station, "action.refused"), 0, "nobody asked for a blank yet");
        let case = at_card(&station, EILEEN);
        let view = until(&station, &case.id, |view| view.problem.is_some());
        assert_eq!((view.problem.unwrap().code.as_str(), view.step.as_str()), (code, "card"));
        assert_eq!(the_refusal(&station), (code.to_owned(), uid_of(&station, card)));
    }
}

#[test]
fn an_emulator_with_a_colleagues_uid_and_the_factory_key_gets_no_key() {
    let home = Home::new();
    let station = home.rehearsal();
    let done = issued(&station, EILEEN);
    let uid: [u8; 7] = hex::decode(done.card.unwrap().uid).unwrap().try_into().unwrap();
    lift(&station);
    let case = at_card(&station, BJORN);
    let emulator = Arc::new(Mutex::new(DesfireCard::impostor(uid, 7)));
    let before = emulator.lock().unwrap().export();
    let key_before = emulator.lock().unwrap().key([0; 3], 0).unwrap();
    let desk = station.bench_desk().unwrap();
    desk.lay(ENCODER, Arc::clone(&emulator)).unwrap();
    let view = until(&station, &case.id, |view| view.problem.is_some());
    assert_eq!((view.problem.unwrap().code.as_str(), view.step.as_str()), ("card.auth.impostor", "card"));
    assert_eq!(the_refusal(&station), pair("card.auth.impostor", &hex::encode(uid)));
    assert_eq!(station.card_read(ENCODER).unwrap().standing, Standing::Unproven);
    for _ in 0..3 {
        station.case_do(&case.id, StepInput::Retry).unwrap();
        station.settle();
    }
    drop(desk.lift(ENCODER).unwrap());
    let card = emulator.lock().unwrap();
    let key = card.key([0; 3], 0).unwrap();
    assert_eq!((key.bytes, key.version), (key_before.bytes, key_before.version));
    assert!(card.applications().is_empty());
    let stored = |image: &str| {
        let mut image: serde_json::Value = serde_json::from_str(image).unwrap();
        // Drawing a nonce moves the card's generator on; nothing else may move.
        image.as_object_mut().unwrap().retain(|name, _| !name.contains("seed") && !name.contains("rng"));
        image
    };
    assert_eq!(stored(&card.export()), stored(&before), "nothing was written to it");
    drop(card);
    assert_eq!(at_hand_over(&station, &case.id).person.staff_no, BJORN);
}

#[test]
fn an_emulator_of_a_colleague_is_refused_on_the_desk_too_where_no_blank_was_asked_for() {
    let home = Home::new();
    let station = home.rehearsal();
    let done = issued(&station, EILEEN);
    let uid: [u8; 7] = hex::decode(done.card.unwrap().uid).unwrap().try_into().unwrap();
    lift(&station);
    let emulator = DesfireCard::impostor(uid, 7).with_master_key(KeyKind::Aes, &[7; 16], 1);
    station.bench_desk().unwrap().lay(ENCODER, emulator).unwrap();
    let seen = stands(&station, Standing::Unproven);
    assert_eq!(seen.problem.unwrap().code, "card.auth.impostor");
    assert_eq!(newest(&station, 1), ["action.refused"]);
    assert!(station.card_dump(Some(ENCODER)).is_err());
}

#[test]
fn a_finished_card_of_ours_is_no_blank_for_another_case() {
    let home = Home::new();
    let station = home.rehearsal();
    let number = issued(&station, EILEEN).card.unwrap().number;
    lift(&station);
    let case = at_card(&station, BJORN);
    let ours = station.bench().unwrap().cards[0].id;
    station.bench_do(&BenchAction::Lay { card: ours, reader: ENCODER.to_owned() }).unwrap();
    let view = until(&station, &case.id, |view| view.problem.is_some());
    let problem = view.problem.unwrap();
    assert_eq!((problem.code.as_str(), problem.details["number"].as_str()), ("case.card.elsewhere", number.as_str()));
    assert_eq!(view.step, "card");
    lift(&station);
    assert_eq!(at_hand_over(&station, &case.id).person.staff_no, BJORN);
}

#[test]
fn what_the_bench_does_not_have_is_said_and_a_real_house_has_no_bench() {
    let home = Home::new();
    let station = home.rehearsal();
    let lay = |card, reader: &str| station.bench_do(&BenchAction::Lay { card, reader: reader.to_owned() });
    let card = lay_new(&station, BenchCardKind::Blank, ENCODER);
    lift(&station);
    let unchanged = Unchanged::rehearsal(&home);
    assert_eq!(unchanged.after(lay(card + 1, ENCODER), "").0, "bench.card.unknown");
    assert_eq!(unchanged.after(lay(card, "Kitchen table"), "name"), pair("bench.reader.unknown", "Kitchen table"));
    let lift = station.bench_do(&BenchAction::Lift { reader: ENCODER.to_owned() });
    assert_eq!(unchanged.after(lift, "reader"), pair("bench.card.none", ENCODER));
    assert_eq!(unchanged.after(station.card_read("Kitchen table"), "kind"), pair("station.missing", "reader"));
    assert_eq!(unchanged.after(station.card_dump(None), "what"), pair("device.none", "desfire"));
    let unknown = station.bench_do(&BenchAction::Jam { printer: "Oven".to_owned(), jammed: true });
    assert_eq!(unchanged.after(unknown, "name"), pair("bench.printer.unknown", "Oven"));
    drop(station);
    let real = home.real();
    assert_eq!(refused(real.bench(), "").0, "bench.none");
    assert!(real.status().devices.is_empty());
    assert!(real.status().house.is_some_and(|house| !house.rehearsal && !house.backup_proved));
}

/// The keys of a real house are written to no card before its backup was proved: whether it is, is known and kept. That a
/// card is refused until then is shown on one, in `issue_on_real_parts`.
#[test]
fn a_proof_of_the_backup_is_kept_and_names_every_key() {
    let home = Home::new();
    let station = home.real();
    let proved = || station.status().house.is_some_and(|house| house.backup_proved);
    assert!(!proved());
    let to = home.path().join("backup");
    station.backup(&to).unwrap();
    assert!(!proved(), "a backup that nobody restored proves nothing");
    let wrong = lanyard_tests::house::password("not the password");
    let unchanged = Unchanged::real(&home);
    assert_eq!(unchanged.after(station.backup_prove(&to, &wrong), "").0, "keys.password.wrong");
    let right = lanyard_tests::house::password(lanyard_tests::house::PASSWORD);
    assert!(station.backup_prove(&home.path().join("nowhere"), &right).is_err());
    unchanged.assert("nowhere");
    station.backup_prove(&to, &right).unwrap();
    assert!(proved());
    let keys = entries(&station, "key.made");
    assert_eq!(entries(&station, "key.backup_proved"), keys);
    drop(station);
    let again = home.real();
    assert!(again.status().house.is_some_and(|house| house.backup_proved));
}
