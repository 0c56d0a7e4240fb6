//! Key settings of an application or the card, and the settings of a file, with their wire forms.

use crate::{AccessRights, CommMode, KeyNo, KeyVersion};

/// Which key must be proved to change a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ChangeKeyRight {
    /// This one (0, the master key, is the usual). The master key always changes itself.
    Key(KeyNo),
    /// Each key changes itself.
    SameKey,
    /// No key but the master key can be changed any more.
    Frozen,
}

/// First settings byte (KeySett1). On the card level the change-key right has no meaning and is [`KeyNo::MASTER`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct KeySettings {
    /// The master key can be changed.
    pub master_changeable: bool,
    /// Lists and file settings are readable without the master key.
    pub list_free: bool,
    /// Files (on the card level: applications) are created, and applications deleted, without the master key.
    pub create_free: bool,
    /// These settings can be changed.
    pub settings_changeable: bool,
    /// Who changes keys.
    pub change_key: ChangeKeyRight,
}

impl KeySettings {
    /// One byte: bits 0 to 3 the flags, 7 to 4 the change-key right.
    #[must_use]
    pub fn wire(self) -> u8 {
        let right = match self.change_key {
            ChangeKeyRight::Key(key) => key.get(),
            ChangeKeyRight::SameKey => 0xE,
            ChangeKeyRight::Frozen => 0xF,
        };
        u8::from(self.master_changeable)
            | u8::from(self.list_free) << 1
            | u8::from(self.create_free) << 2
            | u8::from(self.settings_changeable) << 3
            | right << 4
    }

    /// Every byte is some settings.
    #[must_use]
    pub fn from_wire(byte: u8) -> Self {
        Self {
            master_changeable: byte & 1 != 0,
            list_free: byte & 2 != 0,
            create_free: byte & 4 != 0,
            settings_changeable: byte & 8 != 0,
            change_key: match byte >> 4 {
                0xF => ChangeKeyRight::Frozen,
                key => KeyNo::new(key).map_or(ChangeKeyRight::SameKey, ChangeKeyRight::Key),
            },
        }
    }
}

/// Which cipher the keys of an application are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyType {
    /// DES and two-key triple DES.
    Des,
    /// Three-key triple DES.
    ThreeKeyDes,
    /// AES-128.
    Aes,
}

impl KeyType {
    /// Bits 7 and 6 of KeySett2, and of the key number when the card's master key changes its type.
    #[must_use]
    pub fn bits(self) -> u8 {
        match self {
            Self::Des => 0x00,
            Self::ThreeKeyDes => 0x40,
            Self::Aes => 0x80,
        }
    }

    /// As a number of its own: key sets, transaction MAC.
    #[must_use]
    pub fn number(self) -> u8 {
        self.bits() >> 6
    }

    fn from_wire(byte: u8) -> Option<Self> {
        Self::from_number(byte >> 6)
    }

    fn from_number(number: u8) -> Option<Self> {
        match number {
            0 => Some(Self::Des),
            1 => Some(Self::ThreeKeyDes),
            2 => Some(Self::Aes),
            _ => None,
        }
    }
}

/// What GetKeySettings answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ApplicationKeys {
    /// KeySett1.
    pub settings: KeySettings,
    /// For which cipher.
    pub key_type: KeyType,
    /// How many keys there are.
    pub count: u8,
}

impl ApplicationKeys {
    /// From two bytes or, on EV2 with key sets, more.
    pub(crate) fn parse(data: &[u8]) -> Option<Self> {
        let (settings, second) = match data {
            [settings, second, rest @ ..] if rest.len() <= 8 => (*settings, *second),
            _ => return None,
        };
        Some(Self {
            settings: KeySettings::from_wire(settings),
            key_type: KeyType::from_wire(second)?,
            count: second & 0x0F,
        })
    }
}

/// What kind of file it is, and how large.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FileShape {
    /// Standard data file: written at once.
    Standard {
        /// In bytes.
        size: u32,
    },
    /// Backup data file: written with CommitTransaction.
    Backup {
        /// In bytes.
        size: u32,
    },
    /// A value between two limits.
    Value {
        /// Lowest value.
        lower: i32,
        /// Highest value.
        upper: i32,
        /// How much limited credit is left.
        limited_credit: i32,
        /// Limited credit is possible.
        limited_credit_enabled: bool,
        /// Anyone may read the value.
        free_get_value: bool,
    },
    /// Records, linear or cyclic.
    Records {
        /// The oldest is overwritten when full.
        cyclic: bool,
        /// Bytes in one record.
        record_size: u32,
        /// How many fit.
        capacity: u32,
        /// How many there are.
        count: u32,
    },
    /// The transaction MAC of the application.
    TransactionMac {
        /// For which cipher its key is.
        key_type: KeyType,
        /// Version of its key.
        key_version: KeyVersion,
    },
}

/// What GetFileSettings answers.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FileSettings {
    /// Kind and size.
    pub shape: FileShape,
    /// How its data travels.
    pub mode: CommMode,
    /// Who may do what.
    pub rights: AccessRights,
    /// Further sets of rights (EV2), at most 7.
    pub further: Vec<AccessRights>,
}

impl FileSettings {
    pub(crate) fn parse(data: &[u8]) -> Option<Self> {
        let (&[kind, option, r0, r1], rest) = data.split_first_chunk::<4>()?;
        let (shape, length) = match kind {
            0 => (FileShape::Standard { size: three(rest, 0)? }, 3),
            1 => (FileShape::Backup { size: three(rest, 0)? }, 3),
            2 => {
                let flags = *rest.get(12)?;
                let shape = FileShape::Value {
                    lower: four(rest, 0)?,
                    upper: four(rest, 4)?,
                    limited_credit: four(rest, 8)?,
                    limited_credit_enabled: flags & 1 != 0,
                    free_get_value: flags & 2 != 0,
                };
                (shape, 13)
            }
            3 | 4 => {
                let shape = FileShape::Records {
                    cyclic: kind == 4,
                    record_size: three(rest, 0)?,
                    capacity: three(rest, 3)?,
                    count: three(rest, 6)?,
                };
                (shape, 9)
            }
            5 => {
                let (&key_type, &key_version) = (rest.first()?, rest.get(1)?);
                let key_type = KeyType::from_number(key_type)?;
                (FileShape::TransactionMac { key_type, key_version: KeyVersion(key_version) }, 2)
            }
            _ => return None,
        };
        // What EV3 appends beyond (mirroring into the file) is not for a badge, and not read.
        let mut further = Vec::new();
        if option & 0x80 != 0 && kind != 5 {
            let (&count, sets) = rest.get(length..)?.split_first()?;
            let sets = sets.as_chunks::<2>().0.get(..usize::from(count)).filter(|_| count <= 7)?;
            further.extend(sets.iter().copied().map(AccessRights::from_wire));
        }
        let (mode, rights) = (CommMode::from_wire(option), AccessRights::from_wire([r0, r1]));
        Some(Self { shape, mode, rights, further })
    }
}

fn three(data: &[u8], at: usize) -> Option<u32> {
    match data.get(at..at + 3)? {
        [a, b, c] => Some(u32::from_le_bytes([*a, *b, *c, 0])),
        _ => None,
    }
}

fn four(data: &[u8], at: usize) -> Option<i32> {
    data.get(at..at + 4)?.try_into().ok().map(i32::from_le_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Access;

    #[test]
    fn every_settings_byte_comes_back_as_it_went() {
        for byte in 0..=255 {
            assert_eq!(KeySettings::from_wire(byte).wire(), byte);
        }
    }

    #[test]
    fn the_settings_of_a_recorded_file_are_read() {
        let settings = FileSettings::parse(&[0, 0, 0x11, 0, 0x50, 0, 0]).unwrap();
        assert_eq!(settings.shape, FileShape::Standard { size: 80 });
        assert_eq!(settings.mode, CommMode::Plain);
        assert_eq!(settings.rights.change, Access::Key(KeyNo::new(1).unwrap()));
        assert_eq!(settings.rights.read, Access::Key(KeyNo::MASTER));
    }

    #[test]
    fn every_type_of_file_is_read_and_cut_short_it_is_none() {
        let every: [(&[u8], FileShape); 5] = [
            (&[1, 1, 0, 0, 4, 0, 0], FileShape::Backup { size: 4 }),
            (
                &[2, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF, 100, 0, 0, 0, 7, 0, 0, 0, 3],
                FileShape::Value {
                    lower: -1,
                    upper: 100,
                    limited_credit: 7,
                    limited_credit_enabled: true,
                    free_get_value: true,
                },
            ),
            (
                &[3, 3, 0x11, 0, 0x10, 0, 0, 5, 0, 0, 2, 0, 0],
                FileShape::Records { cyclic: false, record_size: 16, capacity: 5, count: 2 },
            ),
            (
                &[4, 3, 0x11, 0, 0x10, 0, 0, 5, 0, 0, 2, 0, 0],
                FileShape::Records { cyclic: true, record_size: 16, capacity: 5, count: 2 },
            ),
            (
                &[5, 0, 0x1F, 0xF0, 2, 9],
                FileShape::TransactionMac { key_type: KeyType::Aes, key_version: KeyVersion(9) },
            ),
        ];
        for (bytes, shape) in every {
            assert_eq!(FileSettings::parse(bytes).unwrap().shape, shape);
            for len in 0..bytes.len() {
                assert!(FileSettings::parse(&bytes[..len]).is_none(), "{shape:?} {len}");
            }
        }
    }

    #[test]
    fn further_sets_of_rights_are_read_and_never_taken_for_fewer() {
        let whole = [0, 0x80, 0x11, 0, 0x50, 0, 0, 2, 0x30, 0x1F, 0xEE, 0xEE];
        let settings = FileSettings::parse(&whole).unwrap();
        assert_eq!(settings.further, [AccessRights::from_wire([0x30, 0x1F]), AccessRights::from_wire([0xEE, 0xEE])]);
        for len in 0..whole.len() {
            assert!(FileSettings::parse(&whole[..len]).is_none(), "{len}");
        }
        assert!(FileSettings::parse(&[&[0, 0x80, 0x11, 0, 0x50, 0, 0, 8][..], &[0; 16]].concat()).is_none());
    }
}
