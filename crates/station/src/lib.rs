//! The running station: clock, randomness, threads, devices.

pub mod api;
