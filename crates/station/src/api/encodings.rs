//! The encodings of a house, as a list shows them.

use serde::Serialize;
use ts_rs::TS;

use super::Texts;

/// One version of an encoding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct EncodingHit {
    /// Its id in the description.
    pub name: String,
    /// From 1, in the order in which they came; what came once is never changed.
    pub version: u32,
    /// What people call it; `null` where this program cannot read the description.
    pub title: Option<Texts>,
    /// Cards are written with it, unless a case was opened for another.
    pub in_use: bool,
    /// Keys that it needs and the vault does not have.
    pub keys_missing: Vec<String>,
}

/// An encoding that was added.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct EncodingAdded {
    /// It.
    pub encoding: EncodingHit,
    /// False: the newest version has this very text.
    pub new: bool,
    /// Keys that were made for it.
    pub keys_made: Vec<String>,
}

/// An encoding with its description.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct EncodingText {
    /// It.
    pub encoding: EncodingHit,
    /// The description, as it was added.
    pub text: String,
}
