//! Voiding: a case that ends without a badge, a card that is out, and everything that was made for either.

use lanyard_issue::VoidParts;
use lanyard_model::{Id, Kind, Reason, Record, RecordRef, UnixMs};
use lanyard_store::View;

use crate::api::CaseState;
use crate::shared::Core;
use crate::{StationError, journal, people};

impl Core {
    /// The case ends without a badge; what was made is void.
    pub(crate) fn void_case(&mut self, id: Id, why: Reason, now: UnixMs) -> Result<(), StationError> {
        let case = self.cases.get(&id).ok_or(StationError::Missing { kind: "case" })?;
        if case.over() {
            return Err(StationError::CaseClosed);
        }
        let card = case.reference("card");
        let house = self.house.as_ref().ok_or(StationError::NoHouse)?;
        let parts = match card {
            Some(card) => void_parts(house.store.view(), card)?,
            None => VoidParts::default(),
        };
        let changes = case.entries().cancelled(&parts, why);
        let row = case.row(&case.instance, false, now)?;
        let stays = card.and_then(|card| journal::when_void(house.store.view(), card));
        let person = case.person;
        self.note(id, &changes, now, |tx| {
            tx.put_instance(&row)?;
            card.map_or(Ok(()), |card| journal::put_when_void(tx, card, stays.as_deref()))
        })?;
        let case = self.case(id)?;
        case.ended(CaseState::Void);
        if self.bound == Some(id) {
            self.bound = None;
        }
        self.person_changed(person)?;
        self.case_changed(id);
        Ok(())
    }

    /// A card that is out becomes void.
    pub(crate) fn void_card(&mut self, card: Id, why: Reason, now: UnixMs) -> Result<Id, StationError> {
        if let Some(case) = self.cases.values().find(|case| case.reference("card") == Some(card) && !case.over()) {
            let (id, person) = (case.id, case.person);
            self.void_case(id, why, now)?;
            return Ok(person);
        }
        let (house, session) = self.open()?;
        let view = house.store.view();
        let record = view.required(RecordRef { kind: Kind::Card, id: card })?;
        let person = people::reference(&record, "person").ok_or(StationError::Missing { kind: "person" })?;
        let changes = lanyard_issue::voided(&void_parts(view, card)?, why);
        let by = session.did_for(person);
        let stays = journal::when_void(view, card);
        house.store.write(|tx| {
            for change in &changes {
                tx.commit(change, &by, now)?;
            }
            journal::put_when_void(tx, card, stays.as_deref())
        })?;
        self.person_changed(person)?;
        Ok(person)
    }
}

/// A card and everything on it, with their states.
pub(crate) fn void_parts(view: View<'_>, card: Id) -> Result<VoidParts, StationError> {
    let record = view.record(RecordRef { kind: Kind::Card, id: card })?;
    let pair = |record: &Record| (record.of.id, record.state.clone());
    let credentials = view.records_of(Kind::Credential, "card", card)?;
    let mut certificates = Vec::new();
    for credential in &credentials {
        certificates.extend(view.records_of(Kind::Certificate, "credential", credential.of.id)?.iter().map(pair));
    }
    Ok(VoidParts { card: record.as_ref().map(pair), credentials: credentials.iter().map(pair).collect(), certificates })
}
