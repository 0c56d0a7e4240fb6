//! Why one person's values cannot be printed with one design. Never cut, never guessed: said, with the field's name.
//!
//! A problem names fields, lengths and at most one character; it never holds the value, and its `Debug` not even the
//! character.

use std::fmt;

use lanyard_fault::{Coded, Fault, Helps};

use crate::{Field, Side};

/// One thing that keeps a card from being drawn.
#[derive(Clone, PartialEq, thiserror::Error)]
pub enum LayoutProblem {
    /// Too long for its place even at the smallest size that the design allows.
    #[error("{side}: {field} does not fit at its smallest size: {length} characters need {percent} % of the width")]
    DoesNotFit {
        /// Which side.
        side: Side,
        /// The field.
        field: Field,
        /// How many characters the text has.
        length: usize,
        /// How much of the width there is it would take at the smallest size, in percent: always above 100.
        percent: u32,
    },
    /// No font that was given can draw this character.
    #[error("{side}: a character that no font can draw{}", in_field(*field))]
    GlyphMissing {
        /// Which side.
        side: Side,
        /// The field; `None` for a text of the design itself.
        field: Option<Field>,
        /// The character.
        glyph: char,
    },
    /// The design shows a photo or a code, and there is none.
    #[error("{side}: {field} is missing")]
    Missing {
        /// Which side.
        side: Side,
        /// The field.
        field: Field,
    },
    /// The photo is no JPEG that can be read.
    #[error("{side}: the photo cannot be read")]
    PhotoUnreadable {
        /// Which side.
        side: Side,
    },
    /// The text is too long for a QR code of that size to be read.
    #[error("{side}: the code would be too fine to read: {length} characters")]
    CodeTooFine {
        /// Which side.
        side: Side,
        /// How many characters the code would hold.
        length: usize,
    },
    /// The design asks for a font that was not given: another machine would draw it differently.
    #[error("{side}: no font `{family}`")]
    FontUnknown {
        /// Which side.
        side: Side,
        /// The family, as the design writes it.
        family: String,
    },
    /// The drawing could not be read once filled: a fault of ours or of an unusual design.
    #[error("{side}: the filled drawing cannot be read")]
    Unreadable {
        /// Which side.
        side: Side,
    },
}

fn in_field(field: Option<Field>) -> String {
    field.map_or_else(String::new, |field| format!(" in {field}"))
}

impl LayoutProblem {
    /// The side it is on.
    #[must_use]
    pub fn side(&self) -> Side {
        match self {
            Self::DoesNotFit { side, .. }
            | Self::GlyphMissing { side, .. }
            | Self::Missing { side, .. }
            | Self::PhotoUnreadable { side }
            | Self::CodeTooFine { side, .. }
            | Self::FontUnknown { side, .. }
            | Self::Unreadable { side } => *side,
        }
    }
}

impl fmt::Debug for LayoutProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}[{}", self.code(), self.side())?;
        match self {
            Self::DoesNotFit { field, length, percent, .. } => write!(f, " {field}, {length} characters, {percent} %")?,
            Self::GlyphMissing { field, .. } => f.write_str(&in_field(*field))?,
            Self::Missing { field, .. } => write!(f, " {field}")?,
            Self::CodeTooFine { length, .. } => write!(f, " {length} characters")?,
            Self::FontUnknown { family, .. } => write!(f, " {family:?}")?,
            Self::PhotoUnreadable { .. } | Self::Unreadable { .. } => {}
        }
        f.write_str("]")
    }
}

impl Coded for LayoutProblem {
    fn code(&self) -> &'static str {
        match self {
            Self::DoesNotFit { .. } => "design.text.long",
            Self::GlyphMissing { .. } => "design.glyph.missing",
            Self::Missing { .. } => "design.value.missing",
            Self::PhotoUnreadable { .. } => "design.photo.unreadable",
            Self::CodeTooFine { .. } => "design.code.fine",
            Self::FontUnknown { .. } => "design.font.unknown",
            Self::Unreadable { .. } => "design.filled",
        }
    }

    fn fault(&self) -> Fault {
        match self {
            Self::Unreadable { .. } => Fault::Us,
            _ => Fault::Operator,
        }
    }

    fn helps(&self) -> Helps {
        match self {
            Self::FontUnknown { .. } | Self::PhotoUnreadable { .. } => Helps::Another,
            Self::Unreadable { .. } => Helps::Never,
            _ => Helps::Later,
        }
    }

    fn details(&self) -> Vec<(&'static str, String)> {
        let mut details = vec![("side", self.side().to_string())];
        match self {
            Self::DoesNotFit { field, length, percent, .. } => {
                details.push(("field", field.to_string()));
                details.push(("length", length.to_string()));
                details.push(("percent", percent.to_string()));
            }
            Self::GlyphMissing { field, glyph, .. } => {
                details.push(("field", field.map_or_else(String::new, |field| field.to_string())));
                details.push(("glyph", glyph.to_string()));
            }
            Self::Missing { field, .. } => details.push(("field", field.to_string())),
            Self::CodeTooFine { length, .. } => details.push(("length", length.to_string())),
            Self::FontUnknown { family, .. } => details.push(("family", family.chars().take(80).collect())),
            Self::PhotoUnreadable { .. } | Self::Unreadable { .. } => {}
        }
        details
    }
}
