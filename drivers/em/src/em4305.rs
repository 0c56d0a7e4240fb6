//! The EM4305 and EM4205: the configuration word, and the programme that makes the chip answer as an EM4100.
//!
//! Word 2 is the password (it cannot be read), 4 the configuration, 5 to 13 the user's; the chip sends words from 5 on,
//! lowest bit first. Words 14 and 15, which protect others for ever, are never written here. HID Prox is not offered:
//! the data sheet's bit rates are RF/8, 16, 32, 40 and 64, and not every chip can modulate by frequency.

use lanyard_device::{Chip, LfReader};
use lanyard_secret::Secret;

use crate::{Em4100, EmError, Program, Sight};

/// The word of the password.
pub const PASSWORD_WORD: u8 = 2;
/// The word of the configuration.
pub const CONFIG_WORD: u8 = 4;
/// The first word that is sent.
pub const FIRST_WORD: u8 = 5;

const LAST_WORD: u8 = 13;

/// How a bit is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoder {
    /// As it is.
    Direct,
    /// Manchester: EM4100.
    Manchester,
    /// Biphase.
    Biphase,
}

/// Word 4 (EM4305 data sheet, "Configuration word").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Config {
    /// Bit length in periods of the field: 8, 16, 32, 40 or 64.
    pub periods: u8,
    /// The encoder.
    pub encoder: Encoder,
    /// The last word that is sent over and over; the first is 5.
    pub last_word: u8,
    /// Whether reading by command wants a login.
    pub read_login: bool,
    /// Whether writing by command wants a login.
    pub write_login: bool,
}

/// Reading and writing want a login.
const LOGIN_BITS: u32 = 1 << 18 | 1 << 20;

/// Bits with a field in [`Config`].
const KNOWN: u32 = 0x0017_C3FF;

impl Config {
    /// As an EM4100.
    pub const EM4100: Self =
        Self { periods: 64, encoder: Encoder::Manchester, last_word: 6, read_login: false, write_login: false };

    /// The word.
    ///
    /// # Errors
    /// [`EmError::Unsupported`].
    pub fn encode(self) -> Result<u32, EmError> {
        if ![8, 16, 32, 40, 64].contains(&self.periods) {
            return Err(EmError::Unsupported { chip: Chip::Em4305, what: "this bit rate" });
        }
        if !(FIRST_WORD..=LAST_WORD).contains(&self.last_word) {
            return Err(EmError::Unsupported { chip: Chip::Em4305, what: "so many words" });
        }
        let encoder = match self.encoder {
            Encoder::Direct => 0,
            Encoder::Manchester => 1,
            Encoder::Biphase => 2,
        };
        Ok(u32::from(self.periods / 2 - 1)
            | encoder << 6
            | u32::from(self.last_word) << 14
            | u32::from(self.read_login) << 18
            | u32::from(self.write_login) << 20)
    }

    /// Reads word 4.
    ///
    /// # Errors
    /// [`EmError::Unsupported`] for what has no field here: delayed starts, disabling, reader talks first, pigeon mode.
    pub fn decode(word: u32) -> Result<Self, EmError> {
        let unsupported = EmError::Unsupported { chip: Chip::Em4305, what: "this configuration" };
        let encoder = match word >> 6 & 0xF {
            0 => Encoder::Direct,
            1 => Encoder::Manchester,
            2 => Encoder::Biphase,
            _ => return Err(unsupported),
        };
        let config = Self {
            periods: ((word & 0x3F) as u8 + 1) * 2,
            encoder,
            last_word: (word >> 14 & 0xF) as u8,
            read_login: word >> 18 & 1 == 1,
            write_login: word >> 20 & 1 == 1,
        };
        if word & !KNOWN != 0 || config.encode() != Ok(word) { Err(unsupported) } else { Ok(config) }
    }
}

/// A T5577's block as this chip's word: the one sends its highest bit first, the other its lowest.
#[must_use]
pub fn word(block: u32) -> u32 {
    block.reverse_bits()
}

/// As the reader takes and gives it.
fn secret(word: u32) -> Secret<4> {
    Secret::take(&mut word.to_be_bytes())
}

/// The steps that write a chip: the words that are sent, read back; then, if the password changes, the chip is opened,
/// so that a password half written shuts nobody out, and the new one written and proven by a login while nothing yet
/// depends on it; the configuration last. `present` is the password that the chip wants now, `wished` the one that it is
/// to want for reading and writing.
///
/// After a pull at any step: [`sight`] with both passwords tells which the chip takes; then from the start.
///
/// # Errors
/// [`EmError::Unsupported`], if the chip cannot be configured so.
pub fn program(card: Em4100, present: Option<&Secret<4>>, wished: Option<&Secret<4>>) -> Result<Program, EmError> {
    let closed = wished.is_some();
    let open = secret(Config::EM4100.encode()?);
    let config = secret(Config { read_login: closed, write_login: closed, ..Config::EM4100 }.encode()?);
    let mut program = Program::new(Chip::Em4305);
    if let Some(present) = present {
        program.login(present);
    }
    for (address, block) in (FIRST_WORD..).zip(card.blocks()) {
        program.write(address, &secret(word(block)), None);
    }
    if let Some(wished) = wished.filter(|wished| present.is_none_or(|present| !present.same(wished))) {
        program.configure(CONFIG_WORD, &open, None, None);
        program.write_unseen(PASSWORD_WORD, wished);
        program.field_off();
        program.login(wished);
    }
    program.write(CONFIG_WORD, &config, None);
    program.field_off();
    if let Some(wished) = wished {
        program.login(wished);
    }
    program.check(CONFIG_WORD, &config);
    Ok(program)
}

/// Finds out which of some passwords a chip takes; [`Sight::Open`] if none of them, and it wants none.
///
/// # Errors
/// The reader's.
pub fn sight(reader: &mut dyn LfReader, passwords: &[&Secret<4>]) -> Result<Sight, EmError> {
    for (place, password) in passwords.iter().enumerate() {
        // A login that was refused may leave the chip mute until it starts anew.
        reader.field_off()?;
        if reader.login(Chip::Em4305, password)? {
            return Ok(Sight::Password(place));
        }
    }
    reader.field_off()?;
    let config = reader.read(Chip::Em4305, CONFIG_WORD, None)?;
    let config = config.map(|word| u32::from_be_bytes(*word.expose()));
    Ok(if config.is_some_and(|word| word & LOGIN_BITS == 0) { Sight::Open } else { Sight::Foreign })
}

/// What a chip holds, read back: the number, if it answers as an EM4100.
///
/// # Errors
/// [`EmError::Login`] where it does not take the password, [`EmError::Unread`], [`EmError::Unsupported`] and
/// [`EmError::Frame`] where it is none of ours, and the reader's.
pub fn read(reader: &mut dyn LfReader, password: Option<&Secret<4>>) -> Result<(Em4100, Config), EmError> {
    if let Some(password) = password
        && !reader.login(Chip::Em4305, password)?
    {
        return Err(EmError::Login { chip: Chip::Em4305 });
    }
    let mut read = |address| -> Result<u32, EmError> {
        let value = reader.read(Chip::Em4305, address, None)?;
        let value = value.ok_or(EmError::Unread { chip: Chip::Em4305, address })?;
        Ok(u32::from_be_bytes(*value.expose()))
    };
    let config = Config::decode(read(CONFIG_WORD)?)?;
    if (Config { read_login: false, write_login: false, ..config }) != Config::EM4100 {
        return Err(EmError::Unsupported { chip: Chip::Em4305, what: "this configuration" });
    }
    let [first, second] = [read(FIRST_WORD)?, read(FIRST_WORD + 1)?].map(|word| u64::from(word.reverse_bits()));
    Ok((Em4100::decode(first << 32 | second)?, config))
}
