//! What a TWN4 offers: 125 kHz cards, lights, a beeper.

use std::time::Duration;

use lanyard_device::{Chip, DeviceError, LfCard, LfKind, LfReader};
use lanyard_secret::Secret;
use zeroize::Zeroizing;

use crate::proto::{
    Answer, AnswerFault, Call, Framing, TAG_AT5555, TAG_EM4102, TAG_EM4150, TAG_EM4305, TAG_HIDPROX, TAGS_LF,
};
use crate::serial::{Port, Wire, open_wire};

/// How a reader is to be spoken to.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// As its firmware was built.
    pub framing: Framing,
    /// How long an answer may take.
    pub limit: Duration,
    /// Whether somebody has seen on hardware that calls 2F00 to 2F05 do to an EM4305 what DocRev25 says, and in which
    /// order of bytes. Off until then: a wrong word 4 makes a chip mute.
    pub em4305_confirmed: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { framing: Framing::default(), limit: Duration::from_secs(2), em4305_confirmed: false }
    }
}

/// The lights of a desk reader, by their bits (TWN4 API reference, "LEDInit").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lights {
    /// Red.
    Red = 1,
    /// Green.
    Green = 2,
    /// Yellow.
    Yellow = 4,
}

/// A reader.
pub struct Twn4 {
    wire: Wire,
    version: String,
    options: Options,
    /// The chip whose calls have been begun.
    begun: Option<Chip>,
}

/// The longest number asked for: SearchTag's own example.
const MOST_ID: u8 = 16;

impl Twn4 {
    /// Opens a reader and asks who it is.
    ///
    /// # Errors
    /// As [`open_wire`]; [`DeviceError::Protocol`] if it is no TWN4 with the Simple Protocol.
    pub fn open(path: &str, options: Options) -> Result<Self, DeviceError> {
        Self::greet(open_wire(path, options.framing, options.limit)?, options)
    }

    /// Opens a reader whose firmware may send check sums or not: it is asked without, and then with them.
    ///
    /// # Errors
    /// As [`Twn4::open`].
    pub fn open_either(path: &str, options: Options) -> Result<Self, DeviceError> {
        let plain = Framing { crc: false, ..options.framing };
        match Self::open(path, Options { framing: plain, ..options }) {
            Err(DeviceError::Protocol { .. }) => {
                Self::open(path, Options { framing: Framing { crc: true, ..plain }, ..options })
            }
            opened => opened,
        }
    }

    /// As [`Twn4::open`], over what stands in for a serial port.
    ///
    /// # Errors
    /// As [`Twn4::open`].
    pub fn over(name: &str, port: Box<dyn Port>, options: Options) -> Result<Self, DeviceError> {
        Self::greet(Wire::over(name, port, options.framing, options.limit), options)
    }

    fn greet(wire: Wire, options: Options) -> Result<Self, DeviceError> {
        let mut reader = Self { wire, version: String::new(), options, begun: None };
        let answer = reader.exchange(Call::GetVersionString(u8::MAX))?;
        let version = reader.understand(&answer, Answer::array)?;
        let version = String::from_utf8(version.to_vec()).unwrap_or_default();
        if !version.starts_with("TWN4/") || version.chars().any(char::is_control) {
            return Err(reader.wire.protocol("version"));
        }
        reader.version = version;
        // A card of another frequency beside the one in hand would be found first.
        let answer = reader.exchange(Call::SetTagTypes { lf: TAGS_LF, hf: 0 })?;
        reader.understand(&answer, Answer::nothing)?;
        Ok(reader)
    }

    /// Its firmware.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// One light, on or off.
    ///
    /// # Errors
    /// As [`LfReader::search`].
    pub fn light(&mut self, light: Lights, on: bool) -> Result<(), DeviceError> {
        let bit = light as u8;
        for call in [Call::LedInit(bit), if on { Call::LedOn(bit) } else { Call::LedOff(bit) }] {
            let answer = self.exchange(call)?;
            self.understand(&answer, Answer::nothing)?;
        }
        Ok(())
    }

    /// A short tone.
    ///
    /// # Errors
    /// As [`LfReader::search`].
    pub fn beep(&mut self, frequency: u16, on_ms: u16) -> Result<(), DeviceError> {
        let answer = self.exchange(Call::Beep { volume: 100, frequency, on_ms, off_ms: 0 })?;
        self.understand(&answer, Answer::nothing)
    }

    /// One frame to the reader's LEGIC chip (a TWN4 that has one), one frame back. What stands in it is licensed:
    /// `drivers/legic/src/codes.rs`.
    ///
    /// # Errors
    /// [`DeviceError::NoCard`] if the chip does not answer; else as [`LfReader::search`].
    pub fn legic_frame(&mut self, bytes: &[u8], limit_ms: u16) -> Result<Vec<u8>, DeviceError> {
        if bytes.len() > usize::from(u8::MAX) {
            return Err(self.wire.protocol("length"));
        }
        let answer = self.exchange(Call::SmGenericRaw { bytes, most: u8::MAX, limit_ms })?;
        let frame = self.understand(&answer, Answer::maybe_array)?;
        frame.map(<[u8]>::to_vec).ok_or_else(|| DeviceError::NoCard { reader: self.wire.name().to_owned() })
    }

    fn exchange(&mut self, call: Call) -> Result<Zeroizing<Vec<u8>>, DeviceError> {
        let answer = self.wire.exchange(&call.encode());
        if answer.is_err() {
            self.begun = None;
        }
        answer
    }

    fn understand<'a, T>(
        &self,
        answer: &'a [u8],
        how: impl FnOnce(Answer<'a>) -> Result<T, AnswerFault>,
    ) -> Result<T, DeviceError> {
        Answer::open(answer).and_then(how).map_err(|fault| match fault {
            AnswerFault::UnknownCall => self.unsupported("this call"),
            AnswerFault::Error(_) => self.wire.protocol("error byte"),
            AnswerFault::Form => self.wire.protocol("answer"),
        })
    }

    fn unsupported(&self, what: &'static str) -> DeviceError {
        DeviceError::Unsupported { device: self.wire.name().to_owned(), what }
    }

    fn begin(&mut self, chip: Chip) -> Result<(), DeviceError> {
        if chip == Chip::Em4305 && !self.options.em4305_confirmed {
            return Err(self.unsupported("EM4305"));
        }
        if self.begun == Some(chip) {
            return Ok(());
        }
        let call = match chip {
            Chip::T5577 => Some(Call::At55Begin),
            Chip::Em4305 => Some(Call::Em4305Begin),
            Chip::Em4150 => None,
        };
        if let Some(call) = call {
            let answer = self.exchange(call)?;
            self.understand(&answer, Answer::nothing)?;
        }
        self.begun = Some(chip);
        Ok(())
    }

    /// Chips with a session of their own want the password before the call instead of in it.
    fn log_in_first(&mut self, chip: Chip, password: Option<&Secret<4>>) -> Result<bool, DeviceError> {
        match password {
            Some(password) if chip != Chip::T5577 => self.login(chip, password),
            _ => Ok(true),
        }
    }
}

impl LfReader for Twn4 {
    fn name(&self) -> &str {
        self.wire.name()
    }

    fn search(&mut self) -> Result<Option<LfCard>, DeviceError> {
        self.begun = None;
        let answer = self.exchange(Call::SearchTag(MOST_ID))?;
        let found = self.understand(&answer, Answer::found)?;
        Ok(found.map(|(kind, bits, id)| {
            let kind = match kind {
                TAG_EM4102 => LfKind::Em4100,
                TAG_EM4150 => LfKind::Em4150,
                TAG_AT5555 => LfKind::T5577,
                TAG_EM4305 => LfKind::Em4305,
                TAG_HIDPROX => LfKind::HidProx,
                other => LfKind::Other(other),
            };
            LfCard { kind, bits, id }
        }))
    }

    fn read(
        &mut self,
        chip: Chip,
        address: u8,
        password: Option<&Secret<4>>,
    ) -> Result<Option<Secret<4>>, DeviceError> {
        self.begin(chip)?;
        if !self.log_in_first(chip, password)? {
            return Ok(None);
        }
        let answer = self.exchange(match chip {
            Chip::T5577 => Call::At55Read(address, password.map(Secret::expose)),
            Chip::Em4150 => Call::Em4150Read(address),
            Chip::Em4305 => Call::Em4305Read(address),
        })?;
        let block = self.understand(&answer, Answer::block)?;
        Ok(block.and_then(|block| Secret::from_slice(block)))
    }

    fn write(
        &mut self,
        chip: Chip,
        address: u8,
        value: &Secret<4>,
        password: Option<&Secret<4>>,
    ) -> Result<(), DeviceError> {
        self.begin(chip)?;
        // A login that is refused shows when the block is read back.
        self.log_in_first(chip, password)?;
        let value = value.expose();
        let answer = self.exchange(match chip {
            Chip::T5577 => Call::At55Write(address, value, password.map(Secret::expose)),
            Chip::Em4150 => Call::Em4150Write(address, value),
            Chip::Em4305 => Call::Em4305Write(address, value),
        })?;
        self.understand(&answer, Answer::truth).map(|_| ())
    }

    fn login(&mut self, chip: Chip, password: &Secret<4>) -> Result<bool, DeviceError> {
        self.begin(chip)?;
        let password = password.expose();
        let answer = self.exchange(match chip {
            Chip::T5577 => return Err(self.unsupported("a login of the T5577")),
            Chip::Em4150 => Call::Em4150Login(password),
            Chip::Em4305 => Call::Em4305Login(password),
        })?;
        self.understand(&answer, Answer::truth)
    }

    fn field_off(&mut self) -> Result<(), DeviceError> {
        self.begun = None;
        let answer = self.exchange(Call::SetRfOff)?;
        self.understand(&answer, Answer::nothing)
    }
}
