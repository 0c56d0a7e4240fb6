//! A segment: four bytes that describe it, their check sum, and what it holds.

use crate::crc8;

/// Bytes of header and check sum.
pub(crate) const HEADER: usize = 5;

/// What the four bytes say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SegmentHeader {
    /// Length with header and check sum; 12 bits.
    pub length: u16,
    /// Not deleted.
    pub valid: bool,
    /// None follows.
    pub last: bool,
    /// How many bytes, from the first, readers no longer write.
    pub wrp: u8,
    /// Write control; 3 bits.
    pub wrc: u8,
    /// Whether reading them, too, needs an authorisation.
    pub rd: bool,
}

impl SegmentHeader {
    /// Reads the four bytes.
    #[must_use]
    pub fn decode(bytes: [u8; 4]) -> Self {
        let [low, high, wrp, flags] = bytes;
        Self {
            length: u16::from(high & 0x0F) << 8 | u16::from(low),
            valid: high & 0x40 != 0,
            last: high & 0x80 != 0,
            wrp,
            wrc: flags >> 4 & 7,
            rd: flags & 0x80 != 0,
        }
    }

    /// The four bytes.
    #[must_use]
    pub fn encode(self) -> [u8; 4] {
        let flags = u8::from(self.last) << 7 | u8::from(self.valid) << 6;
        [
            self.length as u8,
            (self.length >> 8) as u8 & 0x0F | flags,
            self.wrp,
            u8::from(self.rd) << 7 | (self.wrc & 7) << 4,
        ]
    }

    /// The check sum that follows them.
    #[must_use]
    pub fn check_sum(self, uid: [u8; 4]) -> u8 {
        crc8(&[&uid, &self.encode()])
    }
}

/// A segment of an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Its place, from 0.
    pub number: u8,
    /// Where it begins in the image.
    pub(crate) start: usize,
    /// Its header.
    pub header: SegmentHeader,
    /// What it holds: its stamp first.
    pub payload: Vec<u8>,
}

impl Segment {
    /// Whether its stamp begins so.
    #[must_use]
    pub fn has_stamp(&self, stamp: &[u8]) -> bool {
        self.header.valid && self.payload.starts_with(stamp)
    }

    /// The check sum of a Kaba group header over these bytes, which a segment with one bears as its last.
    #[must_use]
    pub fn kaba_check_sum(&self, uid: [u8; 4]) -> Option<u8> {
        let (_, body) = self.payload.split_last()?;
        let SegmentHeader { wrp, wrc, rd, .. } = self.header;
        Some(crc8(&[&uid, &[wrp, wrc, u8::from(rd), 0], body]))
    }

    /// Whether it is a sound Kaba group header.
    #[must_use]
    pub fn is_kaba_group(&self, uid: [u8; 4]) -> bool {
        self.kaba_check_sum(uid).is_some() && self.kaba_check_sum(uid) == self.payload.last().copied()
    }
}
