//! What a chip's work needs of the station: keys from the vault, entries before changes, certificates from the CA.

use std::collections::BTreeMap;
use std::sync::Arc;

use lanyard_issue::{Credential, IssuedCertificate, KeyOnCard, StepKind, Technology};
use lanyard_keys::ca::{Period, Subject};
use lanyard_keys::{KeyRef, ManagementAlgorithm as VaultAlgorithm, Vault};
use lanyard_model::{Id, Kind, Reason, Record, RecordRef, UnixMs, Value};
use lanyard_piv::{ManagementAlgorithm, ManagementKey, Puk};
use lanyard_secret::SecretBytes;
use lanyard_store::StoreError;

use crate::cards::DAY_MS;
use crate::case::Outcome;
use crate::chip::{ChipDesk, ChipKeys, ChipPlan};
use crate::keys::USES;
use crate::shared::{Core, Shared};
use crate::{StationError, calendar, entropy, people, pictures};

/// A certificate is valid this long, and never longer than the badge that it is on.
const CERTIFICATE_DAYS: i64 = 3 * 365;

/// The desk of one case.
pub(crate) struct DeskOf<'a> {
    pub shared: &'a Arc<Shared>,
    pub case: Id,
    /// At which step of it.
    pub step: StepKind,
}

impl ChipDesk for DeskOf<'_> {
    fn keys(&self) -> Result<ChipKeys, StationError> {
        self.shared.quietly(|core| core.chip_keys(self.case))
    }

    fn plan(&self, blank: bool) -> Result<ChipPlan, StationError> {
        let now = self.shared.now();
        self.shared.with(|core| core.chip_plan(self.case, blank, now))
    }

    fn certify(&self, request: &[u8]) -> Result<Vec<u8>, StationError> {
        let now = self.shared.now();
        self.shared.with(|core| core.certify(self.case, request, now))
    }

    fn line(&self, code: &'static str) -> Result<(), StationError> {
        let now = self.shared.now();
        self.shared.with(|core| {
            core.goes_on(self.case, self.step)?.line(code, BTreeMap::new(), now);
            core.progress_changed(self.case);
            Ok(())
        })
    }
}

fn management(vault: &Vault) -> Result<KeyRef, StationError> {
    let missing = || lanyard_keys::KeysError::KeyMissing { name: Vault::PIV_MANAGEMENT.to_owned(), version: 1 };
    Ok(vault.newest(Vault::PIV_MANAGEMENT).ok_or_else(missing)?)
}

impl Core {
    fn chip_card(&mut self, id: Id) -> Result<RecordRef, StationError> {
        let card = self.case(id)?.reference("card").ok_or(StationError::Missing { kind: "card" })?;
        Ok(RecordRef { kind: Kind::Card, id: card })
    }

    fn chip_keys(&mut self, id: Id) -> Result<ChipKeys, StationError> {
        let card = self.chip_card(id)?;
        let (_, session) = self.open()?;
        let version = management(&session.vault)?.version;
        let mut ours = Vec::new();
        for (cipher, algorithm) in [
            (VaultAlgorithm::TripleDes, ManagementAlgorithm::Tdes),
            (VaultAlgorithm::Aes192, ManagementAlgorithm::Aes192),
        ] {
            let key = session.vault.management_key(version, card.id, cipher)?;
            ours.push(ManagementKey::new(algorithm, SecretBytes::new(key.expose().to_vec()))?);
        }
        Ok(ChipKeys { ours })
    }

    fn chip_plan(&mut self, id: Id, blank: bool, now: UnixMs) -> Result<ChipPlan, StationError> {
        let card = self.chip_card(id)?;
        let known = self.at(id, &[StepKind::Certify])?.reference("chip");
        let (guid, puk) = match known {
            Some(guid) => (guid, self.opened_puk(id, now)?),
            None if blank => self.chip_prepared(id, card, now)?,
            // Our management key, and no record of it: not from this case.
            None => return Err(StationError::ChipUsed),
        };
        let issued = self
            .certificate_of(guid)?
            .and_then(|record| record.fields.get("der").and_then(Value::as_bytes).map(<[u8]>::to_vec));
        let subject = self.subject(id)?;
        let expiry = calendar::day(self.case(id)?.valid_until(now))?;
        Ok(ChipPlan { guid: guid.0, expiry, puk, subject, issued })
    }

    /// The credential is on record, its PUK sealed in the store, before the chip changes.
    fn chip_prepared(&mut self, id: Id, card: RecordRef, now: UnixMs) -> Result<(Id, Puk), StationError> {
        let guid = entropy::id();
        // The contactless card of the same badge counted already.
        let counted = self.case(id)?.reference("credential").is_some();
        let uses = if counted { None } else { Some(self.key_use(now)?) };
        let (_, session) = self.open()?;
        let key = management(&session.vault)?;
        session.vault.require_proved(&key, now)?;
        session.vault.management_key(key.version, card.id, VaultAlgorithm::Aes192)?;
        let (puk, sealed) = session.vault.new_puk(card, &mut entropy::fill)?;
        let credential = Credential {
            id: guid,
            card: card.id,
            technology: Technology::Piv,
            uid: &guid.0,
            written: None,
            keys: vec![KeyOnCard { name: key.name, version: key.version }],
        };
        let change = self.case(id)?.entries().credential_prepared(&credential);
        self.remember(id, "chip", Value::Bytes(guid.0.to_vec()), &[change], now, |tx| {
            if let Some(uses) = &uses {
                tx.set_setting(USES, uses.as_deref())?;
            }
            tx.put_puk(card.id, &sealed)
        })?;
        Ok((guid, Puk::new(puk.expose())?))
    }

    fn opened_puk(&mut self, id: Id, now: UnixMs) -> Result<Puk, StationError> {
        let card = self.chip_card(id)?;
        let (house, session) = self.open()?;
        let sealed = house.store.view().puk(card.id)?.ok_or(lanyard_keys::KeysError::PukMissing)?;
        let opened = session.vault.read_puk(card, &sealed, Reason::Request)?;
        self.note(id, &[opened.change], now, |_| Ok(()))?;
        Ok(Puk::new(opened.puk.expose())?)
    }

    fn certificate_of(&self, credential: Id) -> Result<Option<Record>, StationError> {
        let house = self.house.as_ref().ok_or(StationError::NoHouse)?;
        let all = house.store.view().records_of(Kind::Certificate, "credential", credential)?;
        Ok(all.into_iter().rev().find(|record| record.state == "issued"))
    }

    fn subject(&self, id: Id) -> Result<Subject, StationError> {
        let case = self.cases.get(&id).ok_or(StationError::Missing { kind: "case" })?;
        let house = self.house.as_ref().ok_or(StationError::NoHouse)?;
        let record = house.store.view().required(people::person(case.person))?;
        // X.520 allows 64 characters in a common name; of a longer one the rest is left out.
        let mut subject = Subject::of(&pictures::shown_name(&record).chars().take(64).collect::<String>());
        subject.organisation = Some(house.view().station.chars().take(64).collect());
        subject.email = Some(record.text("email").to_owned()).filter(|email| email.is_ascii() && !email.is_empty());
        Ok(subject)
    }

    fn certify(&mut self, id: Id, request: &[u8], now: UnixMs) -> Result<Vec<u8>, StationError> {
        let case = self.at(id, &[StepKind::Certify])?;
        let badge_until = case.valid_until(now);
        let credential = case.reference("chip").ok_or(StationError::ChipUsed)?;
        let subject = self.subject(id)?;
        let stale = self.certificate_of(credential)?;
        let (_, session) = self.open()?;
        let mut serial: [u8; 16] = entropy::bytes();
        // Positive, and of full length (RFC 5280 §4.1.2.2).
        serial[0] = (serial[0] & 0x7F) | 0x40;
        let not_after = UnixMs(now.0 + CERTIFICATE_DAYS * DAY_MS).min(badge_until);
        let period = Period { not_before: UnixMs(now.0 - DAY_MS), not_after };
        let issued = session.vault.ca().issue(request, &subject, serial, period)?;
        let certificate = IssuedCertificate {
            id: entropy::id(),
            credential,
            der: &issued.der,
            serial: &serial,
            not_after: period.not_after.0,
        };
        let entries = self.case(id)?.entries();
        let mut changes: Vec<_> = stale.iter().map(|record| entries.certificate_revoked(record.of.id)).collect();
        changes.push(entries.certificate_issued(&certificate));
        self.note(id, &changes, now, |_| Ok(()))?;
        Ok(issued.der)
    }

    /// The chip is done.
    pub(crate) fn certified(&mut self, id: Id, now: UnixMs) -> Result<(), StationError> {
        let case = self.at(id, &[StepKind::Certify])?;
        let credential = case.reference("chip").ok_or(StationError::ChipUsed)?;
        let changes = case.entries().certified(credential);
        self.complete(id, &changes, Outcome::new(), now, |_| Ok(()))?;
        // Whoever looks at the chip again sees whose it is.
        for device in self.devices.values_mut() {
            if let Some(seen) = device.card.as_mut().filter(|seen| seen.view.technology == "piv") {
                seen.looked = false;
            }
        }
        Ok(())
    }

    /// The certificate that must be on the chip, and its PUK.
    pub(crate) fn chip_for_pin(&mut self, id: Id, now: UnixMs) -> Result<(Vec<u8>, Puk), StationError> {
        let credential = self.at(id, &[StepKind::HandOver])?.reference("chip").ok_or(StationError::ChipUsed)?;
        let record = self.certificate_of(credential)?.ok_or(StationError::Missing { kind: "certificate" })?;
        let der = record.fields.get("der").and_then(Value::as_bytes).map(<[u8]>::to_vec);
        let der = der.ok_or(StoreError::Damaged { what: "certificate" })?;
        Ok((der, self.opened_puk(id, now)?))
    }
}
