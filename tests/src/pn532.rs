//! A PN532 reader chip on a pseudo-terminal, with a simulated card in its field: how libnfc, and with it libfreefare, a
//! DESFire host that we did not write, comes to talk to our card.
//!
//! Frames are those of the PN532 user manual (NXP UM0701-02 §6.2); of its commands, what libnfc's `pn532_uart` uses.

use std::fs::File;
use std::io::{Error, Read, Result, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use lanyard_virtual::ApduCard;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::termios::{SetArg, cfmakeraw, tcgetattr, tcsetattr};

/// "Got it" of either side; from the host in place of a command, "never mind".
const ACK: [u8; 6] = [0x00, 0x00, 0xFF, 0x00, 0xFF, 0x00];

/// Type A answers of a DESFire card: SENS_RES, SEL_RES, ATS.
const SENS_RES: [u8; 2] = [0x03, 0x44];
const SEL_RES: u8 = 0x20;
const ATS: [u8; 6] = [0x06, 0x75, 0x77, 0x81, 0x02, 0x80];

/// A PN532 on a pseudo-terminal, served by a thread until it is dropped.
pub struct Pn532 {
    path: PathBuf,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
    /// Kept open, or the terminal would hang up between two programs.
    _terminal: OwnedFd,
}

impl Pn532 {
    /// Puts a card in the field. Give it an `Arc<Mutex<_>>` to look into the card meanwhile.
    ///
    /// # Errors
    /// Where there is no pseudo-terminal to be had.
    pub fn start(card: impl ApduCard + 'static) -> Result<Self> {
        let pty = nix::pty::openpty(None, None)?;
        let path = nix::unistd::ttyname(&pty.slave)?;
        let mut raw = tcgetattr(&pty.slave)?;
        cfmakeraw(&mut raw);
        tcsetattr(&pty.slave, SetArg::TCSANOW, &raw)?;
        let stop = Arc::new(AtomicBool::new(false));
        let mut chip = Chip { line: File::from(pty.master), stop: stop.clone(), card: Box::new(card) };
        let thread = std::thread::spawn(move || {
            // Ends with an error when told to stop.
            while chip.serve_one().is_ok() {}
        });
        Ok(Self { path, stop, thread: Some(thread), _terminal: pty.slave })
    }

    /// What `LIBNFC_DEVICE` has to be.
    #[must_use]
    pub fn connection(&self) -> String {
        format!("pn532_uart:{}", self.path.display())
    }
}

impl Drop for Pn532 {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

struct Chip {
    line: File,
    stop: Arc<AtomicBool>,
    card: Box<dyn ApduCard>,
}

impl Chip {
    fn serve_one(&mut self) -> Result<()> {
        // Whatever stands before a frame's start is there to wake the chip up.
        let mut last = [0xFF; 3];
        while last != [0x00, 0x00, 0xFF] {
            last = [last[1], last[2], self.byte()?];
        }
        let (len, lcs) = (self.byte()?, self.byte()?);
        let length = match (len, lcs) {
            // The host's ACK: nothing is wanted any more.
            (0x00, 0xFF) => return Ok(()),
            (0xFF, 0xFF) => {
                let (high, low, _check) = (self.byte()?, self.byte()?, self.byte()?);
                usize::from(u16::from_be_bytes([high, low]))
            }
            (len, lcs) if len.wrapping_add(lcs) == 0 => usize::from(len),
            _ => return Ok(()),
        };
        let mut frame = Vec::with_capacity(length);
        for _ in 0..length {
            frame.push(self.byte()?);
        }
        let sum = frame.iter().fold(self.byte()?, |sum, byte| sum.wrapping_add(*byte));
        let [0xD4, command, data @ ..] = frame.as_slice() else { return Ok(()) };
        if sum != 0 {
            return Ok(());
        }
        self.line.write_all(&ACK)?;
        let answer = self.answer(*command, data);
        self.line.write_all(&framed(*command, &answer))
    }

    fn answer(&mut self, command: u8, data: &[u8]) -> Vec<u8> {
        match command {
            // Diagnose, communication line: what came goes back.
            0x00 => data.to_vec(),
            // GetFirmwareVersion: PN532 1.6, with type A, type B and ISO 18092.
            0x02 => vec![0x32, 0x01, 0x06, 0x07],
            // ReadRegister: all registers are zero here.
            0x06 => vec![0; data.len() / 2],
            // RFConfiguration, field off.
            0x32 if data.first() == Some(&0x01) && data.get(1).is_some_and(|on| on & 1 == 0) => {
                self.card.power_off();
                Vec::new()
            }
            // WriteRegister, SetParameters, SAMConfiguration, the rest of RFConfiguration.
            0x08 | 0x12 | 0x14 | 0x32 => Vec::new(),
            // InListPassiveTarget: there is one card, of type A.
            0x4A if data.get(1) == Some(&0x00) => {
                self.card.power_on();
                let uid = self.card.uid();
                let mut answer = vec![0x01, 0x01];
                answer.extend_from_slice(&SENS_RES);
                answer.extend_from_slice(&[SEL_RES, uid.len() as u8]);
                answer.extend_from_slice(&uid);
                answer.extend_from_slice(&ATS);
                answer
            }
            0x4A => vec![0x00],
            // InDataExchange, after the target's number.
            0x40 if data.len() > 1 => [&[0x00], self.card.transmit(&data[1..]).as_slice()].concat(),
            // InCommunicateThru: frames below ISO 14443-4, which a card on such a chip does not get to see. Timeout.
            0x42 => vec![0x01],
            // InDeselect, InRelease.
            0x44 | 0x52 => {
                self.card.power_off();
                vec![0x00]
            }
            // "Command not acceptable".
            _ => vec![0x27],
        }
    }

    fn byte(&mut self) -> Result<u8> {
        let patience = PollTimeout::from(100_u8);
        loop {
            if self.stop.load(Ordering::Relaxed) {
                return Err(Error::other("stopped"));
            }
            let mut waiting = [PollFd::new(self.line.as_fd(), PollFlags::POLLIN)];
            if poll(&mut waiting, patience)? > 0 {
                let mut byte = [0];
                self.line.read_exact(&mut byte)?;
                return Ok(byte[0]);
            }
        }
    }
}

/// `00 00 FF`, length and its complement, `D5`, command + 1, data, checksum, `00`; the extended form above 255 bytes.
fn framed(command: u8, data: &[u8]) -> Vec<u8> {
    let body = [&[0xD5, command.wrapping_add(1)], data].concat();
    let mut frame = vec![0x00, 0x00, 0xFF];
    let [high, low] = (body.len() as u16).to_be_bytes();
    if high == 0 {
        frame.extend_from_slice(&[low, low.wrapping_neg()]);
    } else {
        frame.extend_from_slice(&[0xFF, 0xFF, high, low, high.wrapping_add(low).wrapping_neg()]);
    }
    frame.extend_from_slice(&body);
    let sum = body.iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte));
    frame.extend_from_slice(&[sum.wrapping_neg(), 0x00]);
    frame
}
