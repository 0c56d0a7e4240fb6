//! An administrator adds an encoding; cases are opened for it, keep the version they began with, and say what is missing
//! before a card is laid.

use lanyard_station::api::{BenchCardKind, CaseState, Identified, StepInput};
use lanyard_tests::house::{
    ANA, BJORN, CHIP_READER, Contents, EILEEN, ENCODER, Home, JONAS, PASSWORD, PORTRAIT, fields, lay_new, password,
    refusal, refused, until,
};

use super::{STARTER, like_starter, newest_field};

#[test]
fn every_encoding_that_ships_is_in_a_rehearsal_and_starter_alone_in_a_real_house() {
    let home = Home::new();
    let names = |station: &lanyard_station::Station| -> Vec<String> {
        station
            .encodings()
            .unwrap()
            .into_iter()
            .map(|hit| format!("{}/{} {}", hit.name, hit.version, hit.in_use))
            .collect()
    };
    let station = home.rehearsal();
    assert_eq!(
        names(&station),
        [
            "desfire-em/1 false",
            "ev1/1 false",
            "purse/1 false",
            "rekey/1 false",
            "starter/1 true",
            "three-applications/1 false"
        ]
    );
    assert!(station.encodings().unwrap().iter().all(|hit| hit.keys_missing.is_empty()));
    assert_eq!(station.encoding_text("starter", None).unwrap().text, STARTER);
    let entries = station.history_recent(1000).unwrap();
    assert_eq!(entries.iter().filter(|entry| entry.what == "encoding.added").count(), 6);
    drop(station);
    // Once, not at every start.
    let again = home.rehearsal().history_recent(1000).unwrap();
    assert_eq!(again.iter().filter(|entry| entry.what == "encoding.added").count(), 6);
    assert_eq!(names(&home.real()), ["starter/1 true"]);
}

#[test]
fn a_description_that_lint_has_something_against_is_refused_with_what_it_found_and_changes_nothing() {
    let home = Home::new();
    let station = home.rehearsal();
    let before = Contents::of(&home.house(true), PASSWORD);
    let free = like_starter(&[("id = \"starter\"", "id = \"free\""), ("create_free = false", "create_free = true")]);
    let (code, findings) = refused(station.encoding_add(&free, true), "findings");
    assert_eq!(code, "encoding.errors");
    assert!(findings.contains("create_free") && findings.contains(':'), "{findings}");
    let (code, findings) = refused(station.encoding_add("lanyard_encoding = 1\nid = 7", true), "findings");
    assert_eq!((code.as_str(), findings.starts_with("2:")), ("encoding.errors", true), "{findings}");
    assert_eq!(before.changed(&Contents::of(&home.house(true), PASSWORD)), vec![]);
}

#[test]
fn in_a_real_house_an_encoding_is_added_by_right_and_waits_for_its_keys_and_their_proof() {
    let home = Home::new();
    let station = home.real();
    let doors = like_starter(&[("id = \"starter\"", "id = \"doors\""), ("key = \"app-reader\"", "key = \"door\"")]);
    assert_eq!(
        refused(station.encoding_add(&doors, false), "right"),
        ("policy.right".to_owned(), "encoding.change".to_owned())
    );
    let jonas = station.operators().unwrap().into_iter().find(|operator| operator.login == JONAS).unwrap();
    station.operator_right(&jonas.id, "encoding.change", true).unwrap();
    station.sign_in(JONAS, &password(PASSWORD)).unwrap();
    let added = station.encoding_add(&doors, false).unwrap();
    assert_eq!((added.encoding.version, added.encoding.keys_missing), (1, vec!["door".to_owned()]));
    assert_eq!(refused(station.encoding_use("doors"), "key"), ("encoding.key.missing".to_owned(), "door".to_owned()));
    let added = station.encoding_add(&doors, true).unwrap();
    assert_eq!((added.new, added.keys_made), (false, vec!["door".to_owned()]));
    assert!(station.encoding_use("doors").unwrap().in_use);
    assert!(!station.status().house.unwrap().backup_proved, "the new key has no proved backup");
    assert_eq!(newest_field(&station, "station.encoding_set", "encoding"), "doors");
    // The key is in the vault that the next start opens.
    drop(station);
    let station = home.real();
    station.sign_in(ANA, &password(PASSWORD)).unwrap();
    assert!(station.encodings().unwrap().iter().all(|hit| hit.keys_missing.is_empty()));
    assert!(station.history_verify().unwrap().holds);
}

#[test]
fn a_value_that_the_encoding_needs_and_the_person_has_not_is_named_before_a_card_is_laid() {
    let home = Home::new();
    let station = home.rehearsal();
    let mail = like_starter(&[
        ("id = \"starter\"", "id = \"mail\""),
        ("type = \"number\"\nfrom = \"card.long_number\"", "type = \"text\"\nfrom = \"person.email\""),
    ]);
    station.encoding_add(&mail, true).unwrap();
    let person = station.person_of(EILEEN).unwrap();
    let case = station.case_open_with(&person, "mail").unwrap();
    let mut data = fields(&[]);
    data.extend(case.fields.iter().map(|field| (field.name.clone(), field.value.clone())));
    data.insert("email".to_owned(), String::new());
    let empty = station.case_do(&case.id, StepInput::ConfirmData { fields: data.clone() });
    assert_eq!(refused(empty, "field"), ("person.field.missing".to_owned(), "email".to_owned()));
    // One that is there and does not fit: said at the preview, with a way back.
    data.insert("email".to_owned(), "eileen.mollerstrom@nordhafen.example".to_owned());
    station.case_do(&case.id, StepInput::ConfirmData { fields: data }).unwrap();
    station.case_photo(&case.id, PORTRAIT).unwrap();
    let view = station.case_do(&case.id, StepInput::AcceptPhoto { reason: None }).unwrap();
    assert_eq!((view.step.as_str(), view.problem.unwrap().code.as_str()), ("preview", "encoding.value.misfit"));
    assert_eq!(
        refused(station.case_open_with(&person, "starter"), "encoding"),
        ("case.encoding.other".to_owned(), "mail".to_owned())
    );
}

#[test]
fn an_open_case_is_written_by_the_version_it_began_with() {
    let home = Home::new();
    let station = home.rehearsal();
    station.encoding_use("three-applications").unwrap();
    let case = lanyard_tests::house::at_card(&station, EILEEN);
    // Looked at for another encoding first: the blank is still taken for the case's.
    let text = station.encoding_text("three-applications", None).unwrap().text;
    let added = station.encoding_add(&format!("{text}\n# the next\n"), true).unwrap();
    assert_eq!((added.new, added.encoding.version, added.encoding.in_use), (true, 2, true));
    lay_new(&station, BenchCardKind::Blank, ENCODER);
    lay_new(&station, BenchCardKind::Chip, CHIP_READER);
    until(&station, &case.id, |view| view.step == "hand_over");
    assert!(newest_field(&station, "credential.prepared", "technology").contains("piv"));
    let read = station.card_dump(Some(ENCODER)).unwrap();
    assert_eq!((read.encoding.as_str(), read.applications.len()), ("three-applications", 3));
    station.case_do(&case.id, StepInput::Identify { how: Identified::Known }).unwrap();
    until(&station, &case.id, |view| view.hand_over.as_ref().is_some_and(|hand_over| hand_over.ready));
    assert_eq!(station.case_do(&case.id, StepInput::Given).unwrap().state, CaseState::Done);
    let card = station.history_recent(1000).unwrap().into_iter().find(|entry| {
        entry.what == "credential.prepared" && entry.fields.iter().any(|field| field.name == "encoding_version")
    });
    let version = card.unwrap().fields.into_iter().find(|field| field.name == "encoding_version").unwrap();
    assert_eq!(version.value.as_deref(), Some("1"));
}

#[test]
fn a_blank_that_lies_there_before_the_case_is_looked_at_again_for_the_cases_encoding() {
    let home = Home::new();
    let station = home.rehearsal();
    lay_new(&station, BenchCardKind::Blank, ENCODER);
    lay_new(&station, BenchCardKind::Chip, CHIP_READER);
    station.settle();
    let person = station.person_of(BJORN).unwrap();
    station.photo_set(&person, PORTRAIT, None).unwrap();
    let case = station.case_open_with(&person, "ev1").unwrap();
    let data = case.fields.iter().map(|field| (field.name.clone(), field.value.clone())).collect();
    station.case_do(&case.id, StepInput::ConfirmData { fields: data }).unwrap();
    station.case_do(&case.id, StepInput::KeepPhoto).unwrap();
    station.case_do(&case.id, StepInput::AcceptPreview).unwrap();
    until(&station, &case.id, |view| view.step == "hand_over");
    assert_eq!(station.card_dump(Some(ENCODER)).unwrap().encoding, "ev1");
    assert_eq!(refusal(station.case_open_with(&person, "nothing")).code, "case.encoding.other");
}
