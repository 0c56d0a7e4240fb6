//! Verifies a bundle (history-format.md §6). Two passes over the entries: read and hash all, then, once it is known
//! which key was whose at which seq, check every signature; then what is shown beside them, and the log.

mod act;
mod chains;
mod index;
mod keys;
mod log;
mod loose;
mod report;
mod shown;

use std::io::{Read, Seek};

pub use report::{About, Code, Counts, Extract, Finding, Level, Remark, Report, RootCompared};

use crate::bundle::{Bundle, Claim, ENTRIES};
use crate::note::Cosigner;
use crate::{Error, Hash};
use act::Act;
use index::Index;
use keys::{Keys, fingerprint, is_root};
use log::{Log, root_differs};
use shown::Shown;

/// What the auditor brings along.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The root: the key at seq 1 of the root writer, or its SHA-256.
    pub root: Option<Hash>,
    /// An earlier checkpoint (a signed note), which the log must extend.
    pub since: Option<String>,
    /// Cosigners whose word counts.
    pub witnesses: Vec<Cosigner>,
    /// Whatever is not shown is a fault: fields, blobs, and what an extract leaves out.
    pub complete: bool,
}

/// Verifies a bundle.
///
/// # Errors
/// Where it cannot be read at all: not a ZIP, without entries or scope, beyond bounds, or if `since` is no checkpoint.
pub fn verify<R: Read + Seek>(bundle: R, options: &Options) -> Result<Report, Error> {
    let mut bundle = Bundle::open(bundle)?;
    let claim = bundle.claim()?;
    // An extract is one by its own word: who wants all there is does not take it.
    let whole = options.complete || matches!(claim, Claim::Whole(_));
    let mut index = Index::new();
    let missing = Error::FileMissing { name: ENTRIES };
    index.read(bundle.file(ENTRIES)?.ok_or(missing)?)?;
    if index.notes.is_empty() {
        return Err(Error::Bundle { why: "it holds no entry" });
    }
    let order = index.in_order();
    let keys = Keys::of(&index, &order);
    if let Some(file) = bundle.file(ENTRIES)? {
        keys.check(&mut index, file)?;
    }
    let mut log = Log::open(&mut bundle, options.since.as_deref())?;
    let root = keys.root_writer(&index, options.root.as_ref(), log.origin());

    // From here on in the order of the codes: what is reported first on an entry stays.
    chains::check(&mut index, &order, whole, root);
    keys.vouch(&mut index, &order, root, whole);
    adopted(&mut index, &keys);
    let mut shown = Shown::default();
    shown.openings(&mut index, &mut bundle)?;
    shown.erasures(&mut index, whole);
    shown.withheld(&mut index, options.complete);
    shown.blobs(&mut index, &mut bundle, options.complete)?;
    for number in 0..index.notes.len() as u32 {
        if let Some(code) = index.note(number).and_then(|note| note.signed) {
            index.fault(number, code, None);
        }
    }
    chains::compare_with_claim(&mut index, &order, &claim);
    log.check(&mut index, &mut bundle, &order, root, whole)?;
    let root_key = root.and_then(|root| keys.first(root));
    let compared = match (&options.root, root_key) {
        (None, _) => RootCompared::NotCompared,
        (Some(wanted), Some(key)) if is_root(key, wanted) => RootCompared::Same,
        _ => {
            root_differs(&mut index, &order, root);
            RootCompared::Differs
        }
    };
    chains::remark(&mut index, &order);
    let extract = match claim {
        Claim::Whole(_) => None,
        Claim::Records(records) => Some(Extract { records, not_shown: log.not_shown }),
    };
    Ok(Report { extract, ..report(index, &shown, &log, options, compared, root_key.map(fingerprint)) })
}

/// A stranded entry that another writer took up: its own signature is checked.
fn adopted(index: &mut Index, keys: &Keys) {
    let acts = std::mem::take(&mut index.acts);
    for (number, act) in &acts {
        if let Act::Adopted(bytes) = act
            && let Some(code) = keys.accepts_adopted(bytes)
        {
            index.fault(*number, code, None);
        }
    }
    index.acts = acts;
}

fn report(
    mut index: Index,
    shown: &Shown,
    log: &Log,
    options: &Options,
    root: RootCompared,
    fingerprint: Option<Hash>,
) -> Report {
    for number in 0..index.notes.len() as u32 {
        let Some(note) = index.note(number) else { continue };
        if let Some(code) = note.code {
            let field = index.fault_fields.get(&number).cloned();
            let finding = index.finding_of(note, code, field);
            index.push_fault(finding);
        }
    }
    let (mut faults, mut remarks) = (std::mem::take(&mut index.faults), std::mem::take(&mut index.remarks));
    faults.iter_mut().for_each(|fault| name(&index, &mut fault.about));
    remarks.iter_mut().for_each(|remark| name(&index, &mut remark.about));
    faults.sort_by(in_report);
    remarks.sort_by(in_report);
    let counts = Counts {
        writers: index.writers.len() as u64,
        entries: index.notes.len() as u64,
        fields: shown.fields,
        opened: shown.opened,
        erased: shown.erased(),
        withheld: shown.withheld,
        blobs: shown.blobs_shown,
        leaves: log.leaves,
        logged: log.logged,
        not_logged: log.not_logged,
        signed_by_person: index.signed_by_person,
        asserted_by_machine: index.asserted_by_machine,
        faults: index.fault_count,
        remarks: index.remark_count,
    };
    let level = (index.fault_count == 0).then(|| log.level(&options.witnesses));
    Report { level, extract: None, root, fingerprint, faults, remarks, counts }
}

fn name(index: &Index, about: &mut About) {
    let person = about.of.map(|of| index.holders.get(&of).copied().unwrap_or(of));
    if let Some((given, family)) = person.and_then(|person| index.names.get(&person)) {
        about.name = Some(format!("{given} {family}").trim().to_owned());
    }
}

/// By writer, seq and code; findings about no chain in particular last.
fn in_report<C: Ord>(a: &Finding<C>, b: &Finding<C>) -> std::cmp::Ordering {
    let chain = |finding: &Finding<C>| (finding.writer.is_none(), finding.writer, finding.seq);
    chain(a).cmp(&chain(b)).then_with(|| (&a.code, a.entry, &a.field).cmp(&(&b.code, b.entry, &b.field)))
}
