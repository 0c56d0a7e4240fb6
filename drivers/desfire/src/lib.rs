//! MIFARE DESFire, the host's side, without I/O: operations in, command APDUs out, answers checked.
//!
//! [`Card`] is the one interface: give it an [`Op`], transmit the [`Command`](lanyard_apdu::Command) it makes, feed the
//! answer back until [`Progress::Done`]. Secure messaging (D40, EV1, EV2), frames and chaining happen inside. Which
//! operations a badge needs, in what order, and what to do after a pulled card is `crates/encoding`'s.
//!
//! Sources: NXP AN12343 and AN12196 (EV2 secure messaging), AN10922, AN12696 (delegation), MF2DLHX0 as far as those cite
//! it; for what NXP publishes nowhere, what libfreefare, proxmark3 and liblogicalaccess do alike (key sets, messaging
//! switched off, further rights). `tests/vectors` holds what was checked, among it what a real EV3 card answered.
//!
//! Not here, since no public source says enough or no badge needs it: proximity check and virtual cards; LRP; messages
//! mirrored into a file (SDM) and file counters; MIFARE Classic mapping; ISO 7816's authentication and record commands;
//! SetConfiguration beyond [`Configuration`]; the signature and ISO file commands within a session; the reader's identity
//! in EV1 messaging; delegation under DES keys, and the renaming of a delegated application. A transaction MAC is read,
//! not recomputed: what it is made over stands in no public document.

mod auth;
mod call;
mod card;
mod cipher;
mod crc;
mod error;
mod frame;
mod ids;
mod iso;
mod keys;
mod op;
mod originality;
mod plan;
mod session;
mod settings;
mod version;

#[cfg(test)]
mod tests;
#[cfg(test)]
mod vectors;

pub use card::{Card, Progress, Run, SessionState};
pub use error::{CardStatus, DesfireError};
pub use frame::{Framing, Link, native_command, native_response};
pub use ids::{Access, AccessRights, Aid, CommMode, FileNo, KeyNo, KeyVersion};
pub use keys::{DesKey, NewKey, Nonce, OldKey};
pub use op::{
    Configuration, DelegatedApplication, DelegatedSlot, FileKind, IsoApplication, IsoName, IsoTarget, IssuerKeys,
    KeySets, NewApplication, NewFile, NewRecordFile, NewTransactionMacFile, NewValueFile, Op, Reply, Slot,
    delegation_deletion_mac,
};
pub use originality::{Maker, originality};
pub use settings::{ApplicationKeys, ChangeKeyRight, FileSettings, FileShape, KeySettings, KeyType};
pub use version::{CardVersion, Family};
