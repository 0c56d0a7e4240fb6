//! What version 1 wrote must open for ever: a house kept as it was written, with a person, a card, a photo, a case, a
//! journal, a vault, and something erased. Its keys are test keys.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test stops where it fails")]

mod house;

use std::path::Path;

use house::{NOW, by, entropy, id, of};
use lanyard_keys::{HouseKind, Vault};
use lanyard_model::{Change, Id, Kind};
use lanyard_secret::SecretBytes;
use lanyard_store::{FieldTold, Mode, Store, StoreError, read_slots};

#[test]
fn a_house_of_version_1_opens_reads_and_goes_on() {
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/compat/v1");
    let dir = tempfile::tempdir().unwrap();
    for name in ["store.db", "slots.json"] {
        std::fs::copy(kept.join(name), dir.path().join(name)).unwrap();
    }
    let slots = read_slots(dir.path()).unwrap();
    let opened = slots.open(house::OPERATOR, &SecretBytes::new(b"correct horse".to_vec())).unwrap();
    let mut store = Store::open(dir.path(), &opened.store_key, Mode::Write, entropy(1)).unwrap();
    assert_eq!(store.check().unwrap(), 7);
    let view = store.view();
    assert_eq!((store.house().station.as_str(), store.house().writer), ("North gate", Id([2; 16])));
    let anna = view.search("mueller 48821", 5).unwrap().remove(0);
    assert_eq!(anna.of, of(Kind::Person, 1));
    assert_eq!(view.uid_known(&[4; 7]).unwrap().unwrap().state, "prepared");
    let picture = anna.fields["picture"].as_blob().unwrap();
    assert_eq!(view.blob(&picture).unwrap().unwrap(), ("image/png".to_owned(), b"picture".to_vec()));
    assert_eq!(view.history(anna.of).unwrap()[1].fields["unit"], FieldTold::Erased);
    assert_eq!(view.open_instances().unwrap()[0].state, "{}");
    assert_eq!(view.journal(id(5)).unwrap(), [b"line"]);
    assert_eq!(view.setting("language").unwrap().as_deref(), Some("sv"));
    assert_eq!(view.puk(id(5)).unwrap().as_deref(), Some(&b"sealed"[..]));
    let vault = Vault::open(&view.vault().unwrap().unwrap(), &opened.vault_key, HouseKind::Real).unwrap();
    store.set_signer(Some(Box::new(vault.signer())));
    let change = Change::new("person.changed", anna.of).field("unit", "Gate");
    let (committed, number) =
        store.write::<_, StoreError>(|tx| Ok((tx.commit(&change, &by(), NOW)?, tx.next_number("card")?))).unwrap();
    assert_eq!((committed.seq, number), (8, 2));
    assert_eq!(store.check().unwrap(), 8);
}
