//! An attempt at printing, and the printer that it was begun at. Only that one can say what became of it, so no other takes
//! it up: two printers would make two cards.

use std::collections::BTreeMap;
use std::path::Path;

use lanyard_device::DeviceError;
use lanyard_issue::{Entries, Facts, PolicyError, Released, StepKind};
use lanyard_model::{Id, UnixMs, Value};
use lanyard_store::{InstanceRow, StoreError, Tx};

use crate::api::DeviceRole;
use crate::case::Case;
use crate::fileprinter::file_name;
use crate::house::FILE_PRINTS;
use crate::shared::Core;
use crate::{StationError, kept};

/// The element of the workflow.
pub(super) const STEP: &str = "print";
/// The attempt that was released into a file.
const RELEASED: &str = "released";
/// The attempt that was begun last, and where.
const BEGUN: &str = "printing";

/// An attempt that was begun and has not ended.
pub(super) struct OpenAttempt {
    pub number: u32,
    /// Id of the printer; `None` from a program that did not keep it.
    pub printer: Option<String>,
}

impl OpenAttempt {
    pub(super) fn is_for(&self, printer: &str) -> bool {
        self.printer.as_deref().is_none_or(|own| own == printer)
    }

    /// The printer's name.
    fn shown(&self) -> String {
        let id = self.printer.as_deref().unwrap_or_default();
        id.split_once(':').map_or(id, |(_, name)| name).to_owned()
    }
}

/// Two stations count their cards each from one, and may share a printer: what tells their jobs apart is of the case.
pub(super) fn title(case: Id, number: &str, attempt: u32) -> String {
    format!("{number}/{attempt}/{}", hex::encode(&case.0[..4]))
}

fn begun(attempt: u32, printer: &str) -> Value {
    Value::Map(BTreeMap::from([
        ("attempt".to_owned(), Value::Int(attempt.into())),
        ("printer".to_owned(), Value::Text(printer.to_owned())),
    ]))
}

/// What came to nothing before is over.
fn begin_anew(tx: &mut Tx<'_>, case: Id, now: UnixMs) -> Result<u32, StoreError> {
    let before = tx.view().steps(case)?.into_iter().rev().find(|row| row.step == STEP);
    if let Some(before) = before.filter(|row| row.outcome.is_none()) {
        tx.step_end(case, STEP, before.attempt, "device.gone", now)?;
    }
    tx.step_begin(case, STEP, now)
}

impl Core {
    /// The attempt of this case that was begun and has not ended.
    pub(super) fn open_attempt(&self, case: &Case) -> Option<OpenAttempt> {
        let steps = self.house.as_ref()?.store.view().steps(case.id).ok()?;
        let last = steps.into_iter().rev().find(|row| row.step == STEP).filter(|row| row.outcome.is_none())?;
        let printer = match case.instance.variables.get(BEGUN) {
            Some(Value::Map(begun)) if begun.get("attempt") == Some(&Value::Int(last.attempt.into())) => {
                begun.get("printer").and_then(Value::as_text).map(str::to_owned)
            }
            _ => None,
        };
        Some(OpenAttempt { number: last.attempt, printer })
    }

    /// It is the one that was released into a file.
    pub(super) fn was_released(&self, case: &Case) -> bool {
        let released = case.instance.variables.get(RELEASED).and_then(Value::as_int);
        self.open_attempt(case).is_some_and(|open| released == Some(open.number.into()))
    }

    /// The printer that has the case's job, where that takes none now.
    pub(super) fn begun_elsewhere(&self, case: &Case) -> Option<StationError> {
        let open = self.open_attempt(case)?;
        if self.fits(open.printer.as_deref()?, DeviceRole::Print) {
            return None;
        }
        Some(StationError::PrinterElsewhere { printer: open.shown() })
    }

    /// The attempt that goes on at this printer, or a new one; and whether it is new. One that another printer has, which
    /// may yet make a card of it, is not ended here.
    pub(super) fn attempt_at(&mut self, id: Id, printer: &str, now: UnixMs) -> Result<(u32, bool), StationError> {
        let case = self.cases.get(&id).ok_or(StationError::Missing { kind: "case" })?;
        let open = self.open_attempt(case);
        if let Some(elsewhere) = open.as_ref().filter(|open| !open.is_for(printer)) {
            return Err(StationError::PrinterElsewhere { printer: elsewhere.shown() });
        }
        let mut instance = case.instance.clone();
        let row = case.row(&instance, true, now)?;
        let (house, _) = self.open()?;
        let anew = open.is_none();
        let attempt = house.store.write(|tx| {
            let attempt = match &open {
                Some(open) => open.number,
                None => begin_anew(tx, id, now)?,
            };
            instance.variables.insert(BEGUN.to_owned(), begun(attempt, printer));
            let state = kept::json("instance", &instance)?;
            tx.put_instance(&InstanceRow { state, ..row })?;
            Ok::<_, StationError>(attempt)
        })?;
        self.case(id)?.instance = instance;
        Ok((attempt, anew))
    }

    /// Entry, count and attempt in one transaction, before there is a file: none is there that was not counted.
    pub(super) fn release(
        &mut self,
        id: Id,
        printer: &str,
        folder: &Path,
        number: &str,
        now: UnixMs,
    ) -> Result<u32, StationError> {
        let name = self.devices.get(printer).map(|device| device.name.clone()).unwrap_or_default();
        let case = self.at(id, &[StepKind::Print])?;
        let card = case.reference("card").ok_or(StationError::Missing { kind: "card" })?;
        let reason = case.file_reason.clone().ok_or(PolicyError::PrintReason)?;
        let (person, step, request) = (case.person, case.instance.token.clone(), case.id);
        let mut instance = case.instance.clone();
        let row = case.row(&instance, true, now)?;
        let entries = Entries { facts: Facts { request, person }, step: &step };
        let (house, session) = self.open()?;
        let by = session.did_for(person);
        let attempt = house.store.write(|tx| {
            let attempt = begin_anew(tx, id, now)?;
            let file = file_name(&title(id, number, attempt));
            if folder.join(&file).symlink_metadata().is_ok() {
                let reason = "file-exists".to_owned();
                return Err(StationError::Device(DeviceError::Refused { device: name.clone(), reason }));
            }
            let count = tx.next_number(FILE_PRINTS)?;
            let to = Released { printer: &name, file: &file, reason: &reason, count };
            tx.commit(&entries.released(card, to), &by, now)?;
            instance.variables.insert(RELEASED.to_owned(), Value::Int(attempt.into()));
            instance.variables.insert(BEGUN.to_owned(), begun(attempt, printer));
            let state = kept::json("instance", &instance)?;
            tx.put_instance(&InstanceRow { state, ..row })?;
            Ok(attempt)
        })?;
        self.case(id)?.instance = instance;
        self.status_changed();
        Ok(attempt)
    }
}
