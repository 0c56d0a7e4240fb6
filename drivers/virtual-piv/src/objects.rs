//! GET DATA and PUT DATA (SP 800-73-4 part 2 §3.1.2, §3.3.1).

use crate::{Answer, PivCard, tlv};

/// The objects of part 1 table 3 and the retired certificates (`5FC101` to `5FC120`) by tag.
fn known(tag: &[u8]) -> Option<u32> {
    match tag {
        [0x5F, 0xC1, last @ 0x01..=0x23] => Some(0x5F_C100 | u32::from(*last)),
        _ => None,
    }
}

impl PivCard {
    pub(crate) fn get_data(&mut self, data: &[u8]) -> Answer {
        let fields = tlv::fields(data).ok_or(0x6A80_u16)?;
        let wanted = tlv::value(&fields, 0x5C).ok_or(0x6A80_u16)?;
        let tag = known(wanted).ok_or(0x6A82_u16)?;
        // Part 1 table 2: fingerprints, printed information, face and iris are the holder's, and want the PIN.
        if matches!(tag, 0x5F_C103 | 0x5F_C108 | 0x5F_C109 | 0x5F_C121) && !self.live.pin_verified {
            return Err(0x6982);
        }
        let content = self.image.objects.get(&tag).ok_or(0x6A82_u16)?;
        Ok(tlv::field(&[0x53], &content.0))
    }

    pub(crate) fn put_data(&mut self, data: &[u8]) -> Answer {
        if !self.live.admin {
            return Err(0x6982);
        }
        let fields = tlv::fields(data).ok_or(0x6A80_u16)?;
        let [(0x5C, tag), (0x53, content)] = fields[..] else { return Err(0x6A80) };
        let tag = known(tag).ok_or(0x6A80_u16)?;
        self.image.store(tag, content)?;
        Ok(Vec::new())
    }
}
