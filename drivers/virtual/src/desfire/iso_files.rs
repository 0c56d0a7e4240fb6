//! READ BINARY and UPDATE BINARY (ISO/IEC 7816-4 §11.3): what is free, in the clear. Within a session they are refused:
//! no public source says what they then look like.

use lanyard_apdu::{Command, Expected};

use super::body::Body;
use super::data::Target;
use super::files::Rights;
use super::session::Mode;
use super::status::Sw;
use super::{DesfireCard, iso};

/// The most data in one short answer.
const SHORT: usize = 256;

impl DesfireCard {
    pub(super) fn iso_select_file(&mut self, fid: &[u8]) -> u16 {
        let Ok(app) = self.app() else { return iso::NOT_FOUND };
        // Sent most significant byte first here, least first at creation.
        let found = app.files.iter().find(|file| file.iso_fid.is_some_and(|[low, high]| fid == [high, low]));
        match found.map(|file| file.no) {
            Some(no) => {
                self.live.iso_file = Some(no);
                iso::OK
            }
            None => iso::NOT_FOUND,
        }
    }

    pub(super) fn iso_read(&mut self, command: &Command) -> Result<Vec<u8>, u16> {
        let wanted = match command.expected {
            Expected::Nothing => return Err(iso::WRONG_LENGTH),
            Expected::Any => SHORT,
            Expected::UpTo(n) => usize::try_from(n).unwrap_or(SHORT),
        };
        let (no, offset) = self.iso_place(command)?;
        self.iso_right(no, &[Rights::read, Rights::read_write])?;
        let stored = self.data_of(no)?;
        let left = stored.get(offset..).filter(|left| !left.is_empty()).ok_or(iso::WRONG_OFFSET)?;
        // Le of 256 asks for what there is.
        if wanted > left.len() && wanted != SHORT {
            return Err(iso::WRONG_LENGTH);
        }
        let found = left[..wanted.min(left.len()).min(SHORT)].to_vec();
        self.count_in(&[&[0xB0, command.p1, command.p2], &[found.len() as u8][..]].concat(), &found);
        Ok(found)
    }

    pub(super) fn iso_update(&mut self, command: &Command) -> Result<Vec<u8>, u16> {
        let (no, offset) = self.iso_place(command)?;
        self.iso_right(no, &[Rights::write, Rights::read_write])?;
        let size = self.data_of(no)?.len();
        let length = command.data.len();
        if length == 0 {
            return Err(iso::WRONG_LENGTH);
        }
        if offset.saturating_add(length) > size {
            return Err(iso::WRONG_OFFSET);
        }
        let target = Target { no, back: None, offset, length, mode: Mode::Plain, header: 0 };
        self.write_bytes(&target, &command.data).map_err(|_| iso::NOT_ALLOWED)?;
        self.count_in(&[0xD6, command.p1, command.p2, length as u8], &command.data);
        Ok(Vec::new())
    }

    /// File and offset: of the file selected, or of the one whose number stands in P1.
    fn iso_place(&mut self, command: &Command) -> Result<(u8, usize), u16> {
        if self.live.session.is_some() {
            return Err(iso::NOT_ALLOWED);
        }
        if command.p1 & 0x80 == 0 {
            let no = self.live.iso_file.ok_or(iso::NOT_ALLOWED)?;
            return Ok((no, usize::from(command.p1) << 8 | usize::from(command.p2)));
        }
        let no = command.p1 & 0x1F;
        self.app().and_then(|app| app.file(no)).map_err(|_| iso::NOT_FOUND)?;
        self.live.iso_file = Some(no);
        Ok((no, usize::from(command.p2)))
    }

    fn iso_right(&self, no: u8, which: &[fn(Rights) -> u8]) -> Result<(), u16> {
        let file = self.app().and_then(|app| app.file(no)).map_err(|_| iso::NOT_FOUND)?;
        match self.access(&file.holders(which), file.comm) {
            Ok(_) => Ok(()),
            Err(Sw::FILE_NOT_FOUND) => Err(iso::NOT_FOUND),
            Err(_) => Err(iso::SECURITY),
        }
    }

    fn data_of(&self, no: u8) -> Result<Vec<u8>, u16> {
        match &self.app().and_then(|app| app.file(no)).map_err(|_| iso::NOT_FOUND)?.body {
            Body::Standard(data) | Body::Backup(data) => Ok(data.clone()),
            _ => Err(iso::NOT_ALLOWED),
        }
    }
}
