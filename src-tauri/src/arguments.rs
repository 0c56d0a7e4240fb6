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
    pub(crate) fn home(&self) -> PathBuf {
        self.home.clone().unwrap_or_else(|| data_folder().join("lanyard"))
    }
}

fn data_folder() -> PathBuf {
    let variable = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    variable("XDG_DATA_HOME")
        .or_else(|| variable("LOCALAPPDATA"))
        .or_else(|| variable("HOME").map(|home| home.join(".local/share")))
        .unwrap_or_default()
}
