//! A card design to pixels and PDF, from one scene.
//!
//! A design is two SVG files with named fields (docs/designs.md). [`Design::parse`] takes them in and refuses what could
//! reach outside or never end; [`scene`] puts one person's values in and says what does not fit; the [`Scene`] then gives
//! the preview's pixels and the printer's PDF, both drawn from the same tree. Nothing is read here: files, fonts, photo
//! and the date are the caller's.

mod about;
mod check;
mod design;
mod fault;
mod field;
mod fill;
mod fit;
mod fonts;
mod pdf;
mod problem;
mod qr;
mod rehearsal;
mod scene;
mod sheet;
mod template;
mod tree;

pub use about::About;
pub use design::{Design, Orientation};
pub use fault::LayoutError;
pub use field::{Field, Values};
pub use fonts::Fonts;
pub use pdf::PdfFacts;
pub use problem::LayoutProblem;
pub use scene::{Picture, Scene, SceneOptions, scene};
pub use sheet::{SHEET_COLUMNS, sheet};

/// Long side of a CR80 card (ISO/IEC 7810 ID-1), in millimetres.
pub const CARD_LONG_MM: f32 = 85.60;
/// Short side of a CR80 card (ISO/IEC 7810 ID-1), in millimetres.
pub const CARD_SHORT_MM: f32 = 53.98;
/// What card printers print at.
pub const PRINT_DPI: u32 = 300;

/// A side of the card.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    /// The side with the photo.
    Front,
    /// The other.
    Back,
}

impl Side {
    /// Both, in the order they are printed.
    pub const BOTH: [Self; 2] = [Self::Front, Self::Back];

    /// `front` or `back`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Front => "front",
            Self::Back => "back",
        }
    }
}

impl std::fmt::Display for Side {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.word())
    }
}
