//! The front end: packages by npm, then build, check, lint, test.

use crate::shell::{Done, command, go, root};

/// Installs the packages of `ui/` if the lock file is newer than what is installed.
pub fn packages() -> Done {
    let ui = root().join("ui");
    let changed = |path: &str| std::fs::metadata(ui.join(path)).and_then(|m| m.modified()).ok();
    let (lock, installed) = (changed("package-lock.json"), changed("node_modules/.package-lock.json"));
    if installed.is_some() && installed >= lock {
        return Ok(());
    }
    if command("npm", &["--version"]).output().is_err() {
        return Err("npm is missing: install Node.js 20 or newer".into());
    }
    npm(&["ci", "--no-audit", "--no-fund"])
}

/// An npm command in `ui/`.
pub fn npm(words: &[&str]) -> Done {
    go(command("npm", words).current_dir(root().join("ui")))
}

/// `ui/dist`, which the window embeds.
pub fn build() -> Done {
    packages()?;
    npm(&["run", "build"])
}
