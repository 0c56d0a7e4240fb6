//! The host against a card that the tests play themselves: what vectors do not cover, and what a hostile card does.

mod applications;
mod counterpart;
mod files;
mod frames;
mod handshake;
mod hostile;
mod keys;
mod messaging;

use lanyard_secret::Secret;

use crate::{AccessRights, CommMode, FileKind, FileNo, KeyNo, KeyVersion, NewFile, NewKey, OldKey, Op};

/// Not zero, and no two bytes alike.
fn key(seed: u8) -> [u8; 16] {
    std::array::from_fn(|i| seed.wrapping_add((i as u8).wrapping_mul(29)))
}

fn secret(seed: u8) -> Secret<16> {
    Secret::take(&mut key(seed))
}

fn old(seed: u8) -> OldKey {
    OldKey::Aes(secret(seed))
}

fn aes_key(seed: u8) -> NewKey {
    NewKey::Aes { key: secret(seed), version: KeyVersion(0x42) }
}

fn key_no(number: u8) -> KeyNo {
    KeyNo::new(number).unwrap()
}

fn file() -> FileNo {
    FileNo::new(2).unwrap()
}

fn read(length: u32, mode: CommMode) -> Op {
    Op::ReadData { file: file(), offset: 0, length, mode }
}

fn write(data: &[u8], mode: CommMode) -> Op {
    Op::WriteData { file: file(), offset: 0, data: data.to_vec(), mode }
}

fn new_file() -> Op {
    let rights = AccessRights::from_wire([0, 0]);
    let (kind, mode) = (FileKind::Standard, CommMode::Full);
    Op::CreateFile(NewFile { file: file(), kind, iso_fid: None, mode, rights, further_rights: false, size: 32 })
}
