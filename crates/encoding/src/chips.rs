//! The 125 kHz chip of a badge: planned with the card, written after it, and from any point of a pulled run written
//! again (`lanyard_em::Program` leaves it so). It has no session and no keys worth the name: a password keeps it from
//! being changed, not from being read.

use lanyard_device::LfReader;
use lanyard_em::t5577::Content;
use lanyard_em::{Em4100, EmError, Program, Prox, Sight, em4305, t5577};
use lanyard_formats::CardNumber;
use lanyard_secret::Secret;
use serde::{Deserialize, Serialize};

use crate::EncodingError;
use crate::description::{Chip, ChipContent, ChipKind, KeySpec};
use crate::error::Misfit;
use crate::keys::{KeySource, KeyUse};
use crate::values::{Unfit, Values};

/// What one chip is to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChipPlan {
    /// Which.
    pub kind: ChipKind,
    /// What it answers.
    pub answer: ChipAnswer,
    /// The key whose first four bytes, the very first bit cleared, are the password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<KeyUse>,
}

/// What a chip answers, ready to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChipAnswer {
    /// An EM4100's number, 40 bits.
    Em4100(u64),
    /// The raw bits of a HID Prox card, 44 at most.
    Prox(u64),
}

pub(crate) fn answer(content: &ChipContent, values: &Values) -> Result<ChipAnswer, Unfit> {
    match content {
        ChipContent::Em4100 { number } => {
            let number = values.number(number)?;
            Em4100::from_number(number).ok_or(Misfit::Long { most: 5 })?;
            Ok(ChipAnswer::Em4100(number))
        }
        ChipContent::Prox { format, facility, number } => {
            let card = CardNumber { facility: values.number(facility)?, number: values.number(number)? };
            Ok(ChipAnswer::Prox(format.encode(card).map_err(Misfit::Format)?.hid_raw()))
        }
    }
}

impl ChipPlan {
    pub(crate) fn of(
        chip: &Chip,
        values: &Values,
        newest: &dyn Fn(&KeySpec) -> Result<KeyUse, EncodingError>,
    ) -> Result<Self, EncodingError> {
        let field = chip.at();
        let answer = answer(&chip.content, values).map_err(|unfit| match unfit {
            Unfit::Missing(value) => EncodingError::ValueMissing { file: 0, field: field.clone(), value },
            Unfit::Misfit(why) => EncodingError::ValueFit { file: 0, field: field.clone(), why },
        })?;
        Ok(Self { kind: chip.kind, answer, password: chip.password.as_ref().map(newest).transpose()? })
    }

    /// Writes the chip that lies on the reader, from whatever a run before has left of it, and reads it back. Journal
    /// [`crate::Plan::chip_row`] ahead of it; on any error the same again is right.
    ///
    /// # Errors
    /// [`EncodingError::CardForeign`] for a chip with a password of somebody else's; [`EncodingError::Chip`]; what is
    /// wrong with the key.
    pub fn write(&self, keys: &dyn KeySource, reader: &mut dyn LfReader) -> Result<(), EncodingError> {
        let wished = self.wished(keys)?;
        let failed = |error| EncodingError::Chip { chip: self.kind.word(), error };
        let present = self.present(wished.as_ref(), reader)?;
        self.program(present, wished.as_ref()).and_then(|program| program.run(reader)).map_err(failed)?;
        self.verify(keys, reader)
    }

    /// Reads the chip that lies on the reader, and compares.
    ///
    /// # Errors
    /// [`EncodingError::Mismatch`], [`EncodingError::Chip`]; what is wrong with the key.
    pub fn verify(&self, keys: &dyn KeySource, reader: &mut dyn LfReader) -> Result<(), EncodingError> {
        let wished = self.wished(keys)?;
        let failed = |error| EncodingError::Chip { chip: self.kind.word(), error };
        // A T5577 that wants no password takes each read with one for a write: it is asked where that harms nothing.
        if wished.is_some() && self.present(wished.as_ref(), reader)?.is_none() {
            return Err(self.differs());
        }
        let found = match self.kind {
            ChipKind::T5577 => t5577::read(reader, wished.as_ref()).map(|(content, _)| content),
            ChipKind::Em4305 => em4305::read(reader, wished.as_ref()).map(|(card, _)| Content::Em4100(card)),
        };
        if self.content() == Some(found.map_err(failed)?) {
            return Ok(());
        }
        Err(self.differs())
    }

    /// What it answers, or wants before it is changed, is not what it is to be.
    #[must_use]
    pub fn differs(&self) -> EncodingError {
        EncodingError::Mismatch { aid: "000000".to_owned(), file: 0, field: format!("chip {}", self.kind.word()) }
    }

    fn content(&self) -> Option<Content> {
        match self.answer {
            ChipAnswer::Em4100(number) => Em4100::from_number(number).map(Content::Em4100),
            ChipAnswer::Prox(raw) => Prox::new(raw).map(Content::Prox),
        }
    }

    fn program(&self, present: Option<&Secret<4>>, wished: Option<&Secret<4>>) -> Result<Program, EmError> {
        let unsupported = |chip| EmError::Unsupported { chip, what: "this content" };
        match (self.kind, self.content()) {
            (ChipKind::T5577, Some(content)) => t5577::program(content, present, wished),
            (ChipKind::Em4305, Some(Content::Em4100(card))) => em4305::program(card, present, wished),
            (ChipKind::T5577, None) => Err(unsupported(lanyard_device::Chip::T5577)),
            (ChipKind::Em4305, _) => Err(unsupported(lanyard_device::Chip::Em4305)),
        }
    }

    /// The password that the chip wants now: ours, if a run before has set it, or none.
    fn present<'s>(
        &self,
        wished: Option<&'s Secret<4>>,
        reader: &mut dyn LfReader,
    ) -> Result<Option<&'s Secret<4>>, EncodingError> {
        let failed = |error| EncodingError::Chip { chip: self.kind.word(), error };
        let asked: Vec<&Secret<4>> = wished.into_iter().collect();
        let sight = match self.kind {
            ChipKind::T5577 => t5577::sight(reader, &asked),
            ChipKind::Em4305 => em4305::sight(reader, &asked),
        };
        match sight.map_err(failed)? {
            Sight::Open => Ok(None),
            Sight::Password(_) => Ok(wished),
            Sight::Foreign => Err(EncodingError::CardForeign),
        }
    }

    fn wished(&self, keys: &dyn KeySource) -> Result<Option<Secret<4>>, EncodingError> {
        let Some(key) = &self.password else { return Ok(None) };
        let key = key.secret(keys)?;
        Ok(Some(Secret::filled(|out: &mut [u8; 4]| {
            out.copy_from_slice(&key.expose()[..4]);
            // No T5577 password begins with a set bit (t5577::fit_password).
            out[0] &= 0x7F;
        })))
    }
}
