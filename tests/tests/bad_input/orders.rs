//! The right commands in the wrong order, on the wrong thing, or twice.

use lanyard_station::Station;
use lanyard_station::api::{
    Adjust, BenchAction, BenchCardKind, CaseState, DeviceRole, Identified, PersonInput, StepInput,
};
use lanyard_tests::house::{
    BJORN, CHIP_READER, EILEEN, ENCODER, Home, PORTRAIT, at_card, at_hand_over, fields, issued, lay_new, refused, until,
};

use super::{Unchanged, entries, pair};

/// Every input there is.
fn inputs() -> Vec<(&'static str, StepInput)> {
    let person = fields(&[("given_name", "Bo"), ("family_name", "Ek"), ("staff_no", "900001")]);
    let wild = Adjust { dx: f32::NAN, dy: f32::INFINITY, zoom: -1.0, turn_degrees: 1e30 };
    vec![
        ("data", StepInput::ConfirmData { fields: person }),
        ("photo", StepInput::AdjustPhoto { adjust: wild }),
        ("photo", StepInput::AcceptPhoto { reason: Some("x".to_owned()) }),
        ("photo", StepInput::KeepPhoto),
        ("preview", StepInput::AcceptPreview),
        ("hand_over", StepInput::Identify { how: Identified::Known }),
        ("hand_over", StepInput::Given),
    ]
}

/// Everything that belongs to another step is refused, naming where the case stands.
fn only_its_own(home: &Home, station: &Station, case: &str) {
    let step = station.case_view(case).unwrap().step;
    let unchanged = Unchanged::rehearsal(home);
    for (of, input) in inputs() {
        if of != step {
            assert_eq!(unchanged.after(station.case_do(case, input), "step"), pair("case.step", &step), "{of}");
        }
    }
    if step != "photo" {
        assert_eq!(unchanged.after(station.case_photo(case, PORTRAIT), "step"), pair("case.step", &step));
    }
    assert_eq!(station.case_view(case).unwrap().step, step);
}

#[test]
fn at_every_step_the_inputs_of_all_others_are_refused_and_change_nothing() {
    let home = Home::new();
    let station = home.rehearsal();
    let person = station.person_of(EILEEN).unwrap();
    let case = station.case_open(&person).unwrap();
    only_its_own(&home, &station, &case.id);
    assert_eq!(refused(station.case_do(&case.id, StepInput::Back), "step"), pair("case.step", "data"));
    let form = case.fields.iter().map(|field| (field.name.clone(), field.value.clone())).collect();
    station.case_do(&case.id, StepInput::ConfirmData { fields: form }).unwrap();
    let unchanged = Unchanged::rehearsal(&home);
    for input in [StepInput::AcceptPhoto { reason: None }, StepInput::KeepPhoto, inputs().remove(1).1] {
        assert_eq!(unchanged.after(station.case_do(&case.id, input), "").0, "case.photo.none");
    }
    only_its_own(&home, &station, &case.id);
    station.case_photo(&case.id, PORTRAIT).unwrap();
    // However wildly it is dragged, what is framed is a picture.
    let view = station.case_do(&case.id, inputs().remove(1).1).unwrap();
    assert!(view.photo.is_some_and(|photo| station.blob(&photo.framed).is_ok()));
    station.case_photo(&case.id, PORTRAIT).unwrap();
    station.case_do(&case.id, StepInput::AcceptPhoto { reason: None }).unwrap();
    only_its_own(&home, &station, &case.id);
    station.case_do(&case.id, StepInput::AcceptPreview).unwrap();
    only_its_own(&home, &station, &case.id);
    at_hand_over(&station, &case.id);
    only_its_own(&home, &station, &case.id);
    let unchanged = Unchanged::rehearsal(&home);
    let early = station.case_do(&case.id, StepInput::Given);
    assert_eq!(unchanged.after(early, "step"), pair("case.step", "hand_over"));
    let back = station.case_do(&case.id, StepInput::Back);
    assert_eq!(unchanged.after(back, "step"), pair("case.step", "hand_over"));
}

#[test]
fn nothing_is_handed_over_while_the_cards_that_were_written_are_not_there() {
    let home = Home::new();
    let station = home.rehearsal();
    let case = at_card(&station, EILEEN);
    at_hand_over(&station, &case.id);
    for reader in [ENCODER, CHIP_READER] {
        station.bench_do(&BenchAction::Lift { reader: reader.to_owned() }).unwrap();
    }
    station.case_do(&case.id, StepInput::Identify { how: Identified::Passport }).unwrap();
    station.settle();
    let given = || station.case_do(&case.id, StepInput::Given);
    assert_eq!(refused(given(), "step"), pair("case.step", "hand_over"));
    // Another blank is not the card.
    lay_new(&station, BenchCardKind::Blank, ENCODER);
    lay_new(&station, BenchCardKind::Chip, CHIP_READER);
    station.settle();
    assert_eq!(refused(given(), "step"), pair("case.step", "hand_over"));
    assert_eq!(entries(&station, "card.issued"), 0);
    let bench = station.bench().unwrap();
    for (card, reader) in bench.cards.iter().zip([ENCODER, CHIP_READER]) {
        station.bench_do(&BenchAction::Lift { reader: reader.to_owned() }).unwrap();
        station.bench_do(&BenchAction::Lay { card: card.id, reader: reader.to_owned() }).unwrap();
    }
    until(&station, &case.id, |view| view.hand_over.as_ref().is_some_and(|hand_over| hand_over.ready));
    assert_eq!(given().unwrap().state, CaseState::Done);
}

#[test]
fn a_case_that_is_over_takes_no_command_and_no_card() {
    let home = Home::new();
    let station = home.rehearsal();
    let done = issued(&station, EILEEN);
    let void = at_card(&station, BJORN);
    station.case_void(&void.id, "mistake").unwrap();
    let unchanged = Unchanged::rehearsal(&home);
    for case in [&done.id, &void.id] {
        for (_, input) in inputs().into_iter().chain([("", StepInput::Retry), ("", StepInput::Back)]) {
            assert_eq!(unchanged.after(station.case_do(case, input), "").0, "case.closed");
        }
        assert_eq!(unchanged.after(station.case_photo(case, PORTRAIT), "").0, "case.closed");
        assert_eq!(unchanged.after(station.case_void(case, "mistake"), "").0, "case.closed");
        assert_eq!(unchanged.after(station.case_bind(case), "").0, "case.closed");
    }
    assert_eq!(station.case_view(&void.id).unwrap().state, CaseState::Void);
    assert!(station.status().cases.is_empty());
    station.bench_do(&BenchAction::Lift { reader: ENCODER.to_owned() }).unwrap();
    lay_new(&station, BenchCardKind::Blank, ENCODER);
    station.settle();
    unchanged.assert("a blank laid for nobody");
}

#[test]
fn a_card_is_voided_once_and_only_for_a_reason_that_voids() {
    let home = Home::new();
    let station = home.rehearsal();
    let card = issued(&station, EILEEN).card.unwrap();
    let unchanged = Unchanged::rehearsal(&home);
    for reason in ["", "renewed", "because", "Mistake"] {
        assert_eq!(unchanged.after(station.card_void(&card.id, reason), "reason"), pair("policy.void.reason", reason));
    }
    let long = unchanged.after(station.card_void(&card.id, &"x".repeat(1 << 20)), "reason");
    assert_eq!((long.0.as_str(), long.1.len()), ("policy.void.reason", 40));
    assert_eq!(unchanged.after(station.card_void("no id", "lost"), "kind"), pair("station.missing", "card"));
    let unknown = station.card_void(&"00".repeat(16), "lost");
    assert_eq!(unchanged.after(unknown, "kind"), pair("store.record.missing", "card"));
    let person = station.person_of(EILEEN).unwrap();
    assert!(station.card_void(&person, "lost").is_err(), "a person is no card");
    unchanged.assert("a person is no card");
    let view = station.card_void(&card.id, "lost").unwrap();
    assert_eq!(view.cards[0].state, "void");
    assert!(view.cards[0].credentials.iter().all(|credential| credential.state == "void"));
    let unchanged = Unchanged::rehearsal(&home);
    assert_eq!(station.card_void(&card.id, "damaged").unwrap().cards[0].why.as_deref(), Some("lost"));
    unchanged.assert("void twice");
    assert_eq!(entries(&station, "card.voided"), 1);
    assert!(station.history_verify().unwrap().holds);
}

#[test]
fn what_is_not_there_is_said_to_be_missing_by_kind() {
    let home = Home::new();
    let station = home.rehearsal();
    let unchanged = Unchanged::rehearsal(&home);
    let long = "a".repeat(1 << 20);
    for id in ["", "x", &"00".repeat(16), "\0", &long] {
        let missing = |refusal: (String, String), kind: &str| {
            assert!(["station.missing", "store.record.missing"].contains(&refusal.0.as_str()), "{refusal:?}");
            assert_eq!(refusal.1, kind);
        };
        missing(unchanged.after(station.case_view(id), "kind"), "case");
        missing(unchanged.after(station.case_bind(id), "kind"), "case");
        missing(unchanged.after(station.case_do(id, StepInput::Retry), "kind"), "case");
        missing(unchanged.after(station.case_photo(id, PORTRAIT), "kind"), "case");
        missing(unchanged.after(station.case_void(id, "mistake"), "kind"), "case");
        missing(unchanged.after(station.case_pdf(id), "kind"), "case");
        missing(unchanged.after(station.case_open(id), "kind"), "person");
        missing(unchanged.after(station.person(id), "kind"), "person");
        missing(unchanged.after(station.blob(id), "kind"), "picture");
        missing(unchanged.after(station.card_of(id), "kind"), "card");
        missing(unchanged.after(station.device_test(id), "kind"), "device");
        missing(unchanged.after(station.device_role(id, Some(DeviceRole::Desk)), "kind"), "device");
        missing(unchanged.after(station.printer_remove(id), "kind"), "printer");
    }
    for (kind, id) in [("person", "x"), ("nonsense", &"00".repeat(16)), ("", ""), ("card", &long)] {
        assert!(station.history(kind, id).is_err());
        unchanged.assert(kind);
    }
    for uri in ["", "ipp://", "file:///etc/passwd", "http://127.0.0.1", "ipp://user@:0/\u{0}", &long] {
        assert!(station.printer_add("Office", uri).is_err(), "{uri:.30}");
        unchanged.assert("no printer has that address");
    }
}

#[test]
fn two_cases_of_one_person_are_one_case() {
    let home = Home::new();
    let station = home.rehearsal();
    let person = station.person_of(EILEEN).unwrap();
    let first = station.case_open(&person).unwrap();
    let unchanged = Unchanged::rehearsal(&home);
    assert_eq!(station.case_open(&person).unwrap().id, first.id);
    unchanged.assert("opened again");
    assert_eq!(station.status().cases.len(), 1);
    // What is corrected on the person is on the case at once.
    let input = PersonInput { id: Some(person), fields: fields(&[("unit", "Quay")]), although_alike: false };
    station.person_save(input).unwrap();
    assert_eq!(station.case_view(&first.id).unwrap().person.unit, "Quay");
}
