//! The same through `lanyard`: a code, what it is about, and exit code 1; called wrongly, exit code 2.

use std::path::Path;
use std::process::Command;

use lanyard_tests::house::{ANA, EILEEN, Home, PASSWORD, answer, lanyard, lanyard_as, problem, program};
use serde_json::json;

use super::Unchanged;

fn written(home: &Home, name: &str, bytes: &[u8]) -> String {
    let path = home.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    path.to_string_lossy().into_owned()
}

/// People and cards as they are, without the entries that signing in leaves.
fn records(home: &Home) -> usize {
    lanyard_tests::house::Contents::of(&home.house(true), PASSWORD).count("record")
}

#[test]
fn a_list_with_bad_lines_is_imported_the_bad_lines_are_in_the_file_asked_for_and_no_file_is_written_over() {
    let home = Home::new();
    drop(home.rehearsal());
    let list =
        written(&home, "list.csv", b"given_name,family_name,staff_no\nBo,Ek,900001\nIda,,900002\nLiv,Dahl,900003\n");
    let out = home.path().join("refused.csv");
    let import = |list: &str| {
        lanyard(home.path(), &["--rehearsal", "person", "import", list, "--refused", &out.to_string_lossy()])
    };
    let report = answer(&import(&list));
    assert_eq!((report["added"].as_u64(), report["refused"][0]["line"].as_u64()), (Some(2), Some(3)));
    let refused = std::fs::read_to_string(&out).unwrap();
    assert!(refused.starts_with("given_name,family_name,staff_no,reason\nIda,,900002,"), "{refused}");
    // A file of that name is there now: nothing is imported whose refused lines would then be lost.
    let more = written(&home, "more.csv", b"given_name,family_name,staff_no\nPer,Ek,900004\nMia,,900005\n");
    let before = records(&home);
    let refusal = problem(&import(&more));
    assert_eq!(refusal["code"], "file.failed");
    assert_eq!(refusal["details"]["file"], json!(out.to_string_lossy()));
    assert_eq!((records(&home), std::fs::read_to_string(&out).unwrap()), (before, refused));
}

#[test]
fn each_refusal_is_one_json_value_with_the_thing_named_and_leaves_the_records_alone() {
    let home = Home::new();
    drop(home.rehearsal());
    let before = records(&home);
    let refused = |arguments: &[&str], code: &str, details: serde_json::Value| {
        let refusal = problem(&lanyard(home.path(), &[&["--rehearsal"], arguments].concat()));
        assert_eq!((&refusal["code"], &refusal["details"]), (&json!(code), &details), "{arguments:?}");
    };
    let no_column = written(&home, "a.csv", b"given_name,family_name\nBo,Ek\n");
    refused(&["person", "import", &no_column], "import.column.missing", json!({"column": "staff_no"}));
    let latin1 = written(&home, "b.csv", b"given_name,family_name,staff_no\nJ\xF6rg,Ek,1\n");
    refused(&["person", "import", &latin1], "import.encoding", json!({"line": "2", "looks_like": "Windows-1252"}));
    let nowhere = home.path().join("c.csv").to_string_lossy().into_owned();
    refused(&["person", "import", &nowhere], "file.failed", json!({"file": nowhere, "kind": "entity not found"}));
    let text = written(&home, "d.jpg", b"not a picture");
    refused(&["photo", "set", EILEEN, &text], "photo.format", json!({}));
    refused(&["photo", "set", "nobody", &text], "station.missing", json!({"kind": "person"}));
    refused(
        &["person", "add", "given_name=Bo", "family_name=Ek"],
        "person.field.missing",
        json!({"field": "staff_no"}),
    );
    refused(&["person", "add", "Bo"], "usage.argument", json!({"what": "FIELD=VALUE", "value": "Bo"}));
    let several = problem(&lanyard(home.path(), &["--rehearsal", "person", "show", "a"]));
    assert_eq!(several["code"], "person.ambiguous");
    refused(&["card", "void", "C-0000001", "--reason", "lost"], "station.missing", json!({"kind": "card"}));
    refused(&["operator", "remove", "nobody"], "usage.argument", json!({"what": "login", "value": "nobody"}));
    refused(
        &["issue", EILEEN, "--workflow", "renew"],
        "usage.argument",
        json!({"what": "--workflow", "value": "renew"}),
    );
    refused(
        &["issue", EILEEN, "--identified", "tattoo"],
        "usage.argument",
        json!({"what": "--identified", "value": "tattoo"}),
    );
    refused(
        &["init", "--station", "Again", "--with", "liv:Liv", "--password-file", &text],
        "station.house.exists",
        json!({}),
    );
    assert_eq!(records(&home), before);
}

#[test]
fn a_wrong_password_and_a_second_writer_are_refused_and_reading_beside_the_window_is_not() {
    let home = Home::new();
    let window = home.rehearsal();
    let unchanged = Unchanged::rehearsal(&home);
    let wrong = lanyard_as(home.path(), ANA, "not the password", &["--rehearsal", "person", "find", "eil"]);
    assert_eq!(problem(&wrong)["code"], "keys.password.wrong");
    let add = lanyard(home.path(), &["--rehearsal", "person", "add", "given_name=Bo", "family_name=Ek", "staff_no=1"]);
    assert_eq!(problem(&add)["code"], "store.in_use");
    let person = window.person_of(EILEEN).unwrap();
    for (arguments, holds) in [
        (&["person", "find", "eil"][..], EILEEN),
        (&["person", "show", EILEEN], EILEEN),
        (&["history", "show", "person", &person], "person.created"),
        (&["history", "verify"], "consistent"),
        (&["devices"], "Encoder"),
    ] {
        let output = lanyard(home.path(), &[&["--rehearsal"], arguments].concat());
        assert!(answer(&output).to_string().contains(holds), "{arguments:?}");
    }
    unchanged.assert("reading leaves nothing, refusals neither");
}

#[test]
fn a_real_house_is_not_there_because_a_rehearsal_is_and_nothing_is_made_by_asking() {
    let home = Home::new();
    drop(home.rehearsal());
    let output = lanyard(home.path(), &["person", "find", "eil"]);
    assert_eq!(problem(&output)["code"], "station.house.none");
    assert!(!home.house(false).exists());
}

#[test]
fn wrong_words_end_with_two_and_a_password_is_never_taken_from_the_command_line() {
    let run = |arguments: &[&str]| {
        let output = Command::new(program("lanyard")).args(arguments).output().unwrap();
        assert!(output.stdout.is_empty());
        output.status.code()
    };
    assert_eq!(run(&[]), Some(2));
    assert_eq!(run(&["frobnicate"]), Some(2));
    assert_eq!(run(&["person", "import"]), Some(2));
    assert_eq!(run(&["--password", "secret", "devices"]), Some(2));
    assert_eq!(run(&["--passphrase", "secret", "devices"]), Some(2));
}

#[test]
fn a_password_file_that_is_no_text_is_said_to_be_none() {
    let home = Home::new();
    drop(home.rehearsal());
    let file = written(&home, "password", b"\xFF\xFE\0secret");
    let with = |file: &str| {
        let mut command = Command::new(program("lanyard"));
        command.arg("--json").arg("--home").arg(home.path()).args(["--rehearsal", "--operator", ANA]);
        problem(&command.args(["--passphrase-file", file, "operator", "list"]).output().unwrap())
    };
    assert_eq!(with(&file)["code"], "file.failed");
    assert_eq!(with(&file)["details"]["file"], json!(file));
    let folder = Path::new(home.path()).to_string_lossy().into_owned();
    assert_eq!(with(&folder)["code"], "file.failed");
    let empty = written(&home, "empty", b"\n");
    assert_eq!(with(&empty)["code"], "keys.password.wrong");
}
