//! What a plan is made of: steps, with keys by reference and values as they go onto the card.

use lanyard_desfire::{AccessRights, Aid, CommMode, FileNo, KeyNo, KeySettings};
use serde::{Deserialize, Serialize};

use crate::description::{Cipher, Field, ValueRules};
use crate::form::FieldForm;
use crate::keys::HeldKey;
use crate::wire;

/// One step. All but [`Step::ReadBack`] change the card.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Step {
    /// All applications are removed.
    Format,
    /// The card's master key is changed from [`crate::MasterKey::before`] to [`crate::MasterKey::after`].
    MasterKey,
    /// New applications start with this key.
    DefaultKey {
        /// From then on.
        key: HeldKey,
        /// Until then, where a plan can be taken back.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        before: Option<HeldKey>,
    },
    /// Who may list and create on the card level, and whether that may be changed again.
    CardSettings {
        /// From then on.
        #[serde(with = "wire::settings")]
        settings: KeySettings,
    },
    /// The card shows a random UID.
    RandomUid,
    /// The card refuses to be formatted.
    FormatOff,
    /// The card refuses the secure messaging of earlier generations (D40, EV1).
    OnlyEv2,
    /// An application is removed with all it holds.
    Remove {
        /// Its identifier.
        #[serde(with = "wire::aid")]
        aid: Aid,
    },
    /// An application is made.
    Application {
        /// Its identifier.
        #[serde(with = "wire::aid")]
        aid: Aid,
        /// First settings byte.
        #[serde(with = "wire::settings")]
        settings: KeySettings,
        /// How many keys.
        keys: u8,
        /// What they are for.
        #[serde(default, skip_serializing_if = "Cipher::is_aes")]
        cipher: Cipher,
        /// ISO 7816-4 names.
        iso: Option<Iso>,
    },
    /// A key of an application is changed.
    Key {
        /// Its application.
        #[serde(with = "wire::aid")]
        aid: Aid,
        /// Its number.
        #[serde(with = "wire::key")]
        number: KeyNo,
        /// With which key's proof it is changed.
        #[serde(with = "wire::key")]
        by: KeyNo,
        /// What it is before.
        old: HeldKey,
        /// What it becomes.
        new: HeldKey,
    },
    /// A file is made.
    File {
        /// Its application.
        #[serde(with = "wire::aid")]
        aid: Aid,
        /// Its number.
        #[serde(with = "wire::file")]
        file: FileNo,
        /// ISO 7816-4 file identifier.
        iso_file_id: Option<u16>,
        /// In bytes.
        size: u32,
        /// What is written to it counts when it is committed.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        backup: bool,
        /// How its data travels.
        #[serde(with = "wire::mode")]
        mode: CommMode,
        /// Who may do what.
        #[serde(with = "wire::rights")]
        rights: AccessRights,
    },
    /// A value file is made, with its value.
    ValueFile {
        /// Its application.
        #[serde(with = "wire::aid")]
        aid: Aid,
        /// Its number.
        #[serde(with = "wire::file")]
        file: FileNo,
        /// Limits and first value.
        value: ValueRules,
        /// How its value travels.
        #[serde(with = "wire::mode")]
        mode: CommMode,
        /// Who may do what.
        #[serde(with = "wire::rights")]
        rights: AccessRights,
    },
    /// A record file is made.
    RecordFile {
        /// Its application.
        #[serde(with = "wire::aid")]
        aid: Aid,
        /// Its number.
        #[serde(with = "wire::file")]
        file: FileNo,
        /// ISO 7816-4 file identifier.
        iso_file_id: Option<u16>,
        /// The oldest is overwritten when it is full.
        cyclic: bool,
        /// Bytes in a record.
        size: u32,
        /// How many records.
        count: u32,
        /// How its data travels.
        #[serde(with = "wire::mode")]
        mode: CommMode,
        /// Who may do what.
        #[serde(with = "wire::rights")]
        rights: AccessRights,
    },
    /// A transaction MAC file is made, with its key.
    TransactionMac {
        /// Its application.
        #[serde(with = "wire::aid")]
        aid: Aid,
        /// Its number.
        #[serde(with = "wire::file")]
        file: FileNo,
        /// How its content travels.
        #[serde(with = "wire::mode")]
        mode: CommMode,
        /// Who may do what.
        #[serde(with = "wire::rights")]
        rights: AccessRights,
        /// With what the card makes its MACs from then on.
        key: HeldKey,
        /// Until then, where it takes the place of another.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        before: Option<HeldKey>,
    },
    /// A file is removed; its memory comes back by a reset alone.
    RemoveFile {
        /// Its application.
        #[serde(with = "wire::aid")]
        aid: Aid,
        /// Its number.
        #[serde(with = "wire::file")]
        file: FileNo,
    },
    /// A record is added, and committed.
    Record {
        /// Its application.
        #[serde(with = "wire::aid")]
        aid: Aid,
        /// Its number.
        #[serde(with = "wire::file")]
        file: FileNo,
        /// With which key's proof.
        #[serde(with = "wire::key")]
        by: KeyNo,
        /// With which key's proof a run that resumes looks whether it is there already; none where anyone may read.
        #[serde(with = "wire::optional_key")]
        seen_by: Option<KeyNo>,
        /// How its data travels.
        #[serde(with = "wire::mode")]
        mode: CommMode,
        /// What.
        data: Bytes,
    },
    /// A file is written, from its first byte.
    Write {
        /// Its application.
        #[serde(with = "wire::aid")]
        aid: Aid,
        /// Its number.
        #[serde(with = "wire::file")]
        file: FileNo,
        /// With which key's proof.
        #[serde(with = "wire::key")]
        by: KeyNo,
        /// How its data travels.
        #[serde(with = "wire::mode")]
        mode: CommMode,
        /// What.
        data: Bytes,
        /// Committed at once.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        commit: bool,
    },
    /// A file is read as a reader at a door does, and compared.
    ReadBack {
        /// Its application.
        #[serde(with = "wire::aid")]
        aid: Aid,
        /// Its number.
        #[serde(with = "wire::file")]
        file: FileNo,
        /// With which key's proof; none where anyone may read.
        by: Option<Reader>,
        /// How its data travels.
        #[serde(with = "wire::mode")]
        mode: CommMode,
        /// In bytes.
        size: u32,
        /// What it holds.
        #[serde(default, skip_serializing_if = "Stored::is_data")]
        stored: Stored,
        /// Its fields.
        fields: Vec<FieldPlan>,
        /// What it must hold; absent where it is read only.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        expect: Option<Bytes>,
    },
}

/// What is read of a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stored {
    /// All of its data.
    #[default]
    Data,
    /// Its value.
    Value,
    /// Its newest record.
    Record,
}

impl Stored {
    fn is_data(&self) -> bool {
        *self == Self::Data
    }
}

/// A key that reads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reader {
    /// Its number.
    #[serde(with = "wire::key")]
    pub number: KeyNo,
    /// What it is when it reads.
    pub key: HeldKey,
}

/// ISO 7816-4 names of an application.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Iso {
    /// File identifier.
    pub file_id: u16,
    /// DF name.
    #[serde(with = "hex::serde")]
    pub name: Vec<u8>,
}

/// A field's place and form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FieldPlan {
    /// Its name.
    pub name: String,
    /// From the start of the file.
    pub offset: u32,
    /// In bytes.
    pub length: u32,
    /// How it is read.
    pub form: FieldForm,
}

impl FieldPlan {
    pub(crate) fn of(field: &Field) -> Self {
        Self { name: field.name.clone(), offset: field.offset, length: field.length, form: field.form() }
    }
}

/// Content of a file, in hex. It may be personal: `Debug` shows its length alone.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Bytes(#[serde(with = "hex::serde")] pub Vec<u8>);

impl std::fmt::Debug for Bytes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} bytes", self.0.len())
    }
}

impl Step {
    /// A stable word for screen, journal and errors.
    #[must_use]
    pub fn label(&self) -> &'static str {
        match self {
            Self::Format => "format",
            Self::MasterKey => "master_key",
            Self::DefaultKey { .. } => "default_key",
            Self::CardSettings { .. } => "card_settings",
            Self::RandomUid => "random_uid",
            Self::FormatOff => "format_off",
            Self::OnlyEv2 => "only_ev2",
            Self::Remove { .. } => "remove",
            Self::Application { .. } => "application",
            Self::Key { .. } => "key",
            Self::File { .. } => "file",
            Self::ValueFile { .. } => "value_file",
            Self::RecordFile { .. } => "record_file",
            Self::TransactionMac { .. } => "transaction_mac",
            Self::RemoveFile { .. } => "remove_file",
            Self::Record { .. } => "record",
            Self::Write { .. } => "write",
            Self::ReadBack { .. } => "read_back",
        }
    }

    /// Whether it changes the card, and so is written to the journal ahead.
    #[must_use]
    pub fn changes(&self) -> bool {
        !matches!(self, Self::ReadBack { .. })
    }

    /// The application that it works in; `None` on the card level.
    #[must_use]
    pub fn aid(&self) -> Option<Aid> {
        match self {
            Self::Key { aid, .. }
            | Self::File { aid, .. }
            | Self::ValueFile { aid, .. }
            | Self::RecordFile { aid, .. }
            | Self::TransactionMac { aid, .. }
            | Self::RemoveFile { aid, .. }
            | Self::Record { aid, .. }
            | Self::Write { aid, .. }
            | Self::ReadBack { aid, .. } => Some(*aid),
            Self::Format
            | Self::MasterKey
            | Self::DefaultKey { .. }
            | Self::CardSettings { .. }
            | Self::RandomUid
            | Self::FormatOff
            | Self::OnlyEv2
            | Self::Remove { .. }
            | Self::Application { .. } => None,
        }
    }

    /// The number of the key or file that it is about, for the screen.
    #[must_use]
    pub fn number(&self) -> Option<u8> {
        match self {
            Self::Key { number, .. } => Some(number.get()),
            Self::File { file, .. }
            | Self::ValueFile { file, .. }
            | Self::RecordFile { file, .. }
            | Self::TransactionMac { file, .. }
            | Self::RemoveFile { file, .. }
            | Self::Record { file, .. }
            | Self::Write { file, .. }
            | Self::ReadBack { file, .. } => Some(file.get()),
            _ => None,
        }
    }
}
