//! The kinds of step that this station can carry out: what a workflow may name in `lanyard:kind`.

use lanyard_workflow::Kinds;

/// A kind of step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StepKind {
    /// A person confirms or corrects the data.
    Data,
    /// A person takes or keeps the photo.
    Photo,
    /// A person looks at both sides.
    Preview,
    /// A person lays a blank on the encoder.
    Card,
    /// The station writes the contactless chip and reads it back.
    Encode,
    /// The station makes a key on the contact chip, and its certificate.
    Certify,
    /// The station prints, and waits for the printer's own word.
    Print,
    /// A person makes sure of the other and hands over.
    HandOver,
}

impl StepKind {
    /// Every one, in the order in which an issue usually has them.
    pub const ALL: [Self; 8] =
        [Self::Data, Self::Photo, Self::Preview, Self::Card, Self::Encode, Self::Certify, Self::Print, Self::HandOver];

    /// As a workflow writes it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Data => "data",
            Self::Photo => "photo",
            Self::Preview => "preview",
            Self::Card => "card",
            Self::Encode => "encode",
            Self::Certify => "certify",
            Self::Print => "print",
            Self::HandOver => "hand_over",
        }
    }

    /// The one of this word.
    #[must_use]
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }

    /// The station does it by itself.
    #[must_use]
    pub fn by_station(self) -> bool {
        matches!(self, Self::Encode | Self::Certify | Self::Print)
    }
}

/// For `lanyard_workflow::Definition::parse`.
#[must_use]
pub fn kinds() -> Kinds<'static> {
    Kinds { person: &["data", "photo", "preview", "card", "hand_over"], station: &["encode", "certify", "print"] }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_workflow_may_name_is_what_can_be_carried_out() {
        for kind in StepKind::ALL {
            let Kinds { person, station } = kinds();
            assert_eq!(station.contains(&kind.word()), kind.by_station());
            assert_eq!(person.contains(&kind.word()), !kind.by_station());
            assert_eq!(StepKind::of_word(kind.word()), Some(kind));
        }
    }
}
