//! libfreefare as a host for our simulated card: the program `freefare/host.c`, compiled for the occasion, behind a
//! [`Pn532`].

use std::io::{Error, Result, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use lanyard_virtual::ApduCard;
use tempfile::TempDir;

use crate::pn532::Pn532;

/// How a file's data travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommMode {
    /// In clear.
    Plain = 0,
    /// With a MAC.
    Mac = 1,
    /// Enciphered.
    Full = 3,
}

/// Reads a file as an access control reader would: selects the application, authenticates with an AES key, reads.
/// `aid` as it is written, most significant byte first. `length` 0 reads all of it.
///
/// # Errors
/// What libfreefare said: the line it failed at, and the card's status.
pub fn freefare_read(
    card: impl ApduCard + 'static,
    aid: [u8; 3],
    key_no: u8,
    key: &[u8; 16],
    file_no: u8,
    comm_mode: CommMode,
    length: usize,
) -> Result<Vec<u8>> {
    let [a, b, c] = aid;
    let mode = comm_mode as u8;
    let script = [
        format!("select 0x{a:02X}{b:02X}{c:02X}"),
        format!("auth aes {key_no} {}", hex(key)),
        format!("read {file_no} 0 {length} {mode}"),
    ];
    let answers = freefare(&Pn532::start(card)?, &script)?;
    let data = answers.last().map(String::as_str).unwrap_or_default();
    unhex(data).ok_or_else(|| Error::other(format!("not hex: {data}")))
}

/// Carries a script out, a command a line as `freefare/host.c` knows them, and gives each answer without its `ok`.
///
/// # Errors
/// At the first line that the card or libfreefare refuses: `line N (verb): error PICC PCD`.
pub fn freefare(reader: &Pn532, script: &[impl AsRef<str>]) -> Result<Vec<String>> {
    let answers = freefare_raw(reader, script)?;
    let mut out = Vec::new();
    for (i, line) in script.iter().enumerate() {
        let verb = line.as_ref().split(' ').next().unwrap_or_default();
        match answers.get(i).and_then(|answer| answer.strip_prefix("ok")) {
            Some(data) => out.push(data.trim().to_owned()),
            None => {
                let said = answers.get(i).map_or("nothing", String::as_str);
                return Err(Error::other(format!("line {} ({verb}): {said}", i + 1)));
            }
        }
    }
    Ok(out)
}

/// As [`freefare`], with each answer as it came, refusals among them.
///
/// # Errors
/// If the program does not run, or finds no card.
pub fn freefare_raw(reader: &Pn532, script: &[impl AsRef<str>]) -> Result<Vec<String>> {
    let mut child = Command::new(program()?)
        .env("LIBNFC_DEVICE", reader.connection())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let lines: String = script.iter().map(|line| format!("{}\n", line.as_ref())).collect();
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(lines.as_bytes())?;
    }
    let output = child.wait_with_output()?;
    if !output.status.success() {
        return Err(Error::other(format!("libfreefare: {}", String::from_utf8_lossy(&output.stderr))));
    }
    Ok(String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect())
}

/// Compiles the C program once a process.
fn program() -> Result<&'static Path> {
    static BUILT: OnceLock<(TempDir, PathBuf)> = OnceLock::new();
    if BUILT.get().is_none() {
        let folder = tempfile::tempdir()?;
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("freefare/host.c");
        let program = folder.path().join("host");
        let cc = Command::new("cc").arg("-o").arg(&program).arg(source).args(["-lfreefare", "-lnfc"]).output()?;
        if !cc.status.success() {
            return Err(Error::other(format!("cc: {}", String::from_utf8_lossy(&cc.stderr))));
        }
        // Another thread may have been faster; its program is as good.
        let _ = BUILT.set((folder, program));
    }
    BUILT.get().map(|(_, program)| program.as_path()).ok_or_else(|| Error::other("not compiled"))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u32>> = text.chars().map(|c| c.to_digit(16)).collect();
    Some(digits?.chunks_exact(2).map(|pair| (pair[0] << 4 | pair[1]) as u8).collect())
}
