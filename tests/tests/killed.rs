//! The station is killed with SIGKILL at every step of the workflow, after every exchange with either card, and after every
//! write to the 125 kHz chip of a badge that has one; started again, it ends in a badge whose history holds. At no point
//! carries a card a key that the vault cannot make. The list of points comes from the workflow and from a run without
//! faults, so a step or an exchange that is added is killed at too.
#![allow(clippy::unwrap_used, reason = "a test stops where it fails")]

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use lanyard_keys::Vault;
use lanyard_tests::house::{EILEEN, program};
use lanyard_tests::keys_on_card::{card_of_bench, rehearsal_vault, strange_keys};
use lanyard_workflow::Definition;

/// A look at a card takes at most so many exchanges.
const LOOK: usize = 8;

/// The cards of a badge, by their numbers in the drawer, and where each is laid.
type Cards = &'static [(u32, &'static str)];

const STARTER: Cards = &[(1, "encoder"), (2, "chip")];
const WITH_TAG: Cards = &[(1, "encoder"), (2, "chip"), (3, "lf")];

/// Where it is killed.
#[derive(Clone, Debug)]
enum Point {
    Step(String),
    After { exchanges: u32, reader: &'static str },
}

/// `lanyard rehearse`, handled by words.
struct Rehearsal {
    child: Child,
    say: ChildStdin,
    heard: BufReader<ChildStdout>,
}

impl Rehearsal {
    fn start(home: &Path) -> Self {
        let mut child = Command::new(program("lanyard"))
            .args(["--home".as_ref(), home.as_os_str(), "rehearse".as_ref()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let say = child.stdin.take().unwrap();
        let heard = BufReader::new(child.stdout.take().unwrap());
        Self { child, say, heard }
    }

    fn tell(&mut self, words: &str) {
        writeln!(self.say, "{words}").unwrap();
        self.say.flush().unwrap();
    }

    fn answer(&mut self) -> String {
        let mut line = String::new();
        self.heard.read_line(&mut line).unwrap();
        line.trim().to_owned()
    }

    fn ask(&mut self, words: &str) -> String {
        self.tell(words);
        self.answer()
    }

    fn must(&mut self, words: &str) -> String {
        let answer = self.ask(words);
        answer.strip_prefix("ok").unwrap_or_else(|| panic!("{words}: {answer:?}")).trim().to_owned()
    }

    fn kill(mut self) {
        // SIGKILL on Unix.
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    fn quit(mut self) {
        self.tell("quit");
        let status = self.child.wait().unwrap();
        assert!(status.success(), "{status}");
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to.join(entry.file_name()));
        } else {
            std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
    }
}

/// A rehearsal house with a photographed person and the cards in the drawer.
fn template(home: &Path, cards: Cards) {
    let mut rehearsal = Rehearsal::start(home);
    rehearsal.must(&format!("photo {EILEEN}"));
    for (card, reader) in cards {
        let kind = match *reader {
            "encoder" => "blank",
            "chip" => "chip",
            _ => "t5577",
        };
        assert_eq!(rehearsal.must(&format!("new {kind}")), card.to_string());
    }
    if cards == WITH_TAG {
        rehearsal.must("encoding desfire-em");
    }
    rehearsal.quit();
}

fn lay(rehearsal: &mut Rehearsal, cards: Cards) {
    for (card, reader) in cards {
        rehearsal.must(&format!("lay {card} {reader}"));
    }
}

/// The exchanges with each card in an issue without faults; of the 125 kHz chip those that write.
fn clean_run(home: &Path, cards: Cards) -> Vec<u32> {
    let mut rehearsal = Rehearsal::start(home);
    rehearsal.must(&format!("issue-until card {EILEEN}"));
    lay(&mut rehearsal, cards);
    assert_eq!(rehearsal.must("resume"), "C-0000001");
    let counts =
        cards.iter().map(|(_, reader)| rehearsal.must(&format!("traffic {reader}")).parse().unwrap()).collect();
    rehearsal.quit();
    counts
}

/// Brings the station to the point and kills it there. False where the badge was done before: a look at a card comes once
/// more in one run than in another.
fn kill_at(home: &Path, cards: Cards, point: &Point, vault: &Vault) -> bool {
    let mut rehearsal = Rehearsal::start(home);
    match point {
        Point::Step(step) => {
            if !["data", "photo", "preview", "card"].contains(&step.as_str()) {
                rehearsal.must(&format!("issue-until card {EILEEN}"));
                lay(&mut rehearsal, cards);
            }
            if step == "print" {
                // Else the card is printed and given before anybody sees that it stood there.
                rehearsal.must("jam");
            }
            rehearsal.must(&format!("issue-until {step} {EILEEN}"));
        }
        Point::After { exchanges, reader } => {
            rehearsal.must(&format!("issue-until card {EILEEN}"));
            for (card, on) in cards.iter().filter(|(_, on)| on != reader) {
                rehearsal.must(&format!("lay {card} {on}"));
            }
            let (card, _) = cards.iter().find(|(_, on)| on == reader).unwrap();
            // Set while the card is still in the hand: the first look already counts.
            rehearsal.must(&format!("freeze-card {card} {exchanges}"));
            rehearsal.tell(&format!("lay {card} {reader}"));
            rehearsal.tell("resume");
            let frozen = home.join("rehearsal/bench/frozen");
            let mut waited = 0;
            while !frozen.exists() {
                if waited == 3000 {
                    rehearsal.kill();
                    return false;
                }
                assert!(rehearsal.child.try_wait().unwrap().is_none(), "{point:?}: ended by itself");
                std::thread::sleep(Duration::from_millis(10));
                waited += 1;
            }
        }
    }
    rehearsal.kill();
    let strange = strange_keys(card_of_bench(&home.join("rehearsal"), 1), vault, true);
    assert!(strange.is_empty(), "{point:?}: {strange:?}");
    true
}

/// Starts again with the same cards: a badge comes out, and its history holds.
fn goes_on(home: &Path, cards: Cards, point: &Point, reached: bool, vault: &Vault) {
    let mut rehearsal = Rehearsal::start(home);
    lay(&mut rehearsal, cards);
    let resumed = rehearsal.must("resume");
    // A look at the card that still lies there comes after the badge is done: then no case is open any more.
    let over = matches!(point, Point::After { .. });
    assert!(reached && resumed == "C-0000001" || over && resumed.is_empty(), "{point:?}, {reached}: {resumed:?}");
    assert_eq!(rehearsal.must(&format!("cards {EILEEN}")), "C-0000001 active", "{point:?}");
    assert_eq!(rehearsal.must("verify"), "consistent", "{point:?}");
    rehearsal.quit();
    let strange = strange_keys(card_of_bench(&home.join("rehearsal"), 1), vault, false);
    assert!(strange.is_empty(), "{point:?}: {strange:?}");
}

/// The steps of the workflow that runs.
fn steps() -> Vec<String> {
    let text = include_str!("../../assets/workflows/issue.bpmn");
    let definition = Definition::parse(text, lanyard_issue::kinds()).unwrap();
    definition.tasks().map(|task| task.kind.clone()).collect()
}

#[test]
fn a_station_killed_anywhere_in_an_issue_goes_on_with_the_same_cards() {
    let folder = tempfile::tempdir().unwrap();
    let start = folder.path().join("start");
    template(&start, STARTER);
    let counts = [1, 2, 3].map(|run| {
        let clean = folder.path().join(format!("clean-{run}"));
        copy(&start, &clean);
        clean_run(&clean, STARTER)
    });
    let least = |of: usize| counts.iter().map(|count| count[of]).min().unwrap();
    let (encoder, chip) = (least(0), least(1));

    let mut points: Vec<Point> = steps().into_iter().map(Point::Step).collect();
    assert_eq!(points.len(), 8);
    points.extend((1..=encoder).map(|exchanges| Point::After { exchanges, reader: "encoder" }));
    points.extend((1..=chip).map(|exchanges| Point::After { exchanges, reader: "chip" }));
    // Assessing, writing and reading back takes more than twenty exchanges; making a key more than thirty.
    assert!(encoder > 20 && chip > 30, "{encoder} {chip}");
    let count = points.len();
    let reached = count - all_killed(folder.path(), &start, STARTER, points);
    assert!(reached + LOOK >= count, "{reached} of {count} points were reached");
    println!("killed at {reached} points, resumed at {reached}");
}

#[test]
fn a_station_killed_at_any_write_to_a_badges_125_khz_chip_goes_on_with_the_same_badge() {
    let folder = tempfile::tempdir().unwrap();
    let (start, clean) = (folder.path().join("start"), folder.path().join("clean"));
    template(&start, WITH_TAG);
    copy(&start, &clean);
    // The number in two blocks, the password, the configuration, and what is asked before them.
    let writes = clean_run(&clean, WITH_TAG)[2];
    assert!(writes >= 5, "{writes}");
    let points = (1..=writes).map(|exchanges| Point::After { exchanges, reader: "lf" }).collect();
    assert_eq!(all_killed(folder.path(), &start, WITH_TAG, points), 0, "a write that was not reached");
    println!("killed at {writes} writes to the 125 kHz chip, resumed at {writes}");
}

/// Each point in a home of its own; how many were not reached.
fn all_killed(folder: &Path, start: &Path, cards: Cards, points: Vec<Point>) -> usize {
    // Apart from the one that is copied: reading makes files beside a store, and takes them away again.
    let keys = folder.join("keys");
    copy(start, &keys);
    let not_reached = AtomicUsize::new(0);
    let queue = Mutex::new(points.into_iter().enumerate().collect::<Vec<_>>());
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let vault = rehearsal_vault(&keys.join("rehearsal"), "rehearsal only");
                loop {
                    let next = queue.lock().unwrap().pop();
                    let Some((number, point)) = next else { break };
                    let home = folder.join(format!("point-{number}"));
                    copy(start, &home);
                    let reached = kill_at(&home, cards, &point, &vault);
                    not_reached.fetch_add(usize::from(!reached), Ordering::SeqCst);
                    goes_on(&home, cards, &point, reached, &vault);
                    std::fs::remove_dir_all(&home).unwrap();
                }
            });
        }
    });
    not_reached.into_inner()
}

/// A house that version 1 wrote, with a badge on its way: half of its contactless card is written, and journalled.
#[test]
fn a_house_of_version_1_with_a_half_written_badge_is_opened_and_the_badge_goes_on() {
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("compat/v1");
    let folder = tempfile::tempdir().unwrap();
    copy(&kept, folder.path());
    let vault = rehearsal_vault(&folder.path().join("rehearsal"), "rehearsal only");
    let half = card_of_bench(&folder.path().join("rehearsal"), 1);
    assert!(!half.applications().is_empty(), "the card that was kept is half-written");
    assert!(strange_keys(half, &vault, true).is_empty());
    let point = Point::After { exchanges: 0, reader: "encoder" };
    goes_on(folder.path(), STARTER, &point, true, &vault);
}
