//! `tests/vectors/vectors.json` from the card's side: the handshakes and secure messaging that hosts of others recorded.

use serde_json::Value;

use lanyard_apdu::Command;

use super::super::authenticate::{Handshake, Kind};
use super::super::cipher::{Cipher, Iv, crc16, crc32, unpad_iso};
use super::super::image::{Key, KeyKind};
use super::super::session::{Carries, Mode, Session};
use super::super::{Authenticated, DesfireCard};
use crate::ApduCard;

const FILE: &str = include_str!("../../../../../tests/vectors/vectors.json");

fn all() -> Vec<Value> {
    let file: Value = serde_json::from_str(FILE).unwrap();
    file["vectors"].as_array().unwrap().clone()
}

pub(super) fn vector(id: &str) -> Value {
    all().into_iter().find(|v| v["id"] == id).unwrap_or_else(|| panic!("no vector {id}"))
}

fn starting(prefix: &str) -> Vec<Value> {
    let found: Vec<Value> = all().into_iter().filter(|v| v["id"].as_str().unwrap().starts_with(prefix)).collect();
    assert!(!found.is_empty(), "no vector {prefix}*");
    found
}

/// Hex, however it is spaced; what is behind a bar follows.
pub(super) fn bytes(value: &Value) -> Vec<u8> {
    hex::decode(value.as_str().unwrap_or_default().replace([' ', '|'], "")).unwrap()
}

fn array<const N: usize>(value: &Value) -> [u8; N] {
    bytes(value).try_into().unwrap()
}

fn cipher(key: &[u8]) -> Cipher {
    <[u8; 16]>::try_from(key).map_or_else(|_| Cipher::tdes(key), Cipher::aes)
}

/// Two ciphers with the same key encipher alike.
fn same(a: &Cipher, b: &Cipher) -> bool {
    let enciphered = |cipher: &Cipher| {
        let mut block = [0x5A; 16];
        cipher.cbc_encrypt(&mut [0; 16], &mut block);
        block
    };
    a.block() == b.block() && enciphered(a) == enciphered(b)
}

#[test]
fn cmac_is_nists_for_aes_and_every_triple_des() {
    for v in starting("cmac-") {
        let key = bytes(&v["inputs"]["key"]);
        let cipher = if v["inputs"]["cipher"].is_null() { cipher(&key) } else { Cipher::tdes(&key) };
        let mac = cipher.cmac(&mut [0; 16], &bytes(&v["inputs"]["msg"]));
        assert_eq!(mac[..cipher.block()], bytes(&v["outputs"]["cmac"]), "{}", v["id"]);
    }
}

#[test]
fn checksums_are_those_of_the_catalogue_and_of_a_real_cards_uid() {
    assert_eq!(crc16(b"123456789").to_vec(), bytes(&vector("crc16-a-check")["outputs"]["crc16_lsb_first"]));
    assert_eq!(crc32(&[b"123456789"]).to_vec(), bytes(&vector("crc32-desfire-check")["outputs"]["crc32_lsb_first"]));
    let v = vector("crc16-desfire-getuid-resp");
    assert_eq!(crc16(&bytes(&v["inputs"]["data"])).to_vec(), bytes(&v["outputs"]["crc16"]));
    let v = vector("crc32-desfire-getuid-resp");
    let answer = [bytes(&v["inputs"]["data"]), bytes(&v["inputs"]["status"])].concat();
    assert_eq!(crc32(&[&answer]).to_vec(), bytes(&v["outputs"]["crc32"]));
    let v = vector("d40-crc16-keyFF");
    assert_eq!(crc16(&bytes(&v["inputs"]["data"])).to_vec(), bytes(&v["outputs"]["crc16_lsb_first"]));
}

/// Takes the host's token of a recorded handshake, with the random number that the recorded card had drawn.
fn finish(key: Key, kind: Kind, rnd_b: Vec<u8>, token: &[u8]) -> (Vec<u8>, Session) {
    let mut card = DesfireCard::new([4, 0, 0, 0, 0, 0, 0], 1);
    card.power_on();
    let handshake = Handshake { key_no: 0, key, rnd_b, kind };
    let answer = match card.finish_authentication(handshake, token) {
        Ok(super::super::exchange::Next::Sealed(_, answer)) => answer,
        _ => panic!("the token was refused"),
    };
    (answer, card.live.session.take().unwrap().session)
}

#[test]
fn d40_handshakes_of_real_hosts_are_accepted() {
    for v in starting("d40-auth-") {
        let key = Key::new(KeyKind::Des, &bytes(&v["inputs"]["key"]), 0);
        let (inputs, outputs) = (&v["inputs"], &v["outputs"]);
        let mut challenge = bytes(&outputs["RndB"]);
        key.cipher().cbc_encrypt(&mut [0; 16], &mut challenge);
        assert_eq!(challenge, bytes(&inputs["E(RndB)"]), "{}", v["id"]);
        let token = bytes(&outputs["token_dk(RndA||RndB_rot)"]);
        let (answer, session) = finish(key, Kind::D40, bytes(&outputs["RndB"]), &token);
        assert_eq!(answer, bytes(&outputs["E(RndA_rot)"]), "{}", v["id"]);
        let Session::D40 { key } = session else { panic!("another session") };
        assert!(same(&key, &Cipher::tdes(&bytes(&outputs["session_key"]))), "{}", v["id"]);
    }
}

#[test]
fn ev1_handshakes_of_real_hosts_are_accepted_with_every_kind_of_key() {
    for v in starting("ev1-auth-") {
        let (inputs, outputs) = (&v["inputs"], &v["outputs"]);
        let kind = match inputs["cipher"].as_str().unwrap() {
            "AES" => KeyKind::Aes,
            "3TDEA" => KeyKind::Tdes3,
            _ => KeyKind::Des,
        };
        let key = Key::new(kind, &bytes(&inputs["key"]), 0);
        let mut challenge = bytes(&outputs["RndB"]);
        let mut iv: Iv = [0; 16];
        key.cipher().cbc_encrypt(&mut iv, &mut challenge);
        assert_eq!(challenge, bytes(&inputs["E(RndB)"]), "{}", v["id"]);
        let token = bytes(&outputs["token_E(RndA||RndB_rot)"]);
        let (answer, session) = finish(key, Kind::Ev1 { iv }, bytes(&outputs["RndB"]), &token);
        assert_eq!(answer, bytes(&outputs["E(RndA_rot)"]), "{}", v["id"]);
        let Session::Ev1 { key, .. } = session else { panic!("another session") };
        let expected = bytes(&outputs["session_key"]);
        let expected = if kind == KeyKind::Aes { cipher(&expected) } else { Cipher::tdes(&expected) };
        assert!(same(&key, &expected), "{}", v["id"]);
    }
}

#[test]
fn ev2_handshakes_of_the_application_notes_are_accepted() {
    for v in starting("ev2-first-") {
        let (inputs, outputs) = (&v["inputs"], &v["outputs"]);
        let key = Key::new(KeyKind::Aes, &bytes(&inputs["key"]), 0);
        let token = Command::parse(&bytes(&outputs["c_apdu2"])).unwrap();
        let kind = Kind::First { host: array(&outputs["PCDcap2"]), ti: array(&outputs["TI"]) };
        let (answer, session) = finish(key, kind, bytes(&outputs["RndB"]), &token.data);
        assert_eq!([answer, vec![0x91, 0x00]].concat(), bytes(&outputs["r_apdu2"]), "{}", v["id"]);
        let Session::Ev2 { enc, mac, counter: 0, .. } = session else { panic!("another session") };
        assert!(same(&enc, &Cipher::aes(array(&outputs["KSesAuthENC"]))), "{}", v["id"]);
        assert!(same(&mac, &Cipher::aes(array(&outputs["KSesAuthMAC"]))), "{}", v["id"]);
    }
}

#[test]
fn whole_ev1_sessions_of_a_real_card_are_answered_alike() {
    for id in ["ev1-issuing-session-des", "ev1-file-session-aes-plain"] {
        let v = vector(id);
        let key = bytes(&v["inputs"]["session_key"]);
        let mut session = Session::Ev1 { key: cipher(&key), iv: [0; 16] };
        for exchange in v["inputs"]["exchanges"].as_array().unwrap() {
            let sent = bytes(&exchange["tx"]);
            session.open(sent[0], &sent[1..], Carries::Parameters { mac: true }).unwrap();
            let (data, mac) = match exchange["rx"].is_null() {
                true => (bytes(&exchange["rx_data"]), bytes(&exchange["rx_cmac"])),
                false => {
                    let mut data = bytes(&exchange["rx"]);
                    let mac = data.split_off(data.len() - 8);
                    (data, mac)
                }
            };
            let answer = session.seal(data.clone(), Mode::Plain, true);
            assert_eq!(answer, [data, mac].concat(), "{id}: {}", exchange["tx"]);
        }
    }
}

#[test]
fn settings_changed_by_real_hosts_are_understood() {
    let v = vector("ev1-changekeysettings");
    let mut session = Session::Ev1 { key: Cipher::tdes(&bytes(&v["inputs"]["session_key"])), iv: [0; 16] };
    for exchange in v["inputs"]["exchanges"].as_array().unwrap() {
        let (sent, mut data) = (bytes(&exchange["tx"]), bytes(&exchange["rx"]));
        if sent[0] == 0x54 {
            let carries = Carries::Data { header: 0, len: 1, mode: Mode::Full };
            assert_eq!(session.open(0x54, &sent[1..], carries).unwrap(), [0x0D]);
        } else {
            session.open(sent[0], &sent[1..], Carries::Parameters { mac: true }).unwrap();
        }
        data.truncate(data.len() - 8);
        assert_eq!(session.seal(data, Mode::Plain, true), bytes(&exchange["rx"]));
    }

    let v = vector("d40-changekeysettings");
    let mut session = Session::D40 { key: Cipher::tdes(&bytes(&v["inputs"]["session_key"])) };
    let sent = bytes(&v["outputs"]["apdu_native"]);
    let carries = Carries::Data { header: 0, len: 1, mode: Mode::Full };
    assert_eq!(session.open(0x54, &sent[1..], carries).unwrap(), bytes(&v["inputs"]["new_settings"]));
}

/// A card in the middle of a session, with an application of four keys selected, or at the card level.
fn in_session(session: Session, key_no: u8, target: Option<Key>) -> DesfireCard {
    let mut card = DesfireCard::new([4, 0, 0, 0, 0, 0, 0], 1);
    card.power_on();
    if let Some(key) = target {
        card.create_application(&[1, 0, 0, 0x0F, 0x04 | key.kind.bits()]).ok().unwrap();
        card.live.selected = Some([1, 0, 0]);
        card.image.apps[0].keys = vec![key; 4];
    }
    card.live.session = Some(Authenticated { key_no, session });
    card
}

#[test]
fn key_changes_recorded_under_d40_set_the_key_that_the_host_meant() {
    for (id, kind) in [
        ("d40-changekey-des-to-des", KeyKind::Des),
        ("d40-changekey-des-to-2k3des", KeyKind::Des),
        ("d40-changekey-des-to-aes-picc", KeyKind::Aes),
    ] {
        let v = vector(id);
        let session = Session::D40 { key: Cipher::tdes(&bytes(&v["inputs"]["session_key"])) };
        let mut card = in_session(session, 0, None);
        assert_eq!(card.exchange(0xC4, &bytes(&v["outputs"]["apdu_native"])[1..]).0.0, 0x00, "{id}");
        let expected = &bytes(&v["outputs"]["plaintext"])[..16];
        assert!(card.image.master.kind == kind && card.image.master.bytes == expected, "{id}");
        assert!(card.live.session.is_none(), "{id}");
    }
    // Derived from the rule, not recorded.
    let v = vector("d40-changekey-different-key-DERIVED");
    let session = Session::D40 { key: Cipher::tdes(&bytes(&v["inputs"]["session_key"])) };
    let mut card = in_session(session, 0, Some(Key::new(KeyKind::Des, &bytes(&v["inputs"]["old_key"]), 0)));
    let sent = [vec![1], bytes(&v["outputs"]["cryptogram"])].concat();
    assert_eq!(card.exchange(0xC4, &sent).0.0, 0x00);
    assert_eq!(card.image.apps[0].keys[1].bytes, bytes(&v["inputs"]["new_key"]));
}

#[test]
fn key_changes_recorded_under_ev1_set_the_key_that_the_host_meant() {
    for v in starting("ev1-changekey-").into_iter().filter(|v| v["outputs"]["cryptogram"].is_string()) {
        let (inputs, id) = (&v["inputs"], v["id"].as_str().unwrap());
        let key = bytes(&inputs["session_key"]);
        let mut iv: Iv = [0; 16];
        if let Ok(given) = hex::decode(inputs["iv"].as_str().unwrap()) {
            iv[..given.len()].copy_from_slice(&given);
        }
        let session = Session::Ev1 { key: cipher(&key), iv };
        let to_aes = inputs["cipher"] == "AES" && !id.contains("to-des");
        let kind = if to_aes { KeyKind::Aes } else { KeyKind::Des };
        let target: u8 = inputs["KeyNo"].as_str().unwrap().parse().unwrap();
        let old = if inputs["old_key"].is_null() { vec![0x77; 16] } else { bytes(&inputs["old_key"]) };
        let new = bytes(&inputs["new_key"]);
        // What `cryptogram` is for key 0 of an application and for the card's master key, if DES, is the same.
        let at_card_level = id.contains("to-des");
        let mut card = in_session(session, 0, (!at_card_level).then(|| Key::new(kind, &old, 0)));
        let sent = Command::parse(&bytes(&v["outputs"]["apdu"])).unwrap();
        let (status, answer) = card.exchange(0xC4, &sent.data);
        assert_eq!(status.0, 0x00, "{id}");
        let view = if at_card_level { card.key([0; 3], 0) } else { card.key([1, 0, 0], target) }.unwrap();
        let version = inputs["key_version"].as_u64().unwrap() as u8;
        assert!(view.bytes == new && view.kind == kind, "{id}");
        // Only AES keys have a version apart from their bytes.
        assert!(kind != KeyKind::Aes || view.version == version, "{id}");
        if id == "ev1-changekey-aes-different" {
            assert_eq!(answer, bytes(&vector("ev1-changekey-aes-different-response")["outputs"]["rx"]));
        } else if target == 0 {
            assert!(answer.is_empty() && card.live.session.is_none(), "{id}");
        }
    }
}

#[test]
fn ev1_answers_a_version_question_with_the_macs_of_a_real_card() {
    let v = vector("ev1-cmac-getkeyversion-aes");
    let key = Cipher::aes(array(&v["inputs"]["session_key"]));
    let mut session = Session::Ev1 { key, iv: [0; 16] };
    session.open(0x64, &[0x00], Carries::Parameters { mac: true }).unwrap();
    let Session::Ev1 { iv, .. } = &session else { panic!() };
    assert_eq!(iv.to_vec(), bytes(&v["outputs"]["tx_cmac"]));
    assert_eq!(session.seal(vec![0x10], Mode::Plain, true), bytes(&v["outputs"]["rx_on_wire"]));
}

fn ev2_session(inputs: &Value) -> Session {
    // Where a vector is of MACs alone, no enciphering key is given and none is used.
    let enc = if inputs["KSesAuthENC"].is_null() { [0; 16] } else { array(&inputs["KSesAuthENC"]) };
    Session::Ev2 {
        enc: Cipher::aes(enc),
        mac: Cipher::aes(array(&inputs["KSesAuthMAC"])),
        ti: array(&inputs["TI"]),
        counter: inputs["CmdCtr"].as_u64().unwrap() as u16,
    }
}

#[test]
fn ev2_commands_of_the_application_notes_are_opened_and_answered_alike() {
    for v in starting("ev2-mac-").into_iter().chain(starting("ev2-full-")) {
        let (inputs, outputs) = (&v["inputs"], &v["outputs"]);
        let full = v["id"].as_str().unwrap().starts_with("ev2-full-");
        let mut session = ev2_session(inputs);
        let sent = Command::parse(&bytes(&outputs["c_apdu"])).unwrap();
        let header = bytes(&inputs["CmdHeader"]);
        let plain = bytes(&inputs["CmdData_plain"]);
        let (carries, expected) = match (full, plain.is_empty()) {
            (false, _) => (Carries::Parameters { mac: true }, bytes(&inputs["CmdHeader||CmdData"])),
            (true, true) => (Carries::Parameters { mac: true }, header),
            (true, false) => {
                let carries = Carries::Data { header: header.len(), len: plain.len(), mode: Mode::Full };
                (carries, [header, plain].concat())
            }
        };
        assert_eq!(session.open(sent.ins, &sent.data, carries).unwrap(), expected, "{}", v["id"]);

        let answer = bytes(&outputs["r_apdu"]);
        let answer = &answer[..answer.len() - 2];
        let (mode, data) = if full {
            let mut data = bytes(&outputs["resp_plain_with_padding"]);
            if !data.is_empty() {
                unpad_iso(&mut data).unwrap();
            }
            (Mode::Full, data)
        } else {
            (Mode::Mac, answer[..answer.len() - 8].to_vec())
        };
        assert_eq!(session.seal(data, mode, true), answer, "{}", v["id"]);
    }
}

#[test]
fn ev2_key_changes_of_the_application_notes_set_the_key_that_the_host_meant() {
    for v in starting("ev2-changekey-an") {
        let (inputs, outputs, id) = (&v["inputs"], &v["outputs"], v["id"].as_str().unwrap());
        let old = Key::new(KeyKind::Aes, &[0], 0);
        let mut card = in_session(ev2_session(inputs), 0, Some(old));
        let sent = bytes(&outputs["c_apdu"]);
        // Two of the printed commands end with the status of their answer in place of Le.
        let data = &sent[5..5 + usize::from(sent[4])];
        let (status, answer) = card.exchange(0xC4, data);
        assert_eq!(status.0, 0x00, "{id}");
        let plain = bytes(&inputs["CmdData_plain"]);
        let target: u8 = inputs["KeyNo"].as_str().or(inputs["CmdHeader"].as_str()).unwrap().parse().unwrap();
        let key = card.key([1, 0, 0], target).unwrap();
        assert!(key.bytes == plain[..16] && key.version == plain[16], "{id}");
        if target == 0 {
            assert!(answer.is_empty(), "{id}: the session's own key is gone, so there is no MAC");
        } else {
            assert_eq!([answer, vec![0x91, 0x00]].concat(), bytes(&outputs["r_apdu"]), "{id}");
        }
    }
}

#[test]
fn an_ev2_iv_is_that_of_the_application_note() {
    let v = vector("ev2-iv-ED56F6E6");
    let enc = Cipher::aes(array(&v["inputs"]["KSesAuthENC"]));
    // A block that is the IV enciphers to what a zero block does under a zero IV.
    let iv: Iv = array(&v["outputs"]["IV_cmd"]);
    let iv_of_card = super::super::session::ev2_iv(&enc, [0xA5, 0x5A], array(&v["inputs"]["TI"]), 0);
    assert_eq!(iv_of_card, iv);
}
