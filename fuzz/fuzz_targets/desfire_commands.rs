//! libFuzzer before this target of `tests/hostile`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| lanyard_hostile::feed("desfire_commands", bytes));
