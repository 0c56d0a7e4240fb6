//! The key data that ChangeKey and ChangeKeyEV2 carry, before padding and encipherment.

use zeroize::Zeroizing;

use super::{NewKey, OldKey};
use crate::DesfireError;
use crate::crc::{crc16, crc32};

/// In which session a key is changed: each has its own checksums.
#[derive(Clone, Copy)]
pub(crate) enum KeyRules {
    D40,
    Ev1,
    Ev2,
}

/// A change of a key.
pub(crate) struct Change<'a> {
    /// Instruction and clear parameters: EV1's checksum covers them.
    pub(crate) command: &'a [u8],
    pub(crate) new: &'a NewKey,
    /// Needed for every key but the authenticated one: the card then wants the exclusive-or of both, so that it can
    /// tell that the host knew the old one.
    pub(crate) old: Option<&'a OldKey>,
}

pub(crate) fn key_data(rules: KeyRules, change: &Change<'_>) -> Result<Zeroizing<Vec<u8>>, DesfireError> {
    let new = change.new.bytes();
    let mut data = Zeroizing::new(Vec::with_capacity(48));
    data.extend_from_slice(&new);
    if let Some(old) = change.old {
        let old = old.bytes();
        if old.len() != new.len() {
            return Err(DesfireError::Invalid { what: "an old key of another length than the new one" });
        }
        for (byte, before) in data.iter_mut().zip(old.iter()) {
            *byte ^= before;
        }
    }
    // A DES key carries its version within.
    if let NewKey::Aes { version, .. } = change.new {
        data.push(version.0);
    }
    let (sum, of_new): (Vec<u8>, Vec<u8>) = match rules {
        KeyRules::D40 => (crc16(&[&data]).into(), crc16(&[&new]).into()),
        KeyRules::Ev1 => (crc32(&[change.command, &data]).into(), crc32(&[&new]).into()),
        // The MAC of EV2 covers the rest.
        KeyRules::Ev2 => (Vec::new(), crc32(&[&new]).into()),
    };
    data.extend_from_slice(&sum);
    if change.old.is_some() {
        data.extend_from_slice(&of_new);
    }
    Ok(data)
}
