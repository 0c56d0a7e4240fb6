//! `docs/encodings.md` says what is: its example is read and checked, and every finding stands in it.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use lanyard_desfire::{Family, Link};
use lanyard_encoding::{Date, Encoding, Severity, Values, lint, lint_codes, preview};
use lanyard_formats::{BitLayout, CardNumber, ParityPicture, Wiegand};

const PAGE: &str = include_str!("../../../docs/encodings.md");

fn example() -> &'static str {
    PAGE.split("```toml\n").nth(1).unwrap().split("```").next().unwrap()
}

#[test]
fn the_example_of_the_page_is_an_encoding_without_an_error() {
    let encoding = Encoding::parse(example()).unwrap();
    assert_eq!(encoding.values(), ["card.facility", "card.number"]);
    let found = lint(example(), Date::parse("2026-11-24").unwrap());
    assert!(found.iter().all(|finding| finding.severity != Severity::Error), "{found:#?}");
    assert!(found.iter().any(|finding| finding.accepted_by.as_deref() == Some("Åsa Lind")));
    let sample = Values::sample(&encoding);
    assert!(preview(&encoding, &sample, Family::Ev3, Link::wrapped(64)).is_ok());
}

#[test]
fn the_layout_of_the_page_is_the_26_bit_format() {
    let drawn = PAGE.split("    bits = ").nth(1).unwrap().split("\n\n").next().unwrap();
    let drawn: toml::Table = format!("bits = {drawn}").parse().unwrap();
    let rules: Vec<_> = drawn["parity"]
        .as_array()
        .unwrap()
        .iter()
        .map(|rule| ParityPicture {
            bit: u8::try_from(rule["bit"].as_integer().unwrap()).unwrap(),
            odd: rule["is"].as_str() == Some("odd"),
            over: rule["over"].as_str().unwrap(),
        })
        .collect();
    let layout = BitLayout::new(drawn["bits"].as_str().unwrap(), &rules).unwrap();
    for (facility, number) in [(123, 4567), (255, 65_535), (0, 1), (1, 0)] {
        let bits = layout.encode(|letter| Some(if letter == 'F' { facility } else { number })).unwrap();
        assert_eq!(Wiegand::H10301.decode(bits), Ok(CardNumber { facility, number }));
    }
}

#[test]
fn every_finding_is_on_the_page() {
    for code in lint_codes() {
        assert!(PAGE.contains(&format!("| `{code}` |")), "{code}");
    }
}
