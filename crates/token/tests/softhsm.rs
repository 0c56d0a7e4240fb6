//! Held against a real token that others wrote: SoftHSM2. It reads its configuration once a process, so each test runs in
//! a child process of its own, with a folder of tokens of its own.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test stops where it fails")]

use std::path::{Path, PathBuf};
use std::process::Command;

use lanyard_fault::Coded;
use lanyard_keys::{
    CheckValue, Derivation, DiversificationInput, HouseKind, KeyHome, KeyRef, KeySize, KeysError, ManagementAlgorithm,
    MasterKey, Vault,
};
use lanyard_model::{Id, UnixMs};
use lanyard_secret::{Secret, SecretBytes};
use lanyard_token::Token;

const DIR: &str = "LANYARD_TOKEN_TEST";
const PIN: &str = "271828";
const NOW: UnixMs = UnixMs(1_795_478_400_000);

fn library() -> PathBuf {
    let places = ["/usr/lib/softhsm/libsofthsm2.so", "/usr/lib64/pkcs11/libsofthsm2.so"].map(PathBuf::from);
    places.into_iter().find(|place| place.exists()).expect("softhsm2 is installed")
}

/// Runs `body` in a child with fresh tokens of these labels, all with [`PIN`].
fn alone(test: &str, labels: &[&str], body: fn()) {
    if std::env::var_os(DIR).is_some() {
        return body();
    }
    let dir = tempfile::tempdir().unwrap();
    let conf = dir.path().join("softhsm2.conf");
    std::fs::create_dir(dir.path().join("tokens")).unwrap();
    let text = format!("directories.tokendir = {}/tokens\nobjectstore.backend = file\n", dir.path().display());
    std::fs::write(&conf, text).unwrap();
    for label in labels {
        let made = Command::new("softhsm2-util")
            .args(["--init-token", "--free", "--label", label, "--pin", PIN, "--so-pin", "31415926"])
            .env("SOFTHSM2_CONF", &conf)
            .output()
            .unwrap();
        assert!(made.status.success(), "{made:?}");
    }
    let child = Command::new(std::env::current_exe().unwrap())
        .args([test, "--exact", "--nocapture"])
        .env("SOFTHSM2_CONF", &conf)
        .env(DIR, dir.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&child.stdout);
    assert!(child.status.success() && said.contains("1 passed"), "{said}\n{}", String::from_utf8_lossy(&child.stderr));
}

fn pin() -> SecretBytes {
    SecretBytes::new(PIN.into())
}

fn open() -> Token {
    Token::open(&library(), None, &pin()).unwrap()
}

fn key(name: &str, version: u8) -> KeyRef {
    KeyRef::new(name, version).unwrap()
}

fn entropy() -> impl FnMut(&mut [u8]) {
    let mut state = 7u64;
    move |bytes| {
        for byte in bytes {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            *byte = (state >> 56) as u8;
        }
    }
}

fn vector(id: &str) -> (Vec<u8>, Vec<u8>, Vec<u8>) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/vectors/vectors.json");
    let all: serde_json::Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let found = all["vectors"].as_array().unwrap().iter().find(|v| v["id"] == id).unwrap().clone();
    let bytes = |value: &serde_json::Value| hex::decode(value.as_str().unwrap()).unwrap();
    (
        bytes(&found["inputs"]["master_key"]),
        bytes(&found["inputs"]["div_input_M"]),
        bytes(&found["outputs"]["diversified_key"]),
    )
}

#[test]
fn the_card_key_out_of_the_token_is_that_of_the_published_vector_by_each_way_of_deriving() {
    alone(
        "the_card_key_out_of_the_token_is_that_of_the_published_vector_by_each_way_of_deriving",
        &["north gate"],
        || {
            let (master, input, card_key) = vector("an10922-aes128");
            let master = MasterKey::from_slice(&master).unwrap();
            let input = DiversificationInput::new(&input).unwrap();
            let mut token = open();
            assert_eq!(token.derives_by(), Derivation::TokenCmac, "SoftHSM2 has CKM_AES_CMAC");
            for (version, derivation) in
                [(1, Derivation::TokenCmac), (2, Derivation::TokenEcb), (3, Derivation::TokenCbc)]
            {
                token = token.deriving_by(derivation);
                let check = token.import(&key("desfire.master", version), &master).unwrap();
                assert_eq!(check, master.check_value(), "{derivation:?}");
                let derived = token.aes128(&key("desfire.master", version), &input).unwrap();
                assert_eq!(derived.expose()[..], card_key, "{derivation:?}");
            }
        },
    );
}

#[test]
fn every_length_of_input_gives_the_vaults_key_or_a_named_refusal() {
    alone("every_length_of_input_gives_the_vaults_key_or_a_named_refusal", &["north gate"], || {
        let mut vault = Vault::create(Id([1; 16]), HouseKind::Real, "x", NOW, &mut entropy()).unwrap();
        let bytes = [0x5A; 16];
        let master = MasterKey::from_slice(&bytes).unwrap();
        vault.import_key(&key("doors", 1), &master, NOW).unwrap();
        for derivation in [Derivation::TokenCmac, Derivation::TokenEcb, Derivation::TokenCbc] {
            let mut token = open().deriving_by(derivation);
            let of = key(derivation.word(), 1);
            token.import(&of, &master).unwrap();
            for len in 1..=31 {
                let input = DiversificationInput::new(&vec![3; len]).unwrap();
                match token.aes128(&of, &input) {
                    Ok(derived) => assert!(derived.same(&vault.diversify(&key("doors", 1), &input).unwrap())),
                    Err(KeysError::TokenUnfit { .. }) => assert!(len < 16 && derivation == Derivation::TokenCmac),
                    Err(error) => panic!("{len}: {error}"),
                }
            }
        }
    });
}

#[test]
fn piv_management_keys_are_the_same_from_vault_and_token() {
    alone("piv_management_keys_are_the_same_from_vault_and_token", &["north gate"], || {
        let mut vault = Vault::create(Id([1; 16]), HouseKind::Real, "x", NOW, &mut entropy()).unwrap();
        let (of, master) = (key(Vault::PIV_MANAGEMENT, 2), MasterKey::from_slice(&[0x77; 24]).unwrap());
        let mut token = open();
        token.import(&of, &master).unwrap();
        vault.import_key(&of, &master, NOW).unwrap();
        for algorithm in [ManagementAlgorithm::Aes192, ManagementAlgorithm::TripleDes] {
            let ours = vault.management_key(2, Id([4; 16]), algorithm).unwrap();
            assert!(token.management(&of, Id([4; 16]), algorithm).unwrap().same(&ours));
        }
        assert_eq!(token.held().unwrap(), [(of, KeySize::Aes192)]);
    });
}

#[test]
fn a_master_never_leaves_the_token_and_may_do_nothing_but_derive() {
    alone("a_master_never_leaves_the_token_and_may_do_nothing_but_derive", &["north gate"], || {
        let mut token = open();
        let of = key("desfire.master", 1);
        let check = token.generate(&of, KeySize::Aes128, &mut entropy()).unwrap();
        assert_eq!(token.check_value(&of), Ok(check));
        assert_eq!(token.undiversified(&of).err().map(|e| e.code()), Some("keys.key.stays"));
        // Asked by somebody else's program: no value, and none of the ways round.
        let told = Command::new("pkcs11-tool")
            .args(["--module", library().to_str().unwrap(), "--login", "--pin", PIN, "--list-objects"])
            .output()
            .unwrap();
        let told = String::from_utf8_lossy(&told.stdout).into_owned();
        assert!(told.contains("lanyard:desfire.master/1"), "{told}");
        assert!(told.contains("sensitive") && told.contains("never extractable") && told.contains("local"), "{told}");
        let usage = told.lines().find(|line| line.contains("Usage")).unwrap().to_owned();
        for forbidden in ["encrypt", "decrypt", "wrap", "derive", "verify"] {
            assert!(!usage.contains(forbidden), "{usage}");
        }
        // By blocks it would have to encrypt, which this key may not.
        let token = token.deriving_by(Derivation::TokenEcb);
        assert!(matches!(token.check_value(&of), Err(KeysError::TokenFailed { call: "encrypt", .. })));
    });
}

#[test]
fn a_vault_uses_the_keys_in_its_token_once_it_is_attached_and_refuses_without() {
    alone("a_vault_uses_the_keys_in_its_token_once_it_is_attached_and_refuses_without", &["one", "two"], || {
        let serials = Token::list(&library()).unwrap();
        assert_eq!(serials.len(), 2);
        let several = Token::open(&library(), None, &pin()).err();
        assert_eq!(several, Some(KeysError::TokenModule { why: "several" }));
        let token = |i: usize| Box::new(Token::open(&library(), Some(&serials[i]), &pin()).unwrap());
        let mut vault = Vault::create(Id([1; 16]), HouseKind::Real, "x", NOW, &mut entropy()).unwrap();
        let (of, master) = (key("doors", 1), MasterKey::from_slice(&[0x5A; 16]).unwrap());
        vault.attach(token(0)).unwrap();
        vault.import_key_into_token(&of, &master, NOW).unwrap();
        let input = DiversificationInput::new(&[3; 20]).unwrap();
        let derived = vault.diversify(&of, &input).unwrap();
        assert_eq!(vault.undiversified(&of).err().map(|e| e.code()), Some("keys.key.stays"));

        // The vault on disk knows where it lives, and not what it is.
        let seal_key = Secret::from_slice(&[9; 32]).unwrap();
        let sealed = vault.seal(&seal_key, &mut entropy()).unwrap();
        drop(vault);
        let mut vault = Vault::open(&sealed, &seal_key, HouseKind::Real).unwrap();
        assert_eq!(vault.tokens(), [serials[0].clone()]);
        let away = KeysError::TokenMissing { serial: serials[0].clone() };
        assert_eq!(vault.diversify(&of, &input).err(), Some(away.clone()));
        vault.attach(token(1)).unwrap();
        assert_eq!(vault.diversify(&of, &input).err(), Some(away), "another token is not this one");
        vault.detach();
        vault.attach(token(0)).unwrap();
        assert!(vault.diversify(&of, &input).unwrap().same(&derived));
        let status = vault.keys().find(|status| status.of == of).unwrap();
        assert_eq!((status.check, status.token), (master.check_value(), Some(serials[0].clone())));
        assert_eq!(vault.ready(&of, None).err().map(|e| e.code()), Some("keys.key.stays"));

        // By the same components it comes into a second token, which stands in for the first when that is lost.
        vault.detach();
        vault.attach(token(1)).unwrap();
        let other = MasterKey::from_slice(&[0x5B; 16]).unwrap();
        assert_eq!(vault.copy_key_into_token(&of, &other, NOW).err().map(|e| e.code()), Some("keys.backup.differs"));
        assert!(vault.require_proved(&of, NOW).is_err());
        assert_eq!(vault.copy_key_into_token(&of, &master, NOW).unwrap().len(), 1);
        assert_eq!(vault.require_proved(&of, NOW), Ok(()), "a second token has it");
        vault.detach();
        vault.attach(token(1)).unwrap();
        assert!(vault.diversify(&of, &input).unwrap().same(&derived));
        // A key of that name in the token of which no vault knows is not in the way of the next version.
        vault.make_key_in_token(&key("doors", 2), NOW, &mut entropy()).unwrap();
        let mut before = Vault::open(&sealed, &seal_key, HouseKind::Real).unwrap();
        before.attach(vault.detach().unwrap()).unwrap();
        assert_eq!(before.next_version("doors").unwrap(), key("doors", 3));
    });
}

#[test]
fn a_wrong_pin_is_said_and_nothing_else_and_a_used_name_is_not_overwritten() {
    alone("a_wrong_pin_is_said_and_nothing_else_and_a_used_name_is_not_overwritten", &["north gate"], || {
        let wrong = SecretBytes::new("000000".into());
        let refused = Token::open(&library(), None, &wrong).err().unwrap();
        assert_eq!(refused, KeysError::TokenPin);
        assert!(!format!("{refused:?} {refused} {:?}", refused.details()).contains("000000"));
        assert_eq!(
            Token::open(Path::new("/nowhere.so"), None, &pin()).err(),
            Some(KeysError::TokenModule { why: "load" })
        );
        let missing = Token::open(&library(), Some("not there"), &pin()).err();
        assert_eq!(missing, Some(KeysError::TokenMissing { serial: "not there".to_owned() }));
        let mut token = open();
        // While somebody is logged in, the token would take any PIN for right.
        assert_eq!(Token::open(&library(), None, &wrong).err(), Some(KeysError::TokenModule { why: "busy" }));
        let of = key("doors", 1);
        let check = token.generate(&of, KeySize::Aes128, &mut entropy()).unwrap();
        let again = token.import(&of, &MasterKey::from_slice(&[1; 16]).unwrap());
        assert!(matches!(again, Err(KeysError::KeyExists { .. })));
        assert_eq!(token.check_value(&of), Ok(check));
        assert_ne!(check, CheckValue::of_aes128(&Secret::zero()));
        drop(token);
        assert_eq!(open().check_value(&of), Ok(check), "it is kept");
    });
}
