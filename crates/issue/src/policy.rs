//! The rules that stand between a wish and a card.

use lanyard_fault::{Coded, Fault, Helps};
use lanyard_model::Reason;

/// Why it is not done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// The photo has hints, and no reason was given.
    #[error("the photo needs a reason: {hints}")]
    PhotoReason {
        /// Their codes.
        hints: String,
    },
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
    /// Needs a right that the operator has not been given.
    #[error("needs the right {right}")]
    Right {
        /// Which.
        right: &'static str,
    },
    /// No such right can be given.
    #[error("no right {right}")]
    RightUnknown {
        /// As given.
        right: String,
    },
    /// Where there is somebody else, nobody gives themselves a right.
    #[error("a right comes from somebody else")]
    RightOwn,
    /// Two people are needed, and the second is the first or nobody of this house.
    #[error("a second operator is needed")]
    TwoPeople,
    /// A card of a real house goes into a file, and no reason was given.
    #[error("a print into a file needs a reason")]
    PrintReason,
}

impl Coded for PolicyError {
    fn code(&self) -> &'static str {
        match self {
            Self::PhotoReason { .. } => "policy.photo.reason",
            Self::VoidReason { .. } => "policy.void.reason",
            Self::LoginTaken => "policy.login.taken",
            Self::LastOperator => "policy.operator.last",
            Self::Right { .. } => "policy.right",
            Self::RightUnknown { .. } => "policy.right.unknown",
            Self::RightOwn => "policy.right.own",
            Self::PrintReason => "policy.print.reason",
            Self::TwoPeople => "policy.two_people",
        }
    }

    fn fault(&self) -> Fault {
        Fault::Policy
    }

    fn helps(&self) -> Helps {
        match self {
            Self::PhotoReason { .. }
            | Self::VoidReason { .. }
            | Self::LoginTaken
            | Self::PrintReason
            | Self::RightUnknown { .. } => Helps::SameAgain,
            Self::Right { .. } | Self::RightOwn | Self::TwoPeople => Helps::Another,
            Self::LastOperator => Helps::Never,
        }
    }

    fn details(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::PhotoReason { hints } => vec![("hints", hints.clone())],
            Self::VoidReason { reason } => vec![("reason", reason.clone())],
            Self::Right { right } => vec![("right", (*right).to_owned())],
            Self::RightUnknown { right } => vec![("right", right.clone())],
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
pub fn may_take_photo(hints: &[String], reason: Option<&str>) -> Result<(), PolicyError> {
    if hints.is_empty() || reason.is_some_and(|reason| !reason.trim().is_empty()) {
        Ok(())
    } else {
        Err(PolicyError::PhotoReason { hints: hints.join(", ") })
    }
}

/// Printing a card of a real house into a file: a file can be printed again, by anybody, so it is not every operator's.
pub const PRINT_FILE: &str = "print.file";

/// Saying what is written onto cards: a wrong description spoils every card after it.
pub const ENCODING_CHANGE: &str = "encoding.change";

/// Making, bringing in, backing up and taking back master keys, and how many cards may get keys in an hour.
pub const KEYS_MANAGE: &str = "keys.manage";

/// Saying which blanks came in: whoever does decides which cards get keys.
pub const STOCK_RECEIVE: &str = "stock.receive";

/// The rights that an operator has only where they were given.
pub const GIVEN_RIGHTS: [&str; 4] = [PRINT_FILE, ENCODING_CHANGE, KEYS_MANAGE, STOCK_RECEIVE];

/// The longest reason that is kept, in characters.
const REASON_LONGEST: usize = 200;

/// Whether a card of a real house may be printed into a file.
///
/// # Errors
/// [`PolicyError::Right`], [`PolicyError::PrintReason`].
pub fn may_print_to_file(right: bool, reason: &str) -> Result<(), PolicyError> {
    if !right {
        return Err(PolicyError::Right { right: PRINT_FILE });
    }
    let length = reason.trim().chars().count();
    if length == 0 || length > REASON_LONGEST || reason.chars().any(char::is_control) {
        return Err(PolicyError::PrintReason);
    }
    Ok(())
}

/// Whether somebody may add an encoding, and choose which one cards are written with.
///
/// # Errors
/// [`PolicyError::Right`].
pub fn may_change_encodings(right: bool) -> Result<(), PolicyError> {
    if right { Ok(()) } else { Err(PolicyError::Right { right: ENCODING_CHANGE }) }
}

/// Whether somebody may manage keys.
///
/// # Errors
/// [`PolicyError::Right`].
pub fn may_manage_keys(right: bool) -> Result<(), PolicyError> {
    if right { Ok(()) } else { Err(PolicyError::Right { right: KEYS_MANAGE }) }
}

/// Whether somebody may say which blanks came in.
///
/// # Errors
/// [`PolicyError::Right`].
pub fn may_receive_stock(right: bool) -> Result<(), PolicyError> {
    if right { Ok(()) } else { Err(PolicyError::Right { right: STOCK_RECEIVE }) }
}

/// Whether an operator may be given this right, or lose it; `own`: they do it to themselves, and are not alone.
///
/// # Errors
/// [`PolicyError::RightUnknown`], [`PolicyError::RightOwn`].
pub fn may_give_right(right: &str, own: bool) -> Result<(), PolicyError> {
    if !GIVEN_RIGHTS.contains(&right) {
        return Err(PolicyError::RightUnknown { right: right.chars().take(40).collect() });
    }
    if own { Err(PolicyError::RightOwn) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_print_into_a_file_needs_the_right_first_and_then_a_reason_that_says_something() {
        assert_eq!(may_print_to_file(false, "printer broken"), Err(PolicyError::Right { right: PRINT_FILE }));
        for none in ["", "  ", "a\nb", &"x".repeat(201)] {
            assert_eq!(may_print_to_file(true, none), Err(PolicyError::PrintReason));
        }
        assert_eq!(may_print_to_file(true, "printer broken"), Ok(()));
    }

    #[test]
    fn nobody_gives_themselves_a_right_or_a_right_that_there_is_not() {
        assert_eq!(may_give_right(PRINT_FILE, true), Err(PolicyError::RightOwn));
        assert_eq!(may_give_right(PRINT_FILE, false), Ok(()));
        assert!(may_give_right("issue", false).is_err());
    }

    #[test]
    fn a_doubtful_photo_needs_a_reason_that_says_something() {
        let hints = ["photo.blurred".to_owned(), "photo.small".to_owned()];
        assert!(may_take_photo(&[], None).is_ok());
        let named = PolicyError::PhotoReason { hints: "photo.blurred, photo.small".to_owned() };
        assert_eq!(may_take_photo(&hints, None), Err(named.clone()));
        assert_eq!(may_take_photo(&hints, Some("  ")), Err(named));
        assert!(may_take_photo(&hints, Some("bandaged")).is_ok());
    }

    #[test]
    fn a_card_is_not_voided_because_it_was_renewed() {
        assert_eq!(void_reason("torn"), Ok(Reason::Torn));
        assert!(void_reason("renewed").is_err());
        assert!(void_reason("").is_err());
    }
}
