//! `lanyard encoding rekey`: cards get other keys as they come by. Each card is journalled by itself: whatever ends the
//! program, the card under way is gone on with when it is laid again.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use lanyard_station::Station;
use lanyard_station::api::{CardDone, Deed, Problem};
use serde::Serialize;

use crate::catalogue::done_lines;
use crate::encoding::Rekey;
use crate::output::{answer, note};

/// How often it is looked whether somebody has pressed Ctrl-C.
const LOOK: Duration = Duration::from_millis(200);

/// How many cards, by what came of them.
#[derive(Default, Serialize)]
struct Counts {
    rekeyed: u32,
    already: u32,
    refused: u32,
    cards: Vec<CardDone>,
}

/// Until enough cards came, none came for long, or somebody ends it.
pub fn command(station: &Station, wish: &Rekey, json: bool) -> Result<(), Problem> {
    let stop = Arc::new(AtomicBool::new(false));
    let asked = Arc::clone(&stop);
    // Without it Ctrl-C ends the program at once, which harms no card either: only the counts are not told then.
    if ctrlc::set_handler(move || asked.store(true, Ordering::SeqCst)).is_err() {
        note("lanyard: Ctrl-C ends at once here");
    }
    let (mut counts, mut seen, mut last) = (Counts::default(), 0, Instant::now());
    let mut told = 0;
    while !stop.load(Ordering::SeqCst) && wish.cards.is_none_or(|most| told < most) {
        let Some((reader, visit)) = station.card_wait(seen, LOOK) else {
            if wish.wait.is_some_and(|limit| last.elapsed() >= Duration::from_secs(limit)) {
                break;
            }
            continue;
        };
        seen = visit;
        if wish.reader.as_ref().is_some_and(|wanted| *wanted != reader) {
            continue;
        }
        match station.card_rekey(Some(&reader), &wish.from, &wish.to) {
            Ok(done) => {
                done_lines(&done).iter().for_each(|line| note(line));
                match done.deed {
                    Deed::Already => counts.already += 1,
                    _ => counts.rekeyed += 1,
                }
                counts.cards.push(done);
            }
            // Nothing is wrong with the card: what was asked for is.
            Err(problem) if problem.code.starts_with("encoding.") || problem.code.starts_with("station.") => {
                return Err(problem);
            }
            Err(problem) => {
                note(&format!("lanyard: {} {:?}", problem.code, problem.details));
                counts.refused += 1;
            }
        }
        (told, last) = (told + 1, Instant::now());
    }
    answer(json, &counts, |counts| {
        vec![format!("{} rekeyed, {} had the keys before, {} refused", counts.rekeyed, counts.already, counts.refused)]
    });
    Ok(())
}
