//! What any simulated card is to a reader, and what a reader answers in the card's place.

use std::sync::{Arc, Mutex, PoisonError};

/// A card that answers APDUs: the DESFire card of this crate, or one that others wrote.
pub trait ApduCard: Send {
    /// Enters the field or the slot. Forgets what was selected and authenticated; what was written stays.
    fn power_on(&mut self);

    /// Leaves it.
    fn power_off(&mut self);

    /// The answer to reset, or what PC/SC makes of a contactless card ([`contactless_atr`]).
    fn atr(&self) -> Vec<u8>;

    /// What the card says in anticollision: 4, 7 or 10 bytes; empty for a contact card.
    fn uid(&self) -> Vec<u8>;

    /// One command, one answer. Any bytes may come, and none may panic.
    fn transmit(&mut self, command: &[u8]) -> Vec<u8>;

    /// Power fails in the middle of a command, when so many bytes have been written to the card's memory; the card has
    /// left the field then. One that does not know how it writes has carried the command out.
    fn tear(&mut self, command: &[u8], written: usize) {
        let _ = written;
        self.transmit(command);
        self.power_off();
    }
}

impl<C: ApduCard + ?Sized> ApduCard for Box<C> {
    fn power_on(&mut self) {
        (**self).power_on();
    }

    fn power_off(&mut self) {
        (**self).power_off();
    }

    fn atr(&self) -> Vec<u8> {
        (**self).atr()
    }

    fn uid(&self) -> Vec<u8> {
        (**self).uid()
    }

    fn transmit(&mut self, command: &[u8]) -> Vec<u8> {
        (**self).transmit(command)
    }

    fn tear(&mut self, command: &[u8], written: usize) {
        (**self).tear(command, written);
    }
}

/// A card that somebody else looks into while it lies on a reader.
impl<C: ApduCard + ?Sized> ApduCard for Arc<Mutex<C>> {
    fn power_on(&mut self) {
        self.lock().unwrap_or_else(PoisonError::into_inner).power_on();
    }

    fn power_off(&mut self) {
        self.lock().unwrap_or_else(PoisonError::into_inner).power_off();
    }

    fn atr(&self) -> Vec<u8> {
        self.lock().unwrap_or_else(PoisonError::into_inner).atr()
    }

    fn uid(&self) -> Vec<u8> {
        self.lock().unwrap_or_else(PoisonError::into_inner).uid()
    }

    fn transmit(&mut self, command: &[u8]) -> Vec<u8> {
        self.lock().unwrap_or_else(PoisonError::into_inner).transmit(command)
    }

    fn tear(&mut self, command: &[u8], written: usize) {
        self.lock().unwrap_or_else(PoisonError::into_inner).tear(command, written);
    }
}

/// What PC/SC shows as the answer to reset of an ISO 14443-4 type A card (PC/SC part 3 §3.1.3.2.3.1): the historical
/// bytes of its ATS, at most 15.
#[must_use]
pub fn contactless_atr(historical: &[u8]) -> Vec<u8> {
    let historical = &historical[..historical.len().min(15)];
    let mut atr = vec![0x3B, 0x80 | historical.len() as u8, 0x80, 0x01];
    atr.extend_from_slice(historical);
    let check = atr[1..].iter().fold(0, |sum, byte| sum ^ byte);
    atr.push(check);
    atr
}

/// What program and card say to each other through a contactless reader: the reader itself answers
/// `FF CA 00 00 xx` (UID; PC/SC part 3 §3.2.2.1.3), the card all else.
pub fn answer_at_reader(card: &mut dyn ApduCard, command: &[u8]) -> Vec<u8> {
    let uid = card.uid();
    match command {
        [0xFF, 0xCA, 0x00, 0x00, le] if !uid.is_empty() => {
            let mut answer = uid;
            let wanted = usize::from(*le);
            let status: [u8; 2] = match wanted {
                0 => [0x90, 0x00],
                n if n == answer.len() => [0x90, 0x00],
                n if n < answer.len() => return vec![0x6C, answer.len() as u8],
                n => {
                    answer.resize(n, 0);
                    [0x62, 0x82]
                }
            };
            answer.extend_from_slice(&status);
            answer
        }
        [0xFF, 0xCA, ..] => vec![0x6A, 0x81],
        _ => card.transmit(command),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_atr_of_a_desfire_is_the_one_that_pcsc_shows() {
        assert_eq!(contactless_atr(&[0x80]), [0x3B, 0x81, 0x80, 0x01, 0x80, 0x80]);
    }
}
