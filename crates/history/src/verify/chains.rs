//! One chain per writer: forks, gaps, links; and what is only remarked on: clocks, runs, concurrent changes.

use std::collections::HashMap;

use lanyard_model::Id;

use super::act::Act;
use super::index::Index;
use super::keys::retired_heads;
use super::report::{Code, Finding, Remark};
use crate::bundle::Claim;
use crate::{Hash, NO_PREV};

/// The entries with one seq: one, in a chain that holds.
struct Link {
    seq: u64,
    numbers: Vec<u32>,
}

/// What the walk over the chains finds, in the order in which it is to be reported.
#[derive(Default)]
struct Flaws {
    forked: Vec<u32>,
    inserted: Vec<u32>,
    missing: Vec<Gap>,
    broken: Vec<u32>,
    mixed: Vec<u32>,
}

struct Gap {
    /// The entry after it.
    after: u32,
    first: u64,
    /// Hash of the last one missing, as the entry after it names it.
    last: Hash,
}

/// Reports forks, insertions, gaps, broken links and mixed chains.
pub(super) fn check(index: &mut Index, order: &[u32], whole: bool, root: Option<u32>) {
    let mut flaws = Flaws::default();
    for chain in order.chunk_by(|a, b| writer(index, *a) == writer(index, *b)) {
        walk(index, chain, whole, &mut flaws);
    }
    for (code, numbers) in [(Code::Fork, &flaws.forked), (Code::Inserted, &flaws.inserted)] {
        numbers.iter().for_each(|number| index.fault(*number, code, None));
    }
    for gap in flaws.missing {
        if let Some(note) = index.note(gap.after) {
            let mut finding: Finding<Code> = index.finding_of(note, Code::Missing, None);
            finding.seq = Some(gap.first);
            // The one hash that is known is that of the last one missing.
            finding.entry = (gap.first + 1 == note.seq).then_some(gap.last);
            finding.about = Default::default();
            index.push_fault(finding);
            index.named.insert(gap.last);
        }
    }
    for number in flaws.broken {
        let before = index.note(number).map(|note| note.prev);
        index.fault(number, Code::Broken, None);
        // What the entry links to would stand where an entry with a fault of its own stands.
        index.named.extend(before);
    }
    for number in heads_that_differ(index, order, root) {
        index.fault(number, Code::Broken, None);
    }
    flaws.mixed.iter().for_each(|number| index.fault(*number, Code::Mixed, None));
}

fn writer(index: &Index, number: u32) -> Option<u32> {
    index.note(number).map(|note| note.writer)
}

fn walk(index: &Index, chain: &[u32], whole: bool, flaws: &mut Flaws) {
    let seq = |number: &u32| index.note(*number).map_or(0, |note| note.seq);
    let rehearsal =
        chain.iter().filter_map(|number| index.note(*number)).find(|note| note.sig_ok).map(|note| note.rehearsal);
    let hash_in = |link: Option<&Link>, wanted: &Hash| {
        link.is_some_and(|link| link.numbers.iter().any(|n| index.note(*n).is_some_and(|note| note.hash == *wanted)))
    };
    let (mut before, mut last): (Option<Link>, Option<Link>) = (None, None);
    for group in chain.chunk_by(|a, b| seq(a) == seq(b)) {
        let link = Link { seq: seq(&group[0]), numbers: group.to_vec() };
        let valid = group.iter().filter(|number| index.note(**number).is_some_and(|note| note.sig_ok));
        if valid.clone().count() > 1 {
            flaws.forked.extend(valid);
        }
        let due = last.as_ref().map_or(1, |last| last.seq.saturating_add(1));
        let gap = link.seq > due;
        for (place, number) in group.iter().enumerate() {
            let Some(note) = index.note(*number) else { continue };
            if gap && whole && place == 0 {
                flaws.missing.push(Gap { after: *number, first: due, last: note.prev });
            }
            let linked = if note.seq == 1 {
                note.prev == NO_PREV
            } else if gap || hash_in(last.as_ref(), &note.prev) {
                true
            } else if let Some(past) = last.as_ref()
                && before.as_ref().is_some_and(|before| before.seq + 1 == past.seq)
                && hash_in(before.as_ref(), &note.prev)
            {
                flaws.inserted.extend(&past.numbers);
                true
            } else {
                false
            };
            if !linked {
                flaws.broken.push(*number);
            }
            if note.sig_ok && !note.unknown_version && rehearsal.is_some_and(|rehearsal| rehearsal != note.rehearsal) {
                flaws.mixed.push(*number);
            }
        }
        before = last.replace(link);
    }
}

/// Entries that are not what the root saw of a chain when it retired the writer.
fn heads_that_differ(index: &Index, order: &[u32], root: Option<u32>) -> Vec<u32> {
    let mut heads: HashMap<(Id, u64), Hash> = HashMap::new();
    for (writer, seq, head) in retired_heads(index, root) {
        heads.insert((writer, seq), head);
    }
    if heads.is_empty() {
        return Vec::new();
    }
    let differs = |number: &&u32| {
        index.note(**number).is_some_and(|note| {
            let place = (index.writers[note.writer as usize], note.seq);
            heads.get(&place).is_some_and(|head| *head != note.hash)
        })
    };
    order.iter().filter(differs).copied().collect()
}

/// Reports chains that are shorter than the scope says.
pub(super) fn compare_with_claim(index: &mut Index, order: &[u32], claim: &Claim) {
    let Claim::Whole(chains) = claim else { return };
    for (writer, last, head) in chains {
        let number = index.writer_number(*writer);
        let of_writer = |n: &&u32| index.note(**n).is_some_and(|note| Some(note.writer) == number);
        let start =
            order.partition_point(|n| index.note(*n).is_some_and(|note| index.writers[note.writer as usize] < *writer));
        let chain = order[start..].iter().take_while(of_writer);
        let reached = chain.clone().filter_map(|n| index.note(*n)).map(|note| note.seq).max().unwrap_or(0);
        let at_last: Vec<u32> =
            chain.copied().filter(|n| index.note(*n).is_some_and(|note| note.seq == *last)).collect();
        if reached < *last {
            index.push_fault(Finding {
                code: Code::ScopeCut,
                writer: Some(*writer),
                seq: Some(reached + 1),
                entry: (reached + 1 == *last).then_some(*head),
                field: None,
                about: Default::default(),
            });
            index.named.insert(*head);
        } else if !at_last.is_empty() && !at_last.iter().any(|n| index.note(*n).is_some_and(|note| note.hash == *head))
        {
            index.fault(at_last[0], Code::ScopeCut, None);
            index.named.insert(*head);
        }
    }
}

/// Remarks on clocks, runs, records with several heads, and writers with one operator.
pub(super) fn remark(index: &mut Index, order: &[u32]) {
    let mut found = Vec::new();
    let opens_or_closes: HashMap<u32, bool> = index
        .acts
        .iter()
        .filter_map(|(number, act)| match act {
            Act::Framed { opens, closes, .. } if *opens || *closes => Some((*number, *opens)),
            _ => None,
        })
        .collect();
    for chain in order.chunk_by(|a, b| writer(index, *a) == writer(index, *b)) {
        let (mut latest, mut open) = (None, None);
        for number in chain {
            let Some(note) = index.note(*number) else { continue };
            if !note.sig_ok {
                continue;
            }
            if latest.is_some_and(|latest| note.at < latest) {
                found.push((*number, Remark::ClockBackwards));
            }
            latest = Some(note.at);
            match opens_or_closes.get(number) {
                Some(true) => {
                    if let Some(earlier) = open.replace(*number) {
                        found.push((earlier, Remark::RunNotClosed));
                    }
                }
                Some(false) => open = None,
                None => {}
            }
        }
    }
    found.extend(concurrent(index).into_iter().map(|number| (number, Remark::RecordConcurrent)));
    let mut operators: HashMap<u32, (u32, Vec<bool>)> = HashMap::new();
    for ((writer, _), (number, removed)) in &index.operators {
        let of = operators.entry(*writer).or_insert((0, Vec::new()));
        of.0 = of.0.max(*number);
        of.1.push(*removed);
    }
    let alone = operators.into_values().filter(|(_, removed)| removed.iter().filter(|removed| !**removed).count() == 1);
    found.extend(alone.map(|(number, _)| (number, Remark::SinglePerson)));
    for (number, remark) in found {
        index.remark(number, remark, None);
    }
}

/// Within one chain a writer knows its own heads, so only records with heads of several writers count. A writer's own
/// record has them by design: it enrols itself, and the root enrols it. The last head of each is named.
fn concurrent(index: &Index) -> Vec<u32> {
    if index.writers.len() < 2 {
        return Vec::new();
    }
    let mut heads: HashMap<Id, (u32, bool, u32)> = HashMap::new();
    for (number, note) in (0..).zip(&index.notes) {
        let own = index.writer_number(note.of).is_some();
        if !note.sig_ok || own || note.unknown_version || index.superseded.contains(&note.hash) {
            continue;
        }
        let head = heads.entry(note.of).or_insert((note.writer, false, number));
        head.1 |= head.0 != note.writer;
        head.2 = number;
    }
    heads.into_values().filter(|head| head.1).map(|head| head.2).collect()
}
