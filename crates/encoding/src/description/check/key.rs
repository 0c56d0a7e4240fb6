//! Keys of a description: their names, and the diversification input made of parts.

use super::super::read::{At, KeyText, PartText};
use super::super::{InputPart, KeySpec};
use super::{Check, clip, is_word, within};
use crate::error::Problem;

/// A DESFire UID is 7 bytes (a shown random one is 4, and never goes into a key).
const UID_LEN: usize = 7;
/// The longest diversification input (AN10922 §2.2).
const INPUT_LIMIT: usize = 31;

pub(super) fn on_card(check: &mut Check<'_>, what: &str, key: At<KeyText>) -> Option<KeySpec> {
    let at = within("card", what);
    check.mark(&at, key.span().start);
    let KeyText { key, diversify } = key.into_inner();
    spec(check, &at, key, diversify)
}

pub(super) fn spec(
    check: &mut Check<'_>,
    at: &str,
    name: At<String>,
    diversify: Option<At<Vec<PartText>>>,
) -> Option<KeySpec> {
    let before = check.errors.len();
    if !is_word(name.get_ref()) {
        check.of(at, "key", &name, Problem::KeyName { key: clip(name.get_ref()) });
    }
    let mut input = Vec::new();
    if let Some(parts) = &diversify {
        let mut len = 0;
        for part in parts.get_ref() {
            let (part, part_len) = match part {
                PartText::Uid => (InputPart::Uid, UID_LEN),
                PartText::Aid => (InputPart::Aid, 3),
                PartText::KeyNumber => (InputPart::KeyNumber, 1),
                PartText::System => match &check.system {
                    Some(system) => (InputPart::System(system.clone()), system.len()),
                    None => {
                        check.of(at, "diversify", parts, Problem::NoSystem);
                        return None;
                    }
                },
            };
            len += part_len;
            input.push(part);
        }
        // Diversified by anything but the UID, it is the same key on every card after all.
        if !input.is_empty() && !input.contains(&InputPart::Uid) {
            check.of(at, "diversify", parts, Problem::NoUid);
        }
        if len > INPUT_LIMIT {
            check.of(at, "diversify", parts, Problem::Length { least: 1, most: INPUT_LIMIT });
        }
    }
    (check.errors.len() == before).then(|| KeySpec { name: name.into_inner(), input })
}
