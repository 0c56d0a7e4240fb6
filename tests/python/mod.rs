//! Codecs that others wrote in Python, in an environment of their own (`requirements.txt` beside this file, pinned by
//! content). Made once, in the target folder, and used by every test that includes this file.

#![allow(dead_code, reason = "each test that includes this uses its own part")]

use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Runs a program of ours in that environment, with this on its standard input; gives what it prints.
///
/// # Panics
/// If Python, or the packages, cannot be had, or the program fails: then this proves nothing.
pub fn run(program: &str, input: &str) -> String {
    let mut child = Command::new(environment().join("bin/python"))
        .args(["-c", program])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut pipe = child.stdin.take().unwrap();
    // From a thread, or both ends wait for each other once the pipes are full.
    let input = input.to_owned();
    let writer = std::thread::spawn(move || pipe.write_all(input.as_bytes()));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    assert!(output.status.success(), "{}", output.status);
    String::from_utf8(output.stdout).unwrap()
}

/// Runs a program that asks while it runs: `answer` is given each line it prints, and what it gives back is the line
/// that the program reads next, if any.
///
/// # Panics
/// As [`run`].
pub fn converse(program: &str, mut answer: impl FnMut(&str) -> Option<String>) {
    let mut child = Command::new(environment().join("bin/python"))
        .args(["-u", "-c", program])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut pipe = child.stdin.take().unwrap();
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        if let Some(said) = answer(&line.unwrap()) {
            writeln!(pipe, "{said}").unwrap();
        }
    }
    drop(pipe);
    let status = child.wait().unwrap();
    assert!(status.success(), "{status}");
}

/// Named by what is pinned, so that a new pin makes a new one; made aside and moved, so that none is ever half made.
fn environment() -> PathBuf {
    // Whichever package includes this file.
    let folders = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
    let pinned = folders.map(|at| at.join("tests/python/requirements.txt")).find(|at| at.exists()).unwrap();
    let text = fs::read_to_string(&pinned).unwrap();
    let name = text
        .bytes()
        .fold(0xCBF2_9CE4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3));
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("python-{name:016x}"));
    if !folder.exists() {
        let aside = folder.with_extension(std::process::id().to_string());
        go("python3", &[OsStr::new("-m"), OsStr::new("venv"), aside.as_os_str()]);
        let pip = aside.join("bin/pip");
        let words = ["install", "-q", "--disable-pip-version-check", "--no-deps", "--require-hashes", "-r"];
        let mut words: Vec<&OsStr> = words.iter().map(OsStr::new).collect();
        words.push(pinned.as_os_str());
        go(&pip, &words);
        // Where another test was faster, its environment is as good.
        if fs::rename(&aside, &folder).is_err() {
            fs::remove_dir_all(&aside).unwrap();
        }
    }
    folder
}

fn go(program: impl AsRef<OsStr>, words: &[&OsStr]) {
    let status = Command::new(program).args(words).status().unwrap();
    assert!(status.success(), "{words:?}: {status}");
}
