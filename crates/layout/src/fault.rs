//! What is wrong with a design or a font: a fault of the file, found before any person's values come near it.

use lanyard_fault::{Coded, Fault, Helps};

use crate::{Field, Side};

/// A design, a font or a stamp that cannot be used.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum LayoutError {
    /// Not SVG at all, or broken XML.
    #[error("{side}: not an SVG drawing (line {line})")]
    NotSvg {
        /// Which side.
        side: Side,
        /// Where the reading stopped; 0 if unknown.
        line: u32,
    },
    /// The file is too big to be a card design.
    #[error("{side}: {bytes} bytes, at most {limit}")]
    TooLarge {
        /// Which side.
        side: Side,
        /// What it has.
        bytes: usize,
        /// What it may have.
        limit: usize,
    },
    /// Nested too deep, too many elements, or references that multiply.
    #[error("{side}: too complex ({what}, at most {limit})")]
    TooComplex {
        /// Which side.
        side: Side,
        /// `depth`, `elements`, `references` or `pixels`.
        what: &'static str,
        /// What is allowed.
        limit: usize,
    },
    /// It declares XML entities, the usual way to make a small file endless.
    #[error("{side}: declares XML entities")]
    Entities {
        /// Which side.
        side: Side,
    },
    /// It reaches for a file or the network.
    #[error("{side}: <{element}> reaches outside the file")]
    External {
        /// Which side.
        side: Side,
        /// The element that reaches out.
        element: String,
    },
    /// It carries something that runs, or a foreign document.
    #[error("{side}: <{element}> is not allowed")]
    Active {
        /// Which side.
        side: Side,
        /// The element.
        element: String,
    },
    /// It embeds a picture that is neither JPEG nor PNG, or is broken.
    #[error("{side}: an embedded picture is neither JPEG nor PNG")]
    Picture {
        /// Which side.
        side: Side,
    },
    /// It names a field that does not exist.
    #[error("{side}: there is no field `{field}`; known are {}", known())]
    UnknownField {
        /// Which side.
        side: Side,
        /// The name in the design.
        field: String,
    },
    /// A field stands on an element that cannot show it.
    #[error("{side}: field {field} needs a <{wanted}>, stands on <{element}>")]
    WrongElement {
        /// Which side.
        side: Side,
        /// The field.
        field: Field,
        /// Where it stands.
        element: String,
        /// Where it may stand: `text` or `rect`.
        wanted: &'static str,
    },
    /// A `data-…` or geometry attribute that is missing or cannot be read.
    #[error("{side}: attribute {attribute} of field {field} is missing or unreadable")]
    Attribute {
        /// Which side.
        side: Side,
        /// The field.
        field: Field,
        /// The attribute.
        attribute: &'static str,
    },
    /// Not the proportions of a card.
    #[error("{side}: {width} × {height} are not the proportions of a CR80 card")]
    Proportions {
        /// Which side.
        side: Side,
        /// Width in the design's own units.
        width: f32,
        /// Height in the design's own units.
        height: f32,
    },
    /// Not a TrueType or OpenType font.
    #[error("font {index} cannot be read")]
    Font {
        /// Which of the given fonts, from 0.
        index: usize,
    },
    /// `design.toml` cannot be read.
    #[error("design.toml cannot be read (line {line})")]
    About {
        /// Where; 0 if unknown.
        line: usize,
    },
    /// A tree that was fine could not be drawn: a fault of ours.
    #[error("{side}: could not be drawn")]
    Draw {
        /// Which side.
        side: Side,
    },
}

fn known() -> String {
    Field::ALL.map(Field::name).join(", ")
}

impl Coded for LayoutError {
    fn code(&self) -> &'static str {
        match self {
            Self::NotSvg { .. } => "design.svg",
            Self::TooLarge { .. } => "design.large",
            Self::TooComplex { .. } => "design.complex",
            Self::Entities { .. } => "design.entities",
            Self::External { .. } => "design.external",
            Self::Active { .. } => "design.active",
            Self::Picture { .. } => "design.picture",
            Self::UnknownField { .. } => "design.field.unknown",
            Self::WrongElement { .. } => "design.field.element",
            Self::Attribute { .. } => "design.field.attribute",
            Self::Proportions { .. } => "design.proportions",
            Self::Font { .. } => "design.font.unreadable",
            Self::About { .. } => "design.about",
            Self::Draw { .. } => "design.draw",
        }
    }

    fn fault(&self) -> Fault {
        match self {
            Self::Font { .. } | Self::Draw { .. } => Fault::Us,
            _ => Fault::Operator,
        }
    }

    fn helps(&self) -> Helps {
        match self {
            Self::Draw { .. } => Helps::Never,
            _ => Helps::Another,
        }
    }

    fn details(&self) -> Vec<(&'static str, String)> {
        let mut details = match self {
            Self::Font { index } => return vec![("index", index.to_string())],
            Self::About { line } => return vec![("line", line.to_string())],
            Self::NotSvg { side, line } => vec![("side", side.to_string()), ("line", line.to_string())],
            Self::TooLarge { side, bytes, limit } => {
                vec![("side", side.to_string()), ("bytes", bytes.to_string()), ("limit", limit.to_string())]
            }
            Self::TooComplex { side, what, limit } => {
                vec![("side", side.to_string()), ("what", (*what).to_owned()), ("limit", limit.to_string())]
            }
            Self::Entities { side } | Self::Picture { side } | Self::Draw { side } => vec![("side", side.to_string())],
            Self::External { side, element } | Self::Active { side, element } => {
                vec![("side", side.to_string()), ("element", element.clone())]
            }
            Self::UnknownField { side, field } => {
                vec![("side", side.to_string()), ("field", field.clone()), ("known", known())]
            }
            Self::WrongElement { side, field, element, wanted } => vec![
                ("side", side.to_string()),
                ("field", field.to_string()),
                ("element", element.clone()),
                ("wanted", (*wanted).to_owned()),
            ],
            Self::Attribute { side, field, attribute } => {
                vec![("side", side.to_string()), ("field", field.to_string()), ("attribute", (*attribute).to_owned())]
            }
            Self::Proportions { side, width, height } => {
                vec![("side", side.to_string()), ("width", width.to_string()), ("height", height.to_string())]
            }
        };
        // What a file says of itself goes to a screen: bounded here, once.
        for (_, value) in &mut details {
            if let Some((cut, _)) = value.char_indices().nth(200) {
                value.truncate(cut);
            }
        }
        details
    }
}
