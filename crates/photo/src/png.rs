//! PNG to working pixels, row by row. Transparency is laid on white.

use std::io::Cursor;

use ::png::{ColorType, Decoder, DecodingError, Limits, Transformations};

use crate::exif::Orientation;
use crate::pixels::Working;
use crate::reduce::Reducer;
use crate::{MAX_PIXELS, PhotoError};

/// An interlaced picture has to stand in memory whole.
const MAX_WHOLE_BYTES: u64 = 400_000_000;

pub(crate) fn read(bytes: &[u8]) -> Result<Working, PhotoError> {
    let (width, height) = header(bytes)?;
    if u64::from(width) * u64::from(height) > MAX_PIXELS {
        return Err(PhotoError::TooLarge { width, height, limit_megapixels: MAX_PIXELS / 1_000_000 });
    }
    let mut decoder = Decoder::new_with_limits(Cursor::new(bytes), Limits { bytes: 64 << 20 });
    decoder.set_transformations(Transformations::normalize_to_color8());
    decoder.set_ignore_text_chunk(true);
    decoder.set_ignore_iccp_chunk(true);
    let mut reader = decoder.read_info().map_err(fault)?;
    let orientation = Orientation::of(reader.info().exif_metadata.as_deref());
    let (color, _) = reader.output_color_type();
    let samples = color.samples();
    let mut reducer = Reducer::new(width, height);
    let mut rgb = Vec::with_capacity(width as usize * 3);
    if reader.info().interlaced {
        let needed = reader.output_buffer_size().unwrap_or(usize::MAX);
        if needed as u64 > MAX_WHOLE_BYTES {
            let limit_mb = MAX_WHOLE_BYTES / 1_000_000;
            return Err(PhotoError::TooHeavy { needed_mb: needed as u64 / 1_000_000, limit_mb });
        }
        let mut whole = vec![0; needed];
        reader.next_frame(&mut whole).map_err(fault)?;
        for row in whole.chunks_exact(width as usize * samples) {
            to_rgb(color, row, &mut rgb);
            reducer.row(&rgb);
        }
    } else {
        for _ in 0..height {
            let row = reader.next_row().map_err(fault)?.ok_or(PhotoError::Truncated)?;
            to_rgb(color, row.data(), &mut rgb);
            reducer.row(&rgb);
        }
    }
    let (working, rgb) = reducer.finish();
    Ok(Working {
        size: orientation.size(working),
        original: orientation.size((width, height)),
        rgb: orientation.turn(rgb, working),
    })
}

/// The size from the first chunk (PNG, third edition, §11.2.1), before a decoder allocates for it.
fn header(bytes: &[u8]) -> Result<(u32, u32), PhotoError> {
    let start = bytes.get(8..24).ok_or(PhotoError::Truncated)?;
    let number = |at: usize| start.get(at..at + 4).map_or(0, |b| b.iter().fold(0u32, |n, b| n << 8 | u32::from(*b)));
    if &start[4..8] != b"IHDR" || number(8) == 0 || number(12) == 0 {
        return Err(PhotoError::Damaged);
    }
    Ok((number(8), number(12)))
}

fn to_rgb(color: ColorType, row: &[u8], rgb: &mut Vec<u8>) {
    let on_white = |value: u8, alpha: u8| {
        let (value, alpha) = (u32::from(value), u32::from(alpha));
        ((value * alpha + 255 * (255 - alpha) + 127) / 255) as u8
    };
    rgb.clear();
    match color {
        ColorType::Grayscale => rgb.extend(row.iter().flat_map(|grey| [*grey; 3])),
        ColorType::GrayscaleAlpha => rgb.extend(row.chunks_exact(2).flat_map(|p| [on_white(p[0], p[1]); 3])),
        ColorType::Rgba => {
            rgb.extend(row.chunks_exact(4).flat_map(|p| [p[0], p[1], p[2]].map(|value| on_white(value, p[3]))));
        }
        // An indexed picture has been expanded by the decoder.
        ColorType::Rgb | ColorType::Indexed => rgb.extend_from_slice(row),
    }
}

fn fault(error: DecodingError) -> PhotoError {
    match error {
        DecodingError::IoError(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => PhotoError::Truncated,
        DecodingError::IoError(_) | DecodingError::Format(_) | DecodingError::Parameter(_) => PhotoError::Damaged,
        DecodingError::LimitsExceeded => PhotoError::Unsupported,
    }
}
