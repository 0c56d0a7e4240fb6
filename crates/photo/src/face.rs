//! Finds faces, on a small grey copy, with the SeetaFace model that this crate carries.

use std::io::Cursor;

use rustface::{ImageData, read_model};

use crate::{Photo, frame::Rect};

const MODEL: &[u8] = include_bytes!("../model/seeta_fd_frontal_v1.0.bin");
/// Longer side of the copy that is searched.
const SEARCHED: u32 = 640;
/// Smallest face that is found on it: a twentieth of the picture.
const SMALLEST: u32 = 32;
/// Faces score 8 and more, folds of cloth up to 3.
const SCORE: f64 = 4.0;

/// A face: a square from the brow to the chin, roughly, as parts of the photo's width and height.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Face {
    /// Where it is.
    pub place: Rect,
    /// How sure the detector is; above 4.
    pub score: f32,
}

impl Photo {
    /// All faces, the largest first. Takes some tenths of a second.
    #[must_use]
    pub fn find_faces(&self) -> Vec<Face> {
        let (width, height) = self.working_size();
        let longer = width.max(height) as f32;
        let scale = (SEARCHED as f32 / longer).min(1.0);
        let across = ((width as f32 * scale).round() as u32).max(1);
        let down = ((height as f32 * scale).round() as u32).max(1);
        if across < SMALLEST || down < SMALLEST {
            return Vec::new();
        }
        let Ok(model) = read_model(Cursor::new(MODEL)) else { return Vec::new() };
        let grey = self.grey([0.0, 0.0, width as f32, height as f32], across, down);
        let mut detector = rustface::create_detector_with_model(model);
        detector.set_min_face_size(SMALLEST);
        detector.set_score_thresh(SCORE);
        detector.set_pyramid_scale_factor(0.8);
        detector.set_slide_window_step(4, 4);
        let mut faces: Vec<Face> = detector
            .detect(&ImageData::new(&grey, across, down))
            .into_iter()
            .map(|found| {
                let place = found.bbox();
                let place = Rect {
                    x: place.x() as f32 / across as f32,
                    y: place.y() as f32 / down as f32,
                    width: place.width() as f32 / across as f32,
                    height: place.height() as f32 / down as f32,
                };
                Face { place, score: found.score() as f32 }
            })
            .filter(|face| face.place.width > 0.0 && face.place.height > 0.0)
            .collect();
        faces.sort_by(|a, b| b.place.height.total_cmp(&a.place.height));
        faces
    }
}
