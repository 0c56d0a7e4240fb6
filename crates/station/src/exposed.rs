//! A station is stolen: which keys it held, which cards carry them, and what is to be done in which order.

use std::collections::{BTreeMap, BTreeSet};

use lanyard_issue::next_of;
use lanyard_model::{Id, Kind, RecordRef, UnixMs, Value};
use lanyard_store::{FieldTold, StoreError, Told, View};

use crate::StationError;
use crate::api::{Exposed, ExposedKey, KeyHit, Stolen};
use crate::encode::versions_of;
use crate::errands::versions_in;
use crate::shared::Core;

/// The entry that keys of a site were made.
pub(crate) const SITE_DERIVED: &str = "key.site_derived";

impl Core {
    /// Of this house's own station, by name or id, or of a site that got keys from here. Of other houses' stations only
    /// their own backups know.
    pub(crate) fn keys_exposed(&mut self, station: Option<&str>, now: UnixMs) -> Result<Exposed, StationError> {
        let hits = self.key_hits(now)?;
        let (house, _) = self.open()?;
        let known = house.store.house();
        let view = house.store.view();
        match station {
            Some(asked) if asked != known.station && asked != known.id.to_string() => {
                let made_of = site_keys(view, house.station_record(), asked)?;
                if made_of.is_empty() {
                    return Err(StationError::Missing { kind: "station" });
                }
                Ok(of_site(asked, hits, &made_of))
            }
            _ => {
                let carried = carried(view)?;
                Ok(of_own(known.station.clone(), hits, carried))
            }
        }
    }
}

/// Numbers of the cards that carry keys made of each key; where a change of keys is half done, of the old one and the new.
fn carried(view: View<'_>) -> Result<BTreeMap<(String, u8), BTreeSet<String>>, StationError> {
    let mut carried: BTreeMap<(String, u8), BTreeSet<String>> = BTreeMap::new();
    for credential in view.records(Kind::Credential, None)? {
        if credential.state == "void" {
            continue;
        }
        let card = credential.fields.get("card").and_then(Value::as_bytes).and_then(|id| id.try_into().ok());
        let card = card.map(|id| view.record(RecordRef { kind: Kind::Card, id: Id(id) })).transpose()?.flatten();
        let number = card.map_or_else(String::new, |card| card.text("number").to_owned());
        let next = next_of(&credential.fields).map(|(.., keys)| versions_in(keys)).unwrap_or_default();
        for key in versions_of(&credential).into_iter().chain(next) {
            carried.entry(key).or_default().insert(number.clone());
        }
    }
    Ok(carried)
}

/// The keys, as `name/version`, of which those of this site were made.
fn site_keys(view: View<'_>, station: RecordRef, site: &str) -> Result<BTreeSet<String>, StationError> {
    let mut made_of = BTreeSet::new();
    for Told { entry, fields } in view.history(station)? {
        if entry.view().map_err(StoreError::from)?.payload.what != SITE_DERIVED {
            continue;
        }
        let open = |name: &str| match fields.get(name) {
            Some(FieldTold::Open(value)) => Some(value),
            _ => None,
        };
        if let (Some(Value::Text(named)), Some(Value::Array(keys))) = (open("site"), open("keys"))
            && named == site.trim()
        {
            made_of.extend(keys.iter().filter_map(Value::as_text).map(str::to_owned));
        }
    }
    Ok(made_of)
}

fn of_own(station: String, hits: Vec<KeyHit>, mut carried: BTreeMap<(String, u8), BTreeSet<String>>) -> Exposed {
    let keys: Vec<ExposedKey> = hits
        .into_iter()
        .map(|key| {
            let cards = carried.remove(&(key.name.clone(), key.version)).unwrap_or_default();
            ExposedKey { exposed: key.home == "vault", cards: cards.into_iter().collect(), key }
        })
        .collect();
    Exposed { station, stolen: Stolen::Own, plan: plan(&keys), keys }
}

fn of_site(site: &str, hits: Vec<KeyHit>, made_of: &BTreeSet<String>) -> Exposed {
    let label = |key: &KeyHit| format!("{}/{}", key.name, key.version);
    let keys: Vec<ExposedKey> = hits
        .into_iter()
        .filter(|key| made_of.contains(&label(key)))
        .map(|key| ExposedKey { exposed: false, cards: Vec::new(), key })
        .collect();
    let mut plan = vec![
        format!(
            "The thief may have the keys of site {site}. Those that they were made of stay here and are not exposed."
        ),
        "Which cards carry the site's keys, the site's own restored backup says: lanyard keys exposed there."
            .to_owned(),
    ];
    for key in &keys {
        let (name, label) = (&key.key.name, label(&key.key));
        plan.push(format!(
            "{label}: lanyard keys create {name}, prove its backup, then lanyard keys backup FILE --key {name}/NEW --site \
             {site}: the site's next keys. Other sites keep theirs."
        ));
    }
    plan.push(
        "The site's readers take the new keys beside the old ones before its first card is re-keyed; the old ones go with \
         the last."
            .to_owned(),
    );
    Exposed { station: site.to_owned(), stolen: Stolen::Site, keys, plan }
}

fn plan(keys: &[ExposedKey]) -> Vec<String> {
    let mut plan = vec![
        "Remove the station where it is trusted; keep its last backup and its newest checkpoint (lanyard history verify)."
            .to_owned(),
        "Change every operator's password: the thief has the slots to guess at. Restore the backup on another machine."
            .to_owned(),
    ];
    let mut names: Vec<&str> = Vec::new();
    for key in keys.iter().filter(|key| key.exposed) {
        if !names.contains(&key.key.name.as_str()) {
            names.push(&key.key.name);
        }
    }
    for name in names {
        let cards: usize =
            keys.iter().filter(|key| key.exposed && key.key.name == name).map(|key| key.cards.len()).sum();
        let newest = keys.iter().filter(|key| key.key.name == name).max_by_key(|key| key.key.version);
        plan.push(match newest {
            Some(newest) if !newest.exposed => {
                format!("{name}: {cards} cards get version {}, which is not exposed, as they come by.", newest.key.version)
            }
            newest => format!(
                "{name}: lanyard keys create {name} (version {}), back it up, prove it; {cards} cards get it as they come by.",
                newest.map_or(1, |newest| u32::from(newest.key.version)) + 1
            ),
        });
    }
    for key in keys.iter().filter(|key| !key.exposed) {
        let (name, version, home) = (&key.key.name, key.key.version, &key.key.home);
        plan.push(format!("{name}/{version} is in {home}: not exposed, unless the token was stolen with its PIN."));
    }
    plan.push(
        "Readers take the new keys beside the old ones before the first card is re-keyed; the old ones go with the last."
            .to_owned(),
    );
    plan.push("The CA's key was in the vault: certificates it issued are not trusted from the theft on.".to_owned());
    plan
}
