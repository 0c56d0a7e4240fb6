//! Commands about the house's keys. Managing them needs the right `keys.manage`.

use lanyard_keys::{KeyRef, Limits, SealTo, SealedKeys};

use super::{Answer, Station};
use crate::api::{Ceremony, Exposed, KeyList, KeyOpening, KeySource, TokenLogin, Witness};

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
    pub fn key_create(
        &self,
        name: &str,
        source: &KeySource,
        in_token: bool,
        witnesses: &[Witness],
    ) -> Answer<Ceremony> {
        self.write(|core, now| core.key_create((name, source, in_token), witnesses, now))
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
        witnesses: &[Witness],
    ) -> Answer<(SealedKeys, Ceremony)> {
        self.write(|core, now| core.key_backup((named, site), to, witnesses, now))
    }

    /// Opens a backup and compares each key: proved for a year.
    ///
    /// # Errors
    /// It does not open; a key differs, and then none is proved.
    pub fn key_prove(&self, file: &[u8], opening: &KeyOpening) -> Answer<Ceremony> {
        self.write(|core, now| core.key_prove(file, opening, now))
    }

    /// Compares the keys in tokens with a second token: proved for a year.
    ///
    /// # Errors
    /// As [`Self::key_prove`].
    pub fn key_prove_by_token(&self, second: &TokenLogin) -> Answer<Ceremony> {
        self.write(|core, now| core.key_prove_by_token(second, now))
    }

    /// Takes the keys of a backup in.
    ///
    /// # Errors
    /// It does not open; another key has one's place, and then none comes in.
    pub fn key_restore(&self, file: &[u8], opening: &KeyOpening, witnesses: &[Witness]) -> Answer<Ceremony> {
        self.write(|core, now| core.key_restore(file, opening, witnesses, now))
    }

    /// How many cards an hour from now on.
    ///
    /// # Errors
    /// Without the right; alone where there are two.
    pub fn key_limit(&self, limits: Limits, witnesses: &[Witness]) -> Answer<KeyList> {
        self.write(|core, now| core.key_limit(limits, witnesses, now))
    }

    /// What is at risk if this station is stolen, and what is to be done.
    ///
    /// # Errors
    /// Another station than this one.
    pub fn keys_exposed(&self, station: Option<&str>) -> Answer<Exposed> {
        self.write(|core, now| core.keys_exposed(station, now))
    }
}
