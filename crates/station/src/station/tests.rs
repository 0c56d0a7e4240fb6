//! What a house brings with it and leaves behind: its devices, its slots, its front, its numbers; and that a case which is
//! over is not worked on.

mod blanks;
mod cases;
mod chips;
mod handing;
mod keys;

use std::path::Path;
use std::sync::mpsc;
use std::time::Duration;

use lanyard_device::{Channel, DeviceError, Reader, ReaderEvent};
use lanyard_model::{Kind, Reason};
use lanyard_secret::SecretBytes;

use crate::api::{
    BenchAction, BenchCardKind, CaseView, DeviceKind, FirstStart, NewOperator, Password, Problem, Recovery, StepInput,
};
use crate::devices::attach_reader;
use crate::{Event, HouseChoice, Options, Station};

const PASSWORD: &str = "correct horse battery";
const PORTRAIT: &[u8] = include_bytes!("../../../../assets/people/eileen.jpg");
const PATIENCE: Duration = Duration::from_secs(60);

fn password() -> SecretBytes {
    SecretBytes::new(PASSWORD.as_bytes().to_vec())
}

fn make(options: Options, rehearsal: bool) -> (Station, Recovery) {
    let station = Station::start(options).unwrap();
    let operators = ["ana", "jonas"].map(|login| NewOperator {
        name: login.to_owned(),
        login: login.to_owned(),
        password: Password(password()),
    });
    let recovery =
        station.first_start(FirstStart { station: "Gate".to_owned(), rehearsal, operators: operators.into() }).unwrap();
    (station, recovery)
}

fn real(home: &Path) -> Options {
    Options::new(home.to_owned(), HouseChoice::Real).without_devices()
}

/// A reader as the PC/SC service would tell of it; nothing lies on it.
struct RealReader;

impl Reader for RealReader {
    fn name(&self) -> &str {
        "Real reader"
    }

    fn wait(&mut self, ms: u64) -> Result<Option<ReaderEvent>, DeviceError> {
        std::thread::sleep(Duration::from_millis(ms));
        Ok(None)
    }

    fn open(&mut self) -> Result<Box<dyn Channel>, DeviceError> {
        Err(DeviceError::NoCard { reader: self.name().to_owned() })
    }
}

/// A rehearsal that stands still, in the thread that does the work, as soon as a case is as described; the first tells that it
/// does, and it goes on when the second has gone.
fn held_when(
    home: &Path,
    there: impl Fn(&CaseView) -> bool + Send + Sync + 'static,
) -> (Station, mpsc::Receiver<()>, mpsc::Sender<()>) {
    let (halfway, reached) = mpsc::channel();
    let (go_on, wait) = mpsc::channel::<()>();
    let wait = std::sync::Mutex::new(wait);
    let listener = move |event: &Event| {
        if let Event::Case(case) = event
            && there(case)
            && halfway.send(()).is_ok()
        {
            let _ = wait.lock().map(|wait| wait.recv());
        }
    };
    let (station, _) = make(Options::new(home.to_owned(), HouseChoice::Rehearsal).listener(listener), true);
    (station, reached, go_on)
}

/// A case of a rehearsal's person, where it waits for its card.
fn at_card(station: &Station, staff_no: &str) -> CaseView {
    let case = station.case_open(&station.person_of(staff_no).unwrap()).unwrap();
    let act = |input| station.case_do(&case.id, input).unwrap();
    act(StepInput::ConfirmData { fields: case.fields.iter().map(|f| (f.name.clone(), f.value.clone())).collect() });
    station.case_photo(&case.id, PORTRAIT).unwrap();
    act(StepInput::AcceptPhoto { reason: None });
    act(StepInput::AcceptPreview)
}

fn lay_new(station: &Station, kind: BenchCardKind, reader: &str) {
    let bench = station.bench_do(&BenchAction::NewCard { kind }).unwrap();
    let card = bench.cards.iter().map(|card| card.id).max().unwrap();
    station.bench_do(&BenchAction::Lay { card, reader: reader.to_owned() }).unwrap();
}

fn until(station: &Station, case: &str, wanted: impl Fn(&CaseView) -> bool) -> CaseView {
    let mut view = station.case_view(case).unwrap();
    while !wanted(&view) {
        view = station.case_wait(&view, PATIENCE).unwrap_or_else(|| panic!("{} {:?}", view.step, view.problem));
    }
    view
}

fn readers(station: &Station) -> Vec<(String, bool)> {
    let devices = station.status().devices.into_iter().filter(|device| device.kind == DeviceKind::Reader);
    devices.map(|device| (device.name, device.simulated)).collect()
}

#[test]
fn a_rehearsal_has_its_bench_and_no_real_reader_however_it_came_into_being() {
    let (first, second, backup) =
        (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let bench = [("Chip reader".to_owned(), true), ("Encoder".to_owned(), true)];
    let (made, _) = make(Options::new(first.path().to_owned(), HouseChoice::Rehearsal), true);
    attach_reader(&made.shared, Box::new(RealReader), false, None);
    assert_eq!(readers(&made), bench);
    let to = backup.path().join("backup");
    made.backup(&to).unwrap();
    drop(made);
    // As the window starts where there is nothing yet: real readers are there, to be shown.
    let restored = Station::start(Options::new(second.path().to_owned(), HouseChoice::AsFound)).unwrap();
    attach_reader(&restored.shared, Box::new(RealReader), false, None);
    assert!(readers(&restored).contains(&("Real reader".to_owned(), false)));
    restored.restore(&to, "ana", &password()).unwrap();
    assert_eq!(readers(&restored), bench);
    // The service tells of it again.
    attach_reader(&restored.shared, Box::new(RealReader), false, None);
    assert_eq!(readers(&restored), bench);
}

#[test]
fn after_a_restore_no_card_number_is_given_that_may_have_been_given_before() {
    let (first, second, backup) =
        (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (made, _) = make(real(first.path()), false);
    let to = backup.path().join("backup");
    made.backup(&to).unwrap();
    drop(made);
    let restored = Station::start(real(second.path())).unwrap();
    restored.restore(&to, "ana", &password()).unwrap();
    let next = restored.shared.quietly(|core| {
        let (house, _) = core.open().unwrap();
        house.store.write(|tx| tx.next_number(crate::cards::CARD_NUMBERS)).unwrap()
    });
    assert_eq!(next, 1_001);
    let told = restored.history_recent(1).unwrap();
    let skipped = told[0].fields.iter().find(|field| field.name == "numbers_skipped").unwrap();
    assert_eq!((told[0].what.as_str(), skipped.value.as_deref()), ("station.restored", Some("1000")));
    assert!(restored.history_verify().unwrap().holds);
}

#[test]
fn a_removed_operator_whose_slot_was_left_by_a_kill_loses_it_at_the_next_sign_in() {
    let home = tempfile::tempdir().unwrap();
    let (station, _) = make(real(home.path()), false);
    let slots = home.path().join("house").join("slots.json");
    let with_jonas = std::fs::read(&slots).unwrap();
    let jonas = station.operators().unwrap().into_iter().find(|operator| operator.login == "jonas").unwrap().id;
    station.operator_remove(&jonas).unwrap();
    drop(station);
    // As a kill leaves them between the entry and the file.
    std::fs::write(&slots, with_jonas).unwrap();
    let opens = || {
        let slots = lanyard_store::read_slots(&home.path().join("house")).unwrap();
        slots.open(jonas.parse().unwrap(), &password()).is_ok()
    };
    assert!(opens());
    let station = Station::start(real(home.path())).unwrap();
    station.sign_in("ana", &password()).unwrap();
    assert!(!opens());
}

#[test]
fn a_house_whose_front_was_lost_or_cut_off_is_opened_and_gets_it_again() {
    let home = tempfile::tempdir().unwrap();
    let (station, recovery) = make(real(home.path()), false);
    drop(station);
    let front = home.path().join("house").join("house.json");
    let whole = std::fs::read(&front).unwrap();
    let code = |problem: Problem| problem.code;
    for (cut, recovered) in [(None, false), (Some(""), false), (Some("{\"v\":1,"), true)] {
        match cut {
            None => std::fs::remove_file(&front).unwrap(),
            Some(text) => std::fs::write(&front, text).unwrap(),
        }
        let station = Station::start(real(home.path())).unwrap();
        let wrong = SecretBytes::new(b"not the password".to_vec());
        assert_eq!(station.sign_in("ana", &wrong).map_err(code).err().as_deref(), Some("keys.password.wrong"));
        assert_eq!(station.sign_in("eve", &password()).map_err(code).err().as_deref(), Some("keys.password.wrong"));
        if recovered {
            station.recover(recovery.code.text(), "jonas", &password()).unwrap();
        } else {
            station.sign_in("jonas", &password()).unwrap();
        }
        assert_eq!(station.status().session.unwrap().operator.login, "jonas");
        let opened = station.history_recent(20).unwrap().into_iter().filter(|entry| entry.what == "station.opened");
        assert!(opened.count() >= 1);
        drop(station);
        assert_eq!(std::fs::read(&front).unwrap(), whole);
    }
}

#[test]
fn a_proof_of_a_backup_that_could_not_be_written_is_none() {
    let (home, backup) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (station, _) = make(real(home.path()), false);
    let to = backup.path().join("backup");
    station.backup(&to).unwrap();
    // Without its signer the store refuses every entry.
    station.shared.quietly(|core| core.open().unwrap().0.store.set_signer(None));
    assert!(station.backup_prove(&to, &password()).is_err());
    station.shared.quietly(|core| {
        let (house, session) = core.open().unwrap();
        assert!(!house.backup_proved);
        assert!(session.vault.keys().all(|key| key.proved.is_none()));
        house.store.set_signer(Some(Box::new(session.vault.signer())));
    });
    station.backup_prove(&to, &password()).unwrap();
    station.shared.quietly(|core| assert!(core.open().unwrap().1.vault.keys().all(|key| key.proved.is_some())));
}

#[test]
fn every_key_of_the_vault_has_its_entries() {
    let (home, backup) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (station, _) = make(real(home.path()), false);
    let to = backup.path().join("backup");
    station.backup(&to).unwrap();
    station.backup_prove(&to, &password()).unwrap();
    station.shared.quietly(|core| {
        let (house, session) = core.open().unwrap();
        let names: Vec<String> = session.vault.keys().map(|key| crate::making::key_label(&key.of)).collect();
        assert!(names.contains(&"piv.management/1".to_owned()));
        let records = house.store.view().records(Kind::Key, Some("proved")).unwrap();
        let mut proved: Vec<String> = records.iter().map(|record| record.text("name").to_owned()).collect();
        proved.sort();
        assert_eq!(proved, names);
    });
}

#[test]
fn who_is_not_signed_in_is_told_so_and_waits_for_no_card() {
    let home = tempfile::tempdir().unwrap();
    let (station, _) = make(Options::new(home.path().to_owned(), HouseChoice::Rehearsal), true);
    let _ = station.lock();
    assert_eq!(station.card_dump(None).map_err(|problem| problem.code).err().as_deref(), Some("station.locked"));
}

/// Voided in the middle of its writing: no further step is in the journal, and so none is sent.
#[test]
fn a_voided_card_is_not_written_on() {
    let home = tempfile::tempdir().unwrap();
    let (station, reached, go_on) = held_when(home.path(), |case| {
        case.step == "encode" && case.exchanges.as_ref().is_some_and(|so_far| so_far.done >= 10)
    });
    let case = at_card(&station, "104882");
    lay_new(&station, BenchCardKind::Blank, "Encoder");
    reached.recv_timeout(PATIENCE).unwrap();
    let id = case.id.parse().unwrap();
    let journal = |core: &mut crate::shared::Core| {
        let card = core.case(id).unwrap().reference("card").unwrap();
        core.open().unwrap().0.store.view().journal(card).unwrap().len()
    };
    let lines = station.shared.quietly(|core| {
        core.void_case(id, Reason::Request, station.shared.now()).unwrap();
        journal(core)
    });
    drop(reached);
    drop(go_on);
    station.shared.leave_cards(PATIENCE);
    assert_eq!(station.shared.quietly(journal), lines);
    station.shared.quietly(|core| assert!(core.case(id).unwrap().over()));
}
