//! Every encoding that ships: what lint says of it, what a simulated card of each kind then has on it, and that plan,
//! memory map and estimate are what the card counts.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use common::{Desk, EV1, LINK, PURSE, REKEY, STARTER, THREE, UID, Vault, WITH_CHIP, blank_for, measured, values};
use lanyard_desfire::{Aid, Card, CommMode, Family, FileNo, Framing, KeyNo, Link, Op, Progress};
use lanyard_encoding::{
    Cost, Date, Encoding, EncodingError, FieldValue, KeySource, Memory, Severity, Values, lint, plan, preview,
};
use lanyard_virtual::{KeyKind, Model};

const SHIPPED: [(&str, &str); 6] = [
    ("starter", STARTER),
    ("three-applications", THREE),
    ("rekey", REKEY),
    ("ev1", EV1),
    ("desfire-em", WITH_CHIP),
    ("purse", PURSE),
];

/// As it ships, but for blanks of which no maker's signature is known.
fn encoding(text: &str) -> Encoding {
    Encoding::parse(&text.replace("stock = true\noriginality = \"required\"\n", "")).unwrap()
}

#[test]
fn what_lint_says_of_what_ships_is_known_and_none_but_a_copyable_chip_is_an_error() {
    let of_all = ["transport_key_known", "random_uid_off", "format_on", "any_blank", "originality_unread"];
    let of_starter =
        ["older_messaging_on", "card_create_free", "card_list_free", "default_key_known", "list_free", "key_unused"];
    for (id, text) in SHIPPED {
        let found = lint(text, Date::parse("2026-11-24").unwrap());
        // A copyable chip is nobody's to ship: the office puts a name to it.
        let errors = found.iter().filter(|finding| finding.severity == Severity::Error);
        assert!(errors.clone().all(|finding| (id, finding.code) == ("desfire-em", "copyable")), "{id}: {found:#?}");
        let mut codes: Vec<_> = found.iter().map(|finding| finding.code).collect();
        let mut expected = of_all.to_vec();
        match id {
            "three-applications" => expected.push("older_messaging_on"),
            "purse" => {
                expected.retain(|code| !["any_blank", "originality_unread"].contains(code));
                expected.push("older_messaging_on");
            }
            "desfire-em" => expected.extend(["older_messaging_on", "copyable"]),
            "ev1" => expected.extend(["ev1_messaging", "default_key_known"]),
            _ => expected.extend(of_starter),
        }
        codes.sort_unstable();
        expected.sort_unstable();
        assert_eq!(codes, expected, "{id}");
    }
}

#[test]
fn each_is_written_on_every_card_that_it_may_go_onto_and_costs_what_was_said() {
    let mut written = 0;
    for (id, text) in SHIPPED {
        let encoding = encoding(text);
        assert_eq!(encoding.id, id);
        for (model, family) in [(Model::Ev1, Family::Ev1), (Model::Ev2, Family::Ev2), (Model::Ev3, Family::Ev3)] {
            for framing in [Framing::Wrapped, Framing::Native] {
                for fsc in [64, 256] {
                    let fsc = if model == Model::Ev1 { 64 } else { fsc };
                    let link = Link { framing, fsc, long_commands: framing == Framing::Wrapped, ..LINK };
                    let mut desk = blank_for(link, model);
                    let before = free(&mut desk, &encoding);
                    let Ok(assessment) = before else {
                        assert!(matches!(before, Err(EncodingError::CardKind { .. })) && model == Model::Ev1);
                        assert!(preview(&encoding, &values(), family, link).is_err());
                        continue;
                    };
                    let plan = plan(&encoding, &values(), &assessment, &Vault::default(), link).unwrap();
                    let planned: Vec<Cost> = plan.steps.iter().map(|planned| planned.cost).collect();
                    assert_eq!(measured(&mut desk, &plan, link), planned, "{id} {model:?} {link:?}");
                    // Without a card the same is said.
                    let preview = preview(&encoding, &values(), family, link).unwrap();
                    assert_eq!(preview.steps.iter().map(|step| step.cost).collect::<Vec<_>>(), planned);
                    let taken = assessment.free_bytes - free(&mut desk, &encoding).unwrap().free_bytes;
                    assert_eq!(
                        (taken, preview.memory.bytes),
                        (preview.memory.bytes, Memory::of(&encoding).bytes),
                        "{id}"
                    );
                    written += 1;
                }
            }
        }
    }
    assert_eq!(written, 5 * 8 + 12);
}

fn free(desk: &mut Desk, encoding: &Encoding) -> Result<lanyard_encoding::Assessment, EncodingError> {
    desk.framing = Framing::Wrapped;
    desk.assess(encoding, false)
}

#[test]
fn three_systems_read_their_own_values_on_one_card() {
    let mut desk = Desk::blank();
    let encoding = Encoding::parse(THREE).unwrap();
    let plan = desk.plan(&encoding, false).unwrap();
    // One session makes them all; each is then written in one, and read in one.
    assert_eq!(plan.cost().exchanges, 47);
    let read = desk.run(&plan).unwrap();
    let letters = [('F', 123), ('N', 48_821)].into_iter().collect();
    assert_eq!(read.field("4C5910", 1, "number"), Some(&FieldValue::Letters(letters)));
    assert_eq!(read.field("4C5910", 1, "valid_until"), Some(&FieldValue::Date("2031-11-23".to_owned())));
    assert_eq!(read.field("4C5911", 0, "staff_no"), Some(&FieldValue::Number(104_882)));
    assert_eq!(read.field("4C5912", 1, "given_name"), Some(&FieldValue::Text("Åsa".to_owned())));
    let ours = common::vault_keys(&plan);
    assert!(desk.keys().iter().all(|key| ours.contains(key)), "no known key is left");
    // No two keys of a card are the same.
    let mut keys = desk.keys();
    keys.sort();
    keys.dedup();
    assert_eq!(keys.len(), 7);
}

#[test]
fn an_application_for_readers_that_know_nothing_but_des_is_written_read_re_keyed_and_pulled_anywhere() {
    let text = STARTER.replacen("aid = \"4C5901\"", "aid = \"4C5901\"\ncipher = \"2k3des\"", 1);
    let encoding = Encoding::parse(&text).unwrap();
    for model in [Model::Ev2, Model::Ev1] {
        let encoding = match model {
            Model::Ev1 => Encoding::parse(&text.replacen("family = \"ev2\"", "family = \"ev1\"", 1)).unwrap(),
            _ => encoding.clone(),
        };
        let card = || blank_for(LINK, model);
        let plan = card().plan(&encoding, false).unwrap();
        let planned: Vec<Cost> = plan.steps.iter().map(|planned| planned.cost).collect();
        assert_eq!(measured(&mut card(), &plan, LINK), planned, "{model:?}");
        let mut desk = card();
        let read = desk.run(&plan).unwrap();
        let number = FieldValue::CardNumber { format: "H10301".to_owned(), facility: 123, number: 4567 };
        assert_eq!(read.field("4C5901", 1, "wiegand26"), Some(&number));
        for number in 0..3 {
            let key = desk.card.key(common::AID, number).unwrap();
            assert_eq!((key.kind, key.version), (KeyKind::Des, 3));
        }
        let written = content(&desk);
        for (at, how) in (0..plan.cost().exchanges as usize).map(|at| (at, common::Pull::After)) {
            let mut desk = card();
            desk.pull = Some((at, how));
            let (_, left) = desk.run(&plan).unwrap_err();
            desk.pull = None;
            if left == lanyard_encoding::CardLeft::Untouched { desk.run(&plan) } else { desk.resume(&plan) }
                .unwrap_or_else(|error| panic!("{at}: {error:?}"));
            assert_eq!(content(&desk), written, "{at}");
        }
        let newer = Vault { newest: 4, ..Vault::default() };
        let newest = |_: &str| Some(4);
        let rekey = lanyard_encoding::rekey((&encoding, &encoding), UID, &|_| Some(3), &newest, &newer, LINK).unwrap();
        desk.rows.clear();
        desk.lay();
        desk.drive(&mut lanyard_encoding::Run::new(&rekey, UID, LINK).unwrap(), &newer).unwrap();
        assert_eq!(desk.card.key(common::AID, 1).unwrap().version, 4);
    }
}

#[test]
fn a_purse_has_its_money_its_first_record_and_its_proof_and_is_no_longer_held_against_them_once_it_is_out() {
    let mut desk = Desk::blank();
    let encoding = encoding(PURSE);
    let plan = desk.plan(&encoding, false).unwrap();
    let read = desk.run(&plan).unwrap();
    assert_eq!(read.field("4C5915", 1, "value"), Some(&FieldValue::Amount(0)));
    assert_eq!(read.field("4C5915", 2, "day"), Some(&FieldValue::Date("2026-11-24".to_owned())));
    assert_eq!(read.field("4C5915", 2, "what"), Some(&FieldValue::Text("purse made".to_owned())));
    let file = |desk: &Desk, number| desk.card.file([0x15, 0x59, 0x4C], number).unwrap();
    assert_eq!((file(&desk, 1), file(&desk, 2).len(), file(&desk, 3)), (vec![0; 4], 32, vec![0; 12]));
    // The key that proves is in the history by its name, and in the journal.
    assert!(plan.keys().iter().any(|key| key.name == "purse-proof"));
    let row = desk.rows.iter().find(|row| row.what == "transaction_mac").unwrap();
    assert!(matches!(&row.new, Some(lanyard_encoding::HeldKey::Aes(key)) if key.name == "purse-proof"));
    // Paid in and paid with: what lives on the card is read, and what does not is compared.
    let vault = Vault::default();
    spend(&mut desk, &vault);
    let checking =
        |values: &Values| lanyard_encoding::checking(&encoding, values, UID, &|_| None, &vault, LINK).unwrap();
    let read = desk.run(&checking(&values())).unwrap();
    assert_eq!(read.field("4C5915", 1, "value"), Some(&FieldValue::Amount(250)));
    let other = values().with("card.record", vec![9; 128]);
    assert!(matches!(desk.run(&checking(&other)), Err((EncodingError::Mismatch { file: 4, .. }, _))));
}

/// What a desk and a till do: money on, and a receipt.
fn spend(desk: &mut Desk, vault: &Vault) {
    let aid = Aid([0x15, 0x59, 0x4C]);
    let file = |number| FileNo::new(number).unwrap();
    desk.lay();
    let mut card = Card::new(LINK);
    let mut all = |ops: Vec<Op>| {
        for op in ops {
            let mut command = card.command(op).unwrap();
            while let Progress::More(more) = card.answer(&desk.exchange(&command).unwrap()).unwrap() {
                command = more;
            }
        }
    };
    let prove = |number: u8, name: &str| {
        let input = [&UID[..], &aid.0, b"lanyard"].concat();
        let key = vault.key(name, 3, Some(&input)).unwrap();
        let key_no = KeyNo::new(number).unwrap();
        Op::AuthenticateEv2First { key_no, key, rnd_a: lanyard_secret::Secret::take(&mut [7; 16]) }
    };
    let mode = CommMode::Full;
    all(vec![
        Op::SelectApplication(aid),
        prove(2, "purse-desk"),
        Op::Credit { file: file(1), amount: 250, mode },
        Op::CommitTransaction,
        prove(1, "purse-till"),
        Op::WriteRecord { file: file(2), offset: 8, data: b"soup".to_vec(), mode },
        Op::CommitTransaction,
    ]);
}

#[test]
fn each_pulled_before_and_after_every_exchange_is_finished_later() {
    for (id, text) in [("three-applications", THREE), ("ev1", EV1), ("purse", PURSE)] {
        let encoding = encoding(text);
        let model = if id == "ev1" { Model::Ev1 } else { Model::Ev2 };
        let card = || blank_for(LINK, model);
        let plan = card().plan(&encoding, false).unwrap();
        let files = finished(card(), &plan);
        for at in 0..plan.cost().exchanges as usize {
            for how in [common::Pull::Before, common::Pull::After] {
                let mut desk = card();
                desk.pull = Some((at, how));
                let (error, left) = desk.run(&plan).unwrap_err();
                assert!(matches!(error, EncodingError::Lost { .. }), "{id} {at}: {error}");
                desk.pull = None;
                assert_ne!(left, lanyard_encoding::CardLeft::Void, "{id} {at}");
                if left == lanyard_encoding::CardLeft::Untouched {
                    desk.run(&plan).unwrap()
                } else {
                    desk.resume(&plan).unwrap()
                };
                assert_eq!(content(&desk), files, "{id} {at} {how:?}");
            }
        }
    }
}

fn finished(mut desk: Desk, plan: &lanyard_encoding::Plan) -> Vec<Vec<u8>> {
    desk.run(plan).unwrap();
    content(&desk)
}

/// Keys and files, as no reader could see them.
fn content(desk: &Desk) -> Vec<Vec<u8>> {
    let mut out = desk.keys();
    for aid in desk.card.applications() {
        out.extend((0..32).filter_map(|number| desk.card.file(aid, number)));
    }
    out
}

#[test]
fn sample_values_fill_every_field_so_that_a_preview_is_no_less_than_any_card() {
    for (id, text) in SHIPPED {
        let encoding = Encoding::parse(text).unwrap();
        let of = |values: &Values| preview(&encoding, values, Family::Ev3, LINK).unwrap();
        let (sample, real) = (of(&Values::sample(&encoding)), of(&values()));
        assert!(sample.cost.sent >= real.cost.sent && sample.cost.exchanges >= real.cost.exchanges, "{id}");
        assert!(sample.air_us.windows(2).all(|pair| pair[0] > pair[1]), "{id}");
    }
}
