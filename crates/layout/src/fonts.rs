//! The fonts a card is drawn with: only those given here, never the machine's own, so that every machine draws alike.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use resvg::usvg::fontdb::{Database, Family, ID, Query, Source, Stretch, Style, Weight};
use resvg::usvg::{self, FontFamily, FontStretch, FontStyle};

use skrifa::MetadataProvider;

use crate::LayoutError;

/// Fonts by their bytes. Cheap to clone.
#[derive(Clone)]
pub struct Fonts {
    pub(crate) db: Arc<Database>,
    /// What a text without a family is set in.
    pub(crate) family: String,
    glyphs: Arc<HashSet<u32>>,
}

impl fmt::Debug for Fonts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fonts").field("faces", &self.db.len()).finish()
    }
}

impl Fonts {
    /// Reads TrueType or OpenType fonts. The first one's family stands for `sans-serif`, `serif` and texts without a
    /// family; the first monospaced one's for `monospace`.
    ///
    /// # Errors
    /// [`LayoutError::Font`] with the index of the font that cannot be read, or 0 if there is none.
    pub fn load<B: Into<Vec<u8>>>(fonts: impl IntoIterator<Item = B>) -> Result<Self, LayoutError> {
        let mut db = Database::new();
        for (index, bytes) in fonts.into_iter().enumerate() {
            let before = db.len();
            db.load_font_source(Source::Binary(Arc::new(bytes.into())));
            if db.len() == before {
                return Err(LayoutError::Font { index });
            }
        }
        let name_of = |face: &usvg::fontdb::FaceInfo| face.families.first().map(|(name, _)| name.clone());
        let sans = db.faces().next().and_then(name_of).ok_or(LayoutError::Font { index: 0 })?;
        let mono = db.faces().find(|face| face.monospaced).and_then(name_of).unwrap_or_else(|| sans.clone());
        db.set_sans_serif_family(sans.clone());
        db.set_serif_family(sans.clone());
        db.set_cursive_family(sans.clone());
        db.set_fantasy_family(sans.clone());
        db.set_monospace_family(mono);
        let mut glyphs = HashSet::new();
        for face in db.faces() {
            db.with_face_data(face.id, |data, index| {
                if let Ok(font) = skrifa::FontRef::from_index(data, index) {
                    glyphs.extend(font.charmap().mappings().map(|(code, _)| code));
                }
            });
        }
        Ok(Self { db: Arc::new(db), family: sans, glyphs: Arc::new(glyphs) })
    }

    /// Whether any of them can draw the character.
    #[must_use]
    pub fn covers(&self, glyph: char) -> bool {
        self.glyphs.contains(&u32::from(glyph))
    }
}

/// The face a text asks for; `None` if none of its families was given.
pub(crate) fn select(font: &usvg::Font, db: &Database) -> Option<ID> {
    let families: Vec<Family> = font
        .families()
        .iter()
        .map(|family| match family {
            FontFamily::Serif => Family::Serif,
            FontFamily::SansSerif => Family::SansSerif,
            FontFamily::Cursive => Family::Cursive,
            FontFamily::Fantasy => Family::Fantasy,
            FontFamily::Monospace => Family::Monospace,
            FontFamily::Named(name) => Family::Name(name),
        })
        .collect();
    let stretch = match font.stretch() {
        FontStretch::UltraCondensed => Stretch::UltraCondensed,
        FontStretch::ExtraCondensed => Stretch::ExtraCondensed,
        FontStretch::Condensed => Stretch::Condensed,
        FontStretch::SemiCondensed => Stretch::SemiCondensed,
        FontStretch::Normal => Stretch::Normal,
        FontStretch::SemiExpanded => Stretch::SemiExpanded,
        FontStretch::Expanded => Stretch::Expanded,
        FontStretch::ExtraExpanded => Stretch::ExtraExpanded,
        FontStretch::UltraExpanded => Stretch::UltraExpanded,
    };
    let style = match font.style() {
        FontStyle::Normal => Style::Normal,
        FontStyle::Italic => Style::Italic,
        FontStyle::Oblique => Style::Oblique,
    };
    db.query(&Query { families: &families, weight: Weight(font.weight()), stretch, style })
}
