//! Houses: newer, in use, of the other kind, copied, restored; and the clock.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use lanyard_model::UnixMs;
use lanyard_station::api::PersonInput;
use lanyard_station::{Access, HouseChoice, Options, Station};
use lanyard_tests::house::{ANA, EILEEN, Home, PASSWORD, connect, fields, password, program, ready, refused};

use super::{Unchanged, entries, newest, pair};

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for file in std::fs::read_dir(from).unwrap() {
        let path = file.unwrap().path();
        if path.is_file() {
            std::fs::copy(&path, to.join(path.file_name().unwrap())).unwrap();
        }
    }
}

#[test]
fn a_store_of_a_newer_version_is_not_opened_for_writing_nor_for_reading() {
    let home = Home::new();
    drop(home.rehearsal());
    let conn = connect(&home.house(true), PASSWORD);
    conn.execute_batch("PRAGMA user_version = 9;").unwrap();
    drop(conn);
    let unchanged = Unchanged::rehearsal(&home);
    for access in [Access::Write, Access::Read] {
        let options = Options::new(home.path().to_owned(), HouseChoice::Rehearsal).access(access);
        let station = Station::start(options).unwrap();
        let refusal = station.sign_in(ANA, &password(PASSWORD));
        assert_eq!(unchanged.after(refusal, "found"), pair("store.newer", "9"));
        assert_eq!(station.status().session, None);
    }
    connect(&home.house(true), PASSWORD).execute_batch("PRAGMA user_version = 1;").unwrap();
    assert!(home.rehearsal().search("eileen", 5).is_ok(), "the old program's store is as it was");
}

#[test]
fn a_second_writer_is_told_so_and_readers_look_on_beside_it() {
    let home = Home::new();
    let writer = home.rehearsal();
    let second = home.start(HouseChoice::Rehearsal);
    let unchanged = Unchanged::rehearsal(&home);
    assert_eq!(unchanged.after(second.sign_in(ANA, &password(PASSWORD)), "").0, "store.in_use");
    assert_eq!(second.status().session, None);
    let options = Options::new(home.path().to_owned(), HouseChoice::Rehearsal).access(Access::Read).without_devices();
    let reader = Station::start(options).unwrap();
    reader.sign_in(ANA, &password(PASSWORD)).unwrap();
    let person = reader.person_of(EILEEN).unwrap();
    assert_eq!(reader.search("eil", 5).unwrap().len(), 1);
    assert_eq!(reader.person(&person).unwrap().hit.staff_no, EILEEN);
    assert_eq!(reader.history("person", &person).unwrap().entries.len(), 1);
    assert!(reader.history_verify().unwrap().holds);
    let refuse = |code: (String, String)| assert_eq!(code.0, "store.read_only");
    let change = PersonInput { id: Some(person.clone()), fields: fields(&[("unit", "Quay")]), although_alike: true };
    refuse(unchanged.after(reader.person_save(change.clone()), ""));
    refuse(unchanged.after(reader.import_people(b"given_name,family_name,staff_no\nBo,Ek,1\n"), ""));
    refuse(unchanged.after(reader.case_open(&person), ""));
    refuse(unchanged.after(reader.password_change(&password(PASSWORD), &password("a new one altogether")), ""));
    refuse(unchanged.after(reader.operator_add(lanyard_tests::house::operator("liv", "Liv", PASSWORD)), ""));
    refuse(unchanged.after(reader.prefer("de", lanyard_station::api::Theme::Dark), ""));
    refuse(unchanged.after(reader.recovery_confirm(""), ""));
    refuse(unchanged.after(reader.backup(&home.path().join("backup")), ""));
    assert!(!home.path().join("backup").exists());
    // It sees what the writer does meanwhile.
    writer.person_save(change).unwrap();
    assert_eq!(reader.person(&person).unwrap().hit.unit, "Quay");
    drop(reader);
    drop(writer);
    second.sign_in(ANA, &password(PASSWORD)).unwrap();
}

#[test]
fn a_rehearsal_is_not_opened_as_a_real_house_nor_a_real_house_as_a_rehearsal() {
    let home = Home::new();
    drop(home.rehearsal());
    drop(home.real());
    let crossed = Home::new();
    copy(&home.house(true), &crossed.house(false));
    copy(&home.house(false), &crossed.house(true));
    for (choice, asked, found) in
        [(HouseChoice::Real, "real", "rehearsal"), (HouseChoice::Rehearsal, "rehearsal", "real")]
    {
        let start = || Station::start(Options::new(crossed.path().to_owned(), choice));
        assert_eq!(refused(start(), "found"), pair("keys.vault.kind", found));
        assert_eq!(refused(start(), "asked"), pair("keys.vault.kind", asked));
    }
    // Nor where somebody has changed the label on the door as well.
    for rehearsal in [true, false] {
        let front = crossed.house(rehearsal).join("house.json");
        let text = std::fs::read_to_string(&front).unwrap();
        let (was, is) = (format!("\"rehearsal\": {}", !rehearsal), format!("\"rehearsal\": {rehearsal}"));
        assert!(text.contains(&was));
        std::fs::write(&front, text.replace(&was, &is)).unwrap();
        let unchanged = Unchanged::of(&crossed, rehearsal);
        let choice = if rehearsal { HouseChoice::Rehearsal } else { HouseChoice::Real };
        let station = crossed.start(choice);
        let found = if rehearsal { "real" } else { "rehearsal" };
        let refusal = unchanged.after(station.sign_in(ANA, &password(PASSWORD)), "found");
        assert_eq!(refusal, pair("keys.vault.kind", found));
        assert_eq!(station.status().session, None);
    }
}

#[test]
fn a_front_that_is_damaged_or_gone_is_made_again_by_who_can_open_the_store() {
    let home = Home::new();
    drop(home.rehearsal());
    let front = home.house(true).join("house.json");
    let text = std::fs::read(&front).unwrap();
    let unchanged = Unchanged::rehearsal(&home);
    for bad in [&b""[..], b"{}", b"[", &text[..text.len() / 2], &[0xFF; 64]] {
        std::fs::write(&front, bad).unwrap();
        let station = home.start(HouseChoice::Rehearsal);
        assert_eq!(unchanged.after(station.sign_in(ANA, &password("not the password")), "").0, "keys.password.wrong");
        assert_eq!(std::fs::read(&front).unwrap(), bad);
    }
    std::fs::remove_file(&front).unwrap();
    drop(home.rehearsal());
    assert_eq!(std::fs::read(&front).unwrap(), text);
    std::fs::write(&front, &text).unwrap();
    std::fs::write(home.house(true).join("slots.json"), "{}").unwrap();
    let station = home.start(HouseChoice::Rehearsal);
    assert_eq!(refused(station.sign_in(ANA, &password(PASSWORD)), "").0, "keys.slots.damaged");
}

#[test]
fn a_backup_goes_only_into_an_empty_folder_and_a_refused_one_is_not_in_the_history() {
    let home = Home::new();
    let station = home.rehearsal();
    let full = home.path().join("full");
    std::fs::create_dir(&full).unwrap();
    std::fs::write(full.join("holiday.jpg"), "x").unwrap();
    let unchanged = Unchanged::rehearsal(&home);
    assert_eq!(unchanged.after(station.backup(&full), "").0, "store.exists");
    assert_eq!(std::fs::read_dir(&full).unwrap().count(), 1);
    // Within the house it would die with it; and a house that proved itself would prove nothing.
    let inside = home.house(true).join("inside");
    let aside = full.join("..").join(home.house(true).file_name().unwrap()).join("proof");
    for house in [&home.house(true), &inside, &aside] {
        let here = house.display().to_string();
        assert_eq!(unchanged.after(station.backup(house), "folder"), pair("backup.inside", &here));
        let proved = station.backup_prove(house, &password(PASSWORD));
        assert_eq!(unchanged.after(proved, "folder"), pair("backup.inside", &here));
    }
    assert!(!inside.exists() && !aside.exists());
    let picture = full.join("holiday.jpg");
    let named = pair("file.failed", &picture.display().to_string());
    assert_eq!(unchanged.after(station.backup(&picture), "file"), named);
    let to = home.path().join("backup");
    station.backup(&to).unwrap();
    assert_eq!(newest(&station, 1), ["station.backed_up"]);
    let unchanged = Unchanged::rehearsal(&home);
    assert_eq!(unchanged.after(station.backup(&to), "").0, "store.exists");
}

#[test]
fn a_restore_needs_an_empty_home_the_password_and_a_backup_that_holds() {
    let home = Home::new();
    let station = home.rehearsal();
    let backup = home.path().join("backup");
    station.backup(&backup).unwrap();
    drop(station);
    // Onto a house that exists.
    let station = home.start(HouseChoice::Rehearsal);
    let unchanged = Unchanged::rehearsal(&home);
    assert_eq!(unchanged.after(station.restore(&backup, ANA, &password(PASSWORD)), "").0, "station.house.exists");
    drop(station);
    // One that lies where a restore works and sweeps first.
    let bare = Home::new();
    let working = bare.path().join("rehearsal.making");
    std::fs::create_dir_all(bare.path()).unwrap();
    std::fs::rename(&backup, &working).unwrap();
    let station = bare.start(HouseChoice::Rehearsal);
    assert_eq!(refused(station.restore(&working, ANA, &password(PASSWORD)), "").0, "backup.inside");
    std::fs::rename(&working, &backup).unwrap();
    drop(station);
    // The same, by a station that was started for the other house.
    let station = home.start(HouseChoice::Real);
    assert_eq!(unchanged.after(station.restore(&backup, ANA, &password(PASSWORD)), "").0, "store.exists");
    drop(station);

    let empty = Home::new();
    let station = empty.start(HouseChoice::Rehearsal);
    let nothing_there = |what: &str| {
        let left = std::fs::read_dir(empty.path()).map_or(0, Iterator::count);
        assert_eq!((left, station.status().house), (0, None), "{what}");
    };
    let restore = |from: &Path, text: &str| refused(station.restore(from, ANA, &password(text)), "").0;
    assert_eq!(restore(&backup, "not the password"), "keys.password.wrong");
    nothing_there("a wrong password");
    assert_eq!(restore(&empty.path().join("nowhere"), PASSWORD), "store.missing");
    assert_eq!(restore(Path::new("/dev/null"), PASSWORD), "store.missing");
    nothing_there("no backup");
    let spoilt = |name: &str, spoil: &dyn Fn(&mut Vec<u8>)| {
        let copied = tempfile::tempdir().unwrap();
        copy(&backup, copied.path());
        let mut bytes = std::fs::read(backup.join(name)).unwrap();
        spoil(&mut bytes);
        std::fs::write(copied.path().join(name), bytes).unwrap();
        let code = restore(copied.path(), PASSWORD);
        nothing_there(name);
        code
    };
    let middle = |bytes: &mut Vec<u8>| {
        let at = bytes.len() / 2;
        bytes[at] ^= 1;
    };
    assert_eq!(spoilt("store.db", &middle), "store.backup.damaged");
    assert_eq!(spoilt("store.db", &|bytes| bytes.truncate(bytes.len() - 4096)), "store.backup.damaged");
    assert_eq!(spoilt("slots.json", &|bytes| bytes.truncate(10)), "keys.slots.damaged");

    // Of what stands in front of a house its store knows everything.
    std::fs::write(backup.join("house.json"), "").unwrap();
    station.restore(&backup, ANA, &password(PASSWORD)).unwrap();
    assert_eq!(newest(&station, 1), ["station.restored"]);
    assert!(station.person_of(EILEEN).is_ok() && station.history_verify().unwrap().holds);
}

#[test]
fn a_damaged_backup_proves_nothing_and_that_of_another_house_neither() {
    let home = Home::new();
    let station = home.rehearsal();
    let backup = home.path().join("backup");
    station.backup(&backup).unwrap();
    let mut bytes = std::fs::read(backup.join("store.db")).unwrap();
    let at = bytes.len() / 2;
    bytes[at] ^= 1;
    std::fs::write(backup.join("store.db"), bytes).unwrap();
    let unchanged = Unchanged::rehearsal(&home);
    let prove = |from: &Path| unchanged.after(station.backup_prove(from, &password(PASSWORD)), "").0;
    assert_eq!(prove(&backup), "store.backup.damaged");
    let other = Home::new();
    let others = other.path().join("backup");
    other.rehearsal().backup(&others).unwrap();
    assert_eq!(prove(&others), "backup.foreign");
    assert_eq!(entries(&station, "key.backup_proved"), 0);
    assert!(!home.house(true).join("proof").exists(), "nothing of it is left lying there");
}

#[test]
fn a_clock_that_was_set_back_is_accepted_and_remarked_and_is_no_fault() {
    let home = Home::new();
    let now = Arc::new(AtomicI64::new(1_700_000_000_000));
    let clock = Arc::clone(&now);
    let options = Options::new(home.path().to_owned(), HouseChoice::Rehearsal)
        .clock(move || UnixMs(clock.load(Ordering::SeqCst)))
        .without_devices();
    let station = ready(options, true);
    let backwards = || -> Vec<_> {
        let verdict = station.history_verify().unwrap();
        assert!(verdict.holds && verdict.faults.is_empty());
        verdict.remarks.into_iter().filter(|remark| remark.code == "clock.backwards").map(|remark| remark.seq).collect()
    };
    assert_eq!(backwards(), []);
    let person = station.person_of(EILEEN).unwrap();
    let save = |unit: &str| {
        let fields = fields(&[("unit", unit)]);
        station.person_save(PersonInput { id: Some(person.clone()), fields, although_alike: true }).unwrap();
        station.history("person", &person).unwrap().entries[0].seq
    };
    now.fetch_sub(DAY_MS, Ordering::SeqCst);
    let back = save("Quay");
    assert_eq!(backwards(), [Some(back)]);
    // Before 1970, and further than any calendar: the station goes on, and the history still holds.
    for at in [-DAY_MS, 0, i64::MAX / 2] {
        now.store(at, Ordering::SeqCst);
        let _ = save(&format!("Quay {at}"));
        assert!(backwards().contains(&Some(back)));
    }
}

/// The program is killed as soon as something of the house lies there, a little later each time, until it was caught in
/// the middle often enough: the place itself is either empty or holds a house that opens.
#[test]
fn a_restore_that_was_killed_leaves_no_house_or_a_whole_one_and_the_next_try_sweeps_what_lies_beside() {
    let home = Home::new();
    let backup = home.path().join("backup");
    home.rehearsal().backup(&backup).unwrap();
    let secret = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(secret.path(), PASSWORD).unwrap();
    let mut torn = 0;
    for round in 0..12 {
        let empty = Home::new();
        let making = empty.path().join("rehearsal.making");
        let mut restore = Command::new(program("lanyard"))
            .arg("--home")
            .arg(empty.path())
            .args(["--rehearsal", "--operator", ANA, "--passphrase-file"])
            .arg(secret.path())
            .arg("restore")
            .arg(&backup)
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        while restore.try_wait().unwrap().is_none() && !making.exists() {
            std::thread::yield_now();
        }
        std::thread::sleep(Duration::from_millis(5 * round));
        restore.kill().unwrap();
        restore.wait().unwrap();
        torn += usize::from(making.exists());
        let station = empty.start(HouseChoice::Rehearsal);
        if station.status().house.is_some() {
            station.sign_in(ANA, &password(PASSWORD)).unwrap();
        } else {
            station.restore(&backup, ANA, &password(PASSWORD)).unwrap();
        }
        assert!(!making.exists(), "{round}");
        assert_eq!(entries(&station, "station.restored"), 1, "{round}");
        assert!(station.person_of(EILEEN).is_ok() && station.history_verify().unwrap().holds, "{round}");
    }
    assert!(torn > 2, "killed in the middle {torn} times");
}
