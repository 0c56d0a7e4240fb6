//! Everything that can go wrong with keys, told apart as far as the person at the desk may know.

use lanyard_fault::{Coded, Fault, Helps};

use lanyard_model::UnixMs;

use crate::HouseKind;

/// See [`Coded::code`] for the words' keys.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeysError {
    /// No slot of this house opens with what was given. Does not say whether the operator or the password is unknown.
    #[error("wrong operator or password")]
    PasswordWrong,
    /// Fewer characters than a password must have.
    #[error("password shorter than {least} characters")]
    PasswordShort {
        /// The least number of characters.
        least: usize,
    },
    /// More bytes than anyone types.
    #[error("password longer than {most} bytes")]
    PasswordLong {
        /// The greatest number of bytes.
        most: usize,
    },
    /// The recovery code was mistyped: its checksum does not fit.
    #[error("recovery code mistyped")]
    RecoveryTypo,
    /// A well-formed recovery code, but not of this house, or replaced since.
    #[error("recovery code of another house, or replaced")]
    RecoveryWrong,
    /// The operator has a slot already.
    #[error("operator has a slot already")]
    SlotExists,
    /// The operator has no slot.
    #[error("operator has no slot")]
    SlotMissing,
    /// The slot file cannot be read.
    #[error("slot file damaged")]
    SlotsDamaged,
    /// The slot file was written by a newer program.
    #[error("slot file of version {found}, this program reads up to {known}")]
    SlotsNewer {
        /// Version found.
        found: u32,
        /// Newest version known.
        known: u32,
    },
    /// The costs for argon2id are outside what this program accepts.
    #[error("argon2id costs out of bounds")]
    CostBounds,
    /// The vault does not open with this key: altered, cut, or of another house.
    #[error("vault damaged or of another house")]
    VaultDamaged,
    /// The vault was written by a newer program.
    #[error("vault of version {found}, this program reads up to {known}")]
    VaultNewer {
        /// Version found.
        found: u8,
        /// Newest version known.
        known: u8,
    },
    /// A rehearsal may not open a real vault, nor a real house a rehearsal's.
    #[error("vault of a {found:?} house where a {asked:?} one was asked for")]
    VaultKind {
        /// What the station is.
        asked: HouseKind,
        /// What the vault is.
        found: HouseKind,
    },
    /// No key of this name and version.
    #[error("no key {name} version {version}")]
    KeyMissing {
        /// Name.
        name: String,
        /// Version.
        version: u8,
    },
    /// There is a key of this name and version already; keys are never overwritten.
    #[error("key {name} version {version} exists")]
    KeyExists {
        /// Name.
        name: String,
        /// Version.
        version: u8,
    },
    /// A key's name is not 1 to 64 of `a-z 0-9 . - _`.
    #[error("key name not allowed")]
    KeyName,
    /// No backup of this key version was restored and compared; no real card may bear it yet.
    #[error("backup of key {name} version {version} not proved")]
    BackupNotProved {
        /// Name.
        name: String,
        /// Version.
        version: u8,
    },
    /// The backup of this key version was last proved more than a year ago.
    #[error("backup of key {name} version {version} not proved for a year")]
    BackupOverdue {
        /// Name.
        name: String,
        /// Version.
        version: u8,
        /// Since when it is overdue.
        since: UnixMs,
    },
    /// A restored backup holds another key under this name and version.
    #[error("backup holds another key {name} version {version}")]
    BackupDiffers {
        /// Name.
        name: String,
        /// Version.
        version: u8,
    },
    /// None of the keys in a copy is one that it could be compared with, or that is wanted.
    #[error("no key in it that is in question")]
    BackupOfNothing,
    /// A share was mistyped: its checksum does not fit.
    #[error("share mistyped")]
    ShareTypo,
    /// A share of another backup.
    #[error("share {number} is of another backup")]
    ShareForeign {
        /// Its number.
        number: u8,
    },
    /// Too few shares.
    #[error("{there} shares, {needed} are needed")]
    ShareFew {
        /// Different ones that are there.
        there: usize,
        /// How many are needed.
        needed: usize,
    },
    /// Not 2 to 30 shares, of which at least two are needed.
    #[error("2 to 30 shares, of which at least two are needed")]
    ShareCount,
    /// A component was mistyped: its check value does not fit.
    #[error("component mistyped")]
    ComponentTypo,
    /// Not two or three different components of one length.
    #[error("two or three different components of one length are needed")]
    Components,
    /// A backup of keys that cannot be read.
    #[error("backup of keys damaged")]
    KeySetDamaged,
    /// A backup of keys does not open with this passphrase, or these shares.
    #[error("backup of keys does not open with that")]
    KeySetWrong,
    /// A backup of keys is opened by something else.
    #[error("backup of keys is opened by {by}")]
    KeySetSealedBy {
        /// `passphrase`, `shares`.
        by: &'static str,
    },
    /// Enough cards got keys in this hour.
    #[error("{most} cards an hour per {per}")]
    LimitReached {
        /// `operator`, `station`.
        per: &'static str,
        /// Cards an hour.
        most: u32,
        /// When it goes on.
        again: UnixMs,
    },
    /// Limits that make no sense.
    #[error("limits of 1 to {most}, an operator's no greater than the station's")]
    LimitBounds {
        /// The greatest.
        most: u32,
    },
    /// A key of this name has another length.
    #[error("a key of this name has {bytes} bytes")]
    KeySize {
        /// Bytes it has.
        bytes: usize,
    },
    /// The master key lives in a token and never leaves it.
    #[error("key {name} version {version} never leaves its token")]
    KeyStays {
        /// Name.
        name: String,
        /// Version.
        version: u8,
    },
    /// The key lives in a token that is not there, or nobody has logged in to.
    #[error("token {serial} is not there")]
    TokenMissing {
        /// Its serial number; empty where any would do.
        serial: String,
    },
    /// The token's module cannot be loaded, or has no such token.
    #[error("PKCS#11 module cannot be used: {why}")]
    TokenModule {
        /// `load`, `initialize`, `busy`, `several`.
        why: &'static str,
    },
    /// The token refuses the PIN.
    #[error("the token refuses the PIN")]
    TokenPin,
    /// The token is locked after too many wrong PINs.
    #[error("the token's PIN is locked")]
    TokenPinLocked,
    /// The token can neither make the CMAC of this message nor encrypt blocks.
    #[error("the token cannot derive: no {mechanism}")]
    TokenUnfit {
        /// What it would need.
        mechanism: &'static str,
    },
    /// The token refused or failed.
    #[error("the token answers {answer} to {call}")]
    TokenFailed {
        /// What was asked of it.
        call: &'static str,
        /// Its return value by name.
        answer: String,
    },
    /// The token holds another key under this name and version.
    #[error("token holds another key {name} version {version}")]
    TokenDiffers {
        /// Name.
        name: String,
        /// Version.
        version: u8,
    },
    /// AN10922 takes 1 to 31 bytes of input.
    #[error("diversification input of {len} bytes, 1 to 31 are allowed")]
    DiversificationInput {
        /// Bytes given.
        len: usize,
    },
    /// No PUK is kept for this card.
    #[error("no PUK kept for this card")]
    PukMissing,
    /// A certificate request cannot be read.
    #[error("certificate request cannot be read")]
    RequestDamaged,
    /// A certificate request is not signed by the key it names.
    #[error("certificate request not signed by its own key")]
    RequestSignature,
    /// A public key, subject name, serial or time that does not go into a certificate.
    #[error("certificate field {field} cannot be used")]
    CertificateField {
        /// `subject`, `key`, `serial`, `email`, `upn`, `validity`.
        field: &'static str,
    },
    /// More than a vault is made for.
    #[error("vault full: {what}")]
    VaultFull {
        /// What there is too much of: `keys`, `puks`, `ca`.
        what: &'static str,
    },
}

impl Coded for KeysError {
    fn code(&self) -> &'static str {
        match self {
            Self::PasswordWrong => "keys.password.wrong",
            Self::PasswordShort { .. } => "keys.password.short",
            Self::PasswordLong { .. } => "keys.password.long",
            Self::RecoveryTypo => "keys.recovery.typo",
            Self::RecoveryWrong => "keys.recovery.wrong",
            Self::SlotExists => "keys.slot.exists",
            Self::SlotMissing => "keys.slot.missing",
            Self::SlotsDamaged => "keys.slots.damaged",
            Self::SlotsNewer { .. } => "keys.slots.newer",
            Self::CostBounds => "keys.cost.bounds",
            Self::VaultDamaged => "keys.vault.damaged",
            Self::VaultNewer { .. } => "keys.vault.newer",
            Self::VaultKind { .. } => "keys.vault.kind",
            Self::KeyMissing { .. } => "keys.key.missing",
            Self::KeyExists { .. } => "keys.key.exists",
            Self::KeyName => "keys.key.name",
            Self::BackupNotProved { .. } => "keys.backup.not_proved",
            Self::BackupOverdue { .. } => "keys.backup.overdue",
            Self::BackupDiffers { .. } => "keys.backup.differs",
            Self::BackupOfNothing => "keys.backup.nothing",
            Self::ShareTypo => "keys.share.typo",
            Self::ShareForeign { .. } => "keys.share.foreign",
            Self::ShareFew { .. } => "keys.share.few",
            Self::ShareCount => "keys.share.count",
            Self::ComponentTypo => "keys.component.typo",
            Self::Components => "keys.components",
            Self::KeySetDamaged => "keys.set.damaged",
            Self::KeySetWrong => "keys.set.wrong",
            Self::KeySetSealedBy { .. } => "keys.set.sealed_by",
            Self::LimitReached { .. } => "keys.limit.reached",
            Self::LimitBounds { .. } => "keys.limit.bounds",
            Self::KeySize { .. } => "keys.key.size",
            Self::KeyStays { .. } => "keys.key.stays",
            Self::TokenMissing { .. } => "keys.token.missing",
            Self::TokenModule { .. } => "keys.token.module",
            Self::TokenPin => "keys.token.pin",
            Self::TokenPinLocked => "keys.token.pin_locked",
            Self::TokenUnfit { .. } => "keys.token.unfit",
            Self::TokenFailed { .. } => "keys.token.failed",
            Self::TokenDiffers { .. } => "keys.token.differs",
            Self::DiversificationInput { .. } => "keys.diversification.input",
            Self::PukMissing => "keys.puk.missing",
            Self::RequestDamaged => "keys.request.damaged",
            Self::RequestSignature => "keys.request.signature",
            Self::CertificateField { .. } => "keys.certificate.field",
            Self::VaultFull { .. } => "keys.vault.full",
        }
    }

    fn fault(&self) -> Fault {
        match self {
            Self::PasswordWrong
            | Self::PasswordShort { .. }
            | Self::PasswordLong { .. }
            | Self::RecoveryTypo
            | Self::RecoveryWrong
            | Self::SlotExists
            | Self::SlotMissing
            | Self::SlotsNewer { .. }
            | Self::VaultNewer { .. }
            | Self::BackupDiffers { .. }
            | Self::BackupOfNothing
            | Self::KeySize { .. }
            | Self::ShareTypo
            | Self::ShareForeign { .. }
            | Self::ShareFew { .. }
            | Self::ShareCount
            | Self::ComponentTypo
            | Self::Components
            | Self::KeySetWrong
            | Self::KeySetSealedBy { .. }
            | Self::LimitBounds { .. }
            | Self::TokenMissing { .. }
            | Self::TokenModule { .. }
            | Self::TokenPin
            | Self::TokenPinLocked
            | Self::TokenDiffers { .. }
            | Self::CertificateField { .. } => Fault::Operator,
            Self::BackupNotProved { .. }
            | Self::BackupOverdue { .. }
            | Self::KeyStays { .. }
            | Self::LimitReached { .. }
            | Self::VaultKind { .. } => Fault::Policy,
            Self::RequestDamaged | Self::RequestSignature => Fault::Card,
            Self::SlotsDamaged
            | Self::VaultDamaged
            | Self::KeySetDamaged
            | Self::TokenUnfit { .. }
            | Self::TokenFailed { .. } => Fault::Device,
            Self::CostBounds
            | Self::KeyMissing { .. }
            | Self::KeyExists { .. }
            | Self::KeyName
            | Self::DiversificationInput { .. }
            | Self::PukMissing
            | Self::VaultFull { .. } => Fault::Us,
        }
    }

    fn helps(&self) -> Helps {
        match self {
            Self::PasswordWrong
            | Self::PasswordShort { .. }
            | Self::PasswordLong { .. }
            | Self::RecoveryTypo
            | Self::KeySize { .. }
            | Self::ShareTypo
            | Self::ShareFew { .. }
            | Self::ShareCount
            | Self::ComponentTypo
            | Self::Components
            | Self::KeySetWrong
            | Self::KeySetSealedBy { .. }
            | Self::LimitBounds { .. }
            | Self::TokenPin
            | Self::RecoveryWrong => Helps::SameAgain,
            Self::SlotsNewer { .. }
            | Self::VaultNewer { .. }
            | Self::TokenMissing { .. }
            | Self::TokenModule { .. }
            | Self::TokenFailed { .. }
            | Self::BackupOverdue { .. }
            | Self::LimitReached { .. }
            | Self::BackupNotProved { .. } => Helps::Later,
            Self::SlotsDamaged
            | Self::VaultDamaged
            | Self::BackupDiffers { .. }
            | Self::BackupOfNothing
            | Self::RequestDamaged
            | Self::RequestSignature
            | Self::KeySetDamaged
            | Self::ShareForeign { .. }
            | Self::TokenPinLocked
            | Self::TokenUnfit { .. }
            | Self::TokenDiffers { .. }
            | Self::CertificateField { .. } => Helps::Another,
            Self::SlotExists
            | Self::SlotMissing
            | Self::CostBounds
            | Self::VaultKind { .. }
            | Self::KeyMissing { .. }
            | Self::KeyExists { .. }
            | Self::KeyName
            | Self::KeyStays { .. }
            | Self::DiversificationInput { .. }
            | Self::PukMissing
            | Self::VaultFull { .. } => Helps::Never,
        }
    }

    fn details(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::PasswordShort { least } => vec![("least", least.to_string())],
            Self::PasswordLong { most } => vec![("most", most.to_string())],
            Self::SlotsNewer { found, known } => vec![("found", found.to_string()), ("known", known.to_string())],
            Self::VaultNewer { found, known } => vec![("found", found.to_string()), ("known", known.to_string())],
            Self::VaultKind { asked, found } => {
                vec![("asked", asked.word().to_owned()), ("found", found.word().to_owned())]
            }
            Self::KeyMissing { name, version }
            | Self::KeyExists { name, version }
            | Self::BackupNotProved { name, version }
            | Self::BackupOverdue { name, version, .. }
            | Self::KeyStays { name, version }
            | Self::TokenDiffers { name, version }
            | Self::BackupDiffers { name, version } => {
                vec![("key", name.clone()), ("version", version.to_string())]
            }
            Self::ShareForeign { number } => vec![("number", number.to_string())],
            Self::ShareFew { there, needed } => vec![("there", there.to_string()), ("needed", needed.to_string())],
            Self::KeySetSealedBy { by } => vec![("by", (*by).to_owned())],
            Self::LimitReached { per, most, again } => {
                vec![("per", (*per).to_owned()), ("most", most.to_string()), ("again", clock(*again))]
            }
            Self::LimitBounds { most } => vec![("most", most.to_string())],
            Self::KeySize { bytes } => vec![("bytes", bytes.to_string())],
            Self::TokenMissing { serial } => vec![("token", serial.clone())],
            Self::TokenModule { why } => vec![("why", (*why).to_owned())],
            Self::TokenUnfit { mechanism } => vec![("mechanism", (*mechanism).to_owned())],
            Self::TokenFailed { call, answer } => vec![("call", (*call).to_owned()), ("answer", answer.clone())],
            Self::DiversificationInput { len } => vec![("length", len.to_string())],
            Self::CertificateField { field } => vec![("field", (*field).to_owned())],
            Self::VaultFull { what } => vec![("what", (*what).to_owned())],
            _ => Vec::new(),
        }
    }
}

/// Hours and minutes UTC, as no calendar is needed for: it is within the hour.
fn clock(at: UnixMs) -> String {
    let minutes = at.0.div_euclid(60_000).rem_euclid(24 * 60);
    format!("{:02}:{:02} UTC", minutes / 60, minutes % 60)
}
