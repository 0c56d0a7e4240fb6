//! The chip of a badge: one day of validity for all of it, and nothing more done to it once its badge is void.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use lanyard_model::UnixMs;
use lanyard_piv::{Chuid, Object, object, probe};
use lanyard_virtual::ApduCard;
use lanyard_virtual_piv::PivCard;

use super::*;
use crate::{calendar, chip};

/// A chip in the hand, as its file on the bench has it.
struct InHand(PivCard);

impl Channel for InHand {
    fn atr(&self) -> &[u8] {
        &[]
    }

    fn uid(&mut self) -> Result<Vec<u8>, DeviceError> {
        Ok(Vec::new())
    }

    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, DeviceError> {
        Ok(self.0.transmit(command))
    }
}

/// The card holder's unique identifier on the only chip of the bench.
fn chuid(home: &Path) -> Option<Chuid> {
    let files = std::fs::read_dir(home.join("rehearsal/bench")).unwrap();
    let mut chips =
        files.map(|file| file.unwrap().path()).filter(|path| path.to_string_lossy().ends_with(".chip.json"));
    let mut card = PivCard::import(&std::fs::read_to_string(chips.next().unwrap()).unwrap()).unwrap();
    card.power_on();
    let mut hand = InHand(card);
    chip::run(&mut hand, probe::select()).unwrap();
    chip::run(&mut hand, object::get(Object::CHUID)).unwrap().as_deref().and_then(Chuid::parse)
}

const DAY: i64 = 24 * 60 * 60 * 1000;

#[test]
fn a_chip_made_years_after_its_preview_is_valid_until_the_day_that_was_accepted_and_its_certificate_no_longer() {
    let home = tempfile::tempdir().unwrap();
    let now = Arc::new(AtomicI64::new(1_790_000_000_000));
    let clock = Arc::clone(&now);
    let options = Options::new(home.path().to_owned(), HouseChoice::Rehearsal)
        .clock(move || UnixMs(clock.load(Ordering::SeqCst)));
    let (station, _) = make(options, true);
    let case = at_card(&station, "104882");
    let id = case.id.parse().unwrap();
    let until_day = station.shared.quietly(|core| core.case(id).unwrap().valid_until(UnixMs(0)));
    now.fetch_add(4 * 365 * DAY, Ordering::SeqCst);
    lay_new(&station, BenchCardKind::Blank, "Encoder");
    lay_new(&station, BenchCardKind::Chip, "Chip reader");
    until(&station, &case.id, |view| view.step == "hand_over");
    let (year, month, day) = calendar::day(until_day).unwrap();
    assert_eq!(chuid(home.path()).unwrap().expiry, *format!("{year:04}{month:02}{day:02}").as_bytes());
    let person = station.person(&case.person.id).unwrap();
    let credentials = person.cards.iter().flat_map(|card| &card.credentials);
    let ends: Vec<i64> =
        credentials.filter_map(|credential| Some(credential.certificate.as_ref()?.not_after)).collect();
    assert_eq!(ends, [until_day.0], "three years would be longer than the badge");
}

/// Voided while its secrets are set: neither its number nor a key is written after that.
#[test]
fn a_voided_chip_gets_neither_number_nor_key() {
    let home = tempfile::tempdir().unwrap();
    let (station, reached, go_on) =
        held_when(home.path(), |case| case.lines.iter().any(|line| line.code == "certify.secrets"));
    let case = at_card(&station, "104882");
    lay_new(&station, BenchCardKind::Blank, "Encoder");
    lay_new(&station, BenchCardKind::Chip, "Chip reader");
    reached.recv_timeout(PATIENCE).unwrap();
    let id = case.id.parse().unwrap();
    station.shared.quietly(|core| core.void_case(id, Reason::Request, station.shared.now()).unwrap());
    drop(reached);
    drop(go_on);
    station.shared.leave_cards(PATIENCE);
    assert!(chuid(home.path()).is_none());
    let told = station.history_recent(1_000).unwrap();
    assert!(told.iter().all(|entry| entry.what != "certificate.issued"));
    assert!(told.iter().any(|entry| entry.what == "request.cancelled"));
}
