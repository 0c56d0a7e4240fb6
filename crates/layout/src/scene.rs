//! One card, ready to be looked at and printed: two trees, from which pixels and PDF are both drawn.

use std::io::Cursor;
use std::sync::Arc;

use image::{ImageFormat, ImageReader};
use resvg::tiny_skia::{Color, Pixmap, Transform};
use resvg::usvg::Tree;

use crate::design::Drawing;
use crate::fill::{self, fill};
use crate::{Design, Field, Fonts, LayoutError, LayoutProblem, PdfFacts, Side, Values, pdf, rehearsal, tree};

/// A portrait of the size that `lanyard-photo` makes has 480,000 pixels; this is past any.
const MAX_PHOTO_PIXELS: u64 = 16_000_000;
const MAX_DPI: u32 = 1200;

/// How a scene is made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SceneOptions {
    /// Lays REHEARSAL · NOT VALID across both sides.
    pub rehearsal: bool,
}

/// One card with its values in, both sides.
#[derive(Clone)]
pub struct Scene {
    front: Vec<Tree>,
    back: Vec<Tree>,
}

impl std::fmt::Debug for Scene {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Scene")
    }
}

/// Pixels of a side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// Dots across.
    pub width: u32,
    /// Dots down.
    pub height: u32,
    /// Red, green, blue, alpha; a card is opaque, so alpha is always 255.
    pub rgba: Vec<u8>,
}

/// Puts one person's values into a design.
///
/// # Errors
/// Everything that keeps this card from being drawn, all at once, front first.
pub fn scene(
    design: &Design,
    values: &Values,
    fonts: &Fonts,
    options: SceneOptions,
) -> Result<Scene, Vec<LayoutProblem>> {
    let photo = values.photo().map(|bytes| Arc::new(bytes.to_vec()));
    let mut problems = Vec::new();
    let mut made = |side| {
        let drawing = design.drawing(side);
        let shows_photo = drawing.places.values().any(|place| place.field == Field::Photo);
        if shows_photo && photo.as_ref().is_some_and(|bytes| !is_portrait(bytes)) {
            problems.push(LayoutProblem::PhotoUnreadable { side });
            return None;
        }
        match side_tree(drawing, values, fonts, photo.as_ref(), options) {
            Ok(tree) => Some(tree),
            Err(found) => {
                problems.extend(found);
                None
            }
        }
    };
    match (made(Side::Front), made(Side::Back)) {
        (Some(front), Some(back)) => Ok(Scene { front, back }),
        _ => Err(problems),
    }
}

fn side_tree(
    drawing: &Drawing,
    values: &Values,
    fonts: &Fonts,
    photo: Option<&Arc<Vec<u8>>>,
    options: SceneOptions,
) -> Result<Vec<Tree>, Vec<LayoutProblem>> {
    let side = drawing.side;
    let filled = fill(drawing, values, fonts);
    let svg = format!("{}{}</svg>", fill::page_start(drawing), filled.inner);
    let unreadable = || vec![LayoutProblem::Unreadable { side }];
    let (tree, notes) = tree::parse(&svg, Some(fonts), photo).ok_or_else(unreadable)?;
    let mut problems = filled.problems.clone();
    problems.extend(notes.families.into_iter().map(|family| LayoutProblem::FontUnknown { side, family }));
    problems.extend(fill::outside(&tree, &filled, drawing));
    if !problems.is_empty() {
        return Err(problems);
    }
    if !options.rehearsal {
        return Ok(vec![tree]);
    }
    let band = rehearsal::band(&tree, drawing, fonts).ok_or_else(unreadable)?;
    Ok(vec![tree, band])
}

fn is_portrait(jpeg: &[u8]) -> bool {
    ImageReader::with_format(Cursor::new(jpeg), ImageFormat::Jpeg)
        .into_dimensions()
        .is_ok_and(|(w, h)| u64::from(w) * u64::from(h) <= MAX_PHOTO_PIXELS)
}

impl Scene {
    /// What a side is drawn from, from the bottom up: the card, and in rehearsal the band over it.
    pub(crate) fn layers(&self, side: Side) -> &[Tree] {
        match side {
            Side::Front => &self.front,
            Side::Back => &self.back,
        }
    }

    /// Draws a side at `dpi` dots to the inch (at most 1200): 1011 × 638 at 300.
    ///
    /// # Errors
    /// [`LayoutError::Draw`].
    pub fn pixels(&self, side: Side, dpi: u32) -> Result<Picture, LayoutError> {
        let pixmap = self.pixmap(side, dpi)?;
        Ok(Picture { width: pixmap.width(), height: pixmap.height(), rgba: pixmap.take() })
    }

    /// A side as a PNG.
    ///
    /// # Errors
    /// [`LayoutError::Draw`].
    pub fn png(&self, side: Side, dpi: u32) -> Result<Vec<u8>, LayoutError> {
        self.pixmap(side, dpi)?.encode_png().map_err(|_| LayoutError::Draw { side })
    }

    /// Both sides as a PDF of two pages of the card's size, front first. The same scene and facts give the same bytes on
    /// every machine.
    ///
    /// # Errors
    /// [`LayoutError::Draw`].
    pub fn pdf(&self, facts: &PdfFacts) -> Result<Vec<u8>, LayoutError> {
        pdf::write(Side::BOTH.map(|side| (side, self.layers(side))), facts)
    }

    fn pixmap(&self, side: Side, dpi: u32) -> Result<Pixmap, LayoutError> {
        let failed = || LayoutError::Draw { side };
        let layers = self.layers(side);
        let page = layers.first().ok_or_else(failed)?.size();
        let dots = |mm: f32| (mm / 25.4 * dpi.min(MAX_DPI) as f32).round() as u32;
        let (width, height) = (dots(page.width()), dots(page.height()));
        let mut pixmap = Pixmap::new(width, height).ok_or_else(failed)?;
        pixmap.fill(Color::WHITE);
        let scale = Transform::from_scale(width as f32 / page.width(), height as f32 / page.height());
        for layer in layers {
            resvg::render(layer, scale, &mut pixmap.as_mut());
        }
        Ok(pixmap)
    }
}
