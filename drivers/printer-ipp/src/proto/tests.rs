//! What printers answer, and what is made of it.

use super::*;

fn uri() -> Uri {
    "ipp://badge.example:631/ipp/print".parse().unwrap()
}

/// An answer of one group, as a printer would write it.
fn answer(status: u16, group: DelimiterTag, attributes: Vec<(&str, IppValue)>) -> Answer {
    let mut response = IppRequestResponse::new(IppVersion::v1_1(), Operation::PrintJob, None).unwrap();
    for (name, value) in attributes {
        response.attributes_mut().add(group, IppAttribute::with_name(name, value).unwrap());
    }
    let mut bytes = response.to_bytes().to_vec();
    bytes[2..4].copy_from_slice(&status.to_be_bytes());
    Answer::read(bytes).unwrap()
}

fn printer(state: i32, accepting: bool, reasons: &[&str]) -> PrinterState {
    let attributes = vec![
        ("printer-state", IppValue::Enum(state)),
        ("printer-is-accepting-jobs", IppValue::Boolean(accepting)),
        ("printer-state-reasons", keywords(reasons).unwrap()),
    ];
    read_printer_state(&answer(0, DelimiterTag::PrinterAttributes, attributes)).unwrap()
}

fn stopped(reasons: &[&str]) -> PrinterState {
    PrinterState::Stopped { reasons: reasons.iter().map(|r| (*r).to_owned()).collect() }
}

#[test]
fn a_printer_that_cannot_print_is_stopped_whatever_it_calls_itself() {
    assert_eq!(printer(3, true, &["none"]), PrinterState::Ready);
    assert_eq!(printer(4, true, &["marker-supply-low-warning"]), PrinterState::Busy);
    assert_eq!(printer(5, true, &["paused"]), stopped(&["paused"]));
    assert_eq!(printer(3, true, &["media-empty-error"]), stopped(&["media-empty-error"]));
    assert_eq!(printer(4, true, &["cover-open"]), stopped(&["cover-open"]));
    assert_eq!(printer(3, false, &["none"]), stopped(&["not-accepting-jobs"]));
    // Another hopper may have cards, until a job stands.
    assert_eq!(printer(3, true, &["media-empty-warning"]), PrinterState::Ready);
    assert_eq!(printer(4, true, &["media-empty-warning"]), stopped(&["media-empty-warning"]));
    assert_eq!(printer(4, true, &["media-empty-report"]), PrinterState::Busy);
}

fn job(state: i32, reasons: &[&str]) -> Option<JobState> {
    let attributes = vec![("job-state", IppValue::Enum(state)), ("job-state-reasons", keywords(reasons).unwrap())];
    read_job_state(&answer(0, DelimiterTag::JobAttributes, attributes))
}

#[test]
fn only_completed_is_printed_and_completed_with_errors_is_not() {
    for state in -1..12 {
        let printed = job(state, &["none"]) == Some(JobState::Printed);
        assert_eq!(printed, state == 9, "{state}");
    }
    let failed = JobState::Failed { reasons: vec!["job-completed-with-errors".to_owned()] };
    assert_eq!(job(9, &["job-completed-with-errors"]), Some(failed));
    assert_eq!(job(9, &["job-completed-successfully"]), Some(JobState::Printed));
    assert_eq!(job(6, &["printer-stopped"]), Some(JobState::Stopped { reasons: vec!["printer-stopped".to_owned()] }));
    assert_eq!(job(12, &["none"]), None);
}

fn sized(x: IppValue, y: IppValue) -> IppValue {
    let member = |name: &str| name.to_owned().try_into().unwrap();
    IppValue::Collection(BTreeMap::from([(member("x-dimension"), x), (member("y-dimension"), y)]))
}

fn capable(sizes: Vec<IppValue>) -> Capabilities {
    let mut attributes = vec![("document-format-supported", IppValue::new_mime_media_type(PDF).unwrap())];
    if !sizes.is_empty() {
        attributes.push(("media-size-supported", IppValue::Array(sizes)));
    }
    read_capabilities(&answer(0, DelimiterTag::PrinterAttributes, attributes))
}

#[test]
fn a_card_is_found_among_the_media_either_way_round_and_within_a_range() {
    let n = IppValue::Integer;
    let a4 = || sized(n(21_000), n(29_700));
    assert_eq!(capable(vec![a4(), sized(n(5400), n(8600))]).card, Some((5400, 8600)));
    assert_eq!(capable(vec![sized(n(8560), n(5398)), a4()]).card, Some((8560, 5398)));
    let range = |min, max| IppValue::RangeOfInteger { min, max };
    assert_eq!(capable(vec![a4(), sized(range(5000, 6000), range(8000, 20_000))]).card, Some((5398, 8560)));
    let office = capable(vec![a4()]);
    assert_eq!((office.card, office.objection()), (None, Some("media-card-not-supported")));
    assert_eq!(capable(Vec::new()).objection(), None, "a printer that lists nothing is asked");
    assert_eq!(Capabilities::default().objection(), Some("document-format-not-supported"));
}

#[test]
fn a_job_of_the_same_number_after_a_restart_is_another() {
    let job = |text: &str| JobRef::parse(text).unwrap();
    assert!(job("7 urn:uuid:a").may_be(&job("7 urn:uuid:a")));
    assert!(!job("7 urn:uuid:a").may_be(&job("7 urn:uuid:b")));
    assert!(!job("7 urn:uuid:a").may_be(&job("8 urn:uuid:a")));
    assert!(job("7").may_be(&job("7 urn:uuid:b")), "a printer that gives no unique id");
    assert_eq!(job("7 urn:uuid:a").to_string(), "7 urn:uuid:a");
    assert!(JobRef::parse("").is_none() && JobRef::parse("seven").is_none());
}

#[test]
fn a_request_carries_the_title_and_the_cards_size_and_no_name_of_a_person() {
    let capabilities = Capabilities { two_sided: true, card: Some((5398, 8560)), ..Capabilities::default() };
    let bytes = print_job(&uri(), "C-0048821", &capabilities).unwrap();
    let request = IppParser::new(IppReader::new(Cursor::new(bytes))).parse().unwrap();
    let value =
        |name: &str| request.attributes().groups().iter().find_map(|group| group.get(name)).unwrap().value().clone();
    assert_eq!(text(&value("job-name")).unwrap(), "C-0048821");
    assert_eq!(text(&value("requesting-user-name")).unwrap(), "lanyard");
    assert_eq!(text(&value("sides")).unwrap(), "two-sided-long-edge");
    let IppValue::Collection(media) = value("media-col") else { panic!() };
    let (_, size) = media.iter().next().unwrap();
    assert_eq!(super::size(size).map(|(x, y)| (x.0, y.0)), Some((5398, 8560)));
}

#[test]
fn an_answer_that_is_cut_short_or_nested_without_end_is_none() {
    let attributes = vec![("printer-state", IppValue::Enum(3))];
    let mut response = IppRequestResponse::new(IppVersion::v1_1(), Operation::PrintJob, None).unwrap();
    for (name, value) in attributes {
        response.attributes_mut().add(DelimiterTag::PrinterAttributes, IppAttribute::with_name(name, value).unwrap());
    }
    let bytes = response.to_bytes().to_vec();
    for end in 0..bytes.len() {
        assert!(Answer::read(bytes[..end].to_vec()).is_none(), "{end}");
    }
    let mut nested = bytes[..8].to_vec();
    nested.push(0x04);
    // Begin-collection, name "a", no value; and then members without end.
    nested.extend([0x34, 0, 1, b'a', 0, 0]);
    for _ in 0..100_000 {
        nested.extend([0x4A, 0, 0, 0, 1, b'm', 0x34, 0, 0, 0, 0]);
    }
    nested.extend([0x37, 0, 0, 0, 0].repeat(100_001));
    nested.push(0x03);
    assert!(Answer::read(nested).is_none());
}
