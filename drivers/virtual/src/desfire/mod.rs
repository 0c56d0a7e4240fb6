//! A MIFARE DESFire card as a state machine: what it keeps, what it answers, what it refuses.
//!
//! Written from the specification alone; it shares no code with the host's driver, so that an error of one is not
//! hidden by the same error of the other. A command either changes the card wholly or not at all, but for one: a write
//! to a standard data file has no second copy, and power that fails in the middle of it leaves it half done.

mod authenticate;
mod body;
mod cipher;
mod data;
mod delegated;
mod exchange;
mod files;
mod image;
mod iso;
mod iso_files;
mod keys;
mod keysets;
mod picc;
mod records;
mod session;
mod status;
mod transaction;
mod values;

use std::collections::BTreeMap;

use lanyard_fault::{Coded, Fault, Helps};

pub use image::{FrameSize, KeyKind, Memory, Model};

use crate::{ApduCard, contactless_atr};
use body::Change;
use exchange::{Answer, Next, Pending};
use image::{App, DefaultKey, Image, Key};
use session::Session;

/// An exported card that cannot be taken up again.
#[derive(Debug, thiserror::Error)]
pub enum ImageError {
    /// Not what [`DesfireCard::export`] writes.
    #[error("not a simulated card: line {line}, column {column}")]
    Syntax {
        /// Where reading stopped.
        line: usize,
        /// Where reading stopped.
        column: usize,
    },
    /// Well-formed, but no card could be in this state.
    #[error("no card could be in this state")]
    Impossible,
}

impl Coded for ImageError {
    fn code(&self) -> &'static str {
        match self {
            Self::Syntax { .. } => "bench.card.syntax",
            Self::Impossible => "bench.card.impossible",
        }
    }

    fn fault(&self) -> Fault {
        Fault::Operator
    }

    fn helps(&self) -> Helps {
        Helps::Another
    }
}

/// A key as it is on the card: what a test asks for.
#[derive(Clone, PartialEq, Eq)]
pub struct KeyView {
    /// Its kind.
    pub kind: KeyKind,
    /// 16 bytes, 24 for three-key 3DES.
    pub bytes: Vec<u8>,
    /// Its version.
    pub version: u8,
}

/// A DESFire card.
pub struct DesfireCard {
    image: Image,
    live: Live,
}

/// What power-off forgets.
#[derive(Default)]
struct Live {
    powered: bool,
    /// `None`: the card level.
    selected: Option<[u8; 3]>,
    /// The file that ISO 7816's own commands work on.
    iso_file: Option<u8>,
    session: Option<Authenticated>,
    pending: Option<Pending>,
    /// What the transaction has done and is not committed, by file number.
    uncommitted: BTreeMap<u8, Change>,
    /// What the transaction MAC will be made of, in an application that has such a file.
    input: Vec<u8>,
    /// The reader that this transaction names.
    reader: Option<[u8; 16]>,
    /// Power fails when so many bytes of the next write to a standard file have reached the memory.
    tear: Option<usize>,
    /// The UID of this activation.
    uid: Vec<u8>,
    /// The ATS of this activation: SetConfiguration takes effect at the next.
    ats: Vec<u8>,
    frame_size: usize,
}

/// Who is authenticated.
struct Authenticated {
    key_no: u8,
    session: Session,
}

impl DesfireCard {
    /// A blank EV2 card of 8 KB as delivered: master key DES, all zero. `seed` starts the card's own generator.
    #[must_use]
    pub fn new(uid: [u8; 7], seed: u64) -> Self {
        Self { image: Image::blank(uid, seed), live: Live::default() }
    }

    /// An emulator in an attacker's hand: it shows somebody else's UID, in anticollision and in GetVersion, and has a
    /// factory-blank master key, in the hope that somebody writes secrets to it.
    #[must_use]
    pub fn impostor(uid_of_another: [u8; 7], seed: u64) -> Self {
        Self::new(uid_of_another, seed)
    }

    /// Another chip generation or memory size.
    #[must_use]
    pub fn with_model(mut self, model: Model, memory: Memory) -> Self {
        self.image.model = model;
        self.image.memory = memory;
        self
    }

    /// Configured for longer frames.
    #[must_use]
    pub fn with_frame_size(mut self, size: FrameSize) -> Self {
        self.image.ats[1] = match size {
            FrameSize::B64 => 0x75,
            FrameSize::B128 => 0x77,
            FrameSize::B256 => 0x78,
        };
        self
    }

    /// Configured to show another UID at each activation.
    #[must_use]
    pub fn with_random_uid(mut self) -> Self {
        self.image.random_uid = true;
        self
    }

    /// With nothing on it and no memory left: applications that were deleted give theirs back only by a format.
    #[must_use]
    pub fn with_memory_used_up(mut self) -> Self {
        self.image.used = self.image.capacity();
        self
    }

    /// Delivered with a master key of the office's own: `key` is repeated or cut to the length of its kind.
    #[must_use]
    pub fn with_master_key(mut self, kind: KeyKind, key: &[u8], version: u8) -> Self {
        self.image.master = Key::new(kind, key, version);
        self
    }

    /// Delivered with a default key for new applications.
    #[must_use]
    pub fn with_default_key(mut self, key: [u8; 24], version: u8) -> Self {
        self.image.default_key = Some(DefaultKey { bytes: key, version });
        self
    }

    /// Delivered with its maker's signature over its UID, which ReadSignature answers.
    #[must_use]
    pub fn with_signature(mut self, signature: [u8; 56]) -> Self {
        self.image.signature = signature.to_vec();
        self
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
        let image: Image = serde_json::from_str(text)
            .map_err(|error| ImageError::Syntax { line: error.line(), column: error.column() })?;
        if !image.is_sound() {
            return Err(ImageError::Impossible);
        }
        Ok(Self { image, live: Live::default() })
    }

    /// The true UID, whatever the card shows.
    #[must_use]
    pub fn true_uid(&self) -> [u8; 7] {
        self.image.uid
    }

    /// Looks at the applications, as no reader could: their AIDs, least significant byte first.
    #[must_use]
    pub fn applications(&self) -> Vec<[u8; 3]> {
        self.image.apps.iter().map(|app| app.aid).collect()
    }

    /// Looks at a key, as no reader could: of an application, or the master key (`000000`, 0).
    #[must_use]
    pub fn key(&self, aid: [u8; 3], key_no: u8) -> Option<KeyView> {
        let key = match aid {
            [0, 0, 0] if key_no == 0 => &self.image.master,
            _ => self.image.apps.iter().find(|app| app.aid == aid)?.keys.get(usize::from(key_no))?,
        };
        Some(KeyView { kind: key.kind, bytes: key.bytes.clone(), version: key.version })
    }

    /// Looks at a file's committed data, as no reader could.
    #[must_use]
    pub fn file(&self, aid: [u8; 3], file_no: u8) -> Option<Vec<u8>> {
        let app = self.image.apps.iter().find(|app| app.aid == aid)?;
        app.file(file_no).ok().map(|file| file.body.content())
    }

    /// Leaves what stays of a command when power fails in the middle of it: a write to a standard file has reached the
    /// memory up to byte `written`; all else has either happened or not, and here it has not (a backup, value or record
    /// file waits for its commit, which like a key, an application or a setting is changed in one piece).
    fn torn(&mut self, command: &[u8], written: usize) {
        let before = self.image.clone();
        self.live.tear = Some(written);
        self.transmit(command);
        if self.live.tear.take().is_some() {
            let random = self.image.random;
            self.image = Image { random, ..before };
        }
        self.live = Live::default();
    }

    /// The ATS of this activation (ISO 14443-4 §5.2), for a reader that talks to the card below PC/SC.
    #[must_use]
    pub fn ats(&self) -> &[u8] {
        if self.live.powered { &self.live.ats } else { &self.image.ats }
    }

    fn reset(&mut self) {
        let uid = if self.image.random_uid {
            let [a, b, c] = self.image.random();
            vec![0x08, a, b, c]
        } else {
            self.image.uid.to_vec()
        };
        self.live = Live {
            powered: true,
            uid,
            ats: self.image.ats.clone(),
            frame_size: self.image.frame_size(),
            ..Live::default()
        };
    }
}

impl ApduCard for DesfireCard {
    fn power_on(&mut self) {
        self.reset();
    }

    fn power_off(&mut self) {
        self.live = Live::default();
    }

    fn atr(&self) -> Vec<u8> {
        contactless_atr(self.image.historical())
    }

    fn uid(&self) -> Vec<u8> {
        self.live.uid.clone()
    }

    fn tear(&mut self, command: &[u8], written: usize) {
        self.torn(command, written);
    }

    fn transmit(&mut self, command: &[u8]) -> Vec<u8> {
        if !self.live.powered {
            self.reset();
        }
        match command {
            [0x90, _, _, _, ..] => self.wrapped(command),
            [0x00, _, _, _, ..] => self.iso(command),
            [ins, data @ ..] if iso::is_native(*ins) => {
                let (status, answer) = self.exchange(*ins, data);
                [&[status.0], answer.as_slice()].concat()
            }
            _ => vec![0x6E, 0x00],
        }
    }
}

#[cfg(test)]
mod tests;
