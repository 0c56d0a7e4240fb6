//! The same EV1 card written and read back by libfreefare and by us, on the same simulated card: exchanges, bytes, and the
//! time of the processor. `ev1_bench [CARDS]`. What can be counted is asserted: ours needs no more.
//!
//! libfreefare is a process behind a pseudo-terminal: of its time, that of a process that only finds the card is taken
//! off. What is left has its system calls in it; ours makes none.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::panic,
    dead_code,
    reason = "a bench prints, and stops where it fails"
)]

#[path = "../../crates/encoding/tests/common/mod.rs"]
mod common;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use common::{Desk, EV1, UID, Vault, blank_for, values};
use lanyard_desfire::{Framing, Link};
use lanyard_encoding::{Assess, Cost, Encoding, KeySource, Plan, Run, plan};
use lanyard_tests::freefare::freefare;
use lanyard_tests::pn532::Pn532;
use lanyard_virtual::{ApduCard, DesfireCard, Model};
use rustix::time::{ClockId, clock_gettime};

/// What libnfc's PN532 says of the card's frames.
const LINK: Link = Link { framing: Framing::Wrapped, fsc: 64, long_commands: true, extended: None };
/// 4C5902 as it goes over the wire.
const AID: [u8; 3] = [0x02, 0x59, 0x4C];

fn main() {
    let cards: u32 = std::env::args().nth(1).and_then(|n| n.parse().ok()).unwrap_or(50);
    let (ours, plan, assessed, us) = by_us(cards);
    let (theirs, cost, us_theirs) = by_libfreefare(cards, &plan, &ours);
    assert_eq!(content(&ours.card), content(&theirs), "not the same card");
    println!("the same EV1 card, written and read back, FSC 64 ({cards} cards)");
    println!("  {:<24} {:>9} {:>7} {:>7} {:>12}", "", "exchanges", "B out", "B back", "host µs each");
    row("lanyard", plan.cost(), us);
    row("libfreefare 0.4", cost, us_theirs);
    row("lanyard: is it a blank?", assessed, f64::NAN);
    println!("  (libfreefare does not look at a card before it writes)");
    let (mine, other) = (plan.cost(), cost);
    assert!(mine.exchanges <= other.exchanges, "{mine:?} {other:?}");
    assert!(mine.sent + mine.received <= other.sent + other.received, "{mine:?} {other:?}");
}

fn row(name: &str, cost: Cost, us: f64) {
    let us = if us.is_nan() { "(in above)".to_owned() } else { format!("{us:.0}") };
    println!("  {name:<24} {:>9} {:>7} {:>7} {us:>12}", cost.exchanges, cost.sent, cost.received);
}

fn processor() -> Duration {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(now.tv_sec as u64, now.tv_nsec as u32)
}

/// Keys and files, as no reader could see them.
fn content(card: &DesfireCard) -> Vec<Vec<u8>> {
    let keys = [([0; 3], 0), (AID, 0), (AID, 1)].map(|(aid, number)| card.key(aid, number).unwrap().bytes);
    keys.into_iter().chain([1, 2].map(|number| card.file(AID, number).unwrap())).collect()
}

/// Assessed, planned, written, read back, so many times; the last, what looking costs, microseconds of the processor.
fn by_us(cards: u32) -> (Desk, Plan, Cost, f64) {
    let (encoding, vault) = (Encoding::parse(EV1).unwrap(), Vault::default());
    let mut host = Duration::ZERO;
    let mut last = None;
    for _ in 0..cards {
        let mut desk = blank_for(LINK, Model::Ev1);
        desk.clock = processor;
        let began = processor();
        let found = desk.drive(&mut Assess::new(&encoding, &UID, false, LINK), &vault).unwrap();
        let assessed =
            Cost { exchanges: desk.exchanges as u32, sent: desk.sent as u32, received: desk.received as u32 };
        desk.lay();
        let plan = plan(&encoding, &values(), &found, &vault, LINK).unwrap();
        desk.drive(&mut Run::new(&plan, UID, LINK).unwrap(), &vault).unwrap();
        host += (processor() - began).saturating_sub(desk.in_card);
        assert_eq!(plan.cost().exchanges as usize, desk.exchanges);
        last = Some((desk, plan, assessed));
    }
    let (desk, plan, assessed) = last.unwrap();
    (desk, plan, assessed, host.as_secs_f64() * 1e6 / f64::from(cards))
}

/// A card that counts what comes and goes.
struct Counted {
    card: DesfireCard,
    cost: Cost,
}

impl ApduCard for Counted {
    fn power_on(&mut self) {
        self.card.power_on();
    }

    fn power_off(&mut self) {
        self.card.power_off();
    }

    fn atr(&self) -> Vec<u8> {
        self.card.atr()
    }

    fn uid(&self) -> Vec<u8> {
        self.card.uid()
    }

    fn transmit(&mut self, command: &[u8]) -> Vec<u8> {
        let answer = self.card.transmit(command);
        let one = Cost { exchanges: 1, sent: command.len() as u32, received: answer.len() as u32 };
        self.cost = self.cost + one;
        answer
    }
}

fn counted() -> Arc<Mutex<Counted>> {
    Arc::new(Mutex::new(Counted { card: blank_for(LINK, Model::Ev1).card, cost: Cost::default() }))
}

fn by_libfreefare(cards: u32, plan: &Plan, ours: &Desk) -> (DesfireCard, Cost, f64) {
    let script = script(plan, ours);
    let nothing: [&str; 0] = [];
    freefare(&Pn532::start(counted()).unwrap(), &nothing).unwrap();
    let mut last = None;
    let whole = children(|| {
        for _ in 0..cards {
            let card = counted();
            freefare(&Pn532::start(Arc::clone(&card)).unwrap(), &script).unwrap();
            last = Some(card);
        }
    });
    let idle = children(|| {
        for _ in 0..cards {
            freefare(&Pn532::start(counted()).unwrap(), &nothing).unwrap();
        }
    });
    let card = last.unwrap();
    let card = card.lock().unwrap();
    let us = whole.saturating_sub(idle).as_secs_f64() * 1e6 / f64::from(cards);
    (DesfireCard::import(&card.card.export()).unwrap(), card.cost, us)
}

/// The same keys, settings, files and bytes, in the order in which we do it.
fn script(plan: &Plan, ours: &Desk) -> Vec<String> {
    let key = |name: &str| {
        let of = plan.keys().into_iter().find(|key| key.name == name).unwrap();
        hex::encode(Vault::default().key(&of.name, of.version, of.input.as_deref()).unwrap().expose())
    };
    let (master, app, reader) = (key("card-master"), key("app-master"), key("app-reader"));
    let [_, _, _, first, second] = content(&ours.card).try_into().unwrap();
    let (first, second, zero) = (hex::encode(first), hex::encode(second), "00".repeat(16));
    [
        "select 0x000000".to_owned(),
        format!("auth des 0 {}", &zero[..16]),
        format!("change-key 0 aes {master} 3"),
        format!("auth aes 0 {master}"),
        // Settings and master key can be changed; listing and creating need it.
        "change-settings 0x09".to_owned(),
        "create-app 0x4C5902 0x09 2 aes".to_owned(),
        "select 0x4C5902".to_owned(),
        format!("auth aes 0 {zero}"),
        format!("change-key 1 aes {reader} 3 aes {zero}"),
        format!("change-key 0 aes {app} 3"),
        format!("auth aes 0 {app}"),
        "create-std 1 3 0x10F0 32".to_owned(),
        "create-std 2 1 0x10F0 128".to_owned(),
        format!("write 1 0 {first}"),
        format!("write 2 0 {second}"),
        format!("auth aes 1 {reader}"),
        "read 1 0 32 3".to_owned(),
        "read 2 0 128 1".to_owned(),
    ]
    .to_vec()
}

/// The time of the processor that the processes took that were started meanwhile and have ended (Linux).
fn children(act: impl FnOnce()) -> Duration {
    let taken = || {
        let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
        // proc(5): behind the name in parentheses; cutime and cstime are fields 16 and 17, in hundredths of a second.
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
        let ticks = |field: usize| fields[field - 3].parse::<u64>().unwrap();
        Duration::from_millis(10 * (ticks(16) + ticks(17)))
    };
    let before = taken();
    act();
    taken() - before
}
