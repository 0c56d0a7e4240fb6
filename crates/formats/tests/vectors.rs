//! Published and computed card numbers (tests/vectors/vectors.json, group wiegand), and what must hold for all others.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use lanyard_formats::{Bits, CardNumber, FormatError, Wiegand};
use proptest::prelude::*;
use serde_json::Value;

fn format_of(name: &str) -> Option<Wiegand> {
    Wiegand::ALL.iter().copied().find(|format| name.starts_with(format.name()))
}

#[test]
fn every_vector_of_a_format_that_is_here_comes_out() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/vectors/vectors.json");
    let file: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let mut tried = Vec::new();
    for vector in file["vectors"].as_array().unwrap() {
        let id = vector["id"].as_str().unwrap();
        let Some(format) = vector["inputs"]["format"].as_str().and_then(format_of) else { continue };
        let facility = vector["inputs"]["fc"].as_u64().unwrap_or(0);
        let card = CardNumber { facility, number: vector["inputs"]["cn"].as_u64().unwrap() };
        let bits = format.encode(card).unwrap();
        for (form, expected) in vector["outputs"].as_object().unwrap() {
            let expected = expected.as_str().unwrap();
            let number = || u64::from_str_radix(expected, 16).unwrap();
            match form.as_str() {
                "wiegand_hex" => assert_eq!(bits.value(), number(), "{id}"),
                "hid_raw" => assert_eq!(bits.hid_raw(), number(), "{id}"),
                "binary" => assert_eq!(bits.to_string(), expected, "{id}"),
                "new_pacs" => {
                    let shown: String = bits.new_pacs().iter().map(|byte| format!("{byte:02X}")).collect();
                    assert_eq!(shown, expected, "{id}");
                }
                other => panic!("{id}: unknown form {other}"),
            }
        }
        assert_eq!(format.decode(bits), Ok(card), "{id}");
        tried.push(id.to_owned());
    }
    let listed = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/vectors/not-yet.toml");
    let listed: toml::Table = std::fs::read_to_string(listed).unwrap().parse().unwrap();
    let mut ours: Vec<_> = listed["owner"]["crates/formats"]["ids"].as_array().unwrap().iter().collect();
    ours.retain(|id| !tried.iter().any(|tried| Some(tried.as_str()) == id.as_str()));
    assert!(ours.is_empty() && tried.len() == 9, "not run: {ours:?}");
}

#[test]
fn a_number_that_does_not_fit_is_refused_and_never_cut() {
    let encode = |format: Wiegand, facility, number| format.encode(CardNumber { facility, number });
    assert!(encode(Wiegand::H10301, 255, 65_535).is_ok());
    assert!(matches!(encode(Wiegand::H10301, 256, 1), Err(FormatError::Facility { most: 255, .. })));
    assert!(matches!(encode(Wiegand::H10301, 1, 65_536), Err(FormatError::Number { most: 65_535, .. })));
    assert!(matches!(encode(Wiegand::H10302, 1, 1), Err(FormatError::Facility { most: 0, .. })));
    assert!(matches!(Bits::new(4, 2), Err(FormatError::Room { .. })));
    assert!(Bits::new(1 << 25, 26).unwrap().to_bytes(3).is_err());
    assert!(Bits::from_bytes(&[4, 0, 0, 0], 26).is_err());
    assert!(Bits::from_bytes(&[1, 0, 0, 0, 0, 0, 0, 0, 0], 64).is_err());
}

proptest! {
    #[test]
    fn one_flipped_bit_never_gives_another_card(number in 0_u64..1 << 16, facility in 0_u64..256, flip in 0_u8..37) {
        for format in Wiegand::ALL {
            let facility = facility.min(format.most_facility());
            let bits = format.encode(CardNumber { facility, number }).unwrap();
            prop_assert_eq!(Bits::from_bytes(&bits.to_bytes(8).unwrap(), bits.len()), Ok(bits));
            let other = Bits::new(bits.value() ^ 1 << (flip % bits.len()), bits.len()).unwrap();
            let parity_wrong = matches!(format.decode(other), Err(FormatError::Parity { .. }));
            prop_assert!(parity_wrong);
        }
    }
}
