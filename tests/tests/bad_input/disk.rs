//! A full disk: on a small tmpfs of the test's own, which takes root.

use lanyard_station::{HouseChoice, Options, Station};
use lanyard_tests::disk::SmallDisk;
use lanyard_tests::house::{ANA, Contents, Home, PASSWORD, first_start, lanyard, password, problem, ready, refused};

use super::entries;

fn people(from: u32, count: u32) -> String {
    let mut file = "given_name,family_name,staff_no,unit\n".to_owned();
    for n in from..from + count {
        file += &format!("Bo{n},Ek,{n},{}\n", "a quay far away ".repeat(4));
    }
    file
}

#[test]
fn an_import_until_the_disk_is_full_says_so_leaves_no_half_and_goes_on_when_there_is_room() {
    let at = tempfile::tempdir().unwrap();
    let disk = SmallDisk::mount(at.path(), "12M");
    let options = || Options::new(at.path().to_owned(), HouseChoice::Rehearsal).without_devices();
    let station = ready(options(), true);
    let house = at.path().join("rehearsal");
    disk.fill(600_000);
    let mut from = 500_000;
    let before = loop {
        let before = Contents::of(&house, PASSWORD);
        match station.import_people(people(from, 100).as_bytes()) {
            Ok(report) => assert_eq!(report.added, 100),
            Err(problem) => {
                assert_eq!((problem.code.as_str(), problem.helps.as_str()), ("store.disk.full", "later"));
                break before;
            }
        }
        from += 100;
    };
    assert_eq!(before.changed(&Contents::of(&house, PASSWORD)), vec![], "nothing of the batch that failed is there");
    // Still usable for looking, and what is there is whole.
    assert_eq!(station.search("500000", 5).unwrap().len(), 1);
    assert_eq!(station.search(&format!("{}", from + 5), 5).unwrap().len(), 0);
    assert!(station.history_verify().unwrap().holds);
    let backup = at.path().join("backup");
    assert_eq!(refused(station.backup(&backup), "").0, "store.disk.full");
    assert!(!backup.join("store.db").exists() && !backup.join("house.json").exists());
    assert_eq!(before.changed(&Contents::of(&house, PASSWORD)), vec![], "no backup is claimed");
    let bundle = at.path().join("history.zip");
    assert!(station.history_export(&bundle, true).is_err());
    assert!(!bundle.exists(), "half a bundle is none");
    disk.empty();
    assert_eq!(station.import_people(people(from, 100).as_bytes()).unwrap().added, 100);
    station.backup(&backup).unwrap();
    drop(station);
    let station = Station::start(options()).unwrap();
    station.sign_in(ANA, &password(PASSWORD)).unwrap();
    assert_eq!(entries(&station, "station.backed_up"), 1);
    assert!(station.history_verify().unwrap().holds);
}

#[test]
fn a_house_for_which_there_is_no_room_leaves_nothing_in_the_way_of_the_next_try() {
    let at = tempfile::tempdir().unwrap();
    let disk = SmallDisk::mount(at.path(), "8M");
    let start = || {
        let options = Options::new(at.path().to_owned(), HouseChoice::Rehearsal).without_devices();
        let station = Station::start(options).unwrap();
        let made = station.first_start(first_start(true));
        assert_eq!(station.status().house.is_some(), made.is_ok());
        made.err().map(|problem| problem.code)
    };
    // From not even the schema to all but the last of the sample people.
    let mut failures = 0;
    for free in (0..40).map(|step| step * 40_000) {
        disk.fill(free);
        let Some(code) = start() else { break };
        assert_eq!(code, "store.disk.full", "{free}");
        assert!(!at.path().join("rehearsal").exists() && !at.path().join("rehearsal.making").exists(), "{free}");
        failures += 1;
    }
    assert!(failures > 5, "{failures}");
    disk.empty();
    let station = ready(Options::new(at.path().to_owned(), HouseChoice::Rehearsal).without_devices(), true);
    assert_eq!(station.search("", 100).unwrap().len(), 40);
}

#[test]
fn a_bundle_for_which_there_is_no_room_is_said_in_one_line_and_nothing_of_it_stays() {
    let home = Home::new();
    drop(home.rehearsal());
    let at = tempfile::tempdir().unwrap();
    let disk = SmallDisk::mount(at.path(), "1M");
    for free in [0, 4096, 16_384] {
        disk.fill(free);
        let bundle = at.path().join("history.zip");
        let output = lanyard(home.path(), &["--rehearsal", "history", "export", bundle.to_str().unwrap()]);
        assert_eq!(problem(&output)["code"], "store.disk.full", "{free}");
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(said.lines().count(), 1, "{said}");
        assert!(!bundle.exists(), "{free}");
    }
}

#[test]
fn a_restore_for_which_there_is_no_room_leaves_nothing_in_the_way_of_the_next_try() {
    let home = Home::new();
    let backup = home.path().join("backup");
    home.rehearsal().backup(&backup).unwrap();
    let at = tempfile::tempdir().unwrap();
    let disk = SmallDisk::mount(at.path(), "8M");
    let mut failures = 0;
    for free in (0..40).map(|step| step * 40_000) {
        disk.fill(free);
        let options = Options::new(at.path().to_owned(), HouseChoice::Rehearsal).without_devices();
        let station = Station::start(options).unwrap();
        let Err(problem) = station.restore(&backup, ANA, &password(PASSWORD)) else { break };
        assert_eq!(problem.code, "store.disk.full", "{free}");
        let status = station.status();
        assert!(status.house.is_none() && status.session.is_none(), "{free}");
        assert!(!at.path().join("rehearsal").exists() && !at.path().join("rehearsal.making").exists(), "{free}");
        failures += 1;
    }
    assert!(failures > 5, "{failures}");
    disk.empty();
    let station = ready(Options::new(at.path().to_owned(), HouseChoice::Rehearsal).without_devices(), true);
    assert_eq!(entries(&station, "station.restored"), 1);
    assert!(station.history_verify().unwrap().holds);
}
