//! A step as the operation that carries it out. The keys in it are asked for here, and wiped with it.

use lanyard_desfire::{Configuration, FileKind, IsoName, KeyNo, KeyType, NewApplication, NewFile, OldKey, Op};

use crate::EncodingError;
use crate::keys::KeySource;
use crate::plan::{Plan, Step};

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
        Step::Application { aid, settings, keys, iso } => Op::CreateApplication(NewApplication {
            aid: *aid,
            settings: *settings,
            keys: *keys,
            key_type: KeyType::Aes,
            iso: iso.as_ref().map(|iso| IsoName { fid: iso.file_id, df_name: iso.name.clone() }),
            key_sets: None,
        }),
        Step::Key { number, by, old, new, .. } => Op::ChangeKey {
            key_no: *number,
            new: new.as_new(keys)?,
            old: if number == by { None } else { Some(OldKey::Aes(old.aes(keys)?)) },
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
        Step::ReadBack { file, mode, size, .. } => Op::ReadData { file: *file, offset: 0, length: *size, mode: *mode },
    })
}
