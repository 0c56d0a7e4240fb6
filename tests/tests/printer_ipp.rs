//! The IPP driver against `ippeveprinter`: printed, out of cards, cancelled, failed, killed in the middle, not there.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use lanyard_device::{DeviceError, JobId, JobState, PrintJob, Printer, PrinterState};
use lanyard_printer_ipp::{IppPrinter, Limits};
use lanyard_tests::ippeve::{Behaviour, Ippeve, Media};

const PATIENCE: Duration = Duration::from_secs(30);

fn driver(uri: &str) -> IppPrinter {
    let limits = Limits { connect_ms: 2_000, answer_ms: 5_000, submit_ms: 10_000 };
    IppPrinter::with_limits("Card printer", uri, limits).unwrap()
}

fn job(title: &str) -> PrintJob {
    // Whatever the driver is given it hands on; what a card's PDF is, is `lanyard-layout`'s to test.
    PrintJob { title: title.to_owned(), pdf: format!("%PDF-1.4\n% {title}\n%%EOF\n").into_bytes() }
}

/// Asks until the printer's word passes, and gives it.
fn until(printer: &mut IppPrinter, id: &JobId, passes: impl Fn(&JobState) -> bool) -> JobState {
    let since = Instant::now();
    loop {
        let state = printer.job(id).unwrap();
        if passes(&state) {
            return state;
        }
        assert!(since.elapsed() < PATIENCE, "still {state:?}");
        sleep(Duration::from_millis(50));
    }
}

fn pdf(file: &Path) -> Vec<u8> {
    std::fs::read(file).unwrap()
}

#[test]
fn a_card_is_printed_by_the_printers_own_word_and_its_file_is_what_was_sent() {
    let ippeve = Ippeve::start().unwrap();
    let mut printer = driver(&ippeve.uri());
    assert_eq!(printer.name(), "Card printer");
    assert_eq!(printer.state().unwrap(), PrinterState::Ready);
    let can = printer.capabilities().unwrap();
    assert_eq!((can.pdf, can.two_sided, can.card), (true, true, Some((5398, 8560))));
    assert_eq!(can.model, "Test Card Printer");
    let id = printer.submit(&job("C-0048821")).unwrap();
    let end = until(&mut printer, &id, |s| !matches!(s, JobState::Waiting | JobState::Printing));
    assert_eq!(end, JobState::Printed);
    let files = ippeve.spooled().unwrap();
    assert_eq!(files.len(), 1);
    assert_eq!(pdf(&files[0]), job("C-0048821").pdf);
    assert_eq!(printer.find("C-0048821").unwrap(), Some(id.clone()));
    assert_eq!(printer.find("C-0048822").unwrap(), None);
    assert_eq!(printer.cancel(&id), Ok(()), "too late, and no fault");
    assert_eq!(printer.job(&id).unwrap(), JobState::Printed);
}

#[test]
fn a_printer_out_of_cards_is_stopped_with_its_reason_and_goes_on_when_reloaded() {
    let ippeve = Ippeve::with(Behaviour::OutOfCards, Media::Card).unwrap();
    let mut printer = driver(&ippeve.uri());
    let id = printer.submit(&job("C-1")).unwrap();
    let stopped = until(&mut printer, &id, |s| matches!(s, JobState::Stopped { .. }));
    let JobState::Stopped { reasons } = stopped else { unreachable!() };
    // This printer calls everything a warning; with a job in hand and no card to print on, it stands still.
    assert!(reasons.contains(&"media-empty-warning".to_owned()), "{reasons:?}");
    assert!(
        matches!(printer.state().unwrap(), PrinterState::Stopped { reasons } if reasons == ["media-empty-warning"])
    );
    ippeve.proceed().unwrap();
    assert_eq!(until(&mut printer, &id, |s| matches!(s, JobState::Printed)), JobState::Printed);
    assert_eq!(printer.state().unwrap(), PrinterState::Ready);
}

#[test]
fn a_cancelled_job_is_cancelled_and_a_second_one_waits_its_turn() {
    let ippeve = Ippeve::with(Behaviour::Waits, Media::Card).unwrap();
    let mut printer = driver(&ippeve.uri());
    let id = printer.submit(&job("C-1")).unwrap();
    until(&mut printer, &id, |s| *s == JobState::Printing);
    assert_eq!(printer.state().unwrap(), PrinterState::Busy);
    // This printer takes one job at a time, and says so.
    assert_eq!(printer.submit(&job("C-2")), Err(DeviceError::Busy { device: "Card printer".to_owned() }));
    printer.cancel(&id).unwrap();
    // Asked is not done: it works to its stopping point.
    assert_eq!(printer.job(&id).unwrap(), JobState::Printing);
    ippeve.proceed().unwrap();
    assert_eq!(until(&mut printer, &id, |s| *s != JobState::Printing), JobState::Cancelled);
}

#[test]
fn a_job_that_the_printer_gives_up_has_failed_with_its_reasons() {
    let ippeve = Ippeve::with(Behaviour::Fails, Media::Card).unwrap();
    let mut printer = driver(&ippeve.uri());
    let id = printer.submit(&job("C-1")).unwrap();
    let end = until(&mut printer, &id, |s| !matches!(s, JobState::Waiting | JobState::Printing));
    assert!(matches!(&end, JobState::Failed { .. }), "{end:?}");
}

#[test]
fn a_printer_that_dies_in_the_middle_is_gone_and_after_its_restart_knows_nothing_of_the_job() {
    let mut ippeve = Ippeve::with(Behaviour::Waits, Media::Card).unwrap();
    let mut printer = driver(&ippeve.uri());
    let id = printer.submit(&job("C-1")).unwrap();
    assert_eq!(printer.find("C-1").unwrap().as_ref(), Some(&id));
    ippeve.kill().unwrap();
    let gone = DeviceError::Gone { device: "Card printer".to_owned() };
    assert_eq!(printer.job(&id), Err(gone.clone()));
    assert_eq!(printer.state(), Err(gone.clone()));
    assert_eq!(printer.find("C-1"), Err(gone.clone()));
    assert_eq!(printer.submit(&job("C-2")), Err(gone.clone()));
    assert_eq!(printer.cancel(&id), Err(gone));
    ippeve.restart(Behaviour::Prints).unwrap();
    assert_eq!(printer.find("C-1").unwrap(), None);
    let unknown = DeviceError::Protocol { device: "Card printer".to_owned(), what: "job-unknown" };
    assert_eq!(printer.job(&id), Err(unknown.clone()));
    // Numbers start anew: the next job gets ours, and must not be taken for it.
    let other = printer.submit(&job("C-2")).unwrap();
    assert_eq!(other.0.split(' ').next(), id.0.split(' ').next());
    assert_eq!(printer.job(&id), Err(unknown));
    assert_eq!(until(&mut printer, &other, |s| *s == JobState::Printed), JobState::Printed);
}

#[test]
fn an_office_printer_is_refused_before_a_badge_comes_out_on_a4() {
    let ippeve = Ippeve::with(Behaviour::Prints, Media::A4).unwrap();
    let mut printer = driver(&ippeve.uri());
    let refused = printer.submit(&job("C-1")).unwrap_err();
    let reason = "media-card-not-supported".to_owned();
    assert_eq!(refused, DeviceError::Refused { device: "Card printer".to_owned(), reason });
    assert_eq!(ippeve.spooled().unwrap().len(), 0);
}

#[test]
fn a_wrong_address_is_gone_and_no_address_is_said() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    for uri in [format!("ipp://localhost:{free}/ipp/print"), "ipp://printer.invalid/ipp/print".to_owned()] {
        assert!(matches!(driver(&uri).state(), Err(DeviceError::Gone { .. })), "{uri}");
    }
    let ippeve = Ippeve::start().unwrap();
    let elsewhere = ippeve.uri().replace("/ipp/print", "/printers/none");
    assert!(matches!(driver(&elsewhere).state(), Err(DeviceError::Gone { .. })));
    assert!(IppPrinter::new("x", "usb://Evolis/Zenius").is_err());
}

#[test]
fn a_printer_that_says_nothing_is_silent_and_one_that_talks_nonsense_is_known_for_it() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let uri = format!("ipp://{}/ipp/print", listener.local_addr().unwrap());
    let limits = Limits { connect_ms: 500, answer_ms: 500, submit_ms: 500 };
    let mut printer = IppPrinter::with_limits("Mute", &uri, limits).unwrap();
    assert_eq!(printer.state(), Err(DeviceError::Silent { device: "Mute".to_owned(), limit_ms: 500 }));
    for (answer, what) in
        [("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello", "ipp"), ("SSH-2.0-OpenSSH_9.2\r\n\r\n", "http")]
    {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let uri = format!("ipp://{}/ipp/print", listener.local_addr().unwrap());
        let talk = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 4096];
            let _ = stream.read(&mut request).unwrap();
            stream.write_all(answer.as_bytes()).unwrap();
        });
        let mut printer = IppPrinter::with_limits("Odd", &uri, limits).unwrap();
        assert_eq!(printer.state(), Err(DeviceError::Protocol { device: "Odd".to_owned(), what }));
        talk.join().unwrap();
    }
}
