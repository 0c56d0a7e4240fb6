//! What a case waits for, in words: for whoever has no window to look at it.

use lanyard_station::api::{CaseView, DeviceKind, DeviceRole, DeviceState, DeviceView};

/// Of an open case; with devices, by their names and with what lies on them.
pub fn words(case: &CaseView, devices: &[DeviceView]) -> String {
    let of = |role, otherwise: &str| {
        let device = devices.iter().find(|device| device.role == Some(role));
        device.map_or(otherwise.to_owned(), |device| device.name.clone())
    };
    let encoder = || of(DeviceRole::Encoder, "the encoder");
    let chip_reader = || of(DeviceRole::Chip, "the chip reader");
    let tag_reader = || of(DeviceRole::Lf, "the 125 kHz reader");
    let number = case.card.as_ref().map_or("its card", |card| card.number.as_str());
    let awaited = match case.step.as_str() {
        "data" => "the data to be confirmed".to_owned(),
        "photo" => "a photo".to_owned(),
        "preview" => "both sides of the card to be accepted".to_owned(),
        "card" => format!("a blank card on {}", encoder()),
        "encode" if case.tag => format!("the 125 kHz chip of {number} on {}", tag_reader()),
        "encode" => format!("the card of {number} on {}", encoder()),
        "certify" => format!("the chip of {number} on {}", chip_reader()),
        "print" => printer(devices),
        "hand_over" if case.hand_over.as_ref().is_some_and(|hand_over| !hand_over.ready) => {
            let tag = if case.tag { format!(", its 125 kHz chip on {}", tag_reader()) } else { String::new() };
            format!("{number} to be read once more: on {}, its chip on {}{tag}", encoder(), chip_reader())
        }
        "hand_over" => format!("{number} to be handed over"),
        _ => return String::new(),
    };
    // Where no device was looked at, it is no news that none is there.
    let unseen = |code: &str| devices.is_empty() && (code.starts_with("printer.") || code.starts_with("device."));
    let stopped = case.problem.as_ref().filter(|problem| !unseen(&problem.code));
    let stopped = stopped.map(|problem| format!(" (stopped: {})", problem.code)).unwrap_or_default();
    [awaited, stopped, lying(devices)].concat()
}

fn printer(devices: &[DeviceView]) -> String {
    let printers = || devices.iter().filter(|device| device.kind == DeviceKind::Printer);
    let used = || printers().filter(|device| device.role == Some(DeviceRole::Print) || printers().count() == 1);
    let stopped = used().find(|device| device.state != DeviceState::Ready && device.state != DeviceState::Busy);
    match (stopped, used().next()) {
        (Some(device), _) if device.reasons.is_empty() => format!("{}, which does not answer", device.name),
        (Some(device), _) => format!("{}, which says: {}", device.name, device.reasons.join(", ")),
        (None, Some(device)) => format!("{} to say that the card is printed", device.name),
        (None, None) => "a printer".to_owned(),
    }
}

/// What lies on the readers: often the answer to why it goes on no further.
fn lying(devices: &[DeviceView]) -> String {
    let card = |device: &DeviceView| {
        let card = device.card.as_ref()?;
        let what = match (&card.card, card.technology.as_str()) {
            (Some(ours), _) => ours.number.clone(),
            (None, "piv") => "a chip".to_owned(),
            (None, _) => format!("a card of UID {}", card.uid),
        };
        let wrong = card.problem.as_ref().map(|problem| format!(", {}", problem.code)).unwrap_or_default();
        Some(format!("; on {} lies {what}{wrong}", device.name))
    };
    devices.iter().filter_map(card).collect()
}
