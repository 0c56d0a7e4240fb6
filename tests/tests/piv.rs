//! Our PIV code against the simulated card, which shares none of it: personalisation from a factory card to one that goes
//! out, pulled anywhere on the way; and what both sides make of nonsense. Against a card that others wrote, behind the
//! real pcscd, it is held in `tests/piv-card`.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use lanyard_apdu::{Command, DriveError, drive};
use lanyard_piv::{
    CardCapability, Chuid, Fascn, KeyAlgorithm, ManagementAlgorithm, ManagementHolder, ManagementKey, Object,
    Operation, Pin, PinState, PivError, PublicKey, Puk, Refusal, SignInput, Slot, management, object, personalise,
    probe, secrets, slot, yubico,
};
use lanyard_secret::SecretBytes;
use lanyard_virtual::ApduCard;
use lanyard_virtual_piv::PivCard;
use p256::ecdsa::{Signature, VerifyingKey, signature::hazmat::PrehashVerifier};
use proptest::prelude::*;

const CHALLENGE: [u8; 16] = [0x5A; 16];
const DIGEST: [u8; 32] = [0x42; 32];

fn ours() -> ManagementKey {
    ManagementKey::new(ManagementAlgorithm::Aes256, SecretBytes::new((1..=32).collect())).unwrap()
}

fn puk() -> Puk {
    Puk::new(b"27182818").unwrap()
}

fn pin() -> Pin {
    Pin::new(b"314159").unwrap()
}

/// What a card may answer to a command, or that it was pulled.
#[derive(Debug, PartialEq)]
struct Pulled;

/// A desk on which the card may be pulled at one command.
struct Desk {
    card: PivCard,
    sent: usize,
    /// At which command, and whether the card still carries it out.
    pull: Option<(usize, bool)>,
}

impl Desk {
    fn new(seed: u64) -> Self {
        let mut card = PivCard::new(seed);
        card.power_on();
        Self { card, sent: 0, pull: None }
    }

    fn lay_again(&mut self) {
        self.card.power_off();
        self.card.power_on();
        self.sent = 0;
        self.pull = None;
    }

    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, Pulled> {
        let at = self.sent;
        self.sent += 1;
        match self.pull {
            Some((point, false)) if point == at => Err(Pulled),
            Some((point, true)) if point == at => {
                self.card.transmit(command);
                Err(Pulled)
            }
            _ => Ok(self.card.transmit(command)),
        }
    }

    /// An operation on a card that stays where it is.
    fn run<T>(&mut self, mut operation: Operation<T>) -> Result<T, PivError> {
        match drive(&mut operation, |command| self.transmit(command)) {
            Ok(value) => Ok(value),
            Err(DriveError::Script(error)) => Err(error),
            Err(error) => panic!("{error:?}"),
        }
    }

    /// An operation on a card that may be pulled.
    fn try_run<T>(&mut self, mut operation: Operation<T>) -> Result<T, Pulled> {
        match drive(&mut operation, |command| self.transmit(command)) {
            Ok(value) => Ok(value),
            Err(DriveError::Channel(Pulled)) => Err(Pulled),
            Err(error) => panic!("{error:?}"),
        }
    }
}

fn verify(key: &PublicKey, signature: &[u8]) -> bool {
    let PublicKey::P256(point) = key else { panic!("not P-256") };
    let key = VerifyingKey::from_sec1_bytes(point).unwrap();
    key.verify_prehash(&DIGEST, &Signature::from_der(signature).unwrap()).is_ok()
}

/// A certificate of a usual length; that it is one is no matter to the card.
fn certificate(key: &PublicKey) -> Vec<u8> {
    let mut der = key.spki();
    der.resize(1_100, 0x5C);
    der
}

/// What a station does, from whatever state the card is in.
fn personalise_card(desk: &mut Desk) -> Result<PublicKey, Pulled> {
    let seen = desk.try_run(probe::probe(vec![ours()], CHALLENGE))?;
    match seen.management {
        ManagementHolder::Factory(_) => {
            assert!(seen.is_blank());
            desk.try_run(personalise::take_over(ours(), CHALLENGE))?;
        }
        ManagementHolder::Ours(place) => assert_eq!(place, 0),
        ManagementHolder::Foreign(_) => panic!("somebody else's card"),
    }
    desk.try_run(personalise::own_puk(puk(), seen.management))?;
    desk.try_run(personalise::own_pin(puk(), pin()))?;
    let chuid = Chuid::new(Fascn::NON_FEDERAL, [7; 16], (2031, 11, 30)).unwrap();
    desk.try_run(personalise::identify(chuid, CardCapability { number: [9; 14] }))?;
    let key = desk.try_run(slot::generate(Slot::Authentication, KeyAlgorithm::P256))?;
    let signature = desk.try_run(personalise::sign_with_pin(pin(), Slot::Authentication, SignInput::P256(DIGEST)))?;
    assert!(verify(&key, &signature));
    desk.try_run(personalise::write_certificate(Slot::Authentication, &certificate(&key)))?;
    let refusals = desk.try_run(personalise::refuses_defaults(CHALLENGE))?;
    refusals.proven().unwrap();
    desk.try_run(personalise::restore_tries(puk(), pin()))?;
    Ok(key)
}

#[test]
fn a_card_pulled_before_or_after_any_command_is_finished_on_the_next_try() {
    let mut whole = Desk::new(1);
    personalise_card(&mut whole).unwrap();
    let points = whole.sent;
    // Asserted, so that a step that drops out of the sequence is noticed.
    assert_eq!(points, 39);
    for point in 0..points {
        for carried_out in [false, true] {
            let mut desk = Desk::new(1);
            desk.pull = Some((point, carried_out));
            assert_eq!(personalise_card(&mut desk), Err(Pulled), "command {point}");
            desk.lay_again();
            let key = personalise_card(&mut desk).unwrap();

            desk.lay_again();
            let seen = desk.run(probe::probe(vec![ours()], CHALLENGE)).unwrap();
            assert_eq!(seen.management, ManagementHolder::Ours(0));
            assert_eq!(seen.pin, PinState::Left(3), "command {point}: tries were not given back");
            assert_eq!(seen.certificate, Some(certificate(&key)));
            assert_eq!(seen.public_key, Some(key));
            assert_eq!(seen.chuid.map(|chuid| chuid.guid), Some([7; 16]));
            let puk = desk.run(yubico::metadata(yubico::Reference::Puk)).unwrap().unwrap();
            assert_eq!((puk.left, puk.is_default), (Some(3), Some(false)));
        }
    }
}

#[test]
fn a_factory_card_gives_itself_away_with_each_default_by_name() {
    let mut desk = Desk::new(2);
    desk.run(probe::select()).unwrap();
    let refusals = desk.run(personalise::refuses_defaults(CHALLENGE)).unwrap();
    let all = PivError::DefaultAccepted { pin: true, puk: true, management: true };
    assert_eq!(refusals.proven(), Err(all));

    desk.run(probe::probe(Vec::new(), CHALLENGE)).unwrap();
    desk.run(personalise::take_over(ours(), CHALLENGE)).unwrap();
    desk.run(secrets::change_pin(Pin::factory(), pin())).unwrap();
    let refusals = desk.run(personalise::refuses_defaults(CHALLENGE)).unwrap();
    assert_eq!(refusals.pin, Refusal::Refused { left: Some(2) });
    assert_eq!(refusals.proven(), Err(PivError::DefaultAccepted { pin: false, puk: true, management: false }));
}

/// The PUK has three tries. What a pull costs has to come back with the next right one, however often it is pulled.
#[test]
fn a_card_that_is_pulled_over_and_over_keeps_its_puk() {
    let mut desk = Desk::new(5);
    personalise_card(&mut desk).unwrap();
    for _ in 0..4 {
        // After the first try of the PUK, and after the default PUK was tried in its proof.
        for (proof, commands) in [(false, 1), (true, 2)] {
            desk.lay_again();
            let seen = desk.run(probe::probe(vec![ours()], CHALLENGE)).unwrap();
            if proof {
                desk.run(personalise::own_puk(puk(), seen.management)).unwrap();
            }
            desk.pull = Some((desk.sent + commands - 1, true));
            if proof {
                assert_eq!(desk.try_run(personalise::refuses_defaults(CHALLENGE)).err(), Some(Pulled));
            } else {
                assert_eq!(desk.try_run(personalise::own_puk(puk(), seen.management)), Err(Pulled));
            }
        }
    }
    desk.lay_again();
    personalise_card(&mut desk).unwrap();
}

#[test]
fn a_default_management_key_in_another_cipher_is_still_found() {
    let mut desk = Desk::new(3);
    desk.run(probe::probe(Vec::new(), CHALLENGE)).unwrap();
    let factory = ManagementKey::factory(ManagementAlgorithm::Aes192).unwrap();
    desk.run(personalise::take_over(factory, CHALLENGE)).unwrap();
    desk.run(personalise::own_puk(puk(), ManagementHolder::Factory(ManagementAlgorithm::Aes192))).unwrap();
    desk.run(personalise::own_pin(puk(), pin())).unwrap();
    let refusals = desk.run(personalise::refuses_defaults(CHALLENGE)).unwrap();
    assert_eq!(refusals.proven(), Err(PivError::DefaultAccepted { pin: false, puk: false, management: true }));
    desk.lay_again();
    let seen = desk.run(probe::probe(Vec::new(), CHALLENGE)).unwrap();
    assert_eq!(seen.management, ManagementHolder::Factory(ManagementAlgorithm::Aes192));
}

#[test]
fn a_card_of_somebody_else_is_never_taken_for_a_blank() {
    let mut desk = Desk::new(4);
    personalise_card(&mut desk).unwrap();
    desk.lay_again();
    let seen = desk.run(probe::probe(Vec::new(), CHALLENGE)).unwrap();
    assert_eq!(seen.management, ManagementHolder::Foreign(Some(ManagementAlgorithm::Aes256)));
    assert!(!seen.is_blank() && seen.chuid_present);
    // And nothing can be written on it.
    assert_eq!(desk.run(object::put(Object::CHUID, &[])), Err(PivError::Denied { step: "put data" }));
}

#[test]
fn without_pin_there_is_no_signature_and_without_management_key_no_change() {
    let mut desk = Desk::new(5);
    personalise_card(&mut desk).unwrap();
    desk.lay_again();
    desk.run(probe::select()).unwrap();
    let sign = || slot::sign(Slot::Authentication, SignInput::P256(DIGEST));
    assert_eq!(desk.run(sign()), Err(PivError::Denied { step: "sign" }));
    let generate = slot::generate(Slot::Authentication, KeyAlgorithm::P256);
    assert_eq!(desk.run(generate), Err(PivError::Denied { step: "generate key" }));
    assert_eq!(desk.run(management::set(ours())), Err(PivError::Denied { step: "set management key" }));
    assert_eq!(desk.run(management::authenticate_host_only(ours())), Ok(()));
    desk.run(secrets::verify_pin(pin())).unwrap();
    assert!(desk.run(sign()).is_ok());
}

#[test]
fn a_blocked_pin_is_counted_down_to_and_opened_by_our_puk() {
    let mut desk = Desk::new(6);
    personalise_card(&mut desk).unwrap();
    let wrong = || secrets::verify_pin(Pin::new(b"000000").unwrap());
    let which = secrets::Which::Pin;
    assert_eq!(desk.run(wrong()), Err(PivError::Wrong { which, left: Some(2) }));
    assert_eq!(desk.run(wrong()), Err(PivError::Wrong { which, left: Some(1) }));
    assert_eq!(desk.run(wrong()), Err(PivError::Blocked { which }));
    assert_eq!(desk.run(secrets::pin_state()), Ok(PinState::Blocked));
    assert_eq!(desk.run(secrets::verify_pin(pin())), Err(PivError::Blocked { which }));
    // A blocked PIN refuses everything, so it proves nothing about the default; the PUK brings it back.
    assert_eq!(desk.run(personalise::refuses_defaults(CHALLENGE)).unwrap().pin, Refusal::Blocked);
    desk.run(personalise::own_pin(puk(), Pin::new(b"161803").unwrap())).unwrap();
    assert_eq!(desk.run(secrets::pin_state()), Ok(PinState::Verified));
}

#[test]
fn a_card_kept_on_disk_comes_back_with_its_key_and_without_its_session() {
    let mut desk = Desk::new(7);
    let key = personalise_card(&mut desk).unwrap();
    let mut card = PivCard::import(&desk.card.export()).unwrap();
    card.power_on();
    let mut desk = Desk { card, sent: 0, pull: None };
    desk.run(probe::select()).unwrap();
    assert_eq!(desk.run(secrets::pin_state()), Ok(PinState::Left(3)));
    let signature = desk.run(personalise::sign_with_pin(pin(), Slot::Authentication, SignInput::P256(DIGEST))).unwrap();
    assert!(verify(&key, &signature));
    assert!(PivCard::import("{}").is_err());
}

#[test]
fn an_object_that_does_not_fit_is_refused_and_the_old_one_stays() {
    let mut desk = Desk::new(8);
    desk.run(probe::probe(Vec::new(), CHALLENGE)).unwrap();
    desk.run(personalise::write_certificate(Slot::Authentication, &[1; 3_000])).unwrap();
    let long = object::put_certificate(Slot::Authentication, &[2; 3_100]);
    assert_eq!(desk.run(long), Err(PivError::Full { step: "put data" }));
    assert_eq!(desk.run(object::get_certificate(Slot::Authentication)), Ok(Some(vec![1; 3_000])));
    let longer = object::put_certificate(Slot::Authentication, &[2; 9_000]);
    assert!(matches!(desk.run(longer), Err(PivError::TooLong { .. })));
}

#[test]
fn two_cards_of_different_seeds_make_different_keys() {
    let keys = [9, 10].map(|seed| personalise_card(&mut Desk::new(seed)).unwrap());
    assert_ne!(keys[0], keys[1]);
}

/// Commands that get past the card's first look, with arbitrary data.
fn command() -> impl Strategy<Value = Vec<u8>> {
    let ins = prop::sample::select(vec![0xA4, 0x20, 0x24, 0x2C, 0x87, 0x47, 0xCB, 0xDB, 0xFF, 0xFD, 0xF7, 0xF8, 0xC0]);
    let p = prop::sample::select(vec![0x00, 0x03, 0x04, 0x0C, 0x11, 0x3F, 0x80, 0x81, 0x9A, 0x9B, 0xFF]);
    let data = prop::collection::vec(any::<u8>(), 0..40);
    let head =
        prop::sample::select(vec![vec![], vec![0x7C, 0x04, 0x80], vec![0x5C, 0x03, 0x5F, 0xC1], vec![0xAC, 0x03]]);
    (prop::sample::select(vec![0x00, 0x10]), ins, p.clone(), p, head, data).prop_map(
        |(cla, ins, p1, p2, head, data)| {
            Command::new(cla, ins, p1, p2).with_data([head, data].concat()).encode().to_vec()
        },
    )
}

proptest! {
    #[test]
    fn no_bytes_make_the_card_panic(commands in prop::collection::vec(command(), 1..12), noise in prop::collection::vec(any::<u8>(), 0..12)) {
        let mut desk = Desk::new(11);
        desk.run(probe::probe(Vec::new(), CHALLENGE)).unwrap();
        for command in commands.iter().chain([&noise]) {
            prop_assert!(desk.card.transmit(command).len() >= 2);
        }
        let exported = desk.card.export();
        prop_assert!(PivCard::import(&exported).is_ok());
    }

    #[test]
    fn no_answer_makes_the_host_panic_or_believe_in_a_key(
        answers in prop::collection::vec((prop::collection::vec(any::<u8>(), 0..80), prop::sample::select(vec![0x9000_u16, 0x6100, 0x6A80, 0x6A82, 0x6982, 0x63C1])), 1..40),
    ) {
        let mut answers = answers.iter().cycle();
        let mut left = 2_000;
        let mut exchange = |_: &[u8]| {
            left -= 1;
            if left == 0 {
                return Err(Pulled);
            }
            let (data, status) = answers.next().unwrap();
            Ok([&data[..], &status.to_be_bytes()].concat())
        };
        let proven = drive(&mut management::authenticate(ours(), CHALLENGE), &mut exchange).is_ok();
        prop_assert!(!proven);
        if let Ok(seen) = drive(&mut probe::probe(vec![ours()], CHALLENGE), &mut exchange) {
            prop_assert!(matches!(seen.management, ManagementHolder::Foreign(_)));
        }
        let _ = drive(&mut slot::generate(Slot::Authentication, KeyAlgorithm::Rsa2048), &mut exchange);
        let _ = drive(&mut slot::sign(Slot::Authentication, SignInput::P256(DIGEST)), &mut exchange);
        let _ = drive(&mut object::get_certificate(Slot::Authentication), &mut exchange);
        let _ = drive(&mut personalise::refuses_defaults(CHALLENGE), &mut exchange);
    }
}
