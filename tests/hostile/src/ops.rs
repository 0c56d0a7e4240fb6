//! The host's operations, as an input chooses them: mostly such as the card can take, with keys that are known.

use lanyard_desfire::{
    Access, AccessRights, Aid, ChangeKeyRight, CommMode, Configuration, DesKey, FileKind, FileNo, IsoName, IsoTarget,
    KeyNo, KeySets, KeySettings, KeyType, KeyVersion, NewApplication, NewFile, NewKey, NewRecordFile,
    NewTransactionMacFile, NewValueFile, OldKey, Op,
};
use lanyard_secret::Secret;

use crate::fed::Fed;
use crate::known::Known;

/// How many keys there are; beside them the factory's.
pub const KEYS: u8 = 4;

/// An operation that still wants the number of its random bytes.
pub type Step = Box<dyn FnOnce(u8) -> Op>;

const KINDS: [KeyType; 4] = [KeyType::Aes, KeyType::Des, KeyType::ThreeKeyDes, KeyType::Aes];
const MODES: [CommMode; 3] = [CommMode::Plain, CommMode::Mac, CommMode::Full];

/// How many bytes an operation asks for, if it says so.
pub fn asked(op: &Op) -> Option<usize> {
    match op {
        Op::ReadData { length, .. } => Some(*length as usize),
        Op::ReadRecords { count, record_size, .. } => Some((count * record_size) as usize),
        Op::IsoReadBinary { length, .. } => Some(usize::from(*length)),
        _ => None,
    }
}

/// An application with keys of one kind, one file of each kind in it, its master key proved.
pub fn furnish(choice: u8) -> Vec<Step> {
    let Some(kind) = choice.checked_sub(1).map(|place| KINDS[usize::from(place) % 4]) else { return Vec::new() };
    let number = u32::from(choice);
    let mut steps: Vec<Step> = vec![
        Box::new(|nonce| Op::AuthenticateD40 { key_no: KeyNo::MASTER, key: DesKey::factory(), rnd_a: random(nonce) }),
        Box::new(move |_| Op::CreateApplication(application(number, kind))),
        Box::new(move |_| Op::SelectApplication(Aid::from_number(number))),
        proof(kind, 0, KeyNo::MASTER, 0),
    ];
    steps.extend([0, 4, 6, 9, 12].map(|file| -> Step { Box::new(move |_| create(file)) }));
    steps.push(Box::new(|_| Op::WriteData { file: file(0), offset: 0, data: vec![0x11; 60], mode: MODES[0] }));
    steps
}

/// The next, where this is selected.
pub fn chosen(fed: &mut Fed<'_>, selected: Option<Aid>) -> Step {
    let selected = selected.map_or(0, Aid::number);
    let (which, a, b) = (fed.byte(), fed.byte(), fed.byte());
    let file = file(b % 16);
    let mode = MODES[usize::from(if a & 0x80 == 0 { b % 3 } else { a % 3 })];
    let kind = KINDS[selected.wrapping_sub(1) as usize % 4];
    let key_no = KeyNo::new(b & 3).unwrap();
    let wide = u32::from(a & 0x7F) + 1;
    let data = vec![a; usize::from(b) + 1];
    match which % 50 {
        0..5 => {
            let (kind, key_no) =
                if selected == 0 { (KINDS[usize::from(b % 3)], KeyNo::MASTER) } else { (kind, key_no) };
            proof(kind, which, key_no, a % (KEYS + 1))
        }
        5 => Box::new(move |_| Op::SelectApplication(Aid::from_number(u32::from(a % 5)))),
        6 => Box::new(move |_| Op::CreateApplication(odd_application(a, b))),
        7 => Box::new(move |_| Op::DeleteApplication(Aid::from_number(u32::from(a % 5)))),
        8..11 => change_key(kind, a, b),
        11 => Box::new(move |_| create(b)),
        12 => Box::new(move |_| Op::DeleteFile(file)),
        13..16 => Box::new(move |_| Op::ReadData { file, offset: u32::from(a & 1), length: wide, mode }),
        16..18 => Box::new(move |_| Op::WriteData { file, offset: u32::from(a), data, mode }),
        18 => Box::new(move |_| Op::Credit { file, amount: wide, mode }),
        19 => Box::new(move |_| Op::Debit { file, amount: wide, mode }),
        20 => Box::new(move |_| Op::LimitedCredit { file, amount: wide, mode }),
        21 => Box::new(move |_| Op::GetValue { file, mode }),
        22 | 23 => Box::new(move |_| Op::WriteRecord { file, offset: u32::from(a & 1), data, mode }),
        24 => Box::new(move |_| Op::UpdateRecord { file, record: u32::from(a % 3), offset: 0, data, mode }),
        25 => {
            Box::new(move |_| Op::ReadRecords { file, newest: 0, count: u32::from(a % 3) + 1, record_size: 40, mode })
        }
        26 => Box::new(move |_| Op::ClearRecords(file)),
        27 => Box::new(|_| Op::CommitTransaction),
        28 => Box::new(|_| Op::AbortTransaction),
        29 => Box::new(|_| Op::CommitTransactionMac),
        30 => Box::new(move |_| Op::CommitReaderId([a; 16])),
        31 => Box::new(|_| Op::GetVersion),
        32 => Box::new(|_| Op::GetCardUid),
        33 => Box::new(|_| Op::ReadSignature),
        34 => Box::new(|_| Op::FreeMemory),
        35 => Box::new(move |_| Op::SetConfiguration(configuration(a, b))),
        36 => Box::new(|_| Op::FormatPicc),
        37 => Box::new(|_| Op::GetApplicationIds),
        38 => Box::new(|_| Op::GetDfNames),
        39 => Box::new(move |_| Op::GetDelegatedInfo { slot: u16::from(a) }),
        40 => Box::new(|_| Op::GetKeySettings),
        41 => Box::new(move |_| Op::ChangeKeySettings(KeySettings::from_wire(a | 0x0B))),
        42 => Box::new(move |_| Op::GetKeyVersion(key_no)),
        43 => Box::new(|_| Op::GetFileIds),
        44 => Box::new(|_| Op::GetIsoFileIds),
        45 => Box::new(move |_| Op::GetFileSettings(file)),
        46 => Box::new(move |_| Op::ChangeFileSettings {
            file,
            mode,
            rights: rights(a),
            further: Vec::new(),
            free: b > 250,
        }),
        47 => key_sets(a, b),
        48 => Box::new(move |_| Op::IsoSelect(iso_target(a, b))),
        _ => Box::new(move |_| match a & 1 {
            0 => Op::IsoReadBinary { offset: u16::from(a >> 1), length: u16::from(b) + 1 },
            _ => Op::IsoUpdateBinary { offset: u16::from(a >> 1), data },
        }),
    }
}

fn random(nonce: u8) -> Secret<16> {
    Secret::filled(|out| out.iter_mut().zip(0_u8..).for_each(|(byte, at)| *byte = nonce ^ at.wrapping_mul(29)))
}

fn file(number: u8) -> FileNo {
    FileNo::new(number % 16).unwrap()
}

/// Seed 0 is the factory's.
fn des(kind: KeyType, seed: u8) -> DesKey {
    let bytes = if seed == 0 { [0; 24] } else { Known::made::<24>(seed - 1) };
    match kind {
        KeyType::ThreeKeyDes => DesKey::Triple(Secret::from_slice(&bytes).unwrap()),
        _ => DesKey::Double(Secret::from_slice(&bytes[..16]).unwrap()),
    }
}

fn aes(seed: u8) -> Secret<16> {
    if seed == 0 { Secret::zero() } else { Secret::from_slice(&Known::made::<24>(seed - 1)[..16]).unwrap() }
}

fn proof(kind: KeyType, how: u8, key_no: KeyNo, seed: u8) -> Step {
    Box::new(move |nonce| {
        let rnd_a = random(nonce);
        match (kind, how % 3) {
            (KeyType::Aes, 0) => Op::AuthenticateAes { key_no, key: aes(seed), rnd_a },
            (KeyType::Aes, 1) => Op::AuthenticateEv2First { key_no, key: aes(seed), rnd_a },
            (KeyType::Aes, _) => Op::AuthenticateEv2NonFirst { key_no, key: aes(seed), rnd_a },
            (KeyType::Des, 0) => Op::AuthenticateD40 { key_no, key: des(kind, seed), rnd_a },
            _ => Op::AuthenticateIso { key_no, key: des(kind, seed), rnd_a },
        }
    })
}

fn change_key(kind: KeyType, a: u8, b: u8) -> Step {
    Box::new(move |_| {
        let (seed, version) = (a % (KEYS + 1), KeyVersion(a));
        let new = match kind {
            KeyType::Aes => NewKey::Aes { key: aes(seed), version },
            _ => NewKey::Des(des(kind, seed).with_version(version)),
        };
        let before = b >> 4 & 7;
        let old = (before <= KEYS).then(|| match kind {
            KeyType::Aes => OldKey::Aes(aes(before)),
            _ => OldKey::Des(des(kind, before)),
        });
        Op::ChangeKey { key_no: KeyNo::new(b & 3).unwrap(), new, old }
    })
}

fn rights(choice: u8) -> AccessRights {
    let key = |number| Access::Key(KeyNo::new(number).unwrap());
    let read = match choice & 3 {
        0 => Access::Free,
        1 => Access::Never,
        _ => key(0),
    };
    AccessRights { read, write: key(choice >> 2 & 1), read_write: key(0), change: key(0) }
}

fn application(number: u32, key_type: KeyType) -> NewApplication {
    let settings = KeySettings { change_key: ChangeKeyRight::Key(KeyNo::MASTER), ..KeySettings::from_wire(0x0F) };
    NewApplication { aid: Aid::from_number(number), settings, keys: 4, key_type, iso: None, key_sets: None }
}

fn odd_application(a: u8, b: u8) -> NewApplication {
    let sets = KeySets { version: KeyVersion(a), count: a % 18, three_key_des: a & 1 == 1, roll_key: KeyNo::MASTER };
    NewApplication {
        settings: KeySettings::from_wire(b),
        keys: a % 16,
        iso: (b & 0x80 != 0).then(|| IsoName { fid: u16::from(a), df_name: vec![a; usize::from(b % 18)] }),
        key_sets: (b & 0x40 != 0).then_some(sets),
        ..application(u32::from(b % 5), KINDS[usize::from(b % 4)])
    }
}

/// Files 0 to 2 are data, 3 to 5 backup, 6 to 8 values, 9 to 11 linear and 12 to 14 cyclic records; 15 a transaction MAC.
fn create(choice: u8) -> Op {
    let number = choice % 16;
    let (file, mode, rights) = (file(number), MODES[usize::from(number % 3)], rights(choice >> 4));
    let (further_rights, iso_fid) = (choice > 250, (choice & 0x40 != 0).then_some(u16::from(choice)));
    match number {
        0..6 => Op::CreateFile(NewFile {
            file,
            kind: if number < 3 { FileKind::Standard } else { FileKind::Backup },
            iso_fid,
            mode,
            rights,
            further_rights,
            size: 60 + u32::from(choice >> 4) * 40,
        }),
        6..9 => Op::CreateValueFile(NewValueFile {
            file,
            mode,
            rights,
            further_rights,
            lower: -i32::from(choice),
            upper: if choice & 0x20 == 0 { 300 } else { i32::MAX },
            value: i32::from(choice),
            limited_credit: true,
            free_get_value: choice & 0x10 != 0,
        }),
        9..15 => Op::CreateRecordFile(NewRecordFile {
            file,
            cyclic: number >= 12,
            iso_fid,
            mode,
            rights,
            further_rights,
            record_size: 40,
            capacity: 2 + u32::from(choice >> 6),
        }),
        _ => Op::CreateTransactionMacFile(NewTransactionMacFile {
            file,
            mode: MODES[0],
            rights,
            key: aes(1),
            version: KeyVersion(choice),
        }),
    }
}

fn configuration(a: u8, b: u8) -> Configuration {
    let on = |bit: u8| b & bit != 0;
    match a % 4 {
        0 => Configuration::Picc { disable_format: on(1), random_uid: on(2) },
        1 => Configuration::DefaultKey(NewKey::Aes { key: aes(b % (KEYS + 1)), version: KeyVersion(a) }),
        2 => Configuration::Ats(vec![6, 0x75, 0x77, 0x81, 2, b]),
        _ => Configuration::SecureMessaging { disable_d40: on(1), disable_ev1: on(2) },
    }
}

fn key_sets(a: u8, b: u8) -> Step {
    let (set, key_no) = (b % 17, KeyNo::new(b & 3).unwrap());
    Box::new(move |_| match a % 6 {
        0 => Op::InitializeKeySet { set, key_type: KINDS[usize::from(a % 3)] },
        1 => Op::FinalizeKeySet { set, version: KeyVersion(a) },
        2 => Op::RollKeySet { set },
        3 => Op::GetKeySetVersions,
        4 => Op::GetKeyVersionOf { set, key_no },
        _ => Op::ChangeKeyOf {
            set,
            key_no,
            new: NewKey::Aes { key: aes(a % (KEYS + 1)), version: KeyVersion(a) },
            old: Some(OldKey::Aes(aes(0))),
        },
    })
}

fn iso_target(a: u8, b: u8) -> IsoTarget {
    match a % 4 {
        0 => IsoTarget::Master,
        1 => IsoTarget::DfName(vec![a; usize::from(b % 18)]),
        2 => IsoTarget::Application(u16::from(b)),
        _ => IsoTarget::File(u16::from(b)),
    }
}
