//! One person's values in a design: what fits, what does not, and that it is said.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use common::{design, eileen, employee, fonts};
use lanyard_fault::Coded;
use lanyard_layout::{Field, LayoutProblem, PRINT_DPI, Scene, SceneOptions, Side, Values, scene};

fn made(values: &Values) -> Result<Scene, Vec<LayoutProblem>> {
    scene(&employee(), values, &fonts(), SceneOptions::default())
}

#[test]
fn the_employee_design_asks_for_the_fields_it_shows() {
    let names: Vec<_> = employee().fields().into_iter().map(Field::name).collect();
    assert_eq!(
        names,
        [
            "given_name",
            "family_name",
            "unit",
            "title",
            "staff_no",
            "card_no",
            "organisation",
            "valid_until",
            "photo",
            "qr"
        ]
    );
    assert_eq!(employee().photo_ratio(), Some(0.75));
}

#[test]
fn a_name_that_does_not_fit_at_its_smallest_size_is_said_with_field_and_length() {
    let long = "Wolfeschlegelsteinhausenbergerdorff-Hohenzollern-Sigmaringen";
    let problems = made(&eileen().with(Field::FamilyName, long)).unwrap_err();
    let [LayoutProblem::DoesNotFit { side: Side::Front, field: Field::FamilyName, length: 60, percent }] = problems[..]
    else {
        panic!("{problems:?}");
    };
    assert!(percent > 100);
}

#[test]
fn a_long_double_name_shrinks_into_its_place_and_ends_within_it() {
    let values = eileen().with(Field::FamilyName, "Leutheusser-Schnarrenberger");
    let picture = made(&values).unwrap().pixels(Side::Front, PRINT_DPI).unwrap();
    // The name's rows, right of where its place ends (808 of 856): white.
    for y in 340..390 {
        for x in 956..1011 {
            let at = (y * picture.width as usize + x) * 4;
            assert_eq!(picture.rgba[at..at + 3], [255, 255, 255], "{x}, {y}");
        }
    }
}

#[test]
fn a_missing_glyph_is_said_with_field_and_character_and_not_in_the_log() {
    let problems = made(&eileen().with(Field::GivenName, "漢 Eileen").with(Field::Unit, "a\u{7}b")).unwrap_err();
    let glyph = |field, glyph| LayoutProblem::GlyphMissing { side: Side::Front, field: Some(field), glyph };
    assert_eq!(problems, [glyph(Field::GivenName, '漢'), glyph(Field::Unit, '\u{7}')]);
    assert!(problems[0].details().contains(&("glyph", "漢".to_owned())));
    assert!(!format!("{problems:?} {}", problems[0]).contains('漢'));
}

#[test]
fn no_problem_and_no_debug_text_holds_what_a_person_is_called() {
    let values = Values::new()
        .with(Field::GivenName, "Secretia".repeat(30))
        .with(Field::FamilyName, "Secretia\u{200F}")
        .with(Field::CardNo, "Secretia".repeat(100))
        .with_photo(b"Secretia".to_vec());
    let problems = made(&values).unwrap_err();
    let said: String = problems.iter().map(|p| format!("{p} {p:?} {:?}", p.details())).collect();
    assert!(problems.len() >= 2 && !said.contains("Secretia"), "{said}");
    assert!(!format!("{values:?}").contains("Secretia"));
}

#[test]
fn everything_that_is_wrong_is_said_at_once() {
    let values = Values::new().with(Field::FamilyName, "漢").with(Field::Unit, "x".repeat(150));
    let codes: Vec<_> = made(&values).unwrap_err().iter().map(Coded::code).collect();
    assert_eq!(
        codes,
        ["design.value.missing", "design.glyph.missing", "design.text.long", "design.value.missing"],
        "photo, family name, unit; on the back the code"
    );
}

#[test]
fn a_photo_that_is_none_is_refused_before_drawing() {
    for bytes in [b"no".to_vec(), Vec::new(), include_bytes!("../../../assets/people/eileen.jpg")[..100].to_vec()] {
        let problems = made(&eileen().with_photo(bytes)).unwrap_err();
        assert_eq!(problems, [LayoutProblem::PhotoUnreadable { side: Side::Front }]);
    }
}

#[test]
fn the_letters_of_every_language_of_the_station_are_there() {
    let letters = "ÀÂÆÇÈÉÊËÎÏÔŒÙÛÜŸàâæçèéêëîïôœùûüÿ ÄÖÜẞäöüß ÅÄÖåäö ĄĆĘŁŃÓŚŹŻąćęłńóśźż ČĎĚŇŘŠŤŮŽčďěňřšťůž \
                   ÐÞðþ ĐđĆć ĞİŞğış ŐŰőű ĀĒĪŪāēīū ȘȚșț ÑñØø ’‘“”„«»–—·°№€"
        .replace('№', "");
    let missing: Vec<char> = letters.chars().filter(|c| *c != ' ' && !fonts().covers(*c)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn a_name_written_with_combining_marks_is_drawn_like_the_composed_one() {
    let picture =
        |name: &str| made(&eileen().with(Field::FamilyName, name)).unwrap().pixels(Side::Front, PRINT_DPI).unwrap();
    assert!(picture("Mo\u{308}ller") == picture("M\u{f6}ller"));
}

#[test]
fn a_font_that_is_not_given_is_said_instead_of_replaced() {
    let design = design(r#"<text y="90" font-family="Comic Sans MS" data-field="unit">x</text>"#);
    let problems = scene(&design, &eileen(), &fonts(), SceneOptions::default()).unwrap_err();
    let [LayoutProblem::FontUnknown { family, .. }] = &problems[..] else { panic!("{problems:?}") };
    assert!(family.contains("Comic Sans MS"));
    // One family of the list is enough.
    let listed = common::design(r#"<text y="90" font-family="Comic Sans MS, sans-serif" data-field="unit">x</text>"#);
    assert!(scene(&listed, &eileen(), &fonts(), SceneOptions::default()).is_ok());
}

#[test]
fn a_text_without_a_limit_may_not_leave_the_card() {
    let design = design(r#"<text x="500" y="90" font-size="60" data-field="organisation">x</text>"#);
    let problems = scene(&design, &eileen(), &fonts(), SceneOptions::default()).unwrap_err();
    assert!(matches!(problems[..], [LayoutProblem::DoesNotFit { field: Field::Organisation, length: 14, .. }]));
}

#[test]
fn an_element_with_an_unmet_condition_or_an_empty_value_is_not_drawn() {
    let with = |inner: &str, values: &Values| {
        scene(&design(inner), values, &fonts(), SceneOptions::default())
            .unwrap()
            .pixels(Side::Front, PRINT_DPI)
            .unwrap()
            .rgba
    };
    let blank = with("", &Values::new());
    for inner in [
        r#"<g data-if="title"><rect width="500" height="500"/></g>"#,
        r#"<text y="90" font-size="60" data-field="title" data-value="Title: {title}">x</text>"#,
        r#"<rect data-field="photo" data-if="photo" width="300" height="400"/>"#,
        r#"<g data-if="card_no"><rect data-field="qr" width="300" height="300"/></g>"#,
    ] {
        assert!(with(inner, &Values::new()) == blank, "{inner}");
    }
    assert!(with(r#"<rect data-if="!title" width="500" height="500"/>"#, &Values::new()) != blank);
}

#[test]
fn markup_in_a_value_is_text_and_reaches_nothing() {
    let values = eileen().with(Field::GivenName, "<image href=\"file:///etc/passwd\"/>&amp;");
    let plain = made(&values);
    // Too long for the place, or drawn as it stands; never read as markup.
    match plain {
        Ok(_) => {}
        Err(problems) => assert!(matches!(problems[..], [LayoutProblem::DoesNotFit { .. }]), "{problems:?}"),
    }
    assert!(made(&eileen().with(Field::GivenName, "<b>&\"'")).is_ok());
}

#[test]
fn what_inkscape_and_illustrator_make_of_a_text_is_filled_all_the_same() {
    let inkscape = r#"<g transform="translate(10,10)" style="font-family:sans-serif">
        <text id="field-unit" style="font-size:40px" xml:space="preserve"><tspan x="50" y="100">old</tspan><tspan x="50" y="150">old</tspan></text></g>"#;
    let plain = r#"<text x="60" y="110" font-family="sans-serif" font-size="40" data-field="unit"/>"#;
    let pixels = |inner: &str| {
        scene(&design(inner), &eileen(), &fonts(), SceneOptions::default())
            .unwrap()
            .pixels(Side::Front, PRINT_DPI)
            .unwrap()
            .rgba
    };
    assert!(pixels(inkscape) == pixels(plain));
}

#[test]
fn every_sample_person_fits_on_the_employee_card() {
    let list = std::fs::read_to_string(common::assets().join("people/people.csv")).unwrap();
    let mut rows = list.lines().map(|line| line.split(',').collect::<Vec<_>>());
    let columns = rows.next().unwrap();
    assert_eq!(&columns[..6], ["given_name", "family_name", "display_name", "staff_no", "unit", "title"]);
    for row in rows {
        let values = columns.iter().zip(&row).fold(eileen(), |values, (column, text)| match Field::from_name(column) {
            Some(field) => values.with(field, *text),
            None => values,
        });
        assert!(made(&values).is_ok(), "{:?}: {:?}", row[2], made(&values).unwrap_err());
    }
}
