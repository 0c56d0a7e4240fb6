//! What the program is started with.

use std::path::PathBuf;

use clap::Parser;

/// The badge office's station.
#[derive(Parser)]
#[command(version)]
pub(crate) struct Arguments {
    /// The station's home. Without it: `lanyard` in the user's data folder.
    #[arg(long, value_name = "DIR")]
    home: Option<PathBuf>,
    /// Open the rehearsal's house, even where a real one exists.
    #[arg(long, alias = "rehearsal")]
    pub(crate) rehearse: bool,
}

impl Arguments {
    /// `None` where neither the person nor the system says where that is.
    pub(crate) fn home(&self) -> Option<PathBuf> {
        self.home.clone().or_else(lanyard_station::default_home)
    }
}
