//! The vectors of group `twn4` (tests/vectors/vectors.json), by id, and what must hold for whatever comes over the wire.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use lanyard_twn4::proto::{Answer, AnswerFault, Assembly, Call, FrameFault, Framing};
use proptest::prelude::*;
use serde_json::Value;

const ASCII: Framing = Framing { ascii: true, crc: false };
const ASCII_CRC: Framing = Framing { ascii: true, crc: true };
const BINARY_CRC: Framing = Framing { ascii: false, crc: true };

fn text(value: &Value) -> String {
    value.as_str().unwrap().replace("\\r", "\r")
}

fn hex(value: &Value) -> Vec<u8> {
    hex::decode(value.as_str().unwrap()).unwrap()
}

fn assemble(framing: Framing, bytes: &[u8]) -> Option<Result<Vec<u8>, FrameFault>> {
    let mut assembly = Assembly::new(framing);
    bytes.iter().find_map(|byte| assembly.push(*byte)).map(|answer| answer.map(|bytes| bytes.to_vec()))
}

fn check_sum(out: &Value) {
    let call = Call::GetUsbType.encode();
    assert_eq!(ASCII_CRC.encode(&call).as_slice(), text(&out["ascii_with_crc"]).as_bytes());
    assert_eq!(*BINARY_CRC.encode(&call), hex(&out["binary_with_crc"]));
    // The answers of the same table in the document.
    assert_eq!(assemble(ASCII_CRC, b"000131E1\r"), Some(Ok(vec![0, 1])));
    assert_eq!(assemble(BINARY_CRC, &[4, 0, 0, 1, 0x31, 0xE1]), Some(Ok(vec![0, 1])));
    assert_eq!(assemble(ASCII_CRC, b"000131E0\r"), Some(Err(FrameFault::CheckSum)));
}

fn examples(out: &Value) {
    let call = |name: &str, call: Call| {
        let printed = if out[name].is_object() { &out[name]["cmd"] } else { &out[name] };
        assert_eq!(hex::encode_upper(call.encode()), printed.as_str().unwrap(), "{name}");
    };
    let zero = [0; 4];
    let counted = [0, 1, 2, 3];
    call("SearchTag", Call::SearchTag(16));
    call("SetTagTypes_all", Call::SetTagTypes { lf: u32::MAX, hf: u32::MAX });
    call("SetRFOff", Call::SetRfOff);
    call("AT55_Begin", Call::At55Begin);
    call("AT55_WriteBlock", Call::At55Write(0, &counted, None));
    call("EM4150_Login", Call::Em4150Login(&zero));
    call("EM4150_WriteWord", Call::Em4150Write(1, &counted));
    call("EM4102_GetTagInfo", Call::Em4102GetTagInfo);
    call("SM4X00_Generic", Call::SmGeneric { command: &[0x0A, 0], most: 0x40, limit_ms: 3000 });

    let answer = hex(&out["SearchTag"]["resp"]);
    let found = Answer::open(&answer).unwrap().found();
    assert_eq!(found, Ok(Some((0x80, 32, vec![0x66, 0xCF, 0x4D, 0xC2]))));
    let answer = hex(&out["AT55_ReadBlock0_resp"]);
    assert_eq!(Answer::open(&answer).unwrap().block(), Ok(Some(&[0xF0, 0x14, 0x80, 0x40])));
    let answer = hex(&out["SM4X00_Generic"]["resp"]);
    let inner = Answer::open(&answer).unwrap().maybe_array().unwrap().unwrap().to_vec();
    assert_eq!(hex::encode_upper(inner), "0F0A000009010501001801030100EB63");
}

/// Written down as inferred; the same codes stand in DocRev25, 1.5.35. What they do to a chip is proven by neither.
fn em4305(out: &Value) {
    let data = [0xD1, 0xD2, 0xD3, 0xD4];
    for (name, call) in [
        ("Begin", Call::Em4305Begin),
        ("Read", Call::Em4305Read(0xAD)),
        ("Write", Call::Em4305Write(0xAD, &data)),
        ("Login", Call::Em4305Login(&data)),
    ] {
        let form = out[name].as_str().unwrap();
        let form = form.replace("addr", "AD").replace("data4", "D1D2D3D4").replace("password4", "D1D2D3D4");
        assert_eq!(hex::encode_upper(call.encode()), form.replace(' ', ""), "{name}");
    }
}

#[test]
fn every_vector_of_the_group_comes_out() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/vectors/vectors.json");
    let file: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let mut run = Vec::new();
    for vector in file["vectors"].as_array().unwrap().iter().filter(|vector| vector["group"] == "twn4") {
        let id = vector["id"].as_str().unwrap();
        match id {
            "twn4-crc-0005" => check_sum(&vector["outputs"]),
            "twn4-examples" => examples(&vector["outputs"]),
            "twn4-em4305-commands-INFERRED" => {
                assert_eq!(vector["published"], false);
                em4305(&vector["outputs"]);
            }
            _ => panic!("{id} is not run"),
        }
        run.push(id.to_owned());
    }
    let listed = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/vectors/not-ours.toml");
    let listed: toml::Table = std::fs::read_to_string(listed).unwrap().parse().unwrap();
    let ours: Vec<_> = listed["owner"]["drivers/twn4"]["ids"].as_array().unwrap().iter().collect();
    assert_eq!(ours.iter().map(|id| id.as_str().unwrap()).collect::<Vec<_>>(), run);
}

/// DocRev25's own examples, of the calls that the vectors leave out.
#[test]
fn calls_are_as_the_document_prints_them() {
    let zero = [0; 4];
    let counted = [0, 1, 2, 3];
    for (call, printed) in [
        (Call::GetVersionString(255), "0004FF"),
        (Call::Beep { volume: 100, frequency: 2400, on_ms: 500, off_ms: 500 }, "0407646009F401F401"),
        (Call::LedInit(7), "041007"),
        (Call::LedOn(7), "041107"),
        (Call::LedOff(7), "041207"),
        (Call::SetTagTypes { lf: 1 << 9, hf: 1 << 5 }, "05020002000020000000"),
        (Call::SmGenericRaw { bytes: &[4, 10, 0, 0, 0], most: 64, limit_ms: 3000 }, "090005040A00000040B80B"),
        (Call::At55Read(0, None), "150100"),
        (Call::At55Read(0, Some(&zero)), "15020000000000"),
        (Call::At55Write(0, &counted, Some(&zero)), "1504000001020300000000"),
        (Call::Em4150Read(1), "190101"),
        (Call::Em4150WritePassword(&zero, &[1; 4]), "19030000000001010101"),
        (Call::Em4305Write(5, &[0x00, 0x3A, 0x36, 0xBA]), "2F0205003A36BA"),
    ] {
        assert_eq!(hex::encode_upper(call.encode()), printed);
    }
    let version = hex::decode("001D54574E342F42312E30332F434346312E35372F505253312E30332F5049").unwrap();
    let version = Answer::open(&version).unwrap().array().unwrap().to_vec();
    assert_eq!(version, b"TWN4/B1.03/CCF1.57/PRS1.03/PI");
}

#[test]
fn an_answer_that_is_not_as_documented_says_nothing() {
    let opened = |bytes: &[u8]| Answer::open(bytes).map(|_| ());
    assert_eq!(opened(&[1]), Err(AnswerFault::UnknownCall));
    assert_eq!(opened(&[2]), Err(AnswerFault::Error(2)));
    assert_eq!(opened(&[]), Err(AnswerFault::Form));
    assert_eq!(Answer::open(&[0, 2]).unwrap().truth(), Err(AnswerFault::Form));
    assert_eq!(Answer::open(&[0, 1, 1, 2, 3]).unwrap().block(), Err(AnswerFault::Form));
    assert_eq!(Answer::open(&[0, 0]).unwrap().block(), Ok(None));
    assert_eq!(Answer::open(&[0, 1, 0x40, 40, 5, 1]).unwrap().found(), Err(AnswerFault::Form));
    assert_eq!(assemble(ASCII, b"00011\r"), Some(Err(FrameFault::Digits)));
    assert_eq!(assemble(ASCII, b"00 01\r"), Some(Err(FrameFault::Digits)));
    assert_eq!(assemble(BINARY_CRC, &[0xFF, 0xFF, 0]), Some(Err(FrameFault::Length)));
    assert_eq!(assemble(ASCII, &[b'0'; 4096]), Some(Err(FrameFault::Length)));
}

proptest! {
    #[test]
    fn a_frame_comes_back_and_a_changed_digit_is_noticed(
        bytes in prop::collection::vec(any::<u8>(), 0..300),
        ascii: bool,
        place: prop::sample::Index,
        bit in 0_u8..4,
    ) {
        let framing = Framing { ascii, crc: true };
        let mut frame = framing.encode(&bytes).to_vec();
        prop_assert_eq!(assemble(framing, &frame), Some(Ok(bytes)));
        let (from, to) = if ascii { (0, frame.len() - 1) } else { (2, frame.len()) };
        let place = from + place.index(to - from);
        frame[place] ^= 1 << bit;
        let noticed = matches!(assemble(framing, &frame), None | Some(Err(_)));
        prop_assert!(noticed);
    }

    #[test]
    fn nothing_that_comes_over_the_wire_makes_it_panic(bytes: Vec<u8>, ascii: bool, crc: bool) {
        if let Some(Ok(answer)) = assemble(Framing { ascii, crc }, &bytes) {
            let opened = || Answer::open(&answer);
            let _ = (opened().map(Answer::truth), opened().map(Answer::block), opened().map(Answer::found));
            let _ = (opened().map(Answer::array), opened().map(Answer::maybe_array), opened().map(Answer::nothing));
        }
    }
}
