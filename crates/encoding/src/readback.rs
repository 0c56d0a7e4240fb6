//! What was read from a card: the form of `card.json`.

use serde::{Deserialize, Serialize};

use crate::EncodingError;
use crate::form::FieldValue;
use crate::step::{Bytes, FieldPlan};

/// Everything that was read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReadBack {
    /// The description's id.
    pub encoding: String,
    /// The card's real UID, in hex.
    #[serde(with = "hex::serde")]
    pub uid: [u8; 7],
    /// By application, in the order of reading.
    pub applications: Vec<ApplicationRead>,
}

/// What was read of one application.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApplicationRead {
    /// Six hex digits.
    pub aid: String,
    /// By file.
    pub files: Vec<FileRead>,
}

/// What was read of one file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileRead {
    /// Its number.
    pub number: u8,
    /// With which key; absent where anyone may read.
    pub key: Option<u8>,
    /// The whole content.
    pub data: Bytes,
    /// Its fields, by offset.
    pub fields: Vec<FieldRead>,
}

/// One field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FieldRead {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: FieldValue,
}

impl ReadBack {
    pub(crate) fn push(&mut self, aid: String, file: FileRead) {
        match self.applications.iter_mut().find(|application| application.aid == aid) {
            Some(application) => application.files.push(file),
            None => self.applications.push(ApplicationRead { aid, files: vec![file] }),
        }
    }

    /// The value of a field, if it was read.
    #[must_use]
    pub fn field(&self, aid: &str, file: u8, name: &str) -> Option<&FieldValue> {
        let application = self.applications.iter().find(|application| application.aid == aid)?;
        let file = application.files.iter().find(|read| read.number == file)?;
        file.fields.iter().find(|field| field.name == name).map(|field| &field.value)
    }
}

impl FileRead {
    pub(crate) fn new(number: u8, key: Option<u8>, data: Vec<u8>, fields: &[FieldPlan]) -> Self {
        let fields = fields.iter().filter_map(|field| {
            let start = field.offset as usize;
            let bytes = data.get(start..start.checked_add(field.length as usize)?)?;
            Some(FieldRead { name: field.name.clone(), value: field.form.read(bytes) })
        });
        let fields = fields.collect();
        Self { number, key, data: Bytes(data), fields }
    }
}

/// Compares, and names the first field that differs.
pub(crate) fn compare(
    aid: &str,
    file: u8,
    fields: &[FieldPlan],
    expected: &[u8],
    found: &[u8],
) -> Result<(), EncodingError> {
    compare_in(fields, expected, found).map_err(|field| EncodingError::Mismatch {
        aid: aid.to_owned(),
        file,
        field: field.to_owned(),
    })
}

/// As [`compare`], with nothing but the field's name.
pub(crate) fn compare_in<'f>(fields: &'f [FieldPlan], expected: &[u8], found: &[u8]) -> Result<(), &'f str> {
    if expected == found {
        return Ok(());
    }
    let differs = |field: &&FieldPlan| {
        let range = field.offset as usize..(field.offset as usize).saturating_add(field.length as usize);
        expected.get(range.clone()) != found.get(range)
    };
    Err(fields.iter().find(differs).map_or("outside of any field", |field| field.name.as_str()))
}
