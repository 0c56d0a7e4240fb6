//! Files of every type: what is sent for them, byte by byte, and what comes of the answers.

use super::counterpart::{
    APPLICATION, CIPHERS, d40, d40_received, des, enc, ev1, ev1_maced, ev2, ev2_full, ev2_iv, ev2_mac, ev2_maced,
    ev2_received, ok,
};
use super::{file, key, secret};
use crate::crc::{crc16, crc32};
use crate::session::Session;
use crate::{
    AccessRights, Card, CommMode, DesfireError, FileKind, FileShape, KeyNo, KeyVersion, Link, NewFile, NewRecordFile,
    NewTransactionMacFile, NewValueFile, Op, Progress, Reply, SessionState,
};

fn open() -> Card {
    Card::recorded(Link::wrapped(64), Session::None, APPLICATION)
}

fn rights() -> AccessRights {
    AccessRights::from_wire([0x30, 0x1F])
}

fn sent(card: &mut Card, op: Op) -> Vec<u8> {
    let command = card.command(op).unwrap();
    [&[command.ins], &command.data[..]].concat()
}

fn done(card: &mut Card, answer: impl Into<Vec<u8>>) -> Reply {
    match card.answer(&ok(answer)).unwrap() {
        Progress::Done(reply) => reply,
        Progress::More(_) => panic!("not done"),
    }
}

fn data_file(kind: FileKind, iso_fid: Option<u16>) -> Op {
    let mode = CommMode::Mac;
    Op::CreateFile(NewFile { file: file(), kind, iso_fid, mode, rights: rights(), further_rights: false, size: 300 })
}

fn value_file() -> NewValueFile {
    NewValueFile {
        file: file(),
        mode: CommMode::Full,
        rights: rights(),
        further_rights: false,
        lower: -2,
        upper: 1000,
        value: 7,
        limited_credit: true,
        free_get_value: false,
    }
}

fn record_file(cyclic: bool) -> NewRecordFile {
    NewRecordFile {
        file: file(),
        cyclic,
        iso_fid: Some(0xEF02),
        mode: CommMode::Plain,
        rights: rights(),
        further_rights: true,
        record_size: 0x20,
        capacity: 5,
    }
}

#[test]
fn each_type_of_file_is_created_as_the_data_sheet_prints_it() {
    let every: [(Op, &[u8]); 5] = [
        (data_file(FileKind::Standard, None), &[0xCD, 2, 1, 0x30, 0x1F, 0x2C, 1, 0]),
        (data_file(FileKind::Backup, Some(0xEF01)), &[0xCB, 2, 0x01, 0xEF, 1, 0x30, 0x1F, 0x2C, 1, 0]),
        (
            Op::CreateValueFile(value_file()),
            &[0xCC, 2, 3, 0x30, 0x1F, 0xFE, 0xFF, 0xFF, 0xFF, 0xE8, 3, 0, 0, 7, 0, 0, 0, 1],
        ),
        (Op::CreateRecordFile(record_file(false)), &[0xC1, 2, 0x02, 0xEF, 0x80, 0x30, 0x1F, 0x20, 0, 0, 5, 0, 0]),
        (Op::CreateRecordFile(record_file(true)), &[0xC0, 2, 0x02, 0xEF, 0x80, 0x30, 0x1F, 0x20, 0, 0, 5, 0, 0]),
    ];
    for (op, bytes) in every {
        assert_eq!(sent(&mut open(), op), bytes);
    }
}

#[test]
fn a_file_that_no_card_can_hold_is_not_asked_for() {
    let refused = [
        Op::CreateValueFile(NewValueFile { lower: 8, ..value_file() }),
        Op::CreateValueFile(NewValueFile { upper: 6, ..value_file() }),
        Op::CreateRecordFile(NewRecordFile { capacity: 1, ..record_file(true) }),
        Op::CreateRecordFile(NewRecordFile { record_size: 0, ..record_file(false) }),
        Op::CreateRecordFile(NewRecordFile { record_size: 1 << 24, ..record_file(false) }),
        Op::Credit { file: file(), amount: 1 << 31, mode: CommMode::Plain },
        Op::ReadRecords { file: file(), newest: 0, count: 0, record_size: 8, mode: CommMode::Plain },
        Op::ReadRecords { file: file(), newest: 0, count: 1 << 16, record_size: 1 << 16, mode: CommMode::Plain },
        Op::WriteRecord { file: file(), offset: 0, data: vec![], mode: CommMode::Plain },
    ];
    for op in refused {
        let mut card = open();
        assert!(matches!(card.command(op), Err(DesfireError::Invalid { .. })));
        assert_eq!(card.exchanges(), 0);
    }
}

#[test]
fn the_key_of_a_transaction_mac_file_never_travels_in_the_clear() {
    let new = || {
        let (mode, rights) = (CommMode::Plain, AccessRights::from_wire([0x10, 0x1F]));
        let file = NewTransactionMacFile { file: file(), mode, rights, key: secret(0x40), version: KeyVersion(6) };
        Op::CreateTransactionMacFile(file)
    };
    assert_eq!(open().command(new()).unwrap_err(), DesfireError::SessionMissing { op: "create_file" });
    assert_eq!(d40().command(new()).unwrap_err(), DesfireError::SessionMissing { op: "create_file" });
    let plain = [&key(0x40)[..], &[6]].concat();
    let bytes = sent(&mut ev2(4), new());
    assert_eq!(bytes[..6], [0xCE, 2, 0, 0x10, 0x1F, 2]);
    assert_eq!(ev2_received(4, &bytes[6..38]), [&plain[..], &[0x80], &[0; 14]].concat());
    assert_eq!(bytes[38..], ev2_mac(0xCE, 4, &bytes[1..38]));
    for cipher in CIPHERS {
        let mut card = cipher.session(KeyNo::MASTER, APPLICATION);
        let iv = card.left_behind();
        let bytes = sent(&mut card, new());
        let received = cipher.received(iv, &bytes[6..]);
        assert_eq!(received[..17], plain);
        assert_eq!(received[17..21], crc32(&[&bytes[..6], &plain]));
        assert!(received[21..].iter().all(|byte| *byte == 0) && received.len() < 21 + cipher.mac().cipher.size());
        let answer = cipher.maced(&card, &[]);
        assert_eq!(done(&mut card, answer), Reply::Done);
    }
}

#[test]
fn a_value_is_read_credited_and_debited_in_every_mode() {
    let ops = |mode| {
        [
            (0x0C, Op::Credit { file: file(), amount: 0x0102, mode }),
            (0xDC, Op::Debit { file: file(), amount: 0x0102, mode }),
            (0x1C, Op::LimitedCredit { file: file(), amount: 0x0102, mode }),
        ]
    };
    let amount = [2, 1, 0, 0];
    for (ins, op) in ops(CommMode::Plain) {
        assert_eq!(sent(&mut open(), op), [ins, 2, 2, 1, 0, 0]);
    }
    for (ins, op) in ops(CommMode::Mac) {
        assert_eq!(sent(&mut d40(), op), [&[ins, 2], &amount[..], &des().d40_mac(&amount)].concat());
    }
    for (ins, op) in ops(CommMode::Full) {
        let bytes = sent(&mut d40(), op);
        assert_eq!(bytes[..2], [ins, 2]);
        assert_eq!(d40_received(&bytes[2..]), [&amount[..], &crc16(&[&amount]), &[0, 0]].concat());
    }
    for (ins, op) in ops(CommMode::Mac) {
        assert_eq!(sent(&mut ev2(1), op)[6..], ev2_mac(ins, 1, &[2, 2, 1, 0, 0]));
    }
    let mut card = ev2(0);
    card.command(Op::GetValue { file: file(), mode: CommMode::Full }).unwrap();
    assert_eq!(done(&mut card, ev2_full(0, &(-3i32).to_le_bytes())), Reply::Value(-3));
    let mut card = d40();
    assert_eq!(sent(&mut card, Op::GetValue { file: file(), mode: CommMode::Mac }), [0x6C, 2]);
    assert_eq!(done(&mut card, [&amount[..], &des().d40_mac(&amount)].concat()), Reply::Value(0x0102));
}

#[test]
fn records_are_written_updated_read_and_cleared() {
    let data = b"entered 07:59".to_vec();
    let mode = CommMode::Plain;
    let mut card = open();
    let write = Op::WriteRecord { file: file(), offset: 3, data: data.clone(), mode };
    assert_eq!(sent(&mut card, write), [&[0x3B, 2, 3, 0, 0, 13, 0, 0], &data[..]].concat());
    done(&mut card, []);
    let update = Op::UpdateRecord { file: file(), record: 1, offset: 0, data: data.clone(), mode };
    assert_eq!(sent(&mut card, update), [&[0xDB, 2, 1, 0, 0, 0, 0, 0, 13, 0, 0], &data[..]].concat());
    done(&mut card, []);
    assert_eq!(sent(&mut card, Op::ClearRecords(file())), [0xEB, 2]);
    done(&mut card, []);
    let read = Op::ReadRecords { file: file(), newest: 1, count: 2, record_size: 13, mode };
    assert_eq!(sent(&mut card, read), [0xBB, 2, 1, 0, 0, 2, 0, 0]);
    assert_eq!(done(&mut card, [&data[..], &data].concat()), Reply::Data(data.repeat(2)));
}

#[test]
fn fewer_records_than_asked_for_are_not_taken_for_all() {
    for cipher in CIPHERS {
        let mut card = cipher.session(KeyNo::MASTER, APPLICATION);
        let mode = CommMode::Full;
        card.command(Op::ReadRecords { file: file(), newest: 0, count: 3, record_size: 8, mode }).unwrap();
        let answer = cipher.full(&card, &[5; 16]);
        card.answer(&ok(answer)).unwrap_err();
        assert_eq!(card.session(), SessionState::Dead);
    }
}

#[test]
fn a_long_record_goes_in_one_exchange_where_the_card_takes_it() {
    let link = Link::wrapped(64).with_long_commands();
    let mut card = super::counterpart::ev2_on(link, 0);
    let write = Op::WriteRecord { file: file(), offset: 0, data: vec![1; 100], mode: CommMode::Full };
    assert_eq!(sent(&mut card, write)[0], 0x8B);
    done(&mut card, ev2_maced(0, &[]));
    let update = Op::UpdateRecord { file: file(), record: 0, offset: 0, data: vec![1; 100], mode: CommMode::Mac };
    assert_eq!(sent(&mut card, update)[0], 0xBA);
    done(&mut card, ev2_maced(1, &[]));
    let mode = CommMode::Mac;
    let read = Op::ReadRecords { file: file(), newest: 0, count: 2, record_size: 100, mode };
    assert_eq!(sent(&mut card, read)[0], 0xAB);
    assert_eq!(done(&mut card, ev2_maced(2, &[9; 200])), Reply::Data(vec![9; 200]));
    assert_eq!(card.exchanges(), 3);
}

#[test]
fn a_commit_tells_the_transaction_mac_where_there_is_one() {
    let mut card = ev2(0);
    assert_eq!(sent(&mut card, Op::CommitTransactionMac)[..2], [0xC7, 1]);
    let reply = done(&mut card, ev2_maced(0, &[5, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8]));
    assert_eq!(reply, Reply::TransactionMac { counter: 5, value: [1, 2, 3, 4, 5, 6, 7, 8] });
    assert_eq!(sent(&mut card, Op::CommitTransaction).len(), 1 + 8);
    // A commit that was not asked for a MAC and gives one is not what was asked for.
    assert!(card.answer(&ok(ev2_maced(1, &[0; 12]))).is_err());
}

#[test]
fn the_reader_of_the_transaction_before_comes_enciphered_and_unpadded() {
    let mut card = ev2(0);
    assert_eq!(sent(&mut card, Op::CommitReaderId([7; 16]))[17..], ev2_mac(0xC8, 0, &[7; 16]));
    let mut before = key(0x66);
    enc().cbc_encrypt(&mut ev2_iv([0x5A, 0xA5], 1), &mut before);
    assert_eq!(done(&mut card, ev2_maced(0, &before)), Reply::ReaderId(key(0x66)));
    let mut card = open();
    card.command(Op::CommitReaderId([7; 16])).unwrap();
    assert_eq!(done(&mut card, [3; 16]), Reply::ReaderId([3; 16]));
    let refused = ev1().command(Op::CommitReaderId([7; 16])).unwrap_err();
    assert_eq!(refused, DesfireError::SessionMissing { op: "commit_reader_id" });
}

#[test]
fn lists_of_files_are_read() {
    let mut card = ev1();
    card.command(Op::GetFileIds).unwrap();
    let answer = ev1_maced(&card, &[0, 31]);
    assert!(matches!(done(&mut card, answer), Reply::Files(files) if files.len() == 2));
    card.command(Op::GetIsoFileIds).unwrap();
    let answer = ev1_maced(&card, &[0x01, 0xEF, 0x02, 0xEF]);
    assert_eq!(done(&mut card, answer), Reply::IsoFiles(vec![0xEF01, 0xEF02]));
    card.command(Op::GetFileSettings(file())).unwrap();
    let answer = ev1_maced(&card, &[4, 1, 0x30, 0x1F, 0x20, 0, 0, 5, 0, 0, 2, 0, 0]);
    let Reply::File(settings) = done(&mut card, answer) else { panic!("no settings") };
    let shape = FileShape::Records { cyclic: true, record_size: 32, capacity: 5, count: 2 };
    assert_eq!((settings.shape, settings.mode, settings.rights), (shape, CommMode::Mac, rights()));
    // A file of a number that no card has.
    card.command(Op::GetFileIds).unwrap();
    let answer = ev1_maced(&card, &[32]);
    assert!(card.answer(&ok(answer)).is_err());
}

#[test]
fn settings_are_changed_in_secret_unless_anyone_may() {
    let op = |further: &[AccessRights], free| Op::ChangeFileSettings {
        file: file(),
        mode: CommMode::Full,
        rights: rights(),
        further: further.to_vec(),
        free,
    };
    assert_eq!(sent(&mut open(), op(&[], true)), [0x5F, 2, 3, 0x30, 0x1F]);
    assert_eq!(
        open().command(op(&[], false)).unwrap_err(),
        DesfireError::SessionMissing { op: "change_file_settings" }
    );
    let bytes = sent(&mut d40(), op(&[], false));
    assert_eq!(d40_received(&bytes[2..]), [&[3, 0x30, 0x1F][..], &crc16(&[&[3, 0x30, 0x1F]]), &[0; 3]].concat());
    assert_eq!(sent(&mut ev1(), op(&[], true)), [0x5F, 2, 3, 0x30, 0x1F]);
    let bytes = sent(&mut ev2(0), op(&[rights(), rights()], false));
    let received = ev2_received(0, &bytes[2..18]);
    assert_eq!(received[..9], [0x83, 0x30, 0x1F, 2, 0x30, 0x1F, 0x30, 0x1F, 0x80]);
    assert!(matches!(open().command(op(&[rights(); 8], true)), Err(DesfireError::Invalid { .. })));
}
