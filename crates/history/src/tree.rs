//! The Merkle tree of RFC 6962 §2.1 over SHA-256, whose leaf data is the hash of an entry (history-format.md §4).
//!
//! A log appends through a [`Frontier`], which keeps one hash per set bit of the size; proofs are made from all leaves.

use sha2::{Digest, Sha256};

use crate::{Error, Hash};

/// Hash of a leaf: SHA-256( 00 ‖ entry hash ).
#[must_use]
pub fn leaf_hash(entry: &Hash) -> Hash {
    Sha256::new().chain_update([0]).chain_update(entry).finalize().into()
}

/// Hash of an inner node: SHA-256( 01 ‖ left ‖ right ).
#[must_use]
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    Sha256::new().chain_update([1]).chain_update(left).chain_update(right).finalize().into()
}

/// Root of the tree without leaves: SHA-256 of nothing.
#[must_use]
pub fn empty_root() -> Hash {
    Sha256::digest([]).into()
}

/// A growing tree: enough of it to append and to tell the root, O(log n) each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    /// Roots of the full subtrees, largest first: one per set bit of the size.
    peaks: Vec<Hash>,
}

impl Frontier {
    /// The empty tree.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// From what [`Frontier::peaks`] gave; `None` if the number of peaks does not fit the size.
    #[must_use]
    pub fn from_parts(size: u64, peaks: Vec<Hash>) -> Option<Self> {
        (peaks.len() == size.count_ones() as usize).then_some(Self { size, peaks })
    }

    /// Number of leaves.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Roots of the full subtrees, largest first.
    #[must_use]
    pub fn peaks(&self) -> &[Hash] {
        &self.peaks
    }

    /// Appends an entry.
    pub fn push(&mut self, entry: &Hash) {
        let mut node = leaf_hash(entry);
        // As many full subtrees end here as the old size has trailing ones.
        for _ in 0..self.size.trailing_ones() {
            if let Some(left) = self.peaks.pop() {
                node = node_hash(&left, &node);
            }
        }
        self.peaks.push(node);
        self.size += 1;
    }

    /// The root.
    #[must_use]
    pub fn root(&self) -> Hash {
        let mut peaks = self.peaks.iter().rev();
        match peaks.next() {
            Some(last) => peaks.fold(*last, |right, left| node_hash(left, &right)),
            None => empty_root(),
        }
    }
}

impl<'a> FromIterator<&'a Hash> for Frontier {
    fn from_iter<I: IntoIterator<Item = &'a Hash>>(entries: I) -> Self {
        let mut frontier = Self::new();
        entries.into_iter().for_each(|entry| frontier.push(entry));
        frontier
    }
}

/// The root over these entries.
#[must_use]
pub fn root(entries: &[Hash]) -> Hash {
    entries.iter().collect::<Frontier>().root()
}

/// The largest power of two below `n`, for n ≥ 2 (RFC 6962 §2.1: k < n ≤ 2k).
fn split(n: usize) -> usize {
    1 << (usize::BITS - 1 - (n - 1).leading_zeros())
}

/// Proof that the entry at `index` is among these (RFC 6962 §2.1.1), leaf's sibling first. `None` beyond the end.
#[must_use]
pub fn inclusion_proof(entries: &[Hash], index: usize) -> Option<Vec<Hash>> {
    if index >= entries.len() {
        return None;
    }
    let mut path = Vec::new();
    let (mut rest, mut index) = (entries, index);
    while rest.len() > 1 {
        let (left, right) = rest.split_at(split(rest.len()));
        if index < left.len() {
            path.push(root(right));
            rest = left;
        } else {
            path.push(root(left));
            index -= left.len();
            rest = right;
        }
    }
    path.reverse();
    Some(path)
}

/// Whether the entry is at `index` of the tree with this size and root (RFC 9162 §2.1.3.2).
///
/// # Errors
/// [`Error::ProofFails`].
pub fn verify_inclusion(entry: &Hash, index: u64, size: u64, proof: &[Hash], expected: &Hash) -> Result<(), Error> {
    if index >= size {
        return Err(Error::ProofFails);
    }
    let (mut fnode, mut snode, mut node) = (index, size - 1, leaf_hash(entry));
    for step in proof {
        if snode == 0 {
            return Err(Error::ProofFails);
        }
        if fnode & 1 == 1 || fnode == snode {
            node = node_hash(step, &node);
            while fnode & 1 == 0 && fnode != 0 {
                fnode >>= 1;
                snode >>= 1;
            }
        } else {
            node = node_hash(&node, step);
        }
        fnode >>= 1;
        snode >>= 1;
    }
    if snode == 0 && node == *expected { Ok(()) } else { Err(Error::ProofFails) }
}

/// Proof that the tree over these entries extends the one over the first `old` of them (RFC 6962 §2.1.2). Empty for
/// `old` 0 and for equal sizes; `None` beyond the end.
#[must_use]
pub fn consistency_proof(entries: &[Hash], old: usize) -> Option<Vec<Hash>> {
    if old > entries.len() {
        return None;
    }
    let mut proof = Vec::new();
    let (mut rest, mut old, mut whole) = (entries, old, true);
    if old == 0 {
        return Some(proof);
    }
    while old < rest.len() {
        let (left, right) = rest.split_at(split(rest.len()));
        if old <= left.len() {
            proof.push(root(right));
            rest = left;
        } else {
            proof.push(root(left));
            old -= left.len();
            rest = right;
            whole = false;
        }
    }
    // The old tree itself is known to who asks, a part of it is not.
    if !whole {
        proof.push(root(rest));
    }
    proof.reverse();
    Some(proof)
}

/// Whether a tree of `new` leaves extends one of `old` (RFC 9162 §2.1.4.2). Every tree extends the empty one.
///
/// # Errors
/// [`Error::ProofFails`].
pub fn verify_consistency(old: u64, old_root: &Hash, new: u64, new_root: &Hash, proof: &[Hash]) -> Result<(), Error> {
    let fails = Err(Error::ProofFails);
    if old > new {
        return fails;
    }
    if old == 0 || old == new {
        let same = if old == 0 { *old_root == empty_root() } else { old_root == new_root };
        return if same && proof.is_empty() { Ok(()) } else { fails };
    }
    let (mut fnode, mut snode) = (old - 1, new - 1);
    while fnode & 1 == 1 {
        fnode >>= 1;
        snode >>= 1;
    }
    let mut steps = proof.iter();
    // A power of two is a full subtree: its root is the first node, and not part of the proof.
    let first = if old.is_power_of_two() { Some(old_root) } else { steps.next() };
    let Some(first) = first else { return fails };
    let (mut from_old, mut from_new) = (*first, *first);
    for step in steps {
        if snode == 0 {
            return fails;
        }
        if fnode & 1 == 1 || fnode == snode {
            from_old = node_hash(step, &from_old);
            from_new = node_hash(step, &from_new);
            while fnode & 1 == 0 && fnode != 0 {
                fnode >>= 1;
                snode >>= 1;
            }
        } else {
            from_new = node_hash(&from_new, step);
        }
        fnode >>= 1;
        snode >>= 1;
    }
    if snode == 0 && from_old == *old_root && from_new == *new_root { Ok(()) } else { fails }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaves(count: usize) -> Vec<Hash> {
        (0..count).map(|i| Sha256::digest(i.to_be_bytes()).into()).collect()
    }

    /// RFC 6962 §2.1, word by word.
    fn by_the_definition(entries: &[Hash]) -> Hash {
        match entries {
            [] => empty_root(),
            [one] => leaf_hash(one),
            _ => {
                let mut k = 1;
                while k * 2 < entries.len() {
                    k *= 2;
                }
                node_hash(&by_the_definition(&entries[..k]), &by_the_definition(&entries[k..]))
            }
        }
    }

    #[test]
    fn the_frontier_tells_the_root_of_the_definition_at_every_size() {
        let all = leaves(70);
        for size in 0..=70 {
            assert_eq!(root(&all[..size]), by_the_definition(&all[..size]), "{size}");
        }
        assert_eq!(hex::encode(empty_root()), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    }

    #[test]
    fn a_frontier_is_taken_up_again_where_it_was_left() {
        let all = leaves(21);
        let mut kept: Frontier = all[..13].iter().collect();
        kept = Frontier::from_parts(kept.size(), kept.peaks().to_vec()).unwrap();
        all[13..].iter().for_each(|leaf| kept.push(leaf));
        assert_eq!(kept.root(), root(&all));
        assert!(Frontier::from_parts(3, vec![[0; 32]]).is_none());
    }

    #[test]
    fn every_inclusion_proof_holds_and_for_nothing_else() {
        let all = leaves(33);
        for size in 1..=33 {
            let expected = root(&all[..size]);
            for index in 0..size {
                let proof = inclusion_proof(&all[..size], index).unwrap();
                let verify = |entry, index: usize, proof: &[Hash]| {
                    verify_inclusion(entry, index as u64, size as u64, proof, &expected).is_ok()
                };
                assert!(verify(&all[index], index, &proof));
                assert!(!verify(&[9; 32], index, &proof));
                assert!(!verify(&all[index], index + 1, &proof) || size == 1 && index + 1 < size);
                let mut longer = proof.clone();
                longer.push([0; 32]);
                assert!(!verify(&all[index], index, &longer));
                if !proof.is_empty() {
                    assert!(!verify(&all[index], index, &proof[1..]));
                }
            }
            assert!(inclusion_proof(&all[..size], size).is_none());
        }
    }

    #[test]
    fn every_consistency_proof_holds_and_no_rewritten_tree_has_one() {
        let all = leaves(33);
        let mut rewritten = all.clone();
        rewritten[0] = [1; 32];
        for new in 0..=33 {
            for old in 0..=new {
                let proof = consistency_proof(&all[..new], old).unwrap();
                let (old_root, new_root) = (root(&all[..old]), root(&all[..new]));
                verify_consistency(old as u64, &old_root, new as u64, &new_root, &proof).unwrap();
                if old > 0 {
                    let other = root(&rewritten[..new]);
                    let forged = consistency_proof(&rewritten[..new], old).unwrap();
                    assert!(verify_consistency(old as u64, &old_root, new as u64, &other, &forged).is_err());
                }
            }
        }
        assert!(consistency_proof(&all, 34).is_none());
        assert!(verify_consistency(2, &root(&all[..2]), 1, &root(&all[..1]), &[]).is_err());
    }
}
