//! An encoding's description, plan, run, resume and check, without I/O, clock or randomness.
//!
//! ```text
//! Encoding::parse(toml) ─ Assess ─ plan ─ Run ─ ReadBack
//!                                          └ pulled or killed: Run::resume(plan, journal) … or Plan::reset, and void
//! ```
//!
//! [`Assess`] finds out what lies on the reader; [`plan()`] says what will be done, with keys by reference; [`Run`] does
//! it, each step written to the journal ahead, and reads back with the reader's keys. [`rekey`] and [`reuse`] plan what
//! comes after a card's first life: newer keys, and a blank again. Keys come from a [`KeySource`]
//! for one exchange each; what the card answers is checked in `drivers/desfire`.

mod air;
mod assess;
mod chips;
mod comparison;
mod date;
mod description;
mod error;
mod estimate;
mod form;
mod journal;
mod keys;
mod legic;
mod lint;
mod machine;
mod memory;
mod operation;
mod plan;
mod planning;
mod preview;
mod readback;
mod recognise;
mod renewing;
mod run;
mod step;
mod values;
mod wire;

pub use air::BIT_RATES;
pub use assess::{Assess, Assessment, Found};
pub use chips::{ChipAnswer, ChipPlan};
pub use comparison::{Change, Diff, How, diff};
pub use date::Date;
pub use description::{
    Acceptance, Align, Application, ApplicationKey, CardRules, Charset, Chip, ChipContent, ChipKind, Cipher, Coding,
    Content, DateForm, Encoding, Field, File, FileKind, InputPart, IsoIds, KeySpec, LegicKind, ParityText, Place,
    Segment, Setting, Source, ValueRules,
};
pub use error::{EncodingError, Misfit, Problem};
pub use estimate::Cost;
pub use form::{FieldForm, FieldValue};
pub use journal::JournalRow;
pub use keys::{HeldKey, KeySource, KeyUse};
pub use legic::SegmentPlan;
pub use lint::{Finding, Severity, lint, lint_codes};
pub use machine::{Action, CardLeft, Event, Machine, Random, Stopped, drive};
pub use memory::{Memory, Region};
pub use plan::{HeldAt, MasterKey, Messaging, Plan, PlannedStep, Purpose};
pub use planning::{checking, plan, reading};
pub use preview::{Preview, PreviewStep, preview};
pub use readback::{ApplicationRead, FieldRead, FileRead, ReadBack};
pub use recognise::Recognise;
pub use renewing::{rekey, reuse};
pub use run::{Run, RunProgress};
pub use step::{Bytes, FieldPlan, Iso, Reader, Step, Stored};
pub use values::Values;

/// The value that holds the card record (history-format.md §7), made by `crates/keys`.
pub const CARD_RECORD: &str = "card.record";

/// Its length in bytes.
pub const CARD_RECORD_LEN: u32 = 128;
