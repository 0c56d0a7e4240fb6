//! Images of LEGIC cards, and the frames of a LEGIC chip.

use lanyard_legic::{Image, decode_frame, encode_frame};

use crate::fed::Fed;

pub fn dumps(bytes: &[u8]) {
    if let Some(answer) = decode_frame(bytes) {
        let again = encode_frame(&[&[answer.command, answer.status], answer.data.as_slice()].concat()).unwrap();
        assert_eq!(again, bytes);
    }
    let mut fed = Fed(bytes);
    let size = [22, 256, 1024][usize::from(fed.below(3))];
    let mut memory = fed.take(size).to_vec();
    memory.resize(size, 0);
    // Else hardly any would get past the first check sum.
    if fed.flag() {
        memory[4] = lanyard_legic::crc8(&[&memory[..4]]);
    }
    if let Ok(image) = Image::new(memory) {
        edited(image, &mut fed);
    }
}

fn edited(mut image: Image, fed: &mut Fed<'_>) {
    let _ = (image.medium(), image.backup());
    let uid = image.uid();
    let Ok(before) = image.segments() else { return };
    assert!(before.len() <= 210);
    for segment in &before {
        assert!(image.find(&segment.payload).unwrap().is_some());
        let _ = (segment.kaba_check_sum(uid), segment.is_kaba_group(uid));
    }
    let (number, offset, payload, wrp) = (fed.byte(), usize::from(fed.u16()), fed.some(), fed.byte());
    let untouched = image.clone();
    if image.write(number, offset, payload).is_ok() {
        assert_eq!(image.segment(number).unwrap().payload[offset..offset + payload.len()], *payload);
    } else {
        assert!(image == untouched, "a write that is refused writes nothing");
    }
    let untouched = image.clone();
    match image.append(payload, wrp) {
        Ok(added) => {
            let after = image.segments().unwrap();
            assert_eq!(after.len(), before.len() + 1);
            assert_eq!(after.last().map(|last| (last.number, &last.payload[..])), Some((added, payload)));
        }
        Err(_) => assert!(image == untouched, "a segment that is refused changes nothing"),
    }
    if image.seal_kaba_group(number).is_ok() {
        let sealed = image.segment(number).unwrap();
        assert_eq!(sealed.payload.last().copied(), sealed.kaba_check_sum(uid));
    }
}
