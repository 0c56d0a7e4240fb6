//! The badge that `lanyard rehearse --demo` issues: its bundle holds, and does not after each of these spoilings; the verdict
//! of the program that an auditor runs. What takes the station's own key to forge is in `crates/history/tests`.
#![allow(clippy::unwrap_used, reason = "a test stops where it fails")]

use std::io::{Cursor, Read, Write};
use std::path::Path;
use std::process::Command;

use ed25519_dalek::{Signer, SigningKey};
use lanyard_history::EntryView;
use lanyard_tests::house::program;
use serde_json::Value;

/// The files of a bundle, in their order.
#[derive(Clone)]
struct Bundle(Vec<(String, Vec<u8>)>);

impl Bundle {
    fn read(path: &Path) -> Self {
        let mut zip = zip::ZipArchive::new(Cursor::new(std::fs::read(path).unwrap())).unwrap();
        let files = (0..zip.len()).map(|at| {
            let mut file = zip.by_index(at).unwrap();
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes).unwrap();
            (file.name().unwrap().into_owned(), bytes)
        });
        Self(files.collect())
    }

    fn write(&self, path: &Path) {
        let mut zip = zip::ZipWriter::new(std::fs::File::create(path).unwrap());
        for (name, bytes) in &self.0 {
            zip.start_file(name.as_str(), zip::write::SimpleFileOptions::default()).unwrap();
            zip.write_all(bytes).unwrap();
        }
        zip.finish().unwrap();
    }

    fn file(&mut self, beginning: &str) -> &mut Vec<u8> {
        &mut self.0.iter_mut().find(|(name, _)| name.starts_with(beginning)).unwrap().1
    }

    /// Each entry: 46 bytes of heads, the payload with its own head, and 66 bytes of signature (history-format.md §1).
    fn entries(&mut self) -> Vec<Vec<u8>> {
        let mut rest = &self.file("entries.cborseq")[..];
        let mut entries = Vec::new();
        while !rest.is_empty() {
            let payload = match rest[46] {
                0x58 => 2 + usize::from(rest[47]),
                0x59 => 3 + usize::from(u16::from_be_bytes([rest[47], rest[48]])),
                other => panic!("no payload begins with {other:#x}"),
            };
            let (entry, after) = rest.split_at(46 + payload + 66);
            entries.push(entry.to_vec());
            rest = after;
        }
        entries
    }

    fn with(&self, change: impl FnOnce(&mut Vec<Vec<u8>>)) -> Self {
        let mut changed = self.clone();
        let mut entries = changed.entries();
        change(&mut entries);
        *changed.file("entries.cborseq") = entries.concat();
        changed
    }

    fn with_file(&self, beginning: &str, change: impl FnOnce(&mut Vec<u8>)) -> Self {
        let mut changed = self.clone();
        change(changed.file(beginning));
        changed
    }
}

/// Exit code and the codes of the faults.
fn verdict(path: &Path) -> (Option<i32>, Vec<String>) {
    let output = Command::new(program("lanyard-verify")).args(["--json".as_ref(), path.as_os_str()]).output().unwrap();
    let said: Value = serde_json::from_slice(&output.stdout).unwrap();
    let faults = said["faults"].as_array().unwrap().iter().map(|fault| fault["code"].as_str().unwrap().to_owned());
    (output.status.code(), faults.collect())
}

#[test]
fn the_demonstrations_bundle_holds_and_whatever_is_touched_in_it_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let demo = folder.path().join("demo");
    let done = Command::new(program("lanyard")).args(["rehearse", "--demo"]).arg(&demo).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let path = demo.join("history.zip");
    assert_eq!(verdict(&path), (Some(0), vec![]));

    let mut good = Bundle::read(&path);
    let count = good.entries().len();
    let middle = count / 2;
    let stranger = SigningKey::from_bytes(&[0x5A; 32]);
    let signed_anew = |entry: &[u8]| {
        let signature = stranger.sign(&EntryView::parse(entry).unwrap().to_be_signed()).to_bytes();
        [&entry[..entry.len() - 64], &signature[..]].concat()
    };
    // The salt of the first opening stands after the entry's hash and the field's name (§5).
    let salt = |openings: &mut Vec<u8>| {
        let name = usize::from(openings[35] & 0x1F);
        openings[36 + name + 1] ^= 1;
    };
    let spoilt: [(&str, Bundle); 9] = [
        ("entry.altered", good.with(|entries| *entries[middle].last_mut().unwrap() ^= 1)),
        ("entry.altered", good.with(|entries| entries[middle] = signed_anew(&entries[middle]))),
        ("entry.altered", good.with(|entries| entries.insert(middle, signed_anew(&entries[middle])))),
        ("entry.missing", good.with(|entries| drop(entries.remove(middle)))),
        ("entry.order", good.with(|entries| entries.swap(middle, middle + 1))),
        ("entry.duplicate", good.with(|entries| entries.insert(middle, entries[middle].clone()))),
        // The unprotected header is not signed; it must be empty.
        ("cbor.not_canonical", good.with(|entries| drop(entries[middle].splice(45..46, [0xA1, 0x04, 0x41, 0x00])))),
        ("opening.mismatch", good.with_file("openings.cborseq", salt)),
        ("blob.altered", good.with_file("blobs/", |blob| *blob.last_mut().unwrap() ^= 1)),
    ];
    for (code, bundle) in spoilt {
        let path = folder.path().join("spoilt.zip");
        bundle.write(&path);
        let (exit, faults) = verdict(&path);
        assert_eq!(exit, Some(1), "{code}");
        assert!(faults.iter().any(|fault| fault == code), "{code} among {faults:?}");
    }

    // With the checkpoint that was kept beside it the same bundle is anchored.
    let mut since = Command::new(program("lanyard-verify"));
    since.arg("--json").arg("--since").arg(demo.join("history.checkpoint.txt")).arg(&path);
    let said: Value = serde_json::from_slice(&since.output().unwrap().stdout).unwrap();
    assert_eq!((&said["verdict"], &said["level"]), (&"holds".into(), &"anchored".into()));
}
