//! A session with the card on a reader.

use lanyard_device::{Channel, DeviceError};
use pcsc::{Card, Protocol};
use zeroize::Zeroize;

use crate::{service::at_card, t0};

/// Room for the longest answer: 65,536 bytes and the status word.
const ROOM: usize = 65_538;

/// A card, opened for this program alone. Dropping it resets the card and ends the session (`pcsc::Card` disconnects with
/// `SCARD_RESET_CARD`). Exclusive as it is, no transaction is needed around its commands.
pub struct PcscChannel {
    card: Card,
    reader: String,
    atr: Vec<u8>,
    protocol: Protocol,
    buffer: Vec<u8>,
}

impl PcscChannel {
    pub(crate) fn new(card: Card, reader: String) -> Result<Self, DeviceError> {
        let status = card.status2_owned().map_err(|error| at_card(error, &reader, false))?;
        let atr = status.atr().to_vec();
        let protocol = status.protocol2().unwrap_or(Protocol::RAW);
        Ok(Self { card, reader, atr, protocol, buffer: vec![0; ROOM] })
    }

    fn exchange(&mut self, command: &[u8]) -> Result<Vec<u8>, DeviceError> {
        match self.card.transmit(command, &mut self.buffer) {
            Err(error) => Err(at_card(error, &self.reader, true)),
            Ok(answer) => {
                let answer = answer.to_vec();
                self.buffer[..answer.len()].zeroize();
                Ok(answer)
            }
        }
    }
}

impl Channel for PcscChannel {
    fn atr(&self) -> &[u8] {
        &self.atr
    }

    fn uid(&mut self) -> Result<Vec<u8>, DeviceError> {
        if !is_contactless(&self.atr) {
            return Ok(Vec::new());
        }
        let answer = self.exchange(&[0xFF, 0xCA, 0x00, 0x00, 0x00])?;
        Ok(match &answer[..] {
            [uid @ .., 0x90, 0x00] if matches!(uid.len(), 4 | 7 | 10) => uid.to_vec(),
            _ => Vec::new(),
        })
    }

    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, DeviceError> {
        if self.protocol == Protocol::T0 {
            t0::exchange(command, |bytes| self.exchange(bytes))
        } else {
            self.exchange(command)
        }
    }
}

/// Whether the answer to reset is one that PC/SC makes up for a contactless card (PC/SC part 3 §3.1.3.2.3):
/// `3B 8n 80 01`, n historical bytes, check byte. A contact card is never asked for a UID: it would take the question
/// for a command.
fn is_contactless(atr: &[u8]) -> bool {
    matches!(atr, [0x3B, t0, 0x80, 0x01, rest @ ..] if t0 & 0xF0 == 0x80 && rest.len() == usize::from(t0 & 0x0F) + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_contactless_card_is_asked_for_a_uid() {
        assert!(is_contactless(&[0x3B, 0x81, 0x80, 0x01, 0x80, 0x80]));
        assert!(!is_contactless(&[0x3B, 0x95, 0x13, 0x81, 0x01, 0x80, 0x73, 0xFF, 0x01, 0x00, 0x0B]));
        assert!(!is_contactless(&[]));
    }
}
