//! What arrives from cards, readers and files, made of any bytes: one function a target, which panics where something is
//! wrong. `fuzz/` calls them with bytes that libFuzzer thinks up, this crate's test with the bytes kept in `fuzz/corpus`.
//!
//! Beyond "no panic": an exchange comes to an end, what is read can be written again, and no known key is found in what is
//! sent or said.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::missing_panics_doc,
    reason = "a panic is how a target says that something is wrong"
)]

mod apdu;
mod baltech;
mod desfire;
mod em;
mod encoding;
mod fed;
mod history;
mod known;
mod legic;
mod ops;
mod piv;
mod twn4;

pub use known::Known;

/// A target: its name, and what it does with bytes.
pub type Target = (&'static str, fn(&[u8]));

/// All of them; `fuzz/fuzz_targets` has a program for each.
pub const TARGETS: &[Target] = &[
    ("apdu", apdu::apdu),
    ("baltech_frames", baltech::frames),
    ("desfire_answers", desfire::answers),
    ("desfire_commands", desfire::commands),
    ("em_codings", em::codings),
    ("encoding_toml", encoding::toml),
    ("history", history::history),
    ("legic_dumps", legic::dumps),
    ("piv_answers", piv::answers),
    ("twn4_answers", twn4::answers),
];

/// Gives bytes to the target of this name.
pub fn feed(name: &str, bytes: &[u8]) {
    let target = TARGETS.iter().find(|(target, _)| *target == name);
    target.unwrap_or_else(|| panic!("{name} is no target")).1(bytes);
}
