//! A file of a description: what kind it is and what that takes, its fields, who may do what with it.

use lanyard_desfire::{Access, AccessRights, CommMode, FileNo};

use super::super::read::{AccessText, At, FileKindText, FileText, KeyText, ModeText, ValueText};
use super::super::{ApplicationKey, Field, File, FileKind, ValueRules};
use super::{Check, clip, field, key, within};
use crate::error::Problem;

/// The largest DESFire has 32 KB.
const MOST_BYTES: u32 = 32_768;
/// A value: 32 bits.
const VALUE: u32 = 4;
/// Counter and MAC (MF2DLHx0 §10.3).
const TRANSACTION_MAC: u32 = 12;

pub(super) fn file(check: &mut Check<'_>, at: &str, read: At<FileText>, keys: &[ApplicationKey]) -> Option<File> {
    let begin = read.span().start;
    let read = read.into_inner();
    let at = within(at, &format!("file {}", read.number.get_ref()));
    check.mark(&at, begin);
    let number = FileNo::new(*read.number.get_ref());
    if number.is_none() {
        check.of(&at, "number", &read.number, Problem::FileNumber);
    }
    let word = read.kind.as_ref().map_or(FileKindText::Standard, |kind| *kind.get_ref());
    let (kind, size) = kind(check, &at, begin, word, &read.size, read.records, read.value, read.key)?;
    if let Some(mac) = read.kind.as_ref().filter(|_| word == FileKindText::TransactionMac && check.ev1) {
        check.of(&at, "kind", mac, Problem::TransactionMacEv1);
    }
    if matches!(word, FileKindText::Value | FileKindText::TransactionMac) {
        let field = read.fields.first().map(|field| ("field", field.span().start));
        let fill = read.fill.as_ref().map(|fill| ("fill", fill.span().start));
        for (key, offset) in [field, fill].into_iter().flatten() {
            check.wrong(&within(&at, key), offset, Problem::NotForType { key });
        }
    }
    let mode = match read.mode.get_ref() {
        ModeText::Plain => CommMode::Plain,
        ModeText::Mac => CommMode::Mac,
        ModeText::Full => CommMode::Full,
    };
    let rights = rights(check, &at, read.access, keys, (word, mode));
    let fields = field::all(check, &at, read.fields, size);
    let mut fields: Vec<Field> = fields.into_iter().map(|(field, _)| field).collect();
    fields.sort_by_key(|field| field.offset);
    let iso_file_id = read.iso_file_id.map(At::into_inner);
    let fill = read.fill.map_or(0, At::into_inner);
    Some(File { number: number?, kind, iso_file_id, size, mode, rights: rights?, fill, fields })
}

/// The kind, and how many bytes one read gives.
#[allow(clippy::too_many_arguments, reason = "each is a word of the file")]
fn kind(
    check: &mut Check<'_>,
    at: &str,
    begin: usize,
    word: FileKindText,
    size: &Option<At<u32>>,
    records: Option<At<u32>>,
    value: Option<At<ValueText>>,
    key: Option<At<KeyText>>,
) -> Option<(FileKind, u32)> {
    let start = |there: Option<usize>, key: &'static str| there.map(|offset| (key, offset));
    let given = [
        (
            start(size.as_ref().map(|it| it.span().start), "size"),
            !matches!(word, FileKindText::Value | FileKindText::TransactionMac),
        ),
        (
            start(records.as_ref().map(|it| it.span().start), "records"),
            matches!(word, FileKindText::Linear | FileKindText::Cyclic),
        ),
        (start(value.as_ref().map(|it| it.span().start), "value"), word == FileKindText::Value),
        (start(key.as_ref().map(|it| it.span().start), "key"), word == FileKindText::TransactionMac),
    ];
    for (there, fits) in given {
        if let (Some((key, offset)), false) = (there, fits) {
            check.wrong(&within(at, key), offset, Problem::NotForType { key });
        }
    }
    let missing = |check: &mut Check<'_>, key: &'static str| {
        check.wrong(&within(at, key), begin, Problem::NoSource { key });
    };
    match word {
        FileKindText::Value => {
            let Some(value) = value else {
                missing(check, "value");
                return None;
            };
            let value = value.into_inner();
            let (lower, upper, start) = (*value.lower.get_ref(), *value.upper.get_ref(), *value.start.get_ref());
            let at = within(at, "value");
            if lower > upper {
                check.of(&at, "upper", &value.upper, Problem::ValueLimits);
            } else if !(lower..=upper).contains(&start) {
                check.of(&at, "start", &value.start, Problem::ValueLimits);
            }
            let rules = ValueRules { lower, upper, start, limited_credit: value.limited_credit, free: value.free };
            Some((FileKind::Value(rules), VALUE))
        }
        FileKindText::TransactionMac => {
            let Some(key) = key else {
                missing(check, "key");
                return None;
            };
            let at = within(at, "key");
            check.mark(&at, key.span().start);
            let KeyText { key, diversify } = key.into_inner();
            Some((FileKind::TransactionMac(key::spec(check, &at, key, diversify)?), TRANSACTION_MAC))
        }
        FileKindText::Standard | FileKindText::Backup | FileKindText::Linear | FileKindText::Cyclic => {
            let Some(of_size) = size else {
                missing(check, "size");
                return None;
            };
            let size = *of_size.get_ref();
            if size == 0 || size > MOST_BYTES {
                check.of(at, "size", of_size, Problem::Length { least: 1, most: MOST_BYTES as usize });
            }
            let cyclic = word == FileKindText::Cyclic;
            let kind = match word {
                FileKindText::Standard => FileKind::Standard,
                FileKindText::Backup => FileKind::Backup,
                _ => {
                    let Some(records) = records else {
                        missing(check, "records");
                        return None;
                    };
                    let count = *records.get_ref();
                    // A cyclic file keeps one for the record that is being written.
                    let (least, most) = (if cyclic { 2 } else { 1 }, MOST_BYTES / size.max(1));
                    if count < least || count > most {
                        let (least, most) = (least as usize, most as usize);
                        check.of(at, "records", &records, Problem::Length { least, most });
                    }
                    FileKind::Records { cyclic, count }
                }
            };
            Some((kind, size))
        }
    }
}

fn rights(
    check: &mut Check<'_>,
    at: &str,
    read: At<AccessText>,
    keys: &[ApplicationKey],
    (kind, mode): (FileKindText, CommMode),
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
            // Whoever may read a value may debit it.
            "free" if which != 0 || kind == FileKindText::Value => {
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
    // The card itself writes it.
    if kind == FileKindText::TransactionMac && rights.write != Access::Never {
        check.of(&at, "write", &words[1].1, Problem::TransactionMacWritten);
    }
    let written = !matches!(kind, FileKindText::Value | FileKindText::TransactionMac);
    if written && rights.write == Access::Never && rights.read_write == Access::Never {
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
