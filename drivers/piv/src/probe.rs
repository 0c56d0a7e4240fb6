//! What is on the card: asked before anything is written, and again after a kill or a pulled card, so that personalisation
//! goes on where it stood.

use lanyard_apdu::{Command, Expected};

use crate::{
    Chuid, ManagementAlgorithm, ManagementKey, Object, Operation, PinState, PivError, PublicKey, Slot, Version,
    management, object, secrets,
    sequence::Next,
    tlv,
    yubico::{self, Reference},
};

/// What the card says of itself when its PIV application is selected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selected {
    /// Algorithm identifiers it lists (SP 800-73-4 part 2 table 3, tag AC); many cards list none.
    pub algorithms: Vec<u8>,
}

/// Selects the PIV application (part 2 §3.1.1). PIN and management key are then no longer verified.
///
/// # Errors (of the operation)
/// [`PivError::NotPiv`].
pub fn select() -> Operation<Selected> {
    Operation::new(ask())
}

pub(crate) fn ask() -> Next<Selected> {
    const AID: [u8; 9] = [0xA0, 0x00, 0x00, 0x03, 0x08, 0x00, 0x00, 0x10, 0x00];
    let command = Command::new(0, 0xA4, 4, 0).with_data(AID).expecting(Expected::Any);
    Next::last(command, |response| match response.status.0 {
        0x9000 => {
            let mut algorithms = Vec::new();
            // Template 61 with one list AC for each use of algorithms; a card that sends none is PIV all the same.
            let mut rest = tlv::find(&response.data, 0x61).unwrap_or_default();
            while let Some((tag, value, after)) = tlv::take(rest) {
                rest = after;
                let mut list = if tag == 0xAC { value } else { &[] };
                while let Some((tag, id, after)) = tlv::take(list) {
                    list = after;
                    if let (0x80, [id]) = (tag, id) {
                        algorithms.push(*id);
                    }
                }
            }
            Ok(Selected { algorithms })
        }
        0x6A82 | 0x6A81 | 0x6D00 | 0x6E00 | 0x6999 => Err(PivError::NotPiv),
        _ => Err(PivError::of("select", response.status)),
    })
}

/// Whose management key is on the card.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ManagementHolder {
    /// The maker's, which everybody knows, of this algorithm.
    Factory(ManagementAlgorithm),
    /// One of ours: its place in the list that was given.
    Ours(usize),
    /// Nobody's that we know. `None` if its algorithm is unknown as well.
    Foreign(Option<ManagementAlgorithm>),
}

/// What is on the card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probe {
    /// Algorithms that the card lists.
    pub selected: Selected,
    /// Firmware, if the card tells.
    pub version: Option<Version>,
    /// Serial number, if the card tells.
    pub serial: Option<u32>,
    /// Whose management key is on it. With `Factory` and `Ours` the card is authenticated from here on.
    pub management: ManagementHolder,
    /// How the PIN stands.
    pub pin: PinState,
    /// The CHUID, if there is one that reads.
    pub chuid: Option<Chuid>,
    /// Whether there is a CHUID at all, readable or not.
    pub chuid_present: bool,
    /// The certificate of slot 9A.
    pub certificate: Option<Vec<u8>>,
    /// The public key in slot 9A, if the card tells (metadata); `None` says nothing about whether there is one.
    pub public_key: Option<PublicKey>,
}

impl Probe {
    /// Nothing of anybody's is on it: factory management key, no certificate in 9A. Only such a card, or one that holds our
    /// management key, may be personalised. A CHUID alone says nothing: some makers ship one (Nitrokey).
    #[must_use]
    pub fn is_blank(&self) -> bool {
        matches!(self.management, ManagementHolder::Factory(_)) && self.certificate.is_none()
    }
}

/// Selects the application and asks all of [`Probe`], trying the keys in `ours` and the factory's. Costs no try of PIN or
/// PUK and writes nothing. `challenge` must be fresh and random.
///
/// # Errors (of the operation)
/// [`PivError::NotPiv`]; [`PivError::ManagementUnproved`] if the card let our key in without holding it.
pub fn probe(ours: Vec<ManagementKey>, challenge: [u8; 16]) -> Operation<Probe> {
    Operation::new(ask().then(move |selected| {
        yubico::ask_version().then(move |version| {
            yubico::ask_serial().then(move |serial| {
                holder(ours, challenge).then(move |management| {
                    contents().map(move |(pin, chuid, certificate, public_key)| Probe {
                        selected,
                        version,
                        serial,
                        management,
                        pin,
                        chuid_present: chuid.is_some(),
                        chuid: chuid.as_deref().and_then(Chuid::parse),
                        certificate,
                        public_key,
                    })
                })
            })
        })
    }))
}

type Contents = (PinState, Option<Vec<u8>>, Option<Vec<u8>>, Option<PublicKey>);

fn contents() -> Next<Contents> {
    secrets::state().then(|pin| {
        object::read(Object::CHUID).then(move |chuid| {
            object::read_certificate(Slot::Authentication).then(move |certificate| {
                yubico::ask_metadata(Reference::Key(Slot::Authentication)).map(move |metadata| {
                    let public_key = metadata.and_then(|metadata| metadata.public_key);
                    (pin, chuid, certificate, public_key)
                })
            })
        })
    })
}

fn holder(ours: Vec<ManagementKey>, challenge: [u8; 16]) -> Next<ManagementHolder> {
    management::algorithm().then(move |algorithm| {
        let Some(algorithm) = algorithm else { return Next::End(Ok(ManagementHolder::Foreign(None))) };
        let candidates = ours
            .into_iter()
            .enumerate()
            .map(|(place, key)| (ManagementHolder::Ours(place), key))
            .chain(ManagementKey::factory(algorithm).map(|key| (ManagementHolder::Factory(algorithm), key)))
            .filter(|(_, key)| key.algorithm() == algorithm)
            .collect();
        try_each(candidates, algorithm, challenge)
    })
}

fn try_each(
    mut candidates: Vec<(ManagementHolder, ManagementKey)>,
    algorithm: ManagementAlgorithm,
    challenge: [u8; 16],
) -> Next<ManagementHolder> {
    if candidates.is_empty() {
        return Next::End(Ok(ManagementHolder::Foreign(Some(algorithm))));
    }
    let (holder, key) = candidates.remove(0);
    // Another challenge for each try, so that an answer to one is worth nothing in the next.
    let mut next = challenge;
    next[0] = next[0].wrapping_add(1);
    management::mutual(key, challenge).whatever(move |result| match result {
        Ok(()) => Next::End(Ok(holder)),
        Err(PivError::ManagementRefused) => try_each(candidates, algorithm, next),
        Err(error) => Next::End(Err(error)),
    })
}
