//! A badge of a DESFire card and a 125 kHz chip, the chip through the real driver on a simulated reader: written, pulled
//! before and after every command, and found again by another station.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod common;
#[path = "../../../drivers/twn4/tests/terminal/mod.rs"]
#[allow(dead_code, reason = "shared with the tests of the driver")]
mod terminal;

use std::time::Duration;

use common::{Desk, UID, Vault, WITH_CHIP, values};
use lanyard_desfire::{Family, Link};
use lanyard_encoding::{ChipAnswer, ChipPlan, Encoding, EncodingError, JournalRow, Plan, Run, preview};
use lanyard_fault::Coded;
use lanyard_twn4::proto::Framing;
use lanyard_twn4::{Options, Twn4};
use lanyard_virtual::{Em4305Tag, FaultKind, Heard, LfTag, T5577Tag, Twn4Fault, VirtualLegic, VirtualTwn4};
use terminal::Terminal;

/// 48,821, as an EM4100 of 40 bits.
const NUMBER: [u8; 5] = [0, 0, 0, 0xBE, 0xB5];

fn encoding() -> Encoding {
    Encoding::parse(WITH_CHIP).unwrap()
}

fn planned() -> Plan {
    Desk::blank().plan(&encoding(), false).unwrap()
}

fn options() -> Options {
    Options { framing: Framing { ascii: true, crc: true }, limit: Duration::from_secs(10), em4305_confirmed: true }
}

fn plugged(tag: LfTag) -> Terminal {
    let mut reader = VirtualTwn4::new(true);
    reader.lay(tag);
    Terminal::plug(reader)
}

fn heard(terminal: &Terminal) -> Option<Heard> {
    terminal.reader().tag().and_then(LfTag::heard)
}

fn write(chip: &ChipPlan, terminal: &Terminal) -> Result<(), EncodingError> {
    chip.write(&Vault::default(), &mut Twn4::open(terminal.path(), options()).unwrap())
}

#[test]
fn card_and_chip_are_written_one_after_the_other_with_a_row_ahead_of_each() {
    let plan = planned();
    let mut desk = Desk::blank();
    desk.run(&plan).unwrap();
    assert_eq!(plan.chip_reached(&desk.rows), Ok(0));
    let mut rows = desk.rows.clone();
    rows.push(plan.chip_row(0).unwrap());
    assert_eq!(plan.chip_row(1), None);
    // With the row ahead of the chip, the card is known to be done.
    assert_eq!(plan.chip_reached(&rows), Ok(0));
    desk.lay();
    desk.drive(&mut Run::resume(&plan, UID, &rows, common::LINK).unwrap(), &Vault::default()).unwrap();
    assert_eq!(desk.exchanges, 0);
    let terminal = plugged(LfTag::T5577(T5577Tag::blank()));
    write(&plan.chips[0], &terminal).unwrap();
    assert_eq!(heard(&terminal), Some(Heard::Em4100(NUMBER)));
    plan.chips[0].verify(&Vault::default(), &mut Twn4::open(terminal.path(), options()).unwrap()).unwrap();
    // The password's key is told with the others, so that it is found when that key is replaced.
    assert!(plan.keys().iter().any(|key| key.name == "chip-password"));
    // A row of a chip that the plan has not is nobody's.
    let foreign = JournalRow { step: plan.steps.len() as u32 + 1, ..plan.chip_row(0).unwrap() };
    assert_eq!(plan.chip_reached(&[foreign]), Err(EncodingError::JournalForeign));
}

#[test]
fn a_chip_pulled_at_every_command_is_written_again_and_is_never_another_number() {
    for t5577 in [true, false] {
        let text =
            if t5577 { WITH_CHIP.to_owned() } else { WITH_CHIP.replace("kind = \"t5577\"", "kind = \"em4305\"") };
        let chip = Desk::blank().plan(&Encoding::parse(&text).unwrap(), false).unwrap().chips.remove(0);
        let blank = || if t5577 { LfTag::T5577(T5577Tag::blank()) } else { LfTag::Em4305(Em4305Tag::blank()) };
        let run = |reader: &mut Twn4| chip.write(&Vault::default(), reader);
        let terminal = plugged(blank());
        let mut reader = Twn4::open(terminal.path(), options()).unwrap();
        let first = terminal.reader().commands();
        run(&mut reader).unwrap();
        let commands = terminal.reader().commands() - first;
        assert!(commands > 8, "{commands}");
        let mut pulled = 0;
        for at in 0..commands {
            // Before, after, and in the middle of it: upper, lower and odd half of a block new.
            let torn = [0xFFFF_0000, 0x0000_FFFF, 0x5555_5555].map(Twn4Fault::Tear);
            for fault in [Twn4Fault::PullBefore, Twn4Fault::PullAfter].into_iter().chain(torn) {
                let terminal = plugged(blank());
                let mut reader = Twn4::open(terminal.path(), options()).unwrap();
                let next = terminal.reader().commands();
                terminal.reader().fault(next + at, fault);
                let outcome = run(&mut reader);
                let tag = terminal.reader().lift().unwrap();
                // Silent, or what it is to say: no door is opened by a half-written chip.
                assert!([None, Some(Heard::Em4100(NUMBER))].contains(&tag.heard()), "{at}");
                pulled += usize::from(outcome.is_err());
                terminal.reader().lay(tag);
                // Whoever finds it knows no more than the plan and the row ahead of it.
                for _ in 0..2 {
                    run(&mut reader).unwrap_or_else(|error| panic!("{at}: {error}"));
                    assert_eq!(heard(&terminal), Some(Heard::Em4100(NUMBER)), "{at}");
                }
            }
        }
        assert!(pulled > commands, "{pulled} of {commands}");
    }
}

#[test]
fn a_chip_with_somebody_elses_password_is_left_alone_and_a_wrong_number_is_told() {
    let plan = planned();
    let foreign = T5577Tag::with([0x0014_8050, 0xFF8C_6529, 0x8C94_A940, 0, 0, 0, 0, 0x1122_3344]);
    let terminal = plugged(LfTag::T5577(foreign));
    assert_eq!(write(&plan.chips[0], &terminal).unwrap_err(), EncodingError::CardForeign);
    let terminal = plugged(LfTag::T5577(T5577Tag::blank()));
    write(&plan.chips[0], &terminal).unwrap();
    let other = ChipPlan { answer: ChipAnswer::Em4100(48_822), ..plan.chips[0].clone() };
    let error = other.verify(&Vault::default(), &mut Twn4::open(terminal.path(), options()).unwrap()).unwrap_err();
    assert_eq!(error.code(), "card.read_back.differs");
}

#[test]
fn a_chip_answers_as_a_hid_prox_card_of_a_wiegand_number() {
    let text = WITH_CHIP.replace(
        "answers_as = \"em4100\"\nnumber = \"card.long_number\"",
        "answers_as = \"wiegand26\"\nfacility = \"card.facility\"\nnumber = \"card.number\"",
    );
    let encoding = Encoding::parse(&text).unwrap();
    let plan = Desk::blank().plan(&encoding, false).unwrap();
    let terminal = plugged(LfTag::T5577(T5577Tag::blank()));
    write(&plan.chips[0], &terminal).unwrap();
    // The published number of facility 123, card 4567 (vector wiegand-h10301-123-4567).
    assert_eq!(heard(&terminal), Some(Heard::Prox(0x20_06F6_23AE)));
    assert!(preview(&encoding, &values(), Family::Ev2, Link::wrapped(64)).is_ok());
    // A stored plan comes back as it was.
    let stored = serde_json::to_string(&plan).unwrap();
    assert_eq!(serde_json::from_str::<Plan>(&stored).unwrap(), plan);
}

#[test]
fn a_legic_segment_is_made_by_its_stamp_written_and_read_back_wherever_the_card_was_pulled() {
    let segment = "[[legic]]\nstamp = \"3C2A15\"\nfamily = \"prime\"\nlength = 32\nfield = [{ name = \"door\", offset = 8, length = 4, type = \"number\", from = \"card.long_number\" }]\n";
    let with = |segment: &str| Encoding::parse(&format!("{}{segment}", common::STARTER)).unwrap();
    let plan = Desk::blank().plan(&with(segment), false).unwrap();
    let planned = &plan.segments[0];
    assert_eq!(plan.segment_row(0).unwrap().step as usize, plan.steps.len());
    let reader = || {
        let mut reader = VirtualLegic::new(&[&[0x3C]]);
        reader.lay(VirtualLegic::prime_card([1, 2, 3, 4], &[0x11, 0x22, 0x33], 3));
        reader
    };
    let mut first = reader();
    planned.write(&mut first).unwrap();
    let written = first.lift().unwrap();
    for (at, how) in (0..8).flat_map(|at| [(at, FaultKind::PullBefore), (at, FaultKind::PullAfter)]) {
        let mut pulled = reader();
        pulled.fault(at, how);
        let outcome = planned.write(&mut pulled);
        assert!(matches!(outcome, Ok(()) | Err(EncodingError::Legic { .. })), "{at}: {outcome:?}");
        planned.write(&mut pulled).unwrap();
        assert_eq!(pulled.lift().unwrap(), written, "{at} {how:?}");
    }
    // Another number, and the field that differs is named.
    let other = plan.segments[0].clone();
    let elsewhere = lanyard_encoding::plan(
        &with(segment),
        &values().with("card.long_number", 7),
        &Desk::blank().assess(&with(segment), false).unwrap(),
        &Vault::default(),
        common::LINK,
    );
    let mut there = reader();
    elsewhere.unwrap().segments[0].write(&mut there).unwrap();
    let error = other.verify(&mut there).unwrap_err();
    assert_eq!(error.code(), "card.read_back.differs");
    assert!(error.to_string().contains("legic 3C2A15, door"), "{error}");
    // A card of the other family is none, and what differs between two descriptions is told.
    let advant = with(&segment.replace("prime", "advant"));
    let wrong = Desk::blank().plan(&advant, false).unwrap().segments[0].write(&mut reader()).unwrap_err();
    assert_eq!(wrong.code(), "card.kind");
    let diff = lanyard_encoding::diff(&with(segment), &advant);
    assert_eq!(diff.changes.iter().map(|change| change.what).collect::<Vec<_>>(), ["legic"]);
    let preview = preview(&with(segment), &values(), Family::Ev2, Link::wrapped(64)).unwrap();
    assert_eq!(preview.segments, plan.segments);
}
