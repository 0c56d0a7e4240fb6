//! The vault: all keys of a house but the two in its slots. Sealed under the vault key, usable only while an operator is
//! signed in, wiped on drop. Real and rehearsal houses cannot open each other's.

use std::collections::BTreeMap;

use ed25519_dalek::{Signer, SigningKey};
use lanyard_model::{Change, Id, Reason, RecordRef, UnixMs};
use lanyard_secret::Secret;

use crate::attached::Attached;
use crate::ca::{Ca, Period, Subject};
use crate::diversify::{DiversificationInput, ManagementAlgorithm};
use crate::home::{KeyHome, KeySize, MasterKey};
use crate::masters::{Kept, Master, Masters, fresh};
use crate::proof::Proof;
use crate::seal::{open_key, seal};
use crate::{CardRecord, CheckValue, Entropy, EntrySigner, KeysError, card_record, contents};

const TEN_YEARS_MS: i64 = 3652 * 24 * 60 * 60 * 1000;
const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// Real, or a rehearsal with public test keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HouseKind {
    /// Badges that open doors.
    Real,
    /// Everything simulated, every picture marked.
    Rehearsal,
}

impl HouseKind {
    /// `real` or `rehearsal`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Real => "real",
            Self::Rehearsal => "rehearsal",
        }
    }

    /// The kind of this word.
    #[must_use]
    pub fn of_word(word: &str) -> Option<Self> {
        [Self::Real, Self::Rehearsal].into_iter().find(|kind| kind.word() == word)
    }

    pub(crate) fn byte(self) -> u8 {
        match self {
            Self::Real => 1,
            Self::Rehearsal => 2,
        }
    }

    pub(crate) fn of_byte(byte: u8) -> Option<Self> {
        [Self::Real, Self::Rehearsal].into_iter().find(|kind| kind.byte() == byte)
    }
}

/// A master key by name and version, as encodings refer to it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyRef {
    /// 1 to 64 of `a-z 0-9 . - _`.
    pub name: String,
    /// The version, which DESFire cards store beside the key.
    pub version: u8,
}

impl KeyRef {
    /// Checked.
    ///
    /// # Errors
    /// [`KeysError::KeyName`].
    pub fn new(name: &str, version: u8) -> Result<Self, KeysError> {
        let fits = (1..=64).contains(&name.len())
            && name.bytes().all(|c| matches!(c, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'-' | b'_'));
        if fits { Ok(Self { name: name.to_owned(), version }) } else { Err(KeysError::KeyName) }
    }

    pub(crate) fn missing(&self) -> KeysError {
        KeysError::KeyMissing { name: self.name.clone(), version: self.version }
    }
}

/// What is known of one master key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyStatus {
    /// Which.
    pub of: KeyRef,
    /// To compare copies.
    pub check: CheckValue,
    /// When it was made.
    pub made: UnixMs,
    /// When a backup of it was last restored and compared: `made` → `proved`.
    pub proved: Option<UnixMs>,
    /// What it is.
    pub size: KeySize,
    /// Serial number of the token it lives in; none for a key in the vault.
    pub token: Option<String>,
}

impl KeyStatus {
    fn of(of: &KeyRef, master: &Master) -> Self {
        let token = match &master.key {
            Kept::Here(_) => None,
            Kept::Token { serial, .. } => Some(serial.clone()),
        };
        let (check, size) = (master.key.check(), master.key.size());
        Self { of: of.clone(), check, made: master.made, proved: master.proved, size, token }
    }

    /// How its backup stands now.
    #[must_use]
    pub fn proof(&self, now: UnixMs) -> Proof {
        Proof::of(self.proved, now)
    }
}

/// A PUK, opened, and the change that the caller has to commit about it.
pub struct PukOpened {
    /// Eight decimal digits.
    pub puk: Secret<8>,
    /// `puk.viewed` of the card, with the reason.
    pub change: Change,
}

/// See the module.
pub struct Vault {
    pub(crate) house: Id,
    pub(crate) kind: HouseKind,
    pub(crate) entry: Secret<32>,
    pub(crate) checkpoint: Secret<32>,
    pub(crate) card_record: Secret<32>,
    pub(crate) ca: Ca,
    pub(crate) puk: Secret<32>,
    pub(crate) masters: Masters,
    pub(crate) token: Option<Attached>,
}

impl Vault {
    /// The name of the master of PIV management keys; version 1 is made with the vault.
    pub const PIV_MANAGEMENT: &'static str = "piv.management";

    /// New keys for a new house: random in a real one, the published test keys in a rehearsal. `name` goes into the
    /// CA's certificate, which is valid for ten years from `now`.
    ///
    /// # Errors
    /// [`KeysError::CertificateField`] if name or time do not go into a certificate.
    pub fn create(
        house: Id,
        kind: HouseKind,
        name: &str,
        now: UnixMs,
        entropy: &mut Entropy,
    ) -> Result<Self, KeysError> {
        let mut serial = [0; 16];
        entropy(&mut serial);
        serial[0] = (serial[0] & 0x7F) | 0x40;
        let subject = Subject::of(&match kind {
            HouseKind::Real => shortened("", name, " card CA"),
            HouseKind::Rehearsal => shortened("REHEARSAL NOT VALID ", name, " card CA"),
        });
        // A clock that is a day off at a verifier must not make a new certificate invalid.
        let period =
            Period { not_before: UnixMs(now.0 - DAY_MS), not_after: UnixMs(now.0.saturating_add(TEN_YEARS_MS)) };
        let mut make = |label: &str| fresh::<32>(kind, label, entropy);
        let (entry, checkpoint, card_record) = (make("entry"), make("checkpoint"), make("card-record"));
        let puk = make("puk");
        // A random string is a P-256 scalar but once in 2³² or less; then try another.
        let mut ca = Ca::create(make("ca"), &subject, serial, period);
        for _ in 0..4 {
            if ca.as_ref().err() == Some(&KeysError::VaultDamaged) {
                ca = Ca::create(make("ca"), &subject, serial, period);
            }
        }
        let mut masters = Masters { kind, all: BTreeMap::new(), now };
        let piv = KeyRef { name: Self::PIV_MANAGEMENT.to_owned(), version: 1 };
        masters.generate(&piv, KeySize::Aes192, entropy)?;
        Ok(Self { house, kind, entry, checkpoint, card_record, ca: ca?, puk, masters, token: None })
    }

    /// As it goes into the store, or into a backup.
    ///
    /// # Errors
    /// [`KeysError::VaultFull`].
    pub fn seal(&self, vault_key: &Secret<32>, entropy: &mut Entropy) -> Result<Vec<u8>, KeysError> {
        contents::to_sealed(self, vault_key, entropy)
    }

    /// Opens what [`Self::seal`] made. `kind` is what the station is.
    ///
    /// # Errors
    /// [`KeysError::VaultKind`], [`KeysError::VaultNewer`], [`KeysError::VaultDamaged`].
    pub fn open(bytes: &[u8], vault_key: &Secret<32>, kind: HouseKind) -> Result<Self, KeysError> {
        contents::from_sealed(bytes, vault_key, kind)
    }

    /// Which house.
    #[must_use]
    pub fn house(&self) -> Id {
        self.house
    }

    /// Which kind of house.
    #[must_use]
    pub fn kind(&self) -> HouseKind {
        self.kind
    }

    /// What the store signs with; lives as long as the operator is signed in.
    #[must_use]
    pub fn signer(&self) -> EntrySigner {
        EntrySigner::new(&self.entry, &self.checkpoint)
    }

    /// Public key of the card records.
    #[must_use]
    pub fn card_record_public(&self) -> [u8; 32] {
        SigningKey::from_bytes(self.card_record.expose()).verifying_key().to_bytes()
    }

    /// The 128 bytes for the card (history-format.md §7).
    #[must_use]
    pub fn sign_card_record(&self, record: &CardRecord) -> [u8; 128] {
        let key = SigningKey::from_bytes(self.card_record.expose());
        let head = record.head(card_record::card_record_key_id(&key.verifying_key().to_bytes()));
        let mut bytes = [0; 128];
        bytes[..64].copy_from_slice(&head);
        bytes[64..].copy_from_slice(&key.sign(&CardRecord::signed(&head)).to_bytes());
        bytes
    }

    /// The built-in CA.
    #[must_use]
    pub fn ca(&self) -> &Ca {
        &self.ca
    }

    /// Makes a master key in the vault: AES-192 for [`Self::PIV_MANAGEMENT`], AES-128 for DESFire cards.
    ///
    /// # Errors
    /// [`KeysError::KeyExists`]: keys are never overwritten. [`KeysError::KeyName`], [`KeysError::VaultFull`].
    pub fn make_key(&mut self, of: &KeyRef, now: UnixMs, entropy: &mut Entropy) -> Result<CheckValue, KeysError> {
        self.masters.now = now;
        self.masters.generate(of, Self::size_of(&of.name), entropy)
    }

    /// What a key of this name is.
    #[must_use]
    pub fn size_of(name: &str) -> KeySize {
        if name == Self::PIV_MANAGEMENT { KeySize::Aes192 } else { KeySize::Aes128 }
    }

    /// Takes a master key in: from a ceremony, or from a backup.
    ///
    /// # Errors
    /// As [`Self::make_key`]; [`KeysError::KeySize`].
    pub fn import_key(&mut self, of: &KeyRef, key: &MasterKey, now: UnixMs) -> Result<CheckValue, KeysError> {
        fits(of, key.size())?;
        self.masters.now = now;
        self.masters.import(of, key)
    }

    /// Every master key, by name and version.
    pub fn keys(&self) -> impl Iterator<Item = KeyStatus> + '_ {
        self.masters.all.iter().map(|(of, master)| KeyStatus::of(of, master))
    }

    /// The newest version of a name.
    #[must_use]
    pub fn newest(&self, name: &str) -> Option<KeyRef> {
        self.masters.all.keys().filter(|of| of.name == name).max().cloned()
    }

    /// The check value of one key.
    ///
    /// # Errors
    /// [`KeysError::KeyMissing`].
    pub fn key_check_value(&self, of: &KeyRef) -> Result<CheckValue, KeysError> {
        Ok(self.masters.get(of)?.key.check())
    }

    /// A card's own key by AN10922 §2.2.
    ///
    /// # Errors
    /// [`KeysError::KeyMissing`], [`KeysError::TokenMissing`]; what a token answers.
    pub fn diversify(&self, of: &KeyRef, input: &DiversificationInput) -> Result<Secret<16>, KeysError> {
        fits(of, self.masters.get(of)?.key.size())?;
        self.home(of)?.aes128(of, input)
    }

    /// A master key as it stands, for the few keys that are the same on all cards (what readers hold).
    ///
    /// # Errors
    /// As [`Self::diversify`]; [`KeysError::KeyStays`] for a key in a token.
    pub fn undiversified(&self, of: &KeyRef) -> Result<Secret<16>, KeysError> {
        if matches!(self.masters.get(of)?.key, Kept::Token { .. }) {
            return Err(KeysError::KeyStays { name: of.name.clone(), version: of.version });
        }
        self.masters.undiversified(of)
    }

    /// The PIV management key of one card.
    ///
    /// # Errors
    /// As [`Self::diversify`].
    pub fn management_key(
        &self,
        version: u8,
        card: Id,
        algorithm: ManagementAlgorithm,
    ) -> Result<Secret<24>, KeysError> {
        let of = KeyRef { name: Self::PIV_MANAGEMENT.to_owned(), version };
        self.home(&of)?.management(&of, card, algorithm)
    }

    /// Refuses, in a real house, a key version of which no backup was proved, or not for a year. Ask before a real card is
    /// written.
    ///
    /// # Errors
    /// [`KeysError::KeyMissing`], [`KeysError::BackupNotProved`], [`KeysError::BackupOverdue`].
    pub fn require_proved(&self, of: &KeyRef, now: UnixMs) -> Result<(), KeysError> {
        let master = self.masters.get(of)?;
        let (name, version) = (of.name.clone(), of.version);
        match Proof::of(master.proved, now) {
            _ if self.kind == HouseKind::Rehearsal => Ok(()),
            Proof::Missing => Err(KeysError::BackupNotProved { name, version }),
            Proof::Overdue { since } => Err(KeysError::BackupOverdue { name, version, since }),
            Proof::Fresh { .. } | Proof::Due { .. } => Ok(()),
        }
    }

    /// Compares each key with that in a vault restored from a backup; those found the same are proved, for a year from
    /// `now`. A key in a token is in no such backup. Answers which: for each, the caller commits `key.backup_proved` and
    /// stores this vault.
    ///
    /// # Errors
    /// [`KeysError::BackupDiffers`], and nothing is marked; [`KeysError::VaultDamaged`] for another house's vault.
    pub fn prove_backup(&mut self, restored: &Self, now: UnixMs) -> Result<Vec<KeyStatus>, KeysError> {
        if restored.house != self.house
            || restored.kind != self.kind
            || !restored.entry.same(&self.entry)
            || !restored.card_record.same(&self.card_record)
            || !restored.puk.same(&self.puk)
            || !restored.ca.key().same(self.ca.key())
        {
            return Err(KeysError::VaultDamaged);
        }
        for (of, master) in &self.masters.all {
            if restored.masters.all.get(of).is_some_and(|other| !other.key.same(&master.key)) {
                return Err(KeysError::BackupDiffers { name: of.name.clone(), version: of.version });
            }
        }
        let found = |of: &KeyRef| matches!(restored.masters.all.get(of), Some(Master { key: Kept::Here(_), .. }));
        Ok(self.proved(found, now))
    }

    /// Those of them are proved.
    pub(crate) fn proved(&mut self, found: impl Fn(&KeyRef) -> bool, now: UnixMs) -> Vec<KeyStatus> {
        let mut proved = Vec::new();
        for (of, master) in self.masters.all.iter_mut().filter(|(of, _)| found(of)) {
            master.proved = Some(now);
            proved.push(KeyStatus::of(of, master));
        }
        proved
    }

    /// A random PUK of eight digits for this card, and the sealed form for the store. Store it before the card gets it.
    ///
    /// # Errors
    /// [`KeysError::VaultFull`] never in practice: sealing eight bytes.
    pub fn new_puk(&self, card: RecordRef, entropy: &mut Entropy) -> Result<(Secret<8>, Vec<u8>), KeysError> {
        let puk = Secret::filled(|digits: &mut [u8; 8]| {
            for digit in digits.iter_mut() {
                // 250 is the largest multiple of ten in a byte: no digit is likelier than another.
                let mut byte = [255];
                while byte[0] >= 250 {
                    entropy(&mut byte);
                }
                *digit = b'0' + byte[0] % 10;
            }
        });
        let sealed = seal(&self.puk, &self.puk_aad(card), puk.expose(), entropy);
        Ok((puk, sealed.ok_or(KeysError::VaultFull { what: "puks" })?))
    }

    /// Opens a sealed PUK. Who does this gives a reason, and commits the change that comes with it.
    ///
    /// # Errors
    /// [`KeysError::PukMissing`] if the bytes are not this card's PUK.
    pub fn read_puk(&self, card: RecordRef, sealed: &[u8], why: Reason) -> Result<PukOpened, KeysError> {
        let puk = open_key(&self.puk, &self.puk_aad(card), sealed).ok_or(KeysError::PukMissing)?;
        Ok(PukOpened { puk, change: Change::new("puk.viewed", card).why(why) })
    }

    fn puk_aad(&self, card: RecordRef) -> Vec<u8> {
        [b"lanyard/puk/v1\0".as_slice(), &self.house.0, &card.id.0].concat()
    }
}

/// PIV management keys are AES-192, the keys of DESFire cards AES-128.
pub(crate) fn fits(of: &KeyRef, size: KeySize) -> Result<(), KeysError> {
    let wanted = Vault::size_of(&of.name);
    if size == wanted { Ok(()) } else { Err(KeysError::KeySize { bytes: wanted.bytes() }) }
}

/// At most 64 characters in all (X.520), the name cut where it is too long.
fn shortened(before: &str, name: &str, after: &str) -> String {
    let room = 64 - before.len() - after.len();
    let name: String = name.chars().filter(|c| !c.is_control()).take(room).collect();
    format!("{before}{name}{after}")
}
