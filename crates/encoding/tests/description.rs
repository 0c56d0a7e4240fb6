//! What is wrong with a description is said with line, column and name, and nothing half-right is taken.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use common::STARTER;
use lanyard_encoding::{Encoding, EncodingError, Problem};
use lanyard_fault::Coded;
use proptest::prelude::*;

fn changed(from: &str, to: &str) -> Result<Encoding, EncodingError> {
    assert!(STARTER.contains(from), "{from}");
    Encoding::parse(&STARTER.replacen(from, to, 1))
}

/// Line and column, from 1, of a piece of the starter encoding after one replacement.
fn place(from: &str, to: &str, of: &str) -> (u32, u32) {
    let text = STARTER.replacen(from, to, 1);
    let before = &text[..text.find(of).unwrap()];
    (before.matches('\n').count() as u32 + 1, before.rsplit('\n').next().unwrap().len() as u32 + 1)
}

#[test]
fn the_starter_encoding_says_which_values_and_keys_it_needs() {
    let encoding = Encoding::parse(STARTER).unwrap();
    assert_eq!(encoding.values(), ["card.facility", "card.long_number", "card.number", "card.record"]);
    let keys: Vec<_> = encoding.keys().into_iter().map(|key| key.name.as_str()).collect();
    assert_eq!(keys, ["card-master", "app-master", "app-reader", "app-spare"]);
}

#[test]
fn an_unknown_key_is_named_with_its_line_and_column() {
    let cases = [
        ("free_bytes = 1024", "free_byts = 1024", "free_byts"),
        ("create_free = false", "create_free = false\nlock_free = true", "lock_free"),
        ("role = \"reader\"", "rolle = \"reader\"", "rolle"),
        ("mode = \"full\"", "mode = \"full\"\ncolour = 7", "colour"),
        ("from = \"card.long_number\"", "from = \"card.long_number\"\nendian = \"big\"", "endian"),
        ("id = \"starter\"", "id = \"starter\"\nauthor = \"x\"", "author"),
    ];
    for (from, to, key) in cases {
        let error = changed(from, to).unwrap_err();
        let EncodingError::Unreadable { key: named, line, column, .. } = &error else { panic!("{error:?}") };
        assert_eq!((named.as_str(), (*line, *column)), (key, place(from, to, key)), "{error}");
        assert_eq!(error.code(), "encoding.file.unreadable");
    }
}

#[test]
fn what_is_missing_or_of_the_wrong_type_is_refused_with_its_place() {
    for (from, to) in [
        ("free_bytes = 1024", "free_bytes = \"1024\""),
        ("mode = \"full\"", "mode = \"fuller\""),
        ("family = \"ev2\"", "family = \"ev9\""),
        ("type = \"number\"", "type = \"float\""),
        ("sv = \"Grundkodning\"\n", ""),
        ("role = \"reader\"\n", ""),
        ("lanyard_encoding = 1", "lanyard_encoding = \"1\""),
        ("[names]", "[names"),
        ("diversify = [\"uid\", \"system\"]", "diversify = [\"uid\", \"colour\"]"),
        ("size = 32", "size = -1"),
    ] {
        let error = changed(from, to).unwrap_err();
        assert!(matches!(&error, EncodingError::Unreadable { line, .. } if *line > 1), "{from}: {error:?}");
    }
}

#[test]
fn what_no_card_could_be_is_refused_with_its_place_and_reason() {
    type Is = fn(&Problem) -> bool;
    let cases: [(&str, &str, Is); 30] = [
        ("lanyard_encoding = 1", "lanyard_encoding = 2", |p| *p == Problem::Version { found: 2 }),
        ("id = \"starter\"", "id = \"Starter!\"", |p| *p == Problem::Id),
        ("system = \"lanyard\"", "system = \"a much longer name\"", |p| matches!(p, Problem::Length { most: 16, .. })),
        ("system = \"lanyard\"", "", |p| *p == Problem::NoSystem),
        ("aid = \"4C5901\"", "aid = \"000000\"", |p| *p == Problem::Aid),
        ("aid = \"4C5901\"", "aid = \"+C5901\"", |p| *p == Problem::Aid),
        ("number = 1\nrole", "number = 3\nrole", |p| *p == Problem::KeyNumber { expected: 1 }),
        ("role = \"reader\"", "role = \"master\"", |p| *p == Problem::Twice { what: "role" }),
        ("role = \"reader\"", "role = \"free\"", |p| matches!(p, Problem::Role { .. })),
        ("read = \"reader\"", "read = \"opener\"", |p| matches!(p, Problem::Role { role } if role == "opener")),
        ("change_keys = \"master\"", "change_keys = \"frozen\"", |p| matches!(p, Problem::ChangeKeys { .. })),
        ("change_keys = \"master\"", "change_keys = \"reader\"", |p| matches!(p, Problem::ChangeKeys { .. })),
        ("master_changeable = true", "master_changeable = false", |p| *p == Problem::MasterFrozen),
        ("key = \"app-spare\"", "key = \"App spare\"", |p| matches!(p, Problem::KeyName { .. })),
        ("[\"uid\", \"system\"]", "[\"system\"]", |p| *p == Problem::NoUid),
        ("[\"uid\", \"system\"]", "[\"uid\", \"system\", \"uid\", \"uid\", \"uid\"]", |p| {
            matches!(p, Problem::Length { most: 31, .. })
        }),
        ("number = 1\nsize", "number = 32\nsize", |p| *p == Problem::FileNumber),
        ("number = 1\nsize", "number = 2\nsize", |p| *p == Problem::Twice { what: "file number" }),
        ("number = 1\nsize", "number = 1\niso_file_id = 1\nsize", |p| *p == Problem::IsoBoth),
        ("size = 32", "size = 0", |p| matches!(p, Problem::Length { .. })),
        ("size = 32", "size = 15", |p| *p == Problem::Outside { size: 15 }),
        ("write = \"master\"", "write = \"free\"", |p| *p == Problem::FreeWrite),
        ("write = \"master\"", "write = \"never\"", |p| *p == Problem::NoWriter),
        ("read = \"reader\"", "read = \"never\"", |p| *p == Problem::NoReader),
        ("read = \"reader\"", "read = \"free\"", |p| *p == Problem::FreeReadEnciphered),
        ("offset = 8", "offset = 3", |p| matches!(p, Problem::Overlap { with } if with == "wiegand26")),
        ("offset = 8", "offset = 4294967295", |p| matches!(p, Problem::Outside { .. })),
        ("length = 4", "length = 3", |p| matches!(p, Problem::Length { least: 4, .. })),
        ("from = \"card.long_number\"", "from = \"long number\"", |p| matches!(p, Problem::Source { .. })),
        ("from = \"card.long_number\"", "from = \"card.long_number\"\nfacility = 3", |p| {
            *p == Problem::NotForType { key: "facility" }
        }),
    ];
    for (from, to, is) in cases {
        let error = changed(from, to).unwrap_err();
        let EncodingError::Invalid { problem, line, .. } = &error else { panic!("{from} → {to}: {error:?}") };
        assert!(is(problem) && *line >= 1, "{from} → {to}: {problem:?}");
        assert_eq!(error.code(), "encoding.file.invalid");
    }
}

#[test]
fn a_constant_that_does_not_fit_is_found_when_the_file_is_read_and_not_at_the_first_card() {
    for (from, to) in [
        ("facility = \"card.facility\"\nnumber = \"card.number\"", "facility = 256\nnumber = 1"),
        ("from = \"card.long_number\"", "constant = \"12a\""),
        ("type = \"number\"\nfrom = \"card.long_number\"", "type = \"text\"\nconstant = \"longer than it\""),
        ("type = \"number\"\nfrom = \"card.long_number\"", "type = \"bytes\"\nhex = \"00112233\""),
        ("type = \"number\"\nfrom = \"card.long_number\"", "type = \"bytes\"\nhex = \"0\""),
        ("from = \"card.long_number\"", "from = \"card.long_number\"\nconstant = 1"),
        ("from = \"card.long_number\"", "coding = \"bcd\""),
    ] {
        assert!(matches!(changed(from, to), Err(EncodingError::Invalid { .. })), "{to}");
    }
    assert!(changed("from = \"card.long_number\"", "constant = 7\ncoding = \"little\"").is_ok());
}

proptest! {
    #[test]
    fn no_text_breaks_the_reader(at in 0..STARTER.len(), with in ".{0,12}", len in 0_usize..40) {
        if STARTER.is_char_boundary(at) && STARTER.is_char_boundary((at + len).min(STARTER.len())) {
            let mut text = STARTER.to_owned();
            text.replace_range(at..(at + len).min(STARTER.len()), &with);
            let _ = Encoding::parse(&text);
        }
    }
}

#[test]
fn a_huge_or_deep_file_is_refused() {
    assert_eq!(Encoding::parse(&" ".repeat(1 << 19)).unwrap_err().code(), "encoding.file.large");
    assert!(Encoding::parse(&format!("a = {}", "[".repeat(100_000))).is_err());
}
