//! Whole-system tests, each against something real.

pub mod vpcd;
