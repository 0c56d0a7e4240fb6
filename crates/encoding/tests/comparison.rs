//! What `diff` says changes on a card, and what it takes.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use common::{REKEY, STARTER, THREE};
use lanyard_encoding::{Encoding, How, diff};

/// From what to what in the three applications' encoding; where, what, how.
const CASES: &[(&str, &str, &str, &str, How)] = &[
    ("family = \"ev2\"", "family = \"ev3\"", "card", "family", How::AnotherCard),
    ("family = \"ev2\"", "family = \"ev1\"", "card", "family", How::Nothing),
    ("free_bytes = 2048", "free_bytes = 4096", "card", "free_bytes", How::Nothing),
    ("free_bytes = 2048", "free_bytes = 2048\nrandom_uid = true", "card", "random_uid", How::InPlace),
    ("free_bytes = 2048", "free_bytes = 2048\nformat_off = true", "card", "format_off", How::InPlace),
    ("free_bytes = 2048", "free_bytes = 2048\nonly_ev2 = true", "card", "only_ev2", How::InPlace),
    ("key = \"card-master\"", "key = \"card-master-2\"", "card, master_key", "key", How::InPlace),
    ("key = \"card-default\"", "key = \"card-default-2\"", "card, default_key", "key", How::InPlace),
    (
        "[card.default_key]\nkey = \"card-default\"\ndiversify = [\"uid\", \"system\"]",
        "",
        "card, default_key",
        "default_key",
        How::InPlace,
    ),
    (
        "[card.default_key]",
        "[card.transport_key]\nkey = \"transport\"\n[card.default_key]",
        "card, transport_key",
        "key",
        How::Nothing,
    ),
    (
        "[card.settings]\nsettings_changeable = true\nlist_free = false",
        "[card.settings]\nsettings_changeable = true\nlist_free = true",
        "card, settings",
        "settings",
        How::InPlace,
    ),
    ("iso = { file_id = 0xE100,", "iso = { file_id = 0xE200,", "application 4C5912", "iso", How::Reset),
    (
        "[[application.file]]\nnumber = 0\nkind = \"backup\"",
        "[[application.key]]\nnumber = 2\nrole = \"more\"\nkey = \"more\"\n[[application.file]]\nnumber = 0\nkind = \"backup\"",
        "application 4C5911",
        "keys",
        How::Reset,
    ),
    ("key = \"doors-reader\"", "key = \"doors-reader-2\"", "application 4C5910, key 1", "key", How::InPlace),
    ("role = \"till\"", "role = \"tills\"", "application 4C5911, key 1", "role", How::Nothing),
    ("size = 192", "size = 224", "application 4C5912, file 1", "shape", How::MadeAnew),
    ("kind = \"backup\"", "kind = \"standard\"", "application 4C5911, file 0", "shape", How::MadeAnew),
    ("mode = \"mac\"", "mode = \"full\"", "application 4C5910, file 2", "mode", How::InPlace),
    (
        "access = { read = \"till\", write = \"master\"",
        "access = { read = \"master\", write = \"master\"",
        "application 4C5911, file 0",
        "rights",
        How::InPlace,
    ),
    (
        "name = \"wiegand37\"\noffset = 8",
        "name = \"wiegand37\"\noffset = 9",
        "application 4C5910, file 1",
        "values",
        How::InPlace,
    ),
    (
        "from = \"person.given_name\"",
        "from = \"person.family_name\"",
        "application 4C5912, file 1",
        "values",
        How::InPlace,
    ),
    (
        "[[application]]\naid = \"4C5911\"",
        "[[application]]\naid = \"4C5999\"\nsettings = { master_changeable = true, settings_changeable = true, list_free = false, create_free = false, change_keys = \"same\" }\nkey = [{ number = 0, role = \"master\", key = \"fourth\" }]\n[[application]]\naid = \"4C5911\"",
        "application 4C5999",
        "application",
        How::InPlace,
    ),
];

#[test]
fn each_difference_is_named_with_what_it_takes_on_the_card() {
    let from = Encoding::parse(THREE).unwrap();
    assert_eq!(diff(&from, &from), lanyard_encoding::Diff { changes: Vec::new(), how: How::Nothing });
    for (old, new, at, what, how) in CASES {
        assert!(THREE.contains(old), "{old}");
        let text = THREE.replacen(old, new, 1).replace("read = \"tills\"", "read = \"till\"");
        // A role's new name is used where it was.
        let text = if *what == "role" { text.replace("read = \"till\"", "read = \"tills\"") } else { text };
        let to = Encoding::parse(&text).unwrap_or_else(|error| panic!("{new}: {error}"));
        let found = diff(&from, &to);
        let own = found.changes.iter().find(|change| (change.at.as_str(), change.what) == (*at, *what));
        let own = own.unwrap_or_else(|| panic!("{at}, {what}: {found:#?}"));
        assert_eq!(own.how, *how, "{at}, {what}");
        // Nothing else but what follows for the memory.
        let others = found.changes.iter().filter(|change| *change != own && change.what != "memory").count();
        assert_eq!(others, 0, "{at}, {what}: {found:#?}");
        assert_eq!(found.how, *how);
    }
}

#[test]
fn what_cannot_be_taken_back_takes_another_card() {
    let plain = Encoding::parse(THREE).unwrap();
    for option in ["random_uid", "format_off", "only_ev2"] {
        let on = THREE.replacen("free_bytes = 2048", &format!("free_bytes = 2048\n{option} = true"), 1);
        assert_eq!(diff(&Encoding::parse(&on).unwrap(), &plain).how, How::AnotherCard, "{option}");
    }
    let frozen = THREE.replacen(
        "[card.settings]\nsettings_changeable = true",
        "[card.settings]\nsettings_changeable = false",
        1,
    );
    let free = THREE.replacen("list_free = false", "list_free = true", 1);
    let of = |from: &str, to: &str| diff(&Encoding::parse(from).unwrap(), &Encoding::parse(to).unwrap()).how;
    assert_eq!(of(&frozen, &free), How::AnotherCard);
    let settled = THREE.replace(
        "master_changeable = true, settings_changeable = true",
        "master_changeable = true, settings_changeable = false",
    );
    assert_eq!(of(&settled, THREE), How::Reset);
    let rights = THREE.replace("change = \"master\"", "change = \"never\"");
    assert_eq!(of(&rights, THREE), How::MadeAnew);
}

#[test]
fn another_constant_of_the_office_is_another_key_everywhere() {
    let other = STARTER.replacen("system = \"lanyard\"", "system = \"other\"", 1);
    let found = diff(&Encoding::parse(STARTER).unwrap(), &Encoding::parse(&other).unwrap());
    assert_eq!(found.changes.iter().filter(|change| change.what == "key").count(), 4);
}

#[test]
fn what_ships_for_a_re_key_changes_one_key_and_nothing_else() {
    let found = diff(&Encoding::parse(STARTER).unwrap(), &Encoding::parse(REKEY).unwrap());
    assert_eq!(found.changes.len(), 1, "{found:#?}");
    assert_eq!((found.changes[0].at.as_str(), found.how), ("application 4C5901, key 1", How::InPlace));
}
