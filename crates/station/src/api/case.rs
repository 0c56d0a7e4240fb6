//! A case: one badge on its way to one person. Several are open at once; a card on a reader belongs to one of them.

use lanyard_secret::Secret;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use ts_rs::TS;

use super::{PersonField, PersonHit, Problem, Texts};

/// A case in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct CaseSummary {
    /// Id.
    pub id: String,
    /// For whom.
    pub person: PersonHit,
    /// `data`, `photo`, `preview`, `card`, `encode`, `certify`, `print`, `hand_over`; empty at the end.
    pub step: String,
    /// How it stands.
    pub state: CaseState,
}

/// How a case stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
#[serde(rename_all = "snake_case")]
pub enum CaseState {
    /// Waits for the operator.
    Waiting,
    /// Waits for a card on the reader.
    WaitingForCard,
    /// The station works: encode, certify, print.
    Running,
    /// Stopped by a problem that can be solved.
    Stopped,
    /// Done: handed over.
    Done,
    /// Void.
    Void,
}

/// A case as the issue screen shows it. Sent anew (event `case`) whenever a part of it changes.
#[derive(Clone, Debug, PartialEq, Serialize, TS)]
#[ts(export)]
pub struct CaseView {
    /// Id.
    pub id: String,
    /// For whom.
    pub person: PersonHit,
    /// Name of the workflow.
    pub workflow: Texts,
    /// The strap: all steps in order.
    pub steps: Vec<StepView>,
    /// Kind of the step at which it stands: `data`, `photo`, `preview`, `card`, `encode`, `certify`, `print`,
    /// `hand_over`; empty at the end.
    pub step: String,
    /// How it stands.
    pub state: CaseState,
    /// What stopped it, and what helps.
    pub problem: Option<Problem>,
    /// The form of step `data`; empty elsewhere.
    pub fields: Vec<PersonField>,
    /// The portrait being framed, in step `photo`.
    pub photo: Option<PhotoWork>,
    /// Both sides, from step `preview` on.
    pub pictures: Option<Pictures>,
    /// The card, from step `card` on.
    pub card: Option<CardOfCase>,
    /// What is waited for, or worked at, is the badge's 125 kHz chip on its own reader; at the hand-over, as well.
    pub tag: bool,
    /// While the station works.
    pub exchanges: Option<Exchanges>,
    /// What was done in this step, what is being done, what comes.
    pub lines: Vec<Line>,
    /// "On this chip".
    pub chip: Vec<ChipFact>,
    /// In step `hand_over`.
    pub hand_over: Option<HandOver>,
    /// What may be done now: `main`, `retry`, `void`, `back`.
    pub actions: Vec<String>,
}

/// A step on the strap.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct StepView {
    /// Element id in the definition.
    pub id: String,
    /// Kind of step.
    pub kind: String,
    /// Its name.
    pub name: Texts,
    /// Where the token is seen from it.
    pub state: StepState,
    /// A code for the small line below (`step.note.complete`, `step.note.framed`); empty where none.
    pub note: String,
}

/// Where the token is, seen from a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
#[serde(rename_all = "snake_case")]
pub enum StepState {
    /// Behind.
    Done,
    /// Here.
    Current,
    /// Ahead.
    Ahead,
}

/// How a portrait is moved in its frame, relative to what was found automatically.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Adjust {
    /// Right, in shares of the frame's width.
    pub dx: f32,
    /// Down, in shares of the frame's height.
    pub dy: f32,
    /// 1 = as found; 2 = twice as near.
    pub zoom: f32,
    /// Clockwise.
    pub turn_degrees: f32,
}

/// The portrait being framed.
#[derive(Clone, Debug, PartialEq, Serialize, TS)]
#[ts(export)]
pub struct PhotoWork {
    /// Blob id of the framed picture.
    pub framed: String,
    /// As moved.
    pub adjust: Adjust,
    /// What is not as it should be. Not empty: accepting needs a reason.
    pub hints: Vec<PhotoHint>,
}

/// A plain hint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct PhotoHint {
    /// `photo.face.none`, `photo.face.two`, `photo.face.small`, `photo.blurred`, `photo.small` …
    pub code: String,
    /// Values for the words.
    pub details: BTreeMap<String, String>,
}

/// Both sides as they will be printed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct Pictures {
    /// Blob id of a PNG, 1011 × 638.
    pub front: String,
    /// Blob id of a PNG, 1011 × 638.
    pub back: String,
}

/// The card of a case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct CardOfCase {
    /// Record id.
    pub id: String,
    /// `C-0048821`.
    pub number: String,
    /// Contactless UID, hex; empty until a card was laid.
    pub uid: String,
    /// The reader that it lies on now.
    pub on: Option<String>,
}

/// One segment per exchange with the card.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct Exchanges {
    /// Done.
    pub done: u32,
    /// In all, by the plan.
    pub total: u32,
}

/// A line of progress.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct Line {
    /// `encode.picc_key`, `encode.app.create`, `print.waiting` …
    pub code: String,
    /// Values for the words.
    pub details: BTreeMap<String, String>,
    /// What people call the card's application that it is about; absent where it is about none, or that has no name.
    pub of: Option<Texts>,
    /// How it stands.
    pub state: LineState,
    /// How long it took; `null` while it runs, and where that was not seen.
    pub took_ms: Option<u32>,
}

/// How a line stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
#[serde(rename_all = "snake_case")]
pub enum LineState {
    /// Behind.
    Done,
    /// Now.
    Running,
    /// To come.
    Ahead,
    /// It failed here.
    Failed,
}

/// A fact about what is, or will be, on the chip.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct ChipFact {
    /// Label, looked up: `chip.number`, `chip.facility`, `chip.certificate` …
    pub code: String,
    /// Value; empty: not yet.
    pub value: String,
}

/// Handing over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct HandOver {
    /// The card was read again and is right, and a chip has its holder's PIN: it can be given.
    pub ready: bool,
    /// The PIN, shown once, never stored. Absent before the person was identified, and for a badge without a chip key.
    #[ts(type = "string | null")]
    pub pin: Option<ShownPin>,
}

/// A PIN on its way to the screen: wiped with the view that it stands in, and not shown by `Debug`.
pub struct ShownPin(pub(crate) Secret<6>);

impl ShownPin {
    /// What is to be shown.
    #[must_use]
    pub fn digits(&self) -> &str {
        // Made of digits alone.
        std::str::from_utf8(self.0.expose()).unwrap_or_default()
    }
}

impl Clone for ShownPin {
    fn clone(&self) -> Self {
        Self(self.0.duplicate())
    }
}

impl PartialEq for ShownPin {
    fn eq(&self, other: &Self) -> bool {
        self.0.same(&other.0)
    }
}

impl Eq for ShownPin {}

impl std::fmt::Debug for ShownPin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ShownPin")
    }
}

impl Serialize for ShownPin {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.digits())
    }
}

/// How it was made sure that this is the person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
#[serde(rename_all = "snake_case")]
pub enum Identified {
    /// The operator knows them.
    Known,
    /// Identity card.
    IdentityCard,
    /// Passport.
    Passport,
    /// Driving licence.
    DrivingLicence,
}

/// What the operator does in a step.
#[derive(Clone, Debug, Deserialize, TS)]
#[ts(export)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum StepInput {
    /// Step `data`: these are right; changed fields are recorded on the person.
    ConfirmData {
        /// All values of the form.
        fields: BTreeMap<String, String>,
    },
    /// Step `photo`: move it in its frame.
    AdjustPhoto {
        /// Relative to what was found.
        adjust: Adjust,
    },
    /// Step `photo`: take it. `reason` is needed where there are hints.
    AcceptPhoto {
        /// Free text, kept as an erasable field.
        reason: Option<String>,
    },
    /// Step `photo`: the one on file is still right.
    KeepPhoto,
    /// Step `preview`: print it like this.
    AcceptPreview,
    /// Steps `encode`, `certify`, `print` after a problem: once more.
    Retry,
    /// Step `print`, where a folder is the printer of a real house: into a file, for this reason. Once more for each file.
    PrintToFile {
        /// Free text, kept as an erasable field.
        reason: String,
    },
    /// Step `hand_over`: this is the person. The card is read again; a chip gets its PIN.
    Identify {
        /// How.
        how: Identified,
    },
    /// Step `hand_over`: given, with PIN. The badge is theirs.
    Given,
    /// Go back one user step (`preview` to `photo`, `photo` to `data`). Never behind a card that was touched.
    Back,
}
