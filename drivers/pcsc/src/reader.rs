//! One reader: what lies on it, and opening that.

use std::{
    ffi::CString,
    time::{Duration, Instant},
};

use lanyard_device::{Channel, DeviceError, Reader, ReaderEvent};
use pcsc::{Context, Error, Protocols, ReaderState, ShareMode, State};

use crate::{
    PcscChannel,
    service::{at_card, at_service, establish, names},
};

/// The readers that are plugged in, in the service's order.
///
/// # Errors
/// [`DeviceError::Gone`] with [`crate::SERVICE`] if the service is not running.
pub fn readers() -> Result<Vec<PcscReader>, DeviceError> {
    Ok(names(&establish()?)?.into_iter().map(PcscReader::of).collect())
}

/// A reader by its PC/SC name.
pub struct PcscReader {
    c_name: CString,
    name: String,
    context: Option<Context>,
    state: Option<ReaderState>,
    told: Option<ReaderEvent>,
    /// How many cards had come and gone at the last answer, as the service counts.
    counted: u32,
}

impl PcscReader {
    fn of(c_name: CString) -> Self {
        let name = c_name.to_string_lossy().into_owned();
        Self { c_name, name, context: None, state: None, told: None, counted: 0 }
    }

    /// The reader of that name, plugged in or not: whether it is shows when it is used. `None` if no reader can be named so.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        CString::new(name).ok().map(Self::of)
    }

    fn context(&mut self) -> Result<Context, DeviceError> {
        match &self.context {
            Some(context) => Ok(context.clone()),
            None => Ok(self.context.insert(establish()?).clone()),
        }
    }

    /// After an error the connection is worth nothing; the next call makes another, and tells again what is there.
    fn lost(&mut self, error: DeviceError) -> DeviceError {
        self.context = None;
        self.state = None;
        self.told = None;
        error
    }
}

impl Reader for PcscReader {
    fn name(&self) -> &str {
        &self.name
    }

    fn wait(&mut self, limit_ms: u64) -> Result<Option<ReaderEvent>, DeviceError> {
        let until = Instant::now() + Duration::from_millis(limit_ms);
        let context = self.context()?;
        loop {
            let mut state = self.state.take().unwrap_or_else(|| ReaderState::new(self.c_name.clone(), State::UNAWARE));
            let left = until.saturating_duration_since(Instant::now());
            let result = context.get_status_change(left, std::slice::from_mut(&mut state));
            let flags = state.event_state();
            match result {
                Err(Error::Timeout) => {
                    self.state = Some(state);
                    return Ok(None);
                }
                Err(error) => return Err(self.lost(at_service(error, &self.name))),
                Ok(()) if flags.intersects(State::UNKNOWN | State::UNAVAILABLE) => {
                    return Err(self.lost(DeviceError::Gone { device: self.name.clone() }));
                }
                Ok(()) => {}
            }
            let event = if flags.contains(State::PRESENT) {
                ReaderEvent::Present { atr: state.atr().to_vec() }
            } else {
                ReaderEvent::Empty
            };
            let stayed =
                matches!((&self.told, &event), (Some(ReaderEvent::Present { .. }), ReaderEvent::Present { .. }));
            if stayed && state.event_count() != self.counted {
                // Taken and laid again between two calls: perhaps another card. Say that it left first; without the state
                // the next call answers at once with what is there.
                self.told = Some(ReaderEvent::Empty);
                return Ok(self.told.clone());
            }
            state.sync_current_state();
            self.counted = state.event_count();
            self.state = Some(state);
            if self.told.as_ref() != Some(&event) {
                self.told = Some(event);
                return Ok(self.told.clone());
            }
        }
    }

    fn open(&mut self) -> Result<Box<dyn Channel>, DeviceError> {
        // Its own context, so that what waits on this one does not hold up the card.
        let context = establish()?;
        let connect = |protocols| context.connect(&self.c_name, ShareMode::Exclusive, protocols);
        let card = match connect(Protocols::ANY) {
            Err(Error::ProtoMismatch) => connect(Protocols::RAW),
            result => result,
        }
        .map_err(|error| at_card(error, &self.name, false))?;
        Ok(Box::new(PcscChannel::new(card, self.name.clone())?))
    }
}
