//! A station whose memory a test looks into: `station-in-hand HOME PASSWORD-FILE`. Each line on standard input is done and
//! answered by `done`. What the station gives out, this program gives away again at once: what is then still found in its
//! memory, the station has left there.
#![allow(clippy::expect_used, clippy::print_stdout, clippy::panic, reason = "a part of a test")]

use std::io::BufRead;
use std::path::Path;

use lanyard_secret::SecretBytes;
use lanyard_station::api::{CaseState, DeviceRole, Identified, StepInput};
use lanyard_station::{HouseChoice, Options, Station};
use lanyard_tests::house::{ANA, EILEEN, at_card, until};

/// Over each digit of a PIN that is told.
const HIDES: u8 = 0x55;

fn main() {
    let words: Vec<String> = std::env::args().collect();
    let [_, home, password] = words.as_slice() else { panic!("HOME PASSWORD-FILE") };
    let mut station = Station::start(Options::new(home.into(), HouseChoice::Real)).ok();
    let mut kept = Vec::new();
    for line in std::io::stdin().lock().lines() {
        let line = line.expect("a line");
        let (verb, rest) = line.split_once(' ').unwrap_or((&line, ""));
        let mut answer = String::new();
        match (verb, &station) {
            ("sign-in", Some(station)) => sign_in(station, Path::new(password)),
            ("issue", Some(station)) => answer = issue(station, rest),
            ("lock", Some(station)) => drop(station.lock()),
            ("end", _) => station = None,
            // The control: what is kept is found.
            ("keep", _) => kept.push(std::fs::read(rest).expect("a file")),
            other => panic!("{other:?}", other = other.0),
        }
        println!("done {answer}");
    }
    drop(kept);
}

fn sign_in(station: &Station, password: &Path) {
    // As long as the file, so that reading leaves no copy behind.
    let password = SecretBytes::new(std::fs::read(password).expect("a password"));
    station.sign_in(ANA, &password).expect("Ana signs in");
    station.settle();
}

/// On the readers and the printer that are there: `ENCODER|CHIP READER`. The PIN of the chip, so changed that what is left of
/// saying it is not the PIN.
fn issue(station: &Station, readers: &str) -> String {
    let (encoder, chip) = readers.split_once('|').expect("two readers");
    for (name, role) in [(encoder, DeviceRole::Encoder), (chip, DeviceRole::Chip)] {
        let devices = station.status().devices;
        let device = devices.iter().find(|device| device.name == name).expect("the reader is there");
        station.device_for_now(&device.id, role).expect("the reader is taken");
    }
    let case = at_card(station, EILEEN);
    station.case_bind(&case.id).expect("the case has its card");
    until(station, &case.id, |view| view.step == "hand_over");
    station.case_do(&case.id, StepInput::Identify { how: Identified::Known }).expect("identified");
    let view = until(station, &case.id, |view| view.hand_over.as_ref().is_some_and(|hand_over| hand_over.ready));
    let pin = view.hand_over.as_ref().and_then(|hand_over| hand_over.pin.as_ref()).expect("a PIN");
    let said = hex::encode(pin.digits().bytes().map(|digit| digit ^ HIDES).collect::<Vec<u8>>());
    drop(view);
    let done = station.case_do(&case.id, StepInput::Given).expect("given");
    assert_eq!(done.state, CaseState::Done);
    said
}
