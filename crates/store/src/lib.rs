//! The local encrypted store: records, history, working state, search.
