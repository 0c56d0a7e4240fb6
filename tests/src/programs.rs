//! Programs of others, run and asked what they said.
#![allow(clippy::expect_used, reason = "a test stops where it fails")]

use std::process::{Command, Output};

/// Runs it.
///
/// # Panics
/// Where it is not there.
#[must_use]
pub fn tool(program: &str, arguments: &[&str]) -> Output {
    Command::new(program).args(arguments).output().unwrap_or_else(|error| panic!("{program}: {error}"))
}

/// All that it said.
#[must_use]
pub fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// Runs it, and answers what it said.
///
/// # Panics
/// Where it fails.
pub fn succeeds(program: &str, arguments: &[&str]) -> String {
    let output = tool(program, arguments);
    assert!(output.status.success(), "{program} {arguments:?}:\n{}", said(&output));
    said(&output)
}

/// Runs it.
///
/// # Panics
/// Where it succeeds.
pub fn fails(program: &str, arguments: &[&str]) {
    let output = tool(program, arguments);
    assert!(!output.status.success(), "{program} {arguments:?} succeeded:\n{}", said(&output));
}

/// Arguments for `yubico-piv-tool`: any reader.
#[must_use]
pub fn yubico<'a>(arguments: &[&'a str]) -> Vec<&'a str> {
    [&["--reader", "Yubico"][..], arguments].concat()
}
