//! A station in a home of its own, as a test's operator has it: made, signed in, its bench handled, its store looked into.
//!
//! What "changes nothing" means is [`Contents`]: every row of the encrypted database, before and after.
#![allow(clippy::expect_used, reason = "a test stops where it fails")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use lanyard_secret::SecretBytes;
use lanyard_station::api::{
    BenchAction, BenchCardKind, CaseState, CaseView, FirstStart, Identified, NewOperator, Password, Problem, StepInput,
};
use lanyard_station::{HouseChoice, Options, Station};

/// Sign-in name of the operator who works.
pub const ANA: &str = "ana";
/// Sign-in name of the other one.
pub const JONAS: &str = "jonas";
/// The password of both.
pub const PASSWORD: &str = "correct horse battery";
/// Name of the bench's reader for contactless cards.
pub const ENCODER: &str = lanyard_station::BENCH_ENCODER;
/// Name of the bench's reader for contact chips.
pub const CHIP_READER: &str = lanyard_station::BENCH_CHIP_READER;
/// Name of the bench's printer.
pub const PRINTER: &str = lanyard_station::BENCH_PRINTER;
/// A portrait with nothing to be said against it.
pub const PORTRAIT: &[u8] = include_bytes!("../../assets/people/eileen.jpg");
/// Staff numbers of people whom every rehearsal has.
pub const EILEEN: &str = "104882";
/// See [`EILEEN`].
pub const BJORN: &str = "105031";

/// How long a test waits for what a device does: it fails after that, and is never held to less.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// A station's home, gone with the test.
pub struct Home {
    dir: tempfile::TempDir,
}

impl Default for Home {
    fn default() -> Self {
        Self::new()
    }
}

impl Home {
    /// An empty one.
    ///
    /// # Panics
    /// Without room for temporary files.
    #[must_use]
    pub fn new() -> Self {
        Self { dir: tempfile::tempdir().expect("a temporary folder") }
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    /// Where the house of this choice lies in it.
    #[must_use]
    pub fn house(&self, rehearsal: bool) -> PathBuf {
        self.path().join(if rehearsal { "rehearsal" } else { "house" })
    }

    /// A station here, nobody signed in.
    ///
    /// # Panics
    /// Where it does not start.
    #[must_use]
    pub fn start(&self, choice: HouseChoice) -> Station {
        Station::start(Options::new(self.path().to_owned(), choice)).expect("the station starts")
    }

    /// The rehearsal house with Ana signed in; made on the first call, with the sample people and an empty bench.
    ///
    /// # Panics
    /// Where it cannot be made or opened.
    #[must_use]
    pub fn rehearsal(&self) -> Station {
        ready(Options::new(self.path().to_owned(), HouseChoice::Rehearsal), true)
    }

    /// A real house with Ana signed in, no devices and nobody in it; made on the first call.
    ///
    /// # Panics
    /// Where it cannot be made or opened.
    #[must_use]
    pub fn real(&self) -> Station {
        ready(Options::new(self.path().to_owned(), HouseChoice::Real).without_devices(), false)
    }
}

/// The house of these options with Ana signed in; made if there is none.
///
/// # Panics
/// Where it cannot be made or opened.
#[must_use]
pub fn ready(options: Options, rehearsal: bool) -> Station {
    let station = Station::start(options).expect("the station starts");
    if station.status().house.is_some() {
        station.sign_in(ANA, &password(PASSWORD)).expect("Ana signs in");
    } else {
        station.first_start(first_start(rehearsal)).expect("the house is made");
    }
    station.settle();
    station
}

/// A first start with Ana and Jonas.
#[must_use]
pub fn first_start(rehearsal: bool) -> FirstStart {
    FirstStart {
        station: "Nordhafen Port".to_owned(),
        rehearsal,
        operators: vec![operator(ANA, "Ana Berg", PASSWORD), operator(JONAS, "Jonas Lind", PASSWORD)],
    }
}

/// An operator to be.
#[must_use]
pub fn operator(login: &str, name: &str, password: &str) -> NewOperator {
    NewOperator {
        name: name.to_owned(),
        login: login.to_owned(),
        password: Password(SecretBytes::new(password.as_bytes().to_vec())),
    }
}

/// A password as the station takes it.
#[must_use]
pub fn password(text: &str) -> SecretBytes {
    SecretBytes::new(text.as_bytes().to_vec())
}

/// Fields of a person from pairs.
#[must_use]
pub fn fields(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// What a refused command said.
///
/// # Panics
/// Where it was not refused.
#[must_use]
pub fn refusal<T>(answer: Result<T, Problem>) -> Problem {
    answer.err().expect("it was to be refused")
}

/// The code of a refusal and one of its details; empty where it has none of that name.
///
/// # Panics
/// Where it was not refused.
#[must_use]
pub fn refused<T>(answer: Result<T, Problem>, detail: &str) -> (String, String) {
    let problem = refusal(answer);
    let value = problem.details.get(detail).cloned().unwrap_or_default();
    (problem.code, value)
}

/// A new card on a reader of the bench, in place of what lay there; its number.
///
/// # Panics
/// Where it cannot be laid.
pub fn lay_new(station: &Station, kind: BenchCardKind, reader: &str) -> u32 {
    let bench = station.bench_do(&BenchAction::NewCard { kind }).expect("a card out of the box");
    let card = bench.cards.iter().map(|card| card.id).max().unwrap_or_default();
    if bench.cards.iter().any(|card| card.on.as_deref() == Some(reader)) {
        station.bench_do(&BenchAction::Lift { reader: reader.to_owned() }).expect("it can be lifted");
    }
    station.bench_do(&BenchAction::Lay { card, reader: reader.to_owned() }).expect("it can be laid");
    card
}

/// Waits until a case is as wanted.
///
/// # Panics
/// Where that does not come about.
pub fn until(station: &Station, case: &str, wanted: impl Fn(&CaseView) -> bool) -> CaseView {
    let mut view = station.case_view(case).expect("the case is there");
    while !wanted(&view) {
        let Some(next) = station.case_wait(&view, PATIENCE) else {
            panic!("the case stands at {} {:?} {:?}", view.step, view.state, view.problem)
        };
        view = next;
    }
    view
}

/// Opens a case for the person of this staff number and takes it, with a portrait, to the step `card`.
///
/// # Panics
/// Where a step is refused.
pub fn at_card(station: &Station, staff_no: &str) -> CaseView {
    let case = station.case_open(&station.person_of(staff_no).expect("the person is there")).expect("a case opens");
    let fields = case.fields.iter().map(|field| (field.name.clone(), field.value.clone())).collect();
    let act = |input| station.case_do(&case.id, input).expect("the step is done");
    act(StepInput::ConfirmData { fields });
    station.case_photo(&case.id, PORTRAIT).expect("the portrait is one");
    act(StepInput::AcceptPhoto { reason: None });
    let view = act(StepInput::AcceptPreview);
    assert_eq!(view.step, "card");
    view
}

/// From the step `card` to the hand-over, on fresh cards of the bench.
///
/// # Panics
/// Where the badge does not come about.
pub fn at_hand_over(station: &Station, case: &str) -> CaseView {
    lay_new(station, BenchCardKind::Blank, ENCODER);
    lay_new(station, BenchCardKind::Chip, CHIP_READER);
    until(station, case, |view| view.step == "hand_over")
}

/// The whole of it: a badge issued to the person of this staff number.
///
/// # Panics
/// Where the badge does not come about.
pub fn issued(station: &Station, staff_no: &str) -> CaseView {
    let case = at_card(station, staff_no);
    at_hand_over(station, &case.id);
    station.case_do(&case.id, StepInput::Identify { how: Identified::Known }).expect("identified");
    until(station, &case.id, |view| view.hand_over.as_ref().is_some_and(|hand_over| hand_over.ready));
    let done = station.case_do(&case.id, StepInput::Given).expect("given");
    assert_eq!(done.state, CaseState::Done);
    done
}

/// Every row of a house's database, table by table, read beside whoever has it open.
#[derive(PartialEq, Eq)]
pub struct Contents(BTreeMap<String, Vec<String>>);

impl Contents {
    /// Of the house in this folder, opened with the password of one of its operators.
    ///
    /// # Panics
    /// Where the password is nobody's, or the store cannot be read.
    #[must_use]
    pub fn of(house: &Path, password_text: &str) -> Self {
        Self(rows_of(&connect(house, password_text)))
    }

    /// Tables that differ, with their number of rows before and after.
    #[must_use]
    pub fn changed(&self, after: &Self) -> Vec<(String, usize, usize)> {
        let changed = |(table, rows): (&String, &Vec<String>)| {
            let now = after.0.get(table)?;
            (now != rows).then(|| (table.clone(), rows.len(), now.len()))
        };
        self.0.iter().filter_map(changed).collect()
    }

    /// Rows of a table.
    #[must_use]
    pub fn count(&self, table: &str) -> usize {
        self.0.get(table).map_or(0, Vec::len)
    }
}

/// The database of a house, under the key that an operator's slot gives.
///
/// # Panics
/// Where the password is nobody's, or the store cannot be opened.
#[must_use]
pub fn connect(house: &Path, password_text: &str) -> rusqlite::Connection {
    let slots = lanyard_store::read_slots(house).expect("slots");
    let password = password(password_text);
    let opened = slots.operators().find_map(|operator| slots.open(operator, &password).ok()).expect("the password");
    let conn = rusqlite::Connection::open(house.join("store.db")).expect("a database");
    conn.busy_timeout(PATIENCE).expect("a timeout");
    let key = hex::encode(opened.store_key.expose());
    conn.execute_batch(&format!("PRAGMA key = \"x'{key}'\";")).expect("a key");
    conn
}

fn rows_of(conn: &rusqlite::Connection) -> BTreeMap<String, Vec<String>> {
    let mut tables =
        conn.prepare("SELECT name FROM sqlite_master WHERE type = 'table' AND rootpage > 0").expect("a schema");
    let names: Vec<String> = tables.query_map([], |row| row.get(0)).expect("tables").flatten().collect();
    let rows = |name: &String| {
        let mut all = conn.prepare(&format!("SELECT * FROM \"{name}\"")).expect("a table");
        let width = all.column_count();
        let as_text = |row: &rusqlite::Row<'_>| {
            (0..width).map(|i| row.get_ref(i).map(|value| format!("{value:?}"))).collect::<Result<Vec<_>, _>>()
        };
        let mut rows: Vec<String> =
            all.query_map([], as_text).expect("rows").map(|row| row.expect("a row").join("|")).collect();
        rows.sort();
        rows
    };
    names.iter().map(|name| (name.clone(), rows(name))).collect()
}

/// A program of the workspace, beside the running test. `cargo xtask test` builds it first.
///
/// # Panics
/// Where it was not built.
#[must_use]
pub fn program(name: &str) -> PathBuf {
    let test = std::env::current_exe().expect("a test is a program");
    let path = test.parent().and_then(Path::parent).expect("a target folder").join(name);
    assert!(path.exists(), "{} is not there: cargo build -p lanyard-cli -p lanyard-verify", path.display());
    path
}

/// `lanyard` at a home, as Ana: her password comes from a file.
///
/// # Panics
/// Where it cannot be run.
#[must_use]
pub fn lanyard(home: &Path, arguments: &[&str]) -> Output {
    lanyard_as(home, ANA, PASSWORD, arguments)
}

/// `lanyard` at a home, as anybody.
///
/// # Panics
/// Where it cannot be run.
#[must_use]
pub fn lanyard_as(home: &Path, login: &str, password: &str, arguments: &[&str]) -> Output {
    let file = tempfile::NamedTempFile::new().expect("a temporary file");
    std::fs::write(file.path(), password).expect("a password file");
    let mut command = Command::new(program("lanyard"));
    command.arg("--json").arg("--home").arg(home).args(["--operator", login, "--passphrase-file"]).arg(file.path());
    command.args(arguments).output().expect("lanyard runs")
}

/// What `lanyard` answered.
///
/// # Panics
/// Where it failed, or what it printed is no JSON.
#[must_use]
pub fn answer(output: &Output) -> serde_json::Value {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("an answer in JSON")
}

/// The problem that `lanyard` ended with.
///
/// # Panics
/// Where it did not fail with one.
#[must_use]
pub fn problem(output: &Output) -> serde_json::Value {
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("a problem in JSON")
}
