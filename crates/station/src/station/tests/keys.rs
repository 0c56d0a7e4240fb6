//! Keys as people manage them, in a real house: who may, who has to be there, what is left behind.

use lanyard_keys::{Component, Cost, KeySize, Limits, SealTo};
use sha2::{Digest, Sha256};

use super::*;
use crate::api::{KeyOpening, KeySource, Present, Stolen, Witness};
use crate::entropy;

fn code<T>(answer: Result<T, Problem>) -> Option<String> {
    answer.err().map(|problem| problem.code)
}

fn witness(login: &str) -> Witness {
    Witness { login: login.to_owned(), password: password() }
}

fn alone() -> Present {
    Present::default()
}

fn with(login: &str) -> Present {
    Present { witnesses: vec![witness(login)], language: None }
}

/// A house whose first operator may manage keys: by the other one's word.
fn managed(home: &Path) -> Station {
    let (station, _) = make(real(home), false);
    let ana = station.status().session.unwrap().operator.id;
    let _ = station.lock();
    station.sign_in("jonas", &password()).unwrap();
    station.operator_right(&ana, "keys.manage", true).unwrap();
    let _ = station.lock();
    station.sign_in("ana", &password()).unwrap();
    station
}

fn components(count: usize) -> KeySource {
    KeySource::Components((0..count).map(|_| Component::random(KeySize::Aes128, &mut entropy::fill)).collect())
}

#[test]
fn keys_are_managed_by_who_may_and_each_component_has_its_own_person() {
    let home = tempfile::tempdir().unwrap();
    let (station, _) = make(real(home.path()), false);
    assert_eq!(code(station.key_create("doors", &KeySource::Random, false, &alone())).as_deref(), Some("policy.right"));
    drop(station);
    let home = tempfile::tempdir().unwrap();
    let station = managed(home.path());
    let by_herself = station.key_create("doors", &components(2), false, &alone());
    assert_eq!(code(by_herself).as_deref(), Some("keys.witness.missing"));
    let herself = station.key_create("doors", &components(2), false, &with("ana"));
    assert_eq!(code(herself).as_deref(), Some("policy.two_people"), "the same person is no second one");
    let three = station.key_create("doors", &components(3), false, &with("jonas"));
    assert_eq!(code(three).as_deref(), Some("keys.witness.missing"));
    let wrong = Witness { login: "jonas".to_owned(), password: SecretBytes::new(b"not the password".to_vec()) };
    let refused =
        station.key_create("doors", &components(2), false, &Present { witnesses: vec![wrong], language: None });
    assert_eq!(code(refused).as_deref(), Some("keys.password.wrong"));
    let made = station.key_create("doors", &components(2), false, &with("jonas")).unwrap();
    assert_eq!((made.keys.len(), made.keys[0].version, made.keys[0].home.as_str()), (1, 1, "vault"));
    for line in
        ["put together of 2 components", "ana (did it)", "jonas (was there)", &made.keys[0].check_value, "SHA-256"]
    {
        assert!(made.protocol.contains(line), "{line}: {}", made.protocol);
    }
    // What was signed by hand is what the signed entry covers.
    let lines: Vec<&str> = made.protocol.lines().collect();
    let hash = hex::encode(Sha256::digest(lines[..lines.len() - 10].join("\n") + "\n"));
    let entry = station.history_recent(1).unwrap().remove(0);
    let told = entry.fields.iter().find(|field| field.name == "protocol").and_then(|field| field.value.clone());
    assert!(made.protocol.contains(&hash) && told.as_deref() == Some(hash.as_str()), "{}", made.protocol);
    assert!(made.protocol.contains(&format!("its hash: {}\n  {}", entry.seq, entry.hash)), "{}", made.protocol);
    assert!(station.key_page(&made).unwrap().starts_with(b"%PDF"));
    let next = station.key_create("doors", &KeySource::Random, false, &alone()).unwrap();
    assert_eq!(next.keys[0].version, 2, "never in the place of another");
    let told: Vec<String> = station.history_recent(2).unwrap().into_iter().map(|entry| entry.what).collect();
    assert_eq!(told, ["key.made", "key.imported"]);
    assert!(station.history_verify().unwrap().holds);
}

#[test]
fn a_backup_in_shares_is_proved_and_its_keys_come_back_in_another_house() {
    let (home, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let station = managed(home.path());
    let doors = station.key_create("doors", &KeySource::Random, false, &alone()).unwrap().keys.remove(0);
    assert_eq!(doors.proof, "missing");
    let named = [lanyard_keys::KeyRef::new("doors", 1).unwrap()];
    let (sealed, page) = station.key_backup(&named, None, &SealTo::Shares { threshold: 2, of: 3 }, &alone()).unwrap();
    assert!(page.protocol.contains("3 shares, 2 of which") && page.protocol.contains(&hex::encode_upper(sealed.set)));
    let few = KeyOpening::Shares(Vec::new());
    assert_eq!(code(station.key_prove(&sealed.file, &few, &alone())).as_deref(), Some("keys.share.few"));
    let shares = KeyOpening::Shares(sealed.shares);
    let proved = station.key_prove(&sealed.file, &shares, &alone()).unwrap();
    assert_eq!((proved.keys.len(), proved.keys[0].proof.as_str()), (1, "fresh"));
    assert!(proved.protocol.contains(&hex::encode_upper(sealed.set)), "which backup: {}", proved.protocol);

    let away = managed(other.path());
    assert_eq!(code(away.key_restore(&sealed.file, &shares, &alone())).as_deref(), Some("keys.witness.missing"));
    let back = away.key_restore(&sealed.file, &shares, &with("jonas")).unwrap();
    assert_eq!((back.keys.len(), &back.keys[0].check_value), (1, &doors.check_value));
    let words = SecretBytes::new(b"sixteen letters or more".to_vec());
    let to = SealTo::Passphrase(&words, Cost::TEST);
    let (site, _) = station.key_backup(&named, Some("South"), &to, &alone()).unwrap();
    let into = away.key_restore(&site.file, &KeyOpening::Passphrase(words), &with("jonas"));
    assert_eq!(code(into).as_deref(), Some("keys.backup.differs"), "a site's key never takes the group's place");
}

#[test]
fn a_stolen_stations_keys_are_listed_with_what_to_do_and_limits_need_two_people() {
    let home = tempfile::tempdir().unwrap();
    let station = managed(home.path());
    let exposed = station.keys_exposed(Some("Gate")).unwrap();
    assert!(!exposed.keys.is_empty() && exposed.keys.iter().all(|key| key.exposed && key.cards.is_empty()));
    for key in &exposed.keys {
        assert!(exposed.plan.iter().any(|step| step.contains(&format!("lanyard keys create {}", key.key.name))));
    }
    assert_eq!(code(station.keys_exposed(Some("Somewhere else"))).as_deref(), Some("station.missing"));
    let words = SecretBytes::new(b"sixteen letters or more".to_vec());
    let (to, of) = (SealTo::Passphrase(&words, Cost::TEST), &exposed.keys[0].key);
    let named = [lanyard_keys::KeyRef::new(&of.name, of.version).unwrap()];
    station.key_backup(&named, Some("South"), &to, &alone()).unwrap();
    let south = station.keys_exposed(Some("South")).unwrap();
    assert_eq!((south.stolen, south.keys.len(), south.keys[0].exposed), (Stolen::Site, 1, false));
    assert!(south.plan.iter().any(|step| step.contains(&format!("keys create {}", of.name))));
    let limits = Limits { operator: 1, station: 1 };
    assert_eq!(code(station.key_limit(limits, &alone())).as_deref(), Some("keys.witness.missing"));
    let list = station.key_limit(limits, &with("jonas")).unwrap();
    assert_eq!((list.limit_operator, list.limit_station), (1, 1));
    let now = lanyard_model::UnixMs(1_795_478_400_000);
    station.shared.quietly(|core| {
        let uses = core.key_use(now).unwrap().unwrap();
        core.open().unwrap().0.store.write(|tx| tx.set_setting(crate::keys::USES, Some(&uses))).unwrap();
        let refused = core.key_use(lanyard_model::UnixMs(now.0 + 3_599_999)).err();
        let refused = refused.map(|error| Problem::from(&error)).unwrap();
        assert_eq!((refused.code.as_str(), refused.details["per"].as_str()), ("keys.limit.reached", "operator"));
        assert!(core.key_use(lanyard_model::UnixMs(now.0 + 3_600_000)).is_ok());
    });
}
