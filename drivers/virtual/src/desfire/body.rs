//! What the files of an application hold, and what a transaction has done to one of them so far.

use serde::{Deserialize, Serialize};

use super::status::Sw;

/// What a file holds.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) enum Body {
    Standard(#[serde(with = "hex")] Vec<u8>),
    Backup(#[serde(with = "hex")] Vec<u8>),
    Value(Value),
    Record(Records),
    TransactionMac(TransactionMac),
}

/// A value file.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Value {
    pub(crate) lower: i32,
    pub(crate) upper: i32,
    pub(crate) value: i32,
    /// How much LimitedCredit may give back: what was debited last.
    pub(crate) limit: i32,
    /// Bit 0: LimitedCredit is possible; bit 1: GetValue is free.
    pub(crate) flags: u8,
}

/// A linear or cyclic record file: as many records as there is room for, oldest first.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Records {
    pub(crate) cyclic: bool,
    pub(crate) size: usize,
    /// As given at creation. A cyclic file keeps one of them for the record that a transaction writes.
    pub(crate) most: usize,
    /// One after the other.
    #[serde(with = "hex")]
    pub(crate) data: Vec<u8>,
}

/// A transaction MAC file: the counter and the MAC of the last transaction, and the key that makes it.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct TransactionMac {
    #[serde(with = "hex")]
    pub(crate) key: [u8; 16],
    pub(crate) version: u8,
    pub(crate) counter: u32,
    #[serde(with = "hex")]
    pub(crate) mac: [u8; 8],
    /// The reader that the last transaction named.
    #[serde(default, with = "hex")]
    pub(crate) reader: [u8; 16],
}

impl TransactionMac {
    /// As it is read.
    pub(crate) fn content(&self) -> Vec<u8> {
        [&self.counter.to_le_bytes()[..], &self.mac].concat()
    }
}

impl Records {
    pub(crate) fn count(&self) -> usize {
        self.data.len() / self.size.max(1)
    }

    /// Where the record lies that was written `back` records before the newest.
    pub(crate) fn place(&self, back: usize) -> Option<usize> {
        self.count().checked_sub(back.checked_add(1)?).map(|index| index * self.size)
    }

    /// Opens a new, empty record. A full cyclic file loses its oldest, a full linear file has no room.
    pub(crate) fn open(&mut self) -> Result<(), Sw> {
        let room = if self.cyclic { self.most.saturating_sub(1) } else { self.most };
        if self.count() >= room {
            if !self.cyclic {
                return Err(Sw::BOUNDARY);
            }
            self.data.drain(..self.size);
        }
        self.data.resize(self.data.len() + self.size, 0);
        Ok(())
    }
}

impl Body {
    /// The file's type as GetFileSettings tells it.
    pub(crate) fn kind(&self) -> u8 {
        match self {
            Self::Standard(_) => 0x00,
            Self::Backup(_) => 0x01,
            Self::Value(_) => 0x02,
            Self::Record(Records { cyclic: false, .. }) => 0x03,
            Self::Record(Records { cyclic: true, .. }) => 0x04,
            Self::TransactionMac(_) => 0x05,
        }
    }

    /// Committed content, as it stands on the card.
    pub(crate) fn content(&self) -> Vec<u8> {
        match self {
            Self::Standard(data) | Self::Backup(data) => data.clone(),
            Self::Value(value) => value.value.to_le_bytes().to_vec(),
            Self::Record(records) => records.data.clone(),
            Self::TransactionMac(file) => file.content(),
        }
    }

    /// Whether a card could hold this.
    pub(crate) fn is_sound(&self) -> bool {
        match self {
            Self::Standard(data) | Self::Backup(data) => data.len() <= 16_384,
            Self::Value(value) => value.lower <= value.value && value.value <= value.upper,
            Self::Record(records) => {
                let room = records.size.saturating_mul(records.most);
                records.size > 0
                    && room <= 16_384
                    && records.data.len() <= room
                    && records.data.len().is_multiple_of(records.size)
            }
            Self::TransactionMac(_) => true,
        }
    }
}

/// What a transaction that is not committed has made of a file.
pub(crate) struct Change {
    pub(crate) body: Body,
    /// A record was opened; further writes of the transaction go into it.
    pub(crate) opened: bool,
    /// The records were cleared; no further write before the commit.
    pub(crate) cleared: bool,
    /// Sum of the debits.
    pub(crate) debited: i32,
}

impl Change {
    pub(crate) fn of(body: Body) -> Self {
        Self { body, opened: false, cleared: false, debited: 0 }
    }

    /// What the file holds from the commit on.
    pub(crate) fn committed(self) -> Body {
        match self.body {
            Body::Value(mut value) => {
                if self.debited > 0 {
                    value.limit = self.debited;
                }
                Body::Value(value)
            }
            body => body,
        }
    }
}
