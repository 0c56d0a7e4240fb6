//! Why a file gives no photo. What is merely not good about a photo is a [`crate::Hint`].

use lanyard_fault::{Coded, Fault, Helps};

/// A file that cannot be taken as a photo.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PhotoError {
    /// Neither JPEG nor PNG.
    #[error("neither JPEG nor PNG")]
    Format,
    /// The header claims more pixels than are taken; nothing was unpacked.
    #[error("{width} × {height} pixels, at most {limit_megapixels} megapixels")]
    TooLarge {
        /// Across, as the header says.
        width: u32,
        /// Down, as the header says.
        height: u32,
        /// In millions of pixels.
        limit_megapixels: u64,
    },
    /// The file itself is too long.
    #[error("{bytes} bytes, at most {limit}")]
    FileTooLarge {
        /// What it has.
        bytes: usize,
        /// What it may have.
        limit: usize,
    },
    /// Within 120 megapixels, but packed so that it cannot be unpacked piece by piece (progressive JPEG without
    /// subsampling, interlaced PNG).
    #[error("this kind of file would need {needed_mb} MB to unpack, at most {limit_mb}")]
    TooHeavy {
        /// In millions of bytes.
        needed_mb: u64,
        /// In millions of bytes.
        limit_mb: u64,
    },
    /// The file ends before the picture does.
    #[error("the file ends before the picture does")]
    Truncated,
    /// It cannot be unpacked.
    #[error("the picture is damaged")]
    Damaged,
    /// It is of a kind of JPEG or PNG that no camera makes (12 bits, lossless, arithmetic coding).
    #[error("a kind of JPEG or PNG that is not read")]
    Unsupported,
    /// The portrait could not be packed: a fault of ours.
    #[error("the portrait could not be written")]
    Write,
}

impl Coded for PhotoError {
    fn code(&self) -> &'static str {
        match self {
            Self::Format => "photo.format",
            Self::TooLarge { .. } => "photo.large",
            Self::FileTooLarge { .. } => "photo.file.large",
            Self::TooHeavy { .. } => "photo.heavy",
            Self::Truncated => "photo.truncated",
            Self::Damaged => "photo.damaged",
            Self::Unsupported => "photo.unsupported",
            Self::Write => "photo.write",
        }
    }

    fn fault(&self) -> Fault {
        match self {
            Self::Write => Fault::Us,
            _ => Fault::Operator,
        }
    }

    fn helps(&self) -> Helps {
        match self {
            Self::Write => Helps::Never,
            _ => Helps::Another,
        }
    }

    fn details(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::TooLarge { width, height, limit_megapixels } => vec![
                ("width", width.to_string()),
                ("height", height.to_string()),
                ("megapixels", (u64::from(*width) * u64::from(*height)).div_ceil(1_000_000).to_string()),
                ("limit", limit_megapixels.to_string()),
            ],
            Self::FileTooLarge { bytes, limit } => vec![("bytes", bytes.to_string()), ("limit", limit.to_string())],
            Self::TooHeavy { needed_mb, limit_mb } => {
                vec![("needed", needed_mb.to_string()), ("limit", limit_mb.to_string())]
            }
            Self::Format | Self::Truncated | Self::Damaged | Self::Unsupported | Self::Write => Vec::new(),
        }
    }
}
