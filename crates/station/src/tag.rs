//! The 125 kHz chip of a badge ("tag" in here, since "chip" is the contact chip): written after the contactless card was
//! read back, read again before the badge is handed over.
//!
//! Its journal row lies on disk from the moment the card itself is done. So a station that is started again knows which of
//! the two the badge is wanted on; and the chip is written from whatever a run before has left of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use lanyard_device::{Chip, DeviceError, LfCard, LfKind, LfReader};
use lanyard_encoding::{ChipAnswer, ChipKind, ChipPlan, EncodingError, Plan};
use lanyard_issue::{KeyOnCard, StepKind, Tag, Technology};
use lanyard_model::{Change, Id, Kind, UnixMs, Value};
use lanyard_secret::Secret;
use lanyard_store::View;

use crate::api::{DeviceRole, Line, LineState};
use crate::cards::StationKeys;
use crate::case::{Case, Outcome};
use crate::house::writes;
use crate::lf::lies_there;
use crate::shared::{Core, Shared};
use crate::{StationError, entropy, journal, kept};

/// Ids of the credentials that its 125 kHz chips are, and what each sends.
const TAGS: &str = "tags";
const SENDS: &str = "tags_send";

const WRITE: &str = "encode.tag";
const HEAR: &str = "encode.tag_heard";

/// What is to be done with what lies on a 125 kHz reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TagWork {
    /// Write it, or go on writing it.
    Write(Id),
    /// Read it again, before it is handed over.
    Check(Id),
}

impl TagWork {
    fn case(self) -> Id {
        match self {
            Self::Write(case) | Self::Check(case) => case,
        }
    }

    /// A chip that has left the reader says nothing of what became of it: it is to be laid again.
    pub(crate) fn carry_out(self, shared: &Arc<Shared>, reader: &mut dyn LfReader) -> Result<(), StationError> {
        let done = match self {
            Self::Write(case) => write(shared, case, reader),
            Self::Check(case) => check(shared, case, reader),
        };
        match done {
            Err(StationError::Encoding(_) | StationError::Device(_))
                if !matches!(lies_there(reader, true), Ok(Some(_))) =>
            {
                Err(shared.quietly(|core| core.tag_lost(self.case())))
            }
            done => done,
        }
    }
}

fn write(shared: &Arc<Shared>, case: Id, reader: &mut dyn LfReader) -> Result<(), StationError> {
    let now = shared.now();
    let chip = shared.with(|core| core.tag_begin(case, now))?;
    let heard = reader.search()?;
    shared.quietly(|core| core.tag_is_free(case, heard.as_ref()))?;
    let keys = StationKeys(Arc::clone(shared));
    let mut guarded = Guarded { shared, case, inner: reader, refused: None };
    let written = chip.write(&keys, &mut guarded);
    if let Some(refused) = guarded.refused {
        return Err(refused);
    }
    written?;
    let now = shared.now();
    shared.with(|core| core.tag_line(case, HEAR, &chip, now))?;
    hear(&chip, reader)?;
    let now = shared.now();
    shared.with(|core| core.tag_written(case, now))
}

fn check(shared: &Arc<Shared>, case: Id, reader: &mut dyn LfReader) -> Result<(), StationError> {
    let chips = shared.quietly(|core| {
        core.goes_on(case, StepKind::HandOver)?;
        Ok::<_, StationError>(core.stored_plan(case)?.chips)
    })?;
    let keys = StationKeys(Arc::clone(shared));
    for chip in &chips {
        // Heard first: what is not this badge's is asked nothing.
        hear(chip, reader)?;
        chip.verify(&keys, reader)?;
    }
    let now = shared.now();
    shared.with(|core| core.tag_checked(case, now))
}

/// What a door hears. A reader without the maker's licence hears no HID Prox: then the blocks that were read back are all.
fn hear(chip: &ChipPlan, reader: &mut dyn LfReader) -> Result<(), StationError> {
    let heard = reader.search()?;
    let right = match (chip.answer, heard) {
        (ChipAnswer::Em4100(_), Some(card)) => card.kind == LfKind::Em4100 && card.id == sends(chip),
        (ChipAnswer::Em4100(_), None) => false,
        (ChipAnswer::Prox(_), Some(card)) => card.kind == LfKind::HidProx && card.id == sends(chip),
        (ChipAnswer::Prox(_), None) => true,
    };
    if right { Ok(()) } else { Err(chip.differs().into()) }
}

/// What it sends to everybody, as a reader tells it: 40 bits of an EM4100, 44 of a HID Prox card in 48.
fn sends(chip: &ChipPlan) -> Vec<u8> {
    match chip.answer {
        ChipAnswer::Em4100(number) => number.to_be_bytes()[3..].to_vec(),
        ChipAnswer::Prox(raw) => raw.to_be_bytes()[2..].to_vec(),
    }
}

/// The same for people: what is printed on an EM4100, ten digits; of a HID Prox card the raw bits.
fn number(chip: &ChipPlan) -> String {
    match chip.answer {
        ChipAnswer::Em4100(number) => format!("{number:010}"),
        ChipAnswer::Prox(raw) => format!("{raw:011X}"),
    }
}

fn technology(kind: ChipKind) -> Technology {
    match kind {
        ChipKind::T5577 => Technology::T5577,
        ChipKind::Em4305 => Technology::Em4305,
    }
}

fn details(chip: &ChipPlan) -> BTreeMap<String, String> {
    BTreeMap::from([("chip".to_owned(), chip.kind.word().to_uppercase()), ("number".to_owned(), number(chip))])
}

/// The lines of a plan's chips: written, and heard as a door does.
pub(crate) fn lines(plan: &Plan) -> impl Iterator<Item = Line> + '_ {
    plan.chips.iter().flat_map(|chip| {
        [WRITE, HEAR].map(|code| Line {
            code: code.to_owned(),
            details: details(chip),
            of: None,
            state: LineState::Ahead,
            took_ms: None,
        })
    })
}

/// The credentials that a plan's chips will be: what is written of them before the card is touched, and what the case keeps.
pub(crate) fn prepared(case: &Case, card: Id, plan: &Plan, outcome: &mut Outcome) -> Vec<Change> {
    if plan.chips.is_empty() {
        return Vec::new();
    }
    let (mut ids, mut sent, mut changes) = (Vec::new(), Vec::new(), Vec::new());
    for chip in &plan.chips {
        let (id, sends) = (entropy::id(), sends(chip));
        let key = chip.password.iter().map(|key| KeyOnCard { name: key.name.clone(), version: key.version });
        changes.push(case.entries().tag_prepared(&Tag {
            id,
            card,
            chip: technology(chip.kind),
            answers_as: match chip.answer {
                ChipAnswer::Em4100(_) => "em4100",
                ChipAnswer::Prox(_) => "prox",
            },
            sends: &sends,
            number: &number(chip),
            keys: key.collect(),
        }));
        ids.push(Value::Bytes(id.0.to_vec()));
        sent.push(Value::Bytes(sends));
    }
    outcome.insert(TAGS.to_owned(), Value::Array(ids));
    outcome.insert(SENDS.to_owned(), Value::Array(sent));
    changes
}

/// Which chip of a card's plan is due, by its journal; `None` while the card itself is.
pub(crate) fn reached(view: View<'_>, card: Id) -> Option<usize> {
    let begun = journal::of(view, card).ok()?.pop()?;
    let step = usize::try_from(begun.rows.last()?.step).ok()?;
    step.checked_sub(begun.plan.steps.len())
}

/// A badge that was voided meanwhile, or a station that was locked, writes no further block.
struct Guarded<'a> {
    shared: &'a Shared,
    case: Id,
    inner: &'a mut dyn LfReader,
    refused: Option<StationError>,
}

impl LfReader for Guarded<'_> {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn search(&mut self) -> Result<Option<LfCard>, DeviceError> {
        self.inner.search()
    }

    fn read(
        &mut self,
        chip: Chip,
        address: u8,
        password: Option<&Secret<4>>,
    ) -> Result<Option<Secret<4>>, DeviceError> {
        self.inner.read(chip, address, password)
    }

    fn write(
        &mut self,
        chip: Chip,
        address: u8,
        value: &Secret<4>,
        password: Option<&Secret<4>>,
    ) -> Result<(), DeviceError> {
        if let Err(refused) = self.shared.quietly(|core| core.goes_on(self.case, StepKind::Encode).map(|_| ())) {
            self.refused = Some(refused);
            return Err(DeviceError::Busy { device: self.inner.name().to_owned() });
        }
        self.inner.write(chip, address, value, password)
    }

    fn login(&mut self, chip: Chip, password: &Secret<4>) -> Result<bool, DeviceError> {
        self.inner.login(chip, password)
    }

    fn field_off(&mut self) -> Result<(), DeviceError> {
        self.inner.field_off()
    }
}

impl Case {
    fn bytes_of(&self, name: &str) -> Vec<&[u8]> {
        match self.instance.variables.get(name) {
            Some(Value::Array(values)) => values.iter().filter_map(Value::as_bytes).collect(),
            _ => Vec::new(),
        }
    }

    /// The credentials that its 125 kHz chips are; none where its encoding has no such chip.
    pub(crate) fn tags(&self) -> Vec<Id> {
        self.bytes_of(TAGS).into_iter().filter_map(|id| id.try_into().ok()).map(Id).collect()
    }

    /// What the station waits for, or works at, is a 125 kHz chip.
    pub(crate) fn at_tag(&self) -> bool {
        match self.step() {
            Some(StepKind::Encode) => self.tag.is_some(),
            Some(StepKind::HandOver) => !self.tags().is_empty() && !self.hand_over.tag_checked,
            _ => false,
        }
    }
}

impl Core {
    /// Whether some case waits for a 125 kHz chip: only then is one spoken to.
    pub(crate) fn wants_tag(&self) -> bool {
        self.session.is_some() && self.cases.values().any(|case| case.waits_for_card() && case.at_tag())
    }

    /// Whether a chip of this kind can be written here. EM4305 is not: what a TWN4 does with its words is unconfirmed.
    pub(crate) fn writes_tag(&self, chip: ChipKind) -> bool {
        chip == ChipKind::T5577 && self.devices.keys().any(|id| self.fits(id, DeviceRole::Lf))
    }

    /// What is to be done with what lies on this reader.
    pub(crate) fn next_tag_work(&mut self, id: &str) -> Option<TagWork> {
        self.session.as_ref()?;
        let sent = self.devices.get(id)?.card.as_ref()?.uid.clone();
        if !self.house.as_ref().is_some_and(writes) || !self.fits(id, DeviceRole::Lf) {
            return None;
        }
        // A chip that is no badge's yet is meant for the case that is on the screen, as a blank is.
        let on_screen = |case: &&Case| self.bound == Some(case.id);
        let of_badge = |case: &&Case| match sent.as_slice() {
            [] => on_screen(case),
            sent => case.bytes_of(SENDS).contains(&sent),
        };
        let mut due = self
            .order
            .iter()
            .filter_map(|case| self.cases.get(case))
            .filter(|case| case.problem.is_none() && !case.busy && !case.over() && case.at_tag());
        due.find_map(|case| match case.step() {
            Some(StepKind::Encode) if on_screen(&case) => Some(TagWork::Write(case.id)),
            Some(StepKind::HandOver) if case.hand_over.how.is_some() && of_badge(&case) => {
                Some(TagWork::Check(case.id))
            }
            _ => None,
        })
    }

    /// The card itself is read back: from now on this chip of its plan is due.
    pub(crate) fn tag_due(&mut self, id: Id, chip: usize) -> Result<(), StationError> {
        let card = self.case(id)?.reference("card").ok_or(StationError::Missing { kind: "card" })?;
        let row = self.stored_plan(id)?.chip_row(chip).ok_or(EncodingError::JournalForeign)?;
        let line = kept::json("journal", &row)?;
        self.open()?.0.store.journal_append(card, line.as_bytes())?;
        let case = self.case(id)?;
        (case.tag, case.busy) = (Some(chip), false);
        for line in case.lines.iter_mut().filter(|line| line.state == LineState::Running) {
            line.state = LineState::Done;
        }
        self.case_changed(id);
        Ok(())
    }

    fn tag_begin(&mut self, id: Id, now: UnixMs) -> Result<ChipPlan, StationError> {
        let case = self.goes_on(id, StepKind::Encode)?;
        let chip = case.tag.ok_or(StationError::WrongStep { step: StepKind::Encode.word().to_owned() })?;
        let chip = self.stored_plan(id)?.chips.into_iter().nth(chip).ok_or(EncodingError::JournalForeign)?;
        self.tag_line(id, WRITE, &chip, now)?;
        Ok(chip)
    }

    fn tag_line(&mut self, id: Id, code: &str, chip: &ChipPlan, now: UnixMs) -> Result<(), StationError> {
        self.goes_on(id, StepKind::Encode)?.line(code, details(chip), now);
        self.case_changed(id);
        Ok(())
    }

    /// A chip that sends the number of somebody's badge is not written over.
    fn tag_is_free(&mut self, id: Id, heard: Option<&LfCard>) -> Result<(), StationError> {
        let Some(heard) = heard else { return Ok(()) };
        let (own, number) = (self.case(id)?.reference("card"), self.case(id)?.text("number").to_owned());
        match self.card_of_tag(&heard.id) {
            Some((card, view, _)) if own != Some(card) => Err(StationError::OtherCard { number, lying: view.number }),
            _ => Ok(()),
        }
    }

    /// The card of ours whose chip sends this, unless it is void.
    pub(crate) fn card_of_tag(&self, sends: &[u8]) -> Option<(Id, crate::api::CardView, crate::api::PersonHit)> {
        let view = self.house.as_ref()?.store.view();
        let of = view.records_by(Kind::Credential, "uid", &Value::Bytes(sends.to_vec())).ok()?;
        let of = of.into_iter().rev().find(|credential| credential.state != "void")?;
        self.card_of_credential(&of)
    }

    /// Written, read back, heard: the next chip of the badge, or all that is on it is done.
    fn tag_written(&mut self, id: Id, now: UnixMs) -> Result<(), StationError> {
        let next = self.goes_on(id, StepKind::Encode)?.tag.map_or(0, |chip| chip + 1);
        if next < self.stored_plan(id)?.chips.len() { self.tag_due(id, next) } else { self.all_written(id, now) }
    }

    fn tag_lost(&mut self, id: Id) -> StationError {
        match self.stored_plan(id) {
            Ok(plan) => {
                let (steps, chips) = (plan.steps.len(), plan.chips.len());
                let at = self.cases.get(&id).and_then(|case| case.tag).unwrap_or_default();
                let step = plan.chips.get(at).map_or("", |chip| chip.kind.word());
                EncodingError::Lost { step, at: steps + at, of: steps + chips }.into()
            }
            Err(error) => error,
        }
    }

    pub(crate) fn tag_failed(&mut self, work: TagWork, error: &StationError) {
        let id = work.case();
        if let Ok(case) = self.case(id)
            && !case.over()
        {
            case.stopped(error);
        }
        self.case_changed(id);
    }
}

impl Shared {
    /// Found and taken under one lock.
    pub(crate) fn take_tag_work(&self, id: &str) -> Option<TagWork> {
        if self.stopping() {
            return None;
        }
        self.with(|core| {
            let work = core.next_tag_work(id)?;
            core.case(work.case()).ok()?.busy = true;
            core.case_changed(work.case());
            Some(work)
        })
    }
}
