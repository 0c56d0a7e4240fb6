//! A 125 kHz chip of a badge: what it answers as, and the key that its password is made of.

use lanyard_formats::Wiegand;

use super::super::read::{AnswersAsText, At, ChipText, KeyText, PartSourceText};
use super::super::{Chip, ChipContent, ChipKind, Source};
use super::{Check, clip, is_value_name, key, within};
use crate::Values;
use crate::chips::answer;
use crate::error::Problem;
use crate::values::Unfit;

pub(super) fn chip(check: &mut Check<'_>, read: At<ChipText>) -> Option<Chip> {
    let begin = read.span().start;
    let ChipText { kind, answers_as, facility, number, password } = read.into_inner();
    let at = format!("chip {}", kind.get_ref().word());
    check.mark(&at, begin);
    let format = match answers_as.get_ref() {
        AnswersAsText::Em4100 => None,
        AnswersAsText::Wiegand26 => Some(Wiegand::H10301),
        AnswersAsText::Wiegand34 => Some(Wiegand::H10306),
        AnswersAsText::Wiegand35 => Some(Wiegand::C1k35s),
        AnswersAsText::Wiegand37 => Some(Wiegand::H10304),
        AnswersAsText::Wiegand37Long => Some(Wiegand::H10302),
    };
    if format.is_some() && *kind.get_ref() == ChipKind::Em4305 {
        check.of(&at, "answers_as", &answers_as, Problem::ChipContent);
    }
    let number_at = number.span().start;
    let number = source(check, &at, "number", number);
    let facility = facility.map(|facility| {
        if format.is_none_or(|format| format.most_facility() == 0) {
            check.of(&at, "facility", &facility, Problem::NotForType { key: "facility" });
        }
        source(check, &at, "facility", facility)
    });
    let content = match format {
        None => ChipContent::Em4100 { number },
        Some(format) => {
            if format.most_facility() > 0 && facility.is_none() {
                check.wrong(&at, begin, Problem::NoSource { key: "facility" });
            }
            ChipContent::Prox { format, facility: facility.unwrap_or(Source::Int(0)), number }
        }
    };
    if let Err(Unfit::Misfit(why)) = answer(&content, &Values::new()) {
        check.wrong(&within(&at, "number"), number_at, Problem::ConstantFit { why });
    }
    let password = match password {
        None => None,
        Some(password) => {
            let at = within(&at, "password");
            check.mark(&at, password.span().start);
            let KeyText { key, diversify } = password.into_inner();
            Some(key::spec(check, &at, key, diversify)?)
        }
    };
    Some(Chip { kind: kind.into_inner(), content, password })
}

fn source(check: &mut Check<'_>, at: &str, key: &str, read: At<PartSourceText>) -> Source {
    let offset = read.span().start;
    match read.into_inner() {
        PartSourceText::Int(int) => Source::Int(int),
        PartSourceText::From(name) => {
            if !is_value_name(&name) {
                check.wrong(&within(at, key), offset, Problem::Source { name: clip(&name) });
            }
            Source::Value(name)
        }
    }
}
