//! Files that are large, cut short, damaged, or claim what they are not.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout)]

use std::io::Cursor;
use std::process::Command;

use image::{DynamicImage, ImageFormat, RgbImage, RgbaImage};
use lanyard_fault::Coded;
use lanyard_photo::{Photo, PhotoError};

const EILEEN: &[u8] = include_bytes!("../../../assets/people/eileen.jpg");

fn packed(image: impl Into<DynamicImage>, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    image.into().write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

/// A grey baseline JPEG of any size, written block by block: tables and header as an encoder writes them for 8 × 8
/// pixels, and then for each block "no difference, end of block".
fn flat_jpeg(width: u16, height: u16) -> Vec<u8> {
    let seed = packed(RgbImage::from_pixel(8, 8, image::Rgb([120, 130, 140])), ImageFormat::Jpeg);
    let frame = seed.windows(2).position(|w| w == [0xFF, 0xC0]).unwrap();
    let scan = seed.windows(2).position(|w| w == [0xFF, 0xDA]).unwrap();
    let data = scan + 2 + usize::from(u16::from_be_bytes([seed[scan + 2], seed[scan + 3]]));
    let mut file = seed[..data].to_vec();
    file[frame + 5..frame + 7].copy_from_slice(&height.to_be_bytes());
    file[frame + 7..frame + 9].copy_from_slice(&width.to_be_bytes());
    assert_eq!(file[frame + 11..frame + 12], [0x11], "no subsampling");
    let blocks = usize::from(width.div_ceil(8)) * usize::from(height.div_ceil(8));
    // T.81 annex K: luminance DC 0 is `00`, end of block `1010`; chrominance `00` and `00`.
    let bits = [0u8, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    let (mut byte, mut count) = (0u8, 0);
    for bit in std::iter::repeat_n(bits, blocks).flatten() {
        byte = byte << 1 | bit;
        count += 1;
        if count == 8 {
            file.push(byte);
            (byte, count) = (0, 0);
        }
    }
    if count > 0 {
        file.push(byte << (8 - count) | (0xFF >> count));
    }
    file.extend([0xFF, 0xD9]);
    file
}

#[test]
fn a_photo_of_120_megapixels_is_read_within_512_megabytes() {
    let folder = std::env::temp_dir().join(format!("lanyard-photo-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    for (name, bytes) in [("large.jpg", flat_jpeg(12_000, 10_000)), ("large.png", flat_png(12_000, 10_000))] {
        let file = folder.join(name);
        std::fs::write(&file, bytes).unwrap();
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "reads_one_large_file_when_told_to", "--nocapture"])
            .env("LANYARD_PHOTO_FILE", &file)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&child.stdout).into_owned();
        assert!(child.status.success(), "{said} {}", String::from_utf8_lossy(&child.stderr));
        let peak_kb: u64 = said.lines().find_map(|l| l.split("peak ").nth(1)?.split(' ').next()?.parse().ok()).unwrap();
        assert!(peak_kb < 512_000, "{name}: {peak_kb} kB");
    }
    std::fs::remove_dir_all(folder).unwrap();
}

/// The other half of the test above, in a process of its own, so that its memory is its own. Alone it has no file.
#[test]
fn reads_one_large_file_when_told_to() {
    let Some(file) = std::env::var_os("LANYARD_PHOTO_FILE") else { return };
    let photo = Photo::read(&std::fs::read(file).unwrap()).unwrap();
    assert_eq!(photo.size(), (12_000, 10_000));
    assert!(photo.find_faces().is_empty());
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let peak = status.lines().find_map(|l| l.strip_prefix("VmHWM:")).unwrap().trim().trim_end_matches(" kB");
    println!("peak {peak} kB");
}

/// An RGB PNG of one colour, packed row by row.
fn flat_png(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_filter(png::Filter::NoFilter);
    let mut writer = encoder.write_header().unwrap();
    let mut stream = writer.stream_writer().unwrap();
    let row = vec![130; width as usize * 3];
    for _ in 0..height {
        std::io::Write::write_all(&mut stream, &row).unwrap();
    }
    stream.finish().unwrap();
    writer.finish().unwrap();
    bytes
}

#[test]
fn a_header_that_claims_more_than_120_megapixels_is_refused_with_its_numbers() {
    let jpeg = flat_jpeg(16, 16);
    let frame = jpeg.windows(2).position(|w| w == [0xFF, 0xC0]).unwrap();
    for (width, height) in [(12_001u16, 10_000u16), (65_535, 65_535)] {
        let mut claims = jpeg.clone();
        claims[frame + 5..frame + 7].copy_from_slice(&height.to_be_bytes());
        claims[frame + 7..frame + 9].copy_from_slice(&width.to_be_bytes());
        let error = Photo::read(&claims).unwrap_err();
        let limit_megapixels = 120;
        assert_eq!(error, PhotoError::TooLarge { width: width.into(), height: height.into(), limit_megapixels });
        assert!(error.details().contains(&("limit", "120".to_owned())));
    }
    let mut png = packed(RgbImage::new(4, 4), ImageFormat::Png);
    png[16..24].copy_from_slice(&[0, 1, 0, 0, 0, 1, 0, 0]);
    assert!(matches!(Photo::read(&png), Err(PhotoError::TooLarge { width: 65_536, height: 65_536, .. })));
}

#[test]
fn a_file_cut_short_anywhere_is_refused_as_cut_short() {
    let png = packed(image::load_from_memory(EILEEN).unwrap(), ImageFormat::Png);
    for file in [EILEEN, &png] {
        assert!(Photo::read(file).is_ok());
        for part in 1..20 {
            let cut = &file[..file.len() * part / 20];
            assert_eq!(Photo::read(cut), Err(PhotoError::Truncated), "{part} of 20");
        }
    }
    // The end of the picture alone is missing.
    assert_eq!(Photo::read(&EILEEN[..EILEEN.len() - 2]), Err(PhotoError::Truncated));
}

#[test]
fn what_is_no_picture_is_said_to_be_none() {
    for bytes in [&b""[..], b"GIF89a", b"RIFF....WEBP", b"%PDF-1.4", b"<svg/>", &[0; 4096]] {
        assert_eq!(Photo::read(bytes), Err(PhotoError::Format));
    }
}

#[test]
fn a_damaged_file_gives_an_error_or_a_picture_and_never_more() {
    // A small generator of one's own, so that a failure can be run again.
    let mut state = 0x2545_F491_4F6C_DD17_u64;
    let mut next = move |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % below.max(1) as u64) as usize
    };
    let small = image::load_from_memory(EILEEN).unwrap().thumbnail(48, 48);
    for file in [packed(small.clone(), ImageFormat::Jpeg), packed(small, ImageFormat::Png)] {
        for _ in 0..1500 {
            let mut damaged = file.clone();
            for _ in 0..=next(4) {
                let at = 2 + next(damaged.len() - 2);
                damaged[at] = next(256) as u8;
            }
            if let Ok(photo) = Photo::read(&damaged) {
                let (width, height) = photo.size();
                assert!(width > 0 && height > 0);
            }
        }
    }
}

#[test]
fn what_is_see_through_is_laid_on_white() {
    let clear = RgbaImage::from_fn(64, 64, |x, _| image::Rgba([200, 0, 0, if x < 32 { 0 } else { 255 }]));
    let photo = Photo::read(&packed(clear, ImageFormat::Png)).unwrap();
    let square = lanyard_photo::frame(&photo, &[], 1.0, lanyard_photo::Adjustments::default()).unwrap();
    let picture = image::load_from_memory(&square.jpeg).unwrap().into_rgb8();
    assert!(picture.get_pixel(100, 400).0.iter().all(|value| *value > 245));
    let red = picture.get_pixel(700, 400).0;
    assert!(red[0] > 180 && red[1] < 30 && red[2] < 30, "{red:?}");
}

#[test]
fn grey_photos_are_read() {
    let grey = image::load_from_memory(EILEEN).unwrap().into_luma8();
    for format in [ImageFormat::Jpeg, ImageFormat::Png] {
        assert_eq!(Photo::read(&packed(grey.clone(), format)).unwrap().find_faces().len(), 1);
    }
}
