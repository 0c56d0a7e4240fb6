//! JPEG to working pixels. The header is read here, before any decoder allocates for it; the decoder then scales in the
//! frequency domain, so a large picture is never unpacked whole. Paragraphs are of ITU-T T.81.

use std::io::{self, Cursor};

use jpeg_decoder::{Decoder, Error, PixelFormat};

use crate::exif::Orientation;
use crate::pixels::Working;
use crate::reduce::{Reducer, WORKING_PIXELS};
use crate::{MAX_PIXELS, PhotoError};

/// What the coefficients of a progressive picture may take: all of them are needed until its last scan.
const MAX_COEFFICIENT_BYTES: u64 = 400_000_000;

/// What the header says (§B.2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Header {
    width: u32,
    height: u32,
    /// The bytes that coefficients take if the picture is progressive, else 0.
    coefficient_bytes: u64,
}

pub(crate) fn read(bytes: &[u8]) -> Result<Working, PhotoError> {
    let header = header(bytes)?;
    if u64::from(header.width) * u64::from(header.height) > MAX_PIXELS {
        let limit_megapixels = MAX_PIXELS / 1_000_000;
        return Err(PhotoError::TooLarge { width: header.width, height: header.height, limit_megapixels });
    }
    if header.coefficient_bytes > MAX_COEFFICIENT_BYTES {
        return Err(PhotoError::TooHeavy {
            needed_mb: header.coefficient_bytes / 1_000_000,
            limit_mb: MAX_COEFFICIENT_BYTES / 1_000_000,
        });
    }
    let mut decoder = Decoder::new(Cursor::new(bytes));
    decoder.read_info().map_err(fault)?;
    let by = shrink(header.width, header.height);
    let side = |length: u32| u16::try_from(length.div_ceil(by)).unwrap_or(u16::MAX);
    decoder.scale(side(header.width), side(header.height)).map_err(fault)?;
    let pixels = decoder.decode().map_err(fault)?;
    let info = decoder.info().ok_or(PhotoError::Damaged)?;
    let size = (u32::from(info.width), u32::from(info.height));
    let orientation = Orientation::of(decoder.exif_data());
    let mut reducer = Reducer::new(size.0, size.1);
    let row_bytes = usize::from(info.width) * info.pixel_format.pixel_bytes();
    if row_bytes == 0 || pixels.len() != row_bytes * usize::from(info.height) {
        return Err(PhotoError::Damaged);
    }
    let mut rgb = Vec::with_capacity(usize::from(info.width) * 3);
    for row in pixels.chunks_exact(row_bytes) {
        match info.pixel_format {
            PixelFormat::RGB24 => reducer.row(row),
            PixelFormat::L8 => {
                rgb.clear();
                rgb.extend(row.iter().flat_map(|grey| [*grey; 3]));
                reducer.row(&rgb);
            }
            PixelFormat::CMYK32 => {
                rgb.clear();
                rgb.extend(row.chunks_exact(4).flat_map(|p| {
                    let black = 255 - u32::from(p[3]);
                    [p[0], p[1], p[2]].map(|ink| ((255 - u32::from(ink)) * black / 255) as u8)
                }));
                reducer.row(&rgb);
            }
            PixelFormat::L16 => return Err(PhotoError::Unsupported),
        }
    }
    drop(pixels);
    let (working, rgb) = reducer.finish();
    Ok(Working {
        size: orientation.size(working),
        original: orientation.size((header.width, header.height)),
        rgb: orientation.turn(rgb, working),
    })
}

/// What both sides are divided by while decoding: 1, 2, 4 or 8.
fn shrink(width: u32, height: u32) -> u32 {
    let mut by = 1;
    while by < 8 && u64::from(width.div_ceil(by)) * u64::from(height.div_ceil(by)) > WORKING_PIXELS {
        by *= 2;
    }
    by
}

fn fault(error: Error) -> PhotoError {
    match error {
        Error::Io(error) if error.kind() == io::ErrorKind::UnexpectedEof => PhotoError::Truncated,
        Error::Unsupported(_) => PhotoError::Unsupported,
        Error::Format(_) | Error::Io(_) | Error::Internal(_) => PhotoError::Damaged,
    }
}

fn header(bytes: &[u8]) -> Result<Header, PhotoError> {
    let mut found = None;
    let mut at = 2;
    loop {
        // §B.1.1.2: any number of FF may stand before a marker.
        let marker = loop {
            match (bytes.get(at), bytes.get(at + 1)) {
                (Some(0xFF), Some(0xFF)) => at += 1,
                (Some(0xFF), Some(marker)) => break *marker,
                (Some(_), Some(_)) => return Err(PhotoError::Damaged),
                _ => return Err(PhotoError::Truncated),
            }
        };
        let length = match (bytes.get(at + 2), bytes.get(at + 3)) {
            (Some(high), Some(low)) => usize::from(u16::from_be_bytes([*high, *low])),
            _ => return Err(PhotoError::Truncated),
        };
        let body = bytes.get(at + 4..at + 2 + length.max(2)).ok_or(PhotoError::Truncated)?;
        match marker {
            // SOF0 to SOF2; the other frames are lossless, hierarchical or arithmetic.
            0xC0..=0xC2 => found = Some(frame_header(marker, body)?),
            0xC3 | 0xC5..=0xC7 | 0xC9..=0xCB | 0xCD..=0xCF => return Err(PhotoError::Unsupported),
            // Start of scan: from here on FF D9 can only be the end of the picture (§B.1.1.5).
            0xDA => {
                let scans = bytes.get(at..).unwrap_or_default();
                if !scans.windows(2).any(|pair| pair == [0xFF, 0xD9]) {
                    return Err(PhotoError::Truncated);
                }
                return found.ok_or(PhotoError::Damaged);
            }
            _ => {}
        }
        at += 2 + length.max(2);
    }
}

fn frame_header(marker: u8, body: &[u8]) -> Result<Header, PhotoError> {
    let [8, h1, h0, w1, w0, components, rest @ ..] = body else {
        return Err(if body.len() < 6 { PhotoError::Damaged } else { PhotoError::Unsupported });
    };
    let (height, width) = (u16::from_be_bytes([*h1, *h0]).into(), u16::from_be_bytes([*w1, *w0]).into());
    // Height 0 would come later, in a DNL marker that no camera writes.
    if width == 0 || height == 0 {
        return Err(PhotoError::Damaged);
    }
    let samplings: Vec<(u64, u64)> = rest
        .chunks_exact(3)
        .take(usize::from(*components))
        .map(|c| (u64::from(c[1] >> 4), u64::from(c[1] & 15)))
        .collect();
    let most = |part: fn(&(u64, u64)) -> u64| samplings.iter().map(part).max().unwrap_or(1).max(1);
    let whole = most(|s| s.0) * most(|s| s.1);
    let parts: u64 = samplings.iter().map(|s| s.0 * s.1).sum();
    let pixels = u64::from(width) * u64::from(height);
    let coefficient_bytes = if marker == 0xC2 { pixels * 2 * parts / whole } else { 0 };
    Ok(Header { width, height, coefficient_bytes })
}
