//! Five encodings, each exchange of each: the card leaves before it, after it, and with every byte of the answer the last
//! that arrives. Then the card lies there again. Each ends right, resumed to right, or void and reset; none is lost.
//! (The chip of the fifth is torn in `chips.rs`.)

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "a test fails by panicking, and counts")]

mod common;

use common::{Desk, LINK, STARTER, THREE, UID, Vault, WITH_CHIP, blank_for, values};
use lanyard_encoding::{CardLeft, Encoding, Plan, Run, plan, rekey, reuse};
use lanyard_virtual::{DesfireCard, Model};

const OLD: u8 = 2;

fn laid(image: &str) -> Desk {
    let mut desk = blank_for(LINK, Model::Ev2);
    desk.card = DesfireCard::import(image).unwrap();
    desk.lay();
    desk
}

/// A card that is out, with keys of an older version.
fn out(encoding: &Encoding) -> String {
    let mut desk = blank_for(LINK, Model::Ev2);
    let assessment = desk.assess(encoding, false).unwrap();
    let old = Vault { newest: OLD, ..Vault::default() };
    let plan = plan(encoding, &values(), &assessment, &old, LINK).unwrap();
    desk.lay();
    desk.drive(&mut Run::new(&plan, UID, LINK).unwrap(), &old).unwrap();
    desk.card.export()
}

/// Keys and files, as no reader could see them.
fn content(desk: &Desk) -> Vec<Vec<u8>> {
    let mut out = desk.keys();
    for aid in desk.card.applications() {
        out.extend((0..32).filter_map(|number| desk.card.file(aid, number)));
    }
    out
}

#[derive(Debug, Default)]
struct Ends {
    faults: usize,
    right: usize,
    begun_anew: usize,
    resumed: usize,
    void_and_reset: usize,
}

/// Where the answer to each exchange ends, in bytes.
fn answers(plan: &Plan, image: &str) -> Vec<usize> {
    let mut desk = laid(image);
    desk.run(plan).unwrap();
    desk.lengths.clone()
}

fn tear(plan: &Plan, image: &str) -> Ends {
    let right = {
        let mut desk = laid(image);
        desk.run(plan).unwrap();
        content(&desk)
    };
    let mut ends = Ends::default();
    for (at, len) in answers(plan, image).into_iter().enumerate() {
        for arrives in std::iter::once(None).chain((0..=len).map(Some)) {
            let mut desk = laid(image);
            match arrives {
                None => desk.pull = Some((at, common::Pull::Before)),
                Some(bytes) => desk.cut = Some((at, bytes)),
            }
            ends.faults += 1;
            let outcome = desk.run(plan);
            (desk.pull, desk.cut) = (None, None);
            match outcome.map_err(|(_, left)| left) {
                Ok(_) => ends.right += 1,
                Err(CardLeft::Untouched) => {
                    desk.run(plan).unwrap_or_else(|error| panic!("{at} {arrives:?}: {error:?}"));
                    ends.begun_anew += 1;
                }
                Err(CardLeft::Resumable) => {
                    desk.resume(plan).unwrap_or_else(|error| panic!("{at} {arrives:?}: {error:?}"));
                    ends.resumed += 1;
                }
                Err(CardLeft::Void) => {
                    let reset = plan.reset(&desk.rows.clone(), LINK);
                    desk.run(&reset).unwrap_or_else(|error| panic!("{at} {arrives:?}: {error:?}"));
                    assert!(desk.card.applications().is_empty(), "{at} {arrives:?}");
                    ends.void_and_reset += 1;
                    continue;
                }
            }
            assert_eq!(content(&desk), right, "{at} {arrives:?}");
        }
    }
    ends
}

#[test]
fn no_card_of_five_encodings_is_lost_wherever_it_is_torn() {
    let blank = blank_for(LINK, Model::Ev2).card.export();
    let written = |text: &str| laid(&blank).plan(&Encoding::parse(text).unwrap(), false).unwrap();
    let three = Encoding::parse(THREE).unwrap();
    let image = out(&three);
    let rekeyed = rekey((&three, &three), UID, &|_| Some(OLD), &|_| None, &Vault::default(), LINK).unwrap();
    let reused = reuse(&three, UID, &|_| Some(OLD), &Vault::default(), LINK).unwrap();
    let mut all = 0;
    for (name, plan, image) in [
        ("one application", written(STARTER), &blank),
        ("three applications", written(THREE), &blank),
        ("re-key", rekeyed, &image),
        ("reset", reused, &image),
        ("DESFire + EM", written(WITH_CHIP), &blank),
    ] {
        let ends = tear(&plan, image);
        println!("{name}: {ends:?}");
        let counted = ends.right + ends.begun_anew + ends.resumed + ends.void_and_reset;
        assert_eq!(counted, ends.faults, "{name}: none is lost");
        assert_eq!(ends.void_and_reset, 0, "{name}: a card that only left is never spoiled");
        all += ends.faults;
    }
    assert!(all > 2_000, "{all}");
}
