//! Every way a bundle is spoilt, with the faults that must be found: all of them, and no other.

use ed25519_dalek::Signer;
use lanyard_history::note::{self, Cosigner, NoteSignature};
use lanyard_history::verify::Options;
use lanyard_history::{Checkpoint, How, Opening, PublicKey, events, tree};
use lanyard_model::{Change, Kind, Value};
use sha2::{Digest, Sha256};

use super::{
    CARD, Chain, Lone, PERSON, Parts, at, id, key, operator, person_signs, public, record, sign, sign_as, signed_note,
};

/// A bundle, what the auditor brings along, and what must come of it.
pub struct Case {
    pub name: &'static str,
    pub parts: Parts,
    pub options: Options,
    /// `code@seq …`, all of them.
    pub faults: &'static str,
    pub level: &'static str,
}

pub(super) fn case(name: &'static str, parts: Parts, faults: &'static str) -> Case {
    let level = if faults.is_empty() { "consistent" } else { "" };
    Case { name, parts, options: Options::default(), faults, level }
}

fn lone(name: &'static str, faults: &'static str, spoil: impl FnOnce(&mut Parts)) -> Case {
    let mut parts = Lone::new().parts();
    spoil(&mut parts);
    case(name, parts, faults)
}

/// The lone station's history, written again after a change, by who has its key and the log's.
fn rewritten(change: impl FnOnce(&mut Chain)) -> Lone {
    let mut lone = Lone::new();
    change(&mut lone.chain);
    lone
}

/// With the entries of a chain in place of those that were there; openings, leaves and scope as they were.
fn with_entries(parts: &mut Parts, chain: &Chain) {
    parts.entries = chain.entries.iter().map(|entry| entry.bytes().to_vec()).collect();
}

fn root() -> [u8; 32] {
    public(&key(super::STATION))
}

pub fn all() -> Vec<Case> {
    let mut cases = good();
    cases.extend(bytes_spoilt());
    cases.extend(chains_spoilt());
    cases.extend(keys_spoilt());
    cases.extend(shown_spoilt());
    cases.extend(log_spoilt());
    cases.extend(super::served::servers());
    cases
}

fn good() -> Vec<Case> {
    let mut withheld = Lone::new().parts();
    withheld.openings.clear();
    withheld.blobs.clear();
    let mut shown = case("good-shown", Lone::new().parts(), "");
    shown.options = Options { complete: true, root: Some(root()), ..Options::default() };
    let mut proofs = Lone::new().parts();
    proofs.prove();
    let mut records = proofs.clone();
    records.records = Some(vec![id(CARD)]);
    let about_the_card = [0, 1, 2, at::PREPARED, at::ENCODED, at::PRINTED, at::ISSUED, at::EXPORTED, at::CLOSED];
    let kept = |place: &usize| about_the_card.contains(place);
    records.entries = (0..at::LEN).filter(kept).map(|place| proofs.entries[place].clone()).collect();
    records.proofs = (0..at::LEN).filter(kept).map(|place| proofs.proofs[place].clone()).collect();
    let hashes: Vec<_> = records.proofs.iter().map(|(hash, _)| *hash).collect();
    records.openings.retain(|(hash, _)| hashes.contains(hash));
    let mut signed = Lone::begin(false);
    let issued = Change::new("card.issued", record(Kind::Card, CARD)).state("printed", "active").field("receipt", 7);
    let (mut draft, openings) = signed.chain.draft(&issued);
    person_signs(&mut draft, How::Ed25519);
    signed.chain.seal(draft, openings);
    let mut no_log = Lone::new().parts();
    (no_log.checkpoint, no_log.leaves) = (None, None);
    vec![
        case("good", Lone::new().parts(), ""),
        case("good-rehearsal", Lone::in_a(true).parts(), ""),
        case("good-withheld", withheld, ""),
        shown,
        case("good-proofs", proofs, ""),
        case("good-records", records, ""),
        case("good-signed", signed.parts(), ""),
        case("good-no-log", no_log, ""),
    ]
}

fn bytes_spoilt() -> Vec<Case> {
    let unknown_version = |resign: bool| {
        let mut lone = Lone::new();
        let last = lone.chain.entries.pop().unwrap();
        let mut bytes = last.into_bytes();
        // The payload begins after 46 bytes and its head of three: a map head, then "v", then 1.
        assert_eq!(&bytes[50..53], b"\x61v\x01");
        bytes[52] = 2;
        if resign {
            let view = lanyard_history::EntryView::parse(&bytes).unwrap();
            let signature = key(super::STATION).sign(&view.to_be_signed()).to_bytes();
            let len = bytes.len();
            bytes[len - 64..].copy_from_slice(&signature);
        }
        lone.chain.entries.push(lanyard_history::Entry::parse(bytes).unwrap());
        lone.parts()
    };
    vec![
        lone("entry-byte-changed", "entry.altered@8 chain.broken@9", |parts| {
            let name = parts.entries[at::PREPARED].windows(13).position(|w| w == b"card.prepared").unwrap();
            parts.entries[at::PREPARED][name] = b'b';
        }),
        lone("signature-byte-changed", "entry.altered@8 chain.broken@9", |parts| {
            *parts.entries[at::PREPARED].last_mut().unwrap() ^= 1;
        }),
        lone("last-entry-byte-changed", "entry.altered@15", |parts| {
            *parts.entries[at::CLOSED].last_mut().unwrap() ^= 1;
        }),
        // The length of the payload written in five bytes instead of three: the same to a lenient reader.
        lone("not-canonical-length", "cbor.not_canonical@8 chain.broken@9", |parts| {
            let entry = &mut parts.entries[at::PREPARED];
            assert_eq!(entry[46], 0x59);
            entry.splice(46..47, [0x5A, 0, 0]);
        }),
        // The unprotected header is not signed; it must be empty.
        lone("not-canonical-header", "cbor.not_canonical@8 chain.broken@9", |parts| {
            parts.entries[at::PREPARED].splice(45..46, [0xA1, 0x04, 0x41, 0x00]);
        }),
        lone("not-canonical-garbage", "entry.missing@8 cbor.not_canonical", |parts| {
            parts.entries[at::PREPARED] = vec![0xFF; 300];
        }),
        lone("not-canonical-cut", "entry.missing@8 cbor.not_canonical", |parts| {
            parts.entries[at::PREPARED].truncate(200);
        }),
        case("unknown-version", unknown_version(true), "entry.unknown_version@15"),
        case("unknown-version-altered", unknown_version(false), "entry.unknown_version@15 entry.altered@15"),
    ]
}

fn chains_spoilt() -> Vec<Case> {
    let removed_and_relinked = rewritten(|chain| {
        chain.drafts.remove(at::ENCODED);
        chain.keys.remove(at::ENCODED);
        chain.relink(at::ENCODED);
    });
    let mut removed_by_who_has_the_keys = Lone::new().parts();
    with_entries(&mut removed_by_who_has_the_keys, &removed_and_relinked.chain);

    // An entry more in the middle, its neighbours as they were: possible only where a seq was left free.
    let mut inserted = Lone::new();
    let between = Change::new("card.viewed", record(Kind::Card, CARD));
    let (mut extra, _) = inserted.chain.draft(&between);
    extra.place.seq = 9;
    extra.place.prev = inserted.chain.entries[at::PREPARED].hash();
    let mut fork = Lone::new().parts();
    fork.entries.insert(at::ENCODED, sign(&extra, &key(super::STATION)).into_bytes());
    let mut by_a_stranger = Lone::new().parts();
    by_a_stranger.entries.insert(at::ENCODED, sign(&extra, &key(0x99)).into_bytes());
    let mut under_its_name = Lone::new().parts();
    let forged = sign_as(&extra, &key(0x99), &public(&key(super::STATION)));
    under_its_name.entries.insert(at::ENCODED, forged.into_bytes());
    for at in at::ENCODED..at::LEN {
        inserted.chain.drafts[at].place.seq += 1;
        if at > at::ENCODED {
            inserted.chain.drafts[at].place.prev = inserted.chain.entries[at - 1].hash();
        }
        inserted.chain.entries[at] = sign(&inserted.chain.drafts[at], &key(super::STATION));
    }
    inserted.chain.entries.insert(at::ENCODED, sign(&extra, &key(super::STATION)));
    inserted.chain.openings.clear();
    let mut inserted = inserted.parts();
    inserted.blobs.clear();
    // Later entries name checkpoints of the log as it was, which would tell as well.
    (inserted.leaves, inserted.checkpoint) = (None, None);

    let mixed = rewritten(|chain| {
        chain.drafts[at::CLOSED].place.rehearsal = true;
        chain.relink(at::CLOSED);
    });
    let broken = rewritten(|chain| {
        chain.drafts[at::CLOSED].place.prev = [7; 32];
        chain.entries[at::CLOSED] = sign(&chain.drafts[at::CLOSED], &key(super::STATION));
    });
    let first_links = rewritten(|chain| {
        chain.drafts[0].place.prev = [7; 32];
        chain.entries[0] = sign(&chain.drafts[0], &key(super::STATION));
        for at in 1..at::LEN {
            chain.drafts[at].place.prev = chain.entries[at - 1].hash();
            chain.entries[at] = sign(&chain.drafts[at], &key(super::STATION));
        }
        chain.openings.clear();
    });
    vec![
        lone("entry-removed", "entry.missing@9", |parts| drop(parts.entries.remove(at::ENCODED))),
        lone("three-entries-removed", "entry.missing@9 opening.foreign log.entry_missing", |parts| {
            parts.entries.drain(at::ENCODED..at::ENCODED + 3);
        }),
        lone("first-entry-removed", FIRST_REMOVED, |parts| drop(parts.entries.remove(0))),
        case(
            "entry-removed-and-relinked",
            removed_by_who_has_the_keys,
            "scope.cut@15 opening.foreign opening.foreign log.entry_missing log.entry_missing log.entry_missing \
             log.entry_missing",
        ),
        lone("two-swapped", "entry.order@9", |parts| parts.entries.swap(at::ENCODED, at::LIVE)),
        lone("duplicated", "entry.duplicate@9", |parts| {
            parts.entries.insert(at::ENCODED, parts.entries[at::ENCODED].clone());
        }),
        case("forked", fork, "chain.fork@9 chain.fork@9"),
        case("inserted", inserted, "entry.inserted@9"),
        case("inserted-by-a-stranger", by_a_stranger, "key.foreign@9"),
        case("inserted-under-its-name", under_its_name, "entry.altered@9"),
        case("link-broken", broken.parts(), "chain.broken@15"),
        case("first-links-somewhere", first_links.parts(), "chain.broken@1 log.not_extended@14 log.not_extended@15"),
        case("rehearsal-mixed", mixed.parts(), "chain.mixed@15"),
        lone("cut-against-the-scope", "scope.cut@15", |parts| drop(parts.entries.pop())),
        lone("head-other-than-the-scope", "scope.cut@15", |parts| parts.whole[0].2 = [9; 32]),
    ]
}

/// Without its first entry a chain names no key: nothing in it can be vouched for.
const FIRST_REMOVED: &str = "entry.missing@1 key.unvouched@2 key.unvouched@3 key.unvouched@4 key.unvouched@5 \
    key.unvouched@6 key.unvouched@7 key.unvouched@8 key.unvouched@9 key.unvouched@10 key.unvouched@11 \
    key.unvouched@12 key.unvouched@13 key.unvouched@14 key.unvouched@15 log.root";

fn keys_spoilt() -> Vec<Case> {
    let resigned = |named: [u8; 32]| {
        let mut parts = Lone::new().parts();
        let chain = Lone::new().chain;
        parts.entries[at::ENCODED] = sign_as(&chain.drafts[at::ENCODED], &key(0x99), &named).into_bytes();
        parts
    };
    let kid_only = |parts: &mut Parts| parts.entries[at::ENCODED][9] ^= 1;

    // A key of order 8, and signatures that a lenient verifier takes for every message: R of small order, S = 0.
    let mut weak = Lone::begin(false);
    let small: [u8; 32] = [0; 32];
    weak.chain.drafts[0].public.insert("key".into(), Value::Bytes(small.to_vec()));
    let mut signature = [0; 64];
    signature[0] = 1;
    for at in 0..weak.chain.drafts.len() {
        if at > 0 {
            weak.chain.drafts[at].place.prev = weak.chain.entries[at - 1].hash();
        }
        weak.chain.entries[at] = weak.chain.drafts[at].to_be_signed(&small).unwrap().sealed(signature).unwrap();
    }

    let rekeyed = |prover: u8| {
        let mut lone = Lone::begin(false);
        lone.chain.rekey(key(0x53), &key(prover));
        operator(&mut lone.chain, 30);
        operator(&mut lone.chain, 31);
        lone
    };
    let mut old_key = rekeyed(0x53);
    old_key.chain.keys[4] = key(super::STATION);
    old_key.chain.relink(4);

    let mut retired = Lone::begin(false);
    let (writer, seq, head) = (retired.chain.writer, retired.chain.seq(), retired.chain.head());
    retired.chain.write(&events::writer_retired(writer, seq, &head));
    let good_retired = retired.parts();
    operator(&mut retired.chain, 30);
    operator(&mut retired.chain, 31);
    vec![
        case("resigned-by-a-stranger", resigned(public(&key(0x99))), "key.foreign@9 chain.broken@10"),
        case("resigned-under-its-name", resigned(root()), "entry.altered@9 chain.broken@10"),
        lone("kid-differs", "key.foreign@9 chain.broken@10", kid_only),
        case("small-order-key", weak.parts(), "entry.altered@1 entry.altered@2 log.root"),
        case("rekeyed", rekeyed(0x53).parts(), ""),
        case("rekeyed-without-proof", rekeyed(0x54).parts(), "key.unvouched@3 key.foreign@4 key.foreign@5"),
        case("old-key-after-rekey", old_key.parts(), "key.foreign@5"),
        case("retired", good_retired, ""),
        case("after-retirement", retired.parts(), "writer.after_retired@4 writer.after_retired@5"),
        Case {
            options: Options { root: Some(public(&key(0x99))), ..Options::default() },
            ..case("another-root", Lone::new().parts(), "root.differs@1")
        },
        Case {
            options: Options { root: Some(Sha256::digest(root()).into()), ..Options::default() },
            ..case("root-by-fingerprint", Lone::new().parts(), "")
        },
    ]
}

fn erasing(target: usize, field: &str, of: lanyard_model::RecordRef) -> Lone {
    let mut lone = Lone::new();
    let hash = lone.chain.entries[target].hash();
    lone.chain.write(&events::record_erased(of, &[(hash, field.to_owned())]));
    lone.chain.openings.retain(|(at, opening)| *at != target || opening.field != field);
    lone
}

fn shown_spoilt() -> Vec<Case> {
    let opening_of =
        |parts: &Parts, field: &str| parts.openings.iter().position(|(_, opening)| opening.field == field).unwrap();
    let complete = |case: Case| Case { options: Options { complete: true, ..Options::default() }, ..case };
    let person = record(Kind::Person, PERSON);
    let not_signed = |change: fn(&mut lanyard_history::Signed)| {
        let mut lone = Lone::begin(false);
        let issued = Change::new("card.issued", record(Kind::Card, CARD)).state("printed", "active");
        let (mut draft, openings) = lone.chain.draft(&issued);
        person_signs(&mut draft, How::Ed25519);
        change(&mut draft.signed[0]);
        lone.chain.seal(draft, openings);
        lone.parts()
    };
    let mut disagrees = Lone::begin(false);
    let (mut draft, openings) = disagrees.chain.draft(&Change::new("card.voided", record(Kind::Card, CARD)));
    person_signs(&mut draft, How::Ed25519);
    draft.what = "card.issued".into();
    disagrees.chain.seal(draft, openings);
    let mut late = Lone::begin(false);
    let (mut draft, openings) = late.chain.draft(&Change::new("card.voided", record(Kind::Card, CARD)));
    person_signs(&mut draft, How::Ed25519);
    draft.place.at.0 += 2;
    late.chain.seal(draft, openings);
    vec![
        lone("opening-value-changed", "opening.mismatch@6", |parts| {
            let at = opening_of(parts, "family_name");
            parts.openings[at].1.value = "Möllerstrom".into();
        }),
        lone("opening-salt-changed", "opening.mismatch@6", |parts| {
            let at = opening_of(parts, "family_name");
            parts.openings[at].1.salt[0] ^= 1;
        }),
        lone("opening-not-canonical", "opening.mismatch", |parts| {
            let mut raw: Vec<u8> =
                parts.openings.iter().flat_map(|(entry, opening)| opening.encode(entry).unwrap()).collect();
            raw[0] = 0x98;
            raw.insert(1, 4);
            parts.raw_openings = Some(raw);
        }),
        lone("opening-of-no-field", "opening.foreign@6", |parts| {
            let at = opening_of(parts, "family_name");
            parts.openings[at].1.field = "nickname".into();
        }),
        lone("opening-of-no-entry", "opening.foreign", |parts| {
            let opening = Opening { field: "family_name".into(), salt: [0; 32], value: Value::Null };
            parts.openings.push(([5; 32], opening));
        }),
        case("erased", erasing(at::PERSON, "family_name", person).parts(), ""),
        complete(case("erased-and-complete", erasing(at::PERSON, "family_name", person).parts(), "")),
        case(
            "erased-of-another",
            erasing(at::PERSON, "family_name", record(Kind::Card, CARD)).parts(),
            "erase.foreign@16",
        ),
        case("erased-of-no-field", erasing(at::PERSON, "nickname", person).parts(), "erase.foreign@16"),
        complete(lone("field-withheld", "field.withheld@6", |parts| {
            parts.openings.remove(opening_of(parts, "family_name"));
        })),
        lone("blob-byte-changed", "blob.altered@7", |parts| parts.blobs[0].1[0] ^= 1),
        lone("blob-longer", "blob.altered@7", |parts| parts.blobs[0].1.push(0)),
        lone("blob-of-nobody", "blob.altered", |parts| parts.blobs.push(("00".repeat(32), vec![1]))),
        complete(lone("blob-missing", "blob.missing@7", |parts| parts.blobs.clear())),
        case("signed-invalid", not_signed(|signed| signed.sig[0] ^= 1), "signed.invalid@3"),
        case("signed-by-nobody-named", not_signed(|signed| signed.who = id(31)), "signed.disagrees@3"),
        case("signed-otherwise", disagrees.parts(), "signed.disagrees@3"),
        case("signed-too-late", late.parts(), "signed.disagrees@3"),
    ]
}

fn log_spoilt() -> Vec<Case> {
    let since = |lone: &Lone, len: usize| {
        let leaves = &lone.chain.hashes()[..len];
        let old = Checkpoint { origin: lone.origin.clone(), size: len as u64, root: tree::root(leaves) };
        Options { since: Some(signed_note(&old, &key(0x52))), ..Options::default() }
    };
    // Cut where the station had closed: consistent alone, which is why checkpoints are kept elsewhere.
    let mut run_twice = Lone::new();
    let (station, packs) = (run_twice.chain.writer, Default::default());
    let at_close = run_twice.clone();
    run_twice.chain.write(&events::station_opened(station, &[2; 32], &packs, None));
    run_twice.chain.write(&Change::new("card.voided", record(Kind::Card, CARD)).state("active", "void"));
    let resigned = rewritten(|chain| {
        chain.drafts[at::PERSON].place.at.0 += 1;
        chain.relink(at::PERSON);
        chain.openings.clear();
        // Who has the keys also names the checkpoints that fit.
        let origin = lanyard_history::station_origin(chain.writer);
        for at in [at::EXPORTED, at::CLOSED] {
            let leaves: Vec<_> = chain.hashes()[..at].to_vec();
            let fits = Checkpoint { origin: origin.clone(), size: at as u64, root: tree::root(&leaves) };
            chain.drafts[at].public.insert("checkpoint".into(), events::checkpoint_value(Some(&fits)));
            chain.relink(at);
        }
    });
    let resigned_parts = || {
        let mut parts = resigned.parts();
        parts.blobs.clear();
        parts
    };
    let witnessed = |note_of: &dyn Fn(&str) -> Vec<u8>| {
        let lone = Lone::new();
        let mut parts = lone.parts();
        let mut note = note::Note::parse(&lone.note()).unwrap();
        let signature = key(0x55).sign(&note_of(&note.text)).to_bytes();
        let line = NoteSignature::by_cosigner("witness.example/1", &public(&key(0x55)), 1_795_000_000, &signature);
        note.signatures.push(line);
        parts.checkpoint = Some(note.to_string());
        let witness =
            Cosigner { name: Some("witness.example/1".into()), key: PublicKey::new(&public(&key(0x55))).unwrap() };
        (parts, Options { witnesses: vec![witness], ..Options::default() })
    };
    let (good, options) = witnessed(&|text| note::cosignature_message(1_795_000_000, text));
    let (bad, bad_options) = witnessed(&|_| b"something else".to_vec());
    let mut proof_wrong = Lone::new().parts();
    proof_wrong.prove();
    proof_wrong.proofs[5].1.path[0][0] ^= 1;
    let mut proof_unsigned = Lone::new().parts();
    proof_unsigned.prove();
    let stranger = signed_note(&Lone::new().chain.checkpoint(&Lone::new().origin), &key(0x99));
    proof_unsigned.proofs[5].1.checkpoint = stranger;
    let named_other = rewritten(|chain| {
        let other = Checkpoint { origin: lanyard_history::station_origin(chain.writer), size: 3, root: [1; 32] };
        chain.drafts[at::CLOSED].public.insert("checkpoint".into(), events::checkpoint_value(Some(&other)));
        chain.relink(at::CLOSED);
    });
    let mut not_yet = Lone::new();
    let short = not_yet.parts();
    operator(&mut not_yet.chain, 32);
    let mut not_yet = not_yet.parts();
    (not_yet.leaves, not_yet.checkpoint) = (short.leaves, short.checkpoint);
    vec![
        lone("leaf-changed", "log.root", |parts| parts.leaves.as_mut().unwrap()[3][0] ^= 1),
        lone("leaf-removed", "log.root", |parts| parts.leaves.as_mut().unwrap().truncate(14)),
        lone("checkpoint-root-changed", "log.root", |parts| {
            let note = parts.checkpoint.as_mut().unwrap();
            let at = note.match_indices('\n').nth(1).unwrap().0 + 1;
            let other = if note.as_bytes()[at] == b'A' { "B" } else { "A" };
            note.replace_range(at..at + 1, other);
        }),
        lone("checkpoint-signature-changed", "log.root", |parts| {
            let lone = Lone::new();
            parts.checkpoint = Some(signed_note(&lone.chain.checkpoint(&lone.origin), &key(0x99)));
        }),
        lone("entry-not-in-the-log", "log.entry_missing@9 log.not_extended@14 log.not_extended@15", |parts| {
            let mut leaves = parts.leaves.clone().unwrap();
            leaves.remove(at::ENCODED);
            parts.log(&leaves, &Lone::new().origin, &key(0x52));
        }),
        case("logged-later", not_yet, ""),
        case("proof-wrong", proof_wrong, "log.entry_missing@6"),
        case("proof-of-another-log", proof_unsigned, "log.root@6"),
        case("checkpoint-named-that-never-was", named_other.parts(), "log.not_extended@15"),
        case("cut-at-a-clean-close", at_close.parts(), ""),
        Case {
            options: since(&run_twice, 17),
            ..case("cut-at-a-clean-close-since", at_close.parts(), "log.not_extended")
        },
        case("wholly-resigned", resigned_parts(), ""),
        Case {
            options: since(&Lone::new(), 15),
            ..case("wholly-resigned-since", resigned_parts(), "log.not_extended")
        },
        Case {
            options: since(&Lone::new(), 9),
            level: "anchored",
            ..case("extends-an-earlier-checkpoint", Lone::new().parts(), "")
        },
        Case { options, level: "witnessed by 1", ..case("witnessed", good, "") },
        Case { options: bad_options, ..case("witness-signature-wrong", bad, "") },
    ]
}
