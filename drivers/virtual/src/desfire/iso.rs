//! Framing in ISO 7816-4: wrapped native commands, and SELECT by name and file identifier.

use lanyard_apdu::{Command, Expected};

use super::DesfireCard;
use super::status::Sw;

/// The DF name of the card level.
const DESFIRE: [u8; 7] = [0xD2, 0x76, 0x00, 0x00, 0x85, 0x01, 0x00];

/// The file id of the card level.
const MASTER_FILE: [u8; 2] = [0x3F, 0x00];

pub(super) const OK: u16 = 0x9000;
pub(super) const WRONG_LENGTH: u16 = 0x6700;
pub(super) const SECURITY: u16 = 0x6982;
pub(super) const NOT_ALLOWED: u16 = 0x6985;
pub(super) const NOT_FOUND: u16 = 0x6A82;
pub(super) const WRONG_OFFSET: u16 = 0x6B00;
const WRONG_P1_P2: u16 = 0x6A86;
const UNKNOWN_INS: u16 = 0x6D00;

/// Whether a byte is the instruction of a native frame. All others open an ISO command of a class the card has not.
pub(super) fn is_native(ins: u8) -> bool {
    matches!(
        ins,
        0x0A | 0x1A
            | 0xAA
            | 0x71
            | 0x77
            | 0xAF
            | 0x5A
            | 0x60
            | 0x51
            | 0x6E
            | 0x6A
            | 0x6D
            | 0xCA
            | 0xDA
            | 0xFC
            | 0x5C
            | 0x45
            | 0x54
            | 0x64
            | 0xC4
            | 0xCD
            | 0xCB
            | 0xDF
            | 0x6F
            | 0x61
            | 0xF5
            | 0x5F
            | 0xBD
            | 0x3D
            | 0xAD
            | 0x8D
            | 0xBB
            | 0x3B
            | 0xAB
            | 0x8B
            | 0xDB
            | 0xBA
            | 0xEB
            | 0xCC
            | 0xC1
            | 0xC0
            | 0xCE
            | 0x6C
            | 0x0C
            | 0xDC
            | 0x1C
            | 0xC6
            | 0x56
            | 0x57
            | 0x55
            | 0xC9
            | 0x69
            | 0x3C
            | 0xC8
            | 0xC7
            | 0xA7
    )
}

impl DesfireCard {
    /// `90 INS 00 00 [Lc data] 00` → data `91 SW2`.
    pub(super) fn wrapped(&mut self, bytes: &[u8]) -> Vec<u8> {
        let (status, mut answer) = match Command::parse(bytes) {
            Ok(command) if command.p1 != 0 || command.p2 != 0 => {
                self.lose_session();
                return WRONG_P1_P2.to_be_bytes().to_vec();
            }
            Ok(command) if command.expected != Expected::Nothing && command.data.len() <= 255 => {
                self.exchange(command.ins, &command.data)
            }
            _ => {
                self.lose_session();
                (Sw::LENGTH, Vec::new())
            }
        };
        answer.extend_from_slice(&[0x91, status.0]);
        answer
    }

    /// Class 00.
    pub(super) fn iso(&mut self, bytes: &[u8]) -> Vec<u8> {
        let answer = match Command::parse(bytes) {
            Ok(command) => match command.ins {
                0xA4 => match self.iso_select(&command) {
                    OK => Ok(Vec::new()),
                    status => Err(status),
                },
                0xB0 => self.iso_read(&command),
                0xD6 => self.iso_update(&command),
                _ => Err(UNKNOWN_INS),
            },
            Err(_) => Err(WRONG_LENGTH),
        };
        match answer {
            Ok(data) => [data.as_slice(), &OK.to_be_bytes()].concat(),
            Err(status) => status.to_be_bytes().to_vec(),
        }
    }

    fn iso_select(&mut self, command: &Command) -> u16 {
        if !matches!(command.p2, 0x00 | 0x0C) {
            return WRONG_P1_P2;
        }
        let name = command.data.as_slice();
        if command.p1 == 0x02 {
            return self.iso_select_file(name);
        }
        let apps = &self.image.apps;
        let found = match command.p1 {
            0x04 if name == DESFIRE => Some(None),
            0x04 => apps.iter().find(|app| !name.is_empty() && app.df_name == name).map(|app| Some(app.aid)),
            0x00 if name.is_empty() || name == MASTER_FILE => Some(None),
            0x00 => {
                let fid = |app: &super::App| app.iso_fid.map(|[low, high]| [high, low]);
                apps.iter().find(|app| fid(app).is_some_and(|fid| fid == name)).map(|app| Some(app.aid))
            }
            _ => return WRONG_P1_P2,
        };
        let Some(selected) = found else { return NOT_FOUND };
        self.lose_session();
        self.live.selected = selected;
        self.live.iso_file = None;
        OK
    }
}
