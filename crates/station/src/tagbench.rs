//! The 125 kHz corner of the rehearsal's bench: a simulated TWN4 on a line that the real driver speaks over, and T5577
//! chips for it, on disk after every command.

use std::collections::BTreeMap;
use std::io::{Error, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use lanyard_device::{DeviceError, LfReader};
use lanyard_twn4::{Options, Twn4};
use lanyard_virtual::{Heard, LfTag, T5577Tag, Twn4Fault, VirtualTwn4};

use crate::StationError;
use crate::api::{BenchCard, BenchCardKind};
use crate::bench::FROZEN;
use crate::lf::Ports;

/// The reader for 125 kHz.
pub const TAG_READER: &str = "125 kHz reader";
/// How a chip's file ends.
pub(crate) const FILE_WORD: &str = "t5577";
/// A line on which nothing comes.
const MOMENT: Duration = Duration::from_millis(1);

/// The reader, and the chips that do not lie on it.
pub(crate) struct TagBench {
    desk: Arc<Mutex<TagDesk>>,
    folder: PathBuf,
    /// What becomes of them is kept: not by a station that only reads.
    keeps: bool,
    drawer: BTreeMap<u32, T5577Tag>,
    freeze: BTreeMap<u32, u32>,
}

/// The reader with what lies on it.
pub struct TagDesk {
    /// The reader: tests set faults there.
    pub twn4: VirtualTwn4,
    laid: Option<Laid>,
}

struct Laid {
    id: u32,
    file: Option<PathBuf>,
    /// Stops answering after so many more commands that write; 0: never.
    freeze: usize,
}

fn lock(desk: &Mutex<TagDesk>) -> MutexGuard<'_, TagDesk> {
    desk.lock().unwrap_or_else(PoisonError::into_inner)
}

impl TagDesk {
    fn feed(&mut self, bytes: &[u8]) -> Vec<u8> {
        let before = self.twn4.writes();
        let answer = self.twn4.feed(bytes);
        let written = self.twn4.writes() - before;
        if let (Some(laid), true) = (&mut self.laid, written > 0) {
            if let Some(LfTag::T5577(tag)) = self.twn4.tag() {
                keep(laid.file.as_deref(), tag);
            }
            if laid.freeze > 0 && laid.freeze <= written {
                // For whoever ends this process at this very point.
                if let Some(file) = &laid.file {
                    let _ = std::fs::write(file.with_file_name(FROZEN), "");
                }
                loop {
                    std::thread::park();
                }
            }
            laid.freeze = laid.freeze.saturating_sub(written);
        }
        answer
    }
}

/// A chip cannot report that its memory failed; the next start then finds it one command younger.
fn keep(file: Option<&Path>, tag: &T5577Tag) {
    let Some(file) = file else { return };
    let beside = file.with_extension("new");
    let image = serde_json::to_string(tag).unwrap_or_default();
    let _ = std::fs::write(&beside, image).and_then(|()| std::fs::rename(&beside, file));
}

/// One end of the line.
struct Line {
    desk: Arc<Mutex<TagDesk>>,
    coming: Vec<u8>,
}

impl Line {
    fn plugged(&self) -> Result<(), Error> {
        if lock(&self.desk).twn4.unplugged() { Err(ErrorKind::BrokenPipe.into()) } else { Ok(()) }
    }
}

impl Read for Line {
    fn read(&mut self, out: &mut [u8]) -> Result<usize, Error> {
        if self.coming.is_empty() {
            self.plugged()?;
            std::thread::sleep(MOMENT);
            return Err(ErrorKind::TimedOut.into());
        }
        let count = out.len().min(self.coming.len());
        for (to, byte) in out.iter_mut().zip(self.coming.drain(..count)) {
            *to = byte;
        }
        Ok(count)
    }
}

impl Write for Line {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, Error> {
        self.plugged()?;
        let answer = lock(&self.desk).feed(bytes);
        self.coming.extend(answer);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> Result<(), Error> {
        Ok(())
    }
}

/// The one port of the bench.
pub(crate) struct BenchPort(Arc<Mutex<TagDesk>>);

impl Ports for BenchPort {
    fn names(&self) -> Vec<String> {
        if lock(&self.0).twn4.unplugged() { Vec::new() } else { vec![TAG_READER.to_owned()] }
    }

    fn open(&self, name: &str) -> Result<Box<dyn LfReader>, DeviceError> {
        let line = Line { desk: Arc::clone(&self.0), coming: Vec::new() };
        Ok(Box::new(Twn4::over(name, Box::new(line), Options::default())?))
    }

    fn simulated(&self) -> bool {
        true
    }
}

impl TagBench {
    /// With nothing in its drawer yet.
    pub(crate) fn new(folder: &Path, keeps: bool) -> Self {
        let desk = TagDesk { twn4: VirtualTwn4::new(false), laid: None };
        Self {
            desk: Arc::new(Mutex::new(desk)),
            folder: folder.to_owned(),
            keeps,
            drawer: BTreeMap::new(),
            freeze: BTreeMap::new(),
        }
    }

    pub(crate) fn port(&self) -> BenchPort {
        BenchPort(Arc::clone(&self.desk))
    }

    pub(crate) fn desk(&self) -> Arc<Mutex<TagDesk>> {
        Arc::clone(&self.desk)
    }

    fn file(&self, id: u32) -> Option<PathBuf> {
        self.keeps.then(|| self.folder.join(format!("{id:05}.{FILE_WORD}.json")))
    }

    /// A chip that was left in the drawer.
    pub(crate) fn found(&mut self, id: u32, image: &str) {
        if let Ok(tag) = serde_json::from_str(image) {
            self.drawer.insert(id, tag);
        }
    }

    pub(crate) fn new_tag(&mut self, id: u32) {
        let tag = T5577Tag::blank();
        keep(self.file(id).as_deref(), &tag);
        self.drawer.insert(id, tag);
    }

    pub(crate) fn has(&self, id: u32) -> bool {
        self.ids().any(|own| own == id)
    }

    pub(crate) fn ids(&self) -> impl Iterator<Item = u32> + '_ {
        let laid = lock(&self.desk).laid.as_ref().map(|laid| laid.id);
        self.drawer.keys().copied().chain(laid)
    }

    pub(crate) fn lay(&mut self, id: u32) -> Result<(), StationError> {
        self.lift();
        let tag = self.drawer.remove(&id).ok_or(StationError::NoBenchCard)?;
        let freeze = self.freeze.remove(&id).unwrap_or_default() as usize;
        let mut desk = lock(&self.desk);
        desk.laid = Some(Laid { id, file: self.file(id), freeze });
        desk.twn4.lay(LfTag::T5577(tag));
        Ok(())
    }

    /// Also picks up a chip that a fault has pulled.
    pub(crate) fn lift(&mut self) {
        let mut desk = lock(&self.desk);
        if let (Some(laid), Some(LfTag::T5577(tag))) = (desk.laid.take(), desk.twn4.lift()) {
            self.drawer.insert(laid.id, tag);
        }
    }

    pub(crate) fn lift_after(&mut self, commands: usize) {
        let mut desk = lock(&self.desk);
        let at = desk.twn4.commands() + commands;
        desk.twn4.fault(at, Twn4Fault::PullAfter);
    }

    /// It carries out so many more commands that write, and then never answers again.
    pub(crate) fn freeze_after(&mut self, id: u32, writes: u32) {
        match &mut lock(&self.desk).laid {
            Some(laid) if laid.id == id => laid.freeze = writes as usize,
            _ => drop(self.freeze.insert(id, writes)),
        }
    }

    /// As the window shows them.
    pub(crate) fn view(&self) -> Vec<BenchCard> {
        let card = |id: u32, tag: &T5577Tag, on: bool| BenchCard {
            id,
            kind: BenchCardKind::T5577,
            uid: match LfTag::T5577(tag.clone()).heard() {
                Some(Heard::Em4100(id)) => hex::encode(id),
                Some(Heard::Prox(raw)) => format!("{raw:011x}"),
                None => String::new(),
            },
            on: on.then(|| TAG_READER.to_owned()),
        };
        let mut cards: Vec<BenchCard> = self.drawer.iter().map(|(id, tag)| card(*id, tag, false)).collect();
        let desk = lock(&self.desk);
        match (&desk.laid, desk.twn4.tag()) {
            (Some(laid), Some(LfTag::T5577(tag))) => cards.push(card(laid.id, tag, true)),
            // Pulled by a fault: in somebody's hand.
            (Some(laid), _) => {
                let (id, kind) = (laid.id, BenchCardKind::T5577);
                cards.push(BenchCard { id, kind, uid: String::new(), on: None });
            }
            (None, _) => {}
        }
        cards
    }
}
