//! Where a station is at home when nobody says so: one place for the window and the command line, or one of them would find
//! an empty office.

use std::ffi::OsString;
use std::path::PathBuf;

/// `lanyard` in the user's data folder (XDG base directories; on Windows `LOCALAPPDATA`); `None` where there is none. A
/// folder that is not named from the root is none: it would depend on where the program was started.
#[must_use]
pub fn default_home() -> Option<PathBuf> {
    data_folder(|name| std::env::var_os(name)).map(|data| data.join("lanyard"))
}

fn data_folder(variable: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let folder = |name: &str| variable(name).map(PathBuf::from).filter(|path| path.is_absolute());
    folder("XDG_DATA_HOME")
        .or_else(|| folder("LOCALAPPDATA"))
        .or_else(|| folder("HOME").map(|home| home.join(".local/share")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(variables: &[(&str, &str)]) -> Option<PathBuf> {
        data_folder(|name| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| value.into()))
    }

    #[test]
    fn no_house_is_made_in_the_folder_that_a_program_happens_to_be_started_in() {
        assert_eq!(found(&[]), None);
        assert_eq!(found(&[("XDG_DATA_HOME", "data"), ("HOME", "")]), None);
    }

    #[cfg(unix)]
    #[test]
    fn the_data_folder_that_is_named_goes_before_the_one_in_the_persons_home() {
        let all = [("HOME", "/home/ana"), ("LOCALAPPDATA", "/local"), ("XDG_DATA_HOME", "/data")];
        assert_eq!(found(&all), Some(PathBuf::from("/data")));
        assert_eq!(found(&all[..2]), Some(PathBuf::from("/local")));
        assert_eq!(found(&all[..1]), Some(PathBuf::from("/home/ana/.local/share")));
    }
}
