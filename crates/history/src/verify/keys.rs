//! Which key was a writer's at which seq, who vouched for it, and the second pass: every signature, one at a time.

use std::collections::HashMap;
use std::io::Read;

use lanyard_model::Id;
use sha2::{Digest, Sha256};

use super::act::Act;
use super::index::Index;
use super::report::Code;
use crate::bundle::Window;
use crate::entry::{Kid, kid, to_be_signed_into};
use crate::{EntryView, Error, Hash, NO_PREV, PublicKey, events};

/// Signatures that failed are tried against other known keys, to tell "altered" from "signed by another". So many
/// times; a bundle full of both would else take for ever.
const FOREIGN_TRIES: u32 = 100_000;

/// A key from some seq on.
struct Period {
    from: u64,
    bytes: [u8; 32],
    kid: Kid,
    /// `None` for a key that may not be used: no signature holds under it.
    key: Option<PublicKey>,
    /// It was another writer's before: one key belongs to one writer, ever.
    taken: bool,
}

/// The keys of every writer, from its own chain.
pub(super) struct Keys {
    /// By writer number, ascending by seq.
    timelines: Vec<Vec<Period>>,
    /// Entries that name a new key and do not prove it.
    unproven: Vec<u32>,
    known: Vec<PublicKey>,
}

impl Keys {
    pub(super) fn of(index: &Index, order: &[u32]) -> Self {
        let mut this = Self { timelines: Vec::new(), unproven: Vec::new(), known: Vec::new() };
        this.timelines.resize_with(index.writers.len(), Vec::new);
        let acts: HashMap<u32, &Act> = index.acts.iter().map(|(number, act)| (*number, act)).collect();
        let mut owners: HashMap<[u8; 32], u32> = HashMap::new();
        let mut proved = vec![false; index.writers.len()];
        // In the order of the chains, so that each key is known before the entries it signs.
        for number in order {
            let (Some(note), Some(act)) = (index.note(*number), acts.get(number)) else { continue };
            let Some(view) = index.key_entries.get(number).and_then(|bytes| EntryView::parse(bytes).ok()) else {
                continue;
            };
            let writer = note.writer;
            match act {
                Act::Enrolled { writer: about, key, from_seq: 1, head }
                    if note.seq == 1 && *about == view.payload.writer && *head == NO_PREV =>
                {
                    let mut period = Period::new(1, key);
                    let holds = period.key.as_ref().is_some_and(|key| key.signed(&view));
                    let timeline = &mut this.timelines[writer as usize];
                    // Of several first entries the first that holds; the rest are reported one by one.
                    if holds && !proved[writer as usize] {
                        proved[writer as usize] = true;
                        period.claim(writer, &mut owners);
                        *timeline = vec![period];
                    } else if timeline.is_empty() {
                        timeline.push(period);
                    }
                }
                Act::Rekeyed { key, proof } => {
                    let signer = this.at(writer, note.seq).and_then(|period| period.key.as_ref());
                    if !signer.is_some_and(|signer| signer.signed(&view)) {
                        continue;
                    }
                    let mut period = Period::new(note.seq.saturating_add(1), key);
                    let message = events::rekey_proof_message(view.payload.writer, note.seq, &note.prev);
                    if period.key.as_ref().is_some_and(|key| key.accepts(&message, proof)) {
                        period.claim(writer, &mut owners);
                        this.timelines[writer as usize].push(period);
                    } else {
                        this.unproven.push(*number);
                    }
                }
                _ => {}
            }
        }
        this.fall_back_on_enrolments(index);
        this.known = this.timelines.iter().flatten().filter_map(|period| period.key.clone()).collect();
        this
    }

    /// A chain whose beginning is not here: what others say of its keys.
    fn fall_back_on_enrolments(&mut self, index: &Index) {
        for (number, act) in &index.acts {
            let Act::Enrolled { writer, key, from_seq, .. } = act else { continue };
            let (Some(note), Some(about)) = (index.note(*number), index.writer_number(*writer)) else { continue };
            if about != note.writer && self.timelines[about as usize].first().is_none_or(|first| first.from > 1) {
                // From seq 2 on at the earliest: seq 1 speaks for itself, and it is not here.
                self.timelines[about as usize].push(Period::new((*from_seq).max(2), key));
                self.timelines[about as usize].sort_by_key(|period| period.from);
            }
        }
    }

    fn place(&self, writer: u32, seq: u64) -> Option<usize> {
        self.timelines.get(writer as usize)?.partition_point(|period| period.from <= seq).checked_sub(1)
    }

    fn at(&self, writer: u32, seq: u64) -> Option<&Period> {
        self.timelines.get(writer as usize)?.get(self.place(writer, seq)?)
    }

    /// The key at seq 1.
    pub(super) fn first(&self, writer: u32) -> Option<&[u8; 32]> {
        self.timelines.get(writer as usize)?.first().filter(|period| period.from == 1).map(|period| &period.bytes)
    }

    pub(super) fn accepts_adopted(&self, bytes: &[u8]) -> Option<Code> {
        let Ok(view) = EntryView::parse(bytes) else { return Some(Code::NotCanonical) };
        if view.len != bytes.len() {
            return Some(Code::NotCanonical);
        }
        let mut named = self.known.iter().filter(|key| key.kid() == *view.kid).peekable();
        if named.peek().is_none() {
            return Some(Code::Unvouched);
        }
        if named.any(|key| key.signed(&view)) { None } else { Some(Code::Altered) }
    }

    /// Second pass: every signature.
    pub(super) fn check(&self, index: &mut Index, file: impl Read) -> Result<(), Error> {
        let mut window = Window::new(file);
        let mut message = Vec::new();
        let mut tries = FOREIGN_TRIES;
        for number in 0..index.notes.len() {
            let Some(note) = index.notes.get(number) else { break };
            if note.len == 0 || matches!(note.code, Some(Code::Duplicate)) {
                continue;
            }
            while window.offset < note.offset {
                let available = window.look()?.len();
                if available == 0 {
                    return Err(Error::Bundle { why: "the file changed while it was read" });
                }
                window.pass(usize::try_from(note.offset - window.offset).unwrap_or(available).min(available));
            }
            let Some(bytes) = window.look()?.get(..note.len as usize) else {
                return Err(Error::Bundle { why: "the file changed while it was read" });
            };
            let verdict = self.judge(note.writer, note.seq, bytes, &mut message, &mut tries);
            let unknown_version = note.unknown_version;
            match verdict {
                Ok(ok) => index.notes[number].sig_ok = ok,
                // "Hash and signature are still checked" (§1): the one case of two codes on one entry.
                Err(code) if unknown_version => {
                    let finding = index.finding_of(&index.notes[number], code, None);
                    index.push_fault(finding);
                }
                // The order of the codes, not of the passes, decides: only an entry's place in the file comes first.
                Err(code) => index.fault(number as u32, code, None),
            }
        }
        Ok(())
    }

    /// `Ok(false)`: no key is known, so nothing can be said yet.
    fn judge(&self, writer: u32, seq: u64, bytes: &[u8], message: &mut Vec<u8>, tries: &mut u32) -> Result<bool, Code> {
        let Some(period) = self.at(writer, seq) else { return Ok(false) };
        let Some((kid, signature)) = bytes.get(9..17).zip(bytes.last_chunk::<64>()) else { return Err(Code::Altered) };
        if period.taken || *kid != period.kid {
            return Err(Code::KeyForeign);
        }
        to_be_signed_into(bytes, message);
        if period.key.as_ref().is_some_and(|key| key.accepts(message, signature)) {
            return Ok(true);
        }
        let other = self.known.iter().filter(|key| key.to_bytes() != period.bytes).any(|key| {
            *tries > 0 && {
                *tries -= 1;
                key.accepts(message, signature)
            }
        });
        Err(if other { Code::KeyForeign } else { Code::Altered })
    }

    /// The writer that vouches for the others: the one with the wanted root key; else the one that opened the log of
    /// this origin; else one that enrols others and is enrolled by none; else the first, bytewise.
    pub(super) fn root_writer(&self, index: &Index, wanted: Option<&Hash>, origin: Option<&str>) -> Option<u32> {
        let mut writers: Vec<u32> = (0..index.writers.len() as u32).collect();
        writers.sort_by_key(|writer| index.writers[*writer as usize]);
        if let Some(wanted) = wanted
            && let Some(same) =
                writers.iter().find(|writer| self.first(**writer).is_some_and(|key| is_root(key, wanted)))
        {
            return Some(*same);
        }
        let (mut opened, mut enrols, mut enrolled) =
            (vec![false; writers.len()], vec![false; writers.len()], vec![false; writers.len()]);
        for (number, act) in &index.acts {
            let Some(note) = index.note(*number).filter(|note| note.sig_ok) else { continue };
            let by = note.writer as usize;
            match act {
                Act::Enrolled { writer, .. } if index.writers[by] != *writer => {
                    enrols[by] = true;
                    if let Some(about) = index.writer_number(*writer) {
                        enrolled[about as usize] = true;
                    }
                }
                Act::LogOpened { origin: of, .. } => opened[by] |= origin == Some(of.as_str()),
                _ => {}
            }
        }
        let rank = |writer: &u32| (!opened[*writer as usize], !enrols[*writer as usize], enrolled[*writer as usize]);
        writers.into_iter().min_by_key(rank)
    }

    /// Reports keys that nobody vouched for, and what comes after a retirement.
    pub(super) fn vouch(&self, index: &mut Index, order: &[u32], root: Option<u32>, whole: bool) {
        let effective = self.effective(index, order, root, whole);
        let retired = retirements(index, root);
        for number in &self.unproven {
            index.fault(*number, Code::Unvouched, None);
        }
        for number in order {
            let Some(note) = index.note(*number) else { continue };
            let (writer, seq) = (note.writer, note.seq);
            let vouched = match self.place(writer, seq) {
                None => false,
                Some(_) if Some(writer) == root => true,
                Some(place) => effective.get(&writer).is_some_and(|from| {
                    from.iter().any(|from| *from > seq || self.place(writer, *from) == Some(place))
                }),
            };
            if !vouched {
                index.fault(*number, Code::Unvouched, None);
            } else if retired.get(&writer).is_some_and(|(last, by)| seq > *last && by != number) {
                index.fault(*number, Code::AfterRetired, None);
            }
        }
    }

    /// By writer, the seqs from which the root has vouched for the key in force there. An enrolment whose head is not
    /// what the chain has there, or whose key is another, has no effect.
    fn effective(&self, index: &Index, order: &[u32], root: Option<u32>, whole: bool) -> HashMap<u32, Vec<u64>> {
        let mut wanted: HashMap<(u32, u64), Vec<Hash>> = HashMap::new();
        let mut enrolments = Vec::new();
        for (number, act) in &index.acts {
            let Act::Enrolled { writer, key, from_seq, head } = act else { continue };
            let (Some(note), Some(about)) = (index.note(*number), index.writer_number(*writer)) else { continue };
            if note.sig_ok && Some(note.writer) == root && about != note.writer {
                wanted.entry((about, from_seq - 1)).or_default();
                enrolments.push((about, key, *from_seq, head));
            }
        }
        for number in order {
            if let Some(note) = index.note(*number)
                && let Some(hashes) = wanted.get_mut(&(note.writer, note.seq))
            {
                hashes.push(note.hash);
            }
        }
        let mut effective: HashMap<u32, Vec<u64>> = HashMap::new();
        for (about, key, from_seq, head) in enrolments {
            let there = wanted.get(&(about, from_seq - 1)).map(Vec::as_slice).unwrap_or_default();
            let links =
                if from_seq == 1 { *head == NO_PREV } else { there.contains(head) || (there.is_empty() && !whole) };
            if links && self.at(about, from_seq.max(1)).is_some_and(|period| period.bytes == *key) {
                effective.entry(about).or_default().push(from_seq);
            }
        }
        effective
    }
}

impl Period {
    fn new(from: u64, bytes: &[u8; 32]) -> Self {
        Self { from, bytes: *bytes, kid: kid(bytes), key: PublicKey::new(bytes).ok(), taken: false }
    }

    /// The key is this writer's, unless it is another's already.
    fn claim(&mut self, writer: u32, owners: &mut HashMap<[u8; 32], u32>) {
        self.taken = *owners.entry(self.bytes).or_insert(writer) != writer;
    }
}

/// By writer, the last seq that counts and the entry that says so: by the root, or by the writer itself.
fn retirements(index: &Index, root: Option<u32>) -> HashMap<u32, (u64, u32)> {
    let mut retired: HashMap<u32, (u64, u32)> = HashMap::new();
    for (number, act) in &index.acts {
        let (Act::Retired { writer, seq, .. }, Some(note)) = (act, index.note(*number)) else { continue };
        let Some(about) = index.writer_number(*writer) else { continue };
        if note.sig_ok && (Some(note.writer) == root || note.writer == about) {
            let earliest = retired.entry(about).or_insert((*seq, *number));
            if *seq < earliest.0 {
                *earliest = (*seq, *number);
            }
        }
    }
    retired
}

/// A root is given as the key, or as its SHA-256.
pub(super) fn is_root(key: &[u8; 32], wanted: &Hash) -> bool {
    key == wanted || fingerprint(key) == *wanted
}

pub(super) fn fingerprint(key: &[u8; 32]) -> Hash {
    Sha256::digest(key).into()
}

/// The heads that retirements name: writer, seq, head.
pub(super) fn retired_heads(index: &Index, root: Option<u32>) -> Vec<(Id, u64, Hash)> {
    index
        .acts
        .iter()
        .filter_map(|(number, act)| match act {
            Act::Retired { writer, seq, head }
                if index.note(*number).is_some_and(|note| note.sig_ok && Some(note.writer) == root) =>
            {
                Some((*writer, *seq, *head))
            }
            _ => None,
        })
        .collect()
}
