//! A PIV card that answers the station's whole exchange with what it likes, between honest answers or without any.

use lanyard_apdu::{Response, Script, Status, Step};
use lanyard_piv::{
    CardCapability, Chuid, Fascn, KeyAlgorithm, ManagementAlgorithm, ManagementHolder, ManagementKey, Operation, Pin,
    PivError, Puk, SignInput, Slot, management, object, personalise, probe, refuses_defaults, secrets, select, slot,
    yubico,
};
use lanyard_secret::SecretBytes;
use lanyard_virtual::ApduCard;
use lanyard_virtual_piv::PivCard;

use crate::fed::Fed;
use crate::known::Known;

/// The longest answer in the smallest pieces that are still taken, and a long command before it.
const MOST: usize = 1_200;
const CHALLENGE: [u8; 16] = [0x5A; 16];
const PIN: &[u8] = b"73194682";
const PUK: &[u8] = b"\xA7\xB1\xC3\xD5\xE9\xF2\x8D\x9B";

pub fn answers(bytes: &[u8]) {
    if let Some(chuid) = Chuid::parse(bytes) {
        assert_eq!(Chuid::parse(&chuid.encode()), Some(chuid));
    }
    let mut fed = Fed(bytes);
    let honest = fed.flag();
    let mut card = PivCard::new(7);
    card.power_on();
    let mut desk = Desk { fed, card: honest.then_some(card) };
    desk.whole_exchange();
    while !desk.fed.is_over() {
        desk.single();
    }
}

struct Desk<'a> {
    fed: Fed<'a>,
    /// None: whatever is not in the input is refused.
    card: Option<PivCard>,
}

fn keys() -> Vec<Known> {
    vec![Known::of(&Known::made::<32>(1)), Known::of(PIN), Known::of(PUK)]
}

fn ours() -> ManagementKey {
    let key = SecretBytes::new(Known::made::<32>(1).to_vec());
    ManagementKey::new(ManagementAlgorithm::Aes256, key).unwrap()
}

fn pin() -> Pin {
    Pin::new(PIN).unwrap()
}

fn puk() -> Puk {
    Puk::new(PUK).unwrap()
}

impl Desk<'_> {
    fn whole_exchange(&mut self) {
        let der = vec![0x30; 700];
        let holder = self.run(probe::probe(vec![ours()], CHALLENGE)).map(|seen| seen.management);
        self.run(personalise::take_over(ours(), CHALLENGE));
        self.run(personalise::own_puk(puk(), holder.unwrap_or(ManagementHolder::Ours(0))));
        self.run(personalise::own_pin(puk(), pin()));
        let chuid = Chuid::new(Fascn::NON_FEDERAL, [7; 16], (2031, 11, 30)).unwrap();
        self.run(personalise::identify(chuid, CardCapability { number: [9; 14] }));
        if let Some(key) = self.run(slot::generate(Slot::Authentication, KeyAlgorithm::P256)) {
            let _ = key.spki();
        }
        self.run(personalise::sign_with_pin(pin(), Slot::Authentication, SignInput::P256([3; 32])));
        self.run(personalise::write_certificate(Slot::Authentication, &der));
        self.run(personalise::read_back(Slot::Authentication, &der));
        self.run(refuses_defaults(CHALLENGE)).map(|refusals| refusals.proven());
    }

    fn single(&mut self) {
        match self.fed.below(14) {
            0 => drop(self.run(select())),
            1 => drop(self.run(object::get_certificate(Slot::Authentication))),
            2 => {
                if let Some(Some(content)) = self.run(object::get(lanyard_piv::Object::CHUID)) {
                    let _ = Chuid::parse(&content);
                }
            }
            3 => drop(self.run(management::find_algorithm())),
            4 => drop(self.run(yubico::version())),
            5 => drop(self.run(yubico::serial())),
            6 => drop(self.run(yubico::metadata(yubico::Reference::Pin))),
            7 => drop(self.run(yubico::metadata(yubico::Reference::Key(Slot::Authentication)))),
            8 => drop(self.run(secrets::pin_state())),
            9 => drop(self.run(secrets::verify_pin(pin()))),
            10 => drop(self.run(personalise::restore_tries(puk(), pin()))),
            11 => drop(self.run(slot::generate(Slot::Authentication, KeyAlgorithm::Rsa2048))),
            12 => drop(self.run(management::authenticate(ours(), CHALLENGE))),
            _ => drop(self.run(management::set(ours()))),
        }
    }

    fn run<T>(&mut self, mut operation: Operation<T>) -> Option<T> {
        let mut step = operation.step(None);
        for exchange in 0.. {
            assert!(exchange <= MOST, "no end");
            let command = match step {
                Step::Done(output) => return Some(output),
                Step::Failed(error) => {
                    self.said(&error);
                    return None;
                }
                Step::Transmit(command) => command,
            };
            let response = self.answer(&command.encode())?;
            step = operation.step(Some(&response));
        }
        None
    }

    /// None: pulled.
    fn answer(&mut self, command: &[u8]) -> Option<Response> {
        let refused = Response::status(0x6A82);
        let honest = match &mut self.card {
            Some(card) => Response::parse(&card.transmit(command)).unwrap(),
            None => refused,
        };
        let fed = &mut self.fed;
        Some(match fed.below(7) {
            0 | 1 => honest,
            2 => Response::new(fed.some(), Status(0x9000)),
            3 => Response::new(fed.some(), Status(fed.u16())),
            4 => {
                let mut data = honest.data.clone();
                let at = usize::from(fed.u16());
                if let Some(byte) = data.get_mut(at) {
                    *byte ^= fed.byte();
                }
                Response::new(data, honest.status)
            }
            5 => {
                let short = honest.data[..honest.data.len() / 2].to_vec();
                Response::new(short, honest.status)
            }
            _ => return None,
        })
    }

    fn said(&self, error: &PivError) {
        Known::none_said(&keys(), &(error, error.to_string()));
    }
}
