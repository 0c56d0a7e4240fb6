//! A LEGIC segment of the badge: planned with the card, found by its stamp or made, written and read back. From any point of
//! a run that was lost the same is done again. How a reader is told to do so is licensed (`drivers/legic/src/codes.rs`).

use lanyard_device::{DeviceError, LegicFamily, LegicReader, NewSegment};
use serde::{Deserialize, Serialize};

use crate::EncodingError;
use crate::description::{LegicKind, Segment};
use crate::readback::compare_in;
use crate::step::{Bytes, FieldPlan};
use crate::values::Values;

/// What one segment is to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SegmentPlan {
    /// Which family the card must be of.
    pub family: LegicKind,
    /// Whose it is.
    #[serde(with = "hex::serde")]
    pub stamp: Vec<u8>,
    /// All of it, the stamp first.
    pub data: Bytes,
    /// Its fields.
    pub fields: Vec<FieldPlan>,
}

impl SegmentPlan {
    pub(crate) fn of(segment: &Segment, values: &Values) -> Result<Self, EncodingError> {
        Ok(Self {
            family: segment.family,
            stamp: segment.stamp.clone(),
            data: Bytes(segment.content(values)?),
            fields: segment.fields.iter().map(FieldPlan::of).collect(),
        })
    }

    /// As in errors: `legic 3C2A15`.
    #[must_use]
    pub fn at(&self) -> String {
        format!("legic {}", hex::encode_upper(&self.stamp))
    }

    /// Finds the segment by its stamp or makes it, writes what is not there yet, and reads it back. Journal
    /// [`crate::Plan::segment_row`] ahead of it; on any error the same again is right.
    ///
    /// # Errors
    /// [`EncodingError::Legic`]; [`EncodingError::Mismatch`] for one of another length.
    pub fn write(&self, reader: &mut dyn LegicReader) -> Result<(), EncodingError> {
        let failed = |error| EncodingError::Legic { error };
        self.family(reader)?;
        let length = u16::try_from(self.data.0.len()).map_err(|_| EncodingError::JournalForeign)?;
        let number = match reader.find_segment(&self.stamp).map_err(failed)? {
            Some(found) if found.length == length => found.number,
            Some(_) => return Err(self.differs("length")),
            None => {
                // The stamp can never be written again, what is behind it can.
                let new = NewSegment { stamp: self.stamp.clone(), length, protected: self.behind_the_stamp() };
                reader.create(&new).map_err(failed)?.number
            }
        };
        let begin = self.behind_the_stamp();
        let there = reader.read(number, 0, length).map_err(failed)?;
        let (wanted, there) = (self.data.0.get(usize::from(begin)..), there.get(usize::from(begin)..));
        if wanted != there
            && let Some(wanted) = wanted.filter(|wanted| !wanted.is_empty())
        {
            reader.write(number, begin, wanted).map_err(failed)?;
        }
        self.verify(reader)
    }

    /// Reads the segment, and compares.
    ///
    /// # Errors
    /// [`EncodingError::Legic`], [`EncodingError::Mismatch`].
    pub fn verify(&self, reader: &mut dyn LegicReader) -> Result<(), EncodingError> {
        let failed = |error| EncodingError::Legic { error };
        self.family(reader)?;
        let length = self.data.0.len();
        let found = reader.find_segment(&self.stamp).map_err(failed)?.ok_or_else(|| self.differs("stamp"))?;
        if usize::from(found.length) != length {
            return Err(self.differs("length"));
        }
        let there = reader.read(found.number, 0, found.length).map_err(failed)?;
        compare_in(&self.fields, &self.data.0, &there).map_err(|field| self.differs(field))
    }

    fn family(&self, reader: &mut dyn LegicReader) -> Result<(), EncodingError> {
        let failed = |error| EncodingError::Legic { error };
        let card = reader.search().map_err(failed)?;
        let Some(card) = card else {
            return Err(failed(DeviceError::NoCard { reader: reader.name().to_owned() }));
        };
        let found = match card.family {
            LegicFamily::Prime => LegicKind::Prime,
            LegicFamily::Advant => LegicKind::Advant,
        };
        if found == self.family {
            return Ok(());
        }
        Err(EncodingError::CardKind { needed: self.family.word(), found: found.word() })
    }

    /// Twelve bytes at most: checked when the description was read.
    fn behind_the_stamp(&self) -> u16 {
        self.stamp.len() as u16
    }

    fn differs(&self, field: &str) -> EncodingError {
        EncodingError::Mismatch { aid: "000000".to_owned(), file: 0, field: format!("{}, {field}", self.at()) }
    }
}
