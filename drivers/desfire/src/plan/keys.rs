//! Changes of keys and of key sets.

use super::{After, Circumstances, Plan, Want};
use crate::call::Guard;
use crate::keys::{Change, KeyRules, NewKey, OldKey, key_data};
use crate::session::Session;
use crate::{Aid, DesfireError, KeyNo, KeyType};

/// The number of a key set, 0 to 15.
pub(super) fn set(number: u8, least: u8) -> Result<u8, DesfireError> {
    if (least..16).contains(&number) { Ok(number) } else { Err(DesfireError::Invalid { what: "key set" }) }
}

/// ChangeKey, or ChangeKeyEV2 of a key set.
pub(super) fn change(
    op: &'static str,
    now: &Circumstances<'_>,
    set: Option<u8>,
    key_no: KeyNo,
    new: &NewKey,
    old: Option<&OldKey>,
) -> Result<Plan, DesfireError> {
    let rules = now.session.key_rules().ok_or(DesfireError::SessionMissing { op })?;
    let on_card_level = now.selected == Some(Aid::PICC);
    if key_no != KeyNo::MASTER && key_no.in_application() == on_card_level {
        return Err(DesfireError::Invalid { what: "key number on this level" });
    }
    if set.is_some() && !matches!(rules, KeyRules::Ev2) {
        return Err(DesfireError::SessionMissing { op });
    }
    let other_set = set.is_some_and(|set| set > 0);
    if matches!(rules, KeyRules::Ev2) && new.key_type() != KeyType::Aes && !other_set {
        // What proves an EV2 session is AES, and so are all keys beside it; the card's master key leaves AES in an EV1
        // session only.
        return Err(DesfireError::Invalid { what: "a DES key in an EV2 session" });
    }
    let own = !other_set && now.session.key_no() == Some(key_no);
    let old = match (own, old) {
        (true, _) => None,
        (false, Some(old)) => Some(old),
        (false, None) => return Err(DesfireError::Invalid { what: "another key's change without its old value" }),
    };
    let master = on_card_level && key_no == KeyNo::MASTER;
    let byte = key_no.get() | if master { new.key_type().bits() } else { 0 };
    let (ins, header) = match set {
        None => (0xC4, vec![byte]),
        Some(set) => (0xC6, vec![set, byte]),
    };
    let command = [&[ins], &header[..]].concat();
    let data = key_data(rules, &Change { command: &command, new, old })?;
    let after = if own { After::Ends } else { After::Keep };
    Ok(Plan { after, ..Plan::new(op, ins, header, Guard::Key { own }, Want::Nothing) }.with_data(data))
}

/// A command of key sets. D40 messaging knows none.
pub(super) fn of_set(
    op: &'static str,
    now: &Circumstances<'_>,
    ins: u8,
    header: Vec<u8>,
    rolls: bool,
) -> Result<Plan, DesfireError> {
    if !matches!(now.session, Session::Ev1(_) | Session::Ev2(_)) {
        return Err(DesfireError::SessionMissing { op });
    }
    let after = if rolls { After::Ends } else { After::Keep };
    Ok(Plan { after, ..Plan::new(op, ins, header, Guard::KeySet { rolls }, Want::Nothing) })
}
