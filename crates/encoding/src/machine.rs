//! What all machines of this crate have in common: events in, actions out, and one loop for those who may block.

use lanyard_apdu::{Command, Response};
use lanyard_desfire::Nonce;

use crate::EncodingError;
use crate::journal::JournalRow;
use crate::keys::KeySource;

/// What happened.
#[derive(Debug)]
pub enum Event<'a> {
    /// The card lies there, just reset.
    Start,
    /// The row is on disk, synced.
    Journaled,
    /// The card answered.
    Answer(&'a Response),
    /// The card or its reader is gone: what became of the last command is unknown.
    Lost,
}

/// What to do next.
#[derive(Debug)]
pub enum Action<T> {
    /// Write this row, sync it, then [`Event::Journaled`]. If that fails, stop: nothing has been transmitted.
    Journal(JournalRow),
    /// Transmit this, then [`Event::Answer`] or [`Event::Lost`].
    Transmit(Command),
    /// It is over, with this.
    Done(T),
    /// It is over, without.
    Failed {
        /// Why.
        error: EncodingError,
        /// What that makes of the card.
        card: CardLeft,
    },
}

/// What a failure makes of the card.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CardLeft {
    /// Nothing was written: the card is what it was.
    Untouched,
    /// Half-written; [`crate::Run::resume`] goes on as soon as the same card lies there again.
    Resumable,
    /// It will not become what it should: declare it void. [`crate::Plan::reset`] may still make it blank.
    Void,
}

/// Sixteen random bytes, filled in by the caller.
pub type Random<'a> = &'a mut dyn FnMut(&mut [u8; 16]);

/// A machine without I/O. Start with [`Event::Start`], then answer each action; after `Done` and `Failed` it is over.
pub trait Machine {
    /// What it comes to.
    type Output;

    /// Takes an event, says what is next. Keys are asked for one exchange at a time.
    fn next(&mut self, event: Event<'_>, keys: &dyn KeySource, random: Random<'_>) -> Action<Self::Output>;
}

/// Why a machine that was driven did not finish.
#[derive(Debug)]
pub enum Stopped<J> {
    /// The machine failed.
    Failed {
        /// Why.
        error: EncodingError,
        /// What that makes of the card.
        card: CardLeft,
    },
    /// The row could not be written. Nothing was transmitted after that.
    Journal(J),
}

/// Runs a machine to its end for a caller that may block. `exchange` answers `None` when card or reader is gone, or
/// what came back is no response.
///
/// # Errors
/// [`Stopped`].
pub fn drive<M: Machine, J>(
    machine: &mut M,
    keys: &dyn KeySource,
    random: Random<'_>,
    mut exchange: impl FnMut(&Command) -> Option<Response>,
    mut journal: impl FnMut(JournalRow) -> Result<(), J>,
) -> Result<M::Output, Stopped<J>> {
    let mut action = machine.next(Event::Start, keys, random);
    loop {
        action = match action {
            Action::Done(output) => return Ok(output),
            Action::Failed { error, card } => return Err(Stopped::Failed { error, card }),
            Action::Journal(row) => {
                journal(row).map_err(Stopped::Journal)?;
                machine.next(Event::Journaled, keys, random)
            }
            Action::Transmit(command) => match exchange(&command) {
                Some(response) => machine.next(Event::Answer(&response), keys, random),
                None => machine.next(Event::Lost, keys, random),
            },
        };
    }
}

pub(crate) fn nonce(random: Random<'_>) -> Nonce {
    Nonce::filled(random)
}
