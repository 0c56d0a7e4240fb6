//! MIFARE DESFire, the host's side, without I/O: operations in, command APDUs out, answers checked.
//!
//! [`Card`] is the one interface: give it an [`Op`], transmit the [`Command`](lanyard_apdu::Command) it makes, feed the
//! answer back until [`Progress::Done`]. Secure messaging (D40, EV1, EV2), frames and chaining happen inside. Which
//! operations a badge needs, in what order, and what to do after a pulled card is `crates/encoding`'s.
//!
//! Sources: NXP AN12343 (EV2 secure messaging), AN12196, AN10922; `tests/vectors` holds what was checked.

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
