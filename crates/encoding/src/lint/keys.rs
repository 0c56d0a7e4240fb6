//! Rules about keys: whether each is a card's own, opens something, and is nobody else's.

use std::collections::BTreeSet;

use lanyard_desfire::{Access, Aid, ChangeKeyRight, KeyNo};

use super::Found;
use super::rule::Rule;
use crate::description::{Application, InputPart, KeySpec};

/// Any UID: two keys that are the same for one are the same for all.
const UID: [u8; 7] = [4, 1, 2, 3, 4, 5, 6];

pub(super) fn rules(found: &mut Found<'_>) {
    let card = &found.encoding.card;
    let on_card = [("master_key", Some(&card.master)), ("default_key", card.default.as_ref())];
    for (what, spec) in on_card {
        let Some(spec) = spec else { continue };
        let at = format!("card, {what}");
        if spec.input.is_empty() {
            found.about(Rule::MasterSame, &at, format!("key {}", spec.name), [("key", spec.name.clone())]);
        }
        input(found, &at, spec);
    }
    let mut seen: Vec<(String, String, KeyOf)> = vec![(
        "card, master_key".to_owned(),
        "the card's master key".to_owned(),
        key_of(&card.master, Aid::PICC, KeyNo::MASTER),
    )];
    for application in &found.encoding.applications {
        settings(found, application);
        let used = used(application);
        for key in &application.keys {
            let at = format!("application {:06X}, key {}", application.aid.number(), key.number.get());
            let role = format!("role {}", key.role);
            if key.number != KeyNo::MASTER && !used.contains(&key.number.get()) {
                found.about(Rule::KeyUnused, &at, role.clone(), [("role", key.role.clone())]);
            }
            if key.spec.input.is_empty() {
                let rule = if key.number == KeyNo::MASTER { Rule::MasterSame } else { Rule::KeyUndiversified };
                found.about(rule, &at, role.clone(), [("key", key.spec.name.clone())]);
            }
            input(found, &at, &key.spec);
            let own = key_of(&key.spec, application.aid, key.number);
            if key.spec.name == found.encoding.card.master.name {
                found.about(Rule::MasterShared, &at, format!("key {}", key.spec.name), [("role", key.role.clone())]);
            } else if let Some((other, ..)) = seen.iter().find(|(.., seen)| *seen == own) {
                let details = [("role", key.role.clone()), ("other", other.clone())];
                found.about(Rule::KeySame, &at, format!("the same as of {other}"), details);
            }
            seen.push((at, role, own));
        }
        for file in &application.files {
            let Some(spec) = file.kind.key() else { continue };
            let at = format!("application {:06X}, file {}, key", application.aid.number(), file.number.get());
            let role = format!("key {}", spec.name);
            if spec.input.is_empty() {
                found.about(Rule::KeyUndiversified, &at, role.clone(), [("key", spec.name.clone())]);
            }
            input(found, &at, spec);
            let own = key_of(spec, application.aid, KeyNo::MASTER);
            if let Some((other, ..)) = seen.iter().find(|(.., seen)| *seen == own) {
                let details = [("role", "transaction_mac".to_owned()), ("other", other.clone())];
                found.about(Rule::KeySame, &at, format!("the same as of {other}"), details);
            }
            seen.push((at, role, own));
        }
    }
}

type KeyOf = (String, Option<Vec<u8>>);

fn key_of(spec: &KeySpec, aid: Aid, number: KeyNo) -> KeyOf {
    (spec.name.clone(), spec.input(&UID, aid, number))
}

fn input(found: &mut Found<'_>, at: &str, spec: &KeySpec) {
    let Some(first) = spec.input.first() else { return };
    if !spec.input.iter().any(|part| matches!(part, InputPart::System(_))) {
        found.about(Rule::NoSystem, at, format!("key {}", spec.name), [("key", spec.name.clone())]);
    }
    if *first != InputPart::Uid {
        found.about(Rule::NoUid, at, format!("key {}", spec.name), [("key", spec.name.clone())]);
    }
}

fn settings(found: &mut Found<'_>, application: &Application) {
    let at = format!("application {:06X}, settings", application.aid.number());
    let settings = &application.settings;
    if settings.change_key == ChangeKeyRight::SameKey && application.keys.len() > 1 {
        found.add(Rule::ChangeSame, &at, "change_keys = \"same\"");
    }
    if settings.create_free {
        found.add(Rule::CreateFree, &at, "create_free = true");
    }
    if settings.list_free {
        found.add(Rule::ListFree, &at, "list_free = true");
    }
    if !settings.settings_changeable {
        found.add(Rule::SettingsFrozen, &at, "settings_changeable = false");
    }
}

/// Numbers of the keys that some file names.
fn used(application: &Application) -> BTreeSet<u8> {
    let rights = application.files.iter().map(|file| file.rights);
    rights
        .flat_map(|rights| [rights.read, rights.write, rights.read_write, rights.change])
        .filter_map(|right| if let Access::Key(key) = right { Some(key.get()) } else { None })
        .collect()
}
