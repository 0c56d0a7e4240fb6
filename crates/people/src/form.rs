//! The form: which fields a person has, which of them a badge needs, how values are tidied and compared.

use crate::PersonError;
use std::collections::BTreeMap;

/// A field of the form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    /// As in records, files and designs.
    pub name: &'static str,
    /// Must not be empty before a badge is issued.
    pub required: bool,
    /// In characters.
    pub longest: u32,
}

const fn field(name: &'static str, required: bool, longest: u32) -> Field {
    Field { name, required, longest }
}

/// In the order of the form.
pub const FORM: &[Field] = &[
    field("given_name", true, 80),
    field("family_name", true, 80),
    field("display_name", false, 120),
    field("staff_no", true, 20),
    field("unit", false, 80),
    field("title", false, 80),
    field("email", false, 254),
];

/// White space at the ends and doubled within goes; everything else stays as typed.
#[must_use]
pub fn tidy(value: &str) -> String {
    value.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Checks values against the form. `whole`: required fields that are absent count as missing.
///
/// # Errors
/// The first field that is wrong, in the order of the form.
pub fn check(values: &BTreeMap<String, String>, whole: bool) -> Result<(), PersonError> {
    if let Some(unknown) = values.keys().find(|name| !FORM.iter().any(|field| field.name == *name)) {
        return Err(PersonError::Unknown { field: unknown.clone() });
    }
    for Field { name, required, longest } in FORM {
        match values.get(*name) {
            Some(value) if value.chars().any(|c| c.is_control() || turns(c)) => {
                return Err(PersonError::Control { field: name });
            }
            Some(value) if value.chars().count() > *longest as usize => {
                return Err(PersonError::Long { field: name, longest: *longest });
            }
            Some(value) if *required && value.chars().all(|c| c.is_whitespace() || unseen(c)) => {
                return Err(PersonError::Missing { field: name });
            }
            None if *required && whole => return Err(PersonError::Missing { field: name }),
            _ => {}
        }
    }
    Ok(())
}

/// Turns the direction of writing by force (Unicode UAX #9 §2.1 to 2.4): a name on a badge would read otherwise than it is.
fn turns(c: char) -> bool {
    matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

/// Nothing is seen of it (Unicode UAX #44, `Default_Ignorable_Code_Point`). Within a name it has its use: the zero-width
/// non-joiner in Persian, selectors in Japanese.
fn unseen(c: char) -> bool {
    matches!(c,
        '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}'..='\u{1160}' | '\u{17B4}'..='\u{17B5}' | '\u{180B}'..='\u{180F}'
        | '\u{200B}'..='\u{200F}' | '\u{2060}'..='\u{206F}' | '\u{3164}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}'
        | '\u{FFA0}' | '\u{FFF0}'..='\u{FFF8}' | '\u{1BCA0}'..='\u{1BCA3}' | '\u{1D173}'..='\u{1D17A}'
        | '\u{E0000}'..='\u{E0FFF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_badge_is_not_issued_to_somebody_without_a_number() {
        let mut values = BTreeMap::from([
            ("given_name".to_owned(), "Eileen".to_owned()),
            ("family_name".to_owned(), "Möllerström".to_owned()),
        ]);
        assert_eq!(check(&values, true), Err(PersonError::Missing { field: "staff_no" }));
        values.insert("staff_no".to_owned(), "104882".to_owned());
        assert_eq!(check(&values, true), Ok(()));
        values.insert("unit".to_owned(), "a\nb".to_owned());
        assert_eq!(check(&values, true), Err(PersonError::Control { field: "unit" }));
        values.insert("unit".to_owned(), "\u{202E}yauQ".to_owned());
        assert_eq!(check(&values, true), Err(PersonError::Control { field: "unit" }));
        values.insert("unit".to_owned(), "\u{200B}".to_owned());
        values.insert("given_name".to_owned(), "می\u{200C}نا".to_owned());
        assert_eq!(check(&values, true), Ok(()));
        for nothing in ["\u{200B}", "\u{3164} \u{AD}"] {
            values.insert("given_name".to_owned(), nothing.to_owned());
            assert_eq!(check(&values, true), Err(PersonError::Missing { field: "given_name" }));
        }
    }
}
