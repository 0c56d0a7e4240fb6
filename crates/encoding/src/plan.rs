//! What will be done to one card, step by step, with keys by reference: it is stored before the card is touched.

use lanyard_desfire::{Aid, ChangeKeyRight, Family, KeyNo, KeySettings, Link};
use serde::{Deserialize, Serialize};

use crate::chips::ChipPlan;
use crate::estimate::{Cost, costs};
use crate::journal::JournalRow;
use crate::keys::{HeldKey, KeyUse};
use crate::legic::SegmentPlan;
use crate::step::Step;
use crate::wire;

/// What will be done to one card. Holds no key, but the values that go onto the card: store it where they may stand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// Version of this form.
    pub lanyard_plan: u8,
    /// What it is for.
    pub purpose: Purpose,
    /// The description's id.
    pub encoding: String,
    /// The card's real UID.
    #[serde(with = "hex::serde")]
    pub uid: [u8; 7],
    /// How commands are protected.
    #[serde(default, skip_serializing_if = "Messaging::is_ev2")]
    pub messaging: Messaging,
    /// The card's master key before and after.
    pub master: MasterKey,
    /// Keys that are proved and not changed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub held: Vec<HeldAt>,
    /// What it comes to, in this order.
    pub steps: Vec<PlannedStep>,
    /// Chips of the badge that are written after the card.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub chips: Vec<ChipPlan>,
    /// LEGIC segments of the badge that are written after those.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub segments: Vec<SegmentPlan>,
}

/// What a plan is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// A card is written and read back.
    Write,
    /// A card is read; nothing on it changes.
    Read,
    /// A half-written card is made blank.
    Reset,
    /// A finished card is made blank, to be used again.
    Reuse,
    /// Keys of a finished card are changed for newer versions of themselves.
    Rekey,
    /// What [`Purpose::Rekey`] began is taken back.
    RollBack,
}

impl Purpose {
    /// Whether the card has proved before that it is one of ours.
    pub(crate) fn is_on_a_card_of_ours(self) -> bool {
        matches!(self, Self::Rekey | Self::RollBack | Self::Reuse)
    }
}

/// How commands and answers are protected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Messaging {
    /// AES as EV1 has it: for cards that know nothing newer.
    Ev1,
    /// EV2 secure messaging.
    #[default]
    Ev2,
}

impl Messaging {
    /// The newest that a card of this generation has.
    pub(crate) fn of(family: Family) -> Self {
        if generation(family) < generation(Family::Ev2) { Self::Ev1 } else { Self::Ev2 }
    }

    /// The long forms of read and write came with EV2.
    pub(crate) fn link(self, link: Link) -> Link {
        Link { long_commands: link.long_commands && self == Self::Ev2, ..link }
    }

    fn is_ev2(&self) -> bool {
        *self == Self::Ev2
    }
}

/// A key of an application, and what it is while a plan runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeldAt {
    /// Its application.
    #[serde(with = "wire::aid")]
    pub aid: Aid,
    /// Its number.
    #[serde(with = "wire::key")]
    pub number: KeyNo,
    /// What it is.
    pub key: HeldKey,
}

/// The card's master key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MasterKey {
    /// Before [`Step::MasterKey`].
    pub before: HeldKey,
    /// From then on.
    pub after: HeldKey,
}

/// A step and what it costs, the authentications that it needs included.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlannedStep {
    /// What is done.
    pub step: Step,
    /// What it costs, if nothing goes wrong.
    pub cost: Cost,
}

impl Plan {
    /// With what each step costs.
    pub(crate) fn priced(mut self, steps: Vec<Step>, link: Link) -> Self {
        let costs = costs(&self, &steps, link);
        self.steps = steps.into_iter().zip(costs).map(|(step, cost)| PlannedStep { step, cost }).collect();
        self
    }

    /// Of another purpose and other steps, for the same card.
    fn other(&self, purpose: Purpose, master: MasterKey, steps: Vec<Step>, link: Link) -> Self {
        Self { purpose, master, chips: Vec::new(), segments: Vec::new(), ..self.clone() }.priced(steps, link)
    }

    /// The same without what changes the card: to read a finished card again, at hand-over.
    #[must_use]
    pub fn verify(&self, link: Link) -> Self {
        let reads = self.steps.iter().map(|planned| &planned.step).filter(|step| !step.changes());
        let steps: Vec<_> = reads.cloned().collect();
        let master = MasterKey { before: self.master.after.clone(), after: self.master.after.clone() };
        self.other(Purpose::Read, master, steps, link)
    }

    /// Makes the card what it was before this plan, of which these rows were written: no applications, the old master key,
    /// the factory default key. Possible as long as one of the two master keys lives. What cannot be taken back stays
    /// ([`Step::RandomUid`], [`Step::FormatOff`], [`Step::OnlyEv2`]); without the older messaging a master key does not
    /// become DES again, and the card ends with the AES key that is all zero.
    #[must_use]
    pub fn reset(&self, rows: &[JournalRow], link: Link) -> Self {
        let planned = |wanted: fn(&Step) -> bool| self.steps.iter().any(|planned| wanted(&planned.step));
        let reached = rows.last().and_then(|row| usize::try_from(row.step).ok());
        let only_ev2 = self.steps.iter().position(|planned| planned.step == Step::OnlyEv2);
        let stays_aes = only_ev2.is_some_and(|at| reached.is_some_and(|reached| reached >= at));
        let mut steps = Vec::new();
        if planned(|step| matches!(step, Step::FormatOff)) {
            let made = self.steps.iter().filter_map(|planned| match planned.step {
                Step::Application { aid, .. } => Some(Step::Remove { aid }),
                _ => None,
            });
            steps.extend(made);
        } else {
            steps.push(Step::Format);
        }
        if planned(|step| matches!(step, Step::DefaultKey { .. })) {
            steps.push(Step::DefaultKey { key: HeldKey::FactoryAes, before: None });
        }
        if planned(|step| matches!(step, Step::CardSettings { settings } if settings.settings_changeable)) {
            steps.push(Step::CardSettings { settings: AS_DELIVERED });
        }
        if planned(|step| *step == Step::MasterKey) {
            steps.push(Step::MasterKey);
        }
        let after = match &self.master.before {
            before if stays_aes && before.is_des() => HeldKey::FactoryAes,
            before => before.clone(),
        };
        let master = MasterKey { before: self.master.after.clone(), after };
        self.other(Purpose::Reset, master, steps, link)
    }

    /// Takes back what a plan of [`Purpose::Rekey`] began, as long as the vault has the old versions.
    #[must_use]
    pub fn roll_back(&self, link: Link) -> Self {
        let back = self.steps.iter().rev().flat_map(|planned| match planned.step.clone() {
            Step::Key { aid, number, by, old, new } => vec![Step::Key { aid, number, by, old: new, new: old }],
            Step::DefaultKey { key, before: Some(before) } => {
                vec![Step::DefaultKey { key: before, before: Some(key) }]
            }
            Step::TransactionMac { aid, file, mode, rights, key, before: Some(before) } => vec![
                Step::RemoveFile { aid, file },
                Step::TransactionMac { aid, file, mode, rights, key: before, before: Some(key) },
            ],
            step @ Step::MasterKey => vec![step],
            _ => Vec::new(),
        });
        let master = MasterKey { before: self.master.after.clone(), after: self.master.before.clone() };
        self.other(Purpose::RollBack, master, back.collect(), link)
    }

    /// What all of it costs, if nothing goes wrong.
    #[must_use]
    pub fn cost(&self) -> Cost {
        self.steps.iter().map(|planned| planned.cost).sum()
    }

    /// Every key that is on the card afterwards: for the history, and for finding cards when a key is replaced.
    #[must_use]
    pub fn keys(&self) -> Vec<&KeyUse> {
        let of_chips = self.chips.iter().filter_map(|chip| chip.password.as_ref());
        let on_applications = self.steps.iter().filter_map(|planned| match &planned.step {
            Step::Key { new, .. } | Step::DefaultKey { key: new, .. } | Step::TransactionMac { key: new, .. } => {
                Some(new)
            }
            _ => None,
        });
        std::iter::once(&self.master.after)
            .chain(on_applications)
            .filter_map(|held| match held {
                HeldKey::Aes(key) | HeldKey::TransportDes(key) | HeldKey::Des(key) => Some(key),
                HeldKey::FactoryDes | HeldKey::FactoryAes => None,
            })
            .chain(of_chips)
            .collect()
    }
}

/// Card level settings of a new card: anybody lists and creates, the master key changes everything.
pub(crate) const AS_DELIVERED: KeySettings = KeySettings {
    master_changeable: true,
    list_free: true,
    create_free: true,
    settings_changeable: true,
    change_key: ChangeKeyRight::Key(KeyNo::MASTER),
};

/// Generations in order: what an encoding asks for is a lower bound.
pub(crate) fn generation(family: Family) -> u8 {
    match family {
        Family::D40 | Family::Light | Family::Other => 0,
        Family::Ev1 => 1,
        Family::Ev2 => 2,
        Family::Ev3 => 3,
    }
}
