//! What an operator wants done with a card outside of a case: read it, hold it against the records, give it other keys, take
//! that back, make it a blank again. What changes a card is journalled as a case's writing is, so that the next sight of it,
//! here or after a kill, ends in one of the same errands.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::mpsc::Sender;

use lanyard_device::Channel;
use lanyard_encoding::{Assess, CardLeft, EncodingError, Found, Plan, Purpose, ReadBack, Run, checking, rekey, reuse};
use lanyard_issue::{KeyOnCard, Keyed, checked, made_blank, next_of, rekey_begun, rekey_taken_back, rekeyed};
use lanyard_model::{Actor, ActorKind, ActorRole, Id, Reason, Record, UnixMs, Value};
use lanyard_store::Tx;

use crate::api::{CardDone, Deed};
use crate::cards::{VaultKeys, link, ready, values};
use crate::encode::{dump, versions_of};
use crate::encodings::{EncodingRef, key_names};
use crate::journal::{self, Begun};
use crate::keys::USES;
use crate::shared::{Core, Shared};
use crate::void::void_parts;
use crate::work::drive;
use crate::{StationError, kept, people};

/// What is to be done with the card of a reader, once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum What {
    /// Read everything on it.
    Dump,
    /// Hold it against the records.
    Verify,
    /// Go on with what was begun.
    Finish,
    /// Take back what was begun.
    RollBack,
    /// Keys of another encoding, or newer ones of the same.
    Rekey {
        /// Name of the encoding that it must have.
        from: String,
        /// What it is to have.
        to: EncodingRef,
    },
    /// A blank again.
    Reset {
        /// Who is there beside the operator.
        witness: Id,
    },
}

/// What came of it.
pub(crate) enum Done {
    Read(ReadBack),
    Card(CardDone),
}

/// An errand, and who waits for it.
pub(crate) struct Errand {
    pub what: What,
    pub reply: Sender<Result<Done, StationError>>,
}

/// A card of ours, and what was begun with it.
struct Ours {
    card: Record,
    credential: Record,
    begun: Vec<Begun>,
}

/// What is carried out on the card.
struct Job {
    ours: Ours,
    deed: Deed,
    now: Begun,
    /// Begun by this errand, so that what the card refuses at once can be forgotten again.
    fresh: bool,
}

pub(crate) fn carry_out(
    shared: &Arc<Shared>,
    reader: &str,
    what: &What,
    channel: &mut dyn Channel,
) -> Result<Done, StationError> {
    let uid = shared.real_uid(reader, channel)?;
    if *what == What::Dump {
        return dump(shared, uid, channel).map(Done::Read);
    }
    let now = shared.now();
    let job = shared.with(|core| core.job(what, uid, now))?;
    if job.deed == Deed::Already {
        return Ok(Done::Card(job.done(0)));
    }
    let card = job.ours.card.of.id;
    let mut run = Run::resume(&job.now.plan, uid, &job.now.rows, link())?;
    let mut exchanges = 0;
    let ran = drive(
        shared,
        channel,
        &mut run,
        |row| {
            let line = kept::json("journal", &row)?;
            shared.quietly(|core| Ok(core.open()?.0.store.journal_append(card, line.as_bytes()).map(|_| ())?))
        },
        |run| exchanges = run.progress().exchanges,
    );
    let ran = match ran {
        Ok(_) if matches!(job.now.plan.purpose, Purpose::Reset | Purpose::Reuse) => {
            proves_blank(shared, uid, &job, channel)
        }
        ran => ran.map(|_| ()),
    };
    let now = shared.now();
    shared.with(|core| match ran {
        Ok(()) => core.job_done(&job, now).map(|()| Done::Card(job.done(exchanges))),
        Err((error, left)) => {
            core.job_failed(&job, &error, left, now)?;
            Err(error)
        }
    })
}

/// A reset that was not looked at again is none.
fn proves_blank(
    shared: &Arc<Shared>,
    uid: [u8; 7],
    job: &Job,
    channel: &mut dyn Channel,
) -> Result<(), (StationError, CardLeft)> {
    let unsure = |error: StationError| (error, CardLeft::Resumable);
    let of = EncodingRef::of_record(&job.ours.credential);
    let encoding = shared.quietly(|core| core.encoding(&of)).map_err(unsure)?;
    // One that shows a random UID tells the real one to a blank's key.
    let assess = match encoding.card.random_uid {
        true => Assess::of_hidden(&encoding, uid, false, link()),
        false => Assess::new(&encoding, &uid, false, link()),
    };
    // It was ours: whether it came with received stock was asked then.
    let mut assess = assess.received(true);
    let found = drive(shared, channel, &mut assess, |_| Ok(()), |_| {}).map_err(|(error, _)| unsure(error))?;
    match found.found {
        Found::Blank => Ok(()),
        _ => Err(unsure(found.check().err().unwrap_or(EncodingError::CardForeign).into())),
    }
}

impl Job {
    fn done(&self, exchanges: u32) -> CardDone {
        CardDone { number: self.ours.card.text("number").to_owned(), deed: self.deed, exchanges }
    }
}

impl Core {
    /// Plans it and writes ahead, before the card is touched.
    fn job(&mut self, what: &What, uid: [u8; 7], now: UnixMs) -> Result<Job, StationError> {
        let ours = self.card_of_ours(&uid)?;
        let last = ours.begun.last();
        let number = || ours.card.text("number").to_owned();
        let case = self.cases.values().any(|case| !case.over() && case.reference("card") == Some(ours.card.of.id));
        let half =
            last.is_some_and(|begun| begun.plan.purpose != Purpose::Write) || ours.credential.state == "prepared";
        match what {
            What::Dump => Err(StationError::CaseClosed),
            What::Verify if ours.card.state == "void" => Err(StationError::CardVoid { number: number() }),
            What::Verify if half => Err(StationError::CardHalfWritten { number: number() }),
            What::Verify => {
                let plan = match last {
                    Some(written) => written.plan.verify(link()),
                    None => self.check_plan(&ours, uid, now)?,
                };
                Ok(Job { deed: Deed::Verified, now: Begun { plan, rows: Vec::new() }, fresh: false, ours })
            }
            // A case goes on with its own card by itself.
            _ if case => Err(StationError::CardOfOtherCase { number: number() }),
            What::Finish | What::RollBack if last.is_none() => Err(StationError::NothingBegun),
            What::Finish => self.finish(ours),
            What::RollBack => self.roll_back(ours),
            What::Rekey { from, to } => self.begin_rekey(ours, (from, to), uid, now),
            What::Reset { witness } => self.begin_reset(ours, *witness, uid, now),
        }
    }

    fn card_of_ours(&mut self, uid: &[u8]) -> Result<Ours, StationError> {
        let unknown = || StationError::CardUnknown;
        let card = self.known_card(uid)?.ok_or_else(unknown)?;
        let credential = self.credential_of_uid(uid)?.ok_or_else(unknown)?;
        let house = self.house.as_ref().ok_or(StationError::NoHouse)?;
        let begun = journal::of(house.store.view(), card.of.id)?;
        Ok(Ours { card, credential, begun })
    }

    /// From the records alone, long after the plan is gone.
    fn check_plan(&mut self, ours: &Ours, uid: [u8; 7], now: UnixMs) -> Result<Plan, StationError> {
        let encoding = self.encoding(&EncodingRef::of_record(&ours.credential))?;
        let versions = versions_of(&ours.credential);
        let number = |name: &str| ours.credential.fields.get(name).and_then(Value::as_int);
        let (house, session) = self.open()?;
        let facility = match number("facility").and_then(|code| u8::try_from(code).ok()) {
            Some(facility) => facility,
            None => house.facility()?,
        };
        let valid = ["valid_from", "valid_until"].map(|name| number(name).unwrap_or_default());
        let card = Some((&session.vault, ours.card.of.id, &uid[..]));
        let mut known = values(facility, card, ours.card.text("number"), valid)?;
        let person = people::reference(&ours.card, "person").map(people::person);
        let person = person.map(|of| house.store.view().record(of)).transpose()?.flatten();
        crate::encode::set_person(&mut known, person.as_ref());
        let keys = VaultKeys { vault: &session.vault, now };
        Ok(checking(&encoding, &known, uid, &|name| versions.get(name).copied(), &keys, link())?)
    }

    fn finish(&mut self, ours: Ours) -> Result<Job, StationError> {
        let now = ours.begun.last().cloned().ok_or(StationError::NothingBegun)?;
        let deed = match now.plan.purpose {
            Purpose::Rekey => Deed::Rekeyed,
            Purpose::RollBack => Deed::RolledBack,
            Purpose::Reset | Purpose::Reuse => Deed::Reset,
            // Its case is over without it.
            Purpose::Write | Purpose::Read => return Err(StationError::NothingBegun),
        };
        Ok(Job { ours, deed, now, fresh: false })
    }

    fn roll_back(&mut self, ours: Ours) -> Result<Job, StationError> {
        let Some(last) = ours.begun.last() else { return Err(StationError::NothingBegun) };
        match last.plan.purpose {
            Purpose::RollBack => self.finish(ours),
            Purpose::Rekey => {
                let plan = last.plan.roll_back(link());
                let line = kept::json("plan", &plan)?;
                self.open()?.0.store.journal_append(ours.card.of.id, line.as_bytes())?;
                Ok(Job { ours, deed: Deed::RolledBack, now: Begun { plan, rows: Vec::new() }, fresh: false })
            }
            _ => Err(StationError::NothingBegun),
        }
    }

    fn begin_rekey(
        &mut self,
        ours: Ours,
        (from, to): (&str, &EncodingRef),
        uid: [u8; 7],
        now: UnixMs,
    ) -> Result<Job, StationError> {
        match ours.begun.last().map(|begun| begun.plan.purpose) {
            Some(Purpose::Rekey | Purpose::RollBack) => return self.finish(ours),
            Some(_) => return Err(StationError::CardHalfWritten { number: ours.card.text("number").to_owned() }),
            None => {}
        }
        if ours.credential.state != "live" {
            return Err(StationError::CardVoid { number: ours.card.text("number").to_owned() });
        }
        let has = EncodingRef::of_record(&ours.credential);
        let versions = versions_of(&ours.credential);
        let keys = self.newest_keys(to)?;
        let (old, new) = (self.encoding(&has)?, self.encoding(to)?);
        let same_keys = keys.iter().all(|key| versions.get(&key.name) == Some(&key.version));
        if has.name != from && !(has == *to && same_keys) {
            return Err(StationError::CardEncoding { encoding: has.name });
        }
        let (_, session) = self.open()?;
        let from_version = |name: &str| versions.get(name).copied();
        let plan =
            rekey((&old, &new), uid, &from_version, &|_| None, &VaultKeys { vault: &session.vault, now }, link())?;
        let changes = plan.steps.iter().any(|planned| planned.step.changes());
        let now_plan = Begun { plan, rows: Vec::new() };
        if !changes && has == *to {
            return Ok(Job { ours, deed: Deed::Already, now: now_plan, fresh: false });
        }
        ready(&session.vault, &now_plan.plan)?;
        let uses = self.key_use(now)?;
        let keyed = Keyed { encoding: &to.name, version: to.version, keys: &keys };
        let change = rekey_begun(ours.credential.of.id, &keyed);
        let line = kept::json("plan", &now_plan.plan)?;
        let also = |tx: &mut Tx<'_>| {
            tx.set_setting(USES, uses.as_deref())?;
            tx.journal_append(ours.card.of.id, line.as_bytes()).map(|_| ())
        };
        self.write_for(&ours, None, now, also, &[change])?;
        Ok(Job { ours: self.card_of_ours(&uid)?, deed: Deed::Rekeyed, now: now_plan, fresh: true })
    }

    fn begin_reset(&mut self, ours: Ours, witness: Id, uid: [u8; 7], now: UnixMs) -> Result<Job, StationError> {
        let last = ours.begun.last();
        let planned = last.filter(|begun| matches!(begun.plan.purpose, Purpose::Reset | Purpose::Reuse)).cloned();
        if planned.as_ref().is_some_and(Begun::has_begun) {
            return self.finish(ours);
        }
        let plan = match (&planned, last) {
            // Since the case was given up.
            (Some(planned), _) => planned.plan.clone(),
            (None, Some(written)) if written.plan.purpose == Purpose::Write => {
                written.plan.reset(&written.rows, link())
            }
            _ => {
                let of = EncodingRef::of_record(&ours.credential);
                let encoding = self.encoding(&of)?;
                let versions = master_versions(&ours, &encoding.card.master.name);
                let (_, session) = self.open()?;
                reuse(
                    &encoding,
                    uid,
                    &|name| versions.get(name).copied(),
                    &VaultKeys { vault: &session.vault, now },
                    link(),
                )?
            }
        };
        let parts = void_parts(self.open()?.0.store.view(), ours.card.of.id)?;
        let changes = lanyard_issue::reset_begun(ours.card.of.id, &parts);
        let line = kept::json("plan", &plan)?;
        let append = |tx: &mut Tx<'_>| match planned {
            Some(_) => Ok(()),
            None => tx.journal_append(ours.card.of.id, line.as_bytes()).map(|_| ()),
        };
        self.write_for(&ours, Some(witness), now, append, &changes)?;
        Ok(Job { ours, deed: Deed::Reset, now: Begun { plan, rows: Vec::new() }, fresh: true })
    }

    /// Newest versions of the keys of an encoding.
    fn newest_keys(&mut self, of: &EncodingRef) -> Result<Vec<KeyOnCard>, StationError> {
        let encoding = self.encoding(of)?;
        let (_, session) = self.open()?;
        let newest = |name: String| {
            let version = session.vault.newest(&name).map(|key| key.version);
            version
                .map(|version| KeyOnCard { name: name.clone(), version })
                .ok_or(EncodingError::KeyMissing { key: name })
        };
        Ok(key_names(&encoding).into_iter().map(newest).collect::<Result<_, _>>()?)
    }

    fn job_done(&mut self, job: &Job, now: UnixMs) -> Result<(), StationError> {
        let (card, credential) = (job.ours.card.of.id, job.ours.credential.of.id);
        let changes = match job.deed {
            Deed::Verified => return self.write_for(&job.ours, None, now, |_| Ok(()), &[checked(card, None)]),
            Deed::Already => return Ok(()),
            Deed::RolledBack => vec![rekey_taken_back(credential)],
            Deed::Reset => vec![made_blank(card)],
            Deed::Rekeyed => {
                let (encoding, version, keys) =
                    next_of(&job.ours.credential.fields).ok_or(EncodingError::JournalForeign)?;
                let keys: Vec<KeyOnCard> =
                    versions_in(keys).into_iter().map(|(name, version)| KeyOnCard { name, version }).collect();
                vec![rekeyed(credential, &Keyed { encoding, version, keys: &keys })]
            }
        };
        self.write_for(&job.ours, None, now, |tx| tx.journal_drop(card), &changes)?;
        self.look_again(&job.ours);
        Ok(())
    }

    fn job_failed(&mut self, job: &Job, error: &StationError, left: CardLeft, now: UnixMs) -> Result<(), StationError> {
        let (card, credential) = (job.ours.card.of.id, job.ours.credential.of.id);
        self.look_again(&job.ours);
        match (job.deed, left) {
            (Deed::Verified, _) => {
                let StationError::Encoding(EncodingError::Mismatch { aid, file, field }) = error else { return Ok(()) };
                let place = format!("{aid}/{file} {field}");
                self.write_for(&job.ours, None, now, |_| Ok(()), &[checked(card, Some(&place))])
            }
            // It proved nothing, and nothing was sent: what was begun was not.
            (Deed::Rekeyed, CardLeft::Untouched) if job.fresh => {
                let change = rekey_taken_back(credential);
                self.write_for(&job.ours, None, now, |tx| tx.journal_drop(card), &[change])
            }
            (Deed::Rekeyed | Deed::RolledBack, CardLeft::Void) => {
                let view = self.house.as_ref().ok_or(StationError::NoHouse)?.store.view();
                let changes = lanyard_issue::voided(&void_parts(view, card)?, Reason::Torn);
                self.write_for(&job.ours, None, now, |_| Ok(()), &changes)
            }
            _ => Ok(()),
        }
    }

    fn write_for(
        &mut self,
        ours: &Ours,
        witness: Option<Id>,
        now: UnixMs,
        also: impl FnOnce(&mut Tx<'_>) -> Result<(), lanyard_store::StoreError>,
        changes: &[lanyard_model::Change],
    ) -> Result<(), StationError> {
        let person = people::reference(&ours.card, "person");
        let (house, session) = self.open()?;
        let mut by: Vec<Actor> = session.did().to_vec();
        by.extend(witness.map(|who| Actor { who, role: ActorRole::Witnessed, kind: ActorKind::Operator }));
        by.extend(person.map(|who| Actor { who, role: ActorRole::For, kind: ActorKind::Holder }));
        house.store.write(|tx| {
            also(tx)?;
            for change in changes {
                tx.commit(change, &by, now)?;
            }
            Ok::<_, StationError>(())
        })?;
        if let Some(person) = person {
            self.person_changed(person)?;
        }
        Ok(())
    }

    /// What lies there is no longer what was seen.
    fn look_again(&mut self, ours: &Ours) {
        let uid = ours.credential.fields.get("uid").and_then(Value::as_bytes).unwrap_or_default();
        for seen in self.devices.values_mut().filter_map(|device| device.card.as_mut()) {
            if seen.uid == uid {
                seen.looked = false;
            }
        }
        self.status_changed();
    }

    /// The card of ours that has this UID; none where that was made a blank again.
    pub(crate) fn known_card(&self, uid: &[u8]) -> Result<Option<Record>, StationError> {
        let house = self.house.as_ref().ok_or(StationError::NoHouse)?;
        let blank = |card: &Record| card.fields.get(lanyard_issue::BLANK).and_then(Value::as_bool) == Some(true);
        Ok(house.store.view().uid_known(uid)?.filter(|card| !blank(card)))
    }

    pub(crate) fn errand_done(&mut self, reader: &str, done: Result<Done, StationError>) {
        if let Some(errand) = self.errands.remove(reader) {
            // Whoever asked may have stopped waiting.
            let _ = errand.reply.send(done);
        }
    }
}

/// Versions by name.
pub(crate) fn versions_in(keys: &BTreeMap<String, Value>) -> BTreeMap<String, u8> {
    keys.iter().filter_map(|(name, version)| Some((name.clone(), u8::try_from(version.as_int()?).ok()?))).collect()
}

/// The versions that a card has; where a change of keys was lost, its master key is the old or the new one by how far the
/// journal says it got.
fn master_versions(ours: &Ours, master: &str) -> BTreeMap<String, u8> {
    let mut versions = versions_of(&ours.credential);
    let rekey = ours.begun.iter().find(|begun| begun.plan.purpose == Purpose::Rekey);
    let passed = rekey.is_some_and(|begun| {
        let at = begun.plan.steps.iter().position(|planned| planned.step == lanyard_encoding::Step::MasterKey);
        let reached = begun.rows.last().and_then(|row| usize::try_from(row.step).ok());
        at.zip(reached).is_some_and(|(at, reached)| reached > at)
    });
    if let (true, Some((.., next))) = (passed, next_of(&ours.credential.fields))
        && let Some(version) = versions_in(next).get(master)
    {
        versions.insert(master.to_owned(), *version);
    }
    versions
}
