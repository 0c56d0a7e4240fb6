//! What can go wrong between host and card, told apart by what helps.

use lanyard_fault::{Coded, Fault, Helps};

/// The card's own word, `91xx`, without success and "additional frame".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CardStatus {
    /// `0C`: nothing to commit or abort.
    NoChanges,
    /// `0E`: no room.
    Full,
    /// `1C`: the card does not know this command.
    UnknownCommand,
    /// `1E`: the card found our MAC, CRC or padding wrong.
    Integrity,
    /// `40`: no key of this number.
    NoSuchKey,
    /// `7E`: the card found our length wrong.
    Length,
    /// `9D`: forbidden in this configuration.
    Permission,
    /// `9E`: a parameter has a value that the card does not take.
    Parameter,
    /// `A0`: no application of this number.
    NoSuchApplication,
    /// `AE`: the key proved before does not allow this, or none was proved.
    NotAuthenticated,
    /// `BE`: past the end of a file.
    Boundary,
    /// `CA`: the command before was not finished.
    Aborted,
    /// `CD`: the card has disabled itself.
    Disabled,
    /// `CE`: no more applications or files fit by number.
    Count,
    /// `DE`: exists already.
    Duplicate,
    /// `F0`: no file of this number.
    NoSuchFile,
    /// `A1`, `C1`, `EE`, `F1`: the card's memory is damaged.
    Damaged(u8),
    /// A code that is in no table.
    Other(u8),
}

impl CardStatus {
    pub(crate) fn from_code(code: u8) -> Self {
        match code {
            0x0C => Self::NoChanges,
            0x0E => Self::Full,
            0x1C => Self::UnknownCommand,
            0x1E => Self::Integrity,
            0x40 => Self::NoSuchKey,
            0x7E => Self::Length,
            0x9D => Self::Permission,
            0x9E => Self::Parameter,
            0xA0 => Self::NoSuchApplication,
            0xAE => Self::NotAuthenticated,
            0xBE => Self::Boundary,
            0xCA => Self::Aborted,
            0xCD => Self::Disabled,
            0xCE => Self::Count,
            0xDE => Self::Duplicate,
            0xF0 => Self::NoSuchFile,
            0xA1 | 0xC1 | 0xEE | 0xF1 => Self::Damaged(code),
            _ => Self::Other(code),
        }
    }

    /// What ISO 7816's own status words mean here (ISO/IEC 7816-4 §5.6). `file`: the command was about a file, not an
    /// application. `None` of a status word that no DESFire gives.
    pub(crate) fn from_iso(status: u16, file: bool) -> Option<Self> {
        Some(match status {
            0x6282 | 0x6B00 => Self::Boundary,
            0x6581 => Self::Damaged(0xEE),
            0x6700 | 0x6C00..=0x6CFF => Self::Length,
            0x6982 => Self::NotAuthenticated,
            0x6985 | 0x6986 | 0x6981 => Self::Permission,
            0x6A80 | 0x6A86 | 0x6A87 => Self::Parameter,
            0x6A82 if file => Self::NoSuchFile,
            0x6A82 => Self::NoSuchApplication,
            0x6D00 => Self::UnknownCommand,
            _ => return None,
        })
    }
}

/// Why an operation did not come to its reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DesfireError {
    /// The card says that the key is wrong.
    #[error("the card refuses key {key_no}")]
    AuthRefused {
        /// Which key was tried.
        key_no: u8,
    },
    /// The card took our proof but did not prove that it knows the key itself: an emulator. The session is dead.
    #[error("the card does not prove that it knows key {key_no}")]
    AuthUnproved {
        /// Which key was tried.
        key_no: u8,
    },
    /// The card refuses the operation. Whatever was authenticated before no longer is.
    #[error("{op}: the card answers {status:?}")]
    Refused {
        /// [`Op::name`](crate::Op::name).
        op: &'static str,
        /// The card's word.
        status: CardStatus,
    },
    /// The status word is none of DESFire's.
    #[error("{op}: status word {status:04X} is none of DESFire's")]
    Foreign {
        /// [`Op::name`](crate::Op::name).
        op: &'static str,
        /// SW1 SW2.
        status: u16,
    },
    /// The answer's MAC is wrong or missing. The session is dead.
    #[error("{op}: the answer's MAC is wrong")]
    AnswerMac {
        /// [`Op::name`](crate::Op::name).
        op: &'static str,
    },
    /// The answer's CRC or padding is wrong. The session is dead.
    #[error("{op}: the answer's checksum is wrong")]
    AnswerCrc {
        /// [`Op::name`](crate::Op::name).
        op: &'static str,
    },
    /// The answer is shorter or longer than it can be. The session is dead.
    #[error("{op}: an answer of {len} bytes")]
    AnswerLength {
        /// [`Op::name`](crate::Op::name).
        op: &'static str,
        /// How long it was, without status.
        len: usize,
    },
    /// The card asks for or sends a frame where none can be. The session is dead.
    #[error("{op}: the card is out of step")]
    AnswerOrder {
        /// [`Op::name`](crate::Op::name).
        op: &'static str,
    },
    /// After a wrong answer nothing that this card says is believed: take it off the reader and start anew.
    #[error("{op}: the session with this card is dead")]
    SessionDead {
        /// [`Op::name`](crate::Op::name).
        op: &'static str,
    },
    /// The operation needs a session that is not there (or not of this kind).
    #[error("{op}: no session that allows it")]
    SessionMissing {
        /// [`Op::name`](crate::Op::name).
        op: &'static str,
    },
    /// The caller began an operation inside another, or fed an answer to none.
    #[error("{op}: out of turn")]
    OutOfTurn {
        /// [`Op::name`](crate::Op::name).
        op: &'static str,
    },
    /// An argument that no card takes.
    #[error("not possible on a card: {what}")]
    Invalid {
        /// Which argument.
        what: &'static str,
    },
}

impl DesfireError {
    /// The operation it happened in, where there was one.
    #[must_use]
    pub fn op(&self) -> Option<&'static str> {
        match self {
            Self::Refused { op, .. }
            | Self::Foreign { op, .. }
            | Self::AnswerMac { op }
            | Self::AnswerCrc { op }
            | Self::AnswerLength { op, .. }
            | Self::AnswerOrder { op }
            | Self::SessionDead { op }
            | Self::SessionMissing { op }
            | Self::OutOfTurn { op } => Some(op),
            Self::AuthRefused { .. } | Self::AuthUnproved { .. } => Some("authenticate"),
            Self::Invalid { .. } => None,
        }
    }

    /// Whether the card's answer was wrong in a way that ends all trust in it.
    pub(crate) fn kills(&self) -> bool {
        matches!(
            self,
            Self::AuthUnproved { .. }
                | Self::AnswerMac { .. }
                | Self::AnswerCrc { .. }
                | Self::AnswerLength { .. }
                | Self::AnswerOrder { .. }
                | Self::Foreign { .. }
        )
    }
}

impl Coded for DesfireError {
    fn code(&self) -> &'static str {
        match self {
            Self::AuthRefused { .. } => "card.auth.refused",
            Self::AuthUnproved { .. } => "card.auth.unproved",
            Self::Foreign { .. } => "card.foreign",
            Self::AnswerMac { .. } => "card.answer.mac",
            Self::AnswerCrc { .. } => "card.answer.crc",
            Self::AnswerLength { .. } => "card.answer.length",
            Self::AnswerOrder { .. } => "card.answer.order",
            Self::SessionDead { .. } => "card.session.dead",
            Self::SessionMissing { .. } => "card.session.missing",
            Self::OutOfTurn { .. } => "card.operation.out_of_turn",
            Self::Invalid { .. } => "card.operation.invalid",
            Self::Refused { status, .. } => match status {
                CardStatus::NoChanges => "card.unchanged",
                CardStatus::Full => "card.full",
                CardStatus::UnknownCommand => "card.command.unknown",
                CardStatus::Integrity => "card.command.integrity",
                CardStatus::NoSuchKey => "card.key.missing",
                CardStatus::Length => "card.command.length",
                CardStatus::Permission => "card.permission",
                CardStatus::Parameter => "card.command.parameter",
                CardStatus::NoSuchApplication => "card.application.missing",
                CardStatus::NotAuthenticated => "card.auth.missing",
                CardStatus::Boundary => "card.file.boundary",
                CardStatus::Aborted => "card.command.aborted",
                CardStatus::Disabled => "card.disabled",
                CardStatus::Count => "card.count",
                CardStatus::Duplicate => "card.duplicate",
                CardStatus::NoSuchFile => "card.file.missing",
                CardStatus::Damaged(_) => "card.damaged",
                CardStatus::Other(_) => "card.status.unknown",
            },
        }
    }

    fn fault(&self) -> Fault {
        match self {
            Self::SessionMissing { .. } | Self::OutOfTurn { .. } | Self::Invalid { .. } => Fault::Us,
            // The card says that we were wrong, or asked for nothing: no other card will say otherwise.
            Self::Refused { status: CardStatus::Length | CardStatus::Parameter | CardStatus::NoChanges, .. } => {
                Fault::Us
            }
            _ => Fault::Card,
        }
    }

    fn helps(&self) -> Helps {
        match self {
            // A flipped bit in the air and a card that lies look the same: once more from the start tells them apart.
            Self::AnswerMac { .. }
            | Self::AnswerCrc { .. }
            | Self::AnswerLength { .. }
            | Self::AnswerOrder { .. }
            | Self::SessionDead { .. } => Helps::SameAgain,
            Self::Refused { status: CardStatus::Aborted | CardStatus::Integrity, .. } => Helps::SameAgain,
            // The key that allows it is proved first.
            Self::Refused { status: CardStatus::NotAuthenticated, .. } => Helps::SameAgain,
            Self::SessionMissing { .. } | Self::OutOfTurn { .. } | Self::Invalid { .. } => Helps::Never,
            Self::Refused { status: CardStatus::Length | CardStatus::Parameter | CardStatus::NoChanges, .. } => {
                Helps::Never
            }
            _ => Helps::Another,
        }
    }

    fn details(&self) -> Vec<(&'static str, String)> {
        let mut details = Vec::new();
        if let Some(op) = self.op() {
            details.push(("operation", op.to_owned()));
        }
        match self {
            Self::AuthRefused { key_no } | Self::AuthUnproved { key_no } => details.push(("key", key_no.to_string())),
            Self::AnswerLength { len, .. } => details.push(("bytes", len.to_string())),
            Self::Foreign { status, .. } => details.push(("status", format!("{status:04X}"))),
            Self::Refused { status: CardStatus::Damaged(code) | CardStatus::Other(code), .. } => {
                details.push(("status", format!("91{code:02X}")));
            }
            Self::Invalid { what } => details.push(("what", (*what).to_owned())),
            _ => {}
        }
        details
    }
}
