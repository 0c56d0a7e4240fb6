//! What an office wants on its cards: applications, keys by name, files, and where each value comes from.
//!
//! An [`Encoding`] has passed every check that can be made without a card, a vault or a person.

mod check;
mod file;
mod read;
mod segment;

use std::collections::BTreeMap;

use lanyard_desfire::{Aid, Family, KeyNo, KeySettings};
use lanyard_formats::Wiegand;
use serde::{Deserialize, Serialize};

pub use file::{
    Align, Charset, Coding, Content, DateForm, Field, File, FileKind, ParityText, Setting, Source, ValueRules,
};
pub use segment::{LegicKind, Segment};

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
    /// LEGIC segments on the same badge.
    pub segments: Vec<Segment>,
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
    /// A blank whose UID is not in received stock is refused, before any key is used.
    pub stock: bool,
    /// A blank is refused whose UID its maker did not sign, before any key is used.
    pub originality: bool,
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
    /// What its keys are for.
    pub cipher: Cipher,
    /// First settings byte.
    pub settings: KeySettings,
    /// Keys 0, 1, 2 … without gaps.
    pub keys: Vec<ApplicationKey>,
    /// Its files.
    pub files: Vec<File>,
}

/// What the keys of an application are for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cipher {
    /// AES-128.
    #[default]
    Aes,
    /// Triple DES with keys of sixteen bytes, for readers that know nothing newer; in the secure messaging of EV1.
    #[serde(rename = "2k3des")]
    TwoKeyTripleDes,
}

impl Cipher {
    /// As in descriptions.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Aes => "aes",
            Self::TwoKeyTripleDes => "2k3des",
        }
    }

    pub(crate) fn is_aes(&self) -> bool {
        *self == Self::Aes
    }
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
        let fields = fields.chain(self.segments.iter().flat_map(|segment| &segment.fields));
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
        let files = self.applications.iter().flat_map(|application| &application.files);
        let of_chips = self.chips.iter().filter_map(|chip| chip.password.as_ref());
        own.chain(of_applications).chain(files.filter_map(|file| file.kind.key())).chain(of_chips).collect()
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
