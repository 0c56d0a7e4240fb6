//! Passwords: from the first line of a file, or from a prompt without echo.

use std::path::Path;

use lanyard_secret::SecretBytes;
use lanyard_station::api::Problem;

use crate::output::file_problem;

/// Reads one.
pub fn read(file: Option<&Path>, prompt: &str) -> Result<SecretBytes, Problem> {
    let mut text = match file {
        Some(file) => std::fs::read_to_string(file).map_err(|error| file_problem(file, &error))?,
        None => rpassword::prompt_password(prompt).map_err(|error| file_problem(Path::new("terminal"), &error))?,
    };
    text.truncate(text.find(['\r', '\n']).unwrap_or(text.len()));
    Ok(SecretBytes::new(text.into_bytes()))
}
