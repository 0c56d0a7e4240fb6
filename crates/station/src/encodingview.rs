//! An encoding as the window shows it: the description's own words and numbers, nothing reckoned here.

use lanyard_desfire::{Access, ChangeKeyRight, CommMode, Family, KeyNo, KeySettings};
use lanyard_encoding::{
    Application, Change, Chip, ChipContent, Content, Cost, Encoding, Field, File, FileKind, Finding, How, InputPart,
    KeySpec, Memory, Messaging, Preview, Severity, Source,
};

use crate::api::{
    AirCost, EncodingApplication, EncodingChange, EncodingChip, EncodingField, EncodingFile, EncodingFinding,
    EncodingHit, EncodingPlan, EncodingStep, EncodingSummary, EncodingView, KeySlot, LevelSettings, MemoryRegion,
    Texts,
};

/// The newest version of a key in the vault, by name.
pub(crate) type NewestOf<'a> = &'a dyn Fn(&str) -> Option<u8>;

/// Of one that this program cannot read, nothing but its name and what is wrong with it.
pub(crate) fn summary(encoding: Option<&Encoding>, hit: &EncodingHit, findings: &[Finding]) -> EncodingSummary {
    let count = |severity| findings.iter().filter(|finding| finding.severity == severity).count() as u32;
    let chips = encoding.map(|encoding| encoding.chips.as_slice()).unwrap_or_default();
    EncodingSummary {
        id: format!("{}@{}", hit.name, hit.version),
        name: hit.name.clone(),
        version: hit.version,
        title: hit.title.clone(),
        in_use: hit.in_use,
        keys_missing: hit.keys_missing.clone(),
        family: encoding.map(|encoding| family(encoding.card.family).to_owned()).unwrap_or_default(),
        bytes: encoding.map_or(0, |encoding| Memory::of(encoding).bytes),
        chips: chips.iter().map(|chip| chip.kind.word().to_owned()).collect(),
        errors: count(Severity::Error),
        warnings: count(Severity::Warning),
        notes: count(Severity::Note),
    }
}

pub(crate) fn view(
    encoding: &Encoding,
    (hit, text): (&EncodingHit, &str),
    findings: &[Finding],
    newest: NewestOf<'_>,
) -> EncodingView {
    let card = &encoding.card;
    let on_card = [
        ("master_key", Some(&card.master)),
        ("default_key", card.default.as_ref()),
        ("transport_key", card.transport.as_ref()),
    ];
    EncodingView {
        summary: summary(Some(encoding), hit, findings),
        free_bytes: card.free_bytes,
        memory: Memory::of(encoding).regions.into_iter().map(region).collect(),
        keys: on_card
            .into_iter()
            .filter_map(|(role, spec)| spec.map(|spec| key_slot(None, role, spec, newest)))
            .collect(),
        settings: card.settings.map(settings),
        random_uid: card.random_uid,
        format_off: card.format_off,
        only_ev2: card.only_ev2,
        applications: encoding.applications.iter().map(|of| application(of, newest)).collect(),
        chips: encoding.chips.iter().map(|of| chip(of, newest)).collect(),
        findings: findings.iter().map(|of| finding(of, text)).collect(),
    }
}

pub(crate) fn finding(of: &Finding, text: &str) -> EncodingFinding {
    let line = text.lines().nth((of.line as usize).saturating_sub(1)).unwrap_or_default();
    EncodingFinding {
        code: of.code.to_owned(),
        severity: match of.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "note",
        }
        .to_owned(),
        at: of.at.clone(),
        line: of.line,
        column: of.column,
        text: line.chars().take(LINE_SHOWN).collect(),
        details: of.details.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect(),
        accepted_by: of.accepted_by.clone(),
    }
}

/// In characters: a line may be as long as a file.
const LINE_SHOWN: usize = 160;

pub(crate) fn plan(preview: &Preview) -> EncodingPlan {
    EncodingPlan {
        messaging: match preview.messaging {
            Messaging::Ev1 => "ev1",
            Messaging::Ev2 => "ev2",
        }
        .to_owned(),
        bit_rates: lanyard_encoding::BIT_RATES,
        steps: preview
            .steps
            .iter()
            .map(|step| EncodingStep {
                what: step.what.to_owned(),
                aid: step.aid.clone(),
                number: step.number,
                cost: cost(step.cost, step.air_us),
            })
            .collect(),
        cost: cost(preview.cost, preview.air_us),
        chips: preview.chips.iter().map(|chip| chip.kind.word().to_owned()).collect(),
    }
}

pub(crate) fn change(of: Change) -> EncodingChange {
    EncodingChange { at: of.at, what: of.what.to_owned(), from: of.from, to: of.to, how: how(of.how).to_owned() }
}

pub(crate) fn how(how: How) -> &'static str {
    match how {
        How::Nothing => "nothing",
        How::InPlace => "in_place",
        How::MadeAnew => "made_anew",
        How::Reset => "reset",
        How::AnotherCard => "another_card",
    }
}

pub(crate) fn texts([en, fr, de, sv]: &[String; 4]) -> Texts {
    Texts { en: en.clone(), fr: fr.clone(), de: de.clone(), sv: sv.clone() }
}

fn family(family: Family) -> &'static str {
    match family {
        Family::Ev1 => "ev1",
        Family::Ev2 => "ev2",
        _ => "ev3",
    }
}

fn region(of: lanyard_encoding::Region) -> MemoryRegion {
    MemoryRegion {
        aid: of.aid,
        what: of.what.to_owned(),
        number: of.number,
        block: of.block,
        blocks: of.blocks,
        used: of.used,
    }
}

fn cost(cost: Cost, air_us: [u64; 4]) -> AirCost {
    let Cost { exchanges, sent, received } = cost;
    AirCost { exchanges, sent, received, air_us: air_us.map(|us| u32::try_from(us).unwrap_or(u32::MAX)) }
}

fn key_slot(number: Option<KeyNo>, role: &str, spec: &KeySpec, newest: NewestOf<'_>) -> KeySlot {
    let part = |part: &InputPart| match part {
        InputPart::Uid => "uid",
        InputPart::Aid => "aid",
        InputPart::KeyNumber => "key_number",
        InputPart::System(_) => "system",
    };
    KeySlot {
        number: number.map(KeyNo::get),
        role: role.to_owned(),
        key: spec.name.clone(),
        version: newest(&spec.name),
        diversified_by: spec.input.iter().map(|of| part(of).to_owned()).collect(),
    }
}

fn settings(of: KeySettings) -> LevelSettings {
    LevelSettings {
        list_free: of.list_free,
        create_free: of.create_free,
        changeable: of.settings_changeable,
        keys_change_themselves: of.change_key == ChangeKeyRight::SameKey,
    }
}

fn application(of: &Application, newest: NewestOf<'_>) -> EncodingApplication {
    EncodingApplication {
        aid: format!("{:06X}", of.aid.number()),
        names: of.names.as_ref().map(texts),
        iso_name: of.iso.as_ref().map(|iso| String::from_utf8_lossy(&iso.name).into_owned()),
        cipher: of.cipher.word().to_owned(),
        settings: settings(of.settings),
        keys: of.keys.iter().map(|key| key_slot(Some(key.number), &key.role, &key.spec, newest)).collect(),
        files: of.files.iter().map(|file| self::file(file, of, newest)).collect(),
    }
}

fn file(of: &File, application: &Application, newest: NewestOf<'_>) -> EncodingFile {
    let who = |access: Access| match access {
        Access::Free => "free".to_owned(),
        Access::Never => "never".to_owned(),
        Access::Key(key) => application
            .keys
            .iter()
            .find(|slot| slot.number == key)
            .map_or_else(|| key.get().to_string(), |slot| slot.role.clone()),
    };
    EncodingFile {
        number: of.number.get(),
        kind: of.kind.word().to_owned(),
        size: of.size,
        records: if let FileKind::Records { count, .. } = of.kind { Some(count) } else { None },
        value: if let FileKind::Value(value) = of.kind { Some([value.lower, value.start, value.upper]) } else { None },
        key: if let FileKind::TransactionMac(spec) = &of.kind { Some(key_slot(None, "", spec, newest)) } else { None },
        mode: match of.mode {
            CommMode::Plain => "plain",
            CommMode::Mac => "mac",
            CommMode::Full => "full",
        }
        .to_owned(),
        read: who(of.rights.read),
        write: who(of.rights.write),
        read_write: who(of.rights.read_write),
        change: who(of.rights.change),
        fields: of.fields.iter().map(field).collect(),
    }
}

fn field(of: &Field) -> EncodingField {
    EncodingField {
        name: of.name.clone(),
        offset: of.offset,
        length: of.length,
        form: match of.content {
            Content::Text { .. } => "text",
            Content::Number { .. } => "number",
            Content::Date { .. } => "date",
            Content::Wiegand { .. } => "wiegand",
            Content::Bits { .. } => "bits",
            Content::Bytes { .. } => "bytes",
        }
        .to_owned(),
        values: values(of.content.sources()),
    }
}

fn chip(of: &Chip, newest: NewestOf<'_>) -> EncodingChip {
    let (answers_as, sources) = match &of.content {
        ChipContent::Em4100 { number } => ("em4100", vec![number]),
        ChipContent::Prox { facility, number, .. } => ("prox", vec![facility, number]),
    };
    EncodingChip {
        kind: of.kind.word().to_owned(),
        answers_as: answers_as.to_owned(),
        values: values(sources),
        password: of.password.as_ref().map(|spec| key_slot(None, "password", spec, newest)),
    }
}

fn values(sources: Vec<&Source>) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for source in sources {
        if let Source::Value(name) = source
            && !names.contains(name)
        {
            names.push(name.clone());
        }
    }
    names
}
