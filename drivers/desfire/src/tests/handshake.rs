//! Handshakes that no vector covers: NonFirst, a card that lies, a card that refuses.

use lanyard_apdu::{Command, Response};

use super::counterpart::{APPLICATION, Prover, TI, ev2_mac, more, ok};
use super::{key, key_no, secret, write};
use crate::cipher::MacCipher;
use crate::session::{Ev2, Session};
use crate::{Card, CommMode, DesKey, DesfireError, KeyNo, Link, Op, Progress, Reply, SessionState};

const KEY: u8 = 0x31;

fn open() -> Card {
    Card::recorded(Link::wrapped(128), Session::None, APPLICATION)
}

fn first() -> Op {
    Op::AuthenticateEv2First { key_no: key_no(1), key: secret(KEY), rnd_a: secret(0x77) }
}

fn non_first() -> Op {
    Op::AuthenticateEv2NonFirst { key_no: key_no(2), key: secret(KEY), rnd_a: secret(0x77) }
}

fn token(card: &mut Card, prover: &Prover) -> Command {
    match card.answer(&more(prover.challenge())).unwrap() {
        Progress::More(command) => command,
        Progress::Done(_) => panic!("done without a proof"),
    }
}

#[test]
fn a_second_key_in_an_ev2_session_keeps_transaction_and_counter() {
    let mut card = super::counterpart::ev2(41);
    let prover = Prover::new(KEY);
    assert_eq!(card.command(non_first()).unwrap().encode(), [0x90, 0x77, 0, 0, 1, 2, 0]);
    let second = token(&mut card, &prover);
    let a = prover.token(&second).unwrap();
    assert_eq!(a, key(0x77));
    assert!(matches!(card.answer(&ok(prover.proof(a, false))).unwrap(), Progress::Done(Reply::Done)));
    assert_eq!(card.session(), SessionState::Ev2(key_no(2)));
    // The next MAC: the new keys, the old TI, the counter where it stood.
    let (_, mac) = Ev2::keys(&MacCipher::new(Prover::new(KEY).key), &a, &prover.b);
    let command = card.command(Op::FreeMemory).unwrap();
    let full = mac.cmac(&[&[0x6E], &41u16.to_le_bytes(), &TI]);
    let expected: Vec<u8> = full.into_iter().skip(1).step_by(2).collect();
    assert_eq!(command.data, expected);
    assert_ne!(command.data, ev2_mac(0x6E, 41, &[]));
}

#[test]
fn a_second_key_needs_an_ev2_session() {
    let mut card = open();
    assert_eq!(card.command(non_first()).unwrap_err(), DesfireError::SessionMissing { op: "authenticate" });
    assert_eq!(card.exchanges(), 0, "nothing was sent");
}

#[test]
fn a_card_that_does_not_know_the_key_is_dead_after_its_lie() {
    for bit in 0..256 {
        let mut card = open();
        let prover = Prover::new(KEY);
        card.command(first()).unwrap();
        let second = token(&mut card, &prover);
        let mut proof = prover.proof(prover.token(&second).unwrap(), true);
        proof[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(card.answer(&ok(proof)).unwrap_err(), DesfireError::AuthUnproved { key_no: 1 });
        assert_eq!(card.session(), SessionState::Dead);
    }
}

#[test]
fn an_emulator_that_echoes_our_own_token_proves_nothing() {
    let mut card = open();
    card.command(first()).unwrap();
    let Progress::More(second) = card.answer(&more(vec![0x5A; 16])).unwrap() else { panic!("done without a proof") };
    let error = card.answer(&ok(second.data.clone())).unwrap_err();
    assert_eq!(error, DesfireError::AuthUnproved { key_no: 1 });
}

#[test]
fn a_refused_key_leaves_a_card_that_can_be_asked_again() {
    let mut card = open();
    card.command(first()).unwrap();
    token(&mut card, &Prover::new(KEY ^ 1));
    let error = card.answer(&Response::status(0x91AE)).unwrap_err();
    assert_eq!(error, DesfireError::AuthRefused { key_no: 1 });
    assert_eq!(card.session(), SessionState::Open);
    assert!(card.command(first()).is_ok());
}

#[test]
fn a_new_handshake_ends_the_session_before_it_whatever_comes_of_it() {
    let mut card = super::counterpart::ev2(5);
    card.command(first()).unwrap();
    card.answer(&Response::status(0x9140)).unwrap_err();
    assert_eq!(card.session(), SessionState::Open);
    let error = card.command(write(&[1], CommMode::Mac)).unwrap_err();
    assert_eq!(error, DesfireError::SessionMissing { op: "write_data" });
}

#[test]
fn a_challenge_of_the_wrong_length_kills() {
    for len in [0, 8, 15, 17, 32] {
        let mut card = open();
        card.command(first()).unwrap();
        assert_eq!(
            card.answer(&more(vec![1; len])).unwrap_err(),
            DesfireError::AnswerLength { op: "authenticate", len }
        );
        assert_eq!(card.session(), SessionState::Dead);
    }
    let mut card = open();
    card.command(Op::AuthenticateD40 { key_no: KeyNo::MASTER, key: DesKey::factory(), rnd_a: secret(1) }).unwrap();
    card.answer(&more(vec![1; 16])).unwrap_err();
    assert_eq!(card.session(), SessionState::Dead);
}
