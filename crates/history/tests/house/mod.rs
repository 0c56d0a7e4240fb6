//! A small house with a history, always the same: fixed keys, salts, ids and times. Good bundles come from it, and
//! everything that can be spoilt.

#![allow(dead_code, reason = "each test file uses its own part")]

mod served;
pub mod spoilt;

use std::collections::BTreeMap;
use std::io::{Cursor, Write};

use ed25519_dalek::{Signer, SigningKey};
use lanyard_history::verify::{Options, Report, verify};
use lanyard_history::{
    About, BundleWriter, Checkpoint, Draft, Entry, Hash, How, LogProof, NO_PREV, Opening, Packing, Place, Scope,
    Signed, Statement, events, station_origin, tree,
};
use lanyard_model::{Actor, ActorKind, ActorRole, Change, Id, Kind, RecordRef, UnixMs, Value, Via};
use sha2::{Digest, Sha256};

pub fn id(n: u8) -> Id {
    Id::from_random([n; 16])
}

pub fn key(n: u8) -> SigningKey {
    SigningKey::from_bytes(&[n; 32])
}

pub fn public(key: &SigningKey) -> [u8; 32] {
    key.verifying_key().to_bytes()
}

pub fn record(kind: Kind, n: u8) -> RecordRef {
    RecordRef { kind, id: id(n) }
}

pub const PERSON: u8 = 40;
pub const CARD: u8 = 42;
pub const PICTURE: &[u8] = b"\xFF\xD8\xFF not really a portrait";
pub const STATION: u8 = 0x51;
pub const SERVER: u8 = 0x61;

/// A writer and its chain.
#[derive(Clone)]
pub struct Chain {
    pub writer: Id,
    pub key: SigningKey,
    pub rehearsal: bool,
    pub clock: i64,
    pub drafts: Vec<Draft>,
    pub keys: Vec<SigningKey>,
    pub entries: Vec<Entry>,
    pub openings: Vec<(usize, Opening)>,
    heads: BTreeMap<Id, Hash>,
    salts: u32,
}

impl Chain {
    pub fn new(writer: u8) -> Self {
        Self {
            writer: id(writer),
            key: key(writer),
            rehearsal: false,
            clock: 1_795_000_000_000,
            drafts: Vec::new(),
            keys: Vec::new(),
            entries: Vec::new(),
            openings: Vec::new(),
            heads: BTreeMap::new(),
            salts: 0,
        }
    }

    pub fn seq(&self) -> u64 {
        self.entries.len() as u64
    }

    pub fn head(&self) -> Hash {
        self.entries.last().map_or(NO_PREV, Entry::hash)
    }

    pub fn next(&self) -> Place {
        Place {
            writer: self.writer,
            seq: self.seq() + 1,
            prev: self.head(),
            at: UnixMs(self.clock),
            rehearsal: self.rehearsal,
        }
    }

    pub fn draft(&mut self, change: &Change) -> (Draft, Vec<Opening>) {
        self.clock += 61_000;
        let by = vec![Actor { who: id(30), role: ActorRole::Did, kind: ActorKind::Operator }];
        let base = self.heads.get(&change.of.id).copied().into_iter().collect();
        let (writer, place, salts) = (self.writer, self.next(), &mut self.salts);
        Draft::of_change(change, place, by, base, || {
            *salts += 1;
            Sha256::new()
                .chain_update(b"salt")
                .chain_update(writer.0)
                .chain_update(salts.to_be_bytes())
                .finalize()
                .into()
        })
    }

    pub fn write(&mut self, change: &Change) -> Hash {
        let (draft, openings) = self.draft(change);
        self.seal(draft, openings)
    }

    pub fn seal(&mut self, draft: Draft, openings: Vec<Opening>) -> Hash {
        let entry = sign(&draft, &self.key);
        let (at, hash) = (self.entries.len(), entry.hash());
        self.openings.extend(openings.into_iter().map(|opening| (at, opening)));
        self.heads.insert(draft.of, hash);
        self.drafts.push(draft);
        self.keys.push(self.key.clone());
        self.entries.push(entry);
        hash
    }

    /// Links and signs everything from an index on again: what who has the key can do.
    pub fn relink(&mut self, from: usize) {
        for at in from..self.drafts.len() {
            self.drafts[at].place.seq = at as u64 + 1;
            self.drafts[at].place.prev = if at == 0 { NO_PREV } else { self.entries[at - 1].hash() };
            let entry = sign(&self.drafts[at], &self.keys[at]);
            if at < self.entries.len() { self.entries[at] = entry } else { self.entries.push(entry) }
        }
        self.entries.truncate(self.drafts.len());
    }

    pub fn rekey(&mut self, new: SigningKey, prover: &SigningKey) {
        let place = self.next();
        let message = events::rekey_proof_message(self.writer, place.seq, &place.prev);
        let proof = prover.sign(&message).to_bytes();
        self.write(&events::writer_rekeyed(self.writer, &public(&new), &proof));
        self.key = new;
    }

    pub fn hashes(&self) -> Vec<Hash> {
        self.entries.iter().map(Entry::hash).collect()
    }

    pub fn checkpoint(&self, origin: &str) -> Checkpoint {
        let hashes = self.hashes();
        Checkpoint { origin: origin.into(), size: hashes.len() as u64, root: tree::root(&hashes) }
    }

    pub fn enrol(&mut self) {
        self.write(&events::writer_enrolled(self.writer, &public(&self.key), 1, &NO_PREV));
    }

    /// An issue, as a station writes it.
    pub fn issue(&mut self) {
        let via = |step: &str| Some(Via { process: id(60), step: step.into() });
        let bytes = |n: u8| Value::Bytes(id(n).0.to_vec());
        let picture = Value::blob(Sha256::digest(PICTURE).into(), PICTURE.len() as u64, "image/jpeg");
        let person = Change::new("person.created", record(Kind::Person, PERSON)).state("", "active");
        self.write(&person.field("given_name", "Åsa").field("family_name", "Möllerström").field("staff_no", "004711"));
        let photo = Change::new("photo.accepted", record(Kind::Photo, 41)).state("", "accepted").via(via("photo"));
        self.write(&photo.field("person", bytes(PERSON)).field("picture", picture));
        let prepared = Change::new("card.prepared", record(Kind::Card, CARD)).state("", "prepared").via(via("encode"));
        self.write(&prepared.field("person", bytes(PERSON)).field("number", "0000123456"));
        self.write(
            &Change::new("card.encoded", record(Kind::Card, CARD)).state("prepared", "encoded").via(via("encode")),
        );
        let live = Change::new("credential.live", record(Kind::Credential, 43)).state("", "live").via(via("encode"));
        self.write(&live.field("card", bytes(CARD)));
        let certificate = Change::new("certificate.issued", record(Kind::Certificate, 44)).state("", "issued");
        self.write(&certificate.field("serial", Value::Bytes(vec![1, 2, 3])).via(via("key")));
        self.write(
            &Change::new("card.printed", record(Kind::Card, CARD)).state("encoded", "printed").via(via("print")),
        );
        let issued = Change::new("card.issued", record(Kind::Card, CARD)).state("printed", "active");
        self.write(&issued.via(via("hand_over")));
    }
}

pub fn sign(draft: &Draft, key: &SigningKey) -> Entry {
    sign_as(draft, key, &public(key))
}

/// With the kid of one key and the signature of another.
pub fn sign_as(draft: &Draft, key: &SigningKey, named: &[u8; 32]) -> Entry {
    let waiting = draft.to_be_signed(named).unwrap();
    let signature = key.sign(waiting.bytes()).to_bytes();
    waiting.sealed(signature).unwrap()
}

/// A person with a key of their own signs what the draft says.
pub fn person_signs(draft: &mut Draft, how: How) {
    let signer = key(0x71);
    let statement = Statement {
        what: draft.what.clone(),
        of: draft.of,
        state: draft.state.clone(),
        why: draft.why.clone(),
        fields: draft.fields.clone(),
        nonce: [9; 16],
        until: Some(draft.place.at.0 + 1),
    };
    let mut spki = hex::decode("302a300506032b6570032100").unwrap();
    spki.extend(public(&signer));
    let statement = statement.encode();
    let sig = signer.sign(&statement).to_bytes().to_vec();
    draft.signed = vec![Signed { who: id(30), how, key: spki, statement, sig, more: BTreeMap::new() }];
}

/// A station alone: enrolled by itself, its own log, one issue, closed, exported.
#[derive(Clone)]
pub struct Lone {
    pub chain: Chain,
    pub origin: String,
}

/// Indices into the lone station's chain: its seqs less one.
pub mod at {
    pub const LOG_OPENED: usize = 1;
    pub const OPENED: usize = 2;
    pub const PERSON: usize = 5;
    pub const PHOTO: usize = 6;
    pub const PREPARED: usize = 7;
    pub const ENCODED: usize = 8;
    pub const LIVE: usize = 9;
    pub const PRINTED: usize = 11;
    pub const ISSUED: usize = 12;
    pub const EXPORTED: usize = 13;
    pub const CLOSED: usize = 14;
    pub const LEN: usize = 15;
}

pub fn operator(chain: &mut Chain, n: u8) {
    let added = Change::new("operator.added", record(Kind::Operator, n)).state("", "active");
    chain.write(&added.field("name", "the operator"));
}

impl Lone {
    pub fn begin(rehearsal: bool) -> Self {
        let mut chain = Chain::new(STATION);
        chain.rehearsal = rehearsal;
        let origin = station_origin(chain.writer);
        chain.enrol();
        chain.write(&events::log_opened(id(50), &origin, &public(&key(0x52))));
        Self { chain, origin }
    }

    pub fn new() -> Self {
        Self::in_a(false)
    }

    pub fn in_a(rehearsal: bool) -> Self {
        let mut this = Self::begin(rehearsal);
        let station = this.chain.writer;
        let packs = BTreeMap::from([("assets".to_owned(), [3; 32])]);
        this.chain.write(&events::station_opened(station, &[2; 32], &packs, None));
        operator(&mut this.chain, 30);
        operator(&mut this.chain, 31);
        this.chain.issue();
        let seen = this.chain.checkpoint(&this.origin);
        this.chain.write(&events::history_exported(station, Some(&seen)));
        let seen = this.chain.checkpoint(&this.origin);
        this.chain.write(&events::station_closed(station, Some(&seen)));
        this
    }

    pub fn note(&self) -> String {
        signed_note(&self.chain.checkpoint(&self.origin), &key(0x52))
    }

    pub fn parts(&self) -> Parts {
        let mut parts = Parts::of(&[&self.chain]);
        parts.log(&self.chain.hashes(), &self.origin, &key(0x52));
        parts
    }
}

pub fn signed_note(checkpoint: &Checkpoint, key: &SigningKey) -> String {
    checkpoint.signed(&public(key), &key.sign(checkpoint.text().as_bytes()).to_bytes()).to_string()
}

pub const SERVER_ORIGIN: &str = "log.example/lanyard";

/// A server and a station it enrolled.
pub struct Served {
    pub server: Chain,
    pub station: Chain,
}

impl Served {
    pub fn begin() -> Self {
        let mut server = Chain::new(SERVER);
        server.enrol();
        server.write(&events::log_opened(id(51), SERVER_ORIGIN, &public(&key(0x62))));
        Self { server, station: Chain::new(STATION) }
    }

    pub fn enrol_station(&mut self) {
        let (writer, next) = (self.station.writer, self.station.next());
        let enrolled = events::writer_enrolled(writer, &public(&self.station.key), next.seq, &next.prev);
        self.server.write(&enrolled);
    }

    pub fn new() -> Self {
        let mut this = Self::begin();
        this.enrol_station();
        this.station.enrol();
        this.station.issue();
        this
    }

    pub fn parts(&self) -> Parts {
        let mut parts = Parts::of(&[&self.station, &self.server]);
        let leaves: Vec<Hash> = self.server.hashes().into_iter().chain(self.station.hashes()).collect();
        parts.log(&leaves, SERVER_ORIGIN, &key(0x62));
        parts
    }
}

/// What a bundle is made of, to be spoilt.
#[derive(Clone)]
pub struct Parts {
    pub entries: Vec<Vec<u8>>,
    pub openings: Vec<(Hash, Opening)>,
    pub raw_openings: Option<Vec<u8>>,
    pub leaves: Option<Vec<Hash>>,
    pub proofs: Vec<(Hash, LogProof)>,
    pub blobs: Vec<(String, Vec<u8>)>,
    pub whole: Vec<(Id, u64, Hash)>,
    pub records: Option<Vec<Id>>,
    pub checkpoint: Option<String>,
    pub about: About,
}

impl Parts {
    /// The whole of these chains, which come in the order of their writers.
    pub fn of(chains: &[&Chain]) -> Self {
        let all = chains.iter();
        let openings = all
            .clone()
            .flat_map(|chain| chain.openings.iter().map(|(at, opening)| (chain.entries[*at].hash(), opening.clone())));
        Self {
            entries: all.clone().flat_map(|chain| chain.entries.iter().map(|entry| entry.bytes().to_vec())).collect(),
            openings: openings.collect(),
            raw_openings: None,
            leaves: None,
            proofs: Vec::new(),
            blobs: vec![(hex::encode(Sha256::digest(PICTURE)), PICTURE.to_vec())],
            whole: all.map(|chain| (chain.writer, chain.seq(), chain.head())).collect(),
            records: None,
            checkpoint: None,
            about: About {
                station: "Badge office".into(),
                single_person: false,
                rehearsal: chains[0].rehearsal,
                exported_at: UnixMs(1_795_100_000_000),
                program: "lanyard 0.1.0".into(),
            },
        }
    }

    pub fn log(&mut self, leaves: &[Hash], origin: &str, key: &SigningKey) {
        let checkpoint = Checkpoint { origin: origin.into(), size: leaves.len() as u64, root: tree::root(leaves) };
        self.checkpoint = Some(signed_note(&checkpoint, key));
        self.leaves = Some(leaves.to_vec());
    }

    /// Proofs for every entry, in place of the leaves.
    pub fn prove(&mut self) {
        let leaves = self.leaves.take().unwrap();
        for (index, leaf) in leaves.iter().enumerate() {
            let path = tree::inclusion_proof(&leaves, index).unwrap();
            let proof = LogProof { index: index as u64, path, checkpoint: self.checkpoint.clone().unwrap() };
            self.proofs.push((*leaf, proof));
        }
    }

    /// Through the writer that stations use. Only for parts that are in order.
    pub fn written(&self, packing: Packing) -> Vec<u8> {
        let mut bundle = BundleWriter::new(Cursor::new(Vec::new()), packing).unwrap();
        self.entries.iter().for_each(|entry| bundle.entry(entry).unwrap());
        self.openings.iter().for_each(|(entry, opening)| bundle.opening(entry, opening).unwrap());
        self.leaves.iter().flatten().for_each(|leaf| bundle.leaf(leaf).unwrap());
        self.proofs.iter().for_each(|(entry, proof)| bundle.proof(entry, proof).unwrap());
        self.blobs.iter().for_each(|(_, blob)| bundle.blob(blob).unwrap());
        let scope = self.records.clone().map_or(Scope::Whole, Scope::Records);
        bundle.finish(self.checkpoint.as_deref(), &scope, &self.about).unwrap().into_inner()
    }

    /// File by file, as they stand.
    pub fn zip(&self) -> Vec<u8> {
        self.zip_with(&[])
    }

    pub fn zip_with(&self, more: &[(&str, Vec<u8>)]) -> Vec<u8> {
        let mut files: Vec<(String, Vec<u8>)> = vec![("entries.cborseq".into(), self.entries.concat())];
        let openings: Vec<u8> = self.openings.iter().flat_map(|(entry, o)| o.encode(entry).unwrap()).collect();
        let openings = self.raw_openings.clone().unwrap_or(openings);
        if !openings.is_empty() {
            files.push(("openings.cborseq".into(), openings));
        }
        if let Some(leaves) = &self.leaves {
            files.push(("leaves.bin".into(), leaves.concat()));
        }
        for (entry, proof) in &self.proofs {
            files.push((format!("proofs/{}.tlog-proof", hex::encode(entry)), proof.to_string().into_bytes()));
        }
        for (name, blob) in &self.blobs {
            files.push((format!("blobs/{name}"), blob.clone()));
        }
        let scope = match &self.records {
            Some(ids) => serde_json::json!({ "records": ids }),
            None => serde_json::json!({
                "whole": self.whole.iter().map(|(w, seq, head)| serde_json::json!([w, seq, hex::encode(head)])).collect::<Vec<_>>()
            }),
        };
        files.push(("scope.json".into(), scope.to_string().into_bytes()));
        if let Some(checkpoint) = &self.checkpoint {
            files.push(("checkpoint.txt".into(), checkpoint.clone().into_bytes()));
        }
        files.push(("about.json".into(), serde_json::to_vec_pretty(&self.about).unwrap()));
        files.extend(more.iter().map(|(name, bytes)| ((*name).to_owned(), bytes.clone())));
        zip_of(&files)
    }

    pub fn verify(&self, options: &Options) -> Report {
        verify(Cursor::new(self.zip()), options).unwrap()
    }
}

pub fn zip_of(files: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        let options = zip::write::SimpleFileOptions::default()
            .compression_method(zip::CompressionMethod::Stored)
            .last_modified_time(zip::DateTime::default())
            .unix_permissions(0o644)
            .large_file(matches!(name.as_str(), "entries.cborseq" | "openings.cborseq" | "leaves.bin"));
        zip.start_file(name.as_str(), options).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// `code@seq`, one after the other.
pub fn faults(report: &Report) -> String {
    let one = |word: &str, seq: Option<u64>| seq.map_or(word.to_owned(), |seq| format!("{word}@{seq}"));
    report.faults.iter().map(|fault| one(fault.code.word(), fault.seq)).collect::<Vec<_>>().join(" ")
}

/// `code@seq`, one after the other.
pub fn remarks(report: &Report) -> String {
    let one = |word: &str, seq: Option<u64>| seq.map_or(word.to_owned(), |seq| format!("{word}@{seq}"));
    report.remarks.iter().map(|remark| one(remark.code.word(), remark.seq)).collect::<Vec<_>>().join(" ")
}
