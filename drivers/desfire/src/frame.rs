//! How commands travel: wrapped in ISO 7816 or native, and how much fits into one frame.

use lanyard_apdu::{Command, Response, Status};

/// The form of one frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// `90 INS 00 00 [Lc data] 00`, answered `data 91xx`: what PC/SC readers carry.
    Wrapped,
    /// `INS data`, answered `status data`: five bytes more data a frame. [`native_command`] and [`native_response`]
    /// turn [`Command`] and [`Response`] into these bytes at the edge.
    Native,
}

/// What lies between host and card.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    /// Wrapped or native.
    pub framing: Framing,
    /// Frame size of the card (FSC, ISO/IEC 14443-4 §5.2.3) in bytes. No DESFire has less than 64.
    pub fsc: u16,
    /// Read and write in one APDU of up to 255 bytes (commands `AD`, `8D`), which reader and card cut into frames
    /// below (ISO/IEC 14443-4 §7.5.2): fewer exchanges. EV2 and later:
    /// [`CardVersion::takes_long_commands`](crate::CardVersion::takes_long_commands).
    pub long_commands: bool,
    /// Longest APDU body that reader and card take by extended length (ISO/IEC 7816-4 §5.2), in bytes, both ways.
    /// `None`: short APDUs only. Only together with `long_commands` does it save exchanges.
    pub extended: Option<u16>,
}

impl Link {
    /// Wrapped, without long commands: what every card and reader does.
    #[must_use]
    pub fn wrapped(fsc: u16) -> Self {
        Self { framing: Framing::Wrapped, fsc, long_commands: false, extended: None }
    }

    /// With [`Link::long_commands`].
    #[must_use]
    pub fn with_long_commands(mut self) -> Self {
        self.long_commands = true;
        self
    }

    /// With [`Link::extended`]: up to this many bytes.
    #[must_use]
    pub fn with_extended(mut self, bytes: u16) -> Self {
        self.extended = Some(bytes);
        self
    }

    /// How many bytes fit into one APDU that reader and card cut into frames below.
    pub(crate) fn apdu(&self) -> usize {
        self.extended.map_or(255, |bytes| usize::from(bytes).max(255))
    }

    /// How many bytes one UPDATE BINARY may carry: header and Lc, no Le.
    pub(crate) fn iso_write(&self) -> usize {
        if self.long_commands { self.apdu() } else { self.inf() - 5 }
    }

    /// How many bytes one READ BINARY may ask for: the answer has its status word.
    pub(crate) fn iso_read(&self) -> usize {
        if self.long_commands { self.apdu().max(256) } else { self.inf() - 2 }
    }

    /// FSC without PCB, CID and CRC.
    fn inf(&self) -> usize {
        usize::from(self.fsc.clamp(64, 256)) - 4
    }

    /// How many bytes fit behind the instruction byte of one frame: what is left of FSC without PCB, CID and CRC, and
    /// without header, Lc and Le where wrapped.
    #[must_use]
    pub fn payload(&self) -> usize {
        match self.framing {
            Framing::Wrapped => self.inf() - 6,
            Framing::Native => self.inf() - 1,
        }
    }
}

/// The bytes of a native frame.
#[must_use]
pub fn native_command(command: &Command) -> Vec<u8> {
    let mut out = Vec::with_capacity(1 + command.data.len());
    out.push(command.ins);
    out.extend_from_slice(&command.data);
    out
}

/// What a native answer means, as the wrapped one. `None` if it is empty.
#[must_use]
pub fn native_response(bytes: &[u8]) -> Option<Response> {
    let (status, data) = bytes.split_first()?;
    Some(Response::new(data, Status(0x9100 | u16::from(*status))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn at_fsc_64_a_native_frame_takes_the_59_bytes_that_desfire_is_known_for() {
        assert_eq!(Link { framing: Framing::Native, ..Link::wrapped(64) }.payload(), 59);
        assert_eq!(Link::wrapped(64).payload(), 54);
        assert_eq!(Link::wrapped(128).payload(), 118);
        assert_eq!(Link::wrapped(0).payload(), 54);
    }

    #[test]
    fn a_native_frame_is_the_wrapped_one_without_its_wrapping() {
        assert_eq!(native_command(&Command::wrapped(0xAA, [0])), [0xAA, 0]);
        let response = native_response(&[0xAF, 1, 2]).unwrap();
        assert_eq!((response.status.0, &response.data[..]), (0x91AF, &[1, 2][..]));
        assert!(native_response(&[]).is_none());
    }
}
