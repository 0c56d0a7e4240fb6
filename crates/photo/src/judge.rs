//! Says what is not good about a portrait, as plain hints with numbers. Whether to go on is for the operator to say.

use crate::frame::{Cut, HEAD, Rect};
use crate::{Face, Photo};

/// The head's share of the frame's height that a guard can recognise from two metres.
const NEEDED_PERCENT: u32 = 50;
/// Cut out of the file, a portrait of fewer pixels is below 150 dpi on a card.
const NEEDED_WIDTH: u32 = 120;
const NEEDED_HEIGHT: u32 = 160;
/// The square of the face is looked at this large, so that sharpness does not depend on the camera.
const LOOKED_AT: u32 = 96;
const SHARP: u32 = 12;
const DARK: u32 = 55;
const BRIGHT: u32 = 225;
/// A second face counts from this part of the first one's height.
const SECOND: f32 = 0.4;

/// Something that is not good about a portrait.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hint {
    /// No face was found.
    NoFace,
    /// More than one face is in the frame.
    TwoFaces,
    /// The head takes too little of the frame.
    FaceSmall {
        /// Of the frame's height, in percent.
        percent: u32,
        /// What it should take.
        needed: u32,
    },
    /// The face is cut off by the frame's edge.
    FaceCut,
    /// The face is not sharp.
    Blurred {
        /// How sharp it is: 100 is just enough.
        percent: u32,
    },
    /// What is cut out of the file has too few pixels for a print.
    TooSmall {
        /// Across, in pixels of the file.
        width: u32,
        /// Down.
        height: u32,
        /// What it should have down.
        needed: u32,
    },
    /// The face is too dark.
    Dark {
        /// Mean brightness, in percent.
        percent: u32,
    },
    /// The face is too bright.
    Bright {
        /// Mean brightness, in percent.
        percent: u32,
    },
}

impl Hint {
    /// Stable, for the words in `ui/`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoFace => "photo.face.none",
            Self::TwoFaces => "photo.face.two",
            Self::FaceSmall { .. } => "photo.face.small",
            Self::FaceCut => "photo.face.cut",
            Self::Blurred { .. } => "photo.blurred",
            Self::TooSmall { .. } => "photo.small",
            Self::Dark { .. } => "photo.dark",
            Self::Bright { .. } => "photo.bright",
        }
    }

    /// Named values for the words.
    #[must_use]
    pub fn details(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::NoFace | Self::TwoFaces | Self::FaceCut => Vec::new(),
            Self::FaceSmall { percent, needed } => {
                vec![("percent", percent.to_string()), ("needed", needed.to_string())]
            }
            Self::Blurred { percent } | Self::Dark { percent } | Self::Bright { percent } => {
                vec![("percent", percent.to_string())]
            }
            Self::TooSmall { width, height, needed } => {
                vec![("width", width.to_string()), ("height", height.to_string()), ("needed", needed.to_string())]
            }
        }
    }
}

pub(crate) fn hints(photo: &Photo, faces: &[Face], cut: &Cut, on_frame: Option<Rect>) -> Vec<Hint> {
    let mut hints = Vec::new();
    let (width, height) = (cut.width * photo.reduction(), cut.height * photo.reduction());
    if width < NEEDED_WIDTH as f32 || height < NEEDED_HEIGHT as f32 {
        hints.push(Hint::TooSmall { width: width as u32, height: height as u32, needed: NEEDED_HEIGHT });
    }
    let (Some(face), Some(seen)) = (faces.first(), on_frame) else {
        hints.push(Hint::NoFace);
        return hints;
    };
    let (w, h) = photo.working_size();
    let (w, h) = (w as f32, h as f32);
    let also_seen = |other: &Face| {
        let x = (other.place.x + other.place.width / 2.0) * w;
        let y = (other.place.y + other.place.height / 2.0) * h;
        (x - cut.center.0).abs() < cut.width / 2.0 && (y - cut.center.1).abs() < cut.height / 2.0
    };
    if faces.iter().skip(1).any(|other| other.place.height > face.place.height * SECOND && also_seen(other)) {
        hints.push(Hint::TwoFaces);
    }
    let square = face.place.height * h;
    let percent = (100.0 * square * HEAD / cut.height).round() as u32;
    if percent < NEEDED_PERCENT {
        hints.push(Hint::FaceSmall { percent, needed: NEEDED_PERCENT });
    }
    let whole = square * square / (cut.width * cut.height);
    if seen.width * seen.height < 0.9 * whole {
        hints.push(Hint::FaceCut);
    }
    let grey = look(photo, face.place);
    let mean = grey.iter().map(|g| u32::from(*g)).sum::<u32>() / grey.len().max(1) as u32;
    if mean < DARK {
        hints.push(Hint::Dark { percent: mean * 100 / 255 });
    } else if mean > BRIGHT {
        hints.push(Hint::Bright { percent: mean * 100 / 255 });
    }
    let percent = sharpness(&grey) * 100 / SHARP;
    if percent < 100 {
        hints.push(Hint::Blurred { percent });
    }
    hints
}

fn look(photo: &Photo, place: Rect) -> Vec<u8> {
    let (w, h) = photo.working_size();
    let (w, h) = (w as f32, h as f32);
    photo.grey([place.x * w, place.y * h, place.width * w, place.height * h], LOOKED_AT, LOOKED_AT)
}

/// How much neighbouring pixels differ from their mean (the Laplacian), against the contrast of the whole: 0 to 1000.
fn sharpness(grey: &[u8]) -> u32 {
    let side = LOOKED_AT as usize;
    let at = |x: usize, y: usize| f32::from(grey[y * side + x]);
    let mut edges = 0.0;
    for y in 1..side - 1 {
        for x in 1..side - 1 {
            let laplacian = 4.0 * at(x, y) - at(x - 1, y) - at(x + 1, y) - at(x, y - 1) - at(x, y + 1);
            edges += laplacian * laplacian;
        }
    }
    let mean = grey.iter().map(|g| f32::from(*g)).sum::<f32>() / grey.len() as f32;
    let contrast: f32 = grey.iter().map(|g| (f32::from(*g) - mean).powi(2)).sum();
    (1000.0 * edges / contrast.max(side as f32 * side as f32 * 25.0)).min(1000.0) as u32
}
