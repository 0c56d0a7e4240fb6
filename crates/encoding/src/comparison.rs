//! Two descriptions compared: what changes on a card of the first, and whether it can stay in its holder's hand.

use lanyard_desfire::{Access, AccessRights, KeySettings};
use serde::Serialize;

use crate::description::{Application, Encoding, File, FileKind, InputPart, KeySpec, Segment};
use crate::memory::Memory;
use crate::plan::{AS_DELIVERED, generation};
use crate::wire::{aid_text, mode_word};

/// Everything that differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Diff {
    /// In the order of the second description.
    pub changes: Vec<Change>,
    /// What they come to altogether.
    pub how: How,
}

/// Something that differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// Where: `application 4C5901, file 1`.
    pub at: String,
    /// A stable word: `key`, `rights`, `size`, `values` …
    pub what: &'static str,
    /// As it is; absent for something new.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// As it will be; absent for something removed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// What it takes.
    pub how: How,
}

/// What a change takes, from the least to the most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum How {
    /// Nothing on a card that is out.
    Nothing,
    /// A command on the card as it is.
    InPlace,
    /// A file is removed and made anew; the memory of the old one comes back by a reset alone.
    MadeAnew,
    /// The card is reset and written again.
    Reset,
    /// Not on this card: what is switched off stays off, and an old chip stays old.
    AnotherCard,
}

impl Change {
    /// Whether it is about a key and nothing else.
    pub(crate) fn is_of_a_key(&self) -> bool {
        self.what == "key"
    }

    pub(crate) fn is_on_the_card(&self) -> bool {
        self.how != How::Nothing
    }
}

/// Compares.
#[must_use]
pub fn diff(from: &Encoding, to: &Encoding) -> Diff {
    let mut changes = Changes(Vec::new());
    changes.card(from, to);
    for new in &to.applications {
        match from.applications.iter().find(|old| old.aid == new.aid) {
            Some(old) => changes.application(old, new),
            None => changes.add(&at(new), "application", None, Some(keys_and_files(new)), How::InPlace),
        }
    }
    for old in &from.applications {
        if !to.applications.iter().any(|new| new.aid == old.aid) {
            changes.add(&at(old), "application", Some(keys_and_files(old)), None, How::InPlace);
        }
    }
    let how = changes.0.iter().map(|change| change.how).max().unwrap_or(How::Nothing);
    Diff { changes: changes.0, how }
}

struct Changes(Vec<Change>);

impl Changes {
    fn add(&mut self, at: &str, what: &'static str, from: Option<String>, to: Option<String>, how: How) {
        self.0.push(Change { at: at.to_owned(), what, from, to, how });
    }

    fn differs(&mut self, at: &str, what: &'static str, from: String, to: String, how: How) {
        if from != to {
            self.add(at, what, Some(from), Some(to), how);
        }
    }

    fn card(&mut self, from: &Encoding, to: &Encoding) {
        let (old, new) = (&from.card, &to.card);
        let family = if generation(new.family) > generation(old.family) { How::AnotherCard } else { How::Nothing };
        self.differs("card", "family", format!("{:?}", old.family), format!("{:?}", new.family), family);
        self.differs("card", "free_bytes", old.free_bytes.to_string(), new.free_bytes.to_string(), How::Nothing);
        self.differs("card, master_key", "key", key(&old.master), key(&new.master), How::InPlace);
        let optional = |spec: &Option<KeySpec>| spec.as_ref().map_or("as delivered".to_owned(), key);
        let default = if old.default.is_some() && new.default.is_some() { "key" } else { "default_key" };
        self.differs("card, default_key", default, optional(&old.default), optional(&new.default), How::InPlace);
        // Blanks of the old key stay what they are.
        self.differs("card, transport_key", "key", optional(&old.transport), optional(&new.transport), How::Nothing);
        let settings = |settings: Option<KeySettings>| settings.unwrap_or(AS_DELIVERED);
        let frozen = !settings(old.settings).settings_changeable;
        let how = if frozen { How::AnotherCard } else { How::InPlace };
        let (was, will) = (settings(old.settings), settings(new.settings));
        self.differs("card, settings", "settings", self::settings(was), self::settings(will), how);
        for (what, was, will) in [
            ("random_uid", old.random_uid, new.random_uid),
            ("format_off", old.format_off, new.format_off),
            ("only_ev2", old.only_ev2, new.only_ev2),
        ] {
            let how = if was { How::AnotherCard } else { How::InPlace };
            self.differs("card", what, was.to_string(), will.to_string(), how);
        }
        let chips = |of: &Encoding| {
            let chips =
                of.chips.iter().map(|chip| format!("{}: {:?}, {}", chip.at(), chip.content, optional(&chip.password)));
            chips.collect::<Vec<_>>().join("; ")
        };
        self.differs("chip", "chip", chips(from), chips(to), How::InPlace);
        let segments = |of: &Encoding| {
            let segment = |of: &Segment| {
                let fields: Vec<_> = of.fields.iter().map(|field| format!("{} {:?}", field.name, field)).collect();
                format!(
                    "{}: {}, {} bytes, {:02X}, {}",
                    of.at(),
                    of.family.word(),
                    of.length,
                    of.fill,
                    fields.join(", ")
                )
            };
            of.segments.iter().map(segment).collect::<Vec<_>>().join("; ")
        };
        self.differs("legic", "legic", segments(from), segments(to), How::InPlace);
        let (was, will) = (Memory::of(from).bytes, Memory::of(to).bytes);
        self.differs("card", "memory", was.to_string(), will.to_string(), How::Nothing);
    }

    fn application(&mut self, old: &Application, new: &Application) {
        let at = at(new);
        let iso =
            |of: &Application| of.iso.as_ref().map(|iso| format!("{:04X} {}", iso.file_id, hex::encode(&iso.name)));
        if iso(old) != iso(new) {
            self.add(&at, "iso", iso(old), iso(new), How::Reset);
        }
        self.differs(&at, "cipher", old.cipher.word().to_owned(), new.cipher.word().to_owned(), How::Reset);
        self.differs(&at, "keys", old.keys.len().to_string(), new.keys.len().to_string(), How::Reset);
        let how = if old.settings.settings_changeable { How::InPlace } else { How::Reset };
        self.differs(&at, "settings", settings(old.settings), settings(new.settings), how);
        for (old, new) in old.keys.iter().zip(&new.keys) {
            let at = format!("{at}, key {}", new.number.get());
            self.differs(&at, "key", key(&old.spec), key(&new.spec), How::InPlace);
            self.differs(&at, "role", old.role.clone(), new.role.clone(), How::Nothing);
        }
        for new in &new.files {
            let at = format!("{at}, file {}", new.number.get());
            match old.files.iter().find(|old| old.number == new.number) {
                Some(old) => self.file(&at, old, new),
                None => self.add(&at, "file", None, Some(bytes(new)), How::InPlace),
            }
        }
        for old in &old.files {
            if !new.files.iter().any(|new| new.number == old.number) {
                let at = format!("{at}, file {}", old.number.get());
                self.add(&at, "file", Some(bytes(old)), None, How::InPlace);
            }
        }
    }

    fn file(&mut self, at: &str, old: &File, new: &File) {
        let shape = |file: &File| {
            let iso = file.iso_file_id.map_or(String::new(), |iso| format!(", {iso:04X}"));
            format!("{}, {}{iso}", file.kind.word(), bytes(file))
        };
        self.differs(at, "shape", shape(old), shape(new), How::MadeAnew);
        if let (Some(old), Some(new)) = (old.kind.key(), new.kind.key()) {
            self.differs(at, "key", key(old), key(new), How::MadeAnew);
        }
        // Who may change the rights says whether they can be changed at all.
        let how = if old.rights.change == Access::Never { How::MadeAnew } else { How::InPlace };
        self.differs(at, "mode", mode_word(old.mode).to_owned(), mode_word(new.mode).to_owned(), how);
        self.differs(at, "rights", rights(old.rights), rights(new.rights), how);
        let fields = |file: &File| file.fields.iter().map(|field| field.name.clone()).collect::<Vec<_>>().join(", ");
        if (&old.fields, old.fill) != (&new.fields, new.fill) {
            self.add(at, "values", Some(fields(old)), Some(fields(new)), How::InPlace);
        }
    }
}

fn at(application: &Application) -> String {
    format!("application {}", aid_text(application.aid))
}

fn keys_and_files(application: &Application) -> String {
    format!("{} keys, {} files", application.keys.len(), application.files.len())
}

fn bytes(file: &File) -> String {
    match &file.kind {
        FileKind::Standard | FileKind::Backup | FileKind::TransactionMac(_) => format!("{} bytes", file.size),
        FileKind::Records { count, .. } => format!("{count} × {} bytes", file.size),
        FileKind::Value(value) => {
            let given_back = if value.limited_credit { ", limited_credit" } else { "" };
            let free = if value.free { ", free" } else { "" };
            format!("{} … {} … {}{given_back}{free}", value.lower, value.start, value.upper)
        }
    }
}

/// Name and diversification, as the description has them.
fn key(spec: &KeySpec) -> String {
    let part = |part: &InputPart| match part {
        InputPart::Uid => "uid".to_owned(),
        InputPart::Aid => "aid".to_owned(),
        InputPart::KeyNumber => "key_number".to_owned(),
        InputPart::System(system) => format!("system {:?}", String::from_utf8_lossy(system)),
    };
    let parts: Vec<String> = spec.input.iter().map(part).collect();
    if parts.is_empty() { spec.name.clone() } else { format!("{} by {}", spec.name, parts.join(", ")) }
}

fn settings(settings: KeySettings) -> String {
    format!("{:02X}", settings.wire())
}

/// By number: on the card a role is nothing but its key's.
fn rights(rights: AccessRights) -> String {
    let word = |access: Access| match access {
        Access::Free => "free".to_owned(),
        Access::Never => "never".to_owned(),
        Access::Key(key) => format!("key {}", key.get()),
    };
    let AccessRights { read, write, read_write, change } = rights;
    format!("read {}, write {}, read_write {}, change {}", word(read), word(write), word(read_write), word(change))
}
