//! A change of one record, before it is signed: what `issue` and `station` ask the store to commit.

use std::collections::BTreeMap;

use crate::{Id, RecordRef, Value};

/// Who took part, in order of acting (history-format.md §1 `by`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Actor {
    /// The actor's record id: an operator, a person, or the writer itself for `System`.
    pub who: Id,
    /// What they did.
    pub role: ActorRole,
    /// As what they acted.
    pub kind: ActorKind,
}

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[allow(missing_docs, reason = "each is its own word")]
        pub enum $name { $($variant),+ }

        impl $name {
            /// Every one, in the order of the format.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// As written in entries and files.
            #[must_use]
            pub fn word(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }

            /// The one of this word.
            #[must_use]
            pub fn of_word(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$variant),)+ _ => None }
            }
        }
    };
}
pub(crate) use words;

words! {
    /// The part an actor had in a change.
    ActorRole { Did = "did", Asked = "asked", Approved = "approved", Witnessed = "witnessed", For = "for" }
}

words! {
    /// As what an actor acted.
    ActorKind {
        Operator = "operator", Admin = "admin", Holder = "holder", Approver = "approver", System = "system",
        Connector = "connector",
    }
}

words! {
    /// The fixed list of reason codes (history-format.md §1 `why`). Free text goes beside, in a field.
    Reason {
        Forgotten = "forgotten", Lost = "lost", Stolen = "stolen", Damaged = "damaged", Spoiled = "spoiled",
        Renewed = "renewed", Expired = "expired", Left = "left", Returned = "returned", Found = "found",
        Mistake = "mistake", WrongPerson = "wrong_person", Torn = "torn", Foreign = "foreign",
        PrintFailed = "print_failed", QualityOverride = "quality_override", Request = "request",
    }
}

/// The workflow step that made the change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Via {
    /// The running instance.
    pub process: Id,
    /// The element of its definition.
    pub step: String,
}

/// One change of one record. The store adds writer, seq, prev, base and salts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Past tense, `noun.verb`: `person.created`, `card.encoded`.
    pub what: String,
    /// The record.
    pub of: RecordRef,
    /// From and to, where the state changes. A new record comes from `""`.
    pub state: Option<(String, String)>,
    /// Reason code.
    pub why: Option<Reason>,
    /// Inside a workflow.
    pub via: Option<Via>,
    /// New values of the changed fields; committed to, kept as openings, erasable.
    pub fields: BTreeMap<String, Value>,
    /// Values that every verifier needs. Never personal, never erasable.
    pub public: BTreeMap<String, Value>,
}

impl Change {
    /// A change without state, reason, workflow or values; fill in with struct update or the setters.
    #[must_use]
    pub fn new(what: &str, of: RecordRef) -> Self {
        Self {
            what: what.to_owned(),
            of,
            state: None,
            why: None,
            via: None,
            fields: BTreeMap::new(),
            public: BTreeMap::new(),
        }
    }

    /// With a state change.
    #[must_use]
    pub fn state(mut self, from: &str, to: &str) -> Self {
        self.state = Some((from.to_owned(), to.to_owned()));
        self
    }

    /// With a field.
    #[must_use]
    pub fn field(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.fields.insert(name.to_owned(), value.into());
        self
    }

    /// With a public value.
    #[must_use]
    pub fn public(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.public.insert(name.to_owned(), value.into());
        self
    }

    /// With a reason.
    #[must_use]
    pub fn why(mut self, reason: Reason) -> Self {
        self.why = Some(reason);
        self
    }

    /// Inside a workflow.
    #[must_use]
    pub fn via(mut self, via: Option<Via>) -> Self {
        self.via = via;
        self
    }
}
