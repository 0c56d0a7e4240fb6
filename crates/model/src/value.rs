//! The values a record's field can have (history-format.md §1): no floats, no tags.

use std::collections::BTreeMap;

/// A field's value. A blob (photo, picture, document) is a map `{"blob": sha256, "size", "type"}`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Value {
    /// Known to be empty.
    Null,
    /// Yes or no.
    Bool(bool),
    /// Within ±2⁶³.
    Int(i64),
    /// Unicode text.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
    /// A sequence.
    Array(Vec<Value>),
    /// Text keys only. Order of keys here is not that of the encoding, which sorts by encoded bytes.
    Map(BTreeMap<String, Value>),
}

impl Value {
    /// The text, if it is one.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    /// The bytes, if it is bytes.
    #[must_use]
    pub fn as_bytes(&self) -> Option<&[u8]> {
        if let Self::Bytes(bytes) = self { Some(bytes) } else { None }
    }

    /// The number, if it is one.
    #[must_use]
    pub fn as_int(&self) -> Option<i64> {
        if let Self::Int(int) = self { Some(*int) } else { None }
    }

    /// The boolean, if it is one.
    #[must_use]
    pub fn as_bool(&self) -> Option<bool> {
        if let Self::Bool(yes) = self { Some(*yes) } else { None }
    }

    /// A reference to a blob: its SHA-256, size in bytes and media type.
    #[must_use]
    pub fn blob(sha256: [u8; 32], size: u64, media_type: &str) -> Self {
        Self::Map(BTreeMap::from([
            ("blob".to_owned(), Self::Bytes(sha256.to_vec())),
            ("size".to_owned(), Self::Int(i64::try_from(size).unwrap_or(i64::MAX))),
            ("type".to_owned(), Self::Text(media_type.to_owned())),
        ]))
    }

    /// The SHA-256 of the blob this value refers to, if it refers to one.
    #[must_use]
    pub fn as_blob(&self) -> Option<[u8; 32]> {
        let Self::Map(map) = self else { return None };
        map.get("blob")?.as_bytes()?.try_into().ok()
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for Value {
    fn from(int: i64) -> Self {
        Self::Int(int)
    }
}

impl From<bool> for Value {
    fn from(yes: bool) -> Self {
        Self::Bool(yes)
    }
}

impl From<Vec<u8>> for Value {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Bytes(bytes)
    }
}
