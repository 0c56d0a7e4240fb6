//! How values stand in bytes: the same rules for writing them and for reading them back from a card.

use std::collections::BTreeMap;

use lanyard_formats::{BitLayout, Bits, CardNumber, FormatError, ParityPicture, Wiegand};
use serde::{Deserialize, Serialize};

use crate::Date;
use crate::description::{Align, Charset, Coding, Content, DateForm, Field, ParityText, Setting};

/// A field as it was read from a card. `Debug` shows no value.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldValue {
    /// Text.
    Text(String),
    /// A number.
    Number(u64),
    /// A day, as `2026-11-24`.
    Date(String),
    /// A card number whose parity holds.
    CardNumber {
        /// The format's name.
        format: String,
        /// Facility code.
        facility: u64,
        /// Card number.
        number: u64,
    },
    /// The values of a bit layout whose parity holds, by letter.
    Letters(BTreeMap<char, u64>),
    /// Bytes, in hex.
    Bytes(#[serde(with = "hex::serde")] Vec<u8>),
    /// A value, with its sign.
    Amount(i32),
    /// Bytes that are not what the description says, in hex.
    Unreadable(#[serde(with = "hex::serde")] Vec<u8>),
}

impl std::fmt::Debug for FieldValue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Text(_) => "Text",
            Self::Number(_) => "Number",
            Self::Date(_) => "Date",
            Self::CardNumber { .. } => "CardNumber",
            Self::Letters(_) => "Letters",
            Self::Bytes(_) => "Bytes",
            Self::Amount(_) => "Amount",
            Self::Unreadable(_) => "Unreadable",
        })
    }
}

/// How bytes on a card are read: what of a field's content does not depend on the person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldForm {
    /// UTF-8, up to the fill byte.
    Text {
        /// Behind the text.
        fill: u8,
    },
    /// Other text.
    TextIn {
        /// Where no text is.
        fill: u8,
        /// Its bytes.
        charset: Charset,
        /// On which side it stands.
        align: Align,
    },
    /// Most significant byte first.
    Big,
    /// Least significant byte first.
    Little,
    /// Two decimal digits a byte.
    Bcd,
    /// Two decimal digits a byte, the bytes turned round.
    BcdLittle,
    /// An ASCII digit a byte.
    Digits,
    /// A day.
    Date {
        /// What of it stands there.
        form: DateForm,
        /// Its digits or bits.
        coding: Coding,
    },
    /// H10301.
    Wiegand26,
    /// H10306.
    Wiegand34,
    /// Corporate 1000, 35 bits.
    Wiegand35,
    /// H10304.
    Wiegand37,
    /// H10302.
    Wiegand37Long,
    /// Corporate 1000, 48 bits.
    Wiegand48,
    /// A layout of the office's own.
    Bits {
        /// The picture.
        bits: String,
        /// Its parity bits.
        parity: Vec<ParityText>,
    },
    /// Card number or bits that stand otherwise than usual.
    Set {
        /// What it is.
        form: Box<FieldForm>,
        /// How it stands.
        setting: Setting,
    },
    /// As they stand.
    Bytes,
    /// The value of a value file.
    Amount,
}

impl Field {
    /// How it is read.
    #[must_use]
    pub fn form(&self) -> FieldForm {
        let set = |form: FieldForm, setting: Setting| match setting {
            Setting::USUAL => form,
            setting => FieldForm::Set { form: Box::new(form), setting },
        };
        match &self.content {
            Content::Text { fill, charset: Charset::Utf8, align: Align::Left, .. } => FieldForm::Text { fill: *fill },
            Content::Text { fill, charset, align, .. } => {
                FieldForm::TextIn { fill: *fill, charset: *charset, align: *align }
            }
            Content::Number { coding, .. } => match coding {
                Coding::Big => FieldForm::Big,
                Coding::Little => FieldForm::Little,
                Coding::Bcd => FieldForm::Bcd,
                Coding::BcdLittle => FieldForm::BcdLittle,
                Coding::Digits => FieldForm::Digits,
            },
            Content::Date { form, coding, .. } => FieldForm::Date { form: *form, coding: *coding },
            Content::Wiegand { format, setting, .. } => {
                let form = match format {
                    Wiegand::H10301 => FieldForm::Wiegand26,
                    Wiegand::H10306 => FieldForm::Wiegand34,
                    Wiegand::C1k35s => FieldForm::Wiegand35,
                    Wiegand::H10304 => FieldForm::Wiegand37,
                    Wiegand::H10302 => FieldForm::Wiegand37Long,
                    Wiegand::C1k48s => FieldForm::Wiegand48,
                };
                set(form, *setting)
            }
            Content::Bits { bits, parity, setting, .. } => {
                set(FieldForm::Bits { bits: bits.clone(), parity: parity.clone() }, *setting)
            }
            Content::Bytes { .. } => FieldForm::Bytes,
        }
    }
}

impl FieldForm {
    /// Reads a field's bytes.
    #[must_use]
    pub fn read(&self, bytes: &[u8]) -> FieldValue {
        self.in_setting(bytes, Setting::USUAL).unwrap_or_else(|| FieldValue::Unreadable(bytes.to_vec()))
    }

    fn in_setting(&self, bytes: &[u8], setting: Setting) -> Option<FieldValue> {
        let wiegand = |format: Wiegand| {
            let CardNumber { facility, number } = format.decode(setting.read(bytes, format.bits())?).ok()?;
            Some(FieldValue::CardNumber { format: format.name().to_owned(), facility, number })
        };
        let number = |coding: Coding| coding.read(bytes).map(FieldValue::Number);
        match self {
            Self::Text { fill } => text(bytes, *fill, Charset::Utf8, Align::Left),
            Self::TextIn { fill, charset, align } => text(bytes, *fill, *charset, *align),
            Self::Big => number(Coding::Big),
            Self::Little => number(Coding::Little),
            Self::Bcd => number(Coding::Bcd),
            Self::BcdLittle => number(Coding::BcdLittle),
            Self::Digits => number(Coding::Digits),
            Self::Date { form, coding } => {
                form.date(coding.read(bytes)?).map(|date| FieldValue::Date(date.to_string()))
            }
            Self::Wiegand26 => wiegand(Wiegand::H10301),
            Self::Wiegand34 => wiegand(Wiegand::H10306),
            Self::Wiegand35 => wiegand(Wiegand::C1k35s),
            Self::Wiegand37 => wiegand(Wiegand::H10304),
            Self::Wiegand37Long => wiegand(Wiegand::H10302),
            Self::Wiegand48 => wiegand(Wiegand::C1k48s),
            Self::Bits { bits, parity } => {
                let layout = layout(bits, parity).ok()?;
                let letters = layout.decode(setting.read(bytes, layout.bits())?).ok()?;
                Some(FieldValue::Letters(letters.into_iter().collect()))
            }
            // One setting: a stored plan that nests them is not one of ours.
            Self::Set { form, setting: given } if setting == Setting::USUAL => match **form {
                Self::Set { .. } => None,
                _ => form.in_setting(bytes, *given),
            },
            Self::Set { .. } => None,
            Self::Bytes => Some(FieldValue::Bytes(bytes.to_vec())),
            Self::Amount => bytes.try_into().ok().map(i32::from_le_bytes).map(FieldValue::Amount),
        }
    }
}

fn text(bytes: &[u8], fill: u8, charset: Charset, align: Align) -> Option<FieldValue> {
    let text = match align {
        Align::Left => &bytes[..bytes.iter().rposition(|byte| *byte != fill).map_or(0, |last| last + 1)],
        Align::Right => &bytes[bytes.iter().position(|byte| *byte != fill).unwrap_or(bytes.len())..],
    };
    charset.text(text).map(FieldValue::Text)
}

/// The layout that pictures show.
pub(crate) fn layout(bits: &str, parity: &[ParityText]) -> Result<BitLayout, FormatError> {
    let rules: Vec<_> =
        parity.iter().map(|rule| ParityPicture { bit: rule.bit, odd: rule.odd, over: &rule.over }).collect();
    BitLayout::new(bits, &rules)
}

impl Charset {
    /// `None` for characters that it has not.
    pub(crate) fn bytes(self, text: &str) -> Option<Vec<u8>> {
        match self {
            Self::Utf8 => Some(text.as_bytes().to_vec()),
            Self::Ascii => text.is_ascii().then(|| text.as_bytes().to_vec()),
            Self::Latin1 => text.chars().map(|sign| u8::try_from(u32::from(sign)).ok()).collect(),
        }
    }

    fn text(self, bytes: &[u8]) -> Option<String> {
        match self {
            Self::Utf8 => String::from_utf8(bytes.to_vec()).ok(),
            Self::Ascii => bytes.is_ascii().then(|| String::from_utf8(bytes.to_vec()).ok()).flatten(),
            Self::Latin1 => Some(bytes.iter().map(|byte| char::from(*byte)).collect()),
        }
    }
}

impl Coding {
    /// `None` where it does not fit: nothing is ever cut.
    pub(crate) fn write(self, mut number: u64, length: usize) -> Option<Vec<u8>> {
        let mut out = Vec::with_capacity(length);
        for _ in 0..length {
            match self {
                Self::Big | Self::Little => {
                    out.push((number & 0xFF) as u8);
                    number >>= 8;
                }
                Self::Bcd | Self::BcdLittle => {
                    out.push((number % 10) as u8 | ((number / 10 % 10) as u8) << 4);
                    number /= 100;
                }
                Self::Digits => {
                    out.push(b'0' + (number % 10) as u8);
                    number /= 10;
                }
            }
        }
        if !matches!(self, Self::Little | Self::BcdLittle) {
            out.reverse();
        }
        (number == 0).then_some(out)
    }

    fn read(self, bytes: &[u8]) -> Option<u64> {
        let mut bytes = bytes.to_vec();
        if matches!(self, Self::Little | Self::BcdLittle) {
            bytes.reverse();
        }
        let (base, digits): (u64, Vec<u8>) = match self {
            Self::Big | Self::Little => (256, bytes),
            Self::Bcd | Self::BcdLittle => (10, bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]).collect()),
            Self::Digits => (10, bytes.iter().map(|byte| byte.wrapping_sub(b'0')).collect()),
        };
        digits.into_iter().try_fold(0_u64, |number, digit| {
            (u64::from(digit) < base).then(|| number.checked_mul(base)?.checked_add(digit.into())).flatten()
        })
    }
}

impl DateForm {
    /// The digits as one number; `None` for a year that two digits do not tell.
    pub(crate) fn number(self, date: Date) -> Option<u64> {
        let (year, month, day) = date.ymd();
        let short = || year.checked_sub(2000).filter(|year| *year < 100);
        let number = match self {
            Self::Yyyymmdd => (year * 100 + month) * 100 + day,
            Self::Ddmmyyyy => (day * 100 + month) * 10_000 + year,
            Self::Yymmdd => (short()? * 100 + month) * 100 + day,
            Self::Ddmmyy => (day * 100 + month) * 100 + short()?,
            Self::Days => u32::try_from(date.days()).ok()?,
        };
        Some(number.into())
    }

    fn date(self, number: u64) -> Option<Date> {
        if self == Self::Days {
            return Date::from_days(i64::try_from(number).ok()?);
        }
        let number = u32::try_from(number).ok()?;
        let (year, month, day) = match self {
            Self::Yyyymmdd => (number / 10_000, number / 100 % 100, number % 100),
            Self::Ddmmyyyy => (number % 10_000, number / 10_000 % 100, number / 1_000_000),
            Self::Yymmdd => (2000 + number / 10_000, number / 100 % 100, number % 100),
            _ => (2000 + number % 100, number / 100 % 100, number / 10_000),
        };
        let date = Date::from_ymd(year, month, day)?;
        (self.number(date) == Some(number.into())).then_some(date)
    }
}

impl Setting {
    pub(crate) fn write(self, bits: Bits, length: usize) -> Result<Vec<u8>, FormatError> {
        let mut bytes = match self.align {
            Align::Right => bits.to_bytes(length)?,
            Align::Left => bits.to_bytes_left(length)?,
        };
        if self.little {
            bytes.reverse();
        }
        Ok(bytes)
    }

    fn read(self, bytes: &[u8], len: u8) -> Option<Bits> {
        let mut bytes = bytes.to_vec();
        if self.little {
            bytes.reverse();
        }
        match self.align {
            Align::Right => Bits::from_bytes(&bytes, len).ok(),
            Align::Left => Bits::from_bytes_left(&bytes, len).ok(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_back_in_every_coding_and_are_never_cut() {
        for (coding, form) in [
            (Coding::Big, FieldForm::Big),
            (Coding::Little, FieldForm::Little),
            (Coding::Bcd, FieldForm::Bcd),
            (Coding::BcdLittle, FieldForm::BcdLittle),
            (Coding::Digits, FieldForm::Digits),
        ] {
            let bytes = coding.write(48_821, 5).unwrap();
            assert_eq!(form.read(&bytes), FieldValue::Number(48_821));
            assert_eq!(coding.write(u64::MAX, 7), None);
        }
        assert_eq!(Coding::Bcd.write(1234, 2).unwrap(), [0x12, 0x34]);
        assert_eq!(Coding::BcdLittle.write(1234, 2).unwrap(), [0x34, 0x12]);
        assert_eq!(Coding::Little.write(0x1234, 2).unwrap(), [0x34, 0x12]);
        assert_eq!(Coding::Digits.write(42, 4).unwrap(), *b"0042");
        assert_eq!(Coding::Bcd.write(10_000, 2), None);
        assert_eq!(Coding::Digits.write(u64::MAX, 20).unwrap(), *b"18446744073709551615");
    }

    #[test]
    fn what_is_no_value_on_a_card_is_said_and_not_guessed() {
        let unreadable = |form: FieldForm, bytes: &[u8]| {
            assert_eq!(form.read(bytes), FieldValue::Unreadable(bytes.to_vec()), "{form:?}");
        };
        unreadable(FieldForm::Bcd, &[0x1A]);
        unreadable(FieldForm::Digits, b"1x");
        unreadable(FieldForm::Big, &[1; 9]);
        unreadable(FieldForm::Wiegand26, &[0; 4]);
        unreadable(FieldForm::Text { fill: 0 }, &[0xFF, 0]);
        unreadable(FieldForm::TextIn { fill: 0, charset: Charset::Ascii, align: Align::Right }, &[0, 0xFF]);
        unreadable(FieldForm::Date { form: DateForm::Yyyymmdd, coding: Coding::Bcd }, &[0x20, 0x26, 0x02, 0x30]);
        unreadable(FieldForm::Date { form: DateForm::Ddmmyyyy, coding: Coding::Big }, &[0xFF; 8]);
        unreadable(FieldForm::Bits { bits: "broken".to_owned(), parity: Vec::new() }, &[0]);
        let nested = FieldForm::Set { form: Box::new(FieldForm::Wiegand26), setting: Setting::USUAL };
        unreadable(FieldForm::Set { form: Box::new(nested), setting: Setting::USUAL }, &[2, 0xF6, 0x23, 0xAE]);
        assert_eq!(FieldForm::Text { fill: 0 }.read(b"ab\0\0"), FieldValue::Text("ab".to_owned()));
    }

    #[test]
    fn a_day_comes_back_in_every_form() {
        let date = Date::parse("2026-11-24").unwrap();
        for (form, coding, length, expected) in [
            (DateForm::Yyyymmdd, Coding::Bcd, 4, &[0x20, 0x26, 0x11, 0x24][..]),
            (DateForm::Ddmmyyyy, Coding::Bcd, 4, &[0x24, 0x11, 0x20, 0x26]),
            (DateForm::Yymmdd, Coding::Digits, 6, b"261124"),
            (DateForm::Ddmmyy, Coding::BcdLittle, 3, &[0x26, 0x11, 0x24]),
            (DateForm::Days, Coding::Big, 2, &[0x51, 0x2D]),
        ] {
            let bytes = coding.write(form.number(date).unwrap(), length).unwrap();
            assert_eq!(bytes, expected, "{form:?}");
            assert_eq!(FieldForm::Date { form, coding }.read(&bytes), FieldValue::Date("2026-11-24".to_owned()));
        }
        assert_eq!(DateForm::Yymmdd.number(Date::parse("1999-12-31").unwrap()), None);
    }

    #[test]
    fn a_card_number_comes_back_however_it_stands() {
        let bits = Wiegand::H10301.encode(CardNumber { facility: 123, number: 4567 }).unwrap();
        for (align, little, expected) in [
            (Align::Right, false, [0, 0x02, 0xF6, 0x23, 0xAE]),
            (Align::Left, false, [0xBD, 0x88, 0xEB, 0x80, 0]),
            (Align::Right, true, [0xAE, 0x23, 0xF6, 0x02, 0]),
            (Align::Left, true, [0, 0x80, 0xEB, 0x88, 0xBD]),
        ] {
            let setting = Setting { align, little };
            assert_eq!(setting.write(bits, 5).unwrap(), expected);
            let form = FieldForm::Set { form: Box::new(FieldForm::Wiegand26), setting };
            let number = FieldValue::CardNumber { format: "H10301".to_owned(), facility: 123, number: 4567 };
            assert_eq!(form.read(&expected), number);
        }
    }
}
