//! What is on disk before the card is touched, and how far it tells a later run that the card has got.

use serde::{Deserialize, Serialize};

use crate::EncodingError;
use crate::keys::HeldKey;
use crate::plan::Plan;
use crate::step::Step;
use crate::wire::aid_text;

/// One row, written and synced before the step is transmitted. A row says "may have happened"; the row after it, or
/// the end of the run, says that it has. Keys stand in it by name and version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JournalRow {
    /// Index into the plan's steps.
    pub step: u32,
    /// [`Step::label`].
    pub what: String,
    /// Application, six hex digits; absent on the card level.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aid: Option<String>,
    /// Number of the key or file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<u8>,
    /// For a change of key: what it is before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub old: Option<HeldKey>,
    /// For a change of key: what it becomes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new: Option<HeldKey>,
}

impl JournalRow {
    pub(crate) fn ahead_of(plan: &Plan, at: usize, step: &Step) -> Self {
        let (old, new) = match step {
            Step::MasterKey => (Some(plan.master.before.clone()), Some(plan.master.after.clone())),
            Step::Key { old, new, .. } => (Some(old.clone()), Some(new.clone())),
            Step::DefaultKey { key, before } | Step::TransactionMac { key, before, .. } => {
                (before.clone(), Some(key.clone()))
            }
            _ => (None, None),
        };
        let aid = match step {
            Step::Application { aid, .. } | Step::Remove { aid } => Some(*aid),
            other => other.aid(),
        };
        Self {
            step: u32::try_from(at).unwrap_or(u32::MAX),
            what: step.label().to_owned(),
            aid: aid.map(aid_text),
            number: step.number(),
            old,
            new,
        }
    }
}

impl Plan {
    /// The row ahead of a chip: it follows those of the card's steps. `None` where the plan has no such chip.
    #[must_use]
    pub fn chip_row(&self, chip: usize) -> Option<JournalRow> {
        let planned = self.chips.get(chip)?;
        let new = planned.password.clone().map(HeldKey::Aes);
        let step = u32::try_from(self.steps.len() + chip).ok()?;
        Some(JournalRow { step, what: planned.kind.word().to_owned(), aid: None, number: None, old: None, new })
    }

    /// The row ahead of a segment: it follows those of the chips. `None` where the plan has no such segment.
    #[must_use]
    pub fn segment_row(&self, segment: usize) -> Option<JournalRow> {
        self.segments.get(segment)?;
        let step = u32::try_from(self.steps.len() + self.chips.len() + segment).ok()?;
        let number = u8::try_from(segment).ok();
        Some(JournalRow { step, what: "legic".to_owned(), aid: None, number, old: None, new: None })
    }

    /// The first chip that is not certain to be written: from there on they are written, each with its row ahead.
    ///
    /// # Errors
    /// [`EncodingError::JournalForeign`].
    pub fn chip_reached(&self, rows: &[JournalRow]) -> Result<usize, EncodingError> {
        Ok(reached(self, rows)?.map_or(0, |step| step.saturating_sub(self.steps.len())))
    }
}

/// Of what is written after the card: its chips, then its segments.
fn beside(plan: &Plan, at: usize) -> Option<JournalRow> {
    match at.checked_sub(plan.chips.len()) {
        None => plan.chip_row(at),
        Some(segment) => plan.segment_row(segment),
    }
}

/// The step that the last row is about: all before it have happened, it may have, none after it has.
pub(crate) fn reached(plan: &Plan, rows: &[JournalRow]) -> Result<Option<usize>, EncodingError> {
    for row in rows {
        let at = usize::try_from(row.step).map_err(|_| EncodingError::JournalForeign)?;
        let expected = match plan.steps.get(at) {
            Some(planned) => JournalRow::ahead_of(plan, at, &planned.step),
            None => beside(plan, at - plan.steps.len()).ok_or(EncodingError::JournalForeign)?,
        };
        if *row != expected {
            return Err(EncodingError::JournalForeign);
        }
    }
    // A run that resumes starts at the step it found open, so steps never go down but by a repeat of the last.
    if rows.windows(2).any(|pair| pair[1].step < pair[0].step) {
        return Err(EncodingError::JournalForeign);
    }
    Ok(rows.last().and_then(|row| usize::try_from(row.step).ok()))
}
