//! How card numbers stand in plans and journals: as they are usually written, and checked when they are read.

use lanyard_desfire::{AccessRights, Aid, CommMode, FileNo, KeyNo, KeySettings};
use serde::{Deserialize, Deserializer, Serializer, de::Error};

macro_rules! form {
    ($name:ident, $of:ty, $as:ty, |$value:ident| $write:expr, |$read:ident| $parse:expr) => {
        pub(crate) mod $name {
            use super::*;

            pub(crate) fn serialize<S: Serializer>($value: &$of, out: S) -> Result<S::Ok, S::Error> {
                serde::Serialize::serialize(&$write, out)
            }

            pub(crate) fn deserialize<'de, D: Deserializer<'de>>(input: D) -> Result<$of, D::Error> {
                let $read = <$as>::deserialize(input)?;
                let parsed: Option<$of> = $parse;
                parsed.ok_or_else(|| D::Error::custom(concat!("no ", stringify!($name))))
            }
        }
    };
}

form!(aid, Aid, String, |aid| aid_text(*aid), |text| parse_aid(&text));
form!(file, FileNo, u8, |file| file.get(), |number| FileNo::new(number));
form!(key, KeyNo, u8, |key| key.get(), |number| KeyNo::new(number));
form!(optional_key, Option<KeyNo>, Option<u8>, |key| key.map(KeyNo::get), |number| match number {
    None => Some(None),
    Some(number) => KeyNo::new(number).map(Some),
});
form!(settings, KeySettings, u8, |settings| settings.wire(), |byte| Some(KeySettings::from_wire(byte)));
form!(rights, AccessRights, [u8; 2], |rights| rights.wire(), |bytes| Some(AccessRights::from_wire(bytes)));
form!(mode, CommMode, String, |mode| mode_word(*mode), |word| match word.as_str() {
    "plain" => Some(CommMode::Plain),
    "mac" => Some(CommMode::Mac),
    "full" => Some(CommMode::Full),
    _ => None,
});

/// Six hex digits, as in descriptions.
pub(crate) fn aid_text(aid: Aid) -> String {
    format!("{:06X}", aid.number())
}

fn parse_aid(text: &str) -> Option<Aid> {
    let six = text.len() == 6 && text.bytes().all(|digit| digit.is_ascii_hexdigit());
    six.then(|| u32::from_str_radix(text, 16).ok()).flatten().map(Aid::from_number)
}

pub(crate) fn mode_word(mode: CommMode) -> &'static str {
    match mode {
        CommMode::Plain => "plain",
        CommMode::Mac => "mac",
        CommMode::Full => "full",
    }
}
