//! The built-in CA, judged by OpenSSL.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test stops where it fails")]

use std::path::Path;
use std::process::Command;

use lanyard_keys::ca::{Period, Subject, csr_assemble, csr_to_be_signed, pem, signed_by, spki_of_point};
use lanyard_keys::{HouseKind, KeysError, Vault};
use lanyard_model::{Id, UnixMs};
use p256::ecdsa::signature::Signer;
use p256::ecdsa::{DerSignature, SigningKey};

// A verifier's clock is real, so these certificates are valid from 2020 to 2099 and the root for ten years from here.
const NOW: UnixMs = UnixMs(1_795_478_400_000);
const DAY: i64 = 86_400_000;

fn vault() -> Vault {
    let mut next = 0u8;
    let mut entropy = |bytes: &mut [u8]| {
        for byte in bytes {
            next = next.wrapping_mul(5).wrapping_add(77);
            *byte = next;
        }
    };
    Vault::create(Id([1; 16]), HouseKind::Real, "North gate", NOW, &mut entropy).unwrap()
}

fn card_key() -> SigningKey {
    SigningKey::from_slice(&[0x11; 32]).unwrap()
}

fn subject() -> Subject {
    Subject {
        common_name: "Zoë O'Hara, \"x\"=y + 漢".to_owned(),
        organisation: Some("Muster, Söhne & Co".to_owned()),
        email: Some("zoe@example.org".to_owned()),
        upn: Some("zoe@corp.example".to_owned()),
    }
}

fn request() -> Vec<u8> {
    let key = card_key();
    let spki = spki_of_point(key.verifying_key().to_sec1_point(false).as_bytes()).unwrap();
    let info = csr_to_be_signed(&subject(), &spki).unwrap();
    let signature: DerSignature = key.sign(&info);
    csr_assemble(&info, signature.as_bytes()).unwrap()
}

fn period() -> Period {
    Period { not_before: NOW, not_after: UnixMs(NOW.0 + 365 * DAY) }
}

fn openssl(dir: &Path, args: &[&str]) -> (bool, String) {
    let out = Command::new("openssl").args(args).current_dir(dir).output().expect("openssl is installed");
    let text = [out.stdout, out.stderr].concat();
    (out.status.success(), String::from_utf8_lossy(&text).into_owned())
}

#[test]
fn openssl_accepts_the_request_the_root_and_the_certificate_for_what_it_is_for() {
    let dir = tempfile::tempdir().unwrap();
    let vault = vault();
    let issued = vault.ca().issue(&request(), &subject(), [0x42; 16], period()).unwrap();
    std::fs::write(dir.path().join("root.pem"), vault.ca().certificate_pem()).unwrap();
    std::fs::write(dir.path().join("card.pem"), &issued.pem).unwrap();
    std::fs::write(dir.path().join("card.csr"), request()).unwrap();
    let (ok, text) = openssl(dir.path(), &["req", "-inform", "DER", "-in", "card.csr", "-verify", "-noout"]);
    assert!(ok, "{text}");
    let at = ((NOW.0 + DAY) / 1000).to_string();
    let verify = |at: &str, purpose: &str| {
        openssl(
            dir.path(),
            &[
                "verify",
                "-x509_strict",
                "-check_ss_sig",
                "-attime",
                at,
                "-purpose",
                purpose,
                "-CAfile",
                "root.pem",
                "card.pem",
            ],
        )
    };
    let (ok, text) = verify(&at, "sslclient");
    assert!(ok, "{text}");
    assert!(!verify(&at, "sslserver").0, "no server certificate");
    assert!(!verify(&((NOW.0 + 400 * DAY) / 1000).to_string(), "sslclient").0, "not after its end");
    let (_, text) =
        openssl(dir.path(), &["x509", "-in", "card.pem", "-noout", "-text", "-nameopt", "utf8,sep_comma_plus"]);
    for wanted in [
        "Muster, Söhne & Co",
        "Digital Signature",
        "TLS Web Client Authentication",
        "CA:FALSE",
        "zoe@example.org",
        "Subject Key Identifier",
        "Authority Key Identifier",
    ] {
        assert!(text.replace('\\', "").contains(wanted), "{wanted} in {text}");
    }
}

#[test]
fn a_request_signed_by_another_key_gets_no_certificate() {
    let vault = vault();
    let key = card_key();
    let spki = spki_of_point(key.verifying_key().to_sec1_point(false).as_bytes()).unwrap();
    let info = csr_to_be_signed(&subject(), &spki).unwrap();
    let foreign: DerSignature = SigningKey::from_slice(&[0x22; 32]).unwrap().sign(&info);
    assert_eq!(csr_assemble(&info, foreign.as_bytes()), Err(KeysError::RequestSignature));
    let good = request();
    let refused = (0..good.len()).filter(|i| {
        let mut altered = good.clone();
        altered[*i] ^= 1;
        vault.ca().issue(&altered, &subject(), [1; 16], period()).is_err()
    });
    assert_eq!(refused.count(), good.len());
    for cut in 0..good.len() {
        assert_eq!(vault.ca().issue(&good[..cut], &subject(), [1; 16], period()), Err(KeysError::RequestDamaged));
    }
}

#[test]
fn what_does_not_go_into_a_certificate_is_named() {
    let vault = vault();
    let field = |subject: &Subject, serial, period| match vault.ca().issue(&request(), subject, serial, period) {
        Err(KeysError::CertificateField { field }) => field,
        other => panic!("{other:?}"),
    };
    assert_eq!(field(&Subject::of(""), [1; 16], period()), "subject");
    assert_eq!(field(&Subject::of(&"x".repeat(65)), [1; 16], period()), "subject");
    assert_eq!(field(&subject(), [0; 16], period()), "serial");
    let backwards = Period { not_before: period().not_after, not_after: NOW };
    assert_eq!(field(&subject(), [1; 16], backwards), "validity");
    assert_eq!(field(&Subject { email: Some("zoë@example.org".into()), ..subject() }, [1; 16], period()), "email");
    let off_curve = spki_of_point(&[vec![4], vec![1; 64]].concat());
    assert_eq!(off_curve, Err(KeysError::CertificateField { field: "key" }));
}

#[test]
fn no_certificate_outlives_its_root() {
    let vault = vault();
    let long = Period { not_before: NOW, not_after: UnixMs(NOW.0 + 20 * 365 * DAY) };
    let issued = vault.ca().issue(&request(), &subject(), [1; 16], long).unwrap();
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("root.pem"), vault.ca().certificate_pem()).unwrap();
    std::fs::write(dir.path().join("card.pem"), &issued.pem).unwrap();
    let end = |name| openssl(dir.path(), &["x509", "-in", name, "-noout", "-enddate"]).1;
    assert_eq!(end("root.pem"), end("card.pem"));
}

#[test]
fn a_chip_proves_its_certificates_key_and_no_other_passes() {
    let issued = vault().ca().issue(&request(), &subject(), [1; 16], period()).unwrap();
    let by = |key: &SigningKey, message: &[u8]| -> DerSignature { key.sign(message) };
    let good = by(&card_key(), b"challenge");
    assert!(signed_by(&issued.der, b"challenge", good.as_bytes()));
    assert!(!signed_by(&issued.der, b"another", good.as_bytes()));
    let foreign = by(&SigningKey::from_slice(&[0x22; 32]).unwrap(), b"challenge");
    assert!(!signed_by(&issued.der, b"challenge", foreign.as_bytes()));
    assert!(!signed_by(b"", b"challenge", good.as_bytes()) && !signed_by(&issued.der, b"challenge", b""));
    assert_eq!(pem(&issued.der).unwrap(), issued.pem);
    assert_eq!(pem(b"no certificate"), Err(KeysError::VaultDamaged));
}
