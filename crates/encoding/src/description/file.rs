//! Files of an application: what each is, its fields, and where their values come from.

use std::collections::BTreeMap;

use lanyard_desfire::{AccessRights, CommMode, FileNo};
use lanyard_formats::Wiegand;
use serde::{Deserialize, Serialize};

use super::KeySpec;

/// A file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Its number.
    pub number: FileNo,
    /// What it is.
    pub kind: FileKind,
    /// ISO 7816-4 file identifier; there where the application has ISO names and the kind of file can have one.
    pub iso_file_id: Option<u16>,
    /// What one read gives, in bytes: all of a data file, a record, a value.
    pub size: u32,
    /// How its data travels.
    pub mode: CommMode,
    /// Who may do what.
    pub rights: AccessRights,
    /// What stands where no field is.
    pub fill: u8,
    /// What it holds, by offset; of a record file its first record.
    pub fields: Vec<Field>,
}

/// What a file is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// Data, written at once.
    Standard,
    /// Data, kept back until it is committed.
    Backup,
    /// A number that is debited and credited.
    Value(ValueRules),
    /// Records, the oldest first.
    Records {
        /// When full, the oldest is overwritten. One of `count` is always the one being written.
        cyclic: bool,
        /// How many.
        count: u32,
    },
    /// What proves a transaction to whoever has this key.
    TransactionMac(KeySpec),
}

/// A value and its limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ValueRules {
    /// Lowest.
    pub lower: i32,
    /// Highest.
    pub upper: i32,
    /// At first.
    pub start: i32,
    /// What was debited may be given back without the right to credit.
    pub limited_credit: bool,
    /// Anyone may read it.
    pub free: bool,
}

impl FileKind {
    /// As in descriptions.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Standard => "standard",
            Self::Backup => "backup",
            Self::Value(_) => "value",
            Self::Records { cyclic: false, .. } => "linear",
            Self::Records { cyclic: true, .. } => "cyclic",
            Self::TransactionMac(_) => "transaction_mac",
        }
    }

    /// Whether tills and doors change it in the holder's hand, so that it is not held against what was written at issue.
    pub(crate) fn lives(&self) -> bool {
        matches!(self, Self::Value(_) | Self::Records { .. } | Self::TransactionMac(_))
    }

    /// The key that it holds, if any.
    pub(crate) fn key(&self) -> Option<&KeySpec> {
        if let Self::TransactionMac(key) = self { Some(key) } else { None }
    }
}

/// A value in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Unique in its file; named when a value does not fit or does not come back.
    pub name: String,
    /// From the start of the file, in bytes.
    pub offset: u32,
    /// In bytes.
    pub length: u32,
    /// What it is and where it comes from.
    pub content: Content,
}

/// What a field holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// Text, the rest filled with this byte.
    Text {
        /// Where it comes from.
        source: Source,
        /// Where no text is.
        fill: u8,
        /// Its bytes.
        charset: Charset,
        /// On which side it stands.
        align: Align,
    },
    /// An unsigned whole number.
    Number {
        /// Where it comes from.
        source: Source,
        /// Its digits or bits.
        coding: Coding,
    },
    /// A day.
    Date {
        /// Where it comes from: text `2026-11-24`, or days after 1970-01-01.
        source: Source,
        /// What of it stands there.
        form: DateForm,
        /// Its digits or bits.
        coding: Coding,
    },
    /// A card number with parity.
    Wiegand {
        /// Its format.
        format: Wiegand,
        /// Facility code; the number 0 in a format without one.
        facility: Source,
        /// Card number.
        number: Source,
        /// How the bits stand in the field.
        setting: Setting,
    },
    /// Bits as the office draws them ([`lanyard_formats::BitLayout`]).
    Bits {
        /// The picture.
        bits: String,
        /// Its parity bits.
        parity: Vec<ParityText>,
        /// Where each letter's value comes from.
        values: BTreeMap<char, Source>,
        /// How the bits stand in the field.
        setting: Setting,
    },
    /// Bytes of exactly the field's length.
    Bytes {
        /// Where they come from.
        source: Source,
    },
}

/// A parity bit as it is drawn: [`lanyard_formats::ParityPicture`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ParityText {
    /// Which bit, from 0.
    pub bit: u8,
    /// Odd or even.
    pub odd: bool,
    /// What it covers.
    pub over: String,
}

/// The bytes of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Charset {
    /// One to four bytes a character.
    #[serde(rename = "utf-8")]
    Utf8,
    /// One byte a character; nothing but ASCII.
    #[serde(rename = "ascii")]
    Ascii,
    /// ISO 8859-1: one byte a character.
    #[serde(rename = "latin-1")]
    Latin1,
}

/// On which side something shorter than its field stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Align {
    /// At the field's first byte or bit.
    Left,
    /// At its last.
    Right,
}

/// How bits stand in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Setting {
    /// Zero bits before or behind.
    pub align: Align,
    /// The bytes turned round.
    pub little: bool,
}

impl Setting {
    /// As data files mostly hold them: right-justified, most significant byte first.
    pub const USUAL: Self = Self { align: Align::Right, little: false };
}

/// How a number is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Coding {
    /// Most significant byte first.
    Big,
    /// Least significant byte first.
    Little,
    /// Two decimal digits a byte, most significant first.
    Bcd,
    /// Two decimal digits a byte, the bytes turned round.
    BcdLittle,
    /// An ASCII digit a byte, zeros before.
    Digits,
}

/// What of a day stands on the card.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DateForm {
    /// 20261124.
    Yyyymmdd,
    /// 261124, of the years 2000 to 2099.
    Yymmdd,
    /// 24112026.
    Ddmmyyyy,
    /// 241126, of the years 2000 to 2099.
    Ddmmyy,
    /// Days after 1970-01-01.
    Days,
}

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// The same on every card.
    Text(String),
    /// The same on every card.
    Int(u64),
    /// The same on every card.
    Bytes(Vec<u8>),
    /// A value of this name that the caller gives: `person.staff_number`, `card.number`.
    Value(String),
}

impl Source {
    /// The value's name, where it is one.
    pub(crate) fn name(&self) -> Option<&str> {
        if let Self::Value(name) = self { Some(name) } else { None }
    }
}

impl Content {
    /// Names of the values that go into it.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.sources().into_iter().filter_map(Source::name)
    }

    /// Where its values come from.
    #[must_use]
    pub fn sources(&self) -> Vec<&Source> {
        match self {
            Self::Text { source, .. }
            | Self::Number { source, .. }
            | Self::Date { source, .. }
            | Self::Bytes { source } => vec![source],
            Self::Wiegand { facility, number, .. } => vec![facility, number],
            Self::Bits { values, .. } => values.values().collect(),
        }
    }
}
