//! `lanyard issue`: a case carried through by the command line in the operator's place.

use std::time::{Duration, Instant};

use lanyard_station::Station;
use lanyard_station::api::{CaseState, CaseView, Identified, Problem, ShownPin, StepInput, StepState};
use serde::Serialize;

use crate::arguments::Issue;
use crate::commands::{free, read_file, write_new};
use crate::output::{answer, note, usage_problem};
use crate::{roles, waits};

/// What came of it.
#[derive(Serialize)]
struct Issued {
    case: CaseView,
    pin: Option<ShownPin>,
}

/// The command.
pub fn command(station: &Station, wish: &Issue, json: bool) -> Result<(), Problem> {
    if wish.workflow != "issue" {
        return Err(usage_problem("--workflow", &wish.workflow));
    }
    if let Some(file) = &wish.pin_file {
        free(file)?;
    }
    let how = match wish.identified.as_str() {
        "known" => Identified::Known,
        "identity_card" => Identified::IdentityCard,
        "passport" => Identified::Passport,
        "driving_licence" => Identified::DrivingLicence,
        other => return Err(usage_problem("--identified", other)),
    };
    let photo = match &wish.photo {
        Some(file) => Some(read_file(file)?),
        None => None,
    };
    station.settle();
    let person = station.person_of(&wish.person)?;
    roles::assign(station, wish, printed(station, &person)?)?;
    let case = match &wish.encoding {
        Some(encoding) => station.case_open_with(&person, encoding)?,
        None => station.case_open(&person)?,
    };
    // Before the badge is given: where the file cannot be written, the case stays at its hand-over, and the holder gets another
    // PIN there.
    let mut keep_pin = |pin: &str| match &wish.pin_file {
        Some(file) => write_new(file, pin.as_bytes()),
        None => Ok(()),
    };
    let (case, pin) = carry_through(
        station,
        case,
        &mut Carry {
            photo,
            photo_reason: wish.photo_reason.clone(),
            print_reason: wish.print_reason.clone(),
            how,
            wait: Duration::from_secs(wish.wait),
            until: None,
            keep_pin: Some(&mut keep_pin),
        },
    )?;
    let pin = pin.filter(|_| wish.pin_file.is_none());
    answer(json, &Issued { case, pin }, |issued| {
        let number = issued.case.card.as_ref().map(|card| card.number.clone()).unwrap_or_default();
        let mut lines = vec![format!("{number} issued to {}", issued.case.person.name)];
        lines.extend(issued.pin.as_ref().map(|pin| format!("PIN (shown once): {}", pin.digits())));
        lines
    });
    Ok(())
}

/// Whether the badge that is being issued to this person has come out of its printer.
fn printed(station: &Station, person: &str) -> Result<bool, Problem> {
    let cases = station.status().cases;
    let Some(open) = cases.iter().find(|case| case.person.id == person) else { return Ok(false) };
    let steps = station.case_view(&open.id)?.steps;
    Ok(steps.iter().any(|step| step.kind == "print" && step.state == StepState::Done))
}

/// The case did not come to its end: void, or nobody did what its step waits for.
fn ended(code: &str, view: &CaseView) -> Problem {
    Problem { code: code.to_owned(), ..usage_problem("step", &view.step) }
}

/// Time is up: what for, and what lies there instead.
fn waited(station: &Station, view: &CaseView) -> Problem {
    let mut problem = view.problem.clone().unwrap_or_else(|| ended("case.waited", view));
    problem.details.insert("waits_for".to_owned(), waits::words(view, &station.status().devices));
    problem
}

/// Writes the holder's PIN where the caller wants it.
pub type KeepPin<'a> = &'a mut dyn FnMut(&str) -> Result<(), Problem>;

/// How the operator would act.
pub struct Carry<'a> {
    pub photo: Option<Vec<u8>>,
    pub photo_reason: Option<String>,
    /// Why the card may go into a file: good for one.
    pub print_reason: Option<String>,
    pub how: Identified,
    pub wait: Duration,
    /// Stop when the case stands at this step.
    pub until: Option<String>,
    /// Told the PIN before the badge is given; one that cannot be kept is not given.
    pub keep_pin: Option<KeepPin<'a>>,
}

/// From where the case stands to handed over. The PIN, if the badge has one.
pub fn carry_through(
    station: &Station,
    mut view: CaseView,
    carry: &mut Carry<'_>,
) -> Result<(CaseView, Option<ShownPin>), Problem> {
    let mut told = String::new();
    let mut pin = None;
    let mut print_reason = carry.print_reason.clone();
    let mut deadline = Instant::now() + carry.wait;
    station.case_bind(&view.id)?;
    loop {
        let stands = format!("{} {:?} {:?}", view.step, view.state, view.problem.as_ref().map(|p| &p.code));
        if stands != told {
            note(&format!("lanyard: {stands}"));
            told = stands;
            deadline = Instant::now() + carry.wait;
        }
        if carry.until.as_deref() == Some(view.step.as_str()) {
            return Ok((view, pin));
        }
        let input = match (view.step.as_str(), view.state) {
            (_, CaseState::Done) => return Ok((view, pin)),
            (_, CaseState::Void) => return Err(ended("case.void", &view)),
            ("data", CaseState::Waiting) => Some(StepInput::ConfirmData {
                fields: view.fields.iter().map(|field| (field.name.clone(), field.value.clone())).collect(),
            }),
            ("photo", CaseState::Waiting) => match (&carry.photo, &view.photo) {
                (Some(bytes), None) => {
                    view = station.case_photo(&view.id, bytes)?;
                    continue;
                }
                (Some(_), Some(_)) => Some(StepInput::AcceptPhoto { reason: carry.photo_reason.clone() }),
                (None, _) => Some(StepInput::KeepPhoto),
            },
            ("preview", CaseState::Waiting) => Some(StepInput::AcceptPreview),
            ("hand_over", CaseState::Waiting) => match &view.hand_over {
                Some(done) if done.ready => {
                    pin = done.pin.clone();
                    if let (Some(pin), Some(keep)) = (&pin, carry.keep_pin.as_mut()) {
                        keep(pin.digits())?;
                    }
                    Some(StepInput::Given)
                }
                _ => Some(StepInput::Identify { how: carry.how }),
            },
            _ => None,
        };
        let asked = view.problem.as_ref().is_some_and(|problem| problem.code == "policy.print.reason");
        let input = match print_reason.take_if(|_| asked) {
            Some(reason) => Some(StepInput::PrintToFile { reason }),
            None => input,
        };
        if let Some(input) = input {
            view = station.case_do(&view.id, input)?;
            continue;
        }
        // Who is issued to by command line accepts each preview: so also the one that was drawn anew since.
        if view.problem.as_ref().is_some_and(|problem| problem.code == "case.preview.changed") {
            view = station.case_do(&view.id, StepInput::Retry)?;
            continue;
        }
        if let Some(problem) = view.problem.as_ref().filter(|problem| asked || problem.helps != "same_again") {
            return Err(problem.clone());
        }
        let left = deadline.saturating_duration_since(Instant::now());
        match station.case_wait(&view, left) {
            Some(next) => view = next,
            None => return Err(waited(station, &view)),
        }
    }
}
