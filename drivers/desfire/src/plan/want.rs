//! What the answer of a command is read as, and how long it can be.

use crate::op::{DelegatedSlot, IsoApplication, Reply};
use crate::{Aid, ApplicationKeys, CardVersion, FileNo, FileSettings, KeyVersion};

/// What the answer of a command is read as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Want {
    Nothing,
    Version,
    Uid,
    Signature,
    Memory,
    Applications,
    IsoApplications,
    DelegatedSlot,
    Keys,
    KeyVersion,
    KeySetVersions,
    Files,
    IsoFiles,
    File,
    Data(usize),
    Value,
    TransactionMac,
    ReaderId,
}

/// An answer, checked and deciphered.
pub(crate) struct Answer<'a> {
    pub(crate) data: &'a [u8],
    /// Where each frame ended, before the session took its MAC off the last.
    pub(crate) frames: &'a [usize],
}

impl Want {
    /// No answer of this kind is longer, secure messaging included.
    pub(crate) fn limit(self) -> usize {
        match self {
            Self::Data(length) => length + 64,
            Self::Nothing | Self::Memory | Self::KeyVersion | Self::Value | Self::DelegatedSlot => 32,
            Self::TransactionMac | Self::ReaderId | Self::KeySetVersions => 48,
            Self::Version | Self::Uid | Self::Signature | Self::Keys | Self::Files | Self::IsoFiles | Self::File => 128,
            // Three bytes each, or 21; no card holds a thousand.
            Self::Applications => 4096,
            Self::IsoApplications => 24 * 1024,
        }
    }

    /// The status that says that all is well: the signature has one of its own.
    pub(crate) fn done(self) -> u8 {
        if self == Self::Signature { 0x90 } else { 0x00 }
    }

    /// Reads the answer. `None` where its length or content cannot be.
    pub(crate) fn read(self, answer: &Answer<'_>) -> Option<Reply> {
        let data = answer.data;
        Some(match self {
            Self::Nothing => data.is_empty().then_some(Reply::Done)?,
            Self::Version => Reply::Version(CardVersion::parse(data)?),
            Self::Uid => Reply::Uid(data.try_into().ok()?),
            Self::Signature => Reply::Signature(data.try_into().ok()?),
            Self::Memory => match data {
                [a, b, c] => Reply::Memory(u32::from_le_bytes([*a, *b, *c, 0])),
                _ => return None,
            },
            Self::Applications => {
                let (aids, rest) = data.as_chunks::<3>();
                rest.is_empty().then(|| Reply::Applications(aids.iter().copied().map(Aid).collect()))?
            }
            Self::IsoApplications => Reply::IsoApplications(names(answer)?),
            Self::DelegatedSlot => match *<&[u8; 8]>::try_from(data).ok()? {
                [version, q0, q1, f0, f1, aid @ ..] => Reply::DelegatedSlot(DelegatedSlot {
                    version,
                    quota: u16::from_le_bytes([q0, q1]),
                    free: u16::from_le_bytes([f0, f1]),
                    aid: Aid(aid),
                }),
            },
            Self::Keys => Reply::Keys(ApplicationKeys::parse(data)?),
            Self::KeyVersion => match data {
                [version] => Reply::KeyVersion(KeyVersion(*version)),
                _ => return None,
            },
            Self::KeySetVersions => {
                let fits = (1..=16).contains(&data.len());
                fits.then(|| Reply::KeySetVersions(data.iter().copied().map(KeyVersion).collect()))?
            }
            Self::Files => Reply::Files(data.iter().map(|no| FileNo::new(*no)).collect::<Option<_>>()?),
            Self::IsoFiles => {
                let (files, rest) = data.as_chunks::<2>();
                rest.is_empty().then(|| Reply::IsoFiles(files.iter().copied().map(u16::from_le_bytes).collect()))?
            }
            Self::File => Reply::File(FileSettings::parse(data)?),
            Self::Data(length) => (data.len() == length).then(|| Reply::Data(data.to_vec()))?,
            Self::Value => Reply::Value(i32::from_le_bytes(data.try_into().ok()?)),
            Self::TransactionMac => {
                let (counter, value) = data.split_first_chunk::<4>()?;
                let value = value.try_into().ok()?;
                Reply::TransactionMac { counter: u32::from_le_bytes(*counter), value }
            }
            Self::ReaderId => Reply::ReaderId(data.try_into().ok()?),
        })
    }
}

/// One application a frame, since names are of no fixed length.
fn names(answer: &Answer<'_>) -> Option<Vec<IsoApplication>> {
    let mut out = Vec::new();
    let mut start = 0;
    for end in answer.frames {
        let end = (*end).min(answer.data.len());
        match answer.data.get(start..end)? {
            [] => {}
            [a, b, c, f0, f1, df_name @ ..] if df_name.len() <= 16 => out.push(IsoApplication {
                aid: Aid([*a, *b, *c]),
                fid: u16::from_le_bytes([*f0, *f1]),
                df_name: df_name.to_vec(),
            }),
            _ => return None,
        }
        start = end;
    }
    Some(out)
}
