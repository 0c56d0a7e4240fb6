//! What is between host and card after authentication: none, D40, EV1 or EV2 secure messaging, or nothing any more.

mod d40;
mod ev1;
mod ev2;

pub(crate) use d40::D40;
pub(crate) use ev1::Ev1;
pub(crate) use ev2::Ev2;

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::call::{Call, Guard};
use crate::keys::KeyRules;
use crate::{CommMode, DesfireError, KeyNo};

/// The session.
pub(crate) enum Session {
    /// Nothing proved.
    None,
    D40(D40),
    Ev1(Ev1),
    Ev2(Ev2),
    /// An answer was wrong. There is no way back.
    Dead,
}

impl Session {
    /// The payload behind the instruction byte, protected.
    pub(crate) fn seal(&mut self, call: &Call) -> Result<Zeroizing<Vec<u8>>, DesfireError> {
        match self {
            Self::None => match call.guard {
                Guard::Bare
                | Guard::Managed
                | Guard::ReaderId
                | Guard::Read { mode: CommMode::Plain, .. }
                | Guard::Write { mode: CommMode::Plain } => Ok(Zeroizing::new(call.plain())),
                _ => Err(DesfireError::SessionMissing { op: call.op }),
            },
            Self::D40(session) => Ok(session.seal(call)),
            Self::Ev1(session) => Ok(session.seal(call)),
            Self::Ev2(session) => session.seal(call),
            Self::Dead => Err(DesfireError::SessionDead { op: call.op }),
        }
    }

    /// The answer's data, checked and deciphered.
    pub(crate) fn open(&mut self, call: &Call, body: Zeroizing<Vec<u8>>) -> Result<Zeroizing<Vec<u8>>, DesfireError> {
        match self {
            Self::None => Ok(body),
            Self::D40(session) => session.open(call, body),
            Self::Ev1(session) => session.open(call, body),
            Self::Ev2(session) => session.open(call, body),
            Self::Dead => Err(DesfireError::SessionDead { op: call.op }),
        }
    }

    /// The key that was proved.
    pub(crate) fn key_no(&self) -> Option<KeyNo> {
        match self {
            Self::D40(session) => Some(session.key_no),
            Self::Ev1(session) => Some(session.key_no),
            Self::Ev2(session) => Some(session.key_no),
            Self::None | Self::Dead => None,
        }
    }

    pub(crate) fn key_rules(&self) -> Option<KeyRules> {
        match self {
            Self::D40(_) => Some(KeyRules::D40),
            Self::Ev1(_) => Some(KeyRules::Ev1),
            Self::Ev2(_) => Some(KeyRules::Ev2),
            Self::None | Self::Dead => None,
        }
    }
}

/// Splits a MAC of `N` bytes off the end and compares it in constant time with what `expected` makes of the rest.
fn checked<const N: usize>(
    op: &'static str,
    mut body: Zeroizing<Vec<u8>>,
    expected: impl FnOnce(&[u8]) -> [u8; N],
) -> Result<Zeroizing<Vec<u8>>, DesfireError> {
    let fail = DesfireError::AnswerMac { op };
    let (data, mac) = body.split_last_chunk::<N>().ok_or(fail)?;
    if !bool::from(expected(data).ct_eq(mac)) {
        return Err(fail);
    }
    let len = data.len();
    body.truncate(len);
    Ok(body)
}

/// Splits checksum and padding (zeros, or 80 and zeros) off deciphered data of a known length.
fn summed<const N: usize>(
    op: &'static str,
    mut body: Zeroizing<Vec<u8>>,
    length: usize,
    sum: impl FnOnce(&[u8]) -> [u8; N],
) -> Result<Zeroizing<Vec<u8>>, DesfireError> {
    let fail = DesfireError::AnswerCrc { op };
    let (data, rest) = body.split_at_checked(length).ok_or(fail)?;
    let (crc, padding) = rest.split_first_chunk::<N>().ok_or(fail)?;
    let zeros = padding.strip_prefix(&[0x80]).unwrap_or(padding);
    if !bool::from(sum(data).ct_eq(crc)) || zeros.iter().any(|byte| *byte != 0) {
        return Err(fail);
    }
    body.truncate(length);
    Ok(body)
}

/// Whole blocks that can hold `length` bytes, their checksum, and no block more than a padding mark needs.
fn fits(op: &'static str, body: &[u8], length: usize, sum: usize, block: usize) -> Result<(), DesfireError> {
    let least = (length + sum).next_multiple_of(block);
    if body.len() == least || body.len() == (length + sum + 1).next_multiple_of(block) {
        return Ok(());
    }
    Err(DesfireError::AnswerLength { op, len: body.len() })
}

/// A command that has no answer data at all.
fn empty(op: &'static str, body: Zeroizing<Vec<u8>>) -> Result<Zeroizing<Vec<u8>>, DesfireError> {
    if body.is_empty() { Ok(body) } else { Err(DesfireError::AnswerLength { op, len: body.len() }) }
}
