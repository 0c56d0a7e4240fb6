//! A desk without a simulated device: a real house made by `lanyard`, a pcscd with two readers, cards on them that others
//! can read as well, an IPP printer.
#![allow(clippy::expect_used, reason = "a test stops where it fails")]

use std::ffi::CString;
use std::path::PathBuf;
use std::process::{Child, Command, Output};
use std::sync::{Arc, Mutex};

use lanyard_virtual::{ApduCard, DesfireCard};
use pcsc::{Context, ReaderState, Scope, State};
use serde_json::Value;
use tempfile::TempDir;

use crate::house::{EILEEN, Home, PASSWORD, PATIENCE, answer, lanyard, program};
use crate::ippeve::Ippeve;
use crate::vpcd::{LaidCard, Pcscd};

/// The reader for contactless cards.
pub const LEFT: &str = "Desk encoder";
/// The reader for chips. The tools of Yubico look for readers by this name.
pub const RIGHT: &str = "Yubico YubiKey Desk";
/// What the printer is called in the house.
pub const PRINTER: &str = "Card printer";
/// UID of the contactless card.
pub const UID: [u8; 7] = [0x04, 0x2F, 0x61, 0x0A, 0x3C, 0x5E, 0x80];

/// The desk.
pub struct Desk {
    /// Where the house is.
    pub home: Home,
    /// What others read and check.
    pub folder: TempDir,
    /// A blank at first, whether it lies on the reader or not.
    pub card: Arc<Mutex<DesfireCard>>,
    /// The printer.
    pub printer: Ippeve,
    pcscd: Pcscd,
}

/// The PIV card that others wrote, a process of its own; dropping it takes the card off.
pub struct Chip(Child);

impl Drop for Chip {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Desk {
    /// A desk with nothing on it and no house.
    ///
    /// # Panics
    /// Where any of it cannot be had.
    #[must_use]
    pub fn without_house() -> Self {
        Self {
            home: Home::new(),
            folder: tempfile::tempdir().expect("a temporary folder"),
            card: Arc::new(Mutex::new(DesfireCard::new(UID, 7))),
            printer: Ippeve::start().expect("a printer"),
            pcscd: Pcscd::start(&[LEFT, RIGHT]).expect("a pcscd"),
        }
    }

    /// A new house of two operators, with the people of the sample file in it and Eileen's portrait; a desk with nothing
    /// on it.
    ///
    /// # Panics
    /// Where any of it cannot be had.
    #[must_use]
    pub fn new() -> Self {
        let desk = Self::without_house();
        let (password, recovery) = (desk.path("password"), desk.path("recovery"));
        std::fs::write(&password, PASSWORD).expect("a password file");
        let operators = ["--with", "ana:Ana Berg", "--with", "jonas:Jonas Lind"];
        let passwords = ["--password-file", &password, "--password-file", &password];
        let init = [&["init", "--station", "Nordhafen Port", "--recovery-file", &recovery], &operators[..], &passwords];
        desk.succeeds(&init.concat());
        assert!(PathBuf::from(recovery).exists(), "the recovery code was not written");
        let assets = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../assets/people");
        let asset = |name: &str| assets.join(name).display().to_string();
        desk.succeeds(&["person", "import", &asset("people.csv")]);
        desk.succeeds(&["photo", "set", EILEEN, &asset("eileen.jpg")]);
        desk
    }

    /// A file that a test may write.
    #[must_use]
    pub fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    /// What PC/SC calls a reader.
    #[must_use]
    pub fn reader(&self, name: &str) -> String {
        self.pcscd.reader(name)
    }

    /// `lanyard`, as Ana.
    #[must_use]
    pub fn lanyard(&self, arguments: &[&str]) -> Output {
        lanyard(self.home.path(), arguments)
    }

    /// `lanyard`, as Ana; it succeeds.
    ///
    /// # Panics
    /// Where it does not.
    pub fn succeeds(&self, arguments: &[&str]) {
        let output = self.lanyard(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    }

    /// What `lanyard` answers to Ana.
    #[must_use]
    pub fn answer(&self, arguments: &[&str]) -> Value {
        answer(&self.lanyard(arguments))
    }

    /// Makes the printer known to the house.
    pub fn add_printer(&self) {
        self.succeeds(&["printer", PRINTER, &self.printer.uri()]);
    }

    /// Backs the house up and proves the backup: from then on it writes cards.
    pub fn prove_backup(&self) {
        let backup = self.path("backup");
        self.succeeds(&["backup", &backup]);
        self.succeeds(&["backup", "--prove", &backup]);
    }

    /// Lays the contactless card on its reader.
    ///
    /// # Panics
    /// Where it does not arrive there.
    #[must_use]
    pub fn lay_card(&self) -> LaidCard {
        self.lay(Arc::clone(&self.card))
    }

    /// Lays any card on the reader for contactless cards.
    ///
    /// # Panics
    /// Where it does not arrive there.
    #[must_use]
    pub fn lay(&self, card: impl ApduCard + 'static) -> LaidCard {
        let laid = self.pcscd.lay(LEFT, card).expect("the card can be laid");
        self.wait_for(LEFT, State::PRESENT);
        laid
    }

    /// Puts the chip into its reader.
    ///
    /// # Panics
    /// Where it does not arrive there.
    #[must_use]
    pub fn lay_chip(&self) -> Chip {
        let port = self.pcscd.port(RIGHT).expect("a reader").to_string();
        let child = Command::new(program("piv-card")).args(["--port", &port]).spawn().expect("a PIV card");
        let chip = Chip(child);
        self.wait_for(RIGHT, State::PRESENT);
        chip
    }

    /// Waits until the reader of this name tells PC/SC so.
    ///
    /// # Panics
    /// Where it never does.
    pub fn wait_for(&self, reader: &str, flags: State) {
        let context = Context::establish(Scope::User).expect("the PC/SC service");
        let name = CString::new(self.reader(reader)).expect("a name");
        let mut states = [ReaderState::new(name, State::UNAWARE)];
        while !states[0].event_state().contains(flags) {
            states[0].sync_current_state();
            context.get_status_change(Some(PATIENCE), &mut states).expect("the service reports a change");
        }
    }
}

impl Default for Desk {
    fn default() -> Self {
        Self::new()
    }
}
