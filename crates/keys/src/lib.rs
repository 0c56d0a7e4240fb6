//! The vault: keys are made, derived, kept and used here, and nowhere else.
