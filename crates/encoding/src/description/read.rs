//! The TOML form, word for word: unknown keys are errors, and every value knows where it stands in the file.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

use super::{Align, Charset, ChipKind, Cipher, Coding, DateForm, LegicKind};
use crate::EncodingError;
use crate::error::place;

/// The longest description, in bytes.
const LIMIT: usize = 1 << 18;

/// A value and where it stands.
pub(super) type At<T> = Spanned<T>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EncodingText {
    pub lanyard_encoding: At<i64>,
    pub id: At<String>,
    pub system: Option<At<String>>,
    pub names: NamesText,
    pub card: At<CardText>,
    #[serde(rename = "application", default)]
    pub applications: Vec<At<ApplicationText>>,
    #[serde(rename = "chip", default)]
    pub chips: Vec<At<ChipText>>,
    #[serde(rename = "legic", default)]
    pub segments: Vec<At<SegmentText>>,
    #[serde(rename = "accept", default)]
    pub accepted: Vec<At<AcceptText>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ChipText {
    pub kind: At<ChipKind>,
    pub answers_as: At<AnswersAsText>,
    pub facility: Option<At<PartSourceText>>,
    pub number: At<PartSourceText>,
    pub password: Option<At<KeyText>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SegmentText {
    pub stamp: At<String>,
    pub family: At<LegicKind>,
    pub length: At<u16>,
    pub fill: Option<At<u8>>,
    #[serde(rename = "field", default)]
    pub fields: Vec<At<FieldText>>,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "snake_case")]
pub(super) enum AnswersAsText {
    Em4100,
    Wiegand26,
    Wiegand34,
    Wiegand35,
    Wiegand37,
    Wiegand37Long,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NamesText {
    pub en: At<String>,
    pub fr: At<String>,
    pub de: At<String>,
    pub sv: At<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AcceptText {
    pub finding: At<String>,
    pub at: Option<At<String>>,
    pub by: At<String>,
    pub reason: At<String>,
    pub until: At<toml::value::Datetime>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CardText {
    pub family: At<FamilyText>,
    #[serde(default)]
    pub free_bytes: u32,
    pub master_key: At<KeyText>,
    pub transport_key: Option<At<KeyText>>,
    pub default_key: Option<At<KeyText>>,
    pub settings: Option<At<CardSettingsText>>,
    #[serde(default)]
    pub random_uid: bool,
    #[serde(default)]
    pub format_off: bool,
    pub only_ev2: Option<At<bool>>,
    #[serde(default)]
    pub stock: bool,
    pub originality: Option<OriginalityText>,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "snake_case")]
pub(super) enum OriginalityText {
    Required,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "snake_case")]
pub(super) enum FamilyText {
    Ev1,
    Ev2,
    Ev3,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CardSettingsText {
    pub settings_changeable: bool,
    pub list_free: bool,
    pub create_free: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct KeyText {
    pub key: At<String>,
    pub diversify: Option<At<Vec<PartText>>>,
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
    pub aid: At<String>,
    pub names: Option<NamesText>,
    pub iso: Option<IsoText>,
    pub cipher: Option<At<Cipher>>,
    pub settings: At<SettingsText>,
    #[serde(rename = "key")]
    pub keys: Vec<At<ApplicationKeyText>>,
    #[serde(rename = "file", default)]
    pub files: Vec<At<FileText>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct IsoText {
    pub file_id: At<u16>,
    pub name: Option<At<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SettingsText {
    pub master_changeable: At<bool>,
    pub settings_changeable: bool,
    pub list_free: bool,
    pub create_free: bool,
    pub change_keys: At<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ApplicationKeyText {
    pub number: At<u8>,
    pub role: At<String>,
    pub key: At<String>,
    pub diversify: Option<At<Vec<PartText>>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FileText {
    pub number: At<u8>,
    pub kind: Option<At<FileKindText>>,
    pub iso_file_id: Option<At<u16>>,
    pub size: Option<At<u32>>,
    pub records: Option<At<u32>>,
    pub value: Option<At<ValueText>>,
    pub key: Option<At<KeyText>>,
    pub mode: At<ModeText>,
    pub access: At<AccessText>,
    pub fill: Option<At<u8>>,
    #[serde(rename = "field", default)]
    pub fields: Vec<At<FieldText>>,
}

#[derive(Deserialize, Clone, Copy, Default, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub(super) enum FileKindText {
    #[default]
    Standard,
    Backup,
    Value,
    Linear,
    Cyclic,
    TransactionMac,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ValueText {
    pub lower: At<i32>,
    pub upper: At<i32>,
    pub start: At<i32>,
    #[serde(default)]
    pub limited_credit: bool,
    #[serde(default)]
    pub free: bool,
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
    pub read: At<String>,
    pub write: At<String>,
    pub read_write: At<String>,
    pub change: At<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FieldText {
    pub name: At<String>,
    pub offset: At<u32>,
    pub length: At<u32>,
    #[serde(rename = "type")]
    pub kind: KindText,
    pub from: Option<At<String>>,
    pub constant: Option<At<ConstantText>>,
    pub hex: Option<At<String>>,
    pub coding: Option<At<Coding>>,
    pub fill: Option<At<u8>>,
    pub charset: Option<At<Charset>>,
    pub align: Option<At<Align>>,
    pub form: Option<At<DateForm>>,
    pub facility: Option<At<PartSourceText>>,
    pub number: Option<At<PartSourceText>>,
    pub bits: Option<At<String>>,
    pub parity: Option<At<Vec<ParityText>>>,
    pub values: Option<At<BTreeMap<String, At<PartSourceText>>>>,
}

#[derive(Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub(super) enum KindText {
    Text,
    Number,
    Date,
    Bytes,
    Bits,
    CardRecord,
    Wiegand26,
    Wiegand34,
    Wiegand35,
    Wiegand37,
    Wiegand37Long,
    Wiegand48,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ParityText {
    pub bit: u8,
    pub is: ParityIsText,
    pub over: String,
}

#[derive(Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub(super) enum ParityIsText {
    Even,
    Odd,
}

#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum ConstantText {
    Int(u64),
    Text(String),
}

/// A number: a figure, or the name of a value.
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
        let why = error.message().lines().next().unwrap_or_default().to_owned();
        let key = named(text, span, &why).chars().take(60).collect();
        EncodingError::Unreadable { key, line, column, why }
    })
}

/// The key that an error is about: the one that is missing, the one before the `=` of a value, or what stands there.
fn named<'t>(text: &'t str, span: std::ops::Range<usize>, why: &'t str) -> &'t str {
    if let Some(missing) = why.strip_prefix("missing field `") {
        return missing.trim_end_matches('`');
    }
    let before = text.get(..span.start).unwrap_or_default().trim_end_matches([' ', '\t']);
    let key = before.strip_suffix('=').map(|before| before.trim_end().rsplit([' ', '\n', '{', ',']).next());
    match key {
        Some(Some(key)) if !key.is_empty() => key,
        _ => text.get(span).unwrap_or_default().lines().next().unwrap_or_default(),
    }
}
