//! A card, or someone between, that answers what it should not.

use lanyard_apdu::{Response, Status};
use lanyard_fault::{Coded, Fault, Helps};
use proptest::prelude::*;

use super::counterpart::{
    APPLICATION, CIPHERS, d40, d40_full_by, d40_single, des, des_single, enc, ev2, ev2_full, ev2_iv, ev2_maced, more,
    ok,
};
use super::{aes_key, key_no, new_file, old, read, secret, write};
use crate::session::Session;
use crate::{
    Access, AccessRights, Aid, Card, CardStatus, ChangeKeyRight, CommMode, Configuration, DelegatedApplication, DesKey,
    DesfireError, IsoName, IsoTarget, IssuerKeys, KeyNo, KeySettings, KeyType, KeyVersion, Link, NewApplication,
    NewRecordFile, NewTransactionMacFile, NewValueFile, Op, Progress, SessionState, Slot,
};

const TEXT: &[u8] = b"who may pass";

/// A card that has sent a command, and the right answer to it.
type Sent = (Card, Vec<u8>);

/// One of every kind of protected answer: each messaging mode with each cipher.
fn protected() -> Vec<(String, Box<dyn Fn() -> Sent>)> {
    fn sent(mut card: Card, op: Op, answer: impl FnOnce(&Card) -> Vec<u8>) -> Sent {
        card.command(op).unwrap();
        let answer = answer(&card);
        (card, answer)
    }
    let mut out: Vec<(String, Box<dyn Fn() -> Sent>)> = Vec::new();
    out.push(("ev2 mac".into(), Box::new(|| sent(ev2(9), read(12, CommMode::Mac), |_| ev2_maced(9, TEXT)))));
    out.push(("ev2 full".into(), Box::new(|| sent(ev2(9), read(12, CommMode::Full), |_| ev2_full(9, TEXT)))));
    out.push(("ev2 write".into(), Box::new(|| sent(ev2(9), write(TEXT, CommMode::Full), |_| ev2_maced(9, &[])))));
    out.push(("ev2 list".into(), Box::new(|| sent(ev2(9), Op::GetApplicationIds, |_| ev2_maced(9, &[1; 6])))));
    out.push((
        "ev2 value".into(),
        Box::new(|| {
            let op = Op::GetValue { file: super::file(), mode: CommMode::Full };
            sent(ev2(9), op, |_| ev2_full(9, &[1, 0, 0, 0]))
        }),
    ));
    out.push((
        "ev2 reader".into(),
        Box::new(|| {
            let mut secret = [0x51; 16];
            enc().cbc_encrypt(&mut ev2_iv([0x5A, 0xA5], 10), &mut secret);
            sent(ev2(9), Op::CommitReaderId([7; 16]), |_| ev2_maced(9, &secret))
        }),
    ));
    out.push((
        "ev2 set".into(),
        Box::new(|| {
            let op = Op::FinalizeKeySet { set: 1, version: KeyVersion(2) };
            sent(ev2(9), op, |_| ev2_maced(9, &[]))
        }),
    ));
    for cipher in CIPHERS {
        let card = move || cipher.session(KeyNo::MASTER, APPLICATION);
        for mode in [CommMode::Plain, CommMode::Mac] {
            let make = move || sent(card(), read(12, mode), |card| cipher.maced(card, TEXT));
            out.push((format!("ev1 {cipher:?} {mode:?}"), Box::new(make)));
        }
        let make = move || sent(card(), read(12, CommMode::Full), |card| cipher.full(card, TEXT));
        out.push((format!("ev1 {cipher:?} full"), Box::new(make)));
        for mode in [CommMode::Plain, CommMode::Mac, CommMode::Full] {
            let make = move || sent(card(), write(TEXT, mode), |card| cipher.maced(card, &[]));
            out.push((format!("ev1 {cipher:?} write {mode:?}"), Box::new(make)));
        }
        let make = move || sent(card(), new_file(), |card| cipher.maced(card, &[]));
        out.push((format!("ev1 {cipher:?} create"), Box::new(make)));
    }
    for single in [false, true] {
        let card = move || if single { d40_single() } else { d40() };
        let cipher = move || if single { des_single() } else { des() };
        out.push((
            format!("d40 mac, single {single}"),
            Box::new(move || sent(card(), read(12, CommMode::Mac), |_| [TEXT, &cipher().d40_mac(TEXT)].concat())),
        ));
        out.push((
            format!("d40 full, single {single}"),
            Box::new(move || sent(card(), read(12, CommMode::Full), |_| d40_full_by(&cipher(), TEXT))),
        ));
    }
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
    for (kind, make) in protected() {
        let (mut card, answer) = make();
        assert!(matches!(card.answer(&ok(answer)), Ok(Progress::Done(_))), "{kind}");
    }
}

#[test]
fn a_flipped_bit_anywhere_in_a_protected_answer_kills_the_session() {
    for (kind, make) in protected() {
        for bit in 0..make().1.len() * 8 {
            let (mut card, mut answer) = make();
            answer[bit / 8] ^= 1 << (bit % 8);
            let error = card.answer(&ok(answer)).expect_err(&kind);
            assert!(error.code().starts_with("card.answer."), "{kind} {error:?}");
            assert_eq!(card.session(), SessionState::Dead);
            if bit == 0 {
                assert_dead(&mut card);
            }
        }
    }
}

#[test]
fn an_answer_cut_short_or_lengthened_kills_the_session() {
    for (kind, make) in protected() {
        let whole = make().1.len();
        for len in (0..whole).chain([whole + 1, whole + 8, whole + 16, whole + 300]) {
            let (mut card, mut answer) = make();
            answer.resize(len, 0);
            assert!(card.answer(&ok(answer)).is_err(), "{kind} {len}");
            assert_eq!(card.session(), SessionState::Dead);
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
    let replies = [crate::Reply::Value(0x42), crate::Reply::ReaderId([0x42; 16]), crate::Reply::Signature([0x42; 56])];
    assert_eq!(format!("{replies:?}"), "[Value, ReaderId, Signature]");
    let Some(Op::CreateApplication(new)) = every_op().into_iter().find(|op| op.name() == "create_application") else {
        panic!("no application")
    };
    let (mac, enc) = (secret(1), secret(2));
    let slot = Slot { number: 0, version: 0, quota: 1 };
    let issuer = IssuerKeys { mac: &mac, enc: &enc };
    let delegated = DelegatedApplication::authorise(&new, slot, &aes_key(3), issuer, [0; 7]).unwrap();
    assert_eq!(format!("{delegated:?}"), "DelegatedApplication", "its MAC is a right to create it");
}

#[test]
fn a_status_says_whose_fault_it_is_and_what_helps() {
    for (code, fault, helps) in [
        (0x7E, Fault::Us, Helps::Never),
        (0x9E, Fault::Us, Helps::Never),
        (0x0C, Fault::Us, Helps::Never),
        (0x1E, Fault::Card, Helps::SameAgain),
        (0xCA, Fault::Card, Helps::SameAgain),
        (0xAE, Fault::Card, Helps::SameAgain),
        (0x0E, Fault::Card, Helps::Another),
        (0x1C, Fault::Card, Helps::Another),
        (0x9D, Fault::Card, Helps::Another),
        (0xCD, Fault::Card, Helps::Another),
        (0xDE, Fault::Card, Helps::Another),
        (0xEE, Fault::Card, Helps::Another),
    ] {
        let error = DesfireError::Refused { op: "x", status: CardStatus::from_code(code) };
        assert_eq!((error.fault(), error.helps()), (fault, helps), "{code:02X}");
    }
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
        Op::ReadSignature,
        Op::GetDfNames,
        Op::GetIsoFileIds,
        Op::GetDelegatedInfo { slot: 1 },
        Op::DeleteDelegatedApplication { aid: APPLICATION, mac: [7; 8] },
        Op::GetKeyVersionOf { set: 1, key_no: key_no(1) },
        Op::GetKeySetVersions,
        Op::ChangeKeyOf { set: 1, key_no: auth, new: aes_key(5), old: Some(old(6)) },
        Op::InitializeKeySet { set: 1, key_type: KeyType::Aes },
        Op::FinalizeKeySet { set: 1, version: KeyVersion(2) },
        Op::RollKeySet { set: 1 },
        Op::CreateValueFile(NewValueFile {
            file: super::file(),
            mode: CommMode::Full,
            rights,
            further_rights: false,
            lower: -5,
            upper: 5,
            value: 0,
            limited_credit: true,
            free_get_value: true,
        }),
        Op::CreateRecordFile(NewRecordFile {
            file: super::file(),
            cyclic: true,
            iso_fid: Some(0xEF02),
            mode: CommMode::Mac,
            rights,
            further_rights: true,
            record_size: 16,
            capacity: 5,
        }),
        Op::CreateTransactionMacFile(NewTransactionMacFile {
            file: super::file(),
            mode: CommMode::Plain,
            rights,
            key: secret(4),
            version: KeyVersion(1),
        }),
        Op::GetValue { file: super::file(), mode: CommMode::Full },
        Op::Credit { file: super::file(), amount: 3, mode: CommMode::Mac },
        Op::Debit { file: super::file(), amount: 3, mode: CommMode::Full },
        Op::LimitedCredit { file: super::file(), amount: 3, mode: CommMode::Plain },
        Op::ReadRecords { file: super::file(), newest: 0, count: 2, record_size: 16, mode: CommMode::Full },
        Op::WriteRecord { file: super::file(), offset: 0, data: TEXT.to_vec(), mode: CommMode::Mac },
        Op::UpdateRecord { file: super::file(), record: 1, offset: 0, data: TEXT.to_vec(), mode: CommMode::Full },
        Op::ClearRecords(super::file()),
        Op::CommitTransactionMac,
        Op::CommitReaderId([9; 16]),
        Op::IsoSelect(IsoTarget::DfName(b"badge".to_vec())),
        Op::IsoReadBinary { offset: 0, length: 300 },
        Op::IsoUpdateBinary { offset: 0, data: vec![3; 200] },
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2000) })]

    #[test]
    fn nothing_that_a_card_answers_makes_the_host_panic_or_go_on_for_ever(
        which in 0..every_op().len(),
        session in 0..7u8,
        level in any::<bool>(),
        answers in prop::collection::vec(
            (prop::collection::vec(any::<u8>(), 0..70), prop_oneof![Just(0x9100u16), Just(0x91AF), any::<u16>()]),
            1..12,
        ),
    ) {
        let mut card = match session {
            0 => Card::recorded(Link::wrapped(64), Session::None, if level { Aid::PICC } else { APPLICATION }),
            1 => d40(),
            2 => ev2(0),
            n => CIPHERS[usize::from(n) - 3].session(KeyNo::MASTER, APPLICATION),
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

}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

    #[test]
    fn no_random_answer_passes_for_a_protected_one(data in prop::collection::vec(any::<u8>(), 0..64)) {
        for (kind, make) in protected() {
            let (mut card, right) = make();
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
