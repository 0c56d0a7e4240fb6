//! A plan before there is a card: steps, exchanges and bytes, memory, time on the air.

use lanyard_desfire::{Family, Link};
use lanyard_secret::Secret;
use serde::Serialize;

use crate::ChipPlan;
use crate::assess::{Present, check_family};
use crate::description::Encoding;
use crate::keys::KeySource;
use crate::memory::Memory;
use crate::plan::{Messaging, Plan};
use crate::planning::plan_for;
use crate::wire::aid_text;
use crate::{Cost, EncodingError, JournalRow, SegmentPlan, Values};

/// What writing a blank of a kind will come to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Preview {
    /// The description's id.
    pub encoding: String,
    /// How commands are protected.
    pub messaging: Messaging,
    /// In their order.
    pub steps: Vec<PreviewStep>,
    /// All steps.
    pub cost: Cost,
    /// Microseconds on the air at [`crate::BIT_RATES`].
    pub air_us: [u64; 4],
    /// What it takes of the card.
    pub memory: Memory,
    /// Chips of the badge that are written after the card.
    pub chips: Vec<ChipPlan>,
    /// LEGIC segments of the badge that are written after those.
    pub segments: Vec<SegmentPlan>,
}

/// A step of a [`Preview`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PreviewStep {
    /// [`crate::Step::label`].
    pub what: &'static str,
    /// Its application, six hex digits; absent on the card level.
    pub aid: Option<String>,
    /// Number of the key or file.
    pub number: Option<u8>,
    /// What it costs, the authentications that it needs included.
    pub cost: Cost,
    /// Microseconds on the air at [`crate::BIT_RATES`].
    pub air_us: [u64; 4],
}

/// Plans for a blank of this generation that is not there. Nothing of a vault is needed.
///
/// # Errors
/// [`EncodingError::CardKind`] for a card too old; what is wrong with a value.
pub fn preview(encoding: &Encoding, values: &Values, family: Family, link: Link) -> Result<Preview, EncodingError> {
    check_family(encoding.card.family, family)?;
    let plan = plan_for(encoding, values, ([0; 7], family, Present::Blank), &NoVault, link)?;
    Ok(Preview {
        encoding: encoding.id.clone(),
        messaging: plan.messaging,
        steps: steps(&plan),
        cost: plan.cost(),
        air_us: plan.cost().air_us(),
        memory: Memory::of(encoding),
        chips: plan.chips,
        segments: plan.segments,
    })
}

fn steps(plan: &Plan) -> Vec<PreviewStep> {
    let rows =
        plan.steps.iter().enumerate().map(|(at, planned)| (planned, JournalRow::ahead_of(plan, at, &planned.step)));
    rows.map(|(planned, row)| PreviewStep {
        what: planned.step.label(),
        aid: row.aid.or(planned.step.aid().map(aid_text)),
        number: row.number,
        cost: planned.cost,
        air_us: planned.cost.air_us(),
    })
    .collect()
}

/// A plan names keys and needs none: every key is there in version 1, and none can be had.
struct NoVault;

impl KeySource for NoVault {
    fn latest(&self, _: &str) -> Result<u8, EncodingError> {
        Ok(1)
    }

    fn backup_proved(&self, _: &str, _: u8) -> Result<bool, EncodingError> {
        Ok(true)
    }

    fn key(&self, _: &str, _: u8, _: Option<&[u8]>) -> Result<Secret<16>, EncodingError> {
        Err(EncodingError::VaultLocked)
    }
}
