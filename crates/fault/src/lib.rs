//! What every error of Lanyard can say: a stable code, whose fault it is, and what helps.
//!
//! Words for people live in `ui/`, in four languages, keyed on the code; an error itself carries the code and the
//! named values that go into those words, never a sentence that someone would match on.

/// Whose fault an error is. Decides who is asked to act.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fault {
    /// The person at the desk can put it right (a wrong file, a wrong card on the reader).
    Operator,
    /// This card: it is foreign, full, used, or broken.
    Card,
    /// A reader, printer or camera.
    Device,
    /// A rule of this office refuses.
    Policy,
    /// The network, or what is behind it.
    Network,
    /// Lanyard itself.
    Us,
}

/// What would help.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Helps {
    /// The same step once more, with the same card or file.
    SameAgain,
    /// Another card, file or device.
    Another,
    /// The same step later, when what is named has been put right.
    Later,
    /// Nothing: this will not work.
    Never,
}

/// Implemented by the one error enum of each crate.
pub trait Coded: std::error::Error {
    /// Stable, dotted, lower case: `card.auth.refused`. Never reused for another meaning.
    fn code(&self) -> &'static str;
    /// Whose fault it is.
    fn fault(&self) -> Fault;
    /// What helps.
    fn helps(&self) -> Helps;
    /// Named values for the words: `("file", "2")`, `("limit", "120")`. Never secret, never personal.
    fn details(&self) -> Vec<(&'static str, String)> {
        Vec::new()
    }
}

impl Fault {
    /// The word used on the wire: `operator`, `card`, …
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Operator => "operator",
            Self::Card => "card",
            Self::Device => "device",
            Self::Policy => "policy",
            Self::Network => "network",
            Self::Us => "us",
        }
    }
}

impl Helps {
    /// The word used on the wire: `same_again`, `another`, `later`, `never`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::SameAgain => "same_again",
            Self::Another => "another",
            Self::Later => "later",
            Self::Never => "never",
        }
    }
}
