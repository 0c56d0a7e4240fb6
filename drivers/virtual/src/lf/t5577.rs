//! A T5577: eight blocks, of which 0 is loaded as the configuration when the field comes on (ATA5577C data sheet,
//! "Operating modes").

use serde::{Deserialize, Serialize};

use super::{Heard, em4100, prox};

/// A chip. What is kept of it between two runs is its memory.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct T5577Tag {
    /// The blocks.
    pub blocks: [u32; 8],
    locked: [bool; 8],
    /// The configuration in force, from when the field comes on.
    #[serde(skip)]
    loaded: u32,
}

const PASSWORD_BIT: u32 = 1 << 4;

impl T5577Tag {
    /// As it comes from the factory: 000880E0, and no data.
    #[must_use]
    pub fn blank() -> Self {
        Self::with([0x0008_80E0, 0, 0, 0, 0, 0, 0, 0])
    }

    /// With these blocks.
    #[must_use]
    pub fn with(blocks: [u32; 8]) -> Self {
        Self { blocks, locked: [false; 8], loaded: blocks[0] }
    }

    /// Whether a block can no longer be written.
    #[must_use]
    pub fn is_locked(&self, block: u8) -> bool {
        self.locked.get(usize::from(block)).copied().unwrap_or(true)
    }

    pub(super) fn field_on(&mut self) {
        self.loaded = self.blocks[0];
    }

    pub(super) fn heard(&self) -> Option<Heard> {
        let [_, first, second, third, ..] = self.blocks;
        match self.loaded & !PASSWORD_BIT & 0x0FFF_FFFE {
            0x0014_8040 => em4100(u64::from(first) << 32 | u64::from(second)).map(Heard::Em4100),
            0x0010_7060 => prox([first, second, third]).map(Heard::Prox),
            _ => None,
        }
    }

    pub(super) fn wants_password(&self) -> bool {
        self.loaded & PASSWORD_BIT != 0
    }

    /// A read without password. Where one is wanted, the chip goes on sending its data, and a reader takes the first
    /// 32 bits of that for an answer.
    pub(super) fn read(&self, block: u8) -> Option<u32> {
        if self.wants_password() { Some(self.blocks[1]) } else { self.blocks.get(usize::from(block)).copied() }
    }

    /// A read with password. A chip that wants none takes the command for a write: the password's first bit for the
    /// lock bit, the other 31 and a zero for the data.
    pub(super) fn read_protected(&mut self, block: u8, password: u32) -> Option<u32> {
        if self.wants_password() {
            return if password == self.blocks[7] { self.blocks.get(usize::from(block)).copied() } else { None };
        }
        self.write(block, password << 1, password >> 31 == 1);
        self.read(block)
    }

    /// A write without password.
    pub(super) fn write(&mut self, block: u8, value: u32, lock: bool) {
        if !self.wants_password() {
            self.put(block, value, lock);
        }
    }

    /// A write with password.
    pub(super) fn write_protected(&mut self, block: u8, value: u32, lock: bool, password: u32) {
        if self.wants_password() && password == self.blocks[7] {
            self.put(block, value, lock);
        }
    }

    fn put(&mut self, block: u8, value: u32, lock: bool) {
        let Some(held) = self.blocks.get_mut(usize::from(block)) else { return };
        let locked = &mut self.locked[usize::from(block)];
        if !*locked {
            *held = value;
            *locked = lock;
        }
    }
}
