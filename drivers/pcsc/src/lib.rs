//! Readers and cards through PC/SC: pcscd on Linux, the system's own service on Windows and macOS.
//!
//! [`readers`] lists what is plugged in, [`Watcher`] says when that changes, [`PcscReader`] is one reader and gives out a
//! [`PcscChannel`] for the card on it. Everything blocks: a device has a thread of its own. Two calls on one PC/SC context
//! wait for each other, so each reader, channel and watcher has its own.

mod channel;
mod reader;
mod service;
mod t0;
mod watch;

pub use channel::PcscChannel;
pub use reader::{PcscReader, readers};
pub use service::SERVICE;
pub use watch::{Canceller, Change, Watcher};
