//! PIN, PUK and management key: verify, change, reset (SP 800-73-4 part 2 §3.2.1 to §3.2.3; Yubico's `FF`).

use lanyard_apdu::Command;

use crate::{
    Answer, PivCard,
    image::{Code, Management, TRIES, key_len},
};

/// Six to eight digits, filled up with FF (§2.4.3).
fn is_pin(bytes: &[u8; 8]) -> bool {
    let digits = bytes.iter().take_while(|byte| byte.is_ascii_digit()).count();
    digits >= 6 && bytes[digits..].iter().all(|&byte| byte == 0xFF)
}

fn eight(bytes: &[u8]) -> Result<[u8; 8], u16> {
    bytes.try_into().map_err(|_| 0x6A80)
}

/// Both halves of a command that changes a secret.
fn halves(data: &[u8]) -> Result<([u8; 8], [u8; 8]), u16> {
    let (old, new) = data.split_at_checked(8).ok_or(0x6A80_u16)?;
    Ok((eight(old)?, eight(new)?))
}

impl Code {
    /// Tries it: a wrong one costs a try, a right one gives all back.
    fn check(&mut self, offered: [u8; 8]) -> Result<(), u16> {
        if self.left == 0 {
            return Err(0x6983);
        }
        if self.bytes == offered {
            self.left = TRIES;
            return Ok(());
        }
        self.left -= 1;
        Err(0x63C0 | u16::from(self.left))
    }
}

impl PivCard {
    pub(crate) fn verify(&mut self, command: &Command) -> Answer {
        match (command.p1, command.p2, command.data.len()) {
            (0x00, 0x80, 0) if self.live.pin_verified => Ok(Vec::new()),
            (0x00, 0x80, 0) if self.image.pin.left == 0 => Err(0x6983),
            (0x00, 0x80, 0) => Err(0x63C0 | u16::from(self.image.pin.left)),
            (0xFF, 0x80, 0) => {
                self.live.pin_verified = false;
                Ok(Vec::new())
            }
            (0x00, 0x80, _) => {
                let offered = eight(&command.data)?;
                if !is_pin(&offered) {
                    return Err(0x6A80);
                }
                self.live.pin_verified = false;
                self.image.pin.check(offered)?;
                self.live.pin_verified = true;
                self.live.pin_just_verified = true;
                Ok(Vec::new())
            }
            (0x00 | 0xFF, _, _) => Err(0x6A88),
            _ => Err(0x6A86),
        }
    }

    pub(crate) fn change_reference(&mut self, command: &Command) -> Answer {
        let (old, new) = halves(&command.data)?;
        match command.p2 {
            0x80 if !is_pin(&new) => Err(0x6A80),
            0x80 => {
                self.live.pin_verified = false;
                self.image.pin.check(old)?;
                self.image.pin = Code::new(new);
                Ok(Vec::new())
            }
            0x81 => {
                self.image.puk.check(old)?;
                self.image.puk = Code::new(new);
                Ok(Vec::new())
            }
            _ => Err(0x6A88),
        }
    }

    pub(crate) fn reset_retry_counter(&mut self, data: &[u8]) -> Answer {
        let (puk, pin) = halves(data)?;
        if !is_pin(&pin) {
            return Err(0x6A80);
        }
        self.image.puk.check(puk)?;
        self.image.pin = Code::new(pin);
        Ok(Vec::new())
    }

    pub(crate) fn set_management_key(&mut self, data: &[u8]) -> Answer {
        if !self.live.admin {
            return Err(0x6982);
        }
        match data {
            [algorithm, 0x9B, len, key @ ..]
                if usize::from(*len) == key.len() && key_len(*algorithm) == Some(key.len()) =>
            {
                self.image.management = Management { algorithm: *algorithm, key: key.to_vec() };
                Ok(Vec::new())
            }
            _ => Err(0x6A80),
        }
    }
}
