//! The command as an auditor runs it, over every golden bundle.

#![allow(clippy::unwrap_used, reason = "the helpers of a test are a test")]

use std::path::PathBuf;
use std::process::{Command, Output};

use serde_json::Value;

fn golden() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/vectors/compat/history")
}

fn run(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_lanyard-verify")).current_dir(golden()).args(arguments).output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[test]
fn every_golden_bundle_gets_its_verdict_and_its_exit_code() {
    let index: Value = serde_json::from_slice(&std::fs::read(golden().join("index.json")).unwrap()).unwrap();
    let index = index.as_object().unwrap();
    assert!(index.len() > 70);
    for (name, case) in index {
        let arguments: Vec<&str> =
            case["arguments"].as_array().unwrap().iter().map(|argument| argument.as_str().unwrap()).collect();
        let output = run(&[&arguments[..], &["--json"]].concat());
        assert_eq!(output.status.code().map(i64::from), case["exit"].as_i64(), "{name}");
        let expected: Value =
            serde_json::from_slice(&std::fs::read(golden().join(format!("{name}.json"))).unwrap()).unwrap();
        assert_eq!(serde_json::from_str::<Value>(&said(&output)).unwrap(), expected, "{name}");
    }
}

#[test]
fn the_first_line_says_that_the_root_was_not_compared_and_its_fingerprint() {
    let output = run(&["good.zip"]);
    let text = said(&output);
    let first = text.lines().next().unwrap();
    assert!(first.starts_with("ROOT NOT COMPARED") && first.contains("4b735ac1 74e40636"), "{first}");
    let fingerprint = "4b735ac1 74e40636 507716ed 5c9a8a75 fbf6f462 357fabb7 1ac42b7b d502c64a";
    let text = said(&run(&["good.zip", "--root", fingerprint]));
    assert!(text.lines().next().unwrap().contains("the one you named"));
}

#[test]
fn a_fault_is_told_with_whose_record_when_and_what_it_can_mean() {
    let text = said(&run(&["opening-salt-changed.zip"]));
    for part in ["opening.mismatch", "entry 6", "person.created", "Åsa", "family_name", "2026-11-", "What it can mean"]
    {
        assert!(text.contains(part), "{part} in:\n{text}");
    }
    // A photo, by the person it is of.
    let text = said(&run(&["blob-byte-changed.zip"]));
    assert!(text.contains("photo.accepted, Åsa Möllerström, photo 2929"), "{text}");
}

#[test]
fn verdicts_are_told_in_four_languages() {
    let told: Vec<String> =
        ["en", "fr", "de", "sv"].iter().map(|lang| said(&run(&["entry-removed.zip", "--lang", lang]))).collect();
    for (text, words) in told.iter().zip(["are missing here", "manquent ici", "Hier fehlen", "saknas här"]) {
        assert!(text.contains(words), "{text}");
    }
}

#[test]
fn a_root_is_read_from_a_file_and_another_root_is_a_fault() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("root");
    let with = |contents: &[u8]| {
        std::fs::write(&file, contents).unwrap();
        run(&["good.zip", "--root", &format!("@{}", file.display())]).status.code()
    };
    assert_eq!(with(b"4b735ac174e40636507716ed5c9a8a75fbf6f462357fabb71ac42b7bd502c64a\n"), Some(0));
    assert_eq!(with(&[7; 32]), Some(1));
    assert_eq!(with(b"not a key"), Some(2));
}

#[test]
fn what_cannot_be_read_ends_with_two_and_says_why() {
    let output = run(&["index.json"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(said(&output).contains("cannot be read"));
    let output = run(&["index.json", "--json"]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(serde_json::from_str::<Value>(&said(&output)).unwrap()["verdict"], "unreadable");
    assert_eq!(run(&["good.zip", "--since", "index.json"]).status.code(), Some(2));
    let folder = tempfile::tempdir().unwrap();
    for (file, why) in [
        ("no-such-file.zip", "no-such-file.zip: there is no such file"),
        (folder.path().to_str().unwrap(), "it is a folder, not a file"),
        ("index.json", "index.json: it is no ZIP, or a damaged one"),
    ] {
        let output = run(&[file]);
        assert_eq!(output.status.code(), Some(2), "{file}");
        assert!(said(&output).contains(why), "{}", said(&output));
    }
    // Called wrongly, it still answers in JSON.
    let output = run(&["--json", "--no-such-option", "good.zip"]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(serde_json::from_str::<Value>(&said(&output)).unwrap()["verdict"], "unreadable");
}

#[test]
#[cfg(target_os = "linux")]
fn a_verdict_that_could_not_be_written_is_neither_a_success_nor_a_fault() {
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_lanyard-verify"));
    let output = command.current_dir(golden()).arg("good.zip").stdout(full).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("was not written"));
}
