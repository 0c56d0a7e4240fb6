//! Cuts the portrait out: by itself around the face, then as the operator moves, zooms and turns it.

use image::ExtendedColorType;
use image::codecs::jpeg::JpegEncoder;

use crate::judge::{self, Hint};
use crate::{Face, Photo, PhotoError};

/// Height of every portrait, in pixels: 27 mm at 740 dpi, more than any card printer shows.
pub const PORTRAIT_HEIGHT: u32 = 800;
const QUALITY: u8 = 90;

/// From crown, hair included, to chin, in heights of the detector's square (brow to lower lip).
pub(crate) const HEAD: f32 = 1.55;
/// How far the crown is above the square, in its heights.
const CROWN: f32 = 0.45;
/// How much of the frame's height the head takes when it is framed by itself, and how much is left above it.
const HEAD_SHARE: f32 = 0.66;
const ABOVE: f32 = 0.12;

/// A place as parts (0 to 1) of a picture's width and height, from the upper left corner.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rect {
    /// Left edge.
    pub x: f32,
    /// Upper edge.
    pub y: f32,
    /// Width.
    pub width: f32,
    /// Height.
    pub height: f32,
}

/// What the operator does to the automatic frame.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Adjustments {
    /// Moves the picture to the right, in widths of the frame.
    pub dx: f32,
    /// Moves the picture down, in heights of the frame.
    pub dy: f32,
    /// Above 1 comes nearer.
    pub zoom: f32,
    /// Turns the picture clockwise.
    pub turn_degrees: f32,
}

impl Default for Adjustments {
    fn default() -> Self {
        Self { dx: 0.0, dy: 0.0, zoom: 1.0, turn_degrees: 0.0 }
    }
}

impl Adjustments {
    /// Within what makes sense, and no `NaN`.
    fn bounded(self) -> Self {
        let bound = |value: f32, low: f32, high: f32, neutral: f32| {
            if value.is_finite() { value.clamp(low, high) } else { neutral }
        };
        Self {
            dx: bound(self.dx, -4.0, 4.0, 0.0),
            dy: bound(self.dy, -4.0, 4.0, 0.0),
            zoom: bound(self.zoom, 0.1, 10.0, 1.0),
            turn_degrees: bound(self.turn_degrees, -180.0, 180.0, 0.0),
        }
    }
}

/// A portrait, ready for the card and the store.
#[derive(Clone, PartialEq)]
pub struct Framed {
    /// JPEG, RGB, without metadata. The same photo and adjustments give the same bytes.
    pub jpeg: Vec<u8>,
    /// Pixels across.
    pub width: u32,
    /// Pixels down: [`PORTRAIT_HEIGHT`].
    pub height: u32,
    /// Where the (largest) face is in it, if one was found and is inside.
    pub face: Option<Rect>,
    /// What is not good about it; empty if all is well.
    pub hints: Vec<Hint>,
}

impl std::fmt::Debug for Framed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Framed({} × {}, {:?})", self.width, self.height, self.hints)
    }
}

/// The frame on the photo, in working pixels.
pub(crate) struct Cut {
    pub(crate) center: (f32, f32),
    pub(crate) width: f32,
    pub(crate) height: f32,
    sin: f32,
    cos: f32,
}

/// Cuts the portrait out of a photo.
///
/// `faces` come from [`Photo::find_faces`]; `ratio` is width by height of the place on the card (0.25 to 4).
///
/// # Errors
/// [`PhotoError::Write`].
pub fn frame(photo: &Photo, faces: &[Face], ratio: f32, adjustments: Adjustments) -> Result<Framed, PhotoError> {
    let ratio = if ratio.is_finite() { ratio.clamp(0.25, 4.0) } else { 0.75 };
    let cut = cut(photo, faces.first(), ratio, adjustments.bounded());
    let (width, height) = ((PORTRAIT_HEIGHT as f32 * ratio).round() as u32, PORTRAIT_HEIGHT);
    let rgb = resample(photo, &cut, width, height);
    let mut jpeg = Vec::new();
    JpegEncoder::new_with_quality(&mut jpeg, QUALITY)
        .encode(&rgb, width, height, ExtendedColorType::Rgb8)
        .map_err(|_| PhotoError::Write)?;
    let face = faces.first().and_then(|face| cut.on_frame(photo, face.place));
    let hints = judge::hints(photo, faces, &cut, face);
    Ok(Framed { jpeg, width, height, face, hints })
}

fn cut(photo: &Photo, face: Option<&Face>, ratio: f32, by: Adjustments) -> Cut {
    let (w, h) = photo.working_size();
    let (w, h) = (w as f32, h as f32);
    let largest = h.min(w / ratio);
    let (x, y, height) = match face {
        Some(Face { place, .. }) => {
            let square = place.height * h;
            let height = (square * HEAD / HEAD_SHARE).min(largest);
            let crown = place.y * h - square * CROWN;
            ((place.x + place.width / 2.0) * w, crown - ABOVE * height + height / 2.0, height)
        }
        // Without a face the upper middle is the best guess.
        None => (w / 2.0, largest / 2.0 + (h - largest) * 0.3, largest),
    };
    // The automatic frame stays within the picture, and so does the operator's.
    let within = |center: f32, size: f32, whole: f32| center.clamp(size / 2.0, (whole - size / 2.0).max(size / 2.0));
    let (x, y) = (within(x, height * ratio, w), within(y, height, h));
    let height = (height / by.zoom).clamp(8.0_f32.min(largest), largest);
    let width = height * ratio;
    let x = within(x - by.dx * width, width, w);
    let y = within(y - by.dy * height, height, h);
    let (sin, cos) = (-by.turn_degrees).to_radians().sin_cos();
    Cut { center: (x, y), width, height, sin, cos }
}

impl Cut {
    /// From the frame (parts of its size) to working pixels.
    fn to_photo(&self, u: f32, v: f32) -> (f32, f32) {
        let (x, y) = ((u - 0.5) * self.width, (v - 0.5) * self.height);
        (self.center.0 + x * self.cos - y * self.sin, self.center.1 + x * self.sin + y * self.cos)
    }

    /// Where a part of the photo comes to lie on the frame; `None` if outside.
    fn on_frame(&self, photo: &Photo, place: Rect) -> Option<Rect> {
        let (w, h) = photo.working_size();
        let (w, h) = (w as f32, h as f32);
        let (x, y) = ((place.x + place.width / 2.0) * w, (place.y + place.height / 2.0) * h);
        let (x, y) = (x - self.center.0, y - self.center.1);
        let (x, y) = (x * self.cos + y * self.sin, y * self.cos - x * self.sin);
        // A face is round enough for its square to stay upright when the picture is turned.
        let (width, height) = (place.width * w / self.width, place.height * h / self.height);
        let (left, top) = (x / self.width + 0.5 - width / 2.0, y / self.height + 0.5 - height / 2.0);
        let (right, bottom) = ((left + width).min(1.0), (top + height).min(1.0));
        let (left, top) = (left.max(0.0), top.max(0.0));
        (right > left && bottom > top).then_some(Rect { x: left, y: top, width: right - left, height: bottom - top })
    }
}

fn resample(photo: &Photo, cut: &Cut, width: u32, height: u32) -> Vec<u8> {
    // Where the picture is made smaller, each pixel is the average of as many places as it covers.
    let taps = (cut.height / height as f32).ceil().clamp(1.0, 6.0) as u32;
    let count = (taps * taps) as f32;
    let mut rgb = Vec::with_capacity((width * height * 3) as usize);
    for row in 0..height {
        for column in 0..width {
            let mut sums = [0.0; 3];
            for (i, j) in (0..taps).flat_map(|i| (0..taps).map(move |j| (i, j))) {
                let offset = |n: u32| (n as f32 + 0.5) / taps as f32;
                let (x, y) =
                    cut.to_photo((column as f32 + offset(i)) / width as f32, (row as f32 + offset(j)) / height as f32);
                for (sum, value) in sums.iter_mut().zip(photo.sample(x - 0.5, y - 0.5)) {
                    *sum += value;
                }
            }
            rgb.extend(sums.map(|sum: f32| (sum / count).round().clamp(0.0, 255.0) as u8));
        }
    }
    rgb
}
