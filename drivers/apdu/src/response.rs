//! A response APDU: data and status word.

use zeroize::Zeroize;

use crate::ApduError;

/// SW1 SW2.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Status(pub u16);

impl Status {
    /// `9000`.
    pub const OK: Self = Self(0x9000);

    /// First byte.
    #[must_use]
    pub fn sw1(self) -> u8 {
        (self.0 >> 8) as u8
    }

    /// Second byte.
    #[must_use]
    pub fn sw2(self) -> u8 {
        (self.0 & 0xFF) as u8
    }
}

impl std::fmt::Debug for Status {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:04X}", self.0)
    }
}

/// What the card answered. Its data is wiped on drop; `Debug` shows no data.
#[derive(Clone, PartialEq, Eq)]
pub struct Response {
    /// Without the status word.
    pub data: Vec<u8>,
    /// The status word.
    pub status: Status,
}

impl Response {
    /// Data and status.
    #[must_use]
    pub fn new(data: impl Into<Vec<u8>>, status: Status) -> Self {
        Self { data: data.into(), status }
    }

    /// Status alone.
    #[must_use]
    pub fn status(status: u16) -> Self {
        Self::new([], Status(status))
    }

    /// Splits off the status word.
    ///
    /// # Errors
    /// [`ApduError::NotAResponse`] below two bytes.
    pub fn parse(bytes: &[u8]) -> Result<Self, ApduError> {
        match bytes {
            [data @ .., a, b] => Ok(Self::new(data, Status(u16::from_be_bytes([*a, *b])))),
            _ => Err(ApduError::NotAResponse { len: bytes.len() }),
        }
    }

    /// Data, then the status word.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = self.data.clone();
        out.extend_from_slice(&self.status.0.to_be_bytes());
        out
    }
}

impl Drop for Response {
    fn drop(&mut self) {
        self.data.zeroize();
    }
}

impl std::fmt::Debug for Response {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Response ({} bytes) {:?}", self.data.len(), self.status)
    }
}
