//! The vectors of group `em` (tests/vectors/vectors.json), by id; what other makers' tools print and write; and what
//! must hold for all other numbers.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use lanyard_em::{Em4100, EmError, Part, Printed, Prox, em4305, t5577};
use lanyard_formats::{CardNumber, Wiegand};
use proptest::prelude::*;
use serde_json::Value;

fn word(value: &Value) -> u32 {
    u32::from_str_radix(value.as_str().unwrap(), 16).unwrap()
}

fn card(hex: &str) -> Em4100 {
    Em4100(hex::decode(hex).unwrap().try_into().unwrap())
}

fn em4100(id: &str, vector: &Value) {
    let card = card(vector["inputs"]["id"].as_str().unwrap());
    let out = &vector["outputs"];
    let frame = card.encode();
    assert_eq!(format!("{frame:016X}"), out["frame_hex"], "{id}");
    assert_eq!(format!("{frame:064b}"), out["frame_bits"], "{id}");
    assert_eq!(Em4100::decode(frame), Ok(card), "{id}");
    let blocks = card.blocks();
    assert_eq!(t5577::Config::EM4100.encode(), Ok(word(&out["T5577"]["block0"])), "{id}");
    assert_eq!(blocks, [word(&out["T5577"]["block1"]), word(&out["T5577"]["block2"])], "{id}");
    assert_eq!(em4305::Config::EM4100.encode(), Ok(word(&out["EM4305"]["word4_config_pm3"])), "{id}");
    assert_eq!(blocks.map(em4305::word), [word(&out["EM4305"]["word5"]), word(&out["EM4305"]["word6"])], "{id}");
    assert_eq!(hex::encode_upper(card.reversed().0), out["Unique_bitrev"], "{id}");
    let mut forms = 0;
    for form in Printed::ALL.iter().filter(|form| **form != Printed::Hex) {
        let text = out[form.name()].as_str().unwrap();
        assert_eq!(form.show(card), text, "{id}");
        assert!(form.read(text).unwrap().fits(card), "{id}");
        forms += 1;
    }
    assert_eq!(forms, out.as_object().unwrap().keys().filter(|key| key.starts_with("DEZ")).count(), "{id}");
}

fn t5577_block0(id: &str, vector: &Value) {
    let out = &vector["outputs"];
    let plain = t5577::Config::EM4100;
    let closed = t5577::Config { password: true, ..plain };
    assert_eq!(plain.encode(), Ok(word(&out["block0"])), "{id}");
    assert_eq!(closed.encode(), Ok(word(&out["with_password_bit"])), "{id}");
    assert_eq!(t5577::Config::decode(word(&out["with_password_bit"])), Ok(closed), "{id}");
    assert_eq!(plain.encode_t5555(), Ok(word(&out["q5_T5555"])), "{id}");
}

fn em4305_config(id: &str, vector: &Value) {
    let config = word(&vector["outputs"]["word4"]);
    assert_eq!(em4305::Config::EM4100.encode(), Ok(config), "{id}");
    assert_eq!(em4305::Config::decode(config), Ok(em4305::Config::EM4100), "{id}");
}

#[test]
fn every_vector_of_the_group_comes_out() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/vectors/vectors.json");
    let file: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let mut run = Vec::new();
    for vector in file["vectors"].as_array().unwrap().iter().filter(|vector| vector["group"] == "em") {
        let id = vector["id"].as_str().unwrap();
        match id {
            "em-t5577-block0" => t5577_block0(id, vector),
            "em-em4305-config" => em4305_config(id, vector),
            _ => em4100(id, vector),
        }
        // What was computed from the rule that is tested is no evidence, and is called so.
        assert_eq!(vector["published"].as_bool(), Some(!id.ends_with("-COMPUTED")), "{id}");
        run.push(id.to_owned());
    }
    let listed = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/vectors/not-ours.toml");
    let listed: toml::Table = std::fs::read_to_string(listed).unwrap().parse().unwrap();
    let ours: Vec<_> = listed["owner"]["drivers/em"]["ids"].as_array().unwrap().iter().collect();
    assert_eq!(ours.iter().map(|id| id.as_str().unwrap()).collect::<Vec<_>>(), run);
}

/// RFIDler's help text (`ASK FF800006F0949406`, `ASK FFDC0A7EEEF783C0`) prints these two frames beside their numbers.
/// The second is a "Unique" number, whose bits are in reverse in each byte.
#[test]
fn frames_that_another_tool_prints_read_as_it_says() {
    assert_eq!(Em4100::decode(0xFF80_0006_F094_9406), Ok(card("0000DC4420")));
    assert_eq!(Em4100::decode(0xFFDC_0A7E_EEF7_83C0).unwrap().reversed(), card("0DEADBEEF0"));
}

/// Three tools write the same HID Prox blocks for the same facility and number: proxmark3 (`lf hid read` of 10/10, and
/// `lf simfsk`), RFIDler (123/45678), wCopy's writer (44/6969).
#[test]
fn a_wiegand_number_becomes_the_blocks_that_other_tools_write() {
    for (facility, number, blocks) in [
        (10, 10, [0x1D55_5955, 0x5565_5665, 0x5555_5666]),
        (123, 45_678, [0x1D55_5955, 0x5569_AA6A, 0x6965_A6A6]),
        (44, 6969, [0x1D55_5955, 0x5565_6695, 0x5A69_6A59]),
    ] {
        let bits = Wiegand::H10301.encode(CardNumber { facility, number }).unwrap();
        let prox = Prox::new(bits.hid_raw()).unwrap();
        assert_eq!(prox.blocks().map(|block| format!("{block:08X}")), blocks.map(|block| format!("{block:08X}")));
        assert_eq!(Prox::from_blocks(blocks), Ok(prox));
    }
    assert_eq!(t5577::Config::PROX.encode(), Ok(0x0010_7060));
    assert!(Prox::new(1 << 44).is_none());
}

#[test]
fn a_printed_number_says_as_much_as_its_form_and_no_more() {
    let one = card("1122334455");
    let other = card("9922334455");
    for form in [Printed::Dez8, Printed::Dez10, Printed::Dez5_5, Printed::Dez3_5B, Printed::Dez3_5C] {
        let part = form.read(&form.show(one)).unwrap();
        assert!(part.fits(other) && part.whole().is_none(), "{}", form.name());
    }
    for form in [Printed::Dez3_5A, Printed::Dez14, Printed::Dez15, Printed::Hex] {
        assert!(!form.read(&form.show(one)).unwrap().fits(other), "{}", form.name());
    }
    let whole = |form: Printed| form.read(&form.show(one)).ok().and_then(Part::whole);
    assert_eq!([Printed::Dez14, Printed::Dez15, Printed::Hex].map(whole), [Some(one); 3]);
    assert_eq!(Printed::Dez8.read("3359829").map(|part| part.fits(one)), Ok(true));
    for (form, text) in [
        (Printed::Dez8, "16777216"),
        (Printed::Dez10, "4294967296"),
        (Printed::Dez5_5, "65536.00001"),
        (Printed::Dez5_5, "123456"),
        (Printed::Dez3_5A, "256.00001"),
        (Printed::Dez8, "+1234567"),
        (Printed::Dez8, ""),
        (Printed::Dez14, "1099511627776"),
        (Printed::Hex, "11223344556"),
        (Printed::Hex, "112233445G"),
    ] {
        assert_eq!(form.read(text), Err(EmError::Printed { form: form.name() }), "{text}");
    }
}

#[test]
fn a_configuration_that_nobody_asked_for_is_refused() {
    // The extended mode (FDX-B), and a password whose block would be sent to everybody.
    assert!(t5577::Config::decode(0x903F_0082).is_err());
    assert!(t5577::Config { password: true, last_block: 7, ..t5577::Config::EM4100 }.encode().is_err());
    assert!(t5577::Config { modulation: t5577::Modulation::Psk(4), ..t5577::Config::EM4100 }.encode().is_err());
    assert!(em4305::Config { periods: 50, ..em4305::Config::EM4100 }.encode().is_err());
    assert!(em4305::Config { last_word: 14, ..em4305::Config::EM4100 }.encode().is_err());
    // Disabled for ever (bit 23), pigeon mode (26).
    assert!(em4305::Config::decode(0x0081_805F).is_err() && em4305::Config::decode(0x0401_805F).is_err());
}

proptest! {
    #[test]
    fn one_flipped_bit_never_gives_another_number(number in 0_u64..1 << 40, flip in 0_u32..64) {
        let card = Em4100::from_number(number).unwrap();
        prop_assert_eq!(Em4100::decode(card.encode()), Ok(card));
        prop_assert!(Em4100::decode(card.encode() ^ 1 << flip).is_err());
    }

    #[test]
    fn no_bits_and_no_text_make_it_panic(frame: u64, blocks: [u32; 3], text in ".{0,20}") {
        if let Ok(card) = Em4100::decode(frame) {
            prop_assert_eq!(card.encode(), frame);
        }
        if let Ok(prox) = Prox::from_blocks(blocks) {
            prop_assert_eq!(prox.blocks(), blocks);
        }
        for form in Printed::ALL {
            let _ = form.read(&text);
        }
        if let Ok(config) = t5577::Config::decode(blocks[0]) {
            prop_assert!(config.last_block <= 7);
        }
        if let Ok(config) = em4305::Config::decode(blocks[0]) {
            prop_assert_eq!(config.encode(), Ok(blocks[0]));
        }
    }

    #[test]
    fn a_prox_number_comes_back(raw in 0_u64..1 << 44, flip in 0_u32..96) {
        let blocks = Prox::new(raw).unwrap().blocks();
        prop_assert_eq!(Prox::from_blocks(blocks).map(Prox::raw), Ok(raw));
        let mut bad = blocks;
        bad[(flip / 32) as usize] ^= 1 << (flip % 32);
        prop_assert!(Prox::from_blocks(bad).is_err());
    }
}
