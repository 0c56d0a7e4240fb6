//! The 125 kHz chip of a badge, through the station: written after the card, pulled and unplugged at every command, never
//! written over somebody's number, read again before the badge leaves.

use std::sync::MutexGuard;
use std::time::Duration;

use lanyard_station::TagDesk;
use lanyard_station::api::{BenchAction, BenchCardKind, CaseState, CaseView, DeviceKind, Identified, StepInput};
use lanyard_tests::house::{EILEEN, ENCODER, Home, lay_new, refused, until};
use lanyard_virtual::{Heard, LfTag, T5577Tag, Twn4Fault};

use super::desk::Desk;
use super::newest_field;

const TAG_READER: &str = "125 kHz reader";
const TAG_ID: &str = "lf:125 kHz reader";

impl Desk {
    /// A badge whose card is written and whose 125 kHz chip is due.
    fn at_tag(&self) -> CaseView {
        let case = self.at_card("desfire-em");
        self.station.bench_do(&BenchAction::Lift { reader: TAG_READER.to_owned() }).unwrap();
        lay_new(&self.station, BenchCardKind::Blank, ENCODER);
        until(&self.station, &case.id, |view| view.tag && view.state == CaseState::WaitingForCard)
    }

    fn lay_tag(&self, card: u32) {
        self.station.bench_do(&BenchAction::Lay { card, reader: TAG_READER.to_owned() }).unwrap();
    }

    fn new_tag(&self) -> u32 {
        let bench = self.station.bench_do(&BenchAction::NewCard { kind: BenchCardKind::T5577 }).unwrap();
        bench.cards.iter().map(|card| card.id).max().unwrap()
    }

    fn on_reader<T>(&self, act: impl FnOnce(MutexGuard<'_, TagDesk>) -> T) -> T {
        let desk = self.station.bench_tags().unwrap();
        let desk = desk.lock().unwrap();
        act(desk)
    }

    fn commands(&self) -> usize {
        self.on_reader(|desk| desk.twn4.commands())
    }

    fn tag(&self) -> T5577Tag {
        match self.on_reader(|desk| desk.twn4.tag().cloned()) {
            Some(LfTag::T5577(tag)) => tag,
            other => panic!("{other:?}"),
        }
    }

    fn void(&self, case: &str) {
        self.station.case_void(case, "mistake").unwrap();
    }
}

/// The badge's number is its chip's.
fn number_of(case: &CaseView) -> u64 {
    case.card.as_ref().unwrap().number.trim_start_matches("C-").parse().unwrap()
}

fn is_right(tag: &T5577Tag, number: u64) {
    let heard = LfTag::T5577(tag.clone()).heard();
    assert_eq!(heard, Some(Heard::Em4100(number.to_be_bytes()[3..].try_into().unwrap())));
    assert_eq!(tag.blocks[0], 0x0014_8050, "an EM4100 that wants a password before it is changed");
    assert!((0..8).all(|block| !tag.is_locked(block)));
}

#[test]
fn a_badge_gets_its_125_khz_chip_after_its_card_and_is_not_given_before_both_were_read_again() {
    let desk = Desk::new();
    let station = &desk.station;
    let reader = station.status().devices.into_iter().find(|device| device.id == TAG_ID).unwrap();
    assert_eq!(reader.kind, DeviceKind::LfReader);
    assert_eq!(station.device_test(TAG_ID).unwrap().code, "test.reader.empty");

    let case = desk.at_tag();
    assert_eq!(case.step, "encode");
    assert_eq!(newest_field(station, "credential.prepared", "technology"), "t5577");
    assert_eq!(newest_field(station, "credential.prepared", "number"), format!("{:010}", number_of(&case)));
    // The card lies on the encoder all the while: it is not written again.
    let written = desk.exchanges();
    let tag = desk.new_tag();
    desk.lay_tag(tag);
    let view = until(station, &case.id, |view| view.step == "hand_over");
    assert!(view.lines.is_empty() && view.tag);
    is_right(&desk.tag(), number_of(&case));

    // Its chip is in somebody's pocket: the card alone does not do.
    station.bench_do(&BenchAction::Lift { reader: TAG_READER.to_owned() }).unwrap();
    let view = station.case_do(&case.id, StepInput::Identify { how: Identified::Known }).unwrap();
    assert!(view.tag && view.state != CaseState::Done);
    let (code, _) = refused(station.case_do(&case.id, StepInput::Given), "step");
    assert_eq!(code, "case.step");
    desk.lay_tag(tag);
    until(station, &case.id, |view| view.hand_over.as_ref().is_some_and(|hand_over| hand_over.ready));
    assert_eq!(station.case_do(&case.id, StepInput::Given).unwrap().state, CaseState::Done);
    assert!(desk.exchanges() > written, "the card was read again too");

    let person = station.person(&station.person_of(EILEEN).unwrap()).unwrap();
    let on: Vec<(&str, &str)> =
        person.cards[0].credentials.iter().map(|one| (one.technology.as_str(), one.state.as_str())).collect();
    assert_eq!(on, [("desfire", "live"), ("t5577", "live")]);
    assert!(station.history_verify().unwrap().holds);
}

#[test]
fn a_chip_with_the_number_of_somebodys_badge_is_not_written_over() {
    let desk = Desk::new();
    let case = desk.at_tag();
    let number = number_of(&case);
    let first = desk.new_tag();
    desk.lay_tag(first);
    desk.hand_over(&case.id);

    let next = desk.at_tag();
    desk.lay_tag(first);
    let stopped = until(&desk.station, &next.id, |view| view.problem.is_some());
    let problem = stopped.problem.unwrap();
    assert_eq!((problem.code.as_str(), &problem.details["lying"]), ("case.card.other", &case.card.unwrap().number));
    is_right(&desk.tag(), number);
    // A chip of their own, and it goes on by itself.
    let second = desk.new_tag();
    desk.lay_tag(second);
    desk.hand_over(&next.id);
    is_right(&desk.tag(), number_of(&next));
}

#[test]
fn a_chip_that_wants_somebody_elses_password_is_left_alone() {
    let desk = Desk::new();
    let case = desk.at_tag();
    let foreign = T5577Tag::with([0x0014_8050, 1, 2, 0, 0, 0, 0, 0x1234_5678]);
    desk.on_reader(|mut reader| reader.twn4.lay(LfTag::T5577(foreign)));
    let stopped = until(&desk.station, &case.id, |view| view.problem.is_some());
    assert_eq!(stopped.problem.unwrap().code, "card.auth.foreign");
    assert_eq!(desk.tag().blocks, [0x0014_8050, 1, 2, 0, 0, 0, 0, 0x1234_5678]);
    desk.on_reader(|mut reader| assert!(reader.twn4.lift().is_some()));
    desk.void(&case.id);
}

#[test]
fn a_chip_pulled_torn_or_whose_reader_is_unplugged_at_any_command_is_finished_when_it_lies_there_again() {
    let desk = Desk::new();
    let commands = {
        let case = desk.at_tag();
        let (tag, before) = (desk.new_tag(), desk.commands());
        desk.lay_tag(tag);
        until(&desk.station, &case.id, |view| view.step != "encode");
        let commands = desk.commands() - before;
        desk.void(&case.id);
        commands
    };
    assert!(commands > 15, "{commands}");
    let mut stopped = 0;
    // At every command something; what a chip makes of each kind at each command is the driver's test.
    for at in 0..commands {
        let fault = match at % 5 {
            0 => Twn4Fault::PullAfter,
            1 => Twn4Fault::Tear(0xFFFF_0000),
            2 => Twn4Fault::PullBefore,
            3 => Twn4Fault::Tear(0x5555_5555),
            _ => Twn4Fault::Unplug,
        };
        let case = desk.at_tag();
        let tag = desk.new_tag();
        desk.on_reader(|mut reader| {
            reader.twn4.no_faults();
            let next = reader.twn4.commands();
            reader.twn4.fault(next + at, fault);
        });
        desk.lay_tag(tag);
        let mut came = case.clone();
        let over = |view: &CaseView| view.step != "encode" || view.problem.is_some();
        let gone = || desk.on_reader(|reader| reader.twn4.unplugged() || reader.twn4.tag().is_none());
        for _ in 0..6000 {
            if over(&came) || gone() {
                break;
            }
            came = desk.station.case_wait(&came, Duration::from_millis(10)).unwrap_or(came);
        }
        // It may have been pulled before anything was begun with it: then nothing stops.
        for _ in 0..20 {
            if over(&came) {
                break;
            }
            came = desk.station.case_wait(&came, Duration::from_millis(10)).unwrap_or(came);
        }
        stopped += usize::from(came.problem.is_some());
        desk.on_reader(|mut reader| {
            reader.twn4.no_faults();
            reader.twn4.plug();
        });
        // Wherever it is by now: in the hand, and on the reader again.
        desk.lay_tag(tag);
        until(&desk.station, &case.id, |view| view.step != "encode");
        is_right(&desk.tag(), number_of(&case));
        desk.void(&case.id);
    }
    assert!(stopped > commands / 2, "only {stopped} of {commands} stopped the case");
    assert!(desk.station.history_verify().unwrap().holds);
    println!("125 kHz chip: {commands} commands, each pulled and {stopped} times stopped; all finished");
}

#[test]
fn without_a_reader_for_it_a_badge_with_a_125_khz_chip_is_not_begun() {
    let home = Home::new();
    let station = home.rehearsal();
    station.device_role(TAG_ID, None).unwrap();
    let person = station.person_of(EILEEN).unwrap();
    let begun = station.case_open_with(&person, "desfire-em");
    assert_eq!(refused(begun, "what"), ("device.none".to_owned(), "t5577".to_owned()));
    assert!(station.status().cases.is_empty());
}
