//! What operations reply.

use crate::{Aid, ApplicationKeys, CardVersion, FileNo, FileSettings, KeyVersion};

/// What an operation came to. `Debug` shows no file data.
#[derive(Clone, PartialEq, Eq)]
pub enum Reply {
    /// Done; there is nothing to tell.
    Done,
    /// What the card says of itself.
    Version(CardVersion),
    /// The true UID.
    Uid([u8; 7]),
    /// The maker's signature, r ‖ s.
    Signature([u8; 56]),
    /// Free bytes.
    Memory(u32),
    /// Every application.
    Applications(Vec<Aid>),
    /// Every application that has an ISO name.
    IsoApplications(Vec<IsoApplication>),
    /// A slot for delegated applications.
    DelegatedSlot(DelegatedSlot),
    /// Key settings.
    Keys(ApplicationKeys),
    /// Version of a key.
    KeyVersion(KeyVersion),
    /// Versions of the key sets.
    KeySetVersions(Vec<KeyVersion>),
    /// Every file of the application.
    Files(Vec<FileNo>),
    /// The ISO identifiers of the files that have one.
    IsoFiles(Vec<u16>),
    /// Settings of a file.
    File(FileSettings),
    /// Content of a file.
    Data(Vec<u8>),
    /// A value.
    Value(i32),
    /// What a transaction came to.
    TransactionMac {
        /// TMC: how many transactions the application has seen.
        counter: u32,
        /// TMV.
        value: [u8; 8],
    },
    /// The reader of the transaction before, enciphered (EncTMRI).
    ReaderId([u8; 16]),
}

/// An application as GetDFNames tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IsoApplication {
    /// Its number.
    pub aid: Aid,
    /// Its file identifier.
    pub fid: u16,
    /// Its DF name; may be empty.
    pub df_name: Vec<u8>,
}

/// What GetDelegatedInfo tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DelegatedSlot {
    /// DAMSlotVersion.
    pub version: u8,
    /// Blocks of 32 bytes that the slot may fill.
    pub quota: u16,
    /// Blocks that are free.
    pub free: u16,
    /// Who has it.
    pub aid: Aid,
}

impl std::fmt::Debug for Reply {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Done => f.write_str("Done"),
            Self::Version(version) => write!(f, "Version({:?})", version.family),
            Self::Uid(_) => f.write_str("Uid"),
            Self::Signature(_) => f.write_str("Signature"),
            Self::Memory(bytes) => write!(f, "Memory({bytes})"),
            Self::Applications(aids) => write!(f, "Applications({aids:?})"),
            Self::IsoApplications(names) => write!(f, "IsoApplications({names:?})"),
            Self::DelegatedSlot(slot) => write!(f, "{slot:?}"),
            Self::Keys(keys) => write!(f, "{keys:?}"),
            Self::KeyVersion(version) => write!(f, "{version:?}"),
            Self::KeySetVersions(versions) => write!(f, "KeySetVersions({versions:?})"),
            Self::Files(files) => write!(f, "Files({files:?})"),
            Self::IsoFiles(files) => write!(f, "IsoFiles({files:04X?})"),
            Self::File(settings) => write!(f, "{settings:?}"),
            Self::Data(data) => write!(f, "Data({} bytes)", data.len()),
            Self::Value(_) => f.write_str("Value"),
            Self::TransactionMac { counter, .. } => write!(f, "TransactionMac({counter})"),
            Self::ReaderId(_) => f.write_str("ReaderId"),
        }
    }
}
