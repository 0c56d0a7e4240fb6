//! A house's key slots: the random store key and vault key, wrapped once for each operator's password and once for the
//! recovery code. What is wrapped is bound to house, slot, owner and purpose; the file itself (JSON) is no secret.

use argon2::{Algorithm, Argon2, Params, Version};
use lanyard_model::Id;
use lanyard_secret::{Secret, SecretBytes};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::seal::{open_key, seal};
use crate::{Entropy, KeysError, RecoveryCode};

const VERSION: u32 = 1;
const FILE_MOST: usize = 1 << 20;
const PASSWORD_LEAST: usize = 10;
const PASSWORD_MOST: usize = 1024;

/// What argon2id costs: memory in KiB, passes, lanes (RFC 9106 §3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cost {
    /// Memory in KiB.
    pub memory_kib: u32,
    /// Passes.
    pub passes: u32,
    /// Lanes.
    pub lanes: u32,
}

impl Cost {
    /// For real houses: 64 MiB, 3 passes, 1 lane.
    pub const REAL: Self = Self { memory_kib: 64 * 1024, passes: 3, lanes: 1 };
    /// For tests and the rehearsal bench: next to nothing, protects nothing.
    pub const TEST: Self = Self { memory_kib: 64, passes: 1, lanes: 1 };

    /// A hostile file must not ask for all memory of the machine.
    fn within_bounds(self) -> bool {
        (self.lanes.saturating_mul(8)..=1 << 20).contains(&self.memory_kib)
            && (1..=32).contains(&self.passes)
            && (1..=8).contains(&self.lanes)
    }
}

/// The two keys of a house, opened. Wiped on drop.
pub struct Opened {
    /// The raw key of the store's SQLCipher database.
    pub store_key: Secret<32>,
    /// The key of the vault inside.
    pub vault_key: Secret<32>,
}

impl Opened {
    /// A second owner, said out loud.
    #[must_use]
    pub fn duplicate(&self) -> Self {
        Self { store_key: self.store_key.duplicate(), vault_key: self.vault_key.duplicate() }
    }
}

/// All slots of one house, as in `slots.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Slots {
    v: u32,
    house: Id,
    slots: Vec<Slot>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Slot {
    id: Id,
    owner: Owner,
    cost: Cost,
    #[serde(with = "hex::serde")]
    salt: [u8; 16],
    #[serde(with = "hex::serde")]
    store: Vec<u8>,
    #[serde(with = "hex::serde")]
    vault: Vec<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Owner {
    Operator(Id),
    Recovery,
}

impl Slots {
    /// New keys for a new house, with a recovery code and no operator yet.
    ///
    /// # Errors
    /// [`KeysError::CostBounds`].
    pub fn create(house: Id, cost: Cost, entropy: &mut Entropy) -> Result<(Self, Opened, RecoveryCode), KeysError> {
        let opened =
            Opened { store_key: Secret::filled(|key| entropy(key)), vault_key: Secret::filled(|key| entropy(key)) };
        let mut slots = Self { v: VERSION, house, slots: Vec::new() };
        let code = slots.new_recovery(&opened, cost, entropy)?;
        Ok((slots, opened, code))
    }

    /// The house these slots belong to.
    #[must_use]
    pub fn house(&self) -> Id {
        self.house
    }

    /// The operators who have a slot.
    pub fn operators(&self) -> impl Iterator<Item = Id> + '_ {
        self.slots.iter().filter_map(|slot| match slot.owner {
            Owner::Operator(id) => Some(id),
            Owner::Recovery => None,
        })
    }

    /// Whether the operator has a slot.
    #[must_use]
    pub fn has(&self, operator: Id) -> bool {
        self.operators().any(|id| id == operator)
    }

    /// A slot for one more operator; `opener` is what someone who has a slot opened.
    ///
    /// # Errors
    /// [`KeysError::SlotExists`], [`KeysError::PasswordShort`], [`KeysError::PasswordLong`], [`KeysError::CostBounds`].
    pub fn add(
        &mut self,
        operator: Id,
        password: &SecretBytes,
        opener: &Opened,
        cost: Cost,
        entropy: &mut Entropy,
    ) -> Result<(), KeysError> {
        if self.has(operator) {
            return Err(KeysError::SlotExists);
        }
        let secret = fit_password(password, PASSWORD_LEAST)?;
        let slot = self.wrap(Owner::Operator(operator), &secret, opener, cost, entropy)?;
        self.slots.push(slot);
        Ok(())
    }

    /// Voids the operator's slot: nothing of it is kept.
    ///
    /// # Errors
    /// [`KeysError::SlotMissing`].
    pub fn remove(&mut self, operator: Id) -> Result<(), KeysError> {
        if !self.has(operator) {
            return Err(KeysError::SlotMissing);
        }
        self.slots.retain(|slot| slot.owner != Owner::Operator(operator));
        Ok(())
    }

    /// The keys, by an operator's password.
    ///
    /// # Errors
    /// [`KeysError::PasswordWrong`] for an unknown or removed operator as for a wrong password.
    pub fn open(&self, operator: Id, password: &SecretBytes) -> Result<Opened, KeysError> {
        let slot = self.slots.iter().find(|slot| slot.owner == Owner::Operator(operator));
        let secret = fit_password(password, PASSWORD_LEAST).map_err(|_| KeysError::PasswordWrong)?;
        match slot.or(self.slots.first()) {
            // Somebody without a slot waits as long as somebody with a wrong password: the work is done, and dropped.
            Some(tried) => self.unwrap_slot(tried, &secret).filter(|_| slot.is_some()).ok_or(KeysError::PasswordWrong),
            None => Err(KeysError::PasswordWrong),
        }
    }

    /// The keys, by the recovery code.
    ///
    /// # Errors
    /// [`KeysError::RecoveryWrong`].
    pub fn open_recovery(&self, code: &RecoveryCode) -> Result<Opened, KeysError> {
        let slot = self.slots.iter().find(|slot| slot.owner == Owner::Recovery).ok_or(KeysError::RecoveryWrong)?;
        self.unwrap_slot(slot, code.bytes()).ok_or(KeysError::RecoveryWrong)
    }

    /// A new password in the place of the operator's old one, which opens nothing from then on. `opener`: opened by
    /// the operator's old password, or by somebody else where it was forgotten.
    ///
    /// # Errors
    /// [`KeysError::SlotMissing`], and as [`Self::add`].
    pub fn change_password(
        &mut self,
        operator: Id,
        password: &SecretBytes,
        opener: &Opened,
        cost: Cost,
        entropy: &mut Entropy,
    ) -> Result<(), KeysError> {
        if !self.has(operator) {
            return Err(KeysError::SlotMissing);
        }
        let secret = fit_password(password, PASSWORD_LEAST)?;
        let slot = self.wrap(Owner::Operator(operator), &secret, opener, cost, entropy)?;
        self.slots.retain(|slot| slot.owner != Owner::Operator(operator));
        self.slots.push(slot);
        Ok(())
    }

    /// A new recovery code; the old one opens nothing from then on.
    ///
    /// # Errors
    /// [`KeysError::CostBounds`].
    pub fn new_recovery(
        &mut self,
        opener: &Opened,
        cost: Cost,
        entropy: &mut Entropy,
    ) -> Result<RecoveryCode, KeysError> {
        let code = RecoveryCode::random(entropy);
        let slot = self.wrap(Owner::Recovery, code.bytes(), opener, cost, entropy)?;
        self.slots.retain(|slot| slot.owner != Owner::Recovery);
        self.slots.push(slot);
        Ok(code)
    }

    /// As it goes to `slots.json`.
    #[must_use]
    pub fn to_json(&self) -> String {
        // A struct of strings, numbers and hex cannot fail to serialise.
        serde_json::to_string_pretty(self).unwrap_or_default()
    }

    /// From `slots.json`.
    ///
    /// # Errors
    /// [`KeysError::SlotsDamaged`], [`KeysError::SlotsNewer`].
    pub fn from_json(text: &[u8]) -> Result<Self, KeysError> {
        #[derive(Deserialize)]
        struct Versioned {
            v: u32,
        }
        if text.len() > FILE_MOST {
            return Err(KeysError::SlotsDamaged);
        }
        let Versioned { v } = serde_json::from_slice(text).map_err(|_| KeysError::SlotsDamaged)?;
        if v > VERSION {
            return Err(KeysError::SlotsNewer { found: v, known: VERSION });
        }
        let slots: Self = serde_json::from_slice(text).map_err(|_| KeysError::SlotsDamaged)?;
        if v == 0 || slots.slots.iter().any(|slot| !slot.cost.within_bounds()) {
            return Err(KeysError::SlotsDamaged);
        }
        Ok(slots)
    }

    fn wrap(
        &self,
        owner: Owner,
        secret: &[u8],
        opened: &Opened,
        cost: Cost,
        entropy: &mut Entropy,
    ) -> Result<Slot, KeysError> {
        let mut id = [0; 16];
        entropy(&mut id);
        let mut slot =
            Slot { id: Id::from_random(id), owner, cost, salt: [0; 16], store: Vec::new(), vault: Vec::new() };
        entropy(&mut slot.salt);
        let kek = stretched(secret, &slot.salt, slot.cost)?;
        let mut wrap = |key: &Secret<32>, purpose| {
            seal(&kek, &self.aad(&slot, purpose), key.expose(), entropy).ok_or(KeysError::CostBounds)
        };
        let (store, vault) = (wrap(&opened.store_key, "store")?, wrap(&opened.vault_key, "vault")?);
        (slot.store, slot.vault) = (store, vault);
        Ok(slot)
    }

    fn unwrap_slot(&self, slot: &Slot, secret: &[u8]) -> Option<Opened> {
        let kek = stretched(secret, &slot.salt, slot.cost).ok()?;
        Some(Opened {
            store_key: open_key(&kek, &self.aad(slot, "store"), &slot.store)?,
            vault_key: open_key(&kek, &self.aad(slot, "vault"), &slot.vault)?,
        })
    }

    fn aad(&self, slot: &Slot, purpose: &str) -> Vec<u8> {
        let owner = match slot.owner {
            Owner::Operator(id) => [b"o".as_slice(), &id.0].concat(),
            Owner::Recovery => b"r".to_vec(),
        };
        [b"lanyard/slot/v1\0".as_slice(), &self.house.0, &slot.id.0, purpose.as_bytes(), b"\0", &owner].concat()
    }
}

/// The key that a password comes to (argon2id).
pub(crate) fn stretched(secret: &[u8], salt: &[u8; 16], cost: Cost) -> Result<Secret<32>, KeysError> {
    if !cost.within_bounds() {
        return Err(KeysError::CostBounds);
    }
    let params = Params::new(cost.memory_kib, cost.passes, cost.lanes, Some(32)).map_err(|_| KeysError::CostBounds)?;
    let mut failed = false;
    let key = Secret::filled(|out| {
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        failed = argon2.hash_password_into(secret, salt, out).is_err();
    });
    if failed { Err(KeysError::CostBounds) } else { Ok(key) }
}

/// The password's bytes in Unicode's composed form, so that the same keys on another keyboard driver give the same.
pub(crate) fn fit_password(password: &SecretBytes, least: usize) -> Result<Zeroizing<Vec<u8>>, KeysError> {
    use unicode_normalization::UnicodeNormalization;
    let bytes = password.expose();
    if bytes.len() > PASSWORD_MOST {
        return Err(KeysError::PasswordLong { most: PASSWORD_MOST });
    }
    // Composition can lengthen text at most threefold in UTF-8 (UAX 15 §12), so the buffer never moves.
    let mut fitted = Zeroizing::new(Vec::with_capacity(3 * bytes.len().max(1)));
    match std::str::from_utf8(bytes) {
        Ok(text) => {
            for c in text.nfc() {
                fitted.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
            }
            if text.chars().count() < least {
                return Err(KeysError::PasswordShort { least });
            }
        }
        Err(_) => {
            fitted.extend_from_slice(bytes);
            if bytes.len() < least {
                return Err(KeysError::PasswordShort { least });
            }
        }
    }
    Ok(fitted)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUSE: Id = Id([1; 16]);
    const ANNA: Id = Id([2; 16]);
    const BEN: Id = Id([3; 16]);

    fn counter() -> impl FnMut(&mut [u8]) {
        let mut next = 0u32;
        move |bytes| {
            for byte in bytes {
                next = next.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                *byte = (next >> 24) as u8;
            }
        }
    }

    fn password(text: &str) -> SecretBytes {
        SecretBytes::new(text.as_bytes().to_vec())
    }

    fn same(a: &Opened, b: &Opened) -> bool {
        a.store_key.same(&b.store_key) && a.vault_key.same(&b.vault_key)
    }

    #[test]
    fn operator_and_recovery_code_open_the_same_two_keys_after_a_round_through_the_file() {
        let mut entropy = counter();
        let (mut slots, opened, code) = Slots::create(HOUSE, Cost::TEST, &mut entropy).unwrap();
        slots.add(ANNA, &password("correct horse"), &opened, Cost::TEST, &mut entropy).unwrap();
        let slots = Slots::from_json(slots.to_json().as_bytes()).unwrap();
        assert!(same(&slots.open(ANNA, &password("correct horse")).unwrap(), &opened));
        assert!(same(&slots.open_recovery(&code).unwrap(), &opened));
        assert!(!opened.store_key.same(&opened.vault_key));
    }

    #[test]
    fn a_wrong_password_and_an_unknown_operator_sound_the_same() {
        let mut entropy = counter();
        let (mut slots, opened, _) = Slots::create(HOUSE, Cost::TEST, &mut entropy).unwrap();
        slots.add(ANNA, &password("correct horse"), &opened, Cost::TEST, &mut entropy).unwrap();
        for (who, text) in [(ANNA, "wrong horse"), (BEN, "correct horse"), (ANNA, "x")] {
            assert_eq!(slots.open(who, &password(text)).err(), Some(KeysError::PasswordWrong));
        }
    }

    #[test]
    fn a_removed_operator_and_an_old_recovery_code_open_nothing() {
        let mut entropy = counter();
        let (mut slots, opened, old) = Slots::create(HOUSE, Cost::TEST, &mut entropy).unwrap();
        slots.add(ANNA, &password("correct horse"), &opened, Cost::TEST, &mut entropy).unwrap();
        slots.remove(ANNA).unwrap();
        assert_eq!(slots.open(ANNA, &password("correct horse")).err(), Some(KeysError::PasswordWrong));
        let new = slots.new_recovery(&opened, Cost::TEST, &mut entropy).unwrap();
        assert_eq!(slots.open_recovery(&old).err(), Some(KeysError::RecoveryWrong));
        assert!(same(&slots.open_recovery(&new).unwrap(), &opened));
        assert!(!slots.to_json().contains(&hex::encode(ANNA.0)) && !slots.to_json().contains(&ANNA.to_string()));
    }

    #[test]
    fn a_changed_password_voids_the_old_one_and_typing_it_decomposed_is_the_same_password() {
        let mut entropy = counter();
        let (mut slots, opened, _) = Slots::create(HOUSE, Cost::TEST, &mut entropy).unwrap();
        slots.add(ANNA, &password("correct horse"), &opened, Cost::TEST, &mut entropy).unwrap();
        slots.change_password(ANNA, &password("Gr\u{fc}ne Pferde"), &opened, Cost::TEST, &mut entropy).unwrap();
        assert_eq!(slots.open(ANNA, &password("correct horse")).err(), Some(KeysError::PasswordWrong));
        assert!(same(&slots.open(ANNA, &password("Gru\u{308}ne Pferde")).unwrap(), &opened));
        assert_eq!(slots.operators().count(), 1);
    }

    #[test]
    fn a_slot_moved_to_another_owner_or_house_does_not_open() {
        let mut entropy = counter();
        let (mut slots, opened, _) = Slots::create(HOUSE, Cost::TEST, &mut entropy).unwrap();
        slots.add(ANNA, &password("correct horse"), &opened, Cost::TEST, &mut entropy).unwrap();
        let text = slots.to_json();
        let moved = text.replace(&ANNA.to_string(), &BEN.to_string());
        let moved = Slots::from_json(moved.as_bytes()).unwrap();
        assert_eq!(moved.open(BEN, &password("correct horse")).err(), Some(KeysError::PasswordWrong));
        let moved = text.replace(&HOUSE.to_string(), &BEN.to_string());
        let moved = Slots::from_json(moved.as_bytes()).unwrap();
        assert_eq!(moved.open(ANNA, &password("correct horse")).err(), Some(KeysError::PasswordWrong));
        let mut swapped = slots.clone();
        for slot in &mut swapped.slots {
            std::mem::swap(&mut slot.store, &mut slot.vault);
        }
        assert_eq!(swapped.open(ANNA, &password("correct horse")).err(), Some(KeysError::PasswordWrong));
    }

    #[test]
    fn a_newer_file_a_damaged_one_and_one_that_asks_for_all_memory_are_refused() {
        let (slots, ..) = Slots::create(HOUSE, Cost::TEST, &mut counter()).unwrap();
        let text = slots.to_json();
        let newer = text.replacen("\"v\": 1", "\"v\": 7", 1);
        assert_eq!(Slots::from_json(newer.as_bytes()), Err(KeysError::SlotsNewer { found: 7, known: 1 }));
        let greedy = text.replace("\"memory_kib\": 64", "\"memory_kib\": 4294967295");
        assert_eq!(Slots::from_json(greedy.as_bytes()), Err(KeysError::SlotsDamaged));
        for cut in 0..text.len() {
            assert_eq!(Slots::from_json(&text.as_bytes()[..cut]), Err(KeysError::SlotsDamaged));
        }
    }

    #[test]
    fn a_short_password_is_refused_when_set() {
        let (mut slots, opened, _) = Slots::create(HOUSE, Cost::TEST, &mut counter()).unwrap();
        let added = slots.add(ANNA, &password("nine char"), &opened, Cost::TEST, &mut counter());
        assert_eq!(added, Err(KeysError::PasswordShort { least: 10 }));
        assert!(!slots.has(ANNA));
    }
}
