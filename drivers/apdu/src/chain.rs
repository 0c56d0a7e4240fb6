//! Command chaining (ISO/IEC 7816-4 §5.3.3, CLA bit 5) and GET RESPONSE (§5.3.4, SW1 `61`), as a layer around a script.

use std::collections::VecDeque;

use crate::{ApduError, Command, Expected, Response, Script, Status, Step};

/// The longest answer that is put together, in bytes: above any PIV object (SP 800-73-4 part 1, table 8).
const LIMIT: usize = 65_536;

/// The most pieces that an answer comes in: a card that says `61` again and again, and gives little or nothing, has an end.
const PIECES: u32 = 1_024;

/// Wraps a script whose commands and answers may be longer than a short APDU.
pub struct Chaining<S> {
    inner: S,
    waiting: VecDeque<Command>,
    answer: Vec<u8>,
    pieces: u32,
}

impl<S> Chaining<S> {
    /// Splits commands at 255 bytes.
    pub fn new(inner: S) -> Self {
        Self { inner, waiting: VecDeque::new(), answer: Vec::new(), pieces: 0 }
    }

    fn send(&mut self, command: Command) -> Command {
        if command.data.len() <= 255 {
            return command;
        }
        let last = command.data.len().div_ceil(255) - 1;
        for (i, part) in command.data.chunks(255).enumerate() {
            let mut piece = Command::new(command.cla, command.ins, command.p1, command.p2).with_data(part);
            if i == last {
                piece.expected = command.expected;
            } else {
                piece.cla |= 0x10;
            }
            self.waiting.push_back(piece);
        }
        self.waiting.pop_front().unwrap_or(command)
    }
}

impl<S: Script> Script for Chaining<S>
where
    S::Error: From<ApduError>,
{
    type Output = S::Output;
    type Error = S::Error;

    fn step(&mut self, response: Option<&Response>) -> Step<S::Output, S::Error> {
        let next = match response {
            None => self.inner.step(None),
            Some(response) if !self.waiting.is_empty() && response.status == Status::OK => {
                match self.waiting.pop_front() {
                    Some(command) => return Step::Transmit(command),
                    None => self.inner.step(Some(response)),
                }
            }
            Some(response) => {
                // A refusal in the middle of a chain ends the chain: the script sees the refusal.
                self.waiting.clear();
                self.answer.extend_from_slice(&response.data);
                self.pieces += 1;
                if self.answer.len() > LIMIT || self.pieces > PIECES {
                    return Step::Failed(ApduError::Endless { limit: LIMIT }.into());
                }
                if response.status.sw1() == 0x61 {
                    let le = match response.status.sw2() {
                        0 => Expected::Any,
                        n => Expected::UpTo(u32::from(n)),
                    };
                    return Step::Transmit(Command::new(0, 0xC0, 0, 0).expecting(le));
                }
                self.pieces = 0;
                let whole = Response::new(std::mem::take(&mut self.answer), response.status);
                self.inner.step(Some(&whole))
            }
        };
        match next {
            Step::Transmit(command) => Step::Transmit(self.send(command)),
            end => end,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Once(Command);
    impl Script for Once {
        type Output = Vec<u8>;
        type Error = ApduError;
        fn step(&mut self, response: Option<&Response>) -> Step<Vec<u8>, ApduError> {
            match response {
                None => Step::Transmit(self.0.clone()),
                Some(r) => Step::Done(r.data.clone()),
            }
        }
    }

    #[test]
    fn a_long_command_goes_in_pieces_and_a_long_answer_comes_whole() {
        let long = Command::new(0, 0xDB, 0x3F, 0xFF).with_data(vec![9; 600]).expecting(Expected::Any);
        let mut seen = Vec::new();
        let out = crate::drive(&mut Chaining::new(Once(long)), |bytes| {
            let command = Command::parse(bytes).unwrap();
            seen.push((command.cla, command.ins, command.data.len()));
            Ok::<_, ()>(match seen.len() {
                1 | 2 => vec![0x90, 0],
                3 => vec![1, 2, 0x61, 1],
                _ => vec![3, 0x90, 0],
            })
        });
        assert_eq!(out.unwrap(), [1, 2, 3]);
        assert_eq!(seen, [(0x10, 0xDB, 255), (0x10, 0xDB, 255), (0, 0xDB, 90), (0, 0xC0, 0)]);
    }

    #[test]
    fn a_card_that_never_stops_sending_is_stopped_however_little_it_sends() {
        for piece in [256, 1, 0] {
            let out = crate::drive(&mut Chaining::new(Once(Command::new(0, 0xCB, 0, 0))), |_| {
                let mut answer = vec![0; piece];
                answer.extend_from_slice(&[0x61, 0]);
                Ok::<_, ()>(answer)
            });
            assert!(matches!(out, Err(crate::DriveError::Script(ApduError::Endless { .. }))));
        }
    }
}
