//! Either card is pulled before and after every exchange of an issue, in one station that goes on running: the same card
//! laid again goes on by itself, and a badge comes out. The points come from a run without faults.
#![allow(clippy::unwrap_used, reason = "a test stops where it fails")]

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use lanyard_station::Station;
use lanyard_station::api::{
    BenchAction, BenchCardKind, CaseState, CaseView, DeviceKind, DeviceView, Identified, StepInput,
};
use lanyard_tests::house::{CHIP_READER, EILEEN, ENCODER, Home, PASSWORD, PORTRAIT};
use lanyard_tests::keys_on_card::{card_of_bench, rehearsal_vault, strange_keys};
use lanyard_virtual::{Fault, FaultKind};

const READERS: [(&str, BenchCardKind); 2] = [(ENCODER, BenchCardKind::Blank), (CHIP_READER, BenchCardKind::Chip)];
/// A look at a card takes at most so many exchanges.
const LOOK: usize = 8;
const LIMIT: Duration = Duration::from_secs(60);

/// What the operator does at the steps that are theirs; lays the cards again whenever the case stops for one.
fn issue(station: &Station, cards: [u32; 2]) -> (CaseView, u32) {
    let person = station.person_of(EILEEN).unwrap();
    let mut view = station.case_open(&person).unwrap();
    let mut laid = false;
    let mut stops = 0;
    loop {
        let input = match (view.step.as_str(), view.state) {
            (_, CaseState::Done | CaseState::Void) => return (view, stops),
            ("data", CaseState::Waiting) => StepInput::ConfirmData {
                fields: view.fields.iter().map(|field| (field.name.clone(), field.value.clone())).collect(),
            },
            ("photo", CaseState::Waiting) => StepInput::KeepPhoto,
            ("preview", CaseState::Waiting) => StepInput::AcceptPreview,
            ("hand_over", CaseState::Waiting) => match &view.hand_over {
                Some(done) if done.ready => StepInput::Given,
                _ => StepInput::Identify { how: Identified::Known },
            },
            ("card", CaseState::WaitingForCard) if !laid => {
                laid = true;
                lay(station, cards);
                continue;
            }
            (_, CaseState::Stopped) => {
                let problem = view.problem.clone().unwrap();
                assert!(problem.code.starts_with("card.removed") || problem.code == "card.none", "{problem:?}");
                stops += 1;
                assert!(stops < 10, "it stops again and again: {problem:?}");
                lay(station, cards);
                view = station.case_view(&view.id).unwrap();
                if view.state == CaseState::Stopped {
                    view = station.case_wait(&view, LIMIT).unwrap();
                }
                continue;
            }
            _ => match station.case_wait(&view, Duration::from_millis(400)) {
                Some(next) => {
                    view = next;
                    continue;
                }
                None => {
                    // Pulled while it was only looked at: nothing stopped, the station waits for a card.
                    assert!(
                        matches!(view.state, CaseState::WaitingForCard | CaseState::Running),
                        "{} {:?}",
                        view.step,
                        view.state
                    );
                    if station.status().devices.iter().filter(is_reader).any(cards_missing) {
                        lay(station, cards);
                    }
                    continue;
                }
            },
        };
        view = station.case_do(&view.id, input).unwrap();
    }
}

fn is_reader(device: &&DeviceView) -> bool {
    device.kind == DeviceKind::Reader
}

fn cards_missing(reader: &DeviceView) -> bool {
    reader.card.is_none()
}

fn lay(station: &Station, cards: [u32; 2]) {
    for ((reader, _), card) in READERS.iter().zip(cards) {
        station.bench_do(&BenchAction::Lay { card, reader: (*reader).to_owned() }).unwrap();
    }
}

fn fresh_cards(station: &Station) -> [u32; 2] {
    READERS.map(|(_, kind)| {
        let view = station.bench_do(&BenchAction::NewCard { kind }).unwrap();
        view.cards.iter().map(|card| card.id).max().unwrap()
    })
}

/// A rehearsal with a photographed person.
fn station(home: &Home) -> Station {
    let station = home.rehearsal();
    station.photo_set(&station.person_of(EILEEN).unwrap(), PORTRAIT, None).unwrap();
    station
}

#[test]
fn a_card_pulled_before_or_after_any_exchange_goes_on_when_it_is_laid_again() {
    let home = Home::new();
    let counts = {
        let station = station(&home);
        let cards = fresh_cards(&station);
        let (view, stops) = issue(&station, cards);
        assert_eq!((view.state, stops), (CaseState::Done, 0));
        READERS.map(|(reader, _)| station.bench_desk().unwrap().traffic(reader).unwrap().0)
    };
    // Assessing, writing and reading back takes more than twenty exchanges; making a key more than thirty.
    assert!(counts[0] > 20 && counts[1] > 30, "{counts:?}");

    let mut points = Vec::new();
    for ((reader, _), count) in READERS.iter().zip(counts) {
        for at in 0..count {
            points.extend([FaultKind::PullBefore, FaultKind::PullAfter].map(|kind| (*reader, Fault { at, kind })));
        }
    }

    let not_reached = AtomicUsize::new(0);
    // Two stations, each through half of the points.
    std::thread::scope(|scope| {
        for half in points.chunks(points.len().div_ceil(2)) {
            let not_reached = &not_reached;
            scope.spawn(move || {
                let home = Home::new();
                let station = station(&home);
                let desk = station.bench_desk().unwrap();
                let vault = rehearsal_vault(&home.house(true), PASSWORD);
                for (reader, fault) in half {
                    let cards = fresh_cards(&station);
                    for (name, _) in READERS {
                        desk.faults(name, []).unwrap();
                        let _ = desk.lift(name);
                    }
                    // The last badge, still thought to lie there, would be told to the next case.
                    while !station.status().devices.iter().filter(is_reader).all(cards_missing) {
                        std::thread::sleep(Duration::from_millis(2));
                    }
                    desk.faults(reader, [*fault]).unwrap();
                    let (view, _) = issue(&station, cards);
                    assert_eq!(view.state, CaseState::Done, "{reader} {fault:?}");
                    let strange = strange_keys(card_of_bench(&home.house(true), cards[0]), &vault, false);
                    assert!(strange.is_empty(), "{reader} {fault:?}: {strange:?}");
                    if desk.faults_left(reader).unwrap() > 0 {
                        // The run that was counted looked at a card once more than this one did.
                        let had = desk.traffic(reader).unwrap().0;
                        assert!(had <= fault.at, "{reader} {fault:?} never came true, in {had} exchanges");
                        not_reached.fetch_add(1, Ordering::SeqCst);
                    }
                }
                let verdict = station.history_verify().unwrap();
                assert!(verdict.holds, "{:?}", verdict.faults);
            });
        }
    });
    let not_reached = not_reached.into_inner();
    assert!(not_reached <= 4 * LOOK, "{not_reached} of {} points were not reached", points.len());
    println!("pulled at {} points, resumed at all", points.len() - not_reached);
}
