//! `lanyard rehearse --demo FOLDER`: one badge issued without hands, and everything that came of it, to look at.

use std::path::Path;
use std::time::Duration;

use lanyard_secret::SecretBytes;
use lanyard_station::api::{BenchAction, BenchCardKind, FirstStart, Identified, NewOperator, Password, Problem};
use lanyard_station::{HouseChoice, Options, Station};

use crate::commands::write_new;
use crate::issue::{Carry, carry_through};
use crate::output::{file_problem, line, usage_problem};

/// In a rehearsal nothing is protected: its operators and password are as public as its keys.
const PASSWORD: &str = "rehearsal only";
const LOGIN: &str = "ana";
const SECOND: &str = "jonas";
pub const PORTRAIT: &[u8] = include_bytes!("../../../assets/people/eileen.jpg");

/// A rehearsal house with somebody signed in; made if there is none.
pub fn rehearsal_station(options: Options) -> Result<Station, Problem> {
    let station = Station::start(options)?;
    if station.status().house.is_some() {
        station.sign_in(LOGIN, &SecretBytes::new(PASSWORD.as_bytes().to_vec()))?;
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

/// The demonstration.
pub fn run(folder: &Path, json: bool) -> Result<(), Problem> {
    std::fs::create_dir_all(folder).map_err(|error| file_problem(folder, &error))?;
    let station = rehearsal_station(Options::new(folder.join("home"), HouseChoice::Rehearsal))?;
    let person = station.person_of("104882")?;
    let case = station.case_open(&person)?;
    for (kind, reader) in [(BenchCardKind::Blank, "Encoder"), (BenchCardKind::Chip, "Chip reader")] {
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
    let read = station.card_dump(Some("Encoder"))?;
    write_new(&folder.join("card.json"), serde_json::to_string_pretty(&read).unwrap_or_default().as_bytes())?;
    let (certificates, ca) = station.certificates(&card.id)?;
    let certificate = certificates.first().ok_or_else(|| missing("certificate"))?;
    write_new(&folder.join("certificate.pem"), certificate.as_bytes())?;
    write_new(&folder.join("ca.pem"), ca.as_bytes())?;
    let verdict = station.history_export(&folder.join("history.zip"), true)?;
    if json {
        line(&serde_json::to_string_pretty(&verdict).unwrap_or_default());
        return Ok(());
    }
    line("");
    line("Issued in rehearsal (nothing made here opens a door):");
    line(&format!("  {}  {}", card.number, case.person.name));
    line(&format!("  contactless  DESFire EV2, UID {}, {} files read back", card.uid, files(&read)));
    line("  chip         PIV, P-256 key made on the chip, certificate by the station's own CA");
    line(&format!("  PIN          {} digits, shown once", pin.map_or(0, |pin| pin.digits().len())));
    line(&format!(
        "  history      {} entries, {}, root {}",
        verdict.entries,
        if verdict.holds { verdict.level.as_str() } else { "DOES NOT HOLD" },
        verdict.root
    ));
    line(&format!(
        "  in {}: front.png back.png card.pdf card.json certificate.pem ca.pem history.zip",
        folder.display()
    ));
    Ok(())
}

fn files<T: serde::Serialize>(read: &T) -> usize {
    let value = serde_json::to_value(read).unwrap_or_default();
    let applications = value["applications"].as_array().cloned().unwrap_or_default();
    applications.iter().filter_map(|application| application["files"].as_array()).map(Vec::len).sum()
}
