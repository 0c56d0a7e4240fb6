//! What an encoding costs: exchanges and bytes by step and link; the five encodings beside each other with the time of the
//! processor that the host takes and the time on the air; and ten thousand cards in a row.
//!
//! `cargo run --release -p lanyard-encoding --example exchange_bench [CARDS]`

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::panic,
    dead_code,
    unused_imports,
    reason = "a bench: it prints, and an error ends it"
)]

#[path = "../tests/common/mod.rs"]
mod common;

use std::time::Duration;

use common::{
    Desk, EV1, LINK, REKEY, STARTER, THREE, UID, Vault, WITH_CHIP, starter, starter_with_default_key, values,
};
use lanyard_desfire::{Framing, Link};
use lanyard_encoding::{Assess, BIT_RATES, Cost, Encoding, Plan, Run, plan, rekey};
use lanyard_virtual::{ApduCard, DesfireCard, FrameSize, Memory, Model};
use rustix::time::{ClockId, clock_gettime};

const LINKS: [(&str, Link); 5] = [
    (
        "FSC 128, wrapped, long commands",
        Link { framing: Framing::Wrapped, fsc: 128, long_commands: true, extended: None },
    ),
    ("FSC 128, wrapped", Link { framing: Framing::Wrapped, fsc: 128, long_commands: false, extended: None }),
    (
        "FSC 64, wrapped, long commands",
        Link { framing: Framing::Wrapped, fsc: 64, long_commands: true, extended: None },
    ),
    ("FSC 64, wrapped", Link { framing: Framing::Wrapped, fsc: 64, long_commands: false, extended: None }),
    ("FSC 64, native frames", Link { framing: Framing::Native, fsc: 64, long_commands: false, extended: None }),
];

/// The limits, for one application on EV2 at FSC 128.
const MOST_WITH_READ_BACK: u32 = 24;
const MOST_WITHOUT: u32 = 16;
/// As many cards as make a mean.
const CARDS_A_LINE: u32 = 2_000;

fn main() {
    let cards: u32 = std::env::args().nth(1).and_then(|n| n.parse().ok()).unwrap_or(10_000);
    for (name, link) in LINKS {
        by_step(name, link);
    }
    five();
    in_a_row(cards);
}

/// What one card took.
struct Took {
    /// Is it a blank? Before anything is written.
    assessed: Cost,
    /// Written and read back.
    written: Cost,
    /// Of the processor, outside the card.
    host: Duration,
    plan: Plan,
}

fn processor() -> Duration {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(now.tv_sec as u64, now.tv_nsec as u32)
}

fn blank(link: Link, model: Model) -> Desk {
    let size = if link.fsc == 64 { FrameSize::B64 } else { FrameSize::B128 };
    let mut desk = Desk::blank();
    desk.card = DesfireCard::new(UID, 7).with_model(model, Memory::K8).with_frame_size(size);
    desk.framing = link.framing;
    desk.clock = processor;
    desk.lay();
    desk
}

fn cost(desk: &Desk) -> Cost {
    Cost { exchanges: desk.exchanges as u32, sent: desk.sent as u32, received: desk.received as u32 }
}

/// Assesses, plans, writes, reads back.
fn whole(encoding: &Encoding, desk: &mut Desk, link: Link) -> Took {
    let vault = Vault::default();
    desk.in_card = Duration::ZERO;
    let began = processor();
    let mut assess = Assess::new(encoding, &UID, false, link);
    let found = desk.drive(&mut assess, &vault).unwrap();
    let assessed = cost(desk);
    desk.lay();
    let plan = plan(encoding, &values(), &found, &vault, link).unwrap();
    desk.drive(&mut Run::new(&plan, UID, link).unwrap(), &vault).unwrap();
    let host = (processor() - began).saturating_sub(desk.in_card);
    Took { assessed, written: cost(desk), host, plan }
}

fn shown(name: &str, cost: Cost) {
    println!("  {name:<34} {:>3} exchanges {:>5} B to the card {:>5} B back", cost.exchanges, cost.sent, cost.received);
}

fn by_step(name: &str, link: Link) {
    println!("{name}");
    let known = whole(&starter(), &mut blank(link, Model::Ev2), link);
    let secret = whole(&starter_with_default_key(), &mut blank(link, Model::Ev2), link);
    for planned in &secret.plan.steps {
        let number = planned.step.number().map_or(String::new(), |number| format!(" {number}"));
        shown(&format!("{}{number}", planned.step.label()), planned.cost);
    }
    assert_eq!(secret.plan.cost(), secret.written, "what was planned is what went over the air");
    let reads: Cost = known.plan.steps.iter().filter(|p| !p.step.changes()).map(|p| p.cost).sum();
    let without = Cost {
        exchanges: known.written.exchanges - reads.exchanges,
        sent: known.written.sent - reads.sent,
        received: known.written.received - reads.received,
    };
    println!("  —");
    shown("write, known default key", without);
    shown("write and read back, secret default", secret.written);
    let version = get_version(link);
    let with_version = version + secret.written;
    shown("the same with GetVersion before it", with_version);
    shown("is it a blank? (apart, before)", secret.assessed);
    if link == LINKS[0].1 {
        assert!(without.exchanges <= MOST_WITHOUT, "{without:?}");
        assert!(with_version.exchanges <= MOST_WITH_READ_BACK, "{with_version:?}");
    }
}

/// GetVersion by itself, as it goes over this link.
fn get_version(link: Link) -> Cost {
    let mut desk = blank(link, Model::Ev2);
    let mut host = lanyard_desfire::Card::new(link);
    let mut command = host.command(lanyard_desfire::Op::GetVersion).unwrap();
    loop {
        let answer = desk.exchange(&command).unwrap();
        match host.answer(&answer).unwrap() {
            lanyard_desfire::Progress::More(next) => command = next,
            lanyard_desfire::Progress::Done(_) => return cost(&desk),
        }
    }
}

/// A name, exchanges and bytes over the air, microseconds of the host's processor.
type Row = (String, Cost, f64);

fn five() {
    let mut rows: Vec<Row> = Vec::new();
    for (name, text, model) in [
        ("starter", STARTER, Model::Ev2),
        ("three-applications", THREE, Model::Ev2),
        ("ev1", EV1, Model::Ev1),
        ("rekey (a blank)", REKEY, Model::Ev2),
        ("desfire-em", WITH_CHIP, Model::Ev2),
    ] {
        let (encoding, mut host, mut cost) = (Encoding::parse(text).unwrap(), Duration::ZERO, Cost::default());
        for _ in 0..CARDS_A_LINE {
            let took = whole(&encoding, &mut blank(LINK, model), LINK);
            assert_eq!(took.plan.cost(), took.written, "{name}");
            (host, cost) = (host + took.host, took.written);
        }
        rows.push((name.to_owned(), cost, host.as_secs_f64() * 1e6 / f64::from(CARDS_A_LINE)));
    }
    rows.push(renewed());
    println!("each encoding, written and read back, FSC 128, long commands where the card takes them");
    print!("  {:<26} {:>9} {:>7} {:>7} {:>10}", "", "exchanges", "B out", "B back", "host µs");
    println!("{}", BIT_RATES.map(|rate| format!(" {:>9}", format!("{rate} kb/s"))).concat());
    for (name, cost, host) in rows {
        print!("  {name:<26} {:>9} {:>7} {:>7} {host:>10.0}", cost.exchanges, cost.sent, cost.received);
        println!("{}", cost.air_us().map(|us| format!(" {:>6.1} ms", us as f64 / 1e3)).concat());
    }
    println!("  (host: assessed, planned, written, read back, by the processor's clock; air: docs/hardware.md)");
}

/// A card that is out gets the next version of every key: `lanyard encoding rekey`.
fn renewed() -> Row {
    const OLD: u8 = 2;
    let (from, to) = (Encoding::parse(STARTER).unwrap(), Encoding::parse(REKEY).unwrap());
    let mut desk = blank(LINK, Model::Ev2);
    let vault = Vault { newest: OLD, ..Vault::default() };
    let found = desk.drive(&mut Assess::new(&from, &UID, false, LINK), &vault).unwrap();
    desk.lay();
    let written = plan(&from, &values(), &found, &vault, LINK).unwrap();
    desk.drive(&mut Run::new(&written, UID, LINK).unwrap(), &vault).unwrap();
    let image = desk.card.export();
    let (mut host, vault) = (Duration::ZERO, Vault::default());
    for _ in 0..CARDS_A_LINE {
        desk.card = DesfireCard::import(&image).unwrap();
        desk.lay();
        desk.in_card = Duration::ZERO;
        let began = processor();
        let plan = rekey((&from, &to), UID, &|_| Some(OLD), &|_| None, &vault, LINK).unwrap();
        desk.drive(&mut Run::new(&plan, UID, LINK).unwrap(), &vault).unwrap();
        host += (processor() - began).saturating_sub(desk.in_card);
    }
    ("starter → rekey (a card out)".to_owned(), cost(&desk), host.as_secs_f64() * 1e6 / f64::from(CARDS_A_LINE))
}

/// Memory in use, in bytes (Linux; elsewhere 0).
fn held() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or(0) * 1_024
}

/// One card after the other, as on a busy day: exchanges never change, memory and time do not grow.
fn in_a_row(cards: u32) {
    println!("{cards} cards in a row, starter with a secret default key");
    println!("  {:>7} {:>12} {:>12} {:>9}", "card", "host µs each", "all µs each", "held MB");
    let (encoding, lines) = (starter_with_default_key(), 10);
    let (mut first, mut most_held, mut early) = (None, 0, 0);
    for line in 1..=lines {
        let (mut host, began) = (Duration::ZERO, processor());
        let each = cards / lines;
        for _ in 0..each {
            let took = whole(&encoding, &mut blank(LINK, Model::Ev2), LINK);
            host += took.host;
            let cost = (took.assessed, took.written);
            assert_eq!(*first.get_or_insert(cost), cost, "a card took more or less than the first");
        }
        let per_card = |took: Duration| took.as_secs_f64() * 1e6 / f64::from(each.max(1));
        let held = held();
        if line == 1 {
            early = held;
        }
        most_held = most_held.max(held);
        let (host, all) = (per_card(host), per_card(processor() - began));
        println!("  {:>7} {host:>12.0} {all:>12.0} {:>9.1}", line * each, held as f64 / 1e6);
    }
    // What one card keeps for good would show a thousandfold: 9,000 cards of a kilobyte are nine megabytes.
    assert!(most_held - early < 4_000_000, "memory grew by {} bytes", most_held - early);
}
