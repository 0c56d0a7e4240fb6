//! D40: handshake, checksum, key change.

use lanyard_secret::Secret;

use super::{APPLICATION, Vector, card, des, once, play};
use crate::call::pad;
use crate::crc::{crc16, crc32};
use crate::keys::{Change, KeyRules, OldKey, key_data};
use crate::session::{D40, Session};
use crate::{Aid, Card, DesKey, KeyNo, KeySettings, KeyVersion, NewKey, Op, Reply, SessionState};

pub(super) fn runner(id: &str) -> Option<fn(&Vector)> {
    Some(match id {
        "d40-auth-0A-des-1" | "d40-auth-0A-des-2" => authenticate,
        "d40-changekeysettings" => change_key_settings,
        "d40-changekey-des-to-des" => |v| change_master(v, Aid([1, 2, 3]), double("00", "00")),
        "d40-changekey-des-to-2k3des" => |v| change_master(v, Aid([1, 2, 3]), double("00", "02")),
        "d40-changekey-des-to-aes-picc" => |v| {
            change_master(v, Aid::PICC, NewKey::Aes { key: Secret::zero(), version: KeyVersion(0) });
        },
        "d40-changekey-different-key-DERIVED" => change_another,
        "d40-crc16-keyFF" => |v| assert_eq!(crc16(&[&v.bytes("data")]).to_vec(), v.out("crc16_lsb_first")),
        "crc16-desfire-getuid-resp" => |v| assert_eq!(crc16(&[&v.bytes("data")]).to_vec(), v.out("crc16")),
        "crc32-desfire-getuid-resp" => |v| {
            assert_eq!(crc32(&[&v.bytes("data"), &v.bytes("status")]).to_vec(), v.out("crc32"));
        },
        _ => return None,
    })
}

fn double(first: &str, second: &str) -> NewKey {
    let bytes = hex::decode(first.repeat(8) + &second.repeat(8)).unwrap();
    NewKey::Des(DesKey::Double(Secret::from_slice(&bytes).unwrap()))
}

fn session(v: &Vector, key_no: KeyNo) -> Session {
    Session::D40(D40 { key_no, cipher: des(&v.bytes("session_key")) })
}

fn authenticate(v: &Vector) {
    let mut nonce = [0; 16];
    nonce[..8].copy_from_slice(&v.bytes("RndA"));
    let op = || Op::AuthenticateD40 {
        key_no: KeyNo::MASTER,
        key: DesKey::Single(Secret::from_slice(&v.bytes("key")).unwrap()),
        rnd_a: Secret::from_slice(&nonce).unwrap(),
    };
    let frames = [
        (v.bytes("cmd_native"), [vec![0xAF], v.bytes("E(RndB)")].concat()),
        ([vec![0xAF], v.out("token_dk(RndA||RndB_rot)")].concat(), [vec![0], v.out("E(RndA_rot)")].concat()),
    ];
    let mut host = card(Session::None, Aid::PICC);
    assert_eq!(play(&mut host, op(), &frames), Reply::Done);
    assert_eq!(host.session(), SessionState::D40(KeyNo::MASTER));
    // The session key shows in what it enciphers.
    let mut recorded = card(session_of(&v.out("session_key")), Aid::PICC);
    assert_eq!(settings_command(&mut host), settings_command(&mut recorded));
}

fn session_of(key: &[u8]) -> Session {
    Session::D40(D40 { key_no: KeyNo::MASTER, cipher: des(key) })
}

fn settings_command(card: &mut Card) -> Vec<u8> {
    card.command(Op::ChangeKeySettings(KeySettings::from_wire(0x0F))).unwrap().encode().to_vec()
}

fn change_key_settings(v: &Vector) {
    let settings = KeySettings::from_wire(v.bytes("new_settings")[0]);
    let mut host = card(session(v, KeyNo::MASTER), Aid::PICC);
    once(&mut host, Op::ChangeKeySettings(settings), &v.out("apdu_native"), &[]);
}

fn change_master(v: &Vector, selected: Aid, new: NewKey) {
    let mut host = card(session(v, KeyNo::MASTER), selected);
    let op = Op::ChangeKey { key_no: KeyNo::MASTER, new, old: None };
    once(&mut host, op, &v.out("apdu_native"), &[]);
    assert_eq!(host.session(), SessionState::Open, "the authenticated key is gone, and the session with it");
}

fn change_another(v: &Vector) {
    let key_no = KeyNo::new(v.bytes("KeyNo")[0]).unwrap();
    let new = || NewKey::Des(DesKey::Double(Secret::from_slice(&v.bytes("new_key")).unwrap()));
    let old = OldKey::Des(DesKey::Double(Secret::from_slice(&v.bytes("old_key")).unwrap()));
    let change = Change { command: &[0xC4, key_no.get()], new: &new(), old: Some(&old) };
    let mut plaintext = key_data(KeyRules::D40, &change).unwrap();
    pad(&mut plaintext, 8, false);
    assert_eq!(plaintext.to_vec(), v.out("plaintext"));
    let mut host = card(session(v, KeyNo::MASTER), APPLICATION);
    let sent = [vec![0xC4, key_no.get()], v.out("cryptogram")].concat();
    once(&mut host, Op::ChangeKey { key_no, new: new(), old: Some(old) }, &sent, &[]);
    assert_eq!(host.session(), SessionState::D40(KeyNo::MASTER), "another key's change leaves the session");
}
