//! Frames: how many, how full, and in which order. What the budget of an encoding rests on.

use super::counterpart::{APPLICATION, ev2, ev2_mac, ev2_maced, ev2_on, more, ok};
use super::{read, write};
use crate::session::Session;
use crate::{Card, CommMode, DesfireError, Framing, Link, Op, Progress, Reply, SessionState};

const RECORD: [u8; 128] = [0x4C; 128];

/// All commands of a write, and the whole payload.
fn sent(card: &mut Card, op: Op) -> (Vec<u8>, Vec<usize>, Vec<u8>) {
    let mut command = card.command(op).unwrap();
    let (mut ins, mut lengths, mut payload) = (Vec::new(), Vec::new(), Vec::new());
    loop {
        ins.push(command.ins);
        lengths.push(command.data.len());
        payload.extend_from_slice(&command.data);
        // The card asks for more as long as the payload is short of what the header promises: 7 + 128 + MAC 8.
        if payload.len() >= 143 {
            return (ins, lengths, payload);
        }
        match card.answer(&more([])).unwrap() {
            Progress::More(next) => command = next,
            Progress::Done(_) => panic!("done too early"),
        }
    }
}

#[test]
fn a_long_command_takes_the_card_record_in_one_exchange() {
    let mut card = ev2_on(Link::wrapped(128).with_long_commands(), 0);
    let (ins, lengths, payload) = sent(&mut card, write(&RECORD, CommMode::Mac));
    assert_eq!((ins, lengths), (vec![0x8D], vec![143]));
    assert_eq!(payload[135..], ev2_mac(0x8D, 0, &payload[..135]));
    assert!(matches!(card.answer(&ok(ev2_maced(0, &[]))).unwrap(), Progress::Done(Reply::Done)));
    assert_eq!(card.command(read(128, CommMode::Mac)).unwrap().ins, 0xAD);
    card.answer(&ok(ev2_maced(1, &RECORD))).unwrap();
    assert_eq!(card.exchanges(), 2);
}

#[test]
fn a_command_that_fits_one_frame_is_not_long() {
    let mut card = ev2_on(Link::wrapped(128).with_long_commands(), 0);
    assert_eq!(card.command(read(32, CommMode::Full)).unwrap().ins, 0xBD);
    let mut card = ev2_on(Link::wrapped(128).with_long_commands(), 0);
    assert_eq!(card.command(read(300, CommMode::Mac)).unwrap().ins, 0xBD, "and no short APDU carries 300 bytes");
}

#[test]
fn frames_are_filled_and_the_mac_is_over_all_of_them_as_one() {
    for (link, expected) in [
        (Link::wrapped(128), vec![118, 25]),
        (Link::wrapped(64), vec![54, 54, 35]),
        (Link { framing: Framing::Native, ..Link::wrapped(64) }, vec![59, 59, 25]),
        (Link { framing: Framing::Native, ..Link::wrapped(128) }, vec![123, 20]),
    ] {
        let mut card = ev2_on(link, 0);
        let (ins, lengths, payload) = sent(&mut card, write(&RECORD, CommMode::Mac));
        assert_eq!(lengths, expected);
        assert!(ins[0] == 0x3D && ins[1..].iter().all(|ins| *ins == 0xAF));
        assert_eq!(payload[135..], ev2_mac(0x3D, 0, &payload[..135]));
        card.answer(&ok(ev2_maced(0, &[]))).unwrap();
        assert_eq!(usize::try_from(card.exchanges()).unwrap(), expected.len(), "frames count as exchanges");
    }
}

#[test]
fn an_answer_in_frames_is_put_together_wherever_it_is_cut() {
    let whole = ev2_maced(0, &RECORD);
    for cut in 1..whole.len() - 1 {
        let mut card = ev2(0);
        card.command(read(128, CommMode::Mac)).unwrap();
        let Progress::More(next) = card.answer(&more(&whole[..cut])).unwrap() else { panic!("done too early") };
        assert_eq!(next.encode(), [0x90, 0xAF, 0, 0, 0]);
        let Progress::Done(reply) = card.answer(&ok(&whole[cut..])).unwrap() else { panic!("not done") };
        assert_eq!(reply, Reply::Data(RECORD.to_vec()));
    }
}

#[test]
fn a_card_that_never_stops_sending_is_stopped() {
    let mut card = Card::recorded(Link::wrapped(64), Session::None, APPLICATION);
    card.command(read(40, CommMode::Plain)).unwrap();
    let error = loop {
        match card.answer(&more([1; 50])) {
            Ok(_) => assert!(card.exchanges() < 10),
            Err(error) => break error,
        }
    };
    assert!(matches!(error, DesfireError::AnswerLength { op: "read_data", .. }));
    assert_eq!(card.session(), SessionState::Dead);
}

#[test]
fn empty_frames_without_end_are_not_waited_for() {
    let mut card = ev2(0);
    card.command(read(40, CommMode::Mac)).unwrap();
    assert_eq!(card.answer(&more([])).unwrap_err(), DesfireError::AnswerOrder { op: "read_data" });
    assert_eq!(card.session(), SessionState::Dead);
}

#[test]
fn a_card_that_says_done_before_it_has_all_is_not_believed() {
    let mut card = ev2(0);
    card.command(write(&RECORD, CommMode::Mac)).unwrap();
    let error = card.answer(&ok(ev2_maced(0, &[]))).unwrap_err();
    assert_eq!(error, DesfireError::AnswerOrder { op: "write_data" });
    assert_eq!(card.session(), SessionState::Dead);
}

#[test]
fn one_operation_at_a_time() {
    let mut card = ev2(0);
    assert_eq!(card.answer(&ok([])).unwrap_err(), DesfireError::OutOfTurn { op: "answer" });
    card.command(Op::FreeMemory).unwrap();
    assert_eq!(card.command(Op::GetVersion).unwrap_err(), DesfireError::OutOfTurn { op: "get_version" });
    // The one under way is not disturbed.
    let Progress::Done(reply) = card.answer(&ok(ev2_maced(0, &[0, 0x20, 0]))).unwrap() else { panic!("not done") };
    assert_eq!(reply, Reply::Memory(8192));
}

#[test]
fn a_script_drives_an_operation_to_its_reply() {
    let mut card = ev2(0);
    let reply = lanyard_apdu::drive(&mut card.run(Op::FreeMemory), |command| {
        assert_eq!(command[1], 0x6E);
        Ok::<_, ()>(ok(ev2_maced(0, &[0, 0x20, 0])).encode())
    });
    assert_eq!(reply.unwrap(), Reply::Memory(8192));
}
