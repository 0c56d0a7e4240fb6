//! What a card says of itself in GetVersion. Hearsay: any emulator says the same.

/// Which generation of chip.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Family {
    /// MF3ICD40: DES only.
    D40,
    /// MIFARE DESFire EV1: AES.
    Ev1,
    /// MIFARE DESFire EV2: EV2 secure messaging.
    Ev2,
    /// MIFARE DESFire EV3.
    Ev3,
    /// MIFARE DESFire Light.
    Light,
    /// Something else that speaks DESFire.
    Other,
}

/// GetVersion, read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CardVersion {
    /// From hardware type and major version.
    pub family: Family,
    /// Hardware major and minor.
    pub hardware: (u8, u8),
    /// Software major and minor.
    pub software: (u8, u8),
    /// At least this many bytes of memory.
    pub storage_bytes: u32,
    /// Production batch.
    pub batch: [u8; 5],
    /// Production week and year, as the card codes them (BCD).
    pub produced: (u8, u8),
    uid: [u8; 7],
}

impl CardVersion {
    /// The UID; `None` where the card hides it behind a random one (ask [`Op::GetCardUid`](crate::Op::GetCardUid)).
    #[must_use]
    pub fn uid(&self) -> Option<[u8; 7]> {
        (self.uid != [0; 7]).then_some(self.uid)
    }

    /// Whether the card takes [`Link::long_commands`](crate::Link::long_commands).
    #[must_use]
    pub fn takes_long_commands(&self) -> bool {
        matches!(self.family, Family::Ev2 | Family::Ev3 | Family::Light)
    }

    /// Hardware (7), software (7), UID (7), batch (5), week, year; later chips may append a little.
    pub(crate) fn parse(data: &[u8]) -> Option<Self> {
        if data.len() > 40 {
            return None;
        }
        let (&[_, kind, _, major, minor, storage, _], rest) = data.split_first_chunk::<7>()?;
        let (&[_, _, _, software_major, software_minor, _, _], rest) = rest.split_first_chunk::<7>()?;
        let (&uid, rest) = rest.split_first_chunk::<7>()?;
        let (&batch, rest) = rest.split_first_chunk::<5>()?;
        let (&[week, year], _) = rest.split_first_chunk::<2>()?;
        let family = match (kind & 0x0F, major) {
            (1, 0x00) => Family::D40,
            (1, 0x01) => Family::Ev1,
            // 22 is EV2 XL.
            (1, 0x12 | 0x22) => Family::Ev2,
            (1, 0x33) => Family::Ev3,
            (8, _) => Family::Light,
            _ => Family::Other,
        };
        Some(Self {
            family,
            hardware: (major, minor),
            software: (software_major, software_minor),
            storage_bytes: 1u32.checked_shl(u32::from(storage >> 1)).unwrap_or(u32::MAX),
            batch,
            produced: (week, year),
            uid,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EV1: [u8; 28] = [
        4, 1, 1, 1, 0, 0x1A, 5, 4, 1, 1, 1, 4, 0x1A, 5, 4, 0x3F, 0x72, 0x63, 0x34, 0x80, 0xBA, 0x45, 0x19, 0xE3, 0x20,
        0x49, 0x13, 0x14,
    ];

    #[test]
    fn a_recorded_ev1_says_what_it_is() {
        let version = CardVersion::parse(&EV1).unwrap();
        assert_eq!(version.family, Family::Ev1);
        assert_eq!(version.storage_bytes, 8192);
        assert_eq!(version.uid(), Some([4, 0x3F, 0x72, 0x63, 0x34, 0x80, 0xBA]));
        assert!(!version.takes_long_commands());
    }

    #[test]
    fn a_hidden_uid_is_none() {
        let mut hidden = EV1;
        hidden[14..21].fill(0);
        assert_eq!(CardVersion::parse(&hidden).unwrap().uid(), None);
    }

    #[test]
    fn a_version_cut_short_is_none_and_an_absurd_size_does_no_harm() {
        for len in 0..28 {
            assert!(CardVersion::parse(&EV1[..len]).is_none());
        }
        let mut absurd = EV1;
        absurd[5] = 0xFF;
        assert_eq!(CardVersion::parse(&absurd).unwrap().storage_bytes, u32::MAX);
    }
}
