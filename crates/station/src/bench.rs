//! The rehearsal's bench: simulated cards in a drawer, on readers, in a printer; handled by the window, by
//! `lanyard rehearse`, and by tests. A card's state is on disk after every exchange, as a real card keeps it: a station
//! that is killed finds its cards as they were left.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use lanyard_virtual::{ApduCard, Bench, DesfireCard, Fault, FaultKind, KeyKind, VirtualPrinter, VirtualReader};
use lanyard_virtual_piv::PivCard;

use crate::api::{BenchAction, BenchCard, BenchCardKind, BenchPrinter, BenchView};
use crate::tagbench::{FILE_WORD, TAG_READER, TagBench};
use crate::{Access, StationError, entropy};

/// The reader that contactless cards are written on.
pub const ENCODER: &str = "Encoder";
/// The reader for contact chips.
pub const CHIP_READER: &str = "Chip reader";
/// Lies in the bench's folder once a card has frozen.
pub(crate) const FROZEN: &str = "frozen";
/// The card printer.
pub const PRINTER: &str = "Card printer";

/// The bench and its drawer.
pub(crate) struct RehearsalBench {
    bench: Bench,
    folder: PathBuf,
    /// What becomes of the cards is kept in the folder.
    keeps: bool,
    cards: BTreeMap<u32, Kept>,
    tags: TagBench,
    jammed: bool,
    ribbon_empty: bool,
}

struct Kept {
    kind: BenchCardKind,
    card: Arc<Mutex<Remembering>>,
    in_field: Arc<AtomicBool>,
    freeze: Arc<AtomicU32>,
    on: Option<String>,
}

enum AnyCard {
    Desfire(Box<DesfireCard>),
    Chip(Box<PivCard>),
}

/// A card that is on disk after every exchange.
struct Remembering {
    card: AnyCard,
    /// None where it is only looked at: the cards are those of another program, or of a folder that cannot be written.
    file: Option<PathBuf>,
    last: String,
    in_field: Arc<AtomicBool>,
    /// Stops answering after so many more exchanges; 0: never.
    freeze: Arc<AtomicU32>,
}

impl Remembering {
    fn image(&self) -> String {
        match &self.card {
            AnyCard::Desfire(card) => card.export(),
            AnyCard::Chip(card) => card.export(),
        }
    }

    fn remember(&mut self) {
        let Some(file) = &self.file else { return };
        let image = self.image();
        if image != self.last {
            // A card cannot report that its memory failed; the next start then finds it one exchange younger.
            let beside = file.with_extension("new");
            if std::fs::write(&beside, &image).and_then(|()| std::fs::rename(&beside, file)).is_ok() {
                self.last = image;
            }
        }
    }

    fn as_card(&mut self) -> &mut dyn ApduCard {
        match &mut self.card {
            AnyCard::Desfire(card) => card.as_mut(),
            AnyCard::Chip(card) => card.as_mut(),
        }
    }
}

impl ApduCard for Remembering {
    fn power_on(&mut self) {
        self.in_field.store(true, Ordering::SeqCst);
        self.as_card().power_on();
    }

    fn power_off(&mut self) {
        self.in_field.store(false, Ordering::SeqCst);
        self.as_card().power_off();
    }

    fn atr(&self) -> Vec<u8> {
        match &self.card {
            AnyCard::Desfire(card) => card.atr(),
            AnyCard::Chip(card) => card.atr(),
        }
    }

    fn uid(&self) -> Vec<u8> {
        match &self.card {
            AnyCard::Desfire(card) => card.uid(),
            AnyCard::Chip(card) => card.uid(),
        }
    }

    fn transmit(&mut self, command: &[u8]) -> Vec<u8> {
        let answer = self.as_card().transmit(command);
        // Before the answer leaves the card, as a real one does it.
        self.remember();
        if self.freeze.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)) == Ok(1) {
            // For whoever ends this process at this very point.
            if let Some(file) = &self.file {
                let _ = std::fs::write(file.with_file_name(FROZEN), "");
            }
            loop {
                std::thread::park();
            }
        }
        answer
    }
}

impl RehearsalBench {
    /// The bench of a rehearsal house, with the cards that were left in its drawer.
    pub(crate) fn open(
        home: &Path,
        access: Access,
    ) -> Result<(Self, [VirtualReader; 2], VirtualPrinter), StationError> {
        let folder = home.join("bench");
        let failed = |error: std::io::Error| StationError::File { what: "bench".to_owned(), kind: error.kind() };
        let keeps = access == Access::Write;
        if keeps {
            std::fs::create_dir_all(&folder).map_err(failed)?;
            let _ = std::fs::remove_file(folder.join(FROZEN));
        }
        let bench = Bench::new();
        let readers = [bench.plug_reader(ENCODER), bench.plug_reader(CHIP_READER)];
        let printer = bench.plug_printer(PRINTER);
        let tags = TagBench::new(&folder, keeps);
        let mut this = Self { bench, folder, keeps, tags, cards: BTreeMap::new(), jammed: false, ribbon_empty: false };
        let entries = match std::fs::read_dir(&this.folder) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok((this, readers, printer)),
            entries => entries.map_err(failed)?,
        };
        for entry in entries {
            let path = entry.map_err(failed)?.path();
            let Some((id, kind)) = path.file_name().and_then(|name| named(&name.to_string_lossy())) else { continue };
            let image = std::fs::read_to_string(&path).map_err(failed)?;
            let card = match kind {
                BenchCardKind::T5577 => {
                    this.tags.found(id, &image);
                    continue;
                }
                BenchCardKind::Chip => PivCard::import(&image).ok().map(|card| AnyCard::Chip(Box::new(card))),
                _ => DesfireCard::import(&image).ok().map(|card| AnyCard::Desfire(Box::new(card))),
            };
            if let Some(card) = card {
                this.keep(id, kind, card);
            }
        }
        Ok((this, readers, printer))
    }

    fn keep(&mut self, id: u32, kind: BenchCardKind, card: AnyCard) {
        let in_field = Arc::new(AtomicBool::new(false));
        let freeze = Arc::new(AtomicU32::new(0));
        let file = self.keeps.then(|| self.folder.join(file_name(id, kind)));
        let mut remembering = Remembering {
            card,
            file,
            last: String::new(),
            in_field: Arc::clone(&in_field),
            freeze: Arc::clone(&freeze),
        };
        remembering.remember();
        self.cards.insert(id, Kept { kind, card: Arc::new(Mutex::new(remembering)), in_field, freeze, on: None });
    }

    /// What a hand does.
    pub(crate) fn act(&mut self, action: &BenchAction) -> Result<(), StationError> {
        match action {
            BenchAction::NewCard { kind } => {
                self.new_card(*kind);
            }
            BenchAction::Lay { card, reader } => self.lay(*card, reader)?,
            BenchAction::Lift { reader } => self.lift(reader)?,
            BenchAction::LiftAfter { reader, exchanges } if reader == TAG_READER => {
                self.tags.lift_after(*exchanges as usize);
            }
            BenchAction::FreezeAfter { card, exchanges } if self.tags.has(*card) => {
                self.tags.freeze_after(*card, *exchanges);
            }
            BenchAction::LiftAfter { reader, exchanges } => {
                let (so_far, _) = self.bench.traffic(reader)?;
                self.bench.faults(reader, [Fault { at: so_far + *exchanges as usize, kind: FaultKind::PullAfter }])?;
            }
            BenchAction::FreezeAfter { card, exchanges } => {
                let kept = self.cards.get(card).ok_or(StationError::NoBenchCard)?;
                kept.freeze.store(*exchanges, Ordering::SeqCst);
            }
            BenchAction::Jam { printer, jammed } => {
                self.jammed = *jammed;
                self.stop_again(printer)?;
            }
            BenchAction::Ribbon { printer, empty } => {
                self.ribbon_empty = *empty;
                self.stop_again(printer)?;
            }
        }
        Ok(())
    }

    /// Takes a card out of the box; its number in the drawer.
    pub(crate) fn new_card(&mut self, kind: BenchCardKind) -> u32 {
        let id = self.cards.keys().copied().chain(self.tags.ids()).max().map_or(1, |id| id + 1);
        let seed = u64::from_le_bytes(entropy::bytes());
        let mut uid: [u8; 7] = entropy::bytes();
        // ISO/IEC 7816-6: 04 is NXP.
        uid[0] = 0x04;
        let blank = DesfireCard::new(uid, seed);
        let card = match kind {
            BenchCardKind::Blank => AnyCard::Desfire(Box::new(blank)),
            BenchCardKind::Foreign => {
                let key: [u8; 16] = entropy::bytes();
                AnyCard::Desfire(Box::new(blank.with_master_key(KeyKind::Aes, &key, 1)))
            }
            BenchCardKind::Full => AnyCard::Desfire(Box::new(blank.with_memory_used_up())),
            BenchCardKind::Chip => AnyCard::Chip(Box::new(PivCard::new(seed))),
            BenchCardKind::T5577 => {
                self.tags.new_tag(id);
                return id;
            }
        };
        self.keep(id, kind, card);
        id
    }

    fn lay(&mut self, id: u32, reader: &str) -> Result<(), StationError> {
        match (reader == TAG_READER, self.tags.has(id)) {
            (true, _) => return self.tags.lay(id),
            // A reader of another frequency does not see it.
            (false, true) => return Err(StationError::NoBenchCard),
            (false, false) => {}
        }
        let kept = self.cards.get_mut(&id).ok_or(StationError::NoBenchCard)?;
        if let Some(before) = kept.on.take() {
            // Also picks up a card that a fault has pulled.
            let _ = self.bench.lift(&before);
        }
        self.bench.lay(reader, Arc::clone(&kept.card))?;
        kept.on = Some(reader.to_owned());
        Ok(())
    }

    fn lift(&mut self, reader: &str) -> Result<(), StationError> {
        if reader == TAG_READER {
            self.tags.lift();
            return Ok(());
        }
        self.bench.lift(reader)?;
        for kept in self.cards.values_mut().filter(|kept| kept.on.as_deref() == Some(reader)) {
            if !kept.in_field.load(Ordering::SeqCst) {
                kept.on = None;
            }
        }
        Ok(())
    }

    fn stop_again(&self, printer: &str) -> Result<(), StationError> {
        self.bench.mend(printer)?;
        if self.jammed {
            self.bench.jam(printer)?;
        }
        if self.ribbon_empty {
            self.bench.empty_ribbon(printer)?;
        }
        Ok(())
    }

    /// The desk behind it: tests set faults there.
    pub(crate) fn desk(&self) -> Bench {
        self.bench.clone()
    }

    /// Its corner for 125 kHz.
    pub(crate) fn tags(&self) -> &TagBench {
        &self.tags
    }

    /// As the window shows it.
    pub(crate) fn view(&self) -> BenchView {
        BenchView {
            cards: self
                .cards
                .iter()
                .map(|(id, kept)| BenchCard {
                    id: *id,
                    kind: kept.kind,
                    uid: hex::encode(kept.card.lock().unwrap_or_else(PoisonError::into_inner).uid()),
                    on: kept.on.clone().filter(|_| kept.in_field.load(Ordering::SeqCst)),
                })
                .chain(self.tags.view())
                .collect(),
            readers: self.bench.readers().into_iter().chain([TAG_READER.to_owned()]).collect(),
            printers: self
                .bench
                .printers()
                .into_iter()
                .map(|name| BenchPrinter {
                    printed: self.bench.printed(&name).map_or(0, |count| u32::try_from(count).unwrap_or(u32::MAX)),
                    name,
                    jammed: self.jammed,
                    ribbon_empty: self.ribbon_empty,
                })
                .collect(),
        }
    }
}

const KINDS: [(BenchCardKind, &str); 5] = [
    (BenchCardKind::Blank, "blank"),
    (BenchCardKind::Foreign, "foreign"),
    (BenchCardKind::Full, "full"),
    (BenchCardKind::Chip, "chip"),
    (BenchCardKind::T5577, FILE_WORD),
];

fn file_name(id: u32, kind: BenchCardKind) -> String {
    let word = KINDS.iter().find(|(k, _)| *k == kind).map_or("blank", |(_, word)| word);
    format!("{id:05}.{word}.json")
}

fn named(name: &str) -> Option<(u32, BenchCardKind)> {
    let mut parts = name.split('.');
    let (id, word, "json", None) = (parts.next()?, parts.next()?, parts.next()?, parts.next()) else { return None };
    let (kind, _) = KINDS.iter().find(|(_, w)| *w == word)?;
    Some((id.parse().ok()?, *kind))
}
