//! The T5577: its configuration block, and the programme that makes it answer as another card.
//!
//! Block 0 is the configuration, 1 to 7 are data; with the password bit set, block 7 is the password (ATA5577C data
//! sheet, "Memory", "Configuration data"). Nothing here sets a lock bit or a master key: a chip that was written once
//! can be written again.

use lanyard_device::{Chip, LfReader};
use lanyard_secret::Secret;

use crate::{Em4100, EmError, Program, Prox, Sight};

/// The block of the configuration.
pub const CONFIG_BLOCK: u8 = 0;
/// The block of the password.
pub const PASSWORD_BLOCK: u8 = 7;

/// How long a bit is, in periods of the field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rate {
    /// RF/8.
    Rf8,
    /// RF/16.
    Rf16,
    /// RF/32.
    Rf32,
    /// RF/40.
    Rf40,
    /// RF/50.
    Rf50,
    /// RF/64.
    Rf64,
    /// RF/100.
    Rf100,
    /// RF/128.
    Rf128,
}

const RATES: [(Rate, u32); 8] = [
    (Rate::Rf8, 8),
    (Rate::Rf16, 16),
    (Rate::Rf32, 32),
    (Rate::Rf40, 40),
    (Rate::Rf50, 50),
    (Rate::Rf64, 64),
    (Rate::Rf100, 100),
    (Rate::Rf128, 128),
];

/// How a bit is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Modulation {
    /// As it is.
    Direct,
    /// Phase, the three kinds.
    Psk(u8),
    /// Frequency: RF/8 and RF/5.
    Fsk1,
    /// Frequency: RF/8 and RF/10.
    Fsk2,
    /// Fsk1 inverted.
    Fsk1a,
    /// Fsk2 inverted: HID Prox.
    Fsk2a,
    /// Manchester: EM4100.
    Manchester,
    /// Biphase.
    Biphase,
}

/// Value of the modulation's five bits.
const MODULATIONS: [(Modulation, u32); 10] = [
    (Modulation::Direct, 0),
    (Modulation::Psk(1), 1),
    (Modulation::Psk(2), 2),
    (Modulation::Psk(3), 3),
    (Modulation::Fsk1, 4),
    (Modulation::Fsk2, 5),
    (Modulation::Fsk1a, 6),
    (Modulation::Fsk2a, 7),
    (Modulation::Manchester, 8),
    (Modulation::Biphase, 16),
];

/// Block 0 in the basic mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Config {
    /// Bit length.
    pub rate: Rate,
    /// Modulation.
    pub modulation: Modulation,
    /// The last block that is sent over and over: 1 to 7 (0: none but this one).
    pub last_block: u8,
    /// Whether reading and writing by command wants the password.
    pub password: bool,
}

/// The bits of block 0 that may be set in the basic mode. Those without a field in [`Config`] (master key, PSK carrier,
/// answer on request, sequence terminator, initial delay) change nothing in what a content here means.
const KNOWN: u32 = 0xF01D_FEF9;

impl Config {
    /// As an EM4100.
    pub const EM4100: Self =
        Self { rate: Rate::Rf64, modulation: Modulation::Manchester, last_block: 2, password: false };
    /// As a HID Prox card of up to 44 bits.
    pub const PROX: Self = Self { rate: Rate::Rf50, modulation: Modulation::Fsk2a, last_block: 3, password: false };

    /// The block.
    ///
    /// # Errors
    /// [`EmError::Unsupported`] for a block beyond 7, or 7 together with a password, which would be sent to everybody.
    pub fn encode(self) -> Result<u32, EmError> {
        let most = if self.password { PASSWORD_BLOCK - 1 } else { PASSWORD_BLOCK };
        if self.last_block > most {
            return Err(EmError::Unsupported { chip: Chip::T5577, what: "so many blocks" });
        }
        let rate = RATES.iter().position(|(rate, _)| *rate == self.rate).unwrap_or_default() as u32;
        let modulation = MODULATIONS.iter().find(|(modulation, _)| *modulation == self.modulation);
        let Some((_, modulation)) = modulation else {
            return Err(EmError::Unsupported { chip: Chip::T5577, what: "this modulation" });
        };
        Ok(rate << 18 | modulation << 12 | u32::from(self.last_block) << 5 | u32::from(self.password) << 4)
    }

    /// Reads block 0.
    ///
    /// # Errors
    /// [`EmError::Unsupported`] for the extended mode, or an unknown modulation.
    pub fn decode(block: u32) -> Result<Self, EmError> {
        let unsupported = EmError::Unsupported { chip: Chip::T5577, what: "this configuration" };
        let modulation = MODULATIONS.iter().find(|(_, value)| *value == block >> 12 & 0x1F);
        let (Some((modulation, _)), Some((rate, _)), true) =
            (modulation, RATES.get((block >> 18 & 7) as usize), block & !KNOWN == 0)
        else {
            return Err(unsupported);
        };
        Ok(Self {
            rate: *rate,
            modulation: *modulation,
            last_block: (block >> 5 & 7) as u8,
            password: block >> 4 & 1 == 1,
        })
    }

    /// The block of a T5555 (Q5), the chip's older sister, which has another lay-out: rate as RF/(2n+2), modulation in
    /// three bits of which Manchester is 0.
    ///
    /// # Errors
    /// [`EmError::Unsupported`] for anything but Manchester without a password.
    pub fn encode_t5555(self) -> Result<u32, EmError> {
        if self.modulation != Modulation::Manchester || self.password || self.last_block > PASSWORD_BLOCK {
            return Err(EmError::Unsupported { chip: Chip::T5577, what: "this on a T5555" });
        }
        let periods = RATES.iter().find(|(rate, _)| *rate == self.rate).map_or(64, |(_, periods)| *periods);
        Ok(0x6000_0000 | (periods / 2 - 1) << 12 | u32::from(self.last_block) << 1)
    }
}

/// What a chip is to answer as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// An EM4100.
    Em4100(Em4100),
    /// A HID Prox card: a Wiegand number.
    Prox(Prox),
}

impl Content {
    /// The configuration, without password.
    #[must_use]
    pub fn config(self) -> Config {
        match self {
            Self::Em4100(_) => Config::EM4100,
            Self::Prox(_) => Config::PROX,
        }
    }

    /// The data blocks, from block 1.
    #[must_use]
    pub fn blocks(self) -> Vec<u32> {
        match self {
            Self::Em4100(card) => card.blocks().to_vec(),
            Self::Prox(card) => card.blocks().to_vec(),
        }
    }
}

/// Whether a password is fit for this chip. A chip without password takes a read with one for a write: its first bit
/// for the lock bit, the rest shifted by one for the data. So no password begins with a set bit, and none is zero.
///
/// # Errors
/// [`EmError::Password`].
pub fn fit_password(password: &Secret<4>) -> Result<(), EmError> {
    let bytes = password.expose();
    if bytes[0] & 0x80 != 0 || *bytes == [0; 4] { Err(EmError::Password) } else { Ok(()) }
}

/// The steps that write a chip: data, read back; then, if the password changes, the password while it can still be
/// read back; block 0 last, so that the chip is what it was until everything else is right. `present` is the password
/// that the chip wants now, `wished` the one that it is to want.
///
/// After a pull at any step: [`sight`] with both passwords tells which the chip wants; then from the start.
///
/// # Errors
/// [`EmError::Password`] for an unfit one.
pub fn program(content: Content, present: Option<&Secret<4>>, wished: Option<&Secret<4>>) -> Result<Program, EmError> {
    wished.map_or(Ok(()), fit_password)?;
    let open = Secret::take(&mut content.config().encode()?.to_be_bytes());
    let closed = Config { password: wished.is_some(), ..content.config() };
    let closed = Secret::take(&mut closed.encode()?.to_be_bytes());
    let mut program = Program::new(Chip::T5577);
    for (block, value) in (1..).zip(content.blocks()) {
        program.write(block, &Secret::take(&mut value.to_be_bytes()), present);
    }
    let mut present = present;
    if let Some(wished) = wished.filter(|wished| present.is_none_or(|present| !present.same(wished))) {
        if present.is_some() {
            program.configure(CONFIG_BLOCK, &open, present, None);
        }
        program.write(PASSWORD_BLOCK, wished, None);
        present = None;
    }
    program.configure(CONFIG_BLOCK, &closed, present, wished);
    Ok(program)
}

/// Finds out which of some passwords a chip wants, if any. Where it wants none, the questions write block 7 (see
/// [`fit_password`]), which without password is of no use to any [`Content`] here. What block 0 says is not asked: half
/// written, it may say anything.
///
/// # Errors
/// [`EmError::Password`] for an unfit one, and the reader's.
pub fn sight(reader: &mut dyn LfReader, passwords: &[&Secret<4>]) -> Result<Sight, EmError> {
    for (place, password) in passwords.iter().enumerate() {
        fit_password(password)?;
        let held = reader.read(Chip::T5577, PASSWORD_BLOCK, Some(password))?;
        if held.is_some_and(|held| held.same(password)) {
            return Ok(Sight::Password(place));
        }
    }
    // A chip that wants a password takes no write without one, and gives the same for every block read without one.
    let Some(held) = reader.read(Chip::T5577, PASSWORD_BLOCK, None)? else { return Ok(Sight::Foreign) };
    let other = Secret::take(&mut held.expose().map(|byte| !byte));
    reader.write(Chip::T5577, PASSWORD_BLOCK, &other, None)?;
    let held = reader.read(Chip::T5577, PASSWORD_BLOCK, None)?;
    Ok(if held.is_some_and(|held| held.same(&other)) { Sight::Open } else { Sight::Foreign })
}

/// What a chip holds, read back: the content, if it is one of ours.
///
/// # Errors
/// [`EmError::Unread`] where a block does not answer, [`EmError::Unsupported`], [`EmError::Frame`] and
/// [`EmError::Prox`] where it is none of ours, and the reader's.
pub fn read(reader: &mut dyn LfReader, password: Option<&Secret<4>>) -> Result<(Content, Config), EmError> {
    let mut block = |address| -> Result<u32, EmError> {
        let value = reader.read(Chip::T5577, address, password)?;
        let value = value.ok_or(EmError::Unread { chip: Chip::T5577, address })?;
        Ok(u32::from_be_bytes(*value.expose()))
    };
    let config = Config::decode(block(CONFIG_BLOCK)?)?;
    let content = match (Config { password: false, ..config }, config.last_block) {
        (Config::EM4100, _) => Content::Em4100(Em4100::decode(u64::from(block(1)?) << 32 | u64::from(block(2)?))?),
        (Config::PROX, _) => Content::Prox(Prox::from_blocks([block(1)?, block(2)?, block(3)?])?),
        _ => return Err(EmError::Unsupported { chip: Chip::T5577, what: "this configuration" }),
    };
    Ok((content, config))
}
