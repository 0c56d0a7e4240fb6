//! One command before any secure messaging: what is sent, and what protects it both ways.

use zeroize::Zeroizing;

use crate::CommMode;

/// What protects a command and its answer, whatever the session makes of it.
#[derive(Clone, Copy)]
pub(crate) enum Guard {
    /// Nothing, in any session: the command ends the session.
    Bare,
    /// A management command: MACed in EV2, MACed answer in EV1, plain in D40.
    Managed,
    /// Data comes from the card, as the file says.
    Read { mode: CommMode, length: usize },
    /// Data goes to the card, as the file says.
    Write { mode: CommMode },
    /// Enciphered parameters with checksum. `marked`: padded with 80 where D40 and EV1 otherwise pad with zeros.
    Parameters { marked: bool },
    /// A command of key sets: MACed in EV1 too. `rolls`: the key that proved is no longer in use afterwards.
    KeySet { rolls: bool },
    /// MACed to the card; the answer is enciphered whole blocks without padding (EV2: CommitReaderID).
    ReaderId,
    /// Key data that brings its own checksums. `own`: of the authenticated key, so the answer has no MAC.
    Key { own: bool },
}

/// A command.
pub(crate) struct Call {
    /// [`Op::name`](crate::Op::name).
    pub(crate) op: &'static str,
    pub(crate) ins: u8,
    /// Always in the clear.
    pub(crate) header: Vec<u8>,
    /// Enciphered where the guard says so.
    pub(crate) data: Zeroizing<Vec<u8>>,
    pub(crate) guard: Guard,
    /// The first frame ends behind the header, whatever room it has left.
    pub(crate) parted: bool,
}

impl Call {
    /// Header and data in a row.
    pub(crate) fn plain(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.header.len() + self.data.len() + 8);
        out.extend_from_slice(&self.header);
        out.extend_from_slice(&self.data);
        out
    }
}

/// Adds 80 (if `marked`) and zeros up to whole blocks; without mark, whole blocks stay as they are.
pub(crate) fn pad(data: &mut Vec<u8>, block: usize, marked: bool) {
    if marked {
        data.push(0x80);
    }
    data.resize(data.len().next_multiple_of(block), 0);
}
