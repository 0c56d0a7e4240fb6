//! The card's status codes (second byte of `91xx`).

/// What the card says when it refuses, or that it goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sw(pub(crate) u8);

impl Sw {
    pub(crate) const OK: Self = Self(0x00);
    pub(crate) const NO_CHANGES: Self = Self(0x0C);
    pub(crate) const OUT_OF_MEMORY: Self = Self(0x0E);
    pub(crate) const ILLEGAL_COMMAND: Self = Self(0x1C);
    pub(crate) const INTEGRITY: Self = Self(0x1E);
    pub(crate) const NO_SUCH_KEY: Self = Self(0x40);
    pub(crate) const LENGTH: Self = Self(0x7E);
    /// All is well, with a signature.
    pub(crate) const SIGNATURE: Self = Self(0x90);
    pub(crate) const PERMISSION_DENIED: Self = Self(0x9D);
    pub(crate) const PARAMETER: Self = Self(0x9E);
    pub(crate) const APP_NOT_FOUND: Self = Self(0xA0);
    pub(crate) const AUTHENTICATION: Self = Self(0xAE);
    pub(crate) const MORE: Self = Self(0xAF);
    pub(crate) const BOUNDARY: Self = Self(0xBE);
    pub(crate) const ABORTED: Self = Self(0xCA);
    pub(crate) const COUNT: Self = Self(0xCE);
    pub(crate) const DUPLICATE: Self = Self(0xDE);
    pub(crate) const FILE_NOT_FOUND: Self = Self(0xF0);
}
