//! The keys of a rehearsal: constants that anyone can compute, so that nobody takes them for secrets. Each is the head
//! of SHA-256 of `lanyard rehearsal test key, not a secret: ` and its label.

use lanyard_secret::Secret;
use sha2::{Digest, Sha256};

/// The test key of this label.
pub(crate) fn test_key<const N: usize>(label: &str) -> Secret<N> {
    let digest = Sha256::new_with_prefix(b"lanyard rehearsal test key, not a secret: ")
        .chain_update(label.as_bytes())
        .finalize();
    Secret::filled(|key| key.copy_from_slice(&digest[..N]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_test_keys_stay_what_they_were_published_as() {
        // A card encoded in rehearsal last year must still open with this year's program.
        let key: Secret<16> = test_key("desfire.master/1");
        assert_eq!(hex::encode(key.expose()), "3ac487bedd9113af8299f436ebbbf31c");
    }
}
