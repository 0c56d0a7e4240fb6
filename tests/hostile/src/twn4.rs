//! What comes from a TWN4's line, and what goes to one.

use lanyard_twn4::proto::{Answer, Assembly, Framing};
use lanyard_virtual::{Em4150Tag, Em4305Tag, LfTag, T5577Tag, VirtualTwn4};

use crate::fed::Fed;

pub fn answers(bytes: &[u8]) {
    let mut fed = Fed(bytes);
    let choice = fed.byte();
    let framing = Framing { ascii: choice & 1 == 0, crc: choice & 2 == 2 };
    read(framing, fed.0);
    // What is framed is read as it was.
    if fed.0.len() <= 1_000 {
        let mut assembly = Assembly::new(framing);
        let framed = framing.encode(fed.0);
        let (last, before) = framed.split_last().unwrap();
        assert!(before.iter().all(|byte| assembly.push(*byte).is_none()));
        assert_eq!(**assembly.push(*last).unwrap().as_ref().unwrap(), *fed.0);
    }
    let mut reader = VirtualTwn4::new(framing.crc);
    reader.lay(match choice >> 2 & 3 {
        0 => LfTag::Em4100([1, 2, 3, 4, 5]),
        1 => LfTag::T5577(T5577Tag::blank()),
        2 => LfTag::Em4150(Em4150Tag::guarded(7)),
        _ => LfTag::Em4305(Em4305Tag::blank()),
    });
    let answered = reader.feed(fed.0);
    read(Framing { ascii: true, ..framing }, &answered);
}

fn read(framing: Framing, line: &[u8]) {
    let mut assembly = Assembly::new(framing);
    for byte in line {
        match assembly.push(*byte) {
            None => {}
            Some(Ok(frame)) => {
                answered(&frame);
                assembly = Assembly::new(framing);
            }
            Some(Err(_)) => assembly = Assembly::new(framing),
        }
    }
}

fn answered(frame: &[u8]) {
    let open = || Answer::open(frame).ok();
    let _ = open().map(Answer::nothing);
    let _ = open().map(Answer::truth);
    let _ = open().map(Answer::block);
    if let Some(Ok(Some((_, _, number)))) = open().map(Answer::found) {
        assert!(number.len() <= frame.len());
    }
    for array in [open().map(Answer::array), open().map(|answer| Ok(answer.maybe_array()?.unwrap_or_default()))] {
        assert!(array.is_none_or(|array| array.is_ok_and(|array| array.len() <= frame.len()) || array.is_err()));
    }
}
