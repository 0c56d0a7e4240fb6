//! What comes after a card's issue: held against the records, given other keys, made a blank again; and pulled anywhere in
//! it.

use lanyard_station::api::{BenchCardKind, NextStep, PersonInput, Standing};
use lanyard_tests::house::{ANA, EILEEN, ENCODER, JONAS, PASSWORD, fields, lay_new, password, refused, until};
use lanyard_virtual::{Fault, FaultKind};

use super::desk::Desk;
use super::{like_starter, newest_field};

#[test]
fn a_card_is_held_against_the_records_and_the_field_that_differs_is_named() {
    let desk = Desk::new();
    desk.issued("three-applications");
    assert_eq!(desk.looked(), (Standing::Ours, vec![NextStep::Verify, NextStep::Reset]));
    desk.station.card_verify(None).unwrap();
    let id = desk.station.person_of(EILEEN).unwrap();
    let before = desk.station.person(&id).unwrap();
    let mut changed = fields(&[("given_name", "Eileene")]);
    for field in before.fields.iter().filter(|field| field.name != "given_name") {
        changed.insert(field.name.clone(), field.value.clone());
    }
    desk.station.person_save(PersonInput { id: Some(id), fields: changed, although_alike: true }).unwrap();
    let differs = desk.station.card_verify(None);
    assert_eq!(refused(differs, "field"), ("card.read_back.differs".to_owned(), "given_name".to_owned()));
    assert!(newest_field(&desk.station, "card.differed", "place").ends_with("/1 given_name"));
    assert!(desk.station.history_verify().unwrap().holds);
}

#[test]
fn a_card_gets_other_keys_once_and_the_history_knows_both_states_until_it_has() {
    let desk = Desk::new();
    desk.issued("starter");
    let wrong = desk.station.card_rekey(None, "ev1", "rekey");
    assert_eq!(refused(wrong, "encoding"), ("card.encoding.other".to_owned(), "starter".to_owned()));
    let wrong = desk.station.card_rekey(None, "starter", "three-applications");
    assert_eq!(refused(wrong, "").0, "encoding.rekey.differs");
    assert_eq!(format!("{:?}", desk.station.card_rekey(None, "starter", "rekey").unwrap().deed), "Rekeyed");
    assert_eq!(newest_field(&desk.station, "credential.rekey_begun", "next_encoding"), "rekey");
    assert_eq!(newest_field(&desk.station, "credential.rekeyed", "encoding"), "rekey");
    assert_eq!(format!("{:?}", desk.station.card_rekey(None, "starter", "rekey").unwrap().deed), "Already");
    assert_eq!(desk.station.card_dump(None).unwrap().encoding, "rekey");
    desk.station.card_verify(None).unwrap();
}

#[test]
fn a_reset_takes_two_people_and_leaves_a_blank_that_is_written_again() {
    let desk = Desk::new();
    let card = desk.issued("three-applications");
    for (login, code) in [(ANA, "policy.two_people"), ("nobody", "keys.password.wrong")] {
        assert_eq!(refused(desk.station.card_reset(None, login, &password(PASSWORD)), "").0, code);
    }
    let wrong = desk.station.card_reset(None, JONAS, &password("wrong"));
    assert_eq!(refused(wrong, "").0, "keys.password.wrong");
    desk.station.card_reset(None, JONAS, &password(PASSWORD)).unwrap();
    assert_eq!(desk.looked(), (Standing::Blank, vec![NextStep::Write]));
    let by = desk.station.history_recent(100).unwrap();
    let begun = by.iter().find(|entry| entry.what == "card.reset_begun").unwrap();
    assert!(begun.by.iter().any(|actor| actor.role == "witnessed"), "{:?}", begun.by);
    assert_eq!(refused(desk.station.card_verify(None), "").0, "card.unknown");
    let case = desk.at_card("starter");
    desk.lay(card);
    desk.hand_over(&case.id);
    desk.station.card_verify(None).unwrap();
    let cards = desk.station.person(&desk.station.person_of(EILEEN).unwrap()).unwrap().cards;
    let states: Vec<&str> = cards.iter().map(|card| card.state.as_str()).collect();
    assert!(states.contains(&"void") && states.contains(&"active"), "{states:?}");
}

/// Both ways in which a card leaves a reader in an exchange.
const PULLS: [FaultKind; 2] = [FaultKind::PullBefore, FaultKind::PullAfter];

#[test]
fn pulled_anywhere_in_a_change_of_keys_a_card_is_finished_or_taken_back_as_the_operator_says() {
    let desk = Desk::new();
    let card = desk.issued("starter");
    let before = desk.exchanges();
    desk.station.card_rekey(None, "starter", "rekey").unwrap();
    let count = desk.exchanges() - before;
    let mut names = ["rekey", "starter"];
    let (mut finished, mut taken_back) = (0, 0);
    for (at, pull) in (0..count).flat_map(|at| PULLS.map(|pull| (at, pull))) {
        let [from, to] = names;
        let (standing, _) = desk.lay(card);
        assert_eq!(standing, Standing::Ours, "{at} {pull:?}");
        desk.fault_in(at, pull);
        let _ = desk.station.card_rekey(None, from, to);
        let (standing, next) = desk.lay(card);
        match (standing, next.first()) {
            (Standing::HalfWritten, Some(NextStep::Finish)) => {
                assert_eq!(next, [NextStep::Finish, NextStep::RollBack], "{at} {pull:?}");
                assert_eq!(refused(desk.station.card_verify(None), "").0, "card.half_written");
                if at % 2 == 0 {
                    desk.station.card_finish(None).unwrap();
                    finished += 1;
                } else {
                    desk.station.card_roll_back(None).unwrap();
                    taken_back += 1;
                }
            }
            // Nothing was sent that changes a key, or all of it.
            (Standing::Ours, _) => {}
            other => panic!("{at} {pull:?}: {other:?}"),
        }
        desk.looked();
        desk.station.card_verify(None).unwrap_or_else(|problem| panic!("{at} {pull:?}: {problem:?}"));
        if desk.station.card_dump(None).unwrap().encoding == to {
            names.reverse();
        }
    }
    assert!(finished > 0 && taken_back > 0);
    assert!(desk.station.history_verify().unwrap().holds);
    println!("pulled at {} points of a change of keys: {finished} finished, {taken_back} taken back", 2 * count);
}

#[test]
fn pulled_anywhere_in_a_reset_a_card_becomes_a_blank_when_it_is_laid_again() {
    let desk = Desk::new();
    let reset = || desk.station.card_reset(None, JONAS, &password(PASSWORD));
    desk.issued("three-applications");
    desk.looked();
    let before = desk.exchanges();
    reset().unwrap();
    // The look afterwards is the reset's own.
    desk.looked();
    let count = desk.exchanges() - before;
    let mut finished = 0;
    let points: Vec<_> = (0..count).flat_map(|at| PULLS.map(|pull| (at, pull))).collect();
    // Each takes a badge to issue first: every third, which is before and after in turn.
    for (at, pull) in points.iter().copied().step_by(3) {
        let card = desk.issued("three-applications");
        desk.looked();
        desk.fault_in(at, pull);
        let _ = reset();
        let (standing, next) = desk.lay(card);
        match standing {
            Standing::HalfWritten => {
                assert_eq!(next, [NextStep::Finish], "{at} {pull:?}");
                desk.station.card_finish(None).unwrap_or_else(|problem| panic!("{at} {pull:?}: {problem:?}"));
                finished += 1;
            }
            Standing::Blank => {}
            // Void before anything was sent: two people say it once more.
            Standing::Ours => drop(reset().unwrap_or_else(|problem| panic!("{at} {pull:?}: {problem:?}"))),
            other => panic!("{at} {pull:?}: {other:?} {next:?}"),
        }
        assert_eq!(desk.looked(), (Standing::Blank, vec![NextStep::Write]), "{at} {pull:?}");
    }
    assert!(desk.station.history_verify().unwrap().holds);
    println!("pulled at {} points of a reset: {finished} finished, none lost", points.len().div_ceil(3));
}

#[test]
fn a_case_that_is_given_up_anywhere_leaves_a_card_that_two_people_make_a_blank() {
    let desk = Desk::new();
    let reset = || desk.station.card_reset(None, JONAS, &password(PASSWORD));
    let case = desk.at_card("three-applications");
    let mut card = lay_new(&desk.station, BenchCardKind::Blank, ENCODER);
    until(&desk.station, &case.id, |view| view.step != "card" && view.step != "encode");
    let count = desk.exchanges();
    desk.station.case_void(&case.id, "mistake").unwrap();
    desk.lay(card);
    reset().unwrap();
    let mut half = 0;
    for at in (1..count).step_by(5) {
        let case = desk.at_card("three-applications");
        card = desk.card_with(|desk| desk.desk().faults(ENCODER, [Fault { at, kind: FaultKind::PullAfter }]).unwrap());
        while desk.desk().faults_left(ENCODER).unwrap() > 0 {
            std::thread::sleep(std::time::Duration::from_millis(2));
        }
        desk.gone();
        let view = desk.station.case_view(&case.id).unwrap();
        desk.station.case_void(&case.id, "mistake").unwrap();
        let (standing, next) = desk.lay(card);
        if view.step == "card" {
            assert_eq!(standing, Standing::Blank, "{at}");
            continue;
        }
        assert_eq!(next.last(), Some(&NextStep::Reset), "{at} {standing:?} {next:?}");
        half += 1;
        reset().unwrap_or_else(|problem| panic!("{at}: {problem:?}"));
        assert_eq!(desk.looked(), (Standing::Blank, vec![NextStep::Write]), "{at}");
    }
    assert!(half > 4, "{half}");
    println!("given up at {half} points: each card a blank again");
}

#[test]
fn a_card_that_shows_another_uid_each_time_is_known_again_by_a_key_that_every_card_has() {
    let desk = Desk::new();
    let spare = "key = \"app-spare\"\n";
    let hidden = like_starter(&[
        ("id = \"starter\"", "id = \"hidden\""),
        ("free_bytes = 1024\n", "free_bytes = 1024\nrandom_uid = true\n"),
        (&format!("{spare}diversify = [\"uid\", \"aid\", \"system\"]\n"), spare),
    ]);
    desk.station.encoding_add(&hidden, true).unwrap();
    let card = desk.issued("hidden");
    let (standing, next) = desk.lay(card);
    let seen = desk.station.card_read(ENCODER).unwrap();
    assert_eq!((standing, next.first()), (Standing::Ours, Some(&NextStep::Verify)), "{:?}", seen.problem);
    assert_eq!(seen.person.map(|person| person.staff_no).as_deref(), Some(EILEEN));
    desk.station.card_verify(None).unwrap();
    assert_eq!(desk.station.card_dump(None).unwrap().encoding, "hidden");
    // A blank that shows a random UID, as one that was reset does, tells its own to a blank's key.
    let blank = || lanyard_virtual::DesfireCard::new([4, 9, 9, 9, 9, 9, 9], 7).with_random_uid();
    let lay_other = |card: lanyard_virtual::DesfireCard| {
        let _ = desk.desk().lift(ENCODER);
        desk.gone();
        desk.desk().lay(ENCODER, card).unwrap();
        desk.looked()
    };
    assert_eq!(lay_other(blank()), (Standing::Blank, vec![NextStep::Write]));
    // Somebody else's tells us nothing, and is told nothing.
    let stranger = blank().with_master_key(lanyard_virtual::KeyKind::Aes, &[7; 16], 1);
    assert_eq!(lay_other(stranger), (Standing::Unknown, vec![]));
}
