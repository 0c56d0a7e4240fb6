//! A simulated reader: the card or cards on it, the one session with them, and the faults due.

use std::time::Duration;

use lanyard_device::{Channel, DeviceError, Reader, ReaderEvent};

use crate::bench::{Bench, State};
use crate::{ApduCard, Fault, FaultKind, answer_at_reader};

/// After what time a reader would have given a silent card up. Reported, never waited.
const SILENT_AFTER_MS: u64 = 5_000;

#[derive(Default)]
pub(crate) struct ReaderSlot {
    pub(crate) plugged: bool,
    pub(crate) faults: Vec<Fault>,
    pub(crate) exchanges: usize,
    pub(crate) bytes: usize,
    /// With the number each got when it was laid.
    cards: Vec<(u64, Box<dyn ApduCard>)>,
    /// The card that a fault has pulled, still in somebody's hand.
    pulled: Option<Box<dyn ApduCard>>,
    /// The session that has the card for itself.
    session: Option<u64>,
    /// The answer that did not come in time and comes in the next one's place.
    late: Option<Vec<u8>>,
}

impl ReaderSlot {
    pub(crate) fn lay(&mut self, mut card: Box<dyn ApduCard>, number: u64) {
        card.power_on();
        self.cards.push((number, card));
        self.exchanges = 0;
        self.bytes = 0;
    }

    pub(crate) fn lift(&mut self) -> Option<Box<dyn ApduCard>> {
        if let Some((_, mut card)) = self.cards.pop() {
            card.power_off();
            return Some(card);
        }
        self.pulled.take()
    }

    pub(crate) fn unplug(&mut self) {
        self.plugged = false;
        self.session = None;
        self.late = None;
        for (_, card) in &mut self.cards {
            card.power_off();
        }
    }

    fn pull(&mut self) {
        if let Some(card) = self.lift() {
            self.pulled = Some(card);
        }
    }

    fn presence(&self) -> Presence {
        match self.cards.as_slice() {
            [] => Presence::Empty,
            [(number, _)] => Presence::One(*number),
            _ => Presence::Two,
        }
    }

    /// The fault that is due at the next APDU, once.
    fn due(&mut self) -> Option<FaultKind> {
        let at = self.faults.iter().position(|fault| fault.at == self.exchanges)?;
        Some(self.faults.remove(at).kind)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Presence {
    Empty,
    One(u64),
    Two,
}

/// A reader of a [`Bench`].
pub struct VirtualReader {
    bench: Bench,
    name: String,
    seen: Option<Presence>,
}

impl VirtualReader {
    pub(crate) fn new(bench: Bench, name: &str) -> Self {
        Self { bench, name: name.to_owned(), seen: None }
    }

    fn gone(&self) -> DeviceError {
        DeviceError::Gone { device: self.name.clone() }
    }

    /// What a reader would report now, given what it reported last. A card swapped for another between two calls is
    /// first reported as gone, so that nobody goes on with the second as if it were the first.
    fn news(&self, state: &State) -> Result<Option<Presence>, DeviceError> {
        let slot = state.readers.get(&self.name).filter(|slot| slot.plugged).ok_or_else(|| self.gone())?;
        let now = slot.presence();
        Ok(match self.seen {
            Some(seen) if seen == now => None,
            Some(Presence::One(_)) if matches!(now, Presence::One(_)) => Some(Presence::Empty),
            _ => Some(now),
        })
    }
}

impl Reader for VirtualReader {
    fn name(&self) -> &str {
        &self.name
    }

    fn wait(&mut self, limit_ms: u64) -> Result<Option<ReaderEvent>, DeviceError> {
        let shared = self.bench.0.clone();
        let state = shared.lock();
        // The one place that blocks: see the head of `bench.rs`.
        let (mut state, _) = shared
            .changed
            .wait_timeout_while(state, Duration::from_millis(limit_ms), |state| matches!(self.news(state), Ok(None)))
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let Some(now) = self.news(&state)? else { return Ok(None) };
        self.seen = Some(now);
        Ok(Some(match now {
            Presence::Empty => ReaderEvent::Empty,
            Presence::Two => ReaderEvent::Two,
            Presence::One(number) => {
                let slot = state.readers.get_mut(&self.name).ok_or_else(|| self.gone())?;
                let card = slot.cards.iter().find(|(n, _)| *n == number);
                ReaderEvent::Present { atr: card.map(|(_, card)| card.atr()).unwrap_or_default() }
            }
        }))
    }

    fn open(&mut self) -> Result<Box<dyn Channel>, DeviceError> {
        let mut state = self.bench.0.lock();
        let session = state.number();
        let slot = state.readers.get_mut(&self.name).filter(|slot| slot.plugged).ok_or_else(|| self.gone())?;
        if slot.session.is_some() {
            return Err(DeviceError::Busy { device: self.name.clone() });
        }
        let reader = self.name.clone();
        let (card, atr) = match slot.cards.as_mut_slice() {
            [] => return Err(DeviceError::NoCard { reader }),
            [(number, card)] => {
                card.power_on();
                (*number, card.atr())
            }
            _ => return Err(DeviceError::TwoCards { reader }),
        };
        slot.session = Some(session);
        slot.late = None;
        Ok(Box::new(VirtualChannel { bench: self.bench.clone(), reader, session, card, atr }))
    }
}

/// A session with the card on a [`VirtualReader`].
struct VirtualChannel {
    bench: Bench,
    reader: String,
    session: u64,
    card: u64,
    atr: Vec<u8>,
}

impl VirtualChannel {
    fn card_gone(&self) -> DeviceError {
        DeviceError::CardGone { reader: self.reader.clone() }
    }

    fn gone(&self) -> DeviceError {
        DeviceError::Gone { device: self.reader.clone() }
    }

    fn silent(&self) -> DeviceError {
        DeviceError::Silent { device: self.reader.clone(), limit_ms: SILENT_AFTER_MS }
    }

    /// The slot, if this session still holds it and the card it was opened on still lies there.
    fn slot<'a>(&self, state: &'a mut State) -> Result<&'a mut ReaderSlot, DeviceError> {
        let slot = state.readers.get_mut(&self.reader).filter(|slot| slot.plugged).ok_or_else(|| self.gone())?;
        // A reader unplugged and plugged in again has no session any more.
        if slot.session != Some(self.session) {
            return Err(self.gone());
        }
        if slot.presence() != Presence::One(self.card) {
            return Err(self.card_gone());
        }
        Ok(slot)
    }
}

impl Channel for VirtualChannel {
    fn atr(&self) -> &[u8] {
        &self.atr
    }

    fn uid(&mut self) -> Result<Vec<u8>, DeviceError> {
        let shared = self.bench.0.clone();
        let mut state = shared.lock();
        let slot = self.slot(&mut state)?;
        Ok(slot.cards.first().map(|(_, card)| card.uid()).unwrap_or_default())
    }

    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, DeviceError> {
        let shared = self.bench.0.clone();
        let mut state = shared.lock();
        let slot = self.slot(&mut state)?;
        let fault = slot.due();
        slot.exchanges += 1;
        slot.bytes += command.len();
        match fault {
            Some(FaultKind::PullBefore) => {
                slot.pull();
                shared.changed.notify_all();
                return Err(self.card_gone());
            }
            Some(FaultKind::UnplugReader) => {
                slot.unplug();
                shared.changed.notify_all();
                return Err(self.gone());
            }
            _ => {}
        }
        let Some((_, card)) = slot.cards.first_mut() else { return Err(self.card_gone()) };
        if let Some(FaultKind::Tear(written)) = fault {
            card.tear(command, written);
            slot.pull();
            shared.changed.notify_all();
            return Err(self.card_gone());
        }
        let mut answer = answer_at_reader(card, command);
        if let Some(kind) = fault {
            kind.spoil(&mut answer);
        }
        match fault {
            Some(FaultKind::PullAfter | FaultKind::PullAt(_)) => {
                slot.pull();
                shared.changed.notify_all();
                if fault == Some(FaultKind::PullAfter) || answer.is_empty() {
                    return Err(self.card_gone());
                }
            }
            Some(FaultKind::UnplugReaderAfter) => {
                slot.unplug();
                shared.changed.notify_all();
                return Err(self.gone());
            }
            Some(FaultKind::Silence) => return Err(self.silent()),
            Some(FaultKind::Late) => {
                slot.late = Some(answer);
                return Err(self.silent());
            }
            _ => {
                if let Some(before) = &mut slot.late {
                    std::mem::swap(before, &mut answer);
                }
            }
        }
        slot.bytes += answer.len();
        Ok(answer)
    }
}

impl Drop for VirtualChannel {
    fn drop(&mut self) {
        let mut state = self.bench.0.lock();
        let Some(slot) = state.readers.get_mut(&self.reader) else { return };
        if slot.session != Some(self.session) {
            return;
        }
        slot.session = None;
        for (_, card) in &mut slot.cards {
            card.power_off();
            card.power_on();
        }
    }
}
