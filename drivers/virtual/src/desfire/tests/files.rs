//! Applications and files: what may be created, read and written, how it travels, and what memory it takes.

use super::super::session::Mode;
use super::super::{DesfireCard, Memory, Model};
use super::host::{AID, Host, ZERO};
use crate::ApduCard;

#[test]
fn creating_an_application_is_refused_as_a_card_refuses_it() {
    let mut host = Host::aes();
    let [a, b, c] = AID;
    for (data, status) in [
        (vec![a, b, c, 0x0F], 0x7E),
        (vec![0, 0, 0, 0x0F, 0x81], 0x9E),
        (vec![a, b, c, 0x0F, 0x8F], 0x9E),
        (vec![a, b, c, 0x0F, 0xC1], 0x9E),
        (vec![a, b, c, 0x3F, 0x83], 0x9E),
        (vec![a, b, c, 0x0F, 0x93, 0x02], 0x9E),
        (vec![a, b, c, 0x0F, 0x93, 0x01], 0x7E),
        (vec![a, b, c, 0x0F, 0x93, 0x01, 0, 1, 16, 0], 0x9E),
        (vec![a, b, c, 0x0F, 0x83, 0x10], 0x7E),
        ([&[a, b, c, 0x0F, 0x83, 1, 2], &[7; 17][..]].concat(), 0x7E),
        (vec![a, b, c, 0x0F, 0xA3, 0x10, 0xE1, b'a'], 0x00),
        (vec![a, b, c, 0x0F, 0x83], 0xDE),
        (vec![9, b, c, 0x0F, 0x83, 0x10, 0xE1], 0xDE),
        (vec![9, b, c, 0x0F, 0x83, 0x11, 0xE1, b'a'], 0xDE),
    ] {
        assert_eq!(host.frame(0xCA, &data).0, status, "{data:02X?}");
    }
    assert_eq!(host.frame(0x6A, &[]), (0x00, AID.to_vec()));
    assert_eq!(host.card.transmit(&[0, 0xA4, 4, 0, 1, b'a', 0]), [0x90, 0x00]);
    assert_eq!(host.card.transmit(&[0, 0xA4, 0, 0x0C, 2, 0xE1, 0x10]), [0x90, 0x00]);
    assert_eq!(host.frame(0x5A, &[9, 9, 9]).0, 0xA0);
}

#[test]
fn a_card_that_leaves_nothing_free_wants_its_master_key() {
    let mut host = Host::aes();
    host.ev2_first(0, &ZERO).unwrap();
    host.send(0x54, &[], &[0x09], Mode::Full).unwrap();
    host.select([0; 3]);
    for (ins, data) in [(0x6A, &[][..]), (0x6D, &[]), (0x45, &[]), (0xCA, &[1, 2, 0xF5, 0x0F, 0x81])] {
        assert_eq!(host.frame(ins, data).0, 0xAE, "{ins:02X}");
    }
    host.ev2_first(0, &ZERO).unwrap();
    host.manage(0xCA, &[1, 2, 0xF5, 0x00, 0x81]).unwrap();
    assert_eq!(host.manage(0x6A, &[]), Ok(AID.to_vec()));
    host.select(AID);
    for (ins, data) in [(0x6F, &[][..]), (0xF5, &[1]), (0x45, &[]), (0xCD, &[1, 0, 0, 0, 1, 0, 0]), (0xDF, &[1])] {
        assert_eq!(host.frame(ins, data).0, 0xAE, "{ins:02X}");
    }
}

#[test]
fn creating_a_file_is_refused_as_a_card_refuses_it() {
    for (data, status) in [
        (vec![1, 0, 0x00, 0x00, 16, 0], Err(0x7E)),
        (vec![32, 0, 0x00, 0x00, 16, 0, 0], Err(0x9E)),
        (vec![1, 4, 0x00, 0x00, 16, 0, 0], Err(0x9E)),
        (vec![1, 0, 0x00, 0x03, 16, 0, 0], Err(0x9E)),
        (vec![1, 0, 0x00, 0x00, 0, 0, 0], Err(0x9E)),
        (vec![1, 0, 0x00, 0x00, 0xFF, 0xFF, 0xFF], Err(0x0E)),
        (vec![2, 0, 0x00, 0x00, 16, 0, 0], Err(0xDE)),
        (vec![1, 0, 0xEF, 0x21, 16, 0, 0], Ok(Vec::new())),
    ] {
        let mut host = Host::in_app(0x0F);
        host.manage(0xCD, &[2, 0, 0, 0, 1, 0, 0]).unwrap();
        assert_eq!(host.manage(0xCD, &data), status, "{data:02X?}");
    }
    let mut host = Host::aes();
    assert_eq!(host.frame(0xCD, &[1, 0, 0, 0, 1, 0, 0]).0, 0x9D, "not at the card level");
}

#[test]
fn access_and_the_way_data_travels_are_what_the_file_says() {
    // Reading with key 1, writing with key 2, both with key 0; enciphered.
    let mut host = Host::in_app(0x0F);
    host.manage(0xCD, &[1, 3, 0x00, 0x12, 32, 0, 0]).unwrap();
    let place = [1, 0, 0, 0, 4, 0, 0];
    host.send(0x3D, &place, b"data", Mode::Full).unwrap();

    host.ev2_non_first(1, &ZERO).unwrap();
    assert_eq!(host.send(0xBD, &place, &[], Mode::Full).unwrap(), b"data");
    assert_eq!(host.send(0x3D, &place, b"evil", Mode::Full), Err(0xAE));
    host.ev2_first(2, &ZERO).unwrap();
    host.send(0x3D, &place, b"more", Mode::Full).unwrap();
    assert_eq!(host.send(0xBD, &place, &[], Mode::Full), Err(0xAE));
    assert_eq!(host.frame(0xBD, &place).0, 0xAE);

    // The file is enciphered: neither in plain nor with a MAC alone.
    host.ev2_first(0, &ZERO).unwrap();
    assert_eq!(host.send(0x3D, &place, b"evil", Mode::Plain), Err(0x7E));
    host.ev2_first(0, &ZERO).unwrap();
    assert_eq!(host.send(0x3D, &place, b"evil", Mode::Mac), Err(0x7E));
    host.ev2_first(0, &ZERO).unwrap();
    assert_eq!(host.send(0xBD, &place, &[], Mode::Plain), Err(0x7E));
    assert_eq!(host.card.file(AID, 1).unwrap()[..4], *b"more");
}

#[test]
fn free_access_travels_in_plain_and_never_is_never() {
    let mut host = Host::in_app(0x0F);
    // Read free, write key 0, enciphered; and one that nobody reads.
    host.manage(0xCD, &[1, 3, 0xF0, 0xE0, 8, 0, 0]).unwrap();
    host.manage(0xCD, &[2, 3, 0xF0, 0xF0, 8, 0, 0]).unwrap();
    host.send(0x3D, &[1, 0, 0, 0, 8, 0, 0], b"in clear", Mode::Full).unwrap();
    host.select(AID);
    assert_eq!(host.frame(0xBD, &[1, 0, 0, 0, 0, 0, 0]), (0x00, b"in clear".to_vec()));
    assert_eq!(host.frame(0xBD, &[2, 0, 0, 0, 0, 0, 0]).0, 0x9D);
    host.ev2_first(0, &ZERO).unwrap();
    assert_eq!(host.send(0xBD, &[1, 0, 0, 0, 0, 0, 0], &[], Mode::Plain).unwrap(), b"in clear");
}

#[test]
fn what_lies_beyond_a_file_is_neither_read_nor_written() {
    let mut host = Host::in_app(0x0F);
    host.manage(0xCD, &[1, 0, 0xEE, 0xEE, 8, 0, 0]).unwrap();
    host.select(AID);
    for (place, status) in [
        ([1, 0, 0, 0, 9, 0, 0], 0xBE),
        ([1, 8, 0, 0, 0, 0, 0], 0xBE),
        ([1, 7, 0, 0, 2, 0, 0], 0xBE),
        ([1, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF], 0xBE),
        ([1, 7, 0, 0, 1, 0, 0], 0x00),
        ([9, 0, 0, 0, 1, 0, 0], 0xF0),
    ] {
        assert_eq!(host.frame(0xBD, &place).0, status, "read {place:?}");
        if place[4] != 0 {
            let data = vec![1; usize::from(place[4]).min(40)];
            assert_eq!(host.frame(0x3D, &[&place[..], &data].concat()).0, status, "write {place:?}");
        }
    }
    assert_eq!(host.frame(0x3D, &[1, 0, 0, 0, 0, 0, 0]).0, 0x9E, "nothing to write");
    assert_eq!(host.frame(0x3D, &[1, 0, 0, 0, 2, 0, 0, 1, 2, 3]).0, 0x7E, "more than was said");
}

#[test]
fn a_backup_file_shows_the_old_data_until_the_transaction_is_committed() {
    let mut host = Host::in_app(0x0F);
    host.manage(0xCB, &[1, 0, 0xEE, 0xEE, 4, 0, 0]).unwrap();
    let write = [1, 0, 0, 0, 4, 0, 0];
    let read = |host: &mut Host| host.send(0xBD, &[1, 0, 0, 0, 0, 0, 0], &[], Mode::Plain).unwrap();
    host.send(0x3D, &write, b"new!", Mode::Plain).unwrap();
    assert_eq!(read(&mut host), [0; 4]);
    host.manage(0xC7, &[]).unwrap();
    assert_eq!(read(&mut host), b"new!");
    host.send(0x3D, &write, b"gone", Mode::Plain).unwrap();
    host.manage(0xA7, &[]).unwrap();
    assert_eq!(host.manage(0xC7, &[0]), Err(0x0C));
    // Selecting again, or losing power, aborts as well.
    host.select(AID);
    assert_eq!(host.whole(0x3D, &[&write[..], b"gone"].concat()).0, 0x00);
    host.card.power_on();
    host.select(AID);
    assert_eq!(host.frame(0xC7, &[]).0, 0x0C);
    assert_eq!(host.card.file(AID, 1).unwrap(), b"new!");
}

#[test]
fn changing_a_files_settings_wants_the_key_that_the_file_names() {
    let mut host = Host::in_app(0x0F);
    host.manage(0xCD, &[1, 0, 0x01, 0x00, 8, 0, 0]).unwrap();
    host.manage(0xCD, &[2, 0, 0x0F, 0x00, 8, 0, 0]).unwrap();
    assert_eq!(host.send(0x5F, &[1], &[3, 0x01, 0x00], Mode::Full), Err(0xAE));
    host.ev2_first(1, &ZERO).unwrap();
    host.send(0x5F, &[1], &[3, 0x0E, 0x00], Mode::Full).unwrap();
    assert_eq!(host.manage(0xF5, &[1]), Ok(vec![0, 3, 0x0E, 0x00, 8, 0, 0]));
    assert_eq!(host.send(0x5F, &[2], &[3, 0x0E, 0x00], Mode::Full), Err(0x9D));
    host.select(AID);
    assert_eq!(host.frame(0x5F, &[1, 0, 0xEE, 0xEE]).0, 0x00, "anybody, in plain");
    assert_eq!(host.frame(0xF5, &[1]).1, [0, 0, 0xEE, 0xEE, 8, 0, 0]);
}

#[test]
fn memory_is_counted_runs_out_and_comes_back_only_with_a_format() {
    let free = |host: &mut Host| {
        let (_, size) = host.frame(0x6E, &[]);
        u32::from_le_bytes([size[0], size[1], size[2], 0])
    };
    let blank = DesfireCard::new([4, 1, 2, 3, 4, 5, 6], 1).with_model(Model::Ev2, Memory::K2);
    let mut host = Host::new(blank.with_master_key(super::super::KeyKind::Aes, &[0], 0));
    assert_eq!(free(&mut host), 2_560);
    assert_eq!(host.frame(0xCA, &[1, 2, 0xF5, 0x0F, 0x83]).0, 0x00);
    let with_app = free(&mut host);
    assert!(with_app < 2_560);
    host.select(AID);
    assert_eq!(host.frame(0xCD, &[1, 0, 0, 0, 33, 0, 0]).0, 0x00);
    assert_eq!(free(&mut host), with_app - 32 - 64);
    assert_eq!(host.frame(0xCB, &[2, 0, 0, 0, 33, 0, 0]).0, 0x00);
    let full = free(&mut host);
    assert_eq!(full, with_app - 2 * 32 - 3 * 64);
    let too_big = (full as u16).to_le_bytes();
    assert_eq!(host.frame(0xCD, &[3, 0, 0, 0, too_big[0], too_big[1], 0]).0, 0x0E);
    assert_eq!(free(&mut host), full, "what was refused took nothing");
    assert_eq!(host.frame(0xDF, &[1]).0, 0x00);
    assert_eq!(free(&mut host), full);
    host.select([0; 3]);
    host.ev2_first(0, &ZERO).unwrap();
    host.manage(0xDA, &AID).unwrap();
    assert_eq!(host.manage(0x6E, &[]).unwrap()[..2], full.to_le_bytes()[..2]);
    host.manage(0xFC, &[]).unwrap();
    assert_eq!(host.manage(0x6E, &[]).unwrap(), [0x00, 0x0A, 0x00]);
}

#[test]
fn an_application_deletes_itself_only_with_its_own_master_key() {
    let mut host = Host::in_app(0x0F);
    host.ev2_non_first(1, &ZERO).unwrap();
    assert_eq!(host.manage(0xDA, &AID), Err(0xAE));
    host.ev2_first(0, &ZERO).unwrap();
    assert_eq!(host.manage(0xDA, &AID), Ok(Vec::new()));
    assert_eq!(host.frame(0x6A, &[]), (0x00, Vec::new()), "at the card level, without a session");
}
