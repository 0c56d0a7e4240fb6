//! C2SP signed-note: a text, a blank line, and lines of signatures. Only Ed25519, of the log itself (type 01) and of
//! cosigners (type 04, tlog-cosignature).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use sha2::{Digest, Sha256};

use crate::Error;
use crate::ed25519::PublicKey;

/// A note has room for the 16 signatures every verifier must take, and no endless list.
const MAX_SIGNATURES: usize = 64;
const MAX_NOTE: usize = 64 * 1024;

/// Signature type of a log's own line.
pub const LOG: u8 = 0x01;
/// Signature type of a cosigner's line.
pub const COSIGNER: u8 = 0x04;

const WHAT: &str = "signed note";

fn wrong<T>(line: usize, why: &'static str) -> Result<T, Error> {
    Err(Error::Text { what: WHAT, line, why })
}

/// First four bytes of SHA-256( name ‖ 0A ‖ type ‖ public key ).
#[must_use]
pub fn key_id(name: &str, kind: u8, key: &[u8; 32]) -> [u8; 4] {
    let digest = Sha256::new().chain_update(name).chain_update([b'\n', kind]).chain_update(key).finalize();
    let mut id = [0; 4];
    id.copy_from_slice(&digest[..4]);
    id
}

/// One line of signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoteSignature {
    /// Name of the key.
    pub name: String,
    /// Its id.
    pub key_id: [u8; 4],
    /// What follows the id: 64 bytes for a log, 72 for a cosigner, anything for keys we do not know.
    pub bytes: Vec<u8>,
}

/// A text and its signatures, none of them checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// With the final newline.
    pub text: String,
    /// In the order of the lines.
    pub signatures: Vec<NoteSignature>,
}

impl Note {
    /// Reads a note.
    ///
    /// # Errors
    /// [`Error::Text`], [`Error::TooLarge`].
    pub fn parse(note: &str) -> Result<Self, Error> {
        if note.len() > MAX_NOTE {
            return Err(Error::TooLarge { what: "bytes of a note", size: note.len() as u64, limit: MAX_NOTE as u64 });
        }
        if note.chars().any(|c| c < ' ' && c != '\n') {
            return wrong(1, "a control character");
        }
        let Some(end) = note.rfind("\n\n") else { return wrong(1, "no blank line before the signatures") };
        let (text, lines) = (&note[..=end], &note[end + 2..]);
        let before = text.lines().count() + 1;
        if !lines.ends_with('\n') {
            return wrong(before + 1, "no signature, or no newline at the end");
        }
        let mut signatures = Vec::new();
        for (line, number) in lines.lines().zip(before + 1..) {
            if signatures.len() == MAX_SIGNATURES {
                return wrong(number, "too many signatures");
            }
            let Some((name, encoded)) = line.strip_prefix("— ").and_then(|rest| rest.split_once(' ')) else {
                return wrong(number, "not a line of signature");
            };
            if !is_key_name(name) {
                return wrong(number, "not the name of a key");
            }
            let Ok(bytes) = BASE64.decode(encoded) else { return wrong(number, "not base64") };
            let Some((id, rest)) = bytes.split_first_chunk() else { return wrong(number, "no key id") };
            signatures.push(NoteSignature { name: name.to_owned(), key_id: *id, bytes: rest.to_vec() });
        }
        Ok(Self { text: text.to_owned(), signatures })
    }

    /// Whether the log's own key signed it, on a line of this name. A line that claims to be by the key and fails
    /// makes the note worth nothing, whatever else stands there.
    #[must_use]
    pub fn signed_by_log(&self, name: &str, key: &PublicKey) -> bool {
        let id = key_id(name, LOG, &key.to_bytes());
        let mut lines = self.signatures.iter().filter(|line| line.name == name && line.key_id == id).peekable();
        lines.peek().is_some()
            && lines
                .all(|line| line.bytes.as_slice().try_into().is_ok_and(|sig| key.accepts(self.text.as_bytes(), sig)))
    }

    /// When the cosigner saw it (seconds since 1970), if one of the lines is its valid cosignature. Without a name,
    /// any name that the line's own key id bears out.
    #[must_use]
    pub fn cosigned_by(&self, cosigner: &Cosigner) -> Option<u64> {
        self.signatures.iter().find_map(|line| {
            if cosigner.name.as_ref().is_some_and(|name| *name != line.name)
                || line.key_id != key_id(&line.name, COSIGNER, &cosigner.key.to_bytes())
            {
                return None;
            }
            let (seconds, signature) = line.bytes.split_first_chunk()?;
            let seconds = u64::from_be_bytes(*seconds);
            let holds = i64::try_from(seconds).is_ok()
                && cosigner.key.accepts(&cosignature_message(seconds, &self.text), signature.try_into().ok()?);
            holds.then_some(seconds)
        })
    }

    /// The note with the log's own signature, alone.
    #[must_use]
    pub fn by_log(text: String, name: &str, key: &[u8; 32], signature: &[u8; 64]) -> Self {
        Self { text, signatures: vec![NoteSignature::by_log(name, key, signature)] }
    }
}

impl std::fmt::Display for Note {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "{}", self.text)?;
        for line in &self.signatures {
            let mut bytes = line.key_id.to_vec();
            bytes.extend(&line.bytes);
            writeln!(f, "— {} {}", line.name, BASE64.encode(bytes))?;
        }
        Ok(())
    }
}

impl NoteSignature {
    /// A log's own line; the signature is over the note's text.
    #[must_use]
    pub fn by_log(name: &str, key: &[u8; 32], signature: &[u8; 64]) -> Self {
        Self { name: name.to_owned(), key_id: key_id(name, LOG, key), bytes: signature.to_vec() }
    }

    /// A cosigner's line; the signature is over [`cosignature_message`].
    #[must_use]
    pub fn by_cosigner(name: &str, key: &[u8; 32], seconds: u64, signature: &[u8; 64]) -> Self {
        let mut bytes = seconds.to_be_bytes().to_vec();
        bytes.extend(signature);
        Self { name: name.to_owned(), key_id: key_id(name, COSIGNER, key), bytes }
    }
}

/// What a cosigner signs (`cosignature/v1`).
#[must_use]
pub fn cosignature_message(seconds: u64, text: &str) -> Vec<u8> {
    format!("cosignature/v1\ntime {seconds}\n{text}").into_bytes()
}

/// Non-empty, without spaces or plus.
fn is_key_name(name: &str) -> bool {
    !name.is_empty() && !name.contains(|c: char| c.is_whitespace() || c == '+')
}

/// A cosigner whose word counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cosigner {
    /// Its key name, where it is known.
    pub name: Option<String>,
    /// Its key.
    pub key: PublicKey,
}

impl std::str::FromStr for Cosigner {
    type Err = Error;

    /// A verifier key `name+id+base64(04 ‖ key)`, or the key alone in 64 hex digits.
    fn from_str(text: &str) -> Result<Self, Error> {
        const WITNESS: &str = "witness key";
        let wrong = |why| Error::Text { what: WITNESS, line: 1, why };
        if let Some(key) = crate::hex::decode_fixed(text) {
            return Ok(Self { name: None, key: PublicKey::new(&key)? });
        }
        // Base64 may hold a plus itself, so only the first two divide.
        let mut parts = text.splitn(3, '+');
        let (Some(name), Some(id), Some(encoded)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(wrong("neither name+id+key nor 64 hex digits"));
        };
        let decoded = BASE64.decode(encoded).map_err(|_| wrong("not base64"))?;
        let Some((&COSIGNER, key)) = decoded.split_first() else { return Err(wrong("not an Ed25519 cosigner's key")) };
        let key: [u8; 32] = key.try_into().map_err(|_| wrong("not 32 bytes of key"))?;
        if !is_key_name(name) || crate::hex::encode(&key_id(name, COSIGNER, &key)) != id {
            return Err(wrong("the id is not that of name and key"));
        }
        Ok(Self { name: Some(name.to_owned()), key: PublicKey::new(&key)? })
    }
}

impl std::fmt::Display for Cosigner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let key = self.key.to_bytes();
        match &self.name {
            None => f.write_str(&crate::hex::encode(&key)),
            Some(name) => {
                let mut encoded = vec![COSIGNER];
                encoded.extend(key);
                let id = crate::hex::encode(&key_id(name, COSIGNER, &key));
                write!(f, "{name}+{id}+{}", BASE64.encode(encoded))
            }
        }
    }
}
