//! IPP printers (RFC 8011), followed to the printer's own word.
//!
//! [`IppPrinter`] is given a name and an address; it asks before it prints what the printer can take, hands the job over,
//! and from then on repeats what the printer says of it. `proto.rs` makes the requests and reads the answers and knows
//! no network; `http.rs` carries them.

mod http;
mod proto;

use std::time::Duration;

use lanyard_device::{DeviceError, JobId, JobState, PrintJob, Printer, PrinterState};
use lanyard_fault::{Coded, Fault, Helps};

pub use proto::Capabilities;
use proto::{Answer, JobRef};

/// An address that no printer can have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IppError {
    /// Not an address of the form `ipp://host[:port]/path`.
    #[error("not the address of a printer: {uri}")]
    Address {
        /// As it was given.
        uri: String,
    },
}

impl Coded for IppError {
    fn code(&self) -> &'static str {
        "printer.address"
    }

    fn fault(&self) -> Fault {
        Fault::Operator
    }

    fn helps(&self) -> Helps {
        Helps::Another
    }

    fn details(&self) -> Vec<(&'static str, String)> {
        let Self::Address { uri } = self;
        vec![("uri", uri.chars().take(200).collect())]
    }
}

/// How long the printer is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// For the connection to stand.
    pub connect_ms: u64,
    /// For a whole question and answer.
    pub answer_ms: u64,
    /// For a job to be taken.
    pub submit_ms: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { connect_ms: 3_000, answer_ms: 10_000, submit_ms: 60_000 }
    }
}

/// A printer that speaks IPP, by its address. Nothing is asked of it until it is used.
#[derive(Debug)]
pub struct IppPrinter {
    name: String,
    address: http::Address,
    limits: Limits,
    capabilities: Option<Capabilities>,
}

impl IppPrinter {
    /// `uri` is `ipp://…` or `http://…`; port 631 unless it says otherwise.
    ///
    /// # Errors
    /// [`IppError::Address`].
    pub fn new(name: impl Into<String>, uri: &str) -> Result<Self, IppError> {
        Self::with_limits(name, uri, Limits::default())
    }

    /// As [`Self::new`], with limits of one's own.
    ///
    /// # Errors
    /// [`IppError::Address`].
    pub fn with_limits(name: impl Into<String>, uri: &str, limits: Limits) -> Result<Self, IppError> {
        let address = http::Address::parse(uri).ok_or_else(|| IppError::Address { uri: uri.to_owned() })?;
        Ok(Self { name: name.into(), address, limits, capabilities: None })
    }

    /// What it can take: asked once, then remembered until the printer has been gone.
    ///
    /// # Errors
    /// [`DeviceError::Gone`], [`DeviceError::Silent`], [`DeviceError::Protocol`].
    pub fn capabilities(&mut self) -> Result<Capabilities, DeviceError> {
        if let Some(known) = &self.capabilities {
            return Ok(known.clone());
        }
        let answer = self.ask(proto::printer_capabilities(&self.address.ipp), Vec::new(), self.limits.answer_ms)?;
        self.accepted(&answer)?;
        let found = proto::read_capabilities(&answer);
        self.capabilities = Some(found.clone());
        Ok(found)
    }

    fn ask(&mut self, request: Option<Vec<u8>>, body: Vec<u8>, limit_ms: u64) -> Result<Answer, DeviceError> {
        let mut bytes = request.ok_or_else(|| self.protocol("request"))?;
        bytes.extend(body);
        let connect = Duration::from_millis(self.limits.connect_ms.min(limit_ms));
        let exchange = http::exchange(&self.address, bytes, connect, Duration::from_millis(limit_ms));
        let answered = exchange.map_err(|fault| {
            self.capabilities = None;
            match fault {
                http::HttpFault::Gone => DeviceError::Gone { device: self.name.clone() },
                http::HttpFault::Silent => DeviceError::Silent { device: self.name.clone(), limit_ms },
                http::HttpFault::Status(404) => DeviceError::Gone { device: self.name.clone() },
                // Whatever stands between may have handed the question on before it gave up (RFC 9110 §15.5.9, §15.6).
                http::HttpFault::Status(408 | 500..) => self.protocol("http-status"),
                http::HttpFault::Status(status) => {
                    DeviceError::Refused { device: self.name.clone(), reason: format!("http-{status}") }
                }
                http::HttpFault::Broken => self.protocol("http"),
            }
        })?;
        Answer::read(answered).ok_or_else(|| self.protocol("ipp"))
    }

    fn protocol(&self, what: &'static str) -> DeviceError {
        DeviceError::Protocol { device: self.name.clone(), what }
    }

    /// What a refusal at the printer itself means. `client-error-not-found` is a printer that is not at this address.
    fn accepted(&self, answer: &Answer) -> Result<(), DeviceError> {
        match answer.refusal() {
            None => Ok(()),
            Some(proto::NOT_FOUND) => Err(DeviceError::Gone { device: self.name.clone() }),
            Some(status) => Err(self.refused(status)),
        }
    }

    fn refused(&self, status: u16) -> DeviceError {
        let device = self.name.clone();
        if proto::passes_by_itself(status) {
            DeviceError::Busy { device }
        } else {
            DeviceError::Refused { device, reason: proto::status_keyword(status) }
        }
    }

    fn job_ref(&self, job: &JobId) -> Result<JobRef, DeviceError> {
        JobRef::parse(&job.0).ok_or_else(|| self.protocol("job-id"))
    }
}

impl Printer for IppPrinter {
    fn name(&self) -> &str {
        &self.name
    }

    fn state(&mut self) -> Result<PrinterState, DeviceError> {
        let answer = self.ask(proto::printer_state(&self.address.ipp), Vec::new(), self.limits.answer_ms)?;
        self.accepted(&answer)?;
        proto::read_printer_state(&answer).ok_or_else(|| self.protocol("printer-state"))
    }

    fn objection(&mut self) -> Result<Option<String>, DeviceError> {
        self.capabilities = None;
        Ok(self.capabilities()?.objection().map(str::to_owned))
    }

    fn submit(&mut self, job: &PrintJob) -> Result<JobId, DeviceError> {
        let capabilities = self.capabilities()?;
        if let Some(reason) = capabilities.objection() {
            return Err(DeviceError::Refused { device: self.name.clone(), reason: reason.to_owned() });
        }
        let request = proto::print_job(&self.address.ipp, &job.title, &capabilities);
        let answer = self.ask(request, job.pdf.clone(), self.limits.submit_ms)?;
        if let Some(status) = answer.refusal() {
            return Err(self.refused(status));
        }
        let job = proto::read_job_ref(&answer).ok_or_else(|| self.protocol("job-id"))?;
        // The answer to Print-Job need not carry the unique id. The job is taken whether or not it can be had now.
        let asked = self.ask(proto::job_state(&self.address.ipp, job.id), Vec::new(), self.limits.answer_ms);
        let known = asked.ok().filter(|answer| answer.refusal().is_none()).and_then(|a| proto::read_job_ref(&a));
        Ok(JobId(known.filter(|known| known.may_be(&job)).unwrap_or(job).to_string()))
    }

    fn find(&mut self, title: &str) -> Result<Option<JobId>, DeviceError> {
        let mut newest: Option<JobRef> = None;
        for which in ["not-completed", "completed"] {
            let answer = self.ask(proto::jobs(&self.address.ipp, which), Vec::new(), self.limits.answer_ms)?;
            self.accepted(&answer)?;
            let found = proto::read_jobs(&answer).into_iter().filter(|(_, name)| name == title).map(|(job, _)| job);
            newest = newest.into_iter().chain(found).max_by_key(|job| job.id);
        }
        Ok(newest.map(|job| JobId(job.to_string())))
    }

    fn job(&mut self, job: &JobId) -> Result<JobState, DeviceError> {
        let job = self.job_ref(job)?;
        let answer = self.ask(proto::job_state(&self.address.ipp, job.id), Vec::new(), self.limits.answer_ms)?;
        match answer.refusal() {
            None => {}
            Some(proto::NOT_FOUND | proto::GONE) => return Err(self.protocol("job-unknown")),
            Some(status) => return Err(self.refused(status)),
        }
        // Numbers start anew when a printer starts anew: another job under our number is not ours.
        let there = proto::read_job_ref(&answer).ok_or_else(|| self.protocol("job-id"))?;
        if !there.may_be(&job) {
            return Err(self.protocol("job-unknown"));
        }
        let state = proto::read_job_state(&answer).ok_or_else(|| self.protocol("job-state"))?;
        // A printer out of cards often goes on calling its job pending or processing (RFC 8011 §5.3.7).
        if let (JobState::Waiting | JobState::Printing, PrinterState::Stopped { reasons }) = (&state, self.state()?) {
            let mut all = proto::read_job_reasons(&answer);
            all.extend(reasons);
            return Ok(JobState::Stopped { reasons: all });
        }
        Ok(state)
    }

    fn cancel(&mut self, job: &JobId) -> Result<(), DeviceError> {
        let job = self.job_ref(job)?;
        let answer = self.ask(proto::cancel_job(&self.address.ipp, job.id), Vec::new(), self.limits.answer_ms)?;
        match answer.refusal() {
            // Not possible: it is done already, and its state says so.
            None | Some(proto::NOT_POSSIBLE) => Ok(()),
            Some(proto::NOT_FOUND | proto::GONE) => Err(self.protocol("job-unknown")),
            Some(status) => Err(self.refused(status)),
        }
    }
}
