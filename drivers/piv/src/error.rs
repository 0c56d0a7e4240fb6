//! What a PIV card refuses, told apart by what an operator can do about it.

use lanyard_apdu::{ApduError, Response, Status};
use lanyard_fault::{Coded, Fault, Helps};

use crate::secrets::Which;

/// Why an operation with a PIV card did not succeed. `step` is the operation's name, for the log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PivError {
    /// The card has no PIV application.
    #[error("the card has no PIV application")]
    NotPiv,
    /// PIN or PUK is wrong. `left` is how many tries the card says remain; `None` if it does not say.
    #[error("wrong {which}, tries left: {left:?}")]
    Wrong {
        /// PIN or PUK.
        which: Which,
        /// Tries left.
        left: Option<u8>,
    },
    /// PIN or PUK is blocked.
    #[error("the {which} is blocked")]
    Blocked {
        /// PIN or PUK.
        which: Which,
    },
    /// PIN or PUK has not the form that PIV wants (SP 800-73-4 part 2 §2.4.3).
    #[error("the {which} has not the form that PIV wants")]
    Form {
        /// PIN or PUK.
        which: Which,
    },
    /// The card does not like the new PIN or PUK (too simple, too short).
    #[error("the card rejects the new {which}")]
    Rejected {
        /// PIN or PUK.
        which: Which,
    },
    /// The card refuses the management key.
    #[error("the card refuses the management key")]
    ManagementRefused,
    /// The card did not prove that it knows the management key: it is not the card it seems to be.
    #[error("the card did not prove that it knows the management key")]
    ManagementUnproved,
    /// The card's management key is of an algorithm that is not known here.
    #[error("the card's management key is of an unknown algorithm")]
    ManagementAlgorithm,
    /// The new management key is refused: its algorithm is unknown to the card, or it is weak.
    #[error("the card rejects the new management key")]
    ManagementRejected,
    /// A management key has not the length of its algorithm.
    #[error("a management key of {len} bytes does not fit its algorithm")]
    ManagementLength {
        /// How long it was.
        len: usize,
    },
    /// The card wants an authentication first: the PIN for a signature, the management key for a change.
    #[error("the card wants an authentication before {step}")]
    Denied {
        /// Which operation.
        step: &'static str,
    },
    /// The card has no room left.
    #[error("the card has no room for {step}")]
    Full {
        /// Which operation.
        step: &'static str,
    },
    /// The card does not know this command or algorithm.
    #[error("the card does not know how to {step}")]
    Unsupported {
        /// Which operation.
        step: &'static str,
    },
    /// Another status word.
    #[error("the card answered {status:?} to {step}")]
    Status {
        /// Which operation.
        step: &'static str,
        /// SW1 SW2.
        status: Status,
    },
    /// The answer is not what the standard says.
    #[error("the card's answer to {step} does not follow the standard")]
    Malformed {
        /// Which operation.
        step: &'static str,
    },
    /// The object is longer than a card can hold.
    #[error("an object of {len} bytes is longer than the {limit} that a card can hold")]
    TooLong {
        /// Its length.
        len: usize,
        /// The limit.
        limit: usize,
    },
    /// What was read back is not what was written.
    #[error("what was read back of {object} is not what was written")]
    ReadBack {
        /// `chuid`, `capability`, `certificate`.
        object: &'static str,
    },
    /// The certificate on the card is compressed (SP 800-73-4 part 1, appendix A, CertInfo bit 1).
    #[error("the certificate on the card is compressed")]
    Compressed,
    /// The card still accepts secrets that everybody knows.
    #[error("the card still accepts a default secret (PIN {pin}, PUK {puk}, management key {management})")]
    DefaultAccepted {
        /// The default PIN.
        pin: bool,
        /// The default PUK.
        puk: bool,
        /// A default management key.
        management: bool,
    },
    /// Command or answer is not ISO 7816-4.
    #[error(transparent)]
    Apdu(#[from] ApduError),
    /// The operation was stepped on after its end.
    #[error("the operation is over")]
    Ended,
}

impl PivError {
    /// The usual status words, which mean the same to every command (ISO/IEC 7816-4 §5.6).
    pub(crate) fn of(step: &'static str, status: Status) -> Self {
        match status.0 {
            0x6982 => Self::Denied { step },
            0x6A84 => Self::Full { step },
            0x6A81 | 0x6D00 | 0x6E00 => Self::Unsupported { step },
            _ => Self::Status { step, status },
        }
    }

    /// The answer's data if its status is `9000`.
    pub(crate) fn unless_ok<'a>(step: &'static str, response: &'a Response) -> Result<&'a [u8], Self> {
        if response.status == Status::OK { Ok(&response.data) } else { Err(Self::of(step, response.status)) }
    }
}

impl Coded for PivError {
    fn code(&self) -> &'static str {
        match self {
            Self::NotPiv => "card.piv.none",
            Self::Wrong { which: Which::Pin, .. } => "card.pin.wrong",
            Self::Wrong { which: Which::Puk, .. } => "card.puk.wrong",
            Self::Blocked { which: Which::Pin } => "card.pin.blocked",
            Self::Blocked { which: Which::Puk } => "card.puk.blocked",
            Self::Form { which: Which::Pin } => "card.pin.form",
            Self::Form { which: Which::Puk } => "card.puk.form",
            Self::Rejected { which: Which::Pin } => "card.pin.rejected",
            Self::Rejected { which: Which::Puk } => "card.puk.rejected",
            Self::ManagementRefused => "card.key.management.refused",
            Self::ManagementUnproved => "card.key.management.unproved",
            Self::ManagementAlgorithm => "card.key.management.algorithm",
            Self::ManagementRejected => "card.key.management.rejected",
            Self::ManagementLength { .. } => "card.key.management.length",
            Self::Denied { .. } => "card.piv.denied",
            Self::Full { .. } => "card.piv.full",
            Self::Unsupported { .. } => "card.piv.unsupported",
            Self::Status { .. } => "card.piv.status",
            Self::Malformed { .. } => "card.answer.malformed",
            Self::TooLong { .. } => "card.piv.too_long",
            Self::ReadBack { .. } => "card.piv.read_back",
            Self::Compressed => "card.certificate.compressed",
            Self::DefaultAccepted { .. } => "card.default.accepted",
            Self::Apdu(error) => error.code(),
            Self::Ended => "card.operation.ended",
        }
    }

    fn fault(&self) -> Fault {
        match self {
            Self::Wrong { .. } | Self::Form { .. } | Self::Rejected { .. } => Fault::Operator,
            Self::ManagementLength { .. } | Self::TooLong { .. } | Self::Ended => Fault::Us,
            Self::Apdu(error) => error.fault(),
            _ => Fault::Card,
        }
    }

    fn helps(&self) -> Helps {
        match self {
            Self::Wrong { .. } | Self::Form { .. } | Self::Rejected { .. } | Self::Denied { .. } => Helps::SameAgain,
            Self::ManagementLength { .. } | Self::TooLong { .. } | Self::Ended => Helps::Never,
            Self::Apdu(error) => error.helps(),
            _ => Helps::Another,
        }
    }

    fn details(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Wrong { left: Some(left), .. } => vec![("left", left.to_string())],
            Self::ManagementLength { len } => vec![("len", len.to_string())],
            Self::Denied { step } | Self::Full { step } | Self::Unsupported { step } | Self::Malformed { step } => {
                vec![("step", (*step).to_owned())]
            }
            Self::Status { step, status } => vec![("step", (*step).to_owned()), ("status", format!("{status:?}"))],
            Self::TooLong { len, limit } => vec![("len", len.to_string()), ("limit", limit.to_string())],
            Self::ReadBack { object } => vec![("object", (*object).to_owned())],
            Self::DefaultAccepted { pin, puk, management } => {
                let flags = [(*pin, "pin"), (*puk, "puk"), (*management, "management")];
                let accepted: Vec<_> = flags.iter().filter(|(on, _)| *on).map(|(_, name)| *name).collect();
                vec![("accepted", accepted.join(" "))]
            }
            Self::Apdu(error) => error.details(),
            _ => Vec::new(),
        }
    }
}
