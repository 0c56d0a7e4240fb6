//! The card against published vectors, and what it refuses.

mod host;
mod tear;
mod vectors;

mod extended;
mod files;
mod hostile;
mod keys;
mod messaging;
mod real;
mod transactions;
