//! Which cards are written and which are not: no key of ours goes to a card that is not ours to write.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::{Desk, STARTER, UID, Vault, starter, vault_keys};
use lanyard_encoding::{Assess, CardLeft, Encoding, EncodingError, Found, KeySource, Run};
use lanyard_fault::Coded;
use lanyard_virtual::{DesfireCard, KeyKind, Memory, Model};

/// Whatever enciphers a key or value for a card.
const GIVES: [u8; 4] = [0xC4, 0x5C, 0x3D, 0x8D];

fn gave_nothing(desk: &Desk) -> bool {
    desk.rows.is_empty() && !desk.seen.iter().any(|ins| GIVES.contains(ins))
}

#[test]
fn a_blank_is_told_as_one_and_nothing_is_written_to_find_out() {
    let mut desk = Desk::blank();
    let before = desk.card.export();
    let found = desk.assess(&starter(), false).unwrap();
    assert_eq!((found.found, found.uid), (Found::Blank, UID));
    assert!(found.check().is_ok() && found.free_bytes > 1024);
    assert!(gave_nothing(&desk));
    // The card's own generator has moved on; nothing else has.
    let (a, b): (serde_json::Value, serde_json::Value) =
        (serde_json::from_str(&before).unwrap(), serde_json::from_str(&desk.card.export()).unwrap());
    for (key, value) in a.as_object().unwrap() {
        assert!(value.is_number() || b[key] == *value, "{key}");
    }
}

#[test]
fn an_emulator_with_a_colleagues_uid_and_the_factory_key_gets_no_key() {
    let mut desk = Desk::new(DesfireCard::impostor(UID, 9));
    let found = desk.assess(&starter(), true).unwrap();
    assert_eq!(found.found, Found::Impostor);
    assert_eq!(desk.plan(&starter(), true).unwrap_err(), EncodingError::CardImpostor);
    assert!(gave_nothing(&desk));
}

#[test]
fn an_emulator_laid_in_place_of_a_lifted_card_gets_no_key_and_does_not_spoil_the_card() {
    let plan = Desk::blank().plan(&starter(), false).unwrap();
    let total = plan.cost().exchanges as usize;
    // From the fourth exchange on the card has, or is on its way to, our master key for certain.
    for at in 4..total {
        let mut desk = Desk::blank();
        desk.pull = Some((at, common::Pull::Before));
        let (_, left) = desk.run(&plan).unwrap_err();
        assert_eq!(left, CardLeft::Resumable);
        if desk.rows.last().is_some_and(|row| row.step == 0) {
            continue;
        }
        let mut emulator = Desk::new(DesfireCard::impostor(UID, 9));
        emulator.rows.clone_from(&desk.rows);
        let (error, left) = emulator.resume(&plan).unwrap_err();
        assert_eq!((error, left), (EncodingError::CardImpostor, CardLeft::Resumable), "at {at}");
        assert!(!emulator.seen.iter().any(|ins| GIVES.contains(ins)), "at {at}");
        desk.pull = None;
        desk.resume(&plan).unwrap();
    }
}

#[test]
fn a_card_of_somebody_elses_is_left_alone() {
    for (kind, key) in [(KeyKind::Des, [0x42; 16]), (KeyKind::Aes, [0x42; 16]), (KeyKind::Aes, [0; 16])] {
        for version in [0, 3, 9] {
            let mut desk = Desk::new(DesfireCard::new(UID, 7).with_master_key(kind, &key, version));
            let error = desk.plan(&starter(), false).unwrap_err();
            assert_eq!(error.code(), "card.auth.foreign");
            assert!(gave_nothing(&desk));
        }
    }
}

#[test]
fn a_foreign_card_swapped_in_after_the_plan_is_left_alone() {
    let plan = Desk::blank().plan(&starter(), false).unwrap();
    let mut desk = Desk::new(DesfireCard::new(UID, 7).with_master_key(KeyKind::Des, &[0x42; 16], 0));
    assert_eq!(desk.run(&plan).unwrap_err(), (EncodingError::CardForeign, CardLeft::Untouched));
    assert!(gave_nothing(&desk));
    let other = Run::new(&plan, [4, 9, 9, 9, 9, 9, 9], common::LINK).err().unwrap();
    assert_eq!(other.code(), "card.other");
}

#[test]
fn a_card_with_the_factory_key_and_something_on_it_is_no_blank() {
    let mut desk = Desk::blank();
    let plan = desk.plan(&starter(), false).unwrap();
    desk.run(&plan).unwrap();
    let image = desk.card.export();
    let mut image: serde_json::Value = serde_json::from_str(&image).unwrap();
    let blank: serde_json::Value = serde_json::from_str(&DesfireCard::new(UID, 7).export()).unwrap();
    image["master"] = blank["master"].clone();
    let mut used = Desk::new(DesfireCard::import(&image.to_string()).unwrap());
    assert_eq!(used.plan(&starter(), false).unwrap_err(), EncodingError::CardUsed { applications: 1 });
    assert!(gave_nothing(&used));
}

#[test]
fn a_card_without_room_or_of_another_kind_is_refused_before_anything_is_written() {
    let roomy = STARTER.replace("free_bytes = 1024", "free_bytes = 4096");
    let mut small = Desk::new(DesfireCard::new(UID, 7).with_model(Model::Ev2, Memory::K2));
    let error = small.plan(&Encoding::parse(&roomy).unwrap(), false).unwrap_err();
    assert_eq!(error.code(), "card.full");
    let mut old = Desk::new(DesfireCard::new(UID, 7).with_model(Model::Ev1, Memory::K8));
    assert_eq!(old.plan(&starter(), false).unwrap_err().code(), "card.kind");
    assert!(gave_nothing(&small) && gave_nothing(&old));
    let mut newer = Desk::new(DesfireCard::new(UID, 7).with_model(Model::Ev3, Memory::K8));
    assert!(newer.plan(&starter(), false).is_ok());
}

#[test]
fn a_card_that_hides_its_uid_or_tells_two_is_refused() {
    let mut hidden = Desk::new(DesfireCard::new(UID, 7).with_random_uid());
    let error = hidden.plan(&starter(), false).unwrap_err();
    assert!(matches!(error, EncodingError::UidHidden | EncodingError::UidDiffers), "{error}");
    let mut two = Desk::blank();
    let mut assess = Assess::new(&starter(), &[4, 1, 1, 1, 1, 1, 1], false, common::LINK);
    let (error, left) = two.drive(&mut assess, &Vault::default()).unwrap_err();
    assert_eq!((error, left), (EncodingError::UidDiffers, CardLeft::Untouched));
}

#[test]
fn a_blank_that_did_not_come_with_the_stock_is_refused_before_any_key_is_used() {
    let encoding = Encoding::parse(&STARTER.replacen("[card]", "[card]\nstock = true", 1)).unwrap();
    let look = |received: bool, known: bool| {
        let mut desk = Desk::blank();
        let mut assess = Assess::new(&encoding, &UID, known, common::LINK).received(received);
        let found = desk.drive(&mut assess, &Vault::default()).unwrap();
        (found, desk.seen)
    };
    let (found, seen) = look(false, false);
    assert_eq!((found.found, found.check().unwrap_err().code()), (Found::NotReceived, "card.stock.unknown"));
    assert_eq!(seen, [0x60, 0xAF, 0xAF], "nothing but its version was asked for");
    assert_eq!(look(true, false).0.found, Found::Blank);
    // Stock or not: a UID that the history knows proves its key.
    assert_eq!(look(true, true).0.found, Found::Impostor);
}

#[test]
fn a_blank_that_its_maker_did_not_sign_is_refused_before_any_key_is_used() {
    let encoding = Encoding::parse(&STARTER.replacen("[card]", "[card]\noriginality = \"required\"", 1)).unwrap();
    // Of a card that NXP made (icedevml/nfc-ev2-crypto).
    let uid = [0x04, 0x77, 0x28, 0x82, 0x4D, 0x65, 0x80];
    let signature = "9C7068636A285FEBA1E2406654009DCE6E8A9C9CE318BE0262ED162519B970B32FB802858420D667D12CEBCD32BB4BC8AFE21C753A5A6C26";
    let signature: [u8; 56] = hex::decode(signature).unwrap().try_into().unwrap();
    let card = |uid: [u8; 7]| Desk::new(DesfireCard::new(uid, 7).with_signature(signature));
    let mut genuine = card(uid);
    let anew = genuine.plan(&encoding, false).unwrap();
    assert_eq!(anew.uid, uid);
    for mut other in [card(UID), Desk::new(DesfireCard::new(uid, 7))] {
        let found = other.assess(&encoding, false).unwrap();
        assert_eq!((found.found, found.check().unwrap_err().code()), (Found::NotOriginal, "card.originality"));
        assert_eq!(other.seen, [0x60, 0xAF, 0xAF, 0x3C]);
    }
}

#[test]
fn a_card_of_ours_proves_itself_with_whichever_version_it_has_and_is_written_anew() {
    let mut desk = Desk::blank();
    let assessment = desk.assess(&starter(), false).unwrap();
    let old = Vault { newest: 2, ..Vault::default() };
    let plan = lanyard_encoding::plan(&starter(), &common::values(), &assessment, &old, common::LINK).unwrap();
    desk.lay();
    desk.drive(&mut Run::new(&plan, UID, common::LINK).unwrap(), &old).unwrap();
    for known in [true, false] {
        assert_eq!(desk.assess(&starter(), known).unwrap().found, Found::Ours { version: 2 });
    }
    let again = desk.plan(&starter(), true).unwrap();
    desk.run(&again).unwrap();
    assert_eq!(desk.assess(&starter(), true).unwrap().found, Found::Ours { version: 3 });
    assert!(desk.keys().iter().all(|key| vault_keys(&again).contains(key)));
}

#[test]
fn blanks_with_this_offices_transport_key_are_written_and_reset_to_it() {
    let transport = "[card.transport_key]\nkey = \"transport\"\n\n[[application]]";
    let encoding = Encoding::parse(&STARTER.replacen("[[application]]", transport, 1)).unwrap();
    let key = *Vault::default().key("transport", 3, None).unwrap().expose();
    let blank = || Desk::new(DesfireCard::new(UID, 7).with_master_key(KeyKind::Des, &key, 0));
    assert_eq!(blank().plan(&starter(), false).unwrap_err(), EncodingError::CardForeign);
    let mut desk = blank();
    let plan = desk.plan(&encoding, false).unwrap();
    desk.run(&plan).unwrap();
    desk.run(&plan.reset(&desk.rows, common::LINK)).unwrap();
    assert_eq!(desk.card.applications(), Vec::<[u8; 3]>::new());
    assert_eq!(desk.assess(&encoding, false).unwrap().found, Found::Blank);
    // The factory key opens no blank of this office.
    let error = Desk::blank().plan(&encoding, false).unwrap_err();
    assert_eq!(error, EncodingError::CardForeign);
}
