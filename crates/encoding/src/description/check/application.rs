//! An application of a description: its numbers, settings, keys, and files.

use lanyard_desfire::{Aid, ChangeKeyRight, KeyNo, KeySettings};

use super::super::read::{ApplicationKeyText, ApplicationText, At, FileKindText, IsoText, SettingsText};
use super::super::{Application, ApplicationKey, Cipher, File, FileKind, IsoIds};
use super::{Check, clip, file, is_word, key, names, within};
use crate::error::Problem;

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
    let cipher = read.cipher.as_ref().map_or(Cipher::Aes, |cipher| *cipher.get_ref());
    if let (Some(cipher), false) = (&read.cipher, cipher.is_aes()) {
        let mac = read.files.iter().any(|file| {
            file.get_ref().kind.as_ref().is_some_and(|kind| *kind.get_ref() == FileKindText::TransactionMac)
        });
        if let Some(with) = check.without_des.or(mac.then_some("transaction_mac")) {
            check.of(&at, "cipher", cipher, Problem::NotWithDes { with });
        }
    }
    let mut files: Vec<File> = Vec::new();
    for file in read.files {
        let number = file.get_ref().number.clone();
        let iso_there = file.get_ref().iso_file_id.as_ref().map(|iso| iso.span().start);
        let kind_at = file.get_ref().kind.clone();
        let Some(file) = file::file(check, &at, file, &keys) else { continue };
        let file_at = within(&at, &format!("file {}", file.number.get()));
        let can_have_iso = !matches!(file.kind, FileKind::Value(_) | FileKind::TransactionMac(_));
        if file.iso_file_id.is_some() != (iso.is_some() && can_have_iso) {
            let offset = iso_there.unwrap_or(number.span().start);
            check.wrong(&within(&file_at, "iso_file_id"), offset, Problem::IsoBoth);
        }
        if files.iter().any(|other| other.number == file.number) {
            check.of(&file_at, "number", &number, Problem::Twice { what: "file number" });
        }
        if let Some(kind) =
            kind_at.filter(|_| file.kind.key().is_some() && files.iter().any(|of| of.kind.key().is_some()))
        {
            check.of(&file_at, "kind", &kind, Problem::Twice { what: "transaction_mac" });
        }
        files.push(file);
    }
    Some(Application { aid: aid?, names, iso, cipher, settings, keys, files })
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
