//! What a reader's thread does with the card that lies there: look, write, make a key, read again.
//!
//! What is due is found from the state (`next_work`), never remembered: so a lifted card, a kill and a first start all go
//! the same way.

use std::collections::BTreeMap;
use std::sync::Arc;

use lanyard_apdu::Response;
use lanyard_device::{Channel, DeviceError, PrintJob};
use lanyard_encoding::{
    Action, Assess, Assessment, CardLeft, EncodingError, Event, Found, JournalRow, Machine, Plan, ReadBack, Run,
    reading,
};
use lanyard_issue::{Credential, StepKind, Technology};
use lanyard_model::{Change, Id, Kind, Reason, RecordRef, UnixMs, Value};
use lanyard_piv::probe;

use crate::api::{CardOnReader, DeviceKind, DeviceRole, Line, LineState, Standing};
use crate::cards::{StationKeys, VaultKeys, encoding, keys_of, link};
use crate::case::Outcome;
use crate::devices::Seen;
use crate::house::writes;
use crate::shared::{Core, Shared};
use crate::{StationError, chip, chipdesk::DeskOf, entropy, people};

/// Something to be done with the card on a reader.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Work {
    /// What is it, and how does it stand to us?
    Look {
        /// Of which card laid.
        visit: u64,
    },
    /// Write the contactless chip, or go on writing it.
    Encode {
        /// For which case.
        case: Id,
    },
    /// Make a key on the contact chip, or go on.
    Certify {
        /// For which case.
        case: Id,
    },
    /// Read the contactless chip again, before it is handed over.
    Check {
        /// For which case.
        case: Id,
    },
    /// Give the contact chip its holder's PIN.
    Pin {
        /// For which case.
        case: Id,
    },
    /// Read everything on it, for a person or a script.
    Dump,
}

/// A job for a printer.
pub(crate) struct PrintWork {
    pub case: Id,
    pub attempt: u32,
    /// A folder, into which this attempt has written nothing yet.
    pub anew_in_folder: bool,
    pub print: PrintJob,
}

impl Work {
    pub(crate) fn case(&self) -> Option<Id> {
        match self {
            Self::Encode { case } | Self::Certify { case } | Self::Check { case } | Self::Pin { case } => Some(*case),
            Self::Look { .. } | Self::Dump => None,
        }
    }

    pub(crate) fn carry_out(
        &self,
        shared: &Arc<Shared>,
        reader: &str,
        channel: &mut dyn Channel,
    ) -> Result<(), StationError> {
        match self {
            Self::Look { visit } => look(shared, reader, *visit, channel),
            Self::Encode { case } => encode(shared, *case, reader, channel),
            Self::Certify { case } => {
                chip::personalise(channel, &DeskOf { shared, case: *case })?;
                let now = shared.now();
                shared.with(|core| core.certified(*case, now))
            }
            Self::Check { case } => check(shared, *case, channel),
            Self::Pin { case } => give_pin(shared, *case, channel),
            Self::Dump => {
                let dump = dump(shared, channel);
                shared.with(|core| core.dumped(reader, dump));
                Ok(())
            }
        }
    }
}

/// Drives a machine of `crates/encoding`; every answer is progress.
fn drive<M: Machine>(
    shared: &Arc<Shared>,
    channel: &mut dyn Channel,
    machine: &mut M,
    mut journal: impl FnMut(JournalRow) -> Result<(), StationError>,
    mut progress: impl FnMut(&M),
) -> Result<M::Output, (StationError, CardLeft)> {
    let keys = StationKeys(Arc::clone(shared));
    let mut random = |bytes: &mut [u8; 16]| entropy::fill(bytes);
    let mut action = machine.next(Event::Start, &keys, &mut random);
    loop {
        progress(machine);
        action = match action {
            Action::Done(output) => return Ok(output),
            Action::Failed { error, card } => return Err((error.into(), card)),
            Action::Journal(row) => {
                journal(row).map_err(|error| (error, CardLeft::Resumable))?;
                machine.next(Event::Journaled, &keys, &mut random)
            }
            Action::Transmit(command) => {
                let answer = channel.transmit(&command.encode());
                match answer.as_deref().map(Response::parse) {
                    Ok(Ok(response)) => machine.next(Event::Answer(&response), &keys, &mut random),
                    _ => machine.next(Event::Lost, &keys, &mut random),
                }
            }
        };
    }
}

fn look(shared: &Arc<Shared>, reader: &str, visit: u64, channel: &mut dyn Channel) -> Result<(), StationError> {
    let uid = channel.uid()?;
    if uid.is_empty() {
        return look_at_chip(shared, reader, visit, channel);
    }
    let (known, half_written) = shared.quietly(|core| core.uid_stands(&uid))?;
    if half_written {
        shared.with(|core| core.looked(reader, visit, "desfire", &uid, Looked::HalfWritten));
        return Ok(());
    }
    let mut assess = Assess::new(encoding()?, &uid, known, link());
    let looked = match drive(shared, channel, &mut assess, |_| Ok(()), |_| {}) {
        Ok(assessment) => Looked::Assessed(Box::new(assessment)),
        Err((error @ StationError::Encoding(EncodingError::Lost { .. }), _)) => return Err(error),
        Err((error, _)) => Looked::Failed(error),
    };
    let now = shared.now();
    shared.with(|core| {
        if let Looked::Assessed(assessment) = &looked {
            core.refusal(reader, &uid, assessment, now);
        }
        core.looked(reader, visit, "desfire", &uid, looked);
    });
    Ok(())
}

fn look_at_chip(shared: &Arc<Shared>, reader: &str, visit: u64, channel: &mut dyn Channel) -> Result<(), StationError> {
    let seen = chip::run(channel, probe::select()).and_then(|_| {
        let chuid = chip::run(channel, lanyard_piv::object::get(lanyard_piv::Object::CHUID))?;
        let certificate = chip::run(channel, lanyard_piv::object::get_certificate(lanyard_piv::Slot::Authentication))?;
        Ok((chuid.as_deref().and_then(lanyard_piv::Chuid::parse), certificate.is_some()))
    });
    let looked = match seen {
        Ok((chuid, certified)) => Looked::Chip { guid: chuid.map(|chuid| Id(chuid.guid)), certified },
        Err(error @ StationError::Device(_)) => return Err(error),
        Err(error) => Looked::Failed(error),
    };
    shared.with(|core| core.looked(reader, visit, "piv", &[], looked));
    Ok(())
}

/// What a look came to.
pub(crate) enum Looked {
    Assessed(Box<Assessment>),
    HalfWritten,
    Chip {
        guid: Option<Id>,
        /// A certificate is in slot 9A.
        certified: bool,
    },
    Failed(StationError),
}

fn encode(shared: &Arc<Shared>, case: Id, reader: &str, channel: &mut dyn Channel) -> Result<(), StationError> {
    let now = shared.now();
    let EncodeStart { card, plan, rows } = shared.with(|core| core.encode_begin(case, reader, now))?;
    let uid = channel.uid()?;
    let uid: [u8; 7] = uid.as_slice().try_into().map_err(|_| EncodingError::UidHidden)?;
    let mut run = Run::resume(&plan, uid, &rows, link())?;
    let done = drive(
        shared,
        channel,
        &mut run,
        |row| {
            let line = serde_json::to_vec(&row).unwrap_or_default();
            shared.quietly(|core| match &mut core.house {
                Some(house) => Ok(house.store.journal_append(card, &line).map(|_| ())?),
                None => Err(StationError::Locked),
            })
        },
        |run| {
            let at = run.progress();
            shared.with(|core| core.encode_progress(case, at.step, at.exchanges, at.planned));
        },
    );
    let now = shared.now();
    match done {
        Ok(read) => shared.with(|core| core.encoded(case, reader, &read, now)),
        Err((error, CardLeft::Void)) => shared.with(|core| {
            core.void_case(case, Reason::Torn, now)?;
            Err(error)
        }),
        Err((error, _)) => Err(error),
    }
}

fn check(shared: &Arc<Shared>, case: Id, channel: &mut dyn Channel) -> Result<(), StationError> {
    let plan = shared.with(|core| {
        if let Ok(case) = core.case(case) {
            case.line("hand_over.card", BTreeMap::new());
        }
        core.stored_plan(case)
    })?;
    let uid: [u8; 7] = channel.uid()?.as_slice().try_into().map_err(|_| EncodingError::UidHidden)?;
    let mut run = Run::new(&plan.verify(link()), uid, link())?;
    drive(shared, channel, &mut run, |_| Ok(()), |_| {}).map_err(|(error, _)| error)?;
    let now = shared.now();
    shared.with(|core| {
        core.case(case)?.hand_over.card_checked = true;
        core.case(case)?.busy = false;
        core.hand_over_checked(case, now)
    })
}

fn give_pin(shared: &Arc<Shared>, case: Id, channel: &mut dyn Channel) -> Result<(), StationError> {
    let now = shared.now();
    let (certificate, puk) = shared.with(|core| core.chip_for_pin(case, now))?;
    let digits = chip::fresh_digits();
    let desk = DeskOf { shared, case };
    chip::set_pin(channel, &certificate, puk, chip::pin_of(&digits)?, &desk)?;
    shared.with(|core| {
        let open = core.case(case)?;
        open.hand_over.pin = Some(digits);
        open.busy = false;
        core.hand_over_checked(case, now)
    })
}

fn dump(shared: &Arc<Shared>, channel: &mut dyn Channel) -> Result<ReadBack, StationError> {
    let uid: [u8; 7] = channel.uid()?.as_slice().try_into().map_err(|_| EncodingError::UidHidden)?;
    let versions = shared.quietly(|core| core.key_versions(&uid))?;
    let keys = StationKeys(Arc::clone(shared));
    let plan = reading(encoding()?, uid, &|name| versions.get(name).copied(), &keys, link())?;
    let mut run = Run::new(&plan, uid, link())?;
    drive(shared, channel, &mut run, |_| Ok(()), |_| {}).map_err(|(error, _)| error)
}

/// What an encoding begins with.
pub(crate) struct EncodeStart {
    card: Id,
    plan: Plan,
    rows: Vec<JournalRow>,
}

impl Shared {
    pub(crate) fn card_came(&self, id: &str) {
        self.with(|core| {
            let visit = core.next_visit();
            let Some(device) = core.devices.get_mut(id) else { return };
            device.two_cards = false;
            device.card = Some(Seen {
                visit,
                looked: false,
                assessment: None,
                chip: None,
                uid: Vec::new(),
                view: CardOnReader {
                    technology: "unknown".to_owned(),
                    uid: String::new(),
                    standing: Standing::Reading,
                    card: None,
                    person: None,
                    case: None,
                    problem: None,
                },
            });
            core.another_card(id);
            core.status_changed();
        });
    }

    pub(crate) fn card_left(&self, id: &str, two: bool) {
        self.with(|core| {
            core.card_gone(id);
            if let Some(device) = core.devices.get_mut(id) {
                device.two_cards = two;
                if two {
                    device.reasons = vec!["two_cards".to_owned()];
                } else {
                    device.reasons.clear();
                }
            }
            core.status_changed();
        });
    }

    /// What is to be done with the card on this reader.
    pub(crate) fn next_work(&self, id: &str) -> Option<Work> {
        if self.stopping() {
            return None;
        }
        let work = self.quietly(|core| core.next_work(id))?;
        if let Some(case) = work.case() {
            self.with(|core| {
                if let Ok(open) = core.case(case) {
                    open.busy = true;
                }
                core.case_changed(case);
            });
        }
        Some(work)
    }

    pub(crate) fn work_failed(&self, id: &str, work: &Work, error: StationError) {
        self.with(|core| match work {
            Work::Look { visit } => core.look_failed(id, *visit, error),
            Work::Dump => core.dumped(id, Err(error)),
            Work::Encode { case } | Work::Certify { case } | Work::Check { case } | Work::Pin { case } => {
                let error = core.in_the_case(*case, error);
                if let Ok(open) = core.case(*case)
                    && !open.over()
                {
                    open.stopped(&error);
                }
                core.case_changed(*case);
            }
        });
    }
}

impl Core {
    /// A card came to this reader: what had to do with the card before it there is no longer in the way.
    fn another_card(&mut self, id: &str) {
        let (encoder, chip) = (self.fits(id, DeviceRole::Encoder), self.fits(id, DeviceRole::Chip));
        let waiting: Vec<Id> = self
            .cases
            .values()
            .filter(|case| match case.step() {
                Some(StepKind::Card | StepKind::Encode) => encoder,
                Some(StepKind::Certify) => chip,
                _ => encoder || chip,
            })
            .filter(|case| {
                case.problem.as_ref().is_some_and(|p| p.code.starts_with("card.") || p.code.starts_with("case.card"))
            })
            .map(|case| case.id)
            .collect();
        for case in waiting {
            if let Some(open) = self.cases.get_mut(&case) {
                open.problem = None;
            }
            self.case_changed(case);
        }
    }

    pub(crate) fn card_gone(&mut self, id: &str) {
        if let Some(device) = self.devices.get_mut(id) {
            device.card = None;
        }
    }

    /// Whether the history knows the UID, and whether an open case is in the middle of writing it.
    fn uid_stands(&mut self, uid: &[u8]) -> Result<(bool, bool), StationError> {
        let writing = self.cases.values().any(|case| {
            case.step() == Some(StepKind::Encode)
                && case.instance.variables.get("uid").and_then(Value::as_bytes) == Some(uid)
        });
        let (house, _) = self.open()?;
        Ok((house.store.view().uid_known(uid)?.is_some(), writing))
    }

    fn looked(&mut self, id: &str, visit: u64, technology: &str, uid: &[u8], looked: Looked) {
        let known = match (&looked, uid.is_empty()) {
            (Looked::Chip { guid: Some(guid), .. }, _) => self.card_of_chip(*guid),
            (_, false) => self.card_of_uid(uid),
            _ => None,
        };
        let case = known.as_ref().and_then(|(card, ..)| {
            self.cases.values().find(|case| case.reference("card") == Some(*card)).map(|case| case.id)
        });
        let Some(seen) = self.devices.get_mut(id).and_then(|device| device.card.as_mut()) else { return };
        if seen.visit != visit {
            return;
        }
        seen.looked = true;
        seen.uid = uid.to_vec();
        seen.view.technology = technology.to_owned();
        seen.view.uid = hex::encode(uid);
        seen.view.case = case.map(|case| case.to_string());
        (seen.view.card, seen.view.person) = known.map_or((None, None), |(_, card, person)| (Some(card), Some(person)));
        seen.view.standing = match &looked {
            Looked::HalfWritten => Standing::HalfWritten,
            Looked::Assessed(assessment) => match assessment.found {
                Found::Blank => Standing::Blank,
                Found::Ours { .. } => Standing::Ours,
                Found::Impostor => Standing::Unproven,
                Found::Used { .. } | Found::Foreign => Standing::Foreign,
            },
            Looked::Chip { .. } if seen.view.card.is_some() => Standing::Ours,
            Looked::Chip { certified: true, .. } => Standing::Foreign,
            Looked::Chip { certified: false, .. } => Standing::Blank,
            Looked::Failed(_) => Standing::Unknown,
        };
        match looked {
            Looked::Assessed(assessment) => {
                seen.view.problem = assessment.check().err().map(|error| (&error).into());
                seen.assessment = Some(*assessment);
            }
            Looked::Failed(error) => seen.view.problem = Some((&error).into()),
            // A number that no record knows says nothing: some makers ship one (Nitrokey). The keys tell, once it is written.
            Looked::Chip { guid, .. } => seen.chip = guid.filter(|_| seen.view.card.is_some()),
            Looked::HalfWritten => {}
        }
        self.status_changed();
        if let Some(bound) = self.bound {
            self.tell_case(id, bound);
        }
    }

    /// The bound case has come to ask for a blank: what is none and lies there already is told, and kept in the history.
    pub(crate) fn blank_asked_for(&mut self, now: UnixMs) {
        for (reader, seen) in self.lying() {
            if let Some(assessment) = &seen.assessment {
                self.refusal(&reader, &seen.uid, assessment, now);
            }
        }
        self.blank_still_asked_for();
    }

    /// Once more: what is none and still lies there is told again.
    pub(crate) fn blank_still_asked_for(&mut self) {
        let Some(bound) = self.bound else { return };
        for (reader, seen) in self.lying() {
            if seen.assessment.is_some_and(|assessment| assessment.check().is_err()) {
                self.tell_case(&reader, bound);
            }
        }
    }

    fn lying(&self) -> Vec<(String, Seen)> {
        let seen = |(id, device): (&String, &crate::devices::Device)| Some((id.clone(), device.card.clone()?));
        self.devices.iter().filter_map(seen).collect()
    }

    /// A card that another program holds is looked at once that has let go of it; of any other the look is over.
    fn look_failed(&mut self, id: &str, visit: u64, error: StationError) {
        if !matches!(error, StationError::Device(DeviceError::Busy { .. })) {
            return self.looked(id, visit, "unknown", &[], Looked::Failed(error));
        }
        let seen = self.devices.get_mut(id).and_then(|device| device.card.as_mut());
        if let Some(seen) = seen.filter(|seen| seen.visit == visit) {
            seen.view.problem = Some((&error).into());
            self.status_changed();
        }
    }

    /// The case that waits for a blank is told that this is none.
    fn tell_case(&mut self, id: &str, bound: Id) {
        let fits = self.fits(id, DeviceRole::Encoder);
        let Some(seen) = self.devices.get(id).and_then(|device| device.card.as_ref()) else { return };
        let wrong = match seen.view.standing {
            Standing::Foreign | Standing::Unproven | Standing::Unknown => seen.view.problem.clone(),
            // A finished card of ours, or another case's: said on the case, which goes on waiting for a blank.
            Standing::Ours => seen
                .view
                .card
                .as_ref()
                .map(|card| (&StationError::CardOfOtherCase { number: card.number.clone() }).into()),
            Standing::Blank => seen.view.problem.clone(),
            Standing::HalfWritten | Standing::Reading => None,
        };
        let contactless = seen.view.technology != "piv";
        let (Some(problem), true, true) = (wrong, fits, contactless) else { return };
        if let Some(case) = self.cases.get_mut(&bound)
            && case.step() == Some(StepKind::Card)
        {
            case.problem = Some(problem);
            self.case_changed(bound);
        }
    }

    /// A card that claims a UID of ours without its keys, or a foreign one where a blank was asked for, is a refusal that
    /// the history keeps.
    fn refusal(&mut self, id: &str, uid: &[u8], assessment: &Assessment, now: UnixMs) {
        let Err(error) = assessment.check() else { return };
        let code = lanyard_fault::Coded::code(&error);
        let asked = self.fits(id, DeviceRole::Encoder)
            && self
                .bound
                .and_then(|bound| self.cases.get(&bound))
                .is_some_and(|case| case.step() == Some(StepKind::Card));
        let change = match self.bound.and_then(|bound| self.cases.get(&bound)).filter(|_| asked) {
            Some(case) => case.entries().refused(code, uid),
            None if assessment.found == Found::Impostor => {
                let Some(house) = &self.house else { return };
                Change::new("action.refused", house.station_record())
                    .field("code", code)
                    .field("uid", Value::Bytes(uid.to_vec()))
            }
            None => return,
        };
        let Ok((house, session)) = self.open() else { return };
        let by = session.did();
        if let Err(error) = house.store.write(|tx| tx.commit(&change, &by, now)) {
            tracing::error!(code = lanyard_fault::Coded::code(&error), "a refusal could not be written");
        }
    }

    /// Whether a reader is the one for this role: it has it, or nobody has.
    pub(crate) fn fits(&self, id: &str, role: DeviceRole) -> bool {
        let Some(device) = self.devices.get(id) else { return false };
        match device.role {
            Some(own) => own == role,
            None => !self.devices.values().any(|other| other.role == Some(role)),
        }
    }

    pub(crate) fn has_chip_reader(&self) -> bool {
        self.devices.values().any(|device| device.kind == DeviceKind::Reader && device.role == Some(DeviceRole::Chip))
    }

    fn next_work(&mut self, id: &str) -> Option<Work> {
        self.session.as_ref()?;
        let device = self.devices.get(id)?;
        let seen = device.card.as_ref()?;
        if !seen.looked {
            return Some(Work::Look { visit: seen.visit });
        }
        if self.dumps.contains_key(id) {
            return Some(Work::Dump);
        }
        if !self.house.as_ref().is_some_and(writes) {
            return None;
        }
        let free = |case: &&crate::case::Case| case.problem.is_none() && !case.busy && !case.over();
        if seen.view.technology == "piv" {
            if !self.fits(id, DeviceRole::Chip) {
                return None;
            }
            let chip = seen.chip;
            let of_chip = |case: &&crate::case::Case| match chip {
                Some(guid) => case.reference("chip") == Some(guid),
                None => self.bound == Some(case.id) || case.reference("chip").is_none(),
            };
            let first = |kind: StepKind| {
                self.order
                    .iter()
                    .filter_map(|case| self.cases.get(case))
                    .filter(free)
                    .filter(|case| case.step() == Some(kind))
                    .find(of_chip)
            };
            if let Some(case) = first(StepKind::Certify) {
                return Some(Work::Certify { case: case.id });
            }
            return first(StepKind::HandOver)
                .filter(|case| {
                    case.chip_key()
                        && case.hand_over.how.is_some()
                        && case.hand_over.card_checked
                        && case.hand_over.pin.is_none()
                        && chip.is_some()
                })
                .map(|case| Work::Pin { case: case.id });
        }
        if !self.fits(id, DeviceRole::Encoder) {
            return None;
        }
        let uid = seen.uid.as_slice();
        let own = self.cases.values().filter(free).find(|case| {
            case.instance.variables.get("uid").and_then(Value::as_bytes).is_some_and(|of| !uid.is_empty() && of == uid)
        });
        if let Some(case) = own {
            return match case.step() {
                Some(StepKind::Encode) => Some(Work::Encode { case: case.id }),
                Some(StepKind::HandOver) if case.hand_over.how.is_some() && !case.hand_over.card_checked => {
                    Some(Work::Check { case: case.id })
                }
                _ => None,
            };
        }
        let bound = self.bound.and_then(|bound| self.cases.get(&bound)).filter(free)?;
        let blank = seen.assessment.as_ref().is_some_and(|assessment| assessment.found == Found::Blank);
        (bound.step() == Some(StepKind::Card) && blank).then_some(Work::Encode { case: bound.id })
    }

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
        let rows = house
            .store
            .view()
            .journal(card)?
            .iter()
            .skip(1)
            .map(|line| serde_json::from_slice(line).map_err(|_| EncodingError::JournalForeign))
            .collect::<Result<Vec<JournalRow>, _>>()?;
        let lines = plan
            .steps
            .iter()
            .map(|planned| Line {
                code: format!("encode.{}", planned.step.label()),
                details: planned.step.number().map(|n| ("number".to_owned(), n.to_string())).into_iter().collect(),
                state: LineState::Ahead,
                took_ms: None,
            })
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
        let number = self.case(id)?.text("number").to_owned();
        let (card, credential_id) = (entropy::id(), entropy::id());
        let (_, session) = self.open()?;
        let values = crate::cards::values(&session.vault, card, &assessment.uid, &number, now);
        let plan = lanyard_encoding::plan(encoding()?, &values, &assessment, &VaultKeys(&session.vault), link())?;
        let credential = Credential {
            id: credential_id,
            card,
            technology: Technology::Desfire,
            uid: &assessment.uid,
            encoding: &plan.encoding,
            keys: keys_of(&plan),
        };
        let changes = self.case(id)?.entries().card_prepared(&number, &credential);
        let outcome = Outcome::from([
            ("card".to_owned(), Value::Bytes(card.0.to_vec())),
            ("credential".to_owned(), Value::Bytes(credential_id.0.to_vec())),
            ("uid".to_owned(), Value::Bytes(assessment.uid.to_vec())),
        ]);
        let line = serde_json::to_vec(&plan).unwrap_or_default();
        self.complete(id, &changes, outcome, now, |tx| tx.journal_append(card, &line).map(|_| ()))?;
        if let Some(seen) = self.devices.get_mut(reader).and_then(|device| device.card.as_mut()) {
            seen.view.case = Some(id.to_string());
            seen.view.standing = Standing::HalfWritten;
            seen.assessment = None;
        }
        Ok(())
    }

    fn stored_plan(&mut self, id: Id) -> Result<Plan, StationError> {
        let card = self.case(id)?.reference("card").ok_or(StationError::Missing { kind: "card" })?;
        let (house, _) = self.open()?;
        let lines = house.store.view().journal(card)?;
        let plan = lines.first().ok_or(EncodingError::JournalForeign)?;
        Ok(serde_json::from_slice(plan).map_err(|_| EncodingError::JournalForeign)?)
    }

    fn encode_progress(&mut self, id: Id, step: usize, exchanges: u32, planned: u32) {
        let Some(case) = self.cases.get_mut(&id) else { return };
        let so_far = (exchanges, planned.max(exchanges));
        if case.exchanges == Some(so_far) {
            return;
        }
        case.exchanges = Some(so_far);
        for (at, line) in case.lines.iter_mut().enumerate() {
            line.state = match at.cmp(&step) {
                std::cmp::Ordering::Less => LineState::Done,
                std::cmp::Ordering::Equal => LineState::Running,
                std::cmp::Ordering::Greater => LineState::Ahead,
            };
        }
        self.progress_changed(id);
    }

    fn encoded(&mut self, id: Id, reader: &str, read: &ReadBack, now: UnixMs) -> Result<(), StationError> {
        let case = self.at(id, &[StepKind::Encode])?;
        let card = case.reference("card").ok_or(StationError::Missing { kind: "card" })?;
        let credential = case.reference("credential").ok_or(StationError::Missing { kind: "credential" })?;
        let changes = case.entries().encoded(card, credential);
        let files = read.applications.iter().map(|application| application.files.len()).sum::<usize>();
        tracing::debug!(files, "read back");
        self.complete(id, &changes, Outcome::new(), now, |_| Ok(()))?;
        let known = self.card_of_uid(&read.uid);
        if let Some(seen) = self.devices.get_mut(reader).and_then(|device| device.card.as_mut()) {
            seen.view.standing = Standing::Ours;
            (seen.view.card, seen.view.person) =
                known.map_or((None, None), |(_, card, person)| (Some(card), Some(person)));
        }
        self.status_changed();
        Ok(())
    }

    /// What a device's error means in this case.
    fn in_the_case(&mut self, id: Id, error: StationError) -> StationError {
        match error {
            StationError::Encoding(EncodingError::OtherCard { .. }) => {
                let number = self.case(id).map(|case| case.text("number").to_owned()).unwrap_or_default();
                StationError::OtherCard { number }
            }
            other => other,
        }
    }

    fn card_of_uid(&self, uid: &[u8]) -> Option<(Id, crate::api::CardView, crate::api::PersonHit)> {
        let house = self.house.as_ref()?;
        let record = house.store.view().uid_known(uid).ok()??;
        self.card_and_person(&record)
    }

    fn card_of_chip(&self, guid: Id) -> Option<(Id, crate::api::CardView, crate::api::PersonHit)> {
        let view = self.house.as_ref()?.store.view();
        let credential = view.record(RecordRef { kind: Kind::Credential, id: guid }).ok()??;
        let card = people::reference(&credential, "card")?;
        let record = view.record(RecordRef { kind: Kind::Card, id: card }).ok()??;
        self.card_and_person(&record)
    }

    fn card_and_person(
        &self,
        record: &lanyard_model::Record,
    ) -> Option<(Id, crate::api::CardView, crate::api::PersonHit)> {
        let view = self.house.as_ref()?.store.view();
        let person = view.record(people::person(people::reference(record, "person")?)).ok()??;
        Some((record.of.id, people::card(view, record).ok()?, self.person_hit(&person).ok()?))
    }

    /// The versions of the keys on a card of ours.
    fn key_versions(&mut self, uid: &[u8]) -> Result<BTreeMap<String, u8>, StationError> {
        let (house, _) = self.open()?;
        let credential = house.store.view().records_by(Kind::Credential, "uid", &Value::Bytes(uid.to_vec()))?.pop();
        let Some(Value::Map(keys)) = credential.and_then(|c| c.fields.get("keys").cloned()) else {
            return Ok(BTreeMap::new());
        };
        Ok(keys.into_iter().filter_map(|(name, version)| Some((name, u8::try_from(version.as_int()?).ok()?))).collect())
    }

    fn dumped(&mut self, reader: &str, dump: Result<ReadBack, StationError>) {
        if let Some(reply) = self.dumps.remove(reader) {
            // Whoever asked may have stopped waiting.
            let _ = reply.send(dump);
        }
    }
}
