//! Simulated cards, readers and printers with fault scripts.
