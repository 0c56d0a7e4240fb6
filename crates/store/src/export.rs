//! The bundle for an auditor (history-format.md §5). Handing out history is itself part of the history: the entry about
//! it, and a checkpoint over that entry, are in the bundle.

use std::collections::{BTreeSet, HashSet};
use std::io::{Seek, Write};

use lanyard_history::{About, BundleWriter, EntryView, Opening, Packing, Scope, decode_value, events};
use lanyard_keys::HouseKind;
use lanyard_model::{Actor, Id, Kind, RecordRef, UnixMs};

use crate::commit::hash_of;
use crate::{Store, StoreError};

/// What verifiers act on (history-format.md §2): in every bundle, whatever its scope.
const ACTED_ON: [&str; 11] = [
    "writer.enrolled",
    "writer.rekeyed",
    "writer.retired",
    "log.opened",
    "record.erased",
    "entry.set_aside",
    "entry.adopted",
    "station.opened",
    "station.closed",
    "history.exported",
    "log.seen",
];

/// What a bundle is to hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Export {
    /// All, or only entries about these records.
    pub scope: Scope,
    /// With the values and blobs behind the commitments: personal data. Withheld unless asked for.
    pub openings: bool,
    /// With the blobs that the values refer to.
    pub blobs: bool,
    /// One operator can do everything alone: said in the bundle.
    pub single_person: bool,
    /// Name and version of the program.
    pub program: String,
    /// Now.
    pub at: UnixMs,
}

/// What a bundle holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exported {
    /// Entries.
    pub entries: u64,
    /// Openings.
    pub openings: u64,
    /// Blobs.
    pub blobs: u64,
    /// The signed checkpoint, as a note: keep it, and a later bundle can be held against it (`--since`).
    pub checkpoint: Option<String>,
}

impl Store {
    /// Writes `history.exported` and signs a checkpoint over it: a bundle that is made from now on has both.
    ///
    /// # Errors
    /// [`StoreError::Locked`], [`StoreError::ReadOnly`], [`StoreError::DiskFull`].
    pub fn hand_out(&mut self, at: UnixMs, by: &[Actor]) -> Result<(), StoreError> {
        let station = self.house.id;
        self.write(|tx| {
            let before = tx.sign_checkpoint(at)?;
            tx.commit(&events::history_exported(station, Some(&before)), by, at)?;
            tx.sign_checkpoint(at)
        })?;
        Ok(())
    }

    /// Writes the bundle only, up to now and with the newest checkpoint there is: for a check inside the house, not for
    /// handing out.
    ///
    /// # Errors
    /// [`StoreError::Damaged`], [`StoreError::DiskFull`].
    pub fn bundle<W: Write + Seek>(&self, out: W, export: &Export) -> Result<(W, Exported), StoreError> {
        // One snapshot, also beside a writer.
        let snapshot = self.conn.unchecked_transaction()?;
        let mut bundle = BundleWriter::new(out, Packing::Deflated)?;
        let mut done = Exported { entries: 0, openings: 0, blobs: 0, checkpoint: self.view().checkpoint()? };
        let only = match &export.scope {
            Scope::Whole => None,
            Scope::Records(ids) => Some(self.rows_of(ids)?),
        };
        let mut kept = Vec::new();
        {
            let mut entries = snapshot.prepare(
                "SELECT e, n, bytes, hash FROM entry JOIN writer ON writer.w = entry.w ORDER BY writer.id, entry.seq",
            )?;
            let mut rows = entries.query([])?;
            while let Some(row) = rows.next()? {
                let bytes = row.get_ref(2)?.as_blob().unwrap_or_default();
                if let Some(only) = &only {
                    let n: i64 = row.get(1)?;
                    if !only.contains(&n) && !ACTED_ON.contains(&EntryView::parse(bytes)?.payload.what) {
                        continue;
                    }
                }
                bundle.entry(bytes)?;
                done.entries += 1;
                if export.openings {
                    kept.push((row.get::<_, i64>(0)?, hash_of(row.get_ref(3)?.as_blob().unwrap_or_default())?));
                }
            }
        }
        let mut blobs = BTreeSet::new();
        {
            let mut openings = snapshot.prepare("SELECT field, salt, value FROM opening WHERE e = ? ORDER BY field")?;
            let mut uses = snapshot.prepare("SELECT sha256 FROM blob_use WHERE e = ?")?;
            for (e, hash) in &kept {
                let mut rows = openings.query([e])?;
                while let Some(row) = rows.next()? {
                    let value = decode_value(row.get_ref(2)?.as_blob().unwrap_or_default())?;
                    let salt = hash_of(row.get_ref(1)?.as_blob().unwrap_or_default())?;
                    bundle.opening(hash, &Opening { field: row.get(0)?, salt, value })?;
                    done.openings += 1;
                }
                if !export.blobs {
                    continue;
                }
                let mut rows = uses.query([e])?;
                while let Some(row) = rows.next()? {
                    blobs.insert(row.get::<_, Vec<u8>>(0)?);
                }
            }
        }
        if let Some(note) = &done.checkpoint {
            let (checkpoint, _) = lanyard_history::Checkpoint::parse_note(note)?;
            let size = i64::try_from(checkpoint.size).unwrap_or(i64::MAX);
            let mut leaves = snapshot.prepare("SELECT hash FROM entry WHERE w = 1 AND seq <= ? ORDER BY seq")?;
            let mut rows = leaves.query([size])?;
            while let Some(row) = rows.next()? {
                bundle.leaf(&hash_of(row.get_ref(0)?.as_blob().unwrap_or_default())?)?;
            }
        }
        for sha256 in &blobs {
            let (_, bytes) = self.view().blob(&hash_of(sha256)?)?.ok_or(StoreError::Damaged { what: "blob" })?;
            bundle.blob(&bytes)?;
            done.blobs += 1;
        }
        let about = About {
            station: self.house.station.clone(),
            single_person: export.single_person,
            rehearsal: self.house.kind == HouseKind::Rehearsal,
            exported_at: export.at,
            program: export.program.clone(),
        };
        let out = bundle.finish(done.checkpoint.as_deref(), &export.scope, &about)?;
        Ok((out, done))
    }

    fn rows_of(&self, ids: &[Id]) -> Result<HashSet<i64>, StoreError> {
        let mut statement = self.conn.prepare_cached("SELECT n FROM record WHERE id = ?")?;
        let mut rows = HashSet::new();
        for id in ids {
            rows.extend(statement.query_map([id.0], |row| row.get::<_, i64>(0))?.collect::<Result<Vec<_>, _>>()?);
        }
        Ok(rows)
    }

    /// The record under which this station's own acts are written: `station.opened`, `station.closed`,
    /// `history.exported`.
    #[must_use]
    pub fn station_record(&self) -> RecordRef {
        RecordRef { kind: Kind::Station, id: self.house.id }
    }
}
