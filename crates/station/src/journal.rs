//! A card's journal as the store keeps it: plans, each followed by the rows ahead of its steps. The last plan is the one
//! that is under way; those before it tell how the card came to need it.

use lanyard_encoding::{EncodingError, JournalRow, Plan, Purpose};
use lanyard_model::Id;
use lanyard_store::{StoreError, Tx, View};

use crate::StationError;
use crate::cards::link;

/// A plan, and how far it got.
#[derive(Clone, Debug)]
pub(crate) struct Begun {
    pub plan: Plan,
    pub rows: Vec<JournalRow>,
}

impl Begun {
    /// Something may have been written to the card.
    pub(crate) fn has_begun(&self) -> bool {
        !self.rows.is_empty()
    }

    /// What was begun with a card that is no case's has to be gone on with. A reset of which nothing was written yet is only
    /// what could be done.
    pub(crate) fn is_under_way(&self) -> bool {
        match self.plan.purpose {
            Purpose::Write | Purpose::Read => false,
            Purpose::Rekey | Purpose::RollBack => true,
            Purpose::Reset | Purpose::Reuse => self.has_begun(),
        }
    }
}

/// What stays in the journal of a card that becomes void: nobody goes on writing it, and its plan holds what is known of the
/// person; how to make it a blank again holds nothing of that. `None`: nothing is to be changed.
pub(crate) fn when_void(view: View<'_>, card: Id) -> Option<Vec<String>> {
    match of(view, card) {
        Ok(mut begun) => {
            let last = begun.pop()?;
            let written = last.plan.purpose == Purpose::Write;
            written.then(|| serde_json::to_string(&last.plan.reset(&last.rows, link())).into_iter().collect())
        }
        Err(_) => Some(Vec::new()),
    }
}

/// Writes it.
pub(crate) fn put_when_void(tx: &mut Tx<'_>, card: Id, stays: Option<&[String]>) -> Result<(), StoreError> {
    let Some(stays) = stays else { return Ok(()) };
    tx.journal_drop(card)?;
    stays.iter().try_for_each(|line| tx.journal_append(card, line.as_bytes()).map(|_| ()))
}

/// All of a card's; empty for one that is done with.
pub(crate) fn of(view: View<'_>, card: Id) -> Result<Vec<Begun>, StationError> {
    let mut begun: Vec<Begun> = Vec::new();
    for line in view.journal(card)? {
        match (serde_json::from_slice::<JournalRow>(&line), begun.last_mut()) {
            (Ok(row), Some(last)) => last.rows.push(row),
            (Ok(_), None) => return Err(EncodingError::JournalForeign.into()),
            (Err(_), _) => {
                let plan = serde_json::from_slice(&line).map_err(|_| EncodingError::JournalForeign)?;
                begun.push(Begun { plan, rows: Vec::new() });
            }
        }
    }
    Ok(begun)
}
