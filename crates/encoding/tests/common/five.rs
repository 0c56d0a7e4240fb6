//! Five encodings, each ready to be carried out on a card, and what may become of a card that something happened to.

#![allow(dead_code, clippy::panic, clippy::print_stdout, reason = "shared by several tests, which count")]

use lanyard_encoding::{CardLeft, Encoding, EncodingError, Plan, ReadBack, Run, plan, rekey, reuse};
use lanyard_virtual::{DesfireCard, Model};

use crate::common::{Desk, LINK, STARTER, THREE, UID, Vault, WITH_CHIP, blank_for, values};

pub const OLD: u8 = 2;

/// A plan, and the card that it is for.
pub struct Work {
    pub name: &'static str,
    pub plan: Plan,
    pub image: String,
}

/// One application, three, newer keys, blank again, and one with a chip beside it (the chip is torn in `chips.rs`).
pub fn five() -> Vec<Work> {
    let blank = blank_for(LINK, Model::Ev2).card.export();
    let written = |text: &str| laid(&blank).plan(&Encoding::parse(text).unwrap(), false).unwrap();
    let three = Encoding::parse(THREE).unwrap();
    let image = finished(&three).card.export();
    let rekeyed = rekey((&three, &three), UID, &|_| Some(OLD), &|_| None, &Vault::default(), LINK).unwrap();
    let reused = reuse(&three, UID, &|_| Some(OLD), &Vault::default(), LINK).unwrap();
    vec![
        Work { name: "one application", plan: written(STARTER), image: blank.clone() },
        Work { name: "three applications", plan: written(THREE), image: blank.clone() },
        Work { name: "re-key", plan: rekeyed, image: image.clone() },
        Work { name: "reset", plan: reused, image },
        Work { name: "DESFire + EM", plan: written(WITH_CHIP), image: blank },
    ]
}

pub fn laid(image: &str) -> Desk {
    let mut desk = blank_for(LINK, Model::Ev2);
    desk.card = DesfireCard::import(image).unwrap();
    desk.lay();
    desk
}

/// A card that is out, with keys of an older version.
pub fn finished(encoding: &Encoding) -> Desk {
    let mut desk = blank_for(LINK, Model::Ev2);
    let assessment = desk.assess(encoding, false).unwrap();
    let old = Vault { newest: OLD, ..Vault::default() };
    let plan = plan(encoding, &values(), &assessment, &old, LINK).unwrap();
    desk.lay();
    desk.drive(&mut Run::new(&plan, UID, LINK).unwrap(), &old).unwrap();
    desk
}

/// Keys and files, as no reader could see them.
pub fn content(desk: &Desk) -> Vec<Vec<u8>> {
    let mut out = desk.keys();
    for aid in desk.card.applications() {
        out.extend((0..32).filter_map(|number| desk.card.file(aid, number)));
    }
    out
}

impl Work {
    /// What is on the card where nothing happens to it.
    pub fn right(&self) -> Vec<Vec<u8>> {
        let mut desk = laid(&self.image);
        desk.run(&self.plan).unwrap();
        content(&desk)
    }
}

/// How cards ended.
#[derive(Debug, Default)]
pub struct Ends {
    pub faults: usize,
    pub right: usize,
    pub begun_anew: usize,
    pub resumed: usize,
    pub void_and_reset: usize,
}

impl Ends {
    /// The card lies there again: what the first run came to decides what is done with it, and how it must then be.
    pub fn lies_again(
        &mut self,
        (work, right): (&Work, &[Vec<u8>]),
        desk: &mut Desk,
        outcome: Result<ReadBack, (EncodingError, CardLeft)>,
        at: &str,
    ) {
        let name = work.name;
        self.faults += 1;
        match outcome.map_err(|(_, left)| left) {
            Ok(_) => self.right += 1,
            Err(CardLeft::Untouched) => {
                desk.run(&work.plan).unwrap_or_else(|error| panic!("{name}, {at}: {error:?}"));
                self.begun_anew += 1;
            }
            Err(CardLeft::Resumable) => {
                desk.resume(&work.plan).unwrap_or_else(|error| panic!("{name}, {at}: {error:?}"));
                self.resumed += 1;
            }
            Err(CardLeft::Void) => {
                let reset = work.plan.reset(&desk.rows.clone(), LINK);
                desk.run(&reset).unwrap_or_else(|error| panic!("{name}, {at}: {error:?}"));
                assert!(desk.card.applications().is_empty(), "{name}, {at}");
                self.void_and_reset += 1;
                return;
            }
        }
        assert_eq!(content(desk), right, "{name}, {at}");
    }

    /// Every card was counted, and none was spoiled.
    pub fn none_is_lost(&self, name: &str) {
        println!("{name}: {self:?}");
        let counted = self.right + self.begun_anew + self.resumed + self.void_and_reset;
        assert_eq!(counted, self.faults, "{name}: none is lost");
        assert_eq!(self.void_and_reset, 0, "{name}: a card that only left is never spoiled");
    }
}
