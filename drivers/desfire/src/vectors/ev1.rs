//! EV1: handshakes `1A` and `AA`, whole recorded sessions, key change.

use lanyard_secret::Secret;

use super::{APPLICATION, Vector, aes, bytes, card, des, once, play};
use crate::call::pad;
use crate::cipher::{Block, MacCipher};
use crate::keys::{Change, KeyRules, OldKey, key_data};
use crate::session::{Ev1, Session};
use crate::{
    AccessRights, Aid, Card, CommMode, DesKey, FileKind, FileNo, KeyNo, KeySettings, KeyType, KeyVersion,
    NewApplication, NewFile, NewKey, Op, Reply, SessionState,
};

pub(super) fn runner(id: &str) -> Option<fn(&Vector)> {
    Some(match id {
        "ev1-auth-1A-des0" | "ev1-auth-1A-des0-b" | "ev1-auth-1A-2k3des" | "ev1-auth-1A-3k3des" => authenticate,
        "ev1-auth-AA-aes0" | "ev1-auth-AA-aes-key1" => authenticate,
        "ev1-issuing-session-des" => issuing_session,
        "ev1-changekeysettings" => change_key_settings,
        "ev1-file-session-aes-plain" => file_session,
        "ev1-cmac-getkeyversion-aes" => key_version,
        "ev1-changekey-2k3des-same"
        | "ev1-changekey-2k3des-different"
        | "ev1-changekey-aes-same"
        | "ev1-changekey-aes-same-iv"
        | "ev1-changekey-aes-different"
        | "ev1-changekey-aes-to-des" => change_key,
        "ev1-changekey-aes-different-response" => change_key_response,
        _ => return None,
    })
}

fn session(key: &[u8], is_aes: bool, iv: Block) -> Session {
    let cipher = if is_aes { aes(key) } else { des(key) };
    Session::Ev1(Ev1 { key_no: KeyNo::MASTER, mac: MacCipher::new(cipher), iv })
}

fn file() -> FileNo {
    FileNo::new(5).unwrap()
}

fn authenticate(v: &Vector) {
    let first = v.bytes("cmd_native");
    let key_no = KeyNo::new(first[1]).unwrap();
    let mut nonce = v.bytes("RndA");
    nonce.resize(16, 0);
    let rnd_a = Secret::from_slice(&nonce).unwrap();
    let key = v.bytes("key");
    let op = match (first[0], key.len()) {
        (0xAA, _) => Op::AuthenticateAes { key_no, key: Secret::from_slice(&key).unwrap(), rnd_a },
        (_, 24) => Op::AuthenticateIso { key_no, key: DesKey::Triple(Secret::from_slice(&key).unwrap()), rnd_a },
        (_, 8) => Op::AuthenticateIso { key_no, key: DesKey::Single(Secret::from_slice(&key).unwrap()), rnd_a },
        _ => Op::AuthenticateIso { key_no, key: DesKey::Double(Secret::from_slice(&key).unwrap()), rnd_a },
    };
    let mut host = card(Session::None, APPLICATION);
    let frames = [
        (first.clone(), [vec![0xAF], v.bytes("E(RndB)")].concat()),
        ([vec![0xAF], v.out("token_E(RndA||RndB_rot)")].concat(), [vec![0], v.out("E(RndA_rot)")].concat()),
    ];
    assert_eq!(play(&mut host, op, &frames), Reply::Done);
    assert_eq!(host.session(), SessionState::Ev1(key_no));
    // The session key shows in the first CMAC.
    let recorded = session(&v.out("session_key"), first[0] == 0xAA, [0; 16]);
    let mut other = card(recorded, APPLICATION);
    host.command(Op::FreeMemory).unwrap();
    other.command(Op::FreeMemory).unwrap();
    assert_ne!(host.left_behind(), [0; 16]);
    assert_eq!(host.left_behind(), other.left_behind());
}

fn application(sent: &[u8]) -> Op {
    let &[_, a, b, c, settings, second] = sent else { panic!("{sent:?}") };
    Op::CreateApplication(NewApplication {
        aid: Aid([a, b, c]),
        settings: KeySettings::from_wire(settings),
        keys: second & 0x0F,
        key_type: [KeyType::Des, KeyType::ThreeKeyDes, KeyType::Aes][usize::from(second >> 6)],
        iso: None,
        key_sets: None,
    })
}

fn issuing_session(v: &Vector) {
    let mut host = card(session(&v.bytes("session_key"), false, [0; 16]), Aid::PICC);
    let exchanges = v.input("exchanges").as_array().unwrap();
    let version = &exchanges[0];
    let parts: Vec<Vec<u8>> = version["rx_data"]
        .as_str()
        .unwrap()
        .split('|')
        .map(|part| hex::decode(part.replace(' ', "")).unwrap())
        .collect();
    let frames = [
        (vec![0x60], [&[0xAF], &parts[0][..]].concat()),
        (vec![0xAF], [&[0xAF], &parts[1][..]].concat()),
        (vec![0xAF], [&[0], &parts[2][..], &bytes(&version["rx_cmac"])].concat()),
    ];
    assert!(matches!(play(&mut host, Op::GetVersion, &frames), Reply::Version(_)));
    for exchange in &exchanges[1..] {
        let sent = bytes(&exchange["tx"]);
        let op = match sent[0] {
            0xFC => Op::FormatPicc,
            0xCA => application(&sent),
            0x6A => Op::GetApplicationIds,
            0xDA => Op::DeleteApplication(Aid([sent[1], sent[2], sent[3]])),
            other => panic!("{other:02X}"),
        };
        let reply = once(&mut host, op, &sent, &bytes(&exchange["rx"]));
        if let Reply::Applications(aids) = reply {
            assert_eq!(aids[0], Aid([0x16, 0xDE, 0x00]));
        }
    }
}

fn change_key_settings(v: &Vector) {
    let mut host = card(session(&v.bytes("session_key"), false, [0; 16]), Aid::PICC);
    let exchanges = v.input("exchanges").as_array().unwrap();
    let ops = [Op::GetKeySettings, Op::ChangeKeySettings(KeySettings::from_wire(0x0D)), Op::GetKeySettings];
    let mut replies = Vec::new();
    for (exchange, op) in exchanges.iter().zip(ops) {
        replies.push(once(&mut host, op, &bytes(&exchange["tx"]), &bytes(&exchange["rx"])));
    }
    let settings = |reply: &Reply| match reply {
        Reply::Keys(keys) => keys.settings.wire(),
        other => panic!("{other:?}"),
    };
    assert_eq!((settings(&replies[0]), settings(&replies[2])), (0x0F, 0x0D));
}

fn file_session(v: &Vector) {
    let mut host = card(session(&v.bytes("session_key"), true, [0; 16]), APPLICATION);
    for exchange in v.input("exchanges").as_array().unwrap() {
        let (sent, received) = (bytes(&exchange["tx"]), bytes(&exchange["rx"]));
        let three = |at: usize| u32::from_le_bytes([sent[at], sent[at + 1], sent[at + 2], 0]);
        let mode = CommMode::Plain;
        let op = match sent[0] {
            0xCD => Op::CreateFile(NewFile {
                file: file(),
                kind: FileKind::Standard,
                iso_fid: None,
                mode,
                rights: AccessRights::from_wire([sent[3], sent[4]]),
                further_rights: false,
                size: three(5),
            }),
            0x6F => Op::GetFileIds,
            0xF5 => Op::GetFileSettings(file()),
            0x3D => Op::WriteData { file: file(), offset: three(2), data: sent[8..].to_vec(), mode },
            0xBD => Op::ReadData { file: file(), offset: three(2), length: three(5), mode },
            0xDF => Op::DeleteFile(file()),
            other => panic!("{other:02X}"),
        };
        match once(&mut host, op, &sent, &received) {
            Reply::Files(files) => assert_eq!(files, [file()]),
            Reply::Data(data) => assert_eq!(data, received[..received.len() - 8]),
            Reply::File(_) | Reply::Done => {}
            other => panic!("{other:?}"),
        }
    }
}

fn key_version(v: &Vector) {
    let mut host = card(session(&v.bytes("session_key"), true, [0; 16]), APPLICATION);
    let sent = v.bytes("tx");
    let command = host.command(Op::GetKeyVersion(KeyNo::MASTER)).unwrap();
    assert_eq!(crate::native_command(&command), sent);
    assert_eq!(host.left_behind().to_vec(), v.out("tx_cmac"));
    let answer = crate::native_response(&[vec![0], v.out("rx_on_wire")].concat()).unwrap();
    host.answer(&answer).unwrap();
    assert_eq!(host.left_behind().to_vec(), v.out("rx_cmac_full"));
}

fn change_key(v: &Vector) {
    let is_aes = v.input("cipher") == "AES";
    let iv = match v.input("iv").as_str() {
        Some("00..") => [0; 16],
        _ => v.array("iv"),
    };
    let key_no = KeyNo::new(v.bytes("KeyNo")[0]).unwrap();
    let new = || {
        let key = v.bytes("new_key");
        if is_aes && !v.id().ends_with("to-des") {
            let version = KeyVersion(u8::try_from(v.input("key_version").as_u64().unwrap()).unwrap());
            return NewKey::Aes { key: Secret::from_slice(&key).unwrap(), version };
        }
        NewKey::Des(DesKey::Double(Secret::from_slice(&key).unwrap()))
    };
    let old = v.input("old_key").as_str().map(|old| {
        let old = Secret::from_slice(&hex::decode(old).unwrap()).unwrap();
        if is_aes { OldKey::Aes(old) } else { OldKey::Des(DesKey::Double(old)) }
    });
    let change = Change { command: &[0xC4, key_no.get()], new: &new(), old: old.as_ref() };
    let mut plaintext = key_data(KeyRules::Ev1, &change).unwrap();
    pad(&mut plaintext, if is_aes { 16 } else { 8 }, false);
    assert_eq!(plaintext.to_vec(), v.out("plaintext"));
    let mut host = card(session(&v.bytes("session_key"), is_aes, iv), APPLICATION);
    let own = old.is_none();
    let command = host.command(Op::ChangeKey { key_no, new: new(), old }).unwrap();
    assert_eq!(command.encode(), v.out("apdu"));
    if own {
        host.answer(&lanyard_apdu::Response::status(0x9100)).unwrap();
        assert_eq!(host.session(), SessionState::Open);
    }
}

fn change_key_response(v: &Vector) {
    let vectors = super::all();
    let command = vectors.iter().find(|other| other.id() == "ev1-changekey-aes-different").unwrap();
    let mut host: Card = card(session(&v.bytes("session_key"), true, [0; 16]), APPLICATION);
    let op = Op::ChangeKey {
        key_no: KeyNo::new(1).unwrap(),
        new: NewKey::Aes { key: Secret::from_slice(&command.bytes("new_key")).unwrap(), version: KeyVersion(16) },
        old: Some(OldKey::Aes(Secret::zero())),
    };
    let sent = [vec![0xC4, 1], command.out("cryptogram")].concat();
    assert_eq!(once(&mut host, op, &sent, &v.out("rx")), Reply::Done);
    assert_eq!(host.left_behind().to_vec(), v.out("cmac_full"));
    assert_eq!(host.session(), SessionState::Ev1(KeyNo::MASTER));
}
