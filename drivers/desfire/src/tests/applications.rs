//! Applications: how they are named, listed, delegated, and selected the ISO 7816 way.

use lanyard_apdu::{Command, Expected, Response};

use super::counterpart::{APPLICATION, Cipher, ev1, ev1_maced, ev2, ev2_mac, ev2_maced, more, ok};
use super::{aes_key, key_no, secret};
use crate::session::Session;
use crate::{
    Aid, Card, CommMode, DelegatedApplication, DesfireError, Framing, IsoApplication, IsoName, IsoTarget, IssuerKeys,
    KeyNo, KeySets, KeySettings, KeyType, KeyVersion, Link, NewApplication, Op, Progress, Reply, SessionState, Slot,
};

fn open() -> Card {
    Card::new(Link::wrapped(64))
}

fn application() -> NewApplication {
    NewApplication {
        aid: APPLICATION,
        settings: KeySettings::from_wire(0x0B),
        keys: 3,
        key_type: KeyType::ThreeKeyDes,
        iso: Some(IsoName { fid: 0xDF01, df_name: b"badge".to_vec() }),
        key_sets: Some(KeySets { version: KeyVersion(4), count: 2, three_key_des: true, roll_key: key_no(1) }),
    }
}

fn sets(count: u8, roll_key: KeyNo) -> NewApplication {
    let key_sets = Some(KeySets { version: KeyVersion(0), count, three_key_des: false, roll_key });
    NewApplication { key_sets, ..application() }
}

fn iso(status: u16, data: &[u8]) -> Response {
    Response::new(data, lanyard_apdu::Status(status))
}

fn done(card: &mut Card, answer: &Response) -> Reply {
    match card.answer(answer).unwrap() {
        Progress::Done(reply) => reply,
        Progress::More(_) => panic!("not done"),
    }
}

fn next(card: &mut Card, answer: &Response) -> Command {
    match card.answer(answer).unwrap() {
        Progress::More(command) => command,
        Progress::Done(_) => panic!("done too early"),
    }
}

#[test]
fn an_application_is_created_with_its_names_and_key_sets() {
    let command = open().command(Op::CreateApplication(application())).unwrap();
    let mut expected = vec![1, 2, 3, 0x0B, 0x73, 1, 4, 2, 24, 1, 0x01, 0xDF];
    expected.extend(b"badge");
    assert_eq!((command.ins, command.data.clone()), (0xCA, expected));
    for wrong in [
        NewApplication { keys: 15, ..application() },
        NewApplication { iso: Some(IsoName { fid: 1, df_name: vec![1; 17] }), ..application() },
        sets(1, key_no(0)),
        sets(17, key_no(0)),
        // A key that the application does not have.
        sets(2, key_no(3)),
        sets(2, KeyNo::DELEGATION),
    ] {
        assert!(matches!(open().command(Op::CreateApplication(wrong)), Err(DesfireError::Invalid { .. })));
    }
}

#[test]
fn names_of_applications_are_told_apart_by_their_frames() {
    let first = [&[1, 2, 3, 0x01, 0xDF][..], b"badge"].concat();
    let second = [4, 5, 6, 0x02, 0xDF];
    let expected = Reply::IsoApplications(vec![
        IsoApplication { aid: Aid([1, 2, 3]), fid: 0xDF01, df_name: b"badge".to_vec() },
        IsoApplication { aid: Aid([4, 5, 6]), fid: 0xDF02, df_name: vec![] },
    ]);
    let mut card = open();
    assert!(card.command(Op::GetDfNames).unwrap().data.is_empty());
    assert_eq!(next(&mut card, &more(first.clone())).ins, 0xAF);
    assert_eq!(done(&mut card, &ok(second)), expected);
    // The session's MAC is behind the last, and over all of them.
    let mut card = ev1();
    card.command(Op::GetDfNames).unwrap();
    let whole = ev1_maced(&card, &[&first[..], &second].concat());
    next(&mut card, &more(first.clone()));
    assert_eq!(done(&mut card, &ok(&whole[first.len()..])), expected);
    // None at all.
    let mut card = open();
    card.command(Op::GetDfNames).unwrap();
    assert_eq!(done(&mut card, &ok([])), Reply::IsoApplications(vec![]));
    // Cut short, or with a name that is too long.
    for frame in [vec![1, 2, 3, 4], vec![7; 22]] {
        let mut card = open();
        card.command(Op::GetDfNames).unwrap();
        assert!(card.answer(&ok(frame)).is_err());
        assert_eq!(card.session(), SessionState::Dead);
    }
}

#[test]
fn a_delegation_goes_in_two_frames_under_one_mac() {
    let plain = NewApplication { iso: None, key_sets: None, key_type: KeyType::Aes, ..application() };
    let (mac, enc) = (secret(0x11), secret(0x22));
    let slot = Slot { number: 0x0102, version: 3, quota: 0x40 };
    let issuer = IssuerKeys { mac: &mac, enc: &enc };
    let delegated = DelegatedApplication::authorise(&plain, slot, &aes_key(0x30), issuer, [9; 7]).unwrap();
    let mut card = ev2(2);
    let first = card.command(Op::CreateDelegatedApplication(delegated)).unwrap();
    assert_eq!((first.ins, first.data.clone()), (0xC9, vec![1, 2, 3, 2, 1, 3, 0x40, 0, 0x0B, 0x83]));
    let second = next(&mut card, &more([]));
    assert_eq!((second.ins, second.data.len()), (0xAF, 32 + 8 + 8));
    let whole = [&first.data[..], &second.data[..40]].concat();
    assert_eq!(second.data[40..], ev2_mac(0xC9, 2, &whole));
    assert_eq!(done(&mut card, &ok(ev2_maced(2, &[]))), Reply::Done);
    card.command(Op::GetDelegatedInfo { slot: 0x0102 }).unwrap();
    let Reply::DelegatedSlot(slot) = done(&mut card, &ok(ev2_maced(3, &[3, 0x40, 0, 0x3F, 0, 1, 2, 3]))) else {
        panic!("no slot")
    };
    assert_eq!((slot.version, slot.quota, slot.free, slot.aid), (3, 0x40, 0x3F, APPLICATION));
}

#[test]
fn the_signature_is_read_before_any_session_and_its_status_is_its_own() {
    let mut card = open();
    assert_eq!(card.command(Op::ReadSignature).unwrap().encode(), [0x90, 0x3C, 0, 0, 1, 0, 0]);
    assert_eq!(done(&mut card, &iso(0x9190, &[5; 56])), Reply::Signature([5; 56]));
    for (status, len) in [(0x9100, 56), (0x9190, 55), (0x9190, 57)] {
        let mut card = open();
        card.command(Op::ReadSignature).unwrap();
        assert!(card.answer(&iso(status, &vec![5; len])).is_err());
    }
    assert!(matches!(ev2(0).command(Op::ReadSignature), Err(DesfireError::Invalid { .. })));
    // No other answer may end so.
    let mut card = open();
    card.command(Op::FreeMemory).unwrap();
    assert!(card.answer(&iso(0x9190, &[0, 1, 0])).is_err());
}

#[test]
fn iso_select_names_what_it_selects() {
    for (target, bytes, selected) in [
        (IsoTarget::Master, &[0, 0xA4, 0, 0x0C, 2, 0x3F, 0][..], Some(Aid::PICC)),
        (IsoTarget::DfName(b"badge".to_vec()), &[0, 0xA4, 4, 0x0C, 5, b'b', b'a', b'd', b'g', b'e'], None),
        (
            IsoTarget::DfName(vec![0xD2, 0x76, 0, 0, 0x85, 1, 0]),
            &[0, 0xA4, 4, 0x0C, 7, 0xD2, 0x76, 0, 0, 0x85, 1, 0],
            Some(Aid::PICC),
        ),
        (IsoTarget::Application(0xDF01), &[0, 0xA4, 0, 0x0C, 2, 0xDF, 1], None),
        (IsoTarget::File(0xEF01), &[0, 0xA4, 2, 0x0C, 2, 0xEF, 1], Some(APPLICATION)),
    ] {
        let mut card = Card::recorded(Link::wrapped(64), Session::None, APPLICATION);
        assert_eq!(card.command(Op::IsoSelect(target)).unwrap().encode(), bytes);
        assert_eq!(done(&mut card, &iso(0x9000, &[])), Reply::Done);
        assert_eq!(card.selected(), selected);
    }
    for name in [vec![], vec![1; 17]] {
        assert!(matches!(open().command(Op::IsoSelect(IsoTarget::DfName(name))), Err(DesfireError::Invalid { .. })));
    }
}

#[test]
fn an_application_that_is_not_there_and_a_file_that_is_not_there_are_told_apart() {
    for (target, code) in [
        (IsoTarget::DfName(b"badge".to_vec()), "card.application.missing"),
        (IsoTarget::Application(1), "card.application.missing"),
        (IsoTarget::File(1), "card.file.missing"),
    ] {
        let mut card = open();
        card.command(Op::IsoSelect(target)).unwrap();
        let error = card.answer(&iso(0x6A82, &[])).unwrap_err();
        assert_eq!(lanyard_fault::Coded::code(&error), code);
        assert_eq!((card.session(), card.selected()), (SessionState::Open, Some(Aid::PICC)));
    }
}

#[test]
fn selecting_ends_the_session_and_files_are_left_alone_within_one() {
    let mut card = Cipher::Aes.session(KeyNo::MASTER, APPLICATION);
    let refused = card.command(Op::IsoReadBinary { offset: 0, length: 4 }).unwrap_err();
    assert!(matches!(refused, DesfireError::Invalid { .. }));
    assert_eq!((card.exchanges(), card.session()), (0, SessionState::Ev1(KeyNo::MASTER)));
    card.command(Op::IsoSelect(IsoTarget::Master)).unwrap();
    assert_eq!(card.session(), SessionState::Open);
    let mut card = Card::new(Link { framing: Framing::Native, ..Link::wrapped(64) });
    assert!(matches!(card.command(Op::IsoSelect(IsoTarget::Master)), Err(DesfireError::Invalid { .. })));
}

#[test]
fn a_file_is_read_and_updated_in_as_few_commands_as_frames_allow() {
    for (link, reads, writes) in [
        (Link::wrapped(64), vec![58, 58, 58, 26], vec![55, 55, 55, 35]),
        (Link::wrapped(128), vec![122, 78], vec![119, 81]),
        (Link::wrapped(64).with_long_commands(), vec![200], vec![200]),
    ] {
        let mut card = Card::new(link);
        let content: Vec<u8> = (0..200).collect();
        let mut command = card.command(Op::IsoReadBinary { offset: 300, length: 200 }).unwrap();
        let mut at = 0;
        let reply = loop {
            let Expected::UpTo(asked) = command.expected else { panic!("Le") };
            let asked = asked as usize;
            let place = (300 + at) as u16;
            assert_eq!([command.cla, command.ins, command.p1, command.p2], {
                let [p1, p2] = place.to_be_bytes();
                [0, 0xB0, p1, p2]
            });
            let part = &content[at..at + asked];
            at += asked;
            match card.answer(&iso(0x9000, part)).unwrap() {
                Progress::More(next) => command = next,
                Progress::Done(reply) => break reply,
            }
        };
        assert_eq!(reply, Reply::Data(content.clone()));
        assert_eq!(card.exchanges() as usize, reads.len());
        let mut command = card.command(Op::IsoUpdateBinary { offset: 0, data: content.clone() }).unwrap();
        let mut sent = vec![];
        let mut lengths = vec![];
        loop {
            assert_eq!((command.ins, usize::from(command.p1) << 8 | usize::from(command.p2)), (0xD6, sent.len()));
            sent.extend_from_slice(&command.data);
            lengths.push(command.data.len());
            match card.answer(&iso(0x9000, &[])).unwrap() {
                Progress::More(next) => command = next,
                Progress::Done(_) => break,
            }
        }
        assert_eq!((sent, lengths), (content, writes));
    }
}

#[test]
fn a_file_that_ends_before_what_was_asked_for_says_so_and_a_lying_card_is_not_followed() {
    for (status, data, code) in [
        (0x6282, &[1, 2][..], "card.file.boundary"),
        (0x6B00, &[], "card.file.boundary"),
        (0x6982, &[], "card.auth.missing"),
        (0x6A82, &[], "card.file.missing"),
        (0x6700, &[], "card.command.length"),
        (0x6F00, &[], "card.foreign"),
        // Nothing, or more than was asked for.
        (0x9000, &[], "card.answer.length"),
        (0x9000, &[1, 2, 3, 4, 5], "card.answer.length"),
    ] {
        let mut card = open();
        card.command(Op::IsoReadBinary { offset: 0, length: 4 }).unwrap();
        let error = card.answer(&iso(status, data)).unwrap_err();
        assert_eq!(lanyard_fault::Coded::code(&error), code);
    }
    for (offset, length) in [(0, 0), (0x7FFF, 2)] {
        let error = open().command(Op::IsoReadBinary { offset, length }).unwrap_err();
        assert!(matches!(error, DesfireError::Invalid { .. }));
    }
}

#[test]
fn extended_length_takes_more_than_a_short_apdu_in_one_exchange() {
    let link = Link::wrapped(128).with_long_commands().with_extended(1024);
    let mut card = super::counterpart::ev2_on(link, 0);
    let file = super::file();
    let mode = CommMode::Mac;
    let command = card.command(Op::WriteData { file, offset: 0, data: vec![1; 500], mode }).unwrap();
    assert_eq!((command.ins, command.data.len()), (0x8D, 7 + 500 + 8));
    assert_eq!(command.encode()[4..7], [0, 2, 3]);
    assert_eq!(done(&mut card, &ok(ev2_maced(0, &[]))), Reply::Done);
    let command = card.command(Op::ReadData { file, offset: 0, length: 500, mode }).unwrap();
    let bytes = command.encode();
    assert_eq!((command.ins, &bytes[4..7], &bytes[bytes.len() - 2..]), (0xAD, &[0, 0, 15][..], &[0, 0][..]));
    assert_eq!(done(&mut card, &ok(ev2_maced(1, &[2; 500]))), Reply::Data(vec![2; 500]));
    assert_eq!(card.exchanges(), 2);
}
