//! What will be done to one card, step by step, with keys by reference: it is stored before the card is touched.

use lanyard_desfire::{AccessRights, Aid, ChangeKeyRight, CommMode, Family, FileNo, KeyNo, KeySettings, Link};
use serde::{Deserialize, Serialize};

use crate::chips::ChipPlan;
use crate::estimate::{Cost, costs};
use crate::form::FieldForm;
use crate::journal::JournalRow;
use crate::keys::{HeldKey, KeyUse};
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

/// One step. All but [`Step::ReadBack`] change the card.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Step {
    /// All applications are removed.
    Format,
    /// The card's master key is changed from [`MasterKey::before`] to [`MasterKey::after`].
    MasterKey,
    /// New applications start with this key.
    DefaultKey {
        /// From then on.
        key: HeldKey,
        /// Until then, where a plan can be taken back.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        before: Option<HeldKey>,
    },
    /// Who may list and create on the card level, and whether that may be changed again.
    CardSettings {
        /// From then on.
        #[serde(with = "wire::settings")]
        settings: KeySettings,
    },
    /// The card shows a random UID.
    RandomUid,
    /// The card refuses to be formatted.
    FormatOff,
    /// The card refuses the secure messaging of earlier generations (D40, EV1).
    OnlyEv2,
    /// An application is removed with all it holds.
    Remove {
        /// Its identifier.
        #[serde(with = "wire::aid")]
        aid: Aid,
    },
    /// An application is made.
    Application {
        /// Its identifier.
        #[serde(with = "wire::aid")]
        aid: Aid,
        /// First settings byte.
        #[serde(with = "wire::settings")]
        settings: KeySettings,
        /// How many keys.
        keys: u8,
        /// ISO 7816-4 names.
        iso: Option<Iso>,
    },
    /// A key of an application is changed.
    Key {
        /// Its application.
        #[serde(with = "wire::aid")]
        aid: Aid,
        /// Its number.
        #[serde(with = "wire::key")]
        number: KeyNo,
        /// With which key's proof it is changed.
        #[serde(with = "wire::key")]
        by: KeyNo,
        /// What it is before.
        old: HeldKey,
        /// What it becomes.
        new: HeldKey,
    },
    /// A file is made.
    File {
        /// Its application.
        #[serde(with = "wire::aid")]
        aid: Aid,
        /// Its number.
        #[serde(with = "wire::file")]
        file: FileNo,
        /// ISO 7816-4 file identifier.
        iso_file_id: Option<u16>,
        /// In bytes.
        size: u32,
        /// What is written to it counts when it is committed.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        backup: bool,
        /// How its data travels.
        #[serde(with = "wire::mode")]
        mode: CommMode,
        /// Who may do what.
        #[serde(with = "wire::rights")]
        rights: AccessRights,
    },
    /// A file is written, from its first byte.
    Write {
        /// Its application.
        #[serde(with = "wire::aid")]
        aid: Aid,
        /// Its number.
        #[serde(with = "wire::file")]
        file: FileNo,
        /// With which key's proof.
        #[serde(with = "wire::key")]
        by: KeyNo,
        /// How its data travels.
        #[serde(with = "wire::mode")]
        mode: CommMode,
        /// What.
        data: Bytes,
        /// Committed at once.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        commit: bool,
    },
    /// A file is read as a reader at a door does, and compared.
    ReadBack {
        /// Its application.
        #[serde(with = "wire::aid")]
        aid: Aid,
        /// Its number.
        #[serde(with = "wire::file")]
        file: FileNo,
        /// With which key's proof; none where anyone may read.
        by: Option<Reader>,
        /// How its data travels.
        #[serde(with = "wire::mode")]
        mode: CommMode,
        /// In bytes.
        size: u32,
        /// Its fields.
        fields: Vec<FieldPlan>,
        /// What it must hold; absent where it is read only.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        expect: Option<Bytes>,
    },
}

/// A key that reads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reader {
    /// Its number.
    #[serde(with = "wire::key")]
    pub number: KeyNo,
    /// What it is when it reads.
    pub key: HeldKey,
}

/// ISO 7816-4 names of an application.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Iso {
    /// File identifier.
    pub file_id: u16,
    /// DF name.
    #[serde(with = "hex::serde")]
    pub name: Vec<u8>,
}

/// A field's place and form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FieldPlan {
    /// Its name.
    pub name: String,
    /// From the start of the file.
    pub offset: u32,
    /// In bytes.
    pub length: u32,
    /// How it is read.
    pub form: FieldForm,
}

/// Content of a file, in hex. It may be personal: `Debug` shows its length alone.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Bytes(#[serde(with = "hex::serde")] pub Vec<u8>);

impl std::fmt::Debug for Bytes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} bytes", self.0.len())
    }
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
        Self { purpose, master, chips: Vec::new(), ..self.clone() }.priced(steps, link)
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
        let back = self.steps.iter().rev().filter_map(|planned| match planned.step.clone() {
            Step::Key { aid, number, by, old, new } => Some(Step::Key { aid, number, by, old: new, new: old }),
            Step::DefaultKey { key, before: Some(before) } => Some(Step::DefaultKey { key: before, before: Some(key) }),
            step @ Step::MasterKey => Some(step),
            _ => None,
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
            Step::Key { new, .. } | Step::DefaultKey { key: new, .. } => Some(new),
            _ => None,
        });
        std::iter::once(&self.master.after)
            .chain(on_applications)
            .filter_map(|held| match held {
                HeldKey::Aes(key) | HeldKey::TransportDes(key) => Some(key),
                HeldKey::FactoryDes | HeldKey::FactoryAes => None,
            })
            .chain(of_chips)
            .collect()
    }
}

impl Step {
    /// A stable word for screen, journal and errors.
    #[must_use]
    pub fn label(&self) -> &'static str {
        match self {
            Self::Format => "format",
            Self::MasterKey => "master_key",
            Self::DefaultKey { .. } => "default_key",
            Self::CardSettings { .. } => "card_settings",
            Self::RandomUid => "random_uid",
            Self::FormatOff => "format_off",
            Self::OnlyEv2 => "only_ev2",
            Self::Remove { .. } => "remove",
            Self::Application { .. } => "application",
            Self::Key { .. } => "key",
            Self::File { .. } => "file",
            Self::Write { .. } => "write",
            Self::ReadBack { .. } => "read_back",
        }
    }

    /// Whether it changes the card, and so is written to the journal ahead.
    #[must_use]
    pub fn changes(&self) -> bool {
        !matches!(self, Self::ReadBack { .. })
    }

    /// The application that it works in; `None` on the card level.
    #[must_use]
    pub fn aid(&self) -> Option<Aid> {
        match self {
            Self::Key { aid, .. } | Self::File { aid, .. } | Self::Write { aid, .. } | Self::ReadBack { aid, .. } => {
                Some(*aid)
            }
            Self::Format
            | Self::MasterKey
            | Self::DefaultKey { .. }
            | Self::CardSettings { .. }
            | Self::RandomUid
            | Self::FormatOff
            | Self::OnlyEv2
            | Self::Remove { .. }
            | Self::Application { .. } => None,
        }
    }

    /// The number of the key or file that it is about, for the screen.
    #[must_use]
    pub fn number(&self) -> Option<u8> {
        match self {
            Self::Key { number, .. } => Some(number.get()),
            Self::File { file, .. } | Self::Write { file, .. } | Self::ReadBack { file, .. } => Some(file.get()),
            _ => None,
        }
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
