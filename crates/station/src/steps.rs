//! What the operator does in a step: data, photo, preview, hand-over; and what is made ready for the next.

use std::collections::BTreeMap;

use lanyard_issue::{NewPhoto, StepKind};
use lanyard_layout::Design;
use lanyard_model::{Change, Id, Kind, RecordRef, UnixMs, Value};
use lanyard_people as form;
use lanyard_photo::{Adjustments, Face, Photo, frame};
use lanyard_secret::Secret;
use lanyard_store::{StoreError, Tx};

use crate::api::{Adjust, Identified, StepInput};
use crate::case::{ACCEPTED, Case, HandOverState, Outcome, PhotoState, VALID_UNTIL, looks, wrong_step};
use crate::pictures::{self, CardPictures, OnCard, Picture};
use crate::shared::Core;
use crate::{StationError, cards, entropy, kept, people};

/// Where a design has no place for a photo, portraits are framed to this.
const RATIO: f32 = 0.75;

/// A photo that was read and searched for faces, which takes too long for the station to wait for.
pub(crate) struct ReadPhoto {
    photo: Photo,
    faces: Vec<Face>,
}

/// Reads a file or camera picture.
pub(crate) fn read_photo(bytes: &[u8]) -> Result<ReadPhoto, StationError> {
    let photo = Photo::read(bytes)?;
    let faces = photo.find_faces();
    Ok(ReadPhoto { photo, faces })
}

pub(crate) fn framed(read: ReadPhoto, adjust: Adjust) -> Result<PhotoState, StationError> {
    let ReadPhoto { photo, faces } = read;
    let framed = frame(&photo, &faces, ratio()?, adjustments(adjust))?;
    Ok(PhotoState { photo, faces, adjust, portrait: Picture::jpeg(framed.jpeg), hints: framed.hints })
}

fn ratio() -> Result<f32, StationError> {
    Ok(pictures::design().map(Design::photo_ratio)?.unwrap_or(RATIO))
}

fn adjustments(adjust: Adjust) -> Adjustments {
    let zoom = if adjust.zoom > 0.0 { adjust.zoom } else { 1.0 };
    Adjustments { dx: adjust.dx, dy: adjust.dy, zoom, turn_degrees: adjust.turn_degrees }
}

fn accepts(case: &Case, pictures: &CardPictures) -> Result<Vec<Change>, StationError> {
    let (front, back) = (pictures.front.blob(), pictures.back.blob());
    Ok(case.entries().preview_accepted(&pictures::about()?.id, case.text("number"), front, back))
}

fn put(tx: &mut Tx<'_>, pictures: &CardPictures) -> Result<(), StoreError> {
    pictures.front.put(tx)?;
    pictures.back.put(tx)
}

impl Core {
    /// One input of the operator's.
    pub(crate) fn step_input(&mut self, id: Id, input: StepInput, now: UnixMs) -> Result<(), StationError> {
        if self.case(id)?.over() {
            return Err(StationError::CaseClosed);
        }
        match input {
            StepInput::ConfirmData { fields } => self.confirm_data(id, &fields, now)?,
            StepInput::AdjustPhoto { adjust } => self.adjust_photo(id, adjust)?,
            StepInput::AcceptPhoto { reason } => self.accept_photo(id, reason.as_deref(), now)?,
            StepInput::KeepPhoto => self.keep_photo(id, now)?,
            StepInput::AcceptPreview => self.accept_preview(id, now)?,
            StepInput::Retry => {
                let case = self.case(id)?;
                case.problem = None;
                match case.step() {
                    Some(StepKind::Preview) => self.make_preview(id, now)?,
                    Some(StepKind::Card | StepKind::Encode) => self.blank_still_asked_for(),
                    Some(StepKind::Print) => self.accept_changed(id, now)?,
                    _ => {}
                }
            }
            StepInput::PrintToFile { reason } => self.print_to_file(id, &reason)?,
            StepInput::Identify { how } => {
                let case = self.at(id, &[StepKind::HandOver])?;
                case.problem = None;
                case.hand_over.how = Some(how);
            }
            StepInput::Given => self.given(id, now)?,
            StepInput::Back => self.back(id, now)?,
        }
        self.worked_on(id);
        Ok(())
    }

    fn confirm_data(&mut self, id: Id, fields: &BTreeMap<String, String>, now: UnixMs) -> Result<(), StationError> {
        form::check(fields, true)?;
        let case = self.at(id, &[StepKind::Data])?;
        let (person, of) = (case.person, case.encoding());
        let empty = |name: &str| fields.get(name).is_none_or(|value| value.trim().is_empty());
        let encoding = self.encoding(&of)?;
        let asked = |field: &&form::Field| encoding.values().contains(&format!("person.{}", field.name).as_str());
        if let Some(field) = form::FORM.iter().filter(asked).find(|field| empty(field.name)) {
            return Err(form::PersonError::Missing { field: field.name }.into());
        }
        let house = self.house.as_ref().ok_or(StationError::NoHouse)?;
        let view = house.store.view();
        let record = view.required(people::person(person))?;
        let changed = people::changed(&record, fields);
        if let Some(number) = changed.get("staff_no")
            && view.records_by(Kind::Person, "staff_no", number)?.iter().any(|other| other.of.id != person)
        {
            return Err(StationError::StaffNumberTaken);
        }
        let changes = self.case(id)?.entries().data_confirmed(changed);
        self.complete(id, &changes, Outcome::new(), now, |_| Ok(()))
    }

    /// A file or a camera picture.
    pub(crate) fn take_photo(&mut self, id: Id, read: ReadPhoto) -> Result<(), StationError> {
        if self.case(id)?.over() {
            return Err(StationError::CaseClosed);
        }
        let state = framed(read, Adjust { zoom: 1.0, ..Adjust::default() })?;
        let case = self.at(id, &[StepKind::Photo])?;
        case.problem = None;
        case.photo = Some(state);
        self.worked_on(id);
        Ok(())
    }

    fn adjust_photo(&mut self, id: Id, adjust: Adjust) -> Result<(), StationError> {
        let case = self.at(id, &[StepKind::Photo])?;
        let state = case.photo.as_mut().ok_or(StationError::NoPhoto)?;
        let framed = frame(&state.photo, &state.faces, ratio()?, adjustments(adjust))?;
        (state.portrait, state.hints, state.adjust) = (Picture::jpeg(framed.jpeg), framed.hints, adjust);
        Ok(())
    }

    fn accept_photo(&mut self, id: Id, reason: Option<&str>, now: UnixMs) -> Result<(), StationError> {
        let case = self.at(id, &[StepKind::Photo])?;
        let state = case.photo.as_ref().ok_or(StationError::NoPhoto)?;
        let hints: Vec<String> = state.hints.iter().map(|hint| hint.code().to_owned()).collect();
        lanyard_issue::may_take_photo(&hints, reason)?;
        let portrait = state.portrait.clone();
        let person = case.person;
        let house = self.house.as_ref().ok_or(StationError::NoHouse)?;
        let record = house.store.view().required(people::person(person))?;
        let photo = NewPhoto {
            id: entropy::id(),
            replaces: people::reference(&record, "photo"),
            picture: portrait.blob(),
            reason: reason.filter(|_| !hints.is_empty()),
            hints,
        };
        let changes = self.case(id)?.entries().photo_taken(&photo);
        self.complete(id, &changes, Outcome::new(), now, |tx| portrait.put(tx))?;
        self.make_preview(id, now)
    }

    fn keep_photo(&mut self, id: Id, now: UnixMs) -> Result<(), StationError> {
        let case = self.at(id, &[StepKind::Photo])?;
        if case.hit.photo.is_none() {
            return Err(StationError::NoPhoto);
        }
        let changes = case.entries().photo_kept();
        self.complete(id, &changes, Outcome::new(), now, |_| Ok(()))?;
        self.make_preview(id, now)
    }

    /// Reserves the card's number, fixes how long it is valid, and draws both sides. What does not fit stops the case here,
    /// with a way back.
    pub(crate) fn make_preview(&mut self, id: Id, now: UnixMs) -> Result<(), StationError> {
        let ready = self.reserve_number(id, now).and_then(|()| self.fits_on_card(id, now));
        match ready.and_then(|()| self.draw(id, now)) {
            Ok(pictures) => {
                let case = self.case(id)?;
                case.pictures = Some(pictures);
                self.case_changed(id);
            }
            Err(error) => {
                self.case(id)?.stopped(&error);
                self.case_changed(id);
            }
        }
        Ok(())
    }

    /// Everything that goes onto the chip is there and fits: said before a card is laid.
    fn fits_on_card(&mut self, id: Id, now: UnixMs) -> Result<(), StationError> {
        let of = self.case(id)?.encoding();
        let encoding = self.encoding(&of)?;
        let values = self.values_of(id, None, now)?;
        lanyard_encoding::preview(&encoding, &values, encoding.card.family, cards::link())?;
        Ok(())
    }

    /// Its number, once; and until when it is valid, by today.
    fn reserve_number(&mut self, id: Id, now: UnixMs) -> Result<(), StationError> {
        let case = self.case(id)?;
        let mut instance = case.instance.clone();
        let numbered = !case.text("number").is_empty();
        let open = case.row(&instance, true, now)?;
        let (house, _) = self.open()?;
        let facility = house.facility()?;
        instance = house.store.write(|tx| {
            if !numbered {
                let number = cards::number_text(tx.next_number(cards::CARD_NUMBERS)?);
                cards::wiegand26(facility, &number)?;
                instance.variables.insert("number".to_owned(), Value::Text(number));
            }
            instance.variables.insert(VALID_UNTIL.to_owned(), Value::Int(cards::valid_until(now).0));
            let state = kept::json("instance", &instance)?;
            tx.put_instance(&lanyard_store::InstanceRow { state, ..open })?;
            Ok::<_, StationError>(instance)
        })?;
        self.case(id)?.instance = instance;
        Ok(())
    }

    /// The card's pictures, from what is on record.
    pub(crate) fn draw(&self, id: Id, now: UnixMs) -> Result<CardPictures, StationError> {
        let case = self.cases.get(&id).ok_or(StationError::Missing { kind: "case" })?;
        let house = self.house.as_ref().ok_or(StationError::NoHouse)?;
        let view = house.store.view();
        let record = view.required(people::person(case.person))?;
        let photo_jpeg = match record.fields.get("picture").and_then(Value::as_blob) {
            Some(sha256) => view.blob(&sha256)?.map(|(_, bytes)| bytes),
            None => None,
        };
        pictures::draw(
            &OnCard {
                person: &record,
                photo_jpeg,
                number: case.text("number"),
                organisation: &house.view().station,
                valid_until: &crate::calendar::day_text(case.valid_until(now))?,
                rehearsal: house.rehearsal(),
            },
            now,
        )
    }

    fn accept_preview(&mut self, id: Id, now: UnixMs) -> Result<(), StationError> {
        let case = self.at(id, &[StepKind::Preview])?;
        let Some(pictures) = case.pictures.clone() else {
            return self.make_preview(id, now);
        };
        let (changes, outcome) = (accepts(case, &pictures)?, [(ACCEPTED.to_owned(), looks(&pictures))]);
        self.complete(id, &changes, Outcome::from(outcome), now, |tx| put(tx, &pictures))?;
        if self.bound == Some(id) {
            self.blank_asked_for(now);
        }
        Ok(())
    }

    /// What is on record changed after the card was written: the operator has seen how it looks now, and wants it so.
    fn accept_changed(&mut self, id: Id, now: UnixMs) -> Result<(), StationError> {
        let case = self.case(id)?;
        let Some(pictures) = case.pictures.clone().filter(|pictures| !case.accepted(pictures)) else { return Ok(()) };
        let changes = accepts(case, &pictures)?;
        self.remember(id, ACCEPTED, looks(&pictures), &changes, now, |tx| put(tx, &pictures))
    }

    /// The contactless card was read again.
    pub(crate) fn card_checked(&mut self, id: Id, now: UnixMs) -> Result<(), StationError> {
        self.of_hand_over(id, now, |hand_over| hand_over.card_checked = true)
    }

    /// The 125 kHz chips were read again.
    pub(crate) fn tag_checked(&mut self, id: Id, now: UnixMs) -> Result<(), StationError> {
        self.of_hand_over(id, now, |hand_over| hand_over.tag_checked = true)
    }

    /// The chip has its holder's PIN.
    pub(crate) fn pin_set(&mut self, id: Id, digits: Secret<6>, now: UnixMs) -> Result<(), StationError> {
        self.of_hand_over(id, now, |hand_over| hand_over.pin = Some(digits))
    }

    /// What came of a card before its badge leaves. Where the screen was locked meanwhile nobody has said, this time, who
    /// the person is: then it is found once more when somebody has.
    fn of_hand_over(&mut self, id: Id, now: UnixMs, came: impl FnOnce(&mut HandOverState)) -> Result<(), StationError> {
        let case = self.goes_on(id, StepKind::HandOver)?;
        case.busy = false;
        if case.hand_over.how.is_some() {
            came(&mut case.hand_over);
        }
        self.case_changed(id);
        self.hand_over_checked(id, now)
    }

    /// Everything was read again: said in the history before the badge leaves the desk.
    fn hand_over_checked(&mut self, id: Id, now: UnixMs) -> Result<(), StationError> {
        let case = self.at(id, &[StepKind::HandOver])?;
        let Some(how) = case.hand_over.how.filter(|_| case.hand_over_ready()) else { return Ok(()) };
        let how = match how {
            Identified::Known => "known",
            Identified::IdentityCard => "identity_card",
            Identified::Passport => "passport",
            Identified::DrivingLicence => "driving_licence",
        };
        let changes = case.entries().identified(how, case.hand_over.pin.is_some());
        self.note(id, &changes, now, |_| Ok(()))
    }

    fn given(&mut self, id: Id, now: UnixMs) -> Result<(), StationError> {
        let case = self.at(id, &[StepKind::HandOver])?;
        if !case.hand_over_ready() {
            return Err(wrong_step(case));
        }
        let card = case.reference("card").ok_or(StationError::Missing { kind: "card" })?;
        let house = self.house.as_ref().ok_or(StationError::NoHouse)?;
        let state = house.store.view().required(RecordRef { kind: Kind::Card, id: card })?.state;
        let changes = self.case(id)?.entries().issued(card, &state);
        // The plan held what is on the card; from here on the records say it.
        self.complete(id, &changes, Outcome::new(), now, |tx| tx.journal_drop(card))?;
        // Whoever looks at the readers sees a card that is somebody's.
        for seen in self.devices.values_mut().filter_map(|device| device.card.as_mut()) {
            seen.looked = false;
        }
        Ok(())
    }
}
