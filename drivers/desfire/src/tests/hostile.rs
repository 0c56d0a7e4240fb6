//! A card, or someone between, that answers what it should not.

use lanyard_apdu::{Response, Status};
use lanyard_fault::Coded;
use proptest::prelude::*;

use super::counterpart::{
    APPLICATION, d40, d40_full, des, ev1, ev1_full, ev1_maced, ev2, ev2_full, ev2_maced, more, ok,
};
use super::{aes_key, key_no, new_file, old, read, secret, write};
use crate::session::Session;
use crate::{
    Access, AccessRights, Aid, Card, CardStatus, ChangeKeyRight, CommMode, Configuration, DesKey, DesfireError,
    IsoName, KeyNo, KeySettings, KeyType, Link, NewApplication, Op, Progress, SessionState,
};

const TEXT: &[u8] = b"who may pass";

/// One of every kind of protected answer: a card that has sent `op`, and the right answer to it.
fn protected() -> Vec<(&'static str, Card, Vec<u8>)> {
    let mut out = Vec::new();
    for mode in [CommMode::Mac, CommMode::Full] {
        let mut card = ev2(9);
        card.command(read(12, mode)).unwrap();
        let answer = if mode == CommMode::Mac { ev2_maced(9, TEXT) } else { ev2_full(9, TEXT) };
        out.push(("ev2", card, answer));
    }
    let mut card = ev2(9);
    card.command(write(TEXT, CommMode::Full)).unwrap();
    out.push(("ev2 write", card, ev2_maced(9, &[])));
    let mut card = ev2(9);
    card.command(Op::GetApplicationIds).unwrap();
    out.push(("ev2 list", card, ev2_maced(9, &[1, 2, 3, 4, 5, 6])));
    for mode in [CommMode::Plain, CommMode::Mac] {
        let mut card = ev1();
        card.command(read(12, mode)).unwrap();
        let answer = ev1_maced(&card, TEXT);
        out.push(("ev1", card, answer));
    }
    let mut card = ev1();
    card.command(new_file()).unwrap();
    let answer = ev1_maced(&card, &[]);
    out.push(("ev1 create", card, answer));
    let mut card = ev1();
    card.command(read(12, CommMode::Full)).unwrap();
    let answer = ev1_full(&card, TEXT);
    out.push(("ev1 full", card, answer));
    let mut card = d40();
    card.command(read(12, CommMode::Mac)).unwrap();
    out.push(("d40", card, [TEXT, &des().d40_mac(TEXT)].concat()));
    out
}

/// Dead, and stays so whatever is asked or answered.
fn assert_dead(card: &mut Card) {
    assert_eq!(card.session(), SessionState::Dead);
    let sent = card.exchanges();
    for op in every_op() {
        let name = op.name();
        assert_eq!(card.command(op).unwrap_err(), DesfireError::SessionDead { op: name });
    }
    assert!(card.answer(&ok([])).is_err());
    assert_eq!(card.session(), SessionState::Dead);
    assert_eq!(card.exchanges(), sent, "a dead card is sent nothing");
}

#[test]
fn the_right_answers_are_taken() {
    for (kind, mut card, answer) in protected() {
        assert!(matches!(card.answer(&ok(answer)), Ok(Progress::Done(_))), "{kind}");
    }
}

#[test]
fn a_flipped_bit_anywhere_in_a_protected_answer_kills_the_session() {
    for index in 0..protected().len() {
        let bits = protected()[index].2.len() * 8;
        for bit in 0..bits {
            let (kind, mut card, mut answer) = protected().remove(index);
            answer[bit / 8] ^= 1 << (bit % 8);
            let error = card.answer(&ok(answer)).expect_err(kind);
            assert!(error.code().starts_with("card.answer."), "{kind} {error:?}");
            assert_dead(&mut card);
        }
    }
}

#[test]
fn an_answer_cut_short_or_lengthened_kills_the_session() {
    for index in 0..protected().len() {
        let whole = protected()[index].2.len();
        for len in (0..whole).chain([whole + 1, whole + 8, whole + 16, whole + 300]) {
            let (kind, mut card, mut answer) = protected().remove(index);
            answer.resize(len, 0);
            assert!(card.answer(&ok(answer)).is_err(), "{kind} {len}");
            assert_dead(&mut card);
        }
    }
}

#[test]
fn an_answer_without_its_mac_has_the_wrong_mac() {
    let mut card = ev2(0);
    card.command(new_file()).unwrap();
    let error = card.answer(&ok([])).unwrap_err();
    assert_eq!((error, error.code()), (DesfireError::AnswerMac { op: "create_file" }, "card.answer.mac"));
}

#[test]
fn a_d40_answer_with_a_wrong_checksum_kills_the_session() {
    // Four bytes of padding follow the checksum; a bit flipped in a block garbles it whole.
    for bit in 0..128 {
        let mut card = d40();
        card.command(read(12, CommMode::Full)).unwrap();
        let mut answer = d40_full(TEXT);
        answer[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(card.answer(&ok(answer)).unwrap_err(), DesfireError::AnswerCrc { op: "read_data" });
        assert_dead(&mut card);
    }
}

#[test]
fn data_of_another_length_than_asked_for_kills_even_with_the_right_mac() {
    let mut card = ev2(0);
    card.command(read(12, CommMode::Mac)).unwrap();
    let error = card.answer(&ok(ev2_maced(0, &TEXT[..11]))).unwrap_err();
    assert_eq!(error, DesfireError::AnswerLength { op: "read_data", len: 11 });
    assert_dead(&mut card);
}

#[test]
fn a_refusal_ends_the_session_but_not_the_card() {
    for (status, code) in [
        (0x0E, "card.full"),
        (0x9D, "card.permission"),
        (0xAE, "card.auth.missing"),
        (0xDE, "card.duplicate"),
        (0xF0, "card.file.missing"),
        (0xA0, "card.application.missing"),
        (0xBE, "card.file.boundary"),
        (0x1E, "card.command.integrity"),
        (0x77, "card.status.unknown"),
    ] {
        let mut card = ev2(0);
        card.command(write(TEXT, CommMode::Full)).unwrap();
        let error = card.answer(&Response::status(0x9100 | status)).unwrap_err();
        assert_eq!(error.code(), code);
        assert_eq!(card.session(), SessionState::Open);
        assert!(card.command(Op::GetVersion).is_ok());
    }
}

#[test]
fn a_card_that_speaks_no_desfire_is_foreign() {
    for status in [0x6D00, 0x6E00, 0x6A82, 0x9000] {
        let mut card = Card::new(Link::wrapped(64));
        card.command(Op::GetVersion).unwrap();
        let error = card.answer(&Response::status(status)).unwrap_err();
        assert_eq!((error.code(), error), ("card.foreign", DesfireError::Foreign { op: "get_version", status }));
    }
}

#[test]
fn neither_operations_nor_errors_nor_cards_show_a_key_or_data() {
    let op = Op::ChangeKey { key_no: key_no(1), new: aes_key(0xAB), old: Some(old(0xCD)) };
    assert_eq!(format!("{op:?}"), "change_key");
    let reply = crate::Reply::Data(b"Anna".to_vec());
    assert_eq!(format!("{reply:?} {:?}", crate::Reply::Uid([0x42; 7])), "Data(4 bytes) Uid");
    assert!(!format!("{:?}", ev2(0)).contains("enc"));
}

#[test]
fn every_status_has_a_code_of_its_own() {
    let mut codes = std::collections::BTreeSet::new();
    let mut kinds = std::collections::BTreeSet::new();
    for code in 0..=255 {
        let status = CardStatus::from_code(code);
        codes.insert(DesfireError::Refused { op: "x", status }.code());
        kinds.insert(match status {
            CardStatus::Damaged(_) => "Damaged".to_owned(),
            CardStatus::Other(_) => "Other".to_owned(),
            plain => format!("{plain:?}"),
        });
    }
    assert_eq!(codes.len(), kinds.len());
}

/// One of each.
fn every_op() -> Vec<Op> {
    let settings = KeySettings {
        master_changeable: true,
        list_free: true,
        create_free: false,
        settings_changeable: true,
        change_key: ChangeKeyRight::Key(KeyNo::MASTER),
    };
    let rights =
        AccessRights { read: Access::Free, write: Access::Never, read_write: Access::Never, change: Access::Never };
    let application = NewApplication {
        aid: APPLICATION,
        settings,
        keys: 3,
        key_type: KeyType::Aes,
        iso: Some(IsoName { fid: 0xDF01, df_name: b"badge".to_vec() }),
        key_sets: None,
    };
    let auth = key_no(0);
    vec![
        Op::AuthenticateD40 { key_no: auth, key: DesKey::factory(), rnd_a: secret(1) },
        Op::AuthenticateIso { key_no: auth, key: DesKey::Double(secret(2)), rnd_a: secret(1) },
        Op::AuthenticateAes { key_no: auth, key: secret(2), rnd_a: secret(1) },
        Op::AuthenticateEv2First { key_no: auth, key: secret(2), rnd_a: secret(1) },
        Op::AuthenticateEv2NonFirst { key_no: auth, key: secret(2), rnd_a: secret(1) },
        Op::GetVersion,
        Op::GetCardUid,
        Op::SelectApplication(APPLICATION),
        Op::GetApplicationIds,
        Op::FreeMemory,
        Op::GetKeyVersion(auth),
        Op::GetKeySettings,
        Op::CreateApplication(application),
        Op::DeleteApplication(APPLICATION),
        new_file(),
        Op::DeleteFile(super::file()),
        Op::GetFileIds,
        Op::GetFileSettings(super::file()),
        Op::ChangeFileSettings { file: super::file(), mode: CommMode::Mac, rights, further: vec![], free: false },
        read(12, CommMode::Plain),
        read(120, CommMode::Mac),
        read(12, CommMode::Full),
        write(TEXT, CommMode::Plain),
        write(&[7; 128], CommMode::Mac),
        write(TEXT, CommMode::Full),
        Op::CommitTransaction,
        Op::AbortTransaction,
        Op::ChangeKey { key_no: auth, new: aes_key(5), old: None },
        Op::ChangeKey { key_no: key_no(1), new: aes_key(5), old: Some(old(6)) },
        Op::ChangeKeySettings(settings),
        Op::SetConfiguration(Configuration::Picc { disable_format: true, random_uid: true }),
        Op::SetConfiguration(Configuration::Ats(vec![6, 0x77, 0x77, 0x71, 2, 0x80])),
        Op::FormatPicc,
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2000) })]

    #[test]
    fn nothing_that_a_card_answers_makes_the_host_panic_or_go_on_for_ever(
        which in 0..33usize,
        session in 0..4u8,
        level in any::<bool>(),
        answers in prop::collection::vec(
            (prop::collection::vec(any::<u8>(), 0..70), prop_oneof![Just(0x9100u16), Just(0x91AF), any::<u16>()]),
            1..12,
        ),
    ) {
        let mut card = match session {
            0 => Card::recorded(Link::wrapped(64), Session::None, if level { Aid::PICC } else { APPLICATION }),
            1 => d40(),
            2 => ev1(),
            _ => ev2(0),
        };
        let op = every_op().swap_remove(which);
        if card.command(op).is_ok() {
            for (data, status) in answers {
                match card.answer(&Response::new(data, Status(status))) {
                    Ok(Progress::More(command)) => prop_assert!(command.data.len() <= 255),
                    Ok(Progress::Done(_)) | Err(_) => break,
                }
            }
        }
    }

    #[test]
    fn no_random_answer_passes_for_a_protected_one(data in prop::collection::vec(any::<u8>(), 0..64)) {
        for (kind, mut card, right) in protected() {
            if data != right {
                // D40's MAC has 32 bits: a chance of 2^-32 an answer is what it promises.
                prop_assert!(card.answer(&ok(data.clone())).is_err(), "{}", kind);
                prop_assert_eq!(card.session(), SessionState::Dead);
            }
        }
        let mut card = ev2(0);
        prop_assert!(card.command(Op::GetVersion).is_ok());
        if !data.is_empty() {
            prop_assert!(card.answer(&more(data)).is_ok());
        }
    }
}
