//! An EM4150 as far as its reader's calls show it: 34 words, of which 0 is the password and cannot be read. What its
//! control and protection words do is left out.

/// A chip.
#[derive(Clone, Debug)]
pub struct Em4150Tag {
    /// The words.
    pub words: [u32; 34],
    /// Whether writing wants a login.
    pub guarded: bool,
    logged_in: bool,
}

/// Serial number and maker: never written.
const READ_ONLY: u8 = 32;

impl Em4150Tag {
    /// With this password, wanted for writing.
    #[must_use]
    pub fn guarded(password: u32) -> Self {
        let mut words = [0; 34];
        words[0] = password;
        Self { words, guarded: true, logged_in: false }
    }

    pub(super) fn field_on(&mut self) {
        self.logged_in = false;
    }

    pub(super) fn login(&mut self, password: u32) -> bool {
        self.logged_in = password == self.words[0];
        self.logged_in
    }

    pub(super) fn read(&self, word: u8) -> Option<u32> {
        if word == 0 { None } else { self.words.get(usize::from(word)).copied() }
    }

    pub(super) fn write(&mut self, word: u8, value: u32) -> bool {
        let allowed = (self.logged_in || !self.guarded) && (1..READ_ONLY).contains(&word);
        match self.words.get_mut(usize::from(word)) {
            Some(held) if allowed => {
                *held = value;
                true
            }
            _ => false,
        }
    }
}
