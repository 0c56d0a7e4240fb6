//! PIV (NIST SP 800-73-4 and -5, part 2), the host's side, without I/O.
//!
//! Every function answers an [`Operation`], a `Script` that says which command is next and wants the card's answer; it is
//! driven over any channel by [`lanyard_apdu::drive`]. Single commands are in [`management`], [`secrets`], [`slot`],
//! [`object`] and [`yubico`]; what an issuing station does with them, each safe to repeat after a pulled card, is in
//! [`personalise`]. Random bytes are arguments, keys are taken by value for one exchange.

mod cipher;
pub mod identity;
pub mod management;
pub mod object;
pub mod personalise;
pub mod probe;
mod public_key;
mod refusal;
pub mod secrets;
mod sequence;
pub mod slot;
mod tlv;
pub mod yubico;

mod error;

pub use error::PivError;
pub use identity::{CardCapability, Chuid, Fascn};
pub use management::{ManagementAlgorithm, ManagementKey};
pub use object::Object;
pub use probe::{ManagementHolder, Probe, Selected, select};
pub use public_key::PublicKey;
pub use refusal::{Refusal, Refusals, refuses_defaults};
pub use secrets::{Pin, PinState, Puk};
pub use sequence::Operation;
pub use slot::{KeyAlgorithm, SignInput, Slot};
pub use yubico::Version;
