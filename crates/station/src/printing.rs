//! Printing, seen from the state: which job is due, and what the printer's own word makes of it.

use std::collections::BTreeMap;

use lanyard_device::{DeviceError, JobId, JobState, PrintJob};
use lanyard_fault::Coded;
use lanyard_issue::{PrintedBy, StepKind};
use lanyard_model::{Id, UnixMs};

use crate::StationError;
use crate::api::{DeviceKind, DeviceRole};
use crate::case::Outcome;
use crate::shared::{Core, Shared};
use crate::work::PrintWork;

const STEP: &str = "print";

impl Shared {
    /// The job that is due at this printer.
    pub(crate) fn next_print(&self, id: &str) -> Option<PrintWork> {
        let now = self.now();
        let due = self.quietly(|core| core.print_due(id))?;
        self.with(|core| match core.print_begin(due, now) {
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
        if !self.fits(id, DeviceRole::Print) {
            return None;
        }
        self.order
            .iter()
            .filter_map(|case| self.cases.get(case))
            .find(|case| case.step() == Some(StepKind::Print) && case.problem.is_none() && !case.busy)
            .map(|case| case.id)
    }

    fn print_begin(&mut self, id: Id, now: UnixMs) -> Result<PrintWork, StationError> {
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
        let (house, _) = self.open()?;
        let open = house.store.view().steps(id)?.into_iter().rev().find(|row| row.step == STEP);
        let attempt = match open {
            Some(row) if row.outcome.is_none() => row.attempt,
            _ => house.store.write(|tx| tx.step_begin(id, STEP, now))?,
        };
        let case = self.case(id)?;
        case.busy = true;
        case.lines.clear();
        case.line("print.sending", BTreeMap::new());
        self.case_changed(id);
        Ok(PrintWork { case: id, attempt, print: PrintJob { title: format!("{number}/{attempt}"), pdf } })
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

    /// A printer is there that would take the job.
    pub(crate) fn has_printer(&self) -> bool {
        self.devices.values().any(|device| device.kind == DeviceKind::Printer)
    }
}
