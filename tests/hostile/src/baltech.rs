//! Baltech's frames, reports and answers.

use lanyard_baltech::{CheckSum, Command, Frame, PAYLOADS, Response, Status, from_report, to_report};

use crate::fed::Fed;

pub fn frames(bytes: &[u8]) {
    let mut fed = Fed(bytes);
    let check_sum = if fed.flag() { CheckSum::Crc16 } else { CheckSum::None };
    let code = fed.u16();
    let rest = fed.0;
    if let Ok(Some(Response { status: Status::Done(payload), .. })) = Response::read(rest, code, check_sum) {
        answers(&payload);
    }
    if let Ok(frame) = from_report(rest) {
        let again = to_report(frame).unwrap();
        assert_eq!(from_report(&again), Ok(frame));
    }
    if let Some(report) = to_report(rest) {
        assert!(rest.len() <= PAYLOADS[PAYLOADS.len() - 1]);
        assert_eq!(from_report(&report), Ok(rest));
    }
    if let Some(frame) = Frame::new(code, rest, check_sum) {
        // What is a command is a good answer as well: both have the same frame.
        let read = Response::read(&frame.0, code, check_sum).unwrap().unwrap();
        assert_eq!(read.status, Status::Done(rest.to_vec()));
        assert_eq!(Response::read(&frame.0[..frame.0.len() - 1], code, check_sum), Ok(None));
    }
    answers(rest);
}

fn answers(payload: &[u8]) {
    let _ = Command::info(payload);
    let _ = Command::card_type(payload);
    if let Some(apdu) = Command::apdu(payload) {
        assert!(apdu.len() <= payload.len());
    }
    if let Some(message) = Command::message(payload) {
        assert!(message.data.len() <= payload.len());
    }
}
