//! Published and computed card numbers (tests/vectors/vectors.json, group wiegand), and what must hold for all others.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use lanyard_formats::{BitLayout, Bits, CardNumber, FormatError, ParityPicture, Wiegand};
use proptest::prelude::*;
use serde_json::Value;

fn format_of(name: &str) -> Option<Wiegand> {
    Wiegand::ALL.iter().copied().find(|format| name.starts_with(format.name()))
}

/// Even over the facility code, even over the number.
fn verkada40() -> BitLayout {
    let rules = [
        ParityPicture { bit: 0, odd: false, over: ". XXXXXXXXXX ............................ ." },
        ParityPicture { bit: 39, odd: false, over: ". .......... XXXXXXXXXXXXXXXXXXXXXXXXXXXX ." },
    ];
    BitLayout::new("P FFFFFFFFFF NNNNNNNNNNNNNNNNNNNNNNNNNNNN P", &rules).unwrap()
}

/// 34 bits, but facility 10 and number 22.
fn split_10_22() -> BitLayout {
    let rules = [
        ParityPicture { bit: 0, odd: false, over: ".XXXXXXXXXXXXXXXX................." },
        ParityPicture { bit: 33, odd: true, over: ".................XXXXXXXXXXXXXXXX." },
    ];
    BitLayout::new("PFFFFFFFFFFNNNNNNNNNNNNNNNNNNNNNNP", &rules).unwrap()
}

#[test]
fn a_layout_that_cannot_be_is_refused_with_the_place() {
    let rule = |bit, over| ParityPicture { bit, odd: false, over };
    for (picture, rules, at) in [
        ("", vec![], 0),
        (&*"N".repeat(65), vec![], 0),
        ("FFxF", vec![], 2),
        ("NNNP", vec![], 3),
        ("NNNP", vec![rule(0, "XXX.")], 0),
        ("NNNP", vec![rule(9, "XXX.")], 9),
        ("NNNP", vec![rule(3, "XXX")], 3),
        ("NNNP", vec![rule(3, "XX*.")], 3),
        ("NNNP", vec![rule(3, "XXXX")], 3),
        ("NNNP", vec![rule(3, "XXX."), rule(3, "XXX.")], 3),
        // The outer one covers the inner one, so the inner one is reckoned first.
        ("PNNP", vec![rule(0, ".XXX"), rule(3, ".XX.")], 0),
    ] {
        let error = BitLayout::new(picture, &rules).unwrap_err();
        assert!(matches!(error, FormatError::Picture { at: found, .. } if found == at), "{picture:?}: {error}");
    }
}

#[test]
fn bits_of_a_value_may_stand_apart_and_what_stands_for_itself_is_checked() {
    let layout = BitLayout::new("1N0N NN10", &[]).unwrap();
    assert_eq!(layout.letters(), [('N', 15)]);
    let bits = layout.encode(|_| Some(0b1010)).unwrap();
    assert_eq!(bits.to_string(), "11001010");
    assert_eq!(layout.decode(bits), Ok(vec![('N', 0b1010)]));
    assert!(matches!(layout.encode(|_| Some(16)), Err(FormatError::Letter { letter: 'N', most: 15 })));
    assert!(matches!(layout.encode(|_| None), Err(FormatError::Letter { .. })));
    assert!(layout.decode(Bits::new(0b0100_1010, 8).unwrap()).is_err());
    assert!(layout.decode(Bits::new(0b1, 1).unwrap()).is_err());
}

#[test]
fn every_vector_of_a_format_that_is_here_comes_out() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/vectors/vectors.json");
    let file: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let mut tried = Vec::new();
    for vector in file["vectors"].as_array().unwrap() {
        let id = vector["id"].as_str().unwrap();
        if vector["group"].as_str() != Some("wiegand") {
            continue;
        }
        let facility = vector["inputs"]["fc"].as_u64().unwrap_or(0);
        let number = vector["inputs"]["cn"].as_u64().unwrap();
        let value = |letter| if letter == 'F' { Some(facility) } else { Some(number) };
        let bits = match vector["inputs"]["format"].as_str() {
            Some(name) if format_of(name).is_some() => {
                let (format, card) = (format_of(name).unwrap(), CardNumber { facility, number });
                let bits = format.encode(card).unwrap();
                assert_eq!(format.decode(bits), Ok(card), "{id}");
                bits
            }
            Some("Verkada40") => verkada40().encode(value).unwrap(),
            None => split_10_22().encode(value).unwrap(),
            other => panic!("{id}: {other:?}"),
        };
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
        tried.push(id.to_owned());
    }
    let listed = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/vectors/not-ours.toml");
    let listed: toml::Table = std::fs::read_to_string(listed).unwrap().parse().unwrap();
    let mut ours: Vec<_> = listed["owner"]["crates/formats"]["ids"].as_array().unwrap().iter().collect();
    ours.retain(|id| !tried.iter().any(|tried| Some(tried.as_str()) == id.as_str()));
    assert!(ours.is_empty() && tried.len() == 15, "not run: {ours:?}");
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
    assert!(Bits::new(1 << 25, 26).unwrap().to_bytes_left(3).is_err());
    assert!(Bits::from_bytes_left(&[0, 0, 0, 0x3F], 26).is_err());
    assert!(Bits::from_bytes_left(&[0; 3], 26).is_err() && Bits::from_bytes_left(&[0; 9], 65).is_err());
}

proptest! {
    #[test]
    fn one_flipped_bit_never_gives_another_card(number in 0_u64..1 << 16, facility in 0_u64..256, flip in 0_u8..37) {
        for format in Wiegand::ALL {
            let facility = facility.min(format.most_facility());
            let bits = format.encode(CardNumber { facility, number }).unwrap();
            prop_assert_eq!(Bits::from_bytes(&bits.to_bytes(8).unwrap(), bits.len()), Ok(bits));
            prop_assert_eq!(Bits::from_bytes_left(&bits.to_bytes_left(9).unwrap(), bits.len()), Ok(bits));
            let other = Bits::new(bits.value() ^ 1 << (flip % bits.len()), bits.len()).unwrap();
            let parity_wrong = matches!(format.decode(other), Err(FormatError::Parity { .. }));
            prop_assert!(parity_wrong);
        }
    }
}

proptest! {
    #[test]
    fn a_layout_gives_back_what_it_was_given(facility in 0_u64..1 << 10, number in 0_u64..1 << 22, flip in 0_u8..34) {
        let layout = split_10_22();
        let bits = layout.encode(|letter| Some(if letter == 'F' { facility } else { number })).unwrap();
        prop_assert_eq!(layout.decode(bits), Ok(vec![('F', facility), ('N', number)]));
        let other = Bits::new(bits.value() ^ 1 << flip, 34).unwrap();
        let parity_wrong = matches!(layout.decode(other), Err(FormatError::Parity { .. }));
        prop_assert!(parity_wrong);
    }

    #[test]
    fn no_picture_breaks_the_reader(picture in "[A-Z01 x]{0,70}", over in "[X. ]{0,70}", bit: u8) {
        let _ = BitLayout::new(&picture, &[ParityPicture { bit, odd: true, over: &over }]);
    }
}
