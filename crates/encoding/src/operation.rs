//! A step as the operation that carries it out. The keys in it are asked for here, and wiped with it.

use lanyard_desfire::{
    CommMode, Configuration, FileKind, IsoName, KeyNo, KeyType, KeyVersion, NewApplication, NewFile, NewRecordFile,
    NewTransactionMacFile, NewValueFile, OldKey, Op,
};

use crate::EncodingError;
use crate::keys::{HeldKey, KeySource};
use crate::plan::Plan;
use crate::step::{Step, Stored};

pub(crate) fn operation(plan: &Plan, step: &Step, keys: &dyn KeySource) -> Result<Op, EncodingError> {
    Ok(match step {
        Step::Format => Op::FormatPicc,
        Step::MasterKey => Op::ChangeKey { key_no: KeyNo::MASTER, new: plan.master.after.as_new(keys)?, old: None },
        Step::DefaultKey { key, .. } => Op::SetConfiguration(Configuration::DefaultKey(key.as_new(keys)?)),
        Step::RandomUid => Op::SetConfiguration(Configuration::Picc { disable_format: false, random_uid: true }),
        Step::CardSettings { settings } => Op::ChangeKeySettings(*settings),
        Step::FormatOff => Op::SetConfiguration(Configuration::Picc { disable_format: true, random_uid: false }),
        Step::OnlyEv2 => Op::SetConfiguration(Configuration::SecureMessaging { disable_d40: true, disable_ev1: true }),
        Step::Remove { aid } => Op::DeleteApplication(*aid),
        Step::Application { aid, settings, keys, cipher, iso } => Op::CreateApplication(NewApplication {
            aid: *aid,
            settings: *settings,
            keys: *keys,
            key_type: if cipher.is_aes() { KeyType::Aes } else { KeyType::Des },
            iso: iso.as_ref().map(|iso| IsoName { fid: iso.file_id, df_name: iso.name.clone() }),
            key_sets: None,
        }),
        Step::Key { number, by, old, new, .. } => Op::ChangeKey {
            key_no: *number,
            new: new.as_new(keys)?,
            old: match number == by {
                true => None,
                false if old.is_des() => Some(OldKey::Des(old.des(keys)?)),
                false => Some(OldKey::Aes(old.aes(keys)?)),
            },
        },
        Step::File { file, iso_file_id, size, backup, mode, rights, .. } => Op::CreateFile(NewFile {
            file: *file,
            kind: if *backup { FileKind::Backup } else { FileKind::Standard },
            iso_fid: *iso_file_id,
            mode: *mode,
            rights: *rights,
            further_rights: false,
            size: *size,
        }),
        Step::Write { file, mode, data, .. } => {
            Op::WriteData { file: *file, offset: 0, data: data.0.clone(), mode: *mode }
        }
        Step::ValueFile { file, value, mode, rights, .. } => Op::CreateValueFile(NewValueFile {
            file: *file,
            mode: *mode,
            rights: *rights,
            further_rights: false,
            lower: value.lower,
            upper: value.upper,
            value: value.start,
            limited_credit: value.limited_credit,
            free_get_value: value.free,
        }),
        Step::RecordFile { file, iso_file_id, cyclic, size, count, mode, rights, .. } => {
            Op::CreateRecordFile(NewRecordFile {
                file: *file,
                cyclic: *cyclic,
                iso_fid: *iso_file_id,
                mode: *mode,
                rights: *rights,
                further_rights: false,
                record_size: *size,
                capacity: *count,
            })
        }
        Step::TransactionMac { file, mode, rights, key, .. } => Op::CreateTransactionMacFile(NewTransactionMacFile {
            file: *file,
            mode: *mode,
            rights: *rights,
            key: key.aes(keys)?,
            version: KeyVersion(if let HeldKey::Aes(key) = key { key.version } else { 0 }),
        }),
        Step::RemoveFile { file, .. } => Op::DeleteFile(*file),
        Step::Record { file, mode, data, .. } => {
            Op::WriteRecord { file: *file, offset: 0, data: data.0.clone(), mode: *mode }
        }
        Step::ReadBack { file, mode, size, stored, .. } => match stored {
            Stored::Data => Op::ReadData { file: *file, offset: 0, length: *size, mode: *mode },
            Stored::Value => Op::GetValue { file: *file, mode: *mode },
            Stored::Record => Op::ReadRecords { file: *file, newest: 0, count: 1, record_size: *size, mode: *mode },
        },
    })
}

/// Of a step that adds a record: whether one is there already.
pub(crate) fn newest_record(step: &Step) -> Result<Op, EncodingError> {
    let Step::Record { file, mode, data, seen_by, .. } = step else { return Err(EncodingError::OutOfTurn) };
    let record_size = u32::try_from(data.0.len()).map_err(|_| EncodingError::JournalForeign)?;
    // What anyone may read travels in the clear.
    let mode = if seen_by.is_some() { *mode } else { CommMode::Plain };
    Ok(Op::ReadRecords { file: *file, newest: 0, count: 1, record_size, mode })
}
