//! What the station knows of contactless cards: where their keys come from, what values go on.

use std::sync::Arc;

use lanyard_desfire::Link;
use lanyard_encoding::{CARD_RECORD, CARD_RECORD_LEN, EncodingError, KeySource, Plan, Values};
use lanyard_keys::{CardRecord, DiversificationInput, KeyRef, KeysError, Vault};
use lanyard_model::{Id, UnixMs};
use lanyard_secret::Secret;

use crate::StationError;
use crate::shared::Shared;

/// The range that card numbers come from.
pub(crate) const CARD_NUMBERS: &str = "card";
/// Facility code in 26-bit numbers (H10301: 8 bits), until the house says which is its own.
pub(crate) const FACILITY: u8 = 114;
/// The last card number that 26 bits have a place for (H10301: 16 bits). One more would open the doors of an older card.
const NUMBER_MOST: i64 = 0xFFFF;
/// How long a badge is valid.
const VALID_DAYS: i64 = 5 * 365;
pub(crate) const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// What PC/SC readers carry: they cut frames themselves, and an EV2 takes whole files in one command.
pub(crate) fn link() -> Link {
    Link::wrapped(64).with_long_commands()
}

/// `C-0048821`.
pub(crate) fn number_text(number: u64) -> String {
    format!("C-{number:07}")
}

fn number_of(text: &str) -> i64 {
    text.trim_start_matches(|c: char| !c.is_ascii_digit()).parse().unwrap_or_default()
}

/// Facility and card number as a 26-bit reader shows them.
pub(crate) fn wiegand26(facility: u8, number: &str) -> Result<(i64, i64), StationError> {
    match number_of(number) {
        short @ 0..=NUMBER_MOST => Ok((i64::from(facility), short)),
        _ => Err(StationError::NumberLong { number: number.to_owned(), most: NUMBER_MOST }),
    }
}

/// Last day of validity of a badge made now.
pub(crate) fn valid_until(now: UnixMs) -> UnixMs {
    UnixMs(now.0 + VALID_DAYS * DAY_MS)
}

/// What goes onto the card, valid from one day after 1970-01-01 until another; for one that is not there yet, its record is empty.
pub(crate) fn values(
    facility: u8,
    card: Option<(&Vault, Id, &[u8])>,
    number: &str,
    valid: [i64; 2],
) -> Result<Values, StationError> {
    let [from, until] = valid.map(|day| u32::try_from(day).unwrap_or_default());
    let record = match card {
        Some((vault, card, uid)) => vault.sign_card_record(&CardRecord::new(card, uid, from, until)).to_vec(),
        None => vec![0; CARD_RECORD_LEN as usize],
    };
    let (facility, short) = wiegand26(facility, number)?;
    Ok(Values::new()
        .with("card.facility", facility)
        .with("card.number", short)
        .with("card.long_number", number_of(number))
        .with("card.valid_from", i64::from(from))
        .with("card.valid_until", i64::from(until))
        .with(CARD_RECORD, record))
}

/// The vault as an encoding needs it; closed while the station is locked.
pub(crate) struct StationKeys(pub Arc<Shared>);

impl StationKeys {
    fn with<T>(&self, ask: impl FnOnce(&VaultKeys<'_>) -> Result<T, EncodingError>) -> Result<T, EncodingError> {
        let now = self.0.now();
        self.0.quietly(|core| match &core.session {
            Some(session) => ask(&VaultKeys { vault: &session.vault, now }),
            None => Err(EncodingError::VaultLocked),
        })
    }
}

/// As [`StationKeys`], for who holds the state already.
pub(crate) struct VaultKeys<'a> {
    pub vault: &'a Vault,
    pub now: UnixMs,
}

impl KeySource for VaultKeys<'_> {
    fn latest(&self, name: &str) -> Result<u8, EncodingError> {
        let missing = || EncodingError::KeyMissing { key: name.to_owned() };
        self.vault.newest(name).map(|key| key.version).ok_or_else(missing)
    }

    fn backup_proved(&self, name: &str, version: u8) -> Result<bool, EncodingError> {
        match self.vault.require_proved(&reference(name, version)?, self.now) {
            Ok(()) => Ok(true),
            Err(KeysError::BackupNotProved { .. } | KeysError::BackupOverdue { .. }) => Ok(false),
            Err(_) => Err(version_missing(name, version)),
        }
    }

    fn key(&self, name: &str, version: u8, input: Option<&[u8]>) -> Result<Secret<16>, EncodingError> {
        let of = reference(name, version)?;
        let key = match input {
            Some(input) => DiversificationInput::new(input).and_then(|input| self.vault.diversify(&of, &input)),
            None => self.vault.undiversified(&of),
        };
        key.map_err(|error| match error {
            KeysError::KeyMissing { .. } => version_missing(name, version),
            _ => EncodingError::KeyAway { key: name.to_owned(), version },
        })
    }
}

impl KeySource for StationKeys {
    fn latest(&self, name: &str) -> Result<u8, EncodingError> {
        self.with(|keys| keys.latest(name))
    }

    fn backup_proved(&self, name: &str, version: u8) -> Result<bool, EncodingError> {
        self.with(|keys| keys.backup_proved(name, version))
    }

    fn key(&self, name: &str, version: u8, input: Option<&[u8]>) -> Result<Secret<16>, EncodingError> {
        self.with(|keys| keys.key(name, version, input))
    }
}

fn reference(name: &str, version: u8) -> Result<KeyRef, EncodingError> {
    KeyRef::new(name, version).map_err(|_| EncodingError::KeyMissing { key: name.to_owned() })
}

fn version_missing(name: &str, version: u8) -> EncodingError {
    EncodingError::KeyVersionMissing { key: name.to_owned(), version }
}

/// Whether every key that a plan puts on a card can be had: known before the card is touched, and before it is written
/// down as begun.
pub(crate) fn ready(vault: &Vault, plan: &Plan) -> Result<(), StationError> {
    for key in plan.keys() {
        let input = key.input.as_deref().map(DiversificationInput::new).transpose()?;
        vault.ready(&KeyRef::new(&key.name, key.version)?, input.as_ref())?;
    }
    Ok(())
}

/// The keys that a plan puts on a card, each once, by name and version.
pub(crate) fn keys_of(plan: &Plan) -> Vec<lanyard_issue::KeyOnCard> {
    let mut keys = Vec::new();
    for key in plan.keys() {
        let key = lanyard_issue::KeyOnCard { name: key.name.clone(), version: key.version };
        if !keys.contains(&key) {
            keys.push(key);
        }
    }
    keys
}

#[cfg(test)]
mod tests {
    use super::wiegand26;
    use lanyard_fault::Coded;

    #[test]
    fn no_two_card_numbers_are_the_same_for_a_26_bit_reader() {
        let shown = |number: &str| wiegand26(114, number).map_err(|error| error.code());
        assert_eq!(shown("C-0000001"), Ok((114, 1)));
        assert_eq!(shown("C-0065535"), Ok((114, 65_535)));
        // The first that would have wrapped round to a card that somebody has.
        assert_eq!(shown("C-0065536"), Err("card.number.long"));
        assert_eq!(shown("C-0065537"), Err("card.number.long"));
    }
}
