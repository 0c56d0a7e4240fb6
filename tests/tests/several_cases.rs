//! Several cases are open at once, each at a step that waits for a card: a card is written for the case that it was laid
//! for, and for no other.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test stops where it fails")]

use lanyard_station::Station;
use lanyard_station::api::{BenchAction, BenchCardKind, CaseState, CaseView, Identified, StepInput};
use lanyard_tests::house::{BJORN, CHIP_READER, EILEEN, ENCODER, Home, at_card, lay_new, until};
use lanyard_virtual::{Fault, FaultKind};

fn lift(station: &Station, reader: &str) {
    station.bench_do(&BenchAction::Lift { reader: reader.to_owned() }).unwrap();
    let empty = || station.status().devices.iter().all(|device| device.name != reader || device.card.is_none());
    while !empty() {
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
}

/// Its contactless card is written, and it waits for its chip.
fn at_certify(station: &Station, staff_no: &str) -> String {
    let case = at_card(station, staff_no);
    lay_new(station, BenchCardKind::Blank, ENCODER);
    until(station, &case.id, |view| view.step == "certify");
    lift(station, ENCODER);
    case.id
}

/// The next card that is laid on the encoder leaves it in the middle of its writing.
fn lifted_amid(station: &Station) {
    station.bench_desk().unwrap().faults(ENCODER, [Fault { at: 14, kind: FaultKind::PullAfter }]).unwrap();
}

/// The reader's thread has looked at the card, and has asked for work since.
fn asked_again(station: &Station, reader: &str) {
    station.settle();
    for _ in 0..2 {
        assert!(station.device_test(&format!("reader:{reader}")).unwrap().ok);
    }
}

fn untouched(station: &Station, case: &str, step: &str) {
    let view = station.case_view(case).unwrap();
    assert_eq!((view.step.as_str(), view.state, view.problem), (step, CaseState::WaitingForCard, None));
}

fn handed_over(station: &Station, case: &str) -> CaseView {
    until(station, case, |view| view.step == "hand_over");
    station.case_do(case, StepInput::Identify { how: Identified::Known }).unwrap();
    until(station, case, |view| view.hand_over.as_ref().is_some_and(|hand_over| hand_over.ready));
    station.case_do(case, StepInput::Given).unwrap()
}

#[test]
fn a_chip_is_made_for_the_case_that_is_on_the_screen_and_for_no_parked_one() {
    let home = Home::new();
    let station = home.rehearsal();
    let parked = at_certify(&station, EILEEN);
    let bound = at_certify(&station, BJORN);
    // Worked on last, and still not the one on the screen.
    station.case_do(&parked, StepInput::Retry).unwrap();
    lay_new(&station, BenchCardKind::Chip, CHIP_READER);
    until(&station, &bound, |view| view.step == "hand_over");
    untouched(&station, &parked, "certify");

    // The one on the screen needs none now; the parked one gets it when it is there again, and not before.
    lift(&station, CHIP_READER);
    lay_new(&station, BenchCardKind::Chip, CHIP_READER);
    asked_again(&station, CHIP_READER);
    untouched(&station, &parked, "certify");
    station.case_bind(&parked).unwrap();
    until(&station, &parked, |view| view.step == "hand_over");
}

#[test]
fn two_cases_that_wait_for_cards_get_each_its_own_and_a_half_written_card_goes_on_for_whom_it_was_begun() {
    let home = Home::new();
    let station = home.rehearsal();
    let first = at_card(&station, EILEEN).id;
    let bench = station.bench_do(&BenchAction::NewCard { kind: BenchCardKind::Blank }).unwrap();
    let begun = bench.cards.iter().map(|card| card.id).max().unwrap();
    lifted_amid(&station);
    station.bench_do(&BenchAction::Lay { card: begun, reader: ENCODER.to_owned() }).unwrap();
    until(&station, &first, |view| view.step == "encode" && view.state == CaseState::Stopped);

    let second = at_card(&station, BJORN).id;
    station.bench_do(&BenchAction::Lay { card: begun, reader: ENCODER.to_owned() }).unwrap();
    until(&station, &first, |view| view.step == "certify");
    let lies = || station.card_read(ENCODER).unwrap().uid;
    let uid = |case: &str| station.case_view(case).unwrap().card.unwrap().uid;
    assert_eq!(uid(&first), lies());
    asked_again(&station, ENCODER);
    let view = station.case_view(&second).unwrap();
    assert_eq!((view.step.as_str(), view.card.map(|card| card.uid)), ("card", Some(String::new())));

    lift(&station, ENCODER);
    let blank = lay_new(&station, BenchCardKind::Blank, ENCODER);
    until(&station, &second, |view| view.step == "certify");
    assert!(uid(&second) == lies() && uid(&second) != uid(&first));

    // Both badges, each with its own two cards.
    let chip = |case: &str| {
        station.case_bind(case).unwrap();
        let chip = lay_new(&station, BenchCardKind::Chip, CHIP_READER);
        until(&station, case, |view| view.step == "hand_over");
        chip
    };
    let chips = [chip(&first), chip(&second)];
    for (case, cards) in [(&first, [begun, chips[0]]), (&second, [blank, chips[1]])] {
        for (card, reader) in cards.into_iter().zip([ENCODER, CHIP_READER]) {
            lift(&station, reader);
            station.bench_do(&BenchAction::Lay { card, reader: reader.to_owned() }).unwrap();
        }
        assert_eq!(handed_over(&station, case).state, CaseState::Done);
    }
    assert!(station.history_verify().unwrap().holds);
}

#[test]
fn another_card_laid_for_a_half_written_one_is_told_with_both_numbers() {
    let home = Home::new();
    let station = home.rehearsal();
    // A badge of somebody's that is finished as far as its card.
    at_certify(&station, BJORN);
    let bench = station.bench().unwrap().cards;
    let finished = bench.iter().map(|card| card.id).max().unwrap();

    let case = at_card(&station, EILEEN);
    lifted_amid(&station);
    let begun = lay_new(&station, BenchCardKind::Blank, ENCODER);
    until(&station, &case.id, |view| view.step == "encode" && view.state == CaseState::Stopped);
    let other = |lying: &str| {
        let view = until(&station, &case.id, |view| {
            view.problem.as_ref().is_some_and(|p| p.details.get("lying").is_some_and(|l| l == lying))
        });
        let problem = view.problem.unwrap();
        assert_eq!((problem.code.as_str(), problem.details["number"].as_str()), ("case.card.other", "C-0000002"));
    };
    station.bench_do(&BenchAction::Lay { card: finished, reader: ENCODER.to_owned() }).unwrap();
    other("C-0000001");
    // Told again where somebody only says "once more".
    station.case_do(&case.id, StepInput::Retry).unwrap();
    other("C-0000001");
    lift(&station, ENCODER);
    lay_new(&station, BenchCardKind::Blank, ENCODER);
    // The reader takes its time to see what was laid.
    let laid = (0..500).find_map(|_| {
        std::thread::sleep(std::time::Duration::from_millis(20));
        station.card_read(ENCODER).ok()
    });
    other(&laid.expect("the blank is seen").uid.to_uppercase());

    lift(&station, ENCODER);
    station.bench_do(&BenchAction::Lay { card: begun, reader: ENCODER.to_owned() }).unwrap();
    until(&station, &case.id, |view| view.step == "certify");
}
