//! What can be wrong with a description, a value, a key or a card.

use lanyard_desfire::DesfireError;
use lanyard_device::DeviceError;
use lanyard_em::EmError;
use lanyard_fault::{Coded, Fault, Helps};
use lanyard_formats::FormatError;

/// Everything that can go wrong here. Never holds a value of a person or a key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs, reason = "fields say themselves; what each variant means is said")]
pub enum EncodingError {
    /// The description is longer than any sane one.
    #[error("encoding description larger than {limit} bytes")]
    DescriptionLarge { limit: usize },
    /// No TOML, an unknown key, a missing one, or a value of the wrong type.
    #[error("line {line}, column {column}: {key:?}: {why}")]
    Unreadable { key: String, line: u32, column: u32, why: String },
    /// Readable, but no card could be made so.
    #[error("line {line}, column {column}: {at}: {problem}")]
    Invalid { at: String, line: u32, column: u32, problem: Problem },

    /// The caller gave no value of this name.
    #[error("no value {value} for field {field} of file {file}")]
    ValueMissing { file: u8, field: String, value: String },
    /// A value does not fit its field.
    #[error("the value for field {field} of file {file} does not fit: {why}")]
    ValueFit { file: u8, field: String, why: Misfit },

    /// The vault has no such key.
    #[error("no key {key:?} in the vault")]
    KeyMissing { key: String },
    /// The vault has the key, but not in this version.
    #[error("key {key:?} has no version {version} in the vault")]
    KeyVersionMissing { key: String, version: u8 },
    /// The key is there, but cannot be asked now: the token it lives in is not, or refuses.
    #[error("key {key:?} version {version} cannot be asked now")]
    KeyAway { key: String, version: u8 },
    /// The history does not tell which version of a key a card has.
    #[error("which version of key {key:?} the card has is not known")]
    VersionUnknown { key: String },
    /// What is to become of the card differs in more than its keys.
    #[error("{at} differs as well: keys alone do not make the one of the other")]
    NotKeysAlone { at: String },
    /// No card is written with a key whose backup was not restored once and compared.
    #[error("the backup of key {key:?} version {version} was never proved")]
    KeyUnproved { key: String, version: u8 },
    /// The vault is locked.
    #[error("the vault is locked")]
    VaultLocked,

    /// The card is of another or too old a kind.
    #[error("the card is {found}, the encoding needs {needed}")]
    CardKind { needed: &'static str, found: &'static str },
    /// Not enough free memory.
    #[error("the card has {free} bytes free, {needed} are needed")]
    CardFull { needed: u32, free: u32 },
    /// Neither factory-blank nor with our key.
    #[error("the card has a master key of somebody else's")]
    CardForeign,
    /// The history knows this UID, and this card does not prove the keys that the card of this UID has.
    #[error("a card of this UID is known, and this one does not prove its keys")]
    CardImpostor,
    /// The factory key, but applications on it.
    #[error("the card has the factory key, but {applications} applications on it")]
    CardUsed { applications: usize },
    /// A blank that this office did not receive.
    #[error("the card is in no received stock")]
    CardNotReceived,
    /// A blank whose maker did not sign its UID.
    #[error("no signature of its maker over the card's UID")]
    CardNotOriginal,
    /// The card shows a random UID, and no key of ours tells the real one.
    #[error("the card hides its UID")]
    UidHidden,
    /// Anticollision and GetVersion tell two UIDs.
    #[error("the card tells two different UIDs")]
    UidDiffers,
    /// Another card than the one that the plan or journal is for.
    #[error("another card: {found}, not {expected}")]
    OtherCard { expected: String, found: String },

    /// The card left the field, or the reader failed, while something was under way.
    #[error("the card was lost at step {step} ({at} of {of})")]
    Lost { step: &'static str, at: usize, of: usize },
    /// The card refused a step, or answered it wrongly.
    #[error("step {step} ({at} of {of}): {error}")]
    Card { step: &'static str, at: usize, of: usize, error: DesfireError },
    /// The card takes neither the old nor the new key.
    #[error("the card takes neither the old nor the new key {key_no} of {aid}")]
    KeysLost { aid: String, key_no: u8 },
    /// What was read back is not what was written.
    #[error("application {aid}, file {file}: {field} was not read back as written")]
    Mismatch { aid: String, file: u8, field: String },

    /// The 125 kHz chip, or its reader.
    #[error("chip {chip}: {error}")]
    Chip { chip: &'static str, error: EmError },

    /// The LEGIC segment, or its reader.
    #[error("legic: {error}")]
    Legic { error: DeviceError },

    /// A journal, or a stored plan, that does not belong to the plan, or is of another version.
    #[error("the journal does not belong to this plan")]
    JournalForeign,
    /// An event that nobody waits for.
    #[error("an event out of turn")]
    OutOfTurn,
}

/// Why a value does not fit its field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Misfit {
    /// Longer than the field.
    #[error("longer than {most} bytes")]
    Long {
        /// Bytes in the field.
        most: u32,
    },
    /// Of another length than the field.
    #[error("not exactly {exactly} bytes")]
    Length {
        /// Bytes in the field.
        exactly: u32,
    },
    /// Text, bytes or a number was expected.
    #[error("not {expected}")]
    Type {
        /// What was expected.
        expected: &'static str,
    },
    /// Characters that the field's character set does not have.
    #[error("a character that the field's charset has not")]
    Charset,
    /// A year that two digits do not tell.
    #[error("not a year from 2000 to 2099")]
    Year,
    /// The card number format refuses it.
    #[error("{0}")]
    Format(FormatError),
}

/// What is wrong with a description.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs, reason = "each says itself in its message")]
pub enum Problem {
    #[error("version {found} of the description; this station reads version 1")]
    Version { found: i64 },
    #[error("id: lower-case letters, digits, - and _ only, 1 to 60")]
    Id,
    #[error("length: {least} to {most}")]
    Length { least: usize, most: usize },
    #[error("aid: six hex digits, not 000000")]
    Aid,
    #[error("the same {what} twice")]
    Twice { what: &'static str },
    #[error("file_id belongs to the card itself")]
    IsoFileId,
    #[error("iso_file_id: for every file where the application has iso, for none where it has not")]
    IsoBoth,
    #[error("key numbers go up without gaps: {expected} is next")]
    KeyNumber { expected: u8 },
    #[error("no keys")]
    NoKeys,
    #[error("no key has the role {role:?}, or it is no role")]
    Role { role: String },
    #[error("change_keys = {found:?}: the role of key 0, or \"same\"")]
    ChangeKeys { found: String },
    #[error("with master_changeable = false the application's own master key cannot be set")]
    MasterFrozen,
    #[error("{key:?} is no key name")]
    KeyName { key: String },
    #[error("diversify has \"system\", but the description has none")]
    NoSystem,
    #[error("diversified, but not by the UID: the same key on every card")]
    NoUid,
    #[error("file numbers go from 0 to 31")]
    FileNumber,
    #[error("anyone could write or change this file")]
    FreeWrite,
    #[error("no key may write this file")]
    NoWriter,
    #[error("no key may read this file")]
    NoReader,
    #[error("what anyone may read travels in the clear: mode = \"plain\"")]
    FreeReadEnciphered,
    #[error("DES keys do not go with {with}")]
    NotWithDes { with: &'static str },
    #[error("lower, start and upper in this order")]
    ValueLimits,
    #[error("transaction MACs came with EV2")]
    TransactionMacEv1,
    #[error("the card writes a transaction MAC itself: write = \"never\"")]
    TransactionMacWritten,
    #[error("{name:?} is no field name")]
    FieldName { name: String },
    #[error("reaches past the end of the file ({size} bytes)")]
    Outside { size: u32 },
    #[error("overlaps with field {with}")]
    Overlap { with: String },
    #[error("{key} does not go with this type")]
    NotForType { key: &'static str },
    #[error("{name:?} is no value name (person.name, card.number)")]
    Source { name: String },
    #[error("{key} is missing")]
    NoSource { key: &'static str },
    #[error("more than one of from, constant, hex")]
    TwoSources,
    #[error("an EV1 has no other messaging than that which this switches off")]
    OnlyEv2,
    #[error("this chip is written as an EM4100 alone")]
    ChipContent,
    #[error("no such day")]
    Day,
    #[error("finding: the code of a finding, lower-case")]
    Finding,
    #[error("calendar forms are bcd, bcd_little or digits; days are big or little")]
    DateCoding,
    #[error("{why}")]
    Picture { why: FormatError },
    #[error("every letter of bits has one value, and no other has: {letter:?}")]
    Letter { letter: String },
    #[error("hex: two hex digits a byte")]
    Hex,
    #[error("the constant is of another type than the field")]
    ConstantType,
    #[error("the constant does not fit: {why}")]
    ConstantFit { why: Misfit },
}

impl Problem {
    /// Which, for words in another language.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Version { .. } => "version",
            Self::Id => "id",
            Self::Length { .. } => "length",
            Self::Aid => "aid",
            Self::Twice { .. } => "twice",
            Self::IsoFileId => "iso_file_id",
            Self::IsoBoth => "iso_both",
            Self::KeyNumber { .. } => "key_number",
            Self::NoKeys => "no_keys",
            Self::Role { .. } => "role",
            Self::ChangeKeys { .. } => "change_keys",
            Self::MasterFrozen => "master_frozen",
            Self::KeyName { .. } => "key_name",
            Self::NoSystem => "no_system",
            Self::NoUid => "no_uid",
            Self::FileNumber => "file_number",
            Self::FreeWrite => "free_write",
            Self::NoWriter => "no_writer",
            Self::NoReader => "no_reader",
            Self::FreeReadEnciphered => "free_read_enciphered",
            Self::NotWithDes { .. } => "not_with_des",
            Self::ValueLimits => "value_limits",
            Self::TransactionMacEv1 => "transaction_mac_ev1",
            Self::TransactionMacWritten => "transaction_mac_written",
            Self::FieldName { .. } => "field_name",
            Self::Outside { .. } => "outside",
            Self::Overlap { .. } => "overlap",
            Self::NotForType { .. } => "not_for_type",
            Self::Source { .. } => "source",
            Self::NoSource { .. } => "no_source",
            Self::TwoSources => "two_sources",
            Self::OnlyEv2 => "only_ev2",
            Self::ChipContent => "chip_content",
            Self::Day => "day",
            Self::Finding => "finding",
            Self::DateCoding => "date_coding",
            Self::Picture { .. } => "picture",
            Self::Letter { .. } => "letter",
            Self::Hex => "hex",
            Self::ConstantType => "constant_type",
            Self::ConstantFit { .. } => "constant_fit",
        }
    }

    /// What goes into its words.
    #[must_use]
    pub fn details(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Version { found } => vec![("found", found.to_string())],
            Self::Length { least, most } => vec![("least", least.to_string()), ("most", most.to_string())],
            Self::Twice { what } => vec![("what", (*what).to_owned())],
            Self::NotWithDes { with } => vec![("with", (*with).to_owned())],
            Self::KeyNumber { expected } => vec![("expected", expected.to_string())],
            Self::Role { role } => vec![("role", role.clone())],
            Self::ChangeKeys { found } => vec![("found", found.clone())],
            Self::KeyName { key } => vec![("key", key.clone())],
            Self::FieldName { name } | Self::Source { name } => vec![("name", name.clone())],
            Self::Outside { size } => vec![("size", size.to_string())],
            Self::Overlap { with } => vec![("with", with.clone())],
            Self::NotForType { key } | Self::NoSource { key } => vec![("key", (*key).to_owned())],
            Self::Picture { why } => vec![("why", why.to_string())],
            Self::Letter { letter } => vec![("letter", letter.clone())],
            Self::ConstantFit { why } => vec![("why", why.to_string())],
            _ => Vec::new(),
        }
    }
}

impl Coded for EncodingError {
    fn code(&self) -> &'static str {
        match self {
            Self::DescriptionLarge { .. } => "encoding.file.large",
            Self::Unreadable { .. } => "encoding.file.unreadable",
            Self::Invalid { .. } => "encoding.file.invalid",
            Self::ValueMissing { .. } => "encoding.value.missing",
            Self::ValueFit { .. } => "encoding.value.misfit",
            Self::KeyMissing { .. } => "encoding.key.missing",
            Self::KeyVersionMissing { .. } => "encoding.key.version_missing",
            Self::KeyAway { .. } => "encoding.key.away",
            Self::VersionUnknown { .. } => "encoding.key.version_unknown",
            Self::NotKeysAlone { .. } => "encoding.rekey.differs",
            Self::KeyUnproved { .. } => "encoding.key.unproved",
            Self::VaultLocked => "encoding.vault.locked",
            Self::CardKind { .. } => "card.kind",
            Self::CardFull { .. } => "card.full",
            Self::CardForeign => "card.auth.foreign",
            Self::CardImpostor => "card.auth.impostor",
            Self::CardUsed { .. } => "card.used",
            Self::CardNotReceived => "card.stock.unknown",
            Self::CardNotOriginal => "card.originality",
            Self::UidHidden => "card.uid.hidden",
            Self::UidDiffers => "card.uid.differs",
            Self::OtherCard { .. } => "card.other",
            Self::Lost { .. } => "card.removed.writing",
            Self::Card { error, .. } => error.code(),
            Self::KeysLost { .. } => "card.keys.lost",
            Self::Mismatch { .. } => "card.read_back.differs",
            Self::Chip { error, .. } => error.code(),
            Self::Legic { error } => error.code(),
            Self::JournalForeign => "encoding.journal.foreign",
            Self::OutOfTurn => "encoding.event.out_of_turn",
        }
    }

    fn fault(&self) -> Fault {
        match self {
            Self::DescriptionLarge { .. }
            | Self::Unreadable { .. }
            | Self::Invalid { .. }
            | Self::ValueMissing { .. }
            | Self::ValueFit { .. }
            | Self::OtherCard { .. }
            | Self::Lost { .. } => Fault::Operator,
            Self::KeyMissing { .. }
            | Self::KeyVersionMissing { .. }
            | Self::KeyAway { .. }
            | Self::VersionUnknown { .. }
            | Self::NotKeysAlone { .. }
            | Self::KeyUnproved { .. }
            | Self::VaultLocked => Fault::Policy,
            Self::CardKind { .. }
            | Self::CardFull { .. }
            | Self::CardForeign
            | Self::CardImpostor
            | Self::CardUsed { .. }
            | Self::CardNotReceived
            | Self::CardNotOriginal
            | Self::UidHidden
            | Self::UidDiffers
            | Self::KeysLost { .. }
            | Self::Mismatch { .. } => Fault::Card,
            Self::Card { error, .. } => error.fault(),
            Self::Chip { error, .. } => error.fault(),
            Self::Legic { error } => error.fault(),
            Self::JournalForeign | Self::OutOfTurn => Fault::Us,
        }
    }

    fn helps(&self) -> Helps {
        match self {
            Self::Lost { .. } | Self::OtherCard { .. } => Helps::SameAgain,
            Self::KeyMissing { .. }
            | Self::KeyVersionMissing { .. }
            | Self::KeyAway { .. }
            | Self::VersionUnknown { .. }
            | Self::KeyUnproved { .. }
            | Self::VaultLocked
            | Self::ValueMissing { .. }
            | Self::ValueFit { .. } => Helps::Later,
            Self::Card { error, .. } => error.helps(),
            Self::Chip { error, .. } => error.helps(),
            Self::Legic { error } => error.helps(),
            Self::JournalForeign | Self::OutOfTurn => Helps::Never,
            _ => Helps::Another,
        }
    }

    fn details(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::DescriptionLarge { limit } => vec![("limit", limit.to_string())],
            Self::Unreadable { key, line, column, why } => vec![
                ("key", key.clone()),
                ("line", line.to_string()),
                ("column", column.to_string()),
                ("why", why.clone()),
            ],
            Self::Invalid { at, line, column, problem } => vec![
                ("at", at.clone()),
                ("line", line.to_string()),
                ("column", column.to_string()),
                ("why", problem.to_string()),
            ],
            Self::ValueMissing { file, field, value } => {
                vec![("file", file.to_string()), ("field", field.clone()), ("value", value.clone())]
            }
            Self::ValueFit { file, field, why } => {
                vec![("file", file.to_string()), ("field", field.clone()), ("why", why.to_string())]
            }
            Self::NotKeysAlone { at } => vec![("at", at.clone())],
            Self::KeyMissing { key } | Self::VersionUnknown { key } => vec![("key", key.clone())],
            Self::KeyVersionMissing { key, version }
            | Self::KeyAway { key, version }
            | Self::KeyUnproved { key, version } => {
                vec![("key", key.clone()), ("version", version.to_string())]
            }
            Self::CardKind { needed, found } => {
                vec![("needed", (*needed).to_owned()), ("found", (*found).to_owned())]
            }
            Self::CardFull { needed, free } => vec![("needed", needed.to_string()), ("free", free.to_string())],
            Self::CardUsed { applications } => vec![("applications", applications.to_string())],
            Self::OtherCard { expected, found } => vec![("expected", expected.clone()), ("found", found.clone())],
            Self::Lost { step, at, of } => step_details(step, *at, *of),
            Self::Card { step, at, of, error } => {
                let mut details = step_details(step, *at, *of);
                details.extend(error.details());
                details
            }
            Self::Chip { chip, error } => {
                let mut details = vec![("chip", (*chip).to_owned())];
                details.extend(error.details().into_iter().filter(|(name, _)| *name != "chip"));
                details
            }
            Self::Legic { error } => error.details(),
            Self::KeysLost { aid, key_no } => vec![("application", aid.clone()), ("key", key_no.to_string())],
            Self::Mismatch { aid, file, field } => {
                vec![("application", aid.clone()), ("file", file.to_string()), ("field", field.clone())]
            }
            Self::VaultLocked
            | Self::CardForeign
            | Self::CardImpostor
            | Self::CardNotReceived
            | Self::CardNotOriginal
            | Self::UidHidden
            | Self::UidDiffers
            | Self::JournalForeign
            | Self::OutOfTurn => Vec::new(),
        }
    }
}

fn step_details(step: &str, at: usize, of: usize) -> Vec<(&'static str, String)> {
    vec![("step", step.to_owned()), ("at", at.to_string()), ("of", of.to_string())]
}

/// Line and column, both from 1, of a byte in a text.
pub(crate) fn place(text: &str, offset: usize) -> (u32, u32) {
    let before = text.get(..offset).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    (u32::try_from(line).unwrap_or(u32::MAX), u32::try_from(column).unwrap_or(u32::MAX))
}
