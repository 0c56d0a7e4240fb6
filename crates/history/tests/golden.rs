//! The format is frozen: what the fixtures made once is what they make today, to the byte, and old bundles keep their
//! verdicts. `tests/vectors/compat/history/` also serves those who write a verifier of their own.
//!
//! `LANYARD_WRITE_GOLDEN=1 cargo test -p lanyard-history --test golden` writes them anew; a change of an existing file
//! is a change of the format.

#![allow(clippy::unwrap_used, reason = "the helpers of a test are a test")]

mod house;

use std::collections::BTreeMap;
use std::path::PathBuf;

use house::{Lone, faults, spoilt};
use lanyard_history::Packing;
use lanyard_history::verify::verify;
use serde_json::{Value, json};

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/vectors/compat/history")
}

/// The command line that gives the verdict.
fn arguments(case: &spoilt::Case) -> Vec<String> {
    let mut arguments = vec![format!("{}.zip", case.name)];
    let mut option = |name: &str, value: String| arguments.extend([name.to_owned(), value]);
    if let Some(root) = &case.options.root {
        option("--root", hex::encode(root));
    }
    if case.options.since.is_some() {
        option("--since", format!("{}.since", case.name));
    }
    for witness in &case.options.witnesses {
        option("--witness", witness.to_string());
    }
    if case.options.complete {
        arguments.push("--complete".into());
    }
    arguments
}

/// Every file, by name.
fn files() -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut index = serde_json::Map::new();
    for case in spoilt::all() {
        let report = case.parts.verify(&case.options);
        index.insert(case.name.into(), json!({ "arguments": arguments(&case), "exit": report.exit_code() }));
        files.insert(format!("{}.zip", case.name), case.parts.zip());
        files.insert(format!("{}.json", case.name), format!("{:#}\n", report.json()).into_bytes());
        if let Some(since) = case.options.since {
            files.insert(format!("{}.since", case.name), since.into_bytes());
        }
    }
    files.insert("index.json".into(), format!("{:#}\n", Value::Object(index)).into_bytes());
    files
}

#[test]
fn the_golden_bundles_are_made_the_same_to_the_byte() {
    let files = files();
    if std::env::var_os("LANYARD_WRITE_GOLDEN").is_some() {
        std::fs::create_dir_all(folder()).unwrap();
        for (name, bytes) in &files {
            std::fs::write(folder().join(name), bytes).unwrap();
        }
    }
    let mut there: Vec<String> = std::fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name != "README.md")
        .collect();
    there.sort();
    assert_eq!(there, files.keys().cloned().collect::<Vec<_>>());
    for (name, bytes) in &files {
        let golden = std::fs::read(folder().join(name)).unwrap();
        if name.ends_with(".json") {
            let parse = |bytes: &[u8]| serde_json::from_slice::<Value>(bytes).unwrap();
            assert_eq!(parse(&golden), parse(bytes), "{name}");
        } else {
            assert!(golden == *bytes, "{name} is made otherwise: the format changed");
        }
    }
    assert!(files.values().map(Vec::len).sum::<usize>() < 1_000_000);
}

#[test]
fn the_golden_bundles_keep_their_verdicts() {
    for case in spoilt::all() {
        let golden = std::fs::File::open(folder().join(format!("{}.zip", case.name))).unwrap();
        let report = verify(golden, &case.options).unwrap();
        let said = std::fs::read(folder().join(format!("{}.json", case.name))).unwrap();
        assert_eq!(report.json(), serde_json::from_slice::<Value>(&said).unwrap(), "{}", case.name);
        assert_eq!(faults(&report), case.faults, "{}", case.name);
    }
}

#[test]
fn a_stations_writer_makes_the_golden_bundle_and_a_packed_one_says_the_same() {
    let parts = Lone::new().parts();
    assert!(parts.written(Packing::Stored) == parts.zip());
    let packed = parts.written(Packing::Deflated);
    assert!(packed.len() < parts.zip().len());
    let report = verify(std::io::Cursor::new(packed), &Default::default()).unwrap();
    assert_eq!(report, parts.verify(&Default::default()));
}

#[test]
fn every_code_of_the_page_is_shown_by_some_golden_bundle() {
    let found: std::collections::BTreeSet<&str> =
        spoilt::all().iter().flat_map(|case| case.faults.split([' ', '@'])).collect();
    for code in lanyard_history::verify::Code::ALL {
        assert!(found.contains(code.word()), "{}", code.word());
    }
}
