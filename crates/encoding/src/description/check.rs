//! From the words of the file to an [`Encoding`], or to what is wrong with it and where.

use std::collections::BTreeSet;

use lanyard_desfire::{Access, AccessRights, Aid, ChangeKeyRight, CommMode, Family, FileNo, KeyNo, KeySettings};
use lanyard_formats::Wiegand;

use super::read::{
    AccessText, ApplicationText, At, CodingText, ConstantText, EncodingText, FamilyText, FieldText, FileText, KeyText,
    KindText, ModeText, PartSourceText, PartText, SettingsText,
};
use super::{
    Application, ApplicationKey, CardRules, Coding, Content, Encoding, Field, File, InputPart, IsoIds, KeySpec, Source,
};
use crate::error::{Problem, place};
use crate::{CARD_RECORD, CARD_RECORD_LEN, EncodingError};

/// A DESFire UID is 7 bytes (a shown random one is 4, and never goes into a key).
const UID_LEN: usize = 7;
/// The longest diversification input (AN10922 §2.2).
const INPUT_LIMIT: usize = 31;

/// Where in the file, and about what.
struct Here<'t> {
    text: &'t str,
    at: String,
}

impl Here<'_> {
    fn wrong(&self, offset: usize, problem: Problem) -> EncodingError {
        let (line, column) = place(self.text, offset);
        EncodingError::Invalid { at: self.at.clone(), line, column, problem }
    }

    fn within(&self, part: &str) -> Self {
        let at = if self.at.is_empty() { part.to_owned() } else { format!("{}, {part}", self.at) };
        Self { text: self.text, at }
    }
}

pub(super) fn encoding(text: &str, read: EncodingText) -> Result<Encoding, EncodingError> {
    let here = Here { text, at: String::new() };
    let version = read.lanyard_encoding;
    if *version.get_ref() != 1 {
        return Err(here.wrong(version.span().start, Problem::Version { found: *version.get_ref() }));
    }
    if !is_word(read.id.get_ref()) {
        return Err(here.wrong(read.id.span().start, Problem::Id));
    }
    let system = match read.system {
        None => None,
        Some(system) if (1..=16).contains(&system.get_ref().len()) => Some(system.into_inner().into_bytes()),
        Some(system) => return Err(here.wrong(system.span().start, Problem::Length { least: 1, most: 16 })),
    };
    let system = system.as_deref();
    let names = [read.names.en, read.names.fr, read.names.de, read.names.sv];
    if names.iter().any(|name| name.trim().is_empty() || name.len() > 200) {
        return Err(here.within("names").wrong(0, Problem::Length { least: 1, most: 200 }));
    }
    let card_at = read.card.span().start;
    let card = read.card.into_inner();
    let card_here = here.within("card");
    let on_card = |key: At<KeyText>| {
        let (at, key) = (key.span().start, key.into_inner());
        key_spec(&card_here, at, key.key, &key.diversify, system)
    };
    let card = CardRules {
        family: match card.family {
            FamilyText::Ev2 => Family::Ev2,
            FamilyText::Ev3 => Family::Ev3,
        },
        free_bytes: card.free_bytes,
        master: on_card(card.master_key)?,
        transport: card.transport_key.map(on_card).transpose()?,
        default: card.default_key.map(on_card).transpose()?,
        random_uid: card.random_uid,
    };
    if read.applications.is_empty() || read.applications.len() > 28 {
        return Err(here.wrong(card_at, Problem::Length { least: 1, most: 28 }));
    }
    let mut applications: Vec<Application> = Vec::new();
    for application in read.applications {
        let at = application.span().start;
        let application = self::application(&here, application.into_inner(), system)?;
        if applications.iter().any(|other| other.aid == application.aid) {
            return Err(here.wrong(at, Problem::Twice { what: "aid" }));
        }
        applications.push(application);
    }
    Ok(Encoding { id: read.id.into_inner(), names, card, applications })
}

fn application(here: &Here<'_>, read: ApplicationText, system: Option<&[u8]>) -> Result<Application, EncodingError> {
    let number = (read.aid.get_ref().len() == 6).then(|| u32::from_str_radix(read.aid.get_ref(), 16).ok()).flatten();
    let aid = match number {
        Some(number) if number != 0 && read.aid.get_ref().bytes().all(|digit| digit.is_ascii_hexdigit()) => {
            Aid::from_number(number)
        }
        _ => return Err(here.wrong(read.aid.span().start, Problem::Aid)),
    };
    let here = here.within(&format!("application {}", read.aid.get_ref()));
    let iso = match read.iso {
        None => None,
        Some(iso) => {
            let at = iso.span().start;
            let iso = iso.into_inner();
            // 0000, 3F00, 3FFF and FFFF belong to the card (ISO/IEC 7816-4 §7.4.1).
            if matches!(iso.file_id, 0 | 0x3F00 | 0x3FFF | 0xFFFF) {
                return Err(here.wrong(at, Problem::IsoFileId));
            }
            if iso.name.len() > 16 {
                return Err(here.wrong(at, Problem::Length { least: 0, most: 16 }));
            }
            Some(IsoIds { file_id: iso.file_id, name: iso.name.into_bytes() })
        }
    };
    let settings_at = read.settings.span().start;
    let mut keys: Vec<ApplicationKey> = Vec::new();
    for key in read.keys {
        let at = key.span().start;
        let key = key.into_inner();
        let here = here.within(&format!("key {}", key.number));
        let number = KeyNo::new(key.number).filter(|number| usize::from(number.get()) == keys.len());
        let number = number.ok_or_else(|| here.wrong(at, Problem::KeyNumber { expected: keys.len() as u8 }))?;
        if !is_word(&key.role) || matches!(key.role.as_str(), "free" | "never" | "same" | "frozen") {
            return Err(here.wrong(at, Problem::Role { role: clip(&key.role) }));
        }
        if keys.iter().any(|other| other.role == key.role) {
            return Err(here.wrong(at, Problem::Twice { what: "role" }));
        }
        let spec = key_spec(&here, at, key.key, &key.diversify, system)?;
        keys.push(ApplicationKey { number, role: key.role, spec });
    }
    if keys.is_empty() {
        return Err(here.wrong(settings_at, Problem::NoKeys));
    }
    let settings = settings(&here, settings_at, &read.settings.into_inner(), &keys)?;
    let mut files: Vec<File> = Vec::new();
    for file in read.files {
        let at = file.span().start;
        let file = self::file(&here, at, file.into_inner(), &keys)?;
        if file.iso_file_id.is_some() != iso.is_some() {
            return Err(here.within(&format!("file {}", file.number.get())).wrong(at, Problem::IsoBoth));
        }
        if files.iter().any(|other| other.number == file.number) {
            return Err(here.wrong(at, Problem::Twice { what: "file number" }));
        }
        files.push(file);
    }
    Ok(Application { aid, iso, settings, keys, files })
}

fn settings(
    here: &Here<'_>,
    at: usize,
    read: &SettingsText,
    keys: &[ApplicationKey],
) -> Result<KeySettings, EncodingError> {
    let change_key = match read.change_keys.as_str() {
        "same" => ChangeKeyRight::SameKey,
        role if keys.iter().any(|key| key.role == role && key.number == KeyNo::MASTER) => {
            ChangeKeyRight::Key(KeyNo::MASTER)
        }
        // Frozen, or another key's: the application's own keys could then not be put in place of the default ones.
        other => return Err(here.wrong(at, Problem::ChangeKeys { found: clip(other) })),
    };
    if !read.master_changeable {
        return Err(here.wrong(at, Problem::MasterFrozen));
    }
    Ok(KeySettings {
        master_changeable: read.master_changeable,
        list_free: read.list_free,
        create_free: read.create_free,
        settings_changeable: read.settings_changeable,
        change_key,
    })
}

fn key_spec(
    here: &Here<'_>,
    at: usize,
    name: String,
    parts: &[PartText],
    system: Option<&[u8]>,
) -> Result<KeySpec, EncodingError> {
    if !is_word(&name) {
        return Err(here.wrong(at, Problem::KeyName { key: clip(&name) }));
    }
    let mut input = Vec::new();
    let mut len = 0;
    for part in parts {
        let (part, part_len) = match part {
            PartText::Uid => (InputPart::Uid, UID_LEN),
            PartText::Aid => (InputPart::Aid, 3),
            PartText::KeyNumber => (InputPart::KeyNumber, 1),
            PartText::System => match system {
                Some(system) => (InputPart::System(system.to_vec()), system.len()),
                None => return Err(here.wrong(at, Problem::NoSystem)),
            },
        };
        len += part_len;
        input.push(part);
    }
    // Diversified by anything but the UID, it is the same key on every card after all.
    if !input.is_empty() && !input.contains(&InputPart::Uid) {
        return Err(here.wrong(at, Problem::NoUid));
    }
    if len > INPUT_LIMIT {
        return Err(here.wrong(at, Problem::Length { least: 1, most: INPUT_LIMIT }));
    }
    Ok(KeySpec { name, input })
}

fn file(here: &Here<'_>, at: usize, read: FileText, keys: &[ApplicationKey]) -> Result<File, EncodingError> {
    let here = here.within(&format!("file {}", read.number));
    let number = FileNo::new(read.number).ok_or_else(|| here.wrong(at, Problem::FileNumber))?;
    // The largest DESFire has 32 KB.
    if read.size == 0 || read.size > 32_768 {
        return Err(here.wrong(at, Problem::Length { least: 1, most: 32_768 }));
    }
    let mode = match read.mode {
        ModeText::Plain => CommMode::Plain,
        ModeText::Mac => CommMode::Mac,
        ModeText::Full => CommMode::Full,
    };
    let rights = rights(&here, &read.access, keys, mode)?;
    let mut fields: Vec<Field> = Vec::new();
    let mut names = BTreeSet::new();
    for field in read.fields {
        let at = field.span().start;
        let field = self::field(&here, at, field.into_inner())?;
        let here = here.within(&format!("field {}", field.name));
        let end = field.offset.checked_add(field.length).filter(|end| *end <= read.size);
        if end.is_none() {
            return Err(here.wrong(at, Problem::Outside { size: read.size }));
        }
        if !names.insert(field.name.clone()) {
            return Err(here.wrong(at, Problem::Twice { what: "field name" }));
        }
        let apart =
            |other: &Field| field.offset + field.length <= other.offset || other.offset + other.length <= field.offset;
        if let Some(other) = fields.iter().find(|other| !apart(other)) {
            return Err(here.wrong(at, Problem::Overlap { with: other.name.clone() }));
        }
        fields.push(field);
    }
    fields.sort_by_key(|field| field.offset);
    Ok(File { number, iso_file_id: read.iso_file_id, size: read.size, mode, rights, fill: read.fill, fields })
}

fn rights(
    here: &Here<'_>,
    read: &At<AccessText>,
    keys: &[ApplicationKey],
    mode: CommMode,
) -> Result<AccessRights, EncodingError> {
    let at = read.span().start;
    let access = |word: &str| match word {
        "free" => Ok(Access::Free),
        "never" => Ok(Access::Never),
        role => match keys.iter().find(|key| key.role == role) {
            Some(key) => Ok(Access::Key(key.number)),
            None => Err(here.wrong(at, Problem::Role { role: clip(role) })),
        },
    };
    let AccessText { read, write, read_write, change } = read.get_ref();
    let rights = AccessRights {
        read: access(read)?,
        write: access(write)?,
        read_write: access(read_write)?,
        change: access(change)?,
    };
    if [rights.write, rights.read_write, rights.change].contains(&Access::Free) {
        return Err(here.wrong(at, Problem::FreeWrite));
    }
    if ![rights.write, rights.read_write].iter().any(|right| matches!(right, Access::Key(_))) {
        return Err(here.wrong(at, Problem::NoWriter));
    }
    if rights.read == Access::Never && rights.read_write == Access::Never {
        return Err(here.wrong(at, Problem::NoReader));
    }
    // What anyone may read travels in the clear, whatever the file's mode says.
    if rights.read == Access::Free && mode != CommMode::Plain {
        return Err(here.wrong(at, Problem::FreeReadEnciphered));
    }
    Ok(rights)
}

fn field(here: &Here<'_>, at: usize, read: FieldText) -> Result<Field, EncodingError> {
    if !is_word(&read.name) {
        return Err(here.wrong(at, Problem::FieldName { name: clip(&read.name) }));
    }
    let here = here.within(&format!("field {}", read.name));
    let wrong = |problem| here.wrong(at, problem);
    if read.length == 0 {
        return Err(wrong(Problem::Length { least: 1, most: 32_768 }));
    }
    let wiegand = match read.kind {
        KindText::Wiegand26 => Some(Wiegand::H10301),
        KindText::Wiegand34 => Some(Wiegand::H10306),
        KindText::Wiegand37 => Some(Wiegand::H10304),
        KindText::Wiegand37Long => Some(Wiegand::H10302),
        _ => None,
    };
    let given = [
        ("from", read.from.is_some(), wiegand.is_none() && read.kind != KindText::CardRecord),
        ("constant", read.constant.is_some(), matches!(read.kind, KindText::Text | KindText::Number)),
        ("hex", read.hex.is_some(), read.kind == KindText::Bytes),
        ("coding", read.coding.is_some(), read.kind == KindText::Number),
        ("fill", read.fill.is_some(), read.kind == KindText::Text),
        ("facility", read.facility.is_some(), wiegand.is_some_and(|format| format.most_facility() > 0)),
        ("number", read.number.is_some(), wiegand.is_some()),
    ];
    if let Some((key, ..)) = given.iter().find(|(_, there, fits)| *there && !fits) {
        return Err(wrong(Problem::NotForType { key }));
    }
    let value = |name: String| {
        if is_value_name(&name) { Ok(Source::Value(name)) } else { Err(wrong(Problem::Source { name: clip(&name) })) }
    };
    let part = |read: Option<PartSourceText>, key: &'static str| match read {
        Some(PartSourceText::Int(int)) => Ok(Source::Int(int)),
        Some(PartSourceText::From(name)) => value(name),
        None => Err(wrong(Problem::NoSource { key })),
    };
    let source = match (read.from, read.constant, read.hex) {
        (Some(name), None, None) => Some(value(name)?),
        (None, Some(ConstantText::Int(int)), None) => Some(Source::Int(int)),
        (None, Some(ConstantText::Text(text)), None) => Some(Source::Text(text)),
        (None, None, Some(hex)) => Some(Source::Bytes(hex::decode(&hex).map_err(|_| wrong(Problem::Hex))?)),
        (None, None, None) => None,
        _ => return Err(wrong(Problem::TwoSources)),
    };
    let source = || source.clone().ok_or_else(|| wrong(Problem::NoSource { key: "from" }));
    let content = match (read.kind, wiegand) {
        (_, Some(format)) => {
            if read.length.saturating_mul(8) < u32::from(format.bits()) {
                return Err(wrong(Problem::Length { least: usize::from(format.bits()).div_ceil(8), most: 32_768 }));
            }
            let facility = match read.facility {
                None if format.most_facility() == 0 => Source::Int(0),
                given => part(given, "facility")?,
            };
            Content::Wiegand { format, facility, number: part(read.number, "number")? }
        }
        (KindText::Text, _) => match source()? {
            Source::Int(_) | Source::Bytes(_) => return Err(wrong(Problem::ConstantType)),
            source => Content::Text { source, fill: read.fill.unwrap_or(0) },
        },
        (KindText::Number, _) => {
            if read.length > 8 {
                return Err(wrong(Problem::Length { least: 1, most: 8 }));
            }
            let coding = match read.coding {
                None | Some(CodingText::Big) => Coding::Big,
                Some(CodingText::Little) => Coding::Little,
                Some(CodingText::Bcd) => Coding::Bcd,
            };
            match source()? {
                Source::Text(_) | Source::Bytes(_) => return Err(wrong(Problem::ConstantType)),
                source => Content::Number { source, coding },
            }
        }
        (KindText::CardRecord, _) => {
            if read.length != CARD_RECORD_LEN {
                let len = CARD_RECORD_LEN as usize;
                return Err(wrong(Problem::Length { least: len, most: len }));
            }
            Content::Bytes { source: Source::Value(CARD_RECORD.to_owned()) }
        }
        _ => Content::Bytes { source: source()? },
    };
    let field = Field { name: read.name, offset: read.offset, length: read.length, content };
    // A constant that does not fit would fail on every card: say so now.
    match field.constant_fits() {
        Ok(()) => Ok(field),
        Err(why) => Err(wrong(Problem::ConstantFit { why })),
    }
}

fn is_word(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_');
    (1..=60).contains(&text.len()) && text.bytes().all(fits)
}

fn is_value_name(text: &str) -> bool {
    text.split_once('.').is_some_and(|(of, name)| is_word(of) && is_word(name))
}

/// What goes into an error is bounded.
fn clip(text: &str) -> String {
    text.chars().take(60).collect()
}
