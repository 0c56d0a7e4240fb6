//! Entries, openings, signed notes and whole bundles.

use std::io::Cursor;

use lanyard_history::verify::{Options, verify};
use lanyard_history::{Checkpoint, Entry, LogProof, Opening, decode_value, encode_value, words};

pub fn history(bytes: &[u8]) {
    if let Ok(value) = decode_value(bytes) {
        assert_eq!(encode_value(&value), bytes, "one encoding for a value");
    }
    if let Ok(entry) = Entry::parse(bytes.to_vec()) {
        assert_eq!(entry.bytes(), bytes);
        entry.view().unwrap();
    }
    if let Ok((entry, opening)) = Opening::decode(bytes) {
        assert_eq!(opening.encode(&entry).unwrap(), bytes);
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        if let Ok((_, note)) = Checkpoint::parse_note(text) {
            assert_eq!(lanyard_history::note::Note::parse(&note.to_string()).unwrap(), note);
        }
        let _ = LogProof::parse(text);
        let _ = text.parse::<lanyard_history::note::Cosigner>();
    }
    let said = match verify(Cursor::new(bytes), &Options::default()) {
        Ok(report) => words::tell(&report, words::Lang::En),
        Err(error) => words::unreadable("bundle.zip", &error, words::Lang::En),
    };
    assert!(!said.is_empty());
}
