//! `kill -9` while committing: the test starts itself as the program that is killed.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test stops where it fails")]

mod house;

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use house::{NOW, by, entropy, of};
use lanyard_keys::HouseKind;
use lanyard_model::{Change, Kind};
use lanyard_secret::Secret;
use lanyard_store::{Mode, Store, StoreError};

const DIR: &str = "LANYARD_TEST_CRASH_DIR";
const KEY: &str = "LANYARD_TEST_CRASH_KEY";

/// What is killed: commits without end, and says after each transaction how far it is. Does nothing in a plain test run.
#[test]
fn the_program_that_is_killed() {
    let (Ok(dir), Ok(key)) = (std::env::var(DIR), std::env::var(KEY)) else { return };
    let key = Secret::from_slice(&hex::decode(key).unwrap()).unwrap();
    let mut store = Store::open(Path::new(&dir), &key, Mode::Write, entropy(17)).unwrap();
    store.set_signer(Some(Box::new(house::vault(HouseKind::Real).signer())));
    let first = store.view().count(Kind::Person).unwrap() + 1;
    for n in first.. {
        store
            .write::<_, StoreError>(|tx| {
                let person = of(Kind::Person, n);
                tx.commit(&house::person(person, "Eva", &format!("Name{n}"), "1"), &by(), NOW)?;
                let picture = tx.put_blob(&n.to_be_bytes().repeat(3_000), "image/png")?;
                tx.commit(&Change::new("person.changed", person).field("picture", picture), &by(), NOW)?;
                tx.journal_append(person.id, b"line")?;
                Ok(())
            })
            .unwrap();
        println!("COMMITTED {n}");
    }
}

fn start(dir: &Path, key: &Secret<32>) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["the_program_that_is_killed", "--exact", "--nocapture", "--test-threads=1"])
        .env(DIR, dir)
        .env(KEY, hex::encode(key.expose()))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

#[test]
fn a_store_whose_program_was_killed_while_committing_is_whole_and_has_all_that_was_promised() {
    let dir = tempfile::tempdir().unwrap();
    let (store, opened) = house::make(dir.path(), HouseKind::Real);
    store.close();
    let mut before = 0;
    for round in 0..12 {
        let mut child = start(dir.path(), &opened.store_key);
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        // Killed at another moment each time; what it still says before it dies was promised as well.
        let mut promised: u64 = before;
        let mut seen = 0;
        let mut killed = false;
        while let Some(Ok(line)) = lines.next() {
            if let Some((_, n)) = line.split_once("COMMITTED ") {
                promised = n.parse().unwrap();
                seen += 1;
            }
            if seen > round && !killed {
                std::thread::sleep(std::time::Duration::from_micros(round * 700));
                child.kill().unwrap();
                killed = true;
            }
        }
        assert!(!child.wait().unwrap().success());
        let store = Store::open(dir.path(), &opened.store_key, Mode::Write, entropy(1)).unwrap();
        let view = store.view();
        let people = view.count(Kind::Person).unwrap();
        assert!(people == promised || people == promised + 1, "round {round}: {people} of {promised}");
        // Each transaction is there with both entries, its blob and its journal line, or not at all.
        assert_eq!(store.check().unwrap(), 2 + 2 * people);
        for n in before + 1..=people {
            let record = view.required(of(Kind::Person, n)).unwrap();
            let blob = record.fields["picture"].as_blob().unwrap();
            assert!(view.blob(&blob).unwrap().is_some());
            assert_eq!(view.journal(record.of.id).unwrap().len(), 1);
            assert_eq!(
                view.search(&format!("name{n} eva"), 50).unwrap().iter().filter(|r| r.of == record.of).count(),
                1
            );
        }
        before = people;
    }
}
