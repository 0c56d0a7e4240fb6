//! One of n shares of a backup's key, of which m together open it (Shamir, over GF(256)). On paper each says which set it
//! is of, which share, how many are needed and are there, and carries a checksum: a share that was mistyped is found
//! before it is put together with others.

use std::convert::Infallible;

use blahaj::Sharks;
use lanyard_secret::{Secret, SecretBytes};
use rand_core::{TryCryptoRng, TryRng};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::{Entropy, KeysError, typed};

const VERSION: u8 = 1;
const HEAD: usize = 10;
const CHECKED: usize = HEAD + 32;
const BYTES: usize = CHECKED + 3;
const CHARS: usize = BYTES * 8 / 5;

/// A share: version ‖ set (6) ‖ its number ‖ how many are needed ‖ how many there are ‖ 32 bytes ‖ checksum (3).
pub struct Share(Secret<BYTES>);

impl Share {
    /// Which set of shares it belongs to.
    #[must_use]
    pub fn set(&self) -> [u8; 6] {
        let mut set = [0; 6];
        set.copy_from_slice(&self.0.expose()[1..7]);
        set
    }

    /// Its number, from 1.
    #[must_use]
    pub fn number(&self) -> u8 {
        self.0.expose()[7]
    }

    /// How many are needed.
    #[must_use]
    pub fn threshold(&self) -> u8 {
        self.0.expose()[8]
    }

    /// How many there are.
    #[must_use]
    pub fn of(&self) -> u8 {
        self.0.expose()[9]
    }

    /// As printed: twelve groups of six. Shown once, never stored.
    #[must_use]
    pub fn printed(&self) -> SecretBytes {
        typed::printed(&typed::of_bytes(self.0.expose()))
    }

    /// From what someone typed.
    ///
    /// # Errors
    /// [`KeysError::ShareTypo`] if it is no share: length, characters or checksum.
    pub fn typed(text: &str) -> Result<Self, KeysError> {
        let digits = typed::digits(text, CHARS).ok_or(KeysError::ShareTypo)?;
        let share = Self(Secret::filled(|bytes| typed::to_bytes(&digits, bytes)));
        let bytes = share.0.expose();
        let sound = checksum(&bytes[..CHECKED]) == bytes[CHECKED..]
            && bytes[0] == VERSION
            && fit(share.threshold(), share.of())
            && (1..=share.of()).contains(&share.number());
        if sound { Ok(share) } else { Err(KeysError::ShareTypo) }
    }
}

/// Two at least, or one person has the keys; thirty at most, or nobody knows any more who has one.
pub(crate) fn fit(threshold: u8, of: u8) -> bool {
    (2..=of).contains(&threshold) && of <= 30
}

/// Cuts a key into shares.
///
/// # Errors
/// [`KeysError::ShareCount`].
pub(crate) fn cut(
    key: &Secret<32>,
    set: [u8; 6],
    threshold: u8,
    of: u8,
    entropy: &mut Entropy,
) -> Result<Vec<Share>, KeysError> {
    if !fit(threshold, of) {
        return Err(KeysError::ShareCount);
    }
    let dealt = Sharks(threshold).dealer_rng(key.expose(), &mut Drawn(entropy)).take(usize::from(of));
    Ok(dealt
        .map(|share| {
            Share(Secret::filled(|bytes| {
                bytes[0] = VERSION;
                bytes[1..7].copy_from_slice(&set);
                bytes[7..HEAD].copy_from_slice(&[share.x.0, threshold, of]);
                for (byte, y) in bytes[HEAD..CHECKED].iter_mut().zip(&share.y) {
                    *byte = y.0;
                }
                let sum = checksum(&bytes[..CHECKED]);
                bytes[CHECKED..].copy_from_slice(&sum);
            }))
        })
        .collect())
}

/// The key, out of enough shares of one set.
///
/// # Errors
/// [`KeysError::ShareForeign`] for shares of different sets, [`KeysError::ShareFew`].
pub(crate) fn together(shares: &[Share], set: [u8; 6], threshold: u8) -> Result<Secret<32>, KeysError> {
    let mut taken: Vec<&Share> = Vec::new();
    for share in shares {
        if share.set() != set || share.threshold() != threshold {
            return Err(KeysError::ShareForeign { number: share.number() });
        }
        if taken.iter().all(|other| other.number() != share.number()) {
            taken.push(share);
        }
    }
    if taken.len() < usize::from(threshold) {
        return Err(KeysError::ShareFew { there: taken.len(), needed: usize::from(threshold) });
    }
    let few = |_| KeysError::ShareFew { there: taken.len(), needed: usize::from(threshold) };
    let part = |share: &&Share| {
        let mut part = Zeroizing::new([share.number(); 33]);
        part[1..].copy_from_slice(&share.0.expose()[HEAD..CHECKED]);
        blahaj::Share::try_from(&part[..])
    };
    let parts = taken.iter().map(part).collect::<Result<Vec<_>, _>>().map_err(few)?;
    let key = Zeroizing::new(Sharks(threshold).recover(&parts).map_err(few)?);
    Secret::from_slice(&key).ok_or(KeysError::ShareTypo)
}

fn checksum(bytes: &[u8]) -> [u8; 3] {
    let sum = Sha256::new_with_prefix(b"lanyard/share/v1\0").chain_update(bytes).finalize();
    [sum[0], sum[1], sum[2]]
}

/// The caller's random bytes, as the crate that cuts wants them.
struct Drawn<'a, 'b>(&'a mut Entropy<'b>);

impl TryRng for Drawn<'_, '_> {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut bytes = Zeroizing::new([0; 4]);
        (self.0)(&mut *bytes);
        Ok(u32::from_le_bytes(*bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut bytes = Zeroizing::new([0; 8]);
        (self.0)(&mut *bytes);
        Ok(u64::from_le_bytes(*bytes))
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Infallible> {
        (self.0)(out);
        Ok(())
    }
}

impl TryCryptoRng for Drawn<'_, '_> {}

#[cfg(test)]
mod tests {
    use super::*;

    const SET: [u8; 6] = [9, 8, 7, 6, 5, 4];

    fn entropy() -> impl FnMut(&mut [u8]) {
        let mut state = 7u64;
        move |bytes| {
            for byte in bytes {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                *byte = (state >> 56) as u8;
            }
        }
    }

    fn key() -> Secret<32> {
        Secret::filled(|bytes| bytes.iter_mut().enumerate().for_each(|(i, byte)| *byte = i as u8 * 7))
    }

    fn text(share: &Share) -> String {
        String::from_utf8(share.printed().expose().to_vec()).unwrap()
    }

    fn typed(share: &Share) -> Share {
        Share::typed(&text(share)).unwrap()
    }

    #[test]
    fn any_three_of_five_typed_back_are_enough_and_no_two_are() {
        let shares = cut(&key(), SET, 3, 5, &mut entropy()).unwrap();
        for a in 0..5 {
            for b in 0..5 {
                let two = [typed(&shares[a]), typed(&shares[b])];
                assert!(matches!(together(&two, SET, 3), Err(KeysError::ShareFew { needed: 3, .. })));
                for c in 0..5 {
                    let three = [typed(&shares[a]), typed(&shares[b]), typed(&shares[c])];
                    match together(&three, SET, 3) {
                        Ok(found) => assert!(found.same(&key()) && a != b && b != c && a != c),
                        // The same share twice is one.
                        Err(error) => {
                            assert!(matches!(error, KeysError::ShareFew { .. }) && (a == b || b == c || a == c))
                        }
                    }
                }
            }
        }
        let all: Vec<Share> = shares.iter().map(typed).collect();
        assert!(together(&all, SET, 3).unwrap().same(&key()), "more than needed does no harm");
        // Two shares forged to claim that two are enough give another key, never the right one.
        assert!(matches!(together(&all[..3], SET, 2), Err(KeysError::ShareForeign { .. })));
    }

    #[test]
    fn every_wrong_character_and_every_swap_of_neighbours_is_called_a_typo() {
        let share = cut(&key(), SET, 2, 3, &mut entropy()).unwrap().remove(1);
        let printed: Vec<char> = text(&share).chars().collect();
        assert_eq!(printed.len(), 83, "twelve groups of six");
        for i in 0..printed.len() {
            for wrong in typed::ALPHABET.iter().map(|c| char::from(*c)) {
                let mut mistyped = printed.clone();
                if mistyped[i] == wrong || mistyped[i] == '-' {
                    continue;
                }
                mistyped[i] = wrong;
                let mistyped: String = mistyped.into_iter().collect();
                assert_eq!(Share::typed(&mistyped).err(), Some(KeysError::ShareTypo), "{i} {wrong}");
            }
            if i + 1 < printed.len() && printed[i] != printed[i + 1] && printed[i] != '-' && printed[i + 1] != '-' {
                let mut mistyped = printed.clone();
                mistyped.swap(i, i + 1);
                let mistyped: String = mistyped.into_iter().collect();
                assert_eq!(Share::typed(&mistyped).err(), Some(KeysError::ShareTypo), "{i}");
            }
        }
        assert_eq!((share.number(), share.threshold(), share.of(), share.set()), (2, 2, 3, SET));
    }

    #[test]
    fn a_share_of_another_set_is_named_and_one_share_is_never_enough() {
        let ours = cut(&key(), SET, 2, 3, &mut entropy()).unwrap();
        let theirs = cut(&key(), [1; 6], 2, 3, &mut entropy()).unwrap();
        let mixed = [typed(&ours[0]), typed(&theirs[2])];
        assert_eq!(together(&mixed, SET, 2).err(), Some(KeysError::ShareForeign { number: 3 }));
        for (threshold, of) in [(1, 3), (0, 0), (4, 3), (2, 31), (1, 1)] {
            assert_eq!(cut(&key(), SET, threshold, of, &mut entropy()).err(), Some(KeysError::ShareCount));
        }
    }
}
