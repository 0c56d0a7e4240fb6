//! Secure messaging from the card's side: D40, EV1, EV2, each in plain, MAC and full.

use super::cipher::{Cipher, Iv, crc16, crc32, pad_iso, pad_zero, unpad_iso};
use super::status::Sw;

/// How data travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    Plain,
    Mac,
    Full,
}

impl Mode {
    /// From the low bits of a file's communication settings; `02` is plain like `00`.
    pub(crate) fn from_comm(comm: u8) -> Self {
        match comm & 3 {
            1 => Self::Mac,
            3 => Self::Full,
            _ => Self::Plain,
        }
    }
}

/// What a command carries besides its instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Carries {
    /// Parameters only. EV2 puts a MAC on them unless the command is one of a plain file.
    Parameters { mac: bool },
    /// `header` bytes in clear, then `len` bytes of data in this mode.
    Data { header: usize, len: usize, mode: Mode },
    /// `header` bytes in clear, then a cryptogram whose inside the command itself checks (ChangeKey, ATS).
    Cryptogram { header: usize },
}

/// What was agreed at authentication.
#[derive(Clone)]
pub(crate) enum Session {
    D40 { key: Cipher },
    Ev1 { key: Cipher, iv: Iv },
    Ev2 { enc: Cipher, mac: Cipher, ti: [u8; 4], counter: u16 },
}

/// How many bytes a command has on the wire, parameters and all, after INS.
pub(crate) fn wire_len(session: Option<&Session>, header: usize, len: usize, mode: Mode) -> usize {
    let block = |cipher: &Cipher, extra: usize| (len + extra).next_multiple_of(cipher.block());
    header
        + match (session, mode) {
            (None, _) | (Some(Session::D40 { .. } | Session::Ev1 { .. } | Session::Ev2 { .. }), Mode::Plain) => len,
            (Some(Session::D40 { .. }), Mode::Mac) => len + 4,
            (Some(Session::D40 { key }), Mode::Full) => block(key, 2),
            (Some(Session::Ev1 { .. } | Session::Ev2 { .. }), Mode::Mac) => len + 8,
            (Some(Session::Ev1 { key, .. }), Mode::Full) => block(key, 4),
            (Some(Session::Ev2 { enc, .. }), Mode::Full) => block(enc, 1) + 8,
        }
}

impl Session {
    /// Checks and deciphers a command; gives back header and data in clear.
    pub(crate) fn open(&mut self, ins: u8, wire: &[u8], carries: Carries) -> Result<Vec<u8>, Sw> {
        if let Carries::Data { header, len, mode } = carries
            && wire.len() != wire_len(Some(self), header, len, mode)
        {
            return Err(Sw::LENGTH);
        }
        match self {
            Self::D40 { key } => open_d40(key, wire, carries),
            Self::Ev1 { key, iv } => open_ev1(key, iv, ins, wire, carries),
            Self::Ev2 { enc, mac, ti, counter } => {
                let message = [&[ins], &counter.to_le_bytes()[..], &ti[..]].concat();
                open_ev2(enc, mac, &message, ev2_iv(enc, [0xA5, 0x5A], *ti, *counter), wire, carries)
            }
        }
    }

    /// As [`Session::seal`] in full mode, but for whole blocks that get no padding: the one answer of this kind is
    /// CommitReaderID's, and only EV2 describes it.
    pub(crate) fn seal_blocks(&mut self, mut data: Vec<u8>) -> Vec<u8> {
        let Self::Ev2 { enc, mac, ti, counter } = self else { return self.seal(data, Mode::Full, true) };
        *counter = counter.wrapping_add(1);
        enc.cbc_encrypt(&mut ev2_iv(enc, [0x5A, 0xA5], *ti, *counter), &mut data);
        let message = [&[Sw::OK.0], &counter.to_le_bytes()[..], &ti[..], &data].concat();
        data.extend_from_slice(&ev2_mac(mac, &message));
        data
    }

    /// Makes the answer's data ready to send. `known` says that the host knows the length of the data, which decides
    /// how D40 and EV1 pad it.
    pub(crate) fn seal(&mut self, mut data: Vec<u8>, mode: Mode, known: bool) -> Vec<u8> {
        let pad = if known { pad_zero } else { pad_iso };
        match self {
            Self::D40 { key } => match mode {
                Mode::Mac if !data.is_empty() => data.extend_from_slice(&key.d40_mac(&data)),
                Mode::Full if !data.is_empty() => {
                    data.extend_from_slice(&crc16(&data));
                    pad(&mut data, key.block());
                    key.cbc_encrypt(&mut [0; 16], &mut data);
                }
                Mode::Plain | Mode::Mac | Mode::Full => {}
            },
            Self::Ev1 { key, iv } => {
                if mode == Mode::Full && !data.is_empty() {
                    data.extend_from_slice(&crc32(&[&data, &[Sw::OK.0]]));
                    pad(&mut data, key.block());
                    key.cbc_encrypt(iv, &mut data);
                } else {
                    data.push(Sw::OK.0);
                    let mac = key.cmac(iv, &data);
                    data.pop();
                    data.extend_from_slice(&mac[..8]);
                }
            }
            Self::Ev2 { enc, mac, ti, counter } => {
                *counter = counter.wrapping_add(1);
                if mode == Mode::Full && !data.is_empty() {
                    pad_iso(&mut data, 16);
                    enc.cbc_encrypt(&mut ev2_iv(enc, [0x5A, 0xA5], *ti, *counter), &mut data);
                }
                if mode != Mode::Plain {
                    let message = [&[Sw::OK.0], &counter.to_le_bytes()[..], &ti[..], &data].concat();
                    data.extend_from_slice(&ev2_mac(mac, &message));
                }
            }
        }
        data
    }
}

fn open_d40(key: &Cipher, wire: &[u8], carries: Carries) -> Result<Vec<u8>, Sw> {
    let mut out = wire.to_vec();
    match carries {
        Carries::Parameters { .. } | Carries::Data { mode: Mode::Plain, .. } => {}
        Carries::Data { header, len, mode: Mode::Mac } => {
            if key.d40_mac(&wire[header..header + len]) != wire[header + len..] {
                return Err(Sw::INTEGRITY);
            }
            out.truncate(header + len);
        }
        Carries::Data { header, len, mode: Mode::Full } => {
            key.d40_receive(&mut out[header..]);
            let (data, tail) = out[header..].split_at(len);
            let (crc, padding) = tail.split_at(2);
            if crc != crc16(data) || padding.iter().any(|byte| *byte != 0) {
                return Err(Sw::INTEGRITY);
            }
            out.truncate(header + len);
        }
        Carries::Cryptogram { header } => {
            let cryptogram = out.get_mut(header..).ok_or(Sw::LENGTH)?;
            whole_blocks(key, cryptogram)?;
            key.d40_receive(cryptogram);
        }
    }
    Ok(out)
}

fn open_ev1(key: &Cipher, iv: &mut Iv, ins: u8, wire: &[u8], carries: Carries) -> Result<Vec<u8>, Sw> {
    let mut out = wire.to_vec();
    match carries {
        // Not sent, but it carries the IV on.
        Carries::Parameters { .. } | Carries::Data { mode: Mode::Plain, .. } => {
            key.cmac(iv, &[&[ins], wire].concat());
        }
        Carries::Data { header, len, mode: Mode::Mac } => {
            out.truncate(header + len);
            let mac = key.cmac(iv, &[&[ins], out.as_slice()].concat());
            if mac[..8] != wire[header + len..] {
                return Err(Sw::INTEGRITY);
            }
        }
        Carries::Data { header, len, mode: Mode::Full } => {
            key.cbc_decrypt(iv, &mut out[header..]);
            let (command, tail) = out.split_at(header + len);
            let (crc, padding) = tail.split_at(4);
            if crc != crc32(&[&[ins], command]) || padding.iter().any(|byte| *byte != 0) {
                return Err(Sw::INTEGRITY);
            }
            out.truncate(header + len);
        }
        Carries::Cryptogram { header } => {
            let cryptogram = out.get_mut(header..).ok_or(Sw::LENGTH)?;
            whole_blocks(key, cryptogram)?;
            key.cbc_decrypt(iv, cryptogram);
        }
    }
    Ok(out)
}

/// `message` is INS, counter and TI: what the MAC covers before header and data.
fn open_ev2(
    enc: &Cipher,
    mac: &Cipher,
    message: &[u8],
    mut iv: Iv,
    wire: &[u8],
    carries: Carries,
) -> Result<Vec<u8>, Sw> {
    let (header, mode) = match carries {
        Carries::Parameters { mac: false } => (wire.len(), Mode::Plain),
        Carries::Parameters { mac: true } => (wire.len(), Mode::Mac),
        Carries::Data { header, mode, .. } => (header, mode),
        Carries::Cryptogram { header } => (header, Mode::Full),
    };
    if mode == Mode::Plain {
        return Ok(wire.to_vec());
    }
    let (body, sent) = wire.split_at_checked(wire.len().saturating_sub(8)).ok_or(Sw::LENGTH)?;
    if sent.len() != 8 {
        return Err(Sw::LENGTH);
    }
    if ev2_mac(mac, &[message, body].concat()) != sent {
        return Err(Sw::INTEGRITY);
    }
    if mode == Mode::Mac {
        return Ok(body.to_vec());
    }
    let (header, cryptogram) = body.split_at_checked(header).ok_or(Sw::LENGTH)?;
    whole_blocks(enc, cryptogram)?;
    let mut data = cryptogram.to_vec();
    enc.cbc_decrypt(&mut iv, &mut data);
    unpad_iso(&mut data).ok_or(Sw::INTEGRITY)?;
    if let Carries::Data { len, .. } = carries
        && data.len() != len
    {
        return Err(Sw::LENGTH);
    }
    Ok([header, &data].concat())
}

fn whole_blocks(key: &Cipher, cryptogram: &[u8]) -> Result<(), Sw> {
    let whole = !cryptogram.is_empty() && cryptogram.len().is_multiple_of(key.block());
    if whole { Ok(()) } else { Err(Sw::LENGTH) }
}

/// E(label ‖ TI ‖ counter ‖ zeros) (AN12343 §3.3).
pub(super) fn ev2_iv(enc: &Cipher, label: [u8; 2], ti: [u8; 4], counter: u16) -> Iv {
    let mut block = [0; 16];
    block[..2].copy_from_slice(&label);
    block[2..6].copy_from_slice(&ti);
    block[6..8].copy_from_slice(&counter.to_le_bytes());
    enc.cbc_encrypt(&mut [0; 16], &mut block);
    block
}

/// Every second byte of the CMAC, from the second on.
pub(super) fn ev2_mac(mac: &Cipher, message: &[u8]) -> [u8; 8] {
    let whole = mac.cmac(&mut [0; 16], message);
    std::array::from_fn(|i| whole[2 * i + 1])
}
