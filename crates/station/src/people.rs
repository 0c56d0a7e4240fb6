//! People at the station: found, shown, added, corrected, imported, photographed.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use lanyard_issue::NewPhoto;
use lanyard_model::{Change, Id, Kind, Record, RecordRef, UnixMs, Value};
use lanyard_people as form;
use lanyard_store::View;

use crate::api::{
    Adjust, CardView, CaseSummary, CertificateView, CredentialView, ImportRefusal, ImportReport, PersonField,
    PersonHit, PersonInput, PersonStanding, PersonView,
};
use crate::shared::Core;
use crate::{StationError, assets, entropy, house, pictures, steps};

/// Commits this many people in one transaction of an import.
const IMPORT_BATCH: usize = 500;

pub(crate) fn person(id: Id) -> RecordRef {
    RecordRef { kind: Kind::Person, id }
}

/// The id in a text from outside.
pub(crate) fn id_of(text: &str, kind: &'static str) -> Result<Id, StationError> {
    text.parse().map_err(|_| StationError::Missing { kind })
}

/// A field that refers to a record.
pub(crate) fn reference(record: &Record, field: &str) -> Option<Id> {
    record.fields.get(field).and_then(Value::as_bytes).and_then(|id| id.try_into().ok()).map(Id)
}

fn blob_id(record: &Record, field: &str) -> Option<String> {
    record.fields.get(field).and_then(Value::as_blob).map(hex::encode)
}

/// A person in a list. `open`: a case is open for them.
pub(crate) fn hit(view: View<'_>, record: &Record, open: bool) -> Result<PersonHit, StationError> {
    let cards = view.records_of(Kind::Card, "person", record.of.id)?;
    let has = |state: &str| cards.iter().any(|card| card.state == state);
    let standing = match () {
        () if record.state == "left" => PersonStanding::Left,
        () if open => PersonStanding::InProgress,
        () if has("blocked") => PersonStanding::Blocked,
        () if has("active") => PersonStanding::Active,
        () => PersonStanding::NoCard,
    };
    Ok(PersonHit {
        id: record.of.id.to_string(),
        name: pictures::shown_name(record),
        given: record.text("given_name").to_owned(),
        family: record.text("family_name").to_owned(),
        unit: record.text("unit").to_owned(),
        staff_no: record.text("staff_no").to_owned(),
        photo: blob_id(record, "picture"),
        standing,
    })
}

/// The form with a person's values.
pub(crate) fn fields(record: Option<&Record>) -> Vec<PersonField> {
    form::FORM
        .iter()
        .map(|field| PersonField {
            name: field.name.to_owned(),
            value: record.map(|record| record.text(field.name).to_owned()).unwrap_or_default(),
            required: field.required,
            longest: field.longest,
        })
        .collect()
}

/// A card with what is on it. The time of its state is that of its newest entry.
pub(crate) fn card(view: View<'_>, record: &Record) -> Result<CardView, StationError> {
    let newest = view.history(record.of)?.into_iter().rev().find_map(|told| {
        let payload = told.entry.view().ok()?.payload;
        payload.state.as_ref().map(|_| (payload.at, payload.why.map(str::to_owned)))
    });
    let mut credentials = Vec::new();
    for credential in view.records_of(Kind::Credential, "card", record.of.id)? {
        let certificate = view.records_of(Kind::Certificate, "credential", credential.of.id)?.pop();
        credentials.push(CredentialView {
            id: credential.of.id.to_string(),
            technology: credential.text("technology").to_owned(),
            state: credential.state.clone(),
            certificate: certificate.map(|certificate| CertificateView {
                serial: certificate.fields.get("serial").and_then(Value::as_bytes).map(hex::encode).unwrap_or_default(),
                state: certificate.state.clone(),
                not_after: certificate.fields.get("not_after").and_then(Value::as_int).unwrap_or_default(),
            }),
        });
    }
    Ok(CardView {
        id: record.of.id.to_string(),
        number: record.text("number").to_owned(),
        state: record.state.clone(),
        since: newest.as_ref().map_or(0, |(at, _)| *at),
        why: newest.and_then(|(_, why)| why),
        credentials,
    })
}

impl Core {
    fn has_case(&self, id: Id) -> bool {
        self.cases.values().any(|case| case.person == id && !case.over())
    }

    /// As a list shows them.
    pub(crate) fn person_hit(&self, record: &Record) -> Result<PersonHit, StationError> {
        let house = self.house.as_ref().ok_or(StationError::NoHouse)?;
        hit(house.store.view(), record, self.has_case(record.of.id))
    }

    /// As you type; nothing typed: the people worked on last.
    pub(crate) fn search(&mut self, query: &str, limit: usize) -> Result<Vec<PersonHit>, StationError> {
        let worked_on: Vec<Id> =
            self.order.iter().filter_map(|case| self.cases.get(case)).map(|case| case.person).collect();
        let (house, _) = self.open()?;
        let view = house.store.view();
        let mut records = Vec::new();
        if query.trim().is_empty() {
            for id in worked_on {
                records.extend(view.record(person(id))?);
            }
            records.extend(view.newest(Kind::Person, limit)?);
            let mut seen = std::collections::HashSet::new();
            records.retain(|record| seen.insert(record.of.id));
            records.truncate(limit);
        } else {
            records = view.search(query, limit)?;
        }
        records.iter().map(|record| self.person_hit(record)).collect()
    }

    /// A person's page.
    pub(crate) fn person_view(&mut self, id: Id) -> Result<PersonView, StationError> {
        self.open()?;
        let house = self.house.as_ref().ok_or(StationError::NoHouse)?;
        let view = house.store.view();
        let record = view.required(person(id))?;
        let mut cards = Vec::new();
        for found in view.records_of(Kind::Card, "person", id)?.iter().rev() {
            cards.push(card(view, found)?);
        }
        Ok(PersonView {
            hit: self.person_hit(&record)?,
            state: record.state.clone(),
            fields: fields(Some(&record)),
            cards,
            cases: self.summaries_of(id),
        })
    }

    fn summaries_of(&self, id: Id) -> Vec<CaseSummary> {
        self.summaries().into_iter().filter(|case| case.person.id == id.to_string()).collect()
    }

    /// Adds or corrects.
    pub(crate) fn person_save(&mut self, input: &PersonInput, now: UnixMs) -> Result<Id, StationError> {
        let (house, session) = self.open()?;
        let values: BTreeMap<String, String> =
            input.fields.iter().map(|(name, value)| (name.clone(), form::tidy(value))).collect();
        form::check(&input.fields, input.id.is_none())?;
        let by = session.did();
        let view = house.store.view();
        let id = match &input.id {
            Some(id) => Some(id_of(id, "person")?),
            None => None,
        };
        if let Some(number) = values.get("staff_no") {
            let taken = view.records_by(Kind::Person, "staff_no", &number.as_str().into())?;
            if taken.iter().any(|other| Some(other.of.id) != id) {
                return Err(StationError::StaffNumberTaken);
            }
        }
        match id {
            Some(id) => {
                let record = view.required(person(id))?;
                let changed = changed(&record, &values);
                if !changed.is_empty() {
                    let mut change = Change::new("person.changed", record.of);
                    change.fields = changed;
                    house.store.write(|tx| tx.commit(&change, &by, now))?;
                }
                self.person_changed(id)?;
                Ok(id)
            }
            None => {
                let alike = alike(view, &values)?;
                if alike > 0 && !input.although_alike {
                    return Err(StationError::Alike { count: alike });
                }
                let id = entropy::id();
                let change = created(id, &values);
                house.store.write(|tx| tx.commit(&change, &by, now))?;
                self.status_changed();
                Ok(id)
            }
        }
    }

    /// A photo outside of a case.
    pub(crate) fn photo_set(
        &mut self,
        id: Id,
        read: steps::ReadPhoto,
        reason: Option<&str>,
        now: UnixMs,
    ) -> Result<(), StationError> {
        let state = steps::framed(read, Adjust { zoom: 1.0, ..Adjust::default() })?;
        let hints: Vec<String> = state.hints.iter().map(|hint| hint.code().to_owned()).collect();
        lanyard_issue::may_take_photo(&hints, reason)?;
        let (house, session) = self.open()?;
        let record = house.store.view().required(person(id))?;
        let by = session.did();
        let photo = NewPhoto {
            id: entropy::id(),
            replaces: reference(&record, "photo"),
            picture: state.portrait.blob(),
            reason: reason.filter(|_| !hints.is_empty()),
            hints,
        };
        let changes = lanyard_issue::photo_taken(id, &photo);
        house.store.write(|tx| {
            state.portrait.put(tx)?;
            for change in &changes {
                tx.commit(change, &by, now)?;
            }
            Ok::<_, StationError>(())
        })?;
        self.person_changed(id)
    }

    /// Open cases show the person as they are now.
    pub(crate) fn person_changed(&mut self, id: Id) -> Result<(), StationError> {
        let house = self.house.as_ref().ok_or(StationError::NoHouse)?;
        let record = house.store.view().required(person(id))?;
        let hit = self.person_hit(&record)?;
        let cases: Vec<Id> = self.cases.values().filter(|case| case.person == id).map(|case| case.id).collect();
        for case in cases {
            if let Some(open) = self.cases.get_mut(&case) {
                open.hit = hit.clone();
                open.record_changed();
            }
            self.case_changed(case);
        }
        self.status_changed();
        Ok(())
    }

    /// A CSV file.
    pub(crate) fn import(&mut self, bytes: &[u8], now: UnixMs) -> Result<ImportReport, StationError> {
        let (columns, rows) = form::parse(bytes)?;
        let (house, session) = self.open()?;
        let by = session.did();
        let mut report = ImportReport {
            added: 0,
            changed: 0,
            unchanged: 0,
            refused: Vec::new(),
            ignored: columns.iter().filter(|c| !form::FORM.iter().any(|f| f.name == **c)).cloned().collect(),
            refused_csv: String::new(),
        };
        let mut refused = Vec::new();
        // Two people with one staff number: the second must not write over the first.
        let mut numbers = BTreeSet::new();
        for batch in rows.chunks(IMPORT_BATCH) {
            house.store.write(|tx| {
                for row in batch {
                    let number =
                        |values: &BTreeMap<String, String>| values.get("staff_no").cloned().unwrap_or_default();
                    let taken = row.values.as_ref().is_ok_and(|values| !numbers.insert(number(values)));
                    let values = match &row.values {
                        Ok(_) if taken => {
                            report.refused.push(refusal(row.line, &StationError::StaffNumberTaken));
                            refused.push((row, StationError::StaffNumberTaken.to_string()));
                            continue;
                        }
                        Ok(values) => values,
                        Err(error) => {
                            report.refused.push(refusal(row.line, error));
                            refused.push((row, error.to_string()));
                            continue;
                        }
                    };
                    let number = number(values);
                    match tx.view().records_by(Kind::Person, "staff_no", &number.as_str().into())?.pop() {
                        None => {
                            tx.commit(&created(entropy::id(), values), &by, now)?;
                            report.added += 1;
                        }
                        Some(record) => {
                            let changed = changed(&record, values);
                            if changed.is_empty() {
                                report.unchanged += 1;
                            } else {
                                let mut change = Change::new("person.changed", record.of);
                                change.fields = changed;
                                tx.commit(&change, &by, now)?;
                                report.changed += 1;
                            }
                        }
                    }
                }
                Ok::<_, StationError>(())
            })?;
        }
        report.refused_csv = if refused.is_empty() { String::new() } else { form::refused_file(&columns, &refused) };
        self.status_changed();
        Ok(report)
    }
}

/// Into a new file that only its owner reads: it is full of people's data.
pub(crate) fn refused_save(folder: &Path, name: &str, csv: &str) -> Result<PathBuf, StationError> {
    let stem = Path::new(name).file_stem().and_then(|stem| stem.to_str()).unwrap_or("people");
    let failed = |error: std::io::Error| house::file(folder, &error);
    let mut new = tempfile::Builder::new().prefix(".refused-").tempfile_in(folder).map_err(failed)?;
    new.write_all(csv.as_bytes()).map_err(failed)?;
    new.as_file().sync_all().map_err(failed)?;
    let mut path = folder.join(format!("{stem}-refused.csv"));
    let mut number = 1_u32;
    loop {
        match new.persist_noclobber(&path) {
            Ok(_) => return Ok(path),
            Err(taken) if taken.error.kind() == ErrorKind::AlreadyExists => new = taken.file,
            Err(other) => return Err(failed(other.error)),
        }
        number += 1;
        path = folder.join(format!("{stem}-refused-{number}.csv"));
    }
}

fn refusal(line: u32, error: &impl lanyard_fault::Coded) -> ImportRefusal {
    let details = error.details().into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    ImportRefusal { line, code: error.code().to_owned(), details }
}

/// The sample people of a rehearsal; none of them has a photo yet.
pub(crate) fn add_samples(core: &mut Core, now: UnixMs) -> Result<(), StationError> {
    core.import(assets::SAMPLE_PEOPLE, now)?;
    Ok(())
}

fn created(id: Id, values: &BTreeMap<String, String>) -> Change {
    let mut change = Change::new("person.created", person(id)).state("", "active");
    change.fields = values.iter().map(|(name, value)| (name.clone(), value.as_str().into())).collect();
    change
}

/// The values that differ from what is on record.
pub(crate) fn changed(record: &Record, values: &BTreeMap<String, String>) -> BTreeMap<String, Value> {
    values
        .iter()
        .map(|(name, value)| (name.clone(), form::tidy(value)))
        .filter(|(name, value)| record.text(name) != value)
        .map(|(name, value)| (name, Value::Text(value)))
        .collect()
}

/// Whether each word of the text is a word of the person's name.
pub(crate) fn is_called(person: &Record, text: &str) -> bool {
    let names = ["given_name", "family_name", "display_name"].map(|name| form::fold(person.text(name)));
    let words: BTreeSet<&str> = names.iter().flat_map(|name| name.split_whitespace()).collect();
    form::fold(text).split_whitespace().all(|word| words.contains(word))
}

fn alike(view: View<'_>, values: &BTreeMap<String, String>) -> Result<usize, StationError> {
    let text = |name: &str| values.get(name).map(String::as_str).unwrap_or_default();
    let (given, family) = (text("given_name"), text("family_name"));
    let folded = (form::fold(given), form::fold(family));
    let found = view.search(&format!("{given} {family}"), 50)?;
    Ok(found
        .iter()
        .filter(|other| (form::fold(other.text("given_name")), form::fold(other.text("family_name"))) == folded)
        .count())
}
