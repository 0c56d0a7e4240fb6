//! Keys as lists, protocols and plans show them. Never a key: check values at most. Used by the command line only, so it
//! crosses to no other language.

use std::path::PathBuf;

use lanyard_keys::{Component, Share};
use lanyard_secret::SecretBytes;
use serde::Serialize;

/// One version of a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct KeyHit {
    /// Its name in encodings.
    pub name: String,
    /// Its version, in the vault and on cards.
    pub version: u8,
    /// First three bytes of the AES-CMAC of a zero block, hex.
    pub check_value: String,
    /// `vault`, or `token` and its serial number.
    pub home: String,
    /// When it was made, ms since 1970.
    pub made: i64,
    /// `missing`, `fresh`, `due`, `overdue`.
    pub proof: String,
    /// Until when the proof holds, ms since 1970.
    pub proof_until: Option<i64>,
    /// Encodings that name it, as `name/version`.
    pub encodings: Vec<String>,
}

/// All keys, and how many cards an hour.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct KeyList {
    /// By name, then version.
    pub keys: Vec<KeyHit>,
    /// Cards an hour by one operator.
    pub limit_operator: u32,
    /// Cards an hour at the station.
    pub limit_station: u32,
}

/// What a ceremony leaves: a page to print and to sign by hand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Ceremony {
    /// The keys it was about, as they are now.
    pub keys: Vec<KeyHit>,
    /// The page. Its hash is in the signed history; the entry is named on it.
    pub protocol: String,
}

/// A colleague at a ceremony, by their own password.
pub struct Witness {
    /// Sign-in name.
    pub login: String,
    /// Their password.
    pub password: SecretBytes,
}

/// Who is at a ceremony beside the operator, and the language of its page.
#[derive(Default)]
pub struct Present {
    /// Colleagues.
    pub witnesses: Vec<Witness>,
    /// `en`, `fr`, `de`, `sv`; without it, the operator's own.
    pub language: Option<String>,
}

/// Where a new key comes from.
pub enum KeySource {
    /// Random.
    Random,
    /// The sum of what two or three people brought.
    Components(Vec<Component>),
}

/// What opens a backup of keys.
pub enum KeyOpening {
    /// A passphrase.
    Passphrase(SecretBytes),
    /// Shares.
    Shares(Vec<Share>),
}

/// A token, and who logs in to it.
pub struct TokenLogin {
    /// Path of the PKCS#11 module.
    pub module: PathBuf,
    /// Serial number; none where there is one token only.
    pub serial: Option<String>,
    /// The PIN.
    pub pin: SecretBytes,
}

/// A key that a stolen station held, and the cards that carry it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ExposedKey {
    /// The key.
    pub key: KeyHit,
    /// Whether the thief has it once they know one operator's password. One in a token they have not, without the token.
    pub exposed: bool,
    /// Numbers of the cards that carry keys made of it and are not void.
    pub cards: Vec<String>,
}

/// Whose keys are in a thief's hands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Stolen {
    /// This house's own station.
    Own,
    /// A site's, which holds keys made of this house's and not these.
    Site,
}

/// What a stolen station puts at risk, and what is to be done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Exposed {
    /// The station or site.
    pub station: String,
    /// Which of the two.
    pub stolen: Stolen,
    /// Its keys; of a site, the house's keys that its own were made of.
    pub keys: Vec<ExposedKey>,
    /// In this order.
    pub plan: Vec<String>,
}
