//! The simulated DESFire card in the real pcscd, seen through PC/SC as any other program sees it.

// Clippy knows functions as tests only by their attribute; what these share is test code too.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::ffi::CString;
use std::time::Duration;

use lanyard_tests::vpcd::Pcscd;
use lanyard_virtual::DesfireCard;
use pcsc::{Context, Protocols, ReaderState, Scope, ShareMode, State};

const UID: [u8; 7] = [0x04, 0x2F, 0x61, 0x0A, 0x3C, 0x5E, 0x80];

/// Waits until the reader is in a state that has these flags.
fn wait_for(context: &Context, reader: &str, flags: State) {
    let mut states = [ReaderState::new(CString::new(reader).unwrap(), State::UNAWARE)];
    while !states[0].event_state().contains(flags) {
        states[0].sync_current_state();
        context.get_status_change(Some(Duration::from_secs(20)), &mut states).expect("pcscd reports a change");
    }
}

#[test]
fn two_readers_tell_their_cards_apart_and_a_lifted_card_is_noticed() {
    let pcscd = Pcscd::start(&["Desk left", "Desk right"]).unwrap();
    let context = Context::establish(Scope::User).unwrap();
    let (left, right) = (pcscd.reader("Desk left"), pcscd.reader("Desk right"));

    let card = pcscd.lay("Desk left", DesfireCard::new(UID, 1)).unwrap();
    wait_for(&context, &left, State::PRESENT);
    wait_for(&context, &right, State::EMPTY);

    let open = context.connect(&CString::new(left.as_str()).unwrap(), ShareMode::Exclusive, Protocols::ANY).unwrap();
    let mut buffer = [0; 264];
    let mut ask = |command: &[u8]| open.transmit(command, &mut buffer).unwrap().to_vec();
    assert_eq!(ask(&[0xFF, 0xCA, 0x00, 0x00, 0x00]), [&UID[..], &[0x90, 0x00]].concat());
    assert_eq!(ask(&[0x90, 0x60, 0, 0, 0]), [4, 1, 1, 0x12, 0, 0x1A, 5, 0x91, 0xAF]);
    assert_eq!(ask(&[0x90, 0xAF, 0, 0, 0]), [4, 1, 1, 2, 1, 0x1A, 5, 0x91, 0xAF]);
    assert_eq!(ask(&[0x90, 0xAF, 0, 0, 0])[..7], UID);
    assert_eq!(ask(&[0x90, 0x6A, 0, 0, 0]), [0x91, 0x00]);
    assert_eq!(open.status2_owned().unwrap().atr(), [0x3B, 0x81, 0x80, 0x01, 0x80, 0x80]);
    drop(open);

    card.lift();
    wait_for(&context, &left, State::EMPTY);
}
