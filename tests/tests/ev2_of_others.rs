//! The simulated card's EV2 secure messaging held against a host that others wrote: crate `ntag424`, whose chip is
//! DESFire EV2's little sister with the same handshake, messaging, key and file commands. libfreefare stops at EV1.

// Clippy knows functions as tests only by their attribute; what these share is test code too.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::convert::Infallible;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use lanyard_desfire::{CommMode as Mode, NewKey, OldKey, Op, Reply};
use lanyard_secret::Secret;
use lanyard_tests::our_host::{OurHost, ev2, number, read, select, write};
use lanyard_virtual::{ApduCard, DesfireCard, FrameSize, KeyKind};
use ntag424::types::{CommMode, File, KeyNumber, NonMasterKeyNumber};
use ntag424::{AuthenticatedSession, Response, Session, Transport};

const UID: [u8; 7] = [0x04, 0x2F, 0x61, 0x0A, 0x3C, 0x5E, 0x80];
const AID: [u8; 3] = [0x01, 0x00, 0xF5];
const RND_A: [u8; 16] = *b"sixteen of chaos";
const ZERO: [u8; 16] = [0; 16];
const K0: [u8; 16] = *b"application key0";
const K1: [u8; 16] = *b"first of key one";
const K1_AGAIN: [u8; 16] = *b"then a second 1.";

struct Field(DesfireCard);

impl Transport for Field {
    type Error = Infallible;
    type Data = Vec<u8>;

    async fn transmit(&mut self, apdu: &[u8]) -> Result<Response<Vec<u8>>, Infallible> {
        let mut data = self.0.transmit(apdu);
        let (sw2, sw1) = (data.pop().unwrap(), data.pop().unwrap());
        Ok(Response { data, sw1, sw2 })
    }

    async fn get_uid(&mut self) -> Result<Vec<u8>, Infallible> {
        Ok(self.0.uid())
    }
}

/// Nothing here ever waits.
fn now<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("a card in the same process does not keep anybody waiting"),
    }
}

/// A card with the application by whose name the NTAG's host finds it: five AES keys, and files 1 to 3, plain, with a
/// MAC and enciphered, each read and written with key 1 only.
fn card() -> Field {
    let mut card = DesfireCard::new(UID, 11).with_frame_size(FrameSize::B256).with_master_key(KeyKind::Aes, &[0], 0);
    card.power_on();
    let mut send = |ins: u8, data: &[u8]| {
        let command = [&[0x90, ins, 0, 0, data.len() as u8], data, &[0]].concat();
        assert_eq!(card.transmit(&command), [0x91, 0x00], "{ins:02X}");
    };
    let name = [0xD2, 0x76, 0x00, 0x00, 0x85, 0x01, 0x01];
    send(0xCA, &[&AID[..], &[0x0F, 0x85, 0x10, 0xE1], &name].concat());
    send(0x5A, &AID);
    for (no, comm) in [(1, 0), (2, 1), (3, 3)] {
        send(0xCD, &[no, comm, 0x10, 0xFF, 0x00, 0x02, 0x00]);
    }
    Field(card)
}

#[test]
fn first_and_non_first_key_changes_and_all_comm_modes_work_with_the_ntags_host() {
    let mut field = card();
    now(async {
        let session = Session::new().authenticate_aes(&mut field, KeyNumber::Key0, &ZERO, RND_A).await.unwrap();
        let (version, session) = session.get_version(&mut field).await.unwrap();
        assert_eq!((version.hw_major_version(), version.uid()), (0x12, &UID));
        let (uid, session) = session.get_uid(&mut field).await.unwrap();
        assert_eq!(uid, UID);
        let session = session.change_key(&mut field, NonMasterKeyNumber::Key1, &K1, 1, &ZERO).await.unwrap();
        let session = session.change_key(&mut field, NonMasterKeyNumber::Key1, &K1_AGAIN, 2, &K1).await.unwrap();
        let (key_version, session) = session.get_key_version(&mut field, KeyNumber::Key1).await.unwrap();
        assert_eq!(key_version, 2);

        // The counter runs on over the second authentication.
        let mut session = session.authenticate(&mut field, KeyNumber::Key1, &K1_AGAIN, RND_A).await.unwrap();
        assert_eq!(session.cmd_counter(), 5);
        let data: Vec<u8> = (0..500_u16).map(|i| (i % 251) as u8).collect();
        for (file, mode) in [
            (File::CapabilityContainer, CommMode::Plain),
            (File::Ndef, CommMode::Mac),
            (File::Proprietary, CommMode::Full),
        ] {
            session = session.write_file_with_mode(&mut field, file, 5, &data, mode).await.unwrap();
            let (settings, next) = session.get_file_settings(&mut field, file).await.unwrap();
            assert_eq!((settings.file_size, settings.comm_mode), (512, mode));
            let mut back = vec![0; 500];
            let (n, next) = next.read_file_with_mode(&mut field, file, 5, 500, mode, &mut back).await.unwrap();
            assert!(n == 500 && back == data, "{mode:?}");
            session = next;
        }

        let session = session.authenticate(&mut field, KeyNumber::Key0, &ZERO, RND_A).await.unwrap();
        session.change_master_key(&mut field, &K0, 3).await.unwrap();
        Session::new().authenticate_aes(&mut field, KeyNumber::Key0, &K0, RND_A).await.unwrap();
        let wrong = Session::new().authenticate_aes(&mut field, KeyNumber::Key0, &ZERO, RND_A).await;
        assert!(wrong.is_err());
    });
    assert!(field.0.key(AID, 0).unwrap().bytes == K0);
    assert!(field.0.key(AID, 1).unwrap().bytes == K1_AGAIN);
}

const MODES: [(u8, File, CommMode, Mode); 3] = [
    (1, File::CapabilityContainer, CommMode::Plain, Mode::Plain),
    (2, File::Ndef, CommMode::Mac, Mode::Mac),
    (3, File::Proprietary, CommMode::Full, Mode::Full),
];

fn text(seed: u8) -> Vec<u8> {
    (0..200_u8).map(|i| i.wrapping_mul(11).wrapping_add(seed)).collect()
}

#[test]
fn what_the_ntags_host_wrote_and_keyed_our_host_reads_and_the_other_way_round() {
    let mut field = card();
    now(async {
        let session = Session::new().authenticate_aes(&mut field, KeyNumber::Key0, &ZERO, RND_A).await.unwrap();
        let session = session.change_key(&mut field, NonMasterKeyNumber::Key1, &K1, 1, &ZERO).await.unwrap();
        let mut session = session.authenticate(&mut field, KeyNumber::Key1, &K1, RND_A).await.unwrap();
        for (no, file, mode, _) in MODES {
            session = session.write_file_with_mode(&mut field, file, 0, &text(no), mode).await.unwrap();
        }
    });

    let mut ours = OurHost::at(&mut field.0);
    ours.all([select(0xF5_0001), ev2(1, K1)]).unwrap();
    for (no, _, _, mode) in MODES {
        assert_eq!(ours.run(read(no, 200, mode)).unwrap(), Reply::Data(text(no)), "{mode:?}");
        ours.run(write(no, &text(no + 100), mode)).unwrap();
    }
    let aes = |key: [u8; 16]| Secret::filled(|out| *out = key);
    let change = |key_no: u8, new: [u8; 16], old: Option<[u8; 16]>| Op::ChangeKey {
        key_no: number(key_no),
        new: NewKey::Aes { key: aes(new), version: lanyard_desfire::KeyVersion(9) },
        old: old.map(|old| OldKey::Aes(aes(old))),
    };
    // Another key with an old value that is not zero, then the authenticated one.
    ours.all([ev2(0, ZERO), change(1, K1_AGAIN, Some(K1)), change(0, K0, None)]).unwrap();

    field.0.power_on();
    now(async {
        let mut session = Session::new().authenticate_aes(&mut field, KeyNumber::Key1, &K1_AGAIN, RND_A).await.unwrap();
        for (no, file, mode, _) in MODES {
            let mut back = vec![0; 200];
            let (n, next) = session.read_file_with_mode(&mut field, file, 0, 200, mode, &mut back).await.unwrap();
            assert!(n == 200 && back == text(no + 100), "{mode:?}");
            session = next;
        }
        let session = session.authenticate(&mut field, KeyNumber::Key0, &K0, RND_A).await.unwrap();
        let (version, _) = session.get_key_version(&mut field, KeyNumber::Key1).await.unwrap();
        assert_eq!(version, 9);
    });
}
