//! People: lists in files, and the form.

use std::path::PathBuf;

use lanyard_station::api::PersonInput;
use lanyard_tests::house::{EILEEN, Home, fields, refused};

use super::{Unchanged, entries, pair};

fn person(id: Option<String>, pairs: &[(&str, &str)]) -> PersonInput {
    PersonInput { id, fields: fields(pairs), although_alike: false }
}

#[test]
fn a_file_that_cannot_be_understood_is_refused_as_a_whole_and_says_why() {
    let home = Home::new();
    let station = home.rehearsal();
    let unchanged = Unchanged::rehearsal(&home);
    let import = |bytes: &[u8], detail: &str| unchanged.after(station.import_people(bytes), detail);
    let missing = b"given_name,family_name,unit\nBo,Ek,Quay\n";
    assert_eq!(import(missing, "column"), pair("import.column.missing", "staff_no"));
    let twice = b"given_name,family_name,staff_no,unit,Unit\nBo,Ek,1,Quay,Quay\n";
    assert_eq!(import(twice, "column"), pair("import.column.twice", "unit"));
    // Cut off within quotes: the last number would be another person's.
    let cut = b"given_name,family_name,staff_no\nBo,Ek,900001\nIda,Holm,\"10488";
    assert_eq!(import(cut, "line"), pair("import.cut", "3"));
    let latin1 = b"given_name,family_name,staff_no\nBo,Ek,900001\nJ\xF6rg,Ek,900002\n";
    assert_eq!(import(latin1, "line"), pair("import.encoding", "3"));
    assert_eq!(import(latin1, "looks_like").1, "Windows-1252");
    let utf16: Vec<u8> =
        "\u{FEFF}given_name,family_name,staff_no\nBo,Ek,1\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(import(&utf16, "looks_like"), pair("import.encoding", "UTF-16"));
    for nothing in [
        &b""[..],
        b"\xEF\xBB\xBF",
        b"given_name,family_name,staff_no\n",
        b"\n\n\n",
        b"given_name,family_name,staff_no\n,,\n",
    ] {
        let code = import(nothing, "").0;
        assert!(["import.empty", "import.column.missing"].contains(&code.as_str()), "{code}");
    }
    let zip = [b"PK\x03\x04\0\0\0\0".as_slice(), &[0; 400]].concat();
    assert_eq!(import(&zip, "column"), pair("import.column.missing", "given_name"));
}

#[test]
fn bad_lines_in_the_middle_come_back_in_a_file_that_can_be_mended_and_read_again() {
    let home = Home::new();
    let station = home.rehearsal();
    let long = "x".repeat(1000);
    let file = format!(
        "given_name;family_name;staff_no;unit;pet\n\
         Åsa;Berg;900001;Quay;cat\n\
         Bo;;900002;Quay;dog\n\
         Ida;Holm;900003;Quay\n\
         {long};Ek;900004;Quay;\n\
         Nul\0;Ek;900005;Quay;\n\
         Ed;Ek;900006;Quay;;;one too many\n\
         \"Per\nOlof\";Ek;900007;\"Quay; north\";\n"
    );
    let report = station.import_people(file.as_bytes()).unwrap();
    assert_eq!((report.added, report.changed, report.unchanged), (3, 0, 0));
    assert_eq!(report.ignored, ["pet"]);
    let told: Vec<_> = report.refused.iter().map(|r| (r.line, r.code.as_str(), r.details["field"].as_str())).collect();
    assert_eq!(
        told,
        [
            (3, "person.field.missing", "family_name"),
            (5, "person.field.long", "given_name"),
            (6, "person.field.control", "given_name"),
            (7, "person.field.unknown", "#6"),
        ]
    );
    let north = station.search("900007", 5).unwrap();
    assert_eq!((north[0].given.as_str(), north[0].unit.as_str()), ("Per Olof", "Quay; north"));
    assert_eq!(refused(station.person_of("900002"), "kind"), pair("station.missing", "person"));
    // The file that came back has the bad lines and no other, and its own reason column is in nobody's way.
    let mended = report.refused_csv.replace("Bo,,", "Bo,Ek,");
    assert_eq!(mended.lines().count(), 5);
    // Saved from the window it has the reader's words, is read by its owner alone, and lies over no other file.
    let folder = tempfile::tempdir().unwrap();
    let words = ["eins", "zwei", "drei", "vier"].map(str::to_owned);
    let save = || PathBuf::from(station.refused_save(folder.path(), "../Neue Leute.csv", &mended, &words).unwrap());
    let (first, second) = (save(), save());
    assert_eq!(first, folder.path().join("Neue Leute-refused.csv"));
    assert_eq!(second, folder.path().join("Neue Leute-refused-2.csv"));
    let saved = std::fs::read_to_string(&first).unwrap();
    assert!(saved.lines().nth(1).unwrap().ends_with(",eins") && saved.trim_end().ends_with(",vier"), "{saved}");
    #[cfg(unix)]
    assert_eq!(std::os::unix::fs::PermissionsExt::mode(&first.metadata().unwrap().permissions()) & 0o777, 0o600);
    let nowhere = station.refused_save(&folder.path().join("none"), "x.csv", &mended, &words).unwrap_err();
    assert_eq!(nowhere.code, "file.failed");
    let again = station.import_people(saved.as_bytes()).unwrap();
    assert_eq!((again.added, again.refused.len()), (1, 3));
    assert_eq!(again.ignored, ["pet", "reason"]);
    assert!(station.person_of("900002").is_ok());
}

#[test]
fn a_second_line_of_the_same_staff_number_does_not_write_over_the_first() {
    let home = Home::new();
    let station = home.rehearsal();
    let file = "given_name,family_name,staff_no\nBo,Ek,900001\nIda,Holm,900002\nLiv,Dahl,900001\n";
    let report = station.import_people(file.as_bytes()).unwrap();
    assert_eq!((report.added, report.changed), (2, 0));
    assert_eq!(report.refused.len(), 1);
    assert_eq!((report.refused[0].line, report.refused[0].code.as_str()), (4, "person.staff_no.taken"));
    assert_eq!(station.search("900001", 5).unwrap()[0].given, "Bo");
    assert!(report.refused_csv.contains("Liv,Dahl,900001"));
}

#[test]
fn ten_thousand_lines_are_read_once_and_the_second_time_nothing_changes() {
    let home = Home::new();
    let station = home.rehearsal();
    let mut file = "given_name,family_name,staff_no,unit\n".to_owned();
    for n in 0..10_000 {
        let family = if n % 1000 == 7 { "" } else { "Ek" };
        file += &format!("Bo{n},{family},{},Quay {}\n", 800_000 + n, n % 40);
    }
    let report = station.import_people(file.as_bytes()).unwrap();
    assert_eq!((report.added, report.refused.len()), (9_990, 10));
    let lines: Vec<u32> = report.refused.iter().map(|refusal| refusal.line).collect();
    assert_eq!(lines[..2], [9, 1009]);
    let unchanged = Unchanged::rehearsal(&home);
    let report = station.import_people(file.as_bytes()).unwrap();
    assert_eq!((report.added, report.changed, report.unchanged), (0, 0, 9_990));
    unchanged.assert("the same file again");
    assert!(station.history_verify().unwrap().holds);
}

#[test]
fn what_is_wrong_with_a_person_is_said_by_field_and_nothing_is_written() {
    let home = Home::new();
    let station = home.rehearsal();
    let eileen = station.person_of(EILEEN).unwrap();
    let unchanged = Unchanged::rehearsal(&home);
    let save = |pairs: &[(&str, &str)], detail: &str| unchanged.after(station.person_save(person(None, pairs)), detail);
    let long = "ö".repeat(1000);
    let whole = |given: &'static str| [("given_name", given), ("family_name", "Ek"), ("staff_no", "900001")];
    assert_eq!(save(&[("given_name", "Bo"), ("family_name", "Ek")], "field"), pair("person.field.missing", "staff_no"));
    assert_eq!(save(&whole(" \u{3000}\t"), "field").1, "given_name");
    assert_eq!(save(&whole("Bo\u{1b}[31m"), "field"), pair("person.field.control", "given_name"));
    assert_eq!(save(&whole("Bo\u{202e}\u{0}"), "field"), pair("person.field.control", "given_name"));
    assert_eq!(
        save(&[("given_name", &long), ("family_name", "Ek"), ("staff_no", "900001")], "longest"),
        pair("person.field.long", "80")
    );
    let unknown = [&whole("Bo")[..], &[("shoe_size", "44")]].concat();
    assert_eq!(save(&unknown, "field"), pair("person.field.unknown", "shoe_size"));
    // Half a form changes half a person, but required fields cannot be emptied by it.
    let change = |pairs: &[(&str, &str)], detail: &str| {
        unchanged.after(station.person_save(person(Some(eileen.clone()), pairs)), detail)
    };
    assert_eq!(change(&[("family_name", " ")], "field"), pair("person.field.missing", "family_name"));
    assert_eq!(change(&[("unit", &long)], "field"), pair("person.field.long", "unit"));
    let nobody = station.person_save(person(Some("00".repeat(16)), &[("unit", "Quay")]));
    assert_eq!(unchanged.after(nobody, "kind"), pair("store.record.missing", "person"));
    for id in ["", "x", &"f".repeat(33), &long] {
        let no_id = station.person_save(person(Some(id.to_owned()), &[("unit", "Quay")]));
        assert_eq!(unchanged.after(no_id, "kind"), pair("station.missing", "person"));
    }
    // The same again is no change, and so no entry.
    station.person_save(person(Some(eileen), &[("unit", "  Crane   operations ")])).unwrap();
    unchanged.assert("the same unit");
}

#[test]
fn somebody_very_like_them_and_a_staff_number_that_is_taken_are_asked_about_before_anything_is_written() {
    let home = Home::new();
    let station = home.rehearsal();
    let unchanged = Unchanged::rehearsal(&home);
    let alike = [("given_name", "EILEEN"), ("family_name", "Moellerstroem"), ("staff_no", "900001")];
    assert_eq!(unchanged.after(station.person_save(person(None, &alike)), "count"), pair("person.alike", "1"));
    let taken = [("given_name", "Bo"), ("family_name", "Ek"), ("staff_no", EILEEN)];
    assert_eq!(unchanged.after(station.person_save(person(None, &taken)), "").0, "person.staff_no.taken");
    let other = station.person_of("105031").unwrap();
    let change = person(Some(other.clone()), &[("staff_no", EILEEN)]);
    assert_eq!(unchanged.after(station.person_save(change), "").0, "person.staff_no.taken");
    // Nor by the form of a case.
    let case = station.case_open(&other).unwrap();
    let unchanged = Unchanged::rehearsal(&home);
    let mut form: std::collections::BTreeMap<_, _> =
        case.fields.iter().map(|field| (field.name.clone(), field.value.clone())).collect();
    form.insert("staff_no".to_owned(), EILEEN.to_owned());
    let confirm = lanyard_station::api::StepInput::ConfirmData { fields: form };
    assert_eq!(unchanged.after(station.case_do(&case.id, confirm), "").0, "person.staff_no.taken");
    assert_eq!(station.case_view(&case.id).unwrap().step, "data");
    // Said that they are two people, they are.
    let input = PersonInput { although_alike: true, ..person(None, &alike) };
    let added = entries(&station, "person.created");
    station.person_save(input).unwrap();
    assert_eq!(entries(&station, "person.created"), added + 1);
    assert_eq!(refused(station.person_of("möllerström"), "count"), pair("person.ambiguous", "2"));
}

#[test]
fn whatever_is_typed_into_the_search_is_looked_for_and_nothing_else() {
    let home = Home::new();
    let station = home.rehearsal();
    let unchanged = Unchanged::rehearsal(&home);
    let long = "möllerström ".repeat(10_000);
    for typed in [
        "\"",
        "'; DROP TABLE person; --",
        "NEAR(",
        "*",
        "-",
        "\0",
        "\u{202e}",
        "a\u{300}\u{301}",
        &long,
        &"x".repeat(1 << 20),
    ] {
        station.search(typed, 50).unwrap();
    }
    assert_eq!(station.search("eileen", 0).unwrap().len(), 0);
    assert_eq!(station.search("eileen", usize::MAX).unwrap().len(), 1);
    assert_eq!(station.search("", usize::MAX).unwrap().len(), 40);
    unchanged.assert("searches");
}
