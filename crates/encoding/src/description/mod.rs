//! What an office wants on its cards: applications, keys by name, files, and where each value comes from.
//!
//! An [`Encoding`] has passed every check that can be made without a card, a vault or a person.

mod check;
mod read;

use std::collections::BTreeMap;

use lanyard_desfire::{AccessRights, Aid, CommMode, Family, FileKind, FileNo, KeyNo, KeySettings};
use lanyard_formats::Wiegand;
use serde::{Deserialize, Serialize};

use crate::Date;

/// A checked description.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Encoding {
    /// Its name in commands and in the history.
    pub id: String,
    /// What people call it: English, French, German, Swedish.
    pub names: [String; 4],
    /// What a card must be.
    pub card: CardRules,
    /// What is put onto it, in this order. None where the doors read nothing but the UID.
    pub applications: Vec<Application>,
    /// 125 kHz chips on the same badge.
    pub chips: Vec<Chip>,
    /// Risks that somebody has put their name to.
    pub accepted: Vec<Acceptance>,
    places: BTreeMap<String, Place>,
}

/// A 125 kHz chip on the badge, which is read beside the card: for doors that know nothing else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chip {
    /// Which.
    pub kind: ChipKind,
    /// What it answers.
    pub content: ChipContent,
    /// What it wants before it is changed, four bytes of this key; nothing where absent.
    pub password: Option<KeySpec>,
}

/// A chip that can be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ChipKind {
    /// T5577, ATA5577.
    T5577,
    /// EM4205, EM4305.
    Em4305,
}

/// What a chip answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChipContent {
    /// As an EM4100: 40 bits.
    Em4100 {
        /// Its number.
        number: Source,
    },
    /// As a HID Prox card: a Wiegand number.
    Prox {
        /// Its format.
        format: Wiegand,
        /// Facility code; the number 0 in a format without one.
        facility: Source,
        /// Card number.
        number: Source,
    },
}

impl Chip {
    /// Where it stands in findings and places: `chip t5577`.
    #[must_use]
    pub fn at(&self) -> String {
        format!("chip {}", self.kind.word())
    }

    /// Where its values come from.
    pub(crate) fn sources(&self) -> Vec<&Source> {
        match &self.content {
            ChipContent::Em4100 { number } => vec![number],
            ChipContent::Prox { facility, number, .. } => vec![facility, number],
        }
    }
}

impl ChipKind {
    /// As in descriptions.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::T5577 => "t5577",
            Self::Em4305 => "em4305",
        }
    }
}

/// Line and column in the description's text, both from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// From 1.
    pub line: u32,
    /// From 1, in characters.
    pub column: u32,
}

/// A finding of [`crate::lint`] that somebody takes upon themselves, until a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acceptance {
    /// The finding's code.
    pub finding: String,
    /// Where ([`Encoding::place`]); everywhere if absent.
    pub at: Option<String>,
    /// Who.
    pub by: String,
    /// Why.
    pub reason: String,
    /// The last day on which it counts.
    pub until: Date,
}

/// What a card must be, and what is done on its own level.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CardRules {
    /// At least this generation.
    pub family: Family,
    /// So many bytes must be free.
    pub free_bytes: u32,
    /// The card's master key, AES.
    pub master: KeySpec,
    /// The DES key that blanks come with; all zero where absent. Two-key triple DES, 16 bytes.
    pub transport: Option<KeySpec>,
    /// The key that new applications start with, so that none of their keys travels under a known one.
    pub default: Option<KeySpec>,
    /// Card level settings; as delivered where absent.
    pub settings: Option<KeySettings>,
    /// The card shows a random UID from then on. Cannot be undone.
    pub random_uid: bool,
    /// The card refuses FormatPICC from then on. Cannot be undone.
    pub format_off: bool,
    /// The card refuses the secure messaging of earlier generations from then on. Cannot be undone here.
    pub only_ev2: bool,
}

/// A key in the vault, and how a card's own key is made of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeySpec {
    /// Its name in the vault.
    pub name: String,
    /// Parts of the diversification input in their order; empty for a key that is the same on every card.
    pub input: Vec<InputPart>,
}

/// A part of the diversification input (AN10922 §2.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InputPart {
    /// The card's real UID.
    Uid,
    /// The application, in wire order (least significant byte first).
    Aid,
    /// The key's number, one byte.
    KeyNumber,
    /// The description's own constant.
    System(Vec<u8>),
}

/// One application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Application {
    /// Its identifier.
    pub aid: Aid,
    /// What people call it: English, French, German, Swedish.
    pub names: Option<[String; 4]>,
    /// File identifier and name under which ISO 7816-4 SELECT finds it.
    pub iso: Option<IsoIds>,
    /// First settings byte.
    pub settings: KeySettings,
    /// Keys 0, 1, 2 … without gaps.
    pub keys: Vec<ApplicationKey>,
    /// Its files.
    pub files: Vec<File>,
}

/// ISO 7816-4 names of an application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IsoIds {
    /// File identifier.
    pub file_id: u16,
    /// DF name, 1 to 16 bytes; may be absent.
    pub name: Vec<u8>,
}

/// A key of an application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApplicationKey {
    /// Its number.
    pub number: KeyNo,
    /// The word by which access rights name it.
    pub role: String,
    /// Which key it is.
    pub spec: KeySpec,
}

/// A data file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Its number.
    pub number: FileNo,
    /// Written at once, or kept back until it is committed.
    pub kind: FileKind,
    /// ISO 7816-4 file identifier; there where the application has ISO names.
    pub iso_file_id: Option<u16>,
    /// In bytes.
    pub size: u32,
    /// How its data travels.
    pub mode: CommMode,
    /// Who may do what.
    pub rights: AccessRights,
    /// What stands where no field is.
    pub fill: u8,
    /// What it holds, by offset.
    pub fields: Vec<Field>,
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

impl Encoding {
    /// Reads and checks a description.
    ///
    /// # Errors
    /// [`crate::EncodingError::Unreadable`] and [`crate::EncodingError::Invalid`], with line and column.
    pub fn parse(text: &str) -> Result<Self, crate::EncodingError> {
        Self::examine(text).map_err(|mut errors| errors.swap_remove(0))
    }

    /// As [`Encoding::parse`], but with everything that is wrong, in the order of the text.
    ///
    /// # Errors
    /// One or more of the same.
    pub fn examine(text: &str) -> Result<Self, Vec<crate::EncodingError>> {
        check::encoding(text, read::read(text).map_err(|error| vec![error])?)
    }

    /// Where something stands in the text it was read from: `card`, `application 4C5901, file 1, field wiegand26`.
    #[must_use]
    pub fn place(&self, at: &str) -> Option<Place> {
        self.places.get(at).copied()
    }

    /// The names of all values that [`crate::plan`] will ask for.
    #[must_use]
    pub fn values(&self) -> Vec<&str> {
        let fields = self.applications.iter().flat_map(|application| &application.files).flat_map(|file| &file.fields);
        let of_chips = self.chips.iter().flat_map(Chip::sources).filter_map(Source::name);
        let mut names: Vec<_> = fields.flat_map(|field| field.content.names()).chain(of_chips).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// Every key that the description names, so that a vault can be checked, or filled, before a card is touched.
    #[must_use]
    pub fn keys(&self) -> Vec<&KeySpec> {
        let card = &self.card;
        let own = [Some(&card.master), card.transport.as_ref(), card.default.as_ref()].into_iter().flatten();
        let of_applications = self.applications.iter().flat_map(|application| &application.keys).map(|key| &key.spec);
        let of_chips = self.chips.iter().filter_map(|chip| chip.password.as_ref());
        own.chain(of_applications).chain(of_chips).collect()
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

impl KeySpec {
    /// The diversification input for one card; `None` for a key that is not diversified.
    #[must_use]
    pub fn input(&self, uid: &[u8], aid: Aid, key: KeyNo) -> Option<Vec<u8>> {
        if self.input.is_empty() {
            return None;
        }
        let mut out = Vec::with_capacity(31);
        for part in &self.input {
            match part {
                InputPart::Uid => out.extend_from_slice(uid),
                InputPart::Aid => out.extend_from_slice(&aid.0),
                InputPart::KeyNumber => out.push(key.get()),
                InputPart::System(system) => out.extend_from_slice(system),
            }
        }
        Some(out)
    }
}
