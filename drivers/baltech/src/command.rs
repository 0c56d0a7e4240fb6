//! The commands (docs.baltech.de/refman/cmds): Sys, VHL (cards of every kind by the same calls), AR (what the reader has
//! read by itself) and UI.

use crate::{CheckSum, Frame};

/// Which families of card VHL.Select looks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Families(u16);

impl Families {
    /// ISO 14443 A: MIFARE, LEGIC advant among them.
    pub const ISO14443A: Self = Self(1);
    /// ISO 15693: LEGIC advant among them.
    pub const ISO15693: Self = Self(1 << 2);
    /// 125 kHz, the first part: EM.
    pub const KHZ125_1: Self = Self(1 << 7);
    /// 125 kHz, the second part.
    pub const KHZ125_2: Self = Self(1 << 9);
    /// LEGIC prime.
    pub const LEGIC_PRIME: Self = Self(1 << 11);

    /// These as well.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// What kind of card is selected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CardType {
    /// MIFARE DESFire.
    Desfire,
    /// LEGIC prime, by newer and older firmware.
    LegicPrime,
    /// LEGIC advant on ISO 14443 A.
    LegicAdvantIso14443a,
    /// LEGIC advant on ISO 15693.
    LegicAdvantIso15693,
    /// EM4100.
    Em4100,
    /// EM4205, EM4305.
    Em4205,
    /// EM4450, EM4150.
    Em4450,
    /// HID Prox.
    HidProx,
    /// Another, by Baltech's number.
    Other(u8),
}

impl CardType {
    fn from_byte(byte: u8) -> Self {
        match byte {
            0x14 => Self::Desfire,
            0x20 | 0xC0 => Self::LegicPrime,
            0x18 => Self::LegicAdvantIso14443a,
            0x32 => Self::LegicAdvantIso15693,
            0x81 => Self::Em4100,
            0x80 => Self::Em4205,
            0x83 => Self::Em4450,
            0x8A => Self::HidProx,
            other => Self::Other(other),
        }
    }

    fn byte(self) -> u8 {
        match self {
            Self::Desfire => 0x14,
            Self::LegicPrime => 0xC0,
            Self::LegicAdvantIso14443a => 0x18,
            Self::LegicAdvantIso15693 => 0x32,
            Self::Em4100 => 0x81,
            Self::Em4205 => 0x80,
            Self::Em4450 => 0x83,
            Self::HidProx => 0x8A,
            Self::Other(byte) => byte,
        }
    }
}

/// Which LEGIC segment VHL.Read and VHL.Write mean from now on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LegicSegment {
    /// The first whose stamp begins so.
    Stamp(Vec<u8>),
    /// By its place on the card, from 1.
    Number(u8),
}

/// The card families of which a LEGIC segment can be set up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Card {
    /// prime.
    Prime,
    /// advant on ISO 14443 A.
    AdvantIso14443a,
    /// advant on ISO 15693.
    AdvantIso15693,
}

/// What can be switched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Port {
    /// Green light.
    Green = 0,
    /// Red light.
    Red = 1,
    /// Beeper.
    Beeper = 2,
    /// Blue light.
    Blue = 6,
}

/// What the reader has read by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// 0: a card.
    pub kind: u8,
    /// The number.
    pub data: Vec<u8>,
}

/// A command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Sys.GetInfo: the firmware.
    GetInfo,
    /// Sys.HFReset: the field off for so many milliseconds.
    HfReset(u8),
    /// VHL.Select: finds a card.
    Select {
        /// Of which families.
        families: Families,
        /// One that is selected already, too.
        again: bool,
    },
    /// VHL.GetSnr: its number.
    GetSnr,
    /// VHL.IsSelected: whether it is still there.
    IsSelected,
    /// VHL.GetCardType.
    GetCardType,
    /// VHL.Setup for a LEGIC segment, addressed from its stamp's first byte on ("protocol header"), or from its data's
    /// ("advant").
    SetupLegic {
        /// Of what card.
        card: Card,
        /// Which segment.
        segment: LegicSegment,
        /// From its data's first byte on.
        data_only: bool,
    },
    /// VHL.Read of what was set up.
    Read {
        /// The first byte.
        address: u16,
        /// How many.
        length: u16,
    },
    /// VHL.Write into what was set up.
    Write {
        /// The first byte.
        address: u16,
        /// The bytes.
        data: Vec<u8>,
    },
    /// VHL.ExchangeAPDU.
    Apdu {
        /// Of which card.
        card: CardType,
        /// The command APDU.
        command: Vec<u8>,
    },
    /// AR.GetMessage: what the reader has read by itself.
    GetMessage,
    /// UI.Enable.
    Enable(Port),
    /// UI.Disable.
    Disable(Port),
}

/// "What was set up", where VHL asks for a file's number.
const SET_UP: u8 = 0xFF;

impl Command {
    /// Its code: group and number.
    #[must_use]
    pub fn code(&self) -> u16 {
        match self {
            Self::HfReset(_) => 0x0001,
            Self::GetInfo => 0x0004,
            Self::Select { .. } => 0x0100,
            Self::GetSnr => 0x0101,
            Self::Read { .. } => 0x0102,
            Self::Write { .. } => 0x0103,
            Self::IsSelected => 0x0104,
            Self::Apdu { .. } => 0x0106,
            Self::SetupLegic { .. } => 0x0107,
            Self::GetCardType => 0x0111,
            Self::GetMessage => 0x0501,
            Self::Enable(_) => 0x0A01,
            Self::Disable(_) => 0x0A02,
        }
    }

    /// How long the reader may take, in milliseconds.
    #[must_use]
    pub fn limit_ms(&self) -> u32 {
        match self {
            Self::GetInfo | Self::SetupLegic { .. } | Self::GetMessage | Self::Enable(_) | Self::Disable(_) => 100,
            Self::GetSnr => 1000,
            Self::HfReset(_) => 2000,
            Self::Select { .. } | Self::IsSelected | Self::GetCardType | Self::Read { .. } | Self::Write { .. } => 3000,
            Self::Apdu { .. } => 60_000,
        }
    }

    /// Its parameters. `None` if one is longer than its length can say.
    #[must_use]
    pub fn payload(&self) -> Option<Vec<u8>> {
        Some(match self {
            Self::GetInfo | Self::GetSnr | Self::IsSelected | Self::GetCardType | Self::GetMessage => Vec::new(),
            Self::HfReset(ms) => vec![*ms],
            Self::Select { families, again } => {
                let [high, low] = families.0.to_be_bytes();
                vec![high, low, u8::from(*again), 0]
            }
            Self::SetupLegic { card, segment, data_only } => {
                let card = match card {
                    Card::Prime => CardType::LegicPrime,
                    Card::AdvantIso14443a => CardType::LegicAdvantIso14443a,
                    Card::AdvantIso15693 => CardType::LegicAdvantIso15693,
                };
                let (information, by_stamp) = match segment {
                    LegicSegment::Stamp(stamp) => (stamp.clone(), true),
                    LegicSegment::Number(number) => (vec![*number], false),
                };
                let mut out = vec![card.byte(), 0, u8::try_from(information.len()).ok()?];
                out.extend(information);
                // Each of the two is preceded by whether it is given.
                out.extend([1, u8::from(by_stamp), 1, u8::from(*data_only)]);
                out
            }
            Self::Read { address, length } => [&[SET_UP][..], &address.to_be_bytes(), &length.to_be_bytes()].concat(),
            Self::Write { address, data } => {
                let length = u16::try_from(data.len()).ok()?;
                [&[SET_UP][..], &address.to_be_bytes(), &length.to_be_bytes(), data].concat()
            }
            Self::Apdu { card, command } => {
                let length = u16::try_from(command.len()).ok()?;
                [&[card.byte()][..], &length.to_be_bytes(), command].concat()
            }
            Self::Enable(port) | Self::Disable(port) => vec![*port as u8],
        })
    }

    /// The frame. `None` if it is longer than any reader takes.
    #[must_use]
    pub fn frame(&self, check_sum: CheckSum) -> Option<Frame> {
        Frame::new(self.code(), &self.payload()?, check_sum)
    }

    /// Sys.GetInfo's answer: text that ends with a zero.
    #[must_use]
    pub fn info(answer: &[u8]) -> Option<&str> {
        let (0, text) = answer.split_last()? else { return None };
        let text = std::str::from_utf8(text).ok()?;
        text.is_ascii().then_some(text).filter(|text| !text.contains('\0'))
    }

    /// VHL.Select's and VHL.GetCardType's answer.
    #[must_use]
    pub fn card_type(answer: &[u8]) -> Option<CardType> {
        let [byte] = answer else { return None };
        Some(CardType::from_byte(*byte))
    }

    /// VHL.ExchangeAPDU's answer: the response APDU behind its length.
    #[must_use]
    pub fn apdu(answer: &[u8]) -> Option<&[u8]> {
        let (length, apdu) = answer.split_first_chunk::<2>()?;
        (apdu.len() == usize::from(u16::from_be_bytes(*length))).then_some(apdu)
    }

    /// AR.GetMessage's answer.
    #[must_use]
    pub fn message(answer: &[u8]) -> Option<Message> {
        let [kind, length, data @ ..] = answer else { return None };
        (data.len() == usize::from(*length)).then(|| Message { kind: *kind, data: data.to_vec() })
    }
}
