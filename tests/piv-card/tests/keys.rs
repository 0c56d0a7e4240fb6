//! Every kind of key that our code can ask for, made and used on a card that others wrote, in process; signatures checked
//! by openssl.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::process::Command;

use lanyard_apdu::{DriveError, drive};
use lanyard_piv::{
    KeyAlgorithm, ManagementAlgorithm, ManagementHolder, ManagementKey, Operation, Pin, PivError, SignInput, Slot,
    personalise, probe, secrets, slot,
};
use lanyard_piv_card::PivCard;
use lanyard_secret::SecretBytes;
use lanyard_virtual::ApduCard;
use tempfile::TempDir;

const CHALLENGE: [u8; 16] = [0x3C; 16];
const MESSAGE: &[u8] = b"I am who I say I am";

fn run<T>(card: &mut PivCard, mut operation: Operation<T>) -> Result<T, PivError> {
    match drive(&mut operation, |command| Ok::<_, ()>(card.transmit(command))) {
        Ok(value) => Ok(value),
        Err(DriveError::Script(error)) => Err(error),
        Err(error) => panic!("{error:?}"),
    }
}

fn openssl(arguments: &[&str]) -> Vec<u8> {
    let output = Command::new("openssl").args(arguments).output().unwrap();
    assert!(output.status.success(), "openssl {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// Makes a key in the slot, signs, and lets openssl check.
fn sign_and_check(slot: Slot, algorithm: KeyAlgorithm, hash: &str, input: impl FnOnce(&[u8]) -> SignInput) {
    let folder = TempDir::new().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    std::fs::write(path("message"), MESSAGE).unwrap();
    let digest = openssl(&["dgst", hash, "-binary", &path("message")]);

    let mut card = PivCard::new();
    card.power_on();
    run(&mut card, probe::probe(Vec::new(), CHALLENGE)).unwrap();
    let key = run(&mut card, slot::generate(slot, algorithm)).unwrap();
    assert_eq!(key.algorithm(), algorithm);
    let signature = run(&mut card, personalise::sign_with_pin(Pin::factory(), slot, input(&digest))).unwrap();

    std::fs::write(path("signature"), signature).unwrap();
    std::fs::write(path("key.der"), key.spki()).unwrap();
    openssl(&["pkey", "-pubin", "-inform", "DER", "-in", &path("key.der"), "-out", &path("key.pem")]);
    openssl(&["dgst", hash, "-verify", &path("key.pem"), "-signature", &path("signature"), &path("message")]);
}

#[test]
fn a_p256_key_in_the_signature_slot_signs() {
    sign_and_check(Slot::Signature, KeyAlgorithm::P256, "-sha256", |digest| {
        SignInput::P256(digest.try_into().unwrap())
    });
}

#[test]
fn a_p384_key_signs() {
    let input = |digest: &[u8]| SignInput::P384(digest.try_into().unwrap());
    sign_and_check(Slot::Authentication, KeyAlgorithm::P384, "-sha384", input);
}

#[test]
fn an_rsa_key_signs() {
    let input = |digest: &[u8]| SignInput::Rsa2048Sha256(digest.try_into().unwrap());
    sign_and_check(Slot::Authentication, KeyAlgorithm::Rsa2048, "-sha256", input);
}

#[test]
fn a_card_without_metadata_is_probed_all_the_same() {
    let mut card = PivCard::new();
    card.power_on();
    let key = || ManagementKey::new(ManagementAlgorithm::Aes256, SecretBytes::new((1..=32).collect())).unwrap();
    run(&mut card, probe::probe(Vec::new(), CHALLENGE)).unwrap();
    run(&mut card, personalise::take_over(key(), CHALLENGE)).unwrap();
    card.power_off();
    card.power_on();
    let seen = run(&mut card, probe::probe(vec![key()], CHALLENGE)).unwrap();
    assert_eq!(seen.management, ManagementHolder::Ours(0));
    let other = ManagementKey::new(ManagementAlgorithm::Aes256, SecretBytes::new(vec![7; 32])).unwrap();
    let seen = run(&mut card, probe::probe(vec![other], CHALLENGE)).unwrap();
    assert_eq!(seen.management, ManagementHolder::Foreign(Some(ManagementAlgorithm::Aes256)));
}

#[test]
fn a_power_cycle_forgets_pin_and_management_key_and_keeps_the_rest() {
    let mut card = PivCard::new();
    card.power_on();
    run(&mut card, probe::probe(Vec::new(), CHALLENGE)).unwrap();
    run(&mut card, slot::generate(Slot::Authentication, KeyAlgorithm::P256)).unwrap();
    run(&mut card, secrets::change_pin(Pin::factory(), Pin::new(b"314159").unwrap())).unwrap();
    card.power_off();
    card.power_on();
    run(&mut card, probe::select()).unwrap();
    assert_eq!(run(&mut card, secrets::pin_state()), Ok(secrets::PinState::Left(3)));
    let generate = slot::generate(Slot::Authentication, KeyAlgorithm::P256);
    assert_eq!(run(&mut card, generate), Err(PivError::Denied { step: "generate key" }));
    run(&mut card, secrets::verify_pin(Pin::new(b"314159").unwrap())).unwrap();
}
