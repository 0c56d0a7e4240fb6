//! Keys changed in every session, in every kind, on every level; key sets.

use lanyard_secret::Secret;

use super::counterpart::{
    APPLICATION, CIPHERS, Cipher, d40, d40_received, des, enc, ev1, ev2, ev2_iv, ev2_mac, ev2_maced, ev2_received, ok,
};
use super::{aes_key, key, key_no, old, secret};
use crate::crc::{crc16, crc32};
use crate::session::{D40, Session};
use crate::{
    Aid, Card, Configuration, DesKey, DesfireError, KeyNo, KeyType, KeyVersion, Link, NewKey, OldKey, Op, Progress,
    Reply, SessionState,
};

fn triple(seed: u8) -> DesKey {
    let bytes = [&key(seed)[..], &key(seed ^ 0xFF)[..8]].concat();
    DesKey::Triple(Secret::from_slice(&bytes).unwrap())
}

/// A key of each kind: what is put on the card, the same as a key that the card holds, and its bytes there.
fn kinds(seed: u8) -> [(NewKey, OldKey, Vec<u8>, Option<u8>); 4] {
    let single = || DesKey::Single(Secret::from_slice(&key(seed)[..8]).unwrap());
    let double = || DesKey::Double(secret(seed));
    let twice = [&key(seed)[..8], &key(seed)[..8]].concat();
    let three = triple(seed).bytes().to_vec();
    [
        (NewKey::Des(single()), OldKey::Des(single()), twice, None),
        (NewKey::Des(double()), OldKey::Des(double()), key(seed).to_vec(), None),
        (NewKey::Des(triple(seed)), OldKey::Des(triple(seed)), three, None),
        (aes_key(seed), old(seed), key(seed).to_vec(), Some(0x42)),
    ]
}

fn xor(a: &[u8], b: &[u8]) -> Vec<u8> {
    a.iter().zip(b).map(|(a, b)| a ^ b).collect()
}

fn done(card: &mut Card, answer: impl Into<Vec<u8>>) -> Reply {
    match card.answer(&ok(answer)).unwrap() {
        Progress::Done(reply) => reply,
        Progress::More(_) => panic!("not done"),
    }
}

#[test]
fn the_authenticated_key_is_changed_to_one_of_any_kind_in_every_older_session() {
    for (new, _, bytes, version) in kinds(0x21) {
        let bits = new.key_type().bits();
        let data = [&bytes[..], version.as_slice()].concat();
        // D40, on the card level.
        let session = D40 { key_no: KeyNo::MASTER, cipher: des() };
        let mut card = Card::recorded(Link::wrapped(64), Session::D40(session), Aid::PICC);
        let command = card.command(Op::ChangeKey { key_no: KeyNo::MASTER, new, old: None }).unwrap();
        assert_eq!((command.ins, command.data[0]), (0xC4, bits));
        let mut expected = [&data[..], &crc16(&[&data])].concat();
        expected.resize(expected.len().next_multiple_of(8), 0);
        assert_eq!(d40_received(&command.data[1..]), expected);
        assert_eq!(done(&mut card, []), Reply::Done);
        assert_eq!(card.session(), SessionState::Open, "the key that proved is gone");
    }
    for cipher in CIPHERS {
        for (new, _, bytes, version) in kinds(0x21) {
            let byte = new.key_type().bits();
            let mut card = cipher.session(KeyNo::MASTER, Aid::PICC);
            let iv = card.left_behind();
            let command = card.command(Op::ChangeKey { key_no: KeyNo::MASTER, new, old: None }).unwrap();
            assert_eq!(command.data[0], byte);
            let data = [&bytes[..], version.as_slice()].concat();
            let mut expected = [&data[..], &crc32(&[&[0xC4, byte], &data])].concat();
            expected.resize(expected.len().next_multiple_of(cipher.mac().cipher.size()), 0);
            assert_eq!(cipher.received(iv, &command.data[1..]), expected);
            // The old session's MAC would be an answer of a card that did not change its key.
            let answer = cipher.maced(&card, &[]);
            assert!(card.answer(&ok(answer)).is_err());
            assert_eq!(card.session(), SessionState::Dead);
        }
    }
}

#[test]
fn another_key_is_changed_by_the_exclusive_or_in_every_session_and_kind() {
    for ((new, _, bytes, version), (_, before, old_bytes, _)) in kinds(0x21).into_iter().zip(kinds(0x70)) {
        let data = [&xor(&bytes, &old_bytes)[..], version.as_slice()].concat();
        let mut card = d40();
        let command = card.command(Op::ChangeKey { key_no: key_no(3), new, old: Some(before) }).unwrap();
        assert_eq!(command.data[0], 3, "in an application the number bears no type");
        let mut expected = [&data[..], &crc16(&[&data]), &crc16(&[&bytes])].concat();
        expected.resize(expected.len().next_multiple_of(8), 0);
        assert_eq!(d40_received(&command.data[1..]), expected);
        assert_eq!(done(&mut card, []), Reply::Done);
        assert_eq!(card.session(), SessionState::D40(KeyNo::MASTER));
    }
    for cipher in CIPHERS {
        for ((new, _, bytes, version), (_, before, old_bytes, _)) in kinds(0x21).into_iter().zip(kinds(0x70)) {
            let data = [&xor(&bytes, &old_bytes)[..], version.as_slice()].concat();
            let mut card = cipher.session(KeyNo::MASTER, APPLICATION);
            let iv = card.left_behind();
            let command = card.command(Op::ChangeKey { key_no: key_no(3), new, old: Some(before) }).unwrap();
            let mut expected = [&data[..], &crc32(&[&[0xC4, 3], &data]), &crc32(&[&bytes])].concat();
            expected.resize(expected.len().next_multiple_of(cipher.mac().cipher.size()), 0);
            assert_eq!(cipher.received(iv, &command.data[1..]), expected);
            let answer = cipher.maced(&card, &[]);
            assert_eq!(done(&mut card, answer), Reply::Done);
            assert_eq!(card.session(), SessionState::Ev1(KeyNo::MASTER));
        }
    }
}

#[test]
fn an_old_key_of_another_length_is_refused_before_anything_is_sent() {
    for (new, before) in [(aes_key(1), OldKey::Des(triple(2))), (NewKey::Des(triple(1)), old(2))] {
        let mut card = ev1();
        let error = card.command(Op::ChangeKey { key_no: key_no(3), new, old: Some(before) }).unwrap_err();
        assert!(matches!(error, DesfireError::Invalid { .. }));
        assert_eq!((card.exchanges(), card.session()), (0, SessionState::Ev1(KeyNo::MASTER)));
    }
}

#[test]
fn a_key_of_the_other_level_is_refused() {
    for (selected, number) in [(APPLICATION, KeyNo::DELEGATION), (Aid::PICC, key_no(1))] {
        let mut card = Cipher::Aes.session(KeyNo::MASTER, selected);
        let error = card.command(Op::ChangeKey { key_no: number, new: aes_key(1), old: Some(old(2)) }).unwrap_err();
        assert!(matches!(error, DesfireError::Invalid { .. }));
    }
    let mut card = Cipher::Aes.session(KeyNo::MASTER, Aid::PICC);
    let op = Op::ChangeKey { key_no: KeyNo::DELEGATION_MAC, new: aes_key(1), old: Some(old(2)) };
    assert_eq!(card.command(op).unwrap().data[0], 0x11, "only the master key's number bears its type");
}

#[test]
fn a_key_of_a_set_that_is_not_in_use_is_changed_by_the_exclusive_or_even_if_its_number_is_proved() {
    let op = |before| Op::ChangeKeyOf { set: 2, key_no: KeyNo::MASTER, new: aes_key(0x21), old: before };
    assert!(matches!(ev2(0).command(op(None)), Err(DesfireError::Invalid { .. })));
    let mut card = ev2(5);
    let command = card.command(op(Some(old(0x70)))).unwrap();
    assert_eq!((command.ins, &command.data[..2]), (0xC6, &[2, 0][..]));
    let mut expected = xor(&key(0x21), &key(0x70));
    expected.push(0x42);
    expected.extend(crc32(&[&key(0x21)]));
    expected.push(0x80);
    expected.resize(32, 0);
    assert_eq!(ev2_received(5, &command.data[2..34]), expected);
    assert_eq!(command.data[34..], ev2_mac(0xC6, 5, &command.data[..34]));
    assert_eq!(done(&mut card, ev2_maced(5, &[])), Reply::Done);
    assert_eq!(card.session(), SessionState::Ev2(KeyNo::MASTER));
}

#[test]
fn the_authenticated_key_of_the_set_in_use_ends_the_session_as_with_changekey() {
    let mut card = ev2(5);
    let op = Op::ChangeKeyOf { set: 0, key_no: KeyNo::MASTER, new: aes_key(0x21), old: None };
    let command = card.command(op).unwrap();
    assert_eq!(command.data[..2], [0, 0]);
    assert_eq!(ev2_received(5, &command.data[2..34])[..18], [&key(0x21)[..], &[0x42, 0x80]].concat());
    done(&mut card, []);
    assert_eq!(card.session(), SessionState::Open);
}

#[test]
fn a_set_may_be_for_another_cipher_than_the_session() {
    let mut card = ev2(0);
    let new = NewKey::Des(triple(0x21));
    let op = Op::ChangeKeyOf { set: 1, key_no: key_no(1), new, old: Some(OldKey::Des(triple(0x70))) };
    let command = card.command(op).unwrap();
    let mut expected = xor(&triple(0x21).bytes(), &triple(0x70).bytes());
    expected.extend(crc32(&[&triple(0x21).bytes()]));
    expected.push(0x80);
    expected.resize(32, 0);
    assert_eq!(ev2_received(0, &command.data[2..34]), expected);
    let op = Op::ChangeKeyOf { set: 1, key_no: key_no(1), new: aes_key(1), old: Some(old(2)) };
    assert_eq!(ev1().command(op).unwrap_err(), DesfireError::SessionMissing { op: "change_key" });
}

#[test]
fn a_key_set_is_made_ready_filled_and_put_into_use() {
    let mut card = ev2(0);
    let ops = [
        (Op::InitializeKeySet { set: 1, key_type: KeyType::Aes }, vec![0x56, 1, 2]),
        (Op::FinalizeKeySet { set: 1, version: KeyVersion(9) }, vec![0x57, 1, 9]),
        (Op::RollKeySet { set: 1 }, vec![0x55, 1]),
    ];
    for (counter, (op, expected)) in (0..).zip(ops) {
        let command = card.command(op).unwrap();
        let mac = ev2_mac(expected[0], counter, &expected[1..]);
        assert_eq!((command.ins, command.data.clone()), (expected[0], [&expected[1..], &mac[..]].concat()));
        assert_eq!(done(&mut card, ev2_maced(counter, &[])), Reply::Done);
    }
    assert_eq!(card.session(), SessionState::Open, "the key that proved is no longer in use");
    // EV1 sends a MAC with these as well.
    for cipher in CIPHERS {
        let mut card = cipher.session(KeyNo::MASTER, APPLICATION);
        let iv = card.left_behind();
        let command = card.command(Op::RollKeySet { set: 1 }).unwrap();
        assert_eq!(command.data[1..], cipher.mac().cmac_from(&iv, &[&[0x55, 1]])[..8]);
        assert_eq!(done(&mut card, []), Reply::Done);
    }
    for set in [0, 16] {
        assert!(matches!(ev2(0).command(Op::RollKeySet { set }), Err(DesfireError::Invalid { .. })));
    }
    assert!(matches!(d40().command(Op::RollKeySet { set: 1 }), Err(DesfireError::SessionMissing { .. })));
}

#[test]
fn a_roll_that_answers_with_a_wrong_mac_is_not_believed() {
    let mut card = ev2(0);
    card.command(Op::RollKeySet { set: 1 }).unwrap();
    assert_eq!(card.answer(&ok([0; 8])).unwrap_err(), DesfireError::AnswerMac { op: "roll_key_set" });
    assert_eq!(card.session(), SessionState::Dead);
}

#[test]
fn versions_of_keys_and_key_sets_are_told() {
    let mut card = ev2(0);
    let command = card.command(Op::GetKeyVersionOf { set: 1, key_no: key_no(2) }).unwrap();
    assert_eq!(command.data[..2], [0x42, 1]);
    assert_eq!(done(&mut card, ev2_maced(0, &[7])), Reply::KeyVersion(KeyVersion(7)));
    let command = card.command(Op::GetKeySetVersions).unwrap();
    assert_eq!(command.data[..2], [0x40, 0x80]);
    let versions = Reply::KeySetVersions(vec![KeyVersion(1), KeyVersion(9)]);
    assert_eq!(done(&mut card, ev2_maced(1, &[1, 9])), versions);
}

#[test]
fn the_default_key_of_new_applications_is_of_any_kind_and_bears_its_version() {
    for (new, _, bytes, version) in kinds(0x21) {
        let version = version.unwrap_or_else(|| new.version().0);
        let mut card = ev2(0);
        let command = card.command(Op::SetConfiguration(Configuration::DefaultKey(new))).unwrap();
        assert_eq!((command.ins, command.data[0], command.data.len()), (0x5C, 1, 1 + 32 + 8));
        let mut expected = bytes;
        expected.resize(24, 0);
        expected.extend([version, 0x80]);
        expected.resize(32, 0);
        assert_eq!(ev2_received(0, &command.data[1..33]), expected);
    }
}

#[test]
fn older_messaging_is_switched_off_by_two_flags() {
    for (disable_d40, disable_ev1, flags) in [(true, false, 1), (false, true, 2), (true, true, 3)] {
        let mut card = ev2(0);
        let configuration = Configuration::SecureMessaging { disable_d40, disable_ev1 };
        let command = card.command(Op::SetConfiguration(configuration)).unwrap();
        assert_eq!(command.data[0], 4);
        let mut plain = command.data[1..17].to_vec();
        enc().cbc_decrypt(&mut ev2_iv([0xA5, 0x5A], 0), &mut plain);
        assert_eq!(plain[..3], [0, flags, 0x80]);
    }
}
