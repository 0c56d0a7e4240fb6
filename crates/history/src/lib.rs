//! The signed history: entries, chain, tree, checkpoint, bundle, verify.
//!
//! Held to history-format.md, to the byte. Pure: bytes, times, salts and signatures come in as arguments; no
//! private key ever does. Who writes a chain uses [`Draft`], [`events`], [`tree`] and [`Checkpoint`]; who hands one
//! over, [`BundleWriter`]; who doubts one, [`verify::verify`].

mod bundle;
pub mod cbor;
mod checkpoint;
mod draft;
mod ed25519;
mod entry;
mod error;
pub mod events;
pub mod hex;
pub mod note;
mod opening;
mod payload;
mod signed;
pub mod tree;
pub mod verify;
pub mod words;

pub use bundle::{About, BundleWriter, Packing, Scope};
pub use cbor::{MAX_DEPTH, decode_value, encode_value};
pub use checkpoint::{Checkpoint, LogProof, station_origin};
pub use draft::{Draft, NO_PREV, Place, ToBeSigned};
pub use ed25519::PublicKey;
pub use entry::{ENTRY_TYPE, Entry, EntryView, Kid, MAX_LEN, entry_hash, kid};
pub use error::Error;
pub use opening::{Opening, commitment};
pub use payload::Payload;
pub use signed::{How, Signed, SignedView, Statement};

/// SHA-256: of an entry, a blob, a field's commitment, a node of the tree.
pub type Hash = [u8; 32];
