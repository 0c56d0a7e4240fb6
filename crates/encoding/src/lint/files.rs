//! Rules about files, their rights, and the values in them.

use lanyard_desfire::{Access, CommMode, Family, KeyNo};

use super::Found;
use super::rule::Rule;
use crate::description::{Application, Charset, Content, Field, File, FileKind, Source};

pub(super) fn rules(found: &mut Found<'_>) {
    for segment in &found.encoding.segments {
        for field in &segment.fields {
            values(found, &format!("{}, field {}", segment.at(), field.name), field);
        }
    }
    for application in &found.encoding.applications {
        let mac = application.files.iter().any(|file| file.kind.key().is_some());
        for file in &application.files {
            let at = format!("application {:06X}, file {}", application.aid.number(), file.number.get());
            rights(found, &at, application, file);
            if file.fields.is_empty() && !file.kind.lives() {
                found.about(Rule::FileEmpty, &at, format!("{} bytes", file.size), [("bytes", file.size.to_string())]);
            }
            if let FileKind::Value(value) = &file.kind {
                if value.free {
                    found.add(Rule::FreeRead, &at, "free = true");
                }
                if !mac && found.encoding.card.family != Family::Ev1 {
                    found.add(Rule::NoTransactionMac, &at, "no file of kind transaction_mac");
                }
            }
            for field in &file.fields {
                values(found, &format!("{at}, field {}", field.name), field);
            }
        }
    }
}

fn rights(found: &mut Found<'_>, at: &str, application: &Application, file: &File) {
    let access = format!("{at}, access");
    let rights = file.rights;
    let personal = file.fields.iter().find(|field| field.content.names().any(|name| name.starts_with("person.")));
    match (rights.read, personal) {
        (Access::Free, Some(field)) => {
            found.about(
                Rule::FreeReadPersonal,
                &access,
                format!("field {}", field.name),
                [("field", field.name.clone())],
            );
        }
        (Access::Free, None) => found.add(Rule::FreeRead, &access, "read = \"free\""),
        (_, Some(field)) if file.mode != CommMode::Full => {
            found.about(Rule::PersonalInClear, at, format!("field {}", field.name), [("field", field.name.clone())]);
        }
        // A transaction MAC is itself the proof.
        (_, None) if file.mode == CommMode::Plain && file.kind.key().is_none() => {
            found.add(Rule::Plain, at, "mode = \"plain\"");
        }
        _ => {}
    }
    // Key 0 may do all of it anyway: it changes the rights.
    // Who credits a value may read it: there is no other way to credit.
    let is_value = matches!(file.kind, FileKind::Value(_));
    let readers = if is_value { [rights.read; 2] } else { [rights.read, rights.read_write] };
    let reads = |key: KeyNo| key != KeyNo::MASTER && readers.contains(&Access::Key(key));
    // Who may name a reader for a transaction MAC writes nothing.
    let writers = [rights.write, rights.read_write].into_iter().filter(|_| file.kind.key().is_none());
    let writer =
        writers.filter_map(|right| if let Access::Key(key) = right { Some(key) } else { None }).find(|key| reads(*key));
    if let Some(key) = writer {
        let role = role(application, key);
        found.about(Rule::WriteByReader, &access, format!("role {role}"), [("role", role.to_owned())]);
    }
    match rights.change {
        Access::Key(key) if key != KeyNo::MASTER => {
            let role = role(application, key);
            found.about(Rule::ChangeByOther, &access, format!("role {role}"), [("role", role.to_owned())]);
        }
        Access::Never => found.add(Rule::RightsFrozen, &access, "change = \"never\""),
        _ => {}
    }
}

fn role(application: &Application, key: KeyNo) -> &str {
    application.keys.iter().find(|of| of.number == key).map_or("", |of| of.role.as_str())
}

/// What the station knows of a value before there is a person: `docs/encodings.md` has the list.
enum Kind {
    /// A number up to this.
    Number(u64),
    /// A day.
    Day,
    /// So many bytes.
    Bytes(u32),
    /// Text of so many characters at most.
    Text(u32),
}

impl Kind {
    /// The largest number, or how many characters or bytes.
    fn most(&self) -> String {
        match self {
            Self::Number(most) => most.to_string(),
            Self::Text(most) | Self::Bytes(most) => most.to_string(),
            Self::Day => String::new(),
        }
    }
}

fn kind_of(name: &str) -> Option<Kind> {
    Some(match name {
        "card.facility" => Kind::Number(0xFF),
        "card.number" => Kind::Number(0xFFFF),
        "card.long_number" => Kind::Number(9_999_999),
        "card.valid_from" | "card.valid_until" => Kind::Day,
        crate::CARD_RECORD => Kind::Bytes(crate::CARD_RECORD_LEN),
        "person.staff_no" => Kind::Text(20),
        "person.given_name" | "person.family_name" | "person.unit" | "person.title" => Kind::Text(80),
        "person.display_name" => Kind::Text(120),
        "person.email" => Kind::Text(254),
        _ => return None,
    })
}

fn values(found: &mut Found<'_>, at: &str, field: &Field) {
    for source in field.content.sources() {
        let Source::Value(name) = source else { continue };
        let Some(kind) = kind_of(name) else {
            found.about(Rule::ValueUnknown, at, name.clone(), [("value", name.clone())]);
            continue;
        };
        let fits = match (&field.content, &kind) {
            (Content::Text { .. }, Kind::Text(_)) | (Content::Date { .. }, Kind::Day) => true,
            // A number of digits kept as text is taken for a number.
            (Content::Number { .. } | Content::Wiegand { .. } | Content::Bits { .. }, Kind::Number(_)) => true,
            (Content::Number { .. } | Content::Wiegand { .. } | Content::Bits { .. }, Kind::Text(_)) => true,
            (Content::Bytes { .. }, Kind::Bytes(len)) => *len == field.length,
            _ => false,
        };
        if !fits {
            found.about(Rule::ValueType, at, name.clone(), [("value", name.clone())]);
        } else if let Some(most) = too_long(field, source, &kind) {
            let rule = if matches!(kind, Kind::Text(_)) { Rule::TextLong } else { Rule::ValueLong };
            let details = [("value", name.clone()), ("most", kind.most())];
            found.about(rule, at, format!("{name}: up to {most}"), details);
        }
    }
}

/// The largest value, where it does not fit.
fn too_long(field: &Field, source: &Source, kind: &Kind) -> Option<String> {
    match (&field.content, kind) {
        (Content::Text { charset: Charset::Utf8, .. }, Kind::Text(most)) if most.saturating_mul(2) > field.length => {
            Some(format!("{most} characters, some of two bytes and more"))
        }
        (Content::Text { .. }, Kind::Text(most)) if *most > field.length => Some(format!("{most} characters")),
        (Content::Number { coding, .. }, Kind::Number(most)) => {
            coding.write(*most, field.length as usize).is_none().then(|| most.to_string())
        }
        (Content::Wiegand { format, facility, number, .. }, Kind::Number(most)) => {
            let (of_facility, of_number) = (format.most_facility(), format.most_number());
            let over = (source == facility && *most > of_facility) || (source == number && *most > of_number);
            over.then(|| most.to_string())
        }
        (Content::Bits { bits, parity, values, .. }, Kind::Number(most)) => {
            let layout = crate::form::layout(bits, parity).ok()?;
            let over = |(letter, room): (char, u64)| values.get(&letter) == Some(source) && *most > room;
            layout.letters().into_iter().any(over).then(|| most.to_string())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_of_the_form_is_known_with_its_length() {
        for field in lanyard_people::FORM {
            let known = kind_of(&format!("person.{}", field.name));
            assert!(matches!(known, Some(Kind::Text(most)) if most == field.longest), "{}", field.name);
        }
    }
}
