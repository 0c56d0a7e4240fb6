//! Whether a device works: asked of the device itself, on the thread that has it.

use std::collections::BTreeMap;
use std::sync::mpsc;
use std::time::Duration;

use lanyard_device::{DeviceError, LfReader, Printer, PrinterState, Reader};

use crate::StationError;
use crate::api::TestReport;
use crate::devices::open_patiently;
use crate::lf::lies_there;
use crate::shared::Shared;

/// The longest that a device's own thread is waited for: it may be writing a card.
const LIMIT: Duration = Duration::from_secs(15);
/// SELECT without a name (ISO/IEC 7816-4 §11.1.1): every card answers it, if only with a refusal.
const SELECT: [u8; 5] = [0x00, 0xA4, 0x04, 0x00, 0x00];

impl Shared {
    /// Asks the device's thread, and waits for what it finds.
    pub(crate) fn device_test(&self, id: &str) -> Result<TestReport, StationError> {
        let (reply, answer) = mpsc::channel();
        let device = self.with(|core| {
            let device = core.devices.get(id).ok_or(StationError::Missing { kind: "device" })?.name.clone();
            core.tests.insert(id.to_owned(), reply);
            // Wakes the thread.
            core.status_changed();
            Ok::<_, StationError>(device)
        })?;
        let mut report = match answer.recv_timeout(LIMIT) {
            Ok(report) => report,
            Err(mpsc::RecvTimeoutError::Disconnected) => found(false, "test.gone"),
            Err(mpsc::RecvTimeoutError::Timeout) => return Err(DeviceError::Busy { device }.into()),
        };
        report.details.insert("device".to_owned(), device);
        Ok(report)
    }

    /// Called by a reader's thread between two looks.
    pub(crate) fn test_reader(&self, id: &str, reader: &mut dyn Reader) {
        let Some(reply) = self.quietly(|core| core.tests.remove(id)) else { return };
        let answer = open_patiently(reader).and_then(|mut card| card.transmit(&SELECT));
        let two = self.quietly(|core| core.devices.get(id).is_some_and(|device| device.two_cards));
        let _ = reply.send(match answer {
            Ok(_) => found(true, "test.reader.card"),
            Err(DeviceError::Gone { .. }) => found(false, "test.gone"),
            Err(DeviceError::TwoCards { .. }) => found(false, "test.reader.two"),
            Err(_) if two => found(false, "test.reader.two"),
            Err(DeviceError::NoCard { .. }) => found(true, "test.reader.empty"),
            Err(_) => found(false, "test.reader.failed"),
        });
    }

    /// Called by the thread of a reader for 125 kHz between two looks.
    pub(crate) fn test_tag_reader(&self, id: &str, reader: &mut dyn LfReader) {
        let Some(reply) = self.quietly(|core| core.tests.remove(id)) else { return };
        let _ = reply.send(match lies_there(reader, true) {
            Ok(Some(_)) => found(true, "test.reader.card"),
            Ok(None) => found(true, "test.reader.empty"),
            Err(DeviceError::Gone { .. }) => found(false, "test.gone"),
            Err(_) => found(false, "test.reader.failed"),
        });
    }

    /// Called by a printer's thread between two questions.
    pub(crate) fn test_printer(&self, id: &str, printer: &mut dyn Printer) {
        let Some(reply) = self.quietly(|core| core.tests.remove(id)) else { return };
        let _ = reply.send(match (printer.state(), printer.objection()) {
            (Ok(PrinterState::Stopped { reasons }), _) => {
                with(found(false, "test.printer.stopped"), "reasons", reasons)
            }
            (Ok(_), Ok(None)) => found(true, "test.printer.ready"),
            (Ok(_), Ok(Some(reason))) => with(found(false, "test.printer.refuses"), "reason", vec![reason]),
            _ => found(false, "test.gone"),
        });
    }
}

fn found(ok: bool, code: &str) -> TestReport {
    TestReport { ok, code: code.to_owned(), details: BTreeMap::new() }
}

fn with(mut report: TestReport, name: &str, values: Vec<String>) -> TestReport {
    report.details.insert(name.to_owned(), values.join(", "));
    report
}
