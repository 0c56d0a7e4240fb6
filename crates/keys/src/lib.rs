//! The vault: keys are made, derived, kept and used here, and nowhere else.
//!
//! [`Slots`] hold a house's two random keys (store, vault), wrapped once for each operator and once for the recovery
//! code. [`Vault`] holds everything else under the vault key: signing keys, the CA, the cards' master keys, PUKs. Master
//! keys have homes ([`KeyHome`]): the vault itself, or a token that is attached to it.
//! No file, clock or randomness: bytes, time and an [`Entropy`] are arguments.

mod attached;
pub mod ca;
mod card_record;
mod ceremony;
mod check;
mod component;
mod contents;
mod diversify;
mod error;
mod home;
mod keyset;
mod limit;
mod masters;
mod proof;
mod recovery;
mod rehearsal;
mod seal;
mod share;
mod signer;
mod slots;
mod typed;
mod vault;

pub use card_record::{CardRecord, CardRecordError, card_record_key_id};
pub use check::CheckValue;
pub use component::Component;
pub use diversify::{DiversificationInput, ManagementAlgorithm, TwoBlocks};
pub use error::KeysError;
pub use home::{Derivation, KeyHome, KeySize, MasterKey};
pub use keyset::{KeySet, KeySetHead, SealTo, SealedBy, SealedKeys};
pub use limit::{Limits, Uses};
pub use proof::Proof;
pub use recovery::RecoveryCode;
pub use share::Share;
pub use signer::EntrySigner;
pub use slots::{Cost, Opened, Slots};
pub use vault::{HouseKind, KeyRef, KeyStatus, PukOpened, Vault};

/// Where random bytes come from: fills the whole slice. In the running station the operating system's generator.
pub type Entropy<'a> = dyn FnMut(&mut [u8]) + 'a;
