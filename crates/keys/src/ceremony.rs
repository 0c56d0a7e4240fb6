//! What a ceremony does with the vault's keys as a whole: out into a sealed backup, compared with one, in from one; and
//! the keys of a site, made of a group's.

use lanyard_model::UnixMs;
use sha2::{Digest, Sha256};

use crate::home::{KeyHome, MasterKey};
use crate::keyset::KeySet;
use crate::masters::Kept;
use crate::{DiversificationInput, KeyRef, KeyStatus, KeysError, Vault};

impl Vault {
    /// These keys, or all that are not in a token, for a sealed backup.
    ///
    /// # Errors
    /// [`KeysError::KeyMissing`]; [`KeysError::KeyStays`] for one that was named and lives in a token;
    /// [`KeysError::BackupOfNothing`].
    pub fn key_set(&self, named: &[KeyRef]) -> Result<KeySet, KeysError> {
        let mut keys = Vec::new();
        for of in named {
            match &self.masters.get(of)?.key {
                Kept::Here(key) => keys.push((of.clone(), key.duplicate())),
                Kept::Token { .. } => {
                    return Err(KeysError::KeyStays { name: of.name.clone(), version: of.version });
                }
            }
        }
        if named.is_empty() {
            for (of, master) in &self.masters.all {
                if let Kept::Here(key) = &master.key {
                    keys.push((of.clone(), key.duplicate()));
                }
            }
        }
        if keys.is_empty() {
            return Err(KeysError::BackupOfNothing);
        }
        Ok(KeySet { kind: self.kind, house: self.house, keys })
    }

    /// Compares a backup that was opened with the keys in use; those found the same are proved for a year.
    ///
    /// # Errors
    /// [`KeysError::BackupDiffers`], [`KeysError::BackupOfNothing`], [`KeysError::VaultKind`], and nothing is marked.
    pub fn prove_set(&mut self, restored: &KeySet, now: UnixMs) -> Result<Vec<KeyStatus>, KeysError> {
        self.of_our_kind(restored)?;
        for (of, key) in &restored.keys {
            if let Ok(master) = self.masters.get(of)
                && !matches!(&master.key, Kept::Here(own) if own.same(key))
            {
                return Err(KeysError::BackupDiffers { name: of.name.clone(), version: of.version });
            }
        }
        self.proved_some(|of| restored.names().any(|found| found == of), now)
    }

    /// Compares the keys in tokens with a second token that holds them too, by check value; those found the same are proved
    /// for a year.
    ///
    /// # Errors
    /// [`KeysError::BackupDiffers`], [`KeysError::BackupOfNothing`], and nothing is marked; what the token answers.
    pub fn prove_by_token(&mut self, second: &dyn KeyHome, now: UnixMs) -> Result<Vec<KeyStatus>, KeysError> {
        let mut found = Vec::new();
        for (of, size) in second.held()? {
            if let Ok(master) = self.masters.get(&of)
                && let Kept::Token { serial, check, size: own } = &master.key
                && serial != second.serial()
            {
                if *own != size || second.check_value(&of)? != *check {
                    return Err(KeysError::BackupDiffers { name: of.name, version: of.version });
                }
                found.push(of);
            }
        }
        self.proved_some(|of| found.contains(of), now)
    }

    /// A copy in which none of our keys is proves nothing, and must not look as if it did.
    fn proved_some(&mut self, found: impl Fn(&KeyRef) -> bool, now: UnixMs) -> Result<Vec<KeyStatus>, KeysError> {
        match self.proved(found, now) {
            none if none.is_empty() => Err(KeysError::BackupOfNothing),
            proved => Ok(proved),
        }
    }

    /// Takes the keys of a backup in. Those that are there already stay; those that come in count as proved, for this was
    /// the restore. Answers which came in.
    ///
    /// # Errors
    /// [`KeysError::BackupDiffers`] if another key has one's place, [`KeysError::BackupOfNothing`] if each is here already,
    /// [`KeysError::VaultKind`]: then nothing comes in.
    pub fn take_set(&mut self, restored: &KeySet, now: UnixMs) -> Result<Vec<KeyStatus>, KeysError> {
        self.of_our_kind(restored)?;
        let mut coming: Vec<&(KeyRef, MasterKey)> = Vec::new();
        for pair in &restored.keys {
            match self.masters.get(&pair.0).map(|master| &master.key) {
                Err(_) => coming.push(pair),
                Ok(Kept::Here(own)) if own.same(&pair.1) => {}
                Ok(_) => {
                    return Err(KeysError::BackupDiffers { name: pair.0.name.clone(), version: pair.0.version });
                }
            }
        }
        if coming.is_empty() {
            return Err(KeysError::BackupOfNothing);
        }
        for (of, key) in &coming {
            self.import_key(of, key, now)?;
        }
        Ok(self.proved(|of| coming.iter().any(|(came, _)| came == of), now))
    }

    /// The keys of one site, made of these: a station there holds them in place of the group's, which it need not know.
    /// Each is AN10922's of the group's key and M = `site` ‖ 00 ‖ the first 20 bytes of SHA-256 of the site's name.
    ///
    /// # Errors
    /// [`KeysError::KeyMissing`], [`KeysError::TokenMissing`]; what a token answers.
    pub fn site_set(&self, named: &[KeyRef], site: &str) -> Result<KeySet, KeysError> {
        let hash = Sha256::digest(site.trim().as_bytes());
        let input = DiversificationInput::new(&[b"site\0", &hash[..20]].concat())?;
        let mut keys = Vec::new();
        for of in named {
            keys.push((of.clone(), MasterKey::Aes128(self.diversify(of, &input)?)));
        }
        Ok(KeySet { kind: self.kind, house: self.house, keys })
    }

    fn of_our_kind(&self, set: &KeySet) -> Result<(), KeysError> {
        if set.kind == self.kind { Ok(()) } else { Err(KeysError::VaultKind { asked: self.kind, found: set.kind }) }
    }
}
