//! Sessions: what ends them, and what is refused inside one.

use super::super::session::Mode;
use super::super::{FrameSize, Memory, Model};
use super::host::{AID, Host, ZERO};
use crate::ApduCard;

#[test]
fn ev2_counts_every_command_and_a_second_authentication_keeps_the_count() {
    let mut host = Host::in_app(0x0F);
    host.manage(0xCD, &[1, 0x00, 0x00, 0xEE, 16, 0, 0]).unwrap();
    host.send(0xBD, &[1, 0, 0, 0, 4, 0, 0], &[], Mode::Plain).unwrap();
    host.manage(0x6F, &[]).unwrap();
    host.ev2_non_first(2, &ZERO).unwrap();
    assert_eq!(host.manage(0x64, &[0]), Ok(vec![0]));
}

#[test]
fn non_first_without_first_is_refused() {
    let mut host = Host::in_app(0x0F);
    host.select(AID);
    assert_eq!(host.ev2_non_first(0, &ZERO), Err(0xAE));
    host.aes_ev1(0, &ZERO).unwrap();
    assert_eq!(host.ev2_non_first(0, &ZERO), Err(0xAE));
}

#[test]
fn a_turned_bit_a_missing_mac_and_a_replay_are_each_refused_and_end_the_session() {
    let mut host = Host::in_app(0x0F);
    let mut wire = host.sealed(0x64, &[0], &[], Mode::Mac);
    *wire.last_mut().unwrap() ^= 1;
    assert_eq!(host.frame(0x64, &wire).0, 0x1E);
    assert_eq!(host.frame(0x51, &[]).0, 0xAE, "the session is over");

    host.ev2_first(0, &ZERO).unwrap();
    assert_eq!(host.frame(0x64, &[0]).0, 0x7E);

    host.ev2_first(0, &ZERO).unwrap();
    let wire = host.sealed(0x64, &[0], &[], Mode::Mac);
    assert_eq!(host.frame(0x64, &wire).0, 0x00);
    assert_eq!(host.frame(0x64, &wire).0, 0x1E);
}

#[test]
fn any_refusal_ends_the_session() {
    for (ins, data, status) in [
        (0x64, vec![9], 0x40),
        (0xF5, vec![9], 0xF0),
        (0xDF, vec![9], 0xF0),
        (0xC7, vec![], 0x0C),
        (0xCA, vec![7, 7, 7, 0x0F, 0x81], 0x9D),
        (0xFC, vec![], 0x9D),
    ] {
        let mut host = Host::in_app(0x0F);
        assert_eq!(host.manage(ins, &data), Err(status), "{ins:02X}");
        assert_eq!(host.frame(0x51, &[]).0, 0xAE, "{ins:02X}");
    }
}

#[test]
fn selecting_authenticating_and_losing_power_each_end_the_session() {
    let mut host = Host::in_app(0x0F);
    host.select(AID);
    assert_eq!(host.frame(0x51, &[]).0, 0xAE);
    host.ev2_first(0, &ZERO).unwrap();
    assert_eq!(host.ev2_first(0, &[1; 16]), Err(0xAE));
    assert_eq!(host.frame(0x51, &[]).0, 0xAE);
    host.ev2_first(0, &ZERO).unwrap();
    host.card.power_off();
    host.card.power_on();
    assert_eq!(host.frame(0x6F, &[]).0, 0x9D, "at the card level again");
}

#[test]
fn another_command_in_the_middle_of_a_chain_aborts_it() {
    let mut host = Host::aes();
    assert_eq!(host.frame(0x60, &[]).0, 0xAF);
    assert_eq!(host.frame(0x6A, &[]).0, 0xCA);
    assert_eq!(host.frame(0xAF, &[]).0, 0x1C, "and nothing is left to be fetched");
    assert_eq!(host.frame(0x71, &[0, 0]).0, 0xAF);
    assert_eq!(host.frame(0x60, &[]).0, 0xCA);
    assert_eq!(host.frame(0x60, &[]).0, 0xAF);
}

#[test]
fn frames_longer_than_the_card_takes_are_refused_and_longer_ones_can_be_configured() {
    for (size, most) in [(FrameSize::B64, 59), (FrameSize::B128, 123), (FrameSize::B256, 251)] {
        let mut host = Host::in_app(0x0F);
        host.manage(0xCD, &[1, 0x00, 0xEE, 0xEE, 0, 2, 0]).unwrap();
        let mut host = Host::new(host.card.with_frame_size(size));
        host.card.power_on();
        host.select(AID);
        let header = [1, 0, 0, 0, 0, 2, 0];
        let frame = |n: usize| [&header[..], &vec![1; n - 7]].concat();
        assert_eq!(host.frame(0x3D, &frame(most + 1)).0, 0x7E, "{size:?}");
        assert_eq!(host.frame(0x3D, &frame(most)).0, 0xAF, "{size:?}");
        host.card.power_on();
        host.select(AID);
        let (status, answer) = host.frame(0xBD, &[1, 0, 0, 0, 0, 0, 0]);
        assert_eq!((status, answer.len()), (0xAF, most), "{size:?}");
    }
}

#[test]
fn with_iso_chaining_one_apdu_carries_what_a_frame_does_not() {
    let mut host = Host::in_app(0x0F);
    host.manage(0xCD, &[1, 0x03, 0x00, 0x00, 0, 1, 0]).unwrap();
    let data: Vec<u8> = (0..=200).collect();
    let wire = host.sealed(0x8D, &[1, 0, 0, 0, 201, 0, 0], &data, Mode::Full);
    assert_eq!(host.frame(0x8D, &wire).0, 0x00);
    assert_eq!(host.card.file(AID, 1).unwrap()[..201], data);
    host.ev2_first(0, &ZERO).unwrap();
    let wire = host.sealed(0xAD, &[1, 0, 0, 0, 201, 0, 0], &[], Mode::Full);
    let (status, answer) = host.frame(0xAD, &wire);
    assert_eq!((status, answer.len()), (0x00, 208 + 8));
}

#[test]
fn an_ev1_card_knows_nothing_of_ev2() {
    let card = Host::aes().card.with_model(Model::Ev1, Memory::K4);
    let mut host = Host::new(card);
    for (ins, data) in [(0x71, &[0, 0][..]), (0x77, &[0]), (0xAD, &[1; 7]), (0x8D, &[1; 8])] {
        assert_eq!(host.frame(ins, data).0, 0x1C, "{ins:02X}");
    }
    host.aes_ev1(0, &ZERO).unwrap();
    let mut host = Host::new(host.card);
    host.card.power_on();
    assert_eq!(host.whole(0x60, &[]).1[..7], [4, 1, 1, 1, 0, 0x18, 5]);
    assert_eq!(host.frame(0x6E, &[]).1, [0x00, 0x13, 0x00]);
}

#[test]
fn framing_that_is_none_is_answered_and_survived() {
    let mut card = Host::aes().card;
    for (command, answer) in [
        (&[0x90, 0x60, 0, 0][..], &[0x91, 0x7E][..]),
        (&[0x90, 0x60, 1, 0, 0], &[0x6A, 0x86]),
        (&[0x90, 0x60, 0, 0, 5, 1, 0], &[0x91, 0x7E]),
        (&[0x90, 0x99, 0, 0, 0], &[0x91, 0x1C]),
        (&[0x00, 0xA4, 4, 0, 7, 0xD2, 0x76, 0, 0, 0x85, 1, 0], &[0x90, 0x00]),
        (&[0x00, 0xA4, 4, 0, 7, 0xD2, 0x76, 0, 0, 0x85, 1, 0, 0], &[0x90, 0x00]),
        (&[0x00, 0xA4, 4, 0, 5, 0xA0, 0, 0, 3, 8, 0], &[0x6A, 0x82]),
        (&[0x00, 0xB2, 0, 0, 0], &[0x6D, 0x00]),
        (&[0x80, 0xCA, 0, 0, 0], &[0x6E, 0x00]),
        (&[], &[0x6E, 0x00]),
        (&[0x0A], &[0x7E]),
        (&[0x60, 0x01], &[0x7E]),
        (&[0x6E], &[0x00, 0x00, 0x28, 0x00]),
    ] {
        assert_eq!(card.transmit(command), answer, "{command:02X?}");
    }
    // No byte string makes it panic: every instruction, with data of every short length.
    for ins in 0..=255_u8 {
        for length in 0..=70_u8 {
            let data: Vec<u8> = (0..length).map(|i| i.wrapping_mul(ins) ^ length).collect();
            card.transmit(&[&[0x90, ins, 0, 0, length], data.as_slice(), &[0]].concat());
            card.transmit(&[&[ins], data.as_slice()].concat());
        }
    }
}
