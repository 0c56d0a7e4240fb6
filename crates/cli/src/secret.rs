//! Passwords: from the first line of a file, or from a prompt without echo.

use std::io::{ErrorKind, Read};
use std::path::Path;

use lanyard_secret::SecretBytes;
use lanyard_station::api::Problem;

use crate::output::file_problem;

/// Reads one.
pub fn read(file: Option<&Path>, prompt: &str) -> Result<SecretBytes, Problem> {
    let mut text = match file {
        Some(file) => first_line(file).map_err(|error| file_problem(file, &error))?,
        None => rpassword::prompt_password(prompt)
            .map_err(|error| file_problem(Path::new("terminal"), &error))?
            .into_bytes(),
    };
    text.truncate(text.iter().position(|byte| [b'\r', b'\n'].contains(byte)).unwrap_or(text.len()));
    Ok(SecretBytes::new(text))
}

/// Longer than whatever is typed, in bytes: what is longer is no password file.
const LONGEST: u64 = 4096;

fn first_line(file: &Path) -> std::io::Result<Vec<u8>> {
    // Room for all of it at once: growing would leave a copy behind.
    let mut text = Vec::with_capacity(LONGEST as usize + 2);
    let read = std::fs::File::open(file)?.take(LONGEST + 1).read_to_end(&mut text)?;
    match std::str::from_utf8(&text) {
        _ if read as u64 > LONGEST => Err(ErrorKind::FileTooLarge.into()),
        Err(_) => Err(ErrorKind::InvalidData.into()),
        Ok(_) => Ok(text),
    }
}
