//! A reader with a LEGIC chip (SM-4x00, SM-6300), over whatever carries the chip's frames: a TWN4's SM4X00_GenericRaw,
//! or a line of its own. The frames are public (Elatec's document prints one), the commands in them are not.

use lanyard_device::{DeviceError, LegicCard, LegicReader, LegicSegment, NewSegment};

use crate::SmCodes;
use crate::codes::{Operation, Stretch};

/// Carries a frame to the chip and its answer back.
pub trait SmLink: Send {
    /// As this machine names the reader.
    fn name(&self) -> &str;

    /// One frame there, one back.
    ///
    /// # Errors
    /// What the line says.
    fn exchange(&mut self, frame: &[u8]) -> Result<Vec<u8>, DeviceError>;
}

/// What a frame of the chip says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SmAnswer {
    /// The command that it answers.
    pub command: u8,
    /// 0: done.
    pub status: u8,
    /// What follows.
    pub data: Vec<u8>,
}

/// CCITT, polynomial 8408 reversed, from FFFF.
fn crc(bytes: &[u8]) -> u16 {
    let mut register = 0xFFFF_u16;
    for byte in bytes {
        register ^= u16::from(*byte);
        for _ in 0..8 {
            register = if register & 1 == 1 { register >> 1 ^ 0x8408 } else { register >> 1 };
        }
    }
    register
}

/// `LEN CMD DATA CRC`, the check sum high byte first; the length counts what follows it. `None` if too long for that.
#[must_use]
pub fn encode_frame(command: &[u8]) -> Option<Vec<u8>> {
    let length = u8::try_from(command.len() + 2).ok()?;
    let mut frame = vec![length];
    frame.extend(command);
    let sum = crc(&frame);
    frame.extend(sum.to_be_bytes());
    Some(frame)
}

/// `LEN CMD STAT DATA CRC`. `None` if it is not such a frame.
#[must_use]
pub fn decode_frame(frame: &[u8]) -> Option<SmAnswer> {
    let (body, sum) = frame.split_last_chunk::<2>()?;
    let [length, command, status, data @ ..] = body else { return None };
    let sound = usize::from(*length) + 1 == frame.len() && *sum == crc(body).to_be_bytes();
    sound.then(|| SmAnswer { command: *command, status: *status, data: data.to_vec() })
}

/// A reader.
pub struct SmReader<L> {
    link: L,
    codes: SmCodes,
}

impl<L: SmLink> SmReader<L> {
    /// With the codes that a licensee has.
    #[must_use]
    pub fn new(link: L, codes: SmCodes) -> Self {
        Self { link, codes }
    }

    /// The link, for what else the reader offers.
    #[must_use]
    pub fn into_link(self) -> L {
        self.link
    }

    fn run<I, O>(
        &mut self,
        operation: impl FnOnce(&SmCodes) -> &Operation<I, O>,
        what: &'static str,
        input: I,
    ) -> Result<O, DeviceError> {
        let device = || self.link.name().to_owned();
        let Some((command, reply)) = *operation(&self.codes) else {
            return Err(DeviceError::Unsupported { device: device(), what });
        };
        let command = command(input);
        let frame = encode_frame(&command).ok_or(DeviceError::Protocol { device: device(), what: "length" })?;
        let answer = self.link.exchange(&frame)?;
        let device = || self.link.name().to_owned();
        let wrong = |what| DeviceError::Protocol { device: device(), what };
        let answer = decode_frame(&answer).ok_or_else(|| wrong("frame"))?;
        if command.first() != Some(&answer.command) {
            return Err(wrong("answer to another command"));
        }
        if answer.status != 0 {
            return Err(DeviceError::Refused { device: device(), reason: format!("legic-{:02x}", answer.status) });
        }
        reply(&answer.data).ok_or_else(|| wrong("answer"))
    }
}

impl<L: SmLink> LegicReader for SmReader<L> {
    fn name(&self) -> &str {
        self.link.name()
    }

    fn search(&mut self) -> Result<Option<LegicCard>, DeviceError> {
        self.run(|codes| &codes.search, "LEGIC search", ())
    }

    fn find_segment(&mut self, stamp: &[u8]) -> Result<Option<LegicSegment>, DeviceError> {
        self.run(|codes| &codes.find_segment, "LEGIC segments", stamp.to_vec())
    }

    fn read(&mut self, segment: u8, offset: u16, length: u16) -> Result<Vec<u8>, DeviceError> {
        self.run(|codes| &codes.read, "LEGIC read", Stretch { segment, offset, length })
    }

    fn write(&mut self, segment: u8, offset: u16, bytes: &[u8]) -> Result<(), DeviceError> {
        let device = self.link.name().to_owned();
        let length = bytes.len().try_into().map_err(|_| DeviceError::Protocol { device, what: "length" })?;
        self.run(|codes| &codes.write, "LEGIC write", (Stretch { segment, offset, length }, bytes.to_vec()))
    }

    fn create(&mut self, segment: &NewSegment) -> Result<LegicSegment, DeviceError> {
        self.run(|codes| &codes.create, "LEGIC create", segment.clone())
    }
}
