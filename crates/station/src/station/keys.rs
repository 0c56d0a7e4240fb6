//! Commands about the house's keys. Managing them needs the right `keys.manage`.

use lanyard_keys::{Component, KeyRef, Limits, SealTo, SealedKeys};

use super::{Answer, Station};
use crate::api::{Ceremony, Exposed, KeyList, KeyOpening, KeySource, Present, Problem, TokenLogin};

impl Station {
    /// Every key, and how many cards an hour.
    ///
    /// # Errors
    /// Nobody signed in.
    pub fn keys(&self) -> Answer<KeyList> {
        self.write(|core, now| core.key_list(now))
    }

    /// The operating system's random bytes, for a component that one person makes.
    pub fn random(&self, bytes: &mut [u8]) {
        crate::entropy::fill(bytes);
    }

    /// Logs in to the token that holds keys of this house, or is to; until somebody locks.
    ///
    /// # Errors
    /// What the token answers.
    pub fn token_login(&self, login: &TokenLogin) -> Answer<()> {
        self.write(|core, _| core.token_login(login))
    }

    /// The next version of a key.
    ///
    /// # Errors
    /// Without the right; fewer people than components; what the token answers.
    pub fn key_create(&self, name: &str, source: &KeySource, in_token: bool, present: &Present) -> Answer<Ceremony> {
        self.write(|core, now| core.key_create((name, source, in_token), present, now))
    }

    /// A key that lives in a token, into the token that is logged in too: out of the same components, and proved by that.
    ///
    /// # Errors
    /// As [`Self::key_create`]; another key than that.
    pub fn key_copy(&self, of: &KeyRef, components: &[Component], present: &Present) -> Answer<Ceremony> {
        self.write(|core, now| core.key_copy((of, components), present, now))
    }

    /// The page of a ceremony as a PDF on A4.
    ///
    /// # Errors
    /// It cannot be drawn.
    pub fn key_page(&self, ceremony: &Ceremony) -> Answer<Vec<u8>> {
        let now = self.shared.now();
        crate::pictures::sheet(&ceremony.protocol, now).map_err(|error| Problem::from(&error))
    }

    /// A sealed backup of these keys (none named: all in the vault), or the keys of a site made of them.
    ///
    /// # Errors
    /// Without the right; keys that live in a token.
    pub fn key_backup(
        &self,
        named: &[KeyRef],
        site: Option<&str>,
        to: &SealTo<'_>,
        present: &Present,
    ) -> Answer<(SealedKeys, Ceremony)> {
        self.write(|core, now| core.key_backup((named, site), to, present, now))
    }

    /// Opens a backup and compares each key: proved for a year.
    ///
    /// # Errors
    /// It does not open; a key differs, and then none is proved.
    pub fn key_prove(&self, file: &[u8], opening: &KeyOpening, present: &Present) -> Answer<Ceremony> {
        self.write(|core, now| core.key_prove((file, opening), present, now))
    }

    /// Compares the keys that live in other tokens with the one that is logged in: proved for a year.
    ///
    /// # Errors
    /// As [`Self::key_prove`].
    pub fn key_prove_by_token(&self, present: &Present) -> Answer<Ceremony> {
        self.write(|core, now| core.key_prove_by_token(present, now))
    }

    /// Takes the keys of a backup in.
    ///
    /// # Errors
    /// It does not open; another key has one's place, and then none comes in.
    pub fn key_restore(&self, file: &[u8], opening: &KeyOpening, present: &Present) -> Answer<Ceremony> {
        self.write(|core, now| core.key_restore((file, opening), present, now))
    }

    /// How many cards an hour from now on.
    ///
    /// # Errors
    /// Without the right; alone where there are two.
    pub fn key_limit(&self, limits: Limits, present: &Present) -> Answer<KeyList> {
        self.write(|core, now| core.key_limit(limits, present, now))
    }

    /// What is at risk if this station is stolen, or one of a site that got keys made of this house's; and what is to be
    /// done.
    ///
    /// # Errors
    /// A station that this house does not know.
    pub fn keys_exposed(&self, station: Option<&str>) -> Answer<Exposed> {
        self.write(|core, now| core.keys_exposed(station, now))
    }
}
