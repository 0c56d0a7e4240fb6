//! What is written of a card after its first life: held against the records, given other keys, made a blank again.

use std::collections::BTreeMap;

use lanyard_model::{Change, Id, Kind, Reason, RecordRef, Value};

use crate::entries::{KeyOnCard, VoidParts, key_map, voided};

/// What a card has, or will have: an encoding and the versions of its keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keyed<'a> {
    /// Name of the encoding.
    pub encoding: &'a str,
    /// Its version.
    pub version: u32,
    /// Its keys.
    pub keys: &'a [KeyOnCard],
}

const NEXT: [&str; 3] = ["next_encoding", "next_encoding_version", "next_keys"];

fn card(what: &str, id: Id) -> Change {
    Change::new(what, RecordRef { kind: Kind::Card, id })
}

fn credential(what: &str, id: Id) -> Change {
    Change::new(what, RecordRef { kind: Kind::Credential, id })
}

/// The card was read with the reader's keys; `differs`: the first place that is not as it should be.
#[must_use]
pub fn checked(id: Id, differs: Option<&str>) -> Change {
    match differs {
        Some(place) => card("card.differed", id).field("place", place),
        None => card("card.checked", id),
    }
}

/// Other keys will be written: before the card is touched. Until it is done both states are known.
#[must_use]
pub fn rekey_begun(id: Id, to: &Keyed<'_>) -> Change {
    let [encoding, version, keys] = NEXT;
    credential("credential.rekey_begun", id)
        .field(encoding, to.encoding)
        .field(version, i64::from(to.version))
        .field(keys, key_map(to.keys))
}

/// The card has them, and was read with them.
#[must_use]
pub fn rekeyed(id: Id, to: &Keyed<'_>) -> Change {
    without_next(credential("credential.rekeyed", id))
        .field("encoding", to.encoding)
        .field("encoding_version", i64::from(to.version))
        .field("keys", key_map(to.keys))
}

/// The card has what it had.
#[must_use]
pub fn rekey_taken_back(id: Id) -> Change {
    without_next(credential("credential.rekey_taken_back", id))
}

fn without_next(mut change: Change) -> Change {
    change.fields.extend(NEXT.map(|name| (name.to_owned(), Value::Null)));
    change
}

/// A card of ours is to become a blank: what is on it is void before it is touched.
#[must_use]
pub fn reset_begun(id: Id, parts: &VoidParts) -> Vec<Change> {
    let mut changes = voided(parts, Reason::Returned);
    changes.push(card("card.reset_begun", id));
    changes
}

/// It proved to be one: from now on its UID is no longer that of a card of ours.
#[must_use]
pub fn made_blank(id: Id) -> Change {
    card("card.made_blank", id).field(BLANK, true)
}

/// The field that says so.
pub const BLANK: &str = "blank";

/// The versions that a card will have when what was begun is done.
#[must_use]
pub fn next_of(fields: &BTreeMap<String, Value>) -> Option<(&str, u32, &BTreeMap<String, Value>)> {
    let [encoding, version, keys] = NEXT.map(|name| fields.get(name));
    let Some(Value::Map(keys)) = keys else { return None };
    Some((encoding?.as_text()?, u32::try_from(version?.as_int()?).ok()?, keys))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn until_a_rekey_is_done_both_states_are_known_and_afterwards_one() {
        let keys = [KeyOnCard { name: "door".to_owned(), version: 2 }];
        let to = Keyed { encoding: "doors", version: 3, keys: &keys };
        let begun = rekey_begun(Id([1; 16]), &to);
        let (encoding, version, next) = next_of(&begun.fields).unwrap();
        assert_eq!((encoding, version, next.get("door")), ("doors", 3, Some(&Value::Int(2))));
        assert!(!begun.fields.contains_key("keys"), "what it has stays on record");
        for over in [rekeyed(Id([1; 16]), &to), rekey_taken_back(Id([1; 16]))] {
            assert_eq!(next_of(&over.fields), None);
        }
    }

    #[test]
    fn a_card_in_use_is_void_before_it_is_reset() {
        let parts = VoidParts { card: Some((Id([1; 16]), "active".to_owned())), ..VoidParts::default() };
        let words: Vec<String> = reset_begun(Id([1; 16]), &parts).into_iter().map(|change| change.what).collect();
        assert_eq!(words, ["card.voided", "card.reset_begun"]);
    }
}
