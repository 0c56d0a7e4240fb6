//! An EM4305: sixteen words, of which 2 is the password and 4 the configuration (EM4305 data sheet, "Memory").

use super::{Heard, em4100};

/// A chip.
#[derive(Clone, Debug)]
pub struct Em4305Tag {
    /// The words.
    pub words: [u32; 16],
    /// The configuration in force.
    loaded: u32,
    logged_in: bool,
}

impl Em4305Tag {
    /// As it comes from the factory: biphase, RF/32, words 5 to 8.
    #[must_use]
    pub fn blank() -> Self {
        let mut words = [0; 16];
        words[0] = 0x0004_0072;
        words[1] = 0x1A2B_3C4D;
        words[4] = 0x0002_008F;
        Self { words, loaded: words[4], logged_in: false }
    }

    pub(super) fn field_on(&mut self) {
        self.loaded = self.words[4];
        self.logged_in = false;
    }

    /// The chip sends its words from 5 on, lowest bit first.
    pub(super) fn heard(&self) -> Option<Heard> {
        let first = u64::from(self.words[5].reverse_bits());
        let second = u64::from(self.words[6].reverse_bits());
        match self.loaded & 0x0003_FFFF {
            0x0001_805F => em4100(first << 32 | second).map(Heard::Em4100),
            _ => None,
        }
    }

    pub(super) fn login(&mut self, password: u32) -> bool {
        self.logged_in = password == self.words[2];
        self.logged_in
    }

    pub(super) fn read(&self, word: u8) -> Option<u32> {
        let allowed = self.logged_in || self.loaded & 1 << 18 == 0;
        if allowed && word != 2 { self.words.get(usize::from(word)).copied() } else { None }
    }

    pub(super) fn write(&mut self, word: u8, value: u32) -> bool {
        let allowed = self.logged_in || self.loaded & 1 << 20 == 0;
        match self.words.get_mut(usize::from(word)) {
            // 0 and 1 are the maker's, 14 and 15 have a command of their own.
            Some(held) if allowed && (2..14).contains(&word) => {
                *held = value;
                true
            }
            _ => false,
        }
    }
}
