//! A simulated PIV card, for rehearsal and for tests: a state machine written from NIST SP 800-73-4 part 2 and sharing
//! nothing with the host's code but ISO 7816-4 framing. It makes P-256 keys, and refuses what a card refuses, with the
//! card's status words. No clock, no randomness of its own: a seed is given.
//!
//! Not a vault: its keys lie in memory and in [`PivCard::export`] in clear.

mod authenticate;
mod image;
mod objects;
mod secrets;
mod tlv;

use lanyard_apdu::{Command, Expected, Response};
use lanyard_virtual::ApduCard;

use image::Image;

pub use image::ImageError;

/// Longest command that is put together from pieces, in bytes; longer than any object.
const COMMAND_LIMIT: usize = 4_096;

/// The application's full identifier (SP 800-73-4 part 1 §2.2).
const AID: [u8; 11] = [0xA0, 0x00, 0x00, 0x03, 0x08, 0x00, 0x00, 0x10, 0x00, 0x01, 0x00];

/// Answer to reset of a contact card (ISO/IEC 7816-3 §8.2): T=1; historical bytes with the card capabilities of ISO/IEC
/// 7816-4 §8.1.1.2.7 (selection by full or partial name, chaining, extended length).
const ATR: [u8; 9] = [0x3B, 0x85, 0x01, 0x80, 0x73, 0xC0, 0x01, 0xC0, 0x76];

/// What a command comes to: data, or a status word that is not `9000`.
type Answer = Result<Vec<u8>, u16>;

/// A PIV card. New: management key 3DES `01 02 … 08` three times, PIN `123456`, PUK `12345678`, no key, no object.
pub struct PivCard {
    image: Image,
    live: Live,
}

/// What is forgotten without power.
#[derive(Default)]
struct Live {
    powered: bool,
    selected: bool,
    pin_verified: bool,
    /// The PIN was verified by the command just before: what slot 9C wants.
    pin_just_verified: bool,
    admin: bool,
    pending: Option<authenticate::Pending>,
    gathered: Option<Command>,
    left: Vec<u8>,
}

impl PivCard {
    /// A card as its maker ships it. Cards of different seeds have different serial numbers, challenges and keys.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { image: Image::factory(seed), live: Live::default() }
    }

    /// All that stays on the card without power, its keys in clear, as JSON: a rehearsal's bench is kept in this form.
    #[must_use]
    pub fn export(&self) -> String {
        serde_json::to_string(&self.image).unwrap_or_default()
    }

    /// Takes an exported card up again, without power.
    ///
    /// # Errors
    /// [`ImageError`].
    pub fn import(text: &str) -> Result<Self, ImageError> {
        Ok(Self { image: Image::parse(text)?, live: Live::default() })
    }

    /// The serial number that it tells.
    #[must_use]
    pub fn serial(&self) -> u32 {
        self.image.serial()
    }

    fn answer(&mut self, command: &Command) -> Answer {
        let just_verified = std::mem::take(&mut self.live.pin_just_verified);
        match (command.ins, command.p1, command.p2) {
            (0xA4, 0x04, 0x00) => self.select(&command.data),
            _ if !self.live.selected => Err(0x6D00),
            (0x20, ..) => self.verify(command),
            (0x24, 0x00, _) => self.change_reference(command),
            (0x2C, 0x00, 0x80) => self.reset_retry_counter(&command.data),
            (0x87, algorithm, reference) => {
                self.general_authenticate(algorithm, reference, &command.data, just_verified)
            }
            (0x47, 0x00, slot) => self.generate(slot, &command.data),
            (0xCB, 0x3F, 0xFF) => self.get_data(&command.data),
            (0xDB, 0x3F, 0xFF) => self.put_data(&command.data),
            (0xFF, 0xFF, 0xFE | 0xFF) => self.set_management_key(&command.data),
            (0xFD, 0x00, 0x00) => Ok(vec![5, 4, 3]),
            (0xF8, 0x00, 0x00) => Ok(self.serial().to_be_bytes().to_vec()),
            (0xF7, 0x00, reference) => self.metadata(reference),
            (0x24 | 0x2C | 0x47 | 0xCB | 0xDB | 0xFF | 0xFD | 0xF8 | 0xF7, ..) => Err(0x6A86),
            _ => Err(0x6D00),
        }
    }

    fn select(&mut self, aid: &[u8]) -> Answer {
        // A shorter identifier selects the first application that begins so (ISO/IEC 7816-4 §8.2.2.2).
        if aid.len() < 5 || !AID.starts_with(aid) {
            return Err(0x6A82);
        }
        self.live = Live { powered: true, selected: true, ..Live::default() };
        let mut template = tlv::field(&[0x4F], &AID[5..]);
        tlv::put(&mut template, &[0x79], &tlv::field(&[0x4F], &AID[..5]));
        for algorithm in [0x03, 0x08, 0x0A, 0x0C, 0x11] {
            let mut entry = tlv::field(&[0x80], &[algorithm]);
            tlv::put(&mut entry, &[0x06], &[0x00]);
            tlv::put(&mut template, &[0xAC], &entry);
        }
        Ok(tlv::field(&[0x61], &template))
    }

    /// Puts the pieces of a command together (ISO/IEC 7816-4 §5.3.3); `None` while more are to come.
    fn gather(&mut self, mut command: Command) -> Result<Option<Command>, u16> {
        let more = command.cla & 0x10 != 0;
        command.cla &= !0x10;
        if let Some(mut so_far) = self.live.gathered.take() {
            if (so_far.ins, so_far.p1, so_far.p2) != (command.ins, command.p1, command.p2) {
                return Err(0x6883);
            }
            so_far.data.extend_from_slice(&command.data);
            so_far.expected = command.expected;
            command = so_far;
        }
        if command.data.len() > COMMAND_LIMIT {
            return Err(0x6700);
        }
        if more {
            self.live.gathered = Some(command);
            return Ok(None);
        }
        Ok(Some(command))
    }

    /// The next piece of an answer, `61xx` if more is left (§5.3.4).
    fn piece(&mut self, expected: Expected) -> Response {
        let most = match expected {
            Expected::UpTo(n) => n as usize,
            Expected::Nothing | Expected::Any => 256,
        };
        let rest = self.live.left.split_off(self.live.left.len().min(most));
        let data = std::mem::replace(&mut self.live.left, rest);
        let status = match self.live.left.len() {
            0 => 0x9000,
            n @ 1..=255 => 0x6100 | n as u16,
            _ => 0x6100,
        };
        Response::new(data, lanyard_apdu::Status(status))
    }

    fn respond(&mut self, bytes: &[u8]) -> Response {
        let Ok(command) = Command::parse(bytes) else { return Response::status(0x6700) };
        if command.cla & !0x10 != 0 {
            return Response::status(0x6E00);
        }
        if command.ins == 0xC0 {
            return if self.live.left.is_empty() { Response::status(0x6985) } else { self.piece(command.expected) };
        }
        self.live.left.clear();
        match self.gather(command) {
            Err(status) => Response::status(status),
            Ok(None) => Response::status(0x9000),
            Ok(Some(command)) => match self.answer(&command) {
                Err(status) => Response::status(status),
                Ok(data) => {
                    self.live.left = data;
                    self.piece(command.expected)
                }
            },
        }
    }
}

impl ApduCard for PivCard {
    fn power_on(&mut self) {
        self.live = Live { powered: true, ..Live::default() };
    }

    fn power_off(&mut self) {
        self.live = Live::default();
    }

    fn atr(&self) -> Vec<u8> {
        ATR.to_vec()
    }

    fn uid(&self) -> Vec<u8> {
        Vec::new()
    }

    fn transmit(&mut self, command: &[u8]) -> Vec<u8> {
        if !self.live.powered {
            return vec![0x6F, 0x00];
        }
        self.respond(command).encode()
    }
}
