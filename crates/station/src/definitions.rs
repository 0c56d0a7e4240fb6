//! The workflows that cases run on: the one that ships, and those that open cases were begun with. A case goes on by the
//! drawing that it began with, also when the program has brought another meanwhile: its text is kept in the store.

use std::sync::{Arc, LazyLock};

use lanyard_store::{StoreError, Tx, View};
use lanyard_workflow::{Definition, DefinitionRef, WorkflowError};

use crate::{StationError, assets};

/// The workflow that ships, read once.
pub(crate) fn shipped() -> Result<Arc<Definition>, WorkflowError> {
    static SHIPPED: LazyLock<Result<Arc<Definition>, WorkflowError>> = LazyLock::new(|| parsed(assets::WORKFLOW));
    SHIPPED.clone()
}

fn parsed(text: &str) -> Result<Arc<Definition>, WorkflowError> {
    Definition::parse(text, lanyard_issue::kinds()).map(Arc::new)
}

fn setting(of: &DefinitionRef) -> String {
    format!("workflow.{}", of.version)
}

/// Keeps the text that a case begins with.
pub(crate) fn keep(tx: &mut Tx<'_>, of: &DefinitionRef) -> Result<(), StoreError> {
    let key = setting(of);
    match tx.view().setting(&key)? {
        Some(_) => Ok(()),
        None => tx.set_setting(&key, Some(assets::WORKFLOW)),
    }
}

/// What a case of this definition runs on; the error where its text is not here any more.
pub(crate) fn of(view: View<'_>, of: &DefinitionRef) -> Result<Result<Arc<Definition>, WorkflowError>, StationError> {
    let shipped = shipped()?;
    if shipped.reference() == of {
        return Ok(Ok(shipped));
    }
    let other =
        |found: &DefinitionRef| WorkflowError::OtherDefinition { expected: of.to_string(), found: found.to_string() };
    Ok(match view.setting(&setting(of))?.map(|text| parsed(&text)) {
        Some(Ok(kept)) if kept.reference() == of => Ok(kept),
        Some(Ok(kept)) => Err(other(kept.reference())),
        Some(Err(error)) => Err(error),
        None => Err(other(shipped.reference())),
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test stops where it fails")]
mod tests {
    use lanyard_store::InstanceRow;

    use crate::api::{FirstStart, NewOperator, Password, PersonInput, StepInput};
    use crate::{HouseChoice, Options, Station, assets};

    /// A case that stands at its first step and was begun with an older drawing, whose text is kept or not.
    fn begun_with_another(home: &std::path::Path, kept: bool) -> (Station, String) {
        let station = Station::start(Options::new(home.to_owned(), HouseChoice::Real).without_devices()).unwrap();
        let ana = NewOperator {
            name: "Ana".to_owned(),
            login: "ana".to_owned(),
            password: Password(lanyard_secret::SecretBytes::new(b"correct horse".to_vec())),
        };
        station.first_start(FirstStart { station: "Gate".to_owned(), rehearsal: false, operators: vec![ana] }).unwrap();
        let fields = [("family_name", "Berg"), ("given_name", "Bo"), ("staff_no", "7"), ("unit", "Gate")];
        let fields = fields.map(|(k, v)| (k.to_owned(), v.to_owned()));
        let person =
            station.person_save(PersonInput { id: None, fields: fields.into(), although_alike: false }).unwrap();
        let case = station.case_open(&person.hit.id).unwrap();
        let older = format!("{}<!-- older -->\n", assets::WORKFLOW);
        let (new, old) =
            (super::shipped().unwrap().reference().clone(), super::parsed(&older).unwrap().reference().clone());
        assert_ne!(new, old);
        station.shared.quietly(|core| {
            let (house, _) = core.open().unwrap();
            let row = house.store.view().instance(case.id.parse().unwrap()).unwrap().unwrap();
            let state = row.state.replace(&new.version, &old.version);
            assert_ne!(state, row.state);
            house
                .store
                .write(|tx| {
                    if kept {
                        tx.set_setting(&super::setting(&old), Some(&older))?;
                    }
                    tx.put_instance(&InstanceRow { state, ..row })
                })
                .unwrap();
        });
        let _ = station.lock();
        station.sign_in("ana", &lanyard_secret::SecretBytes::new(b"correct horse".to_vec())).unwrap();
        (station, case.id)
    }

    #[test]
    fn a_case_goes_on_by_the_drawing_it_was_begun_with() {
        let home = tempfile::tempdir().unwrap();
        let (station, case) = begun_with_another(home.path(), true);
        let view = station.case_view(&case).unwrap();
        assert_eq!((view.step.as_str(), &view.problem), ("data", &None));
        let fields = view.fields.iter().map(|field| (field.name.clone(), field.value.clone())).collect();
        assert_eq!(station.case_do(&case, StepInput::ConfirmData { fields }).unwrap().step, "photo");
    }

    #[test]
    fn a_case_whose_drawing_is_gone_says_so_and_can_be_voided() {
        let home = tempfile::tempdir().unwrap();
        let (station, case) = begun_with_another(home.path(), false);
        let view = station.case_view(&case).unwrap();
        assert_eq!(view.problem.unwrap().code, "workflow.case.other_definition");
        let refused = station.case_do(&case, StepInput::KeepPhoto);
        assert_eq!(refused.unwrap_err().code, "workflow.case.other_definition");
        station.case_void(&case, "mistake").unwrap();
    }
}
