//! A disk that is full: on a small tmpfs of the test's own, which takes root.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test stops where it fails")]

mod house;
#[path = "../../../tests/src/disk.rs"]
mod small_disk;

use house::{NOW, by, entropy, of};
use lanyard_fault::Coded;
use lanyard_keys::HouseKind;
use lanyard_model::{Change, Kind};
use lanyard_store::{Mode, Store, StoreError};
use small_disk::SmallDisk;

#[test]
fn a_full_disk_while_committing_is_said_changes_nothing_and_is_over_when_there_is_room() {
    let at = tempfile::tempdir().unwrap();
    let disk = SmallDisk::mount(at.path(), "4M");
    let dir = at.path().join("house");
    let (mut store, opened) = house::make(&dir, HouseKind::Real);
    let person = of(Kind::Person, 1);
    store.write(|tx| tx.commit(&house::person(person, "Anna", "Müller", "1"), &by(), NOW)).unwrap();
    let before = store.view().head().unwrap();
    for free in [0, 4096, 16_384, 65_536] {
        disk.fill(free);
        let failed = store.write(|tx| {
            let picture = tx.put_blob(&vec![7; 200_000], "image/png")?;
            tx.commit(&Change::new("person.changed", person).field("picture", picture), &by(), NOW)
        });
        assert_eq!(failed.unwrap_err().code(), "store.disk.full", "{free} bytes free");
        let view = store.view();
        assert_eq!(view.head().unwrap(), before);
        assert!(!view.required(person).unwrap().fields.contains_key("picture"));
        assert_eq!(store.check().unwrap(), before.0);
    }
    disk.fill(0);
    // The write-ahead log that is there already has some room in it.
    let full = (0..100).find_map(|_| store.journal_append(person.id, &[1; 60_000]).err());
    assert_eq!(full.unwrap().code(), "store.disk.full");
    let backup = store.backup(&at.path().join("backup"), &opened.store_key).unwrap_err();
    assert_eq!(backup.code(), "store.disk.full");
    let slots = lanyard_store::read_slots(&dir).unwrap();
    assert_eq!(store.write_slots(&slots).unwrap_err().code(), "store.disk.full");
    assert_eq!(lanyard_store::read_slots(&dir).unwrap(), slots, "the old slots are still there");
    // A house whose disk is full can still be opened and read.
    drop(store);
    let mut store = Store::open(&dir, &opened.store_key, Mode::Write, entropy(1)).unwrap();
    assert_eq!(store.view().search("anna", 5).unwrap().len(), 1);
    disk.empty();
    store.set_signer(Some(Box::new(house::vault(HouseKind::Real).signer())));
    store
        .write::<_, StoreError>(|tx| {
            let picture = tx.put_blob(&vec![7; 200_000], "image/png")?;
            tx.commit(&Change::new("person.changed", person).field("picture", picture), &by(), NOW)
        })
        .unwrap();
    assert_eq!(store.check().unwrap(), before.0 + 1);
}

#[test]
fn a_house_on_a_disk_that_cannot_be_written_is_read_and_a_writer_is_told_so() {
    let at = tempfile::tempdir().unwrap();
    let disk = SmallDisk::mount(at.path(), "16M");
    // As a URI has it, these would be its own.
    let [dir, torn] = ["a house? 100%#1", "torn"].map(|name| at.path().join(name));
    let (mut store, opened) = house::make(&dir, HouseKind::Real);
    let anna = house::person(of(Kind::Person, 1), "Anna", "Müller", "1");
    store.write(|tx| tx.commit(&anna, &by(), NOW)).unwrap();
    // As a writer leaves it that is killed: the last change is in the write-ahead log alone.
    std::fs::create_dir(&torn).unwrap();
    for name in ["store.db", "store.db-wal", "store.db-shm", "slots.json"] {
        std::fs::copy(dir.join(name), torn.join(name)).unwrap();
    }
    store.close();
    disk.protect();

    let open = |dir: &std::path::Path, mode| Store::open(dir, &opened.store_key, mode, entropy(1));
    let reader = open(&dir, Mode::Read).unwrap();
    assert_eq!(reader.view().search("anna", 5).unwrap().len(), 1);
    assert_eq!(reader.check().unwrap(), 3);
    let refused = open(&dir, Mode::Write).err().unwrap();
    assert_eq!((refused.code(), refused.details()), ("store.not_writable", vec![("place", dir.display().to_string())]));
    assert_eq!(open(&torn, Mode::Read).unwrap().view().search("anna", 5).unwrap().len(), 1);
    let new = at.path().join("new");
    let made = Store::create(
        &new,
        &house::new_house(HouseKind::Real),
        &lanyard_store::read_slots(&dir).unwrap(),
        &opened.store_key,
        Box::new(house::vault(HouseKind::Real).signer()),
        entropy(1),
    );
    assert_eq!(made.err().map(|error| error.code()), Some("store.not_writable"));
}

#[test]
fn a_house_that_does_not_fit_is_said_to_when_it_is_made() {
    let at = tempfile::tempdir().unwrap();
    let disk = SmallDisk::mount(at.path(), "256K");
    disk.fill(20_000);
    let (slots, opened, _) =
        lanyard_keys::Slots::create(lanyard_model::Id([1; 16]), lanyard_keys::Cost::TEST, &mut *entropy(3)).unwrap();
    let dir = at.path().join("house");
    let make = || {
        let signer = Box::new(house::vault(HouseKind::Real).signer());
        Store::create(&dir, &house::new_house(HouseKind::Real), &slots, &opened.store_key, signer, entropy(1))
    };
    assert_eq!(make().err().map(|error| error.code()), Some("store.disk.full"));
    disk.empty();
    disk.resize("8M");
    assert!(make().is_ok(), "nothing half made is in the way");
}
