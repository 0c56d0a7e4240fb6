//! A reader with one slot or field, and a card in it.

use crate::DeviceError;

/// What happened at a reader.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReaderEvent {
    /// A card is there, with this answer to reset.
    Present {
        /// ATR, or what PC/SC makes of a contactless card.
        atr: Vec<u8>,
    },
    /// No card is there.
    Empty,
    /// More than one card is in the field.
    Two,
}

/// A reader.
pub trait Reader: Send {
    /// As the system names it: unique among the readers of this machine.
    fn name(&self) -> &str;

    /// Waits until what is on the reader differs from the last answer, at most `limit_ms`; `None` if nothing changed.
    /// The first call answers at once with what is there.
    ///
    /// # Errors
    /// [`DeviceError::Gone`] when the reader has been unplugged.
    fn wait(&mut self, limit_ms: u64) -> Result<Option<ReaderEvent>, DeviceError>;

    /// Opens the card that is there, for this program alone. Dropping the channel ends the session and resets the card.
    ///
    /// # Errors
    /// [`DeviceError::NoCard`], [`DeviceError::Busy`], [`DeviceError::Gone`].
    fn open(&mut self) -> Result<Box<dyn Channel>, DeviceError>;
}

/// A session with one card.
pub trait Channel: Send {
    /// The answer to reset.
    fn atr(&self) -> &[u8];

    /// The contactless UID: 4, 7 or 10 bytes; empty for a contact card. Asked of the reader (PC/SC part 3 §3.2.2.1.3,
    /// `FF CA 00 00 00`), not of the card's application, so a random UID shows as one.
    ///
    /// # Errors
    /// [`DeviceError::CardGone`], [`DeviceError::Gone`].
    fn uid(&mut self) -> Result<Vec<u8>, DeviceError>;

    /// One command APDU, one response APDU.
    ///
    /// # Errors
    /// [`DeviceError::CardGone`] when the card has left: what it did with the command is then unknown.
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, DeviceError>;
}
