//! Each fault of the script, held to what a reader with that fault would show and a card would keep.

use std::sync::{Arc, Mutex};

use lanyard_device::{Channel, DeviceError, Reader};

use crate::{ApduCard, Bench, DesfireCard, Fault, FaultKind, VirtualReader};

const READER: &str = "Desk reader";
const UID: [u8; 7] = [4, 1, 2, 3, 4, 5, 6];
const AID: [u8; 3] = [1, 2, 0xF5];
const FREE_MEM: [u8; 5] = [0x90, 0x6E, 0, 0, 0];
const LIST: [u8; 5] = [0x90, 0x6A, 0, 0, 0];
const CREATE: [u8; 11] = [0x90, 0xCA, 0, 0, 5, 1, 2, 0xF5, 0x0F, 0x81, 0];
const SELECT: [u8; 9] = [0x90, 0x5A, 0, 0, 3, 1, 2, 0xF5, 0];
/// File 1: standard, free, eight bytes; file 2: backup, the same.
const STANDARD: [u8; 13] = [0x90, 0xCD, 0, 0, 7, 1, 0, 0xEE, 0xEE, 8, 0, 0, 0];
const BACKUP: [u8; 13] = [0x90, 0xCB, 0, 0, 7, 2, 0, 0xEE, 0xEE, 8, 0, 0, 0];
const COMMIT: [u8; 5] = [0x90, 0xC7, 0, 0, 0];

fn write(file: u8, offset: u8, data: &[u8]) -> Vec<u8> {
    let n = data.len() as u8;
    [&[0x90, 0x3D, 0, 0, 7 + n, file, offset, 0, 0, n, 0, 0], data, &[0]].concat()
}

struct Desk {
    bench: Bench,
    reader: VirtualReader,
    card: Arc<Mutex<DesfireCard>>,
}

impl Desk {
    /// With a fault at its first command.
    fn with(prepare: &[&[u8]], kind: FaultKind) -> (Self, Box<dyn Channel>) {
        let bench = Bench::new();
        let mut reader = bench.plug_reader(READER);
        let card = Arc::new(Mutex::new(DesfireCard::new(UID, 1)));
        bench.lay(READER, card.clone()).unwrap();
        let mut channel = reader.open().unwrap();
        for command in prepare {
            let answer = channel.transmit(command).unwrap();
            assert!(answer.ends_with(&[0x91, 0x00]), "{command:02X?}: {answer:02X?}");
        }
        bench.faults(READER, [Fault { at: prepare.len(), kind }]).unwrap();
        (Self { bench, reader, card }, channel)
    }

    fn file(&self, no: u8) -> Vec<u8> {
        self.card.lock().unwrap().file(AID, no).unwrap()
    }

    fn apps(&self) -> usize {
        self.card.lock().unwrap().applications().len()
    }
}

#[test]
fn a_write_torn_at_any_byte_leaves_a_standard_file_written_up_to_there() {
    let setup: [&[u8]; 3] = [&CREATE, &SELECT, &STANDARD];
    for reached in 0..=6 {
        let (desk, mut channel) = Desk::with(&setup, FaultKind::Tear(reached));
        let lost = channel.transmit(&write(1, 2, b"torn"));
        assert!(matches!(lost, Err(DeviceError::CardGone { .. })));
        let mut left = vec![0; 8];
        left[2..2 + reached.min(4)].copy_from_slice(&b"torn"[..reached.min(4)]);
        assert_eq!(desk.file(1), left, "{reached} bytes");
    }
}

#[test]
fn all_else_that_is_torn_is_as_it_was_before() {
    let setup: [&[u8]; 3] = [&CREATE, &SELECT, &BACKUP];
    let (desk, mut channel) = Desk::with(&setup, FaultKind::Tear(3));
    channel.transmit(&write(2, 0, b"new data")).unwrap_err();
    assert_eq!(desk.file(2), [0; 8]);

    let with_write: [&[u8]; 4] = [&CREATE, &SELECT, &BACKUP, &write(2, 0, b"new data")];
    for (kind, left) in
        [(FaultKind::Tear(3), [0; 8]), (FaultKind::PullBefore, [0; 8]), (FaultKind::PullAfter, *b"new data")]
    {
        let (desk, mut channel) = Desk::with(&with_write, kind);
        channel.transmit(&COMMIT).unwrap_err();
        assert_eq!(desk.file(2), left, "{kind:?}");
    }
    for (kind, left) in [(FaultKind::Tear(5), 0), (FaultKind::PullBefore, 0), (FaultKind::PullAfter, 1)] {
        let (desk, mut channel) = Desk::with(&[], kind);
        channel.transmit(&CREATE).unwrap_err();
        assert_eq!(desk.apps(), left, "{kind:?}");
    }
}

#[test]
fn a_torn_card_laid_again_gives_another_challenge_than_before() {
    let mut card = DesfireCard::new(UID, 1);
    let authenticate = [0x90, 0x0A, 0, 0, 1, 0, 0];
    let first = card.transmit(&authenticate);
    card.tear(&CREATE, 0);
    assert_ne!(card.transmit(&authenticate), first);
    assert!(card.applications().is_empty());
}

#[test]
fn an_answer_breaks_off_at_the_byte_that_was_asked_for_and_the_card_is_gone() {
    let whole = Desk::with(&[], FaultKind::PullBefore).0.card.lock().unwrap().transmit(&FREE_MEM);
    for bytes in 0..=whole.len() {
        let (desk, mut channel) = Desk::with(&[], FaultKind::PullAt(bytes));
        let answer = channel.transmit(&FREE_MEM);
        match bytes {
            0 => assert!(matches!(answer, Err(DeviceError::CardGone { .. }))),
            _ => assert_eq!(answer.unwrap(), whole[..bytes]),
        }
        assert!(matches!(channel.transmit(&FREE_MEM), Err(DeviceError::CardGone { .. })));
        drop(channel);
        desk.bench.lay_again(READER).unwrap();
        let mut reader = desk.reader;
        assert_eq!(reader.open().unwrap().transmit(&FREE_MEM).unwrap(), whole);
    }
    let (desk, mut channel) = Desk::with(&[], FaultKind::PullAt(1));
    channel.transmit(&CREATE).unwrap();
    assert_eq!(desk.apps(), 1, "it was carried out before it was answered");
}

#[test]
fn a_late_answer_comes_in_the_next_ones_place_until_the_session_ends() {
    let (mut desk, mut channel) = Desk::with(&[&CREATE], FaultKind::Late);
    assert!(matches!(channel.transmit(&FREE_MEM), Err(DeviceError::Silent { .. })));
    let free = channel.transmit(&LIST).unwrap();
    let apps = channel.transmit(&FREE_MEM).unwrap();
    assert_eq!(apps, [1, 2, 0xF5, 0x91, 0x00]);
    assert_eq!(free.len(), 5);
    drop(channel);
    assert_eq!(desk.reader.open().unwrap().transmit(&LIST).unwrap(), apps);
}

#[test]
fn a_reader_unplugged_before_a_command_hides_it_from_the_card_and_after_it_hides_the_answer() {
    for (kind, left) in [(FaultKind::UnplugReader, 0), (FaultKind::UnplugReaderAfter, 1)] {
        let (desk, mut channel) = Desk::with(&[], kind);
        assert!(matches!(channel.transmit(&CREATE), Err(DeviceError::Gone { .. })), "{kind:?}");
        assert_eq!(desk.apps(), left, "{kind:?}");
        drop(channel);
        let mut reader = desk.bench.plug_reader(READER);
        assert!(reader.open().unwrap().transmit(&LIST).unwrap().ends_with(&[0x91, 0x00]));
    }
}

#[test]
fn garbage_keeps_its_length_and_a_turned_mac_is_one_bit_off() {
    let good = Desk::with(&[], FaultKind::PullBefore).0.card.lock().unwrap().transmit(&FREE_MEM);
    let noise = Desk::with(&[], FaultKind::Garbage).1.transmit(&FREE_MEM).unwrap();
    assert!(noise.len() == good.len() && noise.iter().zip(&good).all(|(a, b)| a != b));
    let turned = Desk::with(&[], FaultKind::FlipMac).1.transmit(&FREE_MEM).unwrap();
    let bits: u32 = good.iter().zip(&turned).map(|(a, b)| (a ^ b).count_ones()).sum();
    assert_eq!((bits, good.len() - 2), (1, 3));
}
