//! Elatec TWN4 readers with the Simple Protocol firmware (`TWN4_Cxxxx_PRSxxx`), on USB as a serial port.
//!
//! `proto` is the frames and the calls, pure; `serial` the line to a port; here is what the reader offers: 125 kHz cards
//! ([`lanyard_device::LfReader`]), lights and beeper. All codes are from Elatec's "TWN4 Simple Protocol", DocRev25.
//! LEGIC goes through the reader's own chip and its licensed codes: see `drivers/legic`.

pub mod proto;
mod reader;
mod serial;

pub use reader::{Lights, Options, Twn4};
pub use serial::{Port, Wire, open_wire, ports};
