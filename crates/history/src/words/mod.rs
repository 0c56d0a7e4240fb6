//! A report in words for people who are not engineers: what is wrong, on whose record, when, and what it can mean.
//!
//! Keyed by code, like everything that has words; here and not in the window, because `lanyard-verify` stands alone.

mod de;
mod en;
mod fr;
mod sv;

use std::fmt::Write as _;
use std::io::ErrorKind;

use crate::bundle::NO_ZIP;
use crate::verify::{Code, Extract, Finding, Level, Report, RootCompared};
use crate::{Error, hex};

/// The languages of the verdicts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lang {
    /// English.
    En,
    /// French.
    Fr,
    /// German.
    De,
    /// Swedish.
    Sv,
}

impl Lang {
    /// Every one.
    pub const ALL: [Self; 4] = [Self::En, Self::Fr, Self::De, Self::Sv];

    /// ISO 639-1.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Fr => "fr",
            Self::De => "de",
            Self::Sv => "sv",
        }
    }

    fn phrases(self) -> &'static Phrases {
        match self {
            Self::En => &en::PHRASES,
            Self::Fr => &fr::PHRASES,
            Self::De => &de::PHRASES,
            Self::Sv => &sv::PHRASES,
        }
    }
}

/// What a code says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Said {
    /// What is so.
    pub what: &'static str,
    /// What it can mean.
    pub means: &'static str,
}

struct Phrases {
    holds: &'static str,
    faults: &'static str,
    extract: &'static str,
    consistent: &'static str,
    anchored: &'static str,
    witnessed: &'static str,
    root_not_compared: &'static str,
    root_same: &'static str,
    root_differs: &'static str,
    no_root: &'static str,
    counted: &'static str,
    signed: &'static str,
    remarks: &'static str,
    where_entry: &'static str,
    where_log: &'static str,
    field: &'static str,
    clock: &'static str,
    means: &'static str,
    more: &'static str,
    unreadable: &'static str,
    gone: &'static str,
    denied: &'static str,
    folder: &'static str,
    no_zip: &'static str,
    too_large: &'static str,
}

/// The words of a fault's or remark's code; `None` for a code that does not exist.
#[must_use]
pub fn of(code: &str, lang: Lang) -> Option<Said> {
    match lang {
        Lang::En => en::say(code),
        Lang::Fr => fr::say(code),
        Lang::De => de::say(code),
        Lang::Sv => sv::say(code),
    }
}

/// Findings of one code that are told one by one.
const TOLD: usize = 10;

fn fill(phrase: &str, values: &[(&str, String)]) -> String {
    values.iter().fold(phrase.to_owned(), |text, (name, value)| text.replace(&format!("{{{name}}}"), value))
}

/// The report as text. Its first line says whether the root was compared.
#[must_use]
pub fn tell(report: &Report, lang: Lang) -> String {
    let phrases = lang.phrases();
    let mut out = String::new();
    let mut line = |text: String| {
        out.push_str(&text);
        out.push('\n');
    };
    line(root(report, phrases));
    line(match report.level {
        Some(_) => phrases.holds.to_owned(),
        None => fill(phrases.faults, &[("n", report.counts.faults.to_string())]),
    });
    if let Some(Extract { records, not_shown }) = report.extract {
        let values = [("records", records), ("not_shown", not_shown)];
        line(fill(phrases.extract, &values.map(|(name, value)| (name, value.to_string()))));
    }
    match report.level {
        Some(Level::Consistent) => line(phrases.consistent.to_owned()),
        Some(Level::Anchored) => line(phrases.anchored.to_owned()),
        Some(Level::Witnessed(by)) => line(fill(phrases.witnessed, &[("n", by.to_string())])),
        None => {}
    }
    let counts = &report.counts;
    let values = [
        ("entries", counts.entries),
        ("writers", counts.writers),
        ("opened", counts.opened),
        ("fields", counts.fields),
        ("erased", counts.erased),
        ("withheld", counts.withheld),
        ("blobs", counts.blobs),
        ("logged", counts.logged),
        ("not_logged", counts.not_logged),
        ("person", counts.signed_by_person),
        ("machine", counts.asserted_by_machine),
    ];
    let values = values.map(|(name, value)| (name, value.to_string()));
    line(fill(phrases.counted, &values));
    line(fill(phrases.signed, &values));
    findings(&mut out, &report.faults, Code::word, lang);
    if !report.remarks.is_empty() {
        out.push('\n');
        out.push_str(&fill(phrases.remarks, &[("n", counts.remarks.to_string())]));
        out.push('\n');
        findings(&mut out, &report.remarks, crate::verify::Remark::word, lang);
    }
    out
}

/// Why a bundle cannot be read, and which file that is.
#[must_use]
pub fn unreadable(file: &str, error: &Error, lang: Lang) -> String {
    let phrases = lang.phrases();
    let why = match error {
        Error::Io(error) => match error.kind() {
            ErrorKind::NotFound => phrases.gone.to_owned(),
            ErrorKind::PermissionDenied => phrases.denied.to_owned(),
            ErrorKind::IsADirectory => phrases.folder.to_owned(),
            // What the system says.
            _ => error.to_string(),
        },
        Error::Bundle { why: NO_ZIP } => phrases.no_zip.to_owned(),
        Error::TooLarge { what, size, limit } => fill(
            phrases.too_large,
            &[("what", (*what).to_owned()), ("size", size.to_string()), ("limit", limit.to_string())],
        ),
        other => other.to_string(),
    };
    fill(phrases.unreadable, &[("file", file.to_owned()), ("why", why)])
}

fn root(report: &Report, phrases: &Phrases) -> String {
    let Some(fingerprint) = report.fingerprint else { return phrases.no_root.to_owned() };
    // In groups of eight, to be compared by eye.
    let groups: Vec<String> = fingerprint.chunks(4).map(hex::encode).collect();
    let phrase = match report.root {
        RootCompared::NotCompared => phrases.root_not_compared,
        RootCompared::Same => phrases.root_same,
        RootCompared::Differs => phrases.root_differs,
    };
    fill(phrase, &[("fingerprint", groups.join(" "))])
}

/// By code, in the order of the page.
fn findings<C: Copy + Ord>(out: &mut String, findings: &[Finding<C>], word: fn(C) -> &'static str, lang: Lang) {
    let mut sorted: Vec<&Finding<C>> = findings.iter().collect();
    sorted.sort_by_key(|finding| finding.code);
    for group in sorted.chunk_by(|a, b| a.code == b.code) {
        let code = word(group[0].code);
        let Some(said) = of(code, lang) else { continue };
        let phrases = lang.phrases();
        let _ = writeln!(out, "\n[{code}] {}", said.what);
        for finding in group.iter().take(TOLD) {
            let _ = writeln!(out, "  · {}", place(finding, phrases));
        }
        if group.len() > TOLD {
            let _ = writeln!(out, "  {}", fill(phrases.more, &[("n", (group.len() - TOLD).to_string())]));
        }
        let _ = writeln!(out, "  {}{}", phrases.means, said.means);
    }
}

fn place<C>(finding: &Finding<C>, phrases: &Phrases) -> String {
    let mut parts = Vec::new();
    match (finding.writer, finding.seq) {
        (Some(writer), Some(seq)) => {
            parts.push(fill(phrases.where_entry, &[("seq", seq.to_string()), ("writer", writer.to_string())]));
        }
        _ => parts.push(phrases.where_log.to_owned()),
    }
    let about = &finding.about;
    if !about.what.is_empty() {
        parts.push(plain(&about.what));
    }
    if let Some(name) = &about.name {
        parts.push(plain(name));
    }
    if let Some(of) = about.of.filter(|_| !about.kind.is_empty()) {
        parts.push(format!("{} {of}", plain(&about.kind)));
    }
    if let Some(field) = &finding.field {
        parts.push(fill(phrases.field, &[("field", plain(field))]));
    }
    if let Some(at) = about.at {
        parts.push(fill(phrases.clock, &[("at", utc(at))]));
    }
    if let Some(entry) = &finding.entry {
        parts.push(hex::encode(entry));
    }
    parts.join(", ")
}

/// What comes from the bundle must not steer a terminal, nor fill it.
fn plain(text: &str) -> String {
    text.chars().take(80).map(|c| if c.is_control() || is_direction(c) { '�' } else { c }).collect()
}

/// Marks that turn the direction of writing, and could make a name read as another.
fn is_direction(c: char) -> bool {
    matches!(c, '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

/// `2026-11-24 08:05:00 UTC`: days from 1970 to the proleptic Gregorian calendar, in eras of 400 years.
fn utc(ms: i64) -> String {
    let (days, rest) = (ms.div_euclid(86_400_000), ms.rem_euclid(86_400_000) / 1000);
    // Years are counted from March, so that the leap day is the last of its year; 719,468 days to 1970-01-01.
    let shifted = days + 719_468;
    let (era, day) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let date = day - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year + era * 400 + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{date:02} {:02}:{:02}:{:02} UTC", rest / 3600, rest / 60 % 60, rest % 60)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verify::Remark;

    #[test]
    fn every_code_has_words_in_every_language_and_none_is_left_in_english() {
        let codes = Code::ALL.iter().map(|code| code.word()).chain(Remark::ALL.iter().map(|remark| remark.word()));
        for code in codes {
            let english = of(code, Lang::En).unwrap();
            for lang in Lang::ALL.into_iter().filter(|lang| *lang != Lang::En) {
                let said = of(code, lang).unwrap_or_else(|| panic!("{code} in {lang:?}"));
                assert!(said.what != english.what && said.means != english.means, "{code} in {lang:?}");
            }
        }
        assert_eq!(of("no.such_code", Lang::En), None);
    }

    #[test]
    fn every_language_fills_the_same_blanks() {
        let blanks = |text: &str| {
            let mut found: Vec<String> =
                text.split('{').skip(1).filter_map(|rest| Some(rest.split_once('}')?.0.to_owned())).collect();
            found.sort();
            found
        };
        let all = |lang: Lang| {
            let p = lang.phrases();
            [
                p.holds,
                p.faults,
                p.witnessed,
                p.root_not_compared,
                p.root_same,
                p.root_differs,
                p.counted,
                p.signed,
                p.remarks,
                p.where_entry,
                p.field,
                p.clock,
                p.more,
                p.unreadable,
                p.too_large,
            ]
            .map(blanks)
        };
        for lang in Lang::ALL {
            assert_eq!(all(lang), all(Lang::En), "{lang:?}");
        }
    }

    #[test]
    fn a_time_is_told_as_a_calendar_has_it() {
        for (ms, text) in [
            (0, "1970-01-01 00:00:00 UTC"),
            (951_827_696_000, "2000-02-29 12:34:56 UTC"),
            (1_795_507_199_999, "2026-11-24 07:59:59 UTC"),
            (-1, "1969-12-31 23:59:59 UTC"),
            (4_107_542_400_000, "2100-03-01 00:00:00 UTC"),
        ] {
            assert_eq!(utc(ms), text);
        }
        // Whatever a hostile entry claims, it is told and not a panic.
        for ms in [i64::MIN, i64::MAX] {
            assert!(utc(ms).ends_with("UTC"));
        }
    }

    #[test]
    fn a_name_from_a_bundle_cannot_steer_the_terminal() {
        assert_eq!(plain("a\u{1B}[2Jb\u{202E}c"), "a�[2Jb�c");
    }
}
