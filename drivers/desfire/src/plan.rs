//! From an operation to the command behind it: instruction, header, data, what protects it, how the answer is read.

use lanyard_secret::Secret;
use zeroize::Zeroizing;

use crate::call::{Call, Guard};
use crate::ids::three_bytes;
use crate::keys::{NewKey, key_data};
use crate::op::{Configuration, FileKind, Op, Reply};
use crate::session::Session;
use crate::{Aid, ApplicationKeys, CardVersion, CommMode, DesfireError, FileNo, FileSettings, KeyNo, KeyVersion, Link};

/// What the answer of a command is read as.
#[derive(Clone, Copy)]
pub(crate) enum Want {
    Nothing,
    Version,
    Uid,
    Applications,
    Memory,
    KeyVersion,
    Keys,
    Files,
    File,
    Data(usize),
}

/// What becomes of the session when the card has said yes.
#[derive(Clone, Copy)]
pub(crate) enum After {
    Keep,
    Selected(Aid),
    Ends,
}

/// A command with what follows from it.
pub(crate) struct Plan {
    pub(crate) call: Call,
    pub(crate) want: Want,
    pub(crate) after: After,
}

/// What the plan of a command depends on.
pub(crate) struct Circumstances<'a> {
    pub(crate) link: &'a Link,
    pub(crate) session: &'a Session,
    pub(crate) selected: Aid,
}

impl Plan {
    /// Of every operation but the authentications, which are `None`: they are handshakes.
    pub(crate) fn of(op: Op, now: &Circumstances<'_>) -> Result<Option<Self>, DesfireError> {
        let name = op.name();
        let simple = |ins: u8, header: Vec<u8>, want: Want| Self {
            call: Call { op: name, ins, header, data: Zeroizing::default(), guard: Guard::Managed },
            want,
            after: After::Keep,
        };
        let secret = |ins: u8, header: Vec<u8>, data: Zeroizing<Vec<u8>>, marked: bool| Self {
            call: Call { op: name, ins, header, data, guard: Guard::Parameters { marked } },
            want: Want::Nothing,
            after: After::Keep,
        };
        let plan = match op {
            Op::AuthenticateD40 { .. }
            | Op::AuthenticateIso { .. }
            | Op::AuthenticateAes { .. }
            | Op::AuthenticateEv2First { .. }
            | Op::AuthenticateEv2NonFirst { .. } => return Ok(None),
            Op::GetVersion => simple(0x60, vec![], Want::Version),
            Op::GetCardUid => {
                let mut plan = simple(0x51, vec![], Want::Uid);
                plan.call.guard = Guard::Read { mode: CommMode::Full, length: 7 };
                plan
            }
            Op::SelectApplication(aid) => {
                let mut plan = simple(0x5A, aid.0.to_vec(), Want::Nothing);
                plan.call.guard = Guard::Bare;
                plan.after = After::Selected(aid);
                plan
            }
            Op::GetApplicationIds => simple(0x6A, vec![], Want::Applications),
            Op::FreeMemory => simple(0x6E, vec![], Want::Memory),
            Op::GetKeyVersion(key) => simple(0x64, vec![key.get()], Want::KeyVersion),
            Op::GetKeySettings => simple(0x45, vec![], Want::Keys),
            Op::CreateApplication(new) => simple(0xCA, new.wire()?, Want::Nothing),
            Op::DeleteApplication(aid) => {
                if now.selected != Aid::PICC {
                    // Deleting the selected one from within ends the session in a way of its own on each generation.
                    return Err(DesfireError::Invalid { what: "deleting an application while one is selected" });
                }
                simple(0xDA, aid.0.to_vec(), Want::Nothing)
            }
            Op::CreateFile(new) => {
                let ins = match new.kind {
                    FileKind::Standard => 0xCD,
                    FileKind::Backup => 0xCB,
                };
                simple(ins, new.wire()?, Want::Nothing)
            }
            Op::DeleteFile(file) => simple(0xDF, vec![file.get()], Want::Nothing),
            Op::GetFileIds => simple(0x6F, vec![], Want::Files),
            Op::GetFileSettings(file) => simple(0xF5, vec![file.get()], Want::File),
            Op::ChangeFileSettings { file, mode, rights } => {
                let [a, b] = rights.wire();
                secret(0x5F, vec![file.get()], Zeroizing::new(vec![mode.wire(), a, b]), false)
            }
            Op::ReadData { file, offset, length, mode } => read(name, now, file, offset, length, mode)?,
            Op::WriteData { file, offset, data, mode } => write(name, now, file, offset, Zeroizing::new(data), mode)?,
            Op::CommitTransaction => simple(0xC7, vec![], Want::Nothing),
            Op::AbortTransaction => simple(0xA7, vec![], Want::Nothing),
            Op::ChangeKey { key_no, new, old } => change_key(name, now, key_no, &new, old.as_ref())?,
            Op::ChangeKeySettings(settings) => secret(0x54, vec![], Zeroizing::new(vec![settings.wire()]), false),
            Op::SetConfiguration(Configuration::Picc { disable_format, random_uid }) => {
                let byte = u8::from(disable_format) | u8::from(random_uid) << 1;
                secret(0x5C, vec![0], Zeroizing::new(vec![byte]), false)
            }
            Op::SetConfiguration(Configuration::DefaultKey { key, version }) => {
                let mut data = Zeroizing::new(vec![0; 25]);
                data[..16].copy_from_slice(key.expose());
                data[24] = version.0;
                secret(0x5C, vec![1], data, false)
            }
            Op::SetConfiguration(Configuration::Ats(ats)) => {
                if ats.len() > 20 || ats.first().is_none_or(|len| usize::from(*len) != ats.len()) {
                    return Err(DesfireError::Invalid { what: "answer to select" });
                }
                secret(0x5C, vec![2], Zeroizing::new(ats), true)
            }
            Op::FormatPicc => simple(0xFC, vec![], Want::Nothing),
        };
        Ok(Some(plan))
    }
}

/// File number, offset, length.
fn place(file: FileNo, offset: u32, length: u32) -> Result<Vec<u8>, DesfireError> {
    if length == 0 {
        return Err(DesfireError::Invalid { what: "length" });
    }
    let mut header = vec![file.get()];
    header.extend_from_slice(&three_bytes(offset, "offset")?);
    header.extend_from_slice(&three_bytes(length, "length")?);
    Ok(header)
}

/// Whether the long form of a command saves an exchange: it does not fit into one frame, but into one short APDU.
fn long(now: &Circumstances<'_>, header: usize, data: usize, mode: CommMode) -> bool {
    let sealed = match (now.session, mode) {
        (Session::Ev2(_), CommMode::Full) => (data + 1).next_multiple_of(16) + 8,
        (Session::Ev2(_), CommMode::Mac) => data + 8,
        (Session::Ev2(_) | Session::None, CommMode::Plain) => data,
        // Not described for the older kinds of secure messaging.
        _ => return false,
    };
    now.link.long_commands && header + sealed > now.link.payload() && header + sealed <= 255
}

fn read(
    op: &'static str,
    now: &Circumstances<'_>,
    file: FileNo,
    offset: u32,
    length: u32,
    mode: CommMode,
) -> Result<Plan, DesfireError> {
    let header = place(file, offset, length)?;
    let length = length as usize;
    let ins = if long(now, 0, length, mode) { 0xAD } else { 0xBD };
    let guard = Guard::Read { mode, length };
    let call = Call { op, ins, header, data: Zeroizing::default(), guard };
    Ok(Plan { call, want: Want::Data(length), after: After::Keep })
}

fn write(
    op: &'static str,
    now: &Circumstances<'_>,
    file: FileNo,
    offset: u32,
    data: Zeroizing<Vec<u8>>,
    mode: CommMode,
) -> Result<Plan, DesfireError> {
    let length = u32::try_from(data.len()).map_err(|_| DesfireError::Invalid { what: "length" })?;
    let header = place(file, offset, length)?;
    let ins = if long(now, header.len(), data.len(), mode) { 0x8D } else { 0x3D };
    let call = Call { op, ins, header, data, guard: Guard::Write { mode } };
    Ok(Plan { call, want: Want::Nothing, after: After::Keep })
}

fn change_key(
    op: &'static str,
    now: &Circumstances<'_>,
    key_no: KeyNo,
    new: &NewKey,
    old: Option<&Secret<16>>,
) -> Result<Plan, DesfireError> {
    let rules = now.session.key_rules().ok_or(DesfireError::SessionMissing { op })?;
    let on_card_level = now.selected == Aid::PICC;
    if on_card_level && key_no != KeyNo::MASTER {
        return Err(DesfireError::Invalid { what: "key number on the card level" });
    }
    let own = now.session.key_no() == Some(key_no);
    let old = match (own, old) {
        (true, _) => None,
        (false, Some(old)) => Some(old),
        (false, None) => return Err(DesfireError::Invalid { what: "another key's change without its old value" }),
    };
    let byte = key_no.get() | if on_card_level { new.key_type().bits() } else { 0 };
    let data = key_data(rules, byte, new, old)?;
    let call = Call { op, ins: 0xC4, header: vec![byte], data, guard: Guard::Key { own } };
    Ok(Plan { call, want: Want::Nothing, after: if own { After::Ends } else { After::Keep } })
}

impl Want {
    /// No answer of this kind is longer, secure messaging included.
    pub(crate) fn limit(self) -> usize {
        match self {
            Self::Data(length) => length + 64,
            Self::Nothing | Self::Memory | Self::KeyVersion => 32,
            Self::Version | Self::Uid | Self::Keys | Self::Files | Self::File => 128,
            // Three bytes each; no card holds a thousand.
            Self::Applications => 4096,
        }
    }

    /// Reads the answer. `None` where its length or content cannot be.
    pub(crate) fn read(self, data: &[u8]) -> Option<Reply> {
        Some(match self {
            Self::Nothing => data.is_empty().then_some(Reply::Done)?,
            Self::Version => Reply::Version(CardVersion::parse(data)?),
            Self::Uid => Reply::Uid(data.try_into().ok()?),
            Self::Applications => {
                let (aids, rest) = data.as_chunks::<3>();
                rest.is_empty().then(|| Reply::Applications(aids.iter().copied().map(Aid).collect()))?
            }
            Self::Memory => match data {
                [a, b, c] => Reply::Memory(u32::from_le_bytes([*a, *b, *c, 0])),
                _ => return None,
            },
            Self::KeyVersion => match data {
                [version] => Reply::KeyVersion(KeyVersion(*version)),
                _ => return None,
            },
            Self::Keys => Reply::Keys(ApplicationKeys::parse(data)?),
            Self::Files => Reply::Files(data.iter().map(|no| FileNo::new(*no)).collect::<Option<_>>()?),
            Self::File => Reply::File(FileSettings::parse(data)?),
            Self::Data(length) => (data.len() == length).then(|| Reply::Data(data.to_vec()))?,
        })
    }
}
