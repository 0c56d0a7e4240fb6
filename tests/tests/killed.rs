//! The station is killed with SIGKILL at every step of the workflow and after every exchange with either card; started
//! again, it ends in a badge whose history holds. At no point carries a card a key that the vault cannot make. The list of points comes from the workflow and from a run without
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

/// A rehearsal house with a photographed person and two cards in the drawer.
fn template(home: &Path) {
    let mut rehearsal = Rehearsal::start(home);
    rehearsal.must(&format!("photo {EILEEN}"));
    assert_eq!(rehearsal.must("new blank"), "1");
    assert_eq!(rehearsal.must("new chip"), "2");
    rehearsal.quit();
}

/// The exchanges with either card in an issue without faults.
fn clean_run(home: &Path) -> (u32, u32) {
    let mut rehearsal = Rehearsal::start(home);
    rehearsal.must(&format!("issue-until card {EILEEN}"));
    rehearsal.must("lay 1 encoder");
    rehearsal.must("lay 2 chip");
    assert_eq!(rehearsal.must("resume"), "C-0000001");
    let of = |rehearsal: &mut Rehearsal, reader: &str| rehearsal.must(&format!("traffic {reader}")).parse().unwrap();
    let counts = (of(&mut rehearsal, "encoder"), of(&mut rehearsal, "chip"));
    rehearsal.quit();
    counts
}

/// Brings the station to the point and kills it there. False where the badge was done before: a look at a card comes once
/// more in one run than in another.
fn kill_at(home: &Path, point: &Point, vault: &Vault) -> bool {
    let mut rehearsal = Rehearsal::start(home);
    match point {
        Point::Step(step) => {
            if !["data", "photo", "preview", "card"].contains(&step.as_str()) {
                rehearsal.must(&format!("issue-until card {EILEEN}"));
                rehearsal.must("lay 1 encoder");
                rehearsal.must("lay 2 chip");
            }
            rehearsal.must(&format!("issue-until {step} {EILEEN}"));
        }
        Point::After { exchanges, reader } => {
            rehearsal.must(&format!("issue-until card {EILEEN}"));
            for (card, on) in [(1, "encoder"), (2, "chip")] {
                if on != *reader {
                    rehearsal.must(&format!("lay {card} {on}"));
                }
            }
            let card = if *reader == "encoder" { 1 } else { 2 };
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
fn goes_on(home: &Path, point: &Point, reached: bool, vault: &Vault) {
    let mut rehearsal = Rehearsal::start(home);
    rehearsal.must("lay 1 encoder");
    rehearsal.must("lay 2 chip");
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
    template(&start);
    let counts = [1, 2, 3].map(|run| {
        let clean = folder.path().join(format!("clean-{run}"));
        copy(&start, &clean);
        clean_run(&clean)
    });
    let least = |of: fn(&(u32, u32)) -> u32| counts.iter().map(of).min().unwrap();
    let (encoder, chip) = (least(|count| count.0), least(|count| count.1));

    let mut points: Vec<Point> = steps().into_iter().map(Point::Step).collect();
    assert_eq!(points.len(), 8);
    points.extend((1..=encoder).map(|exchanges| Point::After { exchanges, reader: "encoder" }));
    points.extend((1..=chip).map(|exchanges| Point::After { exchanges, reader: "chip" }));
    // Assessing, writing and reading back takes more than twenty exchanges; making a key more than thirty.
    assert!(encoder > 20 && chip > 30, "{encoder} {chip}");
    let count = points.len();

    // Apart from the one that is copied: reading makes files beside a store, and takes them away again.
    let keys = folder.path().join("keys");
    copy(&start, &keys);
    let not_reached = AtomicUsize::new(0);
    let queue = Mutex::new(points.into_iter().enumerate().collect::<Vec<_>>());
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let vault = rehearsal_vault(&keys.join("rehearsal"), "rehearsal only");
                loop {
                    let next = queue.lock().unwrap().pop();
                    let Some((number, point)) = next else { break };
                    let home = folder.path().join(format!("point-{number}"));
                    copy(&start, &home);
                    let reached = kill_at(&home, &point, &vault);
                    not_reached.fetch_add(usize::from(!reached), Ordering::SeqCst);
                    goes_on(&home, &point, reached, &vault);
                    std::fs::remove_dir_all(&home).unwrap();
                }
            });
        }
    });
    let reached = count - not_reached.into_inner();
    assert!(reached + LOOK >= count, "{reached} of {count} points were reached");
    println!("killed at {reached} points, resumed at {reached}");
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
    goes_on(folder.path(), &point, true, &vault);
}
