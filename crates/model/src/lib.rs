//! What a badge office knows: ids, records, their states, roles and rights. No clock, no randomness, no I/O.

mod change;
mod id;
mod record;
mod value;

pub use change::{Actor, ActorKind, ActorRole, Change, Reason, Via};
pub use id::{Id, ParseIdError};
pub use record::{Kind, Record, RecordRef, states};
pub use value::Value;

/// Milliseconds since 1970-01-01 UTC, by the clock of the machine that wrote it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct UnixMs(pub i64);
