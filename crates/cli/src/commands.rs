//! One function a command: open the station, do it, say what came of it.

use std::path::{Path, PathBuf};

use lanyard_station::api::{
    DeviceView, FirstStart, NewOperator, Password, PersonHit, PersonInput, PersonView, Problem,
};
use lanyard_station::{Access, HouseChoice, Options, Station, default_home, private_file};

use serde::Serialize;

use crate::arguments::{
    Arguments, Backup, CardCommand, Command, DevicesCommand, HistoryCommand, Init, OperatorCommand, PersonCommand,
    PhotoCommand, StockCommand,
};
use crate::encoding::EncodingCommand;
use crate::output::{answer, done, file_problem, note, usage_problem};
use crate::{catalogue, demo, encoding, issue, keys, rehearse, rekey, secret, selftest, stock, waits};

/// Carries out what was asked for.
pub fn run(arguments: &Arguments) -> Result<(), Problem> {
    let json = arguments.json;
    match &arguments.command {
        Command::Init(init) => make_house(arguments, init),
        Command::Operator(command) => operator(arguments, command),
        Command::Person(command) => person(arguments, command),
        Command::Photo(PhotoCommand::Set { person, file, reason }) => {
            let station = signed_in(arguments, Access::Write)?;
            let id = station.person_of(person)?;
            let bytes = read_file(file)?;
            let view = station.photo_set(&id, &bytes, reason.as_deref())?;
            answer(json, &view, person_lines);
            Ok(())
        }
        Command::Issue(wish) => issue::command(&at_the_desk(arguments)?, wish, json),
        Command::Card(command) => card(arguments, command),
        Command::Encoding(EncodingCommand::Add { file, make_keys }) => {
            catalogue::add(&signed_in(arguments, Access::Write)?, file, *make_keys, json)
        }
        Command::Encoding(EncodingCommand::List) => catalogue::list(&signed_in(arguments, Access::Read)?, json),
        Command::Encoding(EncodingCommand::Show { name, version }) => {
            catalogue::show(&signed_in(arguments, Access::Read)?, name, *version, json)
        }
        Command::Encoding(EncodingCommand::Use { name }) => {
            catalogue::choose(&signed_in(arguments, Access::Write)?, name, json)
        }
        Command::Encoding(EncodingCommand::Rekey(wish)) => rekey::command(&at_cards(arguments)?, wish, json),
        Command::Encoding(EncodingCommand::Description(command)) => {
            let person = |words: &str| {
                let station = signed_in(arguments, Access::Read)?;
                station.person(&station.person_of(words)?)
            };
            encoding::run(command, &person, today(), json)
        }
        Command::Keys(command) => keys::run(&signed_in(arguments, Access::Write)?, command, json),
        Command::Stock(command) => {
            let access = if matches!(command, StockCommand::List) { Access::Read } else { Access::Write };
            stock::command(&signed_in(arguments, access)?, command, json)
        }
        Command::Backup(backup) => self::backup(arguments, backup),
        Command::Restore { from } => restore(arguments, from),
        Command::Devices { command } => {
            let station = Station::start(options(arguments, Access::Read)?)?;
            // What is plugged in is told to anybody; which printers this house has, and what went into files, to an operator.
            let station = if arguments.operator.is_some() { enter(station, arguments)? } else { station };
            if let Some(DevicesCommand::Selftest(wish)) = command {
                return selftest::command(station, wish, json);
            }
            station.settle();
            answer(json, &station.status().devices, |devices| devices.iter().map(device_line).collect());
            Ok(())
        }
        Command::Facility { code } => {
            signed_in(arguments, Access::Write)?.facility_set(*code)?;
            done(json, "facility", code);
            Ok(())
        }
        Command::Printer { name, uri } => {
            signed_in(arguments, Access::Write)?.printer_add(name, uri)?;
            done(json, "printer", name);
            Ok(())
        }
        Command::History(command) => history(arguments, command),
        Command::Rehearse(rehearse) => match &rehearse.demo {
            Some(folder) => demo::run(folder, json),
            None => {
                let by = match arguments.operator.as_deref() {
                    Some(login) => {
                        let file = arguments.passphrase_file.as_deref();
                        Some((login, secret::read(file, &format!("Password of {login}: "))?))
                    }
                    None => None,
                };
                rehearse::run(&home(arguments)?, by, json)
            }
        },
    }
}

/// Days after 1970-01-01.
fn today() -> i64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(now.as_secs() / 86_400).unwrap_or_default()
}

/// The station's home: as given, or where stations are at home.
fn home(arguments: &Arguments) -> Result<PathBuf, Problem> {
    arguments.home.clone().or_else(default_home).ok_or_else(|| usage_problem("--home", ""))
}

fn options(arguments: &Arguments, access: Access) -> Result<Options, Problem> {
    let choice = if arguments.rehearsal { HouseChoice::Rehearsal } else { HouseChoice::Real };
    Ok(Options::new(home(arguments)?, choice).access(access))
}

fn start(arguments: &Arguments, access: Access) -> Result<Station, Problem> {
    Station::start(options(arguments, access)?.without_devices())
}

/// With readers and printers: what needs none does not touch the cards that lie there. Other people's open cases stay as they
/// are.
fn at_the_desk(arguments: &Arguments) -> Result<Station, Problem> {
    enter(Station::start(options(arguments, Access::Write)?.for_the_bound_case_only())?, arguments)
}

/// Once the cards that lie there were looked at.
fn at_cards(arguments: &Arguments) -> Result<Station, Problem> {
    let station = at_the_desk(arguments)?;
    station.settle();
    Ok(station)
}

fn signed_in(arguments: &Arguments, access: Access) -> Result<Station, Problem> {
    enter(start(arguments, access)?, arguments)
}

fn enter(station: Station, arguments: &Arguments) -> Result<Station, Problem> {
    if station.status().house.is_none() {
        return Err(station.no_house());
    }
    let login = arguments.operator.as_deref().ok_or_else(|| usage_problem("--operator", ""))?;
    let password = secret::read(arguments.passphrase_file.as_deref(), &format!("Password of {login}: "))?;
    station.sign_in(login, &password)?;
    arguments.token.enter(&station)?;
    Ok(station)
}

fn device_line(device: &DeviceView) -> String {
    let mut line = format!("{}\t{:?}\t{:?}\t{:?}", device.name, device.kind, device.role, device.state);
    if let Some(file) = &device.file {
        line += &format!("\t{}", file.folder);
        line += &file.printed.map(|count| format!("\t{count} printed into files in this house")).unwrap_or_default();
    }
    line
}

/// Larger than whatever is read from a file: a million people, a picture of 120 MP.
const LARGEST: u64 = 1 << 30;

/// A file that the caller names: not without bound, `/dev/zero` is one as well.
pub fn read_file(file: &Path) -> Result<Vec<u8>, Problem> {
    use std::io::{Error, ErrorKind, Read};
    let mut bytes = Vec::new();
    std::fs::File::open(file)
        .and_then(|open| open.take(LARGEST + 1).read_to_end(&mut bytes))
        .and_then(|read| if read as u64 > LARGEST { Err(Error::from(ErrorKind::FileTooLarge)) } else { Ok(()) })
        .map_err(|error| file_problem(file, &error))?;
    Ok(bytes)
}

/// A text file that the caller names.
pub fn read_text(file: &Path) -> Result<String, Problem> {
    String::from_utf8(read_file(file)?).map_err(|_| file_problem(file, &std::io::ErrorKind::InvalidData.into()))
}

/// Said before anything is done whose only trace would go into that file.
pub fn free(file: &Path) -> Result<(), Problem> {
    match file.symlink_metadata() {
        Ok(_) => Err(file_problem(file, &std::io::ErrorKind::AlreadyExists.into())),
        Err(_) => Ok(()),
    }
}

/// For its owner alone: it is a secret, or somebody's data. Never overwrites: it may be the only copy of something.
pub fn write_new(file: &Path, bytes: &[u8]) -> Result<(), Problem> {
    use std::io::Write;
    private_file(file)
        .and_then(|mut new| new.write_all(bytes).and_then(|()| new.sync_all()))
        .map_err(|error| file_problem(file, &error))
}

fn make_house(arguments: &Arguments, init: &Init) -> Result<(), Problem> {
    let mut operators = Vec::new();
    for (i, text) in init.operators.iter().enumerate() {
        let (login, name) = text.split_once(':').ok_or_else(|| usage_problem("--with", text))?;
        let file = init.password_files.get(i).map(PathBuf::as_path);
        let password = secret::read(file, &format!("New password of {login}: "))?;
        operators.push(NewOperator { name: name.to_owned(), login: login.to_owned(), password: Password(password) });
    }
    if let Some(file) = &init.recovery_file {
        free(file)?;
    }
    let station = start(arguments, Access::Write)?;
    let recovery =
        station.first_start(FirstStart { station: init.station.clone(), rehearsal: arguments.rehearsal, operators })?;
    let kept = init.recovery_file.as_ref().map(|file| write_new(file, recovery.code.0.expose()));
    if let Some(Ok(())) = kept {
        note("The recovery code is in that file. Print it, lock it away, delete the file.");
        done(arguments.json, "recovery_file", &init.recovery_file);
        return Ok(());
    }
    // Also where the file failed: the house is made, and nobody is ever told the code again.
    answer(arguments.json, &recovery, |recovery| {
        vec!["Recovery code (shown once; print it, lock it away):".to_owned(), recovery.code.text().to_owned()]
    });
    if let Some(Err(problem)) = kept {
        note(&format!("lanyard: {} {:?}: the code stands above instead", problem.code, problem.details));
    }
    Ok(())
}

fn operator(arguments: &Arguments, command: &OperatorCommand) -> Result<(), Problem> {
    let station = signed_in(arguments, Access::Write)?;
    let operators = match command {
        OperatorCommand::Add { login, name, password_file } => {
            let password = secret::read(password_file.as_deref(), &format!("New password of {login}: "))?;
            station.operator_add(NewOperator {
                name: name.clone(),
                login: login.clone(),
                password: Password(password),
            })?
        }
        OperatorCommand::List => station.operators()?,
        OperatorCommand::Remove { login } => station.operator_remove(&operator_id(&station, login)?)?,
        OperatorCommand::Allow { login, right } => {
            station.operator_right(&operator_id(&station, login)?, right, true)?
        }
        OperatorCommand::Forbid { login, right } => {
            station.operator_right(&operator_id(&station, login)?, right, false)?
        }
    };
    answer(arguments.json, &operators, |all| {
        all.iter().map(|o| format!("{}\t{}\t{}", o.login, o.name, o.rights.join(" ")).trim_end().to_owned()).collect()
    });
    Ok(())
}

fn operator_id(station: &Station, login: &str) -> Result<String, Problem> {
    let all = station.operators()?;
    let who = all.into_iter().find(|operator| operator.login == login);
    who.map(|operator| operator.id).ok_or_else(|| usage_problem("login", login))
}

fn fields(words: &[String]) -> Result<std::collections::BTreeMap<String, String>, Problem> {
    words
        .iter()
        .map(|word| {
            let (name, value) = word.split_once('=').ok_or_else(|| usage_problem("FIELD=VALUE", word))?;
            Ok((name.to_owned(), value.to_owned()))
        })
        .collect()
}

fn person(arguments: &Arguments, command: &PersonCommand) -> Result<(), Problem> {
    let json = arguments.json;
    match command {
        PersonCommand::Add { although_alike, fields: words } => {
            let station = signed_in(arguments, Access::Write)?;
            let input = PersonInput { id: None, fields: fields(words)?, although_alike: *although_alike };
            answer(json, &station.person_save(input)?, person_lines);
        }
        PersonCommand::Change { person, fields: words } => {
            let station = signed_in(arguments, Access::Write)?;
            let id = station.person_of(person)?;
            let input = PersonInput { id: Some(id), fields: fields(words)?, although_alike: true };
            answer(json, &station.person_save(input)?, person_lines);
        }
        PersonCommand::Import { file, refused } => {
            let bytes = read_file(file)?;
            if let Some(out) = refused {
                free(out)?;
            }
            let station = signed_in(arguments, Access::Write)?;
            let report = station.import_people(&bytes)?;
            answer(json, &report, |r| {
                let mut lines = vec![format!(
                    "added {}, changed {}, unchanged {}, refused {}",
                    r.added,
                    r.changed,
                    r.unchanged,
                    r.refused.len()
                )];
                lines.extend(r.refused.iter().map(|x| format!("line {}: {} {:?}", x.line, x.code, x.details)));
                lines
            });
            // After the answer, which holds these lines too: the people are in the house whether or not the file can be written.
            if let Some(out) = refused.as_ref().filter(|_| !report.refused.is_empty()) {
                write_new(out, report.refused_csv.as_bytes())?;
            }
        }
        PersonCommand::Find { query } => {
            let station = signed_in(arguments, Access::Read)?;
            answer(json, &station.search(query, 50)?, |hits| hits.iter().map(hit_line).collect());
        }
        PersonCommand::Show { person } => {
            let station = signed_in(arguments, Access::Read)?;
            let id = station.person_of(person)?;
            let open = station.status().cases.into_iter().find(|case| case.person.id == id);
            let waits_for =
                open.map(|case| station.case_view(&case.id)).transpose()?.map(|case| waits::words(&case, &[]));
            answer(json, &Shown { person: station.person(&id)?, waits_for }, |shown| {
                let waits = shown.waits_for.iter().map(|words| format!("being issued; waits for {words}"));
                person_lines(&shown.person).into_iter().chain(waits).collect()
            });
        }
    }
    Ok(())
}

/// A person, and what the badge waits for that is being issued to them.
#[derive(Serialize)]
struct Shown {
    #[serde(flatten)]
    person: PersonView,
    waits_for: Option<String>,
}

fn hit_line(hit: &PersonHit) -> String {
    format!("{}\t{}\t{}\t{}\t{:?}", hit.id, hit.staff_no, hit.name, hit.unit, hit.standing)
}

fn person_lines(view: &PersonView) -> Vec<String> {
    let mut lines = vec![hit_line(&view.hit)];
    lines.extend(view.fields.iter().map(|field| format!("{}: {}", field.name, field.value)));
    for card in &view.cards {
        let on: Vec<String> = card.credentials.iter().map(|c| format!("{} {}", c.technology, c.state)).collect();
        lines.push(format!("card {}: {} ({})", card.number, card.state, on.join(", ")));
    }
    lines
}

fn card(arguments: &Arguments, command: &CardCommand) -> Result<(), Problem> {
    match command {
        CardCommand::Read { reader } => {
            let station = at_cards(arguments)?;
            let dump = station.card_dump(reader.as_deref())?;
            answer(true, &dump, |_| Vec::new());
        }
        CardCommand::Verify(on) => {
            answer(arguments.json, &at_cards(arguments)?.card_verify(on.reader.as_deref())?, catalogue::done_lines);
        }
        CardCommand::Finish(on) => {
            answer(arguments.json, &at_cards(arguments)?.card_finish(on.reader.as_deref())?, catalogue::done_lines);
        }
        CardCommand::RollBack(on) => {
            answer(arguments.json, &at_cards(arguments)?.card_roll_back(on.reader.as_deref())?, catalogue::done_lines);
        }
        CardCommand::Reset { on, witness, with_passphrase_file } => {
            let station = at_cards(arguments)?;
            let password = secret::read(with_passphrase_file.as_deref(), &format!("Password of {witness}: "))?;
            let done = station.card_reset(on.reader.as_deref(), witness, &password)?;
            answer(arguments.json, &done, catalogue::done_lines);
        }
        CardCommand::Certificate { number, ca } => {
            let station = signed_in(arguments, Access::Read)?;
            let (newest_first, of_ca) = station.certificates(&station.card_of(number)?)?;
            let pem = if *ca { Some(of_ca) } else { newest_first.into_iter().next() };
            let pem = pem.ok_or_else(|| usage_problem("certificate", number))?;
            answer(arguments.json, &pem, |pem| vec![pem.trim_end().to_owned()]);
        }
        CardCommand::Void { number, reason } => {
            let station = signed_in(arguments, Access::Write)?;
            let id = station.card_of(number)?;
            answer(arguments.json, &station.card_void(&id, reason)?, person_lines);
        }
    }
    Ok(())
}

fn backup(arguments: &Arguments, backup: &Backup) -> Result<(), Problem> {
    let station = signed_in(arguments, Access::Write)?;
    if backup.prove {
        let login = arguments.operator.as_deref().unwrap_or_default();
        let password = secret::read(arguments.passphrase_file.as_deref(), &format!("Password of {login}: "))?;
        station.backup_prove(&backup.to, &password)?;
        note("The backup opens, and every key's check value is the same: cards may be written.");
        done(arguments.json, "proved", &backup.to);
    } else {
        station.backup(&backup.to)?;
        note("Backup written. Prove it once: lanyard backup --prove");
        done(arguments.json, "backup", &backup.to);
    }
    Ok(())
}

fn restore(arguments: &Arguments, from: &Path) -> Result<(), Problem> {
    let station = start(arguments, Access::Write)?;
    let login = arguments.operator.as_deref().ok_or_else(|| usage_problem("--operator", ""))?;
    let password = secret::read(arguments.passphrase_file.as_deref(), &format!("Password of {login}: "))?;
    station.restore(from, login, &password)?;
    let rehearsal = station.status().house.is_some_and(|house| house.rehearsal);
    note(if rehearsal { "Restored: a rehearsal." } else { "Restored: a real house." });
    done(arguments.json, "restored", if rehearsal { "rehearsal" } else { "real" });
    Ok(())
}

fn history(arguments: &Arguments, command: &HistoryCommand) -> Result<(), Problem> {
    let json = arguments.json;
    match command {
        HistoryCommand::Show { kind, id } => {
            let station = signed_in(arguments, Access::Read)?;
            let id = if kind == "person" { station.person_of(id)? } else { id.clone() };
            answer(json, &station.history(kind, &id)?, |view| {
                view.entries
                    .iter()
                    .map(|e| {
                        let state = e.state.as_ref().map(|(from, to)| format!(" {from} -> {to}")).unwrap_or_default();
                        format!("{}\t{}\t{}{state}\t{}\t{}", e.seq, e.at, e.what, e.object, e.hash)
                    })
                    .collect()
            });
        }
        HistoryCommand::Export { out, openings } => {
            let station = signed_in(arguments, Access::Write)?;
            if *openings {
                note("The bundle holds people's data in clear: give it only to who may read all of it.");
            }
            let verdict = station.history_export(out, *openings)?;
            answer(json, &verdict, verdict_lines);
        }
        HistoryCommand::Verify => {
            let station = signed_in(arguments, Access::Read)?;
            let verdict = station.history_verify()?;
            answer(json, &verdict, verdict_lines);
            if !verdict.holds {
                return Err(Problem { code: "history.broken".to_owned(), ..usage_problem("level", &verdict.level) });
            }
        }
    }
    Ok(())
}

fn verdict_lines(verdict: &lanyard_station::api::VerdictView) -> Vec<String> {
    let mut lines = vec![format!(
        "{} ({}), {} entries, root {}",
        if verdict.holds { "holds" } else { "does NOT hold" },
        verdict.level,
        verdict.entries,
        verdict.root
    )];
    lines.extend(verdict.faults.iter().map(|fault| format!("fault {} at {:?}", fault.code, fault.seq)));
    lines
}
