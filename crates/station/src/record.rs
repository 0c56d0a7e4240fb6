//! The history of an object as a person reads it, and the verdict of the whole chain.

use std::io::{Cursor, Read, Seek, Write};
use std::path::PathBuf;

use lanyard_history::Scope;
use lanyard_history::verify::{Options, Report, verify};
use lanyard_model::{Id, Kind, RecordRef, UnixMs, Value};
use lanyard_secret::Secret;
use lanyard_store::{Export, FieldTold, Mode, Store, StoreError, Told, View};

use crate::api::{ActorView, EntryView, FieldValue, HistoryView, VerdictFault, VerdictView};
use crate::house::House;
use crate::session::Session;
use crate::shared::Core;
use crate::{StationError, entropy, people};

/// Up to here the whole chain is verified whenever a history is looked at; beyond, when it is asked for.
const VERIFIED_AT_ONCE: u64 = 20_000;

impl Core {
    /// An object's history, newest first.
    pub(crate) fn history_view(&mut self, kind: &str, id: &str) -> Result<HistoryView, StationError> {
        let of = RecordRef {
            kind: Kind::of_word(kind).ok_or(StationError::Missing { kind: "kind of record" })?,
            id: people::id_of(id, "record")?,
        };
        let (house, _) = self.open()?;
        let view = house.store.view();
        let mut entries = Vec::new();
        for of in with_parts(view, of)? {
            let object = object_of(view, of)?;
            for told in view.history(of)? {
                entries.push(entry_view(house, &told, &object)?);
            }
        }
        entries.sort_by_key(|entry| std::cmp::Reverse(entry.seq));
        Ok(HistoryView { kind: kind.to_owned(), id: id.to_owned(), entries, verdict: None })
    }

    /// Whether the chain is short enough to be verified whenever somebody looks.
    pub(crate) fn verified_at_once(&mut self) -> Result<bool, StationError> {
        Ok(self.open()?.0.store.view().head()?.0 <= VERIFIED_AT_ONCE)
    }

    /// The newest entries of all.
    pub(crate) fn recent_entries(&mut self, limit: usize) -> Result<Vec<EntryView>, StationError> {
        let (house, _) = self.open()?;
        let view = house.store.view();
        let mut entries = Vec::new();
        for told in view.recent(limit)? {
            let payload = told.entry.view().map_err(StoreError::from)?.payload;
            let kind = Kind::of_word(payload.kind);
            let object = kind.map(|kind| object_of(view, RecordRef { kind, id: payload.of })).transpose()?;
            entries.push(entry_view(house, &told, &object.unwrap_or_default())?);
        }
        Ok(entries)
    }

    /// The verdict of the chain as it stands in the store, or what finds it.
    pub(crate) fn verdict(&mut self, blobs: bool, now: UnixMs) -> Result<Verdict, StationError> {
        let (house, session) = self.open()?;
        let head = house.store.view().head()?;
        let known = house.verdict.as_ref().filter(|known| known.head == head && (known.blobs || !blobs));
        Ok(match known {
            Some(known) => Verdict::Known(known.view.clone()),
            None => Verdict::Due(Reading::of(house, session, Export { blobs, ..export_of(house, true, now) })),
        })
    }

    /// Found; not looked for again before there are new entries.
    pub(crate) fn verdict_found(&mut self, found: KnownVerdict) {
        if let Some(house) = &mut self.house {
            house.verdict = Some(found);
        }
    }

    /// Says in the history that it is handed out; what is to be written then.
    pub(crate) fn hand_out(&mut self, openings: bool, now: UnixMs) -> Result<Reading, StationError> {
        let (house, session) = self.open()?;
        let by = session.did();
        house.store.hand_out(now, &by)?;
        let reading = Reading::of(house, session, export_of(house, openings, now));
        self.status_changed();
        Ok(reading)
    }
}

/// A verdict, and of what.
#[derive(Clone)]
pub(crate) struct KnownVerdict {
    pub head: (u64, [u8; 32]),
    /// Pictures were held against their hashes too.
    pub blobs: bool,
    pub view: VerdictView,
}

/// What [`Core::verdict`] answers.
pub(crate) enum Verdict {
    Known(VerdictView),
    Due(Reading),
}

/// Reads the chain beside the station, which goes on meanwhile: through a connection of its own.
pub(crate) struct Reading {
    dir: PathBuf,
    key: Secret<32>,
    export: Export,
}

impl Reading {
    fn of(house: &House, session: &Session, export: Export) -> Self {
        Self { dir: house.store.dir().to_owned(), key: session.opened.store_key.duplicate(), export }
    }

    fn store(&self) -> Result<Store, StationError> {
        Ok(Store::open(&self.dir, &self.key, Mode::Read, Box::new(entropy::fill))?)
    }

    /// The verdict of the chain as it stands.
    pub(crate) fn verdict(&self) -> Result<KnownVerdict, StationError> {
        let store = self.store()?;
        // An entry that comes between the two is in the bundle and not in the head: then the verdict is of no head that is asked
        // for later, and found anew.
        let head = store.view().head()?;
        let (bundle, _) = store.bundle(Cursor::new(Vec::new()), &self.export)?;
        store.close();
        Ok(KnownVerdict { head, blobs: self.export.blobs, view: verified(bundle)? })
    }

    /// Writes the bundle; the checkpoint in it, as a note.
    pub(crate) fn bundle<W: Write + Seek>(&self, out: W) -> Result<(W, String), StationError> {
        let store = self.store()?;
        let (out, done) = store.bundle(out, &self.export)?;
        store.close();
        Ok((out, done.checkpoint.unwrap_or_default()))
    }
}

/// What the verifier says of a bundle.
pub(crate) fn verified(bundle: impl Read + Seek) -> Result<VerdictView, StationError> {
    Ok(verdict_view(&verify(bundle, &Options::default()).map_err(StoreError::from)?))
}

fn export_of(house: &House, openings: bool, at: UnixMs) -> Export {
    Export {
        scope: Scope::Whole,
        openings,
        blobs: openings,
        single_person: house.view().single_person,
        program: format!("lanyard {}", env!("CARGO_PKG_VERSION")),
        at,
    }
}

fn verdict_view(report: &Report) -> VerdictView {
    VerdictView {
        holds: report.holds(),
        level: report.level.map_or_else(String::new, |level| level.to_string()),
        root: report.fingerprint.map(hex::encode).unwrap_or_default(),
        entries: report.counts.entries,
        faults: report
            .faults
            .iter()
            .map(|fault| VerdictFault { code: fault.code.word().to_owned(), seq: fault.seq })
            .collect(),
        remarks: report
            .remarks
            .iter()
            .map(|remark| VerdictFault { code: remark.code.word().to_owned(), seq: remark.seq })
            .collect(),
    }
}

/// A person with all that was made for them: cases, photos, cards, and what is on the cards. Of anything else itself.
fn with_parts(view: View<'_>, of: RecordRef) -> Result<Vec<RecordRef>, StoreError> {
    let mut all = vec![of];
    if of.kind != Kind::Person {
        return Ok(all);
    }
    let mut add = |kind: Kind, field: &str, id: Id| {
        let found: Vec<RecordRef> = view.records_of(kind, field, id)?.into_iter().map(|record| record.of).collect();
        all.extend(found.iter().filter(|record| !all.contains(record)).copied().collect::<Vec<_>>());
        Ok::<_, StoreError>(found)
    };
    for kind in [Kind::Request, Kind::Photo] {
        add(kind, "person", of.id)?;
    }
    for card in add(Kind::Card, "person", of.id)? {
        for credential in add(Kind::Credential, "card", card.id)? {
            add(Kind::Certificate, "credential", credential.id)?;
        }
    }
    add(Kind::Certificate, "person", of.id)?;
    Ok(all)
}

/// What names a record beside its type.
fn object_of(view: View<'_>, of: RecordRef) -> Result<String, StoreError> {
    let Some(record) = view.record(of)? else { return Ok(String::new()) };
    let above = |kind: Kind, field: &str| match people::reference(&record, field) {
        Some(id) => object_of(view, RecordRef { kind, id }),
        None => Ok(String::new()),
    };
    Ok(match of.kind {
        Kind::Person => crate::pictures::shown_name(&record),
        Kind::Card => record.text("number").to_owned(),
        Kind::Credential => format!("{} {}", record.text("technology"), above(Kind::Card, "card")?),
        Kind::Certificate => above(Kind::Credential, "credential")?,
        Kind::Operator | Kind::Key | Kind::Configuration => record.text("name").to_owned(),
        _ => String::new(),
    })
}

fn entry_view(house: &House, told: &Told, object: &str) -> Result<EntryView, StationError> {
    let entry = told.entry.view().map_err(lanyard_store::StoreError::from)?;
    let payload = &entry.payload;
    let by = payload
        .by()
        .map(|actor| ActorView {
            name: name_of(house, actor.who),
            role: actor.role.word().to_owned(),
            kind: actor.kind.word().to_owned(),
        })
        .collect();
    let fields = told
        .fields
        .iter()
        .map(|(name, field)| match field {
            FieldTold::Open(value) => FieldValue {
                name: name.clone(),
                value: Some(shown(house, value)),
                blob: value.as_blob().map(hex::encode),
            },
            FieldTold::Erased | FieldTold::Withheld => FieldValue { name: name.clone(), value: None, blob: None },
        })
        .collect();
    Ok(EntryView {
        seq: payload.seq,
        hash: hex::encode(told.entry.hash()),
        at: payload.at,
        what: payload.what.to_owned(),
        kind: payload.kind.to_owned(),
        id: payload.of.to_string(),
        object: object.to_owned(),
        by,
        state: payload.state.map(|(from, to)| (from.to_owned(), to.to_owned())),
        why: payload.why.map(str::to_owned),
        step: payload.via.map(|(_, step)| step.to_owned()),
        fields,
    })
}

/// An operator's or a person's name; the station's own for itself.
fn name_of(house: &House, id: Id) -> String {
    if id == house.store.house().writer {
        return house.view().station;
    }
    if let Some(name) = house.operator_name(id) {
        return name.to_owned();
    }
    let person = house.store.view().record(people::person(id)).ok().flatten();
    person.map(|record| crate::pictures::shown_name(&record)).unwrap_or_default()
}

/// A value as text: a reference by the name it stands for, bytes in hex.
fn shown(house: &House, value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Bool(yes) => yes.to_string(),
        Value::Int(int) => int.to_string(),
        Value::Text(text) => text.clone(),
        Value::Bytes(bytes) => {
            let id = <[u8; 16]>::try_from(bytes.as_slice()).map(Id).ok();
            match id.map(|id| name_of(house, id)) {
                Some(name) if !name.is_empty() => name,
                _ if bytes.len() > 64 => format!("{}…", hex::encode(&bytes[..32])),
                _ => hex::encode(bytes),
            }
        }
        Value::Array(items) => items.iter().map(|item| shown(house, item)).collect::<Vec<_>>().join(", "),
        Value::Map(_) if value.as_blob().is_some() => value.as_blob().map(hex::encode).unwrap_or_default(),
        Value::Map(map) => {
            map.iter().map(|(key, value)| format!("{key} {}", shown(house, value))).collect::<Vec<_>>().join(", ")
        }
    }
}
