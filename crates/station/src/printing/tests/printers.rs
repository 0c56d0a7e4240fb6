//! Printers that do what a test tells them: a card comes out once, as it was accepted, whatever happens beside it.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use lanyard_device::{DeviceError, JobId, JobState, PrintJob, Printer, PrinterState};
use lanyard_model::UnixMs;

use super::*;
use crate::api::{BenchAction, BenchCardKind};
use crate::devices::attach_printer;

/// What a test sees of a printer.
#[derive(Default)]
struct Tray {
    jobs: Vec<(PrintJob, Option<JobState>)>,
    /// What the next question about a job is answered with.
    job_fault: Option<DeviceError>,
    /// The next job is taken, and this is answered.
    submit_fault: Option<DeviceError>,
    /// And that job is nowhere then.
    loses: bool,
    gone: bool,
    objection: Option<String>,
    /// It has stopped, for this.
    stopped: Option<String>,
    cancelled: usize,
    /// How often it was asked how it is since it was last asked about a job.
    idle: usize,
}

struct Scripted {
    name: String,
    tray: Arc<Mutex<Tray>>,
}

/// A printer that prints nothing until it is told to.
fn plug(desk: &Desk, name: &str) -> Arc<Mutex<Tray>> {
    let tray = Arc::new(Mutex::new(Tray::default()));
    let printer = Scripted { name: name.to_owned(), tray: Arc::clone(&tray) };
    attach_printer(&desk.station.shared, Box::new(printer), false, Some(format!("ipp://{name}/")));
    tray
}

fn lock(tray: &Mutex<Tray>) -> MutexGuard<'_, Tray> {
    tray.lock().unwrap()
}

/// Waits until the printer's thread has come to that.
fn wait(tray: &Mutex<Tray>, what: impl Fn(&Tray) -> bool) {
    for _ in 0..3000 {
        if what(&lock(tray)) {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("it never came to that");
}

fn taken_and_cancelled(tray: &Mutex<Tray>) -> (usize, usize) {
    let tray = lock(tray);
    (tray.jobs.len(), tray.cancelled)
}

/// The printer says of its newest job that it is printed.
fn comes_out(tray: &Mutex<Tray>) {
    lock(tray).jobs.last_mut().unwrap().1 = Some(JobState::Printed);
}

impl Scripted {
    fn gone(&self) -> DeviceError {
        DeviceError::Gone { device: self.name.clone() }
    }
}

impl Printer for Scripted {
    fn name(&self) -> &str {
        &self.name
    }

    fn state(&mut self) -> Result<PrinterState, DeviceError> {
        let mut tray = lock(&self.tray);
        tray.idle += 1;
        match &tray.stopped {
            _ if tray.gone => Err(self.gone()),
            Some(reason) => Ok(PrinterState::Stopped { reasons: vec![reason.clone()] }),
            None => Ok(PrinterState::Ready),
        }
    }

    fn objection(&mut self) -> Result<Option<String>, DeviceError> {
        Ok(lock(&self.tray).objection.clone())
    }

    fn submit(&mut self, job: &PrintJob) -> Result<JobId, DeviceError> {
        let mut tray = lock(&self.tray);
        if std::mem::take(&mut tray.loses) {
            return Err(tray.submit_fault.take().unwrap());
        }
        tray.jobs.push((job.clone(), None));
        let number = tray.jobs.len() - 1;
        tray.submit_fault.take().map_or(Ok(JobId(number.to_string())), Err)
    }

    fn find(&mut self, title: &str) -> Result<Option<JobId>, DeviceError> {
        let tray = lock(&self.tray);
        if tray.gone {
            return Err(self.gone());
        }
        Ok(tray.jobs.iter().rposition(|(job, _)| job.title == title).map(|number| JobId(number.to_string())))
    }

    fn job(&mut self, job: &JobId) -> Result<JobState, DeviceError> {
        let mut tray = lock(&self.tray);
        tray.idle = 0;
        if tray.gone {
            return Err(self.gone());
        }
        if let Some(fault) = tray.job_fault.take() {
            return Err(fault);
        }
        Ok(tray.jobs[job.0.parse::<usize>().unwrap()].1.clone().unwrap_or(JobState::Printing))
    }

    fn cancel(&mut self, job: &JobId) -> Result<(), DeviceError> {
        let mut tray = lock(&self.tray);
        tray.cancelled += 1;
        tray.jobs[job.0.parse::<usize>().unwrap()].1 = Some(JobState::Cancelled);
        Ok(())
    }
}

/// A case at its print in a real house with no printer.
fn desk_at_print() -> (Desk, CaseView) {
    let desk = Desk::without_printer(Options::new);
    let case = desk.at_print("Ek");
    (desk, case)
}

fn printing(desk: &Desk, case: &CaseView) {
    desk.until(case, |view| view.lines.iter().any(|line| line.code == "print.printing"));
}

fn stopped(desk: &Desk, case: &CaseView) -> Problem {
    desk.until(case, |view| view.problem.is_some()).problem.unwrap()
}

fn retry(desk: &Desk, case: &CaseView) {
    desk.station.case_do(&case.id, StepInput::Retry).unwrap();
}

fn handed_on(desk: &Desk, case: &CaseView) {
    let done = desk.until(case, |view| view.step == "hand_over");
    assert_eq!(done.problem, None);
    assert_eq!(desk.entries("card.printed").len(), 1);
}

#[test]
fn a_card_that_is_printed_while_the_screen_is_locked_comes_out_and_its_case_goes_on_with_it() {
    let (desk, case) = desk_at_print();
    let tray = plug(&desk, "One");
    printing(&desk, &case);
    let _ = desk.station.lock();
    wait(&tray, |tray| tray.idle > 2);
    comes_out(&tray);
    desk.sign_in("ana");
    handed_on(&desk, &case);
    assert_eq!(taken_and_cancelled(&tray), (1, 0));
}

#[test]
fn closing_the_program_leaves_the_printer_its_job() {
    let (desk, case) = desk_at_print();
    let tray = plug(&desk, "One");
    printing(&desk, &case);
    drop(desk);
    // The thread has let go of its printer.
    wait_for_thread(&tray);
    assert_eq!(taken_and_cancelled(&tray), (1, 0));
}

fn wait_for_thread(tray: &Arc<Mutex<Tray>>) {
    for _ in 0..3000 {
        if Arc::strong_count(tray) == 1 {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("a thread still holds its printer");
}

#[test]
fn the_job_of_a_badge_that_became_void_is_taken_back() {
    let (desk, case) = desk_at_print();
    let tray = plug(&desk, "One");
    printing(&desk, &case);
    desk.station.case_void(&case.id, "damaged").unwrap();
    let _ = desk.station.lock();
    wait(&tray, |tray| tray.cancelled == 1);
}

#[test]
fn a_passing_fault_while_a_job_is_followed_makes_no_second_card() {
    let device = || "One".to_owned();
    for fault in [
        DeviceError::Busy { device: device() },
        DeviceError::Refused { device: device(), reason: "http-503".to_owned() },
        DeviceError::Protocol { device: device(), what: "http" },
        DeviceError::Gone { device: device() },
    ] {
        let (desk, case) = desk_at_print();
        let tray = plug(&desk, "One");
        printing(&desk, &case);
        let code = lanyard_fault::Coded::code(&fault);
        lock(&tray).job_fault = Some(fault);
        assert_eq!(stopped(&desk, &case).code, code);
        comes_out(&tray);
        retry(&desk, &case);
        handed_on(&desk, &case);
        assert_eq!(lock(&tray).jobs.len(), 1, "{code}");
    }
}

#[test]
fn a_job_whose_acceptance_was_garbled_is_looked_for_before_it_is_sent_again() {
    let (desk, case) = desk_at_print();
    let tray = {
        let tray = Arc::new(Mutex::new(Tray::default()));
        lock(&tray).submit_fault = Some(DeviceError::Protocol { device: "One".to_owned(), what: "ipp" });
        let printer = Scripted { name: "One".to_owned(), tray: Arc::clone(&tray) };
        attach_printer(&desk.station.shared, Box::new(printer), false, Some("ipp://one/".to_owned()));
        tray
    };
    assert_eq!(stopped(&desk, &case).code, "device.protocol");
    retry(&desk, &case);
    printing(&desk, &case);
    comes_out(&tray);
    handed_on(&desk, &case);
    assert_eq!(lock(&tray).jobs.len(), 1);
}

#[test]
fn a_job_that_one_printer_has_is_given_to_no_other_not_even_after_a_restart() {
    let (desk, case) = desk_at_print();
    let one = plug(&desk, "One");
    printing(&desk, &case);
    lock(&one).gone = true;
    assert_eq!(stopped(&desk, &case).code, "device.gone");
    let two = plug(&desk, "Two");
    desk.station.device_for_now("printer:Two", DeviceRole::Print).unwrap();
    retry(&desk, &case);
    let _ = desk.station.lock();
    desk.sign_in("ana");
    let waits = stopped(&desk, &case);
    assert_eq!((waits.code.as_str(), waits.details["printer"].as_str()), ("printer.elsewhere", "One"));
    let asked = lock(&two).idle;
    wait(&two, |tray| tray.idle > asked + 1);
    assert!(lock(&two).jobs.is_empty());

    lock(&one).gone = false;
    comes_out(&one);
    desk.station.device_for_now("printer:One", DeviceRole::Print).unwrap();
    handed_on(&desk, &case);
    assert_eq!((lock(&one).jobs.len(), lock(&two).jobs.len()), (1, 0));
}

#[test]
fn of_two_printers_that_ask_at_the_same_moment_one_prints_the_card() {
    let (desk, case) = desk_at_print();
    let trays = ["One", "Two"].map(|name| plug(&desk, name));
    desk.until(&case, |view| view.lines.iter().any(|line| line.code == "print.printing"));
    let given = |tray: &Arc<Mutex<Tray>>| lock(tray).jobs.len();
    let has = usize::from(given(&trays[1]) == 1);
    assert_eq!(trays.each_ref().map(given), [1 - has, has]);
    // The other found the case free before this one took it.
    let (id, now) = (case.id.parse().unwrap(), desk.station.shared.now());
    let other = ["printer:Two", "printer:One"][has];
    let begins = |core: &mut crate::shared::Core| core.print_begin(other, id, now).err();
    let refused = desk.station.shared.quietly(begins);
    assert_eq!(refused.map(|error| lanyard_fault::Coded::code(&error)), Some("case.closed"));
    // Nor when nobody follows the job for a moment.
    let refused = desk.station.shared.quietly(|core| {
        core.case(id).unwrap().busy = false;
        let refused = begins(core);
        core.case(id).unwrap().busy = true;
        refused
    });
    assert_eq!(refused.map(|error| lanyard_fault::Coded::code(&error)), Some("printer.elsewhere"));
    comes_out(&trays[has]);
    handed_on(&desk, &case);
    assert_eq!(trays.each_ref().map(given), [1 - has, has]);
}

#[test]
fn a_printer_that_was_not_there_has_been_sent_nothing_and_another_may_print() {
    let (desk, case) = desk_at_print();
    let tray = Arc::new(Mutex::new(Tray { gone: true, ..Tray::default() }));
    let printer = Scripted { name: "One".to_owned(), tray: Arc::clone(&tray) };
    attach_printer(&desk.station.shared, Box::new(printer), false, Some("ipp://one/".to_owned()));
    assert_eq!(stopped(&desk, &case).code, "device.gone");
    let two = plug(&desk, "Two");
    desk.station.device_for_now("printer:Two", DeviceRole::Print).unwrap();
    retry(&desk, &case);
    printing(&desk, &case);
    comes_out(&two);
    handed_on(&desk, &case);
    assert_eq!((lock(&tray).jobs.len(), lock(&two).jobs.len()), (0, 1));
}

#[test]
fn a_job_of_the_same_title_that_was_there_before_is_not_taken_for_ours() {
    let (desk, case) = desk_at_print();
    let number = case.card.clone().unwrap().number;
    let tray = Arc::new(Mutex::new(Tray::default()));
    let theirs = PrintJob {
        title: super::super::title(case.id.parse().unwrap(), &number, 1),
        pdf: b"%PDF of another house".to_vec(),
    };
    lock(&tray).jobs.push((theirs, Some(JobState::Printed)));
    let printer = Scripted { name: "One".to_owned(), tray: Arc::clone(&tray) };
    attach_printer(&desk.station.shared, Box::new(printer), false, Some("ipp://one/".to_owned()));
    printing(&desk, &case);
    comes_out(&tray);
    handed_on(&desk, &case);
    assert_eq!(lock(&tray).jobs.len(), 2);
}

#[test]
fn of_two_stations_that_give_the_same_number_neither_takes_the_others_job_for_its_own() {
    let (one, two) = (desk_at_print(), desk_at_print());
    assert_eq!(one.1.card.as_ref().unwrap().number, two.1.card.as_ref().unwrap().number);
    // One printer that both have: the first one's card comes out of it.
    let tray = plug(&one.0, "One");
    printing(&one.0, &one.1);
    comes_out(&tray);
    handed_on(&one.0, &one.1);
    // The answer to the second's job is lost, and the job as well.
    {
        let mut tray = lock(&tray);
        (tray.submit_fault, tray.loses) = (Some(DeviceError::Protocol { device: "One".to_owned(), what: "ipp" }), true);
    }
    let shared = Scripted { name: "One".to_owned(), tray: Arc::clone(&tray) };
    attach_printer(&two.0.station.shared, Box::new(shared), false, Some("ipp://one/".to_owned()));
    assert_eq!(stopped(&two.0, &two.1).code, "device.protocol");
    retry(&two.0, &two.1);
    printing(&two.0, &two.1);
    assert_eq!(lock(&tray).jobs.len(), 2, "its own card, and not the other's once more");
    comes_out(&tray);
    handed_on(&two.0, &two.1);
}

/// A clock that a test sets.
fn with_clock(now: &Arc<AtomicI64>) -> impl Fn(std::path::PathBuf, HouseChoice) -> Options + use<> {
    let now = Arc::clone(now);
    move |home, choice| {
        let now = Arc::clone(&now);
        Options::new(home, choice).clock(move || UnixMs(now.load(Ordering::SeqCst)))
    }
}

const DAY: i64 = 24 * 60 * 60 * 1000;

#[test]
fn a_card_printed_on_a_later_day_carries_the_day_that_was_accepted() {
    let now = Arc::new(AtomicI64::new(1_790_000_000_000));
    let desk = Desk::without_printer(with_clock(&now));
    let case = desk.at_print("Ek");
    let accepted = desk.station.case_view(&case.id).unwrap().pictures;
    let _ = desk.station.lock();
    now.fetch_add(3 * DAY, Ordering::SeqCst);
    desk.sign_in("ana");
    let tray = plug(&desk, "One");
    printing(&desk, &case);
    assert_eq!(desk.station.case_view(&case.id).unwrap().pictures, accepted);
    comes_out(&tray);
    handed_on(&desk, &case);
    assert_eq!(desk.entries("request.preview_accepted").len(), 1);
}

#[test]
fn what_would_look_otherwise_than_it_was_accepted_is_not_printed_until_it_is_accepted_so() {
    for locked in [true, false] {
        prints_no_other_name(locked);
    }
}

/// The record is corrected while the case waits for its printer: in the same run, or after a lock.
fn prints_no_other_name(locked: bool) {
    let (desk, case) = desk_at_print();
    let person = &case.person.id;
    if locked {
        let _ = desk.station.lock();
        desk.sign_in("ana");
    }
    let before = desk.station.person(person).unwrap();
    let mut fields: BTreeMap<String, String> =
        before.fields.iter().map(|field| (field.name.clone(), field.value.clone())).collect();
    fields.insert("family_name".to_owned(), "Ekdahl".to_owned());
    desk.station.person_save(PersonInput { id: Some(person.clone()), fields, although_alike: true }).unwrap();
    let tray = plug(&desk, "One");
    assert_eq!(stopped(&desk, &case).code, "case.preview.changed");
    assert!(lock(&tray).jobs.is_empty());
    assert!(desk.station.case_view(&case.id).unwrap().pictures.is_some(), "as it would look now");
    retry(&desk, &case);
    printing(&desk, &case);
    comes_out(&tray);
    handed_on(&desk, &case);
    assert_eq!(desk.entries("request.preview_accepted").len(), 2);
    assert!(desk.station.history_verify().unwrap().holds);
}

#[test]
fn a_printer_that_is_taken_away_and_added_again_at_once_has_one_thread() {
    let (desk, _) = desk_at_print();
    let first = plug(&desk, "One");
    wait(&first, |tray| tray.idle > 0 || !tray.jobs.is_empty());
    desk.station.shared.with(|core| {
        core.devices.remove("printer:One");
        core.status_changed();
    });
    let second = plug(&desk, "One");
    wait_for_thread(&first);
    assert!(Arc::strong_count(&second) > 1);
}

#[test]
fn a_printer_that_is_given_another_address_is_there_from_then_on() {
    let (desk, elsewhere) = (Desk::new(false, &["ana", "jonas"]), tempfile::tempdir().unwrap());
    let case = desk.at_print("Ek");
    desk.jonas_may();
    desk.station.printer_add("Folder", &format!("file://{}", elsewhere.path().display())).unwrap();
    desk.print(&case, REASON).unwrap();
    desk.until(&case, |view| view.step == "hand_over");
    assert_eq!(desk.files(), [""; 0]);
    assert_eq!(std::fs::read_dir(elsewhere.path()).unwrap().count(), 1);
}

#[test]
fn a_printers_test_asks_the_printer_and_not_what_was_known_of_it() {
    let (desk, _) = desk_at_print();
    let tray = plug(&desk, "One");
    let test = || desk.station.device_test("printer:One").unwrap();
    assert_eq!((test().ok, test().code.as_str()), (true, "test.printer.ready"));
    {
        let mut tray = lock(&tray);
        (tray.objection, tray.gone) = (Some("media-card-not-supported".to_owned()), false);
    }
    let refuses = test();
    assert_eq!((refuses.ok, refuses.code.as_str()), (false, "test.printer.refuses"));
    assert_eq!(refuses.details["reason"], "media-card-not-supported");
    lock(&tray).stopped = Some("media-jam".to_owned());
    let stopped = test();
    assert_eq!((stopped.ok, stopped.code.as_str()), (false, "test.printer.stopped"));
    assert_eq!(stopped.details["reasons"], "media-jam");
    lock(&tray).gone = true;
    assert_eq!((test().ok, test().code.as_str()), (false, "test.gone"));
}

#[test]
fn a_readers_test_speaks_to_the_card_that_lies_there() {
    let home = tempfile::tempdir().unwrap();
    let station = Station::start(Options::new(home.path().to_owned(), HouseChoice::Rehearsal)).unwrap();
    let operators = vec![operator("ana")];
    station.first_start(FirstStart { station: "Gate".to_owned(), rehearsal: true, operators }).unwrap();
    station.settle();
    let test = || station.device_test("reader:Encoder").unwrap();
    assert_eq!((test().ok, test().code.as_str()), (true, "test.reader.empty"));
    let cards = [BenchCardKind::Blank, BenchCardKind::Foreign].map(|kind| {
        let bench = station.bench_do(&BenchAction::NewCard { kind }).unwrap();
        bench.cards.iter().map(|card| card.id).max().unwrap()
    });
    let lay = |card| station.bench_do(&BenchAction::Lay { card, reader: "Encoder".to_owned() }).unwrap();
    let lift = || station.bench_do(&BenchAction::Lift { reader: "Encoder".to_owned() }).unwrap();
    let exchanges = || station.bench_desk().unwrap().traffic("Encoder").unwrap().0;
    lay(cards[0]);
    station.settle();
    let looked = exchanges();
    assert_eq!((test().ok, test().code.as_str()), (true, "test.reader.card"));
    assert!(exchanges() > looked, "the card was asked");
    lay(cards[1]);
    assert_eq!((test().ok, test().code.as_str()), (false, "test.reader.two"));
    lift();
    lift();
    assert_eq!((test().ok, test().code.as_str()), (true, "test.reader.empty"));
    station.bench_desk().unwrap().unplug("Encoder");
    // Whether its thread or the list of devices notices first.
    match station.device_test("reader:Encoder") {
        Ok(report) => assert_eq!((report.ok, report.code.as_str()), (false, "test.gone")),
        Err(problem) => assert_eq!(problem.code, "station.missing"),
    }
}
