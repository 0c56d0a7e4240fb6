//! The house's keys as people manage them: made, brought in, backed up, proved, taken back; who may, and how many cards an
//! hour. Each act is a change of the vault and its entries in one transaction, and leaves a page to print.

use lanyard_issue::may_manage_keys;
use lanyard_keys::{
    CheckValue, Component, KeyRef, KeySet, KeyStatus, KeysError, Limits, MasterKey, Proof, SealTo, SealedKeys, Uses,
    Vault,
};
use lanyard_model::{Actor, ActorKind, ActorRole, Change, Id, Kind, RecordRef, UnixMs, Value};
use lanyard_store::StoreError;
use lanyard_token::Token;

use crate::api::{Ceremony, KeyHit, KeyList, KeyOpening, KeySource, Present, TokenLogin, Witness};
use crate::backup::{backup_holds, backup_proved};
use crate::making::key_label;
use crate::protocol::{Deed, How, Page, hash_of};
use crate::shared::Core;
use crate::{StationError, entropy, exposed, kept};

/// Setting: cards an hour.
const LIMITS: &str = "keys.limits";
/// Setting: the uses of the last hour.
pub(crate) const USES: &str = "keys.uses";

/// What was done to the vault, for the history and the page.
struct Act {
    deed: Deed,
    /// Entries about new keys or the station.
    changes: Vec<Change>,
    /// Keys whose backup is proved with this.
    proved: Vec<KeyStatus>,
    /// Keys that the page names.
    about: Vec<KeyRef>,
    /// The set of a backup.
    set: Option<[u8; 6]>,
    site: Option<String>,
}

/// Who was there, and the language of their page.
struct People {
    witnesses: Vec<Id>,
    language: String,
}

impl Core {
    /// Every key.
    pub(crate) fn key_list(&mut self, now: UnixMs) -> Result<KeyList, StationError> {
        let Limits { operator, station } = self.key_limits()?;
        Ok(KeyList { keys: self.key_hits(now)?, limit_operator: operator, limit_station: station })
    }

    pub(crate) fn key_hits(&mut self, now: UnixMs) -> Result<Vec<KeyHit>, StationError> {
        let (house, session) = self.open()?;
        let mut named: Vec<(String, String)> = Vec::new();
        for kept in house.encodings.iter() {
            // One that this program cannot read names no key that it could write.
            let Ok(encoding) = kept.encoding() else { continue };
            for key in encoding.keys() {
                let pair = (key.name.clone(), format!("{}/{}", kept.of.name, kept.of.version));
                if !named.contains(&pair) {
                    named.push(pair);
                }
            }
        }
        Ok(session.vault.keys().map(|status| hit(&status, &named, now)).collect())
    }

    /// Logs in to the token that holds keys of this house, or is to.
    pub(crate) fn token_login(&mut self, login: &TokenLogin) -> Result<(), StationError> {
        let (_, session) = self.open()?;
        session.vault.detach();
        let known = session.vault.tokens();
        let serial = login.serial.as_deref().or(match known.as_slice() {
            [one] => Some(one.as_str()),
            _ => None,
        });
        let token = Token::open(&login.module, serial, &login.pin)?;
        session.vault.attach(Box::new(token))?;
        // What lies there may be told now.
        for seen in self.devices.values_mut().filter_map(|device| device.card.as_mut()) {
            seen.looked = false;
        }
        self.status_changed();
        Ok(())
    }

    /// The next version of a key: random, or out of components; in the vault, or in the token that is logged in.
    pub(crate) fn key_create(
        &mut self,
        (name, source, in_token): (&str, &KeySource, bool),
        present: &Present,
        now: UnixMs,
    ) -> Result<Ceremony, StationError> {
        let people = self.key_people(present, matches!(source, KeySource::Components(_)))?;
        if let KeySource::Components(components) = source {
            each_has_their_own(components, &people)?;
        }
        self.key_act(&people, now, |vault| {
            let of = vault.next_version(name)?;
            let (what, deed, check) = match source {
                KeySource::Random => {
                    let check = if in_token {
                        vault.make_key_in_token(&of, now, &mut entropy::fill)?
                    } else {
                        vault.make_key(&of, now, &mut entropy::fill)?
                    };
                    ("key.made", Deed::Made { in_token }, check)
                }
                KeySource::Components(components) => {
                    let key = MasterKey::of_components(components)?;
                    let check = if in_token {
                        vault.import_key_into_token(&of, &key, now)?
                    } else {
                        vault.import_key(&of, &key, now)?
                    };
                    ("key.imported", Deed::Imported { components: components.len(), in_token }, check)
                }
            };
            let change = key_came(what, &of, check).field("home", if in_token { "token" } else { "vault" });
            Ok((Act::of(deed, vec![of]).with(change), ()))
        })
        .map(|(ceremony, ())| ceremony)
    }

    /// A key that lives in a token, into a second token too, out of the same components: proved by that.
    pub(crate) fn key_copy(
        &mut self,
        (of, components): (&KeyRef, &[Component]),
        present: &Present,
        now: UnixMs,
    ) -> Result<Ceremony, StationError> {
        let people = self.key_people(present, true)?;
        each_has_their_own(components, &people)?;
        self.key_act(&people, now, |vault| {
            let key = MasterKey::of_components(components)?;
            let proved = vault.copy_key_into_token(of, &key, now)?;
            Ok((Act::proof(Deed::Copied { components: components.len() }, proved), ()))
        })
        .map(|(ceremony, ())| ceremony)
    }

    /// A sealed backup of these keys, or of all that are in the vault; or the keys of a site made of them.
    pub(crate) fn key_backup(
        &mut self,
        (named, site): (&[KeyRef], Option<&str>),
        to: &SealTo<'_>,
        present: &Present,
        now: UnixMs,
    ) -> Result<(SealedKeys, Ceremony), StationError> {
        let people = self.key_people(present, false)?;
        let station = self.open()?.0.station_record();
        let site = site.map(str::trim);
        self.key_act(&people, now, |vault| {
            let set = match site {
                Some(site) => vault.site_set(named, site)?,
                None => vault.key_set(named)?,
            };
            let sealed = set.seal(to, now, &mut entropy::fill)?;
            let about: Vec<KeyRef> = set.names().cloned().collect();
            let labels = about.iter().map(|of| key_label(of).as_str().into()).collect();
            let how = How::of(to);
            let what = if site.is_some() { exposed::SITE_DERIVED } else { "key.backed_up" };
            let mut change = Change::new(what, station)
                .field("keys", Value::Array(labels))
                .field("set", Value::Bytes(sealed.set.to_vec()))
                .field("sealed_to", how.text());
            let deed = match site {
                Some(site) => {
                    change = change.field("site", site);
                    Deed::SiteMade { how }
                }
                None => Deed::BackedUp { how },
            };
            let act = Act { set: Some(sealed.set), site: site.map(str::to_owned), ..Act::of(deed, about) };
            Ok((act.with(change), sealed))
        })
        .map(|(ceremony, sealed)| (sealed, ceremony))
    }

    /// Opens a backup and compares every key in it with the one in use: proved for a year.
    pub(crate) fn key_prove(
        &mut self,
        (file, opening): (&[u8], &KeyOpening),
        present: &Present,
        now: UnixMs,
    ) -> Result<Ceremony, StationError> {
        let people = self.key_people(present, false)?;
        let (set, name) = opened(file, opening)?;
        self.key_act(&people, now, |vault| {
            let act = Act::proof(Deed::Proved, vault.prove_set(&set, now)?);
            Ok((Act { set: Some(name), ..act }, ()))
        })
        .map(|(ceremony, ())| ceremony)
    }

    /// Compares the keys that live in other tokens with the one that is logged in, which holds them too.
    pub(crate) fn key_prove_by_token(&mut self, present: &Present, now: UnixMs) -> Result<Ceremony, StationError> {
        let people = self.key_people(present, false)?;
        self.key_act(&people, now, |vault| {
            let second = vault.detach().ok_or(KeysError::TokenMissing { serial: String::new() })?;
            let proved = vault.prove_by_token(second.as_ref(), now);
            vault.attach(second)?;
            Ok((Act::proof(Deed::ProvedByToken, proved?), ()))
        })
        .map(|(ceremony, ())| ceremony)
    }

    /// Takes the keys of a backup into this house's vault.
    pub(crate) fn key_restore(
        &mut self,
        (file, opening): (&[u8], &KeyOpening),
        present: &Present,
        now: UnixMs,
    ) -> Result<Ceremony, StationError> {
        let people = self.key_people(present, true)?;
        let (set, name) = opened(file, opening)?;
        self.key_act(&people, now, |vault| {
            let came = vault.take_set(&set, now)?;
            let change = |status: &KeyStatus| key_came("key.restored", &status.of, status.check).field("home", "vault");
            let changes = came.iter().map(change).collect();
            Ok((Act { changes, set: Some(name), ..Act::proof(Deed::Restored, came) }, ()))
        })
        .map(|(ceremony, ())| ceremony)
    }

    /// How many cards an hour from now on: two people's word, where there are two.
    pub(crate) fn key_limit(
        &mut self,
        limits: Limits,
        present: &Present,
        now: UnixMs,
    ) -> Result<KeyList, StationError> {
        let people = self.key_people(present, true)?;
        let text = kept::json("setting", &limits.checked()?)?;
        let (house, session) = self.open()?;
        let change = Change::new("station.key_limits_set", house.station_record())
            .field("operator", i64::from(limits.operator))
            .field("station", i64::from(limits.station));
        let by = actors(session.id, &people.witnesses);
        house.store.write(|tx| {
            tx.set_setting(LIMITS, Some(&text))?;
            tx.commit(&change, &by, now)
        })?;
        self.key_list(now)
    }

    fn key_limits(&mut self) -> Result<Limits, StationError> {
        let text = self.open()?.0.store.view().setting(LIMITS)?;
        Ok(text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default())
    }

    /// One more card gets keys: what [`USES`] says once its entry is written. In a rehearsal as many as anybody likes.
    pub(crate) fn key_use(&mut self, now: UnixMs) -> Result<Option<String>, StationError> {
        if self.open()?.0.rehearsal() {
            return Ok(None);
        }
        let limits = self.key_limits()?;
        let (house, session) = self.open()?;
        let text = house.store.view().setting(USES)?;
        let mut uses: Uses = match text {
            Some(text) => serde_json::from_str(&text).map_err(|_| StoreError::Damaged { what: "key uses" })?,
            None => Uses::default(),
        };
        uses.admit(session.id, limits, now)?;
        Ok(Some(kept::json("setting", &uses)?))
    }

    /// Who is there: the one signed in may manage keys, and each witness gave their own password. `two`: where the house
    /// has two operators, one alone does not do.
    fn key_people(&mut self, present: &Present, two: bool) -> Result<People, StationError> {
        let (_, session) = self.open()?;
        may_manage_keys(session.was_given(lanyard_issue::KEYS_MANAGE))?;
        let language = present.language.clone().unwrap_or_else(|| session.language().to_owned());
        let mut witnesses = Vec::new();
        for Witness { login, password } in &present.witnesses {
            let id = self.second_operator(login, password)?;
            if !witnesses.contains(&id) {
                witnesses.push(id);
            }
        }
        if two && witnesses.is_empty() && self.open()?.0.operators.len() > 1 {
            return Err(StationError::WitnessMissing { needed: 1 });
        }
        Ok(People { witnesses, language })
    }

    /// Does it to a second vault, which takes the place of the one in use once the store holds it with its entries.
    fn key_act<T>(
        &mut self,
        people: &People,
        now: UnixMs,
        act: impl FnOnce(&mut Vault) -> Result<(Act, T), StationError>,
    ) -> Result<(Ceremony, T), StationError> {
        let (house, session) = self.open()?;
        let own = house.store.view().vault()?.ok_or(StoreError::Damaged { what: "vault" })?;
        let mut vault = Vault::open(&own, &session.opened.vault_key, house.kind())?;
        if let Some(token) = session.vault.detach() {
            vault.attach(token)?;
        }
        let by = actors(session.id, &people.witnesses);
        let written = act(&mut vault).and_then(|(act, more)| {
            let mut page = Page::new(house, &by, &people.language, now)?;
            page.done(&act.deed);
            if let Some(set) = &act.set {
                page.set(set);
            }
            if let Some(site) = &act.site {
                page.site(site);
            }
            for status in vault.keys().filter(|status| act.about.contains(&status.of)) {
                page.key(&status);
            }
            page.footnote();
            let hash = hash_of(page.body());
            let sealed = vault.seal(&session.opened.vault_key, &mut entropy::fill)?;
            house.store.write(|tx| {
                tx.seal_vault(&sealed)?;
                for change in &act.changes {
                    tx.commit(&change.clone().field("protocol", Value::Bytes(hash.to_vec())), &by, now)?;
                }
                for key in &act.proved {
                    let record = tx.view().records_by(Kind::Key, "name", &key_label(&key.of).into())?.pop();
                    let record = record.ok_or(StoreError::Damaged { what: "key record" })?;
                    let change = backup_proved(&record).field("protocol", Value::Bytes(hash.to_vec()));
                    tx.commit(&change, &by, now)?;
                }
                Ok::<_, StoreError>(())
            })?;
            let (seq, head) = house.store.view().head()?;
            Ok((page.signed(seq, &head), act.about, more))
        });
        match written {
            Ok((protocol, about, more)) => {
                house.backup_proved = house.rehearsal() || backup_holds(&vault, now);
                session.vault = vault;
                let mut keys = self.key_hits(now)?;
                keys.retain(|hit| about.iter().any(|of| of.name == hit.name && of.version == hit.version));
                self.status_changed();
                Ok((Ceremony { keys, protocol }, more))
            }
            Err(error) => {
                if let Some(token) = vault.detach() {
                    session.vault.attach(token)?;
                }
                Err(error)
            }
        }
    }
}

impl Act {
    fn of(deed: Deed, about: Vec<KeyRef>) -> Self {
        Self { deed, changes: Vec::new(), proved: Vec::new(), about, set: None, site: None }
    }

    fn with(mut self, change: Change) -> Self {
        self.changes.push(change);
        self
    }

    fn proof(deed: Deed, proved: Vec<KeyStatus>) -> Self {
        let about = proved.iter().map(|status| status.of.clone()).collect();
        Self { proved, ..Self::of(deed, about) }
    }
}

/// Each component is somebody's own: one who brought two would know more than they may.
fn each_has_their_own(components: &[Component], people: &People) -> Result<(), StationError> {
    match components.len().saturating_sub(1) {
        needed if needed > people.witnesses.len() => Err(StationError::WitnessMissing { needed }),
        _ => Ok(()),
    }
}

fn key_came(what: &str, of: &KeyRef, check: CheckValue) -> Change {
    Change::new(what, RecordRef { kind: Kind::Key, id: entropy::id() })
        .state("", "made")
        .field("name", key_label(of))
        .field("check_value", Value::Bytes(check.0.to_vec()))
}

/// The keys of a backup, and the set that it and its shares name.
fn opened(file: &[u8], opening: &KeyOpening) -> Result<(KeySet, [u8; 6]), StationError> {
    let name = KeySet::head(file)?.set;
    let keys = match opening {
        KeyOpening::Passphrase(passphrase) => KeySet::open_with_passphrase(file, passphrase)?,
        KeyOpening::Shares(shares) => KeySet::open_with_shares(file, shares)?,
    };
    Ok((keys, name))
}

fn actors(did: Id, people: &[Id]) -> Vec<Actor> {
    let actor = |who, role| Actor { who, role, kind: ActorKind::Operator };
    let witnesses = people.iter().map(|who| actor(*who, ActorRole::Witnessed));
    std::iter::once(actor(did, ActorRole::Did)).chain(witnesses).collect()
}

fn hit(status: &KeyStatus, named: &[(String, String)], now: UnixMs) -> KeyHit {
    let (proof, until) = match status.proof(now) {
        Proof::Missing => ("missing", None),
        Proof::Fresh { until } => ("fresh", Some(until.0)),
        Proof::Due { until } => ("due", Some(until.0)),
        Proof::Overdue { since } => ("overdue", Some(since.0)),
    };
    KeyHit {
        name: status.of.name.clone(),
        version: status.of.version,
        check_value: status.check.to_string(),
        home: status.token.as_ref().map_or_else(|| "vault".to_owned(), |serial| format!("token {serial}")),
        made: status.made.0,
        proof: proof.to_owned(),
        proof_until: until,
        encodings: named.iter().filter(|(key, _)| *key == status.of.name).map(|(_, e)| e.clone()).collect(),
    }
}
