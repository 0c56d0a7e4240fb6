//! The one place where random bytes come from: the operating system's generator.

use lanyard_model::Id;

/// Fills the slice.
///
/// Without random bytes there is no key, no salt and no id that could be trusted: the process ends rather than go on.
#[expect(clippy::panic, reason = "see above; getrandom(2) does not fail once the system is up")]
pub(crate) fn fill(bytes: &mut [u8]) {
    if let Err(error) = getrandom::fill(bytes) {
        panic!("the operating system gives no random bytes: {error}");
    }
}

/// So many random bytes.
pub(crate) fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    fill(&mut bytes);
    bytes
}

/// A new record id.
pub(crate) fn id() -> Id {
    Id::from_random(bytes())
}
