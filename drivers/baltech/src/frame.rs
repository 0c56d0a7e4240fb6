//! Frames (docs.baltech.de/developers/brp-command-frame, brp-response-frame): flags, command code, length, payload,
//! check sum. Always with 16 bits of code and length, as Baltech recommends.

/// What follows a frame to prove it. On USB none is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckSum {
    /// None.
    None,
    /// CRC-16: recommended on serial lines.
    Crc16,
}

/// A command on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame(pub Vec<u8>);

/// Why what came is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameFault {
    /// Flags that answer to no frame of ours: short forms, another check sum.
    Flags,
    /// It answers another command.
    Code,
    /// A failure without its code, or more than the longest frame.
    Length,
    /// The check sum does not agree.
    CheckSum,
}

/// What became of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Status {
    /// It was carried out.
    Done(Vec<u8>),
    /// It was not; the code's meaning depends on the command's group below 40, and is general from there.
    Failed(u8),
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// What became of the command.
    pub status: Status,
    /// The reader says that its hardware has a fault (Sys.GetBootStatus tells which).
    pub hardware_fault: bool,
}

const LONG_LENGTH: u8 = 0x08;
const LONG_CODE: u8 = 0x04;
const CHECK_SUMS: u8 = 0x30;
const CRC16: u8 = 0x20;
const FAILURE: u8 = 0x80;
const BOOT_STATUS: u8 = 0x40;
const PHASE: u8 = 0x03;
const HEADER: usize = 5;

/// The longest payload: with header and check sum what the largest HID report carries.
pub(crate) const LONGEST: usize = 1013;

/// Polynomial 1021 from FFFF, sent high byte first (brp-example-frames).
fn crc16(bytes: &[u8]) -> u16 {
    let mut crc = 0xFFFF_u16;
    for byte in bytes {
        crc ^= u16::from(*byte) << 8;
        for _ in 0..8 {
            crc = if crc & 0x8000 == 0 { crc << 1 } else { crc << 1 ^ 0x1021 };
        }
    }
    crc
}

impl Frame {
    /// A command. `None` if its payload is longer than any reader takes.
    #[must_use]
    pub fn new(code: u16, payload: &[u8], check_sum: CheckSum) -> Option<Self> {
        if payload.len() > LONGEST {
            return None;
        }
        let [high, low] = code.to_be_bytes();
        let length = (payload.len() as u16).to_le_bytes();
        let sum = if check_sum == CheckSum::Crc16 { CRC16 } else { 0 };
        let mut bytes = vec![LONG_LENGTH | LONG_CODE | sum, high, low, length[0], length[1]];
        bytes.extend(payload);
        if check_sum == CheckSum::Crc16 {
            bytes.extend(crc16(&bytes).to_be_bytes());
        }
        Some(Self(bytes))
    }
}

impl Response {
    /// Reads what a reader has sent so far in answer to a command. `Ok(None)`: more must come.
    ///
    /// # Errors
    /// [`FrameFault`].
    pub fn read(bytes: &[u8], code: u16, check_sum: CheckSum) -> Result<Option<Self>, FrameFault> {
        let Some(flags) = bytes.first() else { return Ok(None) };
        let sum = if check_sum == CheckSum::Crc16 { CRC16 } else { 0 };
        if flags & (LONG_LENGTH | LONG_CODE | CHECK_SUMS | PHASE) != LONG_LENGTH | LONG_CODE | sum {
            return Err(FrameFault::Flags);
        }
        let Some([_, high, low, short, long]) = bytes.first_chunk::<HEADER>() else { return Ok(None) };
        let length = usize::from(u16::from_le_bytes([*short, *long]));
        if length > LONGEST {
            return Err(FrameFault::Length);
        }
        let body = HEADER + length;
        let whole = body + if check_sum == CheckSum::Crc16 { 2 } else { 0 };
        if bytes.len() < whole {
            return Ok(None);
        }
        if bytes.len() > whole {
            return Err(FrameFault::Length);
        }
        if bytes[body..] != *crc16(&bytes[..body]).to_be_bytes().get(..whole - body).unwrap_or_default() {
            return Err(FrameFault::CheckSum);
        }
        if [*high, *low] != code.to_be_bytes() {
            return Err(FrameFault::Code);
        }
        let payload = &bytes[HEADER..body];
        let status = match (flags & FAILURE != 0, payload) {
            (false, payload) => Status::Done(payload.to_vec()),
            (true, [status, ..]) => Status::Failed(*status),
            (true, []) => return Err(FrameFault::Length),
        };
        Ok(Some(Self { status, hardware_fault: flags & BOOT_STATUS != 0 }))
    }
}
