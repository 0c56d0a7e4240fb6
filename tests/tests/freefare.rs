//! The simulated DESFire card held against a host that others wrote: libfreefare 0.4.

// Clippy knows functions as tests only by their attribute; what these share is test code too.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::sync::{Arc, Mutex};

use lanyard_desfire::{CommMode as Mode, DesKey, Op, Reply};
use lanyard_secret::Secret;
use lanyard_tests::freefare::{CommMode, freefare, freefare_raw, freefare_read};
use lanyard_tests::our_host::{OurHost, aes, d40, ev2, file_no, iso, read, select, write};
use lanyard_tests::pn532::Pn532;
use lanyard_virtual::{DesfireCard, KeyKind};

const UID: [u8; 7] = [0x04, 0x2F, 0x61, 0x0A, 0x3C, 0x5E, 0x80];
const ZERO: &str = "00000000000000000000000000000000";
const MASTER: &str = "00102030405060708090A0B0C0D0E0F0";
const K0: &str = "404142434445464748494A4B4C4D4E4F";
const K1: &str = "505152535455565758595A5B5C5D5E5F";

fn bytes(text: &str) -> Vec<u8> {
    text.as_bytes().chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

fn card() -> Arc<Mutex<DesfireCard>> {
    Arc::new(Mutex::new(DesfireCard::new(UID, 7)))
}

#[test]
fn the_tool_of_libfreefare_reads_what_the_card_says_of_itself() {
    let reader = Pn532::start(card()).unwrap();
    let output =
        std::process::Command::new("mifare-desfire-info").env("LIBNFC_DEVICE", reader.connection()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("0x042f610a3c5e80"), "{said}");
    assert!(said.contains("10240 bytes"), "{said}");
}

#[test]
fn a_card_is_taken_from_des_to_aes_gets_an_application_and_keys_and_reads_back_the_same() {
    let card = card();
    let reader = Pn532::start(card.clone()).unwrap();
    let secret: String = (0..32).map(|i| format!("{:02X}", i * 7 + 1)).collect();
    let record: String = (0..128).map(|i| format!("{:02X}", 255 - i)).collect();
    let answers = freefare(
        &reader,
        &[
            "auth des 0 0000000000000000",
            "format",
            // libfreefare forgets its session here, though the card does not.
            "auth des 0 0000000000000000",
            &format!("change-key 0 aes {MASTER} 1"),
            &format!("auth aes 0 {MASTER}"),
            "uid",
            "create-app 0xF51234 0x0B 3 aes",
            "apps",
            "select 0xF51234",
            &format!("auth aes 0 {ZERO}"),
            "create-std 1 3 0x1000 32",
            "create-std 2 1 0x1000 128",
            &format!("write 1 0 {secret}"),
            &format!("write 2 0 {record}"),
            &format!("change-key 1 aes {K1} 5 aes {ZERO}"),
            &format!("change-key 1 aes {K0} 6 aes {K1}"),
            &format!("change-key 1 aes {K1} 7 aes {K0}"),
            &format!("change-key 0 aes {K0} 2"),
            &format!("auth aes 1 {K1}"),
            "read 1 0 32",
            "read 2 0 128",
            "read 2 100 0 1",
            "key-version 1",
            "settings",
            "files",
            "file-settings 2",
        ],
    )
    .unwrap();
    assert_eq!(answers[5].to_lowercase(), "042f610a3c5e80");
    assert_eq!(answers[7], "F51234");
    assert_eq!(answers[19], secret);
    assert_eq!(answers[20], record);
    assert_eq!(answers[21], record[200..]);
    assert_eq!(&answers[22..], ["07", "0B03", "0102", "00011000000080"]);

    let card_now = card.lock().unwrap();
    let master = card_now.key([0; 3], 0).unwrap();
    assert!(master.kind == KeyKind::Aes && master.bytes == bytes(MASTER) && master.version == 1);
    let aid = [0x34, 0x12, 0xF5];
    assert!(card_now.key(aid, 0).unwrap().bytes == bytes(K0));
    assert!(card_now.key(aid, 1).unwrap().bytes == bytes(K1));
    assert_eq!(card_now.file(aid, 1).unwrap(), bytes(&secret));
    drop(card_now);
    drop(reader);

    let key: [u8; 16] = bytes(K1).try_into().unwrap();
    let aid = [0xF5, 0x12, 0x34];
    assert_eq!(freefare_read(card.clone(), aid, 1, &key, 1, CommMode::Full, 32).unwrap(), bytes(&secret));
    assert_eq!(freefare_read(card.clone(), aid, 1, &key, 2, CommMode::Mac, 0).unwrap(), bytes(&record));
    let wrong = freefare_read(card, aid, 1, &[9; 16], 1, CommMode::Full, 32).unwrap_err();
    assert_eq!(wrong.to_string(), "line 2 (auth): error AE 00");
}

#[test]
fn all_three_comm_modes_work_under_every_authentication_that_ev1_has() {
    let data: String = (0..90).map(|i| format!("{:02X}", i + 1)).collect();
    for (auth, kind, key, new) in [
        ("auth", "des", "0000000000000000", "1020304050607080"),
        ("auth-iso", "des", "0000000000000000", "1020304050607080"),
        ("auth", "3des", "0102030405060708090A0B0C0D0E0F10", "10203040506070801122334455667788"),
        ("auth-iso", "3des", "0102030405060708090A0B0C0D0E0F10", "10203040506070801122334455667788"),
        ("auth-iso", "3k3des", &format!("{ZERO}0000000000000000"), "102030405060708011223344556677888070605040302010"),
        ("auth", "aes", ZERO, K1),
    ] {
        let card = card();
        let reader = Pn532::start(card.clone()).unwrap();
        let zero = if kind == "des" { "0000000000000000" } else { ZERO };
        let mut script = vec![format!("create-app 0xF50001 0x0F 4 {kind}"), "select 0xF50001".to_owned()];
        // A two-key 3DES key whose halves are equal is a DES key, so the factory's zero is authenticated as one.
        if kind == "3des" {
            script.push("auth des 0 0000000000000000".to_owned());
            script.push(format!("change-key 0 3des {key} 0"));
        }
        script.push(format!("{auth} {kind} 0 {key}"));
        // The enciphered file first: its long answer makes libfreefare's buffer long enough for the MAC of the next
        // write, which overruns it by four bytes otherwise (heap corruption, seen under valgrind).
        for (no, comm) in [(1, 3), (2, 1), (3, 0)] {
            script.push(format!("create-std {no} {comm} 0x0000 200"));
            script.push(format!("write {no} 3 {data}"));
            script.push(format!("read {no} 3 90"));
            script.push(format!("read {no} 3 0"));
        }
        script.push(format!("change-key 2 {kind} {new} 3 {kind} {}", if kind == "3k3des" { key } else { zero }));
        script.push(format!("{auth} {kind} 2 {new}"));
        let answers = freefare(&reader, &script).unwrap_or_else(|error| panic!("{auth} {kind}: {error}"));
        let reads: Vec<&String> = answers.iter().filter(|answer| !answer.is_empty()).collect();
        assert_eq!(reads.len(), 6, "{auth} {kind}");
        for pair in reads.chunks(2) {
            assert_eq!(pair[0], &data, "{auth} {kind}");
            assert_eq!(pair[1], &format!("{data}{}", "00".repeat(107)), "{auth} {kind}");
        }
    }
}

#[test]
fn what_is_managed_under_d40_and_ev1_comes_out_the_same() {
    for auth in ["auth", "auth-iso"] {
        let card = card();
        let reader = Pn532::start(card.clone()).unwrap();
        let answers = freefare(
            &reader,
            &[
                &format!("{auth} des 0 0000000000000000"),
                "change-settings 0x0D",
                "settings",
                // libfreefare 0.4 takes the version from the parity bits of any key, AES or not.
                &format!("default-key aes {K0} 9"),
                "uid",
                "create-app 0xF50002 0xEF 2 aes",
                "select 0xF50002",
                &format!("auth aes 1 {K0}"),
                "key-version 1",
                "create-backup 4 3 0x1010 20",
                "write 4 0 AABBCC",
                "read 4 0 3",
                "commit",
                "read 4 0 3",
                "write 4 0 112233",
                "abort",
                "read 4 0 3",
                &format!("auth aes 0 {K0}"),
                "change-file 4 1 0x0010",
                "file-settings 4",
                "delete-file 4",
                "files",
                "select 0",
                &format!("{auth} des 0 0000000000000000"),
                "delete-app 0xF50002",
                "apps",
                "ats 067777810280",
                "configure 0 1",
            ],
        )
        .unwrap_or_else(|error| panic!("{auth}: {error}"));
        let said = |i: usize| answers[i].as_str();
        assert_eq!([said(2), said(8)], ["0D01", "55"]);
        assert_eq!([said(11), said(13), said(16)], ["000000", "AABBCC", "AABBCC"]);
        assert_eq!([said(19), said(21), said(25)], ["01010010000014", "", ""]);
        drop(reader);
        assert_eq!(lanyard_virtual::ApduCard::uid(&card).len(), 0, "out of the field");
        lanyard_virtual::ApduCard::power_on(&mut card.clone());
        assert_eq!(lanyard_virtual::ApduCard::uid(&card)[0], 0x08, "random from the next activation on");
        assert_eq!(card.lock().unwrap().ats(), [0x06, 0x77, 0x77, 0x81, 0x02, 0x80]);
    }
}

#[test]
fn a_refusal_arrives_with_the_cards_own_status() {
    let reader = Pn532::start(card()).unwrap();
    let answers = freefare_raw(
        &reader,
        &[
            "select 0xF5FFFF",
            "auth des 0 1111111111111111",
            "auth aes 0 00",
            "create-app 0xF50003 0x0F 1 aes",
            "create-app 0xF50003 0x0F 1 aes",
            "select 0xF50003",
            &format!("auth aes 5 {ZERO}"),
            "read 1 0 1 0",
            "create-std 1 0 0x0000 16",
            "create-std 1 0 0x0000 16",
            "read 1 0 1 0",
            &format!("auth aes 0 {ZERO}"),
            "read 1 10 10 0",
        ],
    )
    .unwrap();
    let status: Vec<&str> = answers.iter().map(|a| a.strip_prefix("error ").map_or("ok", |s| &s[..2])).collect();
    assert_eq!(status, ["A0", "AE", "AE", "ok", "DE", "ok", "40", "F0", "ok", "DE", "AE", "ok", "BE"]);
}

/// Authentication, kind of key, the key that a new application has.
const WAYS: [(&str, &str, &str); 6] = [
    ("auth", "des", "0000000000000000"),
    ("auth-iso", "des", "0000000000000000"),
    ("auth", "3des", "0102030405060708090A0B0C0D0E0F10"),
    ("auth-iso", "3des", "0102030405060708090A0B0C0D0E0F10"),
    ("auth-iso", "3k3des", "000000000000000000000000000000000000000000000000"),
    ("auth", "aes", ZERO),
];

/// An application of four keys of a kind, key 0 authenticated.
fn in_application(auth: &str, kind: &str, key: &str) -> Vec<String> {
    let mut script = vec![format!("create-app 0xF50001 0x0F 4 {kind}"), "select 0xF50001".to_owned()];
    // A two-key 3DES key whose halves are equal is a DES key, so the factory's zero is authenticated as one.
    if kind == "3des" {
        script.push("auth des 0 0000000000000000".to_owned());
        script.push(format!("change-key 0 3des {key} 0"));
    }
    script.push(format!("{auth} {kind} 0 {key}"));
    script
}

/// What each line that starts with one of these verbs was answered.
fn answered<'a>(script: &[String], answers: &'a [String], verbs: &[&str]) -> Vec<&'a str> {
    let asked = |line: &str| verbs.contains(&line.split(' ').next().unwrap_or_default());
    script.iter().zip(answers).filter(|(line, _)| asked(line)).map(|(_, answer)| answer.as_str()).collect()
}

#[test]
fn value_record_and_backup_files_count_from_the_commit_on_under_every_authentication_and_in_every_mode() {
    for (auth, kind, key) in WAYS {
        for mode in [3, 1, 0] {
            let card = card();
            let reader = Pn532::start(card.clone()).unwrap();
            let mut script = in_application(auth, kind, key);
            script.extend([
                // A long enciphered answer first: see above. And nothing is read whose length is a multiple of
                // eight: under D40, libfreefare 0.4 checks the MAC of an answer over one block too many then.
                "create-std 9 3 0x0000 64".to_owned(),
                "read 9 0 0".to_owned(),
                format!("create-value 1 {mode} 0x0000 -100 1000 50 1"),
                format!("create-linear 2 {mode} 0x0000 10 3"),
                format!("create-cyclic 3 {mode} 0x0000 10 3"),
                format!("create-backup 4 {mode} 0x0000 16"),
                "credit 1 25".to_owned(),
                "debit 1 70".to_owned(),
                "write-record 2 0 0102030405060708090A".to_owned(),
                "write-record 3 2 AABB".to_owned(),
                "write 4 4 DEADBEEF".to_owned(),
                "value 1".to_owned(),
                "read 4 0 14".to_owned(),
                "commit".to_owned(),
                "value 1".to_owned(),
                "read 4 0 14".to_owned(),
                "limited-credit 1 70".to_owned(),
                "write-record 2 0 1112131415161718191A".to_owned(),
                "write-record 3 0 2122232425262728292A".to_owned(),
                "commit".to_owned(),
                "write-record 3 0 3132333435363738393A".to_owned(),
                "debit 1 1".to_owned(),
                "commit".to_owned(),
                "value 1".to_owned(),
                "read-records 2 0 2".to_owned(),
                "read-records 2 1 1".to_owned(),
                "read-records 3 0 2".to_owned(),
                "file-settings 1".to_owned(),
                "file-settings 2".to_owned(),
                "file-settings 3".to_owned(),
                "credit 1 500".to_owned(),
                "abort".to_owned(),
                "clear-records 2".to_owned(),
                "commit".to_owned(),
                "value 1".to_owned(),
                "file-settings 2".to_owned(),
            ]);
            let answers = freefare(&reader, &script).unwrap_or_else(|error| panic!("{auth} {kind} {mode}: {error}"));
            let said = |verbs: &[&str]| answered(&script, &answers, verbs);
            assert_eq!(said(&["value"]), ["50", "5", "74", "74"], "{auth} {kind} {mode}");
            let (before, after) = ("00".repeat(14), format!("{}DEADBEEF{}", "00".repeat(4), "00".repeat(6)));
            assert_eq!(said(&["read"])[1..], [before, after], "{auth} {kind} {mode}");
            assert_eq!(
                said(&["read-records"]),
                [
                    "0102030405060708090A1112131415161718191A",
                    "0102030405060708090A",
                    "2122232425262728292A3132333435363738393A"
                ],
                "{auth} {kind} {mode}"
            );
            assert_eq!(
                said(&["file-settings"]),
                [
                    format!("02{mode:02X}0000 -100 1000 1 1"),
                    format!("03{mode:02X}0000 10 3 2"),
                    format!("04{mode:02X}0000 10 3 2"),
                    format!("03{mode:02X}0000 10 3 0"),
                ],
                "{auth} {kind} {mode}"
            );
        }
    }
}

#[test]
fn keys_are_changed_both_ways_under_every_authentication_with_old_values_that_are_not_zero() {
    for (auth, kind, key) in WAYS {
        let card = card();
        let reader = Pn532::start(card.clone()).unwrap();
        let new = |n: usize| -> String {
            (0..key.len() / 2).map(|i| format!("{:02X}", (i * 16 + n * 34 + 2) as u8 & 0xFE)).collect()
        };
        let factory = if kind == "3des" { "des 0000000000000000".to_owned() } else { format!("{kind} {key}") };
        let mut script = in_application(auth, kind, key);
        script.push(format!("change-key 1 {kind} {} 4 {factory}", new(1)));
        script.push(format!("change-key 1 {kind} {} 5 {kind} {}", new(2), new(1)));
        script.push(format!("change-key 0 {kind} {} 6", new(3)));
        script.push(format!("{auth} {kind} 0 {}", new(3)));
        script.push(format!("change-key 0 {kind} {} 7", new(4)));
        script.push(format!("{auth} {kind} 0 {}", new(4)));
        script.push(format!("change-key 1 {kind} {} 8 {kind} {}", new(5), new(2)));
        script.push(format!("{auth} {kind} 1 {}", new(5)));
        freefare(&reader, &script).unwrap_or_else(|error| panic!("{auth} {kind}: {error}"));
        let held = card.lock().unwrap();
        for (no, text) in [(0, new(4)), (1, new(5))] {
            let mut whole = bytes(&text);
            // Eight bytes stand twice.
            if whole.len() == 8 {
                whole.extend_from_within(..);
            }
            assert!(held.key([0x01, 0x00, 0xF5], no).unwrap().bytes == whole, "{auth} {kind} key {no}");
        }
    }
}

#[test]
fn the_cards_master_key_goes_through_every_kind_and_back() {
    let card = card();
    let reader = Pn532::start(card.clone()).unwrap();
    let three = "00112233445566778899AABBCCDDEEFF0102030405060708090A";
    let two = "0022446688AACCEE1032547698BADCFE";
    freefare(
        &reader,
        &[
            "auth des 0 0000000000000000",
            &format!("change-key 0 3des {two} 0"),
            &format!("auth-iso 3des 0 {two}"),
            &format!("change-key 0 3k3des {three} 0"),
            &format!("auth-iso 3k3des 0 {three}"),
            &format!("change-key 0 aes {MASTER} 9"),
            &format!("auth aes 0 {MASTER}"),
            "key-version 0",
            "change-key 0 des 0000000000000000 0",
            "auth des 0 0000000000000000",
            "format",
        ],
    )
    .unwrap();
    let master = card.lock().unwrap().key([0; 3], 0).unwrap();
    assert!(master.kind == KeyKind::Des && master.bytes == [0; 16]);
}

#[test]
fn iso_names_and_file_identifiers_come_out_as_they_went_in() {
    let reader = Pn532::start(card()).unwrap();
    let answers = freefare(
        &reader,
        &[
            "create-app-iso 0xF51111 0x0F 2 aes 0xE110 D2760000850101",
            "create-app-iso 0xF52222 0x0F 1 3k3des 0xE111 4C414E59415244",
            "df-names",
            "select 0xF51111",
            "create-std-iso 1 0 0xEEEE 16 0xE103",
            "create-std-iso 2 0 0xEEEE 32 0xE104",
            "iso-files",
        ],
    )
    .unwrap();
    assert_eq!(answers[2], "F51111E110D2760000850101F52222E1114C414E59415244");
    assert_eq!(answers[6], "E103E104");
}

/// The key of [`WAYS`] as our host takes it, for the authentication that libfreefare used.
fn our_authentication(auth: &str, kind: &str, key: &str) -> Op {
    let key = bytes(key);
    let des = || match key.len() {
        8 => DesKey::Single(Secret::from_slice(&key).unwrap()),
        16 => DesKey::Double(Secret::from_slice(&key).unwrap()),
        _ => DesKey::Triple(Secret::from_slice(&key).unwrap()),
    };
    match (auth, kind) {
        (_, "aes") => aes(0, key.try_into().unwrap()),
        ("auth", _) => d40(0, des()),
        _ => iso(0, des()),
    }
}

const MODES: [(u8, Mode); 3] = [(1, Mode::Plain), (2, Mode::Mac), (3, Mode::Full)];

#[test]
fn what_libfreefare_wrote_our_host_reads_and_what_ours_wrote_it_reads_under_every_authentication() {
    let text = |seed: u8| -> String { (0..90_u8).map(|i| format!("{:02X}", i.wrapping_mul(3) ^ seed)).collect() };
    for (auth, kind, key) in WAYS {
        let card = card();
        let reader = Pn532::start(card.clone()).unwrap();
        let mut script = in_application(auth, kind, key);
        // See above for what the first two are for.
        script.extend(["create-std 9 3 0x0000 64".to_owned(), "read 9 0 0".to_owned()]);
        for (no, mode) in MODES {
            let comm = mode.wire();
            script.push(format!("create-std {no} {comm} 0x0000 90"));
            script.push(format!("write {no} 0 {}", text(no)));
            script.push(format!("create-value {} {comm} 0x0000 0 1000 20 0", no + 10));
            script.push(format!("credit {} 5", no + 10));
            script.push(format!("create-cyclic {} {comm} 0x0000 10 3", no + 20));
            script.push(format!("write-record {} 0 {}", no + 20, &text(no)[..20]));
        }
        script.push("commit".to_owned());
        freefare(&reader, &script).unwrap_or_else(|error| panic!("{auth} {kind}: {error}"));
        drop(reader);

        let mut field = card.clone();
        let mut host = OurHost::at(&mut field);
        host.all([select(0xF5_0001), our_authentication(auth, kind, key)]).unwrap();
        for (no, mode) in MODES {
            let said = format!("{auth} {kind} {mode:?}");
            assert_eq!(host.run(read(no, 90, mode)).unwrap(), Reply::Data(bytes(&text(no))), "{said}");
            let value = Op::GetValue { file: file_no(no + 10), mode };
            assert_eq!(host.run(value).unwrap(), Reply::Value(25), "{said}");
            let record = Op::ReadRecords { file: file_no(no + 20), newest: 0, count: 1, record_size: 10, mode };
            assert_eq!(host.run(record).unwrap(), Reply::Data(bytes(&text(no)[..20])), "{said}");
            let ours = bytes(&text(no + 100));
            let record = Op::WriteRecord { file: file_no(no + 20), offset: 0, data: ours[..10].to_vec(), mode };
            let debit = Op::Debit { file: file_no(no + 10), amount: 7, mode };
            host.all([write(no, &ours, mode), debit, record]).unwrap_or_else(|error| panic!("{said}: {error}"));
        }
        host.run(Op::CommitTransaction).unwrap();

        let reader = Pn532::start(card).unwrap();
        let mut script = vec!["select 0xF50001".to_owned(), format!("{auth} {kind} 0 {key}"), "read 9 0 0".to_owned()];
        for (no, _) in MODES {
            script.push(format!("read {no} 0 90"));
            script.push(format!("value {}", no + 10));
            script.push(format!("read-records {} 0 2", no + 20));
        }
        let answers = freefare(&reader, &script).unwrap_or_else(|error| panic!("{auth} {kind}: {error}"));
        for ((no, _), said) in MODES.into_iter().zip(answers[3..].chunks(3)) {
            let ours = text(no + 100);
            let records = format!("{}{}", &text(no)[..20], &ours[..20]);
            assert_eq!(said, [ours, "18".to_owned(), records], "{auth} {kind} file {no}");
        }
    }
}

#[test]
fn what_our_host_wrote_with_ev2_messaging_libfreefare_reads_with_ev1s() {
    let card = card();
    let reader = Pn532::start(card.clone()).unwrap();
    let mut script = in_application("auth", "aes", ZERO);
    script.extend(MODES.map(|(no, mode)| format!("create-std {no} {} 0x0000 90", mode.wire())));
    freefare(&reader, &script).unwrap();
    let data: Vec<u8> = (1..=90).collect();
    let mut field = card.clone();
    let mut host = OurHost::at(&mut field);
    host.all([select(0xF5_0001), ev2(0, [0; 16])]).unwrap();
    host.all(MODES.map(|(no, mode)| write(no, &data, mode))).unwrap();
    for (no, mode) in [(1, CommMode::Plain), (2, CommMode::Mac), (3, CommMode::Full)] {
        assert_eq!(freefare_read(card.clone(), [0xF5, 0, 1], 0, &[0; 16], no, mode, 90).unwrap(), data);
    }
}
