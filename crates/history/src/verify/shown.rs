//! What is shown beside the entries: openings, what was erased, what is withheld, blobs.

use std::collections::{HashMap, HashSet};
use std::io::{Read, Seek};

use lanyard_model::Id;
use sha2::{Digest, Sha256};

use super::act::Act;
use super::index::Index;
use super::report::{Code, Remark};
use crate::bundle::{BLOBS, Bundle, OPENINGS, Window};
use crate::cbor::Reader;
use crate::opening::OpeningView;
use crate::{Error, Hash, MAX_LEN, hex};

/// What an opening of ours begins with: an array of four, and 32 bytes.
const OPENS: &[u8] = &[0x84, 0x58, 0x20];

/// Fields by place in their entry.
#[derive(Default)]
pub(super) struct Shown {
    /// Openings beyond the 64 of the bit field.
    more: HashSet<(u32, usize)>,
    erased: HashSet<(u32, usize)>,
    /// By hash of a blob, who says that it is so and of what size.
    blobs: HashMap<Hash, Vec<(u32, String, u64)>>,
    pub(super) opened: u64,
    pub(super) fields: u64,
    pub(super) withheld: u64,
    pub(super) blobs_shown: u64,
}

impl Shown {
    /// Holds every opening against its commitment.
    pub(super) fn openings<R: Read + Seek>(&mut self, index: &mut Index, bundle: &mut Bundle<R>) -> Result<(), Error> {
        let Some(file) = bundle.file(OPENINGS)? else { return Ok(()) };
        let mut window = Window::new(file);
        let mut lost = false;
        loop {
            let bytes = window.look()?;
            if bytes.is_empty() {
                return Ok(());
            }
            let len = match OpeningView::parse(&bytes[..bytes.len().min(MAX_LEN)]) {
                Ok(opening) => {
                    lost = false;
                    self.opening(index, &opening);
                    opening.len
                }
                Err(_) => {
                    if !lost {
                        index.loose_fault(Code::OpeningMismatch, None, None);
                    }
                    lost = true;
                    let rest = bytes.get(1..).unwrap_or_default();
                    rest.windows(OPENS.len()).position(|window| window == OPENS).map_or(bytes.len(), |at| at + 1)
                }
            };
            window.pass(len);
        }
    }

    fn opening(&mut self, index: &mut Index, opening: &OpeningView<'_>) {
        let Some(number) = index.by_hash(opening.entry) else {
            if index.named.insert(*opening.entry) {
                index.loose_fault(Code::OpeningForeign, Some(*opening.entry), Some(opening.field.to_owned()));
            }
            return;
        };
        let Some(note) = index.note(number) else { return };
        let found = index.fields(note).enumerate().find(|(_, (name, _))| *name == opening.field);
        let Some((place, (_, commitment))) = found else {
            index.fault(number, Code::OpeningForeign, Some(opening.field));
            return;
        };
        if *commitment != opening.commitment() {
            index.fault(number, Code::OpeningMismatch, Some(opening.field));
            return;
        }
        let of = note.of;
        let first = match index.notes.get_mut(number as usize) {
            Some(note) if place < 64 => {
                let first = note.opened & 1 << place == 0;
                note.opened |= 1 << place;
                first
            }
            _ => self.more.insert((number, place)),
        };
        self.opened += u64::from(first);
        if let Some((blob, size)) = blob(opening.value) {
            self.blobs.entry(blob).or_default().push((number, opening.field.to_owned(), size));
        }
        name(index, of, opening);
    }

    fn is_open(&self, index: &Index, number: u32, place: usize) -> bool {
        if place < 64 {
            index.note(number).is_some_and(|note| note.opened & 1 << place != 0)
        } else {
            self.more.contains(&(number, place))
        }
    }

    /// Erasures: of fields of entries about the same record, or faults.
    pub(super) fn erasures(&mut self, index: &mut Index, whole: bool) {
        let aside: HashSet<Hash> = index
            .acts
            .iter()
            .filter_map(|(number, act)| match act {
                Act::SetAside(entry) if index.note(*number).is_some_and(|note| note.sig_ok) => Some(*entry),
                _ => None,
            })
            .collect();
        let (mut foreign, mut still_shown) = (Vec::new(), Vec::new());
        for (number, act) in &index.acts {
            let (Act::Erased(list), Some(note)) = (act, index.note(*number)) else { continue };
            if !note.sig_ok || aside.contains(&note.hash) {
                continue;
            }
            for (entry, field) in list {
                let Some((target, about)) = index.by_hash(entry).and_then(|n| Some((n, index.note(n)?))) else {
                    // In a bundle about some records, the others' entries are not here.
                    if whole && !index.named.contains(entry) {
                        foreign.push((*number, field.clone()));
                    }
                    continue;
                };
                let place = index.fields(about).position(|(name, _)| name == field);
                match place {
                    Some(place) if about.of == note.of => {
                        self.erased.insert((target, place));
                        if self.is_open(index, target, place) {
                            still_shown.push((target, field.clone()));
                        }
                    }
                    _ => foreign.push((*number, field.clone())),
                }
            }
        }
        for (number, field) in foreign {
            index.fault(number, Code::EraseForeign, Some(&field));
        }
        for (number, field) in still_shown {
            index.remark(number, Remark::ErasedShown, Some(field));
        }
    }

    pub(super) fn erased(&self) -> u64 {
        self.erased.len() as u64
    }

    /// Counts fields that are not shown; with `complete` they are faults.
    pub(super) fn withheld(&mut self, index: &mut Index, complete: bool) {
        for number in 0..index.notes.len() as u32 {
            let Some(note) = index.note(number) else { continue };
            let mut first = None;
            for (place, (name, _)) in index.fields(note).enumerate() {
                self.fields += 1;
                if !self.is_open(index, number, place) && !self.erased.contains(&(number, place)) {
                    self.withheld += 1;
                    first.get_or_insert(name);
                }
            }
            if complete && let Some(name) = first.map(str::to_owned) {
                index.fault(number, Code::Withheld, Some(&name));
            }
        }
    }

    /// Holds every blob against its name and against the fields that refer to it.
    pub(super) fn blobs<R: Read + Seek>(
        &mut self,
        index: &mut Index,
        bundle: &mut Bundle<R>,
        complete: bool,
    ) -> Result<(), Error> {
        let mut there = HashSet::new();
        for name in bundle.names(BLOBS) {
            let Some(file) = bundle.file(&name)? else { continue };
            let (hash, size) = hash_of(file)?;
            self.blobs_shown += 1;
            let named: Option<Hash> = name.strip_prefix(BLOBS).and_then(hex::decode_fixed);
            let referred = named.and_then(|named| self.blobs.get(&named)).map(Vec::as_slice).unwrap_or_default();
            if named != Some(hash) {
                if referred.is_empty() {
                    index.loose_fault(Code::BlobAltered, named, None);
                }
                referred.iter().for_each(|(number, field, _)| index.fault(*number, Code::BlobAltered, Some(field)));
            }
            for (number, field, _) in referred.iter().filter(|(_, _, said)| *said != size) {
                index.fault(*number, Code::BlobAltered, Some(field));
            }
            there.extend(named);
        }
        if complete {
            let absent: Vec<_> = self.blobs.iter().filter(|(hash, _)| !there.contains(*hash)).collect();
            let mut absent: Vec<_> = absent.into_iter().flat_map(|(_, referred)| referred).collect();
            absent.sort();
            absent.into_iter().for_each(|(number, field, _)| index.fault(*number, Code::BlobMissing, Some(field)));
        }
        Ok(())
    }
}

fn hash_of(file: impl Read) -> Result<(Hash, u64), Error> {
    let mut hasher = Sha256::new();
    let mut window = Window::new(file);
    loop {
        let len = match window.look()? {
            [] => return Ok((hasher.finalize().into(), window.offset)),
            bytes => {
                hasher.update(bytes);
                bytes.len()
            }
        };
        window.pass(len);
    }
}

/// `{"blob": SHA-256, "size": uint, "type": tstr}`, from its canonical bytes.
fn blob(value: &[u8]) -> Option<(Hash, u64)> {
    let mut reader = Reader::new(value);
    if !reader.key(b"\xA3\x64blob") {
        return None;
    }
    let hash = *reader.fixed().ok()?;
    reader.must_key(b"\x64size").ok()?;
    let size = reader.uint().ok()?;
    reader.must_key(b"\x64type").ok()?;
    reader.text().ok()?;
    reader.end().ok()?;
    Some((hash, size))
}

/// Remembers a person's name, and whose a record is, so that a fault can say on whose record it is.
fn name(index: &mut Index, of: Id, opening: &OpeningView<'_>) {
    let mut value = Reader::new(opening.value);
    match opening.field {
        "given_name" | "family_name" => {
            if let Ok(text) = value.text() {
                let name = index.names.entry(of).or_default();
                *(if opening.field == "given_name" { &mut name.0 } else { &mut name.1 }) = text.to_owned();
            }
        }
        "person" => {
            if let Ok(person) = value.fixed() {
                index.holders.insert(of, Id(*person));
            }
        }
        _ => {}
    }
}
