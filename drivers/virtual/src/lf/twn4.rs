//! An Elatec TWN4 with its Simple Protocol, as bytes in and bytes out: whoever puts it behind a terminal does so
//! elsewhere. From Elatec's "TWN4 Simple Protocol", DocRev25, April 2022, sections 1.1 to 1.5.

use super::{Heard, LfTag};

/// What goes wrong, at one command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Twn4Fault {
    /// The card is taken before the command is carried out.
    PullBefore,
    /// The card is taken after it was carried out; the reader reports success as far as it knows.
    PullAfter,
    /// The card is taken while a block is being written: the half that is set in the mask is new.
    Tear(u32),
    /// The answer is noise.
    Garbage,
    /// The answer's last digit is another.
    LastDigit,
    /// No answer.
    Silence,
    /// The answer comes only when the next command has been sent, ahead of that one's.
    Late,
    /// So many characters of the answer, and then none.
    Cut(usize),
    /// The reader is unplugged before the command is carried out.
    Unplug,
}

/// A reader.
pub struct VirtualTwn4 {
    crc: bool,
    tag: Option<LfTag>,
    pulled: Option<LfTag>,
    field: bool,
    line: Vec<u8>,
    commands: usize,
    writes: usize,
    faults: Vec<(usize, Twn4Fault)>,
    after_writes: Option<(usize, Twn4Fault)>,
    tear: Option<u32>,
    late: Vec<u8>,
    unplugged: bool,
    types: (u32, u32),
    /// The lights, by their bits, and the last tone.
    pub lights: u8,
    /// Frequency of the last beep.
    pub beep_hz: u16,
}

/// No command is longer: the longest here has eleven bytes. What is longer is forgotten up to the next end of line.
const LONGEST_LINE: usize = 1024;

impl VirtualTwn4 {
    /// A reader, set to answer with or without check sums.
    #[must_use]
    pub fn new(crc: bool) -> Self {
        Self {
            crc,
            tag: None,
            pulled: None,
            field: false,
            line: Vec::new(),
            commands: 0,
            writes: 0,
            faults: Vec::new(),
            after_writes: None,
            tear: None,
            late: Vec::new(),
            unplugged: false,
            types: (u32::MAX, u32::MAX),
            lights: 0,
            beep_hz: 0,
        }
    }

    /// Lays a card.
    pub fn lay(&mut self, mut tag: LfTag) {
        tag.field_on();
        self.field = true;
        self.tag = Some(tag);
    }

    /// Takes the card, also one that a fault has taken.
    pub fn lift(&mut self) -> Option<LfTag> {
        self.tag.take().or_else(|| self.pulled.take())
    }

    /// The card that lies there.
    #[must_use]
    pub fn tag(&self) -> Option<&LfTag> {
        self.tag.as_ref()
    }

    /// How many commands have come.
    #[must_use]
    pub fn commands(&self) -> usize {
        self.commands
    }

    /// How many commands have been sent to a card that write.
    #[must_use]
    pub fn writes(&self) -> usize {
        self.writes
    }

    /// Forgets what was to go wrong.
    pub fn no_faults(&mut self) {
        self.faults.clear();
        self.after_writes = None;
    }

    /// Something goes wrong at the first command after so many that write.
    pub fn fault_after_writes(&mut self, writes: usize, fault: Twn4Fault) {
        self.after_writes = Some((writes, fault));
    }

    /// Something goes wrong at a command, counted from 0.
    pub fn fault(&mut self, at: usize, fault: Twn4Fault) {
        self.faults.push((at, fault));
    }

    /// Whether a fault has unplugged it: then its terminal is to be closed.
    #[must_use]
    pub fn unplugged(&self) -> bool {
        self.unplugged
    }

    /// Plugged in again: it starts anew, with what lies on it.
    pub fn plug(&mut self) {
        self.unplugged = false;
        self.field = false;
        self.line.clear();
    }

    /// Takes what the host sends, gives what the host is to receive.
    pub fn feed(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        for byte in bytes {
            if self.unplugged {
                break;
            }
            if *byte == b'\r' {
                let line = std::mem::take(&mut self.line);
                out.extend(self.answer(&line));
            } else if self.line.len() < LONGEST_LINE {
                self.line.push(*byte);
            }
        }
        out
    }

    fn answer(&mut self, line: &[u8]) -> Vec<u8> {
        let at = self.commands;
        self.commands += 1;
        let due = self.faults.iter().position(|(number, _)| *number == at).map(|place| self.faults.remove(place).1);
        let due =
            due.or_else(|| self.after_writes.take_if(|(writes, _)| self.writes >= *writes).map(|(_, fault)| fault));
        match due {
            Some(Twn4Fault::PullBefore) => self.pulled = self.tag.take(),
            Some(Twn4Fault::Tear(mask)) => self.tear = Some(mask),
            Some(Twn4Fault::Unplug) => {
                self.unplugged = true;
                return Vec::new();
            }
            _ => {}
        }
        let answer = match self.command(line) {
            Some(command) => self.carry_out(&command).unwrap_or_else(|status| vec![status]),
            None => vec![5],
        };
        let mut text = self.frame(&answer);
        let late = std::mem::take(&mut self.late);
        match due {
            Some(Twn4Fault::PullAfter | Twn4Fault::Tear(_)) => self.pulled = self.tag.take(),
            Some(Twn4Fault::Garbage) => {
                text.iter_mut().for_each(|byte| *byte = byte.wrapping_mul(0x35) ^ 0xA7);
                text.push(b'\r');
            }
            Some(Twn4Fault::LastDigit) => {
                if let [.., digit, _] = text.as_mut_slice() {
                    *digit = if *digit == b'0' { b'1' } else { b'0' };
                }
            }
            Some(Twn4Fault::Silence) => text.clear(),
            Some(Twn4Fault::Late) => self.late = std::mem::take(&mut text),
            Some(Twn4Fault::Cut(at)) => text.truncate(at.min(text.len() - 1)),
            _ => {}
        }
        self.tear = None;
        [late, text].concat()
    }

    /// The bytes of a line, its check sum taken off.
    fn command(&self, line: &[u8]) -> Option<Vec<u8>> {
        let mut bytes = hex::decode(line).ok()?;
        if self.crc {
            let sum = bytes.split_off(bytes.len().checked_sub(2)?);
            if sum != crc(&bytes).to_le_bytes() {
                return None;
            }
        }
        Some(bytes)
    }

    fn frame(&self, answer: &[u8]) -> Vec<u8> {
        let mut bytes = answer.to_vec();
        if self.crc {
            bytes.extend(crc(answer).to_le_bytes());
        }
        let mut text = hex::encode_upper(bytes).into_bytes();
        text.push(b'\r');
        text
    }

    /// The answer, or the error byte (1.2): 1 unknown function, 2 parameter missing, 3 parameters too many.
    fn carry_out(&mut self, command: &[u8]) -> Result<Vec<u8>, u8> {
        let [api, function, rest @ ..] = command else { return Err(2) };
        let mut input = Input(rest);
        let answer = match (api, function) {
            (0x00, 0x04) => {
                let most = usize::from(input.byte()?);
                let version = b"TWN4/B1.64/CCF4.51/PRS1.04";
                let shown = &version[..version.len().min(most)];
                [&[0, shown.len() as u8][..], shown].concat()
            }
            (0x00, 0x05) => vec![0, 1],
            (0x04, 0x07) => {
                let [_, low, high, ..] = input.take::<7>()?;
                self.beep_hz = u16::from_le_bytes([low, high]);
                vec![0]
            }
            (0x04, 0x10) => {
                input.byte()?;
                vec![0]
            }
            (0x04, 0x11) => {
                self.lights |= input.byte()?;
                vec![0]
            }
            (0x04, 0x12) => {
                self.lights &= !input.byte()?;
                vec![0]
            }
            (0x05, 0x00) => self.search(usize::from(input.byte()?)),
            (0x05, 0x01) => {
                self.field = false;
                vec![0]
            }
            (0x05, 0x02) => {
                self.types = (u32::from_le_bytes(input.take()?), u32::from_le_bytes(input.take()?));
                vec![0]
            }
            (0x05, 0x03) => [&[0], &self.types.0.to_le_bytes()[..], &self.types.1.to_le_bytes()].concat(),
            (0x15, _) => self.t5577(*function, &mut input)?,
            (0x19, _) => self.em4150(*function, &mut input)?,
            (0x2F, _) => self.em4305(*function, &mut input)?,
            _ => return Err(1),
        };
        if input.0.is_empty() { Ok(answer) } else { Err(3) }
    }

    /// Any call that talks to a card switches the field on.
    fn field_on(&mut self) {
        if !std::mem::replace(&mut self.field, true)
            && let Some(tag) = &mut self.tag
        {
            tag.field_on();
        }
    }

    fn search(&mut self, most: usize) -> Vec<u8> {
        self.field_on();
        let (kind, bits, id) = match self.tag.as_ref().and_then(LfTag::heard) {
            Some(Heard::Em4100(id)) => (0x40, 40, id.to_vec()),
            Some(Heard::Prox(raw)) => (0x49, 44, raw.to_be_bytes()[2..].to_vec()),
            None => return vec![0, 0],
        };
        if self.types.0 & 1 << (kind & 0x1F) == 0 {
            return vec![0, 0];
        }
        let id = &id[..id.len().min(most)];
        [&[0, 1, kind, bits, id.len() as u8], id].concat()
    }

    fn t5577(&mut self, function: u8, input: &mut Input) -> Result<Vec<u8>, u8> {
        self.field_on();
        if function == 0 {
            return Ok(vec![0]);
        }
        let block = input.byte()?;
        let tear = self.tear;
        let mut chip = match &mut self.tag {
            Some(LfTag::T5577(chip)) => Some(chip),
            _ => None,
        };
        let held = chip.as_ref().and_then(|chip| chip.blocks.get(usize::from(block)).copied()).unwrap_or_default();
        let torn = |value: u32| tear.map_or(value, |mask| value & mask | held & !mask);
        Ok(match function {
            1 => read(chip.and_then(|chip| chip.read(block))),
            2 => {
                let password = input.word()?;
                // Where it wants no password, this too writes.
                self.writes += usize::from(chip.as_ref().is_some_and(|chip| !chip.wants_password()));
                read(chip.and_then(|chip| chip.read_protected(block, password)))
            }
            3 | 5 => {
                let value = torn(input.word()?);
                if let Some(chip) = &mut chip {
                    self.writes += 1;
                    chip.write(block, value, function == 5);
                }
                // Nothing is acknowledged: the reader can only say that it has sent.
                vec![0, 1]
            }
            4 | 6 => {
                let value = torn(input.word()?);
                let password = input.word()?;
                if let Some(chip) = &mut chip {
                    self.writes += 1;
                    chip.write_protected(block, value, function == 6, password);
                }
                vec![0, 1]
            }
            _ => return Err(1),
        })
    }

    fn em4150(&mut self, function: u8, input: &mut Input) -> Result<Vec<u8>, u8> {
        self.field_on();
        let chip = match &mut self.tag {
            Some(LfTag::Em4150(chip)) => Some(chip),
            _ => None,
        };
        Ok(match function {
            0 => {
                let password = input.word()?;
                vec![0, u8::from(chip.is_some_and(|chip| chip.login(password)))]
            }
            1 => {
                let word = input.byte()?;
                read(chip.and_then(|chip| chip.read(word)))
            }
            2 => {
                let (word, value) = (input.byte()?, input.word()?);
                vec![0, u8::from(chip.is_some_and(|chip| chip.write(word, value)))]
            }
            _ => return Err(1),
        })
    }

    fn em4305(&mut self, function: u8, input: &mut Input) -> Result<Vec<u8>, u8> {
        self.field_on();
        let tear = self.tear;
        let chip = match &mut self.tag {
            Some(LfTag::Em4305(chip)) => Some(chip),
            _ => None,
        };
        Ok(match function {
            0 => vec![0],
            1 => {
                let word = input.byte()?;
                read(chip.and_then(|chip| chip.read(word)))
            }
            2 => {
                let (word, value) = (input.byte()?, input.word()?);
                let done = chip.is_some_and(|chip| {
                    let held = chip.words.get(usize::from(word)).copied().unwrap_or_default();
                    chip.write(word, tear.map_or(value, |mask| value & mask | held & !mask))
                });
                vec![0, u8::from(done)]
            }
            3 => {
                let password = input.word()?;
                vec![0, u8::from(chip.is_some_and(|chip| chip.login(password)))]
            }
            _ => return Err(1),
        })
    }
}

fn read(value: Option<u32>) -> Vec<u8> {
    value.map_or(vec![0, 0], |value| [&[0, 1][..], &value.to_be_bytes()].concat())
}

/// 1.3.3: polynomial 8408 reversed, from FFFF.
fn crc(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0xFFFF, |crc: u16, byte| {
        (0..8).fold(crc ^ u16::from(*byte), |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0x8408 } else { crc >> 1 })
    })
}

struct Input<'a>(&'a [u8]);

impl Input<'_> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], u8> {
        let (first, rest) = self.0.split_first_chunk().ok_or(2)?;
        self.0 = rest;
        Ok(*first)
    }

    fn byte(&mut self) -> Result<u8, u8> {
        self.take::<1>().map(|[byte]| byte)
    }

    /// Four bytes as they go over the air: highest first.
    fn word(&mut self) -> Result<u32, u8> {
        self.take().map(u32::from_be_bytes)
    }
}
