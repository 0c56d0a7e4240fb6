//! Readers and cards through PC/SC.
