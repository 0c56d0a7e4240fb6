//! Reading and writing standard and backup data files.

use super::files::{FREE, NEVER, Rights};
use super::image::Body;
use super::session::{Carries, Mode, wire_len};
use super::status::Sw;
use super::{Answer, DesfireCard, Next, Pending};

/// File number, offset, length.
const HEADER: usize = 7;

/// The most data in one short answer.
const ONE_ANSWER: usize = 256;

impl DesfireCard {
    pub(super) fn read_data(&mut self, ins: u8, wire: &[u8]) -> Result<Next, Sw> {
        let no = *wire.first().ok_or(Sw::LENGTH)?;
        let file = self.app()?.file(no)?;
        let rights = Rights(file.rights);
        let mode = self.access([rights.read(), rights.read_write()], file.comm)?;
        let data = self.open(ins, wire, Carries::Parameters { mac: mode != Mode::Plain })?;
        let (offset, length) = place(&data)?;
        if data.len() != HEADER {
            return Err(Sw::LENGTH);
        }
        let stored = self.app()?.file(no)?.body.data();
        let end = if length == 0 { stored.len() } else { offset.saturating_add(length) };
        let data = stored.get(offset..end).filter(|data| !data.is_empty()).ok_or(Sw::BOUNDARY)?.to_vec();
        let unsplit = ins == 0xAD;
        if unsplit && data.len() + 24 > ONE_ANSWER {
            let sealed = match (&self.live.session, mode) {
                (None, _) | (_, Mode::Plain) => data.len(),
                (_, Mode::Mac) => data.len() + 8,
                (_, Mode::Full) => (data.len() + 1).next_multiple_of(16) + 8,
            };
            if sealed > ONE_ANSWER {
                return Err(Sw::LENGTH);
            }
        }
        Ok(Next::Done(Answer { data, mode: Some(mode), length_open: length == 0, unsplit, ..Answer::default() }))
    }

    pub(super) fn write_data(&mut self, ins: u8, wire: &[u8]) -> Result<Next, Sw> {
        let (no, length, mode) = self.write_target(wire)?;
        let session = self.live.session.as_ref().map(|who| &who.session);
        let total = wire_len(session, HEADER, length, mode);
        match wire.len().cmp(&total) {
            std::cmp::Ordering::Equal => self.write_whole(ins, wire),
            // A place beyond the file is refused before the rest is asked for.
            std::cmp::Ordering::Less if ins == 0x3D => {
                self.fits(no, wire)?;
                Ok(Next::More(Vec::new(), Pending::Write { ins, wire: wire.to_vec(), total }))
            }
            _ => Err(Sw::LENGTH),
        }
    }

    /// All frames are there.
    pub(super) fn write_whole(&mut self, ins: u8, wire: &[u8]) -> Result<Next, Sw> {
        let (no, length, mode) = self.write_target(wire)?;
        let data = self.open(ins, wire, Carries::Data { header: HEADER, len: length, mode })?;
        self.fits(no, &data)?;
        let (offset, _) = place(&data)?;
        let new = &data[HEADER..];
        let uncommitted = self.live.uncommitted.get(&no).cloned();
        let app = self.app_mut()?;
        let file = app.files.iter_mut().find(|file| file.no == no).ok_or(Sw::FILE_NOT_FOUND)?;
        match &mut file.body {
            Body::Standard(stored) => stored[offset..offset + length].copy_from_slice(new),
            Body::Backup(stored) => {
                let mut copy = uncommitted.unwrap_or_else(|| stored.clone());
                copy[offset..offset + length].copy_from_slice(new);
                self.live.uncommitted.insert(no, copy);
            }
        }
        let answer_mode = if mode == Mode::Plain { Some(Mode::Plain) } else { None };
        Ok(Next::Done(Answer { mode: answer_mode, ..Answer::default() }))
    }

    /// File number, length and mode of a write, from its header.
    fn write_target(&self, wire: &[u8]) -> Result<(u8, usize, Mode), Sw> {
        let no = *wire.first().ok_or(Sw::LENGTH)?;
        let file = self.app()?.file(no)?;
        let rights = Rights(file.rights);
        let mode = self.access([rights.write(), rights.read_write()], file.comm)?;
        let (_, length) = place(wire)?;
        if length == 0 {
            return Err(Sw::PARAMETER);
        }
        Ok((no, length, mode))
    }

    fn fits(&self, no: u8, header: &[u8]) -> Result<(), Sw> {
        let (offset, length) = place(header)?;
        let size = self.app()?.file(no)?.body.data().len();
        if offset.saturating_add(length) <= size { Ok(()) } else { Err(Sw::BOUNDARY) }
    }

    /// Whether one of these rights is held, and how the data then travels: as the file says for a key's holder, in
    /// plain for whoever has access only because anybody has.
    fn access(&self, rights: [u8; 2], comm: u8) -> Result<Mode, Sw> {
        if self.key_no().is_some_and(|key| rights.contains(&key)) {
            Ok(Mode::from_comm(comm))
        } else if rights.contains(&FREE) {
            Ok(Mode::Plain)
        } else if rights == [NEVER; 2] {
            Err(Sw::PERMISSION_DENIED)
        } else {
            Err(Sw::AUTHENTICATION)
        }
    }
}

/// Offset and length of a header.
fn place(header: &[u8]) -> Result<(usize, usize), Sw> {
    let [_, o0, o1, o2, l0, l1, l2, ..] = header else { return Err(Sw::LENGTH) };
    let three = |low: u8, middle: u8, high: u8| usize::from(low) | usize::from(middle) << 8 | usize::from(high) << 16;
    Ok((three(*o0, *o1, *o2), three(*l0, *l1, *l2)))
}
