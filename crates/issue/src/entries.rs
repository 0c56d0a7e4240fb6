//! What an issue writes into the history: each step's outcome as changes of records, committed together with the
//! workflow's token. Order within a step is the order of the chain.

use std::collections::BTreeMap;

use lanyard_model::{Change, Id, Kind, Reason, RecordRef, Value, Via};

/// The ids of one case, fixed when it opens. The request's id is the workflow instance's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facts {
    /// The request, and the running instance.
    pub request: Id,
    /// For whom.
    pub person: Id,
}

/// What is on a card.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Technology {
    /// Contactless, MIFARE DESFire.
    Desfire,
    /// Contact chip, PIV.
    Piv,
    /// 125 kHz, T5577.
    T5577,
    /// 125 kHz, EM4305.
    Em4305,
}

impl Technology {
    /// As written in records.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Desfire => "desfire",
            Self::Piv => "piv",
            Self::T5577 => "t5577",
            Self::Em4305 => "em4305",
        }
    }
}

/// A key on a card, by reference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyOnCard {
    /// Name in the vault.
    pub name: String,
    /// Version.
    pub version: u8,
}

/// What a contactless card is written with: enough to say later what must stand on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Written<'a> {
    /// Name of the encoding.
    pub encoding: &'a str,
    /// Its version.
    pub version: u32,
    /// Facility code.
    pub facility: u8,
    /// Days after 1970-01-01: valid from, valid until.
    pub valid: [i64; 2],
}

/// A credential to be: written before the chip is touched.
#[derive(Clone, Debug)]
pub struct Credential<'a> {
    /// Its id.
    pub id: Id,
    /// The card that carries it.
    pub card: Id,
    /// What it is.
    pub technology: Technology,
    /// Contactless UID, or the chip's GUID.
    pub uid: &'a [u8],
    /// What is written; nothing of ours on a contact chip.
    pub written: Option<Written<'a>>,
    /// The keys it gets.
    pub keys: Vec<KeyOnCard>,
}

/// The 125 kHz chip of a badge, to be: written before it is touched. It has no number of its own: what it sends is its
/// number.
#[derive(Clone, Debug)]
pub struct Tag<'a> {
    /// Its id.
    pub id: Id,
    /// The card that carries it.
    pub card: Id,
    /// Which chip.
    pub chip: Technology,
    /// What a reader takes it for: `em4100`, `prox`.
    pub answers_as: &'a str,
    /// What it sends to everybody.
    pub sends: &'a [u8],
    /// The same as people write it.
    pub number: &'a str,
    /// The key that its password is made of.
    pub keys: Vec<KeyOnCard>,
}

/// A photo that was taken.
#[derive(Clone, Debug)]
pub struct NewPhoto<'a> {
    /// Its id.
    pub id: Id,
    /// The one it replaces.
    pub replaces: Option<Id>,
    /// The framed picture.
    pub picture: Value,
    /// Codes of the hints there were.
    pub hints: Vec<String>,
    /// Why it was taken all the same.
    pub reason: Option<&'a str>,
}

/// A certificate that is on its card.
#[derive(Clone, Debug)]
pub struct IssuedCertificate<'a> {
    /// Its id.
    pub id: Id,
    /// The credential whose key it certifies.
    pub credential: Id,
    /// DER.
    pub der: &'a [u8],
    /// Serial number, big endian.
    pub serial: &'a [u8],
    /// ms since 1970.
    pub not_after: i64,
}

/// The printer's own word.
#[derive(Clone, Copy, Debug)]
pub struct PrintedBy<'a> {
    /// Its name.
    pub printer: &'a str,
    /// Its own number for the job.
    pub job: &'a str,
}

/// A card of a real house that goes into a file.
#[derive(Clone, Copy, Debug)]
pub struct Released<'a> {
    /// Name of the folder that is the printer.
    pub printer: &'a str,
    /// Name of the file.
    pub file: &'a str,
    /// In the operator's words.
    pub reason: &'a str,
    /// The how manieth of this house, from 1.
    pub count: u64,
}

/// What a void ends.
#[derive(Clone, Debug, Default)]
pub struct VoidParts {
    /// The card and its state, if one was prepared.
    pub card: Option<(Id, String)>,
    /// Credentials with their states.
    pub credentials: Vec<(Id, String)>,
    /// Certificates with their states.
    pub certificates: Vec<(Id, String)>,
}

/// Writes the changes of one case.
#[derive(Clone, Copy, Debug)]
pub struct Entries<'a> {
    /// Whose.
    pub facts: Facts,
    /// The workflow step, by element id.
    pub step: &'a str,
}

/// Versions by name.
pub(crate) fn key_map(keys: &[KeyOnCard]) -> Value {
    Value::Map(keys.iter().map(|key| (key.name.clone(), Value::Int(i64::from(key.version)))).collect())
}

fn of(kind: Kind, id: Id) -> RecordRef {
    RecordRef { kind, id }
}

fn id(id: Id) -> Value {
    Value::Bytes(id.0.to_vec())
}

impl Entries<'_> {
    fn change(&self, what: &str, kind: Kind, id: Id) -> Change {
        Change::new(what, of(kind, id)).via(Some(Via { process: self.facts.request, step: self.step.to_owned() }))
    }

    fn request(&self, what: &str) -> Change {
        self.change(what, Kind::Request, self.facts.request)
    }

    /// The case opens.
    #[must_use]
    pub fn opened(&self, workflow: &str, version: &str, encoding: (&str, u32)) -> Vec<Change> {
        vec![
            self.request("request.opened")
                .state("", "open")
                .field("person", id(self.facts.person))
                .field("workflow", workflow)
                .field("version", version)
                .field("encoding", encoding.0)
                .field("encoding_version", i64::from(encoding.1)),
        ]
    }

    /// The data is right; `changed` holds what was corrected.
    #[must_use]
    pub fn data_confirmed(&self, changed: BTreeMap<String, Value>) -> Vec<Change> {
        let mut changes = Vec::new();
        if !changed.is_empty() {
            let mut person = self.change("person.changed", Kind::Person, self.facts.person);
            person.fields = changed;
            changes.push(person);
        }
        changes.push(self.request("request.data_confirmed"));
        changes
    }

    /// A new photo.
    #[must_use]
    pub fn photo_taken(&self, photo: &NewPhoto<'_>) -> Vec<Change> {
        let via = Some(Via { process: self.facts.request, step: self.step.to_owned() });
        photo_taken(self.facts.person, photo).into_iter().map(|change| change.via(via.clone())).collect()
    }

    /// The photo on file is still right.
    #[must_use]
    pub fn photo_kept(&self) -> Vec<Change> {
        vec![self.request("request.photo_kept")]
    }

    /// Both sides were looked at.
    #[must_use]
    pub fn preview_accepted(&self, design: &str, number: &str, front: Value, back: Value) -> Vec<Change> {
        vec![
            self.request("request.preview_accepted")
                .field("design", design)
                .field("number", number)
                .field("front", front)
                .field("back", back),
        ]
    }

    /// A blank is bound to the case. Written, and on disk, before anything on the chip changes.
    #[must_use]
    pub fn card_prepared(&self, number: &str, credential: &Credential<'_>) -> Vec<Change> {
        vec![
            self.change("card.prepared", Kind::Card, credential.card)
                .state("", "prepared")
                .field("person", id(self.facts.person))
                .field("number", number)
                .field("uid", Value::Bytes(credential.uid.to_vec())),
            self.credential_prepared(credential),
        ]
    }

    /// A credential will be written: before anything on the chip changes.
    #[must_use]
    pub fn credential_prepared(&self, credential: &Credential<'_>) -> Change {
        let prepared = self
            .change("credential.prepared", Kind::Credential, credential.id)
            .state("", "prepared")
            .field("card", id(credential.card))
            .field("technology", credential.technology.word())
            .field("uid", Value::Bytes(credential.uid.to_vec()))
            .field("keys", key_map(&credential.keys));
        match credential.written {
            Some(written) => prepared
                .field("encoding", written.encoding)
                .field("encoding_version", i64::from(written.version))
                .field("facility", i64::from(written.facility))
                .field("valid_from", written.valid[0])
                .field("valid_until", written.valid[1]),
            None => prepared,
        }
    }

    /// A 125 kHz chip will be written: which, and with what number.
    #[must_use]
    pub fn tag_prepared(&self, tag: &Tag<'_>) -> Change {
        self.change("credential.prepared", Kind::Credential, tag.id)
            .state("", "prepared")
            .field("card", id(tag.card))
            .field("technology", tag.chip.word())
            .field("uid", Value::Bytes(tag.sends.to_vec()))
            .field("answers_as", tag.answers_as)
            .field("number", tag.number)
            .field("keys", key_map(&tag.keys))
    }

    /// All that is on it is written, read back, and equal to the plan: the contactless chip with the reader's keys, and the
    /// 125 kHz chips of the badge.
    #[must_use]
    pub fn encoded(&self, card: Id, credentials: &[Id]) -> Vec<Change> {
        let written = |of: &Id| self.change("credential.written", Kind::Credential, *of).state("prepared", "live");
        let mut changes: Vec<Change> = credentials.iter().map(written).collect();
        changes.push(self.change("card.encoded", Kind::Card, card).state("prepared", "encoded"));
        changes
    }

    /// The CA signed. Written before the certificate goes to the chip: what was signed is never unknown.
    #[must_use]
    pub fn certificate_issued(&self, certificate: &IssuedCertificate<'_>) -> Change {
        self.change("certificate.issued", Kind::Certificate, certificate.id)
            .state("", "issued")
            .field("person", id(self.facts.person))
            .field("credential", id(certificate.credential))
            .field("der", Value::Bytes(certificate.der.to_vec()))
            .field("serial", Value::Bytes(certificate.serial.to_vec()))
            .field("not_after", certificate.not_after)
    }

    /// A certificate whose key the chip no longer has: it was torn between key and certificate.
    #[must_use]
    pub fn certificate_revoked(&self, certificate: Id) -> Change {
        self.change("certificate.revoked", Kind::Certificate, certificate).state("issued", "revoked").why(Reason::Torn)
    }

    /// The chip has its key and certificate, gave both back as written, and refuses every default secret.
    #[must_use]
    pub fn certified(&self, credential: Id) -> Vec<Change> {
        vec![self.change("credential.written", Kind::Credential, credential).state("prepared", "live")]
    }

    /// The printer says that it is printed.
    #[must_use]
    pub fn printed(&self, card: Id, by: PrintedBy<'_>) -> Vec<Change> {
        vec![
            self.change("card.printed", Kind::Card, card)
                .state("encoded", "printed")
                .field("printer", by.printer)
                .field("job", by.job),
        ]
    }

    /// The card's picture goes into a file. Written before the file: none is there that was not counted.
    #[must_use]
    pub fn released(&self, card: Id, to: Released<'_>) -> Change {
        self.change("card.released", Kind::Card, card)
            .field("printer", to.printer)
            .field("file", to.file)
            .field("reason", to.reason)
            .field("count", i64::try_from(to.count).unwrap_or(i64::MAX))
    }

    /// The operator made sure who this is; the card was read again.
    #[must_use]
    pub fn identified(&self, how: &str, pin_set: bool) -> Vec<Change> {
        vec![self.request("request.identified").field("how", how).field("pin_set", pin_set)]
    }

    /// Handed over: the badge is theirs.
    #[must_use]
    pub fn issued(&self, card: Id, from: &str) -> Vec<Change> {
        vec![
            self.change("card.issued", Kind::Card, card).state(from, "active"),
            self.request("request.done").state("open", "done"),
        ]
    }

    /// A wish was refused: by whom is in the entry, why is the error's code.
    #[must_use]
    pub fn refused(&self, code: &str, uid: &[u8]) -> Change {
        self.request("action.refused").field("code", code).field("uid", Value::Bytes(uid.to_vec()))
    }

    /// The case ends without a badge; what was made is void.
    #[must_use]
    pub fn cancelled(&self, parts: &VoidParts, why: Reason) -> Vec<Change> {
        let mut changes = voided(parts, why);
        for change in &mut changes {
            change.via = Some(Via { process: self.facts.request, step: self.step.to_owned() });
        }
        changes.push(self.request("request.cancelled").state("open", "cancelled").why(why));
        changes
    }
}

/// A new photo of a person, and the one before replaced.
#[must_use]
pub fn photo_taken(person: Id, photo: &NewPhoto<'_>) -> Vec<Change> {
    let mut changes = Vec::new();
    if let Some(old) = photo.replaces {
        changes.push(Change::new("photo.replaced", of(Kind::Photo, old)).state("accepted", "replaced"));
    }
    let mut taken = Change::new("photo.accepted", of(Kind::Photo, photo.id))
        .state("", "accepted")
        .field("person", id(person))
        .field("picture", photo.picture.clone())
        .field("hints", Value::Array(photo.hints.iter().map(|hint| hint.as_str().into()).collect()));
    if let Some(reason) = photo.reason {
        taken = taken.why(Reason::QualityOverride).field("reason", reason);
    }
    changes.push(taken);
    changes.push(
        Change::new("person.changed", of(Kind::Person, person))
            .field("photo", id(photo.id))
            .field("picture", photo.picture.clone()),
    );
    changes
}

/// A card, with all that is on it, becomes void. Parts that are void already are left alone.
#[must_use]
pub fn voided(parts: &VoidParts, why: Reason) -> Vec<Change> {
    let mut changes = Vec::new();
    for (certificate, state) in parts.certificates.iter().filter(|(_, state)| state == "issued") {
        changes.push(
            Change::new("certificate.revoked", of(Kind::Certificate, *certificate)).state(state, "revoked").why(why),
        );
    }
    for (credential, state) in parts.credentials.iter().filter(|(_, state)| state != "void") {
        changes.push(Change::new("credential.voided", of(Kind::Credential, *credential)).state(state, "void").why(why));
    }
    if let Some((card, state)) = parts.card.as_ref().filter(|(_, state)| state != "void") {
        changes.push(Change::new("card.voided", of(Kind::Card, *card)).state(state, "void").why(why));
    }
    changes
}

#[cfg(test)]
mod tests {
    use super::*;
    use lanyard_model::states;

    const A: Id = Id([1; 16]);

    fn allowed(changes: &[Change]) {
        for change in changes {
            if let Some((from, to)) = &change.state {
                assert!(states(change.of.kind).allows(from, to), "{} {from} {to}", change.what);
            }
        }
    }

    #[test]
    fn every_change_that_is_written_is_an_edge_of_its_graph() {
        let entries = Entries { facts: Facts { request: A, person: A }, step: "x" };
        let credential = Credential {
            id: A,
            card: A,
            technology: Technology::Desfire,
            uid: &[4; 7],
            written: Some(Written { encoding: "starter", version: 1, facility: 114, valid: [1, 2] }),
            keys: vec![],
        };
        allowed(&entries.opened("issue", "1", ("starter", 1)));
        allowed(&entries.card_prepared("C-1", &credential));
        let tag = Tag {
            id: A,
            card: A,
            chip: Technology::T5577,
            answers_as: "em4100",
            sends: &[1; 5],
            number: "4311810305",
            keys: vec![],
        };
        allowed(&[entries.tag_prepared(&tag)]);
        allowed(&entries.encoded(A, &[A, A]));
        allowed(&entries.certified(A));
        allowed(&[entries.certificate_revoked(A)]);
        allowed(&entries.printed(A, PrintedBy { printer: "p", job: "1" }));
        for from in ["encoded", "printed"] {
            allowed(&entries.issued(A, from));
        }
        for state in ["prepared", "encoded", "printed", "active"] {
            let parts = VoidParts {
                card: Some((A, state.to_owned())),
                credentials: vec![(A, "prepared".to_owned()), (A, "live".to_owned())],
                certificates: vec![(A, "issued".to_owned())],
            };
            allowed(&entries.cancelled(&parts, Reason::Mistake));
        }
    }

    #[test]
    fn what_is_void_already_is_not_voided_twice() {
        let parts = VoidParts { card: Some((A, "void".to_owned())), credentials: vec![], certificates: vec![] };
        assert!(voided(&parts, Reason::Torn).is_empty());
    }
}
