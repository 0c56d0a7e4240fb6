//! First pass: every entry of the bundle read once, hashed, and noted in some two hundred bytes.
//!
//! What is kept decides the memory of a verification, so lists stay out of it: the commitments of all fields lie one
//! after the other in one vector, words are numbered.

use std::collections::{HashMap, HashSet};
use std::io::Read;

use lanyard_model::Id;

use super::act::{Act, wants_a_person};
use super::loose;
use super::report::{About, Code, Finding, Remark};
use crate::bundle::Window;
use crate::entry::OPENS;
use crate::{EntryView, Error, Hash, entry_hash};

/// Faults and remarks that are listed; beyond, they are only counted.
const MAX_LISTED: usize = 100_000;

/// One entry.
pub(super) struct Note {
    pub(super) hash: Hash,
    pub(super) prev: Hash,
    pub(super) of: Id,
    pub(super) seq: u64,
    pub(super) at: i64,
    /// Where it lies in the file; a length of 0 for what is not read again.
    pub(super) offset: u64,
    pub(super) len: u32,
    /// Index of the writer.
    pub(super) writer: u32,
    fields_at: usize,
    fields_len: u32,
    what: u16,
    kind: u16,
    /// One bit per field that is shown, for the first 64.
    pub(super) opened: u64,
    pub(super) code: Option<Code>,
    pub(super) signed: Option<Code>,
    pub(super) rehearsal: bool,
    pub(super) unknown_version: bool,
    pub(super) sig_ok: bool,
    pub(super) logged: bool,
}

/// Numbers words. A bundle with more than it holds gets the empty word for the rest: only the text for people suffers.
#[derive(Default)]
struct Words {
    numbers: HashMap<String, u16>,
    words: Vec<String>,
}

impl Words {
    fn number(&mut self, word: &str) -> u16 {
        if let Some(number) = self.numbers.get(word) {
            return *number;
        }
        let (full, long) = (self.words.len() >= usize::from(u16::MAX), word.len() > 200);
        let word = if full || long { "" } else { word };
        if let Some(number) = self.numbers.get(word) {
            return *number;
        }
        let number = u16::try_from(self.words.len()).unwrap_or(0);
        self.words.push(word.to_owned());
        self.numbers.insert(word.to_owned(), number);
        number
    }

    fn word(&self, number: u16) -> &str {
        self.words.get(usize::from(number)).map_or("", String::as_str)
    }
}

/// All that verification knows of a bundle's entries.
pub(super) struct Index {
    /// In the order of the file.
    pub(super) notes: Vec<Note>,
    pub(super) writers: Vec<Id>,
    pub(super) acts: Vec<(u32, Act)>,
    /// Bytes of the entries that say which keys count.
    pub(super) key_entries: HashMap<u32, Vec<u8>>,
    /// Hashes that some entry has as its base.
    pub(super) superseded: HashSet<Hash>,
    /// Operators by writer: the last entry about each, and whether it was removed.
    pub(super) operators: HashMap<(u32, Id), (u32, bool)>,
    /// Names of people, from openings.
    pub(super) names: HashMap<Id, (String, String)>,
    /// Whose a card, photo or request is, from openings.
    pub(super) holders: HashMap<Id, Id>,
    /// Fault fields by note.
    pub(super) fault_fields: HashMap<u32, String>,
    pub(super) faults: Vec<Finding<Code>>,
    pub(super) fault_count: u64,
    pub(super) remarks: Vec<Finding<Remark>>,
    pub(super) remark_count: u64,
    /// Entries that are not here and were named once: what follows from it is not repeated.
    pub(super) named: HashSet<Hash>,
    pub(super) signed_by_person: u64,
    pub(super) asserted_by_machine: u64,
    by_hash: HashMap<Hash, u32>,
    writer_numbers: HashMap<Id, u32>,
    fields: Vec<u8>,
    words: Words,
}

impl Index {
    pub(super) fn new() -> Self {
        let mut this = Self {
            notes: Vec::new(),
            writers: Vec::new(),
            acts: Vec::new(),
            key_entries: HashMap::new(),
            superseded: HashSet::new(),
            operators: HashMap::new(),
            names: HashMap::new(),
            holders: HashMap::new(),
            fault_fields: HashMap::new(),
            faults: Vec::new(),
            fault_count: 0,
            remarks: Vec::new(),
            remark_count: 0,
            named: HashSet::new(),
            signed_by_person: 0,
            asserted_by_machine: 0,
            by_hash: HashMap::new(),
            writer_numbers: HashMap::new(),
            fields: Vec::new(),
            words: Words::default(),
        };
        // Number 0 is the empty word, for entries of which nothing more is known.
        this.words.number("");
        this
    }

    /// Reads the sequence of entries.
    pub(super) fn read(&mut self, file: impl Read) -> Result<(), Error> {
        let mut window = Window::new(file);
        let mut last: Option<(Id, u64)> = None;
        let mut lenience = loose::Lenience::new();
        loop {
            let offset = window.offset;
            let bytes = window.look()?;
            if bytes.is_empty() {
                return Ok(());
            }
            let len = match EntryView::parse(bytes) {
                Ok(view) => {
                    self.take(&view, offset, &mut last);
                    view.len
                }
                Err(_) => {
                    let (len, seen) = lenience.read(bytes, OPENS);
                    self.not_canonical(&bytes[..len], seen);
                    len
                }
            };
            window.pass(len);
        }
    }

    fn take(&mut self, view: &EntryView<'_>, offset: u64, last: &mut Option<(Id, u64)>) {
        let payload = &view.payload;
        let Ok(number) = u32::try_from(self.notes.len()) else { return };
        let hash = entry_hash(view.bytes());
        let fields = payload.raw_fields();
        let fields_at = self.fields.len();
        self.fields.extend(fields);
        let mut note = Note {
            hash,
            prev: *payload.prev,
            of: payload.of,
            seq: payload.seq,
            at: payload.at,
            offset,
            len: view.len as u32,
            writer: self.writer(payload.writer),
            fields_at,
            fields_len: fields.len() as u32,
            what: self.words.number(payload.what),
            kind: self.words.number(payload.kind),
            opened: 0,
            code: None,
            signed: None,
            rehearsal: payload.rehearsal,
            unknown_version: payload.version != 1,
            sig_ok: false,
            logged: false,
        };
        if *self.by_hash.entry(hash).or_insert(number) != number {
            note.code = Some(Code::Duplicate);
            self.notes.push(note);
            return;
        }
        let place = (payload.writer, payload.seq);
        if last.is_some_and(|last| place < last) {
            note.code = Some(Code::Order);
        }
        *last = Some(place);
        if note.unknown_version {
            note.code = Some(Code::UnknownVersion);
        } else {
            self.superseded.extend(payload.base());
            match Act::of(payload) {
                Some(Some(act)) => {
                    if matches!(act, Act::Enrolled { .. } | Act::Rekeyed { .. }) {
                        self.key_entries.insert(number, view.bytes().to_vec());
                    }
                    self.acts.push((number, act));
                }
                // An entry of §2 without the values that it must have is not an entry of this format.
                Some(None) => note.code = Some(Code::NotCanonical),
                None => {}
            }
            self.people(view, &mut note, number);
        }
        self.notes.push(note);
    }

    fn people(&mut self, view: &EntryView<'_>, note: &mut Note, number: u32) {
        let payload = &view.payload;
        if payload.is_signed() {
            self.signed_by_person += 1;
            if !payload.signed().all(|signed| signed.holds()) {
                note.signed = Some(Code::SignedInvalid);
            } else if !payload.signed().all(|signed| signed.agrees(payload)) {
                note.signed = Some(Code::SignedDisagrees);
            }
        } else if wants_a_person(payload) {
            self.asserted_by_machine += 1;
            let finding = self.finding_of(note, Remark::MachineOnly, None);
            self.push_remark(finding);
        }
        if payload.kind == "operator" {
            let removed = payload.what == "operator.removed" || payload.state.is_some_and(|(_, to)| to == "removed");
            self.operators.insert((note.writer, payload.of), (number, removed));
        }
    }

    fn not_canonical(&mut self, bytes: &[u8], seen: loose::Seen) {
        match seen {
            // Its bytes still have a hash that the next entry may link to, and a place that is not missing.
            loose::Seen::Entry(entry) => {
                let Ok(number) = u32::try_from(self.notes.len()) else { return };
                let hash = entry_hash(bytes);
                let writer = self.writer(entry.writer);
                let (what, kind) = (self.words.number(&entry.what), self.words.number(&entry.kind));
                self.by_hash.entry(hash).or_insert(number);
                self.notes.push(Note {
                    hash,
                    prev: entry.prev,
                    of: entry.of,
                    seq: entry.seq,
                    at: entry.at,
                    offset: 0,
                    len: 0,
                    writer,
                    fields_at: 0,
                    fields_len: 0,
                    what,
                    kind,
                    opened: 0,
                    code: Some(Code::NotCanonical),
                    signed: None,
                    rehearsal: false,
                    unknown_version: false,
                    sig_ok: false,
                    logged: false,
                });
            }
            loose::Seen::Nothing => self.loose_fault(Code::NotCanonical, None, None),
            loose::Seen::More => {}
        }
    }

    fn writer(&mut self, writer: Id) -> u32 {
        let next = self.writers.len() as u32;
        *self.writer_numbers.entry(writer).or_insert_with(|| {
            self.writers.push(writer);
            next
        })
    }

    pub(super) fn writer_number(&self, writer: Id) -> Option<u32> {
        self.writer_numbers.get(&writer).copied()
    }

    pub(super) fn by_hash(&self, hash: &Hash) -> Option<u32> {
        self.by_hash.get(hash).copied()
    }

    /// The commitments of a note's fields.
    pub(super) fn fields(&self, note: &Note) -> impl Iterator<Item = (&str, &Hash)> + use<'_> {
        crate::payload::fields(
            self.fields.get(note.fields_at..note.fields_at + note.fields_len as usize).unwrap_or_default(),
        )
    }

    /// Reports a fault of an entry, unless an earlier one was.
    pub(super) fn fault(&mut self, number: u32, code: Code, field: Option<&str>) {
        if let Some(note) = self.notes.get_mut(number as usize)
            && note.code.is_none()
        {
            note.code = Some(code);
            if let Some(field) = field {
                self.fault_fields.insert(number, field.to_owned());
            }
        }
    }

    /// Reports a fault that no entry of the bundle bears.
    pub(super) fn loose_fault(&mut self, code: Code, entry: Option<Hash>, field: Option<String>) {
        self.push_fault(Finding { code, writer: None, seq: None, entry, field, about: About::default() });
    }

    pub(super) fn push_fault(&mut self, finding: Finding<Code>) {
        self.fault_count += 1;
        if self.faults.len() < MAX_LISTED {
            self.faults.push(finding);
        }
    }

    pub(super) fn push_remark(&mut self, finding: Finding<Remark>) {
        self.remark_count += 1;
        if self.remarks.len() < MAX_LISTED {
            self.remarks.push(finding);
        }
    }

    pub(super) fn remark(&mut self, number: u32, code: Remark, field: Option<String>) {
        if let Some(note) = self.notes.get(number as usize) {
            let finding = self.finding_of(note, code, field);
            self.push_remark(finding);
        }
    }

    pub(super) fn finding_of<C>(&self, note: &Note, code: C, field: Option<String>) -> Finding<C> {
        Finding {
            code,
            writer: self.writers.get(note.writer as usize).copied(),
            seq: Some(note.seq),
            entry: Some(note.hash),
            field,
            about: About {
                what: self.words.word(note.what).to_owned(),
                kind: self.words.word(note.kind).to_owned(),
                of: (!note.unknown_version).then_some(note.of),
                name: None,
                at: Some(note.at),
            },
        }
    }

    /// Numbers of the entries by writer (bytewise), seq and place in the file; duplicates are left out.
    pub(super) fn in_order(&self) -> Vec<u32> {
        let mut order: Vec<u32> = (0..self.notes.len() as u32).collect();
        order.retain(|number| self.note(*number).is_some_and(|note| note.code != Some(Code::Duplicate)));
        let key = |number: &u32| {
            let note = self.note(*number)?;
            Some((self.writers.get(note.writer as usize)?, note.seq, *number))
        };
        // A file in its right order is sorted already, which the stable sort finds out in one pass.
        order.sort_by_key(key);
        order
    }

    pub(super) fn note(&self, number: u32) -> Option<&Note> {
        self.notes.get(number as usize)
    }
}
