//! The operations, one for each command of the card, and what each replies.

use lanyard_secret::Secret;
use zeroize::Zeroizing;

use crate::call::{Call, Guard};
use crate::ids::three_bytes;
use crate::keys::{NewKey, Nonce, key_data};
use crate::session::Session;
use crate::{
    AccessRights, Aid, ApplicationKeys, CardVersion, CommMode, DesKey, DesfireError, FileNo, FileSettings, KeyNo,
    KeySettings, KeyType, KeyVersion, Link,
};

/// One operation. Keys go in by value and are wiped with it; `Debug` shows its name alone.
///
/// Authentications and [`Op::ChangeKey`] of the authenticated key, [`Op::SelectApplication`] and every refusal end the
/// session there was.
pub enum Op {
    /// `0A`: DES, D40 secure messaging. What a factory-fresh card takes.
    AuthenticateD40 {
        /// Which key.
        key_no: KeyNo,
        /// The key.
        key: DesKey,
        /// Eight of these are used.
        rnd_a: Nonce,
    },
    /// `1A`: DES, EV1 secure messaging.
    AuthenticateIso {
        /// Which key.
        key_no: KeyNo,
        /// The key.
        key: DesKey,
        /// Eight of these are used.
        rnd_a: Nonce,
    },
    /// `AA`: AES, EV1 secure messaging.
    AuthenticateAes {
        /// Which key.
        key_no: KeyNo,
        /// The key.
        key: Secret<16>,
        /// Fresh random bytes.
        rnd_a: Nonce,
    },
    /// `71`: AES, EV2 secure messaging, a new transaction.
    AuthenticateEv2First {
        /// Which key.
        key_no: KeyNo,
        /// The key.
        key: Secret<16>,
        /// Fresh random bytes.
        rnd_a: Nonce,
    },
    /// `77`: another key within the transaction of an EV2 session.
    AuthenticateEv2NonFirst {
        /// Which key.
        key_no: KeyNo,
        /// The key.
        key: Secret<16>,
        /// Fresh random bytes.
        rnd_a: Nonce,
    },
    /// `60`: three frames. Replies [`Reply::Version`].
    GetVersion,
    /// `51`: the true UID, enciphered. Replies [`Reply::Uid`].
    GetCardUid,
    /// `5A`. Ends the session.
    SelectApplication(Aid),
    /// `6A`. Replies [`Reply::Applications`].
    GetApplicationIds,
    /// `6E`. Replies [`Reply::Memory`].
    FreeMemory,
    /// `64`. Replies [`Reply::KeyVersion`].
    GetKeyVersion(KeyNo),
    /// `45`. Replies [`Reply::Keys`].
    GetKeySettings,
    /// `CA`, on the card level.
    CreateApplication(NewApplication),
    /// `DA`, on the card level.
    DeleteApplication(Aid),
    /// `CD` or `CB`.
    CreateFile(NewFile),
    /// `DF`.
    DeleteFile(FileNo),
    /// `6F`. Replies [`Reply::Files`].
    GetFileIds,
    /// `F5`. Replies [`Reply::File`].
    GetFileSettings(FileNo),
    /// `5F`.
    ChangeFileSettings {
        /// Which file.
        file: FileNo,
        /// How its data travels from now on.
        mode: CommMode,
        /// Who may do what from now on.
        rights: AccessRights,
    },
    /// `BD`, or `AD` where [`Link::long_commands`] saves an exchange. Replies [`Reply::Data`] of just this length.
    ReadData {
        /// Which file.
        file: FileNo,
        /// From which byte.
        offset: u32,
        /// How many bytes, at least one.
        length: u32,
        /// As the file says; plain where the right is free.
        mode: CommMode,
    },
    /// `3D`, or `8D` where [`Link::long_commands`] saves an exchange.
    WriteData {
        /// Which file.
        file: FileNo,
        /// From which byte.
        offset: u32,
        /// What, at least one byte.
        data: Vec<u8>,
        /// As the file says; plain where the right is free.
        mode: CommMode,
    },
    /// `C7`.
    CommitTransaction,
    /// `A7`.
    AbortTransaction,
    /// `C4`. On the card level the new key's type becomes the type of the card's master key.
    ChangeKey {
        /// Which key.
        key_no: KeyNo,
        /// The new key.
        new: NewKey,
        /// What the card holds now; needed unless `key_no` is the authenticated key. A single DES key stands twice.
        old: Option<Secret<16>>,
    },
    /// `54`.
    ChangeKeySettings(KeySettings),
    /// `5C`.
    SetConfiguration(Configuration),
    /// `FC`: every application and file gone. The master key stays.
    FormatPicc,
}

/// A new application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewApplication {
    /// Its number.
    pub aid: Aid,
    /// KeySett1.
    pub settings: KeySettings,
    /// How many keys, 1 to 14. All are the card's default key at first.
    pub keys: u8,
    /// For which cipher.
    pub key_type: KeyType,
    /// Its name for ISO 7816 SELECT; its files can then have ISO identifiers.
    pub iso: Option<IsoName>,
}

/// ISO 7816 name of an application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IsoName {
    /// File identifier.
    pub fid: u16,
    /// DF name, at most 16 bytes; may be empty.
    pub df_name: Vec<u8>,
}

/// A data file, written at once or with a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// `CD`.
    Standard,
    /// `CB`: takes twice the memory.
    Backup,
}

/// A new data file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewFile {
    /// Its number.
    pub file: FileNo,
    /// Standard or backup.
    pub kind: FileKind,
    /// ISO file identifier, where the application has one.
    pub iso_fid: Option<u16>,
    /// How its data travels.
    pub mode: CommMode,
    /// Who may do what.
    pub rights: AccessRights,
    /// In bytes, 1 to 16,777,215.
    pub size: u32,
}

/// What SetConfiguration sets.
pub enum Configuration {
    /// `00`: of the whole card, neither can be taken back.
    Picc {
        /// FormatPICC refuses from now on.
        disable_format: bool,
        /// The card shows a random UID before authentication.
        random_uid: bool,
    },
    /// `01`: what every key of a new application is at first.
    DefaultKey {
        /// The key.
        key: Secret<16>,
        /// Its version.
        version: KeyVersion,
    },
    /// `02`: the whole answer to select, length byte first.
    Ats(Vec<u8>),
}

/// What an operation came to. `Debug` shows no file data.
#[derive(Clone, PartialEq, Eq)]
pub enum Reply {
    /// Done; there is nothing to tell.
    Done,
    /// What the card says of itself.
    Version(CardVersion),
    /// The true UID.
    Uid([u8; 7]),
    /// Every application.
    Applications(Vec<Aid>),
    /// Free bytes.
    Memory(u32),
    /// Version of a key.
    KeyVersion(KeyVersion),
    /// Key settings.
    Keys(ApplicationKeys),
    /// Every file of the application.
    Files(Vec<FileNo>),
    /// Settings of a file.
    File(FileSettings),
    /// Content of a file.
    Data(Vec<u8>),
}

impl std::fmt::Debug for Reply {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Done => f.write_str("Done"),
            Self::Version(version) => write!(f, "Version({:?})", version.family),
            Self::Uid(_) => f.write_str("Uid"),
            Self::Applications(aids) => write!(f, "Applications({aids:?})"),
            Self::Memory(bytes) => write!(f, "Memory({bytes})"),
            Self::KeyVersion(version) => write!(f, "{version:?}"),
            Self::Keys(keys) => write!(f, "{keys:?}"),
            Self::Files(files) => write!(f, "Files({files:?})"),
            Self::File(settings) => write!(f, "{settings:?}"),
            Self::Data(data) => write!(f, "Data({} bytes)", data.len()),
        }
    }
}

impl std::fmt::Debug for Op {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

impl Op {
    /// A stable name for journal and errors: `change_key`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::AuthenticateD40 { .. }
            | Self::AuthenticateIso { .. }
            | Self::AuthenticateAes { .. }
            | Self::AuthenticateEv2First { .. }
            | Self::AuthenticateEv2NonFirst { .. } => "authenticate",
            Self::GetVersion => "get_version",
            Self::GetCardUid => "get_card_uid",
            Self::SelectApplication(_) => "select_application",
            Self::GetApplicationIds => "get_application_ids",
            Self::FreeMemory => "free_memory",
            Self::GetKeyVersion(_) => "get_key_version",
            Self::GetKeySettings => "get_key_settings",
            Self::CreateApplication(_) => "create_application",
            Self::DeleteApplication(_) => "delete_application",
            Self::CreateFile(_) => "create_file",
            Self::DeleteFile(_) => "delete_file",
            Self::GetFileIds => "get_file_ids",
            Self::GetFileSettings(_) => "get_file_settings",
            Self::ChangeFileSettings { .. } => "change_file_settings",
            Self::ReadData { .. } => "read_data",
            Self::WriteData { .. } => "write_data",
            Self::CommitTransaction => "commit_transaction",
            Self::AbortTransaction => "abort_transaction",
            Self::ChangeKey { .. } => "change_key",
            Self::ChangeKeySettings(_) => "change_key_settings",
            Self::SetConfiguration(_) => "set_configuration",
            Self::FormatPicc => "format_picc",
        }
    }
}

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

impl NewApplication {
    fn wire(&self) -> Result<Vec<u8>, DesfireError> {
        if !(1..=14).contains(&self.keys) {
            return Err(DesfireError::Invalid { what: "number of keys" });
        }
        let mut out = self.aid.0.to_vec();
        out.push(self.settings.wire());
        out.push(self.key_type.bits() | u8::from(self.iso.is_some()) << 5 | self.keys);
        if let Some(iso) = &self.iso {
            if iso.df_name.len() > 16 {
                return Err(DesfireError::Invalid { what: "DF name" });
            }
            out.extend_from_slice(&iso.fid.to_le_bytes());
            out.extend_from_slice(&iso.df_name);
        }
        Ok(out)
    }
}

impl NewFile {
    fn wire(&self) -> Result<Vec<u8>, DesfireError> {
        if self.size == 0 {
            return Err(DesfireError::Invalid { what: "file size" });
        }
        let mut out = vec![self.file.get()];
        if let Some(fid) = self.iso_fid {
            out.extend_from_slice(&fid.to_le_bytes());
        }
        out.push(self.mode.wire());
        out.extend_from_slice(&self.rights.wire());
        out.extend_from_slice(&three_bytes(self.size, "file size")?);
        Ok(out)
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
