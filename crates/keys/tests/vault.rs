//! The vault as the station uses it: sealed, opened, proved by a restored backup, real and rehearsal kept apart.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test stops where it fails")]

use lanyard_fault::Coded;
use lanyard_keys::{CardRecord, DiversificationInput, HouseKind, KeyRef, KeysError, ManagementAlgorithm, Vault};
use lanyard_model::{Id, Kind, Reason, RecordRef, UnixMs};
use lanyard_secret::Secret;

const HOUSE: Id = Id([1; 16]);
const NOW: UnixMs = UnixMs(1_795_478_400_000);

fn entropy(seed: u64) -> impl FnMut(&mut [u8]) {
    let mut state = seed;
    move |bytes| {
        for byte in bytes {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            *byte = (state >> 56) as u8;
        }
    }
}

fn key() -> Secret<32> {
    Secret::from_slice(&[9; 32]).unwrap()
}

fn vault(kind: HouseKind, seed: u64) -> Vault {
    let mut vault = Vault::create(HOUSE, kind, "North gate", NOW, &mut entropy(seed)).unwrap();
    vault.make_key(&KeyRef::new("desfire.master", 1).unwrap(), NOW, &mut entropy(seed + 1)).unwrap();
    vault
}

#[test]
fn a_vault_comes_back_whole_and_signs_the_same() {
    let vault = vault(HouseKind::Real, 1);
    let sealed = vault.seal(&key(), &mut entropy(5)).unwrap();
    let opened = Vault::open(&sealed, &key(), HouseKind::Real).unwrap();
    assert_eq!(opened.signer().sign_entry(b"x"), vault.signer().sign_entry(b"x"));
    assert_ne!(opened.signer().sign_checkpoint(b"x"), vault.signer().sign_entry(b"x"));
    assert_eq!(opened.ca().certificate(), vault.ca().certificate());
    assert_eq!(opened.keys().collect::<Vec<_>>(), vault.keys().collect::<Vec<_>>());
    assert_eq!(opened.house(), HOUSE);
    assert!(
        !sealed
            .windows(16)
            .any(|w| w == vault.undiversified(&opened.newest("desfire.master").unwrap()).unwrap().expose())
    );
}

#[test]
fn a_rehearsal_cannot_open_a_real_vault_nor_a_real_house_a_rehearsals() {
    for (made, asked) in [(HouseKind::Real, HouseKind::Rehearsal), (HouseKind::Rehearsal, HouseKind::Real)] {
        let mut sealed = vault(made, 1).seal(&key(), &mut entropy(5)).unwrap();
        let refused = Vault::open(&sealed, &key(), asked).err();
        assert_eq!(refused, Some(KeysError::VaultKind { asked, found: made }));
        assert_eq!(refused.map(|e| e.code()), Some("keys.vault.kind"));
        // Nor by forging the byte that says so.
        sealed[8] ^= 3;
        assert_eq!(Vault::open(&sealed, &key(), asked).err(), Some(KeysError::VaultDamaged));
    }
}

#[test]
fn real_keys_differ_between_houses_and_rehearsal_keys_are_the_published_ones() {
    let of = KeyRef::new("desfire.master", 1).unwrap();
    let check = |kind, seed| vault(kind, seed).key_check_value(&of).unwrap();
    assert_ne!(check(HouseKind::Real, 1), check(HouseKind::Real, 2));
    assert_eq!(check(HouseKind::Rehearsal, 1), check(HouseKind::Rehearsal, 2));
    let signer = |seed| vault(HouseKind::Rehearsal, seed).signer().entry_key();
    assert_eq!(signer(1), signer(2));
    assert_ne!(signer(1), vault(HouseKind::Real, 1).signer().entry_key());
}

#[test]
fn no_altered_or_cut_vault_opens_and_a_newer_one_names_both_versions() {
    let sealed = vault(HouseKind::Real, 1).seal(&key(), &mut entropy(5)).unwrap();
    for i in (0..sealed.len()).filter(|i| *i != 7 && *i != 8) {
        let mut altered = sealed.clone();
        altered[i] ^= 1;
        assert_eq!(Vault::open(&altered, &key(), HouseKind::Real).err(), Some(KeysError::VaultDamaged), "byte {i}");
        assert!(Vault::open(&sealed[..i], &key(), HouseKind::Real).is_err());
    }
    let other = Secret::from_slice(&[8; 32]).unwrap();
    assert_eq!(Vault::open(&sealed, &other, HouseKind::Real).err(), Some(KeysError::VaultDamaged));
    let mut newer = sealed;
    newer[7] = 3;
    let refused = Vault::open(&newer, &key(), HouseKind::Real).err();
    assert_eq!(refused, Some(KeysError::VaultNewer { found: 3, known: 2 }));
}

#[test]
fn no_real_card_gets_a_key_before_its_backup_was_restored_and_found_the_same() {
    let mut vault = vault(HouseKind::Real, 1);
    let old = KeyRef::new("desfire.master", 1).unwrap();
    let new = KeyRef::new("desfire.master", 2).unwrap();
    assert!(matches!(vault.require_proved(&old, NOW), Err(KeysError::BackupNotProved { version: 1, .. })));
    let backup = vault.seal(&key(), &mut entropy(5)).unwrap();
    vault.make_key(&new, NOW, &mut entropy(6)).unwrap();
    let restored = Vault::open(&backup, &key(), HouseKind::Real).unwrap();
    let proved: Vec<_> = vault.prove_backup(&restored, NOW).unwrap().into_iter().map(|status| status.of).collect();
    assert_eq!(proved, [old.clone(), KeyRef::new(Vault::PIV_MANAGEMENT, 1).unwrap()]);
    assert_eq!(vault.require_proved(&old, NOW), Ok(()));
    assert!(vault.require_proved(&new, NOW).is_err(), "a key made after the backup is not in it");
    let year = UnixMs(NOW.0 + 366 * 24 * 60 * 60 * 1000);
    assert!(matches!(vault.require_proved(&old, year), Err(KeysError::BackupOverdue { version: 1, .. })));
    assert_eq!(vault.prove_backup(&restored, year).unwrap().len(), 2, "proved again, for another year");
    assert_eq!(vault.require_proved(&old, year), Ok(()));
    let kept = Vault::open(&vault.seal(&key(), &mut entropy(7)).unwrap(), &key(), HouseKind::Real).unwrap();
    assert_eq!(kept.require_proved(&old, NOW), Ok(()));
}

#[test]
fn a_backup_with_another_key_under_the_same_name_proves_nothing() {
    let make = |seed| {
        let mut vault = Vault::create(HOUSE, HouseKind::Real, "North gate", NOW, &mut entropy(1)).unwrap();
        vault.make_key(&KeyRef::new("desfire.master", 1).unwrap(), NOW, &mut entropy(seed)).unwrap();
        vault
    };
    let mut ours = make(2);
    assert!(matches!(ours.prove_backup(&make(3), NOW), Err(KeysError::BackupDiffers { version: 1, .. })));
    assert!(ours.keys().all(|status| status.proved.is_none()));
    assert_eq!(ours.prove_backup(&vault(HouseKind::Real, 4), NOW).err(), Some(KeysError::VaultDamaged));
}

#[test]
fn a_key_is_never_overwritten_and_its_newest_version_is_found() {
    let mut vault = vault(HouseKind::Real, 1);
    let one = KeyRef::new("desfire.master", 1).unwrap();
    let before = vault.key_check_value(&one).unwrap();
    assert!(matches!(vault.make_key(&one, NOW, &mut entropy(9)), Err(KeysError::KeyExists { .. })));
    assert_eq!(vault.key_check_value(&one).unwrap(), before);
    let two = KeyRef::new("desfire.master", 2).unwrap();
    vault.make_key(&two, NOW, &mut entropy(9)).unwrap();
    assert_eq!(vault.newest("desfire.master"), Some(two));
    assert_eq!(vault.newest("desfire.other"), None);
    let unsafe_name = KeyRef { name: "Ä b".to_owned(), version: 1 };
    assert_eq!(vault.make_key(&unsafe_name, NOW, &mut entropy(9)), Err(KeysError::KeyName));
}

#[test]
fn two_cards_never_share_a_key() {
    let vault = vault(HouseKind::Real, 1);
    let of = vault.newest("desfire.master").unwrap();
    let input = |uid: u8| DiversificationInput::of_card(&[4, uid, 3, 4, 5, 6, 7], &[0xF5, 0x42, 0x30], b"LY").unwrap();
    let a = vault.diversify(&of, &input(1)).unwrap();
    assert!(a.same(&vault.diversify(&of, &input(1)).unwrap()));
    assert!(!a.same(&vault.diversify(&of, &input(2)).unwrap()));
    let management = |card| vault.management_key(1, Id([card; 16]), ManagementAlgorithm::Aes192).unwrap();
    assert!(!management(1).same(&management(2)));
    assert!(matches!(vault.diversify(&KeyRef::new("none", 1).unwrap(), &input(1)), Err(KeysError::KeyMissing { .. })));
}

#[test]
fn a_puk_opens_for_its_own_card_only_and_with_a_change_to_commit() {
    let vault = vault(HouseKind::Real, 1);
    let card = |byte| RecordRef { kind: Kind::Card, id: Id([byte; 16]) };
    let (puk, sealed) = vault.new_puk(card(1), &mut entropy(3)).unwrap();
    assert!(puk.expose().iter().all(u8::is_ascii_digit));
    let opened = vault.read_puk(card(1), &sealed, Reason::Forgotten).unwrap();
    assert!(opened.puk.same(&puk));
    assert_eq!((opened.change.what.as_str(), opened.change.why), ("puk.viewed", Some(Reason::Forgotten)));
    assert_eq!(vault.read_puk(card(2), &sealed, Reason::Forgotten).err(), Some(KeysError::PukMissing));
}

#[test]
fn a_card_record_signed_by_the_vault_is_checked_with_its_public_key() {
    let vault = vault(HouseKind::Real, 1);
    let record = CardRecord::new(Id([7; 16]), &[4, 1, 2, 3, 4, 5, 6], 20_000, 21_000);
    let bytes = vault.sign_card_record(&record);
    assert_eq!(bytes[..3], [0x4C, 0x59, 1]);
    assert_eq!(CardRecord::check(&bytes, &vault.card_record_public(), &[4, 1, 2, 3, 4, 5, 6]), Ok(record));
    assert_ne!(vault.card_record_public(), vault.signer().entry_key());
}
