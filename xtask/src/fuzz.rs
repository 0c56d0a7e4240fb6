//! `cargo xtask fuzz`: libFuzzer thinks up inputs for the targets of `tests/hostile`. What it finds interesting is gathered in
//! `target/fuzz`; `--keep` takes from there into `fuzz/corpus`, which `cargo xtask test` replays, what reaches code that
//! nothing kept so far does.

use std::path::PathBuf;

use crate::shell::{Done, cargo, command, go, root};

/// Seconds for each target where nothing else is said.
const SECONDS: &str = "60";

/// Beyond this no input says anything new.
const LONGEST: &str = "-max_len=8192";

/// All targets, or the named, one after the other.
pub fn fuzz(words: &[&str]) -> Done {
    let (mut named, mut seconds, mut keep) = (Vec::new(), SECONDS, false);
    let mut words = words.iter();
    while let Some(word) = words.next() {
        match *word {
            "--seconds" => seconds = words.next().ok_or("--seconds wants a number")?,
            "--keep" => keep = true,
            target => named.push(target),
        }
    }
    let targets = targets()?;
    if let Some(unknown) = named.iter().find(|name| !targets.iter().any(|target| target == *name)) {
        return Err(format!("no target {unknown}: {}", targets.join(", ")));
    }
    tools()?;
    // The same versions as in what is built every day; cargo adds libFuzzer to the copy.
    let lock = root().join("Cargo.lock");
    std::fs::copy(&lock, root().join("fuzz/Cargo.lock")).map_err(|error| format!("fuzz/Cargo.lock: {error}"))?;
    for target in targets.iter().filter(|target| named.is_empty() || named.contains(&target.as_str())) {
        run(target, seconds, keep)?;
    }
    Ok(())
}

fn run(target: &str, seconds: &str, keep: bool) -> Done {
    let (kept, found) = (format!("fuzz/corpus/{target}"), format!("target/fuzz/{target}"));
    for folder in [&kept, &found] {
        std::fs::create_dir_all(root().join(folder)).map_err(|error| format!("{folder}: {error}"))?;
    }
    let dictionary = format!("fuzz/dictionaries/{target}.dict");
    let artifacts = format!("-artifact_prefix={}/", root().join("target/fuzz").display());
    let time = format!("-max_total_time={seconds}");
    let mut last = vec![artifacts, time, LONGEST.to_owned(), "-timeout=10".to_owned(), "-rss_limit_mb=2048".to_owned()];
    if root().join(&dictionary).exists() {
        last.push(format!("-dict={}", root().join(dictionary).display()));
    }
    go(fuzzer(target, &[&found, &kept]).args(&last))?;
    if keep {
        go(fuzzer(target, &[&kept, &found]).args(["-merge=1", LONGEST]))?;
    }
    Ok(())
}

/// cargo-fuzz with whatever compiler takes its options: nightly, or stable that is told to.
fn fuzzer(target: &str, corpora: &[&str]) -> std::process::Command {
    let mut call = command("cargo", &[]);
    // `cargo xtask` has set these for itself.
    for name in ["CARGO", "RUSTUP_TOOLCHAIN", "RUSTC", "RUSTDOC"] {
        call.env_remove(name);
    }
    if nightly() {
        call.arg("+nightly");
    } else {
        call.env("RUSTC_BOOTSTRAP", "1");
    }
    call.args(["fuzz", "run", target]);
    call.args(corpora.iter().map(|folder| root().join(folder)));
    call.arg("--");
    call
}

fn nightly() -> bool {
    let toolchains = command("rustup", &["toolchain", "list"]).output();
    toolchains.is_ok_and(|output| String::from_utf8_lossy(&output.stdout).contains("nightly"))
}

fn tools() -> Done {
    if !nightly() {
        eprintln!("no nightly compiler: libFuzzer's options are asked of the stable one (RUSTC_BOOTSTRAP=1)");
    }
    if cargo(&["fuzz", "--version"]).output().is_ok_and(|output| output.status.success()) {
        return Ok(());
    }
    eprintln!("cargo-fuzz builds and starts the fuzzer; it is installed once, and a C++ compiler builds libFuzzer.");
    go(&mut cargo(&["install", "--locked", "cargo-fuzz"]))
}

fn targets() -> Result<Vec<String>, String> {
    let programs = root().join("fuzz/fuzz_targets");
    let files = std::fs::read_dir(&programs).map_err(|error| format!("{}: {error}", programs.display()))?;
    let paths: Vec<PathBuf> = files.flatten().map(|file| file.path()).collect();
    let mut names: Vec<String> =
        paths.iter().filter_map(|path| path.file_stem()).map(|stem| stem.to_string_lossy().into_owned()).collect();
    names.sort();
    Ok(names)
}
