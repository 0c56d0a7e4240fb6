//! The local encrypted store: records, history, working state, search.
//!
//! A [`Store`] is one house's folder, opened. It changes inside [`Store::write`] only: one transaction, in which
//! [`Tx::commit`] writes a record and its signed entry together. What is there is read through a [`View`]. The store
//! has no clock and makes no keys: times, random bytes and a [`Signer`] are given to it.

mod backup;
mod commit;
mod erase;
mod error;
mod export;
mod folder;
mod open;
mod search;
mod signer;
mod told;
mod tx;
mod view;
mod words;
mod working;

pub use backup::restore;
pub use commit::Committed;
pub use error::StoreError;
pub use export::{Export, Exported};
pub use folder::{is_house, private_file, read_slots, sync_dir};
pub use open::{Entropy, House, Mode, NewHouse, Store};
pub use signer::Signer;
pub use told::{FieldTold, Told};
pub use tx::Tx;
pub use view::View;
pub use working::{InstanceRow, StepRow};
