//! What is worth knowing and no fault (history-format.md §6): each remark where it belongs, and nowhere else.

#![allow(clippy::unwrap_used, reason = "the helpers of a test are a test")]

mod house;

use std::collections::BTreeMap;

use house::{CARD, Lone, PERSON, Served, at, id, key, operator, public, record, remarks};
use lanyard_history::verify::{Code, Extract, Options};
use lanyard_history::words::{Lang, tell};
use lanyard_history::{Opening, events};
use lanyard_model::{Change, Kind};

fn told(parts: &house::Parts) -> String {
    let report = parts.verify(&Options::default());
    assert!(report.holds(), "{}", house::faults(&report));
    let told = remarks(&report);
    // Each issue of the fixture has these; they are tested on their own.
    told.split(' ').filter(|remark| !remark.starts_with("signed.machine_only")).collect::<Vec<_>>().join(" ")
}

#[test]
fn a_whole_and_closed_history_is_remarked_on_for_nothing_but_its_machine_only_acts() {
    let report = Lone::new().parts().verify(&Options::default());
    // Two operators added, a certificate and a card issued.
    let seqs: Vec<_> = report.remarks.iter().map(|remark| (remark.code.word(), remark.seq.unwrap())).collect();
    assert_eq!(seqs, [4, 5, 11, 13].map(|seq| ("signed.machine_only", seq)));
    assert_eq!((report.counts.asserted_by_machine, report.counts.signed_by_person), (4, 0));
}

#[test]
fn an_act_that_a_person_signed_is_counted_as_theirs() {
    let mut lone = Lone::begin(false);
    let issued = Change::new("card.issued", record(Kind::Card, CARD)).state("printed", "active");
    let (mut draft, openings) = lone.chain.draft(&issued);
    house::person_signs(&mut draft, lanyard_history::How::Ed25519);
    lone.chain.seal(draft, openings);
    let report = lone.parts().verify(&Options::default());
    assert_eq!((remarks(&report).as_str(), report.counts.signed_by_person), ("", 1));
}

#[test]
fn a_clock_that_runs_backwards_is_remarked_on_once() {
    let mut lone = Lone::new();
    lone.chain.clock -= 10_000_000;
    operator(&mut lone.chain, 32);
    operator(&mut lone.chain, 33);
    assert_eq!(told(&lone.parts()), "clock.backwards@16");
}

#[test]
fn a_run_that_was_not_closed_is_named_when_the_next_begins() {
    let mut lone = Lone::begin(false);
    let (station, none) = (lone.chain.writer, BTreeMap::new());
    lone.chain.write(&events::station_opened(station, &[2; 32], &none, None));
    assert_eq!(told(&lone.parts()), "", "the last run may be the one that exports");
    lone.chain.write(&events::station_opened(station, &[2; 32], &none, None));
    lone.chain.write(&events::station_closed(station, None));
    assert_eq!(told(&lone.parts()), "run.not_closed@3");
}

#[test]
fn changes_in_two_places_are_remarked_on_until_they_are_joined() {
    let mut served = Served::new();
    let blocked = Change::new("card.blocked", record(Kind::Card, CARD)).state("active", "blocked");
    served.server.write(&blocked);
    assert_eq!(told(&served.parts()), "record.concurrent@4");
    let (mut joins, openings) = served.server.draft(&Change::new("card.joined", record(Kind::Card, CARD)));
    joins.base.push(served.station.head());
    served.server.seal(joins, openings);
    assert_eq!(told(&served.parts()), "");
}

#[test]
fn one_operator_alone_is_told() {
    let mut lone = Lone::begin(false);
    operator(&mut lone.chain, 30);
    assert_eq!(told(&lone.parts()), "writer.single_person@3");
    operator(&mut lone.chain, 31);
    assert_eq!(told(&lone.parts()), "");
    lone.chain.write(&Change::new("operator.removed", record(Kind::Operator, 31)).state("active", "removed"));
    assert_eq!(told(&lone.parts()), "writer.single_person@5");
}

#[test]
fn a_value_that_was_erased_and_is_still_shown_is_told() {
    let mut lone = Lone::new();
    let hash = lone.chain.entries[at::PERSON].hash();
    lone.chain.write(&events::record_erased(record(Kind::Person, PERSON), &[(hash, "family_name".into())]));
    assert_eq!(told(&lone.parts()), "erase.still_shown@6");
}

#[test]
fn an_erasure_that_was_set_aside_excuses_nothing() {
    let mut lone = Lone::new();
    let hash = lone.chain.entries[at::PERSON].hash();
    let person = record(Kind::Person, PERSON);
    let erased = lone.chain.write(&events::record_erased(person, &[(hash, "family_name".into())]));
    let gone = |(at, opening): &(usize, Opening)| *at != at::PERSON || opening.field != "family_name";
    lone.chain.openings.retain(gone);
    let complete = Options { complete: true, ..Options::default() };
    assert!(lone.parts().verify(&complete).holds());
    lone.chain.write(&events::entry_set_aside(person, &erased, "rights"));
    assert_eq!(house::faults(&lone.parts().verify(&complete)), "field.withheld@6");
}

#[test]
fn what_is_not_logged_yet_is_counted_from_where_it_begins() {
    let mut lone = Lone::new();
    let logged = lone.parts();
    operator(&mut lone.chain, 32);
    operator(&mut lone.chain, 33);
    let mut parts = lone.parts();
    (parts.leaves, parts.checkpoint) = (logged.leaves, logged.checkpoint);
    assert_eq!(told(&parts), "log.not_logged@16");
    assert_eq!(parts.verify(&Options::default()).counts.not_logged, 2);
}

#[test]
fn a_witness_says_nothing_of_entries_that_lead_to_another_checkpoint() {
    use ed25519_dalek::Signer;
    use lanyard_history::note::{Cosigner, Note, NoteSignature, cosignature_message};
    use lanyard_history::{PublicKey, verify::Level};

    let lone = Lone::new();
    let witness = key(0x55);
    let cosigned = |note: &str| {
        let mut note = Note::parse(note).unwrap();
        let signature = witness.sign(&cosignature_message(9, &note.text)).to_bytes();
        note.signatures.push(NoteSignature::by_cosigner("w", &public(&witness), 9, &signature));
        note.to_string()
    };
    let key = PublicKey::new(&public(&witness)).unwrap();
    let options = Options { witnesses: vec![Cosigner { name: None, key }], ..Options::default() };
    let mut parts = lone.parts();
    parts.prove();
    parts.records = Some(vec![id(CARD)]);
    parts.checkpoint = Some(cosigned(&lone.note()));
    assert_eq!(parts.verify(&options).level, Some(Level::Witnessed(1)));
    // The cosigned checkpoint is of a later time than the proofs.
    let mut later = lone.clone();
    operator(&mut later.chain, 32);
    parts.checkpoint = Some(cosigned(&later.note()));
    assert_eq!(parts.verify(&options).level, Some(Level::Consistent));
}

#[test]
fn an_extract_says_that_it_is_one_and_is_not_taken_for_the_whole() {
    let lone = Lone::new();
    let mut parts = lone.parts();
    let there = parts.entries.len() as u64;
    assert_eq!(parts.verify(&Options::default()).extract, None);
    // One entry is taken out of the middle, and the bundle called an extract: as such it has no gap.
    let gone = parts.entries.len() / 2;
    parts.entries.remove(gone);
    parts.records = Some(Vec::new());
    let report = parts.verify(&Options::default());
    assert_eq!((report.extract, report.counts.entries), (Some(Extract { records: 0, not_shown: 1 }), there - 1));
    assert_eq!(report.json()["extract"]["not_shown"], 1);
    for lang in Lang::ALL {
        assert!(tell(&report, lang).contains(" 1 ") && !tell(&report, lang).contains('{'), "{}", tell(&report, lang));
    }
    let complete = Options { complete: true, ..Options::default() };
    assert!(parts.verify(&complete).faults.iter().any(|fault| fault.code == Code::Missing));
}
