//! Cards that are out already: newer keys, taken back half-way, and blank again for the next holder; pulled at every
//! exchange, each ends finished, taken back, or resumable to either.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod common;
#[path = "common/five.rs"]
mod five;

use common::{Desk, LINK, PURSE, Pull, REKEY, STARTER, THREE, UID, Vault, blank_for};
use five::{OLD, content, finished, laid};
use lanyard_encoding::{
    Assess, CardLeft, Encoding, EncodingError, Found, Plan, Purpose, Recognise, plan, rekey, reuse,
};
use lanyard_fault::Coded;
use lanyard_virtual::{ApduCard, DesfireCard, KeyKind, Model};

/// Every option that outlasts a format, and the two that outlast everything.
fn strict() -> Encoding {
    let text = THREE.replacen("free_bytes = 2048", "free_bytes = 2048\nformat_off = true\nonly_ev2 = true", 1);
    Encoding::parse(&text).unwrap()
}

fn to_newest(encoding: &Encoding) -> Plan {
    rekey((encoding, encoding), UID, &|_| Some(OLD), &|_| None, &Vault::default(), LINK).unwrap()
}

#[test]
fn a_card_gets_every_key_in_its_new_version_and_keeps_what_it_holds() {
    for text in [STARTER, THREE] {
        let encoding = Encoding::parse(text).unwrap();
        let mut desk = finished(&encoding);
        let before = content(&desk);
        let plan = to_newest(&encoding);
        let read = desk.run(&plan).unwrap();
        assert!(!read.applications.is_empty(), "the new reader's keys read");
        let keys = desk.keys();
        assert_eq!(keys.len(), common::vault_keys(&plan).len() - usize::from(encoding.card.default.is_some()));
        assert!(keys.iter().all(|key| common::vault_keys(&plan).contains(key) && !before.contains(key)));
        assert_eq!(content(&desk)[keys.len()..], before[keys.len()..], "files are as they were");
        assert_eq!(desk.assess(&encoding, true).unwrap().found, Found::Ours { version: 3 });
        // Each row names the key before and after, by name and version.
        for row in desk.rows.iter().filter(|row| row.what == "key" || row.what == "master_key") {
            assert!(row.old.is_some() && row.new.is_some() && row.old != row.new);
        }
    }
}

#[test]
fn a_re_key_costs_what_was_said() {
    for text in [STARTER, THREE] {
        let encoding = Encoding::parse(text).unwrap();
        let plan = to_newest(&encoding);
        let planned: Vec<_> = plan.steps.iter().map(|planned| planned.cost).collect();
        assert_eq!(common::measured(&mut finished(&encoding), &plan, LINK), planned);
        let reuse = reuse(&encoding, UID, &|_| Some(OLD), &Vault::default(), LINK).unwrap();
        let planned: Vec<_> = reuse.steps.iter().map(|planned| planned.cost).collect();
        assert_eq!(common::measured(&mut finished(&encoding), &reuse, LINK), planned);
    }
}

#[test]
fn a_card_pulled_at_every_exchange_of_a_re_key_is_finished_or_taken_back() {
    let encoding = Encoding::parse(THREE).unwrap();
    let image = finished(&encoding).card.export();
    let before = content(&laid(&image));
    let plan = to_newest(&encoding);
    let back = plan.roll_back(LINK);
    assert_eq!(back.purpose, Purpose::RollBack);
    let after = {
        let mut desk = laid(&image);
        desk.run(&plan).unwrap();
        content(&desk)
    };
    let mut ends = (0, 0, 0);
    for at in 0..plan.cost().exchanges as usize {
        for how in [Pull::Before, Pull::After] {
            let mut desk = laid(&image);
            desk.pull = Some((at, how));
            let (error, left) = desk.run(&plan).unwrap_err();
            assert!(matches!(error, EncodingError::Lost { .. }), "{at}: {error}");
            desk.pull = None;
            if left == CardLeft::Untouched {
                assert_eq!(content(&desk), before, "{at}");
                ends.0 += 1;
                continue;
            }
            assert_eq!(left, CardLeft::Resumable, "{at} {how:?}");
            let half = desk.card.export();
            desk.resume(&plan).unwrap();
            assert_eq!(content(&desk), after, "{at} {how:?}");
            ends.1 += 1;
            // The other way out: what was begun is taken back, and that too may be pulled.
            for second in 0..back.cost().exchanges as usize + 10 {
                let mut desk = laid(&half);
                desk.pull = Some((second, how));
                let outcome = desk.run(&back);
                desk.pull = None;
                match outcome {
                    Ok(_) => {}
                    Err((_, CardLeft::Untouched)) => drop(desk.run(&back).unwrap()),
                    Err((_, CardLeft::Resumable)) => drop(desk.resume(&back).unwrap()),
                    Err(other) => panic!("{other:?} at {at} {how:?}, {second}"),
                }
                assert_eq!(content(&desk), before, "{at} {how:?}, {second}");
                ends.2 += 1;
            }
        }
    }
    assert!(ends.0 >= 4 && ends.1 > 40 && ends.2 > 1000, "{ends:?}");
}

#[test]
fn a_purse_gets_another_proof_with_its_new_keys_and_its_old_one_back_pulled_anywhere_in_it() {
    let encoding = Encoding::parse(&PURSE.replace("stock = true\noriginality = \"required\"\n", "")).unwrap();
    let image = finished(&encoding).card.export();
    let before = content(&laid(&image));
    let plan = to_newest(&encoding);
    let labels: Vec<_> = plan.steps.iter().map(|planned| planned.step.label()).collect();
    assert!(labels.windows(2).any(|pair| pair == ["remove_file", "transaction_mac"]), "{labels:?}");
    let back = plan.roll_back(LINK);
    let planned: Vec<_> = plan.steps.iter().map(|planned| planned.cost).collect();
    assert_eq!(common::measured(&mut finished(&encoding), &plan, LINK), planned);
    let after = {
        let mut desk = laid(&image);
        desk.run(&plan).unwrap();
        content(&desk)
    };
    for (at, how) in (0..plan.cost().exchanges as usize).flat_map(|at| [(at, Pull::Before), (at, Pull::After)]) {
        let mut desk = laid(&image);
        desk.pull = Some((at, how));
        let (_, left) = desk.run(&plan).unwrap_err();
        desk.pull = None;
        if left == CardLeft::Untouched {
            assert_eq!(content(&desk), before, "{at}");
            continue;
        }
        let half = desk.card.export();
        desk.resume(&plan).unwrap();
        assert_eq!(content(&desk), after, "{at} {how:?}");
        let mut desk = laid(&half);
        desk.run(&back).unwrap_or_else(|error| panic!("{at} {how:?}: {error:?}"));
        assert_eq!(content(&desk), before, "{at} {how:?}");
    }
}

#[test]
fn one_key_alone_is_changed_where_one_alone_is_newer() {
    let encoding = Encoding::parse(STARTER).unwrap();
    let newer = |name: &str| Some(if name == "app-reader" { 3 } else { OLD });
    let plan = rekey((&encoding, &encoding), UID, &|_| Some(OLD), &newer, &Vault::default(), LINK).unwrap();
    let changed: Vec<_> = plan.steps.iter().filter(|planned| planned.step.changes()).collect();
    assert_eq!(changed.len(), 1);
    let mut desk = finished(&encoding);
    let before = desk.keys();
    desk.run(&plan).unwrap();
    let after = desk.keys();
    let differ: Vec<_> = (0..before.len()).filter(|at| before[*at] != after[*at]).collect();
    assert_eq!(differ, [2], "the reader's key, and no other");
    // Versions that are the same: nothing is written, and the card is read.
    let same = rekey((&encoding, &encoding), UID, &newer, &newer, &Vault::default(), LINK).unwrap();
    assert!(same.steps.iter().all(|planned| !planned.step.changes()));
    desk.run(&same).unwrap();
}

#[test]
fn a_card_goes_from_the_keys_of_one_encoding_to_those_of_another() {
    let (from, to) = (Encoding::parse(STARTER).unwrap(), Encoding::parse(REKEY).unwrap());
    let mut desk = finished(&from);
    let plan = rekey((&from, &to), UID, &|_| Some(OLD), &|_| Some(OLD), &Vault::default(), LINK).unwrap();
    assert_eq!(plan.steps.iter().filter(|planned| planned.step.changes()).count(), 1);
    desk.run(&plan).unwrap();
    // The doors' new key reads it; the old one no longer does.
    let version = |_: &str| Some(OLD);
    let reading = |encoding: &Encoding| lanyard_encoding::reading(encoding, UID, &version, &Vault::default(), LINK);
    desk.run(&reading(&to).unwrap()).unwrap();
    let (error, _) = desk.run(&reading(&from).unwrap()).unwrap_err();
    assert!(matches!(error, EncodingError::Card { .. }), "{error}");
    let three = Encoding::parse(THREE).unwrap();
    let error = rekey((&from, &three), UID, &|_| Some(OLD), &|_| None, &Vault::default(), LINK).unwrap_err();
    assert_eq!(error.code(), "encoding.rekey.differs");
}

#[test]
fn a_re_key_without_known_versions_or_with_an_unproved_key_begins_nothing() {
    let encoding = Encoding::parse(STARTER).unwrap();
    let try_it = |known: Option<u8>, vault: &Vault| {
        rekey((&encoding, &encoding), UID, &|_| known, &|_| None, vault, LINK).unwrap_err()
    };
    let key = "card-master".to_owned();
    assert_eq!(try_it(None, &Vault::default()), EncodingError::VersionUnknown { key: key.clone() });
    let unproved = Vault { proved: false, ..Vault::default() };
    assert_eq!(try_it(Some(OLD), &unproved), EncodingError::KeyUnproved { key, version: 3 });
    let unknown = reuse(&encoding, UID, &|_| None, &Vault::default(), LINK).unwrap_err();
    assert_eq!(unknown.code(), "encoding.key.version_unknown");
}

#[test]
fn an_emulator_in_place_of_a_card_to_be_re_keyed_or_reset_gets_no_key() {
    let encoding = Encoding::parse(THREE).unwrap();
    let reuse = reuse(&encoding, UID, &|_| Some(OLD), &Vault::default(), LINK).unwrap();
    for plan in [to_newest(&encoding), reuse] {
        let mut emulator = Desk::new(DesfireCard::impostor(UID, 9));
        let (error, left) = emulator.run(&plan).unwrap_err();
        assert_eq!((error, left), (EncodingError::CardImpostor, CardLeft::Untouched));
        assert!(emulator.rows.is_empty() && !emulator.seen.contains(&0xC4));
    }
}

#[test]
fn a_card_pulled_at_every_exchange_of_its_reset_becomes_a_blank_that_is_written_again() {
    for (encoding, kind) in [(Encoding::parse(THREE).unwrap(), KeyKind::Des), (strict(), KeyKind::Aes)] {
        let image = finished(&encoding).card.export();
        let plan = reuse(&encoding, UID, &|_| Some(OLD), &Vault::default(), LINK).unwrap();
        let mut ends = 0;
        for at in 0..=plan.cost().exchanges as usize {
            for how in [Pull::Before, Pull::After] {
                let mut desk = laid(&image);
                desk.pull = Some((at, how));
                let outcome = desk.run(&plan);
                desk.pull = None;
                match outcome {
                    Ok(_) => assert_eq!(at, plan.cost().exchanges as usize),
                    Err((_, CardLeft::Untouched)) => drop(desk.run(&plan).unwrap()),
                    Err((_, CardLeft::Resumable)) => drop(desk.resume(&plan).unwrap()),
                    Err(other) => panic!("{other:?} at {at} {how:?}"),
                }
                ends += 1;
                // Nothing of ours is left, and nothing that would tell the master key.
                assert!(desk.card.applications().is_empty(), "{at} {how:?}");
                let master = desk.card.key([0; 3], 0).unwrap();
                assert_eq!((master.kind, master.bytes), (kind, vec![0; 16]));
                assert_eq!(desk.assess(&encoding, false).unwrap().found, Found::Blank);
                let anew = desk.plan(&encoding, false).unwrap();
                desk.run(&anew).unwrap();
            }
        }
        assert!(ends > 10);
    }
}

#[test]
fn a_card_with_a_random_uid_that_was_reset_proves_to_be_a_blank_and_is_known_and_written_again() {
    let hidden = |more: &str| {
        let reader = "key = \"app-reader\"\ndiversify = [\"uid\", \"aid\", \"system\"]";
        let text = STARTER.replacen("[card]", &format!("[card]\nrandom_uid = true{more}"), 1);
        Encoding::parse(&text.replacen(reader, "key = \"app-reader\"", 1)).unwrap()
    };
    for encoding in [hidden(""), hidden("\nonly_ev2 = true")] {
        let mut desk = finished(&encoding);
        let told = |desk: &mut Desk| {
            desk.lay();
            assert_ne!(desk.card.uid(), UID);
            let mut recognise = Recognise::new([&encoding], &Vault::default(), LINK);
            desk.drive(&mut recognise, &Vault::default())
        };
        assert_eq!(told(&mut desk).unwrap(), UID);
        desk.run(&reuse(&encoding, UID, &|_| Some(OLD), &Vault::default(), LINK).unwrap()).unwrap();
        assert!(desk.card.applications().is_empty());
        // Known by the key of blanks, by its own word; and the same word once more where it proves to be one.
        assert_eq!(told(&mut desk).unwrap(), UID);
        let mut look = |uid: [u8; 7]| {
            desk.lay();
            desk.drive(&mut Assess::of_hidden(&encoding, uid, false, LINK), &Vault::default())
        };
        assert_eq!(look([4; 7]).unwrap_err().0, EncodingError::UidDiffers);
        let blank = look(UID).unwrap();
        assert_eq!((blank.found, blank.uid), (Found::Blank, UID));
        let anew = plan(&encoding, &common::values(), &blank, &Vault::default(), LINK).unwrap();
        desk.run(&anew).unwrap();
        assert_eq!(told(&mut desk).unwrap(), UID);
        // Somebody else's, which no key of ours opens, tells nothing.
        let other = DesfireCard::new(UID, 7).with_random_uid().with_master_key(KeyKind::Des, &[0x42; 16], 0);
        assert_eq!(told(&mut Desk::new(other)).unwrap_err().0, EncodingError::UidHidden);
    }
}

#[test]
fn a_half_written_card_that_cannot_be_formatted_any_more_is_reset_application_by_application() {
    let encoding = strict();
    let card = || blank_for(LINK, Model::Ev2);
    let plan = card().plan(&encoding, false).unwrap();
    let mut ends = 0;
    for at in 0..plan.cost().exchanges as usize {
        let mut desk = card();
        desk.pull = Some((at, Pull::After));
        let (_, left) = desk.run(&plan).unwrap_err();
        desk.pull = None;
        if left == CardLeft::Untouched {
            continue;
        }
        desk.run(&plan.reset(&desk.rows.clone(), LINK))
            .unwrap_or_else(|(error, left)| panic!("{at}: {error} {left:?}"));
        assert!(desk.card.applications().is_empty(), "{at}");
        assert_eq!(desk.card.key([0; 3], 0).unwrap().bytes, vec![0; 16]);
        assert_eq!(desk.assess(&encoding, false).unwrap().found, Found::Blank, "{at}");
        let anew = desk.plan(&encoding, false).unwrap();
        desk.run(&anew).unwrap();
        ends += 1;
    }
    assert!(ends > 30);
}
