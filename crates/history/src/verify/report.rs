//! What a verification finds: codes that never change their meaning, and the JSON of history-format.md §6.

use lanyard_model::Id;
use serde_json::{Map, Value, json};

use crate::{Hash, hex};

macro_rules! codes {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $name { $($(#[$variant_doc])* $variant),+ }

        impl $name {
            /// Every one, in the order of the page.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// As written in JSON, and the key of its words.
            #[must_use]
            pub fn word(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }
    };
}

codes! {
    /// A fault. On one entry the first that matches, in this order, is reported.
    Code {
        /// Not the one encoding of an entry of this format.
        NotCanonical = "cbor.not_canonical",
        /// Of a later version.
        UnknownVersion = "entry.unknown_version",
        /// The same bytes twice.
        Duplicate = "entry.duplicate",
        /// Not in the order of the file.
        Order = "entry.order",
        /// Signed by another known key, or naming another.
        KeyForeign = "key.foreign",
        /// The signature fails.
        Altered = "entry.altered",
        /// Two validly signed entries with one seq.
        Fork = "chain.fork",
        /// Its neighbours link past it.
        Inserted = "entry.inserted",
        /// A gap; reported at the first seq that is missing.
        Missing = "entry.missing",
        /// Does not link to the entry before.
        Broken = "chain.broken",
        /// Rehearsal and real in one chain.
        Mixed = "chain.mixed",
        /// Nobody who may has vouched for the key.
        Unvouched = "key.unvouched",
        /// After the writer was retired.
        AfterRetired = "writer.after_retired",
        /// The opening does not open the commitment.
        OpeningMismatch = "opening.mismatch",
        /// The opening is of no entry or field that is here.
        OpeningForeign = "opening.foreign",
        /// Erases what belongs to another record.
        EraseForeign = "erase.foreign",
        /// A field is not shown.
        Withheld = "field.withheld",
        /// A blob is not what was committed to.
        BlobAltered = "blob.altered",
        /// A blob is not there.
        BlobMissing = "blob.missing",
        /// A person's signature fails.
        SignedInvalid = "signed.invalid",
        /// A person signed something else than the entry says.
        SignedDisagrees = "signed.disagrees",
        /// The chain is shorter than the scope says, or ends otherwise.
        ScopeCut = "scope.cut",
        /// Leaves, root and signature of the checkpoint do not belong together.
        LogRoot = "log.root",
        /// The log does not extend an earlier checkpoint.
        LogNotExtended = "log.not_extended",
        /// Not in the log though later ones are, or in the log and not here.
        LogEntryMissing = "log.entry_missing",
        /// The root is another than the one given.
        RootDiffers = "root.differs",
    }
}

codes! {
    /// Worth knowing, and no fault.
    Remark {
        /// The writer's clock ran backwards.
        ClockBackwards = "clock.backwards",
        /// A run began while the one before had not been closed.
        RunNotClosed = "run.not_closed",
        /// Concurrent changes of a record, not yet joined.
        RecordConcurrent = "record.concurrent",
        /// From this entry on, the chain is not in the log yet.
        NotLogged = "log.not_logged",
        /// No person signed this act; the machine says that it happened.
        MachineOnly = "signed.machine_only",
        /// One operator could do everything alone.
        SinglePerson = "writer.single_person",
        /// A field was erased and is nevertheless shown.
        ErasedShown = "erase.still_shown",
    }
}

/// What a finding is about, for words. Not part of the JSON.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct About {
    /// What the entry says happened.
    pub what: String,
    /// Type of the record.
    pub kind: String,
    /// The record.
    pub of: Option<Id>,
    /// Name of the person, where an opening shows it.
    pub name: Option<String>,
    /// The writer's clock, ms since 1970 UTC.
    pub at: Option<i64>,
}

/// A fault or a remark, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding<C> {
    /// Which.
    pub code: C,
    /// Whose chain; `None` where it is about no chain in particular.
    pub writer: Option<Id>,
    /// Place in it.
    pub seq: Option<u64>,
    /// Hash of the entry.
    pub entry: Option<Hash>,
    /// Name of the field.
    pub field: Option<String>,
    /// For words.
    pub about: About,
}

impl<C> Finding<C> {
    fn json(&self, word: &str) -> Value {
        let mut map = Map::new();
        map.insert("code".into(), word.into());
        map.insert("writer".into(), self.writer.map_or(Value::Null, |writer| writer.to_string().into()));
        map.insert("seq".into(), self.seq.into());
        if let Some(entry) = &self.entry {
            map.insert("entry".into(), hex::encode(entry).into());
        }
        if let Some(field) = &self.field {
            map.insert("field".into(), field.as_str().into());
        }
        Value::Object(map)
    }
}

/// How far a verdict reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Holds within itself. A history that was cut at a clean end or wholly rewritten with the same keys does so, too.
    Consistent,
    /// Extends a checkpoint given from outside.
    Anchored,
    /// Cosigned by this many of the given keys.
    Witnessed(usize),
}

impl std::fmt::Display for Level {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Consistent => f.write_str("consistent"),
            Self::Anchored => f.write_str("anchored"),
            Self::Witnessed(by) => write!(f, "witnessed by {by}"),
        }
    }
}

/// Whether the root is the one the auditor knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RootCompared {
    /// No root was given.
    NotCompared,
    /// It is.
    Same,
    /// It is not.
    Differs,
}

impl RootCompared {
    /// As in JSON.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::NotCompared => "not compared",
            Self::Same => "same",
            Self::Differs => "differs",
        }
    }
}

macro_rules! counts {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {
        /// How much there was.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        #[allow(missing_docs, reason = "each says it")]
        pub struct Counts { $($(#[$doc])* pub $name: u64),+ }

        impl Counts {
            fn json(&self) -> Value {
                json!({ $(stringify!($name): self.$name),+ })
            }
        }
    };
}

counts! {
    writers, entries,
    /// Fields of the entries, each with a commitment.
    fields,
    /// Fields shown.
    opened, erased, withheld,
    /// Blobs shown.
    blobs,
    /// Leaves of the log.
    leaves, logged, not_logged,
    /// Acts that a person signed.
    signed_by_person,
    /// Acts that the machine alone asserts.
    asserted_by_machine,
    /// Faults, also beyond those listed.
    faults, remarks,
}

/// An extract: what was left out of it is not seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extract {
    /// About how many records.
    pub records: u64,
    /// Leaves of the log whose entry is not in it.
    pub not_shown: u64,
}

/// The outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// How far it reaches; `None` where there is a fault.
    pub level: Option<Level>,
    /// Not whole chains, by the bundle's own word.
    pub extract: Option<Extract>,
    /// Whether the root was compared.
    pub root: RootCompared,
    /// SHA-256 of the root key.
    pub fingerprint: Option<Hash>,
    /// By writer, seq and code; those about no chain last. The first hundred thousand.
    pub faults: Vec<Finding<Code>>,
    /// In the same order. The first hundred thousand.
    pub remarks: Vec<Finding<Remark>>,
    /// How much there was.
    pub counts: Counts,
}

impl Report {
    /// No fault.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.counts.faults == 0
    }

    /// 0 holds, 1 at least one fault.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        u8::from(!self.holds())
    }

    /// As history-format.md §6 says, and `fingerprint` beside; for an extract also `extract`.
    #[must_use]
    pub fn json(&self) -> Value {
        let mut told = json!({
            "verdict": if self.holds() { "holds" } else { "faults" },
            "level": self.level.map(|level| level.to_string()),
            "root": self.root.word(),
            "fingerprint": self.fingerprint.map(|fingerprint| hex::encode(&fingerprint)),
            "faults": self.faults.iter().map(|fault| fault.json(fault.code.word())).collect::<Vec<_>>(),
            "remarks": self.remarks.iter().map(|remark| remark.json(remark.code.word())).collect::<Vec<_>>(),
            "counts": self.counts.json(),
        });
        if let Some(Extract { records, not_shown }) = self.extract {
            told["extract"] = json!({ "records": records, "not_shown": not_shown });
        }
        told
    }
}
