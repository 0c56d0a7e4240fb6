//! A PKCS#11 token: named on the command line, logged in to once somebody is signed in. Its PIN never stands there.

use std::path::PathBuf;

use clap::Args;
use lanyard_station::Station;
use lanyard_station::api::{Problem, TokenLogin};

use crate::secret;

/// Which, and who logs in to it.
#[derive(Args)]
pub struct TokenArguments {
    /// PKCS#11 module of the token that keys live in.
    #[arg(long, global = true, value_name = "FILE")]
    token_module: Option<PathBuf>,
    /// Its serial number, where the module shows several.
    #[arg(long, global = true, value_name = "NUMBER")]
    token_serial: Option<String>,
    /// File with its PIN in its first line; without it, a prompt.
    #[arg(long, global = true, value_name = "FILE")]
    token_pin_file: Option<PathBuf>,
}

impl TokenArguments {
    /// Logs the station in, where a token is named.
    pub fn enter(&self, station: &Station) -> Result<(), Problem> {
        let Some(module) = &self.token_module else { return Ok(()) };
        let pin = secret::read(self.token_pin_file.as_deref(), "PIN of the token: ")?;
        station.token_login(&TokenLogin { module: module.clone(), serial: self.token_serial.clone(), pin })
    }
}
