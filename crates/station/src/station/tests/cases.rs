//! What the station says is so: who is signed in, who was identified; and what it keeps of a case that is over.

use lanyard_model::Id;
use lanyard_store::InstanceRow;

use super::*;
use crate::api::{DeviceRole, DeviceState, Identified, PersonInput};

fn code<T>(answer: Result<T, Problem>) -> String {
    answer.err().map_or_else(String::new, |problem| problem.code)
}

/// A case of a person of a real house, at its first step.
fn opened(station: &Station) -> CaseView {
    let fields = [("family_name", "Berg"), ("given_name", "Bo"), ("staff_no", "7"), ("unit", "Gate")];
    let fields = fields.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    let person = station.person_save(PersonInput { id: None, fields, although_alike: false }).unwrap();
    station.case_open(&person.hit.id).unwrap()
}

/// As [`opened`], with both sides of its card drawn.
fn at_preview(station: &Station) -> CaseView {
    let case = opened(station);
    let fields = case.fields.iter().map(|field| (field.name.clone(), field.value.clone())).collect();
    station.case_do(&case.id, StepInput::ConfirmData { fields }).unwrap();
    station.case_photo(&case.id, PORTRAIT).unwrap();
    station.case_do(&case.id, StepInput::AcceptPhoto { reason: None }).unwrap()
}

fn told(station: &Station, what: &str) -> usize {
    station.history_recent(10_000).unwrap().iter().filter(|entry| entry.what == what).count()
}

#[test]
fn who_is_refused_is_not_signed_in_and_the_history_does_not_say_so() {
    let home = tempfile::tempdir().unwrap();
    let (station, _) = make(real(home.path()), false);
    let id: Id = opened(&station).id.parse().unwrap();
    let put = |state: &str| {
        station.shared.quietly(|core| {
            let store = &mut core.house.as_mut().unwrap().store;
            let row = store.view().instance(id).unwrap().unwrap();
            store.write(|tx| tx.put_instance(&InstanceRow { state: state.to_owned(), ..row.clone() })).unwrap();
            row.state
        })
    };
    let whole = put("{");
    let _ = station.lock();
    assert_eq!(code(station.sign_in("ana", &password())), "store.damaged");
    assert_eq!(station.status().session, None);
    assert_eq!(code(station.history_recent(1)), "station.locked");
    put(&whole);
    station.sign_in("ana", &password()).unwrap();
    assert_eq!(told(&station, "operator.signed_in"), 1, "the one that was not refused");
}

#[test]
fn a_saved_printer_whose_folder_has_gone_is_a_printer_that_has_gone_and_keeps_nobody_out() {
    let (home, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (station, _) = make(Options::new(home.path().to_owned(), HouseChoice::Real), false);
    station.printer_add("Folder", &format!("file://{}", folder.path().display())).unwrap();
    drop(station);
    folder.close().unwrap();
    let station = Station::start(Options::new(home.path().to_owned(), HouseChoice::Real)).unwrap();
    assert!(station.sign_in("ana", &password()).unwrap().session.is_some());
    let gone = |core: &mut crate::shared::Core| {
        let folder = core.devices.get("printer:Folder")?;
        (folder.state == DeviceState::Gone).then_some(())
    };
    station.shared.wait(PATIENCE, gone).unwrap();
}

#[test]
fn settings_that_cannot_be_read_are_an_error_and_never_the_default() {
    let home = tempfile::tempdir().unwrap();
    let (station, _) = make(real(home.path()), false);
    let set = |key: &str, text: Option<&str>| {
        station.shared.quietly(|core| core.open().unwrap().0.store.write(|tx| tx.set_setting(key, text))).unwrap();
    };
    set(crate::house::FACILITY, Some("many"));
    assert_eq!(at_preview(&station).problem.unwrap().code, "store.damaged");
    set(crate::house::FACILITY, None);
    let folder = tempfile::tempdir().unwrap();
    station.printer_add("Folder", &format!("file://{}", folder.path().display())).unwrap();
    set("roles", Some("?"));
    assert_eq!(code(station.device_role("printer:Folder", Some(DeviceRole::Print))), "store.damaged");
    let role = station.shared.quietly(|core| core.devices["printer:Folder"].role);
    assert_eq!(role, None, "a role that was refused");
    set("printers", Some("?"));
    let _ = station.lock();
    station.sign_in("ana", &password()).unwrap();
    assert_eq!(code(station.printer_add("Other", &format!("file://{}", folder.path().display()))), "store.damaged");
}

#[test]
fn of_a_case_that_is_over_no_picture_stays_in_memory_and_what_was_accepted_is_still_shown() {
    let home = tempfile::tempdir().unwrap();
    let (station, _) = make(real(home.path()), false);
    let in_memory = |case: &str| {
        let id = case.parse().unwrap();
        station.shared.quietly(|core| {
            let case = core.case(id).unwrap();
            case.pictures.is_some() || case.photo.is_some()
        })
    };
    let case = at_preview(&station);
    assert!(in_memory(&case.id));
    let voided = station.case_void(&case.id, "mistake").unwrap();
    assert!(!in_memory(&case.id) && voided.pictures.is_none());
    assert_eq!(code(station.blob(&case.pictures.unwrap().front)), "station.missing");

    let case = station.case_open(&case.person.id).unwrap();
    let fields = case.fields.iter().map(|field| (field.name.clone(), field.value.clone())).collect();
    station.case_do(&case.id, StepInput::ConfirmData { fields }).unwrap();
    let shown = station.case_do(&case.id, StepInput::KeepPhoto).unwrap().pictures.unwrap();
    station.case_do(&case.id, StepInput::AcceptPreview).unwrap();
    let voided = station.case_void(&case.id, "mistake").unwrap();
    assert!(!in_memory(&case.id));
    assert_eq!(voided.pictures.as_ref(), Some(&shown));
    assert!(station.blob(&shown.front).unwrap().starts_with(b"\x89PNG"));
}

#[test]
fn of_a_void_card_the_journal_says_how_to_make_it_a_blank_and_nothing_of_the_person() {
    let home = tempfile::tempdir().unwrap();
    let (station, _) = make(Options::new(home.path().to_owned(), HouseChoice::Rehearsal), true);
    let case = at_card(&station, "104882");
    station.bench_do(&BenchAction::LiftAfter { reader: "Encoder".to_owned(), exchanges: 14 }).unwrap();
    lay_new(&station, BenchCardKind::Blank, "Encoder");
    until(&station, &case.id, |view| view.step == "encode" && view.problem.is_some());
    let journal = || -> Vec<String> {
        station.shared.quietly(|core| {
            let card = core.case(case.id.parse().unwrap()).unwrap().reference("card").unwrap();
            let lines = core.open().unwrap().0.store.view().journal(card).unwrap();
            lines.into_iter().map(|line| String::from_utf8(line).unwrap()).collect()
        })
    };
    // What a file is to hold stands in the plan, and in nothing else.
    assert!(journal().len() > 1 && journal()[0].contains("\"data\""));
    station.case_void(&case.id, "damaged").unwrap();
    let left = journal();
    assert!(left.len() == 1 && left[0].contains("\"purpose\":\"reset\""), "{left:?}");
    for of_a_file in ["\"data\"", "\"expect\"", "\"fields\""] {
        assert!(!left[0].contains(of_a_file), "{left:?}");
    }
}

/// Locked, and signed in again, while the card is read: the card was right, but nobody has said, this time, who the person
/// is.
#[test]
fn a_card_that_was_checked_for_a_hand_over_that_was_locked_away_identifies_nobody() {
    let home = tempfile::tempdir().unwrap();
    let (station, reached, go_on) =
        held_when(home.path(), |case| case.step == "hand_over" && case.state == crate::api::CaseState::Running);
    // A badge without a chip: reading the card is all that there is to do.
    station.device_role("reader:Chip reader", None).unwrap();
    let case = at_card(&station, "104882");
    lay_new(&station, BenchCardKind::Blank, "Encoder");
    until(&station, &case.id, |view| view.step == "hand_over");
    station.case_do(&case.id, StepInput::Identify { how: Identified::Passport }).unwrap();
    reached.recv_timeout(PATIENCE).unwrap();
    station.shared.quietly(|core| {
        core.lock();
        core.sign_in("ana", &password(), station.shared.now()).unwrap();
    });
    drop(reached);
    drop(go_on);
    station.shared.leave_cards(PATIENCE);
    let view = station.case_view(&case.id).unwrap();
    assert_eq!((view.step.as_str(), view.hand_over.unwrap().ready), ("hand_over", false));
    assert_eq!(told(&station, "request.identified"), 0);
    assert_eq!(code(station.case_do(&case.id, StepInput::Given)), "case.step");

    station.case_do(&case.id, StepInput::Identify { how: Identified::Passport }).unwrap();
    until(&station, &case.id, |view| view.hand_over.as_ref().is_some_and(|hand_over| hand_over.ready));
    station.case_do(&case.id, StepInput::Given).unwrap();
    assert_eq!(told(&station, "request.identified"), 1);
}

#[test]
fn each_line_of_a_step_says_how_long_it_took() {
    use std::sync::atomic::{AtomicI64, Ordering};
    let home = tempfile::tempdir().unwrap();
    // A clock that goes on by a second whenever it is asked.
    let clock = AtomicI64::new(1_790_000_000_000);
    let clock = move || lanyard_model::UnixMs(clock.fetch_add(1_000, Ordering::SeqCst));
    let seen = std::sync::Arc::new(std::sync::Mutex::new(std::collections::BTreeMap::new()));
    let keep = std::sync::Arc::clone(&seen);
    let listener = move |event: &Event| {
        let Event::Case(case) = event else { return };
        for line in &case.lines {
            let mut seen = keep.lock().unwrap();
            match (line.state, line.took_ms) {
                (crate::api::LineState::Done, took) => drop(seen.insert((case.step.clone(), line.code.clone()), took)),
                (state, took) => assert_eq!(took, None, "{} {state:?}", line.code),
            }
        }
    };
    let options = Options::new(home.path().to_owned(), HouseChoice::Rehearsal).clock(clock).listener(listener);
    let (station, _) = make(options, true);
    let case = at_card(&station, "104882");
    lay_new(&station, BenchCardKind::Blank, "Encoder");
    lay_new(&station, BenchCardKind::Chip, "Chip reader");
    until(&station, &case.id, |view| view.step == "hand_over");
    let seen = seen.lock().unwrap();
    for step in ["encode", "certify"] {
        let of_step: Vec<_> = seen.iter().filter(|((of, _), _)| of == step).collect();
        assert!(of_step.len() > 3, "{of_step:?}");
        assert!(of_step.iter().all(|(_, took)| took.is_some_and(|ms| ms >= 1_000 && ms % 1_000 == 0)), "{of_step:?}");
    }
}

#[test]
fn a_clock_that_was_set_back_is_told_until_it_is_right_again() {
    use std::sync::atomic::{AtomicI64, Ordering};
    let home = tempfile::tempdir().unwrap();
    let now = std::sync::Arc::new(AtomicI64::new(1_790_000_000_000));
    let clock = std::sync::Arc::clone(&now);
    let options = || {
        let clock = std::sync::Arc::clone(&clock);
        real(home.path()).clock(move || lanyard_model::UnixMs(clock.load(Ordering::SeqCst)))
    };
    let (station, _) = make(options(), false);
    let told = |station: &Station| station.status().data.clock_back;
    assert!(!told(&station));
    drop(station);
    now.fetch_sub(3_600_000, Ordering::SeqCst);
    let station = Station::start(options()).unwrap();
    station.sign_in("ana", &password()).unwrap();
    assert!(told(&station));
    now.fetch_add(1_000, Ordering::SeqCst);
    station.facility_set(7).unwrap();
    assert!(told(&station), "it goes on, and is still behind");
    now.fetch_add(3_600_000, Ordering::SeqCst);
    station.facility_set(8).unwrap();
    assert!(!told(&station));
}
