//! Backups of keys, made and taken back as people do it: by a passphrase, by shares typed from paper.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test stops where it fails")]

use lanyard_fault::Coded;
use lanyard_keys::{Cost, DiversificationInput, HouseKind, KeyRef, KeySet, KeysError, SealTo, SealedBy, Share, Vault};
use lanyard_model::{Id, UnixMs};
use lanyard_secret::SecretBytes;

const NOW: UnixMs = UnixMs(1_795_478_400_000);
const PASSPHRASE: &str = "seven grey herons";

fn entropy(seed: u64) -> impl FnMut(&mut [u8]) {
    let mut state = seed;
    move |bytes| {
        for byte in bytes {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            *byte = (state >> 56) as u8;
        }
    }
}

fn key(name: &str) -> KeyRef {
    KeyRef::new(name, 1).unwrap()
}

fn house(kind: HouseKind, seed: u64) -> Vault {
    Vault::create(Id([seed as u8; 16]), kind, "North gate", NOW, &mut entropy(seed)).unwrap()
}

fn with_doors(seed: u64) -> Vault {
    let mut vault = house(HouseKind::Real, seed);
    vault.make_key(&key("doors"), NOW, &mut entropy(seed + 1)).unwrap();
    vault
}

fn passphrase(text: &str) -> SecretBytes {
    SecretBytes::new(text.into())
}

fn typed(shares: &[Share]) -> Vec<Share> {
    let text = |share: &Share| String::from_utf8(share.printed().expose().to_vec()).unwrap();
    shares.iter().map(|share| Share::typed(&text(share).to_lowercase()).unwrap()).collect()
}

#[test]
fn a_backup_by_passphrase_proves_the_keys_it_holds_and_brings_them_into_a_new_vault() {
    let mut vault = with_doors(1);
    let to = passphrase(PASSPHRASE);
    let sealed = vault.key_set(&[]).unwrap().seal(&SealTo::Passphrase(&to, Cost::TEST), NOW, &mut entropy(5)).unwrap();
    assert!(sealed.shares.is_empty());
    assert_eq!(KeySet::head(&sealed.file).unwrap().by, SealedBy::Passphrase);
    let wrong = KeySet::open_with_passphrase(&sealed.file, &passphrase("seven grey heroes"));
    assert_eq!(wrong.err().map(|e| e.code()), Some("keys.set.wrong"));
    let opened = KeySet::open_with_passphrase(&sealed.file, &to).unwrap();
    assert_eq!(vault.prove_set(&opened, NOW).unwrap().len(), 2);
    assert_eq!(vault.require_proved(&key("doors"), NOW), Ok(()));

    let mut other = Vault::create(Id([9; 16]), HouseKind::Real, "South gate", NOW, &mut entropy(7)).unwrap();
    // Its own PIV key of that version is another: nothing comes in at all.
    assert!(matches!(other.take_set(&opened, NOW), Err(KeysError::BackupDiffers { .. })));
    assert!(other.key_check_value(&key("doors")).is_err());
    let doors = vault.key_set(&[key("doors")]).unwrap();
    let came = other.take_set(&doors, NOW).unwrap();
    assert_eq!((came.len(), came[0].check), (1, vault.key_check_value(&key("doors")).unwrap()));
    assert_eq!(other.require_proved(&key("doors"), NOW), Ok(()), "coming back was the proof");
    assert_eq!(other.take_set(&doors, NOW).err(), Some(KeysError::BackupOfNothing), "what is there stays");
    let mut stranger = house(HouseKind::Real, 11);
    assert_eq!(stranger.prove_set(&doors, NOW).err(), Some(KeysError::BackupOfNothing), "others' keys prove nothing");
}

#[test]
fn three_people_of_five_open_a_backup_and_two_do_not() {
    let mut vault = with_doors(1);
    let set = vault.key_set(&[]).unwrap();
    let sealed = set.seal(&SealTo::Shares { threshold: 3, of: 5 }, NOW, &mut entropy(5)).unwrap();
    let mut shares = typed(&sealed.shares);
    shares.swap(0, 4);
    let few = KeySet::open_with_shares(&sealed.file, &shares[..2]).err();
    assert_eq!(few, Some(KeysError::ShareFew { there: 2, needed: 3 }));
    let opened = KeySet::open_with_shares(&sealed.file, &shares[..3]).unwrap();
    assert_eq!(vault.prove_set(&opened, NOW).unwrap().len(), 2);
    let other = set.seal(&SealTo::Shares { threshold: 3, of: 5 }, NOW, &mut entropy(6)).unwrap();
    let mixed = KeySet::open_with_shares(&other.file, &shares).err();
    assert!(matches!(mixed, Some(KeysError::ShareForeign { .. })));
    let by = KeySet::open_with_passphrase(&sealed.file, &passphrase(PASSPHRASE)).err();
    assert_eq!(by, Some(KeysError::KeySetSealedBy { by: "shares" }));
}

#[test]
fn no_altered_or_cut_backup_opens_and_none_holds_a_key_in_the_clear() {
    let vault = with_doors(1);
    let to = passphrase(PASSPHRASE);
    let set = vault.key_set(&[]).unwrap();
    let doors = vault.undiversified(&key("doors")).unwrap();
    for seal_to in [SealTo::Passphrase(&to, Cost::TEST), SealTo::Shares { threshold: 2, of: 2 }] {
        let sealed = set.seal(&seal_to, NOW, &mut entropy(5)).unwrap();
        assert!(!sealed.file.windows(16).any(|window| window == doors.expose()));
        let open = |file: &[u8]| match seal_to {
            SealTo::Passphrase(..) => KeySet::open_with_passphrase(file, &to).map(drop),
            SealTo::Shares { .. } => KeySet::open_with_shares(file, &sealed.shares).map(drop),
        };
        assert_eq!(open(&sealed.file), Ok(()));
        for i in 0..sealed.file.len() {
            let mut altered = sealed.file.clone();
            altered[i] ^= 1;
            assert!(open(&altered).is_err(), "byte {i}");
            assert!(open(&sealed.file[..i]).is_err(), "cut at {i}");
        }
    }
    let short = set.seal(&SealTo::Passphrase(&passphrase("fifteen letters"), Cost::TEST), NOW, &mut entropy(5));
    assert_eq!(short.err(), Some(KeysError::PasswordShort { least: 16 }));
}

#[test]
fn a_rehearsals_keys_never_come_into_a_real_house() {
    let rehearsal = house(HouseKind::Rehearsal, 3);
    let set = rehearsal.key_set(&[]).unwrap();
    let refused = house(HouseKind::Real, 4).take_set(&set, NOW).err();
    assert!(matches!(refused, Some(KeysError::VaultKind { .. })));
}

#[test]
fn a_sites_station_makes_its_own_cards_keys_and_never_learns_the_groups() {
    let group = with_doors(1);
    let (north, south) = (group.site_set(&[key("doors")], "North"), group.site_set(&[key("doors")], "South"));
    let mut station = Vault::create(Id([9; 16]), HouseKind::Real, "North", NOW, &mut entropy(7)).unwrap();
    station.take_set(&north.unwrap(), NOW).unwrap();
    let site = station.undiversified(&key("doors")).unwrap();
    assert!(!site.same(&group.undiversified(&key("doors")).unwrap()));
    let input = DiversificationInput::new(&[7; 20]).unwrap();
    let mut other = Vault::create(Id([8; 16]), HouseKind::Real, "South", NOW, &mut entropy(8)).unwrap();
    other.take_set(&south.unwrap(), NOW).unwrap();
    let card = |vault: &Vault| vault.diversify(&key("doors"), &input).unwrap();
    assert!(!card(&station).same(&card(&other)) && !card(&station).same(&card(&group)));
}
