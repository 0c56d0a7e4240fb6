//! A T5577 tried on a reader for 125 kHz, apart from any house: given another number, read back, heard, and given back what it
//! held.

use lanyard_device::{Chip, LfReader};
use lanyard_em::{Em4100, EmError, t5577};
use lanyard_encoding::EncodingError;
use lanyard_secret::Secret;
use lanyard_twn4::{Options, Twn4};
use serde::Serialize;

use crate::StationError;
use crate::api::Problem;

/// The number that it is given for a moment: the published example of an EM4100.
const OTHER: Em4100 = Em4100([0x11, 0x22, 0x33, 0x44, 0x55]);

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TagTried {
    /// The port.
    pub reader: String,
    /// The reader's own word of its firmware.
    pub version: String,
    /// It was heard with the number that it was given.
    pub heard: bool,
    /// It holds what it held before.
    pub restored: bool,
}

/// Tries the T5577 that lies on a TWN4. One that wants a password is left alone.
///
/// # Errors
/// No such port or reader; no T5577 there; one that cannot be given back what it held.
pub fn try_tag_on(port: &str) -> Result<TagTried, Problem> {
    let tried = Twn4::open_either(port, Options::default()).map_err(StationError::from).and_then(|mut reader| {
        let version = reader.version().to_owned();
        let heard = write_and_restore(&mut reader).map_err(|error| EncodingError::Chip { chip: "t5577", error })?;
        Ok(TagTried { reader: port.to_owned(), version, heard, restored: true })
    });
    tried.map_err(|error| Problem::from(&error))
}

fn write_and_restore(reader: &mut dyn LfReader) -> Result<bool, EmError> {
    let mut held = Vec::new();
    for address in 0..=2 {
        let block = reader.read(Chip::T5577, address, None)?;
        held.push(block.ok_or(EmError::Unread { chip: Chip::T5577, address })?);
    }
    // What is to be put back must be known to need no password.
    if t5577::Config::decode(u32::from_be_bytes(*held[0].expose()))?.password {
        return Err(EmError::Login { chip: Chip::T5577 });
    }
    let written = t5577::program(t5577::Content::Em4100(OTHER), None, None)?.run(reader);
    let heard = reader.search()?.is_some_and(|card| card.id == OTHER.0);
    // The configuration last, as it is written: until then it is what it was.
    for (address, block) in [1, 2, 0].map(|address: u8| (address, held[usize::from(address)].duplicate())) {
        reader.write(Chip::T5577, address, &block, None)?;
        reader.field_off()?;
        let back = reader.read(Chip::T5577, address, None)?;
        if !back.is_some_and(|back: Secret<4>| back.same(&block)) {
            return Err(EmError::Differs { chip: Chip::T5577, address });
        }
    }
    written?;
    Ok(heard)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test stops where it fails")]
mod tests {
    use lanyard_virtual::{LfTag, T5577Tag};

    use super::*;
    use crate::lf::Ports;
    use crate::tagbench::TagBench;

    #[test]
    fn a_chip_gets_back_what_it_held_and_one_that_wants_a_password_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let bench = TagBench::new(folder.path(), false);
        let mut reader = bench.port().open("125 kHz reader").unwrap();
        let mut tried = |blocks: [u32; 8]| {
            bench.desk().lock().unwrap().twn4.lay(LfTag::T5577(T5577Tag::with(blocks)));
            let tried = write_and_restore(reader.as_mut());
            match bench.desk().lock().unwrap().twn4.lift() {
                Some(LfTag::T5577(tag)) => (tried, tag.blocks),
                other => panic!("{other:?}"),
            }
        };
        let held = [0x0014_8040, 0xFF8C_6529, 0x8C94_A940, 0, 0, 0, 0, 0];
        assert_eq!(tried(held), (Ok(true), held));
        assert_eq!(tried(T5577Tag::blank().blocks), (Ok(true), T5577Tag::blank().blocks));
        let guarded = [0x0014_8050, 0xFF8C_6529, 0x8C94_A940, 0, 0, 0, 0, 0x1234_5678];
        let (refused, blocks) = tried(guarded);
        assert!(refused.is_err() && blocks == guarded, "{refused:?}");
    }
}
