//! `lanyard rehearse --demo FOLDER`: one badge issued without hands, and everything that came of it, to look at.

use std::io::ErrorKind;
use std::path::Path;
use std::time::Duration;

use lanyard_secret::SecretBytes;
use lanyard_station::api::{
    BenchAction, BenchCardKind, FirstStart, Identified, NewOperator, Password, Problem, VerdictView,
};
use lanyard_station::{BENCH_CHIP_READER, BENCH_ENCODER, HouseChoice, Options, Station};

use crate::commands::write_new;
use crate::issue::{Carry, carry_through};
use crate::output::{answer, file_problem, line, usage_problem};

/// In a rehearsal nothing is protected: its operators and password are as public as its keys.
const PASSWORD: &str = "rehearsal only";
const LOGIN: &str = "ana";
const SECOND: &str = "jonas";
pub const PORTRAIT: &[u8] = include_bytes!("../../../assets/people/eileen.jpg");

/// A rehearsal house with somebody signed in, `by` whom, or else the operator of every rehearsal that is made here; made if
/// there is none.
pub fn rehearsal_station(options: Options, by: Option<(&str, SecretBytes)>) -> Result<Station, Problem> {
    let station = Station::start(options)?;
    if station.status().house.is_some() {
        match by {
            Some((login, password)) => station.sign_in(login, &password)?,
            None => station.sign_in(LOGIN, &SecretBytes::new(PASSWORD.as_bytes().to_vec())).map_err(|refused| {
                // Made elsewhere, by operators of its own: one of them has to be named.
                if refused.code == "keys.password.wrong" { usage_problem("--operator", "") } else { refused }
            })?,
        };
    } else {
        let operator = |login: &str, name: &str| NewOperator {
            name: name.to_owned(),
            login: login.to_owned(),
            password: Password(SecretBytes::new(PASSWORD.as_bytes().to_vec())),
        };
        station.first_start(FirstStart {
            station: "Nordhafen Port".to_owned(),
            rehearsal: true,
            operators: vec![operator(LOGIN, "Ana Berg"), operator(SECOND, "Jonas Lind")],
        })?;
        station.recovery_confirm("")?;
    }
    station.settle();
    Ok(station)
}

/// Who is there beside the one who works.
pub fn second_operator() -> (&'static str, SecretBytes) {
    (SECOND, SecretBytes::new(PASSWORD.as_bytes().to_vec()))
}

/// The demonstration. It gets its name when it is whole.
pub fn run(folder: &Path, json: bool) -> Result<(), Problem> {
    let taken = std::fs::read_dir(folder).is_ok_and(|mut there| there.next().is_some());
    if taken {
        return Err(file_problem(folder, &ErrorKind::AlreadyExists.into()));
    }
    let mut name = folder.file_name().unwrap_or_default().to_owned();
    name.push(".unfinished");
    let beside = folder.with_file_name(name);
    match std::fs::remove_dir_all(&beside) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(file_problem(&beside, &error)),
        _ => {}
    }
    let told = issue(&beside, json)?;
    // Not every system moves onto an empty folder.
    let _ = std::fs::remove_dir(folder);
    std::fs::rename(&beside, folder).map_err(|error| file_problem(folder, &error))?;
    match told {
        Told::Json(verdict) => answer(true, &verdict, |_| Vec::new()),
        Told::Lines(lines) => {
            lines.iter().for_each(|text| line(text));
            line(&format!(
                "  in {}: front.png back.png card.pdf card.json certificate.pem ca.pem history.zip",
                folder.display()
            ));
        }
    }
    Ok(())
}

enum Told {
    Json(VerdictView),
    Lines(Vec<String>),
}

/// All of it in this folder; the station is closed when this returns.
fn issue(folder: &Path, json: bool) -> Result<Told, Problem> {
    std::fs::create_dir_all(folder).map_err(|error| file_problem(folder, &error))?;
    let station = rehearsal_station(Options::new(folder.join("home"), HouseChoice::Rehearsal), None)?;
    let person = station.person_of("104882")?;
    let case = station.case_open(&person)?;
    for (kind, reader) in [(BenchCardKind::Blank, BENCH_ENCODER), (BenchCardKind::Chip, BENCH_CHIP_READER)] {
        let view = station.bench_do(&BenchAction::NewCard { kind })?;
        let card = view.cards.iter().map(|card| card.id).max().unwrap_or_default();
        station.bench_do(&BenchAction::Lay { card, reader: reader.to_owned() })?;
    }
    let mut carry = Carry {
        photo: Some(PORTRAIT.to_vec()),
        photo_reason: None,
        print_reason: None,
        how: Identified::IdentityCard,
        wait: Duration::from_secs(60),
        until: None,
        keep_pin: None,
    };
    let (case, pin) = carry_through(&station, case, &mut carry)?;
    let missing = |what: &str| usage_problem("demo", what);
    let pictures = case.pictures.as_ref().ok_or_else(|| missing("pictures"))?;
    let card = case.card.as_ref().ok_or_else(|| missing("card"))?;
    write_new(&folder.join("front.png"), &station.blob(&pictures.front)?)?;
    write_new(&folder.join("back.png"), &station.blob(&pictures.back)?)?;
    write_new(&folder.join("card.pdf"), &station.case_pdf(&case.id)?)?;
    let read = station.card_dump(Some(BENCH_ENCODER))?;
    write_new(&folder.join("card.json"), serde_json::to_string_pretty(&read).unwrap_or_default().as_bytes())?;
    let (certificates, ca) = station.certificates(&card.id)?;
    let certificate = certificates.first().ok_or_else(|| missing("certificate"))?;
    write_new(&folder.join("certificate.pem"), certificate.as_bytes())?;
    write_new(&folder.join("ca.pem"), ca.as_bytes())?;
    let verdict = station.history_export(&folder.join("history.zip"), true)?;
    if json {
        return Ok(Told::Json(verdict));
    }
    let verdict_words = if verdict.holds { verdict.level.as_str() } else { "DOES NOT HOLD" };
    Ok(Told::Lines(vec![
        String::new(),
        "Issued in rehearsal (nothing made here opens a door):".to_owned(),
        format!("  {}  {}", card.number, case.person.name),
        format!("  contactless  DESFire EV2, UID {}, {} files read back", card.uid, files(&read)),
        "  chip         PIV, P-256 key made on the chip, certificate by the station's own CA".to_owned(),
        format!("  PIN          {} digits, shown once", pin.map_or(0, |pin| pin.digits().len())),
        format!("  history      {} entries, {verdict_words}, root {}", verdict.entries, verdict.root),
    ]))
}

fn files<T: serde::Serialize>(read: &T) -> usize {
    let value = serde_json::to_value(read).unwrap_or_default();
    let applications = value["applications"].as_array().cloned().unwrap_or_default();
    applications.iter().filter_map(|application| application["files"].as_array()).map(Vec::len).sum()
}
