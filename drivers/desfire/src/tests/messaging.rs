//! Secure messaging that no published vector covers, against the card's side of the rule.

use super::counterpart::{
    APPLICATION, d40, d40_full, d40_received, des, enc, ev1, ev1_full, ev1_maced, ev2, ev2_full, ev2_iv, ev2_mac,
    ev2_maced, mac, ok,
};
use super::{aes_key, key, key_no, new_file, old, read, secret, write};
use crate::cipher::BlockCipher;
use crate::crc::{crc16, crc32};
use crate::session::Session;
use crate::{
    Aid, Card, CommMode, Configuration, DesKey, DesfireError, KeyVersion, Link, NewKey, Op, Progress, Reply,
    SessionState,
};

fn done(card: &mut Card, answer: Vec<u8>) -> Reply {
    match card.answer(&ok(answer)).unwrap() {
        Progress::Done(reply) => reply,
        Progress::More(_) => panic!("not done"),
    }
}

const TEXT: &[u8] = b"Read it back, then believe it.";

#[test]
fn ev2_counts_plain_commands_too() {
    let mut card = ev2(0);
    card.command(read(30, CommMode::Plain)).unwrap();
    assert_eq!(done(&mut card, TEXT.to_vec()), Reply::Data(TEXT.to_vec()));
    let command = card.command(read(30, CommMode::Mac)).unwrap();
    assert_eq!(command.data[7..], ev2_mac(0xBD, 1, &command.data[..7]));
    assert_eq!(done(&mut card, ev2_maced(1, TEXT)), Reply::Data(TEXT.to_vec()));
    card.command(read(30, CommMode::Full)).unwrap();
    assert_eq!(done(&mut card, ev2_full(2, TEXT)), Reply::Data(TEXT.to_vec()));
}

#[test]
fn an_ev2_answer_of_the_command_before_is_not_taken_again() {
    let mut card = ev2(0);
    card.command(read(30, CommMode::Mac)).unwrap();
    let answer = ev2_maced(0, TEXT);
    done(&mut card, answer.clone());
    card.command(read(30, CommMode::Mac)).unwrap();
    assert_eq!(card.answer(&ok(answer)).unwrap_err(), DesfireError::AnswerMac { op: "read_data" });
}

#[test]
fn an_ev2_session_ends_before_its_counter_comes_round() {
    let mut card = ev2(u16::MAX - 1);
    card.command(Op::FreeMemory).unwrap();
    done(&mut card, ev2_maced(u16::MAX - 1, &[0, 1, 0]));
    assert_eq!(card.command(Op::FreeMemory).unwrap_err(), DesfireError::SessionMissing { op: "free_memory" });
}

#[test]
fn another_key_is_changed_in_ev2_by_the_exclusive_or_with_a_key_that_is_not_zero() {
    let mut card = ev2(3);
    let op = Op::ChangeKey { key_no: key_no(1), new: aes_key(0x10), old: Some(old(0x51)) };
    let command = card.command(op).unwrap();
    let (body, sent_mac) = command.data.split_last_chunk::<8>().unwrap();
    assert_eq!(sent_mac[..], ev2_mac(0xC4, 3, body));
    let mut plain = body[1..].to_vec();
    enc().cbc_decrypt(&mut ev2_iv([0xA5, 0x5A], 3), &mut plain);
    let xored: Vec<u8> = key(0x10).iter().zip(key(0x51)).map(|(new, old)| new ^ old).collect();
    assert_eq!(plain[..16], xored);
    assert_eq!(plain[16], 0x42);
    assert_eq!(plain[17..21], crc32(&[&key(0x10)]));
    assert_eq!(plain[21..], [&[0x80][..], &[0; 10]].concat());
    assert_eq!(done(&mut card, ev2_maced(3, &[])), Reply::Done);
    assert_eq!(card.session(), SessionState::Ev2(key_no(0)), "another key's change leaves the session");
}

#[test]
fn another_key_is_changed_in_ev1_by_the_exclusive_or_with_a_key_that_is_not_zero() {
    let mut card = ev1();
    let mut iv = card.left_behind();
    let op = Op::ChangeKey { key_no: key_no(2), new: aes_key(0x10), old: Some(old(0x51)) };
    let command = card.command(op).unwrap();
    let mut plain = command.data[1..].to_vec();
    mac().cipher.cbc_decrypt(&mut iv, &mut plain);
    let mut expected: Vec<u8> = key(0x10).iter().zip(key(0x51)).map(|(new, old)| new ^ old).collect();
    expected.push(0x42);
    let sum = crc32(&[&[0xC4, 2], &expected]);
    expected.extend(sum);
    expected.extend(crc32(&[&key(0x10)]));
    expected.resize(32, 0);
    assert_eq!(plain, expected);
    let answer = ev1_maced(&card, &[]);
    assert_eq!(done(&mut card, answer), Reply::Done);
}

#[test]
fn another_key_is_never_changed_without_its_old_value() {
    let mut card = ev2(0);
    let op = Op::ChangeKey { key_no: key_no(1), new: aes_key(1), old: None };
    assert!(matches!(card.command(op), Err(DesfireError::Invalid { .. })));
    assert_eq!(card.exchanges(), 0);
    assert_eq!(card.session(), SessionState::Ev2(key_no(0)));
}

#[test]
fn the_cards_master_key_goes_from_des_to_aes_with_its_type_in_the_key_number() {
    let session = crate::session::D40 { key_no: key_no(0), cipher: des() };
    let mut card = Card::recorded(Link::wrapped(64), Session::D40(session), Aid::PICC);
    let command = card.command(Op::ChangeKey { key_no: key_no(0), new: aes_key(0x10), old: None }).unwrap();
    assert_eq!((command.ins, command.data[0]), (0xC4, 0x80));
    let mut expected = [&key(0x10)[..], &[0x42]].concat();
    let sum = crc16(&[&expected]);
    expected.extend(sum);
    expected.resize(24, 0);
    assert_eq!(d40_received(&command.data[1..]), expected);
    assert_eq!(done(&mut card, vec![]), Reply::Done);
    assert_eq!(card.session(), SessionState::Open);
}

#[test]
fn a_des_key_has_no_place_in_an_ev2_session() {
    let mut card = ev2(0);
    let op = Op::ChangeKey { key_no: key_no(0), new: NewKey::Des(DesKey::factory()), old: None };
    assert!(matches!(card.command(op), Err(DesfireError::Invalid { .. })));
}

#[test]
fn ev1_enciphers_a_file_both_ways() {
    let mut card = ev1();
    let mut iv = card.left_behind();
    let command = card.command(write(TEXT, CommMode::Full)).unwrap();
    let (header, cryptogram) = command.data.split_at(7);
    let mut plain = cryptogram.to_vec();
    mac().cipher.cbc_decrypt(&mut iv, &mut plain);
    assert_eq!(plain[..30], *TEXT);
    assert_eq!(plain[30..34], crc32(&[&[0x3D], header, TEXT]));
    let answer = ev1_maced(&card, &[]);
    assert_eq!(done(&mut card, answer), Reply::Done);
    card.command(read(30, CommMode::Full)).unwrap();
    let answer = ev1_full(&card, TEXT);
    assert_eq!(done(&mut card, answer), Reply::Data(TEXT.to_vec()));
    // The IV ran through all of it: a MACed answer still holds.
    card.command(read(30, CommMode::Mac)).unwrap();
    let answer = ev1_maced(&card, TEXT);
    assert_eq!(done(&mut card, answer), Reply::Data(TEXT.to_vec()));
}

#[test]
fn ev1_sends_the_mac_with_maced_data_and_with_nothing_else() {
    let mut card = ev1();
    let iv = card.left_behind();
    let command = card.command(write(TEXT, CommMode::Mac)).unwrap();
    let (data, sent) = command.data.split_last_chunk::<8>().unwrap();
    assert_eq!(sent[..], mac().cmac_from(&iv, &[&[0x3D], data])[..8]);
    let mut card = ev1();
    assert_eq!(card.command(new_file()).unwrap().data.len(), 7);
}

#[test]
fn d40_protects_a_file_both_ways() {
    let mut card = d40();
    let command = card.command(write(TEXT, CommMode::Mac)).unwrap();
    assert_eq!(command.data[37..], des().d40_mac(TEXT));
    done(&mut card, vec![]);
    let command = card.command(write(TEXT, CommMode::Full)).unwrap();
    assert_eq!(d40_received(&command.data[7..]), [TEXT, &crc16(&[TEXT])].concat());
    done(&mut card, vec![]);
    card.command(read(30, CommMode::Full)).unwrap();
    assert_eq!(done(&mut card, d40_full(TEXT)), Reply::Data(TEXT.to_vec()));
    card.command(read(30, CommMode::Mac)).unwrap();
    assert_eq!(done(&mut card, [TEXT, &des().d40_mac(TEXT)].concat()), Reply::Data(TEXT.to_vec()));
}

#[test]
fn a_secret_default_key_goes_enciphered_and_padded_to_24_bytes() {
    let mut card = ev2(0);
    let configuration = Configuration::DefaultKey(NewKey::Aes { key: secret(0x20), version: KeyVersion(9) });
    let command = card.command(Op::SetConfiguration(configuration)).unwrap();
    assert_eq!((command.ins, command.data[0], command.data.len()), (0x5C, 1, 1 + 32 + 8));
    let mut plain = command.data[1..33].to_vec();
    enc().cbc_decrypt(&mut ev2_iv([0xA5, 0x5A], 0), &mut plain);
    assert_eq!(plain, [&key(0x20)[..], &[0; 8], &[9, 0x80], &[0; 6]].concat());
}

#[test]
fn without_a_session_nothing_that_needs_one_is_sent() {
    let refused = [
        write(&[1], CommMode::Full),
        write(&[1], CommMode::Mac),
        read(1, CommMode::Mac),
        Op::GetCardUid,
        Op::ChangeKey { key_no: key_no(0), new: aes_key(1), old: None },
        Op::SetConfiguration(Configuration::Picc { disable_format: false, random_uid: true }),
    ];
    for op in refused {
        let mut card = Card::recorded(Link::wrapped(64), Session::None, APPLICATION);
        let name = op.name();
        assert_eq!(card.command(op).unwrap_err(), DesfireError::SessionMissing { op: name });
        assert_eq!(card.exchanges(), 0);
    }
}

#[test]
fn a_two_key_des_key_with_equal_halves_is_single_des() {
    let halves = [key(5)[..8].to_vec(), key(5)[..8].to_vec()].concat();
    let (mut double, mut single) = ([7; 16], [7; 16]);
    BlockCipher::two_key(&halves.clone().try_into().unwrap()).encrypt(&mut double);
    BlockCipher::des(&halves[..8].try_into().unwrap()).encrypt(&mut single);
    assert_eq!(double, single);
}
