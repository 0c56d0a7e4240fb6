//! What Yubico added to PIV and other makers took over in part: version, serial number, metadata
//! (docs.yubico.com, PIV extensions). All optional: a card that does not know a command is no error.

use lanyard_apdu::{Command, Expected, Status};

use crate::{KeyAlgorithm, Operation, PublicKey, Slot, sequence::Next, tlv};

/// Firmware version, as GET VERSION tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version {
    /// Major.
    pub major: u8,
    /// Minor.
    pub minor: u8,
    /// Patch.
    pub patch: u8,
}

/// What metadata is asked of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reference {
    /// The PIN.
    Pin,
    /// The PUK.
    Puk,
    /// The management key.
    Management,
    /// A key pair.
    Key(Slot),
}

impl Reference {
    fn id(self) -> u8 {
        match self {
            Self::Pin => 0x80,
            Self::Puk => 0x81,
            Self::Management => 0x9B,
            Self::Key(slot) => slot.reference(),
        }
    }
}

/// What the card says of a key, PIN or PUK; what it does not say is `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Metadata {
    /// Algorithm identifier.
    pub algorithm: Option<u8>,
    /// Whether it still has the value that the maker gave it.
    pub is_default: Option<bool>,
    /// Tries left.
    pub left: Option<u8>,
    /// Whether the key was made on the card, as the card claims; only an attestation proves it.
    pub generated: Option<bool>,
    /// The key pair's public half.
    pub public_key: Option<PublicKey>,
    /// The slot is empty.
    pub absent: bool,
}

/// GET VERSION; `None` if the card does not know it.
pub fn version() -> Operation<Option<Version>> {
    Operation::new(ask_version())
}

pub(crate) fn ask_version() -> Next<Option<Version>> {
    Next::last(Command::new(0, 0xFD, 0, 0).expecting(Expected::Any), |response| {
        Ok(match (response.status, &response.data[..]) {
            (Status::OK, &[major, minor, patch]) => Some(Version { major, minor, patch }),
            _ => None,
        })
    })
}

/// GET SERIAL; `None` if the card does not know it.
pub fn serial() -> Operation<Option<u32>> {
    Operation::new(ask_serial())
}

pub(crate) fn ask_serial() -> Next<Option<u32>> {
    Next::last(Command::new(0, 0xF8, 0, 0).expecting(Expected::Any), |response| {
        Ok(match response.status {
            Status::OK => response.data[..].try_into().ok().map(u32::from_be_bytes),
            _ => None,
        })
    })
}

/// GET METADATA; `None` if the card does not know it.
pub fn metadata(reference: Reference) -> Operation<Option<Metadata>> {
    Operation::new(ask_metadata(reference))
}

pub(crate) fn ask_metadata(reference: Reference) -> Next<Option<Metadata>> {
    Next::last(Command::new(0, 0xF7, 0, reference.id()).expecting(Expected::Any), |response| {
        Ok(match response.status.0 {
            0x9000 => Some(read(&response.data)),
            0x6A88 => Some(Metadata { absent: true, ..Metadata::default() }),
            _ => None,
        })
    })
}

fn read(data: &[u8]) -> Metadata {
    let byte = |tag, at: usize| tlv::find(data, tag).and_then(|value| value.get(at)).copied();
    let algorithm = byte(1, 0);
    Metadata {
        algorithm,
        is_default: byte(5, 0).map(|flag| flag != 0),
        left: byte(6, 1),
        generated: byte(3, 0).map(|origin| origin == 1),
        public_key: algorithm
            .and_then(KeyAlgorithm::of)
            .zip(tlv::find(data, 4))
            .and_then(|(algorithm, fields)| PublicKey::read(algorithm, fields)),
        absent: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_of_a_factory_management_key_and_of_a_pin_is_read() {
        let management = read(&[1, 1, 0x0A, 2, 2, 0, 1, 5, 1, 1]);
        assert_eq!((management.algorithm, management.is_default), (Some(0x0A), Some(true)));
        let pin = read(&[1, 1, 0xFF, 5, 1, 0, 6, 2, 3, 2]);
        assert_eq!((pin.is_default, pin.left), (Some(false), Some(2)));
        assert_eq!(read(&[]), Metadata::default());
    }
}
