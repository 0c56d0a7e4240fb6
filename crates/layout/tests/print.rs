//! Preview and print: the same picture, the same bytes each time, and a code that a telephone reads.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use std::path::Path;
use std::process::Command;

use common::{design, eileen, employee, facts, fonts};
use lanyard_layout::{Design, Field, LayoutProblem, PRINT_DPI, Picture, Scene, SceneOptions, Side, Values, scene};

fn made(design: &Design, rehearsal: bool) -> Scene {
    scene(design, &eileen(), &fonts(), SceneOptions { rehearsal }).unwrap()
}

/// The PDF's pages at 300 dpi, by poppler.
fn printed(scene: &Scene) -> Vec<image::RgbImage> {
    let folder = tempfile::tempdir().unwrap();
    let pdf = folder.path().join("card.pdf");
    std::fs::write(&pdf, scene.pdf(&facts()).unwrap()).unwrap();
    let page = |number: &str| {
        let out = folder.path().join(number);
        let status = Command::new("pdftoppm")
            .args(["-png", "-singlefile", "-f", number, "-l", number, "-scale-to-x", "1011", "-scale-to-y", "638"])
            .args([pdf.as_path(), out.as_path()])
            .status()
            .expect("pdftoppm, of Debian's poppler-utils");
        assert!(status.success());
        image::open(out.with_extension("png")).unwrap().into_rgb8()
    };
    vec![page("1"), page("2")]
}

/// Mean difference of a channel, 0 to 255, over the whole, and the greatest mean over any tile of 32 × 32 dots.
fn difference(preview: &Picture, print: &image::RgbImage) -> (f64, f64) {
    assert_eq!((preview.width, preview.height), print.dimensions());
    let (width, height) = (preview.width as usize, preview.height as usize);
    let at = |x: usize, y: usize| {
        let p = print.get_pixel(x as u32, y as u32).0;
        let q = &preview.rgba[(y * width + x) * 4..][..3];
        p.iter().zip(q).map(|(a, b)| f64::from(a.abs_diff(*b))).sum::<f64>() / 3.0
    };
    let mut all = 0.0;
    let mut worst: f64 = 0.0;
    for top in (0..height).step_by(32) {
        for left in (0..width).step_by(32) {
            let (bottom, right) = ((top + 32).min(height), (left + 32).min(width));
            let tile: f64 = (top..bottom).flat_map(|y| (left..right).map(move |x| (x, y))).map(|(x, y)| at(x, y)).sum();
            all += tile;
            worst = worst.max(tile / ((bottom - top) * (right - left)) as f64);
        }
    }
    (all / (width * height) as f64, worst)
}

/// Two renderers draw an edge a little differently; more than that would be another picture.
const MEAN: f64 = 2.0;
const TILE: f64 = 30.0;

fn assert_alike(scene: &Scene) {
    for (side, print) in Side::BOTH.into_iter().zip(printed(scene)) {
        let (found, worst) = difference(&scene.pixels(side, PRINT_DPI).unwrap(), &print);
        assert!(found < MEAN && worst < TILE, "{side}: mean {found:.2}, worst tile {worst:.2}");
    }
}

#[test]
fn the_preview_is_what_is_printed() {
    assert_alike(&made(&employee(), false));
    assert_alike(&made(&employee(), true));
}

#[test]
fn what_pdf_cannot_say_is_printed_as_the_preview_shows_it() {
    let fancy = design(
        r##"<defs>
          <linearGradient id="g"><stop offset="0" stop-color="#0b3f38"/><stop offset="1" stop-color="#fff"/></linearGradient>
          <pattern id="p" width="40" height="40" patternUnits="userSpaceOnUse"><circle cx="20" cy="20" r="12" fill="#7a1e8c"/></pattern>
          <mask id="m"><rect x="450" y="40" width="200" height="200" fill="#888"/></mask>
          <filter id="f"><feGaussianBlur stdDeviation="8"/></filter>
          <clipPath id="c"><circle cx="120" cy="420" r="80"/><rect x="60" y="420" width="200" height="40"/></clipPath>
        </defs>
        <g transform="translate(20 10) rotate(4)"><rect x="20" y="20" width="180" height="180" fill="url(#g)" stroke="#000" stroke-width="4" stroke-dasharray="12 6"/></g>
        <rect x="230" y="20" width="180" height="180" fill="url(#p)"/>
        <g mask="url(#m)"><rect x="430" y="20" width="240" height="240" fill="#a81e22"/></g>
        <g opacity="0.5"><circle cx="740" cy="110" r="70" fill="#005a82"/><circle cx="770" cy="130" r="70" fill="#12693a"/></g>
        <g filter="url(#f)" transform="translate(0 20)"><rect x="330" y="300" width="120" height="120" fill="#7a4b00"/></g>
        <g clip-path="url(#c)"><rect x="0" y="300" width="300" height="240" fill="#12201a"/></g>
        <g style="mix-blend-mode:multiply"><rect x="500" y="280" width="200" height="200" fill="#f2bf55"/></g>
        <path d="M540 320q60 -80 120 0t120 0" fill="none" stroke="#000" stroke-width="12" stroke-linecap="round" stroke-opacity="0.5"/>
        <rect data-field="photo" x="700" y="300" width="120" height="160" rx="60" transform="rotate(-5 760 380)"/>"##,
    );
    assert_alike(&made(&fancy, false));
}

#[test]
fn a_drawing_of_too_many_parts_is_printed_as_one_picture() {
    let gradient = r##"<linearGradient id="g"><stop offset="0" stop-color="#0b3f38"/><stop offset="1" stop-color="#fff"/></linearGradient>"##;
    let many: String =
        (0..60).map(|i| format!(r#"<rect x="{}" y="20" width="10" height="400" fill="url(#g)"/>"#, i * 14)).collect();
    let scene = made(&design(&format!("{gradient}{many}")), false);
    assert_alike(&scene);
    assert!(scene.pdf(&facts()).unwrap().len() < 500_000);
}

#[test]
fn the_same_card_gives_the_same_bytes_and_the_date_is_the_callers() {
    let [one, two] = [made(&employee(), true), made(&employee(), true)].map(|scene| scene.pdf(&facts()).unwrap());
    assert!(one == two);
    let text = String::from_utf8_lossy(&one);
    assert!(text.contains("D:20261124"), "2026-11-24, from the facts");
    assert!(!text.contains("/ID"));
    let scenes = [made(&employee(), true), made(&employee(), true)];
    assert!(scenes[0].png(Side::Front, PRINT_DPI).unwrap() == scenes[1].png(Side::Front, PRINT_DPI).unwrap());
}

#[test]
fn the_pages_have_the_size_of_a_card() {
    let folder = tempfile::tempdir().unwrap();
    let pdf = folder.path().join("card.pdf");
    std::fs::write(&pdf, made(&employee(), false).pdf(&facts()).unwrap()).unwrap();
    let info = pdfinfo(&pdf);
    assert!(info.contains("Pages:") && info.contains(" 2\n"), "{info}");
    assert!(info.contains("242.646 x 153.014 pts") || info.contains("242.65 x 153.01"), "{info}");
    let pixels = made(&employee(), false).pixels(Side::Back, PRINT_DPI).unwrap();
    assert_eq!((pixels.width, pixels.height), (1011, 638));
}

fn pdfinfo(pdf: &Path) -> String {
    let out = Command::new("pdfinfo").arg(pdf).output().expect("pdfinfo, of Debian's poppler-utils");
    String::from_utf8(out.stdout).unwrap()
}

#[test]
fn a_portrait_card_is_drawn_upright() {
    let svg = r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 540 856"><rect width="540" height="400" fill="#005a82"/><rect data-field="photo" x="60" y="60" width="300" height="400"/></svg>"##;
    let scene = made(&Design::parse(svg, svg).unwrap(), true);
    let pixels = scene.pixels(Side::Front, PRINT_DPI).unwrap();
    assert_eq!((pixels.width, pixels.height), (638, 1011));
}

#[test]
fn the_code_on_the_back_is_read_from_the_picture_and_from_the_print() {
    let scene = made(&employee(), true);
    let preview = scene.pixels(Side::Back, PRINT_DPI).unwrap();
    let preview = image::RgbaImage::from_raw(preview.width, preview.height, preview.rgba).unwrap();
    let grey = |picture: image::DynamicImage| picture.into_luma8();
    let print = printed(&scene).remove(1);
    for picture in [grey(preview.into()), grey(print.into())] {
        let (width, height) = (picture.width() as usize, picture.height() as usize);
        let mut prepared = rqrr::PreparedImage::prepare_from_greyscale(width, height, |x, y| {
            picture.get_pixel(x as u32, y as u32).0[0]
        });
        let grids = prepared.detect_grids();
        assert_eq!(grids.len(), 1);
        assert_eq!(grids[0].decode().unwrap().1, "C-0048821");
    }
}

#[test]
fn a_code_too_fine_to_be_read_is_refused() {
    let small = design(r#"<rect data-field="qr" width="80" height="80"/>"#);
    let problems = scene(&small, &eileen(), &fonts(), SceneOptions::default()).unwrap_err();
    assert_eq!(problems, [LayoutProblem::CodeTooFine { side: Side::Front, length: 9 }]);
    let endless = eileen().with(Field::CardNo, "x".repeat(5000));
    let large = design(r#"<rect data-field="qr" width="400" height="400"/>"#);
    assert!(scene(&large, &endless, &fonts(), SceneOptions::default()).is_err());
}

const VIOLET: [u8; 3] = [0x7a, 0x1e, 0x8c];

/// Rows that are violet from edge to edge but for the words in them.
fn band_rows(scene: &Scene, side: Side) -> Vec<usize> {
    let picture = scene.pixels(side, PRINT_DPI).unwrap();
    let width = picture.width as usize;
    let violet = |x: usize, y: usize| picture.rgba[(y * width + x) * 4..][..3] == VIOLET;
    (0..picture.height as usize).filter(|y| violet(0, *y) && violet(width - 1, *y) && violet(100, *y)).collect()
}

#[test]
fn rehearsal_lies_across_both_sides_and_never_over_the_face() {
    let scene = made(&employee(), true);
    for side in Side::BOTH {
        assert!(band_rows(&scene, side).len() >= 60, "{side}: 5 mm at least");
    }
    // The employee design's photo begins 21.2 mm from the top: row 250.
    assert!(band_rows(&scene, Side::Front).iter().all(|row| *row < 250));
    for side in Side::BOTH {
        assert!(band_rows(&made(&employee(), false), side).is_empty());
    }
}

#[test]
fn on_a_design_that_is_all_photo_rehearsal_stays_below_the_face() {
    let all = design(r#"<rect data-field="photo" width="856" height="539.8"/>"#);
    let rows = band_rows(&made(&all, true), Side::Front);
    assert!(rows.len() >= 60 && rows[0] > 638 * 8 / 10, "{rows:?}");
}

#[test]
fn no_style_sheet_of_a_design_can_take_rehearsal_away() {
    let sly = design(
        r#"<style>* { display: none !important; opacity: 0 !important } rect, text { fill: white !important }</style>
           <rect width="856" height="539.8"/>"#,
    );
    assert!(band_rows(&made(&sly, true), Side::Front).len() >= 60);
}

#[test]
fn a_card_without_a_photo_on_it_needs_none() {
    let bare = design(r#"<text x="50" y="90" font-size="40" data-field="unit">x</text>"#);
    let values = Values::new().with(Field::Unit, "Port").with_photo(b"not looked at".to_vec());
    assert!(scene(&bare, &values, &fonts(), SceneOptions::default()).is_ok());
}
