//! Where people sign themselves (history-format.md §3): the statement, and whether it holds and agrees with its entry.

use std::collections::BTreeMap;

use base64::Engine as _;
use lanyard_model::{Id, Value};
use p256::ecdsa::signature::Verifier as _;
use p256::pkcs8::DecodePublicKey as _;
use sha2::{Digest, Sha256};

use crate::cbor::{MAX_DEPTH, Reader, Writer};
use crate::draft::commitments;
use crate::ed25519::PublicKey;
use crate::payload::{self, Payload};
use crate::{Error, Hash};

/// How a person signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// Ed25519 over the statement.
    Ed25519,
    /// ECDSA on P-256 with SHA-256 over the statement, r ‖ s in 64 bytes.
    P256,
    /// RSASSA-PKCS1-v1_5 with SHA-256 over the statement, 2048 to 4096 bits.
    Rsa,
    /// WebAuthn assertion whose challenge is SHA-256 of the statement.
    WebAuthn,
}

impl How {
    fn word(self) -> &'static str {
        match self {
            Self::Ed25519 => "ed25519",
            Self::P256 => "p256",
            Self::Rsa => "rsa",
            Self::WebAuthn => "webauthn",
        }
    }

    fn of_word(word: &str) -> Option<Self> {
        [Self::Ed25519, Self::P256, Self::Rsa, Self::WebAuthn].into_iter().find(|how| how.word() == word)
    }
}

/// A person's signature, for a draft.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed {
    /// The person's record.
    pub who: Id,
    /// How.
    pub how: How,
    /// SubjectPublicKeyInfo, DER.
    pub key: Vec<u8>,
    /// What [`Statement::encode`] gave.
    pub statement: Vec<u8>,
    /// The signature.
    pub sig: Vec<u8>,
    /// `authenticatorData` and `clientDataJSON` of WebAuthn; else empty.
    pub more: BTreeMap<String, Value>,
}

impl Signed {
    pub(crate) fn write(&self, w: &mut Writer<'_>) {
        w.map(6);
        w.text("how");
        w.text(self.how.word());
        w.text("key");
        w.bytes(&self.key);
        w.text("sig");
        w.bytes(&self.sig);
        w.text("who");
        w.bytes(&self.who.0);
        w.text("more");
        w.value_map(&self.more);
        w.text("statement");
        w.bytes(&self.statement);
    }
}

/// What a person signs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// As in the entry.
    pub what: String,
    /// The record.
    pub of: Id,
    /// As in the entry.
    pub state: Option<(String, String)>,
    /// As in the entry.
    pub why: Option<String>,
    /// As in the entry: every field, with its commitment.
    pub fields: BTreeMap<String, Hash>,
    /// 16 random bytes.
    pub nonce: [u8; 16],
    /// The last moment at which an entry may make use of it, ms since 1970 UTC.
    pub until: Option<i64>,
}

impl Statement {
    /// Its deterministic CBOR.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        let mut w = Writer(&mut out);
        w.map(6 + usize::from(self.state.is_some()) + usize::from(self.why.is_some()));
        w.text("s");
        w.uint(1);
        w.text("of");
        w.bytes(&self.of.0);
        if let Some(why) = &self.why {
            w.text("why");
            w.text(why);
        }
        w.text("what");
        w.text(&self.what);
        w.text("nonce");
        w.bytes(&self.nonce);
        if let Some((from, to)) = &self.state {
            w.text("state");
            w.array(2);
            w.text(from);
            w.text(to);
        }
        w.text("until");
        match self.until {
            Some(until) => w.int(until),
            None => w.null(),
        }
        w.text("fields");
        commitments(&mut w, &self.fields);
        out
    }
}

/// A person's signature, read in place.
#[derive(Clone, Debug)]
pub struct SignedView<'a> {
    /// The person's record.
    pub who: Id,
    /// How.
    pub how: How,
    /// SubjectPublicKeyInfo, DER.
    pub key: &'a [u8],
    /// What was signed.
    pub statement: &'a [u8],
    /// The signature.
    pub sig: &'a [u8],
    more: &'a [u8],
}

impl<'a> SignedView<'a> {
    pub(crate) fn parse(reader: &mut Reader<'a>) -> Result<Self, Error> {
        reader.map_of(6)?;
        reader.must_key(b"\x63how")?;
        let Some(how) = How::of_word(reader.text()?) else { return reader.wrong("an unknown way of signing") };
        reader.must_key(b"\x63key")?;
        let key = reader.bytes()?;
        reader.must_key(b"\x63sig")?;
        let sig = reader.bytes()?;
        reader.must_key(b"\x63who")?;
        let who = Id(*reader.fixed()?);
        reader.must_key(b"\x64more")?;
        let start = reader.at();
        if reader.clone().map().is_err() {
            return reader.wrong("a map expected");
        }
        // Payload, `signed` and this map are three levels.
        reader.skip(MAX_DEPTH - 3)?;
        let more = reader.since(start);
        reader.must_key(b"\x69statement")?;
        Ok(Self { who, how, key, statement: reader.bytes()?, sig, more })
    }

    /// Whether the signature over the statement holds. Whose key it is, the history of the person says.
    #[must_use]
    pub fn holds(&self) -> bool {
        match self.how {
            How::Ed25519 => ed25519(self.key, self.statement, self.sig),
            How::P256 => {
                p256::ecdsa::Signature::from_slice(self.sig).is_ok_and(|sig| p256(self.key, self.statement, &sig))
            }
            How::Rsa => rsa(self.key, self.statement, self.sig),
            How::WebAuthn => self.assertion_holds().unwrap_or(false),
        }
    }

    /// WebAuthn Level 2 §7.2: type, challenge, user present, signature over authenticatorData ‖ hash of the client data.
    /// Origin and rpId are the server's policy and were checked when the person signed.
    fn assertion_holds(&self) -> Option<bool> {
        let more = Reader::new(self.more).value_map(MAX_DEPTH - 3).ok()?;
        let authenticator = more.get("authenticatorData")?.as_bytes()?;
        let client = more.get("clientDataJSON")?.as_bytes()?;
        let data: ClientData = serde_json::from_slice(client).ok()?;
        let challenge = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(Sha256::digest(self.statement));
        // §6.1: 32 bytes rpIdHash, then flags, of which bit 0 is "user present".
        if data.kind != "webauthn.get" || data.challenge != challenge || authenticator.get(32)? & 1 == 0 {
            return Some(false);
        }
        let mut message = authenticator.to_vec();
        message.extend(Sha256::digest(client));
        Some(
            ed25519(self.key, &message, self.sig)
                || rsa(self.key, &message, self.sig)
                || p256::ecdsa::Signature::from_der(self.sig).is_ok_and(|sig| p256(self.key, &message, &sig)),
        )
    }

    /// Whether the statement says what the entry does: the same act, record, state, reason and fields, in time, by
    /// somebody named in `by`.
    #[must_use]
    pub fn agrees(&self, entry: &Payload<'_>) -> bool {
        entry.by().any(|actor| actor.who == self.who) && self.statement_agrees(entry).unwrap_or(false)
    }

    fn statement_agrees(&self, entry: &Payload<'_>) -> Result<bool, Error> {
        let mut reader = Reader::new(self.statement);
        let keys = reader.map()?;
        reader.must_key(b"\x61s\x01")?;
        reader.must_key(b"\x62of")?;
        let mut same = *reader.fixed::<16>()? == entry.of.0;
        let why = if reader.key(b"\x63why") { Some(reader.text()?) } else { None };
        same &= why == entry.why;
        reader.must_key(b"\x64what")?;
        same &= reader.text()? == entry.what;
        reader.must_key(b"\x65nonce")?;
        reader.fixed::<16>()?;
        let state = if reader.key(b"\x65state") {
            reader.array_of(2)?;
            Some((reader.text()?, reader.text()?))
        } else {
            None
        };
        same &= state == entry.state;
        reader.must_key(b"\x65until")?;
        same &= reader.null() || entry.at <= reader.int()?;
        reader.must_key(b"\x66fields")?;
        same &= payload::commitments(&mut reader)? == entry.raw_fields();
        reader.end()?;
        Ok(same && keys == 6 + usize::from(why.is_some()) + usize::from(state.is_some()))
    }
}

#[derive(serde::Deserialize)]
struct ClientData {
    #[serde(rename = "type")]
    kind: String,
    challenge: String,
}

/// RFC 8410 §4: the one DER encoding of an Ed25519 SubjectPublicKeyInfo, up to the key.
const ED25519_SPKI: &[u8] = &[0x30, 0x2A, 0x30, 0x05, 0x06, 0x03, 0x2B, 0x65, 0x70, 0x03, 0x21, 0x00];

fn ed25519(spki: &[u8], message: &[u8], signature: &[u8]) -> bool {
    let key = spki.strip_prefix(ED25519_SPKI).and_then(|key| PublicKey::new(key.try_into().ok()?).ok());
    matches!((key, signature.try_into()), (Some(key), Ok(signature)) if key.accepts(message, signature))
}

fn p256(spki: &[u8], message: &[u8], signature: &p256::ecdsa::Signature) -> bool {
    p256::ecdsa::VerifyingKey::from_public_key_der(spki).is_ok_and(|key| key.verify(message, signature).is_ok())
}

fn rsa(spki: &[u8], message: &[u8], signature: &[u8]) -> bool {
    use rsa::traits::PublicKeyParts as _;
    let Ok(key) = rsa::PublicKey::from_public_key_der(spki) else { return false };
    (2048..=4096).contains(&(key.size() * 8))
        && key.verify(rsa::Pkcs1v15Sign::new::<Sha256>(), &Sha256::digest(message), signature).is_ok()
}
