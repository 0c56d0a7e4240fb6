//! The page that a key ceremony leaves: to be printed, signed by hand and kept. The hash of its lines is a field of the
//! entry, so that the station's own signature covers it; the entry is named below them.

use lanyard_history::Hash;
use lanyard_keys::{KeySize, KeyStatus};
use lanyard_model::{Actor, UnixMs};
use sha2::{Digest, Sha256};

use crate::house::House;
use crate::making::key_label;
use crate::{StationError, calendar};

/// A page under way.
pub(crate) struct Page(String);

/// SHA-256 of a page's lines.
pub(crate) fn hash_of(body: &str) -> [u8; 32] {
    Sha256::digest(body).into()
}

impl Page {
    pub(crate) fn new(house: &House, by: &[Actor], now: UnixMs) -> Result<Self, StationError> {
        let kind = if house.rehearsal() { "REHEARSAL - NOT VALID" } else { "real" };
        let minutes = now.0.div_euclid(60_000).rem_euclid(24 * 60);
        let mut page = Self("LANYARD KEY PROTOCOL\n\n".to_owned());
        page.line("Station", &format!("{} ({kind})", house.front.station));
        page.line("Seal", &house.front.seal);
        let time = format!("{} {:02}:{:02} UTC", calendar::day_text(now)?, minutes / 60, minutes % 60);
        page.line("Time", &time);
        for actor in by {
            let name = house.operator_name(actor.who).unwrap_or("?");
            page.line("By", &format!("{name} ({})", actor.role.word()));
        }
        Ok(page)
    }

    pub(crate) fn done(&mut self, done: &str, lines: &[String]) {
        self.line("Done", done);
        for line in lines {
            self.0 += line;
            self.0.push('\n');
        }
    }

    pub(crate) fn key(&mut self, status: &KeyStatus) {
        let size = match status.size {
            KeySize::Aes128 => "AES-128",
            KeySize::Aes192 => "AES-192",
        };
        let home = status.token.as_ref().map_or_else(|| "vault".to_owned(), |serial| format!("token {serial}"));
        let check = format!("check value {} (first 3 bytes of the AES-CMAC of a zero block)", status.check);
        self.line("Key", &format!("{}  {size}  {home}  {check}", key_label(&status.of)));
    }

    pub(crate) fn body(&self) -> &str {
        &self.0
    }

    /// With the entry that covers it, and room for hands.
    pub(crate) fn signed(self, seq: u64, head: &Hash) -> String {
        let (hash, head) = (hex::encode(hash_of(&self.0)), hex::encode(head));
        let body = self.0;
        format!(
            "{body}\nSHA-256 of the lines above  {hash}\nSigned history of this station, last entry of this act  {seq}\n\
             its hash  {head}\n\nSignatures  ______________________  ______________________  ______________________\n"
        )
    }

    fn line(&mut self, what: &str, value: &str) {
        self.0 += &format!("{what:<12}{value}\n");
    }
}
