//! Readers and printers, and the card that lies on a reader.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::{CardView, PersonHit, Problem};

/// A device in the strip at the bottom and on the page of devices.
#[derive(Clone, Debug, PartialEq, Serialize, TS)]
#[ts(export)]
pub struct DeviceView {
    /// Stable while it is attached: its kind and name.
    pub id: String,
    /// What it is.
    pub kind: DeviceKind,
    /// As the system names it.
    pub name: String,
    /// What it is used for at this station.
    pub role: Option<DeviceRole>,
    /// How it is.
    pub state: DeviceState,
    /// The device's own keywords (`media-empty`, `cover-open`), for the words.
    pub reasons: Vec<String>,
    /// What lies on it, for a reader.
    pub card: Option<CardOnReader>,
    /// Exists only in rehearsal.
    pub simulated: bool,
    /// A folder that is used as a printer.
    pub file: Option<FileFolder>,
}

/// A folder that is used as a printer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct FileFolder {
    /// Where the files come to lie.
    pub folder: String,
    /// How many cards went into files in this house, whichever the folder; `null` in rehearsal, where it is free.
    #[ts(type = "number | null")]
    pub printed: Option<u64>,
}

/// What it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[ts(export)]
#[serde(rename_all = "snake_case")]
pub enum DeviceKind {
    /// A card reader.
    Reader,
    /// A reader for 125 kHz.
    LfReader,
    /// A printer.
    Printer,
}

/// What a device is used for here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
#[serde(rename_all = "snake_case")]
pub enum DeviceRole {
    /// Contactless cards are written here.
    Encoder,
    /// Chips get their keys here.
    Chip,
    /// The 125 kHz chips of badges are written here.
    Lf,
    /// Cards are read here at the desk; nothing is written.
    Desk,
    /// Badges are printed here.
    Print,
}

/// How a device is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
#[serde(rename_all = "snake_case")]
pub enum DeviceState {
    /// Ready.
    Ready,
    /// Working.
    Busy,
    /// Stopped: see its reasons.
    Stopped,
    /// Unplugged or switched off.
    Gone,
}

/// The card on a reader, and how it stands to this house.
#[derive(Clone, Debug, PartialEq, Serialize, TS)]
#[ts(export)]
pub struct CardOnReader {
    /// `desfire`, `piv`, `unknown`; at 125 kHz `t5577`, `em4100`, `prox`, `em4150`, `em4305`.
    pub technology: String,
    /// Contactless UID in hex, empty for a chip; at 125 kHz what it sends, empty where that is nothing.
    pub uid: String,
    /// How it stands.
    pub standing: Standing,
    /// The card of ours that it is.
    pub card: Option<CardView>,
    /// Whose card it is.
    pub person: Option<PersonHit>,
    /// The open case that it belongs to.
    pub case: Option<String>,
    /// What is wrong with it.
    pub problem: Option<Problem>,
    /// What can be done with it, the right one first.
    pub next: Vec<NextStep>,
}

/// What can be done with the card on a reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
#[serde(rename_all = "snake_case")]
pub enum NextStep {
    /// Write it for a case.
    Write,
    /// Go on with what was begun; a case does so by itself.
    Finish,
    /// Take back the change of keys that was begun.
    RollBack,
    /// Hold it against the records.
    Verify,
    /// Make it a blank again, by two operators; what is on record of it becomes void.
    Reset,
}

/// What was done with a card outside of a case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct CardDone {
    /// Its number.
    pub number: String,
    /// What.
    pub deed: Deed,
    /// Exchanges with the card.
    pub exchanges: u32,
}

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
#[serde(rename_all = "snake_case")]
pub enum Deed {
    /// It holds what the records say.
    Verified,
    /// It has other keys.
    Rekeyed,
    /// It had them before.
    Already,
    /// It has the keys that it had.
    RolledBack,
    /// It is a blank.
    Reset,
}

/// How a card stands to this house.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Being looked at.
    Reading,
    /// Proves to be a blank that is ours to write.
    Blank,
    /// One of ours, proven with its present keys.
    Ours,
    /// One of ours that was lifted in the middle; its case can go on.
    HalfWritten,
    /// Somebody else's, or not blank.
    Foreign,
    /// Claims a UID of ours but does not prove its keys.
    Unproven,
    /// Not read: no driver for it, or broken.
    Unknown,
}

/// What a device's test found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct TestReport {
    /// It works.
    pub ok: bool,
    /// What was found, as a code for the words: `test.reader.card`, `test.printer.ready` …
    pub code: String,
    /// Values for the words.
    pub details: std::collections::BTreeMap<String, String>,
}
