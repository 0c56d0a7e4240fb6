//! A card that shows a random UID: which of ours is it? It tells its real UID to whoever proves a key that is the same on
//! every card, which an encoding with a random UID must have for its readers' sake; and one that was made a blank again to
//! whoever proves a blank's key.
//!
//! What it tells proves nothing yet: an emulator that knows that key tells what it likes. Whoever goes on has the card's
//! own keys proved, as with a UID that is shown.

use lanyard_desfire::{Aid, Card, DesfireError, KeyNo, KeyVersion, Link, Op, Progress, Reply};

use crate::EncodingError;
use crate::description::Encoding;
use crate::keys::{HeldKey, KeySource, KeyUse};
use crate::machine::{Action, CardLeft, Event, Machine, Random, nonce};
use crate::plan::Messaging;
use crate::planning::oldest;

/// A key to be tried.
struct Tell {
    aid: Aid,
    number: KeyNo,
    key: TellKey,
}

#[derive(PartialEq, Eq)]
enum TellKey {
    /// Of the vault, in whichever version the card has.
    Named { name: String, messaging: Messaging },
    /// A blank's master key.
    Blank(HeldKey),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Doing {
    Nothing,
    Select,
    Version,
    Prove,
    Uid,
    Over,
}

/// The machine. Writes nothing to the card, and no journal; ends with the real UID.
pub struct Recognise {
    card: Card,
    tells: Vec<Tell>,
    doing: Doing,
}

impl Recognise {
    /// `encodings`: those that cards of this house may have; the ones without a random UID are left out.
    /// `keys`: for the newest version of a transport key.
    #[must_use]
    pub fn new<'e>(encodings: impl IntoIterator<Item = &'e Encoding>, keys: &dyn KeySource, link: Link) -> Self {
        let (mut tells, mut blanks): (Vec<Tell>, Vec<Tell>) = (Vec::new(), Vec::new());
        for encoding in encodings.into_iter().filter(|encoding| encoding.card.random_uid) {
            let messaging = oldest(encoding);
            for application in encoding.applications.iter().filter(|application| application.cipher.is_aes()) {
                if let Some(key) = application.keys.iter().find(|key| key.spec.input.is_empty()) {
                    let named = TellKey::Named { name: key.spec.name.clone(), messaging };
                    add(&mut tells, Tell { aid: application.aid, number: key.number, key: named });
                }
            }
            if let Some(key) = blank_key(encoding, keys) {
                add(&mut blanks, Tell { aid: Aid::PICC, number: KeyNo::MASTER, key: TellKey::Blank(key) });
            }
        }
        tells.append(&mut blanks);
        // The last is tried first: it is taken off the end.
        tells.reverse();
        Self { card: Card::new(link), tells, doing: Doing::Nothing }
    }

    fn begin(&mut self, doing: Doing, op: Op) -> Result<Action<[u8; 7]>, EncodingError> {
        self.doing = doing;
        self.card.command(op).map(Action::Transmit).map_err(wrong)
    }

    /// The key under way, or none is left.
    fn tell(&self) -> Result<&Tell, EncodingError> {
        self.tells.last().ok_or(EncodingError::UidHidden)
    }

    fn try_next(&mut self) -> Result<Action<[u8; 7]>, EncodingError> {
        let aid = self.tell()?.aid;
        self.begin(Doing::Select, Op::SelectApplication(aid))
    }

    fn on_event(
        &mut self,
        event: &Event<'_>,
        keys: &dyn KeySource,
        random: Random<'_>,
    ) -> Result<Action<[u8; 7]>, EncodingError> {
        let answer = match (event, self.doing) {
            (Event::Start, Doing::Nothing) => return self.try_next(),
            (Event::Lost, _) => return Err(EncodingError::Lost { step: "assess", at: 0, of: 0 }),
            (Event::Answer(response), doing) if doing != Doing::Nothing && doing != Doing::Over => {
                self.card.answer(response)
            }
            _ => return Err(EncodingError::OutOfTurn),
        };
        let reply = match answer {
            Ok(Progress::More(command)) => return Ok(Action::Transmit(command)),
            Ok(Progress::Done(reply)) => reply,
            Err(DesfireError::AuthRefused { .. } | DesfireError::Refused { .. }) => {
                self.tells.pop();
                return self.try_next();
            }
            Err(error) => return Err(wrong(error)),
        };
        match (self.doing, reply) {
            (Doing::Select, _) => {
                let Tell { number: key_no, key, .. } = self.tell()?;
                let (key_no, rnd_a) = (*key_no, nonce(random));
                let op = match key {
                    TellKey::Named { .. } => return self.begin(Doing::Version, Op::GetKeyVersion(key_no)),
                    TellKey::Blank(key) if key.is_des() => Op::AuthenticateD40 { key_no, key: key.des(keys)?, rnd_a },
                    TellKey::Blank(key) => Op::AuthenticateEv2First { key_no, key: key.aes(keys)?, rnd_a },
                };
                self.begin(Doing::Prove, op)
            }
            (Doing::Version, Reply::KeyVersion(KeyVersion(version))) => {
                let Tell { number, key: TellKey::Named { name, messaging }, .. } = self.tell()? else {
                    return Err(EncodingError::OutOfTurn);
                };
                let (key_no, messaging) = (*number, *messaging);
                let of = KeyUse { name: name.clone(), version, input: None };
                let key = match of.secret(keys) {
                    Ok(key) => key,
                    // A version that the vault never had: not ours.
                    Err(EncodingError::KeyVersionMissing { .. }) => {
                        self.tells.pop();
                        return self.try_next();
                    }
                    Err(error) => return Err(error),
                };
                let rnd_a = nonce(random);
                let op = match messaging {
                    Messaging::Ev1 => Op::AuthenticateAes { key_no, key, rnd_a },
                    Messaging::Ev2 => Op::AuthenticateEv2First { key_no, key, rnd_a },
                };
                self.begin(Doing::Prove, op)
            }
            (Doing::Prove, _) => self.begin(Doing::Uid, Op::GetCardUid),
            (Doing::Uid, Reply::Uid(uid)) => {
                self.doing = Doing::Over;
                Ok(Action::Done(uid))
            }
            _ => Err(EncodingError::OutOfTurn),
        }
    }
}

fn add(tells: &mut Vec<Tell>, tell: Tell) {
    if !tells.iter().any(|known| known.aid == tell.aid && known.key == tell.key) {
        tells.push(tell);
    }
}

/// What a card of this encoding has once it was made a blank; `None` where that takes its UID.
fn blank_key(encoding: &Encoding, keys: &dyn KeySource) -> Option<HeldKey> {
    match &encoding.card.transport {
        _ if encoding.card.only_ev2 => Some(HeldKey::FactoryAes),
        None => Some(HeldKey::FactoryDes),
        Some(spec) if spec.input.is_empty() => {
            let version = keys.latest(&spec.name).ok()?;
            Some(HeldKey::TransportDes(KeyUse { name: spec.name.clone(), version, input: None }))
        }
        Some(_) => None,
    }
}

fn wrong(error: DesfireError) -> EncodingError {
    EncodingError::Card { step: "assess", at: 0, of: 0, error }
}

impl Machine for Recognise {
    type Output = [u8; 7];

    fn next(&mut self, event: Event<'_>, keys: &dyn KeySource, random: Random<'_>) -> Action<[u8; 7]> {
        self.on_event(&event, keys, random).unwrap_or_else(|error| {
            self.doing = Doing::Over;
            Action::Failed { error, card: CardLeft::Untouched }
        })
    }
}
