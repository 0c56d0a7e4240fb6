//! What a real EV3 card answered, frame by frame, is what ours answers (`tests/vectors/real-ev3`).
//!
//! The one thing that a card chooses freely is its challenge: it is deciphered with the key that the recording used and
//! given to our card before it goes on.

use super::super::authenticate::{Handshake, Kind};
use super::super::image::{Key, KeyKind};
use super::super::{DesfireCard, Memory, Model, Pending};
use crate::ApduCard;

const UID: [u8; 7] = [0x04, 0x64, 0xD5, 0x9A, 0xDD, 0x1E, 0x90];

macro_rules! recorded {
    ($name:literal) => {
        include_str!(concat!("../../../../../tests/vectors/real-ev3/", $name, ".replay"))
    };
}

/// Whole blocks of one byte: the keys of the recordings.
fn des(byte: u8) -> Key {
    Key::new(KeyKind::Des, &[byte], 0)
}

fn aes(byte: u8) -> Key {
    Key::new(KeyKind::Aes, &[byte], 0)
}

/// `keys`: which each authentication used.
fn replayed(recording: &str, keys: &[Key]) {
    let mut card = DesfireCard::new(UID, 1).with_model(Model::Ev3, Memory::K4);
    card.power_on();
    let mut keys = keys.iter();
    for (number, line) in recording.lines().filter(|line| !line.is_empty()).enumerate() {
        let (sent, came) = line.split_once(' ').unwrap();
        let (sent, came) = (hex::decode(sent).unwrap(), hex::decode(came).unwrap());
        let answer = card.transmit(&sent);
        if matches!(sent[0], 0x1A | 0xAA) && sent.len() == 2 {
            assert_eq!((answer[0], answer.len()), (0xAF, came.len()), "line {}", number + 1);
            let key = keys.next().unwrap().clone();
            let mut rnd_b = came[1..].to_vec();
            let mut iv = [0; 16];
            key.cipher().cbc_decrypt(&mut iv, &mut rnd_b);
            let handshake = Handshake { key_no: sent[1], key, rnd_b, kind: Kind::Ev1 { iv } };
            card.live.pending = Some(Pending::Handshake(handshake));
        } else {
            assert_eq!(hex::encode(answer), hex::encode(came), "line {}", number + 1);
        }
    }
    assert!(keys.next().is_none(), "every authentication was replayed");
}

#[test]
fn what_the_card_says_of_itself() {
    replayed(recorded!("metadata"), &[des(0)]);
}

#[test]
fn an_application_made_changed_and_deleted() {
    replayed(recorded!("application"), &[des(0), aes(0), des(0)]);
}

#[test]
fn keys_of_an_application_changed() {
    replayed(recorded!("key_change_app_des_des"), &[des(0), des(0), des(2)]);
    replayed(recorded!("key_change_app_aes_aes"), &[des(0), aes(0), aes(2)]);
}

#[test]
fn the_master_key_changed_from_kind_to_kind_and_back() {
    replayed(recorded!("key_change_picc_round_the_world"), &[des(0), des(2), aes(0), aes(1)]);
}

#[test]
fn files_written_and_read_in_every_mode_and_in_as_many_frames() {
    replayed(recorded!("file_io"), &[des(0), aes(0)]);
}
