//! A MIFARE DESFire card as a state machine: what it keeps, what it answers, what it refuses.
//!
//! Written from the specification alone; it shares no code with the host's driver, so that an error of one is not
//! hidden by the same error of the other. A command either changes the card wholly or not at all: a card pulled out of
//! the field is caught by [`crate::Bench`] before or after it, as on a chip whose writes are atomic.

mod authenticate;
mod cipher;
mod data;
mod files;
mod image;
mod iso;
mod keys;
mod picc;
mod session;
mod status;

use std::collections::{BTreeMap, VecDeque};

use lanyard_fault::{Coded, Fault, Helps};

pub use image::{FrameSize, KeyKind, Memory, Model};

use crate::{ApduCard, contactless_atr};
use authenticate::Handshake;
use image::{App, DefaultKey, Image, Key};
use session::{Carries, Mode, Session};
use status::Sw;

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
    session: Option<Authenticated>,
    pending: Option<Pending>,
    /// What was written to backup files and is not committed, by file number.
    uncommitted: BTreeMap<u8, Vec<u8>>,
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

/// What the next additional frame is for.
enum Pending {
    Handshake(Handshake),
    /// Frames still to be fetched.
    Rest(VecDeque<Vec<u8>>),
    /// A write that needs more frames, up to `total` bytes.
    Write {
        ins: u8,
        wire: Vec<u8>,
        total: usize,
    },
}

/// How far a command got.
enum Next {
    Done(Answer),
    More(Vec<u8>, Pending),
    /// Ready to send as it is: a token, or a frame of what is sealed already.
    Sealed(Sw, Vec<u8>),
}

/// What a command answers, before secure messaging.
#[derive(Default)]
struct Answer {
    data: Vec<u8>,
    /// Full if set; else MAC, which D40 sends only where `mac` says so.
    mode: Option<Mode>,
    /// The host does not know how long the data is.
    length_open: bool,
    /// The session has ended with this command: no MAC.
    bare: bool,
    /// All in one answer: the frames are chained below (ISO 14443-4), not by this protocol.
    unsplit: bool,
    /// How long the first frames are; what is left is split as frames are.
    frames: Vec<usize>,
}

impl Answer {
    /// The usual answer of a command that manages the card: plain in D40, with a MAC in EV1 and EV2.
    fn managing(data: impl Into<Vec<u8>>) -> Next {
        Next::Done(Self { data: data.into(), ..Self::default() })
    }
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
        app.file(file_no).ok().map(|file| file.body.data().to_vec())
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

    /// One native command frame: instruction and data in, status and data out.
    fn exchange(&mut self, ins: u8, data: &[u8]) -> (Sw, Vec<u8>) {
        match self.dispatch(ins, data) {
            Ok(Next::More(data, pending)) => {
                self.live.pending = Some(pending);
                (Sw::MORE, data)
            }
            Ok(Next::Done(answer)) => self.send(answer),
            Ok(Next::Sealed(status, data)) => (status, data),
            Err(status) => {
                self.lose_session();
                (status, Vec::new())
            }
        }
    }

    fn send(&mut self, answer: Answer) -> (Sw, Vec<u8>) {
        let mut data = answer.data;
        if answer.bare {
            self.lose_session();
        } else if let Some(who) = &mut self.live.session {
            let mode = answer.mode.unwrap_or(match who.session {
                Session::D40 { .. } => Mode::Plain,
                Session::Ev1 { .. } | Session::Ev2 { .. } => Mode::Mac,
            });
            data = who.session.seal(data, mode, !answer.length_open);
        }
        if answer.unsplit {
            return (Sw::OK, data);
        }
        let limit = self.frame_limit() - 1;
        let mut frames = VecDeque::new();
        let mut lengths = answer.frames.into_iter();
        loop {
            let length = lengths.next().unwrap_or(limit).min(data.len());
            let rest = data.split_off(length);
            frames.push_back(data);
            data = rest;
            if data.is_empty() {
                break;
            }
        }
        self.next_frame(frames)
    }

    fn next_frame(&mut self, mut frames: VecDeque<Vec<u8>>) -> (Sw, Vec<u8>) {
        let frame = frames.pop_front().unwrap_or_default();
        if frames.is_empty() {
            return (Sw::OK, frame);
        }
        self.live.pending = Some(Pending::Rest(frames));
        (Sw::MORE, frame)
    }

    /// Whatever fails, and whatever ends a session, takes authentication and uncommitted writes with it.
    fn lose_session(&mut self) {
        self.live.session = None;
        self.live.pending = None;
        self.live.uncommitted.clear();
    }

    /// The longest native frame, status or instruction and data: FSC less PCB, CID and CRC (ISO 14443-4 §7.1).
    fn frame_limit(&self) -> usize {
        self.live.frame_size.max(64) - 4
    }

    fn dispatch(&mut self, ins: u8, data: &[u8]) -> Result<Next, Sw> {
        let chained_below = matches!(ins, 0xAD | 0x8D);
        if !chained_below && 1 + data.len() > self.frame_limit() {
            return Err(Sw::LENGTH);
        }
        let pending = self.live.pending.take();
        if ins == Sw::MORE.0 {
            return self.go_on(pending.ok_or(Sw::ILLEGAL_COMMAND)?, data);
        }
        if pending.is_some() {
            return Err(Sw::ABORTED);
        }
        let is_ev1 = self.image.model == Model::Ev1;
        match ins {
            0x0A | 0x1A | 0xAA => self.authenticate(ins, data),
            0x71 | 0x77 if !is_ev1 => self.authenticate(ins, data),
            0x5A => self.select_application(data),
            0x60 => self.get_version(data),
            0x51 => self.get_card_uid(data),
            0x6E => self.free_mem(data),
            0x6A => self.get_application_ids(data),
            0x6D => self.get_df_names(data),
            0xCA => self.create_application(data),
            0xDA => self.delete_application(data),
            0xFC => self.format_picc(data),
            0x5C => self.set_configuration(data),
            0x45 => self.get_key_settings(data),
            0x54 => self.change_key_settings(data),
            0x64 => self.get_key_version(data),
            0xC4 => self.change_key(data),
            0xCD | 0xCB => self.create_data_file(ins, data),
            0xDF => self.delete_file(data),
            0x6F => self.get_file_ids(data),
            0x61 => self.get_iso_file_ids(data),
            0xF5 => self.get_file_settings(data),
            0x5F => self.change_file_settings(data),
            0xBD => self.read_data(ins, data),
            0x3D => self.write_data(ins, data),
            0xAD if !is_ev1 => self.read_data(ins, data),
            0x8D if !is_ev1 => self.write_data(ins, data),
            0xC7 => self.commit_transaction(data),
            0xA7 => self.abort_transaction(data),
            _ => Err(Sw::ILLEGAL_COMMAND),
        }
    }

    fn go_on(&mut self, pending: Pending, data: &[u8]) -> Result<Next, Sw> {
        match pending {
            Pending::Handshake(handshake) => self.finish_authentication(handshake, data),
            Pending::Rest(frames) => {
                if !data.is_empty() {
                    return Err(Sw::LENGTH);
                }
                let (status, frame) = self.next_frame(frames);
                Ok(Next::Sealed(status, frame))
            }
            Pending::Write { ins, mut wire, total } => {
                wire.extend_from_slice(data);
                if data.is_empty() || wire.len() > total {
                    return Err(Sw::LENGTH);
                }
                if wire.len() < total {
                    return Ok(Next::More(Vec::new(), Pending::Write { ins, wire, total }));
                }
                self.write_whole(ins, &wire)
            }
        }
    }

    /// Undoes secure messaging.
    fn open(&mut self, ins: u8, wire: &[u8], carries: Carries) -> Result<Vec<u8>, Sw> {
        match (&mut self.live.session, carries) {
            (Some(who), _) => who.session.open(ins, wire, carries),
            (None, Carries::Parameters { .. }) => Ok(wire.to_vec()),
            (None, Carries::Data { header, len, mode: Mode::Plain }) => {
                if wire.len() == header + len {
                    Ok(wire.to_vec())
                } else {
                    Err(Sw::LENGTH)
                }
            }
            (None, _) => Err(Sw::AUTHENTICATION),
        }
    }

    /// [`DesfireCard::open`] for a command that manages the card.
    fn parameters(&mut self, ins: u8, wire: &[u8]) -> Result<Vec<u8>, Sw> {
        self.open(ins, wire, Carries::Parameters { mac: true })
    }

    /// For a command without parameters.
    fn no_parameters(&mut self, ins: u8, wire: &[u8]) -> Result<(), Sw> {
        if self.parameters(ins, wire)?.is_empty() { Ok(()) } else { Err(Sw::LENGTH) }
    }

    fn key_no(&self) -> Option<u8> {
        self.live.session.as_ref().map(|who| who.key_no)
    }

    /// The master key of what is selected must be authenticated.
    fn require_master(&self) -> Result<(), Sw> {
        if self.key_no() == Some(0) { Ok(()) } else { Err(Sw::AUTHENTICATION) }
    }

    /// As [`DesfireCard::require_master`], unless the settings of what is selected leave it free.
    fn require_master_unless(&self, free: u8) -> Result<(), Sw> {
        if self.settings() & free != 0 { Ok(()) } else { self.require_master() }
    }

    fn require_picc_level(&self) -> Result<(), Sw> {
        if self.live.selected.is_none() { Ok(()) } else { Err(Sw::PERMISSION_DENIED) }
    }

    /// KeySett1 of what is selected.
    fn settings(&self) -> u8 {
        self.app().map_or(self.image.settings, |app| app.settings)
    }

    /// The selected application; at the card level, there is none to work on.
    fn app(&self) -> Result<&App, Sw> {
        let selected = self.live.selected.ok_or(Sw::PERMISSION_DENIED)?;
        self.image.apps.iter().find(|app| app.aid == selected).ok_or(Sw::APP_NOT_FOUND)
    }

    fn app_mut(&mut self) -> Result<&mut App, Sw> {
        let selected = self.live.selected.ok_or(Sw::PERMISSION_DENIED)?;
        self.image.apps.iter_mut().find(|app| app.aid == selected).ok_or(Sw::APP_NOT_FOUND)
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
