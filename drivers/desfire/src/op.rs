//! The operations, one for each command of the card, and what each replies.

use lanyard_secret::Secret;

use crate::ids::three_bytes;
use crate::keys::{NewKey, Nonce};
use crate::{
    AccessRights, Aid, ApplicationKeys, CardVersion, CommMode, DesKey, DesfireError, FileNo, FileSettings, KeyNo,
    KeySettings, KeyType, KeyVersion,
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

impl NewApplication {
    pub(crate) fn wire(&self) -> Result<Vec<u8>, DesfireError> {
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
    pub(crate) fn wire(&self) -> Result<Vec<u8>, DesfireError> {
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
