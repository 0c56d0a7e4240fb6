//! The rules that stand between a wish and a card.

use lanyard_fault::{Coded, Fault, Helps};
use lanyard_model::Reason;

/// Why it is not done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// The photo has hints, and no reason was given.
    #[error("the photo needs a reason")]
    PhotoReason,
    /// A card that was out already is not cancelled, it is voided with a reason.
    #[error("reason {reason} does not void a card")]
    VoidReason {
        /// As given.
        reason: String,
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
            Self::PhotoReason => "policy.photo.reason",
            Self::VoidReason { .. } => "policy.void.reason",
            Self::LoginTaken => "policy.login.taken",
            Self::LastOperator => "policy.operator.last",
        }
    }

    fn fault(&self) -> Fault {
        Fault::Policy
    }

    fn helps(&self) -> Helps {
        match self {
            Self::PhotoReason | Self::VoidReason { .. } | Self::LoginTaken => Helps::SameAgain,
            Self::LastOperator => Helps::Never,
        }
    }

    fn details(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::VoidReason { reason } => vec![("reason", reason.clone())],
            _ => vec![],
        }
    }
}

/// The reasons for which an operator may void a card or a case.
pub const VOID_REASONS: [Reason; 7] = [
    Reason::Mistake,
    Reason::WrongPerson,
    Reason::Damaged,
    Reason::Spoiled,
    Reason::Torn,
    Reason::PrintFailed,
    Reason::Lost,
];

/// The reason of this word, if it is one that voids.
///
/// # Errors
/// [`PolicyError::VoidReason`].
pub fn void_reason(word: &str) -> Result<Reason, PolicyError> {
    Reason::of_word(word)
        .filter(|reason| VOID_REASONS.contains(reason))
        .ok_or_else(|| PolicyError::VoidReason { reason: word.chars().take(40).collect() })
}

/// Whether a photo with so many hints may be taken for this reason.
///
/// # Errors
/// [`PolicyError::PhotoReason`].
pub fn may_take_photo(hints: usize, reason: Option<&str>) -> Result<(), PolicyError> {
    if hints == 0 || reason.is_some_and(|reason| !reason.trim().is_empty()) {
        Ok(())
    } else {
        Err(PolicyError::PhotoReason)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_doubtful_photo_needs_a_reason_that_says_something() {
        assert!(may_take_photo(0, None).is_ok());
        assert!(may_take_photo(1, None).is_err());
        assert!(may_take_photo(1, Some("  ")).is_err());
        assert!(may_take_photo(1, Some("bandaged")).is_ok());
    }

    #[test]
    fn a_card_is_not_voided_because_it_was_renewed() {
        assert_eq!(void_reason("torn"), Ok(Reason::Torn));
        assert!(void_reason("renewed").is_err());
        assert!(void_reason("").is_err());
    }
}
