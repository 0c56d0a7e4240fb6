//! A card pulled before and after every exchange, and again while it is resumed, and while it is reset: it ends as it
//! should, or void, and never with a key that the vault cannot make.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::{AID, Desk, LINK, Pull, Vault, starter, starter_with_default_key, values, vault_keys};
use lanyard_encoding::{CardLeft, Encoding, EncodingError, Found, Plan, Stopped, drive, plan};
use lanyard_virtual::KeyKind;

/// How a card looks that was written without a hitch.
fn finished(desk: &Desk, plan: &Plan) {
    let keys = desk.keys();
    assert_eq!(keys.len(), 4);
    assert!(keys.iter().all(|key| vault_keys(plan).contains(key)), "a default key is left");
    assert_eq!(desk.card.file(AID, 1).unwrap()[..4], [0x02, 0xF6, 0x23, 0xAE]);
    assert_eq!(desk.card.file(AID, 2).unwrap(), (0..128).collect::<Vec<u8>>());
}

/// Factory keys and the vault's: nothing else is ever on a card, at whatever point it is looked at.
fn only_keys_that_can_be_made(desk: &Desk, plan: &Plan) {
    let ours = vault_keys(plan);
    for key in desk.keys() {
        assert!(key.iter().all(|byte| *byte == 0) || ours.contains(&key), "a key that the vault cannot make");
    }
}

fn pulled_at(plan: &Plan, card: impl Fn() -> Desk, at: usize, how: Pull) -> (Desk, CardLeft) {
    let mut desk = card();
    desk.pull = Some((at, how));
    let (error, left) = desk.run(plan).unwrap_err();
    assert!(matches!(error, EncodingError::Lost { .. }), "{error}");
    desk.pull = None;
    only_keys_that_can_be_made(&desk, plan);
    (desk, left)
}

fn every_pull(plan: &Plan, card: impl Fn() -> Desk, mut then: impl FnMut(Desk, CardLeft, usize, Pull)) -> usize {
    let total = plan.cost().exchanges as usize;
    for at in 0..total {
        for how in [Pull::Before, Pull::After] {
            let (desk, left) = pulled_at(plan, &card, at, how);
            then(desk, left, at, how);
        }
    }
    total * 2
}

fn resumed_or_begun_anew(desk: &mut Desk, plan: &Plan, left: CardLeft, encoding: &Encoding, known: bool) {
    match left {
        CardLeft::Untouched => {
            assert!(desk.rows.is_empty());
            let anew = desk.plan(encoding, known).unwrap();
            assert_eq!(anew, *plan);
            desk.run(plan).unwrap();
        }
        CardLeft::Resumable => {
            desk.resume(plan).unwrap();
        }
        CardLeft::Void => panic!("a pull alone makes no card void"),
    }
    finished(desk, plan);
}

#[test]
fn a_card_pulled_before_and_after_every_exchange_is_resumed() {
    for (encoding, points) in [(starter(), 40), (starter_with_default_key(), 42)] {
        let plan = Desk::blank().plan(&encoding, false).unwrap();
        let tried = every_pull(&plan, Desk::blank, |mut desk, left, _, _| {
            resumed_or_begun_anew(&mut desk, &plan, left, &encoding, false);
        });
        assert_eq!(tried, points);
    }
}

#[test]
fn a_card_pulled_again_at_every_exchange_of_its_resumption_is_resumed_again() {
    let plan = Desk::blank().plan(&starter(), false).unwrap();
    every_pull(&plan, Desk::blank, |_, left, at, how| {
        let mut second = 0;
        let mut went_through = left == CardLeft::Untouched;
        while !went_through {
            for again in [Pull::Before, Pull::After] {
                let (mut desk, _) = pulled_at(&plan, Desk::blank, at, how);
                desk.pull = Some((second, again));
                let outcome = desk.resume(&plan);
                only_keys_that_can_be_made(&desk, &plan);
                desk.pull = None;
                match outcome {
                    Ok(_) => went_through = true,
                    Err((EncodingError::Lost { .. }, CardLeft::Resumable)) => {
                        desk.resume(&plan).unwrap();
                    }
                    Err(other) => panic!("{other:?} at {at} {how:?}, {second} {again:?}"),
                }
                finished(&desk, &plan);
            }
            second += 1;
        }
        assert!(second < 40, "a resumption costs little more than a first run");
    });
}

#[test]
fn an_answer_spoilt_on_its_way_is_never_believed_and_the_card_is_resumed() {
    let plan = Desk::blank().plan(&starter_with_default_key(), false).unwrap();
    let total = plan.cost().exchanges as usize;
    for at in 0..total {
        let mut desk = Desk::blank();
        desk.spoil = Some(at);
        // An answer without data has nothing to spoil; all else must be found out.
        if let Err((error, left)) = desk.run(&plan) {
            only_keys_that_can_be_made(&desk, &plan);
            assert_ne!(left, CardLeft::Void, "{error} at {at}");
            desk.spoil = None;
            if left == CardLeft::Untouched {
                desk.run(&plan).unwrap();
            } else {
                desk.resume(&plan).unwrap();
            }
        } else {
            // A spoilt challenge makes a good key look wrong: it was asked for once more.
            assert!(!desk.spoilt || desk.exchanges > total, "believed at {at}");
        }
        finished(&desk, &plan);
    }
}

#[test]
fn a_card_of_ours_that_is_written_anew_and_pulled_is_resumed() {
    let mut first = Desk::blank();
    let old = Vault { newest: 2, ..Vault::default() };
    let assessment = first.assess(&starter(), false).unwrap();
    let old_plan = plan(&starter(), &values(), &assessment, &old, LINK).unwrap();
    first.lay();
    first.drive(&mut lanyard_encoding::Run::new(&old_plan, common::UID, LINK).unwrap(), &old).unwrap();
    let image = first.card.export();
    let ours = || Desk::new(lanyard_virtual::DesfireCard::import(&image).unwrap());
    let again = ours().plan(&starter(), true).unwrap();
    let total = again.cost().exchanges as usize;
    for at in 0..total {
        for how in [Pull::Before, Pull::After] {
            let mut desk = ours();
            desk.pull = Some((at, how));
            let (_, left) = desk.run(&again).unwrap_err();
            desk.pull = None;
            resumed_or_begun_anew(&mut desk, &again, left, &starter(), true);
        }
    }
}

#[test]
fn a_half_written_card_is_made_blank_again_from_every_point_and_however_that_is_pulled() {
    let encoding = starter_with_default_key();
    let plan = Desk::blank().plan(&encoding, false).unwrap();
    let reset = plan.reset(&[], LINK);
    every_pull(&plan, Desk::blank, |mut desk, left, at, how| {
        if left == CardLeft::Untouched {
            return;
        }
        let half_written = desk.card.export();
        let blank = |desk: &mut Desk| {
            let master = desk.card.key([0; 3], 0).unwrap();
            assert_eq!((master.kind, master.bytes.as_slice()), (KeyKind::Des, &[0; 16][..]));
            assert!(desk.card.applications().is_empty());
            assert_eq!(desk.assess(&encoding, false).unwrap().found, Found::Blank);
        };
        desk.run(&reset).unwrap();
        blank(&mut desk);
        // And a card can be written on it.
        let anew = desk.plan(&starter(), false).unwrap();
        desk.run(&anew).unwrap();
        finished(&desk, &anew);
        for second in 0..reset.cost().exchanges as usize + 2 {
            for again in [Pull::Before, Pull::After] {
                let mut desk = Desk::new(lanyard_virtual::DesfireCard::import(&half_written).unwrap());
                desk.pull = Some((second, again));
                let outcome = desk.run(&reset);
                desk.pull = None;
                match outcome {
                    Ok(_) => {}
                    Err((_, CardLeft::Untouched)) => {
                        desk.run(&reset).unwrap();
                    }
                    Err((_, CardLeft::Resumable)) => {
                        desk.resume(&reset).unwrap();
                    }
                    Err(other) => panic!("{other:?} at {at} {how:?}, {second}"),
                }
                blank(&mut desk);
            }
        }
    });
}

#[test]
fn nothing_is_transmitted_until_the_journal_has_the_row() {
    let assessed = Desk::blank().plan(&starter(), false).unwrap();
    for fails_at in 0..assessed.steps.iter().filter(|planned| planned.step.changes()).count() {
        let mut desk = Desk::blank();
        let mut rows = Vec::new();
        let mut run = lanyard_encoding::Run::new(&assessed, common::UID, LINK).unwrap();
        let before = std::cell::Cell::new(0);
        let mut random = |out: &mut [u8; 16]| *out = [7; 16];
        let stopped = drive(
            &mut run,
            &Vault::default(),
            &mut random,
            |command| {
                before.set(before.get() + 1);
                desk.exchange(command)
            },
            |row| {
                if rows.len() == fails_at {
                    return Err(before.get());
                }
                rows.push(row);
                Ok(())
            },
        );
        let Err(Stopped::Journal(transmitted)) = stopped else { panic!("row {fails_at} was not asked for") };
        assert_eq!(transmitted, desk.exchanges, "transmitted after the journal failed");
        desk.rows = rows;
        if desk.rows.is_empty() {
            desk.run(&assessed).unwrap();
        } else {
            desk.resume(&assessed).unwrap();
        }
        finished(&desk, &assessed);
    }
}

#[test]
fn a_journal_of_another_plan_is_not_resumed() {
    let mut desk = Desk::blank();
    let plan = desk.plan(&starter(), false).unwrap();
    let other = desk.plan(&starter_with_default_key(), false).unwrap();
    desk.pull = Some((12, Pull::After));
    desk.run(&plan).unwrap_err();
    let resume = |plan: &Plan, rows: &[lanyard_encoding::JournalRow]| {
        lanyard_encoding::Run::resume(plan, common::UID, rows, LINK).map(|_| ())
    };
    assert_eq!(resume(&other, &desk.rows), Err(EncodingError::JournalForeign));
    let mut turned = desk.rows.clone();
    turned.reverse();
    assert_eq!(resume(&plan, &turned), Err(EncodingError::JournalForeign));
    assert_eq!(resume(&plan, &desk.rows), Ok(()));
}

#[test]
fn a_card_that_takes_neither_key_is_declared_void() {
    let mut desk = Desk::blank();
    let plan = desk.plan(&starter(), false).unwrap();
    // Lost while the master key was changed, and back with a third one.
    desk.pull = Some((2, Pull::Before));
    desk.run(&plan).unwrap_err();
    let rows = desk.rows.clone();
    let other = lanyard_virtual::DesfireCard::new(common::UID, 7).with_master_key(KeyKind::Aes, &[9; 16], 3);
    let mut desk = Desk::new(other);
    desk.rows = rows;
    let (error, left) = desk.resume(&plan).unwrap_err();
    assert_eq!(error, EncodingError::KeysLost { aid: "000000".to_owned(), key_no: 0 });
    assert_eq!(left, CardLeft::Void);
    // Each key was tried twice: a card that counts wrong proofs is not locked by us.
    assert_eq!(desk.seen.iter().filter(|ins| [0x71, 0x0A].contains(ins)).count(), 4);
}
