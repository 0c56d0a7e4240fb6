//! An entry before it is signed. History hands out the bytes to sign and takes 64 back; it never holds a private key.

use std::collections::BTreeMap;

use coset::{CoseSign1, CoseSign1Builder, HeaderBuilder, TaggedCborSerializable, cbor, iana};
use lanyard_model::{Actor, Change, Id, UnixMs, Value};

use crate::cbor::{MAX_DEPTH, Writer, depth, in_key_order};
use crate::entry::{ENTRY_TYPE, kid};
use crate::signed::Signed;
use crate::{Entry, Error, Hash, MAX_LEN, Opening};

/// The COSE header parameter `typ` (RFC 9596 §2).
const TYP: i64 = 16;

/// `prev` at seq 1.
pub const NO_PREV: Hash = [0; 32];

/// Where in which chain an entry goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Whose chain.
    pub writer: Id,
    /// From 1.
    pub seq: u64,
    /// Hash of the entry before; [`NO_PREV`] at seq 1.
    pub prev: Hash,
    /// The writer's clock.
    pub at: UnixMs,
    /// Of a rehearsal chain.
    pub rehearsal: bool,
}

/// All that a payload says (history-format.md §1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// Where it goes.
    pub place: Place,
    /// Who took part, in order of acting.
    pub by: Vec<Actor>,
    /// Past tense, `noun.verb`.
    pub what: String,
    /// Type of the record.
    pub kind: String,
    /// The record.
    pub of: Id,
    /// Every head of the record that the writer knew; sorted when encoded.
    pub base: Vec<Hash>,
    /// From and to, where the state changes.
    pub state: Option<(String, String)>,
    /// Reason code.
    pub why: Option<String>,
    /// Workflow instance and step.
    pub via: Option<(Id, String)>,
    /// A commitment per field.
    pub fields: BTreeMap<String, Hash>,
    /// What every verifier needs; never personal.
    pub public: BTreeMap<String, Value>,
    /// Where people sign themselves.
    pub signed: Vec<Signed>,
}

impl Draft {
    /// The entry of a change, and the openings of its fields. `salt` is asked for 32 fresh random bytes per field, in
    /// the order of the names.
    #[must_use]
    pub fn of_change(
        change: &Change,
        place: Place,
        by: Vec<Actor>,
        base: Vec<Hash>,
        mut salt: impl FnMut() -> [u8; 32],
    ) -> (Self, Vec<Opening>) {
        let openings: Vec<Opening> = change
            .fields
            .iter()
            .map(|(field, value)| Opening { field: field.clone(), salt: salt(), value: value.clone() })
            .collect();
        let draft = Self {
            place,
            by,
            what: change.what.clone(),
            kind: change.of.kind.word().to_owned(),
            of: change.of.id,
            base,
            state: change.state.clone(),
            why: change.why.map(|reason| reason.word().to_owned()),
            via: change.via.as_ref().map(|via| (via.process, via.step.clone())),
            fields: openings.iter().map(|opening| (opening.field.clone(), opening.commitment())).collect(),
            public: change.public.clone(),
            signed: Vec::new(),
        };
        (draft, openings)
    }

    /// The payload's bytes. Keys stand in the order of their encodings: shorter first, then bytewise.
    fn payload(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(512);
        let mut w = Writer(&mut out);
        let optional = [
            self.state.is_some(),
            self.why.is_some(),
            self.via.is_some(),
            !self.signed.is_empty(),
            self.place.rehearsal,
        ];
        w.map(10 + optional.iter().filter(|there| **there).count());
        w.text("v");
        w.uint(1);
        w.text("at");
        w.int(self.place.at.0);
        w.text("by");
        w.array(self.by.len());
        for actor in &self.by {
            w.map(3);
            w.text("who");
            w.bytes(&actor.who.0);
            w.text("kind");
            w.text(actor.kind.word());
            w.text("role");
            w.text(actor.role.word());
        }
        w.text("of");
        w.map(3);
        w.text("id");
        w.bytes(&self.of.0);
        w.text("base");
        let mut base: Vec<&Hash> = self.base.iter().collect();
        base.sort_unstable();
        base.dedup();
        w.array(base.len());
        base.iter().for_each(|head| w.bytes(*head));
        w.text("type");
        w.text(&self.kind);
        w.text("seq");
        w.uint(self.place.seq);
        if let Some((process, step)) = &self.via {
            w.text("via");
            w.map(2);
            w.text("step");
            w.text(step);
            w.text("process");
            w.bytes(&process.0);
        }
        if let Some(why) = &self.why {
            w.text("why");
            w.text(why);
        }
        w.text("prev");
        w.bytes(&self.place.prev);
        w.text("what");
        w.text(&self.what);
        if let Some((from, to)) = &self.state {
            w.text("state");
            w.array(2);
            w.text(from);
            w.text(to);
        }
        w.text("fields");
        commitments(&mut w, &self.fields);
        w.text("public");
        w.value_map(&self.public);
        if !self.signed.is_empty() {
            w.text("signed");
            w.array(self.signed.len());
            self.signed.iter().for_each(|signed| signed.write(&mut w));
        }
        w.text("writer");
        w.bytes(&self.place.writer.0);
        if self.place.rehearsal {
            w.text("rehearsal");
            w.bool(true);
        }
        out
    }

    /// Ready to be signed by the key that is the writer's at this seq.
    ///
    /// # Errors
    /// [`Error::TooLarge`] beyond 60,000 bytes or 16 levels; [`Error::NotCanonical`] for a seq that is 0 or beyond 2⁶³.
    pub fn to_be_signed(&self, public_key: &[u8; 32]) -> Result<ToBeSigned, Error> {
        if self.place.seq == 0 || i64::try_from(self.place.seq).is_err() {
            return Err(Error::NotCanonical { at: 0, why: "seq counts from 1" });
        }
        // The payload's map and `public` are two levels of the sixteen; a value of `more` stands under four.
        let deepest = self
            .public
            .values()
            .map(|value| 2 + depth(value))
            .chain(self.signed.iter().flat_map(|signed| signed.more.values().map(|value| 4 + depth(value))))
            .max()
            .unwrap_or(0);
        if deepest > MAX_DEPTH {
            return Err(Error::TooLarge { what: "levels of an entry", size: deepest as u64, limit: MAX_DEPTH as u64 });
        }
        let protected = HeaderBuilder::new()
            .algorithm(iana::Algorithm::Ed25519)
            .key_id(kid(public_key).to_vec())
            .value(TYP, cbor::Value::Text(ENTRY_TYPE.to_owned()))
            .build();
        let message = CoseSign1Builder::new().protected(protected).payload(self.payload()).build();
        let bytes = message.tbs_data(&[]);
        // Of both, 43 bytes protected header and the payload are the same; the message has 69 more, the structure 13.
        let len = bytes.len() + 56;
        if len > MAX_LEN {
            return Err(Error::TooLarge { what: "bytes of an entry", size: len as u64, limit: MAX_LEN as u64 });
        }
        Ok(ToBeSigned { message, bytes })
    }
}

pub(crate) fn commitments(w: &mut Writer<'_>, fields: &BTreeMap<String, Hash>) {
    w.map(fields.len());
    for (name, commitment) in in_key_order(fields) {
        w.text(name);
        w.bytes(commitment);
    }
}

/// An entry that waits for its signature.
#[derive(Clone, Debug)]
pub struct ToBeSigned {
    message: CoseSign1,
    bytes: Vec<u8>,
}

impl ToBeSigned {
    /// What to sign with Ed25519: the Sig_structure of RFC 9052 §4.4.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The entry. The signature is not checked here; the caller knows the key that made it.
    ///
    /// # Errors
    /// None in practice; what our own reader would refuse is not handed out.
    pub fn sealed(mut self, signature: [u8; 64]) -> Result<Entry, Error> {
        self.message.signature = signature.to_vec();
        let bytes =
            self.message.to_tagged_vec().map_err(|_| Error::NotCanonical { at: 0, why: "cannot be encoded" })?;
        Entry::parse(bytes)
    }
}
