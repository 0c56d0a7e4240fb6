//! What the entries of history-format.md §2 say to a verifier, read from their public values.

use lanyard_model::{Id, Value};

use crate::{Checkpoint, Hash, Payload};

/// An entry that a verifier acts on.
#[derive(Clone, Debug)]
pub(super) enum Act {
    Enrolled {
        writer: Id,
        key: [u8; 32],
        from_seq: u64,
        head: Hash,
    },
    Rekeyed {
        key: [u8; 32],
        proof: [u8; 64],
    },
    Retired {
        writer: Id,
        seq: u64,
        head: Hash,
    },
    LogOpened {
        origin: String,
        key: [u8; 32],
    },
    Erased(Vec<(Hash, String)>),
    SetAside(Hash),
    Adopted(Vec<u8>),
    /// `station.opened`, `station.closed`, `history.exported`, `log.seen`.
    Framed {
        opens: bool,
        closes: bool,
        checkpoint: Option<Checkpoint>,
    },
}

fn bytes<const N: usize>(value: Option<&Value>) -> Option<[u8; N]> {
    value?.as_bytes()?.try_into().ok()
}

fn seq(value: Option<&Value>) -> Option<u64> {
    u64::try_from(value?.as_int()?).ok()
}

impl Act {
    /// The act, if the entry is one: `Some(None)` where it should be and lacks a value that it must have.
    pub(super) fn of(payload: &Payload<'_>) -> Option<Option<Self>> {
        let read: fn(&Payload<'_>) -> Option<Self> = match payload.what {
            "writer.enrolled" => |payload| {
                let public = payload.public();
                Some(Self::Enrolled {
                    writer: Id(bytes(public.get("writer"))?),
                    key: bytes(public.get("key"))?,
                    from_seq: seq(public.get("from_seq")).filter(|seq| *seq > 0)?,
                    head: bytes(public.get("head"))?,
                })
            },
            "writer.rekeyed" => |payload| {
                let public = payload.public();
                Some(Self::Rekeyed { key: bytes(public.get("key"))?, proof: bytes(public.get("proof"))? })
            },
            "writer.retired" => |payload| {
                let public = payload.public();
                Some(Self::Retired {
                    writer: Id(bytes(public.get("writer"))?),
                    seq: seq(public.get("seq"))?,
                    head: bytes(public.get("head"))?,
                })
            },
            "log.opened" => |payload| {
                let public = payload.public();
                Some(Self::LogOpened {
                    origin: public.get("origin")?.as_text()?.to_owned(),
                    key: bytes(public.get("key"))?,
                })
            },
            "record.erased" => |payload| {
                let public = payload.public();
                let Value::Array(list) = public.get("erased")? else { return None };
                let one = |item: &Value| match item {
                    Value::Array(pair) if pair.len() == 2 => {
                        Some((bytes(pair.first())?, pair.get(1)?.as_text()?.to_owned()))
                    }
                    _ => None,
                };
                list.iter().map(one).collect::<Option<Vec<_>>>().map(Self::Erased)
            },
            "entry.set_aside" => |payload| bytes(payload.public().get("entry")).map(Self::SetAside),
            "entry.adopted" => |payload| Some(Self::Adopted(payload.public().get("bytes")?.as_bytes()?.to_vec())),
            "station.opened" | "station.closed" | "history.exported" | "log.seen" => |payload| {
                let checkpoint = match payload.public().get("checkpoint")? {
                    Value::Null => None,
                    Value::Array(of) if of.len() == 3 => Some(Checkpoint {
                        origin: of.first()?.as_text()?.to_owned(),
                        size: seq(of.get(1))?,
                        root: bytes(of.get(2))?,
                    }),
                    _ => return None,
                };
                let (opens, closes) = (payload.what == "station.opened", payload.what == "station.closed");
                Some(Self::Framed { opens, closes, checkpoint })
            },
            _ => return None,
        };
        Some(read(payload))
    }
}

/// Approving, issuing, voiding, key use and role changes: what people with a key of their own sign (§3).
pub(super) fn wants_a_person(payload: &Payload<'_>) -> bool {
    let (noun, verb) = payload.what.split_once('.').unwrap_or((payload.what, ""));
    matches!(verb, "approved" | "issued" | "voided")
        || payload.what == "key.used"
        || matches!(noun, "operator" | "role")
        || payload.by().any(|actor| actor.role == lanyard_model::ActorRole::Approved)
}
