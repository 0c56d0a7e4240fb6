//! The Simple Protocol: frames (sections 1.3 and 1.4) and calls (1.5). Pure.

use zeroize::Zeroizing;

/// How bytes are framed. The reader's firmware is built for one of these; as delivered it is ASCII without check sum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Framing {
    /// Two hexadecimal digits a byte and a carriage return, or bytes behind a length.
    pub ascii: bool,
    /// Whether a check sum follows.
    pub crc: bool,
}

impl Default for Framing {
    fn default() -> Self {
        Self { ascii: true, crc: false }
    }
}

/// Why what came is no frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameFault {
    /// Not two hexadecimal digits a byte.
    Digits,
    /// The check sum does not agree.
    CheckSum,
    /// Longer than any answer.
    Length,
}

impl FrameFault {
    /// Which part of the protocol, for the log.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Digits => "digits",
            Self::CheckSum => "check sum",
            Self::Length => "length",
        }
    }
}

/// The longest answer in bytes: two arrays of 255 with their lengths leave room to spare.
const LONGEST: usize = 1024;

/// 1.3.3: CCITT, polynomial 8408 reversed, from FFFF; sent low byte first.
#[must_use]
pub fn crc(bytes: &[u8]) -> u16 {
    let mut crc = 0xFFFF_u16;
    for byte in bytes {
        crc ^= u16::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 0 { crc >> 1 } else { crc >> 1 ^ 0x8408 };
        }
    }
    crc
}

impl Framing {
    /// What goes over the wire for these bytes.
    #[must_use]
    pub fn encode(self, bytes: &[u8]) -> Zeroizing<Vec<u8>> {
        const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
        let sum = if self.crc { crc(bytes).to_le_bytes().to_vec() } else { Vec::new() };
        let all = bytes.iter().chain(&sum);
        // Room for all of it at once, so that growing leaves no copy of a password behind.
        let mut out = Zeroizing::new(Vec::with_capacity(2 * (bytes.len() + sum.len()) + 2));
        if self.ascii {
            for byte in all {
                out.extend([DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 0xF)]]);
            }
            out.push(b'\r');
        } else {
            out.extend(((bytes.len() + sum.len()) as u16).to_le_bytes());
            out.extend(all);
        }
        out
    }

    /// Takes the check sum off.
    fn open(self, mut bytes: Zeroizing<Vec<u8>>) -> Result<Zeroizing<Vec<u8>>, FrameFault> {
        if self.crc {
            let (body, sum) = bytes.split_last_chunk::<2>().ok_or(FrameFault::CheckSum)?;
            if *sum != crc(body).to_le_bytes() {
                return Err(FrameFault::CheckSum);
            }
            let length = body.len();
            bytes.truncate(length);
        }
        Ok(bytes)
    }
}

/// Puts what arrives together into one answer.
pub struct Assembly {
    framing: Framing,
    held: Zeroizing<Vec<u8>>,
}

impl Assembly {
    /// For one answer.
    #[must_use]
    pub fn new(framing: Framing) -> Self {
        Self { framing, held: Zeroizing::new(Vec::with_capacity(2 * LONGEST)) }
    }

    /// Takes the next byte. `None` as long as more must come.
    pub fn push(&mut self, byte: u8) -> Option<Result<Zeroizing<Vec<u8>>, FrameFault>> {
        if self.framing.ascii && byte == b'\r' {
            return Some(self.digits().and_then(|bytes| self.framing.open(bytes)));
        }
        if self.held.len() >= 2 * LONGEST {
            return Some(Err(FrameFault::Length));
        }
        self.held.push(byte);
        if self.framing.ascii {
            return None;
        }
        let (length, bytes) = self.held.split_first_chunk::<2>()?;
        let length = usize::from(u16::from_le_bytes(*length));
        if length > LONGEST {
            return Some(Err(FrameFault::Length));
        }
        (bytes.len() == length).then(|| self.framing.open(Zeroizing::new(bytes.to_vec())))
    }

    fn digits(&self) -> Result<Zeroizing<Vec<u8>>, FrameFault> {
        let digit = |byte: u8| char::from(byte).to_digit(16).ok_or(FrameFault::Digits);
        let mut out = Zeroizing::new(Vec::with_capacity(self.held.len() / 2));
        for pair in self.held.chunks(2) {
            let [high, low] = pair else { return Err(FrameFault::Digits) };
            out.push((digit(*high)? << 4 | digit(*low)?) as u8);
        }
        Ok(out)
    }
}

/// Bit of a tag type in the masks of SetTagTypes (appendix A).
const fn mask(kind: u8) -> u32 {
    1 << (kind & 0x1F)
}

/// EM4100, EM4102.
pub const TAG_EM4102: u8 = 0x40;
/// EM4150, EM4450.
pub const TAG_EM4150: u8 = 0x43;
/// T5577, T5555.
pub const TAG_AT5555: u8 = 0x44;
/// EM4305.
pub const TAG_EM4305: u8 = 0x48;
/// HID Prox.
pub const TAG_HIDPROX: u8 = 0x49;

/// The 125 kHz kinds that [`lanyard_device::LfKind`] knows.
pub const TAGS_LF: u32 = mask(TAG_EM4102) | mask(TAG_EM4150) | mask(TAG_AT5555) | mask(TAG_EM4305) | mask(TAG_HIDPROX);

/// A call to the reader.
#[derive(Clone, Copy)]
pub enum Call<'a> {
    /// 1.5.1.4: the firmware's version, so many characters of it.
    GetVersionString(u8),
    /// 1.5.1.5: how it is connected.
    GetUsbType,
    /// 1.5.3.8: volume in percent, frequency in Hz, milliseconds on and off.
    Beep {
        /// Percent.
        volume: u8,
        /// Hz.
        frequency: u16,
        /// Milliseconds.
        on_ms: u16,
        /// Milliseconds.
        off_ms: u16,
    },
    /// 1.5.3.15: these lights are used.
    LedInit(u8),
    /// 1.5.3.16.
    LedOn(u8),
    /// 1.5.3.17.
    LedOff(u8),
    /// 1.5.4.1: at most so many bytes of number.
    SearchTag(u8),
    /// 1.5.4.2.
    SetRfOff,
    /// 1.5.4.3: which kinds to look for, by frequency.
    SetTagTypes {
        /// 125 kHz.
        lf: u32,
        /// 13.56 MHz.
        hf: u32,
    },
    /// 1.5.8.1: bytes for the LEGIC chip, raw; the longest answer; milliseconds.
    SmGenericRaw {
        /// Bytes.
        bytes: &'a [u8],
        /// The longest answer.
        most: u8,
        /// Milliseconds.
        limit_ms: u16,
    },
    /// 1.5.8.2: a command for the LEGIC chip, framed by the reader; the longest answer; milliseconds.
    SmGeneric {
        /// Command and data.
        command: &'a [u8],
        /// The longest answer.
        most: u8,
        /// Milliseconds.
        limit_ms: u16,
    },
    /// 1.5.18.1.
    At55Begin,
    /// 1.5.18.2 and .3, by whether there is a password.
    At55Read(u8, Option<&'a [u8; 4]>),
    /// 1.5.18.4 and .5. The calls that also lock are left out: nothing here locks a card for ever.
    At55Write(u8, &'a [u8; 4], Option<&'a [u8; 4]>),
    /// 1.5.20.1.
    Em4150Login(&'a [u8; 4]),
    /// 1.5.20.2.
    Em4150Read(u8),
    /// 1.5.20.3.
    Em4150Write(u8, &'a [u8; 4]),
    /// 1.5.20.4: the present, the new.
    Em4150WritePassword(&'a [u8; 4], &'a [u8; 4]),
    /// 1.5.27: bit rate of an EM4102.
    Em4102GetTagInfo,
    /// 1.5.35.1.
    Em4305Begin,
    /// 1.5.35.2.
    Em4305Read(u8),
    /// 1.5.35.3.
    Em4305Write(u8, &'a [u8; 4]),
    /// 1.5.35.4.
    Em4305Login(&'a [u8; 4]),
}

impl Call<'_> {
    /// The bytes: API number, function number, parameters (1.1).
    #[must_use]
    pub fn encode(&self) -> Zeroizing<Vec<u8>> {
        let mut out = Zeroizing::new(Vec::with_capacity(300));
        let mut put = |parts: &[&[u8]]| parts.iter().for_each(|part| out.extend_from_slice(part));
        match self {
            Self::GetVersionString(most) => put(&[&[0x00, 0x04, *most]]),
            Self::GetUsbType => put(&[&[0x00, 0x05]]),
            Self::Beep { volume, frequency, on_ms, off_ms } => {
                let [f, on, off] = [frequency, on_ms, off_ms].map(|number| number.to_le_bytes());
                put(&[&[0x04, 0x07, *volume], &f, &on, &off]);
            }
            Self::LedInit(lights) => put(&[&[0x04, 0x10, *lights]]),
            Self::LedOn(lights) => put(&[&[0x04, 0x11, *lights]]),
            Self::LedOff(lights) => put(&[&[0x04, 0x12, *lights]]),
            Self::SearchTag(most) => put(&[&[0x05, 0x00, *most]]),
            Self::SetRfOff => put(&[&[0x05, 0x01]]),
            Self::SetTagTypes { lf, hf } => put(&[&[0x05, 0x02], &lf.to_le_bytes(), &hf.to_le_bytes()]),
            Self::SmGenericRaw { bytes, most, limit_ms } => {
                put(&[&[0x09, 0x00, bytes.len() as u8], bytes, &[*most], &limit_ms.to_le_bytes()]);
            }
            Self::SmGeneric { command, most, limit_ms } => {
                put(&[&[0x09, 0x01, command.len() as u8], command, &[*most], &limit_ms.to_le_bytes()]);
            }
            Self::At55Begin => put(&[&[0x15, 0x00]]),
            Self::At55Read(block, None) => put(&[&[0x15, 0x01, *block]]),
            Self::At55Read(block, Some(password)) => put(&[&[0x15, 0x02, *block], *password]),
            Self::At55Write(block, value, None) => put(&[&[0x15, 0x03, *block], *value]),
            Self::At55Write(block, value, Some(password)) => put(&[&[0x15, 0x04, *block], *value, *password]),
            Self::Em4150Login(password) => put(&[&[0x19, 0x00], *password]),
            Self::Em4150Read(word) => put(&[&[0x19, 0x01, *word]]),
            Self::Em4150Write(word, value) => put(&[&[0x19, 0x02, *word], *value]),
            Self::Em4150WritePassword(present, new) => put(&[&[0x19, 0x03], *present, *new]),
            Self::Em4102GetTagInfo => put(&[&[0x23, 0x00]]),
            Self::Em4305Begin => put(&[&[0x2F, 0x00]]),
            Self::Em4305Read(word) => put(&[&[0x2F, 0x01, *word]]),
            Self::Em4305Write(word, value) => put(&[&[0x2F, 0x02, *word], *value]),
            Self::Em4305Login(password) => put(&[&[0x2F, 0x03], *password]),
        }
        out
    }
}

/// Why an answer says nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnswerFault {
    /// The firmware does not know the call.
    UnknownCall,
    /// 1.2: another of the error bytes.
    Error(u8),
    /// Too short, too long, or neither true nor false.
    Form,
}

/// An answer whose status was good.
#[derive(Debug)]
pub struct Answer<'a>(&'a [u8]);

/// What SearchTag found: kind, bits, number.
pub type Found = (u8, u8, Vec<u8>);

impl<'a> Answer<'a> {
    /// Takes the status off (1.2).
    ///
    /// # Errors
    /// [`AnswerFault`].
    pub fn open(bytes: &'a [u8]) -> Result<Self, AnswerFault> {
        match bytes {
            [0, rest @ ..] => Ok(Self(rest)),
            [1, ..] => Err(AnswerFault::UnknownCall),
            [error, ..] => Err(AnswerFault::Error(*error)),
            [] => Err(AnswerFault::Form),
        }
    }

    /// Nothing more.
    ///
    /// # Errors
    /// [`AnswerFault::Form`]: as for all of these.
    pub fn nothing(self) -> Result<(), AnswerFault> {
        if self.0.is_empty() { Ok(()) } else { Err(AnswerFault::Form) }
    }

    /// True or false.
    ///
    /// # Errors
    /// [`AnswerFault::Form`].
    pub fn truth(self) -> Result<bool, AnswerFault> {
        match self.0 {
            [0] => Ok(false),
            [1] => Ok(true),
            _ => Err(AnswerFault::Form),
        }
    }

    /// Four bytes, or false.
    ///
    /// # Errors
    /// [`AnswerFault::Form`].
    pub fn block(self) -> Result<Option<&'a [u8; 4]>, AnswerFault> {
        match self.0 {
            // A reader may send what it has read all the same.
            [0, ..] => Ok(None),
            [1, block @ ..] => block.try_into().map(Some).map_err(|_| AnswerFault::Form),
            _ => Err(AnswerFault::Form),
        }
    }

    /// An array with its length.
    ///
    /// # Errors
    /// [`AnswerFault::Form`].
    pub fn array(self) -> Result<&'a [u8], AnswerFault> {
        match self.0 {
            [length, rest @ ..] if rest.len() == usize::from(*length) => Ok(rest),
            _ => Err(AnswerFault::Form),
        }
    }

    /// An array with its length, or false.
    ///
    /// # Errors
    /// [`AnswerFault::Form`].
    pub fn maybe_array(self) -> Result<Option<&'a [u8]>, AnswerFault> {
        match self.0 {
            [0, ..] => Ok(None),
            [1, rest @ ..] => Answer(rest).array().map(Some),
            _ => Err(AnswerFault::Form),
        }
    }

    /// What SearchTag found.
    ///
    /// # Errors
    /// [`AnswerFault::Form`].
    pub fn found(self) -> Result<Option<Found>, AnswerFault> {
        match self.0 {
            [0, ..] => Ok(None),
            [1, kind, bits, rest @ ..] => Ok(Some((*kind, *bits, Answer(rest).array()?.to_vec()))),
            _ => Err(AnswerFault::Form),
        }
    }
}
