//! How many exchanges a badge takes: what an office's time at the desk rests on. A number that grows is a step back.

use lanyard_desfire::{
    Access, AccessRights, Aid, CommMode, FileKind, Framing, KeyNo, KeyType, Link, NewFile, Op, Reply,
};
use lanyard_virtual::{DesfireCard, FrameSize, Memory, Model};

use super::{Desk, How, TestKey, UID, application, file, key_no};

/// From factory-fresh to read back: master key, one application of three keys, 128 bytes in full mode.
fn exchanges(model: Model, frames: FrameSize, how: How, link: Link) -> u32 {
    let card = DesfireCard::new(UID, 7).with_model(model, Memory::K8).with_frame_size(frames);
    let mut desk = Desk::with(card, link);
    let aes = |seed| TestKey::new(KeyType::Aes, seed, 1);
    let zero = TestKey::zero(KeyType::Aes);
    desk.prove(How::D40, KeyNo::MASTER, &TestKey::zero(KeyType::Des));
    desk.done(Op::CreateApplication(application(1, KeyType::Aes, 3)));
    desk.done(Op::ChangeKey { key_no: KeyNo::MASTER, new: aes(9).fresh(), old: None });
    desk.done(Op::SelectApplication(Aid::from_number(1)));
    desk.prove(how, KeyNo::MASTER, &zero);
    let master = Access::Key(KeyNo::MASTER);
    let rights = AccessRights { read: Access::Key(key_no(1)), write: master, read_write: master, change: master };
    let (kind, mode) = (FileKind::Standard, CommMode::Full);
    let new = NewFile { file: file(0), kind, iso_fid: None, mode, rights, further_rights: false, size: 128 };
    desk.done(Op::CreateFile(new));
    desk.done(Op::WriteData { file: file(0), offset: 0, data: vec![0x4C; 128], mode });
    for n in 1..3 {
        desk.done(Op::ChangeKey { key_no: key_no(n), new: aes(n).fresh(), old: Some(zero.held()) });
    }
    desk.done(Op::ChangeKey { key_no: KeyNo::MASTER, new: aes(7).fresh(), old: None });
    desk.prove(how, key_no(1), &aes(1));
    let read = desk.run(Op::ReadData { file: file(0), offset: 0, length: 128, mode });
    assert_eq!(read, Reply::Data(vec![0x4C; 128]));
    desk.host.exchanges()
}

#[test]
fn a_badge_takes_no_more_exchanges_than_its_frames_ask_for() {
    let native = |link| Link { framing: Framing::Native, ..link };
    let (small, large) = (Link::wrapped(64), Link::wrapped(128));
    for (model, frames, how, link, most) in [
        (Model::Ev1, FrameSize::B64, How::Aes, small, 19),
        (Model::Ev1, FrameSize::B64, How::Aes, native(small), 19),
        (Model::Ev2, FrameSize::B64, How::Ev2, small, 19),
        (Model::Ev2, FrameSize::B128, How::Ev2, large, 17),
        (Model::Ev3, FrameSize::B128, How::Ev2, large.with_long_commands(), 15),
        (Model::Ev3, FrameSize::B256, How::Ev2, Link::wrapped(256), 15),
    ] {
        assert_eq!(exchanges(model, frames, how, link), most, "{model:?} {how:?} {link:?}");
    }
}
