//! What SetConfiguration sets: of the whole card, on the card level, with its master key.

use zeroize::Zeroizing;

use crate::DesfireError;
use crate::keys::NewKey;

/// What SetConfiguration sets.
pub enum Configuration {
    /// `00`: of the whole card, neither can be taken back.
    Picc {
        /// FormatPICC refuses from now on.
        disable_format: bool,
        /// The card shows a random UID before authentication.
        random_uid: bool,
    },
    /// `01`: what every key of a new application is at first.
    DefaultKey(NewKey),
    /// `02`: the whole answer to select, length byte first.
    Ats(Vec<u8>),
    /// `04`: which older secure messaging the card refuses from now on (EV2).
    SecureMessaging {
        /// No `0A` any more.
        disable_d40: bool,
        /// No `1A` and `AA` any more.
        disable_ev1: bool,
    },
}

impl Configuration {
    /// Option, data, and whether the data is of no fixed length and therefore marked at its end.
    pub(crate) fn wire(&self) -> Result<(u8, Zeroizing<Vec<u8>>, bool), DesfireError> {
        Ok(match self {
            Self::Picc { disable_format, random_uid } => {
                (0, Zeroizing::new(vec![u8::from(*disable_format) | u8::from(*random_uid) << 1]), false)
            }
            Self::DefaultKey(key) => {
                // As long as the longest key, then the version.
                let mut data = Zeroizing::new(vec![0; 25]);
                let bytes = key.bytes();
                data[..bytes.len()].copy_from_slice(&bytes);
                data[24] = key.version().0;
                (1, data, false)
            }
            Self::Ats(ats) => {
                if ats.len() > 20 || ats.first().is_none_or(|len| usize::from(*len) != ats.len()) {
                    return Err(DesfireError::Invalid { what: "answer to select" });
                }
                (2, Zeroizing::new(ats.clone()), true)
            }
            // Two bytes, the flags in the second (liblogicalaccess, desfireev2iso7816commands.cpp).
            Self::SecureMessaging { disable_d40, disable_ev1 } => {
                (4, Zeroizing::new(vec![0, u8::from(*disable_d40) | u8::from(*disable_ev1) << 1]), false)
            }
        })
    }
}
