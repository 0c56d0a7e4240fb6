//! Every input that is kept is given to its target again: what once went wrong stays mended.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::path::{Path, PathBuf};

use lanyard_hostile::{Known, TARGETS, feed};

fn kept(target: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(target);
    let files = std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<PathBuf> = files.map(|file| file.unwrap().path()).collect();
    files.sort();
    files
}

#[test]
fn nothing_that_was_ever_found_goes_wrong_again() {
    let mut wrong = Vec::new();
    for (target, _) in TARGETS {
        let files = kept(target);
        assert!(files.len() >= 5, "{target}: a corpus of {} files", files.len());
        for file in files {
            let bytes = std::fs::read(&file).unwrap();
            if std::panic::catch_unwind(|| feed(target, &bytes)).is_err() {
                wrong.push(file);
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_target_has_its_program() {
    let programs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/fuzz_targets");
    let mut names: Vec<String> = std::fs::read_dir(programs)
        .unwrap()
        .map(|file| file.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    names.sort();
    assert_eq!(names, TARGETS.iter().map(|(name, _)| *name).collect::<Vec<_>>());
}

#[test]
fn the_search_finds_a_key_however_it_is_written() {
    let bytes: [u8; 16] = Known::made(3);
    let key = Known::of(&bytes);
    for said in [hex::encode(bytes), hex::encode_upper(bytes), format!("{bytes:?}"), format!("{:#?}", &bytes[8..])] {
        assert!(key.is_said_in(&said), "{said}");
    }
    let mut marked = bytes;
    marked.iter_mut().for_each(|byte| *byte ^= 1);
    assert!(key.is_in(&[&[1, 2, 3], &marked[..8], &[9]].concat()), "a DES key with another version is the same key");
    assert!(!key.is_in(&bytes[..7]));
    assert!(!key.is_said_in("key 3 of 16 bytes"));
}
