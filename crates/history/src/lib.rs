//! The signed history: entries, chain, tree, checkpoint, bundle, verify.
