//! Encodings as pictures: what stands where on a card, who may do what with it, what is risky, what writing it takes.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use ts_rs::TS;

use super::Texts;

/// An encoding in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct EncodingSummary {
    /// By which it is asked for: name and version, `starter@2`.
    pub id: String,
    /// Its id in the description.
    pub name: String,
    /// From 1; of a file that is not added yet, what it would be.
    pub version: u32,
    /// What people call it; `null` where this program cannot read the description.
    pub title: Option<Texts>,
    /// Cards are written with it, unless a case was opened for another.
    pub in_use: bool,
    /// Keys that it needs and the vault does not have.
    pub keys_missing: Vec<String>,
    /// At least this generation of card: `ev1`, `ev2`, `ev3`; empty where the description cannot be read.
    pub family: String,
    /// What it takes of the card's memory.
    pub bytes: u32,
    /// 125 kHz chips beside the card: `t5577`, `em4305`.
    pub chips: Vec<String>,
    /// Findings of this severity that nobody has taken upon themselves.
    pub errors: u32,
    /// The same.
    pub warnings: u32,
    /// The same, and the risks that somebody has taken.
    pub notes: u32,
}

/// An encoding as a picture.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct EncodingView {
    /// As in the list.
    pub summary: EncodingSummary,
    /// So many bytes must be free on a card.
    pub free_bytes: u32,
    /// What it takes, region by region, in the order in which it is made.
    pub memory: Vec<MemoryRegion>,
    /// Keys of the card itself; the role is `master_key`, `default_key` or `transport_key`.
    pub keys: Vec<KeySlot>,
    /// What anybody may do on the card level; absent: as delivered, where anybody lists and creates.
    pub settings: Option<LevelSettings>,
    /// The card shows another UID each time.
    pub random_uid: bool,
    /// No command erases the card.
    pub format_off: bool,
    /// No older secure messaging.
    pub only_ev2: bool,
    /// In the order in which they are made.
    pub applications: Vec<EncodingApplication>,
    /// Beside the card.
    pub chips: Vec<EncodingChip>,
    /// What lint says of it, in the order of the file.
    pub findings: Vec<EncodingFinding>,
}

/// A region of the card's memory, which is given out in blocks of 32 bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct MemoryRegion {
    /// Its application, six hex digits.
    pub aid: String,
    /// `header`, `keys`, `name` or `file`.
    pub what: String,
    /// The file's number.
    pub number: Option<u8>,
    /// First block.
    pub block: u32,
    /// How many.
    pub blocks: u32,
    /// Bytes that hold something.
    pub used: u32,
}

/// A key, and how a card's own is made of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct KeySlot {
    /// Its number in the application; absent on the card level and for a chip's password.
    pub number: Option<u8>,
    /// The word by which rights name it.
    pub role: String,
    /// Its name in the vault.
    pub key: String,
    /// The newest version that the vault has: the one that goes onto a card. Absent: it has none yet.
    pub version: Option<u8>,
    /// Parts of the diversification input, in order: `uid`, `aid`, `key_number`, `system`. Empty: the same on every card.
    pub diversified_by: Vec<String>,
}

/// What anybody may do, without a key, on the level of a card or of an application.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct LevelSettings {
    /// List applications, or files.
    pub list_free: bool,
    /// Make them.
    pub create_free: bool,
    /// Whether these settings can be changed, with the master key.
    pub changeable: bool,
    /// Each key changes itself; else the master key changes all.
    pub keys_change_themselves: bool,
}

/// An application.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct EncodingApplication {
    /// Six hex digits.
    pub aid: String,
    /// What people call it.
    pub names: Option<Texts>,
    /// The name under which ISO 7816-4 finds it.
    pub iso_name: Option<String>,
    /// What its keys are for: `aes`, `2k3des`.
    pub cipher: String,
    /// What anybody may do.
    pub settings: LevelSettings,
    /// By number, without gaps.
    pub keys: Vec<KeySlot>,
    /// Its files.
    pub files: Vec<EncodingFile>,
}

/// A file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct EncodingFile {
    /// Its number.
    pub number: u8,
    /// `standard`, `backup`, `value`, `linear`, `cyclic`, `transaction_mac`.
    pub kind: String,
    /// In bytes: all of it, or one record.
    pub size: u32,
    /// How many records; `null` where it has none.
    pub records: Option<u32>,
    /// Lowest, first and highest value; `null` where it is none.
    pub value: Option<[i32; 3]>,
    /// What a transaction MAC is made with; `null` for any other kind.
    pub key: Option<KeySlot>,
    /// How its data goes through the air: `plain`, `mac`, `full`.
    pub mode: String,
    /// Who may read: a role, `free`, `never`.
    pub read: String,
    /// Who may write.
    pub write: String,
    /// Who may do both.
    pub read_write: String,
    /// Who may change these rights.
    pub change: String,
    /// What it holds, by offset.
    pub fields: Vec<EncodingField>,
}

/// A field of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct EncodingField {
    /// Its name.
    pub name: String,
    /// From the start of the file, in bytes.
    pub offset: u32,
    /// In bytes.
    pub length: u32,
    /// `text`, `number`, `date`, `wiegand`, `bits`, `bytes`.
    pub form: String,
    /// Names of the values that go into it; empty: the same on every card.
    pub values: Vec<String>,
}

/// A 125 kHz chip beside the card.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct EncodingChip {
    /// `t5577`, `em4305`.
    pub kind: String,
    /// `em4100` or `prox`.
    pub answers_as: String,
    /// Names of the values that go into its number; empty: the same on every badge.
    pub values: Vec<String>,
    /// What keeps it from being changed.
    pub password: Option<KeySlot>,
}

/// Something that lint has found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct EncodingFinding {
    /// Looked up as `lint.CODE`; of a file that is no encoding, as `lint.wrong.PROBLEM` by `details.problem`.
    pub code: String,
    /// `error`, `warning`, `note`.
    pub severity: String,
    /// Where: `application 4C5901, file 1`.
    pub at: String,
    /// Line in the file, from 1.
    pub line: u32,
    /// Column, from 1.
    pub column: u32,
    /// What stands on that line.
    pub text: String,
    /// Values for the words.
    pub details: BTreeMap<String, String>,
    /// Who has taken the risk.
    pub accepted_by: Option<String>,
}

/// A file that was looked at before it is taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct EncodingCheck {
    /// The picture; absent where no card could be made of it.
    pub view: Option<EncodingView>,
    /// What is wrong or risky.
    pub findings: Vec<EncodingFinding>,
}

/// What writing a blank card comes to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct EncodingPlan {
    /// How commands are protected: `ev1`, `ev2`.
    pub messaging: String,
    /// In kbit/s: what the times are for.
    pub bit_rates: [u32; 4],
    /// In their order.
    pub steps: Vec<EncodingStep>,
    /// All of them.
    pub cost: AirCost,
    /// Chips that are written after the card.
    pub chips: Vec<String>,
}

/// A step of a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct EncodingStep {
    /// Looked up as `encode.WHAT`.
    pub what: String,
    /// Its application.
    pub aid: Option<String>,
    /// Number of the key or file.
    pub number: Option<u8>,
    /// What it costs, the proofs of keys that it needs included.
    pub cost: AirCost,
}

/// What something costs on the air.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct AirCost {
    /// Commands and answers.
    pub exchanges: u32,
    /// Bytes to the card.
    pub sent: u32,
    /// Bytes from it.
    pub received: u32,
    /// Microseconds at each bit rate. What the card takes to reckon and to write comes on top.
    pub air_us: [u32; 4],
}

/// For which card a plan is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
#[serde(rename_all = "snake_case")]
pub enum CardFamily {
    /// DESFire EV1.
    Ev1,
    /// DESFire EV2.
    Ev2,
    /// DESFire EV3.
    Ev3,
}

/// Two encodings compared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct EncodingDiff {
    /// In the order of the second.
    pub changes: Vec<EncodingChange>,
    /// What they come to altogether: `nothing`, `in_place`, `made_anew`, `reset`, `another_card`.
    pub how: String,
}

/// Something that differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct EncodingChange {
    /// Where: `application 4C5901, file 1`.
    pub at: String,
    /// `key`, `rights`, `size` …
    pub what: String,
    /// As it is; absent for something new.
    pub from: Option<String>,
    /// As it will be; absent for something removed.
    pub to: Option<String>,
    /// What it takes.
    pub how: String,
}
