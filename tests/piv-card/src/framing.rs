//! What lies between a reader and the application: commands in pieces put together, long answers cut (ISO/IEC 7816-4
//! §5.3.3, §5.3.4), and two courtesies to Yubico's and NIST's tools.

use lanyard_apdu::{Command, Expected};

/// Longest command that is put together.
const LIMIT: usize = 8192;

/// One card's state between two commands.
#[derive(Default)]
pub struct Framing {
    gathered: Vec<u8>,
    left: Vec<u8>,
}

impl Framing {
    /// Answers a command, by `card` once it is whole: an APDU of the extended form in, data and status word out.
    pub fn answer(&mut self, bytes: &[u8], card: impl FnOnce(&[u8]) -> (Vec<u8>, u16)) -> Vec<u8> {
        let Ok(mut command) = Command::parse(bytes) else { return vec![0x67, 0x00] };
        let whole = match command.expected {
            Expected::UpTo(n) if n > 256 => 65_536,
            Expected::UpTo(n) => n as usize,
            Expected::Nothing | Expected::Any => 256,
        };
        if command.ins == 0xC0 {
            return self.piece(whole, 0x9000);
        }
        self.left.clear();
        if self.gathered.len() + command.data.len() > LIMIT {
            self.gathered.clear();
            return vec![0x67, 0x00];
        }
        self.gathered.extend_from_slice(&command.data);
        if command.cla & 0x10 != 0 {
            return vec![0x90, 0x00];
        }
        command.data = std::mem::take(&mut self.gathered);
        // libykpiv selects by the application's owner alone.
        if command.ins == 0xA4 && command.data == [0xA0, 0x00, 0x00, 0x03, 0x08] {
            command.data.extend_from_slice(&[0x00, 0x00, 0x10, 0x00]);
        }
        // Yubico's tools go by the version of a YubiKey, which the card does not claim to be by itself.
        if command.ins == 0xFD {
            return vec![5, 2, 7, 0x90, 0x00];
        }
        command.expected = Expected::UpTo(65_536);
        let (data, status) = card(&command.encode());
        self.left = data;
        self.piece(whole, status)
    }

    fn piece(&mut self, most: usize, status: u16) -> Vec<u8> {
        let rest = self.left.split_off(self.left.len().min(most));
        let mut out = std::mem::replace(&mut self.left, rest);
        let status = match self.left.len() {
            0 => status,
            n => 0x6100 | u16::try_from(n).unwrap_or(256).min(256) & 0xFF,
        };
        out.extend_from_slice(&status.to_be_bytes());
        out
    }
}
