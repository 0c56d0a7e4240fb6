//! The two objects by which others recognise the card: CHUID (SP 800-73-4 part 1 §3.1.2, table 9) and card capability
//! container (§3.1.1, table 8; GSC-IS 2.1 §8.2).

use crate::tlv;

/// FASC-N, 25 bytes (SP 800-73-4 part 1 §3.1.2; PACS TIG SCEPACS §2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fascn(pub [u8; 25]);

impl Fascn {
    /// Outside of the federal government: agency 9999, and the rest nines, as SP 800-73-4 part 1 §3.4.1 asks, so that a
    /// reader goes by the GUID.
    pub const NON_FEDERAL: Self = Self([
        0xD4, 0xE7, 0x39, 0xDA, 0x73, 0x9C, 0xED, 0x39, 0xCE, 0x73, 0x9D, 0x83, 0x68, 0x58, 0x21, 0x08, 0x42, 0x10,
        0x84, 0x21, 0xC8, 0x42, 0x10, 0xC3, 0xEB,
    ]);

    /// From its nine numbers, in the order of the standard: agency (4 digits), system (4), credential (6), credential series
    /// (1), individual credential issue (1), person (10), organisational category (1), organisation (4), association (1).
    /// `None` if one has more digits than its field.
    #[must_use]
    pub fn new(numbers: [u64; 9]) -> Option<Self> {
        const DIGITS: [usize; 9] = [4, 4, 6, 1, 1, 10, 1, 4, 1];
        // After these fields stands a field separator.
        const SEPARATED: [bool; 9] = [true, true, true, true, true, false, false, false, false];
        const START: u8 = 0b01011;
        const SEPARATOR: u8 = 0b01101;
        const END: u8 = 0b01111;
        let mut symbols = vec![START];
        for ((number, digits), separated) in numbers.into_iter().zip(DIGITS).zip(SEPARATED) {
            let text = format!("{number:0digits$}");
            if text.len() != digits {
                return None;
            }
            symbols.extend(text.bytes().map(|digit| digit - b'0'));
            if separated {
                symbols.push(SEPARATOR);
            }
        }
        symbols.push(END);
        // Longitudinal check over the four data bits of every symbol.
        symbols.push(symbols.iter().fold(0, |sum, symbol| sum ^ symbol));
        let mut bits = 0_usize;
        let mut out = [0; 25];
        for symbol in symbols {
            let data = symbol & 0x0F;
            let parity = u8::from(data.count_ones() % 2 == 0);
            // Each symbol goes least significant bit first, odd parity last.
            for bit in [data & 1, data >> 1 & 1, data >> 2 & 1, data >> 3 & 1, parity] {
                out[bits / 8] |= bit << (7 - bits % 8);
                bits += 1;
            }
        }
        Some(Self(out))
    }
}

/// Card holder unique identifier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chuid {
    /// Number for federal door systems.
    pub fascn: Fascn,
    /// The card's own number: an RFC 4122 UUID.
    pub guid: [u8; 16],
    /// Expiry, `YYYYMMDD` in ASCII.
    pub expiry: [u8; 8],
}

impl Chuid {
    /// A CHUID that expires on that day. `None` if the date is none.
    #[must_use]
    pub fn new(fascn: Fascn, guid: [u8; 16], (year, month, day): (u16, u8, u8)) -> Option<Self> {
        if !(1..=9999).contains(&year) || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
            return None;
        }
        let expiry = format!("{year:04}{month:02}{day:02}").into_bytes().try_into().ok()?;
        Some(Self { fascn, guid, expiry })
    }

    /// The object's content. The issuer's signature is empty: nothing outside the federal government checks it, and the
    /// certificate says more.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = tlv::field(&[0x30], &self.fascn.0);
        tlv::put(&mut out, &[0x34], &self.guid);
        tlv::put(&mut out, &[0x35], &self.expiry);
        tlv::put(&mut out, &[0x3E], &[]);
        tlv::put(&mut out, &[0xFE], &[]);
        out
    }

    /// Reads an object's content; `None` if FASC-N, GUID or expiry is missing.
    #[must_use]
    pub fn parse(content: &[u8]) -> Option<Self> {
        Some(Self {
            fascn: Fascn(tlv::find(content, 0x30)?.try_into().ok()?),
            guid: tlv::find(content, 0x34)?.try_into().ok()?,
            expiry: tlv::find(content, 0x35)?.try_into().ok()?,
        })
    }
}

/// Card capability container, which Windows and OpenSC look for to recognise the card.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CardCapability {
    /// The card's number in it: 14 random bytes.
    pub number: [u8; 14],
}

impl CardCapability {
    /// The object's content: no access control rules, no redirection, PKCS#15 number and data model as the standard sets.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        // GSC-RID, manufacturer FF (none), card type 02 (Java Card), then the card's number.
        let mut identifier = vec![0xA0, 0x00, 0x00, 0x01, 0x16, 0xFF, 0x02];
        identifier.extend_from_slice(&self.number);
        let mut out = tlv::field(&[0xF0], &identifier);
        for (tag, value) in [(0xF1, &[0x21][..]), (0xF2, &[0x21]), (0xF3, &[]), (0xF4, &[0x00]), (0xF5, &[0x10])] {
            tlv::put(&mut out, &[tag], value);
        }
        for tag in [0xF6, 0xF7, 0xFA, 0xFB, 0xFC, 0xFD, 0xFE] {
            tlv::put(&mut out, &[tag], &[]);
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_that_does_not_fit_its_field_is_refused() {
        assert!(Fascn::new([10_000, 0, 0, 0, 0, 0, 0, 0, 0]).is_none());
        assert!(Fascn::new([9999; 9]).is_none());
    }

    #[test]
    fn a_chuid_comes_back_as_it_was_written() {
        let chuid = Chuid::new(Fascn::NON_FEDERAL, [7; 16], (2031, 11, 30)).unwrap();
        assert_eq!(Chuid::parse(&chuid.encode()), Some(chuid));
        assert!(Chuid::new(Fascn::NON_FEDERAL, [7; 16], (2031, 13, 1)).is_none());
        assert!(Chuid::parse(&[0x30, 1]).is_none());
    }
}
