//! A command APDU (ISO/IEC 7816-4 §5.2), short or extended.

use zeroize::Zeroize;

use crate::ApduError;

/// How much data the answer may carry (Le).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// No Le: nothing but the status word.
    Nothing,
    /// At most this many bytes, 1 to 65,536.
    UpTo(u32),
    /// As much as fits the form in use: Le `00` (256) or `0000` (65,536).
    Any,
}

/// A command. Its data is wiped on drop, since it may be a PIN or a key cryptogram; `Debug` shows no data.
#[derive(Clone, PartialEq, Eq)]
pub struct Command {
    /// Class byte.
    pub cla: u8,
    /// Instruction byte.
    pub ins: u8,
    /// First parameter.
    pub p1: u8,
    /// Second parameter.
    pub p2: u8,
    /// At most 65,535 bytes.
    pub data: Vec<u8>,
    /// Le.
    pub expected: Expected,
}

impl Command {
    /// Header only, no data, no Le.
    #[must_use]
    pub fn new(cla: u8, ins: u8, p1: u8, p2: u8) -> Self {
        Self { cla, ins, p1, p2, data: Vec::new(), expected: Expected::Nothing }
    }

    /// With data.
    #[must_use]
    pub fn with_data(mut self, data: impl Into<Vec<u8>>) -> Self {
        self.data = data.into();
        self
    }

    /// With Le.
    #[must_use]
    pub fn expecting(mut self, expected: Expected) -> Self {
        self.expected = expected;
        self
    }

    /// A DESFire native command wrapped in ISO 7816: `90 INS 00 00 [Lc data] 00`.
    #[must_use]
    pub fn wrapped(ins: u8, data: impl Into<Vec<u8>>) -> Self {
        Self::new(0x90, ins, 0, 0).with_data(data).expecting(Expected::Any)
    }

    /// Whether it needs the extended form (§5.2: more than 255 bytes of data, or Le above 256).
    #[must_use]
    pub fn needs_extended(&self) -> bool {
        self.data.len() > 255 || matches!(self.expected, Expected::UpTo(n) if n > 256)
    }

    /// The bytes to send, in the short form where it fits. Wiped on drop, as the command is.
    #[must_use]
    pub fn encode(&self) -> Encoded {
        // Roomy enough: growing would leave a copy behind.
        let mut out = Vec::with_capacity(self.data.len() + 9);
        out.extend_from_slice(&[self.cla, self.ins, self.p1, self.p2]);
        if self.needs_extended() {
            let le = match self.expected {
                Expected::Nothing => None,
                Expected::UpTo(n) => Some((n & 0xFFFF) as u16),
                Expected::Any => Some(0),
            };
            if !self.data.is_empty() {
                out.push(0);
                out.extend_from_slice(&(self.data.len() as u16).to_be_bytes());
                out.extend_from_slice(&self.data);
            }
            if let Some(le) = le {
                if self.data.is_empty() {
                    out.push(0);
                }
                out.extend_from_slice(&le.to_be_bytes());
            }
        } else {
            if !self.data.is_empty() {
                out.push(self.data.len() as u8);
                out.extend_from_slice(&self.data);
            }
            match self.expected {
                Expected::Nothing => {}
                Expected::UpTo(n) => out.push((n & 0xFF) as u8),
                Expected::Any => out.push(0),
            }
        }
        Encoded(out)
    }

    /// Reads a command as a card does.
    ///
    /// # Errors
    /// [`ApduError::NotACommand`] where header, Lc and length disagree.
    pub fn parse(bytes: &[u8]) -> Result<Self, ApduError> {
        let fail = || ApduError::NotACommand { len: bytes.len() };
        let (head, body) = bytes.split_at_checked(4).ok_or_else(fail)?;
        let mut command = Self::new(head[0], head[1], head[2], head[3]);
        let short_le = |le: u8| if le == 0 { Expected::Any } else { Expected::UpTo(u32::from(le)) };
        match body {
            [] => {}
            [le] => command.expected = short_le(*le),
            [0, a, b] => {
                let le = u16::from_be_bytes([*a, *b]);
                command.expected = if le == 0 { Expected::UpTo(65_536) } else { Expected::UpTo(u32::from(le)) };
            }
            [0, a, b, rest @ ..] => {
                let lc = usize::from(u16::from_be_bytes([*a, *b]));
                let (data, tail) = rest.split_at_checked(lc).ok_or_else(fail)?;
                command.data = data.to_vec();
                command.expected = match tail {
                    [] => Expected::Nothing,
                    [0, 0] => Expected::UpTo(65_536),
                    [a, b] => Expected::UpTo(u32::from(u16::from_be_bytes([*a, *b]))),
                    _ => return Err(fail()),
                };
            }
            [lc, rest @ ..] => {
                let (data, tail) = rest.split_at_checked(usize::from(*lc)).ok_or_else(fail)?;
                command.data = data.to_vec();
                command.expected = match tail {
                    [] => Expected::Nothing,
                    [le] => short_le(*le),
                    _ => return Err(fail()),
                };
            }
        }
        Ok(command)
    }
}

impl Drop for Command {
    fn drop(&mut self) {
        self.data.zeroize();
    }
}

impl std::fmt::Debug for Command {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { cla, ins, p1, p2, .. } = self;
        write!(f, "Command {cla:02X} {ins:02X} {p1:02X} {p2:02X} ({} bytes, {:?})", self.data.len(), self.expected)
    }
}

/// The bytes of a command, wiped on drop as the command is; `Debug` shows how many.
pub struct Encoded(Vec<u8>);

impl std::ops::Deref for Encoded {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl AsRef<[u8]> for Encoded {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl<T: AsRef<[u8]>> PartialEq<T> for Encoded {
    fn eq(&self, other: &T) -> bool {
        self.0 == other.as_ref()
    }
}

impl Drop for Encoded {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl std::fmt::Debug for Encoded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Encoded ({} bytes)", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round(command: &Command) {
        assert_eq!(&Command::parse(&command.encode()).unwrap(), command);
    }

    #[test]
    fn all_four_short_cases_come_back_as_they_went() {
        round(&Command::new(0, 0xA4, 4, 0));
        round(&Command::new(0, 0xA4, 4, 0).expecting(Expected::Any));
        round(&Command::new(0, 0xA4, 4, 0).with_data([1, 2, 3]));
        round(&Command::new(0, 0xA4, 4, 0).with_data([1, 2, 3]).expecting(Expected::UpTo(5)));
    }

    #[test]
    fn long_data_takes_the_extended_form() {
        let command = Command::new(0, 0xDB, 0x3F, 0xFF).with_data(vec![7; 300]).expecting(Expected::UpTo(1000));
        assert_eq!(&command.encode()[4..7], &[0, 1, 44]);
        round(&command);
    }

    #[test]
    fn a_length_that_lies_is_refused() {
        assert!(Command::parse(&[0, 0xA4, 4, 0, 5, 1, 2]).is_err());
        assert!(Command::parse(&[0, 0xA4, 4]).is_err());
        assert!(Command::parse(&[0, 0xA4, 4, 0, 1, 2, 3, 4]).is_err());
    }

    #[test]
    fn debug_shows_no_data() {
        let shown = format!("{:?}", Command::new(0, 0x20, 0, 0x80).with_data(*b"271828"));
        assert!(!shown.contains("50") && !shown.contains("271828"), "{shown}");
    }

    #[test]
    fn the_bytes_to_send_need_no_growing_and_show_nothing() {
        for (data, expected) in
            [(8, Expected::Any), (255, Expected::Any), (256, Expected::Any), (0, Expected::UpTo(65_536))]
        {
            let command = Command::new(0, 0x20, 0, 0x80).with_data(vec![0x32; data]).expecting(expected);
            let sent = command.encode();
            // A buffer that was outgrown would be freed with the PIN in it.
            assert_eq!(sent.0.capacity(), command.data.len() + 9);
            assert_eq!(format!("{sent:?}"), format!("Encoded ({} bytes)", sent.len()));
        }
    }
}
