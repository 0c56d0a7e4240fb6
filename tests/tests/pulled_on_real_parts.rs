//! A card lifted from a real pcscd's reader in the middle of being written and laid again: the run that was writing it goes
//! on by itself; and a badge's 125 kHz chip behind a real terminal, which is unplugged. Every point of an issue is pulled in
//! `pulled.rs` and `encodings`, in process; here it is PC/SC and the serial port that lose the card.

// Clippy knows functions as tests only by their attribute; what these share is test code too.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::path::Path;
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};

use lanyard_tests::house::{ANA, BJORN, EILEEN, JONAS, PASSWORD, answer, lanyard_as, problem};
use lanyard_tests::real_desk::{Desk, LEFT, UID};
use lanyard_tests::terminal::Terminal;
use lanyard_tests::watched::Watched;
use lanyard_virtual::{ApduCard, DesfireCard, Heard, LfTag, T5577Tag, Twn4Fault, VirtualTwn4};
use pcsc::State;

/// The application of the starter encoding, as it goes over the wire.
const AID: [u8; 3] = [0x01, 0x59, 0x4C];
/// Which command after the application was made is the last one: amid its files and keys.
const LAST: u32 = 4;

/// One issue, with the card lifted in the middle and laid again.
fn issue_with_a_lifted_card(desk: &Desk, person: &str, uid: [u8; 7], does_it: bool) {
    let card = Arc::new(Mutex::new(DesfireCard::new(uid, 11)));
    let (reached, at_the_point) = channel();
    let (tell, gone) = channel();
    let mut commands = 0;
    let laid = desk.lay(Watched::new(&card, move |card, command| {
        let mut card = card.lock().unwrap();
        commands += u32::from(!card.applications().is_empty());
        if commands != LAST {
            return card.transmit(command);
        }
        // The card still does what the last command says, or it never heard it; either way no answer arrives in time.
        let answer = if does_it { card.transmit(command) } else { Vec::new() };
        drop(card);
        // A test that failed meanwhile has hung up.
        let _ = reached.send(());
        let _ = gone.recv();
        answer
    }));
    std::thread::scope(|scope| {
        let run = scope.spawn(|| desk.lanyard(&["issue", person]));
        at_the_point.recv().expect("the card is written");
        let lifting = scope.spawn(|| laid.lift());
        desk.wait_for(LEFT, State::EMPTY);
        tell.send(()).unwrap();
        lifting.join().unwrap();
        let unfinished = card.lock().unwrap().file(AID, 2).is_none_or(|data| data.iter().all(|byte| *byte == 0));
        assert!(unfinished, "lifted too late to be the middle");

        let _laid_again = desk.lay(Arc::clone(&card));
        let output = run.join().unwrap();
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(told.contains("card.removed.writing"), "{told}");
        assert_eq!(answer(&output)["case"]["state"], "done", "{told}");
        let read = desk.answer(&["card", "read"]);
        assert_eq!(read["uid"], hex::encode(uid));
        let record = card.lock().unwrap().file(AID, 2).unwrap();
        assert_eq!(read["applications"][0]["files"][1]["data"], hex::encode(record));
    });
    desk.wait_for(LEFT, State::EMPTY);
    let cards = desk.answer(&["person", "show", person])["cards"].clone();
    let states: Vec<&str> = cards.as_array().unwrap().iter().map(|card| card["state"].as_str().unwrap()).collect();
    assert_eq!(states, ["active"], "one card, and it is the one that was lifted");
}

#[test]
fn a_card_lifted_in_the_middle_and_laid_again_is_finished_by_the_same_run() {
    let desk = Desk::new();
    desk.add_printer();
    desk.prove_backup();
    let portrait = Path::new(env!("CARGO_MANIFEST_DIR")).join("../assets/people/eileen.jpg");
    desk.succeeds(&["photo", "set", BJORN, &portrait.display().to_string()]);
    // The reader loses the answer to a command that the card has carried out; or the card never sees the command.
    issue_with_a_lifted_card(&desk, EILEEN, [0x04, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66], true);
    issue_with_a_lifted_card(&desk, BJORN, [0x04, 0x11, 0x22, 0x33, 0x44, 0x55, 0x77], false);
    assert_eq!(desk.printer.spooled().unwrap().len(), 2);
    assert_eq!(desk.answer(&["history", "verify"])["holds"], true);
}

/// The encoding of a badge with a card and a T5577, its risk taken by somebody.
fn keep_badge_encoding(desk: &Desk) {
    let text = include_str!("../../assets/encodings/desfire-em.toml");
    let taken = "[[accept]]\nfinding = \"copyable\"\nby = \"Jonas Lind\"\nreason = \"old doors\"\nuntil = 2099-12-31\n";
    let file = desk.path("badge.toml");
    std::fs::write(&file, format!("{text}\n{taken}")).unwrap();
    let allow = ["operator", "allow", ANA, "encoding.change"];
    let allowed = lanyard_as(desk.home.path(), JONAS, PASSWORD, &allow);
    assert!(allowed.status.success(), "{}", String::from_utf8_lossy(&allowed.stderr));
    desk.succeeds(&["encoding", "add", &file, "--make-keys"]);
}

#[test]
fn a_badge_whose_125_khz_reader_is_unplugged_amid_the_chip_is_finished_at_the_next_port() {
    let desk = Desk::new();
    desk.add_printer();
    keep_badge_encoding(&desk);
    desk.prove_backup();
    let _laid = desk.lay_card();
    let mut twn4 = VirtualTwn4::new(true);
    twn4.lay(LfTag::T5577(T5577Tag::blank()));
    let terminal = Terminal::plug(twn4);
    let issue = |port: &str, wait: &str| {
        let reader = format!("t5577={port}");
        desk.lanyard(&["issue", EILEEN, "--encoding", "desfire-em", "--reader", &reader, "--wait", wait])
    };
    // Amid the blocks of its number.
    terminal.reader().fault_after_writes(3, Twn4Fault::Unplug);
    let stopped = issue(terminal.path(), "8");
    assert_eq!(problem(&stopped)["code"], "card.removed.writing", "{}", String::from_utf8_lossy(&stopped.stderr));

    let terminal = terminal.again();
    assert_eq!(terminal.reader().writes(), 3);
    let output = issue(terminal.path(), "60");
    assert_eq!(answer(&output)["case"]["state"], "done", "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(terminal.reader().tag().unwrap().heard(), Some(Heard::Em4100([0, 0, 0, 0, 1])));
    let credentials = desk.answer(&["person", "show", EILEEN])["cards"][0]["credentials"].clone();
    let on = |at: usize| format!("{} {}", credentials[at]["technology"], credentials[at]["state"]).replace('"', "");
    assert_eq!([on(0), on(1)], ["desfire live", "t5577 live"]);
    assert_eq!(desk.answer(&["history", "verify"])["holds"], true);
}

#[test]
fn the_self_test_writes_a_blank_only_where_that_is_asked_for_and_leaves_a_blank() {
    let desk = Desk::new();
    let _laid = desk.lay_card();
    let tested = desk.answer(&["devices", "selftest"]);
    assert!(tested["devices"].as_array().unwrap().iter().all(|device| device["ok"] == true), "{tested}");
    assert!(tested["card"].is_null() && desk.card.lock().unwrap().applications().is_empty());

    let reader = desk.reader(LEFT);
    let tried = desk.answer(&["devices", "selftest", "--write-card", "--reader", &reader])["card"].clone();
    assert_eq!(tried["uid"], hex::encode(UID));
    assert!(tried["files"].as_u64() > Some(0) && tried["blank_again"] == true, "{tried}");
    assert!(desk.card.lock().unwrap().applications().is_empty());
}
