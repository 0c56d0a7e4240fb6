//! An entry against the page and against an independent reader (coset and ciborium), byte for byte.

#![allow(clippy::unwrap_used, reason = "the helpers of a test are a test")]

use std::collections::BTreeMap;

use coset::{CoseSign1, TaggedCborSerializable};
use ed25519_dalek::{Signer, SigningKey};
use lanyard_history::{Draft, Entry, Error, How, NO_PREV, Opening, Place, PublicKey, Signed, Statement, events};
use lanyard_model::{Actor, ActorKind, ActorRole, Change, Id, Kind, Reason, RecordRef, UnixMs, Value, Via};

fn place(seq: u64) -> Place {
    Place { writer: Id([1; 16]), seq, prev: NO_PREV, at: UnixMs(1_790_000_000_000), rehearsal: false }
}

fn signer() -> SigningKey {
    SigningKey::from_bytes(&[7; 32])
}

/// Every key of the payload is there.
fn full() -> (Draft, Vec<Opening>) {
    let change = Change::new("card.issued", RecordRef { kind: Kind::Card, id: Id([2; 16]) })
        .state("printed", "active")
        .why(Reason::Renewed)
        .via(Some(Via { process: Id([3; 16]), step: "hand_over".into() }))
        .field("number", 4711)
        .field("a", Value::Null)
        .public("n", Value::Array(vec![1.into(), Value::Bool(true)]));
    let by = vec![Actor { who: Id([4; 16]), role: ActorRole::Did, kind: ActorKind::Operator }];
    let mut salt = 0;
    let (mut draft, openings) = Draft::of_change(&change, place(9), by, vec![[9; 32], [8; 32]], || {
        salt += 1;
        [salt; 32]
    });
    draft.place.rehearsal = true;
    let statement = Statement {
        what: "card.issued".into(),
        of: Id([2; 16]),
        state: draft.state.clone(),
        why: draft.why.clone(),
        fields: draft.fields.clone(),
        nonce: [5; 16],
        until: Some(1_790_000_000_000),
    };
    let mut spki = hex::decode("302a300506032b6570032100").unwrap();
    spki.extend(signer().verifying_key().to_bytes());
    let statement = statement.encode();
    draft.signed.push(Signed {
        who: Id([4; 16]),
        how: How::Ed25519,
        key: spki,
        sig: signer().sign(&statement).to_bytes().to_vec(),
        statement,
        more: BTreeMap::new(),
    });
    (draft, openings)
}

fn seal(draft: &Draft) -> Entry {
    let key = signer();
    let waiting = draft.to_be_signed(&key.verifying_key().to_bytes()).unwrap();
    let signature = key.sign(waiting.bytes()).to_bytes();
    waiting.sealed(signature).unwrap()
}

#[test]
fn an_entry_with_every_key_comes_back() {
    let (draft, openings) = full();
    let entry = seal(&draft);
    let view = entry.view().unwrap();
    let p = &view.payload;
    assert!(PublicKey::new(&signer().verifying_key().to_bytes()).unwrap().signed(&view));
    assert_eq!((p.version, p.writer, p.seq, *p.prev, p.at), (1, Id([1; 16]), 9, NO_PREV, 1_790_000_000_000));
    assert_eq!((p.what, p.kind, p.of), ("card.issued", "card", Id([2; 16])));
    assert_eq!((p.state, p.why), (Some(("printed", "active")), Some("renewed")));
    assert_eq!((p.via, p.rehearsal), (Some((Id([3; 16]), "hand_over")), true));
    assert_eq!(p.by().collect::<Vec<_>>(), draft.by);
    assert_eq!(p.base().collect::<Vec<_>>(), [&[8; 32], &[9; 32]]);
    assert_eq!(p.public(), draft.public);
    let fields: BTreeMap<_, _> = p.fields().map(|(name, hash)| (name.to_owned(), *hash)).collect();
    assert_eq!(fields, draft.fields);
    assert_eq!(fields["number"], openings.iter().find(|o| o.field == "number").unwrap().commitment());
    let signed: Vec<_> = p.signed().collect();
    assert!(signed.len() == 1 && signed[0].holds() && signed[0].agrees(p));
}

#[test]
fn coset_reads_what_we_write_and_signs_the_same_bytes() {
    let entry = seal(&full().0);
    let message = CoseSign1::from_tagged_slice(entry.bytes()).unwrap();
    assert_eq!(message.tbs_data(&[]), entry.view().unwrap().to_be_signed());
    assert!(message.unprotected.is_empty());
    // ciborium agrees that heads are shortest and that the keys stand as written.
    let payload = message.payload.unwrap();
    let value: ciborium::Value = ciborium::from_reader(&payload[..]).unwrap();
    let mut again = Vec::new();
    ciborium::into_writer(&value, &mut again).unwrap();
    assert_eq!(again, payload);
    let keys: Vec<_> = value.as_map().unwrap().iter().map(|(key, _)| key.as_text().unwrap().to_owned()).collect();
    assert_eq!(
        keys,
        [
            "v",
            "at",
            "by",
            "of",
            "seq",
            "via",
            "why",
            "prev",
            "what",
            "state",
            "fields",
            "public",
            "signed",
            "writer",
            "rehearsal"
        ]
    );
}

#[test]
fn every_changed_byte_is_refused_or_fails_the_signature() {
    let entry = seal(&full().0);
    let key = PublicKey::new(&signer().verifying_key().to_bytes()).unwrap();
    for at in 0..entry.bytes().len() {
        for bit in 0..8 {
            let mut bytes = entry.bytes().to_vec();
            bytes[at] ^= 1 << bit;
            if let Ok(changed) = Entry::parse(bytes) {
                assert!(!key.signed_entry(&changed), "byte {at}, bit {bit}");
            }
        }
    }
}

#[test]
fn an_entry_cut_anywhere_or_followed_by_anything_is_refused() {
    let bytes = seal(&full().0).into_bytes();
    for len in 0..bytes.len() {
        assert!(Entry::parse(bytes[..len].to_vec()).is_err());
    }
    let mut longer = bytes;
    longer.push(0);
    assert!(Entry::parse(longer).is_err());
}

#[test]
fn an_entry_beyond_sixty_thousand_bytes_or_sixteen_levels_is_not_written() {
    let change = |value: Value| {
        let change = Change::new("a.b", RecordRef { kind: Kind::Card, id: Id([2; 16]) }).public("x", value);
        Draft::of_change(&change, place(1), Vec::new(), Vec::new(), || [0; 32]).0
    };
    let key = signer().verifying_key().to_bytes();
    let nested = |levels| (0..levels).fold(Value::Null, |inner, _| Value::Array(vec![inner]));
    assert!(seal(&change(nested(14))).view().is_ok());
    assert!(matches!(change(nested(15)).to_be_signed(&key), Err(Error::TooLarge { limit: 16, .. })));

    let around = seal(&change(Value::Text("x".repeat(40_000)))).bytes().len() - 40_000;
    assert_eq!(seal(&change(Value::Text("x".repeat(60_000 - around)))).bytes().len(), 60_000);
    let large = change(Value::Text("x".repeat(60_001 - around)));
    assert!(matches!(large.to_be_signed(&key), Err(Error::TooLarge { size: 60_001, limit: 60_000, .. })));
}

#[test]
fn a_seq_of_zero_is_not_written() {
    let change = Change::new("a.b", RecordRef { kind: Kind::Card, id: Id([2; 16]) });
    let draft = Draft::of_change(&change, place(0), Vec::new(), Vec::new(), || [0; 32]).0;
    assert!(draft.to_be_signed(&[0; 32]).is_err());
}

#[test]
fn an_entry_of_another_version_is_read_as_far_as_a_chain_needs_it() {
    let bytes_of = |byte, len| ciborium::Value::Bytes(vec![byte; len]);
    // In the order of the encodings: shorter keys first.
    let sorted = vec![
        ("v".into(), 2.into()),
        ("seq".into(), 3.into()),
        ("prev".into(), bytes_of(6, 32)),
        ("what".into(), "card.teleported".into()),
        ("writer".into(), bytes_of(1, 16)),
        ("universe".into(), "b".into()),
    ];
    let mut bytes = Vec::new();
    ciborium::into_writer(&ciborium::Value::Map(sorted), &mut bytes).unwrap();
    let entry = with_payload(&bytes);
    let view = entry.view().unwrap();
    assert_eq!((view.payload.version, view.payload.seq, view.payload.what), (2, 3, "card.teleported"));
    assert!(PublicKey::new(&signer().verifying_key().to_bytes()).unwrap().signed(&view));
}

#[test]
fn a_key_that_the_format_does_not_have_is_refused() {
    let mut message = CoseSign1::from_tagged_slice(seal(&full().0).bytes()).unwrap();
    let mut value: ciborium::Value = ciborium::from_reader(&message.payload.unwrap()[..]).unwrap();
    value.as_map_mut().unwrap().push(("more_than_this".into(), 1.into()));
    let mut bytes = Vec::new();
    ciborium::into_writer(&value, &mut bytes).unwrap();
    message.payload = Some(bytes);
    assert!(Entry::parse(message.to_tagged_vec().unwrap()).is_err());
}

fn with_payload(payload: &[u8]) -> Entry {
    let mut message = CoseSign1::from_tagged_slice(seal(&full().0).bytes()).unwrap();
    message.payload = Some(payload.to_vec());
    message.signature = signer().sign(&message.tbs_data(&[])).to_bytes().to_vec();
    Entry::parse(message.to_tagged_vec().unwrap()).unwrap()
}

#[test]
fn a_rekey_proof_is_over_what_the_page_says() {
    let message = events::rekey_proof_message(Id([1; 16]), 258, &[2; 32]);
    let mut expected = b"lanyard/rekey/v1\0".to_vec();
    expected.extend([1; 16]);
    expected.extend([0, 0, 0, 0, 0, 0, 1, 2]);
    expected.extend([2; 32]);
    assert_eq!(message, expected);
}
