//! Which program this is: the hash of its file, which the history keeps each time the station opens (history-format.md §2).

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::OnceLock;

use sha2::{Digest, Sha256};

/// SHA-256 of the program's file, read once. Where the system does not let it be read, of the word `unread` and the version:
/// no file has that one.
pub(crate) fn sha256() -> [u8; 32] {
    static HASH: OnceLock<[u8; 32]> = OnceLock::new();
    *HASH.get_or_init(|| {
        let read = std::env::current_exe().and_then(|path| of_file(&path));
        read.unwrap_or_else(|error| {
            tracing::warn!(kind = %error.kind(), "the program cannot read itself");
            Sha256::digest(concat!("unread ", env!("CARGO_PKG_VERSION"))).into()
        })
    })
}

fn of_file(path: &Path) -> std::io::Result<[u8; 32]> {
    let (mut file, mut hash, mut part) = (File::open(path)?, Sha256::new(), vec![0; 1 << 16]);
    loop {
        match file.read(&mut part)? {
            0 => return Ok(hash.finalize().into()),
            read => hash.update(&part[..read]),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test stops where it fails")]
mod tests {
    use lanyard_model::Value;
    use sha2::{Digest, Sha256};

    use crate::api::{FirstStart, NewOperator, Password};
    use crate::{HouseChoice, Options, Station};

    #[test]
    fn the_build_in_the_history_is_the_hash_of_the_program_that_runs() {
        let home = tempfile::tempdir().unwrap();
        let station =
            Station::start(Options::new(home.path().to_owned(), HouseChoice::Real).without_devices()).unwrap();
        let password = Password(lanyard_secret::SecretBytes::new(b"correct horse".to_vec()));
        let ana = NewOperator { name: "Ana".to_owned(), login: "ana".to_owned(), password };
        station.first_start(FirstStart { station: "Gate".to_owned(), rehearsal: false, operators: vec![ana] }).unwrap();
        let build = station.shared.quietly(|core| {
            let view = core.open().unwrap().0.store.view();
            let all = view.recent(100).unwrap();
            let opened = all.iter().map(|told| told.entry.view().unwrap().payload);
            opened.filter(|payload| payload.what == "station.opened").find_map(|payload| {
                payload.public().remove("build").as_ref().and_then(Value::as_bytes).map(<[u8]>::to_vec)
            })
        });
        let program = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        assert_eq!(build.unwrap(), Sha256::digest(program).as_slice());
    }
}
