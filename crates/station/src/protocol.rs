//! The page that a key ceremony leaves: to be printed, signed by hand and kept. The hash of its lines is a field of the
//! entry, so that the station's own signature covers it; the entry is named below them.

mod words;

use lanyard_history::Hash;
use lanyard_keys::{KeySize, KeyStatus, SealTo};
use lanyard_model::{Actor, ActorRole, UnixMs};
use sha2::{Digest, Sha256};

use crate::house::House;
use crate::making::key_label;
use crate::{StationError, calendar};
use words::Words;

/// What was done, as the page says it.
pub(crate) enum Deed {
    Made { in_token: bool },
    Imported { components: usize, in_token: bool },
    Copied { components: usize },
    BackedUp { how: How },
    SiteMade { how: How },
    Proved,
    ProvedByToken,
    Restored,
}

/// What a backup is sealed to.
#[derive(Clone, Copy)]
pub(crate) enum How {
    Passphrase,
    Shares { threshold: u8, of: u8 },
}

impl How {
    pub(crate) fn of(to: &SealTo<'_>) -> Self {
        match *to {
            SealTo::Passphrase(..) => Self::Passphrase,
            SealTo::Shares { threshold, of } => Self::Shares { threshold, of },
        }
    }

    /// As the entry says it.
    pub(crate) fn text(self) -> String {
        match self {
            Self::Passphrase => "passphrase".to_owned(),
            Self::Shares { threshold, of } => format!("{threshold}/{of} shares"),
        }
    }
}

/// A page under way.
pub(crate) struct Page {
    text: String,
    words: &'static Words,
}

/// SHA-256 of a page's lines.
pub(crate) fn hash_of(body: &str) -> [u8; 32] {
    Sha256::digest(body).into()
}

impl Page {
    /// In this language; in English where it is none of ours.
    pub(crate) fn new(house: &House, by: &[Actor], language: &str, now: UnixMs) -> Result<Self, StationError> {
        let words = words::of(language);
        let kind = if house.rehearsal() { words.rehearsal } else { words.real };
        let minutes = now.0.div_euclid(60_000).rem_euclid(24 * 60);
        let mut page = Self { text: format!("{}\n\n", words.heading), words };
        page.line(words.station, &format!("{} ({kind})", house.front.station));
        page.line(words.seal, &house.front.seal);
        let time = format!("{} {:02}:{:02} UTC", calendar::day_text(now)?, minutes / 60, minutes % 60);
        page.line(words.time, &time);
        for actor in by {
            let name = house.operator_name(actor.who).unwrap_or("?");
            let role = if actor.role == ActorRole::Did { words.did } else { words.witnessed };
            page.line(words.by, &format!("{name} ({role})"));
        }
        Ok(page)
    }

    pub(crate) fn done(&mut self, deed: &Deed) {
        let done = self.words.deed(deed);
        self.line(self.words.done, &done);
    }

    pub(crate) fn set(&mut self, set: &[u8; 6]) {
        self.line(self.words.set, &hex::encode_upper(set));
    }

    pub(crate) fn site(&mut self, site: &str) {
        self.line(self.words.site, site);
    }

    pub(crate) fn key(&mut self, status: &KeyStatus) {
        let size = match status.size {
            KeySize::Aes128 => "AES-128",
            KeySize::Aes192 => "AES-192",
        };
        let home = match &status.token {
            Some(serial) => format!("{} {serial}", self.words.token),
            None => self.words.vault.to_owned(),
        };
        self.line(self.words.key, &key_label(&status.of));
        self.line("", &format!("{size}, {home}, {} {}", self.words.check_value, status.check));
    }

    /// What a check value is, once for all keys.
    pub(crate) fn footnote(&mut self) {
        self.text += &format!("\n{}\n", self.words.footnote);
    }

    pub(crate) fn body(&self) -> &str {
        &self.text
    }

    /// With the entry that covers it, and room for hands.
    pub(crate) fn signed(mut self, seq: u64, head: &Hash) -> String {
        let (hash, head) = (hex::encode(hash_of(&self.text)), hex::encode(head));
        self.text += &format!("\n{}\n  {hash}\n{} {seq}\n  {head}\n", self.words.covered, self.words.entry);
        let line = "_".repeat(24);
        self.text += &format!("\n{}\n\n\n{line}      {line}      {line}\n", self.words.signatures);
        self.text
    }

    fn line(&mut self, what: &str, value: &str) {
        // What names a station or a person fills no line of its own.
        let value: String = value.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        let padding = " ".repeat(16usize.saturating_sub(what.chars().count()));
        self.text += &format!("{what}{padding}{value}\n");
    }
}
