//! Keys in the memory of a station that writes a real card: there while they are needed, gone when they are not, and never
//! in a file, on standard error, or in a dump.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "a test fails by panicking, and counts")]

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Mutex;
use std::sync::mpsc::channel;

use lanyard_keys::{HouseKind, Vault};
use lanyard_store::{Mode, Store, read_slots};
use lanyard_tests::house::{PASSWORD, password};
use lanyard_tests::memory::Memory;
use lanyard_tests::real_desk::{Desk, LEFT, RIGHT};
use lanyard_tests::watched::Watched;
use lanyard_virtual::{ApduCard, DesfireCard};

/// The exchange at which the card keeps the station waiting: the master key is changed, the application is being made.
const IN_THE_MIDDLE: usize = 14;

/// The station, in a process of its own.
struct Hand {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Hand {
    fn start(desk: &Desk, log: &Path, temporary: &Path) -> Self {
        let password = desk.path("password");
        let mut child = Command::new(env!("CARGO_BIN_EXE_station-in-hand"))
            .arg(desk.home.path())
            .arg(password)
            .env("TMPDIR", temporary)
            .env("RUST_BACKTRACE", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(std::fs::File::create(log).unwrap())
            .spawn()
            .unwrap();
        let (input, output) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
        Self { child, input, output }
    }

    fn begin(&mut self, line: &str) {
        writeln!(self.input, "{line}").unwrap();
    }

    /// What it has to say, where it has anything to say.
    fn done(&mut self) -> String {
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        line.strip_prefix("done ").unwrap_or_else(|| panic!("{line}")).trim().to_owned()
    }

    fn does(&mut self, line: &str) {
        self.begin(line);
        self.done();
    }

    fn memory(&self) -> Memory {
        Memory::of(self.child.id())
    }
}

impl Drop for Hand {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What nobody but the station, and for some of it the card, may know.
struct Secrets {
    store: Vec<u8>,
    vault: Vec<u8>,
    masters: Vec<(String, Vec<u8>)>,
    card: Vec<(String, Vec<u8>)>,
    pin: Vec<u8>,
}

impl Secrets {
    fn of(desk: &Desk, pin: Vec<u8>) -> Self {
        let house = desk.home.house(false);
        let slots = read_slots(&house).unwrap();
        let opened = slots.operators().find_map(|operator| slots.open(operator, &password(PASSWORD)).ok()).unwrap();
        let nothing = Box::new(|_: &mut [u8]| unreachable!("nothing is made"));
        let store = Store::open(&house, &opened.store_key, Mode::Read, nothing).unwrap();
        let vault = Vault::open(&store.view().vault().unwrap().unwrap(), &opened.vault_key, HouseKind::Real).unwrap();
        let masters: Vec<(String, Vec<u8>)> = vault
            .keys()
            .filter_map(|status| {
                let key = vault.undiversified(&status.of).ok()?;
                Some((format!("master {}", status.of.name), key.expose().to_vec()))
            })
            .collect();
        let card = desk.card.lock().unwrap();
        let aids = std::iter::once([0; 3]).chain(card.applications());
        let card = aids.flat_map(|aid| (0..14).map(move |number| (aid, number))).filter_map(|(aid, number)| {
            let key = card.key(aid, number)?;
            Some((format!("card key {} {number}", hex::encode(aid)), key.bytes))
        });
        let (store, vault) = (opened.store_key.expose().to_vec(), opened.vault_key.expose().to_vec());
        Self { store, vault, masters, card: card.collect(), pin }
    }

    /// Those that are of no use once nobody is signed in.
    fn of_a_session(&self) -> Vec<(String, Vec<u8>)> {
        let mut all =
            vec![("vault key".to_owned(), self.vault.clone()), ("password".to_owned(), PASSWORD.as_bytes().to_vec())];
        all.extend(self.masters.iter().chain(&self.card).cloned());
        all
    }

    fn all(&self) -> Vec<(String, Vec<u8>)> {
        let mut all = self.of_a_session();
        all.push(("store key".to_owned(), self.store.clone()));
        all
    }
}

/// What of it is found, as it is or in hexadecimal digits.
fn found(memory: &Memory, secrets: &[(String, Vec<u8>)]) -> Vec<String> {
    let mut found = Vec::new();
    for (name, bytes) in secrets {
        for form in [bytes.clone(), hex::encode(bytes).into_bytes(), hex::encode_upper(bytes).into_bytes()] {
            found.extend(memory.places(&form).into_iter().map(|place| format!("{name}: {place}")));
        }
    }
    found
}

#[test]
fn a_key_is_in_the_memory_of_the_station_while_it_is_used_and_nowhere_afterwards() {
    let desk = Desk::new();
    desk.add_printer();
    desk.prove_backup();
    let (reached, stands) = channel();
    let (let_go, go_on) = channel();
    let mut exchanges = 0;
    let laid = desk.lay(Watched::new(&desk.card, move |card: &Mutex<DesfireCard>, command: &[u8]| {
        exchanges += 1;
        if exchanges == IN_THE_MIDDLE {
            let _ = reached.send(());
            let _ = go_on.recv();
        }
        card.lock().unwrap().transmit(command)
    }));
    let _chip = desk.lay_chip();
    let temporary = tempfile::tempdir().unwrap();
    let log = desk.folder.path().join("log");
    let mut hand = Hand::start(&desk, &log, temporary.path());

    hand.does("sign-in");
    let signed_in = hand.memory();
    hand.begin(&format!("issue {}|{}", desk.reader(LEFT), desk.reader(RIGHT)));
    stands.recv().unwrap();
    let in_use = hand.memory();
    let_go.send(()).unwrap();
    let pin = hex::decode(hand.done()).unwrap().into_iter().map(|digit| digit ^ 0x55).collect();
    let issued = hand.memory();
    hand.does("lock");
    let locked = hand.memory();
    hand.does("end");
    let ended = hand.memory();

    let secrets = Secrets::of(&desk, pin);
    assert!(secrets.masters.len() >= 3 && secrets.card.len() >= 4, "{}", secrets.card.len());
    let control = desk.folder.path().join("control");
    std::fs::write(&control, secrets.all().iter().flat_map(|(_, bytes)| bytes.clone()).collect::<Vec<u8>>()).unwrap();
    hand.does(&format!("keep {}", control.display()));
    let kept = hand.memory();
    for (name, bytes) in secrets.all() {
        assert!(!kept.places(&bytes).is_empty(), "{name}: what is kept is not found, so the search finds nothing");
    }
    for (name, bytes) in secrets.masters.iter().chain([("vault key".to_owned(), secrets.vault.clone())].iter()) {
        assert!(!in_use.places(bytes).is_empty(), "{name} is not in memory while a card is written with it");
    }
    assert_eq!(secrets.pin.len(), 6);
    println!("{} MB of memory looked through at each of six moments", issued.len() >> 20);

    let password = [("password".to_owned(), PASSWORD.as_bytes().to_vec())];
    let mut wrong = Vec::new();
    for (moment, memory, secrets) in [
        ("signed in", &signed_in, password.as_slice()),
        (
            "the badge is issued",
            &issued,
            &[&password[..], &secrets.card, &[("PIN".to_owned(), secrets.pin.clone())]].concat(),
        ),
        ("locked", &locked, &secrets.of_a_session()),
        ("ended", &ended, &secrets.all()),
    ] {
        wrong.extend(found(memory, secrets).into_iter().map(|what| format!("{moment}: {what}")));
    }
    laid.lift();
    nothing_of_it_is_in_a_file(&desk, &secrets, &[&log, temporary.path(), desk.home.path()]);
    assert!(wrong.is_empty(), "{} places\n{}", wrong.len(), wrong.join("\n"));
}

fn nothing_of_it_is_in_a_file(desk: &Desk, secrets: &Secrets, places: &[&Path]) {
    let mut files = 0;
    let mut folders: Vec<_> = places.iter().map(|place| place.to_path_buf()).collect();
    while let Some(path) = folders.pop() {
        if path.is_dir() {
            folders.extend(std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
            continue;
        }
        files += 1;
        let bytes = std::fs::read(&path).unwrap();
        for (name, secret) in secrets.all() {
            for form in [secret.clone(), hex::encode(&secret).into_bytes(), hex::encode_upper(&secret).into_bytes()] {
                assert!(memchr::memmem::find(&bytes, &form).is_none(), "{name} is in {}", path.display());
            }
        }
    }
    assert!(desk.home.house(false).join("store.db").exists() && files >= 3, "{files} files");
}
