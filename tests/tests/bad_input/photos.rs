//! Photos that are none.

use lanyard_station::api::StepInput;
use lanyard_tests::house::{EILEEN, Home, PORTRAIT, at_card, refused};

use super::{Unchanged, pair};

/// The portrait with another height and width in its frame header (ITU-T T.81 §B.2.2).
fn claiming(width: u16, height: u16) -> Vec<u8> {
    let mut jpeg = PORTRAIT.to_vec();
    let sof = jpeg.windows(2).position(|marker| marker == [0xFF, 0xC0] || marker == [0xFF, 0xC2]).unwrap();
    jpeg[sof + 5..sof + 7].copy_from_slice(&height.to_be_bytes());
    jpeg[sof + 7..sof + 9].copy_from_slice(&width.to_be_bytes());
    jpeg
}

#[test]
fn a_picture_that_is_none_is_refused_in_and_outside_of_a_case_and_the_old_one_stays() {
    let home = Home::new();
    let station = home.rehearsal();
    let person = station.person_of(EILEEN).unwrap();
    station.photo_set(&person, PORTRAIT, None).unwrap();
    let case = station.case_open(&person).unwrap();
    let form = case.fields.iter().map(|field| (field.name.clone(), field.value.clone())).collect();
    station.case_do(&case.id, StepInput::ConfirmData { fields: form }).unwrap();
    let before = station.person(&person).unwrap().hit.photo;
    let unchanged = Unchanged::rehearsal(&home);
    let huge = claiming(12_001, 10_000);
    let svg = br#"<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>"#;
    for (bytes, code) in [
        (&PORTRAIT[..PORTRAIT.len() / 2], "photo.truncated"),
        (&PORTRAIT[..600], "photo.truncated"),
        (&huge, "photo.large"),
        (svg, "photo.format"),
        (b"", "photo.format"),
        (b"GIF89a", "photo.format"),
    ] {
        assert_eq!(unchanged.after(station.photo_set(&person, bytes, Some("as found")), "").0, code);
        assert_eq!(unchanged.after(station.case_photo(&case.id, bytes), "").0, code);
    }
    assert_eq!(refused(station.case_photo(&case.id, &huge), "megapixels"), pair("photo.large", "121"));
    assert_eq!(refused(station.case_photo(&case.id, &huge), "limit"), pair("photo.large", "120"));
    let view = station.case_view(&case.id).unwrap();
    assert_eq!((view.step.as_str(), view.photo), ("photo", None));
    assert_eq!(station.person(&person).unwrap().hit.photo, before);
    // The step is not spoilt by what was refused.
    station.case_photo(&case.id, PORTRAIT).unwrap();
    assert_eq!(station.case_do(&case.id, StepInput::AcceptPhoto { reason: None }).unwrap().step, "preview");
}

#[test]
fn a_photo_with_hints_is_taken_only_with_a_reason_that_says_something_short() {
    let home = Home::new();
    let station = home.rehearsal();
    let person = station.person_of(EILEEN).unwrap();
    let mut grey = Vec::new();
    let flat = image::GrayImage::from_pixel(240, 320, image::Luma([128]));
    flat.write_to(&mut std::io::Cursor::new(&mut grey), image::ImageFormat::Png).unwrap();
    let unchanged = Unchanged::rehearsal(&home);
    for reason in [None, Some(""), Some(" \n\t")] {
        assert_eq!(unchanged.after(station.photo_set(&person, &grey, reason), "").0, "policy.photo.reason");
    }
    let endless = "x".repeat(1 << 20);
    let too_long = unchanged.after(station.photo_set(&person, &grey, Some(&endless)), "what");
    assert_eq!(too_long, pair("store.too_large", "field"));
    let nobody = station.photo_set(&"00".repeat(16), &grey, Some("bandaged"));
    assert_eq!(unchanged.after(nobody, "kind"), pair("store.record.missing", "person"));
    assert!(station.photo_set(&person, &grey, Some("bandaged")).unwrap().hit.photo.is_some());
}

#[test]
fn a_name_that_does_not_fit_the_card_is_said_at_the_preview_and_can_be_mended_there() {
    let home = Home::new();
    let station = home.rehearsal();
    let person = station.person_of(EILEEN).unwrap();
    let case = station.case_open(&person).unwrap();
    let mut form: std::collections::BTreeMap<_, _> =
        case.fields.iter().map(|field| (field.name.clone(), field.value.clone())).collect();
    form.insert("family_name".to_owned(), "W".repeat(80));
    station.case_do(&case.id, StepInput::ConfirmData { fields: form }).unwrap();
    station.case_photo(&case.id, PORTRAIT).unwrap();
    let view = station.case_do(&case.id, StepInput::AcceptPhoto { reason: None }).unwrap();
    let problem = view.problem.unwrap();
    assert_eq!((view.step.as_str(), problem.code.as_str()), ("preview", "design.fit"));
    assert_eq!(problem.details["count"], "1");
    assert!(problem.details["fields"].contains("family_name"), "{:?}", problem.details);
    // It is not drawn, so it cannot be accepted.
    let stays = station.case_do(&case.id, StepInput::AcceptPreview).unwrap();
    assert_eq!((stays.step.as_str(), stays.problem.unwrap().code.as_str()), ("preview", "design.fit"));
    station.case_do(&case.id, StepInput::Back).unwrap();
    station.case_do(&case.id, StepInput::Back).unwrap();
    assert_eq!(at_card_again(&station, &case.id), "card");
}

fn at_card_again(station: &lanyard_station::Station, case: &str) -> String {
    let person = station.case_view(case).unwrap().person;
    let rename = lanyard_tests::house::fields(&[("family_name", "Berg")]);
    let input = lanyard_station::api::PersonInput { id: Some(person.id), fields: rename, although_alike: true };
    station.person_save(input).unwrap();
    at_card(station, &person.staff_no).step
}
