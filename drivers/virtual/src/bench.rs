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
use crate::{ApduCard, Fault, Printed, VirtualPrinter, VirtualReader};

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

    /// The cards that came out of the printer so far, oldest first.
    ///
    /// # Errors
    /// [`BenchError::NoPrinter`].
    pub fn printed(&self, printer: &str) -> Result<Vec<Printed>, BenchError> {
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
