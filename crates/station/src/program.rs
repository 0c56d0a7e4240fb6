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
mod tests {
    use sha2::{Digest, Sha256};

    #[test]
    fn the_build_in_the_history_is_the_hash_of_the_program_that_runs() {
        let program = std::env::current_exe().and_then(std::fs::read).ok();
        let hash: Option<[u8; 32]> = program.map(|bytes| Sha256::digest(bytes).into());
        assert_eq!(Some(super::sha256()), hash);
    }
}
