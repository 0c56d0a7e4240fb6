//! Commands about encodings: their pictures, what is risky in them, what they cost, how two of them differ. None of these
//! touches a card or a key.

use std::sync::Arc;

use lanyard_desfire::Family;
use lanyard_encoding::{Date, Encoding, Finding, Values, diff, lint, preview};
use lanyard_model::UnixMs;

use super::{Answer, Station};
use crate::api::{
    CardFamily, EncodingCheck, EncodingDiff, EncodingHit, EncodingPlan, EncodingSummary, EncodingText, EncodingView,
};
use crate::cards::{DAY_MS, link};
use crate::encodings::missing_keys;
use crate::shared::Core;
use crate::{StationError, encodingview, people};

impl Station {
    /// The house's encodings, every version, by name, the newest version first.
    ///
    /// # Errors
    /// Nobody signed in.
    pub fn encoding_list(&self) -> Answer<Vec<EncodingSummary>> {
        self.write(|core, now| {
            let mut hits = core.encoding_hits()?;
            hits.sort_by(|a, b| (&a.name, b.version).cmp(&(&b.name, a.version)));
            hits.iter().map(|hit| core.encoding_summary(hit, day_of(now)?)).collect()
        })
    }

    /// One of them as a picture.
    ///
    /// # Errors
    /// No such encoding; one that this program cannot read.
    pub fn encoding_view(&self, id: &str) -> Answer<EncodingView> {
        self.write(|core, now| {
            let (name, version) = named(id);
            let EncodingText { encoding: hit, text } = core.encoding_text(name, version)?;
            let encoding = core.encoding_of(id)?;
            core.encoding_picture(&encoding, &hit, &text, &lint(&text, day_of(now)?))
        })
    }

    /// A file, looked at before it is taken.
    ///
    /// # Errors
    /// Nobody signed in.
    pub fn encoding_check(&self, file: &[u8]) -> Answer<EncodingCheck> {
        self.write(|core, now| {
            core.open()?;
            // What is not UTF-8 becomes a sign that TOML has no place for, except in texts, where nobody misses it.
            let text = String::from_utf8_lossy(file);
            let findings = lint(&text, day_of(now)?);
            let view = match Encoding::parse(&text) {
                Ok(encoding) => {
                    let hit = core.encoding_hit_of_new(&encoding)?;
                    Some(core.encoding_picture(&encoding, &hit, &text, &findings)?)
                }
                Err(_) => None,
            };
            Ok(EncodingCheck { view, findings: findings.iter().map(|of| encodingview::finding(of, &text)).collect() })
        })
    }

    /// What writing a blank of this kind comes to, with a person's values or with made-up ones that fill every field.
    ///
    /// # Errors
    /// A card too old; a value that is missing or does not fit.
    pub fn encoding_plan(&self, id: &str, person: Option<&str>, card: CardFamily) -> Answer<EncodingPlan> {
        self.write(|core, _| {
            let encoding = core.encoding_of(id)?;
            let mut values = Values::sample(&encoding);
            if let Some(person) = person {
                let known = core.person_view(people::id_of(person, "person")?)?.fields;
                for name in encoding.values() {
                    let field = name.strip_prefix("person.").and_then(|name| known.iter().find(|of| of.name == name));
                    if let Some(field) = field {
                        values.set(name, field.value.as_str());
                    }
                }
            }
            let family = match card {
                CardFamily::Ev1 => Family::Ev1,
                CardFamily::Ev2 => Family::Ev2,
                CardFamily::Ev3 => Family::Ev3,
            };
            Ok(encodingview::plan(&preview(&encoding, &values, family, link())?))
        })
    }

    /// What changes on a card of the one to make one of the other of it.
    ///
    /// # Errors
    /// No such encoding.
    pub fn encoding_diff(&self, from: &str, to: &str) -> Answer<EncodingDiff> {
        self.write(|core, _| {
            let found = diff(&*core.encoding_of(from)?, &*core.encoding_of(to)?);
            let how = encodingview::how(found.how).to_owned();
            Ok(EncodingDiff { changes: found.changes.into_iter().map(encodingview::change).collect(), how })
        })
    }
}

/// `starter@2`; without a version the newest.
fn named(id: &str) -> (&str, Option<u32>) {
    match id.rsplit_once('@').map(|(name, version)| (name, version.parse().ok())) {
        Some((name, Some(version))) => (name, Some(version)),
        _ => (id, None),
    }
}

impl Core {
    fn encoding_of(&mut self, id: &str) -> Result<Arc<Encoding>, StationError> {
        let (name, version) = named(id);
        self.open()?.0.encodings.find(name, version)?.encoding()
    }

    fn encoding_summary(&mut self, hit: &EncodingHit, today: Date) -> Result<EncodingSummary, StationError> {
        let (house, _) = self.open()?;
        let kept = house.encodings.find(&hit.name, Some(hit.version))?;
        let findings = lint(&kept.text, today);
        Ok(encodingview::summary(kept.encoding().ok().as_deref(), hit, &findings))
    }

    /// What a file would be in the list, were it added.
    fn encoding_hit_of_new(&mut self, encoding: &Encoding) -> Result<EncodingHit, StationError> {
        let (house, session) = self.open()?;
        let newest = house.encodings.find(&encoding.id, None).ok().map_or(0, |kept| kept.of.version);
        let keys_missing = missing_keys(encoding, &session.vault);
        let title = Some(encodingview::texts(&encoding.names));
        Ok(EncodingHit { name: encoding.id.clone(), version: newest + 1, title, in_use: false, keys_missing })
    }

    fn encoding_picture(
        &mut self,
        encoding: &Encoding,
        hit: &EncodingHit,
        text: &str,
        findings: &[Finding],
    ) -> Result<EncodingView, StationError> {
        let (_, session) = self.open()?;
        let newest = |name: &str| session.vault.newest(name).map(|key| key.version);
        Ok(encodingview::view(encoding, (hit, text), findings, &newest))
    }
}

fn day_of(now: UnixMs) -> Result<Date, StationError> {
    Date::from_days(now.0.div_euclid(DAY_MS)).ok_or(StationError::Calendar)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test stops where it fails")]
mod tests {
    use std::collections::BTreeMap;

    use lanyard_secret::SecretBytes;
    use serde_json::{Value, json, to_value};

    use crate::api::{CardFamily, FirstStart, NewOperator, Password, PersonInput};
    use crate::{HouseChoice, Options, Station};

    /// What the window's own tests and pictures are drawn from.
    const SHOWN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../ui/station/fake/encodings.json");
    const FAMILIES: [(&str, CardFamily); 3] =
        [("ev1", CardFamily::Ev1), ("ev2", CardFamily::Ev2), ("ev3", CardFamily::Ev3)];
    const THREE: &str = include_str!("../../../../assets/encodings/three-applications.toml");

    fn house(home: &std::path::Path) -> Station {
        let noon = lanyard_model::UnixMs(1_795_521_600_000);
        let options = Options::new(home.to_owned(), HouseChoice::Rehearsal).without_devices().clock(move || noon);
        let station = Station::start(options).unwrap();
        let password = || Password(SecretBytes::new(b"correct horse battery".to_vec()));
        let ana = NewOperator { name: "Ana".to_owned(), login: "ana".to_owned(), password: password() };
        station.first_start(FirstStart { station: "Gate".to_owned(), rehearsal: true, operators: vec![ana] }).unwrap();
        station
    }

    fn wrong() -> String {
        THREE
            .replacen("read = \"reader\"", "read = \"door\"", 1)
            .replacen("offset = 8\n", "offset = 3\n", 1)
            .replacen(
                "\"canteen-till\"\ndiversify = [\"uid\", \"aid\", \"system\"]",
                "\"canteen-till\"\ndiversify = [\"aid\", \"system\"]",
                1,
            )
            .replacen("size = 192", "size = 170", 1)
    }

    fn risky() -> String {
        THREE
            .replacen("id = \"three-applications\"", "id = \"canteen\"", 1)
            .replacen("write = \"master\", read_write = \"never\"", "write = \"never\", read_write = \"reader\"", 1)
            .replacen(
                "mode = \"full\"\naccess = { read = \"printer\"",
                "mode = \"plain\"\naccess = { read = \"free\"",
                1,
            )
            .replacen("list_free = false,", "list_free = true,", 1)
    }

    #[test]
    fn what_the_window_is_drawn_from_in_its_tests_is_what_the_station_says() {
        let home = tempfile::tempdir().unwrap();
        let station = house(home.path());
        let list = station.encoding_list().unwrap();
        let ids: Vec<String> = list.iter().map(|one| one.id.clone()).collect();
        let (mut views, mut plans, mut diffs) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        for id in &ids {
            views.insert(id.clone(), to_value(station.encoding_view(id).unwrap()).unwrap());
            for (word, card) in FAMILIES {
                let plan = station.encoding_plan(id, None, card);
                let plan = plan.map_or_else(|problem| json!({ "problem": problem }), |plan| to_value(plan).unwrap());
                plans.insert(format!("{id} {word}"), plan);
            }
            for other in ids.iter().filter(|other| *other != id) {
                diffs.insert(format!("{id} {other}"), to_value(station.encoding_diff(id, other).unwrap()).unwrap());
            }
        }
        let checked = |text: String| to_value(station.encoding_check(text.as_bytes()).unwrap()).unwrap();
        let checks =
            json!({ "wrong": checked(wrong()), "risky": checked(risky()), "torn": checked("id = ".to_owned()) });
        let said = json!({ "list": list, "views": views, "plans": plans, "diffs": diffs, "checks": checks });
        if std::env::var_os("LANYARD_WRITE_GOLDEN").is_some() {
            std::fs::write(SHOWN, format!("{}\n", serde_json::to_string(&said).unwrap())).unwrap();
        }
        let kept: Value = serde_json::from_str(&std::fs::read_to_string(SHOWN).unwrap()).unwrap();
        assert!(kept == said, "LANYARD_WRITE_GOLDEN=1 writes it anew");
    }

    #[test]
    fn a_file_with_several_mistakes_is_told_each_with_its_line_and_column() {
        let home = tempfile::tempdir().unwrap();
        let check = house(home.path()).encoding_check(wrong().as_bytes()).unwrap();
        assert!(check.view.is_none());
        let found: Vec<_> = check.findings.iter().map(|of| of.details["problem"].as_str()).collect();
        assert_eq!(found, ["role", "overlap", "no_uid", "outside"]);
        for finding in &check.findings {
            assert_eq!(wrong().lines().nth(finding.line as usize - 1).unwrap(), finding.text);
            assert!(finding.column > 1 && (finding.column as usize) <= finding.text.len());
        }
    }

    #[test]
    fn bytes_that_are_no_text_are_a_file_that_cannot_be_read() {
        let home = tempfile::tempdir().unwrap();
        let check = house(home.path()).encoding_check(&[0xFF, 0xFE, 0x00]).unwrap();
        assert_eq!((check.view, check.findings[0].code.as_str()), (None, "unreadable"));
    }

    #[test]
    fn a_plan_for_a_card_that_is_too_old_is_refused_as_the_card_would_be() {
        let home = tempfile::tempdir().unwrap();
        let refused = house(home.path()).encoding_plan("starter", None, CardFamily::Ev1).unwrap_err();
        assert_eq!(refused.code, "card.kind");
    }

    #[test]
    fn a_plan_with_a_persons_values_is_made_of_theirs() {
        let home = tempfile::tempdir().unwrap();
        let station = house(home.path());
        let fields =
            [("given_name", "Bo"), ("family_name", "Ek"), ("staff_no", "12345678901234567890"), ("unit", "Gate")];
        let fields = fields.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let person = station.person_save(PersonInput { id: None, fields, although_alike: false }).unwrap().hit;
        let sent = |person| station.encoding_plan("three-applications", person, CardFamily::Ev2).unwrap().cost.sent;
        // What ends in zeros is not sent: this staff number, which stands last, is longer than the made-up one.
        assert!(sent(Some(person.id.as_str())) > sent(None), "{:?}", person.staff_no);
    }
}
