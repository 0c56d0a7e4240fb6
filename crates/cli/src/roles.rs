//! Which devices a badge is issued on: those that were named, else those that this station uses for it, else the only
//! fitting ones; where several fit, nothing is begun.

use lanyard_station::Station;
use lanyard_station::api::{DeviceKind, DeviceRole, DeviceView, Problem};

use crate::arguments::Issue;
use crate::output::usage_problem;

/// What is looked for.
struct Part {
    what: &'static str,
    kind: DeviceKind,
    role: DeviceRole,
    /// What lies on a reader that fits.
    technology: &'static str,
}

const PRINTER: Part = Part { what: "printer", kind: DeviceKind::Printer, role: DeviceRole::Print, technology: "" };
const ENCODER: Part =
    Part { what: "desfire", kind: DeviceKind::Reader, role: DeviceRole::Encoder, technology: "desfire" };
const TAG: Part = Part { what: "t5577", kind: DeviceKind::LfReader, role: DeviceRole::Lf, technology: "" };
const CHIP: Part = Part { what: "piv", kind: DeviceKind::Reader, role: DeviceRole::Chip, technology: "piv" };

/// Gives readers and printer their roles for this run. Called when devices have settled. A badge that is printed already
/// needs no printer.
pub fn assign(station: &Station, wish: &Issue, printed: bool) -> Result<(), Problem> {
    let (mut encoder, mut chip, mut tag) = (None, None, None);
    for word in &wish.readers {
        match word.split_once('=') {
            Some(("desfire", name)) => encoder = Some(name),
            Some(("piv", name)) => chip = Some(name),
            Some(("t5577" | "twn4", name)) => tag = Some(name),
            _ => return Err(usage_problem("--reader", word)),
        }
    }
    let mut devices = station.status().devices;
    let listed = |name: &str| devices.iter().any(|device| device.kind == TAG.kind && device.name == name);
    if let Some(port) = tag.filter(|name| !listed(name) && std::path::Path::new(name).exists()) {
        devices = station.tag_reader_at(port)?.devices;
    }
    let find = |part: &Part, name: Option<&str>, taken: Option<&str>| match name {
        Some(name) => by_name(&devices, part, name),
        None => only(station, &devices, part, taken),
    };
    let printer = if printed { None } else { Some(find(&PRINTER, wish.printer.as_deref(), None)?) };
    if printer.is_some_and(|printer| printer.file.is_some()) {
        station.may_print_to_file(wish.print_reason.as_deref().unwrap_or_default())?;
    }
    let encoder = find(&ENCODER, encoder, chip)?;
    if let Some(printer) = printer {
        station.device_for_now(&printer.id, PRINTER.role)?;
    }
    station.device_for_now(&encoder.id, ENCODER.role)?;
    // Several, and none named: whoever needs one is told.
    if tag.is_some() || fitting(&devices, &TAG, None).len() == 1 {
        station.device_for_now(&find(&TAG, tag, None)?.id, TAG.role)?;
    }
    // Neither named nor there: a badge without a chip.
    if chip.is_some() || fitting(&devices, &CHIP, Some(&encoder.name)).iter().any(|device| uses_chips(device)) {
        let chip = find(&CHIP, chip, Some(&encoder.name))?;
        station.device_for_now(&chip.id, CHIP.role)?;
    }
    Ok(())
}

fn by_name<'a>(devices: &'a [DeviceView], part: &Part, name: &str) -> Result<&'a DeviceView, Problem> {
    let of_kind = || devices.iter().filter(|device| device.kind == part.kind);
    of_kind().find(|device| device.name == name).ok_or_else(|| {
        let names: Vec<&str> = of_kind().map(|device| device.name.as_str()).collect();
        usage_problem(part.what, &format!("{name}; there are: {}", names.join(", ")))
    })
}

/// The only one that fits: of those that are used for it here, or else of all; of these, the one with such a card.
fn only<'a>(
    station: &Station,
    devices: &'a [DeviceView],
    part: &Part,
    taken: Option<&str>,
) -> Result<&'a DeviceView, Problem> {
    let mut candidates = fitting(devices, part, taken);
    for better in [|device: &DeviceView, part: &Part| device.role == Some(part.role), has_card] {
        if candidates.iter().any(|device| better(device, part)) {
            candidates.retain(|device| better(device, part));
        }
    }
    match candidates.as_slice() {
        [only] => Ok(only),
        several => {
            let names: Vec<&str> = several.iter().map(|device| device.name.as_str()).collect();
            Err(station.which_device(part.what, &names))
        }
    }
}

/// Used for nothing else, taken by nothing else, and with no card of another kind on it.
fn fitting<'a>(devices: &'a [DeviceView], part: &Part, taken: Option<&str>) -> Vec<&'a DeviceView> {
    devices
        .iter()
        .filter(|device| device.kind == part.kind && taken != Some(device.name.as_str()))
        .filter(|device| device.role.is_none_or(|role| role == part.role))
        .filter(|device| device.role.is_some() || device.card.is_none() || has_card(device, part))
        .collect()
}

fn has_card(device: &DeviceView, part: &Part) -> bool {
    device.card.as_ref().is_some_and(|card| card.technology == part.technology)
}

fn uses_chips(device: &DeviceView) -> bool {
    device.role == Some(CHIP.role) || has_card(device, &CHIP)
}
