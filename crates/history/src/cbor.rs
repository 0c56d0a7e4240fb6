//! Deterministic CBOR (RFC 8949 §4.2.1), both ways, for the few shapes the format uses.
//!
//! The reader accepts exactly the bytes the writer would make: shortest heads, definite lengths, sorted keys without
//! duplicates, valid UTF-8, no floats, no tags. It checks while it walks and builds nothing, because a verifier passes
//! a million entries through it, and because a lenient decoder that re-encodes would decide twice what is canonical.

use std::collections::BTreeMap;

use lanyard_model::Value;

use crate::Error;

/// Arrays and maps open at once, in a payload or in a value of its own (history-format.md §1).
pub const MAX_DEPTH: usize = 16;

const UNSIGNED: u8 = 0;
const NEGATIVE: u8 = 1;
const BYTES: u8 = 2;
const TEXT: u8 = 3;
const ARRAY: u8 = 4;
const MAP: u8 = 5;

const FALSE: u8 = 0xF4;
const TRUE: u8 = 0xF5;
const NULL: u8 = 0xF6;

/// Appends deterministic CBOR to a vector.
pub(crate) struct Writer<'a>(pub(crate) &'a mut Vec<u8>);

impl Writer<'_> {
    fn head(&mut self, major: u8, arg: u64) {
        let first = major << 5;
        // The casts keep the low bytes, which the guards have shown to be all of them.
        match arg {
            0..=23 => self.0.push(first | arg as u8),
            24..=0xFF => self.0.extend([first | 24, arg as u8]),
            0x100..=0xFFFF => {
                self.0.push(first | 25);
                self.0.extend((arg as u16).to_be_bytes());
            }
            0x1_0000..=0xFFFF_FFFF => {
                self.0.push(first | 26);
                self.0.extend((arg as u32).to_be_bytes());
            }
            _ => {
                self.0.push(first | 27);
                self.0.extend(arg.to_be_bytes());
            }
        }
    }

    pub(crate) fn uint(&mut self, value: u64) {
        self.head(UNSIGNED, value);
    }

    pub(crate) fn int(&mut self, value: i64) {
        match u64::try_from(value) {
            Ok(value) => self.head(UNSIGNED, value),
            // −1−n is encoded as n, which is the bitwise complement.
            Err(_) => self.head(NEGATIVE, !value as u64),
        }
    }

    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        self.head(BYTES, bytes.len() as u64);
        self.0.extend(bytes);
    }

    pub(crate) fn text(&mut self, text: &str) {
        self.head(TEXT, text.len() as u64);
        self.0.extend(text.as_bytes());
    }

    pub(crate) fn array(&mut self, len: usize) {
        self.head(ARRAY, len as u64);
    }

    pub(crate) fn map(&mut self, len: usize) {
        self.head(MAP, len as u64);
    }

    pub(crate) fn bool(&mut self, yes: bool) {
        self.0.push(if yes { TRUE } else { FALSE });
    }

    pub(crate) fn null(&mut self) {
        self.0.push(NULL);
    }

    pub(crate) fn value(&mut self, value: &Value) {
        match value {
            Value::Null => self.null(),
            Value::Bool(yes) => self.bool(*yes),
            Value::Int(int) => self.int(*int),
            Value::Text(text) => self.text(text),
            Value::Bytes(bytes) => self.bytes(bytes),
            Value::Array(items) => {
                self.array(items.len());
                items.iter().for_each(|item| self.value(item));
            }
            Value::Map(map) => self.value_map(map),
        }
    }

    pub(crate) fn value_map(&mut self, map: &BTreeMap<String, Value>) {
        self.map(map.len());
        for (key, value) in in_key_order(map) {
            self.text(key);
            self.value(value);
        }
    }
}

/// Text keys in the order of their encodings: the head holds the length, so shorter keys come first.
pub(crate) fn in_key_order<V>(map: &BTreeMap<String, V>) -> Vec<(&String, &V)> {
    let mut pairs: Vec<_> = map.iter().collect();
    pairs.sort_by(|a, b| (a.0.len(), a.0.as_bytes()).cmp(&(b.0.len(), b.0.as_bytes())));
    pairs
}

/// The deterministic encoding of a value.
#[must_use]
pub fn encode_value(value: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    Writer(&mut out).value(value);
    out
}

/// A value from its deterministic encoding.
///
/// # Errors
/// [`Error::NotCanonical`] for anything but the one encoding of a value, and for bytes after it.
pub fn decode_value(bytes: &[u8]) -> Result<Value, Error> {
    let mut reader = Reader::new(bytes);
    let value = reader.value(MAX_DEPTH)?;
    reader.end()?;
    Ok(value)
}

/// How many arrays and maps are open at once in a value; a scalar is 0.
#[must_use]
pub fn depth(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Value::Map(map) => 1 + map.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

/// Walks canonical CBOR; every method fails on anything else.
#[derive(Clone)]
pub(crate) struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    pub(crate) fn at(&self) -> usize {
        self.at
    }

    pub(crate) fn since(&self, start: usize) -> &'a [u8] {
        self.bytes.get(start..self.at).unwrap_or_default()
    }

    #[cold]
    pub(crate) fn wrong<T>(&self, why: &'static str) -> Result<T, Error> {
        Err(Error::NotCanonical { at: self.at, why })
    }

    pub(crate) fn end(&self) -> Result<(), Error> {
        if self.at == self.bytes.len() { Ok(()) } else { self.wrong("bytes after the end") }
    }

    pub(crate) fn take(&mut self, len: usize) -> Result<&'a [u8], Error> {
        match self.at.checked_add(len).and_then(|end| self.bytes.get(self.at..end)) {
            Some(taken) => {
                self.at += len;
                Ok(taken)
            }
            None => self.wrong("cut short"),
        }
    }

    fn head(&mut self) -> Result<(u8, u64), Error> {
        let Some(&first) = self.bytes.get(self.at) else { return self.wrong("cut short") };
        let (major, info) = (first >> 5, first & 31);
        if info < 24 {
            self.at += 1;
            return Ok((major, u64::from(info)));
        }
        if info > 27 {
            return self.wrong("an indefinite or reserved length");
        }
        let len = 1_usize << (info - 24);
        let start = self.at;
        self.at += 1;
        let arg = self.take(len)?.iter().fold(0_u64, |arg, byte| arg << 8 | u64::from(*byte));
        let least = if len == 1 { 24 } else { 1 << (4 * len) };
        if arg < least {
            self.at = start;
            return self.wrong("not the shortest form");
        }
        Ok((major, arg))
    }

    fn of_major(&mut self, wanted: u8, why: &'static str) -> Result<u64, Error> {
        let start = self.at;
        let (major, arg) = self.head()?;
        if major == wanted {
            return Ok(arg);
        }
        self.at = start;
        self.wrong(why)
    }

    fn length(&mut self, wanted: u8, why: &'static str) -> Result<usize, Error> {
        let arg = self.of_major(wanted, why)?;
        // No item is shorter than a byte, so a count beyond what is left is a lie, and never leads to an allocation.
        match usize::try_from(arg) {
            Ok(len) if len <= self.bytes.len() - self.at => Ok(len),
            _ => self.wrong("cut short"),
        }
    }

    pub(crate) fn array(&mut self) -> Result<usize, Error> {
        self.length(ARRAY, "an array expected")
    }

    pub(crate) fn array_of(&mut self, len: usize) -> Result<(), Error> {
        if self.array()? == len { Ok(()) } else { self.wrong("an array of another length expected") }
    }

    pub(crate) fn map(&mut self) -> Result<usize, Error> {
        self.length(MAP, "a map expected")
    }

    pub(crate) fn map_of(&mut self, len: usize) -> Result<(), Error> {
        if self.map()? == len { Ok(()) } else { self.wrong("a map of another size expected") }
    }

    pub(crate) fn bytes(&mut self) -> Result<&'a [u8], Error> {
        let len = self.length(BYTES, "bytes expected")?;
        self.take(len)
    }

    pub(crate) fn fixed<const N: usize>(&mut self) -> Result<&'a [u8; N], Error> {
        match self.bytes()?.try_into() {
            Ok(fixed) => Ok(fixed),
            Err(_) => self.wrong("bytes of another length expected"),
        }
    }

    pub(crate) fn text(&mut self) -> Result<&'a str, Error> {
        let len = self.length(TEXT, "text expected")?;
        match std::str::from_utf8(self.take(len)?) {
            Ok(text) => Ok(text),
            Err(_) => self.wrong("not UTF-8"),
        }
    }

    /// The wanted text key, if it is the next item.
    pub(crate) fn key(&mut self, encoded: &[u8]) -> bool {
        let is = self.bytes.get(self.at..).is_some_and(|rest| rest.starts_with(encoded));
        if is {
            self.at += encoded.len();
        }
        is
    }

    /// The wanted text key, which must be the next item.
    pub(crate) fn must_key(&mut self, encoded: &[u8]) -> Result<(), Error> {
        if self.key(encoded) { Ok(()) } else { self.wrong("another key expected") }
    }

    pub(crate) fn int(&mut self) -> Result<i64, Error> {
        let start = self.at;
        let (major, arg) = self.head()?;
        let Ok(arg) = i64::try_from(arg) else { return self.wrong("an integer beyond ±2⁶³") };
        match major {
            UNSIGNED => Ok(arg),
            NEGATIVE => Ok(!arg),
            _ => {
                self.at = start;
                self.wrong("an integer expected")
            }
        }
    }

    pub(crate) fn uint(&mut self) -> Result<u64, Error> {
        let arg = self.of_major(UNSIGNED, "an unsigned integer expected")?;
        if arg <= i64::MAX as u64 { Ok(arg) } else { self.wrong("an integer beyond ±2⁶³") }
    }

    pub(crate) fn null(&mut self) -> bool {
        self.key(&[NULL])
    }

    pub(crate) fn must_true(&mut self) -> Result<(), Error> {
        if self.key(&[TRUE]) { Ok(()) } else { self.wrong("true expected") }
    }

    /// A map's next text key, which must come after the one before in the order of encodings.
    pub(crate) fn sorted_key(&mut self, last: &mut &'a [u8]) -> Result<&'a str, Error> {
        let start = self.at;
        let key = self.text()?;
        let encoded = self.since(start);
        if !last.is_empty() && *last >= encoded {
            self.at = start;
            return self.wrong("keys out of order, or one of them twice");
        }
        *last = encoded;
        Ok(key)
    }

    /// Walks over one value (history-format.md §1: no floats, no tags, text keys), `levels` deep at most.
    pub(crate) fn skip(&mut self, levels: usize) -> Result<(), Error> {
        let Some(first) = self.bytes.get(self.at) else { return self.wrong("cut short") };
        match first >> 5 {
            UNSIGNED | NEGATIVE => self.int().map(|_| ()),
            BYTES => self.bytes().map(|_| ()),
            TEXT => self.text().map(|_| ()),
            ARRAY | MAP if levels == 0 => self.wrong("nested too deep"),
            ARRAY => {
                for _ in 0..self.array()? {
                    self.skip(levels - 1)?;
                }
                Ok(())
            }
            MAP => {
                let mut last = &[][..];
                for _ in 0..self.map()? {
                    self.sorted_key(&mut last)?;
                    self.skip(levels - 1)?;
                }
                Ok(())
            }
            _ if matches!(*first, FALSE | TRUE | NULL) => {
                self.at += 1;
                Ok(())
            }
            _ => self.wrong("neither null, boolean, integer, text, bytes, array nor map"),
        }
    }

    /// One value, `levels` deep at most.
    pub(crate) fn value(&mut self, levels: usize) -> Result<Value, Error> {
        let Some(&first) = self.bytes.get(self.at) else { return self.wrong("cut short") };
        Ok(match first >> 5 {
            UNSIGNED | NEGATIVE => Value::Int(self.int()?),
            BYTES => Value::Bytes(self.bytes()?.to_vec()),
            TEXT => Value::Text(self.text()?.to_owned()),
            ARRAY | MAP if levels == 0 => return self.wrong("nested too deep"),
            ARRAY => {
                let mut items = Vec::new();
                for _ in 0..self.array()? {
                    items.push(self.value(levels - 1)?);
                }
                Value::Array(items)
            }
            MAP => Value::Map(self.value_map(levels)?),
            _ => {
                let value = match first {
                    FALSE => Value::Bool(false),
                    TRUE => Value::Bool(true),
                    NULL => Value::Null,
                    _ => return self.wrong("neither null, boolean, integer, text, bytes, array nor map"),
                };
                self.at += 1;
                value
            }
        })
    }

    pub(crate) fn value_map(&mut self, levels: usize) -> Result<BTreeMap<String, Value>, Error> {
        let mut map = BTreeMap::new();
        let mut last = &[][..];
        for _ in 0..self.map()? {
            let key = self.sorted_key(&mut last)?.to_owned();
            map.insert(key, self.value(levels.saturating_sub(1))?);
        }
        Ok(map)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::Bool),
            any::<i64>().prop_map(Value::Int),
            ".{0,30}".prop_map(Value::Text),
            proptest::collection::vec(any::<u8>(), 0..40).prop_map(Value::Bytes),
        ];
        leaf.prop_recursive(4, 40, 6, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::Array),
                proptest::collection::btree_map(".{0,30}", inner, 0..6).prop_map(Value::Map),
            ]
        })
    }

    proptest! {
        #[test]
        fn a_value_comes_back_and_others_read_it_the_same(value in values()) {
            let bytes = encode_value(&value);
            prop_assert_eq!(decode_value(&bytes).unwrap(), value);
            // An independent encoder agrees on every byte: ciborium writes shortest forms and keeps the order given.
            let other: ciborium::Value = ciborium::from_reader(&bytes[..]).unwrap();
            let mut again = Vec::new();
            ciborium::into_writer(&other, &mut again).unwrap();
            prop_assert_eq!(again, bytes);
        }

        #[test]
        fn what_is_accepted_is_its_own_re_encoding(bytes in proptest::collection::vec(any::<u8>(), 0..24)) {
            if let Ok(value) = decode_value(&bytes) {
                prop_assert_eq!(encode_value(&value), &bytes[..]);
                prop_assert!(Reader::new(&bytes).skip(MAX_DEPTH).is_ok());
            }
        }
    }

    #[test]
    fn every_other_encoding_of_a_value_is_refused() {
        for (hex, why) in [
            ("1817", "23 in two bytes"),
            ("190018", "24 in three"),
            ("1a00000100", "256 in five"),
            ("1b00000000ffffffff", "in nine"),
            ("1b8000000000000000", "2⁶³"),
            ("3b8000000000000000", "−2⁶³−1"),
            ("5f4100ff", "indefinite bytes"),
            ("7f6161ff", "indefinite text"),
            ("9f00ff", "indefinite array"),
            ("bf616100ff", "indefinite map"),
            ("a2616200616100", "unsorted keys"),
            ("a261610061610a", "a key twice"),
            ("a262616100616200", "a longer key first"),
            ("a10000", "a key that is no text"),
            ("f90000", "a float"),
            ("c000", "a tag"),
            ("f7", "undefined"),
            ("f8ff", "a simple value"),
            ("61ff", "text that is not UTF-8"),
            ("0000", "two values"),
            ("5901", "cut short"),
            ("9bffffffffffffffff", "an array of 2⁶⁴ items"),
            ("", "nothing"),
        ] {
            assert!(decode_value(&hex::decode(hex).unwrap()).is_err(), "{why}");
            assert!(
                Reader::new(&hex::decode(hex).unwrap()).skip(MAX_DEPTH).is_err() || why == "two values",
                "skip: {why}"
            );
        }
    }

    #[test]
    fn the_smallest_and_largest_integers_are_within() {
        for (int, hex) in
            [(i64::MIN, "3b7fffffffffffffff"), (i64::MAX, "1b7fffffffffffffff"), (-1, "20"), (-25, "3818")]
        {
            assert_eq!(hex::encode(encode_value(&Value::Int(int))), hex);
            assert_eq!(decode_value(&hex::decode(hex).unwrap()).unwrap(), Value::Int(int));
        }
    }

    #[test]
    fn a_seventeenth_level_is_refused() {
        let nested = |levels| (0..levels).fold(Value::Null, |inner, _| Value::Array(vec![inner]));
        assert!(decode_value(&encode_value(&nested(16))).is_ok());
        assert!(decode_value(&encode_value(&nested(17))).is_err());
        assert_eq!(depth(&nested(17)), 17);
    }
}
