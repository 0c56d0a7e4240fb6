//! The encodings of this house. What an administrator adds is kept by name and version, with its entry in the history, and
//! never changed: a card that was written with a version is read, re-keyed and reset by that version. What ships is there
//! from the start: `starter` in every house, the others in a rehearsal.

use std::sync::{Arc, OnceLock};

use lanyard_encoding::{Date, Encoding, EncodingError, Finding, Severity, lint};
use lanyard_issue::may_change_encodings;
use lanyard_keys::{KeyRef, Vault};
use lanyard_model::{Change, Kind, Record, RecordRef, UnixMs, Value};
use lanyard_store::{StoreError, Tx, View};

use crate::api::{EncodingAdded, EncodingHit, EncodingText, Texts};
use crate::cards::DAY_MS;
use crate::making::{key_label, key_made};
use crate::shared::Core;
use crate::{StationError, assets, entropy};

/// What cards are written with where nobody has said otherwise.
const STARTER: &str = "starter";
/// Setting: the name of the encoding in use.
const IN_USE: &str = "encoding";
const MEDIA_TYPE: &str = "application/toml";

/// An encoding of this house.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct EncodingRef {
    pub name: String,
    pub version: u32,
}

impl EncodingRef {
    /// By the fields `encoding` and `encoding_version`. What was written before there were versions was the first.
    pub(crate) fn of_fields(name: &str, version: Option<&Value>) -> Self {
        let version = version.and_then(Value::as_int).and_then(|version| u32::try_from(version).ok());
        let name = if name.is_empty() { STARTER } else { name };
        Self { name: name.to_owned(), version: version.unwrap_or(1) }
    }

    /// That of a credential.
    pub(crate) fn of_record(credential: &Record) -> Self {
        Self::of_fields(credential.text("encoding"), credential.fields.get("encoding_version"))
    }
}

/// One version, and its description.
pub(crate) struct Kept {
    pub of: EncodingRef,
    pub text: String,
    /// Read when it is first needed.
    read: OnceLock<Result<Arc<Encoding>, EncodingError>>,
    /// In the store; one that ships may not be yet, in a house that was made before.
    stored: bool,
}

impl Kept {
    fn new(of: EncodingRef, text: String, stored: bool) -> Self {
        Self { of, text, read: OnceLock::new(), stored }
    }

    pub(crate) fn encoding(&self) -> Result<Arc<Encoding>, StationError> {
        Ok(self.read.get_or_init(|| Encoding::parse(&self.text).map(Arc::new)).clone()?)
    }
}

/// All of them, by name, then version.
#[derive(Default)]
pub(crate) struct Encodings(Vec<Kept>);

impl Encodings {
    /// Those in the store, and what ships.
    pub(crate) fn load(view: View<'_>, rehearsal: bool) -> Result<Self, StationError> {
        let mut all = Vec::new();
        for record in view.records(Kind::Configuration, None)? {
            if record.text("kind") != "encoding" {
                continue;
            }
            let damaged = || StoreError::Damaged { what: "encoding" };
            let sha256 = record.fields.get("text").and_then(Value::as_blob).ok_or_else(damaged)?;
            let (_, text) = view.blob(&sha256)?.ok_or_else(damaged)?;
            let text = String::from_utf8(text).map_err(|_| damaged())?;
            all.push(Kept::new(EncodingRef::of_fields(record.text("name"), record.fields.get("version")), text, true));
        }
        for (name, text) in shipped(rehearsal) {
            if !all.iter().any(|kept| kept.of.name == *name) {
                all.push(Kept::new(EncodingRef { name: (*name).to_owned(), version: 1 }, (*text).to_owned(), false));
            }
        }
        all.sort_by(|a, b| (&a.of.name, a.of.version).cmp(&(&b.of.name, b.of.version)));
        Ok(Self(all))
    }

    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = &Kept> {
        self.0.iter()
    }

    /// A version of a name; the newest where none is given.
    pub(crate) fn find(&self, name: &str, version: Option<u32>) -> Result<&Kept, StationError> {
        let fits = |kept: &&Kept| kept.of.name == name && version.is_none_or(|version| kept.of.version == version);
        self.0.iter().rfind(fits).ok_or(StationError::Missing { kind: "encoding" })
    }

    pub(crate) fn read(&self, of: &EncodingRef) -> Result<Arc<Encoding>, StationError> {
        self.find(&of.name, Some(of.version))?.encoding()
    }
}

/// What ships: name and description.
fn shipped(rehearsal: bool) -> &'static [(&'static str, &'static str)] {
    let all = &assets::ENCODINGS;
    if rehearsal { all } else { &all[..1] }
}

/// Names of the keys that a house begins with, each once.
pub(crate) fn first_keys(rehearsal: bool) -> Result<Vec<String>, StationError> {
    let mut names = Vec::new();
    for (_, text) in shipped(rehearsal) {
        names.extend(key_names(&Encoding::parse(text)?));
    }
    names.sort();
    names.dedup();
    Ok(names)
}

/// Names of the keys that it needs, each once.
pub(crate) fn key_names(encoding: &Encoding) -> Vec<String> {
    let mut names: Vec<String> = encoding.keys().into_iter().map(|key| key.name.clone()).collect();
    names.sort();
    names.dedup();
    names
}

/// What lint has against a description.
fn refuse_errors(text: &str, now: UnixMs) -> Result<(), StationError> {
    let today = Date::from_days(now.0.div_euclid(DAY_MS)).ok_or(StationError::Calendar)?;
    let wrong: Vec<Finding> =
        lint(text, today).into_iter().filter(|finding| finding.severity == Severity::Error).collect();
    if wrong.is_empty() {
        return Ok(());
    }
    let line =
        |found: &Finding| format!("{}:{} {}: {}: {}", found.line, found.column, found.code, found.at, found.what);
    let findings = wrong.iter().map(line).collect::<Vec<_>>().join("\n");
    Err(StationError::EncodingErrors { count: wrong.len(), findings })
}

impl Core {
    /// Every version there is.
    pub(crate) fn encoding_hits(&mut self) -> Result<Vec<EncodingHit>, StationError> {
        let in_use = self.encoding_in_use()?;
        let (house, session) = self.open()?;
        Ok(house.encodings.iter().map(|kept| hit(kept, &session.vault, &in_use)).collect())
    }

    /// One with its description; the newest version where none is named.
    pub(crate) fn encoding_text(&mut self, name: &str, version: Option<u32>) -> Result<EncodingText, StationError> {
        let in_use = self.encoding_in_use()?;
        let (house, session) = self.open()?;
        let kept = house.encodings.find(name, version)?;
        Ok(EncodingText { encoding: hit(kept, &session.vault, &in_use), text: kept.text.clone() })
    }

    /// The encoding of this name and version.
    pub(crate) fn encoding(&self, of: &EncodingRef) -> Result<Arc<Encoding>, StationError> {
        self.house.as_ref().ok_or(StationError::NoHouse)?.encodings.read(of)
    }

    /// Every version of every encoding that can be read.
    pub(crate) fn all_encodings(&self) -> Result<Vec<Arc<Encoding>>, StationError> {
        let house = self.house.as_ref().ok_or(StationError::NoHouse)?;
        Ok(house.encodings.iter().filter_map(|kept| kept.encoding().ok()).collect())
    }

    /// What cards are written with unless somebody says otherwise: the newest version of the name in use.
    pub(crate) fn encoding_in_use(&self) -> Result<EncodingRef, StationError> {
        let house = self.house.as_ref().ok_or(StationError::NoHouse)?;
        let name = house.store.view().setting(IN_USE)?;
        Ok(house.encodings.find(name.as_deref().unwrap_or(STARTER), None)?.of.clone())
    }

    /// The one that a card is written with from now on, where nothing is against it: known by name, else that in use.
    pub(crate) fn encoding_to_write(&mut self, name: Option<&str>, now: UnixMs) -> Result<EncodingRef, StationError> {
        let of = match name {
            Some(name) => self.open()?.0.encodings.find(name, None)?.of.clone(),
            None => self.encoding_in_use()?,
        };
        let (house, _) = self.open()?;
        let kept = house.encodings.find(&of.name, Some(of.version))?;
        // A risk that somebody took upon themselves is theirs until the day they named.
        if !house.rehearsal() {
            refuse_errors(&kept.text, now)?;
        }
        let encoding = kept.encoding()?;
        // A badge whose 125 kHz chip nobody here can write is not begun.
        if let Some(chip) = encoding.chips.iter().find(|chip| !self.writes_tag(chip.kind)) {
            return Err(StationError::NoDevice { what: chip.kind.word() });
        }
        // The commands of a LEGIC reader are licensed: none is attached here.
        if !encoding.segments.is_empty() {
            return Err(StationError::NoDevice { what: "legic" });
        }
        let (_, session) = self.open()?;
        if let Some(key) = missing_keys(&encoding, &session.vault).into_iter().next() {
            return Err(EncodingError::KeyMissing { key }.into());
        }
        Ok(of)
    }

    /// Cards are written with the newest version of this name from now on.
    pub(crate) fn encoding_use(&mut self, name: &str, now: UnixMs) -> Result<EncodingHit, StationError> {
        self.may_change_encodings()?;
        let of = self.encoding_to_write(Some(name), now)?;
        let (house, session) = self.open()?;
        let change = Change::new("station.encoding_set", house.station_record()).field("encoding", name);
        let by = session.did();
        house.store.write(|tx| {
            tx.set_setting(IN_USE, Some(name))?;
            tx.commit(&change, &by, now)
        })?;
        Ok(hit(house.encodings.find(&of.name, Some(of.version))?, &session.vault, &of))
    }

    /// Adds a description: the next version of its name, unless the newest has this very text. `make_keys`: those that the
    /// vault does not have are made.
    pub(crate) fn encoding_add(
        &mut self,
        text: &str,
        make_keys: bool,
        now: UnixMs,
    ) -> Result<EncodingAdded, StationError> {
        self.may_change_encodings()?;
        refuse_errors(text, now)?;
        let encoding = Encoding::parse(text)?;
        let (house, session) = self.open()?;
        let newest = house.encodings.iter().rfind(|kept| kept.of.name == encoding.id);
        let new = newest.is_none_or(|newest| newest.text != text);
        let version = newest.map_or(1, |newest| if new { newest.of.version + 1 } else { newest.of.version });
        let of = EncodingRef { name: encoding.id.clone(), version };
        let keys_made = if make_keys { missing_keys(&encoding, &session.vault) } else { Vec::new() };
        let texts = if new { vec![(of.clone(), text.to_owned())] } else { Vec::new() };
        self.keep_encodings(&texts, &keys_made, now)?;
        let in_use = self.encoding_in_use()?;
        let (house, session) = self.open()?;
        let encoding = hit(house.encodings.find(&of.name, Some(of.version))?, &session.vault, &in_use);
        Ok(EncodingAdded { encoding, new, keys_made })
    }

    /// What ships is in the house's history too, as soon as somebody works there.
    pub(crate) fn keep_shipped(&mut self, now: UnixMs) -> Result<(), StationError> {
        let (house, session) = self.open()?;
        let (mut texts, mut keys) = (Vec::new(), Vec::new());
        for kept in house.encodings.iter().filter(|kept| !kept.stored) {
            texts.push((kept.of.clone(), kept.text.clone()));
            keys.extend(missing_keys(&*kept.encoding()?, &session.vault));
        }
        keys.sort();
        keys.dedup();
        self.keep_encodings(&texts, &keys, now)
    }

    fn may_change_encodings(&mut self) -> Result<(), StationError> {
        let (house, session) = self.open()?;
        // In a rehearsal there is nothing to be guarded.
        let right = house.rehearsal() || session.was_given(lanyard_issue::ENCODING_CHANGE);
        Ok(may_change_encodings(right)?)
    }

    /// Texts and keys, with their entries, in one transaction.
    fn keep_encodings(
        &mut self,
        texts: &[(EncodingRef, String)],
        keys: &[String],
        now: UnixMs,
    ) -> Result<(), StationError> {
        if texts.is_empty() && keys.is_empty() {
            return Ok(());
        }
        let (house, session) = self.open()?;
        // A second vault, which takes the place of the one in use once the store holds it.
        let own = house.store.view().vault()?.ok_or(StoreError::Damaged { what: "vault" })?;
        let mut vault = Vault::open(&own, &session.opened.vault_key, house.kind())?;
        let mut made = Vec::new();
        for name in keys {
            let of = KeyRef::new(name, 1)?;
            let check = vault.make_key(&of, now, &mut entropy::fill)?;
            made.push(key_made(&key_label(&of), &check.0));
        }
        let sealed = vault.seal(&session.opened.vault_key, &mut entropy::fill)?;
        let by = session.did();
        house.store.write(|tx| {
            if !made.is_empty() {
                tx.seal_vault(&sealed)?;
            }
            for change in &made {
                tx.commit(change, &by, now)?;
            }
            for (of, text) in texts {
                let change = added(tx, of, text)?;
                tx.commit(&change, &by, now)?;
            }
            Ok::<_, StoreError>(())
        })?;
        session.use_vault(vault)?;
        house.backup_proved = house.rehearsal() || crate::backup::backup_holds(&session.vault, now);
        house.refresh()?;
        self.status_changed();
        Ok(())
    }
}

fn added(tx: &mut Tx<'_>, of: &EncodingRef, text: &str) -> Result<Change, StoreError> {
    let text = tx.put_blob(text.as_bytes(), MEDIA_TYPE)?;
    Ok(Change::new("encoding.added", RecordRef { kind: Kind::Configuration, id: tx.new_id() })
        .field("kind", "encoding")
        .field("name", of.name.as_str())
        .field("version", i64::from(of.version))
        .field("text", text))
}

pub(crate) fn missing_keys(encoding: &Encoding, vault: &Vault) -> Vec<String> {
    key_names(encoding).into_iter().filter(|name| vault.newest(name).is_none()).collect()
}

fn hit(kept: &Kept, vault: &Vault, in_use: &EncodingRef) -> EncodingHit {
    let encoding = kept.encoding().ok();
    let title = encoding.as_ref().map(|encoding| {
        let [en, fr, de, sv] = encoding.names.clone();
        Texts { en, fr, de, sv }
    });
    EncodingHit {
        name: kept.of.name.clone(),
        version: kept.of.version,
        title,
        in_use: kept.of == *in_use,
        keys_missing: encoding.map(|encoding| missing_keys(&encoding, vault)).unwrap_or_default(),
    }
}
