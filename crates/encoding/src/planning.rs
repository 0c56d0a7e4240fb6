//! How a plan is made: from a description, values and what the card is, to steps in their order.

use lanyard_desfire::{Access, Aid, ChangeKeyRight, CommMode, Family, KeyNo, Link};

use crate::EncodingError;
use crate::assess::{Assessment, Present};
use crate::chips::ChipPlan;
use crate::description::{Application, ApplicationKey, Encoding, File, FileKind, KeySpec};
use crate::form::FieldForm;
use crate::keys::{HeldKey, KeySource, KeyUse};
use crate::legic::SegmentPlan;
use crate::plan::{MasterKey, Messaging, Plan, Purpose};
use crate::step::{Bytes, FieldPlan, Iso, Reader, Step, Stored};
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
        let new = |spec: &KeySpec, number: KeyNo| newest(spec, application.aid, number);
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
    plan.segments =
        encoding.segments.iter().map(|segment| SegmentPlan::of(segment, values)).collect::<Result<_, _>>()?;
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
        segments: Vec::new(),
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
            let key = |spec: &KeySpec, number: KeyNo| of(spec, application.aid, number);
            let expect = values.filter(|_| !file.kind.lives()).map(|values| file.content(values)).transpose()?;
            steps.extend(read_back(application, file, expect, &key)?);
        }
    }
    let master = MasterKey { before: master.clone(), after: master };
    Ok(empty(Purpose::Read, &encoding.id, uid, oldest(encoding), master).priced(steps, link))
}

/// Versions of keys by name.
pub(crate) type Versions<'a> = &'a dyn Fn(&str) -> Option<u8>;

pub(crate) type NewKeyOf<'a> = &'a dyn Fn(&KeySpec, KeyNo) -> Result<KeyUse, EncodingError>;

fn made(application: &Application) -> Step {
    let iso = application.iso.as_ref().map(|iso| Iso { file_id: iso.file_id, name: iso.name.clone() });
    // 14 at most: checked when the description was read.
    let keys = application.keys.len() as u8;
    Step::Application { aid: application.aid, settings: application.settings, keys, cipher: application.cipher, iso }
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
    let default = if application.cipher.is_aes() { default } else { &HeldKey::FactoryDes };
    let change = |key: &ApplicationKey| -> Result<Step, EncodingError> {
        let by = changed_by(application, key);
        Ok(Step::Key {
            aid,
            number: key.number,
            by,
            old: default.clone(),
            new: HeldKey::of(application.cipher, new(&key.spec, key.number)?),
        })
    };
    for key in others {
        steps.push(change(key)?);
    }
    steps.extend(application.files.iter().filter_map(|file| new_file(aid, file)));
    for file in &application.files {
        let content = file.content(values)?;
        let File { number, mode, rights, .. } = *file;
        let by = first_key([rights.write, rights.read_write]).unwrap_or(KeyNo::MASTER);
        match &file.kind {
            FileKind::Standard | FileKind::Backup => {
                // A new file holds zeros; what ends in zeros need not be written to its end.
                let written = content.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
                if written > 0 {
                    let data = Bytes(content[..written].to_vec());
                    let commit = file.kind == FileKind::Backup;
                    steps.push(Step::Write { aid, file: number, by, mode, data, commit });
                }
            }
            FileKind::Records { .. } if !file.fields.is_empty() => {
                let (seen_by, data) = (reader(file), Bytes(content.clone()));
                steps.push(Step::Record { aid, file: number, by, seen_by, mode, data });
            }
            // A value is made with its value.
            FileKind::Records { .. } | FileKind::Value(_) | FileKind::TransactionMac(_) => {}
        }
        let expect = file.kind.key().is_none().then_some(content);
        reads.extend(read_back(application, file, expect, new)?);
    }
    // Last, so that its counter begins with the holder's first transaction.
    for file in &application.files {
        steps.extend(transaction_mac(aid, file, None, new)?);
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

/// A file that holds no key.
fn new_file(aid: Aid, file: &File) -> Option<Step> {
    let File { number, iso_file_id, size, mode, rights, .. } = *file;
    Some(match &file.kind {
        FileKind::Standard | FileKind::Backup => {
            let backup = file.kind == FileKind::Backup;
            Step::File { aid, file: number, iso_file_id, size, backup, mode, rights }
        }
        FileKind::Value(value) => Step::ValueFile { aid, file: number, value: *value, mode, rights },
        FileKind::Records { cyclic, count } => {
            let (cyclic, count) = (*cyclic, *count);
            Step::RecordFile { aid, file: number, iso_file_id, cyclic, size, count, mode, rights }
        }
        FileKind::TransactionMac(_) => return None,
    })
}

/// The step that makes a transaction MAC file; `None` for any other.
pub(crate) fn transaction_mac(
    aid: Aid,
    file: &File,
    before: Option<HeldKey>,
    key_of: NewKeyOf<'_>,
) -> Result<Option<Step>, EncodingError> {
    let Some(spec) = file.kind.key() else { return Ok(None) };
    let key = HeldKey::Aes(key_of(spec, KeyNo::MASTER)?);
    Ok(Some(Step::TransactionMac { aid, file: file.number, mode: file.mode, rights: file.rights, key, before }))
}

/// Who reads; nobody in particular where anyone may.
fn reader(file: &File) -> Option<KeyNo> {
    match file.rights.read {
        Access::Free => None,
        right => first_key([right, file.rights.read_write]),
    }
}

/// `None` where there is nothing to be read: a record file that is made empty.
pub(crate) fn read_back(
    application: &Application,
    file: &File,
    expect: Option<Vec<u8>>,
    key_of: NewKeyOf<'_>,
) -> Result<Option<Step>, EncodingError> {
    let stored = match file.kind {
        FileKind::Records { .. } if file.fields.is_empty() => return Ok(None),
        FileKind::Records { .. } => Stored::Record,
        FileKind::Value(_) => Stored::Value,
        FileKind::Standard | FileKind::Backup | FileKind::TransactionMac(_) => Stored::Data,
    };
    let by = match reader(file).and_then(|number| application.keys.get(usize::from(number.get()))) {
        Some(key) => {
            Some(Reader { number: key.number, key: HeldKey::of(application.cipher, key_of(&key.spec, key.number)?) })
        }
        None => None,
    };
    let fields = file.fields.iter().map(FieldPlan::of);
    let value = (stored == Stored::Value).then(|| FieldPlan {
        name: "value".to_owned(),
        offset: 0,
        length: file.size,
        form: FieldForm::Amount,
    });
    Ok(Some(Step::ReadBack {
        aid: application.aid,
        file: file.number,
        // What anyone may read travels in the clear.
        mode: if by.is_some() { file.mode } else { CommMode::Plain },
        by,
        size: file.size,
        stored,
        fields: fields.chain(value).collect(),
        expect: expect.map(Bytes),
    }))
}

fn first_key(rights: [Access; 2]) -> Option<KeyNo> {
    rights.into_iter().find_map(|right| if let Access::Key(number) = right { Some(number) } else { None })
}

pub(crate) fn key_use(spec: &KeySpec, version: u8, uid: [u8; 7], aid: Aid, number: KeyNo) -> KeyUse {
    KeyUse { name: spec.name.clone(), version, input: spec.input(&uid, aid, number) }
}
