//! A house's folder: who may open it, how, beside whom; backup and restore.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test stops where it fails")]

mod house;

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use house::{House, NOW, entropy, id};
use lanyard_fault::Coded;
use lanyard_keys::{Cost, HouseKind, Slots, Vault};
use lanyard_model::{Change, Kind};
use lanyard_secret::{Secret, SecretBytes};
use lanyard_store::{Mode, Store, StoreError, is_house, read_slots, restore};

fn open(dir: &Path, key: &Secret<32>, mode: Mode) -> Result<Store, StoreError> {
    Store::open(dir, key, mode, entropy(1))
}

fn code<T>(result: Result<T, StoreError>) -> &'static str {
    result.err().map_or("ok", |error| error.code())
}

#[test]
fn only_the_owner_can_read_a_house() {
    let house = House::new();
    assert_eq!(house.dir.path().metadata().unwrap().permissions().mode() & 0o777, 0o700);
    for file in std::fs::read_dir(house.dir.path()).unwrap() {
        let file = file.unwrap();
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{:?}", file.file_name());
    }
    let names: Vec<_> =
        ["store.db", "slots.json", "lock"].iter().filter(|n| house.dir.path().join(n).exists()).collect();
    assert_eq!(names.len(), 3);
}

#[test]
fn nothing_readable_lies_on_the_disk() {
    let mut house = House::new();
    house.person(1, "Kunigunde", "Wolkenstein");
    for file in std::fs::read_dir(house.dir.path()).unwrap() {
        let path = file.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        for text in [&b"Kunigunde"[..], b"wolkenstein", b"person.created", b"SQLite format 3", b"CREATE TABLE"] {
            assert!(!bytes.windows(text.len()).any(|w| w == text), "{path:?}");
        }
    }
}

#[test]
fn a_second_writer_is_told_that_the_house_is_in_use_and_a_reader_sees_what_is_committed() {
    let mut house = House::new();
    house.person(1, "Anna", "Müller");
    assert_eq!(code(open(house.dir.path(), house.key(), Mode::Write)), "store.in_use");
    let mut reader = house.reader();
    assert_eq!(reader.view().search("anna", 5).unwrap().len(), 1);
    house.person(2, "Anna", "Maier");
    assert_eq!(reader.view().search("anna", 5).unwrap().len(), 2);
    assert_eq!(code(reader.write::<_, StoreError>(|tx| tx.next_number("card"))), "store.read_only");
    assert_eq!(code(reader.write_slots(&read_slots(house.dir.path()).unwrap())), "store.read_only");
    let House { dir, opened, store } = house;
    store.close();
    assert!(open(dir.path(), &opened.store_key, Mode::Write).is_ok(), "free again");
}

#[test]
fn a_reader_alone_opens_a_house_that_was_closed_and_one_whose_writer_died() {
    let House { dir, opened, mut store } = House::new();
    let person = house::person(house::of(Kind::Person, 1), "Anna", "Müller", "1");
    store.write(|tx| tx.commit(&person, &house::by(), NOW)).unwrap();
    // As after a kill: what is committed lies in the write-ahead log only.
    let died = tempfile::tempdir().unwrap();
    for name in ["store.db", "store.db-wal", "slots.json"] {
        std::fs::copy(dir.path().join(name), died.path().join(name)).unwrap();
    }
    store.close();
    for dir in [dir.path(), died.path()] {
        let reader = open(dir, &opened.store_key, Mode::Read).unwrap();
        assert_eq!(reader.view().search("anna", 5).unwrap().len(), 1);
    }
}

#[test]
fn a_wrong_key_a_newer_store_and_a_folder_without_a_house_are_told_apart() {
    let House { dir, opened, store } = House::new();
    store.close();
    let path = dir.path();
    assert_eq!(code(open(path, &Secret::from_slice(&[7; 32]).unwrap(), Mode::Write)), "store.key.wrong");
    assert_eq!(code(open(&path.join("none"), &opened.store_key, Mode::Write)), "store.missing");
    let (slots, other, _) = Slots::create(id(1), Cost::TEST, &mut *entropy(5)).unwrap();
    let signer = Box::new(house::vault(HouseKind::Real).signer());
    let again = Store::create(path, &house::new_house(HouseKind::Real), &slots, &other.store_key, signer, entropy(1));
    assert_eq!(code(again), "store.exists");
    {
        let hex = hex::encode(opened.store_key.expose());
        let conn = rusqlite::Connection::open(path.join("store.db")).unwrap();
        conn.execute_batch(&format!("PRAGMA key = \"x'{hex}'\"; PRAGMA user_version = 9;")).unwrap();
    }
    for mode in [Mode::Write, Mode::Read] {
        let Err(error) = open(path, &opened.store_key, mode) else { panic!("a newer store was opened") };
        assert_eq!(error.code(), "store.newer");
        assert_eq!(error.details(), [("found", "9".to_owned()), ("known", "1".to_owned())]);
    }
}

#[test]
fn a_flipped_byte_anywhere_in_the_database_is_found() {
    let House { dir, opened, mut store } = House::new();
    for n in 1..50 {
        let person = house::person(house::of(Kind::Person, n), "Anna", "Müller", "1");
        store.write(|tx| tx.commit(&person, &house::by(), NOW)).unwrap();
    }
    store.close();
    let path = dir.path().join("store.db");
    let good = std::fs::read(&path).unwrap();
    for at in (0..good.len()).step_by(good.len() / 23) {
        let mut bad = good.clone();
        bad[at] ^= 0x40;
        std::fs::write(&path, &bad).unwrap();
        let checked = open(dir.path(), &opened.store_key, Mode::Read).and_then(|store| store.check());
        assert!(checked.is_err(), "byte {at}");
    }
    std::fs::write(&path, &good).unwrap();
    assert_eq!(open(dir.path(), &opened.store_key, Mode::Read).unwrap().check().unwrap(), 51);
}

#[test]
fn a_row_changed_by_hand_is_found_although_its_page_verifies() {
    for sql in [
        "UPDATE entry SET bytes = (SELECT bytes FROM entry WHERE seq = 2) WHERE seq = 3",
        "DELETE FROM entry WHERE seq = 3",
        "UPDATE opening SET value = x'6158' WHERE field = 'given_name'",
        "UPDATE writer SET seq = 2",
        "UPDATE log SET frontier = zeroblob(64)",
    ] {
        let mut house = House::new();
        house.person(1, "Anna", "Müller");
        let House { dir, opened, store } = house;
        store.close();
        {
            let hex = hex::encode(opened.store_key.expose());
            let conn = rusqlite::Connection::open(dir.path().join("store.db")).unwrap();
            conn.execute_batch(&format!("PRAGMA key = \"x'{hex}'\"; {sql}")).unwrap();
        }
        let checked = open(dir.path(), &opened.store_key, Mode::Read).and_then(|store| store.check());
        assert!(matches!(checked, Err(StoreError::Damaged { .. })), "{sql}");
    }
}

#[test]
fn a_restored_backup_opens_with_the_same_password_and_proves_its_keys() {
    let mut house = House::new();
    let anna = house.person(1, "Anna", "Müller");
    let password = SecretBytes::new(b"correct horse".to_vec());
    let mut slots = read_slots(house.dir.path()).unwrap();
    slots.add(id(7), &password, &house.opened, Cost::TEST, &mut *entropy(4)).unwrap();
    house.store.write_slots(&slots).unwrap();
    let mut vault = house::vault(HouseKind::Real);
    let sealed = vault.seal(&house.opened.vault_key, &mut *entropy(5)).unwrap();
    house.store.write::<_, StoreError>(|tx| tx.seal_vault(&sealed)).unwrap();

    let away = tempfile::tempdir().unwrap();
    let (backup, restored) = (away.path().join("backup"), away.path().join("restored"));
    house.store.backup(&backup, house.key()).unwrap();
    house.commit(&Change::new("person.changed", anna).field("unit", "after the backup"));
    assert_eq!(code(house.store.backup(&backup, house.key())), "store.exists");

    let opened = read_slots(&backup).unwrap().open(id(7), &password).unwrap();
    assert_eq!(restore(&backup, &restored, &opened.store_key, entropy(6)).unwrap(), 3);
    assert_eq!(code(restore(&backup, &restored, &opened.store_key, entropy(6))), "store.exists");
    assert!(is_house(&restored).unwrap());
    let back = open(&restored, &opened.store_key, Mode::Write).unwrap();
    let record = back.view().required(anna).unwrap();
    assert_eq!((record.text("family_name"), record.text("unit")), ("Müller", ""));
    assert_eq!(back.view().search("mueller", 5).unwrap().len(), 1);
    let from_backup = Vault::open(&back.view().vault().unwrap().unwrap(), &opened.vault_key, HouseKind::Real).unwrap();
    assert_eq!(vault.prove_backup(&from_backup, NOW).unwrap().len(), 1);
    for name in ["store.db", "slots.json"] {
        assert_eq!(restored.join(name).metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }
}

#[test]
fn a_damaged_backup_is_refused_and_leaves_nothing_behind() {
    let mut house = House::new();
    house.person(1, "Anna", "Müller");
    let away = tempfile::tempdir().unwrap();
    let (backup, restored) = (away.path().join("backup"), away.path().join("restored"));
    house.store.backup(&backup, house.key()).unwrap();
    let good = std::fs::read(backup.join("store.db")).unwrap();
    for at in [5_000, good.len() / 2, good.len() - 2_000] {
        let mut bad = good.clone();
        bad[at] ^= 1;
        std::fs::write(backup.join("store.db"), &bad).unwrap();
        let refused = restore(&backup, &restored, house.key(), entropy(6));
        assert!(refused.is_err(), "byte {at}");
        assert!(!restored.exists() || std::fs::read_dir(&restored).unwrap().next().is_none());
    }
    std::fs::write(backup.join("store.db"), &good).unwrap();
    let other = Slots::create(id(99), Cost::TEST, &mut *entropy(4)).unwrap().0;
    std::fs::write(backup.join("slots.json"), other.to_json()).unwrap();
    assert_eq!(code(restore(&backup, &restored, house.key(), entropy(6))), "store.backup.damaged");
    std::fs::write(backup.join("slots.json"), "{").unwrap();
    assert_eq!(code(restore(&backup, &restored, house.key(), entropy(6))), "store.backup.damaged");
}
