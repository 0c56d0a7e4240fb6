//! Every command that we send is decoded by PyPI's `baltech-sdk` (Baltech, MIT) and built anew by it out of what it
//! decoded; every answer is decoded by it too, and must say there what it says here. What it does not hold: the frame
//! around them, which its Linux package has no code for (Baltech's printed frames do: `frames.rs`), and answers encoded
//! by it, which it cannot do.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

#[path = "../../../tests/python/mod.rs"]
mod python;

use lanyard_baltech::{
    Card, CardType, CheckSum, Command, Families, LegicSegment, Port, Response, Status, from_report, to_report,
};
use serde_json::{Value, json};

/// For each line {code, payload, limit, answer}: the command's name and parameters as decoded, the frame built anew out
/// of them, and the answer as decoded.
const THEIRS: &str = r#"
import json, sys
from enum import Enum
from baltech_sdk._public import commands
from baltech_sdk.generator_interface import Command

known = {
    c.CommandGroupId << 8 | c.CommandId: c
    for c in vars(commands).values()
    if isinstance(c, type) and issubclass(c, Command) and c is not Command
}

def plain(value):
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        return {name: plain(part) for name, part in value._asdict().items()}
    if isinstance(value, dict):
        return {name: plain(part) for name, part in value.items() if part is not None}
    return value

for line in sys.stdin:
    ours = json.loads(line)
    command = known[ours["code"]]
    payload = bytes.fromhex(ours["payload"])
    parameters = command.parse_request(payload)
    anew = command(None).build_frame(**parameters, BrpTimeout=ours["limit"])
    said = command.parse_response(bytes.fromhex(ours["answer"]), payload)
    default = command.build_frame.__defaults__[-1]
    if default is None:
        default = command.build_frame.__kwdefaults__["BrpTimeout"]
    print(json.dumps({
        "name": command.__name__,
        "parameters": plain(parameters),
        "anew": anew.hex(),
        "limit": (command.build_frame.__kwdefaults__ or {}).get("BrpTimeout", default),
        "answer": plain(said),
    }))
"#;

struct Case {
    command: Command,
    name: &'static str,
    parameters: Value,
    answer: Vec<u8>,
    said: Value,
}

fn case(command: Command, name: &'static str, parameters: Value, answer: &[u8], said: Value) -> Case {
    Case { command, name, parameters, answer: answer.to_vec(), said }
}

fn families(set: &[&str]) -> Value {
    let all = [
        "LEGICPrime",
        "BluetoothMce",
        "Khz125Part2",
        "Srix",
        "Khz125Part1",
        "Felica",
        "IClass",
        "IClassIso14B",
        "Iso14443B",
        "Iso15693",
        "Iso14443A",
    ];
    all.iter().map(|name| ((*name).to_owned(), json!(set.contains(name)))).collect::<serde_json::Map<_, _>>().into()
}

fn legic(kind: &str, information: &str, stamp: bool, mode: &str) -> Value {
    json!({
        "ConsideredCardType": kind, "LegicSegmentInfo": information, "LegicHasEnStamp": "Enabled",
        "LegicEnStamp": stamp, "LegicHasAdrMode": "Enabled", "LegicAdrMode": mode,
    })
}

fn cases() -> Vec<Case> {
    let select = |families, again| Command::Select { families, again };
    let filter = |set: &[&str], again: bool| json!({"CardFamiliesFilter": families(set), "Reselect": again, "AcceptConfCard": false});
    let setup = |card, segment, data_only| Command::SetupLegic { card, segment, data_only };
    let stamp = vec![0x02, 0x00, 0x1F, 0xC9];
    let apdu = hex::decode("00A4040009A00000030800001000").unwrap();
    let long: Vec<u8> = (0..=255).collect();
    let mut cases = vec![
        case(Command::GetInfo, "Sys_GetInfo", json!({}), b"1100 IDE\0", json!("1100 IDE")),
        case(Command::HfReset(7), "Sys_HFReset", json!({"OffDuration": 7}), &[], Value::Null),
        case(
            select(Families::LEGIC_PRIME, false),
            "VHL_Select",
            filter(&["LEGICPrime"], false),
            &[0xC0],
            json!("LEGICPrime"),
        ),
        case(
            select(Families::KHZ125_1.and(Families::KHZ125_2), true),
            "VHL_Select",
            filter(&["Khz125Part1", "Khz125Part2"], true),
            &[0x81],
            json!("EM4100"),
        ),
        case(
            select(Families::ISO14443A.and(Families::ISO15693), false),
            "VHL_Select",
            filter(&["Iso14443A", "Iso15693"], false),
            &[0x14],
            json!("MifareDesfire"),
        ),
        case(Command::GetSnr, "VHL_GetSnr", json!({}), &[1, 2, 3, 4], json!("01020304")),
        case(Command::IsSelected, "VHL_IsSelected", json!({}), &[], Value::Null),
        case(
            setup(Card::Prime, LegicSegment::Stamp(stamp.clone()), false),
            "VHL_Setup",
            legic("LEGICPrime", "02001fc9", true, "ProtocolHeader"),
            &[],
            Value::Null,
        ),
        case(
            setup(Card::AdvantIso14443a, LegicSegment::Stamp(stamp), true),
            "VHL_Setup",
            legic("LEGICAdvantIso14443a", "02001fc9", true, "Advant"),
            &[],
            Value::Null,
        ),
        case(
            setup(Card::AdvantIso15693, LegicSegment::Number(3), true),
            "VHL_Setup",
            legic("LEGICAdvantIso15693", "03", false, "Advant"),
            &[],
            Value::Null,
        ),
        case(
            Command::Read { address: 0x0102, length: 0x0203 },
            "VHL_Read",
            json!({"Id": 255, "Adr": 0x0102, "Len": 0x0203}),
            &long,
            json!(hex::encode(&long)),
        ),
        case(
            Command::Write { address: 5, data: long.clone() },
            "VHL_Write",
            json!({"Id": 255, "Adr": 5, "Data": hex::encode(&long)}),
            &[],
            Value::Null,
        ),
        case(
            Command::Apdu { card: CardType::Desfire, command: apdu.clone() },
            "VHL_ExchangeAPDU",
            json!({"AssumedCardType": "MifareDesfire", "Cmd": hex::encode(&apdu)}),
            &[0, 2, 0x90, 0x00],
            json!("9000"),
        ),
        case(
            Command::GetMessage,
            "AR_GetMessage",
            json!({}),
            &[0, 3, 0x31, 0x32, 0x33],
            json!({"MsgType": "Card", "MsgData": "313233"}),
        ),
    ];
    for (port, name) in
        [(Port::Green, "GreenLed"), (Port::Red, "RedLed"), (Port::Blue, "BlueLed"), (Port::Beeper, "Beeper")]
    {
        cases.push(case(Command::Enable(port), "UI_Enable", json!({"Port": name}), &[], Value::Null));
        cases.push(case(Command::Disable(port), "UI_Disable", json!({"Port": name}), &[], Value::Null));
    }
    for (byte, name) in [
        (0x14, "MifareDesfire"),
        (0x18, "LEGICAdvantIso14443a"),
        (0x20, "LEGICPrimeLegacy"),
        (0x32, "LEGICAdvantIso15693"),
        (0x80, "EM4205"),
        (0x81, "EM4100"),
        (0x83, "EM4450"),
        (0x8A, "HidProx"),
        (0xC0, "LEGICPrime"),
    ] {
        cases.push(case(Command::GetCardType, "VHL_GetCardType", json!({}), &[byte], json!(name)));
    }
    cases
}

/// What we read out of an answer, in their words.
fn here(command: &Command, answer: &[u8]) -> Value {
    match command {
        Command::GetInfo => json!(Command::info(answer).unwrap()),
        Command::Apdu { .. } => json!(hex::encode(Command::apdu(answer).unwrap())),
        Command::GetMessage => {
            let message = Command::message(answer).unwrap();
            assert_eq!(message.kind, 0);
            json!({"MsgType": "Card", "MsgData": hex::encode(message.data)})
        }
        Command::Select { .. } | Command::GetCardType => json!(match Command::card_type(answer).unwrap() {
            CardType::Desfire => "MifareDesfire",
            CardType::LegicPrime if answer == [0x20] => "LEGICPrimeLegacy",
            CardType::LegicPrime => "LEGICPrime",
            CardType::LegicAdvantIso14443a => "LEGICAdvantIso14443a",
            CardType::LegicAdvantIso15693 => "LEGICAdvantIso15693",
            CardType::Em4100 => "EM4100",
            CardType::Em4205 => "EM4205",
            CardType::Em4450 => "EM4450",
            CardType::HidProx => "HidProx",
            CardType::Other(_) => "undefined",
        }),
        Command::GetSnr | Command::Read { .. } => json!(hex::encode(answer)),
        _ => {
            assert!(answer.is_empty());
            Value::Null
        }
    }
}

#[test]
fn baltechs_own_sdk_reads_every_command_and_every_answer_as_we_mean_it() {
    let cases = cases();
    let mut lines = String::new();
    for case in &cases {
        let code = case.command.code();
        for check_sum in [CheckSum::None, CheckSum::Crc16] {
            // What the line and the report make of it is what they are given.
            let frame = case.command.frame(check_sum).unwrap().0;
            assert_eq!(from_report(&to_report(&frame).unwrap()), Ok(frame.as_slice()));
            let answer = lanyard_baltech::Frame::new(code, &case.answer, check_sum).unwrap().0;
            let read = Response::read(&answer, code, check_sum).unwrap().unwrap();
            assert_eq!(read.status, Status::Done(case.answer.clone()));
        }
        let payload = hex::encode(case.command.payload().unwrap());
        let answer = hex::encode(&case.answer);
        let limit = case.command.limit_ms();
        lines += &format!("{}\n", json!({"code": code, "payload": payload, "answer": answer, "limit": limit}));
    }
    let theirs = python::run(THEIRS, &lines);
    let theirs: Vec<Value> = theirs.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(theirs.len(), cases.len());
    for (case, theirs) in cases.iter().zip(theirs) {
        let Case { command, name, parameters, answer, said } = case;
        assert_eq!((&theirs["name"], &theirs["parameters"]), (&json!(name), parameters));
        // Their frame towards their own library: mode, code, time limit, parameters.
        let frame = hex::decode(theirs["anew"].as_str().unwrap()).unwrap();
        let (head, payload) = frame.split_at(7);
        assert_eq!(head[..3], [&[0][..], &command.code().to_be_bytes()].concat(), "{name}");
        assert_eq!(hex::encode(payload), hex::encode(command.payload().unwrap()), "{name}");
        assert_eq!(theirs["limit"], command.limit_ms(), "{name}");
        assert_eq!((&theirs["answer"], &here(command, answer)), (said, said), "{name}");
    }
    println!("{} commands and answers", cases.len());
}
