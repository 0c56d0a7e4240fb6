//! Value, record and transaction MAC files: what counts when, and what is refused.

use super::super::cipher::Cipher;
use super::super::session::{Carries, Mode, Session, ev2_mac};
use super::super::transaction::session_key;
use super::host::{AID, Host, ZERO};
use super::vectors::{bytes, vector};

/// Value file 1, -5 to 100, at 20; rights: RW 0, change 0, R 1, W 2.
fn with_value(flags: u8) -> Host {
    let mut host = Host::in_app(0x0F);
    let limits = [(-5_i32).to_le_bytes(), 100_i32.to_le_bytes(), 20_i32.to_le_bytes()].concat();
    host.manage(0xCC, &[&[1, 1, 0x00, 0x12], &limits[..], &[flags]].concat()).unwrap();
    host
}

fn value(host: &mut Host) -> i32 {
    let read = host.send(0x6C, &[1], &[], Mode::Mac).unwrap();
    i32::from_le_bytes(read.try_into().unwrap())
}

fn book(host: &mut Host, ins: u8, amount: i32) -> Result<Vec<u8>, u8> {
    host.send(ins, &[1], &amount.to_le_bytes(), Mode::Mac)
}

#[test]
fn a_value_counts_from_the_commit_on_and_an_abort_forgets_it() {
    let mut host = with_value(0);
    book(&mut host, 0x0C, 30).unwrap();
    book(&mut host, 0xDC, 5).unwrap();
    assert_eq!(value(&mut host), 20);
    host.manage(0xC7, &[]).unwrap();
    assert_eq!(value(&mut host), 45);
    book(&mut host, 0xDC, 45).unwrap();
    host.manage(0xA7, &[]).unwrap();
    assert_eq!(value(&mut host), 45);
}

#[test]
fn a_value_never_passes_its_limits_nor_goes_backwards_by_a_negative_amount() {
    for (ins, amount, status) in
        [(0x0C, 81, 0xBE), (0xDC, 26, 0xBE), (0x0C, i32::MAX, 0xBE), (0x0C, -1, 0x9E), (0xDC, i32::MIN, 0x9E)]
    {
        let mut host = with_value(0);
        assert_eq!(book(&mut host, ins, amount), Err(status), "{ins:02X} {amount}");
        host.ev2_first(0, &ZERO).unwrap();
        assert_eq!(value(&mut host), 20);
        assert_eq!(host.manage(0xC7, &[]), Err(0x0C));
    }
    for (lower, value, upper) in [(1_i32, 0_i32, 5_i32), (0, 6, 5), (5, 5, 4)] {
        let mut host = Host::in_app(0x0F);
        let limits = [lower.to_le_bytes(), upper.to_le_bytes(), value.to_le_bytes()].concat();
        assert_eq!(host.manage(0xCC, &[&[1, 0, 0, 0], &limits[..], &[0]].concat()), Err(0x9E));
    }
}

#[test]
fn who_may_only_write_gives_back_at_most_what_was_debited_last_and_only_once() {
    let mut host = with_value(0x01);
    book(&mut host, 0xDC, 3).unwrap();
    book(&mut host, 0xDC, 4).unwrap();
    host.manage(0xC7, &[]).unwrap();
    assert_eq!(host.manage(0xF5, &[1]).unwrap()[12..16], 7_i32.to_le_bytes());
    host.ev2_non_first(2, &ZERO).unwrap();
    assert_eq!(book(&mut host, 0x0C, 1), Err(0xAE), "credit is for who may read and write");
    host.ev2_first(2, &ZERO).unwrap();
    assert_eq!(book(&mut host, 0x1C, 8), Err(0xBE));
    host.ev2_first(2, &ZERO).unwrap();
    book(&mut host, 0x1C, 5).unwrap();
    host.manage(0xC7, &[]).unwrap();
    assert_eq!(value(&mut host), 18);
    assert_eq!(book(&mut host, 0x1C, 1), Err(0xBE), "used up");
    let mut without = with_value(0);
    assert_eq!(book(&mut without, 0x1C, 0), Err(0x9D));
}

/// Record file 1 of three records of four bytes, plain and free.
fn with_records(ins: u8) -> Host {
    let mut host = Host::in_app(0x0F);
    host.manage(ins, &[1, 0, 0xEE, 0xEE, 4, 0, 0, 3, 0, 0]).unwrap();
    host
}

fn append(host: &mut Host, record: &[u8; 4]) -> Result<Vec<u8>, u8> {
    host.send(0x3B, &[1, 0, 0, 0, 4, 0, 0], record, Mode::Plain)?;
    host.manage(0xC7, &[])
}

fn records(host: &mut Host, back: u8, count: u8) -> Result<Vec<u8>, u8> {
    host.send(0xBB, &[1, back, 0, 0, count, 0, 0], &[], Mode::Plain)
}

#[test]
fn records_are_read_oldest_first_counted_from_the_newest() {
    let mut host = with_records(0xC1);
    assert_eq!(records(&mut host, 0, 0), Err(0xBE), "there is none");
    host.ev2_first(0, &ZERO).unwrap();
    for record in [b"one.", b"two.", b"thre"] {
        append(&mut host, record).unwrap();
    }
    assert_eq!(records(&mut host, 0, 0).unwrap(), b"one.two.thre");
    assert_eq!(records(&mut host, 0, 2).unwrap(), b"two.thre");
    assert_eq!(records(&mut host, 1, 1).unwrap(), b"two.");
    assert_eq!(host.manage(0xF5, &[1]).unwrap()[4..], [4, 0, 0, 3, 0, 0, 3, 0, 0]);
    assert_eq!(records(&mut host, 3, 1), Err(0xBE));
    host.ev2_first(0, &ZERO).unwrap();
    assert_eq!(append(&mut host, b"four"), Err(0xBE), "a linear file is full");
}

#[test]
fn a_cyclic_file_forgets_its_oldest_record_and_keeps_one_back_for_the_next() {
    let mut host = with_records(0xC0);
    for record in [b"one.", b"two.", b"thre"] {
        append(&mut host, record).unwrap();
    }
    assert_eq!(records(&mut host, 0, 0).unwrap(), b"two.thre");
    host.send(0x3B, &[1, 1, 0, 0, 2, 0, 0], b"ou", Mode::Plain).unwrap();
    host.send(0x3B, &[1, 3, 0, 0, 1, 0, 0], b"!", Mode::Plain).unwrap();
    assert_eq!(records(&mut host, 0, 0).unwrap(), b"two.thre", "not yet committed");
    host.manage(0xC7, &[]).unwrap();
    assert_eq!(records(&mut host, 0, 1).unwrap(), *b"\0ou!", "one transaction, one record");
    let mut small = Host::in_app(0x0F);
    assert_eq!(small.manage(0xC0, &[1, 0, 0xEE, 0xEE, 4, 0, 0, 1, 0, 0]), Err(0x9E));
}

#[test]
fn cleared_records_are_gone_with_the_commit_and_take_no_write_before_it() {
    let mut host = with_records(0xC1);
    append(&mut host, b"here").unwrap();
    host.send(0xEB, &[1], &[], Mode::Mac).unwrap();
    assert_eq!(records(&mut host, 0, 0).unwrap(), b"here");
    host.manage(0xC7, &[]).unwrap();
    append(&mut host, b"next").unwrap();
    assert_eq!(records(&mut host, 0, 0).unwrap(), b"next");
    host.send(0xEB, &[1], &[], Mode::Mac).unwrap();
    assert_eq!(append(&mut host, b"none"), Err(0x9D));
}

#[test]
fn a_record_that_is_there_is_changed_by_update_and_by_its_distance_from_the_newest() {
    let mut host = with_records(0xC1);
    append(&mut host, b"old.").unwrap();
    append(&mut host, b"new.").unwrap();
    host.send(0xDB, &[1, 1, 0, 0, 1, 0, 0, 2, 0, 0], b"LD", Mode::Plain).unwrap();
    host.manage(0xC7, &[]).unwrap();
    assert_eq!(records(&mut host, 0, 0).unwrap(), b"oLD.new.");
    assert_eq!(host.send(0xDB, &[1, 2, 0, 0, 0, 0, 0, 1, 0, 0], b"x", Mode::Plain), Err(0xBE));
}

#[test]
fn a_command_for_another_type_of_file_is_refused() {
    for (ins, header, data) in [
        (0xBD, &[1, 0, 0, 0, 0, 0, 0][..], &[][..]),
        (0x3D, &[1, 0, 0, 0, 1, 0, 0], b"x"),
        (0x3B, &[2, 0, 0, 0, 1, 0, 0], b"x"),
        (0xBB, &[2, 0, 0, 0, 0, 0, 0], &[]),
        (0xEB, &[2], &[]),
        (0x6C, &[2], &[]),
        (0xDC, &[2], &[1, 0, 0, 0]),
    ] {
        let mut host = with_records(0xC1);
        host.manage(0xCD, &[2, 0, 0xEE, 0xEE, 4, 0, 0]).unwrap();
        let mode = if ins == 0xEB { Mode::Mac } else { Mode::Plain };
        assert_eq!(host.send(ins, header, data, mode), Err(0x9D), "{ins:02X}");
    }
}

#[test]
fn session_keys_of_the_transaction_mac_are_the_published_ones() {
    let v = vector("ev2-tmac-session-keys-04010203040506");
    let key: [u8; 16] = bytes(&v["inputs"]["AppTransactionMACKey"]).try_into().unwrap();
    let uid: [u8; 7] = bytes(&v["inputs"]["UID"]).try_into().unwrap();
    // The transaction after the eighth.
    assert_eq!(session_key(&key, 0x5A, 9, uid).to_vec(), bytes(&v["outputs"]["KSesTMMAC"]));
    assert_eq!(session_key(&key, 0xA5, 9, uid).to_vec(), bytes(&v["outputs"]["KSesTMENC"]));
}

#[test]
fn a_commit_answers_with_a_mac_over_every_command_of_the_transaction() {
    let mut host = with_records(0xC1);
    let key = *b"transaction key.";
    host.send(0xCE, &[3, 0, 0x0F, 0x1F, 2], &[&key[..], &[7]].concat(), Mode::Full).unwrap();
    assert_eq!(host.manage(0xF5, &[3]).unwrap(), [5, 0, 0x0F, 0x1F, 2, 7]);
    host.send(0x3B, &[1, 0, 0, 0, 4, 0, 0], b"paid", Mode::Plain).unwrap();
    let answer = host.manage(0xC7, &[1]).unwrap();
    let input = [&[0x3B, 1, 0, 0, 0, 4, 0, 0][..], &[0; 8], b"paid", &[0; 12]].concat();
    let mac = ev2_mac(&Cipher::aes(session_key(&key, 0x5A, 1, host.card.true_uid())), &input);
    assert_eq!(answer, [&[1, 0, 0, 0][..], &mac].concat());
    host.ev2_non_first(1, &ZERO).unwrap();
    assert_eq!(host.send(0xBD, &[3, 0, 0, 0, 0, 0, 0], &[], Mode::Plain).unwrap(), answer);

    host.ev2_first(0, &ZERO).unwrap();
    let again = [&key[..], &[7]].concat();
    assert_eq!(host.send(0xCE, &[4, 0, 0x0F, 0x1F, 2], &again, Mode::Full), Err(0xDE), "one an application");
    host.ev2_first(0, &ZERO).unwrap();
    host.send(0x3B, &[1, 0, 0, 0, 4, 0, 0], b"not!", Mode::Plain).unwrap();
    host.manage(0xA7, &[]).unwrap();
    assert_eq!(host.card.file(AID, 3).unwrap(), answer, "what was aborted is not counted");
}

#[test]
fn a_readers_id_is_taken_and_the_last_ones_answered_as_the_application_note_prints_it() {
    let v = vector("ev2-commitreaderid-committransaction-an12343-t32");
    let (inputs, outputs) = (&v["inputs"], &v["outputs"]);
    let key = |name: &str| Cipher::aes(bytes(&inputs[name]).try_into().unwrap());
    let ti = bytes(&inputs["TI"]).try_into().unwrap();
    let mut session = Session::Ev2 { enc: key("KSesAuthENC"), mac: key("KSesAuthMAC"), ti, counter: 1 };
    let reader = bytes(&inputs["CommitReaderID"]["TMRI"]);
    let sent = [&reader[..], &bytes(&outputs["mac_C8"])].concat();
    assert_eq!(session.open(0xC8, &sent, Carries::Parameters { mac: true }).unwrap(), reader);
    let answer = [session.seal_blocks(bytes(&outputs["EncTMRI"])), vec![0x91, 0x00]].concat();
    assert_eq!(answer, bytes(&outputs["r_apdu_C8"]));
    let commit = bytes(&outputs["c_apdu_C7"]);
    let sent = &commit[5..commit.len() - 1];
    assert_eq!(session.open(0xC7, sent, Carries::Parameters { mac: true }).unwrap(), [1]);
    let told = [bytes(&outputs["TMC"]), bytes(&outputs["TMV"])].concat();
    let answer = [session.seal(told, Mode::Mac, true), vec![0x91, 0x00]].concat();
    assert_eq!(answer, bytes(&outputs["r_apdu_C7"]));
}

#[test]
fn the_next_transaction_is_told_which_reader_made_the_last() {
    let mut host = with_records(0xC1);
    let key = *b"transaction key.";
    host.send(0xCE, &[3, 0, 0x0F, 0x1F, 2], &[&key[..], &[7]].concat(), Mode::Full).unwrap();
    let (first, second) = (*b"reader number 1.", *b"reader number 2.");
    for (turn, (reader, before)) in [(first, [0; 16]), (second, first)].into_iter().enumerate() {
        host.send(0x3B, &[1, 0, 0, 0, 4, 0, 0], b"paid", Mode::Plain).unwrap();
        let told = host.blocks(0xC8, &reader);
        let enc = Cipher::aes(session_key(&key, 0xA5, turn as u32 + 1, host.card.true_uid()));
        let mut expected = before.to_vec();
        enc.cbc_encrypt(&mut [0; 16], &mut expected);
        assert_eq!(told, expected);
        let input = [&[0x3B, 1, 0, 0, 0, 4, 0, 0][..], &[0; 8], b"paid", &[0; 12], &[0xC8], &reader, &told, &[0; 15]];
        let mac = Cipher::aes(session_key(&key, 0x5A, turn as u32 + 1, host.card.true_uid()));
        assert_eq!(host.manage(0xC7, &[1]).unwrap()[4..], ev2_mac(&mac, &input.concat()));
    }
}
