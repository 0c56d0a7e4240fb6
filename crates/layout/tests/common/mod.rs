//! The shipped fonts, the shipped design, and a person, for the tests of this crate.
#![allow(dead_code, clippy::unwrap_used)]

use std::path::{Path, PathBuf};

use lanyard_layout::{Design, Field, Fonts, PdfFacts, Values};

pub fn assets() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../assets")
}

pub fn fonts() -> Fonts {
    let read = |name: &str| std::fs::read(assets().join(format!("fonts/AtkinsonHyperlegible{name}.ttf"))).unwrap();
    Fonts::load(["Next-Regular", "Next-Bold", "Mono-Regular", "Mono-Bold"].map(read)).unwrap()
}

pub fn employee() -> Design {
    let read = |side: &str| std::fs::read_to_string(assets().join(format!("designs/employee/{side}.svg"))).unwrap();
    Design::parse(&read("front"), &read("back")).unwrap()
}

pub fn eileen() -> Values {
    Values::new()
        .with(Field::GivenName, "Eileen")
        .with(Field::FamilyName, "Möllerström")
        .with(Field::DisplayName, "Eileen Möllerström")
        .with(Field::Unit, "Crane operations")
        .with(Field::Title, "Shift leader")
        .with(Field::StaffNo, "104 882")
        .with(Field::CardNo, "C-0048821")
        .with(Field::Organisation, "Nordhafen Port")
        .with(Field::ValidUntil, "2029-11-30")
        .with_photo(std::fs::read(assets().join("people/eileen.jpg")).unwrap())
}

pub fn facts() -> PdfFacts {
    PdfFacts { title: "C-0048821".to_owned(), made_unix_ms: 1_795_500_000_000 }
}

/// A front with `inner` in it (units of a tenth of a millimetre), and an empty back.
pub fn design(inner: &str) -> Design {
    let svg = |inner: &str| format!(r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 856 539.8">{inner}</svg>"#);
    Design::parse(&svg(inner), &svg("")).unwrap()
}
