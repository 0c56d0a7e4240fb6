//! BER-TLV on the card's side.

/// Appends a field; cards of this size have no values above 65,535 bytes.
pub(crate) fn put(out: &mut Vec<u8>, tag: &[u8], value: &[u8]) {
    out.extend_from_slice(tag);
    let len = value.len();
    if len < 0x80 {
        out.push(len as u8);
    } else if len < 0x100 {
        out.extend_from_slice(&[0x81, len as u8]);
    } else {
        out.extend_from_slice(&[0x82, (len >> 8) as u8, len as u8]);
    }
    out.extend_from_slice(value);
}

/// One field alone.
pub(crate) fn field(tag: &[u8], value: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    put(&mut out, tag, value);
    out
}

/// All fields of a template whose tags have one byte; `None` where a length lies.
pub(crate) fn fields(mut bytes: &[u8]) -> Option<Vec<(u8, &[u8])>> {
    let mut all = Vec::new();
    while let [tag, rest @ ..] = bytes {
        let (len, rest) = match rest {
            [len @ 0..=0x7F, rest @ ..] => (usize::from(*len), rest),
            [0x81, len, rest @ ..] => (usize::from(*len), rest),
            [0x82, high, low, rest @ ..] => (usize::from(*high) << 8 | usize::from(*low), rest),
            _ => return None,
        };
        let (value, rest) = rest.split_at_checked(len)?;
        all.push((*tag, value));
        bytes = rest;
    }
    Some(all)
}

/// The first field of that tag.
pub(crate) fn value<'a>(fields: &[(u8, &'a [u8])], tag: u8) -> Option<&'a [u8]> {
    fields.iter().find(|(found, _)| *found == tag).map(|(_, value)| *value)
}
