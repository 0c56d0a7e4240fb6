//! `cargo xtask lint`: formatting, clippy, floors, front end, licences.

use crate::shell::{Done, cargo, go};
use crate::test::WHOLE;
use crate::{floors, ui};

/// Everything.
pub fn lint() -> Done {
    floors::floors()?;
    ui::build()?;
    rust()?;
    ui::npm(&["run", "lint"])?;
    ui::npm(&["run", "check"])?;
    if cargo(&["deny", "--version"]).output().is_ok_and(|output| !output.status.success()) {
        eprintln!("cargo-deny checks licences, bans and sources; it is installed once.");
        go(&mut cargo(&["install", "--locked", "cargo-deny"]))?;
    }
    go(&mut cargo(&["deny", "check", "licenses", "bans", "sources"]))
}

/// Formatting and clippy. The window has `ui/dist` inside: that is built first.
pub fn rust() -> Done {
    go(&mut cargo(&["fmt", "--all", "--check"]))?;
    go(&mut cargo(&[&["clippy", "-q"], WHOLE, &["--all-targets", "--", "-D", "warnings"]].concat()))
}
