//! Between frames and commands: what a command's frame starts or goes on with, how its answer is sealed and split, and
//! the checks that all commands share.

use std::collections::VecDeque;

use super::DesfireCard;
use super::authenticate::Handshake;
use super::image::{App, Model};
use super::session::{Carries, Mode, Session};
use super::status::Sw;

/// What the next additional frame is for.
pub(super) enum Pending {
    Handshake(Handshake),
    /// Frames still to be fetched.
    Rest(VecDeque<Vec<u8>>),
    /// A delegated application, whose issuer's word is still to come.
    Delegated {
        first: Vec<u8>,
    },
    /// A write that needs more frames, up to `total` bytes.
    Write {
        ins: u8,
        wire: Vec<u8>,
        total: usize,
    },
}

/// How far a command got.
pub(super) enum Next {
    Done(Answer),
    More(Vec<u8>, Pending),
    /// Ready to send as it is: a token, or a frame of what is sealed already.
    Sealed(Sw, Vec<u8>),
}

/// What a command answers, before secure messaging.
#[derive(Default)]
pub(super) struct Answer {
    pub(super) data: Vec<u8>,
    /// Full if set; else MAC, which D40 sends only where `mac` says so.
    pub(super) mode: Option<Mode>,
    /// The host does not know how long the data is.
    pub(super) length_open: bool,
    /// The session has ended with this command: no MAC.
    pub(super) bare: bool,
    /// Enciphered without padding.
    pub(super) whole_blocks: bool,
    /// The session ends once this is answered.
    pub(super) ends: bool,
    /// All in one answer: the frames are chained below (ISO 14443-4), not by this protocol.
    pub(super) unsplit: bool,
    /// How long the first frames are; what is left is split as frames are.
    pub(super) frames: Vec<usize>,
}

impl Answer {
    /// The usual answer of a command that manages the card: plain in D40, with a MAC in EV1 and EV2.
    pub(super) fn managing(data: impl Into<Vec<u8>>) -> Next {
        Next::Done(Self { data: data.into(), ..Self::default() })
    }
}

impl DesfireCard {
    /// One native command frame: instruction and data in, status and data out.
    pub(super) fn exchange(&mut self, ins: u8, data: &[u8]) -> (Sw, Vec<u8>) {
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

    pub(super) fn send(&mut self, answer: Answer) -> (Sw, Vec<u8>) {
        let mut data = answer.data;
        if answer.bare {
            self.lose_session();
        } else if let Some(who) = &mut self.live.session {
            let mode = answer.mode.unwrap_or(match who.session {
                Session::D40 { .. } => Mode::Plain,
                Session::Ev1 { .. } | Session::Ev2 { .. } => Mode::Mac,
            });
            data = match answer.whole_blocks {
                true => who.session.seal_blocks(data),
                false => who.session.seal(data, mode, !answer.length_open),
            };
        }
        if answer.ends {
            self.lose_session();
        }
        if answer.unsplit {
            return (Sw::OK, data);
        }
        let mut limit = self.frame_limit() - 1;
        // A real EV3 sends what it reads from a file in whole blocks, in plain as well (`tests/vectors/real-ev3`).
        if let (Some(_), Some(Session::Ev1 { key, .. })) = (answer.mode, self.live.session.as_ref().map(|w| &w.session))
        {
            limit -= limit % key.block();
        }
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

    pub(super) fn next_frame(&mut self, mut frames: VecDeque<Vec<u8>>) -> (Sw, Vec<u8>) {
        let frame = frames.pop_front().unwrap_or_default();
        if frames.is_empty() {
            return (Sw::OK, frame);
        }
        self.live.pending = Some(Pending::Rest(frames));
        (Sw::MORE, frame)
    }

    /// Whatever fails, and whatever ends a session, takes authentication and uncommitted writes with it.
    pub(super) fn lose_session(&mut self) {
        self.live.session = None;
        self.live.pending = None;
        self.live.uncommitted.clear();
        self.live.input.clear();
        self.live.reader = None;
    }

    /// The longest native frame, status or instruction and data: FSC less PCB, CID and CRC (ISO 14443-4 §7.1).
    pub(super) fn frame_limit(&self) -> usize {
        self.live.frame_size.max(64) - 4
    }

    pub(super) fn dispatch(&mut self, ins: u8, data: &[u8]) -> Result<Next, Sw> {
        let chained_below = matches!(ins, 0xAD | 0x8D | 0xAB | 0x8B | 0xBA);
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
            0xC6 if !is_ev1 => self.change_key_of_set(data),
            0x56 if !is_ev1 => self.initialize_key_set(data),
            0x57 if !is_ev1 => self.finalize_key_set(data),
            0x55 if !is_ev1 => self.roll_key_set(data),
            0xC9 if !is_ev1 => self.create_delegated(data),
            0x69 if !is_ev1 => self.get_delegated_info(data),
            0x3C => self.read_signature(data),
            0xCD | 0xCB => self.create_data_file(ins, data),
            0xDF => self.delete_file(data),
            0x6F => self.get_file_ids(data),
            0x61 => self.get_iso_file_ids(data),
            0xF5 => self.get_file_settings(data),
            0x5F => self.change_file_settings(data),
            0xBD => self.read_data(ins, data),
            0x3D | 0x3B => self.write(ins, data),
            0xBB => self.read_records(ins, data),
            0xEB => self.clear_records(data),
            0xDB | 0xBA if self.can_update_records() => self.write(ins, data),
            0xCC => self.create_value_file(data),
            0xC1 | 0xC0 => self.create_record_file(ins, data),
            0xCE if !is_ev1 => self.create_transaction_mac_file(data),
            0x6C => self.get_value(data),
            0x0C | 0xDC | 0x1C => self.change_value(ins, data),
            0xAD if !is_ev1 => self.read_data(ins, data),
            0xAB if !is_ev1 => self.read_records(ins, data),
            0x8D | 0x8B if !is_ev1 => self.write(ins, data),
            0xC7 => self.commit_transaction(data),
            0xC8 if !is_ev1 => self.commit_reader_id(data),
            0xA7 => self.abort_transaction(data),
            _ => Err(Sw::ILLEGAL_COMMAND),
        }
    }

    pub(super) fn go_on(&mut self, pending: Pending, data: &[u8]) -> Result<Next, Sw> {
        match pending {
            Pending::Handshake(handshake) => self.finish_authentication(handshake, data),
            Pending::Rest(frames) => {
                if !data.is_empty() {
                    return Err(Sw::LENGTH);
                }
                let (status, frame) = self.next_frame(frames);
                Ok(Next::Sealed(status, frame))
            }
            Pending::Delegated { first } => self.create_delegated_whole(&first, data),
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
    pub(super) fn open(&mut self, ins: u8, wire: &[u8], carries: Carries) -> Result<Vec<u8>, Sw> {
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
    pub(super) fn parameters(&mut self, ins: u8, wire: &[u8]) -> Result<Vec<u8>, Sw> {
        self.open(ins, wire, Carries::Parameters { mac: true })
    }

    /// For a command without parameters.
    pub(super) fn no_parameters(&mut self, ins: u8, wire: &[u8]) -> Result<(), Sw> {
        if self.parameters(ins, wire)?.is_empty() { Ok(()) } else { Err(Sw::LENGTH) }
    }

    pub(super) fn key_no(&self) -> Option<u8> {
        self.live.session.as_ref().map(|who| who.key_no)
    }

    /// The master key of what is selected must be authenticated.
    pub(super) fn require_master(&self) -> Result<(), Sw> {
        if self.key_no() == Some(0) { Ok(()) } else { Err(Sw::AUTHENTICATION) }
    }

    /// As [`DesfireCard::require_master`], unless the settings of what is selected leave it free.
    pub(super) fn require_master_unless(&self, free: u8) -> Result<(), Sw> {
        if self.settings() & free != 0 { Ok(()) } else { self.require_master() }
    }

    pub(super) fn require_picc_level(&self) -> Result<(), Sw> {
        if self.live.selected.is_none() { Ok(()) } else { Err(Sw::PERMISSION_DENIED) }
    }

    /// KeySett1 of what is selected.
    pub(super) fn settings(&self) -> u8 {
        self.app().map_or(self.image.settings, |app| app.settings)
    }

    /// The selected application; at the card level, there is none to work on.
    pub(super) fn app(&self) -> Result<&App, Sw> {
        let selected = self.live.selected.ok_or(Sw::PERMISSION_DENIED)?;
        self.image.apps.iter().find(|app| app.aid == selected).ok_or(Sw::APP_NOT_FOUND)
    }

    pub(super) fn app_mut(&mut self) -> Result<&mut App, Sw> {
        let selected = self.live.selected.ok_or(Sw::PERMISSION_DENIED)?;
        self.image.apps.iter_mut().find(|app| app.aid == selected).ok_or(Sw::APP_NOT_FOUND)
    }
}
