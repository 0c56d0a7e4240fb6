//! Baltech ID-engine readers: the BALTECH Reader Protocol (BRP) as a codec without I/O.
//!
//! [`Command`] makes the commands and reads their answers, as docs.baltech.de/refman/cmds documents them; a [`Frame`]
//! goes over a serial line as it is, and over USB HID in a report ([`to_report`], [`from_report`]). Cards of every
//! kind, LEGIC prime and advant among them, are reached through the reader's card-independent commands ("VHL"): what
//! LEGIC licenses stays in the reader.

mod command;
mod frame;
mod hid;

pub use command::{Card, CardType, Command, Families, LegicSegment, Message, Port};
pub use frame::{CheckSum, Frame, FrameFault, Response, Status};
pub use hid::{PAYLOADS, ReportFault, VENDOR, from_report, to_report};
