//! Up to 64 bits in the order in which they go over the wire, and the forms in which other programs print them.

use crate::FormatError;

/// Bits, the first on the wire being the highest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Bits {
    value: u64,
    len: u8,
}

impl Bits {
    /// The lowest `len` bits of a number.
    ///
    /// # Errors
    /// [`FormatError::Room`] above 64 bits, or where a higher bit is set.
    pub fn new(value: u64, len: u8) -> Result<Self, FormatError> {
        let fits = len <= 64 && (len == 64 || value >> len == 0);
        if fits { Ok(Self { value, len }) } else { Err(FormatError::Room { bits: len, bytes: 8 }) }
    }

    /// The bits as a number.
    #[must_use]
    pub fn value(self) -> u64 {
        self.value
    }

    /// How many.
    #[must_use]
    pub fn len(self) -> u8 {
        self.len
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.len == 0
    }

    /// Right-justified in so many bytes, zero bits before: as data files on DESFire cards mostly hold them.
    ///
    /// # Errors
    /// [`FormatError::Room`] where they do not fit.
    pub fn to_bytes(self, bytes: usize) -> Result<Vec<u8>, FormatError> {
        if bytes.saturating_mul(8) < usize::from(self.len) {
            return Err(FormatError::Room { bits: self.len, bytes });
        }
        let mut out = vec![0; bytes.saturating_sub(8)];
        out.extend_from_slice(&self.value.to_be_bytes()[8 - bytes.min(8)..]);
        Ok(out)
    }

    /// `len` bits that stand right-justified in bytes.
    ///
    /// # Errors
    /// [`FormatError::Room`] where the bytes are too few, or a bit before them is set.
    pub fn from_bytes(bytes: &[u8], len: u8) -> Result<Self, FormatError> {
        let fail = FormatError::Room { bits: len, bytes: bytes.len() };
        if bytes.len() * 8 < usize::from(len) {
            return Err(fail);
        }
        let (before, low) = bytes.split_at(bytes.len().saturating_sub(8));
        if before.iter().any(|byte| *byte != 0) {
            return Err(fail);
        }
        let value = low.iter().fold(0, |value, byte| value << 8 | u64::from(*byte));
        Self::new(value, len).map_err(|_| fail)
    }

    /// Left-justified in so many bytes, zero bits behind.
    ///
    /// # Errors
    /// [`FormatError::Room`] where they do not fit.
    pub fn to_bytes_left(self, bytes: usize) -> Result<Vec<u8>, FormatError> {
        let filled = usize::from(self.len).div_ceil(8);
        if bytes < filled {
            return Err(FormatError::Room { bits: self.len, bytes });
        }
        let padding = (filled * 8) as u32 - u32::from(self.len);
        let mut out = (self.value << padding).to_be_bytes()[8 - filled..].to_vec();
        out.resize(bytes, 0);
        Ok(out)
    }

    /// `len` bits that stand left-justified in bytes.
    ///
    /// # Errors
    /// [`FormatError::Room`] where the bytes are too few, or a bit behind them is set.
    pub fn from_bytes_left(bytes: &[u8], len: u8) -> Result<Self, FormatError> {
        let fail = FormatError::Room { bits: len, bytes: bytes.len() };
        let filled = usize::from(len).div_ceil(8);
        let (own, behind) = bytes.split_at_checked(filled).filter(|_| len <= 64).ok_or(fail)?;
        let value = own.iter().fold(0_u64, |value, byte| value << 8 | u64::from(*byte));
        let padding = (filled * 8) as u32 - u32::from(len);
        if behind.iter().any(|byte| *byte != 0) || value & ((1 << padding) - 1) != 0 {
            return Err(fail);
        }
        Self::new(value >> padding, len).map_err(|_| fail)
    }

    /// As HID Prox readers and tools print it: a sentinel bit above the bits, and bit 37, for fewer than 37 bits.
    #[must_use]
    pub fn hid_raw(self) -> u64 {
        if self.len < 37 { self.value | 1 << self.len | 1 << 37 } else { self.value }
    }

    /// As HID's "new PACS" object: the number of padding bits, then the bits left-justified.
    #[must_use]
    pub fn new_pacs(self) -> Vec<u8> {
        let bytes = usize::from(self.len).div_ceil(8);
        let padding = (bytes * 8) as u8 - self.len;
        let mut out = vec![padding];
        out.extend(self.to_bytes_left(bytes).unwrap_or_default());
        out
    }
}

impl std::fmt::Display for Bits {
    /// Binary digits, the first on the wire first.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.len == 0 { Ok(()) } else { write!(f, "{:0len$b}", self.value, len = usize::from(self.len)) }
    }
}
