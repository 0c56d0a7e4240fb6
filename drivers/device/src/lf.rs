//! A reader for 125 kHz cards: finds one, and reads and writes its chip four bytes at a time.

use lanyard_secret::Secret;

use crate::DeviceError;

/// A chip whose memory a reader can reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Chip {
    /// Atmel T5577, ATA5577, T5567: blocks 0 (configuration) to 7 (password, if one is used).
    T5577,
    /// EM4150, EM4350, EM4450: words 0 (password) to 33.
    Em4150,
    /// EM4205, EM4305: words 0 to 15; 2 is the password, 4 the configuration.
    Em4305,
}

impl Chip {
    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::T5577 => "T5577",
            Self::Em4150 => "EM4150",
            Self::Em4305 => "EM4305",
        }
    }
}

/// What a card in the field shows of itself without being asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LfKind {
    /// An EM4100, EM4102, or a chip that behaves as one.
    Em4100,
    /// HID Prox.
    HidProx,
    /// A T5577 or T5555 whose own number is read.
    T5577,
    /// EM4150, EM4450.
    Em4150,
    /// EM4205, EM4305.
    Em4305,
    /// Another, by the reader's own number for it.
    Other(u8),
}

/// A card in the field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LfCard {
    /// Its kind.
    pub kind: LfKind,
    /// How many bits of number it has.
    pub bits: u8,
    /// The number's bytes.
    pub id: Vec<u8>,
}

/// A reader for 125 kHz cards. These chips have no session: each call stands alone.
pub trait LfReader: Send {
    /// As this machine names it.
    fn name(&self) -> &str;

    /// The card that is in the field.
    ///
    /// # Errors
    /// [`DeviceError::Gone`], [`DeviceError::Silent`], [`DeviceError::Protocol`]: as for all calls here.
    fn search(&mut self) -> Result<Option<LfCard>, DeviceError>;

    /// Reads a block. `None`: no chip of that kind answered (gone, other, or it wants another password).
    /// With a password where the chip wants none, a T5577 takes the read for a write: ask only if it does.
    ///
    /// # Errors
    /// As [`LfReader::search`]; [`DeviceError::Unsupported`] for a chip that this reader is not known to reach.
    fn read(&mut self, chip: Chip, address: u8, password: Option<&Secret<4>>)
    -> Result<Option<Secret<4>>, DeviceError>;

    /// Writes a block. What the reader says of it proves nothing (a T5577 acknowledges nothing): read it back. On an
    /// error it may have happened all the same.
    ///
    /// # Errors
    /// As [`LfReader::read`].
    fn write(
        &mut self,
        chip: Chip,
        address: u8,
        value: &Secret<4>,
        password: Option<&Secret<4>>,
    ) -> Result<(), DeviceError>;

    /// Shows the chip a password, for as long as the field stays on (EM4150, EM4305). Whether it was right.
    ///
    /// # Errors
    /// As [`LfReader::read`].
    fn login(&mut self, chip: Chip, password: &Secret<4>) -> Result<bool, DeviceError>;

    /// Switches the field off, so that the chip starts anew with the configuration that it holds.
    ///
    /// # Errors
    /// As [`LfReader::search`].
    fn field_off(&mut self) -> Result<(), DeviceError>;
}
