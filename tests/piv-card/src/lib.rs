//! A PIV card that others wrote: Nitrokey's `piv-authenticator` on the Trussed framework, with everything in memory. What
//! our own PIV code is held against.
//!
//! For tests only: its random numbers start from a constant, so every card makes the same keys.

mod card;
mod dispatch;
mod framing;
mod shared;

pub use card::PivCard;
