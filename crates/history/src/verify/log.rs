//! The log over the entries: checkpoint, leaves or proofs, what extends what, and who cosigned it.

use std::collections::HashMap;
use std::io::{Read, Seek};

use super::act::Act;
use super::index::Index;
use super::report::{Code, Finding, Level, Remark};
use crate::bundle::{Bundle, CHECKPOINT, LEAVES, PROOF_END, PROOFS, Window};
use crate::note::{Cosigner, Note};
use crate::tree::Frontier;
use crate::{Checkpoint, Error, Hash, LogProof, PublicKey, hex};

/// What was found of the log.
#[derive(Default)]
pub(super) struct Log {
    pub(super) leaves: u64,
    pub(super) logged: u64,
    pub(super) not_logged: u64,
    /// Leaves whose entry is not in the bundle.
    pub(super) not_shown: u64,
    /// What the bundle shows; once checked, only what holds.
    newest: Option<(Checkpoint, Note)>,
    malformed: bool,
    since: Option<Checkpoint>,
    /// The newest checkpoint is about what is here: by its leaves, or by proofs that all lead to it.
    tied: bool,
    extends: bool,
}

/// Keys that the root has vouched for, by origin.
type Logs = HashMap<String, Vec<PublicKey>>;

fn vouched_logs(index: &Index, root: Option<u32>) -> Logs {
    let mut logs = Logs::new();
    for (number, act) in &index.acts {
        if let (Act::LogOpened { origin, key }, Some(note)) = (act, index.note(*number))
            && note.sig_ok
            && Some(note.writer) == root
            && let Ok(key) = PublicKey::new(key)
        {
            logs.entry(origin.clone()).or_default().push(key);
        }
    }
    logs
}

fn is_signed(logs: &Logs, checkpoint: &Checkpoint, note: &Note) -> bool {
    let keys = logs.get(&checkpoint.origin).map(Vec::as_slice).unwrap_or_default();
    keys.iter().any(|key| note.signed_by_log(&checkpoint.origin, key))
}

impl Log {
    /// Reads the checkpoints, and checks nothing yet.
    pub(super) fn open<R: Read + Seek>(bundle: &mut Bundle<R>, since: Option<&str>) -> Result<Self, Error> {
        let since = since.map(Checkpoint::parse_note).transpose()?.map(|(since, _)| since);
        let text = bundle.whole(CHECKPOINT)?;
        let read = text.map(|text| Checkpoint::parse_note(std::str::from_utf8(&text).unwrap_or_default()));
        let malformed = matches!(read, Some(Err(_)));
        Ok(Self { newest: read.and_then(Result::ok), malformed, since, ..Self::default() })
    }

    pub(super) fn origin(&self) -> Option<&str> {
        self.newest.as_ref().map(|(newest, _)| newest.origin.as_str())
    }

    pub(super) fn check<R: Read + Seek>(
        &mut self,
        index: &mut Index,
        bundle: &mut Bundle<R>,
        order: &[u32],
        root: Option<u32>,
        whole: bool,
    ) -> Result<(), Error> {
        let logs = vouched_logs(index, root);
        let since = self.since.take();
        let unsigned = self.newest.take_if(|(checkpoint, note)| !is_signed(&logs, checkpoint, note)).is_some();
        if unsigned || self.malformed {
            index.loose_fault(Code::LogRoot, None, None);
        }
        let roots = self.leaves(index, bundle, since.as_ref(), whole)?;
        self.proofs(index, bundle, &logs)?;
        self.unlogged(index, order, bundle.size(LEAVES).is_some());
        if let Some(since) = since {
            self.extends = self.extends_since(&since, &roots);
            if !self.extends {
                index.loose_fault(Code::LogNotExtended, None, None);
            }
        }
        Ok(())
    }

    /// Reads the leaves; gives the roots at the sizes that somebody named.
    fn leaves<R: Read + Seek>(
        &mut self,
        index: &mut Index,
        bundle: &mut Bundle<R>,
        since: Option<&Checkpoint>,
        whole: bool,
    ) -> Result<HashMap<u64, Hash>, Error> {
        let Some((newest, _)) = self.newest.clone() else { return Ok(HashMap::new()) };
        let mut named: Vec<(u32, Checkpoint)> = Vec::new();
        for (number, act) in &index.acts {
            if let Act::Framed { checkpoint: Some(checkpoint), .. } = act
                && checkpoint.origin == newest.origin
            {
                named.push((*number, checkpoint.clone()));
            }
        }
        let mut roots: HashMap<u64, Hash> = HashMap::new();
        let wanted: std::collections::HashSet<u64> =
            named.iter().map(|(_, checkpoint)| checkpoint.size).chain(since.map(|since| since.size)).collect();
        let mut frontier = Frontier::new();
        let mut keep = |frontier: &Frontier| {
            if wanted.contains(&frontier.size()) {
                roots.insert(frontier.size(), frontier.root());
            }
        };
        keep(&frontier);
        let (mut rest_ok, mut absent) = (true, Vec::new());
        let shown = if let Some(file) = bundle.file(LEAVES)? {
            let mut window = Window::new(file);
            loop {
                let bytes = window.look()?;
                if bytes.is_empty() {
                    break;
                }
                let (leaves, rest) = bytes.as_chunks::<32>();
                for leaf in leaves {
                    frontier.push(leaf);
                    keep(&frontier);
                    match index.by_hash(leaf).and_then(|number| index.notes.get_mut(number as usize)) {
                        Some(note) => note.logged = true,
                        None => absent.push(*leaf),
                    }
                }
                // Only the last window may end within a leaf.
                rest_ok &= rest.is_empty() || !leaves.is_empty();
                let passed = if leaves.is_empty() { rest.len() } else { leaves.len() * 32 };
                window.pass(passed);
            }
            true
        } else {
            newest.size == 0
        };
        self.leaves = frontier.size();
        if !shown {
            return Ok(HashMap::new());
        }
        if !rest_ok || frontier.size() != newest.size || frontier.root() != newest.root {
            index.loose_fault(Code::LogRoot, None, None);
            self.newest = None;
            return Ok(HashMap::new());
        }
        self.tied = true;
        self.not_shown = absent.len() as u64;
        for leaf in absent {
            // Named once: as missing from its chain, or as what an altered entry was.
            if whole && index.named.insert(leaf) {
                index.loose_fault(Code::LogEntryMissing, Some(leaf), None);
            }
        }
        for (number, checkpoint) in named {
            if roots.get(&checkpoint.size) != Some(&checkpoint.root) {
                index.fault(number, Code::LogNotExtended, None);
            }
        }
        Ok(roots)
    }

    fn proofs<R: Read + Seek>(&mut self, index: &mut Index, bundle: &mut Bundle<R>, logs: &Logs) -> Result<(), Error> {
        let names = bundle.names(PROOFS);
        let mut lead_there = !names.is_empty();
        for name in names {
            let hash: Option<Hash> =
                name.strip_prefix(PROOFS).and_then(|name| name.strip_suffix(PROOF_END)).and_then(hex::decode_fixed);
            let Some((hash, number)) = hash.and_then(|hash| Some((hash, index.by_hash(&hash)?))) else {
                index.loose_fault(Code::LogEntryMissing, hash, None);
                continue;
            };
            let text = bundle.whole(&name)?.unwrap_or_default();
            let proof = LogProof::parse(std::str::from_utf8(&text).unwrap_or_default());
            match proof.and_then(|proof| proof.verify(&hash)) {
                Err(_) => index.fault(number, Code::LogEntryMissing, None),
                Ok((checkpoint, note)) => {
                    lead_there &= self.newest.as_ref().is_some_and(|(newest, _)| *newest == checkpoint);
                    let differs = self.newest.as_ref().is_some_and(|(newest, _)| {
                        newest.origin == checkpoint.origin
                            && newest.size == checkpoint.size
                            && newest.root != checkpoint.root
                    });
                    if differs || !is_signed(logs, &checkpoint, &note) {
                        index.fault(number, Code::LogRoot, None);
                    } else if let Some(note) = index.notes.get_mut(number as usize) {
                        note.logged = true;
                    }
                }
            }
        }
        self.tied |= lead_there;
        Ok(())
    }

    /// An entry after the last logged one of its chain is not logged yet; one before it is missing from the log.
    fn unlogged(&mut self, index: &mut Index, order: &[u32], by_leaves: bool) {
        let by_leaves = by_leaves && self.newest.is_some();
        let (mut missing, mut not_yet) = (Vec::new(), Vec::new());
        for chain in order.chunk_by(|a, b| index.note(*a).map(|n| n.writer) == index.note(*b).map(|n| n.writer)) {
            let logged = |number: &u32| index.note(*number).is_some_and(|note| note.logged);
            let ends = chain.iter().rposition(logged).map_or(0, |last| last + 1);
            self.logged += chain.iter().filter(|number| logged(number)).count() as u64;
            let (before, after) = chain.split_at(ends);
            let gaps = before.iter().filter(|number| !logged(number)).copied();
            if by_leaves {
                missing.extend(gaps);
            } else {
                self.not_logged += gaps.count() as u64;
            }
            self.not_logged += after.len() as u64;
            not_yet.extend(after.first());
        }
        missing.iter().for_each(|number| index.fault(*number, Code::LogEntryMissing, None));
        not_yet.iter().for_each(|number| index.remark(*number, Remark::NotLogged, None));
    }

    fn extends_since(&self, since: &Checkpoint, roots: &HashMap<u64, Hash>) -> bool {
        let Some((newest, _)) = self.newest.as_ref().filter(|_| self.tied) else { return false };
        newest.origin == since.origin
            && (newest == since || roots.get(&since.size).is_some_and(|root| *root == since.root))
    }

    /// How far a bundle without faults reaches.
    pub(super) fn level(&self, witnesses: &[Cosigner]) -> Level {
        let by = self
            .newest
            .as_ref()
            .filter(|_| self.tied)
            .map_or(0, |(_, note)| witnesses.iter().filter(|witness| note.cosigned_by(witness).is_some()).count());
        match (by, self.extends) {
            (0, false) => Level::Consistent,
            (0, true) => Level::Anchored,
            (by, _) => Level::Witnessed(by),
        }
    }
}

/// A root that is not the one given.
pub(super) fn root_differs(index: &mut Index, order: &[u32], root: Option<u32>) {
    let first = root.and_then(|root| {
        order.iter().find(|number| index.note(**number).is_some_and(|note| note.writer == root)).copied()
    });
    let finding = first.and_then(|first| index.note(first)).map(|note| index.finding_of(note, Code::RootDiffers, None));
    match finding {
        Some(finding) => index.push_fault(finding),
        None => index.push_fault(Finding {
            code: Code::RootDiffers,
            writer: None,
            seq: None,
            entry: None,
            field: None,
            about: Default::default(),
        }),
    }
}
