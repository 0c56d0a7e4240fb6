//! Commands about cards, and about what is on record of anything.

use std::path::Path;
use std::sync::mpsc;
use std::time::Duration;

use lanyard_device::DeviceError;
use lanyard_encoding::ReadBack;
use lanyard_model::Kind;
use lanyard_secret::SecretBytes;

use super::{Answer, Station, problem};
use crate::api::{CardDone, CardOnReader, DeviceKind, DeviceRole, EntryView, HistoryView, PersonView, VerdictView};
use crate::errands::{Done, Errand, What};
use crate::handout::Handout;
use crate::record::Verdict;
use crate::{StationError, people};

/// The longest that a card's errand takes: only where it does not answer.
const ERRAND_LIMIT: Duration = Duration::from_secs(60);

impl Station {
    /// Voids a card that is out.
    ///
    /// # Errors
    /// A reason that does not void.
    pub fn card_void(&self, id: &str, reason: &str) -> Answer<PersonView> {
        let person = self
            .write(|core, now| core.void_card(people::id_of(id, "card")?, lanyard_issue::void_reason(reason)?, now))?;
        self.person(&person.to_string())
    }

    /// The card of a number.
    ///
    /// # Errors
    /// No such card.
    pub fn card_of(&self, number: &str) -> Answer<String> {
        self.write(|core, _| {
            let (house, _) = core.open()?;
            let found = house.store.view().records_by(Kind::Card, "number", &number.into())?;
            found.last().map(|card| card.of.id.to_string()).ok_or(StationError::Missing { kind: "card" })
        })
    }

    /// The card on a reader, and how it stands.
    ///
    /// # Errors
    /// No such reader, no card.
    pub fn card_read(&self, reader: &str) -> Answer<CardOnReader> {
        self.write(|core, _| core.card_on(reader))
    }

    /// Everything on the contactless card of a reader, read with the reader's keys. Without a name the only reader with a
    /// card.
    ///
    /// # Errors
    /// No card, not ours; which reader, where there are several; `device.busy` where it is at a card for long.
    pub fn card_dump(&self, reader: Option<&str>) -> Answer<ReadBack> {
        self.card_dump_within(reader, ERRAND_LIMIT)
    }

    pub(super) fn card_dump_within(&self, reader: Option<&str>, limit: Duration) -> Answer<ReadBack> {
        match self.errand(reader, What::Dump, limit)? {
            Done::Read(read) => Ok(read),
            Done::Card(_) => Err(problem(StationError::CardUnknown)),
        }
    }

    /// Holds the card on a reader against the records, with the reader's keys. Written down either way.
    ///
    /// # Errors
    /// `card.read_back.differs` with file and field; half-written; no card of ours.
    pub fn card_verify(&self, reader: Option<&str>) -> Answer<CardDone> {
        self.card_errand(reader, What::Verify)
    }

    /// Goes on with what was begun with the card on a reader.
    ///
    /// # Errors
    /// Nothing was begun; the card has lost its keys.
    pub fn card_finish(&self, reader: Option<&str>) -> Answer<CardDone> {
        self.card_errand(reader, What::Finish)
    }

    /// Takes back the change of keys that was begun with the card on a reader.
    ///
    /// # Errors
    /// Nothing of the kind was begun; the card has lost its keys.
    pub fn card_roll_back(&self, reader: Option<&str>) -> Answer<CardDone> {
        self.card_errand(reader, What::RollBack)
    }

    /// Gives the card on a reader the keys of another encoding, or newer ones of its own. What was begun is finished.
    ///
    /// # Errors
    /// No such encoding; the two differ in more than keys; the card has another encoding.
    pub fn card_rekey(&self, reader: Option<&str>, from: &str, to: &str) -> Answer<CardDone> {
        let to = self.write(|core, now| {
            core.encoding_text(from, None)?;
            core.encoding_to_write(Some(to), now)
        })?;
        self.card_errand(reader, What::Rekey { from: from.to_owned(), to })
    }

    /// Makes the card on a reader a blank again. What was on record of it is void before it is touched. A second operator
    /// is there, and signs in for it.
    ///
    /// # Errors
    /// `policy.two_people`; the card's case is open; no card of ours.
    pub fn card_reset(&self, reader: Option<&str>, login: &str, password: &SecretBytes) -> Answer<CardDone> {
        let witness = self.write(|core, _| core.second_operator(login, password))?;
        self.card_errand(reader, What::Reset { witness })
    }

    fn card_errand(&self, reader: Option<&str>, what: What) -> Answer<CardDone> {
        match self.errand(reader, what, ERRAND_LIMIT)? {
            Done::Card(done) => Ok(done),
            Done::Read(_) => Err(problem(StationError::CardUnknown)),
        }
    }

    fn errand(&self, reader: Option<&str>, what: What, limit: Duration) -> Answer<Done> {
        let (reply, answer) = mpsc::channel();
        let (id, name) = self.write(|core, _| {
            // Whoever is not signed in would wait for nothing; whoever only reads changes no card.
            let (house, _) = core.open()?;
            if what != What::Dump && !crate::house::writes(house) {
                return Err(lanyard_store::StoreError::ReadOnly.into());
            }
            let (id, name) = core.reader_with_card(reader)?;
            core.errands.insert(id.clone(), Errand { what, reply });
            Ok((id, name))
        })?;
        match answer.recv_timeout(limit) {
            Ok(done) => done.map_err(problem),
            Err(mpsc::RecvTimeoutError::Disconnected) => Err(problem(DeviceError::NoCard { reader: name }.into())),
            Err(mpsc::RecvTimeoutError::Timeout) => {
                // Nobody waits for it any more.
                self.shared.quietly(|core| core.errands.remove(&id));
                Err(problem(DeviceError::Busy { device: name }.into()))
            }
        }
    }

    /// Waits for a card on a reader that cards are written on, other than that of visit `seen`; its reader and visit.
    #[must_use]
    pub fn card_wait(&self, seen: u64, limit: Duration) -> Option<(String, u64)> {
        self.shared.wait(limit, |core| {
            let found = |(id, device): (&String, &crate::devices::Device)| {
                let card = device.card.as_ref().filter(|card| card.looked && card.visit > seen)?;
                let contactless = card.view.technology == "desfire" && core.fits(id, DeviceRole::Encoder);
                contactless.then(|| (device.name.clone(), card.visit))
            };
            core.devices.iter().find_map(found)
        })
    }

    /// The certificates of a card, PEM, newest first; and the CA's.
    ///
    /// # Errors
    /// No such card.
    pub fn certificates(&self, card: &str) -> Answer<(Vec<String>, String)> {
        self.write(|core, _| core.certificates(people::id_of(card, "card")?))
    }

    /// An object's history with its verdict.
    ///
    /// # Errors
    /// No such kind or record.
    pub fn history(&self, kind: &str, id: &str) -> Answer<HistoryView> {
        let (mut view, at_once) = self.write(|core, _| Ok((core.history_view(kind, id)?, core.verified_at_once()?)))?;
        if at_once {
            // Pictures are held against their hashes where somebody asks for the verdict itself.
            view.verdict = Some(self.verdict(false)?);
        }
        Ok(view)
    }

    /// The newest entries of all.
    ///
    /// # Errors
    /// Nobody signed in.
    pub fn history_recent(&self, limit: usize) -> Answer<Vec<EntryView>> {
        self.write(|core, _| core.recent_entries(limit))
    }

    /// The verdict of the whole chain.
    ///
    /// # Errors
    /// Nobody signed in.
    pub fn history_verify(&self) -> Answer<VerdictView> {
        self.verdict(true)
    }

    /// Threads with cards and printers must not wait for it: found without holding the station's state.
    fn verdict(&self, blobs: bool) -> Answer<VerdictView> {
        match self.write(|core, now| core.verdict(blobs, now))? {
            Verdict::Known(view) => Ok(view),
            Verdict::Due(due) => {
                let found = due.verdict().map_err(problem)?;
                let view = found.view.clone();
                self.shared.quietly(|core| core.verdict_found(found));
                Ok(view)
            }
        }
    }

    /// A bundle for an auditor.
    ///
    /// # Errors
    /// A file that exists or cannot be written.
    pub fn history_export(&self, path: &Path, openings: bool) -> Answer<VerdictView> {
        let handout = Handout::reserve(path).map_err(problem)?;
        let bundle = self.write(|core, now| core.hand_out(openings, now))?;
        handout.write(&bundle).map_err(problem)
    }
}

impl crate::shared::Core {
    fn card_on(&self, reader: &str) -> Result<CardOnReader, StationError> {
        let device = self
            .devices
            .values()
            .find(|device| device.kind == DeviceKind::Reader && device.name == reader)
            .ok_or(StationError::Missing { kind: "reader" })?;
        let none = || DeviceError::NoCard { reader: reader.to_owned() };
        Ok(device.card.as_ref().ok_or_else(none)?.view.clone())
    }

    /// Its id and its name.
    fn reader_with_card(&self, reader: Option<&str>) -> Result<(String, String), StationError> {
        let with_card: Vec<(&String, &str)> = self
            .devices
            .iter()
            .filter(|(_, device)| device.card.as_ref().is_some_and(|seen| seen.view.technology == "desfire"))
            .filter(|(_, device)| reader.is_none_or(|name| device.name == name))
            .map(|(id, device)| (id, device.name.as_str()))
            .collect();
        match with_card.as_slice() {
            [(id, name)] => Ok(((*id).clone(), (*name).to_owned())),
            [] => Err(StationError::NoDevice { what: "desfire" }),
            several => Err(StationError::WhichDevice {
                what: "desfire",
                names: several.iter().map(|(_, name)| *name).collect::<Vec<_>>().join(", "),
            }),
        }
    }
}
