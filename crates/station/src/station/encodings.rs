//! Commands about the house's encodings.

use super::{Answer, Station};
use crate::api::{EncodingAdded, EncodingHit, EncodingText};

impl Station {
    /// Every version of every encoding, by name, then version.
    ///
    /// # Errors
    /// Nobody signed in.
    pub fn encodings(&self) -> Answer<Vec<EncodingHit>> {
        self.write(|core, _| core.encoding_hits())
    }

    /// One with its description; the newest version where none is named.
    ///
    /// # Errors
    /// No such encoding.
    pub fn encoding_text(&self, name: &str, version: Option<u32>) -> Answer<EncodingText> {
        self.write(|core, _| core.encoding_text(name, version))
    }

    /// Adds a description as the next version of its name. `make_keys`: those that the vault does not have are made.
    ///
    /// # Errors
    /// `encoding.errors` with what lint finds; without the right to do so.
    pub fn encoding_add(&self, text: &str, make_keys: bool) -> Answer<EncodingAdded> {
        self.write(|core, now| core.encoding_add(text, make_keys, now))
    }

    /// Cards are written with the newest version of this name from now on.
    ///
    /// # Errors
    /// No such encoding; a key that the vault does not have; without the right to do so.
    pub fn encoding_use(&self, name: &str) -> Answer<EncodingHit> {
        self.write(|core, now| core.encoding_use(name, now))
    }
}
