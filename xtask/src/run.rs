//! `cargo xtask run`: the station's window, or one badge issued without it.

use crate::shell::{Done, cargo, command, go, root};
use crate::{system, ui};

/// Where the window is built by itself, without what the tests need in it.
pub const DESKTOP_TARGET: &str = "target/desktop";

/// Builds and starts.
pub fn run(words: &[&str]) -> Done {
    let headless = words.contains(&"--headless");
    let rest: Vec<&str> = words.iter().copied().filter(|word| *word != "--headless").collect();
    let display = std::env::var_os("DISPLAY").is_some() || std::env::var_os("WAYLAND_DISPLAY").is_some();
    system::install(system::DESKTOP)?;
    if headless || !display {
        if !headless {
            eprintln!("No display here: the same issuance follows without the window.");
        }
        return built_demo();
    }
    ui::build()?;
    desktop(&[])?;
    go(command(&format!("{DESKTOP_TARGET}/debug/lanyard-desktop"), &rest).env_remove("TAURI_WEBVIEW_AUTOMATION"))
}

/// Builds the window with the front end in it.
pub fn desktop(how: &[&str]) -> Done {
    let call = [&["build", "-q", "-p", "lanyard-desktop", "--features", "custom-protocol"], how].concat();
    go(cargo(&call).env("CARGO_TARGET_DIR", DESKTOP_TARGET))
}

/// One badge in rehearsal, and what came of it.
fn built_demo() -> Done {
    go(&mut cargo(&["build", "-q", "-p", "lanyard-cli", "-p", "lanyard-verify"]))?;
    demo()
}

/// The same with the programs that are built.
pub fn demo() -> Done {
    let out = root().join("target/demo");
    if out.exists() {
        std::fs::remove_dir_all(&out).map_err(|error| format!("target/demo: {error}"))?;
    }
    go(&mut command("target/debug/lanyard", &["rehearse", "--demo", "target/demo"]))?;
    go(&mut command("target/debug/lanyard-verify", &["target/demo/history.zip", "--complete"]))
}
