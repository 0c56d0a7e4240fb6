//! Delegated applications (NXP AN12696): somebody other than the card's issuer creates one, with the issuer's word that
//! it may and with room set aside for it.

use serde::{Deserialize, Serialize};

use super::cipher::Cipher;
use super::image::{Key, KeyKind};
use super::session::ev2_mac;
use super::status::Sw;
use super::{Answer, DesfireCard, Next, Pending};

/// The card's three keys for it: to authenticate, for the issuer's MAC, for the first keys.
pub(super) const AUTHENTICATE: u8 = 0x10;
const MAC: u8 = 0x11;
const ENCIPHER: u8 = 0x12;
/// The last of them.
pub(super) const LAST: u8 = ENCIPHER;

/// Enciphered first key, then the issuer's MAC.
const WORD: usize = 32 + 8;

/// Of the room that is set aside, in bytes.
const BLOCK: u32 = 32;

/// Where a delegated application stands.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Slot {
    pub(crate) number: u16,
    pub(crate) version: u8,
    /// In blocks.
    pub(crate) quota: u16,
    /// In bytes.
    pub(crate) left: u32,
}

impl DesfireCard {
    /// `C9`, the first frame: AID, slot, its version, quota, then as in CreateApplication.
    pub(super) fn create_delegated(&mut self, data: &[u8]) -> Result<Next, Sw> {
        self.require_picc_level()?;
        if self.key_no() != Some(AUTHENTICATE) {
            return Err(Sw::AUTHENTICATION);
        }
        if data.len() < 10 {
            return Err(Sw::LENGTH);
        }
        Ok(Next::More(Vec::new(), Pending::Delegated { first: data.to_vec() }))
    }

    /// The second: the issuer's word.
    pub(super) fn create_delegated_whole(&mut self, first: &[u8], second: &[u8]) -> Result<Next, Sw> {
        let wire = self.parameters(0xC9, &[first, second].concat())?;
        let (given, word) = wire.split_at_checked(first.len()).ok_or(Sw::LENGTH)?;
        let [a, b, c, n0, n1, version, q0, q1, settings @ ..] = given else { return Err(Sw::LENGTH) };
        if word.len() != WORD {
            return Err(Sw::LENGTH);
        }
        let (enciphered, mac) = word.split_at(WORD - 8);
        self.issuers_word(&[&[0xC9], given, enciphered].concat(), mac)?;
        let number = u16::from_le_bytes([*n0, *n1]);
        let quota = u16::from_le_bytes([*q0, *q1]);
        // A word that was used is worth nothing again.
        if self.image.slots.iter().any(|slot| slot.number == number && slot.version >= *version) {
            return Err(Sw::PERMISSION_DENIED);
        }
        let app = self.new_application([*a, *b, *c], settings)?;
        let mut plain = enciphered.to_vec();
        self.issuers_key(ENCIPHER)?.cbc_decrypt(&mut [0; 16], &mut plain);
        // Seven random bytes, the key filled up to 24, its version.
        let kind = KeyKind::from_bits(app.keys_byte).ok_or(Sw::PARAMETER)?;
        let first = Key::new(kind, &plain[7..7 + kind.len()], plain[31]);
        let room = u32::from(quota) * BLOCK;
        let needed = app.cost();
        if needed > room {
            return Err(Sw::OUT_OF_MEMORY);
        }
        self.image.take(room)?;
        let slot = Slot { number, version: *version, quota, left: room - needed };
        self.image.slots.retain(|old| old.number != number);
        self.image.slots.push(slot);
        let keys = vec![first; app.keys.len()];
        self.image.apps.push(super::image::App { keys, slot: Some(number), ..app });
        Ok(Answer::managing([]))
    }

    /// `69`: version, quota and free blocks of a slot, and who is in it.
    pub(super) fn get_delegated_info(&mut self, wire: &[u8]) -> Result<Next, Sw> {
        let data = self.parameters(0x69, wire)?;
        self.require_picc_level()?;
        let number = u16::from_le_bytes(data.as_slice().try_into().map_err(|_| Sw::LENGTH)?);
        let slot = self.image.slots.iter().find(|slot| slot.number == number).ok_or(Sw::PARAMETER)?;
        let aid = self.image.apps.iter().find(|app| app.slot == Some(number)).map_or([0; 3], |app| app.aid);
        let free = (slot.left / BLOCK) as u16;
        let mut out = vec![slot.version];
        out.extend_from_slice(&slot.quota.to_le_bytes());
        out.extend_from_slice(&free.to_le_bytes());
        out.extend_from_slice(&aid);
        Ok(Answer::managing(out))
    }

    /// The issuer's MAC over a command.
    pub(super) fn issuers_word(&self, command: &[u8], mac: &[u8]) -> Result<(), Sw> {
        if ev2_mac(&self.issuers_key(MAC)?, command) == mac { Ok(()) } else { Err(Sw::INTEGRITY) }
    }

    fn issuers_key(&self, number: u8) -> Result<Cipher, Sw> {
        self.image.issuer.get(&number).map(Key::cipher).ok_or(Sw::NO_SUCH_KEY)
    }
}
