//! The house's keys as people manage them: made, brought in, backed up, proved, taken back; who may, and how many cards an
//! hour. Each act is a change of the vault and its entries in one transaction, and leaves a page to print.

use lanyard_issue::may_manage_keys;
use lanyard_keys::{CheckValue, KeyRef, KeySet, KeyStatus, Limits, MasterKey, Proof, SealTo, SealedKeys, Uses, Vault};
use lanyard_model::{Actor, ActorKind, ActorRole, Change, Id, Kind, RecordRef, UnixMs, Value};
use lanyard_store::StoreError;
use lanyard_token::Token;

use crate::api::{Ceremony, KeyHit, KeyList, KeyOpening, KeySource, TokenLogin, Witness};
use crate::backup::{backup_holds, backup_proved};
use crate::house::login_hash;
use crate::making::key_label;
use crate::protocol::{Page, hash_of};
use crate::shared::Core;
use crate::{StationError, entropy, kept};

/// Setting: cards an hour.
const LIMITS: &str = "keys.limits";
/// Setting: the uses of the last hour.
pub(crate) const USES: &str = "keys.uses";

/// What was done to the vault, for the history and the page.
struct Act {
    /// In words, for the page.
    done: String,
    /// Entries about new keys or the station.
    changes: Vec<Change>,
    /// Keys whose backup is proved with this.
    proved: Vec<KeyStatus>,
    /// Keys that the page names.
    about: Vec<KeyRef>,
    /// More lines of the page.
    lines: Vec<String>,
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
        Ok(session.vault.attach(Box::new(token))?)
    }

    /// The next version of a key: random, or out of components; in the vault, or in the token that is logged in.
    pub(crate) fn key_create(
        &mut self,
        (name, source, in_token): (&str, &KeySource, bool),
        witnesses: &[Witness],
        now: UnixMs,
    ) -> Result<Ceremony, StationError> {
        let people = self.key_people(witnesses, matches!(source, KeySource::Components(_)))?;
        if let KeySource::Components(components) = source
            && components.len() > people.len() + 1
        {
            // Each component is somebody's own: one who brought two would know more than they may.
            return Err(StationError::WitnessMissing { needed: components.len() - 1 });
        }
        let (_, session) = self.open()?;
        let version = session.vault.newest(name).map_or(Ok(1), |of| {
            of.version.checked_add(1).ok_or(lanyard_keys::KeysError::VaultFull { what: "versions" })
        })?;
        let of = KeyRef::new(name, version)?;
        let home = if in_token { "token" } else { "vault" };
        self.key_act(&people, now, |vault| {
            let (what, done, check): (_, _, CheckValue) = match source {
                KeySource::Random => {
                    let check = if in_token {
                        vault.make_key_in_token(&of, now, &mut entropy::fill)?
                    } else {
                        vault.make_key(&of, now, &mut entropy::fill)?
                    };
                    ("key.made", format!("key made in the {home}"), check)
                }
                KeySource::Components(components) => {
                    let key = MasterKey::of_components(components)?;
                    let check = if in_token {
                        vault.import_key_into_token(&of, &key, now)?
                    } else {
                        vault.import_key(&of, &key, now)?
                    };
                    ("key.imported", format!("key of {} components put into the {home}", components.len()), check)
                }
            };
            let change = Change::new(what, RecordRef { kind: Kind::Key, id: entropy::id() })
                .state("", "made")
                .field("name", key_label(&of))
                .field("check_value", Value::Bytes(check.0.to_vec()))
                .field("home", home);
            Ok(Act { done, changes: vec![change], proved: vec![], about: vec![of], lines: vec![] })
        })
        .map(|(_, ceremony)| ceremony)
    }

    /// A sealed backup of these keys, or of all that are in the vault; or the keys of a site made of them.
    pub(crate) fn key_backup(
        &mut self,
        (named, site): (&[KeyRef], Option<&str>),
        to: &SealTo<'_>,
        witnesses: &[Witness],
        now: UnixMs,
    ) -> Result<(SealedKeys, Ceremony), StationError> {
        let people = self.key_people(witnesses, false)?;
        let station = self.open()?.0.station_record();
        self.key_act(&people, now, |vault| {
            let set = match site {
                Some(site) => vault.site_set(named, site)?,
                None => vault.key_set(named)?,
            };
            let sealed = set.seal(to, now, &mut entropy::fill)?;
            let about: Vec<KeyRef> = set.names().cloned().collect();
            let labels = about.iter().map(|of| key_label(of).as_str().into()).collect();
            let how = match to {
                SealTo::Passphrase(..) => "a passphrase".to_owned(),
                SealTo::Shares { threshold, of } => format!("{threshold} of {of} shares"),
            };
            let what = if site.is_some() { "key.site_derived" } else { "key.backed_up" };
            let mut change = Change::new(what, station)
                .field("keys", Value::Array(labels))
                .field("set", Value::Bytes(sealed.set.to_vec()))
                .field("sealed_to", how.as_str());
            let mut lines = vec![format!("Set         {}", hex::encode_upper(sealed.set))];
            if let Some(site) = site {
                change = change.field("site", site);
                lines.push(format!("Site        {site}"));
            }
            let done = match site {
                Some(_) => format!("keys of a site sealed to {how}"),
                None => format!("backup sealed to {how}"),
            };
            Ok((sealed, Act { done, changes: vec![change], proved: vec![], about, lines }))
        })
    }

    /// Opens a backup and compares every key in it with the one in use: proved for a year.
    pub(crate) fn key_prove(
        &mut self,
        file: &[u8],
        opening: &KeyOpening,
        now: UnixMs,
    ) -> Result<Ceremony, StationError> {
        let people = self.key_people(&[], false)?;
        let set = opened(file, opening)?;
        self.key_act(&people, now, |vault| {
            let proved = vault.prove_set(&set, now)?;
            Ok(proof("backup opened, each key the same as in use", proved))
        })
        .map(|(_, ceremony)| ceremony)
    }

    /// Compares the keys in tokens with a second token that holds them.
    pub(crate) fn key_prove_by_token(&mut self, login: &TokenLogin, now: UnixMs) -> Result<Ceremony, StationError> {
        let people = self.key_people(&[], false)?;
        let second = Token::open(&login.module, login.serial.as_deref(), &login.pin)?;
        self.key_act(&people, now, |vault| {
            let proved = vault.prove_by_token(&second, now)?;
            Ok(proof("second token asked, each check value the same", proved))
        })
        .map(|(_, ceremony)| ceremony)
    }

    /// Takes the keys of a backup into this house's vault.
    pub(crate) fn key_restore(
        &mut self,
        file: &[u8],
        opening: &KeyOpening,
        witnesses: &[Witness],
        now: UnixMs,
    ) -> Result<Ceremony, StationError> {
        let people = self.key_people(witnesses, true)?;
        let set = opened(file, opening)?;
        self.key_act(&people, now, |vault| {
            let came = vault.take_set(&set, now)?;
            let change = |status: &KeyStatus| {
                Change::new("key.restored", RecordRef { kind: Kind::Key, id: entropy::id() })
                    .state("", "made")
                    .field("name", key_label(&status.of))
                    .field("check_value", Value::Bytes(status.check.0.to_vec()))
                    .field("home", "vault")
            };
            let changes = came.iter().map(change).collect();
            Ok(Act { changes, ..proof("keys taken out of a backup", came) })
        })
        .map(|(_, ceremony)| ceremony)
    }

    /// How many cards an hour from now on: two people's word, where there are two.
    pub(crate) fn key_limit(
        &mut self,
        limits: Limits,
        witnesses: &[Witness],
        now: UnixMs,
    ) -> Result<KeyList, StationError> {
        let people = self.key_people(witnesses, true)?;
        let text = kept::json("setting", &limits.checked()?)?;
        let (house, session) = self.open()?;
        let change = Change::new("station.key_limits_set", house.station_record())
            .field("operator", i64::from(limits.operator))
            .field("station", i64::from(limits.station));
        let by = actors(session.id, &people);
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
    fn key_people(&mut self, witnesses: &[Witness], two: bool) -> Result<Vec<Id>, StationError> {
        let (house, session) = self.open()?;
        may_manage_keys(session.was_given(lanyard_issue::KEYS_MANAGE))?;
        let mut people = Vec::new();
        for Witness { login, password } in witnesses {
            let hash = login_hash(house.slots.house(), login);
            let known = house.front.logins.iter().find(|(known, _)| *known == hash).map(|(_, id)| *id);
            let id = known.unwrap_or(Id([0; 16]));
            house.slots.open(id, password)?;
            if id != session.id && !people.contains(&id) {
                people.push(id);
            }
        }
        if two && people.is_empty() && house.operators.len() > 1 {
            return Err(StationError::WitnessMissing { needed: 1 });
        }
        Ok(people)
    }

    /// Does it to a second vault, which takes the place of the one in use once the store holds it with its entries.
    fn key_act<T: Done>(
        &mut self,
        people: &[Id],
        now: UnixMs,
        act: impl FnOnce(&mut Vault) -> Result<T, StationError>,
    ) -> Result<(T::More, Ceremony), StationError> {
        let (house, session) = self.open()?;
        let own = house.store.view().vault()?.ok_or(StoreError::Damaged { what: "vault" })?;
        let mut vault = Vault::open(&own, &session.opened.vault_key, house.kind())?;
        if let Some(token) = session.vault.detach() {
            vault.attach(token)?;
        }
        let by = actors(session.id, people);
        let written = act(&mut vault).and_then(|done| {
            let (act, more) = done.split();
            let mut page = Page::new(house, &by, now)?;
            page.done(&act.done, &act.lines);
            for status in vault.keys().filter(|status| act.about.contains(&status.of)) {
                page.key(&status);
            }
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
                Ok((more, Ceremony { keys, protocol }))
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

/// What an act comes to: itself, or more beside it.
trait Done {
    type More;
    fn split(self) -> (Act, Self::More);
}

impl Done for Act {
    type More = ();
    fn split(self) -> (Act, ()) {
        (self, ())
    }
}

impl Done for (SealedKeys, Act) {
    type More = SealedKeys;
    fn split(self) -> (Act, SealedKeys) {
        (self.1, self.0)
    }
}

fn proof(done: &str, proved: Vec<KeyStatus>) -> Act {
    let about = proved.iter().map(|status| status.of.clone()).collect();
    Act { done: done.to_owned(), changes: vec![], proved, about, lines: vec![] }
}

fn opened(file: &[u8], opening: &KeyOpening) -> Result<KeySet, StationError> {
    Ok(match opening {
        KeyOpening::Passphrase(passphrase) => KeySet::open_with_passphrase(file, passphrase)?,
        KeyOpening::Shares(shares) => KeySet::open_with_shares(file, shares)?,
    })
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
