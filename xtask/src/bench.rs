//! `cargo xtask bench`: each bench is an example of the crate that it measures, built with optimisation, printing a table.

use crate::shell::{Done, cargo, go};

/// Name, package, example, arguments.
const BENCHES: &[(&str, &str, &str, &[&str])] = &[
    ("exchanges", "lanyard-encoding", "exchange_bench", &[]),
    ("verify", "lanyard-history", "verify_bench", &["1000000"]),
    ("search", "lanyard-store", "search_bench", &["1000000"]),
    ("render", "lanyard-layout", "render_bench", &[]),
    ("badges", "lanyard-station", "badge_bench", &["10000"]),
];

/// All of them, or the named.
pub fn bench(words: &[&str]) -> Done {
    for (name, package, example, arguments) in BENCHES {
        if words.is_empty() || words.contains(name) {
            let mut call = vec!["run", "-q", "--release", "-p", package, "--example", example, "--"];
            call.extend_from_slice(arguments);
            go(&mut cargo(&call))?;
        }
    }
    Ok(())
}
