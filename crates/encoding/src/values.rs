//! What is known of person and card, put into the bytes of a file.

use std::collections::BTreeMap;

use lanyard_formats::CardNumber;
use lanyard_model::Value;

use crate::description::{Align, Chip, Content, Encoding, Field, File, FileKind, Segment, Source};
use crate::error::Misfit;
use crate::form::layout;
use crate::{Date, EncodingError};

/// What the caller knows of person and card, by name: `card.number`, `person.staff_number`, [`crate::CARD_RECORD`].
/// `Debug` shows the names alone.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Values(BTreeMap<String, Value>);

impl std::fmt::Debug for Values {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.0.keys()).finish()
    }
}

impl Values {
    /// None yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// With one more; a second one of the same name replaces the first.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.set(name, value);
        self
    }

    /// Made-up ones that fill every field of an encoding to its end.
    #[must_use]
    pub fn sample(encoding: &Encoding) -> Self {
        let mut values = Self::new();
        let files = encoding.applications.iter().flat_map(|application| &application.files);
        let in_files = files.flat_map(|file| &file.fields);
        let fields: Vec<&Field> = in_files.chain(encoding.segments.iter().flat_map(|of| &of.fields)).collect();
        // What stands as a number somewhere is digits everywhere.
        for numbers in [true, false] {
            for field in &fields {
                let value = match &field.content {
                    Content::Number { .. } | Content::Wiegand { .. } | Content::Bits { .. } => Value::from("1"),
                    _ if numbers => continue,
                    Content::Text { .. } => Value::Text("x".repeat(field.length as usize)),
                    Content::Bytes { .. } => Value::Bytes(vec![0xFF; field.length as usize]),
                    Content::Date { .. } => Value::from("2030-12-31"),
                };
                for name in field.content.names() {
                    values.0.entry(name.to_owned()).or_insert_with(|| value.clone());
                }
            }
        }
        for name in encoding.chips.iter().flat_map(Chip::sources).filter_map(Source::name) {
            values.0.entry(name.to_owned()).or_insert_with(|| Value::from("1"));
        }
        values
    }

    /// One more.
    pub fn set(&mut self, name: &str, value: impl Into<Value>) {
        self.0.insert(name.to_owned(), value.into());
    }
}

impl Field {
    /// Where nothing but constants goes in: whether they fit.
    pub(crate) fn constant_fits(&self) -> Result<(), Misfit> {
        match self.bytes(&Values::new()) {
            Ok(_) | Err(Unfit::Missing(_)) => Ok(()),
            Err(Unfit::Misfit(why)) => Err(why),
        }
    }

    fn bytes(&self, values: &Values) -> Result<Vec<u8>, Unfit> {
        let most = self.length;
        let length = most as usize;
        match &self.content {
            Content::Text { source, fill, charset, align } => {
                let Value::Text(text) = values.get(source)? else {
                    return Err(Misfit::Type { expected: "text" }.into());
                };
                let text = charset.bytes(&text).ok_or(Misfit::Charset)?;
                let room = length.checked_sub(text.len()).ok_or(Misfit::Long { most })?;
                let filled = vec![*fill; room];
                Ok(match align {
                    Align::Left => [text, filled].concat(),
                    Align::Right => [filled, text].concat(),
                })
            }
            Content::Number { source, coding } => {
                let number = values.number(source)?;
                coding.write(number, length).ok_or(Unfit::Misfit(Misfit::Long { most }))
            }
            Content::Date { source, form, coding } => {
                let number = form.number(values.date(source)?).ok_or(Misfit::Year)?;
                coding.write(number, length).ok_or(Unfit::Misfit(Misfit::Long { most }))
            }
            Content::Wiegand { format, facility, number, setting } => {
                let card = CardNumber { facility: values.number(facility)?, number: values.number(number)? };
                let bits = format.encode(card).map_err(Misfit::Format)?;
                Ok(setting.write(bits, length).map_err(Misfit::Format)?)
            }
            Content::Bits { bits, parity, values: sources, setting } => {
                let layout = layout(bits, parity).map_err(Misfit::Format)?;
                let mut numbers = BTreeMap::new();
                for (letter, source) in sources {
                    numbers.insert(*letter, values.number(source)?);
                }
                let bits = layout.encode(|letter| numbers.get(&letter).copied()).map_err(Misfit::Format)?;
                Ok(setting.write(bits, length).map_err(Misfit::Format)?)
            }
            Content::Bytes { source } => match values.get(source)? {
                Value::Bytes(bytes) if bytes.len() == length => Ok(bytes),
                Value::Bytes(_) => Err(Misfit::Length { exactly: most }.into()),
                _ => Err(Misfit::Type { expected: "bytes" }.into()),
            },
        }
    }
}

impl File {
    /// The file's whole content.
    pub(crate) fn content(&self, values: &Values) -> Result<Vec<u8>, EncodingError> {
        if let FileKind::Value(value) = &self.kind {
            return Ok(value.start.to_le_bytes().to_vec());
        }
        let out = vec![self.fill; self.size as usize];
        filled(out, &self.fields, values, |name| (self.number.get(), name.to_owned()))
    }
}

impl Segment {
    /// The whole segment, its stamp first.
    pub(crate) fn content(&self, values: &Values) -> Result<Vec<u8>, EncodingError> {
        let mut out = self.stamp.clone();
        out.resize(usize::from(self.length), self.fill);
        filled(out, &self.fields, values, |name| (0, format!("{}, {name}", self.at())))
    }
}

/// With every field in its place; `at` is the file's number and the name that an error has.
fn filled(
    mut out: Vec<u8>,
    fields: &[Field],
    values: &Values,
    at: impl Fn(&str) -> (u8, String),
) -> Result<Vec<u8>, EncodingError> {
    for of in fields {
        let bytes = of.bytes(values).map_err(|unfit| {
            let (file, field) = at(&of.name);
            match unfit {
                Unfit::Missing(value) => EncodingError::ValueMissing { file, field, value },
                Unfit::Misfit(why) => EncodingError::ValueFit { file, field, why },
            }
        })?;
        // Within it: checked when the description was read.
        let start = of.offset as usize;
        out.splice(start..start + bytes.len(), bytes);
    }
    Ok(out)
}

/// Why a field has no bytes yet.
pub(crate) enum Unfit {
    Missing(String),
    Misfit(Misfit),
}

impl From<Misfit> for Unfit {
    fn from(why: Misfit) -> Self {
        Self::Misfit(why)
    }
}

impl Values {
    fn get(&self, source: &Source) -> Result<Value, Unfit> {
        match source {
            Source::Text(text) => Ok(Value::Text(text.clone())),
            Source::Int(int) => i64::try_from(*int).map(Value::Int).map_err(|_| Misfit::Long { most: 8 }.into()),
            Source::Bytes(bytes) => Ok(Value::Bytes(bytes.clone())),
            Source::Value(name) => match self.0.get(name) {
                None | Some(Value::Null) => Err(Unfit::Missing(name.clone())),
                Some(value) => Ok(value.clone()),
            },
        }
    }

    pub(crate) fn number(&self, source: &Source) -> Result<u64, Unfit> {
        let wrong = Unfit::Misfit(Misfit::Type { expected: "a whole number, not negative" });
        match self.get(source)? {
            Value::Int(int) => u64::try_from(int).map_err(|_| wrong),
            // Staff numbers are often kept as text; nothing but digits is taken for a number.
            Value::Text(text) if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) => {
                text.parse().map_err(|_| wrong)
            }
            _ => Err(wrong),
        }
    }

    fn date(&self, source: &Source) -> Result<Date, Unfit> {
        let date = match self.get(source)? {
            Value::Int(days) => Date::from_days(days),
            Value::Text(text) => Date::parse(&text),
            _ => None,
        };
        date.ok_or(Unfit::Misfit(Misfit::Type { expected: "a day (2026-11-24)" }))
    }
}
