//! What a command of the station can come back with: its own refusals, and everything that came from below, unchanged.

use lanyard_fault::{Coded, Fault, Helps};

/// See [`Coded::code`].
#[derive(Debug, thiserror::Error)]
pub enum StationError {
    /// There is no house yet: first start.
    #[error("no house yet")]
    NoHouse,
    /// There is one already.
    #[error("a house exists already")]
    HouseExists,
    /// Nobody is signed in.
    #[error("locked")]
    Locked,
    /// The station's name is empty or too long.
    #[error("the station's name has 1 to {longest} characters")]
    StationName {
        /// In characters.
        longest: usize,
    },
    /// First start without an operator.
    #[error("no operator named")]
    NoOperator,
    /// An operator's name or sign-in name is empty.
    #[error("operator field {field} is empty")]
    OperatorField {
        /// `name`, `login`.
        field: &'static str,
    },
    /// A sign-in name with letters of several scripts.
    #[error("the sign-in name mixes scripts")]
    LoginScripts,
    /// A device's name is empty, too long, or holds what cannot be seen.
    #[error("the device's name has 1 to {longest} characters of one line")]
    DeviceName {
        /// In characters.
        longest: usize,
    },
    /// No record of that id.
    #[error("no {kind} of that id")]
    Missing {
        /// What was looked for.
        kind: &'static str,
    },
    /// Somebody else has to be there too.
    #[error("{needed} more people have to be there")]
    WitnessMissing {
        /// How many more.
        needed: usize,
    },
    /// Several people answer to what was given.
    #[error("{count} people answer to that")]
    Ambiguous {
        /// How many.
        count: usize,
    },
    /// Somebody very like them is there already.
    #[error("{count} people are very like them")]
    Alike {
        /// How many.
        count: usize,
    },
    /// The staff number is somebody else's.
    #[error("the staff number is taken")]
    StaffNumberTaken,
    /// The input does not belong to the step at which the case stands.
    #[error("the case stands at step {step}")]
    WrongStep {
        /// Where it stands; empty at the end.
        step: String,
    },
    /// The case works or is over.
    #[error("the case is not open for this")]
    CaseClosed,
    /// No photo was given yet.
    #[error("no photo yet")]
    NoPhoto,
    /// The card belongs to another open case.
    #[error("the card belongs to another case")]
    CardOfOtherCase {
        /// Its card number.
        number: String,
    },
    /// Another card than the one that this case has begun.
    #[error("another card than this case's")]
    OtherCard {
        /// Number of the card that belongs here.
        number: String,
        /// Number of the card that lies there; of one that has none its UID.
        lying: String,
    },
    /// The chip is neither blank nor this card's.
    #[error("the chip is not blank")]
    ChipUsed,
    /// No device is fit for the step.
    #[error("no device for {what}")]
    NoDevice {
        /// `desfire`, `piv`, `printer`.
        what: &'static str,
    },
    /// Several are, and none was named.
    #[error("several devices for {what}")]
    WhichDevice {
        /// `desfire`, `piv`, `printer`.
        what: &'static str,
        /// Their names.
        names: String,
    },
    /// The printer gave up the job.
    #[error("the printer gave up: {reasons}")]
    PrintFailed {
        /// Its own keywords.
        reasons: String,
    },
    /// The print was begun at a printer that takes no jobs now.
    #[error("the print was begun at {printer}")]
    PrinterElsewhere {
        /// Its name.
        printer: String,
    },
    /// The card would no longer look as it was accepted.
    #[error("the card would not look as it was accepted")]
    PreviewChanged,
    /// The design does not fit this person.
    #[error("{count} fields do not fit the card")]
    Design {
        /// How many.
        count: usize,
        /// Which, by name.
        fields: String,
        /// Code of the first problem.
        code: &'static str,
    },
    /// Working state that cannot be written down.
    #[error("{what} cannot be written down")]
    NotWritten {
        /// `instance`, `journal`, `plan`, `setting`, `front`.
        what: &'static str,
    },
    /// No 26-bit reader could tell a card of this number from another.
    #[error("card number {number} has no place in 26 bits")]
    NumberLong {
        /// The number.
        number: String,
        /// The last that has.
        most: i64,
    },
    /// A file of ours cannot be read or written.
    #[error("{what}: {kind}")]
    File {
        /// Which file, as the person gave it.
        what: String,
        /// What the system said.
        kind: std::io::ErrorKind,
    },
    /// Only rehearsal has a bench.
    #[error("only rehearsal has a bench")]
    NoBench,
    /// The card is not on the bench.
    #[error("no such card on the bench")]
    NoBenchCard,
    /// The clock is outside what calendars hold.
    #[error("the clock is wrong")]
    Calendar,
    /// Lint has something against the description.
    #[error("{count} errors in the description:\n{findings}")]
    EncodingErrors {
        /// How many.
        count: usize,
        /// A line each: where, which, what.
        findings: String,
    },
    /// No card of ours has this UID.
    #[error("no card of this house")]
    CardUnknown,
    /// What was begun with the card is not done.
    #[error("card {number} is half-written")]
    CardHalfWritten {
        /// Its number.
        number: String,
    },
    /// What is on the card is void.
    #[error("card {number} is void")]
    CardVoid {
        /// Its number.
        number: String,
    },
    /// The card has another encoding than the one named.
    #[error("the card has encoding {encoding}")]
    CardEncoding {
        /// That which it has.
        encoding: String,
    },
    /// Nothing was begun with the card that could be gone on with.
    #[error("nothing was begun with this card")]
    NothingBegun,
    /// The person's open case is for another encoding.
    #[error("the open case is for encoding {encoding}")]
    CaseEncoding {
        /// Its name.
        encoding: String,
    },
    /// A backup within the house itself: it would die with it, and prove nothing.
    #[error("{what} lies within the house")]
    BackupInside {
        /// The folder that was named.
        what: String,
    },
    /// The backup of another house: it proves nothing about this one's keys.
    #[error("{what} is a backup of another house")]
    BackupForeign {
        /// The folder that was named.
        what: String,
    },
    /// From below.
    #[error(transparent)]
    Store(#[from] lanyard_store::StoreError),
    /// From below.
    #[error(transparent)]
    Keys(#[from] lanyard_keys::KeysError),
    /// From below.
    #[error(transparent)]
    Device(#[from] lanyard_device::DeviceError),
    /// From below.
    #[error(transparent)]
    Apdu(#[from] lanyard_apdu::ApduError),
    /// From below.
    #[error(transparent)]
    Piv(#[from] lanyard_piv::PivError),
    /// From below.
    #[error(transparent)]
    Encoding(#[from] lanyard_encoding::EncodingError),
    /// From below.
    #[error(transparent)]
    Workflow(#[from] lanyard_workflow::WorkflowError),
    /// From below.
    #[error(transparent)]
    Policy(#[from] lanyard_issue::PolicyError),
    /// From below.
    #[error(transparent)]
    Stock(#[from] lanyard_issue::StockError),
    /// From below.
    #[error(transparent)]
    Person(#[from] lanyard_people::PersonError),
    /// From below.
    #[error(transparent)]
    Import(#[from] lanyard_people::ImportError),
    /// From below.
    #[error(transparent)]
    Layout(#[from] lanyard_layout::LayoutError),
    /// From below.
    #[error(transparent)]
    Photo(#[from] lanyard_photo::PhotoError),
    /// From below.
    #[error(transparent)]
    Ipp(#[from] lanyard_printer_ipp::IppError),
    /// From below.
    #[error(transparent)]
    Bench(#[from] lanyard_virtual::BenchError),
}

impl StationError {
    fn below(&self) -> Option<&dyn Coded> {
        Some(match self {
            Self::Store(error) => error,
            Self::Keys(error) => error,
            Self::Device(error) => error,
            Self::Apdu(error) => error,
            Self::Piv(error) => error,
            Self::Encoding(error) => error,
            Self::Workflow(error) => error,
            Self::Policy(error) => error,
            Self::Stock(error) => error,
            Self::Person(error) => error,
            Self::Import(error) => error,
            Self::Layout(error) => error,
            Self::Photo(error) => error,
            Self::Ipp(error) => error,
            Self::Bench(error) => error,
            _ => return None,
        })
    }
}

impl Coded for StationError {
    fn code(&self) -> &'static str {
        if let Some(below) = self.below() {
            return below.code();
        }
        match self {
            Self::NoHouse => "station.house.none",
            Self::HouseExists => "station.house.exists",
            Self::Locked => "station.locked",
            Self::StationName { .. } => "station.name",
            Self::NoOperator => "station.operator.none",
            Self::OperatorField { .. } => "station.operator.field",
            Self::LoginScripts => "station.operator.scripts",
            Self::DeviceName { .. } => "device.name",
            Self::Missing { .. } => "station.missing",
            Self::WitnessMissing { .. } => "keys.witness.missing",
            Self::Ambiguous { .. } => "person.ambiguous",
            Self::Alike { .. } => "person.alike",
            Self::StaffNumberTaken => "person.staff_no.taken",
            Self::WrongStep { .. } => "case.step",
            Self::CaseClosed => "case.closed",
            Self::NoPhoto => "case.photo.none",
            Self::CardOfOtherCase { .. } => "case.card.elsewhere",
            Self::OtherCard { .. } => "case.card.other",
            Self::ChipUsed => "card.chip.used",
            Self::NoDevice { .. } => "device.none",
            Self::WhichDevice { .. } => "device.which",
            Self::PrintFailed { .. } => "printer.failed",
            Self::PrinterElsewhere { .. } => "printer.elsewhere",
            Self::PreviewChanged => "case.preview.changed",
            Self::Design { .. } => "design.fit",
            Self::NotWritten { .. } => "station.not_written",
            Self::NumberLong { .. } => "card.number.long",
            Self::File { .. } => "file.failed",
            Self::EncodingErrors { .. } => "encoding.errors",
            Self::CaseEncoding { .. } => "case.encoding.other",
            Self::CardUnknown => "card.unknown",
            Self::CardHalfWritten { .. } => "card.half_written",
            Self::CardVoid { .. } => "card.void",
            Self::CardEncoding { .. } => "card.encoding.other",
            Self::NothingBegun => "card.nothing_begun",
            Self::BackupInside { .. } => "backup.inside",
            Self::BackupForeign { .. } => "backup.foreign",
            Self::NoBench => "bench.none",
            Self::NoBenchCard => "bench.card.unknown",
            _ => "station.calendar",
        }
    }

    fn fault(&self) -> Fault {
        if let Some(below) = self.below() {
            return below.fault();
        }
        match self {
            Self::ChipUsed => Fault::Card,
            Self::NoDevice { .. } | Self::PrintFailed { .. } | Self::PrinterElsewhere { .. } => Fault::Device,
            Self::Calendar | Self::NotWritten { .. } => Fault::Us,
            _ => Fault::Operator,
        }
    }

    fn helps(&self) -> Helps {
        if let Some(below) = self.below() {
            return below.helps();
        }
        match self {
            Self::ChipUsed
            | Self::CardOfOtherCase { .. }
            | Self::OtherCard { .. }
            | Self::CardUnknown
            | Self::BackupInside { .. }
            | Self::BackupForeign { .. }
            | Self::CardVoid { .. }
            | Self::CardEncoding { .. } => Helps::Another,
            Self::NoDevice { .. }
            | Self::PrintFailed { .. }
            | Self::PrinterElsewhere { .. }
            | Self::Calendar
            | Self::Locked => Helps::Later,
            Self::NoHouse
            | Self::HouseExists
            | Self::NoBench
            | Self::CaseClosed
            | Self::NotWritten { .. }
            | Self::NumberLong { .. } => Helps::Never,
            _ => Helps::SameAgain,
        }
    }

    fn details(&self) -> Vec<(&'static str, String)> {
        if let Some(below) = self.below() {
            return below.details();
        }
        match self {
            Self::StationName { longest } | Self::DeviceName { longest } => vec![("longest", longest.to_string())],
            Self::OperatorField { field } => vec![("field", (*field).to_owned())],
            Self::Missing { kind } => vec![("kind", (*kind).to_owned())],
            Self::Ambiguous { count } | Self::Alike { count } => vec![("count", count.to_string())],
            Self::WitnessMissing { needed } => vec![("needed", needed.to_string())],
            Self::WrongStep { step } => vec![("step", step.clone())],
            Self::CardOfOtherCase { number } => vec![("number", number.clone())],
            Self::OtherCard { number, lying } => vec![("number", number.clone()), ("lying", lying.clone())],
            Self::NoDevice { what } => vec![("what", (*what).to_owned())],
            Self::WhichDevice { what, names } => vec![("what", (*what).to_owned()), ("names", names.clone())],
            Self::PrintFailed { reasons } => vec![("reasons", reasons.clone())],
            Self::PrinterElsewhere { printer } => vec![("printer", printer.clone())],
            Self::Design { count, fields, code } => {
                vec![("count", count.to_string()), ("fields", fields.clone()), ("code", (*code).to_owned())]
            }
            Self::NotWritten { what } => vec![("what", (*what).to_owned())],
            Self::NumberLong { number, most } => vec![("number", number.clone()), ("most", most.to_string())],
            Self::EncodingErrors { count, findings } => {
                vec![("count", count.to_string()), ("findings", findings.clone())]
            }
            Self::CaseEncoding { encoding } | Self::CardEncoding { encoding } => vec![("encoding", encoding.clone())],
            Self::CardHalfWritten { number } | Self::CardVoid { number } => vec![("number", number.clone())],
            Self::BackupInside { what } | Self::BackupForeign { what } => vec![("folder", what.clone())],
            Self::File { what, kind } => vec![("file", what.clone()), ("kind", kind.to_string())],
            _ => vec![],
        }
    }
}
