//! Records and the graphs of their states, as data: where a change of state is allowed is said here and nowhere else.

use std::collections::BTreeMap;

use crate::change::words;
use crate::{Id, Value};

words! {
    /// The types of record. A record changes only by a commit that writes it and a signed entry together.
    Kind {
        Person = "person", Card = "card", Credential = "credential", Certificate = "certificate", Photo = "photo",
        Operator = "operator", Key = "key", Stock = "stock", Request = "request", Entitlement = "entitlement",
        Configuration = "configuration", Writer = "writer", Log = "log", Station = "station",
    }
}

/// Which record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RecordRef {
    /// Its type.
    pub kind: Kind,
    /// Its id.
    pub id: Id,
}

/// A record as the store holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Which.
    pub of: RecordRef,
    /// Its state; `""` for a kind without states.
    pub state: String,
    /// Its fields; an erased field is absent.
    pub fields: BTreeMap<String, Value>,
    /// Hashes of the newest entries about it that no other entry has as its base: one, unless changed concurrently.
    pub heads: Vec<[u8; 32]>,
}

impl Record {
    /// A text field, `""` where absent.
    #[must_use]
    pub fn text(&self, field: &str) -> &str {
        self.fields.get(field).and_then(Value::as_text).unwrap_or_default()
    }
}

/// A graph: the edges that exist, `("", first)` for coming into being.
pub struct States(&'static [(&'static str, &'static str)]);

impl States {
    /// Whether a record may go from one state to the other.
    #[must_use]
    pub fn allows(&self, from: &str, to: &str) -> bool {
        self.0.is_empty() || self.0.contains(&(from, to))
    }

    /// What may come next.
    pub fn next<'a>(&'a self, from: &'a str) -> impl Iterator<Item = &'static str> + 'a {
        self.0.iter().filter(move |(a, _)| *a == from).map(|(_, b)| *b)
    }

    /// Every edge, for pictures.
    #[must_use]
    pub fn edges(&self) -> &'static [(&'static str, &'static str)] {
        self.0
    }
}

/// The graph of a kind of record. An empty graph: a kind without states.
#[must_use]
pub fn states(kind: Kind) -> &'static States {
    match kind {
        Kind::Person => {
            &States(&[("", "active"), ("active", "left"), ("left", "active"), ("active", "erased"), ("left", "erased")])
        }
        // prepared: the plan is known and its entry written, the chip may be touched from here on.
        // encoded: read back and compared. printed: by the printer's own word. active: handed over.
        Kind::Card => &States(&[
            ("", "prepared"),
            ("prepared", "encoded"),
            ("encoded", "printed"),
            ("encoded", "active"),
            ("printed", "active"),
            ("prepared", "void"),
            ("encoded", "void"),
            ("printed", "void"),
            ("active", "void"),
            ("active", "blocked"),
            ("blocked", "active"),
            ("blocked", "void"),
            ("active", "returned"),
            ("returned", "void"),
        ]),
        Kind::Credential => &States(&[
            ("", "prepared"),
            ("prepared", "live"),
            ("prepared", "void"),
            ("live", "void"),
            ("live", "blocked"),
            ("blocked", "live"),
            ("blocked", "void"),
        ]),
        Kind::Certificate => &States(&[("", "issued"), ("issued", "revoked"), ("issued", "expired")]),
        Kind::Photo => {
            &States(&[("", "accepted"), ("accepted", "replaced"), ("accepted", "erased"), ("replaced", "erased")])
        }
        Kind::Operator => &States(&[("", "active"), ("active", "removed")]),
        Kind::Key => &States(&[("", "made"), ("made", "proved"), ("made", "retired"), ("proved", "retired")]),
        Kind::Request => &States(&[("", "open"), ("open", "done"), ("open", "cancelled")]),
        Kind::Stock | Kind::Entitlement | Kind::Configuration | Kind::Writer | Kind::Log | Kind::Station => {
            &States(&[])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_void_card_never_lives_again() {
        assert_eq!(states(Kind::Card).next("void").count(), 0);
        assert!(!states(Kind::Card).allows("void", "active"));
    }

    #[test]
    fn every_state_but_the_first_can_be_reached() {
        for kind in Kind::ALL {
            let graph = states(*kind);
            for (from, _) in graph.edges() {
                assert!(from.is_empty() || graph.edges().iter().any(|(_, to)| to == from), "{kind:?} {from}");
            }
        }
    }
}
