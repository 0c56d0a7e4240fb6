//! What goes wrong, and at which APDU.

/// One fault, carried out once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// At which APDU, counted from the last time the card was laid: 0 is the first.
    pub at: usize,
    /// What happens there.
    pub kind: FaultKind,
}

/// What can happen at an APDU.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// The card is pulled before the command reaches it: nothing has happened.
    PullBefore,
    /// The card is pulled after it carried the command out: it happened, and the answer is lost.
    PullAfter,
    /// The card is pulled while it writes: so many bytes of what the command writes have reached the memory (which of
    /// them count is the card's own: [`crate::ApduCard::tear`]), and no answer comes.
    Tear(usize),
    /// The card is pulled while it answers: the command is carried out, and so many bytes of the answer come, status
    /// word included, as from a reader that hands up what it got. With none it is as [`FaultKind::PullAfter`]; with all,
    /// the card is gone at the next command.
    PullAt(usize),
    /// The answer is noise of the same length.
    Garbage,
    /// One bit of the answer's last data byte is turned, where a MAC has its last byte. An answer without data has
    /// nothing to turn and comes as it is.
    FlipMac,
    /// The reader is unplugged before the command reaches the card; the card stays on it.
    UnplugReader,
    /// The reader is unplugged after the card carried the command out, and the answer is lost; the card stays on it.
    UnplugReaderAfter,
    /// The card carries the command out, and the reader reports that nothing came.
    Silence,
    /// The card carries the command out, and the reader reports that nothing came, because it is late: it comes as the
    /// answer to the next command, whose own is late in turn, and so on until the session ends.
    Late,
}

impl FaultKind {
    /// What becomes of an answer that does arrive.
    pub(crate) fn spoil(self, answer: &mut Vec<u8>) {
        match self {
            Self::Garbage => {
                for (i, byte) in answer.iter_mut().enumerate() {
                    *byte ^= (i as u8).wrapping_mul(0x35) ^ 0xA7;
                }
            }
            Self::FlipMac => {
                if let [.., last, _, _] = answer.as_mut_slice() {
                    *last ^= 0x10;
                }
            }
            Self::PullAt(bytes) => answer.truncate(bytes),
            _ => {}
        }
    }
}
