//! The encoding that ships, carried out on a simulated card, and what it costs.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use common::{
    AID, Desk, LINK, STARTER, UID, Vault, blank_for, measured, starter, starter_with_default_key, values, vault_keys,
};
use lanyard_desfire::{Framing, Link};
use lanyard_encoding::{
    CardLeft, Cost, Encoding, EncodingError, FieldValue, Misfit, Plan, ReadBack, Values, plan, reading,
};
use lanyard_virtual::{KeyKind, Model};

#[test]
fn a_blank_becomes_a_card_with_our_keys_and_values_and_no_default_key_left() {
    let mut desk = Desk::blank();
    let plan = desk.plan(&starter(), false).unwrap();
    let read = desk.run(&plan).unwrap();
    let keys = desk.keys();
    assert_eq!(keys.len(), 4);
    assert!(keys.iter().all(|key| vault_keys(&plan).contains(key) && *key != [0; 16]));
    let master = desk.card.key([0; 3], 0).unwrap();
    assert_eq!((master.kind, master.version), (KeyKind::Aes, 3));
    let file = desk.card.file(AID, 1).unwrap();
    assert_eq!(file[..4], [0x02, 0xF6, 0x23, 0xAE], "H10301 of 123, 4567");
    assert_eq!(file[8..16], [0, 0, 0, 0, 0, 0, 0xBE, 0xB5]);
    assert!(file[16..].iter().all(|byte| *byte == 0));
    assert_eq!(desk.card.file(AID, 2).unwrap(), (0..128).collect::<Vec<u8>>());
    let number = FieldValue::CardNumber { format: "H10301".to_owned(), facility: 123, number: 4567 };
    assert_eq!(read.field("4C5901", 1, "wiegand26"), Some(&number));
    assert_eq!(read.field("4C5901", 1, "long_number"), Some(&FieldValue::Number(48_821)));
}

fn without_read_back(plan: &Plan) -> Plan {
    let mut plan = plan.clone();
    plan.steps.retain(|planned| planned.step.changes());
    plan
}

#[test]
fn a_card_is_written_in_16_exchanges_and_with_all_that_can_be_asked_for_in_24() {
    let plan = Desk::blank().plan(&starter(), false).unwrap();
    let bare: Cost = measured(&mut Desk::blank(), &without_read_back(&plan), LINK).into_iter().sum();
    assert_eq!(bare.exchanges, 16);
    let mut desk = Desk::blank();
    let plan = desk.plan(&starter_with_default_key(), false).unwrap();
    let get_version = desk.seen.iter().position(|ins| *ins == 0x6E).unwrap();
    assert_eq!(get_version, 3);
    let full: Cost = measured(&mut Desk::blank(), &plan, LINK).into_iter().sum();
    assert_eq!(get_version as u32 + full.exchanges, 24);
}

#[test]
fn the_estimate_is_what_goes_over_the_air_step_by_step() {
    let assessment = Desk::blank().assess(&starter(), false).unwrap();
    for encoding in [starter(), starter_with_default_key()] {
        for framing in [Framing::Wrapped, Framing::Native] {
            for fsc in [64, 128, 256] {
                for long_commands in [false, true] {
                    // The long forms are short APDUs that reader and card cut below: they come wrapped.
                    let link = Link {
                        framing,
                        fsc,
                        long_commands: long_commands && framing == Framing::Wrapped,
                        extended: None,
                    };
                    let plan = plan(&encoding, &values(), &assessment, &Vault::default(), link).unwrap();
                    let planned: Vec<Cost> = plan.steps.iter().map(|planned| planned.cost).collect();
                    assert_eq!(measured(&mut blank_for(link, Model::Ev2), &plan, link), planned, "{link:?}");
                }
            }
        }
    }
}

#[test]
fn a_finished_card_is_read_again_with_the_readers_key_alone() {
    let mut desk = Desk::blank();
    let plan = desk.plan(&starter(), false).unwrap();
    let written = desk.run(&plan).unwrap();
    desk.seen.clear();
    assert_eq!(desk.run(&plan.verify(LINK)).unwrap(), written);
    // Select, one handshake, two reads: nothing that changes a card.
    assert_eq!(desk.seen, [0x5A, 0x71, 0xAF, 0xBD, 0xAD]);
    assert!(desk.rows.is_empty());
    let reading = reading(&starter(), UID, &|_| None, &Vault::default(), LINK).unwrap();
    assert_eq!(desk.run(&reading).unwrap(), written);
}

#[test]
fn what_differs_on_the_card_is_named_by_file_and_field() {
    let mut desk = Desk::blank();
    let plan = desk.plan(&starter(), false).unwrap();
    desk.run(&plan).unwrap();
    // Another number written by somebody who has the key.
    let assessment = desk.assess(&starter(), true).unwrap();
    let other = values().with("card.long_number", 48_822);
    let other = lanyard_encoding::plan(&starter(), &other, &assessment, &Vault::default(), LINK).unwrap();
    desk.run(&other).unwrap();
    let (error, left) = desk.run(&plan.verify(LINK)).unwrap_err();
    let field = "long_number".to_owned();
    assert_eq!(error, EncodingError::Mismatch { aid: "4C5901".to_owned(), file: 1, field });
    assert_eq!(left, CardLeft::Untouched);
}

#[test]
fn a_value_that_is_missing_or_does_not_fit_is_named_before_the_card_is_touched() {
    let assessment = Desk::blank().assess(&starter(), false).unwrap();
    let tried = |values: &Values| plan(&starter(), values, &assessment, &Vault::default(), LINK).unwrap_err();
    let missing = tried(&Values::new().with("card.facility", 1));
    let value = "card.number".to_owned();
    assert_eq!(missing, EncodingError::ValueMissing { file: 1, field: "wiegand26".to_owned(), value });
    let large = tried(&values().with("card.number", 65_536));
    assert!(matches!(large, EncodingError::ValueFit { field, why: Misfit::Format(_), .. } if field == "wiegand26"));
    let negative = tried(&values().with("card.long_number", -1));
    assert!(matches!(negative, EncodingError::ValueFit { why: Misfit::Type { .. }, .. }));
    let short = tried(&values().with("card.record", vec![0; 127]));
    assert!(matches!(short, EncodingError::ValueFit { file: 2, why: Misfit::Length { exactly: 128 }, .. }));
}

#[test]
fn no_card_is_planned_with_a_key_whose_backup_was_never_proved_or_that_is_not_there() {
    let assessment = Desk::blank().assess(&starter(), false).unwrap();
    let unproved = Vault { proved: false, ..Vault::default() };
    let error = plan(&starter(), &values(), &assessment, &unproved, LINK).unwrap_err();
    assert_eq!(error, EncodingError::KeyUnproved { key: "card-master".to_owned(), version: 3 });
    let elsewhere = Encoding::parse(&STARTER.replace("\"app-spare\"", "\"nowhere\"")).unwrap();
    let error = plan(&elsewhere, &values(), &assessment, &Vault::default(), LINK).unwrap_err();
    assert_eq!(error, EncodingError::KeyMissing { key: "nowhere".to_owned() });
}

#[test]
fn plan_journal_and_card_file_keep_their_form_and_hold_no_key() {
    let mut desk = Desk::blank();
    let plan = desk.plan(&starter_with_default_key(), false).unwrap();
    let read = desk.run(&plan).unwrap();
    insta::assert_json_snapshot!("plan", plan);
    insta::assert_json_snapshot!("journal", desk.rows);
    insta::assert_json_snapshot!("card", read);
    let plan_text = serde_json::to_string(&plan).unwrap();
    assert_eq!(serde_json::from_str::<Plan>(&plan_text).unwrap(), plan);
    let card_text = serde_json::to_string(&read).unwrap();
    assert_eq!(serde_json::from_str::<ReadBack>(&card_text).unwrap(), read);
    let stored = format!("{plan_text}{}{card_text}{plan:?}{read:?}", serde_json::to_string(&desk.rows).unwrap());
    for key in vault_keys(&plan) {
        assert!(!stored.contains(&hex::encode(key)));
    }
}

#[test]
fn a_plan_from_the_store_with_numbers_that_no_card_has_is_refused() {
    let plan = Desk::blank().plan(&starter(), false).unwrap();
    let text = serde_json::to_string(&plan).unwrap();
    for (from, to) in [("\"number\":2", "\"number\":14"), ("\"4C5901\"", "\"4C59\""), ("\"full\"", "\"fuller\"")] {
        assert!(text.contains(from), "{from}");
        assert!(serde_json::from_str::<Plan>(&text.replacen(from, to, 1)).is_err(), "{from}");
    }
}

/// Roles that write other files than the master key's, each key changed by itself, ISO names, free reading, an uneven
/// fill: what the starter encoding does not have.
#[test]
fn an_encoding_with_everything_in_it_is_written_and_read_back() {
    let text = STARTER
        .replace("change_keys = \"master\"", "change_keys = \"same\"")
        .replace("aid = \"4C5901\"", "aid = \"4C5901\"\niso = { file_id = 0x4C59, name = \"lanyard\" }")
        .replace("number = 1\nsize = 32", "number = 1\niso_file_id = 1\nfill = 0xFF\nsize = 32")
        .replace("number = 2\nsize = 128", "number = 2\niso_file_id = 2\nsize = 128")
        .replacen("write = \"master\", read_write = \"never\"", "write = \"never\", read_write = \"spare\"", 1)
        .replace("mode = \"mac\"\naccess = { read = \"reader\"", "mode = \"plain\"\naccess = { read = \"free\"");
    let encoding = Encoding::parse(&text).unwrap();
    let mut desk = Desk::blank();
    let plan = desk.plan(&encoding, false).unwrap();
    desk.run(&plan).unwrap();
    assert!(desk.keys().iter().all(|key| vault_keys(&plan).contains(key)));
    assert_eq!(desk.card.file(AID, 1).unwrap()[16..], [0xFF; 16]);
    let costs: Vec<Cost> = plan.steps.iter().map(|planned| planned.cost).collect();
    assert_eq!(measured(&mut Desk::blank(), &plan, LINK), costs);
}
