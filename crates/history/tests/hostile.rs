//! Bundles made to hurt: none may panic, none may take for ever, and what cannot be read says why.

#![allow(clippy::unwrap_used, reason = "the helpers of a test are a test")]

mod house;

use std::io::Cursor;
use std::sync::LazyLock;

use house::{Lone, Parts, zip_of};
use lanyard_history::verify::{Options, verify};
use lanyard_history::{Error, Packing, words};
use proptest::prelude::*;

static GOOD: LazyLock<Parts> = LazyLock::new(|| Lone::new().parts());
static FILES: LazyLock<Vec<(String, Vec<u8>)>> = LazyLock::new(|| files(&GOOD));

fn read(zip: Vec<u8>) -> Result<lanyard_history::verify::Report, Error> {
    verify(Cursor::new(zip), &Options::default())
}

fn files(parts: &Parts) -> Vec<(String, Vec<u8>)> {
    let mut zip = zip::ZipArchive::new(Cursor::new(parts.zip())).unwrap();
    (0..zip.len())
        .map(|index| {
            let mut file = zip.by_index(index).unwrap();
            let mut bytes = Vec::new();
            std::io::Read::read_to_end(&mut file, &mut bytes).unwrap();
            (file.name().unwrap().into_owned(), bytes)
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn no_changed_byte_of_the_zip_panics(
        packed in any::<bool>(),
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        cut in proptest::option::of(any::<prop::sample::Index>()),
    ) {
        let packing = if packed { Packing::Deflated } else { Packing::Stored };
        let mut zip = GOOD.written(packing);
        for (at, byte) in changes {
            let at = at.index(zip.len());
            zip[at] = byte;
        }
        if let Some(cut) = cut {
            zip.truncate(cut.index(zip.len()));
        }
        let said = match read(zip) {
            Ok(report) => words::tell(&report, words::Lang::De),
            Err(error) => words::unreadable("bundle.zip", &error, words::Lang::De),
        };
        prop_assert!(!said.is_empty());
    }

    /// Inside the files, where the ZIP's own structure does not catch it first.
    #[test]
    fn no_changed_byte_of_the_entries_panics_or_goes_unnoticed(
        file in 0..2_usize,
        at in any::<prop::sample::Index>(),
        bit in 0..8_u8,
    ) {
        let mut files = FILES.clone();
        let bytes = &mut files[file].1;
        let at = at.index(bytes.len());
        bytes[at] ^= 1_u8 << bit;
        let report = read(zip_of(&files)).unwrap();
        prop_assert!(!report.holds());
    }

    #[test]
    fn no_garbage_in_the_entries_panics(garbage in proptest::collection::vec(any::<u8>(), 0..2000)) {
        let mut parts = GOOD.clone();
        parts.entries.insert(3, garbage.clone());
        let report = parts.verify(&Options::default());
        prop_assert_eq!(report.holds(), garbage.is_empty());
    }

    #[test]
    fn no_garbage_in_any_file_panics(
        file in 0..7_usize,
        garbage in proptest::collection::vec(any::<u8>(), 0..300),
        at in any::<prop::sample::Index>(),
    ) {
        let mut files = FILES.clone();
        let file = file % files.len();
        let bytes = &mut files[file].1;
        let at = at.index(bytes.len() + 1);
        bytes.splice(at..at, garbage);
        let _ = read(zip_of(&files));
    }
}

#[test]
fn a_checksum_of_the_zip_decides_nothing() {
    let mut zip = GOOD.zip();
    // The blob's bytes within the ZIP; its checksum stays as it was.
    let at = zip.windows(house::PICTURE.len()).position(|window| window == house::PICTURE).unwrap();
    zip[at + 5] ^= 1;
    assert_eq!(house::faults(&read(zip).unwrap()), "blob.altered@7");
}

#[test]
fn what_is_no_bundle_says_what_is_missing() {
    let without = |name: &str| {
        let mut files = FILES.clone();
        files.retain(|(file, _)| file != name);
        read(zip_of(&files))
    };
    assert!(matches!(without("entries.cborseq"), Err(Error::FileMissing { name: "entries.cborseq" })));
    assert!(matches!(without("scope.json"), Err(Error::FileMissing { name: "scope.json" })));
    assert!(without("about.json").unwrap().holds());
    assert!(matches!(read(b"no zip at all".to_vec()), Err(Error::Bundle { .. })));
    assert!(read(Vec::new()).is_err());
}

#[test]
fn a_scope_that_is_malformed_is_refused() {
    for scope in ["", "{}", "[]", r#"{"whole":[],"records":[]}"#, r#"{"whole":[["x",1,"y"]]}"#, r#"{"whole":1}"#] {
        let mut files = FILES.clone();
        files.iter_mut().find(|(name, _)| name == "scope.json").unwrap().1 = scope.as_bytes().to_vec();
        assert!(matches!(read(zip_of(&files)), Err(Error::Bundle { .. })), "{scope}");
    }
}

#[test]
fn a_zip_bomb_is_refused_before_it_is_unpacked() {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Deflated);
    zip.start_file("entries.cborseq", options).unwrap();
    std::io::Write::write_all(&mut zip, &vec![0; 20 << 20]).unwrap();
    zip.start_file("scope.json", options).unwrap();
    std::io::Write::write_all(&mut zip, br#"{"whole":[]}"#).unwrap();
    let bytes = zip.finish().unwrap().into_inner();
    assert!(bytes.len() < 100_000);
    assert!(matches!(read(bytes), Err(Error::Bundle { why }) if why.contains("unpacks")));
}

#[test]
fn names_that_no_exporter_writes_are_refused() {
    for name in ["../evil", "a/../b", "/etc/passwd", "a\\b", "a b", &"x".repeat(300)] {
        let mut files = FILES.clone();
        files.push((name.to_owned(), vec![1]));
        assert!(read(zip_of(&files)).is_err(), "{name}");
    }
    // What a later version may add is passed over.
    let mut files = FILES.clone();
    files.push(("timestamps/1.tsr".to_owned(), vec![1]));
    assert!(read(zip_of(&files)).unwrap().holds());
}

/// Half a megabyte of the beginnings of entries: each could be one, none is.
#[test]
fn a_file_of_beginnings_ends_soon() {
    let beginnings = [0xD2, 0x84, 0x58, 0x29, 0xA3, 0x01, 0x32, 0x04, 0x48].repeat(60_000);
    let mut parts = GOOD.clone();
    parts.entries.push(beginnings);
    let report = parts.verify(&Options::default());
    assert_eq!(report.counts.faults, 60_000);
}

/// Arrays in arrays, deeper than any stack.
#[test]
fn nesting_without_end_is_one_fault() {
    let mut parts = GOOD.clone();
    parts.entries.push(vec![0x81; 200_000]);
    assert_eq!(house::faults(&parts.verify(&Options::default())), "cbor.not_canonical");
    let mut parts = GOOD.clone();
    parts.raw_openings = Some(vec![0x81; 200_000]);
    assert_eq!(house::faults(&parts.verify(&Options::default())), "opening.mismatch");
}
