//! `lanyard encoding add | list | show | use`: the encodings that the house keeps; and what `lanyard card` says of its cards.

use std::path::Path;

use lanyard_station::Station;
use lanyard_station::api::{CardDone, Deed, EncodingHit, Problem};

use crate::commands::read_text;
use crate::output::{answer, note};

/// Adds a description; what lint has against it is the refusal.
pub fn add(station: &Station, file: &Path, make_keys: bool, json: bool) -> Result<(), Problem> {
    let text = read_text(file)?;
    let added = station.encoding_add(&text, make_keys)?;
    answer(json, &added, |added| {
        let word = if added.new { "added" } else { "there already" };
        let mut lines = vec![format!("{} version {}: {word}", added.encoding.name, added.encoding.version)];
        lines.extend(added.keys_made.iter().map(|key| format!("key made: {key}/1")));
        lines
    });
    let missing = &added.encoding.keys_missing;
    if !missing.is_empty() {
        let keys = missing.join(", ");
        note(&format!("No card can be written yet; the vault has no key {keys}: add it again with --make-keys."));
    }
    Ok(())
}

/// All of them.
pub fn list(station: &Station, json: bool) -> Result<(), Problem> {
    answer(json, &station.encodings()?, |all| all.iter().map(line).collect());
    Ok(())
}

/// The description, as it was added.
pub fn show(station: &Station, name: &str, version: Option<u32>, json: bool) -> Result<(), Problem> {
    answer(json, &station.encoding_text(name, version)?, |found| vec![found.text.trim_end().to_owned()]);
    Ok(())
}

/// Cards are written with it from now on.
pub fn choose(station: &Station, name: &str, json: bool) -> Result<(), Problem> {
    answer(json, &station.encoding_use(name)?, |hit| vec![line(hit)]);
    Ok(())
}

/// What was done with a card.
pub fn done_lines(done: &CardDone) -> Vec<String> {
    let word = match done.deed {
        Deed::Verified => "holds what the records say",
        Deed::Rekeyed => "has the new keys",
        Deed::Already => "had the new keys before",
        Deed::RolledBack => "has the keys that it had",
        Deed::Reset => "is a blank; what was on record of it is void",
    };
    vec![format!("{} {word} ({} exchanges)", done.number, done.exchanges)]
}

fn line(hit: &EncodingHit) -> String {
    let title = hit.title.as_ref().map(|title| title.en.as_str()).unwrap_or_default();
    let mut line = format!("{}\t{}\t{title}", hit.name, hit.version);
    if hit.in_use {
        line += "\tin use";
    }
    if !hit.keys_missing.is_empty() {
        line += &format!("\tno key: {}", hit.keys_missing.join(" "));
    }
    line
}
