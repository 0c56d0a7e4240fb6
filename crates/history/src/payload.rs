//! The payload of an entry, read in place (history-format.md §1): keys in the order of their encodings, no other key.
//!
//! Lists stay as bytes that were walked over once; they are taken apart only by who needs them.

use std::collections::BTreeMap;

use lanyard_model::{Actor, ActorKind, ActorRole, Id, Value};

use crate::cbor::{MAX_DEPTH, Reader};
use crate::signed::SignedView;
use crate::{Error, Hash};

/// What an entry says. Of a version other than 1 only `version`, `writer`, `seq`, `prev`, `at` and `what` are known.
#[derive(Clone, Debug)]
pub struct Payload<'a> {
    /// 1, or what a later format wrote.
    pub version: i64,
    /// Whose chain.
    pub writer: Id,
    /// Place in it, from 1.
    pub seq: u64,
    /// Hash of the entry before.
    pub prev: &'a Hash,
    /// The writer's clock, ms since 1970 UTC.
    pub at: i64,
    /// Past tense, `noun.verb`.
    pub what: &'a str,
    /// Type of the record.
    pub kind: &'a str,
    /// The record.
    pub of: Id,
    /// From and to.
    pub state: Option<(&'a str, &'a str)>,
    /// Reason code.
    pub why: Option<&'a str>,
    /// Workflow instance and step.
    pub via: Option<(Id, &'a str)>,
    /// Of a rehearsal chain.
    pub rehearsal: bool,
    by: &'a [u8],
    base: &'a [u8],
    fields: &'a [u8],
    public: &'a [u8],
    signed: Option<&'a [u8]>,
}

const EMPTY_ARRAY: &[u8] = &[0x80];
const EMPTY_MAP: &[u8] = &[0xA0];

pub(crate) fn parse(bytes: &[u8]) -> Result<Payload<'_>, Error> {
    let mut reader = Reader::new(bytes);
    let keys = reader.map()?;
    let start = reader.at();
    if !reader.key(b"\x61v\x01") {
        return other_version(bytes, keys, start);
    }
    let mut seen = 10;
    reader.must_key(b"\x62at")?;
    let at = reader.int()?;
    reader.must_key(b"\x62by")?;
    let by = actors(&mut reader)?;
    reader.must_key(b"\x62of")?;
    let (of, base, kind) = record(&mut reader)?;
    reader.must_key(b"\x63seq")?;
    let seq = reader.uint()?;
    if seq == 0 {
        return reader.wrong("seq counts from 1");
    }
    let via = if reader.key(b"\x63via") {
        seen += 1;
        reader.map_of(2)?;
        reader.must_key(b"\x64step")?;
        let step = reader.text()?;
        reader.must_key(b"\x67process")?;
        Some((Id(*reader.fixed()?), step))
    } else {
        None
    };
    let why = if reader.key(b"\x63why") {
        seen += 1;
        Some(reader.text()?)
    } else {
        None
    };
    reader.must_key(b"\x64prev")?;
    let prev = reader.fixed()?;
    reader.must_key(b"\x64what")?;
    let what = reader.text()?;
    let state = if reader.key(b"\x65state") {
        seen += 1;
        reader.array_of(2)?;
        Some((reader.text()?, reader.text()?))
    } else {
        None
    };
    reader.must_key(b"\x66fields")?;
    let fields = commitments(&mut reader)?;
    reader.must_key(b"\x66public")?;
    let start = reader.at();
    if reader.clone().map().is_err() {
        return reader.wrong("a map expected");
    }
    // The payload's own map is the first level.
    reader.skip(MAX_DEPTH - 1)?;
    let public = reader.since(start);
    let signed = if reader.key(b"\x66signed") {
        seen += 1;
        let start = reader.at();
        let count = reader.array()?;
        if count == 0 {
            return reader.wrong("signed by nobody");
        }
        for _ in 0..count {
            SignedView::parse(&mut reader)?;
        }
        Some(reader.since(start))
    } else {
        None
    };
    reader.must_key(b"\x66writer")?;
    let writer = Id(*reader.fixed()?);
    let rehearsal = reader.key(b"\x69rehearsal");
    if rehearsal {
        seen += 1;
        reader.must_true()?;
    }
    // `v` is the tenth key that is always there.
    if keys != seen {
        return reader.wrong("another key than the format's, or one missing");
    }
    reader.end()?;
    Ok(Payload {
        version: 1,
        writer,
        seq,
        prev,
        at,
        what,
        kind,
        of,
        state,
        why,
        via,
        rehearsal,
        by,
        base,
        fields,
        public,
        signed,
    })
}

fn actors<'a>(reader: &mut Reader<'a>) -> Result<&'a [u8], Error> {
    let start = reader.at();
    for _ in 0..reader.array()? {
        actor(reader)?;
    }
    Ok(reader.since(start))
}

fn actor(reader: &mut Reader<'_>) -> Result<Actor, Error> {
    reader.map_of(3)?;
    reader.must_key(b"\x63who")?;
    let who = Id(*reader.fixed()?);
    reader.must_key(b"\x64kind")?;
    let Some(kind) = ActorKind::of_word(reader.text()?) else { return reader.wrong("an unknown kind of actor") };
    reader.must_key(b"\x64role")?;
    let Some(role) = ActorRole::of_word(reader.text()?) else { return reader.wrong("an unknown role") };
    Ok(Actor { who, role, kind })
}

fn record<'a>(reader: &mut Reader<'a>) -> Result<(Id, &'a [u8], &'a str), Error> {
    reader.map_of(3)?;
    reader.must_key(b"\x62id")?;
    let id = Id(*reader.fixed()?);
    reader.must_key(b"\x64base")?;
    let start = reader.at();
    let mut last: Option<&Hash> = None;
    for _ in 0..reader.array()? {
        let head = reader.fixed()?;
        if last.is_some_and(|last| last >= head) {
            return reader.wrong("base out of order, or a head twice");
        }
        last = Some(head);
    }
    let base = reader.since(start);
    reader.must_key(b"\x64type")?;
    Ok((id, base, reader.text()?))
}

/// Walks over a map of text to 32 bytes.
pub(crate) fn commitments<'a>(reader: &mut Reader<'a>) -> Result<&'a [u8], Error> {
    let start = reader.at();
    let mut last = &[][..];
    for _ in 0..reader.map()? {
        reader.sorted_key(&mut last)?;
        reader.fixed::<32>()?;
    }
    Ok(reader.since(start))
}

/// A canonical map with text keys that says it is of another version: read as far as a chain needs it.
fn other_version(bytes: &[u8], keys: usize, start: usize) -> Result<Payload<'_>, Error> {
    let mut reader = Reader::new(bytes);
    reader.map()?;
    let mut last = &[][..];
    let (mut version, mut writer, mut seq, mut prev, mut at, mut what) = (None, None, None, None, 0, "");
    for _ in 0..keys {
        let key = reader.sorted_key(&mut last)?;
        let before = reader.clone();
        match key {
            "v" => version = Some(reader.int()?),
            "writer" => writer = Some(Id(*reader.fixed()?)),
            "seq" => seq = Some(reader.uint()?),
            "prev" => prev = Some(reader.fixed()?),
            // Needed for remarks only, so whatever another version puts there may stand.
            "at" => match reader.int() {
                Ok(value) => at = value,
                Err(_) => {
                    reader = before;
                    reader.skip(MAX_DEPTH - 1)?;
                }
            },
            "what" => what = reader.text()?,
            _ => reader.skip(MAX_DEPTH - 1)?,
        }
    }
    reader.end()?;
    match (version, writer, seq, prev) {
        (Some(version), Some(writer), Some(seq), Some(prev)) if version != 1 && seq > 0 => Ok(Payload {
            version,
            writer,
            seq,
            prev,
            at,
            what,
            kind: "",
            of: Id([0; 16]),
            state: None,
            why: None,
            via: None,
            rehearsal: false,
            by: EMPTY_ARRAY,
            base: EMPTY_ARRAY,
            fields: EMPTY_MAP,
            public: EMPTY_MAP,
            signed: None,
        }),
        _ => Err(Error::NotCanonical { at: start, why: "v expected first, and no key but the format's" }),
    }
}

impl<'a> Payload<'a> {
    /// Who took part, in order of acting.
    pub fn by(&self) -> impl Iterator<Item = Actor> + use<'a> {
        items(self.by, |reader| actor(reader).ok())
    }

    /// The heads that the writer knew of the record.
    pub fn base(&self) -> impl Iterator<Item = &'a Hash> + use<'a> {
        items(self.base, |reader| reader.fixed().ok())
    }

    /// Names and commitments of the fields, in the order of the encoding.
    pub fn fields(&self) -> impl Iterator<Item = (&'a str, &'a Hash)> + use<'a> {
        fields(self.fields)
    }

    /// The values that every verifier needs.
    #[must_use]
    pub fn public(&self) -> BTreeMap<String, Value> {
        Reader::new(self.public).value_map(MAX_DEPTH - 1).unwrap_or_default()
    }

    /// The statements of people who sign themselves.
    pub fn signed(&self) -> impl Iterator<Item = SignedView<'a>> + use<'a> {
        items(self.signed.unwrap_or(EMPTY_ARRAY), |reader| SignedView::parse(reader).ok())
    }

    pub(crate) fn is_signed(&self) -> bool {
        self.signed.is_some()
    }

    pub(crate) fn raw_fields(&self) -> &'a [u8] {
        self.fields
    }
}

/// Names and commitments from a map that was walked over.
pub(crate) fn fields(raw: &[u8]) -> impl Iterator<Item = (&str, &Hash)> + use<'_> {
    let mut reader = Reader::new(raw);
    let count = reader.map().unwrap_or(0);
    (0..count).map_while(move |_| Some((reader.text().ok()?, reader.fixed().ok()?)))
}

fn items<'a, T>(raw: &'a [u8], mut one: impl FnMut(&mut Reader<'a>) -> Option<T>) -> impl Iterator<Item = T> {
    let mut reader = Reader::new(raw);
    let count = reader.array().unwrap_or(0);
    (0..count).map_while(move |_| one(&mut reader))
}
