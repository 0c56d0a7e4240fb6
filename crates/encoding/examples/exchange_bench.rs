//! Exchanges and bytes over the air, by step and link, and what an encoding costs the host outside the card.
//!
//! `cargo run --release -p lanyard-encoding --example exchange_bench`

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

use std::time::{Duration, Instant};

use common::{Desk, UID, Vault, starter, starter_with_default_key, values};
use lanyard_desfire::{Framing, Link};
use lanyard_encoding::{Assess, Cost, Encoding, Plan, Run, plan};
use lanyard_virtual::{DesfireCard, FrameSize};

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

fn desk(link: Link) -> Desk {
    let mut desk = Desk::blank();
    let size = if link.fsc == 64 { FrameSize::B64 } else { FrameSize::B128 };
    desk.card = DesfireCard::new(UID, 7).with_frame_size(size);
    desk.framing = link.framing;
    desk.lay();
    desk
}

/// Assesses, plans and writes; the time outside the card, and what went over the air in each of the two runs.
fn whole(encoding: &Encoding, link: Link) -> (Duration, Duration, [Cost; 2], Plan) {
    let mut desk = desk(link);
    let vault = Vault::default();
    let started = Instant::now();
    let mut assess = Assess::new(encoding, &UID, false, link);
    let found = desk.drive(&mut assess, &vault).unwrap();
    let first = Cost { exchanges: desk.exchanges as u32, sent: desk.sent as u32, received: desk.received as u32 };
    desk.lay();
    let made = plan(encoding, &values(), &found, &vault, link).unwrap();
    let mut run = Run::new(&made, UID, link).unwrap();
    desk.drive(&mut run, &vault).unwrap();
    let second = Cost { exchanges: desk.exchanges as u32, sent: desk.sent as u32, received: desk.received as u32 };
    let all = started.elapsed();
    (all, desk.in_card, [first, second], made)
}

fn shown(name: &str, cost: Cost) {
    println!("  {name:<34} {:>3} exchanges {:>5} B to the card {:>5} B back", cost.exchanges, cost.sent, cost.received);
}

fn main() {
    for (name, link) in LINKS {
        println!("{name}");
        let (_, _, [assessed, written], plain) = whole(&starter(), link);
        let (_, _, [_, secret], with_default) = whole(&starter_with_default_key(), link);
        for planned in &with_default.steps {
            let number = planned.step.number().map_or(String::new(), |number| format!(" {number}"));
            shown(&format!("{}{number}", planned.step.label()), planned.cost);
        }
        let reads: Cost = plain.steps.iter().filter(|p| !p.step.changes()).map(|p| p.cost).sum();
        println!("  —");
        shown(
            "write, known default key",
            Cost {
                exchanges: written.exchanges - reads.exchanges,
                sent: written.sent - reads.sent,
                received: written.received - reads.received,
            },
        );
        shown("write and read back, secret default", secret);
        println!("  {:<34} {:>3} exchanges", "the same with GetVersion", secret.exchanges + 3);
        shown("is it a blank? (apart, before)", assessed);
    }
    let rounds = 2_000_u32;
    let (mut host, mut card) = (Duration::ZERO, Duration::ZERO);
    for _ in 0..rounds {
        let (all, in_card, ..) = whole(&starter_with_default_key(), LINKS[0].1);
        host += all - in_card;
        card += in_card;
    }
    println!(
        "one encoding, assessed, planned, written, read back: host {:?}, simulated card {:?}",
        host / rounds,
        card / rounds
    );
}
