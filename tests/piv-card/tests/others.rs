//! Our PIV code, through the real pcscd, on a card that others wrote; and what came of it, looked at with the programs of
//! others: yubico-piv-tool, OpenSC's pkcs11-tool, openssl.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::path::Path;
use std::process::{Child, Command};

use lanyard_apdu::{DriveError, drive};
use lanyard_device::{Channel, DeviceError, Reader, ReaderEvent};
use lanyard_pcsc::{PcscReader, Watcher, readers};
use lanyard_piv::{
    CardCapability, Chuid, Fascn, KeyAlgorithm, ManagementAlgorithm, ManagementHolder, ManagementKey, Operation, Pin,
    PivError, PublicKey, Puk, Refusal, SignInput, Slot, personalise, probe, secrets, slot,
};
use lanyard_secret::SecretBytes;
use lanyard_tests::programs::{fails, succeeds, yubico};
use lanyard_tests::vpcd::Pcscd;
use tempfile::TempDir;

/// The tools of Yubico look for readers by this name.
const READER: &str = "Yubico YubiKey Test";
const CHALLENGE: [u8; 16] = [0xC3; 16];
const MANAGEMENT: [u8; 24] = *b"a management key, ours!!";
const PUK: &str = "27182818";
const PIN: &str = "314159";
const OPENSC: &str = "/usr/lib/x86_64-linux-gnu/opensc-pkcs11.so";

fn ours() -> ManagementKey {
    ManagementKey::new(ManagementAlgorithm::Tdes, SecretBytes::new(MANAGEMENT.to_vec())).unwrap()
}

fn puk() -> Puk {
    Puk::new(PUK.as_bytes()).unwrap()
}

fn pin() -> Pin {
    Pin::new(PIN.as_bytes()).unwrap()
}

/// The card, as a process of its own on a reader; ending it takes the card off.
struct Card(Child);

impl Card {
    fn lay(pcscd: &Pcscd) -> Self {
        let port = pcscd.port(READER).unwrap().to_string();
        Self(Command::new(env!("CARGO_BIN_EXE_piv-card")).args(["--port", &port]).spawn().unwrap())
    }

    fn pull(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for Card {
    fn drop(&mut self) {
        self.pull();
    }
}

fn wait_for_card(reader: &mut PcscReader) -> Vec<u8> {
    for _ in 0..20 {
        if let Some(ReaderEvent::Present { atr }) = reader.wait(2_000).unwrap() {
            return atr;
        }
    }
    panic!("the card does not come");
}

fn run<T>(channel: &mut dyn Channel, mut operation: Operation<T>) -> Result<T, PivError> {
    match drive(&mut operation, |command| channel.transmit(command)) {
        Ok(value) => Ok(value),
        Err(DriveError::Script(error)) => Err(error),
        Err(error) => panic!("{error:?}"),
    }
}

fn pkcs11<'a>(arguments: &[&'a str]) -> Vec<&'a str> {
    [&["--module", OPENSC][..], arguments].concat()
}

/// A certificate for the card's key by a throw-away CA: DER, and the files of the folder by name.
fn certify(folder: &Path, key: &PublicKey) -> Vec<u8> {
    let path = |name: &str| folder.join(name).display().to_string();
    std::fs::write(path("key.der"), key.spki()).unwrap();
    succeeds("openssl", &["pkey", "-pubin", "-inform", "DER", "-in", &path("key.der"), "-out", &path("key.pem")]);
    let curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
    let names = ["-subj", "/CN=Throw-away CA", "-keyout", &path("ca.key"), "-out", &path("ca.pem"), "-days", "30"];
    succeeds("openssl", &[&["req", "-x509"][..], &curve, &names].concat());
    succeeds(
        "openssl",
        &[
            "x509",
            "-new",
            "-force_pubkey",
            &path("key.pem"),
            "-subj",
            "/CN=Ada Lovelace",
            "-CA",
            &path("ca.pem"),
            "-CAkey",
            &path("ca.key"),
            "-days",
            "20",
            "-out",
            &path("card.pem"),
        ],
    );
    succeeds("openssl", &["verify", "-CAfile", &path("ca.pem"), &path("card.pem")]);
    succeeds("openssl", &["x509", "-in", &path("card.pem"), "-outform", "DER", "-out", &path("card.der")]);
    std::fs::read(path("card.der")).unwrap()
}

fn personalise_card(channel: &mut dyn Channel, folder: &Path) -> Vec<u8> {
    let seen = run(channel, probe::probe(vec![ours()], CHALLENGE)).unwrap();
    assert_eq!(seen.management, ManagementHolder::Factory(ManagementAlgorithm::Tdes));
    assert!(seen.is_blank(), "{seen:?}");
    // A factory card is one that must not go out.
    let refusals = run(channel, personalise::refuses_defaults(CHALLENGE)).unwrap();
    assert_eq!([refusals.pin, refusals.puk, refusals.management], [Refusal::Accepted; 3]);

    run(channel, personalise::take_over(ours(), CHALLENGE)).unwrap();
    run(channel, personalise::own_puk(puk(), seen.management)).unwrap();
    run(channel, personalise::own_puk(puk(), ManagementHolder::Ours(0))).unwrap();
    run(channel, personalise::own_pin(puk(), pin())).unwrap();
    let chuid = Chuid::new(Fascn::NON_FEDERAL, *b"one badge's GUID", (2031, 11, 30)).unwrap();
    run(channel, personalise::identify(chuid, CardCapability { number: [9; 14] })).unwrap();
    let key = run(channel, slot::generate(Slot::Authentication, KeyAlgorithm::P256)).unwrap();
    let certificate = certify(folder, &key);
    run(channel, personalise::write_certificate(Slot::Authentication, &certificate)).unwrap();

    let refusals = run(channel, personalise::refuses_defaults(CHALLENGE)).unwrap();
    refusals.proven().unwrap();
    assert_eq!(refusals.pin, Refusal::Refused { left: Some(2) });
    run(channel, personalise::restore_tries(puk(), pin())).unwrap();
    certificate
}

#[test]
fn a_card_that_others_wrote_is_personalised_and_others_find_it_in_order() {
    let pcscd = Pcscd::start(&[READER]).unwrap();
    let _card = Card::lay(&pcscd);
    let folder = TempDir::new().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let mut reader = PcscReader::named(&pcscd.reader(READER)).unwrap();
    wait_for_card(&mut reader);
    let mut channel = reader.open().unwrap();
    assert!(channel.uid().unwrap().is_empty());
    let certificate = personalise_card(channel.as_mut(), folder.path());

    // A signature of the card over a message, by our code.
    std::fs::write(path("message"), b"I am who I say I am").unwrap();
    let digest = succeeds("openssl", &["dgst", "-sha256", "-r", &path("message")]);
    let digest: [u8; 32] = hex::decode(&digest[..64]).unwrap().try_into().unwrap();
    let sign = personalise::sign_with_pin(pin(), Slot::Authentication, SignInput::P256(digest));
    std::fs::write(path("ours.sig"), run(channel.as_mut(), sign).unwrap()).unwrap();
    let check = |signature: &str| {
        let (key, signature, message) = (path("key.pem"), path(signature), path("message"));
        succeeds("openssl", &["dgst", "-sha256", "-verify", &key, "-signature", &signature, &message]);
    };
    check("ours.sig");

    // Dropped, the channel lets others in, and the card has forgotten PIN and management key.
    drop(channel);
    let mut channel = reader.open().unwrap();
    run(channel.as_mut(), probe::select()).unwrap();
    let sign = slot::sign(Slot::Authentication, SignInput::P256(digest));
    assert_eq!(run(channel.as_mut(), sign), Err(PivError::Denied { step: "sign" }));
    let mut second = PcscReader::named(&pcscd.reader(READER)).unwrap();
    assert!(matches!(second.open(), Err(DeviceError::Busy { .. })), "the card was let in twice");
    drop(channel);

    let status = succeeds("yubico-piv-tool", &yubico(&["-a", "status"]));
    for expected in ["Ada Lovelace", "ECCP256", &hex::encode("one badge's GUID"), "PIN tries left:\t3"] {
        assert!(status.contains(expected), "{expected}:\n{status}");
    }
    succeeds("yubico-piv-tool", &yubico(&["-a", "read-certificate", "-s", "9a", "-o", &path("read.pem")]));
    succeeds("openssl", &["x509", "-in", &path("read.pem"), "-outform", "DER", "-out", &path("read.der")]);
    assert_eq!(std::fs::read(path("read.der")).unwrap(), certificate);

    let objects = succeeds("pkcs11-tool", &pkcs11(&["--login", "--pin", PIN, "--list-objects"]));
    assert!(objects.contains("Private Key Object; EC") && objects.contains("Certificate Object"), "{objects}");
    std::fs::write(path("digest"), digest).unwrap();
    let (input, output) = (path("digest"), path("theirs.sig"));
    let sign = ["--sign", "--mechanism", "ECDSA", "--signature-format", "openssl", "--id", "01"];
    let files = ["--login", "--pin", PIN, "--input-file", &input, "--output-file", &output];
    succeeds("pkcs11-tool", &pkcs11(&[&sign[..], &files].concat()));
    check("theirs.sig");

    // The defaults, tried by others.
    fails("yubico-piv-tool", &yubico(&["-a", "verify-pin", "-P", "123456"]));
    fails("yubico-piv-tool", &yubico(&["-a", "change-puk", "-P", "12345678", "-N", "87654321"]));
    fails("yubico-piv-tool", &yubico(&["-a", "set-ccc"]));
    // And ours.
    succeeds("yubico-piv-tool", &yubico(&["-a", "verify-pin", "-P", PIN]));
    let key = format!("--key={}", hex::encode(MANAGEMENT));
    succeeds("yubico-piv-tool", &yubico(&[&key, "-a", "set-ccc"]));
}

#[test]
fn a_pulled_card_says_so_and_the_next_one_is_another() {
    let pcscd = Pcscd::start(&[READER]).unwrap();
    let mut reader = PcscReader::named(&pcscd.reader(READER)).unwrap();
    assert_eq!(reader.wait(0).unwrap(), Some(ReaderEvent::Empty));
    assert!(matches!(reader.open(), Err(DeviceError::NoCard { .. })));

    let mut card = Card::lay(&pcscd);
    let atr = wait_for_card(&mut reader);
    let mut channel = reader.open().unwrap();
    assert_eq!(channel.atr(), atr);
    run(channel.as_mut(), probe::select()).unwrap();
    assert_eq!(run(channel.as_mut(), secrets::pin_state()), Ok(lanyard_piv::PinState::Left(3)));
    card.pull();
    let mut gone = None;
    for _ in 0..200 {
        gone = channel.transmit(&[0x00, 0x20, 0x00, 0x80]).err();
        if gone.is_some() {
            break;
        }
    }
    assert_eq!(gone, Some(DeviceError::CardGone { reader: reader.name().to_owned() }));
    drop(channel);
    // The reader notices by itself, and another card is a card again.
    while reader.wait(2_000).unwrap() != Some(ReaderEvent::Empty) {}
    let _another = Card::lay(&pcscd);
    wait_for_card(&mut reader);
    assert!(reader.open().is_ok());
}

#[test]
fn readers_are_listed_and_a_watcher_can_be_stopped() {
    let pcscd = Pcscd::start(&[READER, "Second reader"]).unwrap();
    let mut listed: Vec<String> = readers().unwrap().iter().map(|reader| reader.name().to_owned()).collect();
    let mut watcher = Watcher::new();
    let lanyard_pcsc::Change::Readers(mut told) = watcher.next_change().unwrap() else { panic!("cancelled") };
    listed.sort();
    told.sort();
    assert_eq!(listed, told);
    assert!(told.contains(&pcscd.reader("Second reader")));

    let canceller = watcher.canceller();
    let thread = std::thread::spawn(move || watcher.next_change());
    canceller.cancel();
    assert_eq!(thread.join().unwrap(), Ok(lanyard_pcsc::Change::Cancelled));
}

#[test]
fn a_service_that_ends_is_said_to_be_gone_and_taken_up_when_it_is_back() {
    let pcscd = Pcscd::start(&[READER]).unwrap();
    let mut reader = PcscReader::named(&pcscd.reader(READER)).unwrap();
    reader.wait(0).unwrap();
    let mut watcher = Watcher::new();
    watcher.next_change().unwrap();
    drop(pcscd);
    let gone = DeviceError::Gone { device: lanyard_pcsc::SERVICE.to_owned() };
    assert_eq!(readers().err(), Some(gone.clone()));
    assert_eq!(watcher.next_change(), Err(gone.clone()));
    assert_eq!(reader.wait(100), Err(gone));

    let _again = Pcscd::start(&[READER]).unwrap();
    assert_eq!(reader.wait(0).unwrap(), Some(ReaderEvent::Empty));
    assert!(matches!(watcher.next_change(), Ok(lanyard_pcsc::Change::Readers(_))));
}
