//! A field of a file: which words go with which type, and whether what is the same on every card fits.

use std::collections::BTreeMap;

use lanyard_formats::Wiegand;

use super::super::read::{self, At, ConstantText, FieldText, KindText, ParityIsText, PartSourceText};
use super::super::{Align, Charset, Coding, Content, DateForm, Field, ParityText, Setting, Source};
use super::{Check, clip, is_value_name, is_word, within};
use crate::error::Problem;
use crate::form::layout;
use crate::{CARD_RECORD, CARD_RECORD_LEN};

const MOST: usize = 32_768;

pub(super) fn field(check: &mut Check<'_>, at: &str, read: At<FieldText>) -> Option<Field> {
    let begin = read.span().start;
    let read = read.into_inner();
    let at = within(at, &format!("field {}", clip(read.name.get_ref())));
    check.mark(&at, begin);
    let before = check.errors.len();
    if !is_word(read.name.get_ref()) {
        check.of(&at, "name", &read.name, Problem::FieldName { name: clip(read.name.get_ref()) });
    }
    if *read.length.get_ref() == 0 {
        check.of(&at, "length", &read.length, Problem::Length { least: 1, most: MOST });
    }
    fitting(check, &at, &read);
    let (name, offset, length) = (read.name.get_ref().clone(), *read.offset.get_ref(), read.length.clone());
    let whole = read.constant.as_ref().map(|it| ("constant", it.span().start));
    let whole = whole.or_else(|| read.hex.as_ref().map(|it| ("hex", it.span().start)));
    let part = [("facility", &read.facility), ("number", &read.number)]
        .into_iter()
        .find_map(|(key, it)| it.as_ref().map(|it| (key, it.span().start)));
    let values = read.values.as_ref().map(|it| ("values", it.span().start));
    let content = Reading { check, at: &at, begin, length: &length }.content(read)?;
    let field = Field { name, offset, length: *length.get_ref(), content };
    // A constant that does not fit would fail on every card: say so now.
    if let Err(why) = field.constant_fits() {
        let (key, offset) = whole.or(part).or(values).unwrap_or(("length", length.span().start));
        check.wrong(&within(&at, key), offset, Problem::ConstantFit { why });
    }
    (check.errors.len() == before).then_some(field)
}

/// All fields of a file or segment of this size, each with where its offset stands.
pub(super) fn all(check: &mut Check<'_>, at: &str, read: Vec<At<FieldText>>, size: u32) -> Vec<(Field, At<u32>)> {
    let mut fields: Vec<(Field, At<u32>)> = Vec::new();
    for read in read {
        let (name, offset) = (read.get_ref().name.clone(), read.get_ref().offset.clone());
        let length = read.get_ref().length.clone();
        let Some(field) = field(check, at, read) else { continue };
        let at = within(at, &format!("field {}", field.name));
        if field.offset >= size {
            check.of(&at, "offset", &offset, Problem::Outside { size });
        } else if field.offset.checked_add(field.length).is_none_or(|end| end > size) {
            check.of(&at, "length", &length, Problem::Outside { size });
        }
        if fields.iter().any(|(other, _)| other.name == field.name) {
            check.of(&at, "name", &name, Problem::Twice { what: "field name" });
        }
        let end = |field: &Field| field.offset.saturating_add(field.length);
        let apart = |other: &Field| end(&field) <= other.offset || end(other) <= field.offset;
        if let Some((other, _)) = fields.iter().find(|(other, _)| !apart(other)) {
            check.of(&at, "offset", &offset, Problem::Overlap { with: other.name.clone() });
        }
        fields.push((field, offset));
    }
    fields
}

/// Words that mean nothing with this type were meant for another.
fn fitting(check: &mut Check<'_>, at: &str, read: &FieldText) {
    let kind = read.kind;
    let wiegand = format_of(kind);
    let numbered = matches!(kind, KindText::Number | KindText::Date);
    let set = wiegand.is_some() || kind == KindText::Bits;
    let given = [
        ("from", start(&read.from), !set && kind != KindText::CardRecord),
        ("constant", start(&read.constant), numbered || kind == KindText::Text),
        ("hex", start(&read.hex), kind == KindText::Bytes),
        ("coding", start(&read.coding), numbered || set),
        ("fill", start(&read.fill), kind == KindText::Text),
        ("charset", start(&read.charset), kind == KindText::Text),
        ("align", start(&read.align), kind == KindText::Text || set),
        ("form", start(&read.form), kind == KindText::Date),
        ("facility", start(&read.facility), wiegand.is_some_and(|format| format.most_facility() > 0)),
        ("number", start(&read.number), wiegand.is_some()),
        ("bits", start(&read.bits), kind == KindText::Bits),
        ("parity", start(&read.parity), kind == KindText::Bits),
        ("values", start(&read.values), kind == KindText::Bits),
    ];
    for (key, there, fits) in given {
        if let (Some(offset), false) = (there, fits) {
            check.wrong(&within(at, key), offset, Problem::NotForType { key });
        }
    }
}

fn start<T>(value: &Option<At<T>>) -> Option<usize> {
    value.as_ref().map(|value| value.span().start)
}

fn format_of(kind: KindText) -> Option<Wiegand> {
    match kind {
        KindText::Wiegand26 => Some(Wiegand::H10301),
        KindText::Wiegand34 => Some(Wiegand::H10306),
        KindText::Wiegand35 => Some(Wiegand::C1k35s),
        KindText::Wiegand37 => Some(Wiegand::H10304),
        KindText::Wiegand37Long => Some(Wiegand::H10302),
        KindText::Wiegand48 => Some(Wiegand::C1k48s),
        _ => None,
    }
}

struct Reading<'c, 't, 'a> {
    check: &'c mut Check<'t>,
    at: &'a str,
    begin: usize,
    length: &'a At<u32>,
}

impl Reading<'_, '_, '_> {
    fn content(mut self, read: FieldText) -> Option<Content> {
        let setting = Setting {
            align: read.align.as_ref().map_or(Align::Right, |align| *align.get_ref()),
            little: matches!(read.coding.as_ref().map(At::get_ref), Some(Coding::Little)),
        };
        if let Some(format) = format_of(read.kind) {
            self.room(format.bits())?;
            self.byte_order(read.coding.as_ref());
            let facility = match read.facility {
                None if format.most_facility() == 0 => Source::Int(0),
                given => self.part(given, "facility")?,
            };
            let number = self.part(read.number, "number")?;
            return Some(Content::Wiegand { format, facility, number, setting });
        }
        match read.kind {
            KindText::Bits => {
                self.byte_order(read.coding.as_ref());
                self.bits(read.bits, read.parity, read.values, setting)
            }
            KindText::Text => {
                let source =
                    self.source(read.from, read.constant, read.hex, |constant| matches!(constant, Source::Text(_)))?;
                let charset = read.charset.map_or(Charset::Utf8, At::into_inner);
                let align = read.align.map_or(Align::Left, At::into_inner);
                let fill = read.fill.map_or(0, At::into_inner);
                Some(Content::Text { source, fill, charset, align })
            }
            KindText::Number => {
                let coding = read.coding.map_or(Coding::Big, At::into_inner);
                // 64 bits, or 20 decimal digits.
                let most = match coding {
                    Coding::Big | Coding::Little => 8,
                    Coding::Bcd | Coding::BcdLittle => 10,
                    Coding::Digits => 20,
                };
                self.between(1, most);
                let source =
                    self.source(read.from, read.constant, read.hex, |constant| matches!(constant, Source::Int(_)))?;
                Some(Content::Number { source, coding })
            }
            KindText::Date => {
                let form = read.form.as_ref().map_or(DateForm::Yyyymmdd, |form| *form.get_ref());
                let given = read.coding.as_ref().map(|coding| *coding.get_ref());
                let days = form == DateForm::Days;
                let coding = given.unwrap_or(if days { Coding::Big } else { Coding::Bcd });
                let binary = matches!(coding, Coding::Big | Coding::Little);
                if let Some(given) = read.coding.as_ref().filter(|_| binary != days) {
                    self.check.of(self.at, "coding", given, Problem::DateCoding);
                }
                let length = match (form, coding) {
                    (DateForm::Days, _) => (2, 8),
                    (DateForm::Yyyymmdd | DateForm::Ddmmyyyy, Coding::Digits) => (8, 8),
                    (DateForm::Yyyymmdd | DateForm::Ddmmyyyy, _) => (4, 4),
                    (_, Coding::Digits) => (6, 6),
                    _ => (3, 3),
                };
                self.between(length.0, length.1);
                let source = self.source(read.from, read.constant, read.hex, |_| true)?;
                Some(Content::Date { source, form, coding })
            }
            KindText::CardRecord => {
                self.between(CARD_RECORD_LEN as usize, CARD_RECORD_LEN as usize);
                Some(Content::Bytes { source: Source::Value(CARD_RECORD.to_owned()) })
            }
            _ => Some(Content::Bytes { source: self.source(read.from, read.constant, read.hex, |_| true)? }),
        }
    }

    fn bits(
        &mut self,
        bits: Option<At<String>>,
        parity: Option<At<Vec<read::ParityText>>>,
        values: Option<At<BTreeMap<String, At<PartSourceText>>>>,
        setting: Setting,
    ) -> Option<Content> {
        let Some(bits) = bits else {
            self.check.wrong(self.at, self.begin, Problem::NoSource { key: "bits" });
            return None;
        };
        let rules = parity.as_ref().map_or(&[][..], |parity| parity.get_ref());
        let rules: Vec<ParityText> = rules
            .iter()
            .map(|rule| ParityText { bit: rule.bit, odd: rule.is == ParityIsText::Odd, over: rule.over.clone() })
            .collect();
        let drawn = match layout(bits.get_ref(), &rules) {
            Ok(drawn) => drawn,
            Err(why) => {
                self.check.of(self.at, "bits", &bits, Problem::Picture { why });
                return None;
            }
        };
        self.room(drawn.bits())?;
        let mut sources = BTreeMap::new();
        let place = values.as_ref().map_or(self.begin, |values| values.span().start);
        let given = values.map(At::into_inner).unwrap_or_default();
        for (letter, source) in given {
            let known = drawn.letters().into_iter().find(|(known, _)| known.to_string() == letter);
            let Some((known, _)) = known else {
                self.check.of(self.at, "values", &source, Problem::Letter { letter: clip(&letter) });
                return None;
            };
            let source = self.part(Some(source), "values")?;
            sources.insert(known, source);
        }
        if let Some((letter, _)) = drawn.letters().into_iter().find(|(letter, _)| !sources.contains_key(letter)) {
            let problem = Problem::Letter { letter: letter.to_string() };
            self.check.wrong(&within(self.at, "values"), place, problem);
            return None;
        }
        Some(Content::Bits { bits: bits.into_inner(), parity: rules, values: sources, setting })
    }

    fn source(
        &mut self,
        from: Option<At<String>>,
        constant: Option<At<ConstantText>>,
        hex: Option<At<String>>,
        fits: impl Fn(&Source) -> bool,
    ) -> Option<Source> {
        let second = constant.as_ref().map(|it| it.span().start).or(hex.as_ref().map(|it| it.span().start));
        match (from, constant, hex) {
            (Some(name), None, None) => {
                if !is_value_name(name.get_ref()) {
                    self.check.of(self.at, "from", &name, Problem::Source { name: clip(name.get_ref()) });
                }
                Some(Source::Value(name.into_inner()))
            }
            (None, Some(constant), None) => {
                let offset = constant.span().start;
                let source = match constant.into_inner() {
                    ConstantText::Int(int) => Source::Int(int),
                    ConstantText::Text(text) => Source::Text(text),
                };
                if !fits(&source) {
                    self.check.wrong(&within(self.at, "constant"), offset, Problem::ConstantType);
                    return None;
                }
                Some(source)
            }
            (None, None, Some(hex)) => match hex::decode(hex.get_ref()) {
                Ok(bytes) => Some(Source::Bytes(bytes)),
                Err(_) => {
                    self.check.of(self.at, "hex", &hex, Problem::Hex);
                    None
                }
            },
            (None, None, None) => {
                self.check.wrong(self.at, self.begin, Problem::NoSource { key: "from" });
                None
            }
            _ => {
                self.check.wrong(self.at, second.unwrap_or(self.begin), Problem::TwoSources);
                None
            }
        }
    }

    fn part(&mut self, read: Option<At<PartSourceText>>, key: &'static str) -> Option<Source> {
        let Some(read) = read else {
            self.check.wrong(self.at, self.begin, Problem::NoSource { key });
            return None;
        };
        let offset = read.span().start;
        match read.into_inner() {
            PartSourceText::Int(int) => Some(Source::Int(int)),
            PartSourceText::From(name) => {
                if !is_value_name(&name) {
                    self.check.wrong(&within(self.at, key), offset, Problem::Source { name: clip(&name) });
                }
                Some(Source::Value(name))
            }
        }
    }

    fn room(&mut self, bits: u8) -> Option<()> {
        let least = usize::from(bits).div_ceil(8);
        if (*self.length.get_ref() as usize) < least {
            self.check.of(self.at, "length", self.length, Problem::Length { least, most: MOST });
            return None;
        }
        Some(())
    }

    fn between(&mut self, least: usize, most: usize) {
        if !(least..=most).contains(&(*self.length.get_ref() as usize)) {
            self.check.of(self.at, "length", self.length, Problem::Length { least, most });
        }
    }

    fn byte_order(&mut self, coding: Option<&At<Coding>>) {
        if let Some(coding) = coding.filter(|coding| !matches!(coding.get_ref(), Coding::Big | Coding::Little)) {
            self.check.of(self.at, "coding", coding, Problem::NotForType { key: "coding" });
        }
    }
}
