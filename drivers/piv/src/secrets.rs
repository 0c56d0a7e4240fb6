//! PIN and PUK: verify, change, reset (SP 800-73-4 part 2 §3.2.1 to §3.2.3). Each failed try costs one of the card's.

use lanyard_apdu::{Command, Status};
use lanyard_secret::Secret;
use zeroize::Zeroizing;

use crate::{Operation, PivError, sequence::Next};

/// Which of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Which {
    /// The holder's PIN, key reference 80.
    Pin,
    /// The issuer's PIN unblocking key, key reference 81.
    Puk,
}

impl Which {
    fn reference(self) -> u8 {
        match self {
            Self::Pin => 0x80,
            Self::Puk => 0x81,
        }
    }
}

impl std::fmt::Display for Which {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Pin => "PIN",
            Self::Puk => "PUK",
        })
    }
}

/// Eight bytes, filled up with FF (§2.4.3).
fn padded(bytes: &[u8]) -> Secret<8> {
    Secret::filled(|held| {
        held.fill(0xFF);
        held[..bytes.len()].copy_from_slice(bytes);
    })
}

/// The holder's PIN: six to eight digits.
pub struct Pin(Secret<8>);

impl Pin {
    /// Takes six to eight ASCII digits.
    ///
    /// # Errors
    /// [`PivError::Form`].
    pub fn new(digits: &[u8]) -> Result<Self, PivError> {
        let fits = (6..=8).contains(&digits.len()) && digits.iter().all(u8::is_ascii_digit);
        if fits { Ok(Self(padded(digits))) } else { Err(PivError::Form { which: Which::Pin }) }
    }

    /// `123456`, which makers ship.
    #[must_use]
    pub fn factory() -> Self {
        Self(padded(b"123456"))
    }

    /// A second owner of the same PIN, said out loud.
    #[must_use]
    pub fn duplicate(&self) -> Self {
        Self(self.0.duplicate())
    }
}

/// The issuer's PIN unblocking key: six to eight bytes, none of them FF.
pub struct Puk(Secret<8>);

impl Puk {
    /// Takes six to eight bytes; digits are what every card takes.
    ///
    /// # Errors
    /// [`PivError::Form`].
    pub fn new(bytes: &[u8]) -> Result<Self, PivError> {
        let fits = (6..=8).contains(&bytes.len()) && !bytes.contains(&0xFF);
        if fits { Ok(Self(padded(bytes))) } else { Err(PivError::Form { which: Which::Puk }) }
    }

    /// `12345678`, which makers ship.
    #[must_use]
    pub fn factory() -> Self {
        Self(padded(b"12345678"))
    }

    /// A second owner of the same PUK, said out loud.
    #[must_use]
    pub fn duplicate(&self) -> Self {
        Self(self.0.duplicate())
    }
}

/// What the card says of its PIN without a try being spent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PinState {
    /// Verified in this session.
    Verified,
    /// Not verified, so many tries left.
    Left(u8),
    /// No tries left: only the PUK helps.
    Blocked,
}

/// Reads the status of a command that tried a PIN or PUK. `changes` is whether it also offered a new one.
fn tried(step: &'static str, which: Which, status: Status, changes: bool) -> Result<(), PivError> {
    match status.0 {
        0x9000 => Ok(()),
        0x63C0 | 0x6983 => Err(PivError::Blocked { which }),
        0x63C1..=0x63CF => Err(PivError::Wrong { which, left: Some(status.sw2() & 0x0F) }),
        0x6300 => Err(PivError::Wrong { which, left: None }),
        0x6A80 | 0x6985 if changes => Err(PivError::Rejected { which }),
        _ => Err(PivError::of(step, status)),
    }
}

/// Verifies the PIN. It stays verified until the card is reset or another application is selected.
///
/// # Errors (of the operation)
/// [`PivError::Wrong`], [`PivError::Blocked`].
pub fn verify_pin(pin: Pin) -> Operation<()> {
    Operation::new(verify(pin))
}

pub(crate) fn verify(pin: Pin) -> Next<()> {
    Next::last(Command::new(0, 0x20, 0, 0x80).with_data(*pin.0.expose()), |response| {
        tried("verify PIN", Which::Pin, response.status, false)
    })
}

/// Asks how the PIN stands; costs no try (VERIFY without data, §3.2.1).
pub fn pin_state() -> Operation<PinState> {
    Operation::new(state())
}

pub(crate) fn state() -> Next<PinState> {
    Next::last(Command::new(0, 0x20, 0, 0x80), |response| match response.status.0 {
        0x9000 => Ok(PinState::Verified),
        0x63C0 | 0x6983 => Ok(PinState::Blocked),
        0x63C1..=0x63CF => Ok(PinState::Left(response.status.sw2() & 0x0F)),
        _ => Err(PivError::of("PIN state", response.status)),
    })
}

/// Changes the PIN. After a pulled card it is the old or the new one.
///
/// # Errors (of the operation)
/// [`PivError::Wrong`] and [`PivError::Blocked`] of the old one, [`PivError::Rejected`] of the new one.
pub fn change_pin(old: Pin, new: Pin) -> Operation<()> {
    Operation::new(change("change PIN", Which::Pin, &old.0, &new.0))
}

/// Changes the PUK. After a pulled card it is the old or the new one.
///
/// # Errors (of the operation)
/// As [`change_pin`].
pub fn change_puk(old: Puk, new: Puk) -> Operation<()> {
    Operation::new(replace_puk(&old, &new))
}

pub(crate) fn replace_puk(old: &Puk, new: &Puk) -> Next<()> {
    change("change PUK", Which::Puk, &old.0, &new.0)
}

fn change(step: &'static str, which: Which, old: &Secret<8>, new: &Secret<8>) -> Next<()> {
    Next::last(Command::new(0, 0x24, 0, which.reference()).with_data(&both(old, new)[..]), move |response| {
        tried(step, which, response.status, true)
    })
}

/// Sets a new PIN by the PUK, whatever the PIN was and whether it was blocked; its counter is full again. Safe to repeat.
///
/// # Errors (of the operation)
/// [`PivError::Wrong`] and [`PivError::Blocked`] of the PUK.
pub fn reset_pin(puk: Puk, new: Pin) -> Operation<()> {
    Operation::new(unblock(&puk, &new))
}

pub(crate) fn unblock(puk: &Puk, new: &Pin) -> Next<()> {
    Next::last(Command::new(0, 0x2C, 0, 0x80).with_data(&both(&puk.0, &new.0)[..]), |response| {
        match response.status.0 {
            0x6A80 | 0x6985 => Err(PivError::Rejected { which: Which::Pin }),
            _ => tried("reset PIN", Which::Puk, response.status, false),
        }
    })
}

fn both(first: &Secret<8>, second: &Secret<8>) -> Zeroizing<[u8; 16]> {
    let mut data = Zeroizing::new([0; 16]);
    data[..8].copy_from_slice(first.expose());
    data[8..].copy_from_slice(second.expose());
    data
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pin_that_no_card_takes_never_reaches_one() {
        for bad in [&b"12345"[..], b"123456789", b"12345a", b""] {
            assert!(matches!(Pin::new(bad), Err(PivError::Form { which: Which::Pin })));
        }
        assert_eq!(Pin::new(b"271828").unwrap().0.expose(), b"271828\xFF\xFF");
        assert!(Puk::new(&[0xFF; 8]).is_err());
    }

    #[test]
    fn every_way_of_saying_wrong_is_told_from_blocked() {
        let read = |status| tried("", Which::Pin, Status(status), false).unwrap_err();
        assert_eq!(read(0x63C2), PivError::Wrong { which: Which::Pin, left: Some(2) });
        assert_eq!(read(0x6300), PivError::Wrong { which: Which::Pin, left: None });
        assert_eq!(read(0x63C0), PivError::Blocked { which: Which::Pin });
        assert_eq!(read(0x6983), PivError::Blocked { which: Which::Pin });
        assert!(matches!(read(0x6A80), PivError::Status { .. }));
    }
}
