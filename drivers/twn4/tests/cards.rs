//! 125 kHz cards through the real driver over a real terminal: written, read back, pulled in the middle, and what a
//! reader says when the line is bad.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test fails by panicking, and says what it counted")]

mod terminal;

use std::time::Duration;

use lanyard_device::{Chip, DeviceError, LfKind, LfReader};
use lanyard_em::t5577::Content;
use lanyard_em::{Em4100, EmError, Prox, Sight, em4305, t5577};
use lanyard_formats::{CardNumber, Wiegand};
use lanyard_secret::Secret;
use lanyard_twn4::proto::Framing;
use lanyard_twn4::{Lights, Options, Twn4};
use lanyard_virtual::{Em4150Tag, Em4305Tag, Heard, LfTag, T5577Tag, Twn4Fault, VirtualTwn4};
use terminal::Terminal;

const NUMBER: Em4100 = Em4100([0x01, 0x08, 0x72, 0xE7, 0x7C]);
const BEFORE: Em4100 = Em4100([0x0F, 0x03, 0x68, 0x56, 0x8B]);

fn options(crc: bool) -> Options {
    Options { framing: Framing { ascii: true, crc }, limit: Duration::from_secs(10), em4305_confirmed: true }
}

/// Gives up early, where the line is known to fall silent.
fn impatient(crc: bool) -> Options {
    Options { limit: Duration::from_millis(200), ..options(crc) }
}

fn plugged(crc: bool, tag: LfTag) -> Terminal {
    let mut reader = VirtualTwn4::new(crc);
    reader.lay(tag);
    Terminal::plug(reader)
}

fn secret(bytes: [u8; 4]) -> Secret<4> {
    Secret::from_slice(&bytes).unwrap()
}

fn wished() -> Secret<4> {
    secret([0x12, 0x34, 0x56, 0x78])
}

fn former() -> Secret<4> {
    secret([0x51, 0x24, 0x36, 0x48])
}

/// A card that has another number and another password.
fn used() -> LfTag {
    let [first, second] = BEFORE.blocks();
    let password = u32::from_be_bytes(*former().expose());
    LfTag::T5577(T5577Tag::with([0x0014_8050, first, second, 0, 0, 0, 0, password]))
}

fn prox() -> Prox {
    let bits = Wiegand::H10301.encode(CardNumber { facility: 118, number: 1603 }).unwrap();
    Prox::new(bits.hid_raw()).unwrap()
}

#[test]
fn a_blank_t5577_answers_as_the_card_that_was_written_with_and_without_check_sums() {
    for crc in [false, true] {
        let terminal = plugged(crc, LfTag::T5577(T5577Tag::blank()));
        let mut reader = Twn4::open(terminal.path(), options(crc)).unwrap();
        assert!(reader.version().starts_with("TWN4/"));
        assert_eq!(reader.search().unwrap(), None);
        assert_eq!(t5577::sight(&mut reader, &[&wished()]), Ok(Sight::Open));

        t5577::program(Content::Em4100(NUMBER), None, None).unwrap().run(&mut reader).unwrap();
        let found = reader.search().unwrap().unwrap();
        assert_eq!((found.kind, found.bits, found.id), (LfKind::Em4100, 40, NUMBER.0.to_vec()));

        let program = t5577::program(Content::Prox(prox()), None, Some(&wished())).unwrap();
        program.run(&mut reader).unwrap();
        assert_eq!(reader.search().unwrap().unwrap().kind, LfKind::HidProx);
        assert_eq!(terminal.reader().tag().unwrap().heard(), Some(Heard::Prox(0x20_06EC_0C86)));
        assert_eq!(t5577::sight(&mut reader, &[&former(), &wished()]), Ok(Sight::Password(1)));
        let (content, config) = t5577::read(&mut reader, Some(&wished())).unwrap();
        assert_eq!((content, config.password), (Content::Prox(prox()), true));

        // Without the password nothing can be changed any more, and the program says so.
        let other = t5577::program(Content::Em4100(NUMBER), None, None).unwrap();
        assert!(matches!(other.run(&mut reader), Err(EmError::Differs { address: 1, .. })));
        assert_eq!(t5577::sight(&mut reader, &[&former()]), Ok(Sight::Foreign));
        assert_eq!(terminal.reader().tag().unwrap().heard(), Some(Heard::Prox(0x20_06EC_0C86)));
        let Some(LfTag::T5577(chip)) = terminal.reader().lift() else { panic!("another card") };
        assert!((0..8).all(|block| !chip.is_locked(block)));
    }
}

#[test]
fn a_password_that_would_lock_a_chip_or_guard_nothing_is_refused_before_a_card_is_touched() {
    for unfit in [[0x80, 0, 0, 1], [0; 4]] {
        let program = t5577::program(Content::Em4100(NUMBER), None, Some(&secret(unfit)));
        assert!(matches!(program, Err(EmError::Password)));
        let terminal = plugged(false, LfTag::T5577(T5577Tag::blank()));
        let mut reader = Twn4::open(terminal.path(), options(false)).unwrap();
        let before = terminal.reader().commands();
        assert_eq!(t5577::sight(&mut reader, &[&secret(unfit)]), Err(EmError::Password));
        assert_eq!(terminal.reader().commands(), before);
    }
}

/// What was asked for is carried out on the card as it is now, with whichever password lives on it.
fn finish(reader: &mut Twn4, content: Content) -> Sight {
    let (former, wished) = (former(), wished());
    let sight = t5577::sight(reader, &[&former, &wished]).unwrap();
    let present = match sight {
        Sight::Open => None,
        Sight::Password(0) => Some(&former),
        Sight::Password(_) => Some(&wished),
        Sight::Foreign => panic!("nobody can open this card any more"),
    };
    t5577::program(content, present, Some(&wished)).unwrap().run(reader).unwrap();
    sight
}

/// Every command of a programme that gives a card another number and another password, pulled before, after and in the
/// middle of it (upper, lower and each odd and even bit of a block new), garbled, cut, late, unanswered, unplugged.
fn pulled_at_every_command(name: &str, card: &LfTag, present: Option<&Secret<4>>, content: Content) -> [usize; 4] {
    let run = |reader: &mut Twn4| t5577::program(content, present, Some(&wished())).unwrap().run(reader);
    let terminal = plugged(true, card.clone());
    let mut reader = Twn4::open(terminal.path(), options(true)).unwrap();
    let first = terminal.reader().commands();
    run(&mut reader).unwrap();
    let commands = terminal.reader().commands() - first;
    assert!(commands > 10, "{commands}");

    let pulls = [
        Twn4Fault::PullBefore,
        Twn4Fault::PullAfter,
        Twn4Fault::Tear(0xFFFF_0000),
        Twn4Fault::Tear(0x0000_FFFF),
        Twn4Fault::Tear(0x5555_5555),
        Twn4Fault::Tear(0xAAAA_AAAA),
    ];
    let lines = [
        Twn4Fault::Garbage,
        Twn4Fault::LastDigit,
        Twn4Fault::Silence,
        Twn4Fault::Late,
        Twn4Fault::Cut(3),
        Twn4Fault::Unplug,
    ];
    let mut outcomes = [0; 4];
    for at in 0..commands {
        // The line's faults cost the host its patience each; every third command is enough of them.
        for fault in pulls.iter().chain(lines.iter().filter(|_| at % 3 == 0)) {
            let mut terminal = plugged(true, card.clone());
            let mute = matches!(fault, Twn4Fault::Silence | Twn4Fault::Late | Twn4Fault::Cut(_));
            let patience = if mute { impatient(true) } else { options(true) };
            let mut reader = Twn4::open(terminal.path(), patience).unwrap();
            let next = terminal.reader().commands();
            terminal.reader().fault(next + at, *fault);
            let broken = run(&mut reader);
            if mute {
                drop(reader);
                reader = Twn4::open(terminal.path(), options(true)).unwrap();
            }
            if *fault == Twn4Fault::Unplug {
                assert!(matches!(broken, Err(EmError::Device(DeviceError::Gone { .. }))), "{at}: {broken:?}");
                terminal = terminal.again();
                reader = Twn4::open(terminal.path(), options(true)).unwrap();
            }
            let half = terminal.reader().lift().unwrap();
            terminal.reader().lay(half);
            outcomes[match (broken, finish(&mut reader, content)) {
                (Ok(()), _) => 0,
                (Err(_), Sight::Open) => 1,
                (Err(_), Sight::Password(place)) => 2 + place,
                (Err(_), Sight::Foreign) => unreachable!("finish would have stopped"),
            }] += 1;
            let (held, config) = t5577::read(&mut reader, Some(&wished())).unwrap();
            assert_eq!((held, config.password), (content, true), "{fault:?} at {at}");
            assert!(reader.search().unwrap().is_some(), "{fault:?} at {at}");
        }
    }
    let [right, open, old, new] = outcomes;
    println!(
        "{name}, {commands} commands: {right} right; resumed: {open} open, {old} by the old password, {new} by the new"
    );
    outcomes
}

#[test]
fn a_card_pulled_at_any_command_is_finished_by_the_next_run_and_none_is_lost() {
    let used = pulled_at_every_command("T5577 in use", &used(), Some(&former()), Content::Em4100(NUMBER));
    assert!(used.iter().all(|count| *count > 0), "{used:?}");
    let blank = LfTag::T5577(T5577Tag::blank());
    let [right, open, old, new] = pulled_at_every_command("T5577, blank", &blank, None, Content::Prox(prox()));
    assert!(right > 0 && open > 0 && old == 0 && new > 0);
}

/// The same for an EM4305, whose password cannot be read back: also one that is half written shuts nobody out.
#[test]
fn an_em4305_pulled_at_any_command_is_finished_by_the_next_run_and_none_is_lost() {
    let used = |reader: &mut Twn4| em4305::program(BEFORE, None, Some(&former())).unwrap().run(reader).unwrap();
    let change = |reader: &mut Twn4, present: Option<&Secret<4>>| {
        em4305::program(NUMBER, present, Some(&wished())).unwrap().run(reader)
    };
    let start = || {
        let terminal = plugged(true, LfTag::Em4305(Em4305Tag::blank()));
        let mut reader = Twn4::open(terminal.path(), options(true)).unwrap();
        used(&mut reader);
        reader.field_off().unwrap();
        let next = terminal.reader().commands();
        (terminal, reader, next)
    };
    let (terminal, mut reader, first) = start();
    change(&mut reader, Some(&former())).unwrap();
    let commands = terminal.reader().commands() - first;
    let mut resumed = [0; 3];
    for at in 0..commands {
        for fault in [
            Twn4Fault::PullBefore,
            Twn4Fault::PullAfter,
            Twn4Fault::Tear(0xFFFF_0000),
            Twn4Fault::Tear(0x0000_FFFF),
            Twn4Fault::Tear(0x5555_5555),
            Twn4Fault::Tear(0xAAAA_AAAA),
        ] {
            let (terminal, mut reader, next) = start();
            terminal.reader().fault(next + at, fault);
            let _ = change(&mut reader, Some(&former()));
            let card = terminal.reader().lift().unwrap();
            terminal.reader().lay(card);
            let (old, new) = (former(), wished());
            let present = match em4305::sight(&mut reader, &[&old, &new]).unwrap() {
                Sight::Open => None,
                Sight::Password(0) => Some(&old),
                Sight::Password(_) => Some(&new),
                Sight::Foreign => panic!("{fault:?} at {at}: nobody can open this card any more"),
            };
            resumed[present.map_or(0, |password| if password.same(&old) { 1 } else { 2 })] += 1;
            reader.field_off().unwrap();
            change(&mut reader, present).unwrap();
            let (card, config) = em4305::read(&mut reader, Some(&wished())).unwrap();
            assert!(card == NUMBER && config.read_login && config.write_login, "{fault:?} at {at}");
        }
    }
    let [open, old, new] = resumed;
    println!("EM4305, {commands} commands: {open} open, {old} by the old password, {new} by the new");
    assert!(open > 0 && old > 0 && new > 0);
}

/// Without a check sum the line can lie; the read-back notices, and the next run puts it right.
#[test]
fn a_digit_turned_on_a_line_without_check_sums_never_passes_for_a_written_card() {
    let program = || t5577::program(Content::Em4100(NUMBER), None, None).unwrap();
    for at in 0..8 {
        let terminal = plugged(false, LfTag::T5577(T5577Tag::blank()));
        let mut reader = Twn4::open(terminal.path(), options(false)).unwrap();
        let next = terminal.reader().commands();
        terminal.reader().fault(next + at, Twn4Fault::LastDigit);
        if program().run(&mut reader).is_err() {
            program().run(&mut reader).unwrap();
        }
        assert_eq!(terminal.reader().tag().unwrap().heard(), Some(Heard::Em4100(NUMBER.0)), "{at}");
    }
}

#[test]
fn what_is_no_twn4_and_what_is_set_otherwise_is_told_apart_from_a_reader() {
    // One end sends check sums, the other does not.
    for crc in [false, true] {
        let terminal = plugged(crc, used());
        let error = Twn4::open(terminal.path(), impatient(!crc)).err().unwrap();
        assert!(matches!(error, DeviceError::Protocol { .. }), "{error}");
    }
    let mut terminal = plugged(false, used());
    for command in 0..3 {
        terminal.reader().fault(command, Twn4Fault::Silence);
    }
    let error = Twn4::open(terminal.path(), impatient(false)).err().unwrap();
    assert!(matches!(error, DeviceError::Silent { limit_ms: 200, .. }), "{error}");
    let mut reader = Twn4::open(terminal.path(), impatient(false)).unwrap();
    // A late answer is never taken for the next command's: this one would say that block 0 holds block 1.
    let next = terminal.reader().commands();
    terminal.reader().fault(next + 1, Twn4Fault::Late);
    assert!(matches!(reader.read(Chip::T5577, 1, Some(&former())), Err(DeviceError::Silent { .. })));
    let config = reader.read(Chip::T5577, 0, Some(&former())).unwrap().unwrap();
    assert_eq!(config.expose(), &[0x00, 0x14, 0x80, 0x50]);
    terminal.unplug();
    assert!(matches!(reader.search(), Err(DeviceError::Gone { .. })));
    assert!(matches!(Twn4::open(terminal.path(), options(false)), Err(DeviceError::Gone { .. })));
}

#[test]
fn an_em4305_is_left_alone_until_its_calls_are_confirmed_and_works_on_the_simulator_after_that() {
    let terminal = plugged(true, LfTag::Em4305(Em4305Tag::blank()));
    let mut reader = Twn4::open(terminal.path(), Options { em4305_confirmed: false, ..options(true) }).unwrap();
    let program = em4305::program(NUMBER, None, Some(&wished())).unwrap();
    let refused = program.run(&mut reader).unwrap_err();
    assert!(matches!(refused, EmError::Device(DeviceError::Unsupported { what: "EM4305", .. })), "{refused}");
    let Some(LfTag::Em4305(untouched)) = terminal.reader().tag().cloned() else { panic!("another card") };
    assert_eq!(untouched.words, Em4305Tag::blank().words);
    drop(reader);

    let mut reader = Twn4::open(terminal.path(), options(true)).unwrap();
    program.run(&mut reader).unwrap();
    assert_eq!(reader.search().unwrap().unwrap().id, NUMBER.0);
    reader.field_off().unwrap();
    let unread = em4305::read(&mut reader, None);
    assert_eq!(unread, Err(EmError::Unread { chip: Chip::Em4305, address: em4305::CONFIG_WORD }));
    let wrong = em4305::read(&mut reader, Some(&former()));
    assert_eq!(wrong, Err(EmError::Login { chip: Chip::Em4305 }));
    let (card, config) = em4305::read(&mut reader, Some(&wished())).unwrap();
    assert!(card == NUMBER && config.read_login && config.write_login);
    // Another password, then none.
    em4305::program(BEFORE, Some(&wished()), Some(&former())).unwrap().run(&mut reader).unwrap();
    em4305::program(NUMBER, Some(&former()), None).unwrap().run(&mut reader).unwrap();
    reader.field_off().unwrap();
    assert_eq!(em4305::read(&mut reader, None).unwrap().0, NUMBER);
}

#[test]
fn an_em4150_is_read_and_written_by_word_with_its_password_and_not_without() {
    let password = u32::from_be_bytes(*former().expose());
    let terminal = plugged(true, LfTag::Em4150(Em4150Tag::guarded(password)));
    let mut reader = Twn4::open(terminal.path(), options(true)).unwrap();
    let value = secret([1, 2, 3, 4]);
    let held = |reader: &mut Twn4, password: Option<&Secret<4>>| {
        reader.write(Chip::Em4150, 5, &value, password).unwrap();
        *reader.read(Chip::Em4150, 5, None).unwrap().unwrap().expose()
    };
    assert_eq!(held(&mut reader, None), [0; 4]);
    assert_eq!(held(&mut reader, Some(&wished())), [0; 4]);
    assert_eq!(held(&mut reader, Some(&former())), [1, 2, 3, 4]);
    assert!(reader.read(Chip::Em4150, 5, Some(&wished())).unwrap().is_none());
    assert!(reader.read(Chip::Em4150, 0, Some(&former())).unwrap().is_none());
    assert!(reader.read(Chip::T5577, 0, None).unwrap().is_none());
}

#[test]
fn lights_and_beeper_do_as_they_are_told() {
    let terminal = plugged(false, LfTag::Em4100(NUMBER.0));
    let mut reader = Twn4::open(terminal.path(), options(false)).unwrap();
    reader.light(Lights::Green, true).unwrap();
    reader.light(Lights::Red, true).unwrap();
    reader.light(Lights::Red, false).unwrap();
    reader.beep(2400, 100).unwrap();
    let told = terminal.reader();
    assert_eq!((told.lights, told.beep_hz), (2, 2400));
}
