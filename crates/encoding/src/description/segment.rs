//! A LEGIC segment on the same badge: found by its stamp, for doors that read nothing else.

use serde::{Deserialize, Serialize};

use super::Field;

/// A segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Its first bytes, which say whose it is.
    pub stamp: Vec<u8>,
    /// Which family the card must be of.
    pub family: LegicKind,
    /// In bytes, the stamp included.
    pub length: u16,
    /// What stands where no field is.
    pub fill: u8,
    /// What it holds, by offset from its first byte; none on the stamp.
    pub fields: Vec<Field>,
}

/// A family of LEGIC cards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LegicKind {
    /// prime.
    Prime,
    /// advant.
    Advant,
}

impl LegicKind {
    /// As in descriptions.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Prime => "prime",
            Self::Advant => "advant",
        }
    }
}

impl Segment {
    /// Where it stands in findings and places: `legic 3C2A15`.
    #[must_use]
    pub fn at(&self) -> String {
        format!("legic {}", hex::encode_upper(&self.stamp))
    }
}
