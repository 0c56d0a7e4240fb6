//! A folder as the printer of a real house: behind a right, a reason and a count. The case is set down at its print as a
//! written card would bring it there; everything after that is the station's own doing.

mod printers;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use lanyard_issue::{Credential, Technology};
use lanyard_model::{Id, Value};
use lanyard_secret::SecretBytes;

use crate::api::{CaseView, DeviceRole, FirstStart, NewOperator, Password, PersonInput, Problem, StepInput};
use crate::case::Outcome;
use crate::{HouseChoice, Options, Station, entropy};

const PORTRAIT: &[u8] = include_bytes!("../../../../assets/people/eileen.jpg");
const PASSWORD: &str = "correct horse battery";
const PATIENCE: Duration = Duration::from_secs(30);
const REASON: &str = "The printer is being mended";

struct Desk {
    station: Station,
    folder: tempfile::TempDir,
    _home: tempfile::TempDir,
}

fn operator(login: &str) -> NewOperator {
    NewOperator {
        name: login.to_owned(),
        login: login.to_owned(),
        password: Password(SecretBytes::new(PASSWORD.as_bytes().to_vec())),
    }
}

impl Desk {
    /// A house with Ana signed in, and a folder as its only printer.
    fn new(rehearsal: bool, operators: &[&str]) -> Self {
        let desk = Self::made(rehearsal, operators, Options::new);
        desk.station.printer_add("Folder", &format!("file://{}", desk.folder.path().display())).unwrap();
        desk
    }

    /// A real house with Ana signed in.
    fn without_printer(options: impl Fn(PathBuf, HouseChoice) -> Options) -> Self {
        Self::made(false, &["ana"], options)
    }

    fn made(rehearsal: bool, operators: &[&str], options: impl Fn(PathBuf, HouseChoice) -> Options) -> Self {
        let (home, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let choice = if rehearsal { HouseChoice::Rehearsal } else { HouseChoice::Real };
        let station = Station::start(options(home.path().to_owned(), choice).without_devices()).unwrap();
        let operators = operators.iter().map(|login| operator(login)).collect();
        station.first_start(FirstStart { station: "Gate".to_owned(), rehearsal, operators }).unwrap();
        Self { station, folder, _home: home }
    }

    fn sign_in(&self, login: &str) {
        self.station.sign_in(login, &SecretBytes::new(PASSWORD.as_bytes().to_vec())).unwrap();
    }

    /// Ana gives it to Jonas, who signs in.
    fn jonas_may(&self) {
        let all = self.station.operators().unwrap();
        let jonas = all.iter().find(|operator| operator.login == "jonas").unwrap();
        self.station.operator_right(&jonas.id, "print.file", true).unwrap();
        self.sign_in("jonas");
    }

    /// A case whose card was written, at its print.
    fn at_print(&self, family_name: &str) -> CaseView {
        let fields = [("given_name", "Bo"), ("family_name", family_name), ("staff_no", family_name), ("unit", "Quay")];
        let fields: BTreeMap<String, String> =
            fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let input = PersonInput { id: None, fields: fields.clone(), although_alike: true };
        let person = self.station.person_save(input).unwrap();
        let case = self.station.case_open(&person.hit.id).unwrap();
        let id: Id = case.id.parse().unwrap();
        let now = self.station.shared.now();
        let act = |input| self.station.case_do(&case.id, input).unwrap();
        act(StepInput::ConfirmData { fields });
        self.station.case_photo(&case.id, PORTRAIT).unwrap();
        act(StepInput::AcceptPhoto { reason: None });
        act(StepInput::AcceptPreview);
        self.station.shared.with(|core| {
            let (card, credential) = (entropy::id(), entropy::id());
            let of_card = Credential {
                id: credential,
                card,
                technology: Technology::Desfire,
                uid: &card.0[..7],
                written: None,
                keys: vec![],
            };
            let case = core.case(id).unwrap();
            let prepared = case.entries().card_prepared(case.text("number"), &of_card);
            let outcome = Outcome::from([("card".to_owned(), Value::Bytes(card.0.to_vec()))]);
            core.complete(id, &prepared, outcome, now, |_| Ok(())).unwrap();
            let written = core.case(id).unwrap().entries().encoded(card, &[credential]);
            core.complete(id, &written, Outcome::new(), now, |_| Ok(())).unwrap();
        });
        let view = self.station.case_view(&case.id).unwrap();
        assert_eq!(view.step, "print");
        view
    }

    fn print(&self, case: &CaseView, reason: &str) -> Result<CaseView, Problem> {
        self.station.case_do(&case.id, StepInput::PrintToFile { reason: reason.to_owned() })
    }

    fn until(&self, case: &CaseView, wanted: impl Fn(&CaseView) -> bool) -> CaseView {
        let mut view = self.station.case_view(&case.id).unwrap();
        while !wanted(&view) {
            view =
                self.station.case_wait(&view, PATIENCE).unwrap_or_else(|| panic!("{} {:?}", view.step, view.problem));
        }
        view
    }

    fn count(&self) -> Option<u64> {
        let devices = self.station.status().devices;
        devices.iter().find_map(|device| device.file.as_ref()).expect("the folder is a printer").printed
    }

    fn files(&self) -> Vec<String> {
        let names = std::fs::read_dir(self.folder.path()).unwrap();
        let mut names: Vec<_> = names.map(|file| file.unwrap().file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    fn entries(&self, what: &str) -> Vec<crate::api::EntryView> {
        let all = self.station.history_recent(10_000).unwrap();
        all.into_iter().filter(|entry| entry.what == what).collect()
    }
}

/// Of a case's first attempt.
fn first_file(case: &CaseView) -> String {
    let number = &case.card.as_ref().unwrap().number;
    format!("{number}-1-{}.pdf", &case.id.replace('-', "")[..8])
}

fn code(problem: Option<&Problem>) -> &str {
    problem.map_or("", |problem| problem.code.as_str())
}

fn field(entry: &crate::api::EntryView, name: &str) -> String {
    let field = entry.fields.iter().find(|field| field.name == name);
    field.and_then(|field| field.value.clone()).unwrap_or_default()
}

#[test]
fn in_a_real_house_no_card_goes_into_a_file_without_right_and_reason_and_each_that_does_is_counted() {
    let desk = Desk::new(false, &["ana", "jonas"]);
    let case = desk.at_print("Ek");
    assert_eq!(code(case.problem.as_ref()), "policy.right");
    assert_eq!(code(desk.print(&case, REASON).err().as_ref()), "policy.right");
    let own = desk.station.status().session.unwrap().operator.id;
    assert_eq!(code(desk.station.operator_right(&own, "print.file", true).err().as_ref()), "policy.right.own");
    desk.jonas_may();
    assert!(desk.station.status().session.unwrap().rights.contains(&"print.file".to_owned()));
    let case = desk.station.case_view(&case.id).unwrap();
    assert_eq!(code(case.problem.as_ref()), "policy.print.reason");
    assert_eq!(code(desk.print(&case, " ").err().as_ref()), "policy.print.reason");
    assert_eq!((desk.files(), desk.count()), (vec![], Some(0)), "nothing so far");

    desk.print(&case, REASON).unwrap();
    desk.until(&case, |view| view.step == "hand_over");
    assert_eq!(desk.files(), [first_file(&case)]);
    assert!(std::fs::read(desk.folder.path().join(first_file(&case))).unwrap().starts_with(b"%PDF"));
    assert_eq!(desk.count(), Some(1));
    let [released] = desk.entries("card.released").try_into().unwrap();
    assert_eq!((released.kind.as_str(), released.step.as_deref()), ("card", Some("print")));
    assert_eq!(released.by.first().map(|by| by.name.as_str()), Some("jonas"));
    let told = ["reason", "printer", "count", "file"].map(|name| field(&released, name));
    assert_eq!(told, [REASON, "Folder", "1", &first_file(&case)]);
    assert_eq!(desk.entries("card.printed").len(), 1);
    assert!(desk.station.history_verify().unwrap().holds);

    // The next one asks again.
    let next = desk.at_print("Lund");
    assert_eq!(code(next.problem.as_ref()), "policy.print.reason");
    desk.print(&next, "Once more").unwrap();
    desk.until(&next, |view| view.step == "hand_over");
    assert_eq!((desk.count(), desk.files().len()), (Some(2), 2));
}

#[test]
fn a_right_that_was_taken_away_prints_nothing_and_alone_one_gives_it_to_oneself() {
    let desk = Desk::new(false, &["ana"]);
    let own = desk.station.status().session.unwrap().operator.id;
    assert_eq!(code(desk.station.operator_right(&own, "issue", true).err().as_ref()), "policy.right.unknown");
    let all = desk.station.operator_right(&own, "print.file", true).unwrap();
    assert_eq!(all[0].rights, ["print.file"]);
    desk.station.operator_right(&own, "print.file", false).unwrap();
    let case = desk.at_print("Ek");
    assert_eq!(code(desk.print(&case, REASON).err().as_ref()), "policy.right");
    assert_eq!((desk.entries("operator.right_given").len(), desk.entries("operator.right_taken").len()), (1, 1));
}

#[test]
fn a_file_of_that_name_stays_as_it_is_is_not_counted_and_the_next_attempt_has_another_name() {
    let desk = Desk::new(false, &["ana", "jonas"]);
    let case = desk.at_print("Ek");
    desk.jonas_may();
    let theirs = desk.folder.path().join(first_file(&case));
    std::fs::write(&theirs, b"another's").unwrap();
    desk.print(&case, REASON).unwrap();
    let stopped = desk.until(&case, |view| view.problem.as_ref().is_some_and(|p| p.code == "printer.refused"));
    assert_eq!(stopped.problem.unwrap().details["reason"], "file-exists");
    assert_eq!(desk.count(), Some(0));
    assert_eq!(std::fs::read(&theirs).unwrap(), b"another's");
    std::fs::remove_file(&theirs).unwrap();
    desk.print(&case, REASON).unwrap();
    desk.until(&case, |view| view.step == "hand_over");
    assert_eq!((desk.count(), desk.files().len()), (Some(1), 1));
}

/// Entry, count and attempt are on disk, and then the program is killed: with the file written, or without.
#[test]
fn a_print_into_a_file_that_was_killed_goes_on_without_a_second_reason_a_second_count_or_a_second_file() {
    for file_was_written in [true, false] {
        let desk = Desk::new(false, &["ana", "jonas"]);
        let case = desk.at_print("Ek");
        desk.jonas_may();
        let id: Id = case.id.parse().unwrap();
        let now = desk.station.shared.now();
        let printer = "printer:Folder";
        // The folder's thread is kept from the job, which is begun here and gets no further.
        let work = desk.station.shared.quietly(|core| {
            core.print_to_file(id, REASON).unwrap();
            core.print_begin(printer, id, now).unwrap()
        });
        assert!(work.anew);
        let name = crate::fileprinter::file_name(&work.print.title);
        if file_was_written {
            std::fs::write(desk.folder.path().join(&name), &work.print.pdf).unwrap();
        }
        assert_eq!(desk.count(), Some(1));
        let _ = desk.station.lock();
        desk.sign_in("ana");
        let done = desk.until(&case, |view| view.step == "hand_over");
        assert_eq!(done.problem, None);
        assert_eq!((desk.files(), desk.count()), (vec![name], Some(1)), "{file_was_written}");
        assert_eq!((desk.entries("card.released").len(), desk.entries("card.printed").len()), (1, 1));
    }
}

#[test]
fn in_rehearsal_it_is_free_says_not_valid_and_nothing_is_counted() {
    let desk = Desk::new(true, &["ana"]);
    desk.station.device_for_now("printer:Folder", DeviceRole::Print).unwrap();
    let case = desk.at_print("Ek");
    desk.until(&case, |view| view.step == "hand_over");
    assert_eq!((desk.files().len(), desk.count()), (1, None));
    assert_eq!(desk.entries("card.released").len(), 0);
    let ipp = desk.station.printer_add("Real", "ipp://localhost/ipp/print");
    assert_eq!(code(ipp.err().as_ref()), "station.missing", "a rehearsal reaches no real printer");
}

#[test]
fn the_folder_is_a_printer_again_at_the_next_sign_in_and_gone_when_it_is_removed() {
    let home = tempfile::tempdir().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let start = || Station::start(Options::new(home.path().to_owned(), HouseChoice::Real)).unwrap();
    let folders = |station: &Station| {
        let devices = station.status().devices;
        devices.into_iter().filter_map(|device| device.file).map(|file| file.folder).collect::<Vec<_>>()
    };
    let station = start();
    let operators = vec![operator("ana")];
    station.first_start(FirstStart { station: "Gate".to_owned(), rehearsal: false, operators }).unwrap();
    assert_eq!(code(station.printer_add("Folder", "file://badges").err().as_ref()), "file.failed");
    station.printer_add("Folder", &format!("file://{}", folder.path().display())).unwrap();
    drop(station);
    let station = start();
    assert_eq!(folders(&station), [""; 0]);
    station.sign_in("ana", &SecretBytes::new(PASSWORD.as_bytes().to_vec())).unwrap();
    assert_eq!(folders(&station), [folder.path().display().to_string()]);
    station.printer_remove("printer:Folder").unwrap();
    drop(station);
    let station = start();
    station.sign_in("ana", &SecretBytes::new(PASSWORD.as_bytes().to_vec())).unwrap();
    assert_eq!(folders(&station), [""; 0]);
}
