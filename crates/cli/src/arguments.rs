//! What can be said on the command line. Never a password: that comes from a file or a prompt.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::encoding::EncodingCommand;
use crate::keys::KeysCommand;
use crate::token::TokenArguments;

/// The station without a window.
#[derive(Parser)]
#[command(name = "lanyard", version)]
pub struct Arguments {
    /// The station's home. Without it: `lanyard` in the user's data folder.
    #[arg(long, global = true)]
    pub home: Option<PathBuf>,
    /// Answer as JSON.
    #[arg(long, global = true)]
    pub json: bool,
    /// Work in the rehearsal house.
    #[arg(long, global = true)]
    pub rehearsal: bool,
    /// Sign-in name of the operator.
    #[arg(long, global = true, value_name = "LOGIN")]
    pub operator: Option<String>,
    /// File with the operator's password in its first line; without it, a prompt.
    #[arg(long, global = true, value_name = "FILE")]
    pub passphrase_file: Option<PathBuf>,
    /// Where keys live in a token.
    #[command(flatten)]
    pub token: TokenArguments,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Subcommand)]
pub enum Command {
    /// Make a house: name the station and its first operators. Prints the recovery code once.
    Init(Init),
    /// Operators of this station.
    #[command(subcommand)]
    Operator(OperatorCommand),
    /// People.
    #[command(subcommand)]
    Person(PersonCommand),
    /// Photos.
    #[command(subcommand)]
    Photo(PhotoCommand),
    /// Issue a badge: from the person's data to the card in their hand.
    Issue(Issue),
    /// Cards.
    #[command(subcommand)]
    Card(CardCommand),
    /// Encodings: keep, check, plan and compare their descriptions.
    #[command(subcommand)]
    Encoding(EncodingCommand),
    /// Keys: made, brought in, backed up, proved.
    #[command(subcommand)]
    Keys(KeysCommand),
    /// Received stock: which blanks came in.
    #[command(subcommand)]
    Stock(StockCommand),
    /// Write a backup of store and vault into a new folder, or prove one.
    Backup(Backup),
    /// Make this home from a backup. The home must be empty.
    Restore {
        /// The backup's folder.
        from: PathBuf,
    },
    /// Readers and printers.
    Devices {
        #[command(subcommand)]
        command: Option<DevicesCommand>,
    },
    /// Say which facility code the 26-bit numbers of cards have that are written from now on.
    Facility {
        /// 0 to 255; 114 where nothing was said.
        code: u8,
    },
    /// Add an IPP printer, or a folder that is used as a printer.
    Printer {
        /// What it is called here.
        name: String,
        /// `ipp://host/path`, or `file://` and a folder named from the root: `file:///srv/badges`.
        uri: String,
    },
    /// The signed history.
    #[command(subcommand)]
    History(HistoryCommand),
    /// The simulated devices as a bench: put a card on, pull it, jam the printer.
    Rehearse(Rehearse),
}

#[derive(Subcommand)]
pub enum DevicesCommand {
    /// Each device's own word. No card is written unless that is asked for.
    Selftest(Selftest),
}

#[derive(Args)]
pub struct Selftest {
    /// Write a blank test card with the starter encoding and keys that are no secret, read it back, make it a blank again.
    #[arg(long)]
    pub write_card: bool,
    /// Then write it over and over until it is pulled, so many times, and count what becomes of it.
    #[arg(long, value_name = "TIMES", default_value_t = 0, requires = "write_card")]
    pub pull: u32,
    /// Give a T5577 that can be spared, on the reader for 125 kHz, another number, read it back, and put back what it held.
    #[arg(long)]
    pub write_tag: bool,
    /// The reader that the card is tried on; without it the only one.
    #[arg(long, value_name = "NAME")]
    pub reader: Option<String>,
}

#[derive(Args)]
pub struct Init {
    /// The station's name.
    #[arg(long)]
    pub station: String,
    /// A first operator, as `LOGIN:Shown name`; several, or the station is marked single-person.
    #[arg(long = "with", value_name = "LOGIN:NAME", required = true)]
    pub operators: Vec<String>,
    /// Files with the operators' passwords, in the same order; without them, prompts.
    #[arg(long = "password-file", value_name = "FILE")]
    pub password_files: Vec<PathBuf>,
    /// Write the recovery code into this new file instead of printing it.
    #[arg(long, value_name = "FILE")]
    pub recovery_file: Option<PathBuf>,
}

#[derive(Subcommand)]
pub enum OperatorCommand {
    /// Add one.
    Add {
        /// Sign-in name.
        login: String,
        /// Shown name.
        name: String,
        /// File with the new operator's password.
        #[arg(long, value_name = "FILE")]
        password_file: Option<PathBuf>,
    },
    /// List them.
    List,
    /// Remove one: their slot is void.
    Remove {
        /// Sign-in name.
        login: String,
    },
    /// Give one a right that not everybody has.
    Allow {
        /// Sign-in name.
        login: String,
        /// `print.file`, `encoding.change`, `keys.manage`, `stock.receive`.
        right: String,
    },
    /// Take it away again.
    Forbid {
        /// Sign-in name.
        login: String,
        /// `print.file`, `encoding.change`, `keys.manage`, `stock.receive`.
        right: String,
    },
}

#[derive(Subcommand)]
pub enum PersonCommand {
    /// Add a person: `given_name=Eileen family_name=Möllerström staff_no=104882 …`.
    Add {
        /// Add although somebody very like them is there already.
        #[arg(long)]
        although_alike: bool,
        /// Fields.
        #[arg(value_name = "FIELD=VALUE", required = true)]
        fields: Vec<String>,
    },
    /// Change a person.
    Change {
        /// Id, staff number, or words that only one person answers to.
        person: String,
        /// Fields.
        #[arg(value_name = "FIELD=VALUE", required = true)]
        fields: Vec<String>,
    },
    /// Import a CSV file.
    Import {
        /// The file.
        file: PathBuf,
        /// Write the lines that were not taken, each with its reason, into this new file.
        #[arg(long, value_name = "FILE")]
        refused: Option<PathBuf>,
    },
    /// Find people as the desk does.
    Find {
        /// Beginnings of words.
        query: String,
    },
    /// Show a person with cards.
    Show {
        /// Id, staff number, or words that only one person answers to.
        person: String,
    },
}

#[derive(Subcommand)]
pub enum PhotoCommand {
    /// Set a person's photo from a file.
    Set {
        /// Id, staff number, or words that only one person answers to.
        person: String,
        /// JPEG or PNG.
        file: PathBuf,
        /// Why it is taken although there are hints.
        #[arg(long)]
        reason: Option<String>,
    },
}

#[derive(Args)]
pub struct Issue {
    /// Id, staff number, or words that only one person answers to.
    pub person: String,
    /// Name of the encoding that the card gets; without it, the one in use.
    #[arg(long, value_name = "NAME")]
    pub encoding: Option<String>,
    /// Name of the workflow.
    #[arg(long, default_value = "issue")]
    pub workflow: String,
    /// `desfire=NAME`, `piv=NAME`, or `t5577=NAME` (also `twn4=NAME`; a port that no list tells of will do); without a
    /// name the only fitting device.
    #[arg(long = "reader", value_name = "WHAT=NAME")]
    pub readers: Vec<String>,
    /// Without a name the only one.
    #[arg(long)]
    pub printer: Option<String>,
    /// Why the card may go into a file, where the printer is a folder of a real house.
    #[arg(long, value_name = "TEXT")]
    pub print_reason: Option<String>,
    /// A photo to take for it; without it, the one on file.
    #[arg(long)]
    pub photo: Option<PathBuf>,
    /// Why the photo is taken although there are hints.
    #[arg(long)]
    pub photo_reason: Option<String>,
    /// How the person is identified at hand-over: known, identity_card, passport, driving_licence.
    #[arg(long, default_value = "known")]
    pub identified: String,
    /// Write the PIN into this new file instead of standard output.
    #[arg(long, value_name = "FILE")]
    pub pin_file: Option<PathBuf>,
    /// How long to wait for a card or a printer, in seconds.
    #[arg(long, default_value_t = 120)]
    pub wait: u64,
}

#[derive(Subcommand)]
pub enum CardCommand {
    /// Read the card on the reader and say how it stands.
    Read {
        /// The reader's name; without it the only one with a card.
        #[arg(long)]
        reader: Option<String>,
    },
    /// Hold the card on the reader against the records, with the reader's keys.
    Verify(OnReader),
    /// Go on with what was begun with the card on the reader.
    Finish(OnReader),
    /// Take back the change of keys that was begun with the card on the reader.
    RollBack(OnReader),
    /// Make the card on the reader a blank again; what is on record of it becomes void. Two operators.
    Reset {
        #[command(flatten)]
        on: OnReader,
        /// Sign-in name of the other operator.
        #[arg(long = "with", value_name = "LOGIN")]
        witness: String,
        /// File with the other operator's password in its first line; without it, a prompt.
        #[arg(long, value_name = "FILE")]
        with_passphrase_file: Option<PathBuf>,
    },
    /// The newest certificate on a card, PEM.
    Certificate {
        /// Card number.
        number: String,
        /// The certificate of the CA that issued it instead.
        #[arg(long)]
        ca: bool,
    },
    /// Void a card.
    Void {
        /// Card number.
        number: String,
        /// mistake, wrong_person, damaged, spoiled, torn, print_failed, lost.
        #[arg(long)]
        reason: String,
    },
}

#[derive(Subcommand)]
pub enum StockCommand {
    /// Take in a list of UIDs, or a box from its first to its last UID.
    Add {
        /// A UID a line, or a CSV file with a column `uid`.
        #[arg(required_unless_present = "range", conflicts_with = "range")]
        file: Option<PathBuf>,
        /// A box instead: its first and its last UID.
        #[arg(long, num_args = 2, value_names = ["FIRST", "LAST"])]
        range: Option<Vec<String>>,
        /// What the box is called.
        #[arg(long = "box", value_name = "NAME", default_value = "")]
        name: String,
    },
    /// List what came in.
    List,
}

#[derive(Args)]
pub struct OnReader {
    /// The reader's name; without it the only one with a card.
    #[arg(long)]
    pub reader: Option<String>,
}

#[derive(Args)]
pub struct Backup {
    /// The folder.
    pub to: PathBuf,
    /// Prove the backup in that folder: open it with the password, compare every key's check value.
    #[arg(long)]
    pub prove: bool,
}

#[derive(Subcommand)]
pub enum HistoryCommand {
    /// Show an object's history; a person's with that of their cases, photos, cards, and what is on the cards.
    Show {
        /// person, card, credential, certificate, photo, operator, key, request, stock.
        kind: String,
        /// Its id; of a person also the staff number, or words that only they answer to.
        id: String,
    },
    /// Write a bundle for an auditor.
    Export {
        /// The new file.
        out: PathBuf,
        /// With the personal data.
        #[arg(long)]
        openings: bool,
    },
    /// Verify the whole chain.
    Verify,
}

#[derive(Args)]
pub struct Rehearse {
    /// Issue one badge without hands, and leave pictures, card, certificate and history in this folder.
    #[arg(long, value_name = "FOLDER")]
    pub demo: Option<PathBuf>,
}
