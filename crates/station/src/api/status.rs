//! The station as a whole: its house, who sits there, what is attached, what is open.

use lanyard_secret::SecretBytes;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::{CaseSummary, DeviceView};

/// A text in the four languages, where it comes from a definition and not from `ui/`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Texts {
    /// English.
    pub en: String,
    /// French.
    pub fr: String,
    /// German.
    pub de: String,
    /// Swedish.
    pub sv: String,
}

/// Everything that is always on screen. Sent anew (event `status`) whenever a part of it changes.
#[derive(Clone, Debug, PartialEq, Serialize, TS)]
#[ts(export)]
pub struct Status {
    /// `null`: no house yet, first start.
    pub house: Option<HouseView>,
    /// `null`: nobody is signed in; the window shows the lock.
    pub session: Option<SessionView>,
    /// Readers and printers, in a stable order.
    pub devices: Vec<DeviceView>,
    /// Open cases, the one worked on last first. Empty while locked.
    pub cases: Vec<CaseSummary>,
    /// How old the data is, what has not yet left.
    pub data: DataView,
}

/// The house: one office's store, chain and vault; or the rehearsal's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct HouseView {
    /// The station's name.
    pub station: String,
    /// Nothing made here opens a door.
    pub rehearsal: bool,
    /// Only one operator: said in every bundle.
    pub single_person: bool,
    /// SHA-256 of the station's public key, hex: the seal is drawn from it.
    pub seal: String,
    /// The recovery code was typed back or printed.
    pub recovery_confirmed: bool,
    /// The backup of the key version in use was restored once and compared; before that no real card is written.
    pub backup_proved: bool,
    /// Who may sign in: names for the lock screen.
    pub operators: Vec<OperatorView>,
}

/// An operator.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct OperatorView {
    /// Record id.
    pub id: String,
    /// Shown name.
    pub name: String,
    /// Sign-in name.
    pub login: String,
    /// What they may do beyond what every operator may: `print.file`, `encoding.change`, `stock.receive`.
    pub rights: Vec<String>,
}

/// Who is signed in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct SessionView {
    /// Who.
    pub operator: OperatorView,
    /// What they may do: `issue`, `void`, `person.change`, `operator.change`, `backup`, `export`, `print.file`,
    /// `encoding.change`, `stock.receive`.
    pub rights: Vec<String>,
    /// `en`, `fr`, `de`, `sv`.
    pub language: String,
    /// Their choice of light and dark.
    pub theme: Theme,
}

/// Light and dark.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
#[serde(rename_all = "snake_case")]
pub enum Theme {
    /// As the system says.
    System,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

/// Age of data and what waits to be sent. A lone station has no server: `server` is false and nothing is old.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct DataView {
    /// Whether this station belongs to a server.
    pub server: bool,
    /// Entries in its own chain.
    #[ts(type = "number")]
    pub entries: u64,
    /// The clock was set back: what is written now is dated before what was written earlier.
    pub clock_back: bool,
}

/// First start: name the station and its first operators.
#[derive(Debug, Deserialize, TS)]
#[ts(export)]
pub struct FirstStart {
    /// 1 to 60 characters.
    pub station: String,
    /// Another house, with simulated devices.
    pub rehearsal: bool,
    /// One or more; with one the station is marked single-person.
    pub operators: Vec<NewOperator>,
}

/// An operator to be.
#[derive(Deserialize, TS)]
#[ts(export)]
pub struct NewOperator {
    /// Shown name.
    pub name: String,
    /// Sign-in name, unique.
    pub login: String,
    /// At least 10 characters; wiped when it was used.
    #[ts(type = "string")]
    pub password: Password,
}

/// A password on its way in: never cloned, shown or sent out.
pub struct Password(pub SecretBytes);

impl<'de> Deserialize<'de> for Password {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        // The text's own buffer is taken over.
        String::deserialize(from).map(|text| Self(SecretBytes::new(text.into_bytes())))
    }
}

impl std::fmt::Debug for NewOperator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("NewOperator")
    }
}

/// The recovery code, shown once, to be printed and locked away; wiped when it was shown.
#[derive(Serialize, TS)]
#[ts(export)]
pub struct Recovery {
    /// Groups of letters and digits, with hyphens.
    #[ts(type = "string")]
    pub code: Shown,
}

/// A secret on its way to the one who is to have it: never cloned, and wiped once it is out.
pub struct Shown(pub SecretBytes);

impl Shown {
    /// For one use. Do not keep a copy.
    #[must_use]
    pub fn text(&self) -> &str {
        std::str::from_utf8(self.0.expose()).unwrap_or_default()
    }
}

impl Serialize for Shown {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.text())
    }
}
