//! A QR code as one path, in the place that the design gives it.

use std::fmt::Write;

use qrcodegen::{QrCode, QrCodeEcc};

use crate::design::BoxRule;

/// ISO/IEC 18004 §5.3.8: a quiet zone of four modules, kept inside the place, on white.
const QUIET: i32 = 4;

/// A code, ready to be placed.
pub(crate) struct Code {
    code: QrCode,
}

impl Code {
    /// `None` if no QR code holds that much.
    pub(crate) fn of(text: &str) -> Option<Self> {
        QrCode::encode_text(text, QrCodeEcc::Medium).ok().map(|code| Self { code })
    }

    /// Modules on a side, with the quiet zone.
    pub(crate) fn modules(&self) -> i32 {
        self.code.size() + 2 * QUIET
    }

    /// SVG: a white ground and the dark modules, as large as the place's shorter side, in its middle.
    pub(crate) fn svg(&self, place: &BoxRule, attributes: &str) -> String {
        let side = place.width.min(place.height);
        let (left, top) = (place.x + (place.width - side) / 2.0, place.y + (place.height - side) / 2.0);
        let unit = side / self.modules() as f32;
        let mut path = String::new();
        for y in 0..self.code.size() {
            let mut x = 0;
            while x < self.code.size() {
                let start = x;
                while x < self.code.size() && self.code.get_module(x, y) {
                    x += 1;
                }
                if x > start {
                    let _ = write!(path, "M{} {}h{}v1h-{}z", start + QUIET, y + QUIET, x - start, x - start);
                }
                x += 1;
            }
        }
        format!(
            r##"<g {attributes}><rect x="{}" y="{}" width="{}" height="{}" rx="{}" fill="#ffffff"/><path transform="translate({left} {top}) scale({unit})" fill="#000000" shape-rendering="crispEdges" d="{path}"/></g>"##,
            place.x, place.y, place.width, place.height, place.radius
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_card_number_takes_the_smallest_code() {
        assert_eq!(Code::of("C-0048821").unwrap().modules(), 21 + 8);
        assert!(Code::of(&"x".repeat(4000)).is_none());
    }
}
