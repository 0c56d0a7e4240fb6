//! Which way up a picture is: the one thing read from its metadata; the rest is dropped.

use ::exif::{In, Reader, Tag};

/// EXIF 2.32 §4.6.4, `Orientation`: how the stored rows and columns are to be turned to stand upright.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Orientation {
    /// Rows and columns change places, before the mirroring.
    pub(crate) transposed: bool,
    pub(crate) mirrored_across: bool,
    pub(crate) mirrored_down: bool,
}

impl Orientation {
    /// From the TIFF block; upright where there is none, or none that can be read.
    pub(crate) fn of(tiff: Option<&[u8]>) -> Self {
        let number = tiff
            .and_then(|bytes| Reader::new().read_raw(bytes.to_vec()).ok())
            .and_then(|exif| exif.get_field(Tag::Orientation, In::PRIMARY)?.value.get_uint(0));
        let (transposed, mirrored_across, mirrored_down) = match number {
            Some(2) => (false, true, false),
            Some(3) => (false, true, true),
            Some(4) => (false, false, true),
            Some(5) => (true, false, false),
            Some(6) => (true, true, false),
            Some(7) => (true, true, true),
            Some(8) => (true, false, true),
            _ => (false, false, false),
        };
        Self { transposed, mirrored_across, mirrored_down }
    }

    /// Size once upright.
    pub(crate) fn size(self, (width, height): (u32, u32)) -> (u32, u32) {
        if self.transposed { (height, width) } else { (width, height) }
    }

    /// Turns RGB pixels upright.
    pub(crate) fn turn(self, rgb: Vec<u8>, (width, height): (u32, u32)) -> Vec<u8> {
        if self == Self::default() {
            return rgb;
        }
        let (w, h) = (width as usize, height as usize);
        let (across, down) = if self.transposed { (h, w) } else { (w, h) };
        let mut turned = Vec::with_capacity(rgb.len());
        for y in 0..down {
            for x in 0..across {
                let x = if self.mirrored_across { across - 1 - x } else { x };
                let y = if self.mirrored_down { down - 1 - y } else { y };
                let at = if self.transposed { x * w + y } else { y * w + x } * 3;
                turned.extend_from_slice(&rgb[at..at + 3]);
            }
        }
        turned
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tiff(orientation: u8) -> Vec<u8> {
        // Little-endian TIFF, one directory with one SHORT.
        vec![b'I', b'I', 42, 0, 8, 0, 0, 0, 1, 0, 0x12, 0x01, 3, 0, 1, 0, 0, 0, orientation, 0, 0, 0, 0, 0, 0, 0]
    }

    /// The letter F as cameras store it in each of the eight ways (EXIF 2.32, figure of §4.6.4), one byte a pixel.
    fn stored(orientation: u8) -> (Vec<&'static str>, (u32, u32)) {
        let rows = match orientation {
            1 => vec!["FF", "F.", "F."],
            2 => vec!["FF", ".F", ".F"],
            3 => vec![".F", ".F", "FF"],
            4 => vec!["F.", "F.", "FF"],
            5 => vec!["FFF", "F.."],
            6 => vec!["F..", "FFF"],
            7 => vec!["..F", "FFF"],
            _ => vec!["FFF", "..F"],
        };
        let size = (rows[0].len() as u32, rows.len() as u32);
        (rows, size)
    }

    #[test]
    fn each_of_the_eight_orientations_comes_out_upright() {
        for number in 1..=8 {
            let (rows, size) = stored(number);
            let rgb: Vec<u8> = rows.concat().bytes().flat_map(|b| [b; 3]).collect();
            let orientation = Orientation::of(Some(&tiff(number)));
            assert_eq!(orientation.size(size), (2, 3), "{number}");
            let upright: Vec<u8> = orientation.turn(rgb, size).chunks(3).map(|p| p[0]).collect();
            assert_eq!(String::from_utf8(upright).unwrap(), "FFF.F.", "{number}");
        }
    }

    #[test]
    fn broken_metadata_means_upright_not_an_error() {
        for bytes in [&b""[..], b"II*\0", &[0xFF; 64], &tiff(99)] {
            assert_eq!(Orientation::of(Some(bytes)), Orientation::default());
        }
    }
}
