//! The rehearsal's bench: simulated cards, readers and printers that can be handled like real ones.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// The bench.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct BenchView {
    /// Cards in the drawer and on readers.
    pub cards: Vec<BenchCard>,
    /// Names of the readers.
    pub readers: Vec<String>,
    /// Printers.
    pub printers: Vec<BenchPrinter>,
}

/// A simulated card.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct BenchCard {
    /// Id on the bench.
    pub id: u32,
    /// What it is.
    pub kind: BenchCardKind,
    /// Its UID, hex; empty for a chip. Of a 125 kHz chip what it sends.
    pub uid: String,
    /// The reader it lies on.
    pub on: Option<String>,
}

/// What a simulated card is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
#[serde(rename_all = "snake_case")]
pub enum BenchCardKind {
    /// A factory-blank DESFire EV2.
    Blank,
    /// A DESFire whose master key is somebody else's.
    Foreign,
    /// A DESFire without free memory.
    Full,
    /// A chip card with PIV.
    Chip,
    /// A T5577: the 125 kHz chip of a badge.
    T5577,
}

/// A simulated printer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct BenchPrinter {
    /// Its name.
    pub name: String,
    /// Jammed.
    pub jammed: bool,
    /// Ribbon empty.
    pub ribbon_empty: bool,
    /// Pages printed.
    pub printed: u32,
}

/// What a hand does on the bench.
#[derive(Clone, Debug, Deserialize, TS)]
#[ts(export)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum BenchAction {
    /// Take a new card out of the box.
    NewCard {
        /// Of this kind.
        kind: BenchCardKind,
    },
    /// Lay a card on a reader.
    Lay {
        /// Which.
        card: u32,
        /// Where.
        reader: String,
    },
    /// Lift whatever lies on a reader.
    Lift {
        /// Where.
        reader: String,
    },
    /// Lift the card just after this many more exchanges.
    LiftAfter {
        /// Where.
        reader: String,
        /// Exchanges from now on.
        exchanges: u32,
    },
    /// The card carries out this many more exchanges (a 125 kHz chip: those that write) and then never answers again: for
    /// whoever ends the station there.
    FreezeAfter {
        /// Which.
        card: u32,
        /// Exchanges from now on.
        exchanges: u32,
    },
    /// Jam a printer, or clear it.
    Jam {
        /// Which.
        printer: String,
        /// Jam or clear.
        jammed: bool,
    },
    /// Empty the ribbon, or change it.
    Ribbon {
        /// Which.
        printer: String,
        /// Empty or new.
        empty: bool,
    },
}
