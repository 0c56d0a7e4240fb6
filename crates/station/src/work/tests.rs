//! Which device is fit for which work, and that work is given out once.

use std::collections::BTreeMap;
use std::sync::Barrier;

use lanyard_model::{Id, Value};

use super::Work;
use crate::api::{
    CardOnReader, DeviceKind, DeviceRole, DeviceState, FirstStart, Identified, NewOperator, Password, PersonInput,
    Standing,
};
use crate::devices::{Device, Seen};
use crate::{HouseChoice, Options, Station};

fn station(home: &std::path::Path, rehearsal: bool) -> Station {
    let choice = if rehearsal { HouseChoice::Rehearsal } else { HouseChoice::Real };
    let options = Options::new(home.to_owned(), choice);
    let station = Station::start(if rehearsal { options } else { options.without_devices() }).unwrap();
    let password = Password(lanyard_secret::SecretBytes::new(b"correct horse".to_vec()));
    let ana = NewOperator { name: "Ana".to_owned(), login: "ana".to_owned(), password };
    station.first_start(FirstStart { station: "Gate".to_owned(), rehearsal, operators: vec![ana] }).unwrap();
    station
}

#[test]
fn a_reader_of_a_rehearsal_that_is_used_for_nothing_fits_no_work_until_it_is_used_again() {
    let home = tempfile::tempdir().unwrap();
    let station = station(home.path(), true);
    let fits = |role| station.shared.quietly(|core| core.fits("reader:Encoder", role));
    assert!(fits(DeviceRole::Encoder) && !fits(DeviceRole::Chip));
    station.device_role("reader:Encoder", None).unwrap();
    assert!(!fits(DeviceRole::Encoder) && !fits(DeviceRole::Chip));
    station.device_role("reader:Encoder", Some(DeviceRole::Encoder)).unwrap();
    assert!(fits(DeviceRole::Encoder));
}

#[test]
fn a_printer_of_a_real_house_that_was_given_no_role_fits_as_long_as_no_other_has_it() {
    let (home, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let station = station(home.path(), false);
    let fits = |id: &str| station.shared.quietly(|core| core.fits(id, DeviceRole::Print));
    for name in ["One", "Two"] {
        station.printer_add(name, &format!("file://{}", folder.path().display())).unwrap();
    }
    assert!(fits("printer:One") && fits("printer:Two"));
    station.device_role("printer:Two", Some(DeviceRole::Print)).unwrap();
    assert!(!fits("printer:One") && fits("printer:Two"));
}

/// A reader that nobody serves, with a card of this UID on it.
fn lying(name: &str, uid: &[u8]) -> Device {
    let view = CardOnReader {
        technology: "desfire".to_owned(),
        uid: hex::encode(uid),
        standing: Standing::Ours,
        card: None,
        person: None,
        case: None,
        problem: None,
        next: Vec::new(),
    };
    let uid = uid.to_vec();
    let card = Some(Seen { visit: 1, looked: true, view, uid, assessment: None, chip: None, encoding: None });
    Device {
        kind: DeviceKind::Reader,
        name: name.to_owned(),
        role: Some(DeviceRole::Encoder),
        state: DeviceState::Ready,
        reasons: Vec::new(),
        simulated: false,
        card,
        uri: None,
        two_cards: false,
        told: true,
        attachment: 0,
    }
}

/// A badge that is to be read again before it leaves.
fn to_be_checked(station: &Station, uid: &[u8]) -> Id {
    let fields = [("family_name", "Berg"), ("given_name", "Bo"), ("staff_no", "7"), ("unit", "Gate")];
    let fields: BTreeMap<String, String> = fields.map(|(k, v)| (k.to_owned(), v.to_owned())).into();
    let person = station.person_save(PersonInput { id: None, fields, although_alike: false }).unwrap();
    let id = station.case_open(&person.hit.id).unwrap().id.parse().unwrap();
    station.shared.quietly(|core| {
        let case = core.case(id).unwrap();
        case.instance.token = "hand_over".to_owned();
        case.instance.variables.insert("uid".to_owned(), Value::Bytes(uid.to_vec()));
        case.hand_over.how = Some(Identified::Known);
    });
    id
}

#[test]
fn of_two_readers_that_ask_at_the_same_moment_one_gets_the_work() {
    let home = tempfile::tempdir().unwrap();
    let station = station(home.path(), false);
    let uid = [4, 1, 2, 3, 4, 5, 6];
    let case = to_be_checked(&station, &uid);
    for name in ["One", "Two"] {
        station.shared.attach(format!("reader:{name}"), lying(name, &uid)).unwrap();
    }
    let start = Barrier::new(2);
    for round in 0..3000 {
        let ask = |reader: &str| {
            start.wait();
            station.shared.next_work(reader)
        };
        let both = std::thread::scope(|scope| {
            let two = scope.spawn(|| ask("reader:Two"));
            [ask("reader:One"), two.join().unwrap()]
        });
        let given: Vec<Work> = both.into_iter().flatten().collect();
        assert_eq!(given, [Work::Check { case }], "round {round}");
        station.shared.quietly(|core| core.case(case).unwrap().busy = false);
    }
}
