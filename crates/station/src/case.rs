//! A case: one badge on its way to one person. Its place in the workflow is in the store; what is only for the screen
//! (the photo being framed, the line being worked at, what stopped it) is here, and gone after a restart.

use std::collections::BTreeMap;
use std::sync::Arc;

use lanyard_fault::Coded;
use lanyard_issue::{Entries, Facts, StepKind};
use lanyard_model::{Change, Id, UnixMs, Value};
use lanyard_photo::{Face, Hint, Photo};
use lanyard_secret::Secret;
use lanyard_store::{InstanceRow, StoreError, Tx};
use lanyard_workflow::{Definition, Instance, Position, WorkflowError};

use crate::api::{Adjust, CaseState, Identified, Line, LineState, PersonHit, Pictures, Problem};
use crate::encodings::EncodingRef;
use crate::pictures::{CardPictures, Picture};
use crate::shared::Core;
use crate::{StationError, cards, kept};

/// Until when the badge is valid, ms: fixed with its preview.
pub(crate) const VALID_UNTIL: &str = "valid_until";
/// Which encoding its card gets, and which version of it.
pub(crate) const ENCODING: &str = "encoding";
pub(crate) const ENCODING_VERSION: &str = "encoding_version";
/// What the card looked like when it was accepted.
pub(crate) const ACCEPTED: &str = "accepted";

/// An open case.
pub(crate) struct Case {
    pub id: Id,
    pub person: Id,
    pub hit: PersonHit,
    pub instance: Instance,
    /// What it runs on; or why it does not: then only voiding is left.
    pub definition: Result<Arc<Definition>, WorkflowError>,
    /// How it ended.
    pub ended: Option<CaseState>,
    pub problem: Option<Problem>,
    /// A device works for it.
    pub busy: bool,
    pub photo: Option<PhotoState>,
    pub pictures: Option<CardPictures>,
    /// Once it is over: what its card looked like, by the names that the store has it under.
    pub looked: Option<Pictures>,
    pub lines: Vec<Line>,
    /// When the line began that runs.
    line_began: Option<UnixMs>,
    pub exchanges: Option<(u32, u32)>,
    /// Which 125 kHz chip of its plan is due, once the card itself is read back.
    pub tag: Option<usize>,
    pub hand_over: HandOverState,
    /// Why the next print may go into a file.
    pub file_reason: Option<String>,
}

/// A photo in its frame.
pub(crate) struct PhotoState {
    pub photo: Photo,
    pub faces: Vec<Face>,
    pub adjust: Adjust,
    /// The portrait as it is framed now, and what is not good about it.
    pub portrait: Picture,
    pub hints: Vec<Hint>,
}

/// How far the hand-over is.
#[derive(Default)]
pub(crate) struct HandOverState {
    /// The operator said how; the cards are to be read again.
    pub how: Option<Identified>,
    /// The contactless card was read again and is right.
    pub card_checked: bool,
    /// So were its 125 kHz chips.
    pub tag_checked: bool,
    /// The holder's PIN; only while it is on the screen.
    pub pin: Option<Secret<6>>,
}

impl Case {
    pub(crate) fn new(
        (instance, definition): (Instance, Result<Arc<Definition>, WorkflowError>),
        id: Id,
        person: Id,
        hit: PersonHit,
    ) -> Self {
        Self {
            id,
            person,
            hit,
            instance,
            definition,
            ended: None,
            problem: None,
            busy: false,
            photo: None,
            pictures: None,
            looked: None,
            lines: Vec::new(),
            line_began: None,
            exchanges: None,
            tag: None,
            hand_over: HandOverState::default(),
            file_reason: None,
        }
    }

    pub(crate) fn over(&self) -> bool {
        self.ended.is_some()
    }

    /// The step at which it stands; `None` at the end.
    pub(crate) fn step(&self) -> Option<StepKind> {
        if self.over() {
            return None;
        }
        match self.definition.as_ref().ok()?.position(&self.instance).ok()? {
            Position::At(task) => StepKind::of_word(&task.kind),
            Position::Ended(_) => None,
        }
    }

    /// Why nobody can say at which step it stands.
    pub(crate) fn lost(&self) -> Option<WorkflowError> {
        if self.over() {
            return None;
        }
        match &self.definition {
            Ok(definition) => definition.position(&self.instance).err(),
            Err(error) => Some(error.clone()),
        }
    }

    pub(crate) fn entries(&self) -> Entries<'_> {
        Entries { facts: Facts { request: self.id, person: self.person }, step: &self.instance.token }
    }

    /// A text among its variables; `""` where absent.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.instance.variables.get(name).and_then(Value::as_text).unwrap_or_default()
    }

    /// An id among its variables.
    pub(crate) fn reference(&self, name: &str) -> Option<Id> {
        self.instance.variables.get(name).and_then(Value::as_bytes).and_then(|id| id.try_into().ok()).map(Id)
    }

    /// What its card is written with: an open case keeps the version that it began with.
    pub(crate) fn encoding(&self) -> EncodingRef {
        EncodingRef::of_fields(self.text(ENCODING), self.instance.variables.get(ENCODING_VERSION))
    }

    /// Last day of validity: one and the same on the card, in its chips and in what was accepted. A certificate may end
    /// sooner (`chipdesk`), and never later.
    pub(crate) fn valid_until(&self, now: UnixMs) -> UnixMs {
        let fixed = self.instance.variables.get(VALID_UNTIL).and_then(Value::as_int);
        fixed.map_or_else(|| cards::valid_until(now), UnixMs)
    }

    /// First and last day of validity, after 1970-01-01.
    pub(crate) fn valid_days(&self, now: UnixMs) -> [i64; 2] {
        [now, self.valid_until(now)].map(|at| at.0.div_euclid(cards::DAY_MS))
    }

    /// Whether the card that looks like this is the one that was accepted.
    pub(crate) fn accepted(&self, pictures: &CardPictures) -> bool {
        self.instance.variables.get(ACCEPTED) == Some(&looks(pictures))
    }

    /// The badge gets a key on a chip.
    pub(crate) fn chip_key(&self) -> bool {
        match self.instance.variables.get("badge") {
            Some(Value::Map(badge)) => badge.get("chip_key").and_then(Value::as_bool).unwrap_or(false),
            _ => false,
        }
    }

    /// Waits for a card to be laid, on whichever reader.
    pub(crate) fn waits_for_card(&self) -> bool {
        match self.step() {
            Some(StepKind::Card | StepKind::Encode | StepKind::Certify) => !self.busy,
            Some(StepKind::HandOver) => self.hand_over.how.is_some() && !self.hand_over_ready(),
            _ => false,
        }
    }

    /// Everything that the hand-over needs of the cards is done.
    pub(crate) fn hand_over_ready(&self) -> bool {
        let HandOverState { card_checked, tag_checked, pin, .. } = &self.hand_over;
        *card_checked && (*tag_checked || self.tags().is_empty()) && (pin.is_some() || !self.chip_key())
    }

    pub(crate) fn state(&self) -> CaseState {
        if let Some(ended) = self.ended {
            return ended;
        }
        match (self.problem.is_some(), self.busy, self.step()) {
            (true, ..) => CaseState::Stopped,
            (false, true, _) => CaseState::Running,
            (false, false, Some(StepKind::Print)) => CaseState::Running,
            _ if self.waits_for_card() => CaseState::WaitingForCard,
            _ => CaseState::Waiting,
        }
    }

    /// A line begins: the one before is done, and took until now.
    pub(crate) fn line(&mut self, code: &str, details: BTreeMap<String, String>, now: UnixMs) {
        let took = self.line_took(now);
        for line in self.lines.iter_mut().filter(|line| line.state == LineState::Running) {
            (line.state, line.took_ms) = (LineState::Done, took);
        }
        match self.lines.iter_mut().find(|line| line.code == code && line.details == details) {
            Some(line) => line.state = LineState::Running,
            None => self.lines.push(Line {
                code: code.to_owned(),
                details,
                of: None,
                state: LineState::Running,
                took_ms: None,
            }),
        }
    }

    /// How long the line took that runs, in ms; the next begins now. `None` before the first, and where the clock was set
    /// back.
    pub(crate) fn line_took(&mut self, now: UnixMs) -> Option<u32> {
        let began = self.line_began.replace(now)?;
        u32::try_from(now.0 - began.0).ok()
    }

    /// What stopped it.
    pub(crate) fn stopped(&mut self, error: &StationError) {
        self.busy = false;
        for line in self.lines.iter_mut().filter(|line| line.state == LineState::Running) {
            line.state = LineState::Failed;
        }
        tracing::info!(code = error.code(), step = %self.instance.token, "case stopped");
        self.problem = Some(Problem::from(error));
    }

    pub(crate) fn entered_step(&mut self) {
        self.busy = false;
        self.problem = None;
        self.lines.clear();
        self.line_began = None;
        self.exchanges = None;
        self.tag = None;
        self.hand_over = HandOverState::default();
        self.file_reason = None;
        self.photo = None;
    }

    /// It is over: no picture of the holder and no PDF of the card stays in memory.
    pub(crate) fn ended(&mut self, how: CaseState) {
        self.entered_step();
        self.ended = Some(how);
        if let Some(pictures) = self.pictures.take() {
            self.looked = Some(pictures).filter(|pictures| self.accepted(pictures)).as_ref().map(CardPictures::ids);
        }
    }

    /// The person's record is another one, and so may be what was drawn of it: it is drawn anew before it is printed, and held
    /// against what was accepted.
    pub(crate) fn record_changed(&mut self) {
        let accepted = match self.step() {
            Some(StepKind::Card | StepKind::Encode | StepKind::Certify) => true,
            Some(StepKind::Print) => !self.busy,
            _ => false,
        };
        if accepted && let Some(pictures) = self.pictures.take() {
            self.looked = Some(pictures.ids());
        }
    }

    /// As it goes into the store.
    pub(crate) fn row(&self, instance: &Instance, open: bool, at: UnixMs) -> Result<InstanceRow, StationError> {
        Ok(InstanceRow { id: self.id, open, at, state: kept::json("instance", instance)? })
    }
}

/// How a card looks, to the pixel.
pub(crate) fn looks(pictures: &CardPictures) -> Value {
    let side = |name: &str, hash: [u8; 32]| (name.to_owned(), Value::Bytes(hash.to_vec()));
    Value::Map(BTreeMap::from([side("front", pictures.front.hash()), side("back", pictures.back.hash())]))
}

/// What came of a step: variables, by name.
pub(crate) type Outcome = BTreeMap<String, Value>;

impl Core {
    /// The step is done: entries, token and outcome in one transaction. `also` is written with them.
    pub(crate) fn complete(
        &mut self,
        id: Id,
        changes: &[Change],
        outcome: Outcome,
        now: UnixMs,
        also: impl FnOnce(&mut Tx<'_>) -> Result<(), StoreError>,
    ) -> Result<(), StationError> {
        let case = self.cases.get(&id).ok_or(StationError::Missing { kind: "case" })?;
        let step = case.instance.token.clone();
        let mut instance = case.instance.clone();
        let definition = case.definition.clone()?;
        let over = matches!(definition.complete(&mut instance, outcome)?, Position::Ended(_));
        let row = case.row(&instance, !over, now)?;
        let person = case.person;
        let (house, session) = self.open()?;
        let by = session.did_for(person);
        house.store.write(|tx| {
            also(tx)?;
            for change in changes {
                tx.commit(change, &by, now)?;
            }
            let attempt = match tx.view().steps(id)?.iter().rev().find(|row| row.step == step) {
                Some(open) if open.outcome.is_none() => open.attempt,
                _ => tx.step_begin(id, &step, now)?,
            };
            tx.step_end(id, &step, attempt, "done", now)?;
            tx.put_instance(&row)
        })?;
        let case = self.case(id)?;
        case.instance = instance;
        case.entered_step();
        if over {
            case.ended(CaseState::Done);
            if self.bound == Some(id) {
                self.bound = None;
            }
        }
        self.person_changed(person)?;
        self.case_changed(id);
        Ok(())
    }

    /// Writes entries of a step that goes on.
    pub(crate) fn note(
        &mut self,
        id: Id,
        changes: &[Change],
        now: UnixMs,
        also: impl FnOnce(&mut Tx<'_>) -> Result<(), StoreError>,
    ) -> Result<(), StationError> {
        let person = self.case(id)?.person;
        let (house, session) = self.open()?;
        let by = session.did_for(person);
        house.store.write(|tx| {
            also(tx)?;
            for change in changes {
                tx.commit(change, &by, now)?;
            }
            Ok::<_, StationError>(())
        })
    }

    /// Sets a variable of a case that stays where it stands, together with entries.
    pub(crate) fn remember(
        &mut self,
        id: Id,
        name: &str,
        value: Value,
        changes: &[Change],
        now: UnixMs,
        also: impl FnOnce(&mut Tx<'_>) -> Result<(), StoreError>,
    ) -> Result<(), StationError> {
        let case = self.case(id)?;
        let mut instance = case.instance.clone();
        instance.variables.insert(name.to_owned(), value);
        let row = case.row(&instance, true, now)?;
        self.note(id, changes, now, |tx| {
            also(tx)?;
            tx.put_instance(&row)
        })?;
        self.case(id)?.instance = instance;
        Ok(())
    }

    /// Goes back to the user step before, never behind a card that was touched.
    pub(crate) fn back(&mut self, id: Id, now: UnixMs) -> Result<(), StationError> {
        let case = self.case(id)?;
        if !matches!(case.step(), Some(StepKind::Photo | StepKind::Preview | StepKind::Card)) {
            return Err(wrong_step(case));
        }
        let mut instance = case.instance.clone();
        let Some(before) = instance.passed.pop() else { return Err(wrong_step(case)) };
        instance.token = before;
        let row = case.row(&instance, true, now)?;
        let (house, _) = self.open()?;
        house.store.write(|tx| tx.put_instance(&row))?;
        let case = self.case(id)?;
        case.instance = instance;
        case.entered_step();
        case.pictures = None;
        self.case_changed(id);
        Ok(())
    }

    /// The case, if it stands at this step and somebody is signed in: asked before each change of a card.
    pub(crate) fn goes_on(&mut self, id: Id, kind: StepKind) -> Result<&mut Case, StationError> {
        self.open()?;
        if self.case(id)?.over() {
            return Err(StationError::CaseClosed);
        }
        self.at(id, &[kind])
    }

    /// The case at a step, or why not.
    pub(crate) fn at(&mut self, id: Id, kinds: &[StepKind]) -> Result<&mut Case, StationError> {
        let case = self.case(id)?;
        match case.step() {
            Some(step) if kinds.contains(&step) => Ok(case),
            _ => Err(wrong_step(case)),
        }
    }
}

pub(crate) fn wrong_step(case: &Case) -> StationError {
    match case.lost() {
        Some(error) => error.into(),
        None => StationError::WrongStep { step: case.step().map_or("", StepKind::word).to_owned() },
    }
}
