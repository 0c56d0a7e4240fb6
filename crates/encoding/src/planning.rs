//! How a plan is made: from a description, values and what the card is, to steps in their order.

use lanyard_desfire::{Access, Aid, ChangeKeyRight, Family, FileKind, KeyNo, Link};

use crate::EncodingError;
use crate::assess::{Assessment, Present};
use crate::chips::ChipPlan;
use crate::description::{Application, ApplicationKey, Encoding, File, KeySpec};
use crate::keys::{HeldKey, KeySource, KeyUse};
use crate::plan::{Bytes, FieldPlan, Iso, MasterKey, Messaging, Plan, Purpose, Reader, Step};
use crate::values::Values;

/// Makes the plan for one card. Nothing is transmitted.
///
/// # Errors
/// What is wrong with the card ([`Assessment`]), with a value, or with a key.
pub fn plan(
    encoding: &Encoding,
    values: &Values,
    card: &Assessment,
    keys: &dyn KeySource,
    link: Link,
) -> Result<Plan, EncodingError> {
    let present = card.writable()?;
    plan_for(encoding, values, (card.uid, card.version.family, present), keys, link)
}

/// As [`plan`], for a card that need not be there.
pub(crate) fn plan_for(
    encoding: &Encoding,
    values: &Values,
    (uid, family, present): ([u8; 7], Family, Present),
    keys: &dyn KeySource,
    link: Link,
) -> Result<Plan, EncodingError> {
    let newest = |spec: &KeySpec, aid: Aid, number: KeyNo| -> Result<KeyUse, EncodingError> {
        let version = keys.latest(&spec.name)?;
        if !keys.backup_proved(&spec.name, version)? {
            return Err(EncodingError::KeyUnproved { key: spec.name.clone(), version });
        }
        Ok(key_use(spec, version, uid, aid, number))
    };
    let on_card = |spec: &KeySpec| newest(spec, Aid::PICC, KeyNo::MASTER);
    let rules = &encoding.card;
    let before = match (present, &rules.transport) {
        (Present::Ours { version }, _) => HeldKey::Aes(key_use(&rules.master, version, uid, Aid::PICC, KeyNo::MASTER)),
        (Present::Blank, Some(transport)) => HeldKey::TransportDes(on_card(transport)?),
        (Present::Blank, None) => HeldKey::FactoryDes,
        (Present::BlankAes, _) => HeldKey::FactoryAes,
    };
    let master = MasterKey { before, after: HeldKey::Aes(on_card(&rules.master)?) };
    let mut steps = Vec::new();
    if let Present::Ours { .. } = present {
        steps.push(Step::Format);
    }
    if master.before != master.after {
        steps.push(Step::MasterKey);
    }
    let default = match &rules.default {
        Some(spec) => HeldKey::Aes(on_card(spec)?),
        None => HeldKey::FactoryAes,
    };
    // A card of ours may have kept the default key of an earlier encoding.
    if rules.default.is_some() || matches!(present, Present::Ours { .. }) {
        steps.push(Step::DefaultKey { key: default.clone(), before: None });
    }
    if let Some(settings) = rules.settings {
        steps.push(Step::CardSettings { settings });
    }
    // All applications in the one session of the card's master key, then each in a session of its own.
    steps.extend(encoding.applications.iter().map(made));
    // Read back at the end, so that a run that resumes reads all of the card as well.
    let mut reads = Vec::new();
    for application in &encoding.applications {
        let new = |key: &ApplicationKey| newest(&key.spec, application.aid, key.number);
        write_application(application, values, &default, &new, (&mut steps, &mut reads))?;
    }
    if rules.random_uid {
        steps.push(Step::RandomUid);
    }
    if rules.format_off {
        steps.push(Step::FormatOff);
    }
    if rules.only_ev2 {
        steps.push(Step::OnlyEv2);
    }
    steps.append(&mut reads);
    let mut plan = empty(Purpose::Write, &encoding.id, uid, Messaging::of(family), master);
    let chips = encoding.chips.iter().map(|chip| ChipPlan::of(chip, values, &on_card));
    plan.chips = chips.collect::<Result<_, _>>()?;
    Ok(plan.priced(steps, link))
}

/// What every card has that this encoding goes onto.
pub(crate) fn oldest(encoding: &Encoding) -> Messaging {
    Messaging::of(encoding.card.family)
}

/// A plan without steps.
pub(crate) fn empty(purpose: Purpose, encoding: &str, uid: [u8; 7], messaging: Messaging, master: MasterKey) -> Plan {
    let encoding = encoding.to_owned();
    Plan {
        lanyard_plan: 1,
        purpose,
        encoding,
        uid,
        messaging,
        master,
        held: Vec::new(),
        steps: Vec::new(),
        chips: Vec::new(),
    }
}

/// A plan that only reads what an encoding holds, with the keys of these versions (the newest where `None`).
///
/// # Errors
/// What is wrong with a key.
pub fn reading(
    encoding: &Encoding,
    uid: [u8; 7],
    version: &dyn Fn(&str) -> Option<u8>,
    keys: &dyn KeySource,
    link: Link,
) -> Result<Plan, EncodingError> {
    reads(encoding, None, (uid, version), keys, link)
}

/// As [`reading`], and compares: for a finished card, long after its plan is gone.
///
/// # Errors
/// What is wrong with a key or a value.
pub fn checking(
    encoding: &Encoding,
    values: &Values,
    uid: [u8; 7],
    version: Versions<'_>,
    keys: &dyn KeySource,
    link: Link,
) -> Result<Plan, EncodingError> {
    reads(encoding, Some(values), (uid, version), keys, link)
}

fn reads(
    encoding: &Encoding,
    values: Option<&Values>,
    (uid, version): ([u8; 7], Versions<'_>),
    keys: &dyn KeySource,
    link: Link,
) -> Result<Plan, EncodingError> {
    let of = |spec: &KeySpec, aid: Aid, number: KeyNo| -> Result<KeyUse, EncodingError> {
        let version = version(&spec.name).map_or_else(|| keys.latest(&spec.name), Ok)?;
        Ok(key_use(spec, version, uid, aid, number))
    };
    let master = HeldKey::Aes(of(&encoding.card.master, Aid::PICC, KeyNo::MASTER)?);
    let mut steps = Vec::new();
    for application in &encoding.applications {
        for file in &application.files {
            let key = |key: &ApplicationKey| of(&key.spec, application.aid, key.number);
            let expect = values.map(|values| file.content(values)).transpose()?;
            steps.push(read_back(application, file, expect, &key)?);
        }
    }
    let master = MasterKey { before: master.clone(), after: master };
    Ok(empty(Purpose::Read, &encoding.id, uid, oldest(encoding), master).priced(steps, link))
}

/// Versions of keys by name.
pub(crate) type Versions<'a> = &'a dyn Fn(&str) -> Option<u8>;

pub(crate) type NewKeyOf<'a> = &'a dyn Fn(&ApplicationKey) -> Result<KeyUse, EncodingError>;

fn made(application: &Application) -> Step {
    let iso = application.iso.as_ref().map(|iso| Iso { file_id: iso.file_id, name: iso.name.clone() });
    // 14 at most: checked when the description was read.
    let keys = application.keys.len() as u8;
    Step::Application { aid: application.aid, settings: application.settings, keys, iso }
}

/// The keys but the master key, then files and data, then the master key: until then one session does it all.
fn write_application(
    application: &Application,
    values: &Values,
    default: &HeldKey,
    new: NewKeyOf<'_>,
    (steps, reads): (&mut Vec<Step>, &mut Vec<Step>),
) -> Result<(), EncodingError> {
    let aid = application.aid;
    let (master, others): (Vec<_>, Vec<_>) = application.keys.iter().partition(|key| key.number == KeyNo::MASTER);
    let change = |key: &ApplicationKey| -> Result<Step, EncodingError> {
        let by = changed_by(application, key);
        Ok(Step::Key { aid, number: key.number, by, old: default.clone(), new: HeldKey::Aes(new(key)?) })
    };
    for key in others {
        steps.push(change(key)?);
    }
    for file in &application.files {
        let File { number, iso_file_id, size, mode, rights, .. } = *file;
        let backup = file.kind == FileKind::Backup;
        steps.push(Step::File { aid, file: number, iso_file_id, size, backup, mode, rights });
    }
    for file in &application.files {
        let content = file.content(values)?;
        // A new file holds zeros; what ends in zeros need not be written to its end.
        let written = content.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
        if written > 0 {
            let by = first_key([file.rights.write, file.rights.read_write]).unwrap_or(KeyNo::MASTER);
            let data = Bytes(content[..written].to_vec());
            let commit = file.kind == FileKind::Backup;
            steps.push(Step::Write { aid, file: file.number, by, mode: file.mode, data, commit });
        }
        reads.push(read_back(application, file, Some(content), new)?);
    }
    for key in master {
        steps.push(change(key)?);
    }
    Ok(())
}

/// With which key's proof a key is changed.
pub(crate) fn changed_by(application: &Application, key: &ApplicationKey) -> KeyNo {
    match application.settings.change_key {
        ChangeKeyRight::SameKey => key.number,
        ChangeKeyRight::Key(_) | ChangeKeyRight::Frozen => KeyNo::MASTER,
    }
}

pub(crate) fn read_back(
    application: &Application,
    file: &File,
    expect: Option<Vec<u8>>,
    key_of: NewKeyOf<'_>,
) -> Result<Step, EncodingError> {
    let by = match file.rights.read {
        Access::Free => None,
        right => first_key([right, file.rights.read_write]),
    };
    let by = match by.and_then(|number| application.keys.get(usize::from(number.get()))) {
        Some(key) => Some(Reader { number: key.number, key: HeldKey::Aes(key_of(key)?) }),
        None => None,
    };
    let fields = file.fields.iter().map(|field| FieldPlan {
        name: field.name.clone(),
        offset: field.offset,
        length: field.length,
        form: field.form(),
    });
    Ok(Step::ReadBack {
        aid: application.aid,
        file: file.number,
        by,
        mode: file.mode,
        size: file.size,
        fields: fields.collect(),
        expect: expect.map(Bytes),
    })
}

fn first_key(rights: [Access; 2]) -> Option<KeyNo> {
    rights.into_iter().find_map(|right| if let Access::Key(number) = right { Some(number) } else { None })
}

pub(crate) fn key_use(spec: &KeySpec, version: u8, uid: [u8; 7], aid: Aid, number: KeyNo) -> KeyUse {
    KeyUse { name: spec.name.clone(), version, input: spec.input(&uid, aid, number) }
}
