//! Files of every type, in every mode, on every model, with every way of messaging.

use lanyard_desfire::{
    Access, AccessRights, Aid, CardStatus, CommMode, DesfireError, FileKind, FileShape, Framing, IsoName, IsoTarget,
    KeyNo, Link, NewFile, NewRecordFile, NewTransactionMacFile, NewValueFile, Op, Reply,
};
use lanyard_secret::Secret;
use lanyard_virtual::Model;

use super::{Desk, How, KeyVersion, MODELS, TestKey, application, every_way, file, key_no};

const APPLICATION: u32 = 0x00F5_1CD8;
const MODES: [CommMode; 3] = [CommMode::Plain, CommMode::Mac, CommMode::Full];

fn rights() -> AccessRights {
    let master = Access::Key(KeyNo::MASTER);
    AccessRights { read: Access::Key(key_no(1)), write: master, read_write: master, change: master }
}

/// In an application with ISO names, its master key proved.
fn desk(model: Model, key_type: lanyard_desfire::KeyType, how: How, link: Link) -> Desk {
    let mut desk = Desk::new(model, link);
    desk.prove(How::D40, KeyNo::MASTER, &TestKey::zero(lanyard_desfire::KeyType::Des));
    let mut new = application(APPLICATION, key_type, 3);
    new.iso = Some(IsoName { fid: 0xDF01, df_name: b"badge".to_vec() });
    desk.done(Op::CreateApplication(new));
    desk.done(Op::SelectApplication(Aid::from_number(APPLICATION)));
    desk.prove(how, KeyNo::MASTER, &TestKey::zero(key_type));
    desk
}

/// Every way, wrapped and native, and long commands where they are known.
fn desks() -> impl Iterator<Item = (Model, How, Desk)> {
    every_way().into_iter().flat_map(|(model, key_type, how)| {
        let short = Link::wrapped(64);
        let mut links = vec![short, Link { framing: Framing::Native, ..short }];
        if how == How::Ev2 {
            links.push(short.with_long_commands());
        }
        links.into_iter().map(move |link| (model, how, desk(model, key_type, how, link)))
    })
}

fn data_file(number: u8, kind: FileKind, mode: CommMode) -> Op {
    let iso_fid = Some(0xEF00 + u16::from(number));
    Op::CreateFile(NewFile {
        file: file(number),
        kind,
        iso_fid,
        mode,
        rights: rights(),
        further_rights: false,
        size: 200,
    })
}

fn shape(desk: &mut Desk, number: u8) -> FileShape {
    match desk.run(Op::GetFileSettings(file(number))) {
        Reply::File(settings) => settings.shape,
        other => panic!("{other:?}"),
    }
}

#[test]
fn data_is_written_and_read_back_at_once_and_backup_data_after_the_commit() {
    let data: Vec<u8> = (0..150).map(|byte| byte ^ 0x5A).collect();
    for (model, how, mut desk) in desks() {
        for (number, mode) in (0..).zip(MODES) {
            let read = || Op::ReadData { file: file(number), offset: 17, length: 150, mode };
            let write = || Op::WriteData { file: file(number), offset: 17, data: data.clone(), mode };
            desk.done(data_file(number, FileKind::Standard, mode));
            assert_eq!(shape(&mut desk, number), FileShape::Standard { size: 200 });
            desk.done(write());
            assert_eq!(desk.run(read()), Reply::Data(data.clone()), "{model:?} {how:?} {mode:?}");

            let number = number + 8;
            let read = || Op::ReadData { file: file(number), offset: 17, length: 150, mode };
            let write = || Op::WriteData { file: file(number), offset: 17, data: data.clone(), mode };
            desk.done(data_file(number, FileKind::Backup, mode));
            desk.done(write());
            desk.done(Op::AbortTransaction);
            desk.done(write());
            assert_eq!(desk.run(read()), Reply::Data(vec![0; 150]), "{model:?} {how:?} {mode:?}");
            desk.done(Op::CommitTransaction);
            assert_eq!(desk.run(read()), Reply::Data(data.clone()), "{model:?} {how:?} {mode:?}");
        }
        assert_eq!(desk.run(Op::GetFileIds), Reply::Files([0, 1, 2, 8, 9, 10].map(file).to_vec()));
        let isos = [0xEF00, 0xEF01, 0xEF02, 0xEF08, 0xEF09, 0xEF0A];
        assert_eq!(desk.run(Op::GetIsoFileIds), Reply::IsoFiles(isos.to_vec()));
        desk.done(Op::DeleteFile(file(1)));
        assert!(matches!(
            desk.ask(Op::GetFileSettings(file(1))),
            Err(DesfireError::Refused { status: CardStatus::NoSuchFile, .. })
        ));
    }
}

#[test]
fn a_value_is_debited_credited_and_credited_no_further_than_allowed() {
    for (model, how, mut desk) in desks() {
        for (number, mode) in (0..).zip(MODES) {
            let file = file(number);
            let value = |desk: &mut Desk, expected| {
                assert_eq!(desk.run(Op::GetValue { file, mode }), Reply::Value(expected), "{model:?} {how:?} {mode:?}");
            };
            desk.done(Op::CreateValueFile(NewValueFile {
                file,
                mode,
                rights: rights(),
                further_rights: false,
                lower: -10,
                upper: 1000,
                value: 50,
                limited_credit: true,
                free_get_value: false,
            }));
            value(&mut desk, 50);
            desk.done(Op::Debit { file, amount: 55, mode });
            desk.done(Op::CommitTransaction);
            value(&mut desk, -5);
            desk.done(Op::LimitedCredit { file, amount: 20, mode });
            desk.done(Op::CommitTransaction);
            desk.done(Op::Credit { file, amount: 100, mode });
            desk.done(Op::AbortTransaction);
            value(&mut desk, 15);
            assert!(matches!(shape(&mut desk, number), FileShape::Value { lower: -10, upper: 1000, .. }));
        }
        let over = desk.ask(Op::Debit { file: file(0), amount: 1000, mode: CommMode::Plain });
        assert!(matches!(over, Err(DesfireError::Refused { status: CardStatus::Boundary, .. })), "{over:?}");
    }
}

#[test]
fn records_come_back_the_oldest_first_and_a_cyclic_file_forgets_its_oldest() {
    for (model, how, mut desk) in desks() {
        for (number, mode) in (0..).zip(MODES) {
            for (number, cyclic) in [(number, false), (number + 8, true)] {
                let file = file(number);
                desk.done(Op::CreateRecordFile(NewRecordFile {
                    file,
                    cyclic,
                    iso_fid: Some(0xEF00 + u16::from(number)),
                    mode,
                    rights: rights(),
                    further_rights: false,
                    record_size: 70,
                    capacity: 4,
                }));
                let written = if cyclic { 5 } else { 4 };
                for n in 1..=written {
                    desk.done(Op::WriteRecord { file, offset: 0, data: vec![n; 70], mode });
                    desk.done(Op::CommitTransaction);
                }
                let (capacity, count) = (4, if cyclic { 3 } else { 4 });
                assert_eq!(
                    shape(&mut desk, number),
                    FileShape::Records { cyclic, record_size: 70, capacity, count },
                    "{model:?} {how:?} {mode:?}"
                );
                let read = |newest, count| Op::ReadRecords { file, newest, count, record_size: 70, mode };
                let expected: Vec<u8> = (written + 1 - count as u8..=written).flat_map(|n| [n; 70]).collect();
                assert_eq!(desk.run(read(0, count)), Reply::Data(expected), "{model:?} {how:?} {mode:?}");
                if model != Model::Ev1 {
                    desk.done(Op::UpdateRecord { file, record: 1, offset: 10, data: vec![0xEE; 5], mode });
                    desk.done(Op::CommitTransaction);
                    let mut changed = vec![written - 1; 70];
                    changed[10..15].fill(0xEE);
                    assert_eq!(desk.run(read(1, 1)), Reply::Data(changed), "{model:?} {how:?} {mode:?}");
                }
                desk.done(Op::ClearRecords(file));
                desk.done(Op::CommitTransaction);
                assert!(matches!(shape(&mut desk, number), FileShape::Records { count: 0, .. }));
            }
        }
    }
}

#[test]
fn rights_are_changed_in_secret_then_anyone_may_and_without_a_session() {
    let free =
        AccessRights { read: Access::Free, write: Access::Free, read_write: Access::Never, change: Access::Free };
    for (model, how, mut desk) in desks() {
        desk.done(data_file(0, FileKind::Standard, CommMode::Full));
        let change = |mode, rights, free| Op::ChangeFileSettings { file: file(0), mode, rights, further: vec![], free };
        desk.done(change(CommMode::Mac, free, false));
        desk.done(change(CommMode::Plain, free, true));
        desk.done(Op::SelectApplication(Aid::from_number(APPLICATION)));
        let mode = CommMode::Plain;
        desk.done(Op::WriteData { file: file(0), offset: 0, data: vec![7; 9], mode });
        let read = desk.run(Op::ReadData { file: file(0), offset: 0, length: 9, mode });
        assert_eq!(read, Reply::Data(vec![7; 9]), "{model:?} {how:?}");
        desk.done(change(CommMode::Plain, rights(), true));
        assert!(matches!(
            desk.ask(Op::ReadData { file: file(0), offset: 0, length: 9, mode }),
            Err(DesfireError::Refused { status: CardStatus::NotAuthenticated, .. })
        ));
    }
}

#[test]
fn a_commit_tells_the_transaction_mac_and_counts() {
    for model in [Model::Ev2, Model::Ev3] {
        let mut desk = desk(model, lanyard_desfire::KeyType::Aes, How::Ev2, Link::wrapped(64));
        let master = Access::Key(KeyNo::MASTER);
        desk.done(Op::CreateTransactionMacFile(NewTransactionMacFile {
            file: file(30),
            mode: CommMode::Plain,
            rights: AccessRights { read: master, write: Access::Never, read_write: Access::Never, change: master },
            key: Secret::from_slice(&[5; 16]).unwrap(),
            version: KeyVersion(3),
        }));
        let key_type = lanyard_desfire::KeyType::Aes;
        assert_eq!(shape(&mut desk, 30), FileShape::TransactionMac { key_type, key_version: KeyVersion(3) });
        desk.done(data_file(0, FileKind::Backup, CommMode::Full));
        let mut values = Vec::new();
        for expected in 1..=3 {
            desk.done(Op::WriteData { file: file(0), offset: 0, data: vec![1, 2, 3], mode: CommMode::Full });
            let Reply::TransactionMac { counter, value } = desk.run(Op::CommitTransactionMac) else { panic!("no MAC") };
            assert_eq!(counter, expected);
            values.push(value);
        }
        values.dedup();
        assert_eq!(values.len(), 3, "the same transaction never has the same MAC twice");
    }
}

#[test]
fn a_free_file_is_read_and_updated_the_iso_way() {
    for model in MODELS {
        let mut desk = desk(model, lanyard_desfire::KeyType::Aes, How::Aes, Link::wrapped(64));
        let rights =
            AccessRights { read: Access::Free, write: Access::Free, read_write: Access::Never, change: Access::Never };
        let (kind, mode) = (FileKind::Standard, CommMode::Plain);
        let new =
            NewFile { file: file(2), kind, iso_fid: Some(0xEF02), mode, rights, further_rights: false, size: 200 };
        desk.done(Op::CreateFile(new));
        for target in [IsoTarget::DfName(b"badge".to_vec()), IsoTarget::Application(0xDF01)] {
            desk.done(Op::IsoSelect(IsoTarget::Master));
            desk.done(Op::IsoSelect(target));
            desk.done(Op::IsoSelect(IsoTarget::File(0xEF02)));
            let data: Vec<u8> = (0..180).collect();
            desk.done(Op::IsoUpdateBinary { offset: 20, data: data.clone() });
            assert_eq!(desk.run(Op::IsoReadBinary { offset: 20, length: 180 }), Reply::Data(data), "{model:?}");
        }
        // Past its end there is nothing to read, in whichever of ISO's words.
        assert!(matches!(
            desk.ask(Op::IsoReadBinary { offset: 190, length: 20 }),
            Err(DesfireError::Refused { status: CardStatus::Length | CardStatus::Boundary, .. })
        ));
        assert!(matches!(
            desk.ask(Op::IsoSelect(IsoTarget::File(0xEE00))),
            Err(DesfireError::Refused { status: CardStatus::NoSuchFile, .. })
        ));
        assert!(matches!(
            desk.ask(Op::IsoSelect(IsoTarget::DfName(b"nobody".to_vec()))),
            Err(DesfireError::Refused { status: CardStatus::NoSuchApplication, .. })
        ));
    }
}
