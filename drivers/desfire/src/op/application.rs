//! New applications: the card issuer's own, and delegated ones.

use lanyard_secret::Secret;
use zeroize::Zeroizing;

use crate::cipher::{BlockCipher, MacCipher};
use crate::keys::NewKey;
use crate::{Aid, DesfireError, KeyNo, KeySettings, KeyType, KeyVersion};

/// A new application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewApplication {
    /// Its number.
    pub aid: Aid,
    /// KeySett1.
    pub settings: KeySettings,
    /// How many keys, 1 to 14. All are the card's default key at first.
    pub keys: u8,
    /// For which cipher.
    pub key_type: KeyType,
    /// Its name for ISO 7816 SELECT; its files can then have ISO identifiers.
    pub iso: Option<IsoName>,
    /// Several sets of keys, of which one is in use (EV2).
    pub key_sets: Option<KeySets>,
}

/// ISO 7816 name of an application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IsoName {
    /// File identifier.
    pub fid: u16,
    /// DF name, at most 16 bytes; may be empty.
    pub df_name: Vec<u8>,
}

/// The key sets of a new application.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeySets {
    /// Version of the set in use at first.
    pub version: KeyVersion,
    /// How many sets, 2 to 16.
    pub count: u8,
    /// The longest key that any set may hold: 24 bytes if one of them is for three-key triple DES, 16 if not.
    pub three_key_des: bool,
    /// Who proved this key may put another set into use.
    pub roll_key: KeyNo,
}

impl NewApplication {
    pub(crate) fn wire(&self) -> Result<Vec<u8>, DesfireError> {
        let mut out = self.aid.0.to_vec();
        self.settings(&mut out)?;
        Ok(out)
    }

    /// KeySett1 and what follows it.
    fn settings(&self, out: &mut Vec<u8>) -> Result<(), DesfireError> {
        if !(1..=14).contains(&self.keys) {
            return Err(DesfireError::Invalid { what: "number of keys" });
        }
        out.push(self.settings.wire());
        let flags = u8::from(self.iso.is_some()) << 5 | u8::from(self.key_sets.is_some()) << 4;
        out.push(self.key_type.bits() | flags | self.keys);
        if let Some(sets) = &self.key_sets {
            if !(2..=16).contains(&sets.count) || sets.roll_key.get() >= self.keys {
                return Err(DesfireError::Invalid { what: "key sets" });
            }
            // KeySett3: key sets, and nothing else. The roll key has four bits (docs.baltech.de, KeysetSettings).
            out.extend_from_slice(&[1, sets.version.0, sets.count, if sets.three_key_des { 24 } else { 16 }]);
            out.push(sets.roll_key.get());
        }
        if let Some(iso) = &self.iso {
            if iso.df_name.len() > 16 {
                return Err(DesfireError::Invalid { what: "DF name" });
            }
            out.extend_from_slice(&iso.fid.to_le_bytes());
            out.extend_from_slice(&iso.df_name);
        }
        Ok(())
    }
}

/// A delegated application (NXP AN12696): its owner creates it without the card's master key, on the card issuer's word.
/// The issuer makes one with [`DelegatedApplication::authorise`] and gives it to the owner, who holds
/// [`KeyNo::DELEGATION`] but neither of the two keys used here.
#[derive(Clone, PartialEq, Eq)]
pub struct DelegatedApplication {
    parameters: Vec<u8>,
    /// The application's first key, enciphered for the card.
    first_key: [u8; 32],
    /// The issuer's MAC.
    mac: [u8; 8],
}

impl DelegatedApplication {
    /// The card issuer's part: `first_key` is what every key of the application is at first, `random` seven fresh bytes.
    ///
    /// # Errors
    /// [`DesfireError::Invalid`].
    pub fn authorise(
        application: &NewApplication,
        slot: Slot,
        first_key: &NewKey,
        issuer: IssuerKeys<'_>,
        random: [u8; 7],
    ) -> Result<Self, DesfireError> {
        let mut parameters = application.aid.0.to_vec();
        parameters.extend_from_slice(&slot.number.to_le_bytes());
        parameters.push(slot.version);
        parameters.extend_from_slice(&slot.quota.to_le_bytes());
        application.settings(&mut parameters)?;
        // Random(7) ‖ key, filled up to 24 ‖ version.
        let mut plain = Zeroizing::new([0; 32]);
        plain[..7].copy_from_slice(&random);
        for (to, byte) in plain[7..31].iter_mut().zip(first_key.bytes().iter()) {
            *to = *byte;
        }
        plain[31] = first_key.version().0;
        BlockCipher::aes(issuer.enc.expose()).cbc_encrypt(&mut [0; 16], &mut *plain);
        let mac = issuer_mac(issuer.mac, &[&[0xC9], &parameters, &*plain]);
        Ok(Self { parameters, first_key: *plain, mac })
    }

    /// First frame, second frame.
    pub(crate) fn wire(&self) -> (Vec<u8>, Vec<u8>) {
        (self.parameters.clone(), [&self.first_key[..], &self.mac].concat())
    }
}

impl std::fmt::Debug for DelegatedApplication {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Whoever has the rest may use it.
        f.write_str("DelegatedApplication")
    }
}

/// The two keys of the card level with which its issuer authorises.
#[derive(Clone, Copy)]
pub struct IssuerKeys<'a> {
    /// [`KeyNo::DELEGATION_MAC`].
    pub mac: &'a Secret<16>,
    /// [`KeyNo::DELEGATION_ENC`].
    pub enc: &'a Secret<16>,
}

/// Where a delegated application goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot {
    /// DAMSlotNo.
    pub number: u16,
    /// DAMSlotVersion: the card refuses an older one, so that no delegation is used twice.
    pub version: u8,
    /// How many blocks of 32 bytes it may fill.
    pub quota: u16,
}

/// The card issuer's word that a delegated application may go.
#[must_use]
pub fn delegation_deletion_mac(mac_key: &Secret<16>, aid: Aid) -> [u8; 8] {
    issuer_mac(mac_key, &[&[0xDA], &aid.0])
}

/// The bytes of odd index of a CMAC, as EV2 sends them.
fn issuer_mac(key: &Secret<16>, parts: &[&[u8]]) -> [u8; 8] {
    let full = MacCipher::new(BlockCipher::aes(key.expose())).cmac(parts);
    std::array::from_fn(|i| full[2 * i + 1])
}
