//! The proof that a card no longer accepts the secrets that everybody knows.

use crate::{ManagementAlgorithm, ManagementKey, Operation, Pin, PivError, Puk, management, secrets, sequence::Next};

/// How the card took a default secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Refused; so many tries left, if the card says.
    Refused {
        /// Tries left.
        left: Option<u8>,
    },
    /// It was blocked already, so the card refuses whatever is tried.
    Blocked,
    /// Accepted: the card must not go out.
    Accepted,
}

/// How the card took each of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusals {
    /// PIN `123456`.
    pub pin: Refusal,
    /// PUK `12345678`.
    pub puk: Refusal,
    /// Management key `01 02 … 08`, as 3DES and as AES-192.
    pub management: Refusal,
}

impl Refusals {
    /// All refused?
    ///
    /// # Errors
    /// [`PivError::DefaultAccepted`], naming which were not.
    pub fn proven(&self) -> Result<(), PivError> {
        let [pin, puk, management] = [self.pin, self.puk, self.management].map(|answer| answer == Refusal::Accepted);
        if pin || puk || management { Err(PivError::DefaultAccepted { pin, puk, management }) } else { Ok(()) }
    }
}

/// Tries the default PIN, PUK and management key, each once, changing nothing even where one is accepted. Costs one try of
/// the PIN and one of the PUK: [`crate::personalise::restore_tries`] gives them back. `challenge` must be fresh and random.
///
/// # Errors (of the operation)
/// Where the card's answer to one of them is neither yes nor no: that proves nothing.
pub fn refuses_defaults(challenge: [u8; 16]) -> Operation<Refusals> {
    Operation::new(
        secrets::verify(Pin::factory())
            .whatever(judge)
            // From the default to itself: if the card accepts it, nothing has changed.
            .then(|pin| {
                secrets::replace_puk(&Puk::factory(), &Puk::factory()).whatever(judge).map(move |puk| (pin, puk))
            })
            .then(move |(pin, puk)| {
                management(vec![ManagementAlgorithm::Tdes, ManagementAlgorithm::Aes192], challenge)
                    .map(move |management| Refusals { pin, puk, management })
            }),
    )
}

fn judge(result: Result<(), PivError>) -> Next<Refusal> {
    Next::End(match result {
        Ok(()) => Ok(Refusal::Accepted),
        Err(PivError::Wrong { left, .. }) => Ok(Refusal::Refused { left }),
        Err(PivError::Blocked { .. }) => Ok(Refusal::Blocked),
        Err(error) => Err(error),
    })
}

fn management(mut algorithms: Vec<ManagementAlgorithm>, challenge: [u8; 16]) -> Next<Refusal> {
    let refused = Refusal::Refused { left: None };
    let Some(key) = algorithms.pop().and_then(ManagementKey::factory) else { return Next::End(Ok(refused)) };
    let mut next = challenge;
    next[0] = next[0].wrapping_add(1);
    management::mutual(key, challenge).whatever(move |result| match result {
        Ok(()) => Next::End(Ok(Refusal::Accepted)),
        Err(PivError::ManagementRefused | PivError::ManagementAlgorithm) => management(algorithms, next),
        Err(error) => Next::End(Err(error)),
    })
}
