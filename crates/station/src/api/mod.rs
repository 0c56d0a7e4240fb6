//! What the station says to whoever sits in front of it: the window, the command line, a test.
//!
//! Every type here crosses to TypeScript (`cargo xtask types` writes `ui/shared/generated`) and is held by a snapshot
//! test. Texts are never in here: a view carries codes and values, the words live in `ui/`, in four languages.

mod bench;
mod case;
mod device;
mod encoding_picture;
mod encodings;
mod history;
mod keys;
mod person;
mod status;
mod stock;

pub use bench::{BenchAction, BenchCard, BenchCardKind, BenchPrinter, BenchView};
pub use case::{
    Adjust, CardOfCase, CaseState, CaseSummary, CaseView, ChipFact, Exchanges, HandOver, Identified, Line, LineState,
    PhotoHint, PhotoWork, Pictures, ShownPin, StepInput, StepState, StepView,
};
pub use device::{
    CardDone, CardOnReader, Deed, DeviceKind, DeviceRole, DeviceState, DeviceView, FileFolder, NextStep, Standing,
    TestReport,
};
pub use encoding_picture::{
    AirCost, CardFamily, EncodingApplication, EncodingChange, EncodingCheck, EncodingChip, EncodingDiff, EncodingField,
    EncodingFile, EncodingFinding, EncodingPlan, EncodingStep, EncodingSummary, EncodingView, KeySlot, LevelSettings,
    MemoryRegion,
};
pub use encodings::{EncodingAdded, EncodingHit, EncodingText};
pub use history::{ActorView, EntryView, FieldValue, HistoryView, VerdictFault, VerdictView};
pub use keys::{
    Ceremony, Exposed, ExposedKey, KeyHit, KeyList, KeyOpening, KeySource, Present, Stolen, TokenLogin, Witness,
};
pub use person::{
    CardView, CertificateView, CredentialView, ImportRefusal, ImportReport, PersonField, PersonHit, PersonInput,
    PersonStanding, PersonView,
};
pub use status::{
    DataView, FirstStart, HouseView, NewOperator, OperatorView, Password, Recovery, SessionView, Shown, Status, Texts,
    Theme,
};
pub use stock::{StockAdded, StockHit};

use lanyard_fault::Coded;
use serde::Serialize;
use std::collections::BTreeMap;
use ts_rs::TS;

/// An error as it reaches a person: the words are looked up by `code`, with `details` put in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct Problem {
    /// `card.auth.refused`.
    pub code: String,
    /// `operator`, `card`, `device`, `policy`, `network`, `us`.
    pub fault: String,
    /// `same_again`, `another`, `later`, `never`.
    pub helps: String,
    /// Values for the words.
    pub details: BTreeMap<String, String>,
}

impl<E: Coded> From<&E> for Problem {
    fn from(error: &E) -> Self {
        Self {
            code: error.code().to_owned(),
            fault: error.fault().word().to_owned(),
            helps: error.helps().word().to_owned(),
            details: error.details().into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
        }
    }
}
