//! A simulated LEGIC reader with a prime card, as operations: how a real one is told to do them is licensed. The card's
//! memory is laid out as published; this file reads and writes it in its own way.

use lanyard_device::{DeviceError, LegicCard, LegicFamily, LegicReader, LegicSegment, NewSegment};

use crate::FaultKind;

/// A reader, and what lies on it.
pub struct VirtualLegic {
    card: Option<Vec<u8>>,
    authorised: Vec<Vec<u8>>,
    operations: usize,
    faults: Vec<(usize, FaultKind)>,
    plugged: bool,
}

const NAME: &str = "Simulated LEGIC reader";

/// Where segments begin.
const FIRST: usize = 22;

struct Found {
    number: u8,
    at: usize,
    length: usize,
    wrp: usize,
    last: bool,
    valid: bool,
}

fn crc8(bytes: impl IntoIterator<Item = u8>) -> u8 {
    let mut crc = 0xAA_u8;
    for byte in bytes {
        for bit in 0..8 {
            let feed = (crc >> 7) ^ (byte >> bit & 1);
            crc = crc << 1 ^ if feed == 1 { 0x63 } else { 0 };
        }
    }
    crc
}

impl VirtualLegic {
    /// A reader that was authorised for segments whose stamps begin so.
    #[must_use]
    pub fn new(authorised: &[&[u8]]) -> Self {
        let authorised = authorised.iter().map(|stamp| stamp.to_vec()).collect();
        Self { card: None, authorised, operations: 0, faults: Vec::new(), plugged: true }
    }

    /// A prime card of 256 bytes with this number and one segment that holds this.
    #[must_use]
    pub fn prime_card(uid: [u8; 4], payload: &[u8], wrp: u8) -> Vec<u8> {
        let mut card = vec![0; 256];
        card[..4].copy_from_slice(&uid);
        card[4] = crc8(uid);
        card[5..13].copy_from_slice(&[0x60, 0xEA, 0x9F, 0xFF, 0, 0, 0, 0x11]);
        card[13] = 1;
        let mcc = card[4];
        card[FIRST..].fill(mcc);
        put(&mut card, FIRST, payload, wrp, true);
        back_up(&mut card, [6, 0x80, 0, 0]);
        card
    }

    /// Lays a card's memory.
    pub fn lay(&mut self, card: Vec<u8>) {
        self.card = Some(card);
    }

    /// Takes it.
    pub fn lift(&mut self) -> Option<Vec<u8>> {
        self.card.take()
    }

    /// Something goes wrong at an operation, counted from 0.
    pub fn fault(&mut self, at: usize, kind: FaultKind) {
        self.faults.push((at, kind));
    }

    /// The fault that is due now.
    fn due(&mut self) -> Option<FaultKind> {
        let at = self.operations;
        self.operations += 1;
        let place = self.faults.iter().position(|(number, _)| *number == at)?;
        Some(self.faults.remove(place).1)
    }

    /// Carries an operation out on the card, with the fault that is due.
    fn run<T>(&mut self, act: impl FnOnce(&mut Vec<u8>) -> Result<T, &'static str>) -> Result<T, DeviceError> {
        let name = || NAME.to_owned();
        let due = self.due();
        if due == Some(FaultKind::UnplugReader) {
            self.plugged = false;
        }
        if !self.plugged {
            return Err(DeviceError::Gone { device: name() });
        }
        if self.card.is_none() {
            return Err(DeviceError::NoCard { reader: name() });
        }
        let gone = Err(DeviceError::CardGone { reader: name() });
        if due == Some(FaultKind::PullBefore) {
            return gone;
        }
        let done = self.card.as_mut().map(act);
        match due {
            Some(FaultKind::PullAfter) => return gone,
            Some(FaultKind::Silence) => return Err(DeviceError::Silent { device: name(), limit_ms: 3000 }),
            Some(FaultKind::Garbage | FaultKind::FlipMac) => {
                return Err(DeviceError::Protocol { device: name(), what: "frame" });
            }
            _ => {}
        }
        match done {
            Some(Ok(answer)) => Ok(answer),
            Some(Err(reason)) => Err(DeviceError::Refused { device: name(), reason: reason.to_owned() }),
            None => gone,
        }
    }
}

/// The segments, as far as their headers are sound.
fn walk(card: &[u8]) -> Vec<Found> {
    let mut found = Vec::new();
    let mut at = FIRST;
    while let Some(head) = card.get(at..at + 5) {
        let head: Vec<u8> = head.iter().map(|byte| byte ^ card[4]).collect();
        let length = usize::from(head[1] & 15) * 256 + usize::from(head[0]);
        let sum = crc8(card[..4].iter().chain(&head[..4]).copied());
        if sum != head[4] || length < 5 || at + length > card.len() || found.len() > 126 {
            break;
        }
        let (last, valid) = (head[1] & 0x80 != 0, head[1] & 0x40 != 0);
        found.push(Found { number: found.len() as u8, at, length, wrp: usize::from(head[2]), last, valid });
        if last {
            break;
        }
        at += length;
    }
    found
}

/// A segment at a place.
fn put(card: &mut [u8], at: usize, payload: &[u8], wrp: u8, last: bool) {
    let length = payload.len() + 5;
    let head = [length as u8, (length >> 8) as u8 | 0x40 | if last { 0x80 } else { 0 }, wrp, 0];
    let sum = crc8(card[..4].iter().chain(&head).copied());
    let mcc = card[4];
    let bytes = head.iter().chain([&sum]).chain(payload).map(|byte| byte ^ mcc);
    card[at..at + length].iter_mut().zip(bytes).for_each(|(held, byte)| *held = byte);
}

fn back_up(card: &mut [u8], head: [u8; 4]) {
    let sum = crc8(card[..4].iter().chain(&head).copied());
    let marked = [card[13] | 0x80, head[0], head[1], head[2], head[3], sum];
    let whole = crc8(card[..4].iter().chain(&marked).copied());
    card[14..19].copy_from_slice(&marked[1..]);
    card[19] = whole;
}

fn told(segment: &Found) -> LegicSegment {
    LegicSegment { number: segment.number, length: (segment.length - 5) as u16, protected: segment.wrp as u16 }
}

impl LegicReader for VirtualLegic {
    fn name(&self) -> &str {
        NAME
    }

    fn search(&mut self) -> Result<Option<LegicCard>, DeviceError> {
        match self.run(|card| Ok(LegicCard { family: LegicFamily::Prime, uid: card[..4].to_vec() })) {
            Ok(card) => Ok(Some(card)),
            Err(DeviceError::NoCard { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn find_segment(&mut self, stamp: &[u8]) -> Result<Option<LegicSegment>, DeviceError> {
        let stamp = stamp.to_vec();
        self.run(|card| {
            let mcc = card[4];
            let begins = |segment: &&Found| {
                let held = &card[segment.at + 5..segment.at + segment.length];
                segment.valid && held.len() >= stamp.len() && held.iter().zip(&stamp).all(|(a, b)| a ^ mcc == *b)
            };
            Ok(walk(card).iter().find(begins).map(told))
        })
    }

    fn read(&mut self, segment: u8, offset: u16, length: u16) -> Result<Vec<u8>, DeviceError> {
        self.run(|card| {
            let found = walk(card).into_iter().find(|found| found.number == segment).ok_or("no-segment")?;
            let (from, length) = (usize::from(offset), usize::from(length));
            if from + length > found.length - 5 {
                return Err("beyond-segment");
            }
            let start = found.at + 5 + from;
            Ok(card[start..start + length].iter().map(|byte| byte ^ card[4]).collect())
        })
    }

    fn write(&mut self, segment: u8, offset: u16, bytes: &[u8]) -> Result<(), DeviceError> {
        let bytes = bytes.to_vec();
        self.run(|card| {
            let found = walk(card).into_iter().find(|found| found.number == segment).ok_or("no-segment")?;
            let from = usize::from(offset);
            if from < found.wrp || from + bytes.len() > found.length - 5 {
                return Err("protected");
            }
            let (start, mcc) = (found.at + 5 + from, card[4]);
            card[start..start + bytes.len()].iter_mut().zip(&bytes).for_each(|(held, byte)| *held = byte ^ mcc);
            Ok(())
        })
    }

    fn create(&mut self, segment: &NewSegment) -> Result<LegicSegment, DeviceError> {
        let allowed = self.authorised.iter().any(|stamp| segment.stamp.starts_with(stamp));
        let new = segment.clone();
        self.run(|card| {
            if !allowed {
                return Err("not-authorised");
            }
            let segments = walk(card);
            let last = segments.last().filter(|found| found.last).ok_or("no-segments")?;
            let at = last.at + last.length;
            let length = usize::from(new.length);
            if length < new.stamp.len() || usize::from(new.protected) > length.min(255) {
                return Err("length");
            }
            if at + 5 + length > card.len() {
                return Err("no-room");
            }
            let mut payload = new.stamp.clone();
            payload.resize(length, 0);
            put(card, at, &payload, new.protected as u8, true);
            let head = [0, 1, 2, 3].map(|place| card[last.at + place] ^ card[4]);
            back_up(card, head);
            let held: Vec<u8> = card[last.at + 5..last.at + last.length].iter().map(|byte| byte ^ card[4]).collect();
            put(card, last.at, &held, last.wrp as u8, false);
            walk(card).last().map(told).ok_or("no-segments")
        })
    }
}
