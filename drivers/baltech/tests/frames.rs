//! Baltech's own example frames (docs.baltech.de/developers/brp-example-frames), and what must hold for whatever a
//! reader sends.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use lanyard_baltech::{CheckSum, Command, FrameFault, ReportFault, Response, Status, from_report, to_report};
use proptest::prelude::*;

const INFO: &str = "313130302049444520 5A2020202020312E31342E30302031322F31382F3139203433383933313236 00";

fn hex(text: &str) -> Vec<u8> {
    hex::decode(text.replace(' ', "")).unwrap()
}

fn answer() -> Vec<u8> {
    hex(&format!("0C 0004 2900 {INFO}"))
}

#[test]
fn frames_are_as_baltech_prints_them() {
    let command = Command::GetInfo;
    assert_eq!(command.frame(CheckSum::None).unwrap().0, hex("0C 00 04 00 00"));
    assert_eq!(command.frame(CheckSum::Crc16).unwrap().0, hex("2C 00 04 00 00 4E 53"));
    for (bytes, check_sum) in [(answer(), CheckSum::None), (hex(&format!("2C 0004 2900 {INFO} E884")), CheckSum::Crc16)]
    {
        let response = Response::read(&bytes, command.code(), check_sum).unwrap().unwrap();
        let Status::Done(payload) = response.status else { panic!("a failure") };
        assert_eq!(Command::info(&payload), Some("1100 IDE Z     1.14.00 12/18/19 43893126"));
        for short in 0..bytes.len() {
            assert_eq!(Response::read(&bytes[..short], command.code(), check_sum), Ok(None), "{short}");
        }
    }
}

#[test]
fn an_answer_that_is_not_to_this_command_says_nothing() {
    let read = |bytes: &[u8], check_sum| Response::read(bytes, 0x0101, check_sum);
    assert_eq!(read(&answer(), CheckSum::None), Err(FrameFault::Code));
    assert_eq!(read(&hex("2C 0101 0000 0000"), CheckSum::Crc16), Err(FrameFault::CheckSum));
    assert_eq!(read(&hex("0C 0101 0000"), CheckSum::Crc16), Err(FrameFault::Flags));
    assert_eq!(read(&hex("08 01 00"), CheckSum::None), Err(FrameFault::Flags));
    assert_eq!(read(&hex("8C 0101 0000"), CheckSum::None), Err(FrameFault::Length));
    assert_eq!(read(&hex("0C 0101 FFFF"), CheckSum::None), Err(FrameFault::Length));
    assert_eq!(read(&hex("0C 0101 0000 00"), CheckSum::None), Err(FrameFault::Length));
    let failed = read(&hex("CC 0101 0100 01"), CheckSum::None).unwrap().unwrap();
    assert_eq!(failed, Response { status: Status::Failed(1), hardware_fault: true });
}

#[test]
fn a_frame_goes_into_the_smallest_report_that_holds_it() {
    for (length, number, whole) in [(5, 1, 15), (12, 1, 15), (13, 2, 63), (61, 3, 255), (253, 4, 1023), (1020, 4, 1023)]
    {
        let frame = vec![7; length];
        let report = to_report(&frame).unwrap();
        assert_eq!((report[0], report.len()), (number, whole));
        assert_eq!(from_report(&report), Ok(frame.as_slice()));
    }
    assert_eq!(to_report(&[0; 1021]), None);
    assert_eq!(from_report(&[5; 2000]), Err(ReportFault::Report));
    assert_eq!(from_report(&[0; 2000]), Err(ReportFault::Report));
    assert_eq!(from_report(&[1, 12, 0, 1]), Err(ReportFault::Report));
    assert_eq!(from_report(&[&[1, 13, 0][..], &[0; 13]].concat()), Err(ReportFault::Length));
}

proptest! {
    #[test]
    fn nothing_that_a_reader_sends_makes_it_panic(bytes: Vec<u8>, code: u16, crc: bool) {
        let check_sum = if crc { CheckSum::Crc16 } else { CheckSum::None };
        let _ = Response::read(&bytes, code, check_sum);
        let _ = (Command::info(&bytes), Command::card_type(&bytes), Command::apdu(&bytes), Command::message(&bytes));
        let _ = from_report(&bytes);
    }

    #[test]
    fn one_flipped_bit_never_passes_where_there_is_a_check_sum(bytes in prop::collection::vec(any::<u8>(), 0..300), at: prop::sample::Index) {
        let code = 0x0102;
        let mut frame = lanyard_baltech::Frame::new(code, &bytes, CheckSum::Crc16).unwrap().0;
        let sound = Response { status: Status::Done(bytes), hardware_fault: false };
        prop_assert_eq!(Response::read(&frame, code, CheckSum::Crc16), Ok(Some(sound)));
        let at = at.index(frame.len() * 8);
        frame[at / 8] ^= 1 << (at % 8);
        let noticed = matches!(Response::read(&frame, code, CheckSum::Crc16), Err(_) | Ok(None));
        prop_assert!(noticed);
    }
}
