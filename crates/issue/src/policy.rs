//! The rules that stand between a wish and a card.

use lanyard_fault::{Coded, Fault, Helps};

/// Why it is not done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// No real card is written with a key version whose backup was not restored once and compared.
    #[error("the backup of key {key} version {version} was never proved")]
    BackupUnproved {
        /// The key's name.
        key: String,
        /// Its version.
        version: u8,
    },
    /// A file as a printer, in a real house, without the right.
    #[error("printing into a file needs a right")]
    FilePrinting,
    /// The photo has hints, and no reason was given.
    #[error("the photo needs a reason")]
    PhotoReason,
    /// A card that was out already is not cancelled, it is voided with a reason.
    #[error("reason {reason} does not void a card")]
    VoidReason {
        /// As given.
        reason: String,
    },
    /// The operator lacks a right.
    #[error("right {right} is missing")]
    Right {
        /// The right.
        right: &'static str,
    },
    /// A password that anybody guesses.
    #[error("the password is shorter than {shortest} characters")]
    Password {
        /// In characters.
        shortest: usize,
    },
    /// Two operators of one sign-in name.
    #[error("the sign-in name is taken")]
    LoginTaken,
    /// The last operator is not removed.
    #[error("the last operator stays")]
    LastOperator,
}

impl Coded for PolicyError {
    fn code(&self) -> &'static str {
        match self {
            Self::BackupUnproved { .. } => "policy.backup.unproved",
            Self::FilePrinting => "policy.print.file",
            Self::PhotoReason => "policy.photo.reason",
            Self::VoidReason { .. } => "policy.void.reason",
            Self::Right { .. } => "policy.right",
            Self::Password { .. } => "policy.password.short",
            Self::LoginTaken => "policy.login.taken",
            Self::LastOperator => "policy.operator.last",
        }
    }

    fn fault(&self) -> Fault {
        Fault::Policy
    }

    fn helps(&self) -> Helps {
        match self {
            Self::PhotoReason | Self::VoidReason { .. } | Self::Password { .. } | Self::LoginTaken => Helps::SameAgain,
            Self::BackupUnproved { .. } => Helps::Later,
            Self::FilePrinting | Self::Right { .. } | Self::LastOperator => Helps::Never,
        }
    }

    fn details(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::BackupUnproved { key, version } => vec![("key", key.clone()), ("version", version.to_string())],
            Self::VoidReason { reason } => vec![("reason", reason.clone())],
            Self::Right { right } => vec![("right", (*right).to_owned())],
            Self::Password { shortest } => vec![("shortest", shortest.to_string())],
            _ => vec![],
        }
    }
}

/// Rules of this house.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// Nothing made here opens a door.
    pub rehearsal: bool,
}

impl Rules {
    /// The shortest password, in characters (NIST SP 800-63B-4 §3.1.1.2 asks for eight and more; nobody else checks
    /// these).
    pub const SHORTEST_PASSWORD: usize = 10;

    /// Whether cards may be written with this key version.
    ///
    /// # Errors
    /// [`PolicyError::BackupUnproved`], in a real house.
    pub fn may_write(self, key: &str, version: u8, proved: bool) -> Result<(), PolicyError> {
        if self.rehearsal || proved {
            Ok(())
        } else {
            Err(PolicyError::BackupUnproved { key: key.to_owned(), version })
        }
    }

    /// Whether the photo may be taken like this.
    ///
    /// # Errors
    /// [`PolicyError::PhotoReason`].
    pub fn may_take_photo(self, hints: usize, reason: Option<&str>) -> Result<(), PolicyError> {
        if hints == 0 || reason.is_some_and(|reason| !reason.trim().is_empty()) {
            Ok(())
        } else {
            Err(PolicyError::PhotoReason)
        }
    }

    /// Whether a password is long enough.
    ///
    /// # Errors
    /// [`PolicyError::Password`].
    pub fn password(self, password: &str) -> Result<(), PolicyError> {
        if password.chars().count() < Self::SHORTEST_PASSWORD {
            Err(PolicyError::Password { shortest: Self::SHORTEST_PASSWORD })
        } else {
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_real_card_is_written_before_the_backup_was_proved() {
        let (real, rehearsal) = (Rules { rehearsal: false }, Rules { rehearsal: true });
        assert!(real.may_write("picc", 1, false).is_err());
        assert!(real.may_write("picc", 1, true).is_ok());
        assert!(rehearsal.may_write("picc", 1, false).is_ok());
    }

    #[test]
    fn a_doubtful_photo_needs_a_reason_that_says_something() {
        let rules = Rules { rehearsal: false };
        assert!(rules.may_take_photo(0, None).is_ok());
        assert!(rules.may_take_photo(1, None).is_err());
        assert!(rules.may_take_photo(1, Some("  ")).is_err());
        assert!(rules.may_take_photo(1, Some("bandaged")).is_ok());
    }
}
