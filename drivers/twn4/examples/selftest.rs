//! Tries a real TWN4 with a real card: `cargo run -p lanyard-twn4 --example selftest [PORT] [--crc] [--write]`.
//!
//! Without `--write` nothing on a card is changed. With it, a T5577 that wants no password is given another number,
//! read back, and given back what it held.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program for a person at a desk")]

use std::process::ExitCode;

use lanyard_device::{Chip, DeviceError, LfReader};
use lanyard_em::{Em4100, EmError, Printed, t5577};
use lanyard_secret::Secret;
use lanyard_twn4::{Lights, Options, Twn4, ports};

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let has = |word: &str| words.iter().any(|given| given == word);
    let port = words.iter().find(|word| !word.starts_with("--")).cloned();
    match try_it(port, has("--crc"), has("--write")) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn try_it(port: Option<String>, crc: bool, write: bool) -> Result<(), EmError> {
    let none = || DeviceError::Gone { device: "a TWN4 on USB (name its port)".into() };
    let port = match port {
        Some(port) => port,
        None => ports()?.into_iter().next().ok_or_else(none)?,
    };
    let mut options = Options::default();
    options.framing.crc = crc;
    let mut reader = Twn4::open(&port, options)?;
    println!("{port}: {}", reader.version());
    reader.light(Lights::Green, true)?;
    reader.beep(2400, 100)?;
    match reader.search()? {
        None => println!("no number in the field"),
        Some(card) => {
            println!("{:?}, {} bits, {:02X?}", card.kind, card.bits, card.id);
            if let Ok(id) = <[u8; 5]>::try_from(card.id) {
                for form in Printed::ALL {
                    println!("  {:8} {}", form.name(), form.show(Em4100(id)));
                }
            }
        }
    }
    match t5577::read(&mut reader, None) {
        Ok((content, config)) => println!("T5577: {content:?}, {config:?}"),
        Err(EmError::Device(error)) => return Err(error.into()),
        Err(error) => println!("T5577: {error}"),
    }
    if write {
        write_and_restore(&mut reader)?;
    }
    reader.light(Lights::Green, false)?;
    Ok(())
}

fn write_and_restore(reader: &mut Twn4) -> Result<(), EmError> {
    let mut held = Vec::new();
    for address in 0..=2 {
        let block = reader.read(Chip::T5577, address, None)?;
        held.push(block.ok_or(EmError::Unread { chip: Chip::T5577, address })?);
    }
    // What is to be put back must be known to need no password.
    if t5577::Config::decode(u32::from_be_bytes(*held[0].expose()))?.password {
        return Err(EmError::Login { chip: Chip::T5577 });
    }
    let other = Em4100([0x1A, 0x00, 0x41, 0x37, 0x5D]);
    let written = t5577::program(t5577::Content::Em4100(other), None, None)?.run(reader);
    let found = reader.search()?;
    for (address, block) in [1, 2, 0].map(|address: u8| (address, held[usize::from(address)].duplicate())) {
        reader.write(Chip::T5577, address, &block, None)?;
        reader.field_off()?;
        let back = reader.read(Chip::T5577, address, None)?;
        if !back.is_some_and(|back: Secret<4>| back.same(&block)) {
            return Err(EmError::Differs { chip: Chip::T5577, address });
        }
    }
    written?;
    println!("written, read back, heard as {found:02X?}, and restored");
    Ok(())
}
