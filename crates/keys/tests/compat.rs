//! What version 1 wrote must load for ever: a slot file and two vaults, kept as they were written. Their keys are test keys.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test stops where it fails")]

use lanyard_keys::{HouseKind, KeyRef, RecoveryCode, Slots, Vault};
use lanyard_model::Id;
use lanyard_secret::{Secret, SecretBytes};

const SLOTS: &[u8] = include_bytes!("compat/slots-v1.json");
const REAL: &[u8] = include_bytes!("compat/vault-v1-real.bin");
const REHEARSAL: &[u8] = include_bytes!("compat/vault-v1-rehearsal.bin");
const CODE: &str = "5JE1RT-JWC2M4-DZV8D2-147KHZ-JVF6DQ-N3T2JB";

fn key() -> Secret<32> {
    Secret::from_slice(&[9; 32]).unwrap()
}

#[test]
fn slots_of_version_1_open_by_password_and_by_recovery_code() {
    let slots = Slots::from_json(SLOTS).unwrap();
    assert_eq!(slots.house(), Id([1; 16]));
    let by_password = slots.open(Id([2; 16]), &SecretBytes::new("Grüne Pferde".into())).unwrap();
    let by_code = slots.open_recovery(&RecoveryCode::typed(CODE).unwrap()).unwrap();
    assert!(by_password.store_key.same(&by_code.store_key) && by_password.vault_key.same(&by_code.vault_key));
    assert_eq!(slots.to_json().as_bytes(), SLOTS, "written as it was read");
}

#[test]
fn vaults_of_version_1_open_and_hold_what_they_held() {
    for (bytes, kind, check) in [(REAL, HouseKind::Real, "577D44"), (REHEARSAL, HouseKind::Rehearsal, "4C2DE0")] {
        let vault = Vault::open(bytes, &key(), kind).unwrap();
        let of = KeyRef::new("desfire.master", 1).unwrap();
        assert_eq!(vault.key_check_value(&of).unwrap().to_string(), check);
        assert_eq!(vault.keys().count(), 2);
        assert_eq!(vault.house(), Id([1; 16]));
        let mut count = 0u8;
        let mut entropy =
            |bytes: &mut [u8]| bytes.iter_mut().for_each(|byte| (*byte, count) = (count, count.wrapping_add(1)));
        let again = vault.seal(&key(), &mut entropy).unwrap();
        assert!(Vault::open(&again, &key(), kind).is_ok());
    }
}
