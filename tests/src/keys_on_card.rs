//! The keys on a card, held against the vault that has to make them again: a key that it cannot make locks the card for
//! ever.
#![allow(clippy::expect_used, reason = "a test stops where it fails")]

use std::path::Path;

use lanyard_keys::{DiversificationInput, HouseKind, Vault};
use lanyard_store::{Mode, Store, read_slots};
use lanyard_virtual::{ApduCard, DesfireCard, KeyKind};

use crate::house::password;

/// What the encodings that ship call this office's system in the input of a key's derivation.
const SYSTEM: &[u8] = b"lanyard";
const PICC: [u8; 3] = [0; 3];

/// The vault of a rehearsal's house.
///
/// # Panics
/// Where the password is nobody's, or there is no vault.
#[must_use]
pub fn rehearsal_vault(house: &Path, password_text: &str) -> Vault {
    let slots = read_slots(house).expect("slots");
    let opened = slots.operators().find_map(|id| slots.open(id, &password(password_text)).ok()).expect("the password");
    let store = Store::open(house, &opened.store_key, Mode::Read, Box::new(|_| {})).expect("a store");
    let sealed = store.view().vault().expect("a vault").expect("a vault");
    Vault::open(&sealed, &opened.vault_key, HouseKind::Rehearsal).expect("the vault opens")
}

/// A contactless card of a rehearsal's bench, as its file has it.
///
/// # Panics
/// Where it is not there.
#[must_use]
pub fn card_of_bench(house: &Path, id: u32) -> DesfireCard {
    let image = std::fs::read_to_string(house.join(format!("bench/{id:05}.blank.json"))).expect("the card's file");
    DesfireCard::import(&image).expect("a card")
}

/// The keys on a card that this vault cannot make, by application and number. `begun`: it is not finished, and may have
/// keys of the factory yet.
///
/// # Panics
/// Where the vault does not derive at all.
#[must_use]
pub fn strange_keys(mut card: DesfireCard, vault: &Vault, begun: bool) -> Vec<String> {
    card.power_on();
    let uid = card.uid();
    assert_eq!(uid.len(), 7, "a card that hides its number is not looked at here");
    let mut known: Vec<Vec<u8>> = Vec::new();
    for master in vault.keys() {
        known.extend(vault.undiversified(&master.of).map(|key| key.expose().to_vec()));
        // The card's own master key belongs to no application.
        let own = std::iter::once(Vec::new());
        let inputs = card.applications().into_iter().flat_map(|[a, b, c]| [vec![a, b, c], vec![c, b, a]]).chain(own);
        known.extend(inputs.filter_map(|aid| {
            let input = DiversificationInput::of_card(&uid, &aid, SYSTEM).ok()?;
            Some(vault.diversify(&master.of, &input).ok()?.expose().to_vec())
        }));
    }
    assert!(!known.is_empty());
    let mut strange = Vec::new();
    for aid in card.applications().into_iter().chain([PICC]) {
        let keys =
            (0..14).map_while(|number| Some((number, card.key(aid, number).filter(|_| aid != PICC || number == 0)?)));
        for (number, key) in keys {
            let factory = key.bytes.iter().all(|byte| *byte == 0);
            let ours = key.kind == KeyKind::Aes && known.contains(&key.bytes);
            if !(ours || begun && factory) {
                strange.push(format!("{} key {number}", hex::encode(aid)));
            }
        }
    }
    strange
}
