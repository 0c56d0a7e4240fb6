//! Keys that are known to the test, and the search for them in what is sent and said.

/// A key of which no eight bytes in a row, from a multiple of eight, may be found anywhere.
#[derive(Clone, Debug)]
pub struct Known {
    parts: Vec<Vec<u8>>,
}

/// The lowest bit of a byte of a DES key is no key material, and is changed on the way.
const MATERIAL: u8 = 0xFE;
const PART: usize = 8;

impl Known {
    /// As many bytes as asked for, no two alike, none of them small.
    #[must_use]
    pub fn made<const N: usize>(seed: u8) -> [u8; N] {
        std::array::from_fn(|at| 0x80 | seed.wrapping_mul(37).wrapping_add((at as u8).wrapping_mul(22)) & 0x7E)
    }

    /// This key.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self { parts: bytes.chunks_exact(bytes.len().clamp(1, PART)).map(<[u8]>::to_vec).collect() }
    }

    /// Whether part of it stands in these bytes, as it is.
    #[must_use]
    pub fn is_in(&self, bytes: &[u8]) -> bool {
        let same = |(a, b): (&u8, &u8)| (a ^ b) & MATERIAL == 0;
        self.parts.iter().any(|part| bytes.windows(part.len()).any(|window| window.iter().zip(part).all(same)))
    }

    /// Whether a text shows it: as it is, as hexadecimal digits, or as a list of numbers.
    #[must_use]
    pub fn is_said_in(&self, text: &str) -> bool {
        let bare: String = text.chars().filter(|c| !c.is_whitespace()).map(|c| c.to_ascii_lowercase()).collect();
        self.is_in(text.as_bytes()) || self.is_shown_in(&bare)
    }

    /// The same in a text of lower case, without spaces.
    fn is_shown_in(&self, bare: &str) -> bool {
        self.parts.iter().any(|part| {
            let numbers: Vec<String> = part.iter().map(u8::to_string).collect();
            bare.contains(&hex::encode(part)) || bare.contains(&numbers.join(","))
        })
    }

    /// Panics where one of them stands.
    pub fn none_sent(keys: &[Self], bytes: &[u8]) {
        assert!(!keys.iter().any(|key| key.is_in(bytes)), "a key was sent");
    }

    /// Panics where one of them is said.
    pub fn none_said(keys: &[Self], said: &dyn std::fmt::Debug) {
        let text = format!("{said:?}");
        assert!(!keys.iter().any(|key| key.is_said_in(&text)), "a key is said");
    }
}
