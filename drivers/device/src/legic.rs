//! A LEGIC reader, as operations: find a segment by its stamp, read, write, create. How a reader is told to do so is
//! licensed and stands in no driver here (`drivers/legic/src/codes.rs`).

use crate::DeviceError;

/// Which family a card is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LegicFamily {
    /// prime (MIM22, MIM256, MIM1024): can be copied.
    Prime,
    /// advant (ATC), on ISO 14443 A or 15693.
    Advant,
}

/// A card in the field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LegicCard {
    /// Its family.
    pub family: LegicFamily,
    /// Its number.
    pub uid: Vec<u8>,
}

/// A segment of a card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LegicSegment {
    /// Its place on the card, from 0.
    pub number: u8,
    /// How many bytes it holds, its stamp included.
    pub length: u16,
    /// How many of them, from the first, can no longer be written.
    pub protected: u16,
}

/// A new segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewSegment {
    /// Its stamp: the first bytes, which say whose it is. A reader creates only those that its authorisation covers.
    pub stamp: Vec<u8>,
    /// How many bytes it holds, its stamp included.
    pub length: u16,
    /// How many of them, from the first, can never be written again.
    pub protected: u16,
}

/// A LEGIC reader.
pub trait LegicReader: Send {
    /// As this machine names it.
    fn name(&self) -> &str;

    /// The card that is in the field.
    ///
    /// # Errors
    /// As all calls here: [`DeviceError::Gone`], [`DeviceError::Silent`], [`DeviceError::Protocol`];
    /// [`DeviceError::Unsupported`] where the licensee's code for an operation is missing.
    fn search(&mut self) -> Result<Option<LegicCard>, DeviceError>;

    /// The first segment whose stamp begins so.
    ///
    /// # Errors
    /// [`DeviceError::NoCard`].
    fn find_segment(&mut self, stamp: &[u8]) -> Result<Option<LegicSegment>, DeviceError>;

    /// Bytes of a segment, from an offset.
    ///
    /// # Errors
    /// [`DeviceError::CardGone`]; [`DeviceError::Refused`] beyond the segment.
    fn read(&mut self, segment: u8, offset: u16, length: u16) -> Result<Vec<u8>, DeviceError>;

    /// Writes bytes into a segment. On an error they may be there all the same: read them back.
    ///
    /// # Errors
    /// [`DeviceError::CardGone`]; [`DeviceError::Refused`] beyond the segment and within what is protected.
    fn write(&mut self, segment: u8, offset: u16, bytes: &[u8]) -> Result<(), DeviceError>;

    /// Adds a segment behind the others. On an error it may be there all the same: look for it.
    ///
    /// # Errors
    /// [`DeviceError::CardGone`]; [`DeviceError::Refused`] where there is no room, or no authorisation.
    fn create(&mut self, segment: &NewSegment) -> Result<LegicSegment, DeviceError>;
}
