//! Key material in memory: wiped on drop, never printed, never copied by accident.
//!
//! Neither type has `Debug`, `Display`, `Clone` or a serializer on purpose: a secret that has to be shown or stored
//! goes through `crates/keys`, which says so in its name.

use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// `N` secret bytes. Heap-allocated, so that a move leaves no copy behind on the stack.
#[derive(ZeroizeOnDrop)]
pub struct Secret<const N: usize>(Box<[u8; N]>);

impl<const N: usize> Secret<N> {
    /// Takes the bytes and wipes the array they came in.
    #[must_use]
    pub fn take(bytes: &mut [u8; N]) -> Self {
        let held = Box::new(*bytes);
        bytes.zeroize();
        Self(held)
    }

    /// Filled in place by `fill`, so that no copy is left elsewhere.
    pub fn filled(fill: impl FnOnce(&mut [u8; N])) -> Self {
        let mut held = Box::new([0; N]);
        fill(&mut held);
        Self(held)
    }

    /// `None` if the length is not `N`.
    #[must_use]
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        (bytes.len() == N).then(|| Self::filled(|held| held.copy_from_slice(bytes)))
    }

    /// All bytes zero: the factory default of DESFire keys.
    #[must_use]
    pub fn zero() -> Self {
        Self(Box::new([0; N]))
    }

    /// The bytes, for one use. Do not keep a copy.
    #[must_use]
    pub fn expose(&self) -> &[u8; N] {
        &self.0
    }

    /// A second owner of the same bytes, said out loud.
    #[must_use]
    pub fn duplicate(&self) -> Self {
        Self(self.0.clone())
    }

    /// Equal, in constant time.
    #[must_use]
    pub fn same(&self, other: &Self) -> bool {
        self.0.ct_eq(&*other.0).into()
    }
}

/// Secret bytes of any length: a password, an opened vault, a PUK.
pub struct SecretBytes(Zeroizing<Vec<u8>>);

impl SecretBytes {
    /// Takes the bytes over. The vector must not have been grown on the way, or copies stay behind.
    #[must_use]
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// The bytes, for one use. Do not keep a copy.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    /// A second owner of the same bytes, said out loud.
    #[must_use]
    pub fn duplicate(&self) -> Self {
        Self(self.0.clone())
    }
}

/// Bytes of stack: several key schedules and the frames that make them. `tests/tests/memory.rs` looks
/// whether it is enough.
const WIPED: usize = 8192;

/// Does something with a key, then wipes the part of the stack that it used. A key schedule is built on the stack before it
/// is moved to where it is kept, and its first round key is the key: what owns a schedule wipes itself, not that.
#[inline(never)]
pub fn off_the_stack<T>(work: impl FnOnce() -> T) -> T {
    let done = deeper(work);
    wipe();
    done
}

/// In a frame of its own, below the one that stays.
#[inline(never)]
fn deeper<T>(work: impl FnOnce() -> T) -> T {
    work()
}

/// Where the frame of [`deeper`] and those below it were.
#[inline(never)]
fn wipe() {
    let mut area = [0_u8; WIPED];
    area.zeroize();
    std::hint::black_box(&area);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn taking_a_key_wipes_the_array_it_came_in() {
        let mut bytes = [7; 16];
        let secret = Secret::take(&mut bytes);
        assert_eq!(bytes, [0; 16]);
        assert_eq!(secret.expose(), &[7; 16]);
    }

    #[test]
    fn a_slice_of_another_length_is_no_key() {
        assert!(Secret::<16>::from_slice(&[0; 15]).is_none());
        assert!(Secret::<16>::from_slice(&[0; 16]).is_some_and(|key| key.same(&Secret::zero())));
    }
}
