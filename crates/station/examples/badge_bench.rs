//! Badges issued in rehearsal, one after the other, through the whole station: `badge_bench N`. Prints badges and entries a
//! second, the size of the store, and what one badge adds to it.
#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a bench prints its figures and stops where it fails")]

use std::time::{Duration, Instant};

use lanyard_station::api::{
    BenchAction, BenchCardKind, CaseState, FirstStart, Identified, NewOperator, Password, PersonInput, StepInput,
};
use lanyard_station::{HouseChoice, Options, Station};

const PORTRAIT: &[u8] = include_bytes!("../../../assets/people/eileen.jpg");

fn main() {
    let count: u32 = std::env::args().nth(1).and_then(|n| n.parse().ok()).unwrap_or(10_000);
    let home = tempfile::tempdir().unwrap();
    let station = Station::start(Options::new(home.path().to_owned(), HouseChoice::Rehearsal)).unwrap();
    let operator = |login: &str| NewOperator {
        name: login.to_owned(),
        login: login.to_owned(),
        password: Password(lanyard_secret::SecretBytes::new(b"rehearsal only".to_vec())),
    };
    let operators = vec![operator("ana"), operator("jonas")];
    station.first_start(FirstStart { station: "Bench".to_owned(), rehearsal: true, operators }).unwrap();
    station.settle();

    let entries = || station.status().data.entries;
    let (before, size_before) = (entries(), size(home.path()));
    let start = Instant::now();
    for number in 0..count {
        badge(&station, number);
    }
    let seconds = start.elapsed().as_secs_f64();
    let (added, grown) = (entries() - before, size(home.path()) - size_before);
    println!("badges issued in rehearsal, through the whole station, fsync on");
    println!("{:>24} {count}", "badges");
    println!("{:>24} {:.1}", "badges/s", f64::from(count) / seconds);
    println!("{:>24} {added}", "entries");
    println!("{:>24} {:.0}", "entries/s", added as f64 / seconds);
    println!("{:>24} {:.1} MB", "store", size(home.path()) as f64 / 1e6);
    println!("{:>24} {:.0} kB", "a badge adds", grown as f64 / f64::from(count) / 1e3);
    let verdict = station.history_verify().unwrap();
    assert!(verdict.holds, "{:?}", verdict.faults);
}

fn size(home: &std::path::Path) -> u64 {
    let file = |name: &str| std::fs::metadata(home.join("rehearsal").join(name)).map_or(0, |m| m.len());
    file("store.db") + file("store.db-wal")
}

fn badge(station: &Station, number: u32) {
    let fields = [("given_name", "Bench"), ("family_name", "Person")]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), format!("{value} {number}")))
        .chain([("staff_no".to_owned(), format!("9{number:07}"))])
        .collect();
    let person = station.person_save(PersonInput { id: None, fields, although_alike: true }).unwrap();
    let mut view = station.case_open(&person.hit.id).unwrap();
    for (kind, reader) in [(BenchCardKind::Blank, "Encoder"), (BenchCardKind::Chip, "Chip reader")] {
        let _ = station.bench_do(&BenchAction::Lift { reader: reader.to_owned() });
        let cards = station.bench_do(&BenchAction::NewCard { kind }).unwrap().cards;
        let card = cards.iter().map(|card| card.id).max().unwrap();
        station.bench_do(&BenchAction::Lay { card, reader: reader.to_owned() }).unwrap();
    }
    loop {
        let input = match (view.step.as_str(), view.state) {
            (_, CaseState::Done) => return,
            ("data", _) => StepInput::ConfirmData {
                fields: view.fields.iter().map(|field| (field.name.clone(), field.value.clone())).collect(),
            },
            ("photo", _) if view.photo.is_none() => {
                view = station.case_photo(&view.id, PORTRAIT).unwrap();
                continue;
            }
            ("photo", _) => StepInput::AcceptPhoto { reason: None },
            ("preview", _) => StepInput::AcceptPreview,
            ("hand_over", CaseState::Waiting) => match &view.hand_over {
                Some(done) if done.card_checked => StepInput::Given,
                _ => StepInput::Identify { how: Identified::Known },
            },
            _ => {
                view = station.case_wait(&view, Duration::from_secs(60)).unwrap();
                continue;
            }
        };
        view = station.case_do(&view.id, input).unwrap();
    }
}
