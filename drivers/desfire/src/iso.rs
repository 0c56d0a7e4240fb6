//! ISO 7816's own commands: SELECT, READ BINARY, UPDATE BINARY, in as many pieces as frames ask for.

use lanyard_apdu::{Command, Expected, Response};
use zeroize::Zeroizing;

use crate::op::{Op, Reply};
use crate::session::Session;
use crate::{Aid, CardStatus, DesfireError, Framing, IsoTarget, Link};

/// One of them under way.
pub(crate) struct IsoCall {
    op: &'static str,
    what: What,
}

enum What {
    Select { command: Command, after: Option<IsoAfter> },
    Read { offset: usize, length: usize, asked: usize, data: Zeroizing<Vec<u8>> },
    Update { offset: usize, sent: usize, data: Zeroizing<Vec<u8>> },
}

/// What is selected afterwards; a file changes nothing.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct IsoAfter(pub(crate) Option<Aid>);

pub(crate) enum IsoStep {
    More(Command),
    Done(Reply, Option<IsoAfter>),
}

/// The DF name of every DESFire card: what it selects is the card level.
const CARD: [u8; 7] = [0xD2, 0x76, 0x00, 0x00, 0x85, 0x01, 0x00];

/// Offsets have 15 bits (ISO/IEC 7816-4 §11.3.3).
const END: usize = 0x8000;

impl IsoCall {
    /// `None`: not one of these.
    pub(crate) fn of(op: &Op, link: &Link, session: &Session) -> Result<Option<Self>, DesfireError> {
        let name = op.name();
        let what = match op {
            Op::IsoSelect(target) => {
                let after = match target {
                    IsoTarget::Master => Some(IsoAfter(Some(Aid::PICC))),
                    IsoTarget::DfName(name) if name[..] == CARD => Some(IsoAfter(Some(Aid::PICC))),
                    IsoTarget::DfName(_) | IsoTarget::Application(_) => Some(IsoAfter(None)),
                    IsoTarget::File(_) => None,
                };
                What::Select { command: target.wire()?, after }
            }
            Op::IsoReadBinary { offset, length } => {
                let (offset, length) = (usize::from(*offset), usize::from(*length));
                What::Read { offset, length: within(offset, length)?, asked: 0, data: Zeroizing::default() }
            }
            Op::IsoUpdateBinary { offset, data } => {
                within(usize::from(*offset), data.len())?;
                What::Update { offset: usize::from(*offset), sent: 0, data: Zeroizing::new(data.clone()) }
            }
            _ => return Ok(None),
        };
        if link.framing == Framing::Native {
            return Err(DesfireError::Invalid { what: "an ISO 7816 command among native frames" });
        }
        if !matches!((&what, session), (What::Select { after: Some(_), .. }, _) | (_, Session::None)) {
            // A card in a session answers these with the session's MAC or not, by generation.
            return Err(DesfireError::Invalid { what: "an ISO 7816 file command within a session" });
        }
        Ok(Some(Self { op: name, what }))
    }

    pub(crate) fn op(&self) -> &'static str {
        self.op
    }

    /// Whether the session ends with the command.
    pub(crate) fn ends_session(&self) -> bool {
        matches!(self.what, What::Select { after: Some(_), .. })
    }

    pub(crate) fn command(&mut self, link: &Link) -> Command {
        match &mut self.what {
            What::Select { command, .. } => command.clone(),
            What::Read { offset, length, asked, data } => {
                let [p1, p2] = place(*offset + data.len());
                *asked = link.iso_read().min(*length - data.len());
                Command::new(0x00, 0xB0, p1, p2).expecting(Expected::UpTo(*asked as u32))
            }
            What::Update { offset, sent, data } => {
                let [p1, p2] = place(*offset + *sent);
                let end = data.len().min(*sent + link.iso_write());
                let part = &data[*sent..end];
                *sent = end;
                Command::new(0x00, 0xD6, p1, p2).with_data(part)
            }
        }
    }

    pub(crate) fn take(&mut self, response: &Response, link: &Link) -> Result<IsoStep, DesfireError> {
        let op = self.op;
        if response.status.0 != 0x9000 {
            let file = !matches!(self.what, What::Select { after: Some(_), .. });
            return Err(match CardStatus::from_iso(response.status.0, file) {
                Some(status) => DesfireError::Refused { op, status },
                None => DesfireError::Foreign { op, status: response.status.0 },
            });
        }
        let len = response.data.len();
        let wrong = DesfireError::AnswerLength { op, len };
        match &mut self.what {
            What::Read { length, asked, data, .. } => {
                if len == 0 || len > *asked {
                    return Err(wrong);
                }
                data.extend_from_slice(&response.data);
                if data.len() == *length {
                    return Ok(IsoStep::Done(Reply::Data(data.to_vec()), None));
                }
            }
            // Some cards answer SELECT with file control information, asked or not.
            What::Select { after, .. } => return Ok(IsoStep::Done(Reply::Done, *after)),
            What::Update { sent, data, .. } => {
                if len != 0 {
                    return Err(wrong);
                }
                if *sent == data.len() {
                    return Ok(IsoStep::Done(Reply::Done, None));
                }
            }
        }
        Ok(IsoStep::More(self.command(link)))
    }
}

fn within(offset: usize, length: usize) -> Result<usize, DesfireError> {
    if length == 0 || offset + length > END {
        return Err(DesfireError::Invalid { what: "length" });
    }
    Ok(length)
}

fn place(offset: usize) -> [u8; 2] {
    // Below `END`: fits 15 bits.
    (offset as u16).to_be_bytes()
}
