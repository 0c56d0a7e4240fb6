//! An application of a description: its numbers, settings, keys, and files with their rights.

use std::collections::BTreeSet;

use lanyard_desfire::{Access, AccessRights, Aid, ChangeKeyRight, CommMode, FileKind, FileNo, KeyNo, KeySettings};

use super::super::read::{
    AccessText, ApplicationKeyText, ApplicationText, At, FileKindText, FileText, IsoText, ModeText, SettingsText,
};
use super::super::{Application, ApplicationKey, Field, File, IsoIds};
use super::{Check, clip, field, is_word, key, names, within};
use crate::error::Problem;

/// The largest DESFire has 32 KB.
const MOST_BYTES: u32 = 32_768;

pub(super) fn application(check: &mut Check<'_>, read: At<ApplicationText>) -> Option<Application> {
    let begin = read.span().start;
    let read = read.into_inner();
    let at = format!("application {}", clip(read.aid.get_ref()));
    check.mark(&at, begin);
    let aid = aid(check, &at, &read.aid);
    let names = read.names.map(|read| names(check, &within(&at, "names"), read));
    let iso = read.iso.map(|iso| self::iso(check, &at, iso));
    let mut keys: Vec<ApplicationKey> = Vec::new();
    for key in read.keys {
        let key = self::key(check, &at, &keys, key)?;
        keys.push(key);
    }
    check.mark(&within(&at, "settings"), read.settings.span().start);
    if keys.is_empty() {
        check.wrong(&at, begin, Problem::NoKeys);
        return None;
    }
    let settings = settings(check, &at, read.settings.into_inner(), &keys);
    let mut files: Vec<File> = Vec::new();
    for file in read.files {
        let number = file.get_ref().number.clone();
        let iso_there = file.get_ref().iso_file_id.as_ref().map(|iso| iso.span().start);
        let Some(file) = self::file(check, &at, file, &keys) else { continue };
        let file_at = within(&at, &format!("file {}", file.number.get()));
        if file.iso_file_id.is_some() != iso.is_some() {
            let offset = iso_there.unwrap_or(number.span().start);
            check.wrong(&within(&file_at, "iso_file_id"), offset, Problem::IsoBoth);
        }
        if files.iter().any(|other| other.number == file.number) {
            check.of(&file_at, "number", &number, Problem::Twice { what: "file number" });
        }
        files.push(file);
    }
    Some(Application { aid: aid?, names, iso, settings, keys, files })
}

fn aid(check: &mut Check<'_>, at: &str, read: &At<String>) -> Option<Aid> {
    let text = read.get_ref();
    let sound = text.len() == 6 && text.bytes().all(|digit| digit.is_ascii_hexdigit());
    let number = sound.then(|| u32::from_str_radix(text, 16).ok()).flatten().filter(|number| *number != 0);
    if number.is_none() {
        check.of(at, "aid", read, Problem::Aid);
    }
    number.map(Aid::from_number)
}

fn iso(check: &mut Check<'_>, at: &str, iso: IsoText) -> IsoIds {
    let at = within(at, "iso");
    // 0000, 3F00, 3FFF and FFFF belong to the card (ISO/IEC 7816-4 §7.4.1).
    if matches!(iso.file_id.get_ref(), 0 | 0x3F00 | 0x3FFF | 0xFFFF) {
        check.of(&at, "file_id", &iso.file_id, Problem::IsoFileId);
    }
    if let Some(name) = iso.name.as_ref().filter(|name| name.get_ref().len() > 16) {
        check.of(&at, "name", name, Problem::Length { least: 0, most: 16 });
    }
    let name = iso.name.map(|name| name.into_inner().into_bytes()).unwrap_or_default();
    IsoIds { file_id: iso.file_id.into_inner(), name }
}

/// `None` where the keys after it could not be judged: their numbers and roles hang on it.
fn key(
    check: &mut Check<'_>,
    at: &str,
    before: &[ApplicationKey],
    read: At<ApplicationKeyText>,
) -> Option<ApplicationKey> {
    let begin = read.span().start;
    let ApplicationKeyText { number, role, key, diversify } = read.into_inner();
    let at = within(at, &format!("key {}", number.get_ref()));
    check.mark(&at, begin);
    let found = KeyNo::new(*number.get_ref()).filter(|found| usize::from(found.get()) == before.len());
    if found.is_none() {
        check.of(&at, "number", &number, Problem::KeyNumber { expected: before.len() as u8 });
    }
    if !is_word(role.get_ref()) || matches!(role.get_ref().as_str(), "free" | "never" | "same" | "frozen") {
        check.of(&at, "role", &role, Problem::Role { role: clip(role.get_ref()) });
    }
    if before.iter().any(|other| other.role == *role.get_ref()) {
        check.of(&at, "role", &role, Problem::Twice { what: "role" });
    }
    let spec = key::spec(check, &at, key, diversify)?;
    Some(ApplicationKey { number: found?, role: role.into_inner(), spec })
}

fn settings(check: &mut Check<'_>, at: &str, read: SettingsText, keys: &[ApplicationKey]) -> KeySettings {
    let at = within(at, "settings");
    let change_key = match read.change_keys.get_ref().as_str() {
        "same" => ChangeKeyRight::SameKey,
        role => {
            // Frozen, or another key's: the application's own keys could then not be put in place of the default ones.
            if !keys.iter().any(|key| key.role == role && key.number == KeyNo::MASTER) {
                check.of(&at, "change_keys", &read.change_keys, Problem::ChangeKeys { found: clip(role) });
            }
            ChangeKeyRight::Key(KeyNo::MASTER)
        }
    };
    if !read.master_changeable.get_ref() {
        check.of(&at, "master_changeable", &read.master_changeable, Problem::MasterFrozen);
    }
    KeySettings {
        master_changeable: *read.master_changeable.get_ref(),
        list_free: read.list_free,
        create_free: read.create_free,
        settings_changeable: read.settings_changeable,
        change_key,
    }
}

fn file(check: &mut Check<'_>, at: &str, read: At<FileText>, keys: &[ApplicationKey]) -> Option<File> {
    let begin = read.span().start;
    let read = read.into_inner();
    let at = within(at, &format!("file {}", read.number.get_ref()));
    check.mark(&at, begin);
    let number = FileNo::new(*read.number.get_ref());
    if number.is_none() {
        check.of(&at, "number", &read.number, Problem::FileNumber);
    }
    let size = *read.size.get_ref();
    if size == 0 || size > MOST_BYTES {
        check.of(&at, "size", &read.size, Problem::Length { least: 1, most: MOST_BYTES as usize });
    }
    let mode = match read.mode.get_ref() {
        ModeText::Plain => CommMode::Plain,
        ModeText::Mac => CommMode::Mac,
        ModeText::Full => CommMode::Full,
    };
    let rights = rights(check, &at, read.access, keys, mode);
    let mut fields: Vec<Field> = Vec::new();
    let mut names = BTreeSet::new();
    for read in read.fields {
        let (name, offset) = (read.get_ref().name.clone(), read.get_ref().offset.clone());
        let length = read.get_ref().length.clone();
        let Some(field) = field::field(check, &at, read) else { continue };
        let at = within(&at, &format!("field {}", field.name));
        if field.offset >= size {
            check.of(&at, "offset", &offset, Problem::Outside { size });
        } else if field.offset.checked_add(field.length).is_none_or(|end| end > size) {
            check.of(&at, "length", &length, Problem::Outside { size });
        }
        if !names.insert(field.name.clone()) {
            check.of(&at, "name", &name, Problem::Twice { what: "field name" });
        }
        let end = |field: &Field| field.offset.saturating_add(field.length);
        let apart = |other: &Field| end(&field) <= other.offset || end(other) <= field.offset;
        if let Some(other) = fields.iter().find(|other| !apart(other)) {
            check.of(&at, "offset", &offset, Problem::Overlap { with: other.name.clone() });
        }
        fields.push(field);
    }
    fields.sort_by_key(|field| field.offset);
    let kind = match read.kind {
        FileKindText::Standard => FileKind::Standard,
        FileKindText::Backup => FileKind::Backup,
    };
    let iso_file_id = read.iso_file_id.map(At::into_inner);
    Some(File { number: number?, kind, iso_file_id, size, mode, rights: rights?, fill: read.fill, fields })
}

fn rights(
    check: &mut Check<'_>,
    at: &str,
    read: At<AccessText>,
    keys: &[ApplicationKey],
    mode: CommMode,
) -> Option<AccessRights> {
    let at = within(at, "access");
    let begin = read.span().start;
    check.mark(&at, begin);
    let AccessText { read, write, read_write, change } = read.into_inner();
    let words = [("read", read), ("write", write), ("read_write", read_write), ("change", change)];
    let found = [0, 1, 2, 3].map(|which| {
        let (key, word) = &words[which];
        match word.get_ref().as_str() {
            // Whoever may write or change anything may make the card say anything.
            "free" if which != 0 => {
                check.of(&at, key, word, Problem::FreeWrite);
                None
            }
            "free" => Some(Access::Free),
            "never" => Some(Access::Never),
            role => {
                let key_of = keys.iter().find(|key| key.role == role).map(|key| Access::Key(key.number));
                if key_of.is_none() {
                    check.of(&at, key, word, Problem::Role { role: clip(role) });
                }
                key_of
            }
        }
    });
    let [read, write, read_write, change] = found;
    let rights = AccessRights { read: read?, write: write?, read_write: read_write?, change: change? };
    if rights.write == Access::Never && rights.read_write == Access::Never {
        check.of(&at, "write", &words[1].1, Problem::NoWriter);
    }
    if rights.read == Access::Never && rights.read_write == Access::Never {
        check.of(&at, "read", &words[0].1, Problem::NoReader);
    }
    // What anyone may read travels in the clear, whatever the file's mode says.
    if rights.read == Access::Free && mode != CommMode::Plain {
        check.of(&at, "read", &words[0].1, Problem::FreeReadEnciphered);
    }
    Some(rights)
}
