//! REHEARSAL · NOT VALID, across the card, never across a face.
//!
//! The band is a drawing of its own, laid over the finished card: no style sheet of a design can reach it.

use resvg::usvg::{Group, Node, Rect, Tree};

use crate::design::Drawing;
use crate::fill::{CODE_ID, PHOTO_ID, page_start};
use crate::{Fonts, tree};

const BAND_MM: f32 = 5.6;
const STEP_MM: f32 = 0.25;
/// Where the band lies if everything is free: below a head line.
const WISHED_MM: f32 = 15.2;
/// A portrait is framed with the face in the upper part; its lowest part is the last resort.
const FACE_PART: f32 = 0.82;

/// The band for a filled side, as a page of its own; `None` if it cannot be drawn, and then nothing may be.
pub(crate) fn band(card: &Tree, drawing: &Drawing, fonts: &Fonts) -> Option<Tree> {
    let (width, height) = drawing.orientation.size_mm();
    let mut taken = Taken::default();
    taken.collect(card.root());
    let y = taken.best(height);
    let middle = width / 2.0;
    let size = 3.3 * (width / 85.6).max(0.72);
    let baseline = y + BAND_MM / 2.0 + size * 0.345;
    let spacing = size * 0.11;
    let svg = format!(
        r##"{}<rect x="0" y="{y}" width="{width}" height="{BAND_MM}" fill="#7a1e8c"/><text x="{}" y="{baseline}" font-family="sans-serif" font-weight="700" font-size="{size}" letter-spacing="{spacing}" text-anchor="middle" fill="#ffffff">REHEARSAL · NOT VALID</text></svg>"##,
        page_start(drawing),
        middle + spacing / 2.0
    );
    tree::parse(&svg, Some(fonts), None).map(|(tree, _)| tree)
}

#[derive(Default)]
struct Taken {
    photos: Vec<Rect>,
    codes: Vec<Rect>,
    texts: Vec<Rect>,
}

impl Taken {
    fn collect(&mut self, group: &Group) {
        for node in group.children() {
            if node.id().starts_with(PHOTO_ID) {
                self.photos.push(node.abs_bounding_box());
            } else if node.id().starts_with(CODE_ID) {
                self.codes.push(node.abs_bounding_box());
            } else if let Node::Text(text) = node {
                self.texts.push(text.abs_bounding_box());
            } else if let Node::Group(inner) = node {
                self.collect(inner);
            }
        }
    }

    /// The top of the band: free of faces before all, then of the photo, the code and the texts.
    fn best(&self, height: f32) -> f32 {
        let steps = ((height - BAND_MM) / STEP_MM) as usize;
        let mut best = (f32::INFINITY, 0.0);
        for y in (0..=steps).map(|step| step as f32 * STEP_MM) {
            let covered = |rects: &[Rect], part: f32| -> f32 {
                rects
                    .iter()
                    .map(|r| {
                        let bottom = r.top() + r.height() * part;
                        (bottom.min(y + BAND_MM) - r.top().max(y)).max(0.0) * r.width()
                    })
                    .sum()
            };
            let cost = covered(&self.photos, FACE_PART) * 10_000.0
                + covered(&self.photos, 1.0) * 50.0
                + covered(&self.codes, 1.0) * 10.0
                + covered(&self.texts, 1.0) * 2.0
                + (y - WISHED_MM).abs() * 0.01;
            if cost < best.0 {
                best = (cost, y);
            }
        }
        best.1
    }
}
