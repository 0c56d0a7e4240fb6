//! A real card's own words: the host sends what the recorded host sent to an EV3 card, and takes what the card answered
//! (`tests/vectors/real-ev3`). Where a frame is cut is the host's choice, so writes are compared as a whole.

use std::collections::VecDeque;

use lanyard_secret::Secret;

use crate::session::Session;
use crate::{
    AccessRights, Aid, Card, CommMode, DesKey, Family, FileKind, FileNo, FileShape, Framing, KeyNo, KeySettings,
    KeyType, KeyVersion, Link, NewApplication, NewFile, NewKey, Nonce, Op, Progress, Reply, native_command,
    native_response,
};

/// A card, and what is still to be said and answered.
struct Recording {
    card: Card,
    frames: VecDeque<(Vec<u8>, Vec<u8>)>,
}

impl Recording {
    fn of(text: &str) -> Self {
        let frames = text.lines().map(|line| {
            let (sent, received) = line.split_once(' ').unwrap();
            (hex::decode(sent).unwrap(), hex::decode(received).unwrap())
        });
        let link = Link { framing: Framing::Native, ..Link::wrapped(64) };
        Self { card: Card::recorded(link, Session::None, Aid::PICC), frames: frames.collect() }
    }

    /// The whole operation: the bytes of all its frames are those of the recording.
    fn run(&mut self, op: Op) -> Reply {
        let (mut expected, mut answers) = self.frames.pop_front().map(|(sent, answer)| (sent, vec![answer])).unwrap();
        while let Some((sent, answer)) = self.frames.pop_front_if(|(sent, _)| sent[0] == 0xAF) {
            expected.extend_from_slice(&sent[1..]);
            answers.push(answer);
        }
        // While the host still sends, the card gives nothing but its leave to go on.
        let mut answers: VecDeque<_> = answers.into_iter().collect();
        while answers.len() > 1 && answers[0] == [0xAF] {
            answers.pop_front();
        }
        let mut sent = Vec::new();
        let mut command = self.card.command(op).unwrap();
        loop {
            let bytes = native_command(&command);
            sent.extend_from_slice(if sent.is_empty() { &bytes } else { &bytes[1..] });
            let handshake = matches!(expected[0], 0x1A | 0xAA);
            let answer =
                if sent.len() < expected.len() && !handshake { vec![0xAF] } else { answers.pop_front().unwrap() };
            match self.card.answer(&native_response(&answer).unwrap()).unwrap() {
                Progress::More(next) => command = next,
                Progress::Done(reply) => {
                    assert_eq!(hex::encode(sent), hex::encode(expected));
                    assert!(answers.is_empty());
                    return reply;
                }
            }
        }
    }

    fn des(&mut self, key: [u8; 8], nonce: [u8; 8]) {
        let rnd_a = Nonce::filled(|out| out[..8].copy_from_slice(&nonce));
        let key = DesKey::Single(Secret::take(&mut { key }));
        self.run(Op::AuthenticateIso { key_no: KeyNo::MASTER, key, rnd_a });
    }

    fn aes(&mut self, key: [u8; 16], nonce: [u8; 16]) {
        let (key, rnd_a) = (Secret::take(&mut { key }), Secret::take(&mut { nonce }));
        self.run(Op::AuthenticateAes { key_no: KeyNo::MASTER, key, rnd_a });
    }

    /// Creates application 010203 with one key and selects it.
    fn application(&mut self, key_type: KeyType) {
        let settings = KeySettings::from_wire(0x09);
        let new = NewApplication { aid: APPLICATION, settings, keys: 1, key_type, iso: None, key_sets: None };
        self.run(Op::CreateApplication(new));
        self.run(Op::SelectApplication(APPLICATION));
    }

    fn change(&mut self, new: NewKey) {
        self.run(Op::ChangeKey { key_no: KeyNo::MASTER, new, old: None });
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        assert!(std::thread::panicking() || self.frames.is_empty(), "the recording goes on");
    }
}

const APPLICATION: Aid = Aid([1, 2, 3]);
const CLOTHS: [u8; 8] = [0x32, 0xC2, 0x8F, 0xDA, 0xFD, 0x39, 0x60, 0xDE];

fn des_key(byte: u8) -> NewKey {
    NewKey::Des(DesKey::Single(Secret::take(&mut [byte; 8])))
}

fn aes_key(byte: u8) -> NewKey {
    NewKey::Aes { key: Secret::take(&mut [byte; 16]), version: KeyVersion(0) }
}

fn coffee(last: u8) -> [u8; 8] {
    [0xC0, 0xFF, 0xEE, 0xD0, 0x0D, 0, 0, last]
}

fn coffee_aes(last: u8) -> [u8; 16] {
    [0xC0, 0xFF, 0xEE, 0xBA, 0xDC, 0xAB, 0x1E, 0xF0, 0x0D, 0xF0, 0x0D, 0xF0, 0x0D, 0xF0, 0x0D, last]
}

macro_rules! recording {
    ($name:literal) => {
        Recording::of(include_str!(concat!("../../../../tests/vectors/real-ev3/", $name, ".replay")))
    };
}

#[test]
fn a_real_card_tells_what_it_is() {
    let mut real = recording!("metadata");
    real.des([0; 8], CLOTHS);
    let Reply::Keys(keys) = real.run(Op::GetKeySettings) else { panic!("no key settings") };
    assert_eq!((keys.settings.wire(), keys.key_type, keys.count), (0x0F, KeyType::Des, 1));
    assert_eq!(real.run(Op::GetKeyVersion(KeyNo::MASTER)), Reply::KeyVersion(KeyVersion(0)));
    assert_eq!(real.run(Op::GetApplicationIds), Reply::Applications(vec![]));
    let uid = [0x04, 0x64, 0xD5, 0x9A, 0xDD, 0x1E, 0x90];
    assert_eq!(real.run(Op::GetCardUid), Reply::Uid(uid));
    let Reply::Version(version) = real.run(Op::GetVersion) else { panic!("no version") };
    assert_eq!((version.family, version.storage_bytes, version.uid()), (Family::Ev3, 4096, Some(uid)));
}

#[test]
fn a_real_card_creates_an_application_changes_its_settings_and_deletes_it() {
    let mut real = recording!("application");
    real.des([0; 8], CLOTHS);
    real.application(KeyType::Aes);
    real.aes([0; 16], [1; 16]);
    for settings in [0x09, 0x00] {
        let Reply::Keys(keys) = real.run(Op::GetKeySettings) else { panic!("no key settings") };
        assert_eq!((keys.settings.wire(), keys.key_type, keys.count), (settings, KeyType::Aes, 1));
        if settings == 0x09 {
            assert_eq!(real.run(Op::GetKeyVersion(KeyNo::MASTER)), Reply::KeyVersion(KeyVersion(0)));
            assert_eq!(real.run(Op::GetFileIds), Reply::Files(vec![]));
            real.run(Op::ChangeKeySettings(KeySettings::from_wire(0)));
        }
    }
    real.run(Op::SelectApplication(Aid::PICC));
    real.des([0; 8], CLOTHS);
    real.run(Op::DeleteApplication(APPLICATION));
}

#[test]
fn a_real_card_keeps_files_in_every_mode() {
    let mut real = recording!("file_io");
    real.des([0; 8], CLOTHS);
    real.application(KeyType::Aes);
    let nonce = [0xC6, 0xB7, 0x81, 0x42, 0x8D, 0x97, 0x88, 0x37, 0xA6, 0x36, 0x08, 0x99, 0x11, 0x9F, 0x0D, 0xA4];
    real.aes([0; 16], nonce);
    let modes = [(1, CommMode::Plain), (2, CommMode::Mac), (3, CommMode::Full)];
    let rights = AccessRights::from_wire([0, 0]);
    for (number, mode) in modes {
        let (file, kind) = (FileNo::new(number).unwrap(), FileKind::Standard);
        let new = NewFile { file, kind, iso_fid: None, mode, rights, further_rights: false, size: 0x148 };
        real.run(Op::CreateFile(new));
    }
    let mut text = Vec::new();
    for (number, mode) in modes {
        let file = FileNo::new(number).unwrap();
        let Reply::File(settings) = real.run(Op::GetFileSettings(file)) else { panic!("no settings") };
        assert_eq!((settings.shape, settings.mode), (FileShape::Standard { size: 0x148 }, mode));
        if text.is_empty() {
            // The recorded host wrote it in the clear first.
            let frames = real.frames.iter().skip(1).take_while(|(sent, _)| sent[0] == 0xAF);
            text = frames.flat_map(|(sent, _)| sent[1..].to_vec()).collect();
            assert!(text.starts_with(b"Had I the heavens'"));
        }
        real.run(Op::WriteData { file, offset: 0, data: text.clone(), mode });
        let read = real.run(Op::ReadData { file, offset: 0, length: 0x148, mode });
        assert_eq!(read, Reply::Data(text.clone()));
    }
}

#[test]
fn a_real_card_takes_new_keys_of_an_application() {
    let mut real = recording!("key_change_app_des_des");
    real.des([0; 8], coffee(0));
    real.application(KeyType::Des);
    real.des([0; 8], coffee(1));
    real.change(des_key(2));
    real.des([2; 8], coffee(2));
    let mut real = recording!("key_change_app_aes_aes");
    real.des([0; 8], coffee(0));
    real.application(KeyType::Aes);
    real.aes([0; 16], coffee_aes(1));
    real.change(aes_key(2));
    real.aes([2; 16], coffee_aes(2));
}

#[test]
fn a_real_cards_master_key_goes_from_des_to_aes_and_back() {
    let mut real = recording!("key_change_picc_round_the_world");
    real.des([0; 8], [1; 8]);
    real.change(des_key(2));
    real.des([2; 8], [2; 8]);
    real.change(aes_key(0));
    real.aes([0; 16], [3; 16]);
    real.change(aes_key(1));
    real.aes([1; 16], [4; 16]);
    real.change(des_key(0));
}
