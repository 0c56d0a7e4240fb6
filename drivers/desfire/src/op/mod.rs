//! The operations, one for each command of the card.

mod application;
mod configuration;
mod file;
mod iso;
mod reply;

pub use application::{
    DelegatedApplication, IsoName, IssuerKeys, KeySets, NewApplication, Slot, delegation_deletion_mac,
};
pub use configuration::Configuration;
pub use file::{FileKind, NewFile, NewRecordFile, NewTransactionMacFile, NewValueFile};
pub use iso::IsoTarget;
pub use reply::{DelegatedSlot, IsoApplication, Reply};

use lanyard_secret::Secret;

use crate::keys::{NewKey, Nonce, OldKey};
use crate::{AccessRights, Aid, CommMode, DesKey, FileNo, KeyNo, KeySettings, KeyType, KeyVersion};

/// One operation. Keys go in by value and are wiped with it; `Debug` shows its name alone. What replies nothing else
/// replies [`Reply::Done`].
///
/// Authentications and [`Op::ChangeKey`] of the authenticated key, [`Op::SelectApplication`], [`Op::IsoSelect`],
/// [`Op::RollKeySet`] and every refusal end the session there was.
pub enum Op {
    /// `0A`: DES or two-key triple DES, D40 secure messaging. What a factory-fresh card takes.
    AuthenticateD40 {
        /// Which key.
        key_no: KeyNo,
        /// The key; a three-key one is refused here.
        key: DesKey,
        /// Eight of these are used.
        rnd_a: Nonce,
    },
    /// `1A`: DES, two-key or three-key triple DES, EV1 secure messaging.
    AuthenticateIso {
        /// Which key.
        key_no: KeyNo,
        /// The key.
        key: DesKey,
        /// Eight of these are used; with three-key triple DES all.
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
    /// `3C`: the maker's signature over the UID, before any authentication. Replies [`Reply::Signature`], for
    /// [`originality`](fn@crate::originality).
    ReadSignature,
    /// `6E`. Replies [`Reply::Memory`].
    FreeMemory,
    /// `5C`.
    SetConfiguration(Configuration),
    /// `FC`: every application and file gone. The master key stays.
    FormatPicc,

    /// `5A`. Ends the session.
    SelectApplication(Aid),
    /// `6A`. Replies [`Reply::Applications`].
    GetApplicationIds,
    /// `6D`. Replies [`Reply::IsoApplications`]: those that have an ISO name.
    GetDfNames,
    /// `CA`, on the card level.
    CreateApplication(NewApplication),
    /// `DA`, on the card level.
    DeleteApplication(Aid),
    /// `C9`, on the card level, EV2 with [`KeyNo::DELEGATION`] proved.
    CreateDelegatedApplication(DelegatedApplication),
    /// `DA` with the card issuer's MAC: [`delegation_deletion_mac`](crate::delegation_deletion_mac).
    DeleteDelegatedApplication {
        /// Which.
        aid: Aid,
        /// The card issuer's word that it may go.
        mac: [u8; 8],
    },
    /// `69`. Replies [`Reply::DelegatedSlot`].
    GetDelegatedInfo {
        /// Which slot.
        slot: u16,
    },

    /// `45`. Replies [`Reply::Keys`].
    GetKeySettings,
    /// `54`.
    ChangeKeySettings(KeySettings),
    /// `64`. Replies [`Reply::KeyVersion`].
    GetKeyVersion(KeyNo),
    /// `64` with a key set. Replies [`Reply::KeyVersion`].
    GetKeyVersionOf {
        /// Which key set; 0 is the one in use.
        set: u8,
        /// Which key.
        key_no: KeyNo,
    },
    /// `64` for key sets. Replies [`Reply::KeySetVersions`], by number: set 0 is the one in use.
    GetKeySetVersions,
    /// `C4`. On the card level the new key's type becomes the type of the card's master key.
    ChangeKey {
        /// Which key.
        key_no: KeyNo,
        /// The new key.
        new: NewKey,
        /// What the card holds now; needed unless `key_no` is the authenticated key.
        old: Option<OldKey>,
    },
    /// `C6`: a key of a key set, in an EV2 session.
    ChangeKeyOf {
        /// Which key set; 0 is the one in use.
        set: u8,
        /// Which key.
        key_no: KeyNo,
        /// The new key.
        new: NewKey,
        /// What the set holds now; needed unless it is the authenticated key of set 0.
        old: Option<OldKey>,
    },
    /// `56`: makes a key set ready to be filled.
    InitializeKeySet {
        /// Which, 1 to 15.
        set: u8,
        /// For which cipher.
        key_type: KeyType,
    },
    /// `57`: the set is filled.
    FinalizeKeySet {
        /// Which, 1 to 15.
        set: u8,
        /// Version of the set.
        version: KeyVersion,
    },
    /// `55`: this set becomes the one in use. The session ends with it.
    RollKeySet {
        /// Which, 1 to 15.
        set: u8,
    },

    /// `CD` or `CB`.
    CreateFile(NewFile),
    /// `CC`.
    CreateValueFile(NewValueFile),
    /// `C1` or `C0`.
    CreateRecordFile(NewRecordFile),
    /// `CE`, EV2. In an EV1 or EV2 session, since it carries a key.
    CreateTransactionMacFile(NewTransactionMacFile),
    /// `DF`.
    DeleteFile(FileNo),
    /// `6F`. Replies [`Reply::Files`].
    GetFileIds,
    /// `61`. Replies [`Reply::IsoFiles`].
    GetIsoFileIds,
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
        /// Further sets of rights, at most 7: EV2, in a file that was created with [`NewFile::further_rights`].
        further: Vec<AccessRights>,
        /// The file's right to change is free now: the command then goes in the clear, in any session and without.
        free: bool,
    },

    /// `BD`, or `AD` where [`Link::long_commands`](crate::Link::long_commands) saves an exchange. Replies
    /// [`Reply::Data`] of just this length.
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
    /// `3D`, or `8D` where [`Link::long_commands`](crate::Link::long_commands) saves an exchange.
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
    /// `6C`. Replies [`Reply::Value`].
    GetValue {
        /// Which file.
        file: FileNo,
        /// As the file says; plain where the right is free.
        mode: CommMode,
    },
    /// `0C`, to be committed.
    Credit {
        /// Which file.
        file: FileNo,
        /// How much, up to 2,147,483,647.
        amount: u32,
        /// As the file says; plain where the right is free.
        mode: CommMode,
    },
    /// `DC`, to be committed.
    Debit {
        /// Which file.
        file: FileNo,
        /// How much, up to 2,147,483,647.
        amount: u32,
        /// As the file says; plain where the right is free.
        mode: CommMode,
    },
    /// `1C`, to be committed: up to what was debited in the transaction before.
    LimitedCredit {
        /// Which file.
        file: FileNo,
        /// How much, up to 2,147,483,647.
        amount: u32,
        /// As the file says; plain where the right is free.
        mode: CommMode,
    },
    /// `BB`, or `AB` as with [`Op::ReadData`]. Replies [`Reply::Data`]: the records, the oldest first.
    ReadRecords {
        /// Which file.
        file: FileNo,
        /// Counted from the newest, which is 0: the newest to be read.
        newest: u32,
        /// How many, at least one; the file's settings say how many there are.
        count: u32,
        /// Bytes in one record, as the file's settings say.
        record_size: u32,
        /// As the file says; plain where the right is free.
        mode: CommMode,
    },
    /// `3B`, or `8B` as with [`Op::WriteData`]: into a new record, to be committed.
    WriteRecord {
        /// Which file.
        file: FileNo,
        /// From which byte of the record.
        offset: u32,
        /// What, at least one byte.
        data: Vec<u8>,
        /// As the file says; plain where the right is free.
        mode: CommMode,
    },
    /// `DB`, or `BA` as with [`Op::WriteData`]: into a record that is there, to be committed. EV2.
    UpdateRecord {
        /// Which file.
        file: FileNo,
        /// Counted from the newest, which is 0.
        record: u32,
        /// From which byte of the record.
        offset: u32,
        /// What, at least one byte.
        data: Vec<u8>,
        /// As the file says; plain where the right is free.
        mode: CommMode,
    },
    /// `EB`, to be committed.
    ClearRecords(FileNo),
    /// `C7`.
    CommitTransaction,
    /// `C7` with option 01, in an application with a transaction MAC file. Replies [`Reply::TransactionMac`].
    CommitTransactionMac,
    /// `A7`.
    AbortTransaction,
    /// `C8`: who this reader is, for the transaction MAC. In an EV2 session, or none. Replies [`Reply::ReaderId`]: the
    /// reader of the transaction before, enciphered under the transaction MAC key.
    CommitReaderId([u8; 16]),

    /// ISO 7816 SELECT. Ends the session.
    IsoSelect(IsoTarget),
    /// READ BINARY of the file selected by ISO SELECT, in as many commands as frames ask for. Without a session: the
    /// card then gives what is free to read. Replies [`Reply::Data`].
    IsoReadBinary {
        /// From which byte, at most 32,767.
        offset: u16,
        /// How many bytes, at least one.
        length: u16,
    },
    /// UPDATE BINARY of the file selected by ISO SELECT, as [`Op::IsoReadBinary`].
    IsoUpdateBinary {
        /// From which byte, at most 32,767.
        offset: u16,
        /// What, at least one byte.
        data: Vec<u8>,
    },
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
            Self::ReadSignature => "read_signature",
            Self::FreeMemory => "free_memory",
            Self::SetConfiguration(_) => "set_configuration",
            Self::FormatPicc => "format_picc",
            Self::SelectApplication(_) => "select_application",
            Self::GetApplicationIds => "get_application_ids",
            Self::GetDfNames => "get_df_names",
            Self::CreateApplication(_) => "create_application",
            Self::DeleteApplication(_) => "delete_application",
            Self::CreateDelegatedApplication(_) => "create_delegated_application",
            Self::DeleteDelegatedApplication { .. } => "delete_delegated_application",
            Self::GetDelegatedInfo { .. } => "get_delegated_info",
            Self::GetKeySettings => "get_key_settings",
            Self::ChangeKeySettings(_) => "change_key_settings",
            Self::GetKeyVersion(_) | Self::GetKeyVersionOf { .. } => "get_key_version",
            Self::GetKeySetVersions => "get_key_set_versions",
            Self::ChangeKey { .. } | Self::ChangeKeyOf { .. } => "change_key",
            Self::InitializeKeySet { .. } => "initialize_key_set",
            Self::FinalizeKeySet { .. } => "finalize_key_set",
            Self::RollKeySet { .. } => "roll_key_set",
            Self::CreateFile(_)
            | Self::CreateValueFile(_)
            | Self::CreateRecordFile(_)
            | Self::CreateTransactionMacFile(_) => "create_file",
            Self::DeleteFile(_) => "delete_file",
            Self::GetFileIds => "get_file_ids",
            Self::GetIsoFileIds => "get_iso_file_ids",
            Self::GetFileSettings(_) => "get_file_settings",
            Self::ChangeFileSettings { .. } => "change_file_settings",
            Self::ReadData { .. } => "read_data",
            Self::WriteData { .. } => "write_data",
            Self::GetValue { .. } => "get_value",
            Self::Credit { .. } => "credit",
            Self::Debit { .. } => "debit",
            Self::LimitedCredit { .. } => "limited_credit",
            Self::ReadRecords { .. } => "read_records",
            Self::WriteRecord { .. } => "write_record",
            Self::UpdateRecord { .. } => "update_record",
            Self::ClearRecords(_) => "clear_records",
            Self::CommitTransaction | Self::CommitTransactionMac => "commit_transaction",
            Self::AbortTransaction => "abort_transaction",
            Self::CommitReaderId(_) => "commit_reader_id",
            Self::IsoSelect(_) => "iso_select",
            Self::IsoReadBinary { .. } => "iso_read_binary",
            Self::IsoUpdateBinary { .. } => "iso_update_binary",
        }
    }
}
