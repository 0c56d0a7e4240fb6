//! A card may answer anything: no machine panics, goes on for ever, or calls a card written that is not.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::{Desk, LINK, UID, Vault, starter, starter_with_default_key};
use lanyard_apdu::{Response, Status};
use lanyard_encoding::{Action, Assess, EncodingError, Event, JournalRow, Machine, Plan, Run};
use proptest::prelude::*;

fn answers() -> impl Strategy<Value = Vec<(Vec<u8>, u16)>> {
    let status = prop_oneof![
        5 => Just(0x9100_u16),
        5 => Just(0x91AF),
        1 => Just(0x91AE),
        1 => Just(0x91DE),
        1 => any::<u16>(),
    ];
    let data = prop_oneof![
        Just(Vec::new()),
        prop::collection::vec(any::<u8>(), 8),
        prop::collection::vec(any::<u8>(), 16),
        prop::collection::vec(any::<u8>(), 0..64),
    ];
    prop::collection::vec((data, status), 1..60)
}

/// Whether it said that it is done.
fn fed<M: Machine>(machine: &mut M, answers: &[(Vec<u8>, u16)]) -> bool {
    let mut random = |out: &mut [u8; 16]| *out = [3; 16];
    let mut action = machine.next(Event::Start, &Vault::default(), &mut random);
    let mut answers = answers.iter();
    loop {
        action = match action {
            Action::Done(_) => return true,
            Action::Failed { .. } => return false,
            Action::Journal(_) => machine.next(Event::Journaled, &Vault::default(), &mut random),
            Action::Transmit(_) => match answers.next() {
                Some((data, status)) => {
                    let response = Response::new(data.clone(), Status(*status));
                    machine.next(Event::Answer(&response), &Vault::default(), &mut random)
                }
                None => machine.next(Event::Lost, &Vault::default(), &mut random),
            },
        };
    }
}

fn plan() -> Plan {
    Desk::blank().plan(&starter_with_default_key(), false).unwrap()
}

proptest! {
    #[test]
    fn a_card_that_answers_anything_is_never_taken_for_a_written_one(answers in answers()) {
        prop_assert!(!fed(&mut Run::new(&plan(), UID, LINK).unwrap(), &answers));
        prop_assert!(!fed(&mut Run::new(&plan().verify(LINK), UID, LINK).unwrap(), &answers));
        prop_assert!(!fed(&mut Run::new(&plan().reset(&[], LINK), UID, LINK).unwrap(), &answers));
        fed(&mut Assess::new(&starter(), &UID, true, LINK), &answers);
    }

    #[test]
    fn nor_is_it_when_a_lost_run_is_resumed(answers in answers(), steps in 1_usize..12) {
        let mut desk = Desk::blank();
        let plan = plan();
        desk.run(&plan).unwrap();
        let rows = &desk.rows[..steps.min(desk.rows.len())];
        prop_assert!(!fed(&mut Run::resume(&plan, UID, rows, LINK).unwrap(), &answers));
    }

    #[test]
    fn a_journal_of_any_numbers_is_taken_or_refused_but_breaks_nothing(steps in prop::collection::vec(any::<u32>(), 0..5)) {
        let rows: Vec<_> = steps
            .into_iter()
            .map(|step| JournalRow { step, what: "key".to_owned(), aid: None, number: None, old: None, new: None })
            .collect();
        let taken = Run::resume(&plan(), UID, &rows, LINK).map(|_| ());
        prop_assert!(rows.is_empty() || taken == Err(EncodingError::JournalForeign));
    }
}

#[test]
fn an_event_out_of_turn_ends_the_machine_and_transmits_nothing() {
    let mut random = |out: &mut [u8; 16]| *out = [3; 16];
    let response = Response::status(0x9100);
    for event in [Event::Journaled, Event::Answer(&response)] {
        let mut run = Run::new(&plan(), UID, LINK).unwrap();
        let action = run.next(event, &Vault::default(), &mut random);
        assert!(matches!(action, Action::Failed { error: EncodingError::OutOfTurn, .. }));
        let action = run.next(Event::Start, &Vault::default(), &mut random);
        assert!(matches!(action, Action::Failed { error: EncodingError::OutOfTurn, .. }));
    }
}
