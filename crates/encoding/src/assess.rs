//! What lies on the reader: a blank that is ours to write, a card of ours, or one to keep our hands off.
//!
//! What a card says of itself is hearsay; an emulator says the same. So a card whose UID the history knows proves the
//! master key that the card of this UID has, and a blank proves the factory key and that there is nothing on it. An
//! emulator with a colleague's UID and a factory key is told apart here, before any key of ours is enciphered for it. Where
//! the description asks for it, a card of unknown UID must be in received stock and bear its maker's signature first.

use lanyard_desfire::{
    Aid, Card, CardVersion, DesfireError, Family, KeyNo, KeyVersion, Link, Op, Progress, Reply, originality,
};

use lanyard_secret::Secret;

use crate::EncodingError;
use crate::description::Encoding;
use crate::keys::{HeldKey, KeySource, KeyUse};
use crate::machine::{Action, CardLeft, Event, Machine, Random, nonce};
use crate::plan::{Messaging, generation};

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assessment {
    /// The card's real UID.
    pub uid: [u8; 7],
    /// What the card says of itself.
    pub version: CardVersion,
    /// Free memory in bytes.
    pub free_bytes: u32,
    /// What it is to us.
    pub found: Found,
    needed_bytes: u32,
    /// The factory key was AES.
    aes: bool,
}

/// What a card is to us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// Factory key (or this office's transport key), empty, and the history does not know it.
    Blank,
    /// It proved our master key of this version. Whether it may be written over is the caller's to say.
    Ours {
        /// Version of the master key.
        version: u8,
    },
    /// Factory key, but applications on it.
    Used {
        /// How many.
        applications: usize,
    },
    /// Neither the factory key nor ours.
    Foreign,
    /// The history knows its UID, but it does not prove our master key.
    Impostor,
    /// In no received stock. Nothing more was asked of it.
    NotReceived,
    /// Its maker did not sign its UID. Nothing more was asked of it.
    NotOriginal,
}

/// What a card to be written has now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Present {
    Blank,
    /// One that was ours, whose older messaging is switched off: its factory key is AES.
    BlankAes,
    Ours {
        version: u8,
    },
}

impl Assessment {
    /// Whether it can be written at all.
    pub(crate) fn writable(&self) -> Result<Present, EncodingError> {
        match self.found {
            Found::Blank if self.free_bytes < self.needed_bytes => {
                Err(EncodingError::CardFull { needed: self.needed_bytes, free: self.free_bytes })
            }
            Found::Blank if self.aes => Ok(Present::BlankAes),
            Found::Blank => Ok(Present::Blank),
            Found::Ours { version } => Ok(Present::Ours { version }),
            Found::Used { applications } => Err(EncodingError::CardUsed { applications }),
            Found::Foreign => Err(EncodingError::CardForeign),
            Found::Impostor => Err(EncodingError::CardImpostor),
            Found::NotReceived => Err(EncodingError::CardNotReceived),
            Found::NotOriginal => Err(EncodingError::CardNotOriginal),
        }
    }

    /// What stands against writing it, if anything does.
    ///
    /// # Errors
    /// [`EncodingError::CardFull`], [`EncodingError::CardUsed`], [`EncodingError::CardForeign`],
    /// [`EncodingError::CardImpostor`], [`EncodingError::CardNotReceived`], [`EncodingError::CardNotOriginal`].
    pub fn check(&self) -> Result<(), EncodingError> {
        self.writable().map(|_| ())
    }
}

/// The machine. Writes nothing to the card, and no journal.
pub struct Assess {
    card: Card,
    encoding: Encoding,
    shown_uid: Vec<u8>,
    /// What [`crate::Recognise`] was told, where the card shows a random one.
    told_uid: Option<[u8; 7]>,
    known: bool,
    received: bool,
    doing: Doing,
    version: Option<CardVersion>,
    free_bytes: u32,
    aes: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Doing {
    Nothing,
    Select,
    Version,
    Signature,
    Memory,
    FactoryKey,
    FactoryAes,
    /// Of a blank that hides it.
    Uid,
    List,
    MasterVersion,
    Master(u8),
    Over,
}

impl Assess {
    /// `shown_uid`: what the reader says (anticollision). `known`: whether the history has a card of this UID.
    #[must_use]
    pub fn new(encoding: &Encoding, shown_uid: &[u8], known: bool, link: Link) -> Self {
        Self {
            card: Card::new(link),
            encoding: encoding.clone(),
            shown_uid: shown_uid.to_vec(),
            told_uid: None,
            known,
            received: false,
            doing: Doing::Nothing,
            version: None,
            free_bytes: 0,
            aes: false,
        }
    }

    /// Of a card that shows a random UID, or may by now, and has told this one.
    #[must_use]
    pub fn of_hidden(encoding: &Encoding, told_uid: [u8; 7], known: bool, link: Link) -> Self {
        Self { told_uid: Some(told_uid), ..Self::new(encoding, &[], known, link) }
    }

    /// Whether the UID is in received stock; it is not unless this is said.
    #[must_use]
    pub fn received(self, received: bool) -> Self {
        Self { received, ..self }
    }

    /// Exchanges so far.
    #[must_use]
    pub fn exchanges(&self) -> u32 {
        self.card.exchanges()
    }

    fn begin(&mut self, doing: Doing, op: Op) -> Result<Action<Assessment>, EncodingError> {
        self.doing = doing;
        self.card.command(op).map(Action::Transmit).map_err(|error| self.wrong(error))
    }

    fn wrong(&self, error: DesfireError) -> EncodingError {
        EncodingError::Card { step: "assess", at: 0, of: 0, error }
    }

    fn on_event(
        &mut self,
        event: &Event<'_>,
        keys: &dyn KeySource,
        random: Random<'_>,
    ) -> Result<Action<Assessment>, EncodingError> {
        let answer = match (event, self.doing) {
            // It was asked for its UID: what was selected and authenticated for that is left.
            (Event::Start, Doing::Nothing) if self.told_uid.is_some() => {
                return self.begin(Doing::Select, Op::SelectApplication(Aid::PICC));
            }
            (Event::Start, Doing::Nothing) => return self.begin(Doing::Version, Op::GetVersion),
            (Event::Lost, _) => return Err(EncodingError::Lost { step: "assess", at: 0, of: 0 }),
            (Event::Answer(response), doing) if doing != Doing::Nothing && doing != Doing::Over => {
                self.card.answer(response)
            }
            _ => return Err(EncodingError::OutOfTurn),
        };
        let answer = match answer {
            Ok(Progress::More(command)) => return Ok(Action::Transmit(command)),
            Ok(Progress::Done(reply)) => Ok(reply),
            Err(error) => Err(error),
        };
        match (self.doing, answer) {
            (Doing::Select, Ok(_)) => self.begin(Doing::Version, Op::GetVersion),
            (Doing::Version, Ok(Reply::Version(version))) => {
                self.check_version(&version)?;
                self.version = Some(version);
                // A card of ours proves itself by its own key.
                let rules = &self.encoding.card;
                if rules.stock && !self.known && !self.received {
                    return self.done(Found::NotReceived);
                }
                if rules.originality && !self.known {
                    return self.begin(Doing::Signature, Op::ReadSignature);
                }
                self.begin(Doing::Memory, Op::FreeMemory)
            }
            (Doing::Signature, Ok(Reply::Signature(signature))) => {
                let uid = self.uid().ok_or(EncodingError::UidHidden)?;
                match originality(&uid, &signature) {
                    Some(_) => self.begin(Doing::Memory, Op::FreeMemory),
                    None => self.done(Found::NotOriginal),
                }
            }
            (Doing::Signature, Err(DesfireError::Refused { .. })) => self.done(Found::NotOriginal),
            (Doing::Memory, Ok(Reply::Memory(free))) => {
                self.free_bytes = free;
                if self.known {
                    return self.begin(Doing::MasterVersion, Op::GetKeyVersion(KeyNo::MASTER));
                }
                let key = self.blank_key(keys)?.des(keys)?;
                let op = Op::AuthenticateD40 { key_no: KeyNo::MASTER, key, rnd_a: nonce(random) };
                self.begin(Doing::FactoryKey, op)
            }
            (Doing::FactoryKey | Doing::FactoryAes, Ok(_)) if self.hides_uid() => {
                self.begin(Doing::Uid, Op::GetCardUid)
            }
            (Doing::FactoryKey | Doing::FactoryAes, Ok(_)) => self.begin(Doing::List, Op::GetApplicationIds),
            (Doing::Uid, Ok(Reply::Uid(uid))) if Some(uid) == self.told_uid => {
                self.begin(Doing::List, Op::GetApplicationIds)
            }
            (Doing::Uid, Ok(Reply::Uid(_))) => Err(EncodingError::UidDiffers),
            (Doing::FactoryKey, Err(DesfireError::AuthRefused { .. } | DesfireError::Refused { .. }))
                if self.encoding.card.only_ev2 =>
            {
                self.aes = true;
                let (key_no, key, rnd_a) = (KeyNo::MASTER, Secret::zero(), nonce(random));
                self.begin(Doing::FactoryAes, Op::AuthenticateEv2First { key_no, key, rnd_a })
            }
            (
                Doing::FactoryKey | Doing::FactoryAes,
                Err(DesfireError::AuthRefused { .. } | DesfireError::Refused { .. }),
            ) => self.begin(Doing::MasterVersion, Op::GetKeyVersion(KeyNo::MASTER)),
            (Doing::List, Ok(Reply::Applications(aids))) if aids.is_empty() => self.done(Found::Blank),
            (Doing::List, Ok(Reply::Applications(aids))) => self.done(Found::Used { applications: aids.len() }),
            (Doing::MasterVersion, Ok(Reply::KeyVersion(KeyVersion(version)))) => {
                let key = match self.our_key(version).secret(keys) {
                    Ok(key) => key,
                    // A version that the vault never had: not ours.
                    Err(EncodingError::KeyVersionMissing { .. }) => return self.done(self.stranger()),
                    Err(error) => return Err(error),
                };
                let (key_no, rnd_a) = (KeyNo::MASTER, nonce(random));
                let family = self.version.as_ref().map_or(Family::Other, |version| version.family);
                let op = match Messaging::of(family) {
                    Messaging::Ev1 => Op::AuthenticateAes { key_no, key, rnd_a },
                    Messaging::Ev2 => Op::AuthenticateEv2First { key_no, key, rnd_a },
                };
                self.begin(Doing::Master(version), op)
            }
            (Doing::Master(version), Ok(_)) => self.done(Found::Ours { version }),
            (
                Doing::Master(_) | Doing::MasterVersion,
                Err(
                    DesfireError::AuthRefused { .. } | DesfireError::AuthUnproved { .. } | DesfireError::Refused { .. },
                ),
            ) => self.done(self.stranger()),
            (Doing::FactoryKey | Doing::FactoryAes, Err(DesfireError::AuthUnproved { .. })) => {
                self.done(Found::Foreign)
            }
            (_, Err(error)) => Err(self.wrong(error)),
            (_, Ok(_)) => Err(EncodingError::OutOfTurn),
        }
    }

    fn check_version(&self, version: &CardVersion) -> Result<(), EncodingError> {
        check_family(self.encoding.card.family, version.family)?;
        if self.told_uid.is_some() && version.uid().is_none() {
            return Ok(());
        }
        let Some(uid) = version.uid() else { return Err(EncodingError::UidHidden) };
        if uid != self.told_uid.as_ref().map_or(&self.shown_uid[..], |told| told) {
            return Err(EncodingError::UidDiffers);
        }
        Ok(())
    }

    fn blank_key(&self, keys: &dyn KeySource) -> Result<HeldKey, EncodingError> {
        let Some(spec) = &self.encoding.card.transport else { return Ok(HeldKey::FactoryDes) };
        let input = self.uid().and_then(|uid| spec.input(&uid, Aid::PICC, KeyNo::MASTER));
        let version = keys.latest(&spec.name)?;
        Ok(HeldKey::TransportDes(KeyUse { name: spec.name.clone(), version, input }))
    }

    fn our_key(&self, version: u8) -> KeyUse {
        let spec = &self.encoding.card.master;
        let input = self.uid().and_then(|uid| spec.input(&uid, Aid::PICC, KeyNo::MASTER));
        KeyUse { name: spec.name.clone(), version, input }
    }

    fn uid(&self) -> Option<[u8; 7]> {
        self.told_uid.or_else(|| self.version.as_ref().and_then(CardVersion::uid))
    }

    fn hides_uid(&self) -> bool {
        self.told_uid.is_some() && self.version.as_ref().is_some_and(|version| version.uid().is_none())
    }

    fn stranger(&self) -> Found {
        if self.known { Found::Impostor } else { Found::Foreign }
    }

    fn done(&mut self, found: Found) -> Result<Action<Assessment>, EncodingError> {
        let (Some(version), Some(uid)) = (self.version, self.uid()) else { return Err(EncodingError::OutOfTurn) };
        self.doing = Doing::Over;
        let needed_bytes = self.encoding.card.free_bytes;
        let (free_bytes, aes) = (self.free_bytes, self.aes);
        Ok(Action::Done(Assessment { uid, version, free_bytes, found, needed_bytes, aes }))
    }
}

impl Machine for Assess {
    type Output = Assessment;

    fn next(&mut self, event: Event<'_>, keys: &dyn KeySource, random: Random<'_>) -> Action<Assessment> {
        self.on_event(&event, keys, random).unwrap_or_else(|error| {
            self.doing = Doing::Over;
            Action::Failed { error, card: CardLeft::Untouched }
        })
    }
}

/// What an encoding asks for is a lower bound.
pub(crate) fn check_family(needed: Family, found: Family) -> Result<(), EncodingError> {
    if generation(found) < generation(needed) {
        return Err(EncodingError::CardKind { needed: family_name(needed), found: family_name(found) });
    }
    Ok(())
}

fn family_name(family: Family) -> &'static str {
    match family {
        Family::D40 => "DESFire (first generation)",
        Family::Ev1 => "DESFire EV1",
        Family::Ev2 => "DESFire EV2",
        Family::Ev3 => "DESFire EV3",
        Family::Light => "DESFire Light",
        Family::Other => "unknown",
    }
}
