//! A contact chip gets its key: the order of what is done to it, so that a pulled card goes on where it stood.
//!
//! Runs on the reader's thread over one open channel. What must be known before the chip changes (its sealed PUK, its
//! certificate) is committed before, through [`ChipDesk`]; the PIN set here is thrown away, the holder gets another one
//! at hand-over.

use lanyard_apdu::{DriveError, drive};
use lanyard_device::Channel;
use lanyard_keys::ca::{Subject, csr_assemble, csr_to_be_signed};
use lanyard_piv::{
    CardCapability, Chuid, Fascn, KeyAlgorithm, ManagementAlgorithm, ManagementHolder, ManagementKey, Operation, Pin,
    PivError, Probe, PublicKey, Puk, SignInput, Slot, personalise, probe, slot,
};
use lanyard_secret::Secret;
use sha2::{Digest, Sha256};

use crate::StationError;
use crate::entropy;

/// What is known of a chip before it is touched.
pub(crate) struct ChipKeys {
    /// The management keys that this card would have, one for each cipher.
    pub ours: Vec<ManagementKey>,
}

/// What a chip gets.
pub(crate) struct ChipPlan {
    /// Its GUID: the credential's id.
    pub guid: [u8; 16],
    /// Expiry of the CHUID: year, month, day.
    pub expiry: (u16, u8, u8),
    /// Opened from the vault for this run.
    pub puk: Puk,
    /// Whom the certificate names.
    pub subject: Subject,
    /// A certificate that was issued for this credential before, and may be on the chip or not.
    pub issued: Option<Vec<u8>>,
}

/// What the chip's work needs of the rest of the station.
pub(crate) trait ChipDesk {
    /// The keys this card would have.
    fn keys(&self) -> Result<ChipKeys, StationError>;
    /// Records the credential (once), and says what the chip gets. `blank`: the chip proved to be one.
    fn plan(&self, blank: bool) -> Result<ChipPlan, StationError>;
    /// Signs the request and records the certificate. A recorded one whose key is gone is revoked first.
    fn certify(&self, request: &[u8]) -> Result<Vec<u8>, StationError>;
    /// A step is about to begin; an error where the case does not go on.
    fn line(&self, code: &'static str) -> Result<(), StationError>;
}

/// Drives one PIV operation over the channel.
pub(crate) fn run<T: Send + 'static>(
    channel: &mut dyn Channel,
    mut operation: Operation<T>,
) -> Result<T, StationError> {
    drive(&mut operation, |command| channel.transmit(command)).map_err(|error| match error {
        DriveError::Script(error) => StationError::Piv(error),
        DriveError::Apdu(error) => StationError::Apdu(error),
        DriveError::Channel(error) => StationError::Device(error),
    })
}

/// What lies in the chip reader, seen with the keys that a card of ours would have.
pub(crate) fn look(channel: &mut dyn Channel, keys: &ChipKeys) -> Result<Probe, StationError> {
    run(channel, probe::probe(keys.ours.iter().map(ManagementKey::duplicate).collect(), entropy::bytes()))
}

/// The whole of it: from a factory chip, or one that was pulled anywhere on the way, to a chip with our key.
///
/// # Errors
/// [`StationError::ChipUsed`] for a chip that is neither blank nor this card's; the card's and reader's own errors.
pub(crate) fn personalise(channel: &mut dyn Channel, desk: &dyn ChipDesk) -> Result<(), StationError> {
    desk.line("certify.look")?;
    let keys = desk.keys()?;
    let seen = look(channel, &keys)?;
    let (blank, algorithm) = match seen.management {
        ManagementHolder::Ours(_) => (false, None),
        ManagementHolder::Factory(algorithm) if seen.is_blank() => (true, Some(algorithm)),
        ManagementHolder::Factory(_) | ManagementHolder::Foreign(_) => return Err(StationError::ChipUsed),
    };
    let plan = desk.plan(blank)?;
    if let Some(algorithm) = algorithm {
        desk.line("certify.management")?;
        // The cipher stays the card's own: what it was made with is what it can do.
        let wanted = if algorithm == ManagementAlgorithm::Tdes { algorithm } else { ManagementAlgorithm::Aes192 };
        let key = keys.ours.iter().find(|key| key.algorithm() == wanted).ok_or(StationError::ChipUsed)?;
        run(channel, personalise::take_over(key.duplicate(), entropy::bytes()))?;
    }
    desk.line("certify.secrets")?;
    run(channel, personalise::own_puk(plan.puk.duplicate(), seen.management))?;
    let pin = pin_of(&fresh_digits())?;
    run(channel, personalise::own_pin(plan.puk.duplicate(), pin.duplicate()))?;
    desk.line("certify.identity")?;
    let chuid = Chuid::new(Fascn::NON_FEDERAL, plan.guid, plan.expiry).ok_or(StationError::Calendar)?;
    run(channel, personalise::identify(chuid, CardCapability { number: capability_id(plan.guid) }))?;
    let certificate = match plan.issued {
        // The chip was pulled after the CA had signed: is the key that was certified still on it?
        Some(certificate) if holds_key_of(channel, &certificate, &pin)? => certificate,
        _ => {
            desk.line("certify.key")?;
            let PublicKey::P256(point) = run(channel, slot::generate(Slot::Authentication, KeyAlgorithm::P256))? else {
                return Err(StationError::Piv(PivError::ReadBack { object: "public key" }));
            };
            desk.line("certify.request")?;
            let spki = lanyard_keys::ca::spki_of_point(&point)?;
            let info = csr_to_be_signed(&plan.subject, &spki)?;
            let signature = sign(channel, &pin, &info)?;
            desk.certify(&csr_assemble(&info, &signature)?)?
        }
    };
    desk.line("certify.certificate")?;
    // A signature may have ended the authentication with the management key: cards differ.
    let again = look(channel, &keys)?;
    if !matches!(again.management, ManagementHolder::Ours(_)) {
        return Err(StationError::ChipUsed);
    }
    run(channel, personalise::write_certificate(Slot::Authentication, &certificate))?;
    desk.line("certify.read_back")?;
    if !holds_key_of(channel, &certificate, &pin)? {
        return Err(StationError::Piv(PivError::ReadBack { object: "key" }));
    }
    prove_closed(channel, plan.puk, pin, desk)
}

/// At hand-over: the certificate is read back, the holder's PIN set by the PUK, and every default secret refused.
pub(crate) fn set_pin(
    channel: &mut dyn Channel,
    certificate: &[u8],
    puk: Puk,
    pin: Pin,
    desk: &dyn ChipDesk,
) -> Result<(), StationError> {
    desk.line("hand_over.chip")?;
    run(channel, probe::select())?;
    run(channel, personalise::read_back(Slot::Authentication, certificate))?;
    run(channel, personalise::own_pin(puk.duplicate(), pin.duplicate()))?;
    if !holds_key_of(channel, certificate, &pin)? {
        return Err(StationError::Piv(PivError::ReadBack { object: "key" }));
    }
    prove_closed(channel, puk, pin, desk)
}

fn prove_closed(channel: &mut dyn Channel, puk: Puk, pin: Pin, desk: &dyn ChipDesk) -> Result<(), StationError> {
    desk.line("certify.defaults")?;
    let refusals = run(channel, personalise::refuses_defaults(entropy::bytes()))?;
    run(channel, personalise::restore_tries(puk, pin))?;
    refusals.proven().map_err(StationError::Piv)
}

fn sign(channel: &mut dyn Channel, pin: &Pin, message: &[u8]) -> Result<Vec<u8>, StationError> {
    let digest = SignInput::P256(Sha256::digest(message).into());
    run(channel, personalise::sign_with_pin(pin.duplicate(), Slot::Authentication, digest))
}

/// Whether the chip can sign for the key in the certificate. A chip without a key says no in many ways: each is a no.
fn holds_key_of(channel: &mut dyn Channel, certificate: &[u8], pin: &Pin) -> Result<bool, StationError> {
    let challenge: [u8; 32] = entropy::bytes();
    match sign(channel, pin, &challenge) {
        Ok(signature) => Ok(lanyard_keys::ca::signed_by(certificate, &challenge, &signature)),
        Err(StationError::Piv(_)) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Six digits, no digit likelier than another, none of the PINs that everybody tries.
pub(crate) fn fresh_digits() -> Secret<6> {
    loop {
        let digits = Secret::<6>::filled(|digits| {
            for digit in digits {
                *digit = loop {
                    let [byte] = entropy::bytes::<1>();
                    // 250 is the largest multiple of ten in a byte.
                    if byte < 250 {
                        break b'0' + byte % 10;
                    }
                };
            }
        });
        let steps = |by: i16| digits.expose().windows(2).all(|two| i16::from(two[1]) - i16::from(two[0]) == by);
        if !(steps(0) || steps(1) || steps(-1)) {
            return digits;
        }
    }
}

/// The PIN of these digits.
pub(crate) fn pin_of(digits: &Secret<6>) -> Result<Pin, StationError> {
    Pin::new(digits.expose()).map_err(StationError::Piv)
}

/// 14 bytes that differ from card to card.
fn capability_id(guid: [u8; 16]) -> [u8; 14] {
    std::array::from_fn(|i| guid[i])
}
