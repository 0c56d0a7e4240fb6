//! A station is stolen: which keys it held, which cards carry them, and what is to be done in which order.

use std::collections::BTreeMap;

use lanyard_model::{Id, Kind, RecordRef, UnixMs, Value};

use crate::StationError;
use crate::api::{Exposed, ExposedKey};
use crate::shared::Core;

impl Core {
    /// Of this house's own station, by name or id; of others only their own backup knows.
    pub(crate) fn keys_exposed(&mut self, station: Option<&str>, now: UnixMs) -> Result<Exposed, StationError> {
        let hits = self.key_hits(now)?;
        let (house, _) = self.open()?;
        let known = house.store.house();
        let (name, id) = (known.station.clone(), known.id.to_string());
        if station.is_some_and(|asked| asked != name && asked != id) {
            return Err(StationError::Missing { kind: "station" });
        }
        let view = house.store.view();
        let mut carried: BTreeMap<(String, u8), Vec<String>> = BTreeMap::new();
        for credential in view.records(Kind::Credential, None)? {
            let Some(Value::Map(keys)) = credential.fields.get("keys") else { continue };
            if credential.state == "void" {
                continue;
            }
            let card = credential.fields.get("card").and_then(Value::as_bytes).and_then(|id| id.try_into().ok());
            let card = match card {
                Some(id) => view.record(RecordRef { kind: Kind::Card, id: Id(id) })?,
                None => None,
            };
            let number = card.map_or_else(String::new, |card| card.text("number").to_owned());
            for (key, version) in keys {
                let Some(version) = version.as_int().and_then(|version| u8::try_from(version).ok()) else { continue };
                let numbers = carried.entry((key.clone(), version)).or_default();
                if !numbers.contains(&number) {
                    numbers.push(number.clone());
                }
            }
        }
        let keys: Vec<ExposedKey> = hits
            .into_iter()
            .map(|key| {
                let cards = carried.remove(&(key.name.clone(), key.version)).unwrap_or_default();
                ExposedKey { exposed: key.home == "vault", cards, key }
            })
            .collect();
        Ok(Exposed { station: name, plan: plan(&keys), keys })
    }
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
        let newest = keys.iter().filter(|key| key.key.name == name).map(|key| key.key.version).max().unwrap_or(1);
        plan.push(format!(
            "{name}: lanyard keys create {name} (version {}), back it up, prove it; {cards} cards get it as they come by.",
            u32::from(newest) + 1
        ));
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
