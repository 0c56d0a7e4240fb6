//! `lanyard devices selftest`: each device's own word; and, only where it was asked for, a blank test card written, read back
//! and made a blank again, or pulled at random by the person at the reader.

use lanyard_station::Station;
use lanyard_station::api::{DeviceKind, Problem, TestReport};
use lanyard_station::selftest::{Ask, CardTried, TagTried, try_card_on, try_tag_on};
use serde::Serialize;

use crate::arguments::Selftest;
use crate::output::{answer, note};

#[derive(Serialize)]
struct Tested {
    devices: Vec<TestReport>,
    card: Option<CardTried>,
    tags: Vec<TagTried>,
}

/// The command. The station is closed before a card is touched: its threads have the readers until then.
pub fn command(station: Station, wish: &Selftest, json: bool) -> Result<(), Problem> {
    station.settle();
    let listed = station.status().devices;
    let devices = listed.iter().map(|device| station.device_test(&device.id)).collect::<Result<Vec<_>, _>>()?;
    let reader = if wish.write_card {
        let readers = || listed.iter().filter(|device| device.kind == DeviceKind::Reader);
        let names: Vec<&str> = readers().map(|device| device.name.as_str()).collect();
        let reader = match (wish.reader.as_deref(), names.as_slice()) {
            (Some(reader), _) | (None, &[reader]) => reader,
            (None, several) => return Err(station.which_device("desfire", several)),
        };
        Some(reader.to_owned())
    } else {
        None
    };
    // From here on nobody else has the readers.
    drop(station);
    let mut tags = Vec::new();
    for tried in listed.iter().filter(|device| wish.write_tag && device.kind == DeviceKind::LfReader) {
        tags.push(try_tag_on(&tried.name)?);
    }
    let card = match &reader {
        Some(reader) => Some(try_card_on(reader, wish.pull, &mut |what| match what {
            Ask::Lay => note(&format!("Lay a blank test card on {reader}. It will be written.")),
            Ask::Pull { left } => {
                note(&format!("It is written and emptied over and over: pull it whenever you like. {left} to go."));
            }
            Ask::LayAgain => note("Lay the same card again."),
        })?),
        None => None,
    };
    answer(json, &Tested { devices, card, tags }, lines);
    Ok(())
}

fn lines(tested: &Tested) -> Vec<String> {
    let word = |report: &TestReport| {
        let name = report.details.get("device").map_or("", String::as_str);
        format!("{name}\t{}\t{}", if report.ok { "ok" } else { "FAILED" }, report.code)
    };
    let mut lines: Vec<String> = tested.devices.iter().map(word).collect();
    lines.extend(tested.tags.iter().map(|tag| {
        let heard = if tag.heard { "heard" } else { "NOT heard" };
        format!("125 kHz chip on {} ({}): written, read back, {heard}, restored", tag.reader, tag.version)
    }));
    if let Some(card) = &tested.card {
        lines.push(format!(
            "card {}: written and read back in {} exchanges, {} files; {}",
            card.uid,
            card.exchanges,
            card.files,
            if card.blank_again { "a blank again" } else { "NOT a blank again" }
        ));
        let pulled = card.pulled;
        let pulls = pulled.right + pulled.resumable + pulled.void;
        if pulls > 0 {
            let (right, resumable, void) = (pulled.right, pulled.resumable, pulled.void);
            lines.push(format!(
                "pulled {pulls} times: {right} right, {resumable} resumed, {void} void and reset, none lost"
            ));
        }
    }
    lines
}
