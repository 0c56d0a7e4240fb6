//! BER-TLV as PIV uses it (SP 800-73-4 part 2, and ISO/IEC 8825-1 §8.1): tags of one to three bytes, lengths below 64 KiB.

/// Appends a field. Lengths take the shortest form; longer values than 65,535 bytes do not occur, callers bound them.
pub(crate) fn put(out: &mut Vec<u8>, tag: &[u8], value: &[u8]) {
    out.extend_from_slice(tag);
    match value.len() {
        n @ 0..=0x7F => out.push(n as u8),
        n @ 0x80..=0xFF => out.extend_from_slice(&[0x81, n as u8]),
        n => out.extend_from_slice(&[0x82, (n >> 8) as u8, n as u8]),
    }
    out.extend_from_slice(value);
}

/// One field alone.
pub(crate) fn field(tag: &[u8], value: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(value.len() + 7);
    put(&mut out, tag, value);
    out
}

/// Takes the first field off: its tag as a number, its value, what follows. `None` where a length lies.
pub(crate) fn take(bytes: &[u8]) -> Option<(u32, &[u8], &[u8])> {
    let (&first, mut rest) = bytes.split_first()?;
    let mut tag = u32::from(first);
    if first & 0x1F == 0x1F {
        // ISO/IEC 8825-1 §8.1.2.4: more tag bytes follow as long as bit 8 is set.
        loop {
            let (&next, after) = rest.split_first()?;
            rest = after;
            if tag > 0xFFFF {
                return None;
            }
            tag = tag << 8 | u32::from(next);
            if next & 0x80 == 0 {
                break;
            }
        }
    }
    let (&short, rest) = rest.split_first()?;
    let (len, rest) = match short {
        0..=0x7F => (usize::from(short), rest),
        0x81 => rest.split_first().map(|(&a, rest)| (usize::from(a), rest))?,
        0x82 => rest.split_first_chunk::<2>().map(|(&b, rest)| (usize::from(u16::from_be_bytes(b)), rest))?,
        _ => return None,
    };
    let (value, rest) = rest.split_at_checked(len)?;
    Some((tag, value, rest))
}

/// The value of the first field of that tag among siblings. `None` if absent, or if a length lies before it.
pub(crate) fn find(mut bytes: &[u8], wanted: u32) -> Option<&[u8]> {
    while !bytes.is_empty() {
        let (tag, value, rest) = take(bytes)?;
        if tag == wanted {
            return Some(value);
        }
        bytes = rest;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_of_every_length_form_come_back() {
        for len in [0, 1, 0x7F, 0x80, 0xFF, 0x100, 3000] {
            let value = vec![7; len];
            let bytes = field(&[0x7F, 0x49], &value);
            assert_eq!(take(&bytes), Some((0x7F49, &value[..], &[][..])));
        }
    }

    #[test]
    fn a_length_that_lies_is_no_field() {
        for bytes in
            [&[0x53][..], &[0x53, 2, 1], &[0x53, 0x82, 1], &[0x53, 0x80], &[0x53, 0x84, 0, 0, 0, 1, 9], &[0x7F]]
        {
            assert_eq!(take(bytes), None, "{bytes:02X?}");
        }
        assert_eq!(take(&[0x1F, 0x81, 0x81, 0x81, 0x81, 0x01, 0x00]), None);
    }

    #[test]
    fn a_field_is_found_among_its_siblings() {
        let bytes = [0x70, 1, 9, 0x71, 1, 0, 0xFE, 0];
        assert_eq!(find(&bytes, 0x71), Some(&[0][..]));
        assert_eq!(find(&bytes, 0xFE), Some(&[][..]));
        assert_eq!(find(&bytes, 0x72), None);
    }
}
