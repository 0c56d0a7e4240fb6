//! `cargo xtask bench`: each bench is an example of the crate that it measures, built with optimisation, printing a table.

use crate::shell::{Done, cargo, go, root};
use crate::{run, system, ui};

/// Name, package, example, arguments.
const BENCHES: &[(&str, &str, &str, &[&str])] = &[
    ("exchanges", "lanyard-encoding", "exchange_bench", &["10000"]),
    ("ev1", "lanyard-tests", "ev1_bench", &[]),
    ("verify", "lanyard-history", "verify_bench", &["1000000"]),
    ("search", "lanyard-store", "search_bench", &["1000000"]),
    ("render", "lanyard-layout", "render_bench", &[]),
    ("badges", "lanyard-station", "badge_bench", &["10000"]),
    ("window", "lanyard-tests", "window_bench", &["5"]),
];

/// All of them, or the named.
pub fn bench(words: &[&str]) -> Done {
    for (name, package, example, arguments) in BENCHES {
        if words.is_empty() || words.contains(name) {
            let mut call = vec!["run", "-q", "--release", "-p", package, "--example", example, "--"];
            call.extend_from_slice(arguments);
            if *name == "ev1" {
                system::install(system::TEST)?;
            }
            if *name == "window" {
                system::install(system::DESKTOP)?;
                system::install(system::TEST)?;
                ui::build()?;
                run::desktop(&["--release"])?;
            }
            let program = root().join(run::DESKTOP_TARGET).join("release/lanyard-desktop");
            go(cargo(&call).env("LANYARD_DESKTOP", program))?;
        }
    }
    Ok(())
}
