//! A session with the card on a reader.

use lanyard_device::{Channel, DeviceError};
use pcsc::{Card, Disposition, Protocol};
use zeroize::Zeroize;

use crate::{service::at_card, t0};

/// Room for the longest answer: 65,536 bytes and the status word.
const ROOM: usize = 65_538;

/// A card, opened for this program alone. Dropping it resets the card and ends the session. Exclusive as it is, no
/// transaction is needed around its commands.
pub struct PcscChannel {
    /// `None` only while it is dropped.
    card: Option<Card>,
    gone: bool,
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
        Ok(Self { card: Some(card), gone: false, reader, atr, protocol, buffer: vec![0; ROOM] })
    }

    fn exchange(&mut self, command: &[u8]) -> Result<Vec<u8>, DeviceError> {
        let gone = || DeviceError::CardGone { reader: self.reader.clone() };
        let card = self.card.as_ref().filter(|_| !self.gone).ok_or_else(gone)?;
        match card.transmit(command, &mut self.buffer) {
            Err(error) => {
                let error = at_card(error, &self.reader, true);
                self.gone = matches!(error, DeviceError::CardGone { .. } | DeviceError::Gone { .. });
                Err(error)
            }
            // No card answers with less than a status word. Some readers' drivers (vpcd) say so of one that has left.
            Ok(answer) if answer.len() < 2 => {
                self.gone = true;
                Err(gone())
            }
            Ok(answer) => {
                let answer = answer.to_vec();
                self.buffer[..answer.len()].zeroize();
                Ok(answer)
            }
        }
    }
}

impl Drop for PcscChannel {
    fn drop(&mut self) {
        // A reset of a card that has left makes pcscd take the reader for empty before it has seen the card leave, and so
        // miss the next one.
        let end = if self.gone { Disposition::LeaveCard } else { Disposition::ResetCard };
        // Where that fails the session is over already.
        let _ = self.card.take().map(|card| card.disconnect(end));
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
