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

#[cfg(test)]
mod tests {
    use super::*;

    // Keys and signatures by openssl 3.0 over the text `statement`: `dgst -sha256 -sign`, SubjectPublicKeyInfo by `-pubout`.
    const RSA: &str = "30820122300d06092a864886f70d01010105000382010f003082010a0282010100b1a1c6af1e2ab6139bd9c8b3691cb083bbd275abd878ce61dfcd00244514b53d76e5c8c215968bc4a1a3ef615f8eb27637e1c4e7bc18852b2c35d205248f893404464f7808ac77a4d9b4e8c6ffb20de96584405a6ffb44bda7f3e5e74397b8d62c5804b9bdd196d0c0cff49baccebb410ff580dcc835c36198a904e67eb3fb2231a579d7b32306e56f1439963216be7b35d808dcdd5f9a73f115dfd7401d05390215e235a1e716cd2243356ca3545ae58c58d7d7e26e7d73da22160244122be6e231a314a7394e5a756364627b1c3e54fb412bc96f7d39f63c616139aa9906c23b3208a0c586b67651e641e4786f85edffafc25eff826b10af740c7416040dc10203010001";
    const RSA_SIG: &str = "299b9f916892eb9afaad6c1bd639c311481e3e6a8accf82b8ab531aa0f2f7c00de1af706f90b7b8746087859743195c14331c22b70472ff36c23b1066c9f1be787f2b7312fc8e3c84c4b83dfbd8deaa94c1c5caf9557cbb64be3da72dbcf12cd97b568f1e8ea476930eb22950f99baa5ea062463b259ab2a0e6a0211f077337ee66b2427188dd60189c79c61142db205a3ca036424adf6f944e95683d6e39a0f3dd54096ee244f33dc1e2c5f531a99219cd743f5f7c7a62075599a114f3425f46ea5695dd79a66fb0a8f17096f826997d2cea279643746924da8a0ba8c189aecd41fc9714d75ad2d419d9d4f9a218f970b439416dd236637729c8103b880363d";
    const RSA_1024: &str = "30819f300d06092a864886f70d010101050003818d0030818902818100cf61c24f471b484f439253ea6b5dfd8682915376ae5af4c56055c4a1993f368cfbffc0fc8a9cc51d7493fdba411224156d763dfb08fc561b4e64e7d83496e34ea6483d27121175b0cceedc16fe6c278b2f5b2e2a59f7d35089d384c1a33787f39d2711bcb4661fd273e28ecd58ae4bf55c5882a3f215795b478b597d9d225e4b0203010001";
    const RSA_1024_SIG: &str = "4bd9a716a385439234e3941d9487c5d6d06b021882d234e6f368aa5983a44b1fe6e13db2441331b43c254e568b56981c596115f92be71428a320c739c0a00d29111bb0f122b9fb0e8346c9b855fe77f6f68fed51c570111dbda3356580b77fcf3c8047b56ab6b329cdea647d974679bf40e8f7eb4395bcae311d6942f6cab640";
    const P256: &str = "3059301306072a8648ce3d020106082a8648ce3d030107034200043ab1b009cae9f806fe0141534652a91c31485c70f4e37735cc4eadad20e66a451804f5ef02027d36a8f4f8b8c66cf0c1bd4e8a1960a2ba5b30b6263ffe0cfd03";
    const P256_SIG: &str = "149f4118120cb30004411987282c69bee2d822b35d1ee71e39cf8509f8b989de46e6e399bc445cf1f12d726ee9a063650fcfd2a42d8ae755de365a0289f0d904";
    const P256_DER_SIG: &str = "30440220149f4118120cb30004411987282c69bee2d822b35d1ee71e39cf8509f8b989de022046e6e399bc445cf1f12d726ee9a063650fcfd2a42d8ae755de365a0289f0d904";
    /// An assertion as a browser makes it: user present and verified, sign count 7.
    const CLIENT: &str = r#"{"type":"webauthn.get","challenge":"sRHG4dMY8gMGPlwWurQ8EIMmrwqi97ZXYMlVR6Q9vlI","origin":"https://portal.example","crossOrigin":false}"#;
    const AUTHENTICATOR: &str = "416ef6dbb1e9b929dc9748197f4c3c8ffb3c7869c02b5303ab413cd1ac92fa260500000007";
    const ASSERTION_SIG: &str = "304502204869353d297b68aa6c683f23d1fc507923d79bf3578b364c3da17d224942a64e0221008e00a3d1c01d591693888517c4f30159aa5e06493e39643ff43eae3a75cb3d95";

    fn bytes(hex: &str) -> Vec<u8> {
        hex::decode(hex).unwrap()
    }

    fn holds(how: How, key: &str, sig: &str, statement: &[u8], more: &BTreeMap<String, Value>) -> bool {
        let signed = Signed {
            who: Id([1; 16]),
            how,
            key: bytes(key),
            statement: statement.to_vec(),
            sig: bytes(sig),
            more: more.clone(),
        };
        let mut out = Vec::new();
        signed.write(&mut Writer(&mut out));
        SignedView::parse(&mut Reader::new(&out)).unwrap().holds()
    }

    #[test]
    fn signatures_that_openssl_made_hold_and_over_nothing_else() {
        let none = BTreeMap::new();
        assert!(holds(How::Rsa, RSA, RSA_SIG, b"statement", &none));
        assert!(holds(How::P256, P256, P256_SIG, b"statement", &none));
        for (how, key, sig) in [
            (How::Rsa, RSA, P256_SIG),
            (How::P256, P256, P256_DER_SIG),
            (How::P256, RSA, P256_SIG),
            (How::Ed25519, P256, P256_SIG),
            (How::WebAuthn, P256, P256_DER_SIG),
        ] {
            assert!(!holds(how, key, sig, b"statement", &none), "{how:?}");
        }
        assert!(!holds(How::Rsa, RSA, RSA_SIG, b"statement!", &none));
        assert!(!holds(How::P256, P256, P256_SIG, b"statement!", &none));
    }

    #[test]
    fn a_short_rsa_key_is_worth_nothing() {
        assert!(!holds(How::Rsa, RSA_1024, RSA_1024_SIG, b"statement", &BTreeMap::new()));
    }

    #[test]
    fn an_assertion_holds_for_its_challenge_alone_and_only_with_the_user_present() {
        let more = |authenticator: Vec<u8>, client: &str| {
            BTreeMap::from([
                ("authenticatorData".to_owned(), Value::Bytes(authenticator)),
                ("clientDataJSON".to_owned(), Value::Bytes(client.as_bytes().to_vec())),
            ])
        };
        let good = more(bytes(AUTHENTICATOR), CLIENT);
        assert!(holds(How::WebAuthn, P256, ASSERTION_SIG, b"statement", &good));
        assert!(!holds(How::WebAuthn, P256, ASSERTION_SIG, b"another", &good));
        let mut absent = bytes(AUTHENTICATOR);
        absent[32] &= !1;
        assert!(!holds(How::WebAuthn, P256, ASSERTION_SIG, b"statement", &more(absent, CLIENT)));
        let created = CLIENT.replace("webauthn.get", "webauthn.create");
        assert!(!holds(How::WebAuthn, P256, ASSERTION_SIG, b"statement", &more(bytes(AUTHENTICATOR), &created)));
        assert!(!holds(How::WebAuthn, P256, ASSERTION_SIG, b"statement", &more(Vec::new(), CLIENT)));
    }
}
