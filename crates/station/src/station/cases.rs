//! Commands about people and cases.

use std::path::Path;
use std::time::Duration;

use lanyard_model::{Id, Kind};
use lanyard_people as form;

use super::{Answer, Station, problem};
use crate::api::{CaseView, ImportReport, PersonHit, PersonInput, PersonView, StepInput};
use crate::{StationError, people, steps};

impl Station {
    /// People, as you type; nothing typed: those worked on last.
    ///
    /// # Errors
    /// Nobody signed in.
    pub fn search(&self, query: &str, limit: usize) -> Answer<Vec<PersonHit>> {
        self.write(|core, _| core.search(query, limit))
    }

    /// A person's page.
    ///
    /// # Errors
    /// No such person.
    pub fn person(&self, id: &str) -> Answer<PersonView> {
        self.write(|core, _| core.person_view(people::id_of(id, "person")?))
    }

    /// The one person who answers to an id, a staff number, or words of their name: whole ones, for with half a number
    /// somebody else is found, and is given the badge.
    ///
    /// # Errors
    /// Nobody, or several.
    pub fn person_of(&self, text: &str) -> Answer<String> {
        self.write(|core, _| {
            if let Ok(id) = text.parse::<Id>() {
                return Ok(id.to_string());
            }
            let (house, _) = core.open()?;
            let view = house.store.view();
            let mut found = view.records_by(Kind::Person, "staff_no", &text.into())?;
            if found.is_empty() {
                found = view.search(text, 20)?;
                if let [one] = found.as_slice()
                    && !people::is_called(one, text)
                {
                    found.clear();
                }
            }
            match found.as_slice() {
                [one] => Ok(one.of.id.to_string()),
                [] => Err(StationError::Missing { kind: "person" }),
                several => Err(StationError::Ambiguous { count: several.len() }),
            }
        })
    }

    /// Adds or corrects a person.
    ///
    /// # Errors
    /// What does not do, by field; somebody very like them.
    pub fn person_save(&self, person: PersonInput) -> Answer<PersonView> {
        let id = self.write(|core, now| core.person_save(&person, now))?;
        self.person(&id.to_string())
    }

    /// People from a CSV file.
    ///
    /// # Errors
    /// A file that cannot be understood: nothing is changed then.
    pub fn import_people(&self, bytes: &[u8]) -> Answer<ImportReport> {
        self.write(|core, now| core.import(bytes, now))
    }

    /// Puts the lines that an import refused into a new file in a folder, `NAME-refused.csv` or with a number where that is
    /// taken, and says where it is. `reasons`: one a line, in the reader's language.
    ///
    /// # Errors
    /// A folder that cannot be written to; nobody is signed in.
    pub fn refused_save(&self, folder: &Path, name: &str, csv: &str, reasons: &[String]) -> Answer<String> {
        self.write(|core, _| core.open().map(|_| ()))?;
        people::refused_save(folder, name, &form::with_reasons(csv, reasons))
            .map(|path| path.display().to_string())
            .map_err(problem)
    }

    /// Sets a photo outside of a case: taken as found, with a reason where there are hints.
    ///
    /// # Errors
    /// A file that is no picture; hints without a reason.
    pub fn photo_set(&self, person: &str, bytes: &[u8], reason: Option<&str>) -> Answer<PersonView> {
        let read = steps::read_photo(bytes).map_err(problem)?;
        self.write(|core, now| core.photo_set(people::id_of(person, "person")?, read, reason, now))?;
        self.person(person)
    }

    /// The bytes of a picture.
    ///
    /// # Errors
    /// No such picture.
    pub fn blob(&self, id: &str) -> Answer<Vec<u8>> {
        self.write(|core, _| {
            if let Some(bytes) = core.working_picture(id) {
                return Ok(bytes);
            }
            let missing = || StationError::Missing { kind: "picture" };
            let sha256: [u8; 32] = hex::decode(id).ok().and_then(|id| id.try_into().ok()).ok_or_else(missing)?;
            let (house, _) = core.open()?;
            house.store.view().blob(&sha256)?.map(|(_, bytes)| bytes).ok_or_else(missing)
        })
    }

    /// Opens the issue of a badge; the open one, if there is one.
    ///
    /// # Errors
    /// No such person.
    pub fn case_open(&self, person: &str) -> Answer<CaseView> {
        self.open_for(person, None)
    }

    /// As [`Self::case_open`], for a card of another encoding than that in use.
    ///
    /// # Errors
    /// No such encoding; the open case is for another one.
    pub fn case_open_with(&self, person: &str, encoding: &str) -> Answer<CaseView> {
        self.open_for(person, Some(encoding))
    }

    fn open_for(&self, person: &str, encoding: Option<&str>) -> Answer<CaseView> {
        let id = self.write(|core, now| {
            let id = core.open_case(people::id_of(person, "person")?, encoding, now)?;
            core.bind(id, now);
            Ok(id)
        })?;
        self.case_view(&id.to_string())
    }

    /// A case.
    ///
    /// # Errors
    /// No such case.
    pub fn case_view(&self, id: &str) -> Answer<CaseView> {
        self.write(|core, _| {
            let id = people::id_of(id, "case")?;
            core.case_view(id).ok_or(StationError::Missing { kind: "case" })
        })
    }

    /// What the operator does in a step.
    ///
    /// # Errors
    /// Input of another step, and what the step itself refuses.
    pub fn case_do(&self, id: &str, input: StepInput) -> Answer<CaseView> {
        self.write(|core, now| core.step_input(people::id_of(id, "case")?, input, now))?;
        self.case_view(id)
    }

    /// Step `photo`: a file or a camera picture.
    ///
    /// # Errors
    /// No picture; too large; cut off.
    pub fn case_photo(&self, id: &str, bytes: &[u8]) -> Answer<CaseView> {
        let read = steps::read_photo(bytes).map_err(problem)?;
        self.write(|core, _| core.take_photo(people::id_of(id, "case")?, read))?;
        self.case_view(id)
    }

    /// From now on the next blank belongs to this case.
    ///
    /// # Errors
    /// No such case.
    pub fn case_bind(&self, id: &str) -> Answer<CaseView> {
        self.write(|core, now| {
            let id = people::id_of(id, "case")?;
            if core.case(id)?.over() {
                return Err(StationError::CaseClosed);
            }
            core.bind(id, now);
            core.worked_on(id);
            Ok(())
        })?;
        self.case_view(id)
    }

    /// Ends a case without a badge; what was made is void.
    ///
    /// # Errors
    /// A reason that does not void; a case that is over.
    pub fn case_void(&self, id: &str, reason: &str) -> Answer<CaseView> {
        self.write(|core, now| core.void_case(people::id_of(id, "case")?, lanyard_issue::void_reason(reason)?, now))?;
        self.case_view(id)
    }

    /// Waits until a case looks different from `seen`, or the time is up: for scripts.
    #[must_use]
    pub fn case_wait(&self, seen: &CaseView, limit: Duration) -> Option<CaseView> {
        let id: Id = seen.id.parse().ok()?;
        self.shared.wait(limit, |core| core.case_view(id).filter(|view| view != seen))
    }

    /// Whether the operator may print a card of a real house into a file, for this reason: asked before anything is begun.
    ///
    /// # Errors
    /// Without the right; without a reason.
    pub fn may_print_to_file(&self, reason: &str) -> Answer<()> {
        self.write(|core, _| core.may_print_to_file(reason))
    }

    /// The PDF of a case's card, as it goes to the printer.
    ///
    /// # Errors
    /// No such case, or nothing to draw yet.
    pub fn case_pdf(&self, id: &str) -> Answer<Vec<u8>> {
        self.write(|core, now| Ok(core.draw(people::id_of(id, "case")?, now)?.pdf))
    }
}
