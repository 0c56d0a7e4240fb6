//! The running station: clock, randomness, threads, devices.
