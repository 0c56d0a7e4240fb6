//! What an issuing station does with a card, step by step. Each is one operation, so that a journal can note between them,
//! and each may be repeated after a pulled card or a kill.
//!
//! The order that leaves no moment in which a key is guarded by a secret that everybody knows:
//!
//! 1. [`probe`]: whose management key is on it, what is written. Leaves the card authenticated where the key is known.
//! 2. [`take_over`]: our management key. Torn: `probe` again, it says `Factory` or `Ours`.
//! 3. [`own_puk`]: our PUK (sealed in the vault before this). Torn: again.
//! 4. [`own_pin`]: a PIN, by the PUK. Torn, or the PIN was forgotten: again, with any PIN.
//! 5. [`identify`]: CHUID and card capability container. Torn: again.
//! 6. [`slot::generate`](crate::slot::generate): the key. Torn: again, it makes another.
//! 7. [`sign_with_pin`]: the certificate request. Changes nothing.
//! 8. [`write_certificate`]. Torn: again.
//! 9. [`read_back`], [`refuses_defaults`], [`restore_tries`]. Torn: again.
//!
//! Steps 2, 5, 6 and 8 want the management key in the same session: after a new one, `probe` first.

use crate::{
    CardCapability, Chuid, ManagementHolder, ManagementKey, Object, Operation, Pin, PivError, Puk, Slot, management,
    object, secrets,
    sequence::Next,
    slot::{self, SignInput},
};

pub use crate::{probe::probe, refusal::refuses_defaults};

/// Sets our management key and proves at once that the card holds it. The card must be authenticated with the present one.
/// `challenge` must be fresh and random.
///
/// # Errors (of the operation)
/// As [`management::set`] and [`management::authenticate`].
pub fn take_over(ours: ManagementKey, challenge: [u8; 16]) -> Operation<()> {
    let proof = ours.duplicate();
    Operation::new(management::change(ours).then(move |()| management::mutual(proof, challenge)))
}

/// Sets our PUK, whether the card has the factory's or ours already. `probed` is whose management key was on the card when it
/// was laid: with ours, it has our PUK but where it was pulled right between the two, so that is tried first. A right try
/// gives back what wrong ones cost; were the factory's tried first, each further pull would cost one for good.
///
/// # Errors (of the operation)
/// [`PivError::Wrong`] if it has neither; [`PivError::Blocked`].
pub fn own_puk(ours: Puk, probed: ManagementHolder) -> Operation<()> {
    let own = (ours.duplicate(), ours.duplicate());
    let factory = (Puk::factory(), ours);
    let (first, second) = if matches!(probed, ManagementHolder::Ours(_)) { (own, factory) } else { (factory, own) };
    Operation::new(secrets::replace_puk(&first.0, &first.1).whatever(move |result| match result {
        Err(PivError::Wrong { .. }) => secrets::replace_puk(&second.0, &second.1),
        end => Next::End(end),
    }))
}

/// Sets the PIN by our PUK and verifies it, whatever the PIN was. Also what unblocks a card later.
///
/// # Errors (of the operation)
/// [`PivError::Wrong`] and [`PivError::Blocked`] of the PUK, [`PivError::Rejected`] of the PIN.
pub fn own_pin(puk: Puk, pin: Pin) -> Operation<()> {
    Operation::new(secrets::unblock(&puk, &pin).then(|()| secrets::verify(pin)))
}

/// Writes CHUID and card capability container, and reads both back.
///
/// # Errors (of the operation)
/// [`PivError::Denied`] without the management key, [`PivError::Full`], [`PivError::ReadBack`].
pub fn identify(chuid: Chuid, capability: CardCapability) -> Operation<()> {
    Operation::new(
        written(Object::CHUID, chuid.encode(), "chuid")
            .then(move |()| written(Object::CAPABILITY, capability.encode(), "capability")),
    )
}

fn written(object: Object, content: Vec<u8>, name: &'static str) -> Next<()> {
    object::write(object, &content).then(move |()| object::read(object)).then(move |found| {
        Next::End(if found == Some(content) { Ok(()) } else { Err(PivError::ReadBack { object: name }) })
    })
}

/// Verifies the PIN and signs.
///
/// # Errors (of the operation)
/// As [`secrets::verify_pin`] and [`slot::sign`].
pub fn sign_with_pin(pin: Pin, slot: Slot, input: SignInput) -> Operation<Vec<u8>> {
    Operation::new(secrets::verify(pin).then(move |()| slot::signature(slot, input)))
}

/// Writes the slot's certificate (DER) and reads it back.
///
/// # Errors (of the operation)
/// As [`object::put_certificate`]; [`PivError::ReadBack`].
pub fn write_certificate(slot: Slot, der: &[u8]) -> Operation<()> {
    let expected = der.to_vec();
    Operation::new(
        object::write(slot.certificate(), &object::certificate_content(der)).then(move |()| compare(slot, expected)),
    )
}

/// Compares the slot's certificate with the one that should be there; needs no authentication.
///
/// # Errors (of the operation)
/// [`PivError::ReadBack`].
pub fn read_back(slot: Slot, der: &[u8]) -> Operation<()> {
    Operation::new(compare(slot, der.to_vec()))
}

fn compare(slot: Slot, expected: Vec<u8>) -> Next<()> {
    object::read_certificate(slot).then(move |found| {
        Next::End(if found == Some(expected) { Ok(()) } else { Err(PivError::ReadBack { object: "certificate" }) })
    })
}

/// Gives back the tries that [`refuses_defaults`] spent, and proves that our PUK and PIN are what the card holds. The PIN is
/// left verified: reset the card before it is handed over.
///
/// # Errors (of the operation)
/// [`PivError::Wrong`], [`PivError::Blocked`].
pub fn restore_tries(puk: Puk, pin: Pin) -> Operation<()> {
    Operation::new(secrets::replace_puk(&puk, &puk).then(|()| secrets::verify(pin)))
}
