//! `cargo xtask lint`: formatting, clippy, floors, front end, licences.

use crate::shell::{Done, cargo, go};
use crate::{floors, run, ui};

/// Everything.
pub fn lint() -> Done {
    rust()?;
    ui::build()?;
    run::desktop("clippy", &["e2e"], &["--all-targets", "--", "-D", "warnings"])?;
    floors::floors()?;
    ui::packages()?;
    ui::npm(&["run", "lint"])?;
    ui::npm(&["run", "check"])?;
    if cargo(&["deny", "--version"]).output().is_ok_and(|output| !output.status.success()) {
        eprintln!("cargo-deny checks licences, bans and sources; it is installed once.");
        go(&mut cargo(&["install", "--locked", "cargo-deny"]))?;
    }
    go(&mut cargo(&["deny", "check", "licenses", "bans", "sources"]))
}

/// Formatting and clippy, but for the window, which has a target folder of its own.
pub fn rust() -> Done {
    go(&mut cargo(&["fmt", "--all", "--check"]))?;
    go(&mut cargo(&["clippy", "-q", "--all-targets", "--", "-D", "warnings"]))?;
    go(&mut cargo(&["clippy", "-q", "-p", "lanyard-piv-card", "--all-targets", "--", "-D", "warnings"]))
}
