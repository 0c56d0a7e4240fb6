//! A backup of master keys alone, sealed: to a passphrase, or to a random key that is cut into shares. `LYKEYS` ‖ version
//! ‖ kind ‖ house (16) ‖ set (6) ‖ made (8) ‖ how, all authenticated; then the sealed keys. Nothing of it is in the clear.

use lanyard_model::{Id, UnixMs};
use lanyard_secret::{Secret, SecretBytes};
use zeroize::Zeroizing;

use crate::home::MasterKey;
use crate::seal::{open, seal};
use crate::slots::{fit_password, stretched};
use crate::{Cost, Entropy, HouseKind, KeyRef, KeysError, Share, share};

const MAGIC: &[u8; 6] = b"LYKEYS";
const VERSION: u8 = 1;
const FIXED: usize = 6 + 1 + 1 + 16 + 6 + 8;
const MOST: usize = 1 << 20;
/// It lies on sticks and in safes for years, where anybody has time to guess.
const PASSPHRASE_LEAST: usize = 16;

/// What a backup is sealed to.
pub enum SealTo<'a> {
    /// A passphrase of at least 16 characters.
    Passphrase(&'a SecretBytes, Cost),
    /// Shares, so many of which are needed.
    Shares {
        /// How many are needed.
        threshold: u8,
        /// How many there are.
        of: u8,
    },
}

/// How a backup that was found is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SealedBy {
    /// By a passphrase.
    Passphrase,
    /// By shares.
    Shares {
        /// How many are needed.
        threshold: u8,
        /// How many there are.
        of: u8,
    },
}

/// What a backup says of itself before it is opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeySetHead {
    /// Real or rehearsal.
    pub kind: HouseKind,
    /// The house it was made in.
    pub house: Id,
    /// The set; each of its shares names it.
    pub set: [u8; 6],
    /// When it was made.
    pub made: UnixMs,
    /// What opens it.
    pub by: SealedBy,
}

/// Master keys on their way from one vault to another. Wiped on drop.
pub struct KeySet {
    pub(crate) kind: HouseKind,
    pub(crate) house: Id,
    pub(crate) keys: Vec<(KeyRef, MasterKey)>,
}

/// A sealed backup, and its shares if it has any.
pub struct SealedKeys {
    /// The file.
    pub file: Vec<u8>,
    /// One for each person.
    pub shares: Vec<Share>,
    /// The set.
    pub set: [u8; 6],
}

impl KeySet {
    /// Which keys.
    pub fn names(&self) -> impl Iterator<Item = &KeyRef> {
        self.keys.iter().map(|(of, _)| of)
    }

    /// Seals it.
    ///
    /// # Errors
    /// [`KeysError::PasswordShort`], [`KeysError::PasswordLong`], [`KeysError::ShareCount`], [`KeysError::CostBounds`].
    pub fn seal(&self, to: &SealTo<'_>, now: UnixMs, entropy: &mut Entropy) -> Result<SealedKeys, KeysError> {
        let mut set = [0; 6];
        entropy(&mut set);
        let mut head = Vec::from(MAGIC);
        head.extend([VERSION, self.kind.byte()]);
        head.extend(self.house.0);
        head.extend(set);
        head.extend(now.0.to_be_bytes());
        let (key, shares) = match to {
            SealTo::Passphrase(passphrase, cost) => {
                let mut salt = [0; 16];
                entropy(&mut salt);
                head.push(1);
                for number in [cost.memory_kib, cost.passes, cost.lanes] {
                    head.extend(number.to_be_bytes());
                }
                head.extend(salt);
                (stretched(&fit_password(passphrase, PASSPHRASE_LEAST)?, &salt, *cost)?, Vec::new())
            }
            SealTo::Shares { threshold, of } => {
                let key = Secret::filled(|key| entropy(key));
                head.extend([2, *threshold, *of]);
                let shares = share::cut(&key, set, *threshold, *of, entropy)?;
                (key, shares)
            }
        };
        let sealed = seal(&key, &head, &self.plain(), entropy).ok_or(KeysError::VaultFull { what: "keys" })?;
        head.extend(sealed);
        Ok(SealedKeys { file: head, shares, set })
    }

    /// Opens a backup that is sealed to a passphrase.
    ///
    /// # Errors
    /// [`KeysError::KeySetWrong`], [`KeysError::KeySetDamaged`], [`KeysError::KeySetSealedBy`].
    pub fn open_with_passphrase(file: &[u8], passphrase: &SecretBytes) -> Result<Self, KeysError> {
        let Parsed { head, aad, sealed, stretch } = Parsed::of(file)?;
        let (salt, cost) = stretch.ok_or(KeysError::KeySetSealedBy { by: "shares" })?;
        let passphrase = fit_password(passphrase, 0).map_err(|_| KeysError::KeySetWrong)?;
        Self::opened(&head, &stretched(&passphrase, &salt, cost)?, aad, sealed)
    }

    /// Opens a backup whose key was cut into shares.
    ///
    /// # Errors
    /// [`KeysError::ShareFew`], [`KeysError::ShareForeign`], [`KeysError::KeySetWrong`], [`KeysError::KeySetDamaged`],
    /// [`KeysError::KeySetSealedBy`].
    pub fn open_with_shares(file: &[u8], shares: &[Share]) -> Result<Self, KeysError> {
        let Parsed { head, aad, sealed, .. } = Parsed::of(file)?;
        let SealedBy::Shares { threshold, .. } = head.by else {
            return Err(KeysError::KeySetSealedBy { by: "passphrase" });
        };
        Self::opened(&head, &share::together(shares, head.set, threshold)?, aad, sealed)
    }

    /// What a file says of itself.
    ///
    /// # Errors
    /// [`KeysError::KeySetDamaged`].
    pub fn head(file: &[u8]) -> Result<KeySetHead, KeysError> {
        Ok(Parsed::of(file)?.head)
    }

    fn opened(head: &KeySetHead, key: &Secret<32>, aad: &[u8], sealed: &[u8]) -> Result<Self, KeysError> {
        let plain = open(key, aad, sealed).ok_or(KeysError::KeySetWrong)?;
        let keys = parse(plain.expose()).ok_or(KeysError::KeySetDamaged)?;
        Ok(Self { kind: head.kind, house: head.house, keys })
    }

    fn plain(&self) -> Zeroizing<Vec<u8>> {
        let len = self.keys.iter().map(|(of, key)| 3 + of.name.len() + key.expose().len()).sum();
        let mut out = Zeroizing::new(Vec::with_capacity(len));
        for (of, key) in &self.keys {
            // Names have at most 64 bytes, keys 24.
            out.extend([of.version, of.name.len() as u8, key.expose().len() as u8]);
            out.extend_from_slice(of.name.as_bytes());
            out.extend_from_slice(key.expose());
        }
        out
    }
}

struct Parsed<'a> {
    head: KeySetHead,
    aad: &'a [u8],
    sealed: &'a [u8],
    stretch: Option<([u8; 16], Cost)>,
}

impl<'a> Parsed<'a> {
    fn of(file: &'a [u8]) -> Result<Self, KeysError> {
        if file.len() > MOST {
            return Err(KeysError::KeySetDamaged);
        }
        Self::read(file).ok_or(KeysError::KeySetDamaged)
    }

    fn read(file: &'a [u8]) -> Option<Self> {
        let (fixed, rest) = file.split_first_chunk::<FIXED>()?;
        if fixed[..6] != *MAGIC || fixed[6] != VERSION {
            return None;
        }
        let kind = HouseKind::of_byte(fixed[7])?;
        let house = Id(fixed[8..24].try_into().ok()?);
        let set = fixed[24..30].try_into().ok()?;
        let made = UnixMs(i64::from_be_bytes(fixed[30..].try_into().ok()?));
        let (how, rest) = rest.split_first()?;
        let (by, stretch, sealed) = match *how {
            1 => {
                let (numbers, rest) = rest.split_first_chunk::<12>()?;
                let (salt, sealed) = rest.split_first_chunk::<16>()?;
                let number = |at: usize| Some(u32::from_be_bytes(numbers[at..at + 4].try_into().ok()?));
                let cost = Cost { memory_kib: number(0)?, passes: number(4)?, lanes: number(8)? };
                (SealedBy::Passphrase, Some((*salt, cost)), sealed)
            }
            2 => {
                let ([threshold, of], sealed) = rest.split_first_chunk::<2>()?;
                let (threshold, of) = (*threshold, *of);
                if !share::fit(threshold, of) {
                    return None;
                }
                (SealedBy::Shares { threshold, of }, None, sealed)
            }
            _ => return None,
        };
        let aad = &file[..file.len() - sealed.len()];
        Some(Self { head: KeySetHead { kind, house, set, made, by }, aad, sealed, stretch })
    }
}

fn parse(mut rest: &[u8]) -> Option<Vec<(KeyRef, MasterKey)>> {
    let mut keys: Vec<(KeyRef, MasterKey)> = Vec::new();
    while let Some(([version, name, key], after)) = rest.split_first_chunk::<3>() {
        let (name, after) = after.split_at_checked(usize::from(*name))?;
        let (key, after) = after.split_at_checked(usize::from(*key))?;
        keys.push((KeyRef::new(std::str::from_utf8(name).ok()?, *version).ok()?, MasterKey::from_slice(key)?));
        rest = after;
    }
    rest.is_empty().then_some(keys)
}
