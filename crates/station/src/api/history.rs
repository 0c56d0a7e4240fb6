//! The history of one object, with its verdict.

use serde::Serialize;
use ts_rs::TS;

/// The history of one object, newest first; that of a person with all that was made for them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct HistoryView {
    /// `person`, `card` …
    pub kind: String,
    /// Record id.
    pub id: String,
    /// Newest first.
    pub entries: Vec<EntryView>,
    /// Of the whole chain, not of these entries alone; `null` where that takes longer than a look: ask for it.
    pub verdict: Option<VerdictView>,
}

/// One entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct EntryView {
    /// In its writer's chain.
    #[ts(type = "number")]
    pub seq: u64,
    /// SHA-256 of the entry, hex.
    pub hash: String,
    /// The writer's clock, ms since 1970.
    #[ts(type = "number")]
    pub at: i64,
    /// `card.encoded`.
    pub what: String,
    /// Of which type of record.
    pub kind: String,
    /// Of which record.
    pub id: String,
    /// What names it beside its type: a card's number, a credential's technology and card; empty where nothing does.
    pub object: String,
    /// In order of acting.
    pub by: Vec<ActorView>,
    /// From and to.
    pub state: Option<(String, String)>,
    /// Reason code.
    pub why: Option<String>,
    /// The workflow step.
    pub step: Option<String>,
    /// By name.
    pub fields: Vec<FieldValue>,
}

/// Who took part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct ActorView {
    /// Their name, or the station's; empty if unknown here.
    pub name: String,
    /// `did`, `asked`, `approved`, `witnessed`, `for`.
    pub role: String,
    /// `operator`, `holder`, `system` …
    pub kind: String,
}

/// A committed field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct FieldValue {
    /// Field name.
    pub name: String,
    /// As text; `null`: erased.
    pub value: Option<String>,
    /// Blob id, where the value is a picture.
    pub blob: Option<String>,
}

/// What the verifier says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct VerdictView {
    /// Nothing is wrong.
    pub holds: bool,
    /// `consistent`, `anchored`, `witnessed`.
    pub level: String,
    /// Fingerprint of the root key, hex.
    pub root: String,
    /// Entries checked.
    #[ts(type = "number")]
    pub entries: u64,
    /// What is wrong.
    pub faults: Vec<VerdictFault>,
    /// What is worth knowing, and is no fault.
    pub remarks: Vec<VerdictFault>,
}

/// One fault or remark.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct VerdictFault {
    /// As in history-format §6.
    pub code: String,
    /// Where in the chain.
    #[ts(type = "number | null")]
    pub seq: Option<u64>,
}
