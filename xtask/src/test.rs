//! `cargo xtask test`: sets up what the tests need and runs all of them; what CI calls.

use crate::shell::{Done, cargo, command, go, read, root};
use crate::{floors, lint, run, system, ui};

/// The whole workspace at once: one set of features, so that nothing is built twice for another set.
pub const WHOLE: &[&str] = &["--workspace", "--features", "lanyard-desktop/custom-protocol,lanyard-desktop/e2e"];

/// Everything.
pub fn test() -> Done {
    system::install(system::DESKTOP)?;
    system::install(system::TEST)?;
    floors::floors()?;
    // Before anything of Rust: the window has it inside.
    ui::build()?;
    lint::rust()?;
    ui::npm(&["run", "lint"])?;
    ui::npm(&["run", "check"])?;
    ui::npm(&["test"])?;
    // The tests start some of these as programs.
    go(&mut cargo(&[&["build"], WHOLE, &["--lib", "--bins", "--tests"]].concat()))?;
    types(WHOLE)?;
    unchanged("ui/shared/generated", "cargo xtask types")?;
    go(&mut cargo(&[&["test"], WHOLE, &["--no-fail-fast"]].concat()))?;
    run::demo()
}

/// TypeScript from `crates/station/src/api`.
pub fn types(packages: &[&str]) -> Done {
    let generated = root().join("ui/shared/generated");
    if generated.exists() {
        std::fs::remove_dir_all(&generated).map_err(|error| format!("ui/shared/generated: {error}"))?;
    }
    go(&mut cargo(&[&["test", "-q"], packages, &["--lib", "export_bindings"]].concat()))
}

fn unchanged(path: &str, with: &str) -> Done {
    let changed = read(&mut command("git", &["status", "--porcelain", "--", path]))?;
    if changed.is_empty() {
        Ok(())
    } else {
        Err(format!("{path} is not what `{with}` makes of the source:\n{changed}"))
    }
}
