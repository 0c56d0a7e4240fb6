//! EV2: handshake First, session keys, MAC and full mode, key change.
//!
//! What an operation of ours sends is run through [`Card`](crate::Card). What the notes send in another form (the long
//! one where the data fits a frame, DESFire Light's own settings) is run through the session alone.

use lanyard_secret::Secret;
use zeroize::Zeroizing;

use super::{APPLICATION, Vector, aes, bytes, card, response, wrapped};
use crate::call::{Call, Guard, pad};
use crate::cipher::MacCipher;
use crate::keys::{Change, KeyRules, OldKey, key_data};
use crate::session::{Ev2, Session};
use crate::{
    AccessRights, Aid, Card, CommMode, Configuration, FileNo, KeyNo, KeyVersion, NewKey, Op, Progress, Reply,
    SessionState,
};

pub(super) fn runner(id: &str) -> Option<fn(&Vector)> {
    Some(match id {
        "ev2-first-an12343-t16"
        | "ev2-first-an12343-t7"
        | "ev2-first-an12343-t32"
        | "ev2-first-an12343-t38"
        | "ev2-first-an12343-t39"
        | "ev2-first-an12196-t14"
        | "ev2-first-an12196-t19" => first,
        "ev2-sv-order-check" => session_keys,
        "ev2-iv-ED56F6E6" => iv,
        "ev2-mac-write-an12343-t23" => |v| messaging(v, Guard::Write { mode: CommMode::Mac }),
        "ev2-mac-read-an12343-t24" => |v| messaging(v, Guard::Read { mode: CommMode::Mac, length: 48 }),
        "ev2-mac-getkeyversion-an12343-t38" => |v| {
            let reply = through_card(v, APPLICATION, Op::GetKeyVersion(KeyNo::MASTER));
            assert_eq!(reply, Some(Reply::KeyVersion(KeyVersion(0))));
        },
        "ev2-full-write-an12343-t25" | "ev2-full-write-an12196-t21" | "ev2-full-writerecord-an12343-t32" => {
            |v| messaging(v, Guard::Write { mode: CommMode::Full })
        }
        "ev2-full-credit-an12343-t36" => |v| {
            let op = Op::Credit { file: file(3), amount: amount(v), mode: CommMode::Full };
            assert_eq!(through_card(v, APPLICATION, op), Some(Reply::Done));
        },
        "ev2-full-debit-an12343-t37" => |v| {
            let op = Op::Debit { file: file(3), amount: amount(v), mode: CommMode::Full };
            assert_eq!(through_card(v, APPLICATION, op), Some(Reply::Done));
        },
        "ev2-full-setconfig-valuefile-an12343-t5" | "ev2-full-changefilesettings-sdm-an12196-t18" => {
            |v| messaging(v, Guard::Parameters { marked: false })
        }
        "ev2-full-read-an12343-t26" => |v| messaging(v, Guard::Read { mode: CommMode::Full, length: 48 }),
        "ev2-full-getvalue-an12343-t35" => |v| {
            let op = Op::GetValue { file: file(3), mode: CommMode::Full };
            assert_eq!(through_card(v, APPLICATION, op), Some(Reply::Value(0)));
        },
        "ev2-full-setconfig-ats-an12343-t6" => |v| {
            let op = Op::SetConfiguration(Configuration::Ats(v.bytes("CmdData_plain")));
            assert_eq!(through_card(v, Aid::PICC, op), Some(Reply::Done));
        },
        "ev2-full-getcarduid-an12343-t7" | "ev2-full-getcarduid-an12196" => |v| {
            let uid = v.out("resp_plain_with_padding")[..7].try_into().unwrap();
            assert_eq!(through_card(v, APPLICATION, Op::GetCardUid), Some(Reply::Uid(uid)));
        },
        "ev2-full-changefilesettings-an12343-t11" => |v| {
            let rights = AccessRights::from_wire([0xEE, 0xEE]);
            let op = Op::ChangeFileSettings {
                file: FileNo::new(4).unwrap(),
                mode: CommMode::Plain,
                rights,
                further: vec![],
                free: false,
            };
            assert_eq!(through_card(v, APPLICATION, op), Some(Reply::Done));
        },
        "ev2-commitreaderid-committransaction-an12343-t32" => commit,
        "ev2-changekey-an12343-t39-different" | "ev2-changekey-an12343-t40-same" | "ev2-changekey-an12196-t26-same" => {
            change_key
        }
        "ev2-changekey-xor-DERIVED" => change_key_from_a_key_that_is_not_zero,
        _ => return None,
    })
}

fn file(number: u8) -> FileNo {
    FileNo::new(number).unwrap()
}

fn amount(v: &Vector) -> u32 {
    u32::from_le_bytes(v.array("CmdData_plain"))
}

fn session(v: &Vector) -> Ev2 {
    let mac = v.bytes("KSesAuthMAC");
    // A vector of MAC mode alone gives no key for encipherment.
    let enc = v.input("KSesAuthENC").as_str().map_or(vec![0; 16], |key| hex::decode(key).unwrap());
    Ev2 {
        key_no: KeyNo::MASTER,
        enc: aes(&enc),
        mac: MacCipher::new(aes(&mac)),
        transaction: v.array("TI"),
        counter: v.input("CmdCtr").as_u64().unwrap_or(0).try_into().unwrap(),
    }
}

fn first(v: &Vector) {
    let key_no = KeyNo::new(v.bytes("KeyNo")[0]).unwrap();
    let op = Op::AuthenticateEv2First {
        key_no,
        key: Secret::from_slice(&v.bytes("key")).unwrap(),
        rnd_a: Secret::from_slice(&v.bytes("RndA")).unwrap(),
    };
    let mut host = card(Session::None, APPLICATION);
    assert_eq!(host.command(op).unwrap(), wrapped(&v.bytes("c_apdu1")));
    let challenge = [v.bytes("E(RndB)"), vec![0x91, 0xAF]].concat();
    match host.answer(&response(&challenge)).unwrap() {
        Progress::More(token) => assert_eq!(token, wrapped(&v.out("c_apdu2"))),
        Progress::Done(_) => panic!("done after one message"),
    }
    assert_eq!(host.session(), SessionState::Open, "nothing is proved before the card's proof");
    host.answer(&response(&v.out("r_apdu2"))).unwrap();
    assert_eq!(host.session(), SessionState::Ev2(key_no));
    // Both session keys and TI show in one enciphered and MACed command.
    let recorded = Ev2 {
        key_no,
        enc: aes(&v.out("KSesAuthENC")),
        mac: MacCipher::new(aes(&v.out("KSesAuthMAC"))),
        transaction: v.out("TI").try_into().unwrap(),
        counter: 0,
    };
    let mut other = card(Session::Ev2(recorded), APPLICATION);
    let write = || Op::WriteData { file: FileNo::new(1).unwrap(), offset: 0, data: vec![7], mode: CommMode::Full };
    assert_eq!(host.command(write()).unwrap(), other.command(write()).unwrap());
}

fn session_keys(v: &Vector) {
    let key = MacCipher::new(aes(&v.bytes("key")));
    let (enc, mac) = Ev2::keys(&key, &v.array("RndA"), &v.array("RndB"));
    let (mut ours, mut theirs) = ([0; 16], [0; 16]);
    enc.encrypt(&mut ours);
    aes(&v.out("KSesAuthENC")).encrypt(&mut theirs);
    assert_eq!(ours, theirs);
    assert_eq!(mac.cmac(&[b"any"]), MacCipher::new(aes(&v.out("KSesAuthMAC"))).cmac(&[b"any"]));
}

fn iv(v: &Vector) {
    // The IV shows as the cryptogram of a first block that cancels it: D(C) ⊕ IV = P, so C = E(0) for P = IV.
    let session = Ev2 {
        key_no: KeyNo::MASTER,
        enc: aes(&v.bytes("KSesAuthENC")),
        mac: MacCipher::new(aes(&[0; 16])),
        transaction: v.array("TI"),
        counter: 0,
    };
    let call = Call {
        op: "write_data",
        ins: 0x3D,
        header: Vec::new(),
        data: Zeroizing::new(v.out("IV_cmd")),
        guard: Guard::Write { mode: CommMode::Full },
        parted: false,
    };
    let mut expected = [0; 16];
    session.enc.encrypt(&mut expected);
    let sealed = Session::Ev2(session).seal(&call).unwrap();
    assert_eq!(sealed[..16], expected);
}

/// The session alone: seals as the note prints it, opens as it prints it.
fn messaging(v: &Vector, guard: Guard) {
    let mut session = Session::Ev2(session(v));
    let (header, data) = match v.input("CmdHeader").as_str() {
        Some(_) => (v.bytes("CmdHeader"), v.bytes("CmdData_plain")),
        None => (v.bytes("CmdHeader||CmdData"), Vec::new()),
    };
    let ins = v.bytes("ins")[0];
    let call = Call { op: "vector", ins, header, data: Zeroizing::new(data), guard, parted: false };
    let sealed = session.seal(&call).unwrap();
    assert_eq!(hex::encode(lanyard_apdu::Command::wrapped(ins, sealed.to_vec()).encode()), lower(v, "c_apdu"));
    let answer = response(&v.out("r_apdu"));
    let opened = session.open(&call, Zeroizing::new(answer.data.clone())).unwrap();
    match v.output("resp_plain_with_padding").as_str() {
        Some(_) => {
            let mut padded = opened.to_vec();
            pad(&mut padded, 16, true);
            assert_eq!(padded, v.out("resp_plain_with_padding"));
        }
        None => assert_eq!(opened[..], answer.data[..answer.data.len() - 8]),
    }
}

fn lower(v: &Vector, name: &str) -> String {
    v.output(name).as_str().unwrap().to_lowercase()
}

/// The operation, wrapped; `None` where the note prints no answer.
fn through_card(v: &Vector, selected: Aid, op: Op) -> Option<Reply> {
    let mut host: Card = card(Session::Ev2(session(v)), selected);
    let command = host.command(op).unwrap();
    assert_eq!(hex::encode(command.encode()), lower(v, "c_apdu"));
    v.output("r_apdu").as_str()?;
    match host.answer(&response(&v.out("r_apdu"))).unwrap() {
        Progress::Done(reply) => Some(reply),
        Progress::More(_) => panic!("more frames than the note prints"),
    }
}

fn commit(v: &Vector) {
    let mut ev2 = session(v);
    ev2.counter = 1;
    let mut host = card(Session::Ev2(ev2), APPLICATION);
    let reader = bytes(&v.input("CommitReaderID")["TMRI"]).try_into().unwrap();
    let command = host.command(Op::CommitReaderId(reader)).unwrap();
    assert_eq!(command.data, [&reader[..], &v.out("mac_C8")].concat());
    // Enciphered once more in full mode, but without padding: the only such answer there is.
    match host.answer(&response(&v.out("r_apdu_C8"))).unwrap() {
        Progress::Done(Reply::ReaderId(before)) => assert_eq!(before[..], v.out("EncTMRI")),
        other => panic!("{other:?}"),
    }
    assert_eq!(host.command(Op::CommitTransactionMac).unwrap().encode(), v.out("c_apdu_C7"));
    match host.answer(&response(&v.out("r_apdu_C7"))).unwrap() {
        Progress::Done(Reply::TransactionMac { counter, value }) => {
            assert_eq!(counter.to_le_bytes()[..], v.out("TMC"));
            assert_eq!(value[..], v.out("TMV"));
        }
        other => panic!("{other:?}"),
    }
}

fn change_key(v: &Vector) {
    let key_no = KeyNo::new(v.bytes("CmdHeader")[0]).unwrap();
    let data = v.bytes("CmdData_plain");
    let own = key_no == KeyNo::MASTER;
    // The notes' old keys are all zero, so the key stands in the data as it is.
    let new = NewKey::Aes { key: Secret::from_slice(&data[..16]).unwrap(), version: KeyVersion(data[16]) };
    let op = Op::ChangeKey { key_no, new, old: (!own).then(|| OldKey::Aes(Secret::zero())) };
    let reply = through_card(v, APPLICATION, op);
    assert_eq!(reply, (!own).then_some(Reply::Done));
}

fn change_key_from_a_key_that_is_not_zero(v: &Vector) {
    let version = KeyVersion(u8::try_from(v.input("version").as_u64().unwrap()).unwrap());
    let new = NewKey::Aes { key: Secret::from_slice(&v.bytes("new_key")).unwrap(), version };
    let old = OldKey::Aes(Secret::from_slice(&v.bytes("old_key")).unwrap());
    let change = Change { command: &[0xC4, 1], new: &new, old: Some(&old) };
    assert_eq!(key_data(KeyRules::Ev2, &change).unwrap().to_vec(), v.out("KeyData"));
}
