//! Blanks: those that came with the stock and those that did not; and cards with a random UID that were made blanks again.

use super::*;
use crate::api::{CaseState, Identified, NextStep, Standing};

const FIRST: &str = "04112233445566";
const STARTER: &str = include_str!("../../../../../assets/encodings/starter.toml");

fn refused<T>(answer: Result<T, Problem>, detail: &str) -> (String, String) {
    let problem = answer.err().unwrap();
    (problem.code, problem.details.get(detail).cloned().unwrap_or_default())
}

/// A rehearsal whose badges have no chip, with an encoding like `starter` but for a few words.
fn with_encoding(home: &Path, name: &str, changes: &[(&str, &str)]) -> Station {
    let (station, _) = make(Options::new(home.to_owned(), HouseChoice::Rehearsal), true);
    station.device_role("reader:Chip reader", None).unwrap();
    station.photo_set(&station.person_of("104882").unwrap(), PORTRAIT, None).unwrap();
    let named = STARTER.replacen("id = \"starter\"", &format!("id = \"{name}\""), 1);
    let text = changes.iter().fold(named, |text, (from, to)| {
        assert!(text.contains(from));
        text.replacen(from, to, 1)
    });
    station.encoding_add(&text, false).unwrap();
    station
}

fn at_card_of(station: &Station, encoding: &str) -> CaseView {
    let case = station.case_open_with(&station.person_of("104882").unwrap(), encoding).unwrap();
    let fields = case.fields.iter().map(|field| (field.name.clone(), field.value.clone())).collect();
    station.case_do(&case.id, StepInput::ConfirmData { fields }).unwrap();
    station.case_do(&case.id, StepInput::KeepPhoto).unwrap();
    station.case_do(&case.id, StepInput::AcceptPreview).unwrap()
}

fn hand_over(station: &Station, case: &str) {
    until(station, case, |view| view.step == "hand_over");
    station.case_do(case, StepInput::Identify { how: Identified::Known }).unwrap();
    until(station, case, |view| view.hand_over.as_ref().is_some_and(|hand_over| hand_over.ready));
    assert_eq!(station.case_do(case, StepInput::Given).unwrap().state, CaseState::Done);
}

/// How the card on the encoder stands, once it was looked at.
fn looked(station: &Station) -> (Standing, Vec<NextStep>) {
    for _ in 0..6000 {
        if station.card_read("Encoder").is_ok_and(|card| card.standing != Standing::Reading) {
            station.settle();
            let card = station.card_read("Encoder").unwrap();
            return (card.standing, card.next);
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    panic!("the card is never looked at");
}

/// Lifts the only card of the bench and lays it again.
fn laid_again(station: &Station) {
    let card = station.bench().unwrap().cards[0].id;
    station.bench_do(&BenchAction::Lift { reader: "Encoder".to_owned() }).unwrap();
    while station.card_read("Encoder").is_ok() {
        std::thread::sleep(Duration::from_millis(5));
    }
    station.bench_do(&BenchAction::Lay { card, reader: "Encoder".to_owned() }).unwrap();
}

#[test]
fn a_blank_of_no_received_box_is_refused_and_written_once_its_box_has_come_in() {
    let home = tempfile::tempdir().unwrap();
    let station = with_encoding(home.path(), "received", &[("[card]\n", "[card]\nstock = true\n")]);
    let case = at_card_of(&station, "received");
    lay_new(&station, BenchCardKind::Blank, "Encoder");
    let view = until(&station, &case.id, |view| view.problem.is_some());
    assert_eq!((view.step.as_str(), view.problem.unwrap().code.as_str()), ("card", "card.stock.unknown"));
    assert_eq!(looked(&station), (Standing::Foreign, vec![]));
    assert!(station.history_recent(20).unwrap().iter().any(|entry| entry.what == "action.refused"));
    let uid = station.card_read("Encoder").unwrap().uid;
    let added = station.stock_add_list(&format!("No;UID\n1;{uid}\n2;{FIRST}\n"), "box 7").unwrap();
    assert_eq!((added.new, added.already), (2, 0));
    laid_again(&station);
    hand_over(&station, &case.id);
    // As a blank again it is of the stock as before.
    station.card_reset(None, "jonas", &password()).unwrap();
    assert_eq!(looked(&station), (Standing::Blank, vec![NextStep::Write]));
    assert!(station.history_verify().unwrap().holds);
}

#[test]
fn what_came_in_is_written_once_by_right_and_there_at_the_next_start() {
    let home = tempfile::tempdir().unwrap();
    let (station, _) = make(real(home.path()), false);
    let add = |station: &Station, last: &str| station.stock_add_range(FIRST, last, "box 7");
    assert_eq!(
        refused(add(&station, "04112233445569"), "right"),
        ("policy.right".to_owned(), "stock.receive".to_owned())
    );
    let jonas = station.operators().unwrap().into_iter().find(|operator| operator.login == "jonas").unwrap();
    station.operator_right(&jonas.id, "stock.receive", true).unwrap();
    station.sign_in("jonas", &password()).unwrap();
    let wrong = station.stock_add_list("uid\n04\n", "box 8");
    assert_eq!(refused(wrong, "line"), ("stock.line".to_owned(), "2".to_owned()));
    assert!(station.stock().unwrap().is_empty(), "a list with a line that is no UID is none");
    let counts = |last: &str| add(&station, last).map(|added| (added.new, added.already)).unwrap();
    assert_eq!(counts("04112233445569"), (4, 0));
    assert_eq!(counts("0411223344556B"), (2, 4));
    drop(station);
    let station = Station::start(real(home.path())).unwrap();
    station.sign_in("jonas", &password()).unwrap();
    let boxes = station.stock().unwrap();
    assert_eq!(
        boxes.iter().map(|hit| (hit.name.as_str(), hit.cards)).collect::<Vec<_>>(),
        [("box 7", 4), ("box 7", 6)]
    );
    assert_eq!(boxes[0].first.as_deref(), Some(FIRST));
    let again = add(&station, "0411223344556A").unwrap();
    assert_eq!((again.stock, again.new, again.already), (None, 0, 5));
    assert!(station.history_verify().unwrap().holds);
}

#[test]
fn a_card_with_a_random_uid_is_reset_proves_to_be_a_blank_and_is_written_again() {
    let home = tempfile::tempdir().unwrap();
    let reader = "key = \"app-reader\"\ndiversify = [\"uid\", \"aid\", \"system\"]";
    let changes = [("[card]\n", "[card]\nrandom_uid = true\n"), (reader, "key = \"app-reader\"")];
    let station = with_encoding(home.path(), "hidden", &changes);
    let case = at_card_of(&station, "hidden");
    lay_new(&station, BenchCardKind::Blank, "Encoder");
    hand_over(&station, &case.id);
    laid_again(&station);
    assert_eq!(looked(&station).0, Standing::Ours);
    station.card_reset(None, "jonas", &password()).unwrap();
    assert!(station.history_recent(20).unwrap().iter().any(|entry| entry.what == "card.made_blank"));
    laid_again(&station);
    assert_eq!(looked(&station), (Standing::Blank, vec![NextStep::Write]));
    let case = at_card_of(&station, "hidden");
    hand_over(&station, &case.id);
    station.card_verify(None).unwrap();
}
