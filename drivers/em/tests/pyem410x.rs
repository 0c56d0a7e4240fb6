//! EM4100 frames held to PyPI's `pyem410x`, which others wrote (yrjyrj123, MIT): what we encode it reads, what it
//! encodes we read, and both refuse the same damage.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

#[path = "../../../tests/python/mod.rs"]
mod python;

use lanyard_em::Em4100;

/// For each line "number frame", both in hexadecimal: their frame, and what they read out of ours.
const THEIRS: &str = r#"
import sys, pyem410x
for line in sys.stdin:
    number, frame = line.split()
    theirs = pyem410x.encode("0x" + number).hex
    try:
        read = pyem410x.decode("0x" + frame).hex
    except ValueError:
        read = "refused"
    print(theirs, read)
"#;

#[test]
fn frames_are_as_another_implementation_makes_and_reads_them() {
    // Every bit alone, every byte, and a walk through the rest.
    let mut numbers: Vec<u64> = (0..40).map(|bit| 1 << bit).collect();
    numbers.extend((0..256).map(|byte| byte * 0x01_0101_0101));
    numbers.extend((0..2000_u64).map(|step| step.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 24));
    let mut lines = String::new();
    let mut ours = Vec::new();
    for (place, number) in numbers.iter().enumerate() {
        let card = Em4100::from_number(*number).unwrap();
        // Every third frame has one bit turned.
        let turned = (place % 3 == 0).then_some(1_u64 << (place % 64));
        let frame = card.encode() ^ turned.unwrap_or(0);
        lines += &format!("{number:010x} {frame:016x}\n");
        ours.push((card, frame));
    }
    let theirs = python::run(THEIRS, &lines);
    assert_eq!(theirs.lines().count(), ours.len());
    for (line, (card, frame)) in theirs.lines().zip(ours) {
        let (encoded, read) = line.split_once(' ').unwrap();
        assert_eq!(encoded, format!("{:016x}", card.encode()));
        assert_eq!(Em4100::decode(u64::from_str_radix(encoded, 16).unwrap()), Ok(card));
        let here = Em4100::decode(frame).map_or("refused".to_owned(), |card| hex::encode(card.0));
        assert_eq!(read, here, "{frame:016x}");
    }
}
