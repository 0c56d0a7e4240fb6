//! Values into the bytes of a file, and bytes back into values.

use std::collections::BTreeMap;

use lanyard_formats::{Bits, CardNumber, Wiegand};
use lanyard_model::Value;
use serde::{Deserialize, Serialize};

use crate::EncodingError;
use crate::description::{Coding, Content, Field, File, Source};
use crate::error::Misfit;

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

    /// One more.
    pub fn set(&mut self, name: &str, value: impl Into<Value>) {
        self.0.insert(name.to_owned(), value.into());
    }
}

/// A field as it was read from a card. `Debug` shows no value.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldValue {
    /// Text.
    Text(String),
    /// A number.
    Number(u64),
    /// A card number whose parity holds.
    CardNumber {
        /// The format's name.
        format: String,
        /// Facility code.
        facility: u64,
        /// Card number.
        number: u64,
    },
    /// Bytes, in hex.
    Bytes(#[serde(with = "hex::serde")] Vec<u8>),
    /// Bytes that are not what the description says, in hex.
    Unreadable(#[serde(with = "hex::serde")] Vec<u8>),
}

impl std::fmt::Debug for FieldValue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Text(_) => "Text",
            Self::Number(_) => "Number",
            Self::CardNumber { .. } => "CardNumber",
            Self::Bytes(_) => "Bytes",
            Self::Unreadable(_) => "Unreadable",
        })
    }
}

/// How bytes on a card are read: what of a field's content does not depend on the person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldForm {
    /// UTF-8, up to the fill byte.
    Text {
        /// Behind the text.
        fill: u8,
    },
    /// Most significant byte first.
    Big,
    /// Least significant byte first.
    Little,
    /// Two decimal digits a byte.
    Bcd,
    /// H10301.
    Wiegand26,
    /// H10306.
    Wiegand34,
    /// H10304.
    Wiegand37,
    /// H10302.
    Wiegand37Long,
    /// As they stand.
    Bytes,
}

impl Field {
    /// How it is read.
    #[must_use]
    pub fn form(&self) -> FieldForm {
        match &self.content {
            Content::Text { fill, .. } => FieldForm::Text { fill: *fill },
            Content::Number { coding: Coding::Big, .. } => FieldForm::Big,
            Content::Number { coding: Coding::Little, .. } => FieldForm::Little,
            Content::Number { coding: Coding::Bcd, .. } => FieldForm::Bcd,
            Content::Wiegand { format: Wiegand::H10301, .. } => FieldForm::Wiegand26,
            Content::Wiegand { format: Wiegand::H10306, .. } => FieldForm::Wiegand34,
            Content::Wiegand { format: Wiegand::H10304, .. } => FieldForm::Wiegand37,
            Content::Wiegand { format: Wiegand::H10302, .. } => FieldForm::Wiegand37Long,
            Content::Bytes { .. } => FieldForm::Bytes,
        }
    }

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
            Content::Text { source, fill } => {
                let Value::Text(text) = values.get(source)? else {
                    return Err(Misfit::Type { expected: "text" }.into());
                };
                if text.len() > length {
                    return Err(Misfit::Long { most }.into());
                }
                let mut out = text.into_bytes();
                out.resize(length, *fill);
                Ok(out)
            }
            Content::Number { source, coding } => {
                let number = values.number(source)?;
                number_bytes(number, *coding, length).ok_or(Unfit::Misfit(Misfit::Long { most }))
            }
            Content::Wiegand { format, facility, number } => {
                let card = CardNumber { facility: values.number(facility)?, number: values.number(number)? };
                let bits = format.encode(card).map_err(Misfit::Format)?;
                Ok(bits.to_bytes(length).map_err(Misfit::Format)?)
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
        let mut out = vec![self.fill; self.size as usize];
        for field in &self.fields {
            let (file, name) = (self.number.get(), field.name.clone());
            let bytes = field.bytes(values).map_err(|unfit| match unfit {
                Unfit::Missing(value) => EncodingError::ValueMissing { file, field: name.clone(), value },
                Unfit::Misfit(why) => EncodingError::ValueFit { file, field: name.clone(), why },
            })?;
            // Within the file: checked when the description was read.
            let start = field.offset as usize;
            out.splice(start..start + bytes.len(), bytes);
        }
        Ok(out)
    }
}

impl FieldForm {
    /// Reads a field's bytes.
    #[must_use]
    pub fn read(self, bytes: &[u8]) -> FieldValue {
        let unreadable = || FieldValue::Unreadable(bytes.to_vec());
        let wiegand = |format: Wiegand| {
            let card = Bits::from_bytes(bytes, format.bits()).and_then(|bits| format.decode(bits));
            card.map_or_else(
                |_| unreadable(),
                |CardNumber { facility, number }| FieldValue::CardNumber {
                    format: format.name().to_owned(),
                    facility,
                    number,
                },
            )
        };
        let number = |mut digits: Box<dyn Iterator<Item = u8> + '_>| {
            let number = digits.try_fold(0_u64, |number, byte| number.checked_mul(256)?.checked_add(byte.into()));
            number.map_or_else(unreadable, FieldValue::Number)
        };
        match self {
            Self::Text { fill } => {
                let end = bytes.iter().rposition(|byte| *byte != fill).map_or(0, |last| last + 1);
                String::from_utf8(bytes[..end].to_vec()).map_or_else(|_| unreadable(), FieldValue::Text)
            }
            Self::Big => number(Box::new(bytes.iter().copied())),
            Self::Little => number(Box::new(bytes.iter().rev().copied())),
            Self::Bcd => {
                let mut digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
                let number = digits.try_fold(0_u64, |number, digit| {
                    if digit > 9 { None } else { number.checked_mul(10)?.checked_add(digit.into()) }
                });
                number.map_or_else(unreadable, FieldValue::Number)
            }
            Self::Wiegand26 => wiegand(Wiegand::H10301),
            Self::Wiegand34 => wiegand(Wiegand::H10306),
            Self::Wiegand37 => wiegand(Wiegand::H10304),
            Self::Wiegand37Long => wiegand(Wiegand::H10302),
            Self::Bytes => FieldValue::Bytes(bytes.to_vec()),
        }
    }
}

/// Why a field has no bytes yet.
enum Unfit {
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

    fn number(&self, source: &Source) -> Result<u64, Unfit> {
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
}

/// `None` where it does not fit.
fn number_bytes(mut number: u64, coding: Coding, length: usize) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(length);
    for _ in 0..length {
        match coding {
            Coding::Big | Coding::Little => {
                out.push((number & 0xFF) as u8);
                number >>= 8;
            }
            Coding::Bcd => {
                out.push((number % 10) as u8 | ((number / 10 % 10) as u8) << 4);
                number /= 100;
            }
        }
    }
    if coding != Coding::Little {
        out.reverse();
    }
    (number == 0).then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_back_in_every_coding_and_are_never_cut() {
        for (coding, form) in
            [(Coding::Big, FieldForm::Big), (Coding::Little, FieldForm::Little), (Coding::Bcd, FieldForm::Bcd)]
        {
            let bytes = number_bytes(48_821, coding, 4).unwrap();
            assert_eq!(form.read(&bytes), FieldValue::Number(48_821));
            assert_eq!(number_bytes(u64::MAX, coding, 7), None);
        }
        assert_eq!(number_bytes(1234, Coding::Bcd, 2).unwrap(), [0x12, 0x34]);
        assert_eq!(number_bytes(0x1234, Coding::Little, 2).unwrap(), [0x34, 0x12]);
        assert_eq!(number_bytes(10_000, Coding::Bcd, 2), None);
    }

    #[test]
    fn what_is_no_number_on_a_card_is_said_and_not_guessed() {
        assert_eq!(FieldForm::Bcd.read(&[0x1A]), FieldValue::Unreadable(vec![0x1A]));
        assert_eq!(FieldForm::Big.read(&[1; 9]), FieldValue::Unreadable(vec![1; 9]));
        assert_eq!(FieldForm::Wiegand26.read(&[0, 0, 0, 0]), FieldValue::Unreadable(vec![0; 4]));
        assert_eq!(FieldForm::Text { fill: 0 }.read(&[0xFF, 0]), FieldValue::Unreadable(vec![0xFF, 0]));
        assert_eq!(FieldForm::Text { fill: 0 }.read(b"ab\0\0"), FieldValue::Text("ab".to_owned()));
    }
}
