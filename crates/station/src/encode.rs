//! The contactless card: written by its plan, each step in the journal before it is sent; read back, and read again before
//! it is handed over.

use std::collections::BTreeMap;
use std::sync::Arc;

use lanyard_device::{Channel, DeviceError};
use lanyard_encoding::{CardLeft, Encoding, EncodingError, JournalRow, Plan, ReadBack, Run, Step, Values, reading};
use lanyard_issue::{Credential, StepKind, Technology, Written};
use lanyard_model::{Id, Kind, Reason, Record, UnixMs, Value};

use crate::api::{Line, LineState, NextStep, Standing, Texts};
use crate::cards::{StationKeys, VaultKeys, keys_of, link, ready};
use crate::case::{Case, Outcome};
use crate::chipdesk::DeskOf;
use crate::encodings::EncodingRef;
use crate::errands::versions_in;
use crate::keys::USES;
use crate::shared::{Core, Shared};
use crate::work::drive;
use crate::{StationError, chip, entropy, journal, kept, people, tag};

pub(crate) fn encode(
    shared: &Arc<Shared>,
    case: Id,
    reader: &str,
    channel: &mut dyn Channel,
) -> Result<(), StationError> {
    let now = shared.now();
    let EncodeStart { card, plan, rows } = shared.with(|core| core.encode_begin(case, reader, now))?;
    let uid = shared.real_uid(reader, channel)?;
    let mut run = Run::resume(&plan, uid, &rows, link())?;
    let done = drive(
        shared,
        channel,
        &mut run,
        |row| {
            let line = kept::json("journal", &row)?;
            shared.quietly(|core| {
                // A case that was voided meanwhile is not written on.
                core.goes_on(case, StepKind::Encode)?;
                Ok(core.open()?.0.store.journal_append(card, line.as_bytes()).map(|_| ())?)
            })
        },
        |run| {
            let (at, now) = (run.progress(), shared.now());
            shared.with(|core| core.encode_progress(case, at.step, (at.exchanges, at.planned), now));
        },
    );
    let now = shared.now();
    match done {
        Ok(read) => shared.with(|core| core.encoded(case, &read, now)),
        Err((error, CardLeft::Void)) => shared.with(|core| {
            core.void_case(case, Reason::Torn, now)?;
            Err(error)
        }),
        Err((error, _)) => Err(error),
    }
}

pub(crate) fn check(
    shared: &Arc<Shared>,
    case: Id,
    reader: &str,
    channel: &mut dyn Channel,
) -> Result<(), StationError> {
    let began = shared.now();
    let plan = shared.with(|core| {
        core.goes_on(case, StepKind::HandOver)?.line("hand_over.card", BTreeMap::new(), began);
        core.stored_plan(case)
    })?;
    let uid = shared.real_uid(reader, channel)?;
    let mut run = Run::new(&plan.verify(link()), uid, link())?;
    drive(shared, channel, &mut run, |_| Ok(()), |_| {}).map_err(|(error, _)| error)?;
    let now = shared.now();
    shared.with(|core| core.card_checked(case, now))
}

pub(crate) fn give_pin(shared: &Arc<Shared>, case: Id, channel: &mut dyn Channel) -> Result<(), StationError> {
    let now = shared.now();
    let (certificate, puk) = shared.with(|core| core.chip_for_pin(case, now))?;
    let digits = chip::fresh_digits();
    let desk = DeskOf { shared, case, step: StepKind::HandOver };
    chip::set_pin(channel, &certificate, puk, chip::pin_of(&digits)?, &desk)?;
    shared.with(|core| core.pin_set(case, digits, now))
}

pub(crate) fn dump(shared: &Arc<Shared>, uid: [u8; 7], channel: &mut dyn Channel) -> Result<ReadBack, StationError> {
    let (encoding, versions) = shared.quietly(|core| {
        let of = core.encoding_of_card(&uid)?;
        Ok::<_, StationError>((core.encoding(&of)?, core.key_versions(&uid)?))
    })?;
    let keys = StationKeys(Arc::clone(shared));
    let plan = reading(&encoding, uid, &|name| versions.get(name).copied(), &keys, link())?;
    let mut run = Run::new(&plan, uid, link())?;
    drive(shared, channel, &mut run, |_| Ok(()), |_| {}).map_err(|(error, _)| error)
}

/// What an encoding begins with.
pub(crate) struct EncodeStart {
    card: Id,
    plan: Plan,
    rows: Vec<JournalRow>,
}

/// What people call the application that a step is about.
fn called(encoding: &Encoding, step: &Step) -> Option<Texts> {
    let aid = match step {
        Step::Application { aid, .. } | Step::Remove { aid } => Some(*aid),
        other => other.aid(),
    }?;
    let application = encoding.applications.iter().find(|application| application.aid == aid)?;
    application.names.as_ref().map(crate::encodingview::texts)
}

impl Core {
    /// At step `card`: the plan is made and everything about it written, before the card is touched. At step `encode`: what
    /// the journal says.
    fn encode_begin(&mut self, id: Id, reader: &str, now: UnixMs) -> Result<EncodeStart, StationError> {
        if self.case(id)?.step() == Some(StepKind::Card) {
            self.prepare_card(id, reader, now)?;
            self.case(id)?.busy = true;
        }
        let case = self.at(id, &[StepKind::Encode])?;
        let card = case.reference("card").ok_or(StationError::Missing { kind: "card" })?;
        let plan = self.stored_plan(id)?;
        let (house, _) = self.open()?;
        let rows = journal::of(house.store.view(), card)?.pop().map(|begun| begun.rows).unwrap_or_default();
        let of = self.case(id)?.encoding();
        // Without its description the card is written all the same, by the plan: the applications have no names then.
        let encoding = self.encoding(&of).ok();
        let lines = plan
            .steps
            .iter()
            .map(|planned| Line {
                code: format!("encode.{}", planned.step.label()),
                details: planned.step.number().map(|n| ("number".to_owned(), n.to_string())).into_iter().collect(),
                of: encoding.as_deref().and_then(|encoding| called(encoding, &planned.step)),
                state: LineState::Ahead,
                took_ms: None,
            })
            .chain(tag::lines(&plan))
            .collect();
        let case = self.case(id)?;
        case.lines = lines;
        self.case_changed(id);
        Ok(EncodeStart { card, plan, rows })
    }

    fn prepare_card(&mut self, id: Id, reader: &str, now: UnixMs) -> Result<(), StationError> {
        let seen = self.devices.get(reader).and_then(|device| device.card.as_ref());
        let assessment = seen.and_then(|seen| seen.assessment.clone());
        let assessment = assessment.ok_or(StationError::Device(DeviceError::NoCard { reader: reader.to_owned() }))?;
        let (card, credential_id) = (entropy::id(), entropy::id());
        let values = self.values_of(id, Some((card, &assessment.uid)), now)?;
        let of = self.case(id)?.encoding();
        let encoding = self.encoding(&of)?;
        let number = self.case(id)?.text("number").to_owned();
        let valid = self.case(id)?.valid_days(now);
        let uses = self.key_use(now)?;
        let (house, session) = self.open()?;
        let written = Written { encoding: &of.name, version: of.version, facility: house.facility()?, valid };
        let keys = VaultKeys { vault: &session.vault, now };
        let plan = lanyard_encoding::plan(&encoding, &values, &assessment, &keys, link())?;
        ready(&session.vault, &plan)?;
        let credential = Credential {
            id: credential_id,
            card,
            technology: Technology::Desfire,
            uid: &assessment.uid,
            written: Some(written),
            keys: keys_of(&plan),
        };
        let mut changes = self.case(id)?.entries().card_prepared(&number, &credential);
        let mut outcome = Outcome::from([
            ("card".to_owned(), Value::Bytes(card.0.to_vec())),
            ("credential".to_owned(), Value::Bytes(credential_id.0.to_vec())),
            ("uid".to_owned(), Value::Bytes(assessment.uid.to_vec())),
        ]);
        changes.extend(tag::prepared(self.case(id)?, card, &plan, &mut outcome));
        let line = kept::json("plan", &plan)?;
        self.complete(id, &changes, outcome, now, |tx| {
            tx.set_setting(USES, uses.as_deref())?;
            tx.journal_append(card, line.as_bytes()).map(|_| ())
        })?;
        if let Some(seen) = self.devices.get_mut(reader).and_then(|device| device.card.as_mut()) {
            seen.view.case = Some(id.to_string());
            seen.view.standing = Standing::HalfWritten;
            seen.view.next = vec![NextStep::Finish];
            seen.assessment = None;
        }
        Ok(())
    }

    /// What goes onto the case's card; before there is one, with an empty record of the card.
    pub(crate) fn values_of(&mut self, id: Id, card: Option<(Id, &[u8])>, now: UnixMs) -> Result<Values, StationError> {
        let case = self.case(id)?;
        let (person, number) = (case.person, case.text("number").to_owned());
        let valid = case.valid_days(now);
        let (house, session) = self.open()?;
        let record = house.store.view().record(people::person(person))?;
        let card = card.map(|(card, uid)| (&session.vault, card, uid));
        let mut values = crate::cards::values(house.facility()?, card, &number, valid)?;
        set_person(&mut values, record.as_ref());
        Ok(values)
    }

    pub(crate) fn stored_plan(&mut self, id: Id) -> Result<Plan, StationError> {
        let card = self.case(id)?.reference("card").ok_or(StationError::Missing { kind: "card" })?;
        let (house, _) = self.open()?;
        let mut begun = journal::of(house.store.view(), card)?;
        if begun.is_empty() {
            return Err(EncodingError::JournalForeign.into());
        }
        Ok(begun.swap_remove(0).plan)
    }

    fn encode_progress(&mut self, id: Id, step: usize, (exchanges, planned): (u32, u32), now: UnixMs) {
        let Some(case) = self.cases.get_mut(&id) else { return };
        let so_far = (exchanges, planned.max(exchanges));
        if case.exchanges == Some(so_far) {
            return;
        }
        case.exchanges = Some(so_far);
        if case.lines.get(step).is_some_and(|line| line.state != LineState::Running) {
            let took = case.line_took(now);
            for line in case.lines.iter_mut().filter(|line| line.state == LineState::Running) {
                line.took_ms = took;
            }
        }
        for (at, line) in case.lines.iter_mut().enumerate() {
            line.state = match at.cmp(&step) {
                std::cmp::Ordering::Less => LineState::Done,
                std::cmp::Ordering::Equal => LineState::Running,
                std::cmp::Ordering::Greater => LineState::Ahead,
            };
        }
        self.progress_changed(id);
    }

    /// The contactless card holds what it is to hold; the 125 kHz chips of its badge come next.
    fn encoded(&mut self, id: Id, read: &ReadBack, now: UnixMs) -> Result<(), StationError> {
        let files = read.applications.iter().map(|application| application.files.len()).sum::<usize>();
        tracing::debug!(files, "read back");
        let case = self.at(id, &[StepKind::Encode])?;
        if case.tags().is_empty() { self.all_written(id, now) } else { self.tag_due(id, 0) }
    }

    /// Everything that is on the badge is written and read back.
    pub(crate) fn all_written(&mut self, id: Id, now: UnixMs) -> Result<(), StationError> {
        let case = self.at(id, &[StepKind::Encode])?;
        let card = case.reference("card").ok_or(StationError::Missing { kind: "card" })?;
        let credential = case.reference("credential").ok_or(StationError::Missing { kind: "credential" })?;
        let uid = case.instance.variables.get("uid").and_then(Value::as_bytes).unwrap_or_default().to_vec();
        let credentials = [vec![credential], case.tags()].concat();
        let changes = case.entries().encoded(card, &credentials);
        self.complete(id, &changes, Outcome::new(), now, |_| Ok(()))?;
        let known = self.card_of_uid(&uid);
        let lying = self.devices.values_mut().filter_map(|device| device.card.as_mut()).find(|seen| seen.uid == uid);
        if let Some(seen) = lying {
            seen.view.standing = Standing::Ours;
            seen.view.next = vec![NextStep::Verify];
            (seen.view.card, seen.view.person) =
                known.map_or((None, None), |(_, card, person)| (Some(card), Some(person)));
        }
        self.status_changed();
        Ok(())
    }

    /// The newest credential of this UID.
    pub(crate) fn credential_of_uid(&self, uid: &[u8]) -> Result<Option<Record>, StationError> {
        let house = self.house.as_ref().ok_or(StationError::NoHouse)?;
        Ok(house.store.view().records_by(Kind::Credential, "uid", &Value::Bytes(uid.to_vec()))?.pop())
    }

    /// What a card is looked at by: one that the history knows by the encoding that it was written with, another by that of
    /// the case that waits for a blank, or the one in use.
    pub(crate) fn encoding_of_card(&self, uid: &[u8]) -> Result<EncodingRef, StationError> {
        if let (Some(_), Some(credential)) = (self.known_card(uid)?, self.credential_of_uid(uid)?) {
            return Ok(EncodingRef::of_record(&credential));
        }
        match self.waits_for_blank() {
            Some(case) => Ok(case.encoding()),
            None => self.encoding_in_use(),
        }
    }

    /// The case that the next blank belongs to.
    pub(crate) fn waits_for_blank(&self) -> Option<&Case> {
        self.bound.and_then(|bound| self.cases.get(&bound)).filter(|case| case.step() == Some(StepKind::Card))
    }

    /// The versions of the keys on a card of ours.
    fn key_versions(&mut self, uid: &[u8]) -> Result<BTreeMap<String, u8>, StationError> {
        let credential = self.credential_of_uid(uid)?;
        Ok(credential.map(|credential| versions_of(&credential)).unwrap_or_default())
    }
}

/// The versions of the keys that a credential says are on its card.
pub(crate) fn versions_of(credential: &Record) -> BTreeMap<String, u8> {
    match credential.fields.get("keys") {
        Some(Value::Map(keys)) => versions_in(keys),
        _ => BTreeMap::new(),
    }
}

/// The person's fields, as far as they are filled.
pub(crate) fn set_person(values: &mut Values, record: Option<&Record>) {
    for field in people::fields(record).into_iter().filter(|field| !field.value.is_empty()) {
        values.set(&format!("person.{}", field.name), field.value);
    }
}
