//! The working copy of a photo: upright, at most 24 megapixels, without metadata.

use std::fmt;

use crate::{MAX_BYTES, PhotoError, jpeg, png};

/// What the readers hand over.
pub(crate) struct Working {
    pub(crate) size: (u32, u32),
    pub(crate) original: (u32, u32),
    pub(crate) rgb: Vec<u8>,
}

/// A photo, upright. Holds pixels only; whatever else was in the file is gone.
#[derive(Clone, PartialEq, Eq)]
pub struct Photo {
    width: u32,
    height: u32,
    original: (u32, u32),
    rgb: Vec<u8>,
}

impl fmt::Debug for Photo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Photo({} × {})", self.width, self.height)
    }
}

impl Photo {
    /// Reads a JPEG or PNG: header first, then the pixels piece by piece, at most 512 MB in all for a picture of 120
    /// megapixels, the file included.
    ///
    /// # Errors
    /// See [`PhotoError`].
    pub fn read(bytes: &[u8]) -> Result<Self, PhotoError> {
        if bytes.len() > MAX_BYTES {
            return Err(PhotoError::FileTooLarge { bytes: bytes.len(), limit: MAX_BYTES });
        }
        let working = if bytes.starts_with(&[0xFF, 0xD8]) {
            jpeg::read(bytes)?
        } else if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
            png::read(bytes)?
        } else {
            return Err(PhotoError::Format);
        };
        let (width, height) = working.size;
        if working.rgb.len() as u64 != u64::from(width) * u64::from(height) * 3 || working.rgb.is_empty() {
            return Err(PhotoError::Damaged);
        }
        Ok(Self { width, height, original: working.original, rgb: working.rgb })
    }

    /// Width and height of the file's picture, upright.
    #[must_use]
    pub fn size(&self) -> (u32, u32) {
        self.original
    }

    /// Width and height of the working copy, which all rectangles of this crate are parts of.
    pub(crate) fn working_size(&self) -> (u32, u32) {
        (self.width, self.height)
    }

    /// How many pixels of the file stand behind one of the working copy, along a side.
    pub(crate) fn reduction(&self) -> f32 {
        self.original.0 as f32 / self.width as f32
    }

    /// Colour at a place between pixels, 0.0 to 255.0; past the edge the edge goes on.
    pub(crate) fn sample(&self, x: f32, y: f32) -> [f32; 3] {
        let x = x.clamp(0.0, (self.width - 1) as f32);
        let y = y.clamp(0.0, (self.height - 1) as f32);
        let (left, top) = (x as usize, y as usize);
        let right = (left + 1).min(self.width as usize - 1);
        let below = (top + 1).min(self.height as usize - 1);
        let (fx, fy) = (x - left as f32, y - top as f32);
        let at = |x: usize, y: usize| (y * self.width as usize + x) * 3;
        let corners = [at(left, top), at(right, top), at(left, below), at(right, below)];
        let weights = [(1.0 - fx) * (1.0 - fy), fx * (1.0 - fy), (1.0 - fx) * fy, fx * fy];
        let mut color = [0.0; 3];
        for (corner, weight) in corners.into_iter().zip(weights) {
            for (sum, value) in color.iter_mut().zip(&self.rgb[corner..corner + 3]) {
                *sum += f32::from(*value) * weight;
            }
        }
        color
    }

    /// A grey copy of a part (x, y, width, height in working pixels), `across` × `down`, each pixel an average.
    pub(crate) fn grey(&self, part: [f32; 4], across: u32, down: u32) -> Vec<u8> {
        let [x, y, width, height] = part;
        let (step_x, step_y) = (width / across as f32, height / down as f32);
        let taps = step_x.max(step_y).ceil().clamp(1.0, 6.0) as u32;
        let mut grey = Vec::with_capacity((across * down) as usize);
        for row in 0..down {
            for column in 0..across {
                let mut sum = 0.0;
                for (i, j) in (0..taps).flat_map(|i| (0..taps).map(move |j| (i, j))) {
                    let offset = |n: u32| (n as f32 + 0.5) / taps as f32;
                    let [r, g, b] = self.sample(
                        x + (column as f32 + offset(i)) * step_x - 0.5,
                        y + (row as f32 + offset(j)) * step_y - 0.5,
                    );
                    sum += 0.299 * r + 0.587 * g + 0.114 * b;
                }
                grey.push((sum / (taps * taps) as f32).round().clamp(0.0, 255.0) as u8);
            }
        }
        grey
    }
}
