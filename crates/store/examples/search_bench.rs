//! `search_bench N [DIR]`: a house of N people, and how long search takes as somebody types: each prefix of names, numbers
//! and pairs of words, timed one by one on the encrypted store, percentiles printed.
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a bench prints, and stops where it fails")]

use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

use lanyard_keys::{Cost, HouseKind, Slots, Vault};
use lanyard_model::{Actor, ActorKind, ActorRole, Change, Id, Kind, RecordRef, UnixMs};
use lanyard_store::{Entropy, Mode, NewHouse, Store, StoreError};

const GIVEN: &[&str] = &[
    "Anna",
    "Åsa",
    "Maria",
    "Eva",
    "Karin",
    "Sara",
    "Lena",
    "Emma",
    "Kristina",
    "Birgitta",
    "Marie",
    "Elisabeth",
    "Ingrid",
    "Johan",
    "Lars",
    "Karl",
    "Anders",
    "Per",
    "Nils",
    "Mikael",
    "Jan",
    "Peter",
    "Hans",
    "Jürgen",
    "Jörg",
    "Günther",
    "Wolfgang",
    "Klaus",
    "Uwe",
    "Jean",
    "Pierre",
    "François",
    "Hélène",
    "Amélie",
    "Zoë",
    "John",
    "Mary",
    "Patricia",
    "Robert",
    "Jennifer",
    "Michael",
    "Linda",
    "David",
    "Barbara",
    "Samuel",
    "Noël",
    "Joëlle",
    "Łukasz",
    "Agnieszka",
    "Yusuf",
];
const FIRST: &[&str] = &[
    "Berg", "Lind", "Sjö", "Ek", "Björk", "Ny", "Sand", "Holm", "Ström", "Dal", "Gran", "Hög", "Söder", "Norr",
    "Öster", "Väster", "Mül", "Schmid", "Schnei", "Fisch", "Web", "Mey", "Wag", "Beck", "Schul", "Hoff", "Groß",
    "Klein", "Lang", "Krü", "Du", "Mar", "Ber", "Tho", "Pe", "Ro", "Ri", "Le", "Mo", "La", "Smi", "John", "Wil", "Bro",
    "Jon", "Da", "An", "Tay", "O'", "Mac", "Ko", "No", "Wi", "Ze", "Xa", "Qui", "Va", "Fe", "Ga", "Ha", "Ja", "Ne",
];
const SECOND: &[&str] = &[
    "ström",
    "gren",
    "qvist",
    "man",
    "berg",
    "lund",
    "dahl",
    "son",
    "ler",
    "t",
    "der",
    "er",
    "mann",
    "ter",
    "ker",
    "bois",
    "tin",
    "nard",
    "mas",
    "tit",
    "bert",
    "chard",
    "roy",
    "reau",
    "th",
    "s",
    "liams",
    "wn",
    "es",
    "vis",
    "Hara",
    "Donald",
    "walski",
    "wak",
    "śniewski",
    "sson",
];

fn random(seed: u64) -> impl FnMut() -> u64 {
    let mut state = seed;
    move || {
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }
}

fn entropy(seed: u64) -> Entropy {
    let mut next = random(seed);
    Box::new(move |bytes| {
        for chunk in bytes.chunks_mut(8) {
            let word = next().to_le_bytes();
            chunk.copy_from_slice(&word[..chunk.len()]);
        }
    })
}

/// Names as unevenly spread as names are.
fn name(next: &mut impl FnMut() -> u64) -> (String, String) {
    let mut pick = |from: &[&'static str]| {
        let (a, b) = (next() as usize % from.len(), next() as usize % from.len());
        from[a.min(b)]
    };
    (pick(GIVEN).to_owned(), format!("{}{}", pick(FIRST), pick(SECOND)))
}

fn fill(store: &mut Store, people: u64) {
    let by = [Actor { who: Id([5; 16]), role: ActorRole::Did, kind: ActorKind::Connector }];
    let (mut names, mut ids) = (random(1), entropy(2));
    let began = Instant::now();
    for block in (0..people).step_by(50_000) {
        store
            .write::<_, StoreError>(|tx| {
                for n in block..people.min(block + 50_000) {
                    let (given, family) = name(&mut names);
                    let mut id = [0; 16];
                    ids(&mut id);
                    let person =
                        Change::new("person.created", RecordRef { kind: Kind::Person, id: Id::from_random(id) })
                            .state("", "active")
                            .field("given_name", given)
                            .field("family_name", family)
                            .field("staff_no", format!("{:07}", 1_000_000 + n))
                            .field("unit", format!("Unit {}", n % 97));
                    tx.commit(&person, &by, UnixMs(1_795_478_400_000 + n as i64))?;
                }
                Ok(())
            })
            .unwrap();
    }
    let took = began.elapsed();
    println!("{people} people in {took:.1?}: {:.0} entries/s", people as f64 / took.as_secs_f64());
}

/// By the clock, and by the processor: the second does not count what else the machine was doing.
type Took = (Duration, Duration);

fn processor() -> Duration {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(now.tv_sec as u64, now.tv_nsec as u32)
}

fn report(what: &str, times: &[Took]) {
    print!("{what:<28} n {:>5}", times.len());
    for (name, pick) in [("clock", (|took: &Took| took.0) as fn(&Took) -> Duration), ("cpu", |took| took.1)] {
        let mut sorted: Vec<Duration> = times.iter().map(pick).collect();
        sorted.sort_unstable();
        let at = |share: f64| sorted[((sorted.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e3;
        print!("   {name} p50 {:>6.3} p99 {:>6.3} max {:>7.3} ms", at(0.5), at(0.99), at(1.0));
    }
    println!();
}

fn main() {
    let mut args = std::env::args().skip(1);
    let people: u64 = args.next().and_then(|n| n.parse().ok()).unwrap_or(100_000);
    let temporary = tempfile::tempdir().unwrap();
    let dir = args.next().map_or_else(|| temporary.path().join("house"), Into::into);
    let house = NewHouse {
        id: Id([1; 16]),
        kind: HouseKind::Rehearsal,
        station: "Bench".to_owned(),
        writer: Id([2; 16]),
        log: Id([3; 16]),
        made: UnixMs(1_795_478_400_000),
    };
    let (slots, opened, _) = Slots::create(house.id, Cost::TEST, &mut *entropy(3)).unwrap();
    let vault = Vault::create(house.id, house.kind, "Bench", house.made, &mut *entropy(4)).unwrap();
    if !lanyard_store::is_house(&dir).unwrap_or_default() {
        let signer = Box::new(vault.signer());
        let mut store = Store::create(&dir, &house, &slots, &opened.store_key, signer, entropy(5)).unwrap();
        fill(&mut store, people);
        store.close();
    }
    let size = std::fs::metadata(dir.join("store.db")).unwrap().len();
    println!("store {} MB, {} bytes a person", size >> 20, size / people);

    let began = Instant::now();
    let store = Store::open(&dir, &opened.store_key, Mode::Read, entropy(6)).unwrap();
    println!("opened in {:.1?}", began.elapsed());
    let time = |text: &str| {
        let (began, worked) = (Instant::now(), processor());
        store.view().search(text, 20).unwrap();
        (began.elapsed(), processor() - worked)
    };
    let cold: Vec<Took> = ('a'..='z').map(|letter| time(&letter.to_string())).collect();
    report("one letter, never read", &cold);
    let mut names = random(9);
    let mut groups: [(&str, Vec<Took>); 7] = [
        ("one letter", vec![]),
        ("two letters", vec![]),
        ("three letters on", vec![]),
        ("staff number, three on", vec![]),
        ("two words, second 1 letter", vec![]),
        ("two words, second 3 on", vec![]),
        ("two words of one letter", vec![]),
    ];
    for _ in 0..1_000 {
        let (given, family) = name(&mut names);
        let word: Vec<char> =
            if names().is_multiple_of(2) { given.chars().collect() } else { family.chars().collect() };
        for letters in 1..=word.len() {
            let text: String = word[..letters].iter().collect();
            groups[letters.min(3) - 1].1.push(time(&text));
        }
        let number = (1_000_000 + names() % people).to_string();
        for digits in 3..=7 {
            groups[3].1.push(time(&number[..digits]));
        }
        let family: Vec<char> = family.chars().collect();
        for letters in 1..=family.len() {
            let text = format!("{given} {}", family[..letters].iter().collect::<String>());
            if letters != 2 {
                let took = time(&text);
                groups[if letters == 1 { 4 } else { 5 }].1.push(took);
            }
        }
        let first = |text: &str| text.chars().next().unwrap_or('a');
        groups[6].1.push(time(&format!("{} {}", first(&given), family[0])));
    }
    for (what, times) in groups {
        report(what, &times);
    }
}
