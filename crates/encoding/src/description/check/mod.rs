//! From the words of the file to an [`Encoding`], or to everything that is wrong with it and where.

mod application;
mod chip;
mod field;
mod file;
mod key;
mod segment;

use std::collections::BTreeMap;

use lanyard_desfire::{ChangeKeyRight, Family, KeyNo, KeySettings};

use super::read::{AcceptText, At, CardText, EncodingText, FamilyText, NamesText};
use super::{Acceptance, CardRules, Encoding, Place};
use crate::error::{Problem, place};
use crate::{Date, EncodingError};

/// EV1 holds no more applications; later chips are limited by memory alone.
const MOST_APPLICATIONS: usize = 28;

/// What was found wrong so far, and where things stand.
struct Check<'t> {
    text: &'t str,
    /// With the offset in the text, to put them in order.
    errors: Vec<(usize, EncodingError)>,
    places: BTreeMap<String, Place>,
    system: Option<Vec<u8>>,
    /// Cards may be EV1.
    ev1: bool,
    /// What a DES application does not go with, by its word: `only_ev2`, `default_key`.
    without_des: Option<&'static str>,
}

impl Check<'_> {
    fn wrong(&mut self, at: &str, offset: usize, problem: Problem) {
        let (line, column) = place(self.text, offset);
        self.errors.push((offset, EncodingError::Invalid { at: at.to_owned(), line, column, problem }));
    }

    /// As [`Check::wrong`], of one value of a table.
    fn of<T>(&mut self, at: &str, key: &str, value: &At<T>, problem: Problem) {
        self.wrong(&within(at, key), value.span().start, problem);
    }

    fn mark(&mut self, at: &str, offset: usize) {
        let (line, column) = place(self.text, offset);
        self.places.insert(at.to_owned(), Place { line, column });
    }
}

fn within(at: &str, part: &str) -> String {
    if at.is_empty() { part.to_owned() } else { format!("{at}, {part}") }
}

pub(super) fn encoding(text: &str, read: EncodingText) -> Result<Encoding, Vec<EncodingError>> {
    let mut check =
        Check { text, errors: Vec::new(), places: BTreeMap::new(), system: None, ev1: false, without_des: None };
    let version = &read.lanyard_encoding;
    if *version.get_ref() != 1 {
        check.of("", "lanyard_encoding", version, Problem::Version { found: *version.get_ref() });
    }
    if !is_word(read.id.get_ref()) {
        check.of("", "id", &read.id, Problem::Id);
    }
    if let Some(system) = &read.system {
        if !(1..=16).contains(&system.get_ref().len()) {
            check.of("", "system", system, Problem::Length { least: 1, most: 16 });
        }
        check.system = Some(system.get_ref().as_bytes().to_vec());
    }
    let names = names(&mut check, "names", read.names);
    check.mark("card", read.card.span().start);
    let rules = read.card.get_ref();
    let only_ev2 = rules.only_ev2.as_ref().is_some_and(|only| *only.get_ref());
    check.without_des = if only_ev2 { Some("only_ev2") } else { rules.default_key.is_some().then_some("default_key") };
    check.ev1 = matches!(read.card.get_ref().family.get_ref(), FamilyText::Ev1);
    let card = card(&mut check, read.card.into_inner());
    let mut applications: Vec<super::Application> = Vec::new();
    for (number, application) in read.applications.into_iter().enumerate() {
        let at = application.span().start;
        let aid = application.get_ref().aid.clone();
        if number == MOST_APPLICATIONS {
            check.wrong("application", at, Problem::Length { least: 0, most: MOST_APPLICATIONS });
        }
        let Some(application) = application::application(&mut check, application) else { continue };
        if applications.iter().any(|other| other.aid == application.aid) {
            check.of("application", "aid", &aid, Problem::Twice { what: "aid" });
        }
        applications.push(application);
    }
    let mut chips: Vec<super::Chip> = Vec::new();
    for chip in read.chips {
        let kind = chip.get_ref().kind.clone();
        let Some(chip) = chip::chip(&mut check, chip) else { continue };
        if chips.iter().any(|other| other.kind == chip.kind) {
            check.of(&chip.at(), "kind", &kind, Problem::Twice { what: "chip" });
        }
        chips.push(chip);
    }
    let mut segments: Vec<super::Segment> = Vec::new();
    for segment in read.segments {
        let stamp = segment.get_ref().stamp.clone();
        let Some(segment) = segment::segment(&mut check, segment) else { continue };
        // A segment is found by how its stamp begins.
        let alike =
            |other: &super::Segment| other.stamp.starts_with(&segment.stamp) || segment.stamp.starts_with(&other.stamp);
        if segments.iter().any(alike) {
            check.of(&segment.at(), "stamp", &stamp, Problem::Twice { what: "stamp" });
        }
        segments.push(segment);
    }
    let accepted = read.accepted.into_iter().filter_map(|accepted| acceptance(&mut check, accepted)).collect();
    check.errors.sort_by_key(|(offset, _)| *offset);
    match card {
        Some(card) if check.errors.is_empty() => Ok(Encoding {
            id: read.id.into_inner(),
            names,
            card,
            applications,
            chips,
            segments,
            accepted,
            places: check.places,
        }),
        _ => Err(check.errors.into_iter().map(|(_, error)| error).collect()),
    }
}

fn names(check: &mut Check<'_>, at: &str, names: NamesText) -> [String; 4] {
    let NamesText { en, fr, de, sv } = names;
    [("en", en), ("fr", fr), ("de", de), ("sv", sv)].map(|(key, name)| {
        if name.get_ref().trim().is_empty() || name.get_ref().len() > 200 {
            check.of(at, key, &name, Problem::Length { least: 1, most: 200 });
        }
        name.into_inner()
    })
}

fn card(check: &mut Check<'_>, card: CardText) -> Option<CardRules> {
    let master = key::on_card(check, "master_key", card.master_key);
    let transport = card.transport_key.map(|key| key::on_card(check, "transport_key", key));
    let default = card.default_key.map(|key| key::on_card(check, "default_key", key));
    let settings = card.settings.map(|settings| {
        check.mark("card, settings", settings.span().start);
        let settings = settings.into_inner();
        KeySettings {
            // A master key that cannot be changed would stay on every card for ever.
            master_changeable: true,
            list_free: settings.list_free,
            create_free: settings.create_free,
            settings_changeable: settings.settings_changeable,
            change_key: ChangeKeyRight::Key(KeyNo::MASTER),
        }
    });
    check.mark("card, family", card.family.span().start);
    if let Some(only) = card.only_ev2.as_ref().filter(|only| *only.get_ref())
        && matches!(card.family.get_ref(), FamilyText::Ev1)
    {
        check.of("card", "only_ev2", only, Problem::OnlyEv2);
    }
    Some(CardRules {
        family: match card.family.into_inner() {
            FamilyText::Ev1 => Family::Ev1,
            FamilyText::Ev2 => Family::Ev2,
            FamilyText::Ev3 => Family::Ev3,
        },
        free_bytes: card.free_bytes,
        master: master?,
        transport: transport.map_or(Some(None), |key| key.map(Some))?,
        default: default.map_or(Some(None), |key| key.map(Some))?,
        settings,
        random_uid: card.random_uid,
        format_off: card.format_off,
        only_ev2: card.only_ev2.is_some_and(At::into_inner),
        stock: card.stock,
        originality: card.originality.is_some(),
    })
}

fn acceptance(check: &mut Check<'_>, read: At<AcceptText>) -> Option<Acceptance> {
    let begin = read.span().start;
    let AcceptText { finding, at, by, reason, until } = read.into_inner();
    check.mark(&format!("accept {}", finding.get_ref()), begin);
    if !is_word(finding.get_ref()) {
        check.of("accept", "finding", &finding, Problem::Finding);
    }
    for (key, text) in [("by", &by), ("reason", &reason)] {
        if text.get_ref().trim().is_empty() || text.get_ref().len() > 400 {
            check.of("accept", key, text, Problem::Length { least: 1, most: 400 });
        }
    }
    let day = until.get_ref().date.filter(|_| until.get_ref().time.is_none());
    let day = day.and_then(|day| Date::from_ymd(day.year.into(), day.month.into(), day.day.into()));
    let Some(day) = day else {
        check.of("accept", "until", &until, Problem::Day);
        return None;
    };
    Some(Acceptance {
        finding: finding.into_inner(),
        at: at.map(At::into_inner),
        by: by.into_inner(),
        reason: reason.into_inner(),
        until: day,
    })
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
