//! What an encoding takes of a card's memory, which is given out in blocks of 32 bytes.

use serde::Serialize;

use crate::description::{Application, Encoding, File, FileKind};
use crate::wire::aid_text;

/// Bytes in a block.
const BLOCK: u32 = 32;
/// Directory entry and header of an application.
const APPLICATION: u32 = 64;
/// Header of a file.
const FILE: u32 = 32;
/// An AES key and its version.
const KEY: u32 = 17;
/// Key, counter, MAC and reader of a transaction MAC file.
const TRANSACTION_MAC: u32 = 64;

/// What is taken, region by region, in the order in which it is made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Memory {
    /// The regions.
    pub regions: Vec<Region>,
    /// Bytes taken, whole blocks.
    pub bytes: u32,
}

/// A region of the map.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Region {
    /// Its application, six hex digits.
    pub aid: String,
    /// `header`, `keys`, `name` or `file`.
    pub what: &'static str,
    /// The file's number.
    pub number: Option<u8>,
    /// First block, counted from the first that is taken.
    pub block: u32,
    /// How many blocks.
    pub blocks: u32,
    /// Bytes that hold something; the rest of the blocks is lost.
    pub used: u32,
}

impl Memory {
    /// Of an encoding on an empty card.
    #[must_use]
    pub fn of(encoding: &Encoding) -> Self {
        let mut memory = Self { regions: Vec::new(), bytes: 0 };
        for application in &encoding.applications {
            memory.application(application);
        }
        memory
    }

    fn application(&mut self, application: &Application) {
        let aid = aid_text(application.aid);
        self.push(&aid, "header", None, APPLICATION, APPLICATION);
        // 14 at most: checked when the description was read.
        let keys = application.keys.len() as u32 * KEY;
        self.push(&aid, "keys", None, keys, keys);
        let name = application.iso.as_ref().map_or(0, |iso| iso.name.len() as u32);
        self.push(&aid, "name", None, name, name);
        for file in &application.files {
            self.file(&aid, file);
        }
    }

    fn file(&mut self, aid: &str, file: &File) {
        let size = file.size;
        let (taken, used) = match &file.kind {
            FileKind::Standard | FileKind::Value(_) => (size, size),
            // Two copies.
            FileKind::Backup => (size.next_multiple_of(BLOCK) * 2, size * 2),
            FileKind::Records { count, .. } => (size.saturating_mul(*count), size.saturating_mul(*count)),
            FileKind::TransactionMac(_) => (TRANSACTION_MAC, size + KEY),
        };
        self.push(aid, "file", Some(file.number.get()), FILE + taken.next_multiple_of(BLOCK), FILE + used);
    }

    fn push(&mut self, aid: &str, what: &'static str, number: Option<u8>, bytes: u32, used: u32) {
        let blocks = bytes.div_ceil(BLOCK);
        if blocks > 0 {
            let block = self.bytes / BLOCK;
            self.regions.push(Region { aid: aid.to_owned(), what, number, block, blocks, used });
            self.bytes += blocks * BLOCK;
        }
    }
}
