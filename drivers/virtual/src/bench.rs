//! The desk: what is plugged in, what lies on it, and what somebody does to it.
//!
//! One lock holds all of it. A call that waits for a card waits on the one condition variable that every change wakes:
//! the only thing in this crate that blocks, since [`lanyard_device::Reader::wait`] is defined as blocking and a
//! simulated reader that polled would need a clock.

use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use lanyard_fault::{Coded, Fault as Whose, Helps};

use crate::printer::PrinterSlot;
use crate::reader::ReaderSlot;
use crate::{ApduCard, Fault, VirtualPrinter, VirtualReader};

/// What the one at the bench asked for and cannot have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BenchError {
    /// No reader of this name was ever plugged in.
    #[error("the bench has no reader {name}")]
    NoReader {
        /// The name.
        name: String,
    },
    /// No printer of this name was ever plugged in.
    #[error("the bench has no printer {name}")]
    NoPrinter {
        /// The name.
        name: String,
    },
    /// Nothing lies on the reader.
    #[error("no card on reader {reader}")]
    NoCard {
        /// The reader's name.
        reader: String,
    },
}

impl Coded for BenchError {
    fn code(&self) -> &'static str {
        match self {
            Self::NoReader { .. } => "bench.reader.unknown",
            Self::NoPrinter { .. } => "bench.printer.unknown",
            Self::NoCard { .. } => "bench.card.none",
        }
    }

    fn fault(&self) -> Whose {
        Whose::Operator
    }

    fn helps(&self) -> Helps {
        Helps::Another
    }

    fn details(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::NoReader { name } | Self::NoPrinter { name } => vec![("name", name.clone())],
            Self::NoCard { reader } => vec![("reader", reader.clone())],
        }
    }
}

#[derive(Default)]
pub(crate) struct State {
    pub(crate) readers: BTreeMap<String, ReaderSlot>,
    pub(crate) printers: BTreeMap<String, PrinterSlot>,
    /// Numbers cards as they are laid and sessions as they are opened, so that none is taken for another.
    pub(crate) next: u64,
}

impl State {
    pub(crate) fn number(&mut self) -> u64 {
        self.next += 1;
        self.next
    }
}

#[derive(Default)]
pub(crate) struct Shared {
    state: Mutex<State>,
    pub(crate) changed: Condvar,
}

impl Shared {
    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A handle to the desk. Clones are the same desk.
#[derive(Clone, Default)]
pub struct Bench(pub(crate) Arc<Shared>);

impl Bench {
    /// An empty desk.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Plugs a reader in, or back in: what lay on it still does.
    pub fn plug_reader(&self, name: &str) -> VirtualReader {
        self.0.lock().readers.entry(name.to_owned()).or_default().plugged = true;
        self.0.changed.notify_all();
        VirtualReader::new(self.clone(), name)
    }

    /// Plugs a printer in, or back in: what it was doing it still does.
    pub fn plug_printer(&self, name: &str) -> VirtualPrinter {
        self.0.lock().printers.entry(name.to_owned()).or_default().plugged = true;
        self.0.changed.notify_all();
        VirtualPrinter::new(self.clone(), name)
    }

    /// Pulls the plug of a reader or printer. Its devices answer `Gone` until it is plugged in again.
    pub fn unplug(&self, name: &str) {
        let mut state = self.0.lock();
        if let Some(reader) = state.readers.get_mut(name) {
            reader.unplug();
        }
        if let Some(printer) = state.printers.get_mut(name) {
            printer.plugged = false;
        }
        self.0.changed.notify_all();
    }

    /// The names of the readers that are plugged in.
    #[must_use]
    pub fn readers(&self) -> Vec<String> {
        self.0.lock().readers.iter().filter(|(_, r)| r.plugged).map(|(name, _)| name.clone()).collect()
    }

    /// The names of the printers that are plugged in.
    #[must_use]
    pub fn printers(&self) -> Vec<String> {
        self.0.lock().printers.iter().filter(|(_, p)| p.plugged).map(|(name, _)| name.clone()).collect()
    }

    /// Lays a card on a reader; APDUs are counted from here. A second card makes the reader report two.
    ///
    /// # Errors
    /// [`BenchError::NoReader`].
    pub fn lay(&self, reader: &str, card: impl ApduCard + 'static) -> Result<(), BenchError> {
        self.lay_boxed(reader, Box::new(card))
    }

    fn lay_boxed(&self, reader: &str, card: Box<dyn ApduCard>) -> Result<(), BenchError> {
        self.with_reader(reader, |slot, number| {
            slot.lay(card, number);
            Ok(())
        })
    }

    /// Lifts the card off a reader (the last laid, if two), or picks up the one that a fault has pulled.
    ///
    /// # Errors
    /// [`BenchError::NoReader`], [`BenchError::NoCard`].
    pub fn lift(&self, reader: &str) -> Result<Box<dyn ApduCard>, BenchError> {
        self.with_reader(reader, |slot, _| slot.lift().ok_or_else(|| BenchError::NoCard { reader: reader.to_owned() }))
    }

    /// Lays the same card again: lifted and laid, or only laid if a fault has pulled it.
    ///
    /// # Errors
    /// [`BenchError::NoReader`], [`BenchError::NoCard`].
    pub fn lay_again(&self, reader: &str) -> Result<(), BenchError> {
        let card = self.lift(reader)?;
        self.lay_boxed(reader, card)
    }

    /// Sets the faults of a reader, in place of those it had.
    ///
    /// # Errors
    /// [`BenchError::NoReader`].
    pub fn faults(&self, reader: &str, faults: impl IntoIterator<Item = Fault>) -> Result<(), BenchError> {
        self.with_reader(reader, |slot, _| {
            slot.faults = faults.into_iter().collect();
            Ok(())
        })
    }

    /// How many of a reader's faults have not come true yet.
    ///
    /// # Errors
    /// [`BenchError::NoReader`].
    pub fn faults_left(&self, reader: &str) -> Result<usize, BenchError> {
        self.with_reader(reader, |slot, _| Ok(slot.faults.len()))
    }

    /// How many APDUs and bytes (both ways) went over a reader since a card was last laid on it.
    ///
    /// # Errors
    /// [`BenchError::NoReader`].
    pub fn traffic(&self, reader: &str) -> Result<(usize, usize), BenchError> {
        self.with_reader(reader, |slot, _| Ok((slot.exchanges, slot.bytes)))
    }

    /// Jams a card in the printer: what it prints stops, and so does it.
    ///
    /// # Errors
    /// [`BenchError::NoPrinter`].
    pub fn jam(&self, printer: &str) -> Result<(), BenchError> {
        self.stop(printer, "media-jam")
    }

    /// The ribbon is at its end.
    ///
    /// # Errors
    /// [`BenchError::NoPrinter`].
    pub fn empty_ribbon(&self, printer: &str) -> Result<(), BenchError> {
        self.stop(printer, "marker-supply-empty")
    }

    /// The hopper has no blank left.
    ///
    /// # Errors
    /// [`BenchError::NoPrinter`].
    pub fn empty_hopper(&self, printer: &str) -> Result<(), BenchError> {
        self.stop(printer, "media-empty")
    }

    fn stop(&self, printer: &str, reason: &str) -> Result<(), BenchError> {
        self.with_printer(printer, |slot| slot.reasons.push(reason.to_owned()))
    }

    /// Puts right whatever stopped the printer; it goes on with what it was doing.
    ///
    /// # Errors
    /// [`BenchError::NoPrinter`].
    pub fn mend(&self, printer: &str) -> Result<(), BenchError> {
        self.with_printer(printer, |slot| slot.reasons.clear())
    }

    /// The printer takes the next job, and its answer is lost on the way.
    ///
    /// # Errors
    /// [`BenchError::NoPrinter`].
    pub fn lose_next_answer(&self, printer: &str) -> Result<(), BenchError> {
        self.with_printer(printer, |slot| slot.lose_answer = true)
    }

    /// The printer gives up the job that it has under way.
    ///
    /// # Errors
    /// [`BenchError::NoPrinter`].
    pub fn spoil_job(&self, printer: &str) -> Result<(), BenchError> {
        self.with_printer(printer, PrinterSlot::spoil)
    }

    /// How many cards came out of the printer so far.
    ///
    /// # Errors
    /// [`BenchError::NoPrinter`].
    pub fn printed(&self, printer: &str) -> Result<usize, BenchError> {
        self.with_printer(printer, |slot| slot.printed())
    }

    fn with_reader<T>(
        &self,
        name: &str,
        act: impl FnOnce(&mut ReaderSlot, u64) -> Result<T, BenchError>,
    ) -> Result<T, BenchError> {
        let mut state = self.0.lock();
        let number = state.number();
        let slot = state.readers.get_mut(name).ok_or_else(|| BenchError::NoReader { name: name.to_owned() })?;
        let done = act(slot, number);
        self.0.changed.notify_all();
        done
    }

    fn with_printer<T>(&self, name: &str, act: impl FnOnce(&mut PrinterSlot) -> T) -> Result<T, BenchError> {
        let mut state = self.0.lock();
        let slot = state.printers.get_mut(name).ok_or_else(|| BenchError::NoPrinter { name: name.to_owned() })?;
        Ok(act(slot))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use lanyard_device::{DeviceError, JobState, PrintJob, Printer, PrinterState, Reader, ReaderEvent};

    use super::*;
    use crate::{DesfireCard, FaultKind};

    const READER: &str = "Desk reader";
    const PRINTER: &str = "Desk printer";
    const UID: [u8; 7] = [4, 1, 2, 3, 4, 5, 6];
    const GET_VERSION: [u8; 5] = [0x90, 0x60, 0, 0, 0];
    const CREATE: [u8; 11] = [0x90, 0xCA, 0, 0, 5, 1, 2, 0xF5, 0x0F, 0x81, 0];

    fn with_card() -> (Bench, VirtualReader, Arc<Mutex<DesfireCard>>) {
        let bench = Bench::new();
        let reader = bench.plug_reader(READER);
        let card = Arc::new(Mutex::new(DesfireCard::new(UID, 1)));
        bench.lay(READER, card.clone()).unwrap();
        (bench, reader, card)
    }

    fn is_present(event: &Option<ReaderEvent>) -> bool {
        matches!(event, Some(ReaderEvent::Present { .. }))
    }

    #[test]
    fn a_card_swapped_for_another_is_seen_to_leave_first() {
        let (bench, mut reader, _) = with_card();
        assert!(is_present(&reader.wait(0).unwrap()));
        assert_eq!(reader.wait(0).unwrap(), None);
        bench.lift(READER).unwrap();
        bench.lay(READER, DesfireCard::new(UID, 2)).unwrap();
        assert_eq!(reader.wait(0).unwrap(), Some(ReaderEvent::Empty));
        assert!(is_present(&reader.wait(0).unwrap()));
        bench.lay(READER, DesfireCard::new(UID, 3)).unwrap();
        assert_eq!(reader.wait(0).unwrap(), Some(ReaderEvent::Two));
        assert!(matches!(reader.open(), Err(DeviceError::TwoCards { .. })));
    }

    #[test]
    fn whoever_waits_is_woken_by_the_card() {
        let bench = Bench::new();
        let mut reader = bench.plug_reader(READER);
        assert_eq!(reader.wait(0).unwrap(), Some(ReaderEvent::Empty));
        let waiting = std::thread::spawn(move || reader.wait(600_000));
        bench.lay(READER, DesfireCard::new(UID, 1)).unwrap();
        assert!(is_present(&waiting.join().unwrap().unwrap()));
    }

    #[test]
    fn a_session_has_the_card_alone_and_ends_with_it() {
        let (bench, mut reader, _) = with_card();
        let mut channel = reader.open().unwrap();
        assert!(matches!(reader.open(), Err(DeviceError::Busy { .. })));
        assert_eq!(channel.uid().unwrap(), UID);
        assert_eq!(channel.transmit(&[0xFF, 0xCA, 0, 0, 0]).unwrap(), [&UID[..], &[0x90, 0]].concat());
        let card = bench.lift(READER).unwrap();
        bench.lay(READER, card).unwrap();
        // The same card again is another session.
        assert!(matches!(channel.transmit(&GET_VERSION), Err(DeviceError::CardGone { .. })));
        drop(channel);
        assert!(reader.open().is_ok());
    }

    #[test]
    fn a_pull_before_an_apdu_leaves_no_trace_and_a_pull_after_it_leaves_all_of_it() {
        for (kind, left) in [(FaultKind::PullBefore, 0), (FaultKind::PullAfter, 1), (FaultKind::Silence, 1)] {
            let (bench, mut reader, card) = with_card();
            bench.faults(READER, [Fault { at: 3, kind }]).unwrap();
            let mut channel = reader.open().unwrap();
            channel.transmit(&GET_VERSION).unwrap();
            channel.transmit(&[0x90, 0xAF, 0, 0, 0]).unwrap();
            channel.transmit(&[0x90, 0xAF, 0, 0, 0]).unwrap();
            let lost = channel.transmit(&CREATE);
            assert!(matches!(lost, Err(DeviceError::CardGone { .. } | DeviceError::Silent { .. })), "{kind:?}");
            assert_eq!(card.lock().unwrap().applications().len(), left, "{kind:?}");
            drop(channel);
            // Taken up and laid again, it goes on, and the fault does not come again.
            bench.lay_again(READER).unwrap();
            let mut channel = reader.open().unwrap();
            for _ in 0..5 {
                channel.transmit(&[0x90, 0x6A, 0, 0, 0]).unwrap();
            }
            assert_eq!(bench.traffic(READER).unwrap().0, 5);
        }
    }

    #[test]
    fn a_spoilt_answer_differs_in_what_the_fault_says() {
        let (bench, mut reader, _) = with_card();
        let faults = [(1, FaultKind::FlipMac), (2, FaultKind::Garbage), (3, FaultKind::UnplugReader)];
        bench.faults(READER, faults.map(|(at, kind)| Fault { at, kind })).unwrap();
        let mut channel = reader.open().unwrap();
        let free_mem = [0x90, 0x6E, 0, 0, 0];
        let good = channel.transmit(&free_mem).unwrap();
        let flipped = channel.transmit(&free_mem).unwrap();
        assert_eq!(good[2] ^ flipped[2], 0x10);
        assert_eq!([&good[..2], &good[3..]].concat(), [&flipped[..2], &flipped[3..]].concat());
        let noise = channel.transmit(&free_mem).unwrap();
        assert!(noise.len() == good.len() && noise != good);
        assert!(matches!(channel.transmit(&free_mem), Err(DeviceError::Gone { .. })));
        assert!(matches!(reader.wait(0), Err(DeviceError::Gone { .. })));
        // Back in, with the card still on it; the old session is not.
        let mut reader = bench.plug_reader(READER);
        assert!(matches!(channel.transmit(&free_mem), Err(DeviceError::Gone { .. })));
        assert!(is_present(&reader.wait(0).unwrap()));
        assert_eq!(reader.open().unwrap().transmit(&free_mem).unwrap(), good);
    }

    #[test]
    fn what_is_not_there_is_named() {
        let bench = Bench::new();
        let error = bench.lay("nowhere", DesfireCard::new(UID, 1)).unwrap_err();
        assert_eq!(error, BenchError::NoReader { name: "nowhere".to_owned() });
        bench.plug_reader(READER);
        assert!(matches!(bench.lift(READER), Err(BenchError::NoCard { .. })));
        assert!(matches!(bench.jam(READER), Err(BenchError::NoPrinter { .. })));
    }

    fn job(title: &str) -> PrintJob {
        PrintJob { title: title.to_owned(), pdf: b"%PDF-1.7 a badge".to_vec() }
    }

    #[test]
    fn a_job_is_printed_only_when_the_printer_says_so_and_a_jam_stops_it() {
        let bench = Bench::new();
        let mut printer = bench.plug_printer(PRINTER);
        let first = printer.submit(&job("1001")).unwrap();
        let second = printer.submit(&job("1002")).unwrap();
        assert_eq!(printer.job(&first).unwrap(), JobState::Printing);
        assert_eq!(printer.state().unwrap(), PrinterState::Busy);
        assert_eq!(printer.job(&second).unwrap(), JobState::Waiting);
        bench.jam(PRINTER).unwrap();
        let jammed = JobState::Stopped { reasons: vec!["media-jam".to_owned()] };
        assert_eq!(printer.job(&first).unwrap(), jammed);
        assert_eq!(printer.state().unwrap(), PrinterState::Stopped { reasons: vec!["media-jam".to_owned()] });
        assert_eq!(bench.printed(PRINTER).unwrap(), 0);
        bench.mend(PRINTER).unwrap();
        assert_eq!(printer.job(&first).unwrap(), JobState::Printing);
        assert_eq!(printer.job(&first).unwrap(), JobState::Printed);
        printer.cancel(&second).unwrap();
        printer.cancel(&first).unwrap();
        assert_eq!(printer.job(&second).unwrap(), JobState::Cancelled);
        assert_eq!(printer.job(&first).unwrap(), JobState::Printed, "what is printed is printed");
        assert_eq!(bench.printed(PRINTER).unwrap(), 1);
    }

    #[test]
    fn a_job_whose_answer_was_lost_is_found_by_its_title() {
        let bench = Bench::new();
        let mut printer = bench.plug_printer(PRINTER);
        bench.lose_next_answer(PRINTER).unwrap();
        assert!(matches!(printer.submit(&job("1001")), Err(DeviceError::Silent { .. })));
        let found = printer.find("1001").unwrap().unwrap();
        assert_eq!(printer.job(&found).unwrap(), JobState::Printing);
        bench.spoil_job(PRINTER).unwrap();
        assert!(matches!(printer.job(&found).unwrap(), JobState::Failed { .. }));
        assert_eq!(printer.find("1002").unwrap(), None);
        let not_a_pdf = PrintJob { title: "1003".to_owned(), pdf: b"<svg/>".to_vec() };
        assert!(matches!(printer.submit(&not_a_pdf), Err(DeviceError::Refused { .. })));
        bench.unplug(PRINTER);
        assert!(matches!(printer.state(), Err(DeviceError::Gone { .. })));
    }
}
