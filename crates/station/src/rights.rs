//! Rights that an operator has only where a colleague gave them. Every other right is every operator's, until roles come.

use lanyard_issue::{GIVEN_RIGHTS, may_give_right};
use lanyard_model::{Change, Id, Kind, Record, RecordRef, UnixMs, Value};

use crate::StationError;
use crate::api::OperatorView;
use crate::house::Session;
use crate::shared::Core;

/// What every operator may do.
const EVERYBODYS: [&str; 7] = ["issue", "void", "person.change", "operator.change", "backup", "export", "import"];

/// What an operator was given, by their record.
pub(crate) fn given(operator: &Record) -> Vec<String> {
    let Some(Value::Array(rights)) = operator.fields.get("rights") else { return Vec::new() };
    rights.iter().filter_map(Value::as_text).filter(|right| GIVEN_RIGHTS.contains(right)).map(str::to_owned).collect()
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

impl Core {
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
