//! Whole-system tests, each against something real.

pub mod freefare;
pub mod house;
pub mod ippeve;
pub mod pn532;
pub mod real_desk;
pub mod vpcd;
pub mod window;
