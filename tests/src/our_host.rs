//! Our own DESFire host in the tests of other hosts: it reads what they wrote, and writes what they then read.

use lanyard_apdu::{DriveError, drive};
use lanyard_desfire::{
    Access, AccessRights, Aid, Card, CommMode, DesKey, DesfireError, FileNo, KeyNo, Link, Nonce, Op, Reply,
};
use lanyard_secret::Secret;
use lanyard_virtual::ApduCard;

/// The host's random number, which need not be random here.
const RND_A: [u8; 16] = *b"a number, chosen";

/// Our host at a card.
pub struct OurHost<'a> {
    host: Card,
    card: &'a mut dyn ApduCard,
}

impl<'a> OurHost<'a> {
    /// Powers the card on.
    pub fn at(card: &'a mut dyn ApduCard) -> Self {
        card.power_on();
        Self { host: Card::new(Link::wrapped(64)), card }
    }

    /// Carries one operation out.
    ///
    /// # Errors
    /// What our host says of it.
    pub fn run(&mut self, op: Op) -> Result<Reply, DesfireError> {
        let card = &mut self.card;
        let mut script = self.host.run(op);
        match drive(&mut script, |command| Ok::<_, std::convert::Infallible>(card.transmit(command))) {
            Ok(reply) => Ok(reply),
            Err(DriveError::Script(error)) => Err(error),
            Err(DriveError::Apdu(_)) => Err(DesfireError::Foreign { op: "test", status: 0 }),
            Err(DriveError::Channel(never)) => match never {},
        }
    }

    /// Carries one after the other out, and gives what the last replied.
    ///
    /// # Errors
    /// At the first that fails.
    pub fn all(&mut self, ops: impl IntoIterator<Item = Op>) -> Result<Reply, DesfireError> {
        let mut last = Reply::Done;
        for op in ops {
            last = self.run(op)?;
        }
        Ok(last)
    }
}

/// An AES authentication with EV1 messaging.
#[must_use]
pub fn aes(key_no: u8, key: [u8; 16]) -> Op {
    Op::AuthenticateAes { key_no: number(key_no), key: Secret::filled(|out| *out = key), rnd_a: nonce() }
}

/// An AES authentication with EV2 messaging.
#[must_use]
pub fn ev2(key_no: u8, key: [u8; 16]) -> Op {
    Op::AuthenticateEv2First { key_no: number(key_no), key: Secret::filled(|out| *out = key), rnd_a: nonce() }
}

/// ISO authentication with a DES key, EV1 messaging.
#[must_use]
pub fn iso(key_no: u8, key: DesKey) -> Op {
    Op::AuthenticateIso { key_no: number(key_no), key, rnd_a: nonce() }
}

/// D40 authentication.
#[must_use]
pub fn d40(key_no: u8, key: DesKey) -> Op {
    Op::AuthenticateD40 { key_no: number(key_no), key, rnd_a: nonce() }
}

/// Selects; `aid` as it is written, most significant byte first.
#[must_use]
pub fn select(aid: u32) -> Op {
    Op::SelectApplication(Aid::from_number(aid))
}

/// Reads `length` bytes from the start of a file.
#[must_use]
pub fn read(file: u8, length: u32, mode: CommMode) -> Op {
    Op::ReadData { file: file_no(file), offset: 0, length, mode }
}

/// Writes from the start of a file.
#[must_use]
pub fn write(file: u8, data: &[u8], mode: CommMode) -> Op {
    Op::WriteData { file: file_no(file), offset: 0, data: data.to_vec(), mode }
}

/// All four rights with one key.
#[must_use]
pub fn rights(key_no: u8) -> AccessRights {
    let key = Access::Key(number(key_no));
    AccessRights { read: key, write: key, read_write: key, change: key }
}

/// A file's number, 0 to 31; else the first.
#[must_use]
pub fn file_no(number: u8) -> FileNo {
    FileNo::new(number).unwrap_or_else(|| file_no(0))
}

/// A key's number, 0 to 13; else the master key.
#[must_use]
pub fn number(key_no: u8) -> KeyNo {
    KeyNo::new(key_no).unwrap_or(KeyNo::MASTER)
}

fn nonce() -> Nonce {
    Secret::filled(|out| *out = RND_A)
}
