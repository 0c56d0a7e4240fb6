//! The state as it is shown.

use lanyard_issue::StepKind;
use lanyard_model::Id;

use crate::api::{
    CardOfCase, CaseState, CaseSummary, CaseView, ChipFact, DataView, DeviceView, Exchanges, HandOver, PhotoHint,
    PhotoWork, Problem, ShownPin, Status, StepState, StepView, Texts,
};
use crate::case::Case;
use crate::pictures::CardPictures;
use crate::shared::Core;
use crate::{StationError, cards, definitions, people};

fn texts(names: &lanyard_workflow::Names) -> Texts {
    Texts { en: names.en.clone(), fr: names.fr.clone(), de: names.de.clone(), sv: names.sv.clone() }
}

impl Core {
    /// Everything that is always on screen.
    pub(crate) fn status(&self) -> Status {
        let house = match (&self.house, &self.closed) {
            (Some(house), _) => Some(house.view()),
            (None, Some(closed)) => Some(closed.view()),
            (None, None) => None,
        };
        let entries = self.house.as_ref().and_then(|house| house.store.view().head().ok()).map_or(0, |(seq, _)| seq);
        Status {
            house,
            session: self.session.as_ref().map(|session| session.view()),
            devices: self.device_views(),
            cases: self.summaries(),
            data: DataView {
                server: false,
                entries,
                clock_back: self.house.as_ref().is_some_and(|house| house.store.clock_back()),
            },
        }
    }

    fn device_views(&self) -> Vec<DeviceView> {
        let printed = self.house.as_ref().and_then(crate::house::House::printed_to_file);
        let mut views: Vec<DeviceView> = self.devices.iter().map(|(id, device)| device.view(id, printed)).collect();
        if self.session.is_none() {
            // Whose card lies there is nobody's business while nobody is signed in.
            for view in &mut views {
                view.card = None;
            }
        }
        views
    }

    /// Open cases, the one worked on last first.
    pub(crate) fn summaries(&self) -> Vec<CaseSummary> {
        self.order
            .iter()
            .filter_map(|id| self.cases.get(id))
            .filter(|case| !case.over())
            .map(|case| CaseSummary {
                id: case.id.to_string(),
                person: case.hit.clone(),
                step: case.step().map_or("", StepKind::word).to_owned(),
                state: self.state_of(case),
            })
            .collect()
    }

    /// Why no printer takes the case's job yet.
    fn no_printer(&self, case: &Case) -> Option<Problem> {
        let waits = case.step() == Some(StepKind::Print) && case.problem.is_none() && !case.busy;
        waits.then(|| self.printer_awaited(case)).flatten().map(|error| (&error).into())
    }

    fn state_of(&self, case: &Case) -> CaseState {
        if self.no_printer(case).is_some() { CaseState::Stopped } else { case.state() }
    }

    /// A case as the issue screen shows it.
    pub(crate) fn case_view(&self, id: Id) -> Option<CaseView> {
        let case = self.cases.get(&id)?;
        // One that is lost has the name of its successor.
        let definition = case.definition.clone().or_else(|_| definitions::shipped()).ok()?;
        let step = case.step();
        let lost = || case.lost().map(|error| Problem::from(&StationError::from(error)));
        let problem = case.problem.clone().or_else(lost).or_else(|| self.no_printer(case));
        let state = self.state_of(case);
        let record = self
            .house
            .as_ref()
            .filter(|_| step == Some(StepKind::Data))
            .and_then(|house| house.store.view().record(people::person(case.person)).ok().flatten());
        Some(CaseView {
            id: id.to_string(),
            person: case.hit.clone(),
            workflow: texts(definition.names()),
            steps: self.strap(case, &definition),
            step: step.map_or("", StepKind::word).to_owned(),
            state,
            fields: if step == Some(StepKind::Data) { people::fields(record.as_ref()) } else { Vec::new() },
            photo: case.photo.as_ref().map(|photo| PhotoWork {
                framed: photo.portrait.id(),
                adjust: photo.adjust,
                hints: photo
                    .hints
                    .iter()
                    .map(|hint| PhotoHint {
                        code: hint.code().to_owned(),
                        details: hint.details().into_iter().map(|(n, v)| (n.to_owned(), v)).collect(),
                    })
                    .collect(),
            }),
            pictures: case.pictures.as_ref().map(CardPictures::ids).or_else(|| case.looked.clone()),
            card: self.card_of_case(case),
            tag: case.at_tag(),
            exchanges: case.exchanges.map(|(done, total)| Exchanges { done, total }),
            lines: case.lines.clone(),
            chip: chip_facts(case, self.house.as_ref().and_then(|house| house.facility().ok())),
            hand_over: (step == Some(StepKind::HandOver)).then(|| HandOver {
                ready: case.hand_over_ready(),
                pin: case
                    .hand_over
                    .pin
                    .as_ref()
                    .filter(|_| case.hand_over_ready())
                    .map(|digits| ShownPin(digits.duplicate())),
            }),
            actions: actions(case, step, problem.is_some()),
            problem,
        })
    }

    fn strap(&self, case: &Case, definition: &lanyard_workflow::Definition) -> Vec<StepView> {
        let tasks = definition.tasks_in_order(&case.instance).unwrap_or_default();
        tasks
            .into_iter()
            .map(|(stage, task)| StepView {
                id: task.id.clone(),
                kind: task.kind.clone(),
                name: texts(&task.names),
                state: match stage {
                    lanyard_workflow::Stage::Done => StepState::Done,
                    lanyard_workflow::Stage::Current => StepState::Current,
                    lanyard_workflow::Stage::Ahead => StepState::Ahead,
                },
                note: if stage == lanyard_workflow::Stage::Done {
                    format!("step.note.{}", task.kind)
                } else {
                    String::new()
                },
            })
            .collect()
    }

    fn card_of_case(&self, case: &Case) -> Option<CardOfCase> {
        let number = case.text("number");
        if number.is_empty() {
            return None;
        }
        let uid = case.instance.variables.get("uid").and_then(lanyard_model::Value::as_bytes).unwrap_or_default();
        let on = self
            .devices
            .values()
            .find(|device| !uid.is_empty() && device.card.as_ref().is_some_and(|seen| seen.uid == uid));
        Some(CardOfCase {
            id: case.reference("card").map(|id| id.to_string()).unwrap_or_default(),
            number: number.to_owned(),
            uid: hex::encode(uid),
            on: on.map(|device| device.name.clone()),
        })
    }

    /// A picture that is being worked on, by its id.
    pub(crate) fn working_picture(&self, id: &str) -> Option<Vec<u8>> {
        self.cases.values().find_map(|case| {
            let photo = case.photo.as_ref().map(|photo| &photo.portrait);
            let pictures = case.pictures.as_ref();
            [photo, pictures.map(|p| &p.front), pictures.map(|p| &p.back)]
                .into_iter()
                .flatten()
                .find(|picture| picture.id() == id)
                .map(|picture| picture.bytes.clone())
        })
    }
}

fn chip_facts(case: &Case, facility: Option<u8>) -> Vec<ChipFact> {
    let number = case.text("number");
    if number.is_empty() {
        return Vec::new();
    }
    let mut facts = vec![ChipFact { code: "chip.number".to_owned(), value: number.to_owned() }];
    // What cannot be read is not shown; whoever is about to write it is told.
    if let Some(Ok((facility, short))) = facility.map(|facility| cards::wiegand26(facility, number)) {
        facts.push(ChipFact { code: "chip.facility".to_owned(), value: format!("{facility} / {short}") });
    }
    if case.chip_key() {
        let done = case.instance.passed.iter().any(|step| step == "certify");
        let value = if done { "P-256".to_owned() } else { String::new() };
        facts.push(ChipFact { code: "chip.certificate".to_owned(), value });
    }
    facts
}

fn actions(case: &Case, step: Option<StepKind>, problem: bool) -> Vec<String> {
    let mut actions = Vec::new();
    if case.over() {
        return actions;
    }
    if problem {
        actions.push("retry".to_owned());
    } else if !case.busy && step.is_some_and(|step| !step.by_station() && step != StepKind::Card) {
        actions.push("main".to_owned());
    }
    actions.push("void".to_owned());
    if matches!(step, Some(StepKind::Photo | StepKind::Preview | StepKind::Card)) {
        actions.push("back".to_owned());
    }
    actions
}
