//! Readers for 125 kHz: found among the serial ports, each with a thread of its own that listens for what lies there and
//! asks what is due with it (`tag`).
//!
//! Such a card is no session: it sends its number over and over. One that sends nothing is spoken to only where a case
//! waits for it.

use std::sync::Arc;
use std::time::Duration;

use lanyard_device::{Chip, DeviceError, LfCard, LfKind, LfReader};
use lanyard_encoding::EncodingError;
use lanyard_fault::Coded;
use lanyard_twn4::{Options, Twn4, ports};

use crate::StationError;
use crate::api::{CardOnReader, DeviceKind, DeviceRole, Standing};
use crate::devices::{Device, Seen, id_of};
use crate::shared::{Core, Shared};

/// How often the ports are looked through.
const PORTS_AGAIN: Duration = Duration::from_secs(2);
/// The same on the bench, where that costs nothing.
const BENCH_AGAIN: Duration = Duration::from_millis(20);
/// How often a reader that a case waits for is asked, and one at leisure.
const CLOSELY: Duration = Duration::from_millis(80);
const AT_LEISURE: Duration = Duration::from_millis(600);
const SIMULATED: Duration = Duration::from_millis(4);

/// Where readers come from.
pub(crate) trait Ports: Send + 'static {
    /// Those that are plugged in.
    fn names(&self) -> Vec<String>;

    /// One of them, greeted.
    fn open(&self, name: &str) -> Result<Box<dyn LfReader>, DeviceError>;

    /// They exist only in a rehearsal.
    fn simulated(&self) -> bool;
}

/// The serial ports of this machine.
pub(crate) struct Serial;

impl Ports for Serial {
    fn names(&self) -> Vec<String> {
        ports().unwrap_or_default()
    }

    fn open(&self, name: &str) -> Result<Box<dyn LfReader>, DeviceError> {
        Ok(Box::new(Twn4::open_either(name, Options::default())?))
    }

    fn simulated(&self) -> bool {
        false
    }
}

/// Watches for readers until the station ends. What was greeted and is none is not greeted again until it was unplugged.
pub(crate) fn watch(shared: &Arc<Shared>, ports: impl Ports) {
    let weak = Arc::downgrade(shared);
    let watch = move || {
        let mut none: Vec<String> = Vec::new();
        while let Some(shared) = weak.upgrade().filter(|shared| !shared.stopping()) {
            // No port is opened in a rehearsal: what lies on a real reader is nobody's business there.
            let rehearsal = shared.quietly(|core| core.front().is_some_and(|front| front.rehearsal));
            let names = if ports.simulated() == rehearsal { ports.names() } else { Vec::new() };
            none.retain(|name| names.contains(name));
            for name in names {
                if none.contains(&name) || shared.attached(&id_of(DeviceKind::LfReader, &name)) {
                    continue;
                }
                match ports.open(&name) {
                    Ok(reader) => attach(&shared, reader, ports.simulated()),
                    Err(error @ (DeviceError::Protocol { .. } | DeviceError::Silent { .. })) => {
                        tracing::warn!(code = error.code(), "what is plugged in is no reader with the Simple Protocol");
                        none.push(name);
                    }
                    Err(error) => tracing::debug!(code = error.code(), "a port could not be opened"),
                }
            }
            shared.tag_readers_listed();
            let again = if ports.simulated() { BENCH_AGAIN } else { PORTS_AGAIN };
            shared.wait(again, |_| shared.stopping().then_some(()));
        }
    };
    match std::thread::Builder::new().name("port watch".to_owned()).spawn(watch) {
        Ok(thread) => shared.keep_thread(thread),
        Err(error) => tracing::error!(kind = %error.kind(), "nobody watches the ports"),
    }
}

/// A port that the operator names: one that no list tells of.
pub(crate) fn open_named(shared: &Arc<Shared>, name: &str) -> Result<(), StationError> {
    if !shared.attached(&id_of(DeviceKind::LfReader, name)) {
        attach(shared, Serial.open(name)?, false);
    }
    Ok(())
}

/// Takes a reader in and gives it its thread.
pub(crate) fn attach(shared: &Arc<Shared>, reader: Box<dyn LfReader>, simulated: bool) {
    let id = id_of(DeviceKind::LfReader, reader.name());
    let device = Device::new(DeviceKind::LfReader, reader.name(), Some(DeviceRole::Lf), simulated);
    let Some(serving) = shared.attach(id, device) else { return };
    let weak = Arc::downgrade(shared);
    let thread = std::thread::spawn(move || {
        let mut reader = reader;
        let mut lying = None;
        while let Some(shared) = weak.upgrade() {
            if shared.stopping() || !shared.serves(&serving) {
                return;
            }
            if !serve(&shared, &serving.id, reader.as_mut(), &mut lying) {
                shared.detached(&serving);
                return;
            }
            let asked = shared.quietly(|core| core.wants_tag());
            let pause = match (simulated, asked) {
                (true, _) => SIMULATED,
                (false, true) => CLOSELY,
                (false, false) => AT_LEISURE,
            };
            shared.wait(pause, |core| {
                let news = core.wants_tag() != asked || core.tests.contains_key(&serving.id);
                (news || shared.stopping()).then_some(())
            });
        }
    });
    shared.keep_thread(thread);
}

/// What lies on a reader: nothing; or something, with what it sends, if it sends anything. Only where it is `asked` for is
/// one that sends nothing asked for its first block, which changes nothing.
pub(crate) fn lies_there(reader: &mut dyn LfReader, asked: bool) -> Result<Option<Option<LfCard>>, DeviceError> {
    if let Some(card) = reader.search()? {
        return Ok(Some(Some(card)));
    }
    Ok(if asked { reader.read(Chip::T5577, 0, None)?.map(|_| None) } else { None })
}

/// One round. False when the reader has gone.
fn serve(shared: &Arc<Shared>, id: &str, reader: &mut dyn LfReader, lying: &mut Option<Option<LfCard>>) -> bool {
    let asked = shared.quietly(|core| core.wants_tag());
    match lies_there(reader, asked) {
        Ok(now) => {
            if now != *lying {
                shared.with(|core| core.tag_lies(id, now.as_ref()));
                *lying = now;
            }
        }
        Err(DeviceError::Gone { .. }) => return false,
        Err(error) => tracing::debug!(code = error.code(), "a reader did not say what lies there"),
    }
    shared.told(id);
    shared.test_tag_reader(id, reader);
    let _at_card = shared.at_card();
    while let Some(work) = shared.take_tag_work(id) {
        if let Err(error) = work.carry_out(shared, reader) {
            let lost = matches!(error, StationError::Encoding(EncodingError::Lost { .. }));
            shared.with(|core| {
                core.tag_failed(work, &error);
                if lost {
                    core.tag_lies(id, None);
                }
            });
            // It was not there a moment ago: what lies there next has been laid, however quick the hand was.
            if lost {
                *lying = None;
            }
        }
    }
    true
}

impl Shared {
    fn tag_readers_listed(&self) {
        self.with(|core| {
            if !std::mem::replace(&mut core.tag_readers_listed, true) {
                core.status_changed();
            }
        });
    }
}

impl Core {
    /// Something else lies there now, or nothing.
    fn tag_lies(&mut self, id: &str, now: Option<&Option<LfCard>>) {
        self.status_changed();
        let Some(heard) = now else { return self.card_gone(id) };
        let uid = heard.as_ref().map(|card| card.id.clone()).unwrap_or_default();
        let known = if uid.is_empty() { None } else { self.card_of_tag(&uid) };
        let visit = self.next_visit();
        let standing = match (&known, heard) {
            (Some(_), _) => Standing::Ours,
            (None, Some(_)) => Standing::Foreign,
            (None, None) => Standing::Blank,
        };
        let technology = match heard.as_ref().map(|card| card.kind) {
            Some(LfKind::Em4100) => "em4100",
            Some(LfKind::HidProx) => "prox",
            Some(LfKind::T5577) | None => "t5577",
            Some(LfKind::Em4150) => "em4150",
            Some(LfKind::Em4305) => "em4305",
            Some(LfKind::Other(_)) => "unknown",
        };
        let case = known.as_ref().and_then(|(card, ..)| {
            self.cases.values().find(|case| case.reference("card") == Some(*card)).map(|case| case.id.to_string())
        });
        let (card, person) = known.map_or((None, None), |(_, card, person)| (Some(card), Some(person)));
        let Some(device) = self.devices.get_mut(id) else { return };
        let view = CardOnReader {
            technology: technology.to_owned(),
            uid: hex::encode(&uid),
            standing,
            card,
            person,
            case,
            problem: None,
            next: Vec::new(),
        };
        device.card = Some(Seen { visit, looked: true, view, uid, assessment: None, encoding: None, chip: None });
        self.another_card(id);
    }
}
