//! The sealed vault as a home: master keys in memory while an operator is signed in, wiped on drop.

use std::collections::BTreeMap;

use aes::cipher::KeyInit;
use aes::{Aes128, Aes192};
use lanyard_model::UnixMs;
use lanyard_secret::{Secret, off_the_stack};

use crate::diversify::TwoBlocks;
use crate::home::{Derivation, KeyHome, KeySize, MasterKey};
use crate::rehearsal::test_key;
use crate::{CheckValue, Entropy, HouseKind, KeyRef, KeysError};

const MOST: usize = 4096;

/// What the vault keeps of one master key.
pub(crate) struct Master {
    pub key: Kept,
    pub made: UnixMs,
    /// When a backup of it was last restored and compared.
    pub proved: Option<UnixMs>,
}

/// The key, or where it is.
pub(crate) enum Kept {
    Here(MasterKey),
    Token { serial: String, size: KeySize, check: CheckValue },
}

impl Kept {
    pub(crate) fn check(&self) -> CheckValue {
        match self {
            Self::Here(key) => key.check_value(),
            Self::Token { check, .. } => *check,
        }
    }

    pub(crate) fn size(&self) -> KeySize {
        match self {
            Self::Here(key) => key.size(),
            Self::Token { size, .. } => *size,
        }
    }

    pub(crate) fn same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Here(a), Self::Here(b)) => a.same(b),
            (Self::Token { serial: a, check: x, .. }, Self::Token { serial: b, check: y, .. }) => a == b && x == y,
            _ => false,
        }
    }
}

/// All of a house.
pub(crate) struct Masters {
    pub kind: HouseKind,
    pub all: BTreeMap<KeyRef, Master>,
    /// The time at which keys come in from now on.
    pub now: UnixMs,
}

impl Masters {
    pub(crate) fn get(&self, of: &KeyRef) -> Result<&Master, KeysError> {
        self.all.get(of).ok_or_else(|| of.missing())
    }

    fn here(&self, of: &KeyRef) -> Result<&MasterKey, KeysError> {
        match &self.get(of)?.key {
            Kept::Here(key) => Ok(key),
            Kept::Token { .. } => Err(of.missing()),
        }
    }

    pub(crate) fn keep(&mut self, of: &KeyRef, key: Kept) -> Result<CheckValue, KeysError> {
        KeyRef::new(&of.name, of.version)?;
        if self.all.contains_key(of) {
            return Err(KeysError::KeyExists { name: of.name.clone(), version: of.version });
        }
        if self.all.len() >= MOST {
            return Err(KeysError::VaultFull { what: "keys" });
        }
        let check = key.check();
        self.all.insert(of.clone(), Master { key, made: self.now, proved: None });
        Ok(check)
    }
}

impl KeyHome for Masters {
    fn serial(&self) -> &str {
        ""
    }

    fn held(&self) -> Result<Vec<(KeyRef, KeySize)>, KeysError> {
        let here = |master: &Master| matches!(master.key, Kept::Here(_)).then(|| master.key.size());
        Ok(self.all.iter().filter_map(|(of, master)| Some((of.clone(), here(master)?))).collect())
    }

    fn generate(&mut self, of: &KeyRef, size: KeySize, entropy: &mut Entropy) -> Result<CheckValue, KeysError> {
        let label = format!("{}/{}", of.name, of.version);
        let key = match size {
            KeySize::Aes128 => MasterKey::Aes128(fresh(self.kind, &label, entropy)),
            KeySize::Aes192 => MasterKey::Aes192(fresh(self.kind, &label, entropy)),
        };
        self.keep(of, Kept::Here(key))
    }

    fn import(&mut self, of: &KeyRef, key: &MasterKey) -> Result<CheckValue, KeysError> {
        self.keep(of, Kept::Here(key.duplicate()))
    }

    fn check_value(&self, of: &KeyRef) -> Result<CheckValue, KeysError> {
        Ok(self.here(of)?.check_value())
    }

    fn derivation(&self, _: &TwoBlocks) -> Result<Derivation, KeysError> {
        Ok(Derivation::Vault)
    }

    fn mac(&self, of: &KeyRef, message: &TwoBlocks) -> Result<Secret<16>, KeysError> {
        let key = self.here(of)?;
        off_the_stack(|| match key {
            MasterKey::Aes128(key) => message.mac_with(&Aes128::new(key.expose().into())),
            MasterKey::Aes192(key) => message.mac_with(&Aes192::new(key.expose().into())),
        })
    }

    fn undiversified(&self, of: &KeyRef) -> Result<Secret<16>, KeysError> {
        match self.here(of)? {
            MasterKey::Aes128(key) => Ok(key.duplicate()),
            MasterKey::Aes192(_) => Err(of.missing()),
        }
    }
}

/// Random in a real house, the published test key in a rehearsal.
pub(crate) fn fresh<const N: usize>(kind: HouseKind, label: &str, entropy: &mut Entropy) -> Secret<N> {
    match kind {
        HouseKind::Real => Secret::filled(|key| entropy(key)),
        HouseKind::Rehearsal => test_key(label),
    }
}
