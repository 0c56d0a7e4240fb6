//! The vectors of group `legic` (tests/vectors/vectors.json), by id; images of real cards edited; hostile images; and
//! the simulated reader, which was written apart, against the image.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use lanyard_device::{DeviceError, LegicReader, NewSegment};
use lanyard_legic::{
    Image, LegicError, Medium, SmAnswer, SmCodes, SmLink, SmReader, crc8, crc16, decode_frame, encode_frame,
};
use lanyard_virtual::{FaultKind, VirtualLegic};
use proptest::prelude::*;
use serde_json::Value;

fn bytes(value: &Value) -> Vec<u8> {
    hex::decode(value.as_str().unwrap()).unwrap()
}

/// What a forum prints are a card's first bytes; the rest is empty.
fn image(dump: &Value) -> Image {
    let mut dump = bytes(dump);
    let mcc = dump[4];
    dump.resize(256, mcc);
    Image::new(dump).unwrap()
}

fn backup(id: &str, vector: &Value) {
    let image = image(&vector["inputs"]["raw_dump_first_35_bytes"]);
    let backup = image.backup();
    assert!(backup.sound && !backup.dirty, "{id}");
    let stored = bytes(&vector["outputs"]["Bck0..5"]);
    assert_eq!(backup.header.encode(), stored[1..5], "{id}");
    assert_eq!(crc8(&[&image.uid(), &stored[1..5]]), stored[5], "{id}");
    assert_eq!(image.bytes()[19], bytes(&vector["outputs"]["BCC"])[0], "{id}");
}

fn kaba(id: &str, vector: &Value) {
    let out = &vector["outputs"];
    let image = image(&vector["inputs"]["raw_dump_first_35_bytes"]);
    assert_eq!((image.mcc(), image.medium()), (bytes(&out["MCC"])[0], Medium::Segmented), "{id}");
    let segments = image.segments().unwrap();
    let [segment] = segments.as_slice() else { panic!("{id}: {segments:?}") };
    let header = segment.header;
    let uid = image.uid();
    let whole = [&header.encode()[..], &[header.check_sum(uid)], &segment.payload].concat();
    assert_eq!(whole, bytes(&out["deobfuscated_segment"]), "{id}");
    assert_eq!(u64::from(header.length), out["segment_len"], "{id}");
    assert!(header.valid && header.last && !header.rd, "{id}");
    assert_eq!((u64::from(header.wrp), u64::from(header.wrc)), (8, 0), "{id}");
    assert_eq!(header.check_sum(uid), bytes(&out["segment_crc"])[0], "{id}");
    assert_eq!(image.find(&bytes(&out["stamp"])).unwrap().as_ref(), Some(segment), "{id}");
    assert_eq!(segment.payload[4..7], bytes(&out["user_data_bcd"]), "{id}");
    assert_eq!(segment.kaba_check_sum(uid), Some(bytes(&out["kgh_crc"])[0]), "{id}");
    assert!(segment.is_kaba_group(uid), "{id}");
    let printed = vector["inputs"]["printed_number"].as_str().unwrap();
    assert!(hex::encode(&segment.payload[4..7]).ends_with(printed), "{id}");
}

fn sm_frame(id: &str, vector: &Value) {
    let body = bytes(&vector["inputs"]["frame_without_crc"]);
    let parsed = &vector["outputs"]["parsed"];
    let frame = [&body[..], &bytes(&vector["outputs"]["crc16_msb_first"])].concat();
    let [command, status] = [&parsed["CMD"], &parsed["STAT"]].map(|byte| bytes(byte)[0]);
    let answer = SmAnswer { command, status, data: bytes(&parsed["DATA"]) };
    assert_eq!(decode_frame(&frame), Some(answer), "{id}");
    assert_eq!(encode_frame(&body[1..]), Some(frame), "{id}");
}

#[test]
fn every_vector_of_the_group_comes_out() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/vectors/vectors.json");
    let file: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let mut run = Vec::new();
    for vector in file["vectors"].as_array().unwrap().iter().filter(|vector| vector["group"] == "legic") {
        let id = vector["id"].as_str().unwrap();
        let (input, out) = (&vector["inputs"], &vector["outputs"]);
        match id {
            "legic-crc8-check" => {
                let sum = crc8(&[input["data_ascii"].as_str().unwrap().as_bytes()]);
                assert_eq!([sum, sum.reverse_bits()], [bytes(&out["crc8"])[0], bytes(&out["bit_reversed"])[0]]);
            }
            "legic-crc16-DERIVED" => {
                assert_eq!(vector["published"], false);
                let data = bytes(&input["data"]);
                assert_eq!(crc16(&data, bytes(&input["mcc"])[0]).to_be_bytes(), *bytes(&out["crc16"]));
                assert_eq!(crc8(&[&data]), bytes(&out["crc8"])[0]);
            }
            _ if id.starts_with("legic-mcc-") => {
                assert_eq!(crc8(&[&bytes(&input["MCD||MSN0..2"])]), bytes(&out["MCC"])[0], "{id}");
            }
            _ if id.starts_with("legic-backup-") => backup(id, vector),
            _ if id.starts_with("legic-kgh-") => kaba(id, vector),
            "sm4x00-frame-crc" => sm_frame(id, vector),
            _ => panic!("{id} is not run"),
        }
        run.push(id.to_owned());
    }
    run.sort();
    let listed = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/vectors/not-ours.toml");
    let listed: toml::Table = std::fs::read_to_string(listed).unwrap().parse().unwrap();
    let ours = listed["owner"]["drivers/legic"]["ids"].as_array().unwrap();
    let mut ours: Vec<_> = ours.iter().map(|id| id.as_str().unwrap()).collect();
    ours.sort_unstable();
    assert_eq!(ours, run);
}

const STAMP: [u8; 4] = [0x02, 0x00, 0x1F, 0xC9];
const UID: [u8; 4] = [0x79, 0x3B, 0x0E, 0x2E];

fn prime() -> Vec<u8> {
    VirtualLegic::prime_card(UID, &[&STAMP[..], &[0x00, 0x45, 0x74, 0xFC]].concat(), 8)
}

#[test]
fn a_segment_that_is_added_leaves_the_card_sound_and_the_others_as_they_were() {
    let mut image = Image::new(prime()).unwrap();
    let before = image.segment(0).unwrap();
    let number = image.append(&[0xA1, 0xA2, 0, 0, 0, 0], 2).unwrap();
    let segments = image.segments().unwrap();
    assert_eq!((number, segments.len()), (1, 2));
    assert_eq!(segments[0].payload, before.payload);
    assert!(!segments[0].header.last && segments[1].header.last);
    let backup = image.backup();
    assert!(backup.sound && !backup.dirty && backup.header == before.header);

    image.write(1, 2, &[1, 2, 3]).unwrap();
    image.seal_kaba_group(1).unwrap();
    assert!(image.segment(1).unwrap().is_kaba_group(image.uid()));
    assert_eq!(image.write(1, 1, &[9]), Err(LegicError::Range { segment: 1, offset: 1, end: 2 }));
    assert_eq!(image.write(1, 2, &[0; 5]), Err(LegicError::Range { segment: 1, offset: 2, end: 7 }));
    assert!(matches!(image.write(1, usize::MAX, &[0; 2]), Err(LegicError::Range { .. })));
    assert_eq!(image.segment(2), Err(LegicError::NoSegment { segment: 2 }));
    assert_eq!(image.append(&[0; 300], 0), Err(LegicError::Full { needed: 305, free: 256 - 22 - 13 - 11 }));
    assert!(Image::new(image.bytes().to_vec()).unwrap().segments().is_ok());
}

#[test]
fn what_is_no_divided_card_is_never_taken_for_one() {
    assert!(matches!(Image::new(vec![0; 100]), Err(LegicError::Size { bytes: 100 })));
    let mut other = prime();
    other[0] ^= 1;
    assert!(matches!(Image::new(other), Err(LegicError::CardCheckSum)));
    for (division, medium) in [([0xFF, 0xFF], Medium::New), ([0x61, 0xEA], Medium::Master)] {
        let mut card = prime();
        card[5..7].copy_from_slice(&division);
        let mut image = Image::new(card).unwrap();
        assert_eq!(image.medium(), medium);
        assert_eq!(image.segments(), Err(LegicError::Undivided));
        assert_eq!(image.append(&[1], 0), Err(LegicError::Undivided));
    }
}

#[test]
fn the_simulated_reader_and_the_image_agree_on_every_byte() {
    let mut reader = VirtualLegic::new(&[&[0xA1]]);
    reader.lay(prime());
    assert_eq!(reader.search().unwrap().unwrap().uid, UID);
    let first = reader.find_segment(&STAMP).unwrap().unwrap();
    assert_eq!((first.number, first.length, first.protected), (0, 8, 8));
    assert_eq!(reader.read(0, 4, 3).unwrap(), [0x00, 0x45, 0x74]);
    assert!(matches!(reader.write(0, 0, &[1]), Err(DeviceError::Refused { .. })));
    assert!(matches!(reader.read(0, 4, 5), Err(DeviceError::Refused { .. })));

    let new = |stamp: &[u8]| NewSegment { stamp: stamp.to_vec(), length: 6, protected: 2 };
    assert!(matches!(reader.create(&new(&[0xB1, 1])), Err(DeviceError::Refused { .. })));
    assert_eq!(reader.create(&new(&[0xA1, 0xA2])).unwrap().number, 1);
    reader.write(1, 2, &[1, 2, 3, 4]).unwrap();
    let theirs = Image::new(reader.lift().unwrap()).unwrap();
    let mut ours = Image::new(prime()).unwrap();
    ours.append(&[0xA1, 0xA2, 0, 0, 0, 0], 2).unwrap();
    ours.write(1, 2, &[1, 2, 3, 4]).unwrap();
    assert_eq!(hex::encode(theirs.bytes()), hex::encode(ours.bytes()));
    assert!(theirs.backup().sound);
}

/// Whatever is pulled when, the next run finds out by reading what has happened.
#[test]
fn a_card_pulled_at_any_operation_is_finished_by_the_next_run() {
    let finish = |reader: &mut VirtualLegic| -> Result<(), DeviceError> {
        let stamp = [0xA1, 0xA2];
        let segment = match reader.find_segment(&stamp)? {
            Some(segment) => segment,
            None => reader.create(&NewSegment { stamp: stamp.to_vec(), length: 6, protected: 2 })?,
        };
        reader.write(segment.number, 2, &[1, 2, 3, 4])?;
        assert_eq!(reader.read(segment.number, 0, 6)?, [0xA1, 0xA2, 1, 2, 3, 4]);
        Ok(())
    };
    for at in 0..4 {
        for kind in [FaultKind::PullBefore, FaultKind::PullAfter, FaultKind::Silence, FaultKind::Garbage] {
            let mut reader = VirtualLegic::new(&[&[0xA1]]);
            reader.lay(prime());
            reader.fault(at, kind);
            assert!(finish(&mut reader).is_err(), "{at} {kind:?}");
            finish(&mut reader).unwrap();
            let image = Image::new(reader.lift().unwrap()).unwrap();
            assert_eq!(image.segments().unwrap().len(), 2, "{at} {kind:?}");
        }
    }
}

/// Counts what goes over the line.
struct Line(usize);

impl SmLink for Line {
    fn name(&self) -> &str {
        "SM"
    }

    fn exchange(&mut self, _: &[u8]) -> Result<Vec<u8>, DeviceError> {
        self.0 += 1;
        Ok(Vec::new())
    }
}

#[test]
fn without_a_licensees_codes_nothing_is_sent_and_each_operation_says_what_is_missing() {
    let mut reader = SmReader::new(Line(0), SmCodes::licensed());
    let new = NewSegment { stamp: vec![1], length: 2, protected: 0 };
    let refused = [
        reader.search().map(|_| ()).unwrap_err(),
        reader.find_segment(&[1]).map(|_| ()).unwrap_err(),
        reader.read(0, 0, 1).map(|_| ()).unwrap_err(),
        reader.write(0, 0, &[1]).unwrap_err(),
        reader.create(&new).map(|_| ()).unwrap_err(),
    ];
    for error in refused {
        assert!(matches!(error, DeviceError::Unsupported { what, .. } if what.starts_with("LEGIC ")), "{error}");
    }
    assert_eq!(reader.into_link().0, 0);
}

proptest! {
    #[test]
    fn no_dump_makes_it_panic_or_run_for_ever(
        mut dump in prop::collection::vec(any::<u8>(), 256),
        heads in prop::collection::vec((any::<u16>(), any::<u8>(), any::<u8>()), 0..20),
        bytes in prop::collection::vec(any::<u8>(), 0..40),
        number: u8,
        offset: u16,
    ) {
        // A card that is sound as far as its segments, which are whatever they are.
        dump[4] = crc8(&[&dump[..4]]);
        dump[5..9].copy_from_slice(&[0x60, 0xEA, 0x9F, 0xFF]);
        let (uid, mcc) = ([dump[0], dump[1], dump[2], dump[3]], dump[4]);
        let mut at = 22;
        for (length, wrp, flags) in heads {
            let length = length % 40;
            let head = [length as u8, flags & 0xC0, wrp, flags];
            let sum = crc8(&[&uid, &head]);
            if at + 5 > dump.len() { break; }
            for (held, byte) in dump[at..].iter_mut().zip(head.iter().chain([&sum])) {
                *held = byte ^ mcc;
            }
            at += usize::from(length);
        }
        let mut image = Image::new(dump.clone()).unwrap();
        let _ = (image.backup(), image.segments(), image.find(&bytes));
        let _ = image.write(number, usize::from(offset), &bytes);
        let _ = image.seal_kaba_group(number);
        let _ = image.append(&bytes, number);
        prop_assert_eq!(image.bytes().len(), 256);
        let _ = decode_frame(&bytes);
        let mut reader = VirtualLegic::new(&[&[]]);
        reader.lay(dump);
        let _ = reader.find_segment(&bytes);
        let _ = reader.write(number, offset, &bytes);
        let _ = reader.create(&NewSegment { stamp: bytes.clone(), length: offset, protected: 1 });
    }
}
