//! What a card that left the field in the middle is left with, and what an exported card comes back with.

use super::super::cipher::crc32;
use super::super::session::Mode;
use super::super::{DesfireCard, ImageError};
use super::host::{AID, Host, ZERO};
use crate::ApduCard;

#[test]
fn a_card_pulled_between_two_frames_of_a_write_has_written_nothing() {
    let mut host = Host::in_app(0x0F);
    host.manage(0xCD, &[1, 0x01, 0x00, 0x00, 100, 0, 0]).unwrap();
    let wire = host.sealed(0x3D, &[1, 0, 0, 0, 100, 0, 0], &[7; 100], Mode::Mac);
    assert_eq!(host.frame(0x3D, &wire[..54]).0, 0xAF);
    host.card.power_off();
    assert_eq!(host.card.file(AID, 1).unwrap(), [0; 100]);
    host.card.power_on();
    host.select(AID);
    assert_eq!(host.frame(0xAF, &wire[54..100]).0, 0x1C);
    assert_eq!(host.card.file(AID, 1).unwrap(), [0; 100]);
}

#[test]
fn what_was_carried_out_stays_and_what_was_selected_does_not() {
    let mut host = Host::in_app(0x0F);
    let new = *b"the new key, set";
    let data = [&new[..], &[1], &crc32(&[&new])].concat();
    let wire = host.sealed(0xC4, &[1], &data, Mode::Full);
    // The answer is lost: the host knows nothing.
    host.frame(0xC4, &wire);
    host.card.power_off();
    host.card.power_on();
    assert_eq!(host.frame(0x6F, &[]).0, 0x9D);
    host.select(AID);
    assert_eq!(host.ev2_first(1, &ZERO), Err(0xAE));
    host.ev2_first(1, &new).unwrap();
}

#[test]
fn an_exported_card_comes_back_the_same_but_never_with_the_same_challenge() {
    let mut host = Host::in_app(0x0F);
    host.manage(0xCB, &[3, 0x03, 0x00, 0x00, 9, 0, 0]).unwrap();
    host.send(0x5F, &[3], &[1, 0x00, 0x00], Mode::Full).unwrap();
    let text = host.card.export();
    let mut back = Host::new(DesfireCard::import(&text).unwrap());
    assert_eq!(back.card.export(), text);
    back.select(AID);
    back.ev2_first(0, &ZERO).unwrap();
    assert_eq!(back.manage(0xF5, &[3]), Ok(vec![1, 1, 0, 0, 9, 0, 0]));
    let challenge = back.frame(0x71, &[0, 0]).1;
    let mut again = Host::new(DesfireCard::import(&back.card.export()).unwrap());
    again.select(AID);
    assert_ne!(again.frame(0x71, &[0, 0]).1, challenge);
}

#[test]
fn a_spoilt_export_is_refused() {
    let text = Host::in_app(0x0F).card.export();
    assert!(matches!(DesfireCard::import(&text[..text.len() - 1]), Err(ImageError::Syntax { .. })));
    let short_key = text.replacen("\"bytes\":\"00", "\"bytes\":\"", 1);
    assert!(matches!(DesfireCard::import(&short_key), Err(ImageError::Impossible)));
    let more_than_there_is = text.replacen("\"used\":", "\"used\":99", 1);
    assert!(matches!(DesfireCard::import(&more_than_there_is), Err(ImageError::Impossible)));
}

#[test]
fn an_impostor_looks_like_the_card_it_copies_and_opens_with_the_factory_key() {
    let uid = [4, 9, 8, 7, 6, 5, 4];
    let mut host = Host::new(DesfireCard::impostor(uid, 5));
    host.card.power_on();
    assert_eq!(host.card.uid(), uid);
    assert_eq!(host.whole(0x60, &[]).1[14..21], uid);
    host.d40(0, &[0; 16]).unwrap();
}
