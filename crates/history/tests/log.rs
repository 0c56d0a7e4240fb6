//! Checkpoints, cosignatures and proofs in their C2SP text forms.

#![allow(clippy::unwrap_used, reason = "the helpers of a test are a test")]

use ed25519_dalek::{Signer, SigningKey};
use lanyard_history::note::{self, Cosigner, Note, NoteSignature};
use lanyard_history::{Checkpoint, Hash, LogProof, PublicKey, tree};

fn key(seed: u8) -> (SigningKey, [u8; 32], PublicKey) {
    let signing = SigningKey::from_bytes(&[seed; 32]);
    let bytes = signing.verifying_key().to_bytes();
    (signing, bytes, PublicKey::new(&bytes).unwrap())
}

fn signed(checkpoint: &Checkpoint, seed: u8) -> Note {
    let (signing, bytes, _) = key(seed);
    checkpoint.signed(&bytes, &signing.sign(checkpoint.text().as_bytes()).to_bytes())
}

fn checkpoint() -> Checkpoint {
    Checkpoint { origin: "lanyard.station/x".into(), size: 3, root: [7; 32] }
}

#[test]
fn a_checkpoint_comes_back_from_its_note_and_only_under_its_key() {
    let note = signed(&checkpoint(), 1).to_string();
    assert_eq!(Checkpoint::open(&note, "lanyard.station/x", &key(1).2).unwrap(), checkpoint());
    assert!(Checkpoint::open(&note, "lanyard.station/y", &key(1).2).is_err());
    assert!(Checkpoint::open(&note, "lanyard.station/x", &key(2).2).is_err());
    assert!(Checkpoint::open(&note.replace("\n3\n", "\n4\n"), "lanyard.station/x", &key(1).2).is_err());
}

#[test]
fn the_example_of_the_signed_note_page_is_read() {
    let note = "Ognuno sta solo sul cuor della terra\ntrafitto da un raggio di sole:\n\ned è subito sera.\n\n\
        — quasimodo.example/salvatore NnugSzTjtVAewIS+Z/iJhUPeFDkO/5QQ2i5ddnGITLlC+EhfLW9oJKONrMouFSQU0xMcXxj99ihAQwaqP3ZekRwNtIc=\n";
    let parsed = Note::parse(note).unwrap();
    assert_eq!(parsed.text.lines().count(), 4);
    assert_eq!(parsed.signatures[0].name, "quasimodo.example/salvatore");
    assert_eq!(parsed.to_string(), note);
}

#[test]
fn a_malformed_note_or_checkpoint_is_refused() {
    let note = signed(&checkpoint(), 1).to_string();
    for (spoilt, why) in [
        (note.replace("\n3\n", "\n03\n"), "leading zero"),
        (note.replace("\n3\n", "\n-3\n"), "a sign"),
        (note.replace("\n3\n", "\n99999999999999999999\n"), "beyond 2⁶³"),
        (note.replace("\n3\n", "\n3\r\n"), "a control character"),
        (note.replace("lanyard.station/x\n3", "\n3"), "no origin"),
        (note.replace("Bwc", "Bw"), "a shorter root"),
        (note.replace("\n\n", "\n"), "no blank line"),
        (note.replace("— ", "- "), "no dash"),
        (note.trim_end().to_owned(), "no newline"),
        (String::new(), "nothing"),
        ("\n\n".to_owned(), "only lines"),
    ] {
        let read = Checkpoint::open(&spoilt, "lanyard.station/x", &key(1).2);
        assert!(read.is_err(), "{why}");
    }
}

#[test]
fn a_cosignature_counts_only_for_the_witness_that_made_it() {
    let (signing, bytes, public) = key(9);
    let mut note = signed(&checkpoint(), 1);
    let signature = signing.sign(&note::cosignature_message(1_700_000_000, &note.text)).to_bytes();
    note.signatures.push(NoteSignature::by_cosigner("w.example/1", &bytes, 1_700_000_000, &signature));
    let note = Note::parse(&note.to_string()).unwrap();

    let named: Cosigner = Cosigner { name: Some("w.example/1".into()), key: public.clone() };
    let vkey: Cosigner = named.to_string().parse().unwrap();
    assert_eq!(vkey, named);
    assert_eq!(note.cosigned_by(&vkey), Some(1_700_000_000));
    let unnamed: Cosigner = hex::encode(bytes).parse().unwrap();
    assert_eq!(note.cosigned_by(&unnamed), Some(1_700_000_000));
    assert_eq!(note.cosigned_by(&Cosigner { name: Some("w.example/2".into()), key: public }), None);
    assert_eq!(note.cosigned_by(&Cosigner { name: None, key: key(1).2 }), None);

    let mut later = note.clone();
    later.signatures[1].bytes[7] ^= 1;
    assert_eq!(later.cosigned_by(&vkey), None, "the time is part of what is signed");
    assert!("w.example/1+00000000+BAAA".parse::<Cosigner>().is_err());
}

#[test]
fn a_log_proof_comes_back_and_proves_its_entry_alone() {
    let leaves: Vec<Hash> = (0..7).map(|i| [i; 32]).collect();
    let checkpoint = Checkpoint { origin: "log".into(), size: 7, root: tree::root(&leaves) };
    let proof = LogProof {
        index: 4,
        path: tree::inclusion_proof(&leaves, 4).unwrap(),
        checkpoint: signed(&checkpoint, 1).to_string(),
    };
    let read = LogProof::parse(&proof.to_string()).unwrap();
    assert_eq!(read, proof);
    let (shown, note) = read.verify(&leaves[4]).unwrap();
    assert!(shown == checkpoint && note.signed_by_log("log", &key(1).2));
    assert!(read.verify(&leaves[5]).is_err());
    let with_extra = proof.to_string().replace("index 4", "extra AAAA\nindex 4");
    assert_eq!(LogProof::parse(&with_extra).unwrap(), proof);
    assert!(LogProof::parse(&proof.to_string().replace("index 4", "index 04")).is_err());
    assert!(LogProof::parse("c2sp.org/tlog-proof@v1\n").is_err());
}
