//! `verify_bench [N] [--openings] [--deflated]`: builds N entries in memory, verifies the bundle, and prints entries per
//! second beside the rate of the bare `verify_strict` over the same messages in the same run. One core.
//!
//! For `cargo xtask bench`; the goal is a ratio of at least 0.8 (1,000,000 entries).

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a bench prints its result, and has nobody to report to")]

use std::io::Cursor;
use std::time::{Duration, Instant};

use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use lanyard_history::tree::Frontier;
use lanyard_history::verify::{Options, verify};
use lanyard_history::{
    About, BundleWriter, Checkpoint, Draft, Entry, Hash, NO_PREV, Opening, Packing, Place, Scope, events,
    station_origin,
};
use lanyard_model::{Actor, ActorKind, ActorRole, Change, Id, Kind, RecordRef, UnixMs, Value, Via};

fn id(n: u64) -> Id {
    let mut bytes = [0x5A; 16];
    bytes[..8].copy_from_slice(&n.to_le_bytes());
    Id::from_random(bytes)
}

/// What an issue writes, over and over.
fn change(n: u64) -> Change {
    let of = |kind| RecordRef { kind, id: id(n / 8) };
    let via = Some(Via { process: id(n / 8), step: "encode".into() });
    let bytes = |n| Value::Bytes(id(n).0.to_vec());
    match n % 8 {
        0 => Change::new("person.created", of(Kind::Person))
            .state("", "active")
            .field("given_name", "Åsa")
            .field("family_name", "Möllerström")
            .field("staff_no", "004711")
            .field("unit", "Operations"),
        1 => Change::new("photo.accepted", of(Kind::Photo))
            .state("", "accepted")
            .field("person", bytes(n))
            .field("picture", Value::blob([7; 32], 48_211, "image/jpeg")),
        2 => Change::new("request.data_confirmed", of(Kind::Request)).via(via),
        3 => Change::new("card.prepared", of(Kind::Card))
            .state("", "prepared")
            .field("person", bytes(n))
            .field("number", "0000123456")
            .field("uid", Value::Bytes(vec![4; 7]))
            .via(via),
        4 => Change::new("credential.prepared", of(Kind::Credential))
            .state("", "prepared")
            .field("card", bytes(n))
            .field("encoding", "starter")
            .via(via),
        5 => Change::new("card.encoded", of(Kind::Card)).state("prepared", "encoded").via(via),
        6 => Change::new("card.printed", of(Kind::Card))
            .state("encoded", "printed")
            .field("printer", "Evolis 1")
            .field("job", "42")
            .via(via),
        _ => Change::new("card.issued", of(Kind::Card)).state("printed", "active").via(via),
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let has = |name: &str| arguments.iter().any(|argument| argument == name);
    let count: u64 = arguments.first().and_then(|count| count.parse().ok()).unwrap_or(1_000_000);
    let packing = if has("--deflated") { Packing::Deflated } else { Packing::Stored };

    let (key, log_key, writer) = (SigningKey::from_bytes(&[7; 32]), SigningKey::from_bytes(&[8; 32]), id(u64::MAX));
    let public = key.verifying_key().to_bytes();
    let by = vec![Actor { who: id(1), role: ActorRole::Did, kind: ActorKind::Operator }];
    let origin = station_origin(writer);
    let (mut prev, mut frontier, mut salt) = (NO_PREV, Frontier::new(), 0_u64);
    let (mut leaves, mut openings): (Vec<Hash>, Vec<(Hash, Opening)>) = (Vec::new(), Vec::new());
    let mut bundle = BundleWriter::new(Cursor::new(Vec::new()), packing).unwrap();
    let (mut messages, every) = (Vec::new(), count / 100_000 + 1);
    for seq in 1..=count {
        let change = match seq {
            1 => events::writer_enrolled(writer, &public, 1, &NO_PREV),
            2 => events::log_opened(id(2), &origin, &log_key.verifying_key().to_bytes()),
            _ => change(seq),
        };
        let place = Place { writer, seq, prev, at: UnixMs(1_795_000_000_000 + seq as i64), rehearsal: false };
        let (draft, opened) = Draft::of_change(&change, place, by.clone(), vec![prev; usize::from(seq > 1)], || {
            salt += 1;
            [salt as u8; 32]
        });
        let waiting = draft.to_be_signed(&public).unwrap();
        let signature = key.sign(waiting.bytes());
        if seq % every == 0 {
            messages.push((waiting.bytes().to_vec(), signature));
        }
        let entry: Entry = waiting.sealed(signature.to_bytes()).unwrap();
        prev = entry.hash();
        frontier.push(&prev);
        leaves.push(prev);
        bundle.entry(entry.bytes()).unwrap();
        if has("--openings") {
            openings.extend(opened.into_iter().map(|opening| (prev, opening)));
        }
    }
    openings.iter().for_each(|(entry, opening)| bundle.opening(entry, opening).unwrap());
    leaves.iter().for_each(|leaf| bundle.leaf(leaf).unwrap());
    let checkpoint = Checkpoint { origin, size: frontier.size(), root: frontier.root() };
    let signature = log_key.sign(checkpoint.text().as_bytes()).to_bytes();
    let note = checkpoint.signed(&log_key.verifying_key().to_bytes(), &signature).to_string();
    let about = About {
        station: "bench".into(),
        single_person: false,
        rehearsal: false,
        exported_at: UnixMs(0),
        program: "verify_bench".into(),
    };
    let zip = bundle.finish(Some(&note), &Scope::Whole, &about).unwrap().into_inner();
    let (shown, bytes) = (openings.len(), zip.len());
    drop((leaves, openings));

    // Half of the bare rate before, half after, so that a machine that slows down slows both.
    let bare_before = bare(&key.verifying_key(), &messages);
    let start = Clock::start();
    let report = verify(Cursor::new(zip), &Options::default()).unwrap();
    let took = start.elapsed();
    let bare_after = bare(&key.verifying_key(), &messages);
    assert!(report.holds() && report.counts.entries == count && report.counts.logged == count);

    let rate = count as f64 / took.as_secs_f64();
    let bare = 2.0 * messages.len() as f64 / (bare_before + bare_after).as_secs_f64();
    println!("entries {count}, openings {shown}, bundle {bytes} bytes");
    println!("verify {rate:.0} entries/s, bare verify_strict {bare:.0}/s, ratio {:.3}", rate / bare);
}

fn bare(key: &VerifyingKey, messages: &[(Vec<u8>, Signature)]) -> Duration {
    let start = Clock::start();
    assert!(messages.iter().all(|(message, signature)| key.verify_strict(message, signature).is_ok()));
    start.elapsed()
}

/// Time on the processor where Linux tells it, so that what else runs on the machine does not count; else by the wall.
struct Clock {
    wall: Instant,
    cpu: Option<Duration>,
}

impl Clock {
    fn start() -> Self {
        Self { wall: Instant::now(), cpu: cpu() }
    }

    fn elapsed(&self) -> Duration {
        match (self.cpu, cpu()) {
            (Some(before), Some(now)) => now - before,
            _ => self.wall.elapsed(),
        }
    }
}

/// The first number of schedstat is the thread's time on the processor in nanoseconds.
fn cpu() -> Option<Duration> {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    stat.split(' ').next()?.parse().ok().map(Duration::from_nanos)
}
