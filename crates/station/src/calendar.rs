//! Days as people and certificates write them. Time itself is milliseconds since 1970.

use lanyard_model::UnixMs;
use time::OffsetDateTime;

use crate::StationError;

fn date(at: UnixMs) -> Result<time::Date, StationError> {
    OffsetDateTime::from_unix_timestamp(at.0.div_euclid(1000))
        .map(OffsetDateTime::date)
        .map_err(|_| StationError::Calendar)
}

/// Year, month, day.
pub(crate) fn day(at: UnixMs) -> Result<(u16, u8, u8), StationError> {
    let date = date(at)?;
    Ok((u16::try_from(date.year()).map_err(|_| StationError::Calendar)?, u8::from(date.month()), date.day()))
}

/// `2031-11-24` (ISO 8601), which every language of the station reads.
pub(crate) fn day_text(at: UnixMs) -> Result<String, StationError> {
    let (year, month, day) = day(at)?;
    Ok(format!("{year:04}-{month:02}-{day:02}"))
}
