//! What leaves the house and comes into it: bundles, backups, devices, and what is read off a card.

use super::*;
use crate::api::{CardOnReader, DeviceRole, DeviceState, Standing};
use crate::devices::{Device, Seen};
use crate::handout::Handout;

fn code<T>(answer: Result<T, Problem>) -> String {
    answer.err().map_or_else(String::new, |problem| problem.code)
}

fn names(folder: &Path) -> Vec<String> {
    let all = std::fs::read_dir(folder).unwrap();
    all.map(|file| file.unwrap().file_name().to_string_lossy().into_owned()).collect()
}

fn handed_out(station: &Station) -> usize {
    station.history_recent(1_000).unwrap().iter().filter(|entry| entry.what == "history.exported").count()
}

#[test]
fn a_bundle_whose_checkpoint_has_no_place_is_not_begun_and_the_history_does_not_say_that_it_was() {
    let (home, out) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (station, _) = make(real(home.path()), false);
    let (bundle, checkpoint) = (out.path().join("history.zip"), out.path().join("history.checkpoint.txt"));
    std::fs::write(&checkpoint, "the last one").unwrap();
    assert_eq!(code(station.history_export(&bundle, true)), "file.failed");
    assert_eq!((names(out.path()), handed_out(&station)), (vec!["history.checkpoint.txt".to_owned()], 0));
    assert_eq!(std::fs::read_to_string(&checkpoint).unwrap(), "the last one");
    // Nor for somebody who is not signed in.
    std::fs::remove_file(&checkpoint).unwrap();
    let _ = station.lock();
    assert_eq!(code(station.history_export(&bundle, true)), "station.locked");
    assert_eq!(names(out.path()), [""; 0]);

    station.sign_in("ana", &password()).unwrap();
    assert!(station.history_export(&bundle, true).unwrap().holds);
    assert!(bundle.exists() && std::fs::read_to_string(&checkpoint).unwrap().contains('\n'));
    assert_eq!(handed_out(&station), 1);
}

#[test]
fn a_bundle_is_written_and_verified_while_somebody_else_has_the_station() {
    let (home, out) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (station, _) = make(real(home.path()), false);
    let handout = Handout::reserve(&out.path().join("history.zip")).unwrap();
    let now = station.shared.now();
    let verdict = station.shared.quietly(|core| {
        let reading = core.hand_out(true, now).unwrap();
        // The state is held here: whoever needs it to go on would wait for ever.
        std::thread::scope(|scope| scope.spawn(|| handout.write(&reading)).join().unwrap())
    });
    assert!(verdict.unwrap().holds);
}

#[test]
fn a_backup_without_its_front_or_with_half_of_it_is_restored_as_a_house_is_opened() {
    for (rehearsal, cut) in [(false, None), (false, Some("{\"v\":1,")), (true, None)] {
        let (first, second, backup) =
            (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let choice = if rehearsal { HouseChoice::Rehearsal } else { HouseChoice::Real };
        let options = |home: &Path, choice| Options::new(home.to_owned(), choice).without_devices();
        let (made, _) = make(options(first.path(), choice), rehearsal);
        let before = made.status().house.unwrap();
        let to = backup.path().join("backup");
        made.backup(&to).unwrap();
        drop(made);
        match cut {
            None => std::fs::remove_file(to.join("house.json")).unwrap(),
            Some(text) => std::fs::write(to.join("house.json"), text).unwrap(),
        }
        let restored = Station::start(options(second.path(), HouseChoice::AsFound)).unwrap();
        let wrong = SecretBytes::new(b"not the password".to_vec());
        assert_eq!(code(restored.restore(&to, "ana", &wrong)), "keys.password.wrong");
        assert_eq!(code(restored.restore(&to, "eve", &password())), "keys.password.wrong");
        let after = restored.restore(&to, "jonas", &password()).unwrap();
        let house = after.house.unwrap();
        assert_eq!(after.session.unwrap().operator.login, "jonas");
        assert_eq!((house.station, house.seal, house.rehearsal), (before.station, before.seal, rehearsal));
        drop(restored);
        let again = Station::start(options(second.path(), choice)).unwrap();
        again.sign_in("ana", &password()).unwrap();
    }
}

#[test]
fn a_card_that_nobody_reads_in_time_is_a_busy_reader_and_nobody_waits_for_it_any_more() {
    let home = tempfile::tempdir().unwrap();
    let (station, _) = make(real(home.path()), false);
    let view = CardOnReader {
        technology: "desfire".to_owned(),
        uid: String::new(),
        standing: Standing::Ours,
        card: None,
        person: None,
        case: None,
        problem: None,
        next: Vec::new(),
    };
    let card = Seen { visit: 1, looked: true, view, uid: vec![], assessment: None, chip: None, encoding: None };
    // No thread serves it: as one does that is writing another card for long.
    let device = Device {
        kind: DeviceKind::Reader,
        name: "Slow".to_owned(),
        role: Some(DeviceRole::Encoder),
        state: DeviceState::Ready,
        reasons: Vec::new(),
        simulated: false,
        card: Some(card),
        uri: None,
        two_cards: false,
        told: true,
        attachment: 0,
    };
    station.shared.attach("reader:Slow".to_owned(), device).unwrap();
    let busy = station.card_dump_within(None, Duration::from_millis(20)).unwrap_err();
    assert_eq!((busy.code.as_str(), busy.details["device"].as_str()), ("device.busy", "Slow"));
    assert!(station.shared.quietly(|core| core.errands.is_empty()));
    // One that is lifted meanwhile is not there any more, and nobody waits for it to the end.
    std::thread::scope(|scope| {
        let waits = scope.spawn(|| station.card_dump_within(None, PATIENCE));
        station.shared.wait(PATIENCE, |core| (!core.errands.is_empty()).then_some(())).unwrap();
        station.shared.card_left("reader:Slow", false);
        assert_eq!(code(waits.join().unwrap()), "card.none");
    });
}

/// A card reader that exists on the bench only.
#[test]
fn a_real_house_never_sees_a_simulated_device() {
    let home = tempfile::tempdir().unwrap();
    let bench = lanyard_virtual::Bench::new();
    let station = Station::start(Options::new(home.path().to_owned(), HouseChoice::AsFound).without_devices()).unwrap();
    let offer = |station: &Station| {
        attach_reader(&station.shared, Box::new(bench.plug_reader("Bench")), true, Some(DeviceRole::Encoder));
        crate::devices::attach_printer(&station.shared, Box::new(bench.plug_printer("Bench printer")), true, None);
        let devices = station.status().devices;
        assert!(devices.iter().all(|device| !device.simulated), "{devices:?}");
    };
    // Not before it is known which house it will be, nor in the real one, nor when that is opened again.
    offer(&station);
    drop(station);
    let (station, _) = make(real(home.path()), false);
    offer(&station);
    drop(station);
    let station = Station::start(real(home.path())).unwrap();
    offer(&station);
    station.sign_in("ana", &password()).unwrap();
    offer(&station);
    assert_eq!(code(station.bench()), "bench.none");
}
