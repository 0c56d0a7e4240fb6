//! The management key (key reference 9B): proving that we hold it, and setting another.
//!
//! SP 800-73-4 part 2 §3.2.4 and appendix A.1 (GENERAL AUTHENTICATE); setting it is Yubico's `FF`, which other makers
//! took over, since NIST left it to the issuer.

use lanyard_apdu::{Command, Expected, Status};
use lanyard_secret::SecretBytes;
use subtle::ConstantTimeEq;

use crate::{
    Operation, PivError, cipher,
    sequence::Next,
    tlv,
    yubico::{self, Reference},
};

/// Ciphers a management key may belong to (SP 800-78-4 table 6-2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ManagementAlgorithm {
    /// Triple DES, 24 bytes; the default of most cards.
    Tdes,
    /// AES-128.
    Aes128,
    /// AES-192; the default of YubiKeys from firmware 5.7 on.
    Aes192,
    /// AES-256.
    Aes256,
}

impl ManagementAlgorithm {
    /// All, in the order in which a card is asked.
    pub const ALL: [Self; 4] = [Self::Tdes, Self::Aes192, Self::Aes256, Self::Aes128];

    /// The identifier in P1 of GENERAL AUTHENTICATE.
    #[must_use]
    pub fn id(self) -> u8 {
        match self {
            Self::Tdes => 0x03,
            Self::Aes128 => 0x08,
            Self::Aes192 => 0x0A,
            Self::Aes256 => 0x0C,
        }
    }

    /// The algorithm of an identifier.
    #[must_use]
    pub fn of(id: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.id() == id)
    }

    /// Length of its keys in bytes.
    #[must_use]
    pub fn key_len(self) -> usize {
        match self {
            Self::Tdes | Self::Aes192 => 24,
            Self::Aes128 => 16,
            Self::Aes256 => 32,
        }
    }

    /// Length of its blocks, and so of challenge and response, in bytes.
    #[must_use]
    pub fn block_len(self) -> usize {
        if self == Self::Tdes { 8 } else { 16 }
    }
}

/// A management key.
pub struct ManagementKey {
    algorithm: ManagementAlgorithm,
    key: SecretBytes,
}

impl ManagementKey {
    /// A key of that algorithm.
    ///
    /// # Errors
    /// [`PivError::ManagementLength`].
    pub fn new(algorithm: ManagementAlgorithm, key: SecretBytes) -> Result<Self, PivError> {
        match key.expose().len() {
            len if len == algorithm.key_len() => Ok(Self { algorithm, key }),
            len => Err(PivError::ManagementLength { len }),
        }
    }

    /// The key that everybody knows, `01 02 … 08` three times; makers ship 3DES and AES-192 cards with it.
    #[must_use]
    pub fn factory(algorithm: ManagementAlgorithm) -> Option<Self> {
        let bytes: Vec<u8> = (0..24).map(|i| i % 8 + 1).collect();
        Self::new(algorithm, SecretBytes::new(bytes)).ok()
    }

    /// Its cipher.
    #[must_use]
    pub fn algorithm(&self) -> ManagementAlgorithm {
        self.algorithm
    }

    /// A second owner of the same key, said out loud.
    #[must_use]
    pub fn duplicate(&self) -> Self {
        Self { algorithm: self.algorithm, key: self.key.duplicate() }
    }

    fn encrypt(&self, block: &mut [u8]) -> Option<()> {
        cipher::encrypt(self.algorithm, self.key.expose(), block)
    }

    fn decrypt(&self, block: &mut [u8]) -> Option<()> {
        cipher::decrypt(self.algorithm, self.key.expose(), block)
    }
}

const STEP: &str = "management authentication";

fn command(algorithm: ManagementAlgorithm, template: &[u8]) -> Command {
    Command::new(0, 0x87, algorithm.id(), 0x9B).with_data(tlv::field(&[0x7C], template)).expecting(Expected::Any)
}

/// Cards differ in how they say "not this key": 6982 (the standard), 6300, 6A80 (Nitrokey), 6983 after many.
fn refused(status: Status) -> PivError {
    match status.0 {
        0x6982 | 0x6983 | 0x6300..=0x63FF | 0x6A80 => PivError::ManagementRefused,
        _ => PivError::of(STEP, status),
    }
}

/// Of a card that was asked in an algorithm which is not its key's.
fn other_algorithm(status: Status) -> bool {
    matches!(status.0, 0x6A80 | 0x6A81 | 0x6A86 | 0x6A88 | 0x6982 | 0x6985)
}

fn block(data: &[u8], tag: u32, algorithm: ManagementAlgorithm) -> Result<&[u8], PivError> {
    tlv::find(data, 0x7C)
        .and_then(|template| tlv::find(template, tag))
        .filter(|block| block.len() == algorithm.block_len())
        .ok_or(PivError::Malformed { step: STEP })
}

/// Host and card prove to each other that they hold the key; the card then allows changes until it is reset.
/// `challenge` must be fresh and random; 3DES takes its first eight bytes.
///
/// # Errors (of the operation)
/// [`PivError::ManagementRefused`], [`PivError::ManagementAlgorithm`] if the card's key is of another algorithm,
/// [`PivError::ManagementUnproved`] if the card does not hold the key either.
pub fn authenticate(key: ManagementKey, challenge: [u8; 16]) -> Operation<()> {
    Operation::new(mutual(key, challenge))
}

pub(crate) fn mutual(key: ManagementKey, challenge: [u8; 16]) -> Next<()> {
    let algorithm = key.algorithm;
    Next::ask(command(algorithm, &[0x80, 0]), move |response| {
        if other_algorithm(response.status) {
            return Next::End(Err(PivError::ManagementAlgorithm));
        }
        let asked = PivError::unless_ok(STEP, response)
            .and_then(|data| block(data, 0x80, algorithm))
            .map(<[u8]>::to_vec)
            .and_then(|mut witness| {
                key.decrypt(&mut witness).map(|()| witness).ok_or(PivError::Malformed { step: STEP })
            });
        let witness = match asked {
            Ok(witness) => witness,
            Err(error) => return Next::End(Err(error)),
        };
        let challenge = challenge[..algorithm.block_len()].to_vec();
        let mut template = tlv::field(&[0x80], &witness);
        tlv::put(&mut template, &[0x81], &challenge);
        Next::last(command(algorithm, &template), move |response| {
            if response.status != Status::OK {
                return Err(refused(response.status));
            }
            let mut expected = challenge;
            key.encrypt(&mut expected).ok_or(PivError::Malformed { step: STEP })?;
            let answered = block(&response.data, 0x82, algorithm)?;
            if bool::from(answered.ct_eq(&expected)) { Ok(()) } else { Err(PivError::ManagementUnproved) }
        })
    })
}

/// The host alone proves that it holds the key: for cards that cannot do both. The card proves nothing.
///
/// # Errors (of the operation)
/// As [`authenticate`], without `ManagementUnproved`.
pub fn authenticate_host_only(key: ManagementKey) -> Operation<()> {
    let algorithm = key.algorithm;
    Operation::new(Next::ask(command(algorithm, &[0x81, 0]), move |response| {
        if other_algorithm(response.status) {
            return Next::End(Err(PivError::ManagementAlgorithm));
        }
        let answer = PivError::unless_ok(STEP, response)
            .and_then(|data| block(data, 0x81, algorithm))
            .map(<[u8]>::to_vec)
            .and_then(|mut challenge| {
                key.encrypt(&mut challenge).map(|()| challenge).ok_or(PivError::Malformed { step: STEP })
            });
        match answer {
            Err(error) => Next::End(Err(error)),
            Ok(answer) => {
                Next::last(command(algorithm, &tlv::field(&[0x82], &answer)), |response| match response.status {
                    Status::OK => Ok(()),
                    status => Err(refused(status)),
                })
            }
        }
    }))
}

/// Which algorithm the card's management key is of: asked of the card's metadata, else found by requesting a witness in
/// each. Costs no try. `None` if it is of none that is known here.
pub fn find_algorithm() -> Operation<Option<ManagementAlgorithm>> {
    Operation::new(algorithm())
}

pub(crate) fn algorithm() -> Next<Option<ManagementAlgorithm>> {
    yubico::ask_metadata(Reference::Management).then(|metadata| {
        match metadata.and_then(|metadata| metadata.algorithm).and_then(ManagementAlgorithm::of) {
            Some(known) => Next::End(Ok(Some(known))),
            None => try_from(0),
        }
    })
}

fn try_from(index: usize) -> Next<Option<ManagementAlgorithm>> {
    match ManagementAlgorithm::ALL.get(index) {
        None => Next::End(Ok(None)),
        Some(&algorithm) => Next::ask(command(algorithm, &[0x80, 0]), move |response| match response.status {
            // The block's length tells 3DES from AES on cards that answer in their own algorithm whatever is asked.
            Status::OK if block(&response.data, 0x80, algorithm).is_ok() => Next::End(Ok(Some(algorithm))),
            Status::OK => try_from(index + 1),
            status if other_algorithm(status) => try_from(index + 1),
            status => Next::End(Err(PivError::of(STEP, status))),
        }),
    }
}

/// Sets the management key, without touch (Yubico `FF FF FF`). The card must be authenticated with the present one.
/// After a pulled card it holds the old or the new one: [`crate::personalise::probe`] finds out which.
///
/// # Errors (of the operation)
/// [`PivError::Denied`], [`PivError::ManagementRejected`], [`PivError::Unsupported`].
pub fn set(key: ManagementKey) -> Operation<()> {
    Operation::new(change(key))
}

pub(crate) fn change(key: ManagementKey) -> Next<()> {
    const STEP: &str = "set management key";
    let bytes = key.key.expose();
    let mut data = Vec::with_capacity(3 + bytes.len());
    data.extend_from_slice(&[key.algorithm.id(), 0x9B, bytes.len() as u8]);
    data.extend_from_slice(bytes);
    Next::last(Command::new(0, 0xFF, 0xFF, 0xFF).with_data(data), |response| match response.status.0 {
        0x9000 => Ok(()),
        0x6A80 | 0x6985 => Err(PivError::ManagementRejected),
        _ => Err(PivError::of(STEP, response.status)),
    })
}
