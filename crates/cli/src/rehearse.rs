//! `lanyard rehearse`: the simulated devices as a bench that is handled by words on standard input.
//!
//! One command a line, one answer a line (`ok …` or `error …`; with `--json` a value each), so that a person can play and a test can drive it.

use std::io::BufRead;
use std::path::Path;
use std::time::Duration;

use lanyard_secret::SecretBytes;
use lanyard_station::api::{BenchAction, BenchCardKind, CardDone, CaseView, Identified, Problem};
use lanyard_station::{
    BENCH_CHIP_READER, BENCH_ENCODER, BENCH_PRINTER, BENCH_TAG_READER, HouseChoice, Options, Station,
};

use crate::commands::read_text;
use crate::issue::{Carry, carry_through};
use crate::output::{line, note, usage_problem};

const WORDS: &str = "\
new blank|foreign|full|chip|t5577  take a card out of the box
lay CARD encoder|chip|lf           lay it on a reader
lift encoder|chip|lf               lift what lies there
pull-after N encoder|chip|lf       lift it by itself after N more exchanges
freeze-card CARD N                 it never answers again after N more exchanges
jam | clear                        jam the printer, clear it
ribbon empty|new                   empty the ribbon, change it
issue WORDS                        issue a badge to the person who answers to WORDS
issue-until STEP WORDS             the same, up to a step of the workflow
photo WORDS                        give that person the sample portrait
cards WORDS                        the cards of that person, each with its state
verify-card encoder                hold the card there against the records
finish encoder | roll-back encoder go on with what was begun with the card there, or take it back
reset encoder                      make the card there a blank again; the other operator is with you
rekey FROM TO encoder              give the card there the keys of another encoding
next encoder                       what can be done with the card there, the right one first
encoding NAME                      write cards with this encoding from now on
add-encoding FILE                  keep a description
verify                             the verdict of the history
traffic encoder|chip               exchanges since the card was laid
traffic lf                         writes to 125 kHz chips
resume                             go on with the cases that are open
cases                              the open cases
bench                              what lies where
quit";

/// Runs until `quit` or the end of input.
pub fn run(home: &Path, by: Option<(&str, SecretBytes)>, json: bool) -> Result<(), Problem> {
    let station = crate::demo::rehearsal_station(Options::new(home.to_owned(), HouseChoice::Rehearsal), by)?;
    note(WORDS);
    for input in std::io::stdin().lock().lines() {
        let Ok(input) = input else { break };
        let words: Vec<&str> = input.split_whitespace().collect();
        match words.as_slice() {
            [] => continue,
            ["quit"] => break,
            words => match act(&station, words) {
                Ok(said) if json => line(&serde_json::json!({ "ok": said }).to_string()),
                Ok(said) => line(&format!("ok {said}")),
                Err(problem) if json => line(&serde_json::to_string(&problem).unwrap_or_default()),
                Err(problem) => line(&format!("error {} {:?}", problem.code, problem.details)),
            },
        }
    }
    Ok(())
}

fn reader(word: &str) -> Result<String, Problem> {
    match word {
        "encoder" => Ok(BENCH_ENCODER.to_owned()),
        "chip" => Ok(BENCH_CHIP_READER.to_owned()),
        "lf" => Ok(BENCH_TAG_READER.to_owned()),
        other => Err(usage_problem("reader", other)),
    }
}

fn number(word: &str) -> Result<u32, Problem> {
    word.parse().map_err(|_| usage_problem("number", word))
}

fn act(station: &Station, words: &[&str]) -> Result<String, Problem> {
    let printer = BENCH_PRINTER.to_owned();
    let action = match words {
        ["new", kind] => BenchAction::NewCard {
            kind: match *kind {
                "blank" => BenchCardKind::Blank,
                "foreign" => BenchCardKind::Foreign,
                "full" => BenchCardKind::Full,
                "chip" => BenchCardKind::Chip,
                "t5577" => BenchCardKind::T5577,
                other => return Err(usage_problem("card", other)),
            },
        },
        ["lay", card, on] => BenchAction::Lay { card: number(card)?, reader: reader(on)? },
        ["lift", on] => BenchAction::Lift { reader: reader(on)? },
        ["pull-after", n, on] => BenchAction::LiftAfter { exchanges: number(n)?, reader: reader(on)? },
        ["jam"] => BenchAction::Jam { printer, jammed: true },
        ["clear"] => BenchAction::Jam { printer, jammed: false },
        ["ribbon", word @ ("empty" | "new")] => BenchAction::Ribbon { printer, empty: *word == "empty" },
        ["freeze-card", card, n] => BenchAction::FreezeAfter { card: number(card)?, exchanges: number(n)? },
        ["photo", who @ ..] => {
            station.photo_set(&station.person_of(&who.join(" "))?, crate::demo::PORTRAIT, None)?;
            return Ok(String::new());
        }
        ["traffic", "lf"] => {
            let desk = station.bench_tags()?;
            let desk = desk.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            return Ok(desk.twn4.writes().to_string());
        }
        ["traffic", on] => {
            let name = reader(on)?;
            let (exchanges, _) = station.bench_desk()?.traffic(&name).map_err(|_| usage_problem("reader", on))?;
            return Ok(exchanges.to_string());
        }
        ["cards", who @ ..] => {
            let person = station.person(&station.person_of(&who.join(" "))?)?;
            let cards = person.cards.iter().map(|card| format!("{} {}", card.number, card.state));
            return Ok(cards.collect::<Vec<_>>().join("; "));
        }
        ["verify-card", on] => return done(station.card_verify(Some(&reader(on)?))),
        ["finish", on] => return done(station.card_finish(Some(&reader(on)?))),
        ["roll-back", on] => return done(station.card_roll_back(Some(&reader(on)?))),
        ["rekey", from, to, on] => return done(station.card_rekey(Some(&reader(on)?), from, to)),
        ["reset", on] => {
            let (login, password) = crate::demo::second_operator();
            return done(station.card_reset(Some(&reader(on)?), login, &password));
        }
        ["next", on] => {
            station.settle();
            let card = station.card_read(&reader(on)?)?;
            return Ok(format!("{:?} {}", card.standing, serde_json::to_string(&card.next).unwrap_or_default()));
        }
        ["encoding", name] => {
            let hit = station.encoding_use(name)?;
            return Ok(format!("{} {}", hit.name, hit.version));
        }
        ["add-encoding", file] => {
            let text = read_text(Path::new(file))?;
            let added = station.encoding_add(&text, true)?;
            return Ok(format!("{} {}", added.encoding.name, added.encoding.version));
        }
        ["verify"] => {
            let verdict = station.history_verify()?;
            return Ok(if verdict.holds { verdict.level } else { format!("faults {:?}", verdict.faults) });
        }
        ["issue-until", step, who @ ..] => {
            let person = station.person_of(&who.join(" "))?;
            return through(station, station.case_open(&person)?, Some(step));
        }
        ["bench"] => {
            return Ok(serde_json::to_string(&station.bench()?).unwrap_or_default());
        }
        ["cases"] => {
            return Ok(serde_json::to_string(&station.status().cases).unwrap_or_default());
        }
        ["issue", who @ ..] => {
            let person = station.person_of(&who.join(" "))?;
            return through(station, station.case_open(&person)?, None);
        }
        ["resume"] => {
            let mut said = Vec::new();
            for case in station.status().cases {
                said.push(through(station, station.case_view(&case.id)?, None)?);
            }
            return Ok(said.join("; "));
        }
        _ => return Err(usage_problem("command", &words.join(" "))),
    };
    let view = station.bench_do(&action)?;
    Ok(match action {
        BenchAction::NewCard { .. } => view.cards.iter().map(|card| card.id).max().unwrap_or(0).to_string(),
        _ => String::new(),
    })
}

fn done(done: Result<CardDone, Problem>) -> Result<String, Problem> {
    done.map(|done| format!("{} {:?}", done.number, done.deed))
}

fn through(station: &Station, case: CaseView, until: Option<&str>) -> Result<String, Problem> {
    let mut carry = Carry {
        photo: None,
        photo_reason: None,
        print_reason: None,
        how: Identified::Known,
        wait: Duration::from_secs(20),
        until: until.map(str::to_owned),
        keep_pin: None,
    };
    let (case, _) = carry_through(station, case, &mut carry)?;
    Ok(case.card.map(|card| card.number).unwrap_or_default())
}
