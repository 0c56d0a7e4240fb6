//! A LEGIC segment of a description: its stamp, its length, its fields behind the stamp.

use super::super::read::{At, SegmentText};
use super::super::{LegicKind, Segment};
use super::{Check, clip, field};
use crate::error::Problem;

/// The longest stamp, in bytes.
const STAMP: usize = 12;

pub(super) fn segment(check: &mut Check<'_>, read: At<SegmentText>) -> Option<Segment> {
    let begin = read.span().start;
    let SegmentText { stamp, family, length, fill, fields } = read.into_inner();
    let at = format!("legic {}", clip(stamp.get_ref()));
    check.mark(&at, begin);
    let Ok(bytes) = hex::decode(stamp.get_ref()) else {
        check.of(&at, "stamp", &stamp, Problem::Hex);
        return None;
    };
    if !(1..=STAMP).contains(&bytes.len()) {
        check.of(&at, "stamp", &stamp, Problem::Length { least: 1, most: STAMP });
        return None;
    }
    let family = *family.get_ref();
    // MIM1024; ATC4096.
    let most = match family {
        LegicKind::Prime => 1024,
        LegicKind::Advant => 4096,
    };
    let whole = *length.get_ref();
    if !(bytes.len()..=most).contains(&usize::from(whole)) {
        check.of(&at, "length", &length, Problem::Length { least: bytes.len(), most });
    }
    let fields = field::all(check, &at, fields, u32::from(whole));
    let stamped = fields.iter().find(|(field, _)| (field.offset as usize) < bytes.len());
    if let Some((field, offset)) = stamped {
        let at = super::within(&at, &format!("field {}", field.name));
        check.of(&at, "offset", offset, Problem::Overlap { with: "stamp".to_owned() });
    }
    let mut fields: Vec<_> = fields.into_iter().map(|(field, _)| field).collect();
    fields.sort_by_key(|field| field.offset);
    Some(Segment { stamp: bytes, family, length: whole, fill: fill.map_or(0, At::into_inner), fields })
}
