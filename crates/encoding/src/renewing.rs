//! Plans for cards that are out already: newer versions of their keys, and back to a blank for the next holder.
//!
//! Which versions a card has is told by the history. Nothing on the card is read to find out, so that an emulator learns
//! nothing; the card proves the old master key before the first change.

use lanyard_desfire::{Aid, KeyNo, Link};

use crate::EncodingError;
use crate::comparison::diff;
use crate::description::{Encoding, KeySpec};
use crate::keys::{HeldKey, KeySource, KeyUse};
use crate::plan::{AS_DELIVERED, HeldAt, MasterKey, Plan, Purpose};
use crate::planning::{Versions, changed_by, empty, key_use, oldest, read_back, transaction_mac};
use crate::step::Step;

/// Changes the keys of a finished card, from the versions that it has to others (the newest of the vault where `to_version`
/// says `None`), or from the keys of one encoding to those of another that differs in nothing else. Keys that stay are
/// left alone; files and values too. Ends by reading with the new reader's keys.
///
/// # Errors
/// [`EncodingError::NotKeysAlone`] where more than keys would change; [`EncodingError::VersionUnknown`] where the history
/// does not tell a key's version; what is wrong with a key.
pub fn rekey(
    (from, to): (&Encoding, &Encoding),
    uid: [u8; 7],
    from_version: Versions<'_>,
    to_version: Versions<'_>,
    keys: &dyn KeySource,
    link: Link,
) -> Result<Plan, EncodingError> {
    if let Some(other) =
        diff(from, to).changes.into_iter().find(|change| !change.is_of_a_key() && change.is_on_the_card())
    {
        return Err(EncodingError::NotKeysAlone { at: other.at });
    }
    let new = |spec: &KeySpec, aid: Aid, number: KeyNo| -> Result<KeyUse, EncodingError> {
        let version = to_version(&spec.name).map_or_else(|| keys.latest(&spec.name), Ok)?;
        if !keys.backup_proved(&spec.name, version)? {
            return Err(EncodingError::KeyUnproved { key: spec.name.clone(), version });
        }
        Ok(key_use(spec, version, uid, aid, number))
    };
    let change =
        |old: &KeySpec, spec: &KeySpec, aid: Aid, number: KeyNo| -> Result<(HeldKey, HeldKey), EncodingError> {
            let old = present(old, aid, number, uid, from_version)?;
            Ok((HeldKey::Aes(old), HeldKey::Aes(new(spec, aid, number)?)))
        };
    let (before, after) = change(&from.card.master, &to.card.master, Aid::PICC, KeyNo::MASTER)?;
    let master = MasterKey { before, after };
    let mut steps = Vec::new();
    if let (Some(old), Some(default)) = (&from.card.default, &to.card.default) {
        let (before, key) = change(old, default, Aid::PICC, KeyNo::MASTER)?;
        if before != key {
            steps.push(Step::DefaultKey { key, before: Some(before) });
        }
    }
    if master.before != master.after {
        steps.push(Step::MasterKey);
    }
    let mut held = Vec::new();
    let mut reads = Vec::new();
    for application in &to.applications {
        let aid = application.aid;
        let of_old = from.applications.iter().find(|old| old.aid == aid).map_or(&[][..], |old| &old.keys);
        // The master key last: until then one session changes them all.
        let pairs: Vec<_> = of_old.iter().zip(&application.keys).collect();
        let (first, others) = pairs.split_at(pairs.len().min(1));
        for (old, key) in others.iter().chain(first) {
            let (old, new) = change(&old.spec, &key.spec, aid, key.number)?;
            let [old, new] = [old, new].map(|held| held.with(application.cipher));
            if old == new {
                held.push(HeldAt { aid, number: key.number, key: new });
            } else {
                steps.push(Step::Key { aid, number: key.number, by: changed_by(application, key), old, new });
            }
        }
        let key_of = |spec: &KeySpec, number: KeyNo| new(spec, aid, number);
        // No command changes the key of a transaction MAC: the file is made anew, and its counter with it.
        let at = steps.len() - steps.iter().rev().take_while(|step| is_master_of(step, aid)).count();
        let mut macs = Vec::new();
        for file in &application.files {
            reads.extend(read_back(application, file, None, &key_of)?);
            let of_old = from.applications.iter().find(|old| old.aid == aid).map_or(&[][..], |old| &old.files);
            let old = of_old.iter().find(|old| old.number == file.number).and_then(|old| old.kind.key());
            if let (Some(old), Some(spec)) = (old, file.kind.key()) {
                let (before, after) = change(old, spec, aid, KeyNo::MASTER)?;
                if before != after {
                    macs.push(Step::RemoveFile { aid, file: file.number });
                    macs.extend(transaction_mac(aid, file, Some(before), &key_of)?);
                }
            }
        }
        steps.splice(at..at, macs);
    }
    held.retain(|at: &HeldAt| steps.iter().any(|step| step.aid() == Some(at.aid)));
    steps.append(&mut reads);
    let mut plan = empty(Purpose::Rekey, &to.id, uid, oldest(to), master);
    plan.held = held;
    Ok(plan.priced(steps, link))
}

/// Makes a finished card the blank that it was: everything removed, the office's transport key or the factory key in
/// place of the master key, which never leaves the vault for it. The card may then be given to a stranger.
///
/// What cannot be taken back stays: a random UID, a format switched off; and with the older messaging switched off the
/// blank's key is AES, all zero.
///
/// # Errors
/// As [`rekey`].
pub fn reuse(
    encoding: &Encoding,
    uid: [u8; 7],
    from: Versions<'_>,
    keys: &dyn KeySource,
    link: Link,
) -> Result<Plan, EncodingError> {
    let rules = &encoding.card;
    let before = HeldKey::Aes(present(&rules.master, Aid::PICC, KeyNo::MASTER, uid, from)?);
    let after = match &rules.transport {
        // Only the older messaging makes a DES key of an AES key.
        _ if rules.only_ev2 => HeldKey::FactoryAes,
        Some(spec) => {
            let version = keys.latest(&spec.name)?;
            HeldKey::TransportDes(key_use(spec, version, uid, Aid::PICC, KeyNo::MASTER))
        }
        None => HeldKey::FactoryDes,
    };
    let mut steps = Vec::new();
    if rules.format_off {
        steps.extend(encoding.applications.iter().map(|application| Step::Remove { aid: application.aid }));
    } else {
        steps.push(Step::Format);
    }
    if rules.default.is_some() {
        steps.push(Step::DefaultKey { key: HeldKey::FactoryAes, before: None });
    }
    if rules.settings.is_some_and(|settings| settings.settings_changeable) {
        steps.push(Step::CardSettings { settings: AS_DELIVERED });
    }
    steps.push(Step::MasterKey);
    let master = MasterKey { before, after };
    Ok(empty(Purpose::Reuse, &encoding.id, uid, oldest(encoding), master).priced(steps, link))
}

/// The change of an application's master key, which comes last.
fn is_master_of(step: &Step, aid: Aid) -> bool {
    matches!(step, Step::Key { aid: of, number: KeyNo::MASTER, .. } if *of == aid)
}

fn present(spec: &KeySpec, aid: Aid, number: KeyNo, uid: [u8; 7], from: Versions<'_>) -> Result<KeyUse, EncodingError> {
    let version = from(&spec.name).ok_or_else(|| EncodingError::VersionUnknown { key: spec.name.clone() })?;
    Ok(key_use(spec, version, uid, aid, number))
}
