//! A house to test in: real kind, keys from a counter, in a folder that goes away.
#![allow(dead_code, reason = "each test file uses a part of it")]
#![allow(clippy::unwrap_used, reason = "a test stops where it fails")]

use std::path::Path;

use lanyard_keys::{Cost, HouseKind, Opened, Slots, Vault};
use lanyard_model::{Actor, ActorKind, ActorRole, Change, Id, Kind, RecordRef, UnixMs};
use lanyard_secret::Secret;
use lanyard_store::{Entropy, Mode, NewHouse, Store};
use tempfile::TempDir;

pub const NOW: UnixMs = UnixMs(1_795_478_400_000);
pub const OPERATOR: Id = Id([0xA1; 16]);

/// Random enough for a test, the same each time.
pub fn entropy(seed: u64) -> Entropy {
    let mut state = seed;
    Box::new(move |bytes| {
        for byte in bytes {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            *byte = (state >> 56) as u8;
        }
    })
}

pub fn id(n: u64) -> Id {
    let mut bytes = [0x40; 16];
    bytes[8..].copy_from_slice(&n.to_be_bytes());
    Id(bytes)
}

pub fn of(kind: Kind, n: u64) -> RecordRef {
    RecordRef { kind, id: id(n) }
}

pub fn by() -> [Actor; 1] {
    [Actor { who: OPERATOR, role: ActorRole::Did, kind: ActorKind::Operator }]
}

pub fn new_house(kind: HouseKind) -> NewHouse {
    NewHouse {
        id: Id([1; 16]),
        kind,
        station: "North gate".to_owned(),
        writer: Id([2; 16]),
        log: Id([3; 16]),
        made: NOW,
    }
}

pub fn vault(kind: HouseKind) -> Vault {
    Vault::create(Id([1; 16]), kind, "North gate", NOW, &mut *entropy(7)).unwrap()
}

pub struct House {
    pub dir: TempDir,
    pub opened: Opened,
    pub store: Store,
}

impl House {
    pub fn new() -> Self {
        Self::of_kind(HouseKind::Real)
    }

    pub fn of_kind(kind: HouseKind) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let (store, opened) = make(dir.path(), kind);
        Self { dir, opened, store }
    }

    pub fn key(&self) -> &Secret<32> {
        &self.opened.store_key
    }

    pub fn reader(&self) -> Store {
        Store::open(self.dir.path(), self.key(), Mode::Read, entropy(1)).unwrap()
    }

    /// Commits one change.
    pub fn commit(&mut self, change: &Change) -> lanyard_store::Committed {
        self.store.write(|tx| tx.commit(change, &by(), NOW)).unwrap()
    }

    pub fn person(&mut self, n: u64, given: &str, family: &str) -> RecordRef {
        let of = of(Kind::Person, n);
        self.commit(&person(of, given, family, &format!("{:06}", 100_000 + n)));
        of
    }
}

pub fn make(dir: &Path, kind: HouseKind) -> (Store, Opened) {
    let (slots, opened, _) = Slots::create(Id([1; 16]), Cost::TEST, &mut *entropy(3)).unwrap();
    let signer = Box::new(vault(kind).signer());
    let store = Store::create(dir, &new_house(kind), &slots, &opened.store_key, signer, entropy(11)).unwrap();
    (store, opened)
}

pub fn person(of: RecordRef, given: &str, family: &str, staff_no: &str) -> Change {
    Change::new("person.created", of)
        .state("", "active")
        .field("given_name", given)
        .field("family_name", family)
        .field("staff_no", staff_no)
}

pub fn card(of: RecordRef, person: RecordRef, number: &str, uid: &[u8]) -> Change {
    Change::new("card.prepared", of)
        .state("", "prepared")
        .field("person", person.id.0.to_vec())
        .field("number", number)
        .field("uid", uid.to_vec())
}
