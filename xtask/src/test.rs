//! `cargo xtask test`: sets up what the tests need and runs all of them; what CI calls.

use crate::shell::{Done, cargo, command, go, read, root};
use crate::{floors, lint, run, system, ui};

/// Everything.
pub fn test() -> Done {
    system::install(system::DESKTOP)?;
    system::install(system::TEST)?;
    floors::floors()?;
    lint::rust()?;
    ui::packages()?;
    types()?;
    unchanged("ui/shared/generated", "cargo xtask types")?;
    ui::npm(&["run", "lint"])?;
    ui::npm(&["run", "check"])?;
    ui::npm(&["test"])?;
    ui::build()?;
    // The tests start these as programs.
    go(&mut cargo(&["build", "-p", "lanyard-cli", "-p", "lanyard-verify", "-p", "lanyard-piv-card", "--bins"]))?;
    run::desktop("build", &["e2e"], &[])?;
    run::desktop("clippy", &["e2e"], &["--all-targets", "--", "-D", "warnings"])?;
    run::desktop("test", &["e2e"], &[])?;
    go(&mut cargo(&["test", "--no-fail-fast"]))?;
    go(&mut cargo(&["test", "-p", "lanyard-piv-card"]))?;
    run::demo()
}

/// TypeScript from `crates/station/src/api`.
pub fn types() -> Done {
    let generated = root().join("ui/shared/generated");
    if generated.exists() {
        std::fs::remove_dir_all(&generated).map_err(|error| format!("ui/shared/generated: {error}"))?;
    }
    go(&mut cargo(&["test", "-q", "-p", "lanyard-station", "--lib", "export_bindings"]))
}

fn unchanged(path: &str, with: &str) -> Done {
    let changed = read(&mut command("git", &["status", "--porcelain", "--", path]))?;
    if changed.is_empty() {
        Ok(())
    } else {
        Err(format!("{path} is not what `{with}` makes of the source:\n{changed}"))
    }
}
