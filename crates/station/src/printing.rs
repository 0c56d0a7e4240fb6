//! Printing, seen from the state: which job is due, and what the printer's own word makes of it.

use std::collections::BTreeMap;
use std::path::Path;

use lanyard_device::{DeviceError, JobId, JobState, PrintJob};
use lanyard_fault::Coded;
use lanyard_issue::{Entries, Facts, PRINT_FILE, PolicyError, PrintedBy, Released, StepKind, may_print_to_file};
use lanyard_model::{Id, UnixMs, Value};
use lanyard_store::InstanceRow;

use crate::StationError;
use crate::api::{DeviceKind, DeviceRole};
use crate::case::{Case, Outcome};
use crate::devices::Device;
use crate::fileprinter::file_name;
use crate::house::{FILE_PRINTS, House, writes};
use crate::shared::{Core, Shared};

const STEP: &str = "print";
/// The attempt that was released into a file.
const RELEASED: &str = "released";

/// A job for a printer.
pub(crate) struct PrintWork {
    pub case: Id,
    pub attempt: u32,
    /// A folder, into which this attempt has written nothing yet.
    pub anew_in_folder: bool,
    pub print: PrintJob,
}

impl Shared {
    /// The job that is due at this printer.
    pub(crate) fn next_print(&self, id: &str) -> Option<PrintWork> {
        let now = self.now();
        let due = self.quietly(|core| core.print_due(id))?;
        self.with(|core| match core.print_begin(id, due, now) {
            Ok(work) => Some(work),
            Err(error) => {
                if let Ok(case) = core.case(due) {
                    case.stopped(&error);
                }
                core.case_changed(due);
                None
            }
        })
    }

    /// The printer has it.
    pub(crate) fn print_sent(&self, work: &PrintWork, job: &JobId) {
        self.with(|core| {
            if let Ok(case) = core.case(work.case) {
                case.line("print.accepted", BTreeMap::from([("job".to_owned(), job.0.clone())]));
            }
            core.case_changed(work.case);
        });
    }

    /// The case still waits for it.
    pub(crate) fn print_wanted(&self, work: &PrintWork) -> bool {
        self.quietly(|core| core.cases.get(&work.case).is_some_and(|case| case.step() == Some(StepKind::Print)))
    }

    /// How the job stands, in the printer's words.
    pub(crate) fn print_stands(&self, work: &PrintWork, state: &JobState) {
        let (code, details) = match state {
            JobState::Waiting => ("print.waiting", BTreeMap::new()),
            JobState::Printing => ("print.printing", BTreeMap::new()),
            JobState::Stopped { reasons } => {
                ("print.stopped", BTreeMap::from([("reasons".to_owned(), reasons.join(", "))]))
            }
            JobState::Printed | JobState::Cancelled | JobState::Failed { .. } => return,
        };
        self.with(|core| {
            let Ok(case) = core.case(work.case) else { return };
            if case.lines.last().is_none_or(|line| line.code != code || line.details != details) {
                case.lines.retain(|line| line.code != "print.stopped");
                case.line(code, details);
                core.case_changed(work.case);
            }
        });
    }

    /// The printer says: printed.
    pub(crate) fn printed(&self, id: &str, work: &PrintWork, job: &JobId) {
        let now = self.now();
        self.with(|core| {
            if let Err(error) = core.printed(id, work, job, now) {
                if let Ok(case) = core.case(work.case) {
                    case.stopped(&error);
                }
                core.case_changed(work.case);
            }
        });
    }

    /// It will not come out.
    pub(crate) fn print_failed(&self, work: &PrintWork, error: StationError) {
        let now = self.now();
        self.with(|core| {
            // Where the answer was lost the printer may have the job: the attempt stays open, and is looked for by its title.
            let unknown = matches!(error, StationError::Device(DeviceError::Gone { .. } | DeviceError::Silent { .. }));
            let ended = if unknown { Ok(()) } else { core.print_over(work, error.code(), now) };
            if let Err(error) = ended {
                tracing::error!(code = error.code(), "a print's end could not be written");
            }
            if let Ok(case) = core.case(work.case) {
                case.stopped(&error);
            }
            core.case_changed(work.case);
        });
    }
}

impl Core {
    fn print_due(&self, id: &str) -> Option<Id> {
        self.session.as_ref()?;
        if !self.house.as_ref().is_some_and(writes) || !self.fits(id, DeviceRole::Print) {
            return None;
        }
        let folder = self.devices.get(id)?.folder().is_some();
        self.order
            .iter()
            .filter_map(|case| self.cases.get(case))
            .filter(|case| case.step() == Some(StepKind::Print) && case.problem.is_none() && !case.busy)
            .filter(|case| !folder || self.may_go_into_a_file(case))
            .map(|case| case.id)
            .next()
    }

    /// It was released: for an attempt that was begun, or now.
    fn may_go_into_a_file(&self, case: &Case) -> bool {
        let Some(house) = &self.house else { return false };
        let released = || case.instance.variables.get(RELEASED).and_then(Value::as_int);
        house.rehearsal()
            || case.file_reason.is_some()
            || open_attempt(house, case.id).is_some_and(|attempt| released() == Some(attempt.into()))
    }

    /// Why no printer takes a job yet that waits for one.
    pub(crate) fn printer_awaited(&self, case: &Case) -> Option<StationError> {
        let printers = || self.devices.iter().filter(|(_, device)| device.kind == DeviceKind::Printer);
        if printers().next().is_none() {
            return Some(StationError::NoDevice { what: "printer" });
        }
        let mut fit = printers().filter(|(id, _)| self.fits(id, DeviceRole::Print)).peekable();
        let only_folders = fit.peek().is_some() && fit.all(|(_, device)| device.folder().is_some());
        if !only_folders || self.may_go_into_a_file(case) {
            return None;
        }
        let right = self.session.as_ref().is_some_and(|session| session.was_given(PRINT_FILE));
        may_print_to_file(right, "").err().map(StationError::Policy)
    }

    /// Free in rehearsal.
    pub(crate) fn may_print_to_file(&mut self, reason: &str) -> Result<(), StationError> {
        let (house, session) = self.open()?;
        if !house.rehearsal() {
            may_print_to_file(session.was_given(PRINT_FILE), reason)?;
        }
        Ok(())
    }

    /// The operator wants the card in a file, for a reason.
    pub(crate) fn print_to_file(&mut self, id: Id, reason: &str) -> Result<(), StationError> {
        self.may_print_to_file(reason)?;
        let case = self.at(id, &[StepKind::Print])?;
        if case.busy {
            return Err(StationError::CaseClosed);
        }
        case.problem = None;
        case.file_reason = Some(reason.trim().to_owned());
        Ok(())
    }

    fn print_begin(&mut self, printer: &str, id: Id, now: UnixMs) -> Result<PrintWork, StationError> {
        let pdf = match &self.case(id)?.pictures {
            Some(pictures) => pictures.pdf.clone(),
            None => {
                let drawn = self.draw(id, now)?;
                let pdf = drawn.pdf.clone();
                self.case(id)?.pictures = Some(drawn);
                pdf
            }
        };
        let number = self.case(id)?.text("number").to_owned();
        let folder = self.devices.get(printer).and_then(Device::folder);
        let asked = folder.as_ref().filter(|_| self.cases.get(&id).is_some_and(|case| case.file_reason.is_some()));
        let (house, _) = self.open()?;
        let begun = open_attempt(house, id);
        let attempt = match (begun, asked) {
            (_, Some(folder)) if !house.rehearsal() => self.release(id, printer, folder, &number, now)?,
            (Some(attempt), _) => attempt,
            (None, _) => house.store.write(|tx| tx.step_begin(id, STEP, now))?,
        };
        let anew_in_folder = folder.is_some() && begun != Some(attempt);
        let case = self.case(id)?;
        case.file_reason = None;
        case.busy = true;
        case.lines.clear();
        case.line("print.sending", BTreeMap::new());
        self.case_changed(id);
        Ok(PrintWork { case: id, attempt, anew_in_folder, print: PrintJob { title: title(&number, attempt), pdf } })
    }

    /// Entry, count and attempt in one transaction, before there is a file: none is there that was not counted.
    fn release(
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
        let row = case.row(&instance, true, now);
        let entries = Entries { facts: Facts { request, person }, step: &step };
        let (house, session) = self.open()?;
        let by = session.did_for(person);
        let attempt = house.store.write(|tx| {
            // What came to nothing before is over.
            let before = tx.view().steps(id)?.into_iter().rev().find(|row| row.step == STEP);
            if let Some(before) = before.filter(|row| row.outcome.is_none()) {
                tx.step_end(id, STEP, before.attempt, "device.gone", now)?;
            }
            let attempt = tx.step_begin(id, STEP, now)?;
            let file = file_name(&title(number, attempt));
            if folder.join(&file).symlink_metadata().is_ok() {
                let reason = "file-exists".to_owned();
                return Err(StationError::Device(DeviceError::Refused { device: name.clone(), reason }));
            }
            let count = tx.next_number(FILE_PRINTS)?;
            let to = Released { printer: &name, file: &file, reason: &reason, count };
            tx.commit(&entries.released(card, to), &by, now)?;
            instance.variables.insert(RELEASED.to_owned(), Value::Int(attempt.into()));
            let state = serde_json::to_string(&instance).unwrap_or_default();
            tx.put_instance(&InstanceRow { state, ..row })?;
            Ok(attempt)
        })?;
        self.case(id)?.instance = instance;
        self.status_changed();
        Ok(attempt)
    }

    fn printed(&mut self, id: &str, work: &PrintWork, job: &JobId, now: UnixMs) -> Result<(), StationError> {
        let printer = self.devices.get(id).map(|device| device.name.clone()).unwrap_or_default();
        let case = self.at(work.case, &[StepKind::Print])?;
        let card = case.reference("card").ok_or(StationError::Missing { kind: "card" })?;
        let changes = case.entries().printed(card, PrintedBy { printer: &printer, job: &job.0 });
        self.complete(work.case, &changes, Outcome::new(), now, |_| Ok(()))
    }

    fn print_over(&mut self, work: &PrintWork, outcome: &str, now: UnixMs) -> Result<(), StationError> {
        let (house, _) = self.open()?;
        house.store.write(|tx| tx.step_end(work.case, STEP, work.attempt, outcome, now))?;
        Ok(())
    }
}

fn title(number: &str, attempt: u32) -> String {
    format!("{number}/{attempt}")
}

/// The attempt that was begun and has not ended.
fn open_attempt(house: &House, case: Id) -> Option<u32> {
    let last = house.store.view().steps(case).ok()?.into_iter().rev().find(|row| row.step == STEP)?;
    last.outcome.is_none().then_some(last.attempt)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, reason = "a test stops where it fails")]
mod tests;
