//! Where a licensee adds the command codes of the LEGIC chips.
//!
//! The codes of SM-4x00 and SM-6300, and what follows them in a command, come with a licence from LEGIC Identsystems
//! and may not be published, so there are none here, invented or real. A licensee fills this table in a build of their
//! own: for each operation the bytes of the command (code first) and how its answer is read. Until then each operation
//! answers [`lanyard_device::DeviceError::Unsupported`].

use lanyard_device::{LegicCard, LegicSegment, NewSegment};

/// Makes a command out of what an operation is given.
pub type Command<I> = fn(I) -> Vec<u8>;

/// Reads an answer. `None`: it is not as the licensed documents say.
pub type Reply<O> = fn(&[u8]) -> Option<O>;

/// An operation: how it is asked for, and how it is answered.
pub type Operation<I, O> = Option<(Command<I>, Reply<O>)>;

/// A stretch of a segment.
#[derive(Clone, Copy, Debug)]
pub struct Stretch {
    /// The segment.
    pub segment: u8,
    /// The first byte.
    pub offset: u16,
    /// How many.
    pub length: u16,
}

/// The operations of a LEGIC chip.
#[derive(Default)]
pub struct SmCodes {
    /// Finds a card.
    pub search: Operation<(), Option<LegicCard>>,
    /// Finds a segment by its stamp.
    pub find_segment: Operation<Vec<u8>, Option<LegicSegment>>,
    /// Reads of a segment.
    pub read: Operation<Stretch, Vec<u8>>,
    /// Writes into a segment.
    pub write: Operation<(Stretch, Vec<u8>), ()>,
    /// Creates a segment.
    pub create: Operation<NewSegment, LegicSegment>,
}

impl SmCodes {
    /// What is public: nothing. A licensee returns a filled table here.
    #[must_use]
    pub fn licensed() -> Self {
        Self::default()
    }
}
