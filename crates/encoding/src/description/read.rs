//! The TOML form, word for word: unknown keys are errors, and every table knows where it stands in the file.

use serde::Deserialize;
use toml::Spanned;

use crate::EncodingError;
use crate::error::place;

/// The longest description, in bytes.
const LIMIT: usize = 1 << 18;

/// A table and where it begins.
pub(super) type At<T> = Spanned<T>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EncodingText {
    pub lanyard_encoding: Spanned<i64>,
    pub id: Spanned<String>,
    pub system: Option<Spanned<String>>,
    pub names: NamesText,
    pub card: Spanned<CardText>,
    #[serde(rename = "application")]
    pub applications: Vec<At<ApplicationText>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NamesText {
    pub en: String,
    pub fr: String,
    pub de: String,
    pub sv: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CardText {
    pub family: FamilyText,
    #[serde(default)]
    pub free_bytes: u32,
    pub master_key: At<KeyText>,
    pub transport_key: Option<At<KeyText>>,
    pub default_key: Option<At<KeyText>>,
    #[serde(default)]
    pub random_uid: bool,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "snake_case")]
pub(super) enum FamilyText {
    Ev2,
    Ev3,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct KeyText {
    pub key: String,
    #[serde(default)]
    pub diversify: Vec<PartText>,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "snake_case")]
pub(super) enum PartText {
    Uid,
    Aid,
    KeyNumber,
    System,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ApplicationText {
    pub aid: Spanned<String>,
    pub iso: Option<At<IsoText>>,
    pub settings: At<SettingsText>,
    #[serde(rename = "key")]
    pub keys: Vec<At<ApplicationKeyText>>,
    #[serde(rename = "file", default)]
    pub files: Vec<At<FileText>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct IsoText {
    pub file_id: u16,
    #[serde(default)]
    pub name: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SettingsText {
    pub master_changeable: bool,
    pub settings_changeable: bool,
    pub list_free: bool,
    pub create_free: bool,
    pub change_keys: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ApplicationKeyText {
    pub number: u8,
    pub role: String,
    pub key: String,
    #[serde(default)]
    pub diversify: Vec<PartText>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FileText {
    pub number: u8,
    pub iso_file_id: Option<u16>,
    pub size: u32,
    pub mode: ModeText,
    pub access: At<AccessText>,
    #[serde(default)]
    pub fill: u8,
    #[serde(rename = "field", default)]
    pub fields: Vec<At<FieldText>>,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "snake_case")]
pub(super) enum ModeText {
    Plain,
    Mac,
    Full,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AccessText {
    pub read: String,
    pub write: String,
    pub read_write: String,
    pub change: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FieldText {
    pub name: String,
    pub offset: u32,
    pub length: u32,
    #[serde(rename = "type")]
    pub kind: KindText,
    pub from: Option<String>,
    pub constant: Option<ConstantText>,
    pub hex: Option<String>,
    pub coding: Option<CodingText>,
    pub fill: Option<u8>,
    pub facility: Option<PartSourceText>,
    pub number: Option<PartSourceText>,
}

#[derive(Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub(super) enum KindText {
    Text,
    Number,
    Bytes,
    CardRecord,
    Wiegand26,
    Wiegand34,
    Wiegand37,
    Wiegand37Long,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "snake_case")]
pub(super) enum CodingText {
    Big,
    Little,
    Bcd,
}

#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum ConstantText {
    Int(u64),
    Text(String),
}

/// A facility code or card number: a figure, or the name of a value.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum PartSourceText {
    Int(u64),
    From(String),
}

pub(super) fn read(text: &str) -> Result<EncodingText, EncodingError> {
    if text.len() > LIMIT {
        return Err(EncodingError::DescriptionLarge { limit: LIMIT });
    }
    toml::from_str(text).map_err(|error| {
        let span = error.span().unwrap_or_default();
        let (line, column) = place(text, span.start);
        let key = text.get(span).unwrap_or_default().lines().next().unwrap_or_default();
        let why = error.message().lines().next().unwrap_or_default().to_owned();
        EncodingError::Unreadable { key: key.chars().take(60).collect(), line, column, why }
    })
}
