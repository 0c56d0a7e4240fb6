//! From a file to a portrait: what is found on it, how it is framed, what is said of it.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::io::Cursor;

use image::{DynamicImage, ImageFormat, RgbImage, imageops};
use lanyard_photo::{Adjustments, Face, Framed, Hint, Photo, Rect, frame};

const RATIO: f32 = 0.75;

fn astronaut() -> DynamicImage {
    image::load_from_memory(include_bytes!("../../../assets/people/eileen.jpg")).unwrap()
}

fn read(image: DynamicImage) -> Photo {
    let mut png = Cursor::new(Vec::new());
    image.write_to(&mut png, ImageFormat::Png).unwrap();
    Photo::read(png.get_ref()).unwrap()
}

fn framed(photo: &Photo, adjustments: Adjustments) -> Framed {
    frame(photo, &photo.find_faces(), RATIO, adjustments).unwrap()
}

fn codes(framed: &Framed) -> Vec<&'static str> {
    framed.hints.iter().map(Hint::code).collect()
}

#[test]
fn the_face_is_found_where_it_is() {
    let faces = read(astronaut()).find_faces();
    let [Face { place: Rect { x, y, width, height }, .. }] = faces[..] else { panic!("{faces:?}") };
    // Her eyes are at about (0.41, 0.22) and (0.46, 0.22) of the picture, her chin at 0.32.
    assert!(x < 0.40 && x + width > 0.48 && y < 0.20 && y + height > 0.28, "{faces:?}");
    assert!(width < 0.3 && height < 0.3, "{faces:?}");
}

#[test]
fn the_portrait_is_framed_around_the_face_and_nothing_is_said_of_a_good_photo() {
    let portrait = framed(&read(astronaut()), Adjustments::default());
    assert_eq!((portrait.width, portrait.height), (600, 800));
    assert!(portrait.hints.is_empty(), "{:?}", portrait.hints);
    let face = portrait.face.unwrap();
    let middle = face.x + face.width / 2.0;
    assert!((0.45..0.55).contains(&middle), "{face:?}");
    assert!(face.y > 0.15 && face.y + face.height < 0.85 && face.height > 0.35, "{face:?}");
    let decoded = image::load_from_memory(&portrait.jpeg).unwrap();
    assert_eq!((decoded.width(), decoded.height()), (600, 800));
}

#[test]
fn a_portrait_carries_no_metadata_and_is_the_same_each_time() {
    let photo = Photo::read(&with_exif(6)).unwrap();
    let one = framed(&photo, Adjustments::default());
    assert!(!one.jpeg.windows(4).any(|w| w == b"Exif"));
    assert!(one == framed(&photo, Adjustments::default()));
    assert!(!format!("{photo:?} {one:?}").contains("Exif"));
}

/// The astronaut as a camera on its side would store her, with the orientation noted.
fn with_exif(orientation: u8) -> Vec<u8> {
    let stored = match orientation {
        6 => imageops::rotate270(&astronaut().into_rgb8()),
        8 => imageops::rotate90(&astronaut().into_rgb8()),
        3 => imageops::rotate180(&astronaut().into_rgb8()),
        _ => astronaut().into_rgb8(),
    };
    let mut jpeg = Cursor::new(Vec::new());
    stored.write_to(&mut jpeg, ImageFormat::Jpeg).unwrap();
    let jpeg = jpeg.into_inner();
    let tiff = [b'M', b'M', 0, 42, 0, 0, 0, 8, 0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0, 0, 0, 0, 0];
    let mut file = jpeg[..2].to_vec();
    file.extend([0xFF, 0xE1, 0, (2 + 6 + tiff.len()) as u8]);
    file.extend(b"Exif\0\0");
    file.extend(tiff);
    file.extend(&jpeg[2..]);
    file
}

#[test]
fn a_camera_held_on_its_side_gives_an_upright_portrait() {
    for orientation in [1, 3, 6, 8] {
        let photo = Photo::read(&with_exif(orientation)).unwrap();
        let portrait = framed(&photo, Adjustments::default());
        assert!(portrait.face.is_some() && portrait.hints.is_empty(), "{orientation}: {:?}", portrait.hints);
    }
    let sideways = Photo::read(&with_exif(6)[..]).unwrap().size();
    assert_eq!(sideways, (512, 512));
}

#[test]
fn the_operator_moves_zooms_and_turns() {
    let photo = read(astronaut());
    let faces = photo.find_faces();
    let with = |adjustments| frame(&photo, &faces, RATIO, adjustments).unwrap().face.unwrap();
    let by_itself = with(Adjustments::default());
    let right = with(Adjustments { dx: 0.1, ..Adjustments::default() });
    assert!((right.x - by_itself.x - 0.1).abs() < 0.01, "{right:?}");
    let nearer = with(Adjustments { zoom: 1.2, ..Adjustments::default() });
    assert!((nearer.height / by_itself.height - 1.2).abs() < 0.05, "{nearer:?}");
    let turned = frame(&photo, &faces, RATIO, Adjustments { turn_degrees: 5.0, ..Adjustments::default() }).unwrap();
    let straight = frame(&photo, &faces, RATIO, Adjustments::default()).unwrap();
    assert!(turned.jpeg != straight.jpeg && turned.hints.is_empty());
}

#[test]
fn turning_is_clockwise() {
    // A dark bar from the middle to the top: after a quarter turn clockwise it points to the right.
    let bar = RgbImage::from_fn(400, 400, |x, y| {
        if (190..210).contains(&x) && y < 200 { image::Rgb([0; 3]) } else { image::Rgb([255; 3]) }
    });
    let photo = read(bar.into());
    let turned = frame(&photo, &[], 1.0, Adjustments { turn_degrees: 90.0, ..Adjustments::default() }).unwrap();
    let picture = image::load_from_memory(&turned.jpeg).unwrap().into_luma8();
    assert!(picture.get_pixel(700, 400).0[0] < 60 && picture.get_pixel(400, 100).0[0] > 200);
}

#[test]
fn whatever_the_operator_asks_the_frame_stays_on_the_picture() {
    let photo = read(astronaut());
    let faces = photo.find_faces();
    for wild in [f32::NAN, f32::INFINITY, -1e30, 1e30, 0.0] {
        let adjustments = Adjustments { dx: wild, dy: wild, zoom: wild, turn_degrees: wild };
        for ratio in [RATIO, wild] {
            assert!(!frame(&photo, &faces, ratio, adjustments).unwrap().jpeg.is_empty());
        }
    }
    // A picture of one pixel, and one of a single row.
    for (width, height) in [(1, 1), (300, 1)] {
        let tiny = read(RgbImage::new(width, height).into());
        assert_eq!(codes(&framed(&tiny, Adjustments::default())), ["photo.small", "photo.face.none"]);
    }
}

#[test]
fn no_face_is_said() {
    let wall = RgbImage::from_fn(800, 800, |x, y| image::Rgb([(x / 8) as u8 + 80, (y / 8) as u8 + 80, 120]));
    assert_eq!(codes(&framed(&read(wall.into()), Adjustments::default())), ["photo.face.none"]);
}

#[test]
fn two_faces_in_the_frame_are_said_and_one_outside_of_it_is_not() {
    let one = astronaut().into_rgb8();
    let face = imageops::crop_imm(&one, 150, 20, 160, 200).to_image();
    let mut near = RgbImage::new(320, 240);
    imageops::replace(&mut near, &face, 0, 20);
    imageops::replace(&mut near, &imageops::flip_horizontal(&face), 160, 20);
    let photo = read(imageops::resize(&near, 960, 720, imageops::FilterType::CatmullRom).into());
    assert_eq!(photo.find_faces().len(), 2);
    assert!(!codes(&framed(&photo, Adjustments::default())).contains(&"photo.face.two"), "framed around one of them");
    let away = Adjustments { zoom: 0.1, ..Adjustments::default() };
    let wide = frame(&photo, &photo.find_faces(), 4.0 / 3.0, away).unwrap();
    assert!(codes(&wide).contains(&"photo.face.two"), "{:?}", wide.hints);
}

#[test]
fn a_face_that_is_small_in_the_frame_is_said_with_both_numbers() {
    let portrait = framed(&read(astronaut()), Adjustments { zoom: 0.5, ..Adjustments::default() });
    let [Hint::FaceSmall { percent, needed: 50 }] = portrait.hints[..] else { panic!("{:?}", portrait.hints) };
    assert!((25..50).contains(&percent));
}

#[test]
fn a_face_cut_off_by_the_frame_is_said() {
    let portrait = framed(&read(astronaut()), Adjustments { dx: 0.5, ..Adjustments::default() });
    assert!(codes(&portrait).contains(&"photo.face.cut"), "{:?}", portrait.hints);
}

#[test]
fn a_picture_with_too_few_pixels_is_said() {
    let small = astronaut().resize(200, 200, imageops::FilterType::Triangle);
    let hints = framed(&read(small), Adjustments::default()).hints;
    assert!(hints.iter().any(|hint| matches!(hint, Hint::TooSmall { height: 1..160, needed: 160, .. })), "{hints:?}");
}

#[test]
fn blur_is_said_and_so_is_darkness() {
    let large = astronaut().resize(1024, 1024, imageops::FilterType::CatmullRom);
    assert_eq!(codes(&framed(&read(large.clone()), Adjustments::default())), [""; 0]);
    let blurred = read(large.blur(7.0));
    assert_eq!(codes(&framed(&blurred, Adjustments::default())), ["photo.blurred"]);
    let dark = read(large.brighten(-150));
    let faces = read(large).find_faces();
    let hints = frame(&dark, &faces, RATIO, Adjustments::default()).unwrap().hints;
    assert!(hints.iter().any(|hint| hint.code() == "photo.dark"), "{hints:?}");
}

#[test]
fn every_sample_portrait_is_good_enough_to_rehearse_with() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../assets/people");
    let mut seen = 0;
    for file in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if file.extension().is_some_and(|extension| extension == "jpg") {
            let portrait = framed(&Photo::read(&std::fs::read(&file).unwrap()).unwrap(), Adjustments::default());
            assert!(portrait.face.is_some() && portrait.hints.is_empty(), "{file:?}: {:?}", portrait.hints);
            seen += 1;
        }
    }
    assert_eq!(seen, 1);
}
