//! Whole-system tests, each against something real.

#[cfg(target_os = "linux")]
pub mod disk;
pub mod freefare;
pub mod house;
pub mod ippeve;
pub mod keys_on_card;
#[cfg(target_os = "linux")]
pub mod memory;
pub mod our_host;
pub mod pn532;
pub mod programs;
pub mod real_desk;
#[cfg(unix)]
#[path = "../../drivers/twn4/tests/terminal/mod.rs"]
#[allow(clippy::unwrap_used, reason = "a test stops where it fails")]
pub mod terminal;
pub mod vpcd;
pub mod watched;
pub mod window;
