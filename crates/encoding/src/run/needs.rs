//! What a step needs of the card before it can be carried out: a selection, and the proof of a key that may be the old
//! or the new one.

use lanyard_desfire::{Aid, KeyNo, Op, SessionState};

use super::{Lives, Next, Proof, Run};
use crate::EncodingError;
use crate::keys::{HeldKey, KeySource};
use crate::machine::{Random, nonce};
use crate::plan::Messaging;
use crate::step::Step;

impl Run {
    pub(super) fn needs(&self, step: &Step) -> Result<Next, EncodingError> {
        // Whoever comes back with a UID that we have written keys for proves the master key before anything else.
        if !self.proved && *step != Step::MasterKey {
            return Ok(self.master_session(step).unwrap_or(Next::Do));
        }
        match step {
            Step::MasterKey => Ok(match self.master {
                Lives::New => Next::Skip,
                Lives::Old | Lives::Unknown => self.master_session(step).unwrap_or(Next::Do),
            }),
            Step::Format
            | Step::DefaultKey { .. }
            | Step::CardSettings { .. }
            | Step::RandomUid
            | Step::FormatOff
            | Step::OnlyEv2
            | Step::Remove { .. }
            | Step::Application { .. } => Ok(self.master_session(step).unwrap_or(Next::Do)),
            Step::Key { aid, number, by, .. } => {
                let lives = self.lives(*aid, *number)?;
                if lives == Lives::New {
                    return Ok(Next::Skip);
                }
                // Another key's proof does not tell which value this one has.
                let ask = if lives == Lives::Unknown { number } else { by };
                self.key_session(*aid, *ask)
            }
            Step::File { aid, .. }
            | Step::ValueFile { aid, .. }
            | Step::RecordFile { aid, .. }
            | Step::TransactionMac { aid, .. }
            | Step::RemoveFile { aid, .. } => self.key_session(*aid, KeyNo::MASTER),
            Step::Write { .. } | Step::Record { .. } if self.uncommitted => Ok(Next::Commit),
            // Another time would add a second one.
            Step::Record { aid, seen_by, .. } if self.open == Some(self.at) && !self.looked => {
                let session = match seen_by {
                    Some(reader) => self.key_session(*aid, *reader)?,
                    None if self.card.selected() != Some(*aid) => Next::Select(*aid),
                    None => Next::Do,
                };
                Ok(if matches!(session, Next::Do) { Next::Look } else { session })
            }
            Step::Record { aid, by, .. } => self.key_session(*aid, *by),
            Step::Write { aid, by, .. } => self.key_session(*aid, *by),
            Step::ReadBack { aid, by, .. } => {
                if self.card.selected() != Some(*aid) {
                    return Ok(Next::Select(*aid));
                }
                Ok(match by {
                    Some(reader) if self.card.session() != self.session_of(reader.number, &reader.key) => {
                        Next::Prove(Proof::Reader)
                    }
                    _ => Next::Do,
                })
            }
        }
    }

    /// `None` where it is there already.
    fn master_session(&self, step: &Step) -> Option<Next> {
        if self.card.selected() != Some(Aid::PICC) {
            return Some(Next::Select(Aid::PICC));
        }
        let candidate = if self.master == Lives::Old { Lives::Old } else { Lives::New };
        let there = match self.card.session() {
            SessionState::D40(key) => key == KeyNo::MASTER && self.held(self.master).is_des(),
            SessionState::Ev1(key) => key == KeyNo::MASTER && (self.is_ev1() || self.leaves_aes(step)),
            SessionState::Ev2(key) => key == KeyNo::MASTER && !self.leaves_aes(step),
            SessionState::Open | SessionState::Dead => false,
        };
        (!there || self.master == Lives::Unknown).then_some(Next::Prove(Proof::Master(candidate)))
    }

    fn is_ev1(&self) -> bool {
        self.plan.messaging == Messaging::Ev1
    }

    /// What the proof of an application's key makes.
    fn session_of(&self, key: KeyNo, held: &HeldKey) -> SessionState {
        if self.is_ev1() || held.is_des() { SessionState::Ev1(key) } else { SessionState::Ev2(key) }
    }

    /// A master key goes from AES to DES only in a session of the older kind (AN12343 has no cryptogram for it).
    fn leaves_aes(&self, step: &Step) -> bool {
        *step == Step::MasterKey && !self.plan.master.before.is_des() && self.plan.master.after.is_des()
    }

    pub(super) fn held(&self, lives: Lives) -> &HeldKey {
        if lives == Lives::Old { &self.plan.master.before } else { &self.plan.master.after }
    }

    fn key_session(&self, aid: Aid, number: KeyNo) -> Result<Next, EncodingError> {
        if self.card.selected() != Some(aid) {
            return Ok(Next::Select(aid));
        }
        let lives = self.lives(aid, number)?;
        let there = self.card.session() == self.session_of(number, self.key_held(aid, number, lives)?);
        if there && lives != Lives::Unknown {
            return Ok(Next::Do);
        }
        let candidate = if lives == Lives::Old { Lives::Old } else { Lives::New };
        Ok(Next::Prove(Proof::Key(aid, number, candidate)))
    }

    pub(super) fn lives(&self, aid: Aid, number: KeyNo) -> Result<Lives, EncodingError> {
        // What is not changed is what it will be.
        let held = || self.held_at(aid, number).map(|_| Lives::New);
        self.keys.get(&(aid, number)).copied().or_else(held).ok_or(EncodingError::JournalForeign)
    }

    /// A key of an application as it is, or will be.
    fn key_held(&self, aid: Aid, number: KeyNo, lives: Lives) -> Result<&HeldKey, EncodingError> {
        let changes = self.plan.steps.iter().find_map(|planned| match &planned.step {
            Step::Key { aid: of, number: no, old, new, .. } if *of == aid && *no == number => Some((old, new)),
            _ => None,
        });
        let held = match changes {
            Some((old, _)) if lives == Lives::Old => Some(old),
            Some((_, new)) => Some(new),
            None => self.held_at(aid, number),
        };
        held.ok_or(EncodingError::JournalForeign)
    }

    fn held_at(&self, aid: Aid, number: KeyNo) -> Option<&HeldKey> {
        self.plan.held.iter().find(|held| held.aid == aid && held.number == number).map(|held| &held.key)
    }

    pub(super) fn proof(
        &self,
        proof: Proof,
        step: &Step,
        keys: &dyn KeySource,
        random: Random<'_>,
    ) -> Result<Op, EncodingError> {
        let rnd_a = nonce(random);
        let of_application = |key_no: KeyNo, held: &HeldKey, rnd_a| -> Result<Op, EncodingError> {
            if held.is_des() {
                return Ok(Op::AuthenticateIso { key_no, key: held.des(keys)?, rnd_a });
            }
            let key = held.aes(keys)?;
            Ok(match self.plan.messaging {
                Messaging::Ev1 => Op::AuthenticateAes { key_no, key, rnd_a },
                Messaging::Ev2 => Op::AuthenticateEv2First { key_no, key, rnd_a },
            })
        };
        match proof {
            Proof::Master(lives) => {
                let (held, key_no) = (self.held(lives), KeyNo::MASTER);
                if held.is_des() {
                    Ok(Op::AuthenticateD40 { key_no, key: held.des(keys)?, rnd_a })
                } else if lives == Lives::Old && self.leaves_aes(step) {
                    Ok(Op::AuthenticateAes { key_no, key: held.aes(keys)?, rnd_a })
                } else {
                    of_application(key_no, held, rnd_a)
                }
            }
            Proof::Key(aid, number, lives) => of_application(number, self.key_held(aid, number, lives)?, rnd_a),
            Proof::Reader => match step {
                Step::ReadBack { by: Some(reader), .. } => of_application(reader.number, &reader.key, rnd_a),
                _ => Err(EncodingError::OutOfTurn),
            },
        }
    }
}
