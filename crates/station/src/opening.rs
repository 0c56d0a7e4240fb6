//! Opening a case, taking up those that were open, and which of them the next card is for.

use std::collections::BTreeMap;

use lanyard_issue::StepKind;
use lanyard_model::{Id, UnixMs, Value};
use lanyard_store::StoreError;
use lanyard_workflow::Instance;

use crate::case::{Case, ENCODING, ENCODING_VERSION};
use crate::shared::Core;
use crate::{StationError, definitions, people, tag};

/// What the workflow is told of the badge.
fn badge(chip_key: bool) -> Value {
    Value::Map(BTreeMap::from([("chip_key".to_owned(), Value::Bool(chip_key))]))
}

impl Core {
    /// Opens the issue of a badge to a person, with an encoding of this name or that in use; the one that is open already, if
    /// there is one.
    pub(crate) fn open_case(&mut self, person: Id, encoding: Option<&str>, now: UnixMs) -> Result<Id, StationError> {
        if let Some(open) = self.cases.values().find(|case| case.person == person && !case.over()) {
            let id = open.id;
            let of = open.encoding();
            if encoding.is_some_and(|wanted| wanted != of.name) {
                return Err(StationError::CaseEncoding { encoding: of.name });
            }
            self.chip_after_all(id, now)?;
            self.worked_on(id);
            return Ok(id);
        }
        let chip_key = self.has_chip_reader();
        let (house, _) = self.open()?;
        let record = house.store.view().required(people::person(person))?;
        if record.state != "active" {
            return Err(StationError::Missing { kind: "active person" });
        }
        let id = crate::entropy::id();
        let encoding = self.encoding_to_write(encoding, now)?;
        let variables = BTreeMap::from([
            (ENCODING.to_owned(), Value::Text(encoding.name.clone())),
            (ENCODING_VERSION.to_owned(), Value::Int(i64::from(encoding.version))),
            ("person".to_owned(), Value::Bytes(person.0.to_vec())),
            ("badge".to_owned(), badge(chip_key)),
        ]);
        let definition = definitions::shipped()?;
        let instance = definition.start(variables)?;
        let reference = definition.reference().clone();
        let (house, session) = self.open()?;
        let hit = people::hit(house.store.view(), &record, true)?;
        let case = Case::new((instance, Ok(definition)), id, person, hit);
        let row = case.row(&case.instance, true, now)?;
        let by = session.did_for(person);
        house.store.write(|tx| {
            for change in case.entries().opened(&reference.id, &reference.version, (&encoding.name, encoding.version)) {
                tx.commit(&change, &by, now)?;
            }
            definitions::keep(tx, &reference)?;
            tx.put_instance(&row)
        })?;
        self.cases.insert(id, case);
        self.worked_on(id);
        Ok(id)
    }

    /// From now on the next blank belongs to this case.
    pub(crate) fn bind(&mut self, id: Id, now: UnixMs) {
        if self.bound.replace(id) != Some(id) {
            self.blank_asked_for(now);
        }
    }

    /// A case that was opened where there was no reader for chips, and has not come to a card: now there is one.
    fn chip_after_all(&mut self, id: Id, now: UnixMs) -> Result<(), StationError> {
        let chip_reader = self.has_chip_reader();
        let case = self.case(id)?;
        let early = matches!(case.step(), Some(StepKind::Data | StepKind::Photo | StepKind::Preview | StepKind::Card));
        if chip_reader && early && !case.chip_key() {
            self.remember(id, "badge", badge(true), &[], now, |_| Ok(()))?;
        }
        Ok(())
    }

    /// After sign-in: the cases that were open.
    pub(crate) fn load_cases(&mut self) -> Result<(), StationError> {
        let (house, _) = self.open()?;
        let view = house.store.view();
        let mut loaded = Vec::new();
        for row in view.open_instances()? {
            let instance: Instance =
                serde_json::from_str(&row.state).map_err(|_| StoreError::Damaged { what: "instance" })?;
            let person = instance.variables.get("person").and_then(Value::as_bytes).and_then(|id| id.try_into().ok());
            let person = Id(person.ok_or(StoreError::Damaged { what: "instance" })?);
            let Some(record) = view.record(people::person(person))? else { continue };
            let definition = definitions::of(view, &instance.definition)?;
            let mut case = Case::new((instance, definition), row.id, person, people::hit(view, &record, true)?);
            if case.step() == Some(StepKind::Encode) {
                case.tag = case.reference("card").and_then(|card| tag::reached(view, card));
            }
            loaded.push(case);
        }
        for case in loaded {
            let id = case.id;
            self.cases.entry(id).or_insert(case);
            self.worked_on(id);
        }
        Ok(())
    }

    /// It comes first among the open ones.
    pub(crate) fn worked_on(&mut self, id: Id) {
        self.order.retain(|other| *other != id);
        self.order.insert(0, id);
        self.case_changed(id);
    }
}
