//! What ISO 7816 SELECT selects.

use lanyard_apdu::Command;

use crate::DesfireError;

/// What to select by its ISO 7816 name. A card without names knows none of these but the first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IsoTarget {
    /// The card level (MF, `3F00`).
    Master,
    /// An application by its DF name, 1 to 16 bytes; `D2760000850100` is the card level of every DESFire card.
    DfName(Vec<u8>),
    /// An application by its file identifier.
    Application(u16),
    /// A file of the selected application by its file identifier.
    File(u16),
}

impl IsoTarget {
    /// P2 0C: no file control information in the answer (ISO/IEC 7816-4 §11.2.2).
    pub(crate) fn wire(&self) -> Result<Command, DesfireError> {
        let (p1, data) = match self {
            Self::Master => (0, vec![0x3F, 0x00]),
            Self::DfName(name) if (1..=16).contains(&name.len()) => (4, name.clone()),
            Self::DfName(_) => return Err(DesfireError::Invalid { what: "DF name" }),
            Self::Application(fid) => (0, fid.to_be_bytes().to_vec()),
            Self::File(fid) => (2, fid.to_be_bytes().to_vec()),
        };
        Ok(Command::new(0x00, 0xA4, p1, 0x0C).with_data(data))
    }
}
