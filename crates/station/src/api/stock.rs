//! Received stock, as a list shows it.

use serde::Serialize;
use ts_rs::TS;

/// A delivery of blanks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct StockHit {
    /// Its record.
    pub id: String,
    /// Name of the box; empty where none was given.
    pub name: String,
    /// How many cards.
    pub cards: u32,
    /// First UID of a box, hex; `null` for a list.
    pub first: Option<String>,
    /// Last UID of a box, hex; `null` for a list.
    pub last: Option<String>,
}

/// What came in just now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct StockAdded {
    /// The delivery; `null` where all of it was known.
    pub stock: Option<StockHit>,
    /// UIDs that were not known.
    pub new: u32,
    /// UIDs that were.
    pub already: u32,
}
