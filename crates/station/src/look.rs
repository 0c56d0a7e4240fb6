//! A card was laid: what is it, and how does it stand to us? Whoever waits for a blank is told what lies there instead, and
//! the history keeps what was refused.

use std::sync::Arc;

use lanyard_device::{Channel, DeviceError};
use lanyard_encoding::{Assess, Assessment, EncodingError, Found, Purpose, Recognise};
use lanyard_issue::StepKind;
use lanyard_model::{Change, Id, Kind, RecordRef, UnixMs, Value};
use lanyard_piv::probe;

use crate::api::{CardOnReader, DeviceRole, NextStep, Standing};
use crate::cards::{StationKeys, link};
use crate::case::Case;
use crate::devices::Seen;
use crate::encodings::EncodingRef;
use crate::shared::{Core, Shared};
use crate::work::drive;
use crate::{StationError, chip, journal, people};

pub(crate) fn look(
    shared: &Arc<Shared>,
    reader: &str,
    visit: u64,
    channel: &mut dyn Channel,
) -> Result<(), StationError> {
    let shown = channel.uid()?;
    if shown.is_empty() {
        return look_at_chip(shared, reader, visit, channel);
    }
    let hidden = is_random(&shown);
    let uid = if hidden { recognise(shared, channel)?.map_or(shown, |told| told.to_vec()) } else { shown };
    let (known, half_written) = shared.quietly(|core| core.uid_stands(&uid))?;
    let (of, encoding) = shared.quietly(|core| {
        let of = core.encoding_of_card(&uid)?;
        Ok::<_, StationError>((of.clone(), core.encoding(&of)?))
    })?;
    if half_written {
        shared.with(|core| core.looked(reader, visit, "desfire", &uid, Looked::HalfWritten));
        return Ok(());
    }
    let mut assess = match <[u8; 7]>::try_from(uid.as_slice()) {
        Ok(told) if hidden => Assess::of_hidden(&encoding, told, known, link()),
        _ => Assess::new(&encoding, &uid, known, link()),
    };
    assess = assess.received(shared.quietly(|core| core.is_received(&uid)));
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
        core.looked_by(reader, visit, of);
        core.looked(reader, visit, "desfire", &uid, looked);
    });
    Ok(())
}

/// ISO/IEC 14443-3 §6.5.4: a UID of four bytes that begins with 08 is random.
fn is_random(uid: &[u8]) -> bool {
    matches!(uid, [0x08, _, _, _])
}

/// The real UID of a card that shows a random one, if it is one of ours.
fn recognise(shared: &Arc<Shared>, channel: &mut dyn Channel) -> Result<Option<[u8; 7]>, StationError> {
    let encodings = shared.quietly(|core| core.all_encodings())?;
    let keys = StationKeys(Arc::clone(shared));
    let mut recognise = Recognise::new(encodings.iter().map(AsRef::as_ref), &keys, link());
    match drive(shared, channel, &mut recognise, |_| Ok(()), |_| {}) {
        Ok(uid) => Ok(Some(uid)),
        Err((error @ StationError::Encoding(EncodingError::Lost { .. }), _)) => Err(error),
        Err(_) => Ok(None),
    }
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

/// Another card than the one that the case has begun, by its number, or by its UID where it has none.
pub(crate) fn other_card(case: &Case, lying: &Seen) -> StationError {
    let lying = lying.view.card.as_ref().map_or_else(|| lying.view.uid.to_uppercase(), |card| card.number.clone());
    StationError::OtherCard { number: case.text("number").to_owned(), lying }
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

impl Shared {
    /// The UID of the card that lies there; that which it told when it was looked at, where it shows a random one.
    pub(crate) fn real_uid(&self, reader: &str, channel: &mut dyn Channel) -> Result<[u8; 7], StationError> {
        let shown = channel.uid()?;
        let uid = if is_random(&shown) {
            let seen = |core: &mut Core| core.devices.get(reader)?.card.as_ref().map(|seen| seen.uid.clone());
            self.quietly(seen).unwrap_or(shown)
        } else {
            shown
        };
        Ok(uid.as_slice().try_into().map_err(|_| EncodingError::UidHidden)?)
    }

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
                encoding: None,
                uid: Vec::new(),
                view: CardOnReader {
                    technology: "unknown".to_owned(),
                    uid: String::new(),
                    standing: Standing::Reading,
                    card: None,
                    person: None,
                    case: None,
                    problem: None,
                    next: Vec::new(),
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
}

impl Core {
    /// A card came to this reader: what had to do with the card before it there is no longer in the way.
    pub(crate) fn another_card(&mut self, id: &str) {
        let [encoder, chip, lf] =
            [DeviceRole::Encoder, DeviceRole::Chip, DeviceRole::Lf].map(|role| self.fits(id, role));
        let waiting: Vec<Id> = self
            .cases
            .values()
            .filter(|case| match case.step() {
                Some(StepKind::Encode) if case.tag.is_some() => lf,
                Some(StepKind::Card | StepKind::Encode) => encoder,
                Some(StepKind::Certify) => chip,
                _ => encoder || chip || lf,
            })
            .filter(|case| {
                let of_card = |code: &str| ["card.", "case.card", "em."].iter().any(|begin| code.starts_with(begin));
                case.problem.as_ref().is_some_and(|problem| of_card(&problem.code))
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
        // It was wanted of the card that lay there, and of no other: whoever waits for it waits for nothing.
        self.errands.remove(id);
    }

    /// Whether the history knows the UID, and whether something is in the middle of being written to it.
    fn uid_stands(&mut self, uid: &[u8]) -> Result<(bool, bool), StationError> {
        let writing = self.cases.values().any(|case| {
            case.step() == Some(StepKind::Encode)
                && case.instance.variables.get("uid").and_then(Value::as_bytes) == Some(uid)
        });
        let known = self.known_card(uid)?;
        let (house, _) = self.open()?;
        let begun = match &known {
            Some(card) => journal::of(house.store.view(), card.of.id)?.pop(),
            None => None,
        };
        let half = begun.is_some_and(|begun| begun.is_under_way());
        Ok((known.is_some(), writing || half))
    }

    /// Another encoding asks for other keys and another kind of card.
    fn looked_by(&mut self, id: &str, visit: u64, of: EncodingRef) {
        let seen = self.devices.get_mut(id).and_then(|device| device.card.as_mut());
        if let Some(seen) = seen.filter(|seen| seen.visit == visit) {
            seen.encoding = Some(of);
        }
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
        let next = self.next_steps(uid, &looked);
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
                Found::Used { .. } | Found::Foreign | Found::NotReceived | Found::NotOriginal => Standing::Foreign,
            },
            Looked::Chip { .. } if seen.view.card.is_some() => Standing::Ours,
            Looked::Chip { certified: true, .. } => Standing::Foreign,
            Looked::Chip { certified: false, .. } => Standing::Blank,
            Looked::Failed(_) => Standing::Unknown,
        };
        seen.view.next = next;
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

    /// What can be done with it, the right one first.
    fn next_steps(&self, uid: &[u8], looked: &Looked) -> Vec<NextStep> {
        let begun = || {
            let card = self.known_card(uid).ok()??;
            Some(journal::of(self.house.as_ref()?.store.view(), card.of.id).ok()?.pop()?.plan.purpose)
        };
        let void = matches!(self.known_card(uid), Ok(Some(card)) if card.state == "void");
        match looked {
            Looked::HalfWritten => match begun() {
                Some(Purpose::Rekey) => vec![NextStep::Finish, NextStep::RollBack],
                _ => vec![NextStep::Finish],
            },
            Looked::Assessed(assessment) => match assessment.found {
                Found::Blank => vec![NextStep::Write],
                Found::Ours { .. } if void => vec![NextStep::Reset],
                Found::Ours { .. } => vec![NextStep::Verify, NextStep::Reset],
                // Half-written and given up before its master key was ours; or an emulator, which learns nothing by it.
                Found::Impostor if begun().is_some() => vec![NextStep::Reset],
                Found::Impostor | Found::Used { .. } | Found::Foreign | Found::NotReceived | Found::NotOriginal => {
                    Vec::new()
                }
            },
            Looked::Chip { .. } | Looked::Failed(_) => Vec::new(),
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
            let begun = self.cases.get(&bound).is_some_and(|case| case.step() == Some(StepKind::Encode));
            if begun || seen.assessment.is_some_and(|assessment| assessment.check().is_err()) {
                self.tell_case(&reader, bound);
            }
        }
    }

    fn lying(&self) -> Vec<(String, Seen)> {
        let seen = |(id, device): (&String, &crate::devices::Device)| Some((id.clone(), device.card.clone()?));
        self.devices.iter().filter_map(seen).collect()
    }

    /// A card that another program holds is looked at once that has let go of it; of any other the look is over.
    pub(crate) fn look_failed(&mut self, id: &str, visit: u64, error: StationError) {
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
        let Some(case) = self.cases.get(&bound).filter(|case| fits && contactless && !case.busy) else { return };
        let of_case = case.instance.variables.get("uid").and_then(Value::as_bytes) == Some(&seen.uid);
        let problem = match case.step() {
            Some(StepKind::Card) => wrong,
            // Its own card is begun: no other will do, not even a blank.
            Some(StepKind::Encode) if !seen.uid.is_empty() && !of_case => Some((&other_card(case, seen)).into()),
            _ => None,
        };
        if let (Some(problem), Some(case)) = (problem, self.cases.get_mut(&bound)) {
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

    pub(crate) fn card_of_uid(&self, uid: &[u8]) -> Option<(Id, crate::api::CardView, crate::api::PersonHit)> {
        let record = self.known_card(uid).ok()??;
        self.card_and_person(&record)
    }

    fn card_of_chip(&self, guid: Id) -> Option<(Id, crate::api::CardView, crate::api::PersonHit)> {
        let view = self.house.as_ref()?.store.view();
        let credential = view.record(RecordRef { kind: Kind::Credential, id: guid }).ok()??;
        self.card_of_credential(&credential)
    }

    pub(crate) fn card_of_credential(
        &self,
        credential: &lanyard_model::Record,
    ) -> Option<(Id, crate::api::CardView, crate::api::PersonHit)> {
        let card = people::reference(credential, "card")?;
        let record = self.house.as_ref()?.store.view().record(RecordRef { kind: Kind::Card, id: card }).ok()??;
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
}
