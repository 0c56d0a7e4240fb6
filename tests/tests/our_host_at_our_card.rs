//! Our host at our simulated card, which were written apart and share no code: what no host of others does (key sets,
//! delegated applications, transaction MACs, ISO 7816 files), and keys that ours changes and libfreefare then proves.

// Clippy knows functions as tests only by their attribute; what these share is test code too.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::sync::{Arc, Mutex};

use lanyard_desfire::{
    Access, AccessRights, Aid, ChangeKeyRight, CommMode, Configuration, DelegatedApplication, DesKey, FileKind,
    IsoName, IsoTarget, IssuerKeys, KeyNo, KeySets, KeySettings, KeyType, KeyVersion, NewApplication, NewFile, NewKey,
    NewRecordFile, NewTransactionMacFile, OldKey, Op, Reply, Slot, delegation_deletion_mac, originality,
};
use lanyard_secret::Secret;
use lanyard_tests::freefare::freefare;
use lanyard_tests::our_host::{OurHost, aes, d40, ev2, file_no, iso, number, read, rights, select, write};
use lanyard_tests::pn532::Pn532;
use lanyard_virtual::{DesfireCard, KeyKind};

const UID: [u8; 7] = [0x04, 0x77, 0x28, 0x82, 0x4D, 0x65, 0x80];
const AID: u32 = 0xF5_0001;
const ZERO: [u8; 16] = [0; 16];
const MAC: [u8; 16] = [0x11; 16];
const ENC: [u8; 16] = [0x22; 16];
const DELEGATION: [u8; 16] = [0x33; 16];

fn secret<const N: usize>(bytes: [u8; N]) -> Secret<N> {
    Secret::filled(|out| *out = bytes)
}

fn aes_key(key: [u8; 16], version: u8) -> NewKey {
    NewKey::Aes { key: secret(key), version: KeyVersion(version) }
}

fn blank() -> DesfireCard {
    DesfireCard::new(UID, 3).with_master_key(KeyKind::Aes, &[0], 0)
}

fn application(keys: u8) -> NewApplication {
    NewApplication {
        aid: Aid::from_number(AID),
        settings: KeySettings {
            master_changeable: true,
            list_free: true,
            create_free: false,
            settings_changeable: true,
            change_key: ChangeKeyRight::Key(KeyNo::MASTER),
        },
        keys,
        key_type: KeyType::Aes,
        iso: None,
        key_sets: None,
    }
}

fn standard(file: u8, iso_fid: Option<u16>, rights: AccessRights) -> Op {
    let file = file_no(file);
    let (kind, mode) = (FileKind::Standard, CommMode::Plain);
    Op::CreateFile(NewFile { file, kind, iso_fid, mode, rights, further_rights: false, size: 100 })
}

#[test]
fn a_key_set_that_our_host_fills_and_rolls_is_the_one_in_use() {
    let mut card = blank();
    let mut host = OurHost::at(&mut card);
    let sets = KeySets { version: KeyVersion(1), count: 2, three_key_des: false, roll_key: number(1) };
    let new = NewApplication { key_sets: Some(sets), ..application(2) };
    host.all([ev2(0, ZERO), Op::CreateApplication(new), select(AID), ev2(0, ZERO)]).unwrap();
    let change = |no: u8, key: [u8; 16]| Op::ChangeKeyOf {
        set: 1,
        key_no: number(no),
        new: aes_key(key, 7),
        old: Some(OldKey::Aes(secret(ZERO))),
    };
    let ops = [
        Op::InitializeKeySet { set: 1, key_type: KeyType::Aes },
        change(0, *b"set one, key 0.."),
        change(1, *b"set one, key 1.."),
        Op::FinalizeKeySet { set: 1, version: KeyVersion(2) },
    ];
    host.all(ops).unwrap();
    let versions = host.run(Op::GetKeySetVersions).unwrap();
    assert_eq!(versions, Reply::KeySetVersions(vec![KeyVersion(1), KeyVersion(2)]));
    let version = host.run(Op::GetKeyVersionOf { set: 1, key_no: number(1) }).unwrap();
    assert_eq!(version, Reply::KeyVersion(KeyVersion(7)));
    host.all([ev2(1, ZERO), Op::RollKeySet { set: 1 }]).unwrap();
    assert!(host.run(ev2(0, ZERO)).is_err());
    host.all([ev2(0, *b"set one, key 0.."), ev2(1, *b"set one, key 1..")]).unwrap();
}

#[test]
fn a_delegated_application_is_made_filled_and_deleted_on_the_issuers_word() {
    let mut card = blank();
    let mut host = OurHost::at(&mut card);
    let issue = |key_no: KeyNo, key: [u8; 16]| Op::ChangeKey {
        key_no,
        new: aes_key(key, 1),
        old: Some(OldKey::Aes(secret(ZERO))),
    };
    host.run(ev2(0, ZERO)).unwrap();
    let keys = [(KeyNo::DELEGATION, DELEGATION), (KeyNo::DELEGATION_MAC, MAC), (KeyNo::DELEGATION_ENC, ENC)];
    host.all(keys.map(|(no, key)| issue(no, key))).unwrap();

    let (mac, enc) = (secret(MAC), secret(ENC));
    let slot = Slot { number: 4, version: 1, quota: 40 };
    let first = *b"the owner's key!";
    let issuer = IssuerKeys { mac: &mac, enc: &enc };
    let made = DelegatedApplication::authorise(&application(2), slot, &aes_key(first, 5), issuer, [9; 7]).unwrap();
    let proved = || Op::AuthenticateEv2First {
        key_no: KeyNo::DELEGATION,
        key: secret(DELEGATION),
        rnd_a: secret(*b"a number, chosen"),
    };
    host.all([proved(), Op::CreateDelegatedApplication(made.clone())]).unwrap();
    match host.run(Op::GetDelegatedInfo { slot: 4 }).unwrap() {
        Reply::DelegatedSlot(info) => {
            assert_eq!((info.version, info.quota, info.aid), (1, 40, Aid::from_number(AID)));
        }
        other => panic!("{other:?}"),
    }
    host.all([select(AID), ev2(0, first), standard(1, None, rights(0))]).unwrap();
    host.all([write(1, &[7; 100], CommMode::Plain), select(0), proved()]).unwrap();
    assert!(host.run(Op::CreateDelegatedApplication(made)).is_err(), "a word is good once");
    let mac = delegation_deletion_mac(&mac, Aid::from_number(AID));
    host.all([proved(), Op::DeleteDelegatedApplication { aid: Aid::from_number(AID), mac }]).unwrap();
    assert_eq!(host.run(Op::GetApplicationIds).unwrap(), Reply::Applications(Vec::new()));
}

#[test]
fn a_commit_tells_the_counter_and_mac_that_the_file_then_holds() {
    let mut card = blank();
    let mut host = OurHost::at(&mut card);
    host.all([ev2(0, ZERO), Op::CreateApplication(application(2)), select(AID), ev2(0, ZERO)]).unwrap();
    let key = NewTransactionMacFile {
        file: file_no(3),
        mode: CommMode::Full,
        // Who may read and write names the reader.
        rights: AccessRights { write: Access::Never, ..rights(0) },
        key: secret(*b"transaction key."),
        version: KeyVersion(1),
    };
    let records = NewRecordFile {
        file: file_no(1),
        cyclic: true,
        iso_fid: None,
        mode: CommMode::Mac,
        rights: rights(0),
        further_rights: false,
        record_size: 16,
        capacity: 3,
    };
    host.all([Op::CreateTransactionMacFile(key), Op::CreateRecordFile(records)]).unwrap();
    for turn in 1..=3 {
        let record = |offset: u32, data: &[u8]| Op::WriteRecord {
            file: file_no(1),
            offset,
            data: data.to_vec(),
            mode: CommMode::Mac,
        };
        host.all([record(0, &[turn; 10]), record(10, b"middle")]).unwrap();
        let before = host.run(Op::CommitReaderId([turn; 16])).unwrap();
        assert!(matches!(before, Reply::ReaderId(_)), "{before:?}");
        let Reply::TransactionMac { counter, value } = host.run(Op::CommitTransactionMac).unwrap() else { panic!() };
        assert_eq!(counter, u32::from(turn));
        let held = [&counter.to_le_bytes()[..], &value].concat();
        assert_eq!(host.run(read(3, 12, CommMode::Full)).unwrap(), Reply::Data(held));
    }
    let update =
        Op::UpdateRecord { file: file_no(1), record: 1, offset: 0, data: b"changed".to_vec(), mode: CommMode::Mac };
    host.all([update, Op::CommitTransaction]).unwrap();
    let both = Op::ReadRecords { file: file_no(1), newest: 0, count: 2, record_size: 16, mode: CommMode::Mac };
    let expected = [&b"changed"[..], &[2; 3], b"middle", &[3; 10], b"middle"].concat();
    assert_eq!(host.run(both).unwrap(), Reply::Data(expected));
}

#[test]
fn iso_names_and_files_are_found_read_and_written_without_a_session() {
    let mut card = blank();
    let mut host = OurHost::at(&mut card);
    let iso = IsoName { fid: 0xE110, df_name: b"LANYARD".to_vec() };
    let new = NewApplication { iso: Some(iso.clone()), ..application(1) };
    let free = AccessRights { read: Access::Free, write: Access::Free, ..rights(0) };
    host.all([ev2(0, ZERO), Op::CreateApplication(new)]).unwrap();
    match host.run(Op::GetDfNames).unwrap() {
        Reply::IsoApplications(found) => {
            assert_eq!((found.len(), &found[0].df_name, found[0].fid), (1, &iso.df_name, iso.fid));
        }
        other => panic!("{other:?}"),
    }
    host.all([select(AID), ev2(0, ZERO), standard(1, Some(0xE104), free)]).unwrap();
    assert_eq!(host.run(Op::GetIsoFileIds).unwrap(), Reply::IsoFiles(vec![0xE104]));
    let data: Vec<u8> = (0..90).collect();
    let ops = [
        Op::IsoSelect(IsoTarget::DfName(b"LANYARD".to_vec())),
        Op::IsoSelect(IsoTarget::File(0xE104)),
        Op::IsoUpdateBinary { offset: 5, data: data.clone() },
        Op::IsoReadBinary { offset: 5, length: 90 },
    ];
    assert_eq!(host.all(ops).unwrap(), Reply::Data(data.clone()));
    let ops = [Op::IsoSelect(IsoTarget::Master), Op::IsoSelect(IsoTarget::Application(0xE110))];
    host.all(ops).unwrap();
    assert!(host.run(Op::IsoSelect(IsoTarget::File(0xE105))).is_err());
    assert_eq!(card.file([1, 0, 0xF5], 1).unwrap()[5..95], data);
}

#[test]
fn messaging_is_switched_off_and_a_real_signature_is_its_makers() {
    let signature: [u8; 56] = hex::decode(concat!(
        "9C7068636A285FEBA1E2406654009DCE6E8A9C9CE318BE0262ED1625",
        "19B970B32FB802858420D667D12CEBCD32BB4BC8AFE21C753A5A6C26"
    ))
    .unwrap()
    .try_into()
    .unwrap();
    let mut card = blank().with_signature(signature);
    let mut host = OurHost::at(&mut card);
    assert_eq!(host.run(Op::ReadSignature).unwrap(), Reply::Signature(signature));
    assert!(originality(&UID, &signature).is_some());
    let off = Configuration::SecureMessaging { disable_d40: true, disable_ev1: true };
    host.all([aes(0, ZERO), ev2(0, ZERO), Op::SetConfiguration(off)]).unwrap();
    assert!(host.run(aes(0, ZERO)).is_err());
    host.run(ev2(0, ZERO)).unwrap();
}

#[test]
fn further_sets_of_rights_let_another_key_in() {
    let mut card = blank();
    let mut host = OurHost::at(&mut card);
    host.all([ev2(0, ZERO), Op::CreateApplication(application(3)), select(AID), ev2(0, ZERO)]).unwrap();
    let (file, kind, mode) = (file_no(1), FileKind::Standard, CommMode::Full);
    let new = NewFile { file, kind, iso_fid: None, mode, rights: rights(0), further_rights: true, size: 16 };
    let never = AccessRights { read: Access::Never, write: Access::Never, ..rights(0) };
    let second = AccessRights { read: Access::Key(number(2)), read_write: Access::Never, ..never };
    let change = |further| Op::ChangeFileSettings { file, mode, rights: rights(0), further, free: false };
    host.all([Op::CreateFile(new), change(vec![second])]).unwrap();
    match host.run(Op::GetFileSettings(file)).unwrap() {
        Reply::File(settings) => assert_eq!(settings.further, [second]),
        other => panic!("{other:?}"),
    }
    assert_eq!(host.all([ev2(2, ZERO), read(1, 16, mode)]).unwrap(), Reply::Data(vec![0; 16]));
    assert!(host.run(write(1, b"x", mode)).is_err());
}

#[test]
fn keys_that_our_host_changed_in_every_session_libfreefare_proves() {
    let des = |n: u8| DesKey::Single(secret([0x10 + n * 2; 8]));
    let double =
        |n: u8| DesKey::Double(secret(std::array::from_fn(|i| (i as u8).wrapping_mul(16).wrapping_add(n * 4) & 0xFE)));
    let triple =
        |n: u8| DesKey::Triple(secret(std::array::from_fn(|i| (i as u8).wrapping_mul(8).wrapping_add(n * 4) & 0xFE)));
    let text = |key: &DesKey| match key {
        DesKey::Single(key) => ("des", hex::encode(key.expose())),
        DesKey::Double(key) => ("3des", hex::encode(key.expose())),
        DesKey::Triple(key) => ("3k3des", hex::encode(key.expose())),
    };
    type Make<'a> = &'a dyn Fn(u8) -> DesKey;
    type Prove = fn(u8, DesKey) -> Op;
    let zero: Make<'_> = &|_| DesKey::factory();
    let three: Make<'_> = &|_| DesKey::Triple(secret([0; 24]));
    let ways: [(&str, &str, Prove, Make<'_>, Make<'_>); 5] = [
        ("des", "auth", d40, &des, zero),
        ("des", "auth-iso", iso, &des, zero),
        ("des", "auth", d40, &double, zero),
        ("des", "auth-iso", iso, &double, zero),
        ("3k3des", "auth-iso", iso, &triple, three),
    ];
    for (kind, auth, prove, make, factory) in ways {
        let card = Arc::new(Mutex::new(DesfireCard::new(UID, 4)));
        let reader = Pn532::start(card.clone()).unwrap();
        freefare(&reader, &[format!("create-app 0xF50001 0x0F 2 {kind}")]).unwrap();
        drop(reader);
        let mut field = card.clone();
        let mut host = OurHost::at(&mut field);
        let change = |no: u8, new: DesKey, old: Option<DesKey>| Op::ChangeKey {
            key_no: number(no),
            new: NewKey::Des(new),
            old: old.map(OldKey::Des),
        };
        let ops = [
            select(AID),
            prove(0, factory(0)),
            change(1, make(1), Some(factory(0))),
            change(1, make(2), Some(make(1))),
            change(0, make(3), None),
            prove(0, make(3)),
            change(1, make(4), Some(make(2))),
        ];
        host.all(ops).unwrap_or_else(|error| panic!("{kind} {auth}: {error}"));
        let reader = Pn532::start(card).unwrap();
        let proof = |no: u8, key: &DesKey| {
            let (kind, key) = text(key);
            format!("{auth} {kind} {no} {key}")
        };
        let script = ["select 0xF50001".to_owned(), proof(0, &make(3)), proof(1, &make(4))];
        freefare(&reader, &script).unwrap_or_else(|error| panic!("{kind} {auth}: {error}"));
    }
}
