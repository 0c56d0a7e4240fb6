//! The layer for USB HID (docs.baltech.de/developers/usb-hid-transfer-layer-brp): each frame in one report, the
//! smallest of four into which it fits.

/// Baltech's number among makers of USB devices; usage page FF00, usage 1.
pub const VENDOR: u16 = 0x13AD;

/// The longest frame in each report, by its number from 1.
pub const PAYLOADS: [usize; 4] = [12, 60, 252, 1020];

/// Why a report carries no frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReportFault {
    /// No report of that number, or not of its size.
    Report,
    /// The frame would be longer than the report.
    Length,
}

/// The report that carries a frame: its number, the frame's length (low byte first), the frame, zeros. `None` if it
/// fits into none.
#[must_use]
pub fn to_report(frame: &[u8]) -> Option<Vec<u8>> {
    let (number, room) = (1..).zip(PAYLOADS).find(|(_, room)| frame.len() <= *room)?;
    let mut report = vec![number];
    report.extend((frame.len() as u16).to_le_bytes());
    report.extend(frame);
    report.resize(3 + room, 0);
    Some(report)
}

/// The frame that a report carries.
///
/// # Errors
/// [`ReportFault`].
pub fn from_report(report: &[u8]) -> Result<&[u8], ReportFault> {
    let [number, low, high, frame @ ..] = report else { return Err(ReportFault::Report) };
    let room = usize::from(*number).checked_sub(1).and_then(|place| PAYLOADS.get(place));
    if room.is_none_or(|room| frame.len() < *room) {
        return Err(ReportFault::Report);
    }
    let length = usize::from(u16::from_le_bytes([*low, *high]));
    match (frame.get(..length), room) {
        (Some(frame), Some(room)) if length <= *room => Ok(frame),
        _ => Err(ReportFault::Length),
    }
}
