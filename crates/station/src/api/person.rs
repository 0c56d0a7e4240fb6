//! People and their cards.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use ts_rs::TS;

use super::CaseSummary;

/// A person in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct PersonHit {
    /// Record id.
    pub id: String,
    /// Shown name.
    pub name: String,
    /// Given name.
    pub given: String,
    /// Family name.
    pub family: String,
    /// Organisational unit.
    pub unit: String,
    /// Staff number.
    pub staff_no: String,
    /// Blob id of the portrait.
    pub photo: Option<String>,
    /// At one glance.
    pub standing: PersonStanding,
}

/// At one glance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
#[serde(rename_all = "snake_case")]
pub enum PersonStanding {
    /// Has an active card.
    Active,
    /// Has none.
    NoCard,
    /// A case is open.
    InProgress,
    /// Their card is blocked.
    Blocked,
    /// Left.
    Left,
}

/// A person's page.
#[derive(Clone, Debug, PartialEq, Serialize, TS)]
#[ts(export)]
pub struct PersonView {
    /// As in a list.
    pub hit: PersonHit,
    /// `active`, `left`, `erased`.
    pub state: String,
    /// In the order of the form.
    pub fields: Vec<PersonField>,
    /// Newest first.
    pub cards: Vec<CardView>,
    /// Open cases.
    pub cases: Vec<CaseSummary>,
}

/// A field of the form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct PersonField {
    /// `given_name`, `family_name`, `display_name`, `staff_no`, `unit`, `title`, `email`; the label is looked up by it.
    pub name: String,
    /// Its value.
    pub value: String,
    /// Must not be empty before a badge is issued.
    pub required: bool,
    /// Longest value in characters.
    pub longest: u32,
}

/// A person to be added or changed.
#[derive(Clone, Debug, Deserialize, TS)]
#[ts(export)]
pub struct PersonInput {
    /// `null`: a new person.
    pub id: Option<String>,
    /// New values by field name; fields left out stay as they are.
    pub fields: BTreeMap<String, String>,
    /// Add although somebody very like them is there already.
    pub although_alike: bool,
}

/// A card of ours.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct CardView {
    /// Record id.
    pub id: String,
    /// `C-0048821`.
    pub number: String,
    /// `prepared`, `encoded`, `printed`, `active`, `blocked`, `returned`, `void`.
    pub state: String,
    /// When it came into this state, ms since 1970.
    #[ts(type = "number")]
    pub since: i64,
    /// Reason code of the last change of state.
    pub why: Option<String>,
    /// What is on it.
    pub credentials: Vec<CredentialView>,
}

/// What is on a card: a card may carry two chips, a badge may be two cards.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct CredentialView {
    /// Record id.
    pub id: String,
    /// `desfire`, `piv`.
    pub technology: String,
    /// `prepared`, `live`, `blocked`, `void`.
    pub state: String,
    /// The certificate on a chip.
    pub certificate: Option<CertificateView>,
}

/// A certificate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct CertificateView {
    /// Hex.
    pub serial: String,
    /// `issued`, `revoked`, `expired`.
    pub state: String,
    /// ms since 1970.
    #[ts(type = "number")]
    pub not_after: i64,
}

/// What an import did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct ImportReport {
    /// New people.
    pub added: u32,
    /// People whose data changed.
    pub changed: u32,
    /// People who were there just so.
    pub unchanged: u32,
    /// Lines that were not taken.
    pub refused: Vec<ImportRefusal>,
    /// Columns that no field of the form has; they were passed over.
    pub ignored: Vec<String>,
    /// The refused lines as a file of the same form, with the reason in a last column; empty where none.
    pub refused_csv: String,
}

/// A line that was not taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct ImportRefusal {
    /// In the file, counted from 1.
    pub line: u32,
    /// `import.field.missing` …
    pub code: String,
    /// Values for the words.
    pub details: BTreeMap<String, String>,
}
