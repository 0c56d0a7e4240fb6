//! The memory of a prime card, as a file or a reader gives it: checked when taken, and edited so that it stays sound.

use crate::segment::{HEADER, Segment, SegmentHeader};
use crate::{LegicError, crc8};

/// What the card's division says it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Medium {
    /// Never divided.
    New,
    /// Divided into segments.
    Segmented,
    /// A token that authorises readers: never to be written here.
    Master,
    /// Undivided, for one purpose.
    Plain,
}

/// What was saved before a segment's header was last changed, for a reader that was interrupted in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backup {
    /// The header as it was.
    pub header: SegmentHeader,
    /// The change has not been finished.
    pub dirty: bool,
    /// Both check sums agree.
    pub sound: bool,
}

/// A card's memory.
#[derive(Clone, PartialEq, Eq)]
pub struct Image {
    bytes: Vec<u8>,
}

/// From here on everything is xored with the card's check sum.
const SECRET_FROM: usize = 22;
const MCC: usize = 4;
const DCF: usize = 5;
const BACKUP: usize = 13;
const BCC: usize = 19;
const DIRTY: u8 = 0x80;

impl Image {
    /// Takes the bytes of a card.
    ///
    /// # Errors
    /// [`LegicError::Size`], [`LegicError::CardCheckSum`].
    pub fn new(bytes: Vec<u8>) -> Result<Self, LegicError> {
        if ![22, 256, 1024].contains(&bytes.len()) {
            return Err(LegicError::Size { bytes: bytes.len() });
        }
        let image = Self { bytes };
        if crc8(&[&image.uid()]) != image.mcc() {
            return Err(LegicError::CardCheckSum);
        }
        Ok(image)
    }

    /// The bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The card's number: maker and serial number.
    #[must_use]
    pub fn uid(&self) -> [u8; 4] {
        [self.bytes[0], self.bytes[1], self.bytes[2], self.bytes[3]]
    }

    /// The check sum over it, with which all beyond byte 21 is xored.
    #[must_use]
    pub fn mcc(&self) -> u8 {
        self.bytes[MCC]
    }

    /// What it is.
    #[must_use]
    pub fn medium(&self) -> Medium {
        let division = u16::from_le_bytes([self.bytes[DCF], self.bytes[DCF + 1]]);
        match division {
            0xFFFF => Medium::New,
            60_001.. => Medium::Master,
            _ if self.bytes[7] == 0x9F && self.bytes[8] == 0xFF => Medium::Segmented,
            _ => Medium::Plain,
        }
    }

    /// The backup of a header.
    #[must_use]
    pub fn backup(&self) -> Backup {
        let uid = self.uid();
        let [flags, a, b, c, d, sum] = [0, 1, 2, 3, 4, 5].map(|place| self.bytes[BACKUP + place]);
        let saved = [a, b, c, d];
        // Its own check sum is made while the change is under way, with the mark set (two real cards, by recomputation).
        let whole = crc8(&[&uid, &[flags | DIRTY], &saved, &[sum]]);
        Backup {
            header: SegmentHeader::decode(saved),
            dirty: flags & DIRTY != 0,
            sound: sum == crc8(&[&uid, &saved]) && self.bytes[BCC] == whole,
        }
    }

    /// Its segments, deleted ones too.
    ///
    /// # Errors
    /// [`LegicError::Undivided`]; [`LegicError::Header`] at the first that is damaged.
    pub fn segments(&self) -> Result<Vec<Segment>, LegicError> {
        if self.medium() != Medium::Segmented {
            return Err(LegicError::Undivided);
        }
        let mut segments = Vec::new();
        let mut start = SECRET_FROM;
        // Each takes five bytes at least, so there are never more than 200.
        for number in 0..=u8::MAX {
            let fault = LegicError::Header { segment: number };
            let head: Vec<u8> = self.plain(start, HEADER).ok_or(fault)?;
            let header = SegmentHeader::decode([head[0], head[1], head[2], head[3]]);
            let length = usize::from(header.length);
            if header.check_sum(self.uid()) != head[4] || length < HEADER {
                return Err(fault);
            }
            let payload = self.plain(start + HEADER, length - HEADER).ok_or(fault)?;
            segments.push(Segment { number, start, header, payload });
            if header.last {
                return Ok(segments);
            }
            start += length;
        }
        Err(LegicError::Header { segment: u8::MAX })
    }

    /// One of them.
    ///
    /// # Errors
    /// As [`Image::segments`], and [`LegicError::NoSegment`].
    pub fn segment(&self, number: u8) -> Result<Segment, LegicError> {
        let found = self.segments()?.into_iter().find(|segment| segment.number == number);
        found.ok_or(LegicError::NoSegment { segment: number })
    }

    /// The first whose stamp begins so.
    ///
    /// # Errors
    /// As [`Image::segments`].
    pub fn find(&self, stamp: &[u8]) -> Result<Option<Segment>, LegicError> {
        Ok(self.segments()?.into_iter().find(|segment| segment.has_stamp(stamp)))
    }

    /// Writes into a segment, behind what is protected.
    ///
    /// # Errors
    /// As [`Image::segment`], and [`LegicError::Range`].
    pub fn write(&mut self, number: u8, offset: usize, bytes: &[u8]) -> Result<(), LegicError> {
        let segment = self.segment(number)?;
        let end = offset.saturating_add(bytes.len());
        if offset < usize::from(segment.header.wrp) || end > segment.payload.len() {
            return Err(LegicError::Range { segment: number, offset, end });
        }
        self.put(segment.start + HEADER + offset, bytes);
        Ok(())
    }

    /// Adds a segment behind the last, holding this. Its predecessor's header, which was the last one's, is saved in the
    /// backup before it is changed; of the backup's first byte only the mark's meaning is known, the rest stays.
    ///
    /// # Errors
    /// As [`Image::segments`]; [`LegicError::Full`]; [`LegicError::Range`] where more is to be protected than it holds.
    pub fn append(&mut self, payload: &[u8], wrp: u8) -> Result<u8, LegicError> {
        let segments = self.segments()?;
        let last = segments.last().ok_or(LegicError::Undivided)?;
        let number = last.number.saturating_add(1);
        let start = last.start + usize::from(last.header.length);
        let (needed, free) = (payload.len().saturating_add(HEADER), self.bytes.len() - start);
        if needed > free {
            return Err(LegicError::Full { needed, free });
        }
        if usize::from(wrp) > payload.len() {
            return Err(LegicError::Range { segment: number, offset: 0, end: usize::from(wrp) });
        }
        let header = SegmentHeader { length: needed as u16, valid: true, last: true, wrp, wrc: 0, rd: false };
        self.put(start + HEADER, payload);
        self.put_header(start, header);
        self.save(last.header);
        self.put_header(last.start, SegmentHeader { last: false, ..last.header });
        self.bytes[BACKUP] &= !DIRTY;
        Ok(number)
    }

    /// Puts the check sum of a Kaba group header at the end of a segment, which must not be protected.
    ///
    /// # Errors
    /// As [`Image::write`].
    pub fn seal_kaba_group(&mut self, number: u8) -> Result<(), LegicError> {
        let segment = self.segment(number)?;
        let end = segment.payload.len();
        let empty = LegicError::Range { segment: number, offset: 0, end };
        let sum = segment.kaba_check_sum(self.uid()).ok_or(empty)?;
        self.write(number, end - 1, &[sum])
    }

    fn save(&mut self, header: SegmentHeader) {
        let uid = self.uid();
        let saved = header.encode();
        let sum = crc8(&[&uid, &saved]);
        let flags = self.bytes[BACKUP] | DIRTY;
        let whole = crc8(&[&uid, &[flags], &saved, &[sum]]);
        self.bytes[BACKUP] = flags;
        self.bytes[BACKUP + 1..BACKUP + 5].copy_from_slice(&saved);
        self.bytes[BACKUP + 5] = sum;
        self.bytes[BCC] = whole;
    }

    fn put_header(&mut self, start: usize, header: SegmentHeader) {
        let sum = header.check_sum(self.uid());
        self.put(start, &header.encode());
        self.put(start + 4, &[sum]);
    }

    /// As they are meant.
    fn plain(&self, start: usize, length: usize) -> Option<Vec<u8>> {
        let bytes = self.bytes.get(start..start.checked_add(length)?)?;
        Some(bytes.iter().map(|byte| byte ^ self.mcc()).collect())
    }

    /// As the card holds them. The caller has checked that there is room.
    fn put(&mut self, start: usize, bytes: &[u8]) {
        let mcc = self.mcc();
        for (held, byte) in self.bytes.iter_mut().skip(start).zip(bytes) {
            *held = byte ^ mcc;
        }
    }
}
