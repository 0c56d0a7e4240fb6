//! Five encodings, and the program killed after each thing that it does: each row of the journal that it writes, each
//! command that it sends; and the reader unplugged before and after each command. What is left of the program is the rows
//! on disk. Then it starts again, with the same card: each ends right; none is lost.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "a test fails by panicking, and counts")]

mod common;
#[path = "common/five.rs"]
mod five;

use std::sync::{Arc, Mutex};

use common::{Desk, LINK, UID, Vault};
use five::{Ends, Work, five, laid};
use lanyard_apdu::Response;
use lanyard_device::Reader;
use lanyard_encoding::{Action, CardLeft, EncodingError, Event, JournalRow, Machine, ReadBack, Run, Stopped, drive};
use lanyard_virtual::{Bench, DesfireCard, Fault, FaultKind};

const READER: &str = "Encoder";

fn random(out: &mut [u8; 16]) {
    *out = [0x5A; 16];
}

/// Carries a plan out up to and with this action, the first of which is 0. `None`: it is over before that.
fn killed_after(work: &Work, last: usize) -> Option<Desk> {
    let mut desk = laid(&work.image);
    let mut run = Run::new(&work.plan, UID, LINK).unwrap();
    let mut event = Event::Start;
    let mut answer;
    for _ in 0..=last {
        event = match run.next(event, &Vault::default(), &mut random) {
            Action::Journal(row) => {
                desk.rows.push(row);
                Event::Journaled
            }
            Action::Transmit(command) => {
                answer = desk.exchange(&command).unwrap();
                Event::Answer(&answer)
            }
            Action::Done(_) => return None,
            Action::Failed { error, .. } => panic!("{}: {error}", work.name),
        };
    }
    Some(desk)
}

#[test]
fn no_card_of_five_encodings_is_lost_wherever_the_program_is_killed() {
    for work in five() {
        let (right, mut ends, mut rows) = (work.right(), Ends::default(), Vec::new());
        for last in 0.. {
            let Some(mut desk) = killed_after(&work, last) else { break };
            rows.push(desk.rows.len());
            // Without a row nothing was written: the card is assessed and begun anew. The station knows no more than that.
            let left = if desk.rows.is_empty() { CardLeft::Untouched } else { CardLeft::Resumable };
            let killed = Err((EncodingError::OutOfTurn, left));
            ends.lies_again((&work, &right), &mut desk, killed, &format!("killed after action {last}"));
        }
        ends.none_is_lost(work.name);
        rows.dedup();
        // Between any two rows: each number of rows that there can be on disk was met.
        assert_eq!(rows, (0..=rows.len() - 1).collect::<Vec<_>>(), "{}", work.name);
        assert!(ends.faults > work.plan.cost().exchanges as usize && ends.resumed > ends.begun_anew, "{}", work.name);
    }
}

/// A card on a reader of the bench.
struct Plugged {
    bench: Bench,
    rows: Vec<JournalRow>,
}

impl Plugged {
    fn run(&mut self, work: &Work) -> Result<ReadBack, (EncodingError, CardLeft)> {
        let mut reader = self.bench.plug_reader(READER);
        let mut channel = reader.open().unwrap();
        let mut run = Run::resume(&work.plan, UID, &self.rows, LINK).unwrap();
        let outcome = drive(
            &mut run,
            &Vault::default(),
            &mut random,
            |command| channel.transmit(&command.encode()).ok().and_then(|answer| Response::parse(&answer).ok()),
            |row| {
                self.rows.push(row);
                Ok::<(), ()>(())
            },
        );
        outcome.map_err(|stopped| match stopped {
            Stopped::Failed { error, card } => (error, card),
            Stopped::Journal(()) => panic!("the journal always takes a row here"),
        })
    }
}

#[test]
fn no_card_of_five_encodings_is_lost_wherever_the_reader_is_unplugged() {
    for work in five() {
        let (right, mut ends) = (work.right(), Ends::default());
        for at in 0..work.plan.cost().exchanges as usize {
            for kind in [FaultKind::UnplugReader, FaultKind::UnplugReaderAfter] {
                let card = Arc::new(Mutex::new(laid(&work.image).card));
                let mut desk = Plugged { bench: Bench::new(), rows: Vec::new() };
                desk.bench.plug_reader(READER);
                desk.bench.lay(READER, Arc::clone(&card)).unwrap();
                desk.bench.faults(READER, [Fault { at, kind }]).unwrap();
                let outcome = desk.run(&work);
                assert_eq!(desk.bench.faults_left(READER), Ok(0), "{}, {at} {kind:?}", work.name);
                // Plugged in again, the card still lies there; from here on as for every card that left.
                let image = card.lock().unwrap().export();
                let mut again = laid(&image);
                assert!(DesfireCard::import(&image).is_ok());
                again.rows = desk.rows;
                ends.lies_again((&work, &right), &mut again, outcome, &format!("{at} {kind:?}"));
            }
        }
        ends.none_is_lost(work.name);
        assert_eq!(ends.faults, 2 * work.plan.cost().exchanges as usize);
    }
}
