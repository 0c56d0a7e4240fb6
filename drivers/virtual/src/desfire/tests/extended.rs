//! What EV2 added and ISO 7816 offers: key sets, delegated applications, further rights, configuration, READ and UPDATE
//! BINARY, the maker's signature.

use super::super::cipher::{Cipher, crc32};
use super::super::session::Mode;
use super::super::{DesfireCard, KeyKind};
use super::host::{AID, Host, ZERO};
use super::vectors::{bytes, vector};
use crate::ApduCard;

/// An application of two AES keys with three key sets, of which key 1 rolls.
fn with_sets() -> Host {
    let mut host = Host::aes();
    let [a, b, c] = AID;
    assert_eq!(host.frame(0xCA, &[a, b, c, 0x0F, 0x92, 0x01, 0x05, 3, 16, 1]).0, 0x00);
    host.select(AID);
    host.ev2_first(0, &ZERO).unwrap();
    host
}

fn fill(host: &mut Host, set: u8, no: u8, key: &[u8; 16]) -> Result<Vec<u8>, u8> {
    // The old key is zero, so the exclusive-or is the new one.
    host.send(0xC6, &[set, no], &[&key[..], &[9], &crc32(&[key])].concat(), Mode::Full)
}

#[test]
fn a_key_set_is_filled_finished_and_put_into_use_by_the_roll_key() {
    let mut host = with_sets();
    assert_eq!(host.manage(0x45, &[]).unwrap(), [0x0F, 0x92, 0x01, 0x05, 3, 16, 1]);
    let (k0, k1) = (*b"set one, key 0..", *b"set one, key 1..");
    host.send(0x56, &[1, 2], &[], Mode::Mac).unwrap();
    fill(&mut host, 1, 0, &k0).unwrap();
    fill(&mut host, 1, 1, &k1).unwrap();
    host.send(0x57, &[1, 6], &[], Mode::Mac).unwrap();
    assert_eq!(host.manage(0x64, &[0x40, 0x80]).unwrap(), [5, 6]);
    assert_eq!(host.manage(0x64, &[0x41, 1]).unwrap(), [9]);
    assert_eq!(fill(&mut host, 1, 0, &k1), Err(0x9D), "finished is finished");
    host.ev2_first(0, &ZERO).unwrap();
    assert_eq!(host.send(0x55, &[1], &[], Mode::Mac), Err(0xAE), "key 0 does not roll");
    host.ev2_first(1, &ZERO).unwrap();
    host.send(0x55, &[1], &[], Mode::Mac).unwrap();
    assert_eq!(host.frame(0x55, &[1]).0, 0xAE, "the session went with the old set");
    assert_eq!(host.ev2_first(1, &ZERO), Err(0xAE));
    host.ev2_first(0, &k0).unwrap();
    assert_eq!(host.card.key(AID, 1).unwrap().bytes, k1);
}

#[test]
fn a_key_set_that_is_not_finished_or_not_there_is_not_put_into_use() {
    for (prepare, status) in [(false, 0x9E), (true, 0x9D)] {
        let mut host = with_sets();
        if prepare {
            host.send(0x56, &[1, 2], &[], Mode::Mac).unwrap();
        }
        host.ev2_non_first(1, &ZERO).unwrap();
        assert_eq!(host.send(0x55, &[1], &[], Mode::Mac), Err(status));
        assert!(host.card.key(AID, 0).unwrap().bytes == ZERO);
    }
    for (ins, data) in [(0x56, [3, 2]), (0x56, [0, 2]), (0x56, [1, 1]), (0x56, [1, 3]), (0x57, [1, 1])] {
        let mut host = with_sets();
        assert_eq!(host.send(ins, &data, &[], Mode::Mac), Err(0x9E), "{ins:02X} {data:?}");
    }
    let mut host = Host::in_app(0x0F);
    assert_eq!(host.send(0x56, &[1, 2], &[], Mode::Mac), Err(0x9D), "an application without key sets");
}

/// The card level with the issuer's three keys as in AN12696: authenticate, MAC, encipher.
fn with_issuer() -> Host {
    let mut host = Host::aes();
    host.ev2_first(0, &ZERO).unwrap();
    for (no, byte) in [(0x10, 0x33), (0x11, 0x11), (0x12, 0x22)] {
        let key = [byte; 16];
        host.send(0xC4, &[no], &[&key[..], &[1], &crc32(&[&key])].concat(), Mode::Full).unwrap();
    }
    host.ev2_first(0x10, &[0x33; 16]).unwrap();
    host
}

#[test]
fn a_delegated_application_is_made_on_the_issuers_word_and_within_its_quota() {
    let (key, mac) = (vector("ev2-dam-encK-an12696"), vector("ev2-dam-mac-an12696"));
    let header = bytes(&mac["inputs"]["mac_input_header"]);
    let first = &header[1..];
    let word = [bytes(&key["outputs"]["EncK"]), bytes(&mac["outputs"]["DAMMAC"])].concat();
    let whole = [first, &word].concat();

    let mut host = with_issuer();
    let sealed = host.sealed(0xC9, &whole, &[], Mode::Mac);
    assert_eq!(host.frame(0xC9, &sealed[..first.len()]).0, 0xAF);
    assert_eq!(host.frame(0xAF, &sealed[first.len()..]).0, 0x00);
    let aid: [u8; 3] = first[..3].try_into().unwrap();
    assert_eq!(host.card.applications(), [aid]);
    assert!(host.card.key(aid, 0).unwrap().bytes == ZERO);

    let mut host = Host::new(DesfireCard::import(&host.card.export()).unwrap());
    host.ev2_first(0x10, &[0x33; 16]).unwrap();
    let slot = u16::from_le_bytes([first[3], first[4]]);
    let info = host.manage(0x69, &slot.to_le_bytes()).unwrap();
    assert_eq!((info[0], &info[1..3], &info[5..]), (first[5], &first[6..8], &aid[..]));
    assert_eq!(host.frame(0xC9, first).0, 0xAF);
    assert_ne!(host.frame(0xAF, &word).0, 0x00, "a word is good once");
    host.select(aid);
    host.ev2_first(0, &ZERO).unwrap();
    let quota = u32::from(u16::from_le_bytes([first[6], first[7]])) * 32;
    let size = quota.to_le_bytes();
    assert_eq!(host.manage(0xCD, &[1, 0, 0, 0, size[0], size[1], size[2]]), Err(0x0E), "more than its quota");
}

#[test]
fn a_delegated_application_without_the_issuers_word_is_refused() {
    let mac = vector("ev2-dam-mac-an12696");
    let first = bytes(&mac["inputs"]["mac_input_header"])[1..].to_vec();
    let mut host = with_issuer();
    let sealed = host.sealed(0xC9, &[&first[..], &[7; 40]].concat(), &[], Mode::Mac);
    assert_eq!(host.frame(0xC9, &sealed[..first.len()]).0, 0xAF);
    assert_eq!(host.frame(0xAF, &sealed[first.len()..]).0, 0x1E);
    assert!(host.card.applications().is_empty());
    let mut master = Host::aes();
    master.ev2_first(0, &ZERO).unwrap();
    assert_eq!(master.frame(0xC9, &first).0, 0xAE, "the card's master key does not stand for the delegation key");
}

#[test]
fn messaging_that_was_switched_off_stays_off() {
    let mut host = Host::aes();
    host.ev2_first(0, &ZERO).unwrap();
    host.send(0x5C, &[4], &[0, 2], Mode::Full).unwrap();
    host.card.power_on();
    assert_eq!(host.frame(0xAA, &[0]).0, 0x9D);
    host.ev2_first(0, &ZERO).unwrap();
    host.send(0x5C, &[4], &[0, 1], Mode::Full).unwrap();
    assert_eq!(host.frame(0x0A, &[0]).0, 0x9D);
    assert_eq!(host.frame(0xAA, &[0]).0, 0x9D);
}

#[test]
fn further_sets_of_rights_open_a_file_to_further_keys() {
    let mut host = Host::in_app(0x0F);
    host.manage(0xCD, &[1, 0x80, 0x00, 0xF0, 4, 0, 0]).unwrap();
    host.manage(0xCD, &[2, 0x00, 0x00, 0xF0, 4, 0, 0]).unwrap();
    host.send(0x5F, &[1], &[0x80, 0x00, 0xF0, 1, 0xFF, 0x1F], Mode::Full).unwrap();
    assert_eq!(host.manage(0xF5, &[1]).unwrap(), [0, 0x80, 0x00, 0xF0, 4, 0, 0, 1, 0xFF, 0x1F]);
    host.ev2_non_first(1, &ZERO).unwrap();
    assert_eq!(host.send(0xBD, &[1, 0, 0, 0, 0, 0, 0], &[], Mode::Plain).unwrap(), [0; 4]);
    assert_eq!(host.send(0xBD, &[2, 0, 0, 0, 0, 0, 0], &[], Mode::Plain), Err(0xAE));
    host.ev2_first(0, &ZERO).unwrap();
    let refused = host.send(0x5F, &[2], &[0x80, 0x00, 0xF0, 1, 0xFF, 0x1F], Mode::Full);
    assert_eq!(refused, Err(0x9E), "a file that was not made for them");
}

#[test]
fn iso_commands_read_and_write_what_is_free() {
    let mut card = DesfireCard::new([4, 1, 2, 3, 4, 5, 6], 1).with_master_key(KeyKind::Aes, &[0], 0);
    card.power_on();
    let mut send = |command: &[u8]| card.transmit(command);
    assert_eq!(send(&[0x90, 0xCA, 0, 0, 8, 1, 2, 0xF5, 0x0F, 0xA1, 0x10, 0xE1, b'a', 0]), [0x91, 0x00]);
    assert_eq!(send(&[0, 0xA4, 4, 0x0C, 1, b'a']), [0x90, 0x00]);
    assert_eq!(send(&[0x90, 0xCD, 0, 0, 9, 3, 0x04, 0xE1, 0, 0xE0, 0xEE, 8, 0, 0, 0]), [0x91, 0x00]);
    assert_eq!(send(&[0x90, 0xCD, 0, 0, 9, 4, 0x05, 0xE1, 0, 0x00, 0x00, 8, 0, 0, 0]), [0x91, 0x00]);
    assert_eq!(send(&[0, 0xB0, 0, 0, 8]), [0x69, 0x85], "no file is selected");
    assert_eq!(send(&[0, 0xA4, 2, 0x0C, 2, 0xE1, 0x04]), [0x90, 0x00]);
    assert_eq!(send(&[0, 0xD6, 0, 2, 3, b'i', b's', b'o']), [0x90, 0x00]);
    assert_eq!(send(&[0, 0xB0, 0, 0, 0]), [&b"\0\0iso\0\0\0"[..], &[0x90, 0x00]].concat());
    assert_eq!(send(&[0, 0xB0, 0, 3, 2]), [b's', b'o', 0x90, 0x00]);
    assert_eq!(send(&[0, 0xB0, 0x83, 4, 1]), [b'o', 0x90, 0x00], "by its number");
    assert_eq!(send(&[0, 0xB0, 0, 8, 1]), [0x6B, 0x00]);
    assert_eq!(send(&[0, 0xB0, 0, 0, 9]), [0x67, 0x00]);
    assert_eq!(send(&[0, 0xD6, 0, 7, 2, 1, 1]), [0x6B, 0x00]);
    assert_eq!(send(&[0, 0xA4, 2, 0x0C, 2, 0xE1, 0x09]), [0x6A, 0x82]);
    assert_eq!(send(&[0, 0xA4, 2, 0x0C, 2, 0xE1, 0x05]), [0x90, 0x00]);
    assert_eq!(send(&[0, 0xB0, 0, 0, 8]), [0x69, 0x82]);
    assert_eq!(send(&[0, 0xD6, 0, 0, 1, 1]), [0x69, 0x82]);
}

#[test]
fn the_makers_signature_is_the_published_one_and_a_card_without_one_has_none() {
    let v = vector("originality-sig-047728824D6580");
    let uid = bytes(&v["inputs"]["uid"]).try_into().unwrap();
    let signature = bytes(&v["inputs"]["signature_r||s"]);
    let mut card = DesfireCard::new(uid, 1).with_signature(signature.clone().try_into().unwrap());
    assert_eq!(card.transmit(&[0x90, 0x3C, 0, 0, 1, 0, 0]), [&signature[..], &[0x91, 0x90]].concat());
    assert_eq!(DesfireCard::new(uid, 1).transmit(&[0x90, 0x3C, 0, 0, 1, 0, 0]), [0x91, 0x1C]);
}

#[test]
fn the_first_key_of_a_delegated_application_is_enciphered_as_the_note_says() {
    let v = vector("ev2-dam-encK-an12696");
    let key: [u8; 16] = bytes(&v["inputs"]["K_DAMENC"]).try_into().unwrap();
    let mut plain = bytes(&v["outputs"]["EncK"]);
    Cipher::aes(key).cbc_decrypt(&mut [0; 16], &mut plain);
    assert_eq!(plain, bytes(&v["outputs"]["plaintext"]));
}
