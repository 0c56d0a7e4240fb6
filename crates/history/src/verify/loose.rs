//! What can still be said of bytes that are no canonical entry: where they end, and whose they claim to be.
//!
//! Here, and only here, a lenient decoder reads. Nothing it says can make a fault go away.

use coset::cbor::{self, Value};
use lanyard_model::Id;

use crate::Hash;

/// An entry in some other encoding.
pub(super) struct LooseEntry {
    pub(super) writer: Id,
    pub(super) seq: u64,
    pub(super) prev: Hash,
    pub(super) at: i64,
    pub(super) what: String,
    pub(super) kind: String,
    pub(super) of: Id,
}

pub(super) enum Seen {
    /// Readable, but not in the one form it must have.
    Entry(LooseEntry),
    /// Not readable.
    Nothing,
    /// More of the unreadable bytes before.
    More,
}

/// Reads what is not canonical, within a budget: a file made of nothing else must not take for ever.
pub(super) struct Lenience {
    bytes_left: usize,
    lost: bool,
}

const BUDGET: usize = 64 << 20;
const DEPTH: usize = 64;

impl Lenience {
    pub(super) fn new() -> Self {
        Self { bytes_left: BUDGET, lost: false }
    }

    /// How far the bad item reaches (at least one byte), and what it is. `opens` is what good items begin with.
    pub(super) fn read(&mut self, bytes: &[u8], opens: &[u8]) -> (usize, Seen) {
        let starts = bytes.starts_with(opens);
        let more = self.lost && !starts;
        if !more && self.bytes_left > 0 {
            let mut rest = bytes;
            let value: Result<Value, _> = cbor::de::from_reader_with_recursion_limit(&mut rest, DEPTH);
            let len = bytes.len() - rest.len();
            self.bytes_left = self.bytes_left.saturating_sub(len);
            if let Ok(value) = value
                && (rest.is_empty() || rest.starts_with(opens))
            {
                self.lost = false;
                return (len.max(1), entry(value).map_or(Seen::Nothing, Seen::Entry));
            }
        }
        // Lost: the next place where an item of the right kind begins.
        self.lost = true;
        let next = bytes.get(1..).and_then(|rest| rest.windows(opens.len()).position(|window| window == opens));
        (next.map_or(bytes.len(), |at| at + 1), if more { Seen::More } else { Seen::Nothing })
    }
}

fn entry(value: Value) -> Option<LooseEntry> {
    let Value::Tag(18, message) = value else { return None };
    let payload = message.into_array().ok()?.into_iter().nth(2)?.into_bytes().ok()?;
    let payload: Value = cbor::de::from_reader_with_recursion_limit(&payload[..], DEPTH).ok()?;
    let payload = payload.into_map().ok()?;
    let get = |map: &[(Value, Value)], key: &str| {
        map.iter().find(|(name, _)| name.as_text() == Some(key)).map(|(_, value)| value.clone())
    };
    let id = |value: Option<Value>| Some(Id(value?.into_bytes().ok()?.try_into().ok()?));
    let text = |value: Option<Value>| value.and_then(|value| value.into_text().ok()).unwrap_or_default();
    let of = get(&payload, "of").and_then(|of| of.into_map().ok()).unwrap_or_default();
    Some(LooseEntry {
        writer: id(get(&payload, "writer"))?,
        seq: get(&payload, "seq")?.as_integer()?.try_into().ok().filter(|seq| *seq > 0)?,
        prev: get(&payload, "prev")?.into_bytes().ok()?.try_into().ok()?,
        at: get(&payload, "at").and_then(|at| at.as_integer()?.try_into().ok()).unwrap_or(0),
        what: text(get(&payload, "what")),
        kind: text(get(&of, "type")),
        of: id(get(&of, "id")).unwrap_or(Id([0; 16])),
    })
}
