//! Reading data files, and the writes that may need more than one frame: to data files and to records.

use super::body::{Body, Change};
use super::files::{FREE, NEVER, Rights};
use super::image::File;
use super::session::{Carries, Mode, wire_len};
use super::status::Sw;
use super::{Answer, DesfireCard, Next, Pending};

/// File number, offset, length.
const HEADER: usize = 7;

/// The most data in one short answer.
const ONE_ANSWER: usize = 256;

/// Where a write goes: what its header says.
pub(super) struct Target {
    pub(super) no: u8,
    /// UpdateRecord alone: how many records back from the newest.
    pub(super) back: Option<usize>,
    pub(super) offset: usize,
    pub(super) length: usize,
    pub(super) mode: Mode,
    pub(super) header: usize,
}

impl DesfireCard {
    pub(super) fn read_data(&mut self, ins: u8, wire: &[u8]) -> Result<Next, Sw> {
        let no = *wire.first().ok_or(Sw::LENGTH)?;
        let file = self.app()?.file(no)?;
        let stored = match &file.body {
            Body::Standard(data) | Body::Backup(data) => data.clone(),
            Body::TransactionMac(mac) => mac.content(),
            Body::Value(_) | Body::Record(_) => return Err(Sw::PERMISSION_DENIED),
        };
        let counts = !matches!(file.body, Body::TransactionMac(_));
        let mode = self.access(&file.holders(&[Rights::read, Rights::read_write]), file.comm)?;
        let data = self.open(ins, wire, Carries::Parameters { mac: mode != Mode::Plain })?;
        let (offset, length) = place(&data)?;
        if data.len() != HEADER {
            return Err(Sw::LENGTH);
        }
        let end = if length == 0 { stored.len() } else { offset.saturating_add(length) };
        let found = stored.get(offset..end).filter(|data| !data.is_empty()).ok_or(Sw::BOUNDARY)?.to_vec();
        if counts {
            let [offset, length] = [offset, found.len()].map(three_bytes);
            self.count_in(&[&[ins, no], &offset[..], &length[..]].concat(), &found);
        }
        self.answer_read(ins, found, mode, length == 0)
    }

    /// Data that a file held, on its way out. `open`: the host did not say how long it is.
    pub(super) fn answer_read(&self, ins: u8, data: Vec<u8>, mode: Mode, open: bool) -> Result<Next, Sw> {
        let unsplit = matches!(ins, 0xAD | 0xAB);
        let sealed = match (&self.live.session, mode) {
            (None, _) | (_, Mode::Plain) => data.len(),
            (_, Mode::Mac) => data.len() + 8,
            (_, Mode::Full) => (data.len() + 1).next_multiple_of(16) + 8,
        };
        if unsplit && sealed > ONE_ANSWER {
            return Err(Sw::LENGTH);
        }
        Ok(Next::Done(Answer { data, mode: Some(mode), length_open: open, unsplit, ..Answer::default() }))
    }

    /// WriteData, WriteRecord, UpdateRecord: the first frame.
    pub(super) fn write(&mut self, ins: u8, wire: &[u8]) -> Result<Next, Sw> {
        let target = self.target(ins, wire)?;
        let session = self.live.session.as_ref().map(|who| &who.session);
        let total = wire_len(session, target.header, target.length, target.mode);
        match wire.len().cmp(&total) {
            std::cmp::Ordering::Equal => self.write_whole(ins, wire),
            // A place beyond the file is refused before the rest is asked for.
            std::cmp::Ordering::Less if !matches!(ins, 0x8D | 0x8B | 0xBA) => {
                self.fits(&target)?;
                Ok(Next::More(Vec::new(), Pending::Write { ins, wire: wire.to_vec(), total }))
            }
            _ => Err(Sw::LENGTH),
        }
    }

    /// All frames are there.
    pub(super) fn write_whole(&mut self, ins: u8, wire: &[u8]) -> Result<Next, Sw> {
        let target = self.target(ins, wire)?;
        let Target { header, length, mode, .. } = target;
        let data = self.open(ins, wire, Carries::Data { header, len: length, mode })?;
        self.fits(&target)?;
        let (head, new) = data.split_at_checked(header).ok_or(Sw::LENGTH)?;
        match ins {
            0x3D | 0x8D => self.write_bytes(&target, new)?,
            _ => self.write_record(&target, new)?,
        }
        self.count_in(&[&[ins], head].concat(), new);
        Ok(written(mode))
    }

    pub(super) fn write_bytes(&mut self, target: &Target, new: &[u8]) -> Result<(), Sw> {
        let place = target.offset..target.offset + target.length;
        let old = self.app()?.file(target.no)?.body.clone();
        if let Body::Standard(mut stored) = old {
            // Power that fails in between leaves what had been written by then: this kind of file has no second copy.
            let reached = self.live.tear.take().unwrap_or(new.len()).min(new.len());
            stored[place][..reached].copy_from_slice(&new[..reached]);
            self.file_mut(target.no)?.body = Body::Standard(stored);
            return Ok(());
        }
        let change = self.live.uncommitted.entry(target.no).or_insert_with(|| Change::of(old));
        if let Body::Backup(copy) = &mut change.body {
            copy[place].copy_from_slice(new);
        }
        Ok(())
    }

    /// Of a write, from its header: right, file type and length are good.
    fn target(&self, ins: u8, wire: &[u8]) -> Result<Target, Sw> {
        let no = *wire.first().ok_or(Sw::LENGTH)?;
        let file = self.app()?.file(no)?;
        let fits = match ins {
            0x3D | 0x8D => matches!(file.body, Body::Standard(_) | Body::Backup(_)),
            _ => matches!(file.body, Body::Record(_)),
        };
        if !fits {
            return Err(Sw::PERMISSION_DENIED);
        }
        // What is already written is changed only by who may do both.
        let needed: &[fn(Rights) -> u8] = match ins {
            0xDB | 0xBA => &[Rights::read_write],
            _ => &[Rights::write, Rights::read_write],
        };
        let mode = self.access(&file.holders(needed), file.comm)?;
        let (back, rest) = match (ins, wire) {
            (0xDB | 0xBA, [_, a, b, c, rest @ ..]) => (Some(number(*a, *b, *c)), rest),
            (0xDB | 0xBA, _) => return Err(Sw::LENGTH),
            (_, wire) => (None, &wire[1..]),
        };
        let [o0, o1, o2, l0, l1, l2, ..] = rest else { return Err(Sw::LENGTH) };
        let (offset, length) = (number(*o0, *o1, *o2), number(*l0, *l1, *l2));
        if length == 0 {
            return Err(Sw::PARAMETER);
        }
        let header = if back.is_some() { HEADER + 3 } else { HEADER };
        Ok(Target { no, back, offset, length, mode, header })
    }

    fn fits(&self, target: &Target) -> Result<(), Sw> {
        let size = match &self.app()?.file(target.no)?.body {
            Body::Standard(data) | Body::Backup(data) => data.len(),
            Body::Record(records) => records.size,
            Body::Value(_) | Body::TransactionMac(_) => 0,
        };
        if target.offset.saturating_add(target.length) <= size { Ok(()) } else { Err(Sw::BOUNDARY) }
    }

    /// Whether one of these rights is held, and how the data then travels: as the file says for a key's holder, in
    /// plain for whoever has access only because anybody has.
    pub(super) fn access(&self, rights: &[u8], comm: u8) -> Result<Mode, Sw> {
        if self.key_no().is_some_and(|key| rights.contains(&key)) {
            Ok(Mode::from_comm(comm))
        } else if rights.contains(&FREE) {
            Ok(Mode::Plain)
        } else if rights.iter().all(|right| *right == NEVER) {
            Err(Sw::PERMISSION_DENIED)
        } else {
            Err(Sw::AUTHENTICATION)
        }
    }

    pub(super) fn file_mut(&mut self, no: u8) -> Result<&mut File, Sw> {
        self.app_mut()?.files.iter_mut().find(|file| file.no == no).ok_or(Sw::FILE_NOT_FOUND)
    }
}

/// The answer to a write.
pub(super) fn written(mode: Mode) -> Next {
    let mode = if mode == Mode::Plain { Some(Mode::Plain) } else { None };
    Next::Done(Answer { mode, ..Answer::default() })
}

/// Three bytes, least significant first.
pub(super) fn number(low: u8, middle: u8, high: u8) -> usize {
    usize::from(low) | usize::from(middle) << 8 | usize::from(high) << 16
}

pub(super) fn three_bytes(number: usize) -> [u8; 3] {
    [number as u8, (number >> 8) as u8, (number >> 16) as u8]
}

/// Offset and length of a header.
pub(super) fn place(header: &[u8]) -> Result<(usize, usize), Sw> {
    let [_, o0, o1, o2, l0, l1, l2, ..] = header else { return Err(Sw::LENGTH) };
    Ok((number(*o0, *o1, *o2), number(*l0, *l1, *l2)))
}
