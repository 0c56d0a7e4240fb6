//! Badges issued in rehearsal, one after the other, through the whole station: `badge_bench N`. Prints for each thousand,
//! and for all, what a second brings by the clock and by the processor, the size of the store, and the memory held, so that
//! a slowing down or a growing is seen where it begins.
#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a bench prints its figures and stops where it fails")]

use std::path::Path;
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

use lanyard_station::api::{
    BenchAction, BenchCardKind, CaseState, FirstStart, Identified, NewOperator, Password, PersonInput, StepInput,
};
use lanyard_station::{BENCH_CHIP_READER, BENCH_ENCODER, HouseChoice, Options, Station};

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

    println!("badges issued in rehearsal, through the whole station, fsync on");
    println!(
        "{:>7} {:>9} {:>10} {:>12} {:>14} {:>9} {:>9} {:>9}",
        "badges", "badges/s", "entries/s", "cpu ms each", "entries/cpu s", "store MB", "kB/badge", "held MB"
    );
    let began = Sight::take(&station, home.path(), 0);
    let mut last = began;
    for number in 0..count {
        badge(&station, number);
        if (number + 1).is_multiple_of(1_000) {
            let now = Sight::take(&station, home.path(), number + 1);
            now.print(&last, &(number + 1).to_string());
            last = now;
        }
    }
    Sight::take(&station, home.path(), count).print(&began, "all");
    let verdict = station.history_verify().unwrap();
    assert!(verdict.holds, "{:?}", verdict.faults);
}

/// What there is to see at one moment.
#[derive(Clone, Copy)]
struct Sight {
    badges: u32,
    clock: Instant,
    processor: Duration,
    entries: u64,
    store: u64,
    held: u64,
}

impl Sight {
    fn take(station: &Station, home: &Path, badges: u32) -> Self {
        Self {
            badges,
            clock: Instant::now(),
            processor: processor(),
            entries: station.status().data.entries,
            store: size(home),
            held: held(),
        }
    }

    /// A line: what came since `before`, and what there is now.
    fn print(&self, before: &Self, name: &str) {
        let badges = f64::from(self.badges - before.badges);
        let entries = (self.entries - before.entries) as f64;
        let clock = (self.clock - before.clock).as_secs_f64();
        let processor = (self.processor - before.processor).as_secs_f64();
        println!(
            "{name:>7} {:>9.1} {:>10.0} {:>12.1} {:>14.0} {:>9.1} {:>9.1} {:>9.1}",
            badges / clock,
            entries / clock,
            processor / badges * 1e3,
            entries / processor,
            self.store as f64 / 1e6,
            self.store.saturating_sub(before.store) as f64 / badges / 1e3,
            self.held as f64 / 1e6,
        );
    }
}

/// The time of all threads of this process, on whatever core: what else the machine does is not in it.
fn processor() -> Duration {
    let now = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(now.tv_sec as u64, now.tv_nsec as u32)
}

/// Memory in use (Linux; elsewhere 0).
fn held() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kilobytes.unwrap_or(0) * 1_024
}

fn size(home: &Path) -> u64 {
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
    for (kind, reader) in [(BenchCardKind::Blank, BENCH_ENCODER), (BenchCardKind::Chip, BENCH_CHIP_READER)] {
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
                Some(done) if done.ready => StepInput::Given,
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
