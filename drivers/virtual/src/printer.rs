//! A simulated printer. It has no clock: a job goes one step on each time somebody asks about it.

use lanyard_device::{DeviceError, JobId, JobState, PrintJob, Printer, PrinterState};

use crate::bench::Bench;

/// After what time a caller would have given the printer up. Reported, never waited.
const SILENT_AFTER_MS: u64 = 10_000;

struct Job {
    title: String,
    state: JobState,
}

#[derive(Default)]
pub(crate) struct PrinterSlot {
    pub(crate) plugged: bool,
    /// Why it is stopped; empty while it runs.
    pub(crate) reasons: Vec<String>,
    pub(crate) lose_answer: bool,
    /// Job n is at n - 1.
    jobs: Vec<Job>,
}

impl PrinterSlot {
    pub(crate) fn printed(&self) -> usize {
        self.jobs.iter().filter(|job| job.state == JobState::Printed).count()
    }

    pub(crate) fn spoil(&mut self) {
        if let Some(job) = self.jobs.iter_mut().find(|job| is_open(&job.state)) {
            job.state = JobState::Failed { reasons: vec!["job-aborted-by-system".to_owned()] };
        }
    }

    fn job(&mut self, id: &JobId) -> Option<&mut Job> {
        let number: usize = id.0.parse().ok()?;
        self.jobs.get_mut(number.checked_sub(1)?)
    }

    /// The job's state after one more step. Only the oldest open job moves: cards come out in order.
    fn step(&mut self, id: &JobId) -> Option<JobState> {
        let first_open = self.jobs.iter().position(|job| is_open(&job.state));
        let reasons = self.reasons.clone();
        let is_first = first_open.is_some_and(|at| id.0.parse() == Ok(at + 1));
        let job = self.job(id)?;
        if is_first {
            job.state = match (&job.state, reasons.is_empty()) {
                (JobState::Waiting, true) => JobState::Printing,
                (JobState::Printing, true) => JobState::Printed,
                (JobState::Stopped { .. }, true) => JobState::Printing,
                (_, false) => JobState::Stopped { reasons },
                (state, true) => state.clone(),
            };
        }
        Some(job.state.clone())
    }
}

fn is_open(state: &JobState) -> bool {
    matches!(state, JobState::Waiting | JobState::Printing | JobState::Stopped { .. })
}

/// A printer of a [`Bench`].
pub struct VirtualPrinter {
    bench: Bench,
    name: String,
}

impl VirtualPrinter {
    pub(crate) fn new(bench: Bench, name: &str) -> Self {
        Self { bench, name: name.to_owned() }
    }

    fn with<T>(&self, act: impl FnOnce(&mut PrinterSlot) -> T) -> Result<T, DeviceError> {
        let mut state = self.bench.0.lock();
        let slot = state.printers.get_mut(&self.name).filter(|slot| slot.plugged);
        slot.map(act).ok_or_else(|| DeviceError::Gone { device: self.name.clone() })
    }

    fn unknown_job(&self) -> DeviceError {
        DeviceError::Protocol { device: self.name.clone(), what: "job-id" }
    }
}

impl Printer for VirtualPrinter {
    fn name(&self) -> &str {
        &self.name
    }

    fn state(&mut self) -> Result<PrinterState, DeviceError> {
        self.with(|slot| {
            if !slot.reasons.is_empty() {
                PrinterState::Stopped { reasons: slot.reasons.clone() }
            } else if slot.jobs.iter().any(|job| job.state == JobState::Printing) {
                PrinterState::Busy
            } else {
                PrinterState::Ready
            }
        })
    }

    fn submit(&mut self, job: &PrintJob) -> Result<JobId, DeviceError> {
        if !job.pdf.starts_with(b"%PDF-") {
            let reason = "client-error-document-format-not-supported".to_owned();
            return Err(DeviceError::Refused { device: self.name.clone(), reason });
        }
        let (id, lost) = self.with(|slot| {
            slot.jobs.push(Job { title: job.title.clone(), state: JobState::Waiting });
            (JobId(slot.jobs.len().to_string()), std::mem::take(&mut slot.lose_answer))
        })?;
        if lost {
            return Err(DeviceError::Silent { device: self.name.clone(), limit_ms: SILENT_AFTER_MS });
        }
        Ok(id)
    }

    fn find(&mut self, title: &str) -> Result<Option<JobId>, DeviceError> {
        self.with(|slot| {
            let newest = slot.jobs.iter().rposition(|job| job.title == title);
            newest.map(|at| JobId((at + 1).to_string()))
        })
    }

    fn job(&mut self, job: &JobId) -> Result<JobState, DeviceError> {
        self.with(|slot| slot.step(job))?.ok_or_else(|| self.unknown_job())
    }

    fn cancel(&mut self, job: &JobId) -> Result<(), DeviceError> {
        let cancel = |slot: &mut PrinterSlot| {
            let job = slot.job(job)?;
            if is_open(&job.state) {
                job.state = JobState::Cancelled;
            }
            Some(())
        };
        self.with(cancel)?.ok_or_else(|| self.unknown_job())
    }
}
