//! A printer that says of itself what became of a job.

use crate::DeviceError;

/// A printer's own number for a job.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct JobId(pub String);

/// What to print: a PDF whose pages have the card's size, front first.
#[derive(Clone, Debug)]
pub struct PrintJob {
    /// Shown in the printer's queue; a card number, never a name.
    pub title: String,
    /// A PDF, one page a side.
    pub pdf: Vec<u8>,
}

/// What the printer says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PrinterState {
    /// Takes jobs.
    Ready,
    /// Printing.
    Busy,
    /// Stopped, with the printer's own keywords (RFC 8011 §5.4.12: `media-empty`, `cover-open`, …).
    Stopped {
        /// `printer-state-reasons`.
        reasons: Vec<String>,
    },
}

/// What the printer says of a job. "Sent" is none of these: only the printer's word counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JobState {
    /// Waiting or held.
    Waiting,
    /// Being printed.
    Printing,
    /// Stopped in the middle, with the printer's own keywords; it may go on by itself.
    Stopped {
        /// `job-state-reasons` and `printer-state-reasons`.
        reasons: Vec<String>,
    },
    /// The printer says that it is done.
    Printed,
    /// Cancelled at the printer or by us.
    Cancelled,
    /// The printer gave up.
    Failed {
        /// `job-state-reasons`.
        reasons: Vec<String>,
    },
}

/// A printer.
pub trait Printer: Send {
    /// As this machine names it: unique among its printers.
    fn name(&self) -> &str;

    /// What it says of itself.
    ///
    /// # Errors
    /// [`DeviceError::Gone`], [`DeviceError::Silent`].
    fn state(&mut self) -> Result<PrinterState, DeviceError>;

    /// Why no card should be sent to it, as it says itself when it is asked now; `None` if nothing speaks against it.
    ///
    /// # Errors
    /// As [`Printer::state`].
    fn objection(&mut self) -> Result<Option<String>, DeviceError> {
        Ok(None)
    }

    /// Hands the job over. Answers once the printer has accepted it.
    ///
    /// # Errors
    /// [`DeviceError::Refused`] and [`DeviceError::Busy`]: the printer has not taken it. On any other the printer may have
    /// it all the same: ask [`Printer::find`] before sending again.
    fn submit(&mut self, job: &PrintJob) -> Result<JobId, DeviceError>;

    /// A job of this title that the printer knows, the newest if several: what is asked after a lost answer.
    ///
    /// # Errors
    /// As [`Printer::state`].
    fn find(&mut self, title: &str) -> Result<Option<JobId>, DeviceError>;

    /// What became of a job.
    ///
    /// # Errors
    /// As [`Printer::state`]; [`DeviceError::Protocol`] if the printer no longer knows it.
    fn job(&mut self, job: &JobId) -> Result<JobState, DeviceError>;

    /// Asks the printer to drop the job. What then happened is in [`Printer::job`].
    ///
    /// # Errors
    /// As [`Printer::state`].
    fn cancel(&mut self, job: &JobId) -> Result<(), DeviceError>;
}
