//! The token that is attached to a vault: which of its keys can be reckoned with there, made and taken in there.

use lanyard_model::UnixMs;

use crate::diversify::TwoBlocks;
use crate::home::{KeyHome, KeySize, MasterKey};
use crate::masters::Kept;
use crate::vault::fits;
use crate::{CheckValue, DiversificationInput, Entropy, KeyRef, KeyStatus, KeysError, Vault};

/// A token, logged in, and the vault's keys that were found in it.
pub(crate) struct Attached {
    home: Box<dyn KeyHome>,
    holds: Vec<KeyRef>,
}

impl Vault {
    /// Attaches a token, logged in: from now on the keys that live in it can be used. Each that ought to be in it is asked
    /// for its check value. A second token that holds a key of another one, by its check value, stands in for that.
    ///
    /// # Errors
    /// [`KeysError::TokenDiffers`], [`KeysError::KeyMissing`]; what the token answers.
    pub fn attach(&mut self, token: Box<dyn KeyHome>) -> Result<(), KeysError> {
        let held = token.held()?;
        let mut holds = Vec::new();
        for (of, master) in &self.masters.all {
            let Kept::Token { serial, check, size } = &master.key else { continue };
            let own = serial == token.serial();
            if !own && !held.contains(&(of.clone(), *size)) {
                continue;
            }
            if token.check_value(of)? == *check {
                holds.push(of.clone());
            } else if own {
                return Err(KeysError::TokenDiffers { name: of.name.clone(), version: of.version });
            }
        }
        self.token = Some(Attached { home: token, holds });
        Ok(())
    }

    /// The token that is attached, given back: a vault that was opened again takes it over.
    pub fn detach(&mut self) -> Option<Box<dyn KeyHome>> {
        self.token.take().map(|attached| attached.home)
    }

    /// Serial numbers of the tokens that hold keys of this house.
    #[must_use]
    pub fn tokens(&self) -> Vec<String> {
        let mut serials: Vec<String> = self.keys().filter_map(|key| key.token).collect();
        serials.sort();
        serials.dedup();
        serials
    }

    /// Whether what a card needs of this key can be had now; without an input, the key itself. Ask before the card is
    /// touched.
    ///
    /// # Errors
    /// [`KeysError::KeyMissing`], [`KeysError::TokenMissing`], [`KeysError::TokenUnfit`], [`KeysError::KeyStays`].
    pub fn ready(&self, of: &KeyRef, input: Option<&DiversificationInput>) -> Result<(), KeysError> {
        match (&self.masters.get(of)?.key, input) {
            (Kept::Here(_), _) => Ok(()),
            (Kept::Token { .. }, Some(input)) => self.home(of)?.derivation(&TwoBlocks::new(0x01, input)).map(|_| ()),
            (Kept::Token { .. }, None) => Err(KeysError::KeyStays { name: of.name.clone(), version: of.version }),
        }
    }

    /// Where this key is reckoned with.
    pub(crate) fn home(&self, of: &KeyRef) -> Result<&dyn KeyHome, KeysError> {
        match &self.masters.get(of)?.key {
            Kept::Here(_) => Ok(&self.masters),
            Kept::Token { serial, .. } => match &self.token {
                Some(attached) if attached.holds.contains(of) => Ok(attached.home.as_ref()),
                _ => Err(KeysError::TokenMissing { serial: serial.clone() }),
            },
        }
    }

    /// The version that comes next under a name: past every one that is known here, and every one in the token that is
    /// attached, where one may lie that no vault learned of.
    ///
    /// # Errors
    /// [`KeysError::KeyName`], [`KeysError::VaultFull`] after the 255th; what the token answers.
    pub fn next_version(&self, name: &str) -> Result<KeyRef, KeysError> {
        let there = self.token.as_ref().map_or_else(|| Ok(Vec::new()), |attached| attached.home.held())?;
        let there = there.into_iter().map(|(of, _)| of).filter(|of| of.name == name);
        let newest = there.chain(self.newest(name)).map(|of| of.version).max().unwrap_or(0);
        KeyRef::new(name, newest.checked_add(1).ok_or(KeysError::VaultFull { what: "versions" })?)
    }

    /// Makes a master key in the token that is attached; it never leaves it.
    ///
    /// # Errors
    /// As [`Self::make_key`]; [`KeysError::TokenMissing`], what the token answers.
    pub fn make_key_in_token(
        &mut self,
        of: &KeyRef,
        now: UnixMs,
        entropy: &mut Entropy,
    ) -> Result<CheckValue, KeysError> {
        let size = Self::size_of(&of.name);
        self.put_in_token(of, size, now, |token| token.generate(of, size, entropy))
    }

    /// Takes a master key into the token that is attached.
    ///
    /// # Errors
    /// As [`Self::make_key_in_token`]; [`KeysError::KeySize`].
    pub fn import_key_into_token(
        &mut self,
        of: &KeyRef,
        key: &MasterKey,
        now: UnixMs,
    ) -> Result<CheckValue, KeysError> {
        fits(of, key.size())?;
        self.put_in_token(of, key.size(), now, |token| token.import(of, key))
    }

    /// Takes a master key that lives in another token into the one that is attached too, if it is the same: proved for a
    /// year by that.
    ///
    /// # Errors
    /// [`KeysError::BackupDiffers`] for another key, [`KeysError::KeyExists`] for one that lives in the vault or is in this
    /// token already; [`KeysError::KeyMissing`], [`KeysError::TokenMissing`], what the token answers.
    pub fn copy_key_into_token(
        &mut self,
        of: &KeyRef,
        key: &MasterKey,
        now: UnixMs,
    ) -> Result<Vec<KeyStatus>, KeysError> {
        let exists = || KeysError::KeyExists { name: of.name.clone(), version: of.version };
        let Kept::Token { check, .. } = self.masters.get(of)?.key else { return Err(exists()) };
        if key.check_value() != check {
            return Err(KeysError::BackupDiffers { name: of.name.clone(), version: of.version });
        }
        let Attached { home, holds } = self.attached()?;
        if holds.contains(of) {
            return Err(exists());
        }
        home.import(of, key)?;
        holds.push(of.clone());
        Ok(self.proved(|found| found == of, now))
    }

    fn attached(&mut self) -> Result<&mut Attached, KeysError> {
        self.token.as_mut().ok_or(KeysError::TokenMissing { serial: String::new() })
    }

    fn put_in_token(
        &mut self,
        of: &KeyRef,
        size: KeySize,
        now: UnixMs,
        put: impl FnOnce(&mut dyn KeyHome) -> Result<CheckValue, KeysError>,
    ) -> Result<CheckValue, KeysError> {
        if self.masters.get(of).is_ok() {
            return Err(KeysError::KeyExists { name: of.name.clone(), version: of.version });
        }
        let Attached { home, holds } = self.attached()?;
        let check = put(home.as_mut())?;
        let serial = home.serial().to_owned();
        holds.push(of.clone());
        self.masters.now = now;
        self.masters.keep(of, Kept::Token { serial, size, check })
    }
}
