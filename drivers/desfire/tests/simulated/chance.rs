//! Operations in any order: between an honest card and the host no answer is ever wrong, whatever was asked before, whatever
//! was refused, whoever was proved. What one side forgets of a session and the other keeps shows here.

use lanyard_desfire::{
    Access, AccessRights, Aid, CommMode, DesfireError, FileKind, Framing, KeyNo, KeySettings, KeyType, Link, NewFile,
    NewRecordFile, NewValueFile, Op, SessionState,
};
use lanyard_virtual::Model;
use proptest::prelude::*;

use super::{Desk, How, TestKey, application, file, key_no};

/// Applications 1, 2 and 3 are for one kind of key each; 0 is the card level.
const KINDS: [KeyType; 4] = [KeyType::Des, KeyType::Des, KeyType::ThreeKeyDes, KeyType::Aes];
/// The mode of a file goes by its number: with another than its own a command is of another length.
const MODES: [CommMode; 3] = [CommMode::Plain, CommMode::Mac, CommMode::Full];

fn rights() -> AccessRights {
    let (own, master) = (Access::Key(key_no(1)), Access::Key(KeyNo::MASTER));
    AccessRights { read: own, write: own, read_write: master, change: master }
}

/// Files 0 to 2 are data, 3 to 5 backup, 6 to 8 values, 9 to 11 linear and 12 to 14 cyclic records; one of each in each
/// mode.
fn create(number: u8) -> Op {
    let (file, mode, rights) = (file(number), MODES[usize::from(number % 3)], rights());
    match number {
        0..6 => Op::CreateFile(NewFile {
            file,
            kind: if number < 3 { FileKind::Standard } else { FileKind::Backup },
            iso_fid: None,
            mode,
            rights,
            further_rights: false,
            size: 90,
        }),
        6..9 => Op::CreateValueFile(NewValueFile {
            file,
            mode,
            rights,
            further_rights: false,
            lower: 0,
            upper: 100,
            value: 50,
            limited_credit: true,
            free_get_value: false,
        }),
        _ => Op::CreateRecordFile(NewRecordFile {
            file,
            cyclic: number >= 12,
            iso_fid: None,
            mode,
            rights,
            further_rights: false,
            record_size: 40,
            capacity: 3,
        }),
    }
}

/// One step, with what it needs of chance: as a rule one that the card can take.
fn step(desk: &mut Desk, which: u8, chance: u8) -> Op {
    let selected = desk.host.selected().map_or(0, Aid::number);
    let kind = KINDS[selected as usize % 4];
    let key_no = key_no(chance & 1);
    // Mostly a file of the right type.
    let of = |first: u8, count: u8| file(if chance > 240 { chance % 16 } else { first + chance % count });
    let mode = |file: lanyard_desfire::FileNo| MODES[usize::from(file.get() % 3)];
    match which {
        0 => Op::SelectApplication(Aid::from_number(u32::from(chance % 5))),
        1..=5 => {
            let how = match (kind, chance % 4) {
                (KeyType::Des, 0 | 1) => How::D40,
                (KeyType::Des | KeyType::ThreeKeyDes, _) => How::Iso,
                (KeyType::Aes, 0 | 1) => How::Aes,
                (KeyType::Aes, _) => How::Ev2,
            };
            let key = if chance > 250 { TestKey::new(kind, 1, 1) } else { TestKey::zero(kind) };
            desk.proof(how, if selected == 0 { KeyNo::MASTER } else { key_no }, &key)
        }
        6 => Op::CreateApplication(application(u32::from(chance % 4), kind, 2)),
        7 => Op::GetVersion,
        8 => Op::GetCardUid,
        9 => Op::FreeMemory,
        10 => Op::GetApplicationIds,
        11 => Op::GetFileIds,
        12 => Op::GetFileSettings(of(0, 15)),
        13 => Op::GetKeySettings,
        14 => Op::GetKeyVersion(key_no),
        15..=17 => {
            let file = of(0, 6);
            Op::WriteData { file, offset: 0, data: vec![chance; usize::from(chance) % 92 + 1], mode: mode(file) }
        }
        18..=20 => {
            let file = of(0, 6);
            Op::ReadData { file, offset: 0, length: u32::from(chance) % 92 + 1, mode: mode(file) }
        }
        21 => {
            let file = of(6, 3);
            Op::Credit { file, amount: 3, mode: mode(file) }
        }
        22 => {
            let file = of(6, 3);
            Op::Debit { file, amount: 3, mode: mode(file) }
        }
        23 | 24 => {
            let file = of(6, 3);
            Op::GetValue { file, mode: mode(file) }
        }
        25 | 26 => {
            let file = of(9, 6);
            Op::WriteRecord { file, offset: 0, data: vec![chance; usize::from(chance % 41) + 1], mode: mode(file) }
        }
        27 => {
            let file = of(9, 6);
            Op::ReadRecords { file, newest: 0, count: 1, record_size: 40, mode: mode(file) }
        }
        28 => Op::ClearRecords(of(9, 6)),
        29..=31 => Op::CommitTransaction,
        32 => Op::AbortTransaction,
        33 if chance > 200 => Op::DeleteFile(of(0, 15)),
        33 | 34 => create(chance % 15),
        35 => {
            let file = of(0, 15);
            Op::ChangeFileSettings { file, mode: mode(file), rights: rights(), further: vec![], free: false }
        }
        36 => Op::ChangeKeySettings(KeySettings::from_wire(0x0F)),
        37 => {
            let zero = TestKey::zero(kind);
            let key_no = if selected == 0 { KeyNo::MASTER } else { key_no };
            Op::ChangeKey { key_no, new: zero.fresh(), old: Some(zero.held()) }
        }
        38 => Op::GetDfNames,
        39 => Op::GetIsoFileIds,
        _ => Op::DeleteApplication(Aid::from_number(u32::from(chance % 4))),
    }
}

fn desk(model: Model, framing: Framing) -> Desk {
    let mut desk = Desk::new(model, Link { framing, ..Link::wrapped(64) });
    for (number, kind) in (0..).zip(KINDS).skip(1) {
        desk.done(Op::SelectApplication(Aid::PICC));
        desk.prove(How::D40, KeyNo::MASTER, &TestKey::zero(KeyType::Des));
        desk.done(Op::CreateApplication(application(number, kind, 2)));
        desk.done(Op::SelectApplication(Aid::from_number(number)));
        (0..15).for_each(|number| desk.done(create(number)));
    }
    desk
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

    #[test]
    fn an_honest_card_is_never_taken_for_a_liar(
        model in prop_oneof![Just(Model::Ev1), Just(Model::Ev2), Just(Model::Ev3)],
        native in any::<bool>(),
        steps in prop::collection::vec((0u8..41, any::<u8>()), 1..80),
    ) {
        let mut desk = desk(model, if native { Framing::Native } else { Framing::Wrapped });
        for (which, chance) in steps {
            let op = step(&mut desk, which, chance);
            let name = op.name();
            match desk.ask(op) {
                Ok(_)
                | Err(
                    DesfireError::Refused { .. }
                    | DesfireError::AuthRefused { .. }
                    | DesfireError::Invalid { .. }
                    | DesfireError::SessionMissing { .. },
                ) => {}
                Err(error) => prop_assert!(false, "{model:?} {name} ({which}, {chance}): {error}"),
            }
            prop_assert_ne!(desk.host.session(), SessionState::Dead);
        }
    }
}
