//! What is due with the card on a reader: look (`look`), write and read (`encode`), make a key (`chip`).
//!
//! What is due is found from the state (`next_work`), never remembered: so a lifted card, a kill and a first start all go
//! the same way.

use std::sync::Arc;

use lanyard_apdu::Response;
use lanyard_device::Channel;
use lanyard_encoding::{Action, CardLeft, EncodingError, Event, Found, JournalRow, Machine};
use lanyard_issue::StepKind;
use lanyard_model::{Id, Value};

use crate::api::{DeviceKind, DeviceRole};
use crate::cards::StationKeys;
use crate::chipdesk::DeskOf;
use crate::encode::{check, encode, give_pin};
use crate::errands::What;
use crate::house::{House, writes};
use crate::look::{look, other_card};
use crate::shared::{Core, Shared};
use crate::{StationError, chip, entropy, errands};

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
    /// What somebody wants done with it, outside of a case.
    Errand(What),
}

impl Work {
    pub(crate) fn case(&self) -> Option<Id> {
        match self {
            Self::Encode { case } | Self::Certify { case } | Self::Check { case } | Self::Pin { case } => Some(*case),
            Self::Look { .. } | Self::Errand(_) => None,
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
                chip::personalise(channel, &DeskOf { shared, case: *case, step: StepKind::Certify })?;
                let now = shared.now();
                shared.with(|core| core.certified(*case, now))
            }
            Self::Check { case } => check(shared, *case, reader, channel),
            Self::Pin { case } => give_pin(shared, *case, channel),
            Self::Errand(what) => {
                let done = errands::carry_out(shared, reader, what, channel);
                shared.with(|core| core.errand_done(reader, done));
                Ok(())
            }
        }
    }
}

/// Drives a machine of `crates/encoding`; every answer is progress.
pub(crate) fn drive<M: Machine>(
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

impl Shared {
    /// What is to be done with the card on this reader.
    pub(crate) fn next_work(&self, id: &str) -> Option<Work> {
        if self.stopping() {
            return None;
        }
        // Found and taken under one lock: two readers that ask at the same moment must not both have the case.
        self.with(|core| {
            let work = core.next_work(id)?;
            if let Some(case) = work.case() {
                if let Ok(open) = core.case(case) {
                    open.busy = true;
                }
                core.case_changed(case);
            }
            Some(work)
        })
    }

    pub(crate) fn work_failed(&self, id: &str, work: &Work, error: StationError) {
        self.with(|core| match work {
            Work::Look { visit } => core.look_failed(id, *visit, error),
            Work::Errand(_) => core.errand_done(id, Err(error)),
            Work::Encode { case } | Work::Certify { case } | Work::Check { case } | Work::Pin { case } => {
                let error = core.in_the_case(id, *case, error);
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
    /// Whether a device is the one for this role: it has it, or nobody has. In rehearsal every device comes with its role, so
    /// one without is used for nothing, because somebody wanted it so.
    pub(crate) fn fits(&self, id: &str, role: DeviceRole) -> bool {
        let Some(device) = self.devices.get(id) else { return false };
        if (device.kind == DeviceKind::LfReader) != (role == DeviceRole::Lf) {
            return false;
        }
        match device.role {
            Some(own) => own == role,
            None if self.house.as_ref().is_some_and(House::rehearsal) => false,
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
        if let Some(errand) = self.errands.get(id) {
            return Some(Work::Errand(errand.what.clone()));
        }
        if !self.house.as_ref().is_some_and(writes) {
            return None;
        }
        let free = |case: &&crate::case::Case| {
            case.problem.is_none() && !case.busy && !case.over() && self.is_worked_for(case.id)
        };
        if seen.view.technology == "piv" {
            if !self.fits(id, DeviceRole::Chip) {
                return None;
            }
            let chip = seen.chip;
            // One that names no case of ours is meant for the case that is on the screen, as a blank is; a parked one waits
            // until it is there again.
            let of_chip = |case: &&crate::case::Case| match chip {
                Some(guid) => case.reference("chip") == Some(guid),
                None => self.bound == Some(case.id),
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
                Some(StepKind::Encode) if case.tag.is_some() => None,
                Some(StepKind::Encode) => Some(Work::Encode { case: case.id }),
                Some(StepKind::HandOver) if case.hand_over.how.is_some() && !case.hand_over.card_checked => {
                    Some(Work::Check { case: case.id })
                }
                _ => None,
            };
        }
        let bound = self.waits_for_blank().filter(free)?;
        // Looked at for another encoding: it is asked once more, by the keys and the kind of card of this one.
        if seen.encoding.as_ref().is_some_and(|of| *of != bound.encoding())
            && self.encoding_of_card(uid).ok() != seen.encoding
        {
            return Some(Work::Look { visit: seen.visit });
        }
        let blank = seen.assessment.as_ref().is_some_and(|assessment| assessment.found == Found::Blank);
        blank.then_some(Work::Encode { case: bound.id })
    }

    /// What a device's error means in this case.
    fn in_the_case(&self, reader: &str, id: Id, error: StationError) -> StationError {
        let lying = self.devices.get(reader).and_then(|device| device.card.as_ref());
        match (error, self.cases.get(&id), lying) {
            (StationError::Encoding(EncodingError::OtherCard { .. }), Some(case), Some(lying)) => {
                other_card(case, lying)
            }
            (other, ..) => other,
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test stops where it fails")]
mod tests;
