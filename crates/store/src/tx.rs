//! One write transaction: where the chain stands, what waits to be written at its end.

use lanyard_history::{Checkpoint, Hash, PublicKey, station_origin, tree::Frontier};
use lanyard_model::{Id, UnixMs};
use rusqlite::{Connection, Transaction, params};

use crate::commit::{frontier_bytes, frontier_of, hash_of};
use crate::open::House;
use crate::search::WordRow;
use crate::{Entropy, Signer, StoreError, View};

/// Inside [`crate::Store::write`]. Nothing of it is on disk before that returns.
pub struct Tx<'a> {
    pub(crate) conn: &'a Connection,
    pub(crate) house: &'a House,
    pub(crate) signer: Option<&'a dyn Signer>,
    pub(crate) entropy: &'a mut Entropy,
    pub(crate) chain: Chain,
    /// Search rows, written sorted at the end: ten times as fast where there are many.
    pub(crate) words: Vec<WordRow>,
    pub(crate) erased: bool,
}

/// Where this station's chain and log stand.
pub(crate) struct Chain {
    pub key: [u8; 32],
    pub seq: u64,
    pub head: Hash,
    pub at: UnixMs,
    pub frontier: Frontier,
    pub changed: bool,
}

impl<'a> Tx<'a> {
    pub(crate) fn begin(
        transaction: &'a Transaction<'_>,
        house: &'a House,
        signer: Option<&'a dyn Signer>,
        entropy: &'a mut Entropy,
    ) -> Result<Self, StoreError> {
        let conn: &Connection = transaction;
        let (key, seq, head, at, frontier) = conn
            .prepare_cached("SELECT key, seq, head, at, frontier FROM writer, log WHERE w = 1 AND one = 1")?
            .query_row([], |row| {
                Ok((
                    row.get::<_, Vec<u8>>(0)?,
                    row.get::<_, i64>(1)?,
                    row.get::<_, Vec<u8>>(2)?,
                    row.get::<_, i64>(3)?,
                    row.get::<_, Vec<u8>>(4)?,
                ))
            })?;
        let seq = u64::try_from(seq).map_err(|_| StoreError::Damaged { what: "chain" })?;
        let chain = Chain {
            key: hash_of(&key)?,
            seq,
            head: hash_of(&head)?,
            at: UnixMs(at),
            frontier: frontier_of(seq, &frontier)?,
            changed: false,
        };
        Ok(Self { conn, house, signer, entropy, chain, words: Vec::new(), erased: false })
    }

    /// Writes what waits. Answers whether something was erased.
    pub(crate) fn finish(&mut self) -> Result<bool, StoreError> {
        self.flush_words()?;
        if self.chain.changed {
            let chain = &self.chain;
            // A seq beyond i64 would take longer than the sun has.
            let seq = i64::try_from(chain.seq).unwrap_or(i64::MAX);
            self.conn
                .prepare_cached("UPDATE writer SET key = ?, seq = ?, head = ?, at = ? WHERE w = 1")?
                .execute(params![chain.key, seq, chain.head, chain.at.0])?;
            self.conn
                .prepare_cached("UPDATE log SET frontier = ? WHERE one = 1")?
                .execute([frontier_bytes(&chain.frontier)])?;
        }
        Ok(self.erased)
    }

    /// What is there, with what this transaction did so far; search sees it only afterwards.
    #[must_use]
    pub fn view(&self) -> View<'_> {
        View { conn: self.conn }
    }

    /// Whose store it is.
    #[must_use]
    pub fn house(&self) -> &House {
        self.house
    }

    /// A fresh random id.
    pub fn new_id(&mut self) -> Id {
        let mut bytes = [0; 16];
        (self.entropy)(&mut bytes);
        Id::from_random(bytes)
    }

    /// Signs a checkpoint of the log as it stands and keeps the note. Name it in `station.closed` or
    /// `history.exported`.
    ///
    /// # Errors
    /// [`StoreError::Locked`].
    pub fn sign_checkpoint(&mut self, at: UnixMs) -> Result<Checkpoint, StoreError> {
        let signer = self.signer.ok_or(StoreError::Locked)?;
        let checkpoint = Checkpoint {
            origin: station_origin(self.house.writer),
            size: self.chain.frontier.size(),
            root: self.chain.frontier.root(),
        };
        let signature = signer.sign_checkpoint(checkpoint.text().as_bytes());
        let note = checkpoint.signed(&signer.checkpoint_key(), &signature).to_string();
        // Never keep what would not verify.
        let key = PublicKey::new(&signer.checkpoint_key())?;
        Checkpoint::open(&note, &checkpoint.origin, &key)?;
        let size = i64::try_from(checkpoint.size).unwrap_or(i64::MAX);
        self.conn
            .prepare_cached("INSERT OR REPLACE INTO checkpoint (size, at, note) VALUES (?, ?, ?)")?
            .execute(params![size, at.0, note])?;
        Ok(checkpoint)
    }
}
