//! What stays on the card without power: keys, applications, files, configuration, and how much memory they take.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::body::Body;
use super::cipher::Cipher;
use super::delegated::Slot;
use super::files::Rights;
use super::keysets::KeySets;
use super::status::Sw;

/// Generation of the chip.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Model {
    /// MF3ICD: no EV2 secure messaging, no ISO chaining.
    Ev1,
    /// MF3DHx2.
    Ev2,
    /// MF3DHx3.
    Ev3,
}

/// Memory, by its name on the data sheet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Memory {
    /// 2 KB.
    K2,
    /// 4 KB.
    K4,
    /// 8 KB.
    K8,
}

/// The longest frame the card takes (ISO 14443-4 FSC), which its ATS tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FrameSize {
    /// As delivered.
    B64,
    /// By SetConfiguration, EV2 and later.
    B128,
    /// By SetConfiguration, EV2 and later.
    B256,
}

/// What a key is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum KeyKind {
    /// DES (both halves equal) or two-key 3DES, 16 bytes; its version is in the parity bits of the first half.
    Des,
    /// Three-key 3DES, 24 bytes.
    Tdes3,
    /// AES-128.
    Aes,
}

impl KeyKind {
    /// From bits 7 and 6 of KeySett2, or of ChangeKey's key number.
    pub(crate) fn from_bits(byte: u8) -> Option<Self> {
        match byte >> 6 {
            0 => Some(Self::Des),
            1 => Some(Self::Tdes3),
            2 => Some(Self::Aes),
            _ => None,
        }
    }

    pub(crate) fn bits(self) -> u8 {
        match self {
            Self::Des => 0x00,
            Self::Tdes3 => 0x40,
            Self::Aes => 0x80,
        }
    }

    /// In bytes.
    pub(crate) fn len(self) -> usize {
        match self {
            Self::Des | Self::Aes => 16,
            Self::Tdes3 => 24,
        }
    }
}

/// A key on the card.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Key {
    pub(crate) kind: KeyKind,
    #[serde(with = "hex")]
    pub(crate) bytes: Vec<u8>,
    pub(crate) version: u8,
}

impl Key {
    /// `bytes` repeated or cut to the key's length. A DES key's version is what its parity bits say.
    pub(crate) fn new(kind: KeyKind, bytes: &[u8], version: u8) -> Self {
        let bytes: Vec<u8> = bytes.iter().copied().cycle().chain(std::iter::repeat(0)).take(kind.len()).collect();
        let version = match kind {
            KeyKind::Aes => version,
            KeyKind::Des | KeyKind::Tdes3 => bytes.iter().take(8).fold(0, |version, byte| version << 1 | byte & 1),
        };
        Self { kind, bytes, version }
    }

    pub(crate) fn zero(kind: KeyKind) -> Self {
        Self::new(kind, &[0], 0)
    }

    pub(crate) fn cipher(&self) -> Cipher {
        match <[u8; 16]>::try_from(self.bytes.as_slice()) {
            Ok(bytes) if self.kind == KeyKind::Aes => Cipher::aes(bytes),
            _ => Cipher::tdes(&self.bytes),
        }
    }

    /// A two-key 3DES key whose halves are the same but for parity is a DES key.
    pub(crate) fn is_single_des(&self) -> bool {
        self.kind == KeyKind::Des && (0..8).all(|i| (self.bytes[i] ^ self.bytes[i + 8]) & 0xFE == 0)
    }
}

/// The key and version that new applications get (SetConfiguration option 01).
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct DefaultKey {
    #[serde(with = "hex")]
    pub(crate) bytes: [u8; 24],
    pub(crate) version: u8,
}

impl DefaultKey {
    pub(crate) fn key(&self, kind: KeyKind) -> Key {
        let mut bytes = self.bytes;
        if kind != KeyKind::Aes {
            for (i, byte) in bytes.iter_mut().take(8).enumerate() {
                *byte = *byte & 0xFE | self.version >> (7 - i) & 1;
            }
        }
        Key::new(kind, &bytes, self.version)
    }
}

/// A file of an application.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct File {
    pub(crate) no: u8,
    pub(crate) iso_fid: Option<[u8; 2]>,
    pub(crate) comm: u8,
    pub(crate) rights: u16,
    /// Further sets of rights, where the file was created to have them (EV2).
    #[serde(default)]
    pub(crate) further: Option<Vec<u16>>,
    pub(crate) body: Body,
}

impl File {
    /// Who has one of these rights, in any of the file's sets.
    pub(crate) fn holders(&self, which: &[fn(Rights) -> u8]) -> Vec<u8> {
        let sets = self.further.iter().flatten().chain([&self.rights]);
        sets.flat_map(|set| which.iter().map(|right| right(Rights(*set)))).collect()
    }
}

/// An application.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct App {
    /// As sent: least significant byte first.
    #[serde(with = "hex")]
    pub(crate) aid: [u8; 3],
    pub(crate) settings: u8,
    /// KeySett2 as given at creation: key type, ISO file ids, number of keys.
    pub(crate) keys_byte: u8,
    pub(crate) keys: Vec<Key>,
    pub(crate) iso_fid: Option<[u8; 2]>,
    #[serde(with = "hex")]
    pub(crate) df_name: Vec<u8>,
    pub(crate) files: Vec<File>,
    /// Other key sets than the one in use.
    #[serde(default)]
    pub(crate) sets: Option<KeySets>,
    /// Of a delegated application.
    #[serde(default)]
    pub(crate) slot: Option<u16>,
}

impl App {
    pub(crate) fn has_iso_fids(&self) -> bool {
        self.keys_byte & 0x20 != 0
    }

    /// Directory entry and header, then the keys of every set with their versions; in bytes.
    pub(crate) fn cost(&self) -> u32 {
        let longest = self.keys.first().map_or(0, |key| key.kind.len() + 1);
        let (sets, longest) =
            self.sets.as_ref().map_or((1, longest), |sets| (usize::from(sets.count), usize::from(sets.longest) + 1));
        units(64) + units(longest * self.keys.len() * sets) + units(self.df_name.len())
    }

    pub(crate) fn file(&self, no: u8) -> Result<&File, Sw> {
        self.files.iter().find(|file| file.no == no).ok_or(Sw::FILE_NOT_FOUND)
    }
}

/// Everything that outlasts power.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Image {
    pub(crate) model: Model,
    pub(crate) memory: Memory,
    #[serde(with = "hex")]
    pub(crate) uid: [u8; 7],
    #[serde(with = "hex")]
    pub(crate) ats: Vec<u8>,
    pub(crate) master: Key,
    pub(crate) settings: u8,
    pub(crate) format_disabled: bool,
    pub(crate) random_uid: bool,
    pub(crate) default_key: Option<DefaultKey>,
    /// Bit 0: no D40 messaging any more; bit 1: no EV1 messaging.
    #[serde(default)]
    pub(crate) messaging_off: u8,
    /// The maker's signature over the UID, where one is known.
    #[serde(default, with = "hex")]
    pub(crate) signature: Vec<u8>,
    /// The issuer's keys for delegated applications, by key number.
    #[serde(default)]
    pub(crate) issuer: BTreeMap<u8, Key>,
    /// Where delegated applications stand or stood.
    #[serde(default)]
    pub(crate) slots: Vec<Slot>,
    pub(crate) apps: Vec<App>,
    /// In bytes. Only FormatPICC gives memory back.
    pub(crate) used: u32,
    /// The generator's state, kept so that a card taken up again does not repeat its challenges.
    pub(crate) random: u64,
}

/// Memory is given out in these units.
const UNIT: u32 = 32;

/// Memory taken by so many bytes.
pub(crate) fn units(bytes: usize) -> u32 {
    u32::try_from(bytes).unwrap_or(u32::MAX - UNIT).next_multiple_of(UNIT)
}

impl Image {
    pub(crate) fn blank(uid: [u8; 7], seed: u64) -> Self {
        Self {
            model: Model::Ev2,
            memory: Memory::K8,
            uid,
            ats: vec![0x06, 0x75, 0x77, 0x81, 0x02, 0x80],
            master: Key::zero(KeyKind::Des),
            settings: 0x0F,
            format_disabled: false,
            random_uid: false,
            default_key: None,
            messaging_off: 0,
            signature: Vec::new(),
            issuer: BTreeMap::new(),
            slots: Vec::new(),
            apps: Vec::new(),
            used: 0,
            random: seed,
        }
    }

    /// Free memory of a blank card of this model, in bytes.
    pub(crate) fn capacity(&self) -> u32 {
        match (self.model, self.memory) {
            (Model::Ev1, Memory::K2) => 2_304,
            (Model::Ev1, Memory::K4) => 4_864,
            (Model::Ev1, Memory::K8) => 7_936,
            (_, Memory::K2) => 2_560,
            (_, Memory::K4) => 5_120,
            (_, Memory::K8) => 10_240,
        }
    }

    pub(crate) fn free(&self) -> u32 {
        self.capacity().saturating_sub(self.used)
    }

    pub(crate) fn take(&mut self, bytes: u32) -> Result<(), Sw> {
        if bytes > self.free() {
            return Err(Sw::OUT_OF_MEMORY);
        }
        self.used += bytes;
        Ok(())
    }

    /// FSC from the ATS (ISO 14443-4 table 1), in bytes.
    pub(crate) fn frame_size(&self) -> usize {
        match self.ats.get(1).map(|format| format & 0x0F) {
            Some(7) => 128,
            Some(8..) => 256,
            _ => 64,
        }
    }

    /// The historical bytes: what follows TL, T0 and the interface bytes that T0 announces (ISO 14443-4 §5.2).
    pub(crate) fn historical(&self) -> &[u8] {
        let format = self.ats.get(1).copied().unwrap_or(0);
        let interface = (format >> 4 & 7).count_ones() as usize;
        self.ats.get(2 + interface..).unwrap_or_default()
    }

    /// The next `N` bytes of the card's generator (SplitMix64): enough for a card that nobody's money depends on.
    pub(crate) fn random<const N: usize>(&mut self) -> [u8; N] {
        let mut out = [0; N];
        for chunk in out.chunks_mut(8) {
            self.random = self.random.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let mut z = self.random;
            z = (z ^ z >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            z = (z ^ z >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
            z ^= z >> 31;
            chunk.copy_from_slice(&z.to_le_bytes()[..chunk.len()]);
        }
        out
    }

    /// Whether an imported image is one that a card could hold.
    pub(crate) fn is_sound(&self) -> bool {
        let key_ok = |key: &Key| key.bytes.len() == key.kind.len();
        let app_ok = |app: &App| {
            let count = usize::from(app.keys_byte & 0x0F);
            let kind = KeyKind::from_bits(app.keys_byte);
            count <= 14
                && app.keys.len() == count
                && app.keys.iter().all(|key| key_ok(key) && Some(key.kind) == kind)
                && app.df_name.len() <= 16
                && app.files.len() <= 32
                && app.sets.as_ref().is_none_or(|sets| {
                    sets.others.values().all(|set| set.keys.len() == app.keys.len() && set.keys.iter().all(key_ok))
                })
                && app.files.iter().all(|file| file.no < 32 && file.body.is_sound())
        };
        key_ok(&self.master)
            && self.issuer.values().all(|key| key_ok(key) && key.kind == KeyKind::Aes)
            && matches!(self.signature.len(), 0 | 56)
            && self.used <= self.capacity()
            && self.ats.len() <= 20
            && self.apps.len() <= 512
            && self.apps.iter().all(app_ok)
    }
}
