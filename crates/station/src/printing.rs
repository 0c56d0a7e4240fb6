//! Printing, seen from the state: which job is due, and what the printer's own word makes of it. An attempt ends by that
//! word alone; whatever else happens, it stays open and is looked for by its title.

mod attempt;

use std::collections::BTreeMap;

use lanyard_device::{JobId, JobState, PrintJob};
use lanyard_fault::Coded;
use lanyard_issue::{PRINT_FILE, PrintedBy, StepKind, may_print_to_file};
use lanyard_model::{Id, UnixMs};

use crate::StationError;
use crate::api::{DeviceKind, DeviceRole};
use crate::case::{Case, Outcome};
use crate::devices::{Device, Serving};
use crate::house::writes;
use crate::shared::{Core, Shared};
use attempt::{STEP, title};

/// A job for a printer.
pub(crate) struct PrintWork {
    pub case: Id,
    pub attempt: u32,
    /// Begun just now: a job of that title, if there is one, is not ours.
    pub anew: bool,
    pub print: PrintJob,
}

/// Whether a job that a printer has is still followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// It is.
    Yes,
    /// Nobody is there to follow it, or it is followed by another thread. It may print: it is found again by its title.
    Later,
    /// The badge is void: it must not come out.
    No,
}

impl Shared {
    /// The job that is due at this printer.
    pub(crate) fn next_print(&self, printer: &Serving) -> Option<PrintWork> {
        let now = self.now();
        // Found and begun under one lock: two printers that ask at the same moment would make two cards.
        self.with(|core| {
            let due = core.serves(printer).then(|| core.print_due(&printer.id)).flatten()?;
            match core.print_begin(&printer.id, due, now) {
                Ok(work) => Some(work),
                Err(error) => {
                    if let Ok(case) = core.case(due) {
                        case.stopped(&error);
                    }
                    core.case_changed(due);
                    None
                }
            }
        })
    }

    /// The printer has it.
    pub(crate) fn print_sent(&self, work: &PrintWork, job: &JobId) {
        let now = self.now();
        self.with(|core| {
            if let Ok(case) = core.case(work.case) {
                case.line("print.accepted", BTreeMap::from([("job".to_owned(), job.0.clone())]), now);
            }
            core.case_changed(work.case);
        });
    }

    /// Whether the case still waits for it. What the store says holds while nobody is signed in as well.
    pub(crate) fn print_wanted(&self, printer: &Serving, work: &PrintWork) -> Wanted {
        self.quietly(|core| {
            let row = core.house.as_ref().and_then(|house| house.store.view().instance(work.case).ok().flatten());
            if row.is_some_and(|row| !row.open) {
                return Wanted::No;
            }
            let followed = core.serves(printer) && core.print_under_way(work);
            if followed && !self.stopping() { Wanted::Yes } else { Wanted::Later }
        })
    }

    /// This thread follows it no longer.
    pub(crate) fn print_left(&self, work: &PrintWork) {
        self.with(|core| {
            if core.print_under_way(work)
                && let Ok(case) = core.case(work.case)
            {
                case.busy = false;
                core.case_changed(work.case);
            }
        });
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
        let now = self.now();
        self.with(|core| {
            let Ok(case) = core.case(work.case) else { return };
            if case.lines.last().is_none_or(|line| line.code != code || line.details != details) {
                case.lines.retain(|line| line.code != "print.stopped");
                case.line(code, details, now);
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
    pub(crate) fn print_failed(&self, work: &PrintWork, error: &StationError) {
        let now = self.now();
        self.with(|core| {
            if let Err(error) = core.print_over(work, error.code(), now) {
                tracing::error!(code = error.code(), "a print's end could not be written");
            }
            core.print_stopped(work, error);
        });
    }

    /// The printer may have it, and may not: the attempt stays open.
    pub(crate) fn print_unknown(&self, work: &PrintWork, error: &StationError) {
        self.with(|core| core.print_stopped(work, error));
    }
}

impl Core {
    fn print_due(&self, id: &str) -> Option<Id> {
        self.session.as_ref()?;
        if !self.house.as_ref().is_some_and(writes) || !self.fits(id, DeviceRole::Print) {
            return None;
        }
        let folder = self.devices.get(id)?.folder().is_some();
        let of_this_one = |case: &Case| {
            (folder && case.file_reason.is_some()) || self.open_attempt(case).is_none_or(|open| open.is_for(id))
        };
        self.order
            .iter()
            .filter_map(|case| self.cases.get(case))
            .filter(|case| case.step() == Some(StepKind::Print) && case.problem.is_none() && !case.busy)
            .filter(|case| self.is_worked_for(case.id))
            .filter(|case| !folder || self.may_go_into_a_file(case))
            .filter(|case| of_this_one(case))
            .map(|case| case.id)
            .next()
    }

    /// It was released: for an attempt that was begun, or now.
    fn may_go_into_a_file(&self, case: &Case) -> bool {
        let Some(house) = &self.house else { return false };
        house.rehearsal() || case.file_reason.is_some() || self.was_released(case)
    }

    /// Why no printer takes a job yet that waits for one.
    pub(crate) fn printer_awaited(&self, case: &Case) -> Option<StationError> {
        if let Some(elsewhere) = self.begun_elsewhere(case).filter(|_| case.file_reason.is_none()) {
            return Some(elsewhere);
        }
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

    /// What was accepted and nothing else: drawn anew, after a lock or a restart, it is compared.
    fn accepted_pdf(&mut self, id: Id, now: UnixMs) -> Result<Vec<u8>, StationError> {
        if self.case(id)?.pictures.is_none() {
            let drawn = self.draw(id, now)?;
            self.case(id)?.pictures = Some(drawn);
        }
        let case = self.case(id)?;
        let pictures = case.pictures.as_ref().filter(|pictures| case.accepted(pictures));
        pictures.map(|pictures| pictures.pdf.clone()).ok_or(StationError::PreviewChanged)
    }

    fn print_begin(&mut self, printer: &str, id: Id, now: UnixMs) -> Result<PrintWork, StationError> {
        if self.at(id, &[StepKind::Print])?.busy {
            return Err(StationError::CaseClosed);
        }
        let pdf = self.accepted_pdf(id, now)?;
        let number = self.case(id)?.text("number").to_owned();
        let folder = self.devices.get(printer).and_then(Device::folder);
        let asked = folder.filter(|_| self.cases.get(&id).is_some_and(|case| case.file_reason.is_some()));
        let (house, _) = self.open()?;
        let (attempt, anew) = match asked {
            Some(folder) if !house.rehearsal() => (self.release(id, printer, &folder, &number, now)?, true),
            _ => self.attempt_at(id, printer, now)?,
        };
        let case = self.case(id)?;
        case.file_reason = None;
        case.busy = true;
        case.lines.clear();
        case.line("print.sending", BTreeMap::new(), now);
        self.case_changed(id);
        Ok(PrintWork { case: id, attempt, anew, print: PrintJob { title: title(id, &number, attempt), pdf } })
    }

    fn printed(&mut self, id: &str, work: &PrintWork, job: &JobId, now: UnixMs) -> Result<(), StationError> {
        if !self.print_under_way(work) {
            // The screen was locked: it is found again, and said then.
            return Ok(());
        }
        let printer = self.devices.get(id).map(|device| device.name.clone()).unwrap_or_default();
        let case = self.at(work.case, &[StepKind::Print])?;
        let card = case.reference("card").ok_or(StationError::Missing { kind: "card" })?;
        let changes = case.entries().printed(card, PrintedBy { printer: &printer, job: &job.0 });
        self.complete(work.case, &changes, Outcome::new(), now, |_| Ok(()))
    }

    /// The case waits for this very attempt.
    fn print_under_way(&self, work: &PrintWork) -> bool {
        let this_one = |case: &Case| self.open_attempt(case).is_some_and(|open| open.number == work.attempt);
        self.cases
            .get(&work.case)
            .is_some_and(|case| case.busy && case.step() == Some(StepKind::Print) && this_one(case))
    }

    fn print_stopped(&mut self, work: &PrintWork, error: &StationError) {
        if let Ok(case) = self.case(work.case)
            && case.step() == Some(StepKind::Print)
        {
            case.stopped(error);
        }
        self.case_changed(work.case);
    }

    fn print_over(&mut self, work: &PrintWork, outcome: &str, now: UnixMs) -> Result<(), StationError> {
        let (house, _) = self.open()?;
        house.store.write(|tx| tx.step_end(work.case, STEP, work.attempt, outcome, now))?;
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, reason = "a test stops where it fails")]
mod tests;
