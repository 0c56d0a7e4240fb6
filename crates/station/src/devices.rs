//! Devices and their threads: one thread a device, so that none waits for another. A thread asks the station what is to be
//! done next with its device (`next_work`, `next_print`), so no message can be lost between them.

use std::sync::Arc;
use std::time::Duration;

use lanyard_device::{Channel, DeviceError, JobId, JobState, Printer, PrinterState, Reader, ReaderEvent};
use lanyard_encoding::Assessment;
use lanyard_fault::Coded;
use lanyard_model::Id;

use crate::StationError;
use crate::api::{CardOnReader, DeviceKind, DeviceRole, DeviceState, DeviceView, FileFolder};
use crate::encodings::EncodingRef;
use crate::fileprinter;
use crate::printing::{PrintWork, Wanted};
use crate::shared::Shared;
use crate::work::Work;

/// How long a reader is watched before its thread looks for work again.
const WATCH_MS: u64 = 40;
/// A simulated reader wakes by itself when a card is laid, and costs nothing to ask.
const WATCH_SIMULATED_MS: u64 = 1;
/// How often an idle printer is asked how it is, and one that prints how far it is.
const PRINTER_IDLE: Duration = Duration::from_millis(1500);
const PRINTER_BUSY: Duration = Duration::from_millis(150);

/// How often, and after which pause, a card that another program holds is asked for again.
const OPEN_AGAIN: u32 = 20;
const OPEN_PAUSE: Duration = Duration::from_millis(100);

/// A device as the station knows it.
pub(crate) struct Device {
    pub kind: DeviceKind,
    pub name: String,
    pub role: Option<DeviceRole>,
    pub state: DeviceState,
    pub reasons: Vec<String>,
    pub simulated: bool,
    /// What was seen on a reader; `None`: nothing lies there.
    pub card: Option<Seen>,
    /// A configured printer's address.
    pub uri: Option<String>,
    /// More than one card is in the field.
    pub two_cards: bool,
    /// A reader has said once what lies on it, or that it cannot; a printer has nothing to say there.
    pub told: bool,
    /// Counts devices attached: one that was removed and added again, or given another address, is another.
    pub attachment: u64,
}

/// Which device a thread is for.
pub(crate) struct Serving {
    pub id: String,
    pub attachment: u64,
}

/// A card that lies on a reader.
#[derive(Clone)]
pub(crate) struct Seen {
    /// Counts cards laid: a result for one that has left is dropped.
    pub visit: u64,
    /// Has been looked at.
    pub looked: bool,
    pub view: CardOnReader,
    pub uid: Vec<u8>,
    /// What a contactless card proved to be.
    pub assessment: Option<Assessment>,
    /// By which encoding it was looked at.
    pub encoding: Option<EncodingRef>,
    /// The GUID that a chip tells.
    pub chip: Option<Id>,
}

impl Device {
    /// One that was just attached, and has said nothing yet.
    pub(crate) fn new(kind: DeviceKind, name: &str, role: Option<DeviceRole>, simulated: bool) -> Self {
        Self {
            kind,
            name: name.to_owned(),
            role,
            state: DeviceState::Ready,
            reasons: Vec::new(),
            simulated,
            card: None,
            uri: None,
            two_cards: false,
            told: false,
            attachment: 0,
        }
    }

    /// The folder, where this is one that is used as a printer.
    pub(crate) fn folder(&self) -> Option<std::path::PathBuf> {
        fileprinter::folder_of(self.uri.as_deref()?)
    }

    /// `printed`: how many cards went into files in this house, where that is counted.
    pub(crate) fn view(&self, id: &str, printed: Option<u64>) -> DeviceView {
        DeviceView {
            file: self.folder().map(|folder| FileFolder { folder: folder.display().to_string(), printed }),
            id: id.to_owned(),
            kind: self.kind,
            name: self.name.clone(),
            role: self.role,
            state: self.state,
            reasons: self.reasons.clone(),
            card: self.card.as_ref().map(|seen| seen.view.clone()),
            simulated: self.simulated,
        }
    }
}

/// Id of a device.
pub(crate) fn id_of(kind: DeviceKind, name: &str) -> String {
    match kind {
        DeviceKind::Reader => format!("reader:{name}"),
        DeviceKind::LfReader => format!("lf:{name}"),
        DeviceKind::Printer => format!("printer:{name}"),
    }
}

/// Takes a reader in and gives it its thread.
pub(crate) fn attach_reader(shared: &Arc<Shared>, reader: Box<dyn Reader>, simulated: bool, role: Option<DeviceRole>) {
    let id = id_of(DeviceKind::Reader, reader.name());
    let device = Device::new(DeviceKind::Reader, reader.name(), role, simulated);
    let Some(serving) = shared.attach(id, device) else { return };
    let weak = Arc::downgrade(shared);
    let thread = std::thread::spawn(move || {
        let mut reader = reader;
        let watch = if simulated { WATCH_SIMULATED_MS } else { WATCH_MS };
        while let Some(shared) = weak.upgrade() {
            if shared.stopping() || !shared.serves(&serving) {
                return;
            }
            if !serve_reader(&shared, &serving.id, reader.as_mut(), watch) {
                shared.detached(&serving);
                return;
            }
        }
    });
    shared.keep_thread(thread);
}

/// One round. False when the reader has gone.
fn serve_reader(shared: &Arc<Shared>, id: &str, reader: &mut dyn Reader, watch_ms: u64) -> bool {
    let idle = shared.idle_watch_ms(watch_ms);
    match reader.wait(idle) {
        Ok(None) => {}
        Ok(Some(ReaderEvent::Present { .. })) => shared.card_came(id),
        Ok(Some(ReaderEvent::Empty)) => shared.card_left(id, false),
        Ok(Some(ReaderEvent::Two)) => shared.card_left(id, true),
        Err(DeviceError::Gone { .. }) => return false,
        Err(error) => {
            tracing::debug!(code = error.code(), "reader watch failed");
            std::thread::sleep(Duration::from_millis(200));
        }
    }
    shared.told(id);
    shared.test_reader(id, reader);
    // Goes after the channel.
    let _at_card = shared.at_card();
    let mut channel: Option<Box<dyn Channel>> = None;
    while let Some(work) = shared.next_work(id) {
        // Whoever begins with what the card says to anybody must not find what was selected and authenticated before.
        if work.case().is_none() {
            channel = None;
        }
        if channel.is_none() {
            match open_patiently(reader) {
                Ok(open) => channel = Some(open),
                Err(error) => {
                    shared.work_failed(id, &work, error.into());
                    return true;
                }
            }
        }
        let Some(open) = channel.as_deref_mut() else { return true };
        if let Err(error) = work.carry_out(shared, id, open) {
            shared.work_failed(id, &work, error);
            channel = None;
        } else if matches!(work, Work::Look { .. }) {
            // What was selected and authenticated for the look must not reach into what comes next.
            channel = None;
        }
    }
    true
}

/// Another program may hold the card for a moment, and so may one that has just ended, until the service has noticed.
pub(crate) fn open_patiently(reader: &mut dyn Reader) -> Result<Box<dyn Channel>, DeviceError> {
    for _ in 0..OPEN_AGAIN {
        match reader.open() {
            Err(DeviceError::Busy { .. }) => std::thread::sleep(OPEN_PAUSE),
            result => return result,
        }
    }
    reader.open()
}

/// Takes a printer in and gives it its thread.
pub(crate) fn attach_printer(shared: &Arc<Shared>, printer: Box<dyn Printer>, simulated: bool, uri: Option<String>) {
    let id = id_of(DeviceKind::Printer, printer.name());
    let is_folder = uri.as_deref().is_some_and(|uri| fileprinter::folder_of(uri).is_some());
    // A folder is used only where it is chosen, or where there is no other printer.
    let role = (!is_folder).then_some(DeviceRole::Print);
    let device = Device { uri, told: true, ..Device::new(DeviceKind::Printer, printer.name(), role, simulated) };
    let Some(serving) = shared.attach(id, device) else { return };
    let weak = Arc::downgrade(shared);
    let thread = std::thread::spawn(move || {
        let mut printer = printer;
        while let Some(shared) = weak.upgrade() {
            if shared.stopping() || !shared.serves(&serving) {
                return;
            }
            match shared.next_print(&serving) {
                Some(work) => print(&shared, &serving, printer.as_mut(), &work),
                None => {
                    watch_printer(&shared, &serving, printer.as_mut());
                    shared.test_printer(&serving.id, printer.as_mut());
                    shared.sleep(PRINTER_IDLE);
                }
            }
        }
    });
    shared.keep_thread(thread);
}

fn watch_printer(shared: &Shared, serving: &Serving, printer: &mut dyn Printer) {
    match printer.state() {
        Ok(PrinterState::Ready) => shared.printer_is(serving, DeviceState::Ready, vec![]),
        Ok(PrinterState::Busy) => shared.printer_is(serving, DeviceState::Busy, vec![]),
        Ok(PrinterState::Stopped { reasons }) => shared.printer_is(serving, DeviceState::Stopped, reasons),
        Err(_) => shared.printer_is(serving, DeviceState::Gone, vec![]),
    }
}

/// Hands a job over, once, and follows it.
fn print(shared: &Shared, serving: &Serving, printer: &mut dyn Printer, work: &PrintWork) {
    match hand_over(printer, work) {
        Ok(job) => {
            shared.print_sent(work, &job);
            follow(shared, serving, printer, work, &job);
        }
        Err((error, NotTaken::Surely)) => shared.print_failed(work, &error.into()),
        Err((error, NotTaken::Perhaps)) => shared.print_unknown(work, &error.into()),
    }
    watch_printer(shared, serving, printer);
}

/// How certain it is that the printer has no job.
enum NotTaken {
    Surely,
    Perhaps,
}

/// A job whose acceptance was lost is looked for before it is sent again.
fn hand_over(printer: &mut dyn Printer, work: &PrintWork) -> Result<JobId, (DeviceError, NotTaken)> {
    if work.anew {
        // One that is not there at all has been sent nothing.
        printer.state().map_err(|error| (error, NotTaken::Surely))?;
    } else if let Some(job) = printer.find(&work.print.title).map_err(|error| (error, NotTaken::Perhaps))? {
        return Ok(job);
    }
    printer.submit(&work.print).map_err(|error| match error {
        refused @ (DeviceError::Refused { .. } | DeviceError::Busy { .. }) => (refused, NotTaken::Surely),
        lost => (lost, NotTaken::Perhaps),
    })
}

/// Follows a job to the printer's own word: nothing else ends it, and nothing else but a void badge takes it back.
fn follow(shared: &Shared, serving: &Serving, printer: &mut dyn Printer, work: &PrintWork, job: &JobId) {
    loop {
        match shared.print_wanted(serving, work) {
            Wanted::Yes => {}
            Wanted::Later => return shared.print_left(work),
            Wanted::No => {
                if let Err(error) = printer.cancel(job) {
                    tracing::warn!(code = error.code(), "the job of a void badge could not be taken back");
                }
                return;
            }
        }
        let state = printer.job(job);
        watch_printer(shared, serving, printer);
        shared.test_printer(&serving.id, printer);
        match state {
            Ok(JobState::Printed) => return shared.printed(&serving.id, work, job),
            Ok(JobState::Cancelled) => {
                let reasons = "job-canceled".to_owned();
                return shared.print_failed(work, &StationError::PrintFailed { reasons });
            }
            Ok(JobState::Failed { reasons }) => {
                let reasons = reasons.join(", ");
                return shared.print_failed(work, &StationError::PrintFailed { reasons });
            }
            Ok(state) => shared.print_stands(work, &state),
            Err(error) => return shared.print_unknown(work, &error.into()),
        }
        shared.sleep(PRINTER_BUSY);
    }
}
