//! From an operation to the command behind it: instruction, header, data, what protects it, how the answer is read.

mod data;
mod keys;
mod want;

pub(crate) use want::{Answer, Want};

use zeroize::Zeroizing;

use crate::call::{Call, Guard};
use crate::op::Op;
use crate::session::Session;
use crate::{Aid, CommMode, DesfireError, Link};

/// What becomes of the session when the card has said yes.
#[derive(Clone, Copy)]
pub(crate) enum After {
    Keep,
    /// Another application; `None`: one that is known by its ISO name only.
    Selected(Option<Aid>),
    Ends,
}

/// A command with what follows from it.
pub(crate) struct Plan {
    pub(crate) call: Call,
    pub(crate) want: Want,
    pub(crate) after: After,
    /// In one APDU, longer than a frame.
    pub(crate) long: bool,
}

/// What the plan of a command depends on.
pub(crate) struct Circumstances<'a> {
    pub(crate) link: &'a Link,
    pub(crate) session: &'a Session,
    pub(crate) selected: Option<Aid>,
}

impl Plan {
    fn new(op: &'static str, ins: u8, header: Vec<u8>, guard: Guard, want: Want) -> Self {
        let call = Call { op, ins, header, data: Zeroizing::default(), guard, parted: false };
        Self { call, want, after: After::Keep, long: false }
    }

    fn with_data(mut self, data: Zeroizing<Vec<u8>>) -> Self {
        self.call.data = data;
        self
    }

    /// Of every native operation. `None` of those that are more than one: authentications, and what is ISO 7816's own.
    pub(crate) fn of(op: Op, now: &Circumstances<'_>) -> Result<Option<Self>, DesfireError> {
        let name = op.name();
        let managed = |ins: u8, header: Vec<u8>, want: Want| Self::new(name, ins, header, Guard::Managed, want);
        let secret = |ins: u8, header: Vec<u8>, data: Zeroizing<Vec<u8>>, marked: bool| {
            Self::new(name, ins, header, Guard::Parameters { marked }, Want::Nothing).with_data(data)
        };
        let plan = match op {
            Op::AuthenticateD40 { .. }
            | Op::AuthenticateIso { .. }
            | Op::AuthenticateAes { .. }
            | Op::AuthenticateEv2First { .. }
            | Op::AuthenticateEv2NonFirst { .. }
            | Op::IsoSelect(_)
            | Op::IsoReadBinary { .. }
            | Op::IsoUpdateBinary { .. } => return Ok(None),

            Op::GetVersion => managed(0x60, vec![], Want::Version),
            Op::GetCardUid => {
                let guard = Guard::Read { mode: CommMode::Full, length: 7 };
                Self::new(name, 0x51, vec![], guard, Want::Uid)
            }
            Op::ReadSignature => {
                if !matches!(now.session, Session::None) {
                    // The answer's status is 90, not 00: no public source says which of them a MAC would cover.
                    return Err(DesfireError::Invalid { what: "reading the signature within a session" });
                }
                Self::new(name, 0x3C, vec![0], Guard::Bare, Want::Signature)
            }
            Op::FreeMemory => managed(0x6E, vec![], Want::Memory),
            Op::SetConfiguration(configuration) => {
                let (option, data, marked) = configuration.wire()?;
                secret(0x5C, vec![option], data, marked)
            }
            Op::FormatPicc => managed(0xFC, vec![], Want::Nothing),

            Op::SelectApplication(aid) => Self {
                after: After::Selected(Some(aid)),
                ..Self::new(name, 0x5A, aid.0.to_vec(), Guard::Bare, Want::Nothing)
            },
            Op::GetApplicationIds => managed(0x6A, vec![], Want::Applications),
            Op::GetDfNames => managed(0x6D, vec![], Want::IsoApplications),
            Op::CreateApplication(new) => managed(0xCA, new.wire()?, Want::Nothing),
            Op::DeleteApplication(aid) => managed(0xDA, on_card_level(now, aid)?, Want::Nothing),
            Op::CreateDelegatedApplication(delegated) => {
                let (first, second) = delegated.wire();
                let mut plan = managed(0xC9, first, Want::Nothing).with_data(Zeroizing::new(second));
                plan.call.parted = true;
                plan
            }
            Op::DeleteDelegatedApplication { aid, mac } => {
                managed(0xDA, [&on_card_level(now, aid)?[..], &mac].concat(), Want::Nothing)
            }
            Op::GetDelegatedInfo { slot } => managed(0x69, slot.to_le_bytes().to_vec(), Want::DelegatedSlot),

            Op::GetKeySettings => managed(0x45, vec![], Want::Keys),
            Op::ChangeKeySettings(settings) => secret(0x54, vec![], Zeroizing::new(vec![settings.wire()]), false),
            Op::GetKeyVersion(key) => managed(0x64, vec![key.get()], Want::KeyVersion),
            Op::GetKeyVersionOf { set, key_no } => {
                // Bit 6 of the key number: a key set follows (liblogicalaccess, desfireev2iso7816commands.cpp).
                managed(0x64, vec![key_no.get() | 0x40, keys::set(set, 0)?], Want::KeyVersion)
            }
            Op::GetKeySetVersions => managed(0x64, vec![0x40, 0x80], Want::KeySetVersions),
            Op::ChangeKey { key_no, new, old } => keys::change(name, now, None, key_no, &new, old.as_ref())?,
            Op::ChangeKeyOf { set, key_no, new, old } => {
                keys::change(name, now, Some(keys::set(set, 0)?), key_no, &new, old.as_ref())?
            }
            Op::InitializeKeySet { set, key_type } => {
                keys::of_set(name, now, 0x56, vec![keys::set(set, 1)?, key_type.number()], false)?
            }
            Op::FinalizeKeySet { set, version } => {
                keys::of_set(name, now, 0x57, vec![keys::set(set, 1)?, version.0], false)?
            }
            Op::RollKeySet { set } => keys::of_set(name, now, 0x55, vec![keys::set(set, 1)?], true)?,

            Op::CreateFile(new) => {
                let (ins, header) = new.wire()?;
                managed(ins, header, Want::Nothing)
            }
            Op::CreateValueFile(new) => managed(0xCC, new.wire()?, Want::Nothing),
            Op::CreateRecordFile(new) => {
                let (ins, header) = new.wire()?;
                managed(ins, header, Want::Nothing)
            }
            Op::CreateTransactionMacFile(new) => {
                if let Session::D40(_) = now.session {
                    return Err(DesfireError::SessionMissing { op: name });
                }
                let (header, data) = new.wire();
                secret(0xCE, header, data, false)
            }
            Op::DeleteFile(file) => managed(0xDF, vec![file.get()], Want::Nothing),
            Op::GetFileIds => managed(0x6F, vec![], Want::Files),
            Op::GetIsoFileIds => managed(0x61, vec![], Want::IsoFiles),
            Op::GetFileSettings(file) => managed(0xF5, vec![file.get()], Want::File),
            Op::ChangeFileSettings { file, mode, rights, further, free } => {
                if further.len() > 7 {
                    return Err(DesfireError::Invalid { what: "further sets of rights" });
                }
                let more = !further.is_empty();
                let mut data = Zeroizing::new(vec![mode.wire() | u8::from(more) << 7]);
                data.extend_from_slice(&rights.wire());
                if more {
                    data.push(further.len() as u8);
                    data.extend(further.iter().flat_map(|rights| rights.wire()));
                }
                let mut plan = secret(0x5F, vec![file.get()], data, false);
                if free {
                    plan.call.guard = Guard::Write { mode: CommMode::Plain };
                }
                plan
            }

            Op::ReadData { file, offset, length, mode } => data::read(name, now, file, offset, length, mode)?,
            Op::WriteData { file, offset, data, mode } => {
                data::write(name, now, [0x3D, 0x8D], data::place(file, &[offset], &data)?, data, mode)?
            }
            Op::GetValue { file, mode } => {
                Self::new(name, 0x6C, vec![file.get()], Guard::Read { mode, length: 4 }, Want::Value)
            }
            Op::Credit { file, amount, mode } => data::value(name, 0x0C, file, amount, mode)?,
            Op::Debit { file, amount, mode } => data::value(name, 0xDC, file, amount, mode)?,
            Op::LimitedCredit { file, amount, mode } => data::value(name, 0x1C, file, amount, mode)?,
            Op::ReadRecords { file, newest, count, record_size, mode } => {
                data::read_records(name, now, file, newest, (count, record_size), mode)?
            }
            Op::WriteRecord { file, offset, data, mode } => {
                data::write(name, now, [0x3B, 0x8B], data::place(file, &[offset], &data)?, data, mode)?
            }
            Op::UpdateRecord { file, record, offset, data, mode } => {
                data::write(name, now, [0xDB, 0xBA], data::place(file, &[record, offset], &data)?, data, mode)?
            }
            Op::ClearRecords(file) => managed(0xEB, vec![file.get()], Want::Nothing),
            Op::CommitTransaction => managed(0xC7, vec![], Want::Nothing),
            Op::CommitTransactionMac => managed(0xC7, vec![1], Want::TransactionMac),
            Op::AbortTransaction => managed(0xA7, vec![], Want::Nothing),
            Op::CommitReaderId(reader) => {
                if !matches!(now.session, Session::None | Session::Ev2(_)) {
                    return Err(DesfireError::SessionMissing { op: name });
                }
                Self::new(name, 0xC8, reader.to_vec(), Guard::ReaderId, Want::ReaderId)
            }
        };
        Ok(Some(plan))
    }
}

/// Deleting the selected application from within ends the session in a way of its own on each generation.
fn on_card_level(now: &Circumstances<'_>, aid: Aid) -> Result<Vec<u8>, DesfireError> {
    if now.selected != Some(Aid::PICC) {
        return Err(DesfireError::Invalid { what: "deleting an application while one is selected" });
    }
    Ok(aid.0.to_vec())
}
