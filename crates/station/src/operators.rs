//! Who may sign in, and what they may do. Rights that are not every operator's an operator has only where a colleague gave
//! them; finer roles come with the workflows.

use lanyard_issue::{GIVEN_RIGHTS, PolicyError, may_give_right};
use lanyard_model::{Change, Id, Kind, Record, RecordRef, UnixMs, Value};
use unicode_script::ScriptExtension;

use crate::api::{NewOperator, OperatorView};
use crate::house::{House, cost};
use crate::session::Session;
use crate::shared::Core;
use crate::{StationError, entropy};

pub(crate) const NAME_LONGEST: usize = 60;
/// What every operator may do.
const EVERYBODYS: [&str; 7] = ["issue", "void", "person.change", "operator.change", "backup", "export", "import"];

/// What an operator was given, by their record.
pub(crate) fn given(operator: &Record) -> Vec<String> {
    let Some(Value::Array(rights)) = operator.fields.get("rights") else { return Vec::new() };
    rights.iter().filter_map(Value::as_text).filter(|right| GIVEN_RIGHTS.contains(right)).map(str::to_owned).collect()
}

/// A name that can be shown, printed and certified.
pub(crate) fn is_name(text: &str) -> bool {
    let text = text.trim();
    !text.is_empty() && text.chars().count() <= NAME_LONGEST && !text.chars().any(char::is_control)
}

pub(crate) fn checked(operator: &NewOperator, taken: &[String]) -> Result<(), StationError> {
    for (field, value) in [("name", &operator.name), ("login", &operator.login)] {
        if !is_name(value) {
            return Err(StationError::OperatorField { field });
        }
    }
    if !is_of_one_script(&operator.login) {
        return Err(StationError::LoginScripts);
    }
    if taken.contains(&operator.login.trim().to_lowercase()) {
        return Err(PolicyError::LoginTaken.into());
    }
    Ok(())
}

/// A sign-in name in which letters of another script stand for those that they look like would be told from the real one by
/// nobody (UTS #39 §5.1, single script).
fn is_of_one_script(text: &str) -> bool {
    !ScriptExtension::for_str(text).is_empty()
}

pub(crate) fn operator_added(id: Id, operator: &NewOperator) -> Change {
    Change::new("operator.added", RecordRef { kind: Kind::Operator, id })
        .state("", "active")
        .field("name", operator.name.trim())
        .field("login", operator.login.trim())
}

impl Session {
    /// All that the operator may do.
    pub(crate) fn rights(&self) -> Vec<String> {
        EVERYBODYS.into_iter().map(str::to_owned).chain(self.operator.rights.iter().cloned()).collect()
    }

    /// Was given this right.
    pub(crate) fn was_given(&self, right: &str) -> bool {
        self.operator.rights.iter().any(|given| given == right)
    }
}

impl House {
    /// A program that ended between the entry that somebody was removed and the void of their slot has left them a password
    /// that opens the store.
    pub(crate) fn drop_stale_slots(&mut self) -> Result<(), StationError> {
        let view = self.store.view();
        let active: Vec<Id> = view.records(Kind::Operator, Some("active"))?.iter().map(|record| record.of.id).collect();
        let stale: Vec<Id> = self.slots.operators().filter(|id| !active.contains(id)).collect();
        if stale.is_empty() {
            return Ok(());
        }
        let mut slots = self.slots.clone();
        for id in stale {
            slots.remove(id)?;
        }
        self.store.write_slots(&slots)?;
        self.slots = slots;
        Ok(())
    }
}

impl Core {
    /// One more operator.
    pub(crate) fn operator_add(&mut self, operator: &NewOperator, now: UnixMs) -> Result<(), StationError> {
        let (house, session) = self.open()?;
        let taken: Vec<String> = house.operators.iter().map(|o| o.login.to_lowercase()).collect();
        checked(operator, &taken)?;
        let id = entropy::id();
        let mut slots = house.slots.clone();
        slots.add(id, &operator.password.0, &session.opened, cost(house.rehearsal()), &mut entropy::fill)?;
        let by = session.did();
        // The slot first: an operator with an entry and no slot could not be helped; a slot without an entry opens nothing,
        // since signing in asks for the record.
        house.store.write_slots(&slots)?;
        house.store.write(|tx| tx.commit(&operator_added(id, operator), &by, now))?;
        house.slots = slots;
        house.refresh()?;
        self.status_changed();
        Ok(())
    }

    /// One operator less: their slot is void.
    pub(crate) fn operator_remove(&mut self, id: Id, now: UnixMs) -> Result<(), StationError> {
        let (house, session) = self.open()?;
        if house.operators.len() < 2 {
            return Err(PolicyError::LastOperator.into());
        }
        let mut slots = house.slots.clone();
        slots.remove(id)?;
        let by = session.did();
        let own = session.id == id;
        house.store.write(|tx| {
            let gone =
                Change::new("operator.removed", RecordRef { kind: Kind::Operator, id }).state("active", "removed");
            tx.commit(&gone, &by, now)
        })?;
        house.store.write_slots(&slots)?;
        house.slots = slots;
        house.refresh()?;
        if own {
            self.lock();
        }
        self.status_changed();
        Ok(())
    }

    /// Gives an operator a right, or takes it away.
    pub(crate) fn operator_right(
        &mut self,
        id: Id,
        right: &str,
        give: bool,
        now: UnixMs,
    ) -> Result<Vec<OperatorView>, StationError> {
        let (house, session) = self.open()?;
        let alone = house.operators().len() < 2;
        may_give_right(right, give && session.id == id && !alone)?;
        let of = RecordRef { kind: Kind::Operator, id };
        let mut rights = given(&house.store.view().required(of)?);
        if rights.iter().any(|there| there == right) != give {
            rights.retain(|there| there != right);
            if give {
                rights.push(right.to_owned());
            }
            let rights = Value::Array(rights.iter().map(|right| right.as_str().into()).collect());
            let change =
                if give { Change::new("operator.right_given", of) } else { Change::new("operator.right_taken", of) };
            let by = session.did();
            house.store.write(|tx| tx.commit(&change.field("rights", rights), &by, now))?;
            house.refresh()?;
            if let Some(own) = house.operators().into_iter().find(|operator| operator.id == session.operator.id) {
                session.operator = own;
            }
            self.status_changed();
        }
        let (house, _) = self.open()?;
        Ok(house.operators())
    }
}
