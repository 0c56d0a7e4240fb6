//! Whole-system tests, each against something real.
