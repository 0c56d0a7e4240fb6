//! What ChangeKey, key settings and configuration allow, and to whom.

use super::super::cipher::crc32;
use super::super::session::Mode;
use super::super::{DesfireCard, KeyKind};
use super::host::{AID, Host, ZERO};
use crate::ApduCard;

const NEW: [u8; 16] = *b"a new AES key :)";

fn xored(new: &[u8; 16], old: &[u8; 16], version: u8) -> Vec<u8> {
    let mut data: Vec<u8> = new.iter().zip(old).map(|(a, b)| a ^ b).collect();
    data.push(version);
    data.extend_from_slice(&crc32(&[new]));
    data
}

fn whole(new: &[u8; 16], version: u8) -> Vec<u8> {
    [new.as_slice(), &[version]].concat()
}

#[test]
fn a_key_changed_over_an_old_one_that_is_not_zero_is_the_one_that_was_meant() {
    let mut host = Host::in_app(0x0B);
    host.send(0xC4, &[1], &xored(&NEW, &ZERO, 7), Mode::Full).unwrap();
    let second = *b"another AES key.";
    host.send(0xC4, &[1], &xored(&second, &NEW, 8), Mode::Full).unwrap();
    let key = host.card.key(AID, 1).unwrap();
    assert!(key.bytes == second && key.version == 8);
    // Whoever is wrong about the old key is told so, and changes nothing.
    assert_eq!(host.send(0xC4, &[1], &xored(&NEW, &ZERO, 9), Mode::Full), Err(0x1E));
    assert!(host.card.key(AID, 1).unwrap().bytes == second);
}

#[test]
fn changing_the_key_one_is_authenticated_with_ends_the_session() {
    let mut host = Host::in_app(0x0B);
    assert_eq!(host.send(0xC4, &[0], &whole(&NEW, 1), Mode::Full), Ok(Vec::new()));
    assert_eq!(host.frame(0x51, &[]), (0xAE, Vec::new()));
    assert_eq!(host.ev2_first(0, &ZERO), Err(0xAE));
    host.ev2_first(0, &NEW).unwrap();
}

#[test]
fn who_may_change_a_key_is_what_the_settings_say() {
    // (settings, authenticated, target, outcome)
    for (settings, authenticated, target, outcome) in [
        (0x0B, 0, 2, Ok(())),
        (0x0B, 1, 2, Err(0xAE)),
        (0x1B, 1, 2, Ok(())),
        (0x1B, 0, 2, Err(0xAE)),
        (0x1B, 1, 1, Err(0xAE)),
        (0x1B, 0, 1, Ok(())),
        (0x1B, 1, 0, Err(0xAE)),
        (0xEB, 2, 2, Ok(())),
        (0xEB, 0, 2, Err(0xAE)),
        (0xFB, 0, 2, Err(0x9D)),
        (0xFB, 0, 0, Ok(())),
        (0xFA, 0, 0, Err(0x9D)),
        (0x0B, 0, 3, Err(0x40)),
        (0x0B, 0, 0x81, Err(0x40)),
    ] {
        let mut host = Host::in_app(settings);
        host.ev2_non_first(authenticated, &ZERO).unwrap();
        let data = if authenticated == target { whole(&NEW, 1) } else { xored(&NEW, &ZERO, 1) };
        let done = host.send(0xC4, &[target], &data, Mode::Full).map(|_| ());
        assert_eq!(done, outcome, "settings {settings:02X}, {authenticated} changes {target}");
        let changed = host.card.key(AID, target).is_some_and(|key| key.bytes == NEW);
        assert_eq!(changed, outcome.is_ok(), "settings {settings:02X}, {authenticated} changes {target}");
    }
}

#[test]
fn without_authentication_no_key_no_setting_and_no_configuration_changes() {
    let mut host = Host::in_app(0x0F);
    host.select(AID);
    let before = host.card.export();
    for (ins, data) in [(0xC4, vec![0; 41]), (0x54, vec![0; 24]), (0x5F, vec![1; 4]), (0xDA, AID.to_vec())] {
        let status = host.frame(ins, &data).0;
        assert!(matches!(status, 0xAE | 0xF0), "{ins:02X}: {status:02X}");
    }
    host.select([0; 3]);
    for (ins, data) in [(0xFC, vec![]), (0x5C, vec![0; 25]), (0xC4, vec![0x80; 41])] {
        assert_eq!(host.frame(ins, &data).0, 0xAE, "{ins:02X}");
    }
    assert_eq!(host.card.export(), before);
}

#[test]
fn new_applications_get_the_default_key_that_was_configured() {
    let mut host = Host::aes();
    host.ev2_first(0, &ZERO).unwrap();
    let mut default = [0x5D; 25];
    default[24] = 0x42;
    host.send(0x5C, &[0x01], &default, Mode::Full).unwrap();
    host.manage(0xCA, &[1, 2, 0xF5, 0x0B, 0x82]).unwrap();
    host.select(AID);
    assert_eq!(host.ev2_first(1, &ZERO), Err(0xAE));
    host.ev2_first(1, &[0x5D; 16]).unwrap();
    assert_eq!(host.manage(0x64, &[0]), Ok(vec![0x42]));
    assert_eq!(host.manage(0x64, &[2]), Err(0x40));
}

#[test]
fn the_master_key_goes_from_des_to_aes_and_back_and_its_kind_shows() {
    let mut host = Host::new(DesfireCard::new([4, 1, 2, 3, 4, 5, 6], 3));
    assert_eq!(host.frame(0x45, &[]), (0x00, vec![0x0F, 0x01]));
    assert_eq!(host.ev2_first(0, &ZERO), Err(0xAE), "EV2 wants an AES key");
    host.d40(0, &ZERO).unwrap();
    assert_eq!(host.d40(0, &[2; 16]), Err(0xAE));
    let mut host = Host::aes();
    assert_eq!(host.frame(0x45, &[]), (0x00, vec![0x0F, 0x81]));
    host.ev2_first(0, &ZERO).unwrap();
    host.send(0xC4, &[0x00], &[0; 16], Mode::Full).unwrap();
    assert!(host.card.key([0; 3], 0).unwrap().kind == KeyKind::Des);
    host.d40(0, &ZERO).unwrap();
}

#[test]
fn a_setting_that_was_given_away_cannot_be_had_back() {
    let mut host = Host::aes();
    host.ev2_first(0, &ZERO).unwrap();
    host.send(0x54, &[], &[0x07], Mode::Full).unwrap();
    assert_eq!(host.send(0x54, &[], &[0x0F], Mode::Full), Err(0x9D));

    let mut host = Host::aes();
    host.ev2_first(0, &ZERO).unwrap();
    host.send(0x5C, &[0x00], &[0x03], Mode::Full).unwrap();
    host.send(0x5C, &[0x00], &[0x00], Mode::Full).unwrap();
    assert_eq!(host.manage(0xFC, &[]), Err(0x9D));
    assert_eq!(host.card.uid(), [4, 1, 2, 3, 4, 5, 6], "this activation keeps its UID");
    host.card.power_off();
    host.card.power_on();
    let first = host.card.uid();
    assert_eq!((first.len(), first[0]), (4, 0x08));
    host.card.power_on();
    assert_ne!(host.card.uid(), first);
    assert_eq!(host.whole(0x60, &[]).1[14..21], [0; 7]);
    host.ev2_first(0, &ZERO).unwrap();
    assert_eq!(host.send(0x51, &[], &[], Mode::Full).unwrap(), [4, 1, 2, 3, 4, 5, 6]);
}
