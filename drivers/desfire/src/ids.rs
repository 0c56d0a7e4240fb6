//! Numbers that must not be mixed (application, file, key, key version), and who may do what with a file.

use crate::DesfireError;

/// Application identifier: three bytes in the order they go over the wire (least significant first).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Aid(pub [u8; 3]);

impl Aid {
    /// The card level, where applications are made and the card's master key lives.
    pub const PICC: Self = Self([0; 3]);

    /// From the number as it is usually written, `0xF51CD8`: the wire order is the reverse.
    #[must_use]
    pub fn from_number(number: u32) -> Self {
        let [a, b, c, _] = number.to_le_bytes();
        Self([a, b, c])
    }

    /// The number as it is usually written.
    #[must_use]
    pub fn number(self) -> u32 {
        u32::from_le_bytes([self.0[0], self.0[1], self.0[2], 0])
    }
}

/// File number, 0 to 31.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FileNo(u8);

impl FileNo {
    /// `None` above 31.
    #[must_use]
    pub fn new(number: u8) -> Option<Self> {
        (number < 32).then_some(Self(number))
    }

    /// The number.
    #[must_use]
    pub fn get(self) -> u8 {
        self.0
    }
}

/// Key number within an application, 0 to 13, or one of the keys for delegated applications on the card level.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyNo(u8);

impl KeyNo {
    /// The master key of an application, or of the card.
    pub const MASTER: Self = Self(0);
    /// Card level, EV2: who may create a delegated application proves this key (AN12696, PICCDAMAuthKey).
    pub const DELEGATION: Self = Self(0x10);
    /// Card level, EV2: makes the card issuer's MAC over a delegation (PICCDAMMACKey).
    pub const DELEGATION_MAC: Self = Self(0x11);
    /// Card level, EV2: enciphers a delegated application's first key (PICCDAMENCKey).
    pub const DELEGATION_ENC: Self = Self(0x12);

    /// `None` above 13.
    #[must_use]
    pub fn new(number: u8) -> Option<Self> {
        (number < 14).then_some(Self(number))
    }

    /// Whether an application has it.
    pub(crate) fn in_application(self) -> bool {
        self.0 < 14
    }

    /// The number.
    #[must_use]
    pub fn get(self) -> u8 {
        self.0
    }
}

/// Version byte that the card keeps beside a key, readable without any key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyVersion(pub u8);

/// How a file's data travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CommMode {
    /// In the clear.
    Plain,
    /// In the clear, with a MAC.
    Mac,
    /// Enciphered, with a MAC (EV2) or CRC (EV1, D40).
    Full,
}

impl CommMode {
    /// The byte in create-file commands.
    #[must_use]
    pub fn wire(self) -> u8 {
        match self {
            Self::Plain => 0,
            Self::Mac => 1,
            Self::Full => 3,
        }
    }

    /// From the two low bits of a file's settings; `10` is plain as well.
    #[must_use]
    pub fn from_wire(byte: u8) -> Self {
        match byte & 3 {
            1 => Self::Mac,
            3 => Self::Full,
            _ => Self::Plain,
        }
    }
}

/// Who has one right to a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Access {
    /// Whoever proved this key.
    Key(KeyNo),
    /// Anyone, without a key.
    Free,
    /// No one.
    Never,
}

impl Access {
    fn nibble(self) -> u16 {
        match self {
            Self::Key(key) if key.in_application() => u16::from(key.0),
            Self::Free => 0xE,
            // No file can be opened with a key of the card level.
            Self::Key(_) | Self::Never => 0xF,
        }
    }

    fn from_nibble(value: u16) -> Self {
        match value & 0xF {
            0xE => Self::Free,
            0xF => Self::Never,
            // Masked to four bits: fits a byte, and below 14.
            key => Self::Key(KeyNo(key as u8)),
        }
    }
}

/// The four rights of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AccessRights {
    /// Read only.
    pub read: Access,
    /// Write only.
    pub write: Access,
    /// Read and write.
    pub read_write: Access,
    /// Change these rights.
    pub change: Access,
}

impl AccessRights {
    /// Two bytes: read, write, read-write, change as nibbles from the highest, sent least significant byte first.
    #[must_use]
    pub fn wire(self) -> [u8; 2] {
        let value =
            self.read.nibble() << 12 | self.write.nibble() << 8 | self.read_write.nibble() << 4 | self.change.nibble();
        value.to_le_bytes()
    }

    /// Every pair of bytes is some set of rights.
    #[must_use]
    pub fn from_wire(bytes: [u8; 2]) -> Self {
        let value = u16::from_le_bytes(bytes);
        Self {
            read: Access::from_nibble(value >> 12),
            write: Access::from_nibble(value >> 8),
            read_write: Access::from_nibble(value >> 4),
            change: Access::from_nibble(value),
        }
    }
}

/// Three bytes, least significant first: lengths, offsets and sizes.
pub(crate) fn three_bytes(value: u32, what: &'static str) -> Result<[u8; 3], DesfireError> {
    match value.to_le_bytes() {
        [a, b, c, 0] => Ok([a, b, c]),
        _ => Err(DesfireError::Invalid { what }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn rights_go_over_the_wire_as_the_data_sheet_prints_them() {
        let rights = AccessRights {
            read: Access::Key(KeyNo(1)),
            write: Access::Never,
            read_write: Access::Key(KeyNo(3)),
            change: Access::Key(KeyNo(0)),
        };
        assert_eq!(rights.wire(), [0x30, 0x1F]);
    }

    #[test]
    fn an_application_number_is_sent_least_significant_byte_first() {
        assert_eq!(Aid::from_number(0x00F5_1CD8), Aid([0xD8, 0x1C, 0xF5]));
        assert_eq!(Aid([0xD8, 0x1C, 0xF5]).number(), 0x00F5_1CD8);
    }

    #[test]
    fn a_key_or_file_number_that_no_card_has_cannot_be_made() {
        assert!(KeyNo::new(13).is_some() && KeyNo::new(14).is_none());
        assert!(FileNo::new(31).is_some() && FileNo::new(32).is_none());
    }

    proptest! {
        #[test]
        fn any_rights_come_back_as_they_went(bytes: [u8; 2]) {
            prop_assert_eq!(AccessRights::from_wire(bytes).wire(), bytes);
        }
    }
}
